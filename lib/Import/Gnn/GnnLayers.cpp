//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The table of layer types.
//
//===----------------------------------------------------------------------===//
#include "GnnLayers.h"

#include "spnn/Import/Gnn.h"

#include "llvm/Support/FormatVariadic.h"

using namespace spnn;
using namespace spnn::gnn;

llvm::ArrayRef<LayerType> spnn::gnn::layerTypes() {
  static const LayerType types[] = {gcnLayer(), sageMeanLayer(), sageMaxLayer(), ginLayer(),
                                    gatLayer(), gatv2Layer(),    rgcnLayer()};
  return types;
}

void spnn::listGnnLayers(llvm::raw_ostream &os) {
  for (const LayerType &type : layerTypes())
    os << llvm::formatv("{0,-10} {1}\n", type.name, type.summary);
}
