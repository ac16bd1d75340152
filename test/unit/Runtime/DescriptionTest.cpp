//===- DescriptionTest.cpp - Tests of the model description ---------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The grammar of the description, its errors, and the shape rules.
//
//===----------------------------------------------------------------------===//
#include "spnn/Runtime/Description.h"

#include <gtest/gtest.h>

using namespace spnn::runtime;

namespace {

constexpr char head[] = "spnn-model 1\nproducer p\ntarget t\n";

void expectRefused(const std::string &text, const std::string &reason) {
  ModelDescription description;
  Error error = parseDescription(text, description);
  ASSERT_TRUE(error) << "accepted, expected: " << reason;
  EXPECT_NE(error->find(reason), std::string::npos) << *error;
}

TEST(Description, RoundTrips) {
  std::string text = "spnn-model 1\n"
                     "producer \"sparse-opt 0.1 \\\"x\\\" \\\\\"\n"
                     "target \"\"\n"
                     "function main\n"
                     "input x f32 2 ?batch 784\n"
                     "input \"two words\" i1 1 ?\n"
                     "output y bf16 3 i0.0 10 i1.0\n"
                     "output s i64 2 i0.0-1 i1.0+12\n"
                     "end\n"
                     "function init\n"
                     "end\n";
  ModelDescription description;
  ASSERT_EQ(parseDescription(text, description), std::nullopt);
  EXPECT_EQ(description.producer, "sparse-opt 0.1 \"x\" \\");
  ASSERT_NE(description.find("main"), nullptr);
  EXPECT_EQ(description.find("mai"), nullptr);
  const FunctionSpec &main = *description.find("main");
  EXPECT_EQ(main.inputs[1].name, "two words");
  EXPECT_EQ(typeString(main.inputs[0]), "f32[?batch, 784]");
  EXPECT_EQ(typeString(main.outputs[0]), "bf16[i0.0, 10, i1.0]");
  EXPECT_EQ(typeString(main.outputs[1]), "i64[i0.0-1, i1.0+12]");
  EXPECT_EQ(printDescription(description), text);
}

TEST(Description, RefusesTexts) {
  expectRefused("", "expected 'spnn-model <value>' but the text ends");
  expectRefused("spnn-model 2\n", "version 2");
  expectRefused("spnn-model 1\ntarget t\n", "line 2: expected 'producer");
  std::string h = head;
  expectRefused(h + "input x f32 0\n", "line 4: expected 'function <name>'");
  expectRefused(h + "function f\n", "function 'f' has no 'end'");
  expectRefused(h + "function f\nend\nfunction f\nend\n", "described twice");
  expectRefused(h + "function \"f\n", "expected 'function");
  std::string f = h + "function f\n";
  expectRefused(f + "inptu x\n", "found 'inptu'");
  expectRefused(f + "input \"x f32 0\n", "a quote is not closed");
  expectRefused(f + "input x f32\n", "expected 'input <name> <dtype>");
  expectRefused(f + "input x f31 0\n", "'f31' is not an element type");
  expectRefused(f + "input x f32 99 1\n", "not a rank of at most 64");
  expectRefused(f + "input x f32 2 1\n", "has rank 2 but 1 extents");
  expectRefused(f + "input x f32 1 -1\n", "'-1' is neither a length");
  expectRefused(f + "input x f32 1 99999999999999999999\n", "neither");
  expectRefused(f + "input x f32 1 i0.0\n", "neither a length nor '?'");
  expectRefused(f + "input x f32 1 4\ninput x f32 1 4\n", "twice");
  expectRefused(f + "output y f32 1 ?\n", "neither a length nor 'i<input>");
  expectRefused(f + "output y f32 1 i0.0\n", "does not name a dynamic");
  for (const char *bad : {"i0.0+", "i0.0-", "i0.0+x", "i0-1.0", "i0.0-1-1", "i0.0-9999999999"})
    expectRefused(f + "input x f32 1 ?\noutput y f32 1 " + bad + "\n", "neither a length nor 'i<input>");
  expectRefused(f + "input x f32 1 4\noutput y f32 1 i0.0\n", "dynamic");
  expectRefused(f + "output y f32 0\ninput x f32 0\n", "after an output");
}

TEST(Description, ResolvesShapes) {
  ModelDescription description;
  ASSERT_EQ(parseDescription(std::string(head) + "function f\ninput a f32 2 ?n 3\n"
                                                 "input b f32 2 ? ?n\n"
                                                 "output y f32 2 i1.0 i0.0\nend\n",
                             description),
            std::nullopt);
  const FunctionSpec &f = description.functions[0];
  std::vector<int64_t> dims;
  std::vector<std::vector<int64_t>> outputs;
  ASSERT_EQ(resolveShapes(f, {{5, 3}, {7, 5}}, dims, outputs), std::nullopt);
  EXPECT_EQ(dims, (std::vector<int64_t>{5, 7, 5}));
  EXPECT_EQ(outputs, (std::vector<std::vector<int64_t>>{{7, 5}}));
  auto refused = [&](std::vector<std::vector<int64_t>> inputs) {
    Error error = resolveShapes(f, inputs, dims, outputs);
    return error.value_or("accepted");
  };
  EXPECT_EQ(refused({{5, 3}}), "function 'f' takes 2 inputs and was given 1");
  EXPECT_NE(refused({{5, 3, 1}, {7, 5}}).find("rank 3"), std::string::npos);
  EXPECT_NE(refused({{5, 4}, {7, 5}}).find("must be 3"), std::string::npos);
  EXPECT_NE(refused({{5, 3}, {7, 6}}).find("extent 'n' is 5 in input 'a'"), std::string::npos);
  EXPECT_NE(refused({{-1, 3}, {7, 5}}).find("cannot be addressed"), std::string::npos);
  EXPECT_NE(refused({{int64_t(1) << 33, 3}, {1 << 28, int64_t(1) << 33}}).find("input 'b'"), std::string::npos);
  EXPECT_NE(refused({{int64_t(1) << 32, 3}, {int64_t(1) << 30, 0}}).find("extent 'n'"), std::string::npos);
}

TEST(Description, ResolvesOffsets) {
  ModelDescription description;
  ASSERT_EQ(parseDescription(std::string(head) + "function f\ninput a f32 2 ? ?\n"
                                                 "output y f32 2 i0.0-2 i0.1+3\nend\n",
                             description),
            std::nullopt);
  const FunctionSpec &f = description.functions[0];
  std::vector<int64_t> dims;
  std::vector<std::vector<int64_t>> outputs;
  ASSERT_EQ(resolveShapes(f, {{2, 7}}, dims, outputs), std::nullopt);
  EXPECT_EQ(outputs, (std::vector<std::vector<int64_t>>{{0, 10}}));
  for (std::vector<int64_t> wrong : {std::vector<int64_t>{1, 7}, {0, std::numeric_limits<int64_t>::max()}}) {
    Error error = resolveShapes(f, {wrong}, dims, outputs);
    ASSERT_TRUE(error);
    EXPECT_NE(error->find("cannot be addressed"), std::string::npos) << *error;
  }
}

TEST(Description, CountsElements) {
  EXPECT_EQ(elementCount({}), 1);
  EXPECT_EQ(elementCount({3, 0}), 0);
  EXPECT_EQ(elementCount({3, 5}), 15);
  EXPECT_EQ(elementCount({int64_t(1) << 31, int64_t(1) << 31}), std::nullopt);
  EXPECT_EQ(elementCount({0, int64_t(1) << 40, int64_t(1) << 40}), std::nullopt);
}

} // namespace
