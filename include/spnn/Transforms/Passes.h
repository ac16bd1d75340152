//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The passes of the Transforms room: options, constructors and registration.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TRANSFORMS_PASSES_H
#define SPNN_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace spnn {
/// Name of the function attribute in which spnn-reorder-operators records the orders of products; see its description.
inline constexpr llvm::StringLiteral kOrdersAttrName = "spnn.orders";

/// Set on arguments that are gradients of results: what depends on them is the backward pass.
inline constexpr llvm::StringLiteral kSeedAttrName = "spnn.seed";

#define GEN_PASS_DECL
#include "spnn/Transforms/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "spnn/Transforms/Passes.h.inc"
} // namespace spnn

#endif // SPNN_TRANSFORMS_PASSES_H
