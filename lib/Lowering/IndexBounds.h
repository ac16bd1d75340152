//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What can be proved of an index when a model is compiled.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_INDEXBOUNDS_H
#define SPNN_LIB_LOWERING_INDEXBOUNDS_H

#include "mlir/IR/Value.h"
#include "mlir/Interfaces/InferIntRangeInterface.h"
#include "llvm/ADT/DenseMap.h"

namespace spnn {

/// Remembers what it found: no value may be erased while it lives, nor get operands that are out of the old ones'
/// range.
class IndexBounds {
public:
  /// True if 0 <= index < extent of dimension `dim` of `memory` (a ranked tensor or memref) whatever the data is.
  bool isInRange(mlir::Value index, mlir::Value memory, int64_t dim);
  /// False if an index is computed from constants, extents and counters of loops alone.
  bool dependsOnData(mlir::Value index);
  /// The same for the extent of a tensor's dimension. Extents of arguments are not data.
  bool extentDependsOnData(mlir::Value tensor, int64_t dim);
  /// All that an integer or index may be, wrap-around included.
  mlir::ConstantIntRanges getRange(mlir::Value value);

private:
  mlir::ConstantIntRanges computeRange(mlir::Value value);
  bool computeExtent(mlir::Value tensor, int64_t dim);

  llvm::DenseMap<mlir::Value, mlir::ConstantIntRanges> ranges;
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, bool> extents;
  unsigned depth = 0;
};

} // namespace spnn

#endif // SPNN_LIB_LOWERING_INDEXBOUNDS_H
