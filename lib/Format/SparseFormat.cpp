//===- SparseFormat.cpp - Base of the storage formats ---------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Element access, byte counts, and the checks that every storage format shares.
//
//===----------------------------------------------------------------------===//

#include "spnn/Format/SparseFormat.h"

#include "FormatUtils.h"

#include <algorithm>
#include <limits>
#include <utility>

using namespace spnn::format;
using namespace spnn::format::detail;

namespace {

/// A fixed trip count lets the compiler turn the byte loops into one move.
template <unsigned Bytes> uint64_t loadLittleEndian(const uint8_t *data) {
  uint64_t value = 0;
  for (unsigned i = 0; i < Bytes; ++i)
    value |= uint64_t(data[i]) << (8 * i);
  return value;
}

template <unsigned Bytes>
void storeLittleEndian(uint8_t *data, uint64_t value) {
  for (unsigned i = 0; i < Bytes; ++i)
    data[i] = static_cast<uint8_t>(value >> (8 * i));
}

uint64_t loadUnsigned(const uint8_t *data, unsigned bytes) {
  switch (bytes) {
  case 1:
    return loadLittleEndian<1>(data);
  case 2:
    return loadLittleEndian<2>(data);
  case 4:
    return loadLittleEndian<4>(data);
  default:
    return loadLittleEndian<8>(data);
  }
}

} // namespace

DenseMatrix spnn::format::transposeMatrix(const DenseMatrix &matrix) {
  DenseMatrix result = matrix;
  std::swap(result.shape.rows, result.shape.cols);
  for (int64_t row = 0; row < matrix.shape.rows; ++row)
    for (int64_t col = 0; col < matrix.shape.cols; ++col)
      std::copy_n(matrix.element(row, col), matrix.elementBytes, result.element(col, row));
  return result;
}

bool DenseMatrix::isZero(int64_t row, int64_t col) const {
  uint64_t bits = loadUnsigned(element(row, col), elementBytes);
  if (isFloat)
    bits &= maxUnsigned(elementBytes) >> 1; // -0.0 is zero too
  return bits == 0;
}

uint64_t StorageBuffer::getUnsigned(int64_t i) const {
  return loadUnsigned(data.data() + i * elementBytes, elementBytes);
}

void StorageBuffer::setUnsigned(int64_t i, uint64_t value) {
  uint8_t *target = data.data() + i * elementBytes;
  switch (elementBytes) {
  case 1:
    return storeLittleEndian<1>(target, value);
  case 2:
    return storeLittleEndian<2>(target, value);
  case 4:
    return storeLittleEndian<4>(target, value);
  default:
    return storeLittleEndian<8>(target, value);
  }
}

SparseFormat::~SparseFormat() = default;

uint64_t SparseFormat::countBytes(Shape shape, unsigned valueBytes,
                                  int64_t storedValues) const {
  uint64_t bytes = 0;
  for (const BufferSpec &spec : buffers(shape, valueBytes)) {
    int64_t length =
        spec.length ? *spec.length : bufferLength(spec, shape, storedValues);
    bytes += static_cast<uint64_t>(length) * spec.elementBytes;
  }
  return bytes;
}

StorageBuffer detail::makeBuffer(unsigned elementBytes, int64_t length) {
  StorageBuffer buffer;
  buffer.elementBytes = elementBytes;
  buffer.data.resize(static_cast<size_t>(length) * elementBytes);
  return buffer;
}

DenseMatrix detail::makeDense(Shape shape, unsigned valueBytes, bool isFloat) {
  DenseMatrix matrix;
  matrix.shape = shape;
  matrix.elementBytes = valueBytes;
  matrix.isFloat = isFloat;
  matrix.data.resize(static_cast<size_t>(shape.rows * shape.cols) * valueBytes);
  return matrix;
}

int64_t spnn::format::countNonzeros(const DenseMatrix &matrix) {
  int64_t count = 0;
  for (int64_t row = 0; row < matrix.shape.rows; ++row)
    for (int64_t col = 0; col < matrix.shape.cols; ++col)
      count += !matrix.isZero(row, col);
  return count;
}

Problem detail::checkExtents(Shape shape) {
  // A buffer has at most max(rows, cols) + 1 or 2 * rows * cols elements of at
  // most 8 bytes.
  constexpr int64_t limit = std::numeric_limits<int64_t>::max() / 32;
  for (auto [name, extent] :
       {std::pair("rows", shape.rows), std::pair("columns", shape.cols)}) {
    if (extent < 0)
      return std::string(name) + " must not be negative, got " +
             std::to_string(extent);
    if (extent > limit)
      return std::string(name) + " must be at most " + std::to_string(limit) +
             ", got " + std::to_string(extent);
  }
  if (shape.cols != 0 && shape.rows > limit / shape.cols)
    return "rows x columns must be at most " + std::to_string(limit) +
           ", got " + std::to_string(shape.rows) + " x " +
           std::to_string(shape.cols);
  return std::nullopt;
}

Problem detail::checkWidth(const char *what, unsigned bytes) {
  if (isElementSize(bytes))
    return std::nullopt;
  return std::string(what) + " must be 1, 2, 4 or 8 bytes, got " +
         std::to_string(bytes);
}

Problem detail::checkIndexable(const char *what, int64_t extent,
                               unsigned bytes) {
  if (extent == 0 || static_cast<uint64_t>(extent - 1) <= maxUnsigned(bytes))
    return std::nullopt;
  return std::string(what) + " must be at most 2^" + std::to_string(8 * bytes) +
         " for indices of " + std::to_string(bytes) + " bytes, got " +
         std::to_string(extent);
}

Problem detail::checkCountable(int64_t entries, unsigned bytes) {
  if (static_cast<uint64_t>(entries) <= maxUnsigned(bytes))
    return std::nullopt;
  return "stored entries must be at most " +
         std::to_string(maxUnsigned(bytes)) + " for positions of " +
         std::to_string(bytes) + " bytes, got " + std::to_string(entries);
}

Problem detail::checkMatrix(const DenseMatrix &matrix) {
  if (Problem problem = checkWidth("element size", matrix.elementBytes))
    return problem;
  auto expected = static_cast<uint64_t>(matrix.shape.rows * matrix.shape.cols) *
                  matrix.elementBytes;
  if (matrix.data.size() != expected)
    return "matrix data: expected " + std::to_string(expected) +
           " bytes, found " + std::to_string(matrix.data.size());
  return std::nullopt;
}

Problem detail::checkBuffers(const std::vector<BufferSpec> &specs,
                             const Storage &storage) {
  if (storage.size() != specs.size())
    return "storage: expected " + std::to_string(specs.size()) +
           " buffers, found " + std::to_string(storage.size());
  for (size_t i = 0; i < specs.size(); ++i) {
    const BufferSpec &spec = specs[i];
    const StorageBuffer &buffer = storage[i];
    if (Problem problem = checkWidth("value size", spec.elementBytes))
      return problem;
    if (buffer.elementBytes != spec.elementBytes)
      return spec.name + ": expected elements of " +
             std::to_string(spec.elementBytes) + " bytes, found " +
             std::to_string(buffer.elementBytes);
    if (buffer.data.size() % spec.elementBytes != 0)
      return spec.name + ": expected a multiple of " +
             std::to_string(spec.elementBytes) + " bytes, found " +
             std::to_string(buffer.data.size());
    if (spec.length)
      if (Problem problem = checkLength(spec.name, buffer, *spec.length))
        return problem;
  }
  return std::nullopt;
}

Problem detail::checkLength(const std::string &name,
                            const StorageBuffer &buffer, int64_t expected) {
  if (buffer.size() == expected)
    return std::nullopt;
  return name + ": expected " + std::to_string(expected) + " elements, found " +
         std::to_string(buffer.size());
}

Problem detail::checkPositions(const std::string &name,
                               const StorageBuffer &buffer, int64_t entries,
                               const char *what) {
  uint64_t previous = buffer.getUnsigned(0);
  if (previous != 0)
    return entryProblem(name, 0, "0", previous);
  int64_t last = buffer.size() - 1;
  for (int64_t i = 1; i <= last; ++i) {
    uint64_t current = buffer.getUnsigned(i);
    if (current < previous)
      return entryProblem(name, i,
                          "at least the position before it, " +
                              std::to_string(previous),
                          current);
    previous = current;
  }
  if (previous != static_cast<uint64_t>(entries))
    return entryProblem(name, last,
                        "the number of " + std::string(what) + ", " +
                            std::to_string(entries),
                        previous);
  return std::nullopt;
}

std::string detail::entryProblem(const std::string &name, int64_t position,
                                 const std::string &expected, uint64_t found) {
  return name + "[" + std::to_string(position) + "]: expected " + expected +
         ", found " + std::to_string(found);
}
