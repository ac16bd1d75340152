//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loops over the rows of a graph, in tasks of nearly equal work.
//
//===----------------------------------------------------------------------===//
#include "GraphEmitter.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace spnn;

/// The first row i whose edges and weight before it, positions[i] + rowWeight * i, reach `target`.
static Value emitLowerBound(OpBuilder &b, Location loc, Value positions, Value rows, int64_t rowWeight, Value target) {
  KernelEmitter e(b, loc);
  SmallVector<Value> inits = {e.index(0), rows};
  SmallVector<Type> types(2, b.getIndexType());
  auto loop = scf::WhileOp::create(
      b, loc, types, inits,
      [](OpBuilder &b, Location loc, ValueRange bounds) {
        Value open = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, bounds[0], bounds[1]);
        scf::ConditionOp::create(b, loc, open, bounds);
      },
      [&](OpBuilder &b, Location loc, ValueRange bounds) {
        KernelEmitter e(b, loc);
        Value middle = arith::ShRUIOp::create(b, loc, e.add(bounds[0], bounds[1]), e.index(1));
        Value work = e.add(e.loadIndex(positions, middle), e.mul(middle, rowWeight));
        Value before = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, work, target);
        Value low = arith::SelectOp::create(b, loc, before, e.add(middle, 1), bounds[0]);
        Value high = arith::SelectOp::create(b, loc, before, bounds[1], middle);
        scf::YieldOp::create(b, loc, ValueRange{low, high});
      });
  return loop.getResult(0);
}

static Value emitCountRows(OpBuilder &b, Location loc, Value positions) {
  KernelEmitter e(b, loc);
  return e.sub(b.createOrFold<memref::DimOp>(loc, positions, 0), e.index(1));
}

void spnn::emitNumberedGraphTasks(OpBuilder &builder, Location loc, Value positions, bool parallel, int64_t rowWeight,
                                  function_ref<void(OpBuilder &, Value, Value, Value)> body) {
  KernelEmitter e(builder, loc);
  Value rows = emitCountRows(builder, loc, positions);
  Value work = e.add(e.loadIndex(positions, rows), e.mul(rows, rowWeight));
  emitTasks(builder, loc, {e.index(kGraphTasks)}, parallel, [&](OpBuilder &b, ArrayRef<Value> task) {
    KernelEmitter e(b, loc);
    auto boundary = [&](Value number) {
      Value target = arith::DivUIOp::create(b, loc, e.mul(work, number), e.index(kGraphTasks));
      return emitLowerBound(b, loc, positions, rows, rowWeight, target);
    };
    Value begin = boundary(task[0]);
    // Rows without weight or edges at the end belong to the last task.
    Value isLast = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, task[0], e.index(kGraphTasks - 1));
    Value end = arith::SelectOp::create(b, loc, isLast, rows, boundary(e.add(task[0], 1)));
    body(b, task[0], begin, end);
  });
}

void spnn::emitGraphTasks(OpBuilder &builder, Location loc, Value positions, bool parallel, int64_t rowWeight,
                          function_ref<void(OpBuilder &, Value, Value)> body) {
  if (!parallel)
    return body(builder, KernelEmitter(builder, loc).index(0), emitCountRows(builder, loc, positions));
  emitNumberedGraphTasks(builder, loc, positions, parallel, rowWeight,
                         [&](OpBuilder &b, Value, Value begin, Value end) { body(b, begin, end); });
}

void spnn::emitGraphRows(OpBuilder &builder, Location loc, Value positions, bool parallel, int64_t rowWeight,
                         function_ref<void(OpBuilder &, Value, Value, Value)> body) {
  emitGraphTasks(builder, loc, positions, parallel, rowWeight, [&](OpBuilder &b, Value first, Value last) {
    emitFor(b, loc, first, last, 1, [&](OpBuilder &b, Value row) {
      KernelEmitter e(b, loc);
      body(b, row, e.loadIndex(positions, row), e.loadIndex(positions, e.add(row, 1)));
    });
  });
}
