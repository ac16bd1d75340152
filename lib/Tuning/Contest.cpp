//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Contests: kernels timed in turns within one run.
//
//===----------------------------------------------------------------------===//
#include "spnn/Tuning/Contest.h"

#include <algorithm>
#include <cmath>

using namespace spnn::tuning;

size_t Contest::add(std::function<void(int)> run, int matrices, std::function<void()> prepare) {
  entries.push_back({std::move(run), matrices, std::move(prepare), false, 0, {}});
  return entries.size() - 1;
}

void Contest::hold(double seconds, size_t minRounds) {
  /// Long against the clock, short against the spells of other load.
  constexpr double kBlockMicroseconds = 1000;
  auto pass = [](const Entry &entry) {
    for (int i = 0; i < entry.matrices; ++i)
      entry.run(i);
  };
  for (Entry &entry : entries) {
    pass(entry);
    double begin = clock();
    pass(entry);
    double once = std::max(0.1, clock() - begin);
    /// The thread's time is a call of the system, the time of day is not.
    constexpr double kLongMicroseconds = 50;
    entry.isLong = once / entry.matrices >= kLongMicroseconds;
    entry.passes = std::max(1, static_cast<int>(std::ceil(kBlockMicroseconds / once)));
  }
  double end = nowMicroseconds() + seconds * 1e6;
  for (size_t round = 0; round < minRounds || nowMicroseconds() < end; ++round)
    // Another kernel goes first in each round, so that none always follows the same neighbour's heat.
    for (size_t i = 0; i < entries.size(); ++i) {
      Entry &entry = entries[round % 2 ? entries.size() - 1 - i : i];
      if (entry.prepare) {
        for (int matrix = 0; matrix < entry.matrices; ++matrix) {
          entry.prepare();
          double (*now)() = entry.isLong ? clock : nowMicroseconds;
          double begin = now();
          entry.run(matrix);
          entry.times.push_back(now() - begin);
        }
        continue;
      }
      pass(entry);
      double begin = clock();
      for (int p = 0; p < entry.passes; ++p)
        pass(entry);
      entry.times.push_back((clock() - begin) / (entry.passes * entry.matrices));
    }
}

Timing Contest::get(size_t index) const {
  std::vector<double> times = entries[index].times;
  std::sort(times.begin(), times.end());
  if (times.empty())
    return {};
  size_t middle = times.size() / 2;
  double median = times.size() % 2 ? times[middle] : (times[middle - 1] + times[middle]) / 2;
  return {median, times.front(), times.back(), times.size()};
}
