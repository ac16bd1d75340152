//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds the nonzero blocks of a matrix.
//
//===----------------------------------------------------------------------===//
#include "RowPattern.h"

using namespace spnn;

RowPattern spnn::findPattern(const format::DenseMatrix &matrix, int64_t r, int64_t c) {
  RowPattern pattern;
  pattern.cols = matrix.shape.cols / c;
  for (int64_t row = 0; row < matrix.shape.rows / r; ++row) {
    for (int64_t col = 0; col < pattern.cols; ++col) {
      bool any = false;
      for (int64_t i = 0; i < r && !any; ++i)
        for (int64_t j = 0; j < c && !any; ++j)
          any = !matrix.isZero(row * r + i, col * c + j);
      if (any)
        pattern.columns.push_back(col);
    }
    pattern.positions.push_back(static_cast<int64_t>(pattern.columns.size()));
  }
  return pattern;
}
