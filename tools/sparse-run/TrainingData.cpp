//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Arrays, classes and sets of nodes for a training.
//
//===----------------------------------------------------------------------===//
#include "TrainingData.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

using namespace spnn;
using namespace spnn::run;
using runtime::DType;

namespace {

template <typename T> T load(const numpy::Array &array, int64_t index) {
  T value;
  std::memcpy(&value, array.bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

bool isFloatArray(numpy::DType dtype) {
  return dtype == numpy::DType::F16 || dtype == numpy::DType::F32 || dtype == numpy::DType::F64;
}

int64_t integerAt(const numpy::Array &array, int64_t index) {
  switch (array.dtype) {
  case numpy::DType::Bool:
  case numpy::DType::U8:
    return load<uint8_t>(array, index);
  case numpy::DType::I8:
    return load<int8_t>(array, index);
  case numpy::DType::I16:
    return load<int16_t>(array, index);
  case numpy::DType::U16:
    return load<uint16_t>(array, index);
  case numpy::DType::I32:
    return load<int32_t>(array, index);
  case numpy::DType::U32:
    return load<uint32_t>(array, index);
  default:
    return load<int64_t>(array, index);
  }
}

template <typename T>
numpy::NamedArray makeArray(const char *name, numpy::DType dtype, const std::vector<T> &elements,
                            std::vector<int64_t> shape = {}) {
  numpy::NamedArray result;
  result.name = name;
  result.array.dtype = dtype;
  result.array.shape = shape.empty() ? std::vector<int64_t>{static_cast<int64_t>(elements.size())} : std::move(shape);
  result.array.bytes.resize(elements.size() * sizeof(T));
  if (!elements.empty())
    std::memcpy(result.array.bytes.data(), elements.data(), result.array.bytes.size());
  return result;
}

} // namespace

Error spnn::run::convertArray(const numpy::Array &array, const std::string &file, const runtime::TensorSpec &spec,
                              Tensor &result) {
  bool isReal = isFloatArray(array.dtype);
  if (isReal != isFloat(spec.dtype) || array.dtype == numpy::DType::F16)
    return "input '" + spec.name + "' is " + typeString(spec) + " and '" + file + "' holds " + dtypeName(array.dtype);
  if (Error error = makeTensor(spec.name, spec.dtype, array.shape, result))
    return error;
  // Bits that an integer of the tensor has besides its sign.
  int bits = spec.dtype == DType::I1 ? 1 : 8 * static_cast<int>(runtime::dtypeBytes(spec.dtype)) - 1;
  for (int64_t i = 0; i < result.size; ++i) {
    if (isReal) {
      result.set(i, array.dtype == numpy::DType::F32 ? load<float>(array, i) : load<double>(array, i));
      continue;
    }
    int64_t value = integerAt(array, i);
    int64_t low = spec.dtype == DType::I1 ? 0 : -1;
    if (bits < 63 && (value >> bits < low || value >> bits > 0))
      return "element " + std::to_string(i) + " of '" + spec.name + "' in '" + file + "' is " + std::to_string(value) +
             ", which does not fit " + runtime::dtypeName(spec.dtype);
    std::memcpy(static_cast<uint8_t *>(result.data.get()) + i * runtime::dtypeBytes(spec.dtype), &value,
                runtime::dtypeBytes(spec.dtype)); // little-endian, as every target of the compiler
  }
  return std::nullopt;
}

const numpy::Array *TrainingData::find(const std::string &name) const {
  for (const numpy::NamedArray &candidate : arrays)
    if (candidate.name == name)
      return &candidate.array;
  return nullptr;
}

Error TrainingData::read(const std::string &path, int64_t number) {
  using numpy::DType;
  file = path;
  if (Error error = numpy::readNpz(path, arrays))
    return error;
  std::vector<numpy::NamedArray> derived;
  bool isGraph = find("adj_indptr");
  if (!isGraph) {
    // Classes and splits obey the same rules without edges.
    const numpy::Array *labels = find("y");
    if (!labels || labels->shape.size() != 1 || isFloatArray(labels->dtype))
      return std::nullopt;
    std::vector<numpy::NamedArray> parts;
    for (const char *name : {"y", "train", "val", "test", "train_masks", "val_masks", "test_masks"})
      if (const numpy::Array *array = find(name))
        parts.push_back({name, *array});
    parts.push_back(makeArray("adj_indptr", DType::I32, std::vector<int32_t>(labels->size() + 1, 0)));
    parts.push_back(makeArray("adj_indices", DType::I32, std::vector<int32_t>()));
    if (Error error = graph::readGraph(parts, path, {}, graph))
      return error;
  } else {
    graph::GraphReadOptions options;
    options.warn = [&](const std::string &sentence) { said.push_back(sentence); };
    if (Error error = graph::readGraph(arrays, path, options, graph))
      return error;
  }
  int64_t count = graph.splits.size();
  if (number >= std::max<int64_t>(count, 1))
    return "'" + path + "' has " + std::to_string(count) + " splits, and --split is " + std::to_string(number);
  if (count > 0) {
    split = graph.splits[number];
    derived.push_back(makeArray("train_mask", DType::Bool, graph::toMask(split.train, graph.nodes())));
    derived.push_back(makeArray("val_mask", DType::Bool, graph::toMask(split.validation, graph.nodes())));
    derived.push_back(makeArray("test_mask", DType::Bool, graph::toMask(split.test, graph.nodes())));
  }
  if (isGraph) {
    graph::SparseRows loops = graph::addSelfLoops(graph.adjacency);
    derived.push_back(makeArray("adj_self_indptr", DType::I32, loops.positions));
    derived.push_back(makeArray("adj_self_indices", DType::I32, loops.indices));
    graph::SparseRows &x = graph.features;
    if (x.columns > 0) {
      if (std::none_of(x.values.begin(), x.values.end(), [](float value) { return value < 0; }))
        graph::normalizeRows(x);
      derived.push_back(makeArray("x_values", DType::F32, x.values));
    }
  }
  // What is derived goes before what the file has, and its shape is that of the file's.
  derived.insert(derived.end(), std::make_move_iterator(arrays.begin()), std::make_move_iterator(arrays.end()));
  arrays = std::move(derived);
  return std::nullopt;
}

Error TrainingData::makeInput(const runtime::TensorSpec &spec, std::optional<Tensor> &result) const {
  const numpy::Array *array = find(spec.name);
  numpy::NamedArray dense;
  // A dense matrix of a large file is made only for who wants it.
  if (!array && spec.name == "x" && graph.features.columns > 0) {
    dense = makeArray("x", numpy::DType::F32, graph::toDense(graph.features),
                      {graph.features.rows, graph.features.columns});
    array = &dense.array;
  }
  if (!array)
    return std::nullopt;
  return convertArray(*array, file, spec, result.emplace());
}

Metrics spnn::run::measure(const Tensor &logits, const std::vector<int32_t> &labels, const std::vector<int32_t> &rows) {
  Metrics metrics;
  int64_t classes = logits.shape[1];
  for (int32_t row : rows) {
    int64_t best = 0, offset = row * classes;
    double most = logits.get(offset);
    for (int64_t c = 1; c < classes; ++c)
      if (logits.get(offset + c) > most) {
        most = logits.get(offset + c);
        best = c;
      }
    double sum = 0;
    for (int64_t c = 0; c < classes; ++c)
      sum += std::exp(logits.get(offset + c) - most);
    metrics.loss += std::log(sum) + most - logits.get(offset + labels[row]);
    metrics.accuracy += best == labels[row];
  }
  if (!rows.empty()) {
    metrics.loss /= static_cast<double>(rows.size());
    metrics.accuracy /= static_cast<double>(rows.size());
  }
  return metrics;
}
