//===- MatrixStatistics.h - What a matrix offers a compiler -----*- C++ -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Counts over a dense matrix from which formats and kernels are chosen.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_COST_MATRIXSTATISTICS_H
#define SPNN_COST_MATRIXSTATISTICS_H

#include "spnn/Format/FloatType.h"
#include "spnn/Format/SparseFormat.h"

namespace spnn::cost {

/// Rows and columns of a block, both positive.
struct BlockShape {
  int64_t rows = 1;
  int64_t cols = 1;
};

/// How well aligned blocks of one shape cover the nonzeros.
struct BlockStatistics {
  BlockShape shape;
  int64_t blocks = 0;        ///< all blocks, cut ones at the edges included
  int64_t nonzeroBlocks = 0; ///< blocks that hold a nonzero
  /// Nonzeros over stored values, where every nonzero block stores rows x cols
  /// values, cut or not; 1 if no block is stored.
  double fill = 1;
};

/// How crowded the aligned groups of m columns along a row are.
struct GroupStatistics {
  int64_t m = 0;
  int64_t maxNonzeros = 0; ///< of any group, a cut last one included
};

/// N:M sparsity along a row.
struct NmPattern {
  int64_t n = 0;
  int64_t m = 0;
};

struct MatrixStatistics {
  format::Shape shape;
  int64_t nonzeros = 0;
  double density = 0; ///< nonzeros over positions, 0 for an empty matrix

  int64_t nans = 0;       ///< 0 unless the elements are floats of a known type
  int64_t infinities = 0; ///< likewise

  std::vector<int64_t> deadRows;    ///< rows without nonzeros, ascending
  std::vector<int64_t> deadColumns; ///< columns without nonzeros, ascending

  /// Nonzeros of a row; 0 for a matrix without rows.
  int64_t minRowLength = 0;
  int64_t maxRowLength = 0;
  double meanRowLength = 0;
  double rowLengthDeviation = 0; ///< standard deviation over all the rows

  std::vector<BlockStatistics> blocks; ///< as asked for in MeasureOptions
  std::vector<GroupStatistics> groups; ///< for m = 2, 4, 8, 16

  /// The pattern with the smallest n / m, then the smallest m, among 1:2, 1:4,
  /// 2:4, 1:8, 2:8, 4:8, 1:16, 2:16, 4:16 and 8:16 that every group obeys;
  /// std::nullopt if there is none, if m does not divide the columns, or if the
  /// matrix has no elements.
  std::optional<NmPattern> tightestNm;

  /// The entry of `blocks` of this shape, or null.
  const BlockStatistics *findBlocks(BlockShape shape) const;
};

struct MeasureOptions {
  /// The type of floating-point elements; without it 2, 4 and 8 bytes are taken
  /// as F16, F32 and F64. BF16 must be asked for.
  std::optional<format::FloatType> floatType;

  std::vector<BlockShape> blockShapes = {{2, 1}, {4, 1},  {8, 1},  {16, 1},
                                         {1, 4}, {1, 8},  {1, 16}, {4, 4},
                                         {8, 8}, {16, 16}};
};

/// Reads `matrix`, which is well formed (its data as long as its shape says),
/// once. Blocks with an extent below 1 are skipped.
MatrixStatistics measure(const format::DenseMatrix &matrix,
                         const MeasureOptions &options = {});

} // namespace spnn::cost

#endif // SPNN_COST_MATRIXSTATISTICS_H
