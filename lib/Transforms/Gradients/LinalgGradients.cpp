//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gradients of linalg ops: products become products, all others loops.
//
//===----------------------------------------------------------------------===//
#include "../GraphUtils.h"
#include "Gradients.h"
#include "LoopGradients.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace spnn;

/// The loops of a projected permutation of `rank` results, the first `batches` of which are the first loops; empty for
/// any other map.
static SmallVector<unsigned> getProductLoops(AffineMap map, unsigned batches) {
  if (map.getNumResults() != batches + 2 || !map.isProjectedPermutation())
    return {};
  SmallVector<unsigned> loops;
  for (unsigned i = 0; i < map.getNumResults(); ++i)
    loops.push_back(map.getDimPosition(i));
  for (unsigned i = 0; i < batches; ++i)
    if (loops[i] != i)
      return {};
  return loops;
}

/// out[outMap] = sum of x[xMap] * y[yMap] as linalg.matmul or linalg.batch_matmul, or null where it is neither. `like`
/// has the type and extents of the result.
static Value emitProduct(OpBuilder &builder, Location loc, Value x, AffineMap xMap, Value y, AffineMap yMap,
                         AffineMap outMap, Value like) {
  if (outMap.getNumResults() < 2 || outMap.getNumResults() > 3 || outMap.getNumDims() != outMap.getNumResults() + 1)
    return {};
  unsigned batches = outMap.getNumResults() - 2;
  SmallVector<unsigned> out = getProductLoops(outMap, batches), left = getProductLoops(xMap, batches),
                        right = getProductLoops(yMap, batches);
  Type element = getElementTypeOrSelf(like);
  if (out.empty() || left.empty() || right.empty() || getElementTypeOrSelf(x) != element ||
      getElementTypeOrSelf(y) != element)
    return {};
  unsigned m = out[batches], n = out[batches + 1];
  if (!llvm::is_contained(ArrayRef(left).drop_front(batches), m)) {
    std::swap(left, right);
    std::swap(x, y);
  }
  // Loops of the new product: the rows and columns of its result, and the one that is summed.
  auto rename = [&](ArrayRef<unsigned> loops) {
    SmallVector<AffineExpr> exprs;
    for (unsigned loop : loops)
      exprs.push_back(getAffineDimExpr(loop < batches ? loop
                                       : loop == m    ? batches
                                       : loop == n    ? batches + 1
                                                      : batches + 2,
                                       builder.getContext()));
    return AffineMap::get(batches + 3, 0, exprs, builder.getContext());
  };
  auto contains = [&](ArrayRef<unsigned> loops, unsigned loop) { return llvm::is_contained(loops, loop); };
  if (!contains(left, m) || contains(left, n) || !contains(right, n) || contains(right, m))
    return {};
  auto maps =
      builder.getNamedAttr("indexing_maps", builder.getAffineMapArrayAttr({rename(left), rename(right), rename(out)}));
  Value init = createFilledLike(builder, loc, like, 0);
  Value result;
  if (batches == 0)
    result = linalg::MatmulOp::create(builder, loc, init.getType(), ValueRange{x, y}, init, maps)->getResult(0);
  else
    result = linalg::BatchMatmulOp::create(builder, loc, init.getType(), ValueRange{x, y}, init, maps)->getResult(0);
  return castTo(builder, loc, result, like.getType());
}

/// The gradients of the operands of a product of two matrices, or of two batches of them; false with nothing built if
/// the op is none.
static bool buildProductGradients(OpBuilder &builder, linalg::LinalgOp op, Value gradient, ArrayRef<bool> needed,
                                  SmallVectorImpl<Value> &operands) {
  if (!linalg::isaContractionOpInterface(op))
    return false;
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  for (unsigned i : {0, 1}) {
    if (!needed[i])
      continue;
    Value other = op->getOperand(1 - i);
    operands[i] = emitProduct(builder, op.getLoc(), gradient, maps[2], other, maps[1 - i], maps[i], op->getOperand(i));
    if (!operands[i])
      return false; // the first operand fails where the second would
  }
  if (needed[2])
    operands[2] = gradient;
  return true;
}

namespace {
template <typename Op>
struct StructuredGradient : public DifferentiableOpInterface::ExternalModel<StructuredGradient<Op>, Op> {
  LogicalResult buildGradients(Operation *operation, OpBuilder &builder, ArrayRef<Value> results, ArrayRef<bool> needed,
                               SmallVectorImpl<Value> &operands) const {
    auto op = cast<linalg::LinalgOp>(operation);
    if (!op.hasPureTensorSemantics())
      return op.emitOpError("cannot be differentiated: it works on buffers");
    if (auto transpose = dyn_cast<linalg::TransposeOp>(operation)) {
      SmallVector<int64_t> inverse = invertPermutationVector(transpose.getPermutation());
      Value init = createEmptyLike(builder, op.getLoc(), transpose.getInput());
      if (needed[0])
        operands[0] = linalg::TransposeOp::create(builder, op.getLoc(), results[0], init, inverse)->getResult(0);
      return success();
    }
    if (buildProductGradients(builder, op, results[0], needed, operands))
      return success();
    LoopNest nest;
    nest.op = op;
    nest.operandMaps = op.getIndexingMapsArray();
    nest.iterators = op.getIteratorTypesArray();
    nest.body = op.getBlock();
    nest.firstInit = op.getNumDpsInputs();
    for (OpResult result : op->getResults())
      nest.resultMaps.push_back(op.getIndexingMapMatchingResult(result));
    return buildLoopGradients(builder, nest, results, needed, operands);
  }
};

template <typename... Ops> void attach(MLIRContext &context) {
  (Ops::template attachInterface<StructuredGradient<Ops>>(context), ...);
}
} // namespace

void spnn::attachLinalgGradients(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, linalg::LinalgDialect *) {
    attach<linalg::GenericOp, linalg::MapOp, linalg::ReduceOp, linalg::TransposeOp, linalg::BroadcastOp,
           linalg::ElementwiseOp, linalg::FillOp, linalg::CopyOp>(*context);
    attach<linalg::MatmulOp, linalg::BatchMatmulOp, linalg::ContractOp, linalg::MatvecOp, linalg::VecmatOp,
           linalg::DotOp>(*context);
    attach<linalg::AddOp, linalg::SubOp, linalg::MulOp, linalg::DivOp, linalg::MaxOp, linalg::MinOp, linalg::PowFOp,
           linalg::SelectOp>(*context);
    attach<linalg::AbsOp, linalg::CeilOp, linalg::ErfOp, linalg::ExpOp, linalg::FloorOp, linalg::LogOp, linalg::NegFOp,
           linalg::ReciprocalOp, linalg::RoundOp, linalg::RsqrtOp, linalg::SqrtOp, linalg::SquareOp, linalg::TanhOp>(
        *context);
  });
}
