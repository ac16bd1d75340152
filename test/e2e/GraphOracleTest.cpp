//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled messages along edges against the reference evaluator, on seeded random graphs. SPNN_LONG_TESTS=1 runs ten
// times more.
//
//===----------------------------------------------------------------------===//
#include "Oracle.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstdlib>

using namespace spnn;
using namespace spnn::test;

namespace {

const int64_t kExtents[] = {0, 1, 2, 13, 61, 130}, kColumns[] = {1, 3, 7, 8, 16, 17, 33, 64, 100, 128, 130, 300};
const char *const kCpus[] = {"native", "haswell", "x86-64"};

int64_t countCases(int64_t cases) { return std::getenv("SPNN_LONG_TESTS") ? 10 * cases : cases; }

template <typename T, size_t N> T pick(const T (&values)[N], std::mt19937 &generator) {
  return values[generator() % N];
}

/// A graph with what its models are made of. Words in braces stand for types, and for the graph and its transpose.
struct Problem {
  Problem(std::mt19937 &generator, bool square = false)
      : graph(pick(kExtents, generator), pick(kExtents, generator),
              static_cast<RandomGraph::Pattern>(generator() % RandomGraph::NumPatterns), generator),
        features(pick(kColumns, generator)), isConstant(generator() % 2), isDynamic(!isConstant && generator() % 2) {
    if (square)
      graph = RandomGraph(graph.rows, graph.rows, graph.pattern, generator);
    heads = features % 16 == 0 ? 8 : features % 10 == 0 ? 5 : features % 3 == 0 ? 3 : 1;
    isDouble = generator() % 8 == 0;
  }

  std::string element() const { return isDouble ? "f64" : "f32"; }
  double tolerance() const { return (isDouble ? 1e-14 : 4e-7) * (8 + graph.columns); }
  std::string expand(std::string text) const {
    auto extent = [&](int64_t value) { return isDynamic ? std::string("?") : std::to_string(value); };
    auto matrix = [&](int64_t rows, const std::string &columns, const std::string &type) {
      return "tensor<" + extent(rows) + "x" + columns + type + ">";
    };
    auto graphType = [&](int64_t rows, int64_t columns) {
      return "tensor<" + extent(rows) + "x" + extent(columns) + "xi1, #spnn.adjacency>";
    };
    auto list = [](const std::vector<int32_t> &values) {
      std::string text;
      for (int32_t value : values)
        text += (text.empty() ? "" : ", ") + std::to_string(value);
      return values.empty() ? "dense<>" : "dense<[" + text + "]>";
    };
    std::string positions = "tensor<" + std::to_string(graph.rows + 1) + "xi32>",
                edges = "tensor<" + std::to_string(graph.edges()) + "xi32>";
    std::string made = isConstant ? "%a = spnn.constant {positions = " + list(graph.positions) + " : " + positions +
                                        ", indices = " + list(graph.indices) + " : " + edges + "} : {graph}"
                                  : "%zero = arith.constant 0 : index\n  %n = tensor.dim %x, %zero : {x}\n"
                                    "  %a = spnn.assemble %positions, %indices {n} : ({pos}, {e}) -> {graph}";
    std::string f = std::to_string(features) + "x", h = std::to_string(heads) + "x";
    std::pair<const char *, std::string> words[] = {
        {"{make}", made},
        {"{transpose}", "%t, %order = spnn.transpose %a : {graph} -> {turned}, {e}"},
        {"{n}", isDynamic ? "columns %n" : ""},
        {"{pos}", "tensor<" + extent(graph.rows + 1) + "xi32>"},
        {"{e}", "tensor<" + extent(graph.edges()) + "xi32>"},
        {"{graph}", graphType(graph.rows, graph.columns)},
        {"{turned}", graphType(graph.columns, graph.rows)},
        {"{x}", matrix(graph.columns, f, element())},
        {"{y}", matrix(graph.rows, f, element())},
        {"{w}", matrix(graph.rows, f, "i32")},
        {"{rs}", matrix(graph.rows, "", element())},
        {"{cs}", matrix(graph.columns, "", element())},
        {"{ev}", matrix(graph.edges(), "", element())},
        {"{eh}", matrix(graph.edges(), h, element())},
        {"{f}", element()},
    };
    for (const auto &[word, meaning] : words)
      text = replaceAll(text, word, meaning);
    return text;
  }
  /// The operands of `head`, in their order.
  std::vector<Tensor> arguments(std::mt19937 &generator) const {
    auto integers = [](const std::vector<int32_t> &values) {
      return makeIntegers(32, {int64_t(values.size())}, std::vector<int64_t>(values.begin(), values.end()));
    };
    auto floats = [&](std::vector<int64_t> shape) { return makeFloats(element(), shape, 1, generator); };
    return {integers(graph.positions),      integers(graph.indices),       floats({graph.columns, features}),
            floats({graph.rows, features}), floats({graph.rows}),          floats({graph.columns}),
            floats({graph.edges()}),        floats({graph.edges(), heads})};
  }
  std::string model(const std::string &results, const std::string &body) const {
    return expand(
        "func.func @main(%positions: {pos}, %indices: {e}, %x: {x}, %g: {y}, %rs: {rs}, %cs: {cs}, %ev: {ev}, "
        "%eh: {eh}) -> (" +
        results + ") {\n  {make}\n" + body + "}\n");
  }
  std::string describe() const {
    return std::to_string(graph.rows) + " x " + std::to_string(graph.columns) + ", " + std::to_string(graph.edges()) +
           " edges, " + std::to_string(features) + " columns, " + std::to_string(heads) + " heads, pattern " +
           std::to_string(graph.pattern) + (isConstant ? ", constant " : ", at run time ") +
           (isDynamic ? "dynamic " : "") + element();
  }

  RandomGraph graph;
  int64_t features, heads;
  bool isConstant, isDynamic, isDouble;
};

/// Checks `makeModel` on random problems.
template <typename MakeModel> void checkProblems(unsigned seed, int64_t cases, MakeModel makeModel) {
  std::mt19937 generator(seed);
  for (int64_t i = 0; i < countCases(cases); ++i) {
    Problem problem(generator);
    SCOPED_TRACE(problem.describe() + " for " + kCpus[i % 3]);
    setCrashNote(problem.describe());
    checkModel(makeModel(problem, generator), kCpus[i % 3], problem.arguments(generator), problem.tolerance());
    if (testing::Test::HasFatalFailure())
      return;
  }
}

TEST(Graph, Sums) {
  checkProblems(1, 24, [](const Problem &p, std::mt19937 &generator) {
    std::string kind = generator() % 2 ? "sum" : "mean", operands;
    switch (generator() % 3) {
    case 0:
      operands += " edge_values(%ev : {ev})";
      break;
    case 1:
      operands += " edge_values(%eh : {eh})";
      break;
    }
    if (generator() % 2)
      operands += " row_scales(%rs : {rs})";
    if (generator() % 2)
      operands += " column_scales(%cs : {cs})";
    return p.model("{y}", "  %y = spnn.aggregate " + kind + " %a, %x" + operands +
                              " : ({graph}, {x}) -> {y}\n  return %y : {y}\n");
  });
}

TEST(Graph, SumsOfTransposedGraphs) {
  checkProblems(2, 12, [](const Problem &p, std::mt19937 &generator) {
    std::string values = generator() % 2 ? "%ev : {ev}" : "%eh : {eh}";
    return p.model("{x}", "  {transpose}\n  %y = spnn.aggregate sum %t, %g edge_values(" + values +
                              ") order(%order : {e}) : ({turned}, {y}) -> {x}\n  return %y : {x}\n");
  });
}

TEST(Graph, ExtremesAndTheirWinners) {
  checkProblems(3, 12, [](const Problem &p, std::mt19937 &generator) {
    std::string kind = generator() % 2 ? "max" : "min";
    return p.model("{y}, {w}, {x}", "  {transpose}\n  %y, %w = spnn.aggregate " + kind +
                                        " %a, %x : ({graph}, {x}) -> {y}, {w}\n"
                                        "  %d = spnn.scatter_winners %t, %w, %g : ({turned}, {w}, {y}) -> {x}\n"
                                        "  return %y, %w, %d : {y}, {w}, {x}\n");
  });
}

TEST(Graph, SampledProducts) {
  checkProblems(4, 12, [](const Problem &p, std::mt19937 &generator) {
    std::string type = generator() % 2 ? "{ev}" : "{eh}", scales, turned;
    if (generator() % 2)
      turned = " row_scales(%cs : {cs})", scales = " column_scales(%cs : {cs})";
    if (generator() % 2)
      turned += " column_scales(%rs : {rs})", scales = " row_scales(%rs : {rs})" + scales;
    return p.model(type + ", " + type,
                   "  {transpose}\n  %v = spnn.sddmm dot %a, %g, %x" + scales + " : ({graph}, {y}, {x}) -> " + type +
                       "\n  %u = spnn.sddmm dot %t, %x, %g order(%order : {e})" + turned +
                       " : ({turned}, {x}, {y}) -> " + type + "\n  return %v, %u : " + type + ", " + type + "\n");
  });
}

TEST(Graph, SumsOfEnds) {
  checkProblems(5, 6, [](const Problem &p, std::mt19937 &) {
    std::string type = "tensor<" + (p.isDynamic ? std::string("?") : std::to_string(p.graph.edges())) + "x" +
                       std::to_string(p.features) + "x" + p.element() + ">";
    return p.model(type, "  %v = spnn.sddmm add %a, %g, %x : ({graph}, {y}, {x}) -> " + type +
                             "\n  return %v : " + type + "\n");
  });
}

TEST(Graph, SoftmaxOverEdges) {
  checkProblems(6, 12, [](const Problem &p, std::mt19937 &generator) {
    std::string type = generator() % 2 ? "{ev}" : "{eh}", value = type == "{ev}" ? "%ev" : "%eh";
    return p.model(type + ", " + type, "  %p = spnn.edge_softmax %a, " + value + " : {graph}, " + type +
                                           "\n  %d = spnn.edge_softmax_backward %a, %p, " + value + " : {graph}, " +
                                           type + "\n  return %p, %d : " + type + ", " + type + "\n");
  });
}

TEST(Graph, Degrees) {
  checkProblems(7, 6, [](const Problem &p, std::mt19937 &) {
    return p.model("{rs}", "  %d = spnn.degree %a : {graph} -> {rs}\n  return %d : {rs}\n");
  });
}

/// What is not a number wins, and infinities are numbers.
TEST(Graph, SpecialNumbers) {
  std::mt19937 generator(8);
  for (double special : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    Problem p(generator);
    p.graph = RandomGraph(61, 37, RandomGraph::DenseRow, generator);
    p.features = 17;
    p.heads = 1;
    p.isDouble = p.isDynamic = false;
    SCOPED_TRACE(p.describe() + " " + std::to_string(special));
    std::vector<Tensor> arguments = p.arguments(generator);
    for (size_t i = 0; i < arguments[2].floats.size(); i += 29)
      arguments[2].floats[i] = special;
    std::string text = p.model("{y}, {w}, {y}", "  %m, %w = spnn.aggregate max %a, %x : ({graph}, {x}) -> {y}, {w}\n"
                                                "  %s = spnn.aggregate sum %a, %x : ({graph}, {x}) -> {y}\n"
                                                "  return %m, %w, %s : {y}, {w}, {y}\n");
    checkModel(text, "native", arguments, p.tolerance());
  }
}

/// What follows a sum, for 33 columns: bias, ReLU and dropout.
const char *const kEpilogue = R"mlir(
  %bias = tensor.extract_slice %g[0, 0] [1, 33] [1, 1] : {y} to tensor<33x{f}>
  %empty = tensor.empty() : {y}
  %z = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]} ins(%y, %bias : {y}, tensor<33x{f}>) outs(%empty : {y}) {
  ^bb0(%s: {f}, %c: {f}, %o: {f}):
    %none = arith.constant 0.0 : {f}
    %sum = arith.addf %s, %c : {f}
    %relu = arith.maximumf %sum, %none : {f}
    linalg.yield %relu : {f}
  } -> {y}
  %seed = arith.constant 81985529216486895 : i64
  %d = spnn.dropout %z seed(%seed) rate(0.25) stream(3) : {y}
  return %d : {y}
)mlir";

/// Bias, ReLU and dropout are computed with the sum.
TEST(Graph, Epilogues) {
  std::mt19937 generator(9);
  for (const char *cpu : kCpus) {
    Problem p(generator);
    p.graph = RandomGraph(61, 37, RandomGraph::EmptyRows, generator);
    p.features = 33;
    p.heads = 1;
    p.isDouble = p.isDynamic = false;
    SCOPED_TRACE(p.describe());
    std::string text =
        p.model("{y}", "  %y = spnn.aggregate sum %a, %x row_scales(%rs : {rs}) : ({graph}, {x}) -> {y}" +
                           std::string(kEpilogue));
    checkModel(text, cpu, p.arguments(generator), p.tolerance());
  }
}

/// Rows in clusters are the same rows, bit for bit, on one thread and on two.
TEST(Graph, ClusteredRows) {
  std::mt19937 generator(11);
  for (int64_t i = 0; i < countCases(24); ++i) {
    Problem p(generator);
    p.isConstant = true;
    p.isDynamic = false;
    bool hasEpilogue = p.graph.rows > 0 && generator() % 2;
    p.features = hasEpilogue ? 33 : p.features;
    std::string cpu = kCpus[i % 3], kind = generator() % 2 ? "sum" : "mean", operands;
    SCOPED_TRACE(p.describe() + " for " + cpu);
    setCrashNote(p.describe());
    if (generator() % 2)
      operands += " row_scales(%rs : {rs})";
    if (generator() % 2)
      operands += " column_scales(%cs : {cs})";
    std::string text =
        p.model("{y}", "  %y = spnn.aggregate " + kind + " %a, %x" + operands + " : ({graph}, {x}) -> {y}" +
                           (hasEpilogue ? kEpilogue : "\n  return %y : {y}\n"));
    std::vector<Tensor> arguments = p.arguments(generator);
    Bytes own = runModel(text, "threads=1 cluster-rows=off target-cpu=" + cpu, 1, arguments);
    ASSERT_FALSE(own.empty());
    EXPECT_EQ(own, runModel(text, "threads=1 cluster-rows=on target-cpu=" + cpu, 1, arguments));
    EXPECT_EQ(own, runModel(text, "threads=0 cluster-rows=on target-cpu=" + cpu, 2, arguments));
  }
}

/// Arrays that are no graph: the call fails with the rule that they break.
TEST(Graph, RefusesArraysThatAreNoGraph) {
  const char *kText = R"mlir(
func.func @main(%positions: tensor<?xi32>, %indices: tensor<?xi32>, %x: tensor<3x5xf32>) -> (tensor<3x5xf32>, tensor<3x5xf32>) {
  %a = spnn.assemble %positions, %indices {attributes} : (tensor<?xi32>, tensor<?xi32>) -> tensor<3x3xi1, #spnn.adjacency>
  %t, %order = spnn.transpose %a : tensor<3x3xi1, #spnn.adjacency> -> tensor<3x3xi1, #spnn.adjacency>, tensor<?xi32>
  %y = spnn.aggregate sum %a, %x : (tensor<3x3xi1, #spnn.adjacency>, tensor<3x5xf32>) -> tensor<3x5xf32>
  %z = spnn.aggregate sum %t, %x : (tensor<3x3xi1, #spnn.adjacency>, tensor<3x5xf32>) -> tensor<3x5xf32>
  return %y, %z : tensor<3x5xf32>, tensor<3x5xf32>
}
)mlir";
  struct Wrong {
    std::vector<int64_t> positions, indices;
    const char *message;
    bool symmetric = false;
  };
  const Wrong kWrong[] = {
      {{0, 1, 2}, {0, 1}, "a graph of 3 rows has 3 positions, expected one more than rows"},
      {{1, 1, 2, 2}, {0, 1}, "the first position of a graph is 1, expected 0"},
      {{0, 1, 2, 3}, {0, 1}, "the last position of a graph is 3, expected the number of its edges, 2"},
      {{0, 2, 1, 2}, {0, 1}, "descend or pass its edges behind row 1: 2, then 1"},
      {{0, 9, 1, 2}, {0, 1}, "descend or pass its edges behind row 0: 0, then 9"},
      {{0, 1, 2, 2}, {0, 3}, "edge 1 of a graph comes from column 3, expected one of 3"},
      {{0, 1, 2, 2}, {-1, 2}, "edge 0 of a graph comes from column -1, expected one of 3"},
      {{0, 2, 2, 2}, {1, 1}, "the columns of row 0 of a graph do not ascend: 1, then 1"},
      {{0, 1, 1, 1}, {1}, "a graph that is said to be symmetric has an edge without its partner", true},
      {{0, 1, 2, 2}, {1, 0}, "", true},
      {{0, 1, 2, 2}, {1, 2}, ""},
  };
  std::mt19937 generator(10);
  for (const Wrong &wrong : kWrong) {
    std::string error;
    int64_t rows = wrong.positions.size(), edges = wrong.indices.size();
    runModel(replaceAll(kText, "{attributes}", wrong.symmetric ? "{symmetric}" : ""), "threads=2", 2,
             {makeIntegers(32, {rows}, wrong.positions), makeIntegers(32, {edges}, wrong.indices),
              makeFloats("f32", {3, 5}, 1, generator)},
             &error);
    if (*wrong.message)
      EXPECT_NE(error.find(wrong.message), std::string::npos) << error << "\nexpected: " << wrong.message;
    else
      EXPECT_EQ(error, "");
  }
}

} // namespace
