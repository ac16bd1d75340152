//===- AtomicFile.cpp - A file that appears whole or not at all -----------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writes a file under a temporary name in its folder and renames it when it is
// complete.
//
//===----------------------------------------------------------------------===//
#include "spnn/Import/AtomicFile.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace spnn;

AtomicFile::~AtomicFile() {
  if (fd >= 0)
    close(fd);
  if (!temporary.empty())
    unlink(temporary.c_str());
}

AtomicFile::Error AtomicFile::fail() const {
  return "cannot write '" + path + "': " + std::strerror(errno);
}

AtomicFile::Error AtomicFile::open(const std::string &name) {
  path = target = name;
  struct stat status;
  bool exists = stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) {
    errno = EISDIR;
    return fail();
  }
  if (exists && !S_ISREG(status.st_mode)) {
    // Renaming over /dev/null would replace the device.
    fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    return fd < 0 ? fail() : std::nullopt;
  }
  if (exists) {
    if (char *resolved = realpath(path.c_str(), nullptr)) {
      target = resolved;
      free(resolved);
    }
  }
  std::string pattern = target + ".XXXXXX";
  fd = mkostemp(pattern.data(), O_CLOEXEC);
  if (fd < 0)
    return fail();
  temporary = pattern;
  // mkostemp makes the file private; give it what open would have.
  mode_t mask = umask(0);
  umask(mask);
  mode_t mode = exists ? status.st_mode & 07777 : 0666 & ~mask;
  if (fchmod(fd, mode) != 0)
    return fail();
  return std::nullopt;
}

AtomicFile::Error AtomicFile::write(const void *bytes, uint64_t count) {
  const char *at = static_cast<const char *>(bytes);
  while (count > 0) {
    ssize_t done = ::write(fd, at, std::min<uint64_t>(count, 1u << 30));
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return fail();
    at += done;
    count -= done;
    written += done;
  }
  return std::nullopt;
}

AtomicFile::Error AtomicFile::commit() {
  // A full disk may only show here, when delayed blocks get their place.
  if (!temporary.empty() && fsync(fd) != 0)
    return fail();
  int closed = close(fd);
  fd = -1;
  if (closed != 0)
    return fail();
  if (temporary.empty())
    return std::nullopt;
  if (rename(temporary.c_str(), target.c_str()) != 0)
    return fail();
  temporary.clear();
  return std::nullopt;
}
