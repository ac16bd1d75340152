//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The protocol between compiled train steps and who drives them.
//
//===----------------------------------------------------------------------===//
#include "TrainStep.h"

#include "spnn/Import/Random.h"

#include <chrono>
#include <cmath>
#include <cstring>

using namespace spnn;
using namespace spnn::run;
using runtime::DType;
using runtime::FunctionSpec;
using runtime::TensorSpec;

static const std::string kNext = "next:";

static bool isScalar(const TensorSpec &spec, DType dtype) { return spec.shape.empty() && spec.dtype == dtype; }

static std::optional<size_t> indexOf(const std::vector<TensorSpec> &specs, const std::string &name) {
  for (size_t i = 0; i < specs.size(); ++i)
    if (specs[i].name == name)
      return i;
  return std::nullopt;
}

std::optional<size_t> TrainStep::findState(const std::string &name) const {
  for (size_t k = 0; k < stateInputs.size(); ++k)
    if (function->inputs[stateInputs[k]].name == name)
      return k;
  return std::nullopt;
}

/// True if an optimiser keeps it for a parameter.
bool TrainStep::isKept(const std::string &name) const {
  for (const char *suffix : {".mean", ".variance", ".velocity"})
    if (endsWith(name, suffix) && findState(name.substr(0, name.size() - std::strlen(suffix))))
      return true;
  return false;
}

std::vector<const Tensor *> TrainStep::parameters() const {
  std::vector<const Tensor *> result;
  for (const Tensor &tensor : state[now])
    if (!isKept(tensor.name))
      result.push_back(&tensor);
  return result;
}

Error TrainStep::findInputs(const Options &options, const TrainingData &data) {
  std::vector<bool> used(options.inputs.size(), false);
  for (const TensorSpec &spec : function->inputs) {
    if (findState(spec.name))
      continue;
    if (spec.name == "step" || spec.name == "seed") {
      if (!isScalar(spec, DType::I64))
        return "input '" + spec.name + "' of function '" + function->name + "' is " + typeString(spec) +
               ", and the number of a step and a seed are i64";
      (spec.name == "step" ? step : seed) = fixed.size();
      if (Error error = makeTensor(spec.name, spec.dtype, {}, fixed.emplace_back()))
        return error;
      continue;
    }
    std::optional<Tensor> tensor;
    for (size_t i = 0; i < options.inputs.size(); ++i) {
      const std::string &text = options.inputs[i];
      if (text.compare(0, spec.name.size() + 1, spec.name + "=") != 0)
        continue;
      used[i] = true;
      std::string file = text.substr(spec.name.size() + 1);
      numpy::Array array;
      if (Error error = numpy::readNpy(file, array))
        return error;
      if (Error error = convertArray(array, file, spec, tensor.emplace()))
        return error;
    }
    if (!tensor)
      if (Error error = data.makeInput(spec, tensor))
        return error;
    if (!tensor)
      return "input '" + spec.name + "' of function '" + function->name +
             "' is neither in --data nor given by --input " + spec.name + "=FILE.npy";
    fixed.push_back(std::move(*tensor));
  }
  for (size_t i = 0; i < used.size(); ++i)
    if (!used[i])
      return "--input " + options.inputs[i] + ": function '" + function->name +
             "' has no such input that is not state; give NAME=FILE.npy";
  return std::nullopt;
}

Error TrainStep::setInitial(size_t k, const numpy::Array &array, const std::string &from) {
  if (array.shape != state[0][k].shape)
    return "--init " + from + ": the shape is not that of " + typeString(function->inputs[stateInputs[k]]);
  initial[k].kind = Initial::Kind::File;
  return convertArray(array, from, function->inputs[stateInputs[k]], initial[k].value);
}

Error TrainStep::readInitial(const Options &options) {
  initial.resize(stateInputs.size());
  for (const std::string &text : options.inits) {
    size_t equals = text.find('=');
    std::string name = text.substr(0, equals);
    auto refuse = [&](const std::string &what) {
      return "--init " + text + ": '" + what + "' is no parameter of function '" + function->name + "'";
    };
    if (equals == std::string::npos && endsWith(text, ".npz")) {
      std::vector<numpy::NamedArray> members;
      if (Error error = numpy::readNpz(text, members))
        return error;
      for (const numpy::NamedArray &member : members) {
        std::optional<size_t> k = findState(member.name);
        if (!k)
          return refuse(member.name);
        if (Error error = setInitial(*k, member.array, text + ", " + member.name))
          return error;
      }
      continue;
    }
    std::optional<size_t> k = findState(name);
    if (equals == std::string::npos || !k)
      return refuse(name);
    std::string value = text.substr(equals + 1);
    Initial &target = initial[*k];
    if (value == "zeros") {
      target.kind = Initial::Kind::Zeros;
    } else if (value == "glorot") {
      target.kind = Initial::Kind::Glorot;
      if (state[0][*k].shape.size() < 2)
        return "--init " + text + ": Glorot's values are for tensors of rank 2 and more";
    } else {
      numpy::Array array;
      if (Error error = numpy::readNpy(value, array))
        return error;
      if (Error error = setInitial(*k, array, text))
        return error;
    }
  }
  return std::nullopt;
}

Error TrainStep::open(const runtime::Model &model, const FunctionSpec &spec, const Options &options,
                      const TrainingData &data) {
  function = &spec;
  auto fail = [&](const std::string &sentence) -> Error {
    return "function '" + spec.name + "' is no train step: " + sentence;
  };
  std::vector<size_t> stateOutputs;
  for (size_t i = 0; i < spec.outputs.size(); ++i) {
    const TensorSpec &output = spec.outputs[i];
    if (output.name.compare(0, kNext.size(), kNext) != 0)
      continue;
    std::optional<size_t> input = indexOf(spec.inputs, output.name.substr(kNext.size()));
    if (!input)
      return fail("result '" + output.name + "' has no input that it could become");
    const TensorSpec &from = spec.inputs[*input];
    if (from.dtype != output.dtype || typeString(from) != typeString(output))
      return fail("result '" + output.name + "' is " + typeString(output) + " and input '" + from.name + "' is " +
                  typeString(from));
    if (!isFloat(from.dtype))
      return fail("state '" + from.name + "' is " + typeString(from) + ", and floats are wanted");
    stateInputs.push_back(*input);
    stateOutputs.push_back(i);
  }
  if (stateInputs.empty())
    return fail("it has no result whose name begins with '" + kNext + "'");
  if (!spec.outputs[0].shape.empty() || !isFloat(spec.outputs[0].dtype))
    return fail("its first result '" + spec.outputs[0].name + "' is " + typeString(spec.outputs[0]) +
                ", and the loss, a scalar, is wanted");
  for (size_t input : stateInputs)
    for (const runtime::Extent &extent : spec.inputs[input].shape)
      if (extent.kind != runtime::Extent::Kind::Static)
        return fail("state '" + spec.inputs[input].name + "' is " + typeString(spec.inputs[input]) +
                    ", and its extents must be known");
  if (Error error = findInputs(options, data))
    return error;

  std::vector<std::vector<int64_t>> inputShapes, outputShapes;
  std::vector<int64_t> dims;
  size_t nextFixed = 0;
  for (const TensorSpec &input : spec.inputs) {
    std::vector<int64_t> shape;
    if (findState(input.name))
      for (const runtime::Extent &extent : input.shape)
        shape.push_back(extent.value);
    else
      shape = fixed[nextFixed++].shape;
    inputShapes.push_back(std::move(shape));
  }
  if (Error error = runtime::resolveShapes(spec, inputShapes, dims, outputShapes))
    return error;
  for (std::vector<Tensor> &side : state)
    for (size_t input : stateInputs)
      if (Error error =
              makeTensor(spec.inputs[input].name, spec.inputs[input].dtype, inputShapes[input], side.emplace_back()))
        return error;
  for (size_t i = 0; i < spec.outputs.size(); ++i)
    if (spec.outputs[i].name.compare(0, kNext.size(), kNext) != 0)
      if (Error error = makeTensor(spec.outputs[i].name, spec.outputs[i].dtype, outputShapes[i], others.emplace_back()))
        return error;

  for (int side : {0, 1}) {
    std::vector<runtime::TensorRef> inputs, outputs;
    size_t f = 0, o = 0;
    for (const TensorSpec &input : spec.inputs) {
      std::optional<size_t> k = findState(input.name);
      inputs.push_back(k ? state[side][*k].ref() : fixed[f++].ref());
    }
    for (const TensorSpec &output : spec.outputs) {
      bool isNext = output.name.compare(0, kNext.size(), kNext) == 0;
      outputs.push_back(isNext ? state[1 - side][*findState(output.name.substr(kNext.size()))].ref()
                               : others[o++].ref());
    }
    if (Error error = model.bind(spec, inputs, outputs, calls[side]))
      return error;
  }
  return readInitial(options);
}

Error TrainStep::reset(uint64_t value) {
  seedValue = value;
  count = 0;
  now = 0;
  Random random(value);
  for (size_t k = 0; k < state[0].size(); ++k) {
    Tensor &tensor = state[0][k];
    size_t rank = tensor.shape.size();
    Initial::Kind kind = initial[k].kind;
    if (kind == Initial::Kind::Default)
      kind = rank >= 2 && !isKept(tensor.name) ? Initial::Kind::Glorot : Initial::Kind::Zeros;
    // Glorot and Bengio, AISTATS 2010; further extents count matrices.
    double limit = kind == Initial::Kind::Glorot
                       ? std::sqrt(6.0 / static_cast<double>(tensor.shape[rank - 2] + tensor.shape[rank - 1]))
                       : 0;
    for (int64_t i = 0; i < tensor.size; ++i)
      tensor.set(i, kind == Initial::Kind::File     ? initial[k].value.get(i)
                    : kind == Initial::Kind::Glorot ? limit * (2 * random.uniform() - 1)
                                                    : 0);
  }
  return std::nullopt;
}

Error TrainStep::run(runtime::Context &context, double &seconds) {
  ++count;
  // Neighbouring seeds and steps give unlike masks.
  int64_t mixed = static_cast<int64_t>(Random(Random(seedValue).next() + static_cast<uint64_t>(count)).next() >> 1);
  if (step)
    std::memcpy(fixed[*step].data.get(), &count, sizeof(count));
  if (seed)
    std::memcpy(fixed[*seed].data.get(), &mixed, sizeof(mixed));
  auto start = std::chrono::steady_clock::now();
  if (Error error = calls[now].run(context))
    return error;
  seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  now = 1 - now;
  return std::nullopt;
}

Error TrainStep::bindReader(const runtime::Model &model, const FunctionSpec &reader, std::vector<Tensor> &outputs,
                            runtime::Call (&readers)[2]) const {
  std::vector<std::vector<int64_t>> shapes, outputShapes;
  std::vector<int64_t> dims;
  for (int side : {0, 1}) {
    std::vector<runtime::TensorRef> inputs, results;
    for (const TensorSpec &input : reader.inputs) {
      const Tensor *found = nullptr;
      if (std::optional<size_t> k = findState(input.name))
        found = &state[side][*k];
      for (const Tensor &tensor : fixed)
        if (tensor.name == input.name)
          found = &tensor;
      if (!found)
        return "input '" + input.name + "' of function '" + reader.name + "' is no input of function '" +
               function->name + "'";
      inputs.push_back(found->ref());
    }
    if (side == 0) {
      for (const runtime::TensorRef &input : inputs)
        shapes.push_back(input.shape);
      if (Error error = runtime::resolveShapes(reader, shapes, dims, outputShapes))
        return error;
      for (size_t i = 0; i < outputShapes.size(); ++i)
        if (Error error =
                makeTensor(reader.outputs[i].name, reader.outputs[i].dtype, outputShapes[i], outputs.emplace_back()))
          return error;
    }
    for (const Tensor &output : outputs)
      results.push_back(output.ref());
    if (Error error = model.bind(reader, inputs, results, readers[side]))
      return error;
  }
  return std::nullopt;
}
