//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Trains a compiled model: epochs, early stopping, repetitions, and the report.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TOOLS_SPARSERUN_TRAIN_H
#define SPNN_TOOLS_SPARSERUN_TRAIN_H

#include "Curves.h"
#include "Progress.h"

namespace spnn::run {

/// Decides when a training ends. Better validation is: a smaller loss, a greater accuracy, or either (of `both`, where
/// the best epoch is one with both, as GAT's authors train).
class EarlyStopping {
public:
  /// 0: never ends.
  EarlyStopping(Options::StopOn on, int64_t patience) : on(on), patience(patience) {}
  /// Hears an evaluated epoch; true if it is the best so far.
  bool improves(const Epoch &epoch);
  /// `patience` epochs went by since anything improved.
  bool ends(int64_t epoch) const { return patience > 0 && epoch - last >= patience; }

private:
  Options::StopOn on;
  int64_t patience;
  int64_t last = 0;
  double loss = 1e300, accuracy = -1;
};

/// Trains as the options say, and writes and prints what they ask for. `write` writes a text to a file or, for "-", to
/// the standard output.
[[nodiscard]] Error train(const runtime::Model &model, const Options &options, Progress &progress,
                          const std::function<Error(const std::string &, const std::string &)> &write);

} // namespace spnn::run

#endif // SPNN_TOOLS_SPARSERUN_TRAIN_H
