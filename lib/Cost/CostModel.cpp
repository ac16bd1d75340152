//===- CostModel.cpp - Predicted times of kernels -------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The roofline of a kernel: t = max(stored values x vectors x kappa /
// frequency, bytes / bandwidth of the level that holds them) + overheads, where
// kappa is measured per kernel and density.
//
//===----------------------------------------------------------------------===//

#include "spnn/Cost/CostModel.h"

#include "spnn/Cost/TargetDescription.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace spnn::cost;

/// Threads that can run at once and have a row each.
static double countThreads(const TargetDescription &target, int threads,
                           int64_t rows) {
  int64_t count = std::max(threads, 1);
  if (target.cores > 0)
    count = std::min(count, target.cores);
  return static_cast<double>(std::max<int64_t>(1, std::min(count, rows)));
}

using Home = KernelWork::Home;

/// Where data lives of which one core touches `privateBytes` and all of them
/// `sharedBytes`. Auto stands for L1.
static Home getHome(const TargetDescription &target, double privateBytes,
                    double sharedBytes) {
  if (privateBytes <= static_cast<double>(target.l1Bytes))
    return Home::Auto;
  if (privateBytes <= static_cast<double>(target.l2Bytes))
    return Home::L2;
  return sharedBytes <= static_cast<double>(target.l3Bytes) ? Home::L3
                                                            : Home::Dram;
}

/// Bandwidth of one core.
static double getBandwidth(const TargetDescription &target, Home home) {
  switch (home) {
  case Home::Auto:
    return target.bandwidth.l1;
  case Home::L2:
    return target.bandwidth.l2;
  case Home::L3:
    return target.bandwidth.l3;
  case Home::Dram:
    return target.bandwidth.dram;
  }
  return target.bandwidth.dram;
}

/// Microseconds to move `bytes` at `gigabytesPerSecond`.
static double getTransferTime(double bytes, double gigabytesPerSecond) {
  return bytes / (gigabytesPerSecond * 1e3);
}

static double getRegionOverhead(const TargetDescription &target,
                                double threads) {
  return threads > 1 ? target.parallelRegionMicroseconds : 0;
}

Prediction spnn::cost::predict(const TargetDescription &target,
                               const KernelWork &work) {
  Prediction prediction;
  if (work.weights.rows <= 0 || work.weights.cols <= 0 || work.columns <= 0)
    return prediction;
  auto rows = static_cast<double>(work.weights.rows);
  auto columns = static_cast<double>(work.columns);
  auto stored = static_cast<double>(std::max<int64_t>(work.storedValues, 0));
  double threads = countThreads(target, work.threads, work.weights.rows);

  // Rows are split among the threads; every thread reads the activations.
  auto weightBytes = static_cast<double>(work.weightBytes);
  auto activationBytes = static_cast<double>(work.activationBytes);
  Home home = getHome(target, weightBytes / threads + activationBytes,
                      weightBytes + activationBytes +
                          static_cast<double>(work.passingBytes));
  Home weightHome = work.home == Home::Auto ? home : work.home;
  prediction.memoryMicroseconds =
      getTransferTime(weightBytes / threads, getBandwidth(target, weightHome)) +
      getTransferTime(activationBytes / threads, getBandwidth(target, home));
  prediction.overheadMicroseconds = getRegionOverhead(target, threads);

  const KernelCoefficients *kernel = target.findKernel(work.kernel);
  if (!kernel) {
    prediction.computeMicroseconds = prediction.microseconds =
        std::numeric_limits<double>::infinity();
    return prediction;
  }

  if (weightHome == Home::Dram)
    prediction.overheadMicroseconds += weightBytes * kernel->perDramByteCycles /
                                       (target.frequencyGHz * 1e3 * threads);

  // A kernel without kappa is a matrix-vector kernel, run once a column.
  bool isMatvec =
      kernel->hasMatvec() && (work.columns == 1 || kernel->kappa.empty());
  if (kernel->vectorizesRows) {
    double lanes = static_cast<double>(target.vectorBytes) / work.elementBytes;
    double cyclesPerMicrosecond = target.frequencyGHz * 1e3 * threads;
    double multiplyAdds = std::ceil(rows / lanes) *
                          static_cast<double>(work.weights.cols) * columns;
    // Few columns wait for the weights, as a single one does.
    prediction.computeMicroseconds =
        std::max(multiplyAdds * kernel->getKappa(work.density) /
                     cyclesPerMicrosecond,
                 stored * kernel->perNonzeroMatvecNs * 1e-3 / threads);
    prediction.overheadMicroseconds +=
        (columns * kernel->perRowCycles + kernel->perTileCycles) /
        cyclesPerMicrosecond;
  } else if (isMatvec) {
    double nanoseconds = stored * kernel->perNonzeroMatvecNs +
                         rows * static_cast<double>(work.weights.cols) *
                             kernel->perPositionMatvecNs;
    prediction.computeMicroseconds = nanoseconds * columns * 1e-3 / threads;
    prediction.overheadMicroseconds +=
        rows * kernel->perRowMatvecNs * columns * 1e-3 / threads;
  } else {
    // A masked tail costs a full vector, a cut panel a full row of overhead.
    double vectors =
        std::ceil(columns * work.elementBytes / target.vectorBytes);
    double panels =
        std::ceil(vectors / static_cast<double>(kernel->panelVectors));
    double cyclesPerMicrosecond = target.frequencyGHz * 1e3 * threads;
    prediction.computeMicroseconds = stored *
                                     (vectors * kernel->getKappa(work.density) +
                                      panels * kernel->perEntryCycles) /
                                     cyclesPerMicrosecond;
    prediction.overheadMicroseconds +=
        panels * (rows * kernel->perRowCycles + kernel->perTileCycles) /
        cyclesPerMicrosecond;
    // Panels that stay in no cache are waited for: they are read once, and a
    // line of the result is fetched before it is written. Nothing hides that,
    // as their order is that of the nonzeros. L3 is near enough.
    if (home == Home::Dram)
      prediction.overheadMicroseconds += getTransferTime(
          (activationBytes + static_cast<double>(work.resultBytes)) / threads,
          target.bandwidth.dram);
  }
  prediction.microseconds =
      std::max(prediction.computeMicroseconds, prediction.memoryMicroseconds) +
      prediction.overheadMicroseconds;
  return prediction;
}

Prediction spnn::cost::predictPack(const TargetDescription &target,
                                   uint64_t bytesIn, uint64_t bytesOut,
                                   int threads) {
  Prediction prediction;
  double bytes = static_cast<double>(bytesIn) + static_cast<double>(bytesOut);
  if (bytes == 0)
    return prediction;
  double count =
      countThreads(target, threads, std::numeric_limits<int64_t>::max());
  Home home = getHome(target, bytes / count, bytes);
  double bandwidth = getBandwidth(target, home);
  // Transposing in registers takes longer than moving, and beyond L2 it jumps
  // from row to row.
  bool isFar = home == Home::L3 || home == Home::Dram;
  double repack = isFar && target.bandwidth.repackL3 > 0
                      ? target.bandwidth.repackL3
                      : target.bandwidth.repack;
  if (repack > 0)
    bandwidth = std::min(bandwidth, repack);
  prediction.memoryMicroseconds = getTransferTime(bytes / count, bandwidth);
  prediction.overheadMicroseconds = getRegionOverhead(target, count);
  prediction.microseconds =
      prediction.memoryMicroseconds + prediction.overheadMicroseconds;
  return prediction;
}
