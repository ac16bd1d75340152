//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Adjacency: CSR without values, for the structure of a graph.
//
//===----------------------------------------------------------------------===//
#include "Compressed.h"

using namespace spnn::format;
using namespace spnn::format::detail;

std::unique_ptr<SparseFormat> spnn::format::makeAdjacency() {
  return std::make_unique<CompressedFormat>("adjacency", Axis::Rows, 1, 1, IndexWidths{4, 4}, /*hasValues=*/false);
}
