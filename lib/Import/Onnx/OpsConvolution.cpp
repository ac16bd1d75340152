//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Convolutions: named linalg ops where there is one, linalg.generic elsewhere; transposed ones by dilation.
//
//===----------------------------------------------------------------------===//
#include "Window.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace spnn::onnximport;

/// linalg.generic for groups and ranks that have no named op: [n, g, c, x...] * [g, f, c, k...] -> [n, g, f, o...].
static Value convolveGeneric(Node &n, Value input, Value weights, const Window &window, Value init) {
  int64_t rank = window.rank(), loops = 4 + 2 * rank;
  // Loops: n, g, f, o..., c, k...
  auto dim = [&](int64_t d) { return n.b.getAffineDimExpr(d); };
  SmallVector<AffineExpr> in = {dim(0), dim(1), dim(3 + rank)}, by = {dim(1), dim(2), dim(3 + rank)},
                          out = {dim(0), dim(1), dim(2)};
  for (int64_t d = 0; d < rank; ++d) {
    in.push_back(dim(3 + d) * window.strides[d] + dim(4 + rank + d) * window.dilations[d]);
    by.push_back(dim(4 + rank + d));
    out.push_back(dim(3 + d));
  }
  SmallVector<AffineMap> maps;
  for (ArrayRef<AffineExpr> exprs : {ArrayRef(in), ArrayRef(by), ArrayRef(out)})
    maps.push_back(AffineMap::get(loops, 0, exprs, n.b.getContext()));
  SmallVector<utils::IteratorType> iterators(loops, utils::IteratorType::parallel);
  std::fill(iterators.begin() + 3 + rank, iterators.end(), utils::IteratorType::reduction);
  return linalg::GenericOp::create(n.b, init.getType(), ValueRange{input, weights}, init, maps, iterators,
                                   [](OpBuilder &builder, Location loc, ValueRange x) {
                                     Scalars s{ImplicitLocOpBuilder(loc, builder), false};
                                     linalg::YieldOp::create(s.b, s.add(x[2], s.mul(x[0], x[1])));
                                   })
      .getResult(0);
}

template <typename Op> static Value named(Node &n, Value input, Value weights, Value init, const Window &window) {
  return Op::create(n.b, init.getType(), ValueRange{input, weights}, ValueRange{init},
                    n.b.getI64TensorAttr(window.strides), n.b.getI64TensorAttr(window.dilations))
      ->getResult(0);
}

Value spnn::onnximport::convolve(Node &n, Value input, Value weights, const Window &window, int64_t groups,
                                 Type element) {
  if (!input || !weights)
    return Value();
  int64_t rank = window.rank();
  OpFoldResult batch = sizeOf(n, input, 0), filters = sizeOf(n, weights, 0);
  SmallVector<OpFoldResult> sizes = {batch, filters};
  for (int64_t extent : window.out)
    sizes.push_back(number(n, extent));
  TypedAttr zero = numberAttr(element, 0);
  if (groups == 1 && rank == 1)
    return named<linalg::Conv1DNcwFcwOp>(n, input, weights, filled(n, sizes, zero), window);
  if (groups == 1 && rank == 2)
    return named<linalg::Conv2DNchwFchwOp>(n, input, weights, filled(n, sizes, zero), window);
  if (groups == 1 && rank == 3)
    return named<linalg::Conv3DNcdhwFcdhwOp>(n, input, weights, filled(n, sizes, zero), window);

  // Weights with one channel a group, and as many groups as filters: a filter a channel.
  auto weightType = typeOf(weights);
  if (rank == 2 && weightType.getDimSize(1) == 1 && weightType.getDimSize(0) == groups) {
    Value flat = reshape(n, weights, {filters, sizeOf(n, weights, 2), sizeOf(n, weights, 3)});
    return named<linalg::DepthwiseConv2DNchwChwOp>(n, input, flat, filled(n, sizes, zero), window);
  }
  SmallVector<OpFoldResult> in = {batch, number(n, groups), sizeOf(n, weights, 1)};
  SmallVector<OpFoldResult> by = {number(n, groups), number(n, weightType.getDimSize(0) / groups),
                                  sizeOf(n, weights, 1)};
  SmallVector<OpFoldResult> out = {batch, by[0], by[1]};
  for (int64_t d = 0; d < rank; ++d) {
    in.push_back(sizeOf(n, input, 2 + d));
    by.push_back(sizeOf(n, weights, 2 + d));
    out.push_back(sizes[2 + d]);
  }
  Value x = reshape(n, input, in), w = reshape(n, weights, by);
  if (!x || !w)
    return Value();
  Value result = rank == 2 ? named<linalg::Conv2DNgchwGfchwOp>(n, x, w, filled(n, out, zero), window)
                           : convolveGeneric(n, x, w, window, filled(n, out, zero));
  return reshape(n, result, sizes);
}

/// Adds a value a channel, along axis 1.
static Value addChannels(Node &n, Value value, Value bias) {
  if (!value || !bias)
    return Value();
  int64_t rank = typeOf(value).getRank();
  AffineMap along = AffineMap::get(rank, 0, n.b.getAffineDimExpr(1), n.b.getContext());
  return mapped(n, {value, bias}, {n.b.getMultiDimIdentityMap(rank), along}, sizesOf(n, value),
                typeOf(value).getElementType(), [](Scalars &s, ValueRange x) { return s.add(x[0], x[1]); });
}

/// The groups of a convolution whose weights have `first` and whose input has `channels` channels in all.
static std::optional<int64_t> readGroups(Node &n, int64_t weightOperand) {
  int64_t groups = n.integer("group", 1);
  if (n.rank(weightOperand) < 3 || n.rank(0) != n.rank(weightOperand))
    return (void)n.refuse("its input and weights have ranks " + Twine(n.rank(0)) + " and " +
                          Twine(n.rank(weightOperand))),
           std::nullopt;
  if (groups < 1 || ShapedType::isDynamic(n.shape(0)[1]) ||
      llvm::any_of(n.shape(weightOperand), [](int64_t extent) { return ShapedType::isDynamic(extent); }))
    return (void)n.refuse("its channels, groups and weights must be known at import"), std::nullopt;
  return groups;
}

static bool checkChannels(Node &n, int64_t channels, ArrayRef<int64_t> weights, int64_t groups, int64_t bias) {
  if (channels != weights[1] * groups || weights[0] % groups != 0)
    return (void)n.refuse("its input of " + Twine(channels) + " channels does not fit weights for " +
                          Twine(weights[1]) + " channels in " + Twine(groups) + " groups"),
           false;
  if (n.has(bias) && (n.rank(bias) != 1 || n.shape(bias)[0] != weights[0]))
    return (void)n.refuse("its bias does not have " + Twine(weights[0]) + " elements"), false;
  return true;
}

static LogicalResult importConv(Node &n) {
  std::optional<int64_t> groups = readGroups(n, 1);
  if (!groups || !checkChannels(n, n.shape(0)[1], n.shape(1), *groups, 2))
    return failure();
  std::optional<Window> window = readWindow(n, n.shape(1).drop_front(2));
  if (!window)
    return failure();
  Type element = n.elementType(0);
  Value padded = padWindow(n, n.in(0), *window, numberAttr(element, 0));
  Value result = convolve(n, padded, n.in(1), *window, *groups, element);
  return n.set(0, n.has(2) ? addChannels(n, result, n.in(2)) : result);
}

/// x - zero as i32, the zero point a scalar or absent.
Value spnn::onnximport::centered(Node &n, int64_t operand, int64_t zeroPoint) {
  SmallVector<Value> inputs = {n.in(operand)};
  if (n.has(zeroPoint)) {
    if (n.rank(zeroPoint) > 1 || (n.rank(zeroPoint) == 1 && n.shape(zeroPoint)[0] != 1))
      return n.fail("a zero point that is no scalar is not supported");
    inputs.push_back(n.in(zeroPoint));
  }
  if (!inputs[0])
    return Value();
  return elementwise(
      n, inputs, n.b.getI32Type(),
      [](Scalars &s, ValueRange x) {
        Value wide = s.cast(x[0], s.b.getI32Type(), false);
        return x.size() == 1 ? wide : s.sub(wide, s.cast(x[1], s.b.getI32Type(), false));
      },
      n.isUnsigned(operand));
}

static LogicalResult importConvInteger(Node &n) {
  std::optional<int64_t> groups = readGroups(n, 1);
  if (!groups || !checkChannels(n, n.shape(0)[1], n.shape(1), *groups, 4))
    return failure();
  std::optional<Window> window = readWindow(n, n.shape(1).drop_front(2));
  if (!window)
    return failure();
  // Padding is with the zero point, which is 0 once it is taken off.
  Value x = centered(n, 0, 2), w = centered(n, 1, 3);
  Type element = n.b.getI32Type();
  return n.set(0, convolve(n, padWindow(n, x, *window, numberAttr(element, 0)), w, *window, *groups, element),
               onnx::TensorProto::INT32);
}

Value spnn::onnximport::convolveInteger(Node &n, Value x, Value w, int64_t weightOperand) {
  std::optional<int64_t> groups = readGroups(n, weightOperand);
  if (!groups || !checkChannels(n, n.shape(0)[1], n.shape(weightOperand), *groups, 8))
    return Value();
  std::optional<Window> window = readWindow(n, n.shape(weightOperand).drop_front(2));
  if (!window || !x)
    return Value();
  Type element = n.b.getI32Type();
  return convolve(n, padWindow(n, x, *window, numberAttr(element, 0)), w, *window, *groups, element);
}

/// The padding that a transposed convolution takes off, by the rule of ONNX's ConvTranspose.
static bool derivePadding(Node &n, Window &window, ArrayRef<int64_t> outputPadding) {
  std::optional<SmallVector<int64_t>> wanted = n.integers("output_shape");
  StringRef autoPad = n.string("auto_pad", "NOTSET");
  int64_t rank = window.rank();
  if (wanted && static_cast<int64_t>(wanted->size()) != rank)
    return (void)n.refuse("its output_shape does not have " + Twine(rank) + " numbers"), false;
  for (int64_t d = 0; d < rank; ++d) {
    // Numbers of a hostile model must not overflow below.
    for (int64_t number : {window.low[d], window.high[d], outputPadding[d], wanted ? (*wanted)[d] : 0})
      if (number < -INT32_MAX || number > INT32_MAX)
        return (void)n.refuse("its padding or output shape holds " + Twine(number) + ", which is out of range"), false;
    int64_t full = (window.in[d] - 1) * window.strides[d] + window.span(d) + outputPadding[d];
    bool same = autoPad.starts_with("SAME");
    if (wanted || same) {
      window.out[d] = wanted ? (*wanted)[d] : window.in[d] * window.strides[d];
      int64_t total = std::max<int64_t>(full - window.out[d], 0);
      window.low[d] = autoPad == "SAME_UPPER" ? total / 2 : total - total / 2;
      window.high[d] = full - window.out[d] - window.low[d];
    } else {
      if (autoPad == "VALID")
        window.low[d] = window.high[d] = 0;
      window.out[d] = full - window.low[d] - window.high[d];
    }
    if (window.in[d] < 1 || window.out[d] < 1 || window.out[d] > INT32_MAX)
      return (void)n.refuse("its result would have extent " + Twine(window.out[d])), false;
  }
  return true;
}

static LogicalResult importConvTranspose(Node &n) {
  std::optional<int64_t> groups = readGroups(n, 1);
  if (!groups)
    return failure();
  ArrayRef<int64_t> w = n.shape(1);
  int64_t channels = n.shape(0)[1];
  if (channels != w[0] || channels % *groups != 0)
    return n.refuse("its input of " + Twine(channels) + " channels does not fit weights for " + Twine(w[0]) + " in " +
                    Twine(*groups) + " groups");
  int64_t filters = w[1] * *groups, rank = w.size() - 2;
  if (n.has(2) && (n.rank(2) != 1 || n.shape(2)[0] != filters))
    return n.refuse("its bias does not have " + Twine(filters) + " elements");
  std::optional<Window> window = readWindowAttributes(n, w.drop_front(2));
  if (!window)
    return failure();
  SmallVector<int64_t> outputPadding = n.integers("output_padding").value_or(SmallVector<int64_t>(rank, 0));
  if (static_cast<int64_t>(outputPadding.size()) != rank)
    return n.refuse("its output_padding does not have " + Twine(rank) + " numbers");
  for (int64_t amount : outputPadding)
    if (amount < 0 || amount > INT32_MAX)
      return n.refuse("output_padding of " + Twine(amount) + " is out of range");
  if (!derivePadding(n, *window, outputPadding))
    return failure();

  // The input with strides - 1 zeros between its elements, then a plain convolution by the mirrored kernel.
  Type element = n.elementType(0);
  Value x = n.in(0);
  SmallVector<OpFoldResult> dilated = {sizeOf(n, x, 0), sizeOf(n, x, 1)}, offsets(rank + 2, number(n, 0)),
                            strides(2, number(n, 1));
  for (int64_t d = 0; d < rank; ++d) {
    dilated.push_back(number(n, (window->in[d] - 1) * window->strides[d] + 1));
    strides.push_back(number(n, window->strides[d]));
  }
  if (llvm::is_contained(n.shape(0), 0))
    x = filled(n, dilated, numberAttr(element, 0));
  else if (llvm::any_of(window->strides, [](int64_t stride) { return stride != 1; }))
    x = tensor::InsertSliceOp::create(n.b, x, filled(n, dilated, numberAttr(element, 0)), offsets, sizesOf(n, x),
                                      strides);
  SmallVector<int64_t> low(2, 0), high(2, 0);
  for (int64_t d = 0; d < rank; ++d) {
    low.push_back(window->span(d) - 1 - window->low[d]);
    high.push_back(window->span(d) - 1 - window->high[d] + outputPadding[d]);
    window->strides[d] = 1;
  }
  x = pad(n, x, low, high, numberAttr(element, 0));

  // [g c, f, k...] -> [g f, c, k...] with k mirrored.
  Value weights = n.in(1);
  SmallVector<OpFoldResult> sizes = {number(n, filters), number(n, channels / *groups)};
  for (int64_t extent : window->kernel)
    sizes.push_back(number(n, extent));
  int64_t perGroup = channels / *groups, filtersPerGroup = w[1];
  Value mirrored = generate(n, sizes, element, [&](Scalars &s, ValueRange) -> Value {
    Value filter = s.index(0), channel = s.index(1);
    Type index = s.b.getIndexType();
    Value count = s.constant(index, filtersPerGroup);
    Value group = arith::DivUIOp::create(s.b, filter, count);
    SmallVector<Value> at = {s.add(s.mul(group, s.constant(index, perGroup)), channel),
                             arith::RemUIOp::create(s.b, filter, count)};
    for (int64_t d = 0; d < rank; ++d)
      at.push_back(s.sub(s.constant(index, window->kernel[d] - 1), s.index(2 + d)));
    return tensor::ExtractOp::create(s.b, weights, at);
  });
  Value result = convolve(n, x, mirrored, *window, *groups, element);
  return n.set(0, n.has(2) ? addChannels(n, result, n.in(2)) : result);
}

ArrayRef<OpEntry> spnn::onnximport::convolutionOps() {
  static const OpEntry entries[] = {
      {"Conv", importConv, "channels and spatial extents known"},
      {"ConvInteger", importConvInteger, "channels and spatial extents known; scalar zero points"},
      {"ConvTranspose", importConvTranspose, "channels and spatial extents known"},
  };
  return entries;
}
