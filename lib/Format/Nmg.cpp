//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The n:m:g format: of every m rows each column keeps n, and columns with the same kept rows are stored together.
//
//===----------------------------------------------------------------------===//
#include "FormatUtils.h"

#include "spnn/Format/NmgPatterns.h"

#include <algorithm>

using namespace spnn::format;
using namespace spnn::format::detail;

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

static int countBits(uint32_t bits) {
  int count = 0;
  for (; bits; bits &= bits - 1)
    ++count;
  return count;
}

std::string Nmg::str() const { return std::to_string(n) + ":" + std::to_string(m) + ":" + std::to_string(g); }

std::optional<std::string> Nmg::check() const {
  constexpr int64_t kMaxRows = 16, kMaxCols = 1 << 16;
  if (n < 1 || n > m || m > kMaxRows)
    return "n:m:g must satisfy 1 <= n <= m <= 16, got " + str();
  if (g < 1 || g > kMaxCols / countPatterns())
    return "n:m:g needs g >= 1 and groups of at most 65536 columns, got " + str();
  return std::nullopt;
}

std::vector<uint32_t> Nmg::listPatterns() const {
  std::vector<uint32_t> patterns;
  for (uint32_t pattern = 0; pattern < uint32_t(1) << m; ++pattern)
    if (countBits(pattern) == n)
      patterns.push_back(pattern);
  return patterns;
}

namespace {
/// Matches columns with patterns that hold them, g columns a pattern, by augmenting paths (Kuhn's algorithm).
class PatternMatcher {
public:
  PatternMatcher(const Nmg &nmg, const std::vector<uint32_t> &needed)
      : patterns(nmg.listPatterns()), g(nmg.g), needed(needed), columnsOf(patterns.size()), result(needed.size(), -1) {}

  std::optional<std::vector<int64_t>> match() {
    // Columns with a choice come last, so paths are short.
    std::vector<std::pair<int, size_t>> order;
    for (size_t column = 0; column < needed.size(); ++column)
      order.emplace_back(-countBits(needed[column]), column);
    std::sort(order.begin(), order.end());
    for (auto [bits, column] : order) {
      visited.assign(patterns.size(), false);
      if (!place(column))
        return std::nullopt;
    }
    return result;
  }

private:
  bool place(size_t column) {
    for (size_t p = 0; p < patterns.size(); ++p) {
      if (visited[p] || (needed[column] & ~patterns[p]) != 0)
        continue;
      visited[p] = true;
      std::vector<size_t> &taken = columnsOf[p];
      if (static_cast<int64_t>(taken.size()) < g) {
        taken.push_back(column);
        result[column] = static_cast<int64_t>(p);
        return true;
      }
      for (size_t &other : taken)
        if (place(other)) {
          other = column;
          result[column] = static_cast<int64_t>(p);
          return true;
        }
    }
    return false;
  }

  std::vector<uint32_t> patterns;
  int64_t g;
  const std::vector<uint32_t> &needed;
  std::vector<std::vector<size_t>> columnsOf;
  std::vector<bool> visited;
  std::vector<int64_t> result;
};
} // namespace

std::optional<std::vector<int64_t>> spnn::format::assignPatterns(const Nmg &nmg, const std::vector<uint32_t> &needed) {
  return PatternMatcher(nmg, needed).match();
}

//===----------------------------------------------------------------------===//
// The format
//===----------------------------------------------------------------------===//

namespace {
/// Parameters out of range are kept as a problem that checkShape reports, and replaced by harmless ones.
class NmgFormat final : public SparseFormat {
public:
  explicit NmgFormat(Nmg given) : ratio(given.str()), nmg(given), parameterProblem(given.check()) {
    if (parameterProblem)
      nmg = Nmg();
    patterns = nmg.listPatterns();
  }

  std::string name() const override { return "nmg" + ratio; }
  Problem checkShape(Shape shape) const override;
  std::vector<BufferSpec> buffers(Shape shape, unsigned valueBytes) const override;
  Problem checkPack(const DenseMatrix &matrix) const override;
  Storage pack(const DenseMatrix &matrix) const override;
  Problem checkStorage(Shape shape, unsigned valueBytes, const Storage &storage) const override;
  DenseMatrix unpack(Shape shape, unsigned valueBytes, bool isFloat, const Storage &storage) const override;
  int64_t countStoredValues(const DenseMatrix &matrix) const override { return storedColumns(matrix.shape) * nmg.n; }

protected:
  int64_t bufferLength(const BufferSpec &spec, Shape shape, int64_t storedValues) const override {
    return storedValues;
  }

private:
  int64_t groupCols() const { return static_cast<int64_t>(patterns.size()) * nmg.g; }
  int64_t storedColumns(Shape shape) const { return shape.rows / nmg.m * shape.cols; }
  /// The rows of a strip in which the columns of a group have nonzeros.
  std::vector<uint32_t> findNeeded(const DenseMatrix &matrix, int64_t row, int64_t firstCol) const;

  std::string ratio; ///< as given
  Nmg nmg;
  Problem parameterProblem;
  std::vector<uint32_t> patterns;
};
} // namespace

/// The order of buffers().
enum { IndicesBuffer, ValuesBuffer };

Problem NmgFormat::checkShape(Shape shape) const {
  if (parameterProblem)
    return parameterProblem;
  if (Problem problem = checkExtents(shape))
    return problem;
  if (shape.rows % nmg.m != 0)
    return "rows must be a multiple of " + std::to_string(nmg.m) + ", got " + std::to_string(shape.rows);
  if (shape.cols % groupCols() != 0)
    return "columns must be a multiple of " + std::to_string(groupCols()) + ", a group of " + ratio + ", got " +
           std::to_string(shape.cols);
  return std::nullopt;
}

std::vector<BufferSpec> NmgFormat::buffers(Shape shape, unsigned valueBytes) const {
  int64_t columns = storedColumns(shape);
  return {{"indices", BufferKind::Indices, 2, columns}, {"values", BufferKind::Values, valueBytes, columns * nmg.n}};
}

std::vector<uint32_t> NmgFormat::findNeeded(const DenseMatrix &matrix, int64_t row, int64_t firstCol) const {
  std::vector<uint32_t> needed(groupCols());
  for (int64_t c = 0; c < groupCols(); ++c)
    for (int64_t r = 0; r < nmg.m; ++r)
      needed[c] |= uint32_t(!matrix.isZero(row + r, firstCol + c)) << r;
  return needed;
}

Problem NmgFormat::checkPack(const DenseMatrix &matrix) const {
  if (Problem problem = checkShape(matrix.shape))
    return problem;
  if (Problem problem = checkMatrix(matrix))
    return problem;
  for (int64_t row = 0; row < matrix.shape.rows; row += nmg.m)
    for (int64_t col = 0; col < matrix.shape.cols; col += groupCols()) {
      std::vector<uint32_t> needed = findNeeded(matrix, row, col);
      std::string rows = "rows " + std::to_string(row) + ".." + std::to_string(row + nmg.m - 1) + ", column";
      for (int64_t c = 0; c < groupCols(); ++c)
        if (countBits(needed[c]) > nmg.n)
          return rows + " " + std::to_string(col + c) + " hold " + std::to_string(countBits(needed[c])) +
                 " nonzeros, " + ratio + " allows " + std::to_string(nmg.n);
      if (!assignPatterns(nmg, needed))
        return rows + "s " + std::to_string(col) + ".." + std::to_string(col + groupCols() - 1) +
               " have too many nonzeros in the same rows: " + ratio + " allows " + std::to_string(nmg.g) +
               " columns a pattern";
    }
  return std::nullopt;
}

Storage NmgFormat::pack(const DenseMatrix &matrix) const {
  int64_t columns = storedColumns(matrix.shape);
  StorageBuffer indices = makeBuffer(2, columns);
  StorageBuffer values = makeBuffer(matrix.elementBytes, columns * nmg.n);
  int64_t at = 0, entry = 0;
  for (int64_t row = 0; row < matrix.shape.rows; row += nmg.m)
    for (int64_t col = 0; col < matrix.shape.cols; col += groupCols()) {
      std::vector<int64_t> chosen = *assignPatterns(nmg, findNeeded(matrix, row, col));
      for (size_t p = 0; p < patterns.size(); ++p)
        for (int64_t c = 0; c < groupCols(); ++c) {
          if (chosen[c] != static_cast<int64_t>(p))
            continue;
          indices.setUnsigned(at++, c);
          for (int64_t r = 0; r < nmg.m; ++r)
            if (patterns[p] >> r & 1)
              storeElement(matrix, row + r, col + c, values, entry++);
        }
    }
  return {std::move(indices), std::move(values)};
}

Problem NmgFormat::checkStorage(Shape shape, unsigned valueBytes, const Storage &storage) const {
  if (Problem problem = checkShape(shape))
    return problem;
  // The lengths are fixed by the shape, so this also checks n a column and g a pattern.
  if (Problem problem = checkBuffers(buffers(shape, valueBytes), storage))
    return problem;
  const StorageBuffer &indices = storage[IndicesBuffer];
  std::vector<bool> seen(groupCols());
  for (int64_t entry = 0, e = indices.size(); entry < e; ++entry) {
    uint64_t index = indices.getUnsigned(entry);
    if (index >= static_cast<uint64_t>(groupCols()))
      return entryProblem("indices", entry, "less than " + std::to_string(groupCols()), index);
    if (entry % groupCols() == 0)
      seen.assign(groupCols(), false);
    if (entry % nmg.g != 0 && index <= indices.getUnsigned(entry - 1))
      return entryProblem(
          "indices", entry,
          "more than the index before it in its pattern, " + std::to_string(indices.getUnsigned(entry - 1)), index);
    if (seen[index])
      return entryProblem("indices", entry, "a column that its group does not have yet", index);
    seen[index] = true;
  }
  return std::nullopt;
}

DenseMatrix NmgFormat::unpack(Shape shape, unsigned valueBytes, bool isFloat, const Storage &storage) const {
  DenseMatrix matrix = makeDense(shape, valueBytes, isFloat);
  int64_t at = 0, entry = 0;
  for (int64_t row = 0; row < shape.rows; row += nmg.m)
    for (int64_t col = 0; col < shape.cols; col += groupCols())
      for (uint32_t pattern : patterns)
        for (int64_t i = 0; i < nmg.g; ++i) {
          auto index = static_cast<int64_t>(storage[IndicesBuffer].getUnsigned(at++));
          for (int64_t r = 0; r < nmg.m; ++r)
            if (pattern >> r & 1)
              loadElement(storage[ValuesBuffer], entry++, matrix, row + r, col + index);
        }
  return matrix;
}

std::unique_ptr<SparseFormat> spnn::format::makeNmg(Nmg nmg) { return std::make_unique<NmgFormat>(nmg); }
