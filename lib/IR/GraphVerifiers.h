//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What verifiers of ops on graphs have in common.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_IR_GRAPHVERIFIERS_H
#define SPNN_LIB_IR_GRAPHVERIFIERS_H

#include "spnn/IR/SPNN.h"

namespace spnn {

/// Fails, with an error at `op`, unless `value` (absent is fine) is a dense tensor of these extents, where dynamic ones
/// agree with anything, and of that element type (null for any).
mlir::LogicalResult verifyDense(mlir::Operation *op, llvm::StringRef name, mlir::Value value,
                                llvm::ArrayRef<int64_t> shape, mlir::Type element);

/// The same for values of edges: rank 1, or rank 2 with `heads` columns (dynamic for any number).
mlir::LogicalResult verifyEdgeValues(mlir::Operation *op, llvm::StringRef name, mlir::Value value, int64_t edges,
                                     int64_t heads, mlir::Type element);

} // namespace spnn

#endif // SPNN_LIB_IR_GRAPHVERIFIERS_H
