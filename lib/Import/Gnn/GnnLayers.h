//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The types of layers, as the model sees them.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_IMPORT_GNN_GNNLAYERS_H
#define SPNN_LIB_IMPORT_GNN_GNNLAYERS_H

#include "GnnBuilder.h"

#include <optional>

namespace spnn::gnn {

/// One layer of a model.
struct LayerShape {
  int64_t inputs = 0;  ///< columns of its input
  int64_t outputs = 0; ///< of one head
  int64_t heads = 1;
  bool isLast = false;
  int64_t relations = 1, bases = 1;
  double attentionDropout = 0;

  /// Columns of its output: the last layer takes the mean of its heads.
  int64_t width() const { return isLast ? outputs : outputs * heads; }
};

struct Parameter {
  std::string name; ///< within its layer
  llvm::SmallVector<int64_t> shape;
};

/// Who hears from whom, with what the layer type asks for.
struct Neighbourhood {
  llvm::SmallVector<Value> graphs; ///< one, or one a relation
  Value scales;                    ///< D^-1/2 of the graph, if LayerType::isNormalized
};

/// A type of layer.
struct LayerType {
  llvm::StringLiteral name;
  llvm::StringLiteral summary;
  bool hasSelfLoops = false;     ///< nodes hear from themselves
  bool isNormalized = false;     ///< wants Neighbourhood::scales
  bool hasHeads = false;         ///< is attention
  bool hasRelations = false;     ///< takes several graphs
  bool needsDense = false;       ///< cannot take sparse features
  bool decaysEverywhere = false; ///< weight decay is on all layers, not on the first alone
  bool isElu = false;            ///< the activation of hidden layers; ReLU otherwise
  llvm::SmallVector<Parameter> (*parameters)(const LayerShape &) = nullptr;
  /// The layer without its activation.
  Value (*build)(GnnBuilder &, const LayerShape &, const Neighbourhood &, const Features &, mlir::ValueRange) = nullptr;
};

/// All of them.
llvm::ArrayRef<LayerType> layerTypes();

// Each in the file of its name; layerTypes lists them.
LayerType gcnLayer();
LayerType sageMeanLayer();
LayerType sageMaxLayer();
LayerType ginLayer();
LayerType gatLayer();
LayerType gatv2Layer();
LayerType rgcnLayer();

} // namespace spnn::gnn

#endif // SPNN_LIB_IMPORT_GNN_GNNLAYERS_H
