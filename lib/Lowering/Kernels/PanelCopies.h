//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loops that move a matrix into packed column panels and back.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_KERNELS_PANELCOPIES_H
#define SPNN_LIB_LOWERING_KERNELS_PANELCOPIES_H

#include "spnn/IR/SPNN.h"

#include "mlir/IR/Builders.h"

namespace spnn {

/// Emit loops for `op` on memrefs at the builder's insertion point.
mlir::LogicalResult emitPackPanels(PackPanelsOp op, mlir::OpBuilder &builder, bool parallel);
mlir::LogicalResult emitUnpackPanels(UnpackPanelsOp op, mlir::OpBuilder &builder, bool parallel);

} // namespace spnn

#endif // SPNN_LIB_LOWERING_KERNELS_PANELCOPIES_H
