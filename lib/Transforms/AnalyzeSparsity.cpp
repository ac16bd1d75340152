//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// spnn-analyze-sparsity: measures constant operands of products and removes dead channels.
//
//===----------------------------------------------------------------------===//
#include "DeadChannels.h"
#include "GraphUtils.h"
#include "spnn/Cost/MatrixStatistics.h"
#include "spnn/IR/SparseFormats.h"
#include "spnn/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/FormatVariadic.h"

namespace spnn {
#define GEN_PASS_DEF_ANALYZESPARSITY
#include "spnn/Transforms/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

static std::string formatNm(const cost::NmPattern &pattern) {
  return llvm::formatv("{0}:{1}", pattern.n, pattern.m).str();
}

static DictionaryAttr toAttribute(MLIRContext *context, const cost::MatrixStatistics &statistics) {
  Builder b(context);
  auto number = [&](double value) { return b.getF64FloatAttr(value); };
  auto count = [&](int64_t value) { return b.getI64IntegerAttr(value); };
  SmallVector<NamedAttribute> fills;
  for (const cost::BlockStatistics &block : statistics.blocks)
    fills.push_back(
        b.getNamedAttr(llvm::formatv("{0}x{1}", block.shape.rows, block.shape.cols).str(), number(block.fill)));
  SmallVector<NamedAttribute> entries{
      b.getNamedAttr("rows", count(statistics.shape.rows)),
      b.getNamedAttr("columns", count(statistics.shape.cols)),
      b.getNamedAttr("nonzeros", count(statistics.nonzeros)),
      b.getNamedAttr("density", number(statistics.density)),
      b.getNamedAttr("min_row_length", count(statistics.minRowLength)),
      b.getNamedAttr("max_row_length", count(statistics.maxRowLength)),
      b.getNamedAttr("mean_row_length", number(statistics.meanRowLength)),
      b.getNamedAttr("row_length_deviation", number(statistics.rowLengthDeviation)),
      b.getNamedAttr("dead_rows", count(statistics.deadRows.size())),
      b.getNamedAttr("dead_columns", count(statistics.deadColumns.size())),
      b.getNamedAttr("nans", count(statistics.nans)),
      b.getNamedAttr("infinities", count(statistics.infinities)),
      b.getNamedAttr("block_fill", b.getDictionaryAttr(fills)),
  };
  if (statistics.tightestNm)
    entries.push_back(b.getNamedAttr("nm", b.getStringAttr(formatNm(*statistics.tightestNm))));
  return b.getDictionaryAttr(entries);
}

/// One sentence for a person.
static std::string describe(const cost::MatrixStatistics &s) {
  std::string text = llvm::formatv("weights {0} x {1}: {2:F1} % zeros, {3} to {4} nonzeros a row (mean {5:F1}), "
                                   "{6} dead rows, {7} dead columns",
                                   s.shape.rows, s.shape.cols, 100 * (1 - s.density), s.minRowLength, s.maxRowLength,
                                   s.meanRowLength, s.deadRows.size(), s.deadColumns.size());
  if (s.tightestNm)
    text += ", fits " + formatNm(*s.tightestNm);
  if (s.nans)
    text += llvm::formatv(", {0} NaNs", s.nans);
  if (s.infinities)
    text += llvm::formatv(", {0} infinities", s.infinities);
  return text;
}

namespace {
struct AnalyzeSparsity : public spnn::impl::AnalyzeSparsityBase<AnalyzeSparsity> {
  using AnalyzeSparsityBase::AnalyzeSparsityBase;

  void runOnOperation() override {
    if (removeDead) {
      cleanUp();
      IRRewriter rewriter(&getContext());
      DeadChannelCounts counts = removeDeadChannels(rewriter, getOperation());
      numDeadColumns += counts.columns;
      numDeadRows += counts.rows;
      cleanUp();
    }
    getOperation()->walk([&](MatmulOp op) {
      if (removeDead && isQuantized(op))
        op.emitRemark("dead channels stay: the product is quantised");
      measure(op);
    });
  }

  /// Removal looks for products that feed each other directly.
  void cleanUp() {
    RewritePatternSet patterns(&getContext());
    populateGraphCleanupPatterns(patterns);
    (void)applyPatternsGreedily(getOperation(), std::move(patterns));
  }

  void measure(MatmulOp op) {
    bool isLhs = isConstantMatrix(op.getLhs());
    Value value = isLhs ? op.getLhs() : op.getRhs();
    if (!isConstantMatrix(value)) {
      op.emitRemark("not measured: no operand is constant");
      return;
    }
    std::optional<format::DenseMatrix> matrix = getConstantMatrix(value);
    if (!matrix) {
      op.emitRemark("not measured: the contents of the constant operand are not at hand");
      return;
    }
    // The orientation that spnn-decompose gives the constant.
    if (isLhs ? op.getTransposeLhs() : !op.getTransposeRhs())
      *matrix = transposeMatrix(*matrix);
    cost::MeasureOptions options;
    options.floatType = getFloatType(getElementTypeOrSelf(value.getType()));
    cost::MatrixStatistics statistics = cost::measure(*matrix, options);
    op->setAttr(kStatisticsAttrName, toAttribute(&getContext(), statistics));
    op.emitRemark() << describe(statistics);
    ++numMeasured;
  }
};
} // namespace
