//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elementwise ops of arith on floats and between types: sums, extrema, comparisons, select, casts.
//
//===----------------------------------------------------------------------===//
#include "Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace spnn::reference;

static double add(double a, double b) { return a + b; }
static double subtract(double a, double b) { return a - b; }
static double multiply(double a, double b) { return a * b; }
static double divide(double a, double b) { return a / b; }
static double remainderOf(double a, double b) { return std::fmod(a, b); }
static double negate(double a) { return -a; }

/// IEEE 754-2019 maximum and minimum: NaN wins, -0 < +0.
static double maximum(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return a + b;
  if (a == b)
    return std::signbit(a) ? b : a;
  return a > b ? a : b;
}
static double minimum(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return a + b;
  if (a == b)
    return std::signbit(a) ? a : b;
  return a < b ? a : b;
}
/// maximumNumber and minimumNumber: a number wins over NaN.
static double maxNumber(double a, double b) {
  if (std::isnan(a))
    return b;
  return std::isnan(b) ? a : maximum(a, b);
}
static double minNumber(double a, double b) {
  if (std::isnan(a))
    return b;
  return std::isnan(b) ? a : minimum(a, b);
}

static bool compare(arith::CmpFPredicate predicate, double a, double b) {
  bool unordered = std::isnan(a) || std::isnan(b);
  switch (predicate) {
  case arith::CmpFPredicate::AlwaysFalse:
    return false;
  case arith::CmpFPredicate::OEQ:
    return a == b;
  case arith::CmpFPredicate::OGT:
    return a > b;
  case arith::CmpFPredicate::OGE:
    return a >= b;
  case arith::CmpFPredicate::OLT:
    return a < b;
  case arith::CmpFPredicate::OLE:
    return a <= b;
  case arith::CmpFPredicate::ONE:
    return !unordered && a != b;
  case arith::CmpFPredicate::ORD:
    return !unordered;
  case arith::CmpFPredicate::UEQ:
    return unordered || a == b;
  case arith::CmpFPredicate::UGT:
    return unordered || a > b;
  case arith::CmpFPredicate::UGE:
    return unordered || a >= b;
  case arith::CmpFPredicate::ULT:
    return unordered || a < b;
  case arith::CmpFPredicate::ULE:
    return unordered || a <= b;
  case arith::CmpFPredicate::UNE:
    return unordered || a != b;
  case arith::CmpFPredicate::UNO:
    return unordered;
  case arith::CmpFPredicate::AlwaysTrue:
    return true;
  }
  return false;
}

static const char *compareFloats(const ScalarKernel &kernel, const Lane *const *in, Lane *out, int64_t n) {
  auto predicate = static_cast<arith::CmpFPredicate>(kernel.predicate);
  for (int64_t i = 0; i < n; ++i)
    out[i].i = compare(predicate, in[0][i].f, in[1][i].f);
  return nullptr;
}

ScalarFunction spnn::reference::getArithFloatFunction(Operation *op) {
  return llvm::TypeSwitch<Operation *, ScalarFunction>(op)
      .Case([](arith::AddFOp) { return mapFloat2<add>; })
      .Case([](arith::SubFOp) { return mapFloat2<subtract>; })
      .Case([](arith::MulFOp) { return mapFloat2<multiply>; })
      .Case([](arith::DivFOp) { return mapFloat2<divide>; })
      .Case([](arith::RemFOp) { return mapFloat2<remainderOf>; })
      .Case([](arith::NegFOp) { return mapFloat<negate>; })
      .Case([](arith::MaximumFOp) { return mapFloat2<maximum>; })
      .Case([](arith::MinimumFOp) { return mapFloat2<minimum>; })
      .Case([](arith::MaxNumFOp) { return mapFloat2<maxNumber>; })
      .Case([](arith::MinNumFOp) { return mapFloat2<minNumber>; })
      .Case([](arith::CmpFOp) { return compareFloats; })
      .Default(nullptr);
}

//===----------------------------------------------------------------------===//
// Casts and select
//===----------------------------------------------------------------------===//

/// Copies bits of a lane: casts between floats, which are all doubles.
static const char *copyLanes(const ScalarKernel &, const Lane *const *in, Lane *out, int64_t n) {
  std::copy(in[0], in[0] + n, out);
  return nullptr;
}

/// Chooses by an i1 in front, with the operands lanes of any type.
static const char *selectLanes(const ScalarKernel &, const Lane *const *in, Lane *out, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    out[i] = in[0][i].i ? in[1][i] : in[2][i];
  return nullptr;
}

static int64_t extendSigned(const IntegerKind &kind, int64_t a) { return kind.getSigned(a); }
static int64_t extendUnsigned(const IntegerKind &kind, int64_t a) { return static_cast<int64_t>(kind.getUnsigned(a)); }

static const char *signedToFloat(const ScalarKernel &kernel, const Lane *const *in, Lane *out, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    out[i].f = static_cast<double>(kernel.operandKind.getSigned(in[0][i].i));
  return nullptr;
}
static const char *unsignedToFloat(const ScalarKernel &kernel, const Lane *const *in, Lane *out, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    out[i].f = static_cast<double>(kernel.operandKind.getUnsigned(in[0][i].i));
  return nullptr;
}

/// Rounds to zero; saturates, with NaN to 0, where upstream gives poison.
static const char *floatToSigned(const ScalarKernel &kernel, const Lane *const *in, Lane *out, int64_t n) {
  double bound = std::ldexp(1.0, kernel.resultKind.width - 1);
  int64_t low = static_cast<int64_t>(~uint64_t(0) << (kernel.resultKind.width - 1));
  for (int64_t i = 0; i < n; ++i) {
    double value = std::trunc(in[0][i].f);
    int64_t result = 0;
    if (value >= bound)
      result = ~low;
    else if (value < -bound)
      result = low;
    else if (!std::isnan(value))
      result = static_cast<int64_t>(value);
    out[i].i = kernel.resultKind.wrap(result);
  }
  return nullptr;
}
static const char *floatToUnsigned(const ScalarKernel &kernel, const Lane *const *in, Lane *out, int64_t n) {
  double bound = std::ldexp(1.0, kernel.resultKind.width);
  for (int64_t i = 0; i < n; ++i) {
    double value = std::trunc(in[0][i].f);
    uint64_t result = 0;
    if (value >= bound)
      result = ~uint64_t(0);
    else if (value > 0)
      result = static_cast<uint64_t>(value);
    out[i].i = kernel.resultKind.wrap(static_cast<int64_t>(result));
  }
  return nullptr;
}

/// Goes through the bits of the declared type, so a float is rounded to it first.
static const char *bitcast(const ScalarKernel &kernel, const Lane *const *in, Lane *out, int64_t n) {
  auto from = dyn_cast<FloatType>(kernel.operandType);
  auto to = dyn_cast<FloatType>(kernel.resultType);
  for (int64_t i = 0; i < n; ++i) {
    APInt bits = from ? toFloat(in[0][i].f, from).bitcastToAPInt()
                      : APInt(kernel.operandKind.width, kernel.operandKind.getUnsigned(in[0][i].i));
    if (to)
      out[i].f = toDouble(llvm::APFloat(to.getFloatSemantics(), bits));
    else
      out[i].i = kernel.resultKind.wrap(static_cast<int64_t>(bits.getZExtValue()));
  }
  return nullptr;
}

ScalarFunction spnn::reference::getCastFunction(Operation *op) {
  return llvm::TypeSwitch<Operation *, ScalarFunction>(op)
      .Case<arith::ExtFOp, arith::TruncFOp>([](auto) { return copyLanes; })
      .Case<arith::ExtSIOp, arith::IndexCastOp, arith::TruncIOp>([](auto) { return mapInt<extendSigned>; })
      .Case<arith::ExtUIOp, arith::IndexCastUIOp>([](auto) { return mapInt<extendUnsigned>; })
      .Case([](arith::SIToFPOp) { return signedToFloat; })
      .Case([](arith::UIToFPOp) { return unsignedToFloat; })
      .Case([](arith::FPToSIOp) { return floatToSigned; })
      .Case([](arith::FPToUIOp) { return floatToUnsigned; })
      .Case([](arith::BitcastOp) { return bitcast; })
      .Case([](arith::SelectOp) { return selectLanes; })
      .Default(nullptr);
}
