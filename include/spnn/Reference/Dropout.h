//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which elements spnn.dropout keeps: the integer function of its description, in plain C++.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_REFERENCE_DROPOUT_H
#define SPNN_REFERENCE_DROPOUT_H

#include <cmath>
#include <cstdint>

namespace spnn::reference {

/// The mask of one spnn.dropout: which elements stay, and what those that stay are multiplied by.
class DropoutMask {
public:
  /// `rate` is in [0, 1).
  DropoutMask(int64_t seed, int64_t stream, double rate)
      : key(mix(mix(static_cast<uint32_t>(seed) + 0x9e3779b9u) ^
                static_cast<uint32_t>(static_cast<uint64_t>(seed) >> 32) ^
                static_cast<uint32_t>(stream) * 0x85ebca6bu)),
        threshold(static_cast<uint64_t>(std::round(rate * 4294967296.0))), scale(1 / (1 - rate)) {}

  /// True if the element of this row-major number stays.
  bool keeps(uint64_t element) const {
    return mix(static_cast<uint32_t>(element) ^ mix(key + static_cast<uint32_t>(element >> 32) * 0xc2b2ae35u)) >=
           threshold;
  }
  /// What the element is multiplied by: 0 or 1 / (1 - rate).
  double operator()(uint64_t element) const { return keeps(element) ? scale : 0; }

  /// The 32-bit finaliser of Wellons' hash prospector (public domain).
  static uint32_t mix(uint32_t x) {
    x ^= x >> 16;
    x *= 0x21f0aaadu;
    x ^= x >> 15;
    x *= 0x735a2d97u;
    return x ^ (x >> 15);
  }

private:
  uint32_t key;
  uint64_t threshold;
  double scale;
};

} // namespace spnn::reference

#endif // SPNN_REFERENCE_DROPOUT_H
