/*===- Engine.h - The C interface of the compiler as a library -----------===*\
|*
|* Part of the sparse neural network compiler, under the Apache License v2.0
|* with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===---------------------------------------------------------------------===*|
|*
|* What SPNNEngine.so exports, so that sparse-run can compile and evaluate .mlir
|* files while a process that only runs compiled models never loads MLIR.
|*
|* Every function that returns int32_t returns 0, or 1 after it wrote one
|* sentence, without a line break and ended by a zero byte, into `error`
|* (`error_bytes` >= 1 bytes; a longer sentence is cut). No function prints,
ends
|* the process or throws. All may be called from one thread at a time.
|*
\*===---------------------------------------------------------------------===*/
#ifndef SPNN_RUNTIME_ENGINE_H
#define SPNN_RUNTIME_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of every signature here; a client refuses any other. */
#define SPNN_ENGINE_VERSION 1

/* Element types, in the order of spnn::runtime::DType. */
typedef enum spnn_dtype {
  SPNN_F32,
  SPNN_F64,
  SPNN_F16,
  SPNN_BF16,
  SPNN_I1, /* one byte, 0 or 1 */
  SPNN_I8,
  SPNN_I16,
  SPNN_I32,
  SPNN_I64
} spnn_dtype;

/* A dense row-major tensor that the caller owns. `data` may be NULL if there
 * are no elements. */
typedef struct spnn_engine_tensor {
  int32_t dtype; /* a spnn_dtype */
  int32_t rank;
  const int64_t *shape; /* `rank` extents */
  void *data;
} spnn_engine_tensor;

/* SPNN_ENGINE_VERSION of the library. */
int32_t spnn_engine_version(void);

/* Describes the public functions of the .mlir file `path` in the text form of
 * docs/runtime-abi.md, as the model compiled from it would. `*text` is then
 * owned by the caller: spnn_engine_free. */
int32_t spnn_engine_describe(const char *path, char **text, char *error,
                             size_t error_bytes);
void spnn_engine_free(char *text);

/* Evaluates `function` of the .mlir file `path` with the reference evaluator,
 * in double precision. The inputs are as described; so are the outputs, whose
 * shapes the caller resolved and whose data the function writes, except that
 * an output described as a float may be asked for as SPNN_F64: it then holds
 * the evaluator's values before they are rounded. */
int32_t spnn_engine_evaluate(const char *path, const char *function,
                             const spnn_engine_tensor *inputs,
                             int32_t num_inputs,
                             const spnn_engine_tensor *outputs,
                             int32_t num_outputs, char *error,
                             size_t error_bytes);

/* Compiles the .mlir file `path` to the model `output` (a path that may
 * exist: it is replaced). `options` are the options of the CPU pipeline as
 * sparse-opt takes them, "" for the defaults. On failure no file is left. */
int32_t spnn_engine_compile(const char *path, const char *options,
                            const char *output, char *error,
                            size_t error_bytes);

#ifdef __cplusplus
}
#endif

#endif /* SPNN_RUNTIME_ENGINE_H */
