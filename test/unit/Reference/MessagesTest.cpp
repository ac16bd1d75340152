//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tests of message passing and graph attention: each op against its formula on the dense matrix of the graph, and what
// is no graph.
//
//===----------------------------------------------------------------------===//
#include "Evaluate.h"

#include <cmath>
#include <functional>

using namespace spnn::reference;

namespace {

using Doubles = std::vector<double>;

/// A graph as a dense matrix of its edges' numbers, -1 where there is none.
struct Graph {
  int64_t rows, columns;
  std::vector<int64_t> edge, positions{0}, indices;

  Graph(std::mt19937 &generator, int64_t rows, int64_t columns, double density)
      : rows(rows), columns(columns), edge(rows * columns, -1) {
    std::bernoulli_distribution isEdge(density);
    for (int64_t i = 0; i < rows; ++i) {
      // A row without edges among others.
      for (int64_t j = 0; j < columns && i % 4 != 2; ++j)
        if (isEdge(generator)) {
          edge[i * columns + j] = indices.size();
          indices.push_back(j);
        }
      positions.push_back(indices.size());
    }
  }
  int64_t edges() const { return indices.size(); }
  /// f(row, column, edge) for each edge, by columns: another walk than the evaluator's.
  void forEach(const std::function<void(int64_t, int64_t, int64_t)> &f) const {
    for (int64_t j = 0; j < columns; ++j)
      for (int64_t i = 0; i < rows; ++i)
        if (edge[i * columns + j] >= 0)
          f(i, j, edge[i * columns + j]);
  }
};

std::string tensor(llvm::ArrayRef<int64_t> shape, const std::string &element = "f32") {
  std::string result = "tensor<";
  for (int64_t extent : shape)
    result += std::to_string(extent) + "x";
  return result + element + ">";
}

/// Evaluates `body`, which knows the graph %a of type {a} and its transpose %t of type {t} with %order of type {o}, and
/// the arguments %0, %1, ...
llvm::SmallVector<Tensor> evaluateOn(const Graph &graph, std::vector<Tensor> arguments, std::string body,
                                     const std::string &results) {
  auto type = [](int64_t rows, int64_t columns) {
    return "tensor<" + std::to_string(rows) + "x" + std::to_string(columns) + "xi1, #spnn.adjacency>";
  };
  std::string a = type(graph.rows, graph.columns), t = type(graph.columns, graph.rows),
              o = tensor({graph.edges()}, "i32"), p = tensor({graph.rows + 1}, "i32");
  std::string source = "func.func @f(%positions: " + p + ", %indices: " + o;
  for (auto [number, argument] : llvm::enumerate(arguments))
    source += ", %x" + std::to_string(number) + ": " + tensor(argument.shape, argument.isFloat() ? "f32" : "i32");
  source += ") -> (" + results + ") {\n%a = spnn.assemble %positions, %indices : (" + p + ", " + o + ") -> " + a +
            "\n%t, %order = spnn.transpose %a : " + a + " -> " + t + ", " + o + "\n" + body + "\n}";
  for (auto [word, meaning] : {std::pair("{a}", a), std::pair("{t}", t), std::pair("{o}", o)})
    for (size_t at = 0; (at = source.find(word, at)) != std::string::npos;)
      source.replace(at, 3, meaning);
  arguments.insert(arguments.begin(), {makeInts("i32", {graph.rows + 1}, graph.positions),
                                       makeInts("i32", {graph.edges()}, graph.indices)});
  return run(source, arguments);
}

/// Graphs of several shapes: without rows, columns or edges, one node, dense, and in between.
void forGraphs(const std::function<void(const Graph &, std::mt19937 &)> &body) {
  std::mt19937 generator(3);
  for (auto [rows, columns] : {std::pair(0, 0), std::pair(0, 4), std::pair(3, 0), std::pair(1, 1), std::pair(5, 7),
                               std::pair(9, 4), std::pair(11, 11)})
    for (double density : {0.0, 0.3, 1.0}) {
      Graph graph(generator, rows, columns, density);
      SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(columns) + ", " + std::to_string(graph.edges()) +
                   " edges");
      body(graph, generator);
    }
}

TEST(ReferenceMessages, AggregateSumAndMean) {
  forGraphs([](const Graph &g, std::mt19937 &generator) {
    constexpr int64_t kHeads = 2, kChannels = 3, kWidth = kHeads * kChannels;
    Tensor x = makeRandom(generator, {g.columns, kWidth}), v = makeRandom(generator, {g.edges(), kHeads}),
           r = makeRandom(generator, {g.rows}), c = makeRandom(generator, {g.columns});
    for (std::string kind : {"sum", "mean"}) {
      std::string y = tensor({g.rows, kWidth});
      auto result =
          evaluateOn(g, {x, v, r, c},
                     "%y = spnn.aggregate " + kind + " %a, %x0 edge_values(%x1 : " + tensor(v.shape) +
                         ") row_scales(%x2 : " + tensor(r.shape) + ") column_scales(%x3 : " + tensor(c.shape) +
                         ") : ({a}, " + tensor(x.shape) + ") -> " + y + "\nreturn %y : " + y,
                     y);
      Doubles expected(g.rows * kWidth), degree(g.rows);
      g.forEach([&](int64_t i, int64_t, int64_t) { ++degree[i]; });
      g.forEach([&](int64_t i, int64_t j, int64_t e) {
        for (int64_t f = 0; f < kWidth; ++f)
          expected[i * kWidth + f] += r.floats[i] * v.floats[e * kHeads + f / kChannels] * c.floats[j] *
                                      x.floats[j * kWidth + f] / (kind == "mean" ? degree[i] : 1);
      });
      expectNear(floatsOf(result), expected);
    }
  });
}

/// Edge values of the transposed graph are those of the graph, found through the order.
TEST(ReferenceMessages, AggregateOfTheTransposedGraph) {
  forGraphs([](const Graph &g, std::mt19937 &generator) {
    Tensor x = makeRandom(generator, {g.rows, 3}), v = makeRandom(generator, {g.edges()});
    std::string y = tensor({g.columns, 3});
    auto result =
        evaluateOn(g, {x, v},
                   "%y = spnn.aggregate sum %t, %x0 edge_values(%x1 : " + tensor(v.shape) +
                       ") order(%order : {o}) : ({t}, " + tensor(x.shape) + ") -> " + y + "\nreturn %y : " + y,
                   y);
    Doubles expected(g.columns * 3);
    g.forEach([&](int64_t i, int64_t j, int64_t e) {
      for (int64_t f = 0; f < 3; ++f)
        expected[j * 3 + f] += v.floats[e] * x.floats[i * 3 + f];
    });
    expectNear(floatsOf(result), expected);
  });
}

TEST(ReferenceMessages, ExtremesWinnersAndTheirGradient) {
  forGraphs([](const Graph &g, std::mt19937 &generator) {
    // Small integers, so that several neighbours are the greatest.
    Tensor x = makeFloats({g.columns, 2}, Doubles(g.columns * 2));
    for (double &value : x.floats)
      value = static_cast<double>(generator() % 3);
    Tensor d = makeRandom(generator, {g.rows, 2});
    for (bool isMax : {true, false}) {
      std::string y = tensor({g.rows, 2}), w = tensor({g.rows, 2}, "i32"), dx = tensor({g.columns, 2});
      auto result =
          evaluateOn(g, {x, d},
                     "%y, %w = spnn.aggregate " + std::string(isMax ? "max" : "min") + " %a, %x0 : ({a}, " +
                         tensor(x.shape) + ") -> " + y + ", " + w + "\n%d = spnn.scatter_winners %t, %w, %x1 : ({t}, " +
                         w + ", " + y + ") -> " + dx + "\nreturn %y, %w, %d : " + y + ", " + w + ", " + dx,
                     y + ", " + w + ", " + dx);
      ASSERT_EQ(result.size(), 3u);
      Doubles values(g.rows * 2), gradient(g.columns * 2);
      std::vector<int64_t> winners(g.rows * 2, -1);
      g.forEach([&](int64_t i, int64_t j, int64_t) {
        for (int64_t f = 0; f < 2; ++f) {
          double value = x.floats[j * 2 + f];
          int64_t &winner = winners[i * 2 + f];
          if (winner < 0 || (isMax ? value > values[i * 2 + f] : value < values[i * 2 + f])) {
            values[i * 2 + f] = value;
            winner = j;
          }
        }
      });
      for (int64_t n = 0; n < g.rows * 2; ++n)
        if (winners[n] >= 0)
          gradient[winners[n] * 2 + n % 2] += d.floats[n];
      expectNear(result[0].floats, values);
      EXPECT_EQ(std::vector<int64_t>(result[1].ints.begin(), result[1].ints.end()), winners);
      expectNear(result[2].floats, gradient);
    }
  });
}

TEST(ReferenceMessages, NaNSpreadsAlongEdgesAlone) {
  std::mt19937 generator(4);
  Graph g(generator, 6, 6, 0.4);
  Tensor x = makeRandom(generator, {6, 1});
  x.floats[1] = NAN;
  for (std::string kind : {"sum", "mean", "max", "min"}) {
    auto y = floatsOf(evaluateOn(g, {x},
                                 "%y = spnn.aggregate " + kind +
                                     " %a, %x0 : ({a}, tensor<6x1xf32>) -> tensor<6x1xf32>\n"
                                     "return %y : tensor<6x1xf32>",
                                 "tensor<6x1xf32>"));
    ASSERT_EQ(y.size(), 6u);
    for (int64_t i = 0; i < 6; ++i)
      EXPECT_EQ(std::isnan(y[i]), g.edge[i * 6 + 1] >= 0) << kind << " of row " << i;
  }
}

TEST(ReferenceMessages, SDDMM) {
  forGraphs([](const Graph &g, std::mt19937 &generator) {
    constexpr int64_t kHeads = 2, kChannels = 3, kWidth = kHeads * kChannels;
    Tensor r = makeRandom(generator, {g.rows, kWidth}), c = makeRandom(generator, {g.columns, kWidth}),
           s = makeRandom(generator, {g.rows});
    std::string types = "({a}, " + tensor(r.shape) + ", " + tensor(c.shape) + ") -> ";
    std::string dot = tensor({g.edges(), kHeads}), add = tensor({g.edges(), kWidth});
    auto result =
        evaluateOn(g, {r, c, s},
                   "%d = spnn.sddmm dot %a, %x0, %x1 row_scales(%x2 : " + tensor(s.shape) + ") : " + types + dot +
                       "\n%e = spnn.sddmm add %a, %x0, %x1 : " + types + add + "\nreturn %d, %e : " + dot + ", " + add,
                   dot + ", " + add);
    ASSERT_EQ(result.size(), 2u);
    Doubles dots(g.edges() * kHeads), sums(g.edges() * kWidth);
    g.forEach([&](int64_t i, int64_t j, int64_t e) {
      for (int64_t f = 0; f < kWidth; ++f) {
        double row = r.floats[i * kWidth + f], column = c.floats[j * kWidth + f];
        dots[e * kHeads + f / kChannels] += s.floats[i] * row * column;
        sums[e * kWidth + f] = row + column;
      }
    });
    expectNear(result[0].floats, dots);
    expectNear(result[1].floats, sums);
  });
}

TEST(ReferenceMessages, EdgeSoftmaxAndDegree) {
  forGraphs([](const Graph &g, std::mt19937 &generator) {
    constexpr int64_t kHeads = 2;
    Tensor v = makeRandom(generator, {g.edges(), kHeads}), d = makeRandom(generator, {g.edges(), kHeads});
    std::string te = tensor(v.shape), tn = tensor({g.rows});
    auto result = evaluateOn(
        g, {v, d},
        "%p = spnn.edge_softmax %a, %x0 : {a}, " + te + "\n%q = spnn.edge_softmax_backward %a, %p, %x1 : {a}, " + te +
            "\n%n = spnn.degree %a : {a} -> " + tn + "\nreturn %p, %q, %n : " + te + ", " + te + ", " + tn,
        te + ", " + te + ", " + tn);
    ASSERT_EQ(result.size(), 3u);
    Doubles sums(g.rows * kHeads), p(v.floats.size()), means(g.rows * kHeads), q(v.floats.size()), degrees(g.rows);
    auto forEach = [&](auto f) {
      g.forEach([&](int64_t i, int64_t, int64_t e) {
        for (int64_t h = 0; h < kHeads; ++h)
          f(i * kHeads + h, e * kHeads + h);
      });
    };
    forEach([&](int64_t row, int64_t edge) { sums[row] += std::exp(v.floats[edge]); });
    forEach([&](int64_t row, int64_t edge) { p[edge] = std::exp(v.floats[edge]) / sums[row]; });
    forEach([&](int64_t row, int64_t edge) { means[row] += p[edge] * d.floats[edge]; });
    forEach([&](int64_t row, int64_t edge) { q[edge] = p[edge] * (d.floats[edge] - means[row]); });
    g.forEach([&](int64_t i, int64_t, int64_t) { ++degrees[i]; });
    expectNear(result[0].floats, p);
    expectNear(result[1].floats, q);
    expectNear(result[2].floats, degrees);
  });
}

/// exp of numbers that no double holds: their differences count.
TEST(ReferenceMessages, SoftmaxOfLargeValues) {
  std::mt19937 generator(5);
  Graph g(generator, 1, 3, 1);
  auto p = floatsOf(evaluateOn(g, {makeFloats({3}, {5000, 5001, -5000})},
                               "%p = spnn.edge_softmax %a, %x0 : {a}, tensor<3xf32>\nreturn %p : tensor<3xf32>",
                               "tensor<3xf32>"));
  expectNear(p, {1 / (1 + std::exp(1.0)), 1 / (1 + std::exp(-1.0)), 0});
}

TEST(ReferenceMessages, GraphAttention) {
  for (bool isV2 : {false, true})
    forGraphs([&](const Graph &g, std::mt19937 &generator) {
      constexpr int64_t kHeads = 2, kChannels = 3, kWidth = kHeads * kChannels;
      int64_t scores = isV2 ? kWidth : kHeads;
      Tensor x = makeRandom(generator, {g.columns, kWidth}), r = makeRandom(generator, {g.rows, scores}),
             l = makeRandom(generator, {g.columns, scores}), a = makeRandom(generator, {kWidth});
      std::string y = tensor({g.rows, kWidth}), z = tensor({g.rows, kHeads}), p = tensor({g.edges(), kHeads});
      auto result = evaluateOn(g, {x, r, l, a},
                               "%y, %z, %p = spnn.graph_attention " + std::string(isV2 ? "gatv2" : "gat") +
                                   " %a, %x0, %x1, %x2 " + (isV2 ? "attention(%x3 : " + tensor(a.shape) + ") " : "") +
                                   "heads(2) slope(0.25) : ({a}, " + tensor(x.shape) + ", " + tensor(r.shape) + ", " +
                                   tensor(l.shape) + ") -> (" + y + ", " + z + ", " + p +
                                   ")\nreturn %y, %z, %p : " + y + ", " + z + ", " + p,
                               y + ", " + z + ", " + p);
      ASSERT_EQ(result.size(), 3u);
      auto leaky = [](double value) { return value > 0 ? value : 0.25 * value; };
      Doubles weights(g.edges() * kHeads), sums(g.rows * kHeads), output(g.rows * kWidth);
      auto weigh = [&](int64_t i, int64_t j, int64_t h) {
        if (!isV2)
          return std::exp(leaky(r.floats[i * kHeads + h] + l.floats[j * kHeads + h]));
        double score = 0;
        for (int64_t f = h * kChannels; f < (h + 1) * kChannels; ++f)
          score += a.floats[f] * leaky(r.floats[i * kWidth + f] + l.floats[j * kWidth + f]);
        return std::exp(score);
      };
      g.forEach([&](int64_t i, int64_t j, int64_t e) {
        for (int64_t h = 0; h < kHeads; ++h)
          sums[i * kHeads + h] += weights[e * kHeads + h] = weigh(i, j, h);
      });
      g.forEach([&](int64_t i, int64_t j, int64_t e) {
        for (int64_t f = 0; f < kWidth; ++f)
          output[i * kWidth + f] +=
              weights[e * kHeads + f / kChannels] / sums[i * kHeads + f / kChannels] * x.floats[j * kWidth + f];
      });
      g.forEach([&](int64_t i, int64_t, int64_t e) {
        for (int64_t h = 0; h < kHeads; ++h)
          weights[e * kHeads + h] /= sums[i * kHeads + h];
      });
      expectNear(result[0].floats, output);
      // The logarithm of nothing is minus infinity.
      for (size_t n = 0; n < sums.size(); ++n)
        if (sums[n] == 0)
          EXPECT_EQ(result[1].floats[n], -INFINITY);
        else
          EXPECT_NEAR(result[1].floats[n], std::log(sums[n]), 1e-12);
      expectNear(result[2].floats, weights);
    });
}

/// What is no graph, by its arrays.
TEST(ReferenceMessages, RefusesArraysThatAreNoGraph) {
  auto refuse = [](std::vector<int64_t> positions, std::vector<int64_t> indices, const std::string &attributes,
                   const std::string &expected) {
    std::string error = runError(
        "func.func @f(%p: tensor<?xi32>, %i: tensor<?xi32>) -> tensor<?xf32> {\n"
        "%a = spnn.assemble %p, %i " +
            attributes +
            " : (tensor<?xi32>, tensor<?xi32>) -> tensor<?x3xi1, #spnn.adjacency>\n"
            "%d = spnn.degree %a : tensor<?x3xi1, #spnn.adjacency> -> tensor<?xf32>\n"
            "return %d : tensor<?xf32>}",
        {makeInts("i32", {int64_t(positions.size())}, positions), makeInts("i32", {int64_t(indices.size())}, indices)});
    EXPECT_NE(error.find("'spnn.assemble' op " + expected), std::string::npos) << error;
  };
  refuse({}, {}, "", "gets no positions");
  refuse({0, 1, 2, 2}, {0, 3}, "", "gets arrays that are no graph: indices[1]: expected less than 3, found 3");
  refuse({0, 1, 2, 2}, {-1, 2}, "", "indices[0] must not be negative, got -1");
  refuse({0, 2, 2, 2}, {2, 1}, "", "gets arrays that are no graph: indices[1]: expected more than");
  refuse({0, 2, 2, 2}, {1, 1}, "", "gets arrays that are no graph: indices[1]: expected more than");
  refuse({1, 1, 2, 2}, {0, 1}, "", "gets arrays that are no graph: positions[0]: expected 0");
  refuse({0, 2, 1, 2}, {0, 1}, "", "gets arrays that are no graph: positions[2]: expected at least");
  refuse({0, 1, 2, 3}, {0, 1}, "", "gets arrays that are no graph: positions[3]: expected the number of indices");
  refuse({0, 1, 1, 1}, {1}, "{symmetric}",
         "must be symmetric, got an edge in row 0, column 1 and none in row 1, column 0");
  refuse({0, 1, 2}, {1, 0}, "{symmetric}", "must be symmetric, got 2 rows and 3 columns");
}

TEST(ReferenceMessages, RefusesAForeignTransposeAndOrder) {
  std::mt19937 generator(6);
  Graph g(generator, 2, 2, 1);
  std::string type = "tensor<2x2xi1, #spnn.adjacency>", x = "tensor<2x1xf32>";
  std::string source =
      "func.func @f(%o: tensor<4xi32>, %x: " + x + ") -> " + x +
      " {\n%a = spnn.constant {positions = dense<[0, 2, 4]> : tensor<3xi32>, indices = dense<[0, 1, 0, 1]> "
      ": tensor<4xi32>} : " +
      type +
      "\n%d, %e, %f = spnn.graph_attention_backward gat %a, %a, %o, %x, %x, %x output(%x) logsumexp(%x) "
      "gradient(%x) heads(1) : (" +
      type + ", " + type + ", tensor<4xi32>, " + x + ", " + x + ", " + x + ", " + x + ", " + x + ", " + x + ") -> (" +
      x + ", " + x + ", " + x + ")\nreturn %d : " + x + "}";
  Tensor ones = makeFloats({2, 1}, {1, 1});
  run(source, {makeInts("i32", {4}, {0, 2, 1, 3}), ones});
  EXPECT_NE(runError(source, {makeInts("i32", {4}, {0, 1, 2, 3}), ones})
                .find("transposed and order are not what spnn.transpose makes of graph"),
            std::string::npos);
  EXPECT_NE(runError(source, {makeInts("i32", {4}, {0, 2, 1, 4}), ones})
                .find("order[3] must be the number of one of 4 edges, got 4"),
            std::string::npos);
}

} // namespace
