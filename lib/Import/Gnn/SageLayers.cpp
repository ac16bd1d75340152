//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// GraphSAGE (Hamilton et al., arXiv:1706.02216): X Wr + mean or maximum over neighbours of X, times Wn, + b.
//
//===----------------------------------------------------------------------===//
#include "GnnLayers.h"

using namespace mlir;
using namespace spnn;
using namespace spnn::gnn;

static SmallVector<Parameter> parametersOf(const LayerShape &shape) {
  return {{"weight_root", {shape.inputs, shape.outputs}},
          {"weight_neighbours", {shape.inputs, shape.outputs}},
          {"bias", {shape.outputs}}};
}

static Value buildMean(GnnBuilder &b, const LayerShape &, const Neighbourhood &n, const Features &x,
                       ValueRange parameters) {
  b.part("root");
  Value root = b.product(x, parameters[0]);
  b.part("transformed");
  Value transformed = b.product(x, parameters[1]);
  b.part("mean");
  Value mean = b.aggregate(AggregateKind::Mean, n.graphs[0], transformed);
  b.part("output");
  return b.add(b.add(root, mean), parameters[2]);
}

static Value buildMax(GnnBuilder &b, const LayerShape &, const Neighbourhood &n, const Features &x,
                      ValueRange parameters) {
  b.part("root");
  Value root = b.product(x, parameters[0]);
  b.part("maximum");
  Value most = b.aggregate(AggregateKind::Max, n.graphs[0], x.dense);
  b.part("transformed");
  Value transformed = b.matmul(most, parameters[1]);
  b.part("output");
  return b.add(b.add(root, transformed), parameters[2]);
}

LayerType spnn::gnn::sageMeanLayer() {
  LayerType type{"sage-mean", "X Wr + mean(A) X Wn + b (arXiv:1706.02216)"};
  type.parameters = parametersOf;
  type.build = buildMean;
  return type;
}

LayerType spnn::gnn::sageMaxLayer() {
  LayerType type{"sage-max", "X Wr + max(A, X) Wn + b (arXiv:1706.02216); dense features"};
  type.needsDense = true;
  type.parameters = parametersOf;
  type.build = buildMax;
  return type;
}
