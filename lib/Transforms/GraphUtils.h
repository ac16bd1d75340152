//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What several graph-level passes need: transpositions, constants and zero fills of rank-2 tensors.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_TRANSFORMS_GRAPHUTILS_H
#define SPNN_LIB_TRANSFORMS_GRAPHUTILS_H

#include "spnn/Format/FloatType.h"
#include "spnn/IR/SPNN.h"

#include "mlir/IR/PatternMatch.h"

#include <string>

namespace spnn {

/// The input of the rank-2 linalg.transpose that defines `value`, or null.
mlir::Value getTransposeSource(mlir::Value value);

/// `value` of rank 2 transposed. Gives back the source of a transposition rather than stack a second one; the extents
/// of a product are taken from its operands, so that the product gets no further use.
mlir::Value createTranspose(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value);

/// The extents of `value`; those of a spnn.matmul in terms of its operands.
llvm::SmallVector<mlir::OpFoldResult> getExtents(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value);

/// An uninitialised dense tensor of those extents.
mlir::Value createEmpty(mlir::OpBuilder &builder, mlir::Location loc, llvm::ArrayRef<mlir::OpFoldResult> extents,
                        mlir::Type elementType);

/// `value` as `type`, through a tensor.cast where one of them knows more extents.
mlir::Value castTo(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value, mlir::Type type);

/// True for a tensor that holds zeros only: a constant splat, or linalg.fill of a constant zero.
bool isZeroTensor(mlir::Value value);

/// True if `value` is fixed at compile time: arith.constant or spnn.constant, also behind spnn.convert and spnn.prune.
bool isConstantMatrix(mlir::Value value);

/// The contents of a splat constant or of a fill with a constant, in double precision.
std::optional<double> getSplatValue(mlir::Value value);

/// True if operands and result of a product are not of one type, or if it has scales.
bool isQuantized(MatmulOp op);

/// A constant with the contents of `matrix` of the kind that `like` is: dense, in a sparse format, or converted to one;
/// of the same element type unless another is given. Null with the reason in `reason` if the format cannot hold them.
mlir::Value rebuildConstant(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value like,
                            const format::DenseMatrix &matrix, std::string &reason, mlir::Type elementType = {});

/// The element type in the terms of the Format room; std::nullopt for types that it cannot read as numbers.
std::optional<format::FloatType> getFloatType(mlir::Type type);

/// Adds the patterns that keep the graph in shape between steps: transpositions fold into spnn.matmul and into each
/// other, and extents of results are expressed by extents of operands.
void populateGraphCleanupPatterns(mlir::RewritePatternSet &patterns);

/// Takes linalg.softmax and the like, which have no body, apart into structured ops: no pass of upstream's does.
mlir::LogicalResult decomposeAggregates(mlir::Operation *root);

} // namespace spnn

#endif // SPNN_LIB_TRANSFORMS_GRAPHUTILS_H
