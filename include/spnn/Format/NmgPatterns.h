//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The groups of n:m:g sparsity (STen, arXiv:2304.07613): which columns take which pattern.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_FORMAT_NMGPATTERNS_H
#define SPNN_FORMAT_NMGPATTERNS_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace spnn::format {

/// n:m:g: in a strip of m rows each column keeps n of them, a *pattern*; of the C(m, n) * g columns of a group each
/// pattern has g.
struct Nmg {
  int64_t n = 1, m = 1, g = 1;

  /// "2:4:16"
  std::string str() const;

  /// The rule that the parameters break, or std::nullopt: 1 <= n <= m <= 16, g >= 1, and groups of at most 65536
  /// columns, which indices of 16 bits can name.
  std::optional<std::string> check() const;

  /// All patterns, as bits of the rows of a strip, ascending. For valid parameters.
  std::vector<uint32_t> listPatterns() const;

  int64_t countPatterns() const { return static_cast<int64_t>(listPatterns().size()); }
  /// Columns of a group.
  int64_t groupCols() const { return countPatterns() * g; }
};

/// A pattern (its number in listPatterns) for each column of a group, where the rows of column c in which a value must
/// be kept are the bits of `needed[c]`; the first in a fixed order. std::nullopt if g columns a pattern do not hold
/// them.
std::optional<std::vector<int64_t>> assignPatterns(const Nmg &nmg, const std::vector<uint32_t> &needed);

} // namespace spnn::format

#endif // SPNN_FORMAT_NMGPATTERNS_H
