//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What graph attention keeps between its forward and its backward pass.
//
//===----------------------------------------------------------------------===//
#include "AttentionSchemes.h"

#include "GraphUtils.h"

#include "spnn/Cost/ProductCost.h"
#include "spnn/IR/Graphs.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace spnn;

static Value stripSaves(Value value) {
  while (auto save = value.getDefiningOp<SaveOp>())
    value = save.getSource();
  return value;
}

static uint64_t countBytes(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return static_cast<uint64_t>(type.getNumElements()) * llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

/// Bytes that reading the value in the backward pass costs: nothing if it is there anyway.
static uint64_t countNewBytes(Value value) {
  value = stripSaves(value);
  bool isKept = !value.getDefiningOp() || matchPattern(value, m_Constant()) ||
                llvm::any_of(value.getUsers(), [](Operation *user) { return isa<SaveOp>(user); });
  return isKept ? 0 : countBytes(value);
}

static bool isProduct(Operation *op) {
  if (auto aggregate = dyn_cast_or_null<AggregateOp>(op))
    return aggregate.getKind() == AggregateKind::Sum;
  if (auto linalgOp = dyn_cast_or_null<linalg::LinalgOp>(op))
    return linalgOp.hasPureTensorSemantics() && linalg::isaContractionOpInterface(linalgOp) &&
           isZeroTensor(linalgOp.getDpsInits()[0]);
  return isa_and_nonnull<MatmulOp>(op);
}

/// Dense floats, which a product that is computed again reads through an opaque save; the zeros that linalg's products
/// begin with are no such.
static bool isMatrix(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && !type.getEncoding() && isa<FloatType>(type.getElementType()) && !isZeroTensor(value);
}

/// The product that makes the features, as a step; std::nullopt if there is none or its operands are products themselves,
/// which would have to be computed again too.
static std::optional<cost::ProductStep> getFeatureProduct(GraphAttentionBackwardOp backward) {
  auto save = backward.getFeatures().getDefiningOp<SaveOp>();
  Operation *product = save ? save.getSource().getDefiningOp() : nullptr;
  if (!isProduct(product) || llvm::any_of(product->getOperands(), [](Value operand) {
        return isMatrix(operand) && (!cast<RankedTensorType>(operand.getType()).hasStaticShape() ||
                                     isProduct(operand.getDefiningOp()));
      }))
    return std::nullopt;
  auto type = cast<RankedTensorType>(save.getType());
  cost::ProductStep step;
  step.m = type.getDimSize(0);
  step.n = type.getDimSize(1);
  if (auto aggregate = dyn_cast<AggregateOp>(product)) {
    step.isGraph = true;
    step.edges = countEdges(aggregate.getGraph());
    step.k = cast<RankedTensorType>(aggregate.getFeatures().getType()).getDimSize(0);
    return ShapedType::isDynamic(step.edges) ? std::nullopt : std::optional(step);
  }
  // Rows and columns are the result's: what else the first operand has is the inner extent.
  auto lhs = cast<RankedTensorType>(product->getOperand(0).getType());
  step.k = step.m == 0 ? 0 : lhs.getNumElements() / step.m;
  return step;
}

std::vector<AttentionPair> spnn::findAttentionPairs(func::FuncOp function, Operation *boundary,
                                                    const cost::TargetDescription &target, int threads) {
  std::vector<AttentionPair> pairs;
  if (!boundary)
    return pairs;
  for (auto backward : function.front().getOps<GraphAttentionBackwardOp>()) {
    AttentionPair pair;
    pair.backward = backward;
    pair.forward = stripSaves(backward.getLogsumexp()).getDefiningOp<GraphAttentionOp>();
    auto features = cast<RankedTensorType>(backward.getFeatures().getType());
    auto graph = cast<RankedTensorType>(backward.getGraph().getType());
    int64_t edges = countEdges(backward.getGraph());
    if (!pair.forward || stripSaves(backward.getOutput()) != pair.forward.getResult() || !features.hasStaticShape() ||
        !graph.hasStaticShape() || ShapedType::isDynamic(edges))
      continue;
    int64_t heads = backward.getHeads();
    unsigned elementBytes = std::max(1u, features.getElementTypeBitWidth() / 8);
    uint64_t featureBytes =
        backward.getFeatures().getDefiningOp<SaveOp>() ? countBytes(backward.getFeatures()) : 0;
    uint64_t normalisers = countBytes(backward.getLogsumexp());
    uint64_t coefficients = static_cast<uint64_t>(edges) * heads * elementBytes;
    pair.savedBytes = featureBytes + normalisers + (backward.getCoefficients() ? coefficients : 0);
    std::optional<cost::ProductStep> product = getFeatureProduct(backward);
    for (bool keepsCoefficients : {false, true})
      for (bool again : {false, true}) {
        if (again && !product)
          continue;
        AttentionScheme scheme;
        scheme.name = std::string(keepsCoefficients ? "coefficients" : "logsumexp") + (again ? "+features-again" : "");
        scheme.keepsCoefficients = keepsCoefficients;
        scheme.featuresAgain = again;
        cost::AttentionStep step{graph.getDimSize(0), graph.getDimSize(1), edges, heads, features.getDimSize(1) / heads,
                                 backward.getKind() == ScoreKind::GATv2, keepsCoefficients};
        scheme.microseconds = cost::predictAttention(target, step, elementBytes, threads);
        scheme.savedBytes = normalisers + (keepsCoefficients ? coefficients : 0);
        if (again) {
          scheme.microseconds += cost::predictStep(target, *product, elementBytes, threads);
          for (Value operand : stripSaves(backward.getFeatures()).getDefiningOp()->getOperands())
            if (isMatrix(operand))
              scheme.savedBytes += countNewBytes(operand);
        } else {
          scheme.savedBytes += featureBytes;
        }
        pair.schemes.push_back(std::move(scheme));
      }
    llvm::sort(pair.schemes, [](const AttentionScheme &a, const AttentionScheme &b) {
      return std::tie(a.microseconds, a.savedBytes, a.name) < std::tie(b.microseconds, b.savedBytes, b.name);
    });
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

/// The forward op with its coefficients as a result.
static Value makeCoefficients(const AttentionPair &pair) {
  GraphAttentionOp op = pair.forward;
  if (op.getCoefficients())
    return op.getCoefficients();
  OpBuilder builder(op);
  Type element = getElementTypeOrSelf(op.getFeatures().getType());
  auto type = RankedTensorType::get({countEdges(op.getGraph()), static_cast<int64_t>(op.getHeads())}, element);
  auto made = GraphAttentionOp::create(builder, op.getLoc(), op.getResult().getType(), op.getLogsumexp().getType(), type,
                                       op.getKind(), op.getGraph(), op.getFeatures(), op.getRowScores(),
                                       op.getColumnScores(), op.getAttention(), op.getSeed(), op.getHeads(),
                                       op.getSlope(), op.getRate(), op.getStream());
  made->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  op.getResult().replaceAllUsesWith(made.getResult());
  op.getLogsumexp().replaceAllUsesWith(made.getLogsumexp());
  op.erase();
  return made.getCoefficients();
}

static Operation *findFirstUser(Operation *op) {
  Operation *first = nullptr;
  for (Operation *user : op->getUsers())
    if (!first || user->isBeforeInBlock(first))
      first = user;
  return first;
}

/// Replaces the saved features by what the backward pass computes from the product's operands, before it needs them.
static void computeFeaturesAgain(GraphAttentionBackwardOp backward, Operation *boundary) {
  auto save = backward.getFeatures().getDefiningOp<SaveOp>();
  Operation *product = save.getSource().getDefiningOp();
  // Views of what is saved may stand where the backward pass begins; the product is to be no longer alive than it has to.
  for (Operation *user : llvm::make_early_inc_range(save->getUsers()))
    if (isMemoryEffectFree(user) && user->isBeforeInBlock(boundary) && !user->use_empty())
      user->moveBefore(findFirstUser(user));
  Operation *firstUser = findFirstUser(save);
  if (firstUser->isBeforeInBlock(boundary))
    boundary = firstUser;
  OpBuilder saves(boundary), builder(firstUser);
  IRMapping mapping;
  for (Value operand : product->getOperands())
    if (isMatrix(operand) && !mapping.contains(operand))
      mapping.map(operand, Value(SaveOp::create(saves, save.getLoc(), operand.getType(), stripSaves(operand),
                                                saves.getUnitAttr())));
  Operation *again = builder.clone(*product, mapping);
  save.replaceAllUsesWith(again->getResult(0));
  save.erase();
}

void spnn::applyAttentionScheme(const AttentionPair &pair, const AttentionScheme &scheme, Operation *boundary) {
  GraphAttentionBackwardOp backward = pair.backward;
  if (scheme.featuresAgain)
    computeFeaturesAgain(backward, boundary);
  if (!scheme.keepsCoefficients) {
    backward.getCoefficientsMutable().clear();
    return;
  }
  if (backward.getCoefficients())
    return;
  Value coefficients = makeCoefficients(pair);
  OpBuilder builder(boundary);
  backward.getCoefficientsMutable().assign(
      SaveOp::create(builder, backward.getLoc(), coefficients.getType(), coefficients));
}
