//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Calls of the run-time library on whole buffers.
//
//===----------------------------------------------------------------------===//
#include "RuntimeCall.h"

#include "../Kernels/KernelEmitter.h"

#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace spnn;

LogicalResult spnn::emitRuntimeCall(OpBuilder &builder, Operation *op, StringRef name, ValueRange arguments) {
  Location loc = op->getLoc();
  KernelEmitter e(builder, loc);
  SmallVector<Value> values;
  for (Value argument : arguments) {
    if (auto type = dyn_cast<MemRefType>(argument.getType())) {
      SmallVector<int64_t> strides;
      int64_t offset;
      if (failed(type.getStridesAndOffset(strides, offset)) || (!strides.empty() && strides.back() != 1))
        return op->emitOpError() << "hands buffers of unit stride to the run-time library, got " << type;
      values.push_back(e.pointer(argument, e.index(0)));
    } else if (argument.getType().isIndex()) {
      values.push_back(arith::IndexCastOp::create(builder, loc, builder.getI64Type(), argument));
    } else {
      values.push_back(argument);
    }
  }
  SmallVector<Type> types(ValueRange(values).getTypes());
  FailureOr<LLVM::LLVMFuncOp> callee = LLVM::lookupOrCreateFn(builder, op->getParentOfType<ModuleOp>(), name, types,
                                                              LLVM::LLVMVoidType::get(builder.getContext()));
  if (failed(callee))
    return failure();
  LLVM::CallOp::create(builder, loc, *callee, values);
  return success();
}
