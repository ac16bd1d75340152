//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the forward and the backward kernel of graph attention share.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_GRAPHKERNELS_ATTENTIONEMITTER_H
#define SPNN_LIB_LOWERING_GRAPHKERNELS_ATTENTIONEMITTER_H

#include "AttentionShape.h"
#include "GraphEmitter.h"

#include <optional>

namespace spnn {

/// Vectors of one value, such as the head vectors of a group of edges.
using VectorList = llvm::SmallVector<mlir::Value>;

/// Edges whose heads are computed together.
struct EdgeGroup {
  llvm::SmallVector<mlir::Value> positions; ///< of each edge; behind the end of a block its last edge again
  llvm::SmallVector<mlir::Value> nodes;     ///< at the other end of each edge
  mlir::Value first;                        ///< number of the first edge in its block
  mlir::Value live;                         ///< lanes of edges that exist; null if all do
};

class AttentionEmitter;

/// A laid out row that a loop over edges reads again and again: in registers, if it is short.
class OwnRow {
public:
  /// Row `row` of `rows`; null if they have one dimension.
  OwnRow(const AttentionEmitter &emitter, mlir::OpBuilder &b, mlir::Value rows, mlir::Value row);
  mlir::Value get(mlir::OpBuilder &b, mlir::Value base, int64_t v) const;

private:
  const AttentionEmitter &emitter;
  mlir::Value rows, row;
  VectorList loaded;
};

/// Emits what attention kernels consist of, for one shape. Rows with heads innermost are called laid out.
class AttentionEmitter {
public:
  AttentionEmitter(const AttentionShape &shape, mlir::Type element, double slope, mlir::Location loc)
      : shape(shape), element(element), slope(slope), loc(loc) {}

  mlir::VectorType vectorType(mlir::Type of) const { return mlir::VectorType::get({shape.vector}, of); }
  mlir::VectorType vectorType() const { return vectorType(element); }
  mlir::Value splat(mlir::OpBuilder &b, double value) const;
  VectorList splats(mlir::OpBuilder &b, int64_t count, double value) const;

  //===--- Rows -------------------------------------------------------------===//
  /// Copies row `row` of `source` to row `to` of `target`, laid out; the target may have one dimension, then `to` is
  /// null.
  void layOut(mlir::OpBuilder &b, mlir::Value source, mlir::Value row, mlir::Value target, mlir::Value to) const;
  /// The inverse: the laid out row `source`, of one dimension, to row `to` of `target`.
  void takeBack(mlir::OpBuilder &b, mlir::Value source, mlir::Value target, mlir::Value to) const;
  /// Vector number `base` + `v` of a laid out row.
  mlir::Value loadRow(mlir::OpBuilder &b, mlir::Value rows, mlir::Value row, mlir::Value base, int64_t v) const;

  //===--- Heads ------------------------------------------------------------===//
  /// The heads of row `row` from column `column` on, zeros for what fills: vectors of headLanes() elements.
  VectorList loadHeads(mlir::OpBuilder &b, mlir::Value source, mlir::Value row, mlir::Value column = {}) const;
  /// Stores the heads of edge number `edge` of the vectors of a group, or the first ones, to row `row`.
  void storeHeads(mlir::OpBuilder &b, const VectorList &heads, mlir::Value target, mlir::Value row,
                  int64_t edge = 0) const;
  /// Stores the first heads and what fills them up to row `row` from column `column` on.
  void storePadded(mlir::OpBuilder &b, const VectorList &heads, mlir::Value target, mlir::Value row,
                   mlir::Value column) const;
  /// From vectors of headLanes() elements whole ones, which repeat them.
  VectorList repeat(mlir::OpBuilder &b, const VectorList &heads) const;
  VectorList loadRepeated(mlir::OpBuilder &b, mlir::Value source, mlir::Value row, mlir::Value column = {}) const {
    return repeat(b, loadHeads(b, source, row, column));
  }
  /// From the heads of each edge of a group the vectors of the group.
  VectorList compose(mlir::OpBuilder &b, llvm::ArrayRef<VectorList> edges) const;
  /// The heads of rows `rows` as vectors of a group.
  VectorList gather(mlir::OpBuilder &b, mlir::Value source, mlir::ValueRange rows, mlir::Value column = {}) const;
  /// Combines the lanes of each head, so that all of them hold the result.
  VectorList fold(mlir::OpBuilder &b, VectorList vectors,
                  llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Value, mlir::Value)> combine) const;
  VectorList foldSum(mlir::OpBuilder &b, VectorList vectors) const;
  /// From whole vectors for each edge of a group the vectors of the group: sums over the lanes of each head.
  VectorList foldEdges(mlir::OpBuilder &b, llvm::ArrayRef<VectorList> edges) const;

  //===--- Arithmetic -------------------------------------------------------===//
  mlir::Value add(mlir::OpBuilder &b, mlir::Value x, mlir::Value y) const;
  mlir::Value sub(mlir::OpBuilder &b, mlir::Value x, mlir::Value y) const;
  mlir::Value mul(mlir::OpBuilder &b, mlir::Value x, mlir::Value y) const;
  mlir::Value isPositive(mlir::OpBuilder &b, mlir::Value x) const;
  mlir::Value leakyRelu(mlir::OpBuilder &b, mlir::Value x) const;
  /// Its derivative at `x`.
  mlir::Value leakySlope(mlir::OpBuilder &b, mlir::Value x) const;
  /// `x`, or 0 in lanes that are not live.
  mlir::Value keepLive(mlir::OpBuilder &b, const EdgeGroup &group, mlir::Value x) const;

  //===--- Tasks ------------------------------------------------------------===//
  /// Lets `allocate` give away row `task` of `buffer`, from its beginning.
  void startTask(mlir::Value buffer, mlir::Value task) { scratchBuffer = buffer, scratchTask = task, scratchUsed = 0; }
  /// The next `elements` elements of the task's own, uninitialised.
  mlir::Value allocate(mlir::OpBuilder &b, int64_t elements);
  /// Copies all rows of `source` to `target`, laid out: of features, or of heads.
  void layOutRows(mlir::OpBuilder &b, mlir::Value source, mlir::Value target, bool parallel) const;
  void layOutHeads(mlir::OpBuilder &b, mlir::Value source, mlir::Value target, bool parallel) const;
  /// Loops over the numbers below `rows` in kGraphTasks tasks; `body` is emitted once, for a run of them.
  void
  forRuns(mlir::OpBuilder &b, mlir::Value rows, bool parallel,
          llvm::function_ref<void(mlir::OpBuilder &, mlir::Value task, mlir::Value begin, mlir::Value end)> body) const;

  //===--- Loops ------------------------------------------------------------===//
  /// Loops over blocks of the edges from `begin` to `end`, carrying `inits`; `body` gets the first edge of the block
  /// and their number.
  VectorList
  forBlocks(mlir::OpBuilder &b, mlir::Value begin, mlir::Value end, mlir::ValueRange inits,
            llvm::function_ref<VectorList(mlir::OpBuilder &, mlir::Value first, mlir::Value count, mlir::ValueRange)>
                body) const;
  /// Loops over the groups of a block, and fetches the rows of `ahead` that edges some way ahead will read.
  VectorList
  forGroups(mlir::OpBuilder &b, mlir::Value indices, mlir::Value first, mlir::Value count,
            llvm::ArrayRef<mlir::Value> ahead, mlir::ValueRange inits,
            llvm::function_ref<VectorList(mlir::OpBuilder &, const EdgeGroup &, mlir::ValueRange)> body) const;
  /// Loops over the vectors of a laid out row in tiles of at most tileVectors(): `body` gets the number of the first
  /// vector.
  VectorList
  forTiles(mlir::OpBuilder &b, mlir::ValueRange inits,
           llvm::function_ref<VectorList(mlir::OpBuilder &, mlir::Value base, int64_t vectors, mlir::ValueRange)> body)
      const;
  /// Vectors of a row that are kept in registers.
  int64_t tileVectors() const;
  /// Adds over the edges of a block to rows `sums` of one dimension, laid out: `term` gives the new sums of vector base
  /// + v, one a row, from the old ones and the edge's coefficient, which comes from `scratch` as storeGroup puts it.
  using Term = llvm::function_ref<VectorList(mlir::OpBuilder &, mlir::Value node, mlir::Value coefficient,
                                             mlir::Value base, int64_t v, mlir::ValueRange sums)>;
  void aggregate(mlir::OpBuilder &b, mlir::Value indices, mlir::Value first, mlir::Value count, mlir::Value scratch,
                 mlir::ValueRange sums, Term term) const;
  /// The same where terms are products of the coefficient with the node's row of `rows`.
  void aggregateRows(mlir::OpBuilder &b, mlir::Value indices, mlir::Value first, mlir::Value count, mlir::Value scratch,
                     mlir::Value rows, mlir::Value sums) const;
  void storeGroup(mlir::OpBuilder &b, const EdgeGroup &group, const VectorList &values, mlir::Value scratch) const;
  VectorList loadGroup(mlir::OpBuilder &b, const EdgeGroup &group, mlir::Value scratch) const;
  /// Applies `change` to each vector of a row of one dimension.
  void
  mapRow(mlir::OpBuilder &b, mlir::Value row,
         llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Value base, int64_t v, mlir::Value)> change) const;

  /// For each edge and head of a group the sum over channels that `term` adds to, vector base + v of a row at a time.
  VectorList sumOverChannels(
      mlir::OpBuilder &b, const EdgeGroup &group,
      llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Value node, mlir::Value base, int64_t v, mlir::Value sum)>
          term) const;
  /// The dot products of `own` with the nodes' rows of `rows`.
  VectorList dot(mlir::OpBuilder &b, const EdgeGroup &group, const OwnRow &own, mlir::Value rows) const;
  /// attention . leakyrelu(own + the node's row of `rows`)
  VectorList additiveScores(mlir::OpBuilder &b, const EdgeGroup &group, const OwnRow &own, mlir::Value rows,
                            const OwnRow &attention) const;

  /// Factors that dropout puts on the edges numbered `numbers` (of i32 each): see spnn.graph_attention. `isSmall`:
  /// there are fewer than 2^32 edges times heads.
  VectorList dropoutScales(mlir::OpBuilder &b, mlir::Value key, double rate, mlir::ValueRange numbers,
                           bool isSmall) const;

  const AttentionShape shape;
  const mlir::Type element;
  const double slope;
  const mlir::Location loc;
  int64_t prefetch = 0; ///< edges ahead of which rows are fetched, 0 for not at all

private:
  void prefetchRows(mlir::OpBuilder &b, mlir::Value indices, mlir::Value edge,
                    llvm::ArrayRef<mlir::Value> tables) const;
  mlir::Value firstHeads(mlir::OpBuilder &b, mlir::Value vector, int64_t edge) const;

  mlir::Value scratchBuffer, scratchTask;
  int64_t scratchUsed = 0;
};

} // namespace spnn

#endif // SPNN_LIB_LOWERING_GRAPHKERNELS_ATTENTIONEMITTER_H
