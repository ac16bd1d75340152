//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gradients of each layer type (examples/gnn), evaluated and compiled, with every order of its products that can be
// forced, and with a number of nodes that is known only when the model runs. SPNN_LONG_TESTS=1 compiles all orders for
// graphs that come at run time, too.
//
//===----------------------------------------------------------------------===//
#include "Oracle.h"

#include "spnn/InitAll.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "gtest/gtest.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

using namespace mlir;
using namespace spnn;
using namespace spnn::test;

namespace {

const char *const kLayers[] = {"gcn", "sage-mean", "sage-max", "gin", "gat", "gatv2", "rgcn"};
constexpr int64_t kNodes = 34, kEdges = 150;

using Named = std::map<std::string, Tensor>;

/// A graph of kEdges edges on kNodes nodes, an edge from each to itself if `loops`; node 3 hears from nobody else.
std::pair<std::vector<int64_t>, std::vector<int64_t>> makeGraph(bool loops, std::mt19937 &generator) {
  std::set<std::pair<int64_t, int64_t>> edges;
  for (int64_t i = 0; loops && i < kNodes; ++i)
    edges.insert({i, i});
  while (static_cast<int64_t>(edges.size()) < kEdges)
    if (int64_t i = generator() % kNodes, j = generator() % kNodes; i != 3)
      edges.insert({i, j});
  std::vector<int64_t> positions(kNodes + 1), indices;
  for (auto [i, j] : edges) {
    ++positions[i + 1];
    indices.push_back(j);
  }
  for (int64_t i = 0; i < kNodes; ++i)
    positions[i + 1] += positions[i];
  return {positions, indices};
}

enum class Graphs { AtRunTime, Constant, DynamicNodes };

/// One of examples/gnn with its inputs by name. Numbers of edges become static, or numbers of nodes dynamic.
struct Example {
  Example(const std::string &layer, Graphs graphs) {
    std::ifstream file(std::string(SPNN_EXAMPLES) + "/" + layer + ".mlir");
    std::stringstream contents;
    contents << file.rdbuf();
    text = contents.str();
    bool loops = text.find("adj_self") != std::string::npos;
    std::string edges = "tensor<" + std::to_string(kEdges) + "xi32>";
    for (std::string name : {"adj", "adj1", "adj2"}) {
      name += loops ? "_self" : "";
      auto [positions, indices] = makeGraph(loops, generator);
      if (graphs == Graphs::Constant) {
        std::string constant = " = spnn.constant {positions = " + list(positions) +
                               " : tensor<35xi32>, indices = " + list(indices) + " : " + edges + "} :";
        text = std::regex_replace(text, std::regex(" = spnn.assemble %" + name + "_indptr,.* ->"), constant);
      }
      inputs[name + "_indptr"] = makeIntegers(32, {kNodes + 1}, positions);
      inputs[name + "_indices"] = makeIntegers(32, {kEdges}, indices);
    }
    if (graphs != Graphs::DynamicNodes) {
      text = replaceAll(text, "tensor<?xi32>", edges);
      return;
    }
    text = replaceAll(text, "tensor<34x34x", "tensor<?x?x");
    text = replaceAll(text, "tensor<34x", "tensor<?x");
    text = replaceAll(text, "tensor<35x", "tensor<?x");
    text = replaceAll(text, "tensor.empty() : tensor<?x", "tensor.empty(%nodes) : tensor<?x");
    text = replaceAll(text, "output_shape [34,", "output_shape [%nodes,");
    text = std::regex_replace(text, std::regex("(spnn.assemble %\\w+, %\\w+) :"), "$1 columns %nodes :");
    text = std::regex_replace(
        text, std::regex("(\n    %seed: [^\n]*\\{\n|%x: [^\n]*->[^\n]*\\{\n)"),
        "$1  %zero_axis = arith.constant 0 : index\n  %nodes = tensor.dim %x, %zero_axis : tensor<?x16xf32>\n");
  }

  static std::string list(const std::vector<int64_t> &values) {
    std::string result;
    for (int64_t value : values)
      result += (result.empty() ? "dense<[" : ", ") + std::to_string(value);
    return result + "]>";
  }

  /// The arguments of `function` by their names; what has none yet is made at random.
  std::vector<Tensor> arguments(func::FuncOp function) {
    std::vector<Tensor> result;
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      std::string name = function.getArgAttrOfType<StringAttr>(i, "spnn.name").str();
      auto found = inputs.find(name);
      if (found == inputs.end())
        found = inputs.emplace(name, make(name, function.getArgumentTypes()[i])).first;
      result.push_back(found->second);
    }
    return result;
  }

  Tensor make(const std::string &name, Type type) {
    std::vector<int64_t> shape;
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      for (int64_t extent : tensor.getShape())
        shape.push_back(ShapedType::isDynamic(extent) ? kNodes : extent);
    Type element = getElementTypeOrSelf(type);
    if (isa<FloatType>(element)) {
      // The gradient of the loss is 1.
      Tensor result = makeFloats("f32", shape, 0.7f, generator);
      if (name.rfind("grad:", 0) == 0)
        result.floats.assign(result.size(), name == "grad:loss");
      return result;
    }
    Tensor result = makeIntegers(element.getIntOrFloatBitWidth(), shape, {});
    for (int64_t &value : result.ints)
      value = name == "seed" ? 12345 : generator() % (element.isInteger(1) ? 2 : 4);
    return result;
  }

  std::string text;
  Named inputs;
  std::mt19937 generator{11};
};

/// Runs `pipeline`; null after a test failure.
OwningOpRef<ModuleOp> transform(const std::string &text, const std::string &pipeline) {
  std::string errors;
  OwningOpRef<ModuleOp> module = parse(text, errors);
  if (!module) {
    ADD_FAILURE() << errors << text;
    return nullptr;
  }
  ScopedDiagnosticHandler handler(&getContext(), [&](Diagnostic &diagnostic) {
    // A warning is an order that no product has.
    if (diagnostic.getSeverity() != DiagnosticSeverity::Remark)
      errors += diagnostic.str() + "\n";
    return success();
  });
  static bool registered = (spnn::registerPassesAndPipelines(), registerTransformsPasses(), true);
  (void)registered;
  PassManager pm(&getContext(), ModuleOp::getOperationName());
  if (failed(parsePassPipeline(pipeline, pm, llvm::errs())) || failed(pm.run(*module)) || !errors.empty()) {
    ADD_FAILURE() << pipeline << ": " << errors;
    return nullptr;
  }
  return module;
}

std::string print(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  module.print(os);
  return text;
}

/// The function with the gradients alone, as text.
std::string differentiate(const Example &example) {
  OwningOpRef<ModuleOp> module = transform(example.text, "spnn-differentiate{function=loss mode=gradients}");
  if (!module)
    return "";
  for (auto function : llvm::make_early_inc_range(module->getOps<func::FuncOp>()))
    if (function.getName() != "loss_gradients")
      function.erase();
  return print(*module);
}

func::FuncOp onlyFunction(ModuleOp module) { return *module.getOps<func::FuncOp>().begin(); }

/// What the pipeline does up to the choice of orders.
std::string prepareWith(const std::string &order) {
  return "canonicalize,cse,spnn-raise,canonicalize,cse,spnn-reorder-operators" +
         (order.empty() ? "" : "{order=\"" + order + "\"}");
}

std::set<std::string> listOrders(ModuleOp module) {
  std::set<std::string> names;
  auto groups = onlyFunction(module)->getAttrOfType<ArrayAttr>("spnn.orders");
  for (Attribute group : groups ? groups.getValue() : ArrayRef<Attribute>())
    for (Attribute candidate : cast<DictionaryAttr>(group).getAs<ArrayAttr>("candidates"))
      names.insert(cast<DictionaryAttr>(candidate).getAs<StringAttr>("order").str());
  return names;
}

/// The largest difference, relative to the largest number of `expected` or 1e-3; NaN counts as infinite.
double compare(const Tensor &actual, const Tensor &expected) {
  EXPECT_EQ(actual.shape, expected.shape);
  double largest = 1e-3, difference = 0;
  for (double value : expected.floats)
    largest = std::max(largest, std::fabs(value));
  for (size_t i = 0; i < expected.floats.size() && i < actual.floats.size(); ++i) {
    double own = std::fabs(actual.floats[i] - expected.floats[i]);
    difference = std::max(difference, std::isnan(own) ? HUGE_VAL : own);
  }
  return difference / largest;
}

void expectClose(ArrayRef<Tensor> actual, ArrayRef<Tensor> expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_LE(compare(actual[i], expected[i]), tolerance) << "result " << i;
}

SmallVector<Tensor> evaluate(ModuleOp module, ArrayRef<Tensor> arguments) {
  auto results = reference::evaluate(onlyFunction(module), arguments);
  EXPECT_TRUE(succeeded(results));
  return succeeded(results) ? std::move(*results) : SmallVector<Tensor>();
}

SmallVector<Tensor> run(const std::string &text, const std::string &options, const std::vector<Tensor> &arguments,
                        ArrayRef<Tensor> like) {
  Bytes bytes = runModel(text, options, 2, arguments);
  SmallVector<Tensor> results;
  for (size_t i = 0; i < bytes.size() && i < like.size(); ++i)
    results.push_back(Tensor::fromBytes(like[i].elementType, like[i].shape, bytes[i].data()));
  return results;
}

/// Compares `gradients`, the results of `function`, with central differences of @loss at some elements of each
/// parameter.
void checkDifferences(Example &example, func::FuncOp function, ArrayRef<Tensor> gradients) {
  std::string errors;
  OwningOpRef<ModuleOp> module = parse(example.text, errors);
  auto loss = module->lookupSymbol<func::FuncOp>("loss");
  auto evaluateLoss = [&](ArrayRef<Tensor> arguments) {
    auto results = reference::evaluate(loss, arguments);
    EXPECT_TRUE(succeeded(results));
    return succeeded(results) ? results->front().floats[0] : 0;
  };
  std::vector<Tensor> arguments = example.arguments(loss);
  unsigned checked = 0;
  for (unsigned number = 0; number < loss.getNumArguments(); ++number) {
    if (!loss.getArgAttr(number, "spnn.parameter"))
      continue;
    std::string name = "grad:" + loss.getArgAttrOfType<StringAttr>(number, "spnn.name").str();
    const Tensor *gradient = nullptr;
    for (unsigned i = 0; i < function.getNumResults(); ++i)
      if (auto attr = function.getResultAttrOfType<StringAttr>(i, "spnn.name"); attr && attr.getValue() == name)
        gradient = &gradients[i];
    ASSERT_TRUE(gradient) << name;
    ASSERT_EQ(gradient->shape, arguments[number].shape);
    for (int sample = 0; sample < 6; ++sample) {
      constexpr double kStep = 1e-6;
      size_t at = example.generator() % arguments[number].size();
      double &element = arguments[number].floats[at], middle = element;
      element = middle + kStep;
      double above = evaluateLoss(arguments);
      element = middle - kStep;
      double below = evaluateLoss(arguments);
      element = middle;
      EXPECT_NEAR(gradient->floats[at], (above - below) / (2 * kStep), 1e-7) << name << "[" << at << "]";
      ++checked;
    }
  }
  EXPECT_GE(checked, 12u);
}

/// `compilesAll`: not only the order that the pipeline chooses.
void checkOrders(const std::string &layer, Graphs graphs, size_t leastOrders, bool compilesAll) {
  Example example(layer, graphs);
  std::string text = differentiate(example);
  OwningOpRef<ModuleOp> plain = transform(text, ""), chosen = transform(text, prepareWith(""));
  ASSERT_TRUE(plain && chosen);
  std::vector<Tensor> arguments = example.arguments(onlyFunction(*plain));
  SmallVector<Tensor> expected = evaluate(*plain, arguments);
  ASSERT_FALSE(expected.empty());
  checkDifferences(example, onlyFunction(*plain), expected);
  SmallVector<Tensor> first = run(text, "", arguments, expected);
  expectClose(first, expected, 1e-5);
  std::set<std::string> orders = listOrders(*chosen);
  EXPECT_GE(orders.size(), leastOrders);
  for (const std::string &order : orders) {
    SCOPED_TRACE("order " + order);
    OwningOpRef<ModuleOp> forced = transform(text, prepareWith(order));
    ASSERT_TRUE(forced);
    expectClose(evaluate(*forced, arguments), expected, 1e-10);
    if (compilesAll)
      expectClose(run(text, "order=\"" + order + "\"", arguments, expected), first, 1e-5);
  }
}

class GnnGradients : public testing::TestWithParam<const char *> {};

/// How many orders there are at least: forward and backward together where S X W and X' S' G share X or S.
size_t countOrders(const std::string &layer) {
  if (layer == "gcn")
    return 10;
  return layer == "sage-mean" ? 6 : layer == "gin" ? 4 : layer == "rgcn" ? 12 : 0;
}

TEST_P(GnnGradients, EveryOrderOfAConstantGraph) {
  checkOrders(GetParam(), Graphs::Constant, countOrders(GetParam()), /*compilesAll=*/true);
}

TEST_P(GnnGradients, EveryOrderOfAGraphAtRunTime) {
  checkOrders(GetParam(), Graphs::AtRunTime, countOrders(GetParam()), std::getenv("SPNN_LONG_TESTS") != nullptr);
}

/// The same numbers as with as many nodes known, evaluated and compiled.
TEST_P(GnnGradients, NodesAtRunTime) {
  Example fixed(GetParam(), Graphs::AtRunTime), dynamic(GetParam(), Graphs::DynamicNodes);
  std::string text = differentiate(dynamic);
  ASSERT_NE(text, "");
  OwningOpRef<ModuleOp> plain = transform(differentiate(fixed), ""), module = transform(text, "");
  ASSERT_TRUE(plain && module);
  std::vector<Tensor> arguments = fixed.arguments(onlyFunction(*plain));
  SmallVector<Tensor> expected = evaluate(*plain, arguments);
  expectClose(evaluate(*module, arguments), expected, 1e-12);
  expectClose(run(text, "", arguments, expected), expected, 1e-5);
}

std::string nameLayer(const testing::TestParamInfo<const char *> &info) { return replaceAll(info.param, "-", "_"); }

INSTANTIATE_TEST_SUITE_P(Layers, GnnGradients, testing::ValuesIn(kLayers), nameLayer);

} // namespace
