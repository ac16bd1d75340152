//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// spnn-prune: prunes constant operands of products and evaluates spnn.prune.
//
//===----------------------------------------------------------------------===//
#include "GraphUtils.h"
#include "spnn/IR/SparseFormats.h"
#include "spnn/Transforms/MagnitudePruning.h"
#include "spnn/Transforms/Passes.h"
#include "spnn/Transforms/PatternPruning.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

namespace spnn {
#define GEN_PASS_DEF_PRUNE
#include "spnn/Transforms/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

namespace {
/// A constant that is pruned once, however many products use it.
struct Target {
  Operation *op = nullptr; ///< where remarks and errors go: the first user
  Value constant;
  bool transposed = false; ///< prune along the columns as stored
  SmallVector<OpOperand *> uses;
  format::DenseMatrix matrix; ///< as the product sees it
  format::FloatType type = format::FloatType::F32;
  double zerosBefore = 0; ///< in percent
};

double getZeroPercent(const format::DenseMatrix &matrix) {
  int64_t zeros = 0, size = matrix.shape.rows * matrix.shape.cols;
  for (int64_t row = 0; row < matrix.shape.rows; ++row)
    for (int64_t col = 0; col < matrix.shape.cols; ++col)
      zeros += matrix.isZero(row, col);
  return size ? 100.0 * zeros / size : 0.0;
}

struct Prune : public spnn::impl::PruneBase<Prune> {
  using PruneBase::PruneBase;

  void runOnOperation() override {
    PatternAttr wanted;
    if (!pattern.empty()) {
      wanted = parsePattern();
      if (!wanted)
        return signalPassFailure();
    }
    if (method != "magnitude") {
      optionError() << "unknown pruning method '" << method << "', expected magnitude";
      return signalPassFailure();
    }
    if (scope != "layer" && scope != "global") {
      optionError() << "unknown scope '" << scope << "', expected layer or global";
      return signalPassFailure();
    }
    if (failed(evaluatePruneOps()) || (wanted && failed(pruneProducts(wanted))))
      signalPassFailure();
  }

  /// An error about an option; not on the op, whose whole module would be printed with it.
  InFlightDiagnostic optionError() { return emitError(getOperation()->getLoc()); }

  /// The option `pattern` with `sparsity` as an attribute; emits an error and returns null if it is malformed.
  PatternAttr parsePattern() {
    StringRef text = pattern;
    PatternKind kind = PatternKind::Unstructured;
    int64_t rows = 1, cols = 1, group = 1;
    if (text.consume_front("block:")) {
      kind = PatternKind::Block;
      auto [first, second] = text.split('x');
      if (first.getAsInteger(10, rows) || second.getAsInteger(10, cols))
        rows = 0;
    } else if (text != "unstructured") {
      kind = PatternKind::NM;
      auto [first, rest] = text.split(':');
      auto [second, third] = rest.split(':');
      if (first.getAsInteger(10, rows) || second.getAsInteger(10, cols))
        rows = 0;
      if (rest.contains(':')) {
        kind = PatternKind::NMG;
        if (third.getAsInteger(10, group))
          rows = 0;
      }
    }
    if (rows < 1 || cols < 1) {
      optionError() << "unknown pattern '" << pattern << "', expected unstructured, block:<rows>x<columns>, <n>:<m> or <n>:<m>:<g>";
      return {};
    }
    return PatternAttr::getChecked([&]() { return optionError(); }, &getContext(), kind, rows, cols,
                                   llvm::APFloat(sparsity.getValue()), group);
  }

  /// Reads `target.constant`; emits an error for contents that cannot be pruned.
  LogicalResult read(Target &target) {
    std::optional<format::FloatType> type = getFloatType(getElementTypeOrSelf(target.constant.getType()));
    if (!type)
      return target.op->emitError() << "cannot prune elements of type "
                                    << getElementTypeOrSelf(target.constant.getType());
    target.type = *type;
    std::optional<format::DenseMatrix> matrix = getConstantMatrix(target.constant);
    if (!matrix)
      return target.op->emitError("cannot prune: the contents of the constant are not at hand");
    target.matrix = target.transposed ? transposeMatrix(*matrix) : std::move(*matrix);
    target.zerosBefore = getZeroPercent(target.matrix);
    for (int64_t row = 0; row < target.matrix.shape.rows; ++row)
      for (int64_t col = 0; col < target.matrix.shape.cols; ++col)
        if (std::isnan(format::loadFloat(target.type, target.matrix.element(row, col)))) {
          InFlightDiagnostic diag = target.op->emitError()
                                    << "cannot prune: the weight at row " << row << ", column " << col << " is NaN";
          diag.attachNote(target.constant.getLoc()) << "of this constant";
          return diag;
        }
    return success();
  }

  /// Prunes the matrix of one target by itself.
  LogicalResult pruneAlone(Target &target, PatternAttr pattern) {
    Type element = getElementTypeOrSelf(target.constant.getType());
    if (std::optional<std::string> broken = pruneToPattern(target.matrix, element, PruneMethod::Magnitude, pattern))
      return target.op->emitError() << "cannot prune: " << *broken;
    return success();
  }

  /// Prunes the matrices of `targets`, by one threshold over all.
  LogicalResult pruneTogether(ArrayRef<Target *> targets, PatternAttr pattern) {
    pruning::Granularity granularity;
    if (pattern.getKind() == PatternKind::Block) {
      granularity.blockRows = pattern.getRows();
      granularity.blockCols = pattern.getCols();
    }
    std::vector<pruning::Weights> weights;
    for (Target *target : targets)
      weights.push_back({&target->matrix, target->type});
    std::vector<pruning::KeepMask> masks;
    if (std::optional<std::string> broken = pruning::pruneGlobally(weights, pattern.getFraction(), granularity, masks))
      return targets[0]->op->emitError() << "cannot prune: " << *broken;
    for (auto [target, mask] : llvm::zip_equal(targets, masks))
      pruning::applyMask(mask, target->matrix);
    return success();
  }

  /// Gives the uses of `target` its matrix, which has been pruned.
  LogicalResult replace(Target &target) {
    OpBuilder builder(target.op);
    std::string reason;
    Value pruned = rebuildConstant(builder, target.constant.getLoc(), target.constant,
                                   target.transposed ? transposeMatrix(target.matrix) : target.matrix, reason);
    if (!pruned)
      return target.op->emitError() << "cannot prune: the result does not fit the format, " << reason;
    for (OpOperand *use : target.uses) {
      use->set(pruned);
      use->getOwner()->removeDiscardableAttr(kStatisticsAttrName); // they were about the unpruned weights
    }
    target.op->emitRemark()
        << llvm::formatv("pruned {0:F1} % -> {1:F1} % zeros", target.zerosBefore, getZeroPercent(target.matrix)).str();
    ++numPruned;
    return success();
  }

  /// The unpruned weights must not stay around: they are large.
  static void eraseIfDead(Value value) {
    for (Operation *op = value.getDefiningOp(); op && isOpTriviallyDead(op);) {
      Operation *source = op->getNumOperands() ? op->getOperand(0).getDefiningOp() : nullptr;
      op->erase();
      op = source;
    }
  }

  LogicalResult evaluatePruneOps() {
    SmallVector<PruneOp> ops;
    getOperation()->walk([&](PruneOp op) { ops.push_back(op); });
    for (PruneOp op : ops) {
      Target target;
      target.op = op;
      target.constant = op.getSource();
      if (!isConstantMatrix(op.getSource())) {
        op.emitRemark("not evaluated: the operand is no constant");
        continue;
      }
      target.uses = llvm::map_to_vector(op->getUses(), [](OpOperand &use) { return &use; });
      if (failed(read(target)) || failed(pruneAlone(target, op.getPattern())) || failed(replace(target)))
        return failure();
      eraseIfDead(op);
    }
    return success();
  }

  LogicalResult pruneProducts(PatternAttr pattern) {
    llvm::MapVector<std::pair<Value, int>, Target> targets;
    int64_t ordinal = -1;
    getOperation()->walk([&](MatmulOp op) {
      bool isLhs = isConstantMatrix(op.getLhs());
      OpOperand &operand = isLhs ? op.getLhsMutable() : op.getRhsMutable();
      if (!isConstantMatrix(operand.get())) {
        op.emitRemark("not pruned: no operand is constant");
        return;
      }
      ++ordinal;
      if (!only.empty() && !llvm::is_contained(only, ordinal)) {
        op.emitRemark() << "not pruned: product " << ordinal << " is not among those of option 'only'";
        return;
      }
      int64_t rows = isLhs ? op.getRows() : op.getColumns();
      if (rows < minRows) {
        op.emitRemark() << "not pruned: " << rows << " rows, option 'min-rows' asks for " << minRows.getValue();
        return;
      }
      // Patterns run along the rows of the constant in the orientation that spnn-decompose gives it.
      bool transposed = isLhs ? op.getTransposeLhs() : !op.getTransposeRhs();
      Target &target = targets[{operand.get(), transposed}];
      if (!target.op)
        target.op = op;
      target.constant = operand.get();
      target.transposed = transposed;
      target.uses.push_back(&operand);
    });
    SmallVector<Target *> all;
    for (auto &entry : targets) {
      if (failed(read(entry.second)))
        return failure();
      all.push_back(&entry.second);
    }
    bool global = scope == "global" && !pattern.isRatio();
    if (global && !all.empty() && failed(pruneTogether(all, pattern)))
      return failure();
    for (Target *target : all) {
      if (!global && failed(pruneAlone(*target, pattern)))
        return failure();
      if (failed(replace(*target)))
        return failure();
      eraseIfDead(target->constant);
    }
    return success();
  }
};
} // namespace
