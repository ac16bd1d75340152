/*===- Dense.c - Dense products of a compiled model ----------------------===*\
|*
|* Part of the sparse neural network compiler, under the Apache License v2.0
|* with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===---------------------------------------------------------------------===*|
|*
|* The services that go through oneDNN, in an archive of their own, so that a
|* model without dense products does not link libdnnl.
|*
\*===---------------------------------------------------------------------===*/
#include "spnn/Runtime/Runtime.h"

#include <dnnl.h>
#include <stdio.h>
#include <string.h>

void spnn_rt_sgemm(int32_t transA, int32_t transB, int64_t m, int64_t n,
                   int64_t k, const float *a, int64_t lda, const float *b,
                   int64_t ldb, float *c, int64_t ldc) {
  if (m <= 0 || n <= 0)
    return;
  if (k <= 0) {
    /* oneDNN may leave C alone here. */
    for (int64_t row = 0; row < m; ++row)
      memset(c + row * ldc, 0, (size_t)n * sizeof(float));
    return;
  }
  dnnl_status_t status = dnnl_sgemm(transA ? 'T' : 'N', transB ? 'T' : 'N', m,
                                    n, k, 1.0f, a, lda, b, ldb, 0.0f, c, ldc);
  if (status == dnnl_success)
    return;
  char message[160];
  snprintf(message, sizeof(message),
           "oneDNN refused a product of %lld x %lld by %lld x %lld (status %d)",
           (long long)m, (long long)k, (long long)k, (long long)n, (int)status);
  spnn_rt_fail(message);
}
