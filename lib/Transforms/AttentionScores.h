//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Scores of graph attention from features or from weights: (X W) a = X (W a).
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_TRANSFORMS_ATTENTIONSCORES_H
#define SPNN_LIB_TRANSFORMS_ATTENTIONSCORES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <vector>

namespace spnn {
namespace cost {
struct TargetDescription;
}

/// Scores [N, H] of a graph_attention that are sums over the features of each head, X W as [N, H, C], times a vector of
/// each head, [H, C]. The same scores are X times [K, H], the sums over W as [K, H, C].
struct AttentionScores {
  mlir::linalg::GenericOp sums;
  mlir::Operation *product = nullptr; ///< X W
  double ofFeatures = 0, ofWeights = 0; ///< predicted microseconds
};

/// The scores of a function with one block; those whose extents are not known are left out.
std::vector<AttentionScores> findAttentionScores(mlir::func::FuncOp function, const cost::TargetDescription &target,
                                                 int threads);

/// Computes the scores from weights.
void computeScoresOfWeights(const AttentionScores &scores);

} // namespace spnn

#endif // SPNN_LIB_TRANSFORMS_ATTENTIONSCORES_H
