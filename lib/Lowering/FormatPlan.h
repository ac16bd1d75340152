//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The products of a function as the plan of layouts sees them.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_FORMATPLAN_H
#define SPNN_LIB_LOWERING_FORMATPLAN_H

#include "FormatCandidates.h"
#include "spnn/Cost/LayoutPlan.h"

namespace spnn {

/// What the options let be chosen; empty names leave the choice open.
struct ForcedChoice {
  llvm::StringRef format, kernel;

  /// `keepsEncoding`: the weights come with their format.
  bool allows(const Candidate &candidate, bool keepsEncoding) const;
};

/// A product with the candidates that are open.
struct OpenProduct {
  MatmulOp op;
  std::vector<Candidate> candidates;
  llvm::SmallVector<size_t> eligible; ///< of `candidates`, those that the options allow
  ProductExtent extent;
};

/// A node for each product, in the order given, whose choices, in the order of `eligible`, have their layout but no
/// time yet.
std::vector<cost::LayoutNode> makeLayoutNodes(llvm::ArrayRef<const OpenProduct *> products,
                                              const CandidateFinder &finder);

/// What a candidate counts as in a plan for weights that live in `home`.
double getPlannedMicroseconds(const Candidate &candidate, size_t home);

/// Rounds for people and for stable text: three significant digits.
double roundToDigits(double value);

} // namespace spnn

#endif // SPNN_LIB_LOWERING_FORMATPLAN_H
