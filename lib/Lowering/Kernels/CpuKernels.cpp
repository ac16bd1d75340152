//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The list of CPU kernels.
//
//===----------------------------------------------------------------------===//
#include "spnn/Lowering/CpuKernel.h"

using namespace spnn;

CpuKernel::~CpuKernel() = default;

llvm::ArrayRef<const CpuKernel *> spnn::getCpuKernels() {
  static const CpuKernel *const kernels[] = {
      getCsrKernel(),
      getCsrMatvecKernel(),
      getHardCodedKernel(),
      getPatternTileKernel(),
      getCscMatvecKernel(),
      getBlockKernel(),
      getBlockMatvecKernel(),
      getNmKernel(),
      getNmMatvecKernel(),
      getNmgKernel(),
      getBitmapMatvecKernel(),
  };
  return kernels;
}

const CpuKernel *spnn::findCpuKernel(llvm::StringRef name) {
  for (const CpuKernel *kernel : getCpuKernels())
    if (kernel->name() == name)
      return kernel;
  return nullptr;
}
