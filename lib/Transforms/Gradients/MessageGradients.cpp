//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gradients of message passing: messages go back along the edges of the transposed graph.
//
//===----------------------------------------------------------------------===//
#include "../GraphUtils.h"
#include "Gradients.h"
#include "spnn/IR/Graphs.h"

#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace spnn;

namespace {
/// A graph with its edges turned round, and the number that each edge has in the graph's edge data; no order where the
/// data are in the order of the edges.
struct Turned {
  Value graph, order;
};
} // namespace

/// spnn.transpose of `graph`: one that is in the block already, or a new one.
static TransposeOp getTransposed(OpBuilder &b, Location loc, Value graph) {
  TransposeOp found;
  for (Operation *user : graph.getUsers())
    if (auto transpose = dyn_cast<TransposeOp>(user); transpose && user->getBlock() == b.getInsertionBlock())
      if (!found || user->isBeforeInBlock(found))
        found = transpose;
  if (found)
    return found;
  auto type = cast<RankedTensorType>(graph.getType());
  auto turned =
      RankedTensorType::get({type.getDimSize(1), type.getDimSize(0)}, type.getElementType(), type.getEncoding());
  return TransposeOp::create(b, loc, turned, RankedTensorType::get({countEdges(graph)}, b.getI32Type()), graph);
}

/// first[second[e]] for each edge.
static Value composeOrders(OpBuilder &b, Location loc, Value first, Value second) {
  AffineMap identity = b.getMultiDimIdentityMap(1);
  return linalg::GenericOp::create(b, loc, second.getType(), second, createEmptyLike(b, loc, second),
                                   ArrayRef<AffineMap>{identity, identity}, utils::IteratorType::parallel,
                                   [&](OpBuilder &b, Location loc, ValueRange args) {
                                     Value edge = arith::IndexCastOp::create(b, loc, b.getIndexType(), args[0]);
                                     Value number = tensor::ExtractOp::create(b, loc, first, edge);
                                     linalg::YieldOp::create(b, loc, number);
                                   })
      .getResult(0);
}

/// The transpose of `graph`, whose edge data have the order `order` (null: that of the edges).
static Turned turn(OpBuilder &b, Location loc, Value graph, Value order, bool hasData) {
  // The transpose of a transpose is what it was made of, and so is its order.
  auto transpose = graph.getDefiningOp<TransposeOp>();
  if (transpose && (!hasData || order == transpose.getOrder()))
    return {transpose.getGraph(), Value()};
  TransposeOp turned = getTransposed(b, loc, graph);
  if (!hasData)
    return {turned.getTransposed(), Value()};
  return {turned.getTransposed(), order ? composeOrders(b, loc, order, turned.getOrder()) : turned.getOrder()};
}

static Value createSumAggregate(OpBuilder &b, Location loc, Value like, Value graph, Value features, Value values,
                                Value order, Value rowScales, Value columnScales) {
  return AggregateOp::create(b, loc, like.getType(), Type(), AggregateKind::Sum, graph, features, values, order,
                             rowScales, columnScales)
      .getResult();
}

/// The dot product of each row of x with the same row of y.
static Value createRowDots(OpBuilder &b, Location loc, Value x, Value y, Value like) {
  Value init = createFilledLike(b, loc, like, 0);
  AffineMap all = b.getMultiDimIdentityMap(2);
  SmallVector<AffineMap> maps{all, all, AffineMap::get(2, 0, b.getAffineDimExpr(0))};
  SmallVector<utils::IteratorType> iterators{utils::IteratorType::parallel, utils::IteratorType::reduction};
  Value dots = linalg::GenericOp::create(b, loc, init.getType(), ValueRange{x, y}, init, maps, iterators,
                                         [](OpBuilder &b, Location loc, ValueRange args) {
                                           Value product = arith::MulFOp::create(b, loc, args[0], args[1]);
                                           Value sum = arith::AddFOp::create(b, loc, args[2], product);
                                           linalg::YieldOp::create(b, loc, sum);
                                         })
                   .getResult(0);
  return castTo(b, loc, dots, like.getType());
}

/// scales[i] / degree[i], where absent scales are 1; a row without edges, whose value nothing reads, gets that of one
/// edge.
static Value createMeanScales(OpBuilder &b, Location loc, Value graph, Value scales, Type element) {
  auto type = RankedTensorType::get({cast<RankedTensorType>(graph.getType()).getDimSize(0)}, element);
  Value degree = DegreeOp::create(b, loc, type, graph);
  AffineMap identity = b.getMultiDimIdentityMap(1);
  SmallVector<Value> inputs{degree};
  if (scales)
    inputs.push_back(scales);
  SmallVector<AffineMap> maps(inputs.size() + 1, identity);
  Value mean = linalg::GenericOp::create(
                   b, loc, type, inputs, createEmptyLike(b, loc, degree), maps, utils::IteratorType::parallel,
                   [&](OpBuilder &b, Location loc, ValueRange args) {
                     Value one = arith::ConstantOp::create(b, loc, b.getFloatAttr(element, 1));
                     Value divisor = arith::MaximumFOp::create(b, loc, args[0], one);
                     Value dividend = scales ? args[1] : one;
                     linalg::YieldOp::create(b, loc, arith::DivFOp::create(b, loc, dividend, divisor).getResult());
                   })
                   .getResult(0);
  return mean;
}

namespace {
/// The gradients of an op, by operand rather than by number.
struct Gradients {
  ArrayRef<bool> needed;
  SmallVectorImpl<Value> &operands;

  bool needs(OpOperand &operand) const { return needed[operand.getOperandNumber()]; }
  bool needs(MutableOperandRange range) const { return !range.empty() && needs(range[0]); }
  void set(OpOperand &operand, Value value) {
    if (needs(operand))
      operands[operand.getOperandNumber()] = value;
  }
  void set(MutableOperandRange range, Value value) {
    if (needs(range))
      set(range[0], value);
  }
};

struct AggregateGradient : public DifferentiableOpInterface::ExternalModel<AggregateGradient, AggregateOp> {
  LogicalResult buildGradients(Operation *operation, OpBuilder &b, ArrayRef<Value> results, ArrayRef<bool> needed,
                               SmallVectorImpl<Value> &operands) const {
    auto op = cast<AggregateOp>(operation);
    Location loc = op.getLoc();
    Gradients gradients{needed, operands};
    Value gradient = results[0], graph = op.getGraph(), features = op.getFeatures(), values = op.getEdgeValues();
    if (op.getKind() == AggregateKind::Max || op.getKind() == AggregateKind::Min) {
      if (!op.getWinners())
        return op.emitOpError("cannot be differentiated: it does not return its winners");
      operands[op.getFeaturesMutable().getOperandNumber()] = ScatterWinnersOp::create(
          b, loc, features.getType(), turn(b, loc, graph, Value(), false).graph, op.getWinners(), gradient);
      return success();
    }
    // A mean is a sum with other scales of rows.
    Value rowScales = op.getRowScales(), rowFactors = Value();
    if (op.getKind() == AggregateKind::Mean) {
      Type element = getElementTypeOrSelf(features);
      if (gradients.needs(op.getRowScalesMutable()))
        rowFactors = createMeanScales(b, loc, graph, Value(), element);
      rowScales = createMeanScales(b, loc, graph, rowScales, element);
    }
    Value columnScales = op.getColumnScales();
    auto sumBack = [&](Value newRowScales) {
      Turned turned = turn(b, loc, graph, op.getOrder(), values != nullptr);
      return createSumAggregate(b, loc, features, turned.graph, gradient, values, turned.order, newRowScales,
                                rowScales);
    };
    if (gradients.needs(op.getFeaturesMutable()))
      gradients.set(op.getFeaturesMutable(), sumBack(columnScales));
    if (gradients.needs(op.getEdgeValuesMutable()))
      gradients.set(op.getEdgeValuesMutable(),
                    SDDMMOp::create(b, loc, values.getType(), SDDMMKind::Dot, graph, gradient, features, op.getOrder(),
                                    rowScales, columnScales));
    if (gradients.needs(op.getRowScalesMutable())) {
      Value unscaled =
          createSumAggregate(b, loc, op.getResult(), graph, features, values, op.getOrder(), rowFactors, columnScales);
      gradients.set(op.getRowScalesMutable(), createRowDots(b, loc, gradient, unscaled, op.getRowScales()));
    }
    if (gradients.needs(op.getColumnScalesMutable()))
      gradients.set(op.getColumnScalesMutable(), createRowDots(b, loc, features, sumBack(Value()), columnScales));
    return success();
  }
};

struct SDDMMGradient : public DifferentiableOpInterface::ExternalModel<SDDMMGradient, SDDMMOp> {
  LogicalResult buildGradients(Operation *operation, OpBuilder &b, ArrayRef<Value> results, ArrayRef<bool> needed,
                               SmallVectorImpl<Value> &operands) const {
    auto op = cast<SDDMMOp>(operation);
    Location loc = op.getLoc();
    Gradients gradients{needed, operands};
    Value gradient = results[0], graph = op.getGraph(), rows = op.getRows(), columns = op.getColumns();
    Value rowScales = op.getRowScales(), columnScales = op.getColumnScales(), order = op.getOrder();
    // For an addition every edge sends its own gradient: a dot product with ones.
    bool isDot = op.getKind() == SDDMMKind::Dot;
    auto toRows = [&](Value scales) {
      Value features = isDot ? columns : createFilledLike(b, loc, columns, 1);
      return createSumAggregate(b, loc, rows, graph, features, gradient, order, scales, columnScales);
    };
    auto toColumns = [&](Value scales) {
      Turned turned = turn(b, loc, graph, order, true);
      Value features = isDot ? rows : createFilledLike(b, loc, rows, 1);
      return createSumAggregate(b, loc, columns, turned.graph, features, gradient, turned.order, scales, rowScales);
    };
    if (gradients.needs(op.getRowsMutable()))
      gradients.set(op.getRowsMutable(), toRows(rowScales));
    if (gradients.needs(op.getColumnsMutable()))
      gradients.set(op.getColumnsMutable(), toColumns(columnScales));
    if (gradients.needs(op.getRowScalesMutable()))
      gradients.set(op.getRowScalesMutable(), createRowDots(b, loc, rows, toRows(Value()), rowScales));
    if (gradients.needs(op.getColumnScalesMutable()))
      gradients.set(op.getColumnScalesMutable(), createRowDots(b, loc, columns, toColumns(Value()), columnScales));
    return success();
  }
};

struct EdgeSoftmaxGradient : public DifferentiableOpInterface::ExternalModel<EdgeSoftmaxGradient, EdgeSoftmaxOp> {
  LogicalResult buildGradients(Operation *operation, OpBuilder &b, ArrayRef<Value> results, ArrayRef<bool>,
                               SmallVectorImpl<Value> &operands) const {
    auto op = cast<EdgeSoftmaxOp>(operation);
    operands[op.getValuesMutable().getOperandNumber()] =
        EdgeSoftmaxBackwardOp::create(b, op.getLoc(), op.getType(), op.getGraph(), op.getResult(), results[0]);
    return success();
  }
};

struct GraphAttentionGradient
    : public DifferentiableOpInterface::ExternalModel<GraphAttentionGradient, GraphAttentionOp> {
  LogicalResult buildGradients(Operation *operation, OpBuilder &b, ArrayRef<Value> results, ArrayRef<bool> needed,
                               SmallVectorImpl<Value> &operands) const {
    auto op = cast<GraphAttentionOp>(operation);
    if (results[1] || (results.size() > 2 && results[2]))
      return op.emitOpError("cannot be differentiated through logsumexp or coefficients, only through its result");
    TransposeOp turned = getTransposed(b, op.getLoc(), op.getGraph());
    Value attention = op.getAttention();
    auto backward = GraphAttentionBackwardOp::create(
        b, op.getLoc(), op.getFeatures().getType(), op.getRowScores().getType(), op.getColumnScores().getType(),
        attention ? attention.getType() : Type(), op.getKind(), op.getGraph(), turned.getTransposed(),
        turned.getOrder(), op.getFeatures(), op.getRowScores(), op.getColumnScores(), op.getResult(), op.getLogsumexp(),
        results[0], attention, op.getCoefficients(), op.getSeed(), op.getHeads(), op.getSlope(), op.getRate(),
        op.getStream());
    Gradients gradients{needed, operands};
    gradients.set(op.getFeaturesMutable(), backward.getDFeatures());
    gradients.set(op.getRowScoresMutable(), backward.getDRowScores());
    gradients.set(op.getColumnScoresMutable(), backward.getDColumnScores());
    gradients.set(op.getAttentionMutable(), backward.getDAttention());
    return success();
  }
};
} // namespace

void spnn::attachMessageGradients(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, SPNNDialect *) {
    AggregateOp::attachInterface<AggregateGradient>(*context);
    SDDMMOp::attachInterface<SDDMMGradient>(*context);
    EdgeSoftmaxOp::attachInterface<EdgeSoftmaxGradient>(*context);
    GraphAttentionOp::attachInterface<GraphAttentionGradient>(*context);
  });
}
