//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Builds graph neural networks in graph-level IR: a layer type, widths, and a graph from a file or for run time.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_IMPORT_GNN_H
#define SPNN_IMPORT_GNN_H

#include "spnn/Import/GraphFile.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include "llvm/Support/Error.h"

#include <functional>
#include <string>

namespace spnn {

struct GnnOptions {
  enum class Features {
    Auto,   ///< sparse if a file has them and stores a quarter of their elements or fewer
    Dense,  ///< a dense matrix
    Sparse, ///< a graph with edge values
  };

  std::string layer; ///< a name that listGnnLayers prints
  /// Features, hidden widths, classes. The width of a hidden attention layer counts one head.
  std::vector<int64_t> widths;
  /// Of attention layers: one number a layer, or none for 1. Hidden layers put heads beside each other, the last one
  /// takes their mean.
  std::vector<int64_t> heads;
  double dropout = 0;          ///< on the input of each layer, when the loss is computed
  double attentionDropout = 0; ///< on attention coefficients
  double weightDecay = 0;      ///< spnn.weight_decay of the parameters that the layer type puts it on
  int64_t bases = 2;           ///< matrices that the relations of RGCN share
  Features features = Features::Auto;
  bool normalizeFeatures = true; ///< rows of constant features sum to 1, unless one is negative

  /// What is known becomes constants, the rest function arguments. Without a graph: `nodes`, and `edges` or -1.
  const graph::GraphData *graph = nullptr;
  std::vector<graph::SparseRows> relations; ///< of RGCN, besides the adjacency of `graph`
  int64_t split = 0;                        ///< of the graph's splits
  int64_t nodes = -1, edges = -1;
  int64_t runtimeRelations = 1; ///< of RGCN without a graph

  /// Called with each sentence that the user should read though the model is good.
  std::function<void(const std::string &)> warn;
};

/// A module with @predict (parameters, then what the graph does not know; to logits) and, unless a graph without
/// classes is given, @loss (the same, classes and mask if they are not known, a seed; to the mean cross-entropy over
/// the training nodes and the logits). The context needs the dialects of registerGnnDialects. The error is one
/// sentence.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> makeGnn(mlir::MLIRContext &context, const GnnOptions &options);

/// Registers the dialects of the modules that makeGnn builds.
void registerGnnDialects(mlir::DialectRegistry &registry);

/// Prints a line for each layer type.
void listGnnLayers(llvm::raw_ostream &os);

} // namespace spnn

#endif // SPNN_IMPORT_GNN_H
