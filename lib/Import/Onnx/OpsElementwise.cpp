//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elementwise arithmetic, comparison and logic: one linalg.generic a node.
//
//===----------------------------------------------------------------------===//
#include "Builders.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace spnn::onnximport;
using onnx::TensorProto;

using UnaryFn = Value (*)(Scalars &, Value);
using BinaryFn = Value (*)(Scalars &, Value, Value);

template <typename MathOp> static Value viaMath(Scalars &s, Value x) { return MathOp::create(s.b, x); }

template <UnaryFn fn> static LogicalResult unary(Node &n) {
  return n.set(
      0,
      elementwise(n, n.in(0), n.elementType(0), [](Scalars &s, ValueRange x) { return fn(s, x[0]); }, n.isUnsigned(0)));
}

/// Operand 1. Before opset 7 it could be told to broadcast from an axis on: then ones follow its extents.
static Value secondOperand(Node &n) {
  Value y = n.in(1);
  if (!y || n.integer("broadcast", 0) == 0 || !n.attr("axis"))
    return y;
  std::optional<int64_t> axis = n.axis(n.integer("axis", 0), n.rank(0));
  if (!axis)
    return Value();
  if (*axis + n.rank(1) > n.rank(0))
    return n.fail("its second operand reaches beyond the first");
  SmallVector<OpFoldResult> sizes = sizesOf(n, y);
  sizes.append(n.rank(0) - *axis - n.rank(1), number(n, 1));
  return reshape(n, y, sizes);
}

template <BinaryFn fn> static LogicalResult binary(Node &n) {
  return n.set(0, elementwise(
                      n, {n.in(0), secondOperand(n)}, n.elementType(0),
                      [](Scalars &s, ValueRange x) { return fn(s, x[0], x[1]); }, n.isUnsigned(0)));
}

template <BinaryFn fn> static LogicalResult compare(Node &n) {
  return n.set(0,
               elementwise(
                   n, {n.in(0), secondOperand(n)}, n.b.getI1Type(),
                   [](Scalars &s, ValueRange x) { return fn(s, x[0], x[1]); }, n.isUnsigned(0)),
               TensorProto::BOOL);
}

/// Sum, Min, Max and Mean take any number of operands.
template <BinaryFn fn> static LogicalResult variadic(Node &n) {
  SmallVector<Value> inputs = n.all();
  double count = inputs.size();
  bool mean = n.proto.op_type() == "Mean";
  return n.set(0, elementwise(
                      n, inputs, n.elementType(0),
                      [&](Scalars &s, ValueRange x) {
                        Value result = x[0];
                        for (Value other : x.drop_front())
                          result = fn(s, result, other);
                        return mean ? s.div(result, s.constantLike(result, count)) : result;
                      },
                      n.isUnsigned(0)));
}

// Wrappers that give member functions the shape of a template argument.
static Value add(Scalars &s, Value x, Value y) { return s.add(x, y); }
static Value sub(Scalars &s, Value x, Value y) { return s.sub(x, y); }
static Value mul(Scalars &s, Value x, Value y) { return s.mul(x, y); }
static Value div(Scalars &s, Value x, Value y) { return s.div(x, y); }
static Value min(Scalars &s, Value x, Value y) { return s.min(x, y); }
static Value max(Scalars &s, Value x, Value y) { return s.max(x, y); }
static Value less(Scalars &s, Value x, Value y) { return s.less(x, y); }
static Value lessEqual(Scalars &s, Value x, Value y) { return s.lessEqual(x, y); }
static Value greater(Scalars &s, Value x, Value y) { return s.less(y, x); }
static Value greaterEqual(Scalars &s, Value x, Value y) { return s.lessEqual(y, x); }
static Value equal(Scalars &s, Value x, Value y) { return s.equal(x, y); }
static Value logicalAnd(Scalars &s, Value x, Value y) { return arith::AndIOp::create(s.b, x, y); }
static Value logicalOr(Scalars &s, Value x, Value y) { return arith::OrIOp::create(s.b, x, y); }
static Value logicalXor(Scalars &s, Value x, Value y) { return arith::XOrIOp::create(s.b, x, y); }
static Value neg(Scalars &s, Value x) { return s.neg(x); }
static Value abs(Scalars &s, Value x) { return s.abs(x); }
static Value logicalNot(Scalars &s, Value x) { return s.logicalNot(x); }
static Value reciprocal(Scalars &s, Value x) { return s.div(s.constantLike(x, 1), x); }

static Value sign(Scalars &s, Value x) {
  Value zero = s.constantLike(x, 0), one = s.constantLike(x, 1), minusOne = s.constantLike(x, -1);
  if (s.isUnsigned)
    return s.select(s.equal(x, zero), zero, one);
  return s.select(s.less(zero, x), one, s.select(s.less(x, zero), minusOne, zero));
}

static LogicalResult importPow(Node &n) {
  bool yUnsigned = n.isUnsigned(1);
  return n.set(0, elementwise(
                      n, {n.in(0), n.in(1)}, n.elementType(0),
                      [&](Scalars &s, ValueRange x) -> Value {
                        Type base = x[0].getType(), exponent = x[1].getType();
                        Scalars ofExponent{s.b, yUnsigned};
                        if (isa<FloatType>(base))
                          return math::PowFOp::create(s.b, x[0], ofExponent.cast(x[1], base, false));
                        // Integer bases go through f64, which holds every i32.
                        Type wide = isa<FloatType>(exponent) && exponent.getIntOrFloatBitWidth() == 64
                                        ? exponent
                                        : Type(s.b.getF64Type());
                        Value power =
                            math::PowFOp::create(s.b, s.cast(x[0], wide, false), ofExponent.cast(x[1], wide, false));
                        return s.cast(power, base, s.isUnsigned);
                      },
                      n.isUnsigned(0)));
}

/// The remainder with the sign of the divisor, as Python's %.
static Value floorRemainder(Scalars &s, Value x, Value y) {
  if (s.isUnsigned)
    return arith::RemUIOp::create(s.b, x, y);
  Value remainder = arith::RemSIOp::create(s.b, x, y);
  Value zero = s.constantLike(x, 0);
  Value differs = arith::XOrIOp::create(s.b, s.less(remainder, zero), s.less(y, zero));
  Value wrong = arith::AndIOp::create(s.b, differs, s.logicalNot(s.equal(remainder, zero)));
  return s.select(wrong, s.add(remainder, y), remainder);
}

static LogicalResult importMod(Node &n) {
  bool fmod = n.integer("fmod", 0) != 0;
  if (n.isFloat(0) && !fmod)
    return n.refuse("fmod must be 1 for floats");
  return n.set(0, elementwise(
                      n, {n.in(0), n.in(1)}, n.elementType(0),
                      [&](Scalars &s, ValueRange x) -> Value {
                        if (isa<FloatType>(x[0].getType()))
                          return arith::RemFOp::create(s.b, x[0], x[1]);
                        if (fmod && !s.isUnsigned)
                          return arith::RemSIOp::create(s.b, x[0], x[1]);
                        return floorRemainder(s, x[0], x[1]);
                      },
                      n.isUnsigned(0)));
}

static LogicalResult importBitShift(Node &n) {
  bool left = n.string("direction", "") == "LEFT";
  if (!left && n.string("direction", "") != "RIGHT")
    return n.refuse("direction is neither LEFT nor RIGHT");
  return n.set(0, elementwise(n, {n.in(0), n.in(1)}, n.elementType(0), [&](Scalars &s, ValueRange x) -> Value {
                 // Shifts by the width or more have no meaning in arith: the result is 0.
                 Value width = s.constantLike(x[1], x[1].getType().getIntOrFloatBitWidth());
                 Value fits = arith::CmpIOp::create(s.b, arith::CmpIPredicate::ult, x[1], width);
                 Value zero = s.constantLike(x[0], 0);
                 Value amount = s.select(fits, x[1], zero);
                 Value shifted =
                     left ? Value(arith::ShLIOp::create(s.b, x[0], amount)) : arith::ShRUIOp::create(s.b, x[0], amount);
                 return s.select(fits, shifted, zero);
               }));
}

static LogicalResult importIsInf(Node &n) {
  bool positive = n.integer("detect_positive", 1) != 0, negative = n.integer("detect_negative", 1) != 0;
  return n.set(0,
               elementwise(n, n.in(0), n.b.getI1Type(),
                           [&](Scalars &s, ValueRange x) -> Value {
                             double infinity = std::numeric_limits<double>::infinity();
                             Value isPositive = s.equal(x[0], s.constantLike(x[0], infinity));
                             Value isNegative = s.equal(x[0], s.constantLike(x[0], -infinity));
                             if (positive && negative)
                               return logicalOr(s, isPositive, isNegative);
                             return positive ? isPositive : negative ? isNegative : s.constant(s.b.getI1Type(), 0);
                           }),
               TensorProto::BOOL);
}

static LogicalResult importIsNaN(Node &n) {
  return n.set(0, elementwise(n, n.in(0), n.b.getI1Type(), [](Scalars &s, ValueRange x) { return s.isNaN(x[0]); }),
               TensorProto::BOOL);
}

static LogicalResult importWhere(Node &n) {
  return n.set(0,
               elementwise(n, {n.in(0), n.in(1), n.in(2)}, n.elementType(1),
                           [](Scalars &s, ValueRange x) { return s.select(x[0], x[1], x[2]); }),
               n.type(1));
}

static LogicalResult castTo(Node &n, int32_t to) {
  Type type = n.importer.elementType(to);
  if (!type || !n.elementType(0))
    return n.refuse("conversion to or from strings is not supported");
  // Without a change of representation the value stays as it is.
  if (type == n.elementType(0))
    return n.set(0, n.in(0), to);
  return n.set(0,
               elementwise(
                   n, n.in(0), type, [&](Scalars &s, ValueRange x) { return s.cast(x[0], type, isUnsignedType(to)); },
                   n.isUnsigned(0)),
               to);
}

static LogicalResult importCast(Node &n) { return castTo(n, n.integer("to", 0)); }
static LogicalResult importCastLike(Node &n) { return castTo(n, n.type(1)); }

/// Clip's limits are attributes before opset 11 and optional operands since.
static LogicalResult importClip(Node &n) {
  SmallVector<Value> inputs = {n.in(0)};
  for (int64_t i : {1, 2})
    if (n.has(i)) {
      if (n.rank(i) != 0 && !(n.rank(i) == 1 && n.shape(i)[0] == 1))
        return n.refuse("its limits are no scalars");
      inputs.push_back(n.in(i));
    }
  bool hasLow = n.has(1) || n.attr("min"), hasHigh = n.has(2) || n.attr("max");
  return n.set(0, elementwise(
                      n, inputs, n.elementType(0),
                      [&](Scalars &s, ValueRange x) {
                        Value result = x[0];
                        if (hasLow)
                          result = s.max(result, n.has(1) ? x[1] : s.constantLike(x[0], n.real("min", 0)));
                        if (hasHigh)
                          result = s.min(result, n.has(2) ? x.back() : s.constantLike(x[0], n.real("max", 0)));
                        return result;
                      },
                      n.isUnsigned(0)));
}

ArrayRef<OpEntry> spnn::onnximport::elementwiseOps() {
  static const OpEntry entries[] = {
      {"Abs", unary<abs>, ""},
      {"Acos", unary<viaMath<math::AcosOp>>, ""},
      {"Acosh", unary<viaMath<math::AcoshOp>>, ""},
      {"Add", binary<add>, ""},
      {"And", compare<logicalAnd>, ""},
      {"Asin", unary<viaMath<math::AsinOp>>, ""},
      {"Asinh", unary<viaMath<math::AsinhOp>>, ""},
      {"Atan", unary<viaMath<math::AtanOp>>, ""},
      {"Atanh", unary<viaMath<math::AtanhOp>>, ""},
      {"BitShift", importBitShift, ""},
      {"Cast", importCast, "no strings"},
      {"CastLike", importCastLike, "no strings"},
      {"Ceil", unary<viaMath<math::CeilOp>>, ""},
      {"Clip", importClip, ""},
      {"Cos", unary<viaMath<math::CosOp>>, ""},
      {"Cosh", unary<viaMath<math::CoshOp>>, ""},
      {"Div", binary<div>, ""},
      {"Equal", compare<equal>, ""},
      {"Erf", unary<viaMath<math::ErfOp>>, ""},
      {"Exp", unary<viaMath<math::ExpOp>>, ""},
      {"Floor", unary<viaMath<math::FloorOp>>, ""},
      {"Greater", compare<greater>, ""},
      {"GreaterOrEqual", compare<greaterEqual>, ""},
      {"IsInf", importIsInf, ""},
      {"IsNaN", importIsNaN, ""},
      {"Less", compare<less>, ""},
      {"LessOrEqual", compare<lessEqual>, ""},
      {"Log", unary<viaMath<math::LogOp>>, ""},
      {"Max", variadic<max>, ""},
      {"Mean", variadic<add>, ""},
      {"Min", variadic<min>, ""},
      {"Mod", importMod, ""},
      {"Mul", binary<mul>, ""},
      {"Neg", unary<neg>, ""},
      {"Not", unary<logicalNot>, ""},
      {"Or", compare<logicalOr>, ""},
      {"Pow", importPow, "integer bases through f64"},
      {"Reciprocal", unary<reciprocal>, ""},
      {"Round", unary<viaMath<math::RoundEvenOp>>, ""},
      {"Sign", unary<sign>, ""},
      {"Sin", unary<viaMath<math::SinOp>>, ""},
      {"Sinh", unary<viaMath<math::SinhOp>>, ""},
      {"Sqrt", unary<viaMath<math::SqrtOp>>, ""},
      {"Sub", binary<sub>, ""},
      {"Sum", variadic<add>, ""},
      {"Tan", unary<viaMath<math::TanOp>>, ""},
      {"Tanh", unary<viaMath<math::TanhOp>>, ""},
      {"Where", importWhere, ""},
      {"Xor", compare<logicalXor>, ""},
  };
  return entries;
}
