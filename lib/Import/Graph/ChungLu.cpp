//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Graphs by Chung and Lu's model.
//
//===----------------------------------------------------------------------===//
#include "spnn/Import/GraphGenerators.h"
#include "spnn/Import/Random.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

using namespace spnn;
using namespace spnn::graph;

Error spnn::graph::makeChungLuGraph(const ChungLuOptions &options, GraphData &result) {
  int64_t nodes = options.nodes;
  if (nodes < 0 || nodes >= INT32_MAX)
    return "a graph has 0 to 2147483646 nodes, not " + std::to_string(nodes);
  // The heavy nodes are soon joined to all that weigh something, and then a new edge takes forever to draw.
  int64_t most = nodes > 1 ? nodes * (nodes - 1) / 8 : 0;
  if (options.edges < 0 || options.edges > most || options.edges > INT32_MAX / 2)
    return "a random graph of " + std::to_string(nodes) + " nodes has 0 to " +
           std::to_string(std::min<int64_t>(most, INT32_MAX / 2)) + " edges, not " + std::to_string(options.edges);
  std::vector<double> sums(nodes);
  double sum = 0;
  for (int64_t i = 0; i < nodes; ++i)
    sums[i] = sum += std::pow(static_cast<double>(i) + options.offset, -options.exponent);
  Random random(options.seed);
  auto draw = [&] {
    auto at = std::lower_bound(sums.begin(), sums.end(), random.uniform() * sum);
    return static_cast<int32_t>(std::min<int64_t>(at - sums.begin(), nodes - 1));
  };
  std::unordered_set<int64_t> seen;
  seen.reserve(options.edges);
  std::vector<std::pair<int32_t, int32_t>> pairs;
  pairs.reserve(2 * options.edges);
  while (static_cast<int64_t>(seen.size()) < options.edges) {
    int32_t i = draw(), j = draw();
    if (i == j || !seen.insert(std::min(i, j) * nodes + std::max(i, j)).second)
      continue;
    pairs.emplace_back(i, j);
    pairs.emplace_back(j, i);
  }
  result = GraphData();
  result.adjacency = fromPairs(nodes, nodes, std::move(pairs));
  result.features.rows = nodes;
  result.features.positions.assign(nodes + 1, 0);
  return std::nullopt;
}
