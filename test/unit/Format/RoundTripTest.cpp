//===- RoundTripTest.cpp - Round trips over all formats -------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every format over seeded random matrices: unpack inverts pack, packed storage
// is valid, and corrupted storage is either reported or safe to unpack.
//
//===----------------------------------------------------------------------===//

#include "TestMatrices.h"

#include "spnn/Format/NmgPatterns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

using namespace spnn::format;
using namespace spnn::format::test;

namespace {

/// A format and what its matrices must obey.
struct Case {
  const char *name;
  std::unique_ptr<SparseFormat> (*make)();
  int64_t rowMultiple = 1, colMultiple = 1;
  int64_t n = 0; ///< of n:colMultiple, 0 if the format is not N:M
  Nmg nmg = {0, 0, 0}; ///< n = 0 if the format is not n:m:g
  bool isPattern = false; ///< what is stored is 1
};

void PrintTo(const Case &testCase, std::ostream *os) { *os << testCase.name; }

class RoundTripTest : public testing::TestWithParam<Case> {
protected:
  /// A random matrix whose extents are rounded up to what the format can hold.
  DenseMatrix makeMatrix(Shape shape, unsigned bytes, bool isFloat,
                         double density) {
    auto roundUp = [](int64_t x, int64_t to) { return (x + to - 1) / to * to; };
    shape = {roundUp(shape.rows, GetParam().rowMultiple),
             roundUp(shape.cols, GetParam().colMultiple)};
    DenseMatrix matrix = makeRandom(shape, bytes, isFloat, density, random);
    if (GetParam().n != 0)
      enforceNm(matrix, GetParam().n, GetParam().colMultiple);
    if (GetParam().nmg.n != 0)
      enforceNmg(matrix);
    if (GetParam().isPattern)
      enforceOnes(matrix);
    return matrix;
  }

  /// Makes each nonzero the bits of the integer 1.
  static void enforceOnes(DenseMatrix &matrix) {
    for (int64_t row = 0; row < matrix.shape.rows; ++row)
      for (int64_t col = 0; col < matrix.shape.cols; ++col)
        if (!matrix.isZero(row, col)) {
          std::fill_n(matrix.element(row, col), matrix.elementBytes, 0);
          *matrix.element(row, col) = 1;
        }
  }

  /// Sets to zero what a random order of patterns in each group does not keep.
  void enforceNmg(DenseMatrix &matrix) {
    const Nmg &nmg = GetParam().nmg;
    std::vector<uint32_t> order;
    for (uint32_t pattern : nmg.listPatterns())
      order.insert(order.end(), nmg.g, pattern);
    for (int64_t row = 0; row < matrix.shape.rows; row += nmg.m)
      for (int64_t col = 0; col < matrix.shape.cols; ++col) {
        if (col % nmg.groupCols() == 0)
          std::shuffle(order.begin(), order.end(), random);
        for (int64_t r = 0; r < nmg.m; ++r)
          if (!(order[col % nmg.groupCols()] >> r & 1))
            std::fill_n(matrix.element(row + r, col), matrix.elementBytes, 0);
      }
  }

  std::unique_ptr<SparseFormat> format = GetParam().make();
  std::mt19937 random{20260101};
};

TEST_P(RoundTripTest, UnpackInvertsPack) {
  for (Shape shape : {Shape{0, 0}, Shape{0, 7}, Shape{7, 0}, Shape{1, 1},
                      Shape{1, 17}, Shape{17, 1}, Shape{13, 31}, Shape{16, 16},
                      Shape{33, 48}, Shape{3, 65}, Shape{5, 15}})
    for (unsigned bytes : {1u, 2u, 4u, 8u})
      for (bool isFloat : {false, true})
        for (double density : {0.0, 0.05, 0.5, 0.95, 1.0}) {
          DenseMatrix matrix = makeMatrix(shape, bytes, isFloat, density);
          SCOPED_TRACE(testing::Message()
                       << matrix.shape.rows << " x " << matrix.shape.cols
                       << ", " << bytes << " bytes, density " << density);
          ASSERT_EQ(format->checkPack(matrix), std::nullopt);
          Storage storage = format->pack(matrix);
          ASSERT_EQ(format->checkStorage(matrix.shape, bytes, storage),
                    std::nullopt);
          ASSERT_TRUE(areEqual(
              format->unpack(matrix.shape, bytes, isFloat, storage), matrix));
        }
}

TEST_P(RoundTripTest, CountsAgreeWithStorage) {
  for (double density : {0.0, 0.3, 1.0}) {
    DenseMatrix matrix = makeMatrix({12, 40}, 4, true, density);
    Storage storage = format->pack(matrix);
    auto specs = format->buffers(matrix.shape, 4);
    ASSERT_EQ(storage.size(), specs.size());
    uint64_t bytes = 0;
    for (size_t i = 0; i < storage.size(); ++i) {
      EXPECT_EQ(storage[i].elementBytes, specs[i].elementBytes);
      if (specs[i].length)
        EXPECT_EQ(storage[i].size(), *specs[i].length);
      if (specs[i].kind == BufferKind::Values)
        EXPECT_EQ(storage[i].size(), format->countStoredValues(matrix));
      bytes += storage[i].data.size();
    }
    EXPECT_EQ(
        format->countBytes(matrix.shape, 4, format->countStoredValues(matrix)),
        bytes);
  }
}

/// Breaks one thing in `storage`, which is not empty.
void corrupt(Storage &storage, std::mt19937 &random) {
  StorageBuffer &buffer = storage[random() % storage.size()];
  auto pick = [&](int64_t size) {
    return static_cast<int64_t>(random() % size);
  };
  bool hasElements = buffer.elementBytes != 0 && buffer.elementBytes <= 8 &&
                     buffer.size() != 0;
  switch (random() % 8) {
  case 0: // a wrong number of buffers
    if (random() % 2)
      storage.pop_back();
    else
      storage.emplace_back();
    return;
  case 1: { // a wrong element size
    const unsigned sizes[] = {0, 1, 2, 4, 8, 0xffffffff};
    buffer.elementBytes = sizes[random() % 6];
    return;
  }
  case 2: // a wrong length
    buffer.data.resize(random() % (2 * buffer.data.size() + 2), 0xff);
    return;
  case 3: // a wrong bit
    if (!buffer.data.empty())
      buffer.data[pick(buffer.data.size())] ^= 1u << random() % 8;
    return;
  case 4: // a huge element
    if (hasElements)
      buffer.setUnsigned(pick(buffer.size()),
                         std::numeric_limits<uint64_t>::max());
    return;
  case 5: // two elements swapped
    if (hasElements) {
      int64_t i = pick(buffer.size()), j = pick(buffer.size());
      uint64_t atI = buffer.getUnsigned(i), atJ = buffer.getUnsigned(j);
      buffer.setUnsigned(i, atJ);
      buffer.setUnsigned(j, atI);
    }
    return;
  case 6: // an element off by one
    if (hasElements) {
      int64_t i = pick(buffer.size());
      buffer.setUnsigned(i, buffer.getUnsigned(i) + (random() % 2 ? 1 : -1));
    }
    return;
  default: // noise
    for (uint8_t &byte : buffer.data)
      byte = static_cast<uint8_t>(random());
    return;
  }
}

TEST_P(RoundTripTest, CorruptStorageIsReportedOrSafe) {
  int reported = 0, accepted = 0;
  for (int round = 0; round < 2000; ++round) {
    Shape shape{static_cast<int64_t>(random() % 12),
                static_cast<int64_t>(random() % 40)};
    unsigned bytes = 1u << random() % 4;
    DenseMatrix matrix = makeMatrix(shape, bytes, true, (random() % 11) / 10.0);
    Storage storage = format->pack(matrix);
    for (unsigned i = 0, e = 1 + random() % 3; i < e && !storage.empty(); ++i)
      corrupt(storage, random);
    if (auto problem = format->checkStorage(matrix.shape, bytes, storage)) {
      EXPECT_NE(problem->find("expected"), std::string::npos) << *problem;
      ++reported;
      continue;
    }
    // The sanitizers watch this.
    DenseMatrix unpacked = format->unpack(matrix.shape, bytes, true, storage);
    // What was accepted is a matrix that the format can hold.
    EXPECT_EQ(format->checkPack(unpacked), std::nullopt);
    ++accepted;
  }
  EXPECT_GT(reported, 500);
  EXPECT_GT(accepted, 50);
}

TEST_P(RoundTripTest, StorageOfAnotherShapeIsReportedOrSafe) {
  for (int round = 0; round < 500; ++round) {
    DenseMatrix matrix = makeMatrix({8, 32}, 4, true, 0.3);
    Storage storage = format->pack(matrix);
    Shape shape{static_cast<int64_t>(random() % 20),
                static_cast<int64_t>(random() % 64)};
    unsigned bytes = random() % 10;
    if (!format->checkStorage(shape, bytes, storage))
      format->unpack(shape, bytes, true, storage);
  }
}

const Case cases[] = {
    {"csr", [] { return makeCsr({4, 2}); }},
    {"csrWide", [] { return makeCsr({}); }},
    {"csc", [] { return makeCsc({4, 1}); }},
    {"cscWide", [] { return makeCsc({}); }},
    {"coo", [] { return makeCoo({8, 1}, false); }},
    {"cooSoa", [] { return makeCoo({4, 4}, true); }},
    {"bsr1x1", [] { return makeBsr(1, 1, {4, 4}); }},
    {"bsr4x1", [] { return makeBsr(4, 1, {4, 2}); }, 4, 1},
    {"bsr3x5", [] { return makeBsr(3, 5, {}); }, 3, 5},
    {"bsr16x16", [] { return makeBsr(16, 16, {4, 1}); }, 16, 16},
    {"nm1of1", [] { return makeNm(1, 1, {1, 1}); }, 1, 1, 1},
    {"nm2of4", [] { return makeNm(2, 4, {1, 1}); }, 1, 4, 2},
    {"nm1of7", [] { return makeNm(1, 7, {}); }, 1, 7, 1},
    {"nm8of8", [] { return makeNm(8, 8, {4, 4}); }, 1, 8, 8},
    {"nmg2of4by1", [] { return makeNmg({2, 4, 1}); }, 4, 6, 0, {2, 4, 1}},
    {"nmg1of3by4", [] { return makeNmg({1, 3, 4}); }, 3, 12, 0, {1, 3, 4}},
    {"nmg4of4by5", [] { return makeNmg({4, 4, 5}); }, 4, 5, 0, {4, 4, 5}},
    {"bitmap", [] { return makeBitmap(); }},
    {"adjacency", [] { return makeAdjacency(); }, 1, 1, 0, {0, 0, 0}, true},
};

INSTANTIATE_TEST_SUITE_P(AllFormats, RoundTripTest, testing::ValuesIn(cases),
                         [](const testing::TestParamInfo<Case> &info) {
                           return std::string(info.param.name);
                         });

} // namespace
