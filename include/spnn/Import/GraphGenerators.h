//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Random graphs that stand in for data sets where those are not at hand. A seed gives one graph on every machine.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_IMPORT_GRAPHGENERATORS_H
#define SPNN_IMPORT_GRAPHGENERATORS_H

#include "spnn/Import/GraphFile.h"

namespace spnn::graph {

/// Chung and Lu's model (Annals of Combinatorics 6, 2002): both ends of an edge are drawn by weight, that of node i
/// being (i + offset)^-exponent. The defaults have the extents of ogbn-arxiv and its skew of degrees.
struct ChungLuOptions {
  int64_t nodes = 169343;
  int64_t edges = 1165003; ///< undirected, all different, none from a node to itself
  double offset = 10;
  double exponent = 0.6;
  uint64_t seed = 0;
};
/// Structure only. The error says that there is no room for so many edges.
[[nodiscard]] Error makeChungLuGraph(const ChungLuOptions &options, GraphData &result);

/// A degree-corrected block model (Karrer and Newman, Phys. Rev. E 83, 2011) with bags of words: most edges join nodes
/// of one class, and a class prefers some words. The defaults have the extents of Cora, and a GCN gets as far with
/// them.
struct CitationOptions {
  int64_t nodes = 2708;
  int64_t edges = 5278; ///< undirected; nodes that remain alone get one more each
  int64_t classes = 7;
  int64_t words = 1433;
  double wordsOfNode = 18;    ///< on average
  double homophily = 0.76;    ///< share of edges within a class
  double topicShare = 0.3;    ///< share of words drawn from the class's own
  int64_t wordsOfTopic = 200; ///< words that a class prefers
  int64_t trainOfClass = 20, validation = 500, test = 1000;
  uint64_t seed = 0;
};
/// The error names the option that the others leave no room for.
[[nodiscard]] Error makeCitationGraph(const CitationOptions &options, GraphData &result);

} // namespace spnn::graph

#endif // SPNN_IMPORT_GRAPHGENERATORS_H
