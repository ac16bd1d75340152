//===- Options.h - What sparse-run was asked to do --------------*- C++ -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The command line of sparse-run as a struct, and its parser and help text.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TOOLS_SPARSERUN_OPTIONS_H
#define SPNN_TOOLS_SPARSERUN_OPTIONS_H

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace spnn::run {

/// Nothing, or one sentence that says what went wrong.
using Error = std::optional<std::string>;

struct Options {
  std::string model; ///< .so or .mlir
  std::string function;
  std::vector<std::string> inputs;  ///< FILE or NAME=FILE
  std::vector<std::string> outputs; ///< FILE or NAME=FILE
  uint64_t seed = 0;
  int64_t integersBelow = 2;
  std::optional<int64_t> batch;
  std::vector<std::pair<std::string, int64_t>> dims;
  bool reference = false;
  std::string referenceFile; ///< "" if --reference came without a file
  std::optional<double> tolerance;
  std::string labels;
  bool bench = false;
  int32_t threads = 0;
  std::string compileOptions;
  bool tune = false;
  std::string tuneCache;
  std::string json;
  bool quiet = false;
  bool describe = false;
  /// What --train asks for.
  enum class StopOn { Loss, Accuracy, Both };
  bool train = false;
  std::string data;
  int64_t split = 0;
  int64_t epochs = 200;
  int64_t evalEvery = 1;
  int64_t patience = 0;
  StopOn stopOn = StopOn::Loss;
  int64_t repeat = 1;
  std::vector<std::string> inits; ///< NAME=FILE.npy, NAME=glorot, NAME=zeros
  std::string curves, svg, saveParameters;
  std::string trainOption; ///< one that needs --train, if any was given
  bool help = false;
  bool version = false;

  bool modelIsMlir() const;
  /// The options of the CPU pipeline, with what --tune adds.
  std::string pipelineOptions() const;
  /// The model itself is evaluated by the reference evaluator, not compiled.
  bool evaluatesOnly() const { return reference && referenceFile.empty(); }
};

[[nodiscard]] Error parseOptions(const std::vector<std::string> &arguments,
                                 Options &options);

extern const char *const helpText;

/// `text` ends with `suffix`.
bool endsWith(const std::string &text, const std::string &suffix);

} // namespace spnn::run

#endif // SPNN_TOOLS_SPARSERUN_OPTIONS_H
