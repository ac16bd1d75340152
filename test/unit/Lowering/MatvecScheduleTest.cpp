//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Schedules of matrix-vector kernels, on patterns whose best schedule is known. PackTest.cpp checks random ones.
//
//===----------------------------------------------------------------------===//
#include "MatvecSchedule.h"

#include "gtest/gtest.h"

#include <random>

using namespace spnn;

namespace {

RowPattern makePattern(int64_t cols, const std::vector<std::vector<int64_t>> &rows) {
  RowPattern pattern;
  pattern.cols = cols;
  for (const std::vector<int64_t> &row : rows) {
    pattern.columns.insert(pattern.columns.end(), row.begin(), row.end());
    pattern.positions.push_back(static_cast<int64_t>(pattern.columns.size()));
  }
  return pattern;
}

using Columns = std::vector<int64_t>;

// Blocks count where any element is not zero.
TEST(MatvecSchedule, Pattern) {
  format::DenseMatrix matrix;
  matrix.shape = {4, 6};
  matrix.data.resize(4 * 6 * sizeof(float));
  for (auto [row, col] : {std::pair(0, 1), std::pair(1, 5), std::pair(3, 4)})
    matrix.element(row, col)[3] = 0x40;
  RowPattern single = findPattern(matrix), blocks = findPattern(matrix, 2, 3);
  EXPECT_EQ(single.cols, 6);
  EXPECT_EQ(single.positions, Columns({0, 1, 2, 2, 3}));
  EXPECT_EQ(single.columns, Columns({1, 5, 4}));
  EXPECT_EQ(blocks.cols, 2);
  EXPECT_EQ(blocks.positions, Columns({0, 2, 3}));
  EXPECT_EQ(blocks.columns, Columns({0, 1, 1}));
}

// Rows are sorted by length; the last slice repeats its last row; idle lanes point at a column without a nonzero.
TEST(MatvecSchedule, Lockstep) {
  MatvecSchedule schedule = scheduleLockstep(makePattern(4, {{0, 1, 2}, {3}, {0, 2}}), 2, 1);
  EXPECT_EQ(schedule.rows, Columns({1, 2, 0, 0}));
  EXPECT_EQ(schedule.bounds, Columns({0, 2}));
  EXPECT_EQ(schedule.positions, Columns({0, 2, 5}));
  EXPECT_EQ(schedule.columns, Columns({3, 0, 0, 2, 0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(schedule.isIdle, std::vector<bool>({0, 0, 1, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_TRUE(schedule.bases.empty());
}

// A row that has nothing at the base goes ahead inside of the window, and not beyond.
TEST(MatvecSchedule, WindowsRunAhead) {
  // The second row's nonzeros at 3 and 5 share steps with the first row's at 0 and 2; 9 is too far.
  MatvecSchedule schedule = scheduleWindows(makePattern(12, {{0, 2}, {3, 5, 9}}), 2, 4, 2, 1);
  EXPECT_EQ(schedule.bases, Columns({0, 2, 8, 0}));
  EXPECT_EQ(schedule.columns, Columns({0, 3, 2, 5, 8, 9, 0, 0}));
  EXPECT_EQ(schedule.isIdle, std::vector<bool>({0, 0, 0, 0, 1, 0, 1, 1}));
}

// The last window ends with the last column, and one wider than the matrix begins at 0.
TEST(MatvecSchedule, WindowsAtTheEdge) {
  EXPECT_EQ(scheduleWindows(makePattern(7, {{6}}), 1, 4, 4, 1).bases, Columns({3, 0}));
  EXPECT_EQ(scheduleWindows(makePattern(3, {{0, 2}}), 1, 4, 4, 1).bases, Columns({0, 0}));
}

TEST(MatvecSchedule, NoRows) {
  for (const MatvecSchedule &schedule :
       {scheduleLockstep(makePattern(4, {}), 2, 3), scheduleWindows(makePattern(4, {}), 2, 4, 1, 3)}) {
    EXPECT_EQ(schedule.bounds, Columns({0, 0, 0, 0}));
    EXPECT_EQ(schedule.steps(), 0);
  }
  EXPECT_EQ(scheduleWindows(makePattern(0, {{}, {}}), 2, 4, 1, 1).positions, Columns({0, 0}));
}

// What windows are for: at 10 % almost two thirds of the lanes work, and wider windows keep more of them busy.
TEST(MatvecSchedule, WindowsKeepLanesBusy) {
  std::mt19937 generator(3);
  std::vector<std::vector<int64_t>> rows(256);
  for (std::vector<int64_t> &row : rows)
    for (int64_t col = 0; col < 768; ++col)
      if (generator() % 10 == 0)
        row.push_back(col);
  RowPattern pattern = makePattern(768, rows);
  auto busy = [&](const MatvecSchedule &schedule) {
    return static_cast<double>(pattern.columns.size()) / static_cast<double>(schedule.columns.size());
  };
  double narrow = busy(scheduleWindows(pattern, 16, 32, 16, 4)), wide = busy(scheduleWindows(pattern, 16, 64, 16, 4));
  EXPECT_GT(narrow, 0.6);
  EXPECT_GT(wide, 0.75);
  EXPECT_GT(busy(scheduleWindows(pattern, 16, 32, 1, 4)), narrow);
  EXPECT_GT(busy(scheduleLockstep(pattern, 8, 4)), 0.95);
}

} // namespace
