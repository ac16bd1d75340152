//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tests of graphs as every pass sees them: transposition with the order of edges, symmetry, what the IR knows of them.
//
//===----------------------------------------------------------------------===//
#include "spnn/IR/Graphs.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

#include <random>
#include <set>

using namespace mlir;
using namespace spnn;

namespace {

using Edges = std::set<std::pair<int64_t, int64_t>>;

Adjacency makeGraph(int64_t rows, int64_t columns, const Edges &edges) {
  Adjacency graph;
  graph.rows = rows;
  graph.columns = columns;
  graph.positions.assign(rows + 1, 0);
  for (auto [i, j] : edges) {
    ++graph.positions[i + 1];
    graph.indices.push_back(static_cast<int32_t>(j));
  }
  for (int64_t i = 0; i < rows; ++i)
    graph.positions[i + 1] += graph.positions[i];
  return graph;
}

/// Edges by their numbers.
std::vector<std::pair<int64_t, int64_t>> listEdges(const Adjacency &graph) {
  std::vector<std::pair<int64_t, int64_t>> result;
  for (int64_t i = 0; i < graph.rows; ++i)
    for (int32_t edge = graph.positions[i]; edge < graph.positions[i + 1]; ++edge)
      result.emplace_back(i, graph.indices[edge]);
  return result;
}

Edges makeEdges(int64_t rows, int64_t columns, double density, std::mt19937 &generator) {
  Edges edges;
  std::bernoulli_distribution isEdge(density);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      if (isEdge(generator))
        edges.insert({i, j});
  return edges;
}

TEST(Graphs, TransposesWithTheOrderOfEdges) {
  Adjacency graph = makeGraph(3, 4, {{0, 1}, {0, 3}, {2, 0}, {2, 1}, {2, 3}});
  std::vector<int32_t> order;
  Adjacency turned = transposeAdjacency(graph, order);
  EXPECT_EQ(turned.rows, 4);
  EXPECT_EQ(turned.columns, 3);
  EXPECT_EQ(turned.positions, (std::vector<int32_t>{0, 1, 3, 3, 5}));
  EXPECT_EQ(turned.indices, (std::vector<int32_t>{2, 0, 2, 0, 2}));
  EXPECT_EQ(order, (std::vector<int32_t>{2, 0, 3, 1, 4}));
}

TEST(Graphs, TransposesRandomGraphs) {
  std::mt19937 generator(1);
  for (int64_t rows : {0, 1, 2, 7, 20})
    for (int64_t columns : {0, 1, 3, 13})
      for (double density : {0.0, 0.1, 0.6, 1.0}) {
        Adjacency graph = makeGraph(rows, columns, makeEdges(rows, columns, density, generator));
        std::vector<int32_t> order, back;
        Adjacency turned = transposeAdjacency(graph, order);
        auto edges = listEdges(graph), turnedEdges = listEdges(turned);
        ASSERT_EQ(turnedEdges.size(), edges.size());
        ASSERT_EQ(order.size(), edges.size());
        // Ascending columns in each row, and edge e is edge order[e], turned.
        EXPECT_TRUE(std::is_sorted(turnedEdges.begin(), turnedEdges.end()));
        for (size_t e = 0; e < edges.size(); ++e)
          EXPECT_EQ(turnedEdges[e], std::pair(edges[order[e]].second, edges[order[e]].first));
        Adjacency again = transposeAdjacency(turned, back);
        EXPECT_EQ(again.rows, graph.rows);
        EXPECT_EQ(again.columns, graph.columns);
        EXPECT_EQ(again.positions, graph.positions);
        EXPECT_EQ(again.indices, graph.indices);
        // Both orders are permutations that undo each other.
        for (size_t e = 0; e < edges.size(); ++e)
          EXPECT_EQ(order[back[e]], static_cast<int32_t>(e));
      }
}

TEST(Graphs, Symmetry) {
  EXPECT_TRUE(isSymmetric(makeGraph(0, 0, {})));
  EXPECT_TRUE(isSymmetric(makeGraph(3, 3, {})));
  EXPECT_TRUE(isSymmetric(makeGraph(1, 1, {{0, 0}})));
  EXPECT_TRUE(isSymmetric(makeGraph(3, 3, {{0, 1}, {1, 0}, {1, 2}, {2, 1}, {2, 2}})));
  EXPECT_FALSE(isSymmetric(makeGraph(2, 3, {})));
  EXPECT_FALSE(isSymmetric(makeGraph(3, 2, {{0, 1}, {1, 0}})));
  EXPECT_FALSE(isSymmetric(makeGraph(3, 3, {{0, 1}})));
  EXPECT_FALSE(isSymmetric(makeGraph(3, 3, {{2, 1}})));
  // As many edges in as out of each node.
  EXPECT_FALSE(isSymmetric(makeGraph(3, 3, {{0, 1}, {1, 2}, {2, 0}})));
  EXPECT_FALSE(isSymmetric(makeGraph(4, 4, {{0, 1}, {1, 0}, {0, 2}, {2, 3}, {3, 0}})));
}

TEST(Graphs, SymmetryOfRandomGraphs) {
  std::mt19937 generator(2);
  int symmetric = 0, others = 0;
  for (int round = 0; round < 400; ++round) {
    int64_t nodes = generator() % 7;
    Edges edges = makeEdges(nodes, nodes, 0.3, generator);
    if (round % 2)
      for (auto [i, j] : Edges(edges))
        edges.insert({j, i});
    bool expected =
        std::all_of(edges.begin(), edges.end(), [&](auto edge) { return edges.count({edge.second, edge.first}) != 0; });
    EXPECT_EQ(isSymmetric(makeGraph(nodes, nodes, edges)), expected);
    ++(expected ? symmetric : others);
  }
  EXPECT_GT(symmetric, 100);
  EXPECT_GT(others, 100);
}

class GraphValues : public testing::Test {
protected:
  GraphValues() { context.loadDialect<func::FuncDialect, SPNNDialect>(); }

  /// The first result of the op in front of the terminator of @f.
  Value last(const std::string &body) {
    module = parseSourceString<ModuleOp>("func.func @f(%pos: tensor<4xi32>, %idx: tensor<5xi32>, %any: tensor<?xi32>, "
                                         "%g: tensor<3x3xi1, #spnn.adjacency>) {\n" +
                                             body + "\nreturn\n}",
                                         &context);
    EXPECT_TRUE(module) << body;
    auto function = *module->getOps<func::FuncOp>().begin();
    return std::prev(function.front().getTerminator()->getIterator())->getResult(0);
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::string type = "tensor<3x3xi1, #spnn.adjacency>";
  std::string path =
      "%p = spnn.constant {positions = dense<[0, 1, 3, 4]> : tensor<4xi32>, indices = dense<[1, 0, 2, 1]> : "
      "tensor<4xi32>} : " +
      type + "\n";
  std::string arrow = "%p = spnn.constant {positions = dense<[0, 2, 2, 2]> : tensor<4xi32>, indices = dense<[1, 2]> : "
                      "tensor<2xi32>} : " +
                      type + "\n";
  std::string turned = "%t, %o = spnn.transpose %p : " + type + " -> " + type + ", tensor<?xi32>";
};

TEST_F(GraphValues, ConstantsAreRead) {
  std::optional<Adjacency> graph = getConstantAdjacency(last(path));
  ASSERT_TRUE(graph);
  EXPECT_EQ(graph->rows, 3);
  EXPECT_EQ(graph->columns, 3);
  EXPECT_EQ(graph->positions, (std::vector<int32_t>{0, 1, 3, 4}));
  EXPECT_EQ(graph->indices, (std::vector<int32_t>{1, 0, 2, 1}));
  EXPECT_FALSE(getConstantAdjacency(last(arrow + turned)));
  EXPECT_FALSE(getConstantAdjacency(last("%a = spnn.assemble %pos, %idx : (tensor<4xi32>, tensor<5xi32>) -> " + type)));
}

TEST_F(GraphValues, WritingReadsBack) {
  Adjacency graph = makeGraph(2, 5, {{0, 4}, {1, 0}});
  RankedTensorType graphType = getGraphType(&context, 2, 5);
  EXPECT_TRUE(isGraph(graphType));
  OpBuilder builder(&context);
  auto constant = ConstantOp::create(builder, UnknownLoc::get(&context), graphType, writeAdjacency(graph, graphType));
  ASSERT_TRUE(succeeded(constant.verify()));
  std::optional<Adjacency> read = getConstantAdjacency(constant);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->positions, graph.positions);
  EXPECT_EQ(read->indices, graph.indices);
  constant->destroy();
}

TEST_F(GraphValues, NumbersOfEdges) {
  EXPECT_EQ(countEdges(last(path)), 4);
  EXPECT_EQ(countEdges(last(arrow + turned)), 2);
  EXPECT_EQ(countEdges(last("%a = spnn.assemble %pos, %idx : (tensor<4xi32>, tensor<5xi32>) -> " + type)), 5);
  Value unknown = last("%p = spnn.assemble %pos, %any : (tensor<4xi32>, tensor<?xi32>) -> " + type + "\n" + turned);
  EXPECT_EQ(countEdges(unknown), ShapedType::kDynamic);
  EXPECT_EQ(countEdges(unknown.getParentBlock()->getArgument(3)), ShapedType::kDynamic);
}

TEST_F(GraphValues, KnownSymmetry) {
  EXPECT_TRUE(isKnownSymmetric(last(path)));
  EXPECT_TRUE(isKnownSymmetric(last(path + turned)));
  EXPECT_FALSE(isKnownSymmetric(last(arrow)));
  EXPECT_FALSE(isKnownSymmetric(last(arrow + turned)));
  std::string assemble = "%p = spnn.assemble %pos, %idx ";
  std::string types = ": (tensor<4xi32>, tensor<5xi32>) -> " + type + "\n";
  EXPECT_FALSE(isKnownSymmetric(last(assemble + types)));
  EXPECT_TRUE(isKnownSymmetric(last(assemble + "{symmetric} " + types)));
  Value said = last(assemble + "{symmetric} " + types + turned);
  EXPECT_TRUE(isKnownSymmetric(said));
  EXPECT_FALSE(isKnownSymmetric(said.getParentBlock()->getArgument(3)));
}

} // namespace
