//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The column-wise kernel op and the ops of its body: verification and effects.
//
//===----------------------------------------------------------------------===//
#include "Extents.h"
#include "KernelVerifiers.h"

#include "mlir/IR/Matchers.h"

#include <limits>

using namespace mlir;
using namespace spnn;

//===----------------------------------------------------------------------===//
// KernelColumnsOp
//===----------------------------------------------------------------------===//

static Type elementType(Value value) { return getElementTypeOrSelf(value.getType()); }

int64_t KernelColumnsOp::getNumPanelInits() {
  return cast<YieldColumnsOp>(getBody().front().getTerminator()).getPanels().size();
}

DenseSet<Value> KernelColumnsOp::findRowVarying() {
  Block &body = getBody().front();
  DenseSet<Value> varying;
  for (BlockArgument argument : body.getArguments().take_front(getPanels().size() + getRowVectors().size()))
    varying.insert(argument);
  for (Operation &op : body)
    if (!isa<ReduceRowsOp>(op) &&
        llvm::any_of(op.getOperands(), [&](Value operand) { return varying.contains(operand); }))
      varying.insert(op.result_begin(), op.result_end());
  return varying;
}

LogicalResult KernelColumnsOp::verify() {
  // C1
  auto isElement = [](Type type) {
    return type.isSignlessIntOrFloat() && type.getIntOrFloatBitWidth() % 8 == 0 && type.getIntOrFloatBitWidth() <= 64;
  };
  for (auto [name, values] : {std::pair<StringRef, ValueRange>("panels", getPanels()),
                              {"row vector", getRowVectors()},
                              {"column vector", getColumnVectors()},
                              {"init", getInit()}})
    for (Value value : values) {
      if (failed(verifyRank(*this, name, value, 1, nullptr)))
        return failure();
      if (!isElement(elementType(value)))
        return emitOpError() << name << " must have elements of an integer or floating-point type of 8 to 64 bits, got "
                             << value.getType();
    }
  for (Value scalar : getScalars())
    if (!scalar.getType().isSignlessIntOrFloat())
      return emitOpError() << "scalar must be of an integer or floating-point type, got " << scalar.getType();
  // C2
  if (static_cast<int64_t>(getRows()) < 0)
    return emitOpError() << "must have a non-negative number of rows, got " << static_cast<int64_t>(getRows());
  for (Value value : getRowVectors()) {
    int64_t length = cast<ShapedType>(value.getType()).getDimSize(0);
    if (!areCompatible(length, getRows()))
      return emitOpError() << "row vector must have " << getRows() << " elements, got " << length;
  }
  // C6
  return verifySemantics(cast<DestinationStyleOpInterface>(getOperation()));
}

static bool isDivision(Operation &op) {
  return isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp, arith::CeilDivSIOp, arith::CeilDivUIOp,
             arith::FloorDivSIOp>(op);
}

bool spnn::isColumnBodyOp(Operation &op) {
  auto isScalar = [](Type type) { return type.isSignlessIntOrFloat(); };
  if (op.getNumResults() != 1 || op.getNumRegions() != 0 || !isScalar(op.getResult(0).getType()))
    return false;
  if (isa<arith::ConstantOp>(op))
    return true;
  return OpTrait::hasElementwiseMappableTraits(&op) && isPure(&op) && !isDivision(op) &&
         llvm::all_of(op.getOperandTypes(), isScalar);
}

LogicalResult KernelColumnsOp::verifyRegions() {
  Block &body = getBody().front();
  // C3
  SmallVector<Value> inputs;
  for (ValueRange values :
       {ValueRange(getPanels()), ValueRange(getRowVectors()), ValueRange(getColumnVectors()), ValueRange(getScalars())})
    inputs.append(values.begin(), values.end());
  if (body.getNumArguments() != inputs.size())
    return emitOpError() << "body must have an argument for each of " << inputs.size() << " inputs, got "
                         << body.getNumArguments();
  for (auto [number, argument, input] : llvm::enumerate(body.getArguments(), inputs))
    if (argument.getType() != elementType(input))
      return emitOpError() << "argument " << number << " of the body must be of type " << elementType(input) << ", got "
                           << argument.getType();
  // C4
  for (Operation &op : body.without_terminator())
    if (!isa<ReduceRowsOp>(op) && !isColumnBodyOp(op))
      return op.emitOpError() << "cannot stand in a column-wise kernel: elementwise ops on integers and floats, but "
                                 "integer division, and spnn.reduce_rows expected";
  auto yield = dyn_cast<YieldColumnsOp>(body.getTerminator());
  if (!yield)
    return emitOpError() << "body must end with spnn.yield_columns";
  // C5
  if (yield->getNumOperands() != getInit().size())
    return yield.emitOpError() << "must give a value for each of " << getInit().size() << " inits, got "
                               << yield->getNumOperands();
  for (auto [number, value, init] : llvm::enumerate(yield->getOperands(), getInit()))
    if (value.getType() != elementType(init))
      return yield.emitOpError() << "value " << number << " must be of type " << elementType(init) << ", got "
                                 << value.getType();
  DenseSet<Value> varying = findRowVarying();
  for (Value value : yield.getColumns())
    if (varying.contains(value))
      return yield.emitOpError() << "a value for a column vector must be the same at all rows";
  return success();
}

void KernelColumnsOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  getKernelEffects(cast<DestinationStyleOpInterface>(getOperation()), effects);
}

//===----------------------------------------------------------------------===//
// ReduceRowsOp
//===----------------------------------------------------------------------===//

TypedAttr spnn::getReductionIdentity(vector::CombiningKind kind, Type type) {
  using vector::CombiningKind;
  Builder b(type.getContext());
  if (auto floating = dyn_cast<FloatType>(type)) {
    auto infinity = [&](bool negative) {
      return b.getFloatAttr(type, APFloat::getInf(floating.getFloatSemantics(), negative));
    };
    switch (kind) {
    case CombiningKind::ADD:
      return b.getFloatAttr(type, 0.0);
    case CombiningKind::MUL:
      return b.getFloatAttr(type, 1.0);
    case CombiningKind::MAXIMUMF:
    case CombiningKind::MAXNUMF:
      return infinity(/*negative=*/true);
    case CombiningKind::MINIMUMF:
    case CombiningKind::MINNUMF:
      return infinity(/*negative=*/false);
    default:
      return {};
    }
  }
  unsigned width = type.getIntOrFloatBitWidth();
  switch (kind) {
  case CombiningKind::ADD:
  case CombiningKind::MAXUI:
    return b.getIntegerAttr(type, 0);
  case CombiningKind::MUL:
    return b.getIntegerAttr(type, 1);
  case CombiningKind::MAXSI:
    return b.getIntegerAttr(type, APInt::getSignedMinValue(width));
  case CombiningKind::MINSI:
    return b.getIntegerAttr(type, APInt::getSignedMaxValue(width));
  case CombiningKind::MINUI:
    return b.getIntegerAttr(type, APInt::getMaxValue(width));
  default:
    return {};
  }
}

TypedAttr ReduceRowsOp::getIdentity() { return getReductionIdentity(getKind(), getType()); }

LogicalResult ReduceRowsOp::verify() {
  // C1
  if (!getIdentity())
    return emitOpError() << "kind must be add, mul, maximumf, minimumf, maxnumf, minnumf of floats or add, mul, maxsi, "
                            "minsi, maxui, minui of integers, got "
                         << vector::stringifyCombiningKind(getKind()) << " of " << getType();
  return success();
}
