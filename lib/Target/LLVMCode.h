//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Translation of LLVM-dialect modules to optimised LLVM IR, assembly and objects.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_TARGET_LLVMCODE_H
#define SPNN_LIB_TARGET_LLVMCODE_H

#include "spnn/Target/Emit.h"

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

#include <memory>

namespace spnn::target {

/// One module as LLVM IR, optimised for its CPU.
class LLVMCode {
public:
  /// Translates and optimises; the others follow it.
  Error build(mlir::ModuleOp module, EmitProgress progress);
  /// True if the code calls `symbol`.
  bool uses(llvm::StringRef symbol) const;
  void print(llvm::raw_ostream &os) const;
  /// Assembly text, or an object. May be called once.
  Error generate(llvm::raw_pwrite_stream &os, bool object) const;

private:
  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> llvmModule;
  std::unique_ptr<llvm::TargetMachine> machine;
};

} // namespace spnn::target

#endif // SPNN_LIB_TARGET_LLVMCODE_H
