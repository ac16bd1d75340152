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
#ifndef SPNN_LIB_LOWERING_KERNELS_PATTERNTILES_H
#define SPNN_LIB_LOWERING_KERNELS_PATTERNTILES_H

#include "spnn/Format/SparseFormat.h"

#include <array>
#include <cstdint>
#include <vector>

namespace spnn {

/// Rows of a tile at most: the patterns of 4 rows still fit the op cache, unrolled for 4 vectors.
inline constexpr int64_t kMaxTileRows = 4;

/// A pattern is the set of a tile's rows that share a column, as bits. All patterns of `size` of `rows` rows,
/// ascending.
std::vector<unsigned> listPatterns(int64_t rows, int64_t size);

/// Some rows in a run of columns. A *step* of size s is one column for each pattern of s rows, in the order of
/// listPatterns, so that every step of a size reads its columns by the same instructions.
struct PatternTile {
  std::vector<int64_t> rows;
  /// Steps of size s at [s - 1].
  std::array<int64_t, kMaxTileRows> steps{};
  /// The columns of all steps, the largest size first. Where a row has no nonzero left for a step of size 1, a column
  /// in which it has a zero.
  std::vector<int64_t> columns;
};

struct PatternTileOptions {
  int64_t rows = kMaxTileRows;   ///< of a tile
  int64_t shared = kMaxTileRows; ///< the largest size of a step
  /// What a column costs that serves s rows, at [s - 1].
  std::array<double, kMaxTileRows> cost{};
};

/// Tiles of `options.rows` rows, then tiles of one row for those that are left, which cover the nonzeros in rows
/// [rowBegin, rowEnd) and columns [colBegin, colEnd), each row once and each nonzero once. Sorted by their steps.
std::vector<PatternTile> makePatternTiles(const format::DenseMatrix &matrix, int64_t rowBegin, int64_t rowEnd,
                                          int64_t colBegin, int64_t colEnd, const PatternTileOptions &options);

} // namespace spnn

#endif // SPNN_LIB_LOWERING_KERNELS_PATTERNTILES_H
