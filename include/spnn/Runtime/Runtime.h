/*===- Runtime.h - The C interface of a compiled model ---------------------===*\
|*
|* Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*|
|*
|* The library that every compiled model links statically: contexts (arena, threads, last error) and the
|* services that generated code calls. Plain C, no MLIR, no LLVM. A compiled model `m.so` exports
|*
|*   const char spnn_model_description[];   the text described in docs/runtime-abi.md
|*   int32_t spnn_entry_<function>(spnn_context *, void *const *data, const int64_t *dims);
|*   spnn_abi_version and the spnn_context_* functions declared here.
|*
|* `data` lists the base pointers of the inputs, then of the outputs, all dense row-major, aligned to their element
|* and not overlapping; the pointer of a tensor without elements is never read and may be NULL. `dims` lists the
|* dynamic extents of the inputs, in order, and may be NULL if there are none. An entry returns 0, or another value
|* after it recorded an error for spnn_context_error. A context serves one call at a time; several contexts can run
|* at once, each on its own thread.
|*
\*===----------------------------------------------------------------------===*/
#ifndef SPNN_RUNTIME_RUNTIME_H
#define SPNN_RUNTIME_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of the description text and of every signature here; a loader refuses any other. */
#define SPNN_ABI_VERSION 1

typedef struct spnn_context spnn_context;

/* The value of SPNN_ABI_VERSION that the model was compiled with. */
int32_t spnn_abi_version(void);

/* A context that runs models on `threads` threads (below 1: as many as OpenMP would use). NULL if memory is short. */
spnn_context *spnn_context_create(int32_t threads);
/* Frees the context and its arena; NULL is allowed. No call may be under way in it. */
void spnn_context_destroy(spnn_context *context);
/* The last error of the context as one sentence, "" if there was none. Owned by the context, overwritten by its
 * next call. */
const char *spnn_context_error(const spnn_context *context);
/* Bytes that the context's arena holds now. */
uint64_t spnn_context_arena_bytes(const spnn_context *context);

/* ---- Called by generated code only; not exported by a model. ------------------------------------------ */

/* Hidden, so that two models in one process never call into each other's copy. */
#if defined(__GNUC__)
#define SPNN_RT __attribute__((visibility("hidden")))
#else
#define SPNN_RT
#endif

/* Makes `context` the calling thread's current one, sets its thread count for OpenMP and forgets its last error.
 * With NULL every service of the call fails, and so does spnn_rt_leave. */
SPNN_RT void spnn_rt_enter(spnn_context *context);
/* Ends what spnn_rt_enter began, restoring the caller's current context and OpenMP thread count; returns 0, or 1 if
 * an error was recorded. */
SPNN_RT int32_t spnn_rt_leave(spnn_context *context);
/* The current context's arena, at least `bytes` bytes, 64-byte aligned, with unspecified contents; it grows only
 * when a call needs more than any before, and then moves. If memory is short it records an error and returns NULL. */
SPNN_RT void *spnn_rt_arena(int64_t bytes);
/* Records `message` as the current context's error (the first one of a call is kept, its first 511 bytes). Only on
 * the thread that entered: inside a parallel region set a flag and fail after it; otherwise the process aborts
 * rather than lose the error. */
SPNN_RT void spnn_rt_fail(const char *message);
/* The same, with the first two "{}" in `message` replaced by the numbers; what the slot of the call holds came first. */
SPNN_RT void spnn_rt_stop(const char *message, int64_t first, int64_t second);
/* Where any thread of the call that this thread entered may store a message, text that stays valid: spnn_rt_leave then
 * records it, as spnn_rt_fail would, unless an error was recorded already. The address is good until then. Only on the
 * thread that entered; otherwise the process aborts. */
SPNN_RT const char **spnn_rt_fault_slot(void);
/* Threads that a parallel region of the calling thread would have. */
SPNN_RT int64_t spnn_rt_threads(void);
/* C[m][n] = op(A) op(B) in f32, row-major, op(A) m x k, op(B) k x n, through oneDNN; `transA` / `transB` say that the
 * operand is stored transposed. Leading dimensions in elements. With k = 0 the product is zero. A refusal of oneDNN
 * is recorded as the call's error. In an archive of its own, SPNNRuntimeDense, as it needs libdnnl. */
SPNN_RT void spnn_rt_sgemm(int32_t transA, int32_t transB, int64_t m, int64_t n, int64_t k, const float *a,
                           int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc);

/* Y[n][m] = op(X) op(W) with constant weights W: op(X) is n x k, op(W) k x m, `transX` / `transW` say that the operand is
 * stored transposed.
 * The first call for an n brings the weights into the order that oneDNN likes best, and keeps them; `state`, one pointer
 * a product, NULL at first, leads to what is kept until the model is unloaded. Calls on several threads share it. Where
 * oneDNN has no such primitive this is spnn_rt_sgemm. In SPNNRuntimeDense. */
SPNN_RT void spnn_rt_dense(void **state, int32_t transX, int32_t transW, int64_t n, int64_t m, int64_t k, const float *x,
                           int64_t ldx, const float *w, int64_t ldw, float *y, int64_t ldy);

/* Checks a graph in compressed rows that the caller gave: `given` positions, `edges` indices. If all rules hold, `checked`, of
 * `given` elements, becomes the positions; otherwise an error is recorded, and it becomes zeros: a graph without edges. The
 * rules: given is rows + 1, positions begin with 0, do not descend and end with `edges`; indices are below `columns` and ascend in a
 * row; with `symmetric` the graph equals its transpose. */
SPNN_RT void spnn_rt_assemble(int64_t rows, int64_t columns, int64_t given, int64_t edges, int32_t symmetric,
                              const int32_t *positions, const int32_t *indices, int32_t *checked);
/* The graph with all edges turned round, of a checked graph: `columns` + 1 positions; indices and order have an element an edge, and
 * edge e of the result is edge order[e] of the graph. */
SPNN_RT void spnn_rt_transpose(int64_t rows, int64_t columns, const int32_t *positions, const int32_t *indices,
                               int32_t *transposedPositions, int32_t *transposedIndices, int32_t *order);
/* Checks numbers of edges that the caller gave: each is one of `edges`. If all are, they are copied to `checked`; otherwise an error
 * is recorded, and `checked` becomes 0, 1, 2, ... */
SPNN_RT void spnn_rt_check_order(int64_t edges, const int32_t *order, int32_t *checked);

#ifdef __cplusplus
}
#endif

#endif /* SPNN_RUNTIME_RUNTIME_H */
