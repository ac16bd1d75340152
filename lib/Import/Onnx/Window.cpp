//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads the attributes of sliding windows and derives padding and output extents.
//
//===----------------------------------------------------------------------===//
#include "Window.h"

using namespace mlir;
using namespace spnn::onnximport;

/// An attribute with one number a spatial axis, each in [least, 2^31).
static bool readList(Node &n, StringRef name, int64_t count, int64_t otherwise, int64_t least,
                     SmallVector<int64_t> &list) {
  list = n.integers(name).value_or(SmallVector<int64_t>(count, otherwise));
  if (static_cast<int64_t>(list.size()) != count)
    return (void)n.refuse("its " + name + " have " + Twine(list.size()) + " numbers, expected " + Twine(count)), false;
  for (int64_t value : list)
    if (value < least || value > INT32_MAX)
      return (void)n.refuse(name + " of " + Twine(value) + " are out of range"), false;
  return true;
}

std::optional<Window> spnn::onnximport::readWindowAttributes(Node &n, ArrayRef<int64_t> kernel) {
  Window window;
  window.kernel.assign(kernel.begin(), kernel.end());
  int64_t rank = kernel.size();
  if (rank < 1 || n.rank(0) != rank + 2)
    return (void)n.refuse("its input of rank " + Twine(n.rank(0)) + " does not fit a window of rank " + Twine(rank)),
           std::nullopt;
  int64_t total = 1;
  for (int64_t extent : kernel)
    if (extent < 1 || extent > INT32_MAX || llvm::MulOverflow(total, extent, total) || total > INT32_MAX)
      return (void)n.refuse("its kernel extent " + Twine(extent) + " is out of range"), std::nullopt;
  if (n.attr("kernel_shape") && *n.integers("kernel_shape") != window.kernel)
    return (void)n.refuse("its kernel_shape is not that of its weights"), std::nullopt;
  for (int64_t d = 0; d < rank; ++d) {
    window.in.push_back(n.shape(0)[d + 2]);
    if (ShapedType::isDynamic(window.in[d]))
      return (void)n.refuse("its spatial extents are not known at import; fix them by --dim"), std::nullopt;
  }
  SmallVector<int64_t> pads;
  if (!readList(n, "strides", rank, 1, 1, window.strides) || !readList(n, "dilations", rank, 1, 1, window.dilations) ||
      !readList(n, "pads", 2 * rank, 0, 0, pads))
    return std::nullopt;
  window.low.assign(pads.begin(), pads.begin() + rank);
  window.high.assign(pads.begin() + rank, pads.end());
  window.extra.assign(rank, 0);
  window.out.assign(rank, 0);
  return window;
}

std::optional<Window> spnn::onnximport::readWindow(Node &n, ArrayRef<int64_t> kernel) {
  std::optional<Window> window = readWindowAttributes(n, kernel);
  if (!window)
    return std::nullopt;
  StringRef autoPad = n.string("auto_pad", "NOTSET");
  if (!llvm::is_contained({"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER", ""}, autoPad))
    return (void)n.refuse("auto_pad '" + autoPad + "' is not supported"), std::nullopt;
  bool ceil = n.integer("ceil_mode", 0) != 0;
  for (int64_t d = 0; d < window->rank(); ++d) {
    int64_t in = window->in[d], span = window->span(d), stride = window->strides[d];
    int64_t &low = window->low[d], &high = window->high[d], &out = window->out[d];
    if (autoPad.starts_with("SAME")) {
      out = llvm::divideCeil(in, stride);
      int64_t total = std::max<int64_t>((out - 1) * stride + span - in, 0);
      low = autoPad == "SAME_UPPER" ? total / 2 : total - total / 2;
      high = total - low;
      continue;
    }
    if (autoPad == "VALID")
      low = high = 0;
    int64_t room = in + low + high - span;
    if (room < 0)
      return (void)n.refuse("its window of " + Twine(span) + " does not fit into " + Twine(in + low + high) +
                            " elements"),
             std::nullopt;
    out = (ceil ? static_cast<int64_t>(llvm::divideCeil(room, stride)) : room / stride) + 1;
    // A window that would begin in the padding at the end is left out.
    if (ceil && out > 1 && (out - 1) * stride >= in + low)
      --out;
    window->extra[d] = std::max<int64_t>((out - 1) * stride - room, 0);
  }
  return window;
}

Value spnn::onnximport::padWindow(Node &n, Value value, const Window &window, TypedAttr with) {
  SmallVector<int64_t> low(2, 0), high(2, 0);
  for (int64_t d = 0; d < window.rank(); ++d) {
    low.push_back(window.low[d]);
    high.push_back(window.high[d] + window.extra[d]);
  }
  return pad(n, value, low, high, with);
}
