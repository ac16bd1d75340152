//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Any bytes are either refused or read as a graph that needs no further check.
//
//===----------------------------------------------------------------------===//
#include "spnn/Import/GraphFile.h"

#include <cstdlib>

/// Small inputs are the contents of the arrays, since a fuzzer rarely finds whole files: counts first, then elements.
static std::vector<spnn::numpy::NamedArray> slice(const uint8_t *data, size_t size) {
  std::vector<spnn::numpy::NamedArray> arrays;
  for (const char *name : {"adj_indptr", "adj_indices", "x_shape", "x_indptr", "x_indices", "x_values", "y", "train",
                           "val", "test", "train_masks", "val_masks"}) {
    if (size == 0)
      break;
    size_t count = *data++ % 32;
    count = std::min(count, --size);
    spnn::numpy::NamedArray &named = arrays.emplace_back();
    named.name = name;
    named.array.dtype = spnn::numpy::DType::I8;
    named.array.shape = {static_cast<int64_t>(count)};
    named.array.bytes.assign(data, data + count);
    data += count;
    size -= count;
    if (count == 31) // absent
      arrays.pop_back();
  }
  return arrays;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace spnn;
  graph::GraphReadOptions options;
  options.symmetrize = size % 2;
  graph::GraphData graph;
  if (graph::readGraph(slice(data, size), "fuzz.npz", options, graph))
    return 0;
  // What later code relies on; the sanitizers see the rest.
  graph::addSelfLoops(graph.adjacency);
  graph::toDense(graph.features);
  for (const graph::Split &split : graph.splits)
    for (const std::vector<int32_t> *set : {&split.train, &split.validation, &split.test})
      graph::toMask(*set, graph.nodes());
  if (options.symmetrize && graph::findOneWayEdge(graph.adjacency))
    abort();
  return 0;
}
