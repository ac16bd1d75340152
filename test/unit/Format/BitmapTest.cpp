//===- BitmapTest.cpp - Tests of the bitmap format ------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layout and storage rules of the bitmap format.
//
//===----------------------------------------------------------------------===//

#include "TestMatrices.h"

#include <gtest/gtest.h>

using namespace spnn::format;
using namespace spnn::format::test;

namespace {

using Words = std::vector<uint64_t>;
using Floats = std::vector<float>;

/// 2 x 18, so that the second word of a row has a tail of two columns.
DenseMatrix makeExample() {
  DenseMatrix matrix = makeZeros({2, 18}, 1, false);
  matrix.element(0, 0)[0] = 1;
  matrix.element(0, 15)[0] = 2;
  matrix.element(0, 17)[0] = 3;
  matrix.element(1, 16)[0] = 4;
  return matrix;
}

TEST(BitmapTest, Layout) {
  auto bitmap = makeBitmap();
  EXPECT_EQ(bitmap->name(), "bitmap");
  ASSERT_EQ(bitmap->checkPack(makeExample()), std::nullopt);
  Storage storage = bitmap->pack(makeExample());
  ASSERT_EQ(storage.size(), 3u);
  EXPECT_EQ(toVector(storage[0]), (Words{0x8001, 0x2, 0, 0x1}));
  EXPECT_EQ(toVector(storage[1]), (Words{0, 3, 4}));
  EXPECT_EQ(toVector(storage[2]), (Words{1, 2, 3, 4}));
  EXPECT_EQ(bitmap->countStoredValues(makeExample()), 4);
  EXPECT_EQ(bitmap->countBytes({2, 18}, 1, 4), 4u * 2 + 3 * 4 + 4 * 1);
}

/// The problem of the example's storage with buffer `b` replaced.
std::optional<std::string> checkReplaced(size_t b, StorageBuffer buffer) {
  auto bitmap = makeBitmap();
  Storage storage = bitmap->pack(makeExample());
  storage[b] = std::move(buffer);
  return bitmap->checkStorage({2, 18}, 1, storage);
}

TEST(BitmapTest, StorageLengths) {
  EXPECT_EQ(checkReplaced(0, makeBuffer(2, {0x8001, 0x2, 0})),
            "bits: expected 4 elements, found 3");
  EXPECT_EQ(checkReplaced(0, makeBuffer(4, {0x8001, 0x2, 0, 1})),
            "bits: expected elements of 2 bytes, found 4");
  EXPECT_EQ(checkReplaced(1, makeBuffer(4, {0, 3})),
            "positions: expected 3 elements, found 2");
}

TEST(BitmapTest, StorageTailBits) {
  EXPECT_EQ(checkReplaced(0, makeBuffer(2, {0x8001, 0x4, 0, 0x1})),
            "bits[1]: expected no bit at or above bit 2, the last column, "
            "found 4");
}

TEST(BitmapTest, StorageCounts) {
  EXPECT_EQ(checkReplaced(0, makeBuffer(2, {0x8001, 0x3, 0, 0x0})),
            "positions[1]: expected the number of bits set in rows 0..0, 4, "
            "found 3");
  EXPECT_EQ(checkReplaced(0, makeBuffer(2, {0x8001, 0x2, 0xffff, 0x1})),
            "positions[2]: expected the number of bits set in rows 0..1, 20, "
            "found 4");
  EXPECT_EQ(checkReplaced(1, makeBuffer(4, {0, 3, 5})),
            "positions[2]: expected the number of values, 4, found 5");
  EXPECT_EQ(checkReplaced(1, makeBuffer(4, {0, 0xffffffff, 4})),
            "positions[2]: expected at least the position before it, "
            "4294967295, found 4");
  EXPECT_EQ(checkReplaced(2, makeBuffer(1, {1, 2, 3})),
            "positions[2]: expected the number of values, 3, found 4");
}

} // namespace
