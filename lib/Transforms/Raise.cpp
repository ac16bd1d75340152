//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// spnn-raise: linalg contractions with a constant operand become spnn.matmul.
//
//===----------------------------------------------------------------------===//
#include "Contraction.h"
#include "GraphUtils.h"
#include "spnn/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace spnn {
#define GEN_PASS_DEF_RAISE
#include "spnn/Transforms/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

namespace {
/// {{0}, {1..free}} or {{0..free-1}, {free}}: all free dimensions in one, the other one alone.
SmallVector<ReassociationIndices> groupFree(int64_t free, bool freeFirst) {
  ReassociationIndices together = llvm::to_vector(llvm::seq<int64_t>(freeFirst ? 0 : 1, freeFirst ? free : free + 1));
  ReassociationIndices alone{freeFirst ? free : 0};
  return freeFirst ? SmallVector<ReassociationIndices>{together, alone}
                   : SmallVector<ReassociationIndices>{alone, together};
}

/// The matrix that collapsing the free dimensions of `value` makes; a vector becomes one column.
Value toMatrix(OpBuilder &builder, Location loc, Value value, int64_t free, bool freeFirst) {
  if (free == 1)
    return value;
  if (free > 1)
    return tensor::CollapseShapeOp::create(builder, loc, value, groupFree(free, freeFirst));
  auto type = cast<RankedTensorType>(value.getType());
  auto column = RankedTensorType::get({type.getDimSize(0), 1}, type.getElementType());
  return tensor::ExpandShapeOp::create(builder, loc, column, value, SmallVector<ReassociationIndices>{{0, 1}});
}

/// The inverse of toMatrix for the result of `op`.
Value fromMatrix(OpBuilder &builder, linalg::LinalgOp op, Value value, int64_t free, bool freeFirst) {
  Location loc = op.getLoc();
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (free == 0)
    value = tensor::CollapseShapeOp::create(builder, loc, value, SmallVector<ReassociationIndices>{{0, 1}});
  if (free <= 1)
    return castTo(builder, loc, value, type);
  // expand_shape wants operand and result to know the same extents, so make the matrix know what the result does.
  SmallVector<ReassociationIndices> groups = groupFree(free, freeFirst);
  RankedTensorType collapsed = tensor::CollapseShapeOp::inferCollapsedType(type, groups);
  value = castTo(builder, loc, value, collapsed);
  SmallVector<OpFoldResult> extents = tensor::getMixedSizes(builder, loc, op.getDpsInits()[0]);
  return tensor::ExpandShapeOp::create(builder, loc, type, value, groups, extents);
}

struct Raise : public spnn::impl::RaiseBase<Raise> {
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> contractions;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (op.hasPureTensorSemantics() && linalg::isaContractionOpInterface(op))
        contractions.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (linalg::LinalgOp op : contractions) {
      std::string reason;
      if (std::optional<ConstantProduct> product = matchConstantProduct(op, reason)) {
        raise(rewriter, op, *product);
        ++numRaised;
        continue;
      }
      op.emitRemark() << "kept as linalg: " << reason;
      ++numKept;
    }
    RewritePatternSet patterns(&getContext());
    populateGraphCleanupPatterns(patterns);
    (void)applyPatternsGreedily(getOperation(), std::move(patterns));
  }

  void raise(IRRewriter &rewriter, linalg::LinalgOp op, const ConstantProduct &product) {
    rewriter.setInsertionPoint(op);
    Location loc = op.getLoc();
    Value lhs = product.constant;
    if (!lhs)
      lhs = arith::ConstantOp::create(rewriter, loc, cast<TypedAttr>(product.slice));
    Value rhs = toMatrix(rewriter, loc, product.other, product.freeDims, product.otherKLast);
    auto lhsType = cast<RankedTensorType>(lhs.getType()), rhsType = cast<RankedTensorType>(rhs.getType());
    auto type = RankedTensorType::get(
        {lhsType.getDimSize(product.constantKFirst ? 1 : 0), rhsType.getDimSize(product.otherKLast ? 0 : 1)},
        lhsType.getElementType());
    Value result = MatmulOp::create(rewriter, loc, type, lhs, rhs, /*lhs_scales=*/Value(), /*rhs_scales=*/Value(),
                                    /*bias=*/Value(), product.constantKFirst, product.otherKLast);
    if (Attribute density = op->getAttr(kActivationDensityAttrName))
      result.getDefiningOp()->setDiscardableAttr(kActivationDensityAttrName, density);
    if (product.outMLast)
      result = createTranspose(rewriter, loc, result);
    result = fromMatrix(rewriter, op, result, product.freeDims, product.outMLast);
    // What was accumulated into is added; spnn-fuse-epilogues takes a broadcast bias from there.
    Value init = op.getDpsInits()[0];
    if (!isZeroTensor(init)) {
      Value out = createEmpty(rewriter, loc, tensor::getMixedSizes(rewriter, loc, init), type.getElementType());
      result = linalg::AddOp::create(rewriter, loc, ValueRange{result, init}, ValueRange{out}).getResult(0);
    }
    rewriter.replaceOp(op, result);
  }
};
} // namespace
