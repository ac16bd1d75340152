//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The weight matrices of the benchmarks.
//
//===----------------------------------------------------------------------===//
#include "Matrix.h"

#include "spnn/Format/NmgPatterns.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <numeric>
#include <random>

using namespace spnn::bench;

std::string Pattern::name() const {
  char text[160];
  switch (kind) {
  case Kind::Unstructured:
    snprintf(text, sizeof(text), "unstructured/%.2f", sparsity);
    break;
  case Kind::Block:
    snprintf(text, sizeof(text), "block%lldx%lld/%.2f", (long long)r, (long long)c, sparsity);
    break;
  case Kind::NM:
    snprintf(text, sizeof(text), "%lld:%lld/%.2f", (long long)r, (long long)c, 1 - double(r) / double(c));
    break;
  case Kind::NMG:
    snprintf(text, sizeof(text), "%lld:%lld:%lld/%.2f", (long long)r, (long long)c, (long long)g,
             1 - double(r) / double(c));
    break;
  case Kind::File:
    snprintf(text, sizeof(text), "%s/%.2f", label.c_str(), sparsity);
    break;
  }
  return text;
}

std::string Pattern::format() const {
  if (kind == Kind::NMG)
    return "nmg" + format::Nmg{r, c, g}.str();
  std::string block = std::to_string(r) + (kind == Kind::NM ? ":" : "x") + std::to_string(c);
  return kind == Kind::Block ? "bsr" + block : kind == Kind::NM ? "nm" + block : "csr";
}

bool spnn::bench::readSmtxHeader(const std::string &path, int64_t &rows, int64_t &cols, double &sparsity) {
  std::ifstream file(path);
  char comma;
  int64_t nonzeros;
  if (!(file >> rows >> comma >> cols >> comma >> nonzeros) || rows < 1 || cols < 1)
    return false;
  sparsity = 1 - static_cast<double>(nonzeros) / (static_cast<double>(rows) * cols);
  return true;
}

static bool readSmtx(const std::string &path, Matrix &matrix) {
  double sparsity;
  if (!readSmtxHeader(path, matrix.rows, matrix.cols, sparsity))
    return false;
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  matrix.positions.resize(matrix.rows + 1);
  for (int32_t &position : matrix.positions)
    if (!(file >> position))
      return false;
  if (matrix.positions.back() < 0)
    return false;
  matrix.indices.resize(matrix.positions.back());
  for (int32_t &index : matrix.indices)
    if (!(file >> index) || index < 0 || index >= matrix.cols)
      return false;
  return matrix.positions.front() == 0 && std::is_sorted(matrix.positions.begin(), matrix.positions.end());
}

std::optional<Matrix> spnn::bench::makeMatrix(const Pattern &pattern, int64_t rows, int64_t cols, uint64_t seed) {
  std::mt19937_64 random(seed * 0x9E3779B97F4A7C15u + 1);
  std::uniform_real_distribution<double> unit(0, 1);
  Matrix matrix;
  matrix.rows = rows;
  matrix.cols = cols;
  std::vector<char> keep(rows * cols, 0);
  switch (pattern.kind) {
  case Pattern::Kind::File: {
    Matrix file;
    if (!readSmtx(pattern.path, file))
      return std::nullopt;
    matrix.rows = rows = file.rows;
    matrix.cols = cols = file.cols;
    keep.assign(rows * cols, 0);
    for (int64_t row = 0; row < rows; ++row)
      for (int32_t p = file.positions[row]; p < file.positions[row + 1]; ++p)
        keep[(row + seed * 37) % rows * cols + file.indices[p]] = 1;
    break;
  }
  case Pattern::Kind::Unstructured:
  case Pattern::Kind::Block:
    for (int64_t row = 0; row < rows / pattern.r; ++row)
      for (int64_t col = 0; col < cols / pattern.c; ++col)
        if (unit(random) >= pattern.sparsity)
          for (int64_t i = 0; i < pattern.r; ++i)
            for (int64_t j = 0; j < pattern.c; ++j)
              keep[(row * pattern.r + i) * cols + col * pattern.c + j] = 1;
    break;
  case Pattern::Kind::NM:
    for (int64_t group = 0; group < rows * cols / pattern.c; ++group) {
      std::vector<int> order(pattern.c);
      std::iota(order.begin(), order.end(), 0);
      std::shuffle(order.begin(), order.end(), random);
      for (int64_t i = 0; i < pattern.r; ++i)
        keep[group * pattern.c + order[i]] = 1;
    }
    break;
  case Pattern::Kind::NMG: {
    format::Nmg nmg{pattern.r, pattern.c, pattern.g};
    std::vector<uint32_t> patterns = nmg.listPatterns();
    std::vector<int64_t> order(nmg.groupCols());
    std::iota(order.begin(), order.end(), 0);
    for (int64_t row = 0; row + nmg.m <= rows; row += nmg.m)
      for (int64_t col = 0; col + nmg.groupCols() <= cols; col += nmg.groupCols()) {
        std::shuffle(order.begin(), order.end(), random);
        for (size_t i = 0; i < order.size(); ++i)
          for (int64_t bit = 0; bit < nmg.m; ++bit)
            if (patterns[i / nmg.g] >> bit & 1)
              keep[(row + bit) * cols + col + order[i]] = 1;
      }
    break;
  }
  }
  matrix.dense.assign(rows * cols, 0);
  matrix.positions = {0};
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t col = 0; col < cols; ++col) {
      if (!keep[row * cols + col])
        continue;
      double magnitude = 0.1 + 0.9 * unit(random);
      float value = static_cast<float>(unit(random) < 0.5 ? -magnitude : magnitude);
      matrix.dense[row * cols + col] = value;
      matrix.indices.push_back(static_cast<int32_t>(col));
      matrix.values.push_back(value);
    }
    matrix.positions.push_back(static_cast<int32_t>(matrix.indices.size()));
  }
  return matrix;
}

std::vector<float> spnn::bench::makeActivations(int64_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<float> values(-1, 1);
  std::vector<float> result(count);
  for (float &value : result)
    value = values(random);
  return result;
}

std::vector<float> spnn::bench::transposed(const std::vector<float> &matrix, int64_t rows, int64_t cols) {
  std::vector<float> result(matrix.size());
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t col = 0; col < cols; ++col)
      result[col * rows + row] = matrix[row * cols + col];
  return result;
}

Reference::Reference(const Matrix &weights, const std::vector<float> &x, int64_t columns)
    : product(weights.rows * columns), bound(weights.rows * columns) {
  for (int64_t row = 0; row < weights.rows; ++row) {
    double *sum = product.data() + row * columns, *magnitude = bound.data() + row * columns;
    int32_t begin = weights.positions[row], end = weights.positions[row + 1];
    for (int32_t p = begin; p < end; ++p) {
      const float *in = x.data() + weights.indices[p] * columns;
      double value = weights.values[p];
      for (int64_t j = 0; j < columns; ++j) {
        double term = value * in[j];
        sum[j] += term;
        magnitude[j] += std::fabs(term);
      }
    }
    // A sum of t rounded products in any order is off by t + 1 half units in the last place at most.
    for (int64_t j = 0; j < columns; ++j)
      magnitude[j] = magnitude[j] * (end - begin + 1) * 0x1p-24 + std::numeric_limits<float>::min();
  }
}

double Reference::compare(const float *result) const {
  double worst = 0;
  for (size_t i = 0; i < product.size(); ++i) {
    double error = std::fabs(result[i] - product[i]) / bound[i];
    // NaN is as wrong as can be.
    worst = error <= worst ? worst : error == error ? error : std::numeric_limits<double>::infinity();
  }
  return worst;
}
