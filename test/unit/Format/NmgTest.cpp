//===- NmgTest.cpp - Tests of n:m:g groups -----------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layout, refusals and storage rules of n:m:g.
//
//===----------------------------------------------------------------------===//

#include "TestMatrices.h"

#include "spnn/Format/NmgPatterns.h"

#include <gtest/gtest.h>

using namespace spnn::format;
using namespace spnn::format::test;

namespace {

using Words = std::vector<uint64_t>;
using Floats = std::vector<float>;

// 1:2:2: of two rows each column keeps one; of four columns two keep the first row, two the second.
const DenseMatrix example = makeFloats({2, 4}, {0, 1, 0, 2, //
                                                3, 0, 4, 0});

TEST(NmgTest, PatternsInOrder) {
  EXPECT_EQ((Nmg{2, 4, 1}.listPatterns()), (std::vector<uint32_t>{3, 5, 6, 9, 10, 12}));
  EXPECT_EQ((Nmg{2, 4, 16}.groupCols()), 96);
  EXPECT_EQ((Nmg{4, 4, 3}.groupCols()), 3);
}

TEST(NmgTest, Layout) {
  auto nmg = makeNmg({1, 2, 2});
  EXPECT_EQ(nmg->name(), "nmg1:2:2");
  ASSERT_EQ(nmg->checkPack(example), std::nullopt);
  Storage storage = nmg->pack(example);
  ASSERT_EQ(storage.size(), 2u);
  EXPECT_EQ(toVector(storage[0]), (Words{1, 3, 0, 2}));
  EXPECT_EQ(toFloats(storage[1]), (Floats{1, 2, 3, 4}));
  EXPECT_EQ(nmg->countStoredValues(example), 4);
  EXPECT_EQ(nmg->countBytes({2, 4}, 4, 4), 4u * 2 + 4 * 4);
  EXPECT_TRUE(areEqual(nmg->unpack({2, 4}, 4, true, storage), example));
}

// A column of zeros fits any pattern, so it goes where one is missing, whatever stands before it.
TEST(NmgTest, ZerosFillPatterns) {
  DenseMatrix matrix = makeFloats({2, 4}, {0, 0, 1, 2, //
                                           0, 3, 0, 0});
  auto nmg = makeNmg({1, 2, 2});
  ASSERT_EQ(nmg->checkPack(matrix), std::nullopt);
  Storage storage = nmg->pack(matrix);
  EXPECT_EQ(toVector(storage[0]), (Words{2, 3, 0, 1}));
  EXPECT_EQ(toFloats(storage[1]), (Floats{1, 2, 0, 3}));
}

// The first choice can be wrong: the column that could be anything has to make room for others, over several steps.
TEST(NmgTest, AssignmentsMove) {
  // Patterns of 2:3 are 011, 101, 110. The columns allow {011, 101}, {011, 110}, {011}: only one order works.
  auto chosen = assignPatterns({2, 3, 1}, {1, 2, 3});
  ASSERT_TRUE(chosen.has_value());
  EXPECT_EQ(*chosen, (std::vector<int64_t>{1, 2, 0}));
  EXPECT_EQ(assignPatterns({2, 3, 1}, {3, 3, 0}), std::nullopt);
}

TEST(NmgTest, RefusesParameters) {
  for (auto [nmg, text] : {std::pair<Nmg, const char *>{{0, 4, 1}, "0:4:1"},
                           {{5, 4, 1}, "5:4:1"},
                           {{2, 17, 1}, "2:17:1"},
                           {{-1, -1, 1}, "-1:-1:1"}})
    EXPECT_EQ(makeNmg(nmg)->checkShape({4, 4}), "n:m:g must satisfy 1 <= n <= m <= 16, got " + std::string(text));
  EXPECT_EQ(makeNmg({2, 4, 0})->checkShape({4, 6}),
            "n:m:g needs g >= 1 and groups of at most 65536 columns, got 2:4:0");
  EXPECT_EQ(makeNmg({8, 16, 6})->checkShape({16, 0}),
            "n:m:g needs g >= 1 and groups of at most 65536 columns, got 8:16:6");
  EXPECT_EQ(makeNmg({8, 16, 5})->checkShape({16, 64350}), std::nullopt);
  EXPECT_NE(makeNmg({0, 0, 0})->checkStorage({4, 4}, 4, {}), std::nullopt);
}

TEST(NmgTest, RefusesShape) {
  EXPECT_EQ(makeNmg({2, 4, 2})->checkShape({6, 12}), "rows must be a multiple of 4, got 6");
  EXPECT_EQ(makeNmg({2, 4, 2})->checkShape({8, 6}), "columns must be a multiple of 12, a group of 2:4:2, got 6");
}

TEST(NmgTest, RefusesCrowdedColumns) {
  DenseMatrix matrix = makeFloats({4, 4}, {0, 0, 0, 0, //
                                           0, 0, 0, 0, //
                                           0, 0, 1, 0, //
                                           0, 0, 1, 0});
  EXPECT_EQ(makeNmg({1, 2, 2})->checkPack(matrix), "rows 2..3, column 2 hold 2 nonzeros, 1:2:2 allows 1");
  matrix = makeFloats({2, 4}, {1, 1, 1, 0, //
                               0, 0, 0, 0});
  EXPECT_EQ(makeNmg({1, 2, 2})->checkPack(matrix),
            "rows 0..1, columns 0..3 have too many nonzeros in the same rows: 1:2:2 allows 2 columns a pattern");
}

/// The problem of the example's storage with buffer `b` replaced.
std::optional<std::string> checkReplaced(size_t b, StorageBuffer buffer) {
  auto nmg = makeNmg({1, 2, 2});
  Storage storage = nmg->pack(example);
  storage[b] = std::move(buffer);
  return nmg->checkStorage({2, 4}, 4, storage);
}

TEST(NmgTest, StorageRules) {
  EXPECT_EQ(checkReplaced(0, makeBuffer(2, {2, 3, 0, 1})), std::nullopt);
  EXPECT_EQ(checkReplaced(0, makeBuffer(2, {1, 3, 0})), "indices: expected 4 elements, found 3");
  EXPECT_EQ(checkReplaced(1, makeFloatBuffer({1, 2})), "values: expected 4 elements, found 2");
  EXPECT_EQ(checkReplaced(0, makeBuffer(2, {1, 4, 0, 2})), "indices[1]: expected less than 4, found 4");
  EXPECT_EQ(checkReplaced(0, makeBuffer(2, {3, 1, 0, 2})),
            "indices[1]: expected more than the index before it in its pattern, 3, found 1");
  EXPECT_EQ(checkReplaced(0, makeBuffer(2, {1, 3, 0, 3})),
            "indices[3]: expected a column that its group does not have yet, found 3");
}

} // namespace
