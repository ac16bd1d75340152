//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gradients of dropout, losses and spnn.save.
//
//===----------------------------------------------------------------------===//
#include "Gradients.h"

#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace spnn;

namespace {
/// The mask is made again from the seed, not kept.
struct DropoutGradient : public DifferentiableOpInterface::ExternalModel<DropoutGradient, DropoutOp> {
  LogicalResult buildGradients(Operation *operation, OpBuilder &b, ArrayRef<Value> results, ArrayRef<bool>,
                               SmallVectorImpl<Value> &operands) const {
    auto op = cast<DropoutOp>(operation);
    operands[0] =
        DropoutOp::create(b, op.getLoc(), op.getType(), results[0], op.getSeed(), op.getRateAttr(), op.getStreamAttr());
    return success();
  }
};

struct LossGradient : public DifferentiableOpInterface::ExternalModel<LossGradient, LossOp> {
  LogicalResult buildGradients(Operation *operation, OpBuilder &b, ArrayRef<Value> results, ArrayRef<bool> needed,
                               SmallVectorImpl<Value> &operands) const {
    auto op = cast<LossOp>(operation);
    if (needed[1])
      return op.emitOpError("cannot be differentiated with respect to its targets");
    operands[0] = LossBackwardOp::create(b, op.getLoc(), op.getPredictions().getType(), op.getKindAttr(),
                                         op.getPredictions(), op.getTargets(), results[0], op.getMask());
    return success();
  }
};

struct SaveGradient : public DifferentiableOpInterface::ExternalModel<SaveGradient, SaveOp> {
  LogicalResult buildGradients(Operation *, OpBuilder &, ArrayRef<Value> results, ArrayRef<bool>,
                               SmallVectorImpl<Value> &operands) const {
    operands[0] = results[0];
    return success();
  }
};
} // namespace

void spnn::attachTrainingGradients(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, SPNNDialect *) {
    DropoutOp::attachInterface<DropoutGradient>(*context);
    LossOp::attachInterface<LossGradient>(*context);
    SaveOp::attachInterface<SaveGradient>(*context);
  });
}
