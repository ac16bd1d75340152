//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Integer constants of any shape.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_CONSTANTS_H
#define SPNN_LIB_LOWERING_CONSTANTS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

namespace spnn {

/// A constant of `type`, an integer, index or a vector of them, whose elements are all `value`. (Upstream's
/// createScalarOrSplatConstant takes no index.)
inline mlir::Value createConstant(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type,
                                  const llvm::APInt &value) {
  mlir::TypedAttr attr = builder.getIntegerAttr(mlir::getElementTypeOrSelf(type), value);
  if (auto vector = mlir::dyn_cast<mlir::VectorType>(type))
    attr = mlir::DenseElementsAttr::get(vector, value);
  return mlir::arith::ConstantOp::create(builder, loc, type, attr);
}

} // namespace spnn

#endif // SPNN_LIB_LOWERING_CONSTANTS_H
