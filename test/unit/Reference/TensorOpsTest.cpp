//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tests of tensor ops and of control flow.
//
//===----------------------------------------------------------------------===//
#include "Evaluate.h"

#include <cmath>

using namespace spnn::reference;

namespace {
using Doubles = std::vector<double>;
using Ints = std::vector<int64_t>;

Tensor iota(llvm::ArrayRef<int64_t> shape) {
  Doubles values(*Tensor::countElements(shape));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = i;
  return makeFloats(shape, values);
}

/// Runs `body` with %a, and returns its %r.
llvm::SmallVector<Tensor> runOn(const Tensor &a, const std::string &type, const std::string &resultType,
                                const std::string &body) {
  return run("func.func @f(%a: " + type + ") -> " + resultType +
                 " {\n%c0 = arith.constant 0 : index\n"
                 "%c1 = arith.constant 1 : index\n%c2 = arith.constant 2 : index\n%c3 = arith.constant 3 : index\n" +
                 body + "\nreturn %r : " + resultType + "}",
             {a});
}

TEST(ReferenceTensorOps, Creation) {
  Tensor a = iota({2, 3});
  auto empty = runOn(a, "tensor<2x3xf32>", "tensor<?x2xf32>", "%r = tensor.empty(%c3) : tensor<?x2xf32>");
  EXPECT_EQ(empty[0].shape, (llvm::SmallVector<int64_t>{3, 2}));
  EXPECT_TRUE(std::isnan(empty[0].floats[5]));
  EXPECT_EQ(floatsOf(runOn(a, "tensor<2x3xf32>", "tensor<2x2xf32>",
                           "%x = tensor.extract %a[%c1, %c2] : tensor<2x3xf32>\n"
                           "%y = tensor.extract %a[%c0, %c1] : tensor<2x3xf32>\n"
                           "%r = tensor.from_elements %x, %y, %x, %x : tensor<2x2xf32>")),
            Doubles({5, 1, 5, 5}));
  EXPECT_EQ(floatsOf(runOn(a, "tensor<2x3xf32>", "tensor<2x?xf32>",
                           "%x = arith.constant 2.0 : f32\n%r = tensor.splat %x[%c3] : tensor<2x?xf32>")),
            Doubles(6, 2));
  EXPECT_EQ(intsOf(runOn(a, "tensor<2x3xf32>", "tensor<2x?xindex>",
                         "%r = tensor.generate %c3 {\n^bb0(%i: index, %j: index):\n%k = arith.muli %i, %c3 : index\n"
                         "%l = arith.addi %k, %j : index\ntensor.yield %l : index\n} : tensor<2x?xindex>")),
            Ints({0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(intsOf(runOn(a, "tensor<2x3xf32>", "index", "%r = tensor.dim %a, %c1 : tensor<2x3xf32>")), Ints({3}));
  EXPECT_EQ(intsOf(runOn(a, "tensor<2x3xf32>", "index", "%r = tensor.rank %a : tensor<2x3xf32>")), Ints({2}));
}

/// An insertion leaves other uses of its destination alone.
TEST(ReferenceTensorOps, InsertionCopies) {
  auto result = run(R"(func.func @f(%a: tensor<3xf32>, %x: f32) -> (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) {
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %0 = tensor.insert %x into %a[%c1] : tensor<3xf32>
    %1 = tensor.insert %x into %0[%c2] : tensor<3xf32>
    return %a, %0, %1 : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>
  })",
                    {iota({3}), makeFloats({}, {9})});
  EXPECT_EQ(result[0].floats, Doubles({0, 1, 2}));
  EXPECT_EQ(result[1].floats, Doubles({0, 9, 2}));
  EXPECT_EQ(result[2].floats, Doubles({0, 9, 9}));
}

TEST(ReferenceTensorOps, Reshapes) {
  Tensor a = iota({2, 6});
  Doubles values = a.floats;
  auto expanded = runOn(a, "tensor<2x?xf32>", "tensor<2x3x?xf32>",
                        "%r = tensor.expand_shape %a [[0], [1, 2]] output_shape [2, 3, %c2] "
                        ": tensor<2x?xf32> into tensor<2x3x?xf32>");
  EXPECT_EQ(expanded[0].shape, (llvm::SmallVector<int64_t>{2, 3, 2}));
  EXPECT_EQ(expanded[0].floats, values);
  auto collapsed = runOn(iota({2, 3, 2}), "tensor<2x?x2xf32>", "tensor<?x2xf32>",
                         "%r = tensor.collapse_shape %a [[0, 1], [2]] : tensor<2x?x2xf32> into tensor<?x2xf32>");
  EXPECT_EQ(collapsed[0].shape, (llvm::SmallVector<int64_t>{6, 2}));
  EXPECT_EQ(collapsed[0].floats, values);
  auto reshaped = runOn(a, "tensor<2x6xf32>", "tensor<?x?xf32>",
                        "%s = arith.constant dense<[4, 3]> : tensor<2xi64>\n"
                        "%r = tensor.reshape %a(%s) : (tensor<2x6xf32>, tensor<2xi64>) -> tensor<?x?xf32>");
  EXPECT_EQ(reshaped[0].shape, (llvm::SmallVector<int64_t>{4, 3}));
  auto cast =
      runOn(a, "tensor<?x6xf32>", "tensor<2x?xf32>", "%r = tensor.cast %a : tensor<?x6xf32> to tensor<2x?xf32>");
  EXPECT_EQ(cast[0].floats, values);
  auto bits =
      runOn(iota({2}), "tensor<2xf32>", "tensor<2xi32>", "%r = tensor.bitcast %a : tensor<2xf32> to tensor<2xi32>");
  EXPECT_EQ(bits[0].ints, Ints({0, 0x3f800000}));
}

TEST(ReferenceTensorOps, Slices) {
  Tensor a = iota({4, 5});
  EXPECT_EQ(
      floatsOf(runOn(a, "tensor<4x5xf32>", "tensor<2x?xf32>",
                     "%r = tensor.extract_slice %a[1, %c1] [2, %c2] [2, %c3] : tensor<4x5xf32> to tensor<2x?xf32>")),
      Doubles({6, 9, 16, 19}));
  EXPECT_EQ(floatsOf(runOn(a, "tensor<4x5xf32>", "tensor<4xf32>",
                           "%r = tensor.extract_slice %a[0, %c2] [4, 1] [1, 1] : tensor<4x5xf32> to tensor<4xf32>")),
            Doubles({2, 7, 12, 17}));
  EXPECT_EQ(floatsOf(runOn(a, "tensor<4x5xf32>", "tensor<0x5xf32>",
                           "%r = tensor.extract_slice %a[3, 0] [0, 5] [1, 1] : tensor<4x5xf32> to tensor<0x5xf32>")),
            Doubles());
  EXPECT_EQ(floatsOf(runOn(
                iota({2, 2}), "tensor<2x2xf32>", "tensor<2x3xf32>",
                "%d = arith.constant dense<-1.0> : tensor<2x3xf32>\n"
                "%r = tensor.insert_slice %a into %d[0, %c0] [2, 2] [1, 2] : tensor<2x2xf32> into tensor<2x3xf32>")),
            Doubles({0, -1, 1, 2, -1, 3}));
  EXPECT_EQ(
      floatsOf(runOn(iota({3}), "tensor<3xf32>", "tensor<2x3xf32>",
                     "%d = arith.constant dense<-1.0> : tensor<2x3xf32>\n"
                     "%r = tensor.insert_slice %a into %d[1, 0] [1, 3] [1, 1] : tensor<3xf32> into tensor<2x3xf32>")),
      Doubles({-1, -1, -1, 0, 1, 2}));
}

TEST(ReferenceTensorOps, PadAndConcat) {
  EXPECT_EQ(
      floatsOf(runOn(iota({1, 2}), "tensor<1x2xf32>", "tensor<2x?xf32>",
                     "%r = tensor.pad %a low[1, %c1] high[0, %c2] {\n^bb0(%i: index, %j: index):\n"
                     "%x = arith.constant -2.0 : f32\ntensor.yield %x : f32\n} : tensor<1x2xf32> to tensor<2x?xf32>")),
      Doubles({-2, -2, -2, -2, -2, -2, 0, 1, -2, -2}));
  // The value may depend on the position.
  EXPECT_EQ(intsOf(run("func.func @f(%a: tensor<1xindex>) -> tensor<4xindex> {\n%r = tensor.pad %a low[1] high[2] {\n"
                       "^bb0(%i: index):\ntensor.yield %i : index\n} : tensor<1xindex> to tensor<4xindex>\n"
                       "return %r : tensor<4xindex>}",
                       {makeInts("index", {1}, {7})})),
            Ints({0, 7, 2, 3}));
  EXPECT_EQ(floatsOf(runOn(iota({2, 2}), "tensor<2x2xf32>", "tensor<2x5xf32>",
                           "%b = arith.constant dense<[[9.0], [8.0]]> : tensor<2x1xf32>\n"
                           "%r = tensor.concat dim(1) %a, %b, %a : (tensor<2x2xf32>, tensor<2x1xf32>, tensor<2x2xf32>) "
                           "-> tensor<2x5xf32>")),
            Doubles({0, 1, 9, 0, 1, 2, 3, 8, 2, 3}));
  EXPECT_EQ(floatsOf(runOn(iota({0, 2}), "tensor<0x2xf32>", "tensor<1x2xf32>",
                           "%b = arith.constant dense<[[9.0, 8.0]]> : tensor<1x2xf32>\n"
                           "%r = tensor.concat dim(0) %a, %b : (tensor<0x2xf32>, tensor<1x2xf32>) -> tensor<1x2xf32>")),
            Doubles({9, 8}));
}

TEST(ReferenceTensorOps, GatherAndScatter) {
  Tensor a = iota({3, 4});
  EXPECT_EQ(floatsOf(runOn(a, "tensor<3x4xf32>", "tensor<2x1x4xf32>",
                           "%i = arith.constant dense<[[2], [0]]> : tensor<2x1xindex>\n"
                           "%r = tensor.gather %a[%i] gather_dims([0]) : (tensor<3x4xf32>, tensor<2x1xindex>) -> "
                           "tensor<2x1x4xf32>")),
            Doubles({8, 9, 10, 11, 0, 1, 2, 3}));
  EXPECT_EQ(floatsOf(runOn(a, "tensor<3x4xf32>", "tensor<2x3xf32>",
                           "%i = arith.constant dense<[[1], [3]]> : tensor<2x1xindex>\n"
                           "%r = tensor.gather %a[%i] gather_dims([1]) : (tensor<3x4xf32>, tensor<2x1xindex>) -> "
                           "tensor<2x3xf32>")),
            Doubles({1, 5, 9, 3, 7, 11}));
  EXPECT_EQ(floatsOf(runOn(iota({2, 1, 4}), "tensor<2x1x4xf32>", "tensor<3x4xf32>",
                           "%d = arith.constant dense<-1.0> : tensor<3x4xf32>\n"
                           "%i = arith.constant dense<[[2], [0]]> : tensor<2x1xindex>\n"
                           "%r = tensor.scatter %a into %d[%i] scatter_dims([0]) unique : "
                           "(tensor<2x1x4xf32>, tensor<3x4xf32>, tensor<2x1xindex>) -> tensor<3x4xf32>")),
            Doubles({4, 5, 6, 7, -1, -1, -1, -1, 0, 1, 2, 3}));
}

TEST(ReferenceControl, ForCarriesValues) {
  auto source = R"(func.func @f(%a: tensor<5xf32>, %n: index) -> (f32, tensor<5xf32>) {
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %zero = arith.constant 0.0 : f32
    %s, %t = scf.for %i = %c0 to %n step %c2 iter_args(%sum = %zero, %b = %a) -> (f32, tensor<5xf32>) {
      %x = tensor.extract %b[%i] : tensor<5xf32>
      %0 = arith.addf %sum, %x : f32
      %1 = tensor.insert %0 into %b[%i] : tensor<5xf32>
      scf.yield %0, %1 : f32, tensor<5xf32>
    }
    return %s, %t : f32, tensor<5xf32>
  })";
  auto result = run(source, {iota({5}), makeInts("index", {}, {5})});
  EXPECT_EQ(result[0].floats, Doubles({6}));
  EXPECT_EQ(result[1].floats, Doubles({0, 1, 2, 3, 6}));
  result = run(source, {iota({5}), makeInts("index", {}, {0})});
  EXPECT_EQ(result[0].floats, Doubles({0}));
}

TEST(ReferenceControl, WhileIfAndCalls) {
  // The number of steps of the Collatz sequence, with a call for each.
  auto source = R"(
  func.func private @next(%n: i64) -> i64 {
    %c1 = arith.constant 1 : i64
    %c3 = arith.constant 3 : i64
    %bit = arith.andi %n, %c1 : i64
    %odd = arith.cmpi eq, %bit, %c1 : i64
    %r = scf.if %odd -> i64 {
      %0 = arith.muli %n, %c3 : i64
      %1 = arith.addi %0, %c1 : i64
      scf.yield %1 : i64
    } else {
      %2 = arith.shrui %n, %c1 : i64
      scf.yield %2 : i64
    }
    return %r : i64
  }
  func.func @f(%n: i64) -> i64 {
    %c0 = arith.constant 0 : i64
    %c1 = arith.constant 1 : i64
    %r:2 = scf.while (%x = %n, %steps = %c0) : (i64, i64) -> (i64, i64) {
      %go = arith.cmpi ne, %x, %c1 : i64
      scf.condition(%go) %x, %steps : i64, i64
    } do {
    ^bb0(%x: i64, %steps: i64):
      %y = func.call @next(%x) : (i64) -> i64
      %s = arith.addi %steps, %c1 : i64
      scf.yield %y, %s : i64, i64
    }
    return %r#1 : i64
  })";
  EXPECT_EQ(intsOf(run(source, {makeInts("i64", {}, {27})})), Ints({111}));
}

} // namespace
