//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writes a product and its epilogue out as linalg, arith and math.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_TRANSFORMS_EPILOGUEEMITTER_H
#define SPNN_LIB_TRANSFORMS_EPILOGUEEMITTER_H

#include "spnn/IR/SPNN.h"

#include "mlir/IR/PatternMatch.h"

namespace spnn {

/// `activation` of the scalar `x`, as SPNNAttrs.td defines it.
mlir::Value emitActivation(mlir::OpBuilder &builder, mlir::Location loc, Activation activation, mlir::Value x);

/// activation(value + bias) for `value` of rank 2 as one linalg.generic; `bias` may be null. `value` itself if there is
/// nothing to compute.
mlir::Value emitEpilogue(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value, mlir::Value bias,
                         int64_t biasAxis, Activation activation);

/// The whole product of dense operands: linalg.fill, linalg.matmul and the epilogue, as a value of the result's type.
mlir::Value emitLinalgMatmul(mlir::OpBuilder &builder, MatmulOp op);

} // namespace spnn

#endif // SPNN_LIB_TRANSFORMS_EPILOGUEEMITTER_H
