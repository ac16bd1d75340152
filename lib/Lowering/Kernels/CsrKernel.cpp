//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel "csr": compressed rows, accumulators in registers over a k block, rows of a block sorted by length.
//
//===----------------------------------------------------------------------===//
//
// Storage operands:
//   blocks     i32[chunks * k_blocks + 1]  entry at which k block b of chunk c begins, at c * k_blocks + b
//   rows       i32[entries]                the row of an entry
//   positions  i32[entries + 1]            where its values begin
//   indices    i16 or i32[nonzeros]        columns
//   values     T[nonzeros]
//
// An entry is the part of one row in one k block. A chunk is a run of rows with its share of the nonzeros; inside a
// (chunk, k block) entries are sorted by length, so that the loop over an entry's values ends after the same number
// of steps as the one before it nearly always and its branch is predicted (docs/rationale.md, "The CSR kernel").
// The first and the last k block hold every row, the others only rows with values there.
//
//===----------------------------------------------------------------------===//
#include "KernelEmitter.h"
#include "spnn/Lowering/CpuKernel.h"

#include <numeric>

using namespace mlir;
using namespace spnn;

namespace {
class CsrKernel : public CpuKernel {
public:
  StringRef name() const override { return "csr"; }
  bool takesFormat(StringRef formatName) const override { return formatName == "csr"; }

  std::optional<std::string> checkProblem(const KernelProblem &problem) const override {
    if (problem.formatName != "csr")
      return "the weights are not in CSR";
    return std::nullopt;
  }

  PanelsAttr getPanels(const KernelProblem &problem) const override {
    int64_t vector = problem.vectorElements;
    return PanelsAttr::get(problem.elementType.getContext(), kVectors * vector, vector);
  }

  DictionaryAttr getParameters(const KernelProblem &problem) const override;
  PackedWeights pack(const KernelProblem &problem, DictionaryAttr parameters) const override;
  LogicalResult emit(KernelMatmulOp op, OpBuilder &builder) const override;

private:
  /// Vectors of a panel row: enough independent sums to hide the latency of an FMA, few enough that a k block of
  /// the panel stays in L1.
  static constexpr int64_t kVectors = 4;
};
} // namespace

static int64_t countNonzeros(const format::DenseMatrix &matrix, int64_t row, int64_t begin, int64_t end) {
  int64_t count = 0;
  for (int64_t col = begin; col < end; ++col)
    count += !matrix.isZero(row, col);
  return count;
}

DictionaryAttr CsrKernel::getParameters(const KernelProblem &problem) const {
  const format::DenseMatrix &matrix = problem.matrix;
  int64_t nonzeros = format::countNonzeros(matrix);
  // A k block's rows of the panel should fit L1 beside the weights that stream past, but an entry needs enough
  // values to pay for loading and storing its accumulators.
  constexpr int64_t kPanelBytes = 32 * 1024, kValuesPerEntry = 12;
  int64_t bytesPerRow = kVectors * problem.vectorBytes();
  int64_t fitting = std::max<int64_t>(1, kPanelBytes / bytesPerRow);
  int64_t rows = std::max<int64_t>(1, matrix.shape.rows), cols = std::max<int64_t>(1, matrix.shape.cols);
  double perRow = static_cast<double>(nonzeros) / rows;
  int64_t paying = perRow > 0 ? static_cast<int64_t>(kValuesPerEntry * cols / perRow) : cols;
  int64_t block = std::min(cols, std::max(fitting, paying));
  // Blocks of equal size.
  int64_t blocks = (cols + block - 1) / block;
  block = (cols + blocks - 1) / blocks;
  return makeParameters(problem.elementType.getContext(),
                        {{"chunks", chooseChunks(nonzeros, rows)}, {"k_block", block}});
}

PackedWeights CsrKernel::pack(const KernelProblem &problem, DictionaryAttr parameters) const {
  const format::DenseMatrix &matrix = problem.matrix;
  int64_t rows = matrix.shape.rows, cols = matrix.shape.cols;
  int64_t chunks = getParameter(parameters, "chunks", 1);
  int64_t block = std::max<int64_t>(1, getParameter(parameters, "k_block", cols));
  int64_t blocks = std::max<int64_t>(1, (cols + block - 1) / block);

  std::vector<int64_t> lengths(rows);
  for (int64_t row = 0; row < rows; ++row)
    lengths[row] = countNonzeros(matrix, row, 0, cols);
  std::vector<int64_t> bounds = balanceChunks(lengths, chunks);

  std::vector<int64_t> starts{0}, entryRows, positions{0}, indices;
  std::vector<uint8_t> values;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    for (int64_t kb = 0; kb < blocks; ++kb) {
      int64_t begin = kb * block, end = std::min(cols, begin + block);
      std::vector<std::pair<int64_t, int64_t>> entries; // length, row
      for (int64_t row = bounds[chunk]; row < bounds[chunk + 1]; ++row) {
        int64_t length = countNonzeros(matrix, row, begin, end);
        if (length > 0 || kb == 0 || kb == blocks - 1)
          entries.emplace_back(length, row);
      }
      llvm::sort(entries);
      for (auto [length, row] : entries) {
        entryRows.push_back(row);
        for (int64_t col = begin; col < end; ++col) {
          if (matrix.isZero(row, col))
            continue;
          indices.push_back(col);
          const uint8_t *element = matrix.element(row, col);
          values.insert(values.end(), element, element + matrix.elementBytes);
        }
        positions.push_back(indices.size());
      }
      starts.push_back(entryRows.size());
    }
  }
  MLIRContext *context = problem.elementType.getContext();
  unsigned indexBytes = cols <= (int64_t(1) << 16) ? 2 : 4;
  return {{makeIntegers(context, 4, starts), makeIntegers(context, 4, entryRows), makeIntegers(context, 4, positions),
           makeIntegers(context, indexBytes, indices), makeValues(problem.weightType, values)},
          static_cast<int64_t>(indices.size())};
}

LogicalResult CsrKernel::emit(KernelMatmulOp op, OpBuilder &builder) const {
  if (failed(checkStorage(op, "iiiiv")))
    return failure();
  Location loc = op.getLoc();
  Value starts = op.getStorage()[0], entryRows = op.getStorage()[1], positions = op.getStorage()[2];
  Value indices = op.getStorage()[3], values = op.getStorage()[4];
  Value rhs = op.getRhs(), result = op.getInit();
  Epilogue epilogue(op);
  int64_t cols = op.getCols(), chunks = getParameter(op.getParameters(), "chunks", 1);
  int64_t block = std::max<int64_t>(1, getParameter(op.getParameters(), "k_block", cols));
  int64_t blocks = std::max<int64_t>(1, (cols + block - 1) / block);
  int64_t vector = op.getPanels().getVector();
  Type element = cast<MemRefType>(rhs.getType()).getElementType();
  auto vectorType = VectorType::get({vector}, element);

  // The sum of one entry: its values times the rows of the panel that they select.
  auto emitEntry = [&](OpBuilder &b, const PanelWork &work, Value kb, Value entry) {
    KernelEmitter e(b, loc);
    int64_t stride = work.vectors * vector;
    Value row = e.loadIndex(entryRows, entry);
    Value begin = e.loadIndex(positions, entry), end = e.loadIndex(positions, e.add(entry, 1));
    Value out = e.add(work.result, e.mul(row, stride));

    auto initial = [&](OpBuilder &b) { return SmallVector<Value>(work.vectors, epilogue.start(b, row, vectorType)); };
    SmallVector<Value> sums;
    if (blocks == 1) {
      sums = initial(b);
    } else {
      Value first = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, kb, e.index(0));
      auto start = scf::IfOp::create(
          b, loc, first, [&](OpBuilder &b, Location) { scf::YieldOp::create(b, loc, initial(b)); },
          [&](OpBuilder &b, Location) {
            KernelEmitter e(b, loc);
            SmallVector<Value> partial;
            for (int64_t v = 0; v < work.vectors; ++v)
              partial.push_back(e.loadVector(result, e.add(out, v * vector), vector));
            scf::YieldOp::create(b, loc, partial);
          });
      sums.assign(start.getResults().begin(), start.getResults().end());
    }

    auto loop =
        scf::ForOp::create(b, loc, begin, end, e.index(1), sums, [&](OpBuilder &b, Location, Value j, ValueRange sums) {
          KernelEmitter e(b, loc);
          Value weight = e.loadWeightBroadcast(values, j, vector, element);
          Value x = e.add(work.rhs, e.mul(e.loadIndex(indices, j), stride));
          SmallVector<Value> next;
          for (int64_t v = 0; v < work.vectors; ++v)
            next.push_back(e.multiplyAdd(weight, e.loadVector(rhs, e.add(x, v * vector), vector), sums[v]));
          scf::YieldOp::create(b, loc, next);
        });

    auto store = [&](OpBuilder &b, bool finish) {
      KernelEmitter e(b, loc);
      for (int64_t v = 0; v < work.vectors; ++v) {
        Value sum = loop.getResult(v);
        if (finish)
          sum = epilogue.finish(b, sum, row, e.add(work.column, v * vector));
        e.storeVector(sum, result, e.add(out, v * vector));
      }
    };
    if (blocks == 1 || epilogue.isTrivial())
      return store(b, /*finish=*/true);
    Value last = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, kb, e.index(blocks - 1));
    scf::IfOp::create(
        b, loc, last,
        [&](OpBuilder &b, Location) {
          store(b, /*finish=*/true);
          scf::YieldOp::create(b, loc);
        },
        [&](OpBuilder &b, Location) {
          store(b, /*finish=*/false);
          scf::YieldOp::create(b, loc);
        });
  };

  emitPanelLoops(op, builder, chunks, [&](OpBuilder &b, const PanelWork &work) {
    KernelEmitter e(b, loc);
    Value zero = e.index(0);
    emitFor(b, loc, zero, e.index(blocks), 1, [&](OpBuilder &b, Value kb) {
      KernelEmitter e(b, loc);
      Value task = e.add(e.mul(work.chunk, blocks), kb);
      Value begin = e.loadIndex(starts, task), end = e.loadIndex(starts, e.add(task, 1));
      emitFor(b, loc, begin, end, 1, [&](OpBuilder &b, Value entry) { emitEntry(b, work, kb, entry); });
    });
  });
  return success();
}

const CpuKernel *spnn::getCsrKernel() {
  static const CsrKernel kernel;
  return &kernel;
}
