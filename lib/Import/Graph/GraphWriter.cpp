//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The writer of graph files.
//
//===----------------------------------------------------------------------===//
#include "spnn/Import/GraphFile.h"

#include <cstring>

using namespace spnn;
using namespace spnn::graph;

template <typename T>
static numpy::NamedArray makeArray(const char *name, numpy::DType dtype, const std::vector<T> &elements,
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

Error spnn::graph::writeGraph(const std::string &path, const GraphData &graph) {
  using numpy::DType;
  std::vector<numpy::NamedArray> arrays;
  arrays.push_back(makeArray("adj_indptr", DType::I32, graph.adjacency.positions));
  arrays.push_back(makeArray("adj_indices", DType::I32, graph.adjacency.indices));
  const SparseRows &x = graph.features;
  if (x.columns > 0) {
    arrays.push_back(makeArray("x_shape", DType::I64, std::vector<int64_t>{x.rows, x.columns}));
    arrays.push_back(makeArray("x_indptr", DType::I32, x.positions));
    arrays.push_back(makeArray("x_indices", DType::I32, x.indices));
    arrays.push_back(
        makeArray("x_values", DType::F32, x.values.empty() ? std::vector<float>(x.indices.size(), 1) : x.values));
  }
  if (!graph.labels.empty())
    arrays.push_back(makeArray("y", DType::I32, graph.labels));
  if (graph.splits.size() == 1) {
    arrays.push_back(makeArray("train", DType::I32, graph.splits[0].train));
    arrays.push_back(makeArray("val", DType::I32, graph.splits[0].validation));
    arrays.push_back(makeArray("test", DType::I32, graph.splits[0].test));
  } else if (!graph.splits.empty()) {
    auto addMasks = [&](const char *name, std::vector<int32_t> Split::*member) {
      std::vector<uint8_t> masks;
      for (const Split &split : graph.splits) {
        std::vector<uint8_t> mask = toMask(split.*member, graph.nodes());
        masks.insert(masks.end(), mask.begin(), mask.end());
      }
      arrays.push_back(makeArray(name, DType::Bool, masks, {static_cast<int64_t>(graph.splits.size()), graph.nodes()}));
    };
    addMasks("train_masks", &Split::train);
    addMasks("val_masks", &Split::validation);
    addMasks("test_masks", &Split::test);
  }
  return numpy::writeNpz(path, arrays, /*compress=*/true);
}
