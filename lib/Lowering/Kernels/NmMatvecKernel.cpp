//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel "nm-matvec": half-dense N:M weights (2:4, 4:8, ...) times one column, x gathered by register permutation.
//
// Storage operands:
//   indices  i8[rows * windows * 16]  position of a value in its window of 32 columns
//   values   T[rows * windows * 16]
//
// A window of 32 columns keeps exactly 16 values of a row, one full vector: the two vectors of x are permuted by the
// indices (vpermi2ps) instead of gathered from memory, which costs 16 loads. `rows_tile` rows share the loads of x.
// Values lie tile by tile, window by window, row by row.
//
//===----------------------------------------------------------------------===//
#include "FormatNames.h"
#include "KernelEmitter.h"
#include "spnn/Lowering/CpuKernel.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace spnn;

namespace {
constexpr int64_t kWindow = 32, kLanes = 16;

class NmMatvecKernel : public CpuKernel {
public:
  StringRef name() const override { return "nm-matvec"; }
  bool takesFormat(StringRef formatName) const override {
    int64_t n, m;
    return parseNmName(formatName, n, m);
  }
  std::optional<std::string> checkProblem(const KernelProblem &problem) const override;
  PanelsAttr getPanels(const KernelProblem &problem) const override {
    return PanelsAttr::get(problem.elementType.getContext(), 1, 1);
  }
  DictionaryAttr getParameters(const KernelProblem &problem) const override;
  PackedWeights pack(const KernelProblem &problem, DictionaryAttr parameters) const override;
  LogicalResult emit(KernelMatmulOp op, OpBuilder &builder) const override;
};

int64_t windowsOf(int64_t cols) { return (cols + kWindow - 1) / kWindow; }
} // namespace

std::optional<std::string> NmMatvecKernel::checkProblem(const KernelProblem &problem) const {
  int64_t n, m;
  if (!parseNmName(problem.formatName, n, m))
    return "the weights are not N:M";
  if (problem.columns != 1)
    return "the kernel multiplies one column only";
  if (2 * n != m || kWindow % m != 0)
    return "the kernel wants half of the values, in groups that divide " + std::to_string(kWindow);
  if (!problem.elementType.isF32() || problem.vectorElements != kLanes)
    return "the permutation needs vectors of 16 f32";
  return std::nullopt;
}

DictionaryAttr NmMatvecKernel::getParameters(const KernelProblem &problem) const {
  constexpr int64_t kTile = 4;
  const format::Shape shape = problem.matrix.shape;
  return makeParameters(
      problem.elementType.getContext(),
      {{"rows_tile", kTile}, {"chunks", chooseChunks(shape.rows * shape.cols / 4, (shape.rows + kTile - 1) / kTile)}});
}

PackedWeights NmMatvecKernel::pack(const KernelProblem &problem, DictionaryAttr parameters) const {
  const format::DenseMatrix &matrix = problem.matrix;
  int64_t rows = matrix.shape.rows, cols = matrix.shape.cols, tile = getParameter(parameters, "rows_tile", 1);
  std::vector<int64_t> indices;
  std::vector<uint8_t> values;
  const std::vector<uint8_t> zero(matrix.elementBytes, 0);
  for (int64_t first = 0; first < rows; first += tile)
    for (int64_t window = 0; window < windowsOf(cols); ++window)
      for (int64_t row = first; row < std::min(rows, first + tile); ++row) {
        int64_t kept = 0;
        for (int64_t col = window * kWindow; col < std::min(cols, (window + 1) * kWindow); ++col) {
          if (matrix.isZero(row, col))
            continue;
          indices.push_back(col - window * kWindow);
          const uint8_t *element = matrix.element(row, col);
          values.insert(values.end(), element, element + matrix.elementBytes);
          ++kept;
        }
        // Zero weights fill up the vector. They point at the window's first column, which exists.
        for (; kept < kLanes; ++kept) {
          indices.push_back(0);
          values.insert(values.end(), zero.begin(), zero.end());
        }
      }
  return {{makeIntegers(problem.elementType.getContext(), 1, indices), makeValues(problem.elementType, values)},
          static_cast<int64_t>(indices.size())};
}

LogicalResult NmMatvecKernel::emit(KernelMatmulOp op, OpBuilder &builder) const {
  if (failed(checkStorage(op, "iv")))
    return failure();
  if (op.getPanels().getWidth() != 1)
    return op.emitOpError() << "kernel 'nm-matvec' needs panels of width 1, got " << op.getPanels().getWidth();
  Location loc = op.getLoc();
  Value indices = op.getStorage()[0], values = op.getStorage()[1];
  Value rhs = op.getRhs(), result = op.getInit(), bias = op.getBias();
  int64_t tile = getParameter(op.getParameters(), "rows_tile", 1),
          chunks = getParameter(op.getParameters(), "chunks", 1);
  if (tile < 1 || chunks < 1)
    return op.emitOpError() << "kernel 'nm-matvec' needs a row tile and at least one chunk, got " << tile << " and "
                            << chunks;
  int64_t rows = op.getRows(), cols = op.getCols(), windows = windowsOf(cols), full = cols / kWindow;
  int64_t tiles = rows / tile, tail = rows % tile;
  auto vectorType = VectorType::get({kLanes}, builder.getF32Type());

  auto emitTile = [&](OpBuilder &b, const PanelWork &work, Value row, int64_t count) {
    KernelEmitter e(b, loc);
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(vectorType));
    Value base = e.mul(row, windows * kLanes);
    auto step = [&](OpBuilder &b, Value window, ValueRange sums, bool last) {
      KernelEmitter e(b, loc);
      Value at = e.add(work.rhs, e.mul(window, kWindow));
      // The last window may end early; what it lacks reads as zero.
      auto load = [&](int64_t offset) -> Value {
        Value from = e.add(at, offset);
        int64_t have = std::clamp<int64_t>(cols - full * kWindow - offset, 0, kLanes);
        if (!last || have == kLanes)
          return e.loadVector(rhs, from, kLanes);
        if (have == 0)
          return zero;
        Value mask = vector::ConstantMaskOp::create(b, loc, VectorType::get({kLanes}, b.getI1Type()), {have});
        return vector::MaskedLoadOp::create(b, loc, vectorType, rhs, from, mask, zero);
      };
      Value low = load(0), high = load(kLanes);
      SmallVector<Value> next;
      for (int64_t i = 0; i < count; ++i) {
        Value from = e.add(base, e.mul(e.add(e.mul(window, count), i), kLanes));
        Value narrow = e.loadVector(indices, from, kLanes);
        Value lanes = arith::ExtUIOp::create(b, loc, VectorType::get({kLanes}, b.getI32Type()), narrow);
        auto permuted = LLVM::CallIntrinsicOp::create(
            b, loc, vectorType, b.getStringAttr("llvm.x86.avx512.vpermi2var.ps.512"), ValueRange{low, lanes, high});
        next.push_back(e.multiplyAdd(e.loadVector(values, from, kLanes), permuted.getResult(0), sums[i]));
      }
      return next;
    };
    auto loop = scf::ForOp::create(b, loc, e.index(0), e.index(full), e.index(1), SmallVector<Value>(count, zero),
                                   [&](OpBuilder &b, Location, Value window, ValueRange sums) {
                                     scf::YieldOp::create(b, loc, step(b, window, sums, /*last=*/false));
                                   });
    SmallVector<Value> sums(loop.getResults().begin(), loop.getResults().end());
    if (full != windows)
      sums = step(b, e.index(full), sums, /*last=*/true);
    for (int64_t i = 0; i < count; ++i) {
      Value total =
          vector::ReductionOp::create(b, loc, vector::CombiningKind::ADD, sums[i], arith::FastMathFlags::reassoc);
      Value at = e.add(row, i);
      if (bias)
        total = arith::AddFOp::create(b, loc, total, memref::LoadOp::create(b, loc, bias, at));
      memref::StoreOp::create(b, loc, e.activate(op.getActivation(), total), result, e.add(work.result, at));
    }
  };

  int64_t perChunk = (tiles + chunks - 1) / chunks;
  emitPanelLoops(op, builder, chunks, [&](OpBuilder &b, const PanelWork &work) {
    KernelEmitter e(b, loc);
    Value begin = e.min(e.mul(work.chunk, perChunk), e.index(tiles));
    Value end = e.min(e.add(begin, perChunk), e.index(tiles));
    emitFor(b, loc, begin, end, 1,
            [&](OpBuilder &b, Value t) { emitTile(b, work, KernelEmitter(b, loc).mul(t, tile), tile); });
    if (!tail)
      return;
    Value isLast = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, work.chunk, e.index(chunks - 1));
    scf::IfOp::create(b, loc, isLast, [&](OpBuilder &b, Location) {
      emitTile(b, work, KernelEmitter(b, loc).index(tiles * tile), tail);
      scf::YieldOp::create(b, loc);
    });
  });
  return success();
}

const CpuKernel *spnn::getNmMatvecKernel() {
  static const NmMatvecKernel kernel;
  return &kernel;
}
