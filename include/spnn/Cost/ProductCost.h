//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a multiplication of a layer costs: dense, or by a graph.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_COST_PRODUCTCOST_H
#define SPNN_COST_PRODUCTCOST_H

#include "spnn/Cost/ProductOrders.h"

namespace spnn::cost {

struct TargetDescription;

/// Microseconds of one step on `threads` threads, with elements of `elementBytes` bytes. A graph gathers a row of the
/// dense matrix for each edge, from the cache that the matrix fits; what that takes, and what dense products of this
/// shape reach, the target's measurements say where it has them.
double predictStep(const TargetDescription &target, const ProductStep &step, unsigned elementBytes, int threads);

/// Graph attention, forward and backward, over `edges` edges from `columns` to `rows` nodes, with `heads` heads of
/// `features` features.
struct AttentionStep {
  int64_t rows = 0, columns = 0, edges = 0, heads = 0, features = 0;
  bool scoresFeatures = false;    ///< a score is made of all features of a head (gatv2), and not of two numbers
  bool keepsCoefficients = false; ///< for the backward pass, which makes them again otherwise
};

/// Microseconds on `threads` threads. The forward pass gathers a row of features for each edge, the backward pass one of
/// features and one of gradients (those of gatv2 another for the scores each time); scores take their time besides.
double predictAttention(const TargetDescription &target, const AttentionStep &step, unsigned elementBytes, int threads);

/// Microseconds of sums over the features of each head, of `elements` features in all: a loop of one thread that adds to a
/// scalar.
double predictSumsOfHeads(const TargetDescription &target, double elements);

} // namespace spnn::cost

#endif // SPNN_COST_PRODUCTCOST_H
