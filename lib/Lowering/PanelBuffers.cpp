//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tensors in the layout of packed panels, for the passes that make kernel ops.
//
//===----------------------------------------------------------------------===//
#include "PanelBuffers.h"

using namespace mlir;
using namespace spnn;

Value spnn::createEmptyPanels(OpBuilder &builder, Location loc, Value columns, int64_t rows, PanelsAttr panels,
                              Type element) {
  auto constant = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(builder, loc, value); };
  if (std::optional<int64_t> known = getConstantIntValue(columns)) {
    int64_t rounded = llvm::alignTo(*known, panels.getVector());
    return tensor::EmptyOp::create(builder, loc, ArrayRef<int64_t>{rounded * rows}, element);
  }
  Value vectors = arith::CeilDivSIOp::create(builder, loc, columns, constant(panels.getVector()));
  Value elements = arith::MulIOp::create(builder, loc, vectors, constant(panels.getVector() * rows));
  return tensor::EmptyOp::create(builder, loc, ArrayRef<OpFoldResult>{elements}, element);
}
