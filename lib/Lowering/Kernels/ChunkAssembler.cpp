//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A sparse matrix as AVX-512 machine code: straight-line products whose pattern is in the instructions.
//
//===----------------------------------------------------------------------===//
//
// Up to 28 rows have an accumulator register each. Column by column, the 16 activations of the column are loaded once
// and every row with a nonzero there adds its product, with the weight as a broadcast memory operand: no index is read,
// no branch is taken, and a load of activations serves all rows that want it (docs/rationale.md, "Hard-coded chunks").
//
//===----------------------------------------------------------------------===//
#include "ChunkAssembler.h"

#include "KernelEmitter.h"

#define XBYAK_NO_EXCEPTION
#include <xbyak/xbyak.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

using namespace spnn;

namespace {
/// One nonzero: the column within the block, the accumulator of its row, and its bytes.
struct Entry {
  int64_t col;
  int64_t accumulator;
  const uint8_t *value;
};

constexpr int64_t kRowBytes = 64; ///< of a panel: 16 floats
constexpr int64_t kValueBytes = 4;

/// The code of one chunk. Operands are addressed with a one-byte displacement, which the instruction scales by the
/// operand's size; pointers move on where it ends.
class ChunkGenerator : public Xbyak::CodeGenerator {
public:
  ChunkGenerator(std::vector<uint8_t> &buffer) : CodeGenerator(buffer.size(), buffer.data()) { endbr64(); }

  /// The accumulators of `rows` begin with the bias, if this is the first block of columns, or with what y holds.
  void begin(llvm::ArrayRef<int64_t> rows, bool isFirst);
  void multiply(const std::vector<Entry> &entries, std::vector<uint8_t> &values);
  /// Stores the accumulators of `rows`, after the activation if this is the last block of columns.
  void end(llvm::ArrayRef<int64_t> rows, bool isLast);

private:
  /// The byte offset of an operand from `pointer`, which is moved by `moved` so far, in reach of a displacement of one
  /// byte that counts `unit` bytes. Offsets only grow.
  int64_t reach(const Xbyak::Reg64 &pointer, int64_t &moved, int64_t offset, int64_t unit);
  Xbyak::Address output(int64_t row) { return ptr[rsi + row * kRowBytes]; }

  int64_t movedInput = 0, movedValues = 0, nextValue = 0;
  int nextInput = 0;
};
} // namespace

int64_t ChunkGenerator::reach(const Xbyak::Reg64 &pointer, int64_t &moved, int64_t offset, int64_t unit) {
  int64_t least = -128 * unit, most = 127 * unit;
  if (offset - moved > most || offset - moved < least) {
    // What follows lies ahead: put it at the far end of what is behind.
    int64_t next = offset - least;
    add(pointer, static_cast<uint32_t>(static_cast<int32_t>(next - moved)));
    moved = next;
  }
  return offset - moved;
}

void ChunkGenerator::begin(llvm::ArrayRef<int64_t> rows, bool isFirst) {
  if (!isFirst) {
    for (size_t i = 0; i < rows.size(); ++i)
      vmovups(Xbyak::Zmm(i), output(rows[i]));
    return;
  }
  Xbyak::Label withBias, done;
  test(rcx, rcx);
  jnz(withBias, T_NEAR);
  for (size_t i = 0; i < rows.size(); ++i)
    vpxord(Xbyak::Zmm(i), Xbyak::Zmm(i), Xbyak::Zmm(i));
  jmp(done, T_NEAR);
  L(withBias);
  for (size_t i = 0; i < rows.size(); ++i)
    vbroadcastss(Xbyak::Zmm(i), dword[rcx + rows[i] * kValueBytes]);
  L(done);
}

void ChunkGenerator::multiply(const std::vector<Entry> &entries, std::vector<uint8_t> &values) {
  // Sub-blocks of rows walk the same columns again.
  if (movedInput != 0) {
    sub(rdi, static_cast<uint32_t>(movedInput));
    movedInput = 0;
  }
  int64_t loaded = -1;
  Xbyak::Zmm input(0);
  for (const Entry &entry : entries) {
    if (entry.col != loaded) {
      loaded = entry.col;
      input = Xbyak::Zmm(kMaxAccumulators + nextInput);
      nextInput = (nextInput + 1) % (32 - kMaxAccumulators);
      vmovups(input, ptr[rdi + reach(rdi, movedInput, entry.col * kRowBytes, kRowBytes)]);
    }
    int64_t offset = reach(rdx, movedValues, nextValue * kValueBytes, kValueBytes);
    vfmadd231ps(Xbyak::Zmm(entry.accumulator), input, ptr_b[rdx + offset]);
    values.insert(values.end(), entry.value, entry.value + kValueBytes);
    ++nextValue;
  }
}

void ChunkGenerator::end(llvm::ArrayRef<int64_t> rows, bool isLast) {
  if (isLast) {
    Xbyak::Label done;
    test(r8, r8);
    jz(done, T_NEAR);
    // The second operand is what NaN leaves, so NaN stays NaN.
    Xbyak::Zmm zero(kMaxAccumulators);
    vpxord(zero, zero, zero);
    for (size_t i = 0; i < rows.size(); ++i)
      vmaxps(Xbyak::Zmm(i), zero, Xbyak::Zmm(i));
    L(done);
  }
  for (size_t i = 0; i < rows.size(); ++i)
    vmovups(output(rows[i]), Xbyak::Zmm(i));
}

/// An order of the rows in which those of one sub-block share columns, so that fewer activations are loaded for them:
/// greedily, the row that adds fewest columns to those that the sub-block has. Any order computes the same; each row is
/// stored where it belongs. `height(i)` is the number of rows of sub-block i.
static std::vector<int64_t> clusterRows(const std::vector<std::vector<int64_t>> &columns, int64_t cols,
                                        int64_t subBlocks, llvm::function_ref<int64_t(int64_t)> height) {
  std::vector<int64_t> left(columns.size());
  std::iota(left.begin(), left.end(), 0);
  int64_t nonzeros = 0;
  for (const std::vector<int64_t> &row : columns)
    nonzeros += row.size();
  // With one sub-block, or where they use nearly every column anyhow, no order is better than another.
  constexpr double kUsedAnyhow = 0.95;
  double density = static_cast<double>(nonzeros) / std::max<double>(1, static_cast<double>(columns.size()) * cols);
  if (subBlocks <= 1 || 1 - std::pow(1 - density, height(0)) > kUsedAnyhow)
    return left;
  // Looking at all rows that are left takes rows x nonzeros / 2 steps; a large matrix looks at the next ones only.
  constexpr double kMaxSteps = 2e8;
  double share = kMaxSteps / (static_cast<double>(columns.size()) * std::max<int64_t>(nonzeros, 1));
  size_t window = std::max<size_t>(32, static_cast<size_t>(std::min(1.0, share) * columns.size()));
  std::vector<int64_t> order;
  std::vector<int64_t> usedBy(cols, -1); // the last sub-block that reads a column
  for (int64_t block = 0; block < subBlocks; ++block)
    for (int64_t i = 0; i < height(block); ++i) {
      size_t best = 0;
      int64_t least = cols + 1;
      for (size_t candidate = 0; candidate < std::min(window, left.size()); ++candidate) {
        int64_t added = 0;
        const std::vector<int64_t> &row = columns[left[candidate]];
        for (size_t j = 0; j < row.size() && added < least; ++j)
          added += usedBy[row[j]] != block;
        if (added < least) {
          least = added;
          best = candidate;
        }
      }
      for (int64_t col : columns[left[best]])
        usedBy[col] = block;
      order.push_back(left[best]);
      left.erase(left.begin() + best);
    }
  return order;
}

/// At least as many bytes as the chunk takes.
static size_t boundCodeBytes(size_t nonzeros, size_t rows) {
  constexpr size_t kPerNonzero = 8 /* multiply-add */ + 11 /* load */ + 2 * 7 /* pointers */;
  constexpr size_t kPerRow = 6 + 10 + 11 + 6 + 11, kPerBlock = 64;
  return nonzeros * kPerNonzero + rows * (kPerRow + kPerBlock) + 64;
}

AssembledMatrix spnn::assembleChunks(const format::DenseMatrix &matrix, const ChunkPlan &plan) {
  assert(matrix.elementBytes == kValueBytes && plan.accumulators >= 1 && plan.accumulators <= kMaxAccumulators);
  int64_t rows = matrix.shape.rows, cols = matrix.shape.cols;
  int64_t kBlocks = std::max<int64_t>(1, (cols + plan.kBlock - 1) / plan.kBlock);

  // The nonzeros of each row, so that the matrix is read once.
  std::vector<std::vector<int64_t>> columns(rows);
  std::vector<int64_t> lengths(rows);
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t col = 0; col < cols; ++col)
      if (!matrix.isZero(row, col))
        columns[row].push_back(col);
    lengths[row] = columns[row].size();
  }
  // Sub-blocks of nearly equal height, and groups of them with nearly equal numbers of nonzeros.
  int64_t subBlocks = (rows + plan.accumulators - 1) / plan.accumulators;
  auto firstRow = [&](int64_t subBlock) { return subBlocks == 0 ? 0 : rows * subBlock / subBlocks; };
  std::vector<int64_t> order =
      clusterRows(columns, cols, subBlocks, [&](int64_t i) { return firstRow(i + 1) - firstRow(i); });
  std::vector<int64_t> weights(subBlocks, 0);
  for (int64_t i = 0; i < subBlocks; ++i)
    for (int64_t r = firstRow(i); r < firstRow(i + 1); ++r)
      weights[i] += lengths[order[r]];
  std::vector<int64_t> bounds = balanceChunks(weights, plan.groups);

  AssembledMatrix result;
  std::vector<size_t> next(rows, 0); // the first nonzero of a row in the block of columns
  std::vector<Entry> entries;
  for (int64_t group = 0; group < plan.groups; ++group) {
    for (int64_t kb = 0; kb < kBlocks; ++kb) {
      int64_t first = kb * plan.kBlock, last = std::min(cols, first + plan.kBlock);
      int64_t begin = firstRow(bounds[group]), end = firstRow(bounds[group + 1]);
      size_t nonzeros = 0;
      for (int64_t row : llvm::ArrayRef(order).slice(begin, end - begin))
        nonzeros += std::lower_bound(columns[row].begin(), columns[row].end(), last) - columns[row].begin() - next[row];
      std::vector<uint8_t> buffer(boundCodeBytes(nonzeros, end - begin));
      ChunkGenerator code(buffer);
      result.valueOffsets.push_back(result.values.size() / kValueBytes);

      for (int64_t block = bounds[group]; block < bounds[group + 1]; ++block) {
        llvm::ArrayRef<int64_t> blockRows =
            llvm::ArrayRef(order).slice(firstRow(block), firstRow(block + 1) - firstRow(block));
        entries.clear();
        for (auto [accumulator, row] : llvm::enumerate(blockRows))
          for (; next[row] < columns[row].size() && columns[row][next[row]] < last; ++next[row])
            entries.push_back({columns[row][next[row]] - first, static_cast<int64_t>(accumulator),
                               matrix.element(row, columns[row][next[row]])});
        llvm::sort(entries, [](const Entry &a, const Entry &b) {
          return std::pair(a.col, a.accumulator) < std::pair(b.col, b.accumulator);
        });
        code.begin(blockRows, kb == 0);
        code.multiply(entries, result.values);
        code.end(blockRows, kb == kBlocks - 1);
      }
      code.ret();
      assert(Xbyak::GetError() == Xbyak::ERR_NONE && "the bound on the bytes of code is too small");

      result.code.resize((result.code.size() + 63) / 64 * 64, 0xcc); // int3 between functions
      result.codeOffsets.push_back(result.code.size());
      result.code.insert(result.code.end(), code.getCode(), code.getCode() + code.getSize());
    }
  }
  result.codeOffsets.push_back(result.code.size());
  result.valueOffsets.push_back(result.values.size() / kValueBytes);
  return result;
}

int64_t spnn::estimateChunkBytes(format::Shape shape, int64_t nonzeros, const ChunkPlan &plan) {
  if (shape.rows == 0 || shape.cols == 0)
    return 0;
  double density = static_cast<double>(nonzeros) / (static_cast<double>(shape.rows) * shape.cols);
  double rows = std::min<double>(plan.accumulators, shape.rows);
  double blocks = std::ceil(shape.rows / rows), kBlocks = std::ceil(static_cast<double>(shape.cols) / plan.kBlock);
  // A column is loaded if any row of the sub-block wants it.
  double loads = blocks * shape.cols * (1 - std::pow(1 - density, rows));
  constexpr double kMultiplyAdd = 7, kLoad = 7, kRow = 18;
  return static_cast<int64_t>(nonzeros * (kMultiplyAdd + kValueBytes) + loads * kLoad + shape.rows * kBlocks * kRow);
}
