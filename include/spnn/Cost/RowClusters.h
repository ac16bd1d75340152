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
//===----------------------------------------------------------------------===//
#ifndef SPNN_COST_ROWCLUSTERS_H
#define SPNN_COST_ROWCLUSTERS_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace spnn::cost {

/// A pattern in compressed rows: row i reads the columns indices[positions[i]] .. indices[positions[i + 1] - 1], each
/// in [0, columns). Refers to arrays of others.
struct RowPattern {
  llvm::ArrayRef<int32_t> positions; ///< rows + 1
  llvm::ArrayRef<int32_t> indices;
  int64_t columns = 0;

  int64_t rows() const { return static_cast<int64_t>(positions.size()) - 1; }
  llvm::ArrayRef<int32_t> row(int64_t i) const { return indices.slice(positions[i], positions[i + 1] - positions[i]); }
};

/// All rows, cluster by cluster. Depends on the pattern alone, on every machine; time and memory are linear in rows,
/// columns and indices.
std::vector<int32_t> clusterRows(const RowPattern &pattern);

/// How often a column is read that is not among the `capacity` columns read last (a cache that replaces what was used
/// least recently), with the rows in `order`; an empty one is their own.
int64_t countMisses(const RowPattern &pattern, llvm::ArrayRef<int32_t> order, int64_t capacity);

} // namespace spnn::cost

#endif // SPNN_COST_ROWCLUSTERS_H
