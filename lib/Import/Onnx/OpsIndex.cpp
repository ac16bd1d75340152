//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops that read or write by index: Gather, Scatter and their like, TopK.
//
//===----------------------------------------------------------------------===//
#include "Builders.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace spnn::onnximport;
using onnx::TensorProto;

/// An index operand's element as an index; negative ones count from the end.
static Value wrapIndex(Scalars &s, Value element, OpFoldResult extent) {
  Value index = s.toIndex(element);
  Value zero = s.constant(s.b.getIndexType(), 0);
  Scalars asSigned{s.b, false};
  return s.select(asSigned.less(index, zero), s.add(index, s.indexConstant(extent)), index);
}

/// Refuses indices that are known and out of range; the others are checked where they are used.
static bool checkIndices(Node &n, int64_t i, int64_t extent) {
  const Known *known = n.known(i);
  std::optional<SmallVector<int64_t>> numbers = known ? known->numbers() : std::nullopt;
  if (!numbers || ShapedType::isDynamic(extent))
    return true;
  for (int64_t index : *numbers)
    if (index < -extent || index >= extent)
      return (void)n.refuse("index " + Twine(index) + " is out of range for extent " + Twine(extent)), false;
  return true;
}

static LogicalResult importGather(Node &n) {
  int64_t rank = n.rank(0), inner = n.rank(1);
  std::optional<int64_t> axis = n.axis(n.integer("axis", 0), rank);
  if (!axis || !checkIndices(n, 1, n.shape(0)[*axis]))
    return failure();
  if (rank + inner > 65)
    return n.refuse("its result would have more than 64 dimensions");
  Value data = n.in(0), indices = n.in(1);
  SmallVector<OpFoldResult> sizes, own = sizesOf(n, data);
  for (int64_t d = 0; d < *axis; ++d)
    sizes.push_back(own[d]);
  llvm::append_range(sizes, sizesOf(n, indices));
  for (int64_t d = *axis + 1; d < rank; ++d)
    sizes.push_back(own[d]);
  SmallVector<AffineExpr> exprs;
  for (int64_t d = 0; d < inner; ++d)
    exprs.push_back(n.b.getAffineDimExpr(*axis + d));
  Value result = mapped(
      n, indices, AffineMap::get(sizes.size(), 0, exprs, n.b.getContext()), sizes, n.elementType(0),
      [&](Scalars &s, ValueRange x) -> Value {
        SmallVector<Value> at;
        for (int64_t d = 0; d < rank; ++d)
          at.push_back(d < *axis ? s.index(d) : d == *axis ? wrapIndex(s, x[0], own[d]) : s.index(d + inner - 1));
        return tensor::ExtractOp::create(s.b, data, at);
      });
  return n.set(0, result);
}

static LogicalResult importGatherElements(Node &n) {
  int64_t rank = n.rank(0);
  std::optional<int64_t> axis = n.axis(n.integer("axis", 0), rank);
  if (!axis || !checkIndices(n, 1, n.shape(0)[*axis]))
    return failure();
  if (n.rank(1) != rank)
    return n.refuse("its data and indices have ranks " + Twine(rank) + " and " + Twine(n.rank(1)));
  for (int64_t d = 0; d < rank; ++d)
    if (d != *axis && n.shape(1)[d] > n.shape(0)[d] && !ShapedType::isDynamic(n.shape(0)[d]))
      return n.refuse("its indices are longer than the data in dimension " + Twine(d));
  Value data = n.in(0), indices = n.in(1);
  OpFoldResult extent = sizeOf(n, data, *axis);
  return n.set(0, elementwise(n, indices, n.elementType(0), [&](Scalars &s, ValueRange x) -> Value {
                 SmallVector<Value> at;
                 for (int64_t d = 0; d < rank; ++d)
                   at.push_back(d == *axis ? wrapIndex(s, x[0], extent) : s.index(d));
                 return tensor::ExtractOp::create(s.b, data, at);
               }));
}

static LogicalResult importGatherND(Node &n) {
  int64_t rank = n.rank(0), inner = n.rank(1), batch = n.integer("batch_dims", 0);
  if (rank < 1 || inner < 1 || batch < 0 || batch >= std::min(rank, inner))
    return n.refuse("its ranks do not fit its batch_dims");
  int64_t width = n.shape(1)[inner - 1];
  if (ShapedType::isDynamic(width) || width < 1 || width > rank - batch)
    return n.refuse("its last index extent is not between 1 and the rank of the data");
  for (int64_t d = 0; d < batch; ++d)
    if (n.shape(0)[d] != n.shape(1)[d])
      return n.refuse("its batch extents differ");
  Value data = n.in(0), indices = n.in(1);
  SmallVector<OpFoldResult> own = sizesOf(n, data), sizes = sizesOf(n, indices);
  sizes.pop_back();
  for (int64_t d = batch + width; d < rank; ++d)
    sizes.push_back(own[d]);
  return n.set(0, generate(n, sizes, n.elementType(0), [&](Scalars &s, ValueRange) -> Value {
                 SmallVector<Value> at, prefix;
                 for (int64_t d = 0; d < inner - 1; ++d)
                   prefix.push_back(s.index(d));
                 for (int64_t d = 0; d < batch; ++d)
                   at.push_back(s.index(d));
                 for (int64_t k = 0; k < width; ++k) {
                   SmallVector<Value> where(prefix);
                   where.push_back(s.constant(s.b.getIndexType(), k));
                   at.push_back(wrapIndex(s, tensor::ExtractOp::create(s.b, indices, where), own[batch + k]));
                 }
                 for (int64_t d = batch + width; d < rank; ++d)
                   at.push_back(s.index(inner - 1 + d - batch - width));
                 return tensor::ExtractOp::create(s.b, data, at);
               }));
}

/// Visits each point of `sizes` in order and inserts one element into `data` a visit.
static Value scatterLoop(Node &n, Value data, ArrayRef<OpFoldResult> sizes,
                         llvm::function_ref<Value(Scalars &, ValueRange, Value)> body) {
  SmallVector<Value> lower, upper, step;
  for (OpFoldResult size : sizes) {
    lower.push_back(sizeValue(n, number(n, 0)));
    upper.push_back(sizeValue(n, size));
    step.push_back(sizeValue(n, number(n, 1)));
  }
  scf::LoopNest loops = scf::buildLoopNest(n.b, n.b.getLoc(), lower, upper, step, data,
                                           [&](OpBuilder &builder, Location loc, ValueRange at, ValueRange state) {
                                             Scalars s{ImplicitLocOpBuilder(loc, builder), false};
                                             return scf::ValueVector{body(s, at, state[0])};
                                           });
  return loops.results[0];
}

/// The element to write where `old` is and `update` comes.
static Value combine(Scalars &s, StringRef reduction, Value old, Value update) {
  if (reduction == "add")
    return s.add(old, update);
  if (reduction == "mul")
    return s.mul(old, update);
  return update;
}

static LogicalResult importScatterElements(Node &n) {
  int64_t rank = n.rank(0);
  std::optional<int64_t> axis = n.axis(n.integer("axis", 0), rank);
  if (!axis || !checkIndices(n, 1, n.shape(0)[*axis]))
    return failure();
  StringRef reduction = n.string("reduction", "none");
  if (!llvm::is_contained({"none", "add", "mul"}, reduction))
    return n.refuse("reduction '" + reduction + "' is not supported");
  if (n.shape(1) != n.shape(2) || n.rank(1) != rank)
    return n.refuse("its indices and updates do not fit its data");
  for (int64_t d = 0; d < rank; ++d)
    if (d != *axis && n.shape(1)[d] > n.shape(0)[d] && !ShapedType::isDynamic(n.shape(0)[d]))
      return n.refuse("its indices are longer than the data in dimension " + Twine(d));
  Value data = n.in(0), indices = n.in(1), updates = n.in(2);
  OpFoldResult extent = sizeOf(n, data, *axis);
  return n.set(0, scatterLoop(n, data, sizesOf(n, indices), [&](Scalars &s, ValueRange at, Value state) -> Value {
                 SmallVector<Value> to(at);
                 to[*axis] = wrapIndex(s, tensor::ExtractOp::create(s.b, indices, at), extent);
                 Value update = tensor::ExtractOp::create(s.b, updates, at);
                 Value old = tensor::ExtractOp::create(s.b, state, to);
                 return tensor::InsertOp::create(s.b, combine(s, reduction, old, update), state, to);
               }));
}

static LogicalResult importScatterND(Node &n) {
  int64_t rank = n.rank(0), inner = n.rank(1);
  StringRef reduction = n.string("reduction", "none");
  if (!llvm::is_contained({"none", "add", "mul"}, reduction))
    return n.refuse("reduction '" + reduction + "' is not supported");
  int64_t width = inner < 1 ? -1 : n.shape(1)[inner - 1];
  if (width < 1 || width > rank)
    return n.refuse("its last index extent is not between 1 and the rank of the data");
  SmallVector<int64_t> expected(n.shape(1).drop_back());
  llvm::append_range(expected, n.shape(0).drop_front(width));
  if (n.shape(2) != ArrayRef<int64_t>(expected))
    return n.refuse("the shape of its updates does not fit its data and indices");
  Value data = n.in(0), indices = n.in(1), updates = n.in(2);
  SmallVector<OpFoldResult> own = sizesOf(n, data);
  return n.set(0, scatterLoop(n, data, sizesOf(n, updates), [&](Scalars &s, ValueRange at, Value state) -> Value {
                 SmallVector<Value> to;
                 for (int64_t k = 0; k < width; ++k) {
                   SmallVector<Value> where(at.take_front(inner - 1));
                   where.push_back(s.constant(s.b.getIndexType(), k));
                   to.push_back(wrapIndex(s, tensor::ExtractOp::create(s.b, indices, where), own[k]));
                 }
                 llvm::append_range(to, at.drop_front(inner - 1));
                 Value update = tensor::ExtractOp::create(s.b, updates, at);
                 Value old = tensor::ExtractOp::create(s.b, state, to);
                 return tensor::InsertOp::create(s.b, combine(s, reduction, old, update), state, to);
               }));
}

/// The k largest (or smallest) along an axis, in order: the rank of an element is the number of those before it, and
/// result r is the element of rank r.
static LogicalResult importTopK(Node &n) {
  int64_t rank = n.rank(0);
  std::optional<int64_t> axis = n.axis(n.integer("axis", -1), rank);
  std::optional<SmallVector<int64_t>> k;
  if (n.numInputs() > 1)
    k = n.numbers(1, "k");
  else
    k = SmallVector<int64_t>{n.integer("k", 0)};
  if (!axis || !k)
    return failure();
  if (k->size() != 1 || (*k)[0] < 0 || ((*k)[0] > n.shape(0)[*axis] && !ShapedType::isDynamic(n.shape(0)[*axis])))
    return n.refuse("its k is not between 0 and the extent of its axis");
  bool largest = n.integer("largest", 1) != 0, isUnsigned = n.isUnsigned(0);
  Value x = n.in(0);
  // ranks[.., i, ..] = the number of j that come before i.
  auto mapWith = [&](int64_t loop) {
    SmallVector<AffineExpr> exprs;
    for (int64_t d = 0; d < rank; ++d)
      exprs.push_back(n.b.getAffineDimExpr(d == *axis ? loop : d));
    return AffineMap::get(rank + 1, 0, exprs, n.b.getContext());
  };
  SmallVector<utils::IteratorType> iterators(rank + 1, utils::IteratorType::parallel);
  iterators[rank] = utils::IteratorType::reduction;
  Value ranks = filled(n, sizesOf(n, x), n.b.getI64IntegerAttr(0));
  ranks = linalg::GenericOp::create(
              n.b, ranks.getType(), ValueRange{x, x}, ranks,
              ArrayRef<AffineMap>{mapWith(*axis), mapWith(rank), mapWith(*axis)}, iterators,
              [&](OpBuilder &builder, Location loc, ValueRange v) {
                Scalars s{ImplicitLocOpBuilder(loc, builder), isUnsigned};
                Value before = largest ? s.less(v[0], v[1]) : s.less(v[1], v[0]);
                Scalars asIndex{s.b, true};
                Value tie =
                    arith::AndIOp::create(s.b, s.equal(v[0], v[1]), asIndex.less(s.index(rank), s.index(*axis)));
                Value counts = arith::OrIOp::create(s.b, before, tie);
                linalg::YieldOp::create(s.b, s.select(counts, s.add(v[2], s.constantLike(v[2], 1)), v[2]));
              })
              .getResult(0);
  SmallVector<OpFoldResult> sizes = sizesOf(n, x);
  sizes[*axis] = number(n, (*k)[0]);
  Value values = filled(n, sizes, numberAttr(n.elementType(0), 0));
  Value positions = filled(n, sizes, n.b.getI64IntegerAttr(0));
  auto op = linalg::GenericOp::create(
      n.b, TypeRange{values.getType(), positions.getType()}, ValueRange{x, ranks}, ValueRange{values, positions},
      ArrayRef<AffineMap>{mapWith(rank), mapWith(rank), mapWith(*axis), mapWith(*axis)}, iterators,
      [&](OpBuilder &builder, Location loc, ValueRange v) {
        Scalars s{ImplicitLocOpBuilder(loc, builder), isUnsigned};
        Value mine = s.equal(s.toIndex(v[1]), s.index(*axis));
        Value here = arith::IndexCastOp::create(s.b, s.b.getI64Type(), s.index(rank));
        linalg::YieldOp::create(s.b, ValueRange{s.select(mine, v[0], v[2]), s.select(mine, here, v[3])});
      });
  if (failed(n.set(0, op.getResult(0))))
    return failure();
  return n.set(1, op.getResult(1), TensorProto::INT64);
}

ArrayRef<OpEntry> spnn::onnximport::indexOps() {
  static const OpEntry entries[] = {
      {"Gather", importGather, ""},
      {"GatherElements", importGatherElements, ""},
      {"GatherND", importGatherND, "batch extents known"},
      {"Scatter", importScatterElements, ""},
      {"ScatterElements", importScatterElements, "reductions none, add, mul"},
      {"ScatterND", importScatterND, "reductions none, add, mul"},
      {"TopK", importTopK, "k known; quadratic in the extent"},
  };
  return entries;
}
