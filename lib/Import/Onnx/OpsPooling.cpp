//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Poolings over sliding windows and over all spatial axes.
//
//===----------------------------------------------------------------------===//
#include "Window.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace spnn::onnximport;

template <typename Op> static Value named(Node &n, Value input, Value shape, Value init, const Window &window) {
  return Op::create(n.b, init.getType(), ValueRange{input, shape}, ValueRange{init},
                    n.b.getI64TensorAttr(window.strides), n.b.getI64TensorAttr(window.dilations))
      ->getResult(0);
}

/// Folds each window of a padded input by max or by sum.
static Value poolWindows(Node &n, Value input, const Window &window, bool isMax, bool isUnsigned) {
  if (!input)
    return Value();
  Type element = typeOf(input).getElementType();
  SmallVector<OpFoldResult> sizes = {sizeOf(n, input, 0), sizeOf(n, input, 1)}, kernel;
  for (int64_t d = 0; d < window.rank(); ++d) {
    sizes.push_back(number(n, window.out[d]));
    kernel.push_back(number(n, window.kernel[d]));
  }
  Value shape = emptyTensor(n, kernel, element);
  Value init = filled(n, sizes, isMax ? lowestAttr(element, isUnsigned, false) : numberAttr(element, 0));
  bool plain = !(isMax && isUnsigned);
  if (window.rank() == 1 && plain)
    return isMax ? named<linalg::PoolingNcwMaxOp>(n, input, shape, init, window)
                 : named<linalg::PoolingNcwSumOp>(n, input, shape, init, window);
  if (window.rank() == 2 && plain)
    return isMax ? named<linalg::PoolingNchwMaxOp>(n, input, shape, init, window)
                 : named<linalg::PoolingNchwSumOp>(n, input, shape, init, window);
  // Loops: n, c, o..., k...
  int64_t rank = window.rank(), loops = 2 + 2 * rank;
  auto dim = [&](int64_t d) { return n.b.getAffineDimExpr(d); };
  SmallVector<AffineExpr> in = {dim(0), dim(1)}, by, out = in;
  for (int64_t d = 0; d < rank; ++d) {
    in.push_back(dim(2 + d) * window.strides[d] + dim(2 + rank + d) * window.dilations[d]);
    by.push_back(dim(2 + rank + d));
    out.push_back(dim(2 + d));
  }
  SmallVector<AffineMap> maps;
  for (ArrayRef<AffineExpr> exprs : {ArrayRef(in), ArrayRef(by), ArrayRef(out)})
    maps.push_back(AffineMap::get(loops, 0, exprs, n.b.getContext()));
  SmallVector<utils::IteratorType> iterators(loops, utils::IteratorType::parallel);
  std::fill(iterators.begin() + 2 + rank, iterators.end(), utils::IteratorType::reduction);
  return linalg::GenericOp::create(n.b, init.getType(), ValueRange{input, shape}, init, maps, iterators,
                                   [&](OpBuilder &builder, Location loc, ValueRange x) {
                                     Scalars s{ImplicitLocOpBuilder(loc, builder), isUnsigned};
                                     linalg::YieldOp::create(s.b, isMax ? s.max(x[2], x[0]) : s.add(x[2], x[0]));
                                   })
      .getResult(0);
}

static LogicalResult importMaxPool(Node &n) {
  if (n.wants(1))
    return n.refuse("its second result, the positions, is not supported");
  std::optional<Window> window = readWindow(n, n.integers("kernel_shape").value_or(SmallVector<int64_t>()));
  if (!window)
    return failure();
  TypedAttr lowest = lowestAttr(n.elementType(0), n.isUnsigned(0), false);
  return n.set(0, poolWindows(n, padWindow(n, n.in(0), *window, lowest), *window, true, n.isUnsigned(0)));
}

/// How many elements the window at each output position averages, along one axis.
static SmallVector<int64_t> countAlong(const Window &window, int64_t d, bool includePad) {
  int64_t begin = includePad ? -window.low[d] : 0, end = window.in[d] + (includePad ? window.high[d] : 0);
  SmallVector<int64_t> counts;
  for (int64_t o = 0; o < window.out[d]; ++o) {
    // Positions first + k * dilation in [begin, end).
    int64_t first = o * window.strides[d] - window.low[d], step = window.dilations[d];
    int64_t skipped = first >= begin ? 0 : llvm::divideCeil(begin - first, step);
    int64_t reached = first >= end ? 0 : llvm::divideCeil(end - first, step);
    counts.push_back(std::max<int64_t>(std::min(reached, window.kernel[d]) - skipped, 1));
  }
  return counts;
}

static LogicalResult importAveragePool(Node &n) {
  std::optional<Window> window = readWindow(n, n.integers("kernel_shape").value_or(SmallVector<int64_t>()));
  if (!window)
    return failure();
  Type element = n.elementType(0);
  Value total = poolWindows(n, padWindow(n, n.in(0), *window, numberAttr(element, 0)), *window, false, false);
  if (!total)
    return failure();
  bool includePad = n.integer("count_include_pad", 0) != 0;
  // One factor an axis; where it is the same everywhere it is a number.
  double common = 1;
  for (int64_t d = 0; d < window->rank(); ++d) {
    if (window->out[d] > (int64_t(1) << 24))
      return n.refuse("its result has extent " + Twine(window->out[d]) + ", at most 2^24 are supported");
    SmallVector<int64_t> counts = countAlong(*window, d, includePad);
    if (llvm::all_equal(counts)) {
      common *= counts.empty() ? 1 : counts[0];
      continue;
    }
    TensorData data;
    data.type = onnx::TensorProto::INT32;
    data.shape = {static_cast<int64_t>(counts.size())};
    for (int64_t count : counts) {
      int32_t narrow = count;
      auto *bytes = reinterpret_cast<const uint8_t *>(&narrow);
      data.bytes.insert(data.bytes.end(), bytes, bytes + sizeof(narrow));
    }
    Value divisor = n.importer.constant(data, "counts");
    int64_t rank = typeOf(total).getRank();
    AffineMap along = AffineMap::get(rank, 0, n.b.getAffineDimExpr(2 + d), n.b.getContext());
    total = mapped(n, {total, divisor}, {n.b.getMultiDimIdentityMap(rank), along}, sizesOf(n, total), element,
                   [&](Scalars &s, ValueRange x) { return s.div(x[0], s.cast(x[1], element, false)); });
  }
  return n.set(0, elementwise(n, total, element,
                              [&](Scalars &s, ValueRange x) { return s.div(x[0], s.constantLike(x[0], common)); }));
}

static LogicalResult importGlobalPool(Node &n) {
  int64_t rank = n.rank(0);
  if (rank < 3)
    return n.refuse("its input has rank " + Twine(rank) + ", expected at least 3");
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(2, rank));
  Value x = n.in(0);
  if (n.proto.op_type() == "GlobalMaxPool")
    return n.set(0, reduceMax(n, x, axes, true, false));
  return n.set(0, divideByCount(n, reduceSum(n, x, axes, true), x, axes));
}

ArrayRef<OpEntry> spnn::onnximport::poolingOps() {
  static const OpEntry entries[] = {
      {"AveragePool", importAveragePool, "spatial extents known"},
      {"GlobalAveragePool", importGlobalPool, ""},
      {"GlobalMaxPool", importGlobalPool, ""},
      {"MaxPool", importMaxPool, "spatial extents known; no positions"},
  };
  return entries;
}
