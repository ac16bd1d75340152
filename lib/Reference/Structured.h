//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Structured linalg ops: the iteration space, and the ways to run it.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_REFERENCE_STRUCTURED_H
#define SPNN_LIB_REFERENCE_STRUCTURED_H

#include "Interpreter.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/AffineMap.h"

namespace spnn::reference {

/// Where the iterations of a structured op touch one operand.
struct Access {
  mlir::AffineMap map;
  llvm::SmallVector<int64_t> shape, strides;
  /// If linear, iteration (i0, i1, ...) touches element base + sum of loopStrides[l] * i_l, which has been checked
  /// to be in range; loops that run once have stride 0.
  bool isLinear = true;
  int64_t base = 0;
  llvm::SmallVector<int64_t> loopStrides;

  /// The element that an iteration touches; checks the range if the access is not linear.
  llvm::FailureOr<int64_t> getOffset(mlir::Operation *op, llvm::ArrayRef<int64_t> loops) const;
};

struct IterationSpace {
  llvm::SmallVector<int64_t> extents;
  /// One an operand; none if the space is empty.
  llvm::SmallVector<Access> accesses;
  bool isEmpty = false;

  /// Reads extents off the operands; an error if they disagree or an access is out of range.
  llvm::LogicalResult build(mlir::Operation *op, llvm::ArrayRef<mlir::AffineMap> maps,
                            llvm::ArrayRef<TensorRef> operands);

private:
  llvm::LogicalResult linearize(mlir::Operation *op, unsigned number, Access &access);
};

llvm::LogicalResult evaluateStructured(Interpreter &interpreter, mlir::Operation *op);

/// Runs the op as a contraction if it is one (two float inputs, body out + lhs * rhs, linear accesses); false, with
/// nothing done, if it is not.
bool tryContraction(mlir::linalg::LinalgOp op, const IterationSpace &space, llvm::ArrayRef<TensorRef> inputs,
                    llvm::MutableArrayRef<Tensor> outputs);

} // namespace spnn::reference

#endif // SPNN_LIB_REFERENCE_STRUCTURED_H
