//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows of dense matrices as vectors: blocks that registers hold, tails by masks or narrower vectors.
//
//===----------------------------------------------------------------------===//
#include "RowBlocks.h"

using namespace mlir;
using namespace spnn;

int64_t spnn::getVectorElements(Value memref, int64_t vectorBytes) {
  int64_t bytes = cast<ShapedType>(memref.getType()).getElementTypeBitWidth() / 8;
  return std::max<int64_t>(1, vectorBytes / bytes);
}

/// The vectors of `columns` elements, at most a block of them.
static SmallVector<RowPiece> cut(OpBuilder &b, Location loc, int64_t columns, int64_t elements, bool useMasks) {
  SmallVector<RowPiece> pieces;
  int64_t at = 0;
  for (; at + elements <= columns; at += elements)
    pieces.push_back({at, elements, elements, {}});
  int64_t left = columns - at;
  if (left == 0)
    return pieces;
  if (useMasks) {
    auto type = VectorType::get({elements}, b.getI1Type());
    Value mask = vector::ConstantMaskOp::create(b, loc, type, ArrayRef<int64_t>{left});
    pieces.push_back({at, elements, left, mask});
    return pieces;
  }
  for (int64_t width = elements / 2; left > 0; width /= 2)
    if (width <= left) {
      pieces.push_back({at, width, width, {}});
      at += width;
      left -= width;
    }
  return pieces;
}

void spnn::emitRowBlocks(OpBuilder &builder, Location loc, int64_t columns, Value count, int64_t elements,
                         int64_t maxPieces, bool unroll, bool useMasks,
                         function_ref<void(OpBuilder &, const RowBlock &)> body) {
  KernelEmitter e(builder, loc);
  int64_t width = elements * maxPieces;
  if (!ShapedType::isDynamic(columns)) {
    int64_t full = columns / width * width;
    int64_t rest = columns - full;
    if (full > width && !unroll) {
      emitFor(builder, loc, e.index(0), e.index(full), width, [&](OpBuilder &b, Value offset) {
        body(b, RowBlock{offset, std::nullopt, cut(b, loc, width, elements, useMasks)});
      });
    } else {
      for (int64_t at = 0; at < full; at += width)
        body(builder, RowBlock{e.index(at), at, cut(builder, loc, width, elements, useMasks)});
    }
    if (rest > 0)
      body(builder, RowBlock{e.index(full), full, cut(builder, loc, rest, elements, useMasks)});
    return;
  }
  // Whole blocks, then single vectors of which the last has a mask.
  Value full = e.mul(arith::DivUIOp::create(builder, loc, count, e.index(width)), width);
  emitFor(builder, loc, e.index(0), full, width, [&](OpBuilder &b, Value offset) {
    body(b, RowBlock{offset, std::nullopt, cut(b, loc, width, elements, useMasks)});
  });
  emitFor(builder, loc, full, count, elements, [&](OpBuilder &b, Value offset) {
    KernelEmitter e(b, loc);
    auto type = VectorType::get({elements}, b.getI1Type());
    Value left = e.min(e.sub(count, offset), e.index(elements));
    Value mask = vector::CreateMaskOp::create(b, loc, type, ValueRange{left});
    body(b, RowBlock{offset, std::nullopt, {RowPiece{0, elements, elements, mask}}});
  });
}

static Value load(OpBuilder &b, Location loc, Value memref, ValueRange position, const RowPiece &piece) {
  auto type = VectorType::get({piece.elements}, cast<MemRefType>(memref.getType()).getElementType());
  if (!piece.mask)
    return vector::LoadOp::create(b, loc, type, memref, position);
  Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
  return vector::MaskedLoadOp::create(b, loc, type, memref, position, piece.mask, zero);
}

Value spnn::loadPiece(OpBuilder &builder, Location loc, Value matrix, Value row, const RowBlock &block,
                      const RowPiece &piece) {
  Value column = KernelEmitter(builder, loc).add(block.offset, piece.offset);
  return load(builder, loc, matrix, ValueRange{row, column}, piece);
}

Value spnn::loadPiece(OpBuilder &builder, Location loc, Value vector, const RowBlock &block, const RowPiece &piece) {
  return load(builder, loc, vector, KernelEmitter(builder, loc).add(block.offset, piece.offset), piece);
}

void spnn::storePiece(OpBuilder &builder, Location loc, Value vector, Value matrix, Value row, const RowBlock &block,
                      const RowPiece &piece) {
  Value column = KernelEmitter(builder, loc).add(block.offset, piece.offset);
  if (piece.mask)
    vector::MaskedStoreOp::create(builder, loc, matrix, ValueRange{row, column}, piece.mask, vector);
  else
    vector::StoreOp::create(builder, loc, vector, matrix, ValueRange{row, column});
}
