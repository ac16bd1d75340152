//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The dropout mask of spnn.dropout, for vectors of elements.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_GRAPHKERNELS_DROPOUTMASK_H
#define SPNN_LIB_LOWERING_GRAPHKERNELS_DROPOUTMASK_H

#include "mlir/IR/Builders.h"

namespace spnn {

/// Makes masks as the definition of spnn.dropout says. What depends on the seed alone is emitted where the object is
/// made.
class DropoutMask {
public:
  DropoutMask(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value seed, double rate, int64_t stream);

  /// For the elements whose numbers are low + 2^32 high (vectors of i32; high is null for 0): 1 / (1 - rate) where an
  /// element is kept, otherwise 0, as floats of type `element`.
  mlir::Value emitScales(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value low, mlir::Value high,
                         mlir::Type element) const;

private:
  double rate;
  mlir::Value key, hashedKey; ///< scalars of i32; the second is mix(key)
};

} // namespace spnn

#endif // SPNN_LIB_LOWERING_GRAPHKERNELS_DROPOUTMASK_H
