//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What LLVM knows of a CPU: its name, features and vector width.
//
//===----------------------------------------------------------------------===//
#include "spnn/Cost/Cpu.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"

#include <memory>

using namespace spnn;

/// Null, with `message`, if LLVM was built without this machine's target.
static std::unique_ptr<llvm::MCSubtargetInfo> makeSubtarget(llvm::StringRef cpu, llvm::StringRef features,
                                                            std::string &message) {
  llvm::Triple triple(llvm::sys::getDefaultTargetTriple());
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, message);
  return std::unique_ptr<llvm::MCSubtargetInfo>(target ? target->createMCSubtargetInfo(triple, cpu, features)
                                                       : nullptr);
}

std::optional<std::string> cost::findMissingFeature(const Cpu &cpu) {
  std::string message;
  auto info = makeSubtarget(cpu.name, cpu.features, message);
  std::optional<std::string> result;
  if (!info)
    return result;
  for (const auto &feature : llvm::sys::getHostCPUFeatures())
    if (!feature.second && info->checkFeatures("+" + feature.first().str()) && (!result || feature.first() < *result))
      result = feature.first().str();
  return result;
}

std::optional<std::string> cost::resolveCpu(llvm::StringRef name, Cpu &result) {
  llvm::InitializeNativeTarget();
  result = {};
  result.name = name.str();
  if (name == "native") {
    result.name = llvm::sys::getHostCPUName().str();
    // What the host really offers, which a virtual machine may have cut.
    for (const auto &feature : llvm::sys::getHostCPUFeatures())
      result.features +=
          (result.features.empty() ? "" : ",") + std::string(feature.second ? "+" : "-") + feature.first().str();
  }
  llvm::Triple triple(llvm::sys::getDefaultTargetTriple());
  std::string message;
  std::unique_ptr<llvm::MCSubtargetInfo> info = makeSubtarget("", "", message);
  if (!info)
    return "LLVM has no target " + triple.str() + ": " + message;
  if (!info->isCPUStringValid(result.name))
    return "LLVM knows no CPU '" + name.str() + "' for " + triple.getArchName().str();
  info = makeSubtarget(result.name, result.features, message);
  auto has = [&](llvm::StringRef feature) { return info->checkFeatures("+" + feature.str()); };
  result.vectorBytes = has("avx512f") && has("avx512vl") ? 64 : has("avx2") && has("fma") ? 32 : 16;
  result.hasBf16Dot = result.vectorBytes == 64 && has("avx512bf16") && has("avx512bw");
  result.hasInt8Dot = result.vectorBytes == 64 && has("avx512vnni") && has("avx512bw");
  result.hasNarrowExpand = result.vectorBytes == 64 && has("avx512vbmi2") && has("avx512bw");
  return std::nullopt;
}
