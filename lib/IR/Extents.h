//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Extents that may be dynamic, as verifiers compare and print them.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_IR_EXTENTS_H
#define SPNN_LIB_IR_EXTENTS_H

#include "mlir/IR/BuiltinTypeInterfaces.h"

#include <string>

namespace spnn {

/// True if the two can be the same at run time.
inline bool areCompatible(int64_t a, int64_t b) {
  return a == b || mlir::ShapedType::isDynamic(a) || mlir::ShapedType::isDynamic(b);
}

/// "?" for a dynamic extent.
inline std::string printExtent(int64_t extent) {
  return mlir::ShapedType::isDynamic(extent) ? "?" : std::to_string(extent);
}

} // namespace spnn

#endif // SPNN_LIB_IR_EXTENTS_H
