//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Graph attention in spnn-select-graph-kernels: which kernel op an op becomes, with which workspaces.
//
//===----------------------------------------------------------------------===//
#include "AttentionSelection.h"

#include "GraphChecks.h"
#include "GraphKernels/AttentionProblem.h"
#include "GraphKernels/GraphEmitter.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace spnn;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// The shape that a kernel sees, for vectors of the target.
static FailureOr<AttentionShape> getShape(GraphSelector &selector, Operation *op, Value features, int64_t heads) {
  RankedTensorType type = typeOf(features);
  if (type.isDynamicDim(1))
    return op->emitOpError() << "needs a number of features that is known when compiling, got " << type;
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  return AttentionShape{heads, type.getDimSize(1) / heads, std::max<int64_t>(1, selector.vectorBytes() / bytes)};
}

/// The number of a graph's rows, or of its columns: those of `like`.
static OpFoldResult countRows(GraphSelector &selector, Value like) {
  RankedTensorType type = typeOf(like);
  if (!type.isDynamicDim(0))
    return selector.builder.getIndexAttr(type.getDimSize(0));
  return selector.extent(like, 0);
}

/// An empty tensor of the type, with as many rows as `like` where their number is dynamic, and `columns` columns.
static Value createResult(GraphSelector &selector, Location loc, RankedTensorType type, Value like,
                          int64_t columns = 0) {
  SmallVector<Value> sizes;
  if (type.isDynamicDim(0))
    sizes.push_back(selector.extent(like, 0));
  if (type.getRank() > 1 && type.isDynamicDim(1))
    sizes.push_back(arith::ConstantIndexOp::create(selector.builder, loc, columns));
  return selector.createEmpty(loc, type, sizes);
}

static void addWorkspaces(GraphSelector &selector, Location loc, ArrayRef<AttentionWorkspace> workspaces,
                          Value rowScores, Value features, SmallVectorImpl<Value> &inits) {
  Type element = typeOf(features).getElementType();
  for (const AttentionWorkspace &workspace : workspaces) {
    OpFoldResult rows = selector.builder.getIndexAttr(kGraphTasks);
    if (workspace.rows != AttentionRows::Tasks)
      rows = countRows(selector, workspace.rows == AttentionRows::Rows ? rowScores : features);
    OpFoldResult columns = selector.builder.getIndexAttr(workspace.elements);
    inits.push_back(tensor::EmptyOp::create(selector.builder, loc, ArrayRef<OpFoldResult>{rows, columns}, element));
  }
}

template <typename Op>
static DictionaryAttr getParameters(GraphSelector &selector, Op op, const AttentionShape &shape) {
  OpBuilder &b = selector.builder;
  SmallVector<NamedAttribute> parameters = {
      b.getNamedAttr("heads", b.getI64IntegerAttr(shape.heads)),
      b.getNamedAttr("vector", b.getI64IntegerAttr(shape.vector)), b.getNamedAttr("slope", op.getSlopeAttr()),
      b.getNamedAttr("prefetch", b.getI64IntegerAttr(selector.choosePrefetch(typeOf(op.getFeatures()))))};
  if (op.getSeed()) {
    parameters.push_back(b.getNamedAttr("rate", op.getRateAttr()));
    parameters.push_back(b.getNamedAttr("stream", op.getStreamAttr()));
  }
  return b.getDictionaryAttr(parameters);
}

/// The column scores as an input; null where they are the features, of which kernels then have one copy.
template <typename Op> static Value getColumnScores(Op op) {
  bool isShared = op.getAttention() && op.getColumnScores() == op.getFeatures();
  return isShared ? Value() : op.getColumnScores();
}

/// What both ops read.
template <typename Op> static void checkOperands(GraphChecks &checks, Op op, const AttentionShape &shape) {
  bool isV2 = op.getAttention() != nullptr;
  int64_t scores = isV2 ? shape.features() : shape.heads;
  checks.requireColumns("features", op.getFeatures());
  checks.requireRows("row_scores", op.getRowScores());
  checks.requireWidth("row_scores", op.getRowScores(), scores);
  checks.requireColumns("column_scores", op.getColumnScores());
  checks.requireWidth("column_scores", op.getColumnScores(), scores);
  if (isV2)
    checks.require("attention", op.getAttention(), 0, checks.extent(op.getFeatures(), 1),
                   "an element for each column of features");
  // Operands of the backward op, results of the forward op.
  checks.requireRows("logsumexp", op.getLogsumexp());
  checks.requireWidth("logsumexp", op.getLogsumexp(), shape.heads);
  checks.requireEdges("coefficients", op.getCoefficients());
  checks.requireWidth("coefficients", op.getCoefficients(), shape.heads);
}

/// Replaces the op's results by the first of the kernel's.
static void replace(Operation *op, KernelGraphOp kernel) {
  for (auto [old, result] : llvm::zip(op->getResults(), kernel.getResults()))
    old.replaceAllUsesWith(result);
  op->erase();
}

LogicalResult spnn::selectAttention(GraphSelector &selector, GraphAttentionOp op) {
  selector.startAt(op);
  FailureOr<GraphStorage> graph = selector.getStorage(op.getGraph(), op);
  if (failed(graph))
    return failure();
  FailureOr<AttentionShape> shape = getShape(selector, op, op.getFeatures(), op.getHeads());
  if (failed(shape))
    return failure();
  GraphChecks checks(selector, op, *graph);
  checkOperands(checks, op, *shape);
  checks.requireRows("result", op.getResult());
  checks.requireWidth("result", op.getResult(), shape->features());
  Location loc = op.getLoc();
  Value columnScores = getColumnScores(op);
  // Rows as of the scores, not of the graph's positions, which have one more: extents of results are those of arguments
  // then.
  SmallVector<Value> inits = {createResult(selector, loc, typeOf(op.getResult()), op.getRowScores(), shape->features()),
                              createResult(selector, loc, typeOf(op.getLogsumexp()), op.getRowScores(), shape->heads)};
  if (op.getCoefficients())
    inits.push_back(selector.createEdgeData(loc, *graph, typeOf(op.getCoefficients()), op.getRowScores()));
  bool isV2 = op.getAttention() != nullptr;
  addWorkspaces(selector, loc, getForwardWorkspaces(*shape, isV2, !columnScores), op.getRowScores(), op.getFeatures(),
                inits);
  auto kernel = selector.create(loc, "attention", *graph,
                                {{"features", op.getFeatures()},
                                 {"row_scores", op.getRowScores()},
                                 {"column_scores", columnScores},
                                 {"attention", op.getAttention()},
                                 {"seed", op.getSeed()}},
                                inits, getParameters(selector, op, *shape), 2 * shape->features());
  replace(op, kernel);
  return success();
}

LogicalResult spnn::selectAttention(GraphSelector &selector, GraphAttentionBackwardOp op) {
  selector.startAt(op);
  FailureOr<GraphStorage> graph = selector.getStorage(op.getGraph(), op),
                          transposed = selector.getStorage(op.getTransposed(), op);
  if (failed(graph) || failed(transposed))
    return failure();
  FailureOr<AttentionShape> shape = getShape(selector, op, op.getFeatures(), op.getHeads());
  if (failed(shape))
    return failure();
  GraphChecks checks(selector, op, *graph);
  checkOperands(checks, op, *shape);
  for (auto [name, value] :
       {std::pair("output", Value(op.getOutput())), std::pair("gradient", Value(op.getGradient()))}) {
    checks.requireRows(name, value);
    checks.requireWidth(name, value, shape->features());
  }
  checks.requireTransposed(selector, *transposed);
  checks.requireEdges("order", op.getOrder());
  Location loc = op.getLoc();
  Value columnScores = getColumnScores(op);
  bool isV2 = op.getAttention() != nullptr;
  int64_t features = shape->features(), scores = isV2 ? features : shape->heads;
  SmallVector<Value> inits = {
      createResult(selector, loc, typeOf(op.getDFeatures()), op.getFeatures(), features),
      createResult(selector, loc, typeOf(op.getDRowScores()), op.getRowScores(), scores),
      createResult(selector, loc, typeOf(op.getDColumnScores()), op.getColumnScores(), scores),
  };
  if (op.getDAttention())
    inits.push_back(createResult(selector, loc, typeOf(op.getDAttention()), op.getAttention()));
  addWorkspaces(selector, loc, getBackwardWorkspaces(*shape, isV2, !columnScores), op.getRowScores(), op.getFeatures(),
                inits);
  // Numbers of edges are needed for what belongs to edges alone.
  bool needsOrder = op.getSeed() || op.getCoefficients();
  auto kernel = selector.create(loc, "attention-backward", *graph,
                                {{"features", op.getFeatures()},
                                 {"row_scores", op.getRowScores()},
                                 {"column_scores", columnScores},
                                 {"attention", op.getAttention()},
                                 {"seed", op.getSeed()},
                                 {"output", op.getOutput()},
                                 {"logsumexp", op.getLogsumexp()},
                                 {"gradient", op.getGradient()},
                                 {"transposed_positions", transposed->positions},
                                 {"transposed_indices", transposed->indices},
                                 {"order", needsOrder ? selector.getChecked(op, op.getOrder()) : Value()},
                                 {"coefficients", op.getCoefficients()}},
                                inits, getParameters(selector, op, *shape), 4 * shape->features());
  replace(op, kernel);
  return success();
}
