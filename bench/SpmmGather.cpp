//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The bound of a sum over neighbours: rows of features that are only read.
//
//===----------------------------------------------------------------------===//
#include "SpmmGather.h"

#if defined(__AVX512F__)
#include <algorithm>
#include <immintrin.h>

/// V vectors of each row. Sums are four at least, since an addition waits four cycles for the one before.
template <int V, bool Prefetch>
static void gatherBlock(const spnn::Adjacency &graph, int64_t stride, const float *x, float *sink, int64_t distance,
                        int threads) {
  constexpr int kEdges = V >= 4 ? 1 : 4 / V;
  const int32_t *positions = graph.positions.data(), *indices = graph.indices.data();
  int64_t last = graph.edges() - 1;
#pragma omp parallel for schedule(dynamic, 128) num_threads(threads)
  for (int64_t i = 0; i < graph.rows; ++i) {
    __m512 sums[kEdges * V];
    for (int v = 0; v < kEdges * V; ++v)
      sums[v] = _mm512_setzero_ps();
    auto add = [&](int64_t edge, int first) {
      if (Prefetch) {
        const float *ahead = x + indices[std::min(edge + distance, last)] * stride;
        for (int v = 0; v < V; ++v)
          _mm_prefetch(reinterpret_cast<const char *>(ahead + 16 * v), _MM_HINT_T0);
      }
      const float *row = x + indices[edge] * stride;
      for (int v = 0; v < V; ++v)
        sums[first + v] = _mm512_add_ps(sums[first + v], _mm512_loadu_ps(row + 16 * v));
    };
    int64_t edge = positions[i], end = positions[i + 1];
    for (; edge + kEdges <= end; edge += kEdges)
      for (int k = 0; k < kEdges; ++k)
        add(edge + k, k * V);
    for (; edge < end; ++edge)
      add(edge, 0);
    for (int v = 1; v < kEdges * V; ++v)
      sums[0] = _mm512_add_ps(sums[0], sums[v]);
    _mm512_storeu_ps(sink + i * 16, sums[0]);
  }
}

template <int V>
static void gather(const spnn::Adjacency &graph, int64_t stride, const float *x, float *sink, int64_t distance,
                   int threads) {
  if (distance > 0)
    gatherBlock<V, true>(graph, stride, x, sink, distance, threads);
  else
    gatherBlock<V, false>(graph, stride, x, sink, distance, threads);
}
#endif

bool spnn::bench::gatherByHand(const Adjacency &graph, int64_t columns, const float *x, float *sink, int64_t distance,
                               int threads) {
#if defined(__AVX512F__)
  if (columns % 16 != 0)
    return false;
  for (int64_t at = 0; at < columns;) {
    if (columns - at >= 128)
      gather<8>(graph, columns, x + at, sink, distance, threads), at += 128;
    else if (columns - at >= 64)
      gather<4>(graph, columns, x + at, sink, distance, threads), at += 64;
    else
      gather<1>(graph, columns, x + at, sink, distance, threads), at += 16;
  }
  return true;
#else
  return false;
#endif
}
