//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The arrays that the reference evaluator computes with, from and to constants and raw bytes.
//
//===----------------------------------------------------------------------===//
#include "Scalar.h"

#include "spnn/IR/Graphs.h"
#include "spnn/IR/SparseFormats.h"
#include "spnn/Reference/Evaluator.h"

#include "llvm/ADT/APFloat.h"

using namespace mlir;
using namespace spnn;
using namespace spnn::reference;

bool Tensor::isSupported(Type elementType) {
  if (auto integer = dyn_cast<IntegerType>(elementType))
    return integer.getWidth() >= 1 && integer.getWidth() <= 64;
  // f8E8M0FNU has neither sign nor zero and no place in a computation.
  if (auto floatType = dyn_cast<FloatType>(elementType))
    return APFloat::semanticsHasSignedRepr(floatType.getFloatSemantics());
  return isa<IndexType>(elementType);
}

unsigned Tensor::getElementBytes(Type elementType) {
  return elementType.isIndex() ? 8 : (elementType.getIntOrFloatBitWidth() + 7) / 8;
}

uint64_t Tensor::countBytes() const {
  if (graph)
    return (graph->positions.size() + graph->indices.size()) * sizeof(int32_t);
  return static_cast<uint64_t>(size()) * sizeof(Lane);
}

std::optional<int64_t> Tensor::countElements(ArrayRef<int64_t> shape) {
  constexpr int64_t limit = int64_t(1) << 59;
  if (llvm::any_of(shape, [](int64_t extent) { return extent < 0; }))
    return std::nullopt;
  if (llvm::is_contained(shape, 0))
    return 0;
  int64_t result = 1;
  for (int64_t extent : shape) {
    if (extent >= limit || result >= limit / extent)
      return std::nullopt;
    result *= extent;
  }
  return result;
}

Tensor Tensor::zeros(Type elementType, ArrayRef<int64_t> shape) {
  Tensor result;
  result.elementType = elementType;
  result.shape.assign(shape.begin(), shape.end());
  int64_t size = countElements(shape).value_or(0);
  if (result.isFloat())
    result.floats.resize(size);
  else
    result.ints.resize(size);
  return result;
}

FailureOr<Tensor> Tensor::fromElements(ElementsAttr attr) {
  ShapedType type = attr.getShapedType();
  Type elementType = type.getElementType();
  if (!type.hasStaticShape() || !isSupported(elementType))
    return failure();
  // Whole bytes are read raw, odd widths and sparse attributes one value at a time.
  if (spnn::getElementBytes(elementType) != 0 && isa<DenseElementsAttr, DenseResourceElementsAttr>(attr)) {
    std::optional<std::vector<uint8_t>> raw = readRawElements(attr);
    if (!raw)
      return failure();
    return fromBytes(elementType, type.getShape(), raw->data());
  }
  Tensor result = zeros(elementType, type.getShape());
  if (result.isFloat()) {
    auto values = attr.tryGetValues<APFloat>();
    if (!values)
      return failure();
    for (auto [i, value] : llvm::enumerate(*values))
      result.floats[i] = toDouble(value);
    return result;
  }
  auto values = attr.tryGetValues<APInt>();
  if (!values)
    return failure();
  IntegerKind kind(elementType);
  for (auto [i, value] : llvm::enumerate(*values))
    result.ints[i] = kind.wrap(static_cast<int64_t>(value.getZExtValue()));
  return result;
}

double reference::toDouble(APFloat value) {
  bool losesInfo;
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
  return value.convertToDouble();
}

APFloat reference::toFloat(double value, FloatType type) {
  const llvm::fltSemantics &semantics = type.getFloatSemantics();
  APFloat result(value);
  // APFloat does not convert to what the type lacks.
  if (result.isNaN() && !APFloat::semanticsHasNaN(semantics))
    return APFloat::getZero(semantics);
  if (result.isInfinity() && !APFloat::semanticsHasInf(semantics))
    return APFloat::getLargest(semantics, result.isNegative());
  bool losesInfo;
  result.convert(semantics, APFloat::rmNearestTiesToEven, &losesInfo);
  return result;
}

Tensor Tensor::fromBytes(Type elementType, ArrayRef<int64_t> shape, const void *data) {
  Tensor result = zeros(elementType, shape);
  auto *bytes = static_cast<const uint8_t *>(data);
  unsigned width = getElementBytes(elementType);
  int64_t size = result.size();
  if (elementType.isF64()) {
    if (size)
      memcpy(result.floats.data(), bytes, size * sizeof(double));
    return result;
  }
  if (elementType.isF32()) {
    for (int64_t i = 0; i < size; ++i) {
      float value;
      memcpy(&value, bytes + i * sizeof(float), sizeof(float));
      result.floats[i] = value;
    }
    return result;
  }
  auto floatType = dyn_cast<FloatType>(elementType);
  IntegerKind kind(elementType);
  for (int64_t i = 0; i < size; ++i) {
    // No supported type but f80 and f128 has more than 8 bytes.
    uint64_t words[2] = {0, 0};
    memcpy(words, bytes + i * width, width);
    if (floatType)
      result.floats[i] =
          toDouble(APFloat(floatType.getFloatSemantics(), APInt(floatType.getWidth(), ArrayRef<uint64_t>(words))));
    else
      result.ints[i] = kind.wrap(static_cast<int64_t>(words[0]));
  }
  return result;
}

std::vector<uint8_t> Tensor::toBytes() const {
  unsigned width = getElementBytes(elementType);
  std::vector<uint8_t> result(static_cast<size_t>(size()) * width);
  auto floatType = dyn_cast<FloatType>(elementType);
  for (int64_t i = 0, e = size(); i < e; ++i) {
    uint8_t *out = result.data() + i * width;
    if (elementType.isF64()) {
      memcpy(out, &floats[i], sizeof(double));
    } else if (elementType.isF32()) {
      float value = static_cast<float>(floats[i]);
      memcpy(out, &value, sizeof(float));
    } else if (floatType) {
      APInt bits = toFloat(floats[i], floatType).bitcastToAPInt();
      memcpy(out, bits.getRawData(), width);
    } else {
      memcpy(out, &ints[i], width);
    }
  }
  return result;
}
