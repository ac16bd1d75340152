//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The file of measured times: round trips, sharing, and files that are something else.
//
//===----------------------------------------------------------------------===//
#include "spnn/Tuning/TuningCache.h"

#include "gtest/gtest.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

using namespace spnn::tuning;

namespace {
class Cache : public ::testing::Test {
protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "spnn-tune-test.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern;
    path = folder + "/tune.json";
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  void spill(const std::string &text) { std::ofstream(path, std::ios::binary) << text; }
  std::string slurp() {
    std::stringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  size_t countFiles() {
    return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
  }

  std::string folder, path;
};
} // namespace

TEST_F(Cache, RoundTrip) {
  TuningCache cache;
  ASSERT_EQ(cache.load(path), std::nullopt) << "no file is an empty cache";
  EXPECT_EQ(cache.find("a"), std::nullopt);
  cache.add("a", 1.25);
  cache.add("b {k = 1}", 3e-3);
  cache.add("a", 1.5);
  EXPECT_EQ(cache.find("a"), 1.5) << "found before it is saved";
  ASSERT_EQ(cache.save(), std::nullopt);
  TuningCache other;
  ASSERT_EQ(other.load(path), std::nullopt);
  EXPECT_EQ(other.find("a"), 1.5);
  EXPECT_EQ(other.find("b {k = 1}"), 3e-3);
  EXPECT_EQ(other.find("b"), std::nullopt);
  EXPECT_EQ(countFiles(), 1u);
}

TEST_F(Cache, KeepsWhatOthersWrote) {
  TuningCache first, second;
  ASSERT_EQ(first.load(path), std::nullopt);
  ASSERT_EQ(second.load(path), std::nullopt);
  first.add("a", 1);
  second.add("b", 2);
  ASSERT_EQ(first.save(), std::nullopt);
  ASSERT_EQ(second.save(), std::nullopt);
  TuningCache both;
  ASSERT_EQ(both.load(path), std::nullopt);
  EXPECT_EQ(both.find("a"), 1);
  EXPECT_EQ(both.find("b"), 2);
}

TEST_F(Cache, WritersAtTheSameTimeLeaveAWholeFile) {
  auto write = [&](int number) {
    for (int i = 0; i < 20; ++i) {
      TuningCache cache;
      EXPECT_EQ(cache.load(path), std::nullopt);
      cache.add("writer " + std::to_string(number) + " " + std::to_string(i), i + 1);
      EXPECT_EQ(cache.save(), std::nullopt);
    }
  };
  std::thread one(write, 1), two(write, 2);
  one.join();
  two.join();
  TuningCache cache;
  ASSERT_EQ(cache.load(path), std::nullopt);
  EXPECT_EQ(countFiles(), 1u);
}

TEST_F(Cache, OtherFilesAreRefusedAndStay) {
  for (std::string text :
       {"", "{", "[]", "module {}\n", "{\"spnn_tune\": 1}", "{\"microseconds\": {}}",
        "{\"spnn_tune\": 2, \"microseconds\": {}}", "{\"spnn_tune\": 1, \"microseconds\": []}",
        "{\"spnn_tune\": 1, \"microseconds\": {\"a\": \"fast\"}}", "{\"spnn_tune\": 1, \"microseconds\": {\"a\": 0}}",
        "{\"spnn_tune\": 1, \"microseconds\": {\"a\": -1}}", "{\"spnn_tune\": 1, \"microseconds\": {\"a\": 1}"}) {
    SCOPED_TRACE(text);
    spill(text);
    TuningCache cache;
    TuningCache::Error error = cache.load(path);
    ASSERT_NE(error, std::nullopt);
    EXPECT_EQ(error->find("'" + path + "' is no cache of measured times: "), 0u) << *error;
    EXPECT_EQ(error->find('\n'), std::string::npos) << *error;
    cache.add("a", 1);
    EXPECT_NE(cache.save(), std::nullopt);
    EXPECT_EQ(slurp(), text);
  }
}

TEST_F(Cache, SaysThatItCannotBeWritten) {
  TuningCache cache;
  path = folder + "/file/tune.json";
  std::ofstream(folder + "/file") << "no folder";
  TuningCache::Error error = cache.load(path);
  if (!error)
    error = cache.checkWritable();
  ASSERT_NE(error, std::nullopt);
  EXPECT_NE(error->find(folder), std::string::npos);
}

TEST_F(Cache, MakesItsFolder) {
  path = folder + "/a/b/tune.json";
  TuningCache cache;
  ASSERT_EQ(cache.load(path), std::nullopt);
  ASSERT_EQ(cache.checkWritable(), std::nullopt);
  EXPECT_FALSE(std::filesystem::exists(path));
  cache.add("a", 1);
  ASSERT_EQ(cache.save(), std::nullopt);
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(Cache, DefaultPathFollowsTheEnvironment) {
  const char *home = std::getenv("HOME"), *cache = std::getenv("XDG_CACHE_HOME");
  std::string oldHome = home ? home : "", oldCache = cache ? cache : "";
  setenv("HOME", "/home/someone", 1);
  setenv("XDG_CACHE_HOME", "/somewhere", 1);
  EXPECT_EQ(TuningCache::getDefaultPath(), "/somewhere/spnn/tune.json");
  setenv("XDG_CACHE_HOME", "relative", 1);
  EXPECT_EQ(TuningCache::getDefaultPath(), "/home/someone/.cache/spnn/tune.json");
  unsetenv("XDG_CACHE_HOME");
  EXPECT_EQ(TuningCache::getDefaultPath(), "/home/someone/.cache/spnn/tune.json");
  unsetenv("HOME");
  EXPECT_EQ(TuningCache::getDefaultPath(), "");
  if (home)
    setenv("HOME", oldHome.c_str(), 1);
  if (cache)
    setenv("XDG_CACHE_HOME", oldCache.c_str(), 1);
}
