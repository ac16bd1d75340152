//===- Tensors.cpp - Tensors of a run -------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elements as doubles, random inputs, and tensors from and to NumPy's files.
//
//===----------------------------------------------------------------------===//
#include "Tensors.h"

#include "spnn/Import/Random.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <unistd.h>

using namespace spnn::run;
using spnn::runtime::DType;
using spnn::runtime::dtypeBytes;
using spnn::runtime::Extent;
using spnn::runtime::FunctionSpec;
using spnn::runtime::TensorSpec;
using spnn::runtime::typeString;

namespace {

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

template <typename T> T load(const void *data, int64_t index) {
  T value;
  std::memcpy(&value, static_cast<const T *>(data) + index, sizeof(T));
  return value;
}

template <typename T> void store(void *data, int64_t index, T value) {
  std::memcpy(static_cast<T *>(data) + index, &value, sizeof(T));
}

/// IEEE binary16 to double, which holds each exactly.
double fromHalf(uint16_t bits) {
  int exponent = bits >> 10 & 31;
  double fraction = bits & 1023;
  double magnitude =
      exponent == 31
          ? (fraction == 0 ? std::numeric_limits<double>::infinity()
                           : std::numeric_limits<double>::quiet_NaN())
      : exponent == 0 ? std::ldexp(fraction, -24)
                      : std::ldexp(1024 + fraction, exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

/// Double to IEEE binary16, halves to even.
uint16_t toHalf(double value) {
  uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  double magnitude = std::fabs(value);
  if (std::isnan(value))
    return sign | 0x7e00;
  if (magnitude == 0)
    return sign;
  if (magnitude >= 65520) // halfway between the largest and infinity
    return sign | 0x7c00;
  int exponent = 0;
  std::frexp(magnitude, &exponent);
  // The spacing of halves around the value; the carry of a rounding up moves
  // into the exponent by itself.
  int spacing = std::max(exponent - 11, -24);
  auto steps =
      static_cast<uint16_t>(std::nearbyint(std::ldexp(magnitude, -spacing)));
  return sign | (static_cast<uint16_t>((spacing + 24) << 10) + steps);
}

uint16_t toBFloat(double value) {
  auto single = static_cast<float>(value);
  uint32_t bits;
  std::memcpy(&bits, &single, sizeof(bits));
  if (std::isnan(single))
    return bits >> 16 | 0x40;
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

double fromBFloat(uint16_t value) {
  uint32_t bits = static_cast<uint32_t>(value) << 16;
  float single;
  std::memcpy(&single, &bits, sizeof(single));
  return single;
}

//===----------------------------------------------------------------------===//
// Random numbers
//===----------------------------------------------------------------------===//

/// The extents of random inputs: static ones, and dynamic ones from --dim and
/// --batch.
Error resolveRandomShapes(const Options &options, const FunctionSpec &function,
                          std::vector<std::vector<int64_t>> &shapes) {
  std::vector<bool> used(options.dims.size(), false);
  bool batchUsed = false;
  for (size_t i = 0; i < function.inputs.size(); ++i) {
    const TensorSpec &spec = function.inputs[i];
    std::vector<int64_t> shape;
    for (size_t dim = 0; dim < spec.shape.size(); ++dim) {
      const Extent &extent = spec.shape[dim];
      if (extent.kind == Extent::Kind::Static) {
        shape.push_back(extent.value);
        continue;
      }
      std::string suffix = "." + std::to_string(dim);
      std::optional<int64_t> value;
      for (size_t d = 0; d < options.dims.size(); ++d) {
        const std::string &name = options.dims[d].first;
        if (name == spec.name + suffix || name == std::to_string(i) + suffix ||
            (!extent.name.empty() && name == extent.name)) {
          value = options.dims[d].second;
          used[d] = true;
        }
      }
      if (!value && dim == 0 && options.batch) {
        value = options.batch;
        batchUsed = true;
      }
      if (!value)
        return "input '" + spec.name + "' is " + typeString(spec) +
               ": say how large it shall be with --dim " + spec.name + suffix +
               "=N" + (dim == 0 ? " or --batch N" : "");
      shape.push_back(*value);
    }
    shapes.push_back(std::move(shape));
  }
  for (size_t d = 0; d < used.size(); ++d)
    if (!used[d])
      return "--dim " + options.dims[d].first + ": no input of function '" +
             function.name + "' has such a dynamic extent";
  if (options.batch && !batchUsed)
    return "--batch: no input of function '" + function.name +
           "' needs it for its extent 0";
  return std::nullopt;
}

Error makeRandomInputs(const Options &options, const FunctionSpec &function,
                       std::vector<Tensor> &result) {
  std::vector<std::vector<int64_t>> shapes, outputs;
  std::vector<int64_t> dims;
  if (Error error = resolveRandomShapes(options, function, shapes))
    return error;
  if (Error error = resolveShapes(function, shapes, dims, outputs))
    return error;
  spnn::Random random(options.seed);
  for (size_t i = 0; i < function.inputs.size(); ++i) {
    const TensorSpec &spec = function.inputs[i];
    Tensor tensor;
    if (Error error = makeTensor(spec.name, spec.dtype, shapes[i], tensor))
      return error;
    for (int64_t k = 0; k < tensor.size; ++k)
      tensor.set(k,
                 isFloat(spec.dtype)
                     ? random.normal()
                     : static_cast<double>(
                           random.next() %
                           static_cast<uint64_t>(spec.dtype == DType::I1
                                                     ? 2
                                                     : options.integersBelow)));
    result.push_back(std::move(tensor));
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// NumPy's files
//===----------------------------------------------------------------------===//

/// The element type of a tensor that takes an array's bytes as they are.
/// Integers of MLIR have no sign, so both of NumPy's fit.
DType fromNumpy(spnn::numpy::DType dtype) {
  switch (dtype) {
  case spnn::numpy::DType::Bool:
    return DType::I1;
  case spnn::numpy::DType::I8:
  case spnn::numpy::DType::U8:
    return DType::I8;
  case spnn::numpy::DType::I16:
  case spnn::numpy::DType::U16:
    return DType::I16;
  case spnn::numpy::DType::I32:
  case spnn::numpy::DType::U32:
    return DType::I32;
  case spnn::numpy::DType::I64:
  case spnn::numpy::DType::U64:
    return DType::I64;
  case spnn::numpy::DType::F16:
    return DType::F16;
  case spnn::numpy::DType::F32:
    return DType::F32;
  case spnn::numpy::DType::F64:
    return DType::F64;
  }
  return DType::F32;
}

spnn::numpy::DType toNumpy(DType dtype) {
  switch (dtype) {
  case DType::I1:
    return spnn::numpy::DType::Bool;
  case DType::I8:
    return spnn::numpy::DType::I8;
  case DType::I16:
    return spnn::numpy::DType::I16;
  case DType::I32:
    return spnn::numpy::DType::I32;
  case DType::I64:
    return spnn::numpy::DType::I64;
  case DType::F16:
    return spnn::numpy::DType::F16;
  case DType::F64:
    return spnn::numpy::DType::F64;
  case DType::F32:
  case DType::BF16: // NumPy has none; float32 holds each exactly
    return spnn::numpy::DType::F32;
  }
  return spnn::numpy::DType::F32;
}

Error convert(const spnn::numpy::Array &array, const std::string &file,
              const TensorSpec &spec, Tensor &result) {
  DType given = fromNumpy(array.dtype);
  bool widened = spec.dtype == DType::BF16 && given == DType::F32;
  if (given != spec.dtype && !widened)
    return "input '" + spec.name + "' is " + typeString(spec) + " and '" +
           file + "' holds " + dtypeName(array.dtype);
  if (Error error = makeTensor(spec.name, spec.dtype, array.shape, result))
    return error;
  if (widened) {
    for (int64_t i = 0; i < result.size; ++i)
      result.set(i, load<float>(array.bytes.data(), i));
  } else if (!array.bytes.empty()) {
    std::memcpy(result.data.get(), array.bytes.data(), array.bytes.size());
  }
  return std::nullopt;
}

/// Index of the tensor of that name; nullopt if there is none.
template <typename Named>
std::optional<size_t> indexOf(const std::vector<Named> &tensors,
                              const std::string &name) {
  for (size_t i = 0; i < tensors.size(); ++i)
    if (tensors[i].name == name)
      return i;
  return std::nullopt;
}

/// Splits NAME=FILE; the name is empty if it is only a file, which may hold
/// '=' itself.
template <typename Named>
std::pair<std::string, std::string>
splitName(const std::string &text, const std::vector<Named> &tensors) {
  size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    return {"", text};
  std::string name = text.substr(0, equals);
  if (!indexOf(tensors, name) && access(text.c_str(), F_OK) == 0)
    return {"", text};
  return {name, text.substr(equals + 1)};
}

/// The inputs under construction.
struct InputReader {
  const FunctionSpec &function;
  std::vector<std::optional<Tensor>> found;

  Error add(size_t index, const spnn::numpy::Array &array,
            const std::string &file) {
    const TensorSpec &spec = function.inputs[index];
    if (found[index])
      return "input '" + spec.name + "' was given twice";
    return convert(array, file, spec, found[index].emplace());
  }
  Error addArchive(const std::string &file);
};

Error InputReader::addArchive(const std::string &file) {
  std::vector<spnn::numpy::NamedArray> members;
  if (Error error = spnn::numpy::readNpz(file, members))
    return error;
  // numpy.savez(file, x, y) calls its arrays arr_0, arr_1, ...
  bool numbered = members.size() == function.inputs.size();
  for (size_t i = 0; i < members.size(); ++i)
    numbered &= members[i].name == "arr_" + std::to_string(i);
  for (size_t i = 0; i < members.size(); ++i) {
    std::optional<size_t> index = indexOf(function.inputs, members[i].name);
    if (!index && numbered)
      index = i;
    if (!index)
      return "'" + file + "' holds '" + members[i].name + "', and function '" +
             function.name + "' has no input of that name";
    if (Error error = add(*index, members[i].array, file))
      return error;
  }
  return std::nullopt;
}

Error readInputs(const Options &options, const FunctionSpec &function,
                 std::vector<Tensor> &result) {
  InputReader reader{function, {}};
  reader.found.resize(function.inputs.size());
  size_t position = 0;
  for (const std::string &text : options.inputs) {
    auto [name, file] = splitName(text, function.inputs);
    if (name.empty() && endsWith(file, ".npz")) {
      if (Error error = reader.addArchive(file))
        return error;
      continue;
    }
    std::optional<size_t> index =
        name.empty() ? position++ : indexOf(function.inputs, name);
    if (!index)
      return "function '" + function.name + "' has no input '" + name + "'";
    if (*index >= function.inputs.size())
      return "function '" + function.name + "' takes " +
             std::to_string(function.inputs.size()) + " inputs, and '" + file +
             "' is one more";
    spnn::numpy::Array array;
    if (Error error = spnn::numpy::readNpy(file, array))
      return error;
    if (Error error = reader.add(*index, array, file))
      return error;
  }
  for (size_t i = 0; i < reader.found.size(); ++i) {
    if (!reader.found[i])
      return "input '" + function.inputs[i].name + "' of function '" +
             function.name + "' was not given";
    result.push_back(std::move(*reader.found[i]));
  }
  return std::nullopt;
}

} // namespace

void Tensor::Free::operator()(void *p) const { std::free(p); }

double Tensor::get(int64_t index) const {
  switch (dtype) {
  case DType::F32:
    return load<float>(data.get(), index);
  case DType::F64:
    return load<double>(data.get(), index);
  case DType::F16:
    return fromHalf(load<uint16_t>(data.get(), index));
  case DType::BF16:
    return fromBFloat(load<uint16_t>(data.get(), index));
  case DType::I1:
    return load<uint8_t>(data.get(), index) != 0;
  case DType::I8:
    return load<int8_t>(data.get(), index);
  case DType::I16:
    return load<int16_t>(data.get(), index);
  case DType::I32:
    return load<int32_t>(data.get(), index);
  case DType::I64:
    return static_cast<double>(load<int64_t>(data.get(), index));
  }
  return 0;
}

void Tensor::set(int64_t index, double value) {
  switch (dtype) {
  case DType::F32:
    return store(data.get(), index, static_cast<float>(value));
  case DType::F64:
    return store(data.get(), index, value);
  case DType::F16:
    return store(data.get(), index, toHalf(value));
  case DType::BF16:
    return store(data.get(), index, toBFloat(value));
  case DType::I1:
    return store(data.get(), index, static_cast<uint8_t>(value != 0));
  default:
    break;
  }
  // Narrow integers wrap; the doubles that come here fit 64 bits.
  auto integer =
      static_cast<int64_t>(std::clamp(value, -0x1p63, 0x1.fffffffffffffp62));
  switch (dtypeBytes(dtype)) {
  case 1:
    return store(data.get(), index, static_cast<int8_t>(integer));
  case 2:
    return store(data.get(), index, static_cast<int16_t>(integer));
  case 4:
    return store(data.get(), index, static_cast<int32_t>(integer));
  default:
    return store(data.get(), index, integer);
  }
}

Error spnn::run::makeTensor(const std::string &name, DType dtype,
                            const std::vector<int64_t> &shape, Tensor &result) {
  std::optional<int64_t> size = spnn::runtime::elementCount(shape);
  void *data = nullptr;
  if (size) {
    uint64_t bytes = static_cast<uint64_t>(*size) * dtypeBytes(dtype);
    // A multiple of the alignment, and not none.
    bytes = (bytes / 64 + 1) * 64;
    data = std::aligned_alloc(64, bytes);
    if (data)
      std::memset(data, 0, bytes);
  }
  if (!data)
    return "memory is short: tensor '" + name + "' is " +
           typeString(dtype, shape);
  result.name = name;
  result.dtype = dtype;
  result.shape = shape;
  result.size = *size;
  result.data.reset(data);
  return std::nullopt;
}

Error spnn::run::makeInputs(const Options &options,
                            const FunctionSpec &function,
                            std::vector<Tensor> &result) {
  if (options.inputs.empty())
    return makeRandomInputs(options, function, result);
  return readInputs(options, function, result);
}

Error spnn::run::makeOutputs(const FunctionSpec &function,
                             const std::vector<Tensor> &inputs, bool inDouble,
                             std::vector<Tensor> &result) {
  std::vector<std::vector<int64_t>> inputShapes, shapes;
  std::vector<int64_t> dims;
  for (const Tensor &input : inputs)
    inputShapes.push_back(input.shape);
  if (Error error = resolveShapes(function, inputShapes, dims, shapes))
    return error;
  for (size_t i = 0; i < shapes.size(); ++i) {
    const TensorSpec &spec = function.outputs[i];
    DType dtype = inDouble && isFloat(spec.dtype) ? DType::F64 : spec.dtype;
    if (Error error =
            makeTensor(spec.name, dtype, shapes[i], result.emplace_back()))
      return error;
  }
  return std::nullopt;
}

Error spnn::run::checkOutputFiles(const Options &options,
                                  const FunctionSpec &function) {
  for (const std::string &text : options.outputs) {
    auto [name, file] = splitName(text, function.outputs);
    if (!name.empty() && !indexOf(function.outputs, name))
      return "function '" + function.name + "' has no output '" + name + "'";
    bool archive = endsWith(file, ".npz");
    if (archive && !name.empty())
      return "an .npz holds all outputs; write output '" + name + "' as .npy";
    if (!archive && name.empty() && function.outputs.size() != 1)
      return "function '" + function.name + "' has " +
             std::to_string(function.outputs.size()) +
             " outputs: write an .npz, or say NAME=" + file;
    size_t slash = file.rfind('/');
    std::string folder = slash == std::string::npos ? "."
                         : slash == 0               ? "/"
                                                    : file.substr(0, slash);
    if (access(folder.c_str(), W_OK) != 0)
      return "cannot write '" + file + "': " + std::strerror(errno);
  }
  return std::nullopt;
}

Error spnn::run::writeOutputs(const Options &options,
                              const std::vector<Tensor> &outputs) {
  for (const std::string &text : options.outputs) {
    auto [name, file] = splitName(text, outputs);
    if (endsWith(file, ".npz")) {
      std::vector<spnn::numpy::NamedArray> arrays;
      for (const Tensor &tensor : outputs)
        arrays.push_back({tensor.name, toArray(tensor)});
      if (Error error = spnn::numpy::writeNpz(file, arrays))
        return error;
      continue;
    }
    size_t index = name.empty() ? 0 : *indexOf(outputs, name);
    if (Error error = spnn::numpy::writeNpy(file, toArray(outputs[index])))
      return error;
  }
  return std::nullopt;
}

std::vector<spnn::runtime::TensorRef>
spnn::run::refs(const std::vector<Tensor> &tensors) {
  std::vector<spnn::runtime::TensorRef> result;
  for (const Tensor &tensor : tensors)
    result.push_back(tensor.ref());
  return result;
}

bool spnn::run::isFloat(DType dtype) {
  return dtype == DType::F32 || dtype == DType::F64 || dtype == DType::F16 ||
         dtype == DType::BF16;
}

spnn::numpy::Array spnn::run::toArray(const Tensor &tensor) {
  spnn::numpy::Array array;
  array.dtype = toNumpy(tensor.dtype);
  array.shape = tensor.shape;
  array.bytes.resize(tensor.size * spnn::numpy::dtypeBytes(array.dtype));
  if (tensor.dtype == DType::BF16) {
    for (int64_t i = 0; i < tensor.size; ++i)
      store(array.bytes.data(), i, static_cast<float>(tensor.get(i)));
  } else if (!array.bytes.empty()) {
    std::memcpy(array.bytes.data(), tensor.data.get(), array.bytes.size());
  }
  return array;
}
