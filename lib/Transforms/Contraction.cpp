//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Recognises linalg contractions that are the product of a matrix with a constant one.
//
//===----------------------------------------------------------------------===//
#include "Contraction.h"

#include "GraphUtils.h"
#include "spnn/IR/SparseFormats.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace spnn;

namespace {
/// An operand and the loop that each of its dimensions runs over.
struct Access {
  Value value;
  SmallVector<unsigned> loops;
};
} // namespace

/// The loops of a projected permutation; std::nullopt for any other map.
static std::optional<SmallVector<unsigned>> getLoops(AffineMap map) {
  if (!map.isProjectedPermutation())
    return std::nullopt;
  return llvm::map_to_vector(map.getResults(), [](AffineExpr e) { return cast<AffineDimExpr>(e).getPosition(); });
}

/// Sees through ops that only permute or repeat: the source, and which of its dimensions the loops reach.
static Access lookThroughCopies(Access access) {
  while (Operation *op = access.value.getDefiningOp()) {
    if (auto transpose = dyn_cast<linalg::TransposeOp>(op)) {
      SmallVector<unsigned> loops(access.loops.size());
      for (auto [result, source] : llvm::enumerate(transpose.getPermutation()))
        loops[source] = access.loops[result];
      access = {transpose.getInput(), std::move(loops)};
      continue;
    }
    if (auto broadcast = dyn_cast<linalg::BroadcastOp>(op)) {
      SmallVector<unsigned> loops;
      for (auto [result, loop] : llvm::enumerate(access.loops))
        if (!llvm::is_contained(broadcast.getDimensions(), static_cast<int64_t>(result)))
          loops.push_back(loop);
      access = {broadcast.getInput(), std::move(loops)};
      continue;
    }
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (!generic || generic.getNumDpsInputs() != 1 || generic.getNumResults() != 1 ||
        generic.getNumReductionLoops() != 0)
      return access;
    std::optional<SmallVector<unsigned>> in = getLoops(generic.getIndexingMapsArray()[0]);
    AffineMap out = generic.getIndexingMapsArray()[1];
    auto yield = cast<linalg::YieldOp>(generic.getBody()->getTerminator());
    if (!in || !out.isPermutation() || yield.getOperand(0) != generic.getBody()->getArgument(0))
      return access;
    SmallVector<unsigned> loops;
    for (unsigned loop : *in)
      loops.push_back(access.loops[*out.getResultPosition(getAffineDimExpr(loop, op->getContext()))]);
    access = {generic.getDpsInputs()[0], std::move(loops)};
  }
  return access;
}

/// The first slice of a constant of rank 3 along `dim`, if all slices are the same.
static ElementsAttr getCommonSlice(ElementsAttr attr, unsigned dim) {
  auto type = cast<RankedTensorType>(attr.getShapedType());
  int64_t count = type.getDimSize(dim);
  unsigned bytes = getElementBytes(type.getElementType());
  std::optional<std::vector<uint8_t>> raw = readRawElements(attr);
  if (!raw || count == 0)
    return {};
  int64_t inner = bytes, outer = 1;
  for (int64_t i = 0; i < type.getRank(); ++i)
    (i < dim ? outer : inner) *= i == dim ? 1 : type.getDimSize(i);
  std::vector<char> slice;
  slice.reserve(outer * inner);
  for (int64_t o = 0; o < outer; ++o) {
    const uint8_t *first = raw->data() + o * count * inner;
    for (int64_t i = 1; i < count; ++i)
      if (!std::equal(first, first + inner, first + i * inner))
        return {};
    slice.insert(slice.end(), first, first + inner);
  }
  auto sliceType =
      RankedTensorType::get(SmallVector<int64_t>{type.getDimSize(dim == 0 ? 1 : 0), type.getDimSize(dim == 2 ? 1 : 2)},
                            type.getElementType());
  return DenseElementsAttr::getFromRawBuffer(sliceType, slice);
}

/// Matches with `constant` as the constant operand.
static std::optional<ConstantProduct> matchWithConstant(const Access &other, Access constant, ArrayRef<unsigned> out,
                                                        std::string &reason) {
  ConstantProduct result;
  auto isSummed = [&](unsigned loop) { return !llvm::is_contained(out, loop); };
  if (constant.loops.size() == 3) {
    // A dimension of the constant that the other operand and the result share is a batch.
    auto *batch =
        llvm::find_if(constant.loops, [&](unsigned l) { return !isSummed(l) && llvm::is_contained(other.loops, l); });
    ElementsAttr attr;
    if (batch == constant.loops.end() || !matchPattern(constant.value, m_Constant(&attr)) ||
        !(result.slice = getCommonSlice(attr, batch - constant.loops.begin()))) {
      reason = "the constant operand differs from batch to batch";
      return std::nullopt;
    }
    constant.loops.erase(batch);
  } else {
    result.constant = constant.value;
  }
  if (constant.loops.size() != 2) {
    reason = "the constant operand is no matrix";
    return std::nullopt;
  }
  if (isSummed(constant.loops[0]) == isSummed(constant.loops[1])) {
    reason = "the constant operand is not summed along exactly one of its dimensions";
    return std::nullopt;
  }
  result.constantKFirst = isSummed(constant.loops[0]);
  unsigned k = constant.loops[result.constantKFirst ? 0 : 1], m = constant.loops[result.constantKFirst ? 1 : 0];
  if (llvm::is_contained(other.loops, m)) {
    reason = "the constant operand differs from batch to batch";
    return std::nullopt;
  }
  if (llvm::count_if(other.loops, isSummed) != 1 || !llvm::is_contained(other.loops, k)) {
    reason = "more than one dimension is summed";
    return std::nullopt;
  }
  // The free dimensions have to lie together, in one order, so that they collapse into one.
  if (other.loops.front() != k && other.loops.back() != k) {
    reason = "the summed dimension is neither the first nor the last of its operand";
    return std::nullopt;
  }
  if (out.front() != m && out.back() != m) {
    reason = "the constant's dimension is neither the first nor the last of the result";
    return std::nullopt;
  }
  ArrayRef<unsigned> free = other.loops, kept = out;
  result.freeDims = free.size() - 1;
  result.otherKLast = result.freeDims > 0 && free.back() == k;
  result.outMLast = result.freeDims > 0 && kept.back() == m;
  free = result.otherKLast ? free.drop_back() : free.drop_front();
  kept = result.outMLast ? kept.drop_back() : kept.drop_front();
  if (free != kept) {
    reason = "the free dimensions of operand and result are not in the same order";
    return std::nullopt;
  }
  result.other = other.value;
  return result;
}

std::optional<ConstantProduct> spnn::matchConstantProduct(linalg::LinalgOp op, std::string &reason) {
  SmallVector<Access> accesses;
  for (AffineMap map : op.getIndexingMapsArray()) {
    std::optional<SmallVector<unsigned>> loops = getLoops(map);
    if (!loops) {
      reason = "an operand is not accessed by a projected permutation of the loops";
      return std::nullopt;
    }
    accesses.push_back({op->getOperand(accesses.size()), std::move(*loops)});
  }
  Type element = getElementTypeOrSelf(op->getResult(0));
  for (const Access &access : accesses) {
    Type found = getElementTypeOrSelf(access.value);
    if (!isa<FloatType>(found) || found != element) {
      reason = "operands and result are not of one floating-point type";
      return std::nullopt;
    }
  }
  // The second operand first: it holds the weights where both are constant.
  for (unsigned i : {1, 0}) {
    Access constant = lookThroughCopies(accesses[i]);
    if (isConstantMatrix(constant.value))
      return matchWithConstant(accesses[1 - i], std::move(constant), accesses[2].loops, reason);
  }
  reason = "no operand is constant";
  return std::nullopt;
}
