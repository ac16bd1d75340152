//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pass spnn-set-target: records on the module the machine to compile for.
//
//===----------------------------------------------------------------------===//
#include "spnn/Cost/Cpu.h"
#include "spnn/Cost/TargetDescription.h"
#include "spnn/IR/SPNN.h"
#include "spnn/Lowering/Passes.h"

#include "mlir/IR/BuiltinOps.h"

namespace spnn {
#define GEN_PASS_DEF_SETTARGET
#include "spnn/Lowering/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

namespace {
struct SetTarget : public spnn::impl::SetTargetBase<SetTarget> {
  using SetTargetBase::SetTargetBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto fail = [&](const Twine &message) {
      module.emitError() << message;
      signalPassFailure();
    };
    if (threads < 0)
      return fail("threads must not be negative, got " + Twine(threads));
    cost::Cpu resolved;
    if (std::optional<std::string> error = cost::resolveCpu(cpu, resolved))
      return fail(*error);
    std::string name = description;
    if (name.empty()) {
      name = resolved.vectorBytes == 64 ? "generic-avx512" : resolved.vectorBytes == 32 ? "generic-avx2" : "generic-128";
    } else if (!cost::findTarget(name)) {
      llvm::Expected<cost::TargetDescription> loaded = cost::loadTarget(name);
      if (!loaded)
        return fail(llvm::toString(loaded.takeError()));
    }
    SmallVector<Type> dot, expand;
    if (resolved.hasBf16Dot)
      dot.push_back(BFloat16Type::get(&getContext()));
    if (resolved.hasInt8Dot)
      dot.push_back(IntegerType::get(&getContext(), 8));
    if (resolved.hasNarrowExpand)
      expand = {IntegerType::get(&getContext(), 8), IntegerType::get(&getContext(), 16)};
    module->setAttr(kTargetAttrName,
                    TargetAttr::get(&getContext(), name, cpu == "native" ? "native" : resolved.name,
                                    resolved.vectorBytes, threads, dot, expand));
  }
};
} // namespace
