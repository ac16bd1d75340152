//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// spnn_engine_compile, which has no compiler behind it yet.
//
//===----------------------------------------------------------------------===//
#include "spnn/Runtime/Engine.h"

#include <cstdio>

int32_t spnn_engine_compile(const char *path, const char *options, const char *output, char *error, size_t errorBytes) {
  std::snprintf(error, errorBytes, "compilation is not built in yet");
  return 1;
}
