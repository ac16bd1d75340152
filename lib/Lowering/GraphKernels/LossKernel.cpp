//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels "loss" and "loss-backward": the mean loss over the rows that a mask selects, and its gradient.
//
// Storage: none; rows x cols are the extents of the predictions.
// Inputs:  predictions [rows, cols]; targets [rows] (i32, classes) or [rows, cols]; mask [rows] (i1), optional;
// "loss-backward":
//          gradient [].
// Inits:   "loss": result [] and partials [2 * tasks] (f64): sums and counts of runs of rows; "loss-backward": result
// [rows, cols]. Parameters: kind (LossKind).
//
// Rows that the mask leaves out cost a byte (and, in the gradient, zeros). Runs of rows are summed by one thread each,
// in f64, and added up in order. A class out of range makes the call fail.
//
//===----------------------------------------------------------------------===//
#include "../Faults.h"
#include "GraphEmitter.h"
#include "GraphKernels.h"
#include "RowBlocks.h"
#include "VectorMath.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;
using namespace spnn;

namespace {
/// What both kernels share.
class Loss {
public:
  Loss(KernelGraphOp op, OpBuilder &builder, int64_t vectorBytes)
      : op(op), loc(op.getLoc()), predictions(op.getInput("predictions")), targets(op.getInput("targets")),
        mask(op.getInput("mask")), kind(static_cast<LossKind>(getParameter(op.getParameters(), "kind", 0))),
        elements(getVectorElements(predictions, vectorBytes)) {
    auto type = cast<MemRefType>(predictions.getType());
    element = type.getElementType();
    vectorType = VectorType::get({elements}, element);
    columns = type.getDimSize(1);
    rows = builder.createOrFold<memref::DimOp>(loc, predictions, 0);
    count = builder.createOrFold<memref::DimOp>(loc, predictions, 1);
  }

  static LogicalResult check(KernelGraphOp op, bool isBackward);

  /// Emits tasks: runs of rows of equal length.
  void emitTasks(OpBuilder &builder, function_ref<void(OpBuilder &, Value task, Value begin, Value end)> body) const;
  /// i1: the row counts.
  Value isSelected(OpBuilder &b, Value row) const {
    return mask ? memref::LoadOp::create(b, loc, mask, row).getResult()
                : arith::ConstantOp::create(b, loc, b.getBoolAttr(true)).getResult();
  }
  /// Folds over the vectors of a row. Lanes that do not exist are 0, and `body` gets their mask, null if all exist.
  using Fold = function_ref<Value(OpBuilder &, const RowBlock &, const RowPiece &, Value x, Value carried)>;
  Value fold(OpBuilder &b, Value row, Value init, Fold body) const;
  /// The same without a value.
  void forEach(OpBuilder &b, Value row,
               function_ref<void(OpBuilder &, const RowBlock &, const RowPiece &, Value x)> body) const;

  Value real(OpBuilder &b, double value) const { return emitSplat(b, loc, vectorType, value); }
  /// `value` where lanes exist, `other` elsewhere.
  Value choose(OpBuilder &b, const RowPiece &piece, Value value, Value other) const {
    return piece.mask ? arith::SelectOp::create(b, loc, piece.mask, value, other).getResult() : value;
  }
  Value reduce(OpBuilder &b, vector::CombiningKind combining, Value vector) const {
    return vector::ReductionOp::create(b, loc, combining, vector, arith::FastMathFlags::reassoc);
  }
  /// The greatest prediction of a row, and the sum of the exponentials of what others are below it, each in all lanes.
  std::pair<Value, Value> emitSoftmax(OpBuilder &b, Value row) const;
  /// The class of a row as index, made 0 (with a fault) if it is out of range, and whether it was in range.
  std::pair<Value, Value> loadClass(OpBuilder &b, Value row) const;
  /// The loss of a row, a scalar.
  Value emitRow(OpBuilder &b, Value row) const;
  /// Puts `factor` (a scalar) times the derivative of the row's loss into `result`.
  void emitGradient(OpBuilder &b, Value row, Value factor, Value result) const;

  mutable KernelGraphOp op; // getters of ops are not const
  Location loc;
  Value predictions, targets, mask, rows, count;
  LossKind kind;
  int64_t elements, columns;
  Type element;
  VectorType vectorType;
};

class LossKernel : public GraphKernel {
public:
  StringRef name() const override { return "loss"; }
  LogicalResult emit(KernelGraphOp op, OpBuilder &builder, int64_t vectorBytes) const override;
};

class LossBackwardKernel : public GraphKernel {
public:
  StringRef name() const override { return "loss-backward"; }
  LogicalResult emit(KernelGraphOp op, OpBuilder &builder, int64_t vectorBytes) const override;
};
} // namespace

LogicalResult Loss::check(KernelGraphOp op, bool isBackward) {
  if (!op.getStorage().empty())
    return op.emitOpError() << "kernel '" << op.getKernel() << "' takes no storage buffers, got "
                            << op.getStorage().size();
  SmallVector<StringRef> required = {"predictions", "targets"};
  if (isBackward)
    required.push_back("gradient");
  if (!symbolizeLossKind(getParameter(op.getParameters(), "kind", 0)))
    return op.emitOpError() << "kernel '" << op.getKernel() << "' has no such kind of loss";
  return checkGraphInputs(op, required, {"mask"}, isBackward ? 1 : 2);
}

void Loss::emitTasks(OpBuilder &builder, function_ref<void(OpBuilder &, Value, Value, Value)> body) const {
  KernelEmitter e(builder, loc);
  spnn::emitTasks(builder, loc, {e.index(kGraphTasks)}, op.getParallel(), [&](OpBuilder &b, ArrayRef<Value> task) {
    KernelEmitter e(b, loc);
    auto boundary = [&](Value number) -> Value {
      return arith::DivUIOp::create(b, loc, e.mul(rows, number), e.index(kGraphTasks));
    };
    body(b, task[0], boundary(task[0]), boundary(e.add(task[0], 1)));
  });
}

Value Loss::fold(OpBuilder &builder, Value row, Value init, Fold body) const {
  KernelEmitter e(builder, loc);
  // A few vectors are unrolled; more of them, or an unknown number, are a loop with a mask.
  constexpr int64_t kMaxPieces = 4;
  if (!ShapedType::isDynamic(columns) && columns <= kMaxPieces * elements) {
    Value carried = init;
    emitRowBlocks(builder, loc, columns, {}, elements, kMaxPieces, /*unroll=*/true, /*useMasks=*/true,
                  [&](OpBuilder &b, const RowBlock &block) {
                    for (const RowPiece &piece : block.pieces)
                      carried = body(b, block, piece, loadPiece(b, loc, predictions, row, block, piece), carried);
                  });
    return carried;
  }
  auto loop = scf::ForOp::create(
      builder, loc, e.index(0), count, e.index(elements), ValueRange{init},
      [&](OpBuilder &b, Location, Value at, ValueRange carried) {
        KernelEmitter e(b, loc);
        Value left = e.min(e.sub(count, at), e.index(elements));
        Value lanes =
            vector::CreateMaskOp::create(b, loc, VectorType::get({elements}, b.getI1Type()), ValueRange{left});
        RowPiece piece{0, elements, elements, lanes};
        RowBlock block{at, std::nullopt, {piece}};
        scf::YieldOp::create(b, loc,
                             body(b, block, piece, loadPiece(b, loc, predictions, row, block, piece), carried[0]));
      });
  return loop.getResult(0);
}

void Loss::forEach(OpBuilder &builder, Value row,
                   function_ref<void(OpBuilder &, const RowBlock &, const RowPiece &, Value)> body) const {
  Value none = KernelEmitter(builder, loc).index(0);
  fold(builder, row, none, [&](OpBuilder &b, const RowBlock &block, const RowPiece &piece, Value x, Value carried) {
    body(b, block, piece, x);
    return carried;
  });
}

std::pair<Value, Value> Loss::emitSoftmax(OpBuilder &b, Value row) const {
  KernelEmitter e(b, loc);
  Value least = real(b, -std::numeric_limits<double>::infinity());
  Value greatest =
      fold(b, row, least, [&](OpBuilder &b, const RowBlock &, const RowPiece &piece, Value x, Value carried) -> Value {
        return arith::MaximumFOp::create(b, loc, carried, choose(b, piece, x, least));
      });
  greatest = e.broadcast(reduce(b, vector::CombiningKind::MAXIMUMF, greatest), elements);
  Value zero = real(b, 0);
  Value sum =
      fold(b, row, zero, [&](OpBuilder &b, const RowBlock &, const RowPiece &piece, Value x, Value carried) -> Value {
        Value power = emitExp(b, loc, arith::SubFOp::create(b, loc, x, greatest));
        return arith::AddFOp::create(b, loc, carried, choose(b, piece, power, zero));
      });
  return {greatest, e.broadcast(reduce(b, vector::CombiningKind::ADD, sum), elements)};
}

std::pair<Value, Value> Loss::loadClass(OpBuilder &b, Value row) const {
  KernelEmitter e(b, loc);
  Value target = memref::LoadOp::create(b, loc, targets, row);
  // A negative class is larger than any as unsigned number.
  Value index = arith::IndexCastUIOp::create(b, loc, b.getIndexType(), target);
  Value isInRange = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, index, count);
  Value isOutside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, index, count);
  addFault(b, loc, isOutside, "'spnn.loss' op has a target in a selected row that is none of the classes");
  return {arith::SelectOp::create(b, loc, isInRange, index, e.index(0)), isInRange};
}

Value Loss::emitRow(OpBuilder &b, Value row) const {
  KernelEmitter e(b, loc);
  if (kind == LossKind::CrossEntropy) {
    auto [index, isInRange] = loadClass(b, row);
    auto [greatest, sum] = emitSoftmax(b, row);
    Value logSum = arith::AddFOp::create(b, loc, greatest, emitLog(b, loc, sum));
    Value first = vector::ExtractOp::create(b, loc, logSum, ArrayRef<int64_t>{0});
    // Where there are no classes, there is nothing to load.
    auto own = scf::IfOp::create(
        b, loc, isInRange,
        [&, index = index](OpBuilder &b, Location) {
          scf::YieldOp::create(b, loc, memref::LoadOp::create(b, loc, predictions, ValueRange{row, index}).getResult());
        },
        [&](OpBuilder &b, Location) {
          scf::YieldOp::create(b, loc, arith::ConstantOp::create(b, loc, b.getZeroAttr(element)).getResult());
        });
    return arith::SubFOp::create(b, loc, first, own.getResult(0));
  }
  Value zero = real(b, 0);
  Value sum = fold(
      b, row, zero, [&](OpBuilder &b, const RowBlock &block, const RowPiece &piece, Value p, Value carried) -> Value {
        Value t = loadPiece(b, loc, targets, row, block, piece), term;
        if (kind == LossKind::MeanSquared) {
          Value difference = arith::SubFOp::create(b, loc, p, t);
          term = arith::MulFOp::create(b, loc, difference, difference);
        } else {
          Value isNegative = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, p, zero);
          Value positive = arith::SelectOp::create(b, loc, isNegative, zero, p);
          Value distance = arith::NegFOp::create(b, loc, math::AbsFOp::create(b, loc, p));
          Value rest = emitLog(b, loc, arith::AddFOp::create(b, loc, real(b, 1), emitExp(b, loc, distance)));
          term = arith::SubFOp::create(b, loc, positive, arith::MulFOp::create(b, loc, p, t));
          term = arith::AddFOp::create(b, loc, term, rest);
        }
        return arith::AddFOp::create(b, loc, carried, choose(b, piece, term, zero));
      });
  Value width =
      arith::UIToFPOp::create(b, loc, element, arith::IndexCastOp::create(b, loc, b.getI64Type(), e.max(count, 1)));
  return arith::DivFOp::create(b, loc, reduce(b, vector::CombiningKind::ADD, sum), width);
}

void Loss::emitGradient(OpBuilder &b, Value row, Value factor, Value result) const {
  KernelEmitter e(b, loc);
  if (kind == LossKind::CrossEntropy) {
    Value target = memref::LoadOp::create(b, loc, targets, row);
    loadClass(b, row);
    auto [greatest, sum] = emitSoftmax(b, row);
    Value scale = e.broadcast(factor, elements);
    Value perSum = arith::DivFOp::create(b, loc, scale, sum);
    Value own = e.broadcast(target, elements), zero = real(b, 0);
    SmallVector<int32_t> numbers(elements);
    for (int64_t lane = 0; lane < elements; ++lane)
      numbers[lane] = static_cast<int32_t>(lane);
    auto integers = VectorType::get({elements}, b.getI32Type());
    Value lanes = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(integers, ArrayRef<int32_t>(numbers)));
    forEach(b, row, [&, greatest = greatest](OpBuilder &b, const RowBlock &block, const RowPiece &piece, Value x) {
      KernelEmitter e(b, loc);
      Value power = emitExp(b, loc, arith::SubFOp::create(b, loc, x, greatest));
      Value at = arith::IndexCastOp::create(b, loc, b.getI32Type(), e.add(block.offset, piece.offset));
      Value column = arith::AddIOp::create(b, loc, e.broadcast(at, elements), lanes);
      Value isOwn = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, column, own);
      Value expected = arith::SelectOp::create(b, loc, isOwn, scale, zero);
      Value gradient = arith::SubFOp::create(b, loc, arith::MulFOp::create(b, loc, power, perSum), expected);
      storePiece(b, loc, gradient, result, row, block, piece);
    });
    return;
  }
  Value width =
      arith::UIToFPOp::create(b, loc, element, arith::IndexCastOp::create(b, loc, b.getI64Type(), e.max(count, 1)));
  Value scale = e.broadcast(arith::DivFOp::create(b, loc, factor, width), elements);
  forEach(b, row, [&](OpBuilder &b, const RowBlock &block, const RowPiece &piece, Value p) {
    Value t = loadPiece(b, loc, targets, row, block, piece);
    if (kind == LossKind::MeanSquared) {
      Value difference = arith::SubFOp::create(b, loc, p, t);
      Value twice = arith::AddFOp::create(b, loc, difference, difference);
      return storePiece(b, loc, arith::MulFOp::create(b, loc, twice, scale), result, row, block, piece);
    }
    // sigmoid(p) - t, from an exponential of what is not positive.
    Value zero = real(b, 0), one = real(b, 1);
    Value power = emitExp(b, loc, arith::NegFOp::create(b, loc, math::AbsFOp::create(b, loc, p)));
    Value isNegative = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, p, zero);
    Value above = arith::SelectOp::create(b, loc, isNegative, power, one);
    Value sigmoid = arith::DivFOp::create(b, loc, above, arith::AddFOp::create(b, loc, one, power));
    Value difference = arith::SubFOp::create(b, loc, sigmoid, t);
    storePiece(b, loc, arith::MulFOp::create(b, loc, difference, scale), result, row, block, piece);
  });
}

LogicalResult LossKernel::emit(KernelGraphOp op, OpBuilder &builder, int64_t vectorBytes) const {
  if (failed(Loss::check(op, /*isBackward=*/false)))
    return failure();
  Loss loss(op, builder, vectorBytes);
  Location loc = op.getLoc();
  Value result = op.getInit()[0], partials = op.getInit()[1];
  Type f64 = builder.getF64Type();
  loss.emitTasks(builder, [&](OpBuilder &b, Value task, Value begin, Value end) {
    KernelEmitter e(b, loc);
    Value zero = arith::ConstantOp::create(b, loc, b.getF64FloatAttr(0));
    auto loop = scf::ForOp::create(b, loc, begin, end, e.index(1), ValueRange{zero, zero},
                                   [&](OpBuilder &b, Location, Value row, ValueRange carried) {
                                     auto branch = scf::IfOp::create(
                                         b, loc, loss.isSelected(b, row),
                                         [&](OpBuilder &b, Location) {
                                           Value own = loss.emitRow(b, row);
                                           if (own.getType() != f64)
                                             own = arith::ExtFOp::create(b, loc, f64, own);
                                           Value sum = arith::AddFOp::create(b, loc, carried[0], own);
                                           Value one = arith::ConstantOp::create(b, loc, b.getF64FloatAttr(1));
                                           scf::YieldOp::create(
                                               b, loc, ValueRange{sum, arith::AddFOp::create(b, loc, carried[1], one)});
                                         },
                                         [&](OpBuilder &b, Location) { scf::YieldOp::create(b, loc, carried); });
                                     scf::YieldOp::create(b, loc, branch.getResults());
                                   });
    memref::StoreOp::create(b, loc, loop.getResult(0), partials, task);
    memref::StoreOp::create(b, loc, loop.getResult(1), partials, e.add(task, kGraphTasks));
  });
  KernelEmitter e(builder, loc);
  Value zero = arith::ConstantOp::create(builder, loc, builder.getF64FloatAttr(0));
  auto total = scf::ForOp::create(builder, loc, e.index(0), e.index(kGraphTasks), e.index(1), ValueRange{zero, zero},
                                  [&](OpBuilder &b, Location, Value task, ValueRange carried) {
                                    KernelEmitter e(b, loc);
                                    Value sum = memref::LoadOp::create(b, loc, partials, task);
                                    Value rows = memref::LoadOp::create(b, loc, partials, e.add(task, kGraphTasks));
                                    scf::YieldOp::create(b, loc,
                                                         ValueRange{arith::AddFOp::create(b, loc, carried[0], sum),
                                                                    arith::AddFOp::create(b, loc, carried[1], rows)});
                                  });
  Value one = arith::ConstantOp::create(builder, loc, builder.getF64FloatAttr(1));
  Value divisor = arith::MaximumFOp::create(builder, loc, total.getResult(1), one);
  Value mean = arith::DivFOp::create(builder, loc, total.getResult(0), divisor);
  if (loss.element != f64)
    mean = arith::TruncFOp::create(builder, loc, loss.element, mean);
  memref::StoreOp::create(builder, loc, mean, result);
  return success();
}

LogicalResult LossBackwardKernel::emit(KernelGraphOp op, OpBuilder &builder, int64_t vectorBytes) const {
  if (failed(Loss::check(op, /*isBackward=*/true)))
    return failure();
  Loss loss(op, builder, vectorBytes);
  Location loc = op.getLoc();
  KernelEmitter e(builder, loc);
  Value result = op.getInit()[0];
  Value selected = loss.rows;
  if (loss.mask) {
    auto loop = scf::ForOp::create(builder, loc, e.index(0), loss.rows, e.index(1), ValueRange{e.index(0)},
                                   [&](OpBuilder &b, Location, Value row, ValueRange carried) {
                                     Value own = arith::IndexCastUIOp::create(b, loc, b.getIndexType(),
                                                                              loss.isSelected(b, row));
                                     scf::YieldOp::create(b, loc, KernelEmitter(b, loc).add(carried[0], own));
                                   });
    selected = loop.getResult(0);
  }
  Value divisor = arith::UIToFPOp::create(
      builder, loc, loss.element, arith::IndexCastOp::create(builder, loc, builder.getI64Type(), e.max(selected, 1)));
  Value factor =
      arith::DivFOp::create(builder, loc, memref::LoadOp::create(builder, loc, op.getInput("gradient")), divisor);
  loss.emitTasks(builder, [&](OpBuilder &b, Value, Value begin, Value end) {
    emitFor(b, loc, begin, end, 1, [&](OpBuilder &b, Value row) {
      scf::IfOp::create(
          b, loc, loss.isSelected(b, row),
          [&](OpBuilder &b, Location) {
            loss.emitGradient(b, row, factor, result);
            scf::YieldOp::create(b, loc);
          },
          [&](OpBuilder &b, Location) {
            Value zero = loss.real(b, 0);
            loss.forEach(b, row, [&](OpBuilder &b, const RowBlock &block, const RowPiece &piece, Value) {
              storePiece(b, loc, zero, result, row, block, piece);
            });
            scf::YieldOp::create(b, loc);
          });
    });
  });
  return success();
}

const GraphKernel *spnn::getLossKernel() {
  static const LossKernel kernel;
  return &kernel;
}

const GraphKernel *spnn::getLossBackwardKernel() {
  static const LossBackwardKernel kernel;
  return &kernel;
}
