//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loops over the rows of a graph, in tasks of nearly equal work.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_GRAPHKERNELS_GRAPHEMITTER_H
#define SPNN_LIB_LOWERING_GRAPHKERNELS_GRAPHEMITTER_H

#include "../Kernels/KernelEmitter.h"

namespace spnn {

/// Emits loops over the rows of a graph whose edges `positions` (of i32) delimits, one task a run of rows of nearly
/// equal numbers of edges, in parallel if asked for; a row counts as `rowWeight` edges besides its own. `body` is
/// called once, for one row, with its first edge and the one behind its last. Where runs begin is found by binary
/// search when the model runs, so graphs may come at run time.
void emitGraphRows(
    mlir::OpBuilder &builder, mlir::Location loc, mlir::Value positions, bool parallel, int64_t rowWeight,
    llvm::function_ref<void(mlir::OpBuilder &, mlir::Value row, mlir::Value begin, mlir::Value end)> body);

/// The same without the loop over rows, for kernels that keep something for a whole run: `body` gets the first row of a
/// task and the one behind its last.
void emitGraphTasks(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value positions, bool parallel,
                    int64_t rowWeight,
                    llvm::function_ref<void(mlir::OpBuilder &, mlir::Value begin, mlir::Value end)> body);

/// Runs that a graph is cut into. Many, since a thread may be held up by others of the machine; each costs a binary
/// search.
inline constexpr int64_t kGraphTasks = 64;

/// The same with the number of the run, and with as many runs where nothing is parallel: what is summed by runs is the
/// same then.
void emitNumberedGraphTasks(
    mlir::OpBuilder &builder, mlir::Location loc, mlir::Value positions, bool parallel, int64_t rowWeight,
    llvm::function_ref<void(mlir::OpBuilder &, mlir::Value task, mlir::Value begin, mlir::Value end)> body);

} // namespace spnn

#endif // SPNN_LIB_LOWERING_GRAPHKERNELS_GRAPHEMITTER_H
