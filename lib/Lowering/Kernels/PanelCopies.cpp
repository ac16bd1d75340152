//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loops that move a matrix into packed column panels and back, transposing vector by vector where asked.
//
//===----------------------------------------------------------------------===//
#include "PanelCopies.h"
#include "KernelEmitter.h"

using namespace mlir;
using namespace spnn;

/// Calls `body` for each panel with the element at which it begins and the elements of its rows, as values.
static void forEachPanel(OpBuilder &builder, Location loc, PanelsAttr panels, Value columns, int64_t rows,
                         Value dynamicRows, bool parallel,
                         function_ref<void(OpBuilder &, Value first, Value base, Value stride)> body) {
  KernelEmitter e(builder, loc);
  int64_t width = panels.getWidth(), vector = panels.getVector();
  auto visit = [&](OpBuilder &b, Value panel) {
    KernelEmitter e(b, loc);
    Value first = e.mul(panel, width);
    Value base = ShapedType::isDynamic(rows) ? e.mul(first, dynamicRows) : e.mul(first, rows);
    Value left = e.min(e.sub(columns, first), e.index(width));
    Value stride = e.mul(e.ceilDiv(left, vector), vector);
    body(b, first, base, stride);
  };
  emitTasks(builder, loc, {e.ceilDiv(columns, width)}, parallel,
            [&](OpBuilder &b, ArrayRef<Value> task) { visit(b, task[0]); });
}

static Value transpose(OpBuilder &b, Location loc, Value tile) {
  return vector::TransposeOp::create(b, loc, tile, ArrayRef<int64_t>{1, 0});
}

/// A vector of lanes i < bound - first.
static Value laneMask(OpBuilder &b, Location loc, Value first, Value bound, int64_t elements) {
  KernelEmitter e(b, loc);
  auto type = VectorType::get({elements}, b.getI1Type());
  return vector::CreateMaskOp::create(b, loc, type, ValueRange{e.sub(bound, first)});
}

LogicalResult spnn::emitPackPanels(PackPanelsOp op, OpBuilder &builder, bool parallel) {
  Location loc = op.getLoc();
  KernelEmitter e(builder, loc);
  Value source = op.getSource(), target = op.getInit();
  auto sourceType = cast<MemRefType>(source.getType());
  Type element = sourceType.getElementType();
  bool transposed = op.getTranspose();
  int64_t vector = op.getPanels().getVector();
  auto extent = [&](int64_t dim) -> Value {
    return sourceType.isDynamicDim(dim) ? memref::DimOp::create(builder, loc, source, dim).getResult()
                                        : e.index(sourceType.getDimSize(dim));
  };
  int64_t rows = sourceType.getDimSize(transposed ? 1 : 0);
  Value rowCount = extent(transposed ? 1 : 0), columns = extent(transposed ? 0 : 1);
  Value zero = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(element));

  forEachPanel(builder, loc, op.getPanels(), columns, rows, rowCount, parallel,
               [&](OpBuilder &b, Value first, Value base, Value stride) {
                 KernelEmitter e(b, loc);
                 // A group is the `vector` columns from `group` on within the panel.
                 emitFor(b, loc, e.index(0), stride, vector, [&](OpBuilder &b, Value group) {
                   KernelEmitter e(b, loc);
                   Value column = e.add(first, group), out = e.add(base, group);
                   auto store = [&](OpBuilder &b, Value row, Value lanes) {
                     KernelEmitter e(b, loc);
                     e.storeVector(lanes, target, e.add(out, e.mul(row, stride)));
                   };
                   auto vectorType = VectorType::get({vector}, element);
                   if (!transposed) {
                     Value mask = laneMask(b, loc, column, columns, vector);
                     Value passThrough = arith::ConstantOp::create(b, loc, b.getZeroAttr(vectorType));
                     emitFor(b, loc, e.index(0), rowCount, 1, [&](OpBuilder &b, Value row) {
                       store(b, row,
                             vector::MaskedLoadOp::create(b, loc, vectorType, source, ValueRange{row, column}, mask,
                                                          passThrough));
                     });
                     return;
                   }
                   // Square tiles are transposed in registers; the rows that fill no tile are gathered one element at a
                   // time.
                   Value fullEnd = e.mul(arith::DivUIOp::create(b, loc, rowCount, e.index(vector)), vector);
                   emitFor(b, loc, e.index(0), fullEnd, vector, [&](OpBuilder &b, Value row) {
                     auto tileType = VectorType::get({vector, vector}, element);
                     Value tile = vector::TransferReadOp::create(b, loc, tileType, source, ValueRange{column, row},
                                                                 zero, ArrayRef<bool>{false, true});
                     Value lanes = vector == 1 ? tile : transpose(b, loc, tile);
                     for (int64_t i = 0; i < vector; ++i)
                       store(b, KernelEmitter(b, loc).add(row, i), vector::ExtractOp::create(b, loc, lanes, i));
                   });
                   emitFor(b, loc, fullEnd, rowCount, 1, [&](OpBuilder &b, Value row) {
                     auto columnType = VectorType::get({vector, 1}, element);
                     Value lanes = vector::TransferReadOp::create(b, loc, columnType, source, ValueRange{column, row},
                                                                  zero, ArrayRef<bool>{false, true});
                     store(b, row, vector::ShapeCastOp::create(b, loc, vectorType, lanes));
                   });
                 });
               });
  return success();
}

LogicalResult spnn::emitUnpackPanels(UnpackPanelsOp op, OpBuilder &builder, bool parallel) {
  Location loc = op.getLoc();
  KernelEmitter e(builder, loc);
  Value source = op.getSource(), target = op.getInit();
  auto targetType = cast<MemRefType>(target.getType());
  Type element = targetType.getElementType();
  bool transposed = op.getTranspose();
  int64_t vector = op.getPanels().getVector();
  auto extent = [&](int64_t dim) -> Value {
    return targetType.isDynamicDim(dim) ? memref::DimOp::create(builder, loc, target, dim).getResult()
                                        : e.index(targetType.getDimSize(dim));
  };
  int64_t rows = targetType.getDimSize(transposed ? 1 : 0);
  Value rowCount = extent(transposed ? 1 : 0), columns = extent(transposed ? 0 : 1);

  forEachPanel(builder, loc, op.getPanels(), columns, rows, rowCount, parallel,
               [&](OpBuilder &b, Value first, Value base, Value stride) {
                 KernelEmitter e(b, loc);
                 emitFor(b, loc, e.index(0), stride, vector, [&](OpBuilder &b, Value group) {
                   KernelEmitter e(b, loc);
                   Value column = e.add(first, group), in = e.add(base, group);
                   auto load = [&](OpBuilder &b, Value row) {
                     KernelEmitter e(b, loc);
                     return e.loadVector(source, e.add(in, e.mul(row, stride)), vector);
                   };
                   if (!transposed) {
                     Value mask = laneMask(b, loc, column, columns, vector);
                     emitFor(b, loc, e.index(0), rowCount, 1, [&](OpBuilder &b, Value row) {
                       vector::MaskedStoreOp::create(b, loc, target, ValueRange{row, column}, mask, load(b, row));
                     });
                     return;
                   }
                   Value fullEnd = e.mul(arith::DivUIOp::create(b, loc, rowCount, e.index(vector)), vector);
                   // `count` rows of the panel become `count` consecutive elements of each row of the target.
                   auto copy = [&](OpBuilder &b, Value row, int64_t count) {
                     KernelEmitter e(b, loc);
                     auto tileType = VectorType::get({count, vector}, element);
                     Value tile = arith::ConstantOp::create(b, loc, b.getZeroAttr(tileType));
                     for (int64_t i = 0; i < count; ++i)
                       tile = vector::InsertOp::create(b, loc, load(b, e.add(row, i)), tile, i);
                     Value lanes = transpose(b, loc, tile);
                     vector::TransferWriteOp::create(b, loc, lanes, target, ValueRange{column, row},
                                                     ArrayRef<bool>{false, true});
                   };
                   emitFor(b, loc, e.index(0), fullEnd, vector, [&](OpBuilder &b, Value row) { copy(b, row, vector); });
                   emitFor(b, loc, fullEnd, rowCount, 1, [&](OpBuilder &b, Value row) { copy(b, row, 1); });
                 });
               });
  return success();
}
