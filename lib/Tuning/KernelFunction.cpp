//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A function that is one kernel alone, panels to panels.
//
//===----------------------------------------------------------------------===//
#include "spnn/Tuning/KernelFunction.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace spnn;

void tuning::reduceToKernel(func::FuncOp function, KernelMatmulOp kernel) {
  OpBuilder builder(function);
  auto type = builder.getFunctionType({kernel.getRhs().getType()}, {kernel.getInit().getType()});
  auto packed = func::FuncOp::create(builder, kernel.getLoc(), function.getName(), type);
  builder.setInsertionPointToStart(packed.addEntryBlock());
  IRMapping mapping;
  mapping.map(kernel.getRhs(), packed.getArgument(0));
  std::function<void(Value)> clone = [&](Value value) {
    Operation *op = value.getDefiningOp();
    if (!op || mapping.contains(value))
      return;
    for (Value operand : op->getOperands())
      clone(operand);
    builder.clone(*op, mapping);
  };
  for (Value operand : kernel->getOperands())
    clone(operand);
  Operation *copy = builder.clone(*kernel, mapping);
  func::ReturnOp::create(builder, kernel.getLoc(), copy->getResult(0));
  function.erase();
}
