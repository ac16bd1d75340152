//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled accesses by indices from the data: what the reference evaluator refuses is an error of the call, and
// everything else has its values.
//
//===----------------------------------------------------------------------===//
#include "CompileModel.h"
#include "CompiledModel.h"

#include "spnn/Import/Onnx.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"

#include "gtest/gtest.h"

#include <limits>
#include <random>

using namespace spnn;
using namespace spnn::test;
using mlir::cast;
using mlir::ModuleOp;
using mlir::OwningOpRef;
using reference::Tensor;

namespace {

using Ints = std::vector<int64_t>;

constexpr int64_t kSmallest = std::numeric_limits<int64_t>::min();
constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();

/// An input of a test model; integers are exact in every type.
struct Input {
  std::vector<int64_t> shape;
  Ints values;
};

/// 1, 2, 3, ... in this shape.
Input counting(std::vector<int64_t> shape) {
  Input input{std::move(shape), {}};
  for (int64_t i = 0, e = Tensor::countElements(input.shape).value(); i < e; ++i)
    input.values.push_back(i % 100 + 1);
  return input;
}

OwningOpRef<ModuleOp> importText(const std::string &text) {
  static bool registered = [] {
    mlir::DialectRegistry registry;
    registerForCompilation(registry);
    getContext().appendDialectRegistry(registry);
    getContext().loadAllAvailableDialects();
    return true;
  }();
  (void)registered;
  OnnxImportOptions options;
  options.syntax = OnnxImportOptions::Syntax::Text;
  auto module = importOnnx(getContext(), "<ir_version: 8, opset_import: [\"\" : 16]>\n" + text, "model", options);
  if (!module) {
    ADD_FAILURE() << llvm::toString(module.takeError());
    return nullptr;
  }
  return std::move(*module);
}

OwningOpRef<ModuleOp> parseText(const std::string &text) {
  std::string errors;
  OwningOpRef<ModuleOp> module = parse(text, errors);
  EXPECT_TRUE(module) << errors;
  return module;
}

/// What an error of the evaluator or of a call complains of. Of several accesses out of range any one is reported, and
/// compiled code has fewer words for slices.
std::string ruleOf(const std::string &error) {
  static const std::pair<const char *, const char *> rules[] = {
      {" op has index ", "an index"},       {" op has an index out of range", "an index"},
      {" op slices dimension ", "a slice"}, {" op has the negative size ", "a slice"},
      {" op inserts ", "a slice"},          {" op has operands whose extents disagree", "extents"},
      {" op has step ", "a step"},          {" op has a step ", "a step"},
  };
  for (auto [text, rule] : rules)
    if (error.find(text) != std::string::npos)
      return rule;
  return error;
}

/// A model as the evaluator runs it and, for 1 and 2 threads, compiled.
class Model {
public:
  explicit Model(llvm::function_ref<OwningOpRef<ModuleOp>()> make) : reference(make()) {
    for (int threads : {1, 2}) {
      OwningOpRef<ModuleOp> module = make();
      bool refused = false;
      if (!module)
        return;
      compiled.emplace_back();
      runtime::Error error =
          compiled.back().compile(*module, folder.file("m" + std::to_string(threads) + ".so"), refused, threads);
      if (error) {
        ADD_FAILURE() << *error;
        compiled.clear();
        return;
      }
    }
  }

  /// Runs all three on the same inputs and compares; returns what the compiled ones say, "" for no error.
  std::string run(llvm::ArrayRef<Input> inputs) {
    if (compiled.empty())
      return "was not compiled";
    auto main = *reference->getOps<mlir::func::FuncOp>().begin();
    llvm::SmallVector<Tensor> arguments;
    for (auto [input, type] : llvm::zip_equal(inputs, main.getArgumentTypes())) {
      Tensor tensor = Tensor::zeros(cast<mlir::ShapedType>(type).getElementType(), input.shape);
      if (tensor.isFloat())
        std::copy(input.values.begin(), input.values.end(), tensor.floats.begin());
      else
        std::copy(input.values.begin(), input.values.end(), tensor.ints.begin());
      arguments.push_back(std::move(tensor));
    }
    std::string expectedError;
    mlir::ScopedDiagnosticHandler handler(&getContext(), [&](mlir::Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error && expectedError.empty())
        expectedError = diagnostic.str();
      return mlir::success();
    });
    auto expected = reference::evaluate(main, arguments);
    EXPECT_EQ(mlir::failed(expected), !expectedError.empty());
    std::string result;
    for (CompiledModel &model : compiled) {
      llvm::SmallVector<Tensor> computed;
      runtime::Error error = model.run(arguments, computed);
      result = error ? *error : "";
      EXPECT_EQ(ruleOf(result), ruleOf(expectedError)) << result << "\n" << expectedError;
      if (error || mlir::failed(expected))
        continue;
      for (auto [left, right] : llvm::zip_equal(computed, *expected)) {
        EXPECT_EQ(left.shape, right.shape);
        EXPECT_EQ(left.toBytes(), right.toBytes());
      }
    }
    return result;
  }

private:
  TemporaryFolder folder;
  OwningOpRef<ModuleOp> reference;
  std::vector<CompiledModel> compiled;
};

/// An ONNX model with indices: which of its inputs they are and how many there must be for the other inputs' shapes.
struct OnnxCase {
  const char *name, *text;
  std::vector<Input> inputs;
  size_t indices; ///< the input that holds them
  int64_t extent; ///< of the indexed dimension; every index from -extent to extent - 1 is in range
};

const std::vector<OnnxCase> &onnxCases() {
  static const std::vector<OnnxCase> cases = {
      {"Gather",
       "g (float[5,3] x, int64[4] i) => (float[4,3] y) { y = Gather(x, i) }",
       {counting({5, 3}), {{4}, {}}},
       1,
       5},
      {"GatherAxis",
       "g (int8[2,3,4] x, int32[2,2] i) => (int8[2,2,2,4] y) { y = Gather<axis=1>(x, i) }",
       {counting({2, 3, 4}), {{2, 2}, {}}},
       1,
       3},
      {"GatherDynamic",
       "g (float[N,D] x, int64[B] i) => (float[B,D] y) { y = Gather(x, i) }",
       {counting({7, 4}), {{9}, {}}},
       1,
       7},
      {"GatherThenAdd",
       "g (float[N,4] x, int64[B] i, float[B,4] b) => (float[B,4] y) { t = Gather(x, i) y = Add(t, b) }",
       {counting({6, 4}), {{3}, {}}, counting({3, 4})},
       1,
       6},
      {"GatherElements",
       "g (float[3,4] x, int64[3,2] i) => (float[3,2] y) { y = GatherElements<axis=1>(x, i) }",
       {counting({3, 4}), {{3, 2}, {}}},
       1,
       4},
      {"GatherElementsDynamic",
       "g (double[N,4] x, int32[B,4] i) => (double[B,4] y) { y = GatherElements<axis=0>(x, i) }",
       {counting({5, 4}), {{3, 4}, {}}},
       1,
       5},
      {"GatherND",
       "g (int64[4,4,3] x, int64[2,2] i) => (int64[2,3] y) { y = GatherND(x, i) }",
       {counting({4, 4, 3}), {{2, 2}, {}}},
       1,
       4},
      {"GatherNDBatch",
       "g (float[2,5,3] x, int64[2,1] i) => (float[2,3] y) { y = GatherND<batch_dims=1>(x, i) }",
       {counting({2, 5, 3}), {{2, 1}, {}}},
       1,
       5},
      {"ScatterElements",
       "g (float[3,4] x, int64[2,3] i, float[2,3] u) => (float[3,4] y) { y = ScatterElements<axis=1>(x, i, u) }",
       {counting({3, 4}), {{2, 3}, {}}, counting({2, 3})},
       1,
       4},
      {"ScatterElementsAdd",
       "g (float[N,4] x, int64[B,4] i, float[B,4] u) => (float[N,4] y)"
       " { y = ScatterElements<axis=0, reduction=\"add\">(x, i, u) }",
       {counting({5, 4}), {{3, 4}, {}}, counting({3, 4})},
       1,
       5},
      {"ScatterND",
       "g (float[5,3] x, int64[4,1] i, float[4,3] u) => (float[5,3] y) { y = ScatterND(x, i, u) }",
       {counting({5, 3}), {{4, 1}, {}}, counting({4, 3})},
       1,
       5},
      {"ScatterNDMul",
       "g (int32[N,N] x, int64[B,2] i, int32[B] u) => (int32[N,N] y) { y = ScatterND<reduction=\"mul\">(x, i, u) }",
       {counting({4, 4}), {{3, 2}, {}}, counting({3})},
       1,
       4},
      {"NegativeLogLikelihoodLoss",
       "g (float[3,5] x, int64[3] i, float[5] w) => (float[3] y)"
       " { y = NegativeLogLikelihoodLoss<reduction=\"none\">(x, i, w) }",
       {counting({3, 5}), {{3}, {}}, counting({5})},
       1,
       5},
      {"OneHot",
       "g (int64[4] i, int64[2] v) => (int64[4,3] y) { d = Constant<value = int64[1] {3}>() y = OneHot(i, d, v) }",
       {{{4}, {}}, counting({2})},
       0,
       kLargest},
  };
  return cases;
}

class OnnxIndices : public ::testing::TestWithParam<size_t> {
protected:
  const OnnxCase &test = onnxCases()[GetParam()];
  Model model{[this] { return importText(test.text); }};

  std::vector<Input> withIndices(const Ints &indices) const {
    std::vector<Input> inputs = test.inputs;
    inputs[test.indices].values = indices;
    return inputs;
  }
  size_t count() const { return Tensor::countElements(test.inputs[test.indices].shape).value(); }
};

/// One index a call out of range, at each place and by little and much, both ways.
TEST_P(OnnxIndices, OneOutOfRange) {
  int64_t extent = test.extent;
  if (extent == kLargest) {
    for (int64_t index : {kSmallest, int64_t(-4), int64_t(3), kLargest})
      EXPECT_EQ(model.run(withIndices(Ints(count(), index))), "");
    return;
  }
  EXPECT_EQ(model.run(withIndices(Ints(count(), 0))), "");
  EXPECT_EQ(model.run(withIndices(Ints(count(), -1))), "");
  EXPECT_EQ(model.run(withIndices(Ints(count(), extent - 1))), "");
  EXPECT_EQ(model.run(withIndices(Ints(count(), -extent))), "");
  bool narrow = std::string(test.text).find("int32[2,2] i") != std::string::npos ||
                std::string(test.text).find("int32[B,4] i") != std::string::npos;
  int64_t smallest = narrow ? std::numeric_limits<int32_t>::min() : kSmallest;
  int64_t largest = narrow ? std::numeric_limits<int32_t>::max() : kLargest;
  for (int64_t index : {extent, -extent - 1, int64_t(500000000), int64_t(-500000000), smallest, largest})
    for (size_t at : {size_t(0), count() / 2, count() - 1}) {
      Ints indices(count(), 1);
      indices[at] = index;
      std::string error = model.run(withIndices(indices));
      EXPECT_NE(error.find(" op has an index out of range in dimension "), std::string::npos)
          << index << " at " << at << ": " << error;
    }
  // The contexts are as good as before.
  EXPECT_EQ(model.run(withIndices(Ints(count(), 1))), "");
}

/// Any indices: the outcome is the evaluator's.
TEST_P(OnnxIndices, AgreeWithTheEvaluator) {
  std::mt19937_64 random(GetParam());
  int64_t extent = std::min<int64_t>(test.extent, 3);
  int faults = 0, rounds = 60;
  for (int round = 0; round < rounds; ++round) {
    // Every second round is in range.
    int64_t low = -extent - (round % 2), high = extent - 1 + (round % 2);
    Ints indices(count());
    for (int64_t &index : indices)
      index = low + static_cast<int64_t>(random() % static_cast<uint64_t>(high - low + 1));
    SCOPED_TRACE(::testing::PrintToString(indices));
    bool isFault = !model.run(withIndices(indices)).empty();
    faults += isFault;
    if (round % 2 == 0)
      EXPECT_FALSE(isFault);
    if (::testing::Test::HasFailure())
      return;
  }
  // Where the extent is just 3, some of the odd rounds went out of range.
  if (test.extent == 3)
    EXPECT_GT(faults, 0);
}

INSTANTIATE_TEST_SUITE_P(All, OnnxIndices, ::testing::Range<size_t>(0, onnxCases().size()),
                         [](const auto &info) { return onnxCases()[info.param].name; });

/// There is no index into nothing, and no clamp that makes one.
TEST(Indices, EmptyExtents) {
  Model gather([] { return importText("g (float[N,D] x, int64[B] i) => (float[B,D] y) { y = Gather(x, i) }"); });
  for (int64_t index : {int64_t(0), int64_t(-1), int64_t(5), kLargest})
    EXPECT_NE(gather.run({{{0, 4}, {}}, {{1}, {index}}}).find("in dimension 0"), std::string::npos);
  // Without indices, or without elements a row, nothing is accessed.
  EXPECT_EQ(gather.run({{{0, 4}, {}}, {{0}, {}}}), "");
  EXPECT_EQ(gather.run({{{5, 0}, {}}, {{2}, {7, -9}}}), "");
  Model scatter(
      [] { return importText("g (float[N] x, int64[B,1] i, float[B] u) => (float[N] y) { y = ScatterND(x, i, u) }"); });
  EXPECT_NE(scatter.run({{{0}, {}}, {{1, 1}, {0}}, {{1}, {3}}}).find("in dimension 0"), std::string::npos);
  EXPECT_EQ(scatter.run({{{0}, {}}, {{0, 1}, {}}, {{0}, {}}}), "");
  EXPECT_EQ(scatter.run({counting({3}), {{0, 1}, {}}, {{0}, {}}}), "");
  Model fixed([] { return importText("g (float[0,4] x, int64[2] i) => (float[2,4] y) { y = Gather(x, i) }"); });
  EXPECT_NE(fixed.run({{{0, 4}, {}}, {{2}, {0, -1}}}).find("which has extent 0"), std::string::npos);
}

/// The whole sentence.
TEST(Indices, NamesOpDimensionExtentAndNode) {
  Model model([] { return importText("g (float[5,3] x, int64[1] i) => (float[1,3] y) { y = Gather(x, i) }"); });
  std::string error = model.run({counting({5, 3}), {{1}, {500000000}}});
  EXPECT_NE(error.find("'tensor.extract' op has an index out of range in dimension 0, which has extent 5 ("),
            std::string::npos)
      << error;
  EXPECT_EQ(error.find('\n'), std::string::npos);
}

/// Offsets and sizes from the data. The evaluator names every number of a slice, so the rule is all that is compared.
TEST(Indices, Slices) {
  Model model([] {
    return parseText(R"mlir(
func.func @main(%x: tensor<?x3xf32>, %at: tensor<2xi64>, %sum: tensor<3xf32>) -> tensor<3xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = tensor.extract %at[%c0] : tensor<2xi64>
  %b = tensor.extract %at[%c1] : tensor<2xi64>
  %offset = arith.index_cast %a : i64 to index
  %size = arith.index_cast %b : i64 to index
  %slice = tensor.extract_slice %x[%offset, 0] [%size, 3] [2, 1] : tensor<?x3xf32> to tensor<?x3xf32>
  %r = linalg.reduce ins(%slice : tensor<?x3xf32>) outs(%sum : tensor<3xf32>) dimensions = [0] (%p: f32, %q: f32) {
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  }
  return %r : tensor<3xf32>
}
)mlir");
  });
  int faults = 0;
  const int64_t numbers[] = {kSmallest, kSmallest + 1, -7,           -1,      0, 1, 2, 3, 4, 5, 6,
                             7,         500000000,     kLargest - 1, kLargest};
  for (int64_t extent : {0, 1, 6})
    for (int64_t offset : numbers)
      for (int64_t size : numbers) {
        SCOPED_TRACE(::testing::Message() << offset << ", " << size << " of " << extent);
        faults += !model.run({counting({extent, 3}), {{2}, {offset, size}}, counting({3})}).empty();
      }
  // No elements is fine anywhere; 1 fits at 7 offsets of the two filled ones, 2 at 4, and 3 at 2.
  EXPECT_EQ(faults, 3 * 15 * 15 - 3 * 15 - 7 - 4 - 2);
}

/// A window of fixed length, which a short tensor has nowhere.
TEST(Indices, Windows) {
  Model model([] {
    return parseText(R"mlir(
func.func @main(%x: tensor<?x3xf32>, %at: tensor<i64>) -> tensor<2x3xf32> {
  %a = tensor.extract %at[] : tensor<i64>
  %offset = arith.index_cast %a : i64 to index
  %slice = tensor.extract_slice %x[%offset, 0] [2, 3] [1, 1] : tensor<?x3xf32> to tensor<2x3xf32>
  %e = tensor.empty() : tensor<2x3xf32>
  %r = linalg.map { arith.addf } ins(%slice, %slice : tensor<2x3xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3xf32>)
  return %r : tensor<2x3xf32>
}
)mlir");
  });
  int faults = 0;
  for (int64_t extent : {0, 1, 2, 5})
    for (int64_t offset : {kSmallest, int64_t(-1), int64_t(0), int64_t(1), int64_t(3), int64_t(4), kLargest})
      faults += !model.run({counting({extent, 3}), {{}, {offset}}}).empty();
  EXPECT_EQ(faults, 7 + 7 + 6 + 4);
}

TEST(Indices, InsertedSlices) {
  Model model([] {
    return parseText(R"mlir(
func.func @main(%x: tensor<?xi32>, %s: tensor<?xi32>, %at: tensor<2xi64>) -> tensor<?xi32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = tensor.extract %at[%c0] : tensor<2xi64>
  %b = tensor.extract %at[%c1] : tensor<2xi64>
  %offset = arith.index_cast %a : i64 to index
  %size = arith.index_cast %b : i64 to index
  %r = tensor.insert_slice %s into %x[%offset] [%size] [1] : tensor<?xi32> into tensor<?xi32>
  return %r : tensor<?xi32>
}
)mlir");
  });
  for (int64_t length : {0, 2})
    for (int64_t offset : {kSmallest, int64_t(-1), int64_t(0), int64_t(2), int64_t(3), int64_t(4), kLargest})
      for (int64_t size : {kSmallest, int64_t(-1), int64_t(0), int64_t(1), int64_t(2), int64_t(3), kLargest}) {
        SCOPED_TRACE(::testing::Message() << offset << ", " << size << " from " << length);
        model.run({counting({4}), counting({length}), {{2}, {offset, size}}});
      }
}

/// Loops whose bounds come from the data, and what they carry.
TEST(Indices, LoopsAndBranches) {
  Model model([] {
    return parseText(R"mlir(
func.func @main(%x: tensor<?xi64>, %n: tensor<i64>) -> tensor<i64> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0 : i64
  %count = tensor.extract %n[] : tensor<i64>
  %upper = arith.index_cast %count : i64 to index
  // A list that is linked by its own elements.
  %sum, %next = scf.for %i = %c0 to %upper step %c1 iter_args(%s = %zero, %at = %c0) -> (i64, index) {
    %v = tensor.extract %x[%at] : tensor<?xi64>
    %t = arith.addi %s, %v : i64
    %to = arith.index_cast %v : i64 to index
    scf.yield %t, %to : i64, index
  }
  %e = tensor.empty() : tensor<i64>
  %r = tensor.insert %sum into %e[] : tensor<i64>
  return %r : tensor<i64>
}
)mlir");
  });
  EXPECT_EQ(model.run({{{4}, {2, 0, 3, 1}}, {{}, {4}}}), "");
  EXPECT_EQ(model.run({{{4}, {2, 0, 3, 9}}, {{}, {3}}}), "");
  EXPECT_NE(model.run({{{4}, {2, 0, 3, 9}}, {{}, {4}}}), "");
  EXPECT_NE(model.run({{{4}, {-1, 0, 3, 9}}, {{}, {2}}}), "");
  EXPECT_EQ(model.run({{{0}, {}}, {{}, {-5}}}), "");
  EXPECT_NE(model.run({{{0}, {}}, {{}, {1}}}), "");
}

/// A slice as long as the data says, in a sum over the elements of two tensors: their extents may differ.
TEST(Indices, ExtentsFromTheData) {
  Model model([] {
    return parseText(R"mlir(
func.func @main(%x: tensor<?xf32>, %y: tensor<?xf32>, %n: tensor<i64>, %sum: tensor<f32>) -> tensor<f32> {
  %a = tensor.extract %n[] : tensor<i64>
  %size = arith.index_cast %a : i64 to index
  %z = tensor.extract_slice %x[0] [%size] [1] : tensor<?xf32> to tensor<?xf32>
  %r = linalg.dot ins(%z, %y : tensor<?xf32>, tensor<?xf32>) outs(%sum : tensor<f32>) -> tensor<f32>
  return %r : tensor<f32>
}
)mlir");
  });
  EXPECT_EQ(model.run({counting({6}), counting({4}), {{}, {4}}, {{}, {1}}}), "");
  EXPECT_EQ(model.run({counting({6}), counting({0}), {{}, {0}}, {{}, {1}}}), "");
  for (int64_t size : {int64_t(-1), int64_t(3), int64_t(5), int64_t(6), int64_t(7), kLargest, kSmallest})
    EXPECT_NE(model.run({counting({6}), counting({4}), {{}, {size}}, {{}, {1}}}), "");
}

/// Steps from the data: one past the largest integer must not begin the loop again.
TEST(Indices, Steps) {
  Model model([] {
    return parseText(R"mlir(
func.func @main(%x: tensor<?xi64>, %s: tensor<3xi64>) -> tensor<i64> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %zero = arith.constant 0 : i64
  %a = tensor.extract %s[%c0] : tensor<3xi64>
  %b = tensor.extract %s[%c1] : tensor<3xi64>
  %c = tensor.extract %s[%c2] : tensor<3xi64>
  %lower = arith.index_cast %a : i64 to index
  %upper = arith.index_cast %b : i64 to index
  %step = arith.index_cast %c : i64 to index
  %sum = scf.for %i = %lower to %upper step %step iter_args(%t = %zero) -> i64 {
    %v = tensor.extract %x[%i] : tensor<?xi64>
    %next = arith.addi %t, %v : i64
    scf.yield %next : i64
  }
  %e = tensor.empty() : tensor<i64>
  %r = tensor.insert %sum into %e[] : tensor<i64>
  return %r : tensor<i64>
}
)mlir");
  });
  for (int64_t step : {int64_t(1), int64_t(2), int64_t(5), int64_t(7)})
    EXPECT_EQ(model.run({counting({6}), {{3}, {1, 6, step}}}), "");
  for (int64_t step : {int64_t(0), int64_t(-1), kSmallest})
    EXPECT_NE(model.run({counting({6}), {{3}, {1, 6, step}}}).find("has a step that is not positive"),
              std::string::npos);
  EXPECT_NE(model.run({counting({6}), {{3}, {1, 7, 1}}}), "");
  EXPECT_NE(model.run({counting({6}), {{3}, {-1, 6, 1}}}), "");
}

/// Shifts by more than the width, and floats that no integer holds, have the evaluator's values.
TEST(Indices, ShiftsAndConversions) {
  Model shifts([] {
    return parseText(R"mlir(
func.func @main(%x: tensor<?xi32>, %n: tensor<?xi32>) -> (tensor<?xi32>, tensor<?xi32>, tensor<?xi32>) {
  %0 = arith.shli %x, %n : tensor<?xi32>
  %1 = arith.shrui %x, %n : tensor<?xi32>
  %2 = arith.shrsi %x, %n : tensor<?xi32>
  return %0, %1, %2 : tensor<?xi32>, tensor<?xi32>, tensor<?xi32>
}
)mlir");
  });
  EXPECT_EQ(shifts.run({{{8}, {-3, -3, -3, 5, 5, 5, 1, -1}}, {{8}, {0, 31, 32, 31, 33, -1, 4, INT32_MIN}}}), "");
  Model conversions([] {
    return importText(R"(g (float[N] x, float[N] d) => (int8[N] a, int32[N] b, int64[N] c, uint8[N] e, uint64[N] f) {
      y = Div(x, d)
      a = Cast<to=3>(y)
      b = Cast<to=6>(y)
      c = Cast<to=7>(y)
      e = Cast<to=2>(y)
      f = Cast<to=13>(y)
    })");
  });
  // NaN, the infinities, what is too large for each type, and what is not.
  const int64_t huge = int64_t(1) << 62;
  EXPECT_EQ(conversions.run(
                {{{10}, {0, 1, -1, huge, -huge, 1000, -1000, 7, -7, 300}}, {{10}, {0, 0, 0, 1, 1, 1, 1, 2, 2, 1}}}),
            "");
}

/// NaN as an index is 0.
TEST(Indices, FromFloats) {
  Model model([] {
    return importText("g (float[N] x, float[B] f, float[B] d) => (float[B] y)"
                      " { q = Div(f, d) i = Cast<to=7>(q) y = Gather(x, i) }");
  });
  EXPECT_EQ(model.run({counting({5}), {{3}, {9, 0, -5}}, {{3}, {2, 0, 1}}}), "");
  EXPECT_NE(model.run({counting({5}), {{1}, {1}}, {{1}, {0}}}), "");
  EXPECT_NE(model.run({counting({5}), {{1}, {-1}}, {{1}, {0}}}), "");
}

/// The evaluator knows no assertions; compiled ones end the call, not the process.
TEST(Indices, Assertions) {
  TemporaryFolder folder;
  CompiledModel model;
  bool refused = false;
  OwningOpRef<ModuleOp> module = parseText(R"mlir(
func.func @main(%x: tensor<?xi64>) -> tensor<?xi64> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0 : i64
  %first = tensor.extract %x[%c0] : tensor<?xi64>
  %ok = arith.cmpi sgt, %first, %zero : i64
  cf.assert %ok, "the first is positive"
  return %x : tensor<?xi64>
}
)mlir");
  ASSERT_EQ(model.compile(*module, folder.file("m.so"), refused), std::nullopt);
  Tensor x = Tensor::zeros(mlir::IntegerType::get(&getContext(), 64), {2});
  llvm::SmallVector<Tensor> results;
  runtime::Error error = model.run({x}, results);
  ASSERT_TRUE(error);
  EXPECT_NE(error->find("'cf.assert' op does not hold: the first is positive"), std::string::npos) << *error;
  x.ints[0] = 1;
  EXPECT_EQ(model.run({x}, results), std::nullopt);
}

} // namespace
