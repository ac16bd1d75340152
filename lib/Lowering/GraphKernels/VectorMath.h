//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exponentials and logarithms of vectors, for softmax.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_GRAPHKERNELS_VECTORMATH_H
#define SPNN_LIB_LOWERING_GRAPHKERNELS_VECTORMATH_H

#include "mlir/IR/Builders.h"

namespace spnn {

/// exp(x) of a vector of floats. Of f32 for x <= 88, what a softmax asks for: relative error below 2e-7, 0 below -87.3
/// (minus infinity included), NaN where x is NaN.
mlir::Value emitExp(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);

/// log(x) of a vector of floats. Of f32 for finite normal x > 0: absolute error below 2e-7 beside that of rounding the
/// result, NaN where x is NaN.
mlir::Value emitLog(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);

/// A vector or scalar constant of `type`, all elements equal.
mlir::Value emitSplat(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type, double value);
mlir::Value emitSplat(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type, int64_t value);

} // namespace spnn

#endif // SPNN_LIB_LOWERING_GRAPHKERNELS_VECTORMATH_H
