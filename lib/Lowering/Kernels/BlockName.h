//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads the rows and columns of a block off the name of a BSR format.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_KERNELS_BLOCKNAME_H
#define SPNN_LIB_LOWERING_KERNELS_BLOCKNAME_H

#include "llvm/ADT/StringRef.h"

namespace spnn {

/// r and c of "bsr4x1"; false for any other name.
inline bool parseBlockName(llvm::StringRef name, int64_t &r, int64_t &c) {
  return name.consume_front("bsr") && !name.consumeInteger(10, r) && name.consume_front("x") &&
         !name.consumeInteger(10, c) && name.empty();
}

} // namespace spnn

#endif // SPNN_LIB_LOWERING_KERNELS_BLOCKNAME_H
