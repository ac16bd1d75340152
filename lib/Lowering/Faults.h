//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the passes that guard ops share: spnn.fault and spnn.stop with a message in the words of the reference
// evaluator.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_FAULTS_H
#define SPNN_LIB_LOWERING_FAULTS_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/Twine.h"

namespace spnn {

/// Adds a fault with `message`, made one line: names from outside may hold anything.
void addFault(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value condition, const llvm::Twine &message);

/// Adds a fault that says "'<op>' op <rule> (<place>)" if `condition`, an i1 or a vector of them, holds anywhere.
void addFault(mlir::OpBuilder &builder, mlir::Operation *op, mlir::Value condition, const llvm::Twine &rule);

/// Adds a stop that says "'<op>' op <rule> (<place>)", in whose rule `{}` stand for `numbers`, if `condition` holds.
void addStop(mlir::OpBuilder &builder, mlir::Operation *op, mlir::Value condition, mlir::ValueRange numbers,
             const llvm::Twine &rule);

/// Messages as constants of a module that becomes LLVM, each text once.
class FaultMessages {
public:
  explicit FaultMessages(mlir::ModuleOp module) : module(module), symbols(module) {}

  mlir::LLVM::GlobalOp get(llvm::StringRef text);

private:
  mlir::ModuleOp module;
  mlir::SymbolTable symbols;
  llvm::StringMap<mlir::LLVM::GlobalOp> messages;
};

} // namespace spnn

#endif // SPNN_LIB_LOWERING_FAULTS_H
