//===- Coo.cpp - Coordinates ----------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// COO: every nonzero with its row and column, interleaved or in two buffers.
//
//===----------------------------------------------------------------------===//

#include "FormatUtils.h"

using namespace spnn::format;
using namespace spnn::format::detail;

namespace {

class CooFormat final : public SparseFormat {
public:
  CooFormat(IndexWidths widths, bool soa) : widths(widths), soa(soa) {}

  std::string name() const override { return soa ? "coo-soa" : "coo"; }
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
    return countNonzeros(matrix);
  }

protected:
  int64_t bufferLength(const BufferSpec &spec, Shape shape,
                       int64_t storedValues) const override;

private:
  /// Where a coordinate lives: the buffer, its name, the place in it.
  struct Slot {
    size_t buffer;
    const char *name;
    int64_t position;
  };
  Slot rowSlot(int64_t entry) const {
    return soa ? Slot{1, "row_indices", entry} : Slot{1, "indices", 2 * entry};
  }
  Slot columnSlot(int64_t entry) const {
    return soa ? Slot{2, "column_indices", entry}
               : Slot{1, "indices", 2 * entry + 1};
  }

  IndexWidths widths;
  bool soa;
};

} // namespace

static uint64_t getIndex(const Storage &storage, size_t buffer,
                         int64_t position) {
  return storage[buffer].getUnsigned(position);
}

Problem CooFormat::checkShape(Shape shape) const {
  if (Problem problem = checkWidth("position width", widths.positions))
    return problem;
  if (Problem problem = checkWidth("index width", widths.indices))
    return problem;
  if (Problem problem = checkExtents(shape))
    return problem;
  if (Problem problem = checkIndexable("rows", shape.rows, widths.indices))
    return problem;
  return checkIndexable("columns", shape.cols, widths.indices);
}

std::vector<BufferSpec> CooFormat::buffers(Shape shape,
                                           unsigned valueBytes) const {
  std::vector<BufferSpec> specs;
  specs.push_back(
      {"positions", BufferKind::Positions, widths.positions, int64_t(2)});
  auto addIndices = [&](const char *name) {
    specs.push_back({name, BufferKind::Indices, widths.indices, std::nullopt});
  };
  if (soa) {
    addIndices("row_indices");
    addIndices("column_indices");
  } else {
    addIndices("indices");
  }
  specs.push_back({"values", BufferKind::Values, valueBytes, std::nullopt});
  return specs;
}

int64_t CooFormat::bufferLength(const BufferSpec &spec, Shape shape,
                                int64_t storedValues) const {
  return spec.kind == BufferKind::Indices && !soa ? 2 * storedValues
                                                  : storedValues;
}

Problem CooFormat::checkPack(const DenseMatrix &matrix) const {
  if (Problem problem = checkShape(matrix.shape))
    return problem;
  if (Problem problem = checkMatrix(matrix))
    return problem;
  return checkCountable(countNonzeros(matrix), widths.positions);
}

Storage CooFormat::pack(const DenseMatrix &matrix) const {
  int64_t entries = countNonzeros(matrix);
  Storage storage;
  for (const BufferSpec &spec : buffers(matrix.shape, matrix.elementBytes))
    storage.push_back(
        makeBuffer(spec.elementBytes,
                   spec.length ? *spec.length
                               : bufferLength(spec, matrix.shape, entries)));
  storage.front().setUnsigned(1, entries);
  int64_t entry = 0;
  for (int64_t row = 0; row < matrix.shape.rows; ++row)
    for (int64_t col = 0; col < matrix.shape.cols; ++col) {
      if (matrix.isZero(row, col))
        continue;
      Slot rowAt = rowSlot(entry), columnAt = columnSlot(entry);
      storage[rowAt.buffer].setUnsigned(rowAt.position, row);
      storage[columnAt.buffer].setUnsigned(columnAt.position, col);
      storeElement(matrix, row, col, storage.back(), entry++);
    }
  return storage;
}

Problem CooFormat::checkStorage(Shape shape, unsigned valueBytes,
                                const Storage &storage) const {
  if (Problem problem = checkShape(shape))
    return problem;
  std::vector<BufferSpec> specs = buffers(shape, valueBytes);
  if (Problem problem = checkBuffers(specs, storage))
    return problem;
  int64_t entries = storage.back().size();
  if (Problem problem =
          checkPositions("positions", storage.front(), entries, "values"))
    return problem;
  // 2 * entries would overflow only for a buffer of more than 2^62 bytes.
  for (size_t i = 1; i + 1 < specs.size(); ++i)
    if (Problem problem = checkLength(specs[i].name, storage[i],
                                      bufferLength(specs[i], shape, entries)))
      return problem;

  uint64_t previousRow = 0, previousColumn = 0;
  for (int64_t entry = 0; entry < entries; ++entry) {
    Slot rowAt = rowSlot(entry), columnAt = columnSlot(entry);
    uint64_t row = getIndex(storage, rowAt.buffer, rowAt.position);
    uint64_t column = getIndex(storage, columnAt.buffer, columnAt.position);
    if (row >= static_cast<uint64_t>(shape.rows))
      return entryProblem(rowAt.name, rowAt.position,
                          "a row less than " + std::to_string(shape.rows), row);
    if (column >= static_cast<uint64_t>(shape.cols))
      return entryProblem(columnAt.name, columnAt.position,
                          "a column less than " + std::to_string(shape.cols),
                          column);
    if (entry > 0 && row < previousRow)
      return entryProblem(
          rowAt.name, rowAt.position,
          "at least the row before it, " + std::to_string(previousRow), row);
    if (entry > 0 && row == previousRow && column <= previousColumn)
      return entryProblem(columnAt.name, columnAt.position,
                          "more than the column before it in row " +
                              std::to_string(row) + ", " +
                              std::to_string(previousColumn),
                          column);
    previousRow = row;
    previousColumn = column;
  }
  return std::nullopt;
}

DenseMatrix CooFormat::unpack(Shape shape, unsigned valueBytes, bool isFloat,
                              const Storage &storage) const {
  DenseMatrix matrix = makeDense(shape, valueBytes, isFloat);
  for (int64_t entry = 0, e = storage.back().size(); entry < e; ++entry) {
    Slot rowAt = rowSlot(entry), columnAt = columnSlot(entry);
    auto row = getIndex(storage, rowAt.buffer, rowAt.position);
    auto column = getIndex(storage, columnAt.buffer, columnAt.position);
    loadElement(storage.back(), entry, matrix, static_cast<int64_t>(row),
                static_cast<int64_t>(column));
  }
  return matrix;
}

std::unique_ptr<SparseFormat> spnn::format::makeCoo(IndexWidths widths,
                                                    bool soa) {
  return std::make_unique<CooFormat>(widths, soa);
}
