//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled kernels against loops in double precision, on seeded random products. SPNN_LONG_TESTS=1 runs ten times more.
//
//===----------------------------------------------------------------------===//
#include "CompileModel.h"

#include "spnn/Format/NmgPatterns.h"

#include "llvm/ADT/APFloat.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>

using namespace spnn;
using namespace spnn::test;

namespace {

const int64_t kExtents[] = {1, 2, 3, 7, 15, 16, 17, 31, 33, 64, 65, 100, 127, 128, 129, 257};
const char *const kActivations[] = {"none", "relu", "gelu_erf", "gelu_tanh", "sigmoid", "tanh", "silu"};

struct Format {
  const char *name, *encoding;
  int64_t rows, cols; ///< the extents are multiples of these
  int64_t nmN = 0;    ///< values a group of `cols` may hold, 0 for no limit
  bool oneColumn = false;
  const char *kernel = nullptr; ///< to ask for by a decision
  bool isPortable = false;      ///< the kernel is there on every target
  int64_t maxColumns = 0;       ///< columns that the kernel takes, known when compiling; 0 for any number
  format::Nmg nmg = {0, 0, 0};  ///< of n:m:g, n = 0 for others
};

#define MAP "#sparse_tensor.encoding<{map = (i, j) -> "
#define WIDTHS ", posWidth = 32, crdWidth = 32}>"
const Format kFormats[] = {
    {"dense", "", 1, 1},
    {"csr", MAP "(i : dense, j : compressed)" WIDTHS, 1, 1},
    {"bsr4x1", MAP "(i floordiv 4 : dense, j : compressed, i mod 4 : dense)" WIDTHS, 4, 1},
    {"bsr8x1", MAP "(i floordiv 8 : dense, j : compressed, i mod 8 : dense)" WIDTHS, 8, 1},
    {"bsr16x1", MAP "(i floordiv 16 : dense, j : compressed, i mod 16 : dense)" WIDTHS, 16, 1},
    {"bsr2x2", MAP "(i floordiv 2 : dense, j floordiv 2 : compressed, i mod 2 : dense, j mod 2 : dense)" WIDTHS, 2, 2},
    {"bsr1x4", MAP "(i : dense, j floordiv 4 : compressed, j mod 4 : dense)" WIDTHS, 1, 4},
    {"nm1:4", MAP "(i : dense, j floordiv 4 : dense, j mod 4 : structured[1, 4]), crdWidth = 8}>", 1, 4, 1},
    {"nm2:4", MAP "(i : dense, j floordiv 4 : dense, j mod 4 : structured[2, 4]), crdWidth = 8}>", 1, 4, 2},
    {"nm4:8", MAP "(i : dense, j floordiv 8 : dense, j mod 8 : structured[4, 8]), crdWidth = 8}>", 1, 8, 4},
    {"nm2:4", MAP "(i : dense, j floordiv 4 : dense, j mod 4 : structured[2, 4]), crdWidth = 8}>", 1, 4, 2, true,
     "nm-matvec"},
    {"nm4:8", MAP "(i : dense, j floordiv 8 : dense, j mod 8 : structured[4, 8]), crdWidth = 8}>", 1, 8, 4, true,
     "nm-matvec"},
    {"bitmap", "#spnn.bitmap", 1, 1, 0, true},
    {"csr", MAP "(i : dense, j : compressed)" WIDTHS, 1, 1, 0, false, "hardcoded"},
    {"csr", MAP "(i : dense, j : compressed)" WIDTHS, 1, 1, 0, false, "pattern-tile", true},
    {"csr", MAP "(i : dense, j : compressed)" WIDTHS, 1, 1, 0, false, "csr-matvec", true, 4},
    {"csr", MAP "(i : dense, j : compressed)" WIDTHS, 1, 1, 0, true, "csr-matvec", true},
    {"csc", MAP "(j : dense, i : compressed)" WIDTHS, 1, 1, 0, true},
    {"bsr4x1", MAP "(i floordiv 4 : dense, j : compressed, i mod 4 : dense)" WIDTHS, 4, 1, 0, true, "block-matvec",
     true},
    {"bsr8x1", MAP "(i floordiv 8 : dense, j : compressed, i mod 8 : dense)" WIDTHS, 8, 1, 0, false, "block-matvec",
     true, 4},
    {"bsr16x1", MAP "(i floordiv 16 : dense, j : compressed, i mod 16 : dense)" WIDTHS, 16, 1, 0, false, "block-matvec",
     true, 4},
    {"bsr4x4", MAP "(i floordiv 4 : dense, j floordiv 4 : compressed, i mod 4 : dense, j mod 4 : dense)" WIDTHS, 4, 4,
     0, false, "block-matvec", true, 4},
    {"nmg2:4:3", "#spnn.nmg<2, 4, 3>", 4, 18, 0, false, "nmg", true, 0, {2, 4, 3}},
    {"nmg1:3:2", "#spnn.nmg<1, 3, 2>", 3, 6, 0, false, "nmg", true, 0, {1, 3, 2}},
    {"nmg5:6:1", "#spnn.nmg<5, 6, 1>", 6, 6, 0, false, "nmg", true, 0, {5, 6, 1}},
    {"nmg1:3:2", "#spnn.nmg<1, 3, 2>", 3, 6, 0, false, "pattern-tile", true, 0, {1, 3, 2}},
};

enum Pattern { Random, AllZero, AllDense, EmptyRows, FullRows, DenseColumn, NumPatterns };
const char *const kPatterns[] = {"random", "all zero", "all dense", "empty rows", "full rows", "dense column"};

/// Element types of weights and right-hand side; the result is f32.
struct Types {
  const char *weights = "f32", *rhs = "f32";
  bool isNarrow() const { return std::strcmp(weights, "f32") != 0; }
  bool isInteger() const { return std::strcmp(rhs, "i8") == 0; }
};
const Types kTypes[] = {{"f16", "f32"}, {"bf16", "f32"}, {"i8", "f32"}, {"bf16", "bf16"}, {"i8", "i8"}};

/// How the product is written: W x, W x^T, x W^T or x^T W^T, with W of m x k.
enum Side { Left, LeftTransposed, Right, RightTransposed, NumSides };

struct Case {
  const Format *format = nullptr;
  int64_t m = 0, k = 0, n = 0;
  bool isDynamic, hasBias;
  Side side;
  Pattern pattern;
  double density;
  const char *activation;
  Types types;
  bool hasRowScales = false, hasColumnScales = false; ///< of W's rows and of the columns of x
  std::vector<float> weights, bias, rowScales, columnScales;

  bool isWide = false; ///< the target has vectors of 64 bytes
  bool forcesKernel() const { return format->kernel && (isWide || format->isPortable); }
  /// oneDNN multiplies f32, whatever the operands are.
  bool mayBeDense() const { return *format->encoding == 0; }
  bool inputIsTransposed() const { return side == LeftTransposed || side == Right; }
  bool outputIsTransposed() const { return side == Right || side == RightTransposed; }
  std::string describe() const {
    return std::string(format->name) + (forcesKernel() ? std::string(" by ") + format->kernel : "") +
           " m=" + std::to_string(m) + " k=" + std::to_string(k) + " n=" + std::to_string(n) +
           (isDynamic ? " dynamic" : "") + (hasBias ? " bias " : " ") + activation + " side " + std::to_string(side) +
           ", " + kPatterns[pattern] + " " + std::to_string(density) + ", " + types.weights + " x " + types.rhs +
           (hasRowScales ? " row scales" : "") + (hasColumnScales ? " column scales" : "");
  }
};

int64_t roundUp(int64_t value, int64_t to) { return (value + to - 1) / to * to; }

/// A number that `type` holds: of narrow floats few bits, of i8 any.
float makeNumber(const std::string &type, float largest, std::mt19937 &generator) {
  if (type == "f32")
    return std::uniform_real_distribution<float>(-largest, largest)(generator);
  if (type == "i8")
    return static_cast<float>(static_cast<int>(generator() % 256) - 128);
  return largest * (static_cast<float>(generator() % 129) - 64) / 64;
}

/// The bytes of elements, each of which `type` holds.
std::vector<uint8_t> encode(const std::vector<float> &values, const std::string &type) {
  size_t width = type == "f32" ? 4 : type == "i8" ? 1 : 2;
  std::vector<uint8_t> bytes(values.size() * width);
  for (size_t i = 0; i < values.size(); ++i) {
    uint64_t bits = static_cast<uint8_t>(static_cast<int8_t>(std::fabs(values[i]) <= 128 ? values[i] : 0));
    if (type != "i8") {
      llvm::APFloat number(values[i]);
      bool isInexact = false;
      if (type != "f32")
        number.convert(type == "f16" ? llvm::APFloat::IEEEhalf() : llvm::APFloat::BFloat(),
                       llvm::APFloat::rmNearestTiesToEven, &isInexact);
      EXPECT_FALSE(isInexact) << values[i];
      bits = number.bitcastToAPInt().getZExtValue();
    }
    std::memcpy(bytes.data() + i * width, &bits, width);
  }
  return bytes;
}

void fillWeights(Case &c, std::mt19937 &generator) {
  std::uniform_real_distribution<float> value(-1, 1);
  std::bernoulli_distribution isKept(c.density), isSpecialRow(0.5);
  auto nonzero = [&] {
    float v = makeNumber(c.types.weights, 1, generator);
    return v == 0 ? 1.0f : v;
  };
  c.weights.assign(c.m * c.k, 0.0f);
  int64_t column = c.k ? generator() % c.k : 0;
  for (int64_t i = 0; i < c.m; ++i) {
    bool special = isSpecialRow(generator);
    for (int64_t j = 0; j < c.k; ++j) {
      bool keep = isKept(generator);
      if (c.pattern == AllZero || (c.pattern == EmptyRows && special))
        keep = false;
      if (c.pattern == AllDense || (c.pattern == FullRows && special))
        keep = true;
      if (c.pattern == DenseColumn)
        keep = j == column;
      if (keep)
        c.weights[i * c.k + j] = nonzero();
    }
    if (!c.format->nmN)
      continue;
    for (int64_t group = 0; group < c.k; group += c.format->cols)
      for (int64_t j = 0, kept = 0; j < c.format->cols; ++j) {
        float &w = c.weights[i * c.k + group + j];
        if (w != 0 && ++kept > c.format->nmN)
          w = 0;
      }
  }
  if (c.format->nmg.n) {
    // Each group has every pattern g times, in a random order.
    const format::Nmg &nmg = c.format->nmg;
    std::vector<uint32_t> order;
    for (uint32_t pattern : nmg.listPatterns())
      order.insert(order.end(), nmg.g, pattern);
    for (int64_t strip = 0; strip < c.m; strip += nmg.m)
      for (int64_t j = 0; j < c.k; ++j) {
        if (j % nmg.groupCols() == 0)
          std::shuffle(order.begin(), order.end(), generator);
        for (int64_t r = 0; r < nmg.m; ++r)
          if (!(order[j % nmg.groupCols()] >> r & 1))
            c.weights[(strip + r) * c.k + j] = 0;
      }
  }
  c.bias.resize(c.m);
  for (float &b : c.bias)
    b = value(generator);
  c.rowScales.resize(c.m);
  for (float &scale : c.rowScales)
    scale = value(generator);
}

bool hasWideVectors(const std::string &options) {
  return options.find("haswell") == std::string::npos && options.find("x86-64") == std::string::npos &&
         __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl");
}

Case makeCase(size_t number, std::mt19937 &generator, bool isWide) {
  auto pick = [&](const auto &list) { return list[generator() % std::size(list)]; };
  Case c;
  c.isWide = isWide;
  c.format = &kFormats[number % std::size(kFormats)];
  c.activation = kActivations[(number + number / std::size(kFormats)) % std::size(kActivations)];
  c.m = roundUp(pick(kExtents), c.format->rows);
  c.k = roundUp(pick(kExtents), c.format->cols);
  c.n = c.format->oneColumn ? 1 : c.format->maxColumns ? 1 + generator() % c.format->maxColumns : pick(kExtents);
  c.isDynamic = !c.format->oneColumn && !c.format->maxColumns && generator() % 2;
  c.hasBias = generator() % 2;
  // A decision is about a product in kernel form.
  c.side = static_cast<Side>(generator() % (c.format->kernel ? 2 : NumSides));
  c.pattern = generator() % 3 ? Random : static_cast<Pattern>(generator() % NumPatterns);
  c.density = std::uniform_real_distribution<double>(0, generator() % 2 ? 0.2 : 1)(generator);
  fillWeights(c, generator);
  return c;
}

std::string tensorType(const std::string &rows, const std::string &cols, const std::string &element = "f32",
                       const std::string &encoding = "") {
  return "tensor<" + rows + "x" + cols + "x" + element + (encoding.empty() ? "" : ", " + encoding) + ">";
}

std::string emitFunction(const Case &c, size_t number) {
  std::string m = std::to_string(c.m), k = std::to_string(c.k), n = c.isDynamic ? "?" : std::to_string(c.n);
  std::string x = c.inputIsTransposed() ? tensorType(n, k, c.types.rhs) : tensorType(k, n, c.types.rhs);
  std::string y = c.outputIsTransposed() ? tensorType(n, m) : tensorType(m, n);
  std::string dense = tensorType(m, k, c.types.weights), sparse = tensorType(m, k, c.types.weights, c.format->encoding);
  std::string scales = "tensor<" + n + "xf32>", scaleArgument = c.hasColumnScales ? ", %t: " + scales : "";
  std::string text = "func.func @c" + std::to_string(number) + "(%x: " + x + scaleArgument + ") -> " + y + " {\n";
  text += "  %w = arith.constant " +
          (c.weights.empty() ? "dense<>" : denseAttribute(encode(c.weights, c.types.weights))) + " : " + dense + "\n";
  bool isSparse = *c.format->encoding != 0;
  if (isSparse)
    text += "  %s = spnn.convert %w : " + dense + " to " + sparse + "\n";
  if (c.hasBias)
    text +=
        "  %b = arith.constant " + (c.bias.empty() ? "dense<>" : denseAttribute(c.bias)) + " : tensor<" + m + "xf32>\n";
  std::string w = isSparse ? "%s" : "%w", wType = isSparse ? sparse : dense;
  bool onRight = c.outputIsTransposed();
  if (c.hasRowScales)
    text += "  %r = arith.constant " + (c.rowScales.empty() ? "dense<>" : denseAttribute(c.rowScales)) + " : tensor<" +
            m + "xf32>\n";
  text += "  %y = spnn.matmul " + (onRight ? "%x, " + w : w + ", %x");
  if (onRight ? c.hasColumnScales : c.hasRowScales)
    text += onRight ? " lhs_scales(%t : " + scales + ")" : " lhs_scales(%r : tensor<" + m + "xf32>)";
  if (onRight ? c.hasRowScales : c.hasColumnScales)
    text += onRight ? " rhs_scales(%r : tensor<" + m + "xf32>)" : " rhs_scales(%t : " + scales + ")";
  if (c.hasBias)
    text += " bias(%b : tensor<" + m + "xf32>)";
  text += std::string(" activation(") + c.activation + ") {bias_axis = " + (onRight ? "1" : "0") + " : i64";
  if (onRight)
    text += c.inputIsTransposed() ? ", transpose_rhs" : ", transpose_lhs, transpose_rhs";
  else if (c.inputIsTransposed())
    text += ", transpose_rhs";
  if (c.forcesKernel())
    text += std::string(", spnn.decision = {kernel = \"") + c.format->kernel + "\"}";
  text += "} : (" + (onRight ? x + ", " + wType : wType + ", " + x) + ") -> " + y + "\n  return %y : " + y + "\n}\n";
  return text;
}

double activate(const std::string &name, double x) {
  if (name == "relu")
    return x <= 0 ? 0 : x;
  if (name == "gelu_erf")
    return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
  if (name == "gelu_tanh")
    return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  if (name == "sigmoid")
    return 1 / (1 + std::exp(-x));
  if (name == "tanh")
    return std::tanh(x);
  if (name == "silu")
    return x / (1 + std::exp(-x));
  return x;
}

/// Runs `c` with n columns on `threads` threads; empty, after a failure, if the model fails or oversteps its output.
std::vector<float> runOnce(const Case &c, const runtime::Model &model, const runtime::FunctionSpec &function,
                           const std::vector<float> &input, int64_t n, runtime::Context &context) {
  std::vector<uint8_t> raw = encode(input, c.types.rhs);
  GuardedBuffer x((raw.size() + sizeof(float) - 1) / sizeof(float)), t(c.hasColumnScales ? n : 0), y(c.m * n);
  // The last element ends where the page does.
  uint8_t *xData = reinterpret_cast<uint8_t *>(x.data() + x.size()) - raw.size();
  std::copy(raw.begin(), raw.end(), xData);
  std::copy_n(c.columnScales.begin(), t.size(), t.data());
  y.poison();
  auto shape = [](bool transposed, int64_t a, int64_t b) {
    return transposed ? std::vector<int64_t>{b, a} : std::vector<int64_t>{a, b};
  };
  std::vector<runtime::TensorRef> in{
      {*runtime::dtypeFromName(c.types.rhs), shape(c.inputIsTransposed(), c.k, n), xData}};
  if (c.hasColumnScales)
    in.push_back({runtime::DType::F32, {n}, t.data()});
  runtime::TensorRef out{runtime::DType::F32, shape(c.outputIsTransposed(), c.m, n), y.data()};
  setCrashNote(c.describe() + ", run with n=" + std::to_string(n));
  if (runtime::Error error = model.run(function, in, {out}, context)) {
    ADD_FAILURE() << *error;
    return {};
  }
  EXPECT_TRUE(y.intact()) << "the model wrote in front of its output";
  EXPECT_TRUE(raw.empty() || std::memcmp(xData, raw.data(), raw.size()) == 0) << "the model changed its input";
  return std::vector<float>(y.data(), y.data() + y.size());
}

void check(const Case &c, const runtime::Model &model, const runtime::FunctionSpec &function, int64_t n,
           std::mt19937 &generator) {
  SCOPED_TRACE(c.describe() + ", run with n=" + std::to_string(n));
  std::vector<float> input(c.k * n);
  // Half of the inputs hold zeros, which kernels may skip.
  int64_t zeros = generator() % 2 ? 3 : 1;
  for (float &x : input)
    x = generator() % zeros ? 0 : makeNumber(c.types.rhs, 2, generator);
  runtime::Context one, two;
  ASSERT_EQ(model.createContext(1, one), std::nullopt);
  ASSERT_EQ(model.createContext(2, two), std::nullopt);
  std::vector<float> result = runOnce(c, model, function, input, n, one);
  ASSERT_EQ(result.size(), static_cast<size_t>(c.m * n));

  auto x = [&](int64_t j, int64_t col) { return input[c.inputIsTransposed() ? col * c.k + j : j * n + col]; };
  for (int64_t i = 0; i < c.m; ++i)
    for (int64_t col = 0; col < n; ++col) {
      double sum = 0, magnitude = 0;
      for (int64_t j = 0; j < c.k; ++j) {
        double product = static_cast<double>(c.weights[i * c.k + j]) * x(j, col);
        sum += product;
        magnitude += std::fabs(product);
      }
      // Sums of i8 are exact, and their conversion is rounded once.
      double terms = c.types.isInteger() && !c.mayBeDense() ? 2 : static_cast<double>(c.k);
      if (c.types.isInteger() && !c.mayBeDense())
        magnitude = std::fabs(sum);
      double scale = (c.hasRowScales ? c.rowScales[i] : 1.0) * (c.hasColumnScales ? c.columnScales[col] : 1.0);
      sum = sum * scale + (c.hasBias ? c.bias[i] : 0);
      magnitude = magnitude * std::fabs(scale) + (c.hasBias ? std::fabs(c.bias[i]) : 0);
      if (c.hasRowScales || c.hasColumnScales)
        terms += 3;
      double expected = activate(c.activation, sum);
      // Rounding of k products and sums in f32; no activation here has a slope above 1.2; the polynomials that
      // replace exp, tanh and erf are good to a few units in the last place.
      double tolerance = 1.2 * 6e-8 * (terms + 2) * magnitude;
      if (std::strcmp(c.activation, "none") != 0 && std::strcmp(c.activation, "relu") != 0)
        tolerance += 1e-6 * std::max(1.0, std::fabs(sum));
      float actual = result[c.outputIsTransposed() ? col * c.m + i : i * n + col];
      ASSERT_LE(std::fabs(actual - expected), tolerance)
          << "at row " << i << ", column " << col << ": " << actual << ", expected " << expected << " from " << sum;
    }

  auto equal = [&](const std::vector<float> &other) {
    return other.size() == result.size() &&
           (result.empty() || std::memcmp(other.data(), result.data(), result.size() * sizeof(float)) == 0);
  };
  EXPECT_TRUE(equal(runOnce(c, model, function, input, n, one))) << "a second run differs";
  // oneDNN splits the inner extent by threads, so only sparse kernels promise this.
  if (c.format != &kFormats[0]) {
    EXPECT_TRUE(equal(runOnce(c, model, function, input, n, two))) << "a run on two threads differs";
  } else {
    runOnce(c, model, function, input, n, two);
  }
}

bool runLong() {
  const char *value = std::getenv("SPNN_LONG_TESTS");
  return value && std::strcmp(value, "1") == 0;
}

/// Several products in one module, which is compiled once.
void checkAll(const std::vector<Case> &cases, const std::string &options, std::mt19937 &generator) {
  std::string text;
  for (size_t i = 0; i < cases.size(); ++i)
    text += emitFunction(cases[i], i);
  TemporaryFolder folder;
  std::unique_ptr<runtime::Model> model = compile(text, options, folder.file("model.so"));
  ASSERT_NE(model, nullptr);
  for (size_t i = 0; i < cases.size(); ++i) {
    const runtime::FunctionSpec *function = model->description().find("c" + std::to_string(i));
    ASSERT_NE(function, nullptr);
    check(cases[i], *model, *function, cases[i].n, generator);
    if (cases[i].isDynamic)
      for (int64_t n : {int64_t(0), int64_t(1), kExtents[generator() % std::size(kExtents)]})
        check(cases[i], *model, *function, n, generator);
    if (testing::Test::HasFatalFailure())
      return;
  }
}

struct Configuration {
  const char *name, *options;
};

class KernelOracle : public testing::TestWithParam<Configuration> {};

// Products of all formats, activations, sides and patterns are what the loop says.
TEST_P(KernelOracle, RandomProducts) {
  size_t rounds = runLong() ? 10 : 1;
  for (size_t round = 0; round < rounds; ++round) {
    std::mt19937 generator(1234 + 77 * round + std::strlen(GetParam().options));
    std::vector<Case> cases;
    // Each format with two activations; where formats and activations have a common divisor, the shift helps.
    for (size_t i = 0; i < 2 * std::size(kFormats); ++i)
      cases.push_back(makeCase(2 * std::size(kFormats) * round + i, generator, hasWideVectors(GetParam().options)));
    checkAll(cases, GetParam().options, generator);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, KernelOracle,
                         testing::Values(Configuration{"native", "format=dense target-cpu=native"},
                                         Configuration{"sequential", "format=dense target-cpu=native threads=1"},
                                         Configuration{"haswell", "format=dense target-cpu=haswell"},
                                         Configuration{"sse2", "format=dense target-cpu=x86-64"}),
                         [](const auto &info) { return info.param.name; });

/// A kernel for products of these types; null if there is none for the format.
bool takesTypes(const Format &format, const Types &types) {
  std::string kernel = format.kernel ? format.kernel : "";
  if (kernel == "hardcoded" && types.isNarrow())
    return false;
  if (std::strcmp(types.rhs, "f32") == 0 || *format.encoding == 0)
    return true;
  // Kernel "dot", by itself.
  return kernel.empty() && (std::strcmp(format.name, "csr") == 0 ||
                            (std::strncmp(format.name, "bsr", 3) == 0 && std::strstr(format.name, "x1")));
}

Case makeTypedCase(const Format &format, const Types &types, std::mt19937 &generator, bool isWide) {
  Case c = makeCase(&format - kFormats, generator, isWide);
  c.types = types;
  c.hasRowScales = generator() % 3 != 0;
  c.hasColumnScales = generator() % 3 != 0;
  c.columnScales.resize(1024);
  for (float &scale : c.columnScales)
    scale = std::uniform_real_distribution<float>(-2, 2)(generator);
  fillWeights(c, generator);
  return c;
}

// Products of all formats and types, with scales and without.
TEST_P(KernelOracle, ElementTypes) {
  size_t rounds = runLong() ? 10 : 1;
  for (size_t round = 0; round < rounds; ++round) {
    std::mt19937 generator(4321 + 77 * round + std::strlen(GetParam().options));
    std::vector<Case> cases;
    size_t turn = 0;
    for (const Format &format : kFormats)
      for (const Types &types : kTypes)
        // Short runs take every second pair of format and types, another half on each target.
        if (takesTypes(format, types) && (runLong() || ++turn % 2 == std::strlen(GetParam().options) % 2))
          cases.push_back(makeTypedCase(format, types, generator, hasWideVectors(GetParam().options)));
    checkAll(cases, GetParam().options, generator);
  }
}

// Kernel "dot": every number of vectors in a panel, full ones and tails, and each height of blocks.
TEST_P(KernelOracle, DotProducts) {
  std::mt19937 generator(99);
  std::vector<Case> cases;
  size_t number = 0;
  for (const Format &format : kFormats)
    for (const Types &types : {kTypes[3], kTypes[4]}) {
      if (!takesTypes(format, types) || *format.encoding == 0)
        continue;
      for (int64_t n : {16, 17, 47, 64, 130}) {
        Case c = makeTypedCase(format, types, generator, hasWideVectors(GetParam().options));
        c.n = n;
        c.k = kExtents[number++ % std::size(kExtents)];
        c.m = roundUp(c.m % 40 + 1, format.rows);
        c.isDynamic = n == 130;
        fillWeights(c, generator);
        cases.push_back(c);
      }
    }
  checkAll(cases, GetParam().options, generator);
}

// Bitmaps of narrow weights, expanded by whole vectors (native, if it can) and 16 at a time: full words and tails.
TEST(KernelOracleEdges, NarrowBitmaps) {
  if (!hasWideVectors(""))
    GTEST_SKIP() << "no vectors of 64 bytes";
  auto isBitmap = [](const Format &format) { return std::strcmp(format.name, "bitmap") == 0; };
  const Format &bitmap = *std::find_if(std::begin(kFormats), std::end(kFormats), isBitmap);
  for (const char *options :
       {"format=dense threads=1 target-cpu=native", "format=dense threads=1 target-cpu=skylake-avx512"}) {
    std::mt19937 generator(8);
    std::vector<Case> cases;
    for (const Types &types : {kTypes[0], kTypes[1], kTypes[2]})
      for (int64_t k : kExtents) {
        Case c = makeTypedCase(bitmap, types, generator, /*isWide=*/true);
        c.k = k;
        fillWeights(c, generator);
        cases.push_back(c);
      }
    checkAll(cases, options, generator);
  }
}

// Weights without rows or columns, and products without columns.
TEST(KernelOracleEdges, EmptyExtents) {
  std::mt19937 generator(5);
  std::vector<Case> cases;
  for (const Format &format : kFormats)
    for (auto [m, k, n] : {std::tuple(0, 16, 5), std::tuple(16, 0, 5), std::tuple(16, 16, 0)}) {
      Case c = makeCase(cases.size(), generator, hasWideVectors(""));
      c.format = &format;
      c.m = roundUp(m, format.rows);
      c.k = roundUp(k, format.cols);
      c.n = format.oneColumn    ? 1
            : format.maxColumns ? std::min<int64_t>(std::max<int64_t>(n, 1), format.maxColumns)
                                : n;
      c.isDynamic = false;
      c.side = format.kernel ? Left : c.side;
      c.pattern = Random;
      for (const Types &types : kTypes) {
        if (!takesTypes(format, types))
          continue;
        Case typed = c;
        typed.types = types;
        typed.hasRowScales = true;
        fillWeights(typed, generator);
        cases.push_back(typed);
      }
      fillWeights(c, generator);
      cases.push_back(c);
    }
  checkAll(cases, "format=dense threads=1", generator);
}

// Work enough for several chunks, k blocks and OpenMP threads.
TEST(KernelOracleEdges, LargeProducts) {
  std::mt19937 generator(6);
  std::vector<Case> cases;
  for (const Format &format : kFormats) {
    Case c = makeCase(cases.size(), generator, hasWideVectors(""));
    c.format = &format;
    c.m = roundUp(301, format.rows);
    c.k = roundUp(1030, format.cols);
    c.n = format.oneColumn ? 1 : format.maxColumns ? format.maxColumns : 130;
    c.side = format.kernel ? Left : c.side;
    c.pattern = Random;
    c.density = 0.3;
    c.isDynamic = false;
    fillWeights(c, generator);
    cases.push_back(c);
    const Types &types = kTypes[cases.size() % std::size(kTypes)];
    for (const Types &wanted : {types, kTypes[3], kTypes[4]})
      if (takesTypes(format, wanted)) {
        c.types = wanted;
        c.hasRowScales = true;
        fillWeights(c, generator);
        cases.push_back(c);
      }
  }
  checkAll(cases, "format=dense", generator);
}

// Activations of values far out, of infinities and of NaN, through weights that are the identity but for an empty last
// row: next to longer rows its lanes idle, and no infinity may come in that way.
TEST(KernelOracleEdges, SpecialValues) {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> inputs = {infinity, 0.0f,  -0.0f,  1e-30f, -1e-30f, 0.01f, 1.0f,      -1.0f,         5.0f,
                                     -5.0f,    20.0f, -20.0f, 88.0f,  -88.0f,  90.0f, -90.0f,    1e4f,          -1e4f,
                                     1e30f,    3.0f,  -3.0f,  9.5f,   -9.5f,   0.5f,  -infinity, std::nanf(""), 7.0f};
  std::string text, n = std::to_string(inputs.size());
  std::string type = "tensor<" + n + "x" + n + "xf32", column = "tensor<" + n + "x1xf32>";
  std::vector<float> identity(inputs.size() * inputs.size(), 0.0f);
  for (size_t i = 0; i + 1 < inputs.size(); ++i)
    identity[i * inputs.size() + i] = 1;
  std::vector<std::pair<std::string, const char *>> functions; // name, activation
  std::string decision;
  for (const char *kernel : {"csr", "csr-matvec"}) {
    decision = std::string("{spnn.decision = {kernel = \"") + kernel + "\"}}";
    for (const char *activation : kActivations) {
      functions.emplace_back(std::string(activation) + "_" + std::to_string(functions.size()), activation);
      text += "func.func @" + functions.back().first + "(%x: " + column + ") -> " + column +
              " {\n  %w = arith.constant " + denseAttribute(identity) + " : " + type +
              ">\n  %s = spnn.convert %w : " + type + "> to " + type + ", " + kFormats[1].encoding +
              ">\n  %y = spnn.matmul %s, %x activation(" + activation + ") " + decision + " : (" + type + ", " +
              kFormats[1].encoding + ">, " + column + ") -> " + column + "\n  return %y : " + column + "\n}\n";
    }
  }
  TemporaryFolder folder;
  for (const char *cpu : {"native", "x86-64"}) {
    SCOPED_TRACE(cpu);
    std::unique_ptr<runtime::Model> model =
        compile(text, std::string("threads=1 target-cpu=") + cpu, folder.file(std::string(cpu) + ".so"));
    ASSERT_NE(model, nullptr);
    runtime::Context context;
    ASSERT_EQ(model->createContext(1, context), std::nullopt);
    for (const auto &[name, activation] : functions) {
      std::vector<float> x = inputs, y(inputs.size());
      std::vector<int64_t> shape{static_cast<int64_t>(inputs.size()), 1};
      const runtime::FunctionSpec *function = model->description().find(name);
      ASSERT_NE(function, nullptr);
      ASSERT_EQ(model->run(*function, {{runtime::DType::F32, shape, x.data()}},
                           {{runtime::DType::F32, shape, y.data()}}, context),
                std::nullopt);
      for (size_t i = 0; i < inputs.size(); ++i) {
        double expected = activate(activation, i + 1 < inputs.size() ? inputs[i] : 0);
        SCOPED_TRACE(name + " of " + std::to_string(inputs[i]));
        if (std::isnan(inputs[i])) {
          EXPECT_TRUE(std::isnan(y[i])) << y[i];
          continue;
        }
        // At minus infinity the formula is NaN, the limit is not; either will do.
        if (std::isnan(expected))
          continue;
        if (std::isinf(static_cast<float>(expected)))
          EXPECT_EQ(y[i], static_cast<float>(expected));
        else
          EXPECT_NEAR(y[i], expected, 1e-6 * std::max(1.0, std::fabs(expected)));
      }
    }
  }
}

} // namespace
