/*===- Graph.c - Graphs that come when a model runs ----------------------===*\
|*
|* Part of the sparse neural network compiler, under the Apache License v2.0
|* with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===---------------------------------------------------------------------===*|
|*
|* The check of arrays that a caller gives as a graph in compressed rows, and
|* the transposition of such a graph.
|*
\*===---------------------------------------------------------------------===*/
#include "spnn/Runtime/Runtime.h"

#include <stdio.h>
#include <string.h>

/* The first rule that the arrays break goes to `message`; 0 if there is none. */
static int findBrokenRule(int64_t rows, int64_t columns, int64_t given,
                          int64_t edges, const int32_t *positions,
                          const int32_t *indices, char *message,
                          size_t bytes) {
  if (given != rows + 1 || rows < 0) {
    snprintf(message, bytes,
             "a graph of %lld rows has %lld positions, expected one more than "
             "rows",
             (long long)rows, (long long)given);
    return 1;
  }
  if (columns < 0) {
    snprintf(message, bytes, "a graph has %lld columns, expected 0 or more",
             (long long)columns);
    return 1;
  }
  if (edges > INT32_MAX) {
    snprintf(message, bytes, "a graph has %lld edges, expected at most %lld",
             (long long)edges, (long long)INT32_MAX);
    return 1;
  }
  if (positions[0] != 0) {
    snprintf(message, bytes,
             "the first position of a graph is %ld, expected 0",
             (long)positions[0]);
    return 1;
  }
  if (positions[rows] != edges) {
    snprintf(message, bytes,
             "the last position of a graph is %ld, expected the number of its "
             "edges, %lld",
             (long)positions[rows], (long long)edges);
    return 1;
  }
  for (int64_t i = 0; i < rows; ++i)
    if (positions[i + 1] < positions[i] || positions[i + 1] > edges) {
      snprintf(message, bytes,
               "the positions of a graph descend or pass its edges behind row "
               "%lld: %ld, then %ld",
               (long long)i, (long)positions[i], (long)positions[i + 1]);
      return 1;
    }
  for (int64_t i = 0; i < rows; ++i)
    for (int32_t edge = positions[i]; edge < positions[i + 1]; ++edge) {
      int32_t j = indices[edge];
      if (j < 0 || j >= columns) {
        snprintf(message, bytes,
                 "edge %ld of a graph comes from column %ld, expected one of "
                 "%lld",
                 (long)edge, (long)j, (long long)columns);
        return 1;
      }
      if (edge > positions[i] && indices[edge - 1] >= j) {
        snprintf(message, bytes,
                 "the columns of row %lld of a graph do not ascend: %ld, then "
                 "%ld",
                 (long long)i, (long)indices[edge - 1], (long)j);
        return 1;
      }
    }
  return 0;
}

/* Whether each edge has a partner, in linear time: walked by rows, the partners
 * of the edges of an ascending row are met in ascending order, so one cursor a
 * row is enough. `next` has room for `rows`. */
static int isSymmetric(int64_t rows, const int32_t *positions,
                       const int32_t *indices, int32_t *next) {
  memcpy(next, positions, (size_t)rows * sizeof(int32_t));
  for (int64_t i = 0; i < rows; ++i)
    for (int32_t edge = positions[i]; edge < positions[i + 1]; ++edge) {
      int32_t j = indices[edge];
      if (next[j] == positions[j + 1] || indices[next[j]] != i)
        return 0;
      ++next[j];
    }
  return 1;
}

void spnn_rt_assemble(int64_t rows, int64_t columns, int64_t given,
                      int64_t edges, int32_t symmetric,
                      const int32_t *positions, const int32_t *indices,
                      int32_t *checked) {
  char message[160];
  int broken = findBrokenRule(rows, columns, given, edges, positions, indices,
                              message, sizeof(message));
  if (!broken && symmetric) {
    broken = rows != columns || !isSymmetric(rows, positions, indices, checked);
    if (broken)
      snprintf(message, sizeof(message),
               "a graph that is said to be symmetric has an edge without its "
               "partner");
  }
  if (!broken) {
    memcpy(checked, positions, (size_t)(rows + 1) * sizeof(int32_t));
    return;
  }
  spnn_rt_fail(message);
  if (given > 0)
    memset(checked, 0, (size_t)given * sizeof(int32_t));
}

void spnn_rt_transpose(int64_t rows, int64_t columns, const int32_t *positions,
                       const int32_t *indices, int32_t *transposedPositions,
                       int32_t *transposedIndices, int32_t *order) {
  if (columns < 0 || rows < 0)
    return; /* of a graph that spnn_rt_assemble refused */
  int32_t edges = positions[rows];
  /* A counting sort by column, whose counters are the positions themselves: when
   * all edges are placed, each points behind its row. */
  memset(transposedPositions, 0, (size_t)(columns + 1) * sizeof(int32_t));
  for (int32_t edge = 0; edge < edges; ++edge)
    ++transposedPositions[indices[edge]];
  int32_t before = 0;
  for (int64_t j = 0; j <= columns; ++j) {
    int32_t count = transposedPositions[j];
    transposedPositions[j] = before;
    before += count;
  }
  for (int64_t i = 0; i < rows; ++i)
    for (int32_t edge = positions[i]; edge < positions[i + 1]; ++edge) {
      int32_t at = transposedPositions[indices[edge]]++;
      transposedIndices[at] = (int32_t)i;
      order[at] = edge;
    }
  memmove(transposedPositions + 1, transposedPositions,
          (size_t)columns * sizeof(int32_t));
  transposedPositions[0] = 0;
}

void spnn_rt_check_order(int64_t edges, const int32_t *order,
                         int32_t *checked) {
  for (int64_t edge = 0; edge < edges; ++edge) {
    int32_t number = order[edge];
    checked[edge] = number;
    if (number >= 0 && number < edges)
      continue;
    char message[160];
    snprintf(message, sizeof(message),
             "order[%lld] is %ld, expected the number of one of %lld edges",
             (long long)edge, (long)number, (long long)edges);
    spnn_rt_fail(message);
    for (int64_t i = 0; i < edges; ++i)
      checked[i] = (int32_t)i;
    return;
  }
}
