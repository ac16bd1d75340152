//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Dynamic programming over the forest of products, from the last to the first.
//
//===----------------------------------------------------------------------===//
#include "spnn/Cost/LayoutPlan.h"

#include <limits>

using namespace spnn::cost;

double spnn::cost::getLayoutCost(const LayoutNode &node, int64_t own, double unpackProducer, int64_t producerLayout) {
  double cost = node.hasOtherUse && own != 0 ? node.unpackResult : 0;
  if (own == producerLayout)
    return cost;
  return cost + (producerLayout != 0 ? unpackProducer : 0) + (own != 0 ? node.packOperand : 0);
}

std::vector<size_t> spnn::cost::planLayouts(const std::vector<LayoutNode> &nodes) {
  // total[i][c]: node i with choice c, and all that follows from it.
  std::vector<std::vector<double>> total(nodes.size());
  for (size_t i = 0; i < nodes.size(); ++i)
    for (const LayoutChoice &choice : nodes[i].choices)
      total[i].push_back(choice.microseconds);

  auto findBest = [&](size_t i, double unpackProducer, int64_t producerLayout, double &least) {
    size_t best = 0;
    least = std::numeric_limits<double>::infinity();
    for (size_t c = 0; c < nodes[i].choices.size(); ++c) {
      double sum = total[i][c] + getLayoutCost(nodes[i], nodes[i].choices[c].layout, unpackProducer, producerLayout);
      if (sum < least) {
        least = sum;
        best = c;
      }
    }
    return best;
  };
  for (size_t i = nodes.size(); i-- > 0;) {
    if (nodes[i].producer < 0)
      continue;
    const LayoutNode &producer = nodes[nodes[i].producer];
    for (size_t c = 0; c < producer.choices.size(); ++c) {
      double least;
      findBest(i, producer.unpackResult, producer.choices[c].layout, least);
      total[nodes[i].producer][c] += least;
    }
  }
  std::vector<size_t> result(nodes.size());
  for (size_t i = 0; i < nodes.size(); ++i) {
    double least;
    if (nodes[i].producer < 0) {
      result[i] = findBest(i, 0, 0, least);
    } else {
      const LayoutNode &producer = nodes[nodes[i].producer];
      result[i] = findBest(i, producer.unpackResult, producer.choices[result[nodes[i].producer]].layout, least);
    }
  }
  return result;
}
