//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Suite scaling: how much faster are our kernels on several threads, with nothing else between two calls?
//
//===----------------------------------------------------------------------===//
#include "Buffer.h"
#include "Machine.h"
#include "Ours.h"
#include "Suites.h"
#include "Timing.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <regex>

using namespace spnn;
using namespace spnn::bench;
using llvm::format;

namespace {
struct ScalingCase {
  ProductCase product;
  std::string format, kernel; ///< forced
  std::string name() const { return product.name() + "/" + kernel; }
};

/// One case compiled for a number of threads.
class Runner {
public:
  runtime::Error compile(const ScalingCase &c, const std::vector<Matrix> &matrices, int threads,
                         const SuiteOptions &options, Buffer &x, Buffer &y);
  /// Microseconds of a call in each round; wall-clock time, so that two numbers of threads compare.
  runtime::Error measure(double seconds, Timing &timing);

private:
  std::unique_ptr<Compiled> compiled;
  int threads = 1, count = 1;
};
} // namespace

static std::vector<ScalingCase> listCases() {
  std::vector<ScalingCase> cases;
  for (int64_t n : {128, 512})
    for (int64_t m : {768, 3072}) {
      auto add = [&](const char *formatName, const char *kernel, Pattern pattern) {
        cases.push_back({{m, 768, n, std::move(pattern)}, formatName, kernel});
      };
      for (double sparsity : {0.5, 0.7, 0.8, 0.9, 0.95}) {
        add("csr", "hardcoded", {Pattern::Kind::Unstructured, 1, 1, sparsity, "", ""});
        add("csr", "pattern-tile", {Pattern::Kind::Unstructured, 1, 1, sparsity, "", ""});
        add("bsr4x1", "block", {Pattern::Kind::Block, 4, 1, sparsity, "", ""});
      }
      add("csr", "pattern-tile", {Pattern::Kind::NM, 2, 4, 0.5, "", ""});
      add("nm2:4", "nm", {Pattern::Kind::NM, 2, 4, 0.5, "", ""});
    }
  return cases;
}

runtime::Error Runner::compile(const ScalingCase &c, const std::vector<Matrix> &matrices, int wanted,
                               const SuiteOptions &options, Buffer &x, Buffer &y) {
  threads = wanted;
  count = static_cast<int>(matrices.size());
  CompileOptions compile;
  compile.threads = threads;
  compile.targetFile = options.targetFile;
  compile.cpu = options.cpu;
  compile.format = c.format;
  compile.kernel = c.kernel;
  std::vector<Product> products;
  for (const Matrix &matrix : matrices)
    products.push_back({&matrix, c.product.n, Form::Rows});
  if (runtime::Error error = Compiled::compile(products, compile, compiled))
    return error;
  for (int i = 0; i < count; ++i)
    if (runtime::Error error = compiled->bind(i, x.data(), y.data()))
      return error;
  return std::nullopt;
}

runtime::Error Runner::measure(double seconds, Timing &timing) {
  // More than one thread: the wall clock, whatever this runner has.
  Contest contest(/*threads=*/2);
  runtime::Error failed;
  contest.add([&](int i) { failed = compiled->run(i); }, count);
  contest.hold(seconds, 7);
  timing = contest.get(0);
  return failed;
}

static runtime::Error runCase(const ScalingCase &c, const SuiteOptions &options, llvm::json::Array &rows) {
  constexpr double kRotatedNonzeros = 240e3;
  const ProductCase &product = c.product;
  double expected = static_cast<double>(product.m) * product.k * (1 - product.pattern.sparsity);
  int count = options.rotate > 0 ? options.rotate
                                 : std::min(8, std::max(1, static_cast<int>(std::ceil(kRotatedNonzeros / expected))));
  std::vector<Matrix> matrices;
  for (int i = 0; i < count; ++i)
    matrices.push_back(*makeMatrix(product.pattern, product.m, product.k, 1 + i));
  Buffer x(makeActivations(product.k * product.n, 99)), y(product.m * product.n);
  int threads = std::max(2, options.threads);
  Runner one, several;
  if (runtime::Error error = one.compile(c, matrices, 1, options, x, y))
    return c.name() + ": " + *error;
  if (runtime::Error error = several.compile(c, matrices, threads, options, x, y))
    return c.name() + ": " + *error;
  // One after the other, not in turns: each would push the other's code out of the caches.
  double seconds = (options.seconds > 0 ? options.seconds : 0.6) / 2;
  Timing alone, together;
  if (runtime::Error error = one.measure(seconds, alone))
    return error;
  if (runtime::Error error = several.measure(seconds, together))
    return error;
  auto print = [](const Timing &timing) {
    llvm::outs() << format("%9.1f", timing.median) << format(" [%.1f, %.1f]", timing.min, timing.max);
  };
  llvm::outs() << llvm::left_justify(c.name(), 44);
  print(alone);
  llvm::outs() << "  ";
  print(together);
  llvm::outs() << format("%8.2f\n", alone.median / together.median);
  llvm::outs().flush();
  auto toJson = [](const Timing &timing) { return llvm::json::Array{timing.median, timing.min, timing.max}; };
  rows.push_back(llvm::json::Object{{"suite", "scaling"},
                                    {"case", c.name()},
                                    {"threads", threads},
                                    {"one_us", toJson(alone)},
                                    {"threads_us", toJson(together)},
                                    {"ratio", alone.median / together.median},
                                    {"machine", describeMachine()}});
  return std::nullopt;
}

int spnn::bench::runScalingSuite(const SuiteOptions &options) {
  llvm::outs() << "machine: " << describeMachine() << "; load average " << format("%.1f", loadAverage()) << "\n"
               << "Microseconds of X[k][n] to Y[m][n], median [min, max], on one thread and on "
               << std::max(2, options.threads) << ", each by itself.\n\n"
               << llvm::left_justify("case", 44) << "one thread, several, ratio\n";
  int status = 0;
  llvm::json::Array rows;
  std::regex filter(options.filter);
  for (const ScalingCase &c : listCases()) {
    if (!std::regex_search(c.name(), filter))
      continue;
    if (runtime::Error error = runCase(c, options, rows)) {
      llvm::errs() << "spnn-bench: " << *error << "\n";
      status = 1;
    }
  }
  return writeRows(options, std::move(rows)) ? status : 1;
}
