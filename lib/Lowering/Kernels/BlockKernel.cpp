//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel "block": r x c blocks, each weight broadcast once for r rows of accumulators.
//
//===----------------------------------------------------------------------===//
//
// Storage operands:
//   bounds     i32[chunks + 1]             block row at which a chunk begins
//   positions  i32[block rows + 1]         block at which a block row begins
//   indices    i16 or i32[blocks]          block columns
//   values     T[blocks * c * r]           column by column inside a block
//
// A block row is computed for `vectors` vectors of columns at a time, r * vectors accumulators in registers: the
// x vectors of a column are loaded once for r rows.
//
//===----------------------------------------------------------------------===//
#include "FormatNames.h"
#include "KernelEmitter.h"
#include "RowPattern.h"
#include "spnn/Lowering/CpuKernel.h"

using namespace mlir;
using namespace spnn;

namespace {
class BlockKernel : public CpuKernel {
public:
  StringRef name() const override { return "block"; }
  bool takesFormat(StringRef formatName) const override { return formatName.starts_with("bsr"); }
  std::optional<std::string> checkProblem(const KernelProblem &problem) const override;
  PanelsAttr getPanels(const KernelProblem &problem) const override {
    int64_t vector = problem.vectorElements;
    return PanelsAttr::get(problem.elementType.getContext(), 4 * vector, vector);
  }
  DictionaryAttr getParameters(const KernelProblem &problem) const override;
  PackedWeights pack(const KernelProblem &problem, DictionaryAttr parameters) const override;
  LogicalResult emit(KernelMatmulOp op, OpBuilder &builder) const override;
};
} // namespace

/// Accumulators, x vectors and one weight must fit the register file: 32 registers of 64 bytes, 16 of fewer.
static constexpr int64_t kMaxBlockRows = 16;

std::optional<std::string> BlockKernel::checkProblem(const KernelProblem &problem) const {
  int64_t r, c;
  if (!parseBlockName(problem.formatName, r, c))
    return "the weights are not in BSR";
  if (r > kMaxBlockRows || c > kMaxBlockRows)
    return "blocks of more than " + std::to_string(kMaxBlockRows) + " rows or columns spill the accumulators";
  return std::nullopt;
}

DictionaryAttr BlockKernel::getParameters(const KernelProblem &problem) const {
  int64_t r = 1, c = 1;
  parseBlockName(problem.formatName, r, c);
  int64_t registers = problem.vectorElements * problem.matrix.elementBytes == 64 ? 32 : 16;
  int64_t vectors = 1;
  for (int64_t candidate : {4, 2})
    if (r * candidate + candidate + 1 <= registers) {
      vectors = candidate;
      break;
    }
  RowPattern pattern = findPattern(problem.matrix, r, c);
  int64_t stored = static_cast<int64_t>(pattern.columns.size()) * r * c;
  return makeParameters(
      problem.elementType.getContext(),
      {{"block_rows", r}, {"block_cols", c}, {"chunks", chooseChunks(stored, pattern.rows())}, {"vectors", vectors}});
}

PackedWeights BlockKernel::pack(const KernelProblem &problem, DictionaryAttr parameters) const {
  const format::DenseMatrix &matrix = problem.matrix;
  int64_t r = getParameter(parameters, "block_rows", 1), c = getParameter(parameters, "block_cols", 1);
  RowPattern pattern = findPattern(matrix, r, c);
  std::vector<int64_t> lengths;
  std::vector<uint8_t> values;
  for (int64_t row = 0; row < pattern.rows(); ++row) {
    for (int64_t col : pattern.row(row))
      for (int64_t j = 0; j < c; ++j)
        for (int64_t i = 0; i < r; ++i) {
          const uint8_t *element = matrix.element(row * r + i, col * c + j);
          values.insert(values.end(), element, element + matrix.elementBytes);
        }
    lengths.push_back(pattern.length(row));
  }
  MLIRContext *context = problem.elementType.getContext();
  unsigned indexBytes = matrix.shape.cols / c <= (int64_t(1) << 16) ? 2 : 4;
  return {{makeIntegers(context, 4, balanceChunks(lengths, getParameter(parameters, "chunks", 1))),
           makeIntegers(context, 4, pattern.positions), makeIntegers(context, indexBytes, pattern.columns),
           makeValues(problem.elementType, values)},
          static_cast<int64_t>(pattern.columns.size()) * r * c};
}

LogicalResult BlockKernel::emit(KernelMatmulOp op, OpBuilder &builder) const {
  if (failed(checkStorage(op, "iiiv")))
    return failure();
  Location loc = op.getLoc();
  Value bounds = op.getStorage()[0], positions = op.getStorage()[1], indices = op.getStorage()[2];
  Value values = op.getStorage()[3];
  Value rhs = op.getRhs(), result = op.getInit(), bias = op.getBias();
  DictionaryAttr parameters = op.getParameters();
  int64_t r = getParameter(parameters, "block_rows", 1), c = getParameter(parameters, "block_cols", 1);
  int64_t chunks = getParameter(parameters, "chunks", 1), tile = getParameter(parameters, "vectors", 1);
  int64_t vector = op.getPanels().getVector();
  if (r < 1 || c < 1 || tile < 1 || op.getRows() % r != 0 || op.getCols() % c != 0)
    return op.emitOpError() << "kernel 'block' needs weights that are a multiple of its block " << r << "x" << c
                            << " and at least one vector, got " << op.getRows() << "x" << op.getCols();
  auto vectorType = VectorType::get({vector}, cast<MemRefType>(rhs.getType()).getElementType());

  // One block row times `count` vectors of columns that begin at vector `first` of the panel.
  auto emitTile = [&](OpBuilder &b, const PanelWork &work, Value blockRow, int64_t first, int64_t count) {
    KernelEmitter e(b, loc);
    int64_t stride = work.vectors * vector;
    Value row = e.mul(blockRow, r);
    Value begin = e.loadIndex(positions, blockRow), end = e.loadIndex(positions, e.add(blockRow, 1));
    SmallVector<Value> sums; // row by row
    for (int64_t i = 0; i < r; ++i) {
      Value value = bias ? e.loadBroadcast(bias, e.add(row, i), vector)
                         : arith::ConstantOp::create(b, loc, b.getZeroAttr(vectorType)).getResult();
      sums.append(count, value);
    }
    auto loop = scf::ForOp::create(
        b, loc, begin, end, e.index(1), sums, [&](OpBuilder &b, Location, Value block, ValueRange sums) {
          KernelEmitter e(b, loc);
          Value weights = e.mul(block, r * c);
          Value x = e.add(work.rhs, e.mul(e.loadIndex(indices, block), c * stride));
          SmallVector<Value> next(sums);
          for (int64_t j = 0; j < c; ++j) {
            SmallVector<Value> xs;
            for (int64_t v = 0; v < count; ++v)
              xs.push_back(e.loadVector(rhs, e.add(x, j * stride + (first + v) * vector), vector));
            for (int64_t i = 0; i < r; ++i) {
              Value weight = e.loadBroadcast(values, e.add(weights, j * r + i), vector);
              for (int64_t v = 0; v < count; ++v)
                next[i * count + v] = e.multiplyAdd(weight, xs[v], next[i * count + v]);
            }
          }
          scf::YieldOp::create(b, loc, next);
        });
    for (int64_t i = 0; i < r; ++i)
      for (int64_t v = 0; v < count; ++v) {
        Value out = e.add(e.add(work.result, e.mul(e.add(row, i), stride)), (first + v) * vector);
        e.storeVector(e.activate(op.getActivation(), loop.getResult(i * count + v)), result, out);
      }
  };

  emitPanelLoops(op, builder, chunks, [&](OpBuilder &b, const PanelWork &work) {
    KernelEmitter e(b, loc);
    Value begin = e.loadIndex(bounds, work.chunk), end = e.loadIndex(bounds, e.add(work.chunk, 1));
    for (int64_t first = 0; first < work.vectors; first += tile)
      emitFor(b, loc, begin, end, 1, [&](OpBuilder &b, Value blockRow) {
        emitTile(b, work, blockRow, first, std::min(tile, work.vectors - first));
      });
  });
  return success();
}

const CpuKernel *spnn::getBlockKernel() {
  static const BlockKernel kernel;
  return &kernel;
}
