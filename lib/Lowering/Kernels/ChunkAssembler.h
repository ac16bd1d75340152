//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A sparse matrix as AVX-512 machine code: straight-line products whose pattern is in the instructions.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_KERNELS_CHUNKASSEMBLER_H
#define SPNN_LIB_LOWERING_KERNELS_CHUNKASSEMBLER_H

#include "spnn/Format/SparseFormat.h"

#include <string>

namespace spnn {

/// How a matrix is cut: rows into `groups`, columns into blocks of `kBlock`; a chunk is the part of one group in one
/// block of columns. Inside of a chunk up to `accumulators` rows are computed at a time.
struct ChunkPlan {
  int64_t accumulators = 28;
  int64_t kBlock = 1;
  int64_t groups = 1;
};

/// The zmm registers that accumulators may take; the others hold activations.
constexpr int64_t kMaxAccumulators = 28;

/// The code of all chunks, one function each, in the order (group, block of columns):
///
///   void chunk(const float *x, float *y, const float *values, const float *bias, int64_t relu)
///
/// in the System V calling convention. `x` points to the block's first row of a panel of the right-hand side, `y` to
/// the first row of the panel of the result; a row of a panel is 16 consecutive floats. The first block of columns
/// begins with bias[row], or with 0 where `bias` is null, the others go on from `y`; the caller passes `relu` with the
/// last one. The code is position-independent, reads no other memory and uses rdi, rdx and the vector registers only.
/// What it computes for one element is a chain of fused multiply-adds in the order of the columns.
struct AssembledMatrix {
  std::vector<uint8_t> code;         ///< functions begin at multiples of 64 bytes
  std::vector<int64_t> codeOffsets;  ///< of each chunk, and the end
  std::vector<uint8_t> values;       ///< the nonzeros in the order in which the code reads them
  std::vector<int64_t> valueOffsets; ///< likewise, in elements
};

/// Assembles `matrix`, of 32-bit floats.
AssembledMatrix assembleChunks(const format::DenseMatrix &matrix, const ChunkPlan &plan);

/// Bytes of code and values for a matrix of this shape and density, within some percent.
int64_t estimateChunkBytes(format::Shape shape, int64_t nonzeros, const ChunkPlan &plan);

} // namespace spnn

#endif // SPNN_LIB_LOWERING_KERNELS_CHUNKASSEMBLER_H
