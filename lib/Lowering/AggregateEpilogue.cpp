//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which ops behind an aggregation its kernel computes too: bias, ReLU, dropout.
//
//===----------------------------------------------------------------------===//
#include "AggregateEpilogue.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace spnn;

/// x of max(x, 0) where a NaN stays one, as scalars or tensors; null otherwise.
static Value matchRelu(Value value) {
  auto isZero = [](Value x) { return matchPattern(x, m_AnyZeroFloat()); };
  if (auto maximum = value.getDefiningOp<arith::MaximumFOp>()) {
    if (isZero(maximum.getRhs()))
      return maximum.getLhs();
    return isZero(maximum.getLhs()) ? maximum.getRhs() : Value();
  }
  auto choice = value.getDefiningOp<arith::SelectOp>();
  auto compare = choice ? choice.getCondition().getDefiningOp<arith::CmpFOp>() : arith::CmpFOp();
  if (compare && isZero(choice.getFalseValue()) && isZero(compare.getRhs()) &&
      compare.getLhs() == choice.getTrueValue() &&
      (compare.getPredicate() == arith::CmpFPredicate::UGT || compare.getPredicate() == arith::CmpFPredicate::UGE))
    return choice.getTrueValue();
  return {};
}

/// The vector that runs along the columns of `value`, a matrix made of it by broadcasting; null otherwise.
static Value getRow(Value value) {
  if (auto broadcast = value.getDefiningOp<linalg::BroadcastOp>())
    if (broadcast.getDimensions() == ArrayRef<int64_t>{0})
      return broadcast.getInput();
  return {};
}

/// The same for operand `operand` of an elementwise op on matrices.
static Value getRow(linalg::LinalgOp op, OpOperand *operand) {
  AffineMap map = op.getMatchingIndexingMap(operand);
  if (map.isIdentity())
    return getRow(operand->get());
  bool isRow =
      map.getNumDims() == 2 && map.getNumResults() == 1 && map.getResult(0) == getAffineDimExpr(1, map.getContext());
  return isRow ? operand->get() : Value();
}

/// One step: what `op` does with `value`, one of its operands. False if it is no part of an epilogue.
static bool absorb(linalg::LinalgOp op, Value value, AggregateEpilogue &epilogue) {
  if (op->getNumResults() != 1 || op.getNumLoops() != 2 || op.getNumParallelLoops() != 2 ||
      !op.hasPureTensorSemantics() || op->getResult(0).getType() != value.getType() ||
      !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity())
    return false;
  Block *body = op.getBlock();
  auto isValue = [&](Value scalar) {
    auto argument = dyn_cast<BlockArgument>(scalar);
    if (!argument || argument.getOwner() != body)
      return false;
    OpOperand *operand = op.getMatchingOpOperand(argument);
    return op.isDpsInput(operand) && operand->get() == value && op.getMatchingIndexingMap(operand).isIdentity();
  };
  Value scalar = body->getTerminator()->getOperand(0);
  bool hasRelu = false;
  if (Value inner = matchRelu(scalar)) {
    hasRelu = true;
    scalar = inner;
  }
  Value bias;
  if (auto sum = scalar.getDefiningOp<arith::AddFOp>()) {
    for (auto [own, other] : {std::pair(sum.getLhs(), sum.getRhs()), std::pair(sum.getRhs(), sum.getLhs())}) {
      auto argument = dyn_cast<BlockArgument>(other);
      if (!isValue(own) || !argument || argument.getOwner() != body)
        continue;
      OpOperand *operand = op.getMatchingOpOperand(argument);
      if (op.isDpsInput(operand))
        bias = getRow(op, operand);
      if (bias)
        scalar = own;
      break;
    }
  }
  if (!isValue(scalar) || (!bias && !hasRelu) || (bias && epilogue.bias))
    return false;
  if (bias)
    epilogue.bias = bias;
  if (hasRelu)
    epilogue.activation = Activation::Relu;
  return true;
}

/// The same for ops of arith on tensors; `next` is the value behind the step.
static bool absorbArith(Operation *op, Value value, AggregateEpilogue &epilogue) {
  if (op->getNumResults() != 1)
    return false;
  if (matchRelu(op->getResult(0)) == value) {
    epilogue.activation = Activation::Relu;
    return true;
  }
  auto sum = dyn_cast<arith::AddFOp>(op);
  if (!sum || epilogue.bias)
    return false;
  epilogue.bias = getRow(sum.getLhs() == value ? sum.getRhs() : sum.getLhs());
  return static_cast<bool>(epilogue.bias);
}

AggregateEpilogue spnn::matchAggregateEpilogue(AggregateOp op) {
  AggregateEpilogue epilogue;
  epilogue.result = op.getResult();
  Type element = getElementTypeOrSelf(op.getResult());
  // An activation comes behind the bias, and dropout behind both.
  while (epilogue.result.hasOneUse() && !epilogue.dropout) {
    Operation *user = *epilogue.result.user_begin();
    if (user->getBlock() != op->getBlock())
      break;
    bool isDone = false;
    if (auto dropout = dyn_cast<DropoutOp>(user)) {
      // The generator is vectorised for floats of the width of its integers.
      isDone = element.isF32();
      if (isDone)
        epilogue.dropout = dropout;
    } else if (epilogue.activation == Activation::None) {
      auto structured = dyn_cast<linalg::LinalgOp>(user);
      isDone =
          structured ? absorb(structured, epilogue.result, epilogue) : absorbArith(user, epilogue.result, epilogue);
    }
    if (!isDone)
      break;
    epilogue.absorbed.push_back(user);
    epilogue.result = user->getResult(0);
  }
  return epilogue;
}
