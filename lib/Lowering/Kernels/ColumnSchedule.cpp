//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How the body of a column-wise kernel is cut into loops over the rows.
//
//===----------------------------------------------------------------------===//
#include "ColumnSchedule.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace spnn;

bool spnn::isExpensiveColumnOp(Operation &op) {
  return isa_and_nonnull<math::MathDialect>(op.getDialect()) &&
         !isa<math::AbsFOp, math::AbsIOp, math::CeilOp, math::CopySignOp, math::FloorOp, math::FmaOp, math::RoundEvenOp,
              math::RoundOp, math::RsqrtOp, math::SqrtOp, math::TruncOp>(op);
}

ColumnSchedule::ColumnSchedule(KernelColumnsOp op)
    : varying(op.findRowVarying()), op(op), yield(cast<YieldColumnsOp>(op.getBody().front().getTerminator())) {
  Block &body = op.getBody().front();
  for (BlockArgument argument : body.getArguments())
    level[argument] = 0;
  for (Operation &inner : body.without_terminator()) {
    int64_t highest = 0;
    for (Value operand : inner.getOperands())
      highest = std::max(highest, level[operand]);
    if (isa<ReduceRowsOp>(inner))
      numLoops = std::max(numLoops, ++highest);
    level[inner.getResult(0)] = highest;
  }
  for (Value value : yield.getPanels())
    numLoops = std::max(numLoops, level[value] + 1);
  for (auto [value, init] : llvm::zip(yield.getPanels(), op.getInit())) {
    // An init that is an input too must not change before the last loop has read the input.
    bool isInPlace = llvm::is_contained(op.getPanels(), init);
    storeLoop.push_back(isInPlace ? numLoops - 1 : level[value]);
  }
  // What is stored as a result anyway need not be computed again.
  for (auto [number, value] : llvm::enumerate(yield.getPanels()))
    if (varying.contains(value) && value.getDefiningOp() && storeLoop[number] + 1 < numLoops)
      kept.push_back({value, static_cast<unsigned>(number), storeLoop[number]});
  while (keepOne()) {
  }
}

SmallVector<ReduceRowsOp> ColumnSchedule::findReductions(int64_t loop) const {
  SmallVector<ReduceRowsOp> reductions;
  for (auto reduce : op.getBody().front().getOps<ReduceRowsOp>())
    if (level.lookup(reduce.getValue()) == loop)
      reductions.push_back(reduce);
  return reductions;
}

SmallVector<Value> ColumnSchedule::findSinks(int64_t loop) const {
  SmallVector<Value> sinks;
  for (ReduceRowsOp reduce : findReductions(loop))
    sinks.push_back(reduce.getValue());
  for (auto [value, storedIn] : llvm::zip(yield.getPanels(), storeLoop))
    if (storedIn == loop)
      sinks.push_back(value);
  for (const Kept &entry : kept)
    if (entry.loop == loop)
      sinks.push_back(entry.value);
  return sinks;
}

DenseSet<Value> ColumnSchedule::findNeeded(int64_t loop, llvm::SmallDenseMap<Value, unsigned> *loaded) const {
  DenseSet<Value> needed;
  SmallVector<Value> worklist = findSinks(loop);
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    if (!varying.contains(value) || !needed.insert(value).second)
      continue;
    const Kept *source =
        llvm::find_if(kept, [&](const Kept &entry) { return entry.value == value && entry.loop < loop; });
    if (source != kept.end()) {
      if (loaded)
        loaded->try_emplace(value, source->init);
      continue;
    }
    if (Operation *producer = value.getDefiningOp())
      llvm::append_range(worklist, producer->getOperands());
  }
  return needed;
}

SmallVector<Operation *> ColumnSchedule::findOps(int64_t loop) const {
  llvm::SmallDenseMap<Value, unsigned> loaded;
  DenseSet<Value> needed = findNeeded(loop, &loaded);
  SmallVector<Operation *> ops;
  for (Operation &inner : op.getBody().front().without_terminator())
    if (needed.contains(inner.getResult(0)) && !loaded.contains(inner.getResult(0)))
      ops.push_back(&inner);
  return ops;
}

/// Keeps one more value that costs much and is needed in several loops, if a panel init is free for it.
bool ColumnSchedule::keepOne() {
  SmallVector<DenseSet<Value>> needed;
  SmallVector<llvm::SmallDenseMap<Value, unsigned>> loaded(numLoops);
  for (int64_t loop = 0; loop < numLoops; ++loop)
    needed.push_back(findNeeded(loop, &loaded[loop]));
  auto computes = [&](int64_t loop, Value value) {
    return needed[loop].contains(value) && !loaded[loop].contains(value);
  };
  // The cost of computing a value anew, as far as later loops would do so.
  auto isExpensive = [&](int64_t loop, Value value) {
    SmallVector<Value> worklist{value};
    DenseSet<Value> seen;
    while (!worklist.empty()) {
      Value next = worklist.pop_back_val();
      Operation *producer = next.getDefiningOp();
      if (!producer || !computes(loop, next) || !seen.insert(next).second)
        continue;
      if (isExpensiveColumnOp(*producer))
        return true;
      llvm::append_range(worklist, producer->getOperands());
    }
    return false;
  };
  for (int64_t loop = 1; loop < numLoops; ++loop) {
    SmallVector<Value> sinks = findSinks(loop);
    // From the results backwards: the last value that two loops have in common saves most.
    for (Operation &inner : llvm::reverse(op.getBody().front().without_terminator())) {
      Value value = inner.getResult(0);
      if (!computes(loop, value) || !isExpensive(loop, value))
        continue;
      int64_t first = 0;
      while (first < loop && !computes(first, value))
        ++first;
      if (first == loop)
        continue;
      int64_t last = loop;
      for (int64_t later = loop; later < numLoops; ++later)
        if (computes(later, value))
          last = later;
      for (auto [number, init] : llvm::enumerate(op.getInit().take_front(yield.getPanels().size()))) {
        if (getElementTypeOrSelf(init.getType()) != value.getType() || storeLoop[number] < last ||
            llvm::any_of(kept, [number = number](const Kept &entry) { return entry.init == number; }))
          continue;
        // In place, the input is gone once the value is there.
        kept.push_back({value, static_cast<unsigned>(number), first});
        bool losesInput = false;
        for (auto [panels, argument] : llvm::zip(op.getPanels(), op.getBody().getArguments()))
          for (int64_t later = first + 1; later < numLoops; ++later)
            losesInput |= panels == init && findNeeded(later).contains(argument);
        if (!losesInput)
          return true;
        kept.pop_back();
      }
    }
  }
  return false;
}
