//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel "dot": CSR and r x 1 blocks of bf16 or i8, whose products the target adds up two or four at a time.
//
//===----------------------------------------------------------------------===//
//
// Storage operands:
//   bounds       i32[chunks + 1]                  row tile at which a chunk begins
//   positions    i32[row tiles + 1]               group at which a row tile begins
//   indices      i16 or i32[groups * lanes]       columns
//   corrections  i32[rows]                        of i8: -128 times the sum of the row's weights; of bf16: none
//   values       T[groups * tile rows * lanes]    row by row inside a group
//
// A group is `lanes` columns (2 of bf16, 4 of i8) of a row tile, at most four rows of a block. Rows of X that the
// columns select are interleaved in registers, so that 32 bits hold what vdpbf16ps and vpdpbusd add up: within lanes of
// 128 bits, as the shuffles of the machine work, so that accumulators hold the columns of a panel in another order,
// which is put right once at the end of a row tile. vpdpbusd multiplies unsigned by signed: x + 128 stands for x, and
// sums start from what that adds.
//
//===----------------------------------------------------------------------===//
#include "FormatNames.h"
#include "KernelEmitter.h"
#include "RowPattern.h"
#include "spnn/Lowering/CpuKernel.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace spnn;

namespace {
constexpr int64_t kMaxBlockRows = 16;
/// Accumulators of four vectors a row, the interleaved rows of X, and a weight: 32 registers.
constexpr int64_t kMaxTileRows = 4;
constexpr int64_t kVector = 16, kVectors = 4; ///< of the form with instructions

/// Rows of a block as the kernel takes them; false for other formats.
bool getBlockRows(StringRef formatName, int64_t &rows) {
  int64_t cols = 1;
  rows = 1;
  return formatName == "csr" || (parseBlockName(formatName, rows, cols) && cols == 1);
}

int64_t getTileRows(int64_t blockRows) {
  int64_t rows = std::min(blockRows, kMaxTileRows);
  while (blockRows % rows != 0)
    --rows;
  return rows;
}

int64_t getLanes(Type type) { return type.isBF16() ? 2 : 4; }

class DotKernel : public CpuKernel {
public:
  StringRef name() const override { return "dot"; }
  bool takesFormat(StringRef formatName) const override {
    int64_t rows;
    return getBlockRows(formatName, rows);
  }
  std::optional<std::string> checkTypes(const KernelProblem &problem) const override {
    bool isDot = problem.weightType.isBF16() || problem.weightType.isInteger(8);
    if (!isDot || problem.weightType != problem.rhsType || !problem.elementType.isF32())
      return "the kernel multiplies bf16 by bf16 or i8 by i8";
    return std::nullopt;
  }
  std::optional<std::string> checkProblem(const KernelProblem &problem) const override;
  PanelsAttr getPanels(const KernelProblem &problem) const override {
    int64_t vector = problem.vectorElements;
    return PanelsAttr::get(problem.elementType.getContext(), kVectors * vector, vector);
  }
  DictionaryAttr getParameters(const KernelProblem &problem) const override;
  std::string getCostName(DictionaryAttr parameters) const override {
    return getParameter(parameters, "dot", 0) ? "dot" : "dot-emulated";
  }
  int64_t countStoredValues(const KernelProblem &problem, DictionaryAttr parameters, int64_t) const override;
  double getValueCost(DictionaryAttr parameters, int64_t columns) const override {
    // The coefficients are those of tiles of four rows. Interleaving, which the rows of a tile share, takes as long as
    // the products of one of them (bf16) or of nearly two (i8).
    constexpr double kInterleaving = 1.4;
    auto cost = [](int64_t tileRows) { return 1 + kInterleaving / static_cast<double>(tileRows); };
    return cost(getTileRows(getParameter(parameters, "block_rows", 1))) / cost(kMaxTileRows);
  }
  uint64_t countBytes(const KernelProblem &problem, DictionaryAttr parameters, uint64_t) const override;
  PackedWeights pack(const KernelProblem &problem, DictionaryAttr parameters) const override;
  LogicalResult emit(KernelMatmulOp op, OpBuilder &builder) const override;
};

/// Groups of the row tiles of a block row, for each of them.
int64_t countGroups(const KernelProblem &problem, int64_t blockRows) {
  RowPattern pattern = findPattern(problem.matrix, blockRows);
  int64_t lanes = getLanes(problem.weightType), groups = 0;
  for (int64_t row = 0; row < pattern.rows(); ++row)
    groups += (pattern.length(row) + lanes - 1) / lanes;
  return groups * (blockRows / getTileRows(blockRows));
}

unsigned getIndexBytes(const KernelProblem &problem) { return problem.matrix.shape.cols <= (int64_t(1) << 16) ? 2 : 4; }

/// Emits the steps of a row tile. Sums are row by row, `work.vectors` vectors each.
class TileEmitter {
public:
  TileEmitter(KernelMatmulOp op, const PanelWork &work, int64_t tileRows, bool hasDot)
      : op(op), work(work), loc(op.getLoc()), type(cast<MemRefType>(op.getRhs().getType()).getElementType()),
        lanes(getLanes(type)), tileRows(tileRows), vector(op.getPanels().getVector()), stride(work.vectors * vector),
        hasDot(hasDot) {}

  VectorType sumType(OpBuilder &b) const {
    return VectorType::get({vector}, type.isBF16() ? Type(b.getF32Type()) : Type(b.getI32Type()));
  }
  /// What the sums of a row start from.
  Value start(OpBuilder &b, Value row) const;
  /// The sums after one more group.
  SmallVector<Value> step(OpBuilder &b, Value group, ValueRange sums) const;
  /// The finished sums of one row as f32, in the order of the panel's columns.
  SmallVector<Value> finish(OpBuilder &b, ValueRange sums) const;

private:
  SmallVector<Value> stepEmulated(OpBuilder &b, Value group, ArrayRef<Value> rows, ValueRange sums) const;
  /// The rows of X interleaved: for each vector of sums 16 x 32 bits.
  SmallVector<Value> interleave(OpBuilder &b, ArrayRef<Value> rows) const;
  Value dot(OpBuilder &b, Value sum, Value x, Value weights) const;

  Value indices() const { return op.getStorage()[2]; }
  Value corrections() const { return op.getStorage()[3]; }
  Value values() const { return op.getStorage()[4]; }

  mutable KernelMatmulOp op; // getters of ops are not const
  const PanelWork &work;
  Location loc;
  Type type;
  int64_t lanes, tileRows, vector, stride;
  bool hasDot;
};
} // namespace

std::optional<std::string> DotKernel::checkProblem(const KernelProblem &problem) const {
  int64_t rows;
  if (!getBlockRows(problem.formatName, rows))
    return "the weights are neither in CSR nor in blocks of one column";
  if (rows > kMaxBlockRows)
    return "blocks have at most " + std::to_string(kMaxBlockRows) + " rows";
  return std::nullopt;
}

DictionaryAttr DotKernel::getParameters(const KernelProblem &problem) const {
  int64_t rows = 1;
  getBlockRows(problem.formatName, rows);
  int64_t tileRows = getTileRows(rows), stored = countGroups(problem, rows) * getLanes(problem.weightType) * tileRows;
  return makeParameters(problem.elementType.getContext(),
                        {{"block_rows", rows},
                         {"chunks", chooseChunks(stored, problem.matrix.shape.rows / tileRows)},
                         {"dot", problem.hasDot && problem.vectorElements == kVector}});
}

int64_t DotKernel::countStoredValues(const KernelProblem &problem, DictionaryAttr parameters, int64_t) const {
  int64_t rows = getParameter(parameters, "block_rows", 1);
  return countGroups(problem, rows) * getLanes(problem.weightType) * getTileRows(rows);
}

uint64_t DotKernel::countBytes(const KernelProblem &problem, DictionaryAttr parameters, uint64_t) const {
  int64_t rows = getParameter(parameters, "block_rows", 1), tileRows = getTileRows(rows);
  uint64_t stored = countStoredValues(problem, parameters, 0);
  return stored * problem.matrix.elementBytes + stored / tileRows * getIndexBytes(problem) +
         4 * (problem.matrix.shape.rows + problem.matrix.shape.rows / tileRows);
}

PackedWeights DotKernel::pack(const KernelProblem &problem, DictionaryAttr parameters) const {
  const format::DenseMatrix &matrix = problem.matrix;
  bool isFloat = problem.weightType.isBF16();
  int64_t blockRows = getParameter(parameters, "block_rows", 1), tileRows = getTileRows(blockRows);
  int64_t lanes = getLanes(problem.weightType);
  RowPattern pattern = findPattern(matrix, blockRows);
  std::vector<int64_t> positions{0}, indices, corrections, lengths;
  std::vector<uint8_t> values;
  const std::vector<uint8_t> zero(matrix.elementBytes, 0);
  auto append = [&](const uint8_t *element) { values.insert(values.end(), element, element + matrix.elementBytes); };
  for (int64_t first = 0, end = pattern.rows() * blockRows; first < end; first += tileRows) {
    ArrayRef<int64_t> columns = pattern.row(first / blockRows);
    int64_t count = static_cast<int64_t>(columns.size());
    for (int64_t group = 0; group < count; group += lanes) {
      for (int64_t lane = 0; lane < lanes; ++lane)
        indices.push_back(columns[std::min(group + lane, count - 1)]);
      for (int64_t row = first; row < first + tileRows; ++row) {
        // A column that only fills up the last pair: zero times infinity would spoil a sum of floats, so that the
        // column before comes twice with half its weight, which is exact down to the smallest normal number.
        constexpr unsigned kHalvable = 2;
        const uint8_t *last = matrix.element(row, columns[count - 1]);
        unsigned bits = isFloat ? last[0] | last[1] << 8 : 0, exponent = bits >> 7 & 0xff;
        bool halves = isFloat && group + 1 == count && exponent >= kHalvable && exponent != 0xff;
        if (halves) {
          bits -= 1 << 7;
          uint8_t half[2] = {static_cast<uint8_t>(bits), static_cast<uint8_t>(bits >> 8)};
          append(half);
          append(half);
          continue;
        }
        for (int64_t lane = 0; lane < lanes; ++lane)
          append(group + lane < count ? matrix.element(row, columns[group + lane]) : zero.data());
      }
    }
    lengths.push_back(static_cast<int64_t>(indices.size()) / lanes - positions.back());
    positions.push_back(static_cast<int64_t>(indices.size()) / lanes);
  }
  if (!isFloat)
    for (int64_t row = 0; row < matrix.shape.rows; ++row) {
      int64_t sum = 0;
      for (int64_t col = 0; col < matrix.shape.cols; ++col)
        sum += static_cast<int8_t>(*matrix.element(row, col));
      corrections.push_back(-128 * sum);
    }
  MLIRContext *context = problem.elementType.getContext();
  int64_t stored = static_cast<int64_t>(values.size() / matrix.elementBytes);
  return {{makeIntegers(context, 4, balanceChunks(lengths, getParameter(parameters, "chunks", 1))),
           makeIntegers(context, 4, positions), makeIntegers(context, getIndexBytes(problem), indices),
           makeIntegers(context, 4, corrections), makeValues(problem.weightType, values)},
          stored};
}

//===----------------------------------------------------------------------===//
// TileEmitter
//===----------------------------------------------------------------------===//

Value TileEmitter::start(OpBuilder &b, Value row) const {
  if (hasDot && !type.isBF16())
    return KernelEmitter(b, loc).loadBroadcast(corrections(), row, vector);
  return arith::ConstantOp::create(b, loc, b.getZeroAttr(sumType(b)));
}

/// What a shuffle takes from the vectors `a` and `b` of `elements` each, of elements of `bits`: low or high halves of
/// their lanes of 128 bits, interleaved (vpunpckl*, vpunpckh*).
static Value unpack(OpBuilder &builder, Location loc, Value a, Value b, bool high) {
  auto type = cast<VectorType>(a.getType());
  int64_t elements = type.getNumElements(), lane = 128 / type.getElementTypeBitWidth();
  SmallVector<int64_t> mask;
  for (int64_t first = 0; first < elements; first += lane)
    for (int64_t i = 0; i < lane / 2; ++i)
      for (int64_t from : {int64_t(0), elements})
        mask.push_back(from + first + (high ? lane / 2 : 0) + i);
  return vector::ShuffleOp::create(builder, loc, a, b, mask);
}

static Value bitcast(OpBuilder &b, Location loc, Value x, Type element) {
  auto type = cast<VectorType>(x.getType());
  int64_t elements = type.getNumElements() * type.getElementTypeBitWidth() / element.getIntOrFloatBitWidth();
  return vector::BitCastOp::create(b, loc, VectorType::get({elements}, element), x);
}

SmallVector<Value> TileEmitter::interleave(OpBuilder &b, ArrayRef<Value> rows) const {
  KernelEmitter e(b, loc);
  Type i16 = b.getIntegerType(16);
  SmallVector<Value> result;
  auto load = [&](Value row, int64_t offset, int64_t elements) {
    Value x = e.loadVector(op.getRhs(), e.add(row, offset), elements);
    return type.isBF16() ? bitcast(b, loc, x, i16) : x;
  };
  if (work.vectors != kVectors) {
    // Narrow panels: 16 columns at a time, in their order.
    for (int64_t v = 0; v < work.vectors; ++v) {
      SmallVector<Value> xs;
      for (Value row : rows)
        xs.push_back(load(row, v * kVector, kVector));
      while (xs.size() > 1) {
        // a b c d to (a c) (b d), then to a b c d
        SmallVector<Value> next;
        for (size_t i = 0; i < xs.size() / 2; ++i)
          next.push_back(vector::InterleaveOp::create(b, loc, xs[i], xs[i + xs.size() / 2]));
        xs = next;
      }
      result.push_back(xs.front());
    }
    return result;
  }
  if (type.isBF16()) {
    for (int64_t half = 0; half < 2; ++half) {
      Value x = load(rows[0], 2 * half * kVector, 2 * kVector), y = load(rows[1], 2 * half * kVector, 2 * kVector);
      result.append({unpack(b, loc, x, y, false), unpack(b, loc, x, y, true)});
    }
    return result;
  }
  SmallVector<Value> pairs[2]; // of rows 0 and 1, of rows 2 and 3
  for (int64_t pair = 0; pair < 2; ++pair) {
    Value x = load(rows[2 * pair], 0, 4 * kVector), y = load(rows[2 * pair + 1], 0, 4 * kVector);
    for (bool high : {false, true})
      pairs[pair].push_back(bitcast(b, loc, unpack(b, loc, x, y, high), i16));
  }
  for (int64_t i = 0; i < 2; ++i)
    for (bool high : {false, true})
      result.push_back(bitcast(b, loc, unpack(b, loc, pairs[0][i], pairs[1][i], high), type));
  return result;
}

Value TileEmitter::dot(OpBuilder &b, Value sum, Value x, Value weights) const {
  StringRef name = type.isBF16() ? "llvm.x86.avx512bf16.dpbf16ps.512" : "llvm.x86.avx512.vpdpbusd.512";
  return LLVM::CallIntrinsicOp::create(b, loc, sum.getType(), b.getStringAttr(name), ValueRange{sum, x, weights})
      .getResult(0);
}

SmallVector<Value> TileEmitter::step(OpBuilder &b, Value group, ValueRange sums) const {
  KernelEmitter e(b, loc);
  SmallVector<Value> rows;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    Value column = e.loadIndex(indices(), e.add(e.mul(group, lanes), lane));
    rows.push_back(e.add(work.rhs, e.mul(column, stride)));
  }
  if (!hasDot)
    return stepEmulated(b, group, rows, sums);
  SmallVector<Value> xs = interleave(b, rows);
  for (Value &x : xs) {
    if (type.isBF16()) {
      x = bitcast(b, loc, x, type);
      continue;
    }
    auto vectorType = cast<VectorType>(x.getType());
    Value sign = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vectorType, b.getI8IntegerAttr(-128)));
    x = arith::XOrIOp::create(b, loc, x, sign);
  }
  SmallVector<Value> next(sums);
  for (int64_t row = 0; row < tileRows; ++row) {
    Value at = e.mul(e.add(e.mul(group, tileRows), row), lanes);
    Value word = bitcast(b, loc, e.loadVector(values(), at, lanes), b.getI32Type());
    word = vector::ExtractOp::create(b, loc, word, ArrayRef<int64_t>{0});
    Value weights = bitcast(b, loc, e.broadcast(word, kVector), type);
    for (int64_t v = 0; v < work.vectors; ++v)
      next[row * work.vectors + v] = dot(b, next[row * work.vectors + v], xs[v], weights);
  }
  return next;
}

SmallVector<Value> TileEmitter::stepEmulated(OpBuilder &b, Value group, ArrayRef<Value> rows, ValueRange sums) const {
  KernelEmitter e(b, loc);
  Type element = sumType(b).getElementType();
  SmallVector<Value> next(sums);
  for (int64_t lane = 0; lane < lanes; ++lane) {
    SmallVector<Value> xs;
    for (int64_t v = 0; v < work.vectors; ++v)
      xs.push_back(e.extend(e.loadVector(op.getRhs(), e.add(rows[lane], v * vector), vector), element));
    for (int64_t row = 0; row < tileRows; ++row) {
      Value at = e.add(e.mul(e.add(e.mul(group, tileRows), row), lanes), lane);
      Value weight = e.loadWeightBroadcast(values(), at, vector, element);
      for (int64_t v = 0; v < work.vectors; ++v) {
        Value &sum = next[row * work.vectors + v];
        if (type.isBF16())
          sum = e.multiplyAdd(weight, xs[v], sum);
        else
          sum = arith::AddIOp::create(b, loc, sum, arith::MulIOp::create(b, loc, weight, xs[v]));
      }
    }
  }
  return next;
}

SmallVector<Value> TileEmitter::finish(OpBuilder &b, ValueRange sums) const {
  SmallVector<Value> result(sums);
  if (hasDot && work.vectors == kVectors) {
    // Lanes of four columns; `from` says which lane of which accumulators a vector of the panel consists of.
    auto collect = [&](Value a, Value c, ArrayRef<int64_t> from) -> Value {
      SmallVector<int64_t> mask;
      for (int64_t lane : from)
        for (int64_t i = 0; i < 4; ++i)
          mask.push_back(4 * lane + i);
      return vector::ShuffleOp::create(b, loc, a, c, mask);
    };
    if (type.isBF16()) {
      for (int64_t v = 0; v < kVectors; ++v) {
        int64_t pair = v / 2 * 2, first = v % 2 * 2;
        result[v] = collect(sums[pair], sums[pair + 1], {first, 4 + first, first + 1, 4 + first + 1});
      }
    } else {
      // Lane q of vector v is lane v of accumulator q: a transposition, by halves.
      Value low[2], high[2]; // lanes 0 and 1, 2 and 3 of accumulators 2p and 2p + 1
      for (int64_t p = 0; p < 2; ++p) {
        low[p] = collect(sums[2 * p], sums[2 * p + 1], {0, 1, 4, 5});
        high[p] = collect(sums[2 * p], sums[2 * p + 1], {2, 3, 6, 7});
      }
      for (int64_t v = 0; v < kVectors; ++v) {
        Value *from = v < 2 ? low : high;
        result[v] = collect(from[0], from[1], {v % 2, 2 + v % 2, 4 + v % 2, 6 + v % 2});
      }
    }
  }
  for (Value &sum : result)
    sum = KernelEmitter(b, loc).extend(sum, b.getF32Type());
  return result;
}

//===----------------------------------------------------------------------===//
// Emission
//===----------------------------------------------------------------------===//

LogicalResult DotKernel::emit(KernelMatmulOp op, OpBuilder &builder) const {
  if (failed(checkStorage(op, "iiiir")))
    return failure();
  Location loc = op.getLoc();
  DictionaryAttr parameters = op.getParameters();
  int64_t blockRows = getParameter(parameters, "block_rows", 1), tileRows = getTileRows(blockRows);
  bool hasDot = getParameter(parameters, "dot", 0) != 0;
  Type type = cast<MemRefType>(op.getRhs().getType()).getElementType();
  if (!type.isBF16() && !type.isInteger(8))
    return op.emitOpError() << "kernel 'dot' multiplies bf16 or i8, got a right-hand side " << op.getRhs().getType();
  if (op.getRows() % blockRows != 0)
    return op.emitOpError() << "kernel 'dot' needs rows that are a multiple of its block's " << blockRows << ", got "
                            << op.getRows();
  int64_t vector = op.getPanels().getVector();
  auto target = op->getParentOfType<ModuleOp>()->getAttrOfType<TargetAttr>(kTargetAttrName);
  if (hasDot &&
      (vector != kVector || op.getPanels().getWidth() != kVectors * kVector || !target || !target.hasDot(type)))
    return op.emitOpError() << "kernel 'dot' needs panels of 64 columns and a target with instructions for " << type
                            << "; without, its parameter 'dot' must be 0";
  Value bounds = op.getStorage()[0], positions = op.getStorage()[1];
  Epilogue epilogue(op);

  auto emitTile = [&](OpBuilder &b, const PanelWork &work, Value tile) {
    KernelEmitter e(b, loc);
    TileEmitter emitter(op, work, tileRows, hasDot);
    Value row = e.mul(tile, tileRows);
    SmallVector<Value> sums;
    for (int64_t i = 0; i < tileRows; ++i)
      sums.append(work.vectors, emitter.start(b, e.add(row, i)));
    auto loop = scf::ForOp::create(b, loc, e.loadIndex(positions, tile), e.loadIndex(positions, e.add(tile, 1)),
                                   e.index(1), sums, [&](OpBuilder &b, Location, Value group, ValueRange sums) {
                                     scf::YieldOp::create(b, loc, emitter.step(b, group, sums));
                                   });
    for (int64_t i = 0; i < tileRows; ++i) {
      Value number = e.add(row, i), out = e.add(work.result, e.mul(number, work.vectors * vector));
      SmallVector<Value> finished = emitter.finish(b, loop.getResults().slice(i * work.vectors, work.vectors));
      for (int64_t v = 0; v < work.vectors; ++v) {
        Value result = epilogue.finish(b, finished[v], number, e.add(work.column, v * vector), /*fromZero=*/true);
        e.storeVector(result, op.getInit(), e.add(out, v * vector));
      }
    }
  };

  emitPanelLoops(op, builder, getParameter(parameters, "chunks", 1), [&](OpBuilder &b, const PanelWork &work) {
    KernelEmitter e(b, loc);
    emitFor(b, loc, e.loadIndex(bounds, work.chunk), e.loadIndex(bounds, e.add(work.chunk, 1)), 1,
            [&](OpBuilder &b, Value tile) { emitTile(b, work, tile); });
  });
  return success();
}

const CpuKernel *spnn::getDotKernel() {
  static const DotKernel kernel;
  return &kernel;
}
