//===- Loader.h - Loads and calls a compiled model --------------*- C++ -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Opens a compiled model (.so), checks that it is one, and calls its functions
// after checking every argument. No MLIR, no exceptions: each failure is one
// sentence that names the file, the tensor and the rule.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_RUNTIME_LOADER_H
#define SPNN_RUNTIME_LOADER_H

#include "spnn/Runtime/Description.h"
#include "spnn/Runtime/Runtime.h"

#include <memory>

namespace spnn::runtime {

/// A dense row-major tensor that the caller owns. `data` is aligned to the
/// element and may be null if the tensor has no elements; inputs are only read.
struct TensorRef {
  DType dtype = DType::F32;
  std::vector<int64_t> shape;
  void *data = nullptr;
};

class Model;

/// A context of one model: its arena, thread count and last error. It may not
/// outlive the model. One call at a time.
class Context {
public:
  Context() = default;
  Context(Context &&other) noexcept { *this = std::move(other); }
  Context &operator=(Context &&other) noexcept;
  ~Context();

  /// Bytes of scratch memory that the calls so far needed.
  uint64_t arenaBytes() const;

private:
  friend class Call;
  friend class Model;
  const Model *model = nullptr;
  spnn_context *context = nullptr;
};

/// A function with arguments that were checked: running it costs no more than
/// the model's own code. The tensors must stay where they were; the model must
/// stay loaded.
class Call {
public:
  /// Runs the function once. The error is the model's own.
  [[nodiscard]] Error run(Context &context) const;

private:
  friend class Model;
  const Model *model = nullptr;
  const FunctionSpec *function = nullptr;
  int32_t (*entry)(spnn_context *, void *const *, const int64_t *) = nullptr;
  std::vector<void *> data;
  std::vector<int64_t> dims;
};

/// A loaded model.
class Model {
public:
  Model(const Model &) = delete;
  Model &operator=(const Model &) = delete;
  /// Unloads the model; no context and no call of it may be alive.
  ~Model();

  /// Loads the model in the file `path` and runs its initialisers, as dlopen
  /// does: a model is code, so load only those you trust. A file that is no
  /// model, is cut off, lacks an entry or has another ABI version is refused.
  /// Errors call the file `displayName` if that is not empty: for a temporary
  /// file the name of what it was compiled from.
  [[nodiscard]] static Error open(const std::string &path,
                                  std::unique_ptr<Model> &result,
                                  const std::string &displayName = "");

  const ModelDescription &description() const { return text; }

  /// A context for `threads` threads, 0 for as many as OpenMP would use.
  [[nodiscard]] Error createContext(int32_t threads, Context &result) const;

  /// Checks the arguments of `function`, one of description().functions:
  /// number, element types, shapes, equal extents, alignment, and that no
  /// output overlaps another tensor.
  [[nodiscard]] Error bind(const FunctionSpec &function,
                           const std::vector<TensorRef> &inputs,
                           const std::vector<TensorRef> &outputs,
                           Call &result) const;

  /// bind and Call::run.
  [[nodiscard]] Error run(const FunctionSpec &function,
                          const std::vector<TensorRef> &inputs,
                          const std::vector<TensorRef> &outputs,
                          Context &context) const;

private:
  friend class Context;
  friend class Call;
  Model() = default;
  Error load(const std::string &path);

  std::string file; ///< as errors call it
  ModelDescription text;
  void *handle = nullptr;
  std::vector<int32_t (*)(spnn_context *, void *const *, const int64_t *)>
      entries; ///< one for each of text.functions
  decltype(&spnn_context_create) create = nullptr;
  decltype(&spnn_context_destroy) destroy = nullptr;
  decltype(&spnn_context_error) lastError = nullptr;
  decltype(&spnn_context_arena_bytes) arenaBytesOf = nullptr;
};

} // namespace spnn::runtime

#endif // SPNN_RUNTIME_LOADER_H
