//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The reader of graph files. What it accepts needs no further check.
//
//===----------------------------------------------------------------------===//
#include "spnn/Import/GraphFile.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

using namespace spnn;
using namespace spnn::graph;
using numpy::Array;

namespace {

std::string text(int64_t number) { return std::to_string(number); }

template <typename T> T load(const Array &array, int64_t index) {
  T value;
  std::memcpy(&value, array.bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

bool isInteger(numpy::DType dtype) {
  return dtype != numpy::DType::F16 && dtype != numpy::DType::F32 && dtype != numpy::DType::F64;
}

/// Element `index` of an array of integers; those of 64 bits without sign stop at the largest one with sign.
int64_t integer(const Array &array, int64_t index) {
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
  case numpy::DType::U64:
    return static_cast<int64_t>(std::min<uint64_t>(load<uint64_t>(array, index), INT64_MAX));
  default:
    return load<int64_t>(array, index);
  }
}

class Reader {
public:
  Reader(const std::vector<numpy::NamedArray> &arrays, const std::string &name, const GraphReadOptions &options)
      : arrays(arrays), name(name), options(options) {}
  Error read(GraphData &result);

private:
  const Array *find(const std::string &array) const;
  std::string fail(const std::string &sentence) const { return "'" + name + "': " + sentence; }
  void warn(const std::string &sentence) const {
    if (options.warn)
      options.warn(fail(sentence));
  }
  Error vectorOf(const std::string &array, const Array *&result) const;
  Error readRows(const std::string &prefix, int64_t rows, int64_t columns, SparseRows &result) const;
  Error readFeatures(int64_t nodes, SparseRows &result) const;
  Error readLabels(GraphData &graph) const;
  Error readIds(const std::string &array, const GraphData &graph, std::vector<int32_t> &result) const;
  Error readMasks(const std::string &array, GraphData &graph, std::vector<int32_t> Split::*member) const;
  Error readSplits(GraphData &graph) const;
  Error checkSplit(const GraphData &graph, size_t number) const;

  const std::vector<numpy::NamedArray> &arrays;
  const std::string &name;
  const GraphReadOptions &options;
};

const Array *Reader::find(const std::string &array) const {
  for (const numpy::NamedArray &candidate : arrays)
    if (candidate.name == array)
      return &candidate.array;
  return nullptr;
}

/// A vector of integers.
Error Reader::vectorOf(const std::string &array, const Array *&result) const {
  result = find(array);
  if (!result)
    return fail("array '" + array + "' is missing");
  if (result->shape.size() != 1 || !isInteger(result->dtype))
    return fail("array '" + array + "' has rank " + text(result->shape.size()) + " and type " +
                numpy::dtypeName(result->dtype) + ", and a vector of integers is wanted");
  return std::nullopt;
}

Error Reader::readRows(const std::string &prefix, int64_t rows, int64_t columns, SparseRows &result) const {
  const Array *positions = nullptr, *indices = nullptr;
  std::string p = prefix + "_indptr", q = prefix + "_indices";
  if (Error error = vectorOf(p, positions))
    return error;
  if (Error error = vectorOf(q, indices))
    return error;
  if (positions->size() != rows + 1)
    return fail(p + " has " + text(positions->size()) + " elements, and one more than the " + text(rows) +
                " rows is wanted");
  if (indices->size() > INT32_MAX)
    return fail(q + " has " + text(indices->size()) + " elements, and 2147483647 is the most");
  result = SparseRows();
  result.rows = rows;
  result.columns = columns;
  result.positions.resize(rows + 1);
  for (int64_t i = 0; i <= rows; ++i) {
    int64_t at = integer(*positions, i), least = i == 0 ? 0 : result.positions[i - 1];
    if (i == 0 && at != 0)
      return fail(p + "[0] is " + text(at) + ", and 0 is wanted");
    if (at < least || at > indices->size())
      return fail(p + "[" + text(i) + "] is " + text(at) + ", and " + text(least) + " to " + text(indices->size()) +
                  " is wanted: positions ascend up to the length of " + q);
    result.positions[i] = static_cast<int32_t>(at);
  }
  if (result.positions[rows] != indices->size())
    return fail(p + "[" + text(rows) + "] is " + text(result.positions[rows]) + ", and the length of " + q + ", " +
                text(indices->size()) + ", is wanted");
  result.indices.resize(indices->size());
  for (int64_t i = 0; i < rows; ++i)
    for (int32_t e = result.positions[i]; e < result.positions[i + 1]; ++e) {
      int64_t column = integer(*indices, e);
      std::string where = q + "[" + text(e) + "], in row " + text(i) + ", is " + text(column);
      if (column < 0 || column >= columns)
        return fail(where + ", and 0 to " + text(columns - 1) + " is wanted");
      if (e > result.positions[i] && column == result.indices[e - 1])
        return fail(where + " like its predecessor: an entry may not come twice");
      if (e > result.positions[i] && column < result.indices[e - 1])
        return fail(where + " behind " + text(result.indices[e - 1]) + ": the columns of a row must ascend");
      result.indices[e] = static_cast<int32_t>(column);
    }
  return std::nullopt;
}

Error Reader::readFeatures(int64_t nodes, SparseRows &result) const {
  if (!find("x_shape") && !find("x_indptr") && !find("x_indices") && !find("x_values")) {
    result.rows = nodes;
    result.positions.assign(nodes + 1, 0);
    return std::nullopt;
  }
  const Array *shape = nullptr;
  if (Error error = vectorOf("x_shape", shape))
    return error;
  if (shape->size() != 2)
    return fail("x_shape has " + text(shape->size()) + " elements, and 2 are wanted");
  int64_t rows = integer(*shape, 0), columns = integer(*shape, 1);
  if (rows != nodes)
    return fail("x_shape[0] is " + text(rows) + ", and the graph has " + text(nodes) + " nodes");
  if (columns < 0 || columns > INT32_MAX)
    return fail("x_shape[1] is " + text(columns) + ", and 0 to 2147483647 is wanted");
  if (Error error = readRows("x", rows, columns, result))
    return error;
  const Array *values = find("x_values");
  if (!values) // all 1
    return std::nullopt;
  bool isFloat = values->dtype == numpy::DType::F32, isDouble = values->dtype == numpy::DType::F64;
  if (values->shape.size() != 1 || (!isFloat && !isDouble))
    return fail("array 'x_values' has rank " + text(values->shape.size()) + " and type " +
                numpy::dtypeName(values->dtype) + ", and a vector of float32 or float64 is wanted");
  if (values->size() != result.entries())
    return fail("x_values has " + text(values->size()) + " elements, and x_indices has " + text(result.entries()));
  result.values.resize(values->size());
  int64_t bad = 0, first = -1;
  for (int64_t e = 0; e < values->size(); ++e) {
    result.values[e] = isFloat ? load<float>(*values, e) : static_cast<float>(load<double>(*values, e));
    if (!std::isfinite(result.values[e])) {
      ++bad;
      first = first < 0 ? e : first;
    }
  }
  if (bad > 0) {
    auto row = std::upper_bound(result.positions.begin(), result.positions.end(), static_cast<int32_t>(first));
    warn("x_values holds " + text(bad) + " value" + (bad == 1 ? "" : "s") + " that " + (bad == 1 ? "is" : "are") +
         " NaN or infinite, the first at [" + text(first) + "], of node " + text(row - result.positions.begin() - 1));
  }
  return std::nullopt;
}

Error Reader::readLabels(GraphData &graph) const {
  if (!find("y"))
    return std::nullopt;
  const Array *labels = nullptr;
  if (Error error = vectorOf("y", labels))
    return error;
  if (labels->size() != graph.nodes())
    return fail("y has " + text(labels->size()) + " elements, and the graph has " + text(graph.nodes()) + " nodes");
  // More classes than nodes are no classes: such a number would make the last layer as large as it says.
  for (int64_t i = 0; i < labels->size(); ++i) {
    int64_t label = integer(*labels, i);
    if (label < -1 || label >= std::max<int64_t>(graph.nodes(), 2))
      return fail("y[" + text(i) + "] is " + text(label) + ", and a class, 0 to " +
                  text(std::max<int64_t>(graph.nodes(), 2) - 1) + ", or -1 for none is wanted");
    graph.labels.push_back(static_cast<int32_t>(label));
    graph.classes = std::max(graph.classes, label + 1);
  }
  return std::nullopt;
}

Error Reader::readIds(const std::string &array, const GraphData &graph, std::vector<int32_t> &result) const {
  if (!find(array))
    return std::nullopt;
  const Array *ids = nullptr;
  if (Error error = vectorOf(array, ids))
    return error;
  for (int64_t i = 0; i < ids->size(); ++i) {
    int64_t id = integer(*ids, i);
    if (id < 0 || id >= graph.nodes())
      return fail(array + "[" + text(i) + "] is " + text(id) + ", and 0 to " + text(graph.nodes() - 1) + " is wanted");
    result.push_back(static_cast<int32_t>(id));
  }
  std::sort(result.begin(), result.end());
  auto twice = std::adjacent_find(result.begin(), result.end());
  if (twice != result.end())
    return fail(array + " has node " + text(*twice) + " twice");
  return std::nullopt;
}

Error Reader::readMasks(const std::string &array, GraphData &graph, std::vector<int32_t> Split::*member) const {
  const Array *masks = find(array);
  if (!masks)
    return std::nullopt;
  size_t rank = masks->shape.size();
  if (rank < 1 || rank > 2 || !isInteger(masks->dtype) || masks->shape[rank - 1] != graph.nodes())
    return fail("array '" + array + "' is no array of integers with rows of " + text(graph.nodes()) +
                " elements, one for each node");
  int64_t count = rank == 2 ? masks->shape[0] : 1;
  // Without nodes a mask has no bytes, so its number of rows proves nothing.
  if (graph.nodes() == 0)
    count = std::min<int64_t>(count, 1);
  if (!graph.splits.empty() && static_cast<int64_t>(graph.splits.size()) != count)
    return fail("array '" + array + "' has " + text(count) + " masks, and the one before has " +
                text(graph.splits.size()));
  graph.splits.resize(count);
  for (int64_t k = 0; k < count; ++k)
    for (int64_t i = 0; i < graph.nodes(); ++i) {
      int64_t bit = integer(*masks, k * graph.nodes() + i);
      if (bit != 0 && bit != 1)
        return fail(array + "[" + text(k) + ", " + text(i) + "] is " + text(bit) + ", and 0 or 1 is wanted");
      if (bit)
        (graph.splits[k].*member).push_back(static_cast<int32_t>(i));
    }
  return std::nullopt;
}

/// The sets are disjoint, and what is in one has a class.
Error Reader::checkSplit(const GraphData &graph, size_t number) const {
  static const char *const names[] = {"train", "val", "test"};
  const Split &split = graph.splits[number];
  const std::vector<int32_t> *sets[] = {&split.train, &split.validation, &split.test};
  std::string which = graph.splits.size() == 1 ? "" : " of split " + text(number);
  std::vector<int8_t> owner(graph.nodes(), -1);
  for (int8_t k = 0; k < 3; ++k)
    for (int32_t node : *sets[k]) {
      if (owner[node] >= 0)
        return fail("node " + text(node) + " is both in " + names[owner[node]] + " and in " + names[k] + which);
      owner[node] = k;
      if (!graph.labels.empty() && graph.labels[node] < 0)
        return fail("node " + text(node) + " is in " + names[k] + which + " and has no class: y[" + text(node) +
                    "] is -1");
    }
  return std::nullopt;
}

Error Reader::readSplits(GraphData &graph) const {
  bool ids = find("train") || find("val") || find("test");
  bool masks = find("train_masks") || find("val_masks") || find("test_masks");
  if (ids && masks)
    return fail("splits are given both as node numbers (train, val, test) and as masks");
  if (ids) {
    Split &split = graph.splits.emplace_back();
    if (Error error = readIds("train", graph, split.train))
      return error;
    if (Error error = readIds("val", graph, split.validation))
      return error;
    if (Error error = readIds("test", graph, split.test))
      return error;
  }
  if (masks) {
    if (Error error = readMasks("train_masks", graph, &Split::train))
      return error;
    if (Error error = readMasks("val_masks", graph, &Split::validation))
      return error;
    if (Error error = readMasks("test_masks", graph, &Split::test))
      return error;
  }
  for (size_t number = 0; number < graph.splits.size(); ++number)
    if (Error error = checkSplit(graph, number))
      return error;
  return std::nullopt;
}

Error Reader::read(GraphData &result) {
  GraphData graph;
  const Array *positions = nullptr;
  if (Error error = vectorOf("adj_indptr", positions))
    return error;
  int64_t nodes = positions->size() - 1;
  if (nodes < 0)
    return fail("adj_indptr is empty, and one element more than there are nodes is wanted");
  if (nodes >= INT32_MAX)
    return fail("the graph has " + text(nodes) + " nodes, and 2147483646 is the most");
  if (Error error = readRows("adj", nodes, nodes, graph.adjacency))
    return error;
  if (Error error = readFeatures(nodes, graph.features))
    return error;
  if (Error error = readLabels(graph))
    return error;
  if (Error error = readSplits(graph))
    return error;
  if (auto edge = findOneWayEdge(graph.adjacency)) {
    std::string sentence = "adj is not symmetric: node " + text(edge->first) + " hears from node " +
                           text(edge->second) + ", and not the other way round; ";
    if (options.symmetrize) {
      graph.adjacency = symmetrize(graph.adjacency);
      warn(sentence + "reverse edges are added");
    } else {
      warn(sentence + "it is used as it is");
    }
  }
  result = std::move(graph);
  return std::nullopt;
}

} // namespace

Error spnn::graph::readGraph(const std::vector<numpy::NamedArray> &arrays, const std::string &name,
                             const GraphReadOptions &options, GraphData &result) try {
  return Reader(arrays, name, options).read(result);
} catch (const std::bad_alloc &) {
  return "memory is too short to read '" + name + "'";
}

Error spnn::graph::readGraph(const std::string &path, const GraphReadOptions &options, GraphData &result) {
  std::vector<numpy::NamedArray> arrays;
  if (Error error = numpy::readNpz(path, arrays))
    return error;
  return readGraph(arrays, path, options, result);
}
