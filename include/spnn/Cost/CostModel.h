//===- CostModel.h - Predicted times of kernels -----------------*- C++ -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Predicts how long a kernel takes on a target: the larger of computing and
// moving the data, plus overheads.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_COST_COSTMODEL_H
#define SPNN_COST_COSTMODEL_H

#include "spnn/Format/SparseFormat.h"

#include <cstdint>
#include <string>

namespace spnn::cost {

struct TargetDescription;

/// One product of a weight matrix with `columns` columns of activations.
/// Negative numbers count as 0.
struct KernelWork {
  /// A key of TargetDescription::kernels: "dense", "csr", "block" (a block of
  /// several rows that share a column: 4x1, 8x1), "nm", and for one column
  /// "csr-matvec", "block-matvec", "nm-matvec", "bitmap-matvec".
  std::string kernel;
  format::Shape weights;
  int64_t columns = 0;
  int64_t storedValues = 0;     ///< padding included; rows x cols for "dense"
  uint64_t weightBytes = 0;     ///< values, indices and positions
  uint64_t activationBytes = 0; ///< read and written
  uint64_t resultBytes = 0;     ///< of those, the ones written
  /// What else goes through the caches with each call: the matrices that panels
  /// are packed from and unpacked into.
  uint64_t passingBytes = 0;
  unsigned elementBytes = 4;
  /// Nonzeros over positions, which chooses the coefficient: for "block" of the
  /// stored blocks, for "nm" n / m, for "dense" 1.
  double density = 1;
  int threads = 1;
  /// Where the weights come from: they are read once a call, so they stay in a
  /// cache only if all that is read between two calls fits it. Auto: as if this
  /// product were alone.
  enum class Home { Auto, L2, L3, Dram } home = Home::Auto;
};

/// Microseconds. The sum of the parts is more than the total: computing and
/// moving data overlap.
struct Prediction {
  double microseconds = 0; ///< max(compute, memory) + overhead
  double computeMicroseconds = 0;
  double memoryMicroseconds = 0;
  double overheadMicroseconds = 0;
};

/// The prediction; all 0 for work without rows or columns. For a kernel that
/// the target has no coefficients for, compute and total are infinite, so that
/// it is never the cheapest.
Prediction predict(const TargetDescription &target, const KernelWork &work);

/// A change of layout that reads `bytesIn` and writes `bytesOut`.
Prediction predictPack(const TargetDescription &target, uint64_t bytesIn,
                       uint64_t bytesOut, int threads = 1);

} // namespace spnn::cost

#endif // SPNN_COST_COSTMODEL_H
