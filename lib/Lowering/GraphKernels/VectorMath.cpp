//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exponentials and logarithms of vectors, for softmax.
//
//===----------------------------------------------------------------------===//
#include "VectorMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace spnn;

Value spnn::emitSplat(OpBuilder &b, Location loc, Type type, double value) {
  TypedAttr attr = b.getFloatAttr(getElementTypeOrSelf(type), value);
  if (auto vector = dyn_cast<VectorType>(type))
    attr = DenseElementsAttr::get(vector, attr);
  return arith::ConstantOp::create(b, loc, attr);
}

Value spnn::emitSplat(OpBuilder &b, Location loc, Type type, int64_t value) {
  auto element = cast<IntegerType>(getElementTypeOrSelf(type));
  TypedAttr attr =
      b.getIntegerAttr(element, APInt(element.getWidth(), value, /*isSigned=*/true, /*implicitTrunc=*/true));
  if (auto vector = dyn_cast<VectorType>(type))
    attr = DenseElementsAttr::get(vector, attr);
  return arith::ConstantOp::create(b, loc, attr);
}

namespace {
/// Arithmetic on vectors of one type; products and sums may be fused.
struct Vectors {
  OpBuilder &b;
  Location loc;
  Type type;

  Value real(double value) const { return emitSplat(b, loc, type, value); }
  Value bits(int64_t value) const { return emitSplat(b, loc, integers(), value); }
  Type integers() const {
    auto vector = cast<VectorType>(type);
    return vector.clone(b.getIntegerType(vector.getElementTypeBitWidth()));
  }
  Value add(Value x, Value y) const { return arith::AddFOp::create(b, loc, x, y, kContract); }
  Value sub(Value x, Value y) const { return arith::SubFOp::create(b, loc, x, y, kContract); }
  Value mul(Value x, Value y) const { return arith::MulFOp::create(b, loc, x, y, kContract); }
  Value addBits(Value x, Value y) const { return arith::AddIOp::create(b, loc, x, y); }
  Value asBits(Value x) const { return arith::BitcastOp::create(b, loc, integers(), x); }
  Value asReal(Value x) const { return arith::BitcastOp::create(b, loc, type, x); }
  /// coefficients[0] + x * (coefficients[1] + ...)
  Value polynomial(Value x, ArrayRef<double> coefficients) const {
    Value sum = real(coefficients.back());
    for (double coefficient : llvm::reverse(coefficients.drop_back()))
      sum = add(mul(sum, x), real(coefficient));
    return sum;
  }

  static constexpr arith::FastMathFlags kContract = arith::FastMathFlags::contract;
};
} // namespace

Value spnn::emitExp(OpBuilder &b, Location loc, Value x) {
  if (!getElementTypeOrSelf(x.getType()).isF32())
    return math::ExpOp::create(b, loc, x);
  Vectors v{b, loc, x.getType()};
  // x = n log 2 + r with abs(r) <= log(2) / 2. Adding 1.5 * 2^23 rounds to an integer, which then stands in the low
  // bits; log 2 is split so that n times its first part is exact. Where x is NaN so is r, whatever the bits of n.
  constexpr double kRounder = 12582912.0, kLog2High = 0.693359375, kLog2Low = -2.12194440e-4;
  Value least = v.real(-87.3);
  Value isLarge = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UGE, x, least);
  Value clamped = arith::SelectOp::create(b, loc, isLarge, x, least);
  Value shifted = v.add(v.mul(clamped, v.real(1.4426950408889634)), v.real(kRounder));
  // Not contractible: what is left of the rounding is the point.
  Value n = arith::SubFOp::create(b, loc, shifted, v.real(kRounder));
  Value r = v.add(v.mul(n, v.real(-kLog2High)), clamped);
  r = v.add(v.mul(n, v.real(-kLog2Low)), r);
  // Least relative error of degree 6 on that interval: 1.9e-9.
  Value power = v.polynomial(r, {1.000000000554167, 1.000000036323195, 0.49999992079803723, 0.16666420169860255,
                                 0.04166822557235951, 0.008374815803631964, 0.0013836845833719415});
  Value exponent = arith::ShLIOp::create(b, loc, v.asBits(shifted), v.bits(23));
  Value result = v.mul(power, v.asReal(v.addBits(exponent, v.bits(0x3f800000))));
  return arith::SelectOp::create(b, loc, isLarge, result, v.real(0));
}

Value spnn::emitLog(OpBuilder &b, Location loc, Value x) {
  if (!getElementTypeOrSelf(x.getType()).isF32())
    return math::LogOp::create(b, loc, x);
  Vectors v{b, loc, x.getType()};
  // x = 2^n m with m between the roots of 1/2 and 2: moving the bits so that the smaller root becomes 1 puts n into the
  // exponent.
  constexpr int64_t kOne = 0x3f800000, kRootOfHalf = 0x3f3504f3;
  Value moved = v.addBits(v.asBits(x), v.bits(kOne - kRootOfHalf));
  Value exponent = v.addBits(arith::ShRUIOp::create(b, loc, moved, v.bits(23)), v.bits(-127));
  Value n = arith::SIToFPOp::create(b, loc, x.getType(), exponent);
  Value fraction = arith::AndIOp::create(b, loc, moved, v.bits(0x7fffff));
  Value m = v.asReal(v.addBits(fraction, v.bits(kRootOfHalf)));
  // log m = 2 artanh s with s = (m - 1) / (m + 1), abs(s) <= 0.172: five terms of the series leave 7e-10.
  Value above = v.sub(m, v.real(1));
  Value s = arith::DivFOp::create(b, loc, above, v.add(m, v.real(1)));
  Value series = v.polynomial(v.mul(s, s), {2.0, 2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9});
  Value result = v.add(v.mul(n, v.real(0.6931471805599453)), v.mul(s, series));
  Value isNumber = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::ORD, x, x);
  return arith::SelectOp::create(b, loc, isNumber, result, x);
}
