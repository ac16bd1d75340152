//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Patterns that move transpositions and row splits behind elementwise ops.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_TRANSFORMS_SINKLAYOUTS_H
#define SPNN_LIB_TRANSFORMS_SINKLAYOUTS_H

#include "mlir/IR/PatternMatch.h"

namespace spnn {

/// Adds patterns that turn f(transpose(a), transpose(b), constant) into transpose(f(a, b, constant^T)) for an
/// elementwise f, and f(expand(a), b) into expand(f(a, collapse(b))) where `expand` splits a matrix. A transposition
/// moves only if one in front disappears or every user of the result can fold the new one.
void populateSinkLayoutPatterns(mlir::RewritePatternSet &patterns);

} // namespace spnn

#endif // SPNN_LIB_TRANSFORMS_SINKLAYOUTS_H
