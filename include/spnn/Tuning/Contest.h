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
#ifndef SPNN_TUNING_CONTEST_H
#define SPNN_TUNING_CONTEST_H

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <time.h>

namespace spnn::tuning {

inline double nowMicroseconds() {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// The time that this thread has run: on a shared machine it leaves out what other processes took of the core.
inline double threadMicroseconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) * 1e-3;
}

/// Microseconds a call, over the rounds of a contest.
struct Timing {
  double median = 0, min = 0, max = 0;
  size_t rounds = 0;
};

/// Times several kernels in turns, so that a slow spell of a shared machine meets all of them. In a round each kernel
/// runs for a short block: once over all its matrices to warm the caches that the others filled, then timed passes. A
/// kernel with `prepare` is timed call by call instead, each after `prepare`, which brings the caches where they are to
/// be.
class Contest {
public:
  /// With one thread, times are those of the thread, else of the wall clock.
  explicit Contest(int threads) : clock(threads == 1 ? threadMicroseconds : nowMicroseconds) {}

  /// `run(i)` multiplies with matrix i of `matrices`. Returns the entry's number.
  size_t add(std::function<void(int)> run, int matrices, std::function<void()> prepare = {});
  /// At least `minRounds` rounds, then until `seconds` are over.
  void hold(double seconds, size_t minRounds);
  Timing get(size_t entry) const;

private:
  struct Entry {
    std::function<void(int)> run;
    int matrices = 1;
    std::function<void()> prepare;
    bool isLong = false; ///< a call takes much longer than to ask for the time that the thread has run
    int passes = 0;      ///< timed passes over the matrices a round; 0 before the first
    std::vector<double> times;
  };
  double (*clock)();
  std::vector<Entry> entries;
};

} // namespace spnn::tuning

#endif // SPNN_TUNING_CONTEST_H
