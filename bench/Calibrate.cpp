//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Calibration of the cost model: measures the machine and our compiled kernels, fits the coefficients of a target
// description, and compares predictions with measurements.
//
//===----------------------------------------------------------------------===//
#include "Buffer.h"
#include "Machine.h"
#include "Ours.h"
#include "Suites.h"
#include "Timing.h"

#include "spnn/Cost/Cpu.h"
#include "spnn/Cost/TargetDescription.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

#include <dnnl.h>

#include <cmath>
#include <numeric>

using namespace spnn;
using namespace spnn::bench;
using llvm::format;

namespace {
/// A product to measure.
struct Probe {
  int64_t rows, cols, columns;
  Pattern pattern;
};

/// A measured product.
struct Sample {
  Probe probe;
  Compiled::Info info;
  double microseconds = 0;

  /// Of the pattern: what a kernel pads with is not in the density that predictions ask for.
  double density() const { return 1 - probe.pattern.sparsity; }
};

struct Setup {
  std::string cpu = "native", targetFile;
  double secondsPerProbe = 0.08;
};
} // namespace

static Pattern unstructured(double density) { return {Pattern::Kind::Unstructured, 1, 1, 1 - density, "", ""}; }
static Pattern blocks(int64_t rows, double density) { return {Pattern::Kind::Block, rows, 1, 1 - density, "", ""}; }
static Pattern nm(int64_t n, int64_t m) {
  return {Pattern::Kind::NM, n, m, 1 - static_cast<double>(n) / static_cast<double>(m), "", ""};
}

static Pattern nmg(int64_t n, int64_t m, int64_t g) {
  return {Pattern::Kind::NMG, n, m, 1 - static_cast<double>(n) / static_cast<double>(m), "", "", g};
}

/// Compiles all probes, of one format, into one library and times them in turns: kernels alone, on packed panels; dense
/// products as layers. Small matrices are rotated, so that no branch predictor learns one. Appends to `samples`.
/// `kernel`, if not empty, is taken instead of the cost model's choice.
static runtime::Error measure(const std::string &formatName, const std::string &kernel,
                              const std::vector<Probe> &probes, const Setup &setup, std::vector<Sample> &samples,
                              const ElementTypes &types = {}) {
  constexpr double kRotatedNonzeros = 150e3;
  bool dense = formatName == "dense";
  std::map<std::tuple<int64_t, int64_t, std::string, int>, Matrix> matrices;
  std::vector<Product> products;
  std::vector<std::pair<size_t, int>> ranges; // first product, products
  for (const Probe &probe : probes) {
    double expected = static_cast<double>(probe.rows) * probe.cols * (1 - probe.pattern.sparsity);
    // Code that no other call evicts would show nothing of what it costs in a network.
    int least = kernel == "hardcoded" ? 2 : 1;
    int count = dense ? 1 : std::min(4, std::max(least, static_cast<int>(std::ceil(kRotatedNonzeros / expected))));
    ranges.emplace_back(products.size(), count);
    for (int i = 0; i < count; ++i) {
      auto key = std::make_tuple(probe.rows, probe.cols, probe.pattern.name(), i);
      auto found = matrices.find(key);
      if (found == matrices.end())
        found = matrices.emplace(key, *makeMatrix(probe.pattern, probe.rows, probe.cols, 17 + i)).first;
      products.push_back({&found->second, probe.columns, dense ? Form::Linear : Form::Packed});
    }
  }
  CompileOptions options;
  options.format = formatName;
  options.kernel = kernel;
  options.types = types;
  options.cpu = setup.cpu;
  options.targetFile = setup.targetFile;
  std::unique_ptr<Compiled> compiled;
  if (runtime::Error error = Compiled::compile(products, options, compiled))
    return formatName + ": " + *error;

  int64_t inputs = 1, outputs = 1;
  for (size_t p = 0; p < products.size(); ++p) {
    inputs = std::max(inputs, compiled->inputElements(p));
    outputs = std::max(outputs, compiled->outputElements(p));
  }
  Buffer x(makeActivations(inputs, 5)), y(outputs);
  Contest contest(/*threads=*/1);
  runtime::Error failed;
  for (auto [first, count] : ranges) {
    for (int i = 0; i < count; ++i)
      if (runtime::Error error = compiled->bind(first + i, x.data(), y.data()))
        return error;
    contest.add([&, first = first](int i) { failed = compiled->run(first + i); }, count);
  }
  contest.hold(setup.secondsPerProbe * static_cast<double>(probes.size()), 7);
  if (failed)
    return failed;
  for (size_t i = 0; i < probes.size(); ++i)
    // The median would take in the neighbours on a shared machine; the best round is what the kernel can do.
    samples.push_back({probes[i], compiled->info(ranges[i].first), contest.get(i).min});
  return std::nullopt;
}

/// Bytes read and written a second, in GB/s, while activations are packed and unpacked: what a layer with hardly any
/// weights takes besides its kernel.
static runtime::Error measureRepacking(const Setup &setup, int64_t columns, double &gigabytes) {
  constexpr int64_t kExtent = 768;
  Matrix matrix = *makeMatrix(unstructured(.002), kExtent, kExtent, 3);
  CompileOptions options;
  options.splitColumns = "off";
  options.format = options.kernel = "csr";
  options.cpu = setup.cpu;
  options.targetFile = setup.targetFile;
  std::unique_ptr<Compiled> compiled;
  if (runtime::Error error =
          Compiled::compile({{&matrix, columns, Form::Linear}, {&matrix, columns, Form::Packed}}, options, compiled))
    return error;
  Buffer x(makeActivations(kExtent * columns, 5)), y(kExtent * columns);
  Contest contest(/*threads=*/1);
  runtime::Error failed;
  for (size_t product : {0, 1}) {
    if (runtime::Error error = compiled->bind(product, x.data(), y.data()))
      return error;
    contest.add([&, product](int) { failed = compiled->run(product); }, 1);
  }
  contest.hold(8 * setup.secondsPerProbe, 9);
  double bytes = 2.0 * 2 * kExtent * columns * sizeof(float); // operand and result, each read and written
  gigabytes = bytes / (contest.get(0).min - contest.get(1).min) * 1e-3;
  return failed;
}

/// Cycles per byte of code and weights that come from memory, beside those of the same kernel out of L2: a network of
/// more hard-coded layers than L3 holds.
static runtime::Error measureColdCode(const Setup &setup, const cost::TargetDescription &target,
                                      const cost::KernelCoefficients &kernel, double &cycles) {
  constexpr int64_t kExtent = 1536;
  constexpr double kDensity = 0.1, kBytesPerNonzero = 14;
  double bytes = kDensity * kExtent * kExtent * kBytesPerNonzero;
  int count = static_cast<int>(std::ceil(2.5 * static_cast<double>(target.l3Bytes) / bytes));
  std::vector<Matrix> matrices;
  for (int i = 0; i < count; ++i)
    matrices.push_back(*makeMatrix(unstructured(kDensity), kExtent, kExtent, 17 + i));
  CompileOptions options;
  options.format = "csr";
  options.kernel = "hardcoded";
  options.cpu = setup.cpu;
  options.targetFile = setup.targetFile;
  std::vector<double> measured;
  int64_t lanes = target.vectorBytes / sizeof(float);
  for (int64_t n : {lanes, 8 * lanes}) {
    std::vector<Product> products;
    for (const Matrix &matrix : matrices)
      products.push_back({&matrix, n, Form::Packed});
    std::unique_ptr<Compiled> compiled;
    if (runtime::Error error = Compiled::compile(products, options, compiled))
      return error;
    Buffer x(makeActivations(compiled->inputElements(0), 5)), y(compiled->outputElements(0));
    for (int i = 0; i < count; ++i)
      if (runtime::Error error = compiled->bind(i, x.data(), y.data()))
        return error;
    Contest contest(/*threads=*/1);
    runtime::Error failed;
    contest.add([&](int i) { failed = compiled->run(i); }, count);
    contest.hold(6 * setup.secondsPerProbe, 5);
    if (failed)
      return failed;
    double warm = kDensity * kExtent * kExtent * static_cast<double>(n / lanes) * kernel.getKappa(kDensity);
    measured.push_back((contest.get(0).min * target.frequencyGHz * 1e3 - warm) / bytes);
  }
  cycles = std::max(0.0, (measured[0] + measured[1]) / 2);
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Fitting
//===----------------------------------------------------------------------===//

/// Least squares of relative errors with non-negative unknowns, by coordinate descent: minimises the sum over samples
/// of (row . x / time - 1)^2.
static std::vector<double> fit(const std::vector<std::vector<double>> &rows, const std::vector<double> &times) {
  size_t unknowns = rows.empty() ? 0 : rows[0].size();
  std::vector<double> x(unknowns, 0);
  std::vector<double> residual(rows.size(), -1); // row . x / time - 1
  for (int sweep = 0; sweep < 20000; ++sweep) {
    double moved = 0;
    for (size_t u = 0; u < unknowns; ++u) {
      double slope = 0, curvature = 0;
      for (size_t r = 0; r < rows.size(); ++r) {
        double a = rows[r][u] / times[r];
        slope += a * residual[r];
        curvature += a * a;
      }
      if (curvature == 0)
        continue;
      double next = std::max(0.0, x[u] - slope / curvature), step = next - x[u];
      for (size_t r = 0; r < rows.size(); ++r)
        residual[r] += rows[r][u] / times[r] * step;
      x[u] = next;
      moved = std::max(moved, std::fabs(step) * std::sqrt(curvature));
    }
    if (moved < 1e-7)
      break;
  }
  return x;
}

/// The sum that `fit` minimises.
static double sumErrors(const std::vector<std::vector<double>> &rows, const std::vector<double> &times,
                        const std::vector<double> &x) {
  double sum = 0;
  for (size_t r = 0; r < rows.size(); ++r) {
    double relative = std::inner_product(x.begin(), x.end(), rows[r].begin(), 0.0) / times[r] - 1;
    sum += relative * relative;
  }
  return sum;
}

static double rounded(double value) {
  if (!(value > 1e-6))
    return 0;
  double scale = std::pow(10.0, 2 - std::floor(std::log10(value)));
  return std::round(value * scale) / scale;
}

/// The coefficients of one kernel from its samples.
static cost::KernelCoefficients fitKernel(const std::vector<Sample> &samples, const cost::TargetDescription &target) {
  cost::KernelCoefficients kernel;
  // Single columns have coefficients of their own: per value, or per position where the pattern changes nothing; and
  // per row in kernels that know nothing else.
  std::vector<const Sample *> table;
  std::vector<std::vector<double>> perNonzero, perPosition;
  std::vector<double> nanoseconds;
  for (const Sample &sample : samples) {
    bool isMatvecKernel = sample.info.panelWidth == 1;
    if (sample.probe.columns > 1 && !isMatvecKernel) {
      table.push_back(&sample);
      continue;
    }
    auto columns = static_cast<double>(sample.probe.columns), rows = static_cast<double>(sample.probe.rows) * columns;
    double rowWork = isMatvecKernel ? rows : 0;
    perNonzero.push_back({static_cast<double>(sample.info.storedValues) * sample.info.valueCost * columns, rowWork});
    perPosition.push_back({rows * static_cast<double>(sample.probe.cols), rowWork});
    nanoseconds.push_back(sample.microseconds * 1e3);
  }
  if (!nanoseconds.empty()) {
    std::vector<double> byNonzero = fit(perNonzero, nanoseconds), byPosition = fit(perPosition, nanoseconds);
    bool isByPosition = sumErrors(perPosition, nanoseconds, byPosition) < sumErrors(perNonzero, nanoseconds, byNonzero);
    (isByPosition ? kernel.perPositionMatvecNs : kernel.perNonzeroMatvecNs) =
        rounded(isByPosition ? byPosition[0] : byNonzero[0]);
    kernel.perRowMatvecNs = rounded(isByPosition ? byPosition[1] : byNonzero[1]);
  }
  if (table.empty())
    return kernel;

  int64_t lanes = target.vectorBytes / sizeof(float);
  kernel.panelVectors =
      std::max<int64_t>(1, table[0]->info.panelWidth / std::max<int64_t>(1, table[0]->info.panelVector));
  kernel.vectorizesRows = table[0]->info.panelWidth == 0; // dense
  std::vector<double> densities;
  for (const Sample *sample : table) {
    double density = std::round(sample->density() * 100) / 100;
    if (!llvm::is_contained(densities, density))
      densities.push_back(density);
  }
  llvm::sort(densities);
  std::vector<std::vector<double>> rows;
  std::vector<double> times;
  for (const Sample *sample : table) {
    std::vector<double> row(densities.size() + 3, 0);
    double stored = static_cast<double>(sample->info.storedValues);
    double vectors = std::ceil(static_cast<double>(sample->probe.columns) / lanes);
    double panels = std::ceil(vectors / static_cast<double>(kernel.panelVectors));
    if (kernel.vectorizesRows) {
      row[0] = std::ceil(static_cast<double>(sample->probe.rows) / lanes) * sample->probe.cols * sample->probe.columns;
      row[densities.size() + 1] = static_cast<double>(sample->probe.columns);
      row[densities.size() + 2] = 1;
      rows.push_back(std::move(row));
      times.push_back(sample->microseconds * target.frequencyGHz * 1e3);
      continue;
    }
    row[llvm::find(densities, std::round(sample->density() * 100) / 100) - densities.begin()] = stored * vectors;
    row[densities.size()] = stored * panels;
    row[densities.size() + 1] = panels * static_cast<double>(sample->probe.rows);
    row[densities.size() + 2] = panels;
    rows.push_back(std::move(row));
    times.push_back(sample->microseconds * target.frequencyGHz * 1e3);
  }
  std::vector<double> x = fit(rows, times);
  double before = 0;
  for (size_t i = 0; i < densities.size(); ++i) {
    // A denser matrix never costs less, says the format of the file.
    double cycles = std::max(x[i], before / densities[i]);
    cycles = std::max(rounded(cycles), 0.001);
    if (cycles * densities[i] < before)
      cycles = before / densities[i] * 1.001;
    before = cycles * densities[i];
    kernel.kappa.push_back({densities[i], cycles});
  }
  kernel.perEntryCycles = rounded(x[densities.size()]);
  kernel.perRowCycles = rounded(x[densities.size() + 1]);
  kernel.perTileCycles = rounded(x[densities.size() + 2]);
  // One column never costs more than two, which fill a vector just as little.
  for (const cost::KappaPoint &point : kernel.kappa)
    kernel.perNonzeroMatvecNs =
        std::min(kernel.perNonzeroMatvecNs, (point.cycles + kernel.perEntryCycles) / target.frequencyGHz);
  kernel.perNonzeroMatvecNs = rounded(0.999 * kernel.perNonzeroMatvecNs);
  return kernel;
}

//===----------------------------------------------------------------------===//
// The two tools
//===----------------------------------------------------------------------===//

static int fail(const std::string &message) {
  llvm::errs() << "spnn-bench: " << message << "\n";
  return 1;
}

/// Keeps oneDNN to the instructions of the CPU that kernels are compiled for.
static void limitOneDnn(unsigned vectorBytes) {
  if (vectorBytes < 64)
    dnnl_set_max_cpu_isa(vectorBytes == 32 ? dnnl_cpu_isa_avx2 : dnnl_cpu_isa_sse41);
}

/// Everything of `target` but its kernels.
static runtime::Error measureMachine(const CalibrateOptions &options, const cost::Cpu &cpu, const Setup &setup,
                                     cost::TargetDescription &target) {
  target.hasFma = cpu.vectorBytes > 16;
  target.llvmCpu = cpu.name;
  target.name = options.name.empty() ? "calibrated-" + cpu.name : options.name;
  target.source = "bench/calibrate on " + describeMachine() + ", kernels compiled for " + cpu.name + ".";
  target.frequencyGHz = rounded(measureGigahertz());
  double peak = measureMultiplyAdds(target.vectorBytes);
  // The loop for 16 bytes has a multiply and an add in place of each FMA.
  target.fmaPerCycle = std::round(100 * peak / (target.frequencyGHz * 2 * target.vectorBytes / sizeof(float))) / 100;
  target.l1Bytes = std::max<uint64_t>(cacheBytes(1), 32768);
  target.l2Bytes = std::max(cacheBytes(2), target.l1Bytes);
  target.l3Bytes = cacheBytes(3) ? std::max(cacheBytes(3), target.l2Bytes) : 0;
  target.bandwidth.l1 = rounded(measureBandwidth(target.vectorBytes, target.l1Bytes / 2));
  target.bandwidth.l2 = rounded(measureBandwidth(target.vectorBytes, target.l2Bytes / 2));
  uint64_t l3Sample = target.l3Bytes ? std::max(target.l3Bytes / 4, 2 * target.l2Bytes) : 4 * target.l2Bytes;
  target.bandwidth.l3 = rounded(measureBandwidth(target.vectorBytes, l3Sample));
  // Other cores and other guests use the same L3: count what of it still behaves like one.
  if (target.l3Bytes) {
    uint64_t share = l3Sample;
    for (uint64_t bytes = l3Sample; bytes <= target.l3Bytes; bytes += target.l3Bytes / 8)
      if (measureBandwidth(target.vectorBytes, bytes) >= 0.6 * target.bandwidth.l3)
        share = bytes;
      else
        break;
    target.l3Bytes = std::max(share, target.l2Bytes);
  }
  target.bandwidth.dram =
      rounded(measureBandwidth(target.vectorBytes, std::max<uint64_t>(8 * target.l3Bytes, 1 << 27)));
  target.cores = 0;
  // Starting threads on busy cores takes what their other users leave.
  constexpr double kUsualRegionMicroseconds = 3;
  bool busy = loadAverage() > 0.7;
  target.parallelRegionMicroseconds = busy ? kUsualRegionMicroseconds : rounded(measureParallelRegion(2));
  if (busy)
    target.source += " The machine was busy: parallelRegionMicroseconds is a guess.";
  llvm::errs() << "peak " << format("%.0f", peak) << " GFLOP/s at " << format("%.2f", target.frequencyGHz)
               << " GHz; GB/s: L1 " << format("%.0f", target.bandwidth.l1) << ", L2 "
               << format("%.0f", target.bandwidth.l2) << ", L3 " << format("%.0f", target.bandwidth.l3) << " up to "
               << (target.l3Bytes >> 20) << " MiB, DRAM " << format("%.0f", target.bandwidth.dram)
               << "; parallel region " << format("%.3g", target.parallelRegionMicroseconds) << " us"
               << (busy ? " (guessed: the machine is busy)" : "") << "\n";

  // Matrices and their panels of 0.8 MB, which fit L2, and of 6 MB, which do not.
  for (auto [columns, gigabytes] :
       {std::pair(128, &target.bandwidth.repack), std::pair(1024, &target.bandwidth.repackL3)}) {
    if (runtime::Error error = measureRepacking(setup, columns, *gigabytes))
      return error;
    *gigabytes = rounded(*gigabytes);
    llvm::errs() << "packing and unpacking " << columns << " columns: " << format("%.3g", *gigabytes) << " GB/s\n";
  }

  return std::nullopt;
}

/// The description whose kernels are kept, but for one.
static runtime::Error readBase(const std::string &name, const cost::Cpu &cpu, cost::TargetDescription &target) {
  if (const cost::TargetDescription *known = cost::findTarget(name)) {
    target = *known;
  } else {
    llvm::Expected<cost::TargetDescription> file = cost::loadTarget(name);
    if (!file)
      return llvm::toString(file.takeError());
    target = std::move(*file);
  }
  if (target.vectorBytes != cpu.vectorBytes)
    return "'" + name + "' describes vectors of " + std::to_string(target.vectorBytes) + " bytes, and CPU '" +
           cpu.name + "' has " + std::to_string(cpu.vectorBytes);
  return std::nullopt;
}

int spnn::bench::calibrate(const CalibrateOptions &options) {
  double begin = nowMicroseconds();
  cost::Cpu cpu;
  if (std::optional<std::string> error = cost::resolveCpu(options.cpu, cpu))
    return fail(*error);
  Setup setup;
  setup.cpu = options.cpu;
  cost::TargetDescription target;
  target.vectorBytes = static_cast<unsigned>(cpu.vectorBytes);
  limitOneDnn(target.vectorBytes);
  if (runtime::Error error =
          options.kernel.empty() ? measureMachine(options, cpu, setup, target) : readBase(options.base, cpu, target))
    return fail(*error);

  int64_t lanes = target.vectorBytes / sizeof(float);
  // A vector, half a panel and whole panels show what an entry costs beside its vectors; short rows show what a row
  // costs.
  std::vector<int64_t> columns{lanes, 2 * lanes, 4 * lanes, 8 * lanes};
  struct Table {
    std::string format, kernel;
    std::vector<Pattern> patterns;
    bool matvec = false;     ///< for one column or a few
    bool optional = false;   ///< not every CPU has such a kernel
    int64_t shortCols = 128; ///< of the samples with short rows
    ElementTypes types = {};
  };
  std::vector<Table> tables{
      {"csr",
       "csr",
       {unstructured(.02), unstructured(.05), unstructured(.1), unstructured(.2), unstructured(.3), unstructured(.5),
        unstructured(.7), unstructured(.9)}},
      {"csr",
       "hardcoded",
       {unstructured(.02), unstructured(.05), unstructured(.1), unstructured(.2), unstructured(.3), unstructured(.5),
        unstructured(.7), unstructured(.9)},
       false,
       true},
      {"csr",
       "pattern-tile",
       {unstructured(.05), unstructured(.1), unstructured(.2), unstructured(.3), unstructured(.5), unstructured(.7),
        unstructured(.9)}},
      {"csr",
       "csr-matvec",
       {unstructured(.01), unstructured(.05), unstructured(.1), unstructured(.2), unstructured(.5)},
       true},
      {"csc", "csc-matvec", {unstructured(.1), unstructured(.2)}, true},
      {"bsr4x1", "block", {blocks(4, .05), blocks(4, .1), blocks(4, .3), blocks(4, .9)}},
      {"bsr8x1", "block", {blocks(8, .1), blocks(8, .3)}},
      {"bsr4x1", "block-matvec", {blocks(4, .1), blocks(4, .3)}, true},
      {"bsr8x1", "block-matvec", {blocks(8, .1), blocks(8, .3)}, true},
      {"bsr16x1", "block-matvec", {blocks(16, .1), blocks(16, .3)}, true},
      {"nm1:4", "nm", {nm(1, 4)}},
      {"nm2:4", "nm", {nm(2, 4)}},
      {"nm2:4", "nm-matvec", {nm(2, 4)}, true, true},
      // Whole groups of columns fill the extents: 64, 96 and 64.
      {"nmg1:4:16", "nmg", {nmg(1, 4, 16)}},
      {"nmg2:4:16", "nmg", {nmg(2, 4, 16)}, false, false, 192},
      {"nmg3:4:16", "nmg", {nmg(3, 4, 16)}},
      {"bitmap", "bitmap-matvec", {unstructured(.1), unstructured(.3)}, true, true},
      {"bitmap", "bitmap-matvec", {unstructured(.1), unstructured(.3)}, true, true, 128, {"i8"}},
      {"bitmap", "bitmap-matvec", {unstructured(.1), unstructured(.3)}, true, true, 128, {"bf16"}},
      {"bitmap", "bitmap-matvec", {unstructured(.1), unstructured(.3)}, true, true, 128, {"f16"}},
      {"bsr4x1",
       "dot",
       {blocks(4, .05), blocks(4, .1), blocks(4, .3), blocks(4, .9)},
       false,
       false,
       128,
       {"bf16", "bf16"}},
      {"bsr4x1", "dot", {blocks(4, .05), blocks(4, .1), blocks(4, .3), blocks(4, .9)}, false, false, 128, {"i8", "i8"}},
      {"dense", "", {unstructured(1)}},
  };
  std::map<std::string, std::vector<Sample>> samples; // by kernel
  if (!options.kernel.empty()) {
    llvm::erase_if(tables, [&](const Table &table) { return table.kernel != options.kernel; });
    if (tables.empty())
      return fail("there is nothing to measure for kernel '" + options.kernel + "'");
  }
  for (const Table &table : tables) {
    std::vector<Probe> probes;
    for (const Pattern &pattern : table.patterns) {
      // Kernels without a form for one column need no coefficient for it.
      if (table.kernel != "dot")
        probes.push_back({768, 768, 1, pattern});
      if (table.matvec) {
        // Short rows, down to hardly any nonzeros, show what a row costs.
        for (auto [m, k] : {std::pair<int64_t, int64_t>{2048, 128}, {4096, 64}, {256, 2048}})
          probes.push_back({m, k, 1, pattern});
        if (table.kernel == "csr-matvec" || table.kernel == "block-matvec")
          for (auto [m, k] : {std::pair<int64_t, int64_t>{768, 768}, {2048, 128}})
            for (int64_t n : {2, 4})
              probes.push_back({m, k, n, pattern});
        continue;
      }
      for (int64_t n : columns)
        probes.push_back({768, 768, n, pattern});
      if (table.format == "dense")
        for (int64_t n : {3, 5, 8})
          probes.push_back({768, 768, n, pattern});
      for (int64_t n : {2 * lanes, 8 * lanes})
        probes.push_back({2048, table.shortCols, n, pattern});
      if (table.format == "dense") // one density must tell what values, rows and calls cost
        for (auto [m, k, n] : {std::tuple<int64_t, int64_t, int64_t>{16, 1024, lanes},
                               {16, 1024, 8 * lanes},
                               {64, 64, lanes},
                               {128, 128, 8 * lanes},
                               {256, 256, 2 * lanes},
                               {512, 512, lanes},
                               {512, 512, 16 * lanes},
                               {1536, 1536, 8 * lanes},
                               {2048, 512, 4 * lanes},
                               {512, 2048, 8 * lanes}})
          probes.push_back({m, k, n, pattern});
    }
    std::vector<Sample> measured;
    if (runtime::Error error = measure(table.format, table.kernel, probes, setup, measured, table.types)) {
      if (!table.optional)
        return fail(*error);
      llvm::errs() << table.kernel << " is left out: " << *error << "\n";
      continue;
    }
    for (Sample &sample : measured) {
      std::string name = sample.info.kernel == "onednn" ? "dense" : sample.info.costName;
      if (!table.types.weights.empty())
        name += "-" + table.types.weights;
      samples[name].push_back(std::move(sample));
    }
    llvm::errs() << table.format << " " << table.kernel << ": " << probes.size() << " kernels measured, "
                 << format("%.0f", (nowMicroseconds() - begin) * 1e-6) << " s\n";
  }
  for (auto &[name, measured] : samples)
    target.kernels[name] = fitKernel(measured, target);
  if (auto hardCoded = target.kernels.find("hardcoded");
      hardCoded != target.kernels.end() && samples.count("hardcoded")) {
    if (runtime::Error error = measureColdCode(setup, target, hardCoded->second, hardCoded->second.perDramByteCycles))
      return fail(*error);
    hardCoded->second.perDramByteCycles = rounded(hardCoded->second.perDramByteCycles);
  }
  if (options.output == "-") {
    llvm::outs() << cost::printTarget(target);
    return 0;
  }
  if (llvm::Error error = cost::saveTarget(target, options.output))
    return fail(llvm::toString(std::move(error)));
  return 0;
}

int spnn::bench::checkCalibration(const std::string &file, const std::string &cpuName) {
  if (file.empty())
    return fail("check needs a target description, --file FILE");
  if (!cost::findTarget(file)) {
    llvm::Expected<cost::TargetDescription> target = cost::loadTarget(file);
    if (!target)
      return fail(llvm::toString(target.takeError()));
  }
  cost::Cpu cpu;
  if (std::optional<std::string> error = cost::resolveCpu(cpuName, cpu))
    return fail(*error);
  limitOneDnn(static_cast<unsigned>(cpu.vectorBytes));
  Setup setup;
  setup.cpu = cpuName;
  setup.targetFile = file;
  // None of these is a sample of the calibration.
  struct Group {
    std::string format, kernel;
    std::vector<Probe> probes;
    ElementTypes types = {};
  };
  auto unstructuredAnd = [](const std::vector<Probe> &more) {
    std::vector<Probe> probes{{768, 768, 128, unstructured(.15)}, {3072, 768, 128, unstructured(.1)},
                              {768, 3072, 64, unstructured(.05)}, {1024, 1024, 100, unstructured(.4)},
                              {512, 512, 33, unstructured(.25)},  {512, 2048, 512, unstructured(.2)},
                              {1024, 512, 17, unstructured(.6)}};
    probes.insert(probes.end(), more.begin(), more.end());
    return probes;
  };
  std::vector<Group> groups{
      {"csr", "csr", unstructuredAnd({{1024, 1024, 1, unstructured(.1)}})},
      {"csr", "hardcoded", unstructuredAnd({{2048, 2048, 16, unstructured(.1)}})},
      {"csr", "pattern-tile", unstructuredAnd({})},
      {"bsr4x1",
       "block",
       {{768, 768, 128, blocks(4, .2)},
        {3072, 768, 128, blocks(4, .1)},
        {1024, 512, 100, blocks(4, .15)},
        {512, 512, 16, blocks(4, .4)},
        {1024, 1024, 1, blocks(4, .2)}}},
      {"bsr8x1", "block", {{1024, 768, 128, blocks(8, .15)}, {768, 768, 48, blocks(8, .05)}}},
      {"nm2:4", "nm", {{1024, 1024, 128, nm(2, 4)}, {512, 768, 100, nm(2, 4)}, {3072, 768, 16, nm(2, 4)}}},
      {"nm1:4", "nm", {{1024, 1024, 128, nm(1, 4)}}},
      {"nmg2:4:16",
       "nmg",
       {{1024, 960, 128, nmg(2, 4, 16)}, {512, 768, 100, nmg(2, 4, 16)}, {3072, 768, 16, nmg(2, 4, 16)}}},
      {"nmg1:4:8", "nmg", {{1024, 1024, 128, nmg(1, 4, 8)}}},
      {"csr",
       "csr-matvec",
       {{1024, 1024, 1, unstructured(.1)},
        {512, 768, 1, unstructured(.3)},
        {3072, 768, 1, unstructured(.05)},
        {768, 768, 2, unstructured(.1)},
        {768, 768, 4, unstructured(.1)},
        {4096, 4096, 1, unstructured(.02)},
        // Rows that are hardly there.
        {3776, 48, 1, unstructured(.01)},
        {1536, 96, 2, unstructured(.1)},
        {3072, 256, 1, unstructured(.02)},
        {128, 96, 3, unstructured(.3)}}},
      {"bsr4x1",
       "block-matvec",
       {{1024, 1024, 1, blocks(4, .2)},
        {768, 768, 3, blocks(4, .1)},
        {3072, 96, 1, blocks(4, .05)},
        {1536, 96, 2, blocks(4, .1)}}},
      {"bsr8x1",
       "block-matvec",
       {{1024, 1024, 1, blocks(8, .1)}, {3072, 768, 1, blocks(8, .2)}, {3072, 96, 1, blocks(8, .05)}}},
      {"bsr16x1",
       "block-matvec",
       {{1024, 1024, 1, blocks(16, .2)}, {768, 768, 2, blocks(16, .2)}, {3072, 96, 1, blocks(16, .05)}}},
      {"bitmap", "", {{1024, 1024, 1, unstructured(.2)}, {3072, 96, 1, unstructured(.2)}}},
      {"bitmap", "", {{1024, 1024, 1, unstructured(.2)}, {3072, 96, 1, unstructured(.2)}}, {"i8"}},
      {"bitmap", "", {{1024, 1024, 1, unstructured(.2)}, {3072, 96, 1, unstructured(.2)}}, {"bf16"}},
      {"bsr4x1",
       "dot",
       {{768, 768, 128, blocks(4, .2)}, {3072, 768, 128, blocks(4, .1)}, {512, 512, 16, blocks(4, .4)}},
       {"bf16", "bf16"}},
      {"bsr4x1",
       "dot",
       {{768, 768, 128, blocks(4, .2)}, {3072, 768, 128, blocks(4, .1)}, {512, 512, 16, blocks(4, .4)}},
       {"i8", "i8"}},
      {"csr", "dot", {{768, 768, 128, unstructured(.1)}}, {"i8", "i8"}},
      {"dense",
       "",
       {{1024, 1024, 128, unstructured(1)},
        {3072, 768, 100, unstructured(1)},
        {512, 512, 16, unstructured(1)},
        {1024, 512, 1, unstructured(1)}}},
  };
  llvm::outs() << "predictions from " << file << ", kernels compiled for " << cpu.name << ", " << describeMachine()
               << "\n"
               << llvm::left_justify("case", 40) << llvm::left_justify("kernel", 16) << "predicted  measured  error\n";
  std::vector<double> errors;
  for (const auto &[formatName, kernel, probes, types] : groups) {
    std::vector<Sample> samples;
    if (runtime::Error error = measure(formatName, kernel, probes, setup, samples, types)) {
      if (kernel != "hardcoded")
        return fail(*error);
      llvm::errs() << kernel << " is left out: " << *error << "\n";
      continue;
    }
    for (const Sample &sample : samples) {
      double error = sample.info.predicted / sample.microseconds - 1;
      errors.push_back(std::fabs(error));
      std::string name = llvm::formatv("{0}x{1}x{2}/{3}", sample.probe.rows, sample.probe.cols, sample.probe.columns,
                                       sample.probe.pattern.name());
      llvm::outs() << llvm::left_justify(name, 40) << llvm::left_justify(sample.info.kernel, 16)
                   << format("%9.1f", sample.info.predicted) << format("%10.1f", sample.microseconds)
                   << format("%6.0f %%", 100 * error) << "\n";
    }
  }
  llvm::sort(errors);
  size_t close = llvm::count_if(errors, [](double error) { return error <= 0.2; });
  llvm::outs() << "error: median " << format("%.0f", 100 * errors[errors.size() / 2]) << " %, largest "
               << format("%.0f", 100 * errors.back()) << " %; " << close << " of " << errors.size() << " within 20 %\n";
  return 0;
}
