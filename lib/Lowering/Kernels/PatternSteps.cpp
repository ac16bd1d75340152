//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The unrolled steps of kernels whose tiles of rows share columns by patterns: accumulators, columns, epilogue.
//
//===----------------------------------------------------------------------===//
#include "PatternSteps.h"

using namespace mlir;
using namespace spnn;

int64_t spnn::choosePatternVectors(int64_t rows, int64_t vectorBytes) {
  int64_t registers = vectorBytes >= 64 ? 32 : 16, products = vectorBytes <= 16 ? 1 : 0;
  int64_t vectors = 4;
  while (vectors > 1 && (rows + 1) * vectors + 1 + products > registers)
    --vectors;
  return vectors;
}

PatternTileEmitter::PatternTileEmitter(KernelMatmulOp op, OpBuilder &builder, const PanelWork &work,
                                       ArrayRef<Value> rows)
    : op(op), epilogue(op), builder(builder), work(work), rows(rows), vector(op.getPanels().getVector()),
      stride(work.vectors * vector),
      vectorType(VectorType::get({vector}, cast<MemRefType>(op.getRhs().getType()).getElementType())) {
  KernelEmitter e(builder, op.getLoc());
  for (Value row : rows)
    outs.push_back(e.add(work.result, e.mul(row, stride)));
}

Value PatternTileEmitter::resultAt(OpBuilder &b, size_t row, int64_t v) {
  return KernelEmitter(b, op.getLoc()).add(outs[row], v * vector);
}

void PatternTileEmitter::start(Value isFirst) {
  Location loc = op.getLoc();
  auto initial = [&](OpBuilder &b) {
    SmallVector<Value> values;
    for (Value row : rows)
      values.append(work.vectors, epilogue.start(b, row, vectorType));
    return values;
  };
  if (!isFirst) {
    sums = initial(builder);
    return;
  }
  auto choice = scf::IfOp::create(
      builder, loc, isFirst, [&](OpBuilder &b, Location) { scf::YieldOp::create(b, loc, initial(b)); },
      [&](OpBuilder &b, Location) {
        KernelEmitter e(b, loc);
        SmallVector<Value> partial;
        for (size_t row = 0; row < rows.size(); ++row)
          for (int64_t v = 0; v < work.vectors; ++v)
            partial.push_back(e.loadVector(op.getInit(), resultAt(b, row, v), vector));
        scf::YieldOp::create(b, loc, partial);
      });
  sums.assign(choice.getResults().begin(), choice.getResults().end());
}

/// Loads `count` indices from `position` on. Four of 16 bits come as one word, as a load of them takes a load port as
/// long as one of half a vector of activations does.
static SmallVector<Value> loadIndices(KernelEmitter &e, Value indices, Value position, size_t count) {
  SmallVector<Value> result;
  OpBuilder &b = e.b;
  constexpr size_t kTogether = 4;
  auto type = cast<MemRefType>(indices.getType());
  while (type.getElementType().isInteger(16) && result.size() + kTogether <= count) {
    Value four = e.loadVector(indices, e.add(position, result.size()), kTogether);
    Value word = vector::BitCastOp::create(b, e.loc, VectorType::get({1}, b.getI64Type()), four);
    word = vector::ExtractOp::create(b, e.loc, word, ArrayRef<int64_t>{0});
    // The CPU back end is little-endian: the first index is in the lowest bits.
    for (size_t i = 0; i < kTogether; ++i) {
      Value shift = arith::ConstantIntOp::create(b, e.loc, b.getI64Type(), 16 * i);
      Value mask = arith::ConstantIntOp::create(b, e.loc, b.getI64Type(), 0xffff);
      Value bits = arith::AndIOp::create(b, e.loc, b.createOrFold<arith::ShRUIOp>(e.loc, word, shift), mask);
      result.push_back(arith::IndexCastUIOp::create(b, e.loc, b.getIndexType(), bits));
    }
  }
  while (result.size() < count)
    result.push_back(e.loadIndex(indices, e.add(position, result.size())));
  return result;
}

void PatternTileEmitter::addSteps(ArrayRef<unsigned> patterns, Value count, Value indices, Value values, Value &index,
                                  Value &value) {
  Location loc = op.getLoc();
  KernelEmitter e(builder, loc);
  int64_t weights = 0;
  for (unsigned pattern : patterns)
    weights += llvm::popcount(pattern);
  auto loop = scf::ForOp::create(
      builder, loc, e.index(0), count, e.index(1), sums, [&](OpBuilder &b, Location, Value step, ValueRange sums) {
        KernelEmitter e(b, loc);
        SmallVector<Value> next(sums);
        Value weight = e.add(value, e.mul(step, weights));
        SmallVector<Value> columns =
            loadIndices(e, indices, e.add(index, e.mul(step, patterns.size())), patterns.size());
        int64_t used = 0;
        for (auto [pattern, column] : llvm::zip_equal(patterns, columns)) {
          Value x = e.add(work.rhs, e.mul(column, stride));
          SmallVector<Value> xs;
          for (int64_t v = 0; v < work.vectors; ++v)
            xs.push_back(e.loadVector(op.getRhs(), e.add(x, v * vector), vector));
          for (size_t row = 0; row < rows.size(); ++row) {
            if (!(pattern >> row & 1))
              continue;
            Value w = e.loadWeightBroadcast(values, e.add(weight, used++), vector, vectorType.getElementType());
            for (int64_t v = 0; v < work.vectors; ++v)
              next[row * work.vectors + v] = e.multiplyAdd(w, xs[v], next[row * work.vectors + v]);
          }
        }
        scf::YieldOp::create(b, loc, next);
      });
  sums.assign(loop.getResults().begin(), loop.getResults().end());
  index = e.add(index, e.mul(count, patterns.size()));
  value = e.add(value, e.mul(count, weights));
}

void PatternTileEmitter::finish(Value isLast) {
  Location loc = op.getLoc();
  Activation activation = op.getActivation();
  auto store = [&](OpBuilder &b, Activation last) {
    KernelEmitter e(b, loc);
    for (size_t row = 0; row < rows.size(); ++row)
      for (int64_t v = 0; v < work.vectors; ++v)
        e.storeVector(e.activate(last, sums[row * work.vectors + v]), op.getInit(), resultAt(b, row, v));
  };
  bool isCheap = !epilogue.hasScales() && activation == Activation::Relu;
  if (epilogue.isTrivial() || (isCheap && !isLast))
    return store(builder, activation);
  if (isCheap) {
    scf::IfOp::create(
        builder, loc, isLast,
        [&](OpBuilder &b, Location) {
          store(b, activation);
          scf::YieldOp::create(b, loc);
        },
        [&](OpBuilder &b, Location) {
          store(b, Activation::None);
          scf::YieldOp::create(b, loc);
        });
    return;
  }
  // The others are dozens of instructions, too many to unroll for each vector of a tile: a loop over what was stored.
  store(builder, Activation::None);
  auto activate = [&](OpBuilder &b) {
    KernelEmitter e(b, loc);
    for (auto [row, out] : llvm::zip_equal(rows, outs))
      emitFor(b, loc, e.index(0), e.index(stride), vector, [&, row = row, out = out](OpBuilder &b, Value at) {
        KernelEmitter e(b, loc);
        Value place = e.add(out, at);
        Value sum = e.loadVector(op.getInit(), place, vector);
        e.storeVector(epilogue.finish(b, sum, row, e.add(work.column, at)), op.getInit(), place);
      });
  };
  if (!isLast)
    return activate(builder);
  scf::IfOp::create(builder, loc, isLast, [&](OpBuilder &b, Location) {
    activate(b);
    scf::YieldOp::create(b, loc);
  });
}
