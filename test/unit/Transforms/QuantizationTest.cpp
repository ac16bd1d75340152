//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rounding of matrices: ties, zeros, limits, refusals.
//
//===----------------------------------------------------------------------===//
#include "spnn/Transforms/Quantization.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

using namespace spnn;

namespace {

format::DenseMatrix makeMatrix(int64_t rows, int64_t cols, const std::vector<float> &values) {
  format::DenseMatrix matrix;
  matrix.shape = {rows, cols};
  matrix.data.resize(values.size() * sizeof(float));
  if (!values.empty())
    std::memcpy(matrix.data.data(), values.data(), matrix.data.size());
  return matrix;
}

std::vector<int> integersOf(const QuantizedMatrix &quantized) {
  std::vector<int> result;
  for (uint8_t byte : quantized.matrix.data)
    result.push_back(static_cast<int8_t>(byte));
  return result;
}

TEST(Quantization, TiesGoToTheEvenInteger) {
  std::string reason;
  auto result = quantizeMatrix(makeMatrix(1, 6, {127, 0.5f, 1.5f, -2.5f, -0.0f, -127}), false, reason);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->scales, std::vector<float>{1});
  EXPECT_EQ(integersOf(*result), (std::vector<int>{127, 0, 2, -2, 0, -127}));
  EXPECT_FALSE(result->matrix.isFloat);
  EXPECT_EQ(result->matrix.elementBytes, 1u);
}

TEST(Quantization, RowsAndColumnsHaveScales) {
  std::string reason;
  std::vector<float> values{254, 127, 0, 0, -508, 1};
  auto rows = quantizeMatrix(makeMatrix(3, 2, values), false, reason);
  EXPECT_EQ(rows->scales, (std::vector<float>{2, 1, 4}));
  EXPECT_EQ(integersOf(*rows), (std::vector<int>{127, 64, 0, 0, -127, 0}));
  auto columns = quantizeMatrix(makeMatrix(3, 2, values), true, reason);
  EXPECT_EQ(columns->scales, (std::vector<float>{4, 1}));
  EXPECT_EQ(integersOf(*columns), (std::vector<int>{64, 127, 0, 0, -127, 1}));
}

TEST(Quantization, ErrorIsHalfAScaleAtMost) {
  std::mt19937 generator(1);
  std::normal_distribution<float> value(0, 3);
  std::vector<float> values(37 * 53);
  for (float &v : values)
    v = generator() % 3 ? 0 : value(generator);
  std::string reason;
  auto result = quantizeMatrix(makeMatrix(37, 53, values), false, reason);
  for (int64_t i = 0; i < 37 * 53; ++i) {
    float scale = result->scales[i / 53];
    int q = integersOf(*result)[i];
    ASSERT_LE(std::fabs(q * scale - values[i]), 0.5001f * scale);
    if (values[i] == 0)
      ASSERT_EQ(q, 0);
  }
}

TEST(Quantization, TinyAndNoValues) {
  std::string reason;
  float tiny = std::numeric_limits<float>::denorm_min();
  auto result = quantizeMatrix(makeMatrix(1, 2, {tiny, 0}), false, reason);
  EXPECT_EQ(result->scales, std::vector<float>{1});
  EXPECT_EQ(integersOf(*result), (std::vector<int>{0, 0}));
  EXPECT_TRUE(quantizeMatrix(makeMatrix(2, 0, {}), false, reason)->matrix.data.empty());
  EXPECT_TRUE(roundMatrix(makeMatrix(0, 2, {}), format::FloatType::F16, reason)->matrix.data.empty());
}

TEST(Quantization, FloatsRoundToEven) {
  std::string reason;
  auto result = roundMatrix(makeMatrix(1, 3, {1 + 0x1p-8f, 1 + 0x3p-8f, -0.0f}), format::FloatType::BF16, reason);
  auto value = [&](int i) { return format::loadFloat(format::FloatType::BF16, result->matrix.element(0, i)); };
  EXPECT_EQ(value(0), 1);
  EXPECT_EQ(value(1), 1 + 0x1p-6);
  EXPECT_TRUE(value(2) == 0 && std::signbit(value(2)));
}

TEST(Quantization, InfinitiesAndNaN) {
  const float infinity = std::numeric_limits<float>::infinity();
  std::string reason;
  auto result = roundMatrix(makeMatrix(1, 2, {-infinity, std::nanf("")}), format::FloatType::F16, reason);
  EXPECT_EQ(format::loadFloat(format::FloatType::F16, result->matrix.element(0, 0)), -infinity);
  EXPECT_TRUE(std::isnan(format::loadFloat(format::FloatType::F16, result->matrix.element(0, 1))));
  EXPECT_FALSE(roundMatrix(makeMatrix(1, 2, {0, 1e6f}), format::FloatType::F16, reason));
  EXPECT_EQ(reason, "weight 1000000.000000 in row 0, column 1 is too large for the type");
  EXPECT_FALSE(quantizeMatrix(makeMatrix(2, 1, {0, infinity}), false, reason));
  EXPECT_EQ(reason, "weight inf in row 1, column 0 is not finite");
}

} // namespace
