//===- fuzz_npz.cpp - Fuzzes the .npz reader ------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Any bytes are either refused or read as consistent arrays, in little memory.
//
//===----------------------------------------------------------------------===//
#include "spnn/Import/Numpy.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace spnn::numpy;
  ReadLimits limits;
  limits.inflatedBytes = 1 << 24;
  std::vector<NamedArray> arrays;
  if (readNpz(data, size, "fuzz.npz", arrays, limits))
    return 0;
  for (const NamedArray &named : arrays)
    if (named.array.bytes.size() != static_cast<uint64_t>(named.array.size()) *
                                        dtypeBytes(named.array.dtype))
      abort();
  return 0;
}
