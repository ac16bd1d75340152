//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Graph attention in spnn-select-graph-kernels: which kernel op an op becomes, with which workspaces.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_ATTENTIONSELECTION_H
#define SPNN_LIB_LOWERING_ATTENTIONSELECTION_H

#include "GraphSelection.h"

namespace spnn {

/// Replaces the op by a kernel op. Fails with an error at the op if its graph's storage is not found, or no kernel
/// takes it.
llvm::LogicalResult selectAttention(GraphSelector &selector, GraphAttentionOp op);
llvm::LogicalResult selectAttention(GraphSelector &selector, GraphAttentionBackwardOp op);

} // namespace spnn

#endif // SPNN_LIB_LOWERING_ATTENTIONSELECTION_H
