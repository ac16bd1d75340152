//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Recognises contractions among structured ops and hands them to the blocked product.
//
//===----------------------------------------------------------------------===//
#include "Contraction.h"
#include "Structured.h"

#include "spnn/IR/SparseFormats.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace spnn;
using namespace spnn::reference;

/// Casts between float types change nothing here.
static Value skipFloatCasts(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<arith::ExtFOp, arith::TruncFOp>(op))
      break;
    value = op->getOperand(0);
  }
  return value;
}

/// True if the body yields out + lhs * rhs of its three arguments.
static bool isMultiplyAdd(Block &block) {
  if (block.getNumArguments() != 3 || block.getTerminator()->getNumOperands() != 1)
    return false;
  Value lhs = block.getArgument(0), rhs = block.getArgument(1), out = block.getArgument(2);
  auto add = skipFloatCasts(block.getTerminator()->getOperand(0)).getDefiningOp<arith::AddFOp>();
  if (!add)
    return false;
  Value left = skipFloatCasts(add.getLhs()), right = skipFloatCasts(add.getRhs());
  if (left != out)
    std::swap(left, right);
  auto multiply = right.getDefiningOp<arith::MulFOp>();
  if (left != out || !multiply)
    return false;
  Value first = skipFloatCasts(multiply.getLhs()), second = skipFloatCasts(multiply.getRhs());
  return (first == lhs && second == rhs) || (first == rhs && second == lhs);
}

/// Offsets of all iterations of some loops, the last loop fastest.
static std::vector<int64_t> listOffsets(const Access &access, const IterationSpace &space, ArrayRef<unsigned> loops,
                                        int64_t base = 0) {
  std::vector<int64_t> offsets = {base};
  for (unsigned loop : loops) {
    std::vector<int64_t> next;
    next.reserve(offsets.size() * space.extents[loop]);
    for (int64_t offset : offsets)
      for (int64_t i = 0; i < space.extents[loop]; ++i)
        next.push_back(offset + i * access.loopStrides[loop]);
    offsets = std::move(next);
  }
  return offsets;
}

bool reference::tryContraction(linalg::LinalgOp op, const IterationSpace &space, ArrayRef<TensorRef> inputs,
                               MutableArrayRef<Tensor> outputs) {
  if (inputs.size() != 2 || outputs.size() != 1 || !inputs[0]->isFloat() || !inputs[1]->isFloat() ||
      !outputs[0].isFloat() || !isMultiplyAdd(*op.getBlock()))
    return false;
  const Access &lhs = space.accesses[0], &rhs = space.accesses[1], &out = space.accesses[2];
  if (!lhs.isLinear || !rhs.isLinear || !out.map.isProjectedPermutation())
    return false;
  SmallVector<unsigned> batch, rows, columns, inner;
  // More offsets than this are not worth listing; nothing of that size ends.
  constexpr int64_t limit = int64_t(1) << 28;
  int64_t listed = 1;
  for (unsigned loop = 0; loop < space.extents.size(); ++loop) {
    bool inLhs = lhs.map.isFunctionOfDim(loop), inRhs = rhs.map.isFunctionOfDim(loop);
    bool inOut = out.map.isFunctionOfDim(loop);
    if (inOut && inLhs && inRhs)
      batch.push_back(loop);
    else if (inOut && inLhs)
      rows.push_back(loop);
    else if (inOut && inRhs)
      columns.push_back(loop);
    else if (!inOut && inLhs && inRhs)
      inner.push_back(loop);
    else
      return false;
  }
  for (ArrayRef<unsigned> loops : {ArrayRef(batch), ArrayRef(rows), ArrayRef(columns), ArrayRef(inner)}) {
    listed = 1;
    for (unsigned loop : loops)
      if (llvm::MulOverflow(listed, space.extents[loop], listed) || listed > limit)
        return false;
  }
  Contraction contraction;
  contraction.lhs = {listOffsets(lhs, space, batch, lhs.base), listOffsets(lhs, space, rows),
                     listOffsets(lhs, space, inner)};
  contraction.rhs = {listOffsets(rhs, space, batch, rhs.base), listOffsets(rhs, space, inner),
                     listOffsets(rhs, space, columns)};
  contraction.out = {listOffsets(out, space, batch, out.base), listOffsets(out, space, rows),
                     listOffsets(out, space, columns)};
  contraction.lhsData = inputs[0]->floats.data();
  contraction.rhsData = inputs[1]->floats.data();
  contraction.outData = outputs[0].floats.data();
  contraction.lhsSize = inputs[0]->size();
  contraction.rhsSize = inputs[1]->size();
  contraction.lhsZerosVanish = isSparse(op.getDpsInputOperand(0)->get().getType());
  contraction.rhsZerosVanish = isSparse(op.getDpsInputOperand(1)->get().getType());
  contract(op->getContext(), contraction);
  return true;
}
