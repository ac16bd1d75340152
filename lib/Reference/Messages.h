//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the handlers of ops on graphs share: reading graphs, operands of known shape and orders of edges.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_REFERENCE_MESSAGES_H
#define SPNN_LIB_REFERENCE_MESSAGES_H

#include "Interpreter.h"

#include "spnn/IR/Graphs.h"

namespace spnn::reference {

/// A graph that lives as long as the pointer; null after an error.
using GraphRef = std::shared_ptr<const Adjacency>;
GraphRef getGraph(Interpreter &interpreter, mlir::Value graph);

/// An operand of a shape, in which ShapedType::kDynamic fits any extent; null if `value` is. Emits an error at `op` and
/// fails if the shape is another one.
llvm::FailureOr<TensorRef> getShaped(Interpreter &interpreter, mlir::Operation *op, llvm::StringRef name,
                                     mlir::Value value, llvm::ArrayRef<int64_t> shape);

/// Values of edges: a vector, or a matrix with a column for each head. Null if `value` is.
llvm::FailureOr<TensorRef> getEdgeValues(Interpreter &interpreter, mlir::Operation *op, llvm::StringRef name,
                                         mlir::Value value, int64_t edges);
inline int64_t countHeads(const Tensor &values) { return values.shape.size() == 2 ? values.shape[1] : 1; }

/// Which row of the edge values belongs to an edge.
class EdgeOrder {
public:
  /// The edges' own numbers if `value` is null; an error at `op` unless each entry is the number of an edge.
  static llvm::FailureOr<EdgeOrder> get(Interpreter &interpreter, mlir::Operation *op, mlir::Value value,
                                        int64_t edges);

  int64_t operator[](int64_t edge) const { return order ? order->ints[edge] : edge; }

private:
  TensorRef order;
};

} // namespace spnn::reference

#endif // SPNN_LIB_REFERENCE_MESSAGES_H
