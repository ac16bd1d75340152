//===- Bsr.cpp - Block compressed sparse rows -----------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// BSR: blocks of r x c values compressed along the block rows.
//
//===----------------------------------------------------------------------===//

#include "Compressed.h"

using namespace spnn::format;
using namespace spnn::format::detail;

std::unique_ptr<SparseFormat> spnn::format::makeBsr(int64_t blockRows,
                                                    int64_t blockCols,
                                                    IndexWidths widths) {
  return std::make_unique<CompressedFormat>(
      "bsr" + std::to_string(blockRows) + "x" + std::to_string(blockCols),
      Axis::Rows, blockRows, blockCols, widths);
}
