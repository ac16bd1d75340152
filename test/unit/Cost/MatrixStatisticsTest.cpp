//===- MatrixStatisticsTest.cpp - Tests of matrix statistics --------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Counts of known matrices, and of random ones against a plain recount.
//
//===----------------------------------------------------------------------===//

#include "spnn/Cost/MatrixStatistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

using namespace spnn;
using namespace spnn::cost;
using format::DenseMatrix;
using format::FloatType;

namespace {

DenseMatrix makeMatrix(format::Shape shape, unsigned bytes, bool isFloat) {
  DenseMatrix matrix;
  matrix.shape = shape;
  matrix.elementBytes = bytes;
  matrix.isFloat = isFloat;
  matrix.data.resize(shape.rows * shape.cols * bytes);
  return matrix;
}

DenseMatrix makeFloats(format::Shape shape, std::vector<float> values) {
  DenseMatrix matrix = makeMatrix(shape, 4, true);
  if (!values.empty())
    std::memcpy(matrix.data.data(), values.data(), matrix.data.size());
  return matrix;
}

TEST(MatrixStatisticsTest, Counts) {
  auto statistics = measure(makeFloats({3, 4}, {0, 1, 0, 2, //
                                                0, 0, 0, 0, //
                                                3, 0, 0, -0.0f}));
  EXPECT_EQ(statistics.nonzeros, 3);
  EXPECT_DOUBLE_EQ(statistics.density, 0.25);
  EXPECT_EQ(statistics.deadRows, std::vector<int64_t>{1});
  EXPECT_EQ(statistics.deadColumns, std::vector<int64_t>{2});
  EXPECT_EQ(statistics.minRowLength, 0);
  EXPECT_EQ(statistics.maxRowLength, 2);
  EXPECT_DOUBLE_EQ(statistics.meanRowLength, 1);
  EXPECT_DOUBLE_EQ(statistics.rowLengthDeviation, std::sqrt(2.0 / 3));
}

TEST(MatrixStatisticsTest, EmptyMatrices) {
  for (format::Shape shape :
       {format::Shape{0, 0}, format::Shape{0, 5}, format::Shape{5, 0}}) {
    auto statistics = measure(makeFloats(shape, {}));
    EXPECT_EQ(statistics.nonzeros, 0);
    EXPECT_EQ(statistics.density, 0);
    EXPECT_EQ(statistics.meanRowLength, 0);
    EXPECT_EQ(statistics.deadRows.size(), static_cast<size_t>(shape.rows));
    EXPECT_EQ(statistics.deadColumns.size(), static_cast<size_t>(shape.cols));
    EXPECT_FALSE(statistics.tightestNm);
    for (const BlockStatistics &blocks : statistics.blocks) {
      EXPECT_EQ(blocks.blocks, 0);
      EXPECT_EQ(blocks.fill, 1);
    }
  }
}

TEST(MatrixStatisticsTest, NansAndInfinities) {
  float nan = std::numeric_limits<float>::quiet_NaN();
  float infinity = std::numeric_limits<float>::infinity();
  DenseMatrix matrix = makeFloats({1, 6}, {nan, -nan, infinity, 1, 0, 3e38f});
  auto statistics = measure(matrix);
  EXPECT_EQ(statistics.nans, 2);
  EXPECT_EQ(statistics.infinities, 1);
  EXPECT_EQ(statistics.nonzeros, 5);
  matrix.isFloat = false;
  EXPECT_EQ(measure(matrix).nans, 0);

  double wide[] = {std::numeric_limits<double>::quiet_NaN(),
                   -std::numeric_limits<double>::infinity(), 1e308};
  matrix = makeMatrix({1, 3}, 8, true);
  std::memcpy(matrix.data.data(), wide, sizeof(wide));
  EXPECT_EQ(measure(matrix).nans, 1);
  EXPECT_EQ(measure(matrix).infinities, 1);
}

TEST(MatrixStatisticsTest, SixteenBitFloats) {
  const uint16_t bits[] = {0x7c00, 0x7c01, 0x7f80, 0xff81, 0x8000};
  DenseMatrix matrix = makeMatrix({1, 5}, 2, true);
  std::memcpy(matrix.data.data(), bits, sizeof(bits));
  auto half = measure(matrix);
  EXPECT_EQ(half.infinities, 1);
  EXPECT_EQ(half.nans, 3);
  EXPECT_EQ(half.nonzeros, 4);
  MeasureOptions options;
  options.floatType = FloatType::BF16;
  auto brain = measure(matrix, options);
  EXPECT_EQ(brain.infinities, 1);
  EXPECT_EQ(brain.nans, 1);
}

TEST(MatrixStatisticsTest, BlocksAtTheEdges) {
  MeasureOptions options;
  options.blockShapes = {{2, 2}, {2, 3}, {0, 4}};
  auto statistics = measure(makeFloats({3, 5}, {1, 0, 0, 0, 0, //
                                                0, 1, 0, 0, 0, //
                                                0, 0, 0, 0, 1}),
                            options);
  ASSERT_EQ(statistics.blocks.size(), 2u);
  EXPECT_EQ(statistics.blocks[0].blocks, 6);
  EXPECT_EQ(statistics.blocks[0].nonzeroBlocks, 2);
  EXPECT_DOUBLE_EQ(statistics.blocks[0].fill, 3.0 / 8);
  EXPECT_EQ(statistics.blocks[1].blocks, 4);
  EXPECT_EQ(statistics.blocks[1].nonzeroBlocks, 2);
  EXPECT_EQ(statistics.findBlocks({2, 3}), &statistics.blocks[1]);
  EXPECT_EQ(statistics.findBlocks({4, 4}), nullptr);
}

TEST(MatrixStatisticsTest, TightestNm) {
  auto tightest = [](format::Shape shape, std::vector<float> values) {
    auto pattern = measure(makeFloats(shape, std::move(values))).tightestNm;
    return pattern
               ? std::to_string(pattern->n) + ":" + std::to_string(pattern->m)
               : "none";
  };
  EXPECT_EQ(tightest({1, 4}, {1, 1, 0, 0}), "2:4");
  EXPECT_EQ(tightest({1, 4}, {1, 0, 0, 1}), "1:2");
  EXPECT_EQ(tightest({1, 4}, {0, 0, 1, 0}), "1:4");
  EXPECT_EQ(tightest({1, 4}, {1, 0, 1, 1}), "none");
  EXPECT_EQ(tightest({1, 8}, {1, 1, 0, 0, 0, 0, 0, 0}), "2:8");
  EXPECT_EQ(tightest({1, 8}, {1, 1, 1, 0, 1, 0, 0, 0}), "4:8");
  // 3 of 4 positions: only groups of 4 within 8 that average out.
  EXPECT_EQ(tightest({1, 8}, {1, 1, 1, 0, 0, 0, 0, 0}), "4:8");
  // A cut last group fits no pattern.
  EXPECT_EQ(tightest({1, 5}, {1, 0, 0, 0, 0}), "none");
  EXPECT_EQ(tightest({1, 6}, {1, 0, 0, 0, 0, 0}), "1:2");
  EXPECT_EQ(tightest({2, 16}, std::vector<float>(32)), "1:16");
}

TEST(MatrixStatisticsTest, CountsGroupsOfACutEnd) {
  auto statistics = measure(makeFloats({1, 7}, {0, 0, 0, 0, 1, 1, 1}));
  ASSERT_EQ(statistics.groups.size(), 4u);
  EXPECT_EQ(statistics.groups[0].maxNonzeros, 2);
  EXPECT_EQ(statistics.groups[1].maxNonzeros, 3);
  EXPECT_EQ(statistics.groups[3].maxNonzeros, 3);
}

/// Recounts everything from its definition.
void checkAgainstDefinition(const DenseMatrix &matrix,
                            const MatrixStatistics &statistics) {
  auto [rows, cols] = matrix.shape;
  auto countIn = [&](int64_t row, int64_t col, int64_t height, int64_t width) {
    int64_t count = 0;
    for (int64_t i = row; i < std::min(row + height, matrix.shape.rows); ++i)
      for (int64_t j = col; j < std::min(col + width, matrix.shape.cols); ++j)
        count += !matrix.isZero(i, j);
    return count;
  };
  EXPECT_EQ(statistics.nonzeros, countIn(0, 0, rows, cols));
  std::vector<int64_t> deadRows, deadColumns;
  int64_t longest = 0;
  for (int64_t row = 0; row < rows; ++row) {
    int64_t length = countIn(row, 0, 1, cols);
    longest = std::max(longest, length);
    if (length == 0)
      deadRows.push_back(row);
  }
  for (int64_t col = 0; col < cols; ++col)
    if (countIn(0, col, rows, 1) == 0)
      deadColumns.push_back(col);
  EXPECT_EQ(statistics.deadRows, deadRows);
  EXPECT_EQ(statistics.deadColumns, deadColumns);
  EXPECT_EQ(statistics.maxRowLength, longest);
  for (const BlockStatistics &blocks : statistics.blocks) {
    int64_t all = 0, nonzero = 0;
    for (int64_t row = 0; row < rows; row += blocks.shape.rows)
      for (int64_t col = 0; col < cols; col += blocks.shape.cols) {
        ++all;
        nonzero += countIn(row, col, blocks.shape.rows, blocks.shape.cols) != 0;
      }
    EXPECT_EQ(blocks.blocks, all);
    EXPECT_EQ(blocks.nonzeroBlocks, nonzero)
        << blocks.shape.rows << "x" << blocks.shape.cols;
  }
  for (const GroupStatistics &group : statistics.groups) {
    int64_t largest = 0;
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t col = 0; col < cols; col += group.m)
        largest = std::max(largest, countIn(row, col, 1, group.m));
    EXPECT_EQ(group.maxNonzeros, largest) << "m = " << group.m;
  }
}

TEST(MatrixStatisticsTest, RandomMatrices) {
  std::mt19937 random(7);
  MeasureOptions options;
  for (BlockShape shape :
       {BlockShape{3, 5}, BlockShape{1, 2}, BlockShape{5, 64},
        BlockShape{100, 100}, BlockShape{1, 1}})
    options.blockShapes.push_back(shape);
  for (format::Shape shape :
       {format::Shape{1, 1}, format::Shape{17, 63}, format::Shape{16, 64},
        format::Shape{31, 65}, format::Shape{7, 131}, format::Shape{50, 3}})
    for (unsigned bytes : {1u, 2u, 4u, 8u})
      for (unsigned density : {0u, 1u, 10u, 50u, 100u}) {
        DenseMatrix matrix = makeMatrix(shape, bytes, random() % 2);
        for (int64_t i = 0; i < shape.rows * shape.cols; ++i)
          if (random() % 100 < density)
            matrix.data[i * bytes + random() % bytes] = 1 + random() % 127;
        SCOPED_TRACE(testing::Message() << shape.rows << " x " << shape.cols
                                        << ", " << bytes << " bytes");
        checkAgainstDefinition(matrix, measure(matrix, options));
      }
}

} // namespace
