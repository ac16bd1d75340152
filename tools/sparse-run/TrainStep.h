//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A compiled train step and its state: each result next:X is what input X becomes at the next call.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TOOLS_SPARSERUN_TRAINSTEP_H
#define SPNN_TOOLS_SPARSERUN_TRAINSTEP_H

#include "TrainingData.h"

namespace spnn::run {

/// The state lies in two sets of buffers; each call reads one and writes the other, so nothing is copied.
class TrainStep {
public:
  /// Checks the protocol and makes all tensors. `function` outlives this. Inputs that are neither state nor called step
  /// or seed come from the options' --input NAME=FILE.npy or from `data`.
  [[nodiscard]] Error open(const runtime::Model &model, const runtime::FunctionSpec &function, const Options &options,
                           const TrainingData &data);

  /// Sets the first values: Glorot's uniform ones for parameters of rank 2 and more, zeros for the others and for what
  /// an optimiser keeps, or what --init says. Next comes step 1.
  [[nodiscard]] Error reset(uint64_t seed);

  /// One step; `call` says how long it took.
  [[nodiscard]] Error run(runtime::Context &context, double &seconds);

  /// The first result, a scalar.
  double loss() const { return others[0].get(0); }

  /// Binds `function`, whose inputs are found by name among the state and the data, to run on the current state.
  [[nodiscard]] Error bindReader(const runtime::Model &model, const runtime::FunctionSpec &function,
                                 std::vector<Tensor> &outputs, runtime::Call (&calls)[2]) const;
  /// Which of the two sets of buffers holds the current state.
  int current() const { return now; }
  /// Parameters alone, without what the optimiser keeps.
  std::vector<const Tensor *> parameters() const;

private:
  struct Initial {
    enum class Kind { Default, Zeros, Glorot, File } kind = Kind::Default;
    Tensor value;
  };
  std::optional<size_t> findState(const std::string &name) const;
  bool isKept(const std::string &name) const;
  Error findInputs(const Options &options, const TrainingData &data);
  Error setInitial(size_t k, const numpy::Array &array, const std::string &from);
  Error readInitial(const Options &options);

  const runtime::FunctionSpec *function = nullptr;
  std::vector<size_t> stateInputs;  ///< numbers of the inputs that are state
  std::vector<Tensor> state[2];     ///< in that order
  std::vector<Initial> initial;     ///< likewise
  std::vector<Tensor> fixed;        ///< the other inputs, in order
  std::vector<Tensor> others;       ///< results that are no state, in order
  std::optional<size_t> step, seed; ///< among `fixed`
  runtime::Call calls[2];
  int now = 0;
  int64_t count = 0;
  uint64_t seedValue = 0;
};

} // namespace spnn::run

#endif // SPNN_TOOLS_SPARSERUN_TRAINSTEP_H
