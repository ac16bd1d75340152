//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernels that pass messages along edges, one function each, and the check of their operands.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_GRAPHKERNELS_GRAPHKERNELS_H
#define SPNN_LIB_LOWERING_GRAPHKERNELS_GRAPHKERNELS_H

#include "spnn/Lowering/GraphKernel.h"

namespace spnn {

const GraphKernel *getAssembleKernel();
const GraphKernel *getDegreeKernel();
const GraphKernel *getEdgeSoftmaxBackwardKernel();
const GraphKernel *getEdgeSoftmaxKernel();
const GraphKernel *getLossBackwardKernel();
const GraphKernel *getLossKernel();
const GraphKernel *getOrderKernel();
const GraphKernel *getScatterWinnersKernel();
const GraphKernel *getSddmmAddKernel();
const GraphKernel *getSddmmKernel();
const GraphKernel *getSpmmKernel();
const GraphKernel *getSpmmMaxKernel();
const GraphKernel *getTransposeKernel();

/// Fails with an error at the op unless it has two storage buffers of i32 (or three, where rows may be numbered), all
/// inputs that are `required`, none but these and the `optional` ones, and `inits` inits.
llvm::LogicalResult checkGraphOperands(KernelGraphOp op, llvm::ArrayRef<llvm::StringRef> required,
                                       llvm::ArrayRef<llvm::StringRef> optional, size_t inits,
                                       bool mayNumberRows = false);

/// The same without the storage.
llvm::LogicalResult checkGraphInputs(KernelGraphOp op, llvm::ArrayRef<llvm::StringRef> required,
                                     llvm::ArrayRef<llvm::StringRef> optional, size_t inits);

} // namespace spnn

#endif // SPNN_LIB_LOWERING_GRAPHKERNELS_GRAPHKERNELS_H
