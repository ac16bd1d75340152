//===- Tensors.h - Tensors of a run -----------------------------*- C++ -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tensors that a run reads and writes: from and to NumPy's files, made at
// random, and seen as doubles for comparison.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TOOLS_SPARSERUN_TENSORS_H
#define SPNN_TOOLS_SPARSERUN_TENSORS_H

#include "Options.h"
#include "spnn/Import/Numpy.h"
#include "spnn/Runtime/Loader.h"

#include <memory>

namespace spnn::run {

/// A dense row-major tensor in memory of its own, aligned to 64 bytes.
struct Tensor {
  std::string name;
  runtime::DType dtype = runtime::DType::F32;
  std::vector<int64_t> shape;

  int64_t size = 0; ///< elements
  struct Free {
    void operator()(void *p) const;
  };
  std::unique_ptr<void, Free> data;

  /// Element `index` as a double (integers beyond 2^53 are rounded).
  double get(int64_t index) const;
  /// Rounds `value` to the element type, halves to even.
  void set(int64_t index, double value);
  runtime::TensorRef ref() const { return {dtype, shape, data.get()}; }
};

/// A tensor of zeros. The error says that memory is short.
[[nodiscard]] Error makeTensor(const std::string &name, runtime::DType dtype,
                               const std::vector<int64_t> &shape,
                               Tensor &result);

/// Reads or makes the inputs of `function`, as `options` say.
[[nodiscard]] Error makeInputs(const Options &options,
                               const runtime::FunctionSpec &function,
                               std::vector<Tensor> &result);

/// The outputs of `function`, as zeros, in the shapes that follow from
/// `inputs`. Floats become F64 if `inDouble`.
[[nodiscard]] Error makeOutputs(const runtime::FunctionSpec &function,
                                const std::vector<Tensor> &inputs,
                                bool inDouble, std::vector<Tensor> &result);

/// Says early that an output file cannot be written, or that the outputs of
/// `function` do not fit the names given.
[[nodiscard]] Error checkOutputFiles(const Options &options,
                                     const runtime::FunctionSpec &function);
[[nodiscard]] Error writeOutputs(const Options &options,
                                 const std::vector<Tensor> &outputs);

/// The references that the loader takes.
std::vector<runtime::TensorRef> refs(const std::vector<Tensor> &tensors);

bool isFloat(runtime::DType dtype);

/// The tensor as NumPy has it; BF16 becomes float32.
numpy::Array toArray(const Tensor &tensor);

} // namespace spnn::run

#endif // SPNN_TOOLS_SPARSERUN_TENSORS_H
