//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compares what spnn-differentiate makes with differences of the function that it was made of.
//
//===----------------------------------------------------------------------===//
#include "CheckGradients.h"

#include "spnn/InitAll.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

#include <cmath>
#include <map>

using namespace mlir;
using namespace spnn::reference;

//===----------------------------------------------------------------------===//
// FunctionWriter
//===----------------------------------------------------------------------===//

int64_t FunctionWriter::extent(int64_t least) {
  const int64_t extents[] = {0, 1, 1, 2, 3, 5, 7, 9};
  return std::max(least, extents[pick(0, 7)]);
}

std::string FunctionWriter::tensor(ArrayRef<int64_t> shape, StringRef element) {
  std::string result = "tensor<";
  for (int64_t extent : shape)
    result += std::to_string(extent) + "x";
  return result + element.str() + ">";
}

std::string FunctionWriter::graphType(int64_t rows, int64_t columns) {
  return "tensor<" + std::to_string(rows) + "x" + std::to_string(columns) + "xi1, #spnn.adjacency>";
}

std::string FunctionWriter::add(Tensor tensor, const std::string &type, bool isWanted) {
  std::string name = "a" + std::to_string(arguments.size());
  parameters += (arguments.empty() ? "%" : ", %") + name + ": " + type + " {spnn.name = \"" + name + "\"" +
                (isWanted ? ", spnn.parameter}" : "}");
  arguments.push_back(std::move(tensor));
  return "%" + name;
}

static Tensor makeUniform(std::mt19937 &generator, ArrayRef<int64_t> shape, double low, double high) {
  Tensor result = Tensor::zeros(Float32Type::get(&spnn::reference::getContext()), shape);
  std::uniform_real_distribution<double> distribution(low, high);
  for (double &value : result.floats)
    value = distribution(generator);
  return result;
}

std::string FunctionWriter::argument(ArrayRef<int64_t> shape, double low, double high) {
  return add(makeUniform(generator, shape, low, high), tensor(shape), true);
}

std::string FunctionWriter::data(ArrayRef<int64_t> shape, double low, double high) {
  return add(makeUniform(generator, shape, low, high), tensor(shape), false);
}

std::string FunctionWriter::integers(StringRef type, ArrayRef<int64_t> shape, int64_t below) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  std::vector<int64_t> values(count);
  for (int64_t &value : values)
    value = pick(0, below - 1);
  return add(makeInts(type, shape, values), tensor(shape, type), false);
}

std::string FunctionWriter::seed() { return add(makeInts("i64", {}, {pick(0, 1 << 30)}), "i64", false); }

std::string FunctionWriter::graph(int64_t rows, int64_t columns, double degree, bool atRunTime, int64_t &edges) {
  std::vector<int64_t> positions{0}, indices;
  std::bernoulli_distribution isEdge(columns ? std::min(1.0, degree / columns) : 0);
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column)
      if (isEdge(generator))
        indices.push_back(column);
    positions.push_back(indices.size());
  }
  edges = indices.size();
  std::string type = graphType(rows, columns);
  if (atRunTime) {
    std::string positionsType = tensor({rows + 1}, "i32"), indicesType = tensor({edges}, "i32");
    std::string p = add(makeInts("i32", {rows + 1}, positions), positionsType, false);
    std::string i = add(makeInts("i32", {edges}, indices), indicesType, false);
    return define("spnn.assemble " + p + ", " + i + " : (" + positionsType + ", " + indicesType + ") -> " + type);
  }
  auto list = [](const std::vector<int64_t> &values) {
    std::string text = values.empty() ? "dense<> : " : "dense<[";
    for (size_t i = 0; i < values.size(); ++i)
      text += (i ? ", " : "") + std::to_string(values[i]);
    return text + (values.empty() ? "" : "]> : ") + tensor({static_cast<int64_t>(values.size())}, "i32");
  };
  return define("spnn.constant {positions = " + list(positions) + ", indices = " + list(indices) + "} : " + type);
}

std::string FunctionWriter::define(const std::string &text) {
  std::string name = "%v" + std::to_string(counter++);
  body += "  " + name + " = " + text + "\n";
  return name;
}

void FunctionWriter::replaceLast(const std::string &text) {
  body.resize(body.rfind(" = "));
  body += text + "\n";
}

void FunctionWriter::returns(const std::string &value, const std::string &type) {
  returned += (returned.empty() ? "" : ", ") + value;
  returnedTypes += (returnedTypes.empty() ? "" : ", ") + type;
}

std::string FunctionWriter::source() const {
  return "func.func @f(" + parameters + ") -> (" + returnedTypes + ") {\n" + body + "  return " + returned + " : " +
         returnedTypes + "\n}\n";
}

//===----------------------------------------------------------------------===//
// Comparison
//===----------------------------------------------------------------------===//

OwningOpRef<ModuleOp> spnn::reference::differentiate(const std::string &source, const std::string &options) {
  static bool registered = (spnn::registerPassesAndPipelines(), true);
  (void)registered;
  std::string errors;
  ScopedDiagnosticHandler handler(&getContext(), [&](Diagnostic &diagnostic) {
    errors += diagnostic.str() + "\n";
    return success();
  });
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(source, &getContext());
  if (!module) {
    ADD_FAILURE() << "does not parse: " << errors << source;
    return nullptr;
  }
  PassManager pm(&getContext(), ModuleOp::getOperationName());
  if (failed(parsePassPipeline("spnn-differentiate{" + options + "}", pm, llvm::errs())) || failed(pm.run(*module))) {
    ADD_FAILURE() << "is not differentiated: " << errors << source;
    return nullptr;
  }
  return module;
}

using Named = std::map<std::string, Tensor>;

/// Evaluates a function on arguments by name, adding its results to `values`.
static bool evaluateNamed(ModuleOp module, StringRef name, Named &values) {
  auto function = module.lookupSymbol<func::FuncOp>(name);
  if (!function) {
    ADD_FAILURE() << "no function @" << name.str();
    return false;
  }
  SmallVector<Tensor> arguments;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto attr = function.getArgAttrOfType<StringAttr>(i, "spnn.name");
    if (!attr || !values.count(attr.str())) {
      ADD_FAILURE() << "argument " << i << " of @" << name.str() << " has no name that is known";
      return false;
    }
    arguments.push_back(values.at(attr.str()));
  }
  FailureOr<SmallVector<Tensor>> results = spnn::reference::evaluate(function, arguments);
  if (failed(results)) {
    ADD_FAILURE() << "@" << name.str() << " is not evaluated";
    return false;
  }
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    auto attr = function.getResultAttrOfType<StringAttr>(i, "spnn.name");
    values[attr ? attr.str() : "out" + std::to_string(i)] = (*results)[i];
  }
  return true;
}

void spnn::reference::checkGradients(const FunctionWriter &writer, double tolerance) {
  std::string source = writer.source();
  SCOPED_TRACE(source);
  OwningOpRef<ModuleOp> module = differentiate(source, "function=f mode=gradients");
  OwningOpRef<ModuleOp> split = differentiate(source, "function=f mode=split");
  if (!module || !split)
    return;
  auto original = module->lookupSymbol<func::FuncOp>("f");
  auto run = [&](ArrayRef<Tensor> arguments) {
    FailureOr<SmallVector<Tensor>> results = evaluate(original, arguments);
    EXPECT_TRUE(succeeded(results));
    return succeeded(results) ? *results : SmallVector<Tensor>();
  };
  SmallVector<Tensor> results = run(writer.arguments);
  if (results.size() != original.getNumResults())
    return;

  // Weights of the results, and the same as the gradients that the new functions take.
  std::mt19937 generator(7);
  SmallVector<Tensor> weights(results.size());
  Named values;
  std::optional<unsigned> loss;
  for (auto [i, result] : llvm::enumerate(results))
    if (!loss && result.isFloat() && result.shape.empty())
      loss = i;
  for (auto [i, result] : llvm::enumerate(results)) {
    if (!result.isFloat())
      continue;
    weights[i] = Tensor::zeros(result.elementType, result.shape);
    if (loss)
      weights[i].floats.assign(result.size(), i == *loss ? 1 : 0);
    else
      weights[i] = makeUniform(generator, result.shape, -1, 1);
    values["grad:out" + std::to_string(i)] = weights[i];
  }
  for (auto [i, argument] : llvm::enumerate(writer.arguments))
    values["a" + std::to_string(i)] = argument;
  auto weigh = [&](ArrayRef<Tensor> results) {
    double sum = 0;
    for (auto [result, weight] : llvm::zip(results, weights))
      for (size_t i = 0; i < weight.floats.size(); ++i)
        sum += weight.floats[i] * result.floats[i];
    return sum;
  };

  Named whole = values, halves = values;
  ASSERT_TRUE(evaluateNamed(*module, "f_gradients", whole));
  ASSERT_TRUE(evaluateNamed(*split, "f_forward", halves));
  ASSERT_TRUE(evaluateNamed(*split, "f_backward", halves));
  unsigned wanted = 0;
  for (unsigned number = 0; number < original.getNumArguments(); ++number) {
    if (!original.getArgAttr(number, "spnn.parameter"))
      continue;
    ++wanted;
    std::string name = "grad:a" + std::to_string(number);
    SCOPED_TRACE(name);
    ASSERT_TRUE(whole.count(name) && halves.count(name));
    const Tensor &gradient = whole.at(name);
    SmallVector<Tensor> arguments(writer.arguments);
    Tensor &argument = arguments[number];
    ASSERT_EQ(gradient.shape, argument.shape);
    EXPECT_EQ(gradient.floats, halves.at(name).floats);
    constexpr double step = 1e-6;
    std::vector<double> expected;
    double greatest = 1;
    for (double &element : argument.floats) {
      double middle = element;
      element = middle + step;
      double above = weigh(run(arguments));
      element = middle - step;
      double below = weigh(run(arguments));
      element = middle;
      expected.push_back((above - below) / (2 * step));
      greatest = std::max(greatest, std::fabs(expected.back()));
    }
    expectNear(gradient.floats, expected, tolerance * greatest);
  }
  EXPECT_GT(wanted, 0u);
  for (unsigned i = 0; i < results.size(); ++i) {
    // An activation that was taken out of a product has constants that are rounded to its type.
    expectNear(whole.at("out" + std::to_string(i)).floats, results[i].floats, 1e-7);
    EXPECT_EQ(halves.at("out" + std::to_string(i)).floats, whole.at("out" + std::to_string(i)).floats);
  }
}
