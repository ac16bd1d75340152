//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Suite matmul: sparse weights times dense activations, ours in three forms beside the peers.
//
//===----------------------------------------------------------------------===//
#include "Buffer.h"
#include "Machine.h"
#include "Ours.h"
#include "Peers.h"
#include "Suites.h"
#include "Timing.h"

#include "spnn/Cost/Cpu.h"

#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <map>
#include <random>
#include <regex>

extern "C" void omp_set_num_threads(int);

using namespace spnn;
using namespace spnn::bench;
using llvm::format;

namespace {
class MatmulSuite {
public:
  explicit MatmulSuite(const SuiteOptions &options) : options(options) {}
  int run();

private:
  std::vector<ProductCase> listCases() const;
  /// Returns an error that ends the suite.
  runtime::Error runCase(const ProductCase &c);
  void printHeader();
  void printTwins();

  const SuiteOptions &options;
  /// Of each case, how often its time dense products take, against rows and linear.
  std::map<std::string, std::pair<double, double>> denseRatios;
  /// Pruned layers, and the random patterns of their extents and densities.
  mutable std::vector<std::pair<std::string, std::string>> twins;
  llvm::json::Array rows;
  int wrong = 0;
  unsigned vectorBytes = 16;
};
} // namespace

std::vector<ProductCase> MatmulSuite::listCases() const {
  std::vector<Pattern> patterns;
  for (double sparsity : {0.5, 0.7, 0.8, 0.9, 0.95})
    patterns.push_back({Pattern::Kind::Unstructured, 1, 1, sparsity, "", ""});
  for (int64_t r : {4, 8})
    for (double sparsity : {0.8, 0.9})
      patterns.push_back({Pattern::Kind::Block, r, 1, sparsity, "", ""});
  patterns.push_back({Pattern::Kind::NM, 2, 4, 0.5, "", ""});
  for (int64_t n : {1, 2})
    patterns.push_back({Pattern::Kind::NMG, n, 4, 1 - static_cast<double>(n) / 4, "", "", 16});
  std::vector<ProductCase> cases;
  std::vector<int64_t> columns = options.quick ? std::vector<int64_t>{128} : std::vector<int64_t>{16, 64, 128, 512};
  for (int64_t n : columns)
    for (int64_t m : {768, 3072})
      for (const Pattern &pattern : patterns)
        cases.push_back({m, 768, n, pattern});
  // Single columns, in cache and from memory, and few columns, among which time should have no cliff.
  const Pattern ninety{Pattern::Kind::Unstructured, 1, 1, 0.9, "", ""}, tall{Pattern::Kind::Block, 16, 1, 0.8, "", ""};
  cases.push_back({768, 768, 1, ninety});
  cases.push_back({768, 768, 1, tall});
  if (!options.quick) {
    for (double sparsity : {0.5, 0.8, 0.95})
      cases.push_back({768, 768, 1, {Pattern::Kind::Unstructured, 1, 1, sparsity, "", ""}});
    for (int64_t r : {4, 8})
      cases.push_back({768, 768, 1, {Pattern::Kind::Block, r, 1, 0.8, "", ""}});
    for (int64_t n : {2, 3, 4, 7, 15, 16, 17, 18, 32, 33})
      cases.push_back({768, 768, n, ninety});
    for (const Pattern &pattern : {ninety, tall})
      cases.push_back({8192, 8192, 1, pattern});
  }
  if (!options.dlmc.empty()) {
    std::vector<std::string> files;
    std::error_code status;
    for (llvm::sys::fs::recursive_directory_iterator at(options.dlmc, status), end; at != end && !status;
         at.increment(status))
      if (llvm::sys::path::extension(at->path()) == ".smtx")
        files.push_back(at->path());
    llvm::sort(files);
    for (const std::string &file : files) {
      ProductCase c{0, 0, 128, {Pattern::Kind::File, 1, 1, 0, file, "dlmc-" + llvm::sys::path::stem(file).str()}};
      // Tiny layers say nothing about kernels.
      if (readSmtxHeader(file, c.m, c.k, c.pattern.sparsity) && c.m * c.k >= 100000 && c.m * c.k <= 4000000 &&
          (!options.quick || files.size() < 3 || &file - files.data() < 3)) {
        ProductCase twin{c.m, c.k, c.n, {Pattern::Kind::Unstructured, 1, 1, c.pattern.sparsity, "", ""}};
        twins.emplace_back(c.name(), twin.name());
        cases.push_back(c);
        if (llvm::none_of(cases, [&](const ProductCase &other) { return other.name() == twin.name(); }))
          cases.push_back(twin);
      }
    }
  }
  if (!options.filter.empty()) {
    std::regex filter(options.filter);
    // A pruned layer stays with the random pattern that it is compared with.
    auto isWanted = [&](const std::string &name) {
      return std::regex_search(name, filter) || llvm::any_of(twins, [&](const auto &pair) {
               return pair.second == name && std::regex_search(pair.first, filter);
             });
    };
    llvm::erase_if(cases, [&](const ProductCase &c) { return !isWanted(c.name()); });
  }
  return cases;
}

static llvm::json::Array toJson(const Timing &timing) {
  auto rounded = [](double value) { return std::round(value * 1000) / 1000; };
  return llvm::json::Array{rounded(timing.median), rounded(timing.min), rounded(timing.max)};
}

void MatmulSuite::printHeader() {
  std::string eigen = eigenVersion(), mkl = mklVersion(), libxsmm = libxsmmVersion();
  llvm::outs()
      << "machine: " << describeMachine() << "; load average " << format("%.1f", loadAverage()) << "\n"
      << "versions: LLVM " << LLVM_VERSION_STRING << ", oneDNN " << oneDnnVersion()
      << (eigen.empty() ? "" : ", Eigen " + eigen) << (libxsmm.empty() ? "" : ", LIBXSMM " + libxsmm)
      << (mkl.empty() ? "" : ", MKL " + mkl) << "\n"
      << "threads: ours and oneDNN " << options.threads << ", every other peer 1\n"
      << "Times are medians in microseconds, in turns within one run; ratio = peer / ours. rows: X[k][n] to "
         "Y[m][n], panels packed\nand unpacked inside; linear: X[n][k] to Y[n][m]; kernel: panels to panels. "
         "sparsifier, patched (by hand: noalias, fused\nmultiply-adds), eigen, plain-c, libxsmm and mkl are compared "
         "with rows.\n\n";
  llvm::outs() << llvm::left_justify("case", 40)
               << "      rows   linear   kernel  GF/s  %peak |   onednn  ratio | linear   ratio | sparsif.  ratio  "
                  "patched  ratio |  eigen  ratio | plain-c  ratio"
               << (libxsmm.empty() ? "" : " | libxsmm  ratio") << (mkl.empty() ? "\n" : " |    mkl  ratio\n");
}

runtime::Error MatmulSuite::runCase(const ProductCase &c) {
  // Enough different nonzeros that no branch predictor learns them.
  constexpr double kRotatedNonzeros = 240e3;
  double expected = static_cast<double>(c.m) * c.k * (1 - c.pattern.sparsity);
  // One matrix that no cache holds is as good as several.
  constexpr int64_t kHuge = int64_t(1) << 25;
  int count = options.rotate > 0  ? options.rotate
              : c.m * c.k > kHuge ? 1
                                  : std::min(8, std::max(2, static_cast<int>(std::ceil(kRotatedNonzeros / expected))));
  std::vector<Matrix> matrices;
  for (int i = 0; i < count; ++i) {
    std::optional<Matrix> matrix = makeMatrix(c.pattern, c.m, c.k, 1 + i);
    if (!matrix)
      return "cannot read " + c.pattern.path;
    matrices.push_back(std::move(*matrix));
  }
  std::vector<float> x = makeActivations(c.k * c.n, 99);
  std::mt19937 generator(7);
  std::bernoulli_distribution isKept(options.activationDensity);
  for (float &value : x)
    value = isKept(generator) ? value : 0;
  Buffer xRows(x), xLinear(transposed(x, c.k, c.n)), y(c.m * c.n);
  std::vector<Reference> references;
  for (const Matrix &matrix : matrices)
    references.emplace_back(matrix, x, c.n);
  // What ours has rounded, peers have not.
  std::vector<Reference> ourReferences;
  std::vector<float> ourX = roundTo(x, c.n, options.types.activations);
  for (const Matrix &matrix : matrices)
    ourReferences.emplace_back(roundTo(matrix, options.types.weights), ourX, c.n);

  // Ours: every form of every matrix in one library.
  const Form forms[] = {Form::Rows, Form::Linear, Form::Packed};
  CompileOptions compile;
  // Groups are also unstructured nonzeros, which may be faster: for them the cost model chooses.
  bool isOpen = c.pattern.kind == Pattern::Kind::NM;
  compile.format = options.format.empty() && !isOpen ? c.pattern.format() : options.format;
  compile.kernel = options.kernel;
  compile.threads = options.threads;
  compile.targetFile = options.targetFile;
  compile.splitColumns = options.splitColumns;
  compile.cpu = options.cpu;
  compile.types = options.types;
  bool packed = compile.format != "dense";
  std::vector<Product> products;
  for (Form form : forms)
    if (packed || form != Form::Packed)
      for (const Matrix &matrix : matrices)
        products.push_back({&matrix, c.n, form, options.activationDensity});
  double compileBegin = nowMicroseconds();
  std::unique_ptr<Compiled> ours;
  if (runtime::Error error = Compiled::compile(products, compile, ours))
    return c.name() + ": " + *error;
  double compileSeconds = (nowMicroseconds() - compileBegin) * 1e-6;
  // What agreeing on patterns in training is worth: the kernel that finds them in any matrix, on the same one.
  std::unique_ptr<Compiled> tiles;
  if (c.pattern.kind == Pattern::Kind::NMG) {
    CompileOptions rival = compile;
    rival.format = "csr";
    rival.kernel = "pattern-tile";
    std::vector<Product> kernels;
    for (const Matrix &matrix : matrices)
      kernels.push_back({&matrix, c.n, Form::Packed});
    if (runtime::Error error = Compiled::compile(kernels, rival, tiles))
      return c.name() + ": " + *error;
  }

  std::string wrongKernels;
  auto check = [&](const std::string &name, const Reference &reference, const float *result) {
    double error = reference.compare(result);
    if (error <= 1)
      return;
    wrongKernels += (wrongKernels.empty() ? "" : "; ") + name + " is off by " + std::to_string(error) +
                    " times the bound of its rounding error";
  };

  std::vector<Buffer> buffers;
  buffers.reserve(2 * products.size());
  runtime::Error failed;
  for (size_t p = 0; p < products.size(); ++p) {
    // Products of one form share their operands, as peers do.
    size_t first = p / count * count;
    if (p == first) {
      buffers.emplace_back(ours->pack(p, x));
      buffers.emplace_back(ours->outputElements(p));
    }
    Buffer &in = buffers[buffers.size() - 2], &out = buffers.back();
    if (runtime::Error error = ours->bind(p, in.data(), out.data()))
      return error;
    out.fill(NAN);
    if (runtime::Error error = ours->run(p))
      return error;
    check(std::string("ours, form ") + formName(products[p].form), ourReferences[p % count],
          ours->unpack(p, out.copy()).data());
  }

  Buffer tilesIn(tiles ? tiles->pack(0, x) : std::vector<float>()), tilesOut(tiles ? tiles->outputElements(0) : 0);
  for (int i = 0; tiles && i < count; ++i) {
    if (runtime::Error error = tiles->bind(i, tilesIn.data(), tilesOut.data()))
      return error;
    tilesOut.fill(NAN);
    if (runtime::Error error = tiles->run(i))
      return error;
    check("pattern-tile", references[i], tiles->unpack(i, tilesOut.copy()).data());
  }

  omp_set_num_threads(options.threads);
  Operands operands{c.n, xRows.data(), xLinear.data(), y.data()};
  std::vector<PeerVariant> peers = makeOneDnnPeers(matrices[0], operands);
  std::string problem;
  for (auto &more : {makeEigenPeers(matrices, operands), makeLibxsmmPeers(matrices, operands),
                     makeMklPeers(matrices, operands), makeGeneratedPeers(matrices, operands, options.cache, problem)})
    peers.insert(peers.end(), more.begin(), more.end());
  if (!problem.empty())
    llvm::errs() << c.name() << ": " << problem << "\n";
  for (const PeerVariant &peer : peers)
    for (int i = 0; i < peer.matrices; ++i) {
      y.fill(peer.accumulates ? 0 : NAN);
      peer.run(i);
      std::vector<float> result = y.copy();
      check(peer.peer + " (" + peer.variant + ")", references[i],
            peer.linear ? transposed(result, c.n, c.m).data() : result.data());
    }
  y.fill(0);

  Contest contest(options.threads);
  std::vector<size_t> oursEntries, peerEntries;
  for (size_t form = 0; form * count < products.size(); ++form)
    oursEntries.push_back(contest.add([&, form](int i) { failed = ours->run(form * count + i); }, count));
  size_t tilesEntry = tiles ? contest.add([&](int i) { failed = tiles->run(i); }, count) : 0;
  for (const PeerVariant &peer : peers)
    peerEntries.push_back(contest.add(peer.run, peer.matrices));
  constexpr int64_t kPeakIterations = 2000;
  double peakWork = 0;
  size_t peakEntry = contest.add([&](int) { peakWork = runMultiplyAdds(vectorBytes, kPeakIterations); }, 1);
  contest.hold(options.seconds > 0 ? options.seconds : options.quick ? 1.0 : 2.5, 7);
  if (failed)
    return failed;

  Timing rowsTime = contest.get(oursEntries[0]), linearTime = contest.get(oursEntries[1]);
  Timing kernelTime = packed ? contest.get(oursEntries[2]) : Timing();
  const Compiled::Info &info = ours->info(0);
  int64_t nonzeros = matrices[0].nonzeros();
  // The best round of each: slow spells fall on one and not on the other.
  double peak = peakWork / contest.get(peakEntry).min * 1e-3;
  double rate = packed ? 2.0 * nonzeros * c.n / kernelTime.min * 1e-3 : 0;
  double share = 100 * rate / (peak * options.threads);

  llvm::json::Array peerRows;
  // The fastest variant of each peer and form, in the order of the list.
  struct Best {
    const PeerVariant *variant = nullptr;
    Timing timing;
  };
  std::vector<Best> best;
  for (size_t p = 0; p < peers.size(); ++p) {
    const PeerVariant &peer = peers[p];
    Timing timing = contest.get(peerEntries[p]);
    auto same = llvm::find_if(best, [&](const Best &other) {
      return other.variant->peer == peer.peer && other.variant->linear == peer.linear;
    });
    if (same == best.end())
      best.push_back({&peer, timing});
    else if (timing.median < same->timing.median)
      *same = {&peer, timing};
  }
  auto ratioOf = [&](const Best &peer) {
    return peer.timing.median / (peer.variant->linear ? linearTime : rowsTime).median;
  };
  for (const Best &peer : best)
    if (peer.variant->peer == "onednn")
      (peer.variant->linear ? denseRatios[c.name()].second : denseRatios[c.name()].first) = ratioOf(peer);
  for (const Best &peer : best)
    peerRows.push_back(llvm::json::Object{{"peer", peer.variant->peer},
                                          {"form", peer.variant->linear ? "linear" : "rows"},
                                          {"variant", peer.variant->variant},
                                          {"us", toJson(peer.timing)},
                                          {"ratio", std::round(1000 * ratioOf(peer)) / 1000}});
  llvm::json::Object forms_{{"rows", toJson(rowsTime)}, {"linear", toJson(linearTime)}};
  if (packed)
    forms_["kernel"] = toJson(kernelTime);
  llvm::json::Object row{{"suite", "matmul"},
                         {"case", c.name()},
                         {"weights", options.types.weights.empty() ? "f32" : options.types.weights},
                         {"activations", options.types.activations},
                         {"ours_format", info.format},
                         {"ours_us", toJson(rowsTime)},
                         {"peers", std::move(peerRows)},
                         {"ours_form", "rows"},
                         {"ours_forms_us", std::move(forms_)},
                         {"ours_kernel", info.kernel},
                         {"ours_parameters", info.parameters},
                         {"cost_model_us", info.predicted},
                         {"cost_model_choice", info.preferred},
                         {"nonzeros", nonzeros},
                         {"matrices", count},
                         {"threads", options.threads},
                         {"rounds", static_cast<int64_t>(rowsTime.rounds)},
                         {"kernel_gflops", std::round(10 * rate) / 10},
                         {"fma_peak_gflops", std::round(10 * peak * options.threads) / 10},
                         {"compile_s", std::round(100 * compileSeconds) / 100},
                         {"machine", describeMachine()}};
  if (tiles)
    row["pattern_tile_kernel_us"] = toJson(contest.get(tilesEntry));
  if (!wrongKernels.empty()) {
    row["error"] = wrongKernels;
    ++wrong;
  }
  rows.push_back(std::move(row));

  llvm::outs() << llvm::left_justify(c.name(), 40) << format("%10.1f", rowsTime.median)
               << format("%9.1f", linearTime.median);
  if (packed)
    llvm::outs() << format("%9.1f", kernelTime.median) << format("%6.0f", rate) << format("%7.1f", share);
  else
    llvm::outs() << llvm::right_justify("", 22);
  auto print = [&](const char *peer, bool linear, int width, bool bar) {
    llvm::outs() << (bar ? " |" : "");
    for (const Best &entry : best)
      if (entry.variant->peer == peer && entry.variant->linear == linear) {
        llvm::outs() << format("%*.1f", width, entry.timing.median) << format("%7.2f", ratioOf(entry));
        return;
      }
    llvm::outs() << llvm::right_justify("-", width) << llvm::right_justify("", 7);
  };
  print("onednn", false, 9, true);
  print("onednn", true, 8, true);
  print("mlir-sparsifier", false, 9, true);
  print("mlir-sparsifier-patched", false, 9, false);
  print("eigen", false, 8, true);
  print("plain-c", false, 8, true);
  if (!libxsmmVersion().empty())
    print("libxsmm", false, 8, true);
  if (!mklVersion().empty())
    print("mkl", false, 8, true);
  llvm::outs() << "\n";
  if (tiles)
    llvm::outs() << llvm::left_justify("  kernel pattern-tile on the same matrices", 59)
                 << format("%9.1f", contest.get(tilesEntry).median) << ", " << info.kernel << " is "
                 << format("%.2f", contest.get(tilesEntry).min / kernelTime.min) << " times as fast\n";
  if (!wrongKernels.empty())
    llvm::outs() << "  WRONG: " << wrongKernels << "\n";
  llvm::outs().flush();
  return std::nullopt;
}

void MatmulSuite::printTwins() {
  bool isFirst = true;
  for (const auto &[layer, random] : twins) {
    auto own = denseRatios.find(layer), other = denseRatios.find(random);
    if (own == denseRatios.end() || other == denseRatios.end())
      continue;
    if (isFirst)
      llvm::outs() << "\nPruned layers: ratio to oneDNN against that of a random pattern of the same extents and density\n"
                   << llvm::left_justify("layer", 82) << "rows  random  share  linear  random  share\n";
    isFirst = false;
    auto [rows, linear] = own->second;
    auto [randomRows, randomLinear] = other->second;
    llvm::outs() << llvm::left_justify(layer, 80)
                 << format("%6.2f%8.2f%7.2f", rows, randomRows, rows / randomRows)
                 << format("%8.2f%8.2f%7.2f\n", linear, randomLinear, linear / randomLinear);
  }
}

int MatmulSuite::run() {
  cost::Cpu cpu;
  if (std::optional<std::string> error = cost::resolveCpu("native", cpu)) {
    llvm::errs() << "spnn-bench: " << *error << "\n";
    return 1;
  }
  vectorBytes = static_cast<unsigned>(cpu.vectorBytes);
  printHeader();
  int status = 0;
  for (const ProductCase &c : listCases())
    if (runtime::Error error = runCase(c)) {
      llvm::errs() << "spnn-bench: " << *error << "\n";
      status = 1;
    }
  printTwins();
  if (!writeRows(options, std::move(rows)))
    return 1;
  if (wrong)
    llvm::errs() << "spnn-bench: " << wrong << " cases with wrong results\n";
  return status || wrong ? 1 : 0;
}

int spnn::bench::runMatmulSuite(const SuiteOptions &options) { return MatmulSuite(options).run(); }
