//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels that are timed in turns.
//
//===----------------------------------------------------------------------===//
#include "spnn/Tuning/Contest.h"

#include "gtest/gtest.h"

using namespace spnn::tuning;

/// Microseconds of work that no compiler removes.
static void spin(double microseconds) {
  for (double end = nowMicroseconds() + microseconds; nowMicroseconds() < end;) {
  }
}

TEST(Contest, TimesEachKernel) {
  Contest contest(/*threads=*/2);
  size_t slow = contest.add([](int) { spin(60); }, 1), fast = contest.add([](int) { spin(20); }, 1);
  contest.hold(/*seconds=*/0, /*minRounds=*/3);
  EXPECT_EQ(contest.get(slow).rounds, 3u);
  EXPECT_GE(contest.get(slow).min, 60);
  EXPECT_GE(contest.get(fast).min, 20);
  EXPECT_LE(contest.get(fast).min, contest.get(fast).median);
  EXPECT_LE(contest.get(fast).median, contest.get(fast).max);
}

TEST(Contest, PreparationIsNotTimed) {
  Contest contest(/*threads=*/1);
  int prepared = 0, ran = 0;
  size_t entry = contest.add([&](int) { ++ran; }, 1,
                             [&] {
                               ++prepared;
                               spin(2000);
                             });
  contest.hold(/*seconds=*/0, /*minRounds=*/5);
  EXPECT_EQ(contest.get(entry).rounds, 5u);
  EXPECT_LT(contest.get(entry).min, 2000);
  EXPECT_EQ(prepared, 5);
  EXPECT_EQ(ran, 7) << "two calls warm up";
}
