//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pass spnn-plan-memory: all temporary buffers of a function in one arena.
//
//===----------------------------------------------------------------------===//
#include "spnn/IR/SPNN.h"
#include "spnn/Lowering/Passes.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

namespace spnn {
#define GEN_PASS_DEF_PLANMEMORY
#include "spnn/Lowering/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

/// Every slot begins at a multiple of a cache line, which is also the widest vector.
static constexpr int64_t kAlignment = 64;

namespace {
/// A buffer and the run of top-level ops of the function in which it is alive.
struct Lifetime {
  memref::AllocOp alloc;
  int64_t begin, end;
  int64_t order; ///< of its alloc, to break ties the same way each time
  SmallVector<Operation *> deallocs = {};
};

struct Slot {
  SmallVector<memref::AllocOp> buffers;
  int64_t freeFrom = 0;    ///< number of the first op after the last use
  int64_t staticBytes = 0; ///< of the largest static buffer in it
};

/// Bytes of a static buffer; std::nullopt if an extent is dynamic.
std::optional<int64_t> staticBytes(memref::AllocOp alloc) {
  MemRefType type = alloc.getType();
  if (!type.hasStaticShape())
    return std::nullopt;
  return type.getNumElements() * static_cast<int64_t>(llvm::divideCeil(type.getElementTypeBitWidth(), 8));
}

/// True if the static extents alone already ask for more than can be addressed.
bool isTooLarge(MemRefType type) {
  int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  for (int64_t extent : type.getShape())
    if (extent == 0)
      return false;
  for (int64_t extent : type.getShape())
    if (!ShapedType::isDynamic(extent) && llvm::MulOverflow(bytes, extent, bytes))
      return true;
  return bytes > std::numeric_limits<int64_t>::max() / 4;
}

struct PlanMemory : public spnn::impl::PlanMemoryBase<PlanMemory> {
  using PlanMemoryBase::PlanMemoryBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    SmallVector<Lifetime> lifetimes;
    if (failed(collect(function, lifetimes)))
      return signalPassFailure();
    if (lifetimes.empty())
      return;
    SmallVector<Slot> slots = assign(lifetimes);
    if (failed(place(function, slots)))
      return signalPassFailure();
    // A dealloc of a value that may be one of several buffers belongs to each of them.
    llvm::SmallSetVector<Operation *, 4> deallocs;
    for (const Lifetime &lifetime : lifetimes)
      deallocs.insert(lifetime.deallocs.begin(), lifetime.deallocs.end());
    for (Operation *dealloc : deallocs)
      dealloc->erase();
    numBuffers += lifetimes.size();
    numSlots += slots.size();
  }

  static LogicalResult collect(func::FuncOp function, SmallVectorImpl<Lifetime> &lifetimes);
  static SmallVector<Slot> assign(ArrayRef<Lifetime> lifetimes);
  static LogicalResult place(func::FuncOp function, ArrayRef<Slot> slots);
};
} // namespace

LogicalResult PlanMemory::collect(func::FuncOp function, SmallVectorImpl<Lifetime> &lifetimes) {
  if (!llvm::hasSingleElement(function.getBody()))
    return function.emitOpError() << "memory is planned while control flow is structured: one block expected";
  Block &body = function.getBody().front();
  DenseMap<Operation *, int64_t> number;
  for (auto [i, op] : llvm::enumerate(body))
    number[&op] = i;
  BufferViewFlowAnalysis aliases(function);
  WalkResult walk = function.walk([&](memref::AllocOp alloc) {
    MemRefType type = alloc.getType();
    if (!type.getLayout().isIdentity() || !type.getElementType().isIntOrFloat()) {
      alloc.emitOpError() << "has a type that the arena cannot hold: " << type;
      return WalkResult::interrupt();
    }
    if (isTooLarge(type)) {
      alloc.emitOpError() << "asks for more memory than can be addressed: " << type;
      return WalkResult::interrupt();
    }
    if (alloc.getAlignment().value_or(1) > static_cast<uint64_t>(kAlignment)) {
      alloc.emitOpError() << "asks for an alignment of " << *alloc.getAlignment() << ", the arena is aligned to "
                          << kAlignment;
      return WalkResult::interrupt();
    }
    for (Operation *parent = alloc->getParentOp(); parent != function; parent = parent->getParentOp())
      if (parent->hasTrait<OpTrait::HasParallelRegion>()) {
        alloc.emitOpError() << "stands in a parallel '" << parent->getName()
                            << "', whose iterations cannot share a buffer";
        return WalkResult::interrupt();
      }
    // A buffer of a loop body lives as long as the loop.
    int64_t at = number[body.findAncestorOpInBlock(*alloc)];
    Lifetime lifetime{alloc, at, at, static_cast<int64_t>(lifetimes.size())};
    for (Value alias : aliases.resolve(alloc.getResult())) {
      auto argument = dyn_cast<BlockArgument>(alias);
      if (argument && argument.getOwner() != &body && argument.getOwner()->getParentOp()->isAncestor(alloc)) {
        alloc.emitOpError() << "is carried to the next iteration of a loop, which then needs a buffer of its own";
        return WalkResult::interrupt();
      }
      for (Operation *user : alias.getUsers()) {
        if (isa<func::ReturnOp>(user)) {
          alloc.emitOpError() << "is returned, but the arena belongs to the call";
          return WalkResult::interrupt();
        }
        if (isa<memref::DeallocOp>(user)) {
          lifetime.deallocs.push_back(user);
          continue;
        }
        int64_t used = number[body.findAncestorOpInBlock(*user)];
        lifetime.begin = std::min(lifetime.begin, used);
        lifetime.end = std::max(lifetime.end, used);
      }
    }
    lifetimes.push_back(lifetime);
    return WalkResult::advance();
  });
  return success(!walk.wasInterrupted());
}

/// Linear scan in order of birth: a free slot of the closest size, else a new one.
SmallVector<Slot> PlanMemory::assign(ArrayRef<Lifetime> lifetimes) {
  SmallVector<Lifetime> sorted(lifetimes);
  llvm::sort(sorted, [](const Lifetime &a, const Lifetime &b) {
    return std::pair(a.begin, a.order) < std::pair(b.begin, b.order);
  });
  SmallVector<Slot> slots;
  for (const Lifetime &lifetime : sorted) {
    Slot *best = nullptr;
    int64_t bytes = staticBytes(lifetime.alloc).value_or(0);
    for (Slot &slot : slots)
      if (slot.freeFrom <= lifetime.begin &&
          (!best || std::abs(slot.staticBytes - bytes) < std::abs(best->staticBytes - bytes)))
        best = &slot;
    if (!best)
      best = &slots.emplace_back();
    best->buffers.push_back(lifetime.alloc);
    best->freeFrom = lifetime.end + 1;
    best->staticBytes = std::max(best->staticBytes, bytes);
  }
  return slots;
}

LogicalResult PlanMemory::place(func::FuncOp function, ArrayRef<Slot> slots) {
  Block &body = function.getBody().front();
  // Sizes are computed first: clone what they are computed from to the entry.
  OpBuilder builder = OpBuilder::atBlockBegin(&body);
  Location loc = function.getLoc();
  IRMapping entry;
  auto atEntry = [&](Value size, memref::AllocOp alloc) -> FailureOr<Value> {
    if (auto argument = dyn_cast<BlockArgument>(size); argument && argument.getOwner() != &body)
      return alloc.emitOpError() << "its size is not computed from extents of arguments, but from a block argument";
    SetVector<Operation *> slice;
    BackwardSliceOptions options;
    options.inclusive = true;
    options.omitBlockArguments = true;
    options.filter = [&](Operation *op) { return !isa<func::FuncOp>(op); };
    if (failed(getBackwardSlice(size, &slice, options)))
      return alloc.emitOpError() << "its size cannot be traced";
    for (Operation *op : slice) {
      // A dim of an argument is all that may touch memory.
      bool movable = isPure(op) || isa<memref::DimOp>(op);
      for (Value operand : op->getOperands())
        if (auto argument = dyn_cast<BlockArgument>(operand); argument && argument.getOwner() != &body)
          movable = false;
      if (!movable || op->getNumRegions() != 0)
        return alloc.emitOpError() << "its size is not computed from extents of arguments, but from '" << op->getName()
                                   << "'";
      if (!entry.contains(op->getResult(0)))
        builder.clone(*op, entry);
    }
    return entry.lookupOrDefault(size);
  };
  auto constant = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(builder, loc, value); };

  Value offset = constant(0);
  DenseMap<Operation *, Value> offsets;
  DenseMap<Operation *, SmallVector<Value>> sizes;
  for (const Slot &slot : slots) {
    Value largest = constant(slot.staticBytes);
    for (memref::AllocOp alloc : slot.buffers) {
      offsets[alloc] = offset;
      if (staticBytes(alloc))
        continue;
      MemRefType type = alloc.getType();
      int64_t known = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
      for (int64_t extent : type.getShape())
        known *= ShapedType::isDynamic(extent) ? 1 : extent;
      Value bytes = constant(known);
      for (Value size : alloc.getDynamicSizes()) {
        FailureOr<Value> moved = atEntry(size, alloc);
        if (failed(moved))
          return failure();
        sizes[alloc].push_back(*moved);
        bytes = arith::MulIOp::create(builder, loc, bytes, *moved);
      }
      largest = arith::MaxSIOp::create(builder, loc, largest, bytes);
    }
    Value lines = arith::CeilDivUIOp::create(builder, loc, largest, constant(kAlignment));
    Value rounded = arith::MulIOp::create(builder, loc, lines, constant(kAlignment));
    offset = arith::AddIOp::create(builder, loc, offset, rounded);
  }
  auto arenaType = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
  Value arena = ArenaOp::create(builder, loc, arenaType, offset);
  for (const Slot &slot : slots)
    for (memref::AllocOp alloc : slot.buffers) {
      auto view = memref::ViewOp::create(builder, alloc.getLoc(), alloc.getType(), arena, offsets[alloc], sizes[alloc]);
      alloc.replaceAllUsesWith(view.getResult());
    }
  // Only now: one of them may be where the builder inserts.
  for (const Slot &slot : slots)
    for (memref::AllocOp alloc : slot.buffers)
      alloc.erase();
  return success();
}
