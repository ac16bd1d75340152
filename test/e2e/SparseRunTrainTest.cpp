//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// sparse-run --train on a hand-written train step: the protocol, what it reports and writes, and its errors.
//
//===----------------------------------------------------------------------===//
#include "spnn/Import/Numpy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
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

template <typename T> numpy::Array array(numpy::DType dtype, std::vector<int64_t> shape, const std::vector<T> &values) {
  numpy::Array result;
  result.dtype = dtype;
  result.shape = std::move(shape);
  result.bytes.resize(values.size() * sizeof(T));
  std::memcpy(result.bytes.data(), values.data(), result.bytes.size());
  return result;
}

std::vector<float> floats(const numpy::Array &from) {
  std::vector<float> result(from.bytes.size() / sizeof(float));
  std::memcpy(result.data(), from.bytes.data(), from.bytes.size());
  return result;
}

struct Result {
  int status = -1;
  std::string out, err;
};

class Train : public ::testing::Test {
protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sparse-run-train.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern + "/";
    arrays = {{"x", array<float>(numpy::DType::F32, {6, 2}, {1, 0, 0, 1, 2, 1, 1, 2, 3, 1, 1, 3})},
              // The last label contradicts its features.
              {"y", array<int64_t>(numpy::DType::I64, {6}, {0, 1, 0, 1, 0, 0})},
              {"train", array<int32_t>(numpy::DType::I32, {2}, {0, 1})},
              {"val", array<int32_t>(numpy::DType::I32, {2}, {2, 3})},
              {"test", array<int32_t>(numpy::DType::I32, {2}, {4, 5})}};
    writeData();
  }
  void TearDown() override { ASSERT_EQ(std::system(("rm -r " + folder).c_str()), 0); }

  void writeData() { ASSERT_EQ(numpy::writeNpz(folder + "data.npz", arrays), std::nullopt); }
  numpy::Array &member(const std::string &name) {
    for (numpy::NamedArray &candidate : arrays)
      if (candidate.name == name)
        return candidate.array;
    return arrays.emplace_back(numpy::NamedArray{name, {}}).array;
  }

  Result run(const std::string &arguments) {
    std::string command = "cd " + folder + " && " SPARSE_RUN_PATH " " + arguments + " >out.txt 2>err.txt </dev/null";
    int status = std::system(command.c_str());
    Result result;
    if (WIFEXITED(status))
      result.status = WEXITSTATUS(status);
    result.out = slurp(folder + "out.txt");
    result.err = slurp(folder + "err.txt");
    return result;
  }
  void expectError(const std::string &arguments, const std::string &sentence) {
    Result result = run(arguments);
    SCOPED_TRACE(arguments + "\n" + result.err);
    EXPECT_EQ(result.status, 1);
    EXPECT_EQ(result.err.rfind("sparse-run: error: ", 0), 0u);
    EXPECT_NE(result.err.find(sentence), std::string::npos);
    EXPECT_EQ(result.err.find('\n'), result.err.size() - 1);
  }
  std::vector<float> parameter(const std::string &name) {
    std::vector<numpy::NamedArray> saved;
    EXPECT_EQ(numpy::readNpz(folder + "p.npz", saved), std::nullopt);
    for (const numpy::NamedArray &candidate : saved)
      if (candidate.name == name)
        return floats(candidate.array);
    return {};
  }
  /// The columns of the CSV, without its header.
  std::vector<std::vector<std::string>> curves() {
    std::stringstream lines(slurp(folder + "c.csv"));
    std::vector<std::vector<std::string>> rows;
    for (std::string line; std::getline(lines, line);) {
      std::stringstream cells(line);
      rows.emplace_back();
      for (std::string cell; std::getline(cells, cell, ',');)
        rows.back().push_back(cell);
    }
    if (!rows.empty())
      rows.erase(rows.begin());
    return rows;
  }

  std::string folder;
  std::vector<numpy::NamedArray> arrays;
};

const std::string kTrain = FAKE_TRAINING " --train --data data.npz ";

TEST_F(Train, StateGoesFromCallToCall) {
  Result result = run(kTrain + "--epochs 7 --save-parameters p.npz");
  ASSERT_EQ(result.status, 0) << result.err;
  // The model adds 1 to b at each call; momentum is no parameter.
  EXPECT_EQ(parameter("b"), (std::vector<float>{7, 7}));
  EXPECT_EQ(parameter("w").size(), 4u);
  EXPECT_TRUE(parameter("w.velocity").empty());
}

TEST_F(Train, LearnsAndReportsAllSets) {
  Result result = run(kTrain + "--epochs 50 --curves c.csv --json j.json");
  ASSERT_EQ(result.status, 0) << result.err;
  auto rows = curves();
  ASSERT_EQ(rows.size(), 50u);
  EXPECT_LT(std::stod(rows[49][2]), std::stod(rows[0][2]));
  EXPECT_EQ(rows[49][4], "1");   // train accuracy
  EXPECT_EQ(rows[49][6], "1");   // validation
  EXPECT_EQ(rows[49][8], "0.5"); // one label of the test set is wrong
  EXPECT_NE(result.out.find("100.00"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("50.00"), std::string::npos) << result.out;
  EXPECT_NE(slurp(folder + "j.json").find("\"test\": 0.5"), std::string::npos);
}

TEST_F(Train, FirstStepFollowsFromZeros) {
  Result result = run(kTrain + "--epochs 1 --init w=zeros --save-parameters p.npz --curves c.csv");
  ASSERT_EQ(result.status, 0) << result.err;
  // Gradient of w at 0: mean over rows 0 and 1 of x (softmax - target) = +-0.25.
  EXPECT_EQ(parameter("w"), (std::vector<float>{0.125f, -0.125f, -0.125f, 0.125f}));
  EXPECT_NEAR(std::stod(curves()[0][2]), std::log(2.0), 1e-6);
}

TEST_F(Train, FirstValuesComeFromAFile) {
  ASSERT_EQ(numpy::writeNpy(folder + "w.npy", array<float>(numpy::DType::F32, {2, 2}, {10, 0, 0, 10})), std::nullopt);
  Result result = run(kTrain + "--epochs 1 --init w=w.npy --curves c.csv");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_NEAR(std::stod(curves()[0][2]), std::log(1 + std::exp(-10.0)), 1e-6);
}

TEST_F(Train, SeedsGiveOneCourseEach) {
  std::vector<std::vector<float>> found;
  for (const char *seed : {"1", "1", "2"}) {
    ASSERT_EQ(run(kTrain + "--epochs 3 --save-parameters p.npz --seed " + seed).status, 0);
    found.push_back(parameter("w"));
  }
  EXPECT_EQ(found[0], found[1]);
  EXPECT_NE(found[0], found[2]);
  // Glorot's limit for 2 x 2 is sqrt(6 / 4), and three steps of rate 0.5 move a weight by less than 2.
  for (float value : found[0])
    EXPECT_LE(std::fabs(value), std::sqrt(1.5) + 2);
}

TEST_F(Train, RepeatsWithMeanAndDeviation) {
  Result result = run(kTrain + "--epochs 30 --repeat 3 --seed 5");
  ASSERT_EQ(result.status, 0) << result.err;
  for (const char *text : {" 5      30 ", " 6      30 ", " 7      30 ", "\n     mean ", "\ndeviation "})
    EXPECT_NE(("\n" + result.out).find(text), std::string::npos) << text << "\n" << result.out;
}

TEST_F(Train, PatienceEndsTrainingAndKeepsTheBestEpoch) {
  // Validation contradicts training, so its loss grows from the first step on.
  member("y") = array<int64_t>(numpy::DType::I64, {6}, {0, 1, 1, 0, 0, 1});
  writeData();
  for (const char *what : {"loss", "both"}) {
    Result result =
        run(kTrain + "--init w=zeros --patience 4 --save-parameters p.npz --curves c.csv --stop-on " + what);
    ASSERT_EQ(result.status, 0) << result.err;
    // Epoch 1 is the best, and 4 later it ends. An accuracy of 0 is never worse.
    EXPECT_EQ(curves().size(), std::string(what) == "loss" ? 5u : 200u);
    EXPECT_EQ(parameter("b"), (std::vector<float>{1, 1}));
  }
}

TEST_F(Train, EvaluatesNowAndThen) {
  ASSERT_EQ(run(kTrain + "--epochs 10 --eval-every 4 --curves c.csv").status, 0);
  auto rows = curves();
  ASSERT_EQ(rows.size(), 10u);
  for (size_t i = 0; i < rows.size(); ++i)
    EXPECT_EQ(rows[i].size() > 3 && !rows[i][3].empty(), i == 3 || i == 7 || i == 9) << i;
}

TEST_F(Train, DrawsADiagram) {
  ASSERT_EQ(run(kTrain + "--epochs 10 --svg d.svg").status, 0);
  std::string svg = slurp(folder + "d.svg");
  EXPECT_EQ(svg.rfind("<svg ", 0), 0u);
  EXPECT_EQ(svg.substr(svg.size() - 7), "</svg>\n");
  size_t lines = 0;
  for (size_t at = 0; (at = svg.find("<polyline", at)) != std::string::npos; ++at)
    ++lines;
  EXPECT_EQ(lines, 5u);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

TEST_F(Train, WorksWithoutClasses) {
  ASSERT_EQ(numpy::writeNpy(folder + "x.npy", member("x")), std::nullopt);
  ASSERT_EQ(numpy::writeNpy(folder + "y.npy", member("y")), std::nullopt);
  ASSERT_EQ(numpy::writeNpy(folder + "m.npy", array<uint8_t>(numpy::DType::Bool, {6}, {1, 1, 0, 0, 0, 0})),
            std::nullopt);
  Result result = run(FAKE_TRAINING " --train --epochs 3 --input x=x.npy --input y=y.npy --input train_mask=m.npy");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out.find("test"), std::string::npos);
}

TEST_F(Train, SaysWhatIsWrong) {
  expectError(FAKE_TRAINING " --train", "input 'x' of function 'train_step' is neither in --data nor given by --input");
  expectError(kTrain + "--init z=zeros", "'z' is no parameter of function 'train_step'");
  expectError(kTrain + "--init b=glorot", "rank 2 and more");
  expectError(kTrain + "--stop-on hope", "--stop-on takes loss, accuracy or both, not 'hope'");
  expectError(kTrain + "--split 1", "has 1 splits, and --split is 1");
  expectError(kTrain + "--bench", "--train goes with none of");
  expectError(kTrain + "--input q=x.npy", "has no such input");
  expectError(kTrain + "--function predict", "is no train step: it has no result whose name begins with 'next:'");
  expectError(FAKE_TRAINING " --epochs 3", "--epochs is for --train");
  expectError(FAKE_BROKEN " --train --data data.npz", "result 'next:b' is f32[3] and input 'b' is f32[2]");
  expectError(FAKE_FAILING " --train --data data.npz", "epoch 3: function 'train_step'");
  expectError(kTrain + "--curves no/such/folder/c.csv", "no/such/folder");
}

TEST_F(Train, SaysWhatIsWrongWithData) {
  member("val") = array<int32_t>(numpy::DType::I32, {2}, {1, 3});
  writeData();
  expectError(kTrain, "'data.npz': node 1 is both in train and in val");
  member("val") = array<int32_t>(numpy::DType::I32, {1}, {6});
  writeData();
  expectError(kTrain, "val[0] is 6, and 0 to 5 is wanted");
  member("val") = array<int32_t>(numpy::DType::I32, {0}, {});
  writeData();
  expectError(kTrain + "--patience 3", "--patience needs");
  member("y") = array<int64_t>(numpy::DType::I64, {6}, {0, 1, 2, 1, 0, 0});
  writeData();
  expectError(kTrain, "with a column for each of 3 classes");
  member("x") = array<float>(numpy::DType::F32, {2}, {1, 2});
  writeData();
  expectError(kTrain, "input 'x'");
}

} // namespace
