//===- CsrTest.cpp - Tests of compressed sparse rows ----------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layout, refusals and storage rules of CSR, and the base class over CSR.
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

constexpr IndexWidths narrow{4, 2};

const DenseMatrix example = makeFloats({3, 4}, {0, 1, 0, 2, //
                                                0, 0, 0, 0, //
                                                3, 0, 4, 5});

/// Valid storage of `example`.
Storage makeStorage() {
  return {makeBuffer(4, {0, 2, 2, 5}), makeBuffer(2, {1, 3, 0, 2, 3}),
          makeFloatBuffer({1, 2, 3, 4, 5})};
}

TEST(CsrTest, Layout) {
  auto csr = makeCsr(narrow);
  EXPECT_EQ(csr->name(), "csr");
  ASSERT_EQ(csr->checkPack(example), std::nullopt);
  Storage storage = csr->pack(example);
  ASSERT_EQ(storage.size(), 3u);
  EXPECT_EQ(toVector(storage[0]), (Words{0, 2, 2, 5}));
  EXPECT_EQ(toVector(storage[1]), (Words{1, 3, 0, 2, 3}));
  EXPECT_EQ(toFloats(storage[2]), (Floats{1, 2, 3, 4, 5}));
  EXPECT_EQ(storage[0].elementBytes, 4u);
  EXPECT_EQ(storage[1].elementBytes, 2u);
  EXPECT_EQ(csr->countStoredValues(example), 5);
  EXPECT_EQ(csr->countBytes({3, 4}, 4, 5), 4u * 4 + 5 * 2 + 5 * 4);
}

TEST(CsrTest, BufferSpecs) {
  auto specs = makeCsr({})->buffers({3, 4}, 2);
  ASSERT_EQ(specs.size(), 3u);
  EXPECT_EQ(specs[0].name, "positions");
  EXPECT_EQ(specs[0].kind, BufferKind::Positions);
  EXPECT_EQ(specs[0].elementBytes, 8u);
  EXPECT_EQ(specs[0].length, 4);
  EXPECT_EQ(specs[1].kind, BufferKind::Indices);
  EXPECT_EQ(specs[1].length, std::nullopt);
  EXPECT_EQ(specs[2].kind, BufferKind::Values);
  EXPECT_EQ(specs[2].elementBytes, 2u);
}

TEST(CsrTest, ZeroIsWhatComparesEqualToZero) {
  float nan = std::numeric_limits<float>::quiet_NaN();
  float tiny = std::numeric_limits<float>::denorm_min();
  DenseMatrix matrix = makeFloats({1, 4}, {-0.0f, nan, tiny, 0.0f});
  EXPECT_EQ(toVector(makeCsr({})->pack(matrix)[1]), (Words{1, 2}));
  // The same bits as integers: only +0 is zero.
  matrix.isFloat = false;
  EXPECT_EQ(toVector(makeCsr({})->pack(matrix)[1]), (Words{0, 1, 2}));
}

TEST(CsrTest, HalfPrecisionZero) {
  DenseMatrix matrix = makeZeros({1, 3}, 2);
  matrix.element(0, 0)[1] = 0x80; // -0.0
  matrix.element(0, 1)[0] = 0x01; // the smallest subnormal
  matrix.element(0, 2)[1] = 0xfe; // NaN, sign set
  EXPECT_EQ(toVector(makeCsr({})->pack(matrix)[1]), (Words{1, 2}));
}

TEST(CsrTest, RefusesExtents) {
  auto csr = makeCsr({8, 1});
  EXPECT_EQ(csr->checkShape({256, 256}), std::nullopt);
  EXPECT_EQ(csr->checkShape({1000, 256}), std::nullopt);
  EXPECT_EQ(csr->checkShape({0, 0}), std::nullopt);
  EXPECT_EQ(csr->checkShape({1, 257}),
            "columns must be at most 2^8 for indices of 1 bytes, got 257");
  EXPECT_EQ(csr->checkShape({-1, 4}), "rows must not be negative, got -1");
  EXPECT_EQ(csr->checkShape({4, -2}), "columns must not be negative, got -2");
  int64_t max = std::numeric_limits<int64_t>::max();
  EXPECT_NE(makeCsr({})->checkShape({max, 0}), std::nullopt);
  EXPECT_NE(makeCsr({})->checkShape({0, max}), std::nullopt);
  EXPECT_NE(makeCsr({})->checkShape({int64_t(1) << 31, int64_t(1) << 31}),
            std::nullopt);
}

TEST(CsrTest, RefusesWidths) {
  EXPECT_EQ(makeCsr({3, 4})->checkShape({1, 1}),
            "position width must be 1, 2, 4 or 8 bytes, got 3");
  EXPECT_EQ(makeCsr({4, 0})->checkShape({1, 1}),
            "index width must be 1, 2, 4 or 8 bytes, got 0");
}

TEST(CsrTest, RefusesMoreEntriesThanPositionsCount) {
  DenseMatrix matrix = makeZeros({2, 128}, 1, false);
  std::fill(matrix.data.begin(), matrix.data.end(), 1);
  EXPECT_EQ(makeCsr({1, 1})->checkPack(matrix),
            "stored entries must be at most 255 for positions of 1 bytes, "
            "got 256");
  matrix.data[0] = 0;
  EXPECT_EQ(makeCsr({1, 1})->checkPack(matrix), std::nullopt);
}

TEST(CsrTest, RefusesMalformedMatrix) {
  DenseMatrix matrix = makeZeros({2, 3});
  matrix.data.pop_back();
  EXPECT_EQ(makeCsr({})->checkPack(matrix),
            "matrix data: expected 24 bytes, found 23");
  matrix.elementBytes = 5;
  EXPECT_EQ(makeCsr({})->checkPack(matrix),
            "element size must be 1, 2, 4 or 8 bytes, got 5");
}

TEST(CsrTest, AcceptsValidStorage) {
  auto csr = makeCsr(narrow);
  EXPECT_EQ(csr->checkStorage({3, 4}, 4, makeStorage()), std::nullopt);
  EXPECT_TRUE(areEqual(csr->unpack({3, 4}, 4, true, makeStorage()), example));
}

TEST(CsrTest, AcceptsExplicitZeros) {
  Storage storage = makeStorage();
  storage[2] = makeFloatBuffer({1, 0, 3, -0.0f, 5});
  EXPECT_EQ(makeCsr(narrow)->checkStorage({3, 4}, 4, storage), std::nullopt);
}

/// The problem of storage in which buffer `b` was replaced.
std::optional<std::string> checkReplaced(size_t b, StorageBuffer buffer) {
  Storage storage = makeStorage();
  storage[b] = std::move(buffer);
  return makeCsr(narrow)->checkStorage({3, 4}, 4, storage);
}

TEST(CsrTest, StorageBufferCount) {
  Storage storage = makeStorage();
  storage.pop_back();
  EXPECT_EQ(makeCsr(narrow)->checkStorage({3, 4}, 4, storage),
            "storage: expected 3 buffers, found 2");
  EXPECT_EQ(makeCsr(narrow)->checkStorage({3, 4}, 4, {}),
            "storage: expected 3 buffers, found 0");
}

TEST(CsrTest, StorageElementSizes) {
  EXPECT_EQ(checkReplaced(0, makeBuffer(8, {0, 2, 2, 5})),
            "positions: expected elements of 4 bytes, found 8");
  StorageBuffer zeroSized = makeBuffer(2, {1, 3, 0, 2, 3});
  zeroSized.elementBytes = 0;
  EXPECT_EQ(checkReplaced(1, zeroSized),
            "indices: expected elements of 2 bytes, found 0");
  StorageBuffer ragged = makeBuffer(2, {1, 3, 0, 2, 3});
  ragged.data.pop_back();
  EXPECT_EQ(checkReplaced(1, ragged),
            "indices: expected a multiple of 2 bytes, found 9");
  EXPECT_EQ(makeCsr(narrow)->checkStorage({3, 4}, 3, makeStorage()),
            "value size must be 1, 2, 4 or 8 bytes, got 3");
}

TEST(CsrTest, StorageLengths) {
  EXPECT_EQ(checkReplaced(0, makeBuffer(4, {0, 2, 5})),
            "positions: expected 4 elements, found 3");
  EXPECT_EQ(checkReplaced(0, makeBuffer(4, {})),
            "positions: expected 4 elements, found 0");
  EXPECT_EQ(checkReplaced(2, makeFloatBuffer({1, 2, 3, 4})),
            "values: expected 5 elements, found 4");
}

TEST(CsrTest, StoragePositions) {
  EXPECT_EQ(checkReplaced(0, makeBuffer(4, {1, 2, 2, 5})),
            "positions[0]: expected 0, found 1");
  EXPECT_EQ(checkReplaced(0, makeBuffer(4, {0, 3, 2, 5})),
            "positions[2]: expected at least the position before it, 3, "
            "found 2");
  EXPECT_EQ(checkReplaced(0, makeBuffer(4, {0, 2, 2, 4})),
            "positions[3]: expected the number of indices, 5, found 4");
  EXPECT_EQ(checkReplaced(0, makeBuffer(4, {0, 2, 2, 0xffffffff})),
            "positions[3]: expected the number of indices, 5, found "
            "4294967295");
  EXPECT_EQ(checkReplaced(0, makeBuffer(4, {0, 0xfffffff0, 2, 5})),
            "positions[2]: expected at least the position before it, "
            "4294967280, found 2");
}

TEST(CsrTest, StorageIndices) {
  EXPECT_EQ(checkReplaced(1, makeBuffer(2, {1, 4, 0, 2, 3})),
            "indices[1]: expected less than 4, found 4");
  EXPECT_EQ(checkReplaced(1, makeBuffer(2, {1, 3, 0, 0xffff, 3})),
            "indices[3]: expected less than 4, found 65535");
  EXPECT_EQ(checkReplaced(1, makeBuffer(2, {1, 3, 2, 2, 3})),
            "indices[3]: expected more than the index before it, 2, found 2");
  EXPECT_EQ(checkReplaced(1, makeBuffer(2, {3, 1, 0, 2, 3})),
            "indices[1]: expected more than the index before it, 3, found 1");
}

TEST(CsrTest, StorageWithoutColumns) {
  Storage storage{makeBuffer(4, {0, 1}), makeBuffer(2, {0}),
                  makeFloatBuffer({1})};
  EXPECT_EQ(makeCsr(narrow)->checkStorage({1, 0}, 4, storage),
            "indices[0]: expected less than 0, found 0");
}

TEST(CsrTest, HugePositionsOfEightBytes) {
  Storage storage{makeBuffer(8, {0, ~uint64_t(0)}), makeBuffer(8, {}),
                  makeFloatBuffer({})};
  EXPECT_EQ(makeCsr({})->checkStorage({1, 4}, 4, storage),
            "positions[1]: expected the number of indices, 0, found "
            "18446744073709551615");
}

} // namespace
