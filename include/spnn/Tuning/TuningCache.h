//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The file in which measured times of candidates are kept from one compilation to the next.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TUNING_TUNINGCACHE_H
#define SPNN_TUNING_TUNINGCACHE_H

#include "llvm/ADT/StringRef.h"

#include <map>
#include <optional>
#include <string>

namespace spnn::tuning {

/// Times by key, in JSON: {"spnn_tune": 1, "microseconds": {KEY: TIME, ...}}. A key says in words what was measured.
///
/// A file that is there and is no such cache is an error and stays as it is: it may be something else, named by
/// mistake. Files are replaced as a whole, so processes that share one never read half of it. What one adds while
/// another writes may be lost, and is then measured again.
class TuningCache {
public:
  /// Nothing, or one sentence that names the file.
  using Error = std::optional<std::string>;

  /// spnn/tune.json in $XDG_CACHE_HOME or in ~/.cache; "" where neither variable is an absolute path.
  static std::string getDefaultPath();

  /// Reads the file; none is an empty cache.
  [[nodiscard]] Error load(llvm::StringRef path);
  /// Whether the file could be written, so that nobody measures first and finds out then. Makes missing folders.
  [[nodiscard]] Error checkWritable() const;
  std::optional<double> find(llvm::StringRef key) const;
  void add(llvm::StringRef key, double microseconds) { added[key.str()] = microseconds; }
  /// Writes what was added beside what is in the file by now.
  [[nodiscard]] Error save();

private:
  std::string path;
  std::map<std::string, double> times, added;
};

} // namespace spnn::tuning

#endif // SPNN_TUNING_TUNINGCACHE_H
