//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Registers the gradients of ops of spnn and upstream, which spnn-differentiate asks for.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TRANSFORMS_GRADIENTS_H
#define SPNN_TRANSFORMS_GRADIENTS_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace spnn {
/// Attaches DifferentiableOpInterface to all ops that know their gradient, when their dialects are loaded.
void registerGradients(mlir::DialectRegistry &registry);
} // namespace spnn

#endif // SPNN_TRANSFORMS_GRADIENTS_H
