//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads elementwise ops behind a product as one scalar expression act(product + bias).
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_TRANSFORMS_EPILOGUEMATCHER_H
#define SPNN_LIB_TRANSFORMS_EPILOGUEMATCHER_H

#include "spnn/IR/SPNN.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/SetVector.h"

#include <string>

namespace spnn {

/// A vector that is added to the product along one axis.
struct BiasOperand {
  mlir::Value value;            ///< rank 1, or rank 2 with one extent of 1; null for a constant matrix of equal rows
  mlir::DenseElementsAttr rows; ///< then: the row
  unsigned axis = 0;            ///< of the value at the root
};

/// What an epilogue computes, and from which product.
struct Epilogue {
  Activation activation = Activation::None;
  std::optional<BiasOperand> bias;
  bool transposed = false;                     ///< the root is act(product^T + bias)
  llvm::SetVector<mlir::Operation *> absorbed; ///< the ops outside of bodies that it computes
};

/// Where an epilogue ends: the result of an op, or a scalar in the body of a linalg.generic.
struct EpilogueRoot {
  mlir::Value value;
  mlir::linalg::GenericOp body; ///< null unless `value` is a scalar in it
};

/// The values that elementwise ops, transpositions and broadcasts compute from `product`, itself included, the last
/// one first. Scalars in the body of a generic follow the result of that generic.
llvm::SmallVector<EpilogueRoot> collectEpilogueRoots(MatmulOp product);

/// Matches act(product + bias) at `root`; std::nullopt with the reason in `reason` (a clause). `isNearMiss` is set if a
/// person would have expected a match.
std::optional<Epilogue> matchEpilogue(MatmulOp product, EpilogueRoot root, std::string &reason, bool &isNearMiss);

/// True for ops of arith and math on tensors that work element by element.
bool isElementwiseTensorOp(mlir::Operation *op);

} // namespace spnn

#endif // SPNN_LIB_TRANSFORMS_EPILOGUEMATCHER_H
