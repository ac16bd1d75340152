//===- TensorsTest.cpp - Tests of sparse-run's tensors and checks ---------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elements as doubles, the comparison with a reference, and the timer.
//
//===----------------------------------------------------------------------===//
#include "Checks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

using namespace spnn::run;
using spnn::runtime::DType;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

Tensor tensor(DType dtype, const std::vector<int64_t> &shape,
              const std::vector<double> &values) {
  Tensor result;
  EXPECT_EQ(makeTensor("t", dtype, shape, result), std::nullopt);
  EXPECT_EQ(result.size, static_cast<int64_t>(values.size()));
  for (size_t i = 0; i < values.size(); ++i)
    result.set(i, values[i]);
  return result;
}

TEST(Tensors, EverySixteenBitFloatSurvives) {
  for (DType dtype : {DType::F16, DType::BF16}) {
    Tensor t = tensor(dtype, {2}, {0, 0});
    auto *bits = static_cast<uint16_t *>(t.data.get());
    for (unsigned pattern = 0; pattern < 0x10000; ++pattern) {
      bits[0] = pattern;
      double value = t.get(0);
      t.set(1, value);
      if (std::isnan(value))
        EXPECT_TRUE(std::isnan(t.get(1)));
      else
        ASSERT_EQ(bits[1], pattern);
    }
  }
}

TEST(Tensors, RoundsHalvesToEven) {
  Tensor t = tensor(DType::F16, {1}, {0});
  auto *bits = static_cast<uint16_t *>(t.data.get());
  // The midpoint of each pair of neighbours goes to the even one, and a little
  // beside it to the nearer one.
  for (unsigned pattern = 0; pattern < 0x7bff; ++pattern) {
    bits[0] = pattern;
    double low = t.get(0);
    bits[0] = pattern + 1;
    double middle = (low + t.get(0)) / 2;
    t.set(0, middle);
    ASSERT_EQ(bits[0], pattern + (pattern & 1));
    t.set(0, middle * (1 - 1e-9));
    ASSERT_EQ(bits[0], pattern);
    t.set(0, -middle * (1 + 1e-9));
    ASSERT_EQ(bits[0], 0x8000 | (pattern + 1));
  }
  t.set(0, 65519.99);
  EXPECT_EQ(t.get(0), 65504);
  t.set(0, -65520);
  EXPECT_EQ(t.get(0), -inf);
}

TEST(Tensors, HoldsIntegers) {
  EXPECT_EQ(tensor(DType::I1, {1}, {7}).get(0), 1);
  EXPECT_EQ(tensor(DType::I8, {1}, {-128}).get(0), -128);
  EXPECT_EQ(tensor(DType::I16, {1}, {-30000}).get(0), -30000);
  EXPECT_EQ(tensor(DType::I32, {1}, {2e9}).get(0), 2e9);
  EXPECT_EQ(tensor(DType::I64, {1}, {0x1p62}).get(0), 0x1p62);
  Tensor none;
  EXPECT_TRUE(makeTensor("t", DType::F64, {int64_t(1) << 62}, none));
  EXPECT_TRUE(makeTensor("t", DType::F64, {-1}, none));
}

TEST(Checks, Compares) {
  Tensor reference = tensor(DType::F64, {2, 3}, {1, 2, -4, 3, 2, 1});
  Tensor output = tensor(DType::F32, {2, 3}, {1, 2, -4, 3, 3.5, 1});
  Comparison c = compare(output, reference, std::nullopt);
  EXPECT_EQ(c.maxAbsError, 1.5);
  EXPECT_EQ(c.worst, 4);
  EXPECT_EQ(c.maxReference, 4);
  EXPECT_EQ(c.relativeError(), 0.375);
  EXPECT_EQ(c.rows, 2);
  EXPECT_EQ(c.agreeingRows, 1);
  EXPECT_EQ(c.tolerance, 1e-4);
  EXPECT_FALSE(c.passes());
  EXPECT_TRUE(compare(output, reference, 0.375).passes());
}

TEST(Checks, ComparesWhatIsNoNumber) {
  auto error = [](double a, double b) {
    return compare(tensor(DType::F32, {1}, {a}), tensor(DType::F64, {1}, {b}),
                   std::nullopt)
        .relativeError();
  };
  EXPECT_EQ(error(nan, nan), 0);
  EXPECT_EQ(error(inf, inf), 0);
  EXPECT_EQ(error(nan, 1), inf);
  EXPECT_EQ(error(1, nan), inf);
  EXPECT_EQ(error(inf, -inf), inf);
  EXPECT_EQ(error(1, inf), inf);
  EXPECT_EQ(error(0, 0), 0);
  EXPECT_EQ(error(1e-5, 0), static_cast<float>(1e-5));
}

TEST(Checks, ComparesWithoutElements) {
  Comparison c = compare(tensor(DType::F32, {3, 0}, {}),
                         tensor(DType::F64, {3, 0}, {}), std::nullopt);
  EXPECT_TRUE(c.passes());
  EXPECT_EQ(c.rows, 0);
  EXPECT_TRUE(compare(tensor(DType::I32, {}, {5}), tensor(DType::I32, {}, {5}),
                      std::nullopt)
                  .passes());
}

TEST(Checks, TimesAtLeastTwentyCalls) {
  int64_t calls = 0, heard = 0;
  Timing timing;
  auto call = [&]() -> Error {
    ++calls;
    return std::nullopt;
  };
  ASSERT_EQ(
      measureTime(call, [&](int64_t n) { heard = n; }, timing), std::nullopt);
  EXPECT_GE(timing.repetitions, 20);
  EXPECT_EQ(heard, timing.repetitions);
  EXPECT_GT(calls, timing.repetitions);
  EXPECT_LE(timing.min, timing.median);
  EXPECT_LE(timing.median, timing.max);
  auto fail = []() -> Error { return "no"; };
  EXPECT_EQ(measureTime(fail, [](int64_t) {}, timing), Error("no"));
}

} // namespace
