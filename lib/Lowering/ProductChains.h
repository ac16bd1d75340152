//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Between which products activations can stay packed, as far as graph-level IR shows it.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_PRODUCTCHAINS_H
#define SPNN_LIB_LOWERING_PRODUCTCHAINS_H

#include "spnn/IR/SPNN.h"

namespace spnn {

/// The product that makes the right-hand side of `op`: it itself, or what ops between them that spnn-pack-elementwise
/// takes (elementwise arithmetic, reductions, changes of shape) make of its result. Where several products meet, as in
/// a residual, the last one. Null if none does.
MatmulOp findProducer(MatmulOp op);

/// True if the result of `op` is used, also through such ops, by something that wants it row-major: anything but the
/// right-hand side of a product for which `isPlanned` is true.
bool isUsedRowMajor(MatmulOp op, llvm::function_ref<bool(MatmulOp)> isPlanned);

} // namespace spnn

#endif // SPNN_LIB_LOWERING_PRODUCTCHAINS_H
