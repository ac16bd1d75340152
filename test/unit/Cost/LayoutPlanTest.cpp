//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Plans of layouts, against hand-made cases and exhaustive search.
//
//===----------------------------------------------------------------------===//
#include "spnn/Cost/LayoutPlan.h"

#include "gtest/gtest.h"

#include <random>

using namespace spnn::cost;

namespace {

double getTotal(const std::vector<LayoutNode> &nodes, const std::vector<size_t> &plan) {
  double sum = 0;
  for (size_t i = 0; i < nodes.size(); ++i) {
    const LayoutChoice &own = nodes[i].choices[plan[i]];
    int64_t from = 0;
    double unpack = 0;
    if (nodes[i].producer >= 0) {
      from = nodes[nodes[i].producer].choices[plan[nodes[i].producer]].layout;
      unpack = nodes[nodes[i].producer].unpackResult;
    }
    sum += own.microseconds + getLayoutCost(nodes[i], own.layout, unpack, from);
  }
  return sum;
}

// A slightly slower kernel wins where it saves a change of layout, and only there.
TEST(LayoutPlan, KeepsALayoutThatPays) {
  LayoutNode first{-1, false, 3, 3, {{10, 1}, {11, 2}}};
  LayoutNode second{0, true, 3, 3, {{20, 1}, {10, 2}}};
  EXPECT_EQ(planLayouts({first, second}), (std::vector<size_t>{1, 1}));
  // Alone, the faster one is taken.
  first.hasOtherUse = true;
  EXPECT_EQ(planLayouts({first}), (std::vector<size_t>{0}));
  // Far apart, changing the layout is cheaper.
  first.choices[1].microseconds = 30;
  EXPECT_EQ(planLayouts({first, second}), (std::vector<size_t>{0, 1}));
}

// A product so small that packing costs more than it saves stays row-major.
TEST(LayoutPlan, ChargesPacking) {
  LayoutNode node{-1, true, 2, 2, {{5, 0}, {2, 1}}};
  EXPECT_EQ(planLayouts({node}), (std::vector<size_t>{0}));
  node.packOperand = node.unpackResult = 1;
  EXPECT_EQ(planLayouts({node}), (std::vector<size_t>{1}));
}

TEST(LayoutPlan, NothingAndTies) {
  EXPECT_TRUE(planLayouts({}).empty());
  EXPECT_EQ(planLayouts({{-1, true, 0, 0, {{1, 0}, {1, 1}}}}), (std::vector<size_t>{0}));
}

// Random forests: no assignment is better than the plan.
TEST(LayoutPlan, IsOptimal) {
  std::mt19937 generator(7);
  std::uniform_real_distribution<double> time(0, 10);
  for (int round = 0; round < 300; ++round) {
    std::vector<LayoutNode> nodes(1 + generator() % 6);
    for (size_t i = 0; i < nodes.size(); ++i) {
      nodes[i].producer = i > 0 && generator() % 4 ? static_cast<int64_t>(generator() % i) : -1;
      nodes[i].hasOtherUse = generator() % 2;
      nodes[i].packOperand = time(generator) / 2;
      nodes[i].unpackResult = time(generator) / 2;
      for (size_t c = 1 + generator() % 3; c > 0; --c)
        nodes[i].choices.push_back({time(generator), static_cast<int64_t>(generator() % 3)});
    }
    double planned = getTotal(nodes, planLayouts(nodes));
    std::vector<size_t> plan(nodes.size(), 0);
    for (bool more = true; more;) {
      ASSERT_GE(getTotal(nodes, plan) + 1e-9, planned) << "round " << round;
      more = false;
      for (size_t i = 0; i < nodes.size() && !more; ++i) {
        more = ++plan[i] < nodes[i].choices.size();
        if (!more)
          plan[i] = 0;
      }
    }
  }
}

} // namespace
