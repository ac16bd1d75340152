//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel "spmm": the sum or mean over neighbours, a sparse matrix times a dense one.
//
// Storage: positions (i32, rows + 1) and indices (i32, edges) of compressed rows; rows (i32, rows), optional: which row
//          each one is, 0 to rows - 1 in any order.
// Inputs:  features [cols, F]; edge_values [edges] or [edges, H], order [edges], row_scales [rows], column_scales
// [cols],
//          bias [F], seed (i64), all optional.
// Inits:   result [rows, F].
// Parameters: mean (0 or 1), prefetch (edges ahead of which rows of features are fetched, and rows of the result some
// rows ahead; 0 for none), rate (f64) and stream (i64)
//          of the dropout that comes last, where there is a seed.
//
// result = dropout(activation(row scale * sum + bias)). Rows have one owner each. The features of a block of columns,
// eight vectors at most, are summed in registers over the edges of the row.
//
//===----------------------------------------------------------------------===//
#include "../Dropout.h"
#include "GraphEmitter.h"
#include "GraphKernels.h"
#include "RowBlocks.h"

using namespace mlir;
using namespace spnn;

namespace {
/// What the loops share.
struct Spmm {
  Spmm(KernelGraphOp op, int64_t vectorBytes)
      : op(op), loc(op.getLoc()), positions(op.getStorage()[0]), indices(op.getStorage()[1]),
        features(op.getInput("features")), edgeValues(op.getInput("edge_values")), order(op.getInput("order")),
        rowScales(op.getInput("row_scales")), columnScales(op.getInput("column_scales")), bias(op.getInput("bias")),
        seed(op.getInput("seed")), result(op.getInit()[0]), elements(getVectorElements(result, vectorBytes)) {
    auto type = cast<MemRefType>(features.getType());
    columns = type.getDimSize(1);
    if (edgeValues && cast<MemRefType>(edgeValues.getType()).getRank() == 2)
      heads = cast<MemRefType>(edgeValues.getType()).getDimSize(1);
  }

  /// Weight of an edge for each piece, empty if it is 1.
  SmallVector<Value> loadWeights(OpBuilder &b, const RowBlock &block, Value edge, Value column) const;
  /// The sums of a row; `begin` to `end` are its edges.
  SmallVector<Value> sum(OpBuilder &b, const RowBlock &block, Value begin, Value end) const;
  /// Fetches a row of `matrix`, as many columns as the block has.
  void fetch(OpBuilder &b, const RowBlock &block, Value matrix, Value row, bool isWrite) const;
  void finish(OpBuilder &b, const RowBlock &block, Value row, Value scale, ArrayRef<Value> sums) const;
  /// What sums are multiplied by, null for 1.
  Value loadScale(OpBuilder &b, Value row, Value begin, Value end) const;

  mutable KernelGraphOp op; // getters of ops are not const
  Location loc;
  Value positions, indices, features, edgeValues, order, rowScales, columnScales, bias, seed, result;
  int64_t elements, columns, heads = 0; ///< elements of a vector; heads is 0 for edge values of rank 1
  int64_t prefetch = 0;
  bool isMean = false;
  Value key, count, lastEdge; ///< of dropout; dynamic columns; number of the last edge
};

class SpmmKernel : public GraphKernel {
public:
  StringRef name() const override { return "spmm"; }
  LogicalResult emit(KernelGraphOp op, OpBuilder &builder, int64_t vectorBytes) const override;
};
} // namespace

SmallVector<Value> Spmm::loadWeights(OpBuilder &b, const RowBlock &block, Value edge, Value column) const {
  KernelEmitter e(b, loc);
  if (!edgeValues && !columnScales)
    return {};
  Value common; // to all columns
  if (columnScales)
    common = memref::LoadOp::create(b, loc, columnScales, column);
  if (edgeValues && order)
    edge = e.loadIndex(order, edge);
  if (edgeValues && heads == 0) {
    Value value = memref::LoadOp::create(b, loc, edgeValues, edge);
    common = common ? arith::MulFOp::create(b, loc, common, value).getResult() : value;
  }
  SmallVector<Value> weights;
  for (const RowPiece &piece : block.pieces) {
    Value weight = common ? e.broadcast(common, piece.elements) : Value();
    if (heads > 0) {
      // A head has `width` columns; the piece begins in head `first` and ends in head `last`.
      int64_t width = columns / heads, from = *block.knownOffset + piece.offset;
      int64_t first = from / width, last = (from + piece.active - 1) / width;
      Value value;
      if (first == last) {
        value =
            e.broadcast(memref::LoadOp::create(b, loc, edgeValues, ValueRange{edge, e.index(first)}), piece.elements);
      } else {
        auto type = VectorType::get({last - first + 1}, cast<MemRefType>(edgeValues.getType()).getElementType());
        Value own = vector::LoadOp::create(b, loc, type, edgeValues, ValueRange{edge, e.index(first)});
        SmallVector<int64_t> lanes;
        for (int64_t lane = 0; lane < piece.elements; ++lane)
          lanes.push_back((from + std::min(lane, piece.active - 1)) / width - first);
        value = vector::ShuffleOp::create(b, loc, own, own, lanes);
      }
      weight = weight ? arith::MulFOp::create(b, loc, weight, value).getResult() : value;
    }
    weights.push_back(weight);
  }
  return weights;
}

void Spmm::fetch(OpBuilder &b, const RowBlock &block, Value matrix, Value row, bool isWrite) const {
  KernelEmitter e(b, loc);
  int64_t perLine = 64 * 8 / cast<MemRefType>(matrix.getType()).getElementTypeBitWidth(), next = 0;
  for (const RowPiece &piece : block.pieces)
    if (piece.offset >= next) {
      memref::PrefetchOp::create(b, loc, matrix, ValueRange{row, e.add(block.offset, piece.offset)}, isWrite,
                                 /*localityHint=*/3, /*isDataCache=*/true);
      next = piece.offset + perLine;
    }
}

SmallVector<Value> Spmm::sum(OpBuilder &b, const RowBlock &block, Value begin, Value end) const {
  KernelEmitter e(b, loc);
  Type element = cast<MemRefType>(features.getType()).getElementType();
  int64_t pieces = block.pieces.size();
  // An addition takes four cycles; four independent ones keep the unit busy.
  int64_t unroll = pieces >= 4 ? 1 : pieces >= 2 ? 2 : 4;
  auto addEdge = [&](OpBuilder &b, Value edge, MutableArrayRef<Value> sums) {
    KernelEmitter e(b, loc);
    Value column = e.loadIndex(indices, edge);
    if (prefetch > 0) {
      // The row of an edge some way on, which may belong to the next row.
      Value ahead = e.loadIndex(indices, e.min(e.add(edge, prefetch), lastEdge));
      fetch(b, block, features, ahead, /*isWrite=*/false);
    }
    SmallVector<Value> weights = loadWeights(b, block, edge, column);
    for (auto [number, piece] : llvm::enumerate(block.pieces)) {
      Value x = loadPiece(b, loc, features, column, block, piece);
      sums[number] = weights.empty()
                         ? arith::AddFOp::create(b, loc, sums[number], x, arith::FastMathFlags::contract).getResult()
                         : e.multiplyAdd(weights[number], x, sums[number]);
    }
  };
  SmallVector<Value> sums;
  for (int64_t u = 0; u < unroll; ++u)
    for (const RowPiece &piece : block.pieces)
      sums.push_back(arith::ConstantOp::create(b, loc, b.getZeroAttr(VectorType::get({piece.elements}, element))));
  Value full = begin;
  if (unroll > 1) {
    Value length = e.sub(end, begin);
    full = e.add(begin, e.mul(arith::DivUIOp::create(b, loc, length, e.index(unroll)), unroll));
    auto loop = scf::ForOp::create(
        b, loc, begin, full, e.index(unroll), sums, [&](OpBuilder &b, Location, Value edge, ValueRange carried) {
          SmallVector<Value> next(carried);
          for (int64_t u = 0; u < unroll; ++u)
            addEdge(b, KernelEmitter(b, loc).add(edge, u), MutableArrayRef<Value>(next).slice(u * pieces, pieces));
          scf::YieldOp::create(b, loc, next);
        });
    sums.assign(loop.getResults().begin(), loop.getResults().end());
  }
  auto rest = scf::ForOp::create(b, loc, full, end, e.index(1), ArrayRef<Value>(sums).take_front(pieces),
                                 [&](OpBuilder &b, Location, Value edge, ValueRange carried) {
                                   SmallVector<Value> next(carried);
                                   addEdge(b, edge, next);
                                   scf::YieldOp::create(b, loc, next);
                                 });
  llvm::copy(rest.getResults(), sums.begin());
  for (int64_t width = unroll; width > 1; width /= 2)
    for (int64_t i = 0; i < width / 2 * pieces; ++i)
      sums[i] = arith::AddFOp::create(b, loc, sums[i], sums[i + width / 2 * pieces]);
  sums.resize(pieces);
  return sums;
}

Value Spmm::loadScale(OpBuilder &b, Value row, Value begin, Value end) const {
  KernelEmitter e(b, loc);
  Value scale;
  if (rowScales)
    scale = memref::LoadOp::create(b, loc, rowScales, row);
  if (!isMean)
    return scale;
  // A row without edges is a sum of 0, divided by 1.
  Type element = cast<MemRefType>(result.getType()).getElementType();
  Value degree = b.createOrFold<arith::MaxSIOp>(loc, e.sub(end, begin), e.index(1));
  degree = arith::IndexCastOp::create(b, loc, b.getI32Type(), degree);
  degree = arith::SIToFPOp::create(b, loc, element, degree);
  if (!scale)
    scale = arith::ConstantOp::create(b, loc, b.getFloatAttr(element, 1.0));
  return arith::DivFOp::create(b, loc, scale, degree);
}

void Spmm::finish(OpBuilder &b, const RowBlock &block, Value row, Value scale, ArrayRef<Value> sums) const {
  KernelEmitter e(b, loc);
  for (auto [piece, sum] : llvm::zip_equal(block.pieces, sums)) {
    Value x = sum;
    auto type = cast<VectorType>(x.getType());
    Value bias = this->bias ? loadPiece(b, loc, this->bias, block, piece) : Value();
    if (scale) {
      Value spread = e.broadcast(scale, piece.elements);
      x = bias ? e.multiplyAdd(spread, x, bias) : arith::MulFOp::create(b, loc, spread, x).getResult();
    } else if (bias) {
      x = arith::AddFOp::create(b, loc, x, bias);
    }
    x = e.activate(op.getActivation(), x);
    if (key) {
      double rate = op.getParameters().getAs<FloatAttr>("rate").getValueAsDouble();
      int64_t rows = cast<MemRefType>(result.getType()).getDimSize(0);
      bool isLow =
          !ShapedType::isDynamic(rows) && !ShapedType::isDynamic(columns) && rows * columns <= (int64_t(1) << 32);
      Value width = ShapedType::isDynamic(columns) ? count : e.index(columns);
      Value first = e.add(e.mul(row, width), e.add(block.offset, piece.offset));
      Value keep = emitDropoutMask(b, loc, key, first, piece.elements, isLow, rate);
      FloatAttr factor = b.getFloatAttr(type.getElementType(), 1 / (1 - rate));
      Value scaled = arith::MulFOp::create(
          b, loc, x, arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, Attribute(factor))));
      Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
      x = arith::SelectOp::create(b, loc, keep, scaled, zero);
    }
    storePiece(b, loc, x, result, row, block, piece);
  }
}

LogicalResult SpmmKernel::emit(KernelGraphOp op, OpBuilder &builder, int64_t vectorBytes) const {
  if (failed(checkGraphOperands(op, {"features"},
                                {"edge_values", "order", "row_scales", "column_scales", "bias", "seed"}, 1,
                                /*mayNumberRows=*/true)))
    return failure();
  Spmm spmm(op, vectorBytes);
  if (spmm.heads != 0 && (ShapedType::isDynamic(spmm.heads) || ShapedType::isDynamic(spmm.columns)))
    return op.emitOpError() << "kernel 'spmm' needs numbers of heads and columns that are known when compiling";
  Location loc = op.getLoc();
  KernelEmitter e(builder, loc);
  spmm.isMean = getParameter(op.getParameters(), "mean", 0) != 0;
  spmm.prefetch = getParameter(op.getParameters(), "prefetch", 0);
  if (spmm.seed) {
    if (!op.getParameters().getAs<FloatAttr>("rate"))
      return op.emitOpError() << "kernel 'spmm' needs parameter 'rate' beside a seed";
    spmm.key = emitDropoutKey(builder, loc, spmm.seed, getParameter(op.getParameters(), "stream", 0));
  }
  if (ShapedType::isDynamic(spmm.columns))
    spmm.count = memref::DimOp::create(builder, loc, spmm.features, 1);
  if (spmm.prefetch > 0)
    spmm.lastEdge = e.sub(builder.createOrFold<memref::DimOp>(loc, spmm.indices, 0), e.index(1));
  Value numbers = op.getStorage().size() == 3 ? op.getStorage()[2] : Value(), lastRow;
  if (spmm.prefetch > 0)
    lastRow = e.sub(builder.createOrFold<memref::DimOp>(loc, spmm.result, 0), e.index(1));
  // A store waits for the line that it changes; 2 to 8 rows ahead measure alike.
  constexpr int64_t kMaxPieces = 8, kRowWeight = 2, kRowsAhead = 4;
  emitGraphRows(builder, loc, spmm.positions, op.getParallel(), kRowWeight,
                [&](OpBuilder &b, Value row, Value begin, Value end) {
                  KernelEmitter e(b, loc);
                  Value ahead = lastRow ? e.min(e.add(row, kRowsAhead), lastRow) : Value();
                  if (numbers) {
                    row = e.loadIndex(numbers, row);
                    ahead = ahead ? e.loadIndex(numbers, ahead) : ahead;
                  }
                  Value scale = spmm.loadScale(b, row, begin, end);
                  emitRowBlocks(b, loc, spmm.columns, spmm.count, spmm.elements, kMaxPieces,
                                /*unroll=*/spmm.heads != 0, /*useMasks=*/vectorBytes >= 64,
                                [&](OpBuilder &b, const RowBlock &block) {
                                  if (ahead)
                                    spmm.fetch(b, block, spmm.result, ahead, /*isWrite=*/true);
                                  spmm.finish(b, block, row, scale, spmm.sum(b, block, begin, end));
                                });
                });
  return success();
}

const GraphKernel *spnn::getSpmmKernel() {
  static const SpmmKernel kernel;
  return &kernel;
}
