//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A dense product as a call of oneDNN through the run-time library, and its epilogue.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_KERNELS_GEMMCALL_H
#define SPNN_LIB_LOWERING_KERNELS_GEMMCALL_H

#include "spnn/IR/SPNN.h"

#include "mlir/IR/Builders.h"

namespace spnn {

/// Emits the call and the epilogue for `op` on memrefs at the builder's insertion point.
mlir::LogicalResult emitGemmCall(KernelGemmOp op, mlir::OpBuilder &builder, int64_t vectorBytes);

} // namespace spnn

#endif // SPNN_LIB_LOWERING_KERNELS_GEMMCALL_H
