//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Derivatives of the scalar ops of arith and math.
//
//===----------------------------------------------------------------------===//
#include "ScalarGradients.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace spnn;

namespace {
/// Short names for the ops of which derivatives are made, and the rules.
class ScalarRules {
public:
  ScalarRules(OpBuilder &b, Operation *op, Value g, const ScalarContext &context)
      : b(b), loc(op->getLoc()), op(op), g(g), context(context) {}

  LogicalResult build();

private:
  Value number(double value) {
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(op->getResult(0).getType(), value));
  }
  Value add(Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, loc, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }
  Value div(Value x, Value y) { return arith::DivFOp::create(b, loc, x, y); }
  Value neg(Value x) { return arith::NegFOp::create(b, loc, x); }
  Value compare(arith::CmpFPredicate predicate, Value x, Value y) {
    return arith::CmpFOp::create(b, loc, predicate, x, y);
  }
  Value select(Value condition, Value x, Value y) { return arith::SelectOp::create(b, loc, condition, x, y); }

  /// Operand i, and the result, of the forward op.
  Value in(unsigned i) { return context.read(op->getOperand(i)); }
  Value out() { return context.read(op->getResult(0)); }
  bool needs(unsigned i) { return context.isNeeded(op->getOperand(i)); }
  /// Adds what `make` returns to the gradient of operand i, if that is asked for.
  void give(unsigned i, llvm::function_ref<Value()> make) {
    if (needs(i))
      context.add(op->getOperand(i), make());
  }

  void buildExtremum(bool isMax);
  void buildSelect(arith::SelectOp select);
  void buildDivision();
  void buildPower();

  OpBuilder &b;
  Location loc;
  Operation *op;
  Value g;
  const ScalarContext &context;
};
} // namespace

static bool isConstant(Value value) { return matchPattern(value, m_Constant()); }

static bool isConstant(Value value, double number) {
  FloatAttr attr;
  return matchPattern(value, m_Constant(&attr)) && attr.getValueAsDouble() == number;
}

/// The operand that is not the constant `number`, of an op with two operands; null if none is.
static Value getOther(Operation *op, double number) {
  for (unsigned i : {0, 1})
    if (isConstant(op->getOperand(i), number))
      return op->getOperand(1 - i);
  return {};
}

/// The x of 1 / (1 + exp(-x)), or null.
static Value matchSigmoid(Operation *division) {
  auto sum = division->getOperand(1).getDefiningOp<arith::AddFOp>();
  Value other = sum && isConstant(division->getOperand(0), 1) ? getOther(sum, 1) : Value();
  auto exponential = other ? other.getDefiningOp<math::ExpOp>() : nullptr;
  auto negation = exponential ? exponential.getOperand().getDefiningOp<arith::NegFOp>() : nullptr;
  return negation ? negation.getOperand() : Value();
}

void ScalarRules::buildExtremum(bool isMax) {
  auto strict = isMax ? arith::CmpFPredicate::OGT : arith::CmpFPredicate::OLT;
  auto loose = isMax ? arith::CmpFPredicate::OGE : arith::CmpFPredicate::OLE;
  for (unsigned i : {0, 1}) {
    Value bound = op->getOperand(1 - i);
    if (!isConstant(bound))
      continue;
    // The result says as much as the operand, and is kept anyway where the next op reads it.
    give(i, [&]() { return select(compare(strict, out(), context.read(bound)), g, number(0)); });
    return;
  }
  give(0, [&]() { return select(compare(loose, in(0), in(1)), g, number(0)); });
  give(1, [&]() { return select(compare(loose, in(0), in(1)), number(0), g); });
}

void ScalarRules::buildSelect(arith::SelectOp op) {
  Value condition;
  auto getCondition = [&]() {
    if (condition)
      return condition;
    // select(x > 0, x, 0) and select(x > 0, x, s * x), s > 0, are positive where x is: read the result instead of x.
    auto compared = op.getCondition().getDefiningOp<arith::CmpFOp>();
    bool isGreater =
        compared && llvm::is_contained({arith::CmpFPredicate::OGT, arith::CmpFPredicate::UGT}, compared.getPredicate());
    if (isGreater && isConstant(compared.getRhs(), 0) && compared.getLhs() == op.getTrueValue()) {
      auto product = op.getFalseValue().getDefiningOp<arith::MulFOp>();
      FloatAttr slope;
      bool isLeaky = product &&
                     ((product.getLhs() == op.getTrueValue() && matchPattern(product.getRhs(), m_Constant(&slope))) ||
                      (product.getRhs() == op.getTrueValue() && matchPattern(product.getLhs(), m_Constant(&slope)))) &&
                     slope.getValueAsDouble() > 0;
      if (isLeaky || isConstant(op.getFalseValue(), 0))
        return condition = compare(compared.getPredicate(), out(), number(0));
    }
    return condition = context.read(op.getCondition());
  };
  give(1, [&]() { return select(getCondition(), g, number(0)); });
  give(2, [&]() { return select(getCondition(), number(0), g); });
}

void ScalarRules::buildDivision() {
  Value sigmoid = matchSigmoid(op);
  if (sigmoid && context.isNeeded(sigmoid)) {
    context.add(sigmoid, mul(g, mul(out(), sub(number(1), out()))));
    return;
  }
  give(0, [&]() { return div(g, in(1)); });
  give(1, [&]() { return neg(div(mul(g, out()), in(1))); });
}

void ScalarRules::buildPower() {
  // 0 times infinity, at x = 0, is a derivative of 0.
  auto guard = [&](Value at, Value value) {
    return select(compare(arith::CmpFPredicate::OEQ, at, number(0)), number(0), value);
  };
  if (isa<math::PowFOp>(op)) {
    give(0, [&]() {
      Value lower = math::PowFOp::create(b, loc, in(0), sub(in(1), number(1)));
      return mul(g, guard(in(1), mul(in(1), lower)));
    });
    give(1, [&]() { return mul(g, guard(in(0), mul(out(), math::LogOp::create(b, loc, in(0))))); });
    return;
  }
  give(0, [&]() {
    Value exponent = in(1);
    Value one = arith::ConstantOp::create(b, loc, b.getIntegerAttr(exponent.getType(), 1));
    Value lower = math::FPowIOp::create(b, loc, in(0), arith::SubIOp::create(b, loc, exponent, one));
    Value factor = arith::SIToFPOp::create(b, loc, g.getType(), exponent);
    return mul(g, guard(factor, mul(factor, lower)));
  });
}

LogicalResult ScalarRules::build() {
  constexpr double pi = 3.14159265358979323846;
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<arith::AddFOp>([&](auto) {
        give(0, [&]() { return g; });
        give(1, [&]() { return g; });
        return success();
      })
      .Case<arith::SubFOp>([&](auto) {
        give(0, [&]() { return g; });
        give(1, [&]() { return neg(g); });
        return success();
      })
      .Case<arith::MulFOp>([&](auto) {
        give(0, [&]() { return mul(g, in(1)); });
        give(1, [&]() { return mul(g, in(0)); });
        return success();
      })
      .Case<math::FmaOp>([&](auto) {
        give(0, [&]() { return mul(g, in(1)); });
        give(1, [&]() { return mul(g, in(0)); });
        give(2, [&]() { return g; });
        return success();
      })
      .Case<arith::DivFOp>([&](auto) { return buildDivision(), success(); })
      .Case<arith::NegFOp>([&](auto) { return give(0, [&]() { return neg(g); }), success(); })
      .Case<arith::MaximumFOp, arith::MaxNumFOp>([&](auto) { return buildExtremum(true), success(); })
      .Case<arith::MinimumFOp, arith::MinNumFOp>([&](auto) { return buildExtremum(false), success(); })
      .Case<arith::SelectOp>([&](auto op) { return buildSelect(op), success(); })
      .Case<math::PowFOp, math::FPowIOp>([&](auto) { return buildPower(), success(); })
      .Case<arith::ExtFOp>([&](arith::ExtFOp op) {
        give(0, [&]() { return arith::TruncFOp::create(b, loc, op.getIn().getType(), g).getResult(); });
        return success();
      })
      .Case<arith::TruncFOp>([&](arith::TruncFOp op) {
        give(0, [&]() { return arith::ExtFOp::create(b, loc, op.getIn().getType(), g).getResult(); });
        return success();
      })
      .Case<math::AbsFOp>([&](auto) {
        give(0, [&]() {
          Value below = select(compare(arith::CmpFPredicate::OLT, in(0), number(0)), neg(g), number(0));
          return select(compare(arith::CmpFPredicate::OGT, in(0), number(0)), g, below);
        });
        return success();
      })
      .Case<math::ExpOp>([&](auto) { return give(0, [&]() { return mul(g, out()); }), success(); })
      .Case<math::Exp2Op>(
          [&](auto) { return give(0, [&]() { return mul(mul(g, number(std::log(2.0))), out()); }), success(); })
      .Case<math::ExpM1Op>([&](auto) { return give(0, [&]() { return mul(g, add(out(), number(1))); }), success(); })
      .Case<math::LogOp>([&](auto) { return give(0, [&]() { return div(g, in(0)); }), success(); })
      .Case<math::Log2Op>(
          [&](auto) { return give(0, [&]() { return div(g, mul(number(std::log(2.0)), in(0))); }), success(); })
      .Case<math::Log10Op>(
          [&](auto) { return give(0, [&]() { return div(g, mul(number(std::log(10.0)), in(0))); }), success(); })
      .Case<math::Log1pOp>([&](auto) { return give(0, [&]() { return div(g, add(number(1), in(0))); }), success(); })
      .Case<math::SqrtOp>([&](auto) { return give(0, [&]() { return div(mul(g, number(0.5)), out()); }), success(); })
      .Case<math::RsqrtOp>([&](auto) {
        give(0, [&]() { return mul(mul(g, number(-0.5)), mul(out(), mul(out(), out()))); });
        return success();
      })
      .Case<math::CbrtOp>([&](auto) {
        give(0, [&]() { return div(g, mul(number(3), mul(out(), out()))); });
        return success();
      })
      .Case<math::SinOp>([&](auto) {
        give(0, [&]() { return mul(g, math::CosOp::create(b, loc, in(0))); });
        return success();
      })
      .Case<math::CosOp>([&](auto) {
        give(0, [&]() { return neg(mul(g, math::SinOp::create(b, loc, in(0)))); });
        return success();
      })
      .Case<math::TanhOp>([&](auto) {
        give(0, [&]() { return mul(g, sub(number(1), mul(out(), out()))); });
        return success();
      })
      .Case<math::AtanOp>([&](auto) {
        give(0, [&]() { return div(g, add(number(1), mul(in(0), in(0)))); });
        return success();
      })
      .Case<math::ErfOp>([&](auto) {
        give(0, [&]() {
          Value density = math::ExpOp::create(b, loc, neg(mul(in(0), in(0))));
          return mul(g, mul(number(2 / std::sqrt(pi)), density));
        });
        return success();
      })
      .Case<math::FloorOp, math::CeilOp, math::RoundOp, math::RoundEvenOp, math::TruncOp>(
          [](auto) { return success(); })
      .Default([](Operation *op) {
        return op->emitOpError("cannot be differentiated: spnn-differentiate does not know its derivative");
      });
}

LogicalResult spnn::differentiateScalar(OpBuilder &builder, Operation *op, Value gradient,
                                        const ScalarContext &context) {
  return ScalarRules(builder, op, gradient, context).build();
}
