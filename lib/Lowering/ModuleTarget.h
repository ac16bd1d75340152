//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The target description that a module is compiled for.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_MODULETARGET_H
#define SPNN_LIB_LOWERING_MODULETARGET_H

#include "spnn/Cost/TargetDescription.h"
#include "spnn/IR/SPNN.h"

#include "mlir/IR/BuiltinOps.h"

namespace spnn {

/// What `spnn.target` says, with the description that it names.
struct ModuleTarget {
  TargetAttr machine; ///< null if nobody said
  int threads = 1;

  const cost::TargetDescription &get() const { return builtin ? *builtin : loaded; }

  /// Fails, with an error at the module, where the description cannot be read.
  static mlir::FailureOr<ModuleTarget> load(mlir::ModuleOp module);

private:
  const cost::TargetDescription *builtin = nullptr;
  cost::TargetDescription loaded; ///< from a file, where `builtin` is null
};

} // namespace spnn

#endif // SPNN_LIB_LOWERING_MODULETARGET_H
