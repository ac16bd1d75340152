//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A dense product as a call of oneDNN through the run-time library, and its epilogue.
//
//===----------------------------------------------------------------------===//
#include "GemmCall.h"
#include "KernelEmitter.h"

#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace spnn;

/// void spnn_rt_sgemm(i32 transA, i32 transB, i64 m, i64 n, i64 k, A, i64 lda, B, i64 ldb, C, i64 ldc)
/// The service of the run-time library of that name; it returns nothing.
/// Where the run-time library keeps what it made of the constant weights of one product.
static LLVM::GlobalOp createState(ModuleOp module) {
  std::string name;
  for (int64_t number = 0; name.empty() || module.lookupSymbol(name); ++number)
    name = "spnn_dense_state_" + std::to_string(number);
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  Type pointer = LLVM::LLVMPointerType::get(module.getContext());
  auto global = LLVM::GlobalOp::create(builder, module.getLoc(), pointer, /*isConstant=*/false, LLVM::Linkage::Internal,
                                       name, Attribute());
  builder.createBlock(&global.getInitializerRegion());
  LLVM::ReturnOp::create(builder, module.getLoc(), LLVM::ZeroOp::create(builder, module.getLoc(), pointer).getResult());
  return global;
}

LogicalResult spnn::emitGemmCall(KernelGemmOp op, OpBuilder &builder, int64_t vectorBytes) {
  Location loc = op.getLoc();
  KernelEmitter e(builder, loc);
  auto toI64 = [&](Value index) -> Value {
    return arith::IndexCastOp::create(builder, loc, builder.getI64Type(), index);
  };
  Value result = op.getInit();
  // Base pointer (offset included) and leading dimension; the innermost stride must be 1.
  auto view = [&](Value memref, Value &pointer, Value &leading) -> LogicalResult {
    SmallVector<int64_t> strides;
    int64_t offset;
    auto type = cast<MemRefType>(memref.getType());
    if (failed(type.getStridesAndOffset(strides, offset)) || strides.back() != 1)
      return op.emitOpError() << "operands must be row-major with unit stride, got " << type;
    pointer = e.pointer(memref, e.index(0));
    leading = toI64(memref::ExtractStridedMetadataOp::create(builder, loc, memref).getStrides()[0]);
    return success();
  };
  Value a, lda, b, ldb, c, ldc;
  if (failed(view(op.getLhs(), a, lda)) || failed(view(op.getRhs(), b, ldb)) || failed(view(result, c, ldc)))
    return failure();
  auto extent = [&](Value memref, int64_t dim) -> Value { return memref::DimOp::create(builder, loc, memref, dim); };
  Value m = extent(result, 0), n = extent(result, 1), k = extent(op.getLhs(), op.getTransposeLhs() ? 0 : 1);
  auto flag = [&](bool value) -> Value {
    return arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(value));
  };
  auto module = op->getParentOfType<ModuleOp>();
  Type i32 = builder.getI32Type(), i64 = builder.getI64Type();
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  SmallVector<Type> types{i32, i32, i64, i64, i64, pointer, i64, pointer, i64, pointer, i64};
  SmallVector<Value> arguments{
      flag(op.getTransposeLhs()), flag(op.getTransposeRhs()), toI64(m), toI64(n), toI64(k), a, lda, b, ldb, c, ldc};
  StringRef service = "spnn_rt_sgemm";
  if (findConstant(op.getRhs())) {
    service = "spnn_rt_dense";
    types.insert(types.begin(), pointer);
    arguments.insert(arguments.begin(), LLVM::AddressOfOp::create(builder, loc, createState(module)));
  }
  FailureOr<LLVM::LLVMFuncOp> callee =
      LLVM::lookupOrCreateFn(builder, module, service, types, LLVM::LLVMVoidType::get(builder.getContext()));
  if (failed(callee))
    return failure();
  LLVM::CallOp::create(builder, loc, *callee, arguments);

  if (!op.getBias() && op.getActivation() == Activation::None)
    return success();
  // One pass over the result; the tail of a row is masked.
  int64_t elements = vectorBytes / static_cast<int64_t>(sizeof(float));
  auto vectorType = VectorType::get({elements}, builder.getF32Type());
  auto maskType = VectorType::get({elements}, builder.getI1Type());
  scf::ForOp::create(
      builder, loc, e.index(0), m, e.index(1), ValueRange(), [&](OpBuilder &b, Location, Value row, ValueRange) {
        KernelEmitter e(b, loc);
        auto step = [&](OpBuilder &b, Value column, Value mask) {
          KernelEmitter e(b, loc);
          Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(vectorType));
          auto load = [&](Value memref, ValueRange position) -> Value {
            return mask ? vector::MaskedLoadOp::create(b, loc, vectorType, memref, position, mask, zero).getResult()
                        : vector::LoadOp::create(b, loc, vectorType, memref, position).getResult();
          };
          Value x = load(result, ValueRange{row, column});
          if (op.getBias())
            x = arith::AddFOp::create(b, loc, x, load(op.getBias(), column));
          x = e.activate(op.getActivation(), x);
          if (mask)
            vector::MaskedStoreOp::create(b, loc, result, ValueRange{row, column}, mask, x);
          else
            vector::StoreOp::create(b, loc, x, result, ValueRange{row, column});
        };
        Value full = e.mul(arith::DivUIOp::create(b, loc, n, e.index(elements)), elements);
        emitFor(b, loc, e.index(0), full, elements, [&](OpBuilder &b, Value column) { step(b, column, Value()); });
        Value left = e.sub(n, full);
        Value some = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt, left, e.index(0));
        scf::IfOp::create(b, loc, some, [&](OpBuilder &b, Location) {
          step(b, full, vector::CreateMaskOp::create(b, loc, maskType, ValueRange{left}));
          scf::YieldOp::create(b, loc);
        });
        scf::YieldOp::create(b, loc);
      });
  return success();
}
