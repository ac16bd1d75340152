//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Random graphs of products, elementwise ops, reductions, softmax and transpositions, compiled, against the reference
// evaluator: whatever spnn-pack-elementwise and spnn-split-columns make of them is right. SPNN_LONG_TESTS=1 tries ten
// times more.
//
//===----------------------------------------------------------------------===//
#include "CompileModel.h"

#include "spnn/Reference/Evaluator.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>

using namespace spnn;
using namespace spnn::test;

namespace {

/// Writes one function step by step: each step reads some of the last values.
class GraphWriter {
public:
  explicit GraphWriter(std::mt19937 &generator) : generator(generator) {
    const int64_t columns[] = {1, 2, 5, 16, 19, 64, 67};
    n = columns[pick(std::size(columns))];
    matrices = {{"%x", kFeatures[0], false}, {"%x2", kFeatures[1], false}};
    vectors = {"%c"};
    size_t steps = 6 + pick(16);
    for (size_t i = 0; i < steps; ++i)
      step();
  }

  std::string finish(const std::string &name) {
    std::vector<std::pair<std::string, std::string>> results{{matrices.back().name, typeOf(matrices.back())}};
    const Matrix &other = matrices[pick(matrices.size())];
    if (other.name != matrices.back().name)
      results.emplace_back(other.name, typeOf(other));
    if (pick(2))
      results.emplace_back(vectors.back(), vectorType());
    std::string names, types;
    for (auto &[value, type] : results) {
      names += (names.empty() ? "" : ", ") + value;
      types += (types.empty() ? "" : ", ") + type;
    }
    return "func.func @" + name + "(%x: " + typeOf({"", kFeatures[0], false}) +
           ", %x2: " + typeOf({"", kFeatures[1], false}) + ", %c: " + vectorType() + ") -> (" + types + ") {\n" + text +
           "return " + names + " : " + types + "\n}\n";
  }

private:
  struct Matrix {
    std::string name;
    int64_t features;
    bool isFeaturesFirst;
  };
  static constexpr int64_t kFeatures[] = {6, 10};

  size_t pick(size_t count) { return generator() % count; }
  std::string next() { return "%v" + std::to_string(++count); }
  std::string vectorType() const { return "tensor<" + std::to_string(n) + "xf32>"; }
  std::string typeOf(const Matrix &m) const {
    std::string k = std::to_string(m.features), columns = std::to_string(n);
    return "tensor<" + (m.isFeaturesFirst ? k + "x" + columns : columns + "x" + k) + "xf32>";
  }
  std::string constant(int64_t elements, const std::string &type, double density) {
    std::uniform_real_distribution<float> value(-0.5, 0.5);
    std::bernoulli_distribution isKept(density);
    std::vector<float> values(elements);
    for (float &v : values)
      v = isKept(generator) ? value(generator) : 0;
    std::string name = next();
    text += name + " = arith.constant " + denseAttribute(values) + " : " + type + "\n";
    return name;
  }
  std::string empty(const std::string &type) {
    std::string name = next();
    text += name + " = tensor.empty() : " + type + "\n";
    return name;
  }

  void product(const Matrix &m) {
    Matrix result{"", kFeatures[pick(2)], m.isFeaturesFirst};
    std::string wType = "tensor<" + std::to_string(result.features) + "x" + std::to_string(m.features) + "xf32>";
    std::string w = constant(result.features * m.features, wType, 0.5);
    result.name = next();
    if (m.isFeaturesFirst)
      text += result.name + " = spnn.matmul " + w + ", " + m.name + " : (" + wType + ", " + typeOf(m);
    else
      text += result.name + " = spnn.matmul " + m.name + ", " + w + " {transpose_rhs} : (" + typeOf(m) + ", " + wType;
    text += ") -> " + typeOf(result) + "\n";
    matrices.push_back(result);
  }

  void reduction(const Matrix &m) {
    const std::pair<const char *, const char *> kinds[] = {
        {"addf", "0.0"}, {"addf", "1.5"}, {"maximumf", "0xFF800000"}, {"minnumf", "0x7F800000"}};
    auto [kind, start] = kinds[pick(std::size(kinds))];
    std::string scalar = next(), init = empty(vectorType()), fill = next(), name = next();
    text += scalar + " = arith.constant " + start + " : f32\n" + fill + " = linalg.fill ins(" + scalar +
            " : f32) outs(" + init + " : " + vectorType() + ") -> " + vectorType() + "\n";
    text += name + " = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (" +
            (m.isFeaturesFirst ? "j" : "i") + ")>], iterator_types = [" +
            (m.isFeaturesFirst ? "\"reduction\", \"parallel\"" : "\"parallel\", \"reduction\"") + "]} ins(" + m.name +
            " : " + typeOf(m) + ") outs(" + fill + " : " + vectorType() +
            ") {\n^bb0(%a: f32, %s: f32):\n  %t = arith." + kind + " %s, %a : f32\n  linalg.yield %t : f32\n} -> " +
            vectorType() + "\n";
    vectors.push_back(name);
  }

  void broadcast(const Matrix &m) {
    std::string vector = vectors[vectors.size() - 1 - pick(std::min<size_t>(3, vectors.size()))];
    std::string rowType = "tensor<" + std::to_string(m.features) + "xf32>";
    std::string row = constant(m.features, rowType, 1), init = empty(typeOf(m)), name = next();
    std::string first = m.isFeaturesFirst ? "j" : "i", second = m.isFeaturesFirst ? "i" : "j";
    text += name + " = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (" + first +
            ")>, affine_map<(i, j) -> (" + second +
            ")>, affine_map<(i, j) -> (i, j)>], iterator_types = [\"parallel\", \"parallel\"]} ins(" + m.name + ", " +
            vector + ", " + row + " : " + typeOf(m) + ", " + vectorType() + ", " + rowType + ") outs(" + init + " : " +
            typeOf(m) + ") {\n^bb0(%a: f32, %b: f32, %g: f32, %o: f32):\n  %t = arith." + (pick(2) ? "mulf" : "subf") +
            " %a, %b : f32\n  %u = arith.mulf %t, %g : f32\n  %w = math.tanh %u : f32\n  linalg.yield %w : f32\n} -> " +
            typeOf(m) + "\n";
    matrices.push_back({name, m.features, m.isFeaturesFirst});
  }

  void step() {
    Matrix m = matrices[matrices.size() - 1 - pick(std::min<size_t>(4, matrices.size()))];
    std::string type = typeOf(m);
    switch (pick(10)) {
    case 0:
    case 1:
      return product(m);
    case 2:
      return reduction(m);
    case 3:
    case 4:
      return broadcast(m);
    case 5: { // two matrices of one shape
      std::vector<Matrix> same;
      for (const Matrix &other : matrices)
        if (other.features == m.features && other.isFeaturesFirst == m.isFeaturesFirst)
          same.push_back(other);
      const char *kinds[] = {"addf", "subf", "maximumf"};
      std::string name = next();
      text += name + " = arith." + kinds[pick(3)] + " " + m.name + ", " + same[pick(same.size())].name + " : " + type +
              "\n";
      matrices.push_back({name, m.features, m.isFeaturesFirst});
      return;
    }
    case 6: {
      Matrix turned{"", m.features, !m.isFeaturesFirst};
      std::string init = empty(typeOf(turned));
      turned.name = next();
      text += turned.name + " = linalg.transpose ins(" + m.name + " : " + type + ") outs(" + init + " : " +
              typeOf(turned) + ") permutation = [1, 0]\n";
      matrices.push_back(turned);
      return;
    }
    case 7: {
      std::string init = empty(type), name = next();
      text += name + " = linalg.softmax dimension(" + (m.isFeaturesFirst ? "0" : "1") + ") ins(" + m.name + " : " +
              type + ") outs(" + init + " : " + type + ") -> " + type + "\n";
      matrices.push_back({name, m.features, m.isFeaturesFirst});
      return;
    }
    case 8: {
      std::string name = next();
      text += name + " = math.tanh " + vectors.back() + " : " + vectorType() + "\n";
      vectors.push_back(name);
      return;
    }
    default: {
      std::string name = next();
      text += name + " = math.tanh " + m.name + " : " + type + "\n";
      matrices.push_back({name, m.features, m.isFeaturesFirst});
    }
    }
  }

  std::mt19937 &generator;
  int64_t n;
  size_t count = 0;
  std::string text;
  std::vector<Matrix> matrices;
  std::vector<std::string> vectors;
};

class PackedGraphs : public testing::TestWithParam<const char *> {};

TEST_P(PackedGraphs, AreWhatTheReferenceSays) {
  const char *isLong = std::getenv("SPNN_LONG_TESTS");
  size_t graphs = isLong && std::strcmp(isLong, "1") == 0 ? 300 : 30;
  std::mt19937 generator(17 + std::strlen(GetParam()));
  std::string text, errors;
  for (size_t i = 0; i < graphs; ++i)
    text += GraphWriter(generator).finish("g" + std::to_string(i));
  mlir::OwningOpRef<mlir::ModuleOp> module = parse(text, errors);
  ASSERT_TRUE(module) << errors;
  TemporaryFolder folder;
  std::unique_ptr<runtime::Model> model = compile(text, GetParam(), folder.file("model.so"));
  ASSERT_NE(model, nullptr);
  runtime::Context context;
  ASSERT_EQ(model->createContext(2, context), std::nullopt);
  std::uniform_real_distribution<float> value(-1.5, 1.5);
  for (size_t i = 0; i < graphs; ++i) {
    auto function = module->lookupSymbol<mlir::func::FuncOp>("g" + std::to_string(i));
    SCOPED_TRACE(function.getName().str());
    setCrashNote(function.getName().str());
    std::vector<std::vector<float>> memory;
    std::vector<runtime::TensorRef> inputs, outputs;
    std::vector<reference::Tensor> arguments;
    auto add = [&](mlir::Type type, std::vector<runtime::TensorRef> &list) {
      auto shaped = mlir::cast<mlir::RankedTensorType>(type);
      memory.emplace_back(shaped.getNumElements());
      for (float &v : memory.back())
        v = value(generator);
      list.push_back({runtime::DType::F32, shaped.getShape().vec(), memory.back().data()});
      return shaped;
    };
    memory.reserve(function.getNumArguments() + function.getNumResults());
    for (mlir::Type type : function.getArgumentTypes()) {
      auto shaped = add(type, inputs);
      arguments.push_back(
          reference::Tensor::fromBytes(shaped.getElementType(), shaped.getShape(), memory.back().data()));
    }
    for (mlir::Type type : function.getResultTypes())
      add(type, outputs);
    ASSERT_EQ(model->run(*model->description().find(function.getName().str()), inputs, outputs, context), std::nullopt);
    auto expected = reference::evaluate(function, arguments);
    ASSERT_TRUE(mlir::succeeded(expected));
    for (size_t r = 0; r < outputs.size(); ++r) {
      const std::vector<float> &actual = memory[inputs.size() + r];
      const std::vector<double> &wanted = (*expected)[r].floats;
      ASSERT_EQ(actual.size(), wanted.size());
      double largest = 1;
      for (double w : wanted)
        largest = std::max(largest, std::fabs(w));
      // Up to 22 steps, of which none makes an error more than some times larger.
      for (size_t j = 0; j < actual.size(); ++j)
        ASSERT_LE(std::fabs(actual[j] - wanted[j]), 2e-4 * largest) << "result " << r << ", element " << j;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, PackedGraphs,
                         testing::Values("kernel=csr", "kernel=hardcoded threads=1", "kernel=csr target-cpu=haswell",
                                         "split-columns=16+1 threads=2", "kernel=csr split-columns=4",
                                         "kernel=hardcoded split-columns=16 threads=1"),
                         [](const auto &info) { return "v" + std::to_string(info.index); });

} // namespace
