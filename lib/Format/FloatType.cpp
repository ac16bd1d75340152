//===- FloatType.cpp - Floating-point elements of a matrix ----------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layout and value of 16-, 32- and 64-bit floating-point elements.
//
//===----------------------------------------------------------------------===//

#include "spnn/Format/FloatType.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace spnn::format;

unsigned spnn::format::getFloatBytes(FloatType type) {
  switch (type) {
  case FloatType::F16:
  case FloatType::BF16:
    return 2;
  case FloatType::F32:
    return 4;
  case FloatType::F64:
    break;
  }
  return 8;
}

std::optional<FloatType> spnn::format::getIeeeType(unsigned bytes) {
  switch (bytes) {
  case 2:
    return FloatType::F16;
  case 4:
    return FloatType::F32;
  case 8:
    return FloatType::F64;
  default:
    return std::nullopt;
  }
}

uint64_t spnn::format::getExponentMask(FloatType type) {
  switch (type) {
  case FloatType::F16:
    return 0x7c00;
  case FloatType::BF16:
    return 0x7f80;
  case FloatType::F32:
    return 0x7f800000;
  case FloatType::F64:
    break;
  }
  return 0x7ff0000000000000;
}

uint64_t spnn::format::getFractionMask(FloatType type) {
  uint64_t exponent = getExponentMask(type);
  return (exponent & -exponent) - 1; // the bits below the exponent
}

static uint64_t loadBits(const uint8_t *data, unsigned bytes) {
  uint64_t bits = 0;
  for (unsigned i = 0; i < bytes; ++i)
    bits |= uint64_t(data[i]) << (8 * i);
  return bits;
}

static double decodeHalf(uint64_t bits) {
  int exponent = static_cast<int>(bits >> 10 & 0x1f);
  auto fraction = static_cast<int>(bits & 0x3ff);
  double magnitude;
  if (exponent == 0x1f)
    magnitude = fraction == 0 ? std::numeric_limits<double>::infinity()
                              : std::numeric_limits<double>::quiet_NaN();
  else if (exponent == 0)
    magnitude = std::ldexp(fraction, -24);
  else
    magnitude = std::ldexp(fraction + 0x400, exponent - 25);
  return bits >> 15 ? -magnitude : magnitude;
}

double spnn::format::loadFloat(FloatType type, const uint8_t *data) {
  switch (type) {
  case FloatType::F16:
    return decodeHalf(loadBits(data, 2));
  case FloatType::BF16:
  case FloatType::F32: {
    // bfloat16 is the upper half of a 32-bit float.
    auto bits = static_cast<uint32_t>(
        type == FloatType::BF16 ? loadBits(data, 2) << 16 : loadBits(data, 4));
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  }
  case FloatType::F64:
    break;
  }
  uint64_t bits = loadBits(data, 8);
  double value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}
