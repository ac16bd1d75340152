//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The graphs of the benchmarks: real ones from .npz files.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_BENCH_GRAPHS_H
#define SPNN_BENCH_GRAPHS_H

#include "spnn/IR/Graphs.h"
#include "spnn/Runtime/Loader.h"

#include <string>

namespace spnn::bench {

/// Reads the square pattern that `adj_indptr` and `adj_indices` hold, and adds the loops that are missing.
runtime::Error readGraph(const std::string &path, Adjacency &graph);

/// The graph as a constant: the text of an op that defines `name`, and its type.
std::string makeGraphConstant(const std::string &name, const Adjacency &graph);
std::string graphType(const Adjacency &graph);

} // namespace spnn::bench

#endif // SPNN_BENCH_GRAPHS_H
