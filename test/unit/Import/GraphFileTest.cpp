//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Graph files: what is read, what is refused and how, and that writing and reading give the graph back.
//
//===----------------------------------------------------------------------===//
#include "spnn/Import/GraphFile.h"
#include "spnn/Import/GraphGenerators.h"
#include "spnn/Import/Random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <unistd.h>

using namespace spnn;
using namespace spnn::graph;

namespace {

template <typename T>
numpy::Array array(numpy::DType dtype, const std::vector<T> &values, std::vector<int64_t> shape = {}) {
  numpy::Array result;
  result.dtype = dtype;
  result.shape = shape.empty() ? std::vector<int64_t>{static_cast<int64_t>(values.size())} : std::move(shape);
  result.bytes.resize(values.size() * sizeof(T));
  if (!values.empty())
    std::memcpy(result.bytes.data(), values.data(), result.bytes.size());
  return result;
}

numpy::Array ints(const std::vector<int32_t> &values, std::vector<int64_t> shape = {}) {
  return array(numpy::DType::I32, values, std::move(shape));
}

/// A path of four nodes with two features, two classes and a split; tests change single arrays.
std::map<std::string, numpy::Array> path() {
  return {{"adj_indptr", ints({0, 1, 3, 5, 6})},
          {"adj_indices", ints({1, 0, 2, 1, 3, 2})},
          {"x_shape", ints({4, 2})},
          {"x_indptr", ints({0, 1, 1, 3, 4})},
          {"x_indices", ints({0, 0, 1, 1})},
          {"x_values", array<float>(numpy::DType::F32, {1, 2, 6, 4})},
          {"y", ints({0, 1, 0, 1})},
          {"train", ints({0})},
          {"val", ints({3, 1})},
          {"test", ints({2})}};
}

struct Read {
  Error error;
  GraphData graph;
  std::vector<std::string> warnings;
};

Read read(const std::map<std::string, numpy::Array> &arrays, bool symmetrizes = false) {
  std::vector<numpy::NamedArray> list;
  for (const auto &[name, value] : arrays)
    list.push_back({name, value});
  Read result;
  GraphReadOptions options;
  options.symmetrize = symmetrizes;
  options.warn = [&](const std::string &sentence) { result.warnings.push_back(sentence); };
  result.error = readGraph(list, "g.npz", options, result.graph);
  return result;
}

/// Reading the path with one array changed fails with this sentence.
void expectError(const std::string &name, numpy::Array changed, const std::string &sentence) {
  auto arrays = path();
  arrays[name] = std::move(changed);
  Read result = read(arrays);
  ASSERT_TRUE(result.error) << sentence;
  EXPECT_EQ(*result.error, "'g.npz': " + sentence);
}

void expectMissing(const std::string &name) {
  auto arrays = path();
  arrays.erase(name);
  EXPECT_EQ(read(arrays).error, "'g.npz': array '" + name + "' is missing");
}

TEST(GraphFile, ReadsAllParts) {
  Read result = read(path());
  ASSERT_EQ(result.error, std::nullopt);
  EXPECT_TRUE(result.warnings.empty());
  EXPECT_EQ(result.graph.nodes(), 4);
  EXPECT_EQ(result.graph.adjacency.indices, (std::vector<int32_t>{1, 0, 2, 1, 3, 2}));
  EXPECT_EQ(result.graph.features.columns, 2);
  EXPECT_EQ(result.graph.features.values, (std::vector<float>{1, 2, 6, 4}));
  EXPECT_EQ(result.graph.classes, 2);
  ASSERT_EQ(result.graph.splits.size(), 1u);
  EXPECT_EQ(result.graph.splits[0].validation, (std::vector<int32_t>{1, 3}));
}

TEST(GraphFile, EveryIntegerTypeWillDo) {
  auto arrays = path();
  arrays["adj_indptr"] = array<int64_t>(numpy::DType::I64, {0, 1, 3, 5, 6});
  arrays["adj_indices"] = array<uint8_t>(numpy::DType::U8, {1, 0, 2, 1, 3, 2});
  arrays["y"] = array<int16_t>(numpy::DType::I16, {0, 1, 0, 1});
  Read result = read(arrays);
  ASSERT_EQ(result.error, std::nullopt);
  EXPECT_EQ(result.graph.adjacency.indices, read(path()).graph.adjacency.indices);
  EXPECT_EQ(result.graph.labels, (std::vector<int32_t>{0, 1, 0, 1}));
}

TEST(GraphFile, StructureAloneIsAGraph) {
  Read result = read({{"adj_indptr", ints({0, 0, 0})}, {"adj_indices", ints({})}});
  ASSERT_EQ(result.error, std::nullopt);
  EXPECT_EQ(result.graph.nodes(), 2);
  EXPECT_EQ(result.graph.adjacency.entries(), 0);
  EXPECT_EQ(result.graph.features.columns, 0);
  EXPECT_TRUE(result.graph.splits.empty());
}

TEST(GraphFile, NoNodeIsAGraph) {
  Read result = read({{"adj_indptr", ints({0})}, {"adj_indices", ints({})}, {"y", ints({})}, {"train", ints({})}});
  ASSERT_EQ(result.error, std::nullopt);
  EXPECT_EQ(result.graph.nodes(), 0);
}

TEST(GraphFile, RefusesBadStructure) {
  expectMissing("adj_indptr");
  expectMissing("adj_indices");
  expectError("adj_indptr", ints({}), "adj_indptr is empty, and one element more than there are nodes is wanted");
  expectError("adj_indptr", ints({1, 1, 3, 5, 6}), "adj_indptr[0] is 1, and 0 is wanted");
  expectError("adj_indptr", ints({0, 3, 1, 5, 6}),
              "adj_indptr[2] is 1, and 3 to 6 is wanted: positions ascend up to the length of adj_indices");
  expectError("adj_indptr", ints({0, 1, 3, 5, 7}),
              "adj_indptr[4] is 7, and 5 to 6 is wanted: positions ascend up to the length of adj_indices");
  expectError("adj_indptr", ints({0, 1, 3, 5, 5}), "adj_indptr[4] is 5, and the length of adj_indices, 6, is wanted");
  expectError("adj_indices", ints({1, 0, 4, 1, 3, 2}), "adj_indices[2], in row 1, is 4, and 0 to 3 is wanted");
  expectError("adj_indices", ints({-1, 0, 2, 1, 3, 2}), "adj_indices[0], in row 0, is -1, and 0 to 3 is wanted");
  expectError("adj_indices", ints({1, 2, 0, 1, 3, 2}),
              "adj_indices[2], in row 1, is 0 behind 2: the columns of a row must ascend");
  expectError("adj_indices", ints({1, 0, 0, 1, 3, 2}),
              "adj_indices[2], in row 1, is 0 like its predecessor: an entry may not come twice");
  expectError("adj_indices", array<float>(numpy::DType::F32, {1, 0, 2, 1, 3, 2}),
              "array 'adj_indices' has rank 1 and type float32, and a vector of integers is wanted");
  expectError("adj_indices", array<uint64_t>(numpy::DType::U64, {1, 0, UINT64_MAX, 1, 3, 2}),
              "adj_indices[2], in row 1, is 9223372036854775807, and 0 to 3 is wanted");
}

TEST(GraphFile, RefusesBadFeatures) {
  for (const char *name : {"x_shape", "x_indptr", "x_indices"})
    expectMissing(name);
  expectError("x_shape", ints({4, 2, 1}), "x_shape has 3 elements, and 2 are wanted");
  expectError("x_shape", ints({5, 2}), "x_shape[0] is 5, and the graph has 4 nodes");
  expectError("x_shape", ints({4, -2}), "x_shape[1] is -2, and 0 to 2147483647 is wanted");
  expectError("x_shape", ints({4, 1}), "x_indices[2], in row 2, is 1, and 0 to 0 is wanted");
  expectError("x_values", array<float>(numpy::DType::F32, {1, 2, 6}), "x_values has 3 elements, and x_indices has 4");
  expectError("x_values", ints({1, 2, 6, 4}),
              "array 'x_values' has rank 1 and type int32, and a vector of float32 or float64 is wanted");
}

TEST(GraphFile, SaysThatFeaturesAreNoNumbers) {
  auto arrays = path();
  arrays["x_values"] = array<float>(numpy::DType::F32, {1, 2, std::nanf(""), std::numeric_limits<float>::infinity()});
  Read result = read(arrays);
  EXPECT_EQ(result.error, std::nullopt);
  ASSERT_EQ(result.warnings.size(), 1u);
  EXPECT_EQ(result.warnings[0],
            "'g.npz': x_values holds 2 values that are NaN or infinite, the first at [2], of node 2");
}

TEST(GraphFile, RefusesBadClassesAndSplits) {
  expectError("y", ints({0, 1, 0}), "y has 3 elements, and the graph has 4 nodes");
  expectError("y", ints({0, 1, 4, 1}), "y[2] is 4, and a class, 0 to 3, or -1 for none is wanted");
  expectError("y", ints({0, 1, -2, 1}), "y[2] is -2, and a class, 0 to 3, or -1 for none is wanted");
  expectError("y", ints({0, 1, -1, 1}), "node 2 is in test and has no class: y[2] is -1");
  expectError("val", ints({3, 4}), "val[1] is 4, and 0 to 3 is wanted");
  expectError("val", ints({3, 3}), "val has node 3 twice");
  expectError("val", ints({0, 3}), "node 0 is both in train and in val");
  expectError("test_masks", ints({0, 0, 1, 0}, {1, 4}),
              "splits are given both as node numbers (train, val, test) and as masks");
}

TEST(GraphFile, ReadsMasks) {
  auto arrays = path();
  for (const char *name : {"train", "val", "test"})
    arrays.erase(name);
  arrays["train_masks"] = ints({1, 0, 0, 0, 0, 1, 0, 1}, {2, 4});
  arrays["val_masks"] = ints({0, 1, 0, 0, 1, 0, 0, 0}, {2, 4});
  Read result = read(arrays);
  ASSERT_EQ(result.error, std::nullopt);
  ASSERT_EQ(result.graph.splits.size(), 2u);
  EXPECT_EQ(result.graph.splits[1].train, (std::vector<int32_t>{1, 3}));
  EXPECT_TRUE(result.graph.splits[1].test.empty());

  arrays["val_masks"] = ints({0, 1, 0, 0, 0, 1, 0, 0}, {2, 4});
  EXPECT_EQ(read(arrays).error, "'g.npz': node 1 is both in train and in val of split 1");
  arrays["val_masks"] = ints({0, 1, 0, 0}, {1, 4});
  EXPECT_EQ(read(arrays).error, "'g.npz': array 'val_masks' has 1 masks, and the one before has 2");
  arrays["val_masks"] = ints({0, 1, 0, 0, 2, 1, 0, 0}, {2, 4});
  EXPECT_EQ(read(arrays).error, "'g.npz': val_masks[1, 0] is 2, and 0 or 1 is wanted");
  arrays["val_masks"] = ints({0, 1, 0}, {1, 3});
  EXPECT_EQ(read(arrays).error,
            "'g.npz': array 'val_masks' is no array of integers with rows of 4 elements, one for each node");
}

TEST(GraphFile, OneWayEdgesAreSaidAndMayGetAReverse) {
  auto arrays = path();
  arrays["adj_indptr"] = ints({0, 1, 2, 3, 3});
  arrays["adj_indices"] = ints({1, 2, 3});
  Read asIs = read(arrays);
  ASSERT_EQ(asIs.error, std::nullopt);
  EXPECT_EQ(asIs.graph.adjacency.entries(), 3);
  ASSERT_EQ(asIs.warnings.size(), 1u);
  EXPECT_EQ(asIs.warnings[0],
            "'g.npz': adj is not symmetric: node 0 hears from node 1, and not the other way round; it "
            "is used as it is");
  Read both = read(arrays, /*symmetrizes=*/true);
  ASSERT_EQ(both.error, std::nullopt);
  EXPECT_EQ(both.graph.adjacency.indices, read(path()).graph.adjacency.indices);
  EXPECT_EQ(both.graph.adjacency.positions, read(path()).graph.adjacency.positions);
}

TEST(GraphFile, NormalizesRowsThatHaveASum) {
  SparseRows x = read(path()).graph.features;
  normalizeRows(x);
  EXPECT_EQ(x.values, (std::vector<float>{1, 0.25f, 0.75f, 1}));
  EXPECT_EQ(toDense(x), (std::vector<float>{1, 0, 0, 0, 0.25f, 0.75f, 0, 1}));
  x.values = {0, -1, 1, 2};
  normalizeRows(x);
  EXPECT_EQ(x.values, (std::vector<float>{0, -1, 1, 1}));
}

TEST(GraphFile, SelfLoopsComeOnce) {
  SparseRows once = addSelfLoops(read(path()).graph.adjacency);
  EXPECT_EQ(once.entries(), 10);
  EXPECT_EQ(addSelfLoops(once).indices, once.indices);
}

/// Random graphs of all kinds go to a file and come back.
TEST(GraphFile, WrittenGraphsComeBack) {
  Random random(7);
  for (int64_t nodes : {0, 1, 2, 17, 64})
    for (int64_t splits : {0, 1, 3}) {
      GraphData graph;
      std::vector<std::pair<int32_t, int32_t>> edges, features;
      for (int64_t i = 0; i < 3 * nodes; ++i) {
        edges.emplace_back(random.below(nodes), random.below(nodes));
        features.emplace_back(random.below(nodes), random.below(11));
      }
      graph.adjacency = fromPairs(nodes, nodes, edges);
      graph.features = fromPairs(nodes, 11, features);
      for (int64_t i = 0; i < graph.features.entries(); ++i)
        graph.features.values.push_back(static_cast<float>(random.normal()));
      for (int64_t i = 0; i < nodes; ++i)
        graph.labels.push_back(static_cast<int32_t>(random.below(std::min<int64_t>(nodes, 5))));
      for (int64_t k = 0; k < splits; ++k) {
        Split &split = graph.splits.emplace_back();
        for (int32_t i = 0; i < nodes; ++i) {
          std::vector<int32_t> *sets[] = {&split.train, &split.validation, &split.test, nullptr};
          if (std::vector<int32_t> *set = sets[random.below(4)])
            set->push_back(i);
        }
      }
      std::string file = testing::TempDir() + "spnn-graph-" + std::to_string(getpid()) + ".npz";
      ASSERT_EQ(writeGraph(file, graph), std::nullopt);
      GraphData back;
      ASSERT_EQ(readGraph(file, {}, back), std::nullopt);
      unlink(file.c_str());
      EXPECT_EQ(back.adjacency.positions, graph.adjacency.positions);
      EXPECT_EQ(back.adjacency.indices, graph.adjacency.indices);
      EXPECT_EQ(back.features.indices, graph.features.indices);
      EXPECT_EQ(back.features.values, graph.features.values);
      EXPECT_EQ(back.labels, graph.labels);
      // Masks of no node have no bytes to count.
      if (nodes == 0)
        continue;
      ASSERT_EQ(back.splits.size(), graph.splits.size());
      for (size_t k = 0; k < back.splits.size(); ++k) {
        EXPECT_EQ(back.splits[k].train, graph.splits[k].train);
        EXPECT_EQ(back.splits[k].validation, graph.splits[k].validation);
        EXPECT_EQ(back.splits[k].test, graph.splits[k].test);
      }
    }
}

TEST(GraphGenerators, ChungLuHasTheSkewThatWasAskedFor) {
  ChungLuOptions options;
  options.nodes = 5000;
  options.edges = 20000;
  GraphData graph, again, other;
  ASSERT_EQ(makeChungLuGraph(options, graph), std::nullopt);
  EXPECT_EQ(graph.adjacency.entries(), 40000);
  EXPECT_EQ(findOneWayEdge(graph.adjacency), std::nullopt);
  EXPECT_EQ(addSelfLoops(graph.adjacency).entries(), 45000); // no loops before
  // Expected degree of node 0: 2 edges times its share of all weights.
  double sum = 0;
  for (int i = 0; i < 5000; ++i)
    sum += std::pow(i + 10.0, -0.6);
  double expected = 40000 * std::pow(10.0, -0.6) / sum;
  EXPECT_NEAR(graph.adjacency.positions[1], expected, 5 * std::sqrt(expected));
  ASSERT_EQ(makeChungLuGraph(options, again), std::nullopt);
  EXPECT_EQ(again.adjacency.indices, graph.adjacency.indices);
  options.seed = 1;
  ASSERT_EQ(makeChungLuGraph(options, other), std::nullopt);
  EXPECT_NE(other.adjacency.indices, graph.adjacency.indices);
}

TEST(GraphGenerators, ChungLuRefusesWhatHasNoRoom) {
  GraphData graph;
  ChungLuOptions options;
  options.nodes = 10;
  EXPECT_EQ(makeChungLuGraph(options, graph), "a random graph of 10 nodes has 0 to 11 edges, not 1165003");
  options.nodes = 0;
  options.edges = 0;
  EXPECT_EQ(makeChungLuGraph(options, graph), std::nullopt);
  EXPECT_EQ(graph.nodes(), 0);
}

TEST(GraphGenerators, CitationGraphIsLikeCora) {
  GraphData graph;
  ASSERT_EQ(makeCitationGraph({}, graph), std::nullopt);
  EXPECT_EQ(graph.nodes(), 2708);
  EXPECT_EQ(graph.classes, 7);
  EXPECT_GE(graph.adjacency.entries(), 2 * 5278);
  EXPECT_LE(graph.adjacency.entries(), 12000);
  EXPECT_EQ(graph.features.columns, 1433);
  EXPECT_NEAR(graph.features.density(), 0.0127, 0.0015);
  EXPECT_EQ(findOneWayEdge(graph.adjacency), std::nullopt);
  ASSERT_EQ(graph.splits.size(), 1u);
  EXPECT_EQ(graph.splits[0].train.size(), 140u);
  EXPECT_EQ(graph.splits[0].validation.size(), 500u);
  EXPECT_EQ(graph.splits[0].test.size(), 1000u);
  std::map<int32_t, int> trained;
  for (int32_t node : graph.splits[0].train)
    ++trained[graph.labels[node]];
  for (auto [label, count] : trained)
    EXPECT_EQ(count, 20) << label;
  int64_t within = 0;
  for (int64_t i = 0; i < graph.nodes(); ++i) {
    EXPECT_GT(graph.adjacency.positions[i + 1], graph.adjacency.positions[i]); // nobody is alone
    for (int32_t e = graph.adjacency.positions[i]; e < graph.adjacency.positions[i + 1]; ++e)
      within += graph.labels[i] == graph.labels[graph.adjacency.indices[e]];
  }
  EXPECT_NEAR(static_cast<double>(within) / static_cast<double>(graph.adjacency.entries()), 0.76, 0.03);
}

TEST(GraphGenerators, CitationGraphRefusesWhatHasNoRoom) {
  GraphData graph;
  CitationOptions options;
  options.nodes = 1000;
  EXPECT_EQ(makeCitationGraph(options, graph), "a graph of 1000 nodes has no room for 20 training nodes a class, 500 "
                                               "validation and 1000 test nodes");
  options = {};
  options.classes = 1;
  EXPECT_EQ(makeCitationGraph(options, graph), "a citation-like graph takes 2 to 1000 classes, not 1");
}

} // namespace
