//===- fuzz_npy.cpp - Fuzzes the .npy reader ------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Any bytes are either refused or read as a consistent array.
//
//===----------------------------------------------------------------------===//
#include "spnn/Import/Numpy.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace spnn::numpy;
  Array array;
  if (readNpy(data, size, "fuzz.npy", array))
    return 0;
  if (array.bytes.size() !=
      static_cast<uint64_t>(array.size()) * dtypeBytes(array.dtype))
    abort();
  return 0;
}
