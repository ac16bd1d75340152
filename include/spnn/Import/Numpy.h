//===- Numpy.h - Reads and writes NumPy's array files -----------*- C++ -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// NumPy arrays and their files, .npy (versions 1 to 3) and .npz (a zip of
// them). C++17 and zlib, no MLIR, no exceptions: each function returns nothing,
// or one sentence that names the file and the rule it breaks. Files come from
// outside: any bytes are safe to read.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_IMPORT_NUMPY_H
#define SPNN_IMPORT_NUMPY_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace spnn::numpy {

/// Nothing, or one sentence that says what went wrong.
using Error = std::optional<std::string>;

enum class DType {
  Bool, ///< one byte, 0 or 1
  I8,
  I16,
  I32,
  I64,
  U8,
  U16,
  U32,
  U64,
  F16,
  F32,
  F64,
};

/// NumPy's name: "bool", "int8", "float32", ...
const char *dtypeName(DType dtype);
/// Bytes of one element: 1, 2, 4 or 8.
unsigned dtypeBytes(DType dtype);

/// A dense array. Bool bytes are 0 or 1.
struct Array {
  DType dtype = DType::F32;
  std::vector<int64_t> shape; ///< empty for a scalar
  std::vector<uint8_t> bytes; ///< row-major, in the machine's byte order

  /// The product of the extents. Only for arrays that the readers returned or
  /// that were made by hand with a sane shape.
  int64_t size() const;
};

/// An array of an .npz file: the member `name`.npy.
struct NamedArray {
  std::string name;
  Array array;
};

/// What a reader accepts.
struct ReadLimits {
  /// Bytes that the compressed members of one .npz may inflate to in all; data
  /// that is not compressed is limited by the file itself.
  uint64_t inflatedBytes = uint64_t(1) << 32;
};

/// Reads an .npy file. Fortran order becomes row-major, big-endian becomes the
/// machine's order; objects, records, strings, dates, complex and long double
/// numbers are refused, and so are bytes after the array.
[[nodiscard]] Error readNpy(const std::string &path, Array &result);

/// Reads all arrays of an .npz file, in the order of its directory. Stored and
/// deflated members, zip64 included; sizes and CRC are checked.
[[nodiscard]] Error readNpz(const std::string &path,
                            std::vector<NamedArray> &result,
                            const ReadLimits &limits = {});

/// The same for a file in memory; `name` stands for it in errors.
[[nodiscard]] Error readNpy(const uint8_t *data, size_t size,
                            const std::string &name, Array &result);
[[nodiscard]] Error readNpz(const uint8_t *data, size_t size,
                            const std::string &name,
                            std::vector<NamedArray> &result,
                            const ReadLimits &limits = {});

/// Writes `array` as .npy version 1. The bytes go to a new file beside `path`,
/// which then takes its name: `path` holds the old file or the whole new one.
/// A `path` that is a device or a pipe is written directly.
[[nodiscard]] Error writeNpy(const std::string &path, const Array &array);

/// Writes an .npz in the same way, its members stored, or deflated if
/// `compress`. Each member and the file must stay below 4 GiB.
[[nodiscard]] Error writeNpz(const std::string &path,
                             const std::vector<NamedArray> &arrays,
                             bool compress = false);

} // namespace spnn::numpy

#endif // SPNN_IMPORT_NUMPY_H
