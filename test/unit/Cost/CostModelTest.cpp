//===- CostModelTest.cpp - Tests of the cost model ------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Predictions against the measurements that the coefficients come from, and the
// properties that every prediction has.
//
//===----------------------------------------------------------------------===//

#include "PrototypeTarget.h"

#include "spnn/Cost/CostModel.h"

#include "spnn/Cost/TargetDescription.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace spnn;
using namespace spnn::cost;

namespace {

/// The machine whose measurements stand in these tests.
const TargetDescription &avx512() {
  static const TargetDescription target = llvm::cantFail(parseTarget(kPrototypeTarget, "prototypes"));
  return target;
}

/// A product in 32-bit floats with 16-bit indices; blocks hold 16 values.
KernelWork makeWork(const char *kernel, format::Shape weights, int64_t columns,
                    double density) {
  KernelWork work;
  work.kernel = kernel;
  work.weights = weights;
  work.columns = columns;
  work.density = density;
  work.storedValues =
      std::llround(density * static_cast<double>(weights.rows * weights.cols));
  bool isBlock = work.kernel.find("block") == 0;
  work.weightBytes =
      work.storedValues * 4 + work.storedValues * 2 / (isBlock ? 16 : 1);
  work.activationBytes = (weights.rows + weights.cols) * columns * 4;
  return work;
}

void expectWithin(double predicted, double measured, double tolerance) {
  EXPECT_GT(predicted, measured * (1 - tolerance));
  EXPECT_LT(predicted, measured * (1 + tolerance));
}

double predictTime(const char *kernel, format::Shape weights, int64_t columns,
                   double density) {
  return predict(avx512(), makeWork(kernel, weights, columns, density))
      .microseconds;
}

TEST(CostModelTest, AgreesWithMeasuredProducts) {
  struct Measurement {
    const char *kernel;
    format::Shape weights;
    int64_t columns;
    double density;
    double microseconds;
  };
  const format::Shape square{768, 768}, tall{3072, 768};
  for (const Measurement &m : {
           Measurement{"dense", square, 128, 1, 573.7},
           {"dense", square, 16, 1, 92},
           {"dense", tall, 128, 1, 2297},
           {"dense", tall, 512, 1, 9930},
           {"csr", square, 128, 0.7, 1538},
           {"csr", square, 128, 0.5, 1024},
           {"csr", square, 128, 0.3, 455},
           {"csr", square, 128, 0.2, 296},
           {"csr", square, 128, 0.1, 136},
           {"csr", square, 128, 0.05, 66},
           {"csr", square, 16, 0.1, 26},
           {"csr", tall, 128, 0.3, 1996},
           {"csr", tall, 128, 0.1, 596},
           {"csr", tall, 512, 0.1, 2241},
           {"block", square, 128, 0.3, 173},
           {"block", square, 128, 0.2, 121},
           {"block", square, 128, 0.1, 60},
           {"block", square, 128, 0.05, 29.5},
       }) {
    SCOPED_TRACE(testing::Message()
                 << m.kernel << " " << m.weights.rows << "x" << m.weights.cols
                 << "x" << m.columns << " density " << m.density);
    expectWithin(predictTime(m.kernel, m.weights, m.columns, m.density),
                 m.microseconds, 0.2);
  }
}

TEST(CostModelTest, AgreesWithMeasuredMatvecs) {
  struct Measurement {
    const char *kernel;
    double density;
    double microseconds;
  };
  for (const Measurement &m : {
           Measurement{"csr-matvec", 0.5, 88},
           {"csr-matvec", 0.2, 33.3},
           {"csr-matvec", 0.1, 17.6},
           {"csr-matvec", 0.05, 8.46},
           {"block-matvec", 0.5, 11},
           {"block-matvec", 0.2, 3.44},
           {"block-matvec", 0.1, 2},
           {"bitmap-matvec", 0.5, 24.4},
           {"bitmap-matvec", 0.1, 24.4},
       }) {
    SCOPED_TRACE(testing::Message() << m.kernel << " " << m.density);
    expectWithin(predictTime(m.kernel, {768, 768}, 1, m.density),
                 m.microseconds, 0.2);
  }
  KernelWork dense = makeWork("dense", {768, 768}, 1, 1);
  dense.weightBytes = 768 * 768 * 4;
  expectWithin(predict(avx512(), dense).microseconds, 22, 0.2);
  // 256 MiB come from DRAM.
  dense = makeWork("dense", {8192, 8192}, 1, 1);
  dense.weightBytes = uint64_t(8192) * 8192 * 4;
  expectWithin(predict(avx512(), dense).microseconds, 7400, 0.2);
}

TEST(CostModelTest, TwoToFourPaysAlmostTwice) {
  double dense = predictTime("dense", {768, 768}, 384, 1);
  double sparse = predictTime("nm", {768, 768}, 384, 0.5);
  expectWithin(dense / sparse, 1.94, 0.1);
}

TEST(CostModelTest, GrowsWithColumnsAndNonzeros) {
  for (const TargetDescription &target : getBuiltinTargets())
    for (const auto &entry : target.kernels) {
      const char *kernel = entry.first.c_str();
      SCOPED_TRACE(target.name + " " + entry.first);
      double previous = 0;
      // From 0 on: the coefficients of a single column must fit the table.
      for (int64_t columns = 0; columns < 300; ++columns) {
        double time =
            predict(target, makeWork(kernel, {96, 128}, columns, 0.25))
                .microseconds;
        EXPECT_GE(time, previous) << columns << " columns";
        previous = time;
      }
      previous = 0;
      for (int percent = 0; percent <= 100; ++percent) {
        double time =
            predict(target, makeWork(kernel, {512, 512}, 64, percent / 100.0))
                .microseconds;
        EXPECT_GE(time, previous) << percent << " %";
        previous = time;
      }
    }
}

TEST(CostModelTest, MaskedTailCostsAVector) {
  auto compute = [](int64_t columns) {
    return predict(avx512(), makeWork("csr", {64, 64}, columns, 0.5))
        .computeMicroseconds;
  };
  EXPECT_EQ(compute(17), compute(32));
  EXPECT_LT(compute(16), compute(17));
  KernelWork half = makeWork("csr", {64, 64}, 32, 0.5);
  half.elementBytes = 2;
  EXPECT_EQ(predict(avx512(), half).computeMicroseconds, compute(16));
}

TEST(CostModelTest, EmptyWorkCostsNothing) {
  for (const char *kernel : {"dense", "csr", "csr-matvec", "unknown"})
    for (KernelWork work :
         {makeWork(kernel, {768, 768}, 0, 0.5), makeWork(kernel, {0, 8}, 8, 1),
          makeWork(kernel, {8, 0}, 8, 1), makeWork(kernel, {8, 8}, -3, 1)}) {
      Prediction prediction = predict(avx512(), work);
      EXPECT_EQ(prediction.microseconds, 0);
      EXPECT_EQ(prediction.computeMicroseconds, 0);
      EXPECT_EQ(prediction.memoryMicroseconds, 0);
      EXPECT_EQ(prediction.overheadMicroseconds, 0);
    }
  // No stored values still touch every row.
  EXPECT_GT(predictTime("csr", {768, 768}, 128, 0), 0);
  EXPECT_TRUE(std::isfinite(predictTime("csr", {768, 768}, 128, 0)));
}

TEST(CostModelTest, UnknownKernelIsNeverChosen) {
  EXPECT_TRUE(std::isinf(predictTime("no-such-kernel", {8, 8}, 8, 1)));
}

TEST(CostModelTest, Threads) {
  KernelWork work = makeWork("csr", {3072, 768}, 128, 0.1);
  double one = predict(avx512(), work).microseconds;
  work.threads = 2;
  Prediction two = predict(avx512(), work);
  EXPECT_GT(two.overheadMicroseconds, avx512().parallelRegionMicroseconds);
  expectWithin(one / two.microseconds, 2, 0.05);
  work.threads = 0;
  EXPECT_EQ(predict(avx512(), work).microseconds, one);

  TargetDescription single = avx512();
  single.cores = 1;
  work.threads = 8;
  EXPECT_EQ(predict(single, work).microseconds, one);
  // A thread without a row does not help.
  KernelWork row = makeWork("csr", {1, 768}, 128, 0.1);
  double alone = predict(avx512(), row).microseconds;
  row.threads = 4;
  EXPECT_EQ(predict(avx512(), row).microseconds, alone);
}

TEST(CostModelTest, PackMovesBytesInAndOut) {
  EXPECT_EQ(predictPack(avx512(), 0, 0).microseconds, 0);
  // 40 KB in L1 at 530 GB/s, 400 MB in DRAM at 36 GB/s.
  EXPECT_NEAR(predictPack(avx512(), 20000, 20000).microseconds, 0.0755, 1e-3);
  EXPECT_NEAR(predictPack(avx512(), 200000000, 200000000).microseconds, 11111,
              1);
  EXPECT_NEAR(predictPack(avx512(), 200000000, 200000000, 2).microseconds,
              5555.6 + avx512().parallelRegionMicroseconds, 1);
}

// Weights that other layers evict between two calls come from further away.
TEST(CostModelTest, WeightsComeFromTheirHome) {
  TargetDescription target = avx512();
  KernelWork work = makeWork("csr", {768, 768}, 1, 0.1);
  auto predictFrom = [&](KernelWork::Home home) {
    work.home = home;
    return predict(target, work);
  };
  double l2 = predictFrom(KernelWork::Home::L2).memoryMicroseconds;
  double l3 = predictFrom(KernelWork::Home::L3).memoryMicroseconds;
  double dram = predictFrom(KernelWork::Home::Dram).memoryMicroseconds;
  EXPECT_LT(l2, l3);
  EXPECT_LT(l3, dram);
  EXPECT_NEAR(dram - l3, static_cast<double>(work.weightBytes) * (1 / target.bandwidth.dram - 1 / target.bandwidth.l3) / 1e3,
              1e-9);
  // What nothing hides is added, only from there.
  double before = predictFrom(KernelWork::Home::Dram).microseconds, beforeL3 = predictFrom(KernelWork::Home::L3).microseconds;
  target.kernels["csr"].perDramByteCycles = 0.5;
  EXPECT_NEAR(predictFrom(KernelWork::Home::Dram).microseconds - before,
              0.5 * static_cast<double>(work.weightBytes) / (target.frequencyGHz * 1e3), 1e-9);
  EXPECT_EQ(predictFrom(KernelWork::Home::L3).microseconds, beforeL3);
}

// A matrix-vector kernel pays for the ends of its rows, too, column by column.
TEST(CostModelTest, RowsOfMatvecKernels) {
  TargetDescription target = avx512();
  KernelCoefficients &kernel = target.kernels["csr"];
  kernel.perNonzeroMatvecNs = 0.1;
  KernelWork work = makeWork("csr", {3776, 48}, 1, 0.01);
  double before = predict(target, work).microseconds;
  kernel.perRowMatvecNs = 0.5;
  EXPECT_NEAR(predict(target, work).microseconds - before, 3776 * 0.5e-3, 1e-9);
  // Columns in vectors have a coefficient of their own.
  work.columns = 16;
  double panel = predict(target, work).microseconds;
  kernel.perRowMatvecNs = 0;
  EXPECT_EQ(predict(target, work).microseconds, panel);
}

// A kernel whose lanes are rows pays for columns one by one, and never less than for reading the weights.
TEST(CostModelTest, LanesAlongRows) {
  TargetDescription target = avx512();
  KernelCoefficients &dense = target.kernels["dense"];
  dense = KernelCoefficients();
  dense.vectorizesRows = true;
  dense.kappa = {{1, 1}};
  dense.perNonzeroMatvecNs = 0.05;
  dense.perTileCycles = 417;
  auto compute = [&](int64_t rows, int64_t columns) {
    KernelWork work = makeWork("dense", {rows, 1000}, columns, 1);
    return predict(target, work).computeMicroseconds;
  };
  // 17 rows take two vectors, like 32.
  EXPECT_DOUBLE_EQ(compute(17, 64), compute(32, 64));
  EXPECT_DOUBLE_EQ(compute(32, 128), 2 * compute(32, 64));
  EXPECT_DOUBLE_EQ(compute(160, 1), 160 * 1000 * 0.05e-3);
  EXPECT_DOUBLE_EQ(compute(160, 2), compute(160, 1));
}

// Packing is never faster than it was measured to be.
TEST(CostModelTest, PackingHasItsOwnBandwidth) {
  TargetDescription target = avx512();
  double free = predictPack(target, 1000, 1000).microseconds;
  target.bandwidth.repack = 10;
  EXPECT_GT(predictPack(target, 1000, 1000).microseconds, free);
  EXPECT_NEAR(predictPack(target, 1000, 1000).microseconds, 0.2, 1e-9);
}

// Beyond L2 packing may be slower.
TEST(CostModelTest, PackingBeyondL2HasItsOwnBandwidth) {
  TargetDescription target = avx512();
  target.bandwidth.repack = 20;
  target.bandwidth.repackL3 = 10;
  uint64_t near = target.l2Bytes / 2, far = target.l2Bytes;
  EXPECT_NEAR(predictPack(target, near, near).microseconds, near * 2 / 20e3, 1e-6);
  EXPECT_NEAR(predictPack(target, far, far).microseconds, far * 2 / 10e3, 1e-6);
}

// Panels that stay in no cache, because of themselves or of what passes through it, cost their way to memory.
TEST(CostModelTest, WaitsForActivationsFromMemory) {
  TargetDescription target = avx512();
  KernelWork work = makeWork("csr", {1024, 1024}, 512, 100000);
  work.weightBytes = 600000;
  work.resultBytes = work.activationBytes / 2;
  double near = predict(target, work).microseconds;
  work.passingBytes = target.l3Bytes;
  EXPECT_NEAR(predict(target, work).microseconds - near,
              (work.activationBytes + work.resultBytes) / (target.bandwidth.dram * 1e3), 1);
}

} // namespace
