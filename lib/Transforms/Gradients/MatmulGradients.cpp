//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gradients of spnn.matmul, which are products with the other operand.
//
//===----------------------------------------------------------------------===//
#include "Gradients.h"

#include "../GraphUtils.h"
#include "spnn/IR/SparseFormats.h"

#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace spnn;

namespace {
struct MatmulGradient : public DifferentiableOpInterface::ExternalModel<MatmulGradient, MatmulOp> {
  LogicalResult buildGradients(Operation *operation, OpBuilder &b, ArrayRef<Value> results, ArrayRef<bool> needed,
                               SmallVectorImpl<Value> &operands) const {
    auto op = cast<MatmulOp>(operation);
    Location loc = op.getLoc();
    if (isQuantized(op))
      return op.emitOpError("cannot be differentiated: it is quantised");
    if (op.getActivation() != Activation::None)
      return op.emitOpError("cannot be differentiated: its activation was not taken apart");
    for (auto [number, name] : {std::pair(0, "lhs"), std::pair(1, "rhs")})
      if (needed[number] && isSparse(op->getOperand(number).getType()))
        return op.emitOpError() << "cannot be differentiated: a gradient of " << name
                                << " is asked for, which is sparse; to train the values of a sparse matrix, make it a "
                                   "graph with edge_values of spnn.aggregate";
    auto product = [&](Value like, Value x, bool transposeX, Value y, bool transposeY) {
      return MatmulOp::create(b, loc, like.getType(), x, y, Value(), Value(), Value(), transposeX, transposeY)
          .getResult();
    };
    Value gradient = results[0], lhs = op.getLhs(), rhs = op.getRhs();
    bool transposeLhs = op.getTransposeLhs(), transposeRhs = op.getTransposeRhs();
    // With C = A B: dA = dC B^T and dB = A^T dC; transposed, dA^T = B dC^T and dB^T = dC^T A.
    if (needed[0])
      operands[0] = transposeLhs ? product(lhs, rhs, transposeRhs, gradient, true)
                                 : product(lhs, gradient, false, rhs, !transposeRhs);
    if (needed[1])
      operands[1] = transposeRhs ? product(rhs, gradient, true, lhs, transposeLhs)
                                 : product(rhs, lhs, !transposeLhs, gradient, false);
    if (op.getBias() && needed[op.getBiasMutable()[0].getOperandNumber()])
      operands[op.getBiasMutable()[0].getOperandNumber()] = createSum(b, loc, gradient, op.getBias(), op.getBiasAxis());
    return success();
  }

  /// The sums of `value` along the axis that is not `axis`.
  static Value createSum(OpBuilder &b, Location loc, Value value, Value like, int64_t axis) {
    Value init = createFilledLike(b, loc, like, 0);
    SmallVector<AffineMap> maps{b.getMultiDimIdentityMap(2), AffineMap::get(2, 0, b.getAffineDimExpr(axis))};
    SmallVector<utils::IteratorType> iterators(2, utils::IteratorType::reduction);
    iterators[axis] = utils::IteratorType::parallel;
    Value sum = linalg::GenericOp::create(b, loc, init.getType(), value, init, maps, iterators,
                                          [](OpBuilder &b, Location loc, ValueRange args) {
                                            Value sum = arith::AddFOp::create(b, loc, args[1], args[0]);
                                            linalg::YieldOp::create(b, loc, sum);
                                          })
                    .getResult(0);
    return castTo(b, loc, sum, like.getType());
  }
};
} // namespace

void spnn::attachMatmulGradients(DialectRegistry &registry) {
  registry.addExtension(
      +[](MLIRContext *context, SPNNDialect *) { MatmulOp::attachInterface<MatmulGradient>(*context); });
}
