//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tests of work in processes of its own: a crash is the failure of its item alone.
//
//===----------------------------------------------------------------------===//
#include "Children.h"

#include "gtest/gtest.h"

#include <csignal>
#include <cstdlib>
#include <unistd.h>

using namespace spnn::test;

namespace {

TEST(Children, GiveBackTheirText) {
  pid_t self = getpid();
  // More than a pipe holds, and nothing at all.
  std::vector<ChildResult> results = runInChildren(5, 2, 60, [&](size_t i) {
    return getpid() == self ? "the same process" : std::string(i * 100000, static_cast<char>('a' + i));
  });
  ASSERT_EQ(results.size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(results[i].death, std::nullopt);
    EXPECT_EQ(results[i].text, std::string(i * 100000, static_cast<char>('a' + i)));
  }
  EXPECT_TRUE(runInChildren(0, 2, 60, [](size_t) { return ""; }).empty());
}

TEST(Children, DieAlone) {
  std::vector<ChildResult> results = runInChildren(5, 2, 1, [](size_t i) -> std::string {
    // Without a handler, such as a sanitizer's.
    std::signal(SIGFPE, SIG_DFL);
    if (i == 1)
      raise(SIGFPE);
    if (i == 2)
      std::_Exit(3);
    while (i == 3)
      pause();
    return "alive";
  });
  EXPECT_EQ(results[0].text, "alive");
  EXPECT_EQ(results[0].death, std::nullopt);
  EXPECT_EQ(results[1].death, "it was ended by signal 8 (Floating point exception)");
  EXPECT_EQ(results[2].death, "its process ended with status 3");
  EXPECT_EQ(results[3].death, "it was ended by signal 14 (Alarm clock)");
  EXPECT_EQ(results[4].text, "alive");
}

} // namespace
