//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A sum over neighbours as somebody writes it by hand with vectors of AVX-512, for comparison.
//
//===----------------------------------------------------------------------===//
#include "SpmmHand.h"

#if defined(__AVX512F__)
#include <immintrin.h>

/// V vectors of a row are summed in registers.
template <int V>
static void sumBlock(const spnn::Adjacency &graph, int64_t stride, const float *scales, const float *x, float *y,
                     int threads) {
  const int32_t *positions = graph.positions.data(), *indices = graph.indices.data();
#pragma omp parallel for schedule(dynamic, 128) num_threads(threads)
  for (int64_t i = 0; i < graph.rows; ++i) {
    __m512 sums[V];
    for (int v = 0; v < V; ++v)
      sums[v] = _mm512_setzero_ps();
    for (int32_t edge = positions[i]; edge < positions[i + 1]; ++edge) {
      const float *row = x + indices[edge] * stride;
      if (scales) {
        __m512 scale = _mm512_set1_ps(scales[indices[edge]]);
        for (int v = 0; v < V; ++v)
          sums[v] = _mm512_fmadd_ps(scale, _mm512_loadu_ps(row + 16 * v), sums[v]);
      } else {
        for (int v = 0; v < V; ++v)
          sums[v] = _mm512_add_ps(sums[v], _mm512_loadu_ps(row + 16 * v));
      }
    }
    __m512 scale = _mm512_set1_ps(scales ? scales[i] : 1.0f);
    for (int v = 0; v < V; ++v)
      _mm512_storeu_ps(y + i * stride + 16 * v, _mm512_mul_ps(scale, sums[v]));
  }
}
#endif

bool spnn::bench::sumByHand(const Adjacency &graph, int64_t columns, const float *scales, const float *x, float *y,
                            int threads) {
#if defined(__AVX512F__)
  for (int64_t at = 0; at < columns;) {
    if (columns - at >= 128)
      sumBlock<8>(graph, columns, scales, x + at, y + at, threads), at += 128;
    else if (columns - at >= 64)
      sumBlock<4>(graph, columns, scales, x + at, y + at, threads), at += 64;
    else if (columns - at >= 16)
      sumBlock<1>(graph, columns, scales, x + at, y + at, threads), at += 16;
    else
      return false;
  }
  return true;
#else
  return false;
#endif
}
