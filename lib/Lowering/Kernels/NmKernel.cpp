//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel "nm": N:M weights with fixed trip counts, no data-dependent branch.
//
//===----------------------------------------------------------------------===//
//
// Storage operands:
//   indices  i8[rows * cols / m * n]  position of a value in its group of m columns
//   values   T[rows * cols / m * n]
//
// `rows_tile` rows are computed together for all vectors of a panel; groups are walked in k blocks whose panel rows
// stay in L1, every trip count is a constant. Values and indices lie tile by tile: for a tile of rows, group by
// group, the n values of its first row, then of its second.
//
//===----------------------------------------------------------------------===//
#include "FormatNames.h"
#include "KernelEmitter.h"
#include "spnn/IR/SparseFormats.h"
#include "spnn/Lowering/CpuKernel.h"

using namespace mlir;
using namespace spnn;

namespace {
class NmKernel : public CpuKernel {
public:
  StringRef name() const override { return "nm"; }
  bool takesFormat(StringRef formatName) const override {
    int64_t n, m;
    return parseNmName(formatName, n, m);
  }
  std::optional<std::string> checkProblem(const KernelProblem &problem) const override {
    int64_t n, m;
    if (!parseNmName(problem.formatName, n, m))
      return "the weights are not N:M";
    return std::nullopt;
  }
  PanelsAttr getPanels(const KernelProblem &problem) const override {
    int64_t vector = problem.vectorElements;
    return PanelsAttr::get(problem.elementType.getContext(), 4 * vector, vector);
  }
  DictionaryAttr getParameters(const KernelProblem &problem) const override;
  PackedWeights pack(const KernelProblem &problem, DictionaryAttr parameters) const override;
  LogicalResult emit(KernelMatmulOp op, OpBuilder &builder) const override;
};
} // namespace

DictionaryAttr NmKernel::getParameters(const KernelProblem &problem) const {
  int64_t n = 1, m = 1;
  parseNmName(problem.formatName, n, m);
  const format::Shape shape = problem.matrix.shape;
  int64_t groups = shape.cols / m;
  constexpr int64_t kPanelBytes = 32 * 1024;
  int64_t bytesPerGroup = m * 4 * problem.vectorElements * problem.matrix.elementBytes;
  int64_t block = std::max<int64_t>(1, std::min(groups, kPanelBytes / bytesPerGroup));
  int64_t blocks = groups == 0 ? 1 : (groups + block - 1) / block;
  block = std::max<int64_t>(1, (groups + blocks - 1) / blocks);
  int64_t registers = problem.vectorElements * problem.matrix.elementBytes == 64 ? 32 : 16;
  int64_t tile = registers == 32 ? 4 : 2;
  int64_t stored = shape.rows * groups * n;
  return makeParameters(problem.elementType.getContext(),
                        {{"n", n},
                         {"m", m},
                         {"rows_tile", tile},
                         {"groups_block", block},
                         {"chunks", chooseChunks(stored, (shape.rows + tile - 1) / tile)}});
}

PackedWeights NmKernel::pack(const KernelProblem &problem, DictionaryAttr parameters) const {
  const format::DenseMatrix &matrix = problem.matrix;
  int64_t n = getParameter(parameters, "n", 1), m = getParameter(parameters, "m", 1);
  int64_t tile = getParameter(parameters, "rows_tile", 1);
  std::unique_ptr<format::SparseFormat> nm = format::makeNm(n, m, {4, 1});
  format::Storage storage = nm->pack(matrix);
  const format::StorageBuffer &inGroup = storage[0], &stored = storage[1];
  int64_t rows = matrix.shape.rows, groups = matrix.shape.cols / m;
  std::vector<int64_t> indices;
  std::vector<uint8_t> values;
  for (int64_t first = 0; first < rows; first += tile)
    for (int64_t group = 0; group < groups; ++group)
      for (int64_t row = first; row < std::min(rows, first + tile); ++row)
        for (int64_t i = 0; i < n; ++i) {
          int64_t at = (row * groups + group) * n + i;
          indices.push_back(inGroup.getUnsigned(at));
          const uint8_t *element = stored.data.data() + at * matrix.elementBytes;
          values.insert(values.end(), element, element + matrix.elementBytes);
        }
  return {{makeIntegers(problem.elementType.getContext(), 1, indices), makeValues(problem.elementType, values)},
          static_cast<int64_t>(indices.size())};
}

LogicalResult NmKernel::emit(KernelMatmulOp op, OpBuilder &builder) const {
  if (failed(checkStorage(op, "iv")))
    return failure();
  Location loc = op.getLoc();
  Value indices = op.getStorage()[0], values = op.getStorage()[1];
  Value rhs = op.getRhs(), result = op.getInit(), bias = op.getBias();
  DictionaryAttr parameters = op.getParameters();
  int64_t n = getParameter(parameters, "n", 1), m = getParameter(parameters, "m", 1);
  int64_t tile = getParameter(parameters, "rows_tile", 1), chunks = getParameter(parameters, "chunks", 1);
  int64_t rows = op.getRows(), groups = m > 0 ? op.getCols() / m : 0;
  int64_t block = std::max<int64_t>(1, getParameter(parameters, "groups_block", groups));
  if (n < 1 || n > m || m > 256 || tile < 1 || static_cast<int64_t>(op.getCols()) % m != 0)
    return op.emitOpError()
           << "kernel 'nm' needs 1 <= n <= m <= 256, a row tile, and columns that are a multiple of m, "
           << "got " << n << ":" << m << ", " << tile << " and " << op.getCols();
  int64_t vector = op.getPanels().getVector();
  int64_t tiles = rows / tile, tail = rows % tile;
  auto vectorType = VectorType::get({vector}, cast<MemRefType>(rhs.getType()).getElementType());

  // `count` rows from row `row` (index values) over groups [begin, end) of the k block; sums start from the bias
  // in the first block and from the result in the others.
  auto emitTile = [&](OpBuilder &b, const PanelWork &work, Value row, int64_t count, int64_t begin, int64_t end) {
    KernelEmitter e(b, loc);
    int64_t stride = work.vectors * vector;
    Value out = e.add(work.result, e.mul(row, stride));
    SmallVector<Value> sums;
    for (int64_t i = 0; i < count; ++i)
      for (int64_t v = 0; v < work.vectors; ++v) {
        if (begin != 0)
          sums.push_back(e.loadVector(result, e.add(out, i * stride + v * vector), vector));
        else if (bias)
          sums.push_back(e.loadBroadcast(bias, e.add(row, i), vector));
        else
          sums.push_back(arith::ConstantOp::create(b, loc, b.getZeroAttr(vectorType)));
      }
    Value base = e.mul(row, groups * n);
    auto loop = scf::ForOp::create(b, loc, e.index(begin), e.index(end), e.index(1), sums,
                                   [&](OpBuilder &b, Location, Value group, ValueRange sums) {
                                     KernelEmitter e(b, loc);
                                     Value first = e.add(base, e.mul(group, count * n));
                                     Value x = e.add(work.rhs, e.mul(group, m * stride));
                                     SmallVector<Value> next(sums);
                                     for (int64_t i = 0; i < count; ++i)
                                       for (int64_t k = 0; k < n; ++k) {
                                         Value at = e.add(first, i * n + k);
                                         Value weight = e.loadBroadcast(values, at, vector);
                                         Value xs = e.add(x, e.mul(e.loadIndex(indices, at), stride));
                                         for (int64_t v = 0; v < work.vectors; ++v)
                                           next[i * work.vectors + v] =
                                               e.multiplyAdd(weight, e.loadVector(rhs, e.add(xs, v * vector), vector),
                                                             next[i * work.vectors + v]);
                                       }
                                     scf::YieldOp::create(b, loc, next);
                                   });
    for (int64_t i = 0; i < count; ++i)
      for (int64_t v = 0; v < work.vectors; ++v) {
        Value sum = loop.getResult(i * work.vectors + v);
        e.storeVector(end == groups ? e.activate(op.getActivation(), sum) : sum, result,
                      e.add(out, i * stride + v * vector));
      }
  };

  int64_t items = tiles + (tail ? 1 : 0), perChunk = (items + chunks - 1) / std::max<int64_t>(1, chunks);
  emitPanelLoops(op, builder, chunks, [&](OpBuilder &b, const PanelWork &work) {
    KernelEmitter e(b, loc);
    // Tiles weigh the same, so chunks are equal runs; the last rows that fill no tile go with the last chunk.
    Value begin = e.min(e.mul(work.chunk, perChunk), e.index(tiles));
    Value end = e.min(e.add(begin, perChunk), e.index(tiles));
    int64_t firstBlock = 0;
    do {
      int64_t lastGroup = std::min(groups, firstBlock + block);
      emitFor(b, loc, begin, end, 1, [&](OpBuilder &b, Value t) {
        emitTile(b, work, KernelEmitter(b, loc).mul(t, tile), tile, firstBlock, lastGroup);
      });
      firstBlock = lastGroup;
    } while (firstBlock < groups);
    if (!tail)
      return;
    Value isLast = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, work.chunk, e.index(chunks - 1));
    scf::IfOp::create(b, loc, isLast, [&](OpBuilder &b, Location) {
      emitTile(b, work, KernelEmitter(b, loc).index(tiles * tile), tail, 0, groups);
      scf::YieldOp::create(b, loc);
    });
  });
  return success();
}

const CpuKernel *spnn::getNmKernel() {
  static const NmKernel kernel;
  return &kernel;
}
