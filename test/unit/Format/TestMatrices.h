//===- TestMatrices.h - Matrices for the format tests -----------*- C++ -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Random and literal matrices, and storage literals, for the format tests.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TEST_UNIT_FORMAT_TESTMATRICES_H
#define SPNN_TEST_UNIT_FORMAT_TESTMATRICES_H

#include "spnn/Format/SparseFormat.h"

#include <cstring>
#include <initializer_list>
#include <random>

namespace spnn::format::test {

/// A matrix of 32-bit floats.
inline DenseMatrix makeFloats(Shape shape, std::initializer_list<float> data) {
  DenseMatrix matrix;
  matrix.shape = shape;
  matrix.data.resize(data.size() * sizeof(float));
  if (data.size() != 0)
    std::memcpy(matrix.data.data(), data.begin(), matrix.data.size());
  return matrix;
}

/// A matrix of zeros.
inline DenseMatrix makeZeros(Shape shape, unsigned elementBytes = 4,
                             bool isFloat = true) {
  DenseMatrix matrix;
  matrix.shape = shape;
  matrix.elementBytes = elementBytes;
  matrix.isFloat = isFloat;
  matrix.data.resize(shape.rows * shape.cols * elementBytes);
  return matrix;
}

/// Each element is nonzero with probability `density`; the others are zeros of
/// either sign. Nonzeros are random bytes, so NaN and infinity are among them.
inline DenseMatrix makeRandom(Shape shape, unsigned elementBytes, bool isFloat,
                              double density, std::mt19937 &random) {
  DenseMatrix matrix = makeZeros(shape, elementBytes, isFloat);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (int64_t row = 0; row < shape.rows; ++row)
    for (int64_t col = 0; col < shape.cols; ++col) {
      uint8_t *element = matrix.element(row, col);
      if (uniform(random) < density) {
        for (unsigned i = 0; i < elementBytes; ++i)
          element[i] = static_cast<uint8_t>(random());
        element[0] |= 1;
      } else if (isFloat && random() % 4 == 0) {
        element[elementBytes - 1] = 0x80; // -0.0
      }
    }
  return matrix;
}

/// Zeroes all but the first n nonzeros of every aligned group of m columns.
inline void enforceNm(DenseMatrix &matrix, int64_t n, int64_t m) {
  for (int64_t row = 0; row < matrix.shape.rows; ++row)
    for (int64_t col = 0, kept = 0; col < matrix.shape.cols; ++col) {
      if (col % m == 0)
        kept = 0;
      if (!matrix.isZero(row, col) && ++kept > n)
        std::memset(matrix.element(row, col), 0, matrix.elementBytes);
    }
}

/// A buffer of unsigned elements.
inline StorageBuffer makeBuffer(unsigned elementBytes,
                                std::initializer_list<uint64_t> values) {
  StorageBuffer buffer;
  buffer.elementBytes = elementBytes;
  buffer.data.resize(values.size() * elementBytes);
  int64_t i = 0;
  for (uint64_t value : values)
    buffer.setUnsigned(i++, value);
  return buffer;
}

/// A buffer of 32-bit floats.
inline StorageBuffer makeFloatBuffer(std::initializer_list<float> values) {
  StorageBuffer buffer;
  buffer.data.resize(values.size() * sizeof(float));
  if (values.size() != 0)
    std::memcpy(buffer.data.data(), values.begin(), buffer.data.size());
  return buffer;
}

/// The elements of a buffer of positions, indices or bits.
inline std::vector<uint64_t> toVector(const StorageBuffer &buffer) {
  std::vector<uint64_t> values;
  for (int64_t i = 0; i < buffer.size(); ++i)
    values.push_back(buffer.getUnsigned(i));
  return values;
}

/// The elements of a buffer of 32-bit floats.
inline std::vector<float> toFloats(const StorageBuffer &buffer) {
  std::vector<float> values(buffer.size());
  if (!values.empty())
    std::memcpy(values.data(), buffer.data.data(), buffer.data.size());
  return values;
}

/// Same shape and type, and the same bits where either side is not zero: the
/// sign of a zero is the only thing that packing may lose.
inline bool areEqual(const DenseMatrix &a, const DenseMatrix &b) {
  if (a.shape.rows != b.shape.rows || a.shape.cols != b.shape.cols ||
      a.elementBytes != b.elementBytes || a.isFloat != b.isFloat ||
      a.data.size() != b.data.size())
    return false;
  for (int64_t row = 0; row < a.shape.rows; ++row)
    for (int64_t col = 0; col < a.shape.cols; ++col) {
      if (a.isZero(row, col) && b.isZero(row, col))
        continue;
      if (std::memcmp(a.element(row, col), b.element(row, col),
                      a.elementBytes) != 0)
        return false;
    }
  return true;
}

} // namespace spnn::format::test

#endif // SPNN_TEST_UNIT_FORMAT_TESTMATRICES_H
