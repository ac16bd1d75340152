//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Graphs as every pass sees them: extents, number of edges, structure of constants, symmetry.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_IR_GRAPHS_H
#define SPNN_IR_GRAPHS_H

#include "spnn/IR/SPNN.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace spnn {

/// The structure of a graph in compressed rows: row i has the edges positions[i] .. positions[i + 1] - 1, from the
/// columns in `indices`, which ascend in a row.
struct Adjacency {
  int64_t rows = 0, columns = 0;
  std::vector<int32_t> positions; ///< rows + 1
  std::vector<int32_t> indices;

  int64_t edges() const { return static_cast<int64_t>(indices.size()); }
};

/// The transposed graph; edge e of it is edge order[e] of `graph`. Linear in rows, columns and edges.
Adjacency transposeAdjacency(const Adjacency &graph, std::vector<int32_t> &order);

/// True if the graph equals its transpose.
bool isSymmetric(const Adjacency &graph);

/// The structure of a constant graph; std::nullopt if `graph` is none.
std::optional<Adjacency> getConstantAdjacency(mlir::Value graph);

/// The contents of a spnn.constant of a graph type.
mlir::DictionaryAttr writeAdjacency(const Adjacency &graph, mlir::RankedTensorType type);

/// The type of a graph of these extents, which may be dynamic, as #spnn.adjacency.
mlir::RankedTensorType getGraphType(mlir::MLIRContext *context, int64_t rows, int64_t columns);

/// The number of edges where the IR says it, ShapedType::kDynamic elsewhere.
int64_t countEdges(mlir::Value graph);

/// True if the graph is known to equal its transpose: a constant that does, or assembled as `symmetric`. Looks at all
/// edges of a constant at each call.
bool isKnownSymmetric(mlir::Value graph);

} // namespace spnn

#endif // SPNN_IR_GRAPHS_H
