//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Normalisations, at inference.
//
//===----------------------------------------------------------------------===//
#include "Builders.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace spnn::onnximport;

/// Whether operand `i` is a vector with one element a channel.
static bool isPerChannel(Node &n, int64_t i) {
  int64_t channels = n.rank(0) > 1 ? n.shape(0)[1] : 1;
  if (n.rank(i) == 1 && (n.shape(i)[0] == channels || ShapedType::isDynamic(channels)))
    return true;
  return (void)n.refuse("input " + Twine(i) + " is no vector of " + Twine(channels) + " elements"), false;
}

static LogicalResult importBatchNormalization(Node &n) {
  if (n.integer("training_mode", 0) != 0 || n.numOutputs() > 1)
    for (int64_t i = 1; i < std::max<int64_t>(n.numOutputs(), 2); ++i)
      if (n.integer("training_mode", 0) != 0 || n.wants(i))
        return n.refuse("training mode is not supported");
  if (n.rank(0) < 2)
    return n.refuse("its input has rank " + Twine(n.rank(0)) + ", expected at least 2");
  if (n.integer("spatial", 1) == 0)
    return n.refuse("spatial = 0 is not supported");
  SmallVector<Value> inputs = {n.in(0)};
  int64_t rank = n.rank(0);
  SmallVector<AffineMap> maps = {n.b.getMultiDimIdentityMap(rank)};
  for (int64_t i = 1; i < 5; ++i) {
    if (!isPerChannel(n, i))
      return failure();
    inputs.push_back(n.in(i));
    maps.push_back(AffineMap::get(rank, 0, n.b.getAffineDimExpr(1), n.b.getContext()));
  }
  double epsilon = n.real("epsilon", 1e-5f);
  Type type = n.elementType(0);
  return n.set(0, mapped(n, inputs, maps, sizesOf(n, inputs[0]), type, [&](Scalars &s, ValueRange x) {
                 Value deviation = s.sqrt(s.add(s.cast(x[4], type, false), s.constant(type, epsilon)));
                 Value unit = s.div(s.sub(x[0], s.cast(x[3], type, false)), deviation);
                 return s.add(s.mul(unit, s.cast(x[1], type, false)), s.cast(x[2], type, false));
               }));
}

namespace {
struct Moments {
  Value mean, inverse; // with the reduced axes kept as 1
};
} // namespace

/// Mean and 1 / sqrt(variance + epsilon) along `axes`.
static Moments momentsOf(Node &n, Value x, ArrayRef<int64_t> axes, double epsilon) {
  Type type = typeOf(x).getElementType();
  Value mean = divideByCount(n, reduceSum(n, x, axes, true), x, axes);
  if (!mean)
    return {};
  Value squares = elementwise(n, {x, mean}, type, [](Scalars &s, ValueRange v) {
    Value difference = s.sub(v[0], v[1]);
    return s.mul(difference, difference);
  });
  Value variance = divideByCount(n, reduceSum(n, squares, axes, true), x, axes);
  if (!variance)
    return {};
  Value inverse = elementwise(n, variance, type, [&](Scalars &s, ValueRange v) {
    return s.div(s.constant(type, 1), s.sqrt(s.add(v[0], s.constant(type, epsilon))));
  });
  return {mean, inverse};
}

static LogicalResult importInstanceNormalization(Node &n) {
  int64_t rank = n.rank(0);
  if (rank < 3)
    return n.refuse("its input has rank " + Twine(rank) + ", expected at least 3");
  if (!isPerChannel(n, 1) || !isPerChannel(n, 2))
    return failure();
  Value x = n.in(0);
  Moments moments = momentsOf(n, x, llvm::to_vector(llvm::seq<int64_t>(2, rank)), n.real("epsilon", 1e-5f));
  if (!moments.mean)
    return failure();
  SmallVector<OpFoldResult> sizes(rank - 1, number(n, 1));
  sizes[0] = sizeOf(n, n.in(1), 0);
  Value scale = reshape(n, n.in(1), sizes), shift = reshape(n, n.in(2), sizes);
  return n.set(0, elementwise(n, {x, moments.mean, moments.inverse, scale, shift}, n.elementType(0),
                              [](Scalars &s, ValueRange v) {
                                Value unit = s.mul(s.sub(v[0], v[1]), v[2]);
                                return s.add(s.mul(unit, v[3]), v[4]);
                              }));
}

static LogicalResult importLayerNormalization(Node &n) {
  int64_t rank = n.rank(0);
  std::optional<int64_t> axis = n.axis(n.integer("axis", -1), rank);
  if (!axis)
    return failure();
  Value x = n.in(0);
  Moments moments = momentsOf(n, x, llvm::to_vector(llvm::seq<int64_t>(*axis, rank)), n.real("epsilon", 1e-5f));
  if (!moments.mean)
    return failure();
  SmallVector<Value> inputs = {x, moments.mean, moments.inverse, n.in(1)};
  if (n.has(2))
    inputs.push_back(n.in(2));
  for (int64_t i : {1, 2})
    if (n.has(i) && n.rank(i) > rank)
      return n.refuse("input " + Twine(i) + " has rank " + Twine(n.rank(i)) + ", expected at most " + Twine(rank));
  Value result = elementwise(n, inputs, n.elementType(0), [](Scalars &s, ValueRange v) {
    Value unit = s.mul(s.mul(s.sub(v[0], v[1]), v[2]), v[3]);
    return v.size() > 4 ? s.add(unit, v[4]) : unit;
  });
  if (failed(n.set(0, result)))
    return failure();
  // The statistics are f32 whatever the data is.
  auto statistic = [&](int64_t i, Value value) {
    if (!n.wants(i))
      return success();
    Type f32 = n.b.getF32Type();
    if (typeOf(value).getElementType() != f32)
      value = elementwise(n, value, f32, [&](Scalars &s, ValueRange v) { return s.cast(v[0], f32, false); });
    return n.set(i, value, onnx::TensorProto::FLOAT);
  };
  return success(succeeded(statistic(1, moments.mean)) && succeeded(statistic(2, moments.inverse)));
}

/// Local response normalisation across channels (Krizhevsky et al., 2012, section 3.3).
static LogicalResult importLRN(Node &n) {
  int64_t rank = n.rank(0), size = n.integer("size", 0);
  if (rank < 2 || size < 1 || size > INT16_MAX)
    return n.refuse("its rank or its size is out of range");
  double alpha = n.real("alpha", 0.0001f), beta = n.real("beta", 0.75f), bias = n.real("bias", 1);
  Type type = n.elementType(0);
  Value x = n.in(0);
  Value squares = elementwise(n, x, type, [](Scalars &s, ValueRange v) { return s.mul(v[0], v[0]); });
  SmallVector<int64_t> low(rank, 0), high(rank, 0);
  low[1] = (size - 1) / 2;
  high[1] = size - 1 - low[1];
  Value padded = pad(n, squares, low, high, numberAttr(type, 0));
  // sums[.., c, ..] = the sum over k of padded[.., c + k, ..].
  SmallVector<AffineExpr> in, out;
  for (int64_t d = 0; d < rank; ++d) {
    AffineExpr expr = n.b.getAffineDimExpr(d);
    out.push_back(expr);
    in.push_back(d == 1 ? expr + n.b.getAffineDimExpr(rank) : expr);
  }
  SmallVector<AffineMap> maps = {AffineMap::get(rank + 1, 0, in, n.b.getContext()),
                                 AffineMap::get(rank + 1, 0, n.b.getAffineDimExpr(rank), n.b.getContext()),
                                 AffineMap::get(rank + 1, 0, out, n.b.getContext())};
  SmallVector<utils::IteratorType> iterators(rank + 1, utils::IteratorType::parallel);
  iterators[rank] = utils::IteratorType::reduction;
  Value init = filled(n, sizesOf(n, x), numberAttr(type, 0));
  Value window = emptyTensor(n, number(n, size), type);
  Value sums = linalg::GenericOp::create(n.b, init.getType(), ValueRange{padded, window}, init, maps, iterators,
                                         [](OpBuilder &builder, Location loc, ValueRange v) {
                                           Scalars s{ImplicitLocOpBuilder(loc, builder), false};
                                           linalg::YieldOp::create(s.b, s.add(v[2], v[0]));
                                         })
                   .getResult(0);
  return n.set(0, elementwise(n, {x, sums}, type, [&](Scalars &s, ValueRange v) {
                 Value base = s.add(s.constant(type, bias), s.mul(v[1], s.constant(type, alpha / size)));
                 return s.div(v[0], Value(math::PowFOp::create(s.b, base, s.constant(type, beta))));
               }));
}

static LogicalResult importLpNormalization(Node &n) {
  std::optional<int64_t> axis = n.axis(n.integer("axis", -1), n.rank(0));
  int64_t p = n.integer("p", 2);
  if (!axis || (p != 1 && p != 2))
    return n.refuse("p = " + Twine(p) + " is not supported");
  Value x = n.in(0);
  Type type = n.elementType(0);
  Value norm = reduce(n, x, *axis, true, numberAttr(type, 0),
                      [&](Scalars &s, ValueRange v) { return s.add(v[1], p == 1 ? s.abs(v[0]) : s.mul(v[0], v[0])); });
  return n.set(0, elementwise(n, {x, norm}, type,
                              [&](Scalars &s, ValueRange v) { return s.div(v[0], p == 1 ? v[1] : s.sqrt(v[1])); }));
}

ArrayRef<OpEntry> spnn::onnximport::normalizationOps() {
  static const OpEntry entries[] = {
      {"BatchNormalization", importBatchNormalization, "inference"},
      {"InstanceNormalization", importInstanceNormalization, ""},
      {"LRN", importLRN, ""},
      {"LayerNormalization", importLayerNormalization, ""},
      {"LpNormalization", importLpNormalization, ""},
  };
  return entries;
}
