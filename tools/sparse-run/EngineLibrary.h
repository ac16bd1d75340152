//===- EngineLibrary.h - The compiler, loaded on demand ---------*- C++ -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// SPNNEngine.so, opened only when a .mlir file has to be compiled or evaluated,
// so that running a compiled model never loads MLIR.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TOOLS_SPARSERUN_ENGINELIBRARY_H
#define SPNN_TOOLS_SPARSERUN_ENGINELIBRARY_H

#include "Tensors.h"
#include "spnn/Runtime/Engine.h"

namespace spnn::run {

/// The engine: $SPNN_ENGINE, or ../lib/SPNNEngine.so beside the executable.
class EngineLibrary {
public:
  /// Loads the engine unless it is loaded; it stays for the process.
  [[nodiscard]] Error load();
  /// The functions of a .mlir file.
  [[nodiscard]] Error describe(const std::string &path,
                               runtime::ModelDescription &result);
  /// Runs `function` in the reference evaluator; `outputs` have their shapes.
  [[nodiscard]] Error evaluate(const std::string &path,
                               const std::string &function,
                               const std::vector<Tensor> &inputs,
                               std::vector<Tensor> &outputs);
  /// Compiles a .mlir file and loads the model. The .so lives in a folder of
  /// its own below $TMPDIR until it is loaded, also if a signal ends the tool.
  [[nodiscard]] Error compile(const std::string &path,
                              const std::string &options,
                              std::unique_ptr<runtime::Model> &result);

private:
  void *handle = nullptr;
  decltype(&spnn_engine_version) versionOf = nullptr;
  decltype(&spnn_engine_describe) describeIt = nullptr;
  decltype(&spnn_engine_free) freeText = nullptr;
  decltype(&spnn_engine_evaluate) evaluateIt = nullptr;
  decltype(&spnn_engine_compile) compileIt = nullptr;
};

} // namespace spnn::run

#endif // SPNN_TOOLS_SPARSERUN_ENGINELIBRARY_H
