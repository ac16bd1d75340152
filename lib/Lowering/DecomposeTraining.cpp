//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pass spnn-decompose-training: dropout and optimisers become elementwise linalg ops.
//
//===----------------------------------------------------------------------===//
#include "Dropout.h"
#include "ExtentChecks.h"

#include "spnn/IR/SPNN.h"
#include "spnn/Lowering/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

namespace spnn {
#define GEN_PASS_DEF_DECOMPOSETRAINING
#include "spnn/Lowering/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

namespace {
/// Float arithmetic on scalars of one type.
struct Scalars {
  OpBuilder &b;
  Location loc;
  Type type;

  Value real(double value) const { return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value)); }
  Value add(Value x, Value y) const { return arith::AddFOp::create(b, loc, x, y, kContract); }
  Value sub(Value x, Value y) const { return arith::SubFOp::create(b, loc, x, y, kContract); }
  Value mul(Value x, Value y) const { return arith::MulFOp::create(b, loc, x, y, kContract); }
  Value mul(double x, Value y) const { return mul(real(x), y); }
  Value div(Value x, Value y) const { return arith::DivFOp::create(b, loc, x, y); }

  static constexpr arith::FastMathFlags kContract = arith::FastMathFlags::contract;
};
} // namespace

/// One op over all elements of `inputs`, which have one shape; `results` outputs of the type of the first.
static linalg::GenericOp createElementwise(OpBuilder &b, Location loc, ValueRange inputs, size_t results,
                                           function_ref<SmallVector<Value>(OpBuilder &, ValueRange)> body) {
  auto type = cast<RankedTensorType>(inputs[0].getType());
  SmallVector<Value> inits;
  for (size_t i = 0; i < results; ++i)
    inits.push_back(tensor::EmptyOp::create(b, loc, tensor::getMixedSizes(b, loc, inputs[0]), type.getElementType()));
  SmallVector<AffineMap> maps(inputs.size() + results, b.getMultiDimIdentityMap(type.getRank()));
  SmallVector<utils::IteratorType> parallel(type.getRank(), utils::IteratorType::parallel);
  return linalg::GenericOp::create(
      b, loc, ValueRange(inits).getTypes(), inputs, inits, maps, parallel,
      [&](OpBuilder &b, Location loc, ValueRange args) { linalg::YieldOp::create(b, loc, body(b, args)); });
}

/// The results of `generic`, in the types of those of `op`: extents that are static here may be dynamic there.
static void replace(OpBuilder &b, Operation *op, linalg::GenericOp generic) {
  for (auto [old, result] : llvm::zip_equal(op->getResults(), generic.getResults())) {
    Value value = result;
    if (value.getType() != old.getType())
      value = tensor::CastOp::create(b, op->getLoc(), old.getType(), value);
    old.replaceAllUsesWith(value);
  }
  op->erase();
}

static void decompose(OpBuilder &b, DropoutOp op) {
  Location loc = op.getLoc();
  auto type = cast<RankedTensorType>(op.getSource().getType());
  double rate = op.getRate().convertToDouble();
  Value key = emitDropoutKey(b, loc, op.getSeed(), op.getStream());
  // The number of an element fits 32 bits unless the tensor is very large, or its extents are not known.
  bool isLow = type.hasStaticShape() && type.getNumElements() <= (int64_t(1) << 32);
  Type counter = isLow ? b.getI32Type() : b.getI64Type();
  SmallVector<Value> extents;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    Value extent = b.createOrFold<tensor::DimOp>(loc, op.getSource(), dim);
    extents.push_back(b.createOrFold<arith::IndexCastOp>(loc, counter, extent));
  }
  auto generic = createElementwise(b, loc, op.getSource(), 1, [&](OpBuilder &b, ValueRange args) {
    Value number = arith::ConstantOp::create(b, loc, b.getIntegerAttr(counter, 0));
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      Value at = arith::IndexCastOp::create(b, loc, counter, linalg::IndexOp::create(b, loc, dim));
      number = dim == 0
                   ? at
                   : arith::AddIOp::create(b, loc, arith::MulIOp::create(b, loc, number, extents[dim]), at).getResult();
    }
    Value keep = isLow ? emitDropoutKeepLow(b, loc, key, number, rate) : emitDropoutKeep(b, loc, key, number, rate);
    Scalars s{b, loc, type.getElementType()};
    // What is dropped is 0, be it NaN before.
    return SmallVector<Value>{arith::SelectOp::create(b, loc, keep, s.mul(1 / (1 - rate), args[0]), s.real(0))};
  });
  replace(b, op, generic);
}

/// Loops take their extents from the parameter; who gives an optimiser other tensors is told so.
static void checkShapes(OpBuilder &b, Operation *op, Value parameter, ArrayRef<std::pair<StringRef, Value>> operands) {
  ExtentChecks checks(b, op);
  for (auto [name, value] : operands)
    checks.requireShape(name, value, "parameter", parameter);
}

static void decompose(OpBuilder &b, AdamOp op) {
  checkShapes(b, op, op.getParameter(),
              {{"gradient", op.getGradient()}, {"mean", op.getMean()}, {"variance", op.getVariance()}});
  Location loc = op.getLoc();
  auto type = cast<RankedTensorType>(op.getParameter().getType());
  double rate = op.getRate().convertToDouble(), beta1 = op.getBeta1().convertToDouble(),
         beta2 = op.getBeta2().convertToDouble(), decay = op.getWeightDecay().convertToDouble();
  // The corrections of the step are the same for all elements; 1 - beta^t wants more digits than a float has.
  Scalars wide{b, loc, b.getF64Type()};
  Value step = arith::SIToFPOp::create(b, loc, b.getF64Type(), op.getStep());
  auto narrow = [&](Value x) -> Value {
    return type.getElementType().isF64() ? x : arith::TruncFOp::create(b, loc, type.getElementType(), x).getResult();
  };
  auto correct = [&](double beta) -> Value {
    return wide.sub(wide.real(1), math::PowFOp::create(b, loc, wide.real(beta), step));
  };
  Value stride = narrow(wide.div(wide.real(rate), correct(beta1)));
  Value growth = narrow(wide.div(wide.real(1), correct(beta2)));
  auto generic =
      createElementwise(b, loc, {op.getParameter(), op.getGradient(), op.getMean(), op.getVariance()}, 3,
                        [&](OpBuilder &b, ValueRange args) {
                          Scalars s{b, loc, type.getElementType()};
                          Value parameter = args[0], gradient = args[1];
                          if (decay != 0 && !op.getDecoupled())
                            gradient = s.add(gradient, s.mul(decay, parameter));
                          Value mean = s.add(s.mul(beta1, args[2]), s.mul(1 - beta1, gradient));
                          Value variance = s.add(s.mul(beta2, args[3]), s.mul(1 - beta2, s.mul(gradient, gradient)));
                          Value root = math::SqrtOp::create(b, loc, s.mul(variance, growth));
                          Value change =
                              s.div(s.mul(stride, mean), s.add(root, s.real(op.getEpsilon().convertToDouble())));
                          if (decay != 0 && op.getDecoupled())
                            change = s.add(change, s.mul(rate * decay, parameter));
                          return SmallVector<Value>{s.sub(parameter, change), mean, variance};
                        });
  replace(b, op, generic);
}

static void decompose(OpBuilder &b, SGDOp op) {
  checkShapes(b, op, op.getParameter(), {{"gradient", op.getGradient()}, {"velocity", op.getVelocity()}});
  Location loc = op.getLoc();
  auto type = cast<RankedTensorType>(op.getParameter().getType());
  double rate = op.getRate().convertToDouble(), momentum = op.getMomentum().convertToDouble(),
         decay = op.getWeightDecay().convertToDouble();
  auto generic = createElementwise(b, loc, {op.getParameter(), op.getGradient(), op.getVelocity()}, 2,
                                   [&](OpBuilder &b, ValueRange args) {
                                     Scalars s{b, loc, type.getElementType()};
                                     Value velocity = args[1];
                                     if (momentum != 0)
                                       velocity = s.add(s.mul(momentum, args[2]), velocity);
                                     if (decay != 0)
                                       velocity = s.add(velocity, s.mul(decay, args[0]));
                                     return SmallVector<Value>{s.sub(args[0], s.mul(rate, velocity)), velocity};
                                   });
  replace(b, op, generic);
}

namespace {
struct DecomposeTraining : public spnn::impl::DecomposeTrainingBase<DecomposeTraining> {
  using DecomposeTrainingBase::DecomposeTrainingBase;

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<DropoutOp, AdamOp, SGDOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      OpBuilder builder(op);
      llvm::TypeSwitch<Operation *>(op).Case<DropoutOp, AdamOp, SGDOp>(
          [&](auto training) { decompose(builder, training); });
    }
    numDecomposed += ops.size();
  }
};
} // namespace
