//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// tensor ops that move elements: casts, reshapes, slices, pad, concat.
//
//===----------------------------------------------------------------------===//
#include "Body.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace spnn::reference;

/// The same elements under another shape, which must have as many.
static LogicalResult setReshaped(Interpreter &interpreter, Operation *op, OpOperand &source, ArrayRef<int64_t> shape) {
  FailureOr<Tensor> value = interpreter.take(source);
  if (failed(value))
    return failure();
  std::optional<int64_t> count = Tensor::countElements(shape);
  if (!count || *count != value->size())
    return op->emitOpError("reshapes ") << value->size() << " elements of shape " << formatShape(value->shape)
                                        << " to shape " << formatShape(shape);
  value->shape.assign(shape.begin(), shape.end());
  return interpreter.set(op, op->getResult(0), std::move(*value));
}

static LogicalResult evaluateCast(Interpreter &interpreter, Operation *op) {
  TensorRef value = interpreter.get(op->getOperand(0));
  if (!value)
    return failure();
  return interpreter.set(op, op->getResult(0), value);
}

static LogicalResult evaluateBitcast(Interpreter &interpreter, Operation *op) {
  TensorRef value = interpreter.get(op->getOperand(0));
  if (!value)
    return failure();
  Type type = cast<RankedTensorType>(op->getResult(0).getType()).getElementType();
  if (!Tensor::isSupported(type))
    return op->emitOpError("has element type ") << type << ", which the evaluator does not know";
  return interpreter.set(op, op->getResult(0), Tensor::fromBytes(type, value->shape, value->toBytes().data()));
}

static LogicalResult evaluateReshape(Interpreter &interpreter, Operation *op) {
  auto reshape = cast<tensor::ReshapeOp>(op);
  TensorRef shape = interpreter.get(reshape.getShape());
  if (!shape)
    return failure();
  return setReshaped(interpreter, op, reshape.getSourceMutable(), shape->ints);
}

static LogicalResult evaluateExpandShape(Interpreter &interpreter, Operation *op) {
  auto expand = cast<tensor::ExpandShapeOp>(op);
  TensorRef source = interpreter.get(expand.getSrc());
  FailureOr<SmallVector<int64_t>> shape = interpreter.getMixed(expand.getStaticOutputShape(), expand.getOutputShape());
  if (!source || failed(shape))
    return failure();
  // Each group has to make up its own dimension.
  for (auto [dim, group] : llvm::enumerate(expand.getReassociationIndices())) {
    SmallVector<int64_t> extents;
    for (int64_t position : group)
      extents.push_back((*shape)[position]);
    if (Tensor::countElements(extents) != source->shape[dim])
      return op->emitOpError("expands dimension ")
             << dim << " of extent " << source->shape[dim] << " to " << formatShape(extents);
  }
  source.reset();
  return setReshaped(interpreter, op, expand.getSrcMutable(), *shape);
}

static LogicalResult evaluateCollapseShape(Interpreter &interpreter, Operation *op) {
  auto collapse = cast<tensor::CollapseShapeOp>(op);
  TensorRef source = interpreter.get(collapse.getSrc());
  if (!source)
    return failure();
  SmallVector<int64_t> shape;
  for (const ReassociationIndices &group : collapse.getReassociationIndices()) {
    SmallVector<int64_t> extents;
    for (int64_t position : group)
      extents.push_back(source->shape[position]);
    std::optional<int64_t> extent = Tensor::countElements(extents);
    if (!extent)
      return op->emitOpError("collapses ") << formatShape(extents) << ", which is too large";
    shape.push_back(*extent);
  }
  source.reset();
  return setReshaped(interpreter, op, collapse.getSrcMutable(), shape);
}

//===----------------------------------------------------------------------===//
// Slices
//===----------------------------------------------------------------------===//

namespace {
struct Slice {
  SmallVector<int64_t> offsets, sizes, strides;
};
} // namespace

/// The slice of an op, checked against the shape it is taken from.
template <typename OpTy> static FailureOr<Slice> getSlice(Interpreter &interpreter, OpTy op, ArrayRef<int64_t> shape) {
  FailureOr<SmallVector<int64_t>> offsets = interpreter.getMixed(op.getStaticOffsets(), op.getOffsets());
  FailureOr<SmallVector<int64_t>> sizes = interpreter.getMixed(op.getStaticSizes(), op.getSizes());
  FailureOr<SmallVector<int64_t>> strides = interpreter.getMixed(op.getStaticStrides(), op.getStrides());
  if (failed(offsets) || failed(sizes) || failed(strides))
    return failure();
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    int64_t offset = (*offsets)[dim], size = (*sizes)[dim], stride = (*strides)[dim];
    if (size < 0)
      return op.emitOpError("has the negative size ") << size << " in dimension " << dim;
    if (size == 0)
      continue;
    int64_t last;
    bool overflows = llvm::MulOverflow(size - 1, stride, last) || llvm::AddOverflow(last, offset, last);
    if (overflows || offset < 0 || offset >= shape[dim] || last < 0 || last >= shape[dim])
      return op.emitOpError("slices dimension ") << dim << " of extent " << shape[dim] << " at offset " << offset
                                                 << ", size " << size << ", stride " << stride;
  }
  return Slice{*offsets, *sizes, *strides};
}

/// Calls fn(offset in the sliced tensor, offset in the slice).
template <typename Fn> static void forEachInSlice(const Slice &slice, ArrayRef<int64_t> shape, Fn fn) {
  int64_t count = Tensor::countElements(slice.sizes).value_or(0);
  SmallVector<int64_t> index(shape.size(), 0), strides = getStrides(shape);
  for (int64_t i = 0; i < count; ++i) {
    int64_t offset = 0;
    for (size_t dim = 0; dim < shape.size(); ++dim)
      offset += (slice.offsets[dim] + index[dim] * slice.strides[dim]) * strides[dim];
    fn(offset, i);
    nextIndex(index, slice.sizes);
  }
}

/// The sizes without the dimensions of extent 1 that the type of lower rank drops.
static SmallVector<int64_t> dropUnitDims(ArrayRef<int64_t> sizes, const llvm::SmallBitVector &dropped) {
  SmallVector<int64_t> result;
  for (auto [dim, size] : llvm::enumerate(sizes))
    if (!dropped.test(dim))
      result.push_back(size);
  return result;
}

static LogicalResult evaluateExtractSlice(Interpreter &interpreter, Operation *operation) {
  auto op = cast<tensor::ExtractSliceOp>(operation);
  TensorRef source = interpreter.get(op.getSource());
  if (!source)
    return failure();
  FailureOr<Slice> slice = getSlice(interpreter, op, source->shape);
  if (failed(slice))
    return failure();
  FailureOr<Tensor> result =
      interpreter.allocate(op, source->elementType, dropUnitDims(slice->sizes, op.getDroppedDims()));
  if (failed(result))
    return failure();
  forEachInSlice(*slice, source->shape, [&](int64_t from, int64_t to) { lanes(*result)[to] = lanes(*source)[from]; });
  return interpreter.set(op, op->getResult(0), std::move(*result));
}

static LogicalResult evaluateInsertSlice(Interpreter &interpreter, Operation *operation) {
  auto op = cast<tensor::InsertSliceOp>(operation);
  TensorRef source = interpreter.get(op.getSource());
  FailureOr<Tensor> result = interpreter.take(op.getDestMutable());
  if (!source || failed(result))
    return failure();
  FailureOr<Slice> slice = getSlice(interpreter, op, result->shape);
  if (failed(slice))
    return failure();
  SmallVector<int64_t> expected = dropUnitDims(slice->sizes, op.getDroppedDims());
  if (source->shape != expected)
    return op.emitOpError("inserts shape ")
           << formatShape(source->shape) << " where its sizes say " << formatShape(slice->sizes);
  forEachInSlice(*slice, result->shape, [&](int64_t to, int64_t from) { lanes(*result)[to] = lanes(*source)[from]; });
  return interpreter.set(op, op->getResult(0), std::move(*result));
}

//===----------------------------------------------------------------------===//
// Pad and concat
//===----------------------------------------------------------------------===//

static LogicalResult evaluatePad(Interpreter &interpreter, Operation *operation) {
  auto op = cast<tensor::PadOp>(operation);
  TensorRef source = interpreter.get(op.getSource());
  FailureOr<SmallVector<int64_t>> low = interpreter.getMixed(op.getStaticLow(), op.getLow());
  FailureOr<SmallVector<int64_t>> high = interpreter.getMixed(op.getStaticHigh(), op.getHigh());
  if (!source || failed(low) || failed(high))
    return failure();
  SmallVector<int64_t> shape;
  for (auto [dim, extent] : llvm::enumerate(source->shape)) {
    int64_t before = (*low)[dim], after = (*high)[dim], sum;
    if (before < 0 || after < 0)
      return op.emitOpError("pads dimension ")
             << dim << " by " << before << " and " << after << ", which must not be negative";
    if (llvm::AddOverflow(extent, before, sum) || llvm::AddOverflow(sum, after, sum))
      return op.emitOpError("pads dimension ") << dim << " to more than an index holds";
    shape.push_back(sum);
  }
  FailureOr<Tensor> result = interpreter.allocate(op, source->elementType, shape);
  if (failed(result))
    return failure();
  Slice inner{*low, SmallVector<int64_t>(source->shape), SmallVector<int64_t>(shape.size(), 1)};
  forEachInSlice(inner, shape, [&](int64_t to, int64_t from) { lanes(*result)[to] = lanes(*source)[from]; });
  auto isInner = [&](ArrayRef<int64_t> index) {
    for (size_t dim = 0; dim < index.size(); ++dim)
      if (index[dim] < (*low)[dim] || index[dim] - (*low)[dim] >= source->shape[dim])
        return false;
    return true;
  };
  if (result->size() != source->size() && failed(fillByBody(interpreter, op, op.getRegion().front(), *result, isInner)))
    return failure();
  return interpreter.set(op, op->getResult(0), std::move(*result));
}

static LogicalResult evaluateConcat(Interpreter &interpreter, Operation *operation) {
  auto op = cast<tensor::ConcatOp>(operation);
  size_t dim = op.getDim();
  SmallVector<TensorRef> sources;
  SmallVector<int64_t> shape;
  for (Value input : op.getInputs()) {
    TensorRef source = interpreter.get(input);
    if (!source)
      return failure();
    SmallVector<int64_t> others(source->shape);
    if (shape.empty())
      shape = others;
    else
      shape[dim] += others[dim];
    others[dim] = shape[dim];
    if (others != shape)
      return op.emitOpError("concatenates shapes ") << formatShape(sources.front()->shape) << " and "
                                                    << formatShape(source->shape) << " along dimension " << dim;
    sources.push_back(std::move(source));
  }
  FailureOr<Tensor> result = interpreter.allocate(op, sources.front()->elementType, shape);
  if (failed(result))
    return failure();
  Slice slice{SmallVector<int64_t>(shape.size(), 0), {}, SmallVector<int64_t>(shape.size(), 1)};
  for (const TensorRef &source : sources) {
    slice.sizes = source->shape;
    forEachInSlice(slice, shape, [&](int64_t to, int64_t from) { lanes(*result)[to] = lanes(*source)[from]; });
    slice.offsets[dim] += source->shape[dim];
  }
  return interpreter.set(op, op->getResult(0), std::move(*result));
}

Handler spnn::reference::getTensorShapeHandler(Operation *op) {
  if (isa<tensor::CastOp>(op))
    return evaluateCast;
  if (isa<tensor::BitcastOp>(op))
    return evaluateBitcast;
  if (isa<tensor::ReshapeOp>(op))
    return evaluateReshape;
  if (isa<tensor::ExpandShapeOp>(op))
    return evaluateExpandShape;
  if (isa<tensor::CollapseShapeOp>(op))
    return evaluateCollapseShape;
  if (isa<tensor::ExtractSliceOp>(op))
    return evaluateExtractSlice;
  if (isa<tensor::InsertSliceOp>(op))
    return evaluateInsertSlice;
  if (isa<tensor::PadOp>(op))
    return evaluatePad;
  if (isa<tensor::ConcatOp>(op))
    return evaluateConcat;
  return nullptr;
}
