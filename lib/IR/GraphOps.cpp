//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// spnn.constant, spnn.convert and spnn.prune: verification and folding.
//
//===----------------------------------------------------------------------===//
#include "spnn/IR/SPNN.h"
#include "spnn/IR/SparseFormats.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace spnn;

//===----------------------------------------------------------------------===//
// ConstantOp
//===----------------------------------------------------------------------===//

LogicalResult ConstantOp::verify() {
  auto type = cast<RankedTensorType>(getType());
  auto emitError = [&]() { return emitOpError(); };
  // C1
  if (!type.hasStaticShape())
    return emitOpError() << "result must have static extents, got " << type;
  auto format = getSparseFormat(type, emitError);
  if (!format)
    return failure();
  unsigned bytes = getElementBytes(type.getElementType());
  auto isValues = [](const format::BufferSpec &buffer) { return buffer.kind == format::BufferKind::Values; };
  if (bytes == 0 && llvm::any_of(format->buffers({type.getDimSize(0), type.getDimSize(1)}, bytes), isValues))
    return emitOpError() << "element type " << type.getElementType() << " is not supported";
  // C2, C3, C4
  return success(succeeded(readStorage(getBuffers(), type, *format, emitError)));
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getBuffersAttr(); }

//===----------------------------------------------------------------------===//
// ConvertOp
//===----------------------------------------------------------------------===//

/// The constraint that every op with an encoded operand shares: a sparse encoding stands for a format that can
/// hold the type.
static LogicalResult verifyEncoding(Operation *op, RankedTensorType type) {
  return success(!type.getEncoding() || getSparseFormat(type, [&]() { return op->emitOpError(); }));
}

LogicalResult ConvertOp::verify() {
  auto source = cast<RankedTensorType>(getSource().getType());
  auto result = cast<RankedTensorType>(getType());
  // C1
  if (source.getShape() != result.getShape() || source.getElementType() != result.getElementType())
    return emitOpError() << "must keep shape and element type, got " << source << " to " << result;
  // C2
  return success(succeeded(verifyEncoding(*this, source)) && succeeded(verifyEncoding(*this, result)));
}

OpFoldResult ConvertOp::fold(FoldAdaptor) {
  if (getSource().getType() == getType())
    return getSource();
  // Only a conversion of a denser form can lose nothing: sparse formats hold the same values, so the middle of a
  // chain does not matter.
  if (auto before = getSource().getDefiningOp<ConvertOp>()) {
    if (before.getSource().getType() == getType())
      return before.getSource();
    getSourceMutable().assign(before.getSource());
    return getResult();
  }
  return {};
}

LogicalResult ConvertOp::reifyResultShapes(OpBuilder &builder, ReifiedRankedShapedTypeDims &dims) {
  dims.push_back(tensor::getMixedSizes(builder, getLoc(), getSource()));
  return success();
}

//===----------------------------------------------------------------------===//
// PruneOp
//===----------------------------------------------------------------------===//

LogicalResult PruneOp::verify() {
  auto type = cast<RankedTensorType>(getType());
  // C1
  if (type.getRank() != 2 || type.getEncoding() || !isa<FloatType>(type.getElementType()))
    return emitOpError() << "operand must be a dense tensor of floats of rank 2, got " << type;
  return success();
}

OpFoldResult PruneOp::fold(FoldAdaptor) {
  PatternAttr pattern = getPattern();
  if (pattern.isRatio() ? pattern.getRows() == pattern.getCols() : pattern.getFraction() == 0.0)
    return getSource();
  if (auto before = getSource().getDefiningOp<PruneOp>())
    if (before.getPattern() == pattern && before.getMethod() == getMethod())
      return getSource();
  return {};
}
