//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel "block-matvec": blocks of 4, 8 or 16 rows times one column or a few, a block's column a vector.
//
// Storage operands:
//   bounds     i32[chunks + 1]                     slice at which a chunk begins
//   positions  i32[slices + 1]                     step at which a slice begins
//   rows       i32[slices * rows_tile]             block rows of a slice
//   indices    i16 or i32[steps * rows_tile]       block columns
//   values     T[steps * rows_tile * c * r]        column by column inside a block
//
// A column of a block is a vector of weights times one element of x. A slice of `rows_tile` block rows of nearly equal
// length is walked in lockstep (MatvecSchedule.h): so many independent sums hide the latency of a multiply-add, and no
// block row has a remainder of its own. Vectors are as narrow as blocks: several block rows in one vector would save
// few loads, as each needs an element of x anyway (docs/performance.md).
//
//===----------------------------------------------------------------------===//
#include "FormatNames.h"
#include "KernelEmitter.h"
#include "MatvecSchedule.h"
#include "spnn/Lowering/CpuKernel.h"

using namespace mlir;
using namespace spnn;

namespace {
/// With more columns a panel of vectors is faster.
constexpr int64_t kMaxColumns = 4;
/// Columns of a block are unrolled.
constexpr int64_t kMaxBlockCols = 16;

class BlockMatvecKernel : public CpuKernel {
public:
  StringRef name() const override { return "block-matvec"; }
  bool takesFormat(StringRef formatName) const override { return formatName.starts_with("bsr"); }
  std::optional<std::string> checkProblem(const KernelProblem &problem) const override;
  PanelsAttr getPanels(const KernelProblem &problem) const override {
    return PanelsAttr::get(problem.elementType.getContext(), 1, 1);
  }
  DictionaryAttr getParameters(const KernelProblem &problem) const override;
  int64_t countStoredValues(const KernelProblem &problem, DictionaryAttr parameters, int64_t) const override;
  double getValueCost(DictionaryAttr parameters, int64_t columns) const override;
  uint64_t countBytes(const KernelProblem &problem, DictionaryAttr parameters, uint64_t) const override;
  PackedWeights pack(const KernelProblem &problem, DictionaryAttr parameters) const override;
  LogicalResult emit(KernelMatmulOp op, OpBuilder &builder) const override;
};

/// Rows and columns of a block, and the block rows of a slice.
struct Tile {
  int64_t r, c, rows;

  explicit Tile(DictionaryAttr parameters)
      : r(getParameter(parameters, "block_rows", 1)), c(getParameter(parameters, "block_cols", 1)),
        rows(getParameter(parameters, "rows_tile", 1)) {}
};

MatvecSchedule schedule(const KernelProblem &problem, DictionaryAttr parameters) {
  Tile tile(parameters);
  return scheduleLockstep(findPattern(problem.matrix, tile.r, tile.c), tile.rows,
                          getParameter(parameters, "chunks", 1));
}

unsigned indexBytes(const KernelProblem &problem, const Tile &tile) {
  return problem.matrix.shape.cols / tile.c <= (int64_t(1) << 16) ? 2 : 4;
}

/// What a stored value costs in slices of so many block rows, relative to 4: fewer sums wait for each other. Measured
/// on Zen 4 as 0.057, 0.060 and 0.089 ns for blocks of 8 rows, about 0.09, 0.11 and 0.17 for blocks of 4.
double sliceCost(int64_t rows) { return rows >= 4 ? 1 : rows >= 2 ? 1.15 : 1.7; }

/// What a stored value costs in blocks of r rows, relative to 16: an element of x and an index are loaded for r values.
double rowsCost(int64_t r) { return r >= 16 ? 1 : r >= 8 ? 1.22 : 2.1; }
} // namespace

std::optional<std::string> BlockMatvecKernel::checkProblem(const KernelProblem &problem) const {
  int64_t r, c;
  if (!parseBlockName(problem.formatName, r, c))
    return "the weights are not in BSR";
  if (problem.columns < 1 || problem.columns > kMaxColumns)
    return "the kernel multiplies 1 to " + std::to_string(kMaxColumns) + " columns only";
  if ((r != 4 && r != 8 && r != 16) || c > kMaxBlockCols)
    return "a column of a block must fill a vector: 4, 8 or 16 rows, and at most " + std::to_string(kMaxBlockCols) +
           " columns";
  return std::nullopt;
}

DictionaryAttr BlockMatvecKernel::getParameters(const KernelProblem &problem) const {
  int64_t r = 4, c = 1;
  parseBlockName(problem.formatName, r, c);
  RowPattern pattern = findPattern(problem.matrix, r, c);
  // The sums of a slice must stay in registers.
  int64_t registers = problem.vectorBytes() == 64 ? 24 : 12;
  int64_t perBlockRow = problem.columns * std::max<int64_t>(1, r / problem.vectorElements);
  int64_t best = 1;
  double least = 0;
  auto chunksFor = [&](int64_t rows) {
    return chooseChunks(static_cast<int64_t>(pattern.columns.size()) * r * c, (pattern.rows() + rows - 1) / rows);
  };
  for (int64_t rows : {1, 2, 4}) {
    if (rows > 1 && rows * perBlockRow > registers)
      break;
    // Block rows of unequal length leave lanes of a wide slice idle.
    double cost =
        static_cast<double>(scheduleLockstep(pattern, rows, chunksFor(rows)).columns.size()) * sliceCost(rows);
    if (rows == 1 || cost < least) {
      least = cost;
      best = rows;
    }
  }
  return makeParameters(problem.elementType.getContext(),
                        {{"block_cols", c}, {"block_rows", r}, {"chunks", chunksFor(best)}, {"rows_tile", best}});
}

int64_t BlockMatvecKernel::countStoredValues(const KernelProblem &problem, DictionaryAttr parameters, int64_t) const {
  Tile tile(parameters);
  return static_cast<int64_t>(schedule(problem, parameters).columns.size()) * tile.r * tile.c;
}

double BlockMatvecKernel::getValueCost(DictionaryAttr parameters, int64_t columns) const {
  // Weights and indices are loaded once for all columns.
  constexpr double kShared = 0.72;
  Tile tile(parameters);
  return rowsCost(tile.r) * sliceCost(tile.rows) * (kShared / static_cast<double>(columns) + 1 - kShared);
}

uint64_t BlockMatvecKernel::countBytes(const KernelProblem &problem, DictionaryAttr parameters, uint64_t) const {
  Tile tile(parameters);
  MatvecSchedule plan = schedule(problem, parameters);
  return plan.columns.size() * (tile.r * tile.c * problem.matrix.elementBytes + indexBytes(problem, tile)) +
         4 * (plan.rows.size() + plan.positions.size() + plan.bounds.size());
}

PackedWeights BlockMatvecKernel::pack(const KernelProblem &problem, DictionaryAttr parameters) const {
  const format::DenseMatrix &matrix = problem.matrix;
  Tile tile(parameters);
  MatvecSchedule plan = schedule(problem, parameters);
  std::vector<uint8_t> values;
  values.reserve(plan.columns.size() * tile.r * tile.c * matrix.elementBytes);
  for (int64_t slice = 0, slices = static_cast<int64_t>(plan.positions.size()) - 1; slice < slices; ++slice)
    for (int64_t step = plan.positions[slice]; step < plan.positions[slice + 1]; ++step)
      for (int64_t lane = 0; lane < tile.rows; ++lane)
        for (int64_t j = 0; j < tile.c; ++j)
          for (int64_t i = 0; i < tile.r; ++i) {
            const uint8_t *element = matrix.element(plan.rows[slice * tile.rows + lane] * tile.r + i,
                                                    plan.columns[step * tile.rows + lane] * tile.c + j);
            values.insert(values.end(), element, element + matrix.elementBytes);
          }
  MLIRContext *context = problem.elementType.getContext();
  return {{makeIntegers(context, 4, plan.bounds), makeIntegers(context, 4, plan.positions),
           makeIntegers(context, 4, plan.rows), makeIntegers(context, indexBytes(problem, tile), plan.columns),
           makeValues(problem.weightType, values)},
          static_cast<int64_t>(plan.columns.size()) * tile.r * tile.c};
}

LogicalResult BlockMatvecKernel::emit(KernelMatmulOp op, OpBuilder &builder) const {
  if (failed(checkStorage(op, "iiiiv")))
    return failure();
  std::optional<int64_t> columns = getConstantIntValue(op.getColumns());
  if (op.getPanels().getWidth() != 1 || !columns || *columns < 1 || *columns > kMaxColumns)
    return op.emitOpError() << "kernel 'block-matvec' needs panels of width 1 and 1 to " << kMaxColumns
                            << " columns that are known, got width " << op.getPanels().getWidth();
  Tile tile(op.getParameters());
  if (op.getRows() % tile.r != 0 || op.getCols() % tile.c != 0)
    return op.emitOpError() << "kernel 'block-matvec' needs weights that are a multiple of its block " << tile.r << "x"
                            << tile.c << ", got " << op.getRows() << "x" << op.getCols();
  Location loc = op.getLoc();
  Value bounds = op.getStorage()[0], positions = op.getStorage()[1], rows = op.getStorage()[2];
  Value indices = op.getStorage()[3], values = op.getStorage()[4];
  Value rhs = op.getRhs(), result = op.getInit();
  Epilogue epilogue(op);
  Type element = cast<MemRefType>(rhs.getType()).getElementType();
  auto vectorType = VectorType::get({tile.r}, element);
  Value zero = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(vectorType));

  auto emitSlice = [&](OpBuilder &b, Value slice) {
    KernelEmitter e(b, loc);
    Value begin = e.loadIndex(positions, slice), end = e.loadIndex(positions, e.add(slice, 1));
    // Sums lie block row by block row, column by column of the operand.
    auto loop =
        scf::ForOp::create(b, loc, begin, end, e.index(1), SmallVector<Value>(tile.rows * *columns, zero),
                           [&](OpBuilder &b, Location, Value step, ValueRange sums) {
                             KernelEmitter e(b, loc);
                             SmallVector<Value> next(sums);
                             for (int64_t lane = 0; lane < tile.rows; ++lane) {
                               Value at = e.add(e.mul(step, tile.rows), lane);
                               Value weights = e.mul(at, tile.r * tile.c), x = e.mul(e.loadIndex(indices, at), tile.c);
                               for (int64_t j = 0; j < tile.c; ++j) {
                                 Value weight = e.loadWeights(values, e.add(weights, j * tile.r), tile.r, element);
                                 for (int64_t column = 0; column < *columns; ++column) {
                                   Value &sum = next[lane * *columns + column];
                                   Value xs = e.loadBroadcast(rhs, e.add(x, column * op.getCols() + j), tile.r);
                                   sum = e.multiplyAdd(weight, xs, sum);
                                 }
                               }
                             }
                             scf::YieldOp::create(b, loc, next);
                           });
    for (int64_t lane = 0; lane < tile.rows; ++lane) {
      Value row = e.mul(e.loadIndex(rows, e.add(e.mul(slice, tile.rows), lane)), tile.r);
      for (int64_t column = 0; column < *columns; ++column) {
        Value total = loop.getResult(lane * *columns + column);
        total = epilogue.finishRows(b, total, e.index(column),
                                    [&](Value buffer) { return e.loadVector(buffer, row, tile.r); });
        e.storeVector(total, result, e.add(row, column * op.getRows()));
      }
    }
  };

  emitChunkItems(op, builder, getParameter(op.getParameters(), "chunks", 1), bounds, emitSlice);
  return success();
}

const CpuKernel *spnn::getBlockMatvecKernel() {
  static const BlockMatvecKernel kernel;
  return &kernel;
}
