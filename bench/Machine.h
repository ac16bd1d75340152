//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the machine itself can do: peak of multiply-adds, clock, bandwidths.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_BENCH_MACHINE_H
#define SPNN_BENCH_MACHINE_H

#include <cstdint>
#include <string>

namespace spnn::bench {

/// Name of the CPU and number of cores, for people.
std::string describeMachine();
/// Bytes of the data or unified cache of a level, 0 if there is none.
uint64_t cacheBytes(int level);
/// The 1-minute load average.
double loadAverage();

/// Runs `iterations` times 12 independent chains of multiply-adds on vectors of `vectorBytes` (64, 32, or 16: without
/// FMA, a multiply and an add) and returns the floating-point operations done.
double runMultiplyAdds(unsigned vectorBytes, int64_t iterations);
/// GFLOP/s of that loop on one core, the best of several rounds.
double measureMultiplyAdds(unsigned vectorBytes);
/// Microseconds to start and join that many threads with nothing to do.
double measureParallelRegion(int threads);
/// Cycles a nanosecond, by a chain of dependent additions.
double measureGigahertz();
/// GB/s at which vectors of that size are read from a buffer of `bytes`, the best of several passes.
double measureBandwidth(unsigned vectorBytes, uint64_t bytes);

} // namespace spnn::bench

#endif // SPNN_BENCH_MACHINE_H
