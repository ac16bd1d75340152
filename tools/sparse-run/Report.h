//===- Report.h - What sparse-run prints ------------------------*- C++ -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The outcome of a run as aligned tables and as JSON, and a progress line for
// people who wait.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TOOLS_SPARSERUN_REPORT_H
#define SPNN_TOOLS_SPARSERUN_REPORT_H

#include "Checks.h"

#include <chrono>

namespace spnn::run {

/// Everything that a run found out; a view of its tensors.
struct Outcome {
  std::string model;
  std::string producer, target;
  std::string function;
  bool evaluated = false; ///< by the reference evaluator
  int32_t threads = 0;    ///< 0: as many as OpenMP would use
  uint64_t arenaBytes = 0;
  const std::vector<Tensor> *inputs = nullptr;
  const std::vector<Tensor> *outputs = nullptr;
  std::string reference;
  std::vector<Comparison> comparisons;
  std::optional<Accuracy> accuracy;
  std::optional<Timing> timing;
};

/// The tables, with a line break at their end.
std::string printTables(const Outcome &outcome);
std::string printJson(const Outcome &outcome);
/// The functions of a model.
std::string printDescriptionTable(const std::string &model,
                                  const runtime::ModelDescription &text);

/// A line on a terminal that says what takes so long; elsewhere nothing.
class Progress {
public:
  explicit Progress(bool quiet);
  ~Progress() { clear(); }
  /// Shows `text` at once.
  void show(const std::string &text);
  /// Shows `text` if the last one is some time ago.
  void update(const std::string &text);
  void clear();

private:
  bool enabled;
  bool shown = false;
  std::chrono::steady_clock::time_point last;
};

} // namespace spnn::run

#endif // SPNN_TOOLS_SPARSERUN_REPORT_H
