//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the passes that guard ops share: spnn.fault with a message in the words of the reference evaluator.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_FAULTS_H
#define SPNN_LIB_LOWERING_FAULTS_H

#include "mlir/IR/Builders.h"
#include "llvm/ADT/Twine.h"

namespace spnn {

/// Adds a fault with `message`, made one line: names from outside may hold anything.
void addFault(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value condition, const llvm::Twine &message);

/// Adds a fault that says "'<op>' op <rule> (<place>)" if `condition`, an i1 or a vector of them, holds anywhere.
void addFault(mlir::OpBuilder &builder, mlir::Operation *op, mlir::Value condition, const llvm::Twine &rule);

} // namespace spnn

#endif // SPNN_LIB_LOWERING_FAULTS_H
