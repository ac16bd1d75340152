//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled models whose layers are joined by residuals, activations, normalisations and softmax on packed panels,
// against the reference evaluator.
//
//===----------------------------------------------------------------------===//
#include "CompileModel.h"

#include "spnn/IR/SPNN.h"
#include "spnn/Reference/Evaluator.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

using namespace spnn;
using namespace spnn::test;

namespace {

/// What stands between the products, on %y of n x k: uses %r (n x k), %c (n), %g and %b (k), and defines %m of %y's
/// type. `extra` is a further result, named in `results` with its type.
struct Middle {
  const char *name, *text;
  const char *extra = nullptr;
  bool extraIsVector = false;
  bool isTransposed = false; ///< %y, %r and %m are k x n
};

#define GENERIC(maps, kinds) "linalg.generic {indexing_maps = [" maps "], iterator_types = [" kinds "]} "
#define BOTH "\"parallel\", \"parallel\""
#define FOLD "\"parallel\", \"reduction\""
#define LAYER_NORM(in)                                                                                                 \
  "%sum = " GENERIC(                                                                                                   \
      "#id, #col",                                                                                                     \
      FOLD) "ins(" in " : T) outs(%zeros : C) {\n^bb0(%a: f32, %s: f32):\n"                                            \
            "  %t = arith.addf %s, %a : f32\n  linalg.yield %t : f32\n} -> C\n"                                        \
            "%var = " GENERIC(                                                                                         \
                "#id, #col, #col",                                                                                     \
                FOLD) "ins(" in ", %sum : T, C) outs(%zeros : C) {\n"                                                  \
                      "^bb0(%a: f32, %u: f32, %s: f32):\n  %mu = arith.divf %u, %count : f32\n  %d = arith.subf %a, "  \
                      "%mu : f32\n"                                                                                    \
                      "  %q = arith.mulf %d, %d : f32\n  %t = arith.addf %q, %s : f32\n  linalg.yield %t : f32\n} -> " \
                      "C\n"                                                                                            \
                      "%m = " GENERIC("#id, #col, #col, #row, #row, #id",                                              \
                                      BOTH) "ins(" in ", %sum, %var, %g, %b : T, C, C, R, R) outs(%e : T) {\n"         \
                                            "^bb0(%a: f32, %u: f32, %v: f32, %gamma: f32, %beta: f32, %o: f32):\n  "   \
                                            "%mu = arith.divf %u, %count : f32\n"                                      \
                                            "  %d = arith.subf %a, %mu : f32\n  %v1 = arith.divf %v, %count : f32\n  " \
                                            "%v2 = arith.addf %v1, %eps : f32\n"                                       \
                                            "  %i = math.rsqrt %v2 : f32\n  %p = arith.mulf %d, %i : f32\n  %p1 = "    \
                                            "arith.mulf %p, %gamma : f32\n"                                            \
                                            "  %p2 = arith.addf %p1, %beta : f32\n  linalg.yield %p2 : f32\n} -> T\n"
#define RESIDUAL "%sum0 = linalg.add ins(%y, %r : T, T) outs(%e : T) -> T\n"

const Middle kMiddles[] = {
    {"residual", "%m = linalg.add ins(%y, %r : T, T) outs(%e : T) -> T\n"},
    {"softmax", "%m = linalg.softmax dimension(1) ins(%y : T) outs(%e : T) -> T\n"},
    {"layer_norm", LAYER_NORM("%y")},
    {"residual_layer_norm", RESIDUAL LAYER_NORM("%sum0"), "%sum0"},
    {"gelu",
     RESIDUAL "%m = linalg.generic {indexing_maps = [#id, #id], iterator_types = [" BOTH "]} "
              "ins(%sum0 : T) outs(%e : T) {\n^bb0(%a: f32, %o: f32):\n  %h = arith.mulf %a, %half : f32\n"
              "  %w = arith.mulf %a, %isqrt2 : f32\n  %f = math.erf %w : f32\n  %f1 = arith.addf %f, %one : f32\n"
              "  %q = arith.mulf %h, %f1 : f32\n  linalg.yield %q : f32\n} -> T\n"},
    {"silu_tensor_ops", "%s = arith.addf %y, %r : T\n%neg = arith.negf %s : T\n%ex = math.exp %neg : T\n"
                        "%ones = linalg.fill ins(%one : f32) outs(%e : T) -> T\n%den = arith.addf %ex, %ones : T\n"
                        "%m = arith.divf %s, %den : T\n"},
    {"broadcasts",
     "%m = " GENERIC("#id, #col, #row, #row, #id",
                     BOTH) "ins(%y, %c, %g, %b : T, C, R, R) outs(%e : T) {\n"
                           "^bb0(%a: f32, %s: f32, %gamma: f32, %beta: f32, %o: f32):\n  %p = arith.mulf %a, %s : f32\n"
                           "  %q = arith.mulf %p, %gamma : f32\n  %z = arith.addf %q, %beta : f32\n  linalg.yield %z : "
                           "f32\n} -> T\n"},
    {"column_result",
     "%top = " GENERIC(
         "#id, #col",
         FOLD) "ins(%y : T) outs(%lowest : C) {\n^bb0(%a: f32, %s: f32):\n  %t = arith.maximumf %s, %a : f32\n"
               "  linalg.yield %t : f32\n} -> C\n"
               "%m = " GENERIC("#id, #col, #id", BOTH) "ins(%y, %top : T, C) outs(%e : T) {\n"
                                                       "^bb0(%a: f32, %s: f32, %o: f32):\n  %p = arith.subf %a, %s : "
                                                       "f32\n  linalg.yield %p : f32\n} -> T\n",
     "%top", true},
    {"two_results", "%m = math.tanh %y : T\n%n2 = arith.mulf %y, %r : T\n", "%n2"},
    {"gelu_layer_norm", RESIDUAL "%act = linalg.generic {indexing_maps = [#id, #id], iterator_types = [" BOTH "]} "
                                 "ins(%sum0 : T) outs(%e : T) {\n^bb0(%a: f32, %o: f32):\n"
                                 "  %f = math.tanh %a : f32\n  %q = arith.mulf %a, %f : f32\n"
                                 "  linalg.yield %q : f32\n} -> T\n" LAYER_NORM("%act")},
    {"features_first", "%t0 = math.tanh %r : T\n%m = linalg.mul ins(%y, %t0 : T, T) outs(%e : T) -> T\n", nullptr,
     false, true},
    {"softmax_of_features_first",
     "%s0 = linalg.add ins(%y, %r : T, T) outs(%e : T) -> T\n"
     "%m = linalg.softmax dimension(0) ins(%s0 : T) outs(%e : T) -> T\n",
     nullptr, false, true},
    {"functions_of_libm", "%f1 = math.atan %y : T\n%f2 = math.absf %f1 : T\n%m = math.log1p %f2 : T\n"},
    {"gate_of_used_value", "%gate = math.tanh %r : T\n%m = arith.mulf %y, %gate : T\n", "%y"},
};

struct Case {
  const Middle *middle;
  int64_t n, k, inner = 24, last = 19;
  bool isDynamic = false;
  std::string describe() const {
    return std::string(middle->name) + " n=" + std::to_string(n) + " k=" + std::to_string(k) +
           (isDynamic ? " dynamic" : "");
  }
};

std::string sparseMatrix(const std::string &name, int64_t rows, int64_t cols, std::mt19937 &generator) {
  std::uniform_real_distribution<float> value(-1, 1);
  std::vector<float> weights(rows * cols);
  for (float &w : weights)
    w = generator() % 4 ? 0 : value(generator);
  return name + " = arith.constant " + (weights.empty() ? "dense<>" : denseAttribute(weights)) + " : tensor<" +
         std::to_string(rows) + "x" + std::to_string(cols) + "xf32>\n";
}

std::string vectorConstant(const std::string &name, int64_t size, std::mt19937 &generator) {
  std::uniform_real_distribution<float> value(0.5, 1.5);
  std::vector<float> values(size);
  for (float &v : values)
    v = value(generator);
  return name + " = arith.constant " + (values.empty() ? "dense<>" : denseAttribute(values)) + " : R\n";
}

/// @cN(x: n x inner, r: n x k, c: n) -> (n x last, extra): two products with the middle between them.
std::string emitFunction(const Case &c, size_t number, std::mt19937 &generator) {
  auto str = [](int64_t value) { return std::to_string(value); };
  std::string n = c.isDynamic ? "?" : str(c.n), sizes = c.isDynamic ? "%n" : "";
  bool first = c.middle->isTransposed;
  auto matrix = [&](int64_t features) {
    return "tensor<" + (first ? str(features) + "x" + n : n + "x" + str(features)) + "xf32>";
  };
  std::string results = matrix(c.last);
  if (c.middle->extra)
    results += c.middle->extraIsVector ? ", C" : ", T";
  std::string text =
      "func.func @c" + str(number) + "(%x: " + matrix(c.inner) + ", %r: T, %c: C) -> (" + results +
      ") {\n%zero = arith.constant 0.0 : f32\n%one = arith.constant 1.0 : f32\n"
      "%half = arith.constant 0.5 : f32\n%isqrt2 = arith.constant 0.70710678 : f32\n"
      "%eps = arith.constant 0.01 : f32\n%ninf = arith.constant 0xFF800000 : f32\n%count = arith.constant " +
      str(c.k) + ".0 : f32\n%position = arith.constant " + (first ? "1" : "0") +
      " : index\n%n = tensor.dim %x, %position : " + matrix(c.inner) + "\n%e = tensor.empty(" + sizes +
      ") : T\n%ec = tensor.empty(" + sizes +
      ") : C\n%zeros = linalg.fill ins(%zero : f32) outs(%ec : C) -> C\n"
      "%lowest = linalg.fill ins(%ninf : f32) outs(%ec : C) -> C\n";
  text += sparseMatrix("%w1", c.k, c.inner, generator) + sparseMatrix("%w2", c.last, c.k, generator);
  text += vectorConstant("%g", c.k, generator) + vectorConstant("%b", c.k, generator);
  std::string w = "tensor<" + str(c.k) + "x" + str(c.inner) + "xf32>",
              v = "tensor<" + str(c.last) + "x" + str(c.k) + "xf32>";
  if (first)
    text += "%y = spnn.matmul %w1, %x : (" + w + ", " + matrix(c.inner) + ") -> T\n";
  else
    text += "%y = spnn.matmul %x, %w1 {transpose_rhs} : (" + matrix(c.inner) + ", " + w + ") -> T\n";
  text += c.middle->text;
  if (first)
    text += "%z = spnn.matmul %w2, %m : (" + v + ", T) -> " + matrix(c.last) + "\n";
  else
    text += "%z = spnn.matmul %m, %w2 {transpose_rhs} : (T, " + v + ") -> " + matrix(c.last) + "\n";
  text += "return %z" + (c.middle->extra ? std::string(", ") + c.middle->extra : "") + " : " + results + "\n}\n";
  // T, C and R stand for types where no letter touches them.
  std::string out;
  auto isWord = [](char ch) { return std::isalnum(static_cast<unsigned char>(ch)) || ch == '_' || ch == '"'; };
  for (size_t i = 0; i < text.size(); ++i) {
    bool alone =
        (i == 0 || (!isWord(text[i - 1]) && text[i - 1] != '%')) && (i + 1 == text.size() || !isWord(text[i + 1]));
    if (alone && text[i] == 'T')
      out += matrix(c.k);
    else if (alone && text[i] == 'C')
      out += "tensor<" + n + "xf32>";
    else if (alone && text[i] == 'R')
      out += "tensor<" + str(c.k) + "xf32>";
    else
      out += text[i];
  }
  return out;
}

using Buffers = std::vector<std::vector<float>>;

struct Shapes {
  std::vector<std::vector<int64_t>> inputs, outputs;
};

int64_t sizeOf(const std::vector<int64_t> &shape) {
  int64_t size = 1;
  for (int64_t extent : shape)
    size *= extent;
  return size;
}

Shapes shapesOf(const Case &c, int64_t n) {
  auto matrix = [&](int64_t features) {
    return c.middle->isTransposed ? std::vector<int64_t>{features, n} : std::vector<int64_t>{n, features};
  };
  Shapes shapes{{matrix(c.inner), matrix(c.k), {n}}, {matrix(c.last)}};
  if (c.middle->extra)
    shapes.outputs.push_back(c.middle->extraIsVector ? std::vector<int64_t>{n} : matrix(c.k));
  return shapes;
}

/// The outputs; empty, after a failure, if the model fails or oversteps them.
Buffers runOnce(const Case &c, const runtime::Model &model, const runtime::FunctionSpec &function,
                const Buffers &inputs, int64_t n, runtime::Context &context) {
  Shapes shapes = shapesOf(c, n);
  std::vector<std::unique_ptr<GuardedBuffer>> memory;
  std::vector<runtime::TensorRef> in, out;
  for (size_t i = 0; i < inputs.size(); ++i) {
    memory.push_back(std::make_unique<GuardedBuffer>(inputs[i].size()));
    std::copy(inputs[i].begin(), inputs[i].end(), memory.back()->data());
    in.push_back({runtime::DType::F32, shapes.inputs[i], memory.back()->data()});
  }
  for (const std::vector<int64_t> &shape : shapes.outputs) {
    memory.push_back(std::make_unique<GuardedBuffer>(sizeOf(shape)));
    memory.back()->poison();
    out.push_back({runtime::DType::F32, shape, memory.back()->data()});
  }
  setCrashNote(c.describe() + ", run with n=" + std::to_string(n));
  if (runtime::Error error = model.run(function, in, out, context)) {
    ADD_FAILURE() << *error;
    return {};
  }
  Buffers results;
  for (size_t i = inputs.size(); i < memory.size(); ++i) {
    EXPECT_TRUE(memory[i]->intact()) << "the model wrote in front of output " << i - inputs.size();
    results.emplace_back(memory[i]->data(), memory[i]->data() + memory[i]->size());
  }
  for (size_t i = 0; i < inputs.size(); ++i)
    EXPECT_TRUE(inputs[i].empty() ||
                std::memcmp(memory[i]->data(), inputs[i].data(), inputs[i].size() * sizeof(float)) == 0)
        << "the model changed input " << i;
  return results;
}

bool areEqual(const Buffers &a, const Buffers &b) {
  if (a.size() != b.size())
    return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (a[i].size() != b[i].size() ||
        (!a[i].empty() && std::memcmp(a[i].data(), b[i].data(), a[i].size() * sizeof(float)) != 0))
      return false;
  return true;
}

void check(const Case &c, mlir::func::FuncOp reference, const runtime::Model &model,
           const runtime::FunctionSpec &function, int64_t n, std::mt19937 &generator) {
  SCOPED_TRACE(c.describe() + ", run with n=" + std::to_string(n));
  std::uniform_real_distribution<float> value(-1.5, 1.5);
  Shapes shapes = shapesOf(c, n);
  Buffers inputs;
  std::vector<reference::Tensor> arguments;
  for (const std::vector<int64_t> &shape : shapes.inputs) {
    inputs.emplace_back(sizeOf(shape));
    for (float &x : inputs.back())
      x = value(generator);
    arguments.push_back(
        reference::Tensor::fromBytes(mlir::Float32Type::get(&getContext()), shape, inputs.back().data()));
  }
  runtime::Context one, two;
  ASSERT_EQ(model.createContext(1, one), std::nullopt);
  ASSERT_EQ(model.createContext(2, two), std::nullopt);
  Buffers results = runOnce(c, model, function, inputs, n, one);
  mlir::FailureOr<llvm::SmallVector<reference::Tensor>> expected = reference::evaluate(reference, arguments);
  ASSERT_TRUE(mlir::succeeded(expected));
  ASSERT_EQ(results.size(), expected->size());
  for (size_t i = 0; i < results.size(); ++i) {
    ASSERT_EQ(results[i].size(), (*expected)[i].floats.size());
    double largest = 1;
    for (double e : (*expected)[i].floats)
      if (std::isfinite(e))
        largest = std::max(largest, std::fabs(e));
    // Rounding of sums of up to k terms; normalisation divides by at least a tenth.
    double tolerance = 6e-8 * 20 * (c.k + c.inner + 10) * largest;
    for (size_t j = 0; j < results[i].size(); ++j) {
      double e = (*expected)[i].floats[j];
      if (std::isnan(e)) {
        ASSERT_TRUE(std::isnan(results[i][j])) << "output " << i << ", element " << j << ": " << results[i][j];
        continue;
      }
      if (std::isinf(e)) {
        ASSERT_EQ(results[i][j], static_cast<float>(e)) << "output " << i << ", element " << j;
        continue;
      }
      ASSERT_LE(std::fabs(results[i][j] - e), tolerance)
          << "output " << i << ", element " << j << ": " << results[i][j] << ", expected " << e;
    }
  }
  EXPECT_TRUE(areEqual(results, runOnce(c, model, function, inputs, n, one))) << "a second run differs";
  EXPECT_TRUE(areEqual(results, runOnce(c, model, function, inputs, n, two))) << "a run on two threads differs";

  // What is wrong in one column stays there.
  if (n < 2)
    return;
  const float bad[] = {std::nanf(""), std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()};
  int64_t column = generator() % n;
  auto isInColumn = [&](const std::vector<int64_t> &shape, int64_t position) {
    if (shape.size() == 1)
      return position == column;
    return (c.middle->isTransposed ? position % n : position / shape[1]) == column;
  };
  for (size_t i = 0; i < inputs.size(); ++i)
    for (size_t j = 0; j < inputs[i].size(); ++j)
      if (isInColumn(shapes.inputs[i], j))
        inputs[i][j] = bad[generator() % 3];
  Buffers spoilt = runOnce(c, model, function, inputs, n, one);
  ASSERT_EQ(spoilt.size(), results.size());
  for (size_t i = 0; i < results.size(); ++i)
    for (size_t j = 0; j < results[i].size(); ++j)
      if (!isInColumn(shapes.outputs[i], j))
        ASSERT_EQ(std::memcmp(&spoilt[i][j], &results[i][j], sizeof(float)), 0)
            << "output " << i << ", element " << j << " changed with column " << column;
}

std::string emitModule(const std::vector<Case> &cases, std::mt19937 &generator) {
  std::string text = "#id = affine_map<(i, j) -> (i, j)>\n#row = affine_map<(i, j) -> (j)>\n"
                     "#col = affine_map<(i, j) -> (i)>\n";
  for (size_t i = 0; i < cases.size(); ++i)
    text += emitFunction(cases[i], i, generator);
  return text;
}

void checkAll(const std::vector<Case> &cases, const std::string &options, std::mt19937 &generator) {
  std::string text = emitModule(cases, generator);
  std::string errors;
  mlir::OwningOpRef<mlir::ModuleOp> module = parse(text, errors);
  ASSERT_TRUE(module) << errors;
  TemporaryFolder folder;
  std::unique_ptr<runtime::Model> model = compile(text, options, folder.file("model.so"));
  ASSERT_NE(model, nullptr);
  const int64_t extents[] = {0, 1, 2, 15, 16, 17, 31, 33, 63, 64, 65, 97, 130};
  for (size_t i = 0; i < cases.size(); ++i) {
    std::string name = "c" + std::to_string(i);
    const runtime::FunctionSpec *function = model->description().find(name);
    ASSERT_NE(function, nullptr);
    auto reference = module->lookupSymbol<mlir::func::FuncOp>(name);
    check(cases[i], reference, *model, *function, cases[i].n, generator);
    if (cases[i].isDynamic)
      for (int64_t n : {int64_t(0), int64_t(1), extents[generator() % std::size(extents)]})
        check(cases[i], reference, *model, *function, n, generator);
    if (testing::Test::HasFatalFailure())
      return;
  }
}

struct Configuration {
  const char *name, *options;
};

class ColumnsOracle : public testing::TestWithParam<Configuration> {};

// Every kind of op between products, over random shapes.
TEST_P(ColumnsOracle, RandomShapes) {
  const int64_t rows[] = {1, 2, 3, 7, 16, 17, 31, 48}, columns[] = {1, 3, 15, 16, 17, 33, 64, 65, 97, 128};
  std::mt19937 generator(99 + std::strlen(GetParam().options));
  std::vector<Case> cases;
  for (const Middle &middle : kMiddles) {
    Case c{&middle, columns[generator() % std::size(columns)], rows[generator() % std::size(rows)]};
    c.isDynamic = generator() % 2;
    cases.push_back(c);
    c.isDynamic = !c.isDynamic;
    c.k = rows[generator() % std::size(rows)];
    c.n = 2 + generator() % 70;
    cases.push_back(c);
  }
  checkAll(cases, GetParam().options, generator);
}

INSTANTIATE_TEST_SUITE_P(Targets, ColumnsOracle,
                         testing::Values(Configuration{"csr", "kernel=csr target-cpu=native"},
                                         Configuration{"single_vectors", "kernel=hardcoded target-cpu=native"},
                                         Configuration{"sequential", "kernel=csr target-cpu=native threads=1"},
                                         Configuration{"haswell", "kernel=csr target-cpu=haswell"},
                                         Configuration{"sse2", "kernel=csr target-cpu=x86-64"}),
                         [](const auto &info) { return info.param.name; });

// Whatever stands between two products becomes one kernel, and nothing is unpacked in between but results of the model.
TEST(ColumnsOracleEdges, AllArePacked) {
  std::mt19937 generator(4);
  std::vector<Case> cases;
  for (const Middle &middle : kMiddles)
    cases.push_back({&middle, 40, 32});
  std::string errors, text = emitModule(cases, generator);
  mlir::OwningOpRef<mlir::ModuleOp> module = parse(text, errors);
  ASSERT_TRUE(module) << errors;
  mlir::PassManager pm(&getContext());
  CpuPipelineOptions options;
  ASSERT_TRUE(mlir::succeeded(options.parseFromString("kernel=csr target-cpu=haswell")));
  buildCpuGraphStage(pm, options);
  buildCpuKernelStage(pm, options);
  mlir::ScopedDiagnosticHandler quiet(&getContext(), [](mlir::Diagnostic &) { return mlir::success(); });
  ASSERT_TRUE(mlir::succeeded(pm.run(*module)));
  for (size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(cases[i].describe());
    auto function = module->lookupSymbol<mlir::func::FuncOp>("c" + std::to_string(i));
    size_t kernels = 0, unpacks = 0, copies = 0;
    function.walk([&](mlir::Operation *op) {
      kernels += mlir::isa<KernelColumnsOp>(op);
      unpacks += mlir::isa<UnpackPanelsOp>(op);
      copies += op->getName().getStringRef() == "memref.copy" || op->getDialect()->getNamespace() == "linalg";
    });
    EXPECT_EQ(kernels, 1u);
    EXPECT_EQ(unpacks, cases[i].middle->extra && !cases[i].middle->extraIsVector ? 2u : 1u);
    EXPECT_EQ(copies, 0u);
  }
}

// No rows at all: reductions give their identity.
TEST(ColumnsOracleEdges, NoRows) {
  std::mt19937 generator(3);
  std::vector<Case> cases;
  for (const Middle &middle : kMiddles) {
    Case c{&middle, 21, 0};
    c.isDynamic = generator() % 2;
    cases.push_back(c);
  }
  checkAll(cases, "kernel=csr threads=1", generator);
}

} // namespace
