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
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
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

/*===---------------------------------------------------------------------===*\
|* Constant weights                                                            *|
\*===---------------------------------------------------------------------===*/

int omp_get_max_threads(void); /* see Runtime.c */

/* Weights in the order of one memory descriptor. */
struct packed_weights {
  dnnl_memory_t memory;
  struct packed_weights *next;
};

/* A primitive for one n and number of threads. One call at a time has it: the
 * scratch memory of oneDNN belongs to the primitive. */
struct executor {
  int64_t rows;
  int threads;
  dnnl_primitive_t primitive; /* NULL: oneDNN has only reference loops */
  dnnl_stream_t stream;
  dnnl_memory_t source, result;
  struct packed_weights *weights; /* the state's */
  struct executor *next;
};

struct dense_state {
  struct packed_weights *packed;
  struct executor *idle;
  int idleCount;
  struct dense_state *next;
};

/* Of idle executors the most recently used are kept: a model with a dynamic
 * batch size can be called with any number of sizes. */
enum { MaxIdle = 8 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static dnnl_engine_t engine;
static struct dense_state *states;

static void destroyExecutor(struct executor *executor) {
  if (executor->primitive)
    dnnl_primitive_destroy(executor->primitive);
  if (executor->stream)
    dnnl_stream_destroy(executor->stream);
  if (executor->source)
    dnnl_memory_destroy(executor->source);
  if (executor->result)
    dnnl_memory_destroy(executor->result);
  free(executor);
}

/* The model is unloaded. */
__attribute__((destructor)) static void destroyStates(void) {
  while (states) {
    struct dense_state *state = states;
    states = state->next;
    while (state->idle) {
      struct executor *executor = state->idle;
      state->idle = executor->next;
      destroyExecutor(executor);
    }
    while (state->packed) {
      struct packed_weights *packed = state->packed;
      state->packed = packed->next;
      dnnl_memory_destroy(packed->memory);
      free(packed);
    }
    free(state);
  }
  if (engine)
    dnnl_engine_destroy(engine);
}

/* The weights in the order of `wanted`, reordered if they are not yet. NULL if
 * that fails. Under the lock. */
static struct packed_weights *packWeights(struct dense_state *state,
                                          const dnnl_memory_desc_t *plain,
                                          const dnnl_memory_desc_t *wanted,
                                          dnnl_stream_t stream,
                                          const float *w) {
  for (struct packed_weights *packed = state->packed; packed;
       packed = packed->next) {
    const dnnl_memory_desc_t *known;
    if (dnnl_memory_get_memory_desc(packed->memory, &known) == dnnl_success &&
        dnnl_memory_desc_equal(known, wanted))
      return packed;
  }
  struct packed_weights *packed = calloc(1, sizeof(*packed));
  dnnl_memory_t source = NULL;
  dnnl_primitive_desc_t description = NULL;
  dnnl_primitive_t reorder = NULL;
  int good =
      packed &&
      dnnl_memory_create(&source, plain, engine, (void *)w) == dnnl_success &&
      dnnl_memory_create(&packed->memory, wanted, engine,
                         DNNL_MEMORY_ALLOCATE) == dnnl_success &&
      dnnl_reorder_primitive_desc_create(&description, plain, engine, wanted,
                                         engine, NULL) == dnnl_success &&
      dnnl_primitive_create(&reorder, description) == dnnl_success;
  if (good) {
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, source},
                                   {DNNL_ARG_TO, packed->memory}};
    good = dnnl_primitive_execute(reorder, stream, 2, arguments) ==
               dnnl_success &&
           dnnl_stream_wait(stream) == dnnl_success;
  }
  if (reorder)
    dnnl_primitive_destroy(reorder);
  if (description)
    dnnl_primitive_desc_destroy(description);
  if (source)
    dnnl_memory_destroy(source);
  if (!good) {
    if (packed && packed->memory)
      dnnl_memory_destroy(packed->memory);
    free(packed);
    return NULL;
  }
  packed->next = state->packed;
  state->packed = packed;
  return packed;
}

/* Makes `executor` able to compute, or leaves its primitive NULL. Under the
 * lock. */
static void prepare(struct executor *executor, struct dense_state *state,
                    int32_t transX, int32_t transW, int64_t m, int64_t k,
                    int64_t ldx, const float *w, int64_t ldw, int64_t ldy) {
  int64_t n = executor->rows;
  dnnl_dims_t xDims = {n, k}, wDims = {k, m}, yDims = {n, m};
  dnnl_dims_t xStrides = {transX ? 1 : ldx, transX ? ldx : 1};
  dnnl_dims_t wStrides = {transW ? 1 : ldw, transW ? ldw : 1};
  dnnl_dims_t yStrides = {ldy, 1};
  dnnl_memory_desc_t x, y, plain, any;
  dnnl_matmul_desc_t matmul;
  dnnl_primitive_desc_t description = NULL;
  const char *name = NULL;
  if (dnnl_stream_create(&executor->stream, engine,
                         dnnl_stream_default_flags) ||
      dnnl_memory_desc_init_by_strides(&x, 2, xDims, dnnl_f32, xStrides) ||
      dnnl_memory_desc_init_by_strides(&y, 2, yDims, dnnl_f32, yStrides) ||
      dnnl_memory_desc_init_by_strides(&plain, 2, wDims, dnnl_f32, wStrides) ||
      dnnl_memory_desc_init_by_tag(&any, 2, wDims, dnnl_f32,
                                   dnnl_format_tag_any) ||
      dnnl_matmul_desc_init(&matmul, &x, &any, NULL, &y) ||
      dnnl_primitive_desc_create(&description, &matmul, NULL, engine, NULL))
    return;
  /* The reference loops are some hundred times slower than sgemm. */
  if (dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0,
                                &name) == dnnl_success &&
      strncmp(name, "ref", 3) != 0)
    executor->weights = packWeights(
        state, &plain,
        dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0),
        executor->stream, w);
  if (executor->weights &&
      (dnnl_memory_create(&executor->source, &x, engine, DNNL_MEMORY_NONE) ||
       dnnl_memory_create(&executor->result, &y, engine, DNNL_MEMORY_NONE) ||
       dnnl_primitive_create(&executor->primitive, description)))
    executor->primitive = NULL;
  dnnl_primitive_desc_destroy(description);
}

/* An executor for the call, which owns it until giveBack. NULL if memory is
 * short. */
static struct executor *take(void **slot, int32_t transX, int32_t transW,
                             int64_t n, int64_t m, int64_t k, int64_t ldx,
                             const float *w, int64_t ldw, int64_t ldy) {
  int threads = omp_get_max_threads();
  struct executor *executor = NULL;
  pthread_mutex_lock(&lock);
  struct dense_state *state = *slot;
  if (!state && (state = calloc(1, sizeof(*state)))) {
    state->next = states;
    states = state;
    *slot = state;
  }
  if (state) {
    for (struct executor **at = &state->idle; *at; at = &(*at)->next)
      if ((*at)->rows == n && (*at)->threads == threads) {
        executor = *at;
        *at = executor->next;
        --state->idleCount;
        break;
      }
    if (!executor && (executor = calloc(1, sizeof(*executor)))) {
      executor->rows = n;
      executor->threads = threads;
      if (engine || dnnl_engine_create(&engine, dnnl_cpu, 0) == dnnl_success)
        prepare(executor, state, transX, transW, m, k, ldx, w, ldw, ldy);
    }
  }
  pthread_mutex_unlock(&lock);
  return executor;
}

static void giveBack(struct dense_state *state, struct executor *executor) {
  struct executor *dropped = NULL;
  pthread_mutex_lock(&lock);
  executor->next = state->idle;
  state->idle = executor;
  if (++state->idleCount > MaxIdle) {
    struct executor **last = &state->idle;
    while ((*last)->next)
      last = &(*last)->next;
    dropped = *last;
    *last = NULL;
    --state->idleCount;
  }
  pthread_mutex_unlock(&lock);
  if (dropped)
    destroyExecutor(dropped);
}

/* Few outputs or few columns of weights: sgemm takes 0.3 to 0.95 of the
 * primitive's time, which computes whole blocks of 64 columns and has more to
 * set up (docs/performance.md, "Small dense products"). A rule of extents alone,
 * so that results do not depend on what a clock said. */
static int prefersSgemm(int64_t n, int64_t m, int64_t k, int32_t transW) {
  if (!transW)
    return 0;
  if (n == 1)
    return k <= 1024 && (m <= 256 || (m <= 608 && k >= 48 && k <= 640));
  if (n == 2)
    return k <= 640 && (m <= 256 || (k >= 48 && m * k <= 1300000));
  if (n <= 4)
    return m <= 80 && k <= 512;
  return n <= 16 && m < 16 && k <= 1024;
}

void spnn_rt_dense(void **slot, int32_t transX, int32_t transW, int64_t n,
                   int64_t m, int64_t k, const float *x, int64_t ldx,
                   const float *w, int64_t ldw, float *y, int64_t ldy) {
  struct executor *executor = NULL;
  int done = 0;
  if (n > 0 && m > 0 && k > 0 && !prefersSgemm(n, m, k, transW))
    executor = take(slot, transX, transW, n, m, k, ldx, w, ldw, ldy);
  if (executor && executor->primitive) {
    dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_SRC, executor->source},
        {DNNL_ARG_WEIGHTS, executor->weights->memory},
        {DNNL_ARG_DST, executor->result}};
    done =
        dnnl_memory_set_data_handle(executor->source, (void *)x) ==
            dnnl_success &&
        dnnl_memory_set_data_handle(executor->result, y) == dnnl_success &&
        dnnl_primitive_execute(executor->primitive, executor->stream, 3,
                               arguments) == dnnl_success &&
        dnnl_stream_wait(executor->stream) == dnnl_success;
  }
  if (executor)
    giveBack(*slot, executor);
  if (!done)
    spnn_rt_sgemm(transX, transW, n, m, k, x, ldx, w, ldw, y, ldy);
}
