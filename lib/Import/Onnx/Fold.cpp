//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Folding of small integer tensors: the chains of Shape, Gather, Concat and arithmetic that compute shapes.
//
//===----------------------------------------------------------------------===//
#include "Builders.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spnn::onnximport;
using onnx::TensorProto;

/// Larger results are left to run time.
static constexpr int64_t kMaxElements = 1024;

static int64_t countOf(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    if (llvm::MulOverflow(count, extent, count) || count > kMaxElements)
      return kMaxElements + 1;
  return count;
}

/// A number as the tensor's element type stores it.
static int64_t wrapped(int64_t value, int32_t type) {
  unsigned bits = type == TensorProto::BOOL ? 1 : 8 * elementBytes(type);
  if (bits == 64)
    return value;
  return isUnsignedType(type) ? value & ((int64_t(1) << bits) - 1) : llvm::SignExtend64(value, bits);
}

static bool finish(Node &n, Known known, int32_t type) {
  Imported imported;
  imported.type = type;
  imported.name = n.wants(0) ? n.proto.output(0) : "";
  imported.known = std::make_shared<Known>(std::move(known));
  return succeeded(n.set(0, std::move(imported)));
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

/// The result of a binary op on two numbers; nothing where it is not defined.
static std::optional<int64_t> evaluate(StringRef op, int64_t x, int64_t y) {
  auto asSigned = [](uint64_t value) { return static_cast<int64_t>(value); };
  uint64_t ux = x, uy = y;
  if (op == "Add" || op == "Sum")
    return asSigned(ux + uy);
  if (op == "Sub")
    return asSigned(ux - uy);
  if (op == "Mul")
    return asSigned(ux * uy);
  if (op == "Min")
    return std::min(x, y);
  if (op == "Max")
    return std::max(x, y);
  if (op == "Equal")
    return x == y;
  if (op == "Less")
    return x < y;
  if (op == "LessOrEqual")
    return x <= y;
  if (op == "Greater")
    return x > y;
  if (op == "GreaterOrEqual")
    return x >= y;
  if (op == "And")
    return x & y;
  if (op == "Or")
    return x | y;
  if (op == "Xor")
    return x ^ y;
  if (op == "Div" && y != 0 && !(x == INT64_MIN && y == -1))
    return x / y;
  return std::nullopt;
}

static std::optional<OpFoldResult> evaluateMixed(Node &n, StringRef op, OpFoldResult x, OpFoldResult y) {
  auto a = getConstantIntValue(x), c = getConstantIntValue(y);
  if (a && c) {
    std::optional<int64_t> result = evaluate(op, *a, *c);
    return result ? std::optional<OpFoldResult>(number(n, *result)) : std::nullopt;
  }
  if (op == "Add")
    return addSize(n, x, y);
  if (op == "Sub")
    return addSize(n, x, mulSize(n, y, number(n, -1)));
  if (op == "Mul")
    return mulSize(n, x, y);
  if (op == "Div" && c && *c > 0)
    return divSize(n, x, y);
  return std::nullopt;
}

static std::optional<SmallVector<int64_t>> broadcastShape(ArrayRef<const Known *> inputs) {
  SmallVector<int64_t> shape;
  for (const Known *input : inputs)
    if (input->shape.size() > shape.size())
      shape.insert(shape.begin(), input->shape.size() - shape.size(), 1);
  for (const Known *input : inputs)
    for (auto [extent, result] : llvm::zip(llvm::reverse(input->shape), llvm::reverse(shape))) {
      if (result != 1 && extent != 1 && result != extent)
        return std::nullopt;
      result = result == 1 ? extent : result;
    }
  return shape;
}

/// Element of `input` under the linear index of a result that it broadcasts to.
static OpFoldResult elementAt(const Known &input, ArrayRef<int64_t> shape, int64_t linear) {
  int64_t offset = 0, stride = 1;
  for (int64_t d = shape.size() - 1, own = input.shape.size() - 1; own >= 0; --d, --own) {
    if (input.shape[own] != 1)
      offset += linear % shape[d] * stride;
    stride *= input.shape[own];
    linear /= shape[d];
  }
  return input.elements[offset];
}

static bool foldElementwise(Node &n, ArrayRef<const Known *> inputs) {
  StringRef op = n.proto.op_type();
  std::optional<SmallVector<int64_t>> shape = broadcastShape(inputs);
  if (!shape || countOf(*shape) > kMaxElements)
    return false;
  bool compares = llvm::is_contained({"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"}, op);
  int32_t type = compares ? int32_t(TensorProto::BOOL) : n.type(op == "Where" ? 1 : 0);
  Known result;
  result.shape = *shape;
  for (int64_t i = 0, end = countOf(*shape); i < end; ++i) {
    OpFoldResult element = elementAt(*inputs[0], *shape, i);
    if (op == "Where") {
      std::optional<int64_t> condition = getConstantIntValue(element);
      if (!condition)
        return false;
      element = elementAt(*inputs[*condition ? 1 : 2], *shape, i);
    } else {
      for (const Known *input : inputs.drop_front()) {
        std::optional<OpFoldResult> next = evaluateMixed(n, op, element, elementAt(*input, *shape, i));
        if (!next)
          return false;
        element = *next;
      }
    }
    if (std::optional<int64_t> value = getConstantIntValue(element))
      element = number(n, wrapped(*value, type));
    result.elements.push_back(element);
  }
  return finish(n, std::move(result), type);
}

static bool foldUnary(Node &n, const Known &input) {
  StringRef op = n.proto.op_type();
  Known result = input;
  int32_t type = n.type(0);
  for (OpFoldResult &element : result.elements) {
    std::optional<int64_t> value = getConstantIntValue(element);
    if (!value)
      return false;
    int64_t negated = static_cast<int64_t>(-static_cast<uint64_t>(*value));
    *value = op == "Not" ? !*value : op == "Neg" || (op == "Abs" && *value < 0) ? negated : *value;
    element = number(n, wrapped(*value, type));
  }
  return finish(n, std::move(result), type);
}

/// Cast between integers; to a float the elements become a small constant.
static bool foldCast(Node &n, const Known &input) {
  int32_t to = n.proto.op_type() == "CastLike" ? n.type(1) : n.integer("to", 0);
  std::optional<SmallVector<int64_t>> numbers = input.numbers();
  if (to == TensorProto::FLOAT && numbers) {
    TensorData data;
    data.type = to;
    data.shape = input.shape;
    for (int64_t value : *numbers) {
      float number = static_cast<float>(value);
      auto *bytes = reinterpret_cast<const uint8_t *>(&number);
      data.bytes.insert(data.bytes.end(), bytes, bytes + sizeof(number));
    }
    return succeeded(n.set(0, n.importer.wrap(std::move(data), n.wants(0) ? n.proto.output(0) : "")));
  }
  if (isFloatType(to) || elementBytes(to) == 0)
    return false;
  Known result = input;
  for (OpFoldResult &element : result.elements) {
    std::optional<int64_t> value = getConstantIntValue(element);
    if (value)
      element = number(n, to == TensorProto::BOOL ? *value != 0 : wrapped(*value, to));
    else if (to == TensorProto::BOOL)
      return false;
  }
  return finish(n, std::move(result), to);
}

//===----------------------------------------------------------------------===//
// Movement
//===----------------------------------------------------------------------===//

static bool foldShape(Node &n) {
  if (!n.has(0))
    return false;
  int64_t rank = n.rank(0);
  auto clamp = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
  int64_t begin = clamp(n.integer("start", 0)), end = clamp(n.integer("end", rank));
  Known result;
  for (int64_t d = begin; d < end; ++d)
    result.elements.push_back(ShapedType::isDynamic(n.shape(0)[d]) ? sizeOf(n, n.in(0), d) : number(n, n.shape(0)[d]));
  if (n.proto.op_type() == "Size") {
    OpFoldResult product = number(n, 1);
    for (OpFoldResult size : result.elements)
      product = mulSize(n, product, size);
    result.elements = {product};
    return finish(n, std::move(result), TensorProto::INT64);
  }
  result.shape = {static_cast<int64_t>(result.elements.size())};
  return finish(n, std::move(result), TensorProto::INT64);
}

static bool foldGather(Node &n, const Known &data, const Known &indices) {
  std::optional<SmallVector<int64_t>> numbers = indices.numbers();
  if (data.shape.size() != 1 || !numbers)
    return false;
  Known result;
  result.shape = indices.shape;
  for (int64_t index : *numbers) {
    index += index < 0 ? data.shape[0] : 0;
    if (index < 0 || index >= data.shape[0])
      return false;
    result.elements.push_back(data.elements[index]);
  }
  return finish(n, std::move(result), n.type(0));
}

static bool foldConcat(Node &n, ArrayRef<const Known *> inputs) {
  Known result;
  for (const Known *input : inputs) {
    if (input->shape.size() != 1)
      return false;
    llvm::append_range(result.elements, input->elements);
  }
  result.shape = {static_cast<int64_t>(result.elements.size())};
  return result.elements.size() <= kMaxElements && finish(n, std::move(result), n.type(0));
}

/// Slices of a vector, with starts, ends, axes and steps as operands or attributes.
static bool foldSlice(Node &n, ArrayRef<const Known *> inputs) {
  auto list = [&](size_t i, StringRef name) -> std::optional<SmallVector<int64_t>> {
    if (i < inputs.size())
      return inputs[i] ? inputs[i]->numbers() : std::nullopt;
    return n.integers(name);
  };
  if (inputs[0]->shape.size() != 1)
    return false;
  auto starts = list(1, "starts"), ends = list(2, "ends"), steps = list(4, "steps");
  if (!starts || !ends || starts->size() != 1 || ends->size() != 1 || (steps && steps->size() != 1))
    return false;
  int64_t extent = inputs[0]->shape[0], step = steps ? (*steps)[0] : 1;
  if (step != 1)
    return false;
  auto clamp = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + extent : at, 0, extent); };
  Known result;
  for (int64_t i = clamp((*starts)[0]), end = clamp((*ends)[0]); i < end; ++i)
    result.elements.push_back(inputs[0]->elements[i]);
  result.shape = {static_cast<int64_t>(result.elements.size())};
  return finish(n, std::move(result), n.type(0));
}

/// Squeeze, Unsqueeze, Reshape: the shape changes, the elements stay. Only to and from vectors and scalars.
static bool foldReshape(Node &n, ArrayRef<const Known *> inputs) {
  Known result = *inputs[0];
  int64_t count = result.elements.size();
  if (n.proto.op_type() == "Unsqueeze" && result.shape.empty()) {
    result.shape = {1};
  } else if (n.proto.op_type() == "Squeeze" && result.shape == ArrayRef<int64_t>{1}) {
    result.shape = {};
  } else if (n.proto.op_type() == "Reshape" && inputs.size() > 1 && inputs[1]->elements.size() == 1) {
    std::optional<int64_t> extent = getConstantIntValue(inputs[1]->elements[0]);
    if (!extent || (*extent != -1 && *extent != count))
      return false;
    result.shape = {count};
  } else {
    return false;
  }
  return finish(n, std::move(result), n.type(0));
}

static bool foldReduce(Node &n, const Known &input) {
  if (input.shape.size() > 1 || n.numInputs() > 1 || n.integer("noop_with_empty_axes", 0) != 0)
    return false;
  StringRef op = n.proto.op_type();
  StringRef binary = op == "ReduceProd" ? "Mul" : op == "ReduceSum" ? "Add" : op == "ReduceMax" ? "Max" : "Min";
  if (input.elements.empty())
    return false;
  OpFoldResult total = input.elements[0];
  for (OpFoldResult element : ArrayRef(input.elements).drop_front()) {
    std::optional<OpFoldResult> next = evaluateMixed(n, binary, total, element);
    if (!next)
      return false;
    total = *next;
  }
  Known result;
  result.shape.assign(input.shape.size() && n.integer("keepdims", 1) ? 1 : 0, 1);
  result.elements = {total};
  return finish(n, std::move(result), n.type(0));
}

bool spnn::onnximport::foldNode(Node &n) {
  StringRef op = n.proto.op_type();
  if (op == "Shape" || op == "Size")
    return foldShape(n);
  SmallVector<const Known *> inputs;
  for (int64_t i = 0; i < n.numInputs(); ++i) {
    // Comparison of 64-bit unsigned numbers is left to run time.
    if (!n.known(i) || n.type(i) == TensorProto::UINT64)
      return false;
    inputs.push_back(n.known(i));
  }
  if (inputs.empty())
    return false;
  enum Kind { Elementwise, Unary, Cast, Same, Gather, Concat, Slice, Reshape, Reduce, None };
  Kind kind = llvm::StringSwitch<Kind>(op)
                  .Cases({"Add", "Sub", "Mul", "Div", "Min", "Max", "Sum", "Where"}, Elementwise)
                  .Cases({"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"}, Elementwise)
                  .Cases({"And", "Or", "Xor"}, Elementwise)
                  .Cases({"Neg", "Abs", "Not"}, Unary)
                  .Cases({"Cast", "CastLike"}, Cast)
                  .Case("Identity", Same)
                  .Case("Gather", Gather)
                  .Case("Concat", Concat)
                  .Case("Slice", Slice)
                  .Cases({"Squeeze", "Unsqueeze", "Reshape"}, Reshape)
                  .Cases({"ReduceProd", "ReduceSum", "ReduceMax", "ReduceMin"}, Reduce)
                  .Default(None);
  switch (kind) {
  case Elementwise:
    return foldElementwise(n, inputs);
  case Unary:
    return foldUnary(n, *inputs[0]);
  case Cast:
    return foldCast(n, *inputs[0]);
  case Same:
    return finish(n, *inputs[0], n.type(0));
  case Gather:
    return foldGather(n, *inputs[0], *inputs[1]);
  case Concat:
    return foldConcat(n, inputs);
  case Slice:
    return foldSlice(n, inputs);
  case Reshape:
    return foldReshape(n, inputs);
  case Reduce:
    return foldReduce(n, *inputs[0]);
  case None:
    return false;
  }
  llvm_unreachable("no such kind");
}
