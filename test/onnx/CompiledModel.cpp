//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An imported model as compiled code: through the CPU pipeline into a shared library, loaded and run.
//
//===----------------------------------------------------------------------===//
#include "CompiledModel.h"

#include "spnn/Import/Onnx.h"
#include "spnn/InitAll.h"
#include "spnn/Pipelines/Pipelines.h"
#include "spnn/Target/Emit.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace spnn;
using spnn::runtime::Error;

/// What an output is filled with, and the bytes on both sides of it.
static constexpr uint8_t kPattern = 0xA5;
static constexpr size_t kMargin = 4096;

void test::registerForCompilation(DialectRegistry &registry) {
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registerDialect(registry);
  registerOnnxDialects(registry);
  target::registerTranslations(registry);
}

Error test::CompiledModel::compile(ModuleOp module, const std::string &path, bool &refused, int threads) {
  for (Type type : (*module.getOps<func::FuncOp>().begin()).getResultTypes())
    resultTypes.push_back(cast<ShapedType>(type).getElementType());
  std::string diagnostic;
  {
    ScopedDiagnosticHandler handler(module.getContext(), [&](Diagnostic &found) {
      if (diagnostic.empty() && found.getSeverity() == DiagnosticSeverity::Error)
        diagnostic = found.str();
      return success();
    });
    PassManager pm(module.getContext());
    CpuPipelineOptions options;
    if (threads == 1)
      options.threads = 1;
    buildCpuPipeline(pm, options);
    if (failed(pm.run(module))) {
      // A conversion that met what it did not expect is no refusal: nobody decided it.
      refused = !diagnostic.empty() && !StringRef(diagnostic).contains("failed to legalize");
      return "is not compiled: " + (diagnostic.empty() ? "nothing says why" : diagnostic);
    }
  }
  if (Error error = target::emit(module, target::EmitKind::So, path))
    return "is not emitted: " + *error;
  if (Error error = runtime::Model::open(path, model))
    return "is not loaded: " + *error;
  return model->createContext(threads, context);
}

Error test::CompiledModel::run(ArrayRef<reference::Tensor> arguments, SmallVectorImpl<reference::Tensor> &results) {
  const runtime::FunctionSpec &function = model->description().functions.front();
  if (function.inputs.size() != arguments.size() || function.outputs.size() != resultTypes.size())
    return "has another number of inputs or outputs than the function that it was compiled from";
  std::vector<std::vector<int64_t>> shapes, outputShapes;
  std::vector<int64_t> dims;
  for (const reference::Tensor &argument : arguments)
    shapes.emplace_back(argument.shape.begin(), argument.shape.end());
  if (Error error = runtime::resolveShapes(function, shapes, dims, outputShapes))
    return error;
  std::vector<std::vector<uint8_t>> bytes;
  std::vector<runtime::TensorRef> inputs, outputs;
  for (auto [argument, spec] : llvm::zip(arguments, function.inputs)) {
    bytes.push_back(argument.toBytes());
    inputs.push_back({spec.dtype, shapes[inputs.size()], bytes.back().data()});
  }
  for (auto [shape, spec] : llvm::zip(outputShapes, function.outputs)) {
    // A pattern, so that what is not written shows, and what is written beside it.
    bytes.emplace_back(*runtime::elementCount(shape) * runtime::dtypeBytes(spec.dtype) + 2 * kMargin, kPattern);
    outputs.push_back({spec.dtype, shape, bytes.back().data() + kMargin});
  }
  Error error = model->run(function, inputs, outputs, context);
  for (ArrayRef<uint8_t> output : ArrayRef(bytes).take_back(outputs.size())) {
    auto isPattern = [](uint8_t byte) { return byte == kPattern; };
    if (!llvm::all_of(output.take_front(kMargin), isPattern) || !llvm::all_of(output.take_back(kMargin), isPattern))
      return "writes beside an output";
  }
  if (error)
    return error;
  for (auto [output, type] : llvm::zip(outputs, resultTypes))
    results.push_back(reference::Tensor::fromBytes(type, output.shape, output.data));
  return std::nullopt;
}
