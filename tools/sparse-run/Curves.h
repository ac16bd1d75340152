//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a training leaves behind: the course of loss and accuracy as CSV and as a drawing.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TOOLS_SPARSERUN_CURVES_H
#define SPNN_TOOLS_SPARSERUN_CURVES_H

#include "TrainingData.h"

namespace spnn::run {

/// One epoch. The sets are those of the data; not every epoch is evaluated.
struct Epoch {
  int64_t number = 0;
  double seconds = 0;
  double loss = 0; ///< of the train step, with dropout
  bool isEvaluated = false;
  Metrics train, validation, test;
};

/// A row for each epoch, with a header; cells of epochs that were not evaluated are empty.
std::string printCurvesCsv(const std::vector<Epoch> &epochs);

/// An SVG of two diagrams, loss and accuracy over epochs. Needs no other file.
std::string drawCurves(const std::vector<Epoch> &epochs, const std::string &title);

} // namespace spnn::run

#endif // SPNN_TOOLS_SPARSERUN_CURVES_H
