//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// spnn_engine_compile: the CPU pipeline and the emission of a shared library, for sparse-run.
//
//===----------------------------------------------------------------------===//
#include "ModuleFile.h"
#include "spnn/Pipelines/Pipelines.h"
#include "spnn/Runtime/Engine.h"
#include "spnn/Target/Emit.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdio>

using namespace mlir;
using namespace spnn;

static engine::Error compile(const char *path, const char *options, const char *output) {
  CpuPipelineOptions parsed;
  std::string message;
  llvm::raw_string_ostream os(message);
  if (failed(parsed.parseFromString(options, os)))
    return "the options '" + std::string(options) + "' are not those of spnn-cpu: " + message;
  engine::ModuleFile file;
  if (engine::Error error = file.load(path))
    return error;
  PassManager pm(&file.getContext());
  buildCpuPipeline(pm, parsed);
  if (failed(pm.run(file.getModule())))
    return file.takeError("'" + std::string(path) + "' could not be compiled");
  return target::emit(file.getModule(), target::EmitKind::So, output);
}

int32_t spnn_engine_compile(const char *path, const char *options, const char *output, char *error,
                            size_t errorBytes) {
  engine::Error failure = compile(path, options, output);
  if (!failure)
    return 0;
  for (char &c : *failure)
    c = c == '\n' ? ' ' : c;
  std::snprintf(error, errorBytes, "%s", failure->c_str());
  return 1;
}
