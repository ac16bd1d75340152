//===- NumpyMutationTest.cpp - Damaged NumPy files ------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads thousands of damaged copies of good files: none may crash, and what is
// accepted is consistent. Run with sanitizers for the full effect.
//
//===----------------------------------------------------------------------===//
#include "spnn/Import/Numpy.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>
#include <unistd.h>

using namespace spnn::numpy;

namespace {

constexpr unsigned mutations = 4000;

std::string slurp(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// Changes bits, bytes, numbers and lengths, more often near both ends, where
/// the headers are.
std::string mutate(std::string file, std::mt19937_64 &random) {
  auto below = [&](size_t n) { return n ? random() % n : 0; };
  for (size_t changes = 1 + below(4); changes > 0 && !file.empty(); --changes) {
    size_t at = below(file.size());
    if (below(2))
      at = below(std::min<size_t>(file.size(), 130));
    else if (below(2))
      at = file.size() - 1 - below(std::min<size_t>(file.size(), 130));
    switch (below(6)) {
    case 0:
      file[at] ^= 1 << below(8);
      break;
    case 1:
      file[at] = static_cast<char>(random());
      break;
    case 2: // a number at its limits
      for (size_t i = at, end = at + (2u << below(3));
           i < end && i < file.size(); ++i)
        file[i] = below(4) ? '\xff' : '\x7f';
      break;
    case 3:
      file.resize(at);
      break;
    case 4:
      file.insert(at, file.substr(below(file.size()), below(40)));
      break;
    default:
      file.erase(at, below(40));
    }
  }
  return file;
}

bool consistent(const Array &array) {
  for (uint8_t byte : array.bytes)
    if (array.dtype == DType::Bool && byte > 1)
      return false;
  return array.bytes.size() ==
         static_cast<uint64_t>(array.size()) * dtypeBytes(array.dtype);
}

std::vector<NamedArray> samples() {
  std::vector<NamedArray> arrays(3);
  arrays[0].name = "weights";
  arrays[0].array.shape = {5, 3};
  arrays[0].array.bytes.resize(60, 7);
  arrays[1].name = "mask";
  arrays[1].array.dtype = DType::Bool;
  arrays[1].array.shape = {300};
  arrays[1].array.bytes.resize(300, 1);
  arrays[2].name = "n";
  arrays[2].array.dtype = DType::I64;
  arrays[2].array.bytes.resize(8);
  return arrays;
}

TEST(NumpyMutation, Npy) {
  std::mt19937_64 random(1);
  std::string path = testing::TempDir() + "mutation.XXXXXX";
  close(mkstemp(path.data()));
  for (const NamedArray &sample : samples()) {
    ASSERT_EQ(writeNpy(path, sample.array), std::nullopt);
    std::string good = slurp(path);
    for (unsigned i = 0; i < mutations; ++i) {
      std::string bad = mutate(good, random);
      Array array;
      Error error = readNpy(reinterpret_cast<const uint8_t *>(bad.data()),
                            bad.size(), "bad.npy", array);
      ASSERT_TRUE(error || consistent(array));
    }
  }
  unlink(path.c_str());
}

TEST(NumpyMutation, Npz) {
  std::mt19937_64 random(2);
  std::string path = testing::TempDir() + "mutation.XXXXXX";
  close(mkstemp(path.data()));
  unsigned accepted = 0;
  for (bool compress : {false, true}) {
    ASSERT_EQ(writeNpz(path, samples(), compress), std::nullopt);
    std::string good = slurp(path);
    for (unsigned i = 0; i < mutations; ++i) {
      std::string bad = mutate(good, random);
      std::vector<NamedArray> arrays;
      Error error = readNpz(reinterpret_cast<const uint8_t *>(bad.data()),
                            bad.size(), "bad.npz", arrays);
      if (error)
        continue;
      ++accepted;
      for (const NamedArray &named : arrays)
        ASSERT_TRUE(consistent(named.array));
    }
  }
  // Some damage is harmless (dates, attributes); most is not.
  EXPECT_LT(accepted, mutations);
  unlink(path.c_str());
}

} // namespace
