//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elementwise ops, reductions, slices, padding and matrix products as linalg and tensor ops.
//
//===----------------------------------------------------------------------===//
#include "Builders.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace spnn::onnximport;

//===----------------------------------------------------------------------===//
// Extents
//===----------------------------------------------------------------------===//

OpFoldResult spnn::onnximport::number(Node &n, int64_t value) { return n.b.getIndexAttr(value); }

/// The value that an op was given for a dynamic extent of its result; null: it has to be asked for by tensor.dim.
static OpFoldResult extentGiven(Node &n, Value value, int64_t d) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return {};
  if (auto destination = dyn_cast<DestinationStyleOpInterface>(op))
    return sizeOf(n, destination.getTiedOpOperand(cast<OpResult>(value))->get(), d);
  if (auto empty = dyn_cast<tensor::EmptyOp>(op))
    return empty.getMixedSizes()[d];
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return expand.getMixedOutputShape()[d];
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return slice.getMixedSizes()[d];
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    return sizeOf(n, cast.getSource(), d);
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    OpFoldResult product = number(n, 1);
    ReassociationIndices sources = collapse.getReassociationIndices()[d];
    for (int64_t source : sources)
      product = mulSize(n, product, sizeOf(n, collapse.getSrc(), source));
    return product;
  }
  if (auto pad = dyn_cast<tensor::PadOp>(op))
    return addSize(n, sizeOf(n, pad.getSource(), d), addSize(n, pad.getMixedLowPad()[d], pad.getMixedHighPad()[d]));
  return {};
}

/// Equal extents are one value wherever that can be seen, so that reshapes can tell which dimensions they keep.
OpFoldResult spnn::onnximport::sizeOf(Node &n, Value value, int64_t d) {
  auto type = typeOf(value);
  if (!type.isDynamicDim(d))
    return number(n, type.getDimSize(d));
  OpFoldResult &known = n.importer.extents[{value, d}];
  if (known)
    return known;
  OpFoldResult given = extentGiven(n, value, d);
  if (!given)
    given = n.b.createOrFold<tensor::DimOp>(value, d);
  // The map may have grown meanwhile.
  return n.importer.extents[{value, d}] = given;
}

/// An index op on two extents, made once.
template <typename Op> static OpFoldResult combineSizes(Node &n, OpFoldResult x, OpFoldResult y) {
  OpFoldResult &known = n.importer.combined[{Op::getOperationName(), x, y}];
  if (!known) {
    Value result = n.b.createOrFold<Op>(sizeValue(n, x), sizeValue(n, y));
    known = getAsOpFoldResult(result);
  }
  return known;
}

SmallVector<OpFoldResult> spnn::onnximport::sizesOf(Node &n, Value value) {
  SmallVector<OpFoldResult> sizes;
  for (int64_t d = 0; d < typeOf(value).getRank(); ++d)
    sizes.push_back(sizeOf(n, value, d));
  return sizes;
}

Value spnn::onnximport::sizeValue(Node &n, OpFoldResult size) {
  return getValueOrCreateConstantIndexOp(n.b, n.b.getLoc(), size);
}

OpFoldResult spnn::onnximport::addSize(Node &n, OpFoldResult x, OpFoldResult y) {
  auto known = getConstantIntValue(x), other = getConstantIntValue(y);
  if (known && other)
    return number(n, static_cast<int64_t>(static_cast<uint64_t>(*known) + static_cast<uint64_t>(*other)));
  if (known == 0)
    return y;
  if (other == 0)
    return x;
  return combineSizes<arith::AddIOp>(n, x, y);
}

OpFoldResult spnn::onnximport::mulSize(Node &n, OpFoldResult x, OpFoldResult y) {
  auto known = getConstantIntValue(x), other = getConstantIntValue(y);
  if (known && other)
    return number(n, static_cast<int64_t>(static_cast<uint64_t>(*known) * static_cast<uint64_t>(*other)));
  if (known == 1)
    return y;
  if (other == 1)
    return x;
  return combineSizes<arith::MulIOp>(n, x, y);
}

OpFoldResult spnn::onnximport::divSize(Node &n, OpFoldResult x, OpFoldResult y) {
  auto known = getConstantIntValue(x), other = getConstantIntValue(y);
  if (other == 1)
    return x;
  if (known && other && *other != 0)
    return number(n, *known / *other);
  return combineSizes<arith::DivSIOp>(n, x, y);
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

Value spnn::onnximport::emptyTensor(Node &n, ArrayRef<OpFoldResult> sizes, Type type) {
  return tensor::EmptyOp::create(n.b, sizes, type);
}

Value spnn::onnximport::filled(Node &n, ArrayRef<OpFoldResult> sizes, TypedAttr value) {
  Value scalar = arith::ConstantOp::create(n.b, value);
  Value empty = emptyTensor(n, sizes, value.getType());
  return linalg::FillOp::create(n.b, scalar, empty).getResult(0);
}

Value spnn::onnximport::splat(Node &n, ArrayRef<int64_t> shape, TypedAttr value) {
  auto type = RankedTensorType::get(shape, value.getType());
  return arith::ConstantOp::create(n.b, DenseElementsAttr::get(type, Attribute(value)));
}

static SmallVector<utils::IteratorType> parallel(int64_t rank) {
  return SmallVector<utils::IteratorType>(rank, utils::IteratorType::parallel);
}

/// The body builder of a linalg.generic that yields one value; a reduction's body also gets what the output holds.
static auto yielding(Body body, bool isUnsigned, bool reduces) {
  return [=](OpBuilder &builder, Location loc, ValueRange arguments) {
    Scalars scalars{ImplicitLocOpBuilder(loc, builder), isUnsigned};
    Value result = body(scalars, reduces ? arguments : arguments.drop_back());
    linalg::YieldOp::create(scalars.b, result);
  };
}

Value spnn::onnximport::mapped(Node &n, ValueRange inputs, ArrayRef<AffineMap> maps, ArrayRef<OpFoldResult> sizes,
                               Type result, Body body, bool isUnsigned) {
  Value init = emptyTensor(n, sizes, result);
  SmallVector<AffineMap> all(maps);
  all.push_back(n.b.getMultiDimIdentityMap(sizes.size()));
  return linalg::GenericOp::create(n.b, init.getType(), inputs, init, all, parallel(sizes.size()),
                                   yielding(body, isUnsigned, /*reduces=*/false))
      .getResult(0);
}

std::optional<SmallVector<OpFoldResult>> spnn::onnximport::broadcastSizes(Node &n, ValueRange values) {
  int64_t rank = 0;
  for (Value value : values) {
    if (!value)
      return std::nullopt;
    rank = std::max(rank, typeOf(value).getRank());
  }
  SmallVector<OpFoldResult> sizes(rank, number(n, 1));
  SmallVector<int64_t> extents(rank, 1);
  for (Value value : values) {
    auto type = typeOf(value);
    for (int64_t d = 0; d < type.getRank(); ++d) {
      int64_t at = rank - type.getRank() + d;
      int64_t extent = type.getDimSize(d);
      // A number beats a `?`, and anything beats 1.
      if (extent == 1 || extents[at] == extent || (ShapedType::isDynamic(extent) && extents[at] != 1))
        continue;
      if (extents[at] != 1 && !ShapedType::isDynamic(extents[at])) {
        (void)n.refuse("extents " + Twine(extents[at]) + " and " + Twine(extent) + " do not broadcast");
        return std::nullopt;
      }
      extents[at] = extent;
      sizes[at] = sizeOf(n, value, d);
    }
  }
  return sizes;
}

/// The map from the dimensions of a broadcast result of rank `rank` to those of an operand.
static AffineMap broadcastMap(Node &n, RankedTensorType type, ArrayRef<OpFoldResult> sizes) {
  SmallVector<AffineExpr> exprs;
  int64_t rank = sizes.size();
  for (int64_t d = 0; d < type.getRank(); ++d) {
    int64_t at = rank - type.getRank() + d;
    bool stretched = type.getDimSize(d) == 1 && getConstantIntValue(sizes[at]) != 1;
    exprs.push_back(stretched ? n.b.getAffineConstantExpr(0) : n.b.getAffineDimExpr(at));
  }
  return AffineMap::get(rank, 0, exprs, n.b.getContext());
}

Value spnn::onnximport::elementwise(Node &n, ValueRange inputs, Type result, Body body, bool isUnsigned) {
  auto sizes = broadcastSizes(n, inputs);
  if (!sizes)
    return Value();
  SmallVector<AffineMap> maps;
  for (Value input : inputs)
    maps.push_back(broadcastMap(n, typeOf(input), *sizes));
  return mapped(n, inputs, maps, *sizes, result, body, isUnsigned);
}

Value spnn::onnximport::broadcastTo(Node &n, Value value, ArrayRef<OpFoldResult> sizes) {
  if (!value)
    return Value();
  auto type = typeOf(value);
  SmallVector<int64_t> added;
  bool plain = type.getRank() <= static_cast<int64_t>(sizes.size());
  int64_t lead = static_cast<int64_t>(sizes.size()) - type.getRank();
  bool same = lead == 0;
  for (int64_t d = 0; plain && d < type.getRank(); ++d)
    same &= getConstantIntValue(sizes[lead + d]) == type.getDimSize(d);
  if (same)
    return value;
  AffineMap map = broadcastMap(n, type, sizes);
  return mapped(n, value, map, sizes, type.getElementType(),
                [](Scalars &, ValueRange arguments) { return arguments[0]; });
}

Value spnn::onnximport::generate(Node &n, ArrayRef<OpFoldResult> sizes, Type type, Body body, bool isUnsigned) {
  return mapped(n, {}, {}, sizes, type, body, isUnsigned);
}

Value spnn::onnximport::reduce(Node &n, Value input, ArrayRef<int64_t> axes, bool keepDims, TypedAttr init, Body body,
                               bool isUnsigned) {
  if (!input)
    return Value();
  auto type = typeOf(input);
  SmallVector<OpFoldResult> kept, withOnes;
  SmallVector<AffineExpr> exprs;
  SmallVector<utils::IteratorType> iterators;
  for (int64_t d = 0; d < type.getRank(); ++d) {
    bool reduced = llvm::is_contained(axes, d);
    iterators.push_back(reduced ? utils::IteratorType::reduction : utils::IteratorType::parallel);
    OpFoldResult size = reduced ? number(n, 1) : sizeOf(n, input, d);
    withOnes.push_back(size);
    if (reduced)
      continue;
    kept.push_back(size);
    exprs.push_back(n.b.getAffineDimExpr(d));
  }
  SmallVector<AffineMap> maps = {n.b.getMultiDimIdentityMap(type.getRank()),
                                 AffineMap::get(type.getRank(), 0, exprs, n.b.getContext())};
  Value start = filled(n, kept, init);
  Value result = linalg::GenericOp::create(n.b, start.getType(), input, start, maps, iterators,
                                           yielding(body, isUnsigned, /*reduces=*/true))
                     .getResult(0);
  return keepDims ? reshape(n, result, withOnes) : result;
}

//===----------------------------------------------------------------------===//
// Movement and products
//===----------------------------------------------------------------------===//

Value spnn::onnximport::transpose(Node &n, Value value, ArrayRef<int64_t> permutation) {
  if (!value)
    return Value();
  SmallVector<OpFoldResult> sizes;
  for (int64_t d : permutation)
    sizes.push_back(sizeOf(n, value, d));
  Value init = emptyTensor(n, sizes, typeOf(value).getElementType());
  return linalg::TransposeOp::create(n.b, value, init, permutation)->getResult(0);
}

Value spnn::onnximport::slice(Node &n, Value value, ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes,
                              ArrayRef<OpFoldResult> strides) {
  if (!value)
    return Value();
  // The verifier wants offsets inside the source even where nothing is taken.
  if (llvm::any_of(sizes, [](OpFoldResult size) { return getConstantIntValue(size) == 0; }))
    return emptyTensor(n, sizes, typeOf(value).getElementType());
  return tensor::ExtractSliceOp::create(n.b, value, offsets, sizes, strides);
}

Value spnn::onnximport::pad(Node &n, Value value, ArrayRef<int64_t> low, ArrayRef<int64_t> high, TypedAttr with) {
  if (!value)
    return Value();
  auto any = [](ArrayRef<int64_t> list, auto rule) { return llvm::any_of(list, rule); };
  auto negative = [](int64_t x) { return x < 0; };
  auto type = typeOf(value);
  if (any(low, negative) || any(high, negative)) {
    SmallVector<OpFoldResult> offsets, sizes, strides(type.getRank(), number(n, 1));
    for (int64_t d = 0; d < type.getRank(); ++d) {
      int64_t cut = std::max<int64_t>(-low[d], 0) + std::max<int64_t>(-high[d], 0);
      if (!type.isDynamicDim(d) && type.getDimSize(d) < cut)
        return n.fail("more is cut off dimension " + Twine(d) + " than it has");
      offsets.push_back(number(n, std::max<int64_t>(-low[d], 0)));
      sizes.push_back(addSize(n, sizeOf(n, value, d), number(n, -cut)));
    }
    value = slice(n, value, offsets, sizes, strides);
  }
  auto positive = [&](ArrayRef<int64_t> list) {
    return llvm::map_to_vector(list, [&](int64_t x) { return number(n, std::max<int64_t>(x, 0)); });
  };
  SmallVector<OpFoldResult> lows = positive(low), highs = positive(high);
  auto isZero = [](OpFoldResult x) { return getConstantIntValue(x) == 0; };
  if (llvm::all_of(lows, isZero) && llvm::all_of(highs, isZero))
    return value;
  Value scalar = arith::ConstantOp::create(n.b, with);
  return tensor::PadOp::create(n.b, Type(), value, lows, highs, scalar);
}

Value spnn::onnximport::matmul(Node &n, Value lhs, Value rhs, Type result) {
  Value init = filled(n, {sizeOf(n, lhs, 0), sizeOf(n, rhs, 1)}, numberAttr(result, 0));
  return linalg::MatmulOp::create(n.b, init.getType(), ValueRange{lhs, rhs}, init).getResult(0);
}
