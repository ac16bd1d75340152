//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Scores of graph attention from features or from weights: (X W) a = X (W a).
//
//===----------------------------------------------------------------------===//
#include "AttentionScores.h"

#include "GraphUtils.h"

#include "spnn/Cost/ProductCost.h"
#include "spnn/IR/Graphs.h"
#include "spnn/IR/SPNN.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace spnn;

/// out[n, h] = sum over c of in[n, h, c] * vector[h, c], from zeros.
static bool isSumOfHeads(linalg::GenericOp op) {
  if (!op || op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 || op.getNumLoops() != 3 ||
      !op.hasPureTensorSemantics() || !isZeroTensor(op.getDpsInits()[0]))
    return false;
  MLIRContext *context = op.getContext();
  AffineExpr n = getAffineDimExpr(0, context), h = getAffineDimExpr(1, context), c = getAffineDimExpr(2, context);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  if (maps[0] != AffineMap::get(3, 0, {n, h, c}, context) || maps[1] != AffineMap::get(3, 0, {h, c}, context) ||
      maps[2] != AffineMap::get(3, 0, {n, h}, context))
    return false;
  Block &body = op.getRegion().front();
  auto add = body.getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add || llvm::range_size(body.without_terminator()) != 2)
    return false;
  Value sum = body.getArgument(2);
  Value other = add.getLhs() == sum ? add.getRhs() : add.getRhs() == sum ? add.getLhs() : Value();
  auto multiply = other ? other.getDefiningOp<arith::MulFOp>() : nullptr;
  return multiply && llvm::is_contained(multiply->getOperands(), body.getArgument(0)) &&
         llvm::is_contained(multiply->getOperands(), body.getArgument(1));
}

/// The operand of a product that stands for W, as [K, H C]; null for an op of another kind.
static OpOperand *getWeights(Operation *op) {
  if (auto aggregate = dyn_cast_or_null<AggregateOp>(op)) {
    Value values = aggregate.getEdgeValues();
    if (aggregate.getKind() != AggregateKind::Sum || (values && cast<RankedTensorType>(values.getType()).getRank() != 1))
      return nullptr;
    return &aggregate.getFeaturesMutable();
  }
  if (auto matmul = dyn_cast_or_null<MatmulOp>(op)) {
    if (matmul.getBias() || matmul.getActivation() != Activation::None || isQuantized(matmul) || matmul.getTransposeRhs())
      return nullptr;
    return &matmul.getRhsMutable();
  }
  auto matmul = dyn_cast_or_null<linalg::MatmulOp>(op);
  if (!matmul || matmul.hasUserDefinedMaps() || !matmul.hasPureTensorSemantics() ||
      !isZeroTensor(matmul.getDpsInits()[0]))
    return nullptr;
  return matmul.getDpsInputOperand(1);
}

static bool isKnownMatrix(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 2 && type.hasStaticShape() && !type.getEncoding();
}

std::vector<AttentionScores> spnn::findAttentionScores(func::FuncOp function, const cost::TargetDescription &target,
                                                       int threads) {
  std::vector<AttentionScores> result;
  llvm::SmallPtrSet<Operation *, 8> seen;
  for (auto attention : function.front().getOps<GraphAttentionOp>())
    for (Value value : {attention.getRowScores(), attention.getColumnScores()}) {
      auto sums = value.getDefiningOp<linalg::GenericOp>();
      if (!isSumOfHeads(sums) || !seen.insert(sums).second)
        continue;
      auto heads = sums.getDpsInputs()[0].getDefiningOp<tensor::ExpandShapeOp>();
      Operation *product = heads ? heads.getSrc().getDefiningOp() : nullptr;
      OpOperand *weights = getWeights(product);
      if (!weights || !isKnownMatrix(weights->get()) || !isKnownMatrix(heads.getSrc()) ||
          heads.getReassociationIndices() != SmallVector<ReassociationIndices>{{0}, {1, 2}})
        continue;
      auto features = cast<RankedTensorType>(heads.getSrc().getType());
      cost::ProductStep step;
      step.m = features.getDimSize(0);
      step.n = cast<RankedTensorType>(value.getType()).getDimSize(1);
      step.k = cast<RankedTensorType>(weights->get().getType()).getDimSize(0);
      if (auto aggregate = dyn_cast<AggregateOp>(product)) {
        step.isGraph = true;
        step.edges = countEdges(aggregate.getGraph());
        if (ShapedType::isDynamic(step.edges))
          continue;
      }
      unsigned elementBytes = std::max(1u, features.getElementTypeBitWidth() / 8);
      AttentionScores scores{sums, product};
      scores.ofFeatures = cost::predictSumsOfHeads(target, features.getNumElements());
      scores.ofWeights = cost::predictSumsOfHeads(target, step.k * features.getDimSize(1)) +
                         cost::predictStep(target, step, elementBytes, threads);
      result.push_back(scores);
    }
  return result;
}

void spnn::computeScoresOfWeights(const AttentionScores &scores) {
  linalg::GenericOp sums = scores.sums;
  OpBuilder builder(sums);
  Location loc = sums.getLoc();
  Value weights = getWeights(scores.product)->get(), vectors = sums.getDpsInputs()[1];
  auto heads = cast<RankedTensorType>(vectors.getType());
  auto type = cast<RankedTensorType>(weights.getType());
  int64_t rows = type.getDimSize(0), count = heads.getDimSize(0), width = heads.getDimSize(1);
  Type element = type.getElementType();
  Value expanded =
      tensor::ExpandShapeOp::create(builder, loc, RankedTensorType::get({rows, count, width}, element), weights,
                                    SmallVector<ReassociationIndices>{{0}, {1, 2}});
  Value empty = tensor::EmptyOp::create(builder, loc, {rows, count}, element);
  Value zero = arith::ConstantOp::create(builder, loc, builder.getFloatAttr(element, 0));
  Value init = linalg::FillOp::create(builder, loc, zero, empty).getResult(0);
  IRMapping mapping;
  mapping.map(sums.getDpsInputs()[0], expanded);
  mapping.map(sums.getDpsInits()[0], init);
  Operation *ofWeights = builder.clone(*sums, mapping);
  ofWeights->getResult(0).setType(init.getType());
  auto resultType = cast<RankedTensorType>(sums.getResult(0).getType());
  Value result;
  if (auto aggregate = dyn_cast<AggregateOp>(scores.product)) {
    result = AggregateOp::create(builder, loc, resultType, /*winners=*/Type(), AggregateKind::Sum, aggregate.getGraph(),
                                 ofWeights->getResult(0), aggregate.getEdgeValues(), aggregate.getOrder(),
                                 aggregate.getRowScales(), aggregate.getColumnScales())
                 .getResult();
  } else {
    auto matmul = dyn_cast<MatmulOp>(scores.product);
    result = MatmulOp::create(builder, loc, resultType, scores.product->getOperand(0), ofWeights->getResult(0),
                              /*lhs_scales=*/Value(), /*rhs_scales=*/Value(), /*bias=*/Value(),
                              matmul && matmul.getTransposeLhs(), /*transpose_rhs=*/false);
  }
  sums.getResult(0).replaceAllUsesWith(result);
}
