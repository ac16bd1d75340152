//===- SparseRunTest.cpp - The tool sparse-run from outside ---------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs sparse-run on hand-written models: what it prints and writes, and that
// every failure is exit status 1 and one line.
//
//===----------------------------------------------------------------------===//
#include "spnn/Import/Numpy.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fstream>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

using namespace spnn;

namespace {

std::string slurp(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void spill(const std::string &path, const std::string &text) {
  std::ofstream(path, std::ios::binary) << text;
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

numpy::Array floats(std::vector<int64_t> shape,
                    const std::vector<float> &values) {
  numpy::Array array;
  array.shape = std::move(shape);
  array.bytes.resize(values.size() * sizeof(float));
  if (!values.empty())
    std::memcpy(array.bytes.data(), values.data(), array.bytes.size());
  return array;
}

std::vector<float> values(const numpy::Array &array) {
  std::vector<float> result(array.bytes.size() / sizeof(float));
  std::memcpy(result.data(), array.bytes.data(), array.bytes.size());
  return result;
}

struct Result {
  int status = -1;
  std::string out, err;
};

/// A folder of its own for each test.
class SparseRun : public ::testing::Test {
protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sparse-run-test.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern + "/";
    ASSERT_EQ(std::system(("mkdir " + folder + "tmp").c_str()), 0);
    spill(folder + "m.mlir", "module {}\n");
    ASSERT_EQ(
        numpy::writeNpy(folder + "x.npy", floats({2, 3}, {1, 2, 3, 4, 5, 6})),
        std::nullopt);
  }
  void TearDown() override {
    // Whatever happened, no temporary model stays.
    EXPECT_TRUE(filesIn(folder + "tmp").empty());
    ASSERT_EQ(std::system(("rm -r " + folder).c_str()), 0);
  }

  /// Runs the tool in the test's folder.
  Result run(const std::string &arguments, const std::string &variables = "") {
    std::string command = "cd " + folder + " && env TMPDIR=" + folder +
                          "tmp SPNN_ENGINE=" FAKE_ENGINE_PATH " " + variables +
                          " " SPARSE_RUN_PATH " " + arguments +
                          " >out.txt 2>err.txt </dev/null";
    int status = std::system(command.c_str());
    Result result;
    if (WIFEXITED(status))
      result.status = WEXITSTATUS(status);
    result.out = slurp(folder + "out.txt");
    result.err = slurp(folder + "err.txt");
    return result;
  }

  void expectError(const std::string &arguments, const std::string &sentence,
                   const std::string &variables = "") {
    Result result = run(arguments, variables);
    SCOPED_TRACE(arguments + "\n" + result.err);
    EXPECT_EQ(result.status, 1);
    EXPECT_EQ(result.err.rfind("sparse-run: error: ", 0), 0u);
    EXPECT_NE(result.err.find(sentence), std::string::npos);
    EXPECT_EQ(result.err.find('\n'), result.err.size() - 1);
  }

  std::string folder;
};

TEST_F(SparseRun, DoublesTheInput) {
  Result result = run(FAKE_MODEL " --input x.npy --output y.npy");
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.status, 0);
  numpy::Array y;
  ASSERT_EQ(numpy::readNpy(folder + "y.npy", y), std::nullopt);
  EXPECT_EQ(y.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(values(y), (std::vector<float>{2, 4, 6, 8, 10, 12}));
  EXPECT_NE(result.out.find("output  y     f32[2, 3]    2     7   12"),
            std::string::npos)
      << result.out;
}

TEST_F(SparseRun, TakesNamesAndArchives) {
  ASSERT_EQ(numpy::writeNpz(folder + "in.npz", {{"b", floats({2}, {10, 20})},
                                                {"a", floats({2}, {1, 2})}}),
            std::nullopt);
  ASSERT_EQ(numpy::writeNpy(folder + "a.npy", floats({2}, {1, 2})),
            std::nullopt);
  ASSERT_EQ(numpy::writeNpy(folder + "c=.npy", floats({2}, {10, 20})),
            std::nullopt);
  for (const char *inputs :
       {"--input in.npz", "--input b=c=.npy --input a=a.npy",
        "--input=a.npy --input=c=.npy"}) {
    Result result = run(std::string(FAKE_MULTI " --quiet --function add "
                                               "--output out.npz ") +
                        inputs);
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.out, "");
    std::vector<numpy::NamedArray> outputs;
    ASSERT_EQ(numpy::readNpz(folder + "out.npz", outputs), std::nullopt);
    ASSERT_EQ(outputs.size(), 1u);
    EXPECT_EQ(outputs[0].name, "sum");
    EXPECT_EQ(values(outputs[0].array), (std::vector<float>{11, 22}));
  }
}

TEST_F(SparseRun, RoundsToBFloat16) {
  ASSERT_EQ(
      numpy::writeNpy(folder + "w.npy", floats({3}, {0, 1.00390625f, -3})),
      std::nullopt);
  Result result = run(FAKE_MULTI " --function widen --input w.npy --output "
                                 "y=y.npy --output count=c.npy");
  EXPECT_EQ(result.status, 0) << result.err;
  numpy::Array y, count;
  ASSERT_EQ(numpy::readNpy(folder + "y.npy", y), std::nullopt);
  ASSERT_EQ(numpy::readNpy(folder + "c.npy", count), std::nullopt);
  // 1 + 2^-8 lies halfway and goes to the even neighbour.
  EXPECT_EQ(values(y), (std::vector<float>{0, 1, -3}));
  EXPECT_EQ(count.dtype, numpy::DType::I64);
  EXPECT_EQ(count.bytes[0], 2);
}

TEST_F(SparseRun, MakesRepeatableRandomInputs) {
  std::string model = FAKE_MODEL " --output y.npy --quiet ";
  ASSERT_EQ(run(model + "--batch 100 --seed 7").status, 0);
  std::string first = slurp(folder + "y.npy");
  ASSERT_EQ(run(model + "--dim batch=100 --seed 7").status, 0);
  EXPECT_EQ(slurp(folder + "y.npy"), first);
  ASSERT_EQ(run(model + "--dim x.0=100 --seed 8").status, 0);
  EXPECT_NE(slurp(folder + "y.npy"), first);
  numpy::Array y;
  ASSERT_EQ(numpy::readNpy(folder + "y.npy", y), std::nullopt);
  double sum = 0, squares = 0;
  for (float value : values(y)) {
    sum += value / 2;
    squares += value * value / 4;
  }
  EXPECT_NEAR(sum / 300, 0, 0.3);
  EXPECT_NEAR(squares / 300, 1, 0.4);
}

TEST_F(SparseRun, RunsWithoutElements) {
  EXPECT_EQ(run(FAKE_MODEL " --batch 0").status, 0);
}

TEST_F(SparseRun, Times) {
  Result result = run(FAKE_MODEL " --batch 4 --bench --threads 2 --json j");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("median"), std::string::npos) << result.out;
  std::string json = slurp(folder + "j");
  for (const char *key : {"\"median\"", "\"repetitions\"", "\"threads\": 2",
                          "\"arena_bytes\": 64"})
    EXPECT_NE(json.find(key), std::string::npos) << key << json;
}

TEST_F(SparseRun, ReportsAccuracy) {
  numpy::Array labels;
  labels.dtype = numpy::DType::U8;
  labels.shape = {2};
  labels.bytes = {2, 0};
  ASSERT_EQ(numpy::writeNpy(folder + "l.npy", labels), std::nullopt);
  Result result = run(FAKE_MODEL " --input x.npy --labels l.npy");
  EXPECT_NE(result.out.find("50.00 % (1 of 2)"), std::string::npos)
      << result.out << result.err;
  labels.bytes = {2, 3};
  ASSERT_EQ(numpy::writeNpy(folder + "l.npy", labels), std::nullopt);
  expectError(FAKE_MODEL " --input x.npy --labels l.npy",
              "a class outside 0 to 2 at position 1");
  expectError(FAKE_MODEL " --input x.npy --labels x.npy", "another shape");
}

TEST_F(SparseRun, CompilesEvaluatesAndCompares) {
  Result result = run("m.mlir --input x.npy --output y.npy");
  EXPECT_EQ(result.status, 0) << result.err;
  numpy::Array y;
  ASSERT_EQ(numpy::readNpy(folder + "y.npy", y), std::nullopt);
  EXPECT_EQ(values(y)[5], 12);

  result = run("m.mlir --reference --input x.npy --output z.npy");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("reference evaluation"), std::string::npos);
  EXPECT_EQ(slurp(folder + "y.npy"), slurp(folder + "z.npy"));

  std::string compare = FAKE_MODEL " --input x.npy --reference=m.mlir";
  result = run(compare + " --json -");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("\"passes\": true"), std::string::npos);
  EXPECT_EQ(run(compare + " --tolerance 0.1", "FAKE_ENGINE=wrong").status, 0);
  expectError(compare, "output 'y' differs from the reference by 0.08333",
              "FAKE_ENGINE=wrong");
}

TEST_F(SparseRun, RemovesTheTemporaryModel) {
  expectError("m.mlir --input x.npy", "'m.mlir': op 'spnn.spmm' has no kernel",
              "FAKE_ENGINE=fail");
  expectError("m.mlir --batch -1", "--batch takes a whole number");
  // TearDown looks whether a signal in the middle left something.
  Result result = run("m.mlir", "FAKE_ENGINE=hang timeout 1");
  EXPECT_EQ(result.status, 124);
}

TEST_F(SparseRun, Describes) {
  Result result = run(FAKE_MULTI " --describe");
  EXPECT_EQ(result.status, 0);
  EXPECT_NE(result.out.find("function add\n  input   a    f32[?n]\n"
                            "  input   b    f32[?n]\n"
                            "  output  sum  f32[i0.0]\n"),
            std::string::npos)
      << result.out;
  EXPECT_EQ(run("--version").out,
            "sparse-run " SPNN_VERSION_STRING ", run-time interface 1\n");
  EXPECT_EQ(run("--help").out.rfind("usage: sparse-run", 0), 0u);
}

TEST_F(SparseRun, RefusesArguments) {
  expectError("", "no model was named");
  expectError("a.so b.so", "two models");
  expectError("a.so --tolerate 1", "unknown option '--tolerate'");
  expectError("a.so --seed", "--seed lacks a value");
  expectError("a.so --seed 1x", "--seed takes a whole number");
  expectError("a.so --reference", "needs --reference=FILE.mlir");
  expectError("a.so --tolerance -1 --reference=m.mlir", "not negative");
  expectError("a.so --tune", "--tune is for a .mlir that is compiled");
  expectError("m.mlir --tune --reference", "--tune is for a .mlir");
  expectError("m.mlir --tune-cache c.json", "--tune-cache is for --tune");
  expectError(FAKE_MODEL " --function f", "has no function 'f'; it has: main");
  expectError(FAKE_MULTI, "several functions (add, refuse, widen)");
  expectError(FAKE_MODEL, "input 'x' is f32[?batch, 3]: say how large");
  expectError(FAKE_MODEL " --dim y.0=3 --batch 1", "no input of function");
  expectError(FAKE_MULTI " --function add --dim a.0=3 --dim b.0=4",
              "extent 'n' is 3 in input 'a'");
}

TEST_F(SparseRun, RefusesModels) {
  expectError("missing.so", "cannot open the model 'missing.so': No such file");
  spill(folder + "text.so", "hello");
  expectError("text.so", "it is not a shared object");
  expectError(folder, "not a regular file");
  expectError(FAKE_ENGINE_PATH, "it has no symbol spnn_model_description");
  expectError(FAKE_OTHER_ABI, "was compiled for version 99");
  expectError(FAKE_NO_RUNTIME, "it has no symbol spnn_abi_version");
  expectError(FAKE_NO_ENTRY, "has no symbol spnn_entry_lost");
  expectError(FAKE_BAD_TEXT,
              "line 5: input 'x' of function 'main': 'f33' is not an element");
  std::string whole = slurp(FAKE_MODEL);
  for (size_t bytes :
       {size_t(20), size_t(100), whole.size() / 2, whole.size() - 1}) {
    spill(folder + "cut.so", whole.substr(0, bytes));
    expectError("cut.so", "'cut.so' is cut off");
  }
  expectError(FAKE_MULTI " --function refuse",
              "failed: index 7 of input 'x' is not below 4");
  expectError("m.mlir", "cannot load the compiler", "SPNN_ENGINE=/nowhere");
  expectError("m.mlir", "has version 77", "FAKE_ENGINE=version");
  expectError("missing.mlir", "cannot open 'missing.mlir'");
}

TEST_F(SparseRun, RefusesInputs) {
  std::string model = FAKE_MODEL " --input ";
  expectError(model + "missing.npy", "cannot open 'missing.npy'");
  spill(folder + "bad.npy", "\x93NUMPY and so on");
  expectError(model + "bad.npy", "'bad.npy' is an .npy file of version 32");
  ASSERT_EQ(numpy::writeNpy(folder + "s.npy", floats({2}, {1, 2})),
            std::nullopt);
  expectError(model + "s.npy", "which has rank 1");
  ASSERT_EQ(numpy::writeNpy(folder + "s.npy", floats({1, 2}, {1, 2})),
            std::nullopt);
  expectError(model + "s.npy", "extent 1 must be 3");
  numpy::Array doubles;
  doubles.dtype = numpy::DType::F64;
  doubles.shape = {0, 3};
  ASSERT_EQ(numpy::writeNpy(folder + "d.npy", doubles), std::nullopt);
  expectError(model + "d.npy", "is f32[?batch, 3] and 'd.npy' holds float64");
  expectError(model + "x.npy --input x.npy", "is one more");
  expectError(model + "z=x.npy", "has no input 'z'");
  expectError(FAKE_MULTI " --function add --input a=s.npy", "was not given");
}

TEST_F(SparseRun, RefusesOutputs) {
  std::string model = FAKE_MODEL " --input x.npy --output ";
  expectError(model + "nowhere/y.npy",
              "cannot write 'nowhere/y.npy': No such file");
  expectError(model + "tmp", "cannot write 'tmp': Is a directory");
  expectError(model + "/dev/full", "No space left on device");
  expectError(model + "z=y.npy", "has no output 'z'");
  expectError(FAKE_MULTI " --function widen --dim 0.0=2 --output y.npy",
              "has 3 outputs");
  expectError(FAKE_MODEL " --input x.npy --json nowhere/j", "cannot write");
}

} // namespace
