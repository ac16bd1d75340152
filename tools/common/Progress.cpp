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
#include "Progress.h"

#include <cstdio>
#include <sys/ioctl.h>
#include <unistd.h>

using spnn::Progress;

/// `text` without what the terminal has no room for: a line that wraps cannot be erased.
static std::string fit(const std::string &text) {
  winsize size;
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col == 0 || text.size() < size.ws_col)
    return text;
  size_t end = size.ws_col - 1;
  // Not in the middle of a character of UTF-8.
  while (end > 0 && (text[end] & 0xC0) == 0x80)
    --end;
  return text.substr(0, end);
}

Progress::Progress(bool quiet) : enabled(!quiet && isatty(STDERR_FILENO)) {}

void Progress::show(const std::string &text) {
  if (!enabled)
    return;
  // Back to the margin, and erase what the line held.
  std::fprintf(stderr, "\r\033[K%s", fit(text).c_str());
  std::fflush(stderr);
  shown = true;
  last = std::chrono::steady_clock::now();
}

void Progress::update(const std::string &text) {
  if (enabled && std::chrono::steady_clock::now() - last > std::chrono::milliseconds(200))
    show(text);
}

void Progress::clear() {
  if (!shown)
    return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  shown = false;
}
