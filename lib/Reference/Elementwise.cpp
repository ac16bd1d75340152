//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elementwise ops on whole tensors and scalars, constants, and affine arithmetic on indices.
//
//===----------------------------------------------------------------------===//
#include "Interpreter.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace spnn::reference;

static LogicalResult evaluateConstant(Interpreter &interpreter, Operation *op) {
  auto constant = cast<arith::ConstantOp>(op);
  Type elementType = getElementTypeOrSelf(constant.getType());
  TypedAttr attr = constant.getValue();
  if (auto elements = dyn_cast<ElementsAttr>(attr)) {
    auto type = dyn_cast<RankedTensorType>(constant.getType());
    if (!type)
      return op->emitOpError("has type ") << constant.getType() << ", and the evaluator only knows ranked tensors";
    // Refuses what is too large before it is read.
    if (failed(interpreter.checkAllocation(op, elementType, type.getShape())))
      return failure();
    FailureOr<Tensor> value = Tensor::fromElements(elements);
    if (failed(value))
      return op->emitOpError("has contents that are not at hand (an elided resource, or one of the wrong size)");
    return interpreter.set(op, constant.getResult(), std::move(*value));
  }
  if (!Tensor::isSupported(elementType))
    return op->emitOpError("has type ") << elementType << ", which the evaluator does not know";
  Tensor value = Tensor::zeros(elementType, {});
  if (auto number = dyn_cast<FloatAttr>(attr))
    value.floats[0] = toDouble(number.getValue());
  else if (auto number = dyn_cast<IntegerAttr>(attr))
    value.ints[0] = IntegerKind(elementType).wrap(static_cast<int64_t>(number.getValue().getZExtValue()));
  else
    return op->emitOpError("has a value that is neither a number nor a tensor of numbers");
  return interpreter.set(op, constant.getResult(), std::move(value));
}

/// A select by one i1 for all elements takes one operand whole.
static LogicalResult evaluateScalarSelect(Interpreter &interpreter, Operation *op) {
  auto select = cast<arith::SelectOp>(op);
  FailureOr<int64_t> condition = interpreter.getInteger(select.getCondition());
  if (failed(condition))
    return failure();
  TensorRef chosen = interpreter.get(*condition ? select.getTrueValue() : select.getFalseValue());
  if (!chosen)
    return failure();
  return interpreter.set(op, select.getResult(), chosen);
}

static LogicalResult evaluateElementwise(Interpreter &interpreter, Operation *op) {
  SmallVector<TensorRef> operands;
  SmallVector<const Lane *> pointers;
  for (Value operand : op->getOperands()) {
    TensorRef value = interpreter.get(operand);
    if (!value)
      return failure();
    if (!operands.empty() && value->shape != operands.front()->shape)
      return op->emitOpError("has operands of shapes ")
             << formatShape(operands.front()->shape) << " and " << formatShape(value->shape);
    pointers.push_back(lanes(*value));
    operands.push_back(std::move(value));
  }
  for (OpResult result : op->getResults()) {
    std::optional<ScalarKernel> kernel = getScalarKernel(op, result.getResultNumber());
    FailureOr<Tensor> value = interpreter.allocate(op, kernel->resultType, operands.front()->shape);
    if (failed(value))
      return failure();
    if (const char *rule = kernel->function(*kernel, pointers.data(), lanes(*value), value->size()))
      return op->emitOpError() << rule;
    if (failed(interpreter.set(op, result, std::move(*value))))
      return failure();
  }
  return success();
}

static FailureOr<SmallVector<int64_t>> evaluateMap(Interpreter &interpreter, Operation *op, AffineMap map) {
  FailureOr<SmallVector<int64_t>> operands = interpreter.getIntegers(op->getOperands());
  if (failed(operands))
    return failure();
  Builder builder(op->getContext());
  SmallVector<Attribute> constants, results;
  for (int64_t operand : *operands)
    constants.push_back(builder.getIndexAttr(operand));
  if (failed(map.constantFold(constants, results)))
    return op->emitOpError("divides by zero or a negative number");
  SmallVector<int64_t> values;
  for (Attribute result : results)
    values.push_back(cast<IntegerAttr>(result).getInt());
  return values;
}

static LogicalResult evaluateAffine(Interpreter &interpreter, Operation *op) {
  AffineMap map;
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op))
    map = apply.getAffineMap();
  else
    map =
        isa<affine::AffineMinOp>(op) ? cast<affine::AffineMinOp>(op).getMap() : cast<affine::AffineMaxOp>(op).getMap();
  FailureOr<SmallVector<int64_t>> values = evaluateMap(interpreter, op, map);
  if (failed(values))
    return failure();
  int64_t value = isa<affine::AffineMinOp>(op) ? *llvm::min_element(*values) : *llvm::max_element(*values);
  return interpreter.setInteger(op, op->getResult(0), value);
}

Handler spnn::reference::getElementwiseHandler(Operation *op) {
  if (isa<arith::ConstantOp>(op))
    return evaluateConstant;
  if (isa<affine::AffineApplyOp, affine::AffineMinOp, affine::AffineMaxOp>(op))
    return evaluateAffine;
  if (auto select = dyn_cast<arith::SelectOp>(op))
    if (!isa<ShapedType>(select.getCondition().getType()))
      return evaluateScalarSelect;
  for (unsigned i = 0; i < op->getNumResults(); ++i)
    if (!getScalarKernel(op, i))
      return nullptr;
  return op->getNumResults() == 0 ? nullptr : evaluateElementwise;
}
