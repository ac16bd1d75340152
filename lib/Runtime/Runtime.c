/*===- Runtime.c - Contexts and services of a compiled model -------------===*\
|*
|* Part of the sparse neural network compiler, under the Apache License v2.0
|* with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===---------------------------------------------------------------------===*|
|*
|* Contexts (arena, thread count, error text) and the services that generated
|* code calls, except for those that need a library beyond libomp. In C, so that
|* a model needs no C++ run-time library.
|*
\*===---------------------------------------------------------------------===*/
#include "spnn/Runtime/Runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of OpenMP's library, declared here because omp.h comes with one compiler's
 * headers, which another compiler cannot read. */
int omp_get_max_threads(void);
int omp_get_thread_limit(void);
void omp_set_num_threads(int threads);

enum { ArenaAlignment = 64, ErrorBytes = 512 };

struct spnn_context {
  void *arena;
  size_t arenaBytes;
  int32_t threads; /* 0: as many as OpenMP would use */
  /* What spnn_rt_leave puts back. */
  int callerThreads;
  spnn_context *callerContext;
  char error[ErrorBytes];
};

/* Stands for the NULL context, so that a service called without one fails
 * quietly, while one called on a thread that never entered does not. */
static spnn_context nobody;

static _Thread_local spnn_context *current;

/* The slot of the current call. Not in the context, whose layout belongs to the
 * ABI: a context that one model made also serves others (docs/runtime-abi.md),
 * compiled with an older or a newer copy of this file. */
static _Thread_local const char *fault;

int32_t spnn_abi_version(void) { return SPNN_ABI_VERSION; }

spnn_context *spnn_context_create(int32_t threads) {
  spnn_context *context = calloc(1, sizeof(spnn_context));
  if (!context)
    return NULL;
  if (threads > 0) {
    int limit = omp_get_thread_limit();
    context->threads = threads < limit ? threads : limit;
  }
  return context;
}

void spnn_context_destroy(spnn_context *context) {
  if (!context)
    return;
  free(context->arena);
  free(context);
}

const char *spnn_context_error(const spnn_context *context) {
  return context ? context->error : "there is no context";
}

uint64_t spnn_context_arena_bytes(const spnn_context *context) {
  return context ? context->arenaBytes : 0;
}

/* Makes an error of what the slot holds, and empties it. Plain accesses will do:
 * whatever other threads stored, they stored in parallel regions that ended. */
static void take_fault(void) {
  if (fault)
    spnn_rt_fail(fault);
  fault = NULL;
}

void spnn_rt_enter(spnn_context *context) {
  /* A call inside of a call uses the same slot. */
  take_fault();
  if (!context) {
    current = &nobody;
    return;
  }
  context->callerContext = current;
  context->error[0] = '\0';
  current = context;
  if (context->threads > 0) {
    context->callerThreads = omp_get_max_threads();
    omp_set_num_threads(context->threads);
  }
}

int32_t spnn_rt_leave(spnn_context *context) {
  take_fault();
  if (!context) {
    current = NULL;
    return 1;
  }
  if (context->threads > 0)
    omp_set_num_threads(context->callerThreads);
  current = context->callerContext;
  return context->error[0] != '\0';
}

void *spnn_rt_arena(int64_t bytes) {
  spnn_context *context = current;
  if (!context || context == &nobody) {
    spnn_rt_fail("the arena was asked for outside of a call");
    return NULL;
  }
  if (bytes < 0 || (uint64_t)bytes > SIZE_MAX - ArenaAlignment) {
    spnn_rt_fail("the sizes of the inputs ask for more memory than can be "
                 "addressed");
    return NULL;
  }
  /* A multiple of the alignment, as aligned_alloc wants, and never empty, so
   * that NULL always means an error. */
  size_t needed =
      (size_t)bytes < ArenaAlignment ? ArenaAlignment : (size_t)bytes;
  needed = (needed + ArenaAlignment - 1) / ArenaAlignment * ArenaAlignment;
  if (needed > context->arenaBytes) {
    /* The contents are not kept, so the old block goes first: the peak is the
     * new size and not the sum of both. */
    free(context->arena);
    context->arena = aligned_alloc(ArenaAlignment, needed);
    context->arenaBytes = context->arena ? needed : 0;
    if (!context->arena) {
      char message[128];
      snprintf(message, sizeof(message),
               "memory is short: the call needs an arena of %zu bytes", needed);
      spnn_rt_fail(message);
      return NULL;
    }
  }
  return context->arena;
}

void spnn_rt_fail(const char *message) {
  spnn_context *context = current;
  if (context == &nobody)
    return;
  if (!context) {
    fprintf(stderr, "spnn: an error outside of a call: %s\n", message);
    abort();
  }
  if (context->error[0] != '\0')
    return;
  if (message[0] == '\0')
    message = "the model failed without saying why";
  size_t length = strlen(message);
  if (length >= ErrorBytes)
    length = ErrorBytes - 1;
  memcpy(context->error, message, length);
  context->error[length] = '\0';
}

void spnn_rt_stop(const char *message, int64_t first, int64_t second) {
  take_fault();
  int64_t numbers[] = {first, second};
  char text[ErrorBytes];
  size_t length = 0;
  int next = 0;
  for (const char *from = message; *from && length + 1 < sizeof(text);) {
    if (next < 2 && from[0] == '{' && from[1] == '}') {
      int written = snprintf(text + length, sizeof(text) - length, "%lld",
                             (long long)numbers[next++]);
      length += (size_t)written < sizeof(text) - length
                    ? (size_t)written
                    : sizeof(text) - length - 1;
      from += 2;
    } else {
      text[length++] = *from++;
    }
  }
  text[length] = '\0';
  spnn_rt_fail(text);
}

const char **spnn_rt_fault_slot(void) {
  if (!current)
    spnn_rt_fail("the slot for faults was asked for outside of a call");
  return &fault;
}

int64_t spnn_rt_threads(void) { return omp_get_max_threads(); }
