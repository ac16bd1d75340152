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

#include "ModuleTarget.h"

#include "spnn/IR/Graphs.h"
#include "spnn/IR/SPNN.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"

#include <map>
#include <utility>

namespace spnn {

/// A graph at the kernel level: compressed rows in two tensors of i32.
struct GraphStorage {
  mlir::Value positions, indices;
  int64_t rows = 0, columns = 0, edges = 0; ///< dynamic where the IR does not say them
  mlir::Value columnCount;                  ///< the columns as index, where they are dynamic
  mlir::Value rowCount = {}; ///< the rows as index, where they are dynamic and known from elsewhere than the positions
  mlir::Value rowNumbers = {}; ///< the row that each one of the positions is, null where it is the row of that number
};

/// Whether kernels process the rows of a constant graph cluster by cluster.
enum class RowOrder { Auto, Clustered, Own };

/// Finds the storage of graphs, makes kernel ops. One object a module.
class GraphSelector {
public:
  /// `target` outlives the object.
  GraphSelector(mlir::ModuleOp module, const ModuleTarget &target, RowOrder rowOrder);

  /// The storage of `graph`, which stands right behind the op that defines it. Fails with an error at `user` if the
  /// graph comes from elsewhere than spnn.constant, spnn.assemble and spnn.transpose.
  mlir::FailureOr<GraphStorage> getStorage(mlir::Value graph, mlir::Operation *user);
  /// Storage whose rows come in clusters, for a kernel that reads a row of `features` for each edge and nothing by the
  /// number of an edge; `own`, which is that of `graph`, where the graph is not constant or the rows' own order is
  /// about as good. Says so at `user`.
  GraphStorage clusterRows(mlir::Value graph, const GraphStorage &own, mlir::RankedTensorType features,
                           mlir::Operation *user);
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
  int64_t vectorBytes() const { return target.machine ? target.machine.getVectorBytes() : 16; }
  /// False where the extents of `type` are not all known.
  bool fitsSecondCache(mlir::RankedTensorType type) const;
  /// Edges ahead of which the rows of features that they read are fetched, 0 for none.
  int64_t choosePrefetch(mlir::RankedTensorType features) const;
  mlir::DictionaryAttr noParameters() { return builder.getDictionaryAttr({}); }

  mlir::OpBuilder builder;

private:
  mlir::FailureOr<GraphStorage> readConstant(ConstantOp op);
  mlir::FailureOr<GraphStorage> assemble(AssembleOp op);
  mlir::FailureOr<GraphStorage> transpose(TransposeOp op);
  mlir::Value makeConstant(mlir::Location loc, llvm::ArrayRef<int32_t> values);

  /// A graph whose rows may come in clusters.
  struct Clusters {
    Adjacency graph;
    std::vector<int32_t> order;
    /// By the rows of features that a cache holds: what misses it in the rows' own order, and in clusters.
    std::map<int64_t, std::pair<int64_t, int64_t>> misses;
    GraphStorage storage; ///< empty until it is needed
  };
  /// Null where the graph is not constant.
  Clusters *findClusters(mlir::Value graph, const GraphStorage &own);
  GraphStorage storeClusters(Clusters &clusters, const GraphStorage &own);

  const ModuleTarget &target;
  RowOrder rowOrder;
  llvm::DenseMap<mlir::Value, GraphStorage> storages;
  llvm::DenseMap<mlir::Value, Clusters> clusters; ///< by positions: a symmetric graph has those of its transpose
  llvm::DenseMap<mlir::Operation *, mlir::Value> orders;
};

} // namespace spnn

#endif // SPNN_LIB_LOWERING_GRAPHSELECTION_H
