//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernels of graph attention, for the list of graph kernels.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_GRAPHKERNELS_ATTENTIONKERNELS_H
#define SPNN_LIB_LOWERING_GRAPHKERNELS_ATTENTIONKERNELS_H

#include "spnn/Lowering/GraphKernel.h"

namespace spnn {

const GraphKernel *getAttentionKernel();
const GraphKernel *getAttentionBackwardKernel();

} // namespace spnn

#endif // SPNN_LIB_LOWERING_GRAPHKERNELS_ATTENTIONKERNELS_H
