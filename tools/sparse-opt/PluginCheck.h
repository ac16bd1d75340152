//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks the plugins of a command line before MLIR loads them.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TOOLS_SPARSEOPT_PLUGINCHECK_H
#define SPNN_TOOLS_SPARSEOPT_PLUGINCHECK_H

#include <optional>
#include <string>

namespace spnn {

/// Checks and loads each plugin of --load-dialect-plugin and --load-pass-plugin, in the order of the arguments: MLIR's
/// own options print no reason for a plugin that cannot be loaded and go on without it. Returns one sentence on the
/// first plugin that cannot be used. No plugin that needs another LLVM gets to run code, if its file tells.
std::optional<std::string> checkPlugins(int argc, const char *const *argv);

} // namespace spnn

#endif // SPNN_TOOLS_SPARSEOPT_PLUGINCHECK_H
