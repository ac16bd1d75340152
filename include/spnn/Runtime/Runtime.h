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
|*   the functions declared here.
|*
|* `data` lists the base pointers of the inputs, then of the outputs, all dense row-major and not overlapping;
|* `dims` lists the dynamic extents of the inputs, in order. An entry returns 0, or another value after it
|* recorded an error for spnn_context_error. A context serves one call at a time; several contexts can run at once.
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

/* A context that runs models on `threads` threads (0: as many as OpenMP would use). NULL if memory is short. */
spnn_context *spnn_context_create(int32_t threads);
void spnn_context_destroy(spnn_context *context);
/* The last error of the context as one sentence, "" if there was none. Owned by the context. */
const char *spnn_context_error(const spnn_context *context);
/* Bytes that the context's arena holds now. */
uint64_t spnn_context_arena_bytes(const spnn_context *context);

/* ---- Called by generated code only. ------------------------------------------------------------------ */

/* Makes `context` the calling thread's current one, sets its thread count for OpenMP and forgets its last error. */
void spnn_rt_enter(spnn_context *context);
/* Ends what spnn_rt_enter began, restoring the caller's OpenMP thread count; returns 0, or 1 if an error was recorded. */
int32_t spnn_rt_leave(spnn_context *context);
/* The current context's arena, at least `bytes` bytes, 64-byte aligned; it grows only when a call needs more than
 * any before. If memory is short it records an error and returns NULL. */
void *spnn_rt_arena(int64_t bytes);
/* Records `message` as the current context's error (the first one of a call is kept). */
void spnn_rt_fail(const char *message);
/* C[m][n] = op(A) op(B) in f32, row-major, op(A) m x k, op(B) k x n, through oneDNN; `transA` / `transB` say that the
 * operand is stored transposed. Leading dimensions in elements. */
void spnn_rt_sgemm(int32_t transA, int32_t transB, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                   const float *b, int64_t ldb, float *c, int64_t ldc);

#ifdef __cplusplus
}
#endif

#endif /* SPNN_RUNTIME_RUNTIME_H */
