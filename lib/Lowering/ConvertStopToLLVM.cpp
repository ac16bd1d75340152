//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pass convert-spnn-stop-to-llvm: spnn.stop becomes a branch that leaves the function.
//
//===----------------------------------------------------------------------===//
#include "Faults.h"

#include "spnn/IR/SPNN.h"
#include "spnn/Lowering/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"

namespace spnn {
#define GEN_PASS_DEF_CONVERTSTOPTOLLVM
#include "spnn/Lowering/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

static LogicalResult convert(StopOp op, FaultMessages &messages) {
  auto function = op->getParentOfType<func::FuncOp>();
  if (!function || op->getParentOp() != function || function.getNumResults() != 0)
    return op.emitOpError() << "must stand in the body of a function without results, outside of parallel regions";
  Location loc = op.getLoc();
  OpBuilder builder(op);
  Type i64 = builder.getI64Type(), pointer = LLVM::LLVMPointerType::get(builder.getContext());
  FailureOr<LLVM::LLVMFuncOp> callee =
      LLVM::lookupOrCreateFn(builder, op->getParentOfType<ModuleOp>(), "spnn_rt_stop", {pointer, i64, i64},
                             LLVM::LLVMVoidType::get(builder.getContext()));
  if (failed(callee))
    return failure();
  Block *head = op->getBlock();
  Block *rest = head->splitBlock(op);
  Block *stop = builder.createBlock(&function.getBody(), function.getBody().end());
  SmallVector<Value> arguments = {LLVM::AddressOfOp::create(builder, loc, messages.get(op.getMessage()))};
  for (Value number : op.getNumbers())
    arguments.push_back(arith::IndexCastOp::create(builder, loc, i64, number));
  while (arguments.size() < 3)
    arguments.push_back(LLVM::ConstantOp::create(builder, loc, i64, builder.getI64IntegerAttr(0)));
  LLVM::CallOp::create(builder, loc, *callee, arguments);
  func::ReturnOp::create(builder, loc);
  builder.setInsertionPointToEnd(head);
  cf::CondBranchOp::create(builder, loc, op.getCondition(), stop, rest);
  op.erase();
  return success();
}

namespace {
struct ConvertStopToLLVM : public spnn::impl::ConvertStopToLLVMBase<ConvertStopToLLVM> {
  using ConvertStopToLLVMBase::ConvertStopToLLVMBase;

  void runOnOperation() override {
    FaultMessages messages(getOperation());
    SmallVector<StopOp> stops;
    getOperation().walk([&](StopOp op) { stops.push_back(op); });
    for (StopOp op : stops)
      if (failed(convert(op, messages)))
        return signalPassFailure();
  }
};
} // namespace
