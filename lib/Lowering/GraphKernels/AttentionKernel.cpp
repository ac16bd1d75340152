//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel "attention": graph attention, one pass over the edges of each row in blocks.
//
//===----------------------------------------------------------------------===//
//
// Storage operands:
//   positions  i32[rows + 1]  where the edges of a row begin
//   indices    i32[edges]     from which column an edge comes
//
// Inputs:
//   features       T[columns x H * C]
//   row_scores     T[rows x H], for gatv2 T[rows x H * C]
//   column_scores  T[columns x H], for gatv2 T[columns x H * C], left out where they are the features
//   attention      T[H * C]: makes it gatv2
//   seed           i64: dropout of coefficients
//
// Inits: the result T[rows x H * C], logsumexp T[rows x H], perhaps coefficients T[edges x H], workspaces
// (AttentionProblem.h). Parameters: heads, vector (elements of a vector), slope, rate, stream, prefetch (edges ahead
// of which features are fetched, 0 for not at all).
//
// A block of a row's edges takes three loops: scores and their maximum; exponentials and their sum, which rescales what
// earlier blocks summed if the maximum grew; sums of features. Scores of a block stay in L1, so nothing is stored for
// an edge.
//
//===----------------------------------------------------------------------===//
#include "../Dropout.h"
#include "AttentionEmitter.h"
#include "AttentionKernels.h"
#include "AttentionProblem.h"
#include "VectorMath.h"

#include <limits>

using namespace mlir;
using namespace spnn;

namespace {
class AttentionKernel : public GraphKernel {
public:
  StringRef name() const override { return "attention"; }
  LogicalResult emit(KernelGraphOp op, OpBuilder &builder, int64_t vectorBytes) const override;
};

/// Emits the rows of one op.
class ForwardEmitter : public AttentionEmitter {
public:
  ForwardEmitter(const AttentionProblem &problem, Location loc)
      : AttentionEmitter(problem.shape, problem.element, problem.slope, loc), problem(problem),
        features(problem.rows("features")), columnScores(problem.rows("column_scores")) {
    prefetch = problem.prefetch;
  }

  void emit(OpBuilder &b, bool parallel);

private:
  void emitRow(OpBuilder &b, Value row, Value begin, Value end) const;
  VectorList scores(OpBuilder &b, const EdgeGroup &group) const;
  void emitCoefficients(OpBuilder &b, Value begin, Value end, const VectorList &logSumExp) const;

  const AttentionProblem &problem;
  Value features, columnScores;
  Value dropoutKey; ///< null without dropout
  // Of the task that is emitted: coefficients of a block, sums of features, and for gatv2 the row's scores and the
  // attention vector.
  Value scratch, sums, ownScores, attention;
  // Of the row.
  std::optional<OwnRow> ownRow, attentionRow;
  VectorList rowScores;
};
} // namespace

VectorList ForwardEmitter::scores(OpBuilder &b, const EdgeGroup &group) const {
  if (problem.isV2)
    return additiveScores(b, group, *ownRow, columnScores, *attentionRow);
  VectorList result = gather(b, columnScores, group.nodes);
  for (auto [score, row] : llvm::zip(result, rowScores))
    score = leakyRelu(b, add(b, row, score));
  return result;
}

void ForwardEmitter::emitCoefficients(OpBuilder &b, Value begin, Value end, const VectorList &logSumExp) const {
  KernelEmitter e(b, loc);
  forGroups(b, problem.indices(), begin, e.sub(end, begin), {}, {},
            [&](OpBuilder &b, const EdgeGroup &group, ValueRange) {
              VectorList values = scores(b, group);
              for (auto [value, normaliser] : llvm::zip(values, logSumExp))
                value = emitExp(b, loc, sub(b, value, normaliser));
              for (auto [number, position] : llvm::enumerate(group.positions))
                storeHeads(b, values, problem.result(2), position, number);
              return VectorList();
            });
}

void ForwardEmitter::emitRow(OpBuilder &b, Value row, Value begin, Value end) const {
  KernelEmitter e(b, loc);
  int64_t heads = shape.headVectors();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  mapRow(b, sums, [&](OpBuilder &b, Value, int64_t, Value) { return splat(b, 0); });
  VectorList inits = splats(b, heads, -kInfinity);
  inits.append(splats(b, heads, 0));
  Value indices = problem.indices();
  auto greater = [&](OpBuilder &b, Value x, Value y) -> Value {
    // A NaN is not taken: it comes back in its exponential.
    Value isGreater = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, y, x);
    return arith::SelectOp::create(b, loc, isGreater, y, x);
  };
  VectorList state = forBlocks(b, begin, end, inits, [&](OpBuilder &b, Value first, Value count, ValueRange state) {
    KernelEmitter e(b, loc);
    VectorList maximum = forGroups(b, indices, first, count, {features, columnScores}, state.take_front(heads),
                                   [&](OpBuilder &b, const EdgeGroup &group, ValueRange greatest) {
                                     VectorList values = scores(b, group), next;
                                     storeGroup(b, group, values, scratch);
                                     for (auto [value, old] : llvm::zip(values, greatest))
                                       next.push_back(greater(b, old, value));
                                     return next;
                                   });
    maximum = fold(b, maximum, greater);
    // What earlier blocks summed is relative to their maximum.
    VectorList sum, scale;
    for (int64_t p = 0; p < heads; ++p) {
      scale.push_back(emitExp(b, loc, sub(b, state[p], maximum[p])));
      sum.push_back(mul(b, state[heads + p], scale[p]));
    }
    Value isLater = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ugt, first, begin);
    scf::IfOp::create(b, loc, isLater, [&](OpBuilder &b, Location) {
      mapRow(b, sums, [&](OpBuilder &b, Value, int64_t v, Value old) { return mul(b, old, scale[v % heads]); });
      scf::YieldOp::create(b, loc);
    });
    sum = forGroups(b, indices, first, count, {}, sum, [&](OpBuilder &b, const EdgeGroup &group, ValueRange old) {
      VectorList values = loadGroup(b, group, scratch), next;
      for (int64_t p = 0; p < heads; ++p) {
        values[p] = keepLive(b, group, emitExp(b, loc, sub(b, values[p], maximum[p])));
        next.push_back(add(b, old[p], values[p]));
      }
      if (dropoutKey) {
        SmallVector<Value> numbers;
        for (Value position : group.positions)
          numbers.push_back(arith::IndexCastOp::create(b, loc, b.getI32Type(), position));
        VectorList scales = dropoutScales(b, dropoutKey, problem.rate, numbers, problem.hasFewCoefficients());
        for (auto [value, factor] : llvm::zip(values, scales))
          value = mul(b, value, factor);
      }
      storeGroup(b, group, values, scratch);
      return next;
    });
    aggregateRows(b, indices, first, count, scratch, features, sums);
    maximum.append(sum);
    return maximum;
  });
  VectorList total = foldSum(b, VectorList(ArrayRef<Value>(state).drop_front(heads))), inverse, logSumExp;
  for (int64_t p = 0; p < heads; ++p) {
    // No edges: the result is 0. With edges the greatest one alone adds 1.
    Value isEmpty = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, total[p], splat(b, 0));
    Value divided = arith::DivFOp::create(b, loc, splat(b, 1), total[p]);
    inverse.push_back(arith::SelectOp::create(b, loc, isEmpty, splat(b, 0), divided));
    Value logarithm = add(b, state[p], emitLog(b, loc, total[p]));
    logSumExp.push_back(arith::SelectOp::create(b, loc, isEmpty, splat(b, -kInfinity), logarithm));
  }
  mapRow(b, sums, [&](OpBuilder &b, Value, int64_t v, Value old) { return mul(b, old, inverse[v % heads]); });
  takeBack(b, sums, problem.result(0), row);
  storeHeads(b, logSumExp, problem.result(1), row);
  if (problem.countResults() == 3)
    emitCoefficients(b, begin, end, logSumExp);
}

void ForwardEmitter::emit(OpBuilder &b, bool parallel) {
  if (Value seed = problem.input("seed"); seed && problem.rate > 0)
    dropoutKey = emitDropoutKey(b, loc, seed, problem.stream);
  for (StringRef name : {"features", "column_scores"}) {
    Value workspace = problem.workspace(name);
    if (!workspace || (name == "column_scores" && workspace == problem.workspace("features")))
      continue;
    if (problem.isV2 || name == "features")
      layOutRows(b, problem.input(name), workspace, parallel);
    else
      layOutHeads(b, problem.input(name), workspace, parallel);
  }
  // A row costs about as much as some edges beside its own.
  constexpr int64_t kRowWeight = 8;
  auto emitTask = [&](OpBuilder &b, Value task, Value first, Value last) {
    startTask(problem.workspace("scratch"), task);
    scratch = allocate(b, shape.blockEdges() * shape.paddedHeads());
    sums = allocate(b, shape.rowElements());
    if (problem.isV2) {
      ownScores = allocate(b, shape.rowElements());
      attention = allocate(b, shape.rowElements());
      layOut(b, problem.input("attention"), Value(), attention, Value());
      attentionRow.emplace(*this, b, attention, Value());
    }
    emitFor(b, loc, first, last, 1, [&](OpBuilder &b, Value row) {
      KernelEmitter e(b, loc);
      if (problem.isV2) {
        layOut(b, problem.input("row_scores"), row, ownScores, Value());
        ownRow.emplace(*this, b, ownScores, Value());
      } else {
        rowScores = loadRepeated(b, problem.input("row_scores"), row);
      }
      Value positions = problem.positions();
      emitRow(b, row, e.loadIndex(positions, row), e.loadIndex(positions, e.add(row, 1)));
    });
  };
  emitNumberedGraphTasks(b, loc, problem.positions(), parallel, kRowWeight, emitTask);
}

LogicalResult AttentionKernel::emit(KernelGraphOp op, OpBuilder &builder, int64_t) const {
  FailureOr<AttentionProblem> problem = AttentionProblem::read(op, /*isBackward=*/false);
  if (failed(problem))
    return failure();
  ForwardEmitter(*problem, op.getLoc()).emit(builder, op.getParallel());
  return success();
}

const GraphKernel *spnn::getAttentionKernel() {
  static const AttentionKernel kernel;
  return &kernel;
}
