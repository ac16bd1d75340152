//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the selection of graph kernels shares: where the storage of a graph lies, and how a kernel op is made.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_GRAPHSELECTION_H
#define SPNN_LIB_LOWERING_GRAPHSELECTION_H

#include "spnn/IR/Graphs.h"
#include "spnn/IR/SPNN.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"

#include <utility>

namespace spnn {

/// A graph at the kernel level: compressed rows in two tensors of i32.
struct GraphStorage {
  mlir::Value positions, indices;
  int64_t rows = 0, columns = 0, edges = 0; ///< dynamic where the IR does not say them
  mlir::Value columnCount;                  ///< the columns as index, where they are dynamic
  mlir::Value rowCount = {}; ///< the rows as index, where they are dynamic and known from elsewhere than the positions
};

/// Finds the storage of graphs, makes kernel ops. One object a module.
class GraphSelector {
public:
  GraphSelector(mlir::ModuleOp module, TargetAttr target);

  /// The storage of `graph`, which stands right behind the op that defines it. Fails with an error at `user` if the
  /// graph comes from elsewhere than spnn.constant, spnn.assemble and spnn.transpose.
  mlir::FailureOr<GraphStorage> getStorage(mlir::Value graph, mlir::Operation *user);
  /// What edge e of the transposed graph is in `op`'s graph.
  mlir::FailureOr<mlir::Value> getOrder(TransposeOp op);

  /// `order`, an operand of `op`, where it numbers edges for sure: what comes from elsewhere than a transposition is
  /// checked in front of `op` when the model runs. Null if `order` is.
  mlir::Value getChecked(mlir::Operation *op, mlir::Value order);

  /// The rows, columns and edges of the graph; may add ops where the builder inserts.
  mlir::OpFoldResult countRows(mlir::Location loc, const GraphStorage &graph);
  mlir::OpFoldResult countColumns(const GraphStorage &graph);
  mlir::OpFoldResult countEdges(const GraphStorage &graph);

  /// Sets the insertion point in front of `op`.
  void startAt(mlir::Operation *op) { builder.setInsertionPoint(op); }
  /// An empty tensor of `type`; `sizes` are those of its dynamic extents.
  mlir::Value createEmpty(mlir::Location loc, mlir::RankedTensorType type, mlir::ValueRange sizes = {});
  /// An empty tensor for a result of `type` with a row for each row of the graph and the columns of `like`, if any.
  /// Rows are counted by those of `rowsLike`, if any: an extent of an argument is one that results of functions may
  /// have.
  mlir::Value createNodeData(mlir::Location loc, const GraphStorage &graph, mlir::RankedTensorType type,
                             mlir::Value like = {}, mlir::Value rowsLike = {});
  /// The same with a row for each edge.
  mlir::Value createEdgeData(mlir::Location loc, const GraphStorage &graph, mlir::RankedTensorType type,
                             mlir::Value like = {}, mlir::Value rowsLike = {});

  using Input = std::pair<llvm::StringRef, mlir::Value>;
  /// The kernel op `kernel` on `graph`; inputs whose value is null are left out. `workPerEdge` are the floats that an
  /// edge moves: small kernels stay on one thread.
  KernelGraphOp create(mlir::Location loc, llvm::StringRef kernel, const GraphStorage &graph,
                       llvm::ArrayRef<Input> inputs, mlir::ValueRange inits, mlir::DictionaryAttr parameters,
                       int64_t workPerEdge, Activation activation = Activation::None);

  /// The dynamic or static extent of `tensor`.
  mlir::Value extent(mlir::Value tensor, int64_t dim);
  int64_t vectorBytes() const { return target ? target.getVectorBytes() : 16; }
  mlir::DictionaryAttr noParameters() { return builder.getDictionaryAttr({}); }

  mlir::OpBuilder builder;

private:
  mlir::FailureOr<GraphStorage> readConstant(ConstantOp op);
  mlir::FailureOr<GraphStorage> assemble(AssembleOp op);
  mlir::FailureOr<GraphStorage> transpose(TransposeOp op);
  mlir::Value makeConstant(mlir::Location loc, llvm::ArrayRef<int32_t> values);

  TargetAttr target;
  llvm::DenseMap<mlir::Value, GraphStorage> storages;
  llvm::DenseMap<mlir::Operation *, mlir::Value> orders;
};

} // namespace spnn

#endif // SPNN_LIB_LOWERING_GRAPHSELECTION_H
