//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows of dense matrices as vectors: blocks that registers hold, tails by masks or narrower vectors.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_GRAPHKERNELS_ROWBLOCKS_H
#define SPNN_LIB_LOWERING_GRAPHKERNELS_ROWBLOCKS_H

#include "../Kernels/KernelEmitter.h"

#include <optional>

namespace spnn {

/// A vector in a row of a matrix.
struct RowPiece {
  int64_t offset;   ///< of its first element in the block
  int64_t elements; ///< of the vector
  int64_t active;   ///< of them in the row, where that is known
  mlir::Value mask; ///< null if all are
};

/// A run of columns whose vectors registers hold.
struct RowBlock {
  mlir::Value offset;                 ///< its first column
  std::optional<int64_t> knownOffset; ///< the same where it is no loop's
  llvm::SmallVector<RowPiece> pieces;
};

/// Elements of `memref`'s type in a vector of `vectorBytes`.
int64_t getVectorElements(mlir::Value memref, int64_t vectorBytes);

/// Cuts rows of `columns` elements (dynamic: `count`, an index) into blocks of up to `maxPieces` vectors of `elements`
/// elements and emits `body` for each: once where a loop does not make it several. With `unroll` the blocks of a known
/// number of columns are never a loop. Tails are masked if vectors have 64 bytes, where masks are free, and else cut
/// into halves.
void emitRowBlocks(mlir::OpBuilder &builder, mlir::Location loc, int64_t columns, mlir::Value count, int64_t elements,
                   int64_t maxPieces, bool unroll, bool useMasks,
                   llvm::function_ref<void(mlir::OpBuilder &, const RowBlock &)> body);

/// Loads or stores a piece of row `row` of a matrix; lanes behind the row are 0.
mlir::Value loadPiece(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value matrix, mlir::Value row,
                      const RowBlock &block, const RowPiece &piece);
void storePiece(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value vector, mlir::Value matrix, mlir::Value row,
                const RowBlock &block, const RowPiece &piece);
/// The same of a vector with an element for each column.
mlir::Value loadPiece(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value vector, const RowBlock &block,
                      const RowPiece &piece);

} // namespace spnn

#endif // SPNN_LIB_LOWERING_GRAPHKERNELS_ROWBLOCKS_H
