//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Suite sweep: is the chosen kernel ever slower than dense, how far is it from the best, how good are the predictions?
//
//===----------------------------------------------------------------------===//
#include "Buffer.h"
#include "Machine.h"
#include "Ours.h"
#include "Peers.h"
#include "Suites.h"
#include "Timing.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <cstdio>
#include <random>
#include <regex>

extern "C" void omp_set_num_threads(int);

using namespace spnn;
using namespace spnn::bench;
using llvm::format;

namespace {
/// What one case showed.
struct Outcome {
  double chosen = 0, dense = 0, best = 0; ///< microseconds, whole layers
  double predicted = 0;
  double tuned = 0; ///< of the choice by measuring
};

class SweepSuite {
public:
  explicit SweepSuite(const SuiteOptions &options) : options(options) {}
  int run();

private:
  std::vector<ProductCase> listCases() const;
  runtime::Error measureCall();
  /// What the compiler chooses by measuring.
  runtime::Error tune(const ProductCase &c, const Matrix &matrix, std::string &format, std::string &kernel) const;
  runtime::Error runCase(const ProductCase &c);
  void summarize() const;

  const SuiteOptions &options;
  double callMicroseconds = 0; ///< of a call that does next to nothing, which the cost model does not count
  std::vector<Outcome> outcomes;
  llvm::json::Array rows;
};
} // namespace

/// Seeded: the same cases every time, from small layers to those of large networks.
std::vector<ProductCase> SweepSuite::listCases() const {
  std::mt19937 generator(2024);
  std::uniform_real_distribution<double> exponent(5, 12);
  const int64_t columns[] = {1, 2, 7, 15, 16, 17, 33, 100, 128, 509};
  const double sparsities[] = {0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98};
  std::vector<ProductCase> cases;
  int count = options.cases > 0 ? options.cases : options.quick ? 40 : 300;
  while (static_cast<int>(cases.size()) < count) {
    ProductCase c;
    // Blocks and groups of 16 fit; every other extent is a round one, as layers have them.
    auto extent = [&] {
      int64_t value = std::lround(std::exp2(exponent(generator)));
      return (value + 15) / 16 * 16;
    };
    c.m = extent();
    c.k = extent();
    c.n = columns[generator() % std::size(columns)];
    double sparsity = sparsities[generator() % std::size(sparsities)];
    switch (generator() % 8) {
    case 0:
      c.pattern = {Pattern::Kind::Block, 4, 1, sparsity, "", ""};
      break;
    case 1:
      c.pattern = {Pattern::Kind::Block, generator() % 2 ? 8 : 16, 1, sparsity, "", ""};
      break;
    case 2:
      c.pattern = {Pattern::Kind::NM, 2, 4, 0.5, "", ""};
      break;
    default:
      c.pattern = {Pattern::Kind::Unstructured, 1, 1, sparsity, "", ""};
    }
    cases.push_back(c);
  }
  if (!options.filter.empty()) {
    std::regex filter(options.filter);
    llvm::erase_if(cases, [&](const ProductCase &c) { return !std::regex_search(c.name(), filter); });
  }
  return cases;
}

runtime::Error SweepSuite::measureCall() {
  Matrix matrix = *makeMatrix({Pattern::Kind::Unstructured, 1, 1, 0, "", ""}, 1, 1, 1);
  CompileOptions compile;
  compile.threads = options.threads;
  compile.format = compile.kernel = "csr";
  std::unique_ptr<Compiled> compiled;
  if (runtime::Error error = Compiled::compile({{&matrix, 1, Form::Linear}}, compile, compiled))
    return error;
  Buffer x(1), y(1);
  if (runtime::Error error = compiled->bind(0, x.data(), y.data()))
    return error;
  Contest contest(options.threads);
  runtime::Error failed;
  contest.add([&](int) { failed = compiled->run(0); }, 1);
  contest.hold(0.1, 5);
  callMicroseconds = contest.get(0).min;
  return failed;
}

runtime::Error SweepSuite::tune(const ProductCase &c, const Matrix &matrix, std::string &formatName,
                                std::string &kernel) const {
  CompileOptions compile;
  compile.threads = options.threads;
  compile.targetFile = options.targetFile;
  compile.splitColumns = options.splitColumns;
  compile.tune = true;
  compile.tuneCache = options.cache + "/sweep-tune.json";
  // Times of an earlier run would say nothing about this one.
  std::remove(compile.tuneCache.c_str());
  std::unique_ptr<Compiled> compiled;
  if (runtime::Error error = Compiled::compile({{&matrix, c.n, Form::Linear}}, compile, compiled))
    return error;
  formatName = compiled->info(0).format;
  kernel = compiled->info(0).kernel;
  return std::nullopt;
}

runtime::Error SweepSuite::runCase(const ProductCase &c) {
  // A few matrices in turn, so that no predictor learns one; large ones do not fit it anyway.
  constexpr double kRotatedNonzeros = 150e3;
  double expected = std::max(1.0, static_cast<double>(c.m) * c.k * (1 - c.pattern.sparsity));
  int count = std::min(3, std::max(1, static_cast<int>(std::ceil(kRotatedNonzeros / expected))));
  std::vector<Matrix> matrices;
  for (int i = 0; i < count; ++i)
    matrices.push_back(*makeMatrix(c.pattern, c.m, c.k, 1 + i));
  std::vector<float> x = makeActivations(c.k * c.n, 99);
  Buffer xRows(x), xLinear(transposed(x, c.k, c.n)), y(c.m * c.n);

  struct Entry {
    std::string format, kernel;
    double predicted;
    std::unique_ptr<Compiled> compiled;
    size_t number = 0;
  };
  std::vector<Entry> entries;
  auto compile = [&](const std::string &formatName, const std::string &kernel) -> runtime::Error {
    CompileOptions compile;
    compile.threads = options.threads;
    compile.targetFile = options.targetFile;
    compile.splitColumns = options.splitColumns;
    compile.format = formatName;
    compile.kernel = kernel;
    std::vector<Product> products;
    for (const Matrix &matrix : matrices)
      products.push_back({&matrix, c.n, Form::Linear});
    Entry entry{formatName, kernel, 0, nullptr};
    if (runtime::Error error = Compiled::compile(products, compile, entry.compiled))
      return c.name() + ": " + *error;
    const Compiled::Info &info = entry.compiled->info(0);
    entry.format = info.format;
    entry.kernel = info.kernel;
    entry.predicted = info.predicted + info.layout + callMicroseconds;
    for (int i = 0; i < count; ++i)
      if (runtime::Error error = entry.compiled->bind(i, xLinear.data(), y.data()))
        return error;
    entries.push_back(std::move(entry));
    return std::nullopt;
  };
  // What the compiler chooses, then every other candidate that is not hopeless.
  if (runtime::Error error = compile(options.format, options.kernel))
    return error;
  const Compiled::Info chosen = entries[0].compiled->info(0);
  double least = chosen.predicted;
  for (const Compiled::Candidate &candidate : chosen.candidates)
    least = std::min(least, candidate.predicted);
  for (const Compiled::Candidate &candidate : chosen.candidates) {
    bool isDense = candidate.format == "dense";
    if ((candidate.format == chosen.format && candidate.kernel == (isDense ? "" : chosen.kernel)) ||
        (!isDense && candidate.predicted > 3 * least))
      continue;
    if (isDense && chosen.format == "dense")
      continue;
    if (runtime::Error error = compile(candidate.format, candidate.kernel))
      return error;
  }
  // The tuner measures kernels alone, in its own contest, and knows nothing of this one.
  size_t tuned = 0;
  if (options.tune) {
    std::string format, kernel;
    if (runtime::Error error = tune(c, matrices.front(), format, kernel))
      return c.name() + ": " + *error;
    auto isChosen = [&](const Entry &entry) { return entry.format == format && entry.kernel == kernel; };
    tuned = llvm::find_if(entries, isChosen) - entries.begin();
    if (tuned == entries.size())
      if (runtime::Error error = compile(format, format == "dense" ? "" : kernel))
        return error;
  }
  omp_set_num_threads(options.threads);
  Operands operands{c.n, xRows.data(), xLinear.data(), y.data()};
  // Peers rotate through the matrices as we do: dense weights come from as far away.
  std::vector<std::vector<PeerVariant>> peers;
  for (const Matrix &matrix : matrices)
    peers.push_back(makeOneDnnPeers(matrix, operands));

  Contest contest(options.threads);
  runtime::Error failed;
  for (Entry &entry : entries)
    entry.number = contest.add([&](int i) { failed = entry.compiled->run(i); }, count);
  std::vector<std::pair<size_t, std::string>> peerEntries;
  for (size_t p = 0; p < peers[0].size(); ++p)
    if (peers[0][p].linear)
      peerEntries.emplace_back(contest.add([&peers, p](int i) { peers[i][p].run(0); }, count), peers[0][p].variant);
  contest.hold(options.seconds > 0 ? options.seconds : 0.25, 5);
  if (failed)
    return failed;

  // The best round of each: neighbours on the machine slow down one and not the other.
  Outcome outcome;
  outcome.predicted = entries[0].predicted;
  outcome.chosen = contest.get(entries[0].number).min;
  outcome.dense = std::numeric_limits<double>::infinity();
  llvm::json::Array denseForms;
  for (const auto &[peer, variant] : peerEntries) {
    double time = contest.get(peer).min;
    outcome.dense = std::min(outcome.dense, time);
    denseForms.push_back(llvm::json::Object{{"variant", variant}, {"us", time}});
  }
  outcome.tuned = contest.get(entries[tuned].number).min;
  outcome.best = outcome.dense;
  const Entry *best = nullptr;
  llvm::json::Array candidates;
  for (const Entry &entry : entries) {
    double time = contest.get(entry.number).min;
    if (time < outcome.best || !best) {
      best = &entry;
      outcome.best = std::min(outcome.best, time);
    }
    candidates.push_back(llvm::json::Object{
        {"format", entry.format}, {"kernel", entry.kernel}, {"us", time}, {"predicted_us", entry.predicted}});
  }
  outcomes.push_back(outcome);
  llvm::outs() << llvm::left_justify(c.name(), 36)
               << llvm::left_justify(entries[0].format + "/" + entries[0].kernel, 20)
               << format("%10.1f", outcome.chosen) << format("%10.1f", outcome.predicted)
               << format("%6.0f %%", 100 * (outcome.predicted / outcome.chosen - 1)) << format("%10.1f", outcome.dense)
               << format("%8.2f", outcome.dense / outcome.chosen) << format("%10.1f", outcome.best)
               << format("%7.2f  ", outcome.chosen / outcome.best);
  std::string bestName = best->format + "/" + best->kernel;
  if (options.tune)
    llvm::outs() << llvm::left_justify(bestName, 20) << format("%7.2f  ", outcome.tuned / outcome.best)
                 << entries[tuned].format << "/" << entries[tuned].kernel << "\n";
  else
    llvm::outs() << bestName << "\n";
  llvm::outs().flush();
  rows.push_back(llvm::json::Object{{"suite", "sweep"},
                                    {"case", c.name()},
                                    {"ours_format", entries[0].format},
                                    {"ours_kernel", entries[0].kernel},
                                    {"ours_us", outcome.chosen},
                                    {"cost_model_us", outcome.predicted},
                                    {"onednn_us", outcome.dense},
                                    {"onednn_forms", std::move(denseForms)},
                                    {"tuned_us", options.tune ? llvm::json::Value(outcome.tuned) : nullptr},
                                    {"candidates", std::move(candidates)},
                                    {"threads", options.threads},
                                    {"machine", describeMachine()}});
  return std::nullopt;
}

void SweepSuite::summarize() const {
  if (outcomes.empty())
    return;
  auto share = [&](auto holds) {
    return 100.0 * static_cast<double>(llvm::count_if(outcomes, holds)) / static_cast<double>(outcomes.size());
  };
  double worst = std::numeric_limits<double>::infinity();
  for (const Outcome &o : outcomes)
    worst = std::min(worst, o.dense / o.chosen);
  llvm::outs() << "\n"
               << outcomes.size() << " cases. At least 0.95x of dense: "
               << format("%.1f %%", share([](const Outcome &o) { return o.dense >= 0.95 * o.chosen; })) << ", worst "
               << format("%.2fx", worst) << ". Within 10 % of the best candidate: "
               << format("%.1f %%", share([](const Outcome &o) { return o.chosen <= 1.1 * o.best; }))
               << ". Predicted within 20 %: " << format("%.1f %%", share([](const Outcome &o) {
                                                          return std::fabs(o.predicted / o.chosen - 1) <= 0.2;
                                                        }))
               << "\n";
  if (!options.tune)
    return;
  double logarithms = 0, worstTuned = 0;
  for (const Outcome &o : outcomes) {
    logarithms += std::log(o.chosen / o.tuned);
    worstTuned = std::max(worstTuned, o.tuned / o.best);
  }
  llvm::outs() << "Tuned: within 10 % of the best candidate: "
               << format("%.1f %%", share([](const Outcome &o) { return o.tuned <= 1.1 * o.best; })) << ", worst "
               << format("%.2fx", worstTuned) << "; another choice in "
               << format("%.1f %%", share([](const Outcome &o) { return o.tuned != o.chosen; }))
               << " of the cases; faster than the predicted choice by "
               << format("%.2fx", std::exp(logarithms / static_cast<double>(outcomes.size())))
               << " in geometric mean\n";
}

int SweepSuite::run() {
  llvm::outs() << "machine: " << describeMachine() << "; load average " << format("%.1f", loadAverage()) << "; "
               << options.threads << " thread" << (options.threads > 1 ? "s" : "") << "\n"
               << "Microseconds of whole layers X[n][k] to Y[n][m], the best of several rounds in turn.\n\n"
               << llvm::left_justify("case", 36) << llvm::left_justify("chosen", 20)
               << "      time predicted   error    oneDNN   ratio      best chosen/best"
               << (options.tune ? "        tuned/best\n" : "\n");
  int status = 0;
  if (runtime::Error error = measureCall()) {
    llvm::errs() << "spnn-bench: " << *error << "\n";
    return 1;
  }
  for (const ProductCase &c : listCases())
    if (runtime::Error error = runCase(c)) {
      llvm::errs() << "spnn-bench: " << *error << "\n";
      status = 1;
    }
  summarize();
  if (!writeRows(options, std::move(rows)))
    return 1;
  return status;
}

int spnn::bench::runSweepSuite(const SuiteOptions &options) { return SweepSuite(options).run(); }
