//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the machine itself can do.
//
//===----------------------------------------------------------------------===//
#include "Machine.h"

#include "Timing.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

using namespace spnn::bench;

std::string spnn::bench::describeMachine() {
  std::ifstream file("/proc/cpuinfo");
  std::string line, name = "unknown CPU", family, model;
  auto value = [&]() { return line.substr(std::min(line.size(), line.find(':') + 2)); };
  while (std::getline(file, line) && !line.empty()) {
    if (line.rfind("model name", 0) == 0)
      name = value();
    else if (line.rfind("cpu family", 0) == 0)
      family = value();
    else if (line.rfind("model\t", 0) == 0)
      model = value();
  }
  return name + " (family " + family + ", model " + model + "), " +
         std::to_string(std::thread::hardware_concurrency()) + " cores";
}

uint64_t spnn::bench::cacheBytes(int level) {
  // sysconf adds up the L3 caches of a socket, of which a core sees one.
  for (int index = 0; index < 8; ++index) {
    std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/", type;
    int found = 0;
    uint64_t size = 0;
    char unit = 0;
    std::ifstream(folder + "type") >> type;
    std::ifstream(folder + "level") >> found;
    std::ifstream(folder + "size") >> size >> unit;
    if (found == level && type != "Instruction")
      return unit == 'K' ? size << 10 : unit == 'M' ? size << 20 : size;
  }
  return 0;
}

double spnn::bench::loadAverage() {
  double load = 0;
  return getloadavg(&load, 1) == 1 ? load : 0;
}

namespace {
constexpr int kChains = 12;

// The vector types must be spelt out: an attribute takes no template parameter.
typedef float Vector16 __attribute__((vector_size(16)));
typedef float Vector32 __attribute__((vector_size(32)));
typedef float Vector64 __attribute__((vector_size(64)));
} // namespace

/// Two functions a width, compiled for the features that the width stands for. The empty asm statements keep each
/// vector in a register and the loop from being folded.
#define SPNN_DEFINE_LOOPS(BITS, VECTOR, TARGET)                                                                        \
  TARGET static void multiplyAdds##BITS(int64_t iterations) {                                                          \
    VECTOR sums[kChains], a, b;                                                                                        \
    for (unsigned i = 0; i < sizeof(VECTOR) / sizeof(float); ++i)                                                      \
      a[i] = 0.999f, b[i] = 0.001f;                                                                                    \
    for (VECTOR &sum : sums)                                                                                           \
      sum = a;                                                                                                         \
    asm volatile("" : "+v"(a), "+v"(b));                                                                               \
    for (int64_t i = 0; i < iterations; ++i) {                                                                         \
      _Pragma("clang fp contract(fast)") _Pragma("unroll") for (int c = 0; c < kChains; ++c) {                         \
        sums[c] = sums[c] * a + b;                                                                                     \
        asm volatile("" : "+v"(sums[c]));                                                                              \
      }                                                                                                                \
    }                                                                                                                  \
  }                                                                                                                    \
  TARGET static void readAll##BITS(const char *data, uint64_t bytes) {                                                 \
    for (uint64_t at = 0; at < bytes; at += 8 * sizeof(VECTOR))                                                        \
      _Pragma("unroll") for (unsigned i = 0; i < 8; ++i) {                                                             \
        VECTOR loaded = *reinterpret_cast<const VECTOR *>(data + at + i * sizeof(VECTOR));                             \
        asm volatile("" : : "v"(loaded));                                                                              \
      }                                                                                                                \
  }

SPNN_DEFINE_LOOPS(512, Vector64, __attribute__((target("avx512f"))))
SPNN_DEFINE_LOOPS(256, Vector32, __attribute__((target("avx2,fma"))))
// Without AVX "v" means an SSE register.
SPNN_DEFINE_LOOPS(128, Vector16, )

double spnn::bench::runMultiplyAdds(unsigned vectorBytes, int64_t iterations) {
  if (vectorBytes == 64)
    multiplyAdds512(iterations);
  else if (vectorBytes == 32)
    multiplyAdds256(iterations);
  else
    multiplyAdds128(iterations);
  return 2.0 * kChains * (vectorBytes / sizeof(float)) * static_cast<double>(iterations);
}

double spnn::bench::measureMultiplyAdds(unsigned vectorBytes) {
  double best = 0;
  for (int round = 0; round < 50; ++round) {
    double begin = threadMicroseconds();
    double work = runMultiplyAdds(vectorBytes, 20000);
    best = std::max(best, work / ((threadMicroseconds() - begin) * 1e3));
  }
  return best;
}

double spnn::bench::measureParallelRegion(int threads) {
  double best = 1e9;
  for (int round = 0; round < 20; ++round) {
    constexpr int kRegions = 200;
    double begin = nowMicroseconds();
    for (int i = 0; i < kRegions; ++i) {
#pragma omp parallel num_threads(threads)
      asm volatile("");
    }
    best = std::min(best, (nowMicroseconds() - begin) / kRegions);
  }
  return best;
}

double spnn::bench::measureGigahertz() {
  double best = 0;
  for (int round = 0; round < 20; ++round) {
    constexpr int64_t kSteps = 1 << 20;
    double begin = threadMicroseconds();
    uint64_t value = 1;
    for (int64_t i = 0; i < kSteps / 16; ++i)
      for (int j = 0; j < 16; ++j)
        asm volatile("imul %0, %0" : "+r"(value)); // three cycles on every CPU with AVX2
    best = std::max(best, 3.0 * kSteps / ((threadMicroseconds() - begin) * 1e3));
  }
  return best;
}

double spnn::bench::measureBandwidth(unsigned vectorBytes, uint64_t bytes) {
  bytes = bytes / 512 * 512;
  void *memory = nullptr;
  if (posix_memalign(&memory, 4096, bytes))
    return 0;
  memset(memory, 1, bytes);
  const char *data = static_cast<const char *>(memory);
  auto read = vectorBytes == 64 ? readAll512 : vectorBytes == 32 ? readAll256 : readAll128;
  int64_t passes = std::max<int64_t>(1, (1 << 24) / static_cast<int64_t>(bytes));
  double best = 0;
  for (int round = 0; round < 12; ++round) {
    read(data, bytes);
    double begin = threadMicroseconds();
    for (int64_t i = 0; i < passes; ++i)
      read(data, bytes);
    best = std::max(best, static_cast<double>(passes) * bytes / ((threadMicroseconds() - begin) * 1e3));
  }
  free(memory);
  return best;
}
