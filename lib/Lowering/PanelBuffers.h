//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tensors in the layout of packed panels, for the passes that make kernel ops.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_PANELBUFFERS_H
#define SPNN_LIB_LOWERING_PANELBUFFERS_H

#include "spnn/IR/SPNN.h"

#include "mlir/IR/Builders.h"

namespace spnn {

/// An uninitialised tensor of roundup(columns, panel vector) * rows elements.
mlir::Value createEmptyPanels(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value columns, int64_t rows,
                              PanelsAttr panels, mlir::Type element);

} // namespace spnn

#endif // SPNN_LIB_LOWERING_PANELBUFFERS_H
