//===- FormatUtils.h - Checks shared by the formats -------------*- C++ -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Validation of shapes, matrices and buffers that every storage format needs.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_FORMAT_FORMATUTILS_H
#define SPNN_LIB_FORMAT_FORMATUTILS_H

#include "spnn/Format/SparseFormat.h"

#include <cstring>

namespace spnn::format::detail {

/// What is wrong, or std::nullopt.
using Problem = std::optional<std::string>;

/// True for the element sizes that a matrix or a buffer may have.
inline bool isElementSize(unsigned bytes) {
  return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

/// The largest value of an unsigned element of `bytes` bytes.
inline uint64_t maxUnsigned(unsigned bytes) {
  return ~uint64_t(0) >> (64 - 8 * bytes);
}

/// An all-zero buffer. `length` and `elementBytes` are not negative.
StorageBuffer makeBuffer(unsigned elementBytes, int64_t length);

/// An all-zero matrix.
DenseMatrix makeDense(Shape shape, unsigned valueBytes, bool isFloat);

/// Copies the bytes of one matrix element into entry `entry` of `buffer`, and
/// back. Both sides have elements of the same size.
inline void storeElement(const DenseMatrix &matrix, int64_t row, int64_t col,
                         StorageBuffer &buffer, int64_t entry) {
  std::memcpy(buffer.data.data() + entry * matrix.elementBytes,
              matrix.element(row, col), matrix.elementBytes);
}
inline void loadElement(const StorageBuffer &buffer, int64_t entry,
                        DenseMatrix &matrix, int64_t row, int64_t col) {
  std::memcpy(matrix.element(row, col),
              buffer.data.data() + entry * matrix.elementBytes,
              matrix.elementBytes);
}

/// Extents that are not negative and small enough that no length or byte count
/// computed from them overflows an int64_t.
Problem checkExtents(Shape shape);

/// `bytes` is an element size; `what` names it ("index width").
Problem checkWidth(const char *what, unsigned bytes);

/// Indices of `bytes` bytes can name `extent` things; `what` names the things
/// ("columns").
Problem checkIndexable(const char *what, int64_t extent, unsigned bytes);

/// `entries` stored entries fit positions of `bytes` bytes.
Problem checkCountable(int64_t entries, unsigned bytes);

/// The matrix has a known element size and as many bytes as its shape says.
Problem checkMatrix(const DenseMatrix &matrix);

/// Number of buffers, element sizes, whole elements, and the lengths that the
/// specifications fix.
Problem checkBuffers(const std::vector<BufferSpec> &specs,
                     const Storage &storage);

/// `buffer` has `expected` elements.
Problem checkLength(const std::string &name, const StorageBuffer &buffer,
                    int64_t expected);

/// Positions start at 0, never decrease and end at `entries`, the number of
/// `what` ("indices", "set bits"). `buffer` is not empty.
Problem checkPositions(const std::string &name, const StorageBuffer &buffer,
                       int64_t entries, const char *what);

/// "name[position]: expected <expected>, found <found>".
std::string entryProblem(const std::string &name, int64_t position,
                         const std::string &expected, uint64_t found);

} // namespace spnn::format::detail

#endif // SPNN_LIB_FORMAT_FORMATUTILS_H
