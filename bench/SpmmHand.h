//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A sum over neighbours as somebody writes it by hand with vectors of AVX-512, for comparison.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_BENCH_SPMMHAND_H
#define SPNN_BENCH_SPMMHAND_H

#include "spnn/IR/Graphs.h"

namespace spnn::bench {

/// y[i] = scales[i] * sum over the edges to i of scales[j] * x[j], for rows of `columns` floats, a multiple of 16; with
/// null scales all are 1. Rows are dealt out dynamically. False where the machine or the number of columns is another.
bool sumByHand(const Adjacency &graph, int64_t columns, const float *scales, const float *x, float *y, int threads);

} // namespace spnn::bench

#endif // SPNN_BENCH_SPMMHAND_H
