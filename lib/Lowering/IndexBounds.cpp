//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What can be proved of an index when a model is compiled.
//
//===----------------------------------------------------------------------===//
#include "IndexBounds.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

using namespace mlir;
using namespace spnn;

static ConstantIntRanges fromSigned(int64_t low, int64_t high) {
  return ConstantIntRanges::fromSigned(APInt(64, low, /*isSigned=*/true), APInt(64, high, /*isSigned=*/true));
}

/// A counter from 0 up to an extent; dynamic extents are not negative, which is all that is known of them.
static ConstantIntRanges belowExtent(int64_t extent) {
  return fromSigned(0, ShapedType::isDynamic(extent) ? INT64_MAX : std::max<int64_t>(extent - 1, 0));
}

/// Where a counter starts and what it stays below; null for other block arguments and for unsigned comparisons.
static std::pair<Value, Value> getLoopBounds(BlockArgument argument) {
  Operation *op = argument.getOwner()->getParentOp();
  if (auto loop = dyn_cast<scf::ForOp>(op); loop && argument == loop.getInductionVar() && !loop.getUnsignedCmp())
    return {loop.getLowerBound(), loop.getUpperBound()};
  if (auto loop = dyn_cast<scf::ParallelOp>(op); loop && argument.getArgNumber() < loop.getLowerBound().size())
    return {loop.getLowerBound()[argument.getArgNumber()], loop.getUpperBound()[argument.getArgNumber()]};
  return {};
}

ConstantIntRanges IndexBounds::getRange(Value value) {
  auto known = ranges.find(value);
  if (known != ranges.end())
    return known->second;
  // Chains as long as a model pleases must not exhaust the stack.
  constexpr unsigned kMaxDepth = 64;
  if (depth == kMaxDepth)
    return IntegerValueRange::getMaxRange(value).getValue();
  ++depth;
  ConstantIntRanges range = computeRange(value);
  --depth;
  ranges.try_emplace(value, range);
  return range;
}

ConstantIntRanges IndexBounds::computeRange(Value value) {
  ConstantIntRanges all = IntegerValueRange::getMaxRange(value).getValue();
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (!value.getType().isIndex())
      return all;
    if (auto generate = dyn_cast_or_null<tensor::GenerateOp>(argument.getOwner()->getParentOp()))
      return belowExtent(generate.getType().getDimSize(argument.getArgNumber()));
    auto [lower, upper] = getLoopBounds(argument);
    if (!lower)
      return all;
    // A body that runs has lower <= counter < upper.
    APInt low = getRange(lower).smin(), high = getRange(upper).smax();
    return low.slt(high) ? ConstantIntRanges::fromSigned(low, high - 1) : ConstantIntRanges::fromSigned(low, low);
  }
  Operation *op = value.getDefiningOp();
  if (auto index = dyn_cast<linalg::IndexOp>(op)) {
    auto structured = cast<linalg::LinalgOp>(op->getParentOp());
    return belowExtent(structured.getStaticLoopRanges()[index.getDim()]);
  }
  auto inferring = dyn_cast<InferIntRangeInterface>(op);
  if (!inferring)
    return all;
  SmallVector<IntegerValueRange> operands;
  for (Value operand : op->getOperands()) {
    if (getElementTypeOrSelf(operand.getType()).isIntOrIndex())
      operands.emplace_back(getRange(operand));
    else
      operands.emplace_back();
  }
  ConstantIntRanges result = all;
  inferring.inferResultRangesFromOptional(operands, [&](Value of, const IntegerValueRange &range) {
    if (of == value && !range.isUninitialized())
      result = range.getValue();
  });
  return result;
}

bool IndexBounds::dependsOnData(Value index) {
  SmallVector<Value> worklist{index};
  llvm::SmallPtrSet<Value, 16> seen;
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    if (!seen.insert(value).second)
      continue;
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      auto [lower, upper] = getLoopBounds(argument);
      if (lower)
        worklist.append({lower, upper});
      else if (!isa_and_nonnull<tensor::GenerateOp>(argument.getOwner()->getParentOp()))
        return true;
      continue;
    }
    Operation *op = value.getDefiningOp();
    if (isa<linalg::IndexOp, tensor::DimOp, memref::DimOp>(op))
      continue;
    bool computes = isa_and_nonnull<arith::ArithDialect, affine::AffineDialect, index::IndexDialect>(op->getDialect());
    if (!computes || op->getNumRegions() != 0 || !isMemoryEffectFree(op))
      return true;
    worklist.append(op->operand_begin(), op->operand_end());
  }
  return false;
}

bool IndexBounds::isInRange(Value index, Value memory, int64_t dim) {
  int64_t extent = cast<ShapedType>(memory.getType()).getDimSize(dim);
  ConstantIntRanges range = getRange(index);
  if (!range.smin().isNegative() && !ShapedType::isDynamic(extent) && range.smax().slt(extent))
    return true;
  // What follows computes with unbounded integers. Counters and extents never come near an overflow; data may.
  if (dependsOnData(index))
    return false;
  using Bounds = ValueBoundsConstraintSet;
  Builder builder(index.getContext());
  return (!range.smin().isNegative() || Bounds::compare(index, Bounds::GE, OpFoldResult(builder.getIndexAttr(0)))) &&
         Bounds::compare(index, Bounds::LT, Bounds::Variable(memory, dim));
}
