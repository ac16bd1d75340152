//===- RuntimeTest.cpp - Tests of the run-time library --------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Contexts, their arena, errors and threads, and the dense product.
//
//===----------------------------------------------------------------------===//
#include "spnn/Runtime/Runtime.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <dlfcn.h>
#include <string>
#include <thread>
#include <vector>

// Lets a request for too much memory return null under AddressSanitizer too.
extern "C" const char *__asan_default_options() {
  return "allocator_may_return_null=1";
}

extern "C" int omp_get_max_threads(void);
extern "C" void omp_set_num_threads(int);

namespace {

/// A context for the length of a test.
class Runtime : public ::testing::Test {
protected:
  ~Runtime() override { spnn_context_destroy(context); }
  spnn_context *context = spnn_context_create(3);
};

TEST_F(Runtime, HasTheVersionOfTheHeader) {
  EXPECT_EQ(spnn_abi_version(), SPNN_ABI_VERSION);
}

TEST_F(Runtime, ArenaGrowsAndStays) {
  EXPECT_EQ(spnn_context_arena_bytes(context), 0u);
  spnn_rt_enter(context);
  void *small = spnn_rt_arena(0);
  ASSERT_NE(small, nullptr);
  EXPECT_EQ(spnn_context_arena_bytes(context), 64u);
  auto *large = static_cast<char *>(spnn_rt_arena(100001));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(large) % 64, 0u);
  std::memset(large, 1, 100001);
  EXPECT_EQ(spnn_context_arena_bytes(context), 100032u);
  EXPECT_EQ(spnn_rt_arena(100032), large);
  EXPECT_EQ(spnn_rt_arena(5), large);
  EXPECT_EQ(spnn_rt_leave(context), 0);
}

TEST_F(Runtime, ShortMemoryIsAnError) {
  for (int64_t bytes : {int64_t(-1), INT64_MAX, INT64_MAX - 64}) {
    spnn_rt_enter(context);
    EXPECT_EQ(spnn_rt_arena(bytes), nullptr);
    EXPECT_EQ(spnn_rt_leave(context), 1);
    EXPECT_NE(std::string(spnn_context_error(context)).find("memory"),
              std::string::npos);
  }
  // The next call works again.
  spnn_rt_enter(context);
  EXPECT_NE(spnn_rt_arena(10), nullptr);
  EXPECT_EQ(spnn_rt_leave(context), 0);
  EXPECT_STREQ(spnn_context_error(context), "");
}

TEST_F(Runtime, KeepsTheFirstError) {
  spnn_rt_enter(context);
  spnn_rt_fail("first");
  spnn_rt_fail("second");
  EXPECT_EQ(spnn_rt_leave(context), 1);
  EXPECT_STREQ(spnn_context_error(context), "first");
  spnn_rt_enter(context);
  EXPECT_STREQ(spnn_context_error(context), "");
  spnn_rt_fail(std::string(1000, 'x').c_str());
  EXPECT_EQ(spnn_rt_leave(context), 1);
  EXPECT_EQ(std::string(spnn_context_error(context)), std::string(511, 'x'));
  spnn_rt_enter(context);
  spnn_rt_fail("");
  EXPECT_EQ(spnn_rt_leave(context), 1);
}

TEST_F(Runtime, StopsWithNumbers) {
  auto stop = [&](const std::string &message, int64_t first, int64_t second) {
    spnn_rt_enter(context);
    spnn_rt_stop(message.c_str(), first, second);
    EXPECT_EQ(spnn_rt_leave(context), 1);
    return std::string(spnn_context_error(context));
  };
  EXPECT_EQ(stop("x has {} rows, expected {} ({})", 3, 4),
            "x has 3 rows, expected 4 ({})");
  EXPECT_EQ(stop("{}{}", INT64_MIN, INT64_MAX),
            "-92233720368547758089223372036854775807");
  EXPECT_EQ(stop("{", 1, 2), "{");
  EXPECT_EQ(stop("{ }}{", 1, 2), "{ }}{");
  // A number that does not fit is cut as text is.
  EXPECT_EQ(stop(std::string(600, 'x'), 1, 2), std::string(511, 'x'));
  EXPECT_EQ(stop(std::string(510, 'x') + "{}{}", 123, 456),
            std::string(510, 'x') + "1");
}

TEST_F(Runtime, AFaultComesBeforeAStop) {
  spnn_rt_enter(context);
  *spnn_rt_fault_slot() = "fault";
  spnn_rt_stop("stop", 0, 0);
  EXPECT_EQ(spnn_rt_leave(context), 1);
  EXPECT_STREQ(spnn_context_error(context), "fault");
}

TEST_F(Runtime, RestoresTheCallersThreads) {
  omp_set_num_threads(2);
  spnn_rt_enter(context);
  EXPECT_EQ(omp_get_max_threads(), 3);
  EXPECT_EQ(spnn_rt_leave(context), 0);
  EXPECT_EQ(omp_get_max_threads(), 2);
  spnn_context *all = spnn_context_create(0);
  spnn_rt_enter(all);
  EXPECT_EQ(omp_get_max_threads(), 2);
  EXPECT_EQ(spnn_rt_leave(all), 0);
  spnn_context_destroy(all);
}

TEST_F(Runtime, ContextsNest) {
  spnn_context *inner = spnn_context_create(1);
  spnn_rt_enter(context);
  spnn_rt_enter(inner);
  spnn_rt_fail("inner");
  EXPECT_EQ(spnn_rt_leave(inner), 1);
  EXPECT_EQ(omp_get_max_threads(), 3);
  EXPECT_EQ(spnn_rt_leave(context), 0);
  spnn_context_destroy(inner);
}

TEST_F(Runtime, ThreadsHaveTheirOwnCurrentContext) {
  spnn_rt_enter(context);
  std::thread([] {
    spnn_context *other = spnn_context_create(1);
    spnn_rt_enter(other);
    spnn_rt_fail("other");
    EXPECT_EQ(spnn_rt_leave(other), 1);
    spnn_context_destroy(other);
  }).join();
  EXPECT_EQ(spnn_rt_leave(context), 0);
}

TEST_F(Runtime, WithoutAContextEverythingFails) {
  spnn_rt_enter(nullptr);
  EXPECT_EQ(spnn_rt_arena(8), nullptr);
  spnn_rt_fail("not lost, as leave fails");
  *spnn_rt_fault_slot() = "nor is this";
  EXPECT_EQ(spnn_rt_leave(nullptr), 1);
  EXPECT_STRNE(spnn_context_error(nullptr), "");
  spnn_context_destroy(nullptr);
}

TEST_F(Runtime, AFaultIsTheErrorOfTheCall) {
  spnn_rt_enter(context);
  const char **slot = spnn_rt_fault_slot();
  EXPECT_EQ(*slot, nullptr);
  // Any thread may store there.
  std::thread([slot] { *slot = "a fault"; }).join();
  EXPECT_EQ(spnn_rt_leave(context), 1);
  EXPECT_STREQ(spnn_context_error(context), "a fault");
  // The next call knows nothing of it.
  spnn_rt_enter(context);
  EXPECT_EQ(*spnn_rt_fault_slot(), nullptr);
  EXPECT_EQ(spnn_rt_leave(context), 0);
  EXPECT_STREQ(spnn_context_error(context), "");
}

TEST_F(Runtime, AnErrorComesBeforeAFault) {
  spnn_rt_enter(context);
  *spnn_rt_fault_slot() = "a fault";
  spnn_rt_fail("an error");
  EXPECT_EQ(spnn_rt_leave(context), 1);
  EXPECT_STREQ(spnn_context_error(context), "an error");
}

TEST_F(Runtime, FaultsStayWithTheirCall) {
  spnn_context *inner = spnn_context_create(1);
  spnn_rt_enter(context);
  *spnn_rt_fault_slot() = "outer";
  spnn_rt_enter(inner);
  EXPECT_EQ(spnn_rt_leave(inner), 0);
  spnn_rt_enter(inner);
  *spnn_rt_fault_slot() = "inner";
  EXPECT_EQ(spnn_rt_leave(inner), 1);
  EXPECT_STREQ(spnn_context_error(inner), "inner");
  EXPECT_EQ(spnn_rt_leave(context), 1);
  EXPECT_STREQ(spnn_context_error(context), "outer");
  spnn_context_destroy(inner);
}

TEST_F(Runtime, AnErrorOutsideOfACallIsNotLost) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(*spnn_rt_fault_slot() = "lost?",
               "the slot for faults was asked for outside of a call");
  EXPECT_DEATH(spnn_rt_fail("lost?"), "an error outside of a call: lost");
}

/// A row-major product by definition.
std::vector<float> product(bool ta, bool tb, int64_t m, int64_t n, int64_t k,
                           const std::vector<float> &a, int64_t lda,
                           const std::vector<float> &b, int64_t ldb) {
  std::vector<float> c(m * n);
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j)
      for (int64_t p = 0; p < k; ++p)
        c[i * n + j] += (ta ? a[p * lda + i] : a[i * lda + p]) *
                        (tb ? b[j * ldb + p] : b[p * ldb + j]);
  return c;
}

TEST_F(Runtime, MultipliesDenseMatrices) {
  const int64_t sizes[][3] = {{1, 1, 1}, {3, 5, 7}, {64, 33, 17}, {4, 6, 0},
                              {0, 3, 2}, {2, 0, 3}, {1, 40, 9}};
  for (auto [m, n, k] : sizes)
    for (int transposed = 0; transposed < 4; ++transposed) {
      bool ta = transposed & 1, tb = transposed & 2;
      int64_t lda = (ta ? m : k) + 2, ldb = (tb ? k : n) + 1, ldc = n + 3;
      // Small integers, so that every order of summation gives the same.
      std::vector<float> a((ta ? k : m) * lda), b((tb ? n : k) * ldb);
      for (size_t i = 0; i < a.size(); ++i)
        a[i] = static_cast<float>(i % 7) - 3;
      for (size_t i = 0; i < b.size(); ++i)
        b[i] = static_cast<float>(i % 5) - 2;
      std::vector<float> c(m * ldc + 1, 99);
      spnn_rt_enter(context);
      spnn_rt_sgemm(ta, tb, m, n, k, a.data(), lda, b.data(), ldb, c.data(),
                    ldc);
      ASSERT_EQ(spnn_rt_leave(context), 0) << spnn_context_error(context);
      std::vector<float> expected = product(ta, tb, m, n, k, a, lda, b, ldb);
      for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j < ldc; ++j)
          ASSERT_EQ(c[i * ldc + j], j < n ? expected[i * n + j] : 99);
    }
}

// Constant weights, packed once a size, give what sgemm gives: in turn, for more sizes than are kept, and from several
// threads at once.
TEST_F(Runtime, MultipliesByConstantWeights) {
  const int64_t m = 37, k = 21;
  for (int transposed = 0; transposed < 4; ++transposed) {
    bool tx = transposed & 1, tw = transposed & 2;
    int64_t ldw = (tw ? k : m) + 2;
    std::vector<float> w((tw ? m : k) * ldw);
    for (size_t i = 0; i < w.size(); ++i)
      w[i] = static_cast<float>(i % 5) - 2;
    void *state = nullptr;
    auto check = [&](int64_t n) {
      int64_t ldx = (tx ? n : k) + 1, ldy = m + 3;
      std::vector<float> x((tx ? k : n) * ldx), y(n * ldy + 1, 99);
      for (size_t i = 0; i < x.size(); ++i)
        x[i] = static_cast<float>((i + n) % 7) - 3;
      spnn_context *own = spnn_context_create(1);
      spnn_rt_enter(own);
      spnn_rt_dense(&state, tx, tw, n, m, k, x.data(), ldx, w.data(), ldw, y.data(), ldy);
      EXPECT_EQ(spnn_rt_leave(own), 0) << spnn_context_error(own);
      spnn_context_destroy(own);
      std::vector<float> expected = product(tx, tw, n, m, k, x, ldx, w, ldw);
      for (int64_t i = 0; i < n; ++i)
        for (int64_t j = 0; j < ldy; ++j)
          EXPECT_EQ(y[i * ldy + j], j < m ? expected[i * m + j] : 99) << n << ": " << i << ", " << j;
    };
    for (int64_t n : {5, 0, 1, 5, 16, 2, 3, 4, 6, 7, 8, 9, 10, 11, 5})
      check(n);
    std::vector<std::thread> threads;
    for (int64_t t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (int round = 0; round < 20; ++round)
          check(1 + (t + round) % 3);
      });
    for (std::thread &thread : threads)
      thread.join();
  }
}

TEST_F(Runtime, OneOpenMPServesOneDNNToo) {
  // Debian's libdnnl needs libgomp; the symbols it uses come from libomp, which
  // stands earlier in the order of lookup (docs/runtime-abi.md).
  void *parallel = dlvsym(RTLD_DEFAULT, "GOMP_parallel", "GOMP_4.0");
  ASSERT_NE(parallel, nullptr);
  Dl_info info;
  ASSERT_NE(dladdr(parallel, &info), 0);
  EXPECT_NE(std::string(info.dli_fname).find("libomp"), std::string::npos)
      << info.dli_fname;
}

TEST_F(Runtime, ReportsARefusedProduct) {
  float value = 1;
  spnn_rt_enter(context);
  spnn_rt_sgemm(0, 0, 2, 2, 2, &value, 1, &value, 1, &value, 1);
  EXPECT_EQ(spnn_rt_leave(context), 1);
  EXPECT_NE(std::string(spnn_context_error(context))
                .find("oneDNN refused a product of 2 x 2 by 2 x 2"),
            std::string::npos);
}

} // namespace
