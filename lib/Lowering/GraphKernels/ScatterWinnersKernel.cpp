//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel "scatter-winners": the gradient of "spmm-max", gathered by rows of the transposed graph.
//
// Storage: positions (i32, rows + 1) and indices (i32, edges) of compressed rows.
// Inputs:  winners (i32) [cols, F], gradient [cols, F].
// Inits:   result [rows, F].
//
//===----------------------------------------------------------------------===//
#include "GraphEmitter.h"
#include "GraphKernels.h"
#include "RowBlocks.h"

using namespace mlir;
using namespace spnn;

namespace {
class ScatterWinnersKernel : public GraphKernel {
public:
  StringRef name() const override { return "scatter-winners"; }
  LogicalResult emit(KernelGraphOp op, OpBuilder &builder, int64_t vectorBytes) const override;
};
} // namespace

LogicalResult ScatterWinnersKernel::emit(KernelGraphOp op, OpBuilder &builder, int64_t vectorBytes) const {
  if (failed(checkGraphOperands(op, {"winners", "gradient"}, {}, 1)))
    return failure();
  Location loc = op.getLoc();
  Value positions = op.getStorage()[0], indices = op.getStorage()[1], result = op.getInit()[0];
  Value winners = op.getInput("winners"), gradient = op.getInput("gradient");
  auto type = cast<MemRefType>(gradient.getType());
  Value count = type.isDynamicDim(1) ? memref::DimOp::create(builder, loc, gradient, 1).getResult() : Value();
  auto emitBlock = [&](OpBuilder &b, const RowBlock &block, Value row, Value begin, Value end) {
    KernelEmitter e(b, loc);
    Value own = arith::IndexCastOp::create(b, loc, b.getI32Type(), row);
    SmallVector<Value> zeros;
    for (const RowPiece &piece : block.pieces)
      zeros.push_back(
          arith::ConstantOp::create(b, loc, b.getZeroAttr(VectorType::get({piece.elements}, type.getElementType()))));
    auto loop = scf::ForOp::create(
        b, loc, begin, end, e.index(1), zeros, [&](OpBuilder &b, Location, Value edge, ValueRange carried) {
          KernelEmitter e(b, loc);
          Value from = e.loadIndex(indices, edge);
          SmallVector<Value> next;
          for (auto [i, piece] : llvm::enumerate(block.pieces)) {
            Value winner = loadPiece(b, loc, winners, from, block, piece);
            Value won =
                arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, winner, e.broadcast(own, piece.elements));
            Value x = loadPiece(b, loc, gradient, from, block, piece);
            Value sum = arith::AddFOp::create(b, loc, carried[i], x);
            next.push_back(arith::SelectOp::create(b, loc, won, sum, carried[i]));
          }
          scf::YieldOp::create(b, loc, next);
        });
    for (auto [sum, piece] : llvm::zip_equal(loop.getResults(), block.pieces))
      storePiece(b, loc, sum, result, row, block, piece);
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

const GraphKernel *spnn::getScatterWinnersKernel() {
  static const ScatterWinnersKernel kernel;
  return &kernel;
}
