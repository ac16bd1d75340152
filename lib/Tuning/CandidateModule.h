//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The candidates of one product, compiled into a library of their own and loaded.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_TUNING_CANDIDATEMODULE_H
#define SPNN_LIB_TUNING_CANDIDATEMODULE_H

#include "spnn/Lowering/CandidateTimer.h"
#include "spnn/Runtime/Loader.h"

namespace spnn::tuning {

/// Compiled candidates, each bound to operands of its own.
class CandidateModule {
public:
  /// Compiles in a context of its own, so that packed weights and code do not outlive the measurement. Nothing of it
  /// stays on disk, also if a signal ends the process.
  static runtime::Error compile(const TimingJob &job, const TimingRequest &request,
                                std::unique_ptr<CandidateModule> &result);

  runtime::Error run(size_t candidate) { return calls[candidate].run(context); }
  /// Brings the operands of a candidate into the caches.
  void touchOperands(size_t candidate) const;

private:
  /// Memory of one operand.
  struct Buffer {
    struct Free {
      void operator()(void *p) const;
    };
    std::unique_ptr<uint8_t, Free> data;
    size_t bytes = 0;
  };
  runtime::Error bind(size_t candidate, double activationDensity);
  runtime::Error allocate(const runtime::TensorSpec &spec, runtime::TensorRef &ref);

  std::unique_ptr<runtime::Model> model;
  runtime::Context context; ///< after the model: goes first
  std::vector<runtime::Call> calls;
  std::vector<std::vector<Buffer>> operands;
};

} // namespace spnn::tuning

#endif // SPNN_LIB_TUNING_CANDIDATEMODULE_H
