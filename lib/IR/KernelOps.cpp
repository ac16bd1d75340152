//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel-level ops: verification, effects and the folding of adjacent layout changes.
//
//===----------------------------------------------------------------------===//
#include "Extents.h"
#include "KernelVerifiers.h"
#include "spnn/IR/SPNN.h"
#include "spnn/IR/SparseFormats.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace spnn;

//===----------------------------------------------------------------------===//
// What all kernel ops share
//===----------------------------------------------------------------------===//

void spnn::getKernelEffects(DestinationStyleOpInterface op,
                            SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
    else
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
  }
}

LogicalResult spnn::verifySemantics(DestinationStyleOpInterface op) {
  OperandRange inits = op.getDpsInits();
  if (inits.empty())
    return op->emitOpError() << "must have an init";
  Type init = inits[0].getType();
  bool onTensors = isa<TensorType>(init);
  for (Value operand : op->getOperands())
    if (isa<ShapedType>(operand.getType()) && isa<TensorType>(operand.getType()) != onTensors)
      return op->emitOpError() << "operands must be all tensors or all memrefs, got " << operand.getType()
                               << " beside init " << init;
  size_t results = onTensors ? inits.size() : 0;
  if (op->getNumResults() != results) {
    InFlightDiagnostic diag = op->emitOpError() << "must have ";
    if (results > 1)
      diag << results << " results";
    else
      diag << (results ? "one result" : "no result");
    return diag << ", got " << op->getNumResults();
  }
  for (auto [result, init] : llvm::zip(op->getResultTypes(), inits.getTypes()))
    if (result != init)
      return op->emitOpError() << "result must have init's type " << init << ", got " << result;
  return success();
}

LogicalResult spnn::verifyRank(Operation *op, StringRef name, Value value, int64_t rank, Type element) {
  auto type = cast<ShapedType>(value.getType());
  if (type.getRank() != rank || (element && type.getElementType() != element)) {
    InFlightDiagnostic diag = op->emitOpError() << name << " must have rank " << rank;
    if (element)
      diag << " and element type " << element;
    return diag << ", got " << type;
  }
  return success();
}

static Type elementType(Value value) { return cast<ShapedType>(value.getType()).getElementType(); }

//===----------------------------------------------------------------------===//
// PackPanelsOp, UnpackPanelsOp
//===----------------------------------------------------------------------===//

LogicalResult PackPanelsOp::verify() {
  // C1
  if (failed(verifyRank(*this, "source", getSource(), 2, elementType(getInit()))) ||
      failed(verifyRank(*this, "init", getInit(), 1, nullptr)))
    return failure();
  // C2
  return verifySemantics(cast<DestinationStyleOpInterface>(getOperation()));
}

LogicalResult UnpackPanelsOp::verify() {
  // C1
  if (failed(verifyRank(*this, "source", getSource(), 1, elementType(getInit()))) ||
      failed(verifyRank(*this, "init", getInit(), 2, nullptr)))
    return failure();
  // C2
  return verifySemantics(cast<DestinationStyleOpInterface>(getOperation()));
}

void PackPanelsOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  getKernelEffects(cast<DestinationStyleOpInterface>(getOperation()), effects);
}
void UnpackPanelsOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  getKernelEffects(cast<DestinationStyleOpInterface>(getOperation()), effects);
}

namespace {
/// pack(unpack(p)) -> p, with equal layouts and orientation.
struct FoldPackOfUnpack : public OpRewritePattern<PackPanelsOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(PackPanelsOp op, PatternRewriter &rewriter) const override {
    if (op.getResults().empty())
      return rewriter.notifyMatchFailure(op, "works on memrefs");
    auto unpack = op.getSource().getDefiningOp<UnpackPanelsOp>();
    if (!unpack || unpack.getPanels() != op.getPanels() || unpack.getTranspose() != op.getTranspose())
      return rewriter.notifyMatchFailure(op, "source is not unpacked from the same layout");
    if (unpack.getSource().getType() != op.getResult(0).getType())
      return rewriter.notifyMatchFailure(op, "buffer types differ");
    rewriter.replaceOp(op, unpack.getSource());
    return success();
  }
};

/// True if `matrix`, n x k with `transpose` and k x n without, lies in memory as its panels do: each column by itself.
bool isOwnPanels(Value matrix, bool transpose, PanelsAttr panels) {
  auto type = dyn_cast<RankedTensorType>(matrix.getType());
  return type && type.hasStaticShape() && panels.getWidth() == 1 && (transpose || type.getDimSize(1) == 1);
}

/// Packing single columns that lie one after the other copies nothing.
struct ReshapeColumnsToPanels : public OpRewritePattern<PackPanelsOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(PackPanelsOp op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getSource().getType());
    if (!isOwnPanels(op.getSource(), op.getTranspose(), op.getPanels()) ||
        op.getInit().getType() != RankedTensorType::get({type.getNumElements()}, type.getElementType()))
      return rewriter.notifyMatchFailure(op, "columns do not lie one after the other, or not all extents are known");
    rewriter.replaceOpWithNewOp<tensor::CollapseShapeOp>(op, op.getInit().getType(), op.getSource(),
                                                         ArrayRef<ReassociationIndices>{{0, 1}});
    return success();
  }
};

/// Panels of a constant are a constant.
struct FoldPackOfConstant : public OpRewritePattern<PackPanelsOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(PackPanelsOp op, PatternRewriter &rewriter) const override {
    ElementsAttr attr;
    auto packed = dyn_cast<RankedTensorType>(op.getInit().getType());
    if (!packed || !packed.hasStaticShape() || !matchPattern(op.getSource(), m_Constant(&attr)))
      return rewriter.notifyMatchFailure(op, "the source is no constant, or not all extents are known");
    std::optional<std::vector<uint8_t>> source = readRawElements(attr);
    if (!source)
      return rewriter.notifyMatchFailure(op, "the constant's elements are not whole bytes, or not at hand");
    bool isTransposed = op.getTranspose();
    int64_t rows = attr.getShapedType().getDimSize(isTransposed);
    int64_t columns = attr.getShapedType().getDimSize(!isTransposed);
    int64_t width = op.getPanels().getWidth(), vector = op.getPanels().getVector();
    if (packed.getNumElements() != rows * static_cast<int64_t>(llvm::alignTo(columns, vector)))
      return rewriter.notifyMatchFailure(op, "the init has another extent than the panels");
    unsigned bytes = getElementBytes(packed.getElementType());
    std::vector<char> panels(packed.getNumElements() * bytes, 0);
    for (int64_t column = 0; column < columns; ++column) {
      int64_t first = column / width * width;
      int64_t stride = llvm::alignTo(std::min(width, columns - first), vector);
      for (int64_t row = 0; row < rows; ++row) {
        int64_t from = isTransposed ? column * rows + row : row * columns + column;
        int64_t to = first * rows + row * stride + column - first;
        std::copy_n(source->begin() + from * bytes, bytes, panels.begin() + to * bytes);
      }
    }
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(op, DenseElementsAttr::getFromRawBuffer(packed, panels));
    return success();
  }
};

struct ReshapePanelsToColumns : public OpRewritePattern<UnpackPanelsOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(UnpackPanelsOp op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getInit().getType());
    if (!isOwnPanels(op.getInit(), op.getTranspose(), op.getPanels()) ||
        op.getSource().getType() != RankedTensorType::get({type.getNumElements()}, type.getElementType()))
      return rewriter.notifyMatchFailure(op, "columns do not lie one after the other, or not all extents are known");
    rewriter.replaceOpWithNewOp<tensor::ExpandShapeOp>(op, type, op.getSource(),
                                                       ArrayRef<ReassociationIndices>{{0, 1}});
    return success();
  }
};
} // namespace

void PackPanelsOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<FoldPackOfConstant, FoldPackOfUnpack, ReshapeColumnsToPanels>(context);
}

void UnpackPanelsOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<ReshapePanelsToColumns>(context);
}

//===----------------------------------------------------------------------===//
// KernelMatmulOp
//===----------------------------------------------------------------------===//

LogicalResult KernelMatmulOp::verify() {
  // C1
  Type element = elementType(getInit()), rhsElement = elementType(getRhs());
  bool isNarrow = element.isF32() && (rhsElement.isBF16() || rhsElement.isInteger(8));
  if (failed(verifyRank(*this, "rhs", getRhs(), 1, isNarrow ? rhsElement : element)) ||
      failed(verifyRank(*this, "init", getInit(), 1, element)))
    return failure();
  for (Value buffer : getStorage())
    if (failed(verifyRank(*this, "storage buffer", buffer, 1, nullptr)))
      return failure();
  if (Value bias = getBias()) {
    if (failed(verifyRank(*this, "bias", bias, 1, element)))
      return failure();
    // C2
    int64_t length = cast<ShapedType>(bias.getType()).getDimSize(0);
    if (!areCompatible(length, getRows()))
      return emitOpError() << "bias must have " << getRows() << " elements, got " << length;
  }
  // C5
  for (auto [name, scales] : {std::pair("row_scales", getRowScales()), std::pair("column_scales", getColumnScales())})
    if (scales && failed(verifyRank(*this, name, scales, 1, element)))
      return failure();
  if (getRowScales() && !areCompatible(cast<ShapedType>(getRowScales().getType()).getDimSize(0), getRows()))
    return emitOpError() << "row_scales must have " << getRows() << " elements, got "
                         << cast<ShapedType>(getRowScales().getType()).getDimSize(0);
  // C4
  if (static_cast<int64_t>(getRows()) < 0 || static_cast<int64_t>(getCols()) < 0)
    return emitOpError() << "weights must have non-negative extents, got " << static_cast<int64_t>(getRows()) << " x "
                         << static_cast<int64_t>(getCols());
  // C3
  return verifySemantics(cast<DestinationStyleOpInterface>(getOperation()));
}

void KernelMatmulOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  getKernelEffects(cast<DestinationStyleOpInterface>(getOperation()), effects);
}

//===----------------------------------------------------------------------===//
// KernelGraphOp
//===----------------------------------------------------------------------===//

Value KernelGraphOp::getInput(StringRef name) {
  for (auto [attr, input] : llvm::zip_equal(getNames(), getInputs()))
    if (cast<StringAttr>(attr).getValue() == name)
      return input;
  return {};
}

LogicalResult KernelGraphOp::verify() {
  // C1
  for (Value buffer : getStorage())
    if (failed(verifyRank(*this, "storage buffer", buffer, 1, nullptr)))
      return failure();
  // C2
  if (getNames().size() != getInputs().size())
    return emitOpError() << "must have a name for each of " << getInputs().size() << " inputs, got "
                         << getNames().size();
  llvm::StringSet<> seen;
  for (Attribute name : getNames())
    if (!seen.insert(cast<StringAttr>(name).getValue()).second)
      return emitOpError() << "has two inputs named " << name;
  // C4
  for (auto [name, attr] : {std::pair("rows", getRowsAttr()), std::pair("cols", getColsAttr())})
    if (int64_t extent = attr.getInt(); !ShapedType::isDynamic(extent) && extent < 0)
      return emitOpError() << name << " must not be negative, got " << extent;
  // C3
  return verifySemantics(cast<DestinationStyleOpInterface>(getOperation()));
}

void KernelGraphOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  getKernelEffects(cast<DestinationStyleOpInterface>(getOperation()), effects);
}

//===----------------------------------------------------------------------===//
// KernelGemmOp
//===----------------------------------------------------------------------===//

LogicalResult KernelGemmOp::verify() {
  // C1
  Type f32 = Float32Type::get(getContext());
  if (failed(verifyRank(*this, "lhs", getLhs(), 2, f32)) || failed(verifyRank(*this, "rhs", getRhs(), 2, f32)) ||
      failed(verifyRank(*this, "init", getInit(), 2, f32)))
    return failure();
  auto lhs = cast<ShapedType>(getLhs().getType()), rhs = cast<ShapedType>(getRhs().getType());
  auto init = cast<ShapedType>(getInit().getType());
  // C2
  int64_t rows = lhs.getDimSize(getTransposeLhs() ? 1 : 0), leftInner = lhs.getDimSize(getTransposeLhs() ? 0 : 1);
  int64_t columns = rhs.getDimSize(getTransposeRhs() ? 0 : 1), rightInner = rhs.getDimSize(getTransposeRhs() ? 1 : 0);
  if (!areCompatible(leftInner, rightInner))
    return emitOpError() << "inner extents must agree, got " << leftInner << " of lhs and " << rightInner << " of rhs";
  if (!areCompatible(init.getDimSize(0), rows) || !areCompatible(init.getDimSize(1), columns))
    return emitOpError() << "init must be " << printExtent(rows) << " x " << printExtent(columns) << ", got " << init;
  // C3
  if (Value bias = getBias()) {
    if (failed(verifyRank(*this, "bias", bias, 1, f32)))
      return failure();
    int64_t length = cast<ShapedType>(bias.getType()).getDimSize(0);
    if (!areCompatible(length, columns))
      return emitOpError() << "bias must have " << columns << " elements, got " << length;
  }
  // C4
  return verifySemantics(cast<DestinationStyleOpInterface>(getOperation()));
}

void KernelGemmOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  getKernelEffects(cast<DestinationStyleOpInterface>(getOperation()), effects);
}

//===----------------------------------------------------------------------===//
// FaultOp, StopOp
//===----------------------------------------------------------------------===//

/// C1 of both.
template <typename Op> static LogicalResult verifyMessage(Op op) {
  if (op.getMessage().empty() || op.getMessage().find_first_of(StringRef("\n\0", 2)) != StringRef::npos)
    return op.emitOpError() << "message must be one line of text, got " << op.getMessageAttr();
  return success();
}

template <typename Op> static LogicalResult eraseIfFalse(Op op, PatternRewriter &rewriter) {
  if (!matchPattern(op.getCondition(), m_Zero()))
    return rewriter.notifyMatchFailure(op, "the condition is not known to be false");
  rewriter.eraseOp(op);
  return success();
}

LogicalResult FaultOp::verify() { return verifyMessage(*this); }

LogicalResult FaultOp::canonicalize(FaultOp op, PatternRewriter &rewriter) { return eraseIfFalse(op, rewriter); }

LogicalResult StopOp::verify() {
  // C1
  if (failed(verifyMessage(*this)))
    return failure();
  // C2
  size_t numbers = getNumbers().size(), places = getMessage().count("{}");
  if (numbers > 2 || places < numbers)
    return emitOpError() << "takes at most two numbers, and a {} in its message for each, got " << numbers << " and "
                         << places;
  return success();
}

LogicalResult StopOp::canonicalize(StopOp op, PatternRewriter &rewriter) { return eraseIfFalse(op, rewriter); }
