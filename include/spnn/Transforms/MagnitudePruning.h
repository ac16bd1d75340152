//===- MagnitudePruning.h - Which weights to keep ---------------*- C++ -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Magnitude pruning on plain arrays: the weights, blocks or N:M positions that
// are kept because they are the largest.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TRANSFORMS_MAGNITUDEPRUNING_H
#define SPNN_TRANSFORMS_MAGNITUDEPRUNING_H

#include "spnn/Format/FloatType.h"
#include "spnn/Format/NmgPatterns.h"
#include "spnn/Format/SparseFormat.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace spnn::pruning {

/// A matrix and the type of its elements. Does not own the matrix.
struct Weights {
  const format::DenseMatrix *matrix;
  format::FloatType type;
};

/// One byte per position, row-major: 1 where the weight is kept, else 0.
struct KeepMask {
  format::Shape shape;
  std::vector<uint8_t> keep;

  bool isKept(int64_t row, int64_t col) const {
    return keep[row * shape.cols + col] != 0;
  }
  int64_t countKept() const;
};

/// The norm by which blocks are compared.
enum class BlockNorm { L1, L2 };

/// What is kept or pruned as a whole: aligned blocks. Blocks cut by the edge of
/// the matrix count as blocks; their norm is over what is left of them.
struct Granularity {
  int64_t blockRows = 1; ///< 1 x 1: single weights
  int64_t blockCols = 1;
  BlockNorm norm = BlockNorm::L1;
};

// The functions below return the rule that an argument breaks, naming the
// matrix (where there are several), the position and what was found, and then
// leave the masks unspecified; or std::nullopt. They refuse NaNs. Infinities
// are larger than every number. Of equal magnitudes those at the smaller index
// are kept, so the result is the same on every machine.

/// Prunes the round(sparsity x blocks) blocks of smallest norm; `sparsity` is
/// in 0..1. Weights that are zero already count like any other.
std::optional<std::string> pruneByMagnitude(Weights weights, double sparsity,
                                            const Granularity &granularity,
                                            KeepMask &mask);

/// The same with one threshold for all matrices: prunes round(sparsity x blocks
/// of all matrices) blocks. Equal norms are ordered by matrix, then by index.
std::optional<std::string> pruneGlobally(const std::vector<Weights> &weights,
                                         double sparsity,
                                         const Granularity &granularity,
                                         std::vector<KeepMask> &masks);

/// Keeps the n largest weights of every aligned group of m along a row, and of
/// a cut last group all or the n largest. 1 <= n <= m.
std::optional<std::string> pruneToNm(Weights weights, int64_t n, int64_t m,
                                     KeepMask &mask);

/// Keeps n of every m rows in each column and g columns of each such pattern in
/// every group of them (NmgPatterns.h), by magnitude: greedily, the pattern that
/// keeps most first, then by exchanging the patterns of two columns while that
/// keeps more. The extents must be multiples of a strip and of a group.
std::optional<std::string> pruneToNmg(Weights weights, const format::Nmg &nmg,
                                      KeepMask &mask);

/// Sets the pruned weights to +0. `mask` has the shape of `matrix`.
void applyMask(const KeepMask &mask, format::DenseMatrix &matrix);

} // namespace spnn::pruning

#endif // SPNN_TRANSFORMS_MAGNITUDEPRUNING_H
