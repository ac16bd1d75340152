//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Derivatives of the scalar ops of arith and math.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_TRANSFORMS_GRADIENTS_SCALARGRADIENTS_H
#define SPNN_LIB_TRANSFORMS_GRADIENTS_SCALARGRADIENTS_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Operation.h"

namespace spnn {

/// What the derivative of a scalar op needs to know of the place where it is built.
struct ScalarContext {
  /// Where to find a value of the forward computation: computed again, or read.
  llvm::function_ref<mlir::Value(mlir::Value)> read;
  /// True if the gradient of this value is asked for.
  llvm::function_ref<bool(mlir::Value)> isNeeded;
  /// Takes a summand of the gradient of an operand.
  llvm::function_ref<void(mlir::Value, mlir::Value)> add;
};

/// Builds the gradients of the operands of `op`, given that of its only result. At the kinks: a maximum or minimum with
/// a constant gives 0 where both are equal (relu has the derivative 0 at 0), that of two variables gives all to the
/// first, abs gives 0. Roundings have the derivative 0. An error at `op` if it has no derivative that is known.
llvm::LogicalResult differentiateScalar(mlir::OpBuilder &builder, mlir::Operation *op, mlir::Value gradient,
                                        const ScalarContext &context);

} // namespace spnn

#endif // SPNN_LIB_TRANSFORMS_GRADIENTS_SCALARGRADIENTS_H
