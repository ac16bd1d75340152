//===- Report.h - What sparse-run prints ------------------------*- C++ -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The outcome of a run as aligned tables and as JSON.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TOOLS_SPARSERUN_REPORT_H
#define SPNN_TOOLS_SPARSERUN_REPORT_H

#include "Checks.h"

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

} // namespace spnn::run

#endif // SPNN_TOOLS_SPARSERUN_REPORT_H
