//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel "csr-matvec": compressed rows times one column or a few, a row a lane of a vector.
//
// Storage operands:
//   bounds     i32[chunks + 1]            slice at which a chunk begins
//   positions  i32[slices + 1]            step at which a slice begins
//   rows       i32[slices * lanes]        row of a lane
//   bases      i16 or i32[steps]          first column of a step's window; empty where `window` is 1
//   indices    [steps * lanes]            with windows i8: 128 + the column in the window, 0 for a lane that idles;
//                                         without: i16 or i32, the column
//   values     T[steps * lanes]
//
// A slice of rows is walked in steps (MatvecSchedule.h), each a multiply-add of a vector of weights with one element
// of x for each lane. With AVX-512 a step has a window of 32 or 64 columns: it is loaded whole and permuted by the
// indices (vpermi2ps), which takes 2 to 4 loads where 16 single ones would do the same work several times slower
// (docs/rationale.md, "One column"). Without it, and where rows are so empty that hardly a lane finds a nonzero in a
// window, `window` is 1 and lanes load their own elements.
//
//===----------------------------------------------------------------------===//
#include "KernelEmitter.h"
#include "MatvecSchedule.h"
#include "spnn/Lowering/CpuKernel.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace spnn;

namespace {
/// Lanes of a step with a window, and without.
constexpr int64_t kWindowLanes = 16, kGatherLanes = 8;
/// Set in the index of a lane that does not idle.
constexpr int64_t kActive = 128;
/// With more columns a panel of vectors is faster, and there are not registers enough for two sums a column.
constexpr int64_t kMaxColumns = 4;

class CsrMatvecKernel : public CpuKernel {
public:
  StringRef name() const override { return "csr-matvec"; }
  bool takesFormat(StringRef formatName) const override { return formatName == "csr"; }
  std::optional<std::string> checkProblem(const KernelProblem &problem) const override;
  PanelsAttr getPanels(const KernelProblem &problem) const override {
    return PanelsAttr::get(problem.elementType.getContext(), 1, 1);
  }
  DictionaryAttr getParameters(const KernelProblem &problem) const override;
  int64_t countStoredValues(const KernelProblem &problem, DictionaryAttr parameters, int64_t) const override;
  double getValueCost(DictionaryAttr parameters, int64_t columns) const override;
  uint64_t countBytes(const KernelProblem &problem, DictionaryAttr parameters, uint64_t) const override;
  PackedWeights pack(const KernelProblem &problem, DictionaryAttr parameters) const override;
  LogicalResult emit(KernelMatmulOp op, OpBuilder &builder) const override;
};

int64_t lanesOf(int64_t window) { return window > 1 ? kWindowLanes : kGatherLanes; }

MatvecSchedule schedule(const RowPattern &pattern, int64_t window, int64_t chunks) {
  // Aligned windows are loaded without crossing cache lines, which is worth more than the steps that it costs.
  return window > 1 ? scheduleWindows(pattern, kWindowLanes, window, /*alignment=*/kWindowLanes, chunks)
                    : scheduleLockstep(pattern, kGatherLanes, chunks);
}

MatvecSchedule schedule(const KernelProblem &problem, DictionaryAttr parameters) {
  return schedule(findPattern(problem.matrix), getParameter(parameters, "window", 1),
                  getParameter(parameters, "chunks", 1));
}

/// What a lane of a step costs, relative to one of a window of 32 columns, where time goes into computing: measured as
/// 0.075, 0.113 and 0.25 ns on Zen 4, the number of loads on paper (3.5, 5.5, 18 a step of 16).
double laneCost(int64_t window) { return window == 32 ? 1 : window == 64 ? 1.5 : 3.3; }
} // namespace

std::optional<std::string> CsrMatvecKernel::checkProblem(const KernelProblem &problem) const {
  if (problem.formatName != "csr")
    return "the weights are not in CSR";
  if (problem.columns < 1 || problem.columns > kMaxColumns)
    return "the kernel multiplies 1 to " + std::to_string(kMaxColumns) + " columns only";
  return std::nullopt;
}

DictionaryAttr CsrMatvecKernel::getParameters(const KernelProblem &problem) const {
  RowPattern pattern = findPattern(problem.matrix);
  auto chunksFor = [&](int64_t window) {
    return chooseChunks(static_cast<int64_t>(pattern.columns.size()),
                        (pattern.rows() + lanesOf(window) - 1) / lanesOf(window));
  };
  int64_t best = 1;
  if (problem.elementType.isF32() && problem.vectorElements == kWindowLanes) {
    // Beyond L2 time goes into bytes, and a wider window needs fewer of them: lanes idle less often.
    constexpr int64_t kL2Bytes = 1 << 20, kLaneBytes = 5;
    double least = 0;
    for (int64_t window : {32, 64, 1}) {
      double lanes = static_cast<double>(schedule(pattern, window, chunksFor(window)).columns.size());
      double cost = lanes * (window == 64 && lanes * kLaneBytes > kL2Bytes ? 1.1 : laneCost(window));
      if (window == 32 || cost < least) {
        least = cost;
        best = window;
      }
    }
  }
  return makeParameters(problem.elementType.getContext(), {{"chunks", chunksFor(best)}, {"window", best}});
}

int64_t CsrMatvecKernel::countStoredValues(const KernelProblem &problem, DictionaryAttr parameters, int64_t) const {
  return static_cast<int64_t>(schedule(problem, parameters).columns.size());
}

double CsrMatvecKernel::getValueCost(DictionaryAttr parameters, int64_t columns) const {
  // Weights and indices are loaded once for all columns.
  constexpr double kShared = 0.36;
  return laneCost(getParameter(parameters, "window", 1)) * (kShared / static_cast<double>(columns) + 1 - kShared);
}

uint64_t CsrMatvecKernel::countBytes(const KernelProblem &problem, DictionaryAttr parameters, uint64_t) const {
  MatvecSchedule plan = schedule(problem, parameters);
  bool narrow = problem.matrix.shape.cols <= (int64_t(1) << 16);
  uint64_t indexBytes = plan.bases.empty() ? (narrow ? 2 : 4) : 1;
  return plan.columns.size() * (problem.matrix.elementBytes + indexBytes) + plan.bases.size() * (narrow ? 2 : 4) +
         4 * (plan.rows.size() + plan.positions.size() + plan.bounds.size());
}

PackedWeights CsrMatvecKernel::pack(const KernelProblem &problem, DictionaryAttr parameters) const {
  const format::DenseMatrix &matrix = problem.matrix;
  MatvecSchedule plan = schedule(problem, parameters);
  bool hasWindows = getParameter(parameters, "window", 1) > 1;
  int64_t steps = plan.steps(), lanes = plan.lanes;
  std::vector<int64_t> indices;
  std::vector<uint8_t> values;
  indices.reserve(steps * lanes);
  values.reserve(steps * lanes * matrix.elementBytes);
  for (int64_t slice = 0, slices = static_cast<int64_t>(plan.positions.size()) - 1; slice < slices; ++slice)
    for (int64_t step = plan.positions[slice]; step < plan.positions[slice + 1]; ++step)
      for (int64_t lane = 0; lane < lanes; ++lane) {
        int64_t at = step * lanes + lane, col = plan.columns[at];
        indices.push_back(!hasWindows ? col : plan.isIdle[at] ? 0 : kActive + col - plan.bases[step]);
        const uint8_t *element = matrix.element(plan.rows[slice * lanes + lane], col);
        if (plan.isIdle[at])
          values.insert(values.end(), matrix.elementBytes, 0);
        else
          values.insert(values.end(), element, element + matrix.elementBytes);
      }
  MLIRContext *context = problem.elementType.getContext();
  unsigned columnBytes = matrix.shape.cols <= (int64_t(1) << 16) ? 2 : 4;
  return {{makeIntegers(context, 4, plan.bounds), makeIntegers(context, 4, plan.positions),
           makeIntegers(context, 4, plan.rows), makeIntegers(context, columnBytes, plan.bases),
           makeIntegers(context, hasWindows ? 1 : columnBytes, indices), makeValues(problem.weightType, values)},
          steps * lanes};
}

LogicalResult CsrMatvecKernel::emit(KernelMatmulOp op, OpBuilder &builder) const {
  if (failed(checkStorage(op, "iiiiiv")))
    return failure();
  std::optional<int64_t> columns = getConstantIntValue(op.getColumns());
  if (op.getPanels().getWidth() != 1 || !columns || *columns < 1 || *columns > kMaxColumns)
    return op.emitOpError() << "kernel 'csr-matvec' needs panels of width 1 and 1 to " << kMaxColumns
                            << " columns that are known, got width " << op.getPanels().getWidth();
  Location loc = op.getLoc();
  Value bounds = op.getStorage()[0], positions = op.getStorage()[1], rows = op.getStorage()[2];
  Value bases = op.getStorage()[3], indices = op.getStorage()[4], values = op.getStorage()[5];
  Value rhs = op.getRhs(), result = op.getInit();
  Epilogue epilogue(op);
  int64_t cols = op.getCols(), window = getParameter(op.getParameters(), "window", 1), lanes = lanesOf(window);
  auto target = op->getParentOfType<ModuleOp>()->getAttrOfType<TargetAttr>(kTargetAttrName);
  Type element = cast<MemRefType>(rhs.getType()).getElementType();
  if (window != 1 && window != 32 && window != 64)
    return op.emitOpError() << "kernel 'csr-matvec' has windows of 1, 32 or 64 columns, got " << window;
  if (window > 1 && (!element.isF32() || (target && target.getVectorBytes() != 64)))
    return op.emitOpError() << "kernel 'csr-matvec' permutes vectors of 16 f32, which the target does not have; "
                               "its window must be 1";
  if (window > 1 && !cast<MemRefType>(indices.getType()).getElementType().isInteger(8))
    return op.emitOpError() << "kernel 'csr-matvec' with windows needs indices, storage buffer 4, of i8";
  auto vectorType = VectorType::get({lanes}, element);
  Value zero = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(vectorType));
  auto mask = [&](OpBuilder &b, int64_t count) -> Value {
    return vector::ConstantMaskOp::create(b, loc, VectorType::get({lanes}, b.getI1Type()), {count});
  };

  // 16 elements of x from column `at` on; what a matrix narrower than the window lacks is never looked up.
  auto loadPart = [&](OpBuilder &b, Value at, int64_t offset) -> Value {
    KernelEmitter e(b, loc);
    int64_t have = cols < window ? std::clamp<int64_t>(cols - offset, 0, lanes) : lanes;
    if (have == 0)
      return zero;
    Value from = e.add(at, offset);
    return have == lanes ? e.loadVector(rhs, from, lanes)
                         : vector::MaskedLoadOp::create(b, loc, vectorType, rhs, from, mask(b, have), zero).getResult();
  };
  // The sums of all columns after one more step. What a lane that idles looks up may be infinite, so it counts as zero.
  auto step = [&](OpBuilder &b, Value at, ValueRange sums) {
    KernelEmitter e(b, loc);
    Value first = e.mul(at, lanes), weights = e.loadWeights(values, first, lanes, element);
    SmallVector<Value> next;
    if (window == 1) {
      SmallVector<Value> lookup;
      for (int64_t lane = 0; lane < lanes; ++lane)
        lookup.push_back(e.loadIndex(indices, e.add(first, lane)));
      // Only a lane that idles has a zero weight.
      Value isActive = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, weights, zero);
      for (int64_t column = 0; column < *columns; ++column) {
        SmallVector<Value> elements;
        for (Value index : lookup)
          elements.push_back(memref::LoadOp::create(b, loc, rhs, e.add(index, column * cols)));
        Value x = vector::FromElementsOp::create(b, loc, vectorType, elements);
        x = arith::SelectOp::create(b, loc, isActive, x, zero);
        next.push_back(e.multiplyAdd(weights, x, sums[column]));
      }
      return next;
    }
    Value base = e.loadIndex(bases, at), narrow = e.loadVector(indices, first, lanes);
    auto constant = [&](Type type, int64_t value) -> Value {
      auto vector = VectorType::get({lanes}, type);
      return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(vector, b.getIntegerAttr(type, value)));
    };
    Value isActive = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, narrow, constant(b.getI8Type(), 0));
    Value lookup = arith::ExtUIOp::create(b, loc, VectorType::get({lanes}, b.getI32Type()), narrow);
    auto permute = [&](Value at, int64_t offset) -> Value {
      Value low = loadPart(b, at, offset), high = loadPart(b, at, offset + lanes);
      return LLVM::CallIntrinsicOp::create(b, loc, vectorType, b.getStringAttr("llvm.x86.avx512.vpermi2var.ps.512"),
                                           ValueRange{low, lookup, high})
          .getResult(0);
    };
    for (int64_t column = 0; column < *columns; ++column) {
      Value from = e.add(base, column * cols), x = permute(from, 0);
      if (window == 64) {
        Value bit = arith::AndIOp::create(b, loc, lookup, constant(b.getI32Type(), 32));
        Value isHigh = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, bit, constant(b.getI32Type(), 0));
        x = arith::SelectOp::create(b, loc, isHigh, permute(from, 32), x);
      }
      x = arith::SelectOp::create(b, loc, isActive, x, zero);
      next.push_back(e.multiplyAdd(weights, x, sums[column]));
    }
    return next;
  };

  auto emitSlice = [&](OpBuilder &b, Value slice) {
    KernelEmitter e(b, loc);
    Value begin = e.loadIndex(positions, slice), end = e.loadIndex(positions, e.add(slice, 1));
    // Two sums a column hide the latency of a multiply-add; 8 single loads do so by themselves.
    int64_t chains = window > 1 ? 2 : 1;
    auto loop = scf::ForOp::create(
        b, loc, begin, end, e.index(chains), SmallVector<Value>(chains * *columns, zero),
        [&](OpBuilder &b, Location, Value at, ValueRange sums) {
          SmallVector<Value> next;
          for (int64_t chain = 0; chain < chains; ++chain)
            next.append(step(b, KernelEmitter(b, loc).add(at, chain), sums.slice(chain * *columns, *columns)));
          scf::YieldOp::create(b, loc, next);
        });
    Value lookup = vector::LoadOp::create(b, loc, VectorType::get({lanes}, b.getI32Type()), rows, e.mul(slice, lanes));
    Value all = mask(b, lanes);
    for (int64_t column = 0; column < *columns; ++column) {
      Value total = loop.getResult(column);
      if (chains == 2)
        total = arith::AddFOp::create(b, loc, total, loop.getResult(*columns + column));
      total = epilogue.finishRows(b, total, e.index(column), [&](Value buffer) -> Value {
        return vector::GatherOp::create(b, loc, vectorType, buffer, e.index(0), lookup, all, zero);
      });
      vector::ScatterOp::create(b, loc, /*resultType=*/Type(), result, e.index(column * op.getRows()), lookup, all,
                                total);
    }
  };

  emitChunkItems(op, builder, getParameter(op.getParameters(), "chunks", 1), bounds, emitSlice);
  return success();
}

const CpuKernel *spnn::getCsrMatvecKernel() {
  static const CsrMatvecKernel kernel;
  return &kernel;
}
