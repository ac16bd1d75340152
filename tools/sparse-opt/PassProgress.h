//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shows on a terminal which pass runs.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TOOLS_SPARSEOPT_PASSPROGRESS_H
#define SPNN_TOOLS_SPARSEOPT_PASSPROGRESS_H

#include "Progress.h"

#include "mlir/Pass/PassManager.h"

namespace spnn {

/// Makes `pm` show each pass as "[12/63] name" while it runs, counted by the passes of the top level. To be called
/// after everything else that prints between passes is added; both arguments must outlive the run.
void addProgress(mlir::PassManager &pm, Progress &progress);

} // namespace spnn

#endif // SPNN_TOOLS_SPARSEOPT_PASSPROGRESS_H
