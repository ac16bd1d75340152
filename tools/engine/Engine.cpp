//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// SPNNEngine.so, the compiler behind spnn/Runtime/Engine.h: describing and evaluating models.
//
//===----------------------------------------------------------------------===//
#include "spnn/Runtime/Engine.h"

#include "ModuleFile.h"

#include "spnn/Lowering/ElementTypes.h"
#include "spnn/Reference/Evaluator.h"

#include <cstdlib>
#include <cstring>

using namespace mlir;
using namespace spnn;
using namespace spnn::engine;

static int32_t report(const Error &problem, char *error, size_t errorBytes) {
  if (!problem)
    return 0;
  size_t length = std::min(problem->size(), errorBytes - 1);
  std::memcpy(error, problem->data(), length);
  error[length] = '\0';
  std::replace(error, error + length, '\n', ' ');
  return 1;
}

/// The input as the evaluator takes it.
static Error readInput(func::FuncOp function, unsigned i, const spnn_engine_tensor &input, reference::Tensor &result) {
  std::string name = "input " + std::to_string(i) + " of '" + function.getName().str() + "'";
  Type type = function.getArgumentTypes()[i];
  if (RankedTensorType tensor = getArgumentTensor(type))
    type = tensor;
  if (std::optional<std::string> broken = checkInterfaceType(type))
    return name + ": " + *broken;
  Type elementType = cast<RankedTensorType>(type).getElementType();
  if (static_cast<int32_t>(*getDType(elementType)) != input.dtype)
    return name + ": expected elements of type " + runtime::dtypeName(*getDType(elementType)) +
           ", got element type number " + std::to_string(input.dtype);
  if (input.rank < 0)
    return name + ": the rank must not be negative, got " + std::to_string(input.rank);
  ArrayRef<int64_t> shape(input.shape, input.rank);
  std::optional<int64_t> count = reference::Tensor::countElements(shape);
  if (!count)
    return name + ": the extents are negative or too large";
  if (*count != 0 && !input.data)
    return name + ": there is no data";
  result = reference::Tensor::fromBytes(elementType, shape, input.data);
  return std::nullopt;
}

static Error writeOutput(func::FuncOp function, unsigned i, const reference::Tensor &result,
                         const spnn_engine_tensor &output) {
  std::string name = "output " + std::to_string(i) + " of '" + function.getName().str() + "'";
  if (output.rank < 0 || ArrayRef<int64_t>(output.shape, output.rank) != ArrayRef<int64_t>(result.shape))
    return name + ": the shape asked for is not the one that the model computes";
  std::optional<runtime::DType> dtype = getDType(result.elementType);
  bool asIs = dtype && static_cast<int32_t>(*dtype) == output.dtype;
  bool unrounded = result.isFloat() && output.dtype == SPNN_F64;
  if (!asIs && !unrounded)
    return name + ": element type number " + std::to_string(output.dtype) + " was asked for, which it does not have";
  if (result.size() == 0)
    return std::nullopt;
  if (unrounded) {
    std::memcpy(output.data, result.floats.data(), result.floats.size() * sizeof(double));
    return std::nullopt;
  }
  std::vector<uint8_t> bytes = result.toBytes();
  std::memcpy(output.data, bytes.data(), bytes.size());
  return std::nullopt;
}

static Error evaluateFile(const char *path, const char *name, ArrayRef<spnn_engine_tensor> inputs,
                          ArrayRef<spnn_engine_tensor> outputs) {
  ModuleFile file;
  if (Error error = file.load(path))
    return error;
  func::FuncOp function = file.findFunction(name);
  if (!function)
    return "'" + std::string(path) + "' has no public function '" + name + "'";
  if (inputs.size() != function.getNumArguments() || outputs.size() != function.getNumResults())
    return "function '" + std::string(name) + "' has " + std::to_string(function.getNumArguments()) + " inputs and " +
           std::to_string(function.getNumResults()) + " outputs, got " + std::to_string(inputs.size()) + " and " +
           std::to_string(outputs.size());
  SmallVector<reference::Tensor> arguments(inputs.size());
  for (unsigned i = 0; i < inputs.size(); ++i)
    if (Error error = readInput(function, i, inputs[i], arguments[i]))
      return error;
  FailureOr<SmallVector<reference::Tensor>> results = reference::evaluate(function, arguments);
  if (failed(results))
    return file.takeError("the evaluation failed without saying why");
  for (unsigned i = 0; i < outputs.size(); ++i)
    if (Error error = writeOutput(function, i, (*results)[i], outputs[i]))
      return error;
  return std::nullopt;
}

static Error describeFile(const char *path, char **text) {
  ModuleFile file;
  if (Error error = file.load(path))
    return error;
  runtime::ModelDescription description;
  if (Error error = describe(file, description))
    return error;
  *text = strdup(runtime::printDescription(description).c_str());
  return *text ? Error() : "out of memory";
}

int32_t spnn_engine_version(void) { return SPNN_ENGINE_VERSION; }

int32_t spnn_engine_describe(const char *path, char **text, char *error, size_t errorBytes) {
  return report(describeFile(path, text), error, errorBytes);
}

void spnn_engine_free(char *text) { std::free(text); }

int32_t spnn_engine_evaluate(const char *path, const char *function, const spnn_engine_tensor *inputs,
                             int32_t numInputs, const spnn_engine_tensor *outputs, int32_t numOutputs, char *error,
                             size_t errorBytes) {
  return report(evaluateFile(path, function, ArrayRef(inputs, std::max(numInputs, 0)),
                             ArrayRef(outputs, std::max(numOutputs, 0))),
                error, errorBytes);
}
