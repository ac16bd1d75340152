//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops that pass messages along the edges of a graph: verification.
//
//===----------------------------------------------------------------------===//
#include "Extents.h"
#include "GraphVerifiers.h"
#include "spnn/IR/Graphs.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace spnn;

//===----------------------------------------------------------------------===//
// What all ops on graphs share
//===----------------------------------------------------------------------===//

LogicalResult spnn::verifyDense(Operation *op, StringRef name, Value value, ArrayRef<int64_t> shape, Type element) {
  if (!value)
    return success();
  auto type = dyn_cast<RankedTensorType>(value.getType());
  bool fits = type && !type.getEncoding() && type.getRank() == static_cast<int64_t>(shape.size()) &&
              (!element || type.getElementType() == element);
  for (size_t i = 0; fits && i < shape.size(); ++i)
    fits = areCompatible(type.getDimSize(i), shape[i]);
  if (fits)
    return success();
  std::string expected;
  llvm::raw_string_ostream os(expected);
  llvm::interleave(shape, os, [&](int64_t extent) { os << printExtent(extent); }, "x");
  if (element)
    os << (shape.empty() ? "" : "x") << element;
  InFlightDiagnostic diag = op->emitOpError() << name << " must be a dense tensor";
  if (element)
    diag << "<" << expected << ">";
  else
    diag << " of shape " << expected;
  return diag << ", got " << value.getType();
}

LogicalResult spnn::verifyEdgeValues(Operation *op, StringRef name, Value value, int64_t edges, int64_t heads,
                                     Type element) {
  auto type = dyn_cast_or_null<RankedTensorType>(value ? value.getType() : Type());
  SmallVector<int64_t> shape = {edges};
  if (type && type.getRank() != 1)
    shape.push_back(heads);
  return verifyDense(op, name, value, shape, element);
}

static int64_t extent(Value value, unsigned dim) { return cast<RankedTensorType>(value.getType()).getDimSize(dim); }
static Type elementOf(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }
static Type getI32(Operation *op) { return IntegerType::get(op->getContext(), 32); }

/// The columns of a tensor of rank 2, dynamic for other ranks, whose rank another check refuses.
static int64_t columnsOf(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getRank() == 2 ? type.getDimSize(1) : ShapedType::kDynamic;
}

//===----------------------------------------------------------------------===//
// AssembleOp, TransposeOp, DegreeOp
//===----------------------------------------------------------------------===//

LogicalResult AssembleOp::verify() {
  int64_t rows = extent(getGraph(), 0), columns = extent(getGraph(), 1);
  // C1
  int64_t positions = ShapedType::isDynamic(rows) ? rows : rows + 1;
  if (failed(verifyDense(*this, "positions", getPositions(), {positions}, getI32(*this))) ||
      failed(verifyDense(*this, "indices", getIndices(), {ShapedType::kDynamic}, getI32(*this))))
    return failure();
  // C2
  if (ShapedType::isDynamic(columns) != static_cast<bool>(getColumns()))
    return emitOpError()
           << "must have the operand 'columns' if and only if the graph's number of columns is dynamic, got "
           << getGraph().getType();
  // C3
  if (getSymmetric() && !areCompatible(rows, columns))
    return emitOpError() << "a symmetric graph must have as many rows as columns, got " << getGraph().getType();
  return success();
}

static LogicalResult verifyTransposed(Operation *op, Value graph, Value transposed, Value order) {
  auto type = cast<RankedTensorType>(graph.getType()), other = cast<RankedTensorType>(transposed.getType());
  if (!areCompatible(type.getDimSize(0), other.getDimSize(1)) ||
      !areCompatible(type.getDimSize(1), other.getDimSize(0)) || type.getEncoding() != other.getEncoding())
    return op->emitOpError() << "transposed graph of " << type
                             << " must have its extents, exchanged, and its encoding, got " << other;
  return verifyDense(op, "order", order, {countEdges(graph)}, getI32(op));
}

LogicalResult TransposeOp::verify() {
  // C1, C2
  return verifyTransposed(*this, getGraph(), getTransposed(), getOrder());
}

LogicalResult DegreeOp::verify() {
  // C1
  return verifyDense(*this, "result", getResult(), {extent(getGraph(), 0)}, nullptr);
}

//===----------------------------------------------------------------------===//
// AggregateOp, ScatterWinnersOp
//===----------------------------------------------------------------------===//

LogicalResult AggregateOp::verify() {
  int64_t rows = extent(getGraph(), 0), columns = extent(getGraph(), 1), edges = countEdges(getGraph());
  int64_t width = columnsOf(getFeatures());
  // C1, C2
  Type element = elementOf(getFeatures());
  if (failed(verifyDense(*this, "features", getFeatures(), {columns, ShapedType::kDynamic}, element)) ||
      failed(verifyDense(*this, "result", getResult(), {rows, width}, element)))
    return failure();
  // C3
  if (failed(verifyDense(*this, "row_scales", getRowScales(), {rows}, element)) ||
      failed(verifyDense(*this, "column_scales", getColumnScales(), {columns}, element)))
    return failure();
  // C4
  if (Value values = getEdgeValues()) {
    if (failed(verifyEdgeValues(*this, "edge_values", values, edges, ShapedType::kDynamic, element)))
      return failure();
    int64_t heads = cast<RankedTensorType>(values.getType()).getRank() == 2 ? extent(values, 1) : 1;
    if (!ShapedType::isDynamic(heads) && !ShapedType::isDynamic(width) && (heads < 1 || width % heads != 0))
      return emitOpError() << "number of columns of edge_values must divide that of features, got " << heads << " and "
                           << width;
  }
  // C5
  if (getOrder() && !getEdgeValues())
    return emitOpError() << "has an order but no edge_values that it could be the order of";
  if (failed(verifyDense(*this, "order", getOrder(), {edges}, getI32(*this))))
    return failure();
  // C6
  bool picks = getKind() == AggregateKind::Max || getKind() == AggregateKind::Min;
  if (getWinners() && !picks)
    return emitOpError() << "has winners, which only max and min have, not " << stringifyAggregateKind(getKind());
  if (picks && (getEdgeValues() || getRowScales() || getColumnScales()))
    return emitOpError() << stringifyAggregateKind(getKind()) << " takes neither edge values nor scales";
  return verifyDense(*this, "winners", getWinners(), {rows, width}, getI32(*this));
}

LogicalResult ScatterWinnersOp::verify() {
  int64_t width = columnsOf(getGradient());
  // C1
  if (failed(verifyDense(*this, "gradient", getGradient(), {extent(getGraph(), 1), ShapedType::kDynamic}, nullptr)) ||
      failed(verifyDense(*this, "winners", getWinners(), {extent(getGraph(), 1), width}, getI32(*this))))
    return failure();
  // C2
  return verifyDense(*this, "result", getResult(), {extent(getGraph(), 0), width}, elementOf(getGradient()));
}

//===----------------------------------------------------------------------===//
// SDDMMOp, EdgeSoftmaxOp, EdgeSoftmaxBackwardOp
//===----------------------------------------------------------------------===//

LogicalResult SDDMMOp::verify() {
  int64_t rows = extent(getGraph(), 0), columns = extent(getGraph(), 1), edges = countEdges(getGraph());
  Type element = elementOf(getRows());
  int64_t width = columnsOf(getRows());
  // C1, C2
  if (failed(verifyDense(*this, "rows", getRows(), {rows, ShapedType::kDynamic}, element)) ||
      failed(verifyDense(*this, "columns", getColumns(), {columns, width}, element)))
    return failure();
  // C3
  if (failed(verifyEdgeValues(*this, "result", getResult(), edges, ShapedType::kDynamic, element)))
    return failure();
  int64_t heads = cast<RankedTensorType>(getType()).getRank() == 2 ? extent(getResult(), 1) : 1;
  if (!ShapedType::isDynamic(heads) && !ShapedType::isDynamic(width)) {
    if (getKind() == SDDMMKind::Dot && (heads < 1 || width % heads != 0))
      return emitOpError() << "number of columns of the result must divide that of rows, got " << heads << " and "
                           << width;
    if (getKind() == SDDMMKind::Add && heads != width)
      return emitOpError() << "result of add must have the columns of rows, got " << heads << " and " << width;
  }
  // C4
  if (getKind() == SDDMMKind::Add && (getRowScales() || getColumnScales()))
    return emitOpError() << "add takes no scales";
  if (failed(verifyDense(*this, "row_scales", getRowScales(), {rows}, element)) ||
      failed(verifyDense(*this, "column_scales", getColumnScales(), {columns}, element)))
    return failure();
  // C5
  return verifyDense(*this, "order", getOrder(), {edges}, getI32(*this));
}

LogicalResult EdgeSoftmaxOp::verify() {
  // C1
  return verifyEdgeValues(*this, "values", getValues(), countEdges(getGraph()), ShapedType::kDynamic, nullptr);
}

LogicalResult EdgeSoftmaxBackwardOp::verify() {
  // C1
  return verifyEdgeValues(*this, "probabilities", getProbabilities(), countEdges(getGraph()), ShapedType::kDynamic,
                          nullptr);
}

//===----------------------------------------------------------------------===//
// GraphAttentionOp, GraphAttentionBackwardOp
//===----------------------------------------------------------------------===//

/// C1 to C6 of spnn.graph_attention, as far as they are about what the backward op has too. `output` has the type of
/// the forward op's result, and is called `outputName`.
template <typename Op> static LogicalResult verifyAttention(Op op, StringRef outputName, Value output) {
  int64_t rows = extent(op.getGraph(), 0), columns = extent(op.getGraph(), 1), edges = countEdges(op.getGraph());
  Type element = elementOf(op.getFeatures());
  int64_t width = columnsOf(op.getFeatures()), heads = op.getHeads();
  // C1, C6
  if (failed(verifyDense(op, "features", op.getFeatures(), {columns, ShapedType::kDynamic}, element)))
    return failure();
  if (heads < 1 || (!ShapedType::isDynamic(width) && width % heads != 0))
    return op.emitOpError() << "heads must be positive and divide the columns of features, got " << heads << " and "
                            << printExtent(width);
  // C2
  bool isGAT = op.getKind() == ScoreKind::GAT;
  int64_t scores = isGAT ? heads : width;
  if (failed(verifyDense(op, "row_scores", op.getRowScores(), {rows, scores}, element)) ||
      failed(verifyDense(op, "column_scores", op.getColumnScores(), {columns, scores}, element)))
    return failure();
  // C3
  if (static_cast<bool>(op.getAttention()) == isGAT)
    return op.emitOpError() << (isGAT ? "gat takes no attention vector" : "gatv2 must have an attention vector");
  if (failed(verifyDense(op, "attention", op.getAttention(), {width}, element)))
    return failure();
  // C4
  double rate = op.getRate().convertToDouble();
  if (!(rate >= 0 && rate < 1) || (rate != 0 && !op.getSeed()))
    return op.emitOpError() << "rate must be in [0, 1), and 0 without a seed, got " << rate;
  // C5
  if (failed(verifyDense(op, outputName, output, {rows, width}, element)) ||
      failed(verifyDense(op, "logsumexp", op.getLogsumexp(), {rows, heads}, element)))
    return failure();
  return verifyDense(op, "coefficients", op.getCoefficients(), {edges, heads}, element);
}

LogicalResult GraphAttentionOp::verify() { return verifyAttention(*this, "result", getResult()); }

LogicalResult GraphAttentionBackwardOp::verify() {
  // C1
  if (failed(verifyAttention(*this, "output", getOutput())))
    return failure();
  if (getGradient().getType() != getOutput().getType())
    return emitOpError() << "gradient must have the output's type " << getOutput().getType() << ", got "
                         << getGradient().getType();
  // C2
  if (failed(verifyTransposed(*this, getGraph(), getTransposed(), getOrder())))
    return failure();
  // C3
  for (auto [name, operand, gradient] : {std::tuple("features", getFeatures(), getDFeatures()),
                                         std::tuple("row_scores", getRowScores(), getDRowScores()),
                                         std::tuple("column_scores", getColumnScores(), getDColumnScores())})
    if (operand.getType() != gradient.getType())
      return emitOpError() << "gradient of " << name << " must have type " << operand.getType() << ", got "
                           << gradient.getType();
  if (static_cast<bool>(getAttention()) != static_cast<bool>(getDAttention()) ||
      (getAttention() && getAttention().getType() != getDAttention().getType()))
    return emitOpError() << "must return a gradient of the attention vector, of its type, if and only if it has one";
  return success();
}
