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
//   bits       i<word>[rows * ceil(cols / word)]
//   positions  i32[rows + 1]              where a row's values begin
//   values     T[nonzeros + word]         padded so that a full vector can be read at any value
//
// A word of the bitmap covers as many positions as a vector has: 16, of whatever is stored; or, on targets that expand
// narrow elements too (AVX512-VBMI2), 32 of 16 bits and 64 of 8. Parameter `word` says which. What was expanded is
// extended to f32 in vectors of 16 then, which have sums of their own.
//
//===----------------------------------------------------------------------===//
#include "KernelEmitter.h"
#include "spnn/Lowering/CpuKernel.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace spnn;

namespace {
/// Elements of a vector of f32, and positions of a word where nothing wider can be expanded.
constexpr int64_t kVector = 16;

/// Bytes of the vector that a wide word expands.
constexpr int64_t kVectorBytes = 64;

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
  std::string getCostName(DictionaryAttr parameters) const override {
    return getParameter(parameters, "word", kVector) > kVector ? "bitmap-matvec-wide" : "bitmap-matvec";
  }
  PackedWeights pack(const KernelProblem &problem, DictionaryAttr parameters) const override;
  LogicalResult emit(KernelMatmulOp op, OpBuilder &builder) const override;
};
} // namespace

DictionaryAttr BitmapMatvecKernel::getParameters(const KernelProblem &problem) const {
  const format::Shape shape = problem.matrix.shape;
  // Time goes with positions, not with nonzeros: a word takes the same work whatever it holds.
  // With AVX-512 the values are loaded whole and expanded in a register: the form of vexpandps that reads memory is
  // slower, on some CPUs by an order (docs/rationale.md).
  bool inRegister = problem.elementType.isF32() && problem.vectorElements == kVector;
  int64_t word = inRegister && problem.canExpand ? kVectorBytes / problem.matrix.elementBytes : kVector;
  return makeParameters(problem.elementType.getContext(),
                        {{"chunks", chooseChunks(shape.rows * shape.cols / 4, shape.rows)},
                         {"expand_in_register", inRegister},
                         {"word", word}});
}

PackedWeights BitmapMatvecKernel::pack(const KernelProblem &problem, DictionaryAttr parameters) const {
  const format::DenseMatrix &matrix = problem.matrix;
  int64_t word = getParameter(parameters, "word", kVector), words = llvm::divideCeil(matrix.shape.cols, word);
  std::vector<int64_t> bits(matrix.shape.rows * words, 0), positions{0};
  std::vector<uint8_t> values;
  for (int64_t row = 0; row < matrix.shape.rows; ++row) {
    for (int64_t col = 0; col < matrix.shape.cols; ++col) {
      if (matrix.isZero(row, col))
        continue;
      bits[row * words + col / word] |= static_cast<int64_t>(uint64_t(1) << (col % word));
      const uint8_t *element = matrix.element(row, col);
      values.insert(values.end(), element, element + matrix.elementBytes);
    }
    positions.push_back(static_cast<int64_t>(values.size()) / matrix.elementBytes);
  }
  int64_t nonzeros = positions.back();
  values.resize(values.size() + word * matrix.elementBytes, 0);
  MLIRContext *context = problem.elementType.getContext();
  std::vector<int64_t> bounds =
      balanceChunks(std::vector<int64_t>(matrix.shape.rows, 1), getParameter(parameters, "chunks", 1));
  return {{makeIntegers(context, 4, bounds), makeIntegers(context, static_cast<unsigned>(word / 8), bits),
           makeIntegers(context, 4, positions), makeValues(problem.weightType, values)},
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
  bool inRegister = getParameter(op.getParameters(), "expand_in_register", 0) != 0;
  int64_t word = getParameter(op.getParameters(), "word", kVector), parts = word / kVector;
  int64_t cols = op.getCols(), words = llvm::divideCeil(cols, word), fullWords = cols / word;
  Type element = cast<MemRefType>(rhs.getType()).getElementType();
  Type stored = cast<MemRefType>(values.getType()).getElementType();
  if (!cast<MemRefType>(bits.getType()).getElementType().isInteger(word))
    return op.emitOpError() << "kernel 'bitmap-matvec' with words of " << word << " positions needs a bitmap, storage "
                            << "buffer 1, of i" << word;
  auto target = op->getParentOfType<ModuleOp>()->getAttrOfType<TargetAttr>(kTargetAttrName);
  if (word != kVector && (!inRegister || word * stored.getIntOrFloatBitWidth() != 8 * kVectorBytes ||
                          (target && !target.canExpand(stored))))
    return op.emitOpError() << "kernel 'bitmap-matvec' expands words of 16 positions, or a whole vector of 64 bytes in "
                               "a register where the target can, got "
                            << word << " of " << stored;
  auto vectorType = VectorType::get({kVector}, element);
  auto storedType = VectorType::get({word}, stored);

  auto emitRow = [&](OpBuilder &b, const PanelWork &work, Value row) {
    KernelEmitter e(b, loc);
    Value begin = e.loadIndex(positions, row), firstWord = e.mul(row, words);
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(vectorType));
    auto slice = [&](OpBuilder &b, Value vector, int64_t part) -> Value {
      if (parts == 1)
        return vector;
      return vector::ExtractStridedSliceOp::create(b, loc, vector, ArrayRef<int64_t>{part * kVector},
                                                   ArrayRef<int64_t>{kVector}, ArrayRef<int64_t>{1});
    };
    // The values of a word at their positions, as they are stored or in f32.
    auto expand = [&](OpBuilder &b, Value at, Value lanes) -> Value {
      KernelEmitter e(b, loc);
      auto inVector = [&](StringRef intrinsic, Value run) -> Value {
        Value none = arith::ConstantOp::create(b, loc, b.getZeroAttr(run.getType()));
        // LLVM would fold the load into the instruction, whose form that reads memory is what is to be avoided. It does
        // not look through assembly, even where there is none.
        run = LLVM::InlineAsmOp::create(b, loc, run.getType(), ValueRange{run}, /*asm_string=*/"",
                                        /*constraints=*/"=v,0", /*has_side_effects=*/false, /*is_align_stack=*/false,
                                        LLVM::tailcallkind::TailCallKind::None, LLVM::AsmDialectAttr(), ArrayAttr())
                  .getResult(0);
        return LLVM::CallIntrinsicOp::create(b, loc, run.getType(), b.getStringAttr(intrinsic),
                                             ValueRange{run, none, lanes})
            .getResult(0);
      };
      if (word != kVector) {
        auto bitsType = VectorType::get({word}, b.getIntegerType(8 * kVectorBytes / word));
        Value run = b.createOrFold<vector::BitCastOp>(loc, bitsType, e.loadVector(values, at, word));
        run = inVector(word == 64 ? "llvm.x86.avx512.mask.expand.v64i8" : "llvm.x86.avx512.mask.expand.v32i16", run);
        return b.createOrFold<vector::BitCastOp>(loc, storedType, run);
      }
      if (inRegister)
        return inVector("llvm.x86.avx512.mask.expand.v16f32", e.loadWeights(values, at, kVector, element));
      return vector::ExpandLoadOp::create(b, loc, storedType, values, at, lanes,
                                          arith::ConstantOp::create(b, loc, b.getZeroAttr(storedType)));
    };
    // One word: expand its values to their positions, multiply with x there. The sums, and where the next values are.
    auto step = [&](OpBuilder &b, Value number, ValueRange state, bool tail) -> SmallVector<Value> {
      KernelEmitter e(b, loc);
      Value at = state.back(), mask = memref::LoadOp::create(b, loc, bits, e.add(firstWord, number));
      Value lanes = vector::BitCastOp::create(b, loc, VectorType::get({word}, b.getI1Type()), e.broadcast(mask, 1));
      Value expanded = expand(b, at, lanes), from = e.add(work.rhs, e.mul(number, word));
      SmallVector<Value> next;
      for (int64_t part = 0; part < parts; ++part) {
        Value position = e.add(from, part * kVector), weights = e.extend(slice(b, expanded, part), element);
        // Bits beyond the last column are zero, so the mask itself guards the load at the end of x.
        Value x = tail ? vector::MaskedLoadOp::create(b, loc, vectorType, rhs, position, slice(b, lanes, part), zero)
                             .getResult()
                       : e.loadVector(rhs, position, kVector);
        next.push_back(e.multiplyAdd(weights, x, state[part]));
      }
      Value count = math::CtPopOp::create(b, loc, mask);
      next.push_back(e.add(at, arith::IndexCastUIOp::create(b, loc, b.getIndexType(), count)));
      return next;
    };
    SmallVector<Value> init(parts, zero);
    init.push_back(begin);
    auto loop = scf::ForOp::create(b, loc, e.index(0), e.index(fullWords), e.index(1), init,
                                   [&](OpBuilder &b, Location, Value number, ValueRange state) {
                                     scf::YieldOp::create(b, loc, step(b, number, state, /*tail=*/false));
                                   });
    SmallVector<Value> sums(loop.getResults());
    if (fullWords != words)
      sums = step(b, e.index(fullWords), sums, /*tail=*/true);
    Value sum = sums[0];
    for (int64_t part = 1; part < parts; ++part)
      sum = arith::AddFOp::create(b, loc, sum, sums[part]);
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
