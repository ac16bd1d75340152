//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel "nmg": n:m:g weights, whose steps and trip counts are the same for all tiles.
//
//===----------------------------------------------------------------------===//
//
// Storage operands:
//   bounds   i32[chunks + 1]            strip of m rows at which a chunk begins
//   indices  i16 or i32[rows/m * cols]  columns; by chunk, k block, strip and group, then g times one for each pattern
//   values   T[rows/m * cols * n]       n for each column
//
// A strip is a tile of the nano-kernels of PatternSteps.h, and a step is one column of each of the C(m, n) patterns. A
// k block is `groups_block` groups, so each tile takes as many steps as the one before it: no branch depends on data.
// The weights lie in the order in which a panel reads them, so that prefetchers follow where they come from afar.
//
//===----------------------------------------------------------------------===//
#include "FormatNames.h"
#include "KernelEmitter.h"
#include "PatternSteps.h"
#include "spnn/Format/NmgPatterns.h"
#include "spnn/Lowering/CpuKernel.h"

using namespace mlir;
using namespace spnn;

namespace {
class NmgKernel : public CpuKernel {
public:
  StringRef name() const override { return "nmg"; }
  bool takesFormat(StringRef formatName) const override { return formatName.starts_with("nmg"); }
  std::optional<std::string> checkProblem(const KernelProblem &problem) const override;
  PanelsAttr getPanels(const KernelProblem &problem) const override;
  DictionaryAttr getParameters(const KernelProblem &problem) const override;
  PackedWeights pack(const KernelProblem &problem, DictionaryAttr parameters) const override;
  LogicalResult emit(KernelMatmulOp op, OpBuilder &builder) const override;
};
} // namespace

static format::Nmg readParameters(DictionaryAttr parameters) {
  return {getParameter(parameters, "n", 1), getParameter(parameters, "m", 1), getParameter(parameters, "g", 1)};
}

/// A step is unrolled: columns times rows must stay few, and a strip's accumulators in registers, here 16 of them.
static std::optional<std::string> checkUnrolled(const format::Nmg &nmg) {
  constexpr int64_t kMaxUnrolled = 64, kMaxRows = 12;
  if (std::optional<std::string> broken = nmg.check())
    return broken;
  if (nmg.m > kMaxRows || nmg.countPatterns() * nmg.n > kMaxUnrolled)
    return "a step of " + nmg.str() + " has " + std::to_string(nmg.countPatterns() * nmg.n) + " values in " +
           std::to_string(nmg.m) + " rows, which is too many to unroll (64 in 12)";
  return std::nullopt;
}

std::optional<std::string> NmgKernel::checkProblem(const KernelProblem &problem) const {
  format::Nmg nmg;
  if (!parseNmgName(problem.formatName, nmg))
    return "the weights are not n:m:g";
  return checkUnrolled(nmg);
}

static int64_t getVectorBytes(const KernelProblem &problem) {
  return problem.vectorElements * static_cast<int64_t>(problem.matrix.elementBytes);
}

PanelsAttr NmgKernel::getPanels(const KernelProblem &problem) const {
  format::Nmg nmg;
  parseNmgName(problem.formatName, nmg);
  int64_t vectors = choosePatternVectors(nmg.m, getVectorBytes(problem));
  return PanelsAttr::get(problem.elementType.getContext(), vectors * problem.vectorElements, problem.vectorElements);
}

DictionaryAttr NmgKernel::getParameters(const KernelProblem &problem) const {
  format::Nmg nmg;
  parseNmgName(problem.formatName, nmg);
  // A k block's rows of the panel stay in L1.
  constexpr int64_t kPanelBytes = 32 * 1024;
  int64_t panelRow = choosePatternVectors(nmg.m, getVectorBytes(problem)) * getVectorBytes(problem);
  int64_t groups = problem.matrix.shape.cols / nmg.groupCols(), strips = problem.matrix.shape.rows / nmg.m;
  int64_t fitting = std::max<int64_t>(1, kPanelBytes / panelRow / nmg.groupCols());
  int64_t blocks = std::max<int64_t>(1, (groups + fitting - 1) / fitting);
  return makeParameters(problem.elementType.getContext(),
                        {{"chunks", chooseChunks(strips * problem.matrix.shape.cols * nmg.n, strips)},
                         {"g", nmg.g},
                         {"groups_block", std::max<int64_t>(1, (groups + blocks - 1) / blocks)},
                         {"m", nmg.m},
                         {"n", nmg.n}});
}

/// Groups of a k block, at least 1.
static int64_t getBlock(int64_t groups, DictionaryAttr parameters) {
  return std::min(std::max<int64_t>(1, groups), getParameter(parameters, "groups_block", std::max<int64_t>(1, groups)));
}

PackedWeights NmgKernel::pack(const KernelProblem &problem, DictionaryAttr parameters) const {
  const format::DenseMatrix &matrix = problem.matrix;
  format::Nmg nmg = readParameters(parameters);
  format::Storage storage = format::makeNmg(nmg)->pack(matrix);
  const format::StorageBuffer &groupIndices = storage[0], &groupValues = storage[1];
  int64_t strips = matrix.shape.rows / nmg.m, groups = matrix.shape.cols / nmg.groupCols();
  int64_t patterns = nmg.countPatterns();
  std::vector<int64_t> indices;
  std::vector<uint8_t> values;
  auto addStrip = [&](int64_t strip, int64_t firstGroup, int64_t endGroup) {
    for (int64_t group = firstGroup; group < endGroup; ++group)
      for (int64_t i = 0; i < nmg.g; ++i)
        for (int64_t p = 0; p < patterns; ++p) {
          int64_t from = ((strip * groups + group) * patterns + p) * nmg.g + i;
          indices.push_back(group * nmg.groupCols() + groupIndices.getUnsigned(from));
          auto first = groupValues.data.begin() + from * nmg.n * matrix.elementBytes;
          values.insert(values.end(), first, first + nmg.n * matrix.elementBytes);
        }
  };
  int64_t block = getBlock(groups, parameters);
  std::vector<int64_t> bounds = balanceChunks(std::vector<int64_t>(strips, 1), getParameter(parameters, "chunks", 1));
  for (size_t chunk = 0; chunk + 1 < bounds.size(); ++chunk)
    for (int64_t group = 0; group < groups; group += block)
      for (int64_t strip = bounds[chunk]; strip < bounds[chunk + 1]; ++strip)
        addStrip(strip, group, std::min(group + block, groups));
  MLIRContext *context = problem.elementType.getContext();
  unsigned indexBytes = matrix.shape.cols <= (int64_t(1) << 16) ? 2 : 4;
  return {{makeIntegers(context, 4, bounds), makeIntegers(context, indexBytes, indices),
           makeValues(problem.elementType, values)},
          static_cast<int64_t>(indices.size()) * nmg.n};
}

LogicalResult NmgKernel::emit(KernelMatmulOp op, OpBuilder &builder) const {
  if (failed(checkStorage(op, "iiv")))
    return failure();
  Location loc = op.getLoc();
  Value bounds = op.getStorage()[0], indices = op.getStorage()[1], values = op.getStorage()[2];
  DictionaryAttr parameters = op.getParameters();
  format::Nmg nmg = readParameters(parameters);
  if (std::optional<std::string> broken = checkUnrolled(nmg))
    return op.emitOpError() << "kernel 'nmg': " << *broken;
  if (op.getRows() % nmg.m != 0 || op.getCols() % nmg.groupCols() != 0)
    return op.emitOpError() << "kernel 'nmg' needs rows that are a multiple of " << nmg.m
                            << " and columns that are one of " << nmg.groupCols() << ", got " << op.getRows() << "x"
                            << op.getCols();
  std::vector<uint32_t> listed = nmg.listPatterns();
  SmallVector<unsigned> patterns(listed.begin(), listed.end());
  int64_t groups = op.getCols() / nmg.groupCols(), chunks = getParameter(parameters, "chunks", 1);
  int64_t block = getBlock(groups, parameters);
  int64_t blocks = std::max<int64_t>(1, (groups + block - 1) / block);

  auto emitTile = [&](OpBuilder &b, const PanelWork &work, Value kb, Value strip, Value begin, Value end) {
    KernelEmitter e(b, loc);
    SmallVector<Value> rows;
    for (int64_t r = 0; r < nmg.m; ++r)
      rows.push_back(e.add(e.mul(strip, nmg.m), r));
    Value first = e.mul(kb, block);
    Value blockGroups =
        groups % block == 0 ? e.index(std::min(block, groups)) : e.min(e.sub(e.index(groups), first), e.index(block));
    Value count = e.mul(blockGroups, nmg.g);
    // Groups in front of this tile's: of the chunks before, the k blocks before, and the strips before in this one.
    Value groupsBefore =
        e.add(e.add(e.mul(begin, groups), e.mul(first, e.sub(end, begin))), e.mul(e.sub(strip, begin), blockGroups));
    Value index = e.mul(groupsBefore, nmg.groupCols());
    Value value = e.mul(index, nmg.n);
    auto isBlock = [&](int64_t number) -> Value {
      if (blocks == 1)
        return {};
      return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, kb, e.index(number));
    };
    PatternTileEmitter emitter(op, b, work, rows);
    emitter.start(isBlock(0));
    emitter.addSteps(patterns, count, indices, values, index, value);
    emitter.finish(isBlock(blocks - 1));
  };

  emitPanelLoops(op, builder, chunks, [&](OpBuilder &b, const PanelWork &work) {
    KernelEmitter e(b, loc);
    Value begin = e.loadIndex(bounds, work.chunk), end = e.loadIndex(bounds, e.add(work.chunk, 1));
    emitFor(b, loc, e.index(0), e.index(blocks), 1, [&](OpBuilder &b, Value kb) {
      emitFor(b, loc, begin, end, 1, [&](OpBuilder &b, Value strip) { emitTile(b, work, kb, strip, begin, end); });
    });
  });
  return success();
}

const CpuKernel *spnn::getNmgKernel() {
  static const NmgKernel kernel;
  return &kernel;
}
