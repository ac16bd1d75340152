//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The line with which tools tell people who wait what they are doing.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TOOLS_COMMON_PROGRESS_H
#define SPNN_TOOLS_COMMON_PROGRESS_H

#include <chrono>
#include <string>

namespace spnn {

/// A line on standard error that is rewritten in place, if that is a terminal; elsewhere nothing. Whoever prints
/// anything else to the terminal clears it first.
class Progress {
public:
  explicit Progress(bool quiet = false);
  ~Progress() { clear(); }
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;
  /// Shows `text` at once.
  void show(const std::string &text);
  /// Shows `text` if the last one is some time ago.
  void update(const std::string &text);
  void clear();

private:
  bool enabled;
  bool shown = false;
  std::chrono::steady_clock::time_point last;
};

} // namespace spnn

#endif // SPNN_TOOLS_COMMON_PROGRESS_H
