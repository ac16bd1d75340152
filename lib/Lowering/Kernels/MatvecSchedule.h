//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// In which steps a matrix-vector kernel walks rows side by side, a row a lane.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_KERNELS_MATVECSCHEDULE_H
#define SPNN_LIB_LOWERING_KERNELS_MATVECSCHEDULE_H

#include "RowPattern.h"

#include <cstdint>
#include <vector>

namespace spnn {

/// Slices of `lanes` rows. A step of a slice gives each lane at most one nonzero of its row.
///
/// Chunks own runs of neighbouring rows with equal shares of the nonzeros; inside a chunk rows are sorted by length, so
/// that the lanes of a slice end together. Where rows run out, the last slice repeats the last row: it is computed
/// twice, with equal results, and no lane needs a mask.
struct MatvecSchedule {
  int64_t lanes = 1;
  std::vector<int64_t> bounds{0};    ///< slice at which a chunk begins, chunks + 1
  std::vector<int64_t> positions{0}; ///< step at which a slice begins, slices + 1
  std::vector<int64_t> rows;         ///< row of a lane, slices * lanes
  std::vector<int64_t> bases;        ///< first column of a step's window; empty without windows
  std::vector<int64_t> columns;      ///< column of a lane in a step, steps * lanes
  std::vector<bool> isIdle;          ///< whether a lane has nothing to do in a step, steps * lanes

  int64_t steps() const { return positions.back(); }
};

/// Each step takes the next nonzero of each row, wherever it lies; a slice has as many steps as its longest row has
/// nonzeros. An idle lane's column is one where its row holds no nonzero: what is multiplied there is a zero weight
/// that the dense matrix has too.
MatvecSchedule scheduleLockstep(const RowPattern &pattern, int64_t lanes, int64_t chunks);

/// Each step takes the next nonzero of those rows that have it in a window of `window` columns from the step's base on,
/// the smallest column that is still to do, rounded down to a multiple of `alignment`, or less where the window would
/// pass the last column. A row may thus run ahead of the others by almost a window. Slices have an even number of
/// steps. An idle lane's column is the base.
MatvecSchedule scheduleWindows(const RowPattern &pattern, int64_t lanes, int64_t window, int64_t alignment,
                               int64_t chunks);

} // namespace spnn

#endif // SPNN_LIB_LOWERING_KERNELS_MATVECSCHEDULE_H
