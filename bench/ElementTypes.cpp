//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Activations and weights rounded as pass spnn-quantize does.
//
//===----------------------------------------------------------------------===//
#include "ElementTypes.h"

#include "spnn/Transforms/Quantization.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace spnn;
using namespace spnn::bench;

static format::DenseMatrix toMatrix(const std::vector<float> &values, int64_t rows, int64_t cols) {
  format::DenseMatrix matrix;
  matrix.shape = {rows, cols};
  matrix.data.resize(values.size() * sizeof(float));
  std::memcpy(matrix.data.data(), values.data(), matrix.data.size());
  return matrix;
}

static std::vector<float> roundAll(const std::vector<float> &values, int64_t rows, int64_t cols,
                                   const std::string &type) {
  std::vector<float> result = values;
  if (type.empty() || type == "f32")
    return result;
  std::string reason;
  format::FloatType floatType = type == "bf16" ? format::FloatType::BF16 : format::FloatType::F16;
  format::DenseMatrix matrix = toMatrix(values, rows, cols);
  QuantizedMatrix narrow =
      type == "i8" ? *quantizeMatrix(matrix, /*byColumns=*/false, reason) : *roundMatrix(matrix, floatType, reason);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t col = 0; col < cols; ++col) {
      const uint8_t *element = narrow.matrix.element(row, col);
      result[row * cols + col] = type == "i8" ? static_cast<int8_t>(*element) * narrow.scales[row]
                                              : static_cast<float>(format::loadFloat(floatType, element));
    }
  return result;
}

NarrowActivations spnn::bench::narrow(const std::vector<float> &x, int64_t columns, const std::string &type) {
  int64_t rows = columns ? static_cast<int64_t>(x.size()) / columns : 0;
  if (type != "i8")
    return {roundAll(x, rows, columns, type), {}};
  NarrowActivations result{x, std::vector<float>(columns, 0.0f)};
  for (size_t i = 0; i < x.size(); ++i)
    result.scales[i % columns] = std::max(result.scales[i % columns], std::fabs(x[i]));
  for (float &scale : result.scales)
    scale = scale == 0 ? 1 : scale / 127;
  for (size_t i = 0; i < x.size(); ++i)
    result.values[i] = std::nearbyint(x[i] * (1.0f / result.scales[i % columns]));
  return result;
}

std::vector<float> spnn::bench::roundTo(const std::vector<float> &x, int64_t columns, const std::string &type) {
  NarrowActivations result = narrow(x, columns, type);
  if (!result.scales.empty())
    for (size_t i = 0; i < x.size(); ++i)
      result.values[i] *= result.scales[i % columns];
  return result.values;
}

Matrix spnn::bench::roundTo(const Matrix &weights, const std::string &type) {
  Matrix result = weights;
  result.dense = roundAll(weights.dense, weights.rows, weights.cols, type);
  for (int64_t row = 0; row < weights.rows; ++row)
    for (int32_t p = weights.positions[row]; p < weights.positions[row + 1]; ++p)
      result.values[p] = result.dense[row * weights.cols + weights.indices[p]];
  return result;
}
