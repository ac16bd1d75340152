//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Orders of products are held to the table of costs of the paper that names them (arXiv:2308.12093).
//
//===----------------------------------------------------------------------===//
#include "spnn/Cost/ProductOrders.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

using namespace spnn::cost;

namespace {
enum Factors : unsigned { S, X, W, G };

/// One layer Y = S X W with its gradients; the cost of a step is its number of FLOPs.
struct Layer {
  int64_t nodes, edges, in, out;
  bool isFirst, isSymmetric = false;

  ProductProblem problem() const {
    ProductProblem result;
    ProductFactor graph, features, weights, gradient;
    graph.name = "S";
    graph.isGraph = graph.isKept = graph.isConstant = true;
    graph.isSymmetric = isSymmetric;
    graph.rows = graph.columns = nodes;
    graph.edges = edges;
    features.name = "X";
    features.rows = nodes;
    features.columns = in;
    weights.name = "W";
    weights.isKept = true;
    weights.rows = in;
    weights.columns = out;
    gradient.name = "G";
    // Made by the backward pass, so nothing has to be kept for it.
    gradient.isKept = true;
    gradient.rows = nodes;
    gradient.columns = out;
    result.factors = {graph, features, weights, gradient};
    bool turned = !isSymmetric;
    result.products = {{{{S, false}, {X, false}, {W, false}}, false},
                       {{{X, true}, {S, turned}, {G, false}}, true}};
    if (!isFirst)
      result.products.push_back({{{S, turned}, {G, false}, {W, true}}, true});
    result.predict = [](const ProductStep &step) {
      return step.isGraph ? 2.0 * step.edges * step.n : 2.0 * step.m * step.n * step.k;
    };
    return result;
  }
};

std::map<std::string, ProductPlan> byName(const std::vector<ProductPlan> &plans) {
  std::map<std::string, ProductPlan> result;
  for (const ProductPlan &plan : plans)
    EXPECT_TRUE(result.emplace(plan.name, plan).second) << plan.name;
  return result;
}

TEST(ProductOrders, HiddenLayerHasTheCostsOfTheTable) {
  for (bool symmetric : {false, true}) {
    double n = 100, e = 700, fi = 24, fo = 10, g = 2 * n * fi * fo;
    auto plans = byName(enumerateOrders(Layer{100, 700, 24, 10, false, symmetric}.problem()));
    ASSERT_TRUE(plans.count("tf+fp") && plans.count("tf+sp") && plans.count("pf+fp") && plans.count("pf+sp") &&
                plans.count("pf+sp-cached") && plans.count("pf+sp/fp-cached"));
    EXPECT_EQ(plans["tf+fp"].microseconds, 3 * g + 4 * e * fo);
    EXPECT_EQ(plans["tf+sp"].microseconds, 3 * g + 2 * e * fo + 4 * e * fi);
    EXPECT_EQ(plans["pf+fp"].microseconds, 3 * g + 2 * e * fi + 2 * e * fo);
    EXPECT_EQ(plans["pf+sp"].microseconds, 3 * g + 6 * e * fi);
    EXPECT_EQ(plans["pf+sp-cached"].microseconds, 3 * g + 4 * e * fi);
    EXPECT_EQ(plans["pf+sp/fp-cached"].microseconds, 3 * g + 2 * e * fi + 2 * e * fo);
  }
}

TEST(ProductOrders, FirstLayerHasTheCostsOfTheTable) {
  double n = 100, e = 700, fi = 24, fo = 10, g = 2 * n * fi * fo;
  auto plans = byName(enumerateOrders(Layer{100, 700, 24, 10, true}.problem()));
  EXPECT_EQ(plans.size(), 5u);
  EXPECT_EQ(plans["tf+fp"].microseconds, 2 * g + 4 * e * fo);
  EXPECT_EQ(plans["tf+sp"].microseconds, 2 * g + 2 * e * fo + 2 * e * fi);
  EXPECT_EQ(plans["pf+fp"].microseconds, 2 * g + 2 * e * fi + 2 * e * fo);
  EXPECT_EQ(plans["pf+sp"].microseconds, 2 * g + 4 * e * fi);
  EXPECT_EQ(plans["pf+sp-cached"].microseconds, 2 * g + 2 * e * fi);
}

TEST(ProductOrders, CachingKeepsOneMatrixInPlaceOfAnother) {
  auto plans = byName(enumerateOrders(Layer{100, 700, 24, 10, false}.problem()));
  EXPECT_EQ(plans["tf+fp"].savedBytes, 100u * 24 * 4);
  EXPECT_EQ(plans["pf+sp"].savedBytes, 100u * 24 * 4);
  EXPECT_EQ(plans["pf+sp-cached"].savedBytes, 100u * 24 * 4);
}

/// The adaptive rule of the authors: the least of the table, with caching.
TEST(ProductOrders, TheBestPlanFollowsTheRuleOfThePaper) {
  std::mt19937 random(7);
  auto draw = [&](int64_t limit) { return 1 + static_cast<int64_t>(random() % limit); };
  for (int round = 0; round < 300; ++round) {
    Layer layer{draw(1000), draw(20000), draw(300), draw(300), round % 2 == 0};
    std::vector<ProductPlan> plans = enumerateOrders(layer.problem());
    ASSERT_FALSE(plans.empty());
    bool transformFirst = layer.isFirst ? 2 * layer.out < layer.in : layer.out < layer.in;
    auto named = byName(plans);
    double rule = named[transformFirst ? "tf+fp" : "pf+sp-cached"].microseconds;
    EXPECT_EQ(plans.front().microseconds, rule)
        << layer.in << " -> " << layer.out << (layer.isFirst ? " first" : " hidden") << ": " << plans.front().name;
  }
}

TEST(ProductOrders, InferenceMultipliesByTheNarrowerSideLast) {
  for (auto [in, out, name] : {std::tuple(24, 10, "tf"), std::tuple(10, 24, "pf")}) {
    ProductProblem problem = Layer{100, 700, in, out, true}.problem();
    problem.products.resize(1);
    std::vector<ProductPlan> plans = enumerateOrders(problem);
    ASSERT_EQ(plans.size(), 2u);
    EXPECT_EQ(plans.front().name, name);
  }
}

TEST(ProductOrders, AGraphIsNeverMultipliedByASparseMatrix) {
  ProductProblem problem = Layer{100, 700, 24, 10, true}.problem();
  problem.factors[X].isGraph = true;
  problem.factors[X].edges = 50;
  for (const ProductPlan &plan : enumerateOrders(problem))
    for (const ProductStep &step : plan.steps)
      EXPECT_TRUE(!step.isGraph || step.edges == 700 || step.edges == 50);
  auto plans = enumerateOrders(problem);
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_EQ(plans.front().microseconds, 2 * (2 * 50 * 10 + 2 * 700 * 10));
}

TEST(ProductOrders, ConstantProductsCostNothing) {
  ProductProblem problem = Layer{100, 700, 24, 10, true}.problem();
  problem.factors[X].isConstant = problem.factors[X].isKept = true;
  auto plans = byName(enumerateOrders(problem));
  ASSERT_TRUE(plans.count("pf+sp-constant"));
  EXPECT_EQ(plans["pf+sp-constant"].microseconds, 2 * 2.0 * 100 * 24 * 10);
  EXPECT_EQ(plans["pf+sp-constant"].savedBytes, 0u);
  problem.foldConstants = false;
  EXPECT_FALSE(byName(enumerateOrders(problem)).count("pf+sp-constant"));
}

TEST(ProductOrders, BipartiteBlocksPropagateFirstMoreOften) {
  // M x N with M < N: 2 N Fi Fo + 2 E Fo against 2 E Fi + 2 M Fi Fo.
  ProductProblem problem = Layer{1000, 3000, 32, 24, true}.problem();
  problem.products.resize(1);
  EXPECT_EQ(enumerateOrders(problem).front().name, "tf");
  problem.factors[S].rows = 100;
  EXPECT_EQ(enumerateOrders(problem).front().name, "pf");
}

TEST(ProductOrders, LongerChainsAreEnumeratedToo) {
  // S S X W: five brackets, of which (S S) has no place.
  ProductProblem problem = Layer{100, 700, 24, 10, true}.problem();
  problem.products = {{{{S, false}, {S, false}, {X, false}, {W, false}}, false}};
  std::vector<ProductPlan> plans = enumerateOrders(problem);
  EXPECT_EQ(plans.size(), 3u);
  EXPECT_EQ(plans.front().name, "S (S (X W))");
}

TEST(ProductOrders, TooManyCombinationsAreRefused) {
  EXPECT_TRUE(enumerateOrders(Layer{100, 700, 24, 10, false}.problem(), 3).empty());
}
} // namespace
