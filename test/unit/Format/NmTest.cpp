//===- NmTest.cpp - Tests of N:M groups -----------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layout, refusals and storage rules of N:M.
//
//===----------------------------------------------------------------------===//

#include "TestMatrices.h"

#include <gtest/gtest.h>

using namespace spnn::format;
using namespace spnn::format::test;

namespace {

using Words = std::vector<uint64_t>;
using Floats = std::vector<float>;

constexpr IndexWidths bytes{1, 1};

const DenseMatrix example = makeFloats({2, 8}, {0, 1, 0, 2, 0, 0, 0, 3, //
                                                4, 0, 0, 0, 0, 0, 0, 0});

TEST(NmTest, LayoutPadsWithTheFirstZeros) {
  auto nm = makeNm(2, 4, bytes);
  EXPECT_EQ(nm->name(), "nm2:4");
  ASSERT_EQ(nm->checkPack(example), std::nullopt);
  Storage storage = nm->pack(example);
  ASSERT_EQ(storage.size(), 2u);
  EXPECT_EQ(toVector(storage[0]), (Words{1, 3, 0, 3, 0, 1, 0, 1}));
  EXPECT_EQ(toFloats(storage[1]), (Floats{1, 2, 0, 3, 4, 0, 0, 0}));
  EXPECT_EQ(nm->countStoredValues(example), 8);
  EXPECT_EQ(nm->countBytes({2, 8}, 4, 8), 8u * 1 + 8 * 4);
  EXPECT_TRUE(areEqual(nm->unpack({2, 8}, 4, true, storage), example));
}

TEST(NmTest, IndexWidthAsGiven) {
  EXPECT_EQ(makeNm(2, 4, {})->buffers({2, 8}, 4)[0].elementBytes, 8u);
  EXPECT_EQ(makeNm(2, 256, bytes)->checkShape({1, 256}), std::nullopt);
  EXPECT_EQ(makeNm(2, 257, bytes)->checkShape({1, 257}),
            "m must be at most 2^8 for indices of 1 bytes, got 257");
}

TEST(NmTest, NothingToSave) {
  DenseMatrix matrix = makeFloats({1, 2}, {1, 2});
  auto nm = makeNm(2, 2, bytes);
  ASSERT_EQ(nm->checkPack(matrix), std::nullopt);
  EXPECT_EQ(toVector(nm->pack(matrix)[0]), (Words{0, 1}));
}

TEST(NmTest, RefusesParameters) {
  EXPECT_EQ(makeNm(0, 4, bytes)->checkShape({4, 4}),
            "n:m must satisfy 1 <= n <= m, got 0:4");
  EXPECT_EQ(makeNm(5, 4, bytes)->checkShape({4, 4}),
            "n:m must satisfy 1 <= n <= m, got 5:4");
  EXPECT_EQ(makeNm(0, 0, bytes)->checkShape({4, 4}),
            "n:m must satisfy 1 <= n <= m, got 0:0");
  EXPECT_EQ(makeNm(2, 4, {8, 3})->checkShape({4, 4}),
            "index width must be 1, 2, 4 or 8 bytes, got 3");
  EXPECT_NE(makeNm(0, 0, bytes)->checkStorage({4, 4}, 4, {}), std::nullopt);
}

TEST(NmTest, RefusesShape) {
  EXPECT_EQ(makeNm(2, 4, bytes)->checkShape({3, 6}),
            "columns must be a multiple of 4, got 6");
}

TEST(NmTest, RefusesCrowdedGroup) {
  DenseMatrix matrix = makeZeros({4, 8});
  for (int64_t col : {4, 6, 7})
    matrix.element(3, col)[3] = 0x3f;
  EXPECT_EQ(makeNm(2, 4, bytes)->checkPack(matrix),
            "row 3, columns 4..7 hold 3 nonzeros, 2:4 allows 2");
}

/// The problem of the example's storage with buffer `b` replaced.
std::optional<std::string> checkReplaced(size_t b, StorageBuffer buffer) {
  auto nm = makeNm(2, 4, bytes);
  Storage storage = nm->pack(example);
  storage[b] = std::move(buffer);
  return nm->checkStorage({2, 8}, 4, storage);
}

TEST(NmTest, StorageRules) {
  // Descending from one group to the next is fine.
  EXPECT_EQ(checkReplaced(0, makeBuffer(1, {2, 3, 0, 1, 2, 3, 0, 1})),
            std::nullopt);
  EXPECT_EQ(checkReplaced(0, makeBuffer(1, {1, 3, 0, 3, 0, 1})),
            "indices: expected 8 elements, found 6");
  EXPECT_EQ(checkReplaced(1, makeFloatBuffer({1, 2})),
            "values: expected 8 elements, found 2");
  EXPECT_EQ(checkReplaced(0, makeBuffer(1, {1, 4, 0, 3, 0, 1, 0, 1})),
            "indices[1]: expected less than 4, found 4");
  EXPECT_EQ(checkReplaced(0, makeBuffer(1, {1, 3, 3, 3, 0, 1, 0, 1})),
            "indices[3]: expected more than the index before it in its group, "
            "3, found 3");
}

} // namespace
