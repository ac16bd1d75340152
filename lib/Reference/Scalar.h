//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The elementwise ops of arith and math as kernels over arrays of numbers, shared by whole tensors and by the bodies
// of structured ops.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_REFERENCE_SCALAR_H
#define SPNN_LIB_REFERENCE_SCALAR_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

#include <cstdint>
#include <optional>

namespace spnn::reference {

/// One number; its SSA value's type says which member is meant. As large as an element of Tensor::floats and
/// Tensor::ints, so that those arrays can be read and written as arrays of lanes.
union Lane {
  double f;
  int64_t i;
};
static_assert(sizeof(Lane) == 8);

/// Width and representation of an integer type (`index` has 64 bits).
struct IntegerKind {
  unsigned width = 64;
  bool isUnsigned = false;

  IntegerKind() = default;
  explicit IntegerKind(mlir::Type type) {
    if (auto integer = llvm::dyn_cast<mlir::IntegerType>(type)) {
      width = integer.getWidth();
      isUnsigned = integer.isUnsigned() || width == 1;
    }
  }
  /// The value as Tensor holds it.
  int64_t wrap(int64_t value) const { return isUnsigned ? static_cast<int64_t>(getUnsigned(value)) : getSigned(value); }
  /// The low bits of `value` read as a signed or an unsigned number.
  int64_t getSigned(int64_t value) const {
    return static_cast<int64_t>(static_cast<uint64_t>(value) << (64 - width)) >> (64 - width);
  }
  uint64_t getUnsigned(int64_t value) const { return (static_cast<uint64_t>(value) << (64 - width)) >> (64 - width); }
};

struct ScalarKernel;

/// Computes result[0..n) from operand arrays of the same length; returns null, or the rule that an element breaks.
using ScalarFunction = const char *(*)(const ScalarKernel &kernel, const Lane *const *operands, Lane *result,
                                       int64_t n);

/// One result of an elementwise op, ready to run on any number of elements.
struct ScalarKernel {
  ScalarFunction function = nullptr;
  /// Integer kinds of the first operand and of the result, where those are integers.
  IntegerKind operandKind, resultKind;
  mlir::Type operandType, resultType;
  /// The predicate of a comparison.
  unsigned predicate = 0;
};

/// The kernel of result `index` of `op`, whose operands and results are scalars or tensors of supported types;
/// std::nullopt if `op` is no elementwise op of arith or math that the evaluator knows.
std::optional<ScalarKernel> getScalarKernel(mlir::Operation *op, unsigned index);

/// The parts of getScalarKernel: null if the op is of another family.
ScalarFunction getArithFloatFunction(mlir::Operation *op);
ScalarFunction getArithIntegerFunction(mlir::Operation *op, unsigned index);
ScalarFunction getCastFunction(mlir::Operation *op);
ScalarFunction getMathFunction(mlir::Operation *op, unsigned index);

double toDouble(llvm::APFloat value);
/// Rounds to nearest even.
llvm::APFloat toFloat(double value, mlir::FloatType type);

/// Lifts functions of one number to a ScalarFunction.
template <double (*fn)(double)>
const char *mapFloat(const ScalarKernel &, const Lane *const *in, Lane *out, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    out[i].f = fn(in[0][i].f);
  return nullptr;
}
template <double (*fn)(double, double)>
const char *mapFloat2(const ScalarKernel &, const Lane *const *in, Lane *out, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    out[i].f = fn(in[0][i].f, in[1][i].f);
  return nullptr;
}
template <double (*fn)(double, double, double)>
const char *mapFloat3(const ScalarKernel &, const Lane *const *in, Lane *out, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    out[i].f = fn(in[0][i].f, in[1][i].f, in[2][i].f);
  return nullptr;
}
template <bool (*fn)(double)> const char *testFloat(const ScalarKernel &, const Lane *const *in, Lane *out, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    out[i].i = fn(in[0][i].f);
  return nullptr;
}
/// The function gets the kind of the first operand; its result is wrapped.
template <int64_t (*fn)(const IntegerKind &, int64_t)>
const char *mapInt(const ScalarKernel &kernel, const Lane *const *in, Lane *out, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    out[i].i = kernel.resultKind.wrap(fn(kernel.operandKind, in[0][i].i));
  return nullptr;
}
template <int64_t (*fn)(const IntegerKind &, int64_t, int64_t)>
const char *mapInt2(const ScalarKernel &kernel, const Lane *const *in, Lane *out, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    out[i].i = kernel.resultKind.wrap(fn(kernel.operandKind, in[0][i].i, in[1][i].i));
  return nullptr;
}

} // namespace spnn::reference

#endif // SPNN_LIB_REFERENCE_SCALAR_H
