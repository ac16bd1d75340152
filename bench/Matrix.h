//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The weight matrices of the benchmarks: seeded random patterns and patterns from files.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_BENCH_MATRIX_H
#define SPNN_BENCH_MATRIX_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace spnn::bench {

/// A sparse matrix, as CSR and dense.
struct Matrix {
  int64_t rows = 0, cols = 0;
  std::vector<int32_t> positions, indices;
  std::vector<float> values;
  std::vector<float> dense; ///< row-major

  int64_t nonzeros() const { return static_cast<int64_t>(values.size()); }
};

/// Where nonzeros may stand. Unstructured: anywhere; Block: in aligned blocks of r x c; NM: r in each group of c; NMG: r in
/// each column of a strip of c rows, and g columns of a group have each choice of rows.
struct Pattern {
  enum class Kind { Unstructured, Block, NM, NMG, File } kind = Kind::Unstructured;
  int64_t r = 1, c = 1;
  double sparsity = 0;
  std::string path, label; ///< of File: an .smtx file, and its name in reports
  int64_t g = 1;           ///< of NMG

  /// "unstructured/0.90", "block4x1/0.90", "2:4/0.50", "2:4:16/0.50", "dlmc-.../0.90"
  std::string name() const;
  /// The format that the pattern is made for, as the pipeline's option names it.
  std::string format() const;
};

/// A matrix with random values of magnitude 0.1 to 1, never zero. Of NMG, whole strips and groups fill the extents. Of File, `seed` also turns the rows round, so that
/// two seeds give two matrices with the same row lengths. Returns nothing if a file cannot be read.
std::optional<Matrix> makeMatrix(const Pattern &pattern, int64_t rows, int64_t cols, uint64_t seed);

/// Rows and columns of an .smtx file and its sparsity; nothing if it cannot be read.
bool readSmtxHeader(const std::string &path, int64_t &rows, int64_t &cols, double &sparsity);

std::vector<float> makeActivations(int64_t count, uint64_t seed);
std::vector<float> transposed(const std::vector<float> &matrix, int64_t rows, int64_t cols);

/// W X in double precision with the bound of the rounding error that a sum in single precision may have.
struct Reference {
  std::vector<double> product, bound;
  Reference(const Matrix &weights, const std::vector<float> &x, int64_t columns);
  /// The largest error over the bound; above 1 the result is wrong.
  double compare(const float *result) const;
};

} // namespace spnn::bench

#endif // SPNN_BENCH_MATRIX_H
