//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gradients of message passing ops and of graph neural network layers against differences of the functions.
//
//===----------------------------------------------------------------------===//
#include "CheckGradients.h"

using namespace spnn::reference;
using llvm::SmallVector;

namespace {
using W = FunctionWriter;

/// One random case of each seed; half of the graphs are constants, half come at run time.
template <typename Body> void forSeeds(unsigned count, Body body) {
  for (unsigned seed = 0; seed < count; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    W w(seed);
    body(w, seed % 2 == 1);
  }
}

std::string optional(const std::string &name, const std::string &value, const std::string &type) {
  return value.empty() ? "" : " " + name + "(" + value + " : " + type + ")";
}

/// spnn.aggregate with whatever operands the kind takes, chosen at random.
void checkAggregate(W &w, bool atRunTime, const std::string &kind) {
  bool picks = kind == "max" || kind == "min";
  int64_t m = w.extent(), n = w.extent(1), heads = w.pick(1, 3), width = heads * w.pick(0, 3), edges;
  std::string a = w.graph(m, n, 2.5, atRunTime, edges), ta = W::graphType(m, n);
  std::string x = w.argument({n, width}), tx = W::tensor({n, width}), values, order, rowScales, columnScales, tv, to;
  if (!picks && w.pick(0, 2)) {
    bool isVector = w.pick(0, 1);
    SmallVector<int64_t> shape = isVector ? SmallVector<int64_t>{edges} : SmallVector<int64_t>{edges, heads};
    tv = W::tensor(shape);
    values = w.argument(shape);
  }
  if (!picks && w.pick(0, 1))
    rowScales = w.argument({m});
  if (!picks && w.pick(0, 1))
    columnScales = w.argument({n});
  std::string y = w.define("spnn.aggregate " + kind + " " + a + ", " + x + optional("edge_values", values, tv) +
                           optional("row_scales", rowScales, W::tensor({m})) +
                           optional("column_scales", columnScales, W::tensor({n})) + " : (" + ta + ", " + tx + ") -> " +
                           W::tensor({m, width}));
  w.returns(y, W::tensor({m, width}));
  checkGradients(w);
}

TEST(MessageGradients, AggregateSum) {
  forSeeds(40, [](W &w, bool atRunTime) { checkAggregate(w, atRunTime, "sum"); });
}
TEST(MessageGradients, AggregateMean) {
  forSeeds(40, [](W &w, bool atRunTime) { checkAggregate(w, atRunTime, "mean"); });
}
TEST(MessageGradients, AggregateMax) {
  forSeeds(20, [](W &w, bool atRunTime) { checkAggregate(w, atRunTime, "max"); });
}
TEST(MessageGradients, AggregateMin) {
  forSeeds(20, [](W &w, bool atRunTime) { checkAggregate(w, atRunTime, "min"); });
}

/// X^T (X W): edge values read in the order of the edges, and in that of the transposed graph.
TEST(MessageGradients, AggregateThroughAnOrder) {
  forSeeds(20, [](W &w, bool atRunTime) {
    int64_t m = w.extent(1), n = w.extent(1), width = w.extent(), edges;
    std::string a = w.graph(m, n, 2, atRunTime, edges), ta = W::graphType(m, n), tt = W::graphType(n, m);
    std::string v = w.argument({edges}), tv = W::tensor({edges}), to = W::tensor({edges}, "i32");
    std::string x = w.argument({n, width}), tx = W::tensor({n, width}), ty = W::tensor({m, width});
    std::string y = w.define("spnn.aggregate sum " + a + ", " + x + " edge_values(" + v + " : " + tv + ") : (" + ta +
                             ", " + tx + ") -> " + ty);
    std::string t = w.define("#");
    w.replaceLast(", %order = spnn.transpose " + a + " : " + ta + " -> " + tt + ", " + to);
    std::string z = w.define("spnn.aggregate sum " + t + ", " + y + " edge_values(" + v + " : " + tv +
                             ") order(%order : " + to + ") : (" + tt + ", " + ty + ") -> " + tx);
    w.returns(z, tx);
    checkGradients(w);
  });
}

/// An order that is not the transposition's own has to be composed with it.
TEST(MessageGradients, AggregateThroughAForeignOrder) {
  forSeeds(10, [](W &w, bool atRunTime) {
    int64_t n = w.extent(2), width = w.extent(1), edges;
    std::string a = w.graph(n, n, 2, atRunTime, edges), ta = W::graphType(n, n), to = W::tensor({edges}, "i32");
    std::string v = w.argument({edges}), tv = W::tensor({edges}), x = w.argument({n, width}),
                tx = W::tensor({n, width});
    std::string t = w.define("#");
    w.replaceLast(", %order = spnn.transpose " + a + " : " + ta + " -> " + ta + ", " + to);
    // The order of the transpose is a permutation of the edges of the graph itself, too.
    std::string y = w.define("spnn.aggregate sum " + a + ", " + x + " edge_values(" + v + " : " + tv +
                             ") order(%order : " + to + ") : (" + ta + ", " + tx + ") -> " + tx);
    w.returns(y, tx);
    checkGradients(w);
  });
}

TEST(MessageGradients, SDDMM) {
  for (std::string kind : {"dot", "add"})
    forSeeds(24, [&](W &w, bool atRunTime) {
      int64_t m = w.extent(), n = w.extent(1), heads = w.pick(1, 3), edges;
      int64_t width = kind == "dot" ? heads * w.pick(0, 3) : heads;
      std::string a = w.graph(m, n, 2.5, atRunTime, edges), tv = W::tensor({edges, heads});
      std::string r = w.argument({m, width}), c = w.argument({n, width}), rowScales, columnScales;
      if (kind == "dot" && w.pick(0, 1))
        rowScales = w.argument({m});
      if (kind == "dot" && w.pick(0, 1))
        columnScales = w.argument({n});
      std::string v = w.define("spnn.sddmm " + kind + " " + a + ", " + r + ", " + c +
                               optional("row_scales", rowScales, W::tensor({m})) +
                               optional("column_scales", columnScales, W::tensor({n})) + " : (" + W::graphType(m, n) +
                               ", " + W::tensor({m, width}) + ", " + W::tensor({n, width}) + ") -> " + tv);
      w.returns(v, tv);
      checkGradients(w);
    });
}

TEST(MessageGradients, EdgeSoftmax) {
  forSeeds(20, [](W &w, bool atRunTime) {
    int64_t m = w.extent(), n = w.extent(1), edges;
    std::string a = w.graph(m, n, 2.5, atRunTime, edges), tv = W::tensor({edges, 2});
    std::string p =
        w.define("spnn.edge_softmax " + a + ", " + w.argument({edges, 2}) + " : " + W::graphType(m, n) + ", " + tv);
    w.returns(p, tv);
    checkGradients(w);
  });
}

void checkAttention(W &w, bool atRunTime, bool isV2, bool drops) {
  int64_t m = w.extent(), n = w.extent(1), heads = w.pick(1, 3), width = heads * w.pick(1, 3), edges;
  int64_t scores = isV2 ? width : heads;
  std::string a = w.graph(m, n, 2.5, atRunTime, edges), tx = W::tensor({n, width});
  std::string x = w.argument({n, width}), r = w.argument({m, scores}), c = w.argument({n, scores});
  std::string vector = isV2 ? " attention(" + w.argument({width}) + " : " + W::tensor({width}) + ")" : "";
  std::string dropout = drops ? " seed(" + w.seed() + ")" : "";
  std::string y = w.define("#");
  w.replaceLast(":2 = spnn.graph_attention " + std::string(isV2 ? "gatv2 " : "gat ") + a + ", " + x + ", " + r + ", " +
                c + vector + dropout + " heads(" + std::to_string(heads) + ") slope(0.2)" +
                (drops ? " rate(0.4) stream(3)" : "") + " : (" + W::graphType(m, n) + ", " + tx + ", " +
                W::tensor({m, scores}) + ", " + W::tensor({n, scores}) + ") -> (" + W::tensor({m, width}) + ", " +
                W::tensor({m, heads}) + ")");
  w.returns(y + "#0", W::tensor({m, width}));
  checkGradients(w);
}

TEST(MessageGradients, GraphAttention) {
  for (bool isV2 : {false, true})
    for (bool drops : {false, true})
      forSeeds(12, [&](W &w, bool atRunTime) { checkAttention(w, atRunTime, isV2, drops); });
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

/// Lines of layers, over a square graph.
struct Layers {
  W &w;
  int64_t nodes;
  std::string a, ta;

  std::string matmul(const std::string &x, int64_t inner, int64_t outer, const std::string &epilogue = "") {
    std::string weight = w.argument({inner, outer});
    return w.define("spnn.matmul " + x + ", " + weight + epilogue + " : (" + W::tensor({nodes, inner}) + ", " +
                    W::tensor({inner, outer}) + ") -> " + W::tensor({nodes, outer}));
  }
  std::string linear(const std::string &x, int64_t inner, int64_t outer, const std::string &activation) {
    std::string bias = w.argument({outer});
    return matmul(x, inner, outer,
                  " bias(" + bias + " : " + W::tensor({outer}) + ") activation(" + activation +
                      ") {bias_axis = 1 : i64}");
  }
  std::string aggregate(const std::string &kind, const std::string &x, int64_t width, const std::string &scales = "") {
    std::string type = W::tensor({nodes, width});
    return w.define("spnn.aggregate " + kind + " " + a + ", " + x + scales + " : (" + ta + ", " + type + ") -> " +
                    type);
  }
  std::string add(const std::string &x, const std::string &y, int64_t width) {
    return w.define("arith.addf " + x + ", " + y + " : " + W::tensor({nodes, width}));
  }
  std::string dropout(const std::string &x, int64_t width, const std::string &seed, int stream) {
    return w.define("spnn.dropout " + x + " seed(" + seed + ") rate(0.5) stream(" + std::to_string(stream) +
                    ") : " + W::tensor({nodes, width}));
  }
  /// tanh, which has no kink that differences could step over.
  std::string tanh(const std::string &x, int64_t width) {
    return w.define("math.tanh " + x + " : " + W::tensor({nodes, width}));
  }
  void loss(const std::string &logits, int64_t classes) {
    std::string targets = w.integers("i32", {nodes}, classes), mask = w.integers("i1", {nodes}, 2);
    std::string type = W::tensor({nodes, classes});
    std::string value =
        w.define("spnn.loss cross_entropy " + logits + ", " + targets + " mask(" + mask + " : " +
                 W::tensor({nodes}, "i1") + ") : " + type + ", " + W::tensor({nodes}, "i32") + " -> tensor<f32>");
    w.returns(value, "tensor<f32>");
    w.returns(logits, type);
  }
};

template <typename Body> void forLayers(Body body) {
  forSeeds(6, [&](W &w, bool atRunTime) {
    int64_t nodes = w.extent(1), edges;
    std::string a = w.graph(nodes, nodes, 3, atRunTime, edges);
    Layers layers{w, nodes, a, W::graphType(nodes, nodes)};
    body(w, layers);
    checkGradients(w);
  });
}

TEST(LayerGradients, GCN) {
  forLayers([](W &w, Layers &l) {
    std::string s = w.data({l.nodes}, 0.5, 1), ts = W::tensor({l.nodes}), seed = w.seed();
    std::string scales = " row_scales(" + s + " : " + ts + ") column_scales(" + s + " : " + ts + ")";
    std::string x = l.dropout(w.argument({l.nodes, 5}), 5, seed, 0);
    std::string h = l.tanh(l.aggregate("sum", l.matmul(x, 5, 4), 4, scales), 4);
    h = l.dropout(h, 4, seed, 1);
    l.loss(l.aggregate("sum", l.matmul(h, 4, 3), 3, scales), 3);
  });
}

TEST(LayerGradients, SAGE) {
  for (std::string kind : {"mean", "max"})
    forLayers([&](W &w, Layers &l) {
      std::string x = w.argument({l.nodes, 4});
      std::string h = l.add(l.matmul(x, 4, 5), l.matmul(l.aggregate(kind, x, 4), 4, 5), 5);
      h = l.tanh(h, 5);
      l.loss(l.add(l.matmul(h, 5, 3), l.matmul(l.aggregate(kind, h, 5), 5, 3), 3), 3);
    });
}

TEST(LayerGradients, GIN) {
  forLayers([](W &w, Layers &l) {
    std::string x = w.argument({l.nodes, 4}), type = W::tensor({l.nodes, 4});
    std::string onePlusEpsilon = w.define("arith.constant dense<1.25> : " + type);
    std::string own = w.define("arith.mulf " + onePlusEpsilon + ", " + x + " : " + type);
    std::string h = l.add(own, l.aggregate("sum", x, 4), 4);
    l.loss(l.linear(l.linear(h, 4, 5, "silu"), 5, 3, "none"), 3);
  });
}

TEST(LayerGradients, GAT) {
  for (bool isV2 : {false, true})
    forLayers([&](W &w, Layers &l) {
      int64_t heads = 2, width = 6, scores = isV2 ? width : heads;
      std::string x = w.argument({l.nodes, 4}), h = l.matmul(x, 4, width);
      std::string r = isV2 ? l.matmul(x, 4, width) : l.matmul(h, width, heads);
      std::string c = isV2 ? l.matmul(x, 4, width) : l.matmul(h, width, heads);
      std::string vector = isV2 ? " attention(" + w.argument({width}) + " : " + W::tensor({width}) + ")" : "";
      std::string y = w.define("#");
      w.replaceLast(":2 = spnn.graph_attention " + std::string(isV2 ? "gatv2 " : "gat ") + l.a + ", " + h + ", " + r +
                    ", " + c + vector + " seed(" + w.seed() + ") heads(2) slope(0.2) rate(0.3) : (" + l.ta + ", " +
                    W::tensor({l.nodes, width}) + ", " + W::tensor({l.nodes, scores}) + ", " +
                    W::tensor({l.nodes, scores}) + ") -> (" + W::tensor({l.nodes, width}) + ", " +
                    W::tensor({l.nodes, heads}) + ")");
      l.loss(l.matmul(l.tanh(y + "#0", width), width, 3), 3);
    });
}

/// The same layer of separate ops: scores and coefficients are values of edges.
TEST(LayerGradients, AttentionInSteps) {
  forSeeds(6, [&](W &w, bool atRunTime) {
    int64_t nodes = w.extent(1), edges;
    std::string a = w.graph(nodes, nodes, 3, atRunTime, edges);
    Layers l{w, nodes, a, W::graphType(nodes, nodes)};
    std::string x = w.argument({nodes, 4}), h = l.matmul(x, 4, 6), r = l.matmul(h, 6, 2), c = l.matmul(h, 6, 2);
    std::string te = W::tensor({edges, 2}), tn = W::tensor({nodes, 2}), th = W::tensor({nodes, 6});
    std::string s =
        w.define("spnn.sddmm add " + a + ", " + r + ", " + c + " : (" + l.ta + ", " + tn + ", " + tn + ") -> " + te);
    std::string p = w.define("spnn.edge_softmax " + a + ", " + s + " : " + l.ta + ", " + te);
    std::string y = l.aggregate("sum", h, 6, " edge_values(" + p + " : " + te + ")");
    l.loss(l.matmul(y, 6, 3), 3);
    checkGradients(w);
  });
}

TEST(LayerGradients, RGCN) {
  forSeeds(6, [&](W &w, bool atRunTime) {
    int64_t nodes = w.extent(1), edges;
    std::string x = w.argument({nodes, 4}), sum;
    Layers l{w, nodes, "", W::graphType(nodes, nodes)};
    sum = l.matmul(x, 4, 3);
    for (int relation = 0; relation < 3; ++relation) {
      l.a = w.graph(nodes, nodes, 1.5, atRunTime, edges);
      // One relation propagates first, the others transform first.
      std::string part =
          relation == 0 ? l.matmul(l.aggregate("mean", x, 4), 4, 3) : l.aggregate("mean", l.matmul(x, 4, 3), 3);
      sum = l.add(sum, part, 3);
    }
    l.loss(l.tanh(sum, 3), 3);
    checkGradients(w);
  });
}

/// A pruned network whose weights are trained on their pattern: each weight is a graph, its values are edge values, and
/// the activations are features x batch.
TEST(LayerGradients, PrunedMLP) {
  forSeeds(10, [](W &w, bool) {
    int64_t in = w.extent(1), hidden = w.extent(1), out = 3, batch = w.extent(1), first, second;
    std::string w1 = w.graph(hidden, in, 2, false, first), w2 = w.graph(out, hidden, 2, false, second);
    std::string v1 = w.argument({first}), v2 = w.argument({second}), x = w.data({in, batch});
    std::string th = W::tensor({hidden, batch}), to = W::tensor({out, batch});
    std::string h = w.define("spnn.aggregate sum " + w1 + ", " + x + " edge_values(" + v1 + " : " + W::tensor({first}) +
                             ") : (" + W::graphType(hidden, in) + ", " + W::tensor({in, batch}) + ") -> " + th);
    h = w.define("math.tanh " + h + " : " + th);
    std::string y = w.define("spnn.aggregate sum " + w2 + ", " + h + " edge_values(" + v2 + " : " +
                             W::tensor({second}) + ") : (" + W::graphType(out, hidden) + ", " + th + ") -> " + to);
    std::string tt = W::tensor({batch, out}), empty = w.define("tensor.empty() : " + tt);
    y = w.define("linalg.transpose ins(" + y + " : " + to + ") outs(" + empty + " : " + tt + ") permutation = [1, 0]");
    std::string target = w.data({batch, out});
    std::string loss =
        w.define("spnn.loss mean_squared " + y + ", " + target + " : " + tt + ", " + tt + " -> tensor<f32>");
    w.returns(loss, "tensor<f32>");
    checkGradients(w);
  });
}

/// A sparse feature matrix: X W and then X^T on the way back.
TEST(LayerGradients, SparseFeatures) {
  forSeeds(10, [](W &w, bool atRunTime) {
    int64_t nodes = w.extent(1), features = w.extent(1), stored;
    std::string x = w.graph(nodes, features, 2, atRunTime, stored), values = w.data({stored});
    std::string weight = w.argument({features, 3}), ty = W::tensor({nodes, 3});
    std::string dropped =
        w.define("spnn.dropout " + values + " seed(" + w.seed() + ") rate(0.5) : " + W::tensor({stored}));
    std::string y =
        w.define("spnn.aggregate sum " + x + ", " + weight + " edge_values(" + dropped + " : " + W::tensor({stored}) +
                 ") : (" + W::graphType(nodes, features) + ", " + W::tensor({features, 3}) + ") -> " + ty);
    w.returns(y, ty);
    checkGradients(w);
  });
}
} // namespace
