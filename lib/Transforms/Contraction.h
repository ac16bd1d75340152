//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Recognises linalg contractions that are the product of a matrix with a constant one.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_TRANSFORMS_CONTRACTION_H
#define SPNN_LIB_TRANSFORMS_CONTRACTION_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <string>

namespace spnn {

/// out = constant * other, where `constant` has the dimensions m (kept) and k (summed), and `other` has k and any
/// number of free dimensions, in the same order as the result.
struct ConstantProduct {
  mlir::Value constant;     ///< rank 2, dense or sparse; null if the constant must be built from `slice`
  mlir::ElementsAttr slice; ///< the one matrix that all batches of a constant of rank 3 hold
  mlir::Value other;
  bool constantKFirst = false; ///< the constant is k x m
  bool otherKLast = false;     ///< the other operand is (free...) x k
  bool outMLast = false;       ///< the result is (free...) x m
  int64_t freeDims = 0;
};

/// Matches `op`; std::nullopt with the reason in `reason` (a clause) if it is a contraction that spnn.matmul
/// cannot take.
std::optional<ConstantProduct> matchConstantProduct(mlir::linalg::LinalgOp op, std::string &reason);

} // namespace spnn

#endif // SPNN_LIB_TRANSFORMS_CONTRACTION_H
