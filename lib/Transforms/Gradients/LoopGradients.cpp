//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gradients of loops over scalars: what linalg ops and elementwise ops on tensors are.
//
//===----------------------------------------------------------------------===//
#include "LoopGradients.h"

#include "../GraphUtils.h"
#include "Gradients.h"
#include "ScalarGradients.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace spnn;

namespace {
/// Builds the gradients of all operands for one point of the loops in a block that is thrown away, and then, for each
/// operand, a linalg.generic with the part of it that the operand needs.
class LoopGradients {
public:
  LoopGradients(OpBuilder &builder, const LoopNest &nest, ArrayRef<Value> results, ArrayRef<bool> needed)
      : builder(builder), nest(nest), results(results), needed(needed), loc(nest.op->getLoc()) {}

  LogicalResult build(SmallVectorImpl<Value> &operands);

private:
  /// A tensor that the block of a point reads through one of its arguments.
  struct Source {
    Value value;
    AffineMap map;
  };

  BlockArgument addSource(Value value, AffineMap map) {
    sources.push_back({value, map});
    return point.addArgument(getElementTypeOrSelf(value), loc);
  }
  bool hasReductions() const { return llvm::is_contained(nest.iterators, utils::IteratorType::reduction); }
  void findVaried();
  void add(Value value, Value gradient);
  Value read(Value value);
  LogicalResult cloneForward();
  LogicalResult seed(SmallVectorImpl<Value> &operands);
  LogicalResult seedReduction(unsigned result, SmallVectorImpl<Value> &operands);
  Value emit(unsigned operand, Value gradient);
  OpFoldResult getExtent(unsigned loop);

  OpBuilder &builder;
  const LoopNest &nest;
  ArrayRef<Value> results;
  ArrayRef<bool> needed;
  Location loc;

  Block point;
  SmallVector<Source> sources;                  ///< one an argument of `point`
  IRMapping forward;                            ///< from values of the body to values of `point`
  DenseMap<Value, Value> readResults;           ///< values of the body that can be read from a result
  SmallVector<BlockArgument> gradientArguments; ///< one a result, null where its gradient is zero
  DenseSet<Value> varied;
  DenseMap<Value, Value> gradients; ///< of values of the body
};
} // namespace

void LoopGradients::findVaried() {
  for (auto [argument, isNeeded] : llvm::zip(nest.body->getArguments(), needed))
    if (isNeeded)
      varied.insert(argument);
  for (Operation &op : nest.body->without_terminator())
    if (llvm::any_of(op.getOperands(), [&](Value operand) { return varied.contains(operand); }))
      for (Value result : op.getResults())
        if (isa<FloatType>(result.getType()))
          varied.insert(result);
}

void LoopGradients::add(Value value, Value gradient) {
  Value &sum = gradients[value];
  if (!sum) {
    sum = gradient;
    return;
  }
  OpBuilder b = atEndOf(point, builder);
  sum = arith::AddFOp::create(b, loc, sum, gradient);
}

Value LoopGradients::read(Value value) {
  if (Value result = readResults.lookup(value))
    return result;
  return forward.lookupOrDefault(value);
}

LogicalResult LoopGradients::cloneForward() {
  for (auto [number, argument] : llvm::enumerate(nest.body->getArguments()))
    forward.map(argument, addSource(nest.op->getOperand(number), nest.operandMaps[number]));
  OpBuilder b = atEndOf(point, builder);
  for (Operation &op : nest.body->without_terminator()) {
    if (op.getNumRegions() != 0)
      return op.emitOpError("cannot be differentiated: it has regions, inside of the body of another op");
    b.clone(op, forward);
  }
  return success();
}

LogicalResult LoopGradients::seedReduction(unsigned number, SmallVectorImpl<Value> &operands) {
  unsigned init = nest.firstInit + number;
  Value accumulator = nest.body->getArgument(init);
  Operation *combiner = nest.body->getTerminator()->getOperand(number).getDefiningOp();
  bool isSum = isa_and_nonnull<arith::AddFOp>(combiner);
  bool picks = isa_and_nonnull<arith::MaximumFOp, arith::MaxNumFOp, arith::MinimumFOp, arith::MinNumFOp>(combiner);
  if (!(isSum || picks) || !accumulator.hasOneUse() || !llvm::is_contained(combiner->getOperands(), accumulator))
    return nest.op->emitOpError(
        "cannot be differentiated: it reduces by something other than a sum, a maximum or a minimum");
  Value element = combiner->getOperand(combiner->getOperand(0) == accumulator ? 1 : 0);
  Value gradient = gradientArguments[number];
  if (isSum) {
    if (varied.contains(element))
      add(element, gradient);
    if (needed[init])
      operands[init] = results[number];
    return success();
  }
  if (needed[init])
    return nest.op->emitOpError("cannot be differentiated: the initial value of a maximum or minimum depends on what "
                                "gradients are asked for");
  if (!varied.contains(element))
    return success();
  BlockArgument result = addSource(nest.op->getResult(number), nest.resultMaps[number]);
  OpBuilder b = atEndOf(point, builder);
  Value isPicked = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, read(element), result);
  Value zero = arith::ConstantOp::create(b, loc, b.getFloatAttr(gradient.getType(), 0));
  add(element, arith::SelectOp::create(b, loc, isPicked, gradient, zero));
  return success();
}

LogicalResult LoopGradients::seed(SmallVectorImpl<Value> &operands) {
  for (auto [number, gradient] : llvm::enumerate(results))
    gradientArguments.push_back(gradient ? addSource(gradient, nest.resultMaps[number]) : BlockArgument());
  for (unsigned number = 0; number < results.size(); ++number) {
    if (!results[number])
      continue;
    if (hasReductions()) {
      if (failed(seedReduction(number, operands)))
        return failure();
      continue;
    }
    Value yielded = nest.body->getTerminator()->getOperand(number);
    if (!varied.contains(yielded))
      continue;
    if (yielded.getDefiningOp())
      readResults.try_emplace(yielded, addSource(nest.op->getResult(number), nest.resultMaps[number]));
    add(yielded, gradientArguments[number]);
  }
  return success();
}

OpFoldResult LoopGradients::getExtent(unsigned loop) {
  AffineExpr dim = getAffineDimExpr(loop, builder.getContext());
  for (auto [number, map] : llvm::enumerate(nest.operandMaps))
    if (std::optional<unsigned> position = map.getResultPosition(dim))
      return tensor::getMixedSize(builder, loc, nest.op->getOperand(number), *position);
  for (auto [number, map] : llvm::enumerate(nest.resultMaps))
    if (std::optional<unsigned> position = map.getResultPosition(dim))
      return tensor::getMixedSize(builder, loc, nest.op->getResult(number), *position);
  return builder.getIndexAttr(1);
}

Value LoopGradients::emit(unsigned operand, Value gradient) {
  Value like = nest.op->getOperand(operand);
  AffineMap map = nest.operandMaps[operand];
  // What passes unchanged, in the same order, is no op at all.
  if (auto argument = dyn_cast<BlockArgument>(gradient); argument && argument.getOwner() == &point)
    if (Source source = sources[argument.getArgNumber()];
        source.map == map && map.isPermutation() && source.value.getType() == like.getType())
      return source.value;

  // The part of the block that the gradient needs, and the tensors that it reads.
  DenseSet<Value> wanted{gradient};
  SmallVector<Operation *> slice;
  for (Operation &op : llvm::reverse(point))
    if (llvm::any_of(op.getResults(), [&](Value result) { return wanted.contains(result); })) {
      slice.push_back(&op);
      wanted.insert(op.operand_begin(), op.operand_end());
    }
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  SmallVector<std::pair<Value, unsigned>> uses; // an argument of the block, and the input that it is
  for (BlockArgument argument : point.getArguments()) {
    if (!wanted.contains(argument))
      continue;
    const Source &source = sources[argument.getArgNumber()];
    unsigned input = 0;
    while (input < inputs.size() && (inputs[input] != source.value || maps[input] != source.map))
      ++input;
    if (input == inputs.size()) {
      inputs.push_back(source.value);
      maps.push_back(source.map);
    }
    uses.push_back({argument, input});
  }

  unsigned loops = nest.iterators.size();
  SmallVector<utils::IteratorType> iterators(loops, utils::IteratorType::reduction);
  llvm::SmallBitVector covered(loops);
  auto cover = [&](AffineMap covering) {
    for (AffineExpr expr : covering.getResults())
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        covered.set(dim.getPosition());
  };
  cover(map);
  for (unsigned loop : covered.set_bits())
    iterators[loop] = utils::IteratorType::parallel;
  bool reduces = llvm::is_contained(iterators, utils::IteratorType::reduction);
  llvm::for_each(maps, cover);
  if (!covered.all()) {
    // Loops whose extent no input says get an input that nothing reads.
    SmallVector<OpFoldResult> extents;
    SmallVector<AffineExpr> dims;
    for (unsigned loop = 0; loop < loops; ++loop)
      if (!covered.test(loop)) {
        extents.push_back(getExtent(loop));
        dims.push_back(getAffineDimExpr(loop, builder.getContext()));
      }
    inputs.push_back(createEmpty(builder, loc, extents, getElementTypeOrSelf(like)));
    maps.push_back(AffineMap::get(loops, 0, dims, builder.getContext()));
  }
  maps.push_back(map);
  bool isScalar = !isa<RankedTensorType>(like.getType());
  Value shape = like;
  if (isScalar)
    shape = createEmpty(builder, loc, {}, like.getType());
  Value init = reduces ? createFilledLike(builder, loc, shape, 0) : createEmptyLike(builder, loc, shape);
  auto generic = linalg::GenericOp::create(builder, loc, init.getType(), inputs, init, maps, iterators,
                                           [&](OpBuilder &b, Location loc, ValueRange args) {
                                             IRMapping mapping;
                                             for (auto [argument, input] : uses)
                                               mapping.map(argument, args[input]);
                                             for (Operation *op : llvm::reverse(slice))
                                               b.clone(*op, mapping);
                                             Value value = mapping.lookupOrDefault(gradient);
                                             if (reduces)
                                               value = arith::AddFOp::create(b, loc, args.back(), value);
                                             linalg::YieldOp::create(b, loc, value);
                                           });
  Value result = generic.getResult(0);
  if (isScalar)
    return tensor::ExtractOp::create(builder, loc, result, ValueRange());
  return castTo(builder, loc, result, like.getType());
}

LogicalResult LoopGradients::build(SmallVectorImpl<Value> &operands) {
  for (unsigned i = 0; i < nest.operandMaps.size(); ++i)
    if (needed[i] && !nest.operandMaps[i].isProjectedPermutation(/*allowZeroInResults=*/true))
      return nest.op->emitOpError() << "cannot be differentiated: operand " << i
                                    << " is not accessed by a projected permutation of the loops, but by "
                                    << AffineMapAttr::get(nest.operandMaps[i]);
  findVaried();
  if (failed(cloneForward()) || failed(seed(operands)))
    return failure();
  OpBuilder b = atEndOf(point, builder);
  auto readValue = [&](Value value) { return read(value); };
  auto isNeeded = [&](Value value) { return varied.contains(value); };
  auto addGradient = [&](Value value, Value gradient) { add(value, gradient); };
  ScalarContext context{readValue, isNeeded, addGradient};
  for (Operation &op : llvm::reverse(nest.body->without_terminator())) {
    if (op.getNumResults() != 1)
      continue;
    if (Value gradient = gradients.lookup(op.getResult(0)))
      if (failed(differentiateScalar(b, &op, gradient, context)))
        return failure();
  }
  for (unsigned i = 0; i < nest.operandMaps.size(); ++i)
    if (Value gradient = needed[i] ? gradients.lookup(nest.body->getArgument(i)) : Value())
      operands[i] = emit(i, gradient);
  return success();
}

LogicalResult spnn::buildLoopGradients(OpBuilder &builder, const LoopNest &nest, ArrayRef<Value> results,
                                       ArrayRef<bool> needed, SmallVectorImpl<Value> &operands) {
  return LoopGradients(builder, nest, results, needed).build(operands);
}
