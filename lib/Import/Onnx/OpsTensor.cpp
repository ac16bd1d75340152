//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops that make tensors: constants, ranges, triangles, one-hot rows, padding.
//
//===----------------------------------------------------------------------===//
#include "Builders.h"
#include "OnnxProto.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include <cmath>

using namespace mlir;
using namespace spnn::onnximport;
using onnx::TensorProto;

template <typename T> static TensorData dataOf(int32_t type, ArrayRef<int64_t> shape, ArrayRef<T> values) {
  TensorData data;
  data.type = type;
  data.shape.assign(shape.begin(), shape.end());
  auto *bytes = reinterpret_cast<const uint8_t *>(values.data());
  data.bytes.assign(bytes, bytes + values.size() * sizeof(T));
  return data;
}

static LogicalResult importConstant(Node &n) {
  std::string name = n.wants(0) ? n.proto.output(0) : "";
  if (n.proto.attribute_size() != 1)
    return n.refuse("it has " + Twine(n.proto.attribute_size()) + " attributes, expected 1");
  const onnx::AttributeProto &value = n.proto.attribute(0);
  if (value.name() == "value") {
    llvm::Expected<TensorData> data = readTensor(value.t(), n.importer.options.directory);
    if (!data)
      return n.refuse("its value: " + llvm::toString(data.takeError()));
    return n.set(0, n.importer.wrap(std::move(*data), name));
  }
  if (value.name() == "sparse_value") {
    llvm::Expected<SparseData> data = readSparse(value.sparse_tensor(), n.importer.options.directory);
    if (!data)
      return n.refuse("its value: " + llvm::toString(data.takeError()));
    Imported imported;
    imported.type = data->type;
    imported.name = name;
    imported.sparse = std::make_shared<SparseData>(std::move(*data));
    return n.set(0, std::move(imported));
  }
  if (value.name() == "value_int")
    return n.set(0, n.importer.wrap(dataOf<int64_t>(TensorProto::INT64, {}, {value.i()}), name));
  if (value.name() == "value_float")
    return n.set(0, n.importer.wrap(dataOf<float>(TensorProto::FLOAT, {}, {value.f()}), name));
  if (value.name() == "value_ints") {
    SmallVector<int64_t> list(value.ints().begin(), value.ints().end());
    return n.set(0, n.importer.wrap(dataOf<int64_t>(TensorProto::INT64, {int64_t(list.size())}, list), name));
  }
  if (value.name() == "value_floats") {
    SmallVector<float> list(value.floats().begin(), value.floats().end());
    return n.set(0, n.importer.wrap(dataOf<float>(TensorProto::FLOAT, {int64_t(list.size())}, list), name));
  }
  return n.refuse("constants of strings are not supported");
}

static LogicalResult importConstantOfShape(Node &n) {
  const Known *shape = n.known(0);
  if (!shape)
    return n.refuse("its shape is not known at import");
  int32_t type = TensorProto::FLOAT;
  double real = 0;
  std::optional<int64_t> integer;
  if (const onnx::AttributeProto *value = n.attr("value")) {
    llvm::Expected<TensorData> data = readTensor(value->t(), "");
    if (!data)
      return n.refuse("its value: " + llvm::toString(data.takeError()));
    if (data->size() != 1)
      return n.refuse("its value has " + Twine(data->size()) + " elements, expected 1");
    type = data->type;
    if (data->isFloat())
      real = data->floatAt(0);
    else
      integer = data->intAt(0);
  }
  for (OpFoldResult size : shape->elements)
    if (std::optional<int64_t> extent = getConstantIntValue(size); extent && *extent < 0)
      return n.refuse("its shape has the negative extent " + Twine(*extent));
  SmallVector<int64_t> extents;
  for (OpFoldResult size : shape->elements)
    extents.push_back(getConstantIntValue(size).value_or(1));
  llvm::Expected<int64_t> count = countElements(extents, elementBytes(type));
  if (!count)
    return n.refuse(llvm::toString(count.takeError()));
  Type element = n.importer.elementType(type);
  TypedAttr attr = integer ? TypedAttr(IntegerAttr::get(element, APInt(element.getIntOrFloatBitWidth(), *integer, false,
                                                                       /*implicitTrunc=*/true)))
                           : numberAttr(element, real);
  // A small integer constant may go on to compute shapes.
  if (integer && shape->numbers() && *count <= 1024) {
    Known known;
    known.shape = extents;
    known.elements.assign(*count, number(n, *integer));
    Imported imported;
    imported.type = type;
    imported.known = std::make_shared<Known>(std::move(known));
    return n.set(0, std::move(imported));
  }
  if (shape->numbers())
    return n.set(0, splat(n, extents, attr), type);
  return n.set(0, filled(n, shape->elements, attr), type);
}

static LogicalResult importRange(Node &n) {
  auto start = n.scalar(0, "start"), limit = n.scalar(1, "limit"), delta = n.scalar(2, "delta");
  if (!start || !limit || !delta)
    return failure();
  double count = *delta == 0 ? -1 : std::max(0.0, std::ceil((*limit - *start) / *delta));
  if (!(count >= 0 && count <= 1e9))
    return n.refuse("its number of elements is not a number up to 10^9");
  Type type = n.elementType(0);
  if (!n.isFloat(0)) {
    std::optional<SmallVector<int64_t>> first = n.numbers(0, "start"), step = n.numbers(2, "delta");
    if (!first || !step)
      return failure();
    Known known;
    known.shape = {static_cast<int64_t>(count)};
    if (count <= 1024) {
      for (uint64_t i = 0; i < static_cast<uint64_t>(count); ++i)
        known.elements.push_back(number(n, static_cast<int64_t>(static_cast<uint64_t>((*first)[0]) + i * (*step)[0])));
      Imported imported;
      imported.type = n.type(0);
      imported.known = std::make_shared<Known>(std::move(known));
      return n.set(0, std::move(imported));
    }
  }
  return n.set(0, generate(n, number(n, static_cast<int64_t>(count)), type, [&](Scalars &s, ValueRange) {
                 Value i = arith::IndexCastOp::create(s.b, s.b.getI64Type(), s.index(0));
                 return s.add(s.constant(type, *start), s.mul(s.cast(i, type, false), s.constant(type, *delta)));
               }));
}

static LogicalResult importTrilu(Node &n) {
  if (n.rank(0) < 2)
    return n.refuse("its input has rank " + Twine(n.rank(0)) + ", expected at least 2");
  int64_t k = 0;
  if (n.has(1)) {
    std::optional<SmallVector<int64_t>> numbers = n.numbers(1, "k");
    if (!numbers || numbers->size() != 1)
      return n.refuse("its k is no scalar");
    k = (*numbers)[0];
  }
  bool upper = n.integer("upper", 1) != 0;
  int64_t rank = n.rank(0);
  return n.set(0, elementwise(n, n.in(0), n.elementType(0), [&](Scalars &s, ValueRange x) {
                 Value shifted = s.add(s.index(rank - 2), s.constant(s.b.getIndexType(), k));
                 Value column = s.index(rank - 1);
                 Value keep = upper ? s.lessEqual(shifted, column) : s.lessEqual(column, shifted);
                 return s.select(keep, x[0], s.constantLike(x[0], 0));
               }));
}

static LogicalResult importEyeLike(Node &n) {
  if (n.rank(0) != 2)
    return n.refuse("its input has rank " + Twine(n.rank(0)) + ", expected 2");
  int32_t to = n.integer("dtype", n.type(0));
  Type type = n.importer.elementType(to);
  if (!type)
    return n.refuse("its dtype is not supported");
  int64_t k = n.integer("k", 0);
  return n.set(0,
               generate(n, sizesOf(n, n.in(0)), type,
                        [&](Scalars &s, ValueRange) {
                          Value shifted = s.add(s.index(0), s.constant(s.b.getIndexType(), k));
                          return s.select(s.equal(shifted, s.index(1)), s.constant(type, 1), s.constant(type, 0));
                        }),
               to);
}

static LogicalResult importOneHot(Node &n) {
  const TensorData *given = n.imported(1) ? n.imported(1)->data.get() : nullptr;
  std::optional<double> depth;
  if (n.known(1)) {
    std::optional<SmallVector<int64_t>> numbers = n.numbers(1, "its depth");
    if (numbers && numbers->size() == 1)
      depth = (*numbers)[0];
  } else if (given) {
    depth = n.scalar(1, "its depth");
  }
  if (!depth || !(*depth >= 0 && *depth <= 1e9))
    return n.refuse("its depth is no scalar that is known at import");
  int64_t rank = n.rank(0) + 1;
  std::optional<int64_t> axis = n.axis(n.integer("axis", -1), rank);
  if (!axis)
    return failure();
  if (n.rank(2) != 1 || n.shape(2)[0] != 2)
    return n.refuse("its values are no vector of 2 elements");
  Value indices = n.in(0), values = n.in(2);
  SmallVector<OpFoldResult> sizes = sizesOf(n, indices);
  sizes.insert(sizes.begin() + *axis, number(n, static_cast<int64_t>(*depth)));
  SmallVector<AffineExpr> exprs;
  for (int64_t d = 0; d < rank; ++d)
    if (d != *axis)
      exprs.push_back(n.b.getAffineDimExpr(d));
  bool isUnsigned = n.isUnsigned(0);
  Value result = mapped(
      n, indices, AffineMap::get(rank, 0, exprs, n.b.getContext()), sizes, n.elementType(2),
      [&](Scalars &s, ValueRange x) -> Value {
        Value index = s.cast(x[0], s.b.getI64Type(), false);
        Value zero = s.constantLike(index, 0), extent = s.constantLike(index, *depth);
        Scalars asSigned{s.b, false};
        index = s.select(asSigned.less(index, zero), s.add(index, extent), index);
        Value here = arith::IndexCastOp::create(s.b, s.b.getI64Type(), s.index(*axis));
        Value off = tensor::ExtractOp::create(s.b, values, ValueRange{s.constant(s.b.getIndexType(), 0)});
        Value on = tensor::ExtractOp::create(s.b, values, ValueRange{s.constant(s.b.getIndexType(), 1)});
        return s.select(s.equal(index, here), on, off);
      },
      isUnsigned);
  return n.set(0, result, n.type(2));
}

/// Padding that repeats (edge) or mirrors (reflect) the input: every element is read from where its index leads.
static Value padByIndex(Node &n, Value x, ArrayRef<int64_t> low, ArrayRef<int64_t> high, bool reflect) {
  SmallVector<OpFoldResult> sizes = sizesOf(n, x), own = sizes;
  for (auto [d, size] : llvm::enumerate(sizes))
    size = addSize(n, size, number(n, low[d] + high[d]));
  return generate(n, sizes, typeOf(x).getElementType(), [&](Scalars &s, ValueRange) -> Value {
    SmallVector<Value> indices;
    Value zero = s.constant(s.b.getIndexType(), 0);
    for (int64_t d = 0; d < static_cast<int64_t>(own.size()); ++d) {
      Value index = s.index(d);
      if (low[d] == 0 && high[d] == 0) {
        indices.push_back(index);
        continue;
      }
      index = s.sub(index, s.constant(s.b.getIndexType(), low[d]));
      Value last = s.sub(s.indexConstant(own[d]), s.constant(s.b.getIndexType(), 1));
      if (reflect) {
        index = s.select(s.less(index, zero), s.sub(zero, index), index);
        index = s.select(s.less(last, index), s.sub(s.add(last, last), index), index);
      } else {
        index = s.min(s.max(index, zero), last);
      }
      indices.push_back(index);
    }
    return tensor::ExtractOp::create(s.b, x, indices);
  });
}

static LogicalResult importPad(Node &n) {
  std::optional<SmallVector<int64_t>> pads;
  if (n.has(1))
    pads = n.numbers(1, "the list of pads");
  else
    pads = n.attr("pads") ? n.integers("pads") : n.integers("paddings");
  int64_t rank = n.rank(0);
  if (!pads)
    return n.refuse("it names no pads");
  if (static_cast<int64_t>(pads->size()) != 2 * rank)
    return n.refuse("it has " + Twine(pads->size()) + " pads for rank " + Twine(rank));
  for (int64_t amount : *pads)
    if (amount < -INT32_MAX || amount > INT32_MAX)
      return n.refuse("pad " + Twine(amount) + " is out of range");
  ArrayRef<int64_t> low = ArrayRef(*pads).take_front(rank), high = ArrayRef(*pads).drop_front(rank);
  StringRef mode = n.string("mode", "constant");
  if (mode == "constant") {
    Imported *value = n.imported(2);
    TypedAttr with = numberAttr(n.elementType(0), n.real("value", 0));
    if (value) {
      std::optional<double> number = n.scalar(2, "the padding value");
      if (!number)
        return failure();
      with = numberAttr(n.elementType(0), *number);
    }
    return n.set(0, pad(n, n.in(0), low, high, with));
  }
  if (mode != "edge" && mode != "reflect")
    return n.refuse("mode '" + mode + "' is not supported");
  if (llvm::any_of(*pads, [](int64_t amount) { return amount < 0; }))
    return n.refuse("negative pads are supported in mode 'constant' only");
  for (int64_t d = 0; d < rank; ++d) {
    int64_t extent = n.shape(0)[d], most = std::max(low[d], high[d]);
    if (most > 0 && (ShapedType::isDynamic(extent) || extent == 0 || (mode == "reflect" && most >= extent)))
      return n.refuse("dimension " + Twine(d) + " is not known to have enough elements to pad with");
  }
  return n.set(0, padByIndex(n, n.in(0), low, high, mode == "reflect"));
}

ArrayRef<OpEntry> spnn::onnximport::tensorOps() {
  static const OpEntry entries[] = {
      {"Constant", importConstant, "no strings"},
      {"ConstantOfShape", importConstantOfShape, "shape known"},
      {"EyeLike", importEyeLike, ""},
      {"OneHot", importOneHot, "depth known"},
      {"Pad", importPad, "pads and value known; modes constant, edge, reflect"},
      {"Range", importRange, "operands known"},
      {"Trilu", importTrilu, "k known"},
  };
  return entries;
}
