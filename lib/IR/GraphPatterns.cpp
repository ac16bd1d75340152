//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Canonicalisation of ops whose graph is known: transposes and degrees.
//
//===----------------------------------------------------------------------===//
#include "spnn/IR/Graphs.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace spnn;

/// `value` as a value of `type`, which differs from its own in what is static only.
static Value castTo(OpBuilder &builder, Value value, Type type) {
  return value.getType() == type ? value : tensor::CastOp::create(builder, value.getLoc(), type, value).getResult();
}

namespace {
/// Transposes a constant graph here and now, and writes down what is used. The graph is read once, whatever its size:
/// the op is gone afterwards.
struct TransposeConstant : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    if (op.use_empty())
      return rewriter.notifyMatchFailure(op, "has no use");
    std::optional<Adjacency> graph = getConstantAdjacency(op.getGraph());
    if (!graph)
      return rewriter.notifyMatchFailure(op, "transposes no constant in format adjacency");
    std::vector<int32_t> order;
    Adjacency transposed = transposeAdjacency(*graph, order);
    Value newGraph = op.getGraph(), newOrder;
    // Symmetric, in other words; no second constant is needed.
    bool isSame = graph->rows == graph->columns && graph->positions == transposed.positions &&
                  graph->indices == transposed.indices;
    if (!op.getTransposed().use_empty() && !isSame) {
      auto type = RankedTensorType::get({graph->columns, graph->rows}, rewriter.getI1Type(),
                                        cast<RankedTensorType>(op.getGraph().getType()).getEncoding());
      newGraph = ConstantOp::create(rewriter, op.getLoc(), type, writeAdjacency(transposed, type));
    }
    if (!op.getTransposed().use_empty())
      rewriter.replaceAllUsesWith(op.getTransposed(), castTo(rewriter, newGraph, op.getTransposed().getType()));
    if (!op.getOrder().use_empty()) {
      auto type = RankedTensorType::get({graph->edges()}, rewriter.getI32Type());
      newOrder =
          arith::ConstantOp::create(rewriter, op.getLoc(), DenseElementsAttr::get(type, ArrayRef<int32_t>(order)));
      rewriter.replaceAllUsesWith(op.getOrder(), castTo(rewriter, newOrder, op.getOrder().getType()));
    }
    rewriter.eraseOp(op);
    return success();
  }
};

/// The transpose of a graph assembled as symmetric is that graph, and the transpose of a transpose the first graph.
/// Which edge is which stays to be computed where it is asked for.
struct ReuseGraph : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    if (op.getTransposed().use_empty())
      return rewriter.notifyMatchFailure(op, "the transposed graph has no use");
    // A constant is the other pattern's, which looks at its edges only once.
    if (op.getGraph().getDefiningOp<ConstantOp>())
      return rewriter.notifyMatchFailure(op, "transposes a constant");
    Value same;
    if (auto inner = op.getGraph().getDefiningOp<TransposeOp>())
      same = inner.getGraph();
    else if (isKnownSymmetric(op.getGraph()))
      same = op.getGraph();
    if (!same)
      return rewriter.notifyMatchFailure(op, "no value is known to be the transposed graph");
    rewriter.replaceAllUsesWith(op.getTransposed(), castTo(rewriter, same, op.getTransposed().getType()));
    return success();
  }
};

struct CountConstant : OpRewritePattern<DegreeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(DegreeOp op, PatternRewriter &rewriter) const override {
    std::optional<Adjacency> graph = getConstantAdjacency(op.getGraph());
    if (!graph)
      return rewriter.notifyMatchFailure(op, "counts the edges of no constant in format adjacency");
    auto floatType = cast<FloatType>(cast<RankedTensorType>(op.getType()).getElementType());
    std::vector<APFloat> degrees;
    for (int64_t i = 0; i < graph->rows; ++i) {
      APFloat &degree = degrees.emplace_back(static_cast<double>(graph->positions[i + 1] - graph->positions[i]));
      bool losesInfo;
      degree.convert(floatType.getFloatSemantics(), APFloat::rmNearestTiesToEven, &losesInfo);
    }
    auto type = RankedTensorType::get({graph->rows}, floatType);
    Value result = arith::ConstantOp::create(rewriter, op.getLoc(), DenseElementsAttr::get(type, degrees));
    rewriter.replaceOp(op, castTo(rewriter, result, op.getType()));
    return success();
  }
};
} // namespace

void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<TransposeConstant, ReuseGraph>(context);
}

void DegreeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<CountConstant>(context);
}
