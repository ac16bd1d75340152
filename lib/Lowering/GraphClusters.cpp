//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows of constant graphs in clusters: when, and as which storage.
//
//===----------------------------------------------------------------------===//
#include "GraphSelection.h"

#include "spnn/Cost/RowClusters.h"

using namespace mlir;
using namespace spnn;

/// The structure of a constant graph, or of a constant that is transposed.
static std::optional<Adjacency> readAdjacency(Value graph) {
  if (auto op = graph.getDefiningOp<TransposeOp>()) {
    std::optional<Adjacency> source = readAdjacency(op.getGraph());
    std::vector<int32_t> order;
    return source ? transposeAdjacency(*source, order) : source;
  }
  return getConstantAdjacency(graph);
}

static cost::RowPattern getPattern(const Adjacency &graph) { return {graph.positions, graph.indices, graph.columns}; }

GraphSelector::Clusters *GraphSelector::findClusters(Value graph, const GraphStorage &own) {
  if (auto known = clusters.find(own.positions); known != clusters.end())
    return &known->second;
  std::optional<Adjacency> adjacency = readAdjacency(graph);
  if (!adjacency)
    return nullptr;
  Clusters &result = clusters[own.positions];
  result.graph = std::move(*adjacency);
  result.order = cost::clusterRows(getPattern(result.graph));
  return &result;
}

GraphStorage GraphSelector::storeClusters(Clusters &clusters, const GraphStorage &own) {
  if (clusters.storage.positions)
    return clusters.storage;
  Adjacency sorted;
  sorted.positions.push_back(0);
  sorted.indices.reserve(clusters.graph.indices.size());
  for (int32_t row : clusters.order) {
    llvm::ArrayRef<int32_t> columns = getPattern(clusters.graph).row(row);
    sorted.indices.insert(sorted.indices.end(), columns.begin(), columns.end());
    sorted.positions.push_back(static_cast<int32_t>(sorted.indices.size()));
  }
  // Where the graph's own storage stands, so that all who use the graph can read this.
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfterValue(own.positions);
  Location loc = own.positions.getLoc();
  clusters.storage = own;
  clusters.storage.positions = makeConstant(loc, sorted.positions);
  clusters.storage.indices = makeConstant(loc, sorted.indices);
  clusters.storage.rowNumbers = makeConstant(loc, clusters.order);
  return clusters.storage;
}

GraphStorage GraphSelector::clusterRows(Value graph, const GraphStorage &own, RankedTensorType features,
                                        Operation *user) {
  bool isForced = rowOrder == RowOrder::Clustered;
  if (rowOrder == RowOrder::Own || (!isForced && (!features.hasStaticShape() || fitsSecondCache(features))))
    return own;
  Clusters *found = findClusters(graph, own);
  if (!found)
    return own;
  if (isForced)
    return storeClusters(*found, own);
  int64_t rowBytes = std::max<int64_t>(1, features.getDimSize(1) * features.getElementTypeBitWidth() / 8);
  int64_t capacity = static_cast<int64_t>(target.get().l2Bytes) / rowBytes;
  auto [entry, isNew] = found->misses.try_emplace(capacity);
  if (isNew)
    entry->second = {cost::countMisses(getPattern(found->graph), {}, capacity),
                     cost::countMisses(getPattern(found->graph), found->order, capacity)};
  auto [before, after] = entry->second;
  // The time saved is in proportion to the share of reads that no longer miss. On Zen 4, with 64 columns: 49 % of them
  // make a sum 1.3 times as fast, 13 % 1.1 times, 4 % change nothing.
  constexpr int64_t kPercent = 8;
  int64_t edges = found->graph.edges();
  bool isWorth = (before - after) * 100 >= kPercent * edges && after < before;
  user->emitRemark() << (isWorth ? "rows in clusters" : "rows in their own order") << ": of " << edges
                     << " reads of features, " << before << " miss the second-level cache in the rows' own order, "
                     << after << " in clusters";
  return isWorth ? storeClusters(*found, own) : own;
}
