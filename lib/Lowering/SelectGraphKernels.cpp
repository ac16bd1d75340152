//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pass spnn-select-graph-kernels: ops on graphs become kernel ops on the storage of their graphs.
//
//===----------------------------------------------------------------------===//
#include "AggregateEpilogue.h"
#include "AttentionSelection.h"
#include "GraphChecks.h"
#include "GraphKernels/GraphEmitter.h"
#include "GraphSelection.h"

#include "spnn/Lowering/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"

namespace spnn {
#define GEN_PASS_DEF_SELECTGRAPHKERNELS
#include "spnn/Lowering/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

static LogicalResult select(GraphSelector &selector, AggregateOp op) {
  selector.startAt(op);
  FailureOr<GraphStorage> graph = selector.getStorage(op.getGraph(), op);
  if (failed(graph))
    return failure();
  Location loc = op.getLoc();
  OpBuilder &b = selector.builder;
  RankedTensorType type = typeOf(op.getResult()), features = typeOf(op.getFeatures());
  GraphChecks checks(selector, op, *graph);
  checks.requireColumns("features", op.getFeatures());
  checks.requireEdges("edge_values", op.getEdgeValues());
  checks.requireEdges("order", op.getOrder());
  checks.requireRows("row_scales", op.getRowScales());
  checks.requireColumns("column_scales", op.getColumnScales());
  for (auto [name, result] :
       {std::pair("result", Value(op.getResult())), std::pair("winners", Value(op.getWinners()))}) {
    checks.requireRows(name, result);
    checks.requireWidth(name, result, "features", op.getFeatures());
  }
  Value order = selector.getChecked(op, op.getOrder());
  bool isExtreme = op.getKind() == AggregateKind::Max || op.getKind() == AggregateKind::Min;
  if (isExtreme) {
    SmallVector<Value> inits = {selector.createNodeData(loc, *graph, type, op.getFeatures())};
    if (op.getWinners())
      inits.push_back(selector.createNodeData(loc, *graph, typeOf(op.getWinners()), op.getFeatures()));
    DictionaryAttr parameters =
        b.getDictionaryAttr({b.getNamedAttr("minimum", b.getI64IntegerAttr(op.getKind() == AggregateKind::Min)),
                             b.getNamedAttr("prefetch", b.getI64IntegerAttr(selector.choosePrefetch(features)))});
    auto kernel = selector.create(loc, "spmm-max", *graph, {{"features", op.getFeatures()}}, inits, parameters,
                                  features.getDimSize(1));
    op.getResult().replaceAllUsesWith(kernel.getResult(0));
    if (op.getWinners())
      op.getWinners().replaceAllUsesWith(kernel.getResult(1));
    op.erase();
    return success();
  }
  // Edge values lie in the order of the rows.
  if (!op.getEdgeValues())
    graph = selector.clusterRows(op.getGraph(), *graph, features, op);
  AggregateEpilogue epilogue = matchAggregateEpilogue(op);
  // Operands of what follows the op may stand behind it.
  selector.startAt(epilogue.result.getDefiningOp());
  if (epilogue.bias)
    checks.require("bias", epilogue.bias, 0, checks.extent(op.getFeatures(), 1),
                   "an element for each column of features");
  Value init = selector.createNodeData(loc, *graph, type, op.getFeatures(), op.getRowScales());
  SmallVector<NamedAttribute> parameters = {
      b.getNamedAttr("mean", b.getI64IntegerAttr(op.getKind() == AggregateKind::Mean)),
      b.getNamedAttr("prefetch", b.getI64IntegerAttr(selector.choosePrefetch(features)))};
  Value seed;
  if (DropoutOp dropout = epilogue.dropout) {
    seed = dropout.getSeed();
    parameters.push_back(b.getNamedAttr("rate", dropout.getRateAttr()));
    parameters.push_back(b.getNamedAttr("stream", dropout.getStreamAttr()));
  }
  auto kernel = selector.create(loc, "spmm", *graph,
                                {{"features", op.getFeatures()},
                                 {"edge_values", op.getEdgeValues()},
                                 {"order", order},
                                 {"row_scales", op.getRowScales()},
                                 {"column_scales", op.getColumnScales()},
                                 {"bias", epilogue.bias},
                                 {"seed", seed}},
                                init, b.getDictionaryAttr(parameters), features.getDimSize(1), epilogue.activation);
  Value result = kernel.getResult(0);
  if (result.getType() != epilogue.result.getType())
    result = tensor::CastOp::create(b, loc, epilogue.result.getType(), result);
  epilogue.result.replaceAllUsesWith(result);
  for (Operation *absorbed : llvm::reverse(epilogue.absorbed))
    absorbed->erase();
  op.erase();
  return success();
}

static LogicalResult select(GraphSelector &selector, ScatterWinnersOp op) {
  selector.startAt(op);
  FailureOr<GraphStorage> graph = selector.getStorage(op.getGraph(), op);
  if (failed(graph))
    return failure();
  GraphChecks checks(selector, op, *graph);
  checks.requireColumns("gradient", op.getGradient());
  checks.requireShape("winners", op.getWinners(), "gradient", op.getGradient());
  checks.requireRows("result", op.getResult());
  checks.requireWidth("result", op.getResult(), "gradient", op.getGradient());
  RankedTensorType type = typeOf(op.getResult());
  Value init = selector.createNodeData(op.getLoc(), *graph, type, op.getGradient());
  auto kernel = selector.create(op.getLoc(), "scatter-winners", *graph,
                                {{"winners", op.getWinners()}, {"gradient", op.getGradient()}}, init,
                                selector.noParameters(), type.getDimSize(1));
  op.getResult().replaceAllUsesWith(kernel.getResult(0));
  op.erase();
  return success();
}

/// The columns of edge data, 1 for rank 1.
static int64_t headsOf(RankedTensorType type) { return type.getRank() == 1 ? 1 : type.getDimSize(1); }

static LogicalResult select(GraphSelector &selector, SDDMMOp op) {
  selector.startAt(op);
  FailureOr<GraphStorage> graph = selector.getStorage(op.getGraph(), op);
  if (failed(graph))
    return failure();
  RankedTensorType type = typeOf(op.getResult()), columns = typeOf(op.getColumns());
  // A dynamic number of heads is that of the columns of what is added; a dot product has nowhere to take it from.
  if (type.getRank() == 2 && type.isDynamicDim(1) && op.getKind() == SDDMMKind::Dot)
    return op.emitOpError() << "needs a number of heads that is known when compiling, got " << type;
  GraphChecks checks(selector, op, *graph);
  checks.requireRows("rows", op.getRows());
  checks.requireColumns("columns", op.getColumns());
  checks.requireWidth("columns", op.getColumns(), "rows", op.getRows());
  checks.requireEdges("order", op.getOrder());
  checks.requireRows("row_scales", op.getRowScales());
  checks.requireColumns("column_scales", op.getColumnScales());
  checks.requireEdges("result", op.getResult());
  if (op.getKind() == SDDMMKind::Dot)
    checks.requireMultiple(op.getRows(), 1, headsOf(type), "columns of rows must be a multiple of the number of heads");
  else if (type.getRank() == 1)
    checks.requireEqual(checks.extent(op.getRows(), 1), selector.builder.getIndexAttr(1),
                        "rows must have the columns of the result");
  else
    checks.requireWidth("result", op.getResult(), "rows", op.getRows());
  Value order = selector.getChecked(op, op.getOrder());
  Value init = selector.createEdgeData(op.getLoc(), *graph, type, op.getColumns());
  auto kernel = selector.create(op.getLoc(), op.getKind() == SDDMMKind::Dot ? "sddmm" : "sddmm-add", *graph,
                                {{"rows", op.getRows()},
                                 {"columns", op.getColumns()},
                                 {"order", order},
                                 {"row_scales", op.getRowScales()},
                                 {"column_scales", op.getColumnScales()}},
                                init, selector.noParameters(), columns.getDimSize(1));
  op.getResult().replaceAllUsesWith(kernel.getResult(0));
  op.erase();
  return success();
}

static LogicalResult select(GraphSelector &selector, EdgeSoftmaxOp op) {
  selector.startAt(op);
  FailureOr<GraphStorage> graph = selector.getStorage(op.getGraph(), op);
  if (failed(graph))
    return failure();
  GraphChecks(selector, op, *graph).requireEdges("values", op.getValues());
  RankedTensorType type = typeOf(op.getResult());
  Value init = selector.createEdgeData(op.getLoc(), *graph, type, op.getValues(), op.getValues());
  // An exponential takes as long as moving a dozen floats.
  int64_t heads = headsOf(type), work = ShapedType::isDynamic(heads) ? heads : 12 * heads;
  auto kernel = selector.create(op.getLoc(), "edge-softmax", *graph, {{"values", op.getValues()}}, init,
                                selector.noParameters(), work);
  op.getResult().replaceAllUsesWith(kernel.getResult(0));
  op.erase();
  return success();
}

static LogicalResult select(GraphSelector &selector, EdgeSoftmaxBackwardOp op) {
  selector.startAt(op);
  FailureOr<GraphStorage> graph = selector.getStorage(op.getGraph(), op);
  if (failed(graph))
    return failure();
  GraphChecks checks(selector, op, *graph);
  checks.requireEdges("probabilities", op.getProbabilities());
  checks.requireShape("gradient", op.getGradient(), "probabilities", op.getProbabilities());
  RankedTensorType type = typeOf(op.getResult());
  Value init = selector.createEdgeData(op.getLoc(), *graph, type, op.getProbabilities(), op.getProbabilities());
  auto kernel = selector.create(op.getLoc(), "edge-softmax-backward", *graph,
                                {{"probabilities", op.getProbabilities()}, {"gradient", op.getGradient()}}, init,
                                selector.noParameters(), headsOf(type));
  op.getResult().replaceAllUsesWith(kernel.getResult(0));
  op.erase();
  return success();
}

static LogicalResult select(GraphSelector &selector, DegreeOp op) {
  selector.startAt(op);
  FailureOr<GraphStorage> graph = selector.getStorage(op.getGraph(), op);
  if (failed(graph))
    return failure();
  GraphChecks(selector, op, *graph).requireRows("result", op.getResult());
  Value init = selector.createNodeData(op.getLoc(), *graph, typeOf(op.getResult()));
  graph->edges = 0; // not read
  auto kernel = selector.create(op.getLoc(), "degree", *graph, {}, init, selector.noParameters(), 1);
  op.getResult().replaceAllUsesWith(kernel.getResult(0));
  op.erase();
  return success();
}

/// A graph kernel without a graph: the predictions are its extents.
static GraphStorage describePredictions(RankedTensorType type) {
  GraphStorage none;
  none.rows = type.getDimSize(0);
  none.columns = type.getDimSize(1);
  return none;
}

/// Work of a row of predictions, mostly exponentials; masks may leave most rows out.
static int64_t countLossWork(RankedTensorType type) {
  return type.isDynamicDim(1) ? ShapedType::kDynamic : 2 + type.getDimSize(1);
}

static DictionaryAttr makeLossParameters(OpBuilder &b, LossKind kind) {
  return b.getDictionaryAttr(b.getNamedAttr("kind", b.getI64IntegerAttr(static_cast<int64_t>(kind))));
}

/// The extents of what either op reads beside predictions.
template <typename Op> static void checkLoss(GraphSelector &selector, Op op) {
  ExtentChecks checks(selector.builder, op);
  OpFoldResult rows = checks.extent(op.getPredictions(), 0);
  checks.require("targets", op.getTargets(), 0, rows, "a row for each row of predictions");
  if (op.getKind() != LossKind::CrossEntropy)
    checks.require("targets", op.getTargets(), 1, checks.extent(op.getPredictions(), 1),
                   "as many columns as predictions");
  checks.require("mask", op.getMask(), 0, rows, "an element for each row of predictions");
}

static LogicalResult select(GraphSelector &selector, LossOp op) {
  selector.startAt(op);
  checkLoss(selector, op);
  OpBuilder &b = selector.builder;
  RankedTensorType type = typeOf(op.getPredictions());
  Value result = selector.createEmpty(op.getLoc(), typeOf(op.getResult()));
  Value partials = selector.createEmpty(op.getLoc(), RankedTensorType::get({2 * kGraphTasks}, b.getF64Type()));
  auto kernel =
      selector.create(op.getLoc(), "loss", describePredictions(type),
                      {{"predictions", op.getPredictions()}, {"targets", op.getTargets()}, {"mask", op.getMask()}},
                      {result, partials}, makeLossParameters(b, op.getKind()), countLossWork(type));
  op.getResult().replaceAllUsesWith(kernel.getResult(0));
  op.erase();
  return success();
}

static LogicalResult select(GraphSelector &selector, LossBackwardOp op) {
  selector.startAt(op);
  checkLoss(selector, op);
  RankedTensorType type = typeOf(op.getPredictions());
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    if (type.isDynamicDim(dim))
      sizes.push_back(selector.extent(op.getPredictions(), dim));
  Value init = selector.createEmpty(op.getLoc(), type, sizes);
  auto kernel = selector.create(op.getLoc(), "loss-backward", describePredictions(type),
                                {{"predictions", op.getPredictions()},
                                 {"targets", op.getTargets()},
                                 {"mask", op.getMask()},
                                 {"gradient", op.getGradient()}},
                                init, makeLossParameters(selector.builder, op.getKind()), countLossWork(type));
  op.getResult().replaceAllUsesWith(kernel.getResult(0));
  op.erase();
  return success();
}

/// The order that a transposition returns; the transposed graph is found by who uses it.
static LogicalResult select(GraphSelector &selector, TransposeOp op) {
  if (op.getOrder().use_empty())
    return success();
  FailureOr<Value> order = selector.getOrder(op);
  if (failed(order))
    return failure();
  Value value = *order;
  if (value.getType() != op.getOrder().getType()) {
    selector.builder.setInsertionPointAfterValue(value);
    value = tensor::CastOp::create(selector.builder, op.getLoc(), op.getOrder().getType(), value);
  }
  op.getOrder().replaceAllUsesWith(value);
  return success();
}

namespace {
struct SelectGraphKernels : public spnn::impl::SelectGraphKernelsBase<SelectGraphKernels> {
  using SelectGraphKernelsBase::SelectGraphKernelsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto rowOrder = llvm::StringSwitch<std::optional<RowOrder>>(clusterRows)
                        .Case("auto", RowOrder::Auto)
                        .Case("on", RowOrder::Clustered)
                        .Case("off", RowOrder::Own)
                        .Default(std::nullopt);
    if (!rowOrder) {
      module.emitError() << "cluster-rows is auto, on or off, got '" << clusterRows << "'";
      return signalPassFailure();
    }
    FailureOr<ModuleTarget> target = ModuleTarget::load(module);
    if (failed(target))
      return signalPassFailure();
    GraphSelector selector(module, *target, *rowOrder);
    SmallVector<Operation *> ops, graphs;
    module.walk([&](Operation *op) {
      if (isa<AssembleOp, TransposeOp>(op) || (isa<ConstantOp>(op) && isGraph(op->getResult(0).getType())))
        graphs.push_back(op);
      if (isa<AggregateOp, ScatterWinnersOp, SDDMMOp, EdgeSoftmaxOp, EdgeSoftmaxBackwardOp, DegreeOp, TransposeOp,
              GraphAttentionOp, GraphAttentionBackwardOp, LossOp, LossBackwardOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      bool isTransposition = isa<TransposeOp>(op);
      LogicalResult done =
          llvm::TypeSwitch<Operation *, LogicalResult>(op)
              .Case<AggregateOp, ScatterWinnersOp, SDDMMOp, EdgeSoftmaxOp, EdgeSoftmaxBackwardOp, DegreeOp, TransposeOp,
                    LossOp, LossBackwardOp>([&](auto graphOp) { return select(selector, graphOp); })
              .Case<GraphAttentionOp, GraphAttentionBackwardOp>(
                  [&](auto attention) { return selectAttention(selector, attention); });
      if (failed(done))
        return signalPassFailure();
      numKernels += !isTransposition;
    }
    // Graphs are no values any more; transpositions go before what they transpose.
    for (Operation *graph : llvm::reverse(graphs)) {
      if (graph->use_empty())
        graph->erase();
    }
  }
};
} // namespace
