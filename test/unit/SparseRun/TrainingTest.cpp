//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a training reads, measures, decides and draws; the tool as a whole is tested in test/e2e.
//
//===----------------------------------------------------------------------===//
#include "Train.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <unistd.h>

using namespace spnn;
using namespace spnn::run;
using runtime::DType;
using runtime::TensorSpec;

namespace {

TensorSpec spec(const std::string &name, DType dtype, const std::vector<int64_t> &shape) {
  TensorSpec result;
  result.name = name;
  result.dtype = dtype;
  for (int64_t extent : shape) {
    result.shape.emplace_back();
    result.shape.back().value = extent;
  }
  return result;
}

Tensor tensor(const std::vector<int64_t> &shape, const std::vector<double> &values) {
  Tensor result;
  EXPECT_EQ(makeTensor("t", DType::F32, shape, result), std::nullopt);
  for (size_t i = 0; i < values.size(); ++i)
    result.set(static_cast<int64_t>(i), values[i]);
  return result;
}

/// A path of three nodes, the middle one without features.
class GraphData : public ::testing::Test {
protected:
  void SetUp() override {
    file = testing::TempDir() + "spnn-training-" + std::to_string(getpid()) + ".npz";
    graph::GraphData graph;
    graph.adjacency = graph::fromPairs(3, 3, {{0, 1}, {1, 0}, {1, 2}, {2, 1}});
    graph.features = graph::fromPairs(3, 2, {{0, 0}, {0, 1}, {2, 1}});
    graph.features.values = {1, 3, 2};
    graph.labels = {0, 1, 0};
    graph.splits = {{{0}, {1}, {2}}, {{2}, {}, {0}}};
    ASSERT_EQ(graph::writeGraph(file, graph), std::nullopt);
  }
  void TearDown() override { unlink(file.c_str()); }

  std::vector<double> values(const TrainingData &data, const TensorSpec &spec) {
    std::optional<Tensor> result;
    EXPECT_EQ(data.makeInput(spec, result), std::nullopt);
    if (!result)
      return {-99};
    std::vector<double> elements;
    for (int64_t i = 0; i < result->size; ++i)
      elements.push_back(result->get(i));
    return elements;
  }
  std::string file;
};

TEST_F(GraphData, AGraphGivesWhatFollowsFromIt) {
  TrainingData data;
  ASSERT_EQ(data.read(file, 1), std::nullopt);
  using V = std::vector<double>;
  EXPECT_EQ(values(data, spec("adj_indices", DType::I32, {4})), (V{1, 0, 2, 1}));
  EXPECT_EQ(values(data, spec("adj_self_indptr", DType::I32, {4})), (V{0, 2, 5, 7}));
  EXPECT_EQ(values(data, spec("adj_self_indices", DType::I32, {7})), (V{0, 1, 0, 1, 2, 1, 2}));
  EXPECT_EQ(values(data, spec("x", DType::F32, {3, 2})), (V{0.25, 0.75, 0, 0, 0, 1}));
  EXPECT_EQ(values(data, spec("x_values", DType::F64, {3})), (V{0.25, 0.75, 1}));
  EXPECT_EQ(values(data, spec("train_mask", DType::I1, {3})), (V{0, 0, 1}));
  EXPECT_EQ(values(data, spec("y", DType::I64, {3})), (V{0, 1, 0}));
  EXPECT_EQ(values(data, spec("z", DType::F32, {3})), (V{-99}));
  EXPECT_EQ(data.sets().train, (std::vector<int32_t>{2}));
}

TEST_F(GraphData, RefusesWhatDoesNotFit) {
  TrainingData data;
  EXPECT_EQ(data.read(file, 2), "'" + file + "' has 2 splits, and --split is 2");
  ASSERT_EQ(data.read(file, 0), std::nullopt);
  std::optional<Tensor> result;
  EXPECT_EQ(data.makeInput(spec("adj_indices", DType::F32, {4}), result),
            "input 'adj_indices' is f32[4] and '" + file + "' holds int32");
  EXPECT_EQ(data.makeInput(spec("adj_self_indices", DType::I1, {7}), result),
            "element 4 of 'adj_self_indices' in '" + file + "' is 2, which does not fit i1");
}

TEST(ConvertArray, IntegersMustFit) {
  numpy::Array array;
  array.dtype = numpy::DType::I64;
  array.shape = {1};
  Tensor result;
  for (auto [dtype, value, fits] : std::vector<std::tuple<DType, int64_t, bool>>{{DType::I8, 127, true},
                                                                                 {DType::I8, 128, false},
                                                                                 {DType::I8, -128, true},
                                                                                 {DType::I8, -129, false},
                                                                                 {DType::I32, INT32_MAX, true},
                                                                                 {DType::I32, INT64_C(1) << 31, false},
                                                                                 {DType::I64, INT64_MIN, true},
                                                                                 {DType::I1, 1, true},
                                                                                 {DType::I1, -1, false}}) {
    array.bytes.resize(8);
    std::memcpy(array.bytes.data(), &value, 8);
    EXPECT_EQ(!convertArray(array, "f", spec("t", dtype, {1}), result), fits) << value;
    if (fits && dtype != DType::I64)
      EXPECT_EQ(result.get(0), static_cast<double>(value));
  }
}

TEST(Measure, CrossEntropyAndAccuracy) {
  Tensor logits = tensor({3, 2}, {0, 0, 1000, 0, 1, 2});
  Metrics all = measure(logits, {0, 1, 1}, {0, 1, 2});
  EXPECT_NEAR(all.loss, (std::log(2.0) + 1000 + std::log(1 + std::exp(-1.0))) / 3, 1e-9);
  EXPECT_NEAR(all.accuracy, 2.0 / 3, 1e-12);
  EXPECT_EQ(measure(logits, {0, 1, 1}, {}).loss, 0);
}

Epoch epoch(int64_t number, double loss, double accuracy) {
  Epoch result;
  result.number = number;
  result.isEvaluated = true;
  result.validation = {loss, accuracy};
  return result;
}

TEST(EarlyStopping, HearsLossOrAccuracyOrBoth) {
  using StopOn = Options::StopOn;
  std::vector<Epoch> course = {epoch(1, 1.0, 0.5), epoch(2, 0.9, 0.4), epoch(3, 1.1, 0.6), epoch(4, 1.2, 0.3)};
  for (auto [on, best, end] :
       std::vector<std::tuple<StopOn, std::vector<bool>, int64_t>>{{StopOn::Loss, {true, true, false, false}, 4},
                                                                   {StopOn::Accuracy, {true, false, true, false}, 5},
                                                                   {StopOn::Both, {true, false, false, false}, 5}}) {
    EarlyStopping stopping(on, 2);
    for (size_t i = 0; i < course.size(); ++i) {
      EXPECT_EQ(stopping.improves(course[i]), best[i]) << i;
      EXPECT_EQ(stopping.ends(course[i].number), course[i].number >= end) << i;
    }
    EXPECT_TRUE(stopping.ends(end));
  }
  EarlyStopping never(StopOn::Loss, 0);
  EXPECT_FALSE(never.ends(1000000));
}

TEST(EarlyStopping, NaNIsNeverBetter) {
  EarlyStopping stopping(Options::StopOn::Loss, 2);
  EXPECT_FALSE(stopping.improves(epoch(1, std::nan(""), 0)));
  EXPECT_TRUE(stopping.improves(epoch(2, 5, 0)));
  EXPECT_FALSE(stopping.improves(epoch(3, std::nan(""), 0)));
}

TEST(Curves, SurviveNumbersThatAreNone) {
  std::vector<Epoch> epochs = {epoch(1, 2, 0.5), epoch(2, std::numeric_limits<double>::infinity(), 0.5)};
  epochs[0].loss = std::nan("");
  std::string svg = drawCurves(epochs, "a < b & c");
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
  EXPECT_NE(svg.find("a &lt; b &amp; c"), std::string::npos);
  EXPECT_EQ(drawCurves({}, "").find("<polyline"), std::string::npos);
}

} // namespace
