//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// spnn-densify: the graph-level ops of spnn become dense upstream ops.
//
//===----------------------------------------------------------------------===//
#include "EpilogueEmitter.h"
#include "GraphUtils.h"
#include "spnn/IR/SparseFormats.h"
#include "spnn/Transforms/Passes.h"
#include "spnn/Transforms/PatternPruning.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SparseTensor/IR/SparseTensor.h"
#include "mlir/IR/AttrTypeSubElements.h"

namespace spnn {
#define GEN_PASS_DEF_DENSIFY
#include "spnn/Transforms/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

namespace {
struct Densify : public spnn::impl::DensifyBase<Densify> {
  void runOnOperation() override {
    // Conversions are checked first, while their operands are what the program says.
    WalkResult checked = getOperation()->walk([&](Operation *op) { return WalkResult(checkOp(op)); });
    if (checked.wasInterrupted())
      return signalPassFailure();
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) {
      if (isa<ConstantOp, ConvertOp, PruneOp>(op))
        ops.push_back(op);
    });
    // In the order of the program, so that a prune sees its operand as a dense constant.
    for (Operation *op : ops)
      if (failed(rewriteValue(op)))
        return signalPassFailure();
    if (failed(dropEncodings()))
      return signalPassFailure();
    SmallVector<MatmulOp> products;
    getOperation()->walk([&](MatmulOp op) { products.push_back(op); });
    for (MatmulOp op : products) {
      OpBuilder builder(op);
      op.replaceAllUsesWith(emitLinalgMatmul(builder, op));
      op.erase();
      ++numProducts;
    }
    if (failed(decomposeAggregates(getOperation())))
      return signalPassFailure();
  }

private:
  /// Refuses what has no dense counterpart here.
  LogicalResult checkOp(Operation *op) {
    if (isa<sparse_tensor::SparseTensorDialect>(op->getDialect()))
      return op->emitOpError("works on storage, which spnn-densify takes away; it only knows spnn's graph-level ops");
    if (!isa<SPNNDialect>(op->getDialect()) || isa<ConstantOp, MatmulOp>(op))
      return success();
    if (isa<PruneOp>(op)) {
      Value source = op->getOperand(0);
      while (source.getDefiningOp<PruneOp>() || source.getDefiningOp<ConvertOp>())
        source = source.getDefiningOp()->getOperand(0);
      if (source.getDefiningOp() && source.getDefiningOp()->hasTrait<OpTrait::ConstantLike>())
        return success();
      return op->emitOpError("prunes what is no constant, which spnn-densify cannot evaluate at compile time");
    }
    if (auto convert = dyn_cast<ConvertOp>(op))
      return checkConvert(convert);
    return op->emitOpError("is a kernel-level op; spnn-densify runs on graph-level IR");
  }

  /// The target format has to be able to hold a constant, also if nothing will be stored in it.
  LogicalResult checkConvert(ConvertOp op) {
    auto type = cast<RankedTensorType>(op.getType());
    if (!isSparse(type) || !type.hasStaticShape())
      return success();
    std::optional<format::DenseMatrix> matrix = getConstantMatrix(op.getSource());
    if (!matrix)
      return success();
    std::unique_ptr<format::SparseFormat> format = getSparseFormat(type, [&]() { return op.emitOpError(); });
    if (!format)
      return failure();
    if (std::optional<std::string> broken = format->checkPack(*matrix))
      return op.emitOpError("cannot store its operand as ") << format->name() << ": " << *broken;
    return success();
  }

  LogicalResult rewriteValue(Operation *op) {
    Value result = op->getResult(0);
    if (auto convert = dyn_cast<ConvertOp>(op)) {
      result.replaceAllUsesWith(convert.getSource());
      ++numConversions;
      op->erase();
      return success();
    }
    Value source = isa<PruneOp>(op) ? op->getOperand(0) : result;
    std::optional<format::DenseMatrix> matrix = getConstantMatrix(source);
    if (!matrix)
      return op->emitOpError("needs the contents of a constant, and they are not at hand (an elided resource?)");
    auto type = cast<RankedTensorType>(result.getType());
    auto denseType = RankedTensorType::get(type.getShape(), type.getElementType());
    if (auto prune = dyn_cast<PruneOp>(op)) {
      if (std::optional<std::string> broken =
              pruneToPattern(*matrix, type.getElementType(), prune.getMethod(), prune.getPattern()))
        return op->emitOpError("cannot prune its operand: ") << *broken;
      ++numPruned;
      op->emitRemark("pruned at compile time");
    } else {
      ++numConstants;
      op->emitRemark("stored as ") << matrix->data.size() << " bytes of dense values";
    }
    OpBuilder builder(op);
    Value dense = arith::ConstantOp::create(builder, op->getLoc(), writeDenseMatrix(*matrix, denseType));
    result.replaceAllUsesWith(dense);
    op->erase();
    return success();
  }

  /// Takes the sparse encodings off every type in the program: results, block arguments, function types, attributes.
  LogicalResult dropEncodings() {
    auto dropEncoding = [](RankedTensorType type) {
      return isSparse(type) ? RankedTensorType::get(type.getShape(), type.getElementType()) : type;
    };
    WalkResult walked = getOperation()->walk([&](arith::ConstantOp op) {
      if (!isSparse(op.getType()))
        return WalkResult::advance();
      // The replacer below does not look into the type of a dense attribute.
      auto dense = dyn_cast<DenseElementsAttr>(op.getValue());
      if (!dense)
        return WalkResult(op.emitOpError("has a value of a sparse type that is not given by dense elements"));
      RankedTensorType type = dropEncoding(cast<RankedTensorType>(op.getType()));
      op.setValueAttr(dense.reshape(type));
      op.getResult().setType(type);
      return WalkResult::advance();
    });
    if (walked.wasInterrupted())
      return failure();
    AttrTypeReplacer replacer;
    replacer.addReplacement(dropEncoding);
    replacer.recursivelyReplaceElementsIn(getOperation(), /*replaceAttrs=*/true, /*replaceLocs=*/false,
                                          /*replaceTypes=*/true);
    return success();
  }
};
} // namespace
