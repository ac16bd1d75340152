//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Who measures candidates for spnn-select-formats: an interface of the dialect that programs which can compile, load
// and run code attach to a context (spnn/Tuning/Tuner.h). A program without it, such as mlir-opt, cannot tune.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LOWERING_CANDIDATETIMER_H
#define SPNN_LOWERING_CANDIDATETIMER_H

#include "spnn/IR/SPNN.h"

#include "mlir/IR/DialectInterface.h"

#include <optional>
#include <string>

namespace spnn {
namespace cost {
struct TargetDescription;
} // namespace cost

class CpuKernel;

/// One way to compute a product.
struct TimingCandidate {
  std::string format;              ///< its name, "dense" for dense
  mlir::Attribute encoding;        ///< null for dense
  const CpuKernel *kernel;         ///< null for dense
  mlir::DictionaryAttr parameters; ///< null for dense
  uint64_t weightBytes = 0;        ///< that a call reads
};

/// A product and the ways to compute it that are to be measured.
struct TimingRequest {
  MatmulOp op;           ///< with constant weights in kernel form, which are not changed
  int64_t columns = 0;   ///< to measure with
  std::string weightsIn; ///< where the network's weights live between two calls: "L2", "L3" or "memory"
  llvm::SmallVector<TimingCandidate> candidates;
  llvm::SmallVector<double> microseconds; ///< the answer: of the kernel alone, one for each candidate
};

/// What all requests of a compilation share.
struct TimingJob {
  TargetAttr target;                          ///< null: 128-bit vectors
  const cost::TargetDescription &description; ///< its target description
  std::string cacheFile;                      ///< "" for the user's own cache
};

/// Where the answers came from.
struct TimingSummary {
  int64_t measured = 0, fromCache = 0; ///< candidates
  std::string cacheFile;               ///< "" if there is none
  std::string warning;                 ///< one sentence on what went wrong without spoiling the answers, or ""
};

class CandidateTimer : public mlir::DialectInterface::Base<CandidateTimer> {
public:
  explicit CandidateTimer(mlir::Dialect *dialect) : Base(dialect) {}

  /// Answers all requests, or says in one sentence why not: the target's code does not run here, a cache file is none.
  virtual std::optional<std::string> time(const TimingJob &job, llvm::MutableArrayRef<TimingRequest> requests,
                                          TimingSummary &summary) const = 0;
};

/// The numbers of the candidates worth measuring, ascending: those predicted to take at most `factor` times the least,
/// at most `most` of them, the fastest first, and number `always` besides (-1: none). Times that are not finite never
/// are.
llvm::SmallVector<size_t> getShortlist(llvm::ArrayRef<double> predicted, int64_t always, double factor = 2,
                                       size_t most = 6);

} // namespace spnn

#endif // SPNN_LOWERING_CANDIDATETIMER_H
