//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// spnn.matmul: extents, verification, shape reification and canonicalisation.
//
//===----------------------------------------------------------------------===//
#include "Extents.h"
#include "spnn/IR/FoldTranspose.h"
#include "spnn/IR/SPNN.h"
#include "spnn/IR/SparseFormats.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace spnn;

static int64_t extent(Value value, unsigned dim) { return cast<RankedTensorType>(value.getType()).getDimSize(dim); }

int64_t MatmulOp::getRows() { return extent(getLhs(), getTransposeLhs() ? 1 : 0); }
int64_t MatmulOp::getInner() {
  int64_t left = extent(getLhs(), getTransposeLhs() ? 0 : 1);
  return ShapedType::isDynamic(left) ? extent(getRhs(), getTransposeRhs() ? 1 : 0) : left;
}
int64_t MatmulOp::getColumns() { return extent(getRhs(), getTransposeRhs() ? 0 : 1); }

/// C6
static bool areMultiplied(Type lhs, Type rhs, Type result) {
  if (lhs == rhs)
    return lhs == result || (result.isF32() && (lhs.isBF16() || lhs.isInteger(8)));
  auto isStored = [](Type type) { return type.isF16() || type.isBF16() || type.isInteger(8); };
  return result.isF32() && ((isStored(lhs) && rhs.isF32()) || (lhs.isF32() && isStored(rhs)));
}

LogicalResult MatmulOp::verify() {
  auto lhs = cast<RankedTensorType>(getLhs().getType());
  auto rhs = cast<RankedTensorType>(getRhs().getType());
  auto result = cast<RankedTensorType>(getType());
  // C1
  Type element = result.getElementType();
  if (!isa<FloatType>(element))
    return emitOpError() << "element type must be a float, got " << element;
  for (auto [name, type] : {std::pair("lhs", lhs), std::pair("rhs", rhs), std::pair("result", result)}) {
    if (type.getRank() != 2)
      return emitOpError() << name << " must have rank 2, got " << type;
  }
  // C6
  if (!areMultiplied(lhs.getElementType(), rhs.getElementType(), element))
    return emitOpError() << "element types must be (T, T) -> T, (f16|bf16|i8, f32) -> f32 in either order, "
                            "(bf16, bf16) -> f32 or (i8, i8) -> f32, got ("
                         << lhs.getElementType() << ", " << rhs.getElementType() << ") -> " << element;
  // C2
  int64_t leftInner = lhs.getDimSize(getTransposeLhs() ? 0 : 1);
  int64_t rightInner = rhs.getDimSize(getTransposeRhs() ? 1 : 0);
  if (!areCompatible(leftInner, rightInner))
    return emitOpError() << "inner extents must agree, got " << leftInner << " of lhs and " << rightInner << " of rhs";
  // C3
  if (!areCompatible(result.getDimSize(0), getRows()) || !areCompatible(result.getDimSize(1), getColumns()))
    return emitOpError() << "result must be " << printExtent(getRows()) << " x " << printExtent(getColumns())
                         << ", got " << result;
  if (result.getEncoding())
    return emitOpError() << "result must be dense, got " << result;
  // C4
  int64_t axis = getBiasAxis();
  if (axis != 0 && axis != 1)
    return emitOpError() << "bias_axis must be 0 or 1, got " << axis;
  if (getBias()) {
    auto bias = cast<RankedTensorType>(getBias().getType());
    if (bias.getRank() != 1 || bias.getEncoding() || bias.getElementType() != element ||
        !areCompatible(bias.getDimSize(0), result.getDimSize(axis)))
      return emitOpError() << "bias must be a dense vector of the result's extent along axis " << axis
                           << " and of element type " << element << ", got " << bias;
  }
  // C7, C8
  for (auto [name, scales, count] :
       {std::tuple("lhs_scales", getLhsScales(), getRows()), std::tuple("rhs_scales", getRhsScales(), getColumns())}) {
    if (!scales)
      continue;
    auto type = cast<RankedTensorType>(scales.getType());
    if (type.getRank() != 1 || type.getEncoding() || !type.getElementType().isF32() || !element.isF32() ||
        !areCompatible(type.getDimSize(0), count))
      return emitOpError() << name << " must be a dense vector of " << printExtent(count)
                           << " f32 beside a result of f32, got " << type << " beside " << result;
  }
  // C5
  for (RankedTensorType type : {lhs, rhs})
    if (type.getEncoding() && !getSparseFormat(type, [&]() { return emitOpError(); }))
      return failure();
  return success();
}

LogicalResult MatmulOp::reifyResultShapes(OpBuilder &builder, ReifiedRankedShapedTypeDims &dims) {
  dims.push_back({tensor::getMixedSize(builder, getLoc(), getLhs(), getTransposeLhs() ? 1 : 0),
                  tensor::getMixedSize(builder, getLoc(), getRhs(), getTransposeRhs() ? 0 : 1)});
  return success();
}

//===----------------------------------------------------------------------===//
// Canonicalisation
//===----------------------------------------------------------------------===//

namespace {
/// matmul(convert(sparse to dense), y) -> matmul(sparse, y): a product takes sparse operands as they are.
struct FoldConvertToDense : public OpRewritePattern<MatmulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MatmulOp op, PatternRewriter &rewriter) const override {
    bool changed = false;
    for (OpOperand *operand : {&op.getLhsMutable(), &op.getRhsMutable()}) {
      auto convert = operand->get().getDefiningOp<ConvertOp>();
      if (!convert || isSparse(convert.getType()) || !isSparse(convert.getSource().getType()))
        continue;
      rewriter.modifyOpInPlace(op, [&]() { operand->set(convert.getSource()); });
      changed = true;
    }
    if (!changed)
      return rewriter.notifyMatchFailure(op, "no operand is a conversion from sparse to dense");
    return success();
  }
};
} // namespace

void MatmulOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<FoldTranspose<MatmulOp>, FoldConvertToDense>(context);
}
