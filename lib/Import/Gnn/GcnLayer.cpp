//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Graph convolution (Kipf and Welling, arXiv:1609.02907): D^-1/2 (A + I) D^-1/2 X W + b.
//
//===----------------------------------------------------------------------===//
#include "GnnLayers.h"

using namespace mlir;
using namespace spnn;
using namespace spnn::gnn;

static SmallVector<Parameter> parametersOf(const LayerShape &shape) {
  return {{"weight", {shape.inputs, shape.outputs}}, {"bias", {shape.outputs}}};
}

static Value build(GnnBuilder &b, const LayerShape &, const Neighbourhood &n, const Features &x,
                   ValueRange parameters) {
  b.part("transformed");
  Value transformed = b.product(x, parameters[0]);
  b.part("messages");
  Value sum = b.aggregate(AggregateKind::Sum, n.graphs[0], transformed, n.scales, n.scales);
  b.part("output");
  return b.add(sum, parameters[1]);
}

LayerType spnn::gnn::gcnLayer() {
  LayerType type{"gcn", "D^-1/2 (A + I) D^-1/2 X W + b (arXiv:1609.02907)"};
  type.hasSelfLoops = type.isNormalized = true;
  type.parameters = parametersOf;
  type.build = ::build;
  return type;
}
