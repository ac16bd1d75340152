//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What graph attention keeps between its forward and its backward pass.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_TRANSFORMS_ATTENTIONSCHEMES_H
#define SPNN_LIB_TRANSFORMS_ATTENTIONSCHEMES_H

#include "spnn/IR/SPNN.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <string>
#include <vector>

namespace spnn {
namespace cost {
struct TargetDescription;
}

/// One way to do both passes. `logsumexp` computes coefficients again from scores and a number for each row and head;
/// `coefficients` keeps them, E x H; with `+features-again` the features, a product, are not kept either.
struct AttentionScheme {
  std::string name;
  bool keepsCoefficients = false, featuresAgain = false;
  double microseconds = 0;  ///< of both passes, and of the features if they are computed again
  uint64_t savedBytes = 0;  ///< features, logsumexp and coefficients, and what the features are computed from
};

/// A graph_attention and its gradient.
struct AttentionPair {
  GraphAttentionOp forward;
  GraphAttentionBackwardOp backward;
  std::vector<AttentionScheme> schemes; ///< by predicted time
  uint64_t savedBytes = 0;              ///< features, logsumexp and coefficients as the program has them
};

/// The pairs of a function with one block whose backward pass begins at `boundary`; none if that is null. Pairs with
/// extents that are not known are left out.
std::vector<AttentionPair> findAttentionPairs(mlir::func::FuncOp function, mlir::Operation *boundary,
                                              const cost::TargetDescription &target, int threads);

/// Makes the pair keep what `scheme` says.
void applyAttentionScheme(const AttentionPair &pair, const AttentionScheme &scheme, mlir::Operation *boundary);

} // namespace spnn

#endif // SPNN_LIB_TRANSFORMS_ATTENTIONSCHEMES_H
