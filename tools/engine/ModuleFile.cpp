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
#include "ModuleFile.h"

#include "spnn/Target/Emit.h"

#include "spnn/InitAll.h"
#include "spnn/Tuning/Tuner.h"

#include "mlir/IR/Location.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace spnn::engine;

static DialectRegistry makeRegistry() {
  DialectRegistry registry;
  registerAllDialects(registry);
  registerAllExtensions(registry);
  spnn::registerDialect(registry);
  spnn::target::registerTranslations(registry);
  spnn::tuning::registerTuner(registry);
  return registry;
}

/// Where in a file; a fused or named location counts by the first file position in it.
static std::string formatLocation(Location location) {
  std::string result;
  location->walk([&](Location nested) {
    auto position = dyn_cast<FileLineColLoc>(nested);
    if (!position)
      return WalkResult::advance();
    result = (position.getFilename().getValue() + ":" + Twine(position.getLine()) + ": ").str();
    return WalkResult::interrupt();
  });
  return result;
}

ModuleFile::ModuleFile()
    : context(makeRegistry()), handler(&context, [this](Diagnostic &diagnostic) {
        if (firstError.empty() && diagnostic.getSeverity() == DiagnosticSeverity::Error) {
          firstError = formatLocation(diagnostic.getLocation()) + diagnostic.str();
          std::replace(firstError.begin(), firstError.end(), '\n', ' ');
        }
        return success();
      }) {}

Error ModuleFile::load(const std::string &path) {
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> buffer = openInputFile(path, &message);
  if (!buffer)
    return message;
  auto sources = std::make_shared<llvm::SourceMgr>();
  sources->AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module)
    return takeError("'" + path + "' is not a valid MLIR file");
  return std::nullopt;
}

func::FuncOp ModuleFile::findFunction(llvm::StringRef name) {
  auto function = module->lookupSymbol<func::FuncOp>(name);
  return function && function.isPublic() && !function.isExternal() ? function : func::FuncOp();
}

std::string ModuleFile::takeError(llvm::StringRef otherwise) {
  std::string result = firstError.empty() ? otherwise.str() : firstError;
  firstError.clear();
  return result;
}
