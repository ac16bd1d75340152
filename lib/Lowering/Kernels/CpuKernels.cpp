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
#include "KernelEmitter.h"
#include "spnn/Lowering/CpuKernel.h"

#include "llvm/Support/raw_ostream.h"

using namespace spnn;

CpuKernel::~CpuKernel() = default;

static std::string print(mlir::Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

std::optional<std::string> CpuKernel::check(const KernelProblem &problem) const {
  if (std::optional<std::string> reason = checkTypes(problem))
    return reason;
  return checkProblem(problem);
}

std::optional<std::string> CpuKernel::checkTypes(const KernelProblem &problem) const {
  if (problem.rhsType != problem.elementType)
    return "the right-hand side is " + print(problem.rhsType) + ", and the kernel reads " + print(problem.elementType);
  if (!isStorageType(problem.weightType, problem.elementType))
    return "the kernel has no weights of " + print(problem.weightType);
  return std::nullopt;
}

llvm::ArrayRef<const CpuKernel *> spnn::getCpuKernels() {
  static const CpuKernel *const kernels[] = {
      getCsrKernel(),
      getCsrMatvecKernel(),
      getHardCodedKernel(),
      getNmgKernel(),
      getPatternTileKernel(),
      getCscMatvecKernel(),
      getBlockKernel(),
      getBlockMatvecKernel(),
      getNmKernel(),
      getNmMatvecKernel(),
      getBitmapMatvecKernel(),
      getDotKernel(),
  };
  return kernels;
}

const CpuKernel *spnn::findCpuKernel(llvm::StringRef name) {
  for (const CpuKernel *kernel : getCpuKernels())
    if (kernel->name() == name)
      return kernel;
  return nullptr;
}
