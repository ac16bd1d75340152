//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Graph attention: GAT (Velickovic et al., arXiv:1710.10903) and GATv2 (Brody et al., arXiv:2105.14491).
//
//===----------------------------------------------------------------------===//
#include "GnnLayers.h"

using namespace mlir;
using namespace spnn;
using namespace spnn::gnn;

/// The fused op with dropout on its coefficients, heads put beside each other or averaged, and the bias.
static Value attend(GnnBuilder &b, const LayerShape &shape, ScoreKind kind, Value graph, Value features,
                    Value rowScores, Value columnScores, Value attention, Value bias) {
  bool drops = b.seed && shape.attentionDropout > 0;
  auto result = typeOf(features);
  auto logsumexp = b.tensor({result.getDimSize(0), shape.heads});
  b.part("messages");
  Value out = GraphAttentionOp::create(b, TypeRange{result, logsumexp}, ScoreKindAttr::get(b.getContext(), kind), graph,
                                       features, rowScores, columnScores, attention, drops ? b.seed : Value(),
                                       b.getI64IntegerAttr(shape.heads), b.getF64FloatAttr(0.2),
                                       b.getF64FloatAttr(drops ? shape.attentionDropout : 0),
                                       b.getI64IntegerAttr(drops ? b.streams++ : 0))
                  .getResult();
  if (shape.isLast && shape.heads > 1) {
    b.part("mean");
    out = b.meanOfHeads(out, shape.heads);
  }
  b.part("output");
  return b.add(out, bias);
}

static SmallVector<Parameter> gatParameters(const LayerShape &shape) {
  return {{"weight", {shape.inputs, shape.heads * shape.outputs}},
          {"attention_target", {shape.heads, shape.outputs}},
          {"attention_source", {shape.heads, shape.outputs}},
          {"bias", {shape.width()}}};
}

static Value buildGat(GnnBuilder &b, const LayerShape &shape, const Neighbourhood &n, const Features &x,
                      ValueRange parameters) {
  b.part("transformed");
  Value transformed = b.product(x, parameters[0]);
  b.part("target");
  Value target = b.headProducts(transformed, parameters[1]);
  b.part("source");
  Value source = b.headProducts(transformed, parameters[2]);
  return attend(b, shape, ScoreKind::GAT, n.graphs[0], transformed, target, source, Value(), parameters[3]);
}

static SmallVector<Parameter> gatv2Parameters(const LayerShape &shape) {
  return {{"weight_target", {shape.inputs, shape.heads * shape.outputs}},
          {"weight_source", {shape.inputs, shape.heads * shape.outputs}},
          {"attention", {shape.heads, shape.outputs}},
          {"bias", {shape.width()}}};
}

static Value buildGatv2(GnnBuilder &b, const LayerShape &shape, const Neighbourhood &n, const Features &x,
                        ValueRange parameters) {
  b.part("target");
  Value target = b.product(x, parameters[0]);
  b.part("source");
  Value source = b.product(x, parameters[1]);
  b.part("attention");
  // Initial values are drawn by the extents, so the parameter keeps its two.
  Value attention = b.collapse(parameters[2], {{0, 1}});
  return attend(b, shape, ScoreKind::GATv2, n.graphs[0], source, target, source, attention, parameters[3]);
}

static LayerType attentionLayer(llvm::StringLiteral name, llvm::StringLiteral summary) {
  LayerType type{name, summary};
  type.hasSelfLoops = type.hasHeads = type.decaysEverywhere = type.isElu = true;
  return type;
}

LayerType spnn::gnn::gatLayer() {
  LayerType type = attentionLayer("gat", "attention by leakyrelu(target + source) (arXiv:1710.10903)");
  type.parameters = gatParameters;
  type.build = buildGat;
  return type;
}

LayerType spnn::gnn::gatv2Layer() {
  LayerType type = attentionLayer("gatv2", "attention by a . leakyrelu(target + source) (arXiv:2105.14491)");
  type.parameters = gatv2Parameters;
  type.build = buildGatv2;
  return type;
}
