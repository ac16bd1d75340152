//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which candidates are worth measuring.
//
//===----------------------------------------------------------------------===//
#include "spnn/Lowering/CandidateTimer.h"

#include "gtest/gtest.h"

#include <limits>

using namespace spnn;

using Numbers = llvm::SmallVector<size_t>;

TEST(Shortlist, KeepsWhatIsWithinAFactorOfTheBest) {
  EXPECT_EQ(getShortlist({9, 4, 8, 8.1, 5}, -1), (Numbers{1, 2, 4}));
  EXPECT_EQ(getShortlist({9, 4, 8, 8.1, 5}, -1, 1.25), (Numbers{1, 4}));
}

TEST(Shortlist, AlwaysHasTheOneAskedFor) {
  EXPECT_EQ(getShortlist({90, 4, 5}, 0), (Numbers{0, 1, 2}));
  EXPECT_EQ(getShortlist({4, 90, 5}, 0), (Numbers{0, 2}));
}

TEST(Shortlist, TakesTheFastestWhereThereAreMany) {
  EXPECT_EQ(getShortlist({1.5, 1.4, 1.3, 1.2, 1.1, 1, 1}, -1, 2, 3), (Numbers{4, 5, 6}));
  EXPECT_EQ(getShortlist({1, 1, 1, 1}, -1, 2, 2), (Numbers{0, 1}));
}

TEST(Shortlist, LeavesOutWhatIsNotPredicted) {
  double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(getShortlist({infinity, 4, nan}, -1), (Numbers{1}));
  EXPECT_EQ(getShortlist({infinity}, -1), Numbers());
  EXPECT_EQ(getShortlist({}, -1), Numbers());
}
