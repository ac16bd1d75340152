//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The graph-level ops of the spnn dialect.
//
//===----------------------------------------------------------------------===//
#include "Contraction.h"
#include "Interpreter.h"

#include "spnn/IR/Graphs.h"
#include "spnn/IR/SparseFormats.h"
#include "spnn/Transforms/PatternPruning.h"

#include <cmath>

using namespace mlir;
using namespace spnn;
using namespace spnn::reference;

static LogicalResult evaluateConstant(Interpreter &interpreter, Operation *op) {
  auto constant = cast<ConstantOp>(op);
  auto type = cast<RankedTensorType>(constant.getType());
  if (!type.hasStaticShape() || type.getRank() != 2)
    return op->emitOpError("has type ") << type << ", which is no static matrix";
  if (isGraph(type)) {
    std::optional<Adjacency> graph = getConstantAdjacency(constant.getResult());
    if (!graph)
      return op->emitOpError("has type ") << type << ", and the evaluator only knows graphs as #spnn.adjacency";
    return interpreter.set(op, constant.getResult(), type.getElementType(), std::move(*graph));
  }
  // Refuses what is too large before it is unpacked.
  if (failed(interpreter.checkAllocation(op, type.getElementType(), type.getShape())))
    return failure();
  auto emitError = [&]() { return op->emitOpError(); };
  std::unique_ptr<format::SparseFormat> format = getSparseFormat(type, emitError);
  if (!format)
    return failure();
  FailureOr<format::Storage> storage = readStorage(constant.getBuffers(), type, *format, emitError);
  if (failed(storage))
    return failure();
  format::DenseMatrix matrix =
      format->unpack({type.getDimSize(0), type.getDimSize(1)}, spnn::getElementBytes(type.getElementType()),
                     isa<FloatType>(type.getElementType()), *storage);
  return interpreter.set(op, constant.getResult(),
                         Tensor::fromBytes(type.getElementType(), type.getShape(), matrix.data.data()));
}

static format::DenseMatrix toMatrix(const Tensor &value) {
  format::DenseMatrix matrix;
  matrix.shape = {value.shape[0], value.shape[1]};
  matrix.elementBytes = Tensor::getElementBytes(value.elementType);
  matrix.isFloat = value.isFloat();
  matrix.data = value.toBytes();
  return matrix;
}

/// Chosen by the values as the type can hold them; what is kept is not rounded to it.
static LogicalResult evaluatePrune(Interpreter &interpreter, Operation *op) {
  auto prune = cast<PruneOp>(op);
  FailureOr<Tensor> value = interpreter.take(prune.getSourceMutable());
  if (failed(value))
    return failure();
  format::DenseMatrix matrix = toMatrix(*value);
  if (std::optional<std::string> broken =
          pruneToPattern(matrix, value->elementType, prune.getMethod(), prune.getPattern()))
    return op->emitOpError("cannot prune its operand: ") << *broken;
  for (int64_t i = 0; i < value->size(); ++i)
    if (matrix.isZero(0, i))
      value->floats[i] = 0;
  return interpreter.set(op, prune.getResult(), std::move(*value));
}

/// A graph from the nonzeros of a dense matrix, and back.
static LogicalResult convertGraph(Interpreter &interpreter, ConvertOp op, TensorRef value) {
  int64_t rows = value->shape[0], columns = value->shape[1];
  Type element = value->elementType;
  if (isGraph(op.getType()) && value->graph)
    return interpreter.set(op, op.getResult(), value);
  if (isGraph(op.getType())) {
    Adjacency graph{rows, columns, {0}, {}};
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns; ++j)
        if (value->ints[i * columns + j])
          graph.indices.push_back(static_cast<int32_t>(j));
      graph.positions.push_back(static_cast<int32_t>(graph.indices.size()));
    }
    return interpreter.set(op, op.getResult(), element, std::move(graph));
  }
  FailureOr<Tensor> dense = interpreter.allocate(op, element, {rows, columns});
  if (failed(dense))
    return failure();
  for (int64_t i = 0; i < rows; ++i)
    for (int32_t edge = value->graph->positions[i]; edge < value->graph->positions[i + 1]; ++edge)
      dense->ints[i * columns + value->graph->indices[edge]] = 1;
  return interpreter.set(op, op.getResult(), std::move(*dense));
}

/// Values stay the same, but the target format has to be able to hold them.
static LogicalResult evaluateConvert(Interpreter &interpreter, Operation *op) {
  auto convert = cast<ConvertOp>(op);
  TensorRef value = interpreter.get(convert.getSource());
  if (!value)
    return failure();
  auto type = cast<RankedTensorType>(convert.getType());
  if (isGraph(type) || value->graph)
    return convertGraph(interpreter, convert, value);
  if (isSparse(type) && value->shape.size() == 2) {
    auto staticType = RankedTensorType::get(value->shape, type.getElementType(), type.getEncoding());
    std::unique_ptr<format::SparseFormat> format = getSparseFormat(staticType, [&]() { return op->emitOpError(); });
    if (!format)
      return failure();
    if (std::optional<std::string> broken = format->checkPack(toMatrix(*value)))
      return op->emitOpError("cannot store its operand as ") << format->name() << ": " << *broken;
  }
  return interpreter.set(op, convert.getResult(), value);
}

static double activate(Activation activation, double x) {
  switch (activation) {
  case Activation::None:
    return x;
  case Activation::Relu:
    return x < 0 ? 0 : x;
  case Activation::GeluErf:
    return x / 2 * (1 + std::erf(x * M_SQRT1_2));
  case Activation::GeluTanh:
    return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  case Activation::Sigmoid:
    return 1 / (1 + std::exp(-x));
  case Activation::Tanh:
    return std::tanh(x);
  case Activation::Silu:
    return x / (1 + std::exp(-x));
  }
  return x;
}

static std::vector<int64_t> multiples(int64_t count, int64_t stride) {
  std::vector<int64_t> result(count);
  for (int64_t i = 0; i < count; ++i)
    result[i] = i * stride;
  return result;
}

/// The tensor itself, or its integers as doubles, which hold those of 8 bits exactly, and 2^39 times the sum of their
/// products.
static TensorRef withFloats(TensorRef tensor) {
  if (tensor->isFloat())
    return tensor;
  Tensor result = *tensor;
  result.floats.assign(tensor->ints.begin(), tensor->ints.end());
  return std::make_shared<const Tensor>(std::move(result));
}

static LogicalResult evaluateMatmul(Interpreter &interpreter, Operation *op) {
  auto matmul = cast<MatmulOp>(op);
  TensorRef lhs = interpreter.get(matmul.getLhs()), rhs = interpreter.get(matmul.getRhs());
  if (!lhs || !rhs)
    return failure();
  int64_t rows = lhs->shape[0], inner = lhs->shape[1], rhsInner = rhs->shape[0], columns = rhs->shape[1];
  if (matmul.getTransposeLhs())
    std::swap(rows, inner);
  if (matmul.getTransposeRhs())
    std::swap(rhsInner, columns);
  if (inner != rhsInner)
    return op->emitOpError("has inner extents that disagree (C2): ") << inner << " and " << rhsInner;
  TensorRef bias;
  if (Value operand = matmul.getBias()) {
    bias = interpreter.get(operand);
    if (!bias)
      return failure();
    int64_t extent = matmul.getBiasAxis() == 0 ? rows : columns;
    if (bias->size() != extent)
      return op->emitOpError("has a bias of ") << bias->size() << " values for an extent of " << extent << " (C4)";
  }
  TensorRef lhsScales, rhsScales;
  for (auto [operand, scales, extent, rule] : {std::tuple(matmul.getLhsScales(), &lhsScales, rows, "C7"),
                                               std::tuple(matmul.getRhsScales(), &rhsScales, columns, "C8")}) {
    if (!operand)
      continue;
    *scales = interpreter.get(operand);
    if (!*scales)
      return failure();
    if ((*scales)->size() != extent)
      return op->emitOpError("has ") << (*scales)->size() << " scales for an extent of " << extent << " (" << rule
                                     << ")";
  }
  bool isInteger = !lhs->isFloat() && !rhs->isFloat();
  lhs = withFloats(lhs);
  rhs = withFloats(rhs);
  FailureOr<Tensor> result = interpreter.allocate(op, getElementTypeOrSelf(matmul.getType()), {rows, columns});
  if (failed(result))
    return failure();
  if (result->size() != 0 && inner != 0) {
    Contraction contraction;
    bool lhsTransposed = matmul.getTransposeLhs(), rhsTransposed = matmul.getTransposeRhs();
    contraction.lhs = {{0}, multiples(rows, lhsTransposed ? 1 : inner), multiples(inner, lhsTransposed ? rows : 1)};
    contraction.rhs = {
        {0}, multiples(inner, rhsTransposed ? 1 : columns), multiples(columns, rhsTransposed ? inner : 1)};
    contraction.out = {{0}, multiples(rows, columns), multiples(columns, 1)};
    contraction.lhsData = lhs->floats.data();
    contraction.rhsData = rhs->floats.data();
    contraction.outData = result->floats.data();
    contraction.lhsSize = lhs->size();
    contraction.rhsSize = rhs->size();
    contraction.lhsZerosVanish = isSparse(matmul.getLhs().getType());
    contraction.rhsZerosVanish = isSparse(matmul.getRhs().getType());
    contract(op->getContext(), contraction);
  }
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) {
      double &value = result->floats[i * columns + j];
      // Sums of products of i8 are i32.
      if (isInteger)
        value = static_cast<int32_t>(static_cast<uint32_t>(static_cast<int64_t>(value)));
      if (lhsScales)
        value *= lhsScales->floats[i];
      if (rhsScales)
        value *= rhsScales->floats[j];
      if (bias)
        value += bias->floats[matmul.getBiasAxis() == 0 ? i : j];
      value = activate(matmul.getActivation(), value);
    }
  return interpreter.set(op, matmul.getResult(), std::move(*result));
}

Handler reference::getSPNNHandler(Operation *op) {
  if (isa<ConstantOp>(op))
    return evaluateConstant;
  if (isa<ConvertOp>(op))
    return evaluateConvert;
  if (isa<PruneOp>(op))
    return evaluatePrune;
  if (isa<MatmulOp>(op))
    return evaluateMatmul;
  return nullptr;
}
