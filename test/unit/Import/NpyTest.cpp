//===- NpyTest.cpp - Tests of the .npy reader and writer ------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What .npy files the reader takes, how it refuses the others, and that what is
// written is whole.
//
//===----------------------------------------------------------------------===//
#include "spnn/Import/AtomicFile.h"
#include "spnn/Import/Numpy.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstring>
#include <dirent.h>
#include <fstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace spnn;
using namespace spnn::numpy;

namespace {

/// An .npy file with this header text and these bytes.
std::string npy(const std::string &header, const std::string &data,
                int version = 1) {
  std::string text = header + "\n";
  std::string file = "\x93NUMPY";
  file += static_cast<char>(version);
  file += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    file += static_cast<char>(text.size() >> (8 * i) & 0xff);
  return file + text + data;
}

std::string header(const std::string &descr, const std::string &shape,
                   const std::string &fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran +
         ", 'shape': " + shape + ", }";
}

Error read(const std::string &file, Array &array) {
  return readNpy(reinterpret_cast<const uint8_t *>(file.data()), file.size(),
                 "f.npy", array);
}

void expectRefused(const std::string &file, const std::string &reason) {
  Array array;
  Error error = read(file, array);
  ASSERT_TRUE(error) << "accepted, expected: " << reason;
  EXPECT_NE(error->find(reason), std::string::npos) << *error;
  EXPECT_NE(error->find("'f.npy'"), std::string::npos) << *error;
}

TEST(Npy, ReadsEveryVersion) {
  for (int version : {1, 2, 3}) {
    Array array;
    ASSERT_EQ(read(npy(header("|u1", "(2, 3)"), "abcdef", version), array),
              std::nullopt);
    EXPECT_EQ(array.dtype, DType::U8);
    EXPECT_EQ(array.shape, (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(std::string(array.bytes.begin(), array.bytes.end()), "abcdef");
  }
}

TEST(Npy, ReadsEveryType) {
  const std::pair<const char *, DType> types[] = {
      {"|b1", DType::Bool}, {"|i1", DType::I8},  {"<i2", DType::I16},
      {"<i4", DType::I32},  {"<i8", DType::I64}, {"|u1", DType::U8},
      {"<u2", DType::U16},  {"<u4", DType::U32}, {"<u8", DType::U64},
      {"<f2", DType::F16},  {"<f4", DType::F32}, {"=f8", DType::F64}};
  for (auto [descr, dtype] : types) {
    Array array;
    std::string data(3 * dtypeBytes(dtype), '\1');
    ASSERT_EQ(read(npy(header(descr, "(3,)"), data), array), std::nullopt)
        << descr;
    EXPECT_EQ(array.dtype, dtype);
    EXPECT_EQ(array.size(), 3);
    EXPECT_EQ(std::string(array.bytes.begin(), array.bytes.end()), data);
  }
}

TEST(Npy, SwapsBigEndian) {
  Array array;
  ASSERT_EQ(read(npy(header(">i4", "(2,)"), std::string("\0\0\1\2\3\4\5\6", 8)),
                 array),
            std::nullopt);
  int32_t values[2];
  std::memcpy(values, array.bytes.data(), 8);
  EXPECT_EQ(values[0], 0x102);
  EXPECT_EQ(values[1], 0x3040506);
}

TEST(Npy, TransposesFortranOrder) {
  Array array;
  // Column-major 2 x 3 x 2: the element (i, j, k) is at i + 2 j + 6 k.
  ASSERT_EQ(
      read(npy(header("|u1", "(2, 3, 2)", "True"), "abcdefghijkl"), array),
      std::nullopt);
  EXPECT_EQ(std::string(array.bytes.begin(), array.bytes.end()),
            "agciekbhdjfl");
  ASSERT_EQ(read(npy(header("<u2", "(2, 2)", "True"), "aabbccdd"), array),
            std::nullopt);
  EXPECT_EQ(std::string(array.bytes.begin(), array.bytes.end()), "aaccbbdd");
  ASSERT_EQ(read(npy(header("<f8", "(3, 0, 2)", "True"), ""), array),
            std::nullopt);
  EXPECT_EQ(array.size(), 0);
}

TEST(Npy, ReadsScalarsAndOddHeaders) {
  Array array;
  ASSERT_EQ(read(npy(header("|u1", "()"), "x"), array), std::nullopt);
  EXPECT_TRUE(array.shape.empty());
  EXPECT_EQ(array.size(), 1);
  // Any order of keys, double quotes, Python 2's long integers, no last comma.
  ASSERT_EQ(read(npy("{\"shape\":(2L,1L),\"fortran_order\":False,"
                     "\"descr\":\"<u1\"}   ",
                     "xy"),
                 array),
            std::nullopt);
  EXPECT_EQ(array.shape, (std::vector<int64_t>{2, 1}));
  // A header beyond the first read.
  ASSERT_EQ(
      read(npy(header("|u1", "(2,)") + std::string(5000, ' '), "xy"), array),
      std::nullopt);
}

TEST(Npy, MakesBoolsZeroOrOne) {
  Array array;
  ASSERT_EQ(read(npy(header("|b1", "(3,)"), std::string("\0\1\xff", 3)), array),
            std::nullopt);
  EXPECT_EQ(array.bytes, (std::vector<uint8_t>{0, 1, 1}));
}

TEST(Npy, RefusesOtherTypes) {
  expectRefused(npy(header("|O", "(1,)"), "x"), "Python objects");
  expectRefused(npy("{'descr': [('a', '<f4')], 'fortran_order': False, "
                    "'shape': (1,), }",
                    "abcd"),
                "records");
  for (const char *descr : {"<c8", "|S3", "<U2", "<M8[ns]", "<f16", "f4", "",
                            "<", "|f4", "<i3", "<b2", "?f4"})
    expectRefused(npy(header(descr, "(1,)"), "abcd"), "holds elements of type");
}

TEST(Npy, RefusesLies) {
  expectRefused("", "too short");
  expectRefused("\x93NUMPY\1", "too short");
  expectRefused("not an array at all", "does not begin with");
  expectRefused(npy(header("|u1", "(1,)"), "x", 4), "version 4");
  expectRefused(npy(header("|u1", "(3,)"), "xy"),
                "holds 2 bytes of data where its header calls for 3");
  expectRefused(npy(header("|u1", "(1,)"), "xy"), "holds 2 bytes");
  std::string longer = npy(header("|u1", "(1,)"), "x");
  longer[8] = '\xff';
  longer[9] = '\xff';
  expectRefused(longer, "claims 65535 bytes");
  std::string huge = npy(header("|u1", "(1,)"), "x", 2);
  huge[11] = '\xff';
  expectRefused(huge, "more than it can have");
}

TEST(Npy, RefusesShapes) {
  expectRefused(npy(header("<f8", "(4611686018427387904, 4)"), ""),
                "too large");
  expectRefused(npy(header("<f8", "(0, 4611686018427387904, 4)"), ""),
                "too large");
  expectRefused(npy(header("<f8", "(99999999999999999999,)"), ""), "too large");
  std::string deep = "(";
  for (int i = 0; i < 65; ++i)
    deep += "1, ";
  expectRefused(npy(header("|u1", deep + ")"), "x"), "more than 64 dimensions");
  for (const char *shape : {"(-1,)", "(3)", "3", "(,)", "(1 2)", "(1,,2)", "(1",
                            "(1.5,)", "[3]", "(L,)"})
    expectRefused(npy(header("|u1", shape), "xyz"), "not a tuple of lengths");
}

TEST(Npy, RefusesHeaders) {
  for (const char *text :
       {"", "{}", "{'descr': '|u1'}", "[]",
        "{'descr': '|u1', 'fortran_order': 0, 'shape': (1,)}",
        "{'descr': '|u1' 'fortran_order': False, 'shape': (1,)}",
        "{'descr: '|u1', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)} x"})
    expectRefused(npy(text, "x"), "not a dictionary");
  expectRefused(npy("{'descr': '|u1', 'descr': '|u1'}", "x"),
                "repeated key 'descr'");
  expectRefused(npy("{'evil\x01': 1}", "x"), "key 'evil?'");
}

std::vector<std::string> filesIn(const std::string &folder) {
  std::vector<std::string> names;
  DIR *dir = opendir(folder.c_str());
  while (dirent *entry = readdir(dir))
    if (entry->d_name[0] != '.')
      names.push_back(entry->d_name);
  closedir(dir);
  return names;
}

class NpyFile : public ::testing::Test {
protected:
  void SetUp() override {
    folder = testing::TempDir() + "npy-test.XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
  }
  void TearDown() override {
    for (const std::string &name : filesIn(folder))
      unlink((folder + "/" + name).c_str());
    rmdir(folder.c_str());
  }
  std::string folder;
};

TEST_F(NpyFile, WritesWhatItReads) {
  std::string path = folder + "/a.npy";
  for (const std::vector<int64_t> &shape :
       {std::vector<int64_t>{}, {0}, {5}, {2, 3}, {3, 0, 1}, {2, 1, 2, 3}}) {
    for (DType dtype : {DType::Bool, DType::I8, DType::U16, DType::F16,
                        DType::F32, DType::I64, DType::F64}) {
      Array array;
      array.dtype = dtype;
      array.shape = shape;
      array.bytes.resize(array.size() * dtypeBytes(dtype), 1);
      ASSERT_EQ(writeNpy(path, array), std::nullopt);
      struct stat status;
      ASSERT_EQ(stat(path.c_str(), &status), 0);
      EXPECT_EQ((status.st_size - array.bytes.size()) % 64, 0u);
      Array back;
      ASSERT_EQ(readNpy(path, back), std::nullopt);
      EXPECT_EQ(back.dtype, dtype);
      EXPECT_EQ(back.shape, shape);
      EXPECT_EQ(back.bytes, array.bytes);
    }
  }
  EXPECT_EQ(filesIn(folder), std::vector<std::string>{"a.npy"});
}

TEST_F(NpyFile, KeepsTheOldFileWhenTheDiskIsFull) {
  std::string path = folder + "/a.npy";
  Array array;
  array.dtype = DType::U8;
  array.shape = {3};
  array.bytes = {1, 2, 3};
  ASSERT_EQ(writeNpy(path, array), std::nullopt);
  // A limit on the size of files stands for the full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before, limit;
  getrlimit(RLIMIT_FSIZE, &before);
  limit = before;
  limit.rlim_cur = 1 << 16;
  setrlimit(RLIMIT_FSIZE, &limit);
  Array large;
  large.dtype = DType::U8;
  large.shape = {1 << 20};
  large.bytes.resize(1 << 20);
  Error error = writeNpy(path, large);
  setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_TRUE(error);
  EXPECT_NE(error->find("cannot write '" + path + "': File too large"),
            std::string::npos)
      << *error;
  EXPECT_EQ(filesIn(folder), std::vector<std::string>{"a.npy"});
  Array back;
  ASSERT_EQ(readNpy(path, back), std::nullopt);
  EXPECT_EQ(back.bytes, array.bytes);
}

TEST_F(NpyFile, ReportsErrorsOfTheSystem) {
  Array array;
  array.dtype = DType::U8;
  EXPECT_TRUE(writeNpy(folder + "/a.npy", array)) << "bytes are missing";
  array.bytes = {1};
  EXPECT_TRUE(writeNpy(folder, array)) << "a folder";
  EXPECT_TRUE(writeNpy(folder + "/no/a.npy", array));
  Error error = writeNpy("/dev/full", array);
  ASSERT_TRUE(error);
  EXPECT_NE(error->find("No space left"), std::string::npos) << *error;
  EXPECT_EQ(writeNpy("/dev/null", array), std::nullopt);
  struct stat status;
  ASSERT_EQ(stat("/dev/null", &status), 0);
  EXPECT_TRUE(S_ISCHR(status.st_mode)) << "the device is still a device";

  EXPECT_TRUE(readNpy(folder, array));
  EXPECT_TRUE(readNpy(folder + "/none.npy", array));
  EXPECT_TRUE(readNpy("/dev/zero", array)) << "not a regular file";
}

TEST_F(NpyFile, FollowsLinksAndKeepsModes) {
  Array array;
  array.dtype = DType::U8;
  array.bytes = {1};
  std::string path = folder + "/a.npy", link = folder + "/b.npy";
  ASSERT_EQ(writeNpy(path, array), std::nullopt);
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  ASSERT_EQ(symlink("a.npy", link.c_str()), 0);
  array.bytes = {2};
  ASSERT_EQ(writeNpy(link, array), std::nullopt);
  struct stat status;
  ASSERT_EQ(lstat(link.c_str(), &status), 0);
  EXPECT_TRUE(S_ISLNK(status.st_mode));
  ASSERT_EQ(lstat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640u);
  Array back;
  ASSERT_EQ(readNpy(path, back), std::nullopt);
  EXPECT_EQ(back.bytes, array.bytes);
}

TEST_F(NpyFile, LeavesNothingWithoutCommit) {
  {
    AtomicFile file;
    ASSERT_EQ(file.open(folder + "/a"), std::nullopt);
    ASSERT_EQ(file.write("abc", 3), std::nullopt);
    EXPECT_EQ(file.bytesWritten(), 3u);
  }
  EXPECT_TRUE(filesIn(folder).empty());
}

} // namespace
