//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Aligned memory for operands.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_BENCH_BUFFER_H
#define SPNN_BENCH_BUFFER_H

#include <algorithm>
#include <cstdint>
#include <vector>

namespace spnn::bench {

/// Cache-line aligned floats, as every serious caller has them.
class Buffer {
public:
  explicit Buffer(int64_t count) : size(std::max<int64_t>(count, 1)) {
    storage.resize(size + 16);
    uintptr_t address = reinterpret_cast<uintptr_t>(storage.data());
    first = reinterpret_cast<float *>((address + 63) & ~uintptr_t(63));
  }
  explicit Buffer(const std::vector<float> &values) : Buffer(static_cast<int64_t>(values.size())) {
    std::copy(values.begin(), values.end(), first);
  }
  Buffer(Buffer &&) = default;
  float *data() { return first; }
  std::vector<float> copy() const { return std::vector<float>(first, first + size); }
  void fill(float value) { std::fill(first, first + size, value); }

private:
  std::vector<float> storage;
  int64_t size;
  float *first;
};

} // namespace spnn::bench

#endif // SPNN_BENCH_BUFFER_H
