//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel "attention-backward": gradients of graph attention, one pass over rows and one over columns.
//
//===----------------------------------------------------------------------===//
//
// Storage operands:
//   positions  i32[rows + 1]  where the edges of a row begin
//   indices    i32[edges]     from which column an edge comes
//
// Inputs: those of kernel "attention", and
//   output, gradient      T[rows x H * C]
//   logsumexp             T[rows x H]
//   transposed_positions  i32[columns + 1], transposed_indices i32[edges], and order i32[edges] beside a seed or
//                         coefficients: as spnn.transpose makes them
//   coefficients          T[edges x H]: used instead of recomputing them, if given
//
// Inits: the gradients of features, row scores, column scores and, for gatv2, the attention vector, then workspaces
// (AttentionProblem.h). Parameters as in kernel "attention".
//
// A record of each row holds what its edges need of it beside the gradient: for gat the row's scores, then logsumexp,
// then D = <gradient, output> of each head. The pass over rows sums the gradient of row scores, and for gatv2 that of
// the attention vector, in as many parts as there are tasks, which are added in their order. The pass over columns sums
// the others.
//
//===----------------------------------------------------------------------===//
#include "../Dropout.h"
#include "AttentionEmitter.h"
#include "AttentionKernels.h"
#include "AttentionProblem.h"
#include "VectorMath.h"

using namespace mlir;
using namespace spnn;

namespace {
class AttentionBackwardKernel : public GraphKernel {
public:
  StringRef name() const override { return "attention-backward"; }
  LogicalResult emit(KernelGraphOp op, OpBuilder &builder, int64_t vectorBytes) const override;
};

/// Emits one op.
class BackwardEmitter : public AttentionEmitter {
public:
  BackwardEmitter(const AttentionProblem &problem, Location loc)
      : AttentionEmitter(problem.shape, problem.element, problem.slope, loc), problem(problem),
        features(problem.rows("features")), columnScores(problem.rows("column_scores")),
        gradient(problem.rows("gradient")), rowScores(problem.rows("row_scores")),
        records(problem.workspace("records")) {
    prefetch = problem.prefetch;
  }

  void emit(OpBuilder &b, bool parallel);

private:
  /// Lays out everything and makes the records.
  void prepare(OpBuilder &b, bool parallel);
  void prepareRecord(OpBuilder &b, Value row, Value output) const;
  void emitRowPass(OpBuilder &b, bool parallel);
  void emitRow(OpBuilder &b, Value row, Value begin, Value end);
  void emitColumnPass(OpBuilder &b, bool parallel);
  void emitColumn(OpBuilder &b, Value column, Value begin, Value end);
  void sumAttention(OpBuilder &b);

  enum Field { RowScore = 0, LogSumExp = 1, D = 2 };
  Value field(OpBuilder &b, Field field) const {
    return arith::ConstantIndexOp::create(b, loc, static_cast<int64_t>(field) * shape.paddedHeads());
  }
  /// Coefficients of a group, and what dropout multiplies them with (empty for 1).
  struct Coefficients {
    VectorList p, scales;
  };
  Coefficients coefficients(OpBuilder &b, ValueRange edges, const VectorList &scores,
                            const VectorList &logSumExp) const;
  /// p * (scales * dots - d), 0 for edges that are not there.
  VectorList scoreGradients(OpBuilder &b, const EdgeGroup &group, const Coefficients &c, const VectorList &dots,
                            const VectorList &d) const;
  void clear(OpBuilder &b, Value row) const {
    mapRow(b, row, [&](OpBuilder &b, Value, int64_t, Value) { return splat(b, 0); });
  }

  const AttentionProblem &problem;
  Value features, columnScores, gradient, rowScores, records;
  Value dropoutKey; ///< null without dropout
  // Of the task that is emitted.
  Value scratch, scratchKept, sums, scoreSums, attention, attentionSums;
  std::optional<OwnRow> attentionRow;
};
} // namespace

BackwardEmitter::Coefficients BackwardEmitter::coefficients(OpBuilder &b, ValueRange edges, const VectorList &scores,
                                                            const VectorList &logSumExp) const {
  Coefficients result;
  if (Value kept = problem.input("coefficients"))
    result.p = gather(b, kept, edges);
  else
    for (auto [score, normaliser] : llvm::zip(scores, logSumExp))
      result.p.push_back(emitExp(b, loc, sub(b, score, normaliser)));
  if (dropoutKey) {
    SmallVector<Value> numbers;
    for (Value edge : edges)
      numbers.push_back(arith::IndexCastOp::create(b, loc, b.getI32Type(), edge));
    result.scales = dropoutScales(b, dropoutKey, problem.rate, numbers, problem.hasFewCoefficients());
  }
  return result;
}

VectorList BackwardEmitter::scoreGradients(OpBuilder &b, const EdgeGroup &group, const Coefficients &c,
                                           const VectorList &dots, const VectorList &d) const {
  VectorList result;
  for (int64_t p = 0; p < shape.headVectors(); ++p) {
    Value dp = dropoutKey ? mul(b, dots[p], c.scales[p]) : dots[p];
    result.push_back(keepLive(b, group, mul(b, c.p[p], sub(b, dp, d[p]))));
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Preparation
//===----------------------------------------------------------------------===//

void BackwardEmitter::prepareRecord(OpBuilder &b, Value row, Value output) const {
  layOut(b, problem.input("output"), row, output, Value());
  if (problem.workspace("gradient"))
    layOut(b, problem.input("gradient"), row, gradient, row);
  VectorList d =
      forTiles(b, splats(b, shape.headVectors(), 0), [&](OpBuilder &b, Value base, int64_t vectors, ValueRange state) {
        VectorList next(state);
        for (int64_t v = 0; v < vectors; ++v) {
          Value &sum = next[v % shape.headVectors()];
          Value g = loadRow(b, gradient, row, base, v), o = loadRow(b, output, Value(), base, v);
          sum = add(b, mul(b, g, o), sum);
        }
        return next;
      });
  storePadded(b, foldSum(b, d), records, row, field(b, D));
  storePadded(b, loadHeads(b, problem.input("logsumexp"), row), records, row, field(b, LogSumExp));
  if (problem.isV2) {
    if (problem.workspace("row_scores"))
      layOut(b, problem.input("row_scores"), row, rowScores, row);
  } else {
    storePadded(b, loadHeads(b, problem.input("row_scores"), row), records, row, field(b, RowScore));
  }
}

void BackwardEmitter::prepare(OpBuilder &b, bool parallel) {
  for (StringRef name : {"features", "column_scores"}) {
    Value workspace = problem.workspace(name);
    if (!workspace || (name == "column_scores" && workspace == problem.workspace("features")))
      continue;
    if (problem.isV2 || name == "features")
      layOutRows(b, problem.input(name), workspace, parallel);
    else
      layOutHeads(b, problem.input(name), workspace, parallel);
  }
  Value rows = b.createOrFold<memref::DimOp>(loc, records, 0);
  forRuns(b, rows, parallel, [&](OpBuilder &b, Value task, Value begin, Value end) {
    startTask(problem.workspace("scratch"), task);
    Value output = allocate(b, shape.rowElements());
    emitFor(b, loc, begin, end, 1, [&](OpBuilder &b, Value row) { prepareRecord(b, row, output); });
  });
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

void BackwardEmitter::emitRow(OpBuilder &b, Value row, Value begin, Value end) {
  KernelEmitter e(b, loc);
  Value indices = problem.indices();
  VectorList normaliser = loadRepeated(b, records, row, field(b, LogSumExp)),
             d = loadRepeated(b, records, row, field(b, D));
  OwnRow own(*this, b, gradient, row);
  if (!problem.isV2) {
    VectorList score = loadRepeated(b, records, row, field(b, RowScore));
    VectorList sum =
        forGroups(b, indices, begin, e.sub(end, begin), {features, columnScores}, splats(b, shape.headVectors(), 0),
                  [&](OpBuilder &b, const EdgeGroup &group, ValueRange old) {
                    VectorList z = gather(b, columnScores, group.nodes), values, next;
                    for (auto [sum, row] : llvm::zip(z, score)) {
                      sum = add(b, row, sum);
                      values.push_back(leakyRelu(b, sum));
                    }
                    Coefficients c = coefficients(b, group.positions, values, normaliser);
                    VectorList ds = scoreGradients(b, group, c, dot(b, group, own, features), d);
                    for (auto [sum, gradient, at] : llvm::zip(old, ds, z))
                      next.push_back(add(b, mul(b, gradient, leakySlope(b, at)), sum));
                    return next;
                  });
    storeHeads(b, foldSum(b, sum), problem.result(1), row);
    return;
  }
  OwnRow ownScores(*this, b, rowScores, row);
  clear(b, scoreSums);
  forBlocks(b, begin, end, {}, [&](OpBuilder &b, Value first, Value count, ValueRange) {
    forGroups(b, indices, first, count, {features, columnScores}, {},
              [&](OpBuilder &b, const EdgeGroup &group, ValueRange) {
                VectorList values = additiveScores(b, group, ownScores, columnScores, *attentionRow);
                Coefficients c = coefficients(b, group.positions, values, normaliser);
                storeGroup(b, group, scoreGradients(b, group, c, dot(b, group, own, features), d), scratch);
                return VectorList();
              });
    aggregate(b, indices, first, count, scratch, {scoreSums, attentionSums},
              [&](OpBuilder &b, Value node, Value ds, Value base, int64_t v, ValueRange old) {
                Value z = add(b, ownScores.get(b, base, v), loadRow(b, columnScores, node, base, v));
                Value sloped = mul(b, ds, leakySlope(b, z));
                return VectorList{add(b, sloped, old[0]), add(b, mul(b, sloped, z), old[1])};
              });
    return VectorList();
  });
  mapRow(b, scoreSums,
         [&](OpBuilder &b, Value base, int64_t v, Value sum) { return mul(b, sum, attentionRow->get(b, base, v)); });
  takeBack(b, scoreSums, problem.result(1), row);
}

/// A row or column costs about as much as some edges beside its own.
static constexpr int64_t kRowWeight = 8;

void BackwardEmitter::emitRowPass(OpBuilder &b, bool parallel) {
  auto emitTask = [&](OpBuilder &b, Value task, Value first, Value last) {
    if (problem.isV2) {
      startTask(problem.workspace("scratch"), task);
      scratch = allocate(b, shape.blockEdges() * shape.paddedHeads());
      scoreSums = allocate(b, shape.rowElements());
      attentionSums = allocate(b, shape.rowElements());
      attention = allocate(b, shape.rowElements());
      layOut(b, problem.input("attention"), Value(), attention, Value());
      attentionRow.emplace(*this, b, attention, Value());
      clear(b, attentionSums);
    }
    emitFor(b, loc, first, last, 1, [&](OpBuilder &b, Value row) {
      KernelEmitter e(b, loc);
      Value positions = problem.positions();
      emitRow(b, row, e.loadIndex(positions, row), e.loadIndex(positions, e.add(row, 1)));
    });
    if (!problem.isV2)
      return;
    forTiles(b, {}, [&](OpBuilder &b, Value base, int64_t vectors, ValueRange) {
      KernelEmitter e(b, loc);
      for (int64_t v = 0; v < vectors; ++v) {
        Value at = e.add(e.mul(base, shape.vector), v * shape.vector);
        vector::StoreOp::create(b, loc, loadRow(b, attentionSums, Value(), base, v), problem.workspace("d_attention"),
                                ValueRange{task, at});
      }
      return VectorList();
    });
  };
  emitNumberedGraphTasks(b, loc, problem.positions(), parallel, kRowWeight, emitTask);
}

void BackwardEmitter::sumAttention(OpBuilder &b) {
  KernelEmitter e(b, loc);
  startTask(problem.workspace("scratch"), e.index(0));
  Value parts = problem.workspace("d_attention"), total = allocate(b, shape.rowElements());
  clear(b, total);
  emitFor(b, loc, e.index(0), e.index(kGraphTasks), 1, [&](OpBuilder &b, Value task) {
    mapRow(b, total, [&](OpBuilder &b, Value base, int64_t v, Value sum) {
      return add(b, sum, loadRow(b, parts, task, base, v));
    });
  });
  takeBack(b, total, problem.result(3), Value());
}

//===----------------------------------------------------------------------===//
// Columns
//===----------------------------------------------------------------------===//

void BackwardEmitter::emitColumn(OpBuilder &b, Value column, Value begin, Value end) {
  KernelEmitter e(b, loc);
  int64_t heads = shape.headVectors();
  Value indices = problem.input("transposed_indices"), order = problem.input("order");
  OwnRow own(*this, b, features, column);
  std::optional<OwnRow> ownScores;
  VectorList score;
  clear(b, sums);
  if (problem.isV2) {
    ownScores.emplace(*this, b, columnScores, column);
    clear(b, scoreSums);
  } else {
    score = loadRepeated(b, columnScores, column);
  }
  VectorList inits = splats(b, problem.isV2 ? 0 : heads, 0);
  VectorList total = forBlocks(b, begin, end, inits, [&](OpBuilder &b, Value first, Value count, ValueRange state) {
    SmallVector<Value> ahead = {gradient, records};
    if (problem.isV2)
      ahead.push_back(rowScores);
    VectorList scoreSum =
        forGroups(b, indices, first, count, ahead, state, [&](OpBuilder &b, const EdgeGroup &group, ValueRange old) {
          KernelEmitter e(b, loc);
          VectorList z, values, next;
          if (problem.isV2) {
            values = additiveScores(b, group, *ownScores, rowScores, *attentionRow);
          } else {
            z = gather(b, records, group.nodes, field(b, RowScore));
            for (auto [sum, column] : llvm::zip(z, score)) {
              sum = add(b, sum, column);
              values.push_back(leakyRelu(b, sum));
            }
          }
          SmallVector<Value> edges;
          for (Value position : group.positions)
            edges.push_back(dropoutKey || problem.input("coefficients") ? e.loadIndex(order, position) : position);
          Coefficients c = coefficients(b, edges, values, gather(b, records, group.nodes, field(b, LogSumExp)));
          VectorList ds =
              scoreGradients(b, group, c, dot(b, group, own, gradient), gather(b, records, group.nodes, field(b, D)));
          if (problem.isV2)
            storeGroup(b, group, ds, scratch);
          else
            for (int64_t p = 0; p < heads; ++p)
              next.push_back(add(b, mul(b, ds[p], leakySlope(b, z[p])), old[p]));
          for (int64_t p = 0; p < heads && dropoutKey; ++p)
            c.p[p] = mul(b, c.p[p], c.scales[p]);
          storeGroup(b, group, c.p, scratchKept);
          return next;
        });
    aggregateRows(b, indices, first, count, scratchKept, gradient, sums);
    if (problem.isV2)
      aggregate(b, indices, first, count, scratch, scoreSums,
                [&](OpBuilder &b, Value node, Value ds, Value base, int64_t v, ValueRange old) {
                  Value z = add(b, loadRow(b, rowScores, node, base, v), ownScores->get(b, base, v));
                  return VectorList{add(b, mul(b, ds, leakySlope(b, z)), old[0])};
                });
    return scoreSum;
  });
  takeBack(b, sums, problem.result(0), column);
  if (!problem.isV2)
    return storeHeads(b, foldSum(b, total), problem.result(2), column);
  mapRow(b, scoreSums,
         [&](OpBuilder &b, Value base, int64_t v, Value sum) { return mul(b, sum, attentionRow->get(b, base, v)); });
  takeBack(b, scoreSums, problem.result(2), column);
}

void BackwardEmitter::emitColumnPass(OpBuilder &b, bool parallel) {
  Value positions = problem.input("transposed_positions");
  auto emitTask = [&](OpBuilder &b, Value task, Value first, Value last) {
    startTask(problem.workspace("scratch"), task);
    scratchKept = allocate(b, shape.blockEdges() * shape.paddedHeads());
    sums = allocate(b, shape.rowElements());
    if (problem.isV2) {
      scratch = allocate(b, shape.blockEdges() * shape.paddedHeads());
      scoreSums = allocate(b, shape.rowElements());
      attention = allocate(b, shape.rowElements());
      layOut(b, problem.input("attention"), Value(), attention, Value());
      attentionRow.emplace(*this, b, attention, Value());
    }
    emitFor(b, loc, first, last, 1, [&](OpBuilder &b, Value column) {
      KernelEmitter e(b, loc);
      emitColumn(b, column, e.loadIndex(positions, column), e.loadIndex(positions, e.add(column, 1)));
    });
  };
  emitNumberedGraphTasks(b, loc, positions, parallel, kRowWeight, emitTask);
}

void BackwardEmitter::emit(OpBuilder &b, bool parallel) {
  if (Value seed = problem.input("seed"); seed && problem.rate > 0)
    dropoutKey = emitDropoutKey(b, loc, seed, problem.stream);
  prepare(b, parallel);
  emitRowPass(b, parallel);
  if (problem.isV2)
    sumAttention(b);
  emitColumnPass(b, parallel);
}

LogicalResult AttentionBackwardKernel::emit(KernelGraphOp op, OpBuilder &builder, int64_t) const {
  FailureOr<AttentionProblem> problem = AttentionProblem::read(op, /*isBackward=*/true);
  if (failed(problem))
    return failure();
  BackwardEmitter(*problem, op.getLoc()).emit(builder, op.getParallel());
  return success();
}

const GraphKernel *spnn::getAttentionBackwardKernel() {
  static const AttentionBackwardKernel kernel;
  return &kernel;
}
