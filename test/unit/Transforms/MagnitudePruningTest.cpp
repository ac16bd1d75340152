//===- MagnitudePruningTest.cpp - Tests of magnitude pruning --------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Masks of known matrices, of random ones against sorting, and refusals.
//
//===----------------------------------------------------------------------===//

#include "spnn/Transforms/MagnitudePruning.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

using namespace spnn;
using namespace spnn::pruning;
using format::DenseMatrix;
using format::FloatType;

namespace {

using Mask = std::vector<uint8_t>;

template <typename Element>
DenseMatrix makeMatrix(format::Shape shape, std::vector<Element> values) {
  DenseMatrix matrix;
  matrix.shape = shape;
  matrix.elementBytes = sizeof(Element);
  matrix.data.resize(values.size() * sizeof(Element));
  if (!values.empty())
    std::memcpy(matrix.data.data(), values.data(), matrix.data.size());
  return matrix;
}

/// The mask of a matrix of floats or doubles; expects no problem.
template <typename Element>
Mask prune(format::Shape shape, std::vector<Element> values, double sparsity,
           Granularity granularity = {}) {
  DenseMatrix matrix = makeMatrix(shape, std::move(values));
  KeepMask mask;
  EXPECT_EQ(pruneByMagnitude({&matrix, *format::getIeeeType(sizeof(Element))},
                             sparsity, granularity, mask),
            std::nullopt);
  return mask.keep;
}

TEST(MagnitudePruningTest, KeepsTheLargest) {
  std::vector<float> values{1, -4, 0, 3, -2, 0.5f};
  EXPECT_EQ(prune({2, 3}, values, 0.5), (Mask{0, 1, 0, 1, 1, 0}));
  EXPECT_EQ(prune({2, 3}, values, 0), (Mask{1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(prune({2, 3}, values, 1), (Mask{0, 0, 0, 0, 0, 0}));
}

TEST(MagnitudePruningTest, CountIsExactAndTiesGoByIndex) {
  EXPECT_EQ(prune<float>({1, 6}, {1, -1, 1, -1, 1, 1}, 0.5),
            (Mask{1, 1, 1, 0, 0, 0}));
  // 0.3 of 5 is 1.5, which rounds to 2.
  EXPECT_EQ(prune<float>({1, 5}, {0, 0, 0, 0, 0}, 0.3), (Mask{1, 1, 1, 0, 0}));
  EXPECT_EQ(prune<float>({1, 3}, {0.0f, -0.0f, 1}, 1.0 / 3), (Mask{1, 0, 1}));
}

TEST(MagnitudePruningTest, InfinitiesAreLargest) {
  double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(prune<double>({1, 3}, {1e308, -infinity, 1}, 2.0 / 3),
            (Mask{0, 1, 0}));
}

TEST(MagnitudePruningTest, EmptyMatrices) {
  EXPECT_EQ(prune<float>({0, 4}, {}, 0.5), Mask{});
  EXPECT_EQ(prune<float>({4, 0}, {}, 1), Mask{});
  std::vector<KeepMask> masks(3);
  EXPECT_EQ(pruneGlobally({}, 0.5, {}, masks), std::nullopt);
  EXPECT_TRUE(masks.empty());
}

TEST(MagnitudePruningTest, NormDecidesBetweenBlocks) {
  // L1: 4 against 3.5; L2 squared: 8 against 12.25.
  std::vector<float> values{2, 2, 0, 3.5f};
  EXPECT_EQ(prune({1, 4}, values, 0.5, {1, 2, BlockNorm::L1}),
            (Mask{1, 1, 0, 0}));
  EXPECT_EQ(prune({1, 4}, values, 0.5, {1, 2, BlockNorm::L2}),
            (Mask{0, 0, 1, 1}));
}

TEST(MagnitudePruningTest, CutBlocks) {
  // Blocks of 2 x 2 with norms 4, 5 and, cut, 2, 1 (twice the columns).
  EXPECT_EQ(prune<float>({3, 3},
                         {1, 1, 5, //
                          1, 1, 0, //
                          1, 1, 1},
                         0.5, {2, 2, BlockNorm::L1}),
            (Mask{1, 1, 1, //
                  1, 1, 1, //
                  0, 0, 0}));
  // A block larger than the matrix is the matrix.
  EXPECT_EQ(prune<float>({1, 2}, {1, 2}, 1,
                         {int64_t(1) << 62, int64_t(1) << 62, BlockNorm::L2}),
            (Mask{0, 0}));
}

TEST(MagnitudePruningTest, ExtremeWeightsNeitherOverflowNorVanish) {
  EXPECT_EQ(prune<double>({1, 4}, {1e300, 1e300, 1e300, 2e300}, 0.5,
                          {1, 2, BlockNorm::L2}),
            (Mask{0, 0, 1, 1}));
  EXPECT_EQ(prune<double>({1, 4}, {1e-300, 1e-300, 1e-300, 2e-300}, 0.5,
                          {1, 2, BlockNorm::L2}),
            (Mask{0, 0, 1, 1}));
}

TEST(MagnitudePruningTest, SixteenBitWeights) {
  // 1.0, -2.0 and the smallest subnormal in half precision.
  DenseMatrix half = makeMatrix<uint16_t>({1, 3}, {0x3c00, 0xc000, 0x0001});
  KeepMask mask;
  ASSERT_EQ(pruneByMagnitude({&half, FloatType::F16}, 2.0 / 3, {}, mask),
            std::nullopt);
  EXPECT_EQ(mask.keep, (Mask{0, 1, 0}));
  // As bfloat16 the order is the same, but 0x7f00 is finite.
  DenseMatrix brain = makeMatrix<uint16_t>({1, 2}, {0x3f80, 0x7f00});
  ASSERT_EQ(pruneToNm({&brain, FloatType::BF16}, 1, 2, mask), std::nullopt);
  EXPECT_EQ(mask.keep, (Mask{0, 1}));
  EXPECT_NE(pruneToNm({&brain, FloatType::F16}, 1, 2, mask), std::nullopt);
}

TEST(MagnitudePruningTest, GlobalThreshold) {
  DenseMatrix large = makeMatrix<float>({1, 3}, {10, 20, 1});
  DenseMatrix small = makeMatrix<double>({2, 2}, {1, 2, 3, 1});
  std::vector<KeepMask> masks;
  ASSERT_EQ(pruneGlobally({{&large, FloatType::F32}, {&small, FloatType::F64}},
                          4.0 / 7, {}, masks),
            std::nullopt);
  ASSERT_EQ(masks.size(), 2u);
  // The three ones go, and the 2; a per-matrix threshold would differ.
  EXPECT_EQ(masks[0].keep, (Mask{1, 1, 0}));
  EXPECT_EQ(masks[1].keep, (Mask{0, 0, 1, 0}));
  // Of equal magnitudes the first matrix keeps its own.
  ASSERT_EQ(pruneGlobally({{&large, FloatType::F32}, {&small, FloatType::F64}},
                          2.0 / 7, {}, masks),
            std::nullopt);
  EXPECT_EQ(masks[0].keep, (Mask{1, 1, 1}));
  EXPECT_EQ(masks[1].keep, (Mask{0, 1, 1, 0}));
}

TEST(MagnitudePruningTest, NmKeepsTheLargestOfEveryGroup) {
  DenseMatrix matrix = makeMatrix<float>({2, 6}, {1, -2, 3, 4, 5, 6, //
                                                  1, 1, 1, 1, 0, 0});
  KeepMask mask;
  ASSERT_EQ(pruneToNm({&matrix, FloatType::F32}, 2, 4, mask), std::nullopt);
  EXPECT_EQ(mask.keep, (Mask{0, 0, 1, 1, 1, 1, //
                             1, 1, 0, 0, 1, 1}));
  EXPECT_EQ(mask.countKept(), 8);
  applyMask(mask, matrix);
  EXPECT_TRUE(matrix.isZero(0, 0));
  EXPECT_FALSE(matrix.isZero(0, 2));
  ASSERT_EQ(pruneToNm({&matrix, FloatType::F32}, 1, 5, mask), std::nullopt);
  EXPECT_EQ(mask.keep, (Mask{0, 0, 0, 0, 1, 1, //
                             1, 0, 0, 0, 0, 1}));
}

TEST(MagnitudePruningTest, NmgExchangesPatterns) {
  // Greedily column 0 takes the first row and column 1 what is left, which keeps 10 + 1; the other way round is 9 + 9.
  DenseMatrix matrix = makeMatrix<float>({2, 2}, {10, -9, //
                                                  9, 1});
  KeepMask mask;
  ASSERT_EQ(pruneToNmg({&matrix, FloatType::F32}, {1, 2, 1}, mask), std::nullopt);
  EXPECT_EQ(mask.keep, (Mask{0, 1, 1, 0}));
  EXPECT_EQ(pruneToNmg({&matrix, FloatType::F32}, {1, 2, 2}, mask),
            "columns must be a multiple of 4, a group of 1:2:2, got 2");
  EXPECT_EQ(pruneToNmg({&matrix, FloatType::F32}, {3, 2, 1}, mask),
            "n:m:g must satisfy 1 <= n <= m <= 16, got 3:2:1");
}

// What is kept can be stored as n:m:g, and is never less than any one order of the patterns keeps.
TEST(MagnitudePruningTest, NmgFits) {
  std::mt19937 random(5);
  std::normal_distribution<float> value;
  for (format::Nmg nmg : {format::Nmg{2, 4, 4}, format::Nmg{1, 3, 2}, format::Nmg{3, 3, 2}, format::Nmg{3, 6, 30}}) {
    format::Shape shape{2 * nmg.m, 2 * nmg.groupCols()};
    std::vector<float> values(shape.rows * shape.cols);
    for (float &v : values)
      v = value(random);
    DenseMatrix matrix = makeMatrix<float>(shape, values);
    KeepMask mask;
    ASSERT_EQ(pruneToNmg({&matrix, FloatType::F32}, nmg, mask), std::nullopt);
    EXPECT_EQ(mask.countKept(), shape.rows * shape.cols * nmg.n / nmg.m);
    double kept = 0, ordered = 0;
    std::vector<uint32_t> patterns = nmg.listPatterns();
    for (int64_t row = 0; row < shape.rows; ++row)
      for (int64_t col = 0; col < shape.cols; ++col) {
        double magnitude = std::abs(values[row * shape.cols + col]);
        kept += mask.isKept(row, col) ? magnitude : 0;
        ordered += patterns[col % nmg.groupCols() / nmg.g] >> (row % nmg.m) & 1 ? magnitude : 0;
      }
    EXPECT_TRUE(nmg.n == nmg.m ? std::abs(kept - ordered) < 1e-6 : kept > 1.1 * ordered) << kept << " " << ordered;
    applyMask(mask, matrix);
    EXPECT_EQ(format::makeNmg(nmg)->checkPack(matrix), std::nullopt);
  }
}

TEST(MagnitudePruningTest, RefusesNan) {
  float nan = std::numeric_limits<float>::quiet_NaN();
  DenseMatrix good = makeMatrix<float>({2, 2}, {1, 2, 3, 4});
  DenseMatrix bad = makeMatrix<float>({2, 2}, {1, 2, nan, 4});
  KeepMask mask;
  std::vector<KeepMask> masks;
  EXPECT_EQ(pruneByMagnitude({&bad, FloatType::F32}, 0.5, {}, mask),
            "row 1, column 0: the weight is NaN");
  EXPECT_EQ(pruneToNm({&bad, FloatType::F32}, 1, 2, mask),
            "row 1, column 0: the weight is NaN");
  EXPECT_EQ(pruneGlobally({{&good, FloatType::F32}, {&bad, FloatType::F32}},
                          0.5, {}, masks),
            "matrix 1, row 1, column 0: the weight is NaN");
}

TEST(MagnitudePruningTest, RefusesArguments) {
  DenseMatrix matrix = makeMatrix<float>({2, 2}, {1, 2, 3, 4});
  Weights weights{&matrix, FloatType::F32};
  KeepMask mask;
  EXPECT_EQ(pruneByMagnitude(weights, 1.5, {}, mask),
            "sparsity must be in 0..1, got 1.500000");
  EXPECT_NE(pruneByMagnitude(weights, std::nan(""), {}, mask), std::nullopt);
  EXPECT_EQ(pruneByMagnitude(weights, 0.5, {0, 4, BlockNorm::L1}, mask),
            "block extents must be positive, got 0 x 4");
  EXPECT_EQ(pruneToNm(weights, 0, 4, mask),
            "n:m must satisfy 1 <= n <= m, got 0:4");
  EXPECT_EQ(pruneToNm(weights, 5, 4, mask),
            "n:m must satisfy 1 <= n <= m, got 5:4");
  EXPECT_EQ(pruneToNm({&matrix, FloatType::F64}, 2, 4, mask),
            "elements: expected 8 bytes, found 4");
  matrix.shape = {3, 2};
  EXPECT_EQ(pruneToNm(weights, 2, 4, mask),
            "data: expected 3 x 2 elements of 4 bytes, found 16 bytes");
  matrix.shape = {int64_t(1) << 62, 4}; // 2^64 elements
  EXPECT_NE(pruneToNm(weights, 2, 4, mask), std::nullopt);
}

/// A block with its norm, found by adding every weight to the block it lies in.
struct OracleBlock {
  double norm;
  int64_t index;
};

/// Small integers, so that ties are frequent and sums are exact.
std::vector<float> makeIntegers(int64_t count, std::mt19937 &random) {
  std::vector<float> values(count);
  for (float &value : values)
    value = static_cast<float>(static_cast<int>(random() % 9) - 4);
  return values;
}

TEST(MagnitudePruningTest, BlocksAgreeWithSorting) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    int64_t rows = random() % 14, cols = random() % 14;
    Granularity granularity{static_cast<int64_t>(1 + random() % 4),
                            static_cast<int64_t>(1 + random() % 4),
                            random() % 2 ? BlockNorm::L1 : BlockNorm::L2};
    std::vector<float> values = makeIntegers(rows * cols, random);
    double sparsity = static_cast<double>(random() % 11) / 10;

    int64_t gridCols =
        (cols + granularity.blockCols - 1) / granularity.blockCols;
    int64_t gridRows =
        (rows + granularity.blockRows - 1) / granularity.blockRows;
    auto blockOf = [&](int64_t i) {
      return i / cols / granularity.blockRows * gridCols +
             i % cols / granularity.blockCols;
    };
    std::vector<OracleBlock> blocks(gridRows * gridCols);
    for (size_t b = 0; b < blocks.size(); ++b)
      blocks[b] = {0, static_cast<int64_t>(b)};
    for (int64_t i = 0; i < rows * cols; ++i)
      blocks[blockOf(i)].norm += granularity.norm == BlockNorm::L1
                                     ? std::abs(values[i])
                                     : values[i] * values[i];
    std::sort(blocks.begin(), blocks.end(), [](OracleBlock a, OracleBlock b) {
      return a.norm != b.norm ? a.norm > b.norm : a.index < b.index;
    });
    int64_t kept = static_cast<int64_t>(blocks.size()) -
                   std::llround(sparsity * static_cast<double>(blocks.size()));
    Mask blockKept(blocks.size());
    for (int64_t b = 0; b < kept; ++b)
      blockKept[blocks[b].index] = 1;
    Mask expected(rows * cols);
    for (int64_t i = 0; i < rows * cols; ++i)
      expected[i] = blockKept[blockOf(i)];
    EXPECT_EQ(prune({rows, cols}, values, sparsity, granularity), expected)
        << rows << " x " << cols << " in " << granularity.blockRows << " x "
        << granularity.blockCols << " at " << sparsity;
  }
}

/// Tries every subset of a group: none of the right size keeps more.
TEST(MagnitudePruningTest, NmAgreesWithAllSubsets) {
  std::mt19937 random(12);
  for (int round = 0; round < 300; ++round) {
    int64_t cols = 1 + random() % 8;
    int64_t m = 1 + random() % 8, n = 1 + random() % m;
    std::vector<float> values = makeIntegers(cols, random);
    DenseMatrix matrix = makeMatrix({1, cols}, values);
    KeepMask mask;
    ASSERT_EQ(pruneToNm({&matrix, FloatType::F32}, n, m, mask), std::nullopt);
    for (int64_t begin = 0; begin < cols; begin += m) {
      int64_t size = std::min(m, cols - begin);
      int64_t count = std::min(n, size);
      auto getSum = [&](unsigned subset) {
        float sum = 0;
        for (int64_t i = 0; i < size; ++i)
          sum += subset >> i & 1 ? std::abs(values[begin + i]) : 0;
        return sum;
      };
      // Of equal sums the subset that comes first when its columns are compared
      // one by one, which is how ties by index work out.
      std::vector<unsigned> subsets;
      for (unsigned subset = 0; subset < 1u << size; ++subset)
        if (__builtin_popcount(subset) == count)
          subsets.push_back(subset);
      auto reverse = [&](unsigned subset) {
        unsigned reversed = 0;
        for (int64_t i = 0; i < size; ++i)
          reversed = reversed << 1 | (subset >> i & 1);
        return reversed;
      };
      unsigned best = *std::max_element(
          subsets.begin(), subsets.end(), [&](unsigned a, unsigned b) {
            return getSum(a) != getSum(b) ? getSum(a) < getSum(b)
                                          : reverse(a) < reverse(b);
          });
      for (int64_t i = 0; i < size; ++i)
        EXPECT_EQ(mask.isKept(0, begin + i), (best >> i & 1) != 0)
            << n << ":" << m << ", column " << begin + i;
    }
  }
}

} // namespace
