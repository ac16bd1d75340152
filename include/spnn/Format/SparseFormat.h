//===- SparseFormat.h - A storage format of a sparse matrix ------*- C++ -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The abstract base of every storage format: which buffers hold a sparse matrix, how a dense matrix is packed
// into them and unpacked again, and which rules valid buffers obey. Plain C++ on plain arrays, no MLIR.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_FORMAT_SPARSEFORMAT_H
#define SPNN_FORMAT_SPARSEFORMAT_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace spnn::format {

struct Nmg; // NmgPatterns.h

/// Rows and columns of a matrix.
struct Shape {
  int64_t rows = 0;
  int64_t cols = 0;
};

/// A row-major dense matrix of opaque elements of `elementBytes` bytes each (1, 2, 4 or 8). An element is zero
/// iff it compares equal to 0.0 in its type: the bit patterns of +0 and, where `isFloat`, of -0. For a float type
/// without -0 (the FNUZ 8-bit floats, whose 0x80 is NaN) pass isFloat = false.
struct DenseMatrix {
  Shape shape;
  unsigned elementBytes = 4;
  bool isFloat = true;
  std::vector<uint8_t> data; ///< shape.rows * shape.cols * elementBytes bytes

  const uint8_t *element(int64_t row, int64_t col) const {
    return data.data() + (row * shape.cols + col) * elementBytes;
  }
  uint8_t *element(int64_t row, int64_t col) {
    return data.data() + (row * shape.cols + col) * elementBytes;
  }
  bool isZero(int64_t row, int64_t col) const;
};

/// The same elements with rows and columns exchanged.
DenseMatrix transposeMatrix(const DenseMatrix &matrix);

/// Number of elements that are not zero.
int64_t countNonzeros(const DenseMatrix &matrix);

/// What a storage buffer holds.
enum class BufferKind { Positions, Indices, Values, Bits };

/// The name and element type of one storage buffer of a format.
struct BufferSpec {
  std::string name;      ///< as printed in the IR: "positions", "indices", "values", ...
  BufferKind kind;
  unsigned elementBytes; ///< 1, 2, 4 or 8
  /// Number of elements where the shape alone decides it; std::nullopt where it depends on the nonzeros.
  std::optional<int64_t> length;
};

/// One storage buffer: little-endian elements of `elementBytes` bytes, unsigned if it holds positions, indices or bits.
struct StorageBuffer {
  unsigned elementBytes = 4;
  std::vector<uint8_t> data;

  int64_t size() const { return static_cast<int64_t>(data.size() / elementBytes); }
  uint64_t getUnsigned(int64_t i) const;
  void setUnsigned(int64_t i, uint64_t value);
};

/// The buffers of one packed matrix, in the order of SparseFormat::buffers().
using Storage = std::vector<StorageBuffer>;

/// A storage format with its parameters (block shape, N:M, index widths). Immutable. The make functions below never
/// fail: for parameters out of range checkShape names the rule they break, whatever the shape.
class SparseFormat {
public:
  virtual ~SparseFormat();

  /// Short name with parameters, as reports print it: "csr", "bsr4x1", "nm2:4", "bitmap".
  virtual std::string name() const = 0;

  /// The rule that the parameters or a matrix of this shape break ("rows must be a multiple of 4, got 10"),
  /// or std::nullopt if the format can hold it.
  virtual std::optional<std::string> checkShape(Shape shape) const = 0;

  /// The storage buffers of a matrix of this shape; `valueBytes` is the size of an element.
  virtual std::vector<BufferSpec> buffers(Shape shape, unsigned valueBytes) const = 0;

  /// Why `matrix` cannot be stored without loss ("row 3, columns 4..7 hold 3 nonzeros, 2:4 allows 2"), or
  /// std::nullopt. Calls checkShape.
  virtual std::optional<std::string> checkPack(const DenseMatrix &matrix) const = 0;

  /// Packs `matrix`, for which checkPack returned std::nullopt.
  virtual Storage pack(const DenseMatrix &matrix) const = 0;

  /// The rule that `storage` breaks (number and length of buffers, positions monotone from 0 to the number of
  /// stored entries, indices in range, strictly ascending in a row or block row and therefore without duplicates,
  /// ...), naming buffer, position, expected and found value; std::nullopt for valid storage. Never reads out of
  /// bounds, whatever the buffers hold.
  virtual std::optional<std::string> checkStorage(Shape shape, unsigned valueBytes,
                                                  const Storage &storage) const = 0;

  /// The inverse of pack up to the sign of zeros, on storage for which checkStorage returned std::nullopt.
  virtual DenseMatrix unpack(Shape shape, unsigned valueBytes, bool isFloat,
                             const Storage &storage) const = 0;

  /// Bytes that a matrix with `storedValues` stored values (for block formats padding included) takes.
  uint64_t countBytes(Shape shape, unsigned valueBytes, int64_t storedValues) const;

  /// Number of stored values (padding included) of a matrix that checkPack accepts.
  virtual int64_t countStoredValues(const DenseMatrix &matrix) const = 0;

protected:
  /// Elements of the `i`-th data-dependent buffer given the number of stored values.
  virtual int64_t bufferLength(const BufferSpec &spec, Shape shape, int64_t storedValues) const = 0;
};

/// Index widths in bytes (4 or 8; 1, 2 where the format says so) of positions and indices.
struct IndexWidths {
  unsigned positions = 8;
  unsigned indices = 8;
};

/// Compressed sparse rows: positions[rows + 1], indices[nnz] (columns), values[nnz].
std::unique_ptr<SparseFormat> makeCsr(IndexWidths widths);
/// CSR of a matrix of truth values, which needs none stored: positions[rows + 1], indices[nnz], 32 bits each.
std::unique_ptr<SparseFormat> makeAdjacency();
/// Compressed sparse columns: positions[cols + 1], indices[nnz] (rows), values[nnz].
std::unique_ptr<SparseFormat> makeCsc(IndexWidths widths);
/// Coordinates sorted by row, then column, as upstream's COO (compressed nonunique, singleton): positions[2] = {0, nnz};
/// indices[2 * nnz] interleaved (row, column) pairs (array of structures), or with `soa` two buffers
/// row_indices[nnz], column_indices[nnz]; values[nnz].
std::unique_ptr<SparseFormat> makeCoo(IndexWidths widths, bool soa);
/// Block compressed sparse rows: positions[rows/r + 1], indices[blocks] (block columns),
/// values[blocks * r * c] row-major inside a block. rows % r == 0 and cols % c == 0.
std::unique_ptr<SparseFormat> makeBsr(int64_t blockRows, int64_t blockCols, IndexWidths widths);
/// N:M along a row, as upstream's structured[n, m]: each group of m consecutive columns keeps exactly n values:
/// indices[rows * cols/m * n] (position in the group, ascending in a group), values of the same length. Groups with fewer
/// nonzeros are padded with their first zeros. cols % m == 0. Index width 1 byte or as given.
std::unique_ptr<SparseFormat> makeNm(int64_t n, int64_t m, IndexWidths widths);
/// n:m:g (NmgPatterns.h): strips of m rows, in them groups of C(m, n) * g columns, in them g columns for each pattern of n rows:
/// indices[rows/m * cols] (16 bits, position in the group, ascending in a pattern), values[rows/m * cols * n] (the pattern's rows
/// of each column). Columns with fewer nonzeros are padded with their zeros. rows % m == 0, cols % (C(m, n) * g) == 0.
std::unique_ptr<SparseFormat> makeNmg(Nmg nmg);
/// Bitmap: bits[rows * ceil(cols / 16)] 16-bit words, bit j of word w of a row set iff column 16 w + j is stored;
/// positions[rows + 1] 32-bit starts of a row's values; values[nnz].
std::unique_ptr<SparseFormat> makeBitmap();

} // namespace spnn::format

#endif // SPNN_FORMAT_SPARSEFORMAT_H
