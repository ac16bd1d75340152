//===- Compressed.cpp - Compressed storage along one axis -----------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pack, unpack and validate blocks compressed along one axis.
//
//===----------------------------------------------------------------------===//

#include "Compressed.h"

#include "FormatUtils.h"

#include <limits>

using namespace spnn::format;
using namespace spnn::format::detail;

/// The order of buffers().
enum { PositionsBuffer, IndicesBuffer, ValuesBuffer };

CompressedFormat::CompressedFormat(std::string formatName, Axis major,
                                   int64_t blockRows, int64_t blockCols,
                                   IndexWidths widths, bool hasValues)
    : formatName(std::move(formatName)), major(major), blockRows(blockRows),
      blockCols(blockCols), widths(widths), hasValues(hasValues) {
  // The product of two extents below 2^31 cannot overflow.
  constexpr int64_t limit = std::numeric_limits<int32_t>::max();
  for (auto [what, extent] : {std::pair("block rows", &this->blockRows),
                              std::pair("block columns", &this->blockCols)}) {
    if (*extent >= 1 && *extent <= limit)
      continue;
    parameterProblem = std::string(what) + " must be in 1.." +
                       std::to_string(limit) + ", got " +
                       std::to_string(*extent);
    *extent = 1;
  }
  for (auto [what, bytes] : {std::pair("position width", widths.positions),
                             std::pair("index width", widths.indices)})
    if (Problem problem = checkWidth(what, bytes))
      parameterProblem = problem;
}

int64_t CompressedFormat::majorBlocks(Shape shape) const {
  return major == Axis::Rows ? shape.rows / blockRows : shape.cols / blockCols;
}

int64_t CompressedFormat::minorBlocks(Shape shape) const {
  return major == Axis::Rows ? shape.cols / blockCols : shape.rows / blockRows;
}

std::optional<std::string> CompressedFormat::checkShape(Shape shape) const {
  if (parameterProblem)
    return parameterProblem;
  if (Problem problem = checkExtents(shape))
    return problem;
  if (shape.rows % blockRows != 0)
    return "rows must be a multiple of " + std::to_string(blockRows) +
           ", got " + std::to_string(shape.rows);
  if (shape.cols % blockCols != 0)
    return "columns must be a multiple of " + std::to_string(blockCols) +
           ", got " + std::to_string(shape.cols);
  const char *minorName =
      blockSize() == 1 ? (major == Axis::Rows ? "columns" : "rows")
                       : (major == Axis::Rows ? "block columns" : "block rows");
  return checkIndexable(minorName, minorBlocks(shape), widths.indices);
}

std::vector<BufferSpec> CompressedFormat::buffers(Shape shape,
                                                  unsigned valueBytes) const {
  std::vector<BufferSpec> specs = {
      {"positions", BufferKind::Positions, widths.positions,
       majorBlocks(shape) + 1},
      {"indices", BufferKind::Indices, widths.indices, std::nullopt}};
  if (hasValues)
    specs.push_back({"values", BufferKind::Values, valueBytes, std::nullopt});
  return specs;
}

int64_t CompressedFormat::bufferLength(const BufferSpec &spec, Shape shape,
                                       int64_t storedValues) const {
  return spec.kind == BufferKind::Values ? storedValues
                                         : storedValues / blockSize();
}

bool CompressedFormat::isZeroBlock(const DenseMatrix &matrix, int64_t blockRow,
                                   int64_t blockCol) const {
  for (int64_t row = blockRow * blockRows; row < (blockRow + 1) * blockRows;
       ++row)
    for (int64_t col = blockCol * blockCols; col < (blockCol + 1) * blockCols;
         ++col)
      if (!matrix.isZero(row, col))
        return false;
  return true;
}

template <typename Visitor>
void CompressedFormat::forEachBlock(const DenseMatrix &matrix,
                                    Visitor visit) const {
  int64_t gridRows = matrix.shape.rows / blockRows;
  int64_t gridCols = matrix.shape.cols / blockCols;
  for (int64_t i = 0; i < gridRows; ++i)
    for (int64_t j = 0; j < gridCols; ++j)
      if (!isZeroBlock(matrix, i, j))
        visit(major == Axis::Rows ? i : j, i, j);
}

int64_t CompressedFormat::countStoredValues(const DenseMatrix &matrix) const {
  int64_t blocks = 0;
  forEachBlock(matrix, [&](int64_t, int64_t, int64_t) { ++blocks; });
  return blocks * blockSize();
}

std::optional<std::string>
CompressedFormat::checkPack(const DenseMatrix &matrix) const {
  if (Problem problem = checkShape(matrix.shape))
    return problem;
  if (Problem problem = checkMatrix(matrix))
    return problem;
  return checkCountable(countStoredValues(matrix) / blockSize(),
                        widths.positions);
}

Storage CompressedFormat::pack(const DenseMatrix &matrix) const {
  int64_t majors = majorBlocks(matrix.shape);
  // A counting sort by major block: the row-major walk already meets the minor
  // blocks of each major one in ascending order, for either axis.
  std::vector<int64_t> next(majors + 1);
  forEachBlock(matrix, [&](int64_t m, int64_t, int64_t) { ++next[m + 1]; });
  StorageBuffer positions = makeBuffer(widths.positions, majors + 1);
  for (int64_t m = 0; m < majors; ++m) {
    next[m + 1] += next[m];
    positions.setUnsigned(m + 1, next[m + 1]);
  }

  int64_t blocks = next[majors];
  StorageBuffer indices = makeBuffer(widths.indices, blocks);
  StorageBuffer values = makeBuffer(matrix.elementBytes,
                                    hasValues ? blocks * blockSize() : 0);
  forEachBlock(matrix, [&](int64_t m, int64_t blockRow, int64_t blockCol) {
    int64_t entry = next[m]++;
    indices.setUnsigned(entry, major == Axis::Rows ? blockCol : blockRow);
    if (!hasValues)
      return;
    int64_t slot = entry * blockSize();
    for (int64_t i = 0; i < blockRows; ++i)
      for (int64_t j = 0; j < blockCols; ++j)
        storeElement(matrix, blockRow * blockRows + i, blockCol * blockCols + j,
                     values, slot++);
  });
  Storage storage = {std::move(positions), std::move(indices)};
  if (hasValues)
    storage.push_back(std::move(values));
  return storage;
}

std::optional<std::string>
CompressedFormat::checkStorage(Shape shape, unsigned valueBytes,
                               const Storage &storage) const {
  if (Problem problem = checkShape(shape))
    return problem;
  // Elements that are not stored are unpacked all the same.
  if (!hasValues)
    if (Problem problem = checkWidth("value size", valueBytes))
      return problem;
  if (Problem problem = checkBuffers(buffers(shape, valueBytes), storage))
    return problem;
  const StorageBuffer &positions = storage[PositionsBuffer];
  const StorageBuffer &indices = storage[IndicesBuffer];
  if (Problem problem =
          checkPositions("positions", positions, indices.size(), "indices"))
    return problem;

  auto minors = static_cast<uint64_t>(minorBlocks(shape));
  for (int64_t m = 0, e = majorBlocks(shape); m < e; ++m) {
    auto begin = static_cast<int64_t>(positions.getUnsigned(m));
    auto end = static_cast<int64_t>(positions.getUnsigned(m + 1));
    for (int64_t entry = begin; entry < end; ++entry) {
      uint64_t index = indices.getUnsigned(entry);
      if (index >= minors)
        return entryProblem("indices", entry,
                            "less than " + std::to_string(minors), index);
      if (entry == begin)
        continue;
      uint64_t before = indices.getUnsigned(entry - 1);
      if (index <= before)
        return entryProblem(
            "indices", entry,
            "more than the index before it, " + std::to_string(before), index);
    }
  }
  if (!hasValues)
    return std::nullopt;
  // Only now is the number of blocks known to be one the shape allows, so the
  // product cannot overflow.
  return checkLength("values", storage[ValuesBuffer],
                     indices.size() * blockSize());
}

DenseMatrix CompressedFormat::unpack(Shape shape, unsigned valueBytes,
                                     bool isFloat,
                                     const Storage &storage) const {
  const StorageBuffer &positions = storage[PositionsBuffer];
  const StorageBuffer &indices = storage[IndicesBuffer];
  DenseMatrix matrix = makeDense(shape, valueBytes, isFloat);
  for (int64_t m = 0, e = majorBlocks(shape); m < e; ++m) {
    auto end = static_cast<int64_t>(positions.getUnsigned(m + 1));
    for (auto entry = static_cast<int64_t>(positions.getUnsigned(m));
         entry < end; ++entry) {
      auto minor = static_cast<int64_t>(indices.getUnsigned(entry));
      int64_t row = (major == Axis::Rows ? m : minor) * blockRows;
      int64_t col = (major == Axis::Rows ? minor : m) * blockCols;
      int64_t slot = entry * blockSize();
      // What is stored without a value is true.
      if (!hasValues) {
        *matrix.element(row, col) = 1;
        continue;
      }
      for (int64_t i = 0; i < blockRows; ++i)
        for (int64_t j = 0; j < blockCols; ++j)
          loadElement(storage[ValuesBuffer], slot++, matrix, row + i, col + j);
    }
  }
  return matrix;
}
