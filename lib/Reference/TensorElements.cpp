//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// tensor ops that make tensors from elements or pick elements: empty, extract, insert, generate, gather, ...
//
//===----------------------------------------------------------------------===//
#include "Body.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;
using namespace spnn::reference;

/// The offset of the element at `index`; an error if it is out of range.
static FailureOr<int64_t> getOffset(Operation *op, ArrayRef<int64_t> index, ArrayRef<int64_t> shape) {
  int64_t offset = 0;
  for (auto [dim, pair] : llvm::enumerate(llvm::zip(index, shape, getStrides(shape)))) {
    auto [position, extent, stride] = pair;
    if (position < 0 || position >= extent)
      return op->emitOpError("has index ") << position << " in dimension " << dim << ", which has extent " << extent;
    offset += position * stride;
  }
  return offset;
}

/// Result 0's element type, and its extents with the dynamic ones given by operands.
static FailureOr<Tensor> allocateResult(Interpreter &interpreter, Operation *op, ValueRange dynamicExtents) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  FailureOr<SmallVector<int64_t>> shape = interpreter.getMixed(type.getShape(), dynamicExtents);
  if (failed(shape))
    return failure();
  return interpreter.allocate(op, type.getElementType(), *shape);
}

static LogicalResult evaluateEmpty(Interpreter &interpreter, Operation *op) {
  FailureOr<Tensor> result = allocateResult(interpreter, op, op->getOperands());
  if (failed(result))
    return failure();
  // What upstream leaves undefined shows if a result depends on it.
  std::fill(result->floats.begin(), result->floats.end(), std::nan(""));
  return interpreter.set(op, op->getResult(0), std::move(*result));
}

static LogicalResult evaluateDim(Interpreter &interpreter, Operation *op) {
  auto dim = cast<tensor::DimOp>(op);
  TensorRef source = interpreter.get(dim.getSource());
  FailureOr<int64_t> index = interpreter.getInteger(dim.getIndex());
  if (!source || failed(index))
    return failure();
  if (*index < 0 || *index >= static_cast<int64_t>(source->shape.size()))
    return op->emitOpError("asks for dimension ") << *index << " of a tensor of rank " << source->shape.size();
  return interpreter.setInteger(op, op->getResult(0), source->shape[*index]);
}

static LogicalResult evaluateRank(Interpreter &interpreter, Operation *op) {
  TensorRef source = interpreter.get(op->getOperand(0));
  if (!source)
    return failure();
  return interpreter.setInteger(op, op->getResult(0), source->shape.size());
}

static LogicalResult evaluateExtract(Interpreter &interpreter, Operation *op) {
  auto extract = cast<tensor::ExtractOp>(op);
  TensorRef source = interpreter.get(extract.getTensor());
  FailureOr<SmallVector<int64_t>> index = interpreter.getIntegers(extract.getIndices());
  if (!source || failed(index))
    return failure();
  FailureOr<int64_t> offset = getOffset(op, *index, source->shape);
  if (failed(offset))
    return failure();
  Tensor result = Tensor::zeros(source->elementType, {});
  lanes(result)[0] = lanes(*source)[*offset];
  return interpreter.set(op, op->getResult(0), std::move(result));
}

static LogicalResult evaluateInsert(Interpreter &interpreter, Operation *op) {
  auto insert = cast<tensor::InsertOp>(op);
  TensorRef scalar = interpreter.get(insert.getScalar());
  FailureOr<SmallVector<int64_t>> index = interpreter.getIntegers(insert.getIndices());
  FailureOr<Tensor> result = interpreter.take(insert.getDestMutable());
  if (!scalar || failed(index) || failed(result))
    return failure();
  FailureOr<int64_t> offset = getOffset(op, *index, result->shape);
  if (failed(offset))
    return failure();
  lanes(*result)[*offset] = lanes(*scalar)[0];
  return interpreter.set(op, op->getResult(0), std::move(*result));
}

static LogicalResult evaluateFromElements(Interpreter &interpreter, Operation *op) {
  FailureOr<Tensor> result = allocateResult(interpreter, op, {});
  if (failed(result))
    return failure();
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    TensorRef element = interpreter.get(operand);
    if (!element)
      return failure();
    lanes(*result)[i] = lanes(*element)[0];
  }
  return interpreter.set(op, op->getResult(0), std::move(*result));
}

static LogicalResult evaluateSplat(Interpreter &interpreter, Operation *op) {
  auto splat = cast<tensor::SplatOp>(op);
  TensorRef element = interpreter.get(splat.getInput());
  FailureOr<Tensor> result = allocateResult(interpreter, op, splat.getDynamicSizes());
  if (!element || failed(result))
    return failure();
  std::fill(lanes(*result), lanes(*result) + result->size(), lanes(*element)[0]);
  return interpreter.set(op, op->getResult(0), std::move(*result));
}

LogicalResult spnn::reference::fillByBody(Interpreter &interpreter, Operation *op, Block &block, Tensor &result,
                                          llvm::function_ref<bool(ArrayRef<int64_t>)> isSet) {
  Body body(interpreter, op, block);
  if (failed(body.prepare()))
    return failure();
  unsigned rank = result.shape.size();
  SmallVector<int64_t> index(rank, 0);
  std::vector<std::vector<Lane>> buffers(rank, std::vector<Lane>(Body::kMaxLanes));
  SmallVector<const Lane *> arguments;
  for (std::vector<Lane> &buffer : buffers)
    arguments.push_back(buffer.data());
  SmallVector<int64_t> targets;
  auto flush = [&]() -> LogicalResult {
    if (targets.empty())
      return success();
    if (failed(body.run(arguments, {}, ~0u, targets.size())))
      return failure();
    for (auto [lane, target] : llvm::enumerate(targets))
      lanes(result)[target] = body.getResult(0)[lane];
    targets.clear();
    return success();
  };
  for (int64_t i = 0, e = result.size(); i < e; ++i) {
    if (!isSet(index)) {
      for (unsigned dim = 0; dim < rank; ++dim)
        buffers[dim][targets.size()].i = index[dim];
      targets.push_back(i);
      if (static_cast<int64_t>(targets.size()) == body.getMaxLanes() && failed(flush()))
        return failure();
    }
    nextIndex(index, result.shape);
  }
  return flush();
}

static LogicalResult evaluateGenerate(Interpreter &interpreter, Operation *op) {
  auto generate = cast<tensor::GenerateOp>(op);
  FailureOr<Tensor> result = allocateResult(interpreter, op, generate.getDynamicExtents());
  if (failed(result) ||
      failed(fillByBody(interpreter, op, generate.getBody().front(), *result, [](ArrayRef<int64_t>) { return false; })))
    return failure();
  return interpreter.set(op, op->getResult(0), std::move(*result));
}

//===----------------------------------------------------------------------===//
// Gather and scatter
//===----------------------------------------------------------------------===//

namespace {
/// The correspondence of tensor.gather and tensor.scatter: slice `i` of the dense side lies at coordinates
/// `indices[i]` along `dims` of the sparse side, and spans the other dimensions.
struct SliceMap {
  /// Offsets within a slice, in row-major order.
  SmallVector<int64_t> within;
  /// Offset of the start of each slice.
  std::vector<int64_t> starts;
};
} // namespace

static FailureOr<SliceMap> getSliceMap(Operation *op, const Tensor &indices, ArrayRef<int64_t> dims,
                                       ArrayRef<int64_t> shape) {
  SliceMap map;
  if (dims.empty() || indices.shape.empty() || indices.shape.back() != static_cast<int64_t>(dims.size()))
    return op->emitOpError("needs ") << dims.size() << " coordinates an index, got indices of shape "
                                     << formatShape(indices.shape);
  SmallVector<int64_t> strides = getStrides(shape), sliceShape(shape);
  for (int64_t dim : dims)
    sliceShape[dim] = 1;
  int64_t sliceSize = Tensor::countElements(sliceShape).value_or(0);
  SmallVector<int64_t> index(shape.size(), 0);
  for (int64_t i = 0; i < sliceSize; ++i) {
    int64_t offset = 0;
    for (auto [position, stride] : llvm::zip(index, strides))
      offset += position * stride;
    map.within.push_back(offset);
    nextIndex(index, sliceShape);
  }
  int64_t count = indices.size() / static_cast<int64_t>(dims.size());
  for (int64_t i = 0; i < count; ++i) {
    int64_t start = 0;
    for (auto [j, dim] : llvm::enumerate(dims)) {
      int64_t position = indices.ints[i * dims.size() + j];
      if (position < 0 || position >= shape[dim])
        return op->emitOpError("has coordinate ")
               << position << " in dimension " << dim << ", which has extent " << shape[dim];
      start += position * strides[dim];
    }
    map.starts.push_back(start);
  }
  return map;
}

static LogicalResult evaluateGather(Interpreter &interpreter, Operation *op) {
  auto gather = cast<tensor::GatherOp>(op);
  TensorRef source = interpreter.get(gather.getSource()), indices = interpreter.get(gather.getIndices());
  if (!source || !indices)
    return failure();
  FailureOr<SliceMap> map = getSliceMap(op, *indices, gather.getGatherDims(), source->shape);
  if (failed(map))
    return failure();
  // The result keeps gathered dimensions with extent 1, or drops them.
  SmallVector<int64_t> shape(ArrayRef(indices->shape).drop_back());
  bool dropped = gather.getResultType().getRank() != static_cast<int64_t>(shape.size() + source->shape.size());
  for (auto [dim, extent] : llvm::enumerate(source->shape)) {
    bool isGathered = llvm::is_contained(gather.getGatherDims(), static_cast<int64_t>(dim));
    if (!isGathered || !dropped)
      shape.push_back(isGathered ? 1 : extent);
  }
  FailureOr<Tensor> result = interpreter.allocate(op, source->elementType, shape);
  if (failed(result))
    return failure();
  Lane *out = lanes(*result);
  for (int64_t start : map->starts)
    for (int64_t offset : map->within)
      *out++ = lanes(*source)[start + offset];
  return interpreter.set(op, op->getResult(0), std::move(*result));
}

static LogicalResult evaluateScatter(Interpreter &interpreter, Operation *op) {
  auto scatter = cast<tensor::ScatterOp>(op);
  TensorRef source = interpreter.get(scatter.getSource()), indices = interpreter.get(scatter.getIndices());
  FailureOr<Tensor> result = interpreter.take(scatter.getDestMutable());
  if (!source || !indices || failed(result))
    return failure();
  FailureOr<SliceMap> map = getSliceMap(op, *indices, scatter.getScatterDims(), result->shape);
  if (failed(map))
    return failure();
  if (static_cast<uint64_t>(source->size()) != uint64_t(map->starts.size()) * map->within.size())
    return op->emitOpError("scatters a source of shape ")
           << formatShape(source->shape) << " by indices of shape " << formatShape(indices->shape) << " into shape "
           << formatShape(result->shape);
  const Lane *in = lanes(*source);
  for (int64_t start : map->starts)
    for (int64_t offset : map->within)
      lanes(*result)[start + offset] = *in++;
  return interpreter.set(op, op->getResult(0), std::move(*result));
}

Handler spnn::reference::getTensorElementHandler(Operation *op) {
  if (isa<tensor::EmptyOp>(op))
    return evaluateEmpty;
  if (isa<tensor::DimOp>(op))
    return evaluateDim;
  if (isa<tensor::RankOp>(op))
    return evaluateRank;
  if (isa<tensor::ExtractOp>(op))
    return evaluateExtract;
  if (isa<tensor::InsertOp>(op))
    return evaluateInsert;
  if (isa<tensor::FromElementsOp>(op))
    return evaluateFromElements;
  if (isa<tensor::SplatOp>(op))
    return evaluateSplat;
  if (isa<tensor::GenerateOp>(op))
    return evaluateGenerate;
  if (isa<tensor::GatherOp>(op))
    return evaluateGather;
  if (isa<tensor::ScatterOp>(op))
    return evaluateScatter;
  return nullptr;
}
