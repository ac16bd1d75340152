//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Dropout, losses and optimisers: verification and folding.
//
//===----------------------------------------------------------------------===//
#include "GraphVerifiers.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace spnn;

//===----------------------------------------------------------------------===//
// DropoutOp
//===----------------------------------------------------------------------===//

LogicalResult DropoutOp::verify() {
  // C1
  double rate = getRate().convertToDouble();
  if (!(rate >= 0 && rate < 1))
    return emitOpError() << "rate must be in [0, 1), got " << rate;
  return success();
}

OpFoldResult DropoutOp::fold(FoldAdaptor) {
  if (getRate().isZero())
    return getSource();
  return {};
}

//===----------------------------------------------------------------------===//
// LossOp, LossBackwardOp
//===----------------------------------------------------------------------===//

/// C1 and C2 of both; `loss` is the result or its gradient (C3).
template <typename Op> static LogicalResult verifyLoss(Op op, StringRef lossName, Value loss) {
  auto type = cast<RankedTensorType>(op.getPredictions().getType());
  // C1
  if (failed(
          verifyDense(op, "predictions", op.getPredictions(), {ShapedType::kDynamic, ShapedType::kDynamic}, nullptr)))
    return failure();
  Builder builder(op.getContext());
  int64_t rows = type.getDimSize(0);
  LogicalResult targets = op.getKind() == LossKind::CrossEntropy
                              ? verifyDense(op, "targets", op.getTargets(), {rows}, builder.getI32Type())
                              : verifyDense(op, "targets", op.getTargets(), type.getShape(), type.getElementType());
  // C2, C3
  if (failed(targets) || failed(verifyDense(op, "mask", op.getMask(), {rows}, builder.getI1Type())))
    return failure();
  return verifyDense(op, lossName, loss, {}, type.getElementType());
}

LogicalResult LossOp::verify() { return verifyLoss(*this, "result", getResult()); }

LogicalResult LossBackwardOp::verify() { return verifyLoss(*this, "gradient", getGradient()); }

//===----------------------------------------------------------------------===//
// AdamOp, SGDOp
//===----------------------------------------------------------------------===//

/// An attribute of an optimiser, at least 0 and, if `belowOne`, less than 1.
static LogicalResult verifyNumber(Operation *op, StringRef name, const APFloat &number, bool belowOne) {
  double value = number.convertToDouble();
  if (value >= 0 && (!belowOne || value < 1))
    return success();
  return op->emitOpError() << name << (belowOne ? " must be in [0, 1), got " : " must not be negative, got ") << value;
}

LogicalResult AdamOp::verify() {
  // C1
  return success(succeeded(verifyNumber(*this, "rate", getRate(), false)) &&
                 succeeded(verifyNumber(*this, "epsilon", getEpsilon(), false)) &&
                 succeeded(verifyNumber(*this, "weight_decay", getWeightDecay(), false)) &&
                 succeeded(verifyNumber(*this, "beta1", getBeta1(), true)) &&
                 succeeded(verifyNumber(*this, "beta2", getBeta2(), true)));
}

LogicalResult SGDOp::verify() {
  // C1
  return success(succeeded(verifyNumber(*this, "rate", getRate(), false)) &&
                 succeeded(verifyNumber(*this, "weight_decay", getWeightDecay(), false)) &&
                 succeeded(verifyNumber(*this, "momentum", getMomentum(), true)));
}
