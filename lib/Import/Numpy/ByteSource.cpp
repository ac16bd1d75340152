//===- ByteSource.cpp - Bytes of a file or of memory ----------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Memory and regular files as ByteSource.
//
//===----------------------------------------------------------------------===//
#include "ByteSource.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace spnn::numpy;

Error ByteSource::read(uint64_t offset, void *to, uint64_t count) const {
  if (offset > bytes || count > bytes - offset)
    return label + " ends early: it has " + std::to_string(bytes) + " bytes";
  if (count == 0)
    return std::nullopt;
  return doRead(offset, static_cast<uint8_t *>(to), count);
}

MemorySource::MemorySource(const uint8_t *data, uint64_t size,
                           const std::string &name)
    : data(data) {
  bytes = size;
  label = "'" + name + "'";
}

Error MemorySource::doRead(uint64_t offset, uint8_t *to, uint64_t count) const {
  std::memcpy(to, data + offset, count);
  return std::nullopt;
}

FileSource::~FileSource() {
  if (fd >= 0)
    close(fd);
}

Error FileSource::open(const std::string &path) {
  label = "'" + path + "'";
  // Without O_NONBLOCK the name of a pipe would wait for a writer.
  fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) != 0)
    return "cannot open " + label + ": " + std::strerror(errno);
  if (!S_ISREG(status.st_mode))
    return label + " is not a regular file";
  bytes = status.st_size;
  return std::nullopt;
}

Error FileSource::doRead(uint64_t offset, uint8_t *to, uint64_t count) const {
  while (count > 0) {
    // Linux reads at most 2 GiB at a time.
    ssize_t done = pread(fd, to, std::min<uint64_t>(count, 1u << 30),
                         static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return "cannot read " + label + ": " + std::strerror(errno);
    if (done == 0)
      return label + " became shorter while it was read";
    offset += done;
    to += done;
    count -= done;
  }
  return std::nullopt;
}
