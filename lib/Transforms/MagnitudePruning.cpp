//===- MagnitudePruning.cpp - Which weights to keep -----------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Magnitude pruning by selection: every block gets a norm, and the smallest
// ones go.
//
//===----------------------------------------------------------------------===//

#include "spnn/Transforms/MagnitudePruning.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace spnn;
using namespace spnn::pruning;

using Problem = std::optional<std::string>;

int64_t KeepMask::countKept() const {
  return std::count_if(keep.begin(), keep.end(),
                       [](uint8_t flag) { return flag != 0; });
}

static double loadWeight(Weights weights, int64_t row, int64_t col) {
  return format::loadFloat(weights.type, weights.matrix->element(row, col));
}

/// The matrix is well formed and holds no NaN; raises `largest` to the largest
/// finite magnitude.
static Problem checkWeights(Weights weights, double &largest) {
  const format::DenseMatrix &matrix = *weights.matrix;
  auto [rows, cols] = matrix.shape;
  if (rows < 0 || cols < 0)
    return "shape must not be negative, got " + std::to_string(rows) + " x " +
           std::to_string(cols);
  if (matrix.elementBytes != format::getFloatBytes(weights.type))
    return "elements: expected " +
           std::to_string(format::getFloatBytes(weights.type)) +
           " bytes, found " + std::to_string(matrix.elementBytes);
  // Divided, not multiplied, so that no shape overflows.
  uint64_t elements = matrix.data.size() / matrix.elementBytes;
  bool fits = rows == 0 || cols == 0
                  ? elements == 0
                  : elements / static_cast<uint64_t>(cols) ==
                            static_cast<uint64_t>(rows) &&
                        elements % static_cast<uint64_t>(cols) == 0;
  if (!fits || matrix.data.size() % matrix.elementBytes != 0)
    return "data: expected " + std::to_string(rows) + " x " +
           std::to_string(cols) + " elements of " +
           std::to_string(matrix.elementBytes) + " bytes, found " +
           std::to_string(matrix.data.size()) + " bytes";
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t col = 0; col < cols; ++col) {
      double magnitude = std::abs(loadWeight(weights, row, col));
      if (std::isnan(magnitude))
        return "row " + std::to_string(row) + ", column " +
               std::to_string(col) + ": the weight is NaN";
      if (!std::isinf(magnitude))
        largest = std::max(largest, magnitude);
    }
  return std::nullopt;
}

static Problem checkSparsity(double sparsity) {
  if (sparsity >= 0 && sparsity <= 1)
    return std::nullopt;
  return "sparsity must be in 0..1, got " + std::to_string(sparsity);
}

static Problem checkGranularity(const Granularity &granularity) {
  if (granularity.blockRows >= 1 && granularity.blockCols >= 1)
    return std::nullopt;
  return "block extents must be positive, got " +
         std::to_string(granularity.blockRows) + " x " +
         std::to_string(granularity.blockCols);
}

static KeepMask makeFullMask(format::Shape shape) {
  return {shape, std::vector<uint8_t>(shape.rows * shape.cols, 1)};
}

/// One past the end of a block of `size` that starts at `begin`.
static int64_t getEnd(int64_t begin, int64_t size, int64_t extent) {
  return begin + std::min(size, extent - begin);
}

/// The norm of the block at (row, col), of L2 the square; weights are divided
/// by 2^exponent.
static double getNorm(Weights weights, int64_t row, int64_t col,
                      const Granularity &granularity, int exponent) {
  format::Shape shape = weights.matrix->shape;
  int64_t rowEnd = getEnd(row, granularity.blockRows, shape.rows);
  int64_t colEnd = getEnd(col, granularity.blockCols, shape.cols);
  double sum = 0;
  for (int64_t i = row; i < rowEnd; ++i)
    for (int64_t j = col; j < colEnd; ++j) {
      double magnitude =
          std::ldexp(std::abs(loadWeight(weights, i, j)), -exponent);
      sum +=
          granularity.norm == BlockNorm::L1 ? magnitude : magnitude * magnitude;
    }
  return sum;
}

/// Calls `visit(row, col)` with the first position of every block, in order.
template <typename Visitor>
static void forEachBlock(format::Shape shape, const Granularity &granularity,
                         Visitor visit) {
  for (int64_t row = 0; row < shape.rows;
       row = getEnd(row, granularity.blockRows, shape.rows))
    for (int64_t col = 0; col < shape.cols;
         col = getEnd(col, granularity.blockCols, shape.cols))
      visit(row, col);
}

/// Flags all but the round(sparsity x size) smallest norms, of equal ones those
/// at the smaller index.
static std::vector<uint8_t> keepLargest(const std::vector<double> &norms,
                                        double sparsity) {
  std::vector<uint8_t> kept(norms.size(), 1);
  int64_t pruned = std::llround(sparsity * static_cast<double>(norms.size()));
  if (pruned == 0)
    return kept;
  std::vector<double> sorted = norms;
  auto last = sorted.begin() + (pruned - 1);
  std::nth_element(sorted.begin(), last, sorted.end());
  double threshold = *last;
  int64_t equalOnes =
      pruned - std::count_if(norms.begin(), norms.end(),
                             [&](double norm) { return norm < threshold; });
  for (size_t i = norms.size(); i-- > 0;)
    if (norms[i] < threshold || (norms[i] == threshold && equalOnes-- > 0))
      kept[i] = 0;
  return kept;
}

Problem pruning::pruneGlobally(const std::vector<Weights> &weights,
                               double sparsity, const Granularity &granularity,
                               std::vector<KeepMask> &masks) {
  if (Problem problem = checkSparsity(sparsity))
    return problem;
  if (Problem problem = checkGranularity(granularity))
    return problem;
  double largest = 0;
  for (size_t k = 0; k < weights.size(); ++k)
    if (Problem problem = checkWeights(weights[k], largest))
      return weights.size() == 1
                 ? problem
                 : "matrix " + std::to_string(k) + ", " + *problem;

  // Scaling by a power of two keeps sums and squares of large and of small
  // weights in range without rounding them.
  int exponent = largest == 0 ? 0 : std::ilogb(largest);
  std::vector<double> norms;
  for (const Weights &matrix : weights)
    forEachBlock(
        matrix.matrix->shape, granularity, [&](int64_t row, int64_t col) {
          norms.push_back(getNorm(matrix, row, col, granularity, exponent));
        });
  std::vector<uint8_t> kept = keepLargest(norms, sparsity);

  masks.clear();
  size_t block = 0;
  for (const Weights &matrix : weights) {
    format::Shape shape = matrix.matrix->shape;
    KeepMask &mask = masks.emplace_back(makeFullMask(shape));
    forEachBlock(shape, granularity, [&](int64_t row, int64_t col) {
      if (kept[block++])
        return;
      int64_t width = getEnd(col, granularity.blockCols, shape.cols) - col;
      for (int64_t rowEnd = getEnd(row, granularity.blockRows, shape.rows);
           row < rowEnd; ++row)
        std::memset(&mask.keep[row * shape.cols + col], 0, width);
    });
  }
  return std::nullopt;
}

Problem pruning::pruneByMagnitude(Weights weights, double sparsity,
                                  const Granularity &granularity,
                                  KeepMask &mask) {
  std::vector<KeepMask> masks;
  if (Problem problem = pruneGlobally({weights}, sparsity, granularity, masks))
    return problem;
  mask = std::move(masks.front());
  return std::nullopt;
}

Problem pruning::pruneToNm(Weights weights, int64_t n, int64_t m,
                           KeepMask &mask) {
  if (n < 1 || n > m)
    return "n:m must satisfy 1 <= n <= m, got " + std::to_string(n) + ":" +
           std::to_string(m);
  double largest = 0;
  if (Problem problem = checkWeights(weights, largest))
    return problem;
  format::Shape shape = weights.matrix->shape;
  mask = makeFullMask(shape);
  std::vector<std::pair<double, int64_t>> group; // magnitude, column
  for (int64_t row = 0; row < shape.rows; ++row)
    for (int64_t begin = 0; begin < shape.cols;
         begin = getEnd(begin, m, shape.cols)) {
      group.clear();
      for (int64_t col = begin, e = getEnd(begin, m, shape.cols); col < e;
           ++col)
        group.push_back({std::abs(loadWeight(weights, row, col)), col});
      if (static_cast<int64_t>(group.size()) <= n)
        continue;
      std::nth_element(group.begin(), group.begin() + n, group.end(),
                       [](const auto &a, const auto &b) {
                         return a.first != b.first ? a.first > b.first
                                                   : a.second < b.second;
                       });
      for (auto it = group.begin() + n; it != group.end(); ++it)
        mask.keep[row * shape.cols + it->second] = 0;
    }
  return std::nullopt;
}

/// The pattern of each column of a group, where `kept[c * patterns + p]` is what column c keeps by pattern p.
static std::vector<int64_t> choosePatterns(const std::vector<double> &kept, int64_t patterns, int64_t g) {
  int64_t columns = patterns * g;
  std::vector<int64_t> order(kept.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = static_cast<int64_t>(i);
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return kept[a] != kept[b] ? kept[a] > kept[b] : a < b; });
  std::vector<int64_t> chosen(columns, -1), taken(patterns, 0);
  for (int64_t pair : order) {
    int64_t column = pair / patterns, pattern = pair % patterns;
    if (chosen[column] >= 0 || taken[pattern] == g)
      continue;
    chosen[column] = pattern;
    ++taken[pattern];
  }
  // Each exchange keeps more, so this ends; large groups, with columns for every pattern to choose from, gain little by it.
  constexpr int64_t kMaxExchanged = 512;
  for (bool moved = columns <= kMaxExchanged; moved;) {
    moved = false;
    for (int64_t a = 0; a < columns; ++a)
      for (int64_t b = a + 1; b < columns; ++b) {
        double before = kept[a * patterns + chosen[a]] + kept[b * patterns + chosen[b]];
        double after = kept[a * patterns + chosen[b]] + kept[b * patterns + chosen[a]];
        // Clearly more: sums of rounded numbers must not take turns for ever.
        if (!(after > before * (1 + 1e-12)))
          continue;
        std::swap(chosen[a], chosen[b]);
        moved = true;
      }
  }
  return chosen;
}

Problem pruning::pruneToNmg(Weights weights, const format::Nmg &nmg, KeepMask &mask) {
  if (Problem problem = nmg.check())
    return problem;
  format::Shape shape = weights.matrix->shape;
  if (Problem problem = format::makeNmg(nmg)->checkShape(shape))
    return problem;
  double largest = 0;
  if (Problem problem = checkWeights(weights, largest))
    return problem;
  mask = makeFullMask(shape);
  std::vector<uint32_t> patterns = nmg.listPatterns();
  int64_t count = static_cast<int64_t>(patterns.size()), columns = count * nmg.g;
  std::vector<double> kept(columns * count);
  for (int64_t row = 0; row < shape.rows; row += nmg.m)
    for (int64_t col = 0; col < shape.cols; col += columns) {
      for (int64_t c = 0; c < columns; ++c)
        for (int64_t p = 0; p < count; ++p) {
          double sum = 0;
          for (int64_t r = 0; r < nmg.m; ++r)
            if (patterns[p] >> r & 1)
              sum += std::abs(loadWeight(weights, row + r, col + c));
          kept[c * count + p] = sum;
        }
      std::vector<int64_t> chosen = choosePatterns(kept, count, nmg.g);
      for (int64_t c = 0; c < columns; ++c)
        for (int64_t r = 0; r < nmg.m; ++r)
          if (!(patterns[chosen[c]] >> r & 1))
            mask.keep[(row + r) * shape.cols + col + c] = 0;
    }
  return std::nullopt;
}

void pruning::applyMask(const KeepMask &mask, format::DenseMatrix &matrix) {
  for (size_t i = 0; i < mask.keep.size(); ++i)
    if (mask.keep[i] == 0)
      std::memset(matrix.data.data() + i * matrix.elementBytes, 0,
                  matrix.elementBytes);
}
