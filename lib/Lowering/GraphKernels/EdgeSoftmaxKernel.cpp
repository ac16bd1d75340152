//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels "edge-softmax" and "edge-softmax-backward": the softmax over the edges of each row, and its gradient.
//
// Storage: positions (i32, rows + 1) and indices (i32, edges) of compressed rows; the indices are not read.
// Inputs:  "edge-softmax": values; "edge-softmax-backward": probabilities and gradient; all [edges] or [edges, H].
// Inits:   result, of their shape.
//
// Vectors lie along the heads of an edge, or along edges where there is one value an edge.
//
//===----------------------------------------------------------------------===//
#include "GraphEmitter.h"
#include "GraphKernels.h"
#include "RowBlocks.h"
#include "VectorMath.h"

#include <limits>

using namespace mlir;
using namespace spnn;

namespace {
/// The values of a row as vectors, in either of two layouts.
class EdgeVectors {
public:
  EdgeVectors(KernelGraphOp op, int64_t vectorBytes)
      : op(op), loc(op.getLoc()), result(op.getInit()[0]), elements(getVectorElements(result, vectorBytes)),
        useMasks(vectorBytes >= 64) {}

  bool hasHeads() const { return cast<MemRefType>(result.getType()).getRank() == 2; }

  /// One loop over the edges of a row, which carries a vector for each element of `inits`. `body` returns what to carry
  /// on and gets a load and a store for its vector of edge data; `lanes` is a mask of those that exist, null for all.
  using Load = function_ref<Value(OpBuilder &, Value buffer)>;
  using Store = function_ref<void(OpBuilder &, Value vector)>;
  using Body = function_ref<SmallVector<Value>(OpBuilder &, Load, Store, Value lanes, ValueRange carried)>;
  /// A piece of heads, or null.
  struct Place {
    const RowBlock *block;
    const RowPiece *piece;
  };
  SmallVector<Value> loop(OpBuilder &b, Place place, Value begin, Value end, ArrayRef<Value> inits, Body body) const;

  /// Emits `body` for each row and vector of heads; once for a row without heads.
  void emitRows(OpBuilder &builder, function_ref<void(OpBuilder &, Place, Value begin, Value end)> body) const;

  VectorType vectorType(Place place) const {
    return VectorType::get({place.piece ? place.piece->elements : elements},
                           cast<MemRefType>(result.getType()).getElementType());
  }
  /// Where vectors lie along edges, the lanes of `vector` combined, in all lanes.
  Value combine(OpBuilder &b, Place place, vector::CombiningKind kind, Value vector) const {
    if (place.piece)
      return vector;
    Value all = vector::ReductionOp::create(b, loc, kind, vector, arith::FastMathFlags::reassoc);
    return KernelEmitter(b, loc).broadcast(all, elements);
  }

private:
  mutable KernelGraphOp op; // getters of ops are not const
  Location loc;
  Value result;
  int64_t elements;
  bool useMasks;
};

class EdgeSoftmaxKernel : public GraphKernel {
public:
  StringRef name() const override { return "edge-softmax"; }
  LogicalResult emit(KernelGraphOp op, OpBuilder &builder, int64_t vectorBytes) const override;
};

class EdgeSoftmaxBackwardKernel : public GraphKernel {
public:
  StringRef name() const override { return "edge-softmax-backward"; }
  LogicalResult emit(KernelGraphOp op, OpBuilder &builder, int64_t vectorBytes) const override;
};
} // namespace

SmallVector<Value> EdgeVectors::loop(OpBuilder &builder, Place place, Value begin, Value end, ArrayRef<Value> inits,
                                     Body body) const {
  KernelEmitter e(builder, loc);
  int64_t step = place.piece ? 1 : elements;
  auto loop = scf::ForOp::create(
      builder, loc, begin, end, e.index(step), inits, [&](OpBuilder &b, Location, Value edge, ValueRange carried) {
        KernelEmitter e(b, loc);
        Value mask;
        if (!place.piece) {
          Value left = e.min(e.sub(end, edge), e.index(elements));
          mask = vector::CreateMaskOp::create(b, loc, VectorType::get({elements}, b.getI1Type()), ValueRange{left});
        }
        auto load = [&](OpBuilder &b, Value buffer) -> Value {
          if (place.piece)
            return loadPiece(b, loc, buffer, edge, *place.block, *place.piece);
          VectorType type = vectorType(place);
          Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
          return vector::MaskedLoadOp::create(b, loc, type, buffer, edge, mask, zero);
        };
        auto store = [&](OpBuilder &b, Value vector) {
          if (place.piece)
            storePiece(b, loc, vector, result, edge, *place.block, *place.piece);
          else
            vector::MaskedStoreOp::create(b, loc, result, edge, mask, vector);
        };
        scf::YieldOp::create(b, loc, body(b, load, store, mask, carried));
      });
  return SmallVector<Value>(loop.getResults());
}

void EdgeVectors::emitRows(OpBuilder &builder, function_ref<void(OpBuilder &, Place, Value, Value)> body) const {
  auto type = cast<MemRefType>(result.getType());
  Value count =
      hasHeads() && type.isDynamicDim(1) ? memref::DimOp::create(builder, loc, result, 1).getResult() : Value();
  emitGraphRows(builder, loc, op.getStorage()[0], op.getParallel(), /*rowWeight=*/1,
                [&](OpBuilder &b, Value, Value begin, Value end) {
                  if (!hasHeads())
                    return body(b, Place{nullptr, nullptr}, begin, end);
                  emitRowBlocks(b, loc, type.getDimSize(1), count, elements, /*maxPieces=*/1, /*unroll=*/false,
                                useMasks, [&](OpBuilder &b, const RowBlock &block) {
                                  for (const RowPiece &piece : block.pieces)
                                    body(b, Place{&block, &piece}, begin, end);
                                });
                });
}

LogicalResult EdgeSoftmaxKernel::emit(KernelGraphOp op, OpBuilder &builder, int64_t vectorBytes) const {
  if (failed(checkGraphOperands(op, {"values"}, {}, 1)))
    return failure();
  EdgeVectors vectors(op, vectorBytes);
  Location loc = op.getLoc();
  Value values = op.getInput("values"), result = op.getInit()[0];
  vectors.emitRows(builder, [&](OpBuilder &b, EdgeVectors::Place place, Value begin, Value end) {
    VectorType type = vectors.vectorType(place);
    Value least = emitSplat(b, loc, type, -std::numeric_limits<double>::infinity());
    Value zero = emitSplat(b, loc, type, 0.0);
    Value greatest =
        vectors.loop(b, place, begin, end, {least},
                     [&](OpBuilder &b, EdgeVectors::Load load, EdgeVectors::Store, Value lanes, ValueRange carried) {
                       Value x = load(b, values);
                       if (lanes)
                         x = arith::SelectOp::create(b, loc, lanes, x, least);
                       return SmallVector<Value>{arith::MaximumFOp::create(b, loc, carried[0], x)};
                     })[0];
    greatest = vectors.combine(b, place, vector::CombiningKind::MAXIMUMF, greatest);
    Value sum = vectors.loop(
        b, place, begin, end, {zero},
        [&](OpBuilder &b, EdgeVectors::Load load, EdgeVectors::Store store, Value lanes, ValueRange carried) {
          Value p = emitExp(b, loc, arith::SubFOp::create(b, loc, load(b, values), greatest));
          store(b, p);
          if (lanes)
            p = arith::SelectOp::create(b, loc, lanes, p, zero);
          return SmallVector<Value>{arith::AddFOp::create(b, loc, carried[0], p)};
        })[0];
    sum = vectors.combine(b, place, vector::CombiningKind::ADD, sum);
    Value factor = arith::DivFOp::create(b, loc, emitSplat(b, loc, type, 1.0), sum);
    vectors.loop(b, place, begin, end, {},
                 [&](OpBuilder &b, EdgeVectors::Load load, EdgeVectors::Store store, Value, ValueRange) {
                   store(b, arith::MulFOp::create(b, loc, load(b, result), factor));
                   return SmallVector<Value>();
                 });
  });
  return success();
}

LogicalResult EdgeSoftmaxBackwardKernel::emit(KernelGraphOp op, OpBuilder &builder, int64_t vectorBytes) const {
  if (failed(checkGraphOperands(op, {"probabilities", "gradient"}, {}, 1)))
    return failure();
  EdgeVectors vectors(op, vectorBytes);
  Location loc = op.getLoc();
  Value probabilities = op.getInput("probabilities"), gradient = op.getInput("gradient");
  vectors.emitRows(builder, [&](OpBuilder &b, EdgeVectors::Place place, Value begin, Value end) {
    Value zero = emitSplat(b, loc, vectors.vectorType(place), 0.0);
    Value sum = vectors.loop(b, place, begin, end, {zero},
                             [&](OpBuilder &b, EdgeVectors::Load load, EdgeVectors::Store, Value, ValueRange carried) {
                               // Lanes behind the row are zeros.
                               Value p = load(b, probabilities), g = load(b, gradient);
                               return SmallVector<Value>{KernelEmitter(b, loc).multiplyAdd(p, g, carried[0])};
                             })[0];
    sum = vectors.combine(b, place, vector::CombiningKind::ADD, sum);
    vectors.loop(b, place, begin, end, {},
                 [&](OpBuilder &b, EdgeVectors::Load load, EdgeVectors::Store store, Value, ValueRange) {
                   Value p = load(b, probabilities), g = load(b, gradient);
                   store(b, arith::MulFOp::create(b, loc, p, arith::SubFOp::create(b, loc, g, sum)));
                   return SmallVector<Value>();
                 });
  });
  return success();
}

const GraphKernel *spnn::getEdgeSoftmaxKernel() {
  static const EdgeSoftmaxKernel kernel;
  return &kernel;
}

const GraphKernel *spnn::getEdgeSoftmaxBackwardKernel() {
  static const EdgeSoftmaxBackwardKernel kernel;
  return &kernel;
}
