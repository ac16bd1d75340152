//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loops of column-wise kernels on packed panels.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_KERNELS_COLUMNSKERNEL_H
#define SPNN_LIB_LOWERING_KERNELS_COLUMNSKERNEL_H

#include "spnn/IR/SPNN.h"

#include "mlir/IR/Builders.h"

namespace spnn {

/// Emits loops for `op` on memrefs at the builder's insertion point.
mlir::LogicalResult emitKernelColumns(KernelColumnsOp op, mlir::OpBuilder &builder);

} // namespace spnn

#endif // SPNN_LIB_LOWERING_KERNELS_COLUMNSKERNEL_H
