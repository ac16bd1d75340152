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

/// A type "tensor<2x3xf32>".
std::string typeOf(llvm::ArrayRef<int64_t> shape, const std::string &element = "f32") {
  std::string result = "tensor<";
  for (int64_t extent : shape)
    result += std::to_string(extent) + "x";
  return result + element + ">";
}

/// Sizes with 0, 1, primes, and one beyond the blocks of the product.
const int64_t kSizes[] = {0, 1, 2, 7, 13, 131, 300};

TEST(ReferenceContraction, Matmul) {
  std::mt19937 generator(1);
  for (int64_t m : kSizes)
    for (int64_t n : kSizes) {
      int64_t k = kSizes[generator() % 7];
      for (double zeros : {0.0, 0.9}) {
        Tensor a = makeRandom(generator, {m, k}, zeros), b = makeRandom(generator, {k, n}, 0.9 - zeros);
        Tensor c = makeRandom(generator, {m, n});
        std::string ta = typeOf({m, k}), tb = typeOf({k, n}), tc = typeOf({m, n});
        auto result = run("func.func @f(%a: " + ta + ", %b: " + tb + ", %c: " + tc + ") -> " + tc + " {\n" +
                              "%0 = linalg.matmul ins(%a, %b : " + ta + ", " + tb + ") outs(%c : " + tc + ") -> " +
                              tc + "\nreturn %0 : " + tc + "}",
                          {a, b, c});
        for (int64_t i = 0; i < m; ++i)
          for (int64_t p = 0; p < k; ++p)
            for (int64_t j = 0; j < n; ++j)
              c.floats[i * n + j] += a.floats[i * k + p] * b.floats[p * n + j];
        expectNear(floatsOf(result), c.floats);
      }
    }
}

} // namespace
