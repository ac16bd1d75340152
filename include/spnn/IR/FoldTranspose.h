//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The pattern that products of both levels share: a transposed operand becomes an attribute.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_IR_FOLDTRANSPOSE_H
#define SPNN_IR_FOLDTRANSPOSE_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"

namespace spnn {

/// product(transpose(x), y) -> product(x, y) with the transposition as an attribute, on either side.
template <typename Product>
struct FoldTranspose : public mlir::OpRewritePattern<Product> {
  using mlir::OpRewritePattern<Product>::OpRewritePattern;

  mlir::LogicalResult matchAndRewrite(Product op, mlir::PatternRewriter &rewriter) const override {
    auto transposed = [](mlir::Value value) -> mlir::Value {
      auto transpose = value.getDefiningOp<mlir::linalg::TransposeOp>();
      return transpose && transpose.getPermutation() == llvm::ArrayRef<int64_t>{1, 0} ? transpose.getInput()
                                                                                      : mlir::Value();
    };
    mlir::Value lhs = transposed(op.getLhs()), rhs = transposed(op.getRhs());
    if (!lhs && !rhs)
      return rewriter.notifyMatchFailure(op, "no operand is a transposition");
    rewriter.modifyOpInPlace(op, [&]() {
      if (lhs) {
        op.getLhsMutable().assign(lhs);
        op.setTransposeLhs(!op.getTransposeLhs());
      }
      if (rhs) {
        op.getRhsMutable().assign(rhs);
        op.setTransposeRhs(!op.getTransposeRhs());
      }
    });
    return mlir::success();
  }
};

} // namespace spnn

#endif // SPNN_IR_FOLDTRANSPOSE_H
