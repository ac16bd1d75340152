//===- GraphTest.cpp - Tests of graphs that come at run time --------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The check of a graph's arrays, and its transposition.
//
//===----------------------------------------------------------------------===//
#include "spnn/Runtime/Runtime.h"

#include <gtest/gtest.h>

#include <climits>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace {

using Array = std::vector<int32_t>;

class RuntimeGraph : public ::testing::Test {
protected:
  ~RuntimeGraph() override { spnn_context_destroy(context); }

  /// The error of the check; `checked` is what kernels would read.
  std::string check(int64_t rows, int64_t columns, const Array &positions,
                    const Array &indices, bool symmetric = false) {
    checked.assign(positions.size(), -1);
    spnn_rt_enter(context);
    spnn_rt_assemble(rows, columns, static_cast<int64_t>(positions.size()),
                     static_cast<int64_t>(indices.size()), symmetric,
                     positions.data(), indices.data(), checked.data());
    int32_t failed = spnn_rt_leave(context);
    std::string error = spnn_context_error(context);
    EXPECT_EQ(failed != 0, !error.empty());
    // A graph that is refused has no edges.
    EXPECT_EQ(checked, error.empty() ? positions : Array(positions.size(), 0));
    return error;
  }

  spnn_context *context = spnn_context_create(1);
  Array checked;
};

TEST_F(RuntimeGraph, TakesGraphs) {
  EXPECT_EQ(check(2, 3, {0, 2, 3}, {0, 2, 1}), "");
  EXPECT_EQ(check(0, 0, {0}, {}), "");
  EXPECT_EQ(check(0, 5, {0}, {}), "");
  EXPECT_EQ(check(3, 0, {0, 0, 0, 0}, {}), "");
  EXPECT_EQ(check(3, 3, {0, 1, 3, 4}, {1, 0, 2, 1}, /*symmetric=*/true), "");
}

TEST_F(RuntimeGraph, NamesTheBrokenRule) {
  EXPECT_EQ(check(2, 3, {0, 2}, {0, 2}),
            "a graph of 2 rows has 2 positions, expected one more than rows");
  EXPECT_EQ(check(-1, 3, {}, {}),
            "a graph of -1 rows has 0 positions, expected one more than rows");
  EXPECT_EQ(check(1, -1, {0, 0}, {}),
            "a graph has -1 columns, expected 0 or more");
  EXPECT_EQ(check(1, 3, {1, 1}, {0}),
            "the first position of a graph is 1, expected 0");
  EXPECT_EQ(check(1, 3, {0, 2}, {0}),
            "the last position of a graph is 2, expected the number of its "
            "edges, 1");
  EXPECT_EQ(check(2, 3, {0, -1, 1}, {0}),
            "the positions of a graph descend or pass its edges behind row 0: "
            "0, then -1");
  EXPECT_EQ(check(2, 3, {0, INT_MAX, 1}, {0}),
            "the positions of a graph descend or pass its edges behind row 0: "
            "0, then 2147483647");
  EXPECT_EQ(check(1, 3, {0, 1}, {3}),
            "edge 0 of a graph comes from column 3, expected one of 3");
  EXPECT_EQ(check(1, 3, {0, 1}, {INT_MIN}),
            "edge 0 of a graph comes from column -2147483648, expected one of "
            "3");
  EXPECT_EQ(check(2, 3, {0, 1, 3}, {2, 1, 1}),
            "the columns of row 1 of a graph do not ascend: 1, then 1");
}

TEST_F(RuntimeGraph, FindsEdgesWithoutPartner) {
  const char *message =
      "a graph that is said to be symmetric has an edge without its partner";
  EXPECT_EQ(check(2, 2, {0, 1, 1}, {1}, true), message);
  EXPECT_EQ(check(2, 2, {0, 0, 1}, {0}, true), message);
  EXPECT_EQ(check(3, 3, {0, 1, 2, 3}, {1, 2, 0}, true), message);
  EXPECT_EQ(check(1, 2, {0, 1}, {0}, true), message);
}

TEST_F(RuntimeGraph, ChecksOrders) {
  auto check = [&](const Array &order, Array expected) {
    Array checked(order.size(), -7);
    spnn_rt_enter(context);
    spnn_rt_check_order(static_cast<int64_t>(order.size()), order.data(),
                        checked.data());
    spnn_rt_leave(context);
    EXPECT_EQ(checked, expected);
    return std::string(spnn_context_error(context));
  };
  EXPECT_EQ(check({}, {}), "");
  EXPECT_EQ(check({2, 0, 1}, {2, 0, 1}), "");
  EXPECT_EQ(check({2, 2, 2}, {2, 2, 2}), "");
  EXPECT_EQ(check({2, 3, -1}, {0, 1, 2}),
            "order[1] is 3, expected the number of one of 3 edges");
  EXPECT_EQ(check({0, 1, INT32_MIN}, {0, 1, 2}),
            "order[2] is -2147483648, expected the number of one of 3 edges");
}

TEST(RuntimeTranspose, TurnsEveryEdgeRound) {
  std::mt19937 generator(1);
  const int64_t extents[] = {0, 1, 2, 7, 40};
  for (int64_t rows : extents)
    for (int64_t columns : extents) {
      Array positions{0}, indices;
      for (int64_t i = 0; i < rows; ++i) {
        std::set<int32_t> row;
        for (unsigned n = generator() % 5; n > 0 && columns > 0; --n)
          row.insert(static_cast<int32_t>(generator() % columns));
        indices.insert(indices.end(), row.begin(), row.end());
        positions.push_back(static_cast<int32_t>(indices.size()));
      }
      Array turned(columns + 1, -1), rowsOf(indices.size(), -1),
          order(indices.size(), -1);
      spnn_rt_transpose(rows, columns, positions.data(), indices.data(),
                        turned.data(), rowsOf.data(), order.data());
      ASSERT_EQ(turned.front(), 0);
      ASSERT_EQ(turned.back(), static_cast<int32_t>(indices.size()));
      for (int64_t j = 0; j < columns; ++j)
        for (int32_t edge = turned[j]; edge < turned[j + 1]; ++edge) {
          int32_t i = rowsOf[edge], own = order[edge];
          ASSERT_TRUE(i >= 0 && i < rows);
          ASSERT_TRUE(own >= positions[i] && own < positions[i + 1]);
          ASSERT_EQ(indices[own], j);
          // Rows ascend, as they must in a graph.
          ASSERT_TRUE(edge == turned[j] || rowsOf[edge - 1] < i);
        }
    }
}

} // namespace
