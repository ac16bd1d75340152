//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A function that is one kernel alone, panels to panels, for those who time kernels.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TUNING_KERNELFUNCTION_H
#define SPNN_TUNING_KERNELFUNCTION_H

#include "spnn/IR/SPNN.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace spnn::tuning {

/// Replaces `function` by one of the same name whose argument is the packed operand of `kernel`, an op of it, and whose
/// result is the kernel's. Everything else that the kernel reads is made from constants.
void reduceToKernel(mlir::func::FuncOp function, KernelMatmulOp kernel);

} // namespace spnn::tuning

#endif // SPNN_TUNING_KERNELFUNCTION_H
