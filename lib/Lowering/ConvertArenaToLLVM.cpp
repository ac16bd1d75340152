//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pass convert-spnn-arena-to-llvm: spnn.arena becomes a call of the run-time library.
//
//===----------------------------------------------------------------------===//
#include "spnn/IR/SPNN.h"
#include "spnn/Lowering/Passes.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace spnn {
#define GEN_PASS_DEF_CONVERTARENATOLLVM
#include "spnn/Lowering/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

namespace {
LogicalResult convert(ArenaOp op, const LLVMTypeConverter &converter) {
  auto function = op->getParentOfType<func::FuncOp>();
  if (!function || op->getParentOp() != function || function.getNumResults() != 0)
    return op.emitOpError() << "must stand in the body of a function without results";
  Location loc = op.getLoc();
  OpBuilder builder(op);
  Value bytes = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), op.getBytes());
  FailureOr<LLVM::LLVMFuncOp> callee =
      LLVM::lookupOrCreateFn(builder, op->getParentOfType<ModuleOp>(), "spnn_rt_arena", builder.getI64Type(),
                             LLVM::LLVMPointerType::get(builder.getContext()));
  if (failed(callee))
    return failure();
  Value pointer = LLVM::CallOp::create(builder, loc, *callee, ValueRange{bytes}).getResult();
  Value null = LLVM::ZeroOp::create(builder, loc, pointer.getType());
  Value missing = LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::eq, pointer, null);
  // Without memory the function ends here; the library has recorded why.
  Block *head = op->getBlock();
  Block *rest = head->splitBlock(op);
  Block *stop = builder.createBlock(&function.getBody(), function.getBody().end());
  func::ReturnOp::create(builder, loc);
  builder.setInsertionPointToEnd(head);
  cf::CondBranchOp::create(builder, loc, missing, stop, rest);
  builder.setInsertionPoint(op);
  Value descriptor =
      MemRefDescriptor::fromStaticShape(builder, loc, converter, MemRefType::get({0}, builder.getI8Type()), pointer);
  MemRefDescriptor sized(descriptor);
  sized.setSize(builder, loc, 0, bytes);
  Value memref = UnrealizedConversionCastOp::create(builder, loc, op.getType(), Value(sized)).getResult(0);
  op.replaceAllUsesWith(memref);
  op.erase();
  return success();
}

struct ConvertArenaToLLVM : public spnn::impl::ConvertArenaToLLVMBase<ConvertArenaToLLVM> {
  using ConvertArenaToLLVMBase::ConvertArenaToLLVMBase;

  void runOnOperation() override {
    LLVMTypeConverter converter(&getContext());
    SmallVector<ArenaOp> arenas;
    getOperation().walk([&](ArenaOp op) { arenas.push_back(op); });
    for (ArenaOp op : arenas)
      if (failed(convert(op, converter)))
        return signalPassFailure();
  }
};
} // namespace
