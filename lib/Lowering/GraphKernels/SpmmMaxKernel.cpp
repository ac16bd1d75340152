//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel "spmm-max": the greatest or least feature over neighbours, and who had it.
//
// Storage: positions (i32, rows + 1) and indices (i32, edges) of compressed rows.
// Inputs:  features [cols, F].
// Inits:   result [rows, F]; winners (i32) [rows, F] if there are two.
// Parameters: minimum (0 or 1).
//
// A row without edges is 0 and has the winner -1. NaN wins, and of equal features the first.
//
//===----------------------------------------------------------------------===//
#include "GraphEmitter.h"
#include "GraphKernels.h"
#include "RowBlocks.h"

using namespace mlir;
using namespace spnn;

namespace {
class SpmmMaxKernel : public GraphKernel {
public:
  StringRef name() const override { return "spmm-max"; }
  LogicalResult emit(KernelGraphOp op, OpBuilder &builder, int64_t vectorBytes) const override;
};
} // namespace

LogicalResult SpmmMaxKernel::emit(KernelGraphOp op, OpBuilder &builder, int64_t vectorBytes) const {
  bool hasWinners = op.getInit().size() == 2;
  if (failed(checkGraphOperands(op, {"features"}, {}, hasWinners ? 2 : 1)))
    return failure();
  Location loc = op.getLoc();
  Value positions = op.getStorage()[0], indices = op.getStorage()[1], features = op.getInput("features");
  Value result = op.getInit()[0], winners = hasWinners ? op.getInit()[1] : Value();
  bool isMinimum = getParameter(op.getParameters(), "minimum", 0) != 0;
  auto type = cast<MemRefType>(features.getType());
  Value count = type.isDynamicDim(1) ? memref::DimOp::create(builder, loc, features, 1).getResult() : Value();
  Type element = type.getElementType(), i32 = builder.getI32Type();
  // What is loaded of column `column`: a vector of features for each piece, and of its number where somebody asks.
  auto load = [&](OpBuilder &b, const RowBlock &block, Value edge, Value &number) {
    KernelEmitter e(b, loc);
    number = memref::LoadOp::create(b, loc, indices, edge);
    Value column = arith::IndexCastUIOp::create(b, loc, b.getIndexType(), number);
    SmallVector<Value> values;
    for (const RowPiece &piece : block.pieces)
      values.push_back(loadPiece(b, loc, features, column, block, piece));
    return values;
  };
  auto emitBlock = [&](OpBuilder &b, const RowBlock &block, Value row, Value begin, Value end) {
    KernelEmitter e(b, loc);
    SmallVector<Value> none;
    for (const RowPiece &piece : block.pieces)
      none.push_back(arith::ConstantOp::create(b, loc, b.getZeroAttr(VectorType::get({piece.elements}, element))));
    if (hasWinners)
      for (const RowPiece &piece : block.pieces) {
        auto vector = VectorType::get({piece.elements}, i32);
        none.push_back(
            arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vector, APInt(32, -1, /*isSigned=*/true))));
      }
    size_t pieces = block.pieces.size();
    Value hasEdges = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, begin, end);
    auto best = scf::IfOp::create(
        b, loc, hasEdges,
        [&](OpBuilder &b, Location) {
          Value number;
          SmallVector<Value> first = load(b, block, begin, number);
          if (hasWinners)
            for (const RowPiece &piece : block.pieces)
              first.push_back(KernelEmitter(b, loc).broadcast(number, piece.elements));
          KernelEmitter e(b, loc);
          auto loop = scf::ForOp::create(
              b, loc, e.add(begin, 1), end, e.index(1), first,
              [&](OpBuilder &b, Location, Value edge, ValueRange carried) {
                SmallVector<Value> next(carried);
                Value number;
                SmallVector<Value> values = load(b, block, edge, number);
                for (size_t i = 0; i < pieces; ++i) {
                  // Better or NaN, where the best so far is no NaN.
                  auto better = isMinimum ? arith::CmpFPredicate::ULT : arith::CmpFPredicate::UGT;
                  Value wins = arith::CmpFOp::create(b, loc, better, values[i], carried[i]);
                  Value isNumber = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::ORD, carried[i], carried[i]);
                  wins = arith::AndIOp::create(b, loc, wins, isNumber);
                  next[i] = arith::SelectOp::create(b, loc, wins, values[i], carried[i]);
                  if (hasWinners) {
                    Value own = KernelEmitter(b, loc).broadcast(number, block.pieces[i].elements);
                    next[pieces + i] = arith::SelectOp::create(b, loc, wins, own, carried[pieces + i]);
                  }
                }
                scf::YieldOp::create(b, loc, next);
              });
          scf::YieldOp::create(b, loc, loop.getResults());
        },
        [&](OpBuilder &b, Location) { scf::YieldOp::create(b, loc, none); });
    for (auto [i, piece] : llvm::enumerate(block.pieces)) {
      storePiece(b, loc, best.getResult(i), result, row, block, piece);
      if (hasWinners)
        storePiece(b, loc, best.getResult(pieces + i), winners, row, block, piece);
    }
  };
  constexpr int64_t kMaxPieces = 8, kRowWeight = 2;
  int64_t elements = getVectorElements(result, vectorBytes);
  emitGraphRows(builder, loc, positions, op.getParallel(), kRowWeight,
                [&](OpBuilder &b, Value row, Value begin, Value end) {
                  emitRowBlocks(b, loc, type.getDimSize(1), count, elements, kMaxPieces, /*unroll=*/false,
                                /*useMasks=*/vectorBytes >= 64,
                                [&](OpBuilder &b, const RowBlock &block) { emitBlock(b, block, row, begin, end); });
                });
  return success();
}

const GraphKernel *spnn::getSpmmMaxKernel() {
  static const SpmmMaxKernel kernel;
  return &kernel;
}
