//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writes a product and its epilogue out as linalg, arith and math.
//
//===----------------------------------------------------------------------===//
#include "EpilogueEmitter.h"

#include "GraphUtils.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace spnn;

Value spnn::emitActivation(OpBuilder &b, Location loc, Activation activation, Value x) {
  auto constant = [&](double value) {
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(x.getType(), value)).getResult();
  };
  auto add = [&](Value l, Value r) { return arith::AddFOp::create(b, loc, l, r).getResult(); };
  auto mul = [&](Value l, Value r) { return arith::MulFOp::create(b, loc, l, r).getResult(); };
  auto onePlusExp = [&]() { return add(constant(1), math::ExpOp::create(b, loc, arith::NegFOp::create(b, loc, x))); };
  switch (activation) {
  case Activation::None:
    return x;
  case Activation::Relu:
    return arith::MaximumFOp::create(b, loc, x, constant(0));
  case Activation::GeluErf:
    return mul(mul(constant(0.5), x), add(constant(1), math::ErfOp::create(b, loc, mul(x, constant(std::sqrt(0.5))))));
  case Activation::GeluTanh: {
    Value cubic = mul(constant(0.044715), mul(x, mul(x, x)));
    Value inner = mul(constant(std::sqrt(2 / 3.14159265358979323846)), add(x, cubic));
    return mul(mul(constant(0.5), x), add(constant(1), math::TanhOp::create(b, loc, inner)));
  }
  case Activation::Sigmoid:
    return arith::DivFOp::create(b, loc, constant(1), onePlusExp());
  case Activation::Tanh:
    return math::TanhOp::create(b, loc, x);
  case Activation::Silu:
    return arith::DivFOp::create(b, loc, x, onePlusExp());
  }
  llvm_unreachable("unknown activation");
}

Value spnn::emitEpilogue(OpBuilder &builder, Location loc, Value value, Value bias, int64_t biasAxis,
                         Activation activation) {
  if (!bias && activation == Activation::None)
    return value;
  SmallVector<Value> inputs{value};
  SmallVector<AffineMap> maps(2, builder.getMultiDimIdentityMap(2));
  if (bias) {
    inputs.push_back(bias);
    maps.insert(maps.begin() + 1, AffineMap::get(2, 0, builder.getAffineDimExpr(biasAxis)));
  }
  auto type = cast<RankedTensorType>(value.getType());
  Value init = createEmpty(builder, loc, getExtents(builder, loc, value), type.getElementType());
  SmallVector<utils::IteratorType> parallel(2, utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      builder, loc, init.getType(), inputs, init, maps, parallel, [&](OpBuilder &b, Location loc, ValueRange args) {
        Value x = bias ? arith::AddFOp::create(b, loc, args[0], args[1]).getResult() : args[0];
        linalg::YieldOp::create(b, loc, emitActivation(b, loc, activation, x));
      });
  return castTo(builder, loc, generic.getResult(0), type);
}

/// The sums of a quantised product times its scales, as floats.
static Value emitScaling(OpBuilder &builder, MatmulOp op, Value sums) {
  Location loc = op.getLoc();
  Type element = getElementTypeOrSelf(op.getType());
  if (!op.hasScales() && getElementTypeOrSelf(sums) == element)
    return sums;
  SmallVector<Value> inputs{sums};
  SmallVector<AffineMap> maps(2, builder.getMultiDimIdentityMap(2));
  const Value scaled[] = {op.getLhsScales(), op.getRhsScales()}; // along axes 0 and 1
  for (auto [axis, scales] : llvm::enumerate(scaled))
    if (scales) {
      inputs.push_back(scales);
      maps.insert(maps.end() - 1, AffineMap::get(2, 0, builder.getAffineDimExpr(axis)));
    }
  Value init = createEmpty(builder, loc, getExtents(builder, loc, sums), element);
  SmallVector<utils::IteratorType> parallel(2, utils::IteratorType::parallel);
  return linalg::GenericOp::create(builder, loc, init.getType(), inputs, init, maps, parallel,
                                   [&](OpBuilder &b, Location loc, ValueRange args) {
                                     Value x = args[0];
                                     if (x.getType() != element)
                                       x = arith::SIToFPOp::create(b, loc, element, x);
                                     for (Value scale : args.drop_front().drop_back())
                                       x = arith::MulFOp::create(b, loc, x, scale);
                                     linalg::YieldOp::create(b, loc, x);
                                   })
      .getResult(0);
}

Value spnn::emitLinalgMatmul(OpBuilder &builder, MatmulOp op) {
  Location loc = op.getLoc();
  Type element = getElementTypeOrSelf(op.getType());
  // linalg.matmul converts its operands to the type of its sums; those of i8 are i32.
  if (getElementTypeOrSelf(op.getLhs()).isInteger() && getElementTypeOrSelf(op.getRhs()).isInteger())
    element = builder.getI32Type();
  Value zero = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(element));
  Value init =
      linalg::FillOp::create(builder, loc, zero, createEmpty(builder, loc, getExtents(builder, loc, op), element))
          .result();
  AffineExpr m, n, k;
  bindDims(builder.getContext(), m, n, k);
  auto access = [&](bool transposed, AffineExpr row, AffineExpr column) {
    if (transposed)
      std::swap(row, column);
    return AffineMap::get(3, 0, {row, column}, builder.getContext());
  };
  ArrayAttr maps = builder.getAffineMapArrayAttr(
      {access(op.getTransposeLhs(), m, k), access(op.getTransposeRhs(), k, n), access(false, m, n)});
  Value product = linalg::MatmulOp::create(builder, loc, init.getType(), ValueRange{op.getLhs(), op.getRhs()}, init,
                                           builder.getNamedAttr("indexing_maps", maps))
                      ->getResult(0);
  product = emitScaling(builder, op, product);
  Value result = emitEpilogue(builder, loc, product, op.getBias(), op.getBiasAxis(), op.getActivation());
  return castTo(builder, loc, result, op.getType());
}
