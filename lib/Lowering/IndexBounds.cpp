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
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

using namespace mlir;
using namespace spnn;

/// Chains as long as a model pleases must not exhaust the stack.
static constexpr unsigned kMaxDepth = 64;

static ConstantIntRanges fromSigned(int64_t low, int64_t high) {
  return ConstantIntRanges::fromSigned(APInt(64, low, /*isSigned=*/true), APInt(64, high, /*isSigned=*/true));
}

/// A counter from 0 up to an extent; dynamic extents are not negative, which is all that is known of them.
static ConstantIntRanges belowExtent(int64_t extent) {
  return fromSigned(0, ShapedType::isDynamic(extent) ? INT64_MAX : std::max<int64_t>(extent - 1, 0));
}

namespace {
struct Loop {
  Value lower, upper, step;
};
} // namespace

/// The loop that counts with the argument; none for other block arguments and for unsigned comparisons.
static std::optional<Loop> getLoop(BlockArgument argument) {
  Operation *op = argument.getOwner()->getParentOp();
  unsigned i = argument.getArgNumber();
  if (auto loop = dyn_cast_or_null<scf::ForOp>(op);
      loop && argument == loop.getInductionVar() && !loop.getUnsignedCmp())
    return Loop{loop.getLowerBound(), loop.getUpperBound(), loop.getStep()};
  if (auto loop = dyn_cast_or_null<scf::ParallelOp>(op); loop && i < loop.getLowerBound().size())
    return Loop{loop.getLowerBound()[i], loop.getUpperBound()[i], loop.getStep()[i]};
  return std::nullopt;
}

ConstantIntRanges IndexBounds::getRange(Value value) {
  auto known = ranges.find(value);
  if (known != ranges.end())
    return known->second;
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
    std::optional<Loop> loop = getLoop(argument);
    if (!loop)
      return all;
    // A body that runs has lower <= counter < upper, unless a step leads past the largest integer.
    APInt low = getRange(loop->lower).smin(), high = getRange(loop->upper).smax();
    ConstantIntRanges step = getRange(loop->step);
    bool overflows = false; // high - 1 + step
    (void)high.sadd_ov(step.smax() - 1, overflows);
    if (overflows || !step.smin().isStrictlyPositive())
      return all;
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
      if (std::optional<Loop> loop = getLoop(argument))
        worklist.append({loop->lower, loop->upper, loop->step});
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

bool IndexBounds::extentDependsOnData(Value tensor, int64_t dim) {
  auto known = extents.find({tensor, dim});
  if (known != extents.end())
    return known->second;
  if (depth == kMaxDepth)
    return true;
  ++depth;
  bool depends = computeExtent(tensor, dim);
  --depth;
  extents.try_emplace({tensor, dim}, depends);
  return depends;
}

bool IndexBounds::computeExtent(Value tensor, int64_t dim) {
  // Carried values and destinations lead to where an extent is made.
  while (cast<ShapedType>(tensor.getType()).isDynamicDim(dim)) {
    if (auto argument = dyn_cast<BlockArgument>(tensor)) {
      Operation *parent = argument.getOwner()->getParentOp();
      auto loop = dyn_cast_or_null<scf::ForOp>(parent);
      if (!loop)
        return !isa_and_nonnull<func::FuncOp>(parent);
      tensor = loop.getTiedLoopInit(argument)->get();
      continue;
    }
    Operation *op = tensor.getDefiningOp();
    auto made = [&](OpFoldResult extent) { return isa<Value>(extent) && dependsOnData(cast<Value>(extent)); };
    if (auto structured = dyn_cast<DestinationStyleOpInterface>(op))
      tensor = structured.getTiedOpOperand(cast<OpResult>(tensor))->get();
    else if (auto loop = dyn_cast<scf::ForOp>(op))
      tensor = loop.getInitArgs()[cast<OpResult>(tensor).getResultNumber()];
    else if (auto cast = dyn_cast<tensor::CastOp>(op))
      tensor = cast.getSource();
    else if (auto empty = dyn_cast<tensor::EmptyOp>(op))
      return made(empty.getMixedSizes()[dim]);
    else if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
      // Without the dimensions that the result drops.
      llvm::SmallBitVector dropped = slice.getDroppedDims();
      int64_t kept = -1;
      for (auto [d, size] : llvm::enumerate(slice.getMixedSizes()))
        if (!dropped.test(d) && ++kept == dim)
          return made(size);
      return true;
    } else if (auto reshape = dyn_cast<tensor::CollapseShapeOp>(op)) {
      return llvm::any_of(reshape.getReassociationIndices()[dim],
                          [&](int64_t d) { return extentDependsOnData(reshape.getSrc(), d); });
    } else if (auto reshape = dyn_cast<tensor::ExpandShapeOp>(op)) {
      return made(reshape.getMixedOutputShape()[dim]);
    } else {
      // Of other ops' extents it is enough that nothing they are made of depends on data.
      for (Value operand : op->getOperands()) {
        if (auto type = dyn_cast<RankedTensorType>(operand.getType())) {
          for (int64_t d = 0; d < type.getRank(); ++d)
            if (extentDependsOnData(operand, d))
              return true;
        } else if (operand.getType().isIndex() && dependsOnData(operand)) {
          return true;
        }
      }
      return op->getNumRegions() != 0 && !isa<tensor::PadOp, tensor::GenerateOp>(op);
    }
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
