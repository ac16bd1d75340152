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
#include "Messages.h"

using namespace mlir;
using namespace spnn;
using namespace spnn::reference;

GraphRef reference::getGraph(Interpreter &interpreter, Value graph) {
  TensorRef value = interpreter.get(graph);
  return value ? value->graph : nullptr;
}

FailureOr<TensorRef> reference::getShaped(Interpreter &interpreter, Operation *op, StringRef name, Value value,
                                          ArrayRef<int64_t> shape) {
  if (!value)
    return TensorRef();
  TensorRef tensor = interpreter.get(value);
  if (!tensor)
    return failure();
  bool fits = tensor->shape.size() == shape.size() && llvm::all_of(llvm::zip(shape, tensor->shape), [](auto pair) {
                return ShapedType::isDynamic(std::get<0>(pair)) || std::get<0>(pair) == std::get<1>(pair);
              });
  if (fits)
    return tensor;
  InFlightDiagnostic diag = op->emitOpError() << name << " must have shape ";
  for (auto [i, extent] : llvm::enumerate(shape))
    diag << (i ? "x" : "") << (ShapedType::isDynamic(extent) ? std::string("?") : std::to_string(extent));
  return diag << ", got " << formatShape(tensor->shape);
}

FailureOr<TensorRef> reference::getEdgeValues(Interpreter &interpreter, Operation *op, StringRef name, Value value,
                                              int64_t edges) {
  if (!value)
    return TensorRef();
  SmallVector<int64_t> shape(cast<RankedTensorType>(value.getType()).getRank(), ShapedType::kDynamic);
  shape[0] = edges;
  return getShaped(interpreter, op, name, value, shape);
}

FailureOr<EdgeOrder> EdgeOrder::get(Interpreter &interpreter, Operation *op, Value value, int64_t edges) {
  FailureOr<TensorRef> order = getShaped(interpreter, op, "order", value, {edges});
  if (failed(order))
    return failure();
  EdgeOrder result;
  result.order = std::move(*order);
  for (int64_t edge = 0; result.order && edge < edges; ++edge)
    if (int64_t slot = result.order->ints[edge]; slot < 0 || slot >= edges)
      return op->emitOpError("order[") << edge << "] must be the number of one of " << edges << " edges, got " << slot;
  return result;
}
