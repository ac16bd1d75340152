//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The clocks and contests of the compiler's tuner, which the benchmarks time with.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_BENCH_TIMING_H
#define SPNN_BENCH_TIMING_H

#include "spnn/Tuning/Contest.h"

namespace spnn::bench {
using tuning::Contest;
using tuning::nowMicroseconds;
using tuning::threadMicroseconds;
using tuning::Timing;
} // namespace spnn::bench

#endif // SPNN_BENCH_TIMING_H
