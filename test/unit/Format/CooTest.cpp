//===- CooTest.cpp - Tests of coordinates ---------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layout and storage rules of COO, interleaved and in separate buffers.
//
//===----------------------------------------------------------------------===//

#include "TestMatrices.h"

#include <gtest/gtest.h>

using namespace spnn::format;
using namespace spnn::format::test;

namespace {

using Words = std::vector<uint64_t>;
using Floats = std::vector<float>;

const DenseMatrix example = makeFloats({3, 4}, {0, 1, 0, 2, //
                                                0, 0, 0, 0, //
                                                3, 0, 0, 5});

TEST(CooTest, InterleavedLayout) {
  auto coo = makeCoo({4, 2}, /*soa=*/false);
  EXPECT_EQ(coo->name(), "coo");
  ASSERT_EQ(coo->checkPack(example), std::nullopt);
  Storage storage = coo->pack(example);
  ASSERT_EQ(storage.size(), 3u);
  EXPECT_EQ(toVector(storage[0]), (Words{0, 4}));
  EXPECT_EQ(toVector(storage[1]), (Words{0, 1, 0, 3, 2, 0, 2, 3}));
  EXPECT_EQ(toFloats(storage[2]), (Floats{1, 2, 3, 5}));
  EXPECT_EQ(coo->countBytes({3, 4}, 4, 4), 2u * 4 + 8 * 2 + 4 * 4);
}

TEST(CooTest, SeparateLayout) {
  auto coo = makeCoo({4, 2}, /*soa=*/true);
  EXPECT_EQ(coo->name(), "coo-soa");
  Storage storage = coo->pack(example);
  ASSERT_EQ(storage.size(), 4u);
  auto specs = coo->buffers({3, 4}, 4);
  EXPECT_EQ(specs[1].name, "row_indices");
  EXPECT_EQ(specs[2].name, "column_indices");
  EXPECT_EQ(toVector(storage[1]), (Words{0, 0, 2, 2}));
  EXPECT_EQ(toVector(storage[2]), (Words{1, 3, 0, 3}));
  EXPECT_EQ(coo->countBytes({3, 4}, 4, 4), 2u * 4 + 4 * 2 + 4 * 2 + 4 * 4);
}

TEST(CooTest, IndicesNameRowsAndColumns) {
  auto coo = makeCoo({4, 1}, false);
  EXPECT_EQ(coo->checkShape({256, 256}), std::nullopt);
  EXPECT_EQ(coo->checkShape({257, 1}),
            "rows must be at most 2^8 for indices of 1 bytes, got 257");
  EXPECT_EQ(coo->checkShape({1, 257}),
            "columns must be at most 2^8 for indices of 1 bytes, got 257");
  EXPECT_EQ(makeCoo({0, 1}, false)->checkShape({1, 1}),
            "position width must be 1, 2, 4 or 8 bytes, got 0");
}

/// The problem of the example's storage with buffer `b` replaced.
std::optional<std::string> checkReplaced(bool soa, size_t b,
                                         StorageBuffer buffer) {
  auto coo = makeCoo({4, 2}, soa);
  Storage storage = coo->pack(example);
  storage[b] = std::move(buffer);
  return coo->checkStorage({3, 4}, 4, storage);
}

TEST(CooTest, StoragePositions) {
  EXPECT_EQ(checkReplaced(false, 0, makeBuffer(4, {0, 4})), std::nullopt);
  EXPECT_EQ(checkReplaced(false, 0, makeBuffer(4, {1, 4})),
            "positions[0]: expected 0, found 1");
  EXPECT_EQ(checkReplaced(false, 0, makeBuffer(4, {0, 5})),
            "positions[1]: expected the number of values, 4, found 5");
  EXPECT_EQ(checkReplaced(false, 0, makeBuffer(4, {0})),
            "positions: expected 2 elements, found 1");
}

TEST(CooTest, StorageLengths) {
  EXPECT_EQ(checkReplaced(false, 1, makeBuffer(2, {0, 1, 0, 3, 2, 0, 2})),
            "indices: expected 8 elements, found 7");
  EXPECT_EQ(checkReplaced(true, 1, makeBuffer(2, {0, 0, 2})),
            "row_indices: expected 4 elements, found 3");
  EXPECT_EQ(checkReplaced(true, 2, makeBuffer(2, {1, 3, 0, 3, 3})),
            "column_indices: expected 4 elements, found 5");
}

TEST(CooTest, StorageRange) {
  EXPECT_EQ(checkReplaced(false, 1, makeBuffer(2, {0, 1, 0, 3, 3, 0, 2, 3})),
            "indices[4]: expected a row less than 3, found 3");
  EXPECT_EQ(checkReplaced(false, 1, makeBuffer(2, {0, 1, 0, 4, 2, 0, 2, 3})),
            "indices[3]: expected a column less than 4, found 4");
  EXPECT_EQ(checkReplaced(true, 1, makeBuffer(2, {0, 0, 2, 0xffff})),
            "row_indices[3]: expected a row less than 3, found 65535");
  EXPECT_EQ(checkReplaced(true, 2, makeBuffer(2, {1, 3, 0, 4})),
            "column_indices[3]: expected a column less than 4, found 4");
}

TEST(CooTest, StorageOrder) {
  EXPECT_EQ(checkReplaced(true, 1, makeBuffer(2, {0, 2, 1, 2})),
            "row_indices[2]: expected at least the row before it, 2, found 1");
  // A duplicate.
  EXPECT_EQ(checkReplaced(true, 2, makeBuffer(2, {3, 3, 0, 3})),
            "column_indices[1]: expected more than the column before it in "
            "row 0, 3, found 3");
  EXPECT_EQ(checkReplaced(false, 1, makeBuffer(2, {0, 3, 0, 1, 2, 0, 2, 3})),
            "indices[3]: expected more than the column before it in row 0, 3, "
            "found 1");
}

} // namespace
