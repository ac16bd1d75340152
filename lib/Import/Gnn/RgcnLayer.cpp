//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Relational graph convolution with basis decomposition (Schlichtkrull et al., arXiv:1703.06103):
// X W0 + sum over relations r of mean(A_r) X W_r + b, where W_r = sum over b of coefficients[r, b] * basis[b].
//
//===----------------------------------------------------------------------===//
#include "GnnLayers.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace spnn;
using namespace spnn::gnn;

static SmallVector<Parameter> parametersOf(const LayerShape &shape) {
  return {{"weight_root", {shape.inputs, shape.outputs}},
          {"basis", {shape.bases, shape.inputs, shape.outputs}},
          {"coefficients", {shape.relations, shape.bases}},
          {"bias", {shape.outputs}}};
}

static Value build(GnnBuilder &b, const LayerShape &shape, const Neighbourhood &n, const Features &x,
                   ValueRange parameters) {
  b.part("root");
  Value sum = b.product(x, parameters[0]);
  b.part("weights");
  // The weights of all relations are one product.
  Value flat = b.collapse(parameters[1], {{0}, {1, 2}});
  Value weights =
      b.expand(b.matmul(parameters[2], flat), {shape.relations, shape.inputs, shape.outputs}, {{0}, {1, 2}});
  OpFoldResult one = b.getIndexAttr(1), zero = b.getIndexAttr(0);
  for (auto [r, graph] : llvm::enumerate(n.graphs)) {
    b.part("weight" + Twine(r));
    Value weight = tensor::ExtractSliceOp::create(
        b, b.tensor({shape.inputs, shape.outputs}), weights, ArrayRef<OpFoldResult>{b.getIndexAttr(r), zero, zero},
        ArrayRef<OpFoldResult>{one, b.getIndexAttr(shape.inputs), b.getIndexAttr(shape.outputs)},
        ArrayRef<OpFoldResult>{one, one, one});
    b.part("transformed" + Twine(r));
    Value transformed = b.product(x, weight);
    b.part("mean" + Twine(r));
    Value mean = b.aggregate(AggregateKind::Mean, graph, transformed);
    b.part("sum" + Twine(r));
    sum = b.add(sum, mean);
  }
  b.part("output");
  return b.add(sum, parameters[3]);
}

LayerType spnn::gnn::rgcnLayer() {
  LayerType type{"rgcn", "X W0 + sum over r of mean(A_r) X W_r + b, W_r from shared bases (arXiv:1703.06103)"};
  type.hasRelations = true;
  type.parameters = parametersOf;
  type.build = ::build;
  return type;
}
