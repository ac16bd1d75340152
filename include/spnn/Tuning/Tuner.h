//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Measures candidates for spnn-select-formats by compiling, loading and running them.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TUNING_TUNER_H
#define SPNN_TUNING_TUNER_H

#include "spnn/Lowering/CandidateTimer.h"

#include <functional>
#include <string>

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace spnn::tuning {

/// What a program hears while candidates are measured; each may be empty.
struct TunerHooks {
  std::function<void(const std::string &)> progress; ///< what is done next, and "" at the end
  std::function<void(const std::string &)> report;   ///< one sentence at the end: how much was measured
};

/// Makes every context of `registry` able to tune (option `tune` of the CPU pipeline).
void registerTuner(mlir::DialectRegistry &registry, TunerHooks hooks = {});

/// The key of a candidate in the cache, in words: the compiler's version, the CPU and its target description, threads,
/// shape, element types and pattern of nonzeros (not their values, which no kernel's time depends on), epilogue, where
/// the weights live, and format, kernel and parameters.
std::string makeCacheKey(const TimingJob &job, const TimingRequest &request, const TimingCandidate &candidate);

} // namespace spnn::tuning

#endif // SPNN_TUNING_TUNER_H
