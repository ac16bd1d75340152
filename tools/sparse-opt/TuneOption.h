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
#ifndef SPNN_TOOLS_SPARSEOPT_TUNEOPTION_H
#define SPNN_TOOLS_SPARSEOPT_TUNEOPTION_H

#include "mlir/Pass/PassManager.h"

namespace spnn {

/// Sets the options `tune` and, unless `cacheFile` is empty, `tune-cache` of every spnn-select-formats in `pm`; fails
/// if there is none.
llvm::LogicalResult enableTuning(mlir::OpPassManager &pm, llvm::StringRef cacheFile);

} // namespace spnn

#endif // SPNN_TOOLS_SPARSEOPT_TUNEOPTION_H
