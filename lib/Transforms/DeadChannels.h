//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Removes channels between two products that carry nothing or a constant.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_TRANSFORMS_DEADCHANNELS_H
#define SPNN_LIB_TRANSFORMS_DEADCHANNELS_H

#include "spnn/IR/SPNN.h"

#include "mlir/IR/PatternMatch.h"

namespace spnn {

/// What removeDeadChannels did.
struct DeadChannelCounts {
  int64_t columns = 0; ///< columns of zeros, removed with the rows that feed them
  int64_t rows = 0;    ///< rows of zeros, folded into the bias of the next product
};

/// For products P, C = W act(P) under `root` where P has no other use: a channel between them is removed, from the rows
/// of P's constant and the columns of C's, if its column in C's is all zero (nothing reads it) or its row in P's is
/// (it holds act(bias) everywhere, which goes into C's bias). Channels go in whole aligned groups where that keeps the
/// blocks or the N:M pattern of a constant. Goes on until nothing changes; one channel is always
/// left. Leaves a remark on every product that it changes.
DeadChannelCounts removeDeadChannels(mlir::RewriterBase &rewriter, mlir::Operation *root);

} // namespace spnn

#endif // SPNN_LIB_TRANSFORMS_DEADCHANNELS_H
