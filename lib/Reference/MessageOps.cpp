//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Graphs as values, and the ops that pass messages along their edges, attention aside.
//
//===----------------------------------------------------------------------===//
#include "Messages.h"

#include "spnn/IR/SparseFormats.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace spnn;
using namespace spnn::reference;

//===----------------------------------------------------------------------===//
// AssembleOp, TransposeOp, DegreeOp
//===----------------------------------------------------------------------===//

/// A vector of i32 as a storage buffer.
static format::StorageBuffer toBuffer(const Tensor &tensor) {
  format::StorageBuffer buffer;
  buffer.data = tensor.toBytes();
  return buffer;
}

/// An edge whose reverse the graph lacks, as (row, column); the graph has as many rows as columns.
static std::optional<std::pair<int64_t, int32_t>> findOneWayEdge(const Adjacency &graph) {
  if (isSymmetric(graph))
    return std::nullopt;
  for (int64_t i = 0; i < graph.rows; ++i)
    for (int32_t edge = graph.positions[i]; edge < graph.positions[i + 1]; ++edge) {
      int32_t j = graph.indices[edge];
      auto begin = graph.indices.begin();
      if (!std::binary_search(begin + graph.positions[j], begin + graph.positions[j + 1], static_cast<int32_t>(i)))
        return std::pair(i, j);
    }
  return std::nullopt;
}

static LogicalResult evaluateAssemble(Interpreter &interpreter, Operation *op) {
  auto assemble = cast<AssembleOp>(op);
  TensorRef positions = interpreter.get(assemble.getPositions()), indices = interpreter.get(assemble.getIndices());
  if (!positions || !indices)
    return failure();
  auto type = cast<RankedTensorType>(assemble.getGraph().getType());
  if (positions->shape[0] < 1)
    return op->emitOpError("gets no positions, which have one element more than the graph has rows");
  Adjacency graph;
  graph.rows = positions->shape[0] - 1;
  graph.columns = type.getDimSize(1);
  if (assemble.getColumns()) {
    FailureOr<int64_t> columns = interpreter.getInteger(assemble.getColumns());
    if (failed(columns))
      return failure();
    graph.columns = *columns;
  }
  if (graph.columns < 0 || graph.columns > INT32_MAX)
    return op->emitOpError("gets ") << graph.columns << " as the number of columns, which must be from 0 to "
                                    << INT32_MAX;
  for (auto [name, array] : {std::pair("positions", positions), std::pair("indices", indices)})
    for (auto [i, value] : llvm::enumerate(array->ints))
      if (value < 0)
        return op->emitOpError() << name << "[" << i << "] must not be negative, got " << value;
  if (std::optional<std::string> broken = format::makeAdjacency()->checkStorage(
          {graph.rows, graph.columns}, 1, {toBuffer(*positions), toBuffer(*indices)}))
    return op->emitOpError("gets arrays that are no graph: ") << *broken;
  graph.positions.assign(positions->ints.begin(), positions->ints.end());
  graph.indices.assign(indices->ints.begin(), indices->ints.end());
  if (assemble.getSymmetric()) {
    if (graph.rows != graph.columns)
      return op->emitOpError("must be symmetric, got ") << graph.rows << " rows and " << graph.columns << " columns";
    if (auto edge = findOneWayEdge(graph))
      return op->emitOpError("must be symmetric, got an edge in row ")
             << edge->first << ", column " << edge->second << " and none in row " << edge->second << ", column "
             << edge->first;
  }
  return interpreter.set(op, assemble.getGraph(), type.getElementType(), std::move(graph));
}

static LogicalResult evaluateTranspose(Interpreter &interpreter, Operation *op) {
  auto transpose = cast<TransposeOp>(op);
  GraphRef graph = getGraph(interpreter, transpose.getGraph());
  Type i32 = IntegerType::get(op->getContext(), 32);
  // What is allocated below, where few edges may be in many columns.
  if (!graph || failed(interpreter.checkAllocation(op, i32, {graph->columns + graph->edges() + 1})))
    return failure();
  std::vector<int32_t> order;
  Adjacency transposed = transposeAdjacency(*graph, order);
  Tensor numbers = Tensor::zeros(i32, {graph->edges()});
  numbers.ints.assign(order.begin(), order.end());
  if (failed(interpreter.set(op, transpose.getOrder(), std::move(numbers))))
    return failure();
  return interpreter.set(op, transpose.getTransposed(), IntegerType::get(op->getContext(), 1), std::move(transposed));
}

static LogicalResult evaluateDegree(Interpreter &interpreter, Operation *op) {
  auto degree = cast<DegreeOp>(op);
  GraphRef graph = getGraph(interpreter, degree.getGraph());
  if (!graph)
    return failure();
  FailureOr<Tensor> result = interpreter.allocate(op, getElementTypeOrSelf(degree.getType()), {graph->rows});
  if (failed(result))
    return failure();
  for (int64_t i = 0; i < graph->rows; ++i)
    result->floats[i] = graph->positions[i + 1] - graph->positions[i];
  return interpreter.set(op, degree.getResult(), std::move(*result));
}

//===----------------------------------------------------------------------===//
// AggregateOp, ScatterWinnersOp
//===----------------------------------------------------------------------===//

/// The maximum or minimum over the neighbours, and who gave it.
static LogicalResult evaluatePick(Interpreter &interpreter, AggregateOp aggregate, const Adjacency &graph,
                                  const Tensor &features) {
  int64_t width = features.shape[1];
  FailureOr<Tensor> result = interpreter.allocate(aggregate, features.elementType, {graph.rows, width});
  FailureOr<Tensor> winners =
      interpreter.allocate(aggregate, IntegerType::get(aggregate.getContext(), 32), {graph.rows, width});
  if (failed(result) || failed(winners))
    return failure();
  bool isMax = aggregate.getKind() == AggregateKind::Max;
  std::fill(winners->ints.begin(), winners->ints.end(), -1);
  for (int64_t i = 0; i < graph.rows; ++i)
    for (int32_t edge = graph.positions[i]; edge < graph.positions[i + 1]; ++edge)
      for (int64_t f = 0; f < width; ++f) {
        double value = features.floats[graph.indices[edge] * width + f];
        double &best = result->floats[i * width + f];
        int64_t &winner = winners->ints[i * width + f];
        // Columns ascend in a row, so the smallest of several is the first.
        bool isBetter = std::isnan(value) ? !std::isnan(best) : isMax ? value > best : value < best;
        if (winner >= 0 && !isBetter)
          continue;
        best = value;
        winner = graph.indices[edge];
      }
  if (aggregate.getWinners() && failed(interpreter.set(aggregate, aggregate.getWinners(), std::move(*winners))))
    return failure();
  return interpreter.set(aggregate, aggregate.getResult(), std::move(*result));
}

static LogicalResult evaluateAggregate(Interpreter &interpreter, Operation *op) {
  auto aggregate = cast<AggregateOp>(op);
  GraphRef graph = getGraph(interpreter, aggregate.getGraph());
  if (!graph)
    return failure();
  int64_t edges = graph->edges();
  FailureOr<TensorRef> features =
      getShaped(interpreter, op, "features", aggregate.getFeatures(), {graph->columns, ShapedType::kDynamic});
  if (failed(features))
    return failure();
  if (aggregate.getKind() == AggregateKind::Max || aggregate.getKind() == AggregateKind::Min)
    return evaluatePick(interpreter, aggregate, *graph, **features);
  FailureOr<TensorRef> values = getEdgeValues(interpreter, op, "edge_values", aggregate.getEdgeValues(), edges);
  FailureOr<EdgeOrder> order = EdgeOrder::get(interpreter, op, aggregate.getOrder(), edges);
  FailureOr<TensorRef> rowScales = getShaped(interpreter, op, "row_scales", aggregate.getRowScales(), {graph->rows});
  FailureOr<TensorRef> columnScales =
      getShaped(interpreter, op, "column_scales", aggregate.getColumnScales(), {graph->columns});
  if (failed(values) || failed(order) || failed(rowScales) || failed(columnScales))
    return failure();
  int64_t width = (*features)->shape[1], heads = *values ? countHeads(**values) : 1;
  if (heads < 1 || width % heads != 0)
    return op->emitOpError("number of columns of edge_values must divide that of features, got ")
           << heads << " and " << width;
  FailureOr<Tensor> result = interpreter.allocate(op, (*features)->elementType, {graph->rows, width});
  if (failed(result))
    return failure();
  int64_t channels = width / heads;
  for (int64_t i = 0; i < graph->rows; ++i) {
    int32_t begin = graph->positions[i], end = graph->positions[i + 1];
    double *sums = result->floats.data() + i * width;
    for (int32_t edge = begin; edge < end; ++edge) {
      int64_t j = graph->indices[edge];
      double scale = *columnScales ? (*columnScales)->floats[j] : 1;
      for (int64_t f = 0; f < width; ++f) {
        double value = *values ? (*values)->floats[(*order)[edge] * heads + f / channels] : 1;
        sums[f] += value * scale * (*features)->floats[j * width + f];
      }
    }
    double scale = aggregate.getKind() == AggregateKind::Mean ? 1.0 / (end - begin) : 1;
    if (*rowScales)
      scale *= (*rowScales)->floats[i];
    for (int64_t f = 0; begin != end && f < width; ++f)
      sums[f] *= scale;
  }
  return interpreter.set(op, aggregate.getResult(), std::move(*result));
}

static LogicalResult evaluateScatterWinners(Interpreter &interpreter, Operation *op) {
  auto scatter = cast<ScatterWinnersOp>(op);
  GraphRef graph = getGraph(interpreter, scatter.getGraph());
  if (!graph)
    return failure();
  FailureOr<TensorRef> gradient =
      getShaped(interpreter, op, "gradient", scatter.getGradient(), {graph->columns, ShapedType::kDynamic});
  if (failed(gradient))
    return failure();
  FailureOr<TensorRef> winners = getShaped(interpreter, op, "winners", scatter.getWinners(), (*gradient)->shape);
  if (failed(winners))
    return failure();
  int64_t width = (*gradient)->shape[1];
  FailureOr<Tensor> result = interpreter.allocate(op, (*gradient)->elementType, {graph->rows, width});
  if (failed(result))
    return failure();
  for (int64_t j = 0; j < graph->rows; ++j)
    for (int32_t edge = graph->positions[j]; edge < graph->positions[j + 1]; ++edge)
      for (int64_t f = 0; f < width; ++f)
        if (int64_t from = graph->indices[edge] * width + f; (*winners)->ints[from] == j)
          result->floats[j * width + f] += (*gradient)->floats[from];
  return interpreter.set(op, scatter.getResult(), std::move(*result));
}

//===----------------------------------------------------------------------===//
// SDDMMOp
//===----------------------------------------------------------------------===//

static LogicalResult evaluateSDDMM(Interpreter &interpreter, Operation *op) {
  auto sddmm = cast<SDDMMOp>(op);
  GraphRef graph = getGraph(interpreter, sddmm.getGraph());
  if (!graph)
    return failure();
  FailureOr<TensorRef> rows = getShaped(interpreter, op, "rows", sddmm.getRows(), {graph->rows, ShapedType::kDynamic});
  if (failed(rows))
    return failure();
  int64_t edges = graph->edges(), width = (*rows)->shape[1];
  FailureOr<TensorRef> columns = getShaped(interpreter, op, "columns", sddmm.getColumns(), {graph->columns, width});
  FailureOr<EdgeOrder> order = EdgeOrder::get(interpreter, op, sddmm.getOrder(), edges);
  FailureOr<TensorRef> rowScales = getShaped(interpreter, op, "row_scales", sddmm.getRowScales(), {graph->rows});
  FailureOr<TensorRef> columnScales =
      getShaped(interpreter, op, "column_scales", sddmm.getColumnScales(), {graph->columns});
  if (failed(columns) || failed(order) || failed(rowScales) || failed(columnScales))
    return failure();
  auto type = cast<RankedTensorType>(sddmm.getType());
  bool isDot = sddmm.getKind() == SDDMMKind::Dot;
  int64_t heads = type.getRank() == 1 ? 1 : isDot ? type.getDimSize(1) : width;
  if (ShapedType::isDynamic(heads))
    return op->emitOpError("has a result whose number of heads the evaluator cannot know: ") << type;
  if (isDot ? heads < 1 || width % heads != 0 : heads != width)
    return op->emitOpError("number of columns of the result must ")
           << (isDot ? "divide" : "be") << " that of rows, got " << heads << " and " << width;
  SmallVector<int64_t> shape = {edges};
  if (type.getRank() == 2)
    shape.push_back(heads);
  FailureOr<Tensor> result = interpreter.allocate(op, type.getElementType(), shape);
  if (failed(result))
    return failure();
  int64_t channels = isDot ? width / heads : 1;
  for (int64_t i = 0; i < graph->rows; ++i)
    for (int32_t edge = graph->positions[i]; edge < graph->positions[i + 1]; ++edge) {
      int64_t j = graph->indices[edge];
      double scale = (*rowScales ? (*rowScales)->floats[i] : 1) * (*columnScales ? (*columnScales)->floats[j] : 1);
      for (int64_t h = 0; h < heads; ++h) {
        double &value = result->floats[(*order)[edge] * heads + h];
        value = 0;
        for (int64_t c = h * channels; c < (h + 1) * channels; ++c) {
          double row = (*rows)->floats[i * width + c], column = (*columns)->floats[j * width + c];
          value += isDot ? row * column : row + column;
        }
        value *= scale;
      }
    }
  return interpreter.set(op, sddmm.getResult(), std::move(*result));
}

Handler reference::getMessageHandler(Operation *op) {
  if (isa<AssembleOp>(op))
    return evaluateAssemble;
  if (isa<TransposeOp>(op))
    return evaluateTranspose;
  if (isa<DegreeOp>(op))
    return evaluateDegree;
  if (isa<AggregateOp>(op))
    return evaluateAggregate;
  if (isa<ScatterWinnersOp>(op))
    return evaluateScatterWinners;
  if (isa<SDDMMOp>(op))
    return evaluateSDDMM;
  return nullptr;
}
