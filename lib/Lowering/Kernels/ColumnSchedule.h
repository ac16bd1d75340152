//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How the body of a column-wise kernel is cut into loops over the rows.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_KERNELS_COLUMNSCHEDULE_H
#define SPNN_LIB_LOWERING_KERNELS_COLUMNSCHEDULE_H

#include "spnn/IR/SPNN.h"

namespace spnn {

/// True for elementwise math that takes longer than a round trip through L2: exp, tanh, erf, log, powers, angles.
bool isExpensiveColumnOp(mlir::Operation &op);

/// The loops of a `spnn.kernel_columns`, numbered from 0. Loop l runs over all rows and computes the reductions whose
/// value is at level l; a value behind such a reduction is at level l + 1. Values that are the same at all rows are
/// computed once, in front of the loop of their level.
class ColumnSchedule {
public:
  explicit ColumnSchedule(KernelColumnsOp op);

  /// A value that an earlier loop leaves in a panel init for later ones.
  struct Kept {
    mlir::Value value;
    unsigned init;
    int64_t loop; ///< that stores it
  };

  int64_t numLoops = 0;
  llvm::DenseMap<mlir::Value, int64_t> level;
  llvm::DenseSet<mlir::Value> varying;
  llvm::SmallVector<int64_t> storeLoop; ///< in which each panel init gets its result
  llvm::SmallVector<Kept> kept;

  /// The ops of the body, in order, that loop `loop` executes at each row.
  llvm::SmallVector<mlir::Operation *> findOps(int64_t loop) const;
  /// The row-varying values that loop `loop` needs, arguments included; `loaded` are those that it loads from a panel
  /// init, into which an earlier loop put them.
  llvm::DenseSet<mlir::Value> findNeeded(int64_t loop,
                                         llvm::SmallDenseMap<mlir::Value, unsigned> *loaded = nullptr) const;
  /// The reductions that loop `loop` computes.
  llvm::SmallVector<ReduceRowsOp> findReductions(int64_t loop) const;

private:
  llvm::SmallVector<mlir::Value> findSinks(int64_t loop) const;
  bool keepOne();

  // Accessors of ops are not const.
  mutable KernelColumnsOp op;
  mutable YieldColumnsOp yield;
};

} // namespace spnn

#endif // SPNN_LIB_LOWERING_KERNELS_COLUMNSCHEDULE_H
