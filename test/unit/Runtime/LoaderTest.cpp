//===- LoaderTest.cpp - Tests of the loader -------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Opening, binding and running a hand-written model; the refusals of files are
// tested through sparse-run.
//
//===----------------------------------------------------------------------===//
#include "spnn/Runtime/Loader.h"

#include <gtest/gtest.h>

using namespace spnn::runtime;

namespace {

class Loader : public ::testing::Test {
protected:
  void SetUp() override {
    Error error = Model::open(FAKE_MODEL, model, "fake");
    ASSERT_EQ(error, std::nullopt) << *error;
    function = model->description().find("main");
    ASSERT_NE(function, nullptr);
    ASSERT_EQ(model->createContext(1, context), std::nullopt);
  }
  void expectRefused(const std::vector<TensorRef> &inputs,
                     const std::vector<TensorRef> &outputs,
                     const std::string &reason) {
    Error error = model->run(*function, inputs, outputs, context);
    ASSERT_TRUE(error) << "accepted, expected: " << reason;
    EXPECT_NE(error->find(reason), std::string::npos) << *error;
    EXPECT_NE(error->find("'fake'"), std::string::npos) << *error;
  }

  std::unique_ptr<Model> model;
  Context context; // goes before the model
  const FunctionSpec *function = nullptr;
  float x[8] = {1, 2, 3, 4, 5, 6}, y[8] = {};
  TensorRef in{DType::F32, {2, 3}, x}, out{DType::F32, {2, 3}, y};
};

TEST_F(Loader, Runs) {
  ASSERT_EQ(model->run(*function, {in}, {out}, context), std::nullopt);
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(y[i], 2 * x[i]);
  EXPECT_EQ(context.arenaBytes(), 64u);
}

TEST_F(Loader, TakesNoDataForNoElements) {
  EXPECT_EQ(model->run(*function, {{DType::F32, {0, 3}, nullptr}},
                       {{DType::F32, {0, 3}, nullptr}}, context),
            std::nullopt);
}

TEST_F(Loader, RefusesTensors) {
  expectRefused({}, {out}, "takes 1 inputs");
  expectRefused({in}, {}, "has 1 outputs");
  TensorRef bad = in;
  bad.dtype = DType::I32;
  expectRefused({bad}, {out}, "input 'x' of function 'main' is f32");
  bad = in;
  bad.shape = {2, 4};
  expectRefused({bad}, {out}, "extent 1 must be 3");
  bad = in;
  bad.data = nullptr;
  expectRefused({bad}, {out}, "has no data");
  bad.data = reinterpret_cast<char *>(x) + 1;
  expectRefused({bad}, {out}, "not aligned");
  bad = out;
  bad.shape = {3, 3};
  expectRefused({in}, {bad}, "is f32[2, 3] and was given f32[3, 3]");
  bad = out;
  bad.dtype = DType::F64;
  expectRefused({in}, {bad}, "output 'y'");
  bad = out;
  bad.data = x + 2;
  expectRefused({in}, {bad}, "overlaps input 'x'");
}

TEST_F(Loader, KeepsModelsApart) {
  std::unique_ptr<Model> other;
  ASSERT_EQ(Model::open(FAKE_MULTI, other), std::nullopt);
  const FunctionSpec *refuse = other->description().find("refuse");
  ASSERT_NE(refuse, nullptr);
  Context otherContext;
  ASSERT_EQ(other->createContext(0, otherContext), std::nullopt);
  float a = 0, b = 0;
  TensorRef scalar{DType::F32, {}, &a}, result{DType::F32, {}, &b};
  Error error = other->run(*refuse, {scalar}, {result}, otherContext);
  ASSERT_TRUE(error);
  EXPECT_NE(error->find("index 7 of input 'x'"), std::string::npos);
  EXPECT_TRUE(other->run(*refuse, {scalar}, {result}, context))
      << "the context of another model";
  EXPECT_TRUE(model->run(*refuse, {scalar}, {result}, context))
      << "the function of another model";
  EXPECT_EQ(model->run(*function, {in}, {out}, context), std::nullopt);
}

TEST_F(Loader, NeedsAContext) {
  Context none;
  EXPECT_TRUE(model->run(*function, {in}, {out}, none));
}

} // namespace
