//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An imported model as compiled code: through the CPU pipeline into a shared library, loaded and run.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TEST_ONNX_COMPILEDMODEL_H
#define SPNN_TEST_ONNX_COMPILEDMODEL_H

#include "spnn/Reference/Evaluator.h"
#include "spnn/Runtime/Loader.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"

#include <memory>

namespace spnn::test {

/// Everything that compiling needs in a context, dialects of imported models included.
void registerForCompilation(mlir::DialectRegistry &registry);

/// Compiled for this machine.
class CompiledModel {
public:
  /// Compiles `module`, whose function is @main, into the library `path`, and loads it. The module is used up. If the
  /// compiler refuses it, the error is what it says, and `refused` is true; other errors are ours.
  [[nodiscard]] runtime::Error compile(mlir::ModuleOp module, const std::string &path, bool &refused, int threads = 2);

  /// Runs it as the evaluator would. Writing beside an output is an error, too.
  [[nodiscard]] runtime::Error run(llvm::ArrayRef<reference::Tensor> arguments,
                                   llvm::SmallVectorImpl<reference::Tensor> &results);

private:
  llvm::SmallVector<mlir::Type> resultTypes; ///< of elements
  std::unique_ptr<runtime::Model> model;
  runtime::Context context;
};

} // namespace spnn::test

#endif // SPNN_TEST_ONNX_COMPILEDMODEL_H
