//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elementwise ops of math, and the table of all elementwise ops.
//
//===----------------------------------------------------------------------===//
#include "Scalar.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace spnn::reference;

static double absolute(double a) { return std::fabs(a); }
static double arcCosine(double a) { return std::acos(a); }
static double arcCosineH(double a) { return std::acosh(a); }
static double arcSine(double a) { return std::asin(a); }
static double arcSineH(double a) { return std::asinh(a); }
static double arcTangent(double a) { return std::atan(a); }
static double arcTangent2(double a, double b) { return std::atan2(a, b); }
static double arcTangentH(double a) { return std::atanh(a); }
static double cubeRoot(double a) { return std::cbrt(a); }
static double ceiling(double a) { return std::ceil(a); }
static double copySign(double a, double b) { return std::copysign(a, b); }
static double cosine(double a) { return std::cos(a); }
static double cosineH(double a) { return std::cosh(a); }
static double errorFunction(double a) { return std::erf(a); }
static double errorComplement(double a) { return std::erfc(a); }
static double exponential(double a) { return std::exp(a); }
static double exponential2(double a) { return std::exp2(a); }
static double exponentialM1(double a) { return std::expm1(a); }
static double floorOf(double a) { return std::floor(a); }
static double multiplyAdd(double a, double b, double c) { return std::fma(a, b, c); }
static double logarithm(double a) { return std::log(a); }
static double logarithm10(double a) { return std::log10(a); }
static double logarithm1p(double a) { return std::log1p(a); }
static double logarithm2(double a) { return std::log2(a); }
static double power(double a, double b) { return std::pow(a, b); }
static double roundAway(double a) { return std::round(a); }
/// The remainder of a division by 1 is taken from the nearest integer, ties to even, whatever the rounding mode.
static double roundEven(double a) {
  if (!std::isfinite(a))
    return a;
  return std::copysign(a - std::remainder(a, 1.0), a);
}
static double inverseRoot(double a) { return 1.0 / std::sqrt(a); }
static double sine(double a) { return std::sin(a); }
static double sineH(double a) { return std::sinh(a); }
static double squareRoot(double a) { return std::sqrt(a); }
static double tangent(double a) { return std::tan(a); }
static double tangentH(double a) { return std::tanh(a); }
static double truncate(double a) { return std::trunc(a); }
static double clamp(double a, double low, double high) {
  // NaN stays NaN.
  return a < low ? low : a > high ? high : a;
}

static bool isFinite(double a) { return std::isfinite(a); }
static bool isInfinite(double a) { return std::isinf(a); }
static bool isNan(double a) { return std::isnan(a); }
static bool isNormal(double a) { return std::isnormal(a); }

static int64_t absoluteInt(const IntegerKind &k, int64_t a) {
  int64_t value = k.getSigned(a);
  return value < 0 ? static_cast<int64_t>(-static_cast<uint64_t>(value)) : value;
}
static int64_t countLeadingZeros(const IntegerKind &k, int64_t a) {
  return llvm::countl_zero(k.getUnsigned(a)) - (64 - static_cast<int>(k.width));
}
static int64_t countTrailingZeros(const IntegerKind &k, int64_t a) {
  return std::min<int64_t>(llvm::countr_zero(k.getUnsigned(a)), k.width);
}
static int64_t countOnes(const IntegerKind &k, int64_t a) { return llvm::popcount(k.getUnsigned(a)); }

static const char *floatToIntPower(const ScalarKernel &kernel, const Lane *const *in, Lane *out, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    out[i].f = std::pow(in[0][i].f, static_cast<double>(in[1][i].i));
  return nullptr;
}
static const char *intToIntPower(const ScalarKernel &kernel, const Lane *const *in, Lane *out, int64_t n) {
  const IntegerKind &kind = kernel.operandKind;
  for (int64_t i = 0; i < n; ++i) {
    int64_t base = kind.getSigned(in[0][i].i), exponent = kind.getSigned(in[1][i].i);
    uint64_t result = 1, factor = static_cast<uint64_t>(base);
    if (exponent < 0) {
      if (base == 0)
        return "zero to a negative power";
      // 1 / base^n truncates to zero unless base is 1 or -1.
      result = base == 1 ? 1 : base == -1 ? (exponent % 2 ? ~uint64_t(0) : 1) : 0;
      exponent = 0;
    }
    for (; exponent; exponent >>= 1, factor *= factor)
      if (exponent & 1)
        result *= factor;
    out[i].i = kind.wrap(static_cast<int64_t>(result));
  }
  return nullptr;
}

ScalarFunction spnn::reference::getMathFunction(Operation *op, unsigned index) {
  return llvm::TypeSwitch<Operation *, ScalarFunction>(op)
      .Case([](math::AbsFOp) { return mapFloat<absolute>; })
      .Case([](math::AcosOp) { return mapFloat<arcCosine>; })
      .Case([](math::AcoshOp) { return mapFloat<arcCosineH>; })
      .Case([](math::AsinOp) { return mapFloat<arcSine>; })
      .Case([](math::AsinhOp) { return mapFloat<arcSineH>; })
      .Case([](math::AtanOp) { return mapFloat<arcTangent>; })
      .Case([](math::Atan2Op) { return mapFloat2<arcTangent2>; })
      .Case([](math::AtanhOp) { return mapFloat<arcTangentH>; })
      .Case([](math::CbrtOp) { return mapFloat<cubeRoot>; })
      .Case([](math::CeilOp) { return mapFloat<ceiling>; })
      .Case([](math::ClampFOp) { return mapFloat3<clamp>; })
      .Case([](math::CopySignOp) { return mapFloat2<copySign>; })
      .Case([](math::CosOp) { return mapFloat<cosine>; })
      .Case([](math::CoshOp) { return mapFloat<cosineH>; })
      .Case([](math::ErfOp) { return mapFloat<errorFunction>; })
      .Case([](math::ErfcOp) { return mapFloat<errorComplement>; })
      .Case([](math::ExpOp) { return mapFloat<exponential>; })
      .Case([](math::Exp2Op) { return mapFloat<exponential2>; })
      .Case([](math::ExpM1Op) { return mapFloat<exponentialM1>; })
      .Case([](math::FloorOp) { return mapFloat<floorOf>; })
      .Case([](math::FmaOp) { return mapFloat3<multiplyAdd>; })
      .Case([](math::FPowIOp) { return floatToIntPower; })
      .Case([](math::LogOp) { return mapFloat<logarithm>; })
      .Case([](math::Log10Op) { return mapFloat<logarithm10>; })
      .Case([](math::Log1pOp) { return mapFloat<logarithm1p>; })
      .Case([](math::Log2Op) { return mapFloat<logarithm2>; })
      .Case([](math::PowFOp) { return mapFloat2<power>; })
      .Case([](math::RoundOp) { return mapFloat<roundAway>; })
      .Case([](math::RoundEvenOp) { return mapFloat<roundEven>; })
      .Case([](math::RsqrtOp) { return mapFloat<inverseRoot>; })
      .Case([](math::SinOp) { return mapFloat<sine>; })
      .Case([](math::SinhOp) { return mapFloat<sineH>; })
      .Case([&](math::SincosOp) { return index == 0 ? mapFloat<sine> : mapFloat<cosine>; })
      .Case([](math::SqrtOp) { return mapFloat<squareRoot>; })
      .Case([](math::TanOp) { return mapFloat<tangent>; })
      .Case([](math::TanhOp) { return mapFloat<tangentH>; })
      .Case([](math::TruncOp) { return mapFloat<truncate>; })
      .Case([](math::IsFiniteOp) { return testFloat<isFinite>; })
      .Case([](math::IsInfOp) { return testFloat<isInfinite>; })
      .Case([](math::IsNaNOp) { return testFloat<isNan>; })
      .Case([](math::IsNormalOp) { return testFloat<isNormal>; })
      .Case([](math::AbsIOp) { return mapInt<absoluteInt>; })
      .Case([](math::CountLeadingZerosOp) { return mapInt<countLeadingZeros>; })
      .Case([](math::CountTrailingZerosOp) { return mapInt<countTrailingZeros>; })
      .Case([](math::CtPopOp) { return mapInt<countOnes>; })
      .Case([](math::IPowIOp) { return intToIntPower; })
      .Default(nullptr);
}

std::optional<ScalarKernel> spnn::reference::getScalarKernel(Operation *op, unsigned index) {
  ScalarKernel kernel;
  kernel.function = getArithFloatFunction(op);
  if (!kernel.function)
    kernel.function = getArithIntegerFunction(op, index);
  if (!kernel.function)
    kernel.function = getCastFunction(op);
  if (!kernel.function)
    kernel.function = getMathFunction(op, index);
  if (!kernel.function)
    return std::nullopt;
  kernel.operandType = getElementTypeOrSelf(op->getOperand(0).getType());
  kernel.resultType = getElementTypeOrSelf(op->getResult(index).getType());
  kernel.operandKind = IntegerKind(kernel.operandType);
  kernel.resultKind = IntegerKind(kernel.resultType);
  if (auto compare = dyn_cast<arith::CmpFOp>(op))
    kernel.predicate = static_cast<unsigned>(compare.getPredicate());
  else if (auto compare = dyn_cast<arith::CmpIOp>(op))
    kernel.predicate = static_cast<unsigned>(compare.getPredicate());
  return kernel;
}
