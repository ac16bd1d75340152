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

} // namespace spnn::cost

#endif // SPNN_COST_PRODUCTCOST_H
