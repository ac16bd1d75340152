//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Structured control flow and calls.
//
//===----------------------------------------------------------------------===//
#include "Interpreter.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace spnn::reference;

static LogicalResult setResults(Interpreter &interpreter, Operation *op, ArrayRef<TensorRef> values) {
  if (values.size() != op->getNumResults())
    return op->emitOpError("has ") << op->getNumResults() << " results and gets " << values.size();
  for (auto [result, value] : llvm::zip(op->getResults(), values))
    if (failed(interpreter.set(op, result, value)))
      return failure();
  return success();
}

static FailureOr<SmallVector<TensorRef>> getAll(Interpreter &interpreter, ValueRange names) {
  SmallVector<TensorRef> result;
  for (Value name : names) {
    TensorRef value = interpreter.get(name);
    if (!value)
      return failure();
    result.push_back(std::move(value));
  }
  return result;
}

static LogicalResult evaluateFor(Interpreter &interpreter, Operation *op) {
  auto loop = cast<scf::ForOp>(op);
  FailureOr<SmallVector<int64_t>> bounds =
      interpreter.getIntegers({loop.getLowerBound(), loop.getUpperBound(), loop.getStep()});
  FailureOr<SmallVector<TensorRef>> inits = getAll(interpreter, loop.getInitArgs());
  if (failed(bounds) || failed(inits))
    return failure();
  int64_t low = (*bounds)[0], high = (*bounds)[1], step = (*bounds)[2];
  Type type = loop.getInductionVar().getType();
  IntegerKind kind(type);
  if (loop.getUnsignedCmp()) {
    // Biased, unsigned order is signed order.
    uint64_t bias = uint64_t(1) << 63;
    low = static_cast<int64_t>(kind.getUnsigned(low) ^ bias);
    high = static_cast<int64_t>(kind.getUnsigned(high) ^ bias);
  }
  if (step <= 0)
    return op->emitOpError("has step ") << step << ", which must be positive";
  SmallVector<TensorRef> carried = std::move(*inits);
  uint64_t distance = low < high ? static_cast<uint64_t>(high) - static_cast<uint64_t>(low) : 0;
  uint64_t trips = distance / step + (distance % step != 0);
  for (uint64_t trip = 0; trip < trips; ++trip) {
    Tensor counter = Tensor::zeros(type, {});
    counter.ints[0] = kind.wrap(static_cast<int64_t>(static_cast<uint64_t>((*bounds)[0]) + trip * step));
    FailureOr<TensorRef> shared = interpreter.share(op, std::move(counter));
    if (failed(shared))
      return failure();
    SmallVector<TensorRef> arguments = {*shared};
    // Moved, so that a body which is the only user may update a carried tensor in place.
    for (TensorRef &value : carried)
      arguments.push_back(std::move(value));
    FailureOr<SmallVector<TensorRef>> results = interpreter.runRegion(op, loop.getRegion(), std::move(arguments));
    if (failed(results))
      return failure();
    carried = std::move(*results);
  }
  return setResults(interpreter, op, carried);
}

static LogicalResult evaluateWhile(Interpreter &interpreter, Operation *op) {
  auto loop = cast<scf::WhileOp>(op);
  FailureOr<SmallVector<TensorRef>> carried = getAll(interpreter, loop.getInits());
  if (failed(carried))
    return failure();
  while (true) {
    FailureOr<SmallVector<TensorRef>> before = interpreter.runRegion(op, loop.getBefore(), std::move(*carried));
    if (failed(before))
      return failure();
    // scf.condition yields the condition and then the values for the body.
    bool condition = before->front()->ints[0];
    ArrayRef<TensorRef> values = ArrayRef(*before).drop_front();
    if (!condition)
      return setResults(interpreter, op, values);
    carried = interpreter.runRegion(op, loop.getAfter(), SmallVector<TensorRef>(values));
    if (failed(carried))
      return failure();
  }
}

static LogicalResult evaluateIf(Interpreter &interpreter, Operation *op) {
  auto branch = cast<scf::IfOp>(op);
  FailureOr<int64_t> condition = interpreter.getInteger(branch.getCondition());
  if (failed(condition))
    return failure();
  Region &region = *condition ? branch.getThenRegion() : branch.getElseRegion();
  if (region.empty())
    return success();
  FailureOr<SmallVector<TensorRef>> results = interpreter.runRegion(op, region, {});
  if (failed(results))
    return failure();
  return setResults(interpreter, op, *results);
}

static LogicalResult evaluateExecuteRegion(Interpreter &interpreter, Operation *op) {
  FailureOr<SmallVector<TensorRef>> results = interpreter.runRegion(op, op->getRegion(0), {});
  if (failed(results))
    return failure();
  return setResults(interpreter, op, *results);
}

static LogicalResult evaluateCall(Interpreter &interpreter, Operation *op) {
  auto call = cast<func::CallOp>(op);
  auto function = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, call.getCalleeAttr());
  if (!function)
    return op->emitOpError("calls '") << call.getCallee() << "', which is no function";
  FailureOr<SmallVector<TensorRef>> arguments = getAll(interpreter, call.getOperands());
  if (failed(arguments))
    return failure();
  FailureOr<SmallVector<TensorRef>> results = interpreter.call(op, function, std::move(*arguments));
  if (failed(results))
    return failure();
  return setResults(interpreter, op, *results);
}

Handler spnn::reference::getControlHandler(Operation *op) {
  if (isa<scf::ForOp>(op))
    return evaluateFor;
  if (isa<scf::WhileOp>(op))
    return evaluateWhile;
  if (isa<scf::IfOp>(op))
    return evaluateIf;
  if (isa<scf::ExecuteRegionOp>(op))
    return evaluateExecuteRegion;
  if (isa<func::CallOp>(op))
    return evaluateCall;
  return nullptr;
}
