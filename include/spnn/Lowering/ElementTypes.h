//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Element types of MLIR as the C interface of models knows them.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LOWERING_ELEMENTTYPES_H
#define SPNN_LOWERING_ELEMENTTYPES_H

#include "spnn/Runtime/Description.h"

#include "mlir/IR/BuiltinTypes.h"

#include <optional>

namespace spnn {

/// The element type in a model's interface (`index` arrives as i64); std::nullopt for a type that cannot cross it.
std::optional<runtime::DType> getDType(mlir::Type type);

/// The tensor that stands for an argument in the interface: itself, or a rank-0 tensor for a scalar of a known type;
/// null for anything else.
mlir::RankedTensorType getArgumentTensor(mlir::Type type);

/// Why an argument or result of this type cannot be part of a compiled function's interface, or std::nullopt: it has
/// to be a dense ranked tensor of a known element type.
std::optional<std::string> checkInterfaceType(mlir::Type type);

} // namespace spnn

#endif // SPNN_LOWERING_ELEMENTTYPES_H
