//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds the formats and kernels that could compute a product, and predicts their times.
//
//===----------------------------------------------------------------------===//
#include "FormatCandidates.h"

#include "spnn/IR/SparseFormats.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

#include <cmath>

using namespace mlir;
using namespace spnn;

/// Sets what `work` reads and writes beside its weights.
static void setActivations(cost::KernelWork &work, const KernelProblem &problem, bool isPacked) {
  auto bytesOf = [&](int64_t rows, Type type) -> uint64_t {
    return problem.likelyColumns() * rows * (type.getIntOrFloatBitWidth() / 8);
  };
  work.resultBytes = bytesOf(problem.matrix.shape.rows, problem.elementType);
  work.activationBytes = work.resultBytes + bytesOf(problem.matrix.shape.cols, problem.rhsType);
  // Somebody has just made the operand, and somebody will read the result.
  work.passingBytes = isPacked ? work.activationBytes : 0;
}

/// Types as the coefficients of a target are named: "csr-bf16".
std::string typedName(StringRef kernel, Type type) {
  std::string name;
  llvm::raw_string_ostream(name) << kernel << "-" << type;
  return name;
}
/// 1 where nobody says.
static double getActivationDensity(MatmulOp op) {
  auto attr = op->getAttrOfType<FloatAttr>(kActivationDensityAttrName);
  return attr ? attr.getValueAsDouble() : 1;
}

ProductExtent ProductExtent::of(MatmulOp op) {
  ProductExtent extent{op.getColumns()};
  for (auto loop = op->getParentOfType<scf::ForOp>(); loop; loop = loop->getParentOfType<scf::ForOp>())
    if (std::optional<APInt> trips = loop.getStaticTripCount())
      extent.runs *= std::max<int64_t>(1, trips->getSExtValue());
  return extent;
}

void CandidateFinder::predict(Candidate &candidate, cost::KernelWork work, int64_t runs) const {
  candidate.weightBytes = work.weightBytes;
  for (size_t home = 0; home < kHomes; ++home) {
    work.home = kHomeKinds[home];
    candidate.times[home] = cost::predict(target, work).microseconds * static_cast<double>(runs);
  }
  candidate.microseconds = candidate.times[0];
}

KernelProblem CandidateFinder::makeProblem(MatmulOp op, int64_t columns, const format::DenseMatrix &matrix) const {
  Type element = getElementTypeOrSelf(op.getType()), rhs = getElementTypeOrSelf(op.getRhs());
  return {matrix,
          {},
          "dense",
          element,
          getElementTypeOrSelf(op.getLhs()),
          rhs,
          columns,
          expectedColumns,
          getVectorElements(element),
          machine && machine.hasDot(rhs),
          getActivationDensity(op),
          machine && machine.canExpand(getElementTypeOrSelf(op.getLhs()))};
}

void CandidateFinder::add(std::vector<Candidate> &candidates, const KernelProblem &base, int64_t runs,
                          Attribute encoding) const {
  auto type = RankedTensorType::get({base.matrix.shape.rows, base.matrix.shape.cols}, base.weightType, encoding);
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
    candidate.panels = {};
    candidate.microseconds = 0;
    candidate.excluded = kernel->check(problem).value_or("");
    if (!candidate.excluded.empty()) {
      candidates.push_back(candidate);
      continue;
    }
    candidate.parameters = kernel->getParameters(problem);
    candidate.panels = kernel->getPanels(problem);
    // Panels of one column are how batch-major activations lie.
    if (candidate.panels.getWidth() == 1)
      candidate.panels = {};
    cost::KernelWork work;
    // Coefficients for weights of this type, if the target has any.
    work.kernel = kernel->getCostName(candidate.parameters);
    if (std::string typed = typedName(work.kernel, problem.weightType); target.findKernel(typed))
      work.kernel = typed;
    work.weights = base.matrix.shape;
    work.columns = problem.likelyColumns();
    work.storedValues =
        std::llround(static_cast<double>(kernel->countStoredValues(problem, candidate.parameters, stored)) *
                     kernel->getValueCost(candidate.parameters, work.columns));
    work.weightBytes = kernel->countBytes(problem, candidate.parameters,
                                          format->countBytes(base.matrix.shape, base.matrix.elementBytes, stored));
    setActivations(work, problem, candidate.panels != nullptr);
    work.elementBytes = base.elementType.getIntOrFloatBitWidth() / 8;
    double positions = static_cast<double>(base.matrix.shape.rows) * base.matrix.shape.cols;
    work.density = positions > 0 ? stored / positions : 0;
    work.threads = threads;
    predict(candidate, work, runs);
    if (!std::isfinite(candidate.microseconds))
      candidate.excluded = "the target description has no coefficients for kernel " + work.kernel;
    candidates.push_back(candidate);
  }
  if (candidates.size() == before) {
    candidate.excluded = "no kernel multiplies this format";
    candidates.push_back(candidate);
  }
}

std::vector<Candidate> CandidateFinder::enumerate(MatmulOp op, const ProductExtent &extent,
                                                  const format::DenseMatrix &matrix,
                                                  const cost::MatrixStatistics &statistics) const {
  MLIRContext *context = op.getContext();
  KernelProblem problem = makeProblem(op, extent.columns, matrix);
  std::vector<Candidate> candidates;
  {
    cost::KernelWork work;
    work.kernel = "dense";
    work.weights = matrix.shape;
    work.columns = problem.likelyColumns();
    work.storedValues = matrix.shape.rows * matrix.shape.cols;
    // Whatever the operands are, oneDNN multiplies f32 here.
    work.elementBytes = problem.elementType.getIntOrFloatBitWidth() / 8;
    work.weightBytes = static_cast<uint64_t>(work.storedValues) * work.elementBytes;
    setActivations(work, problem, /*isPacked=*/false);
    work.threads = threads;
    Candidate dense;
    dense.format = "dense";
    predict(dense, work, extent.runs);
    candidates.push_back(dense);
  }
  add(candidates, problem, extent.runs, getCsrEncoding(context));
  // Columns pay where many of them are skipped, which somebody has to say.
  if (forcesCsc || op->hasAttr(kActivationDensityAttrName))
    add(candidates, problem, extent.runs, getCscEncoding(context));
  for (int64_t rows : {4, 8, 16})
    add(candidates, problem, extent.runs, getBsrEncoding(context, rows, 1));
  if (statistics.tightestNm)
    add(candidates, problem, extent.runs, getNmEncoding(context, statistics.tightestNm->n, statistics.tightestNm->m));
  add(candidates, problem, extent.runs, BitmapAttr::get(context));
  return candidates;
}

std::vector<Candidate> CandidateFinder::enumerateKernels(MatmulOp op, const ProductExtent &extent,
                                                         const format::DenseMatrix &matrix) const {
  std::vector<Candidate> candidates;
  add(candidates, makeProblem(op, extent.columns, matrix), extent.runs,
      cast<RankedTensorType>(op.getLhs().getType()).getEncoding());
  return candidates;
}

bool CandidateFinder::fits(uint64_t bytes, cost::KernelWork::Home home) const {
  if (home == cost::KernelWork::Home::Dram)
    return true;
  return bytes <= (home == cost::KernelWork::Home::L2 ? target.l2Bytes * std::max(threads, 1) : target.l3Bytes);
}

double CandidateFinder::predictRepacking(const ProductExtent &extent, int64_t rows, Type element) const {
  int64_t columns = getLikelyColumns(extent.columns, expectedColumns);
  int64_t elementBytes = element.getIntOrFloatBitWidth() / 8;
  uint64_t rowBytes = static_cast<uint64_t>(std::max<int64_t>(rows, 0)) * elementBytes;
  // Panels are whole vectors of columns.
  return cost::predictPack(target, rowBytes * columns,
                           rowBytes * llvm::alignTo(columns, std::max<int64_t>(1, vectorBytes / 4)), threads)
             .microseconds *
         static_cast<double>(extent.runs);
}
