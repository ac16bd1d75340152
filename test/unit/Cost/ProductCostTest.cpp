//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What products with graphs, dense products and graph attention are predicted to take.
//
//===----------------------------------------------------------------------===//
#include "PrototypeTarget.h"

#include "spnn/Cost/ProductCost.h"
#include "spnn/Cost/TargetDescription.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace spnn::cost;

namespace {
/// A machine whose numbers are easy to follow: an edge takes a nanosecond a column twice that in a matrix of 4 MB.
TargetDescription makeTarget() {
  TargetDescription target = llvm::cantFail(parseTarget(kPrototypeTarget, "prototype"));
  target.cores = 0;
  target.parallelRegionMicroseconds = 4;
  target.spmmEdgeNs.x = {8, 16};
  target.spmmEdgeNs.y = {1e6, 4e6};
  target.spmmEdgeNs.values = {{8, 16}, {16, 32}};
  target.attentionScoreNs = 0.5;
  target.attentionCoefficientEdgeNs = 20;
  return target;
}

ProductStep makeGraphStep(int64_t columns, int64_t bytes) {
  ProductStep step;
  step.isGraph = true;
  step.m = 1;
  step.k = bytes / columns / 4;
  step.n = columns;
  step.edges = 1000;
  return step;
}

TEST(ProductCostTest, EdgesTakeWhatTheTableSays) {
  TargetDescription target = makeTarget();
  auto predict = [&](int64_t columns, int64_t bytes) {
    return predictStep(target, makeGraphStep(columns, bytes), 4, /*threads=*/1);
  };
  // One row of results more costs next to nothing.
  EXPECT_NEAR(predict(8, 1000000), 8, 0.01);
  EXPECT_NEAR(predict(16, 4000000), 32, 0.01);
  // Halfway on a logarithmic scale.
  EXPECT_NEAR(predict(8, 2000000), 12, 0.01);
  EXPECT_NEAR(predict(11, 1000000), 8 + 8 * std::log(11.0 / 8) / std::log(2.0), 0.05);
  // Beyond the table, in proportion to the columns; below it, as at its edge.
  EXPECT_NEAR(predict(64, 4000000), 128, 0.1);
  EXPECT_NEAR(predict(8, 1000), 8, 0.01);
}

TEST(ProductCostTest, ThreadsShareAndCostARegion) {
  TargetDescription target = makeTarget();
  ProductStep step = makeGraphStep(16, 4000000);
  double one = predictStep(target, step, 4, 1);
  EXPECT_NEAR(predictStep(target, step, 4, 2), one / 2 + 4, 1e-9);
  target.cores = 1;
  EXPECT_NEAR(predictStep(target, step, 4, 2), one, 1e-9);
}

TEST(ProductCostTest, DenseProductsHaveARateForEachShape) {
  TargetDescription target = makeTarget();
  target.gemmGflops.x = {8, 64};
  target.gemmGflops.y = {8, 64};
  target.gemmGflops.values = {{1, 2}, {3, 4}};
  target.gemmLongInnerGflops = target.gemmGflops;
  target.gemmLongInnerGflops.values = {{5, 6}, {7, 8}};
  ProductStep step;
  step.m = 10000, step.k = 64, step.n = 8;
  EXPECT_NEAR(predictStep(target, step, 4, 1), 2e-3 * 10000 * 64 * 8 / 3, 1e-6);
  step.m = 64, step.k = 10000, step.n = 8;
  EXPECT_NEAR(predictStep(target, step, 4, 1), 2e-3 * 10000 * 64 * 8 / 7, 1e-6);
  step.n = 0;
  EXPECT_EQ(predictStep(target, step, 4, 1), 0);
}

TEST(ProductCostTest, AttentionGathersAndMakesScores) {
  TargetDescription target = makeTarget();
  AttentionStep step{1, 1000000 / 8 / 4, 1000, 2, 4, false, false};
  // Three gathers of 8 columns, and three scores for each edge and head.
  double again = predictAttention(target, step, 4, 1);
  EXPECT_NEAR(again, 3 * 8 + 3 * 2 * 0.5, 0.05);
  step.keepsCoefficients = true;
  EXPECT_NEAR(predictAttention(target, step, 4, 1), again + 20, 1e-6);
  // gatv2 gathers for its scores too.
  step.keepsCoefficients = false;
  step.scoresFeatures = true;
  EXPECT_NEAR(predictAttention(target, step, 4, 1), again + 3 * 8, 0.05);
  step.rows = 0;
  EXPECT_EQ(predictAttention(target, step, 4, 1), 0);
}

TEST(ProductCostTest, AttentionNeedsNoMeasurements) {
  TargetDescription target = makeTarget();
  target.spmmEdgeNs = {};
  target.attentionScoreNs = target.attentionCoefficientEdgeNs = 0;
  AttentionStep step{1000, 1000, 16000, 8, 8, false, false};
  double again = predictAttention(target, step, 4, 1);
  EXPECT_GT(again, 0);
  step.keepsCoefficients = true;
  EXPECT_GT(predictAttention(target, step, 4, 1), again);
}

TEST(ProductCostTest, ProductsOfATargetReadBack) {
  TargetDescription target = makeTarget();
  target.gemmGflops.x = target.gemmGflops.y = {8, 9};
  target.gemmGflops.values = {{3, 4}, {5, 6}};
  TargetDescription back = llvm::cantFail(parseTarget(printTarget(target), "printed"));
  EXPECT_EQ(back.spmmEdgeNs.values, target.spmmEdgeNs.values);
  EXPECT_EQ(back.gemmGflops.values, target.gemmGflops.values);
  EXPECT_EQ(back.attentionScoreNs, 0.5);
  EXPECT_EQ(back.attentionCoefficientEdgeNs, 20);
}
} // namespace
