//===- AdjacencyTest.cpp - Tests of the structure of graphs ---------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layout, refusals and storage rules of adjacency, compressed rows without
// values.
//
//===----------------------------------------------------------------------===//

#include "TestMatrices.h"

#include <gtest/gtest.h>


using namespace spnn::format;
using namespace spnn::format::test;

namespace {

using Words = std::vector<uint64_t>;

/// A matrix of i1, a byte each.
DenseMatrix makeBits(Shape shape, std::initializer_list<uint8_t> data) {
  DenseMatrix matrix = makeZeros(shape, 1, /*isFloat=*/false);
  matrix.data.assign(data.begin(), data.end());
  return matrix;
}

const DenseMatrix example = makeBits({3, 4}, {0, 1, 0, 1, //
                                              0, 0, 0, 0, //
                                              1, 0, 1, 1});

Storage makeStorage() {
  return {makeBuffer(4, {0, 2, 2, 5}), makeBuffer(4, {1, 3, 0, 2, 3})};
}

TEST(AdjacencyTest, Layout) {
  auto adjacency = makeAdjacency();
  EXPECT_EQ(adjacency->name(), "adjacency");
  ASSERT_EQ(adjacency->checkPack(example), std::nullopt);
  Storage storage = adjacency->pack(example);
  ASSERT_EQ(storage.size(), 2u);
  EXPECT_EQ(toVector(storage[0]), (Words{0, 2, 2, 5}));
  EXPECT_EQ(toVector(storage[1]), (Words{1, 3, 0, 2, 3}));
  EXPECT_EQ(storage[0].elementBytes, 4u);
  EXPECT_EQ(storage[1].elementBytes, 4u);
  EXPECT_EQ(adjacency->countStoredValues(example), 5);
  // An edge costs four bytes, whatever the element type.
  EXPECT_EQ(adjacency->countBytes({3, 4}, 1, 5), 4u * 4 + 5 * 4);
  EXPECT_EQ(adjacency->countBytes({3, 4}, 8, 5), 4u * 4 + 5 * 4);
}

TEST(AdjacencyTest, BufferSpecs) {
  auto specs = makeAdjacency()->buffers({3, 4}, 1);
  ASSERT_EQ(specs.size(), 2u);
  EXPECT_EQ(specs[0].name, "positions");
  EXPECT_EQ(specs[0].kind, BufferKind::Positions);
  EXPECT_EQ(specs[0].length, 4);
  EXPECT_EQ(specs[1].name, "indices");
  EXPECT_EQ(specs[1].kind, BufferKind::Indices);
  EXPECT_EQ(specs[1].length, std::nullopt);
}

TEST(AdjacencyTest, UnpacksOnes) {
  auto adjacency = makeAdjacency();
  ASSERT_EQ(adjacency->checkStorage({3, 4}, 1, makeStorage()), std::nullopt);
  EXPECT_TRUE(
      areEqual(adjacency->unpack({3, 4}, 1, false, makeStorage()), example));
}

TEST(AdjacencyTest, GraphsWithoutRowsColumnsOrEdges) {
  struct {
    Shape shape;
    Words positions;
  } const kCases[] = {{{0, 0}, {0}},
                      {{0, 5}, {0}},
                      {{2, 0}, {0, 0, 0}},
                      {{1, 1}, {0, 0}},
                      {{3, 4}, {0, 0, 0, 0}}};
  auto adjacency = makeAdjacency();
  for (const auto &[shape, positions] : kCases) {
    SCOPED_TRACE(testing::Message() << shape.rows << " x " << shape.cols);
    DenseMatrix matrix = makeZeros(shape, 1, false);
    ASSERT_EQ(adjacency->checkPack(matrix), std::nullopt);
    Storage storage = adjacency->pack(matrix);
    EXPECT_EQ(toVector(storage[0]), positions);
    EXPECT_EQ(toVector(storage[1]), Words());
    ASSERT_EQ(adjacency->checkStorage(shape, 1, storage), std::nullopt);
    EXPECT_TRUE(areEqual(adjacency->unpack(shape, 1, false, storage), matrix));
  }
}

TEST(AdjacencyTest, OneNodeWithAnEdgeToItself) {
  Storage storage = makeAdjacency()->pack(makeBits({1, 1}, {1}));
  EXPECT_EQ(toVector(storage[0]), (Words{0, 1}));
  EXPECT_EQ(toVector(storage[1]), (Words{0}));
}

TEST(AdjacencyTest, RefusesExtents) {
  auto adjacency = makeAdjacency();
  EXPECT_EQ(adjacency->checkShape({-1, 4}),
            "rows must not be negative, got -1");
  EXPECT_EQ(adjacency->checkShape({4, -2}),
            "columns must not be negative, got -2");
  int64_t most = int64_t(1) << 32;
  EXPECT_EQ(adjacency->checkShape({1, most}), std::nullopt);
  EXPECT_EQ(
      adjacency->checkShape({1, most + 1}),
      "columns must be at most 2^32 for indices of 4 bytes, got 4294967297");
}

/// The problem of storage in which buffer `b` was replaced.
std::optional<std::string> checkReplaced(size_t b, StorageBuffer buffer) {
  Storage storage = makeStorage();
  storage[b] = std::move(buffer);
  return makeAdjacency()->checkStorage({3, 4}, 1, storage);
}

TEST(AdjacencyTest, StorageBuffers) {
  Storage storage = makeStorage();
  storage.push_back(makeBuffer(1, {1, 1, 1, 1, 1}));
  EXPECT_EQ(makeAdjacency()->checkStorage({3, 4}, 1, storage),
            "storage: expected 2 buffers, found 3");
  storage.resize(1);
  EXPECT_EQ(makeAdjacency()->checkStorage({3, 4}, 1, storage),
            "storage: expected 2 buffers, found 1");
  EXPECT_EQ(makeAdjacency()->checkStorage({3, 4}, 0, makeStorage()),
            "value size must be 1, 2, 4 or 8 bytes, got 0");
  EXPECT_EQ(checkReplaced(0, makeBuffer(8, {0, 2, 2, 5})),
            "positions: expected elements of 4 bytes, found 8");
  EXPECT_EQ(checkReplaced(0, makeBuffer(4, {0, 2, 5})),
            "positions: expected 4 elements, found 3");
}

TEST(AdjacencyTest, StoragePositions) {
  EXPECT_EQ(checkReplaced(0, makeBuffer(4, {1, 2, 2, 5})),
            "positions[0]: expected 0, found 1");
  EXPECT_EQ(checkReplaced(0, makeBuffer(4, {0, 3, 2, 5})),
            "positions[2]: expected at least the position before it, 3, "
            "found 2");
  EXPECT_EQ(checkReplaced(0, makeBuffer(4, {0, 2, 2, 4})),
            "positions[3]: expected the number of indices, 5, found 4");
}

TEST(AdjacencyTest, StorageIndices) {
  // Out of range, unsorted, an edge twice; the same columns in two rows are
  // fine.
  EXPECT_EQ(checkReplaced(1, makeBuffer(4, {1, 4, 0, 2, 3})),
            "indices[1]: expected less than 4, found 4");
  EXPECT_EQ(checkReplaced(1, makeBuffer(4, {1, 3, 0, 0xffffffff, 3})),
            "indices[3]: expected less than 4, found 4294967295");
  EXPECT_EQ(checkReplaced(1, makeBuffer(4, {3, 1, 0, 2, 3})),
            "indices[1]: expected more than the index before it, 3, found 1");
  EXPECT_EQ(checkReplaced(1, makeBuffer(4, {1, 3, 2, 2, 3})),
            "indices[3]: expected more than the index before it, 2, found 2");
  EXPECT_EQ(checkReplaced(1, makeBuffer(4, {0, 3, 0, 1, 3})), std::nullopt);
}

TEST(AdjacencyTest, StorageWithoutColumns) {
  EXPECT_EQ(makeAdjacency()->checkStorage(
                {1, 0}, 1, {makeBuffer(4, {0, 1}), makeBuffer(4, {0})}),
            "indices[0]: expected less than 0, found 0");
}

} // namespace
