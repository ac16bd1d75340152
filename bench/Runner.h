//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A function that is compiled from text and called on buffers of random numbers.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_BENCH_RUNNER_H
#define SPNN_BENCH_RUNNER_H

#include "Suites.h"

#include "spnn/Runtime/Loader.h"

#include <memory>
#include <new>
#include <string>
#include <vector>

namespace spnn::bench {

std::string replaceAll(std::string text, const std::string &from, const std::string &to);

/// Puts elements at the beginning of a cache line, as a model's own memory has them: a vector that crosses two lines
/// reads both.
template <typename T> struct LineAllocator {
  using value_type = T;
  LineAllocator() = default;
  template <typename U> LineAllocator(const LineAllocator<U> &) {}
  T *allocate(size_t count) { return static_cast<T *>(::operator new(count * sizeof(T), kAlignment)); }
  void deallocate(T *elements, size_t) { ::operator delete(elements, kAlignment); }
  bool operator==(const LineAllocator &) const { return true; }
  bool operator!=(const LineAllocator &) const { return false; }

private:
  static constexpr std::align_val_t kAlignment{64};
};
using AlignedFloats = std::vector<float, LineAllocator<float>>;

/// A compiled function with buffers of its own, or those of another runner.
struct Runner {
  std::unique_ptr<runtime::Model> model;
  runtime::Context context;
  runtime::Call call;
  std::vector<AlignedFloats> inputs, outputs;

  /// Compiles the function and calls it once. On the buffers of `shared`, a function of the same types that outlives
  /// this one, if there is one.
  runtime::Error prepare(const std::string &text, const SuiteOptions &options, int threads, Runner *shared = nullptr);
};

} // namespace spnn::bench

#endif // SPNN_BENCH_RUNNER_H
