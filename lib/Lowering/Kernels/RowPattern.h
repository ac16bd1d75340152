//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where the nonzeros of a matrix are, row by row.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_KERNELS_ROWPATTERN_H
#define SPNN_LIB_LOWERING_KERNELS_ROWPATTERN_H

#include "spnn/Format/SparseFormat.h"

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace spnn {

/// Where the nonzeros of a matrix, or of a matrix of blocks, are.
struct RowPattern {
  int64_t cols = 0;
  std::vector<int64_t> positions{0}; ///< rows + 1
  std::vector<int64_t> columns;      ///< ascending in each row

  int64_t rows() const { return static_cast<int64_t>(positions.size()) - 1; }
  int64_t length(int64_t row) const { return positions[row + 1] - positions[row]; }
  llvm::ArrayRef<int64_t> row(int64_t row) const {
    return llvm::ArrayRef<int64_t>(columns).slice(positions[row], length(row));
  }
};

/// The blocks of r x c elements that hold a nonzero; r and c divide the extents.
RowPattern findPattern(const format::DenseMatrix &matrix, int64_t r = 1, int64_t c = 1);

} // namespace spnn

#endif // SPNN_LIB_LOWERING_KERNELS_ROWPATTERN_H
