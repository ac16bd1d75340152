//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sample inputs of a function, read from NumPy's files and cut into samples.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_PROFILING_SAMPLEINPUTS_H
#define SPNN_LIB_PROFILING_SAMPLEINPUTS_H

#include "spnn/Import/Numpy.h"
#include "spnn/Reference/Evaluator.h"

namespace spnn::profiling {

using Error = std::optional<std::string>;

/// Arrays for all arguments of a function.
class SampleInputs {
public:
  /// Reads one .npz file or .npy files for the arguments of `function`; one sentence if they do not fit.
  [[nodiscard]] Error read(mlir::func::FuncOp function, llvm::ArrayRef<std::string> files);

  int64_t countSamples() const { return samples; }
  /// The arguments of one sample.
  llvm::SmallVector<reference::Tensor> get(int64_t sample) const;

private:
  struct Input {
    numpy::Array array;
    mlir::Type elementType;
    llvm::SmallVector<int64_t> shape; ///< of one sample
    int64_t samples = 1;
  };
  /// Says how many samples of type `type` the array holds.
  Error add(const std::string &name, const std::string &file, mlir::Type type, numpy::Array array);

  std::vector<Input> inputs;
  int64_t samples = 1;
};

} // namespace spnn::profiling

#endif // SPNN_LIB_PROFILING_SAMPLEINPUTS_H
