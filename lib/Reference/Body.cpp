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
#include "Body.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace spnn::reference;

/// What one kernel call may do for every lane.
static bool isScalarOp(Operation *op) {
  if (op->getNumResults() == 0 || llvm::any_of(op->getOperandTypes(), llvm::IsaPred<ShapedType>))
    return false;
  for (unsigned i = 0; i < op->getNumResults(); ++i)
    if (!getScalarKernel(op, i))
      return false;
  return true;
}

unsigned Body::addRegister() {
  storage.emplace_back(kMaxLanes);
  pointers.push_back(storage.back().data());
  return storage.size() - 1;
}

FailureOr<unsigned> Body::getRegister(Value value) {
  auto found = registers.find(value);
  if (found != registers.end())
    return found->second;
  TensorRef outer = interpreter.get(value);
  if (!outer)
    return failure();
  unsigned result = addRegister();
  if (outer->size() == 1)
    std::fill(storage[result].begin(), storage[result].end(), lanes(*outer)[0]);
  registers[value] = result;
  return result;
}

LogicalResult Body::prepare() {
  isCompiled = llvm::all_of(block.without_terminator(), [&](Operation &nested) {
    if (isScalarOp(&nested) || isa<linalg::IndexOp>(nested) || nested.hasTrait<OpTrait::ConstantLike>())
      return !llvm::any_of(nested.getResultTypes(), llvm::IsaPred<ShapedType>);
    auto extract = dyn_cast<tensor::ExtractOp>(nested);
    return extract && extract.getTensor().getParentBlock() != &block;
  });
  if (!isCompiled) {
    interpretedResults.resize(block.getTerminator()->getNumOperands());
    for (Lane &lane : interpretedResults)
      results.push_back(&lane);
    return success();
  }
  for (BlockArgument argument : block.getArguments())
    registers[argument] = addRegister();
  for (Operation &nested : block.without_terminator()) {
    if (nested.hasTrait<OpTrait::ConstantLike>())
      continue;
    for (OpResult result : nested.getResults()) {
      Instruction instruction;
      instruction.op = &nested;
      ValueRange operands = nested.getOperands();
      if (auto index = dyn_cast<linalg::IndexOp>(nested)) {
        instruction.kind = Instruction::Kind::Index;
        instruction.dim = index.getDim();
      } else if (auto extract = dyn_cast<tensor::ExtractOp>(nested)) {
        instruction.kind = Instruction::Kind::Extract;
        instruction.source = interpreter.get(extract.getTensor());
        if (!instruction.source)
          return failure();
        instruction.strides = getStrides(instruction.source->shape);
        operands = extract.getIndices();
      } else {
        instruction.kind = Instruction::Kind::Scalar;
        instruction.kernel = *getScalarKernel(&nested, result.getResultNumber());
        if (!Tensor::isSupported(instruction.kernel.resultType))
          return nested.emitOpError("has type ")
                 << instruction.kernel.resultType << ", which the evaluator does not know";
      }
      for (Value operand : operands) {
        FailureOr<unsigned> index = getRegister(operand);
        if (failed(index))
          return failure();
        instruction.operands.push_back(*index);
      }
      instruction.result = addRegister();
      registers[result] = instruction.result;
      instructions.push_back(std::move(instruction));
    }
  }
  for (Value operand : block.getTerminator()->getOperands()) {
    FailureOr<unsigned> index = getRegister(operand);
    if (failed(index))
      return failure();
    resultRegisters.push_back(*index);
  }
  results.resize(resultRegisters.size());
  return success();
}

LogicalResult Body::runExtract(const Instruction &instruction, int64_t n) {
  const Tensor &source = *instruction.source;
  Lane *out = storage[instruction.result].data();
  for (int64_t lane = 0; lane < n; ++lane) {
    int64_t offset = 0;
    for (auto [dim, index] : llvm::enumerate(instruction.operands)) {
      int64_t value = pointers[index][lane].i;
      if (value < 0 || value >= source.shape[dim])
        return instruction.op->emitOpError("has index ")
               << value << " in dimension " << dim << ", which has extent " << source.shape[dim];
      offset += value * instruction.strides[dim];
    }
    out[lane] = lanes(source)[offset];
  }
  return success();
}

LogicalResult Body::run(ArrayRef<const Lane *> arguments, ArrayRef<int64_t> indices, unsigned laneDim, int64_t n) {
  if (!isCompiled)
    return interpret(arguments, indices);
  std::copy(arguments.begin(), arguments.end(), pointers.begin());
  SmallVector<const Lane *, 4> operands;
  for (const Instruction &instruction : instructions) {
    Lane *out = storage[instruction.result].data();
    switch (instruction.kind) {
    case Instruction::Kind::Index: {
      int64_t step = instruction.dim == laneDim;
      for (int64_t lane = 0; lane < n; ++lane)
        out[lane].i = indices[instruction.dim] + lane * step;
      break;
    }
    case Instruction::Kind::Extract:
      if (failed(runExtract(instruction, n)))
        return failure();
      break;
    case Instruction::Kind::Scalar:
      operands.clear();
      for (unsigned index : instruction.operands)
        operands.push_back(pointers[index]);
      if (const char *rule = instruction.kernel.function(instruction.kernel, operands.data(), out, n))
        return instruction.op->emitOpError() << rule;
      break;
    }
  }
  for (auto [i, index] : llvm::enumerate(resultRegisters))
    results[i] = pointers[index];
  return success();
}

LogicalResult Body::interpret(ArrayRef<const Lane *> arguments, ArrayRef<int64_t> indices) {
  SmallVector<TensorRef> values;
  for (auto [name, lane] : llvm::zip(block.getArguments(), arguments)) {
    FailureOr<Tensor> value = interpreter.allocate(op, getElementTypeOrSelf(name.getType()), {});
    if (failed(value))
      return failure();
    lanes(*value)[0] = *lane;
    FailureOr<TensorRef> shared = interpreter.share(op, std::move(*value));
    if (failed(shared))
      return failure();
    values.push_back(std::move(*shared));
  }
  SmallVector<int64_t> saved(indices);
  std::swap(saved, interpreter.loopIndices);
  FailureOr<SmallVector<TensorRef>> yielded = interpreter.runBlock(op, block, std::move(values));
  std::swap(saved, interpreter.loopIndices);
  if (failed(yielded))
    return failure();
  for (auto [lane, value] : llvm::zip(interpretedResults, *yielded)) {
    if (!value->shape.empty())
      return op->emitOpError("has a body that yields a tensor instead of a scalar");
    lane = lanes(*value)[0];
  }
  return success();
}
