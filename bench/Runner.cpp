//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A function that is compiled from text and called on buffers of random numbers.
//
//===----------------------------------------------------------------------===//
#include "Runner.h"

#include "Matrix.h"
#include "Ours.h"

#include "llvm/ADT/STLExtras.h"

using namespace spnn;
using namespace spnn::bench;

std::string spnn::bench::replaceAll(std::string text, const std::string &from, const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

runtime::Error Runner::prepare(const std::string &text, const SuiteOptions &options, int threads, Runner *shared) {
  CompileOptions compile;
  compile.threads = threads;
  compile.cpu = options.cpu;
  compile.targetFile = options.targetFile;
  compile.clusterRows = options.clusterRows;
  if (runtime::Error error = compileModel(text, compile, model))
    return error;
  if (runtime::Error error = model->createContext(threads, context))
    return error;
  const runtime::FunctionSpec &function = model->description().functions.front();
  std::vector<std::vector<int64_t>> shapes, outputShapes;
  std::vector<int64_t> dims;
  for (const runtime::TensorSpec &input : function.inputs) {
    shapes.emplace_back();
    for (const runtime::Extent &extent : input.shape)
      shapes.back().push_back(extent.value);
  }
  if (runtime::Error error = runtime::resolveShapes(function, shapes, dims, outputShapes))
    return error;
  std::vector<runtime::TensorRef> inputRefs, outputRefs;
  Runner &buffers = shared ? *shared : *this;
  if (!shared) {
    for (auto [i, shape] : llvm::enumerate(shapes)) {
      std::vector<float> values = makeActivations(*runtime::elementCount(shape), i + 1);
      inputs.emplace_back(values.begin(), values.end());
    }
    for (const std::vector<int64_t> &shape : outputShapes)
      outputs.emplace_back(*runtime::elementCount(shape));
  }
  for (auto [i, shape] : llvm::enumerate(shapes))
    inputRefs.push_back({runtime::DType::F32, shape, buffers.inputs[i].data()});
  for (auto [i, shape] : llvm::enumerate(outputShapes))
    outputRefs.push_back({runtime::DType::F32, shape, buffers.outputs[i].data()});
  if (runtime::Error error = model->bind(function, inputRefs, outputRefs, call))
    return error;
  return call.run(context);
}
