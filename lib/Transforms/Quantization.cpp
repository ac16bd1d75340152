//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rounding of matrices of f32 to narrower element types.
//
//===----------------------------------------------------------------------===//
#include "spnn/Transforms/Quantization.h"

#include "llvm/ADT/APFloat.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

using namespace spnn;

static float load(const format::DenseMatrix &matrix, int64_t row, int64_t col) {
  float value;
  std::memcpy(&value, matrix.element(row, col), sizeof(value));
  return value;
}

static std::string describe(float value, int64_t row, int64_t col) {
  return "weight " + std::to_string(value) + " in row " + std::to_string(row) + ", column " + std::to_string(col);
}

static format::DenseMatrix makeMatrix(format::Shape shape, unsigned elementBytes, bool isFloat) {
  format::DenseMatrix result;
  result.shape = shape;
  result.elementBytes = elementBytes;
  result.isFloat = isFloat;
  result.data.resize(static_cast<size_t>(shape.rows * shape.cols) * elementBytes);
  return result;
}

std::optional<QuantizedMatrix> spnn::roundMatrix(const format::DenseMatrix &matrix, format::FloatType type,
                                                 std::string &reason) {
  const llvm::fltSemantics &semantics =
      type == format::FloatType::BF16 ? llvm::APFloat::BFloat() : llvm::APFloat::IEEEhalf();
  QuantizedMatrix result{makeMatrix(matrix.shape, 2, /*isFloat=*/true), {}};
  for (int64_t row = 0; row < matrix.shape.rows; ++row)
    for (int64_t col = 0; col < matrix.shape.cols; ++col) {
      float value = load(matrix, row, col);
      llvm::APFloat rounded(value);
      bool inexact;
      rounded.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &inexact);
      if (rounded.isInfinity() && std::isfinite(value)) {
        reason = describe(value, row, col) + " is too large for the type";
        return std::nullopt;
      }
      auto bits = static_cast<uint16_t>(rounded.bitcastToAPInt().getZExtValue());
      std::memcpy(result.matrix.element(row, col), &bits, sizeof(bits));
    }
  return result;
}

std::optional<QuantizedMatrix> spnn::quantizeMatrix(const format::DenseMatrix &matrix, bool byColumns,
                                                    std::string &reason) {
  auto [rows, cols] = matrix.shape;
  QuantizedMatrix result{makeMatrix(matrix.shape, 1, /*isFloat=*/false),
                         std::vector<float>(byColumns ? cols : rows, 0.0f)};
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t col = 0; col < cols; ++col) {
      float value = load(matrix, row, col);
      if (!std::isfinite(value)) {
        reason = describe(value, row, col) + " is not finite";
        return std::nullopt;
      }
      float &largest = result.scales[byColumns ? col : row];
      largest = std::max(largest, std::fabs(value));
    }
  for (float &scale : result.scales) {
    scale /= 127;
    if (scale < std::numeric_limits<float>::min())
      scale = 1;
  }
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t col = 0; col < cols; ++col) {
      // Dividing in double, so that no quotient is rounded onto a tie.
      double quotient = static_cast<double>(load(matrix, row, col)) / result.scales[byColumns ? col : row];
      *result.matrix.element(row, col) = static_cast<uint8_t>(static_cast<int8_t>(std::nearbyint(quotient)));
    }
  return result;
}
