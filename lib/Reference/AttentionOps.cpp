//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Softmax over the edges of a row, graph attention, and the gradients of both.
//
//===----------------------------------------------------------------------===//
#include "Messages.h"

#include "spnn/Reference/Dropout.h"

#include <cmath>

using namespace mlir;
using namespace spnn;
using namespace spnn::reference;

//===----------------------------------------------------------------------===//
// EdgeSoftmaxOp, EdgeSoftmaxBackwardOp
//===----------------------------------------------------------------------===//

/// values[e, h] of the edges of each row become exp(values[e, h]) over their sum; returns the logarithms of these sums
/// [row, h], minus infinity without edges.
static std::vector<double> normalizeRows(const Adjacency &graph, int64_t heads, std::vector<double> &values) {
  std::vector<double> logarithms(graph.rows * heads, -INFINITY);
  for (int64_t i = 0; i < graph.rows; ++i)
    for (int64_t h = 0; h < heads && graph.positions[i] != graph.positions[i + 1]; ++h) {
      double greatest = -INFINITY, sum = 0;
      for (int32_t edge = graph.positions[i]; edge < graph.positions[i + 1]; ++edge)
        greatest = std::fmax(greatest, values[edge * heads + h]);
      for (int32_t edge = graph.positions[i]; edge < graph.positions[i + 1]; ++edge)
        sum += std::exp(values[edge * heads + h] - greatest);
      for (int32_t edge = graph.positions[i]; edge < graph.positions[i + 1]; ++edge)
        values[edge * heads + h] = std::exp(values[edge * heads + h] - greatest) / sum;
      logarithms[i * heads + h] = greatest + std::log(sum);
    }
  return logarithms;
}

static LogicalResult evaluateEdgeSoftmax(Interpreter &interpreter, Operation *op) {
  auto softmax = cast<EdgeSoftmaxOp>(op);
  GraphRef graph = getGraph(interpreter, softmax.getGraph());
  if (!graph || failed(getEdgeValues(interpreter, op, "values", softmax.getValues(), graph->edges())))
    return failure();
  FailureOr<Tensor> values = interpreter.take(softmax.getValuesMutable());
  if (failed(values))
    return failure();
  normalizeRows(*graph, countHeads(*values), values->floats);
  return interpreter.set(op, softmax.getResult(), std::move(*values));
}

static LogicalResult evaluateEdgeSoftmaxBackward(Interpreter &interpreter, Operation *op) {
  auto backward = cast<EdgeSoftmaxBackwardOp>(op);
  GraphRef graph = getGraph(interpreter, backward.getGraph());
  if (!graph)
    return failure();
  FailureOr<TensorRef> probabilities =
      getEdgeValues(interpreter, op, "probabilities", backward.getProbabilities(), graph->edges());
  if (failed(probabilities) ||
      failed(getShaped(interpreter, op, "gradient", backward.getGradient(), (*probabilities)->shape)))
    return failure();
  FailureOr<Tensor> gradient = interpreter.take(backward.getGradientMutable());
  if (failed(gradient))
    return failure();
  int64_t heads = countHeads(**probabilities);
  const std::vector<double> &p = (*probabilities)->floats;
  for (int64_t i = 0; i < graph->rows; ++i)
    for (int64_t h = 0; h < heads; ++h) {
      double sum = 0;
      for (int64_t edge = graph->positions[i]; edge < graph->positions[i + 1]; ++edge)
        sum += p[edge * heads + h] * gradient->floats[edge * heads + h];
      for (int64_t edge = graph->positions[i]; edge < graph->positions[i + 1]; ++edge) {
        double &value = gradient->floats[edge * heads + h];
        value = p[edge * heads + h] * (value - sum);
      }
    }
  return interpreter.set(op, backward.getResult(), std::move(*gradient));
}

//===----------------------------------------------------------------------===//
// GraphAttentionOp, GraphAttentionBackwardOp
//===----------------------------------------------------------------------===//

namespace {
/// What graph_attention and its gradient both read.
struct Attention {
  GraphRef graph;
  TensorRef features, rowScores, columnScores, vector;
  std::optional<DropoutMask> mask;
  bool isGAT;
  int64_t heads, width, channels;
  double slope;

  /// Reads the operands; an error at the op if a shape does not fit.
  template <typename Op> static FailureOr<Attention> get(Interpreter &interpreter, Op op);

  /// Visits what leakyrelu is applied to in the score of an edge and head: f(number in row_scores, number in
  /// column_scores, number in the attention vector or -1, sum).
  template <typename Visitor> void forEachTerm(int64_t row, int64_t column, int64_t head, Visitor visit) const {
    int64_t terms = isGAT ? 1 : channels, stride = isGAT ? heads : width;
    for (int64_t term = 0; term < terms; ++term) {
      int64_t place = head * terms + term;
      int64_t r = row * stride + place, l = column * stride + place;
      visit(r, l, isGAT ? -1 : place, rowScores->floats[r] + columnScores->floats[l]);
    }
  }
  /// The score of each edge and head.
  std::vector<double> getScores() const;
  double keep(int64_t edge, int64_t head) const { return mask ? (*mask)(edge * heads + head) : 1; }
  double weigh(int64_t place) const { return place < 0 ? 1 : vector->floats[place]; }
  double derive(double sum) const { return sum > 0 ? 1 : slope; }
};
} // namespace

template <typename Op> FailureOr<Attention> Attention::get(Interpreter &interpreter, Op op) {
  Attention result;
  result.graph = getGraph(interpreter, op.getGraph());
  if (!result.graph)
    return failure();
  result.isGAT = op.getKind() == ScoreKind::GAT;
  result.heads = op.getHeads();
  result.slope = op.getSlope().convertToDouble();
  FailureOr<TensorRef> features =
      getShaped(interpreter, op, "features", op.getFeatures(), {result.graph->columns, ShapedType::kDynamic});
  if (failed(features))
    return failure();
  result.features = *features;
  result.width = result.features->shape[1];
  if (result.width % result.heads != 0)
    return op.emitOpError("heads must divide the columns of features, got ") << result.heads << " and " << result.width;
  result.channels = result.width / result.heads;
  int64_t scores = result.isGAT ? result.heads : result.width;
  FailureOr<TensorRef> rowScores =
      getShaped(interpreter, op, "row_scores", op.getRowScores(), {result.graph->rows, scores});
  FailureOr<TensorRef> columnScores =
      getShaped(interpreter, op, "column_scores", op.getColumnScores(), {result.graph->columns, scores});
  FailureOr<TensorRef> vector = getShaped(interpreter, op, "attention", op.getAttention(), {result.width});
  if (failed(rowScores) || failed(columnScores) || failed(vector))
    return failure();
  result.rowScores = *rowScores;
  result.columnScores = *columnScores;
  result.vector = *vector;
  if (op.getSeed()) {
    FailureOr<int64_t> seed = interpreter.getInteger(op.getSeed());
    if (failed(seed))
      return failure();
    result.mask.emplace(*seed, op.getStream(), op.getRate().convertToDouble());
  }
  // What getScores allocates.
  if (failed(interpreter.checkAllocation(op, result.features->elementType, {result.graph->edges(), result.heads})))
    return failure();
  return result;
}

std::vector<double> Attention::getScores() const {
  std::vector<double> scores(graph->edges() * heads);
  for (int64_t i = 0; i < graph->rows; ++i)
    for (int64_t edge = graph->positions[i]; edge < graph->positions[i + 1]; ++edge)
      for (int64_t h = 0; h < heads; ++h)
        forEachTerm(i, graph->indices[edge], h, [&](int64_t, int64_t, int64_t place, double sum) {
          scores[edge * heads + h] += weigh(place) * derive(sum) * sum;
        });
  return scores;
}

static LogicalResult evaluateGraphAttention(Interpreter &interpreter, Operation *op) {
  auto attend = cast<GraphAttentionOp>(op);
  FailureOr<Attention> attention = Attention::get(interpreter, attend);
  if (failed(attention))
    return failure();
  const Adjacency &graph = *attention->graph;
  int64_t heads = attention->heads, width = attention->width, channels = attention->channels;
  Type element = attention->features->elementType;
  FailureOr<Tensor> result = interpreter.allocate(op, element, {graph.rows, width});
  FailureOr<Tensor> logarithms = interpreter.allocate(op, element, {graph.rows, heads});
  if (failed(result) || failed(logarithms))
    return failure();
  Tensor coefficients = Tensor::zeros(element, {graph.edges(), heads});
  coefficients.floats = attention->getScores();
  logarithms->floats = normalizeRows(graph, heads, coefficients.floats);
  for (int64_t i = 0; i < graph.rows; ++i)
    for (int64_t edge = graph.positions[i]; edge < graph.positions[i + 1]; ++edge)
      for (int64_t f = 0; f < width; ++f)
        result->floats[i * width + f] += attention->keep(edge, f / channels) *
                                         coefficients.floats[edge * heads + f / channels] *
                                         attention->features->floats[graph.indices[edge] * width + f];
  if (attend.getCoefficients() && failed(interpreter.set(op, attend.getCoefficients(), std::move(coefficients))))
    return failure();
  if (failed(interpreter.set(op, attend.getLogsumexp(), std::move(*logarithms))))
    return failure();
  return interpreter.set(op, attend.getResult(), std::move(*result));
}

/// C2 of the backward op, which the evaluator needs for nothing else.
static LogicalResult checkTransposed(Interpreter &interpreter, GraphAttentionBackwardOp op, const Adjacency &graph) {
  GraphRef transposed = getGraph(interpreter, op.getTransposed());
  FailureOr<EdgeOrder> order = EdgeOrder::get(interpreter, op, op.getOrder(), graph.edges());
  if (!transposed || failed(order))
    return failure();
  std::vector<int32_t> expectedOrder;
  Adjacency expected = transposeAdjacency(graph, expectedOrder);
  bool fits = transposed->rows == expected.rows && transposed->columns == expected.columns &&
              transposed->positions == expected.positions && transposed->indices == expected.indices;
  for (int64_t edge = 0; fits && edge < graph.edges(); ++edge)
    fits = (*order)[edge] == expectedOrder[edge];
  if (!fits)
    return op.emitOpError("transposed and order are not what spnn.transpose makes of graph");
  return success();
}

static LogicalResult evaluateGraphAttentionBackward(Interpreter &interpreter, Operation *op) {
  auto backward = cast<GraphAttentionBackwardOp>(op);
  FailureOr<Attention> attention = Attention::get(interpreter, backward);
  if (failed(attention) || failed(checkTransposed(interpreter, backward, *attention->graph)))
    return failure();
  const Adjacency &graph = *attention->graph;
  int64_t heads = attention->heads, width = attention->width, channels = attention->channels;
  FailureOr<TensorRef> output = getShaped(interpreter, op, "output", backward.getOutput(), {graph.rows, width});
  FailureOr<TensorRef> logarithms =
      getShaped(interpreter, op, "logsumexp", backward.getLogsumexp(), {graph.rows, heads});
  FailureOr<TensorRef> gradient = getShaped(interpreter, op, "gradient", backward.getGradient(), {graph.rows, width});
  FailureOr<TensorRef> coefficients =
      getShaped(interpreter, op, "coefficients", backward.getCoefficients(), {graph.edges(), heads});
  if (failed(output) || failed(logarithms) || failed(gradient) || failed(coefficients))
    return failure();
  Type element = attention->features->elementType;
  FailureOr<Tensor> dFeatures = interpreter.allocate(op, element, attention->features->shape);
  FailureOr<Tensor> dRows = interpreter.allocate(op, element, attention->rowScores->shape);
  FailureOr<Tensor> dColumns = interpreter.allocate(op, element, attention->columnScores->shape);
  FailureOr<Tensor> dVector = interpreter.allocate(op, element, {attention->isGAT ? 0 : width});
  if (failed(dFeatures) || failed(dRows) || failed(dColumns) || failed(dVector))
    return failure();
  std::vector<double> scores = attention->getScores();
  const std::vector<double> &features = attention->features->floats, &g = (*gradient)->floats;
  for (int64_t i = 0; i < graph.rows; ++i)
    for (int64_t edge = graph.positions[i]; edge < graph.positions[i + 1]; ++edge)
      for (int64_t h = 0; h < heads; ++h) {
        int64_t j = graph.indices[edge], number = edge * heads + h;
        double p = *coefficients ? (*coefficients)->floats[number]
                                 : std::exp(scores[number] - (*logarithms)->floats[i * heads + h]);
        double keep = attention->keep(edge, h), product = 0, mean = 0;
        for (int64_t f = h * channels; f < (h + 1) * channels; ++f) {
          product += g[i * width + f] * features[j * width + f];
          mean += g[i * width + f] * (*output)->floats[i * width + f];
          dFeatures->floats[j * width + f] += keep * p * g[i * width + f];
        }
        double dScore = p * (keep * product - mean);
        attention->forEachTerm(i, j, h, [&](int64_t r, int64_t l, int64_t place, double sum) {
          double slope = attention->derive(sum), dSum = dScore * attention->weigh(place) * slope;
          dRows->floats[r] += dSum;
          dColumns->floats[l] += dSum;
          if (place >= 0)
            dVector->floats[place] += dScore * slope * sum;
        });
      }
  if (backward.getDAttention() && failed(interpreter.set(op, backward.getDAttention(), std::move(*dVector))))
    return failure();
  return success(succeeded(interpreter.set(op, backward.getDFeatures(), std::move(*dFeatures))) &&
                 succeeded(interpreter.set(op, backward.getDRowScores(), std::move(*dRows))) &&
                 succeeded(interpreter.set(op, backward.getDColumnScores(), std::move(*dColumns))));
}

Handler reference::getAttentionHandler(Operation *op) {
  if (isa<EdgeSoftmaxOp>(op))
    return evaluateEdgeSoftmax;
  if (isa<EdgeSoftmaxBackwardOp>(op))
    return evaluateEdgeSoftmaxBackward;
  if (isa<GraphAttentionOp>(op))
    return evaluateGraphAttention;
  if (isa<GraphAttentionBackwardOp>(op))
    return evaluateGraphAttentionBackward;
  return nullptr;
}
