//===- Compressed.h - Compressed storage along one axis ---------*- C++ -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The mechanism that CSR, CSC and BSR share: blocks compressed along one axis.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_FORMAT_COMPRESSED_H
#define SPNN_LIB_FORMAT_COMPRESSED_H

#include "spnn/Format/SparseFormat.h"

namespace spnn::format::detail {

/// The axis along which entries are grouped.
enum class Axis { Rows, Columns };

/// Blocks of blockRows x blockCols values (1 x 1 for CSR and CSC) that hold a
/// nonzero, grouped by their position on the major axis, ascending on the minor
/// axis: positions[major blocks + 1], indices[blocks], values[blocks * block
/// size], the last unless `hasValues` is false: then what is stored is 1.
/// Parameters out of range are kept as a problem that checkShape
/// reports, and replaced by harmless ones so that no member divides by zero.
class CompressedFormat final : public SparseFormat {
public:
  CompressedFormat(std::string formatName, Axis major, int64_t blockRows,
                   int64_t blockCols, IndexWidths widths,
                   bool hasValues = true);

  std::string name() const override { return formatName; }
  std::optional<std::string> checkShape(Shape shape) const override;
  std::vector<BufferSpec> buffers(Shape shape,
                                  unsigned valueBytes) const override;
  std::optional<std::string>
  checkPack(const DenseMatrix &matrix) const override;
  Storage pack(const DenseMatrix &matrix) const override;
  std::optional<std::string>
  checkStorage(Shape shape, unsigned valueBytes,
               const Storage &storage) const override;
  DenseMatrix unpack(Shape shape, unsigned valueBytes, bool isFloat,
                     const Storage &storage) const override;
  int64_t countStoredValues(const DenseMatrix &matrix) const override;

protected:
  int64_t bufferLength(const BufferSpec &spec, Shape shape,
                       int64_t storedValues) const override;

private:
  int64_t blockSize() const { return blockRows * blockCols; }
  int64_t majorBlocks(Shape shape) const;
  int64_t minorBlocks(Shape shape) const;
  bool isZeroBlock(const DenseMatrix &matrix, int64_t blockRow,
                   int64_t blockCol) const;
  /// Calls `visit(major, blockRow, blockCol)` for every block with a nonzero,
  /// in row-major order of the blocks.
  template <typename Visitor>
  void forEachBlock(const DenseMatrix &matrix, Visitor visit) const;

  std::string formatName;
  Axis major;
  int64_t blockRows, blockCols;
  IndexWidths widths;
  bool hasValues;
  std::optional<std::string> parameterProblem;
};

} // namespace spnn::format::detail

#endif // SPNN_LIB_FORMAT_COMPRESSED_H
