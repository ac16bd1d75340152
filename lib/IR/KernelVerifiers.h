//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the verifiers of all kernel ops share.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_IR_KERNELVERIFIERS_H
#define SPNN_LIB_IR_KERNELVERIFIERS_H

#include "spnn/IR/SPNN.h"

namespace spnn {

/// On memrefs a kernel reads its inputs and writes its inits; on tensors it has no effect.
void getKernelEffects(mlir::DestinationStyleOpInterface op,
                      llvm::SmallVectorImpl<mlir::SideEffects::EffectInstance<mlir::MemoryEffects::Effect>> &effects);

/// All tensors and one result of each init's type, or all memrefs and no result.
mlir::LogicalResult verifySemantics(mlir::DestinationStyleOpInterface op);

/// The shaped operand `name` has `rank` and, unless null, `element`.
mlir::LogicalResult verifyRank(mlir::Operation *op, llvm::StringRef name, mlir::Value value, int64_t rank,
                               mlir::Type element);

} // namespace spnn

#endif // SPNN_LIB_IR_KERNELVERIFIERS_H
