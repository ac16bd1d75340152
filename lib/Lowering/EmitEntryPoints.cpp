//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pass spnn-emit-entry-points: the C entry point of every public function and the model's description.
//
//===----------------------------------------------------------------------===//
#include "spnn/IR/SPNN.h"
#include "spnn/Lowering/ElementTypes.h"
#include "spnn/Lowering/Passes.h"
#include "spnn/Runtime/Description.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace spnn {
#define GEN_PASS_DEF_EMITENTRYPOINTS
#include "spnn/Lowering/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

static std::string argumentName(func::FuncOp function, unsigned i, StringRef kind, unsigned number) {
  if (auto name = function.getArgAttrOfType<StringAttr>(i, "spnn.name"))
    return name.str();
  return (kind + Twine(number)).str();
}

static FailureOr<runtime::FunctionSpec> describe(func::FuncOp function) {
  using runtime::Extent;
  runtime::FunctionSpec spec;
  spec.name = function.getName().str();
  unsigned inputs = function->getAttrOfType<IntegerAttr>("spnn.inputs").getInt();
  auto extents = function->getAttrOfType<ArrayAttr>("spnn.result_extents");
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto type = cast<MemRefType>(function.getArgumentTypes()[i]);
    bool isInput = i < inputs;
    std::optional<runtime::DType> dtype = getDType(type.getElementType());
    if (!dtype)
      return function.emitOpError() << "element type " << type.getElementType() << " cannot cross the C interface";
    runtime::TensorSpec tensor;
    tensor.name = argumentName(function, i, isInput ? "in" : "out", isInput ? i : i - inputs);
    tensor.dtype = *dtype;
    auto names = function.getArgAttrOfType<ArrayAttr>(i, "spnn.dims");
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      Extent extent;
      if (!type.isDynamicDim(dim)) {
        extent.value = type.getDimSize(dim);
      } else if (isInput) {
        extent.kind = Extent::Kind::Dynamic;
        if (names && dim < static_cast<int64_t>(names.size()))
          if (auto name = dyn_cast<StringAttr>(names[dim]))
            extent.name = name.str();
      } else {
        auto source = cast<DenseI64ArrayAttr>(cast<ArrayAttr>(extents[i - inputs])[dim]).asArrayRef();
        extent.kind = Extent::Kind::OfInput;
        extent.input = source[0];
        extent.dim = source[1];
        extent.offset = source.size() > 2 ? source[2] : 0;
      }
      tensor.shape.push_back(extent);
    }
    (isInput ? spec.inputs : spec.outputs).push_back(tensor);
  }
  return spec;
}

/// int32_t spnn_entry_f(spnn_context *context, void *const *data, const int64_t *dims)
static LogicalResult addEntry(func::FuncOp function) {
  auto module = function->getParentOfType<ModuleOp>();
  MLIRContext *context = module.getContext();
  Location loc = function.getLoc();
  LLVMTypeConverter converter(context);
  OpBuilder builder(context);
  builder.setInsertionPointAfter(function);
  Type pointer = LLVM::LLVMPointerType::get(context), i64 = builder.getI64Type(), i32 = builder.getI32Type();
  auto entry = func::FuncOp::create(builder, loc, ("spnn_entry_" + function.getName()).str(),
                                    builder.getFunctionType({pointer, pointer, pointer}, {i32}));
  builder.setInsertionPointToStart(entry.addEntryBlock());
  Value state = entry.getArgument(0), data = entry.getArgument(1), dims = entry.getArgument(2);
  FailureOr<LLVM::LLVMFuncOp> enter = LLVM::lookupOrCreateFn(builder, module, "spnn_rt_enter", pointer,
                                                             LLVM::LLVMVoidType::get(context)),
                              leave = LLVM::lookupOrCreateFn(builder, module, "spnn_rt_leave", pointer, i32);
  if (failed(enter) || failed(leave))
    return failure();
  LLVM::CallOp::create(builder, loc, *enter, ValueRange{state});

  auto loadAt = [&](Type type, Value base, int64_t i) -> Value {
    Value address = LLVM::GEPOp::create(builder, loc, pointer, type, base, ArrayRef<LLVM::GEPArg>{int32_t(i)});
    return LLVM::LoadOp::create(builder, loc, type, address);
  };
  auto constant = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(builder, loc, i64, builder.getI64IntegerAttr(value));
  };
  unsigned inputs = function->getAttrOfType<IntegerAttr>("spnn.inputs").getInt();
  auto extents = function->getAttrOfType<ArrayAttr>("spnn.result_extents");
  SmallVector<SmallVector<Value>> inputExtents;
  SmallVector<Value> arguments;
  int64_t nextDim = 0;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto type = cast<MemRefType>(function.getArgumentTypes()[i]);
    SmallVector<Value> sizes;
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      if (!type.isDynamicDim(dim)) {
        sizes.push_back(constant(type.getDimSize(dim)));
      } else if (i < inputs) {
        sizes.push_back(loadAt(i64, dims, nextDim++));
      } else {
        auto source = cast<DenseI64ArrayAttr>(cast<ArrayAttr>(extents[i - inputs])[dim]).asArrayRef();
        Value size = inputExtents[source[0]][source[1]];
        if (source.size() > 2)
          size = LLVM::AddOp::create(builder, loc, size, constant(source[2]));
        sizes.push_back(size);
      }
    }
    if (i < inputs)
      inputExtents.push_back(sizes);
    Value base = loadAt(pointer, data, i);
    MemRefDescriptor descriptor = MemRefDescriptor::poison(builder, loc, converter.convertType(type));
    descriptor.setAllocatedPtr(builder, loc, base);
    descriptor.setAlignedPtr(builder, loc, base);
    descriptor.setConstantOffset(builder, loc, 0);
    Value stride = constant(1);
    for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
      descriptor.setSize(builder, loc, dim, sizes[dim]);
      descriptor.setStride(builder, loc, dim, stride);
      stride = LLVM::MulOp::create(builder, loc, stride, sizes[dim]);
    }
    arguments.push_back(UnrealizedConversionCastOp::create(builder, loc, type, Value(descriptor)).getResult(0));
  }
  func::CallOp::create(builder, loc, function, arguments);
  Value status = LLVM::CallOp::create(builder, loc, *leave, ValueRange{state}).getResult();
  func::ReturnOp::create(builder, loc, status);
  // The name stays free for the program that links the model: it may well be `main`.
  function->setAttr("llvm.linkage", LLVM::LinkageAttr::get(context, LLVM::Linkage::Internal));
  return success();
}

/// What spnn-prepare-results and bufferization leave behind: memrefs, and attributes that say what they mean.
static LogicalResult checkPrepared(func::FuncOp function) {
  auto fail = [&]() { return function.emitOpError() << "was not prepared by spnn-prepare-results: "; };
  auto inputs = function->getAttrOfType<IntegerAttr>("spnn.inputs");
  if (!inputs || inputs.getInt() < 0 || inputs.getInt() > function.getNumArguments())
    return fail() << "'spnn.inputs' must count its inputs";
  if (function.getNumResults() != 0)
    return fail() << "it has results";
  for (Type type : function.getArgumentTypes())
    if (auto memref = dyn_cast<MemRefType>(type); !memref || !memref.getLayout().isIdentity())
      return fail() << "arguments are dense memrefs, got " << type << " (is it bufferized?)";
  unsigned outputs = function.getNumArguments() - inputs.getInt();
  auto extents = function->getAttrOfType<ArrayAttr>("spnn.result_extents");
  if (!extents || extents.size() != outputs)
    return fail() << "'spnn.result_extents' must have an entry for each of its " << outputs << " results";
  for (auto [number, entry] : llvm::enumerate(extents)) {
    auto type = cast<MemRefType>(function.getArgumentTypes()[inputs.getInt() + number]);
    auto dims = dyn_cast<ArrayAttr>(entry);
    bool isValid = dims && static_cast<int64_t>(dims.size()) == type.getRank();
    for (int64_t dim = 0; isValid && dim < type.getRank(); ++dim) {
      if (!type.isDynamicDim(dim))
        continue;
      auto source = dyn_cast<DenseI64ArrayAttr>(dims[dim]);
      isValid = source && (source.size() == 2 || (source.size() == 3 && llvm::isInt<32>(source[2]))) &&
                source[0] >= 0 && source[0] < inputs.getInt();
      if (!isValid)
        break;
      auto input = cast<MemRefType>(function.getArgumentTypes()[source[0]]);
      isValid = source[1] >= 0 && source[1] < input.getRank() && input.isDynamicDim(source[1]);
    }
    if (!isValid)
      return fail() << "'spnn.result_extents' must trace each dynamic extent of result " << number
                    << " to a dynamic extent of an input";
  }
  return success();
}

namespace {
struct EmitEntryPoints : public spnn::impl::EmitEntryPointsBase<EmitEntryPoints> {
  using EmitEntryPointsBase::EmitEntryPointsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto target = module->getAttrOfType<TargetAttr>(kTargetAttrName);
    runtime::ModelDescription description;
    description.producer = "spnn " SPNN_VERSION;
    description.target = target ? target.getCpu().str() : "generic";
    SmallVector<func::FuncOp> functions;
    for (func::FuncOp function : module.getOps<func::FuncOp>()) {
      if (!function->hasAttr("spnn.inputs"))
        continue;
      if (failed(checkPrepared(function)))
        return signalPassFailure();
      functions.push_back(function);
    }
    if (functions.empty()) {
      module.emitError() << "there is no public function to compile";
      return signalPassFailure();
    }
    for (func::FuncOp function : functions) {
      FailureOr<runtime::FunctionSpec> spec = describe(function);
      if (failed(spec))
        return signalPassFailure();
      description.functions.push_back(*spec);
      if (failed(addEntry(function)))
        return signalPassFailure();
    }
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    std::string text = runtime::printDescription(description);
    text.push_back('\0');
    auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), text.size());
    LLVM::GlobalOp::create(builder, module.getLoc(), type, /*isConstant=*/true, LLVM::Linkage::External,
                           "spnn_model_description", builder.getStringAttr(text));
  }
};
} // namespace
