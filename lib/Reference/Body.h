//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs the body of a structured op (or of tensor.generate and tensor.pad) on many iterations at a time.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_REFERENCE_BODY_H
#define SPNN_LIB_REFERENCE_BODY_H

#include "Interpreter.h"

namespace spnn::reference {

/// A block whose arguments and results are scalars. Where all its ops are elementwise ops, linalg.index or
/// tensor.extract of outer tensors, it is compiled to a list of kernels over up to `kMaxLanes`
/// iterations; any other block is interpreted, one iteration at a time.
class Body {
public:
  static constexpr int64_t kMaxLanes = 256;

  Body(Interpreter &interpreter, mlir::Operation *op, mlir::Block &block)
      : interpreter(interpreter), op(op), block(block) {}

  /// Compiles the block and reads the outer values it uses; an error is emitted if one of them has none.
  llvm::LogicalResult prepare();

  /// The largest number of iterations of one run.
  int64_t getMaxLanes() const { return isCompiled ? kMaxLanes : 1; }

  /// Runs `n` iterations. `arguments` has a pointer to `n` lanes per block argument; `indices` are the loop indices of
  /// the first iteration, the following ones step along dimension `laneDim`.
  llvm::LogicalResult run(llvm::ArrayRef<const Lane *> arguments, llvm::ArrayRef<int64_t> indices, unsigned laneDim,
                          int64_t n);

  /// The lanes of the `i`-th operand of the terminator after a run.
  const Lane *getResult(unsigned i) const { return results[i]; }

private:
  struct Instruction {
    enum class Kind { Scalar, Index, Extract } kind;
    mlir::Operation *op;
    ScalarKernel kernel;
    TensorRef source;
    llvm::SmallVector<int64_t> strides;
    int64_t dim = 0;
    /// Registers; block arguments come first.
    llvm::SmallVector<unsigned, 4> operands;
    unsigned result = 0;
  };

  /// The register of a value, made from the outer value where it is defined outside; failure has been reported.
  llvm::FailureOr<unsigned> getRegister(mlir::Value value);
  llvm::LogicalResult runExtract(const Instruction &instruction, int64_t n);
  llvm::LogicalResult interpret(llvm::ArrayRef<const Lane *> arguments, llvm::ArrayRef<int64_t> indices);
  unsigned addRegister();

  Interpreter &interpreter;
  mlir::Operation *op;
  mlir::Block &block;
  bool isCompiled = false;
  std::vector<Instruction> instructions;
  llvm::DenseMap<mlir::Value, unsigned> registers;
  /// Storage of a register, kMaxLanes lanes each; block arguments have none.
  std::vector<std::vector<Lane>> storage;
  std::vector<const Lane *> pointers;
  llvm::SmallVector<unsigned> resultRegisters;
  std::vector<const Lane *> results;
  std::vector<Lane> interpretedResults;
};

/// Fills `result` by a block that gets the index of an element, except for the elements that `isSet` leaves as they
/// are.
llvm::LogicalResult fillByBody(Interpreter &interpreter, mlir::Operation *op, mlir::Block &block, Tensor &result,
                               llvm::function_ref<bool(llvm::ArrayRef<int64_t>)> isSet);

} // namespace spnn::reference

#endif // SPNN_LIB_REFERENCE_BODY_H
