//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Builders that the op families share: elementwise ops with broadcasting, reductions, changes of shape.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_IMPORT_ONNX_BUILDERS_H
#define SPNN_LIB_IMPORT_ONNX_BUILDERS_H

#include "Importer.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace spnn::onnximport {

/// Scalar arithmetic inside a body: the op for the type and signedness of the operands.
struct Scalars {
  mlir::ImplicitLocOpBuilder b;
  bool isUnsigned;

  Value constant(Type type, double value);
  Value constantLike(Value value, double number) { return constant(value.getType(), number); }
  Value add(Value x, Value y);
  Value sub(Value x, Value y);
  Value mul(Value x, Value y);
  Value div(Value x, Value y);
  Value min(Value x, Value y);
  Value max(Value x, Value y);
  Value neg(Value x);
  Value abs(Value x);
  Value exp(Value x);
  Value log(Value x);
  Value sqrt(Value x);
  Value less(Value x, Value y);
  Value lessEqual(Value x, Value y);
  Value equal(Value x, Value y);
  Value isNaN(Value x);
  Value select(Value condition, Value x, Value y);
  Value logicalNot(Value x);
  /// The value in another type, as ONNX's Cast converts.
  Value cast(Value x, Type to, bool toUnsigned);
  /// The value of an integer type as an index, and the running index of dimension `d`.
  Value toIndex(Value x);
  Value index(int64_t d);
  Value indexConstant(OpFoldResult value);
};

using Body = llvm::function_ref<Value(Scalars &, ValueRange)>;

/// A number as an attribute of a scalar type.
mlir::TypedAttr numberAttr(Type type, double value);

// Extents: numbers where they are static.
llvm::SmallVector<OpFoldResult> sizesOf(Node &n, Value value);
OpFoldResult sizeOf(Node &n, Value value, int64_t d);
OpFoldResult addSize(Node &n, OpFoldResult x, OpFoldResult y);
OpFoldResult mulSize(Node &n, OpFoldResult x, OpFoldResult y);
OpFoldResult divSize(Node &n, OpFoldResult x, OpFoldResult y);
Value sizeValue(Node &n, OpFoldResult size);
OpFoldResult number(Node &n, int64_t value);

Value emptyTensor(Node &n, llvm::ArrayRef<OpFoldResult> sizes, Type type);
Value filled(Node &n, llvm::ArrayRef<OpFoldResult> sizes, mlir::TypedAttr value);
/// A constant whose elements are all `value`, without storage.
Value splat(Node &n, llvm::ArrayRef<int64_t> shape, mlir::TypedAttr value);

/// One linalg.generic over the broadcast shape of `inputs` (numpy's rule; a `?` is taken to be no 1).
Value elementwise(Node &n, ValueRange inputs, Type result, Body body, bool isUnsigned = false);
/// One linalg.generic that computes each element of a tensor of `sizes` from its indices.
Value generate(Node &n, llvm::ArrayRef<OpFoldResult> sizes, Type type, Body body, bool isUnsigned = false);
/// linalg.generic over `sizes` with one map an input.
Value mapped(Node &n, ValueRange inputs, llvm::ArrayRef<mlir::AffineMap> maps, llvm::ArrayRef<OpFoldResult> sizes,
             Type result, Body body, bool isUnsigned = false);
/// linalg.generic that folds `axes` by body(element, accumulator), starting from `init`.
Value reduce(Node &n, Value input, llvm::ArrayRef<int64_t> axes, bool keepDims, mlir::TypedAttr init, Body body,
             bool isUnsigned = false);

/// The identity of max (lowest) or of min (highest): infinities for floats.
mlir::TypedAttr lowestAttr(Type type, bool isUnsigned, bool highest);
Value reduceSum(Node &n, Value input, llvm::ArrayRef<int64_t> axes, bool keepDims);
Value reduceMax(Node &n, Value input, llvm::ArrayRef<int64_t> axes, bool keepDims, bool isUnsigned);
/// total / the number of elements of `input` along `axes`.
Value divideByCount(Node &n, Value total, Value input, llvm::ArrayRef<int64_t> axes, bool isUnsigned = false);

/// The sizes that all values broadcast to; fails with a reason.
std::optional<llvm::SmallVector<OpFoldResult>> broadcastSizes(Node &n, ValueRange values);
/// `value` as a tensor of exactly those sizes.
Value broadcastTo(Node &n, Value value, llvm::ArrayRef<OpFoldResult> sizes);

/// The same elements under other extents.
Value reshape(Node &n, Value value, llvm::ArrayRef<OpFoldResult> sizes);
Value reshape(Node &n, Value value, llvm::ArrayRef<int64_t> shape);
Value transpose(Node &n, Value value, llvm::ArrayRef<int64_t> permutation);
/// tensor.pad by a constant; negative amounts cut.
Value pad(Node &n, Value value, llvm::ArrayRef<int64_t> low, llvm::ArrayRef<int64_t> high, mlir::TypedAttr with);
Value slice(Node &n, Value value, llvm::ArrayRef<OpFoldResult> offsets, llvm::ArrayRef<OpFoldResult> sizes,
            llvm::ArrayRef<OpFoldResult> strides);
/// Matrix product of 2-D values, by linalg.matmul into zeros.
Value matmul(Node &n, Value lhs, Value rhs, Type result);

/// Matrix product as numpy's matmul defines it for operands of any rank.
Value matmulAnyRank(Node &n, Value lhs, Value rhs, Type element);

/// Operand minus its zero point (a scalar or absent), as i32.
Value centered(Node &n, int64_t operand, int64_t zeroPoint);
/// The convolution of centered input and weights, by the node's attributes; bias operand 8 is only checked.
Value convolveInteger(Node &n, Value x, Value w, int64_t weightOperand);

inline RankedTensorType typeOf(Value value) { return llvm::cast<RankedTensorType>(value.getType()); }

} // namespace spnn::onnximport

#endif // SPNN_LIB_IMPORT_ONNX_BUILDERS_H
