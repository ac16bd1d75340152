//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What --tune does to a pipeline.
//
//===----------------------------------------------------------------------===//
#include "TuneOption.h"

#include "mlir/Pass/Pass.h"

using namespace mlir;

LogicalResult spnn::enableTuning(OpPassManager &pm, StringRef cacheFile) {
  std::string options = "tune=true";
  // Braces keep a name with spaces together.
  if (!cacheFile.empty())
    options += " tune-cache={" + cacheFile.str() + "}";
  LogicalResult found = failure();
  for (Pass &pass : pm.getPasses())
    if (pass.getArgument() == "spnn-select-formats")
      found = pass.initializeOptions(options, [](const Twine &) { return failure(); });
  return found;
}
