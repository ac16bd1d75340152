//===- Nm.cpp - N:M groups along a row ------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// N:M: every aligned group of m columns keeps exactly n values.
//
//===----------------------------------------------------------------------===//

#include "FormatUtils.h"

using namespace spnn::format;
using namespace spnn::format::detail;

namespace {

/// Parameters out of range are kept as a problem that checkShape reports, and
/// replaced by harmless ones so that no member divides by zero.
class NmFormat final : public SparseFormat {
public:
  NmFormat(int64_t n, int64_t m, IndexWidths widths);

  std::string name() const override { return "nm" + ratio; }
  Problem checkShape(Shape shape) const override;
  std::vector<BufferSpec> buffers(Shape shape,
                                  unsigned valueBytes) const override;
  Problem checkPack(const DenseMatrix &matrix) const override;
  Storage pack(const DenseMatrix &matrix) const override;
  Problem checkStorage(Shape shape, unsigned valueBytes,
                       const Storage &storage) const override;
  DenseMatrix unpack(Shape shape, unsigned valueBytes, bool isFloat,
                     const Storage &storage) const override;
  int64_t countStoredValues(const DenseMatrix &matrix) const override {
    return storedValues(matrix.shape);
  }

protected:
  int64_t bufferLength(const BufferSpec &spec, Shape shape,
                       int64_t storedValues) const override {
    return storedValues;
  }

private:
  int64_t storedValues(Shape shape) const {
    return shape.rows * (shape.cols / m) * n;
  }
  int64_t countInGroup(const DenseMatrix &matrix, int64_t row,
                       int64_t firstCol) const;

  std::string ratio; ///< "2:4", as given
  int64_t n, m;
  unsigned indexBytes;
  Problem parameterProblem;
};

} // namespace

/// The order of buffers().
enum { IndicesBuffer, ValuesBuffer };

NmFormat::NmFormat(int64_t n, int64_t m, IndexWidths widths)
    : ratio(std::to_string(n) + ":" + std::to_string(m)), n(n), m(m),
      indexBytes(widths.indices) {
  if (m < 1 || n < 1 || n > m) {
    parameterProblem = "n:m must satisfy 1 <= n <= m, got " + ratio;
    this->n = this->m = 1;
  } else if (Problem problem = checkWidth("index width", indexBytes)) {
    parameterProblem = problem;
  } else {
    parameterProblem = checkIndexable("m", m, indexBytes);
  }
}

Problem NmFormat::checkShape(Shape shape) const {
  if (parameterProblem)
    return parameterProblem;
  if (Problem problem = checkExtents(shape))
    return problem;
  if (shape.cols % m != 0)
    return "columns must be a multiple of " + std::to_string(m) + ", got " +
           std::to_string(shape.cols);
  return std::nullopt;
}

std::vector<BufferSpec> NmFormat::buffers(Shape shape,
                                          unsigned valueBytes) const {
  int64_t length = storedValues(shape);
  return {{"indices", BufferKind::Indices, indexBytes, length},
          {"values", BufferKind::Values, valueBytes, length}};
}

int64_t NmFormat::countInGroup(const DenseMatrix &matrix, int64_t row,
                               int64_t firstCol) const {
  int64_t count = 0;
  for (int64_t col = firstCol; col < firstCol + m; ++col)
    count += !matrix.isZero(row, col);
  return count;
}

Problem NmFormat::checkPack(const DenseMatrix &matrix) const {
  if (Problem problem = checkShape(matrix.shape))
    return problem;
  if (Problem problem = checkMatrix(matrix))
    return problem;
  for (int64_t row = 0; row < matrix.shape.rows; ++row)
    for (int64_t col = 0; col < matrix.shape.cols; col += m) {
      int64_t count = countInGroup(matrix, row, col);
      if (count > n)
        return "row " + std::to_string(row) + ", columns " +
               std::to_string(col) + ".." + std::to_string(col + m - 1) +
               " hold " + std::to_string(count) + " nonzeros, " + ratio +
               " allows " + std::to_string(n);
    }
  return std::nullopt;
}

Storage NmFormat::pack(const DenseMatrix &matrix) const {
  int64_t length = storedValues(matrix.shape);
  StorageBuffer indices = makeBuffer(indexBytes, length);
  StorageBuffer values = makeBuffer(matrix.elementBytes, length);
  int64_t entry = 0;
  for (int64_t row = 0; row < matrix.shape.rows; ++row)
    for (int64_t col = 0; col < matrix.shape.cols; col += m) {
      // The first zeros of a group pad it; they keep their sign.
      int64_t padding = n - countInGroup(matrix, row, col);
      for (int64_t i = 0; i < m; ++i) {
        if (matrix.isZero(row, col + i) && padding-- <= 0)
          continue;
        indices.setUnsigned(entry, i);
        storeElement(matrix, row, col + i, values, entry++);
      }
    }
  return {std::move(indices), std::move(values)};
}

Problem NmFormat::checkStorage(Shape shape, unsigned valueBytes,
                               const Storage &storage) const {
  if (Problem problem = checkShape(shape))
    return problem;
  // The lengths are fixed by the shape, so this also checks n per group.
  if (Problem problem = checkBuffers(buffers(shape, valueBytes), storage))
    return problem;
  const StorageBuffer &indices = storage[IndicesBuffer];
  for (int64_t entry = 0, e = indices.size(); entry < e; ++entry) {
    uint64_t index = indices.getUnsigned(entry);
    if (index >= static_cast<uint64_t>(m))
      return entryProblem("indices", entry, "less than " + std::to_string(m),
                          index);
    if (entry % n == 0)
      continue;
    uint64_t before = indices.getUnsigned(entry - 1);
    if (index <= before)
      return entryProblem("indices", entry,
                          "more than the index before it in its group, " +
                              std::to_string(before),
                          index);
  }
  return std::nullopt;
}

DenseMatrix NmFormat::unpack(Shape shape, unsigned valueBytes, bool isFloat,
                             const Storage &storage) const {
  DenseMatrix matrix = makeDense(shape, valueBytes, isFloat);
  int64_t entry = 0;
  for (int64_t row = 0; row < shape.rows; ++row)
    for (int64_t col = 0; col < shape.cols; col += m)
      for (int64_t i = 0; i < n; ++i, ++entry) {
        auto index =
            static_cast<int64_t>(storage[IndicesBuffer].getUnsigned(entry));
        loadElement(storage[ValuesBuffer], entry, matrix, row, col + index);
      }
  return matrix;
}

std::unique_ptr<SparseFormat> spnn::format::makeNm(int64_t n, int64_t m,
                                                   IndexWidths widths) {
  return std::make_unique<NmFormat>(n, m, widths);
}
