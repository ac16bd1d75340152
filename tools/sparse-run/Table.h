//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Aligned tables of text, and numbers as they stand in them.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TOOLS_SPARSERUN_TABLE_H
#define SPNN_TOOLS_SPARSERUN_TABLE_H

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace spnn::run {

/// Rows of text whose columns are aligned: the first ones to the left, those
/// from `firstNumber` on to the right.
class Table {
public:
  explicit Table(size_t firstNumber) : firstNumber(firstNumber) {}
  void add(std::vector<std::string> row) { rows.push_back(std::move(row)); }
  std::string print() const {
    std::vector<size_t> widths;
    for (const auto &row : rows) {
      widths.resize(std::max(widths.size(), row.size()));
      for (size_t i = 0; i < row.size(); ++i)
        widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text;
    for (const auto &row : rows) {
      std::string line;
      for (size_t i = 0; i < row.size(); ++i) {
        std::string pad(widths[i] - row[i].size(), ' ');
        line += (i ? "  " : "") + (i < firstNumber ? row[i] + pad : pad + row[i]);
      }
      line.resize(line.find_last_not_of(' ') + 1);
      text += line + "\n";
    }
    return text;
  }

private:
  size_t firstNumber;
  std::vector<std::vector<std::string>> rows;
};

inline std::string number(double value, const char *format = "%.4g") {
  char text[64];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

inline std::string seconds(double value) {
  if (value >= 1)
    return number(value, "%.4g s");
  if (value >= 1e-3)
    return number(value * 1e3, "%.4g ms");
  return number(value * 1e6, "%.4g us");
}

} // namespace spnn::run

#endif // SPNN_TOOLS_SPARSERUN_TABLE_H
