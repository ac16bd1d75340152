//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Clocks, statistics, and contests: kernels timed in turns within one run.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_BENCH_TIMING_H
#define SPNN_BENCH_TIMING_H

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace spnn::bench {

inline double nowMicroseconds() {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Microseconds a call, over the rounds of a contest.
struct Timing {
  double median = 0, min = 0, max = 0;
  size_t rounds = 0;
};

/// Times several kernels in turns, so that a slow spell of a shared machine meets all of them. In a round each kernel
/// runs for a short block: once over all its matrices to warm the caches that the others filled, then timed passes.
class Contest {
public:
  /// `run(i)` multiplies with matrix i of `matrices`. Returns the entry's number.
  size_t add(std::function<void(int)> run, int matrices);
  /// At least `minRounds` rounds, then until `seconds` are over.
  void hold(double seconds, size_t minRounds);
  Timing get(size_t entry) const;

private:
  struct Entry {
    std::function<void(int)> run;
    int matrices = 1;
    int passes = 0; ///< timed passes over the matrices a round; 0 before the first
    std::vector<double> times;
  };
  std::vector<Entry> entries;
};

} // namespace spnn::bench

#endif // SPNN_BENCH_TIMING_H
