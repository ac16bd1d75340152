//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The reference evaluator: runs graph-level IR on plain dense arrays in double precision.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_REFERENCE_EVALUATOR_H
#define SPNN_REFERENCE_EVALUATOR_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

#include <cstdint>
#include <vector>

namespace spnn::reference {

/// A dense row-major array of any rank (a scalar has rank 0). Float element types, whatever their width, are held as
/// doubles in `floats`; integers, booleans (0 or 1) and `index` as 64-bit integers in `ints`, wrapped to their width.
struct Tensor {
  mlir::Type elementType;
  llvm::SmallVector<int64_t> shape;
  std::vector<double> floats;
  std::vector<int64_t> ints;

  bool isFloat() const { return llvm::isa<mlir::FloatType>(elementType); }
  int64_t size() const {
    int64_t result = 1;
    for (int64_t extent : shape)
      result *= extent;
    return result;
  }

  /// Zeros of that shape.
  static Tensor zeros(mlir::Type elementType, llvm::ArrayRef<int64_t> shape);
  /// The contents of a constant (sparse constants of the spnn dialect are read through their format).
  static mlir::FailureOr<Tensor> fromElements(mlir::ElementsAttr attr);
  /// From and to raw little-endian bytes of `elementType`; toBytes rounds floats to the nearest value of the type.
  static Tensor fromBytes(mlir::Type elementType, llvm::ArrayRef<int64_t> shape, const void *data);
  std::vector<uint8_t> toBytes() const;
};

/// Evaluates `function` (of graph-level IR: spnn graph ops, linalg, tensor, arith, math, scf, func.call) on `arguments`.
/// Floats are computed in double precision throughout, never rounded to their type. Emits an error that names the
/// op and the rule, and fails, on an op it does not know, a shape that does not fit, or an index out of range.
mlir::FailureOr<llvm::SmallVector<Tensor>> evaluate(mlir::func::FuncOp function, llvm::ArrayRef<Tensor> arguments);

} // namespace spnn::reference

#endif // SPNN_REFERENCE_EVALUATOR_H
