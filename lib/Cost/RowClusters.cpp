//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Orders of the rows of a pattern in which rows that read the same columns are near each other, and what an order
// costs.
//
// Clusters come from label propagation (Raghavan, Albert, Kumara: "Near linear time algorithm to detect community
// structures in large-scale networks", Phys. Rev. E 76, 2007), between rows and columns in turns, so that rows and
// columns need not be the same nodes. Clusters and the rows within them stand in the order of a breadth-first search
// that meets rows of few columns first (Cuthill and McKee, 1969).
//
//===----------------------------------------------------------------------===//
#include "spnn/Cost/RowClusters.h"

#include <algorithm>
#include <numeric>

using namespace spnn::cost;
using llvm::ArrayRef;

/// Rows by ascending number of columns, those of equal numbers in their own order: a counting sort.
static std::vector<int32_t> sortByDegree(const RowPattern &pattern) {
  std::vector<int32_t> starts;
  for (int64_t i = 0; i < pattern.rows(); ++i) {
    size_t degree = pattern.row(i).size();
    if (degree + 2 > starts.size())
      starts.resize(degree + 2);
    ++starts[degree + 1];
  }
  std::partial_sum(starts.begin(), starts.end(), starts.begin());
  std::vector<int32_t> order(pattern.rows());
  for (int64_t i = 0; i < pattern.rows(); ++i)
    order[starts[pattern.row(i).size()]++] = static_cast<int32_t>(i);
  return order;
}

namespace {
/// The rows that read each column.
struct Readers {
  /// The readers of a column come in `order`.
  Readers(const RowPattern &pattern, ArrayRef<int32_t> order)
      : rowCount(pattern.rows()), positions(pattern.columns + 1), rows(pattern.indices.size()) {
    for (int32_t column : pattern.indices)
      ++positions[column + 1];
    std::partial_sum(positions.begin(), positions.end(), positions.begin());
    std::vector<int32_t> next(positions.begin(), positions.end() - 1);
    for (int32_t i : order)
      for (int32_t column : pattern.row(i))
        rows[next[column]++] = i;
  }

  /// The transposed pattern.
  RowPattern pattern() const { return {positions, rows, rowCount}; }
  ArrayRef<int32_t> of(int32_t column) const {
    return ArrayRef(rows).slice(positions[column], positions[column + 1] - positions[column]);
  }

  int64_t rowCount;
  std::vector<int32_t> positions, rows;
};
} // namespace

/// A breadth-first search from row to row by common columns; each part of the pattern begins at its row of least
/// degree, since `byDegree` says where to begin.
static std::vector<int32_t> search(const RowPattern &pattern, const Readers &readers, ArrayRef<int32_t> byDegree) {
  std::vector<int32_t> found;
  found.reserve(pattern.rows());
  std::vector<bool> isRowFound(pattern.rows()), isColumnFound(pattern.columns);
  auto add = [&](int32_t row) {
    if (!isRowFound[row]) {
      isRowFound[row] = true;
      found.push_back(row);
    }
  };
  size_t next = 0;
  for (int32_t start : byDegree) {
    add(start);
    for (; next < found.size(); ++next)
      for (int32_t column : pattern.row(found[next])) {
        // All of its readers were added when it was met first.
        if (isColumnFound[column])
          continue;
        isColumnFound[column] = true;
        for (int32_t row : readers.of(column))
          add(row);
      }
  }
  return found;
}

/// Spreads labels evenly: of labels that are as frequent, always the least would win over whole graphs.
static uint32_t scramble(uint32_t x) {
  x = (x ^ (x >> 16)) * 0x7feb352du;
  x = (x ^ (x >> 15)) * 0x846ca68bu;
  return x ^ (x >> 16);
}

/// Gives each row the most frequent label of its columns; a label that it has stays if no other is more frequent.
/// `counts` are zeros, before and after. Returns how many labels changed.
static int64_t spread(const RowPattern &pattern, ArrayRef<int32_t> columnLabels, std::vector<int32_t> &labels,
                      std::vector<int32_t> &counts, uint32_t round) {
  int64_t changes = 0;
  for (int64_t i = 0; i < pattern.rows(); ++i) {
    ArrayRef<int32_t> columns = pattern.row(i);
    if (columns.empty())
      continue;
    int32_t best = columnLabels[columns.front()], most = 0;
    for (int32_t column : columns) {
      int32_t label = columnLabels[column], count = ++counts[label];
      if (count > most || (count == most && scramble(label ^ round) < scramble(best ^ round))) {
        most = count;
        best = label;
      }
    }
    if (labels[i] >= 0 && counts[labels[i]] == most)
      best = labels[i];
    for (int32_t column : columns)
      counts[columnLabels[column]] = 0;
    changes += best != labels[i];
    labels[i] = best;
  }
  return changes;
}

std::vector<int32_t> spnn::cost::clusterRows(const RowPattern &pattern) {
  std::vector<int32_t> byDegree = sortByDegree(pattern);
  Readers readers(pattern, byDegree);
  std::vector<int32_t> labels(pattern.rows()), columnLabels(pattern.columns, -1), counts(pattern.rows());
  std::iota(labels.begin(), labels.end(), 0);
  // More rounds move few rows and save few misses (measured on four graphs of 0.5 to 2.5 M edges).
  constexpr uint32_t kRounds = 4;
  for (uint32_t round = 0; round < kRounds; ++round) {
    spread(readers.pattern(), labels, columnLabels, counts, round);
    if (spread(pattern, columnLabels, labels, counts, kRounds + round) == 0)
      break;
  }
  // Clusters by their first row in the search: a counting sort by cluster, which keeps the rows of one in order.
  std::vector<int32_t> found = search(pattern, readers, byDegree), numbers(pattern.rows(), -1);
  int32_t clusters = 0;
  for (int32_t row : found)
    if (int32_t &number = numbers[labels[row]]; number < 0)
      number = clusters++;
  std::vector<int32_t> starts(clusters + 1);
  for (int32_t row : found)
    ++starts[numbers[labels[row]] + 1];
  std::partial_sum(starts.begin(), starts.end(), starts.begin());
  std::vector<int32_t> order(pattern.rows());
  for (int32_t row : found)
    order[starts[numbers[labels[row]]]++] = row;
  return order;
}

namespace {
/// The columns read last, the latest first, in a ring of as many slots as there is room for.
class RecentColumns {
public:
  RecentColumns(int64_t columns, int64_t capacity) : slots(columns, -1), held(capacity, -1), links(capacity) {
    for (int64_t slot = 0; slot < capacity; ++slot)
      links[slot] = {static_cast<int32_t>(slot == 0 ? capacity - 1 : slot - 1),
                     static_cast<int32_t>(slot + 1 == capacity ? 0 : slot + 1)};
  }

  /// Puts `column` first; true if it was not there.
  bool read(int32_t column) {
    int32_t slot = slots[column], last = links[first].before;
    bool isMissing = slot < 0;
    if (isMissing) {
      // The oldest goes.
      slot = last;
      if (held[slot] >= 0)
        slots[held[slot]] = -1;
      held[slot] = column;
      slots[column] = slot;
    }
    if (slot != first && slot != last) {
      links[links[slot].before].after = links[slot].after;
      links[links[slot].after].before = links[slot].before;
      links[slot] = {last, first};
      links[last].after = links[first].before = slot;
    }
    // The last slot of a ring is first by a turn.
    first = slot;
    return isMissing;
  }

private:
  struct Link {
    int32_t before, after;
  };
  std::vector<int32_t> slots; ///< of a column, -1 where it is not there
  std::vector<int32_t> held;  ///< the column in a slot, -1 for none yet
  std::vector<Link> links;
  int32_t first = 0;
};
} // namespace

int64_t spnn::cost::countMisses(const RowPattern &pattern, ArrayRef<int32_t> order, int64_t capacity) {
  if (capacity <= 0)
    return static_cast<int64_t>(pattern.indices.size());
  // A larger cache than all columns holds them all.
  RecentColumns recent(pattern.columns, std::min(capacity, std::max<int64_t>(1, pattern.columns)));
  int64_t misses = 0;
  for (int64_t place = 0; place < pattern.rows(); ++place)
    for (int32_t column : pattern.row(order.empty() ? place : order[place]))
      misses += recent.read(column);
  return misses;
}
