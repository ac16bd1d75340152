//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel "bitmap-matvec": one column, one bit a position, values expanded into a vector.
//
//===----------------------------------------------------------------------===//
//
// Storage operands:
//   bounds     i32[chunks + 1]            row at which a chunk begins
//   bits       i16[rows * ceil(cols / 16)]
//   positions  i32[rows + 1]              where a row's values begin
//   values     T[nonzeros + 16]           padded so that a full vector can be read at any value
//
//===----------------------------------------------------------------------===//
#include "KernelEmitter.h"
#include "spnn/Lowering/CpuKernel.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace spnn;

namespace {
/// Positions a word of the bitmap covers.
constexpr int64_t kWord = 16;

class BitmapMatvecKernel : public CpuKernel {
public:
  StringRef name() const override { return "bitmap-matvec"; }
  bool takesFormat(StringRef formatName) const override { return formatName == "bitmap"; }
  std::optional<std::string> checkProblem(const KernelProblem &problem) const override {
    if (problem.formatName != "bitmap")
      return "the weights are not a bitmap";
    if (problem.columns != 1)
      return "the kernel multiplies one column only";
    return std::nullopt;
  }
  PanelsAttr getPanels(const KernelProblem &problem) const override {
    return PanelsAttr::get(problem.elementType.getContext(), 1, 1);
  }
  DictionaryAttr getParameters(const KernelProblem &problem) const override;
  PackedWeights pack(const KernelProblem &problem, DictionaryAttr parameters) const override;
  LogicalResult emit(KernelMatmulOp op, OpBuilder &builder) const override;
};
} // namespace

DictionaryAttr BitmapMatvecKernel::getParameters(const KernelProblem &problem) const {
  const format::Shape shape = problem.matrix.shape;
  // Time goes with positions, not with nonzeros: a word takes the same work whatever it holds.
  // With AVX-512 the values are loaded whole and expanded in a register: the form of vexpandps that reads memory is
  // slower, on some CPUs by an order (docs/rationale.md).
  bool inRegister = problem.elementType.isF32() && problem.vectorElements == kWord;
  return makeParameters(
      problem.elementType.getContext(),
      {{"chunks", chooseChunks(shape.rows * shape.cols / 4, shape.rows)}, {"expand_in_register", inRegister}});
}

PackedWeights BitmapMatvecKernel::pack(const KernelProblem &problem, DictionaryAttr parameters) const {
  format::Storage storage = format::makeBitmap()->pack(problem.matrix);
  auto integers = [](const format::StorageBuffer &buffer) {
    std::vector<int64_t> result(buffer.size());
    for (int64_t i = 0; i < buffer.size(); ++i)
      result[i] = buffer.getUnsigned(i);
    return result;
  };
  MLIRContext *context = problem.elementType.getContext();
  std::vector<uint8_t> values = storage[2].data;
  int64_t nonzeros = storage[2].size();
  values.resize(values.size() + kWord * problem.matrix.elementBytes, 0);
  std::vector<int64_t> bounds =
      balanceChunks(std::vector<int64_t>(problem.matrix.shape.rows, 1), getParameter(parameters, "chunks", 1));
  return {{makeIntegers(context, 4, bounds), makeIntegers(context, 2, integers(storage[0])),
           makeIntegers(context, 4, integers(storage[1])), makeValues(problem.weightType, values)},
          nonzeros};
}

LogicalResult BitmapMatvecKernel::emit(KernelMatmulOp op, OpBuilder &builder) const {
  if (failed(checkStorage(op, "iiiv")))
    return failure();
  if (op.getPanels().getWidth() != 1)
    return op.emitOpError() << "kernel 'bitmap-matvec' needs panels of width 1, got " << op.getPanels().getWidth();
  Location loc = op.getLoc();
  Value bounds = op.getStorage()[0], bits = op.getStorage()[1], positions = op.getStorage()[2];
  Value values = op.getStorage()[3];
  Value rhs = op.getRhs(), result = op.getInit();
  Epilogue epilogue(op);
  int64_t cols = op.getCols(), words = (cols + kWord - 1) / kWord, fullWords = cols / kWord;
  bool inRegister = getParameter(op.getParameters(), "expand_in_register", 0) != 0;
  Type element = cast<MemRefType>(rhs.getType()).getElementType();
  auto vectorType = VectorType::get({kWord}, element);
  auto storedType = VectorType::get({kWord}, cast<MemRefType>(values.getType()).getElementType());
  auto maskType = VectorType::get({kWord}, builder.getI1Type());

  auto emitRow = [&](OpBuilder &b, const PanelWork &work, Value row) {
    KernelEmitter e(b, loc);
    Value begin = e.loadIndex(positions, row), firstWord = e.mul(row, words);
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(vectorType));
    // One word: expand its values to their positions, multiply with x there.
    auto step = [&](OpBuilder &b, Value word, Value at, Value sum, bool tail) -> std::pair<Value, Value> {
      KernelEmitter e(b, loc);
      Value mask = memref::LoadOp::create(b, loc, bits, e.add(firstWord, word));
      Value lanes = vector::BitCastOp::create(b, loc, maskType, e.broadcast(mask, 1));
      Value expanded;
      if (inRegister)
        expanded =
            LLVM::CallIntrinsicOp::create(b, loc, vectorType, b.getStringAttr("llvm.x86.avx512.mask.expand.v16f32"),
                                          ValueRange{e.loadWeights(values, at, kWord, element), zero, lanes})
                .getResult(0);
      else
        expanded = e.extend(vector::ExpandLoadOp::create(b, loc, storedType, values, at, lanes,
                                                         arith::ConstantOp::create(b, loc, b.getZeroAttr(storedType))),
                            element);
      Value from = e.add(work.rhs, e.mul(word, kWord));
      // Bits beyond the last column are zero, so the mask itself guards the load at the end of x.
      Value x = tail ? vector::MaskedLoadOp::create(b, loc, vectorType, rhs, from, lanes, zero).getResult()
                     : e.loadVector(rhs, from, kWord);
      Value count = arith::IndexCastUIOp::create(b, loc, b.getIndexType(), math::CtPopOp::create(b, loc, mask));
      return {e.multiplyAdd(expanded, x, sum), e.add(at, count)};
    };
    auto loop = scf::ForOp::create(b, loc, e.index(0), e.index(fullWords), e.index(1), ValueRange{zero, begin},
                                   [&](OpBuilder &b, Location, Value word, ValueRange state) {
                                     auto [sum, at] = step(b, word, state[1], state[0], /*tail=*/false);
                                     scf::YieldOp::create(b, loc, ValueRange{sum, at});
                                   });
    Value sum = loop.getResult(0);
    if (fullWords != words)
      sum = step(b, e.index(fullWords), loop.getResult(1), sum, /*tail=*/true).first;
    Value total = vector::ReductionOp::create(b, loc, vector::CombiningKind::ADD, sum, arith::FastMathFlags::reassoc);
    total = epilogue.finishRows(b, total, work.column,
                                [&](Value buffer) -> Value { return memref::LoadOp::create(b, loc, buffer, row); });
    memref::StoreOp::create(b, loc, total, result, e.add(work.result, row));
  };

  emitPanelLoops(op, builder, getParameter(op.getParameters(), "chunks", 1), [&](OpBuilder &b, const PanelWork &work) {
    KernelEmitter e(b, loc);
    Value begin = e.loadIndex(bounds, work.chunk), end = e.loadIndex(bounds, e.add(work.chunk, 1));
    emitFor(b, loc, begin, end, 1, [&](OpBuilder &b, Value row) { emitRow(b, work, row); });
  });
  return success();
}

const CpuKernel *spnn::getBitmapMatvecKernel() {
  static const BitmapMatvecKernel kernel;
  return &kernel;
}
