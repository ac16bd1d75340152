//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How a sparse matrix is cut into tiles of a few rows whose columns are read in steps of fixed patterns. No IR.
//
//===----------------------------------------------------------------------===//
//
// A step of size s takes as many nonzeros from each row: one of each pattern that the row is in. So if the rows of a
// tile have the same number of nonzeros, they need the same number of steps of size 1 for what the larger sizes leave,
// and nothing is padded. Rows are therefore put together by length first, by shared columns second.
//
// Between the sizes nonzeros move one way: a column that serves three rows can be read twice instead, for two and for
// one. Steps need a column of *each* pattern, so a size ends where its rarest pattern does, unless a larger one is
// split for it.
//
//===----------------------------------------------------------------------===//
#include "PatternTiles.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"

#include <algorithm>
#include <limits>
#include <numeric>

using namespace spnn;

std::vector<unsigned> spnn::listPatterns(int64_t rows, int64_t size) {
  std::vector<unsigned> patterns;
  for (unsigned pattern = 1; pattern < 1u << rows; ++pattern)
    if (llvm::popcount(pattern) == static_cast<int>(size))
      patterns.push_back(pattern);
  return patterns;
}

namespace {
constexpr unsigned kPatterns = 1u << kMaxTileRows;
using Counts = std::array<int64_t, kPatterns>;
using Steps = std::array<int64_t, kMaxTileRows>;

/// Finds the cheapest steps for one tile.
class StepPlanner {
public:
  explicit StepPlanner(const PatternTileOptions &options) : options(options) {
    for (int64_t size = 1; size <= options.rows; ++size)
      patterns[size - 1] = listPatterns(options.rows, size);
  }

  llvm::ArrayRef<unsigned> patternsOf(int64_t size) const { return patterns[size - 1]; }

  /// The pattern whose next column a step reads as `pattern`: itself, or the most frequent one that contains it. The
  /// rest of that column then waits as another pattern. 0 if there is none.
  static unsigned findSource(const Counts &counts, unsigned pattern) {
    if (counts[pattern])
      return pattern;
    unsigned source = 0;
    for (unsigned other = pattern + 1; other < kPatterns; ++other)
      if ((other & pattern) == pattern && counts[other] && (!source || counts[other] > counts[source]))
        source = other;
    return source;
  }

  Steps plan(const Counts &counts) {
    bestCost = std::numeric_limits<double>::infinity();
    Steps steps{};
    search(std::min(options.shared, options.rows), counts, steps, 0);
    return best;
  }

private:
  /// Takes the columns of one step, or returns false and leaves `counts` undefined.
  bool take(int64_t size, Counts &counts) const {
    for (unsigned pattern : patterns[size - 1]) {
      unsigned source = findSource(counts, pattern);
      if (!source)
        return false;
      --counts[source];
      if (source != pattern)
        ++counts[source ^ pattern];
    }
    return true;
  }

  void search(int64_t size, Counts counts, Steps steps, double cost) {
    if (size == 1) {
      for (int64_t row = 0; row < options.rows; ++row) {
        int64_t left = 0;
        for (unsigned pattern = 1; pattern < kPatterns; ++pattern)
          left += pattern >> row & 1 ? counts[pattern] : 0;
        steps[0] = std::max(steps[0], left);
      }
      cost += steps[0] * options.rows * options.cost[0];
      if (cost < bestCost) {
        bestCost = cost;
        best = steps;
      }
      return;
    }
    int64_t most = 0;
    for (Counts left = counts; take(size, left);)
      ++most;
    // The smaller sizes depend on how much this one leaves them, so some shares of what is possible are tried. Pairs
    // leave nothing but single columns, which are never cheaper: all of them.
    int64_t stride = size == 2 ? std::max<int64_t>(1, most) : (most + 3) / 4;
    double stepCost = patterns[size - 1].size() * options.cost[size - 1];
    while (true) {
      if (size > 2 || steps[size - 1] == most)
        search(size - 1, counts, steps, cost);
      int64_t more = std::min(stride, most - steps[size - 1]);
      if (more == 0)
        return;
      for (int64_t i = 0; i < more; ++i)
        take(size, counts);
      steps[size - 1] += more;
      cost += more * stepCost;
    }
  }

  const PatternTileOptions &options;
  std::array<std::vector<unsigned>, kMaxTileRows> patterns;
  double bestCost = 0;
  Steps best{};
};

/// The nonzeros of a run of rows and columns.
class Nonzeros {
public:
  Nonzeros(const format::DenseMatrix &matrix, int64_t rowBegin, int64_t rowEnd, int64_t colBegin, int64_t colEnd)
      : rowBegin(rowBegin), words((colEnd - colBegin + 63) / 64), bits((rowEnd - rowBegin) * words),
        lengths(rowEnd - rowBegin) {
    for (int64_t row = rowBegin; row < rowEnd; ++row)
      for (int64_t col = colBegin; col < colEnd; ++col)
        if (!matrix.isZero(row, col)) {
          bits[(row - rowBegin) * words + (col - colBegin) / 64] |= uint64_t(1) << ((col - colBegin) % 64);
          ++lengths[row - rowBegin];
        }
  }

  int64_t length(int64_t row) const { return lengths[row - rowBegin]; }
  bool isNonzero(int64_t row, int64_t offset) const {
    return bits[(row - rowBegin) * words + offset / 64] >> (offset % 64) & 1;
  }
  int64_t overlap(int64_t a, int64_t b) const {
    int64_t sum = 0;
    for (int64_t word = 0; word < words; ++word)
      sum += llvm::popcount(bits[(a - rowBegin) * words + word] & bits[(b - rowBegin) * words + word]);
    return sum;
  }

private:
  int64_t rowBegin, words;
  std::vector<uint64_t> bits;
  std::vector<int64_t> lengths;
};
} // namespace

/// Groups of `size` rows of nearly equal length that share many columns; what is left over makes groups of one.
static std::vector<std::vector<int64_t>> groupRows(const Nonzeros &nonzeros, int64_t rowBegin, int64_t rowEnd,
                                                   int64_t size) {
  std::vector<int64_t> order(rowEnd - rowBegin);
  std::iota(order.begin(), order.end(), rowBegin);
  llvm::sort(order,
             [&](int64_t a, int64_t b) { return std::pair(nonzeros.length(a), a) < std::pair(nonzeros.length(b), b); });
  std::vector<bool> used(order.size());
  std::vector<std::vector<int64_t>> groups;
  size_t left = order.size();
  for (size_t seed = 0; seed < order.size(); ++seed) {
    if (used[seed])
      continue;
    used[seed] = true;
    std::vector<int64_t> group{order[seed]};
    for (bool whole = left >= static_cast<size_t>(size); whole && group.size() < static_cast<size_t>(size);) {
      // Of the rows as long as the first, the one that shares most with those chosen; without one, the next longer row.
      size_t best = order.size();
      int64_t bestShared = -1;
      for (size_t at = seed + 1; at < order.size(); ++at) {
        if (used[at])
          continue;
        if (nonzeros.length(order[at]) > nonzeros.length(order[seed])) {
          if (best == order.size())
            best = at;
          break;
        }
        int64_t shared = 0;
        for (int64_t row : group)
          shared += nonzeros.overlap(row, order[at]);
        if (shared > bestShared) {
          bestShared = shared;
          best = at;
        }
      }
      used[best] = true;
      group.push_back(order[best]);
    }
    left -= group.size();
    groups.push_back(std::move(group));
  }
  return groups;
}

/// The columns of one group of rows in the order of its steps.
static PatternTile makeTile(const Nonzeros &nonzeros, std::vector<int64_t> rows, int64_t colBegin, int64_t colEnd,
                            StepPlanner &planner) {
  std::array<std::vector<int64_t>, kPatterns> waiting; // the next column last
  for (int64_t col = colEnd - 1; col >= colBegin; --col) {
    unsigned pattern = 0;
    for (auto [r, row] : llvm::enumerate(rows))
      pattern |= nonzeros.isNonzero(row, col - colBegin) ? 1u << r : 0;
    waiting[pattern].push_back(col);
  }
  // Not a column of any row, but the source of padding below.
  waiting[0].clear();
  Counts counts{};
  for (unsigned pattern = 1; pattern < kPatterns; ++pattern)
    counts[pattern] = waiting[pattern].size();

  PatternTile tile;
  tile.steps = planner.plan(counts);
  for (int64_t size = rows.size(); size > 1; --size)
    for (int64_t step = 0; step < tile.steps[size - 1]; ++step)
      for (unsigned pattern : planner.patternsOf(size)) {
        unsigned source = StepPlanner::findSource(counts, pattern);
        int64_t col = waiting[source].back();
        waiting[source].pop_back();
        --counts[source];
        if (source != pattern) {
          waiting[source ^ pattern].push_back(col);
          ++counts[source ^ pattern];
        }
        tile.columns.push_back(col);
      }
  std::vector<std::vector<int64_t>> single(rows.size());
  for (auto [r, row] : llvm::enumerate(rows)) {
    for (unsigned pattern = 1; pattern < kPatterns; ++pattern)
      if (pattern >> r & 1)
        single[r].insert(single[r].end(), waiting[pattern].begin(), waiting[pattern].end());
    llvm::sort(single[r]);
    if (static_cast<int64_t>(single[r].size()) == tile.steps[0])
      continue;
    // A row that is shorter than another one has a zero somewhere.
    int64_t zero = colBegin;
    while (nonzeros.isNonzero(row, zero - colBegin))
      ++zero;
    single[r].resize(tile.steps[0], zero);
  }
  for (int64_t step = 0; step < tile.steps[0]; ++step)
    for (const std::vector<int64_t> &columns : single)
      tile.columns.push_back(columns[step]);
  tile.rows = std::move(rows);
  return tile;
}

std::vector<PatternTile> spnn::makePatternTiles(const format::DenseMatrix &matrix, int64_t rowBegin, int64_t rowEnd,
                                                int64_t colBegin, int64_t colEnd, const PatternTileOptions &options) {
  Nonzeros nonzeros(matrix, rowBegin, rowEnd, colBegin, colEnd);
  PatternTileOptions single = options;
  single.rows = 1;
  StepPlanner planner(options), singlePlanner(single);
  std::vector<PatternTile> tiles;
  for (std::vector<int64_t> &group : groupRows(nonzeros, rowBegin, rowEnd, options.rows)) {
    bool whole = group.size() == static_cast<size_t>(options.rows);
    tiles.push_back(makeTile(nonzeros, std::move(group), colBegin, colEnd, whole ? planner : singlePlanner));
  }
  // Neighbours then leave their loops after the same number of steps, nearly always.
  llvm::sort(tiles, [](const PatternTile &a, const PatternTile &b) {
    if (a.rows.size() != b.rows.size())
      return a.rows.size() > b.rows.size();
    if (a.steps != b.steps)
      return std::lexicographical_compare(a.steps.rbegin(), a.steps.rend(), b.steps.rbegin(), b.steps.rend());
    return a.rows < b.rows;
  });
  return tiles;
}
