//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pass spnn-define-arithmetic: shifts and conversions that MLIR leaves undefined get the evaluator's values.
//
//===----------------------------------------------------------------------===//
#include "Constants.h"
#include "IndexBounds.h"

#include "spnn/Lowering/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

namespace spnn {
#define GEN_PASS_DEF_DEFINEARITHMETIC
#include "spnn/Lowering/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

/// What has been shifted out is gone, by however much: 0, or the sign.
static bool defineShift(Operation *op, IndexBounds &bounds) {
  Value amount = op->getOperand(1);
  Type type = amount.getType();
  unsigned width = ConstantIntRanges::getStorageBitwidth(getElementTypeOrSelf(type));
  if (bounds.getRange(amount).umax().ult(width))
    return false;
  OpBuilder builder(op);
  Location loc = op->getLoc();
  Value limit = createConstant(builder, loc, type, APInt(width, width - 1));
  Value isLarge = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ugt, amount, limit);
  op->setOperand(1, arith::SelectOp::create(builder, loc, isLarge, limit, amount));
  if (isa<arith::ShRSIOp>(op))
    return true;
  builder.setInsertionPointAfter(op);
  Value zero = createConstant(builder, loc, type, APInt(width, 0));
  auto defined = arith::SelectOp::create(builder, loc, isLarge, zero, op->getResult(0));
  op->getResult(0).replaceAllUsesExcept(defined, defined);
  return true;
}

/// Saturates, with NaN to 0.
static void defineConversion(Operation *op, StringRef intrinsic) {
  OpBuilder builder(op);
  Location loc = op->getLoc();
  Value value = op->getOperand(0);
  Type type = op->getResult(0).getType(), flat = type;
  // LLVM's vectors have one dimension.
  auto vector = dyn_cast<VectorType>(type);
  bool reshapes = vector && vector.getRank() != 1;
  if (reshapes) {
    flat = VectorType::get({vector.getNumElements()}, vector.getElementType());
    auto source = VectorType::get({vector.getNumElements()}, getElementTypeOrSelf(value.getType()));
    value = vector::ShapeCastOp::create(builder, loc, source, value);
  }
  auto call = LLVM::CallIntrinsicOp::create(builder, loc, flat, builder.getStringAttr(intrinsic), ValueRange{value});
  Value result = call.getResult(0);
  if (reshapes)
    result = vector::ShapeCastOp::create(builder, loc, type, result);
  op->replaceAllUsesWith(ValueRange{result});
  op->erase();
}

namespace {
struct DefineArithmetic : public spnn::impl::DefineArithmeticBase<DefineArithmetic> {
  using DefineArithmeticBase::DefineArithmeticBase;

  void runOnOperation() override {
    SmallVector<Operation *> shifts, conversions;
    getOperation().walk([&](Operation *op) {
      if (isa<arith::ShLIOp, arith::ShRUIOp, arith::ShRSIOp>(op))
        shifts.push_back(op);
      else if (isa<arith::FPToSIOp, arith::FPToUIOp>(op))
        conversions.push_back(op);
    });
    IndexBounds bounds;
    for (Operation *op : shifts)
      numDefined += defineShift(op, bounds);
    // Erases values, which the bounds would not survive.
    for (Operation *op : conversions)
      defineConversion(op, isa<arith::FPToSIOp>(op) ? "llvm.fptosi.sat" : "llvm.fptoui.sat");
    numDefined += conversions.size();
  }
};
} // namespace
