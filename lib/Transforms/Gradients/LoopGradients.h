//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gradients of loops over scalars: what linalg ops and elementwise ops on tensors are.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_TRANSFORMS_GRADIENTS_LOOPGRADIENTS_H
#define SPNN_LIB_TRANSFORMS_GRADIENTS_LOOPGRADIENTS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace spnn {

/// A builder at the end of a block that is in no region, which OpBuilder::atBlockEnd asks for its context.
inline mlir::OpBuilder atEndOf(mlir::Block &block, mlir::OpBuilder &like) {
  mlir::OpBuilder builder(like.getContext());
  builder.setInsertionPointToEnd(&block);
  return builder;
}

/// An op that computes `body` for each point of its loops.
struct LoopNest {
  mlir::Operation *op;
  llvm::SmallVector<mlir::AffineMap> operandMaps; ///< one an operand of `op`, () for scalars
  llvm::SmallVector<mlir::AffineMap> resultMaps;  ///< one a result
  llvm::SmallVector<mlir::utils::IteratorType> iterators;
  mlir::Block *body;      ///< an argument an operand, and the results' scalars as the operands of its terminator
  unsigned firstInit = 0; ///< the operand that result 0 is combined with where loops are reductions
};

/// DifferentiableOpInterface::buildGradients of such an op. Sums go to each summand; the result of a maximum or minimum
/// over a loop gives its gradient to each element that is equal to it.
llvm::LogicalResult buildLoopGradients(mlir::OpBuilder &builder, const LoopNest &nest,
                                       llvm::ArrayRef<mlir::Value> results, llvm::ArrayRef<bool> needed,
                                       llvm::SmallVectorImpl<mlir::Value> &operands);

} // namespace spnn

#endif // SPNN_LIB_TRANSFORMS_GRADIENTS_LOOPGRADIENTS_H
