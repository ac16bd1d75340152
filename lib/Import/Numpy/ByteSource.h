//===- ByteSource.h - Bytes of a file or of memory --------------*- C++ -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Random access to the bytes that a reader of this folder reads, so that a file
// goes straight into its array, and a fuzzer needs no file.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_IMPORT_NUMPY_BYTESOURCE_H
#define SPNN_LIB_IMPORT_NUMPY_BYTESOURCE_H

#include "spnn/Import/Numpy.h"

namespace spnn::numpy {

/// Bytes at offsets below `size()`.
class ByteSource {
public:
  virtual ~ByteSource() = default;
  uint64_t size() const { return bytes; }
  /// How errors name the source, with quotes.
  const std::string &name() const { return label; }
  /// Copies `count` bytes at `offset` to `to`. An error says that they lie
  /// beyond the end, or why the system refused them.
  [[nodiscard]] Error read(uint64_t offset, void *to, uint64_t count) const;

protected:
  virtual Error doRead(uint64_t offset, uint8_t *to, uint64_t count) const = 0;
  uint64_t bytes = 0;
  std::string label;
};

/// Bytes in memory that the caller keeps alive.
class MemorySource : public ByteSource {
public:
  MemorySource(const uint8_t *data, uint64_t size, const std::string &name);

private:
  Error doRead(uint64_t offset, uint8_t *to, uint64_t count) const override;
  const uint8_t *data;
};

/// A regular file.
class FileSource : public ByteSource {
public:
  ~FileSource() override;
  [[nodiscard]] Error open(const std::string &path);

private:
  Error doRead(uint64_t offset, uint8_t *to, uint64_t count) const override;
  int fd = -1;
};

/// The header of an .npy file.
struct NpyHeader {
  DType dtype = DType::F32;
  bool bigEndian = false;
  bool fortranOrder = false;
  std::vector<int64_t> shape;
  uint64_t dataOffset = 0; ///< bytes before the array
  uint64_t dataBytes = 0;  ///< bytes of the array
};

/// Reads the header of the .npy file of `total` bytes whose first `available`
/// are at `data`. If more are needed, `moreBytes` says how many from the start
/// and nothing else is set; it never exceeds 1 MiB. The array is known to end
/// exactly at `total`. Errors are predicates: "has no ...".
[[nodiscard]] Error parseNpyHeader(const uint8_t *data, uint64_t available,
                                   uint64_t total, NpyHeader &header,
                                   uint64_t &moreBytes);

/// Turns the bytes of a file into those of `array`, whose `bytes` hold them:
/// swaps byte order, makes Bool 0 or 1, transposes.
void finishNpy(const NpyHeader &header, Array &array);

/// The bytes of an .npy file before the array.
std::string makeNpyHeader(const Array &array);

/// `array.bytes` has the length that its shape and type call for.
bool isConsistent(const Array &array);

} // namespace spnn::numpy

#endif // SPNN_LIB_IMPORT_NUMPY_BYTESOURCE_H
