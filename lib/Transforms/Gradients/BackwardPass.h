//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Builds the backward pass behind the forward pass of a function in tensor SSA form.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_TRANSFORMS_GRADIENTS_BACKWARDPASS_H
#define SPNN_LIB_TRANSFORMS_GRADIENTS_BACKWARDPASS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace spnn {

/// A function whose body is the forward pass, then spnn.save of what the backward pass reads, then the backward pass.
struct BackwardPass {
  /// One a wanted argument, of its type. Null where the gradient is zero.
  llvm::SmallVector<mlir::Value> gradients;
  /// The arguments that were added to the function, behind those it had: the gradients of its results, null for results
  /// that have none. Empty where there is a loss.
  llvm::SmallVector<mlir::BlockArgument> seeds;
};

/// Builds the gradients with respect to the arguments `wanted` in front of the terminator of `function`, which must
/// have one block. The first result of rank 0 that is a float is the loss: its gradient is 1, and those of all other
/// results are 0. Without one, each result of floats gets an argument that holds its gradient. Fails, after an error at
/// the op that is the reason, with the function in any state.
llvm::FailureOr<BackwardPass> buildBackwardPass(mlir::func::FuncOp function, llvm::ArrayRef<unsigned> wanted);

/// The number of the result that is the loss, if there is one.
std::optional<unsigned> findLoss(mlir::func::FuncOp function);

} // namespace spnn

#endif // SPNN_LIB_TRANSFORMS_GRADIENTS_BACKWARDPASS_H
