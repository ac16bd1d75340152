//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Contractions (matrix products, batched products, convolutions) as blocked products of gathered matrices.
//
//===----------------------------------------------------------------------===//
#include "Contraction.h"

#include "mlir/IR/Threading.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace spnn::reference;

/// Extents of a block of the gathered right operand: kBlockInner * kBlockColumns doubles stay in a second-level cache.
static constexpr int64_t kBlockInner = 256;
static constexpr int64_t kBlockColumns = 128;
/// Rows of one task, so that products with few columns are spread over threads as well.
static constexpr int64_t kTaskRows = 1024;

/// out[0..n) += sum over i of factors[i] * rows[i][0..n). Four rows at a time, which saves loads and stores of `out`.
static inline __attribute__((always_inline)) void addRows(const double *factors, const double *const *rows,
                                                          int64_t count, double *__restrict out, int64_t n) {
  int64_t i = 0;
  for (; i + 4 <= count; i += 4) {
    double f0 = factors[i], f1 = factors[i + 1], f2 = factors[i + 2], f3 = factors[i + 3];
    const double *r0 = rows[i], *r1 = rows[i + 1], *r2 = rows[i + 2], *r3 = rows[i + 3];
    for (int64_t j = 0; j < n; ++j)
      out[j] += (f0 * r0[j] + f1 * r1[j]) + (f2 * r2[j] + f3 * r3[j]);
  }
  for (; i < count; ++i) {
    double f = factors[i];
    const double *r = rows[i];
    for (int64_t j = 0; j < n; ++j)
      out[j] += f * r[j];
  }
}

using AddRows = void (*)(const double *, const double *const *, int64_t, double *, int64_t);

static void addRowsPortable(const double *factors, const double *const *rows, int64_t count, double *out, int64_t n) {
  addRows(factors, rows, count, out, n);
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void addRowsAvx2(const double *factors, const double *const *rows,
                                                            int64_t count, double *out, int64_t n) {
  addRows(factors, rows, count, out, n);
}
#endif

static AddRows chooseAddRows() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return addRowsAvx2;
#endif
  return addRowsPortable;
}

namespace {
struct Task {
  int64_t batch, firstRow, lastRow, firstColumn, lastColumn;
};
} // namespace

/// Adds one block of rows and columns of the output; `skipZeros` leaves out products with zeros of lhs, and
/// `maskZeros` those with zeros of rhs where that is not the same.
static void runTask(const Contraction &c, const Task &task, bool skipZeros, bool maskZeros, AddRows addRowsFn) {
  int64_t inner = c.lhs.second.size();
  int64_t columns = task.lastColumn - task.firstColumn;
  const double *lhs = c.lhsData + c.lhs.batch[task.batch];
  const double *rhs = c.rhsData + c.rhs.batch[task.batch];
  double *out = c.outData + c.out.batch[task.batch];
  std::vector<double> block(std::min(inner, kBlockInner) * columns), sums(columns);
  std::vector<double> factors(kBlockInner);
  std::vector<const double *> rows(kBlockInner);
  for (int64_t k0 = 0; k0 < inner; k0 += kBlockInner) {
    int64_t k1 = std::min(inner, k0 + kBlockInner);
    for (int64_t k = k0; k < k1; ++k)
      for (int64_t j = 0; j < columns; ++j)
        block[(k - k0) * columns + j] = rhs[c.rhs.first[k] + c.rhs.second[task.firstColumn + j]];
    for (int64_t i = task.firstRow; i < task.lastRow; ++i) {
      int64_t count = 0;
      for (int64_t k = k0; k < k1; ++k) {
        double factor = lhs[c.lhs.first[i] + c.lhs.second[k]];
        if (skipZeros && factor == 0)
          continue;
        factors[count] = factor;
        rows[count++] = block.data() + (k - k0) * columns;
      }
      if (count == 0)
        continue;
      double *target = out + c.out.first[i];
      for (int64_t j = 0; j < columns; ++j)
        sums[j] = target[c.out.second[task.firstColumn + j]];
      if (maskZeros) {
        for (int64_t p = 0; p < count; ++p)
          for (int64_t j = 0; j < columns; ++j)
            if (rows[p][j] != 0)
              sums[j] += factors[p] * rows[p][j];
      } else {
        addRowsFn(factors.data(), rows.data(), count, sums.data(), columns);
      }
      for (int64_t j = 0; j < columns; ++j)
        target[c.out.second[task.firstColumn + j]] = sums[j];
    }
  }
}

static bool allFinite(const double *data, int64_t size) {
  return std::all_of(data, data + size, [](double value) { return std::isfinite(value); });
}

/// Work in units of products, were the zeros of `data` skipped and the other operand's columns handled `columns` at
/// a time with an overhead of about four products each.
static double estimateCost(const double *data, int64_t size, bool skip, int64_t columns) {
  double zeros = skip ? static_cast<double>(std::count(data, data + size, 0.0)) : 0.0;
  double density = size ? (size - zeros) / size : 1.0;
  return (density * columns + 4) / std::max<int64_t>(columns, 1);
}

void spnn::reference::contract(MLIRContext *context, Contraction &c) {
  // A zero may be skipped if what it would be multiplied with is finite, or if the type says that it is no factor.
  bool lhsFinite = allFinite(c.lhsData, c.lhsSize), rhsFinite = allFinite(c.rhsData, c.rhsSize);
  bool skipLhs = c.lhsZerosVanish || rhsFinite, skipRhs = c.rhsZerosVanish || lhsFinite;
  // The operand in front is the one that is walked by its nonzeros: the sparser one, unless it has few columns to
  // spread over.
  double costAsIs = estimateCost(c.lhsData, c.lhsSize, skipLhs, c.rhs.second.size());
  double costSwapped = estimateCost(c.rhsData, c.rhsSize, skipRhs, c.lhs.first.size());
  if (costSwapped < costAsIs) {
    std::swap(c.lhs, c.rhs);
    std::swap(c.lhs.first, c.lhs.second);
    std::swap(c.rhs.first, c.rhs.second);
    std::swap(c.out.first, c.out.second);
    std::swap(c.lhsData, c.rhsData);
    std::swap(c.lhsSize, c.rhsSize);
    std::swap(c.lhsZerosVanish, c.rhsZerosVanish);
    std::swap(lhsFinite, rhsFinite);
    std::swap(skipLhs, skipRhs);
  }
  int64_t batches = c.out.batch.size(), rows = c.out.first.size(), columns = c.out.second.size();
  std::vector<Task> tasks;
  for (int64_t batch = 0; batch < batches; ++batch)
    for (int64_t j = 0; j < columns; j += kBlockColumns)
      for (int64_t i = 0; i < rows; i += kTaskRows)
        tasks.push_back({batch, i, std::min(rows, i + kTaskRows), j, std::min(columns, j + kBlockColumns)});
  AddRows addRowsFn = chooseAddRows();
  bool maskZeros = c.rhsZerosVanish && !lhsFinite;
  auto run = [&](size_t i) { runTask(c, tasks[i], skipLhs, maskZeros, addRowsFn); };
  double products = double(batches) * rows * columns * c.lhs.second.size();
  if (products < 1e5)
    for (size_t i = 0; i < tasks.size(); ++i)
      run(i);
  else
    parallelFor(context, 0, tasks.size(), run);
}
