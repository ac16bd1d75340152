//===- Bitmap.cpp - One bit a position ------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bitmap: a bit for every position, and the values whose bit is set.
//
//===----------------------------------------------------------------------===//

#include "FormatUtils.h"

using namespace spnn::format;
using namespace spnn::format::detail;

namespace {

class BitmapFormat final : public SparseFormat {
public:
  std::string name() const override { return "bitmap"; }
  Problem checkShape(Shape shape) const override { return checkExtents(shape); }
  std::vector<BufferSpec> buffers(Shape shape,
                                  unsigned valueBytes) const override;
  Problem checkPack(const DenseMatrix &matrix) const override;
  Storage pack(const DenseMatrix &matrix) const override;
  Problem checkStorage(Shape shape, unsigned valueBytes,
                       const Storage &storage) const override;
  DenseMatrix unpack(Shape shape, unsigned valueBytes, bool isFloat,
                     const Storage &storage) const override;
  int64_t countStoredValues(const DenseMatrix &matrix) const override {
    return countNonzeros(matrix);
  }

protected:
  int64_t bufferLength(const BufferSpec &spec, Shape shape,
                       int64_t storedValues) const override {
    return storedValues;
  }
};

/// The order of buffers().
enum { BitsBuffer, PositionsBuffer, ValuesBuffer };

constexpr int64_t wordBits = 16;
constexpr unsigned wordBytes = 2;
constexpr unsigned positionBytes = 4;

} // namespace

static int64_t wordsPerRow(Shape shape) {
  return shape.cols / wordBits + (shape.cols % wordBits != 0);
}

std::vector<BufferSpec> BitmapFormat::buffers(Shape shape,
                                              unsigned valueBytes) const {
  return {
      {"bits", BufferKind::Bits, wordBytes, shape.rows * wordsPerRow(shape)},
      {"positions", BufferKind::Positions, positionBytes, shape.rows + 1},
      {"values", BufferKind::Values, valueBytes, std::nullopt}};
}

Problem BitmapFormat::checkPack(const DenseMatrix &matrix) const {
  if (Problem problem = checkShape(matrix.shape))
    return problem;
  if (Problem problem = checkMatrix(matrix))
    return problem;
  return checkCountable(countNonzeros(matrix), positionBytes);
}

Storage BitmapFormat::pack(const DenseMatrix &matrix) const {
  Shape shape = matrix.shape;
  StorageBuffer bits = makeBuffer(wordBytes, shape.rows * wordsPerRow(shape));
  StorageBuffer positions = makeBuffer(positionBytes, shape.rows + 1);
  StorageBuffer values = makeBuffer(matrix.elementBytes, countNonzeros(matrix));
  int64_t word = 0, entry = 0;
  for (int64_t row = 0; row < shape.rows; ++row) {
    for (int64_t first = 0; first < shape.cols; first += wordBits) {
      uint64_t mask = 0;
      for (int64_t j = 0; j < wordBits && first + j < shape.cols; ++j) {
        if (matrix.isZero(row, first + j))
          continue;
        mask |= uint64_t(1) << j;
        storeElement(matrix, row, first + j, values, entry++);
      }
      bits.setUnsigned(word++, mask);
    }
    positions.setUnsigned(row + 1, entry);
  }
  return {std::move(bits), std::move(positions), std::move(values)};
}

Problem BitmapFormat::checkStorage(Shape shape, unsigned valueBytes,
                                   const Storage &storage) const {
  if (Problem problem = checkShape(shape))
    return problem;
  if (Problem problem = checkBuffers(buffers(shape, valueBytes), storage))
    return problem;
  const StorageBuffer &bits = storage[BitsBuffer];
  const StorageBuffer &positions = storage[PositionsBuffer];
  if (Problem problem = checkPositions("positions", positions,
                                       storage[ValuesBuffer].size(), "values"))
    return problem;

  int64_t words = wordsPerRow(shape);
  int64_t tail = shape.cols % wordBits;
  uint64_t tailMask = tail == 0 ? 0xffff : (uint64_t(1) << tail) - 1;
  uint64_t count = 0;
  for (int64_t row = 0; row < shape.rows; ++row) {
    for (int64_t w = 0; w < words; ++w) {
      uint64_t word = bits.getUnsigned(row * words + w);
      if (w == words - 1 && (word & ~tailMask) != 0)
        return entryProblem("bits", row * words + w,
                            "no bit at or above bit " + std::to_string(tail) +
                                ", the last column",
                            word);
      for (; word != 0; word &= word - 1)
        ++count;
    }
    uint64_t position = positions.getUnsigned(row + 1);
    if (position != count)
      return entryProblem("positions", row + 1,
                          "the number of bits set in rows 0.." +
                              std::to_string(row) + ", " +
                              std::to_string(count),
                          position);
  }
  return std::nullopt;
}

DenseMatrix BitmapFormat::unpack(Shape shape, unsigned valueBytes, bool isFloat,
                                 const Storage &storage) const {
  DenseMatrix matrix = makeDense(shape, valueBytes, isFloat);
  int64_t word = 0, entry = 0;
  for (int64_t row = 0; row < shape.rows; ++row)
    for (int64_t first = 0; first < shape.cols; first += wordBits) {
      uint64_t mask = storage[BitsBuffer].getUnsigned(word++);
      for (int64_t j = 0; mask != 0; ++j, mask >>= 1)
        if (mask & 1)
          loadElement(storage[ValuesBuffer], entry++, matrix, row, first + j);
    }
  return matrix;
}

std::unique_ptr<SparseFormat> spnn::format::makeBitmap() {
  return std::make_unique<BitmapFormat>();
}
