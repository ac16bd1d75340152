//===- AtomicFile.h - A file that appears whole or not at all ---*- C++ -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writes a file under a temporary name in its folder and renames it when it is
// complete, so that nobody ever reads half of it.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_IMPORT_ATOMICFILE_H
#define SPNN_IMPORT_ATOMICFILE_H

#include <cstdint>
#include <optional>
#include <string>

namespace spnn {

/// One file being written. Without commit() nothing of it stays.
class AtomicFile {
public:
  /// Nothing, or one sentence that names the file and the system's reason.
  using Error = std::optional<std::string>;

  AtomicFile() = default;
  AtomicFile(const AtomicFile &) = delete;
  AtomicFile &operator=(const AtomicFile &) = delete;
  ~AtomicFile();

  /// Begins the file. What a symbolic link at `path` names is replaced, not
  /// the link; a device or a pipe is written directly.
  [[nodiscard]] Error open(const std::string &path);
  [[nodiscard]] Error write(const void *bytes, uint64_t count);
  /// Gives the file its name.
  [[nodiscard]] Error commit();
  uint64_t bytesWritten() const { return written; }

private:
  Error fail() const;

  std::string path;      ///< as the caller named it
  std::string target;    ///< behind symbolic links
  std::string temporary; ///< "" if the target is written directly
  int fd = -1;
  uint64_t written = 0;
};

} // namespace spnn

#endif // SPNN_IMPORT_ATOMICFILE_H
