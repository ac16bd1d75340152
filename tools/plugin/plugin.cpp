//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// SPNNPluginCode.so: the dialect and all passes for a stock mlir-opt, which loader.c loads and forwards to.
//
//===----------------------------------------------------------------------===//
#include "PluginInfo.h"

#include "spnn/InitAll.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "llvm/Config/llvm-config.h"

#include <cstddef>

// loader.c passes these on without MLIR's headers.
template <typename Info>
constexpr bool isLaidOutForC =
    sizeof(Info) == sizeof(SPNNPluginInfo) && offsetof(Info, apiVersion) == offsetof(SPNNPluginInfo, apiVersion) &&
    offsetof(Info, pluginName) == offsetof(SPNNPluginInfo, pluginName) &&
    offsetof(Info, pluginVersion) == offsetof(SPNNPluginInfo, pluginVersion);
static_assert(isLaidOutForC<mlir::DialectPluginLibraryInfo> &&
              offsetof(mlir::DialectPluginLibraryInfo, registerDialectRegistryCallbacks) ==
                  offsetof(SPNNPluginInfo, registerCallback));
static_assert(isLaidOutForC<mlir::PassPluginLibraryInfo> &&
              offsetof(mlir::PassPluginLibraryInfo, registerPassRegistryCallbacks) ==
                  offsetof(SPNNPluginInfo, registerCallback));

extern "C" LLVM_ATTRIBUTE_WEAK mlir::DialectPluginLibraryInfo mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "SPNN", LLVM_VERSION_STRING,
          [](mlir::DialectRegistry *registry) { spnn::registerDialect(*registry); }};
}

extern "C" LLVM_ATTRIBUTE_WEAK mlir::PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "SPNN", LLVM_VERSION_STRING, []() { spnn::registerPassesAndPipelines(); }};
}
