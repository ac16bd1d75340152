//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Calls of the run-time library on whole buffers.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_GRAPHKERNELS_RUNTIMECALL_H
#define SPNN_LIB_LOWERING_GRAPHKERNELS_RUNTIMECALL_H

#include "mlir/IR/Builders.h"

namespace spnn {

/// Calls the service `name`, which returns nothing: a memref is passed as the pointer to its first element, an index as
/// an i64.
llvm::LogicalResult emitRuntimeCall(mlir::OpBuilder &builder, mlir::Operation *op, llvm::StringRef name,
                                    mlir::ValueRange arguments);

} // namespace spnn

#endif // SPNN_LIB_LOWERING_GRAPHKERNELS_RUNTIMECALL_H
