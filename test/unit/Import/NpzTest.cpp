//===- NpzTest.cpp - Tests of the .npz reader and writer ------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What zip archives the reader takes, and how it refuses those that are damaged
// or lie about their sizes.
//
//===----------------------------------------------------------------------===//
#include "spnn/Import/Numpy.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <sstream>
#include <unistd.h>

using namespace spnn::numpy;

namespace {

NamedArray counted(const std::string &name, std::vector<int64_t> shape) {
  NamedArray named;
  named.name = name;
  named.array.dtype = DType::U16;
  named.array.shape = std::move(shape);
  for (int64_t i = 0; i < named.array.size(); ++i) {
    named.array.bytes.push_back(i & 0xff);
    named.array.bytes.push_back(i >> 8 & 0xff);
  }
  return named;
}

/// The bytes that writeNpz writes.
std::string archive(const std::vector<NamedArray> &arrays, bool compress) {
  std::string path = testing::TempDir() + "npz-test.XXXXXX";
  close(mkstemp(path.data()));
  EXPECT_EQ(writeNpz(path, arrays, compress), std::nullopt);
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  std::vector<NamedArray> back;
  EXPECT_EQ(readNpz(path, back), std::nullopt);
  EXPECT_EQ(back.size(), arrays.size());
  unlink(path.c_str());
  return text.str();
}

Error read(const std::string &file, std::vector<NamedArray> &arrays,
           const ReadLimits &limits = {}) {
  return readNpz(reinterpret_cast<const uint8_t *>(file.data()), file.size(),
                 "f.npz", arrays, limits);
}

void expectRefused(const std::string &file, const std::string &reason,
                   const ReadLimits &limits = {}) {
  std::vector<NamedArray> arrays;
  Error error = read(file, arrays, limits);
  ASSERT_TRUE(error) << "accepted, expected: " << reason;
  EXPECT_NE(error->find(reason), std::string::npos) << *error;
  EXPECT_NE(error->find("'f.npz'"), std::string::npos) << *error;
}

void put(std::string &file, size_t at, uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i)
    file.at(at + i) = static_cast<char>(value >> (8 * i));
}

/// Offset of the last directory entry and of the end record.
size_t lastEntry(const std::string &file) { return file.rfind("PK\1\2"); }
size_t endRecord(const std::string &file) { return file.rfind("PK\5\6"); }

TEST(Npz, ReadsWhatItWrites) {
  std::vector<NamedArray> arrays = {counted("x", {300, 7}), counted("y/0", {}),
                                    counted("\xc3\xa9", {0, 4})};
  for (bool compress : {false, true}) {
    std::string file = archive(arrays, compress);
    std::vector<NamedArray> back;
    ASSERT_EQ(read(file, back), std::nullopt);
    ASSERT_EQ(back.size(), 3u);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(back[i].name, arrays[i].name);
      EXPECT_EQ(back[i].array.shape, arrays[i].array.shape);
      EXPECT_EQ(back[i].array.bytes, arrays[i].array.bytes);
    }
    // Bytes after the end are a comment if the end record says so.
    put(file, endRecord(file) + 20, 3, 2);
    EXPECT_EQ(read(file + "abc", back), std::nullopt);
    expectRefused(file + "abcd", "has no zip directory");
  }
  EXPECT_LT(archive(arrays, true).size(), archive(arrays, false).size());
  EXPECT_EQ(archive({}, false).size(), 22u);
}

TEST(Npz, RefusesWhatItCannotWrite) {
  std::string path = testing::TempDir() + "refused.npz";
  EXPECT_TRUE(writeNpz(path, {counted("", {1})}));
  EXPECT_TRUE(writeNpz(path, {counted("x", {1}), counted("x", {2})}));
  EXPECT_TRUE(writeNpz(path, {{"x", {DType::F32, {4}, {}}}}));
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST(Npz, ReadsZip64) {
  // As numpy.savez does for large arrays: the sizes move to an extra field.
  std::string file = archive({counted("x", {3})}, false);
  size_t entry = lastEntry(file), end = endRecord(file);
  uint32_t bytes;
  std::memcpy(&bytes, &file[entry + 24], 4);
  std::string extra("\1\0\x18\0", 4);
  extra.append(24, '\0');
  put(extra, 4, bytes, 8);
  put(extra, 12, bytes, 8);
  put(file, entry + 20, 0xffffffff, 4);
  put(file, entry + 24, 0xffffffff, 4);
  put(file, entry + 42, 0xffffffff, 4);
  put(file, entry + 30, extra.size(), 2);
  file.insert(end, extra);
  size_t directoryBytes = end + extra.size() - entry;
  // The zip64 end record, its locator, and an end record that points there.
  std::string end64("PK\6\6", 4);
  end64.resize(56);
  put(end64, 4, 44, 8);
  put(end64, 24, 1, 8);
  put(end64, 32, 1, 8);
  put(end64, 40, directoryBytes, 8);
  put(end64, 48, entry, 8);
  std::string locator("PK\6\7", 4);
  locator.resize(20);
  size_t end64Offset = endRecord(file);
  put(locator, 8, end64Offset, 8);
  put(locator, 16, 1, 4);
  file.insert(end64Offset, end64 + locator);
  end = endRecord(file);
  put(file, end + 8, 0xffff, 2);
  put(file, end + 10, 0xffff, 2);
  put(file, end + 12, 0xffffffff, 4);
  put(file, end + 16, 0xffffffff, 4);
  std::vector<NamedArray> back;
  ASSERT_EQ(read(file, back), std::nullopt);
  EXPECT_EQ(back.at(0).array.shape, std::vector<int64_t>{3});

  std::string lie = file;
  put(lie, end64Offset + 40, uint64_t(1) << 63, 8);
  expectRefused(lie, "beyond the end of the file");
  lie = file;
  put(lie, entry + 46 + 5 + 12, UINT64_MAX, 8);
  expectRefused(lie, "two different sizes");
  lie = file;
  put(lie, entry + 46 + 5 + 2, 20, 2);
  expectRefused(lie, "zip64 field ends early");
  lie = file;
  put(lie, endRecord(file) - 20 + 8, uint64_t(1) << 62, 8);
  expectRefused(lie, "ends early");
}

TEST(Npz, RefusesWhatIsNoArchive) {
  expectRefused("", "too short");
  expectRefused(std::string(100, 'x'), "does not begin with PK");
  expectRefused("PK" + std::string(100, 'x'), "no zip directory");
  std::string file = archive({counted("x", {300})}, true);
  for (size_t bytes = 0; bytes < file.size(); ++bytes) {
    std::vector<NamedArray> arrays;
    EXPECT_TRUE(read(file.substr(0, bytes), arrays)) << bytes;
  }
}

TEST(Npz, RefusesMembers) {
  std::string file = archive({counted("x", {300})}, true);
  size_t entry = lastEntry(file);
  auto changed = [&](size_t at, uint64_t value, unsigned bytes) {
    std::string copy = file;
    put(copy, entry + at, value, bytes);
    return copy;
  };
  expectRefused(changed(8, 1, 2), "encrypted");
  expectRefused(changed(10, 12, 2), "compressed by method 12");
  expectRefused(changed(10, 0, 2), "two different sizes");
  expectRefused(changed(16, 0, 4), "checksum is wrong");
  expectRefused(changed(20, 0x7fffffff, 4), "more bytes than the file has");
  expectRefused(changed(24, 0x7fffffff, 4), "more bytes than its data");
  expectRefused(changed(42, 1, 4), "is not where the directory says");
  expectRefused(changed(42, 0x7fffffff, 4), "beyond the end of the file");
  expectRefused(changed(28, 0xffff, 2), "entry 0 ends early");
  expectRefused(changed(49, 'z', 1), "not an array (.npy)");
  std::string damaged = file;
  damaged[100] ^= 0x55;
  std::vector<NamedArray> arrays;
  EXPECT_TRUE(read(damaged, arrays));
  std::string twice = archive({counted("x", {1}), counted("z", {1})}, false);
  twice[lastEntry(twice) + 46] = 'x';
  expectRefused(twice, "holds the member 'x.npy' twice");
}

TEST(Npz, RefusesBombs) {
  NamedArray zeros;
  zeros.name = "x";
  zeros.array.dtype = DType::U8;
  zeros.array.shape = {1 << 22};
  zeros.array.bytes.resize(1 << 22);
  std::string file = archive({zeros}, true);
  EXPECT_LT(file.size(), 8000u);
  ReadLimits limits;
  limits.inflatedBytes = 1 << 20;
  expectRefused(file, "more than the limit of 1048576 bytes", limits);
  // The entry promises less than the data inflate to, then more.
  size_t entry = lastEntry(file);
  uint32_t bytes;
  std::memcpy(&bytes, &file[entry + 24], 4);
  std::string lie = file;
  put(lie, entry + 24, bytes - 1, 4);
  expectRefused(lie, "bytes of data where its header calls for");
  put(lie, entry + 24, bytes + 1, 4);
  expectRefused(lie, "bytes of data where its header calls for");
  // Two entries over the same bytes.
  std::string pair = archive({zeros, counted("z", {300})}, true);
  size_t first = pair.find("PK\1\2"), second = lastEntry(pair);
  pair.replace(second + 10, 36, pair.substr(first + 10, 36));
  expectRefused(pair, "overlap");
}

} // namespace
