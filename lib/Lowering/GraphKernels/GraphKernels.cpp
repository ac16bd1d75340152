//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The list of kernels that pass messages along edges.
//
//===----------------------------------------------------------------------===//
#include "spnn/Lowering/GraphKernel.h"

using namespace spnn;

GraphKernel::~GraphKernel() = default;

llvm::ArrayRef<const GraphKernel *> spnn::getGraphKernels() { return {}; }

const GraphKernel *spnn::findGraphKernel(llvm::StringRef name) {
  for (const GraphKernel *kernel : getGraphKernels())
    if (kernel->name() == name)
      return kernel;
  return nullptr;
}
