/*===- fake_model.c - A compiled model by hand ---------------------------===*\
|*
|* Part of the sparse neural network compiler, under the Apache License v2.0
|* with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===---------------------------------------------------------------------===*|
|*
|* What the compiler would emit for y = 2 x and a few functions more, with
|* variants that a loader must refuse. FAKE_VARIANT chooses.
|*
\*===---------------------------------------------------------------------===*/
#include "spnn/Runtime/Runtime.h"

#include <string.h>

#define MODEL 0      /* main: y = 2 x */
#define MULTI 1      /* several functions, none called main */
#define OTHER_ABI 2  /* compiled for another version of the interface */
#define NO_ENTRY 3   /* describes a function that it lacks */
#define BAD_TEXT 4   /* a description that breaks the grammar */
#define NO_RUNTIME 5 /* a description and nothing else */

#define HEAD "spnn-model 1\nproducer \"by hand 1.0\"\ntarget generic\n"

#if FAKE_VARIANT == MULTI
const char spnn_model_description[] =
    HEAD "function add\n"
         "input a f32 1 ?n\ninput b f32 1 ?n\n"
         "output sum f32 1 i0.0\nend\n"
         "function refuse\ninput x f32 0\noutput y f32 0\nend\n"
         "function widen\ninput x bf16 1 ?\noutput y bf16 1 i0.0\n"
         "output mask i1 1 i0.0\noutput count i64 0\nend\n";
#elif FAKE_VARIANT == NO_ENTRY
const char spnn_model_description[] = HEAD "function lost\nend\n";
#elif FAKE_VARIANT == BAD_TEXT
const char spnn_model_description[] =
    HEAD "function main\ninput x f33 1 4\nend\n";
#else
const char spnn_model_description[] =
    HEAD "function main\ninput x f32 2 ?batch 3\n"
         "output y f32 2 i0.0 3\nend\n";
#endif

#if FAKE_VARIANT == OTHER_ABI
int32_t spnn_abi_version(void) { return 99; }
#elif FAKE_VARIANT != NO_RUNTIME

/* y = 2 x, through the arena, so that the runtime is exercised. */
int32_t spnn_entry_main(spnn_context *context, void *const *data,
                        const int64_t *dims) {
  spnn_rt_enter(context);
  int64_t count = dims[0] * 3;
  const float *x = data[0];
  float *y = data[1];
  float *scratch = spnn_rt_arena(count * (int64_t)sizeof(float));
  if (scratch) {
    for (int64_t i = 0; i < count; ++i)
      scratch[i] = x[i] + x[i];
    for (int64_t i = 0; i < count; ++i)
      y[i] = scratch[i];
  }
  return spnn_rt_leave(context);
}

int32_t spnn_entry_add(spnn_context *context, void *const *data,
                       const int64_t *dims) {
  spnn_rt_enter(context);
  const float *a = data[0], *b = data[1];
  float *sum = data[2];
  for (int64_t i = 0; i < dims[0]; ++i)
    sum[i] = a[i] + b[i];
  return spnn_rt_leave(context);
}

int32_t spnn_entry_refuse(spnn_context *context, void *const *data,
                          const int64_t *dims) {
  (void)data;
  (void)dims;
  spnn_rt_enter(context);
  spnn_rt_fail("index 7 of input 'x' is not below 4");
  spnn_rt_fail("a later error");
  return spnn_rt_leave(context);
}

int32_t spnn_entry_widen(spnn_context *context, void *const *data,
                         const int64_t *dims) {
  spnn_rt_enter(context);
  const uint16_t *x = data[0];
  uint8_t *mask = data[2];
  int64_t *count = data[3];
  memcpy(data[1], x, (size_t)dims[0] * sizeof(uint16_t));
  *count = 0;
  for (int64_t i = 0; i < dims[0]; ++i) {
    mask[i] = (x[i] & 0x7fff) != 0;
    *count += mask[i];
  }
  return spnn_rt_leave(context);
}

#endif
