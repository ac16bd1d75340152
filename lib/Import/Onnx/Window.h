//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The sliding windows of convolutions and poolings: kernel, strides, dilations and padding along each spatial axis.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_IMPORT_ONNX_WINDOW_H
#define SPNN_LIB_IMPORT_ONNX_WINDOW_H

#include "Builders.h"

namespace spnn::onnximport {

struct Window {
  llvm::SmallVector<int64_t> in, kernel, strides, dilations, low, high, out;
  /// Padding at the end that only makes room for the last window when the number of windows is rounded up.
  llvm::SmallVector<int64_t> extra;

  int64_t rank() const { return kernel.size(); }
  /// Elements that a window spans along axis `d`.
  int64_t span(int64_t d) const { return (kernel[d] - 1) * dilations[d] + 1; }
};

/// The window of a node whose input 0 has layout [batch, channels, spatial...], from its attributes; fails with a
/// reason.
std::optional<Window> readWindow(Node &n, llvm::ArrayRef<int64_t> kernel);

/// Reads strides, dilations and pads, each checked, without deriving the output extents.
std::optional<Window> readWindowAttributes(Node &n, llvm::ArrayRef<int64_t> kernel);

/// `value` padded along its spatial axes.
Value padWindow(Node &n, Value value, const Window &window, mlir::TypedAttr with);

/// The convolution of a padded [n, g c, ...] with [g f, c, ...], accumulated in `element`.
Value convolve(Node &n, Value input, Value weights, const Window &window, int64_t groups, Type element);

} // namespace spnn::onnximport

#endif // SPNN_LIB_IMPORT_ONNX_WINDOW_H
