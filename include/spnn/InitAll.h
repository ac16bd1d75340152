//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything a tool, a plugin or a test registers to know the dialect, its passes and its pipelines.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_INITALL_H
#define SPNN_INITALL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace spnn {
/// Adds the dialect and what it attaches to other dialects.
void registerDialect(mlir::DialectRegistry &registry);
/// Registers every pass and pipeline by its flag.
void registerPassesAndPipelines();
} // namespace spnn

#endif // SPNN_INITALL_H
