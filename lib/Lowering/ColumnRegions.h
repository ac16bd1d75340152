//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds the ops around a product that compute every column of the activations by itself, and runs them slice by slice.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_COLUMNREGIONS_H
#define SPNN_LIB_LOWERING_COLUMNREGIONS_H

#include "spnn/IR/SPNN.h"

#include "llvm/ADT/MapVector.h"

#include <string>

namespace spnn {

/// Ops of one block each of whose results has the columns of the activations along one dimension and computes each of
/// them from the same column of its operands: products with constant weights, elementwise arithmetic, reductions over
/// the rows, transpositions, reshapes of other dimensions. All that are connected are in it.
struct ColumnRegion {
  mlir::Block *block = nullptr;
  int64_t columns = 0;                      ///< their number, 2 or more
  llvm::SmallVector<mlir::Operation *> ops; ///< in the order of the block
  llvm::SmallVector<MatmulOp> products;     ///< those of `ops` that are
  /// Which dimension the columns are, of each value with columns that an op reads or makes.
  llvm::MapVector<mlir::Value, int64_t> columnDims;
  llvm::SmallVector<mlir::Value> inputs;  ///< of `columnDims`, those that no op makes
  llvm::SmallVector<mlir::Value> outputs; ///< results that something else uses
};

/// True if weights of `op` are constant and not transposed, as kernels want them.
bool isInKernelForm(MatmulOp op);

/// The region of `product`, which is in kernel form and has a static number of columns. std::nullopt, with the reason
/// (lower case, no full stop), where it cannot be cut into slices.
std::optional<ColumnRegion> findColumnRegion(MatmulOp product, std::string &reason);

/// Slices of `size` columns that follow each other.
struct SliceRun {
  int64_t count = 0, size = 0;
};

/// Replaces the ops of `region` by as many copies as there are runs, each on slices of the inputs and into slices of
/// the outputs, in a loop where a run has more than one. `annotate` sees the products of each copy. The runs make up
/// all columns.
void sliceRegion(const ColumnRegion &region, llvm::ArrayRef<SliceRun> runs,
                 llvm::function_ref<void(MatmulOp)> annotate);

} // namespace spnn

#endif // SPNN_LIB_LOWERING_COLUMNREGIONS_H
