//===- FloatType.h - Floating-point elements of a matrix --------*- C++ -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The floating-point types that a matrix of opaque elements may hold, and their
// values as doubles.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_FORMAT_FLOATTYPE_H
#define SPNN_FORMAT_FLOATTYPE_H

#include <cstdint>
#include <optional>

namespace spnn::format {

/// DenseMatrix knows the size of its elements only; F16 and BF16 share one.
enum class FloatType { F16, BF16, F32, F64 };

/// Size of an element: 2, 2, 4 or 8.
unsigned getFloatBytes(FloatType type);

/// The IEEE type of an element of `bytes` bytes (F16, F32, F64), std::nullopt
/// for other sizes.
std::optional<FloatType> getIeeeType(unsigned bytes);

/// Bits of the exponent, which are all set in infinities and NaNs.
uint64_t getExponentMask(FloatType type);

/// Bits of the fraction, of which an infinity has none set and a NaN has some.
uint64_t getFractionMask(FloatType type);

/// The value of the little-endian element at `data`; exact for every type.
double loadFloat(FloatType type, const uint8_t *data);

} // namespace spnn::format

#endif // SPNN_FORMAT_FLOATTYPE_H
