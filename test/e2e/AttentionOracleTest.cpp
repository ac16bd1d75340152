//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled graph attention, forward and backward, against the reference evaluator on seeded random graphs.
// SPNN_LONG_TESTS=1 runs ten times more.
//
//===----------------------------------------------------------------------===//
#include "Oracle.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

using namespace spnn;
using namespace spnn::test;

namespace {

const char *const kPatterns[] = {"any", "no edges", "empty rows", "one dense row"};

struct Case {
  int64_t rows = 7, columns = 7, heads = 1, channels = 1;
  bool isV2 = false, isShared = false, keepsCoefficients = false, isDynamic = false;
  double rate = 0;
  float scoreScale = 1; ///< scores are at most about this large
  RandomGraph::Pattern pattern = RandomGraph::Any;
  const char *element = "f32";
  std::vector<int32_t> positions{0}, indices;

  int64_t edges() const { return indices.size(); }
  int64_t scoreColumns() const { return isV2 ? heads * channels : heads; }
  std::string describe() const {
    return std::to_string(rows) + " x " + std::to_string(columns) + ", " + std::to_string(edges()) + " edges, " +
           kPatterns[pattern] + ", " + std::to_string(heads) + " heads of " + std::to_string(channels) +
           (isV2 ? " gatv2" : " gat") + (isShared ? " of the features" : "") +
           (keepsCoefficients ? ", coefficients kept" : "") + (isDynamic ? ", dynamic" : "") + ", rate " +
           std::to_string(rate) + ", scores of " + std::to_string(scoreScale) + ", " + element;
  }
};

void makeGraph(Case &c, std::mt19937 &generator) {
  RandomGraph graph(c.rows, c.columns, c.pattern, generator);
  c.positions = graph.positions;
  c.indices = graph.indices;
}

/// Forward and backward in one function. Words in braces stand for types and for what a case leaves out.
std::string makeModel(const Case &c) {
  std::string text = R"mlir(
func.func @main(%positions: {pos}, %indices: {idx}, %x: {x}, %r: {rs}, %l: {cs}, %g: {y}, %a: {a}, %seeds: tensor<i64>)
    -> ({y}, {h}, {x}, {rs}, {cs}{p?}{a?}) {
  %zero = arith.constant 0 : index
  %seed = tensor.extract %seeds[] : tensor<i64>
  {n=}
  %graph = spnn.assemble %positions, %indices {columns} : ({pos}, {idx}) -> {graph}
  %t, %order = spnn.transpose %graph : {graph} -> {turned}, {edges}
  %o, %lse{p=} = spnn.graph_attention {kind} %graph, %x, %r, {l} {attention} {seed} heads({H}) slope(0.125) {rate} stream(7)
      : ({graph}, {x}, {rs}, {cs}) -> ({y}, {h}{p?})
  %dx, %dr, %dl{da=} = spnn.graph_attention_backward {kind} %graph, %t, %order, %x, %r, {l} output(%o) logsumexp(%lse)
      gradient(%g) {attention} {coefficients} {seed} heads({H}) slope(0.125) {rate} stream(7)
      : ({graph}, {turned}, {edges}, {x}, {rs}, {cs}, {y}, {h}, {y}) -> ({x}, {rs}, {cs}{a?})
  return %o, %lse, %dx, %dr, %dl{p=}{da=} : {y}, {h}, {x}, {rs}, {cs}{p?}{a?}
}
)mlir";
  auto extent = [&](int64_t value) { return c.isDynamic ? std::string("?") : std::to_string(value); };
  auto matrix = [&](const std::string &rows, int64_t columns) {
    return "tensor<" + rows + "x" + std::to_string(columns) + "x" + c.element + ">";
  };
  auto graph = [&](int64_t rows, int64_t columns) {
    return "tensor<" + extent(rows) + "x" + extent(columns) + "xi1, #spnn.adjacency>";
  };
  int64_t features = c.heads * c.channels;
  std::string vector = "tensor<" + std::to_string(features) + "x" + c.element + ">",
              coefficients = matrix(extent(c.edges()), c.heads);
  std::pair<const char *, std::string> words[] = {
      {"{p?}", c.keepsCoefficients ? ", {p}" : ""},
      {"{a?}", c.isV2 ? ", {a}" : ""},
      {"{p=}", c.keepsCoefficients ? ", %p" : ""},
      {"{da=}", c.isV2 ? ", %da" : ""},
      {"{n=}", c.isDynamic ? "%n = tensor.dim %x, %zero : {x}" : ""},
      {"{columns}", c.isDynamic ? "columns %n" : ""},
      {"{attention}", c.isV2 ? "attention(%a : {a})" : ""},
      {"{coefficients}", c.keepsCoefficients ? "coefficients(%p : {p})" : ""},
      {"{seed}", c.rate > 0 ? "seed(%seed)" : ""},
      {"{rate}", c.rate > 0 ? "rate(" + std::to_string(c.rate) + ")" : ""},
      {"{kind}", c.isV2 ? "gatv2" : "gat"},
      {"{l}", c.isShared ? "%x" : "%l"},
      {"{H}", std::to_string(c.heads)},
      {"{pos}", "tensor<" + extent(c.rows + 1) + "xi32>"},
      {"{idx}", "tensor<" + extent(c.edges()) + "xi32>"},
      {"{edges}", "tensor<" + extent(c.edges()) + "xi32>"},
      {"{graph}", graph(c.rows, c.columns)},
      {"{turned}", graph(c.columns, c.rows)},
      {"{x}", matrix(extent(c.columns), features)},
      {"{y}", matrix(extent(c.rows), features)},
      {"{h}", matrix(extent(c.rows), c.heads)},
      {"{rs}", matrix(extent(c.rows), c.scoreColumns())},
      {"{cs}", matrix(extent(c.columns), c.scoreColumns())},
      {"{p}", coefficients},
      {"{a}", vector},
  };
  for (const auto &[word, meaning] : words)
    text = replaceAll(text, word, meaning);
  return text;
}

std::vector<Tensor> makeArguments(const Case &c, std::mt19937 &generator) {
  int64_t features = c.heads * c.channels;
  // A dot product with the attention vector is as large as a score of gat.
  float scores = c.isV2 ? 1 : c.scoreScale, attention = c.scoreScale / std::sqrt(static_cast<float>(c.channels));
  Tensor seed = makeIntegers(64, {}, {static_cast<int64_t>((uint64_t(generator()) << 32) | generator())});
  auto integers = [](const std::vector<int32_t> &values) {
    return makeIntegers(32, {int64_t(values.size())}, std::vector<int64_t>(values.begin(), values.end()));
  };
  return {integers(c.positions),
          integers(c.indices),
          makeFloats(c.element, {c.columns, features}, 1, generator),
          makeFloats(c.element, {c.rows, c.scoreColumns()}, scores, generator),
          makeFloats(c.element, {c.columns, c.scoreColumns()}, scores, generator),
          makeFloats(c.element, {c.rows, features}, 1, generator),
          makeFloats(c.element, {features}, attention, generator),
          seed};
}

/// Compares with the evaluator; errors may be some roundings of the greatest term that a result sums.
void expectAgreement(const Case &c, const Bytes &computed, const llvm::SmallVector<Tensor> &expected) {
  ASSERT_EQ(computed.size(), expected.size());
  const char *names[] = {"result", "logsumexp", "d_features", "d_row_scores", "d_column_scores", "", "d_attention"};
  double rounding = std::string(c.element) == "f64" ? 1e-14 : 4e-7, kept = 1 / (1 - c.rate);
  // A coefficient is off by as much as its score, a dot product by as much as its terms, and a column sums as many rows
  // as it has edges.
  double coefficient = rounding * (2 + 2 * c.scoreScale), dot = kept * (2 + c.channels);
  double slope = c.isV2 ? c.scoreScale / std::sqrt(double(c.channels)) : 1, rows = 1 + c.rows;
  double bounds[] = {coefficient * kept * 2,        rounding * (4 + 4 * c.scoreScale), coefficient * kept * rows,
                     coefficient * dot * slope * 4, coefficient * dot * slope * rows,  coefficient * 2,
                     coefficient * dot * rows * 4};
  for (size_t i = 0; i < expected.size(); ++i) {
    size_t what = i < 5 ? i : c.keepsCoefficients && i == 5 ? 5 : 6;
    Tensor got = Tensor::fromBytes(expected[i].elementType, expected[i].shape, computed[i].data());
    for (size_t j = 0; j < got.floats.size(); ++j) {
      double a = got.floats[j], b = expected[i].floats[j];
      bool isRight = std::isnan(b) ? std::isnan(a) : a == b || std::fabs(a - b) <= bounds[what];
      ASSERT_TRUE(isRight) << (what == 5 ? "coefficients" : names[what]) << "[" << j << "] = " << a << ", expected "
                           << b << " within " << bounds[what];
    }
  }
}

/// Compiled for `cpu` with one thread and with two: the same bits, and what the evaluator says.
void check(const Case &c, const std::vector<Tensor> &arguments, const std::string &cpu) {
  SCOPED_TRACE(c.describe() + " for " + cpu);
  std::string text = makeModel(c);
  setCrashNote(c.describe());
  Bytes alone = runModel(text, "threads=1 target-cpu=" + cpu, 1, arguments);
  Bytes together = runModel(text, "threads=2 target-cpu=" + cpu, 2, arguments);
  ASSERT_FALSE(alone.empty());
  EXPECT_EQ(alone, together) << "threads change results";
  expectAgreement(c, alone, evaluateModel(text, arguments));
}

int64_t countCases(int64_t cases) { return std::getenv("SPNN_LONG_TESTS") ? 10 * cases : cases; }

template <typename T, size_t N> T pick(const T (&values)[N], std::mt19937 &generator) {
  return values[generator() % N];
}

Case makeCase(std::mt19937 &generator) {
  static const int64_t kHeads[] = {1, 2, 3, 4, 8, 16, 17}, kChannels[] = {1, 3, 7, 8, 16, 33},
                       kExtents[] = {0, 1, 2, 13, 61, 130};
  Case c;
  c.heads = pick(kHeads, generator);
  c.channels = pick(kChannels, generator);
  c.rows = pick(kExtents, generator);
  c.isV2 = generator() % 2;
  c.columns = pick(kExtents, generator);
  c.isShared = c.isV2 && generator() % 2;
  c.keepsCoefficients = generator() % 3 == 0;
  c.isDynamic = generator() % 2;
  c.rate = generator() % 2 ? 0.5 : 0;
  c.scoreScale = generator() % 4 == 0 ? 40 : 1;
  c.pattern = static_cast<RandomGraph::Pattern>(generator() % RandomGraph::NumPatterns);
  makeGraph(c, generator);
  return c;
}

const char *const kCpus[] = {"native", "haswell", "x86-64"};

TEST(Attention, AgreesWithTheEvaluator) {
  std::mt19937 generator(1);
  for (int64_t i = 0; i < countCases(12); ++i) {
    Case c = makeCase(generator);
    check(c, makeArguments(c, generator), kCpus[i % 3]);
  }
}

/// Every number of heads beside every number of channels, each of them on a graph with long, short and empty rows.
TEST(Attention, HeadsAndChannels) {
  std::mt19937 generator(2);
  int64_t number = 0;
  for (int64_t heads : {1, 2, 3, 4, 8, 16})
    for (int64_t channels : {1, 3, 7, 8, 16, 33}) {
      if (number++ % 4 != 0 && !std::getenv("SPNN_LONG_TESTS"))
        continue;
      Case c;
      c.heads = heads;
      c.channels = channels;
      c.rows = c.columns = 101;
      c.isV2 = number / 4 % 2;
      c.pattern = RandomGraph::DenseRow;
      makeGraph(c, generator);
      check(c, makeArguments(c, generator), "native");
    }
}

/// Features too wide for registers: rows in tiles, and brought into their layout by vectors of channels (of every head)
/// or one element at a time.
TEST(Attention, WideFeatures) {
  std::mt19937 generator(6);
  const std::pair<int64_t, int64_t> kShapes[] = {{8, 64}, {3, 48}, {20, 9}, {1, 300}};
  for (auto [heads, channels] : kShapes) {
    Case c;
    c.heads = heads;
    c.channels = channels;
    c.rows = c.columns = 19;
    c.isV2 = heads % 2;
    c.rate = heads == 3 ? 0.5 : 0;
    makeGraph(c, generator);
    check(c, makeArguments(c, generator), "native");
  }
}

TEST(Attention, DoublePrecision) {
  std::mt19937 generator(3);
  for (bool isV2 : {false, true}) {
    Case c;
    c.heads = 3;
    c.channels = 5;
    c.rows = 23;
    c.columns = 31;
    c.isV2 = isV2;
    c.rate = 0.25;
    c.element = "f64";
    makeGraph(c, generator);
    check(c, makeArguments(c, generator), "native");
  }
}

/// Scores whose exponentials no float holds.
TEST(Attention, LargeScores) {
  std::mt19937 generator(4);
  Case c;
  c.heads = 8;
  c.channels = 8;
  c.rows = c.columns = 61;
  c.pattern = RandomGraph::DenseRow;
  c.scoreScale = 4000;
  makeGraph(c, generator);
  std::vector<Tensor> arguments = makeArguments(c, generator);
  Bytes results = runModel(makeModel(c), "threads=1", 1, arguments);
  ASSERT_EQ(results.size(), 5u);
  llvm::SmallVector<Tensor> expected = evaluateModel(makeModel(c), arguments);
  expectAgreement(c, results, expected);
  for (double number : expected[0].floats)
    ASSERT_TRUE(std::isfinite(number));
}

/// What is not a number stays in its head and in the rows that it reaches; minus infinity takes an edge away.
TEST(Attention, SpecialNumbers) {
  std::mt19937 generator(5);
  const double kNaN = std::nan(""), kInfinity = std::numeric_limits<double>::infinity();
  for (double special : {kNaN, -kInfinity, kInfinity})
    for (bool isInFeatures : {true, false}) {
      Case c;
      c.heads = 3;
      c.channels = 7;
      c.rows = c.columns = 37;
      c.pattern = RandomGraph::EmptyRows;
      makeGraph(c, generator);
      std::vector<Tensor> arguments = makeArguments(c, generator);
      arguments[isInFeatures ? 2 : 4].floats[4] = special;
      SCOPED_TRACE(special);
      // Gradients of infinities are differences of them.
      std::string text = makeModel(c);
      Bytes computed = runModel(text, "threads=1", 1, arguments);
      llvm::SmallVector<Tensor> expected = evaluateModel(text, arguments);
      size_t compared = std::isnan(special) ? expected.size() : 2;
      computed.resize(compared);
      expected.resize(compared, expected[0]);
      expectAgreement(c, computed, expected);
    }
}

} // namespace
