//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Quantisation: conversion between floats and 8-bit integers, integer products.
//
//===----------------------------------------------------------------------===//
#include "Builders.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace spnn::onnximport;
using onnx::TensorProto;

/// A scale or zero point, a scalar or a vector along `axis`, in a shape that broadcasts against the data.
static Value alongAxis(Node &n, int64_t i, int64_t rank, int64_t axis) {
  Value value = n.in(i);
  if (!value || n.rank(i) == 0)
    return value;
  if (n.rank(i) != 1)
    return n.fail("input " + Twine(i) + " is neither a scalar nor a vector");
  if (n.shape(i)[0] == 1)
    return reshape(n, value, ArrayRef<OpFoldResult>());
  SmallVector<OpFoldResult> sizes(rank - axis, number(n, 1));
  sizes[0] = sizeOf(n, value, 0);
  return reshape(n, value, sizes);
}

/// round(x / scale) + zero, held to the range of the integer type.
static Value quantize(Node &n, Value x, Value scale, Value zero, Type to, bool toUnsigned) {
  if (!x || !scale)
    return Value();
  unsigned width = to.getIntOrFloatBitWidth();
  double low = toUnsigned ? 0 : -std::exp2(width - 1), high = std::exp2(toUnsigned ? width : width - 1) - 1;
  SmallVector<Value> inputs = {x, scale};
  if (zero)
    inputs.push_back(zero);
  return elementwise(
      n, inputs, to,
      [&](Scalars &s, ValueRange v) {
        Value scaled = math::RoundEvenOp::create(s.b, s.div(v[0], v[1]));
        if (v.size() > 2)
          scaled = s.add(scaled, s.cast(v[2], scaled.getType(), false));
        scaled = s.min(s.max(scaled, s.constantLike(scaled, low)), s.constantLike(scaled, high));
        return s.cast(scaled, to, toUnsigned);
      },
      toUnsigned);
}

static LogicalResult importQuantizeLinear(Node &n) {
  int64_t rank = n.rank(0);
  int64_t axis = n.rank(1) == 1 && n.shape(1)[0] != 1 ? n.integer("axis", 1) : 0;
  std::optional<int64_t> at = rank == 0 ? std::optional<int64_t>(0) : n.axis(axis, rank);
  if (!at)
    return failure();
  Value x = n.in(0);
  if (!n.isFloat(0)) {
    Type f32 = n.b.getF32Type();
    x = elementwise(n, x, f32, [&](Scalars &s, ValueRange v) { return s.cast(v[0], f32, false); });
  }
  int32_t to = n.has(2) ? n.type(2) : int32_t(TensorProto::UINT8);
  Value zero = n.has(2) ? alongAxis(n, 2, rank, *at) : Value();
  return n.set(0, quantize(n, x, alongAxis(n, 1, rank, *at), zero, n.importer.elementType(to), isUnsignedType(to)), to);
}

static LogicalResult importDequantizeLinear(Node &n) {
  int64_t rank = n.rank(0);
  int64_t axis = n.rank(1) == 1 && n.shape(1)[0] != 1 ? n.integer("axis", 1) : 0;
  std::optional<int64_t> at = rank == 0 ? std::optional<int64_t>(0) : n.axis(axis, rank);
  if (!at)
    return failure();
  SmallVector<Value> inputs = {n.in(0), alongAxis(n, 1, rank, *at)};
  if (n.has(2))
    inputs.push_back(alongAxis(n, 2, rank, *at));
  Type type = n.elementType(1);
  return n.set(0,
               elementwise(
                   n, inputs, type,
                   [&](Scalars &s, ValueRange v) {
                     Value difference = s.cast(v[0], type, false);
                     if (v.size() > 2)
                       difference = s.sub(difference, s.cast(v[2], type, false));
                     return s.mul(difference, v[1]);
                   },
                   n.isUnsigned(0)),
               n.type(1));
}

static LogicalResult importMatMulInteger(Node &n) {
  return n.set(0, matmulAnyRank(n, centered(n, 0, 2), centered(n, 1, 3), n.b.getI32Type()), TensorProto::INT32);
}

/// The product of two quantised tensors, rescaled: operands x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero
/// and, of a convolution, a bias.
static LogicalResult importQLinear(Node &n) {
  bool isConv = n.proto.op_type() == "QLinearConv";
  for (int64_t i : {1, 4, 6, 7})
    if (n.rank(i) > 1 || (n.rank(i) == 1 && n.shape(i)[0] != 1))
      return n.refuse("input " + Twine(i) + " is no scalar; scales along an axis are not supported");
  Value x = centered(n, 0, 2), w = centered(n, 3, 5);
  Value product = isConv ? convolveInteger(n, x, w, 3) : matmulAnyRank(n, x, w, n.b.getI32Type());
  if (!product)
    return failure();
  if (isConv && n.has(8)) {
    SmallVector<OpFoldResult> sizes(n.rank(0) - 1, number(n, 1));
    sizes[0] = sizeOf(n, n.in(8), 0);
    product = elementwise(n, {product, reshape(n, n.in(8), sizes)}, n.b.getI32Type(),
                          [](Scalars &s, ValueRange v) { return s.add(v[0], v[1]); });
  }
  Type f32 = n.b.getF32Type();
  auto scalar = [&](int64_t i) { return alongAxis(n, i, 1, 0); };
  Value real = elementwise(n, {product, scalar(1), scalar(4)}, f32, [&](Scalars &s, ValueRange v) {
    return s.mul(s.cast(v[0], f32, false), s.mul(v[1], v[2]));
  });
  return n.set(0, quantize(n, real, scalar(6), scalar(7), n.elementType(7), n.isUnsigned(7)), n.type(7));
}

ArrayRef<OpEntry> spnn::onnximport::quantizationOps() {
  static const OpEntry entries[] = {
      {"DequantizeLinear", importDequantizeLinear, ""},
      {"MatMulInteger", importMatMulInteger, "scalar zero points"},
      {"QLinearConv", importQLinear, "scalar scales and zero points"},
      {"QLinearMatMul", importQLinear, "scalar scales and zero points"},
      {"QuantizeLinear", importQuantizeLinear, ""},
  };
  return entries;
}
