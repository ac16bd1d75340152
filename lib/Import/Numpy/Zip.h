//===- Zip.h - The numbers of the zip format --------------------*- C++ -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Signatures, sizes and flags that the reader and the writer of .npz files
// share. The section numbers are those of PKWARE's APPNOTE.TXT 6.3.10, the zip
// specification.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_IMPORT_NUMPY_ZIP_H
#define SPNN_LIB_IMPORT_NUMPY_ZIP_H

#include <cstdint>
#include <zlib.h>

namespace spnn::numpy::zip {

constexpr uint32_t localSignature = 0x04034b50;     // 4.3.7
constexpr uint32_t directorySignature = 0x02014b50; // 4.3.12
constexpr uint32_t endSignature = 0x06054b50;       // 4.3.16
constexpr uint32_t end64Signature = 0x06064b50;     // 4.3.14
constexpr uint32_t locator64Signature = 0x07064b50; // 4.3.15
constexpr unsigned localBytes = 30, directoryBytes = 46, endBytes = 22,
                   end64Bytes = 56, locator64Bytes = 20;
constexpr uint16_t storedMethod = 0, deflateMethod = 8;
constexpr uint16_t encryptedFlag = 1, utf8Flag = 1 << 11;

/// CRC-32 of any number of bytes. zlib takes a null pointer, which an empty
/// array has, for the wish to start again.
inline uint32_t crcOf(uint32_t crc, const uint8_t *data, uint64_t count) {
  return count == 0 ? crc : crc32_z(crc, data, count);
}

} // namespace spnn::numpy::zip

#endif // SPNN_LIB_IMPORT_NUMPY_ZIP_H
