//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel "pattern-tile": tiles of rows that share loaded activations, column by column, in steps of fixed patterns.
//
//===----------------------------------------------------------------------===//
//
// Storage operands:
//   tasks      i32[2 * chunks * k_blocks + 1]  at 2 * (c * k_blocks + b): first tile of chunk c and k block b, then its
//                                              first tile of one row
//   rows       i32[tiles * tile_rows]          the rows of a tile; for a tile of one row only the first counts
//   steps      i64[tiles]                      the number of steps of size s in 16 bits from bit 16 * (s - 1) on
//   positions  i32[2 * tiles]                  where a tile's indices and values begin
//   indices    i16 or i32[columns]
//   values     T[weights]
//
// PatternTiles.h says what tiles and steps are. All loops of a tile have few, sorted trip counts, so their ends are
// predicted; the idea of register tiles by patterns is that of Sparse Register Tiling (Wilkinson et al., PLDI 2023),
// which has a loop for each pattern instead. Tiles are formed anew in each k block: the rows that share most there need
// not elsewhere. The first and last k block hold every row; the others leave out tiles without a nonzero.
//
//===----------------------------------------------------------------------===//
#include "KernelEmitter.h"
#include "PatternSteps.h"
#include "PatternTiles.h"
#include "spnn/Lowering/CpuKernel.h"

using namespace mlir;
using namespace spnn;

namespace {
class PatternTileKernel : public CpuKernel {
public:
  StringRef name() const override { return "pattern-tile"; }
  /// N:m:g weights are pattern tiles of their own, but with n = 1 other rows may share more columns.
  bool takesFormat(StringRef formatName) const override { return formatName == "csr" || formatName.starts_with("nmg"); }

  std::optional<std::string> checkProblem(const KernelProblem &problem) const override {
    if (!takesFormat(problem.formatName))
      return "the weights are neither in CSR nor n:m:g";
    return std::nullopt;
  }

  PanelsAttr getPanels(const KernelProblem &problem) const override {
    int64_t vector = problem.vectorElements;
    return PanelsAttr::get(problem.elementType.getContext(), getVectors(problem) * vector, vector);
  }

  DictionaryAttr getParameters(const KernelProblem &problem) const override;
  PackedWeights pack(const KernelProblem &problem, DictionaryAttr parameters) const override;
  LogicalResult emit(KernelMatmulOp op, OpBuilder &builder) const override;

private:
  static int64_t getVectors(const KernelProblem &problem) {
    return choosePatternVectors(kMaxTileRows, problem.vectorBytes());
  }
};

/// What pack and emit must agree on.
struct Blocking {
  Blocking(DictionaryAttr parameters, int64_t cols)
      : tileRows(std::clamp<int64_t>(getParameter(parameters, "tile_rows", kMaxTileRows), 1, kMaxTileRows)),
        shared(std::clamp<int64_t>(getParameter(parameters, "shared_rows", tileRows), 1, tileRows)),
        chunks(getParameter(parameters, "chunks", 1)),
        // A tile has at most as many steps of a size as its block has columns, and 16 bits for them.
        kBlock(std::clamp<int64_t>(getParameter(parameters, "k_block", cols), 1, 0xffff)),
        kBlocks(std::max<int64_t>(1, (cols + kBlock - 1) / kBlock)) {}

  int64_t tileRows, shared, chunks, kBlock, kBlocks;
};
} // namespace

/// What a column of a step costs by the number of its rows, in cycles: R multiply-adds a row, or the loads of R vectors
/// of activations and of weights and index, whichever takes longer. As on AMD's Zen 4: one multiply-add and one load a
/// cycle of vectors of 64 bytes, twice as many of others, of which a weight's broadcast is one.
static PatternTileOptions getTileOptions(const Blocking &blocking, int64_t vectors, int64_t vectorBytes) {
  PatternTileOptions options;
  options.rows = blocking.tileRows;
  options.shared = blocking.shared;
  double scalar = vectorBytes == 64 ? 0.5 : 1, index = 0.25 * scalar;
  // Of two ways that take as many multiply-adds, the one with fewer loads.
  constexpr double kSpareLoads = 0.05;
  for (int64_t s = 1; s <= kMaxTileRows; ++s) {
    double loads = vectors + s * scalar + index;
    options.cost[s - 1] = std::max<double>(s * vectors, loads) + kSpareLoads * loads;
  }
  return options;
}

DictionaryAttr PatternTileKernel::getParameters(const KernelProblem &problem) const {
  const format::DenseMatrix &matrix = problem.matrix;
  int64_t nonzeros = format::countNonzeros(matrix);
  int64_t rows = std::max<int64_t>(1, matrix.shape.rows), cols = std::max<int64_t>(1, matrix.shape.cols);
  // As for kernel "csr": a k block's rows of the panel should fit L1, but a tile needs enough values to pay for its
  // accumulators. A product of fewer columns than a panel has shorter rows.
  constexpr int64_t kPanelBytes = 32 * 1024, kValuesPerRow = 16;
  int64_t columns = problem.likelyColumns();
  int64_t needed = std::max<int64_t>(1, (columns + problem.vectorElements - 1) / problem.vectorElements);
  int64_t vectors = std::min(getVectors(problem), needed);
  int64_t fitting = std::max<int64_t>(1, kPanelBytes / (vectors * problem.vectorBytes()));
  double perRow = static_cast<double>(nonzeros) / rows;
  int64_t paying = perRow > 0 ? static_cast<int64_t>(kValuesPerRow * cols / perRow) : cols;
  int64_t block = std::min(cols, std::max(fitting, paying));
  int64_t blocks = (cols + block - 1) / block;
  block = (cols + blocks - 1) / blocks;
  // Rows of a tile come from one chunk, so chunks have hundreds of rows to choose from, unless threads need more of
  // them.
  constexpr int64_t kRowsPerChunk = 512, kMinRowsPerChunk = 64, kTasks = 8;
  int64_t panels = (needed + vectors - 1) / vectors;
  int64_t wanted = std::max(rows / kRowsPerChunk, (kTasks + panels - 1) / panels);
  int64_t chunks = std::min(chooseChunks(nonzeros, rows),
                            std::clamp<int64_t>(wanted, 1, std::max<int64_t>(1, rows / kMinRowsPerChunk)));
  return makeParameters(
      problem.elementType.getContext(),
      {{"chunks", chunks}, {"k_block", block}, {"shared_rows", kMaxTileRows}, {"tile_rows", kMaxTileRows}});
}

PackedWeights PatternTileKernel::pack(const KernelProblem &problem, DictionaryAttr parameters) const {
  const format::DenseMatrix &matrix = problem.matrix;
  int64_t rows = matrix.shape.rows, cols = matrix.shape.cols;
  Blocking blocking(parameters, cols);
  PatternTileOptions options = getTileOptions(blocking, getVectors(problem), problem.vectorBytes());

  // Chunks of rows, in whole tiles.
  std::vector<int64_t> lengths((rows + blocking.tileRows - 1) / blocking.tileRows);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t col = 0; col < cols; ++col)
      lengths[row / blocking.tileRows] += !matrix.isZero(row, col);
  std::vector<int64_t> bounds = balanceChunks(lengths, blocking.chunks);

  std::vector<int64_t> tasks, tileRows, steps, positions, indices;
  std::vector<uint8_t> values;
  for (int64_t chunk = 0; chunk < blocking.chunks; ++chunk) {
    int64_t rowBegin = std::min(rows, bounds[chunk] * blocking.tileRows);
    int64_t rowEnd = std::min(rows, bounds[chunk + 1] * blocking.tileRows);
    for (int64_t kb = 0; kb < blocking.kBlocks; ++kb) {
      int64_t begin = kb * blocking.kBlock, end = std::min(cols, begin + blocking.kBlock);
      std::vector<PatternTile> tiles = makePatternTiles(matrix, rowBegin, rowEnd, begin, end, options);
      if (kb != 0 && kb != blocking.kBlocks - 1)
        llvm::erase_if(tiles, [](const PatternTile &tile) { return tile.columns.empty(); });
      tasks.push_back(steps.size());
      tasks.push_back(steps.size() + llvm::count_if(tiles, [&](const PatternTile &tile) {
                        return static_cast<int64_t>(tile.rows.size()) == blocking.tileRows;
                      }));
      for (const PatternTile &tile : tiles) {
        positions.push_back(indices.size());
        positions.push_back(values.size() / matrix.elementBytes);
        int64_t word = 0;
        auto column = tile.columns.begin();
        for (int64_t size = tile.rows.size(); size >= 1; --size) {
          word |= tile.steps[size - 1] << (16 * (size - 1));
          std::vector<unsigned> patterns = listPatterns(tile.rows.size(), size);
          for (int64_t step = 0; step < tile.steps[size - 1]; ++step)
            for (unsigned pattern : patterns) {
              indices.push_back(*column);
              for (auto [r, row] : llvm::enumerate(tile.rows))
                if (pattern >> r & 1) {
                  const uint8_t *element = matrix.element(row, *column);
                  values.insert(values.end(), element, element + matrix.elementBytes);
                }
              ++column;
            }
        }
        steps.push_back(word);
        tileRows.insert(tileRows.end(), tile.rows.begin(), tile.rows.end());
        tileRows.resize(steps.size() * blocking.tileRows, tile.rows.front());
      }
    }
  }
  tasks.push_back(steps.size());
  MLIRContext *context = problem.elementType.getContext();
  unsigned indexBytes = cols <= (int64_t(1) << 16) ? 2 : 4;
  int64_t stored = values.size() / matrix.elementBytes;
  return {{makeIntegers(context, 4, tasks), makeIntegers(context, 4, tileRows), makeIntegers(context, 8, steps),
           makeIntegers(context, 4, positions), makeIntegers(context, indexBytes, indices),
           makeValues(problem.weightType, values)},
          stored};
}

LogicalResult PatternTileKernel::emit(KernelMatmulOp op, OpBuilder &builder) const {
  if (failed(checkStorage(op, "iiiiiv")))
    return failure();
  Location loc = op.getLoc();
  Value tasks = op.getStorage()[0], rows = op.getStorage()[1], steps = op.getStorage()[2];
  Value positions = op.getStorage()[3], indices = op.getStorage()[4], values = op.getStorage()[5];
  if (!cast<MemRefType>(steps.getType()).getElementType().isInteger(64))
    return op.emitOpError() << "kernel 'pattern-tile' needs its steps, storage buffer 2, as i64, got "
                            << steps.getType();
  Blocking blocking(op.getParameters(), op.getCols());
  int64_t expected = 2 * blocking.chunks * blocking.kBlocks + 1;
  if (cast<MemRefType>(tasks.getType()).getDimSize(0) != expected)
    return op.emitOpError() << "kernel 'pattern-tile' needs two numbers of tiles for each of " << blocking.chunks
                            << " chunks x " << blocking.kBlocks << " k blocks and the end, got " << tasks.getType();

  auto emitTile = [&](OpBuilder &b, const PanelWork &work, Value kb, Value tile, int64_t tileRows) {
    KernelEmitter e(b, loc);
    SmallVector<Value> numbers;
    Value firstRow = e.mul(tile, blocking.tileRows);
    for (int64_t r = 0; r < tileRows; ++r)
      numbers.push_back(e.loadIndex(rows, e.add(firstRow, r)));
    Value word = memref::LoadOp::create(b, loc, steps, tile);
    Value position = e.mul(tile, 2);
    Value index = e.loadIndex(positions, position), value = e.loadIndex(positions, e.add(position, 1));
    auto isBlock = [&](int64_t number) -> Value {
      if (blocking.kBlocks == 1)
        return {};
      return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, kb, e.index(number));
    };
    PatternTileEmitter emitter(op, b, work, numbers);
    emitter.start(isBlock(0));
    for (int64_t size = std::min(blocking.shared, tileRows); size >= 1; --size) {
      Value shift = arith::ConstantIntOp::create(b, loc, b.getI64Type(), 16 * (size - 1));
      Value mask = arith::ConstantIntOp::create(b, loc, b.getI64Type(), 0xffff);
      Value bits = arith::AndIOp::create(b, loc, b.createOrFold<arith::ShRUIOp>(loc, word, shift), mask);
      Value count = arith::IndexCastUIOp::create(b, loc, b.getIndexType(), bits);
      emitter.addSteps(listPatterns(tileRows, size), count, indices, values, index, value);
    }
    emitter.finish(isBlock(blocking.kBlocks - 1));
  };

  emitPanelLoops(op, builder, blocking.chunks, [&](OpBuilder &b, const PanelWork &work) {
    KernelEmitter e(b, loc);
    emitFor(b, loc, e.index(0), e.index(blocking.kBlocks), 1, [&](OpBuilder &b, Value kb) {
      KernelEmitter e(b, loc);
      Value task = e.mul(e.add(e.mul(work.chunk, blocking.kBlocks), kb), 2);
      Value begin = e.loadIndex(tasks, task), middle = e.loadIndex(tasks, e.add(task, 1));
      Value end = e.loadIndex(tasks, e.add(task, 2));
      auto tiles = [&](Value begin, Value end, int64_t tileRows) {
        emitFor(b, loc, begin, end, 1, [&](OpBuilder &b, Value tile) { emitTile(b, work, kb, tile, tileRows); });
      };
      tiles(begin, middle, blocking.tileRows);
      if (blocking.tileRows > 1 && op.getRows() % blocking.tileRows != 0)
        tiles(middle, end, 1);
    });
  });
  return success();
}

const CpuKernel *spnn::getPatternTileKernel() {
  static const PatternTileKernel kernel;
  return &kernel;
}
