//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a multiplication of a layer costs: dense, or by a graph.
//
//===----------------------------------------------------------------------===//
#include "spnn/Cost/ProductCost.h"

#include "spnn/Cost/TargetDescription.h"

#include <algorithm>
#include <cmath>

using namespace spnn::cost;

/// Bytes a nanosecond that one core gets from the cache that `bytes` fit.
static double getBandwidth(const TargetDescription &target, double bytes) {
  const Bandwidths &bandwidth = target.bandwidth;
  if (bytes <= static_cast<double>(target.l1Bytes))
    return bandwidth.l1;
  if (bytes <= static_cast<double>(target.l2Bytes))
    return bandwidth.l2;
  return bytes <= static_cast<double>(target.l3Bytes) ? bandwidth.l3 : bandwidth.dram;
}

/// The place of `x` among ascending `points`, on a logarithmic scale: between point `first` and the next, `share` of
/// the way.
static std::pair<size_t, double> locate(const std::vector<double> &points, double x) {
  if (x <= points.front() || points.size() == 1)
    return {0, 0};
  if (x >= points.back())
    return {points.size() - 2, 1};
  size_t first = std::upper_bound(points.begin(), points.end(), x) - points.begin() - 1;
  return {first, std::log(x / points[first]) / std::log(points[first + 1] / points[first])};
}

static double interpolate(const Grid &grid, double x, double y) {
  auto [i, a] = locate(grid.x, x);
  auto [j, b] = locate(grid.y, y);
  auto at = [&](size_t i, size_t j) {
    return grid.values[std::min(i, grid.x.size() - 1)][std::min(j, grid.y.size() - 1)];
  };
  return (1 - a) * ((1 - b) * at(i, j) + b * at(i, j + 1)) + a * ((1 - b) * at(i + 1, j) + b * at(i + 1, j + 1));
}

/// Nanoseconds on one core.
static double predictGraphStep(const TargetDescription &target, const ProductStep &step, double elementBytes) {
  double columns = step.n, matrixBytes = step.k * columns * elementBytes;
  double resultBytes = step.m * columns * elementBytes;
  double perEdge;
  if (!target.spmmEdgeNs.values.empty()) {
    perEdge = interpolate(target.spmmEdgeNs, columns, matrixBytes);
    // A table ends somewhere; beyond it time is in proportion.
    perEdge *= std::max(1.0, columns / target.spmmEdgeNs.x.back());
  } else {
    // An index and a row of the matrix are read; two cycles go into addresses and the loop.
    double vectors = std::ceil(columns * elementBytes / target.vectorBytes);
    double cycles = 2 + vectors / std::max(target.fmaPerCycle, 0.5);
    perEdge = std::max(cycles / target.frequencyGHz, (columns * elementBytes + 4) / getBandwidth(target, matrixBytes));
  }
  return step.edges * perEdge + step.m * target.spmmRowNs + resultBytes / getBandwidth(target, resultBytes);
}

/// Nanoseconds on one core.
static double predictDenseStep(const TargetDescription &target, const ProductStep &step, double elementBytes) {
  double m = step.m, n = step.n, k = step.k, flops = 2 * m * n * k;
  double peak = 2 * target.frequencyGHz * target.fmaPerCycle * target.vectorBytes / elementBytes;
  double rate = peak;
  // The longest extent is that of the nodes; the other two decide how well registers and caches are used.
  if (const Grid &grid = k > m && k > n ? target.gemmLongInnerGflops : target.gemmGflops; !grid.values.empty())
    rate = k > m && k > n ? interpolate(grid, m, n) : interpolate(grid, std::min(k, std::max(m, k)), std::min(m, n));
  double bytes = (m * k + k * n + m * n) * elementBytes;
  return std::max(flops / rate, bytes / getBandwidth(target, bytes));
}

/// Microseconds of what takes that long on one core, in `regions` parallel regions.
static double shareAmongThreads(const TargetDescription &target, double nanoseconds, int threads, int regions) {
  double count = std::max(threads, 1);
  if (target.cores > 0)
    count = std::min<double>(count, target.cores);
  return nanoseconds * 1e-3 / count + (count > 1 ? regions * target.parallelRegionMicroseconds : 0);
}

double spnn::cost::predictStep(const TargetDescription &target, const ProductStep &step, unsigned elementBytes,
                               int threads) {
  if (step.m == 0 || step.n == 0)
    return 0;
  double nanoseconds =
      step.isGraph ? predictGraphStep(target, step, elementBytes) : predictDenseStep(target, step, elementBytes);
  return shareAmongThreads(target, nanoseconds, threads, 1);
}

double spnn::cost::predictAttention(const TargetDescription &target, const AttentionStep &step, unsigned elementBytes,
                                    int threads) {
  if (step.rows == 0 || step.columns == 0)
    return 0;
  ProductStep gather;
  gather.isGraph = true;
  gather.m = step.rows;
  gather.k = step.columns;
  gather.n = step.heads * step.features;
  gather.edges = step.edges;
  double edges = step.edges, heads = step.heads;
  // Without measurements: an exponential and a division for each vector of scores, some 20 cycles; for coefficients a
  // cache line of memory when they are written, one for each of both backward passes, one to own what is written.
  double lanes = target.vectorBytes / static_cast<double>(elementBytes);
  double scoreNs = target.attentionScoreNs > 0 ? target.attentionScoreNs : 20 / lanes / target.frequencyGHz;
  double coefficientNs = target.attentionCoefficientEdgeNs > 0
                             ? target.attentionCoefficientEdgeNs
                             : 4 * std::max(64.0, heads * elementBytes) / target.bandwidth.dram;
  double nanoseconds = (step.scoresFeatures ? 6 : 3) * predictGraphStep(target, gather, elementBytes);
  nanoseconds += 3 * edges * heads * scoreNs;
  if (step.keepsCoefficients)
    nanoseconds += edges * coefficientNs;
  return shareAmongThreads(target, nanoseconds, threads, 3);
}

double spnn::cost::predictSumsOfHeads(const TargetDescription &target, double elements) {
  // Measured on 3.7 GHz: 0.32 to 0.36 ns for heads of 8 and 16, 0.5 for one of 64.
  return elements * 1.3 / target.frequencyGHz * 1e-3;
}
