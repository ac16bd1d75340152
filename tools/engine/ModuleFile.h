//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the functions of the engine share: a parsed model, and the first error that was emitted.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TOOLS_ENGINE_MODULEFILE_H
#define SPNN_TOOLS_ENGINE_MODULEFILE_H

#include "spnn/Runtime/Description.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <optional>
#include <string>

namespace spnn::engine {

using runtime::Error;

/// A .mlir file in a context of its own with every dialect that a model may use. Nothing is printed: the first error
/// that anything emits in the context is kept as one sentence.
class ModuleFile {
public:
  ModuleFile();

  Error load(const std::string &path);
  mlir::ModuleOp getModule() { return *module; }
  mlir::MLIRContext &getContext() { return context; }

  /// The public function of that name; null if there is none.
  mlir::func::FuncOp findFunction(llvm::StringRef name);

  /// "file:line: message" of the first error, or `otherwise`.
  std::string takeError(llvm::StringRef otherwise);

private:
  mlir::MLIRContext context;
  std::string firstError;
  mlir::ScopedDiagnosticHandler handler;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// The interface of the public functions, as the compiled model would describe it.
Error describe(ModuleFile &file, runtime::ModelDescription &result);
Error describe(mlir::func::FuncOp function, runtime::FunctionSpec &result);

} // namespace spnn::engine

#endif // SPNN_TOOLS_ENGINE_MODULEFILE_H
