//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The parameters of a format, read from its name.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_KERNELS_FORMATNAMES_H
#define SPNN_LIB_LOWERING_KERNELS_FORMATNAMES_H

#include "spnn/Format/NmgPatterns.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace spnn {

/// Reads `prefix` and as many numbers as `numbers` holds, with `separator` between them; false for any other name.
inline bool parseFormatName(llvm::StringRef name, llvm::StringRef prefix, llvm::StringRef separator,
                            llvm::ArrayRef<int64_t *> numbers) {
  if (!name.consume_front(prefix))
    return false;
  for (int64_t *number : numbers)
    if ((number != numbers.front() && !name.consume_front(separator)) || name.consumeInteger(10, *number))
      return false;
  return name.empty();
}

/// "bsr4x1"
inline bool parseBlockName(llvm::StringRef name, int64_t &r, int64_t &c) {
  return parseFormatName(name, "bsr", "x", {&r, &c});
}

/// "nm2:4"
inline bool parseNmName(llvm::StringRef name, int64_t &n, int64_t &m) {
  return parseFormatName(name, "nm", ":", {&n, &m});
}

/// "nmg2:4:16"
inline bool parseNmgName(llvm::StringRef name, format::Nmg &nmg) {
  return parseFormatName(name, "nmg", ":", {&nmg.n, &nmg.m, &nmg.g});
}

} // namespace spnn

#endif // SPNN_LIB_LOWERING_KERNELS_FORMATNAMES_H
