//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Citation-like graphs by a degree-corrected block model with bags of words.
//
//===----------------------------------------------------------------------===//
#include "spnn/Import/GraphGenerators.h"
#include "spnn/Import/Random.h"

#include <algorithm>
#include <cmath>
#include <set>

using namespace spnn;
using namespace spnn::graph;

namespace {

/// Draws items by weight.
class Lottery {
public:
  void add(int32_t item, double weight) {
    items.push_back(item);
    sums.push_back(sum += weight);
  }
  int32_t draw(Random &random) const {
    auto at = std::lower_bound(sums.begin(), sums.end(), random.uniform() * sum);
    return items[std::min<size_t>(at - sums.begin(), items.size() - 1)];
  }

private:
  std::vector<int32_t> items;
  std::vector<double> sums;
  double sum = 0;
};

Error check(const CitationOptions &o) {
  auto fail = [](const std::string &what, int64_t value, int64_t low, int64_t high) -> Error {
    return "a citation-like graph takes " + std::to_string(low) + " to " + std::to_string(high) + " " + what +
           ", not " + std::to_string(value);
  };
  if (o.classes < 2 || o.classes > 1000)
    return fail("classes", o.classes, 2, 1000);
  // Each class has at least two nodes, so that there is an edge to draw in it.
  if (o.nodes < 2 * o.classes || o.nodes > 10000000)
    return fail("nodes", o.nodes, 2 * o.classes, 10000000);
  int64_t most = o.nodes * (o.nodes / o.classes) / 8;
  if (o.edges < 0 || o.edges > std::min<int64_t>(most, INT32_MAX / 4))
    return fail("edges", o.edges, 0, std::min<int64_t>(most, INT32_MAX / 4));
  if (o.words < 1 || o.words > 1000000)
    return fail("words", o.words, 1, 1000000);
  int64_t labelled = o.trainOfClass * o.classes + o.validation + o.test;
  if (o.trainOfClass < 0 || o.validation < 0 || o.test < 0 || labelled > o.nodes ||
      o.trainOfClass > o.nodes / o.classes / 2)
    return "a graph of " + std::to_string(o.nodes) + " nodes has no room for " + std::to_string(o.trainOfClass) +
           " training nodes a class, " + std::to_string(o.validation) + " validation and " + std::to_string(o.test) +
           " test nodes";
  return std::nullopt;
}

template <typename T> void shuffle(std::vector<T> &items, Random &random) {
  for (size_t i = items.size(); i > 1; --i)
    std::swap(items[i - 1], items[random.below(static_cast<int64_t>(i))]);
}

void drawEdges(const CitationOptions &o, Random &random, GraphData &graph) {
  // Few nodes are cited often: Pareto's distribution, cut off.
  std::vector<Lottery> lotteries(o.classes);
  Lottery all;
  for (int32_t i = 0; i < o.nodes; ++i) {
    double weight = std::min(std::pow(random.uniform(), -0.6), 40.0);
    lotteries[graph.labels[i]].add(i, weight);
    all.add(i, weight);
  }
  auto partnerOf = [&](int32_t i) {
    int32_t label = graph.labels[i];
    if (random.uniform() > o.homophily)
      label = static_cast<int32_t>((label + 1 + random.below(o.classes - 1)) % o.classes);
    return lotteries[label].draw(random);
  };
  std::set<std::pair<int32_t, int32_t>> edges;
  auto add = [&](int32_t i, int32_t j) { return i != j && edges.emplace(std::min(i, j), std::max(i, j)).second; };
  while (static_cast<int64_t>(edges.size()) < o.edges) {
    int32_t i = all.draw(random);
    add(i, partnerOf(i));
  }
  if (o.edges > 0) {
    std::vector<bool> joined(o.nodes, false);
    for (auto [i, j] : edges)
      joined[i] = joined[j] = true;
    for (int32_t i = 0; i < o.nodes; ++i)
      if (!joined[i])
        while (!add(i, partnerOf(i)))
          ;
  }
  std::vector<std::pair<int32_t, int32_t>> pairs;
  for (auto [i, j] : edges) {
    pairs.emplace_back(i, j);
    pairs.emplace_back(j, i);
  }
  graph.adjacency = fromPairs(o.nodes, o.nodes, std::move(pairs));
}

void drawWords(const CitationOptions &o, Random &random, GraphData &graph) {
  // Words by Zipf's law; a topic is a random set of words, which topics share by chance.
  Lottery language;
  for (int32_t w = 0; w < o.words; ++w)
    language.add(w, 1.0 / std::sqrt(w + 20.0));
  std::vector<int32_t> words(o.words);
  for (int32_t w = 0; w < o.words; ++w)
    words[w] = w;
  std::vector<std::vector<int32_t>> topics(o.classes);
  for (std::vector<int32_t> &topic : topics) {
    shuffle(words, random);
    topic.assign(words.begin(), words.begin() + std::clamp<int64_t>(o.wordsOfTopic, 1, o.words));
  }
  std::vector<std::pair<int32_t, int32_t>> pairs;
  for (int32_t i = 0; i < o.nodes; ++i) {
    const std::vector<int32_t> &topic = topics[graph.labels[i]];
    // Between half and three halves of the mean; words that are drawn twice count once.
    auto count = static_cast<int64_t>(std::llround(o.wordsOfNode * (0.5 + random.uniform())));
    for (int64_t k = 0; k < std::min(count, o.words); ++k) {
      bool own = random.uniform() <= o.topicShare;
      pairs.emplace_back(i, own ? topic[random.below(static_cast<int64_t>(topic.size()))] : language.draw(random));
    }
  }
  graph.features = fromPairs(o.nodes, o.words, std::move(pairs));
}

} // namespace

Error spnn::graph::makeCitationGraph(const CitationOptions &options, GraphData &result) {
  if (Error error = check(options))
    return error;
  Random random(options.seed);
  result = GraphData();
  result.classes = options.classes;
  for (int64_t i = 0; i < options.nodes; ++i)
    result.labels.push_back(static_cast<int32_t>(i % options.classes));
  shuffle(result.labels, random);
  drawEdges(options, random, result);
  drawWords(options, random, result);

  std::vector<int32_t> order(options.nodes);
  for (int32_t i = 0; i < options.nodes; ++i)
    order[i] = i;
  shuffle(order, random);
  Split &split = result.splits.emplace_back();
  std::vector<int64_t> taken(options.classes, 0);
  for (int32_t node : order) {
    if (taken[result.labels[node]]++ < options.trainOfClass)
      split.train.push_back(node);
    else if (static_cast<int64_t>(split.validation.size()) < options.validation)
      split.validation.push_back(node);
    else if (static_cast<int64_t>(split.test.size()) < options.test)
      split.test.push_back(node);
  }
  for (std::vector<int32_t> *set : {&split.train, &split.validation, &split.test})
    std::sort(set->begin(), set->end());
  return std::nullopt;
}
