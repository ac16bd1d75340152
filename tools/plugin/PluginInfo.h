/*===----------------------------------------------------------------------===*\
|*
|* Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* What MLIR's two plugin entry points return, for C: mlir::DialectPluginLibraryInfo and mlir::PassPluginLibraryInfo
|* differ in the callback's argument only. plugin.cpp, which sees MLIR's own, asserts that the layout is the same.
|*
\*===----------------------------------------------------------------------===*/
#ifndef SPNN_TOOLS_PLUGIN_PLUGININFO_H
#define SPNN_TOOLS_PLUGIN_PLUGININFO_H

#include <stdint.h>

struct SPNNPluginInfo {
  uint32_t apiVersion;
  const char *pluginName;
  const char *pluginVersion;
  void (*registerCallback)(void);
};

#endif /* SPNN_TOOLS_PLUGIN_PLUGININFO_H */
