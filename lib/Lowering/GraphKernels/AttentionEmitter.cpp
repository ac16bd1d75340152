//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the forward and the backward kernel of graph attention share.
//
//===----------------------------------------------------------------------===//
#include "AttentionEmitter.h"

#include "../Dropout.h"
#include "VectorMath.h"

using namespace mlir;
using namespace spnn;

Value AttentionEmitter::splat(OpBuilder &b, double value) const { return emitSplat(b, loc, vectorType(), value); }

VectorList AttentionEmitter::splats(OpBuilder &b, int64_t count, double value) const {
  return VectorList(count, splat(b, value));
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

static constexpr arith::FastMathFlags kContract = arith::FastMathFlags::contract;

Value AttentionEmitter::add(OpBuilder &b, Value x, Value y) const {
  return arith::AddFOp::create(b, loc, x, y, kContract);
}
Value AttentionEmitter::sub(OpBuilder &b, Value x, Value y) const {
  return arith::SubFOp::create(b, loc, x, y, kContract);
}
Value AttentionEmitter::mul(OpBuilder &b, Value x, Value y) const {
  return arith::MulFOp::create(b, loc, x, y, kContract);
}
Value AttentionEmitter::isPositive(OpBuilder &b, Value x) const {
  return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, x, splat(b, 0));
}
Value AttentionEmitter::leakyRelu(OpBuilder &b, Value x) const {
  return arith::SelectOp::create(b, loc, isPositive(b, x), x, mul(b, x, splat(b, slope)));
}
Value AttentionEmitter::leakySlope(OpBuilder &b, Value x) const {
  return arith::SelectOp::create(b, loc, isPositive(b, x), splat(b, 1), splat(b, slope));
}
Value AttentionEmitter::keepLive(OpBuilder &b, const EdgeGroup &group, Value x) const {
  return group.live ? arith::SelectOp::create(b, loc, group.live, x, splat(b, 0)).getResult() : x;
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

/// How a row is brought into its layout and back: all vectors of it at once, a vector of channels of every head at a
/// time, or one element at a time.
enum class CopyKind { Whole, Blocks, Elements };

/// Shuffles that a copy may take each time: pairs of vectors that elements come from and go to.
static CopyKind chooseCopy(const AttentionShape &shape) {
  constexpr int64_t kMaxShuffles = 96, kMaxBlockShuffles = 256;
  int64_t pairs = shape.rowVectors() * (shape.heads == 1 ? 1 : shape.sourceVectors());
  if (pairs <= kMaxShuffles)
    return CopyKind::Whole;
  bool fitsBlocks = shape.channels % shape.vector == 0 && shape.paddedHeads() * shape.heads <= kMaxBlockShuffles;
  return fitsBlocks ? CopyKind::Blocks : CopyKind::Elements;
}

/// A vector whose lane l is element map[l] of `inputs`, one after the other, and 0 where that is -1.
static Value permute(OpBuilder &b, Location loc, ArrayRef<Value> inputs, ArrayRef<int64_t> map) {
  int64_t lanes = map.size();
  Value result;
  if (llvm::is_contained(map, -1))
    result = emitSplat(b, loc, inputs.front().getType(), 0.0);
  // Lanes of `result` that are right already.
  SmallVector<bool> done(lanes);
  for (int64_t l = 0; l < lanes; ++l)
    done[l] = map[l] < 0;
  for (auto [number, input] : llvm::enumerate(inputs)) {
    auto isFrom = [&, number = number](int64_t source) { return source >= 0 && source / lanes == int64_t(number); };
    if (llvm::none_of(map, isFrom))
      continue;
    SmallVector<int64_t> mask(lanes, vector::ShuffleOp::kPoisonIndex);
    for (int64_t l = 0; l < lanes; ++l) {
      if (isFrom(map[l]))
        mask[l] = (result ? lanes : 0) + map[l] % lanes;
      else if (result && done[l])
        mask[l] = l;
      done[l] = done[l] || isFrom(map[l]);
    }
    result = vector::ShuffleOp::create(b, loc, result ? result : input, input, mask);
  }
  return result;
}

static SmallVector<Value> makeIndices(Value row, Value column) {
  return row ? SmallVector<Value>{row, column} : SmallVector<Value>{column};
}

/// Which lanes of a vector are below `count`.
static Value makeMask(OpBuilder &b, Location loc, int64_t lanes, int64_t count) {
  SmallVector<bool> mask(lanes);
  for (int64_t l = 0; l < lanes; ++l)
    mask[l] = l < count;
  auto type = VectorType::get({lanes}, b.getI1Type());
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, mask));
}

/// The first `count` elements of `type` at `indices`, zeros behind them.
static Value loadFirst(OpBuilder &b, Location loc, VectorType type, Value source, ValueRange indices, int64_t count) {
  if (count >= type.getNumElements())
    return vector::LoadOp::create(b, loc, type, source, indices);
  return vector::MaskedLoadOp::create(b, loc, type, source, indices, makeMask(b, loc, type.getNumElements(), count),
                                      emitSplat(b, loc, type, 0.0));
}

static void storeFirst(OpBuilder &b, Location loc, Value vector, Value target, ValueRange indices, int64_t count) {
  int64_t lanes = cast<VectorType>(vector.getType()).getNumElements();
  if (count >= lanes)
    vector::StoreOp::create(b, loc, vector, target, indices);
  else
    vector::MaskedStoreOp::create(b, loc, target, indices, makeMask(b, loc, lanes, count), vector);
}

void AttentionEmitter::layOut(OpBuilder &b, Value source, Value row, Value target, Value to) const {
  KernelEmitter e(b, loc);
  CopyKind kind = chooseCopy(shape);
  if (kind == CopyKind::Whole) {
    SmallVector<Value> inputs;
    for (int64_t s = 0; s < shape.sourceVectors(); ++s)
      inputs.push_back(loadFirst(b, loc, vectorType(), source, makeIndices(row, e.index(s * shape.vector)),
                                 shape.features() - s * shape.vector));
    for (int64_t v = 0; v < shape.rowVectors(); ++v) {
      SmallVector<int64_t> map;
      for (int64_t l = 0; l < shape.vector; ++l)
        map.push_back(shape.sourceOf(v * shape.vector + l));
      Value moved =
          llvm::all_of(map, [](int64_t from) { return from < 0; }) ? splat(b, 0) : permute(b, loc, inputs, map);
      vector::StoreOp::create(b, loc, moved, target, makeIndices(to, e.index(v * shape.vector)));
    }
    return;
  }
  if (kind == CopyKind::Blocks) {
    emitFor(b, loc, e.index(0), e.index(shape.channels), shape.vector, [&](OpBuilder &b, Value channel) {
      KernelEmitter e(b, loc);
      SmallVector<Value> inputs;
      for (int64_t head = 0; head < shape.heads; ++head)
        inputs.push_back(vector::LoadOp::create(b, loc, vectorType(), source,
                                                makeIndices(row, e.add(channel, head * shape.channels))));
      for (int64_t v = 0; v < shape.paddedHeads(); ++v) {
        SmallVector<int64_t> map;
        for (int64_t lane = v * shape.vector; lane < (v + 1) * shape.vector; ++lane) {
          int64_t head = lane % shape.paddedHeads(), inBlock = lane / shape.paddedHeads();
          map.push_back(head < shape.heads ? head * shape.vector + inBlock : -1);
        }
        Value moved =
            llvm::all_of(map, [](int64_t from) { return from < 0; }) ? splat(b, 0) : permute(b, loc, inputs, map);
        vector::StoreOp::create(b, loc, moved, target,
                                makeIndices(to, e.add(e.mul(channel, shape.paddedHeads()), v * shape.vector)));
      }
    });
    return;
  }
  Value zero = splat(b, 0);
  emitFor(b, loc, e.index(0), e.index(shape.rowElements()), shape.vector,
          [&](OpBuilder &b, Value column) { vector::StoreOp::create(b, loc, zero, target, makeIndices(to, column)); });
  emitFor(b, loc, e.index(0), e.index(shape.heads), 1, [&](OpBuilder &b, Value head) {
    emitFor(b, loc, e.index(0), e.index(shape.channels), 1, [&](OpBuilder &b, Value channel) {
      KernelEmitter e(b, loc);
      Value value =
          memref::LoadOp::create(b, loc, source, makeIndices(row, e.add(e.mul(head, shape.channels), channel)));
      memref::StoreOp::create(b, loc, value, target, makeIndices(to, e.add(e.mul(channel, shape.paddedHeads()), head)));
    });
  });
}

void AttentionEmitter::takeBack(OpBuilder &b, Value source, Value target, Value to) const {
  KernelEmitter e(b, loc);
  CopyKind kind = chooseCopy(shape);
  if (kind == CopyKind::Whole) {
    SmallVector<Value> inputs;
    for (int64_t v = 0; v < shape.rowVectors(); ++v)
      inputs.push_back(e.loadVector(source, e.index(v * shape.vector), shape.vector));
    for (int64_t s = 0; s < shape.sourceVectors(); ++s) {
      SmallVector<int64_t> map(shape.vector, 0);
      for (int64_t l = 0; l < shape.vector; ++l)
        if (int64_t at = s * shape.vector + l; at < shape.features())
          map[l] = at % shape.channels * shape.paddedHeads() + at / shape.channels;
      storeFirst(b, loc, permute(b, loc, inputs, map), target, makeIndices(to, e.index(s * shape.vector)),
                 shape.features() - s * shape.vector);
    }
    return;
  }
  if (kind == CopyKind::Blocks) {
    emitFor(b, loc, e.index(0), e.index(shape.channels), shape.vector, [&](OpBuilder &b, Value channel) {
      KernelEmitter e(b, loc);
      SmallVector<Value> inputs;
      for (int64_t v = 0; v < shape.paddedHeads(); ++v)
        inputs.push_back(
            e.loadVector(source, e.add(e.mul(channel, shape.paddedHeads()), v * shape.vector), shape.vector));
      for (int64_t head = 0; head < shape.heads; ++head) {
        SmallVector<int64_t> map;
        for (int64_t inBlock = 0; inBlock < shape.vector; ++inBlock)
          map.push_back(inBlock * shape.paddedHeads() + head);
        vector::StoreOp::create(b, loc, permute(b, loc, inputs, map), target,
                                makeIndices(to, e.add(channel, head * shape.channels)));
      }
    });
    return;
  }
  emitFor(b, loc, e.index(0), e.index(shape.heads), 1, [&](OpBuilder &b, Value head) {
    emitFor(b, loc, e.index(0), e.index(shape.channels), 1, [&](OpBuilder &b, Value channel) {
      KernelEmitter e(b, loc);
      Value value = memref::LoadOp::create(b, loc, source, e.add(e.mul(channel, shape.paddedHeads()), head));
      memref::StoreOp::create(b, loc, value, target, makeIndices(to, e.add(e.mul(head, shape.channels), channel)));
    });
  });
}

Value AttentionEmitter::loadRow(OpBuilder &b, Value rows, Value row, Value base, int64_t v) const {
  KernelEmitter e(b, loc);
  Value column = e.add(e.mul(base, shape.vector), v * shape.vector);
  return vector::LoadOp::create(b, loc, vectorType(), rows, makeIndices(row, column));
}

void AttentionEmitter::mapRow(OpBuilder &b, Value row,
                              function_ref<Value(OpBuilder &, Value, int64_t, Value)> change) const {
  forTiles(b, {}, [&](OpBuilder &b, Value base, int64_t vectors, ValueRange) {
    KernelEmitter e(b, loc);
    for (int64_t v = 0; v < vectors; ++v) {
      Value at = e.add(e.mul(base, shape.vector), v * shape.vector);
      e.storeVector(change(b, base, v, e.loadVector(row, at, shape.vector)), row, at);
    }
    return VectorList();
  });
}

//===----------------------------------------------------------------------===//
// Heads
//===----------------------------------------------------------------------===//

VectorList AttentionEmitter::loadHeads(OpBuilder &b, Value source, Value row, Value column) const {
  KernelEmitter e(b, loc);
  auto type = VectorType::get({shape.headLanes()}, element);
  // Rows of the model's own hold the heads alone.
  bool isPadded = column || cast<MemRefType>(source.getType()).getDimSize(1) == shape.paddedHeads();
  VectorList heads;
  for (int64_t p = 0; p < shape.headVectors(); ++p) {
    Value at = e.index(p * shape.vector);
    heads.push_back(loadFirst(b, loc, type, source, {row, column ? e.add(column, at) : at},
                              isPadded ? shape.vector : shape.heads - p * shape.vector));
  }
  return heads;
}

Value AttentionEmitter::firstHeads(OpBuilder &b, Value vector, int64_t edge) const {
  int64_t lanes = shape.headLanes();
  if (cast<VectorType>(vector.getType()).getNumElements() == lanes)
    return vector;
  return vector::ExtractStridedSliceOp::create(b, loc, vector, ArrayRef<int64_t>{edge * lanes},
                                               ArrayRef<int64_t>{lanes}, ArrayRef<int64_t>{1});
}

void AttentionEmitter::storeHeads(OpBuilder &b, const VectorList &heads, Value target, Value row, int64_t edge) const {
  KernelEmitter e(b, loc);
  for (auto [p, vector] : llvm::enumerate(heads)) {
    int64_t at = p * shape.vector;
    storeFirst(b, loc, firstHeads(b, vector, edge), target, {row, e.index(at)}, shape.heads - at);
  }
}

void AttentionEmitter::storePadded(OpBuilder &b, const VectorList &heads, Value target, Value row, Value column) const {
  KernelEmitter e(b, loc);
  for (auto [p, vector] : llvm::enumerate(heads))
    vector::StoreOp::create(b, loc, firstHeads(b, vector, 0), target, ValueRange{row, e.add(column, p * shape.vector)});
}

VectorList AttentionEmitter::repeat(OpBuilder &b, const VectorList &heads) const {
  if (shape.edgesPerVector() == 1)
    return heads;
  SmallVector<int64_t> mask(shape.vector);
  for (int64_t l = 0; l < shape.vector; ++l)
    mask[l] = l % shape.headLanes();
  return {vector::ShuffleOp::create(b, loc, heads[0], heads[0], mask)};
}

VectorList AttentionEmitter::compose(OpBuilder &b, ArrayRef<VectorList> edges) const {
  if (edges.size() == 1)
    return edges.front();
  SmallVector<Value> parts;
  for (const VectorList &edge : edges)
    parts.push_back(edge[0]);
  for (int64_t lanes = shape.headLanes(); parts.size() > 1; lanes *= 2) {
    SmallVector<int64_t> mask;
    for (int64_t l = 0; l < 2 * lanes; ++l)
      mask.push_back(l);
    SmallVector<Value> joined;
    for (size_t i = 0; i < parts.size(); i += 2)
      joined.push_back(vector::ShuffleOp::create(b, loc, parts[i], parts[i + 1], mask));
    parts = joined;
  }
  return {parts[0]};
}

VectorList AttentionEmitter::gather(OpBuilder &b, Value source, ValueRange rows, Value column) const {
  SmallVector<VectorList> edges;
  for (Value row : rows)
    edges.push_back(loadHeads(b, source, row, column));
  return compose(b, edges);
}

VectorList AttentionEmitter::fold(OpBuilder &b, VectorList vectors,
                                  function_ref<Value(OpBuilder &, Value, Value)> combine) const {
  for (int64_t step = shape.vector / 2; step >= shape.headLanes(); step /= 2) {
    SmallVector<int64_t> mask(shape.vector);
    for (int64_t l = 0; l < shape.vector; ++l)
      mask[l] = (l + step) % shape.vector;
    for (Value &vector : vectors)
      vector = combine(b, vector, vector::ShuffleOp::create(b, loc, vector, vector, mask));
  }
  return vectors;
}

VectorList AttentionEmitter::foldSum(OpBuilder &b, VectorList vectors) const {
  return fold(b, std::move(vectors), [&](OpBuilder &b, Value x, Value y) { return add(b, x, y); });
}

VectorList AttentionEmitter::foldEdges(OpBuilder &b, ArrayRef<VectorList> edges) const {
  if (edges.size() == 1)
    return edges.front();
  SmallVector<Value> parts;
  for (const VectorList &edge : edges)
    parts.push_back(edge[0]);
  // Each step adds the halves of every region of two vectors and puts the sums side by side.
  for (int64_t region = shape.vector; parts.size() > 1; region /= 2) {
    SmallVector<int64_t> low(shape.vector), high(shape.vector);
    for (int64_t l = 0; l < shape.vector; ++l) {
      int64_t inRegion = l % region, half = region / 2;
      low[l] = l - inRegion + inRegion % half + (inRegion < half ? 0 : shape.vector);
      high[l] = low[l] + half;
    }
    SmallVector<Value> folded;
    size_t pairs = parts.size() / 2;
    for (size_t i = 0; i < pairs; ++i) {
      Value lows = vector::ShuffleOp::create(b, loc, parts[i], parts[i + pairs], low);
      Value highs = vector::ShuffleOp::create(b, loc, parts[i], parts[i + pairs], high);
      folded.push_back(add(b, lows, highs));
    }
    parts = folded;
  }
  return {parts[0]};
}

//===----------------------------------------------------------------------===//
// Tasks
//===----------------------------------------------------------------------===//

Value AttentionEmitter::allocate(OpBuilder &b, int64_t elements) {
  auto layout = StridedLayoutAttr::get(b.getContext(), ShapedType::kDynamic, {1});
  SmallVector<OpFoldResult> offsets = {scratchTask, b.getIndexAttr(scratchUsed)},
                            sizes = {b.getIndexAttr(1), b.getIndexAttr(elements)}, strides(2, b.getIndexAttr(1));
  scratchUsed += elements;
  assert(scratchUsed <= cast<MemRefType>(scratchBuffer.getType()).getDimSize(1) && "the task's row is too short");
  return memref::SubViewOp::create(b, loc, MemRefType::get({elements}, element, layout), scratchBuffer, offsets, sizes,
                                   strides);
}

void AttentionEmitter::forRuns(OpBuilder &b, Value rows, bool parallel,
                               function_ref<void(OpBuilder &, Value, Value, Value)> body) const {
  KernelEmitter e(b, loc);
  emitTasks(b, loc, {e.index(kGraphTasks)}, parallel, [&](OpBuilder &b, ArrayRef<Value> task) {
    KernelEmitter e(b, loc);
    auto boundary = [&](Value number) -> Value {
      return arith::DivUIOp::create(b, loc, e.mul(rows, number), e.index(kGraphTasks));
    };
    body(b, task[0], boundary(task[0]), boundary(e.add(task[0], 1)));
  });
}

void AttentionEmitter::layOutRows(OpBuilder &b, Value source, Value target, bool parallel) const {
  forRuns(b, b.createOrFold<memref::DimOp>(loc, source, 0), parallel, [&](OpBuilder &b, Value, Value begin, Value end) {
    emitFor(b, loc, begin, end, 1, [&](OpBuilder &b, Value row) { layOut(b, source, row, target, row); });
  });
}

void AttentionEmitter::layOutHeads(OpBuilder &b, Value source, Value target, bool parallel) const {
  forRuns(b, b.createOrFold<memref::DimOp>(loc, source, 0), parallel, [&](OpBuilder &b, Value, Value begin, Value end) {
    emitFor(b, loc, begin, end, 1, [&](OpBuilder &b, Value row) {
      storePadded(b, loadHeads(b, source, row), target, row, KernelEmitter(b, loc).index(0));
    });
  });
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

int64_t AttentionEmitter::tileVectors() const {
  // AVX-512 has twice the registers.
  int64_t wanted = shape.vector * element.getIntOrFloatBitWidth() >= 512 ? 8 : 4;
  return std::max<int64_t>(1, wanted / shape.headVectors()) * shape.headVectors();
}

/// A loop from `begin` to `end` that carries values.
static VectorList emitCarryingFor(OpBuilder &b, Location loc, Value begin, Value end, int64_t step, ValueRange inits,
                                  function_ref<VectorList(OpBuilder &, Value, ValueRange)> body) {
  Value stride = arith::ConstantIndexOp::create(b, loc, step);
  auto loop =
      scf::ForOp::create(b, loc, begin, end, stride, inits, [&](OpBuilder &b, Location, Value i, ValueRange state) {
        scf::YieldOp::create(b, loc, body(b, i, state));
      });
  return VectorList(loop.getResults());
}

VectorList AttentionEmitter::forTiles(OpBuilder &b, ValueRange inits,
                                      function_ref<VectorList(OpBuilder &, Value, int64_t, ValueRange)> body) const {
  KernelEmitter e(b, loc);
  int64_t all = shape.rowVectors(), tile = tileVectors();
  if (all <= tile)
    return body(b, e.index(0), all, inits);
  int64_t full = all / tile * tile;
  VectorList state =
      emitCarryingFor(b, loc, e.index(0), e.index(full), tile, inits,
                      [&](OpBuilder &b, Value base, ValueRange state) { return body(b, base, tile, state); });
  return full == all ? state : body(b, e.index(full), all - full, state);
}

VectorList AttentionEmitter::forBlocks(OpBuilder &b, Value begin, Value end, ValueRange inits,
                                       function_ref<VectorList(OpBuilder &, Value, Value, ValueRange)> body) const {
  return emitCarryingFor(b, loc, begin, end, shape.blockEdges(), inits,
                         [&](OpBuilder &b, Value first, ValueRange state) {
                           KernelEmitter e(b, loc);
                           Value count = e.min(e.index(shape.blockEdges()), e.sub(end, first));
                           return body(b, first, count, state);
                         });
}

void AttentionEmitter::prefetchRows(OpBuilder &b, Value indices, Value edge, ArrayRef<Value> tables) const {
  KernelEmitter e(b, loc);
  Value last = e.sub(b.createOrFold<memref::DimOp>(loc, indices, 0), e.index(1));
  Value node = e.loadIndex(indices, e.min(e.add(edge, prefetch), last));
  // Hardware goes on by itself where rows are longer.
  constexpr int64_t kLineBytes = 64, kMaxLines = 16;
  int64_t line = kLineBytes / (element.getIntOrFloatBitWidth() / 8);
  for (Value table : tables) {
    int64_t elements = std::min(cast<MemRefType>(table.getType()).getDimSize(1), kMaxLines * line);
    for (int64_t at = 0; at < elements; at += line)
      memref::PrefetchOp::create(b, loc, table, ValueRange{node, e.index(at)}, /*isWrite=*/false, /*localityHint=*/3,
                                 /*isDataCache=*/true);
  }
}

VectorList
AttentionEmitter::forGroups(OpBuilder &b, Value indices, Value first, Value count, ArrayRef<Value> ahead,
                            ValueRange inits,
                            function_ref<VectorList(OpBuilder &, const EdgeGroup &, ValueRange)> body) const {
  KernelEmitter e(b, loc);
  int64_t edges = shape.edgesPerVector();
  Value last = edges > 1 ? e.sub(count, e.index(1)) : Value();
  return emitCarryingFor(b, loc, e.index(0), count, edges, inits, [&](OpBuilder &b, Value number, ValueRange state) {
    KernelEmitter e(b, loc);
    EdgeGroup group;
    group.first = number;
    for (int64_t k = 0; k < edges; ++k) {
      Value edge = k > 0 ? e.min(e.add(number, k), last) : number;
      group.positions.push_back(e.add(first, edge));
      group.nodes.push_back(e.loadIndex(indices, group.positions.back()));
      if (prefetch > 0 && !ahead.empty())
        prefetchRows(b, indices, group.positions.back(), ahead);
    }
    if (edges > 1) {
      SmallVector<int32_t> lanes(shape.vector);
      for (int64_t l = 0; l < shape.vector; ++l)
        lanes[l] = l / shape.headLanes();
      Type word = b.getI32Type();
      Value numbers = arith::ConstantOp::create(b, loc, DenseElementsAttr::get<int32_t>(vectorType(word), lanes));
      Value left = arith::IndexCastOp::create(b, loc, word, e.sub(count, number));
      group.live = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, numbers, e.broadcast(left, shape.vector));
    }
    return body(b, group, state);
  });
}

void AttentionEmitter::storeGroup(OpBuilder &b, const EdgeGroup &group, const VectorList &values, Value scratch) const {
  KernelEmitter e(b, loc);
  Value at = e.mul(group.first, shape.paddedHeads());
  for (auto [p, value] : llvm::enumerate(values))
    e.storeVector(value, scratch, e.add(at, p * shape.vector));
}

VectorList AttentionEmitter::loadGroup(OpBuilder &b, const EdgeGroup &group, Value scratch) const {
  KernelEmitter e(b, loc);
  Value at = e.mul(group.first, shape.paddedHeads());
  VectorList values;
  for (int64_t p = 0; p < shape.headVectors(); ++p)
    values.push_back(e.loadVector(scratch, e.add(at, p * shape.vector), shape.vector));
  return values;
}

void AttentionEmitter::aggregate(OpBuilder &b, Value indices, Value first, Value count, Value scratch, ValueRange sums,
                                 Term term) const {
  forTiles(b, {}, [&](OpBuilder &b, Value base, int64_t vectors, ValueRange) {
    KernelEmitter e(b, loc);
    auto position = [&](int64_t v) { return e.add(e.mul(base, shape.vector), v * shape.vector); };
    VectorList inits;
    for (int64_t v = 0; v < vectors; ++v)
      for (Value sum : sums)
        inits.push_back(e.loadVector(sum, position(v), shape.vector));
    VectorList results =
        emitCarryingFor(b, loc, e.index(0), count, 1, inits, [&](OpBuilder &b, Value edge, ValueRange state) {
          KernelEmitter e(b, loc);
          Value node = e.loadIndex(indices, e.add(first, edge));
          Value at = e.mul(edge, shape.paddedHeads());
          VectorList heads;
          for (int64_t p = 0; p < shape.headVectors(); ++p)
            heads.push_back(e.loadVector(scratch, e.add(at, p * shape.vector), shape.headLanes()));
          heads = repeat(b, heads);
          VectorList next;
          for (int64_t v = 0; v < vectors; ++v)
            next.append(
                term(b, node, heads[v % shape.headVectors()], base, v, state.slice(v * sums.size(), sums.size())));
          return next;
        });
    for (int64_t v = 0; v < vectors; ++v)
      for (auto [number, sum] : llvm::enumerate(sums))
        e.storeVector(results[v * sums.size() + number], sum, position(v));
    return VectorList();
  });
}

void AttentionEmitter::aggregateRows(OpBuilder &b, Value indices, Value first, Value count, Value scratch, Value rows,
                                     Value sums) const {
  aggregate(b, indices, first, count, scratch, sums,
            [&](OpBuilder &b, Value node, Value coefficient, Value base, int64_t v, ValueRange sum) {
              return VectorList{add(b, mul(b, coefficient, loadRow(b, rows, node, base, v)), sum[0])};
            });
}

OwnRow::OwnRow(const AttentionEmitter &emitter, OpBuilder &b, Value rows, Value row)
    : emitter(emitter), rows(rows), row(row) {
  if (emitter.shape.rowVectors() > emitter.tileVectors())
    return;
  Value zero = arith::ConstantIndexOp::create(b, emitter.loc, 0);
  for (int64_t v = 0; v < emitter.shape.rowVectors(); ++v)
    loaded.push_back(emitter.loadRow(b, rows, row, zero, v));
}

Value OwnRow::get(OpBuilder &b, Value base, int64_t v) const {
  return loaded.empty() ? emitter.loadRow(b, rows, row, base, v) : loaded[v];
}

VectorList
AttentionEmitter::sumOverChannels(OpBuilder &b, const EdgeGroup &group,
                                  function_ref<Value(OpBuilder &, Value, Value, int64_t, Value)> term) const {
  int64_t heads = shape.headVectors(), edges = group.nodes.size();
  VectorList sums =
      forTiles(b, splats(b, edges * heads, 0), [&](OpBuilder &b, Value base, int64_t vectors, ValueRange state) {
        VectorList next(state);
        for (int64_t v = 0; v < vectors; ++v)
          for (int64_t k = 0; k < edges; ++k) {
            Value &sum = next[k * heads + v % heads];
            sum = term(b, group.nodes[k], base, v, sum);
          }
        return next;
      });
  SmallVector<VectorList> perEdge;
  for (int64_t k = 0; k < edges; ++k)
    perEdge.emplace_back(ArrayRef<Value>(sums).slice(k * heads, heads));
  return foldEdges(b, perEdge);
}

VectorList AttentionEmitter::dot(OpBuilder &b, const EdgeGroup &group, const OwnRow &own, Value rows) const {
  return sumOverChannels(b, group, [&](OpBuilder &b, Value node, Value base, int64_t v, Value sum) {
    return add(b, mul(b, own.get(b, base, v), loadRow(b, rows, node, base, v)), sum);
  });
}

VectorList AttentionEmitter::additiveScores(OpBuilder &b, const EdgeGroup &group, const OwnRow &own, Value rows,
                                            const OwnRow &attention) const {
  return sumOverChannels(b, group, [&](OpBuilder &b, Value node, Value base, int64_t v, Value sum) {
    Value z = add(b, own.get(b, base, v), loadRow(b, rows, node, base, v));
    return add(b, mul(b, attention.get(b, base, v), leakyRelu(b, z)), sum);
  });
}

//===----------------------------------------------------------------------===//
// Dropout
//===----------------------------------------------------------------------===//

VectorList AttentionEmitter::dropoutScales(OpBuilder &b, Value key, double rate, ValueRange numbers,
                                           bool isSmall) const {
  KernelEmitter e(b, loc);
  Type word = b.getI32Type(), wide = isSmall ? word : b.getI64Type();
  Value edges;
  if (numbers.size() == 1) {
    edges = e.broadcast(numbers[0], shape.vector);
  } else {
    auto type = VectorType::get({static_cast<int64_t>(numbers.size())}, word);
    Value few = vector::FromElementsOp::create(b, loc, type, numbers);
    SmallVector<int64_t> lanes(shape.vector);
    for (int64_t l = 0; l < shape.vector; ++l)
      lanes[l] = l / shape.headLanes();
    edges = vector::ShuffleOp::create(b, loc, few, few, lanes);
  }
  if (!isSmall)
    edges = arith::ExtUIOp::create(b, loc, vectorType(wide), edges);
  Value bases = arith::MulIOp::create(b, loc, edges, emitSplat(b, loc, vectorType(wide), shape.heads));
  Value kept = emitSplat(b, loc, vectorType(element), 1 / (1 - rate)),
        dropped = emitSplat(b, loc, vectorType(element), 0.0);
  VectorList scales;
  for (int64_t p = 0; p < shape.headVectors(); ++p) {
    SmallVector<APInt> heads;
    for (int64_t l = 0; l < shape.vector; ++l)
      heads.emplace_back(wide.getIntOrFloatBitWidth(), p * shape.vector + l % shape.headLanes());
    Value head = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vectorType(wide), heads));
    Value number = arith::AddIOp::create(b, loc, bases, head);
    Value keep = isSmall ? emitDropoutKeepLow(b, loc, key, number, rate) : emitDropoutKeep(b, loc, key, number, rate);
    scales.push_back(arith::SelectOp::create(b, loc, keep, kept, dropped));
  }
  return scales;
}
