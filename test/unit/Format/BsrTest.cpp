//===- BsrTest.cpp - Tests of block compressed sparse rows ----------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layout, refusals and storage rules of BSR.
//
//===----------------------------------------------------------------------===//

#include "TestMatrices.h"

#include <gtest/gtest.h>

#include <limits>

using namespace spnn::format;
using namespace spnn::format::test;

namespace {

using Words = std::vector<uint64_t>;
using Floats = std::vector<float>;

const DenseMatrix example = makeFloats({4, 6}, {0, 0, 0, 1, 0, 0, //
                                                0, 0, 0, 0, 2, 0, //
                                                0, 0, 0, 0, 0, 0, //
                                                3, 0, 0, 0, 0, 0});

TEST(BsrTest, Layout) {
  auto bsr = makeBsr(2, 3, {4, 4});
  EXPECT_EQ(bsr->name(), "bsr2x3");
  ASSERT_EQ(bsr->checkPack(example), std::nullopt);
  Storage storage = bsr->pack(example);
  ASSERT_EQ(storage.size(), 3u);
  EXPECT_EQ(toVector(storage[0]), (Words{0, 1, 2}));
  EXPECT_EQ(toVector(storage[1]), (Words{1, 0}));
  EXPECT_EQ(toFloats(storage[2]), (Floats{1, 0, 0, 0, 2, 0, 0, 0, 0, 3, 0, 0}));
  EXPECT_EQ(bsr->countStoredValues(example), 12);
  EXPECT_EQ(bsr->countBytes({4, 6}, 4, 12), 3u * 4 + 2 * 4 + 12 * 4);
  EXPECT_TRUE(areEqual(bsr->unpack({4, 6}, 4, true, storage), example));
}

TEST(BsrTest, RefusesShapes) {
  auto bsr = makeBsr(4, 3, {8, 1});
  EXPECT_EQ(bsr->checkShape({10, 6}), "rows must be a multiple of 4, got 10");
  EXPECT_EQ(bsr->checkShape({8, 7}), "columns must be a multiple of 3, got 7");
  EXPECT_EQ(bsr->checkShape({0, 0}), std::nullopt);
  EXPECT_EQ(bsr->checkShape({4, 256 * 3}), std::nullopt);
  EXPECT_EQ(bsr->checkShape({4, 257 * 3}),
            "block columns must be at most 2^8 for indices of 1 bytes, got "
            "257");
}

TEST(BsrTest, RefusesParameters) {
  EXPECT_EQ(makeBsr(0, 4, {})->checkShape({4, 4}),
            "block rows must be in 1..2147483647, got 0");
  EXPECT_EQ(makeBsr(4, -1, {})->checkShape({4, 4}),
            "block columns must be in 1..2147483647, got -1");
  int64_t max = std::numeric_limits<int64_t>::max();
  EXPECT_NE(makeBsr(max, max, {})->checkShape({0, 0}), std::nullopt);
  // The other members must not divide by zero.
  EXPECT_EQ(makeBsr(0, 0, {})->buffers({4, 4}, 4).size(), 3u);
  EXPECT_NE(makeBsr(0, 0, {})->checkStorage({4, 4}, 4, {}), std::nullopt);
}

/// The problem of the example's storage with buffer `b` replaced.
std::optional<std::string> checkReplaced(size_t b, StorageBuffer buffer) {
  auto bsr = makeBsr(2, 3, {4, 4});
  Storage storage = bsr->pack(example);
  storage[b] = std::move(buffer);
  return bsr->checkStorage({4, 6}, 4, storage);
}

TEST(BsrTest, StorageRules) {
  EXPECT_EQ(checkReplaced(0, makeBuffer(4, {0, 1, 3})),
            "positions[2]: expected the number of indices, 2, found 3");
  EXPECT_EQ(checkReplaced(0, makeBuffer(4, {0, 1, 1, 1, 2})),
            "positions: expected 3 elements, found 5");
  EXPECT_EQ(checkReplaced(1, makeBuffer(4, {1, 2})),
            "indices[1]: expected less than 2, found 2");
  EXPECT_EQ(checkReplaced(2, makeFloatBuffer({1, 2, 3, 4, 5, 6})),
            "values: expected 12 elements, found 6");
  EXPECT_EQ(checkReplaced(0, makeBuffer(4, {0, 2, 2})),
            "indices[1]: expected more than the index before it, 1, found 0");
}

} // namespace
