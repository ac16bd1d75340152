//===- NpzWriter.cpp - Writes .npz files ----------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writer of .npz files: zip archives whose members, stored or deflated, are
// .npy files.
//
//===----------------------------------------------------------------------===//
#include "ByteSource.h"
#include "Zip.h"

#include "spnn/Import/AtomicFile.h"

#include <new>
#include <set>

using namespace spnn;
using namespace spnn::numpy;
using namespace spnn::numpy::zip;

namespace {

void put16(std::string &to, uint16_t value) {
  to += static_cast<char>(value & 0xff);
  to += static_cast<char>(value >> 8);
}
void put32(std::string &to, uint32_t value) {
  put16(to, value & 0xffff);
  put16(to, value >> 16);
}

/// Deflates header and bytes of one member.
bool deflateAll(const std::string &header, const Array &array,
                std::vector<uint8_t> &packed) {
  z_stream z = {};
  if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    return false;
  packed.resize(deflateBound(&z, header.size() + array.bytes.size()));
  z.next_out = packed.data();
  z.avail_out = packed.size();
  z.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(header.data()));
  z.avail_in = header.size();
  int status = deflate(&z, Z_NO_FLUSH);
  if (status == Z_OK) {
    z.next_in = const_cast<Bytef *>(array.bytes.data());
    z.avail_in = array.bytes.size();
    status = deflate(&z, Z_FINISH);
  }
  packed.resize(packed.size() - z.avail_out);
  deflateEnd(&z);
  return status == Z_STREAM_END;
}

/// What a member's header and its directory entry have in common.
std::string commonFields(uint16_t method, uint32_t crc, uint32_t packedBytes,
                         uint32_t bytes, uint16_t nameBytes) {
  std::string fields;
  put16(fields, 20); // needs version 2.0: deflate
  put16(fields, utf8Flag);
  put16(fields, method);
  // 1980-01-01 00:00, so that equal arrays make equal files.
  put16(fields, 0);
  put16(fields, 1 << 5 | 1);
  put32(fields, crc);
  put32(fields, packedBytes);
  put32(fields, bytes);
  put16(fields, nameBytes);
  put16(fields, 0); // no extra fields
  return fields;
}

Error writeArchive(const std::string &path,
                   const std::vector<NamedArray> &arrays, bool compress) {
  // 0xffffffff and 0xffff mean "see the zip64 fields".
  constexpr uint64_t limit = 0xfffffffe;
  auto refuse = [&](const std::string &reason) -> Error {
    return "cannot write '" + path + "': " + reason;
  };
  if (arrays.size() >= 0xffff)
    return refuse("an .npz file holds at most 65534 arrays");
  AtomicFile file;
  if (Error error = file.open(path))
    return error;
  std::string directory;
  std::set<std::string> names;
  for (const NamedArray &named : arrays) {
    const Array &array = named.array;
    std::string who = "array '" + named.name + "' ";
    std::string name = named.name + ".npy";
    if (!isConsistent(array))
      return refuse(who + "has bytes that do not match its shape");
    if (named.name.empty() || name.size() > 0xffff ||
        !names.insert(named.name).second)
      return refuse(who + "has no name, too long a name or another's name");
    std::string header = makeNpyHeader(array);
    uint64_t bytes = header.size() + array.bytes.size();
    if (bytes > limit || file.bytesWritten() > limit - bytes)
      return refuse("it would exceed the 4 GiB of a zip file; write " + who +
                    "as .npy");
    uint32_t crc = crcOf(0, reinterpret_cast<const uint8_t *>(header.data()),
                         header.size());
    crc = crcOf(crc, array.bytes.data(), array.bytes.size());
    std::vector<uint8_t> packed;
    bool deflated =
        compress && deflateAll(header, array, packed) && packed.size() < bytes;
    std::string common =
        commonFields(deflated ? deflateMethod : storedMethod, crc,
                     deflated ? packed.size() : bytes, bytes, name.size());
    put32(directory, directorySignature);
    put16(directory, 3 << 8 | 20); // made on Unix
    directory += common;
    put16(directory, 0); // no comment
    put16(directory, 0); // disk 0
    put16(directory, 0); // internal attributes
    put32(directory, 0100644u << 16);
    put32(directory, file.bytesWritten());
    directory += name;
    std::string local;
    put32(local, localSignature);
    local += common + name;
    if (Error error = file.write(local.data(), local.size()))
      return error;
    if (deflated) {
      if (Error error = file.write(packed.data(), packed.size()))
        return error;
      continue;
    }
    if (Error error = file.write(header.data(), header.size()))
      return error;
    if (Error error = file.write(array.bytes.data(), array.bytes.size()))
      return error;
  }
  uint64_t offset = file.bytesWritten();
  if (offset > limit || directory.size() > limit)
    return refuse("it would exceed the 4 GiB of a zip file");
  uint64_t directorySize = directory.size();
  put32(directory, endSignature);
  put32(directory, 0); // disks
  put16(directory, arrays.size());
  put16(directory, arrays.size());
  put32(directory, directorySize);
  put32(directory, offset);
  put16(directory, 0); // no comment
  if (Error error = file.write(directory.data(), directory.size()))
    return error;
  return file.commit();
}

} // namespace

Error spnn::numpy::writeNpz(const std::string &path,
                            const std::vector<NamedArray> &arrays,
                            bool compress) try {
  return writeArchive(path, arrays, compress);
} catch (const std::bad_alloc &) {
  return "memory is too short to write '" + path + "'";
}
