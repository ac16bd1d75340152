//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Patterns that move transpositions and row splits behind elementwise ops.
//
//===----------------------------------------------------------------------===//
#include "SinkLayouts.h"

#include "EpilogueMatcher.h"
#include "GraphUtils.h"
#include "spnn/IR/SparseFormats.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace spnn;

//===----------------------------------------------------------------------===//
// Transpositions
//===----------------------------------------------------------------------===//

static RankedTensorType getTransposedType(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get({tensor.getDimSize(1), tensor.getDimSize(0)}, tensor.getElementType());
}

/// The transposed constant; null if `value` is none or cannot be read.
static TypedAttr getTransposedConstant(Value value) {
  ElementsAttr attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return {};
  RankedTensorType type = getTransposedType(value.getType());
  if (auto splat = dyn_cast<SplatElementsAttr>(attr))
    return SplatElementsAttr::get(type, splat.getSplatValue<Attribute>());
  std::optional<format::DenseMatrix> matrix = readDenseMatrix(attr);
  return matrix ? writeDenseMatrix(transposeMatrix(*matrix), type) : TypedAttr();
}

/// True if moving the transpositions among `operands` behind `op` pays, and all of them can be moved.
static LogicalResult checkOperands(PatternRewriter &rewriter, Operation *op, ArrayRef<Value> operands) {
  bool any = false, oneDisappears = false;
  for (Value operand : operands) {
    if (getTransposeSource(operand)) {
      any = true;
      oneDisappears |= operand.hasOneUse();
    } else if (!getTransposedConstant(operand)) {
      return rewriter.notifyMatchFailure(op, "an operand is neither transposed nor constant");
    }
  }
  auto folds = [](Operation *user) { return isa<MatmulOp, linalg::TransposeOp>(user); };
  if (!any || !(oneDisappears || llvm::all_of(op->getUsers(), folds)))
    return rewriter.notifyMatchFailure(op, "no transposition would disappear");
  return success();
}

static Value getTransposed(PatternRewriter &rewriter, Location loc, Value value) {
  if (Value source = getTransposeSource(value))
    return source;
  return arith::ConstantOp::create(rewriter, loc, getTransposedConstant(value));
}

namespace {
struct SinkTransposeThroughTensorOp : public RewritePattern {
  SinkTransposeThroughTensorOp(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isElementwiseTensorOp(op) || cast<RankedTensorType>(op->getResult(0).getType()).getRank() != 2 ||
        !llvm::all_of(op->getOperandTypes(), llvm::IsaPred<RankedTensorType>))
      return rewriter.notifyMatchFailure(op, "no elementwise op on matrices");
    if (failed(checkOperands(rewriter, op, llvm::to_vector(op->getOperands()))))
      return failure();
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(getTransposed(rewriter, op->getLoc(), operand));
    Type type = op->getResult(0).getType();
    Operation *moved =
        rewriter.create(op->getLoc(), op->getName().getIdentifier(), operands, getTransposedType(type), op->getAttrs());
    Value result = createTranspose(rewriter, op->getLoc(), moved->getResult(0));
    rewriter.replaceOp(op, castTo(rewriter, op->getLoc(), result, type));
    return success();
  }
};

struct SinkTransposeThroughLinalg : public OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::LinalgOp op, PatternRewriter &rewriter) const override {
    if (isa<linalg::TransposeOp, linalg::BroadcastOp, linalg::FillOp, linalg::CopyOp>(op.getOperation()) ||
        !op.hasPureTensorSemantics() || op->getNumResults() != 1 || op.getNumLoops() != 2 ||
        op.getNumReductionLoops() != 0 || !op.getIndexingMapsArray().back().isPermutation())
      return rewriter.notifyMatchFailure(op, "no elementwise op on matrices");
    if (op.hasIndexSemantics() || op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)))
      return rewriter.notifyMatchFailure(op, "the body reads loop indices or the output");
    SmallVector<Value> matrices;
    for (OpOperand *operand : op.getDpsInputOperands()) {
      if (op.getRank(operand) < 2)
        continue;
      if (op.getRank(operand) != 2 || !op.getMatchingIndexingMap(operand).isPermutation())
        return rewriter.notifyMatchFailure(op, "an operand is a matrix that is broadcast");
      matrices.push_back(operand->get());
    }
    if (failed(checkOperands(rewriter, op, matrices)))
      return failure();

    Location loc = op.getLoc();
    // The loops are exchanged too, so that matrices are read in order again.
    AffineExpr d0 = rewriter.getAffineDimExpr(0), d1 = rewriter.getAffineDimExpr(1);
    auto exchangeLoops = [&](AffineMap map) { return map.replaceDimsAndSymbols({d1, d0}, {}, 2, 0); };
    auto exchangeAll = [&](AffineMap map) {
      map = exchangeLoops(map);
      return AffineMap::get(2, 0, {map.getResult(1), map.getResult(0)}, rewriter.getContext());
    };
    SmallVector<Value> inputs;
    SmallVector<AffineMap> maps;
    for (OpOperand *operand : op.getDpsInputOperands()) {
      bool isMatrix = op.getRank(operand) == 2;
      inputs.push_back(isMatrix ? getTransposed(rewriter, loc, operand->get()) : operand->get());
      AffineMap map = op.getMatchingIndexingMap(operand);
      maps.push_back(isMatrix ? exchangeAll(map) : exchangeLoops(map));
    }
    maps.push_back(exchangeAll(op.getIndexingMapsArray().back()));
    Type type = op->getResult(0).getType();
    SmallVector<OpFoldResult> extents = tensor::getMixedSizes(rewriter, loc, op.getDpsInits()[0]);
    std::swap(extents[0], extents[1]);
    Value init = createEmpty(rewriter, loc, extents, getElementTypeOrSelf(type));
    auto moved =
        linalg::GenericOp::create(rewriter, loc, init.getType(), inputs, init, maps, op.getIteratorTypesArray());
    rewriter.cloneRegionBefore(*op.getBlock()->getParent(), moved.getRegion(), moved.getRegion().begin());
    Value result = createTranspose(rewriter, loc, moved.getResult(0));
    rewriter.replaceOp(op, castTo(rewriter, loc, result, type));
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Row splits
//===----------------------------------------------------------------------===//

/// The expand_shape of a matrix that defines `value`, or null.
tensor::ExpandShapeOp getSplitMatrix(Value value) {
  auto expand = value.getDefiningOp<tensor::ExpandShapeOp>();
  return expand && expand.getSrcType().getRank() == 2 ? expand : tensor::ExpandShapeOp();
}

struct SinkSplitThroughTensorOp : public RewritePattern {
  SinkSplitThroughTensorOp(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isElementwiseTensorOp(op) || !llvm::all_of(op->getOperandTypes(), llvm::IsaPred<RankedTensorType>))
      return rewriter.notifyMatchFailure(op, "no elementwise op on tensors");
    tensor::ExpandShapeOp split;
    for (Value operand : op->getOperands())
      if (!split)
        split = getSplitMatrix(operand);
    if (!split)
      return rewriter.notifyMatchFailure(op, "no operand is a matrix that was split");
    SmallVector<ReassociationIndices> groups = split.getReassociationIndices();
    Location loc = op->getLoc();
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      Value collapsed = tensor::CollapseShapeOp::create(rewriter, loc, operand, groups);
      auto type = cast<RankedTensorType>(collapsed.getType());
      operands.push_back(castTo(rewriter, loc, collapsed, type.clone(split.getSrcType().getShape())));
    }
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    Operation *moved =
        rewriter.create(loc, op->getName().getIdentifier(), operands,
                        RankedTensorType::get(split.getSrcType().getShape(), type.getElementType()), op->getAttrs());
    rewriter.replaceOpWithNewOp<tensor::ExpandShapeOp>(op, type, moved->getResult(0), groups,
                                                       split.getMixedOutputShape());
    return success();
  }
};

/// collapse(broadcast(a)) -> broadcast(a) where only repeated dimensions collapse: a bias in front of a split.
struct CollapseBroadcast : public OpRewritePattern<tensor::CollapseShapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::CollapseShapeOp op, PatternRewriter &rewriter) const override {
    Operation *source = op.getSrc().getDefiningOp();
    std::optional<SmallVector<int64_t>> repeated;
    if (auto broadcast = dyn_cast_or_null<linalg::BroadcastOp>(source))
      repeated = llvm::to_vector(broadcast.getDimensions());
    else if (auto generic = dyn_cast_or_null<linalg::GenericOp>(source); generic && generic.hasPureTensorSemantics())
      repeated = linalg::isaBroadcastOpInterface(generic);
    if (!repeated)
      return rewriter.notifyMatchFailure(op, "the source is no broadcast");
    SmallVector<int64_t> dimensions;
    for (auto [result, group] : llvm::enumerate(op.getReassociationIndices())) {
      auto isRepeated = [&](int64_t dim) { return llvm::is_contained(*repeated, dim); };
      if (llvm::all_of(group, isRepeated))
        dimensions.push_back(result);
      else if (group.size() > 1)
        return rewriter.notifyMatchFailure(op, "a dimension that is not repeated collapses");
    }
    Value init = tensor::CollapseShapeOp::create(rewriter, op.getLoc(), cast<linalg::LinalgOp>(source).getDpsInits()[0],
                                                 op.getReassociationIndices());
    auto broadcast = linalg::BroadcastOp::create(rewriter, op.getLoc(), source->getOperand(0), init, dimensions);
    rewriter.replaceOp(op, castTo(rewriter, op.getLoc(), broadcast->getResult(0), op.getType()));
    return success();
  }
};

/// Upstream's pattern moves splits through linalg.generic only.
struct GeneralizeBehindSplit : public OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::LinalgOp op, PatternRewriter &rewriter) const override {
    if (isa<linalg::GenericOp, linalg::TransposeOp, linalg::BroadcastOp, linalg::FillOp>(op.getOperation()) ||
        !linalg::isElementwise(op) || llvm::none_of(op.getDpsInputs(), getSplitMatrix))
      return rewriter.notifyMatchFailure(op, "no named elementwise op behind a split");
    return linalg::generalizeNamedOp(rewriter, op);
  }
};
} // namespace

void spnn::populateSinkLayoutPatterns(RewritePatternSet &patterns) {
  patterns.add<SinkTransposeThroughTensorOp, SinkTransposeThroughLinalg, SinkSplitThroughTensorOp,
               GeneralizeBehindSplit, CollapseBroadcast>(patterns.getContext());
  linalg::populateFoldReshapeOpsByCollapsingPatterns(patterns, [](OpOperand *operand) {
    auto generic = dyn_cast<linalg::GenericOp>(operand->getOwner());
    return generic && getSplitMatrix(operand->get()) && linalg::isElementwise(generic);
  });
}
