//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the gradients of several dialects share, and the function by which each dialect attaches its own.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_TRANSFORMS_GRADIENTS_GRADIENTS_H
#define SPNN_LIB_TRANSFORMS_GRADIENTS_GRADIENTS_H

#include "spnn/IR/SPNN.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"

namespace spnn {

/// An uninitialised tensor of the type and extents of `like`.
mlir::Value createEmptyLike(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value like);
/// `number` everywhere in a tensor of the type and extents of `like`.
mlir::Value createFilledLike(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value like, double number);

/// Rewrites the ops whose results are in `varied` into the forms whose gradients are known: a product with an
/// activation becomes two ops, a maximum over neighbours also returns the winners.
void prepareForGradients(mlir::Block &block, const llvm::DenseSet<mlir::Value> &varied);

void attachArithMathGradients(mlir::DialectRegistry &registry);
void attachLinalgGradients(mlir::DialectRegistry &registry);
void attachMatmulGradients(mlir::DialectRegistry &registry);
void attachMessageGradients(mlir::DialectRegistry &registry);
void attachTensorGradients(mlir::DialectRegistry &registry);
void attachTrainingGradients(mlir::DialectRegistry &registry);

} // namespace spnn

#endif // SPNN_LIB_TRANSFORMS_GRADIENTS_GRADIENTS_H
