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
#include <functional>
#include <memory>
#include <vector>

namespace spnn {
struct Adjacency; // spnn/IR/Graphs.h
}

namespace spnn::reference {

/// A dense row-major array of any rank (a scalar has rank 0). Float element types, whatever their width, are held as
/// doubles in `floats`; integers and `index` as 64-bit integers in `ints`, wrapped to their width: i1 is 0 or 1, other
/// signless and signed integers are sign-extended, unsigned ones zero-extended. The other vector is empty. A graph (a
/// sparse matrix of i1) has its structure in `graph` instead, and both vectors are empty.
struct Tensor {
  mlir::Type elementType;
  llvm::SmallVector<int64_t> shape;
  std::vector<double> floats;
  std::vector<int64_t> ints;
  std::shared_ptr<const Adjacency> graph;

  bool isFloat() const { return llvm::isa<mlir::FloatType>(elementType); }
  /// Number of elements; for a shape that `countElements` accepts.
  int64_t size() const { return static_cast<int64_t>(isFloat() ? floats.size() : ints.size()); }

  /// Bytes that the elements, or the arrays of the graph, take in the evaluator.
  uint64_t countBytes() const;

  /// Zeros of that shape, which `countElements` must accept, of a type that `isSupported` accepts.
  static Tensor zeros(mlir::Type elementType, llvm::ArrayRef<int64_t> shape);
  /// The contents of a dense, splat or resource constant; fails, without a diagnostic, if the element type is not
  /// supported or the contents are not at hand (an elided resource, or one of the wrong size).
  static mlir::FailureOr<Tensor> fromElements(mlir::ElementsAttr attr);
  /// From and to raw little-endian bytes of `elementType` (i1 takes a byte, other types whole bytes). toBytes rounds
  /// floats to the nearest value of the type, ties to even.
  static Tensor fromBytes(mlir::Type elementType, llvm::ArrayRef<int64_t> shape, const void *data);
  std::vector<uint8_t> toBytes() const;

  /// True for floats and for integers of at most 64 bits and `index`.
  static bool isSupported(mlir::Type elementType);
  /// Bytes of an element in fromBytes and toBytes.
  static unsigned getElementBytes(mlir::Type elementType);
  /// Number of elements of a shape; std::nullopt if an extent is negative or the number is 2^59 or more.
  static std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> shape);
};

struct EvaluatorOptions {
  /// Most bytes that one tensor, and all tensors held at a time, may take (8 bytes an element); more is an error.
  uint64_t maxTensorBytes = uint64_t(8) << 30;
  uint64_t maxTotalBytes = uint64_t(32) << 30;
  /// Called before each op of the evaluated function's body (not of nested regions), for progress reports.
  std::function<void(mlir::Operation *)> progress;
  /// Called before each op that is not a constant, wherever it stands, nested regions and called functions included. The
  /// second argument gives the value of an operand of the op, null if it has none; the pointer is good for that call.
  std::function<void(mlir::Operation *, llvm::function_ref<const Tensor *(mlir::Value)>)> observe;
};

/// Evaluates `function` (verified graph-level IR: spnn graph ops, linalg, tensor, arith, math, scf, func.call) on
/// `arguments`, which must have the declared element types and fit the declared shapes. Floats are computed in double
/// precision throughout, never rounded to their type (arith.bitcast excepted). Emits an error that names the op and
/// the rule, and fails, on an op it does not know, a shape that does not fit, or an index out of range.
///
/// What upstream leaves undefined is defined or refused here: tensor.empty holds NaN (integers: 0) so that a result
/// that depends on it shows; float to integer casts out of range saturate, NaN becomes 0; shifts by the width or more
/// give 0 (signed right shifts: the sign); integer division by zero and signed overflow in division are errors.
/// A zero of a tensor whose type has a sparse encoding is no factor: zero times infinity or NaN adds nothing there.
mlir::FailureOr<llvm::SmallVector<Tensor>> evaluate(mlir::func::FuncOp function, llvm::ArrayRef<Tensor> arguments,
                                                    const EvaluatorOptions &options = {});

} // namespace spnn::reference

#endif // SPNN_REFERENCE_EVALUATOR_H
