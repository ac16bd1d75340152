//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Models on random operands: compiled and run, and evaluated in double precision.
//
//===----------------------------------------------------------------------===//
#include "Oracle.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "gtest/gtest.h"

#include <cmath>
#include <set>

using namespace spnn;
using namespace spnn::test;

RandomGraph::RandomGraph(int64_t rows, int64_t columns, Pattern pattern, std::mt19937 &generator)
    : rows(rows), columns(columns), pattern(pattern) {
  for (int64_t i = 0; i < rows; ++i) {
    std::set<int32_t> row;
    int64_t wanted = pattern == NoEdges || (pattern == EmptyRows && i % 2 == 0) ? 0
                     : pattern == DenseRow && i == rows / 2                     ? columns
                                                                                : int64_t(generator() % 9);
    for (int64_t n = 0; n < wanted && columns > 0; ++n)
      row.insert(wanted == columns ? n : generator() % columns);
    indices.insert(indices.end(), row.begin(), row.end());
    positions.push_back(indices.size());
  }
}

std::string test::replaceAll(std::string text, const std::string &from, const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

Tensor test::makeFloats(const std::string &element, std::vector<int64_t> shape, float largest,
                        std::mt19937 &generator) {
  mlir::Builder b(&getContext());
  Tensor tensor = Tensor::zeros(element == "f64" ? mlir::Type(b.getF64Type()) : b.getF32Type(), shape);
  std::uniform_real_distribution<float> value(-largest, largest);
  for (double &number : tensor.floats)
    number = value(generator);
  return tensor;
}

Tensor test::makeIntegers(unsigned bits, std::vector<int64_t> shape, const std::vector<int64_t> &values) {
  Tensor tensor = Tensor::zeros(mlir::Builder(&getContext()).getIntegerType(bits), shape);
  std::copy(values.begin(), values.end(), tensor.ints.begin());
  return tensor;
}

Bytes test::runModel(const std::string &text, const std::string &options, int threads,
                     const std::vector<Tensor> &arguments, std::string *expectedError) {
  TemporaryFolder folder;
  std::unique_ptr<runtime::Model> model = compile(text, options, folder.file("m.so"));
  runtime::Context context;
  if (!model || model->createContext(threads, context))
    return {};
  const runtime::FunctionSpec &function = model->description().functions.front();
  std::vector<std::vector<int64_t>> shapes, outputShapes;
  std::vector<int64_t> dims;
  for (const Tensor &argument : arguments)
    shapes.emplace_back(argument.shape.begin(), argument.shape.end());
  if (runtime::Error error = runtime::resolveShapes(function, shapes, dims, outputShapes)) {
    ADD_FAILURE() << *error;
    return {};
  }
  Bytes inputs, outputs;
  std::vector<runtime::TensorRef> inputRefs, outputRefs;
  // What no kernel writes would show as NaN.
  for (size_t i = 0; i < outputShapes.size(); ++i)
    outputs.emplace_back(*runtime::elementCount(outputShapes[i]) * runtime::dtypeBytes(function.outputs[i].dtype),
                         0xff);
  for (const Tensor &argument : arguments)
    inputs.push_back(argument.toBytes());
  for (size_t i = 0; i < inputs.size(); ++i)
    inputRefs.push_back({function.inputs[i].dtype, shapes[i], inputs[i].data()});
  for (size_t i = 0; i < outputs.size(); ++i)
    outputRefs.push_back({function.outputs[i].dtype, outputShapes[i], outputs[i].data()});
  runtime::Error error = model->run(function, inputRefs, outputRefs, context);
  if (expectedError) {
    *expectedError = error ? *error : "";
    return outputs;
  }
  if (error) {
    ADD_FAILURE() << *error;
    return {};
  }
  return outputs;
}

llvm::SmallVector<Tensor> test::evaluateModel(const std::string &text, const std::vector<Tensor> &arguments) {
  std::string errors;
  mlir::OwningOpRef<mlir::ModuleOp> module = parse(text, errors);
  if (!module) {
    ADD_FAILURE() << errors;
    return {};
  }
  auto results = reference::evaluate(*module->getOps<mlir::func::FuncOp>().begin(), arguments);
  EXPECT_TRUE(mlir::succeeded(results));
  return mlir::succeeded(results) ? std::move(*results) : llvm::SmallVector<Tensor>();
}

void test::checkModel(const std::string &text, const std::string &cpu, const std::vector<Tensor> &arguments,
                      double tolerance) {
  Bytes alone = runModel(text, "threads=1 target-cpu=" + cpu, 1, arguments);
  Bytes together = runModel(text, "threads=0 target-cpu=" + cpu, 2, arguments);
  ASSERT_FALSE(alone.empty());
  EXPECT_EQ(alone, together) << "threads change results";
  llvm::SmallVector<Tensor> expected = evaluateModel(text, arguments);
  ASSERT_EQ(alone.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    Tensor got = Tensor::fromBytes(expected[i].elementType, expected[i].shape, alone[i].data());
    ASSERT_EQ(got.ints, expected[i].ints) << "result " << i;
    for (size_t j = 0; j < got.floats.size(); ++j) {
      double a = got.floats[j], b = expected[i].floats[j];
      bool isRight =
          std::isnan(b) ? std::isnan(a) : a == b || std::fabs(a - b) <= tolerance * std::max(1.0, std::fabs(b));
      ASSERT_TRUE(isRight) << "result " << i << "[" << j << "] = " << a << ", expected " << b << " within "
                           << tolerance;
    }
  }
}
