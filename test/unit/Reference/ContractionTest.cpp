//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tests of contractions: matmul, batch_matmul, convolutions, against plain loops.
//
//===----------------------------------------------------------------------===//
#include "Evaluate.h"

#include <cmath>

using namespace spnn::reference;

namespace {

/// "tensor<2x3xf32>".
std::string typeOf(llvm::ArrayRef<int64_t> shape, const std::string &element = "f32") {
  std::string result = "tensor<";
  for (int64_t extent : shape)
    result += std::to_string(extent) + "x";
  return result + element + ">";
}

/// @f(a, b, c) = op ins(a, b) outs(c).
std::string contraction(const std::string &op, const Tensor &a, const Tensor &b, const Tensor &c,
                        const std::string &attributes = "", const std::string &element = "f32") {
  std::string ta = typeOf(a.shape, element), tb = typeOf(b.shape, element), tc = typeOf(c.shape, element);
  return "func.func @f(%a: " + ta + ", %b: " + tb + ", %c: " + tc + ") -> " + tc + " {\n%0 = " + op + " " + attributes +
         " ins(%a, %b : " + ta + ", " + tb + ") outs(%c : " + tc + ") -> " + tc + "\nreturn %0 : " + tc + "}";
}

/// Sizes with 0, 1, primes, and some beyond the blocks of the product.
const int64_t kSizes[] = {0, 1, 2, 7, 13, 131, 300};

TEST(ReferenceContraction, Matmul) {
  std::mt19937 generator(1);
  for (int64_t m : kSizes)
    for (int64_t n : kSizes) {
      int64_t k = kSizes[generator() % 7];
      for (double zeros : {0.0, 0.9}) {
        Tensor a = makeRandom(generator, {m, k}, zeros), b = makeRandom(generator, {k, n}, 0.9 - zeros);
        Tensor c = makeRandom(generator, {m, n});
        auto result = run(contraction("linalg.matmul", a, b, c), {a, b, c});
        for (int64_t i = 0; i < m; ++i)
          for (int64_t p = 0; p < k; ++p)
            for (int64_t j = 0; j < n; ++j)
              c.floats[i * n + j] += a.floats[i * k + p] * b.floats[p * n + j];
        expectNear(floatsOf(result), c.floats);
      }
    }
}

/// Rows beyond one task, columns beyond one block, inner extent beyond one block.
TEST(ReferenceContraction, MatmulBeyondBlocks) {
  std::mt19937 generator(2);
  for (auto [m, k, n] : {std::array<int64_t, 3>{1100, 3, 2}, {2, 3, 1100}, {5, 600, 129}, {1030, 257, 1}}) {
    Tensor a = makeRandom(generator, {m, k}), b = makeRandom(generator, {k, n}, 0.5), c = makeRandom(generator, {m, n});
    auto result = run(contraction("linalg.matmul", a, b, c), {a, b, c});
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j)
        for (int64_t p = 0; p < k; ++p)
          c.floats[i * n + j] += a.floats[i * k + p] * b.floats[p * n + j];
    expectNear(floatsOf(result), c.floats, 1e-11);
  }
}

TEST(ReferenceContraction, MatmulByMaps) {
  std::mt19937 generator(3);
  Tensor a = makeRandom(generator, {3, 5}), b = makeRandom(generator, {4, 3}), c = makeRandom(generator, {5, 4});
  auto result = run(contraction("linalg.matmul", a, b, c,
                                "indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (n, k)>, "
                                "affine_map<(m, n, k) -> (m, n)>]"),
                    {a, b, c});
  for (int64_t i = 0; i < 5; ++i)
    for (int64_t j = 0; j < 4; ++j)
      for (int64_t p = 0; p < 3; ++p)
        c.floats[i * 4 + j] += a.floats[p * 5 + i] * b.floats[j * 3 + p];
  expectNear(floatsOf(result), c.floats);
}

TEST(ReferenceContraction, BatchMatmul) {
  std::mt19937 generator(4);
  for (auto [s, m, k, n] : {std::array<int64_t, 4>{3, 2, 5, 7}, {1, 1, 1, 1}, {2, 13, 0, 3}, {0, 2, 2, 2}}) {
    Tensor a = makeRandom(generator, {s, m, k}), b = makeRandom(generator, {s, k, n});
    Tensor c = makeRandom(generator, {s, m, n});
    auto result = run(contraction("linalg.batch_matmul", a, b, c), {a, b, c});
    for (int64_t t = 0; t < s; ++t)
      for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j < n; ++j)
          for (int64_t p = 0; p < k; ++p)
            c.floats[(t * m + i) * n + j] += a.floats[(t * m + i) * k + p] * b.floats[(t * k + p) * n + j];
    expectNear(floatsOf(result), c.floats);
  }
}

TEST(ReferenceContraction, VectorProducts) {
  std::mt19937 generator(5);
  Tensor a = makeRandom(generator, {5, 3}), x = makeRandom(generator, {3}), y = makeRandom(generator, {5});
  Tensor dot = makeRandom(generator, {});
  auto result = run(contraction("linalg.matvec", a, x, y), {a, x, y});
  auto inner = run(contraction("linalg.dot", x, x, dot), {x, x, dot});
  for (int64_t i = 0; i < 5; ++i)
    for (int64_t p = 0; p < 3; ++p)
      y.floats[i] += a.floats[i * 3 + p] * x.floats[p];
  for (double value : x.floats)
    dot.floats[0] += value * value;
  expectNear(floatsOf(result), y.floats);
  expectNear(floatsOf(inner), dot.floats);
}

struct Window {
  int64_t stride, dilation;
};

TEST(ReferenceContraction, Convolutions) {
  std::mt19937 generator(6);
  for (Window w : {Window{1, 1}, {2, 1}, {1, 2}, {3, 2}}) {
    int64_t n = 2, c = 3, f = 5, kh = 3, kw = 2, oh = 4, ow = 3;
    int64_t ih = (oh - 1) * w.stride + (kh - 1) * w.dilation + 1, iw = (ow - 1) * w.stride + (kw - 1) * w.dilation + 1;
    std::string attributes = "{strides = dense<" + std::to_string(w.stride) + "> : tensor<2xi64>, dilations = dense<" +
                             std::to_string(w.dilation) + "> : tensor<2xi64>}";
    Tensor image = makeRandom(generator, {n, c, ih, iw}), filter = makeRandom(generator, {f, c, kh, kw}, 0.5);
    Tensor out = makeRandom(generator, {n, f, oh, ow});
    auto result = run(contraction("linalg.conv_2d_nchw_fchw", image, filter, out, attributes), {image, filter, out});
    // The same numbers in the other layout.
    Tensor image2 = Tensor::zeros(image.elementType, {n, ih, iw, c});
    Tensor filter2 = Tensor::zeros(image.elementType, {kh, kw, c, f});
    Tensor out2 = Tensor::zeros(image.elementType, {n, oh, ow, f});
    auto at = [](const Tensor &t, int64_t i, int64_t j, int64_t k, int64_t l) {
      return ((i * t.shape[1] + j) * t.shape[2] + k) * t.shape[3] + l;
    };
    for (int64_t b = 0; b < n; ++b)
      for (int64_t ch = 0; ch < c; ++ch)
        for (int64_t y = 0; y < ih; ++y)
          for (int64_t x = 0; x < iw; ++x)
            image2.floats[at(image2, b, y, x, ch)] = image.floats[at(image, b, ch, y, x)];
    for (int64_t g = 0; g < f; ++g)
      for (int64_t ch = 0; ch < c; ++ch)
        for (int64_t y = 0; y < kh; ++y)
          for (int64_t x = 0; x < kw; ++x)
            filter2.floats[at(filter2, y, x, ch, g)] = filter.floats[at(filter, g, ch, y, x)];
    auto result2 =
        run(contraction("linalg.conv_2d_nhwc_hwcf", image2, filter2, out2, attributes), {image2, filter2, out2});
    for (int64_t b = 0; b < n; ++b)
      for (int64_t g = 0; g < f; ++g)
        for (int64_t y = 0; y < oh; ++y)
          for (int64_t x = 0; x < ow; ++x) {
            double sum = 0;
            for (int64_t ch = 0; ch < c; ++ch)
              for (int64_t u = 0; u < kh; ++u)
                for (int64_t v = 0; v < kw; ++v)
                  sum += image.floats[at(image, b, ch, y * w.stride + u * w.dilation, x * w.stride + v * w.dilation)] *
                         filter.floats[at(filter, g, ch, u, v)];
            out.floats[at(out, b, g, y, x)] += sum;
            out2.floats[at(out2, b, y, x, g)] += sum;
          }
    expectNear(floatsOf(result), out.floats);
    expectNear(floatsOf(result2), out2.floats);
  }
}

TEST(ReferenceContraction, DepthwiseConvolution) {
  std::mt19937 generator(7);
  Tensor image = makeRandom(generator, {2, 6, 5, 3}), filter = makeRandom(generator, {3, 2, 3});
  Tensor out = makeRandom(generator, {2, 4, 4, 3});
  auto result = run(contraction("linalg.depthwise_conv_2d_nhwc_hwc", image, filter, out,
                                "{strides = dense<1> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>}"),
                    {image, filter, out});
  for (int64_t b = 0; b < 2; ++b)
    for (int64_t y = 0; y < 4; ++y)
      for (int64_t x = 0; x < 4; ++x)
        for (int64_t c = 0; c < 3; ++c)
          for (int64_t u = 0; u < 3; ++u)
            for (int64_t v = 0; v < 2; ++v)
              out.floats[((b * 4 + y) * 4 + x) * 3 + c] +=
                  image.floats[((b * 6 + y + u) * 5 + x + v) * 3 + c] * filter.floats[(u * 2 + v) * 3 + c];
  expectNear(floatsOf(result), out.floats);
}

/// Integer products take the general loops.
TEST(ReferenceContraction, Integers) {
  Tensor a = makeInts("i8", {2, 2}, {100, -3, 5, 7}), b = makeInts("i8", {2, 2}, {2, 0, 1, -1});
  Tensor c = makeInts("i8", {2, 2}, {0, 1, 2, 3});
  EXPECT_EQ(intsOf(run(contraction("linalg.matmul", a, b, c, "", "i8"), {a, b, c})),
            (std::vector<int64_t>{-59, 4, 19, -4}));
}

/// A dense zero is a factor like any other, however the product is blocked; a zero of a sparse type is none.
TEST(ReferenceContraction, ZeroTimesInfinity) {
  Tensor a = makeFloats({2, 2}, {0, 1, 2, 0}), b = makeFloats({2, 1}, {INFINITY, 1}), c = makeFloats({2, 1}, {0, 0});
  expectNear(floatsOf(run(contraction("linalg.matmul", a, b, c), {a, b, c})), {NAN, INFINITY});
  Tensor at = makeFloats({1, 2}, {INFINITY, 1}), bt = makeFloats({2, 2}, {0, 2, 1, 0}), ct = makeFloats({1, 2}, {0, 0});
  expectNear(floatsOf(run(contraction("linalg.matmul", at, bt, ct), {at, bt, ct})), {NAN, INFINITY});
  auto sparse = [](const std::string &ta, const std::string &tb, const std::string &tc) {
    return "func.func @f(%a: " + ta + ", %b: " + tb + ") -> " + tc + " {\n%0 = spnn.matmul %a, %b : (" + ta + ", " +
           tb + ") -> " + tc + "\nreturn %0 : " + tc + "}";
  };
  std::string dense = "tensor<2x2xf32>", bitmap = "tensor<2x2xf32, #spnn.bitmap>";
  std::string column = "tensor<2x1xf32>", row = "tensor<1x2xf32>";
  expectNear(floatsOf(run(sparse(dense, column, column), {a, b})), {NAN, INFINITY});
  expectNear(floatsOf(run(sparse(bitmap, column, column), {a, b})), {1, INFINITY});
  expectNear(floatsOf(run(sparse(row, dense, row), {at, bt})), {NAN, INFINITY});
  expectNear(floatsOf(run(sparse(row, bitmap, row), {at, bt})), {1, INFINITY});
}

} // namespace
