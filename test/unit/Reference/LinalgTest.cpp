//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tests of structured linalg ops through the general loops, and of linalg's ops without a body.
//
//===----------------------------------------------------------------------===//
#include "Evaluate.h"

#include <cmath>

using namespace spnn::reference;

namespace {
using Doubles = std::vector<double>;
using Ints = std::vector<int64_t>;

const std::string kMaps = "#id2 = affine_map<(i, j) -> (i, j)>\n#t2 = affine_map<(i, j) -> (j, i)>\n"
                          "#row = affine_map<(i, j) -> (i)>\n#col = affine_map<(i, j) -> (j)>\n"
                          "#id1 = affine_map<(i) -> (i)>\n#rev = affine_map<(i) -> (2 - i)>\n"
                          "#wrap = affine_map<(i) -> (i mod 3)>\n#half = affine_map<(i) -> (i floordiv 2)>\n";

TEST(ReferenceLinalg, GenericWithIndexAndBroadcast) {
  auto source = kMaps + R"(
    func.func @f(%a: tensor<2x3xf32>, %b: tensor<3xf32>, %s: f32) -> tensor<3x2xf32> {
      %e = tensor.empty() : tensor<3x2xf32>
      %two = arith.constant 2.0 : f32
      %0 = linalg.generic {indexing_maps = [#id2, #col, #t2], iterator_types = ["parallel", "parallel"]}
          ins(%a, %b : tensor<2x3xf32>, tensor<3xf32>) outs(%e : tensor<3x2xf32>) {
      ^bb0(%x: f32, %y: f32, %o: f32):
        %i = linalg.index 0 : index
        %ten = arith.constant 10 : index
        %j = linalg.index 1 : index
        %ti = arith.muli %i, %ten : index
        %ij = arith.addi %ti, %j : index
        %c = arith.index_cast %ij : index to i32
        %f = arith.sitofp %c : i32 to f32
        %1 = arith.mulf %x, %two : f32
        %2 = arith.addf %1, %y : f32
        %3 = arith.addf %2, %f : f32
        %4 = arith.mulf %3, %s : f32
        linalg.yield %4 : f32
      } -> tensor<3x2xf32>
      return %0 : tensor<3x2xf32>
    })";
  auto result =
      run(source, {makeFloats({2, 3}, {1, 2, 3, 4, 5, 6}), makeFloats({3}, {0.5, 0.25, 0.125}), makeFloats({}, {100})});
  Doubles expected(6);
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j)
      expected[j * 2 + i] = ((3 * i + j + 1) * 2 + std::ldexp(0.5, -j) + 10 * i + j) * 100;
  expectNear(floatsOf(result), expected);
}

/// More iterations than one run of a body takes, along either loop.
TEST(ReferenceLinalg, LongLoops) {
  std::mt19937 generator(1);
  for (auto [m, n] : {std::pair<int64_t, int64_t>{700, 3}, {3, 700}, {1, 513}, {257, 257}, {0, 5}, {5, 0}}) {
    std::string type = "tensor<?x?xf32>";
    auto source = kMaps + "func.func @f(%a: " + type + ", %o: " + type + ") -> " + type + R"( {
      %0 = linalg.generic {indexing_maps = [#t2, #id2], iterator_types = ["parallel", "parallel"]}
          ins(%a : tensor<?x?xf32>) outs(%o : tensor<?x?xf32>) {
      ^bb0(%x: f32, %y: f32):
        %1 = arith.mulf %x, %x : f32
        %2 = arith.subf %y, %1 : f32
        linalg.yield %2 : f32
      } -> tensor<?x?xf32>
      return %0 : tensor<?x?xf32>
    })";
    Tensor a = makeRandom(generator, {n, m}), o = makeRandom(generator, {m, n});
    auto result = run(source, {a, o});
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j)
        o.floats[i * n + j] -= a.floats[j * m + i] * a.floats[j * m + i];
    expectNear(floatsOf(result), o.floats);
  }
}

TEST(ReferenceLinalg, SeveralResults) {
  auto source = kMaps + R"(
    func.func @f(%a: tensor<2x3xf32>, %s: tensor<2xf32>, %n: tensor<2xi32>) -> (tensor<2xf32>, tensor<2xi32>) {
      %0:2 = linalg.generic {indexing_maps = [#id2, #row, #row], iterator_types = ["parallel", "reduction"]}
          ins(%a : tensor<2x3xf32>) outs(%s, %n : tensor<2xf32>, tensor<2xi32>) {
      ^bb0(%x: f32, %sum: f32, %count: i32):
        %zero = arith.constant 0.0 : f32
        %one = arith.constant 1 : i32
        %p = arith.cmpf ogt, %x, %zero : f32
        %c = arith.addi %count, %one : i32
        %d = arith.select %p, %c, %count : i32
        %t = arith.addf %sum, %x : f32
        linalg.yield %t, %d : f32, i32
      } -> (tensor<2xf32>, tensor<2xi32>)
      return %0#0, %0#1 : tensor<2xf32>, tensor<2xi32>
    })";
  auto result = run(
      source, {makeFloats({2, 3}, {1, -2, 3, -4, -5, -6}), makeFloats({2}, {10, 20}), makeInts("i32", {2}, {0, 5})});
  EXPECT_EQ(result[0].floats, Doubles({12, 5}));
  EXPECT_EQ(result[1].ints, Ints({2, 5}));
}

TEST(ReferenceLinalg, MapsBesidesPermutations) {
  // Reversed, wrapped around and halved, which the last two are only by checking every access.
  auto source = [](const std::string &map, const std::string &type) {
    return kMaps + "func.func @f(%a: tensor<3xf32>, %o: " + type + ") -> " + type +
           " {\n%0 = linalg.generic {indexing_maps = [" + map + ", #id1], iterator_types = [\"parallel\"]} " +
           "ins(%a : tensor<3xf32>) outs(%o : " + type + ") {\n^bb0(%x: f32, %y: f32):\nlinalg.yield %x : f32\n} -> " +
           type + "\nreturn %0 : " + type + "}";
  };
  Tensor a = makeFloats({3}, {1, 2, 3});
  EXPECT_EQ(floatsOf(run(source("#rev", "tensor<3xf32>"), {a, makeFloats({3}, {0, 0, 0})})), Doubles({3, 2, 1}));
  EXPECT_EQ(floatsOf(run(source("#wrap", "tensor<5xf32>"), {a, makeFloats({5}, {0, 0, 0, 0, 0})})),
            Doubles({1, 2, 3, 1, 2}));
  EXPECT_EQ(floatsOf(run(source("#half", "tensor<5xf32>"), {a, makeFloats({5}, {0, 0, 0, 0, 0})})),
            Doubles({1, 1, 2, 2, 3}));
}

/// A lookup of rows, as importers write embeddings.
TEST(ReferenceLinalg, ExtractInBody) {
  auto source = kMaps + R"(
    func.func @f(%table: tensor<4x2xf32>, %rows: tensor<3xi64>) -> tensor<3x2xf32> {
      %e = tensor.empty() : tensor<3x2xf32>
      %0 = linalg.generic {indexing_maps = [#row, #id2], iterator_types = ["parallel", "parallel"]}
          ins(%rows : tensor<3xi64>) outs(%e : tensor<3x2xf32>) {
      ^bb0(%r: i64, %o: f32):
        %i = arith.index_cast %r : i64 to index
        %j = linalg.index 1 : index
        %x = tensor.extract %table[%i, %j] : tensor<4x2xf32>
        linalg.yield %x : f32
      } -> tensor<3x2xf32>
      return %0 : tensor<3x2xf32>
    })";
  Tensor table = makeFloats({4, 2}, {0, 1, 10, 11, 20, 21, 30, 31});
  EXPECT_EQ(floatsOf(run(source, {table, makeInts("i64", {3}, {3, 0, 2})})), Doubles({30, 31, 0, 1, 20, 21}));
  std::string error = runError(source, {table, makeInts("i64", {3}, {3, 4, 2})});
  EXPECT_NE(error.find("'tensor.extract' op has index 4 in dimension 0, which has extent 4"), std::string::npos)
      << error;
}

/// What is no list of kernels is interpreted.
TEST(ReferenceLinalg, ControlFlowInBody) {
  auto source = kMaps + R"(
    func.func @f(%a: tensor<4xf32>) -> tensor<4xf32> {
      %0 = linalg.generic {indexing_maps = [#id1], iterator_types = ["parallel"]} outs(%a : tensor<4xf32>) {
      ^bb0(%x: f32):
        %i = linalg.index 0 : index
        %two = arith.constant 2 : index
        %big = arith.cmpi uge, %i, %two : index
        %r = scf.if %big -> f32 {
          %n = arith.negf %x : f32
          scf.yield %n : f32
        } else {
          scf.yield %x : f32
        }
        linalg.yield %r : f32
      } -> tensor<4xf32>
      return %0 : tensor<4xf32>
    })";
  EXPECT_EQ(floatsOf(run(source, {makeFloats({4}, {1, 2, 3, 4})})), Doubles({1, 2, -3, -4}));
}

TEST(ReferenceLinalg, NamedOps) {
  auto source = R"(
    func.func @f(%a: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<3x2xf32>, tensor<2x3x2xf32>, tensor<3xf32>,
                                          tensor<2x3xf32>, tensor<2x3xf32>) {
      %v = arith.constant 7.0 : f32
      %e = tensor.empty() : tensor<2x3xf32>
      %et = tensor.empty() : tensor<3x2xf32>
      %eb = tensor.empty() : tensor<2x3x2xf32>
      %er = arith.constant dense<0.0> : tensor<3xf32>
      %fill = linalg.fill ins(%v : f32) outs(%e : tensor<2x3xf32>) -> tensor<2x3xf32>
      %t = linalg.transpose ins(%a : tensor<2x3xf32>) outs(%et : tensor<3x2xf32>) permutation = [1, 0]
      %b = linalg.broadcast ins(%a : tensor<2x3xf32>) outs(%eb : tensor<2x3x2xf32>) dimensions = [2]
      %r = linalg.reduce { arith.addf } ins(%a : tensor<2x3xf32>) outs(%er : tensor<3xf32>) dimensions = [0]
      %m = linalg.map { math.sqrt } ins(%a : tensor<2x3xf32>) outs(%e : tensor<2x3xf32>)
      %s = linalg.sub ins(%fill, %a : tensor<2x3xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3xf32>) -> tensor<2x3xf32>
      return %fill, %t, %b, %r, %m, %s : tensor<2x3xf32>, tensor<3x2xf32>, tensor<2x3x2xf32>, tensor<3xf32>,
                                         tensor<2x3xf32>, tensor<2x3xf32>
    })";
  auto result = run(source, {makeFloats({2, 3}, {1, 4, 9, 16, 25, 36})});
  ASSERT_EQ(result.size(), 6u);
  EXPECT_EQ(result[0].floats, Doubles(6, 7));
  EXPECT_EQ(result[1].floats, Doubles({1, 16, 4, 25, 9, 36}));
  EXPECT_EQ(result[2].floats, Doubles({1, 1, 4, 4, 9, 9, 16, 16, 25, 25, 36, 36}));
  EXPECT_EQ(result[3].floats, Doubles({17, 29, 45}));
  EXPECT_EQ(result[4].floats, Doubles({1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(result[5].floats, Doubles({6, 3, -2, -9, -18, -29}));
}

TEST(ReferenceLinalg, Pooling) {
  auto source = [](const std::string &op) {
    return R"(
    func.func @f(%a: tensor<1x4x5x2xf32>, %o: tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32> {
      %w = tensor.empty() : tensor<2x3xf32>
      %0 = linalg.)" +
           op + R"( {strides = dense<2> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>}
          ins(%a, %w : tensor<1x4x5x2xf32>, tensor<2x3xf32>) outs(%o : tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
      return %0 : tensor<1x2x2x2xf32>
    })";
  };
  std::mt19937 generator(8);
  Tensor a = makeRandom(generator, {1, 4, 5, 2}), low = makeFloats({1, 2, 2, 2}, Doubles(8, -INFINITY));
  Tensor zero = makeFloats({1, 2, 2, 2}, Doubles(8, 0));
  Doubles largest(8, -INFINITY), sum(8, 0);
  for (int y = 0; y < 2; ++y)
    for (int x = 0; x < 2; ++x)
      for (int c = 0; c < 2; ++c)
        for (int u = 0; u < 2; ++u)
          for (int v = 0; v < 3; ++v) {
            double value = a.floats[((y * 2 + u) * 5 + x * 2 + v) * 2 + c];
            int i = (y * 2 + x) * 2 + c;
            largest[i] = std::max(largest[i], value);
            sum[i] += value;
          }
  expectNear(floatsOf(run(source("pooling_nhwc_max"), {a, low})), largest);
  expectNear(floatsOf(run(source("pooling_nhwc_sum"), {a, zero})), sum);
}

TEST(ReferenceLinalg, Softmax) {
  std::mt19937 generator(9);
  for (int64_t dim : {0, 1, 2}) {
    Tensor a = makeRandom(generator, {2, 5, 3});
    a.floats[7] = 1000;
    auto source =
        "func.func @f(%a: tensor<2x5x3xf32>) -> tensor<2x5x3xf32> {\n%e = tensor.empty() : tensor<2x5x3xf32>\n"
        "%0 = linalg.softmax dimension(" +
        std::to_string(dim) +
        ") ins(%a : tensor<2x5x3xf32>) outs(%e : tensor<2x5x3xf32>) -> tensor<2x5x3xf32>\n"
        "return %0 : tensor<2x5x3xf32>}";
    Doubles expected(30);
    int64_t index[3], extents[] = {2, 5, 3};
    for (int64_t i = 0; i < 30; ++i) {
      index[0] = i / 15, index[1] = i / 3 % 5, index[2] = i % 3;
      double sum = 0;
      for (int64_t k = 0; k < extents[dim]; ++k) {
        int64_t other[] = {index[0], index[1], index[2]};
        other[dim] = k;
        sum += std::exp(a.floats[(other[0] * 5 + other[1]) * 3 + other[2]] - a.floats[i]);
      }
      expected[i] = 1 / sum;
    }
    expectNear(floatsOf(run(source, {a})), expected);
  }
}

TEST(ReferenceLinalg, PackAndUnpack) {
  auto source = R"(
    func.func @f(%a: tensor<3x5xf32>) -> (tensor<3x2x2x2xf32>, tensor<3x5xf32>) {
      %p = arith.constant -1.0 : f32
      %e = tensor.empty() : tensor<3x2x2x2xf32>
      %d = tensor.empty() : tensor<3x5xf32>
      %0 = linalg.pack %a padding_value(%p : f32) outer_dims_perm = [1, 0] inner_dims_pos = [0, 1] inner_tiles = [2, 2]
          into %e : tensor<3x5xf32> -> tensor<3x2x2x2xf32>
      %1 = linalg.unpack %0 outer_dims_perm = [1, 0] inner_dims_pos = [0, 1] inner_tiles = [2, 2] into %d
          : tensor<3x2x2x2xf32> -> tensor<3x5xf32>
      return %0, %1 : tensor<3x2x2x2xf32>, tensor<3x5xf32>
    })";
  Doubles values(15);
  for (int i = 0; i < 15; ++i)
    values[i] = i;
  auto result = run(source, {makeFloats({3, 5}, values)});
  EXPECT_EQ(result[0].floats,
            Doubles({0, 1, 5, 6, 10, 11, -1, -1, 2, 3, 7, 8, 12, 13, -1, -1, 4, -1, 9, -1, 14, -1, -1, -1}));
  EXPECT_EQ(result[1].floats, values);
}

} // namespace
