//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The bound of a sum over neighbours: rows of features that are only read.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_BENCH_SPMMGATHER_H
#define SPNN_BENCH_SPMMGATHER_H

#include "spnn/IR/Graphs.h"

namespace spnn::bench {

/// Reads the rows of `columns` floats of `x`, a multiple of 16, that the edges name, in the graph's order, each added
/// into registers; rows `distance` edges on are fetched, none for 0. Of each block of up to 128 columns of a row one
/// vector is written, to 16 floats of a row of `sink`, so that nothing is left out. Rows are dealt out dynamically.
/// False where the machine or the number of columns is another.
bool gatherByHand(const Adjacency &graph, int64_t columns, const float *x, float *sink, int64_t distance, int threads);

} // namespace spnn::bench

#endif // SPNN_BENCH_SPMMGATHER_H
