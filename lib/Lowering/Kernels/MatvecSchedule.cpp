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
#include "MatvecSchedule.h"
#include "KernelEmitter.h"

#include <algorithm>
#include <utility>

using namespace spnn;

/// Deals rows out to chunks and slices; `emit(schedule, rows of a slice)` appends the steps of one slice.
template <typename Emit>
static MatvecSchedule scheduleSlices(const RowPattern &pattern, int64_t lanes, int64_t chunks, Emit emit) {
  MatvecSchedule schedule;
  schedule.lanes = lanes;
  int64_t rows = pattern.rows(), groups = (rows + lanes - 1) / lanes;
  // Chunks are made of whole slices, so that only the last one can be short of rows.
  std::vector<int64_t> weights(groups);
  for (int64_t group = 0; group < groups; ++group)
    weights[group] = pattern.positions[std::min(rows, (group + 1) * lanes)] - pattern.positions[group * lanes];
  std::vector<int64_t> bounds = balanceChunks(weights, chunks);
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    int64_t begin = std::min(rows, bounds[chunk] * lanes), end = std::min(rows, bounds[chunk + 1] * lanes);
    std::vector<int64_t> order;
    for (int64_t row = begin; row < end; ++row)
      order.push_back(row);
    std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      return std::make_pair(pattern.length(a), a) < std::make_pair(pattern.length(b), b);
    });
    if (!order.empty())
      order.resize((order.size() + lanes - 1) / lanes * lanes, order.back());
    for (size_t first = 0; first < order.size(); first += lanes) {
      std::vector<int64_t> slice(order.begin() + first, order.begin() + first + lanes);
      schedule.rows.insert(schedule.rows.end(), slice.begin(), slice.end());
      emit(schedule, slice);
      schedule.positions.push_back(static_cast<int64_t>(schedule.isIdle.size()) / lanes);
    }
    schedule.bounds.push_back(static_cast<int64_t>(schedule.positions.size()) - 1);
  }
  return schedule;
}

MatvecSchedule spnn::scheduleLockstep(const RowPattern &pattern, int64_t lanes, int64_t chunks) {
  return scheduleSlices(pattern, lanes, chunks, [&](MatvecSchedule &schedule, const std::vector<int64_t> &rows) {
    int64_t steps = 0;
    std::vector<int64_t> spare; // a column without a nonzero, in each row that has one
    for (int64_t row : rows) {
      steps = std::max(steps, pattern.length(row));
      int64_t col = 0;
      while (col < pattern.length(row) && pattern.columns[pattern.positions[row] + col] == col)
        ++col;
      spare.push_back(col);
    }
    for (int64_t step = 0; step < steps; ++step)
      for (size_t lane = 0; lane < rows.size(); ++lane) {
        // A lane that idles is shorter than another row, so it has a spare column.
        bool idle = step >= pattern.length(rows[lane]);
        schedule.isIdle.push_back(idle);
        schedule.columns.push_back(idle ? spare[lane] : pattern.columns[pattern.positions[rows[lane]] + step]);
      }
  });
}

MatvecSchedule spnn::scheduleWindows(const RowPattern &pattern, int64_t lanes, int64_t window, int64_t alignment,
                                     int64_t chunks) {
  int64_t lastBase = std::max<int64_t>(0, pattern.cols - window);
  return scheduleSlices(pattern, lanes, chunks, [&](MatvecSchedule &schedule, const std::vector<int64_t> &rows) {
    std::vector<int64_t> next, ends; // of each lane, in pattern.columns
    for (int64_t row : rows) {
      next.push_back(pattern.positions[row]);
      ends.push_back(pattern.positions[row + 1]);
    }
    size_t first = schedule.bases.size();
    while (true) {
      int64_t least = pattern.cols;
      for (size_t lane = 0; lane < rows.size(); ++lane)
        if (next[lane] < ends[lane])
          least = std::min(least, pattern.columns[next[lane]]);
      // An odd number of steps gets one more, in which all lanes idle.
      if (least == pattern.cols && (schedule.bases.size() - first) % 2 == 0)
        break;
      int64_t base = least == pattern.cols ? 0 : std::min(least / alignment * alignment, lastBase);
      schedule.bases.push_back(base);
      for (size_t lane = 0; lane < rows.size(); ++lane) {
        bool active = next[lane] < ends[lane] && pattern.columns[next[lane]] < base + window;
        schedule.isIdle.push_back(!active);
        schedule.columns.push_back(active ? pattern.columns[next[lane]++] : base);
      }
    }
  });
}
