//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pass spnn-vectorize-elementwise: elementwise linalg ops on buffers become loops over vectors.
//
//===----------------------------------------------------------------------===//
#include "Kernels/KernelEmitter.h"

#include "spnn/IR/SPNN.h"
#include "spnn/Lowering/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"

namespace spnn {
#define GEN_PASS_DEF_VECTORIZEELEMENTWISE
#include "spnn/Lowering/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

namespace {
/// An op as loops: over rows (all dimensions but the last, one loop each) and vectors along the last one.
class ElementwiseLoops {
public:
  ElementwiseLoops(linalg::GenericOp op, int64_t vectorBytes) : op(op), loc(op.getLoc()), vectorBytes(vectorBytes) {}

  /// Why the op stays as it is; std::nullopt if it can be emitted.
  std::optional<std::string> check();
  void emit(OpBuilder &builder, bool parallel);

private:
  /// A buffer as the loops read and write it: where each of its dimensions is found.
  struct Operand {
    Value memref;
    AffineMap map;
    bool isVector; ///< the innermost loop runs along its last dimension
  };

  void flatten(OpBuilder &builder);
  SmallVector<Value> getIndices(const Operand &operand, ValueRange position) const;
  /// The body for the vector at `position`; `mask` is null if all of its lanes exist.
  void emitBody(OpBuilder &b, ValueRange position, Value mask) const;
  /// The loop along the last dimension from `begin` to `end`.
  void emitVectors(OpBuilder &b, SmallVector<Value> position, Value begin, Value end) const;
  void emitNest(OpBuilder &b, SmallVector<Value> &position, Value begin, Value end) const;
  Value spread(OpBuilder &b, Value value) const {
    return isa<VectorType>(value.getType()) ? value : KernelEmitter(b, loc).broadcast(value, lanes);
  }

  mutable linalg::GenericOp op; // getters of ops are not const
  Location loc;
  int64_t vectorBytes, lanes = 0;
  SmallVector<Operand> operands;
  SmallVector<Value> extents; ///< of the loops
};
} // namespace

/// True for ops that do the same to each lane of vectors, and no harm to lanes that do not exist.
static bool isLanewise(Operation &op) {
  if (!isa<arith::ArithDialect, math::MathDialect>(op.getDialect()) || op.getNumRegions() != 0 ||
      op.getNumResults() != 1)
    return false;
  // spnn-define-arithmetic makes calls of these, of which nobody says that they leave the stack alone; MLIR's conversion
  // to OpenMP then keeps a scope that no later pass takes away.
  if (isa<arith::FPToSIOp, arith::FPToUIOp>(op))
    return false;
  // A division of what does not exist would be one by zero.
  if (isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp, arith::CeilDivSIOp, arith::CeilDivUIOp,
          arith::FloorDivSIOp>(op))
    return false;
  return isa<arith::ConstantOp>(op) || (OpTrait::hasElementwiseMappableTraits(&op) && isMemoryEffectFree(&op));
}

std::optional<std::string> ElementwiseLoops::check() {
  int64_t loops = op.getNumLoops();
  if (!op.hasPureBufferSemantics() || loops == 0 || op.getNumParallelLoops() != loops)
    return "it is no elementwise op on buffers";
  int64_t bytes = 0;
  AffineExpr last = getAffineDimExpr(loops - 1, op.getContext());
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    AffineMap map = op.getMatchingIndexingMap(&operand);
    if (!type) {
      operands.push_back({operand.get(), map, false}); // a scalar
      continue;
    }
    Type element = type.getElementType();
    if (!element.isIntOrFloat() || element.getIntOrFloatBitWidth() < 8)
      return "it works on elements without vectors of bytes";
    if (!map.isProjectedPermutation())
      return "an operand is not indexed by loops alone";
    bool isVector = map.getNumResults() > 0 && map.getResults().back() == last;
    if (!isVector && map.isFunctionOfDim(loops - 1))
      return "an operand is transposed";
    SmallVector<int64_t> strides;
    int64_t offset;
    if (isVector && (failed(type.getStridesAndOffset(strides, offset)) || strides.back() != 1))
      return "an operand is not contiguous";
    if (op.isDpsInit(&operand) && (!isVector || map.getNumResults() != static_cast<unsigned>(loops)))
      return "a result is not indexed by all loops";
    if (isVector)
      bytes = std::max<int64_t>(bytes, element.getIntOrFloatBitWidth() / 8);
    operands.push_back({operand.get(), map, isVector});
  }
  for (Operation &inner : op.getBlock()->without_terminator()) {
    if (isa<linalg::IndexOp>(inner))
      continue;
    if (!isLanewise(inner))
      return ("its body has '" + inner.getName().getStringRef() + "'").str();
    for (Type type : inner.getResultTypes())
      if (!type.isIntOrIndexOrFloat())
        return "its body computes something else than numbers";
  }
  if (!op.hasPureBufferSemantics() || bytes == 0)
    return "it has no buffers";
  lanes = std::max<int64_t>(1, vectorBytes / bytes);
  return std::nullopt;
}

/// All dimensions as one, where everything lies one after the other and nobody asks for an index.
void ElementwiseLoops::flatten(OpBuilder &builder) {
  int64_t loops = op.getNumLoops();
  if (loops < 2 || op.hasIndexSemantics())
    return;
  for (const Operand &operand : operands) {
    auto type = dyn_cast<MemRefType>(operand.memref.getType());
    if (type && operand.map.getNumResults() != 0 && (!operand.map.isIdentity() || !type.getLayout().isIdentity()))
      return;
  }
  ReassociationIndices all;
  for (int64_t dim = 0; dim < loops; ++dim)
    all.push_back(dim);
  for (Operand &operand : operands) {
    if (operand.map.getNumResults() == 0) {
      operand.map = AffineMap::get(1, 0, builder.getContext());
      continue;
    }
    operand.memref = memref::CollapseShapeOp::create(builder, loc, operand.memref, ArrayRef<ReassociationIndices>{all});
    operand.map = builder.getMultiDimIdentityMap(1);
  }
}

SmallVector<Value> ElementwiseLoops::getIndices(const Operand &operand, ValueRange position) const {
  SmallVector<Value> indices;
  for (AffineExpr result : operand.map.getResults())
    indices.push_back(position[cast<AffineDimExpr>(result).getPosition()]);
  return indices;
}

void ElementwiseLoops::emitBody(OpBuilder &b, ValueRange position, Value mask) const {
  KernelEmitter e(b, loc);
  Block *body = op.getBlock();
  // A value is a scalar here as long as it is the same in all lanes.
  IRMapping values;
  for (auto [operand, argument] : llvm::zip_equal(operands, body->getArguments())) {
    if (argument.use_empty())
      continue;
    auto type = dyn_cast<MemRefType>(operand.memref.getType());
    if (!type) {
      values.map(argument, operand.memref);
      continue;
    }
    SmallVector<Value> indices = getIndices(operand, position);
    if (!operand.isVector) {
      values.map(argument, memref::LoadOp::create(b, loc, operand.memref, indices));
      continue;
    }
    auto vector = VectorType::get({lanes}, type.getElementType());
    if (mask) {
      Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(vector));
      values.map(argument, vector::MaskedLoadOp::create(b, loc, vector, operand.memref, indices, mask, zero));
    } else {
      values.map(argument, vector::LoadOp::create(b, loc, vector, operand.memref, indices));
    }
  }
  int64_t innermost = position.size() - 1;
  auto number = [&](Type element) -> Value {
    auto type = VectorType::get({lanes}, element);
    unsigned width = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
    SmallVector<APInt> lane;
    for (int64_t i = 0; i < lanes; ++i)
      lane.emplace_back(width, i, /*isSigned=*/false, /*implicitTrunc=*/true);
    Value first = position[innermost];
    if (!element.isIndex())
      first = arith::IndexCastOp::create(b, loc, element, first);
    Value count = arith::ConstantOp::create(b, loc, type, DenseElementsAttr::get(type, lane));
    return arith::AddIOp::create(b, loc, e.broadcast(first, lanes), count);
  };
  for (Operation &inner : body->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      values.map(index.getResult(), static_cast<int64_t>(index.getDim()) == innermost ? number(b.getIndexType())
                                                                                      : position[index.getDim()]);
      continue;
    }
    // The number of an element in as many bits as are asked for: vectors of index are twice as long.
    if (auto cast = dyn_cast<arith::IndexCastOp>(inner))
      if (auto index = cast.getIn().getDefiningOp<linalg::IndexOp>();
          index && static_cast<int64_t>(index.getDim()) == innermost) {
        values.map(cast.getOut(), number(cast.getType()));
        continue;
      }
    bool isVector = llvm::any_of(
        inner.getOperands(), [&](Value operand) { return isa<VectorType>(values.lookupOrDefault(operand).getType()); });
    if (!isVector) {
      b.clone(inner, values);
      continue;
    }
    SmallVector<Value> spreaded;
    for (Value operand : inner.getOperands())
      spreaded.push_back(spread(b, values.lookupOrDefault(operand)));
    OperationState state(inner.getLoc(), inner.getName(), spreaded,
                         TypeRange{VectorType::get({lanes}, inner.getResult(0).getType())}, inner.getAttrs());
    state.propertiesAttr = inner.getPropertiesAsAttribute();
    values.map(inner.getResult(0), b.create(state)->getResult(0));
  }
  for (auto [init, yielded] : llvm::zip_equal(ArrayRef<Operand>(operands).take_back(op.getNumDpsInits()),
                                              body->getTerminator()->getOperands())) {
    Value vector = spread(b, values.lookupOrDefault(yielded));
    SmallVector<Value> indices = getIndices(init, position);
    if (mask)
      vector::MaskedStoreOp::create(b, loc, init.memref, indices, mask, vector);
    else
      vector::StoreOp::create(b, loc, vector, init.memref, indices);
  }
}

void ElementwiseLoops::emitVectors(OpBuilder &builder, SmallVector<Value> position, Value begin, Value end) const {
  KernelEmitter e(builder, loc);
  position.emplace_back();
  Value length = e.sub(end, begin);
  Value whole = e.mul(builder.createOrFold<arith::DivUIOp>(loc, length, e.index(lanes)), lanes);
  Value full = e.add(begin, whole);
  if (getConstantIntValue(whole) != 0)
    emitFor(builder, loc, begin, full, lanes, [&](OpBuilder &b, Value at) {
      position.back() = at;
      emitBody(b, position, {});
    });
  Value left = e.sub(length, whole);
  std::optional<int64_t> known = getConstantIntValue(left);
  if (known && *known == 0)
    return;
  auto emitTail = [&](OpBuilder &b) {
    auto type = VectorType::get({lanes}, b.getI1Type());
    position.back() = full;
    emitBody(b, position, vector::CreateMaskOp::create(b, loc, type, ValueRange{left}));
  };
  if (known)
    return emitTail(builder);
  Value some = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ugt, left, e.index(0));
  scf::IfOp::create(builder, loc, some, [&](OpBuilder &b, Location) {
    emitTail(b);
    scf::YieldOp::create(b, loc);
  });
}

void ElementwiseLoops::emitNest(OpBuilder &builder, SmallVector<Value> &position, Value begin, Value end) const {
  KernelEmitter e(builder, loc);
  bool isOutermost = position.empty();
  Value from = isOutermost ? begin : e.index(0), to = isOutermost ? end : extents[position.size()];
  if (position.size() + 1 == extents.size())
    return emitVectors(builder, position, from, to);
  emitFor(builder, loc, from, to, 1, [&](OpBuilder &b, Value at) {
    position.push_back(at);
    emitNest(b, position, {}, {});
    position.pop_back();
  });
}

void ElementwiseLoops::emit(OpBuilder &builder, bool parallel) {
  KernelEmitter e(builder, loc);
  flatten(builder);
  // The results are indexed by all loops.
  const Operand &result = operands.back();
  int64_t loops = result.map.getNumDims();
  extents.resize(loops);
  for (auto [dim, expr] : llvm::enumerate(result.map.getResults()))
    extents[cast<AffineDimExpr>(expr).getPosition()] =
        builder.createOrFold<memref::DimOp>(loc, result.memref, static_cast<int64_t>(dim));
  // A region of threads takes as long as some tens of thousands of elements; each task is as large as that.
  constexpr int64_t kTaskElements = 1 << 14;
  Value work = extents[0];
  for (Value extent : ArrayRef<Value>(extents).drop_front())
    work = e.mul(work, extent);
  std::optional<int64_t> known = getConstantIntValue(work);
  SmallVector<Value> position;
  auto emitAlone = [&](OpBuilder &b) { emitNest(b, position, KernelEmitter(b, loc).index(0), extents[0]); };
  if (!parallel || (known && *known < 2 * kTaskElements))
    return emitAlone(builder);
  auto emitTogether = [&](OpBuilder &builder) {
    KernelEmitter e(builder, loc);
    Value tasks = e.ceilDiv(work, kTaskElements);
    // Whole vectors for all tasks but the last, where the only loop is cut.
    Value units = loops == 1 ? e.ceilDiv(extents[0], lanes) : extents[0];
    emitTasks(builder, loc, {tasks}, /*parallel=*/true, [&](OpBuilder &b, ArrayRef<Value> task) {
      KernelEmitter e(b, loc);
      auto boundary = [&](Value number) -> Value {
        Value unit = arith::DivUIOp::create(b, loc, e.mul(units, number), tasks);
        return loops == 1 ? e.min(e.mul(unit, lanes), extents[0]) : unit;
      };
      emitNest(b, position, boundary(task[0]), boundary(e.add(task[0], 1)));
    });
  };
  if (known)
    return emitTogether(builder);
  Value isLarge = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::uge, work, e.index(2 * kTaskElements));
  scf::IfOp::create(
      builder, loc, isLarge,
      [&](OpBuilder &b, Location) {
        emitTogether(b);
        scf::YieldOp::create(b, loc);
      },
      [&](OpBuilder &b, Location) {
        emitAlone(b);
        scf::YieldOp::create(b, loc);
      });
}

namespace {
struct VectorizeElementwise : public spnn::impl::VectorizeElementwiseBase<VectorizeElementwise> {
  using VectorizeElementwiseBase::VectorizeElementwiseBase;

  void runOnOperation() override {
    auto target = getOperation()->getAttrOfType<TargetAttr>(kTargetAttrName);
    bool parallel = !target || target.getThreads() != 1;
    int64_t vectorBytes = target ? target.getVectorBytes() : 16;
    SmallVector<linalg::GenericOp> ops;
    getOperation().walk([&](linalg::GenericOp op) { ops.push_back(op); });
    for (linalg::GenericOp op : ops) {
      ElementwiseLoops loops(op, vectorBytes);
      if (std::optional<std::string> reason = loops.check()) {
        ++numLeft;
        continue;
      }
      // Threads of an inner region would wait for each other in each iteration.
      bool isNested =
          op->getParentWithTrait<OpTrait::HasParallelRegion>() || op->getParentOfType<LoopLikeOpInterface>();
      OpBuilder builder(op);
      loops.emit(builder, parallel && !isNested);
      op.erase();
      ++numVectorized;
    }
  }
};
} // namespace
