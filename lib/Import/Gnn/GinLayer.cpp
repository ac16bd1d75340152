//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Graph isomorphism network (Xu et al., arXiv:1810.00826): relu(((1 + eps) X + A X) W1 + b1) W2 + b2.
//
//===----------------------------------------------------------------------===//
#include "GnnLayers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace spnn;
using namespace spnn::gnn;

static SmallVector<Parameter> parametersOf(const LayerShape &shape) {
  return {{"epsilon", {}},
          {"weight1", {shape.inputs, shape.outputs}},
          {"bias1", {shape.outputs}},
          {"weight2", {shape.outputs, shape.outputs}},
          {"bias2", {shape.outputs}}};
}

static Value build(GnnBuilder &b, const LayerShape &, const Neighbourhood &n, const Features &x,
                   ValueRange parameters) {
  // The first product commutes with the sum over neighbours; sparse features stay sparse this way.
  b.part("transformed");
  Value transformed = b.product(x, parameters[1]);
  b.part("messages");
  Value sum = b.aggregate(AggregateKind::Sum, n.graphs[0], transformed);
  b.part("sum");
  Value both = b.elementwise({transformed, sum, parameters[0]}, [](ImplicitLocOpBuilder &s, ValueRange v) -> Value {
    Value one = arith::ConstantOp::create(s, s.getF32FloatAttr(1));
    Value own = arith::MulFOp::create(s, arith::AddFOp::create(s, one, v[2]), v[0]);
    return arith::AddFOp::create(s, own, v[1]);
  });
  b.part("inner");
  Value hidden = b.relu(b.add(both, parameters[2]));
  b.part("output");
  return b.add(b.matmul(hidden, parameters[3]), parameters[4]);
}

LayerType spnn::gnn::ginLayer() {
  LayerType type{"gin", "relu(((1 + eps) X + A X) W1 + b1) W2 + b2 (arXiv:1810.00826)"};
  type.parameters = parametersOf;
  type.build = ::build;
  return type;
}
