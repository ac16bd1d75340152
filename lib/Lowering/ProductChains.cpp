//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Between which products activations can stay packed, as far as graph-level IR shows it.
//
//===----------------------------------------------------------------------===//
#include "ProductChains.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/PointerIntPair.h"

using namespace mlir;
using namespace spnn;

static bool isMatrix(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() >= 2;
}

/// An op that spnn-pack-elementwise may take, by its kind alone.
static bool isColumnwise(Operation *op) {
  if (isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
    return true;
  if (auto linalg = dyn_cast<linalg::LinalgOp>(op))
    return linalg.hasPureTensorSemantics() && !linalg.hasIndexSemantics() && !isa<linalg::FillOp>(op) &&
           llvm::all_of(linalg.getIndexingMapsArray(),
                        [](AffineMap map) { return map.isProjectedPermutation(/*allowZeroInResults=*/true); }) &&
           !linalg::isaContractionOpInterface(linalg);
  return OpTrait::hasElementwiseMappableTraits(op) && isa<RankedTensorType>(op->getResult(0).getType());
}

/// True if the result of `op` has rows where `operand` has columns.
static bool isTransposing(Operation *op, OpOperand &operand) {
  auto linalg = dyn_cast<linalg::LinalgOp>(op);
  if (!linalg || linalg->getNumResults() == 0)
    return false;
  AffineMap from = linalg.getMatchingIndexingMap(&operand), to = linalg.getIndexingMapMatchingResult(op->getResult(0));
  return from.getNumDims() == 2 && from.isPermutation() && to.isPermutation() && from != to;
}

namespace {
/// A matrix and whether its columns are rows of the product.
using Oriented = llvm::PointerIntPair<Value, 1, bool>;
} // namespace

MatmulOp spnn::findProducer(MatmulOp op) {
  MatmulOp last;
  DenseSet<Oriented> seen;
  SmallVector<Oriented> worklist{{op.getRhs(), op.getTransposeRhs()}};
  while (!worklist.empty()) {
    Oriented next = worklist.pop_back_val();
    Operation *source = next.getPointer().getDefiningOp();
    if (!source || source->getBlock() != op->getBlock() || !seen.insert(next).second)
      continue;
    if (auto product = dyn_cast<MatmulOp>(source)) {
      if (!next.getInt() && (!last || last->isBeforeInBlock(product)))
        last = product;
    } else if (isColumnwise(source)) {
      for (OpOperand &operand : source->getOpOperands())
        if (isMatrix(operand.get()))
          worklist.push_back({operand.get(), next.getInt() != isTransposing(source, operand)});
    }
  }
  return last;
}

bool spnn::isUsedRowMajor(MatmulOp op, function_ref<bool(MatmulOp)> isPlanned) {
  DenseSet<Oriented> seen;
  SmallVector<Oriented> worklist{{op.getResult(), false}};
  while (!worklist.empty()) {
    Oriented next = worklist.pop_back_val();
    if (!seen.insert(next).second)
      continue;
    for (OpOperand &use : next.getPointer().getUses()) {
      Operation *user = use.getOwner();
      if (isa<tensor::DimOp>(user))
        continue;
      auto product = dyn_cast<MatmulOp>(user);
      if (product && isPlanned(product) && product.getRhs() == next.getPointer() &&
          product.getTransposeRhs() == next.getInt())
        continue;
      if (product || !isColumnwise(user))
        return true;
      for (Value result : user->getResults())
        if (isMatrix(result))
          worklist.push_back({result, next.getInt() != isTransposing(user, use)});
    }
  }
  return false;
}
