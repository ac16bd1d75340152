//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// spnn-decompose: every spnn.matmul takes the one form that kernels have.
//
//===----------------------------------------------------------------------===//
#include "EpilogueEmitter.h"
#include "GraphUtils.h"
#include "spnn/IR/SparseFormats.h"
#include "spnn/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace spnn {
#define GEN_PASS_DEF_DECOMPOSE
#include "spnn/Transforms/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

namespace {
struct Decompose : public spnn::impl::DecomposeBase<Decompose> {
  void runOnOperation() override {
    if (failed(decomposeAggregates(getOperation())))
      return signalPassFailure();
    cleanUp();
    SmallVector<MatmulOp> products;
    getOperation()->walk([&](MatmulOp op) { products.push_back(op); });
    IRRewriter rewriter(&getContext());
    for (MatmulOp op : products)
      if (failed(decompose(rewriter, op)))
        return signalPassFailure();
    cleanUp();
  }

  void cleanUp() {
    RewritePatternSet patterns(&getContext());
    populateGraphCleanupPatterns(patterns);
    (void)applyPatternsGreedily(getOperation(), std::move(patterns));
  }

  LogicalResult decompose(IRRewriter &rewriter, MatmulOp op) {
    bool lhsConstant = isConstantMatrix(op.getLhs()), rhsConstant = isConstantMatrix(op.getRhs());
    bool lhsSparse = isSparse(op.getLhs().getType()), rhsSparse = isSparse(op.getRhs().getType());
    if ((lhsSparse && !lhsConstant) || (rhsSparse && !rhsConstant)) {
      Value value = lhsSparse && !lhsConstant ? op.getLhs() : op.getRhs();
      return op.emitError() << "operand of type " << value.getType()
                            << " is no constant: sparse function arguments are not supported on the CPU pipeline yet";
    }
    if (!lhsConstant && !rhsConstant) {
      op.emitRemark("lowered to linalg.matmul: no operand is constant");
      lowerToLinalg(rewriter, op);
      ++numLowered;
      return success();
    }
    if (!lhsConstant || (rhsSparse && !lhsSparse)) {
      op = exchange(rewriter, op);
      std::swap(lhsConstant, rhsConstant);
      std::swap(lhsSparse, rhsSparse);
      ++numExchanged;
    }
    rewriter.setInsertionPoint(op);
    if (rhsSparse) {
      op.emitRemark("rhs is stored dense: lhs is sparse already");
      auto type = cast<RankedTensorType>(op.getRhs().getType());
      Value dense = ConvertOp::create(rewriter, op.getLoc(), type.dropEncoding(), op.getRhs());
      rewriter.modifyOpInPlace(op, [&]() { op.getRhsMutable().assign(dense); });
    }
    if (isUnevaluated(op.getLhs()))
      return op.emitError("lhs is a spnn.prune that was not evaluated: run spnn-prune first");
    if (op.getTransposeLhs()) {
      FailureOr<Value> transposed = transposeConstant(rewriter, op, op.getLhs());
      if (failed(transposed))
        return failure();
      rewriter.modifyOpInPlace(op, [&]() {
        op.getLhsMutable().assign(*transposed);
        op.setTransposeLhs(false);
      });
    }
    if (op.getBias() && op.getBiasAxis() == 1)
      detachEpilogue(rewriter, op);
    return success();
  }

  /// True if a spnn.prune stands between the constant and its product.
  static bool isUnevaluated(Value value) {
    while (auto convert = value.getDefiningOp<ConvertOp>())
      value = convert.getSource();
    return static_cast<bool>(value.getDefiningOp<PruneOp>());
  }

  /// A B = (B^T A^T)^T.
  MatmulOp exchange(IRRewriter &rewriter, MatmulOp op) {
    rewriter.setInsertionPoint(op);
    auto type = cast<RankedTensorType>(op.getType());
    auto exchanged = MatmulOp::create(
        rewriter, op.getLoc(), RankedTensorType::get({type.getDimSize(1), type.getDimSize(0)}, type.getElementType()),
        op.getRhs(), op.getLhs(), op.getRhsScales(), op.getLhsScales(), op.getBias(), !op.getTransposeRhs(),
        !op.getTransposeLhs(), op.getBias() ? 1 - op.getBiasAxis() : 0, op.getActivation());
    exchanged->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    Value result = createTranspose(rewriter, op.getLoc(), exchanged);
    rewriter.replaceOp(op, castTo(rewriter, op.getLoc(), result, type));
    return exchanged;
  }

  /// No kernel adds a bias along the columns of its result, so it is added behind the product, and what follows too.
  void detachEpilogue(IRRewriter &rewriter, MatmulOp op) {
    rewriter.setInsertionPointAfter(op);
    Value bias = op.getBias();
    Activation activation = op.getActivation();
    rewriter.modifyOpInPlace(op, [&]() {
      op.getBiasMutable().clear();
      op.setBiasAxis(0);
      op.setActivation(Activation::None);
    });
    Value result = emitEpilogue(rewriter, op.getLoc(), op, bias, /*biasAxis=*/1, activation);
    Operation *epilogue = result.getDefiningOp();
    if (auto cast = dyn_cast<tensor::CastOp>(epilogue))
      epilogue = cast.getSource().getDefiningOp();
    rewriter.replaceAllUsesExcept(op, result, epilogue);
    ++numDetached;
  }

  void lowerToLinalg(IRRewriter &rewriter, MatmulOp op) {
    rewriter.setInsertionPoint(op);
    rewriter.replaceOp(op, emitLinalgMatmul(rewriter, op));
  }

  /// The transposed constant in the same format, or dense where the format cannot hold it.
  FailureOr<Value> transposeConstant(IRRewriter &rewriter, MatmulOp op, Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    auto transposedType = RankedTensorType::get({type.getDimSize(1), type.getDimSize(0)}, type.getElementType());
    SplatElementsAttr splat;
    if (matchPattern(value, m_Constant(&splat)))
      return arith::ConstantOp::create(
                 rewriter, op.getLoc(),
                 cast<TypedAttr>(Attribute(SplatElementsAttr::get(transposedType, splat.getSplatValue<Attribute>()))))
          .getResult();
    std::optional<format::DenseMatrix> matrix = getConstantMatrix(value);
    if (!matrix) {
      op.emitError("the contents of the constant lhs are not at hand (an elided resource?)");
      return failure();
    }
    std::string reason;
    *matrix = transposeMatrix(*matrix);
    if (Value transposed = rebuildConstant(rewriter, op.getLoc(), value, *matrix, reason))
      return transposed;
    op.emitRemark() << "lhs is stored dense: its transposition does not fit the format, " << reason;
    return arith::ConstantOp::create(rewriter, op.getLoc(), writeDenseMatrix(*matrix, transposedType)).getResult();
  }
};
} // namespace
