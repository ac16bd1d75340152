//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loops of column-wise kernels on packed panels: vectors along columns, several at once, rows one after the other.
//
//===----------------------------------------------------------------------===//
#include "ColumnsKernel.h"

#include "ColumnSchedule.h"
#include "KernelEmitter.h"

using namespace mlir;
using namespace spnn;

namespace {
/// The vectors of one value, one a group of columns.
using Lanes = SmallVector<Value>;

/// Vectors that are computed side by side: rows of one panel, or of neighbouring panels where a panel has one vector
/// a row, since a chain of dependent additions or a polynomial would leave the CPU idle otherwise.
constexpr int64_t kSideBySide = 4;

/// Emits one tile: `vectors` vectors of columns from `column` on.
class TileEmitter {
public:
  TileEmitter(KernelColumnsOp op, const ColumnSchedule &schedule, int64_t vectors, Value column)
      : op(op), yield(cast<YieldColumnsOp>(op.getBody().front().getTerminator())), schedule(schedule), vectors(vectors),
        vector(op.getLayout().getVector()), column(column), loc(op.getLoc()) {
    bool isSingle = op.getLayout().getWidth() == vector;
    int64_t rows = op.getRows();
    rowStride = isSingle ? vector : vectors * vector;
    vectorStride = isSingle ? rows * vector : vector;
  }

  void emit(OpBuilder &b) {
    KernelEmitter e(b, loc);
    base = e.mul(column, op.getRows());
    loadInvariantInputs(b);
    for (int64_t loop = 0; loop <= schedule.numLoops; ++loop) {
      for (Operation &inner : op.getBody().front().without_terminator())
        if (!isa<ReduceRowsOp>(inner) && !schedule.varying.contains(inner.getResult(0)) &&
            schedule.level.lookup(inner.getResult(0)) == loop)
          values[inner.getResult(0)] = compute(b, inner, values);
      if (loop < schedule.numLoops)
        emitLoop(b, loop);
    }
    storeColumnVectors(b);
  }

private:
  VectorType vectorType(Type element) const { return VectorType::get({vector}, element); }

  Value splat(OpBuilder &b, TypedAttr value) const {
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vectorType(value.getType()), Attribute(value)));
  }

  /// Which of the columns of vector `i` exist.
  Value mask(OpBuilder &b, int64_t i) const {
    KernelEmitter e(b, loc);
    Value left = e.sub(op.getColumns(), e.add(column, i * vector));
    return vector::CreateMaskOp::create(b, loc, vectorType(b.getI1Type()), left);
  }

  void loadInvariantInputs(OpBuilder &b) {
    auto arguments = op.getBody().front().getArguments().drop_front(op.getPanels().size() + op.getRowVectors().size());
    for (Value source : op.getColumnVectors()) {
      Type element = cast<MemRefType>(source.getType()).getElementType();
      Value none = splat(b, cast<TypedAttr>(b.getZeroAttr(element)));
      Lanes lanes;
      for (int64_t i = 0; i < vectors; ++i)
        lanes.push_back(vector::MaskedLoadOp::create(b, loc, vectorType(element), source,
                                                     ValueRange{KernelEmitter(b, loc).add(column, i * vector)},
                                                     mask(b, i), none));
      values[arguments.front()] = lanes;
      arguments = arguments.drop_front();
    }
    for (Value source : op.getScalars()) {
      values[arguments.front()] = Lanes(vectors, KernelEmitter(b, loc).broadcast(source, vector));
      arguments = arguments.drop_front();
    }
  }

  void storeColumnVectors(OpBuilder &b) {
    for (auto [value, init] : llvm::zip(yield.getColumns(), op.getInit().drop_front(yield.getPanels().size())))
      for (int64_t i = 0; i < vectors; ++i)
        vector::MaskedStoreOp::create(b, loc, init, ValueRange{KernelEmitter(b, loc).add(column, i * vector)},
                                      mask(b, i), values[value][i]);
  }

  /// The scalar op `inner` on the vectors of its operands.
  Lanes compute(OpBuilder &b, Operation &inner, const DenseMap<Value, Lanes> &known) const {
    if (auto constant = dyn_cast<arith::ConstantOp>(inner))
      return Lanes(vectors, splat(b, constant.getValue()));
    Lanes lanes;
    Type type = vectorType(inner.getResult(0).getType());
    for (int64_t i = 0; i < vectors; ++i) {
      SmallVector<Value> operands;
      for (Value operand : inner.getOperands())
        operands.push_back(known.lookup(operand)[i]);
      lanes.push_back(
          b.create(inner.getLoc(), inner.getName().getIdentifier(), operands, type, inner.getAttrs())->getResult(0));
    }
    return lanes;
  }

  Value position(OpBuilder &b, Value row, int64_t i) const {
    KernelEmitter e(b, loc);
    return e.add(e.add(base, e.mul(row, rowStride)), i * vectorStride);
  }

  Lanes loadPanels(OpBuilder &b, Value panels, Value row) const {
    Lanes lanes;
    for (int64_t i = 0; i < vectors; ++i)
      lanes.push_back(KernelEmitter(b, loc).loadVector(panels, position(b, row, i), vector));
    return lanes;
  }

  void storePanels(OpBuilder &b, ArrayRef<Value> lanes, Value panels, Value row) const {
    for (int64_t i = 0; i < vectors; ++i)
      KernelEmitter(b, loc).storeVector(lanes[i], panels, position(b, row, i));
  }

  void emitLoop(OpBuilder &builder, int64_t loop) {
    SmallVector<ReduceRowsOp> reductions = schedule.findReductions(loop);
    SmallVector<Value> sums;
    for (ReduceRowsOp reduce : reductions)
      sums.append(vectors, splat(builder, reduce.getIdentity()));
    KernelEmitter e(builder, loc);
    auto rows = scf::ForOp::create(builder, loc, e.index(0), e.index(op.getRows()), e.index(1), sums,
                                   [&](OpBuilder &b, Location, Value row, ValueRange state) {
                                     DenseMap<Value, Lanes> known = values;
                                     emitRow(b, loop, row, known);
                                     SmallVector<Value> next;
                                     for (auto [number, reduce] : llvm::enumerate(reductions))
                                       for (int64_t i = 0; i < vectors; ++i)
                                         next.push_back(vector::makeArithReduction(b, loc, reduce.getKind(),
                                                                                   known[reduce.getValue()][i],
                                                                                   state[number * vectors + i]));
                                     scf::YieldOp::create(b, loc, next);
                                   });
    for (auto [number, reduce] : llvm::enumerate(reductions))
      values[reduce.getResult()] = Lanes(rows.getResults().slice(number * vectors, vectors));
  }

  void emitRow(OpBuilder &b, int64_t loop, Value row, DenseMap<Value, Lanes> &known) const {
    llvm::SmallDenseMap<Value, unsigned> loaded;
    DenseSet<Value> needed = schedule.findNeeded(loop, &loaded);
    auto arguments = op.getBody().front().getArguments();
    for (auto [argument, panels] : llvm::zip(arguments, op.getPanels()))
      if (needed.contains(argument))
        known[argument] = loadPanels(b, panels, row);
    for (auto [argument, source] : llvm::zip(arguments.drop_front(op.getPanels().size()), op.getRowVectors()))
      if (needed.contains(argument))
        known[argument] = Lanes(vectors, KernelEmitter(b, loc).loadBroadcast(source, row, vector));
    for (Operation &inner : op.getBody().front().without_terminator())
      if (auto found = loaded.find(inner.getResult(0)); found != loaded.end())
        known[inner.getResult(0)] = loadPanels(b, op.getInit()[found->second], row);
    for (Operation *inner : schedule.findOps(loop))
      known[inner->getResult(0)] = compute(b, *inner, known);
    for (const ColumnSchedule::Kept &kept : schedule.kept)
      if (kept.loop == loop && !(schedule.storeLoop[kept.init] == loop && yield.getPanels()[kept.init] == kept.value))
        storePanels(b, known[kept.value], op.getInit()[kept.init], row);
    for (auto [number, value] : llvm::enumerate(yield.getPanels()))
      if (schedule.storeLoop[number] == loop)
        storePanels(b, known[value], op.getInit()[number], row);
  }

  // Accessors of ops are not const.
  mutable KernelColumnsOp op;
  mutable YieldColumnsOp yield;
  const ColumnSchedule &schedule;
  int64_t vectors, vector;
  Value column;
  Location loc;
  int64_t rowStride, vectorStride; ///< elements from a row, from a vector to the next
  Value base;                      ///< element at which the tile begins
  DenseMap<Value, Lanes> values;   ///< what is the same at all rows
};
} // namespace

LogicalResult spnn::emitKernelColumns(KernelColumnsOp op, OpBuilder &builder) {
  Location loc = op.getLoc();
  KernelEmitter e(builder, loc);
  int64_t vector = op.getLayout().getVector(), width = op.getLayout().getWidth();
  if (width == vector)
    width *= kSideBySide;
  ColumnSchedule schedule(op);
  emitTasks(
      builder, loc, {e.ceilDiv(op.getColumns(), width)}, op.getParallel(), [&](OpBuilder &b, ArrayRef<Value> task) {
        KernelEmitter e(b, loc);
        Value column = e.mul(task[0], width);
        emitPanelVariants(b, loc, width, vector, op.getColumns(), task[0],
                          [&](OpBuilder &b, int64_t vectors) { TileEmitter(op, schedule, vectors, column).emit(b); });
      });
  return success();
}
