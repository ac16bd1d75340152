/*===- fake_engine.c - A compiler that knows one model -------------------===*\
|*
|* Part of the sparse neural network compiler, under the Apache License v2.0
|* with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===---------------------------------------------------------------------===*|
|*
|* An engine library that takes every .mlir for the fake model y = 2 x.
|* Environment variables make it fail: FAKE_ENGINE=fail, FAKE_ENGINE=wrong.
|*
\*===---------------------------------------------------------------------===*/
#include "spnn/Runtime/Engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is(const char *mode) {
  const char *value = getenv("FAKE_ENGINE");
  return value && strcmp(value, mode) == 0;
}

static int exists(const char *path, char *error, size_t error_bytes) {
  FILE *file = fopen(path, "r");
  if (file) {
    fclose(file);
    return 1;
  }
  snprintf(error, error_bytes, "cannot open '%s'", path);
  return 0;
}

int32_t spnn_engine_version(void) {
  return is("version") ? 77 : SPNN_ENGINE_VERSION;
}

int32_t spnn_engine_describe(const char *path, char **text, char *error,
                             size_t error_bytes) {
  if (!exists(path, error, error_bytes))
    return 1;
  *text = strdup("spnn-model 1\nproducer fake\ntarget reference\n"
                 "function main\ninput x f32 2 ?batch 3\n"
                 "output y f32 2 i0.0 3\nend\n");
  return 0;
}

void spnn_engine_free(char *text) { free(text); }

int32_t spnn_engine_evaluate(const char *path, const char *function,
                             const spnn_engine_tensor *inputs,
                             int32_t num_inputs,
                             const spnn_engine_tensor *outputs,
                             int32_t num_outputs, char *error,
                             size_t error_bytes) {
  (void)function;
  (void)num_inputs;
  (void)num_outputs;
  if (!exists(path, error, error_bytes))
    return 1;
  int64_t count = inputs[0].shape[0] * inputs[0].shape[1];
  const float *x = inputs[0].data;
  for (int64_t i = 0; i < count; ++i) {
    double value = 2.0 * x[i] + (is("wrong") && i == 4 ? 1 : 0);
    if (outputs[0].dtype == SPNN_F64)
      ((double *)outputs[0].data)[i] = value;
    else
      ((float *)outputs[0].data)[i] = (float)value;
  }
  return 0;
}

/* Copies the fake model; fails with half of it written. */
int32_t spnn_engine_compile(const char *path, const char *options,
                            const char *output, char *error,
                            size_t error_bytes) {
  (void)options;
  if (!exists(path, error, error_bytes))
    return 1;
  FILE *from = fopen(FAKE_MODEL, "rb"), *to = fopen(output, "wb");
  int c, written = 0;
  if (!from || !to) {
    snprintf(error, error_bytes, "cannot copy the model");
    return 1;
  }
  while ((c = getc(from)) != EOF && !(is("fail") && written == 100)) {
    putc(c, to);
    ++written;
  }
  fclose(from);
  fclose(to);
  if (is("hang"))
    for (;;)
      ;
  if (is("fail")) {
    snprintf(error, error_bytes, "'%s': op 'spnn.spmm' has no kernel", path);
    return 1;
  }
  return 0;
}
