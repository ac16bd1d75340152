//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops that change a tensor's shape and move its parts: Reshape, Transpose, Concat, Slice and their like.
//
//===----------------------------------------------------------------------===//
#include "Builders.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace spnn::onnximport;
using onnx::TensorProto;

/// An operand or, in older opsets, an attribute that lists integers; empty if it is given by neither.
static std::optional<SmallVector<int64_t>> listOf(Node &n, int64_t i, StringRef name) {
  if (n.has(i))
    return n.numbers(i, name);
  return n.integers(name).value_or(SmallVector<int64_t>());
}

static LogicalResult importIdentity(Node &n) {
  if (!n.has(0))
    return n.refuse("input 0 is missing");
  return n.set(0, *n.imported(0));
}

/// Shape and Size: always computed at import, from extents that may be dynamic.
static LogicalResult importExtents(Node &n) { return success(foldNode(n)); }

static LogicalResult importDropout(Node &n) {
  if (n.has(2)) {
    std::optional<double> training = n.scalar(2, "training_mode");
    if (!training)
      return failure();
    if (*training != 0)
      return n.refuse("training mode is not supported");
  }
  if (n.wants(1)) {
    Value mask = filled(n, sizesOf(n, n.in(0)), n.b.getBoolAttr(true));
    // Until opset 9 the mask has the type of the data.
    bool isData = n.opset < 10;
    if (isData)
      mask = filled(n, sizesOf(n, n.in(0)), numberAttr(n.elementType(0), 1));
    if (failed(n.set(1, mask, isData ? n.type(0) : int32_t(TensorProto::BOOL))))
      return failure();
  }
  return importIdentity(n);
}

static LogicalResult importReshape(Node &n) {
  SmallVector<OpFoldResult> wanted;
  if (n.has(1)) {
    const Known *shape = n.known(1);
    if (!shape)
      return n.refuse("its shape is not known at import");
    wanted = shape->elements;
  } else {
    for (int64_t extent : n.integers("shape").value_or(SmallVector<int64_t>()))
      wanted.push_back(number(n, extent));
  }
  if (wanted.size() > 64)
    return n.refuse("its shape has more than 64 dimensions");
  bool allowZero = n.integer("allowzero", 0) != 0;
  Value x = n.in(0);
  SmallVector<OpFoldResult> sizes = sizesOf(n, x);
  int64_t inferred = -1;
  OpFoldResult total = number(n, 1), rest = number(n, 1);
  // Extents copied from the input leave the division below, so that a dynamic batch stays what it is.
  SmallVector<bool> copied(sizes.size(), false);
  for (auto [d, size] : llvm::enumerate(wanted)) {
    std::optional<int64_t> extent = getConstantIntValue(size);
    if (extent == -1) {
      if (inferred >= 0)
        return n.refuse("two extents of its shape are -1");
      inferred = d;
      continue;
    }
    if (extent == 0 && !allowZero) {
      if (d >= sizes.size())
        return n.refuse("its shape copies dimension " + Twine(d) + ", which the input does not have");
      size = sizes[d];
      copied[d] = true;
      continue;
    }
    if (extent && *extent < 0)
      return n.refuse("its shape has the negative extent " + Twine(*extent));
    // The extent of a dynamic input dimension, by way of Shape.
    bool same = false;
    for (auto [at, own] : llvm::enumerate(sizes))
      if (!extent && !copied[at] && own == size) {
        copied[at] = same = true;
        break;
      }
    if (!same)
      rest = mulSize(n, rest, size);
  }
  if (inferred >= 0) {
    for (auto [at, own] : llvm::enumerate(sizes))
      if (!copied[at])
        total = mulSize(n, total, own);
    std::optional<int64_t> divisor = getConstantIntValue(rest), dividend = getConstantIntValue(total);
    if (divisor == 0 || (divisor && dividend && *dividend % *divisor != 0))
      return n.refuse("its extent -1 does not follow from the number of elements");
    wanted[inferred] = divSize(n, total, rest);
  }
  return n.set(0, reshape(n, x, wanted));
}

static LogicalResult importFlatten(Node &n) {
  int64_t axis = n.integer("axis", 1), rank = n.rank(0);
  if (axis < -rank || axis > rank)
    return n.refuse("axis " + Twine(axis) + " is out of range for rank " + Twine(rank));
  axis += axis < 0 ? rank : 0;
  Value x = n.in(0);
  OpFoldResult rows = number(n, 1), columns = number(n, 1);
  for (int64_t d = 0; d < rank; ++d)
    (d < axis ? rows : columns) = mulSize(n, d < axis ? rows : columns, sizeOf(n, x, d));
  return n.set(0, reshape(n, x, {rows, columns}));
}

static LogicalResult importSqueeze(Node &n) {
  std::optional<SmallVector<int64_t>> named = listOf(n, 1, "axes");
  if (!named)
    return failure();
  bool all = !n.has(1) && !n.attr("axes");
  std::optional<SmallVector<int64_t>> axes = n.axes(*named, n.rank(0));
  if (!axes)
    return failure();
  Value x = n.in(0);
  SmallVector<OpFoldResult> sizes;
  for (int64_t d = 0; d < n.rank(0); ++d) {
    bool drop = all ? n.shape(0)[d] == 1 : llvm::is_contained(*axes, d);
    if (drop && n.shape(0)[d] != 1 && !ShapedType::isDynamic(n.shape(0)[d]))
      return n.refuse("dimension " + Twine(d) + " of extent " + Twine(n.shape(0)[d]) + " cannot be squeezed out");
    if (all && ShapedType::isDynamic(n.shape(0)[d]))
      return n.refuse("without axes, which extents are 1 must be known at import");
    if (!drop)
      sizes.push_back(sizeOf(n, x, d));
  }
  return n.set(0, reshape(n, x, sizes));
}

static LogicalResult importUnsqueeze(Node &n) {
  std::optional<SmallVector<int64_t>> named = listOf(n, 1, "axes");
  if (!named)
    return failure();
  int64_t rank = n.rank(0) + named->size();
  std::optional<SmallVector<int64_t>> axes = n.axes(*named, rank);
  if (!axes)
    return failure();
  if (rank > 64)
    return n.refuse("its result would have more than 64 dimensions");
  Value x = n.in(0);
  SmallVector<OpFoldResult> sizes;
  for (int64_t d = 0, own = 0; d < rank; ++d)
    sizes.push_back(llvm::is_contained(*axes, d) ? number(n, 1) : sizeOf(n, x, own++));
  return n.set(0, reshape(n, x, sizes));
}

static LogicalResult importTranspose(Node &n) {
  int64_t rank = n.rank(0);
  SmallVector<int64_t> permutation;
  for (int64_t d = rank - 1; d >= 0; --d)
    permutation.push_back(d);
  if (n.attr("perm"))
    permutation = *n.integers("perm");
  SmallVector<int64_t> sorted(permutation);
  llvm::sort(sorted);
  if (sorted != llvm::to_vector(llvm::seq<int64_t>(0, rank)))
    return n.refuse("its perm is no permutation of the " + Twine(rank) + " dimensions");
  return n.set(0, transpose(n, n.in(0), permutation));
}

static LogicalResult importConcat(Node &n) {
  SmallVector<Value> inputs = n.all();
  int64_t rank = n.rank(0);
  std::optional<int64_t> axis = n.axis(n.integer("axis", 1), rank);
  if (!axis)
    return failure();
  SmallVector<int64_t> shape(n.shape(0));
  shape[*axis] = 0;
  for (Value input : inputs) {
    if (!input || typeOf(input).getRank() != rank)
      return n.refuse("its inputs have different ranks");
    for (int64_t d = 0; d < rank; ++d) {
      int64_t extent = typeOf(input).getDimSize(d);
      if (d == *axis)
        shape[d] =
            ShapedType::isDynamic(shape[d]) || ShapedType::isDynamic(extent) ? ShapedType::kDynamic : shape[d] + extent;
      else if (ShapedType::isDynamic(shape[d]))
        shape[d] = extent;
      else if (shape[d] != extent && !ShapedType::isDynamic(extent))
        return n.refuse("its inputs have extents " + Twine(shape[d]) + " and " + Twine(extent) + " in dimension " +
                        Twine(d));
    }
  }
  if (inputs.size() == 1)
    return n.set(0, inputs[0]);
  auto type = RankedTensorType::get(shape, n.elementType(0));
  return n.set(0, tensor::ConcatOp::create(n.b, type, *axis, inputs).getResult());
}

static LogicalResult importSplit(Node &n) {
  std::optional<int64_t> axis = n.axis(n.integer("axis", 0), n.rank(0));
  std::optional<SmallVector<int64_t>> parts = listOf(n, 1, "split");
  if (!axis || !parts)
    return failure();
  int64_t extent = n.shape(0)[*axis], count = n.numOutputs();
  if (ShapedType::isDynamic(extent) && parts->empty())
    return n.refuse("the extent that it splits is not known at import");
  if (n.integer("num_outputs", count) != count)
    return n.refuse("its num_outputs is not its " + Twine(count) + " outputs");
  if (parts->empty())
    for (int64_t i = 0, part = llvm::divideCeil(extent, count); i < count; ++i)
      parts->push_back(std::clamp<int64_t>(extent - i * part, 0, part));
  int64_t sum = 0;
  for (int64_t part : *parts)
    if (part < 0 || llvm::AddOverflow(sum, part, sum))
      return n.refuse("part " + Twine(part) + " is out of range");
  if (static_cast<int64_t>(parts->size()) != count || (sum != extent && !ShapedType::isDynamic(extent)))
    return n.refuse("its parts do not add up to extent " + Twine(extent));
  Value x = n.in(0);
  SmallVector<OpFoldResult> offsets(n.rank(0), number(n, 0)), strides(n.rank(0), number(n, 1));
  SmallVector<OpFoldResult> sizes = sizesOf(n, x);
  int64_t at = 0;
  for (auto [i, part] : llvm::enumerate(*parts)) {
    offsets[*axis] = number(n, at);
    sizes[*axis] = number(n, part);
    at += part;
    if (n.wants(i) && failed(n.set(i, slice(n, x, offsets, sizes, strides))))
      return failure();
  }
  return success();
}

/// x[.., start + i * step, ..] for the dimensions where `steps` is not 1; for negative steps, which
/// tensor.extract_slice does not know.
static Value strided(Node &n, Value x, ArrayRef<int64_t> starts, ArrayRef<int64_t> steps,
                     ArrayRef<OpFoldResult> sizes) {
  return generate(n, sizes, typeOf(x).getElementType(), [&](Scalars &s, ValueRange) -> Value {
    SmallVector<Value> indices;
    for (int64_t d = 0; d < static_cast<int64_t>(starts.size()); ++d) {
      Value scaled = s.mul(s.index(d), s.indexConstant(s.b.getIndexAttr(steps[d])));
      indices.push_back(s.add(scaled, s.indexConstant(s.b.getIndexAttr(starts[d]))));
    }
    return tensor::ExtractOp::create(s.b, x, indices);
  });
}

static LogicalResult importSlice(Node &n) {
  auto starts = listOf(n, 1, "starts"), ends = listOf(n, 2, "ends"), named = listOf(n, 3, "axes"),
       given = listOf(n, 4, "steps");
  if (!starts || !ends || !named || !given)
    return failure();
  int64_t rank = n.rank(0);
  if (named->empty())
    named = llvm::to_vector(llvm::seq<int64_t>(0, starts->size()));
  if (given->empty())
    given->assign(starts->size(), 1);
  auto axes = n.axes(*named, rank);
  if (!axes)
    return failure();
  if (starts->size() != ends->size() || starts->size() != axes->size() || starts->size() != given->size())
    return n.refuse("its starts, ends, axes and steps have different lengths");
  Value x = n.in(0);
  SmallVector<int64_t> begin(rank, 0), step(rank, 1);
  SmallVector<OpFoldResult> sizes = sizesOf(n, x);
  bool negative = false;
  for (size_t i = 0; i < axes->size(); ++i) {
    int64_t axis = (*axes)[i], from = (*starts)[i], to = (*ends)[i], stride = (*given)[i];
    int64_t extent = n.shape(0)[axis];
    if (stride == 0 || stride == INT64_MIN)
      return n.refuse("step " + Twine(stride) + " is not allowed");
    if (ShapedType::isDynamic(extent)) {
      // Everything, or a part that the bounds give by themselves.
      if (stride == 1 && from == 0 && to >= INT32_MAX)
        continue;
      if (stride != 1 || from < 0 || to < from)
        return n.refuse("the extent of dimension " + Twine(axis) + ", which it cuts, is not known at import");
      begin[axis] = from;
      sizes[axis] = to >= INT32_MAX ? addSize(n, sizes[axis], number(n, -from)) : number(n, to - from);
      continue;
    }
    negative |= stride < 0;
    auto clamp = [&](int64_t at) {
      at += at < 0 ? extent : 0;
      return stride > 0 ? std::clamp<int64_t>(at, 0, extent) : std::clamp<int64_t>(at, -1, extent - 1);
    };
    // An end before the first element, counted from the end, is -1 after the clamp.
    int64_t first = clamp(from), last = clamp(to);
    int64_t length = stride > 0 ? last - first : first - last;
    int64_t width = stride > 0 ? stride : -stride;
    int64_t count = length <= 0 ? 0 : (length - 1) / width + 1;
    begin[axis] = count == 0 ? 0 : first;
    step[axis] = count <= 1 ? 1 : stride;
    sizes[axis] = number(n, count);
  }
  if (negative)
    return n.set(0, strided(n, x, begin, step, sizes));
  auto numbers = [&](ArrayRef<int64_t> list) {
    return llvm::map_to_vector(list, [&](int64_t value) { return number(n, value); });
  };
  return n.set(0, slice(n, x, numbers(begin), sizes, numbers(step)));
}

static LogicalResult importExpand(Node &n) {
  const Known *shape = n.known(1);
  if (!shape)
    return n.refuse("its shape is not known at import");
  Value x = n.in(0);
  int64_t rank = n.rank(0), wanted = shape->elements.size(), result = std::max(rank, wanted);
  if (result > 64)
    return n.refuse("its shape has more than 64 dimensions");
  SmallVector<OpFoldResult> sizes(result, number(n, 1));
  for (int64_t d = 0; d < rank; ++d)
    sizes[result - rank + d] = sizeOf(n, x, d);
  for (int64_t d = 0; d < wanted; ++d) {
    OpFoldResult &size = sizes[result - wanted + d];
    std::optional<int64_t> extent = getConstantIntValue(shape->elements[d]), own = getConstantIntValue(size);
    if (extent == 1)
      continue;
    if (extent && (*extent < 0 || (own && *own != 1 && *own != *extent)))
      return n.refuse("extent " + Twine(own.value_or(-1)) + " does not expand to " + Twine(*extent));
    if (own == 1 || extent)
      size = shape->elements[d];
  }
  return n.set(0, broadcastTo(n, x, sizes));
}

static LogicalResult importTile(Node &n) {
  std::optional<SmallVector<int64_t>> repeats = n.numbers(1, "the number of repeats");
  if (!repeats)
    return failure();
  int64_t rank = n.rank(0);
  if (static_cast<int64_t>(repeats->size()) != rank)
    return n.refuse("it has " + Twine(repeats->size()) + " repeats for rank " + Twine(rank));
  Value x = n.in(0);
  SmallVector<OpFoldResult> sizes = sizesOf(n, x), own = sizes;
  for (auto [size, repeat] : llvm::zip(sizes, *repeats)) {
    if (repeat < 0 || repeat > INT32_MAX)
      return n.refuse("repeat " + Twine(repeat) + " is out of range");
    size = mulSize(n, size, number(n, repeat));
  }
  return n.set(0, generate(n, sizes, n.elementType(0), [&](Scalars &s, ValueRange) -> Value {
                 SmallVector<Value> indices;
                 for (int64_t d = 0; d < rank; ++d) {
                   Value index = s.index(d);
                   if ((*repeats)[d] != 1)
                     index = arith::RemUIOp::create(s.b, index, s.indexConstant(own[d]));
                   indices.push_back(index);
                 }
                 return tensor::ExtractOp::create(s.b, x, indices);
               }));
}

ArrayRef<OpEntry> spnn::onnximport::shapeOps() {
  static const OpEntry entries[] = {
      {"Concat", importConcat, ""},
      {"Dropout", importDropout, "inference"},
      {"Expand", importExpand, "shape known"},
      {"Flatten", importFlatten, ""},
      {"Identity", importIdentity, ""},
      {"Reshape", importReshape, "shape known"},
      {"Shape", importExtents, ""},
      {"Size", importExtents, ""},
      {"Slice", importSlice, "starts, ends, axes and steps known; of dynamic extents only plain prefixes and suffixes"},
      {"Split", importSplit, "parts known"},
      {"Squeeze", importSqueeze, "axes known"},
      {"Tile", importTile, "repeats known"},
      {"Transpose", importTranspose, ""},
      {"Unsqueeze", importUnsqueeze, "axes known"},
  };
  return entries;
}
