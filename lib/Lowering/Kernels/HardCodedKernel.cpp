//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel "hardcoded": weights that are machine code, one straight-line function a chunk.
//
//===----------------------------------------------------------------------===//
//
// Storage operands:
//   code           i8[bytes]                   the functions of ChunkAssembler.h
//   code_offsets   i32[groups * k_blocks + 1]  where chunk (group g, k block b) begins, at g * k_blocks + b; the end
//   value_offsets  i32[groups * k_blocks + 1]  its first weight; the number of weights
//   values         T[nonzeros]                 in the order in which the code reads them
//
// A chunk is called for one panel, of one vector, after the other, so that its code stays in the first caches; a run of
// panels (panel_block) is small enough for its activations to stay in L2. The code goes into a function of its own,
// whose prologue it is: spnn-lower-kernels makes it an `llvm.func` with the attribute `spnn.code`.
//
//===----------------------------------------------------------------------===//
#include "ChunkAssembler.h"
#include "KernelEmitter.h"
#include "spnn/Lowering/CpuKernel.h"

#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/Support/SHA1.h"

#include <cmath>

using namespace mlir;
using namespace spnn;

namespace {
class HardCodedKernel : public CpuKernel {
public:
  StringRef name() const override { return "hardcoded"; }
  bool takesFormat(StringRef formatName) const override { return formatName == "csr"; }
  std::optional<std::string> checkTypes(const KernelProblem &problem) const override {
    if (!problem.weightType.isF32() || !problem.rhsType.isF32() || !problem.elementType.isF32())
      return "its code is for f32";
    return std::nullopt;
  }
  std::optional<std::string> checkProblem(const KernelProblem &problem) const override;
  PanelsAttr getPanels(const KernelProblem &problem) const override {
    return PanelsAttr::get(problem.elementType.getContext(), problem.vectorElements, problem.vectorElements);
  }
  DictionaryAttr getParameters(const KernelProblem &problem) const override;
  uint64_t countBytes(const KernelProblem &problem, DictionaryAttr parameters, uint64_t formatBytes) const override;
  PackedWeights pack(const KernelProblem &problem, DictionaryAttr parameters) const override;
  LogicalResult emit(KernelMatmulOp op, OpBuilder &builder) const override;
};
} // namespace

/// More code and weights than this would not stay in a share of L3 from one inference to the next, and then CSR, of 6
/// bytes a nonzero in place of 13, is as fast (docs/performance.md, "Hard-coded chunks").
static constexpr int64_t kMaxCodeBytes = int64_t(10) << 20;

static ChunkPlan makePlan(const format::DenseMatrix &matrix, int64_t nonzeros) {
  ChunkPlan plan;
  int64_t rows = std::max<int64_t>(1, matrix.shape.rows), cols = std::max<int64_t>(1, matrix.shape.cols);
  double density = static_cast<double>(nonzeros) / (static_cast<double>(rows) * cols);
  // A k block's activations, 64 bytes a row, should stay in L1D while a group's sub-blocks walk them, and a chunk's
  // code in L1I beside its callers, so a high density means short blocks (docs/performance.md, "Hard-coded chunks").
  constexpr int64_t kMaxBlock = 384, kMinBlock = 96;
  constexpr double kChunkBytes = 24 * 1024, kBytesPerNonzero = 9;
  double perColumn = kBytesPerNonzero * std::min<int64_t>(plan.accumulators, rows) * density;
  int64_t block = perColumn * kMaxBlock <= kChunkBytes
                      ? kMaxBlock
                      : std::max<int64_t>(kMinBlock, static_cast<int64_t>(kChunkBytes / perColumn));
  int64_t blocks = (cols + block - 1) / block;
  plan.kBlock = (cols + blocks - 1) / blocks;
  // Groups of sub-blocks that share a k block of activations in L1 while their code fits too; an even number of them
  // for the threads.
  int64_t subBlocks = (rows + plan.accumulators - 1) / plan.accumulators;
  double bytes = nonzeros * kBytesPerNonzero / blocks;
  plan.groups = std::clamp<int64_t>(static_cast<int64_t>(std::ceil(bytes / kChunkBytes)), 1, subBlocks);
  if (plan.groups > 1)
    plan.groups = std::min(subBlocks, (plan.groups + 3) / 4 * 4);
  return plan;
}

static ChunkPlan readPlan(DictionaryAttr parameters) {
  return {getParameter(parameters, "accumulators", kMaxAccumulators), getParameter(parameters, "k_block", 1),
          getParameter(parameters, "groups", 1)};
}

std::optional<std::string> HardCodedKernel::checkProblem(const KernelProblem &problem) const {
  if (problem.formatName != "csr")
    return "the weights are not in CSR";
  if (!problem.elementType.isF32() || problem.vectorElements != 16)
    return "its code is AVX-512 on f32";
  int64_t nonzeros = format::countNonzeros(problem.matrix);
  int64_t bytes = estimateChunkBytes(problem.matrix.shape, nonzeros, makePlan(problem.matrix, nonzeros));
  if (bytes > kMaxCodeBytes)
    return "its code and weights of " + std::to_string(bytes >> 20) + " MiB would not stay in L3 (the budget is " +
           std::to_string(kMaxCodeBytes >> 20) + " MiB)";
  return std::nullopt;
}

DictionaryAttr HardCodedKernel::getParameters(const KernelProblem &problem) const {
  int64_t nonzeros = format::countNonzeros(problem.matrix);
  ChunkPlan plan = makePlan(problem.matrix, nonzeros);
  // The activations of a run of panels share L2 with code and weights; short runs fetch the code too often.
  constexpr int64_t kRunBytes = 1024 * 1024, kMinRun = 16;
  // Code that L2 holds from one call to the next needs no help; the rest does (docs/performance.md).
  constexpr int64_t kPrefetchBytes = 2 << 20;
  int64_t panelBytes = 64 * std::max<int64_t>(1, problem.matrix.shape.cols);
  return makeParameters(problem.elementType.getContext(),
                        {{"accumulators", plan.accumulators},
                         {"groups", plan.groups},
                         {"k_block", plan.kBlock},
                         {"panel_block", std::max<int64_t>(kMinRun, kRunBytes / panelBytes)},
                         {"prefetch", estimateChunkBytes(problem.matrix.shape, nonzeros, plan) > kPrefetchBytes}});
}

uint64_t HardCodedKernel::countBytes(const KernelProblem &problem, DictionaryAttr parameters, uint64_t) const {
  return estimateChunkBytes(problem.matrix.shape, format::countNonzeros(problem.matrix), readPlan(parameters));
}

PackedWeights HardCodedKernel::pack(const KernelProblem &problem, DictionaryAttr parameters) const {
  AssembledMatrix assembled = assembleChunks(problem.matrix, readPlan(parameters));
  MLIRContext *context = problem.elementType.getContext();
  int64_t stored = assembled.values.size() / problem.matrix.elementBytes;
  return {{makeValues(IntegerType::get(context, 8), assembled.code), makeIntegers(context, 4, assembled.codeOffsets),
           makeIntegers(context, 4, assembled.valueOffsets), makeValues(problem.weightType, assembled.values)},
          stored};
}

/// The function whose machine code is the constant `code`, made if need be. Null, after an error, if `code` is none.
static LLVM::LLVMFuncOp getCodeFunction(KernelMatmulOp op, Value code) {
  auto module = op->getParentOfType<ModuleOp>();
  memref::GlobalOp global = findConstant(code);
  auto bytes = global ? dyn_cast_or_null<DenseElementsAttr>(global.getConstantInitValue()) : DenseElementsAttr();
  if (!bytes || !bytes.getElementType().isInteger(8)) {
    op.emitOpError() << "kernel 'hardcoded' needs its code, storage buffer 0, as a constant of i8";
    return {};
  }
  // Named after its contents: objects of several models can be linked, and equal code is kept once.
  ArrayRef<char> raw = bytes.getRawData();
  llvm::SHA1 hash;
  hash.update(StringRef(raw.data(), raw.size()));
  std::string name = "spnn_code_" + llvm::toHex(hash.final(), /*LowerCase=*/true).substr(0, 24);
  if (auto existing = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
    return existing;
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()),
                                          {pointer, pointer, pointer, pointer, builder.getI64Type()});
  // Weak, so that nothing is concluded from the body that LLVM sees.
  auto function = LLVM::LLVMFuncOp::create(builder, op.getLoc(), name, type, LLVM::Linkage::Weak);
  function.setVisibility_(LLVM::Visibility::Hidden);
  function->setAttr(kCodeAttrName, bytes);
  builder.setInsertionPointToStart(function.addEntryBlock(builder));
  LLVM::UnreachableOp::create(builder, op.getLoc());
  return function;
}

static constexpr int64_t kLineBytes = 64;

/// Prefetches `lines` cache lines into L2, as data, from `offset` bytes behind `address` on. They may lie behind the
/// end.
static void emitPrefetch(OpBuilder &builder, Location loc, Value address, Value offset, Value lines) {
  KernelEmitter e(builder, loc);
  emitFor(builder, loc, e.index(0), lines, 1, [&](OpBuilder &b, Value line) {
    KernelEmitter e(b, loc);
    Value at = arith::IndexCastOp::create(b, loc, b.getI64Type(), e.add(offset, e.mul(line, kLineBytes)));
    Value sum = LLVM::AddOp::create(b, loc, address, at);
    Value pointer = LLVM::IntToPtrOp::create(b, loc, LLVM::LLVMPointerType::get(b.getContext()), sum);
    // A read, with locality 2 of 3: prefetcht1.
    LLVM::Prefetch::create(b, loc, pointer, /*rw=*/0, /*hint=*/2, /*cache=*/1);
  });
}

/// In how many runs the panels are taken, each with all of the code: as many as `longest` panels a run make, and one
/// for each thread where that leaves panels enough to pay for fetching the code. Threads that share a run write and
/// read one another's activations, which takes a third of the time when their cores have different L3 caches
/// (docs/performance.md, "Hard-coded chunks").
static FailureOr<Value> countRuns(KernelMatmulOp op, OpBuilder &builder, Value panels, int64_t longest) {
  constexpr int64_t kMinRun = 4;
  Location loc = op.getLoc();
  KernelEmitter e(builder, loc);
  Value runs = e.ceilDiv(panels, longest);
  if (!op.getParallel())
    return runs;
  FailureOr<LLVM::LLVMFuncOp> service =
      LLVM::lookupOrCreateFn(builder, op->getParentOfType<ModuleOp>(), "spnn_rt_threads", {}, builder.getI64Type());
  if (failed(service))
    return failure();
  Value threads = LLVM::CallOp::create(builder, loc, *service, ValueRange{}).getResult();
  threads = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), threads);
  Value most = builder.createOrFold<arith::DivUIOp>(loc, panels, e.index(kMinRun));
  return builder.createOrFold<arith::MaxUIOp>(loc, runs, e.min(threads, most));
}

LogicalResult HardCodedKernel::emit(KernelMatmulOp op, OpBuilder &builder) const {
  if (failed(checkStorage(op, "iiir")))
    return failure();
  if (!cast<MemRefType>(op.getRhs().getType()).getElementType().isF32())
    return op.emitOpError() << "kernel 'hardcoded' is code for f32, got a right-hand side " << op.getRhs().getType();
  Location loc = op.getLoc();
  KernelEmitter e(builder, loc);
  Value code = op.getStorage()[0], codeOffsets = op.getStorage()[1], valueOffsets = op.getStorage()[2];
  Value values = op.getStorage()[3], rhs = op.getRhs(), result = op.getInit(), bias = op.getBias();
  Epilogue epilogue(op);
  DictionaryAttr parameters = op.getParameters();
  ChunkPlan plan = readPlan(parameters);
  int64_t rows = op.getRows(), cols = op.getCols(), vector = op.getPanels().getVector();
  int64_t kBlocks = std::max<int64_t>(1, (cols + plan.kBlock - 1) / plan.kBlock);
  if (vector != 16 || op.getPanels().getWidth() != vector)
    return op.emitOpError() << "kernel 'hardcoded' works on panels of 16 columns, got " << op.getPanels();
  for (Value offsets : {codeOffsets, valueOffsets})
    if (cast<MemRefType>(offsets.getType()).getDimSize(0) != plan.groups * kBlocks + 1)
      return op.emitOpError() << "kernel 'hardcoded' needs an offset for each of " << plan.groups << " groups x "
                              << kBlocks << " k blocks and the end, got " << offsets.getType();
  if (rows == 0)
    return success();
  LLVM::LLVMFuncOp function = getCodeFunction(op, code);
  if (!function)
    return failure();

  Type pointerType = LLVM::LLVMPointerType::get(builder.getContext()), i64 = builder.getI64Type();
  Value codeAddress = LLVM::PtrToIntOp::create(builder, loc, i64, LLVM::AddressOfOp::create(builder, loc, function));
  Value valueAddress = LLVM::PtrToIntOp::create(builder, loc, i64, e.pointer(values, e.index(0)));
  bool prefetch = getParameter(parameters, "prefetch", 0) != 0;
  Value biasAddress = bias && !epilogue.hasScales() ? e.pointer(bias, e.index(0))
                                                    : LLVM::ZeroOp::create(builder, loc, pointerType).getResult();
  Value zero = e.index(0);
  Value panels = e.ceilDiv(op.getColumns(), vector);
  FailureOr<Value> runs = countRuns(op, builder, panels, getParameter(parameters, "panel_block", 8));
  if (failed(runs))
    return failure();
  bool isRelu = !epilogue.hasScales() && op.getActivation() == Activation::Relu;

  auto work = [&](OpBuilder &b, Value number, Value group) {
    KernelEmitter e(b, loc);
    // Runs differ by one panel at most, so that threads which have as many of them have as much to do.
    auto boundary = [&](Value number) -> Value {
      return b.createOrFold<arith::DivUIOp>(loc, e.mul(panels, number), *runs);
    };
    Value first = boundary(number), last = boundary(e.add(number, 1));
    emitFor(b, loc, zero, e.index(kBlocks), 1, [&](OpBuilder &b, Value kb) {
      KernelEmitter e(b, loc);
      Value chunk = e.add(e.mul(group, kBlocks), kb);
      Value offset = arith::IndexCastOp::create(b, loc, i64, e.loadIndex(codeOffsets, chunk));
      Value address = LLVM::AddOp::create(b, loc, codeAddress, offset);
      Value callee = LLVM::IntToPtrOp::create(b, loc, pointerType, address);
      Value firstWeight = e.loadIndex(valueOffsets, chunk), nextWeight = e.loadIndex(valueOffsets, e.add(chunk, 1));
      Value weights = e.pointer(values, firstWeight);
      Value isLast = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, kb, e.index(kBlocks - 1));
      Value relu = isRelu ? arith::ExtUIOp::create(b, loc, i64, isLast).getResult()
                          : arith::ConstantIntOp::create(b, loc, i64, 0).getResult();
      // While this chunk computes, the next one comes nearer: as much as this one has, in equal parts with each
      // panel.
      Value begin = e.loadIndex(codeOffsets, chunk), end = e.loadIndex(codeOffsets, e.add(chunk, 1));
      Value count = e.sub(last, first);
      auto share = [&](Value bytes) {
        Value lines = e.ceilDiv(bytes, kLineBytes);
        return b.createOrFold<arith::CeilDivSIOp>(loc, lines, count);
      };
      Value codeShare, weightShare;
      if (prefetch) {
        codeShare = share(e.sub(end, begin));
        weightShare = share(e.mul(e.sub(nextWeight, firstWeight), sizeof(float)));
      }
      emitFor(b, loc, first, last, 1, [&](OpBuilder &b, Value panel) {
        KernelEmitter e(b, loc);
        if (prefetch) {
          Value turn = e.sub(panel, first);
          emitPrefetch(b, loc, codeAddress, e.add(end, e.mul(e.mul(turn, codeShare), kLineBytes)), codeShare);
          emitPrefetch(b, loc, valueAddress,
                       e.add(e.mul(nextWeight, sizeof(float)), e.mul(e.mul(turn, weightShare), kLineBytes)),
                       weightShare);
        }
        Value x = e.mul(e.add(e.mul(panel, cols), e.mul(kb, plan.kBlock)), vector);
        LLVM::CallOp::create(b, loc, function.getFunctionType(),
                             ValueRange{callee, e.pointer(rhs, x), e.pointer(result, e.mul(panel, rows * vector)),
                                        weights, biasAddress, relu});
      });
    });
  };
  // An epilogue that the code does not have: one pass over what a run of panels made.
  auto activate = [&](OpBuilder &b, Value panel) {
    KernelEmitter e(b, loc);
    Value begin = e.mul(panel, rows * vector), column = e.mul(panel, vector);
    emitFor(b, loc, e.index(0), e.index(rows), 1, [&](OpBuilder &b, Value row) {
      KernelEmitter e(b, loc);
      Value at = e.add(begin, e.mul(row, vector));
      e.storeVector(epilogue.finish(b, e.loadVector(result, at, vector), row, column), result, at);
    });
  };

  emitTasks(builder, loc, {*runs, e.index(plan.groups)}, op.getParallel(),
            [&](OpBuilder &b, ArrayRef<Value> task) { work(b, task[0], task[1]); });
  if (!isRelu && !epilogue.isTrivial())
    emitTasks(builder, loc, {panels}, op.getParallel(),
              [&](OpBuilder &b, ArrayRef<Value> task) { activate(b, task[0]); });
  return success();
}

const CpuKernel *spnn::getHardCodedKernel() {
  static const HardCodedKernel kernel;
  return &kernel;
}
