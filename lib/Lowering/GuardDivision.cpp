//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pass spnn-guard-division: integer divisions that would end the process become errors of the call.
//
//===----------------------------------------------------------------------===//
#include "Constants.h"
#include "Faults.h"

#include "spnn/IR/SPNN.h"
#include "spnn/Lowering/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Index/IR/IndexOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"

namespace spnn {
#define GEN_PASS_DEF_GUARDDIVISION
#include "spnn/Lowering/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

// The words of lib/Reference/ArithInteger.cpp and lib/Reference/Elementwise.cpp.
static constexpr StringLiteral kDivisionByZero = "division by zero";
static constexpr StringLiteral kOverflow = "signed overflow in a division of the smallest integer by -1";
static constexpr StringLiteral kNotPositive = "divides by zero or a negative number";
static constexpr StringLiteral kStep = "has a step that is not positive";

/// True if the division got a guard.
static bool guardDivision(Operation *op, bool isSigned) {
  Value dividend = op->getOperand(0), divisor = op->getOperand(1);
  Type type = divisor.getType(), element = getElementTypeOrSelf(type);
  unsigned width = isa<IndexType>(element) ? IndexType::kInternalStorageBitWidth : element.getIntOrFloatBitWidth();
  APInt known;
  bool isKnown = matchPattern(divisor, m_ConstantInt(&known));
  if (isKnown && !known.isZero() && !(isSigned && known.isAllOnes()))
    return false;
  OpBuilder builder(op);
  Location loc = op->getLoc();
  auto constant = [&](const APInt &value) { return createConstant(builder, loc, type, value); };
  auto equals = [&](Value value, const APInt &to) -> Value {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, value, constant(to));
  };
  Value bad;
  if (!isKnown || known.isZero()) {
    bad = equals(divisor, APInt::getZero(width));
    addFault(builder, op, bad, kDivisionByZero);
  }
  if (isSigned && (!isKnown || known.isAllOnes())) {
    Value overflows = arith::AndIOp::create(builder, loc, equals(dividend, APInt::getSignedMinValue(width)),
                                            equals(divisor, APInt::getAllOnes(width)));
    addFault(builder, op, overflows, kOverflow);
    bad = bad ? Value(arith::OrIOp::create(builder, loc, bad, overflows)) : overflows;
  }
  op->setOperand(1, arith::SelectOp::create(builder, loc, bad, constant(APInt(width, 1)), divisor));
  return true;
}

/// True if the step got a guard.
static bool guardStep(Operation *op, OpOperand &step) {
  APInt known;
  if (matchPattern(step.get(), m_ConstantInt(&known)) && known.isStrictlyPositive())
    return false;
  OpBuilder builder(op);
  Location loc = op->getLoc();
  Type type = step.get().getType();
  Value one = arith::ConstantOp::create(builder, loc, type, builder.getIntegerAttr(type, 1));
  Value bad = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, step.get(), one);
  addFault(builder, op, bad, kStep);
  step.set(arith::SelectOp::create(builder, loc, bad, one, step.get()));
  return true;
}

namespace {
/// Replaces each divisor of an affine map that is no constant by a new symbol, whose operand is guarded.
class MapGuard {
public:
  MapGuard(Operation *op, AffineMap map, ValueRange operands)
      : op(op), builder(op), map(map), operands(operands), numSymbols(map.getNumSymbols()) {}

  AffineExpr rewrite(AffineExpr expr) {
    auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
    if (!binary)
      return expr;
    AffineExpr lhs = rewrite(binary.getLHS()), rhs = rewrite(binary.getRHS());
    AffineExprKind kind = expr.getKind();
    bool divides = kind == AffineExprKind::Mod || kind == AffineExprKind::FloorDiv || kind == AffineExprKind::CeilDiv;
    if (divides && !isa<AffineConstantExpr>(rhs)) {
      AffineExpr &safe = guarded[rhs];
      if (!safe)
        safe = guard(rhs);
      rhs = safe;
    }
    return getAffineBinaryOpExpr(kind, lhs, rhs);
  }

  bool isGuarded() const { return numSymbols != map.getNumSymbols(); }
  AffineMap getMap(ArrayRef<AffineExpr> results) const {
    return AffineMap::get(map.getNumDims(), numSymbols, results, op->getContext());
  }
  ArrayRef<Value> getOperands() const { return operands; }

private:
  AffineExpr guard(AffineExpr divisor) {
    Location loc = op->getLoc();
    Value value = affine::AffineApplyOp::create(builder, loc, getMap(divisor), operands);
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    Value bad = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, value, one);
    addFault(builder, op, bad, kNotPositive);
    operands.push_back(arith::SelectOp::create(builder, loc, bad, one, value));
    return getAffineSymbolExpr(numSymbols++, op->getContext());
  }

  Operation *op;
  OpBuilder builder;
  AffineMap map;
  SmallVector<Value> operands;
  unsigned numSymbols;
  DenseMap<AffineExpr, AffineExpr> guarded;
};

struct GuardDivision : public spnn::impl::GuardDivisionBase<GuardDivision> {
  using GuardDivisionBase::GuardDivisionBase;

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : ops) {
      if (isa<arith::DivUIOp, arith::RemUIOp, arith::CeilDivUIOp, index::DivUOp, index::RemUOp, index::CeilDivUOp>(op))
        numGuarded += guardDivision(op, /*isSigned=*/false);
      else if (isa<arith::DivSIOp, arith::RemSIOp, arith::CeilDivSIOp, arith::FloorDivSIOp, index::DivSOp,
                   index::RemSOp, index::CeilDivSOp, index::FloorDivSOp>(op))
        numGuarded += guardDivision(op, /*isSigned=*/true);
      else if (isa<affine::AffineApplyOp, affine::AffineMinOp, affine::AffineMaxOp>(op))
        guardMap(op);
      else if (auto loop = dyn_cast<scf::ForOp>(op))
        numGuarded += guardStep(op, loop.getStepMutable());
      else if (auto loop = dyn_cast<scf::ParallelOp>(op))
        for (OpOperand &step : loop.getStepMutable())
          numGuarded += guardStep(op, step);
    }
  }

  void guardMap(Operation *op) {
    constexpr StringLiteral attribute = "map"; // of all three ops
    AffineMap map = op->getAttrOfType<AffineMapAttr>(attribute).getValue();
    MapGuard guard(op, map, op->getOperands());
    SmallVector<AffineExpr> results;
    for (AffineExpr result : map.getResults())
      results.push_back(guard.rewrite(result));
    if (!guard.isGuarded())
      return;
    op->setOperands(guard.getOperands());
    op->setAttr(attribute, AffineMapAttr::get(guard.getMap(results)));
    ++numGuarded;
  }
};
} // namespace
