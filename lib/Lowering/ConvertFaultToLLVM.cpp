//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pass convert-spnn-fault-to-llvm: spnn.fault becomes an exchange with the slot that the run-time library keeps for a
// call.
//
//===----------------------------------------------------------------------===//
#include "Faults.h"

#include "spnn/IR/SPNN.h"
#include "spnn/Lowering/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace spnn {
#define GEN_PASS_DEF_CONVERTFAULTTOLLVM
#include "spnn/Lowering/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

static void convertAssert(cf::AssertOp op) {
  OpBuilder builder(op);
  Value yes = arith::ConstantOp::create(builder, op.getLoc(), builder.getBoolAttr(true));
  Value fails = arith::XOrIOp::create(builder, op.getLoc(), op.getArg(), yes);
  addFault(builder, op.getLoc(), fails, "'cf.assert' op does not hold: " + op.getMsg());
  op.erase();
}

namespace {
struct ConvertFaultToLLVM : public spnn::impl::ConvertFaultToLLVMBase<ConvertFaultToLLVM> {
  using ConvertFaultToLLVMBase::ConvertFaultToLLVMBase;

  void runOnOperation() override {
    FaultMessages messages(getOperation());
    getOperation().walk(convertAssert);
    WalkResult walk = getOperation().walk([&](FaultOp op) {
      auto function = op->getParentOfType<func::FuncOp>();
      if (!function) {
        op.emitOpError() << "must stand in a function of the dialect func";
        return WalkResult::interrupt();
      }
      FailureOr<Value> slot = getSlot(function);
      if (failed(slot))
        return WalkResult::interrupt();
      convert(op, *slot, messages.get(op.getMessage()));
      return WalkResult::advance();
    });
    slots.clear();
    if (walk.wasInterrupted())
      signalPassFailure();
  }

  /// At the entry of the function, outside of all parallel regions.
  FailureOr<Value> getSlot(func::FuncOp function) {
    Value &slot = slots[function];
    if (!slot) {
      OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
      FailureOr<LLVM::LLVMFuncOp> callee = LLVM::lookupOrCreateFn(builder, getOperation(), "spnn_rt_fault_slot", {},
                                                                  LLVM::LLVMPointerType::get(builder.getContext()));
      if (failed(callee))
        return failure();
      slot = LLVM::CallOp::create(builder, function.getLoc(), *callee, ValueRange{}).getResult();
    }
    return slot;
  }

  static void convert(FaultOp op, Value slot, LLVM::GlobalOp message) {
    OpBuilder builder(op);
    Location loc = op.getLoc();
    auto branch = scf::IfOp::create(builder, loc, op.getCondition(), /*withElseRegion=*/false);
    builder.setInsertionPointToStart(branch.thenBlock());
    Value address = LLVM::AddressOfOp::create(builder, loc, message);
    // Only into the empty slot: what goes wrong later may follow from the first fault. Threads may come at once.
    Value none = LLVM::ZeroOp::create(builder, loc, address.getType());
    LLVM::AtomicCmpXchgOp::create(builder, loc, slot, none, address, LLVM::AtomicOrdering::monotonic,
                                  LLVM::AtomicOrdering::monotonic);
    op.erase();
  }

  DenseMap<Operation *, Value> slots;
};
} // namespace
