//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The two jobs of sparse-import beside ONNX: models of graph neural networks, and generated graph files.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TOOLS_SPARSEIMPORT_GNNCOMMANDS_H
#define SPNN_TOOLS_SPARSEIMPORT_GNNCOMMANDS_H

#include "spnn/Import/Gnn.h"

#include "llvm/Support/CommandLine.h"

namespace spnn::importtool {

extern llvm::cl::OptionCategory gnnCategory;

/// --gnn was given.
bool wantsModel();
/// It asks for the list of layer types.
bool listsLayers();
/// --gnn-graph was given.
bool wantsGraph();

/// The model of --gnn and its options. `warn` hears sentences for the user.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> makeModel(mlir::MLIRContext &context,
                                                            std::function<void(const std::string &)> warn);
/// Writes the graph of --gnn-graph to `output`, an .npz.
llvm::Error writeGeneratedGraph(llvm::StringRef output);

} // namespace spnn::importtool

#endif // SPNN_TOOLS_SPARSEIMPORT_GNNCOMMANDS_H
