//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// spnn.prune on one matrix: from the pattern attribute to the plain C++ of MagnitudePruning.h.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TRANSFORMS_PATTERNPRUNING_H
#define SPNN_TRANSFORMS_PATTERNPRUNING_H

#include "spnn/IR/SPNN.h"

namespace spnn {

/// Sets the values of `matrix`, of floats of type `elementType`, to zero that `method` and `pattern` do not keep.
/// Returns the rule that an argument breaks (a type that cannot be pruned, a NaN), or std::nullopt.
std::optional<std::string> pruneToPattern(format::DenseMatrix &matrix, mlir::Type elementType, PruneMethod method,
                                          PatternAttr pattern);

} // namespace spnn

#endif // SPNN_TRANSFORMS_PATTERNPRUNING_H
