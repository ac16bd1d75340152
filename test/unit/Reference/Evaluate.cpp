//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the tests of the evaluator share: parsing, evaluating, comparing.
//
//===----------------------------------------------------------------------===//
#include "Evaluate.h"

#include "spnn/InitAll.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"

#include <cmath>

using namespace mlir;
using namespace spnn::reference;

MLIRContext &spnn::reference::getContext() {
  static MLIRContext *context = [] {
    DialectRegistry registry;
    registerAllDialects(registry);
    registerAllExtensions(registry);
    spnn::registerDialect(registry);
    return new MLIRContext(registry);
  }();
  return *context;
}

Tensor spnn::reference::makeFloats(ArrayRef<int64_t> shape, ArrayRef<double> values) {
  Tensor result = Tensor::zeros(Float32Type::get(&getContext()), shape);
  EXPECT_EQ(result.floats.size(), values.size());
  result.floats.assign(values.begin(), values.end());
  return result;
}

Tensor spnn::reference::makeRandom(std::mt19937 &generator, ArrayRef<int64_t> shape, double zeros) {
  Tensor result = Tensor::zeros(Float32Type::get(&getContext()), shape);
  std::uniform_real_distribution<float> distribution(-1, 1);
  for (double &value : result.floats)
    value = std::fabs(distribution(generator)) < zeros ? 0 : distribution(generator);
  return result;
}

Tensor spnn::reference::makeInts(StringRef type, ArrayRef<int64_t> shape, ArrayRef<int64_t> values) {
  Tensor result = Tensor::zeros(parseType(type, &getContext()), shape);
  EXPECT_EQ(result.ints.size(), values.size());
  result.ints.assign(values.begin(), values.end());
  return result;
}

/// Parses and evaluates; what was emitted on the way ends up in `errors`.
static FailureOr<SmallVector<Tensor>> parseAndRun(const std::string &source, ArrayRef<Tensor> arguments,
                                                  const EvaluatorOptions &options, std::string &errors) {
  ScopedDiagnosticHandler handler(&getContext(), [&](Diagnostic &diagnostic) {
    errors += diagnostic.str() + "\n";
    return success();
  });
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(source, &getContext());
  if (!module) {
    ADD_FAILURE() << "does not parse: " << errors;
    return failure();
  }
  auto function = module->lookupSymbol<func::FuncOp>("f");
  if (!function) {
    ADD_FAILURE() << "has no function @f";
    return failure();
  }
  return evaluate(function, arguments, options);
}

SmallVector<Tensor> spnn::reference::run(const std::string &source, ArrayRef<Tensor> arguments,
                                         const EvaluatorOptions &options) {
  std::string errors;
  FailureOr<SmallVector<Tensor>> results = parseAndRun(source, arguments, options, errors);
  EXPECT_EQ(errors, "") << source;
  if (succeeded(results))
    return *results;
  ADD_FAILURE() << "is not evaluated";
  return {};
}

std::string spnn::reference::runError(const std::string &source, ArrayRef<Tensor> arguments,
                                      const EvaluatorOptions &options) {
  std::string errors;
  FailureOr<SmallVector<Tensor>> results = parseAndRun(source, arguments, options, errors);
  EXPECT_TRUE(failed(results)) << "is evaluated";
  return errors;
}

std::vector<double> spnn::reference::floatsOf(const SmallVector<Tensor> &results) {
  EXPECT_EQ(results.size(), 1u);
  return results.size() == 1 ? results[0].floats : std::vector<double>();
}

std::vector<int64_t> spnn::reference::intsOf(const SmallVector<Tensor> &results) {
  EXPECT_EQ(results.size(), 1u);
  return results.size() == 1 ? results[0].ints : std::vector<int64_t>();
}

void spnn::reference::expectNear(ArrayRef<double> actual, ArrayRef<double> expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    if (actual[i] == expected[i] || (std::isnan(actual[i]) && std::isnan(expected[i])))
      continue;
    EXPECT_NEAR(actual[i], expected[i], tolerance) << "at element " << i;
  }
}
