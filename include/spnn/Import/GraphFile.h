//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A graph with features, classes and splits, and its .npz file (docs/gnn.md has the layout). C++17, no MLIR, no
// exceptions. Files come from outside: any bytes are safe to read.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_IMPORT_GRAPHFILE_H
#define SPNN_IMPORT_GRAPHFILE_H

#include "spnn/Import/Numpy.h"

#include <functional>

namespace spnn::graph {

/// Nothing, or one sentence that names the file, the array, the position and the rule.
using Error = std::optional<std::string>;

/// A sparse matrix in compressed rows; the columns of a row ascend.
struct SparseRows {
  int64_t rows = 0, columns = 0;
  std::vector<int32_t> positions = {0}; ///< rows + 1
  std::vector<int32_t> indices;
  std::vector<float> values; ///< empty if all are 1

  int64_t entries() const { return static_cast<int64_t>(indices.size()); }
  /// entries() over rows x columns, 0 for an empty matrix.
  double density() const;
};

/// Node numbers, ascending, of three sets that share no node.
struct Split {
  std::vector<int32_t> train, validation, test;
};

struct GraphData {
  SparseRows adjacency; ///< square; row i has the nodes that node i hears from
  SparseRows features;  ///< a row for each node, no columns if there are none
  /// The class of each node, -1 if it is unknown; empty if there are no classes.
  std::vector<int32_t> labels;
  int64_t classes = 0;
  std::vector<Split> splits;

  int64_t nodes() const { return adjacency.rows; }
};

struct GraphReadOptions {
  /// Add the reverse of each edge that lacks it. Otherwise a graph is used as it is.
  bool symmetrize = false;
  /// Called with each sentence that the user should read though the file is good: features that are NaN, edges without
  /// a reverse.
  std::function<void(const std::string &)> warn;
};

/// Reads a graph file.
[[nodiscard]] Error readGraph(const std::string &path, const GraphReadOptions &options, GraphData &result);

/// The same for arrays in memory; `name` stands for the file in errors. Arrays of other names are ignored.
[[nodiscard]] Error readGraph(const std::vector<numpy::NamedArray> &arrays, const std::string &name,
                              const GraphReadOptions &options, GraphData &result);

/// Writes a graph file: one split as node numbers, several as masks. Compressed.
[[nodiscard]] Error writeGraph(const std::string &path, const GraphData &graph);

/// The pattern with the reverse of each edge. Square.
SparseRows symmetrize(const SparseRows &adjacency);
/// The pattern with an edge from each node to itself. Square.
SparseRows addSelfLoops(const SparseRows &adjacency);
/// An edge (row, column) whose reverse is missing.
std::optional<std::pair<int32_t, int32_t>> findOneWayEdge(const SparseRows &adjacency);
/// Divides each row's values by their sum; rows whose sum is 0 stay.
void normalizeRows(SparseRows &features);
/// Row-major rows x columns.
std::vector<float> toDense(const SparseRows &features);
/// 1 for each node in `members`, 0 elsewhere.
std::vector<uint8_t> toMask(const std::vector<int32_t> &members, int64_t nodes);

/// The rows of a matrix from (row, column) pairs in any order, which may repeat.
SparseRows fromPairs(int64_t rows, int64_t columns, std::vector<std::pair<int32_t, int32_t>> pairs);

} // namespace spnn::graph

#endif // SPNN_IMPORT_GRAPHFILE_H
