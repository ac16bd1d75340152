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
/// A format and a kernel that could compute one product, or the reason why they cannot.
struct Candidate {
  std::string format;
  Attribute encoding; ///< null for dense
  const CpuKernel *kernel = nullptr; ///< null for dense, and where the format itself is excluded
  DictionaryAttr parameters;
  double microseconds = 0;
  std::string excluded; ///< empty if the candidate is legal
};

/// Chooses for one product.
class FormatSelector {
public:
  FormatSelector(const cost::TargetDescription &target, int64_t vectorBytes, int threads, int64_t expectedColumns,
                 bool forcesCsc)
      : target(target), vectorBytes(vectorBytes), threads(threads), expectedColumns(expectedColumns),
        forcesCsc(forcesCsc) {}

  /// Dense and every format worth trying.
  std::vector<Candidate> enumerate(MatmulOp op, const format::DenseMatrix &matrix,
                                   const cost::MatrixStatistics &statistics) const;
  /// The kernels of the encoding that the weights have already.
  std::vector<Candidate> enumerateKernels(MatmulOp op, const format::DenseMatrix &matrix) const;

private:
  KernelProblem makeProblem(MatmulOp op, const format::DenseMatrix &matrix) const;
  void add(std::vector<Candidate> &candidates, const KernelProblem &problem, Attribute encoding) const;

  const cost::TargetDescription &target;
  int64_t vectorBytes;
  int threads;
  int64_t expectedColumns;
  bool forcesCsc; ///< the options ask for it
};

int64_t columnsOf(const KernelProblem &problem) {
  return ShapedType::isDynamic(problem.columns) ? problem.expectedColumns : problem.columns;
}

uint64_t activationBytes(const KernelProblem &problem) {
  return static_cast<uint64_t>(problem.matrix.shape.rows + problem.matrix.shape.cols) * columnsOf(problem) *
         problem.matrix.elementBytes;
}
} // namespace

/// 1 where nobody says.
static double getActivationDensity(MatmulOp op) {
  auto attr = op->getAttrOfType<FloatAttr>(kActivationDensityAttrName);
  return attr ? attr.getValueAsDouble() : 1;
}

/// Fails with an error if the attribute, which anybody may write, is none.
static LogicalResult checkActivationDensity(MatmulOp op) {
  Attribute attr = op->getAttr(kActivationDensityAttrName);
  if (!attr)
    return success();
  auto number = dyn_cast<FloatAttr>(attr);
  if (!number || !number.getType().isF64() || !(number.getValueAsDouble() >= 0 && number.getValueAsDouble() <= 1))
    return op.emitOpError() << "attribute '" << kActivationDensityAttrName << "' must be an f64 in [0, 1], got "
                            << attr;
  return success();
}

KernelProblem FormatSelector::makeProblem(MatmulOp op, const format::DenseMatrix &matrix) const {
  return {matrix,
          {},
          "dense",
          cast<RankedTensorType>(op.getType()).getElementType(),
          op.getColumns(),
          expectedColumns,
          vectorBytes / static_cast<int64_t>(matrix.elementBytes),
          getActivationDensity(op)};
}

void FormatSelector::add(std::vector<Candidate> &candidates, const KernelProblem &base, Attribute encoding) const {
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
  size_t before = candidates.size();
  for (const CpuKernel *kernel : getCpuKernels()) {
    if (!kernel->takesFormat(problem.formatName))
      continue;
    candidate.kernel = kernel;
    candidate.parameters = {};
    candidate.microseconds = 0;
    candidate.excluded = kernel->checkProblem(problem).value_or("");
    if (!candidate.excluded.empty()) {
      candidates.push_back(candidate);
      continue;
    }
    candidate.parameters = kernel->getParameters(problem);
    cost::KernelWork work;
    work.kernel = kernel->name().str();
    work.weights = base.matrix.shape;
    work.columns = columnsOf(problem);
    work.storedValues =
        std::llround(static_cast<double>(kernel->countStoredValues(problem, candidate.parameters, stored)) *
                     kernel->getValueCost(candidate.parameters, work.columns));
    work.weightBytes = kernel->countBytes(
        problem, candidate.parameters, format->countBytes(base.matrix.shape, base.matrix.elementBytes, stored));
    work.activationBytes = activationBytes(problem);
    work.elementBytes = base.matrix.elementBytes;
    double positions = static_cast<double>(base.matrix.shape.rows) * base.matrix.shape.cols;
    work.density = positions > 0 ? stored / positions : 0;
    work.threads = threads;
    candidate.microseconds = cost::predict(target, work).microseconds;
    if (!std::isfinite(candidate.microseconds))
      candidate.excluded = "the target description has no coefficients for kernel " + kernel->name().str();
    candidates.push_back(candidate);
  }
  if (candidates.size() == before) {
    candidate.excluded = "no kernel multiplies this format";
    candidates.push_back(candidate);
  }
}

std::vector<Candidate> FormatSelector::enumerate(MatmulOp op, const format::DenseMatrix &matrix,
                                                 const cost::MatrixStatistics &statistics) const {
  MLIRContext *context = op.getContext();
  KernelProblem problem = makeProblem(op, matrix);
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
  add(candidates, problem, getCsrEncoding(context));
  // Columns pay where many of them are skipped, which somebody has to say.
  if (forcesCsc || op->hasAttr(kActivationDensityAttrName))
    add(candidates, problem, getCscEncoding(context));
  for (int64_t rows : {4, 8, 16})
    add(candidates, problem, getBsrEncoding(context, rows, 1));
  if (statistics.tightestNm)
    add(candidates, problem, getNmEncoding(context, statistics.tightestNm->n, statistics.tightestNm->m));
  add(candidates, problem, BitmapAttr::get(context));
  return candidates;
}

std::vector<Candidate> FormatSelector::enumerateKernels(MatmulOp op, const format::DenseMatrix &matrix) const {
  std::vector<Candidate> candidates;
  add(candidates, makeProblem(op, matrix), cast<RankedTensorType>(op.getLhs().getType()).getEncoding());
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
  /// Chooses among the kernels of the encoding that the weights have.
  void decideKernel(MatmulOp op, const FormatSelector &selector);
  /// Whether the options let `candidate` be chosen.
  bool isEligible(const Candidate &candidate) const;
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
    if (candidate.kernel)
      entry.push_back(b.getNamedAttr("kernel", b.getStringAttr(candidate.kernel->name())));
    if (candidate.excluded.empty())
      entry.push_back(b.getNamedAttr("predicted_us", b.getF64FloatAttr(rounded(candidate.microseconds))));
    else
      entry.push_back(b.getNamedAttr("excluded", b.getStringAttr(candidate.excluded)));
    all.push_back(b.getDictionaryAttr(entry));
  }
  SmallVector<NamedAttribute> decision{
      b.getNamedAttr("format", b.getStringAttr(chosen.format)),
      b.getNamedAttr("kernel", b.getStringAttr(chosen.kernel ? chosen.kernel->name() : StringRef("onednn"))),
      b.getNamedAttr("density", b.getF64FloatAttr(rounded(statistics.density))),
      b.getNamedAttr("reason", b.getStringAttr(reason)),
      b.getNamedAttr("candidates", b.getArrayAttr(all)),
  };
  if (std::isfinite(chosen.microseconds))
    decision.push_back(b.getNamedAttr("predicted_us", b.getF64FloatAttr(rounded(chosen.microseconds))));
  if (chosen.parameters)
    decision.push_back(b.getNamedAttr("parameters", chosen.parameters));
  op->setAttr(kDecisionAttrName, b.getDictionaryAttr(decision));
}

bool SelectFormats::isEligible(const Candidate &candidate) const {
  if (!kernel.empty() && (!candidate.kernel || candidate.kernel->name() != kernel))
    return false;
  // Who asks for a kernel gets it without a prediction too.
  bool isOnlyUnpredicted = !kernel.empty() && candidate.parameters && !std::isfinite(candidate.microseconds);
  return candidate.excluded.empty() || isOnlyUnpredicted;
}

void SelectFormats::decideKernel(MatmulOp op, const FormatSelector &selector) {
  std::optional<format::DenseMatrix> matrix = getConstantMatrix(op.getLhs());
  if (!matrix || op.getTransposeLhs() || !getElementTypeOrSelf(op.getType()).isF32())
    return;
  // A decision that is there already is somebody's own, spnn-select-kernels follows it.
  if (auto decision = op->getAttrOfType<DictionaryAttr>(kDecisionAttrName); decision && decision.get("kernel"))
    return;
  std::vector<Candidate> candidates = selector.enumerateKernels(op, *matrix);
  const Candidate *chosen = nullptr;
  for (const Candidate &candidate : candidates)
    if (isEligible(candidate) && (!chosen || candidate.microseconds < chosen->microseconds))
      chosen = &candidate;
  // Without one, spnn-select-kernels says what is wrong, or takes the first kernel that can.
  if (chosen)
    write(op, *chosen, candidates, cost::measure(*matrix), "the model's own encoding");
}

LogicalResult SelectFormats::decide(MatmulOp op, const FormatSelector &selector) {
  if (failed(checkActivationDensity(op)))
    return failure();
  auto weights = cast<RankedTensorType>(op.getLhs().getType());
  if (weights.getEncoding()) {
    emitRemark(op.getLoc()) << "keeps the encoding of its weights, " << weights.getEncoding();
    decideKernel(op, selector);
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
    if ((!format.empty() && candidate.format != format) || !isEligible(candidate))
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
    // A forced format or kernel that is not legal here: dense always is.
    chosen = &dense;
    reason = (kernel.empty() ? format : kernel) + " is not possible here";
    StringRef separator = ": ";
    for (const Candidate &candidate : candidates)
      if ((format.empty() || candidate.format == format) &&
          (kernel.empty() || (candidate.kernel && candidate.kernel->name() == kernel)) && !candidate.excluded.empty()) {
        reason += separator.str() + candidate.excluded;
        separator = "; ";
      }
  } else if (!format.empty() || !kernel.empty()) {
    reason = "forced by " + (kernel.empty() ? "format=" + format : "kernel=" + kernel);
  } else if (!chosen->encoding) {
    const Candidate *best = nullptr;
    for (const Candidate &candidate : candidates)
      if (candidate.encoding && candidate.excluded.empty() && (!best || candidate.microseconds < best->microseconds))
        best = &candidate;
    reason = best ? llvm::formatv("{0:f1} % zeros do not pay: dense {1:f2} us, best sparse format {2} by kernel {3} {4:f2} us", zeros,
                                  dense.microseconds, best->format, best->kernel->name(), best->microseconds)
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
  FormatSelector selector(*target, attr ? attr.getVectorBytes() : 16, threads, expectedColumns,
                          format == "csc" || kernel == "csc-matvec");
  WalkResult walk = module.walk([&](MatmulOp op) {
    return succeeded(decide(op, selector)) ? WalkResult::advance() : WalkResult::interrupt();
  });
  if (walk.wasInterrupted())
    signalPassFailure();
}
