//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Suite block: linear, GELU, linear, residual, layer normalisation, linear, softmax; activations packed throughout,
// packed for products only, and dense through oneDNN.
//
//===----------------------------------------------------------------------===//
#include "Buffer.h"
#include "Matrix.h"
#include "Ours.h"
#include "Suites.h"
#include "Timing.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <regex>

using namespace spnn;
using namespace spnn::bench;
using llvm::format;

namespace {
struct Case {
  int64_t features, hidden, columns;
  double sparsity;
  std::string name() const { return llvm::formatv("{0}/{1}x{2}/{3:f2}", features, hidden, columns, sparsity); }
};

struct Variant {
  const char *name;
  const char *format; ///< forced
  bool packElementwise;
};
constexpr Variant kVariants[] = {{"packed", "", true}, {"products", "", false}, {"dense", "dense", true}};
} // namespace

static std::string constant(const char *name, const std::vector<float> &values, const std::string &type) {
  llvm::StringRef bytes(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(float));
  return std::string("  ") + name + " = arith.constant dense<\"0x" + llvm::toHex(bytes) + "\"> : " + type + "\n";
}

/// The block as graph-level IR, batch first as frameworks write it, with seeded weights.
static std::string makeBlock(const Case &c) {
  std::string k = std::to_string(c.features), h = std::to_string(c.hidden), n = std::to_string(c.columns);
  auto matrix = [](const std::string &rows, const std::string &cols) {
    return "tensor<" + rows + "x" + cols + "xf32>";
  };
  std::string x = matrix(n, k), mid = matrix(n, h), column = "tensor<" + n + "xf32>", row = "tensor<" + k + "xf32>";
  std::string text = "#id = affine_map<(i, j) -> (i, j)>\n#row = affine_map<(i, j) -> (j)>\n"
                     "#col = affine_map<(i, j) -> (i)>\nfunc.func @main(%x: " +
                     x + ") -> " + x + " {\n";
  auto weights = [&](const char *name, int64_t rows, int64_t cols, uint64_t seed) {
    Pattern pattern;
    pattern.sparsity = c.sparsity;
    std::vector<float> values = makeMatrix(pattern, rows, cols, seed)->dense;
    // Sums keep the size of their terms.
    float scale = 1 / std::sqrt((1 - c.sparsity) * cols);
    for (float &value : values)
      value *= scale;
    text += constant(name, values, matrix(std::to_string(rows), std::to_string(cols)));
  };
  weights("%w1", c.hidden, c.features, 1);
  weights("%w2", c.features, c.hidden, 2);
  weights("%w3", c.features, c.features, 3);
  text += constant("%b1", makeActivations(c.hidden, 4), "tensor<" + h + "xf32>");
  text += constant("%b2", makeActivations(c.features, 5), row) + constant("%g", makeActivations(c.features, 6), row);
  // Names in braces stand for types.
  std::string body = R"(
  %zero = arith.constant 0.0 : f32
  %eps = arith.constant 1.0e-05 : f32
  %count = arith.constant {k}.0 : f32
  %h = spnn.matmul %x, %w1 bias(%b1 : {rowh}) activation(gelu_erf) {bias_axis = 1 : i64, transpose_rhs}
      : ({x}, tensor<{h}x{k}xf32>) -> {mid}
  %y = spnn.matmul %h, %w2 bias(%b2 : {row}) {bias_axis = 1 : i64, transpose_rhs}
      : ({mid}, tensor<{k}x{h}xf32>) -> {x}
  %e = tensor.empty() : {x}
  %ec = tensor.empty() : {col}
  %fc = linalg.fill ins(%zero : f32) outs(%ec : {col}) -> {col}
  %r = linalg.add ins(%y, %x : {x}, {x}) outs(%e : {x}) -> {x}
  %sum = linalg.generic {indexing_maps = [#id, #col], iterator_types = ["parallel", "reduction"]}
      ins(%r : {x}) outs(%fc : {col}) {
  ^bb0(%a: f32, %s: f32):
    %t = arith.addf %a, %s : f32
    linalg.yield %t : f32
  } -> {col}
  %var = linalg.generic {indexing_maps = [#id, #col, #col], iterator_types = ["parallel", "reduction"]}
      ins(%r, %sum : {x}, {col}) outs(%fc : {col}) {
  ^bb0(%a: f32, %u: f32, %s: f32):
    %m = arith.divf %u, %count : f32
    %d = arith.subf %a, %m : f32
    %q = arith.mulf %d, %d : f32
    %t = arith.addf %q, %s : f32
    linalg.yield %t : f32
  } -> {col}
  %ln = linalg.generic {indexing_maps = [#id, #col, #col, #row, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%r, %sum, %var, %g, %b2 : {x}, {col}, {col}, {row}, {row}) outs(%e : {x}) {
  ^bb0(%a: f32, %u: f32, %v: f32, %gamma: f32, %beta: f32, %o: f32):
    %m = arith.divf %u, %count : f32
    %d = arith.subf %a, %m : f32
    %v1 = arith.divf %v, %count : f32
    %v2 = arith.addf %v1, %eps : f32
    %i = math.rsqrt %v2 : f32
    %p = arith.mulf %d, %i : f32
    %p1 = arith.mulf %p, %gamma : f32
    %p2 = arith.addf %p1, %beta : f32
    linalg.yield %p2 : f32
  } -> {x}
  %z = spnn.matmul %ln, %w3 bias(%b2 : {row}) {bias_axis = 1 : i64, transpose_rhs}
      : ({x}, tensor<{k}x{k}xf32>) -> {x}
  %p = linalg.softmax dimension(1) ins(%z : {x}) outs(%e : {x}) -> {x}
  return %p : {x}
}
)";
  for (auto [key, value] : {std::pair<std::string, std::string>("{rowh}", "tensor<" + h + "xf32>"),
                            {"{mid}", mid},
                            {"{row}", row},
                            {"{col}", column},
                            {"{x}", x},
                            {"{k}", k},
                            {"{h}", h}})
    for (size_t at = 0; (at = body.find(key, at)) != std::string::npos; at += value.size())
      body.replace(at, key.size(), value);
  return text + body;
}

static runtime::Error runCase(const Case &c, const SuiteOptions &options, llvm::json::Array &rows, bool &isRight) {
  std::string text = makeBlock(c);
  int64_t elements = c.columns * c.features;
  std::vector<float> input = makeActivations(elements, 7);
  std::vector<std::unique_ptr<runtime::Model>> models;
  std::vector<std::vector<float>> outputs;
  std::vector<runtime::Context> contexts(std::size(kVariants));
  std::vector<runtime::Call> calls(std::size(kVariants));
  Contest contest(options.threads);
  for (auto [i, variant] : llvm::enumerate(kVariants)) {
    CompileOptions compile;
    compile.format = *variant.format ? variant.format : options.format;
    compile.kernel = *variant.format ? "" : options.kernel;
    compile.threads = options.threads;
    compile.cpu = options.cpu;
    compile.targetFile = options.targetFile;
    compile.splitColumns = options.splitColumns;
    compile.packElementwise = variant.packElementwise;
    models.emplace_back();
    if (runtime::Error error = compileModel(text, compile, models.back()))
      return error;
    outputs.emplace_back(elements);
    if (runtime::Error error = models.back()->createContext(options.threads, contexts[i]))
      return error;
    std::vector<int64_t> shape{c.columns, c.features};
    if (runtime::Error error = models.back()->bind(*models.back()->description().find("main"),
                                                   {{runtime::DType::F32, shape, input.data()}},
                                                   {{runtime::DType::F32, shape, outputs.back().data()}}, calls[i]))
      return error;
    if (runtime::Error error = calls[i].run(contexts[i]))
      return error;
    contest.add([&, i = i](int) { (void)calls[i].run(contexts[i]); }, 1);
  }
  // Softmax gives at most 1; the variants sum in different orders.
  double error = 0, largest = 0;
  for (size_t i = 0; i < outputs.size(); ++i)
    for (int64_t j = 0; j < elements; ++j) {
      largest = std::max<double>(largest, std::fabs(outputs[2][j]));
      error = std::max<double>(error, std::fabs(outputs[i][j] - outputs[2][j]));
    }
  if (!(error <= 1e-4 * largest)) {
    llvm::outs() << c.name() << ": the variants differ by " << error << "\n";
    isRight = false;
  }
  contest.hold(options.seconds > 0 ? options.seconds : options.quick ? 1 : 3, 5);
  llvm::outs() << format("%-22s", c.name().c_str());
  llvm::json::Object row{{"suite", "block"}, {"case", c.name()}, {"threads", options.threads}};
  for (auto [i, variant] : llvm::enumerate(kVariants)) {
    Timing timing = contest.get(i);
    llvm::outs() << format(" %8.0f [%.0f, %.0f]", timing.median, timing.min, timing.max);
    row[variant.name] =
        llvm::json::Object{{"median_us", timing.median}, {"min_us", timing.min}, {"max_us", timing.max}};
  }
  llvm::outs() << format(" %6.2f %6.2f\n", contest.get(1).median / contest.get(0).median,
                         contest.get(2).median / contest.get(0).median);
  llvm::outs().flush();
  rows.push_back(std::move(row));
  return std::nullopt;
}

int spnn::bench::runBlockSuite(const SuiteOptions &options) {
  std::vector<Case> cases;
  for (auto [features, hidden] : {std::pair<int64_t, int64_t>(256, 1024), {768, 3072}})
    for (int64_t columns : {16, 128, 512})
      for (double sparsity : {0.9, 0.95})
        if (!options.quick || (columns == 128 && sparsity == 0.9))
          cases.push_back({features, hidden, columns, sparsity});
  llvm::outs() << "features/hidden x batch / sparsity; microseconds: median [min, max] of packed throughout, packed "
                  "for products "
                  "only, dense; how many times slower the last two are\n";
  llvm::json::Array rows;
  bool isRight = true;
  std::regex filter(options.filter);
  for (const Case &c : cases) {
    if (!std::regex_search(c.name(), filter))
      continue;
    if (runtime::Error error = runCase(c, options, rows, isRight)) {
      llvm::errs() << "spnn-bench: " << c.name() << ": " << *error << "\n";
      return 1;
    }
  }
  if (!writeRows(options, std::move(rows)))
    return 1;
  return isRight ? 0 : 1;
}
