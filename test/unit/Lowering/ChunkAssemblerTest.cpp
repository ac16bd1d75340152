//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Hard-coded chunks, run where the machine has AVX-512, against sums in double precision.
//
//===----------------------------------------------------------------------===//
#include "ChunkAssembler.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <random>
#include <sys/mman.h>

using namespace spnn;

namespace {

constexpr int64_t kLanes = 16;

/// Machine code in pages that can be run, not written.
class Executable {
public:
  explicit Executable(const std::vector<uint8_t> &code) : bytes(code.size() + 1) {
    memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!code.empty())
      std::memcpy(memory, code.data(), code.size());
    mprotect(memory, bytes, PROT_READ | PROT_EXEC);
  }
  ~Executable() { munmap(memory, bytes); }

  using Chunk = void (*)(const float *x, float *y, const float *values, const float *bias, int64_t relu);
  Chunk at(int64_t offset) const { return reinterpret_cast<Chunk>(static_cast<char *>(memory) + offset); }

private:
  size_t bytes;
  void *memory;
};

format::DenseMatrix makeMatrix(int64_t rows, int64_t cols, double density, std::mt19937 &generator) {
  format::DenseMatrix matrix;
  matrix.shape = {rows, cols};
  matrix.data.assign(rows * cols * sizeof(float), 0);
  std::bernoulli_distribution isKept(density), isEmptyRow(0.1);
  std::uniform_real_distribution<float> value(0.1f, 1);
  for (int64_t i = 0; i < rows; ++i) {
    bool empty = isEmptyRow(generator);
    for (int64_t j = 0; j < cols; ++j)
      if (!empty && isKept(generator)) {
        float w = generator() % 2 ? value(generator) : -value(generator);
        std::memcpy(matrix.element(i, j), &w, sizeof w);
      }
  }
  return matrix;
}

float elementOf(const format::DenseMatrix &matrix, int64_t row, int64_t col) {
  float w;
  std::memcpy(&w, matrix.element(row, col), sizeof w);
  return w;
}

// Every chunk of random matrices, cut in random ways, computes its part of act(W x + b) and nothing else.
TEST(ChunkAssembler, ComputesProducts) {
  if (!__builtin_cpu_supports("avx512f"))
    GTEST_SKIP() << "this machine has no AVX-512";
  std::mt19937 generator(11);
  const int64_t extents[] = {0, 1, 2, 27, 28, 29, 57, 131, 300};
  for (int round = 0; round < 300; ++round) {
    auto pick = [&] { return extents[generator() % std::size(extents)]; };
    int64_t rows = pick(), cols = pick();
    double density = std::uniform_real_distribution<double>(0, generator() % 2 ? 0.2 : 1)(generator);
    format::DenseMatrix matrix = makeMatrix(rows, cols, density, generator);
    ChunkPlan plan;
    plan.accumulators = 1 + generator() % kMaxAccumulators;
    plan.kBlock = 1 + generator() % 320;
    plan.groups = 1 + generator() % 5;
    bool hasBias = generator() % 2, isRelu = generator() % 2;
    SCOPED_TRACE("round " + std::to_string(round) + ": " + std::to_string(rows) + " x " + std::to_string(cols) + ", " +
                 std::to_string(plan.accumulators) + " accumulators, k blocks of " + std::to_string(plan.kBlock) +
                 ", " + std::to_string(plan.groups) + " groups");
    AssembledMatrix assembled = assembleChunks(matrix, plan);
    int64_t kBlocks = std::max<int64_t>(1, (cols + plan.kBlock - 1) / plan.kBlock);
    ASSERT_EQ(assembled.codeOffsets.size(), static_cast<size_t>(plan.groups * kBlocks + 1));
    ASSERT_EQ(assembled.valueOffsets.size(), assembled.codeOffsets.size());
    ASSERT_EQ(assembled.codeOffsets.back(), static_cast<int64_t>(assembled.code.size()));
    ASSERT_EQ(static_cast<int64_t>(assembled.values.size() / sizeof(float)), format::countNonzeros(matrix));

    std::uniform_real_distribution<float> value(-2, 2);
    std::vector<float> x(cols * kLanes), bias(rows), y((rows + 2) * kLanes, NAN),
        values(assembled.values.size() / sizeof(float));
    for (float &v : x)
      v = value(generator);
    for (float &b : bias)
      b = value(generator);
    if (!values.empty())
      std::memcpy(values.data(), assembled.values.data(), assembled.values.size());
    Executable code(assembled.code);
    for (int64_t group = 0; group < plan.groups; ++group)
      for (int64_t kb = 0; kb < kBlocks; ++kb) {
        int64_t chunk = group * kBlocks + kb;
        EXPECT_EQ(assembled.codeOffsets[chunk] % 64, 0);
        code.at(assembled.codeOffsets[chunk])(x.data() + kb * plan.kBlock * kLanes, y.data() + kLanes,
                                              values.data() + assembled.valueOffsets[chunk],
                                              hasBias ? bias.data() : nullptr, isRelu && kb == kBlocks - 1);
      }
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      EXPECT_TRUE(std::isnan(y[lane]) && std::isnan(y[(rows + 1) * kLanes + lane])) << "it wrote outside of its rows";
      for (int64_t i = 0; i < rows; ++i) {
        double sum = hasBias ? bias[i] : 0, magnitude = std::fabs(sum);
        for (int64_t j = 0; j < cols; ++j) {
          double product = static_cast<double>(elementOf(matrix, i, j)) * x[j * kLanes + lane];
          sum += product;
          magnitude += std::fabs(product);
        }
        double expected = isRelu ? std::max(sum, 0.0) : sum;
        ASSERT_LE(std::fabs(y[(i + 1) * kLanes + lane] - expected), 6e-8 * (cols + 1) * magnitude) << i << ", " << lane;
      }
    }
  }
}

// NaN stays NaN through relu, wherever it comes from.
TEST(ChunkAssembler, KeepsNaN) {
  if (!__builtin_cpu_supports("avx512f"))
    GTEST_SKIP() << "this machine has no AVX-512";
  std::mt19937 generator(3);
  format::DenseMatrix matrix = makeMatrix(1, 2, 1, generator);
  float one = 1;
  std::memcpy(matrix.element(0, 0), &one, sizeof one);
  AssembledMatrix assembled = assembleChunks(matrix, {28, 2, 1});
  std::vector<float> x(2 * kLanes, 0), y(kLanes), values(assembled.values.size() / sizeof(float));
  std::memcpy(values.data(), assembled.values.data(), assembled.values.size());
  x[0] = NAN;
  x[1] = -1;
  x[2] = 5;
  Executable(assembled.code).at(0)(x.data(), y.data(), values.data(), nullptr, 1);
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_EQ(y[1], 0);
  EXPECT_EQ(y[2], 5);
}

// What the cost model and the code budget go by.
TEST(ChunkAssembler, EstimatesBytes) {
  std::mt19937 generator(4);
  for (double density : {0.02, 0.1, 0.5, 1.0})
    for (auto [rows, cols] : {std::pair<int64_t, int64_t>{280, 768}, {100, 300}}) {
      format::DenseMatrix matrix = makeMatrix(rows, cols, density, generator);
      ChunkPlan plan{28, 256, 2};
      AssembledMatrix assembled = assembleChunks(matrix, plan);
      double actual = static_cast<double>(assembled.code.size() + assembled.values.size());
      double estimate = static_cast<double>(estimateChunkBytes(matrix.shape, format::countNonzeros(matrix), plan));
      EXPECT_NEAR(estimate / actual, 1, 0.15) << rows << " x " << cols << " at " << density;
    }
}

} // namespace
