//===- Csc.cpp - Compressed sparse columns --------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// CSC: single values compressed along the columns.
//
//===----------------------------------------------------------------------===//

#include "Compressed.h"

using namespace spnn::format;
using namespace spnn::format::detail;

std::unique_ptr<SparseFormat> spnn::format::makeCsc(IndexWidths widths) {
  return std::make_unique<CompressedFormat>("csc", Axis::Columns, 1, 1, widths);
}
