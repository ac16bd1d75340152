//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gradients of tensor ops: each moves its gradient back where its operand came from.
//
//===----------------------------------------------------------------------===//
#include "../GraphUtils.h"
#include "Gradients.h"
#include "LoopGradients.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace spnn;

namespace {
template <typename Op, typename Derived>
struct TensorGradient : public DifferentiableOpInterface::ExternalModel<Derived, Op> {
  LogicalResult buildGradients(Operation *op, OpBuilder &builder, ArrayRef<Value> results, ArrayRef<bool> needed,
                               SmallVectorImpl<Value> &operands) const {
    return Derived::build(cast<Op>(op), builder, results[0], needed, operands);
  }
};

struct ExpandShape : public TensorGradient<tensor::ExpandShapeOp, ExpandShape> {
  static LogicalResult build(tensor::ExpandShapeOp op, OpBuilder &b, Value gradient, ArrayRef<bool>,
                             SmallVectorImpl<Value> &operands) {
    operands[0] = tensor::CollapseShapeOp::create(b, op.getLoc(), op.getSrcType(), gradient, op.getReassociation());
    return success();
  }
};

struct CollapseShape : public TensorGradient<tensor::CollapseShapeOp, CollapseShape> {
  static LogicalResult build(tensor::CollapseShapeOp op, OpBuilder &b, Value gradient, ArrayRef<bool>,
                             SmallVectorImpl<Value> &operands) {
    operands[0] = tensor::ExpandShapeOp::create(b, op.getLoc(), op.getSrcType(), gradient, op.getReassociationIndices(),
                                                tensor::getMixedSizes(b, op.getLoc(), op.getSrc()));
    return success();
  }
};

struct ExtractSlice : public TensorGradient<tensor::ExtractSliceOp, ExtractSlice> {
  static LogicalResult build(tensor::ExtractSliceOp op, OpBuilder &b, Value gradient, ArrayRef<bool>,
                             SmallVectorImpl<Value> &operands) {
    Value zeros = createFilledLike(b, op.getLoc(), op.getSource(), 0);
    Value whole = tensor::InsertSliceOp::create(b, op.getLoc(), gradient, zeros, op.getMixedOffsets(),
                                                op.getMixedSizes(), op.getMixedStrides());
    operands[0] = castTo(b, op.getLoc(), whole, op.getSourceType());
    return success();
  }
};

struct InsertSlice : public TensorGradient<tensor::InsertSliceOp, InsertSlice> {
  static LogicalResult build(tensor::InsertSliceOp op, OpBuilder &b, Value gradient, ArrayRef<bool> needed,
                             SmallVectorImpl<Value> &operands) {
    if (needed[0])
      operands[0] = tensor::ExtractSliceOp::create(b, op.getLoc(), op.getSourceType(), gradient, op.getMixedOffsets(),
                                                   op.getMixedSizes(), op.getMixedStrides());
    if (!needed[1])
      return success();
    // What was inserted hides what was there.
    Value zeros = createFilledLike(b, op.getLoc(), op.getSource(), 0);
    operands[1] = tensor::InsertSliceOp::create(b, op.getLoc(), zeros, gradient, op.getMixedOffsets(),
                                                op.getMixedSizes(), op.getMixedStrides());
    return success();
  }
};

struct Concat : public TensorGradient<tensor::ConcatOp, Concat> {
  static LogicalResult build(tensor::ConcatOp op, OpBuilder &b, Value gradient, ArrayRef<bool> needed,
                             SmallVectorImpl<Value> &operands) {
    Location loc = op.getLoc();
    int64_t rank = op.getResultType().getRank();
    SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0)), strides(rank, b.getIndexAttr(1));
    OpFoldResult &offset = offsets[op.getDim()];
    for (auto [number, input] : llvm::enumerate(op.getInputs())) {
      SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, input);
      if (needed[number])
        operands[number] = tensor::ExtractSliceOp::create(b, loc, cast<RankedTensorType>(input.getType()), gradient,
                                                          offsets, sizes, strides);
      offset = addExtents(b, loc, offset, sizes[op.getDim()]);
    }
    return success();
  }

  static OpFoldResult addExtents(OpBuilder &b, Location loc, OpFoldResult x, OpFoldResult y) {
    std::optional<int64_t> left = getConstantIntValue(x), right = getConstantIntValue(y);
    if (left && right)
      return b.getIndexAttr(*left + *right);
    return arith::AddIOp::create(b, loc, getValueOrCreateConstantIndexOp(b, loc, x),
                                 getValueOrCreateConstantIndexOp(b, loc, y))
        .getResult();
  }
};

struct Pad : public TensorGradient<tensor::PadOp, Pad> {
  static LogicalResult build(tensor::PadOp op, OpBuilder &b, Value gradient, ArrayRef<bool>,
                             SmallVectorImpl<Value> &operands) {
    if (!op.getConstantPaddingValue())
      return op.emitOpError("cannot be differentiated: it pads with something other than a constant");
    SmallVector<OpFoldResult> strides(op.getSourceType().getRank(), b.getIndexAttr(1));
    operands[0] = tensor::ExtractSliceOp::create(b, op.getLoc(), op.getSourceType(), gradient, op.getMixedLowPad(),
                                                 tensor::getMixedSizes(b, op.getLoc(), op.getSource()), strides);
    return success();
  }
};

struct Cast : public TensorGradient<tensor::CastOp, Cast> {
  static LogicalResult build(tensor::CastOp op, OpBuilder &b, Value gradient, ArrayRef<bool>,
                             SmallVectorImpl<Value> &operands) {
    operands[0] = castTo(b, op.getLoc(), gradient, op.getSource().getType());
    return success();
  }
};

/// A scalar that all elements are.
struct Splat : public TensorGradient<tensor::SplatOp, Splat> {
  static LogicalResult build(tensor::SplatOp op, OpBuilder &b, Value gradient, ArrayRef<bool> needed,
                             SmallVectorImpl<Value> &operands) {
    int64_t rank = op.getType().getRank();
    Block body;
    body.addArgument(op.getInput().getType(), op.getLoc());
    OpBuilder inside = atEndOf(body, b);
    linalg::YieldOp::create(inside, op.getLoc(), body.getArguments());
    LoopNest nest;
    nest.op = op;
    nest.operandMaps.assign(op->getNumOperands(), AffineMap::get(rank, 0, b.getContext()));
    nest.resultMaps = {b.getMultiDimIdentityMap(rank)};
    nest.iterators.assign(rank, utils::IteratorType::parallel);
    nest.body = &body;
    for (Value size : op.getDynamicSizes())
      body.addArgument(size.getType(), op.getLoc());
    return buildLoopGradients(b, nest, gradient, needed, operands);
  }
};

struct Extract : public TensorGradient<tensor::ExtractOp, Extract> {
  static LogicalResult build(tensor::ExtractOp op, OpBuilder &b, Value gradient, ArrayRef<bool>,
                             SmallVectorImpl<Value> &operands) {
    Value zeros = createFilledLike(b, op.getLoc(), op.getTensor(), 0);
    Value whole = tensor::InsertOp::create(b, op.getLoc(), gradient, zeros, op.getIndices());
    operands[0] = castTo(b, op.getLoc(), whole, op.getTensor().getType());
    return success();
  }
};
} // namespace

void spnn::attachTensorGradients(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tensor::TensorDialect *) {
    tensor::ExpandShapeOp::attachInterface<ExpandShape>(*context);
    tensor::CollapseShapeOp::attachInterface<CollapseShape>(*context);
    tensor::ExtractSliceOp::attachInterface<ExtractSlice>(*context);
    tensor::InsertSliceOp::attachInterface<InsertSlice>(*context);
    tensor::ConcatOp::attachInterface<Concat>(*context);
    tensor::PadOp::attachInterface<Pad>(*context);
    tensor::CastOp::attachInterface<Cast>(*context);
    tensor::SplatOp::attachInterface<Splat>(*context);
    tensor::ExtractOp::attachInterface<Extract>(*context);
  });
}
