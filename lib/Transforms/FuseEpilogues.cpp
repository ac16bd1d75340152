//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// spnn-fuse-epilogues: bias and activation behind a product become its epilogue.
//
//===----------------------------------------------------------------------===//
#include "EpilogueMatcher.h"
#include "GraphUtils.h"
#include "SinkLayouts.h"
#include "spnn/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace spnn {
#define GEN_PASS_DEF_FUSEEPILOGUES
#include "spnn/Transforms/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

namespace {
struct FuseEpilogues : public spnn::impl::FuseEpiloguesBase<FuseEpilogues> {
  void runOnOperation() override {
    // Moving transpositions may bring an epilogue next to its product, and fusing may free a transposition.
    cleanUp();
    while (fuseAll())
      cleanUp();
    explain();
  }

  void cleanUp() {
    RewritePatternSet patterns(&getContext());
    populateGraphCleanupPatterns(patterns);
    populateSinkLayoutPatterns(patterns);
    linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
    (void)applyPatternsGreedily(getOperation(), std::move(patterns));
  }

  SmallVector<MatmulOp> getProducts() {
    SmallVector<MatmulOp> products;
    getOperation()->walk([&](MatmulOp op) { products.push_back(op); });
    return products;
  }

  bool fuseAll() {
    IRRewriter rewriter(&getContext());
    bool changed = false;
    for (MatmulOp product : getProducts()) {
      // The last value is tried first, so that the longest epilogue wins.
      for (EpilogueRoot root : collectEpilogueRoots(product)) {
        std::string reason;
        bool isNearMiss;
        std::optional<Epilogue> epilogue = matchEpilogue(product, root, reason, isNearMiss);
        if (!epilogue)
          continue;
        fuse(rewriter, product, root, *epilogue);
        ++numFused;
        changed = true;
        break;
      }
    }
    return changed;
  }

  /// Says why epilogues that a person would recognise are still there.
  void explain() {
    for (MatmulOp product : getProducts()) {
      for (EpilogueRoot root : collectEpilogueRoots(product)) {
        std::string reason;
        bool isNearMiss;
        if (matchEpilogue(product, root, reason, isNearMiss) || !isNearMiss)
          continue;
        product.emitRemark() << "epilogue not fused: " << reason;
        break;
      }
    }
  }

  void fuse(IRRewriter &rewriter, MatmulOp product, EpilogueRoot root, const Epilogue &epilogue) {
    Operation *last = root.body ? root.body.getOperation() : root.value.getDefiningOp();
    rewriter.setInsertionPoint(last);
    Location loc = rewriter.getFusedLoc({product.getLoc(), last->getLoc()});
    Value bias = product.getBias();
    int64_t axis = product.getBiasAxis();
    if (epilogue.bias) {
      bias = createBias(rewriter, loc, *epilogue.bias);
      axis = epilogue.transposed ? 1 - epilogue.bias->axis : epilogue.bias->axis;
    }
    auto fused = MatmulOp::create(rewriter, loc, product.getType(), product.getLhs(), product.getRhs(),
                                  product.getLhsScales(), product.getRhsScales(), bias, product.getTransposeLhs(),
                                  product.getTransposeRhs(), axis, epilogue.activation);
    fused->setDiscardableAttrs(product->getDiscardableAttrDictionary());
    Value result = fused;
    if (epilogue.transposed)
      result = createTranspose(rewriter, loc, result);
    if (!root.body) {
      rewriter.replaceAllUsesWith(root.value, castTo(rewriter, loc, result, root.value.getType()));
    } else {
      replaceInBody(rewriter, product, root, epilogue, result);
      return;
    }
    eraseDead(rewriter, product, epilogue);
  }

  Value createBias(IRRewriter &rewriter, Location loc, const BiasOperand &bias) {
    if (bias.rows)
      return arith::ConstantOp::create(rewriter, loc, bias.rows);
    if (cast<RankedTensorType>(bias.value.getType()).getRank() == 1)
      return bias.value;
    return tensor::CollapseShapeOp::create(rewriter, loc, bias.value, SmallVector<ReassociationIndices>{{0, 1}});
  }

  /// The operands of the generic that come from the product become the fused result, and the root's scalar reads it.
  void replaceInBody(IRRewriter &rewriter, MatmulOp product, EpilogueRoot root, const Epilogue &epilogue,
                     Value result) {
    linalg::GenericOp generic = root.body;
    SmallVector<AffineMap> maps = generic.getIndexingMapsArray();
    Value argument;
    rewriter.modifyOpInPlace(generic, [&]() {
      for (OpOperand *operand : generic.getDpsInputOperands()) {
        Operation *source = operand->get().getDefiningOp();
        if (source != product && !epilogue.absorbed.contains(source))
          continue;
        operand->set(result);
        maps[operand->getOperandNumber()] = rewriter.getMultiDimIdentityMap(2);
        argument = generic.getMatchingBlockArgument(operand);
      }
      generic.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
    });
    rewriter.replaceAllUsesWith(root.value, argument);
    eraseDead(rewriter, product, epilogue);
  }

  void eraseDead(IRRewriter &rewriter, MatmulOp product, const Epilogue &epilogue) {
    SmallVector<Operation *> ops(epilogue.absorbed.begin(), epilogue.absorbed.end());
    llvm::sort(ops, [](Operation *a, Operation *b) { return b->isBeforeInBlock(a); });
    ops.push_back(product);
    for (Operation *op : ops)
      if (op->use_empty())
        rewriter.eraseOp(op);
  }
};
} // namespace
