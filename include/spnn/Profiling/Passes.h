//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The passes of the Profiling room: options, constructors and registration.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_PROFILING_PASSES_H
#define SPNN_PROFILING_PASSES_H

#include "mlir/Pass/Pass.h"

namespace spnn {
#define GEN_PASS_DECL
#include "spnn/Profiling/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "spnn/Profiling/Passes.h.inc"
} // namespace spnn

#endif // SPNN_PROFILING_PASSES_H
