//===- Checks.h - Comparison, accuracy and timing ---------------*- C++ -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a run measures: the distance to a reference, the accuracy against
// labels, and the time of a call.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TOOLS_SPARSERUN_CHECKS_H
#define SPNN_TOOLS_SPARSERUN_CHECKS_H

#include "Tensors.h"

#include <functional>

namespace spnn::run {

/// How far one output lies from its reference.
struct Comparison {
  std::string name;
  /// Largest |output - reference|; infinite where only one is a number or
  /// where infinities differ. 0 where both are NaN.
  double maxAbsError = 0;
  int64_t worst = -1;      ///< element with that error, -1 if all are equal
  double maxReference = 0; ///< largest finite |reference|
  double tolerance = 0;
  /// Rows (all axes but the last) whose largest element is at the same place.
  int64_t rows = 0, agreeingRows = 0;

  /// maxAbsError / maxReference; maxAbsError where the reference is zero.
  double relativeError() const;
  bool passes() const { return relativeError() <= tolerance; }
};

/// `reference` has the shape of `output`. `tolerance` overrides the default of
/// the output's element type.
Comparison compare(const Tensor &output, const Tensor &reference,
                   std::optional<double> tolerance);

struct Accuracy {
  int64_t rows = 0, correct = 0;
};

/// Compares the argmax of `output` over its last axis with the labels in
/// `file`, integers in the shape of the other axes.
[[nodiscard]] Error measureAccuracy(const std::string &file,
                                    const Tensor &output, Accuracy &result);

/// Seconds of one call.
struct Timing {
  double median = 0, min = 0, max = 0;
  int64_t repetitions = 0;
};

/// Times `call`: at least three calls and 0.1 s to warm up, then at least 20
/// and 0.5 s. `progress` hears the number of calls timed so far.
[[nodiscard]] Error measureTime(const std::function<Error()> &call,
                                const std::function<void(int64_t)> &progress,
                                Timing &result);

} // namespace spnn::run

#endif // SPNN_TOOLS_SPARSERUN_CHECKS_H
