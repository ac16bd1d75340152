//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The candidates of one product, compiled into a library of their own and loaded.
//
//===----------------------------------------------------------------------===//
#include "CandidateModule.h"

#include "spnn/InitAll.h"
#include "spnn/Lowering/CpuKernel.h"
#include "spnn/Lowering/Passes.h"
#include "spnn/Pipelines/Pipelines.h"
#include "spnn/Target/Emit.h"
#include "spnn/Tuning/KernelFunction.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/SourceMgr.h"

#include <cstdlib>
#include <cstring>
#include <random>

using namespace mlir;
using namespace spnn;
using namespace spnn::tuning;
using runtime::DType;

static std::string functionName(size_t candidate) { return "c" + std::to_string(candidate); }

//===----------------------------------------------------------------------===//
// From a request to a library
//===----------------------------------------------------------------------===//

/// Copies the constant `value` to the builder's place; zeros where it is none, as a bias may be.
static Value cloneConstant(OpBuilder &builder, Value value) {
  Operation *op = value.getDefiningOp();
  if (auto convert = dyn_cast_or_null<ConvertOp>(op)) {
    Value source = cloneConstant(builder, convert.getSource());
    return ConvertOp::create(builder, op->getLoc(), convert.getType(), source);
  }
  if (op && op->hasTrait<OpTrait::ConstantLike>())
    return builder.clone(*op)->getResult(0);
  auto type = cast<RankedTensorType>(value.getType());
  return arith::ConstantOp::create(builder, value.getLoc(), type, cast<TypedAttr>(builder.getZeroAttr(type)));
}

/// Y[n][m] of X[n][k], as a layer of a network is written: packing and transposing fold or are cut off.
static void addCandidate(OpBuilder &builder, const TimingRequest &request, size_t number) {
  MatmulOp op = request.op;
  const TimingCandidate &candidate = request.candidates[number];
  Location loc = builder.getUnknownLoc();
  auto typeOf = [&](Value value, int64_t rows, int64_t cols) {
    return RankedTensorType::get({rows, cols}, getElementTypeOrSelf(value.getType()));
  };
  int64_t m = op.getRows(), k = op.getInner(), n = request.columns;
  auto xType = typeOf(op.getRhs(), n, k), yType = typeOf(op.getResult(), n, m);
  auto function = func::FuncOp::create(builder, loc, functionName(number), builder.getFunctionType({xType}, {yType}));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(function.addEntryBlock());
  Value weights = cloneConstant(builder, op.getLhs());
  auto weightsType = cast<RankedTensorType>(weights.getType());
  if (candidate.encoding && !weightsType.getEncoding())
    weights = ConvertOp::create(
        builder, loc, RankedTensorType::get(weightsType.getShape(), weightsType.getElementType(), candidate.encoding),
        weights);
  IRMapping mapping;
  mapping.map(op.getLhs(), weights);
  mapping.map(op.getRhs(), function.getArgument(0));
  if (op.getBias())
    mapping.map(op.getBias(), cloneConstant(builder, op.getBias()));
  auto product = cast<MatmulOp>(builder.clone(*op, mapping));
  product.setTransposeRhs(true);
  product.getResult().setType(typeOf(op.getResult(), m, n));
  product->removeAttr(kDecisionAttrName);
  if (candidate.kernel) {
    SmallVector<NamedAttribute> decision{
        builder.getNamedAttr("kernel", builder.getStringAttr(candidate.kernel->name()))};
    if (candidate.parameters)
      decision.push_back(builder.getNamedAttr("parameters", candidate.parameters));
    product->setAttr(kDecisionAttrName, builder.getDictionaryAttr(decision));
  }
  Value init = tensor::EmptyOp::create(builder, loc, yType.getShape(), yType.getElementType());
  Value result =
      linalg::TransposeOp::create(builder, loc, product.getResult(), init, ArrayRef<int64_t>{1, 0})->getResult(0);
  func::ReturnOp::create(builder, loc, result);
}

/// The module in the form in which it changes contexts; empty if it cannot be written.
static std::string writeModule(const TimingJob &job, const TimingRequest &request) {
  MatmulOp op = request.op;
  MLIRContext *context = op.getContext();
  context->loadDialect<func::FuncDialect, arith::ArithDialect, linalg::LinalgDialect, tensor::TensorDialect>();
  OpBuilder builder(context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder.getUnknownLoc());
  if (job.target)
    (*module)->setAttr(kTargetAttrName, job.target);
  builder.setInsertionPointToEnd(module->getBody());
  for (size_t i = 0; i < request.candidates.size(); ++i)
    addCandidate(builder, request, i);
  std::string bytes;
  llvm::raw_string_ostream os(bytes);
  return failed(writeBytecodeToFile(*module, os)) ? "" : bytes;
}

static const DialectRegistry &getRegistry() {
  static const DialectRegistry *registry = [] {
    auto *all = new DialectRegistry;
    registerAllDialects(*all);
    registerAllExtensions(*all);
    registerDialect(*all);
    target::registerTranslations(*all);
    return all;
  }();
  return *registry;
}

/// Compiles `bytes` into the library `path`.
static runtime::Error compileModule(const std::string &bytes, int64_t threads, StringRef path) {
  // Compilations share the machine with the measurement of the product before: one thread.
  MLIRContext context(getRegistry(), MLIRContext::Threading::DISABLED);
  std::string message;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (message.empty() && diagnostic.getSeverity() == DiagnosticSeverity::Error)
      message = diagnostic.str();
    return success();
  });
  // Blobs of bytecode are used where they lie, so the buffer keeps the alignment that they ask for.
  auto buffer = llvm::WritableMemoryBuffer::getNewUninitMemBuffer(bytes.size(), "", llvm::Align(4096));
  if (!buffer)
    return "memory is short for a candidate";
  llvm::copy(bytes, buffer->getBufferStart());
  auto sources = std::make_shared<llvm::SourceMgr>();
  sources->AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module)
    return "a candidate could not be copied: " + message;
  auto run = [&](function_ref<void(PassManager &)> build) {
    PassManager pm(&context);
    pm.enableVerifier(false);
    build(pm);
    return pm.run(*module);
  };
  if (failed(run([](PassManager &pm) { pm.addPass(createSelectKernels()); })))
    return "a candidate could not be compiled: " + message;
  for (func::FuncOp function : llvm::to_vector(module->getOps<func::FuncOp>())) {
    KernelMatmulOp kernel;
    function.walk([&](KernelMatmulOp op) { kernel = op; });
    if (kernel)
      reduceToKernel(function, kernel);
  }
  CpuPipelineOptions options;
  options.threads = threads;
  if (failed(run([&](PassManager &pm) {
        buildCpuKernelStage(pm, options);
        buildCpuLoopStage(pm, options);
        buildCpuLLVMStage(pm, options);
      })))
    return "a candidate could not be compiled: " + message;
  return target::emit(*module, target::EmitKind::So, path);
}

runtime::Error CandidateModule::compile(const TimingJob &job, const TimingRequest &request,
                                        std::unique_ptr<CandidateModule> &result) {
  std::string bytes = writeModule(job, request);
  if (bytes.empty())
    return "a candidate could not be copied";
  SmallString<128> library, header;
  if (std::error_code status = llvm::sys::fs::createTemporaryFile("spnn-tune", "so", library))
    return "cannot create a temporary file: " + status.message();
  header = library;
  llvm::sys::path::replace_extension(header, "h");
  for (StringRef file : {StringRef(library), StringRef(header)})
    llvm::sys::RemoveFileOnSignal(file);
  llvm::scope_exit remove([&] {
    for (StringRef file : {StringRef(library), StringRef(header)}) {
      llvm::sys::fs::remove(file);
      llvm::sys::DontRemoveFileOnSignal(file);
    }
  });
  int64_t threads = job.target ? job.target.getThreads() : 0;
  if (runtime::Error error = compileModule(bytes, threads, library))
    return error;
  result = std::make_unique<CandidateModule>();
  if (runtime::Error error = runtime::Model::open(library.str().str(), result->model, "a candidate"))
    return error;
  // As the cost model predicts: where the run decides on the threads, for one.
  if (runtime::Error error = result->model->createContext(std::max<int64_t>(threads, 1), result->context))
    return error;
  MatmulOp op = request.op;
  auto density = op->getAttrOfType<FloatAttr>(kActivationDensityAttrName);
  for (size_t i = 0; i < request.candidates.size(); ++i)
    if (runtime::Error error = result->bind(i, density ? density.getValueAsDouble() : 1))
      return error;
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

void CandidateModule::Buffer::Free::operator()(void *p) const { std::free(p); }

static size_t getBytes(DType dtype) {
  switch (dtype) {
  case DType::I1:
  case DType::I8:
    return 1;
  case DType::F16:
  case DType::BF16:
  case DType::I16:
    return 2;
  case DType::F32:
  case DType::I32:
    return 4;
  case DType::F64:
  case DType::I64:
    return 8;
  }
  llvm_unreachable("a DType beyond the enum");
}

/// The little-endian bytes of an ordinary number in [-1, 1], an integer in [-2, 2].
static uint64_t encode(DType dtype, double value) {
  const llvm::fltSemantics *semantics = dtype == DType::F16    ? &llvm::APFloat::IEEEhalf()
                                        : dtype == DType::BF16 ? &llvm::APFloat::BFloat()
                                        : dtype == DType::F32  ? &llvm::APFloat::IEEEsingle()
                                        : dtype == DType::F64  ? &llvm::APFloat::IEEEdouble()
                                                               : nullptr;
  if (!semantics)
    return dtype == DType::I1 ? value > 0 : static_cast<uint64_t>(static_cast<int64_t>(value * 2.9));
  llvm::APFloat number(value);
  bool losesInfo;
  number.convert(*semantics, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return number.bitcastToAPInt().getZExtValue();
}

runtime::Error CandidateModule::allocate(const runtime::TensorSpec &spec, runtime::TensorRef &ref) {
  ref.dtype = spec.dtype;
  size_t bytes = getBytes(spec.dtype);
  for (const runtime::Extent &extent : spec.shape) {
    ref.shape.push_back(extent.value);
    bytes *= extent.value;
  }
  Buffer buffer;
  buffer.bytes = llvm::alignTo(std::max<size_t>(bytes, 1), 64);
  buffer.data.reset(static_cast<uint8_t *>(std::aligned_alloc(64, buffer.bytes)));
  if (!buffer.data)
    return "memory is short for the operands of a candidate";
  std::memset(buffer.data.get(), 0, buffer.bytes);
  ref.data = buffer.data.get();
  operands.back().push_back(std::move(buffer));
  return std::nullopt;
}

runtime::Error CandidateModule::bind(size_t candidate, double activationDensity) {
  const runtime::FunctionSpec *function = model->description().find(functionName(candidate));
  if (!function)
    return "a compiled candidate lacks its function";
  operands.emplace_back();
  runtime::TensorRef x, y;
  if (runtime::Error error = allocate(function->inputs[0], x))
    return error;
  if (runtime::Error error = allocate(function->outputs[0], y))
    return error;
  // A table, since rounding each element by itself would take longer than measuring.
  std::mt19937 generator(7);
  size_t elementBytes = getBytes(x.dtype);
  uint64_t table[256];
  for (uint64_t &entry : table)
    entry = encode(x.dtype, std::uniform_real_distribution<double>(-1, 1)(generator));
  uint32_t limit = static_cast<uint32_t>(activationDensity * 65536);
  size_t count = operands.back()[0].bytes / elementBytes;
  for (size_t i = 0; i < count; ++i) {
    uint32_t random = generator();
    if ((random >> 16) < limit)
      std::memcpy(static_cast<uint8_t *>(x.data) + i * elementBytes, &table[random & 255], elementBytes);
  }
  return model->bind(*function, {x}, {y}, calls.emplace_back());
}

void CandidateModule::touchOperands(size_t candidate) const {
  for (const Buffer &buffer : operands[candidate])
    for (size_t i = 0; i < buffer.bytes; i += 64)
      (void)*const_cast<volatile uint8_t *>(buffer.data.get() + i);
}
