//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels "sddmm" and "sddmm-add": a value for each edge from the features of its two ends.
//
// Storage: positions (i32, rows + 1) and indices (i32, edges) of compressed rows.
// Inputs:  rows [rows, F], columns [cols, F]; order [edges]; "sddmm": row_scales [rows], column_scales [cols]. All but
// the first two
//          are optional.
// Inits:   result [edges] or [edges, H].
//
// Dot products are summed by vectors, one for each 16 columns of a head, whose lanes are added at the end.
//
//===----------------------------------------------------------------------===//
#include "GraphEmitter.h"
#include "GraphKernels.h"
#include "RowBlocks.h"

using namespace mlir;
using namespace spnn;

namespace {
/// What the loops of both kernels share.
struct Sddmm {
  Sddmm(KernelGraphOp op, int64_t vectorBytes)
      : loc(op.getLoc()), positions(op.getStorage()[0]), indices(op.getStorage()[1]), rows(op.getInput("rows")),
        columns(op.getInput("columns")), order(op.getInput("order")), rowScales(op.getInput("row_scales")),
        columnScales(op.getInput("column_scales")), result(op.getInit()[0]), parallel(op.getParallel()),
        elements(getVectorElements(result, vectorBytes)), useMasks(vectorBytes >= 64) {
    features = cast<MemRefType>(columns.getType()).getDimSize(1);
    auto type = cast<MemRefType>(result.getType());
    heads = type.getRank() == 1 ? 1 : type.getDimSize(1);
  }

  /// Where the values of `edge` go.
  Value findSlot(OpBuilder &b, Value edge) const { return order ? KernelEmitter(b, loc).loadIndex(order, edge) : edge; }
  /// Emits a loop over all edges.
  void emitEdges(OpBuilder &builder, function_ref<void(OpBuilder &, Value row, Value edge, Value column)> body) const {
    emitGraphRows(builder, loc, positions, parallel, /*rowWeight=*/1,
                  [&](OpBuilder &b, Value row, Value begin, Value end) {
                    emitFor(b, loc, begin, end, 1, [&](OpBuilder &b, Value edge) {
                      body(b, row, edge, KernelEmitter(b, loc).loadIndex(indices, edge));
                    });
                  });
  }
  /// The dot product of head `head` (an index) of a row and a column.
  Value emitDot(OpBuilder &b, Value row, Value column, Value head) const;

  Location loc;
  Value positions, indices, rows, columns, order, rowScales, columnScales, result;
  bool parallel;
  int64_t elements, features, heads;
  bool useMasks;
};

class SddmmKernel : public GraphKernel {
public:
  StringRef name() const override { return "sddmm"; }
  LogicalResult emit(KernelGraphOp op, OpBuilder &builder, int64_t vectorBytes) const override;
};

class SddmmAddKernel : public GraphKernel {
public:
  StringRef name() const override { return "sddmm-add"; }
  LogicalResult emit(KernelGraphOp op, OpBuilder &builder, int64_t vectorBytes) const override;
};
} // namespace

Value Sddmm::emitDot(OpBuilder &b, Value row, Value column, Value head) const {
  KernelEmitter e(b, loc);
  Type element = cast<MemRefType>(columns.getType()).getElementType();
  auto multiply = [&](OpBuilder &b, const RowBlock &block, const RowPiece &piece, Value sum) -> Value {
    Value x = loadPiece(b, loc, rows, row, block, piece), y = loadPiece(b, loc, columns, column, block, piece);
    KernelEmitter e(b, loc);
    return sum ? e.multiplyAdd(x, y, sum) : arith::MulFOp::create(b, loc, x, y).getResult();
  };
  auto reduce = [&](OpBuilder &b, Value vector) -> Value {
    return vector::ReductionOp::create(b, loc, vector::CombiningKind::ADD, vector, arith::FastMathFlags::reassoc);
  };
  Value total = arith::ConstantOp::create(b, loc, b.getZeroAttr(element));
  if (ShapedType::isDynamic(features)) {
    // One vector at a time, with a mask.
    Value count = memref::DimOp::create(b, loc, columns, 1);
    Value width = arith::DivUIOp::create(b, loc, count, e.index(heads)), first = e.mul(head, width);
    auto type = VectorType::get({elements}, element);
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
    auto loop = scf::ForOp::create(b, loc, e.index(0), width, e.index(elements), ValueRange{zero},
                                   [&](OpBuilder &b, Location, Value at, ValueRange sums) {
                                     KernelEmitter e(b, loc);
                                     Value left = e.min(e.sub(width, at), e.index(elements));
                                     Value mask = vector::CreateMaskOp::create(
                                         b, loc, VectorType::get({elements}, b.getI1Type()), ValueRange{left});
                                     RowPiece piece{0, elements, elements, mask};
                                     RowBlock block{e.add(first, at), std::nullopt, {piece}};
                                     scf::YieldOp::create(b, loc, multiply(b, block, piece, sums[0]));
                                   });
    return reduce(b, loop.getResult(0));
  }
  int64_t width = features / heads;
  Value offset = e.mul(head, width);
  // Whole vectors are added up before their lanes are, and in two sums, so that an addition waits for none.
  llvm::SmallDenseMap<int64_t, SmallVector<Value, 2>> sums;
  if (width > 16 * elements) {
    int64_t step = 4 * elements, full = width / step * step;
    SmallVector<Value> zeros(
        4, arith::ConstantOp::create(b, loc, b.getZeroAttr(VectorType::get({elements}, element))).getResult());
    auto loop = scf::ForOp::create(b, loc, offset, e.add(offset, full), e.index(step), zeros,
                                   [&](OpBuilder &b, Location, Value at, ValueRange carried) {
                                     SmallVector<Value> next;
                                     for (int64_t i = 0; i < 4; ++i) {
                                       RowPiece piece{i * elements, elements, elements, {}};
                                       RowBlock block{at, std::nullopt, {piece}};
                                       next.push_back(multiply(b, block, piece, carried[i]));
                                     }
                                     scf::YieldOp::create(b, loc, next);
                                   });
    sums[elements].assign(loop.getResults().begin(), loop.getResults().end());
    offset = e.add(offset, full);
    width -= full;
  }
  emitRowBlocks(b, loc, width, {}, elements, /*maxPieces=*/16, /*unroll=*/true, useMasks,
                [&](OpBuilder &b, const RowBlock &block) {
                  RowBlock moved = block;
                  moved.offset = KernelEmitter(b, loc).add(offset, block.offset);
                  for (auto [i, piece] : llvm::enumerate(moved.pieces)) {
                    SmallVector<Value, 2> &own = sums[piece.elements];
                    if (own.size() < 2)
                      own.push_back(multiply(b, moved, piece, {}));
                    else
                      own[i % own.size()] = multiply(b, moved, piece, own[i % own.size()]);
                  }
                });
  for (int64_t length = elements; length > 0; length /= 2) {
    SmallVector<Value, 2> own = sums.lookup(length);
    if (own.empty())
      continue;
    Value sum = own[0];
    for (Value other : ArrayRef<Value>(own).drop_front())
      sum = arith::AddFOp::create(b, loc, sum, other);
    total = arith::AddFOp::create(b, loc, total, reduce(b, sum));
  }
  return total;
}

LogicalResult SddmmKernel::emit(KernelGraphOp op, OpBuilder &builder, int64_t vectorBytes) const {
  if (failed(checkGraphOperands(op, {"rows", "columns"}, {"order", "row_scales", "column_scales"}, 1)))
    return failure();
  Sddmm sddmm(op, vectorBytes);
  Location loc = op.getLoc();
  bool hasHeads = cast<MemRefType>(sddmm.result.getType()).getRank() == 2;
  if (ShapedType::isDynamic(sddmm.heads) || sddmm.heads == 0)
    return op.emitOpError() << "kernel 'sddmm' needs a positive number of heads that is known when compiling";
  sddmm.emitEdges(builder, [&](OpBuilder &b, Value row, Value edge, Value column) {
    KernelEmitter e(b, loc);
    Value slot = sddmm.findSlot(b, edge), scale;
    for (auto [scales, at] : {std::pair(sddmm.rowScales, row), std::pair(sddmm.columnScales, column)})
      if (scales) {
        Value own = memref::LoadOp::create(b, loc, scales, at);
        scale = scale ? arith::MulFOp::create(b, loc, scale, own).getResult() : own;
      }
    auto emitHead = [&](OpBuilder &b, Value head) {
      Value dot = sddmm.emitDot(b, row, column, head);
      if (scale)
        dot = arith::MulFOp::create(b, loc, dot, scale);
      memref::StoreOp::create(b, loc, dot, sddmm.result, hasHeads ? ValueRange{slot, head} : ValueRange{slot});
    };
    constexpr int64_t kUnrolledHeads = 16;
    if (sddmm.heads > kUnrolledHeads)
      emitFor(b, loc, e.index(0), e.index(sddmm.heads), 1, emitHead);
    else
      for (int64_t head = 0; head < sddmm.heads; ++head)
        emitHead(b, e.index(head));
  });
  return success();
}

LogicalResult SddmmAddKernel::emit(KernelGraphOp op, OpBuilder &builder, int64_t vectorBytes) const {
  if (failed(checkGraphOperands(op, {"rows", "columns"}, {"order"}, 1)))
    return failure();
  Sddmm sddmm(op, vectorBytes);
  Location loc = op.getLoc();
  bool hasHeads = cast<MemRefType>(sddmm.result.getType()).getRank() == 2;
  Value count = ShapedType::isDynamic(sddmm.features)
                    ? memref::DimOp::create(builder, loc, sddmm.columns, 1).getResult()
                    : Value();
  sddmm.emitEdges(builder, [&](OpBuilder &b, Value row, Value edge, Value column) {
    Value slot = sddmm.findSlot(b, edge);
    if (!hasHeads) {
      Value zero = KernelEmitter(b, loc).index(0);
      Value x = memref::LoadOp::create(b, loc, sddmm.rows, ValueRange{row, zero});
      Value y = memref::LoadOp::create(b, loc, sddmm.columns, ValueRange{column, zero});
      memref::StoreOp::create(b, loc, arith::AddFOp::create(b, loc, x, y), sddmm.result, slot);
      return;
    }
    emitRowBlocks(b, loc, sddmm.features, count, sddmm.elements, /*maxPieces=*/8, /*unroll=*/false, sddmm.useMasks,
                  [&](OpBuilder &b, const RowBlock &block) {
                    for (const RowPiece &piece : block.pieces) {
                      Value x = loadPiece(b, loc, sddmm.rows, row, block, piece);
                      Value y = loadPiece(b, loc, sddmm.columns, column, block, piece);
                      storePiece(b, loc, arith::AddFOp::create(b, loc, x, y), sddmm.result, slot, block, piece);
                    }
                  });
  });
  return success();
}

const GraphKernel *spnn::getSddmmKernel() {
  static const SddmmKernel kernel;
  return &kernel;
}

const GraphKernel *spnn::getSddmmAddKernel() {
  static const SddmmAddKernel kernel;
  return &kernel;
}
