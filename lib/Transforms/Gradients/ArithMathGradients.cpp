//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gradients of elementwise ops of arith and math on tensors.
//
//===----------------------------------------------------------------------===//
#include "Gradients.h"
#include "LoopGradients.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace spnn;

namespace {
/// The op is a loop whose body is the op on scalars.
template <typename Op>
struct ElementwiseGradient : public DifferentiableOpInterface::ExternalModel<ElementwiseGradient<Op>, Op> {
  LogicalResult buildGradients(Operation *op, OpBuilder &builder, ArrayRef<Value> results, ArrayRef<bool> needed,
                               SmallVectorImpl<Value> &operands) const {
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type)
      return op->emitOpError("cannot be differentiated: it works on scalars outside of any op on tensors");
    AffineMap identity = builder.getMultiDimIdentityMap(type.getRank());
    Block body;
    IRMapping mapping;
    LoopNest nest;
    for (Value operand : op->getOperands()) {
      mapping.map(operand, body.addArgument(getElementTypeOrSelf(operand), op->getLoc()));
      bool isTensor = isa<RankedTensorType>(operand.getType());
      nest.operandMaps.push_back(isTensor ? identity : AffineMap::get(type.getRank(), 0, builder.getContext()));
    }
    OpBuilder b = atEndOf(body, builder);
    Operation *scalar = b.clone(*op, mapping);
    // One operand may stand for several arguments.
    scalar->setOperands(body.getArguments());
    scalar->getResult(0).setType(type.getElementType());
    linalg::YieldOp::create(b, op->getLoc(), scalar->getResults());
    nest.op = op;
    nest.body = &body;
    nest.resultMaps = {identity};
    nest.iterators.assign(type.getRank(), utils::IteratorType::parallel);
    return buildLoopGradients(builder, nest, results, needed, operands);
  }
};

template <typename... Ops> void attach(MLIRContext &context) {
  (Ops::template attachInterface<ElementwiseGradient<Ops>>(context), ...);
}
} // namespace

void spnn::attachArithMathGradients(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, arith::ArithDialect *) {
    attach<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp, arith::NegFOp, arith::MaximumFOp,
           arith::MinimumFOp, arith::MaxNumFOp, arith::MinNumFOp, arith::SelectOp, arith::ExtFOp, arith::TruncFOp>(
        *context);
  });
  registry.addExtension(+[](MLIRContext *context, math::MathDialect *) {
    attach<math::AbsFOp, math::AtanOp, math::CbrtOp, math::CeilOp, math::CosOp, math::ErfOp, math::ExpOp, math::Exp2Op,
           math::ExpM1Op, math::FloorOp, math::FmaOp, math::FPowIOp, math::LogOp, math::Log10Op, math::Log1pOp,
           math::Log2Op, math::PowFOp, math::RoundOp, math::RoundEvenOp, math::RsqrtOp, math::SinOp, math::SqrtOp,
           math::TanhOp, math::TruncOp>(*context);
  });
}
