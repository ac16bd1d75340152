//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Structured linalg ops, all through their indexing maps, iterator types and body.
//
//===----------------------------------------------------------------------===//
#include "Structured.h"

#include "Body.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spnn::reference;

//===----------------------------------------------------------------------===//
// Iteration space and accesses
//===----------------------------------------------------------------------===//

/// Adds scale * expr to the coefficients of the loops and the constant; false if expr is not linear or too large.
static bool addLinear(AffineExpr expr, int64_t scale, SmallVectorImpl<int64_t> &coefficients, int64_t &constant) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return !llvm::AddOverflow(coefficients[dim.getPosition()], scale, coefficients[dim.getPosition()]);
  if (auto number = dyn_cast<AffineConstantExpr>(expr)) {
    int64_t product;
    return !llvm::MulOverflow(number.getValue(), scale, product) && !llvm::AddOverflow(constant, product, constant);
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  if (expr.getKind() == AffineExprKind::Add)
    return addLinear(binary.getLHS(), scale, coefficients, constant) &&
           addLinear(binary.getRHS(), scale, coefficients, constant);
  if (expr.getKind() == AffineExprKind::Mul) {
    auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
    int64_t product;
    return factor && !llvm::MulOverflow(factor.getValue(), scale, product) &&
           addLinear(binary.getLHS(), product, coefficients, constant);
  }
  return false;
}

LogicalResult IterationSpace::build(Operation *op, ArrayRef<AffineMap> maps, ArrayRef<TensorRef> operands) {
  unsigned numLoops = maps.empty() ? 0 : maps.front().getNumDims();
  extents.assign(numLoops, -1);
  // A loop runs over the extent of every operand dimension that it indexes alone.
  SmallVector<unsigned> firstOperand(numLoops);
  for (auto [number, map, operand] : llvm::enumerate(maps, operands)) {
    if (map.getNumResults() != operand->shape.size() || map.getNumSymbols() != 0)
      return op->emitOpError("has an indexing map for operand ") << number << " that does not fit its rank";
    for (auto [dim, expr] : llvm::enumerate(map.getResults())) {
      auto loop = dyn_cast<AffineDimExpr>(expr);
      if (!loop)
        continue;
      int64_t &extent = extents[loop.getPosition()];
      if (extent >= 0 && extent != operand->shape[dim])
        return op->emitOpError("has operands whose extents disagree: loop d")
               << loop.getPosition() << " runs over " << extent << " by operand " << firstOperand[loop.getPosition()]
               << " and over " << operand->shape[dim] << " by dimension " << dim << " of operand " << number;
      if (extent < 0)
        firstOperand[loop.getPosition()] = number;
      extent = operand->shape[dim];
    }
  }
  for (auto [loop, extent] : llvm::enumerate(extents))
    if (extent < 0)
      return op->emitOpError("has loop d") << loop << ", whose extent no operand gives";
  isEmpty = llvm::is_contained(extents, 0);
  if (isEmpty)
    return success();
  for (auto [number, map, operand] : llvm::enumerate(maps, operands)) {
    Access access;
    access.map = map;
    access.shape = operand->shape;
    access.strides = getStrides(operand->shape);
    if (failed(linearize(op, number, access)))
      return failure();
    accesses.push_back(std::move(access));
  }
  return success();
}

LogicalResult IterationSpace::linearize(Operation *op, unsigned number, Access &access) {
  access.loopStrides.assign(extents.size(), 0);
  for (auto [dim, expr] : llvm::enumerate(access.map.getResults())) {
    SmallVector<int64_t> coefficients(extents.size(), 0);
    int64_t constant = 0;
    if (!addLinear(expr, 1, coefficients, constant)) {
      access.isLinear = false;
      return success();
    }
    // The index is in range everywhere iff it is at the two ends.
    __int128 low = constant, high = constant;
    for (auto [coefficient, extent] : llvm::zip(coefficients, extents))
      (coefficient < 0 ? low : high) += static_cast<__int128>(coefficient) * (extent - 1);
    if (low < 0 || high >= access.shape[dim])
      return op->emitOpError("reaches index ")
             << static_cast<int64_t>(low < 0 ? low : high) << " in dimension " << dim << " of operand " << number
             << ", which has extent " << access.shape[dim];
    // In range, so the products below cannot overflow where a loop runs more than once.
    for (auto [loop, coefficient] : llvm::enumerate(coefficients))
      if (extents[loop] > 1)
        access.loopStrides[loop] += coefficient * access.strides[dim];
    access.base += constant * access.strides[dim];
  }
  return success();
}

//===----------------------------------------------------------------------===//
// The general loops
//===----------------------------------------------------------------------===//

FailureOr<int64_t> Access::getOffset(Operation *op, ArrayRef<int64_t> loops) const {
  int64_t offset = base;
  if (isLinear) {
    for (auto [stride, loop] : llvm::zip(loopStrides, loops))
      offset += stride * loop;
    return offset;
  }
  SmallVector<Attribute> constants, results;
  Builder builder(op->getContext());
  for (int64_t loop : loops)
    constants.push_back(builder.getIndexAttr(loop));
  if (failed(map.constantFold(constants, results)))
    return op->emitOpError("has an indexing map that divides by zero");
  offset = 0;
  for (auto [dim, result] : llvm::enumerate(results)) {
    int64_t index = cast<IntegerAttr>(result).getInt();
    if (index < 0 || index >= shape[dim])
      return op->emitOpError("reaches index ") << index << " in a dimension of extent " << shape[dim];
    offset += index * strides[dim];
  }
  return offset;
}

/// The loop to run many iterations of at a time: parallel, each iteration with output elements of its own; the one
/// that fills most lanes, in doubt where the output is contiguous. -1 if there is none.
static int chooseLaneLoop(linalg::LinalgOp op, const IterationSpace &space) {
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  int best = -1;
  int64_t bestScore = 0;
  if (!llvm::all_of(space.accesses, [](const Access &access) { return access.isLinear; }))
    return -1;
  ArrayRef<Access> outputs = ArrayRef(space.accesses).drop_front(op.getNumDpsInputs());
  for (unsigned loop = 0; loop < space.extents.size(); ++loop) {
    int64_t extent = space.extents[loop];
    if (iterators[loop] != utils::IteratorType::parallel || extent < 2)
      continue;
    if (llvm::any_of(outputs, [&](const Access &output) { return output.loopStrides[loop] == 0; }))
      continue;
    int64_t score = 2 * std::min(extent, Body::kMaxLanes) + (outputs.front().loopStrides[loop] == 1);
    if (score >= bestScore) {
      bestScore = score;
      best = loop;
    }
  }
  return best;
}

namespace {
/// One run of a structured op's body over its iteration space.
class StructuredLoops {
public:
  StructuredLoops(linalg::LinalgOp op, const IterationSpace &space, ArrayRef<TensorRef> inputs,
                  MutableArrayRef<Tensor> outputs, Body &body)
      : op(op), space(space), body(body) {
    for (const TensorRef &input : inputs)
      data.push_back(const_cast<Lane *>(lanes(*input)));
    for (Tensor &output : outputs)
      data.push_back(lanes(output));
    for (BlockArgument argument : op.getBlock()->getArguments())
      isUsed.push_back(!argument.use_empty());
    numInputs = inputs.size();
    buffers.resize(data.size(), std::vector<Lane>(Body::kMaxLanes));
    offsets.resize(data.size());
    arguments.resize(data.size());
  }

  LogicalResult run() {
    int laneLoop = chooseLaneLoop(op, space);
    SmallVector<int64_t> outer = space.extents;
    int64_t lanesTotal = 1;
    if (laneLoop >= 0) {
      lanesTotal = outer[laneLoop];
      outer[laneLoop] = 1;
    }
    SmallVector<int64_t> loops(outer.size(), 0);
    do {
      for (int64_t first = 0; first < lanesTotal; first += body.getMaxLanes()) {
        if (laneLoop >= 0)
          loops[laneLoop] = first;
        if (failed(runLanes(loops, laneLoop, std::min(body.getMaxLanes(), lanesTotal - first))))
          return failure();
      }
      if (laneLoop >= 0)
        loops[laneLoop] = 0;
    } while (nextIndex(loops, outer));
    return success();
  }

private:
  LogicalResult runLanes(ArrayRef<int64_t> loops, int laneLoop, int64_t n) {
    for (auto [i, access] : llvm::enumerate(space.accesses)) {
      FailureOr<int64_t> offset = access.getOffset(op, loops);
      if (failed(offset))
        return failure();
      offsets[i] = *offset;
      int64_t stride = laneLoop < 0 ? 0 : access.loopStrides[laneLoop];
      arguments[i] = buffers[i].data();
      if (!isUsed[i])
        continue;
      const Lane *source = data[i] + *offset;
      if (stride == 1 && i < numInputs) {
        arguments[i] = source;
        continue;
      }
      for (int64_t lane = 0; lane < n; ++lane)
        buffers[i][lane] = source[lane * stride];
    }
    if (failed(body.run(arguments, loops, laneLoop < 0 ? ~0u : static_cast<unsigned>(laneLoop), n)))
      return failure();
    for (size_t i = numInputs; i < data.size(); ++i) {
      int64_t stride = laneLoop < 0 ? 0 : space.accesses[i].loopStrides[laneLoop];
      const Lane *result = body.getResult(i - numInputs);
      for (int64_t lane = 0; lane < n; ++lane)
        data[i][offsets[i] + lane * stride] = result[lane];
    }
    return success();
  }

  linalg::LinalgOp op;
  const IterationSpace &space;
  Body &body;
  size_t numInputs;
  SmallVector<Lane *> data;
  SmallVector<bool> isUsed;
  std::vector<std::vector<Lane>> buffers;
  SmallVector<int64_t> offsets;
  SmallVector<const Lane *> arguments;
};
} // namespace

LogicalResult spnn::reference::evaluateStructured(Interpreter &interpreter, Operation *operation) {
  auto op = cast<linalg::LinalgOp>(operation);
  SmallVector<TensorRef> inputs, operands;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    TensorRef value = interpreter.get(operand->get());
    if (!value)
      return failure();
    inputs.push_back(value);
  }
  std::vector<Tensor> outputs;
  for (OpOperand &operand : op.getDpsInitsMutable()) {
    FailureOr<Tensor> value = interpreter.take(operand);
    if (failed(value))
      return failure();
    outputs.push_back(std::move(*value));
  }
  // Aliases without ownership: only shapes are read through them.
  operands = inputs;
  for (Tensor &output : outputs)
    operands.push_back(TensorRef(TensorRef(), &output));
  IterationSpace space;
  if (failed(space.build(op, op.getIndexingMapsArray(), operands)))
    return failure();
  if (!space.isEmpty && !tryContraction(op, space, inputs, outputs)) {
    Body body(interpreter, op, *op.getBlock());
    if (failed(body.prepare()) || failed(StructuredLoops(op, space, inputs, outputs, body).run()))
      return failure();
  }
  for (auto [result, output] : llvm::zip(op->getResults(), outputs))
    if (failed(interpreter.set(op, result, std::move(output))))
      return failure();
  return success();
}
