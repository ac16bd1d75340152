//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Suite gat: a layer of graph attention, 64 features to 8 heads of 8, forward and backward, on real graphs.
//
//===----------------------------------------------------------------------===//
#include "Buffer.h"
#include "Graphs.h"
#include "Runner.h"
#include "Suites.h"
#include "Timing.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <regex>

using namespace spnn;
using namespace spnn::bench;

namespace {
constexpr const char *kGraphs[] = {"coauthor_phy", "amazon_cs", "tolokers"};
constexpr int64_t kHeads = 8, kChannels = 8, kFeatures = kHeads * kChannels, kInputs = 64;

/// What is timed. The first two are the attention alone, on features and scores; the third is the whole layer, dense
/// products and all gradients included; the last computes what the first does by one op an edge value.
struct Variant {
  const char *function, *title;
};
constexpr Variant kVariants[] = {
    {"forward", "forward"}, {"backward", "backward"}, {"layer", "layer"}, {"unfused", "unfused"}};
} // namespace

/// Words in braces stand for types: x and y for the nodes' features, s for scores, w and a for weights, e for edge
/// values.
static constexpr const char *kForward = R"mlir(
func.func @forward(%h: {y}, %r: {s}, %l: {s}) -> ({y}, {s}) {
{graph}  %o, %lse = spnn.graph_attention gat %g, %h, %r, %l heads(8) : ({g}, {y}, {s}, {s}) -> ({y}, {s})
  return %o, %lse : {y}, {s}
}
)mlir";

static constexpr const char *kBackward = R"mlir(
func.func @backward(%h: {y}, %r: {s}, %l: {s}, %o: {y}, %lse: {s}, %dy: {y}) -> ({y}, {s}, {s}) {
{graph}  %t, %order = spnn.transpose %g : {g} -> {g}, {order}
  %dh, %dr, %dl = spnn.graph_attention_backward gat %g, %t, %order, %h, %r, %l output(%o) logsumexp(%lse) gradient(%dy)
      heads(8) : ({g}, {g}, {order}, {y}, {s}, {s}, {y}, {s}, {y}) -> ({y}, {s}, {s})
  return %dh, %dr, %dl : {y}, {s}, {s}
}
)mlir";

static constexpr const char *kLayer = R"mlir(
func.func @layer(%x: {x}, %w: {w}, %ar: {a}, %al: {a}, %dy: {y}) -> ({y}, {x}, {w}, {a}, {a}) {
{graph}  %t, %order = spnn.transpose %g : {g} -> {g}, {order}
  %h = spnn.matmul %x, %w : ({x}, {w}) -> {y}
  %r = spnn.matmul %h, %ar : ({y}, {a}) -> {s}
  %l = spnn.matmul %h, %al : ({y}, {a}) -> {s}
  %o, %lse = spnn.graph_attention gat %g, %h, %r, %l heads(8) : ({g}, {y}, {s}, {s}) -> ({y}, {s})
  %d0, %dr, %dl = spnn.graph_attention_backward gat %g, %t, %order, %h, %r, %l output(%o) logsumexp(%lse) gradient(%dy)
      heads(8) : ({g}, {g}, {order}, {y}, {s}, {s}, {y}, {s}, {y}) -> ({y}, {s}, {s})
  %d1 = spnn.matmul %dr, %ar {transpose_rhs} : ({s}, {a}) -> {y}
  %d2 = spnn.matmul %dl, %al {transpose_rhs} : ({s}, {a}) -> {y}
  %d3 = arith.addf %d0, %d1 : {y}
  %dh = arith.addf %d3, %d2 : {y}
  %dar = spnn.matmul %h, %dr {transpose_lhs} : ({y}, {s}) -> {a}
  %dal = spnn.matmul %h, %dl {transpose_lhs} : ({y}, {s}) -> {a}
  %dw = spnn.matmul %x, %dh {transpose_lhs} : ({x}, {y}) -> {w}
  %dx = spnn.matmul %dh, %w {transpose_rhs} : ({y}, {w}) -> {x}
  return %o, %dx, %dw, %dar, %dal : {y}, {x}, {w}, {a}, {a}
}
)mlir";

static constexpr const char *kUnfused = R"mlir(
func.func @unfused(%h: {y}, %r: {s}, %l: {s}) -> {y} {
{graph}  %z = spnn.sddmm add %g, %r, %l : ({g}, {s}, {s}) -> {e}
  %slope = arith.constant dense<0.2> : {e}
  %sloped = arith.mulf %z, %slope : {e}
  %v = arith.maximumf %z, %sloped : {e}
  %p = spnn.edge_softmax %g, %v : {g}, {e}
  %o = spnn.aggregate sum %g, %h edge_values(%p : {e}) : ({g}, {y}) -> {y}
  return %o : {y}
}
)mlir";

static std::string makeModel(const char *function, const Adjacency &graph) {
  auto matrix = [](int64_t rows, int64_t columns) {
    return "tensor<" + std::to_string(rows) + "x" + std::to_string(columns) + "xf32>";
  };
  std::pair<const char *, std::string> words[] = {
      {"{graph}", makeGraphConstant("%g", graph)},

      {"{g}", graphType(graph)},
      {"{order}", "tensor<" + std::to_string(graph.edges()) + "xi32>"},
      {"{x}", matrix(graph.rows, kInputs)},
      {"{y}", matrix(graph.rows, kFeatures)},
      {"{s}", matrix(graph.rows, kHeads)},
      {"{w}", matrix(kInputs, kFeatures)},
      {"{a}", matrix(kFeatures, kHeads)},
      {"{e}", matrix(graph.edges(), kHeads)},
  };
  std::string text = function;
  for (const auto &[word, meaning] : words)
    text = replaceAll(text, word, meaning);
  return text;
}

/// The greatest error of some rows of what the forward function computed, by loops in double precision.
static double findError(const Adjacency &graph, const Runner &forward) {
  const AlignedFloats &h = forward.inputs[0], &r = forward.inputs[1], &l = forward.inputs[2],
                      &result = forward.outputs[0];
  double error = 0;
  for (int64_t i = 0; i < graph.rows; i += 1 + graph.rows / 100)
    for (int64_t head = 0; head < kHeads; ++head) {
      std::vector<double> sums(kChannels);
      double total = 0;
      for (int32_t edge = graph.positions[i]; edge < graph.positions[i + 1]; ++edge) {
        int64_t j = graph.indices[edge];
        double z = static_cast<double>(r[i * kHeads + head]) + l[j * kHeads + head], p = std::exp(z > 0 ? z : 0.2 * z);
        total += p;
        for (int64_t c = 0; c < kChannels; ++c)
          sums[c] += p * h[j * kFeatures + head * kChannels + c];
      }
      for (int64_t c = 0; c < kChannels && total > 0; ++c)
        error = std::max(error, std::fabs(sums[c] / total - result[i * kFeatures + head * kChannels + c]));
    }
  return error;
}

static runtime::Error runCase(const std::string &name, const Adjacency &graph, int threads, const SuiteOptions &options,
                              llvm::json::Array &rows, bool &isRight) {
  const char *texts[] = {kForward, kBackward, kLayer, kUnfused};
  Runner runners[std::size(kVariants)];
  Contest contest(threads);
  for (size_t i = 0; i < std::size(kVariants); ++i) {
    if (runtime::Error error = runners[i].prepare(makeModel(texts[i], graph), options, threads))
      return error;
    contest.add([&, i](int) { (void)runners[i].call.run(runners[i].context); }, 1);
  }
  // Coefficients sum to 1, and features are at most 1.
  double error = findError(graph, runners[0]);
  for (size_t i = 0; i < runners[0].outputs[0].size(); ++i)
    error = std::max<double>(error, std::fabs(runners[0].outputs[0][i] - runners[3].outputs[0][i]));
  if (!(error <= 1e-5)) {
    llvm::outs() << name << ": results are off by " << error << "\n";
    isRight = false;
  }
  // The backward pass works on what the forward pass returned.
  runners[1].inputs[3] = runners[0].outputs[0];
  runners[1].inputs[4] = runners[0].outputs[1];
  contest.hold(options.seconds > 0 ? options.seconds : options.quick ? 1 : 3, 7);
  // What an edge gathers: features and a score, and in the backward pass of the columns the gradient and three numbers
  // a head.
  double forward = 4.0 * graph.edges() * (kFeatures + kHeads);
  double gathered[] = {forward, forward + 4.0 * graph.edges() * (kFeatures + 3 * kHeads)};
  llvm::outs() << llvm::format("%-13s %7lld %8lld %d", name.c_str(), (long long)graph.rows, (long long)graph.edges(),
                               threads);
  llvm::json::Object row{{"suite", "gat"}, {"case", name}, {"threads", threads}};
  for (auto [i, variant] : llvm::enumerate(kVariants)) {
    Timing timing = contest.get(i);
    llvm::outs() << llvm::format(" %7.2f [%.2f, %.2f]", timing.median / 1e3, timing.min / 1e3, timing.max / 1e3);
    if (i < 2)
      llvm::outs() << llvm::format(" %.0f GB/s", gathered[i] / timing.median / 1e3);
    row[variant.title] = llvm::json::Object{{"median_us", timing.median},
                                            {"min_us", timing.min},
                                            {"max_us", timing.max},
                                            {"arena_bytes", static_cast<int64_t>(runners[i].context.arenaBytes())}};
  }
  llvm::outs() << llvm::format(" %7.1f %7.1f\n", runners[2].context.arenaBytes() / 1e6,
                               runners[3].context.arenaBytes() / 1e6);
  llvm::outs().flush();
  rows.push_back(std::move(row));
  return std::nullopt;
}

int spnn::bench::runGatSuite(const SuiteOptions &options) {
  if (options.data.empty()) {
    llvm::errs() << "spnn-bench: suite gat reads its graphs from --data DIR\n";
    return 1;
  }
  llvm::outs() << "graph, nodes, edges with loops, threads; milliseconds, median [min, max]: attention forward and its "
                  "backward pass, with the speed of what edges gather; the layer, forward and backward with dense "
                  "products; attention forward by unfused ops; working memory of the layer and of unfused ops in MB\n";
  llvm::json::Array rows;
  bool isRight = true;
  std::regex filter(options.filter);
  for (const char *name : kGraphs) {
    std::string path = options.data + "/" + name + ".npz";
    if (!std::regex_search(name, filter))
      continue;
    if (!llvm::sys::fs::exists(path)) {
      llvm::outs() << name << ": left out, there is no " << path << "\n";
      continue;
    }
    Adjacency graph;
    runtime::Error error = readGraph(path, graph);
    for (int threads : {1, std::max(2, options.threads)})
      if (!error)
        error = runCase(name, graph, threads, options, rows, isRight);
    if (error) {
      llvm::errs() << "spnn-bench: " << name << ": " << *error << "\n";
      return 1;
    }
  }
  if (!writeRows(options, std::move(rows)))
    return 1;
  return isRight ? 0 : 1;
}
