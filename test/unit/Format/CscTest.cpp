//===- CscTest.cpp - Tests of compressed sparse columns -------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layout and storage rules of CSC.
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
                                                3, 0, 4, 5});

TEST(CscTest, Layout) {
  auto csc = makeCsc({4, 1});
  EXPECT_EQ(csc->name(), "csc");
  ASSERT_EQ(csc->checkPack(example), std::nullopt);
  Storage storage = csc->pack(example);
  ASSERT_EQ(storage.size(), 3u);
  EXPECT_EQ(toVector(storage[0]), (Words{0, 1, 2, 3, 5}));
  EXPECT_EQ(toVector(storage[1]), (Words{2, 0, 2, 0, 2}));
  EXPECT_EQ(toFloats(storage[2]), (Floats{3, 1, 4, 2, 5}));
  EXPECT_EQ(csc->countBytes({3, 4}, 4, 5), 5u * 4 + 5 * 1 + 5 * 4);
  EXPECT_TRUE(areEqual(csc->unpack({3, 4}, 4, true, storage), example));
}

TEST(CscTest, IndicesNameRows) {
  auto csc = makeCsc({4, 1});
  EXPECT_EQ(csc->checkShape({256, 1000}), std::nullopt);
  EXPECT_EQ(csc->checkShape({257, 1000}),
            "rows must be at most 2^8 for indices of 1 bytes, got 257");
}

TEST(CscTest, StorageRules) {
  auto csc = makeCsc({4, 1});
  Storage storage = csc->pack(example);
  EXPECT_EQ(csc->checkStorage({3, 4}, 4, storage), std::nullopt);
  // One position a column, not a row.
  EXPECT_EQ(csc->checkStorage({4, 3}, 4, storage),
            "positions: expected 4 elements, found 5");
  storage[1] = makeBuffer(1, {2, 0, 3, 0, 2});
  EXPECT_EQ(csc->checkStorage({3, 4}, 4, storage),
            "indices[2]: expected less than 3, found 3");
  storage[1] = makeBuffer(1, {2, 0, 2, 2, 0});
  EXPECT_EQ(csc->checkStorage({3, 4}, 4, storage),
            "indices[4]: expected more than the index before it, 2, found 0");
}

} // namespace
