//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Orders of rows by clusters, and misses of a cache against one that is written down plainly.
//
//===----------------------------------------------------------------------===//
#include "spnn/Cost/RowClusters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <numeric>
#include <random>

using namespace spnn::cost;

namespace {

struct Pattern {
  std::vector<int32_t> positions{0}, indices;
  int64_t columns = 0;

  void addRow(std::vector<int32_t> row) {
    indices.insert(indices.end(), row.begin(), row.end());
    positions.push_back(indices.size());
  }
  RowPattern get() const { return {positions, indices, columns}; }
};

/// Rows of up to `degree` columns, some of none.
Pattern makeRandom(int64_t rows, int64_t columns, int64_t degree, unsigned seed) {
  std::mt19937 generator(seed);
  Pattern result;
  result.columns = columns;
  for (int64_t i = 0; i < rows; ++i) {
    std::vector<int32_t> row;
    for (int64_t count = columns == 0 ? 0 : generator() % (degree + 1); count > 0; --count)
      row.push_back(generator() % columns);
    std::sort(row.begin(), row.end());
    row.erase(std::unique(row.begin(), row.end()), row.end());
    result.addRow(row);
  }
  return result;
}

/// `blocks` sets of as many rows as columns, each row of a set with `degree` of its columns; rows and columns
/// shuffled, apart from each other. `blockOf` says where rows belong.
Pattern makeBlocks(int64_t blocks, int64_t size, int64_t degree, std::vector<int32_t> &blockOf) {
  std::mt19937 generator(1);
  std::vector<int32_t> rows(blocks * size), columns(blocks * size);
  std::iota(rows.begin(), rows.end(), 0);
  std::iota(columns.begin(), columns.end(), 0);
  std::shuffle(rows.begin(), rows.end(), generator);
  std::shuffle(columns.begin(), columns.end(), generator);
  Pattern result;
  result.columns = blocks * size;
  for (int32_t row : rows) {
    int64_t block = row / size;
    blockOf.push_back(block);
    std::vector<int32_t> own;
    // Each row and the next share columns, so a block is one piece.
    for (int64_t step = 0; step < degree; ++step)
      own.push_back(columns[block * size + (row + step) % size]);
    std::sort(own.begin(), own.end());
    result.addRow(own);
  }
  return result;
}

void expectPermutation(std::vector<int32_t> order, int64_t rows) {
  std::vector<int32_t> all(rows);
  std::iota(all.begin(), all.end(), 0);
  std::sort(order.begin(), order.end());
  EXPECT_EQ(order, all);
}

TEST(RowClusters, OrdersArePermutations) {
  unsigned seed = 0;
  for (int64_t rows : {0, 1, 2, 17, 200})
    for (int64_t columns : {0, 1, 5, 300})
      for (int64_t degree : {0, 1, 6}) {
        SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(columns) + ", " + std::to_string(degree));
        Pattern pattern = makeRandom(rows, columns, degree, ++seed);
        expectPermutation(clusterRows(pattern.get()), rows);
      }
}

/// The same order on every machine: it is written down here.
TEST(RowClusters, OrderIsDeterministic) {
  Pattern pattern = makeRandom(16, 12, 3, 7);
  std::vector<int32_t> order = clusterRows(pattern.get());
  EXPECT_EQ(order, clusterRows(pattern.get()));
  EXPECT_EQ(order, (std::vector<int32_t>{2, 11, 3, 10, 13, 6, 9, 8, 5, 0, 7, 14, 15, 12, 4, 1}));
}

TEST(RowClusters, BlocksComeTogether) {
  std::vector<int32_t> blockOf;
  Pattern pattern = makeBlocks(20, 50, 4, blockOf);
  std::vector<int32_t> order = clusterRows(pattern.get());
  int64_t borders = 0;
  for (size_t place = 1; place < order.size(); ++place)
    borders += blockOf[order[place]] != blockOf[order[place - 1]];
  EXPECT_EQ(borders, 19);
  // With room for one block each column is fetched once; shuffled rows miss nearly always.
  EXPECT_EQ(countMisses(pattern.get(), order, 50), 1000);
  EXPECT_GT(countMisses(pattern.get(), {}, 50), 3500);
}

/// Communities whose rows also read a few columns of others, as graphs do: no search by common columns alone finds
/// them.
TEST(RowClusters, NoisyBlocksMissLess) {
  std::vector<int32_t> blockOf;
  Pattern blocks = makeBlocks(50, 20, 8, blockOf), pattern;
  pattern.columns = blocks.columns;
  std::mt19937 generator(2);
  for (int64_t i = 0; i < blocks.get().rows(); ++i) {
    std::vector<int32_t> row = blocks.get().row(i).vec();
    row.push_back(generator() % blocks.columns);
    std::sort(row.begin(), row.end());
    row.erase(std::unique(row.begin(), row.end()), row.end());
    pattern.addRow(row);
  }
  std::vector<int32_t> order = clusterRows(pattern.get());
  EXPECT_LT(countMisses(pattern.get(), order, 100), countMisses(pattern.get(), {}, 100) / 2);
}

TEST(RowClusters, RowsWithoutColumnsAndColumnsWithoutRows) {
  Pattern pattern;
  pattern.columns = 5;
  for (const std::vector<int32_t> &row : {std::vector<int32_t>{}, {4}, {}, {1, 4}, {}})
    pattern.addRow(row);
  expectPermutation(clusterRows(pattern.get()), 5);
  EXPECT_EQ(countMisses(pattern.get(), {}, 5), 2);
}

/// As the definition says, with a list.
int64_t countPlainly(const RowPattern &pattern, llvm::ArrayRef<int32_t> order, int64_t capacity) {
  std::list<int32_t> recent;
  int64_t misses = 0;
  for (int64_t place = 0; place < pattern.rows(); ++place)
    for (int32_t column : pattern.row(order.empty() ? place : order[place])) {
      auto at = std::find(recent.begin(), recent.end(), column);
      misses += at == recent.end();
      if (at != recent.end())
        recent.erase(at);
      recent.push_front(column);
      if (static_cast<int64_t>(recent.size()) > capacity)
        recent.pop_back();
    }
  return misses;
}

TEST(RowClusters, MissesOfACache) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    Pattern pattern = makeRandom(60, 40, 5, seed);
    std::vector<int32_t> order = clusterRows(pattern.get());
    for (int64_t capacity : {0, 1, 2, 3, 7, 39, 40, 100}) {
      SCOPED_TRACE("capacity " + std::to_string(capacity));
      EXPECT_EQ(countMisses(pattern.get(), order, capacity), countPlainly(pattern.get(), order, capacity));
      EXPECT_EQ(countMisses(pattern.get(), {}, capacity), countPlainly(pattern.get(), {}, capacity));
    }
  }
}

} // namespace
