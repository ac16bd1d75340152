/*===---------------------------------------------------------------------===*\
|*
|* Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===---------------------------------------------------------------------===*|
|*
|* A train step by hand: softmax regression of 6 rows with 2 features, by gradient descent with momentum. VARIANT 1
breaks
|* the protocol: a result next:v whose input has another shape. VARIANT 2 fails at step 3.
|*
\*===---------------------------------------------------------------------===*/
#include "spnn/Runtime/Runtime.h"

#include <math.h>
#include <string.h>

enum { ROWS = 6, FEATURES = 2, CLASSES = 2 };

const char spnn_model_description[] =
    "spnn-model 1\nproducer \"by hand 1.0\"\ntarget generic\n"
    "function predict\ninput w f32 2 2 2\ninput x f32 2 6 2\noutput logits f32 2 6 2\nend\n"
    "function train_step\ninput w f32 2 2 2\ninput b f32 1 2\ninput w.velocity f32 2 2 2\ninput step i64 0\n"
    "input x f32 2 6 2\ninput y i32 1 6\ninput train_mask i1 1 6\ninput seed i64 0\n"
    "output loss f32 0\noutput seen i64 1 2\noutput next:w f32 2 2 2\noutput next:w.velocity f32 2 2 2\n"
#if VARIANT == 1
    "output next:b f32 1 3\nend\n";
#else
    "output next:b f32 1 2\nend\n";
#endif

static void multiply(const float *w, const float *x, float *logits) {
  for (int i = 0; i < ROWS; ++i)
    for (int c = 0; c < CLASSES; ++c) {
      logits[i * CLASSES + c] = 0;
      for (int f = 0; f < FEATURES; ++f)
        logits[i * CLASSES + c] += x[i * FEATURES + f] * w[f * CLASSES + c];
    }
}

int32_t spnn_entry_predict(spnn_context *context, void *const *data, const int64_t *dims) {
  (void)dims;
  spnn_rt_enter(context);
  multiply(data[0], data[1], data[2]);
  return spnn_rt_leave(context);
}

int32_t spnn_entry_train_step(spnn_context *context, void *const *data, const int64_t *dims) {
  (void)dims;
  spnn_rt_enter(context);
  const float *w = data[0], *b = data[1], *velocity = data[2], *x = data[4];
  const int64_t *step = data[3], *seed = data[7];
  const int32_t *y = data[5];
  const uint8_t *mask = data[6];
  float *loss = data[8], *nextW = data[10], *nextVelocity = data[11], *nextB = data[12];
  int64_t *seen = data[9];
  float logits[ROWS * CLASSES], gradient[FEATURES * CLASSES] = {0};
  int count = 0;
#if VARIANT == 2
  if (*step == 3)
    spnn_rt_fail("class 9 of row 1 is not below 2");
#endif
  multiply(w, x, logits);
  for (int i = 0; i < ROWS; ++i)
    count += mask[i];
  *loss = 0;
  for (int i = 0; i < ROWS; ++i) {
    if (!mask[i])
      continue;
    float sum = 0;
    for (int c = 0; c < CLASSES; ++c)
      sum += expf(logits[i * CLASSES + c]);
    *loss += (logf(sum) - logits[i * CLASSES + y[i]]) / (float)count;
    for (int c = 0; c < CLASSES; ++c)
      for (int f = 0; f < FEATURES; ++f)
        gradient[f * CLASSES + c] +=
            x[i * FEATURES + f] * (expf(logits[i * CLASSES + c]) / sum - (c == y[i])) / (float)count;
  }
  for (int k = 0; k < FEATURES * CLASSES; ++k) {
    nextVelocity[k] = 0.5f * velocity[k] + gradient[k];
    nextW[k] = w[k] - 0.5f * nextVelocity[k];
  }
  for (int c = 0; c < CLASSES; ++c)
    nextB[c] = b[c] + 1; /* counts the calls */
  seen[0] = *step;
  seen[1] = *seed;
  return spnn_rt_leave(context);
}
