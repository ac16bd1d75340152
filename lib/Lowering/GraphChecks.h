//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What kernels on a graph take for granted of extents, checked in front of them.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_GRAPHCHECKS_H
#define SPNN_LIB_LOWERING_GRAPHCHECKS_H

#include "ExtentChecks.h"
#include "GraphSelection.h"

namespace spnn {

/// The words are those of the ops' constraints. A value may be null.
class GraphChecks : public ExtentChecks {
public:
  GraphChecks(GraphSelector &selector, mlir::Operation *op, const GraphStorage &graph)
      : ExtentChecks(selector.builder, op), rowCount(selector.countRows(op->getLoc(), graph)),
        columnCount(selector.countColumns(graph)), edgeCount(selector.countEdges(graph)) {}

  void requireRows(llvm::StringRef name, mlir::Value value) {
    require(name, value, 0, rowCount, "a row for each row of the graph");
  }
  void requireColumns(llvm::StringRef name, mlir::Value value) {
    require(name, value, 0, columnCount, "a row for each column of the graph");
  }
  void requireEdges(llvm::StringRef name, mlir::Value value) {
    require(name, value, 0, edgeCount, "a row for each edge of the graph");
  }
  /// As many columns as `like`, called `likeName`.
  void requireWidth(llvm::StringRef name, mlir::Value value, llvm::StringRef likeName, mlir::Value like) {
    if (value)
      require(name, value, 1, extent(like, 1), "as many columns as " + likeName);
  }
  void requireWidth(llvm::StringRef name, mlir::Value value, int64_t width) {
    if (value)
      require(name, value, 1, builder.getIndexAttr(width), "the columns that its heads need");
  }
  /// The transpose of the graph: its extents, exchanged, and its number of edges.
  void requireTransposed(GraphSelector &selector, const GraphStorage &transposed) {
    requireEqual(selector.countRows(op->getLoc(), transposed), columnCount,
                 "transposed must have a row for each column of the graph");
    requireEqual(selector.countColumns(transposed), rowCount,
                 "transposed must have a column for each row of the graph");
    requireEqual(selector.countEdges(transposed), edgeCount, "transposed must have an edge for each edge of the graph");
  }

private:
  mlir::OpFoldResult rowCount, columnCount, edgeCount;
};

} // namespace spnn

#endif // SPNN_LIB_LOWERING_GRAPHCHECKS_H
