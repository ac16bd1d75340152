//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The unrolled steps of kernels whose tiles of rows share columns by patterns: accumulators, columns, epilogue.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_KERNELS_PATTERNSTEPS_H
#define SPNN_LIB_LOWERING_KERNELS_PATTERNSTEPS_H

#include "KernelEmitter.h"

namespace spnn {

/// Vectors of a panel row so that the accumulators of `rows` rows, the activations of a column and a weight stay in the
/// register file of a target with such vectors: 32 registers of 64 bytes, 16 of fewer; without FMA (16 bytes) a product
/// takes one more.
int64_t choosePatternVectors(int64_t rows, int64_t vectorBytes);

/// Emits the work on one tile: some rows of the result in one panel.
class PatternTileEmitter {
public:
  /// `rows` are numbers of rows (index).
  PatternTileEmitter(KernelMatmulOp op, mlir::OpBuilder &builder, const PanelWork &work,
                     llvm::ArrayRef<mlir::Value> rows);

  /// Starts the sums: bias or zero if `isFirst` (i1, null for always), else what the result holds.
  void start(mlir::Value isFirst);

  /// Adds `count` (index) times one step: for each pattern, in turn, one column times the rows in the pattern. A column
  /// takes the next of `indices` and the next of `values` for each row. `index` and `value` say where those begin, and
  /// are moved on.
  void addSteps(llvm::ArrayRef<unsigned> patterns, mlir::Value count, mlir::Value indices, mlir::Value values,
                mlir::Value &index, mlir::Value &value);

  /// Stores the sums, after the activation if `isLast` (i1, null for always).
  void finish(mlir::Value isLast);

private:
  mlir::Value resultAt(mlir::OpBuilder &b, size_t row, int64_t v);

  KernelMatmulOp op;
  Epilogue epilogue;
  mlir::OpBuilder &builder;
  const PanelWork &work;
  llvm::SmallVector<mlir::Value> rows, outs; ///< numbers, and where they begin in the result
  llvm::SmallVector<mlir::Value> sums;       ///< row by row
  int64_t vector, stride;
  mlir::VectorType vectorType;
};

} // namespace spnn

#endif // SPNN_LIB_LOWERING_KERNELS_PATTERNSTEPS_H
