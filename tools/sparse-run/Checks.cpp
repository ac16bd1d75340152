//===- Checks.cpp - Comparison, accuracy and timing -----------------------===//
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
#include "Checks.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

using namespace spnn::run;
using spnn::runtime::DType;

namespace {

double defaultTolerance(DType dtype) {
  switch (dtype) {
  case DType::F64:
    return 1e-9;
  case DType::F32:
    return 1e-4;
  case DType::F16:
    return 1e-2;
  case DType::BF16:
    return 5e-2;
  default:
    return 0;
  }
}

/// The first largest element of a row; a NaN counts as largest, as in NumPy.
int64_t argmax(const Tensor &tensor, int64_t begin, int64_t count) {
  int64_t best = 0;
  double largest = tensor.get(begin);
  for (int64_t i = 1; i < count && !std::isnan(largest); ++i) {
    double value = tensor.get(begin + i);
    if (std::isnan(value) || value > largest) {
      largest = value;
      best = i;
    }
  }
  return best;
}

double distance(double a, double b) {
  if (a == b || (std::isnan(a) && std::isnan(b)))
    return 0;
  double difference = std::fabs(a - b);
  return std::isnan(difference) ? std::numeric_limits<double>::infinity()
                                : difference;
}

} // namespace

double Comparison::relativeError() const {
  return maxReference > 0 ? maxAbsError / maxReference : maxAbsError;
}

Comparison spnn::run::compare(const Tensor &output, const Tensor &reference,
                              std::optional<double> tolerance) {
  Comparison result;
  result.name = output.name;
  result.tolerance = tolerance.value_or(defaultTolerance(output.dtype));
  for (int64_t i = 0; i < output.size; ++i) {
    double expected = reference.get(i);
    double error = distance(output.get(i), expected);
    if (error > result.maxAbsError) {
      result.maxAbsError = error;
      result.worst = i;
    }
    if (std::isfinite(expected))
      result.maxReference = std::max(result.maxReference, std::fabs(expected));
  }
  if (output.shape.empty() || output.size == 0)
    return result;
  int64_t columns = output.shape.back();
  result.rows = output.size / columns;
  for (int64_t row = 0; row < result.rows; ++row)
    result.agreeingRows += argmax(output, row * columns, columns) ==
                           argmax(reference, row * columns, columns);
  return result;
}

Error spnn::run::measureAccuracy(const std::string &file, const Tensor &output,
                                 Accuracy &result) {
  spnn::numpy::Array labels;
  if (Error error = spnn::numpy::readNpy(file, labels))
    return error;
  std::string who = "the labels in '" + file + "' ";
  if (output.shape.empty() || output.shape.back() == 0)
    return who + "need an output with classes along its last axis, and '" +
           output.name + "' is " +
           spnn::runtime::typeString(output.dtype, output.shape);
  std::vector<int64_t> rows(output.shape.begin(), output.shape.end() - 1);
  if (labels.shape != rows)
    return who + "have another shape than output '" + output.name +
           "', which is " +
           spnn::runtime::typeString(output.dtype, output.shape) +
           ", without its last axis";
  unsigned bytes = dtypeBytes(labels.dtype);
  bool isSigned = labels.dtype >= spnn::numpy::DType::I8 &&
                  labels.dtype <= spnn::numpy::DType::I64;
  if (labels.dtype >= spnn::numpy::DType::F16)
    return who + "are " + dtypeName(labels.dtype) + ", not integers";
  int64_t columns = output.shape.back();
  result.rows = labels.size();
  for (int64_t row = 0; row < result.rows; ++row) {
    // Bytes in the machine's order, of which x86 and Arm use the little end.
    uint64_t label = 0;
    for (unsigned i = bytes; i-- > 0;)
      label = label << 8 | labels.bytes[row * bytes + i];
    bool negative = isSigned && label >> (8 * bytes - 1) != 0;
    if (negative || label >= static_cast<uint64_t>(columns))
      return who + "hold a class outside 0 to " + std::to_string(columns - 1) +
             " at position " + std::to_string(row);
    result.correct +=
        argmax(output, row * columns, columns) == static_cast<int64_t>(label);
  }
  return std::nullopt;
}

Error spnn::run::measureTime(const std::function<Error()> &call,
                             const std::function<void(int64_t)> &progress,
                             Timing &result) {
  using Clock = std::chrono::steady_clock;
  auto since = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  Clock::time_point start = Clock::now();
  for (int64_t i = 0; i < 3 || since(start) < 0.1; ++i) {
    if (Error error = call())
      return error;
    progress(0);
  }
  std::vector<double> seconds;
  start = Clock::now();
  while (seconds.size() < 20 || since(start) < 0.5) {
    Clock::time_point before = Clock::now();
    if (Error error = call())
      return error;
    seconds.push_back(since(before));
    progress(seconds.size());
  }
  std::sort(seconds.begin(), seconds.end());
  size_t count = seconds.size();
  result.repetitions = count;
  result.min = seconds.front();
  result.max = seconds.back();
  result.median = (seconds[count / 2] + seconds[(count - 1) / 2]) / 2;
  return std::nullopt;
}
