//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The counter-based generator of spnn.dropout as code: scalars or vectors of i32.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_DROPOUT_H
#define SPNN_LIB_LOWERING_DROPOUT_H

#include "mlir/IR/Builders.h"

#include <cstdint>

namespace spnn {

/// The key of a mask, an i32, from the seed, an i64.
mlir::Value emitDropoutKey(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value seed, int64_t stream);

/// keep(i) for the elements i, an i64 or a vector of i64, as i1 or a vector of them.
mlir::Value emitDropoutKeep(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value key, mlir::Value i, double rate);

/// The same for i below 2^32, as i32.
mlir::Value emitDropoutKeepLow(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value key, mlir::Value i,
                               double rate);

/// keep for `lanes` elements from `first`, an index, on; `isLow` says that all elements are below 2^32.
mlir::Value emitDropoutMask(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value key, mlir::Value first,
                            int64_t lanes, bool isLow, double rate);

} // namespace spnn

#endif // SPNN_LIB_LOWERING_DROPOUT_H
