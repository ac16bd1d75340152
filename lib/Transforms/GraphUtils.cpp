//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What several graph-level passes need: transpositions, constants and zero fills of rank-2 tensors.
//
//===----------------------------------------------------------------------===//
#include "GraphUtils.h"

#include "spnn/IR/SparseFormats.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/IR/Matchers.h"

#include <cstring>

using namespace mlir;
using namespace spnn;

Value spnn::getTransposeSource(Value value) {
  auto transpose = value.getDefiningOp<linalg::TransposeOp>();
  if (!transpose || !isa<RankedTensorType>(transpose.getInput().getType()) ||
      transpose.getPermutation() != ArrayRef<int64_t>{1, 0})
    return {};
  return transpose.getInput();
}

SmallVector<OpFoldResult> spnn::getExtents(OpBuilder &builder, Location loc, Value value) {
  if (auto matmul = value.getDefiningOp<MatmulOp>()) {
    ReifiedRankedShapedTypeDims extents;
    if (succeeded(matmul.reifyResultShapes(builder, extents)))
      return extents.front();
  }
  return tensor::getMixedSizes(builder, loc, value);
}

Value spnn::createEmpty(OpBuilder &builder, Location loc, ArrayRef<OpFoldResult> extents, Type elementType) {
  return tensor::EmptyOp::create(builder, loc, extents, elementType);
}

Value spnn::createTranspose(OpBuilder &builder, Location loc, Value value) {
  if (Value source = getTransposeSource(value))
    return source;
  SmallVector<OpFoldResult> extents = getExtents(builder, loc, value);
  std::swap(extents[0], extents[1]);
  Value init = createEmpty(builder, loc, extents, getElementTypeOrSelf(value));
  return linalg::TransposeOp::create(builder, loc, value, init, ArrayRef<int64_t>{1, 0})->getResult(0);
}

Value spnn::castTo(OpBuilder &builder, Location loc, Value value, Type type) {
  return value.getType() == type ? value : tensor::CastOp::create(builder, loc, type, value).getResult();
}

std::optional<double> spnn::getSplatValue(Value value) {
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    value = fill.getInputs().front();
  Attribute constant;
  if (!matchPattern(value, m_Constant(&constant)))
    return std::nullopt;
  auto asDouble = [](APFloat number) {
    bool inexact;
    number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &inexact);
    return number.convertToDouble();
  };
  if (auto number = dyn_cast<FloatAttr>(constant))
    return asDouble(number.getValue());
  if (auto splat = dyn_cast<SplatElementsAttr>(constant))
    if (isa<FloatType>(splat.getElementType()))
      return asDouble(splat.getSplatValue<APFloat>());
  return std::nullopt;
}

bool spnn::isZeroTensor(Value value) { return getSplatValue(value) == 0.0; }

bool spnn::isConstantMatrix(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<ConvertOp, PruneOp>(op))
      return matchPattern(op, m_Constant());
    value = op->getOperand(0);
  }
  return false;
}

bool spnn::isQuantized(MatmulOp op) {
  Type element = getElementTypeOrSelf(op.getType());
  return op.hasScales() || getElementTypeOrSelf(op.getLhs()) != element || getElementTypeOrSelf(op.getRhs()) != element;
}

Value spnn::rebuildConstant(OpBuilder &builder, Location loc, Value like, const format::DenseMatrix &matrix,
                            std::string &reason, Type elementType) {
  auto before = cast<RankedTensorType>(like.getType());
  auto type = RankedTensorType::get({matrix.shape.rows, matrix.shape.cols},
                                    elementType ? elementType : before.getElementType());
  if (!isSparse(before))
    return arith::ConstantOp::create(builder, loc, writeDenseMatrix(matrix, type));
  auto sparseType = RankedTensorType::get(type.getShape(), type.getElementType(), before.getEncoding());
  auto format = cast<SparseFormatInterface>(before.getEncoding()).getFormat(sparseType, reason);
  if (!format)
    return {};
  if (std::optional<std::string> broken = format->checkPack(matrix)) {
    reason = *broken;
    return {};
  }
  if (like.getDefiningOp<ConstantOp>())
    return ConstantOp::create(builder, loc, sparseType, writeStorage(format->pack(matrix), sparseType, *format));
  Value dense = arith::ConstantOp::create(builder, loc, writeDenseMatrix(matrix, type));
  return ConvertOp::create(builder, loc, sparseType, dense);
}

std::optional<format::FloatType> spnn::getFloatType(Type type) {
  if (type.isBF16())
    return format::FloatType::BF16;
  if (type.isF16() || type.isF32() || type.isF64())
    return format::getIeeeType(type.getIntOrFloatBitWidth() / 8);
  return std::nullopt;
}

void spnn::populateGraphCleanupPatterns(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  MatmulOp::getCanonicalizationPatterns(patterns, context);
  linalg::TransposeOp::getCanonicalizationPatterns(patterns, context);
  tensor::CastOp::getCanonicalizationPatterns(patterns, context);
  tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns, context);
  tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, context);
  memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
}

LogicalResult spnn::decomposeAggregates(Operation *root) {
  SmallVector<linalg::AggregatedOpInterface> aggregates;
  root->walk([&](linalg::AggregatedOpInterface op) { aggregates.push_back(op); });
  for (linalg::AggregatedOpInterface op : aggregates) {
    if (!llvm::all_of(op->getResultTypes(), llvm::IsaPred<RankedTensorType>) || op->getNumResults() == 0)
      continue;
    OpBuilder builder(op);
    FailureOr<SmallVector<Value>> results = op.decomposeOperation(builder);
    if (failed(results))
      return op->emitOpError("cannot be taken apart into structured ops");
    op->replaceAllUsesWith(*results);
    op->erase();
  }
  return success();
}
