//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The interpreter behind the evaluator: values of SSA names, their lifetime, and the walk over blocks.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_REFERENCE_INTERPRETER_H
#define SPNN_LIB_REFERENCE_INTERPRETER_H

#include "Scalar.h"

#include "spnn/Reference/Evaluator.h"

#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/DenseMap.h"

#include <memory>

namespace spnn::reference {

class Interpreter;

/// Evaluates one op: reads its operands from the interpreter and sets its results, or emits an error and fails.
using Handler = llvm::LogicalResult (*)(Interpreter &, mlir::Operation *);

/// The handler of an op of a family, or null for an op of another one.
Handler getElementwiseHandler(mlir::Operation *op);
Handler getControlHandler(mlir::Operation *op);
Handler getLinalgHandler(mlir::Operation *op);
Handler getTensorElementHandler(mlir::Operation *op);
Handler getTensorShapeHandler(mlir::Operation *op);
Handler getSPNNHandler(mlir::Operation *op);
Handler getMessageHandler(mlir::Operation *op);
Handler getAttentionHandler(mlir::Operation *op);
Handler getTrainingHandler(mlir::Operation *op);

/// A value that several SSA names may share.
using TensorRef = std::shared_ptr<const Tensor>;

class Interpreter {
public:
  explicit Interpreter(const EvaluatorOptions &options) : options(options) {}

  /// The value of an SSA name. Constants are only read when first asked for, so that a model's weights are not all
  /// held at once. Null, after an error at the constant, if that fails.
  TensorRef get(mlir::Value value);
  /// The value of an operand of `op`, moved out if `op` is its last user and it is not shared.
  llvm::FailureOr<Tensor> take(mlir::OpOperand &operand);
  /// A scalar integer or index.
  llvm::FailureOr<int64_t> getInteger(mlir::Value value);
  llvm::FailureOr<llvm::SmallVector<int64_t>> getIntegers(mlir::ValueRange values);
  /// Static entries and, where those are dynamic, values in order.
  llvm::FailureOr<llvm::SmallVector<int64_t>> getMixed(llvm::ArrayRef<int64_t> staticValues,
                                                       mlir::ValueRange dynamicValues);

  /// Sets a result or block argument; an error, emitted at `op`, if the value does not fit its type.
  llvm::LogicalResult set(mlir::Operation *op, mlir::Value name, TensorRef value);
  llvm::LogicalResult set(mlir::Operation *op, mlir::Value name, Tensor &&value);
  /// Sets a graph, of `elementType` i1.
  llvm::LogicalResult set(mlir::Operation *op, mlir::Value name, mlir::Type elementType, Adjacency &&graph);
  llvm::LogicalResult setInteger(mlir::Operation *op, mlir::Value name, int64_t value);

  /// An error at `op` if the type is not supported or such a tensor would take more memory than the options allow.
  llvm::LogicalResult checkAllocation(mlir::Operation *op, mlir::Type elementType, llvm::ArrayRef<int64_t> shape);
  /// Zeros, for which checkAllocation succeeds.
  llvm::FailureOr<Tensor> allocate(mlir::Operation *op, mlir::Type elementType, llvm::ArrayRef<int64_t> shape);

  /// Runs a block on arguments and returns the operands of its terminator. Arguments that the caller moved in may be
  /// updated in place by their last user.
  llvm::FailureOr<llvm::SmallVector<TensorRef>> runBlock(mlir::Operation *op, mlir::Block &block,
                                                         llvm::SmallVector<TensorRef> arguments);
  /// The same for the only block of a region; an error if there are several.
  llvm::FailureOr<llvm::SmallVector<TensorRef>> runRegion(mlir::Operation *op, mlir::Region &region,
                                                          llvm::SmallVector<TensorRef> arguments);
  /// Runs a function with names of its own; `op` is where errors about the call are emitted.
  llvm::FailureOr<llvm::SmallVector<TensorRef>> call(mlir::Operation *op, mlir::func::FuncOp function,
                                                     llvm::SmallVector<TensorRef> arguments);

  /// The value in a shared form that counts its bytes while it lives.
  llvm::FailureOr<TensorRef> share(mlir::Operation *op, Tensor &&value);

  /// The indices that linalg.index reads where the body of a structured op is run op by op.
  llvm::SmallVector<int64_t> loopIndices;

private:
  llvm::LogicalResult runOp(mlir::Operation *op);
  /// For each op of a block the names of the block that are not used after it.
  using LastUses = llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::Value>>;
  const LastUses &getLastUses(mlir::Block &block);

  const EvaluatorOptions &options;
  llvm::DenseMap<mlir::Value, TensorRef> values;
  llvm::DenseMap<mlir::Block *, std::unique_ptr<LastUses>> lastUses;
  llvm::DenseMap<mlir::Operation *, Handler> handlers;
  /// Bytes of all shared tensors; outlives the interpreter in their deleters.
  std::shared_ptr<uint64_t> heldBytes = std::make_shared<uint64_t>(0);
  /// Nesting of blocks and calls.
  unsigned depth = 0;
  unsigned callDepth = 0;
};

/// Row-major strides of a shape.
llvm::SmallVector<int64_t> getStrides(llvm::ArrayRef<int64_t> shape);

/// Steps to the next index of a shape in row-major order; false after the last.
bool nextIndex(llvm::MutableArrayRef<int64_t> index, llvm::ArrayRef<int64_t> shape);

/// "2x3x5", "scalar" for rank 0.
std::string formatShape(llvm::ArrayRef<int64_t> shape);

/// The elements of a tensor, as lanes.
inline const Lane *lanes(const Tensor &tensor) {
  return tensor.isFloat() ? reinterpret_cast<const Lane *>(tensor.floats.data())
                          : reinterpret_cast<const Lane *>(tensor.ints.data());
}
inline Lane *lanes(Tensor &tensor) {
  return tensor.isFloat() ? reinterpret_cast<Lane *>(tensor.floats.data())
                          : reinterpret_cast<Lane *>(tensor.ints.data());
}

} // namespace spnn::reference

#endif // SPNN_LIB_REFERENCE_INTERPRETER_H
