//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// linalg ops without a body of their own: index, softmax, pack and unpack.
//
//===----------------------------------------------------------------------===//
#include "Structured.h"

#include <cmath>

using namespace mlir;
using namespace spnn::reference;

/// Read where a body is interpreted op by op.
static LogicalResult evaluateIndex(Interpreter &interpreter, Operation *op) {
  uint64_t dim = cast<linalg::IndexOp>(op).getDim();
  if (dim >= interpreter.loopIndices.size())
    return op->emitOpError("asks for loop ") << dim << ", which does not exist";
  return interpreter.setInteger(op, op->getResult(0), interpreter.loopIndices[dim]);
}

static LogicalResult evaluateSoftmax(Interpreter &interpreter, Operation *op) {
  auto softmax = cast<linalg::SoftmaxOp>(op);
  TensorRef input = interpreter.get(softmax.getInput());
  TensorRef output = interpreter.get(softmax.getOutput());
  if (!input || !output)
    return failure();
  if (input->shape != output->shape)
    return op->emitOpError("has an input of shape ")
           << formatShape(input->shape) << " and an output of shape " << formatShape(output->shape);
  int64_t dim = softmax.getDimension();
  if (dim < 0 || dim >= static_cast<int64_t>(input->shape.size()))
    return op->emitOpError("has dimension ") << dim << " of an input of rank " << input->shape.size();
  if (!input->isFloat())
    return op->emitOpError("needs floats, got elements of type ") << input->elementType;
  FailureOr<Tensor> result = interpreter.allocate(op, input->elementType, input->shape);
  if (failed(result))
    return failure();
  int64_t extent = input->shape[dim], stride = getStrides(input->shape)[dim];
  int64_t count = extent == 0 ? 0 : input->size() / extent;
  for (int64_t i = 0; i < count; ++i) {
    int64_t base = i / stride * stride * extent + i % stride;
    double largest = -INFINITY, sum = 0;
    for (int64_t j = 0; j < extent; ++j) {
      double value = input->floats[base + j * stride];
      largest = std::isnan(value) || value > largest ? value : largest;
    }
    for (int64_t j = 0; j < extent; ++j)
      sum += result->floats[base + j * stride] = std::exp(input->floats[base + j * stride] - largest);
    for (int64_t j = 0; j < extent; ++j)
      result->floats[base + j * stride] /= sum;
  }
  return interpreter.set(op, op->getResult(0), std::move(*result));
}

namespace {
/// How the elements of a tensor and of its packed form correspond.
struct Packing {
  SmallVector<int64_t> tiles, dims, outerPerm, shape, packedShape;

  /// The index in the unpacked tensor of an index of the packed one; it may lie in the padding.
  SmallVector<int64_t> getUnpackedIndex(ArrayRef<int64_t> packed) const {
    SmallVector<int64_t> index(shape.size());
    for (size_t d = 0; d < shape.size(); ++d)
      index[outerPerm[d]] = packed[d];
    for (auto [i, dim] : llvm::enumerate(dims))
      index[dim] = index[dim] * tiles[i] + packed[shape.size() + i];
    return index;
  }
};
} // namespace

template <typename OpTy>
static FailureOr<Packing> getPacking(Interpreter &interpreter, OpTy op, ArrayRef<int64_t> shape,
                                     ArrayRef<int64_t> packedShape) {
  Packing packing;
  packing.shape.assign(shape.begin(), shape.end());
  packing.packedShape.assign(packedShape.begin(), packedShape.end());
  packing.dims.assign(op.getInnerDimsPos().begin(), op.getInnerDimsPos().end());
  packing.outerPerm.assign(op.getOuterDimsPerm().begin(), op.getOuterDimsPerm().end());
  if (packing.outerPerm.empty())
    packing.outerPerm = llvm::to_vector(llvm::seq<int64_t>(0, shape.size()));
  FailureOr<SmallVector<int64_t>> tiles = interpreter.getMixed(op.getStaticInnerTiles(), op.getInnerTiles());
  if (failed(tiles))
    return failure();
  packing.tiles = *tiles;
  SmallVector<int64_t> blocks(shape);
  for (auto [dim, tile] : llvm::zip(packing.dims, packing.tiles)) {
    if (tile <= 0)
      return op.emitOpError("has tile size ") << tile << ", which must be positive";
    blocks[dim] = shape[dim] / tile + (shape[dim] % tile != 0);
  }
  SmallVector<int64_t> expected;
  for (int64_t dim : packing.outerPerm)
    expected.push_back(blocks[dim]);
  llvm::append_range(expected, packing.tiles);
  if (expected != packing.packedShape)
    return op.emitOpError("needs shape ") << formatShape(expected) << " for the packed form of " << formatShape(shape)
                                          << ", got " << formatShape(packedShape);
  return packing;
}

/// Calls fn(offset in the packed tensor, offset in the unpacked one or -1 in the padding) for each packed element.
template <typename Fn> static void forEachPacked(const Packing &packing, int64_t size, Fn fn) {
  SmallVector<int64_t> index(packing.packedShape.size(), 0), strides = getStrides(packing.shape);
  for (int64_t i = 0; i < size; ++i) {
    int64_t offset = 0;
    for (auto [position, extent, stride] : llvm::zip(packing.getUnpackedIndex(index), packing.shape, strides))
      offset = position >= extent || offset < 0 ? -1 : offset + position * stride;
    fn(i, offset);
    nextIndex(index, packing.packedShape);
  }
}

static LogicalResult evaluatePack(Interpreter &interpreter, Operation *operation) {
  auto op = cast<linalg::PackOp>(operation);
  TensorRef source = interpreter.get(op.getSource()), dest = interpreter.get(op.getDest());
  if (!source || !dest)
    return failure();
  FailureOr<Packing> packing = getPacking(interpreter, op, source->shape, dest->shape);
  if (failed(packing))
    return failure();
  std::optional<Lane> padding;
  if (Value value = op.getPaddingValue()) {
    TensorRef scalar = interpreter.get(value);
    if (!scalar)
      return failure();
    padding = lanes(*scalar)[0];
  }
  FailureOr<Tensor> result = interpreter.allocate(op, source->elementType, dest->shape);
  if (failed(result))
    return failure();
  bool needsPadding = false;
  forEachPacked(*packing, result->size(), [&](int64_t packed, int64_t offset) {
    needsPadding |= offset < 0;
    lanes(*result)[packed] = offset >= 0 ? lanes(*source)[offset] : padding.value_or(Lane{});
  });
  if (needsPadding && !padding)
    return op.emitOpError("has tiles that the source does not fill, and no padding value");
  return interpreter.set(op, op->getResult(0), std::move(*result));
}

static LogicalResult evaluateUnpack(Interpreter &interpreter, Operation *operation) {
  auto op = cast<linalg::UnPackOp>(operation);
  TensorRef source = interpreter.get(op.getSource()), dest = interpreter.get(op.getDest());
  if (!source || !dest)
    return failure();
  FailureOr<Packing> packing = getPacking(interpreter, op, dest->shape, source->shape);
  if (failed(packing))
    return failure();
  FailureOr<Tensor> result = interpreter.allocate(op, source->elementType, dest->shape);
  if (failed(result))
    return failure();
  forEachPacked(*packing, source->size(), [&](int64_t packed, int64_t offset) {
    if (offset >= 0)
      lanes(*result)[offset] = lanes(*source)[packed];
  });
  return interpreter.set(op, op->getResult(0), std::move(*result));
}

Handler spnn::reference::getLinalgHandler(Operation *op) {
  if (isa<linalg::LinalgOp>(op))
    return evaluateStructured;
  if (isa<linalg::IndexOp>(op))
    return evaluateIndex;
  if (isa<linalg::SoftmaxOp>(op))
    return evaluateSoftmax;
  if (isa<linalg::PackOp>(op))
    return evaluatePack;
  if (isa<linalg::UnPackOp>(op))
    return evaluateUnpack;
  return nullptr;
}
