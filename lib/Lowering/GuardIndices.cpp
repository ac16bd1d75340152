//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pass spnn-guard-indices: accesses that the data leads out of range become errors of the call.
//
//===----------------------------------------------------------------------===//
#include "Faults.h"
#include "IndexBounds.h"

#include "spnn/IR/SPNN.h"
#include "spnn/Lowering/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Dominance.h"
#include "llvm/ADT/TypeSwitch.h"

namespace spnn {
#define GEN_PASS_DEF_GUARDINDICES
#include "spnn/Lowering/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

namespace {
/// A condition that must not hold, and what it means.
struct Rule {
  Value broken;
  std::string text;
};

struct GuardIndices : public spnn::impl::GuardIndicesBase<GuardIndices> {
  using GuardIndicesBase::GuardIndicesBase;

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) { ops.push_back(op); });
    IndexBounds known;
    bounds = &known;
    for (Operation *op : ops) {
      LogicalResult done =
          TypeSwitch<Operation *, LogicalResult>(op)
              .Case([&](tensor::ExtractOp access) { return guard(op, access.getTensor(), access.getIndices()); })
              .Case([&](tensor::InsertOp access) { return guard(op, access.getDest(), access.getIndices()); })
              .Case([&](memref::LoadOp access) { return guard(op, access.getMemRef(), access.getIndices()); })
              .Case([&](memref::StoreOp access) { return guard(op, access.getMemRef(), access.getIndices()); })
              .Case([&](tensor::ExtractSliceOp slice) { return guardView(slice, slice.getSource()); })
              .Case([&](memref::SubViewOp slice) { return guardView(slice, slice.getSource()); })
              .Case([&](tensor::InsertSliceOp slice) { return guardInsertion(slice); })
              .Case([&](tensor::DimOp dim) { return checkDimension(op, dim.getIndex(), dim.getSource()); })
              .Case([&](memref::DimOp dim) { return checkDimension(op, dim.getIndex(), dim.getSource()); })
              .Case([&](tensor::ReshapeOp reshape) { return checkReshape(reshape); })
              .Case([&](tensor::ExpandShapeOp reshape) { return checkExtents(op, reshape.getOutputShape()); })
              .Case([&](linalg::LinalgOp structured) { return guardStructured(structured); })
              .Default([&](Operation *other) { return checkProduct(other); });
      if (failed(done))
        return signalPassFailure();
    }
  }

  LogicalResult guard(Operation *op, Value memory, ValueRange indices);
  FailureOr<SmallVector<Rule>> getRules(OffsetSizeAndStrideOpInterface op, Value memory);
  LogicalResult guardView(OffsetSizeAndStrideOpInterface op, Value source);
  LogicalResult guardInsertion(tensor::InsertSliceOp op);
  LogicalResult guardStructured(linalg::LinalgOp op);
  LogicalResult checkDimension(Operation *op, Value dim, Value shaped);
  LogicalResult checkProduct(Operation *op);
  LogicalResult checkReshape(tensor::ReshapeOp op);
  LogicalResult checkExtents(Operation *op, ValueRange extents);

  IndexBounds *bounds = nullptr;
};
} // namespace

static Value createExtent(OpBuilder &builder, Location loc, Value memory, int64_t dim) {
  auto type = cast<ShapedType>(memory.getType());
  if (!type.isDynamicDim(dim))
    return arith::ConstantIndexOp::create(builder, loc, type.getDimSize(dim));
  if (isa<TensorType>(type))
    return tensor::DimOp::create(builder, loc, memory, dim);
  return memref::DimOp::create(builder, loc, memory, dim);
}

/// "dimension 0, which has extent 5", as far as it is known.
static std::string nameDimension(Value memory, int64_t dim, StringRef beforeExtent) {
  auto type = cast<ShapedType>(memory.getType());
  std::string text = ("dimension " + Twine(dim)).str();
  if (!type.isDynamicDim(dim))
    text += (beforeExtent + Twine(type.getDimSize(dim))).str();
  return text;
}

static Value disjunction(OpBuilder &builder, Location loc, ArrayRef<Rule> rules) {
  Value any = rules.front().broken;
  for (const Rule &rule : rules.drop_front())
    any = arith::OrIOp::create(builder, loc, any, rule.broken);
  return any;
}

/// Moves `op` to where no rule is broken; elsewhere its results are `fallback`.
static void makeConditional(Operation *op, ArrayRef<Rule> rules, ValueRange fallback) {
  OpBuilder builder(op);
  Location loc = op->getLoc();
  auto branch = scf::IfOp::create(builder, loc, op->getResultTypes(), disjunction(builder, loc, rules),
                                  /*addThenBlock=*/true, /*addElseBlock=*/true);
  op->replaceAllUsesWith(branch.getResults());
  builder.setInsertionPointToEnd(branch.thenBlock());
  for (const Rule &rule : rules)
    addFault(builder, op, rule.broken, rule.text);
  scf::YieldOp::create(builder, loc, fallback);
  builder.setInsertionPointToEnd(branch.elseBlock());
  auto yield = scf::YieldOp::create(builder, loc, op->getResults());
  op->moveBefore(yield);
}

LogicalResult GuardIndices::guard(Operation *op, Value memory, ValueRange indices) {
  OpBuilder builder(op);
  Location loc = op->getLoc();
  SmallVector<Rule> rules;
  for (auto [dim, index] : llvm::enumerate(indices)) {
    if (bounds->isInRange(index, memory, dim))
      continue;
    // Without sign, a negative index is larger than any extent.
    Value outside =
        arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::uge, index, createExtent(builder, loc, memory, dim));
    rules.push_back({outside, "has an index out of range in " + nameDimension(memory, dim, ", which has extent ")});
  }
  if (rules.empty())
    return success();
  Value fallback;
  if (auto insert = dyn_cast<tensor::InsertOp>(op)) {
    fallback = insert.getDest();
  } else if (op->getNumResults() != 0) {
    TypedAttr zero = builder.getZeroAttr(op->getResult(0).getType());
    if (!zero)
      return op->emitOpError() << "reads by an index that may be out of range, and no " << op->getResult(0).getType()
                               << " could stand for what is not there";
    fallback = arith::ConstantOp::create(builder, loc, zero);
  }
  makeConditional(op, rules, fallback ? ValueRange(fallback) : ValueRange());
  ++numGuarded;
  return success();
}

/// The rules of the dimensions in which the data decides where the slice lies or how long it is. What extents alone
/// decide is as good as the extents, which are not the model's to check.
FailureOr<SmallVector<Rule>> GuardIndices::getRules(OffsetSizeAndStrideOpInterface op, Value memory) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  auto asValue = [&](OpFoldResult x) -> Value { return getValueOrCreateConstantIndexOp(builder, loc, x); };
  auto isData = [&](OpFoldResult x) { return isa<Value>(x) && bounds->dependsOnData(cast<Value>(x)); };
  auto compare = [&](arith::CmpIPredicate predicate, Value x, Value y) -> Value {
    return arith::CmpIOp::create(builder, loc, predicate, x, y);
  };
  SmallVector<Rule> rules;
  for (auto [dim, offset, size, stride] :
       llvm::enumerate(op.getMixedOffsets(), op.getMixedSizes(), op.getMixedStrides())) {
    if (!isData(offset) && !isData(size) && !isData(stride))
      continue;
    std::optional<int64_t> step = getConstantIntValue(stride);
    if (!step || *step < 1)
      return op->emitOpError() << "slices dimension " << dim
                               << " as the data says, which is supported with constant positive strides only";
    // Broken: size < 0, or size > 0 and not (0 <= offset < extent and size - 1 <= (extent - 1 - offset) / stride).
    // Differences may wrap around where the other conditions hold already, and change nothing.
    Value extent = createExtent(builder, loc, memory, dim), first = asValue(offset), length = asValue(size);
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0), one = arith::ConstantIndexOp::create(builder, loc, 1);
    Value last = arith::SubIOp::create(builder, loc, extent, one);
    Value left = arith::SubIOp::create(builder, loc, last, first);
    if (*step != 1) {
      Value divisor = arith::ConstantIndexOp::create(builder, loc, *step);
      left = arith::DivSIOp::create(builder, loc, left, divisor);
    }
    Value rest = arith::SubIOp::create(builder, loc, length, one);
    Value beginsOutside = compare(arith::CmpIPredicate::uge, first, extent);
    Value endsOutside = compare(arith::CmpIPredicate::sgt, rest, left);
    Value outside = arith::OrIOp::create(builder, loc, beginsOutside, endsOutside);
    Value isLong = compare(arith::CmpIPredicate::sgt, length, zero);
    outside = arith::AndIOp::create(builder, loc, isLong, outside);
    Value isNegative = compare(arith::CmpIPredicate::slt, length, zero);
    Value broken = arith::OrIOp::create(builder, loc, isNegative, outside);
    rules.push_back({broken, "slices " + nameDimension(memory, dim, " of extent ") + " out of range"});
  }
  return rules;
}

/// The elements that stand for a slice which may have more of them than its source, if it is such a one.
static Value createStandIn(tensor::ExtractSliceOp op, IndexBounds &bounds) {
  bool mayNotFit = false;
  SmallVector<OpFoldResult> sizes;
  llvm::SmallBitVector dropped = op.getDroppedDims();
  for (auto [dim, offset, size] : llvm::enumerate(op.getMixedOffsets(), op.getMixedSizes())) {
    auto first = dyn_cast<Value>(offset), length = dyn_cast<Value>(size);
    mayNotFit |= op.getSourceType().isDynamicDim(dim) && first && bounds.dependsOnData(first) &&
                 !(length && bounds.dependsOnData(length));
    if (!dropped.test(dim))
      sizes.push_back(size);
  }
  if (!mayNotFit)
    return nullptr;
  OpBuilder builder(op);
  return tensor::EmptyOp::create(builder, op.getLoc(), sizes, op.getType().getElementType());
}

/// A slice that is not there begins at 0 and has no elements; where its length is not for the data to say, other
/// elements stand for it.
LogicalResult GuardIndices::guardView(OffsetSizeAndStrideOpInterface op, Value source) {
  FailureOr<SmallVector<Rule>> rules = getRules(op, source);
  if (failed(rules) || rules->empty())
    return failure(failed(rules));
  ++numGuarded;
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op.getOperation()))
    if (Value standIn = createStandIn(slice, *bounds)) {
      makeConditional(op, *rules, standIn);
      return success();
    }
  OpBuilder builder(op);
  Location loc = op.getLoc();
  for (const Rule &rule : *rules)
    addFault(builder, op, rule.broken, rule.text);
  Value broken = disjunction(builder, loc, *rules);
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  auto replace = [&](unsigned operand, bool everywhere) {
    Value old = op->getOperand(operand);
    if (!bounds->dependsOnData(old))
      return;
    Value safe = arith::SelectOp::create(builder, loc, broken, zero, old);
    op->setOperand(operand, safe);
    if (everywhere) {
      // Extents of the slice were folded to its sizes: what is computed with them must meet the same elements.
      DominanceInfo dominance(getOperation());
      old.replaceUsesWithIf(safe, [&](OpOperand &use) { return dominance.properlyDominates(op, use.getOwner()); });
    }
  };
  unsigned offsets = op.getOffsetSizeAndStrideStartOperandIndex();
  unsigned sizes = offsets + op.getOffsets().size();
  for (unsigned i = 0, e = op.getOffsets().size(); i < e; ++i)
    replace(offsets + i, /*everywhere=*/false);
  for (unsigned i = 0, e = op.getSizes().size(); i < e; ++i)
    replace(sizes + i, /*everywhere=*/true);
  return success();
}

LogicalResult GuardIndices::guardInsertion(tensor::InsertSliceOp op) {
  FailureOr<SmallVector<Rule>> rules = getRules(op, op.getDest());
  if (failed(rules))
    return failure();
  // As many elements are copied as the slice has, so the source must have them.
  OpBuilder builder(op);
  Location loc = op.getLoc();
  llvm::SmallBitVector dropped = op.getDroppedDims();
  int64_t sourceDim = -1;
  for (auto [dim, size] : llvm::enumerate(op.getMixedSizes())) {
    if (dropped.test(dim))
      continue;
    ++sourceDim;
    auto length = dyn_cast<Value>(size);
    if (!length || !bounds->dependsOnData(length))
      continue;
    Value differs = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, length,
                                          createExtent(builder, loc, op.getSource(), sourceDim));
    rules->push_back({differs, ("inserts another extent than its size in dimension " + Twine(dim) + " says").str()});
  }
  if (rules->empty())
    return success();
  makeConditional(op, *rules, ValueRange{op.getDest()});
  ++numGuarded;
  return success();
}

/// Loops run over an extent of one operand and access all: extents from the data must be those of the others.
LogicalResult GuardIndices::guardStructured(linalg::LinalgOp op) {
  if (!op.hasPureTensorSemantics())
    return success();
  OpBuilder builder(op);
  Location loc = op.getLoc();
  struct Use {
    Value operand;
    int64_t dim;
    bool isData;
  };
  SmallVector<SmallVector<Use>> loops(op.getNumLoops());
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [dim, expr] : llvm::enumerate(map.getResults())) {
      bool isData = bounds->extentDependsOnData(operand.get(), dim);
      if (auto loop = dyn_cast<AffineDimExpr>(expr))
        loops[loop.getPosition()].push_back({operand.get(), static_cast<int64_t>(dim), isData});
      else if (isData)
        return op->emitOpError() << "takes an extent of operand " << operand.getOperandNumber()
                                 << " from data and accesses it by more than one loop, which is not supported";
    }
  }
  SmallVector<Rule> rules;
  for (auto [number, uses] : llvm::enumerate(loops)) {
    if (llvm::none_of(uses, [](const Use &use) { return use.isData; }))
      continue;
    Value first = createExtent(builder, loc, uses.front().operand, uses.front().dim);
    for (const Use &use : ArrayRef(uses).drop_front()) {
      if (use.operand == uses.front().operand && use.dim == uses.front().dim)
        continue;
      Value other = createExtent(builder, loc, use.operand, use.dim);
      Value differs = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, first, other);
      rules.push_back({differs, ("has operands whose extents disagree in loop d" + Twine(number)).str()});
    }
  }
  if (rules.empty())
    return success();
  makeConditional(op, rules, op.getDpsInits());
  ++numGuarded;
  return success();
}

LogicalResult GuardIndices::checkDimension(Operation *op, Value dim, Value shaped) {
  auto type = dyn_cast<ShapedType>(shaped.getType());
  ConstantIntRanges range = bounds->getRange(dim);
  if (type.hasRank() && !range.smin().isNegative() && range.smax().slt(type.getRank()))
    return success();
  return op->emitOpError() << "asks for a dimension that is not known to be one of the tensor's";
}

LogicalResult GuardIndices::checkExtents(Operation *op, ValueRange extents) {
  for (Value extent : extents)
    if (bounds->dependsOnData(extent))
      return op->emitOpError() << "takes an extent from data, which is not supported";
  return success();
}

LogicalResult GuardIndices::checkReshape(tensor::ReshapeOp op) {
  Operation *shape = op.getShape().getDefiningOp();
  if (isa_and_nonnull<arith::ConstantOp>(shape))
    return success();
  if (auto elements = dyn_cast_or_null<tensor::FromElementsOp>(shape))
    return checkExtents(op, elements.getElements());
  return op->emitOpError() << "takes an extent from data, which is not supported";
}

/// Kernels, and the library that does dense products, take their extents from one operand each.
LogicalResult GuardIndices::checkProduct(Operation *op) {
  if (!isa_and_nonnull<SPNNDialect>(op->getDialect()) || !isa<DestinationStyleOpInterface>(op))
    return success();
  for (Value operand : op->getOperands())
    if (auto type = dyn_cast<RankedTensorType>(operand.getType()))
      for (int64_t dim = 0; dim < type.getRank(); ++dim)
        if (bounds->extentDependsOnData(operand, dim))
          return op->emitOpError() << "takes an extent from data, which is not supported";
  return success();
}
