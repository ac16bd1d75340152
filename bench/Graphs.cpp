//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The graphs of the benchmarks: real ones from .npz files.
//
//===----------------------------------------------------------------------===//
#include "Graphs.h"

#include "spnn/Import/Numpy.h"

#include "llvm/ADT/StringExtras.h"

#include <algorithm>
#include <cstring>

using namespace spnn;
using namespace spnn::bench;

/// The integers of an array of 32 or 64 bits.
static runtime::Error readIntegers(const std::vector<numpy::NamedArray> &arrays, const std::string &name,
                                   std::vector<int64_t> &values) {
  for (const numpy::NamedArray &found : arrays) {
    if (found.name != name)
      continue;
    const numpy::Array &array = found.array;
    values.resize(array.size());
    for (size_t i = 0; i < values.size(); ++i)
      if (array.dtype == numpy::DType::I32) {
        int32_t value;
        std::memcpy(&value, &array.bytes[i * sizeof(value)], sizeof(value));
        values[i] = value;
      } else if (array.dtype == numpy::DType::I64) {
        std::memcpy(&values[i], &array.bytes[i * sizeof(int64_t)], sizeof(int64_t));
      } else {
        return "array " + name + " holds " + numpy::dtypeName(array.dtype) + ", expected int32 or int64";
      }
    return std::nullopt;
  }
  return "there is no array " + name;
}

runtime::Error spnn::bench::readGraph(const std::string &path, Adjacency &graph) {
  std::vector<numpy::NamedArray> arrays;
  if (auto error = numpy::readNpz(path, arrays))
    return *error;
  std::vector<int64_t> positions, indices;
  if (runtime::Error error = readIntegers(arrays, "adj_indptr", positions))
    return path + ": " + *error;
  if (runtime::Error error = readIntegers(arrays, "adj_indices", indices))
    return path + ": " + *error;
  int64_t nodes = static_cast<int64_t>(positions.size()) - 1, edges = static_cast<int64_t>(indices.size());
  bool isRight = nodes >= 0 && positions[0] == 0 && positions[nodes] == edges && nodes < INT32_MAX &&
                 edges + nodes < INT32_MAX && std::is_sorted(positions.begin(), positions.end()) &&
                 std::all_of(indices.begin(), indices.end(), [&](int64_t j) { return j >= 0 && j < nodes; });
  if (!isRight)
    return path + ": adj_indptr and adj_indices are no square matrix in compressed rows";
  graph = {nodes, nodes, {0}, {}};
  for (int64_t i = 0; i < nodes; ++i) {
    std::vector<int32_t> row(indices.begin() + positions[i], indices.begin() + positions[i + 1]);
    row.push_back(i);
    std::sort(row.begin(), row.end());
    row.erase(std::unique(row.begin(), row.end()), row.end());
    graph.indices.insert(graph.indices.end(), row.begin(), row.end());
    graph.positions.push_back(graph.indices.size());
  }
  return std::nullopt;
}

std::string spnn::bench::graphType(const Adjacency &graph) {
  return "tensor<" + std::to_string(graph.rows) + "x" + std::to_string(graph.columns) + "xi1, #spnn.adjacency>";
}

std::string spnn::bench::makeGraphConstant(const std::string &name, const Adjacency &graph) {
  auto buffer = [](const std::vector<int32_t> &values) {
    std::string type = "tensor<" + std::to_string(values.size()) + "xi32>";
    llvm::StringRef bytes(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(int32_t));
    return (values.empty() ? "dense<>" : "dense<\"0x" + llvm::toHex(bytes) + "\">") + " : " + type;
  };
  return "  " + name + " = spnn.constant {positions = " + buffer(graph.positions) +
         ", indices = " + buffer(graph.indices) + "} : " + graphType(graph) + "\n";
}
