//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How work is cut into chunks, and which parameters of kernels are refused.
//
//===----------------------------------------------------------------------===//
#include "KernelEmitter.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <numeric>
#include <random>

using namespace spnn;

namespace {

// Bounds begin at 0, never decrease, end at the number of items; no chunk exceeds its share by more than one item.
TEST(Chunks, BalanceRandom) {
  std::mt19937 generator(3);
  for (int round = 0; round < 500; ++round) {
    std::vector<int64_t> weights(generator() % 40);
    for (int64_t &weight : weights)
      weight = generator() % 3 ? generator() % 10 : 0;
    int64_t chunks = 1 + generator() % 9;
    std::vector<int64_t> bounds = balanceChunks(weights, chunks);
    ASSERT_EQ(bounds.size(), static_cast<size_t>(chunks + 1));
    EXPECT_EQ(bounds.front(), 0);
    EXPECT_EQ(bounds.back(), static_cast<int64_t>(weights.size()));
    EXPECT_TRUE(std::is_sorted(bounds.begin(), bounds.end()));
    int64_t total = std::accumulate(weights.begin(), weights.end(), int64_t(0));
    int64_t largest = weights.empty() ? 0 : *std::max_element(weights.begin(), weights.end());
    for (int64_t chunk = 0; chunk < chunks; ++chunk) {
      int64_t sum = std::accumulate(weights.begin() + bounds[chunk], weights.begin() + bounds[chunk + 1], int64_t(0));
      EXPECT_LE(static_cast<double>(sum), static_cast<double>(total) / chunks + largest);
    }
  }
}

TEST(Chunks, EqualWeightsAreCutEvenly) {
  EXPECT_EQ(balanceChunks({1, 1, 1, 1, 1, 1}, 3), (std::vector<int64_t>{0, 2, 4, 6}));
  EXPECT_EQ(balanceChunks({}, 2), (std::vector<int64_t>{0, 0, 0}));
}

// At least one chunk, at most one for each item, and one for little work.
TEST(Chunks, Choose) {
  EXPECT_EQ(chooseChunks(0, 0), 1);
  EXPECT_EQ(chooseChunks(100, 64), 1);
  EXPECT_EQ(chooseChunks(1 << 20, 3), 3);
  EXPECT_LE(chooseChunks(int64_t(1) << 40, 1 << 20), 64);
}

TEST(Parameters, Bad) {
  mlir::MLIRContext context;
  auto make = [&](llvm::ArrayRef<std::pair<llvm::StringRef, int64_t>> entries) {
    return makeParameters(&context, entries);
  };
  EXPECT_EQ(findBadParameter("csr", make({{"chunks", 3}, {"k_block", 100}})), std::nullopt);
  EXPECT_EQ(findBadParameter("csr", make({{"chunks", 0}})),
            "parameter 'chunks' of kernel 'csr' must be in [1, 65536], got 0");
  EXPECT_EQ(findBadParameter("nm", make({{"rows_tile", -1}})),
            "parameter 'rows_tile' of kernel 'nm' must be in [1, 16], got -1");
  EXPECT_EQ(findBadParameter("nm", make({{"n", 1}}), make({{"n", 2}})),
            "parameter 'n' of kernel 'nm' follows from the format and must be 2, got 1");
  EXPECT_EQ(findBadParameter("nm", make({}), make({{"chunks", 2}})), "parameter 'chunks' of kernel 'nm' is missing");
  // What only suits may be chosen freely.
  EXPECT_EQ(findBadParameter("csr", make({{"chunks", 3}}), make({{"chunks", 2}})), std::nullopt);
}

} // namespace
