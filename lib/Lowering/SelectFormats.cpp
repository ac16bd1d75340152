//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pass spnn-select-formats: the storage format and the kernel of each product's weights, by predicted time.
//
//===----------------------------------------------------------------------===//
#include "spnn/Cost/CostModel.h"
#include "spnn/Cost/MatrixStatistics.h"
#include "spnn/Cost/TargetDescription.h"
#include "spnn/IR/SPNN.h"
#include "spnn/IR/SparseFormats.h"
#include "spnn/Lowering/CpuKernel.h"
#include "spnn/Lowering/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

namespace spnn {
#define GEN_PASS_DEF_SELECTFORMATS
#include "spnn/Lowering/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

namespace {
/// A format with a kernel that could compute one product, or the reason why none does.
struct Candidate {
  std::string format;
  Attribute encoding; ///< null for dense
  const CpuKernel *kernel = nullptr;
  DictionaryAttr parameters;
  double microseconds = 0;
  std::string excluded; ///< empty if the candidate is legal
};

/// Chooses for one product.
class FormatSelector {
public:
  FormatSelector(const cost::TargetDescription &target, int64_t vectorBytes, int threads, int64_t expectedColumns)
      : target(target), vectorBytes(vectorBytes), threads(threads), expectedColumns(expectedColumns) {}

  std::vector<Candidate> enumerate(MatmulOp op, const format::DenseMatrix &matrix,
                                   const cost::MatrixStatistics &statistics) const;

private:
  void add(std::vector<Candidate> &candidates, const KernelProblem &problem, const cost::MatrixStatistics &statistics,
           Attribute encoding) const;

  const cost::TargetDescription &target;
  int64_t vectorBytes;
  int threads;
  int64_t expectedColumns;
};

int64_t columnsOf(const KernelProblem &problem) {
  return ShapedType::isDynamic(problem.columns) ? problem.expectedColumns : problem.columns;
}

uint64_t activationBytes(const KernelProblem &problem) {
  return static_cast<uint64_t>(problem.matrix.shape.rows + problem.matrix.shape.cols) * columnsOf(problem) *
         problem.matrix.elementBytes;
}
} // namespace

void FormatSelector::add(std::vector<Candidate> &candidates, const KernelProblem &base,
                         const cost::MatrixStatistics &statistics, Attribute encoding) const {
  auto type = RankedTensorType::get({base.matrix.shape.rows, base.matrix.shape.cols}, base.elementType, encoding);
  Candidate candidate;
  candidate.encoding = encoding;
  std::string reason;
  std::unique_ptr<format::SparseFormat> format = cast<SparseFormatInterface>(encoding).getFormat(type, reason);
  if (!format) {
    candidate.excluded = reason;
    candidates.push_back(candidate);
    return;
  }
  candidate.format = format->name();
  if (std::optional<std::string> broken = format->checkPack(base.matrix)) {
    candidate.excluded = *broken;
    candidates.push_back(candidate);
    return;
  }
  KernelProblem problem = base;
  problem.format = encoding;
  problem.formatName = candidate.format;
  int64_t stored = format->countStoredValues(base.matrix);
  for (const CpuKernel *kernel : getCpuKernels()) {
    if (!kernel->takesFormat(problem.formatName))
      continue;
    if (std::optional<std::string> broken = kernel->checkProblem(problem)) {
      if (!candidate.kernel)
        candidate.excluded = *broken;
      continue;
    }
    cost::KernelWork work;
    work.kernel = kernel->name().str();
    work.weights = base.matrix.shape;
    work.columns = columnsOf(problem);
    work.storedValues = stored;
    work.weightBytes = format->countBytes(base.matrix.shape, base.matrix.elementBytes, stored);
    work.activationBytes = activationBytes(problem);
    work.elementBytes = base.matrix.elementBytes;
    double positions = static_cast<double>(base.matrix.shape.rows) * base.matrix.shape.cols;
    work.density = positions > 0 ? stored / positions : 0;
    work.threads = threads;
    double microseconds = cost::predict(target, work).microseconds;
    if (candidate.kernel && microseconds >= candidate.microseconds)
      continue;
    candidate.kernel = kernel;
    candidate.microseconds = microseconds;
    candidate.parameters = kernel->getParameters(problem);
    candidate.excluded.clear();
  }
  if (!candidate.kernel && candidate.excluded.empty())
    candidate.excluded = "no kernel multiplies this format";
  if (candidate.kernel && !std::isfinite(candidate.microseconds))
    candidate.excluded = "the target description has no coefficients for kernel " + candidate.kernel->name().str();
  candidates.push_back(candidate);
}

std::vector<Candidate> FormatSelector::enumerate(MatmulOp op, const format::DenseMatrix &matrix,
                                                 const cost::MatrixStatistics &statistics) const {
  MLIRContext *context = op.getContext();
  Type element = cast<RankedTensorType>(op.getType()).getElementType();
  KernelProblem problem{matrix, {}, "dense", element, op.getColumns(), expectedColumns,
                        vectorBytes / static_cast<int64_t>(matrix.elementBytes)};
  std::vector<Candidate> candidates;
  {
    cost::KernelWork work;
    work.kernel = "dense";
    work.weights = matrix.shape;
    work.columns = columnsOf(problem);
    work.storedValues = matrix.shape.rows * matrix.shape.cols;
    work.weightBytes = static_cast<uint64_t>(work.storedValues) * matrix.elementBytes;
    work.activationBytes = activationBytes(problem);
    work.elementBytes = matrix.elementBytes;
    work.threads = threads;
    Candidate dense;
    dense.format = "dense";
    dense.microseconds = cost::predict(target, work).microseconds;
    candidates.push_back(dense);
  }
  add(candidates, problem, statistics, getCsrEncoding(context));
  for (int64_t rows : {4, 8, 16})
    add(candidates, problem, statistics, getBsrEncoding(context, rows, 1));
  if (statistics.tightestNm)
    add(candidates, problem, statistics,
        getNmEncoding(context, statistics.tightestNm->n, statistics.tightestNm->m));
  add(candidates, problem, statistics, BitmapAttr::get(context));
  return candidates;
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct SelectFormats : public spnn::impl::SelectFormatsBase<SelectFormats> {
  using SelectFormatsBase::SelectFormatsBase;

  void runOnOperation() override;

private:
  LogicalResult decide(MatmulOp op, const FormatSelector &selector);
  void write(MatmulOp op, const Candidate &chosen, ArrayRef<Candidate> candidates,
             const cost::MatrixStatistics &statistics, StringRef reason);
};
} // namespace

/// Rounds for people and for stable text: three significant digits.
static double rounded(double value) {
  if (!(value > 0) || !std::isfinite(value))
    return value;
  double scale = std::pow(10.0, 2 - std::floor(std::log10(value)));
  return std::round(value * scale) / scale;
}

void SelectFormats::write(MatmulOp op, const Candidate &chosen, ArrayRef<Candidate> candidates,
                          const cost::MatrixStatistics &statistics, StringRef reason) {
  Builder b(&getContext());
  SmallVector<Attribute> all;
  for (const Candidate &candidate : candidates) {
    SmallVector<NamedAttribute> entry{b.getNamedAttr("format", b.getStringAttr(candidate.format))};
    if (candidate.excluded.empty())
      entry.push_back(b.getNamedAttr("predicted_us", b.getF64FloatAttr(rounded(candidate.microseconds))));
    else
      entry.push_back(b.getNamedAttr("excluded", b.getStringAttr(candidate.excluded)));
    all.push_back(b.getDictionaryAttr(entry));
  }
  SmallVector<NamedAttribute> decision{
      b.getNamedAttr("format", b.getStringAttr(chosen.format)),
      b.getNamedAttr("kernel", b.getStringAttr(chosen.kernel ? chosen.kernel->name() : StringRef("onednn"))),
      b.getNamedAttr("predicted_us", b.getF64FloatAttr(rounded(chosen.microseconds))),
      b.getNamedAttr("density", b.getF64FloatAttr(rounded(statistics.density))),
      b.getNamedAttr("reason", b.getStringAttr(reason)),
      b.getNamedAttr("candidates", b.getArrayAttr(all)),
  };
  if (chosen.parameters)
    decision.push_back(b.getNamedAttr("parameters", chosen.parameters));
  op->setAttr(kDecisionAttrName, b.getDictionaryAttr(decision));
}

LogicalResult SelectFormats::decide(MatmulOp op, const FormatSelector &selector) {
  auto weights = cast<RankedTensorType>(op.getLhs().getType());
  if (weights.getEncoding()) {
    emitRemark(op.getLoc()) << "keeps the encoding of its weights, " << weights.getEncoding();
    ++numSparse;
    return success();
  }
  std::optional<format::DenseMatrix> matrix = getConstantMatrix(op.getLhs());
  if (!matrix || op.getTransposeLhs()) {
    emitRemark(op.getLoc()) << "kept dense: its lhs is not a constant in kernel form";
    ++numDense;
    return success();
  }
  if (!weights.getElementType().isF32()) {
    emitRemark(op.getLoc()) << "kept dense: CPU kernels compute in f32, the weights are " << weights.getElementType();
    ++numDense;
    return success();
  }
  cost::MatrixStatistics statistics = cost::measure(*matrix);
  std::vector<Candidate> candidates = selector.enumerate(op, *matrix, statistics);
  const Candidate *chosen = nullptr;
  for (const Candidate &candidate : candidates) {
    if (!candidate.excluded.empty() || (!format.empty() && candidate.format != format))
      continue;
    // Predictions are off by some percent (bench/calibrate --check), so a sparse format has to beat dense clearly.
    constexpr double kMargin = 1.05;
    bool againstDense = chosen && !chosen->encoding && candidate.encoding;
    if (!chosen || candidate.microseconds * (againstDense ? kMargin : 1) < chosen->microseconds)
      chosen = &candidate;
  }
  std::string reason;
  double zeros = 100 * (1 - statistics.density);
  const Candidate &dense = candidates.front();
  if (!chosen) {
    // A forced format that is not legal here: dense always is.
    chosen = &dense;
    reason = llvm::formatv("{0} is not possible here", std::string(format)).str();
    for (const Candidate &candidate : candidates)
      if (candidate.format == format)
        reason += ": " + candidate.excluded;
  } else if (!format.empty()) {
    reason = "forced by format=" + std::string(format);
  } else if (!chosen->encoding) {
    const Candidate *best = nullptr;
    for (const Candidate &candidate : candidates)
      if (candidate.encoding && candidate.excluded.empty() && (!best || candidate.microseconds < best->microseconds))
        best = &candidate;
    reason = best ? llvm::formatv("{0:f1} % zeros do not pay: dense {1:f2} us, best sparse format {2} {3:f2} us", zeros,
                                  dense.microseconds, best->format, best->microseconds)
                        .str()
                  : "no sparse format is possible";
  } else {
    reason = llvm::formatv("{0:f1} % zeros: {1:f2} us, dense {2:f2} us", zeros, chosen->microseconds, dense.microseconds);
  }
  if (statistics.nans)
    emitWarning(op.getLoc()) << "the weights hold " << statistics.nans << " NaN values; they are stored as nonzeros";
  write(op, *chosen, candidates, statistics, reason);
  if (!chosen->encoding) {
    emitRemark(op.getLoc()) << "kept dense: " << reason;
    ++numDense;
    return success();
  }
  OpBuilder builder(op);
  auto type = RankedTensorType::get(weights.getShape(), weights.getElementType(), chosen->encoding);
  Value converted = ConvertOp::create(builder, op.getLoc(), type, op.getLhs());
  op.getLhsMutable().assign(converted);
  emitRemark(op.getLoc()) << "format " << chosen->format << ": " << reason;
  ++numSparse;
  return success();
}

void SelectFormats::runOnOperation() {
  ModuleOp module = getOperation();
  auto attr = module->getAttrOfType<TargetAttr>(kTargetAttrName);
  StringRef name = attr ? attr.getDescription() : StringRef("generic-128");
  cost::TargetDescription loaded;
  const cost::TargetDescription *target = cost::findTarget(name);
  if (!target) {
    llvm::Expected<cost::TargetDescription> file = cost::loadTarget(name);
    if (!file) {
      module.emitError() << llvm::toString(file.takeError());
      return signalPassFailure();
    }
    loaded = std::move(*file);
    target = &loaded;
  }
  int threads = attr && attr.getThreads() > 0 ? attr.getThreads() : 1;
  FormatSelector selector(*target, attr ? attr.getVectorBytes() : 16, threads, expectedColumns);
  WalkResult walk = module.walk([&](MatmulOp op) {
    return succeeded(decide(op, selector)) ? WalkResult::advance() : WalkResult::interrupt();
  });
  if (walk.wasInterrupted())
    signalPassFailure();
}
