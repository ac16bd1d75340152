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
#include "ModuleTarget.h"

using namespace mlir;
using namespace spnn;

FailureOr<ModuleTarget> ModuleTarget::load(ModuleOp module) {
  ModuleTarget target;
  target.machine = module->getAttrOfType<TargetAttr>(kTargetAttrName);
  StringRef name = target.machine ? target.machine.getDescription() : StringRef("generic-128");
  target.threads = target.machine && target.machine.getThreads() > 0 ? target.machine.getThreads() : 1;
  target.builtin = cost::findTarget(name);
  if (target.builtin)
    return target;
  llvm::Expected<cost::TargetDescription> file = cost::loadTarget(name);
  if (!file)
    return module.emitError() << llvm::toString(file.takeError());
  target.loaded = std::move(*file);
  return target;
}
