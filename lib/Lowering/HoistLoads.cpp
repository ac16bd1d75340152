//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pass spnn-hoist-loads: loads that innermost loops repeat happen once in front of them.
//
//===----------------------------------------------------------------------===//
#include "spnn/IR/SPNN.h"
#include "spnn/Lowering/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace spnn {
#define GEN_PASS_DEF_HOISTLOADS
#include "spnn/Lowering/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

/// The buffer that `memref` is a view of; null where that is not known. Two buffers that one loop accesses are
/// disjoint: arguments by the interface of models, buffers in the arena because both live while the loop runs.
static Value findBuffer(Value memref) {
  while (true) {
    if (auto argument = dyn_cast<BlockArgument>(memref))
      return isa<FunctionOpInterface>(argument.getOwner()->getParentOp()) ? memref : Value();
    Operation *op = memref.getDefiningOp();
    if (isa<memref::GetGlobalOp, memref::AllocOp, memref::AllocaOp>(op))
      return memref;
    auto view = dyn_cast<ViewLikeOpInterface>(op);
    if (!view)
      return {};
    if (isa<memref::ViewOp>(op) && view.getViewSource().getDefiningOp<ArenaOp>())
      return memref;
    memref = view.getViewSource();
  }
}

/// The loads of `loop` that give the same value in every iteration; none if something in it may have other effects.
static SmallVector<memref::LoadOp> findInvariantLoads(scf::ForOp loop) {
  SmallVector<memref::LoadOp> loads, result;
  SmallPtrSet<Value, 4> stored;
  for (Operation &op : loop.getBody()->without_terminator()) {
    if (auto load = dyn_cast<memref::LoadOp>(op)) {
      loads.push_back(load);
      continue;
    }
    if (auto store = dyn_cast<memref::StoreOp>(op)) {
      Value buffer = findBuffer(store.getMemRef());
      if (!buffer)
        return {};
      stored.insert(buffer);
      continue;
    }
    if (op.getNumRegions() != 0 || !isMemoryEffectFree(&op))
      return {};
  }
  for (memref::LoadOp load : loads) {
    Value buffer = findBuffer(load.getMemRef());
    bool isOutside = llvm::all_of(load->getOperands(), [&](Value v) { return loop.isDefinedOutsideOfLoop(v); });
    if (isOutside && buffer && !stored.contains(buffer))
      result.push_back(load);
  }
  return result;
}

static void hoist(scf::ForOp loop, ArrayRef<memref::LoadOp> loads) {
  OpBuilder builder(loop);
  std::optional<int64_t> begin = getConstantIntValue(loop.getLowerBound()),
                         end = getConstantIntValue(loop.getUpperBound());
  if (begin && end && *begin < *end) {
    for (memref::LoadOp load : loads)
      load->moveBefore(loop);
    return;
  }
  // A loop that does not run may not be entitled to the address.
  Location loc = loop.getLoc();
  auto predicate = loop.getUnsignedCmp() ? arith::CmpIPredicate::ult : arith::CmpIPredicate::slt;
  Value runs = arith::CmpIOp::create(builder, loc, predicate, loop.getLowerBound(), loop.getUpperBound());
  for (memref::LoadOp load : loads) {
    Type type = load.getType();
    auto guarded = scf::IfOp::create(
        builder, loc, runs, [&](OpBuilder &b, Location) { scf::YieldOp::create(b, loc, b.clone(*load)->getResults()); },
        [&](OpBuilder &b, Location) {
          scf::YieldOp::create(b, loc, arith::ConstantOp::create(b, loc, b.getZeroAttr(type)).getResult());
        });
    load.replaceAllUsesWith(guarded.getResult(0));
    load.erase();
  }
}

namespace {
struct HoistLoads : public spnn::impl::HoistLoadsBase<HoistLoads> {
  using HoistLoadsBase::HoistLoadsBase;

  void runOnOperation() override {
    SmallVector<scf::ForOp> loops;
    getOperation().walk([&](scf::ForOp loop) { loops.push_back(loop); });
    for (scf::ForOp loop : loops) {
      SmallVector<memref::LoadOp> loads = findInvariantLoads(loop);
      llvm::erase_if(loads, [](memref::LoadOp load) { return !load.getType().isIntOrIndexOrFloat(); });
      if (loads.empty())
        continue;
      hoist(loop, loads);
      numHoisted += loads.size();
    }
  }
};
} // namespace
