//===- Csr.cpp - Compressed sparse rows -----------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// CSR: single values compressed along the rows.
//
//===----------------------------------------------------------------------===//

#include "Compressed.h"

using namespace spnn::format;
using namespace spnn::format::detail;

std::unique_ptr<SparseFormat> spnn::format::makeCsr(IndexWidths widths) {
  return std::make_unique<CompressedFormat>("csr", Axis::Rows, 1, 1, widths);
}
