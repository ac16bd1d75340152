//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layers and chains of two layers, compiled slice by slice of their columns, against the reference evaluator.
//
//===----------------------------------------------------------------------===//
#include "CompileModel.h"

#include "spnn/Reference/Evaluator.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <random>

using namespace spnn;
using namespace spnn::test;

namespace {

constexpr int64_t kColumns[] = {1, 2, 15, 16, 17, 31, 33, 100, 128, 509, 512};

std::string matrixType(int64_t rows, int64_t cols) {
  return "tensor<" + std::to_string(rows) + "x" + std::to_string(cols) + "xf32>";
}

/// Batch-major to batch-major where `isLinear`, else W X; two products with a ReLU between them where `isChain`.
std::string makeFunction(const std::string &name, int64_t n, bool isLinear, bool isChain, std::mt19937 &generator) {
  int64_t m = 32 + generator() % 100, k = 32 + generator() % 100;
  std::uniform_real_distribution<float> value(-1, 1);
  std::bernoulli_distribution isKept(0.1);
  auto weights = [&](int64_t rows, int64_t cols, const std::string &name) {
    std::vector<float> values(rows * cols);
    for (float &v : values)
      v = isKept(generator) ? value(generator) : 0;
    return "  " + name + " = arith.constant " + denseAttribute(values) + " : " + matrixType(rows, cols) + "\n";
  };
  std::string x = isLinear ? matrixType(n, k) : matrixType(k, n), y = isLinear ? matrixType(n, m) : matrixType(m, n);
  std::vector<float> bias(m);
  for (float &v : bias)
    v = value(generator);
  std::string vector = "tensor<" + std::to_string(m) + "xf32>", inner = matrixType(m, n);
  std::string text = "func.func @" + name + "(%x: " + x + ") -> " + y + " {\n" + weights(m, k, "%w") +
                     "  %b = arith.constant " + denseAttribute(bias) + " : " + vector + "\n" +
                     "  %h = spnn.matmul %w, %x bias(%b : " + vector + ") activation(relu)" +
                     (isLinear ? " {transpose_rhs}" : "") + " : (" + matrixType(m, k) + ", " + x + ") -> " + inner +
                     "\n";
  std::string last = "%h";
  if (isChain) {
    text += weights(m, m, "%v") + "  %g = spnn.matmul %v, %h : (" + matrixType(m, m) + ", " + inner + ") -> " + inner +
            "\n";
    last = "%g";
  }
  if (isLinear) {
    text += "  %e = tensor.empty() : " + y + "\n  %t = linalg.transpose ins(" + last + " : " + inner +
            ") outs(%e : " + y + ") permutation = [1, 0]\n";
    last = "%t";
  }
  return text + "  return " + last + " : " + y + "\n}\n";
}

class SplitColumns : public testing::TestWithParam<const char *> {};

TEST_P(SplitColumns, AreWhatTheReferenceSays) {
  std::mt19937 generator(23);
  std::string text, errors;
  size_t count = 0;
  for (int64_t n : kColumns)
    for (bool isLinear : {false, true})
      for (bool isChain : {false, true})
        text += makeFunction("f" + std::to_string(count++), n, isLinear, isChain, generator);
  mlir::OwningOpRef<mlir::ModuleOp> module = parse(text, errors);
  ASSERT_TRUE(module) << errors;
  TemporaryFolder folder;
  std::unique_ptr<runtime::Model> model = compile(text, GetParam(), folder.file("model.so"));
  ASSERT_NE(model, nullptr);
  runtime::Context context;
  ASSERT_EQ(model->createContext(2, context), std::nullopt);
  std::uniform_real_distribution<float> value(-1, 1);
  for (size_t i = 0; i < count; ++i) {
    auto function = module->lookupSymbol<mlir::func::FuncOp>("f" + std::to_string(i));
    SCOPED_TRACE(function.getName().str());
    setCrashNote(function.getName().str());
    auto xType = mlir::cast<mlir::RankedTensorType>(function.getArgumentTypes()[0]);
    auto yType = mlir::cast<mlir::RankedTensorType>(function.getResultTypes()[0]);
    GuardedBuffer x(xType.getNumElements()), y(yType.getNumElements());
    for (size_t j = 0; j < x.size(); ++j)
      x.data()[j] = value(generator);
    auto run = [&]() {
      y.poison();
      return model->run(*model->description().find(function.getName().str()),
                        {{runtime::DType::F32, xType.getShape().vec(), x.data()}},
                        {{runtime::DType::F32, yType.getShape().vec(), y.data()}}, context);
    };
    ASSERT_EQ(run(), std::nullopt);
    EXPECT_TRUE(y.intact());
    auto argument = reference::Tensor::fromBytes(xType.getElementType(), xType.getShape(), x.data());
    auto expected = reference::evaluate(function, {argument});
    ASSERT_TRUE(mlir::succeeded(expected));
    const std::vector<double> &wanted = expected->front().floats;
    ASSERT_EQ(y.size(), wanted.size());
    for (size_t j = 0; j < y.size(); ++j)
      ASSERT_NEAR(y.data()[j], wanted[j], 1e-4) << "element " << j;
    std::vector<float> first(y.data(), y.data() + y.size());
    ASSERT_EQ(run(), std::nullopt);
    EXPECT_EQ(std::memcmp(first.data(), y.data(), y.size() * sizeof(float)), 0) << "another run, another result";
  }
}

INSTANTIATE_TEST_SUITE_P(Options, SplitColumns,
                         testing::Values("threads=1", "threads=2", "threads=1 split-columns=16+1",
                                         "threads=2 split-columns=128+16+2", "threads=2 split-columns=3",
                                         "threads=2 split-columns=64 kernel=hardcoded",
                                         "threads=1 split-columns=16+1 target-cpu=haswell"),
                         [](const auto &info) { return "v" + std::to_string(info.index); });

} // namespace
