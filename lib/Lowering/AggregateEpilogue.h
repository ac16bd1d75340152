//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which ops behind an aggregation its kernel computes too: bias, ReLU, dropout.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_AGGREGATEEPILOGUE_H
#define SPNN_LIB_LOWERING_AGGREGATEEPILOGUE_H

#include "spnn/IR/SPNN.h"

namespace spnn {

/// dropout(activation(aggregate + bias)).
struct AggregateEpilogue {
  mlir::Value result; ///< what the kernel computes; the aggregation's own result if nothing follows
  mlir::Value bias;   ///< a vector with an element for each column, may be null
  Activation activation = Activation::None;
  DropoutOp dropout;                                ///< may be null
  llvm::SmallVector<mlir::Operation *, 2> absorbed; ///< in the order of the program
};

/// Follows the only use of `op`'s result through elementwise ops on tensors, linalg's or arith's, as far as they are
/// such an epilogue.
AggregateEpilogue matchAggregateEpilogue(AggregateOp op);

} // namespace spnn

#endif // SPNN_LIB_LOWERING_AGGREGATEEPILOGUE_H
