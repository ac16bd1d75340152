//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Suite spmm: sums over neighbours on real and generated graphs, beside loops written by hand.
//
//===----------------------------------------------------------------------===//
#include "Graphs.h"
#include "Runner.h"
#include "SpmmGather.h"
#include "SpmmHand.h"
#include "Suites.h"
#include "Timing.h"

#include "spnn/Cost/RowClusters.h"
#include "spnn/Import/GraphGenerators.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <regex>

using namespace spnn;
using namespace spnn::bench;

namespace {
/// Names of files, and one graph that is made: the extents of ogbn-arxiv, degrees by Chung and Lu's model.
constexpr const char *kGenerated = "arxiv-like";
constexpr const char *kGraphs[] = {"coauthor_phy", "amazon_cs", "tolokers", kGenerated};
constexpr int64_t kColumns[] = {7, 16, 64, 128, 256};
constexpr int64_t kTargetColumns = 64;
} // namespace

/// The sum alone, and with the scales of GCN's normalisation.
static std::string makeModel(const Adjacency &graph, int64_t columns, bool isScaled) {
  std::string text = R"mlir(
func.func @sum(%x: {x}, %s: {s}) -> {x} {
{graph}  %y = spnn.aggregate sum %g, %x {scales} : ({g}, {x}) -> {x}
  return %y : {x}
}
)mlir";
  std::string rows = std::to_string(graph.rows);
  text = replaceAll(text, "{scales}", isScaled ? "row_scales(%s : {s}) column_scales(%s : {s})" : "");
  text = replaceAll(text, "{x}", "tensor<" + rows + "x" + std::to_string(columns) + "xf32>");
  text = replaceAll(text, "{s}", "tensor<" + rows + "xf32>");
  text = replaceAll(text, "{g}", graphType(graph));
  return replaceAll(text, "{graph}", makeGraphConstant("%g", graph));
}

/// The greatest error of some rows, by loops in double precision, relative to the number of edges of a row.
static double findError(const Adjacency &graph, int64_t columns, bool isScaled, const Runner &runner) {
  const AlignedFloats &x = runner.inputs[0], &s = runner.inputs[1], &y = runner.outputs[0];
  double error = 0;
  for (int64_t i = 0; i < graph.rows; i += 1 + graph.rows / 100)
    for (int64_t c = 0; c < columns; ++c) {
      double sum = 0;
      for (int32_t edge = graph.positions[i]; edge < graph.positions[i + 1]; ++edge) {
        int64_t j = graph.indices[edge];
        sum += (isScaled ? s[j] : 1.0) * x[j * columns + c];
      }
      sum *= isScaled ? s[i] : 1.0;
      double edges = graph.positions[i + 1] - graph.positions[i] + 1;
      error = std::max(error, std::fabs(sum - y[i * columns + c]) / edges);
    }
  return error;
}

/// The graph with its rows in the order of clusters, as kernels that process them so read it.
static Adjacency sortRows(const Adjacency &graph) {
  cost::RowPattern pattern{graph.positions, graph.indices, graph.columns};
  Adjacency result{graph.rows, graph.columns, {0}, {}};
  for (int32_t row : cost::clusterRows(pattern)) {
    llvm::ArrayRef<int32_t> columns = pattern.row(row);
    result.indices.insert(result.indices.end(), columns.begin(), columns.end());
    result.positions.push_back(static_cast<int32_t>(result.indices.size()));
  }
  return result;
}

/// The distance of fetching ahead at which rows are gathered fastest.
static int64_t chooseDistance(const Adjacency &graph, int64_t columns, const float *x, float *sink, int threads) {
  constexpr int64_t kDistances[] = {0, 8, 16, 32};
  Contest contest(threads);
  for (int64_t distance : kDistances)
    contest.add([&, distance](int) { (void)gatherByHand(graph, columns, x, sink, distance, threads); }, 1);
  contest.hold(/*seconds=*/0.1, /*minRounds=*/5);
  size_t best = 0;
  for (size_t i = 1; i < std::size(kDistances); ++i)
    if (contest.get(i).median < contest.get(best).median)
      best = i;
  return kDistances[best];
}

namespace {
/// What is timed, in the order of the columns.
enum Entry { Sum, Scaled, OwnOrder, Gather, GatherClusters, Hand, HandScaled, NumEntries };
constexpr const char *kEntries[] = {"sum", "scaled", "own order", "gather", "gather clusters", "hand", "hand scaled"};
} // namespace

static runtime::Error runCase(const std::string &name, const Adjacency &graph, const Adjacency &sorted, int64_t columns,
                              int threads, const SuiteOptions &options, llvm::json::Array &rows, bool &isRight) {
  // All work on the same buffers: what one brings into the third-level cache the next one need not push out.
  Runner runners[Gather], &buffers = runners[Sum];
  SuiteOptions ownOrder = options;
  ownOrder.clusterRows = "off";
  Contest contest(threads);
  std::vector<AlignedFloats> sums;
  for (int entry = Sum; entry < Gather; ++entry) {
    Runner &runner = runners[entry];
    bool isScaled = entry == Scaled;
    if (runtime::Error error =
            runner.prepare(makeModel(graph, columns, isScaled), entry == OwnOrder ? ownOrder : options, threads,
                           entry == Sum ? nullptr : &buffers))
      return error;
    contest.add([&](int) { (void)runner.call.run(runner.context); }, 1);
    if (double error = findError(graph, columns, isScaled, buffers); !(error <= 1e-6)) {
      llvm::outs() << name << ", " << columns << " columns: results are off by " << error << "\n";
      isRight = false;
    }
    if (entry == Sum)
      sums = buffers.outputs;
  }
  if (sums != buffers.outputs) {
    llvm::outs() << name << ", " << columns << " columns: results depend on the order of rows\n";
    isRight = false;
  }
  const float *x = buffers.inputs[0].data();
  AlignedFloats sink(graph.rows * 16);
  auto runByHand = [&](bool isScaled) {
    const float *scales = isScaled ? buffers.inputs[1].data() : nullptr;
    return sumByHand(graph, columns, scales, x, buffers.outputs[0].data(), threads);
  };
  bool hasHand = runByHand(true);
  if (hasHand) {
    for (const Adjacency *order : {&graph, &sorted}) {
      int64_t distance = chooseDistance(*order, columns, x, sink.data(), threads);
      contest.add([&, order, distance](int) { (void)gatherByHand(*order, columns, x, sink.data(), distance, threads); },
                  1);
    }
    for (bool isScaled : {false, true})
      contest.add([&, isScaled](int) { (void)runByHand(isScaled); }, 1);
  }
  contest.hold(options.seconds > 0 ? options.seconds : options.quick ? 0.5 : 2, 9);
  double work = 2.0 * graph.edges() * columns; // of the sums
  llvm::outs() << llvm::format("%-13s %7lld %8lld %4lld %d", name.c_str(), (long long)graph.rows,
                               (long long)graph.edges(), (long long)columns, threads);
  llvm::json::Object row{{"suite", "spmm"}, {"case", name}, {"columns", columns}, {"threads", threads}};
  for (int entry = Sum; entry < (hasHand ? NumEntries : Gather); ++entry) {
    Timing timing = contest.get(entry);
    llvm::outs() << llvm::format(" %8.3f %6.1f", timing.median / 1e3, work / timing.median / 1e3);
    row[kEntries[entry]] = llvm::json::Object{{"median_us", timing.median},
                                              {"min_us", timing.min},
                                              {"gflops", work / timing.median / 1e3},
                                              {"best_gflops", work / timing.min / 1e3}};
  }
  if (hasHand)
    llvm::outs() << llvm::format(" %4.0f %% %4.0f %%", 100 * contest.get(Gather).median / contest.get(Sum).median,
                                 100 * contest.get(GatherClusters).median / contest.get(Sum).median);
  llvm::outs() << "\n";
  llvm::outs().flush();
  rows.push_back(std::move(row));
  return std::nullopt;
}

static runtime::Error getGraph(const std::string &name, const std::string &path, Adjacency &graph) {
  if (name != kGenerated)
    return readGraph(path, graph);
  graph::GraphData data;
  if (graph::Error error = graph::makeChungLuGraph({}, data))
    return *error;
  graph = {data.nodes(), data.nodes(), {0}, {}};
  for (int64_t i = 0; i < graph.rows; ++i) {
    std::vector<int32_t> row(data.adjacency.indices.begin() + data.adjacency.positions[i],
                             data.adjacency.indices.begin() + data.adjacency.positions[i + 1]);
    row.push_back(i);
    std::sort(row.begin(), row.end());
    row.erase(std::unique(row.begin(), row.end()), row.end());
    graph.indices.insert(graph.indices.end(), row.begin(), row.end());
    graph.positions.push_back(graph.indices.size());
  }
  return std::nullopt;
}

int spnn::bench::runSpmmSuite(const SuiteOptions &options) {
  llvm::outs() << "graph, nodes, edges with loops, columns, threads; milliseconds and GFLOP/s (2 edges columns): ours, "
                  "ours with GCN's scales, ours with rows in their own order, rows of features only read, the same in "
                  "clusters, by hand, by hand with scales; ours as a share of the two that only read\n";
  llvm::json::Array rows;
  bool isRight = true;
  std::regex filter(options.filter);
  for (const char *name : kGraphs) {
    std::string path = options.data + "/" + name + ".npz";
    if (!std::regex_search(name, filter))
      continue;
    if (name != kGenerated && !llvm::sys::fs::exists(path)) {
      llvm::outs() << name << ": left out, there is no " << path << "\n";
      continue;
    }
    Adjacency graph;
    runtime::Error error = getGraph(name, path, graph);
    Adjacency sorted = error ? Adjacency() : sortRows(graph);
    for (int64_t columns : kColumns)
      for (int threads : {1, std::max(2, options.threads)})
        if (!error && (!options.quick || columns == kTargetColumns))
          error = runCase(name, graph, sorted, columns, threads, options, rows, isRight);
    if (error) {
      llvm::errs() << "spnn-bench: " << name << ": " << *error << "\n";
      return 1;
    }
  }
  if (!writeRows(options, std::move(rows)))
    return 1;
  return isRight ? 0 : 1;
}
