//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reductions, the ops made of them (Softmax, ArgMax, TopK), and running sums.
//
//===----------------------------------------------------------------------===//
#include "Builders.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;
using namespace spnn::onnximport;
using onnx::TensorProto;

TypedAttr spnn::onnximport::lowestAttr(Type type, bool isUnsigned, bool highest) {
  if (auto floatType = dyn_cast<FloatType>(type))
    return FloatAttr::get(floatType, APFloat::getInf(floatType.getFloatSemantics(), /*Negative=*/!highest));
  unsigned width = type.getIntOrFloatBitWidth();
  if (isUnsigned)
    return IntegerAttr::get(type, highest ? APInt::getMaxValue(width) : APInt::getMinValue(width));
  return IntegerAttr::get(type, highest ? APInt::getSignedMaxValue(width) : APInt::getSignedMinValue(width));
}

Value spnn::onnximport::divideByCount(Node &n, Value total, Value input, ArrayRef<int64_t> axes, bool isUnsigned) {
  if (!total)
    return Value();
  OpFoldResult count = number(n, 1);
  for (int64_t d : axes)
    count = mulSize(n, count, sizeOf(n, input, d));
  return elementwise(
      n, total, typeOf(total).getElementType(),
      [&](Scalars &s, ValueRange x) -> Value {
        if (auto attr = dyn_cast<Attribute>(count))
          return s.div(x[0], s.constantLike(x[0], cast<IntegerAttr>(attr).getInt()));
        Value wide = arith::IndexCastOp::create(s.b, s.b.getI64Type(), cast<Value>(count));
        return s.div(x[0], s.cast(wide, x[0].getType(), false));
      },
      isUnsigned);
}

/// The axes of a reduction: an operand since opset 13 or 18, an attribute before; all of them if none are named.
static std::optional<SmallVector<int64_t>> reductionAxes(Node &n) {
  int64_t rank = n.rank(0);
  std::optional<SmallVector<int64_t>> named = n.integers("axes");
  if (n.has(1)) {
    named = n.numbers(1, "the list of axes");
    if (!named)
      return std::nullopt;
  }
  if (named && !named->empty())
    return n.axes(*named, rank);
  if (n.integer("noop_with_empty_axes", 0) != 0)
    return SmallVector<int64_t>();
  return llvm::to_vector(llvm::seq<int64_t>(0, rank));
}

static Value sumOf(Node &n, Value input, ArrayRef<int64_t> axes, bool keepDims) {
  if (!input)
    return Value();
  return reduce(n, input, axes, keepDims, numberAttr(typeOf(input).getElementType(), 0),
                [](Scalars &s, ValueRange x) { return s.add(x[1], x[0]); });
}

Value spnn::onnximport::reduceSum(Node &n, Value input, ArrayRef<int64_t> axes, bool keepDims) {
  return sumOf(n, input, axes, keepDims);
}

Value spnn::onnximport::reduceMax(Node &n, Value input, ArrayRef<int64_t> axes, bool keepDims, bool isUnsigned) {
  if (!input)
    return Value();
  return reduce(
      n, input, axes, keepDims, lowestAttr(typeOf(input).getElementType(), isUnsigned, false),
      [](Scalars &s, ValueRange x) { return s.max(x[1], x[0]); }, isUnsigned);
}

static LogicalResult importReduce(Node &n) {
  std::optional<SmallVector<int64_t>> axes = reductionAxes(n);
  if (!axes)
    return failure();
  StringRef op = n.proto.op_type();
  bool keep = n.integer("keepdims", 1) != 0, isUnsigned = n.isUnsigned(0);
  Value x = n.in(0);
  Type type = n.elementType(0);
  auto map = [&](Value value, Value (*fn)(Scalars &, Value)) {
    return value ? elementwise(
                       n, value, type, [&](Scalars &s, ValueRange v) { return fn(s, v[0]); }, isUnsigned)
                 : Value();
  };
  auto log = [](Scalars &s, Value v) { return s.log(v); };
  if (op == "ReduceSum")
    return n.set(0, sumOf(n, x, *axes, keep));
  if (op == "ReduceMean")
    return n.set(0, divideByCount(n, sumOf(n, x, *axes, keep), x, *axes, isUnsigned));
  if (op == "ReduceMax")
    return n.set(0, reduceMax(n, x, *axes, keep, isUnsigned));
  if (op == "ReduceMin")
    return n.set(0, reduce(
                        n, x, *axes, keep, lowestAttr(type, isUnsigned, true),
                        [](Scalars &s, ValueRange v) { return s.min(v[1], v[0]); }, isUnsigned));
  if (op == "ReduceProd")
    return n.set(
        0, reduce(n, x, *axes, keep, numberAttr(type, 1), [](Scalars &s, ValueRange v) { return s.mul(v[1], v[0]); }));
  if (op == "ReduceL1")
    return n.set(0, reduce(
                        n, x, *axes, keep, numberAttr(type, 0),
                        [](Scalars &s, ValueRange v) { return s.add(v[1], s.abs(v[0])); }, isUnsigned));
  if (op == "ReduceLogSum")
    return n.isFloat(0) ? n.set(0, map(sumOf(n, x, *axes, keep), log)) : n.refuse("only floats are supported");
  if (op == "ReduceSumSquare" || op == "ReduceL2") {
    Value squares = reduce(n, x, *axes, keep, numberAttr(type, 0),
                           [](Scalars &s, ValueRange v) { return s.add(v[1], s.mul(v[0], v[0])); });
    if (op == "ReduceSumSquare")
      return n.set(0, squares);
    if (!n.isFloat(0))
      return n.refuse("only floats are supported");
    return n.set(0, map(squares, [](Scalars &s, Value v) { return s.sqrt(v); }));
  }
  // ReduceLogSumExp, with the maximum taken out so that exp does not overflow.
  if (!n.isFloat(0))
    return n.refuse("only floats are supported");
  Value top = reduceMax(n, x, *axes, /*keepDims=*/true, false);
  Value exps = elementwise(n, {x, top}, type, [](Scalars &s, ValueRange v) { return s.exp(s.sub(v[0], v[1])); });
  Value result = elementwise(n, {sumOf(n, exps, *axes, true), top}, type,
                             [](Scalars &s, ValueRange v) { return s.add(s.log(v[0]), v[1]); });
  if (keep || !result)
    return n.set(0, result);
  SmallVector<OpFoldResult> sizes;
  for (int64_t d = 0; d < n.rank(0); ++d)
    if (!llvm::is_contained(*axes, d))
      sizes.push_back(sizeOf(n, result, d));
  return n.set(0, reshape(n, result, sizes));
}

/// Before opset 13 the axes from `axis` on count as one; the value in that form and its axis.
static std::optional<int64_t> normalizationAxis(Node &n, Value &x, SmallVector<OpFoldResult> &restore) {
  int64_t rank = n.rank(0);
  restore = sizesOf(n, x);
  std::optional<int64_t> axis = n.integer("axis", n.opset >= 13 ? -1 : 1);
  if (n.opset < 13 && *axis == rank) // allowed there: nothing is left to normalise over
    return (void)n.refuse("its axis equals its rank, which is not supported"), std::nullopt;
  axis = n.axis(*axis, rank);
  if (!axis || n.opset >= 13)
    return axis;
  OpFoldResult rows = number(n, 1), columns = number(n, 1);
  for (int64_t d = 0; d < rank; ++d)
    (d < *axis ? rows : columns) = mulSize(n, d < *axis ? rows : columns, restore[d]);
  x = reshape(n, x, {rows, columns});
  return x ? std::optional<int64_t>(1) : std::nullopt;
}

static LogicalResult importSoftmax(Node &n) {
  bool isLog = n.proto.op_type() == "LogSoftmax";
  Value x = n.in(0);
  SmallVector<OpFoldResult> sizes;
  std::optional<int64_t> axis = normalizationAxis(n, x, sizes);
  if (!axis)
    return failure();
  Type type = n.elementType(0);
  Value top = reduceMax(n, x, *axis, true, false);
  Value result;
  if (isLog) {
    Value shifted = elementwise(n, {x, top}, type, [](Scalars &s, ValueRange v) { return s.sub(v[0], v[1]); });
    Value total = reduce(n, shifted, *axis, true, numberAttr(type, 0),
                         [](Scalars &s, ValueRange v) { return s.add(v[1], s.exp(v[0])); });
    result = elementwise(n, {shifted, total}, type, [](Scalars &s, ValueRange v) { return s.sub(v[0], s.log(v[1])); });
  } else {
    Value exps = elementwise(n, {x, top}, type, [](Scalars &s, ValueRange v) { return s.exp(s.sub(v[0], v[1])); });
    result = elementwise(n, {exps, sumOf(n, exps, *axis, true)}, type,
                         [](Scalars &s, ValueRange v) { return s.div(v[0], v[1]); });
  }
  return n.set(0, reshape(n, result, sizes));
}

/// The position of the largest (or smallest) element along an axis, that axis left out.
static Value argExtreme(Node &n, Value x, int64_t axis, bool largest, bool last, bool isUnsigned) {
  auto type = typeOf(x);
  SmallVector<OpFoldResult> kept;
  SmallVector<AffineExpr> exprs;
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
  iterators[axis] = utils::IteratorType::reduction;
  for (int64_t d = 0; d < type.getRank(); ++d)
    if (d != axis) {
      kept.push_back(sizeOf(n, x, d));
      exprs.push_back(n.b.getAffineDimExpr(d));
    }
  AffineMap out = AffineMap::get(type.getRank(), 0, exprs, n.b.getContext());
  SmallVector<AffineMap> maps = {n.b.getMultiDimIdentityMap(type.getRank()), out, out};
  Value best = filled(n, kept, lowestAttr(type.getElementType(), isUnsigned, !largest));
  Value position = filled(n, kept, n.b.getI64IntegerAttr(0));
  auto op = linalg::GenericOp::create(
      n.b, TypeRange{best.getType(), position.getType()}, x, ValueRange{best, position}, maps, iterators,
      [&](OpBuilder &builder, Location loc, ValueRange v) {
        Scalars s{ImplicitLocOpBuilder(loc, builder), isUnsigned};
        Value here = arith::IndexCastOp::create(s.b, s.b.getI64Type(), s.index(axis));
        Value low = largest ? v[1] : v[0], high = largest ? v[0] : v[1];
        Value better = last ? s.lessEqual(low, high) : s.less(low, high);
        linalg::YieldOp::create(s.b, ValueRange{s.select(better, v[0], v[1]), s.select(better, here, v[2])});
      });
  return op.getResult(1);
}

static LogicalResult importArgExtreme(Node &n) {
  std::optional<int64_t> axis = n.axis(n.integer("axis", 0), n.rank(0));
  if (!axis)
    return failure();
  if (n.shape(0)[*axis] == 0)
    return n.refuse("it looks for an element along an empty axis");
  Value x = n.in(0);
  Value result =
      argExtreme(n, x, *axis, n.proto.op_type() == "ArgMax", n.integer("select_last_index", 0) != 0, n.isUnsigned(0));
  if (n.integer("keepdims", 1) != 0) {
    SmallVector<OpFoldResult> sizes = sizesOf(n, x);
    sizes[*axis] = number(n, 1);
    result = reshape(n, result, sizes);
  }
  return n.set(0, result, TensorProto::INT64);
}

static LogicalResult importHardmax(Node &n) {
  Value x = n.in(0);
  SmallVector<OpFoldResult> sizes;
  std::optional<int64_t> axis = normalizationAxis(n, x, sizes);
  if (!axis)
    return failure();
  Value position = argExtreme(n, x, *axis, true, false, false);
  SmallVector<AffineExpr> exprs;
  int64_t rank = typeOf(x).getRank();
  for (int64_t d = 0; d < rank; ++d)
    if (d != *axis)
      exprs.push_back(n.b.getAffineDimExpr(d));
  Value result = mapped(n, position, AffineMap::get(rank, 0, exprs, n.b.getContext()), sizesOf(n, x), n.elementType(0),
                        [&](Scalars &s, ValueRange v) {
                          Type type = n.elementType(0);
                          Value here = s.equal(s.toIndex(v[0]), s.index(*axis));
                          return s.select(here, s.constant(type, 1), s.constant(type, 0));
                        });
  return n.set(0, reshape(n, result, sizes));
}

/// result[.., i, ..] = the sum over j of body(x[.., j, ..]) where keep(i, j).
static LogicalResult importCumSum(Node &n) {
  std::optional<SmallVector<int64_t>> named = n.numbers(1, "the axis");
  if (!named || named->size() != 1)
    return n.refuse("its axis is no scalar");
  std::optional<int64_t> axis = n.axis((*named)[0], n.rank(0));
  if (!axis)
    return failure();
  bool exclusive = n.integer("exclusive", 0) != 0, reverse = n.integer("reverse", 0) != 0;
  Value x = n.in(0);
  int64_t rank = n.rank(0);
  SmallVector<AffineExpr> from, to;
  for (int64_t d = 0; d < rank; ++d) {
    to.push_back(n.b.getAffineDimExpr(d));
    from.push_back(n.b.getAffineDimExpr(d == *axis ? rank : d));
  }
  SmallVector<AffineMap> maps = {AffineMap::get(rank + 1, 0, from, n.b.getContext()),
                                 AffineMap::get(rank + 1, 0, to, n.b.getContext())};
  SmallVector<utils::IteratorType> iterators(rank + 1, utils::IteratorType::parallel);
  iterators[rank] = utils::IteratorType::reduction;
  Value init = filled(n, sizesOf(n, x), numberAttr(n.elementType(0), 0));
  auto op = linalg::GenericOp::create(n.b, init.getType(), x, init, maps, iterators,
                                      [&](OpBuilder &builder, Location loc, ValueRange v) {
                                        Scalars s{ImplicitLocOpBuilder(loc, builder), false};
                                        Value i = s.index(*axis), j = s.index(rank);
                                        Value low = reverse ? i : j, high = reverse ? j : i;
                                        Value keep = exclusive ? s.less(low, high) : s.lessEqual(low, high);
                                        linalg::YieldOp::create(s.b, s.select(keep, s.add(v[1], v[0]), v[1]));
                                      });
  return n.set(0, op.getResult(0));
}

ArrayRef<OpEntry> spnn::onnximport::reduceOps() {
  static const OpEntry entries[] = {
      {"ArgMax", importArgExtreme, ""},
      {"ArgMin", importArgExtreme, ""},
      {"CumSum", importCumSum, "axis known"},
      {"Hardmax", importHardmax, ""},
      {"LogSoftmax", importSoftmax, ""},
      {"ReduceL1", importReduce, "axes known"},
      {"ReduceL2", importReduce, "axes known; floats"},
      {"ReduceLogSum", importReduce, "axes known; floats"},
      {"ReduceLogSumExp", importReduce, "axes known; floats"},
      {"ReduceMax", importReduce, "axes known"},
      {"ReduceMean", importReduce, "axes known"},
      {"ReduceMin", importReduce, "axes known"},
      {"ReduceProd", importReduce, "axes known"},
      {"ReduceSum", importReduce, "axes known"},
      {"ReduceSumSquare", importReduce, "axes known"},
      {"Softmax", importSoftmax, ""},
  };
  return entries;
}
