//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What --data gives a training: inputs of functions by name, classes, and the sets of nodes that are measured.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TOOLS_SPARSERUN_TRAININGDATA_H
#define SPNN_TOOLS_SPARSERUN_TRAININGDATA_H

#include "Tensors.h"
#include "spnn/Import/GraphFile.h"

namespace spnn::run {

/// The mean cross-entropy and the share of right answers over a set of rows.
struct Metrics {
  double loss = 0, accuracy = 0;
};

class TrainingData {
public:
  /// Reads an .npz. One with adj_indptr is a graph file and also has what follows from it: train_mask, val_mask and
  /// test_mask (bool), adj_self_indptr and adj_self_indices (with an edge from each node to itself), x (dense), and x
  /// and x_values with rows of sum 1, as sparse-import makes features. `split` is the number of its split.
  [[nodiscard]] Error read(const std::string &file, int64_t split);
  /// What the user should read though the file is good: features that are NaN, edges without a reverse.
  const std::vector<std::string> &warnings() const { return said; }

  /// The array for input `spec`; nothing in `result` if there is none of that name.
  [[nodiscard]] Error makeInput(const runtime::TensorSpec &spec, std::optional<Tensor> &result) const;

  /// Classes of all rows, empty if the file has none.
  const std::vector<int32_t> &labels() const { return graph.labels; }
  const graph::Split &sets() const { return split; }

private:
  const numpy::Array *find(const std::string &name) const;

  std::string file;
  std::vector<numpy::NamedArray> arrays; ///< derived ones first
  std::vector<std::string> said;
  graph::GraphData graph;
  graph::Split split;
};

/// `logits` is rows x classes; `rows` names some of its rows and `labels` the class of each row. 0 without rows.
Metrics measure(const Tensor &logits, const std::vector<int32_t> &labels, const std::vector<int32_t> &rows);

/// An array as a tensor of the type of `spec`: integers become integers that hold them, floats other floats.
[[nodiscard]] Error convertArray(const numpy::Array &array, const std::string &file, const runtime::TensorSpec &spec,
                                 Tensor &result);

} // namespace spnn::run

#endif // SPNN_TOOLS_SPARSERUN_TRAININGDATA_H
