//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One choice for every product of a network, with the changes of layout between them charged.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_COST_LAYOUTPLAN_H
#define SPNN_COST_LAYOUTPLAN_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace spnn::cost {

/// One way to compute a product: its time, and the layout of its operand and result, 0 for row-major.
struct LayoutChoice {
  double microseconds = 0;
  int64_t layout = 0;
};

/// A product of activations with weights.
struct LayoutNode {
  int64_t producer = -1; ///< the product, an earlier one, whose result is its operand, or what keeps its layout makes
                         ///< of it; -1 if something else makes it
  bool hasOtherUse = false; ///< its result is also used by something that is no product, and wants it row-major
  double packOperand = 0;   ///< microseconds from row-major into any other layout
  double unpackResult = 0;  ///< and back
  std::vector<LayoutChoice> choices; ///< not empty
};

/// The time of the changes of layout that `node` pays with layout `own`: its operand from `producerLayout`, and its
/// result for other uses. A result that several consumers want in another layout is unpacked for each of them.
double getLayoutCost(const LayoutNode &node, int64_t own, double unpackProducer, int64_t producerLayout);

/// The index of a choice for each node so that the sum of all times is least: dynamic programming, exact, since each
/// product has at most one producer. Of equal sums the first choices win.
std::vector<size_t> planLayouts(const std::vector<LayoutNode> &nodes);

} // namespace spnn::cost

#endif // SPNN_COST_LAYOUTPLAN_H
