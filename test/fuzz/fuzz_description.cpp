//===- fuzz_description.cpp - Fuzzes the model description reader ---------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Any text is either refused or read into a description that survives a round
// trip.
//
//===----------------------------------------------------------------------===//
#include "spnn/Runtime/Description.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace spnn::runtime;
  ModelDescription first, second;
  if (parseDescription({reinterpret_cast<const char *>(data), size}, first))
    return 0;
  std::string text = printDescription(first);
  if (parseDescription(text, second) || printDescription(second) != text)
    abort();
  return 0;
}
