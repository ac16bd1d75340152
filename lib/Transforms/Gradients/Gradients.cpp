//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the gradients of several dialects share, their registration, and the forms they ask the forward pass for.
//
//===----------------------------------------------------------------------===//
#include "Gradients.h"

#include "../EpilogueEmitter.h"
#include "../GraphUtils.h"
#include "spnn/Transforms/Gradients.h"

#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace spnn;

void spnn::registerGradients(DialectRegistry &registry) {
  attachArithMathGradients(registry);
  attachLinalgGradients(registry);
  attachMatmulGradients(registry);
  attachMessageGradients(registry);
  attachTensorGradients(registry);
  attachTrainingGradients(registry);
}

Value spnn::createEmptyLike(OpBuilder &builder, Location loc, Value like) {
  auto type = cast<RankedTensorType>(like.getType());
  if (type.hasStaticShape())
    return tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType());
  return createEmpty(builder, loc, tensor::getMixedSizes(builder, loc, like), type.getElementType());
}

Value spnn::createFilledLike(OpBuilder &builder, Location loc, Value like, double number) {
  Type element = getElementTypeOrSelf(like);
  Value scalar = arith::ConstantOp::create(builder, loc, builder.getFloatAttr(element, number));
  if (!isa<RankedTensorType>(like.getType()))
    return scalar;
  return linalg::FillOp::create(builder, loc, scalar, createEmptyLike(builder, loc, like)).getResult(0);
}

void spnn::prepareForGradients(Block &block, const DenseSet<Value> &varied) {
  IRRewriter rewriter(block.getParentOp()->getContext());
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (llvm::none_of(op.getResults(), [&](Value result) { return varied.contains(result); }))
      continue;
    rewriter.setInsertionPoint(&op);
    if (auto matmul = dyn_cast<MatmulOp>(op)) {
      Activation activation = matmul.getActivation();
      if (activation == Activation::None)
        continue;
      rewriter.modifyOpInPlace(matmul, [&]() { matmul.setActivation(Activation::None); });
      rewriter.setInsertionPointAfter(matmul);
      Value active = emitEpilogue(rewriter, op.getLoc(), matmul.getResult(), Value(), 0, activation);
      Operation *epilogue = active.getDefiningOp();
      if (auto cast = dyn_cast<tensor::CastOp>(epilogue))
        epilogue = cast.getSource().getDefiningOp();
      rewriter.replaceUsesWithIf(matmul.getResult(), active, [&](OpOperand &use) {
        // The extents of the epilogue's result are taken from the product too.
        Operation *user = block.findAncestorOpInBlock(*use.getOwner());
        return user && epilogue->isBeforeInBlock(user);
      });
    } else if (auto aggregate = dyn_cast<AggregateOp>(op)) {
      bool picks = aggregate.getKind() == AggregateKind::Max || aggregate.getKind() == AggregateKind::Min;
      if (!picks || aggregate.getWinners())
        continue;
      auto type = cast<RankedTensorType>(aggregate.getResult().getType());
      auto withWinners = AggregateOp::create(
          rewriter, op.getLoc(), type, RankedTensorType::get(type.getShape(), rewriter.getI32Type()),
          aggregate.getKindAttr(), aggregate.getGraph(), aggregate.getFeatures(), aggregate.getEdgeValues(),
          aggregate.getOrder(), aggregate.getRowScales(), aggregate.getColumnScales());
      withWinners->setDiscardableAttrs(op.getDiscardableAttrDictionary());
      rewriter.replaceOp(aggregate, withWinners.getResult());
    }
  }
}
