//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Random numbers that are the same on every machine, which those of the standard library's distributions are not.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_IMPORT_RANDOM_H
#define SPNN_IMPORT_RANDOM_H

#include <cmath>
#include <cstdint>

namespace spnn {

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}
  uint64_t next() {
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  /// In (0, 1].
  double uniform() { return ((next() >> 11) + 1) * 0x1p-53; }
  /// In 0 .. bound - 1; `bound` is positive and far below 2^53.
  int64_t below(int64_t bound) { return static_cast<int64_t>((next() >> 11) * 0x1p-53 * static_cast<double>(bound)); }
  /// Standard normal, by Box and Muller's transform.
  double normal() {
    double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(6.283185307179586 * uniform());
  }

private:
  uint64_t state;
};

} // namespace spnn

#endif // SPNN_IMPORT_RANDOM_H
