//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads n and m off the name of an N:M format.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_KERNELS_NMNAME_H
#define SPNN_LIB_LOWERING_KERNELS_NMNAME_H

#include "llvm/ADT/StringRef.h"

namespace spnn {

/// n and m of "nm2:4"; false for any other name.
inline bool parseNmName(llvm::StringRef name, int64_t &n, int64_t &m) {
  return name.consume_front("nm") && !name.consumeInteger(10, n) && name.consume_front(":") &&
         !name.consumeInteger(10, m) && name.empty();
}

} // namespace spnn

#endif // SPNN_LIB_LOWERING_KERNELS_NMNAME_H
