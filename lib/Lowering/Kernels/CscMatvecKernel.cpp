//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel "csc-matvec": compressed columns times one column, of which zeros are skipped while running.
//
// Storage operands:
//   bounds     i32[chunks + 1]            row at which a chunk begins
//   positions  i32[chunks * cols + 1]     where the values of column j in chunk c begin, at c * cols + j
//   indices    i16 or i32[nonzeros]       rows
//   values     T[nonzeros]
//
// For activations that are mostly zero, as behind a ReLU: a column of W is read only if its element of x is not zero,
// and added to the result, which stays in L1. An addition is a load, a multiply-add and a store of a single element, so
// a nonzero costs several times what it costs csr-matvec; it has to be skipped often enough. How often follows from
// `spnn.activation_density` on the product (docs/rationale.md, "Sparse activations").
//
//===----------------------------------------------------------------------===//
#include "KernelEmitter.h"
#include "spnn/Format/FloatType.h"
#include "spnn/Lowering/CpuKernel.h"

#include <cmath>

using namespace mlir;
using namespace spnn;

namespace {
/// Zero times such a weight is NaN. Only f32 comes this far.
bool hasNonFinite(const KernelProblem &problem) {
  const format::DenseMatrix &matrix = problem.matrix;
  std::optional<format::FloatType> type = format::getIeeeType(matrix.elementBytes);
  if (problem.weightType.isBF16())
    type = format::FloatType::BF16;
  for (size_t at = 0; type && at < matrix.data.size(); at += matrix.elementBytes)
    if (!std::isfinite(format::loadFloat(*type, matrix.data.data() + at)))
      return true;
  return false;
}

class CscMatvecKernel : public CpuKernel {
public:
  StringRef name() const override { return "csc-matvec"; }
  bool takesFormat(StringRef formatName) const override { return formatName == "csc"; }
  std::optional<std::string> checkProblem(const KernelProblem &problem) const override {
    if (problem.formatName != "csc")
      return "the weights are not in CSC";
    if (problem.columns != 1)
      return "the kernel multiplies one column only";
    if (hasNonFinite(problem))
      return "the weights hold infinities or NaN, which skipped columns would hide";
    return std::nullopt;
  }
  PanelsAttr getPanels(const KernelProblem &problem) const override {
    return PanelsAttr::get(problem.elementType.getContext(), 1, 1);
  }
  DictionaryAttr getParameters(const KernelProblem &problem) const override;
  int64_t countStoredValues(const KernelProblem &problem, DictionaryAttr parameters, int64_t) const override;
  uint64_t countBytes(const KernelProblem &problem, DictionaryAttr parameters, uint64_t formatBytes) const override {
    return static_cast<uint64_t>(static_cast<double>(formatBytes) * problem.activationDensity);
  }
  PackedWeights pack(const KernelProblem &problem, DictionaryAttr parameters) const override;
  LogicalResult emit(KernelMatmulOp op, OpBuilder &builder) const override;
};
} // namespace

DictionaryAttr CscMatvecKernel::getParameters(const KernelProblem &problem) const {
  // Every chunk looks at all of x, and a column's loop ends in a wrong prediction: both want columns with many values.
  constexpr int64_t kValuesPerColumn = 64;
  int64_t nonzeros = format::countNonzeros(problem.matrix), cols = std::max<int64_t>(1, problem.matrix.shape.cols);
  int64_t chunks = std::min(chooseChunks(nonzeros, problem.matrix.shape.rows), nonzeros / cols / kValuesPerColumn);
  return makeParameters(problem.elementType.getContext(), {{"chunks", std::max<int64_t>(1, chunks)}});
}

int64_t CscMatvecKernel::countStoredValues(const KernelProblem &problem, DictionaryAttr parameters, int64_t) const {
  // Looking at an element of x costs about as much as a nonzero; whether it is zero is guessed wrong in so many cases
  // that it counts, some 15 cycles each.
  constexpr double kLook = 1, kMispredicted = 12;
  double density = problem.activationDensity;
  double looks =
      static_cast<double>(problem.matrix.shape.cols) * static_cast<double>(getParameter(parameters, "chunks", 1));
  return std::llround(static_cast<double>(format::countNonzeros(problem.matrix)) * density +
                      (density < 1 ? looks * (kLook + kMispredicted * std::min(density, 1 - density)) : 0));
}

PackedWeights CscMatvecKernel::pack(const KernelProblem &problem, DictionaryAttr parameters) const {
  const format::DenseMatrix &matrix = problem.matrix;
  int64_t rows = matrix.shape.rows, cols = matrix.shape.cols, chunks = getParameter(parameters, "chunks", 1);
  std::vector<int64_t> lengths(rows);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t col = 0; col < cols; ++col)
      lengths[row] += !matrix.isZero(row, col);
  std::vector<int64_t> bounds = balanceChunks(lengths, chunks), positions{0}, indices;
  std::vector<uint8_t> values;
  for (int64_t chunk = 0; chunk < chunks; ++chunk)
    for (int64_t col = 0; col < cols; ++col) {
      for (int64_t row = bounds[chunk]; row < bounds[chunk + 1]; ++row) {
        if (matrix.isZero(row, col))
          continue;
        indices.push_back(row);
        const uint8_t *element = matrix.element(row, col);
        values.insert(values.end(), element, element + matrix.elementBytes);
      }
      positions.push_back(static_cast<int64_t>(indices.size()));
    }
  MLIRContext *context = problem.elementType.getContext();
  unsigned indexBytes = rows <= (int64_t(1) << 16) ? 2 : 4;
  return {{makeIntegers(context, 4, bounds), makeIntegers(context, 4, positions),
           makeIntegers(context, indexBytes, indices), makeValues(problem.weightType, values)},
          static_cast<int64_t>(indices.size())};
}

LogicalResult CscMatvecKernel::emit(KernelMatmulOp op, OpBuilder &builder) const {
  if (failed(checkStorage(op, "iiiv")))
    return failure();
  if (op.getPanels().getWidth() != 1 || getConstantIntValue(op.getColumns()) != 1)
    return op.emitOpError() << "kernel 'csc-matvec' needs one column in panels of width 1, got width "
                            << op.getPanels().getWidth();
  Location loc = op.getLoc();
  Value bounds = op.getStorage()[0], positions = op.getStorage()[1], indices = op.getStorage()[2];
  Value values = op.getStorage()[3];
  Value rhs = op.getRhs(), result = op.getInit(), bias = op.getBias();
  Epilogue epilogue(op);
  constexpr int64_t kLanes = 16;
  Type element = cast<MemRefType>(rhs.getType()).getElementType();
  auto vectorType = VectorType::get({kLanes}, element), maskType = VectorType::get({kLanes}, builder.getI1Type());

  emitChunkLoop(op, builder, getParameter(op.getParameters(), "chunks", 1), [&](OpBuilder &b, Value chunk) {
    KernelEmitter e(b, loc);
    Value begin = e.loadIndex(bounds, chunk), end = e.loadIndex(bounds, e.add(chunk, 1));
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(vectorType));
    // Vectors of the chunk's rows: `value(builder, row, mask)` is what is stored.
    auto forEachRows = [&](function_ref<Value(OpBuilder &, Value, Value)> value) {
      emitFor(b, loc, begin, end, kLanes, [&](OpBuilder &b, Value row) {
        Value mask = vector::CreateMaskOp::create(b, loc, maskType, ValueRange{KernelEmitter(b, loc).sub(end, row)});
        vector::MaskedStoreOp::create(b, loc, result, row, mask, value(b, row, mask));
      });
    };
    forEachRows([&](OpBuilder &b, Value row, Value mask) -> Value {
      return bias && !epilogue.hasScales()
                 ? vector::MaskedLoadOp::create(b, loc, vectorType, bias, row, mask, zero).getResult()
                 : zero;
    });
    Value first = e.mul(chunk, op.getCols());
    emitFor(b, loc, e.index(0), e.index(op.getCols()), 1, [&](OpBuilder &b, Value col) {
      Value x = memref::LoadOp::create(b, loc, rhs, col);
      // NaN is not skipped.
      Value isNonzero = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, x,
                                              arith::ConstantOp::create(b, loc, b.getZeroAttr(element)));
      scf::IfOp::create(b, loc, isNonzero, [&](OpBuilder &b, Location) {
        KernelEmitter e(b, loc);
        Value at = e.add(first, col);
        emitFor(b, loc, e.loadIndex(positions, at), e.loadIndex(positions, e.add(at, 1)), 1,
                [&](OpBuilder &b, Value j) {
                  KernelEmitter e(b, loc);
                  Value row = e.loadIndex(indices, j);
                  Value sum =
                      e.multiplyAdd(e.loadWeight(values, j, element), x, memref::LoadOp::create(b, loc, result, row));
                  memref::StoreOp::create(b, loc, sum, result, row);
                });
        scf::YieldOp::create(b, loc);
      });
    });
    if (!epilogue.isTrivial())
      forEachRows([&](OpBuilder &b, Value row, Value mask) -> Value {
        Value sum = vector::MaskedLoadOp::create(b, loc, vectorType, result, row, mask, zero);
        if (!epilogue.hasScales())
          return KernelEmitter(b, loc).activate(op.getActivation(), sum);
        return epilogue.finishRows(b, sum, KernelEmitter(b, loc).index(0), [&](Value buffer) -> Value {
          return vector::MaskedLoadOp::create(b, loc, vectorType, buffer, row, mask, zero);
        });
      });
  });
  return success();
}

const CpuKernel *spnn::getCscMatvecKernel() {
  static const CscMatvecKernel kernel;
  return &kernel;
}
