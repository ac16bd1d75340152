//===- FloatTypeTest.cpp - Tests of floating-point elements ---------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Values and special bit patterns of floating-point elements.
//
//===----------------------------------------------------------------------===//

#include "spnn/Format/FloatType.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

using namespace spnn::format;

namespace {

double load16(FloatType type, unsigned bits) {
  const uint8_t data[] = {static_cast<uint8_t>(bits),
                          static_cast<uint8_t>(bits >> 8)};
  return loadFloat(type, data);
}

TEST(FloatTypeTest, Half) {
  EXPECT_EQ(load16(FloatType::F16, 0x3c00), 1.0);
  EXPECT_EQ(load16(FloatType::F16, 0xc000), -2.0);
  EXPECT_EQ(load16(FloatType::F16, 0x7bff), 65504.0);
  EXPECT_EQ(load16(FloatType::F16, 0x0001), std::ldexp(1.0, -24));
  EXPECT_EQ(load16(FloatType::F16, 0x0400), std::ldexp(1.0, -14));
  EXPECT_TRUE(std::signbit(load16(FloatType::F16, 0x8000)));
  EXPECT_EQ(load16(FloatType::F16, 0xfc00),
            -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(load16(FloatType::F16, 0x7c01)));
}

TEST(FloatTypeTest, BrainFloat) {
  EXPECT_EQ(load16(FloatType::BF16, 0x3f80), 1.0);
  EXPECT_EQ(load16(FloatType::BF16, 0xc040), -3.0);
  EXPECT_TRUE(std::isinf(load16(FloatType::BF16, 0x7f80)));
  EXPECT_TRUE(std::isnan(load16(FloatType::BF16, 0x7f81)));
}

TEST(FloatTypeTest, SingleAndDouble) {
  uint8_t data[8];
  float single = -0.1f;
  std::memcpy(data, &single, sizeof(single));
  EXPECT_EQ(loadFloat(FloatType::F32, data), single);
  double wide = 1e300;
  std::memcpy(data, &wide, sizeof(wide));
  EXPECT_EQ(loadFloat(FloatType::F64, data), wide);
}

TEST(FloatTypeTest, Masks) {
  EXPECT_EQ(getFractionMask(FloatType::F16), 0x3ffu);
  EXPECT_EQ(getFractionMask(FloatType::BF16), 0x7fu);
  EXPECT_EQ(getFractionMask(FloatType::F32), 0x7fffffu);
  EXPECT_EQ(getFractionMask(FloatType::F64), 0xfffffffffffffu);
  EXPECT_EQ(getIeeeType(2), FloatType::F16);
  EXPECT_EQ(getIeeeType(1), std::nullopt);
  EXPECT_EQ(getFloatBytes(FloatType::BF16), 2u);
}

} // namespace
