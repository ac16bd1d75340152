//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Scalar arithmetic in the bodies of linalg.generic, by the type and signedness of the operands.
//
//===----------------------------------------------------------------------===//
#include "Builders.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace spnn::onnximport;

static bool isFloat(Value x) { return isa<FloatType>(x.getType()); }

TypedAttr spnn::onnximport::numberAttr(Type type, double value) {
  if (auto floatType = dyn_cast<FloatType>(type))
    return FloatAttr::get(floatType, value);
  // Attributes of integer ops may be floats of any size.
  bool inRange = value >= -0x1p63 && value < 0x1p63;
  int64_t integer = inRange ? static_cast<int64_t>(value) : value > 0 ? INT64_MAX : value < 0 ? INT64_MIN : 0;
  if (type.isIndex())
    return IntegerAttr::get(type, integer);
  return IntegerAttr::get(type, APInt(type.getIntOrFloatBitWidth(), static_cast<uint64_t>(integer),
                                      /*isSigned=*/false, /*implicitTrunc=*/true));
}

Value Scalars::constant(Type type, double value) { return arith::ConstantOp::create(b, numberAttr(type, value)); }

Value Scalars::add(Value x, Value y) {
  return isFloat(x) ? Value(arith::AddFOp::create(b, x, y)) : arith::AddIOp::create(b, x, y);
}

Value Scalars::sub(Value x, Value y) {
  return isFloat(x) ? Value(arith::SubFOp::create(b, x, y)) : arith::SubIOp::create(b, x, y);
}

Value Scalars::mul(Value x, Value y) {
  return isFloat(x) ? Value(arith::MulFOp::create(b, x, y)) : arith::MulIOp::create(b, x, y);
}

Value Scalars::div(Value x, Value y) {
  if (isFloat(x))
    return arith::DivFOp::create(b, x, y);
  return isUnsigned ? Value(arith::DivUIOp::create(b, x, y)) : arith::DivSIOp::create(b, x, y);
}

Value Scalars::min(Value x, Value y) {
  if (isFloat(x))
    return arith::MinimumFOp::create(b, x, y);
  return isUnsigned ? Value(arith::MinUIOp::create(b, x, y)) : arith::MinSIOp::create(b, x, y);
}

Value Scalars::max(Value x, Value y) {
  if (isFloat(x))
    return arith::MaximumFOp::create(b, x, y);
  return isUnsigned ? Value(arith::MaxUIOp::create(b, x, y)) : arith::MaxSIOp::create(b, x, y);
}

Value Scalars::neg(Value x) {
  return isFloat(x) ? Value(arith::NegFOp::create(b, x)) : arith::SubIOp::create(b, constantLike(x, 0), x);
}

Value Scalars::abs(Value x) {
  if (isFloat(x))
    return math::AbsFOp::create(b, x);
  return isUnsigned ? x : Value(math::AbsIOp::create(b, x));
}

Value Scalars::exp(Value x) { return math::ExpOp::create(b, x); }
Value Scalars::log(Value x) { return math::LogOp::create(b, x); }
Value Scalars::sqrt(Value x) { return math::SqrtOp::create(b, x); }

Value Scalars::less(Value x, Value y) {
  if (isFloat(x))
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, y);
  return arith::CmpIOp::create(b, isUnsigned ? arith::CmpIPredicate::ult : arith::CmpIPredicate::slt, x, y);
}

Value Scalars::lessEqual(Value x, Value y) {
  if (isFloat(x))
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OLE, x, y);
  return arith::CmpIOp::create(b, isUnsigned ? arith::CmpIPredicate::ule : arith::CmpIPredicate::sle, x, y);
}

Value Scalars::equal(Value x, Value y) {
  if (isFloat(x))
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x, y);
  return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x, y);
}

Value Scalars::isNaN(Value x) { return arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x); }

Value Scalars::select(Value condition, Value x, Value y) { return arith::SelectOp::create(b, condition, x, y); }

Value Scalars::logicalNot(Value x) { return arith::XOrIOp::create(b, x, constantLike(x, 1)); }

Value Scalars::cast(Value x, Type to, bool toUnsigned) {
  Type from = x.getType();
  if (from == to)
    return x;
  auto fromFloat = dyn_cast<FloatType>(from);
  auto toFloat = dyn_cast<FloatType>(to);
  if (to.isInteger(1)) {
    // NaN is true, as every value that is not zero.
    if (fromFloat)
      return arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, x, constantLike(x, 0));
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, x, constantLike(x, 0));
  }
  if (fromFloat && toFloat) {
    if (fromFloat.getWidth() < toFloat.getWidth())
      return arith::ExtFOp::create(b, to, x);
    if (fromFloat.getWidth() > toFloat.getWidth())
      return arith::TruncFOp::create(b, to, x);
    // f16 and bf16 hold none of each other's values exactly; f32 holds both.
    return arith::TruncFOp::create(b, to, Value(arith::ExtFOp::create(b, b.getF32Type(), x)));
  }
  bool fromUnsigned = isUnsigned || from.isInteger(1);
  if (toFloat)
    return fromUnsigned ? Value(arith::UIToFPOp::create(b, to, x)) : arith::SIToFPOp::create(b, to, x);
  if (fromFloat)
    return toUnsigned ? Value(arith::FPToUIOp::create(b, to, x)) : arith::FPToSIOp::create(b, to, x);
  if (from.getIntOrFloatBitWidth() > to.getIntOrFloatBitWidth())
    return arith::TruncIOp::create(b, to, x);
  if (from.getIntOrFloatBitWidth() < to.getIntOrFloatBitWidth())
    return fromUnsigned ? Value(arith::ExtUIOp::create(b, to, x)) : arith::ExtSIOp::create(b, to, x);
  return x;
}

Value Scalars::toIndex(Value x) { return arith::IndexCastOp::create(b, b.getIndexType(), x); }
Value Scalars::index(int64_t d) { return linalg::IndexOp::create(b, d); }

Value Scalars::indexConstant(OpFoldResult value) {
  if (auto attr = dyn_cast<Attribute>(value))
    return arith::ConstantIndexOp::create(b, mlir::cast<IntegerAttr>(attr).getInt());
  return mlir::cast<Value>(value);
}
