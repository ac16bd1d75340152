//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sparse rows: symmetry, self loops, densities, and what else a graph file needs.
//
//===----------------------------------------------------------------------===//
#include "spnn/Import/GraphFile.h"

#include <algorithm>

using namespace spnn::graph;

using Pair = std::pair<int32_t, int32_t>;

double SparseRows::density() const {
  return rows > 0 && columns > 0 ? static_cast<double>(entries()) / static_cast<double>(rows) / columns : 0;
}

SparseRows spnn::graph::fromPairs(int64_t rows, int64_t columns, std::vector<Pair> pairs) {
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  SparseRows result;
  result.rows = rows;
  result.columns = columns;
  result.positions.assign(rows + 1, 0);
  result.indices.reserve(pairs.size());
  for (auto [row, column] : pairs) {
    ++result.positions[row + 1];
    result.indices.push_back(column);
  }
  for (int64_t i = 0; i < rows; ++i)
    result.positions[i + 1] += result.positions[i];
  return result;
}

static std::vector<Pair> toPairs(const SparseRows &matrix) {
  std::vector<Pair> pairs;
  pairs.reserve(2 * matrix.indices.size());
  for (int64_t i = 0; i < matrix.rows; ++i)
    for (int32_t e = matrix.positions[i]; e < matrix.positions[i + 1]; ++e)
      pairs.emplace_back(i, matrix.indices[e]);
  return pairs;
}

SparseRows spnn::graph::symmetrize(const SparseRows &adjacency) {
  std::vector<Pair> pairs = toPairs(adjacency);
  for (size_t i = 0, count = pairs.size(); i < count; ++i)
    pairs.emplace_back(pairs[i].second, pairs[i].first);
  return fromPairs(adjacency.rows, adjacency.columns, std::move(pairs));
}

SparseRows spnn::graph::addSelfLoops(const SparseRows &adjacency) {
  std::vector<Pair> pairs = toPairs(adjacency);
  for (int64_t i = 0; i < adjacency.rows; ++i)
    pairs.emplace_back(i, i);
  return fromPairs(adjacency.rows, adjacency.columns, std::move(pairs));
}

std::optional<Pair> spnn::graph::findOneWayEdge(const SparseRows &adjacency) {
  for (int64_t i = 0; i < adjacency.rows; ++i)
    for (int32_t e = adjacency.positions[i]; e < adjacency.positions[i + 1]; ++e) {
      int32_t j = adjacency.indices[e];
      if (!std::binary_search(adjacency.indices.begin() + adjacency.positions[j],
                              adjacency.indices.begin() + adjacency.positions[j + 1], static_cast<int32_t>(i)))
        return Pair(i, j);
    }
  return std::nullopt;
}

void spnn::graph::normalizeRows(SparseRows &features) {
  if (features.values.empty())
    features.values.assign(features.indices.size(), 1);
  for (int64_t i = 0; i < features.rows; ++i) {
    double sum = 0;
    for (int32_t e = features.positions[i]; e < features.positions[i + 1]; ++e)
      sum += features.values[e];
    if (sum != 0)
      for (int32_t e = features.positions[i]; e < features.positions[i + 1]; ++e)
        features.values[e] = static_cast<float>(features.values[e] / sum);
  }
}

std::vector<float> spnn::graph::toDense(const SparseRows &features) {
  std::vector<float> result(features.rows * features.columns, 0);
  for (int64_t i = 0; i < features.rows; ++i)
    for (int32_t e = features.positions[i]; e < features.positions[i + 1]; ++e)
      result[i * features.columns + features.indices[e]] = features.values.empty() ? 1 : features.values[e];
  return result;
}

std::vector<uint8_t> spnn::graph::toMask(const std::vector<int32_t> &members, int64_t nodes) {
  std::vector<uint8_t> mask(nodes, 0);
  for (int32_t node : members)
    mask[node] = 1;
  return mask;
}
