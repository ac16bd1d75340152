//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pass spnn-select-kernels: graph-level products become kernel ops on packed weights.
//
//===----------------------------------------------------------------------===//
#include "PanelBuffers.h"
#include "spnn/IR/FoldTranspose.h"
#include "spnn/IR/SPNN.h"
#include "spnn/IR/SparseFormats.h"
#include "spnn/Lowering/CpuKernel.h"
#include "spnn/Lowering/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/TypeSwitch.h"

namespace spnn {
#define GEN_PASS_DEF_SELECTKERNELS
#include "spnn/Lowering/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

namespace {
/// True for linalg's matmul of two row-major operands (no transposing maps).
template <typename Op>
bool hasDefaultMaps(Op op) {
  return !op.hasUserDefinedMaps();
}

bool isF32(ValueRange values) {
  return llvm::all_of(values, [](Value value) { return getElementTypeOrSelf(value.getType()).isF32(); });
}

class KernelSelector {
public:
  KernelSelector(ModuleOp module, TargetAttr target) : target(target), builder(module.getContext()) {}

  LogicalResult select(MatmulOp op);
  LogicalResult select(linalg::MatmulOp op);
  LogicalResult select(linalg::BatchMatmulOp op);

  int64_t sparse = 0, dense = 0;

private:
  LogicalResult selectSparse(MatmulOp op, const format::DenseMatrix &matrix, const format::SparseFormat &format);
  LogicalResult selectDense(MatmulOp op);
  /// The scales of the columns as a buffer in the layout `panels`, null if there are none.
  Value packColumnScales(MatmulOp op, Value columns, PanelsAttr panels);
  /// Operand `number` in f32 with its scales, for oneDNN.
  Value dequantize(MatmulOp op, unsigned number);
  /// The extent of `value` along `dim` as index.
  Value extent(Value value, int64_t dim) { return tensor::DimOp::create(builder, value.getLoc(), value, dim); }
  Value emptyMatrix(Location loc, RankedTensorType type, ArrayRef<OpFoldResult> sizes) {
    return tensor::EmptyOp::create(builder, loc, sizes, type.getElementType());
  }
  Value transposed(Location loc, Value matrix);
  int64_t getVectorElements(Type element) const {
    int64_t bytes = target ? target.getVectorBytes() : 16;
    return bytes / (element.getIntOrFloatBitWidth() / 8);
  }

  TargetAttr target;
  OpBuilder builder;
};
} // namespace

Value KernelSelector::transposed(Location loc, Value matrix) {
  auto type = cast<RankedTensorType>(matrix.getType());
  SmallVector<OpFoldResult> sizes{tensor::getMixedSize(builder, loc, matrix, 1),
                                  tensor::getMixedSize(builder, loc, matrix, 0)};
  Value init = tensor::EmptyOp::create(builder, loc, sizes, type.getElementType());
  return linalg::TransposeOp::create(builder, loc, matrix, init, ArrayRef<int64_t>{1, 0})->getResult(0);
}

LogicalResult KernelSelector::select(MatmulOp op) {
  builder.setInsertionPoint(op);
  auto weights = cast<RankedTensorType>(op.getLhs().getType());
  if (!weights.getEncoding())
    return selectDense(op);
  auto format = getSparseFormat(weights, [&]() { return op.emitOpError(); });
  if (!format)
    return failure();
  if (op.getTransposeLhs())
    return op.emitOpError() << "a sparse lhs must not be transposed here (run spnn-decompose first)";
  std::optional<format::DenseMatrix> matrix = getConstantMatrix(op.getLhs());
  if (!matrix)
    return op.emitOpError() << "sparse weights must be constant: kernels are packed at compile time";
  if (std::optional<std::string> lost = format->checkPack(*matrix))
    return op.emitOpError() << "weights do not fit format " << format->name() << ": " << *lost;
  return selectSparse(op, *matrix, *format);
}

LogicalResult KernelSelector::selectSparse(MatmulOp op, const format::DenseMatrix &matrix,
                                           const format::SparseFormat &format) {
  Location loc = op.getLoc();
  auto rhsType = cast<RankedTensorType>(op.getRhs().getType());
  auto resultType = cast<RankedTensorType>(op.getType());
  Type element = resultType.getElementType();
  if (op.getBias() && op.getBiasAxis() != 0)
    return op.emitOpError() << "the bias of a kernel runs along axis 0 (run spnn-decompose first)";
  if (!element.isF32())
    return op.emitOpError() << "CPU kernels compute in f32, got " << element;

  auto weightsType = cast<RankedTensorType>(op.getLhs().getType());
  KernelProblem problem{matrix,
                        weightsType.getEncoding(),
                        format.name(),
                        element,
                        weightsType.getElementType(),
                        rhsType.getElementType(),
                        op.getColumns(),
                        /*expectedColumns=*/0,
                        getVectorElements(element),
                        target && target.hasDot(rhsType.getElementType())};
  problem.canExpand = target && target.canExpand(weightsType.getElementType());
  auto decision = op->getAttrOfType<DictionaryAttr>(kDecisionAttrName);
  auto wanted = decision ? decision.getAs<StringAttr>("kernel") : StringAttr();
  const CpuKernel *chosen = nullptr;
  std::string reasons;
  for (const CpuKernel *kernel : getCpuKernels()) {
    if (wanted && wanted.getValue() != kernel->name())
      continue;
    std::optional<std::string> reason = kernel->check(problem);
    if (!reason) {
      chosen = kernel;
      break;
    }
    reasons += (reasons.empty() ? "" : "; ") + kernel->name().str() + ": " + *reason;
  }
  if (!chosen)
    return op.emitOpError() << "no kernel multiplies " << format.name() << " weights with "
                            << (op.getColumns() == 1 ? "one column" : "this operand") << " ("
                            << (reasons.empty() ? "unknown kernel '" + wanted.str() + "'" : reasons) << ")";

  DictionaryAttr parameters = decision ? decision.getAs<DictionaryAttr>("parameters") : DictionaryAttr();
  DictionaryAttr suitable = chosen->getParameters(problem);
  if (!parameters)
    parameters = suitable;
  else if (std::optional<std::string> broken = findBadParameter(chosen->name(), parameters, suitable))
    return op.emitOpError() << *broken;
  PanelsAttr panels = chosen->getPanels(problem);
  PackedWeights packed = chosen->pack(problem, parameters);
  SmallVector<Value> storage;
  for (DenseElementsAttr buffer : packed.buffers)
    storage.push_back(arith::ConstantOp::create(builder, loc, buffer));

  bool transposeRhs = op.getTransposeRhs();
  Value columns = builder.createOrFold<tensor::DimOp>(loc, op.getRhs(), transposeRhs ? 0 : 1);
  int64_t rows = matrix.shape.rows, cols = matrix.shape.cols;

  Value packedInit = createEmptyPanels(builder, loc, columns, cols, panels, problem.rhsType);
  Value rhs = PackPanelsOp::create(builder, loc, TypeRange{packedInit.getType()}, op.getRhs(), packedInit, panels,
                                   transposeRhs)
                  .getResult(0);
  Value init = createEmptyPanels(builder, loc, columns, rows, panels, element);
  auto kernel = KernelMatmulOp::create(builder, loc, TypeRange{init.getType()}, storage, rhs, columns,
                                       op.getLhsScales(), packColumnScales(op, columns, panels), op.getBias(), init,
                                       builder.getStringAttr(chosen->name()), problem.format, rows, cols, panels,
                                       parameters, op.getActivation(), /*parallel=*/false);
  bool parallel = !target || target.getThreads() != 1;
  // A parallel region pays for itself, and for the activations that move between the cores, from about this many
  // multiply-adds on (examples/fashion-mnist/run.py at batch 1 and 16). Kernels for one column wait for weights, so fewer
  // suffice; the others fill whole vectors whatever the number of columns.
  constexpr int64_t kMinPanelWork = 1 << 20, kMinMatvecWork = 1 << 18;
  int64_t knownColumns = ShapedType::isDynamic(op.getColumns())
                             ? panels.getWidth()
                             : llvm::alignTo(op.getColumns(), panels.getVector());
  kernel.setParallel(parallel && packed.storedValues * knownColumns >=
                                     (panels.getWidth() == 1 ? kMinMatvecWork : kMinPanelWork));
  if (decision)
    kernel->setDiscardableAttr(kDecisionAttrName, decision);

  // What follows usually wants n x m: unpack into that, and let the transposition fold with the next one.
  SmallVector<OpFoldResult> sizes{ShapedType::isDynamic(rhsType.getDimSize(transposeRhs ? 0 : 1))
                                      ? OpFoldResult(columns)
                                      : builder.getIndexAttr(rhsType.getDimSize(transposeRhs ? 0 : 1)),
                                  builder.getIndexAttr(rows)};
  Value out = tensor::EmptyOp::create(builder, loc, sizes, element);
  auto unpack = UnpackPanelsOp::create(builder, loc, TypeRange{out.getType()}, kernel.getResult(0), out, panels,
                                       /*transpose=*/true);
  Value result = transposed(loc, unpack.getResult(0));
  if (result.getType() != resultType)
    result = tensor::CastOp::create(builder, loc, resultType, result);
  emitRemark(loc) << "kernel " << chosen->name() << " on " << rows << "x" << cols << " " << format.name() << " weights, "
                  << packed.storedValues << " stored values, parameters " << parameters;
  op.replaceAllUsesWith(result);
  op.erase();
  ++sparse;
  return success();
}

Value KernelSelector::packColumnScales(MatmulOp op, Value columns, PanelsAttr panels) {
  Value scales = op.getRhsScales();
  // Single columns are their own panels.
  if (!scales || panels.getWidth() == 1)
    return scales;
  Location loc = op.getLoc();
  auto type = cast<RankedTensorType>(scales.getType());
  auto rowType = RankedTensorType::get({1, type.getDimSize(0)}, type.getElementType());
  SmallVector<OpFoldResult> extents{builder.getIndexAttr(1), tensor::getMixedSize(builder, loc, scales, 0)};
  Value row =
      tensor::ExpandShapeOp::create(builder, loc, rowType, scales, ArrayRef<ReassociationIndices>{{0, 1}}, extents);
  Value init = createEmptyPanels(builder, loc, columns, /*rows=*/1, panels, type.getElementType());
  return PackPanelsOp::create(builder, loc, TypeRange{init.getType()}, row, init, panels, /*transpose=*/false)
      .getResult(0);
}

Value KernelSelector::dequantize(MatmulOp op, unsigned number) {
  Value operand = number == 0 ? op.getLhs() : op.getRhs();
  Value scales = number == 0 ? op.getLhsScales() : op.getRhsScales();
  auto type = cast<RankedTensorType>(operand.getType());
  if (type.getElementType().isF32() && !scales)
    return operand;
  // The scales of the lhs run along its rows, those of the rhs along its columns.
  bool transposed = number == 0 ? op.getTransposeLhs() : op.getTransposeRhs();
  unsigned axis = (number == 1) != transposed;
  Location loc = op.getLoc();
  SmallVector<Value> inputs{operand};
  SmallVector<AffineMap> maps(2, builder.getMultiDimIdentityMap(2));
  if (scales) {
    inputs.push_back(scales);
    maps.insert(maps.begin() + 1, AffineMap::get(2, 0, builder.getAffineDimExpr(axis)));
  }
  Type f32 = builder.getF32Type();
  Value init = tensor::EmptyOp::create(builder, loc, tensor::getMixedSizes(builder, loc, operand), f32);
  SmallVector<utils::IteratorType> parallel(2, utils::IteratorType::parallel);
  return linalg::GenericOp::create(builder, loc, init.getType(), inputs, init, maps, parallel,
                                   [&](OpBuilder &b, Location loc, ValueRange args) {
                                     Value x = args[0];
                                     if (x.getType().isInteger())
                                       x = arith::SIToFPOp::create(b, loc, f32, x);
                                     else if (!x.getType().isF32())
                                       x = arith::ExtFOp::create(b, loc, f32, x);
                                     if (scales)
                                       x = arith::MulFOp::create(b, loc, x, args[1]);
                                     linalg::YieldOp::create(b, loc, x);
                                   })
      .getResult(0);
}

LogicalResult KernelSelector::selectDense(MatmulOp op) {
  Location loc = op.getLoc();
  auto resultType = cast<RankedTensorType>(op.getType());
  if (!resultType.getElementType().isF32())
    return op.emitOpError() << "oneDNN multiplies f32 here, got " << resultType.getElementType();
  // (op(A) op(B))^T = op(B)^T op(A)^T: activations stay batch-major, as the rest of a dense network wants them.
  bool flip = op.getBiasAxis() == 0;
  Value lhs = dequantize(op, flip ? 1 : 0), rhs = dequantize(op, flip ? 0 : 1);
  bool transposeLhs = flip ? !op.getTransposeRhs() : op.getTransposeLhs();
  bool transposeRhs = flip ? !op.getTransposeLhs() : op.getTransposeRhs();
  SmallVector<OpFoldResult> sizes{tensor::getMixedSize(builder, loc, lhs, transposeLhs ? 1 : 0),
                                  tensor::getMixedSize(builder, loc, rhs, transposeRhs ? 0 : 1)};
  Value init = tensor::EmptyOp::create(builder, loc, sizes, resultType.getElementType());
  auto gemm = KernelGemmOp::create(builder, loc, TypeRange{init.getType()}, lhs, rhs, op.getBias(), init, transposeLhs,
                                   transposeRhs, op.getActivation());
  if (Attribute decision = op->getAttr(kDecisionAttrName))
    gemm->setDiscardableAttr(kDecisionAttrName, decision);
  Value result = flip ? transposed(loc, gemm.getResult(0)) : gemm.getResult(0);
  if (result.getType() != resultType)
    result = tensor::CastOp::create(builder, loc, resultType, result);
  bool isQuantized = lhs != (flip ? op.getRhs() : op.getLhs()) || rhs != (flip ? op.getLhs() : op.getRhs());
  emitRemark(loc) << "dense product through oneDNN" << (isQuantized ? ", its operands converted to f32" : "");
  op.replaceAllUsesWith(result);
  op.erase();
  ++dense;
  return success();
}

/// A fill with zero, which a product may overwrite.
static bool isZeroFill(Value value) {
  auto fill = value.getDefiningOp<linalg::FillOp>();
  return fill && matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
}

/// Whether a product reads its lhs and its rhs transposed; std::nullopt if its maps say anything else.
static std::optional<std::pair<bool, bool>> findTransposes(linalg::MatmulOp op) {
  AffineExpr m, n, k;
  bindDims(op.getContext(), m, n, k);
  auto is = [](AffineMap map, AffineExpr row, AffineExpr column) {
    return map.getNumResults() == 2 && map.getResult(0) == row && map.getResult(1) == column;
  };
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  bool transposesLhs = is(maps[0], k, m), transposesRhs = is(maps[1], n, k);
  if ((!transposesLhs && !is(maps[0], m, k)) || (!transposesRhs && !is(maps[1], k, n)) || !is(maps[2], m, n))
    return std::nullopt;
  return std::make_pair(transposesLhs, transposesRhs);
}

LogicalResult KernelSelector::select(linalg::MatmulOp op) {
  builder.setInsertionPoint(op);
  std::optional<std::pair<bool, bool>> transposes = findTransposes(op);
  if (op->getNumResults() != 1 || !isF32(op->getOperands()) || !transposes || !isZeroFill(op.getOutputs()[0]))
    return success(); // stays a linalg loop nest
  Value init = op.getOutputs()[0].getDefiningOp<linalg::FillOp>().getOutputs()[0];
  auto gemm = KernelGemmOp::create(builder, op.getLoc(), TypeRange{init.getType()}, op.getInputs()[0], op.getInputs()[1],
                                   Value(), init, transposes->first, transposes->second, Activation::None);
  op->replaceAllUsesWith(gemm.getResults());
  op->erase();
  ++dense;
  return success();
}

LogicalResult KernelSelector::select(linalg::BatchMatmulOp op) {
  builder.setInsertionPoint(op);
  if (op->getNumResults() != 1 || !isF32(op->getOperands()) || !hasDefaultMaps(op) || !isZeroFill(op.getOutputs()[0]))
    return success();
  Location loc = op.getLoc();
  Value init = op.getOutputs()[0].getDefiningOp<linalg::FillOp>().getOutputs()[0];
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0), one = arith::ConstantIndexOp::create(builder, loc, 1);
  Value batches = tensor::DimOp::create(builder, loc, init, 0);
  auto slice = [&](OpBuilder &b, Value tensor, Value batch, SmallVector<OpFoldResult> &offsets,
                   SmallVector<OpFoldResult> &sizes, SmallVector<OpFoldResult> &strides) -> RankedTensorType {
    auto type = cast<RankedTensorType>(tensor.getType());
    offsets = {batch, b.getIndexAttr(0), b.getIndexAttr(0)};
    sizes = {b.getIndexAttr(1), tensor::getMixedSize(b, loc, tensor, 1), tensor::getMixedSize(b, loc, tensor, 2)};
    strides = {b.getIndexAttr(1), b.getIndexAttr(1), b.getIndexAttr(1)};
    return RankedTensorType::get(type.getShape().drop_front(), type.getElementType());
  };
  auto loop = scf::ForOp::create(
      builder, loc, zero, batches, one, ValueRange{init}, [&](OpBuilder &b, Location, Value batch, ValueRange state) {
        SmallVector<OpFoldResult> offsets, sizes, strides;
        auto extract = [&](Value tensor) -> Value {
          RankedTensorType type = slice(b, tensor, batch, offsets, sizes, strides);
          return tensor::ExtractSliceOp::create(b, loc, type, tensor, offsets, sizes, strides);
        };
        Value lhs = extract(op.getInputs()[0]), rhs = extract(op.getInputs()[1]), out = extract(state[0]);
        auto gemm = KernelGemmOp::create(b, loc, TypeRange{out.getType()}, lhs, rhs, Value(), out, false, false,
                                         Activation::None);
        Value next = tensor::InsertSliceOp::create(b, loc, gemm.getResult(0), state[0], offsets, sizes, strides);
        scf::YieldOp::create(b, loc, next);
      });
  op->replaceAllUsesWith(loop.getResults());
  op->erase();
  ++dense;
  return success();
}

//===----------------------------------------------------------------------===//
// Layout changes around kernels
//===----------------------------------------------------------------------===//

namespace {
/// Packing or transposing what was transposed reads the source the other way round; transposing twice is nothing.
struct FoldTransposeIntoPack : public OpRewritePattern<PackPanelsOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PackPanelsOp op, PatternRewriter &rewriter) const override {
    auto transpose = op.getSource().getDefiningOp<linalg::TransposeOp>();
    if (!transpose || transpose.getPermutation() != ArrayRef<int64_t>{1, 0})
      return rewriter.notifyMatchFailure(op, "source is not transposed");
    rewriter.modifyOpInPlace(op, [&]() {
      op.getSourceMutable().assign(transpose.getInput());
      op.setTranspose(!op.getTranspose());
    });
    return success();
  }
};

/// Panels unpack in either orientation at the same cost.
struct FoldTransposeIntoUnpack : public OpRewritePattern<linalg::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(linalg::TransposeOp op, PatternRewriter &rewriter) const override {
    auto unpack = op.getInput().getDefiningOp<UnpackPanelsOp>();
    if (!unpack || !unpack->hasOneUse() || op.getPermutation() != ArrayRef<int64_t>{1, 0})
      return rewriter.notifyMatchFailure(op, "not a transposition of unpacked panels that nothing else reads");
    rewriter.replaceOpWithNewOp<UnpackPanelsOp>(op, TypeRange{op->getResult(0).getType()}, unpack.getSource(),
                                                op.getInit(), unpack.getPanels(), !unpack.getTranspose());
    return success();
  }
};

struct FoldDoubleTranspose : public OpRewritePattern<linalg::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(linalg::TransposeOp op, PatternRewriter &rewriter) const override {
    auto before = op.getInput().getDefiningOp<linalg::TransposeOp>();
    if (!before || op.getPermutation() != ArrayRef<int64_t>{1, 0} || before.getPermutation() != op.getPermutation() ||
        before.getInput().getType() != op->getResult(0).getType())
      return rewriter.notifyMatchFailure(op, "not a transposition of a transposition");
    rewriter.replaceOp(op, before.getInput());
    return success();
  }
};

/// Transposing a row or a column moves no element.
struct TransposeVectorAsReshape : public OpRewritePattern<linalg::TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(linalg::TransposeOp op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getInput().getType());
    if (!type || type.getRank() != 2 || !type.hasStaticShape() || op.getPermutation() != ArrayRef<int64_t>{1, 0} ||
        (type.getDimSize(0) != 1 && type.getDimSize(1) != 1))
      return rewriter.notifyMatchFailure(op, "not a transposition of a static row or column");
    SmallVector<ReassociationIndices> all{{0, 1}};
    Value flat = tensor::CollapseShapeOp::create(rewriter, op.getLoc(), op.getInput(), all);
    rewriter.replaceOpWithNewOp<tensor::ExpandShapeOp>(op, op->getResult(0).getType(), flat, all);
    return success();
  }
};

struct SelectKernels : public spnn::impl::SelectKernelsBase<SelectKernels> {
  using SelectKernelsBase::SelectKernelsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    KernelSelector selector(module, module->getAttrOfType<TargetAttr>(kTargetAttrName));
    SmallVector<Operation *> products;
    module.walk([&](Operation *op) {
      if (isa<MatmulOp, linalg::MatmulOp, linalg::BatchMatmulOp>(op))
        products.push_back(op);
    });
    for (Operation *op : products) {
      LogicalResult done = llvm::TypeSwitch<Operation *, LogicalResult>(op)
                               .Case<MatmulOp, linalg::MatmulOp, linalg::BatchMatmulOp>(
                                   [&](auto product) { return selector.select(product); });
      if (failed(done))
        return signalPassFailure();
    }
    numSparse += selector.sparse;
    numDense += selector.dense;

    RewritePatternSet patterns(&getContext());
    patterns.add<FoldTransposeIntoPack, FoldTransposeIntoUnpack, FoldDoubleTranspose, FoldTranspose<KernelGemmOp>,
                 TransposeVectorAsReshape>(&getContext());
    PackPanelsOp::getCanonicalizationPatterns(patterns, &getContext());
    linalg::TransposeOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::DimOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::CastOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyPatternsGreedily(module, std::move(patterns)))) {
      module.emitError() << "folding of layout changes did not converge";
      signalPassFailure();
    }
  }
};
} // namespace
