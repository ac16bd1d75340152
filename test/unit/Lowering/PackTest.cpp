//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The packed weights of every kernel, read back entry by entry and compared with the matrix.
//
//===----------------------------------------------------------------------===//
#include "KernelEmitter.h"
#include "spnn/Format/FloatType.h"
#include "spnn/Format/NmgPatterns.h"
#include "spnn/IR/SparseFormats.h"
#include "spnn/Lowering/CpuKernel.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <random>

using namespace mlir;
using namespace spnn;

namespace {

std::vector<uint64_t> integersOf(DenseElementsAttr attr) {
  std::vector<uint8_t> raw = *readRawElements(attr);
  unsigned bytes = getElementBytes(attr.getElementType());
  std::vector<uint64_t> result(raw.size() / bytes, 0);
  for (size_t i = 0; i < result.size(); ++i)
    std::memcpy(&result[i], raw.data() + i * bytes, bytes);
  return result;
}

std::vector<float> floatsOf(DenseElementsAttr attr) {
  std::vector<uint8_t> raw = *readRawElements(attr);
  std::vector<float> result(raw.size() / sizeof(float));
  if (!raw.empty())
    std::memcpy(result.data(), raw.data(), raw.size());
  return result;
}

/// A matrix that entries are written to, each at most once.
class Rebuilt {
public:
  explicit Rebuilt(format::Shape shape) : shape(shape), values(shape.rows * shape.cols), seen(values.size()) {}

  void set(int64_t row, int64_t col, float value) {
    ASSERT_TRUE(row >= 0 && row < shape.rows && col >= 0 && col < shape.cols) << row << ", " << col;
    ASSERT_FALSE(seen[row * shape.cols + col]) << "twice: " << row << ", " << col;
    seen[row * shape.cols + col] = true;
    values[row * shape.cols + col] = value;
  }

  void expectEqual(const format::DenseMatrix &matrix) const {
    for (int64_t row = 0; row < shape.rows; ++row)
      for (int64_t col = 0; col < shape.cols; ++col) {
        float expected;
        std::memcpy(&expected, matrix.element(row, col), sizeof(float));
        ASSERT_EQ(values[row * shape.cols + col], expected) << row << ", " << col;
      }
  }

private:
  format::Shape shape;
  std::vector<float> values;
  std::vector<bool> seen;
};

class Pack : public testing::Test {
protected:
  std::mt19937 generator{17};
  MLIRContext context;

  int64_t extent(int64_t multiple) {
    const int64_t extents[] = {0, 1, 2, 3, 5, 8, 17, 32, 33, 70};
    return (extents[generator() % std::size(extents)] + multiple - 1) / multiple * multiple;
  }

  /// Random values with empty and full rows; at most `limit` values in each group of `group` columns.
  format::DenseMatrix makeMatrix(format::Shape shape, int64_t group = 1, int64_t limit = 1) {
    format::DenseMatrix matrix;
    matrix.shape = shape;
    matrix.data.resize(shape.rows * shape.cols * sizeof(float));
    double density = generator() % 4 == 0 ? 1.0 : generator() % 4 == 0 ? 0.0 : (generator() % 100) / 100.0;
    float next = 1;
    for (int64_t row = 0; row < shape.rows; ++row) {
      double own = generator() % 4 == 0 ? 0 : generator() % 8 == 0 ? 1 : density;
      for (int64_t col = 0, kept = 0; col < shape.cols; ++col) {
        if (col % group == 0)
          kept = 0;
        if (std::uniform_real_distribution<double>(0, 1)(generator) >= own || ++kept > limit)
          continue;
        std::memcpy(matrix.element(row, col), &next, sizeof(float));
        ++next;
      }
    }
    return matrix;
  }

  KernelProblem makeProblem(const format::DenseMatrix &matrix, const std::string &format, int64_t columns = 64) {
    Type f32 = Float32Type::get(&context);
    return {matrix, {}, format, f32, f32, f32, columns, 128, 16};
  }

  /// What the kernel proposes, or that with other chunks and blocks.
  DictionaryAttr parametersOf(const CpuKernel &kernel, const KernelProblem &problem) {
    DictionaryAttr parameters = kernel.getParameters(problem);
    EXPECT_EQ(findBadParameter(kernel.name(), parameters, parameters), std::nullopt);
    if (generator() % 3 == 0)
      return parameters;
    SmallVector<std::pair<StringRef, int64_t>> changed;
    for (NamedAttribute entry : parameters) {
      StringRef name = entry.getName();
      int64_t value = cast<IntegerAttr>(entry.getValue()).getInt();
      if (name == "chunks" || name == "k_block" || name == "rows_tile" || name == "groups_block")
        value = 1 + generator() % 7;
      if (name == "tile_rows" || name == "shared_rows")
        value = 1 + generator() % 4;
      changed.emplace_back(name, value);
    }
    return makeParameters(&context, changed);
  }

  /// A problem that the kernel takes, packed with such parameters.
  std::pair<DictionaryAttr, PackedWeights> pack(const CpuKernel &kernel, const KernelProblem &problem) {
    EXPECT_EQ(kernel.check(problem), std::nullopt);
    DictionaryAttr parameters = parametersOf(kernel, problem);
    return {parameters, kernel.pack(problem, parameters)};
  }
};

TEST_F(Pack, Csr) {
  const CpuKernel &kernel = *findCpuKernel("csr");
  for (int round = 0; round < 200; ++round) {
    format::DenseMatrix matrix = makeMatrix({extent(1), extent(1)});
    KernelProblem problem = makeProblem(matrix, "csr");
    auto [parameters, packed] = pack(kernel, problem);
    int64_t rows = matrix.shape.rows, cols = matrix.shape.cols;
    int64_t chunks = getParameter(parameters, "chunks", 1), block = getParameter(parameters, "k_block", 1);
    int64_t blocks = std::max<int64_t>(1, (cols + block - 1) / block);
    ASSERT_EQ(packed.buffers.size(), 5u);
    std::vector<uint64_t> starts = integersOf(packed.buffers[0]), entryRows = integersOf(packed.buffers[1]),
                          positions = integersOf(packed.buffers[2]), indices = integersOf(packed.buffers[3]);
    std::vector<float> values = floatsOf(packed.buffers[4]);
    ASSERT_EQ(starts.size(), static_cast<size_t>(chunks * blocks + 1));
    ASSERT_TRUE(std::is_sorted(starts.begin(), starts.end()));
    ASSERT_EQ(starts.front(), 0u);
    ASSERT_EQ(starts.back(), entryRows.size());
    ASSERT_EQ(positions.size(), entryRows.size() + 1);
    ASSERT_TRUE(std::is_sorted(positions.begin(), positions.end()));
    ASSERT_EQ(positions.back(), indices.size());
    ASSERT_EQ(indices.size(), values.size());
    EXPECT_EQ(packed.storedValues, static_cast<int64_t>(values.size()));
    Rebuilt rebuilt(matrix.shape);
    std::vector<int64_t> owner(rows, -1), first(rows, 0), last(rows, 0);
    for (int64_t task = 0; task < chunks * blocks; ++task)
      for (uint64_t entry = starts[task]; entry < starts[task + 1]; ++entry) {
        int64_t row = entryRows[entry], kb = task % blocks, chunk = task / blocks;
        ASSERT_LT(row, rows);
        // A row belongs to one chunk: it has one writer.
        ASSERT_TRUE(owner[row] == -1 || owner[row] == chunk);
        owner[row] = chunk;
        first[row] += kb == 0;
        last[row] += kb == blocks - 1;
        for (uint64_t j = positions[entry]; j < positions[entry + 1]; ++j) {
          EXPECT_EQ(static_cast<int64_t>(indices[j]) / block, kb) << "outside of its k block";
          rebuilt.set(row, indices[j], values[j]);
        }
      }
    // Each row starts its sums once, in the first block, and finishes them once, in the last.
    EXPECT_EQ(first, std::vector<int64_t>(rows, 1));
    EXPECT_EQ(last, std::vector<int64_t>(rows, 1));
    rebuilt.expectEqual(matrix);
  }
}

TEST_F(Pack, PatternTile) {
  const CpuKernel &kernel = *findCpuKernel("pattern-tile");
  for (int round = 0; round < 300; ++round) {
    format::DenseMatrix matrix = makeMatrix({extent(1), extent(1)});
    KernelProblem problem = makeProblem(matrix, "csr");
    auto [parameters, packed] = pack(kernel, problem);
    int64_t rows = matrix.shape.rows, cols = matrix.shape.cols;
    int64_t chunks = getParameter(parameters, "chunks", 1), block = getParameter(parameters, "k_block", 1);
    int64_t tileRows = getParameter(parameters, "tile_rows", 1);
    int64_t shared = std::min(tileRows, getParameter(parameters, "shared_rows", 1));
    int64_t blocks = std::max<int64_t>(1, (cols + block - 1) / block);
    ASSERT_EQ(packed.buffers.size(), 6u);
    std::vector<uint64_t> tasks = integersOf(packed.buffers[0]), rowsOf = integersOf(packed.buffers[1]),
                          steps = integersOf(packed.buffers[2]), positions = integersOf(packed.buffers[3]),
                          indices = integersOf(packed.buffers[4]);
    std::vector<float> values = floatsOf(packed.buffers[5]);
    ASSERT_EQ(tasks.size(), static_cast<size_t>(2 * chunks * blocks + 1));
    ASSERT_TRUE(std::is_sorted(tasks.begin(), tasks.end()));
    ASSERT_EQ(tasks.back(), steps.size());
    ASSERT_EQ(rowsOf.size(), steps.size() * tileRows);
    ASSERT_EQ(positions.size(), 2 * steps.size());
    EXPECT_EQ(packed.storedValues, static_cast<int64_t>(values.size()));
    Rebuilt rebuilt(matrix.shape);
    std::vector<int64_t> owner(rows, -1), first(rows, 0), last(rows, 0);
    size_t index = 0, value = 0;
    for (int64_t task = 0; task < 2 * chunks * blocks; ++task)
      for (uint64_t tile = tasks[task]; tile < tasks[task + 1]; ++tile) {
        int64_t chunk = task / 2 / blocks, kb = task / 2 % blocks;
        // Whole tiles, then single rows, of which only the last chunk has any.
        int64_t size = task % 2 == 0 ? tileRows : 1;
        ASSERT_TRUE(task % 2 == 0 || rows % tileRows != 0);
        ASSERT_EQ(positions[2 * tile], index);
        ASSERT_EQ(positions[2 * tile + 1], value);
        for (int64_t r = 0; r < size; ++r) {
          int64_t row = rowsOf[tile * tileRows + r];
          ASSERT_LT(row, rows);
          ASSERT_TRUE(owner[row] == -1 || owner[row] == chunk);
          owner[row] = chunk;
          first[row] += kb == 0;
          last[row] += kb == blocks - 1;
        }
        for (int64_t s = 4; s >= 1; --s) {
          int64_t count = steps[tile] >> (16 * (s - 1)) & 0xffff;
          ASSERT_TRUE(count == 0 || s <= (task % 2 == 0 ? shared : 1)) << "steps of " << s << " rows";
          for (int64_t step = 0; step < count; ++step)
            for (unsigned pattern = 0; pattern < 1u << size; ++pattern) {
              int64_t members = 0;
              for (int64_t r = 0; r < size; ++r)
                members += pattern >> r & 1;
              if (members != s)
                continue;
              ASSERT_LT(index, indices.size());
              int64_t col = indices[index++];
              ASSERT_EQ(col / block, kb) << "outside of its k block";
              for (int64_t r = 0; r < size; ++r) {
                if (!(pattern >> r & 1))
                  continue;
                ASSERT_LT(value, values.size());
                float weight = values[value++];
                // Only steps of one row are padded.
                ASSERT_TRUE(weight != 0 || s == 1);
                if (weight != 0)
                  rebuilt.set(rowsOf[tile * tileRows + r], col, weight);
                else
                  ASSERT_TRUE(matrix.isZero(rowsOf[tile * tileRows + r], col));
              }
            }
        }
      }
    EXPECT_EQ(index, indices.size());
    EXPECT_EQ(value, values.size());
    EXPECT_EQ(first, std::vector<int64_t>(rows, 1));
    EXPECT_EQ(last, std::vector<int64_t>(rows, 1));
    rebuilt.expectEqual(matrix);
  }
}

/// Walks slices that a matrix-vector kernel packed: `visit(row, lane, step)` for each lane of each step, `rows` being
/// those of the lanes. Each of `count` rows belongs to one slice; only the last slice may repeat a row, its last.
void forEachLane(const std::vector<uint64_t> &bounds, const std::vector<uint64_t> &positions,
                 const std::vector<uint64_t> &rows, int64_t lanes, int64_t chunks, int64_t count,
                 llvm::function_ref<void(int64_t row, int64_t lane, int64_t step)> visit) {
  int64_t slices = (count + lanes - 1) / lanes;
  ASSERT_EQ(bounds.size(), static_cast<size_t>(chunks + 1));
  ASSERT_TRUE(std::is_sorted(bounds.begin(), bounds.end()));
  ASSERT_EQ(bounds.front(), 0u);
  ASSERT_EQ(bounds.back(), static_cast<uint64_t>(slices));
  ASSERT_EQ(positions.size(), static_cast<size_t>(slices + 1));
  ASSERT_TRUE(std::is_sorted(positions.begin(), positions.end()));
  ASSERT_EQ(rows.size(), static_cast<size_t>(slices * lanes));
  std::vector<int64_t> owner(count, -1);
  for (int64_t slice = 0; slice < slices; ++slice)
    for (int64_t lane = 0; lane < lanes; ++lane) {
      int64_t row = rows[slice * lanes + lane];
      ASSERT_LT(row, count);
      bool repeats = owner[row] == slice;
      ASSERT_TRUE(owner[row] == -1 || (repeats && rows[slice * lanes + lane - 1] == static_cast<uint64_t>(row)));
      owner[row] = slice;
      if (repeats)
        continue;
      for (uint64_t step = positions[slice]; step < positions[slice + 1]; ++step)
        visit(row, lane, step);
    }
  EXPECT_EQ(llvm::count(owner, -1), 0) << "rows without a slice";
}

TEST_F(Pack, CsrMatvec) {
  const CpuKernel &kernel = *findCpuKernel("csr-matvec");
  for (int round = 0; round < 300; ++round) {
    format::DenseMatrix matrix = makeMatrix({extent(1), extent(1)});
    KernelProblem problem = makeProblem(matrix, "csr", 1 + round % 4);
    ASSERT_EQ(kernel.checkProblem(problem), std::nullopt);
    int64_t window = std::array<int64_t, 3>{1, 32, 64}[round % 3], chunks = 1 + generator() % 7;
    bool proposed = generator() % 4 == 0;
    DictionaryAttr parameters =
        proposed ? kernel.getParameters(problem) : makeParameters(&context, {{"chunks", chunks}, {"window", window}});
    window = getParameter(parameters, "window", 0);
    chunks = getParameter(parameters, "chunks", 0);
    PackedWeights packed = kernel.pack(problem, parameters);
    int64_t rows = matrix.shape.rows, cols = matrix.shape.cols, lanes = window > 1 ? 16 : 8;
    ASSERT_EQ(packed.buffers.size(), 6u);
    std::vector<uint64_t> bases = integersOf(packed.buffers[3]), indices = integersOf(packed.buffers[4]);
    std::vector<float> values = floatsOf(packed.buffers[5]);
    ASSERT_EQ(indices.size(), values.size());
    EXPECT_EQ(packed.storedValues, static_cast<int64_t>(values.size()));
    EXPECT_EQ(kernel.countStoredValues(problem, parameters, 0), packed.storedValues);
    EXPECT_EQ(bases.size(), window > 1 ? values.size() / lanes : 0u);
    // Two sums a slice take turns.
    if (window > 1)
      for (uint64_t position : integersOf(packed.buffers[1]))
        ASSERT_EQ(position % 2, 0u);
    uint64_t bytes = 0;
    for (DenseElementsAttr buffer : packed.buffers)
      bytes += readRawElements(buffer)->size();
    EXPECT_EQ(kernel.countBytes(problem, parameters, 0), bytes);
    Rebuilt rebuilt(matrix.shape);
    forEachLane(integersOf(packed.buffers[0]), integersOf(packed.buffers[1]), integersOf(packed.buffers[2]), lanes,
                chunks, rows, [&](int64_t row, int64_t lane, int64_t step) {
                  uint64_t index = indices[step * lanes + lane];
                  float value = values[step * lanes + lane];
                  if (window == 1) {
                    ASSERT_LT(index, static_cast<uint64_t>(cols));
                    // A lane that idles reads where its row has a zero weight, as a dense product would.
                    if (value == 0)
                      ASSERT_TRUE(matrix.isZero(row, index));
                    else
                      rebuilt.set(row, index, value);
                    return;
                  }
                  // A window is loaded whole, from a line of x on where it can be.
                  uint64_t base = bases[step];
                  ASSERT_TRUE(base == 0 || static_cast<int64_t>(base) + window <= cols);
                  ASSERT_TRUE(base % 16 == 0 || static_cast<int64_t>(base) + window == cols);
                  if (index == 0) {
                    ASSERT_EQ(value, 0);
                    return;
                  }
                  ASSERT_GE(index, 128u);
                  ASSERT_LT(index, static_cast<uint64_t>(128 + window));
                  rebuilt.set(row, base + index - 128, value);
                });
    rebuilt.expectEqual(matrix);
  }
}

// Rows of equal length are not padded; columns that rows share are read once for them.
TEST_F(Pack, PatternTileShares) {
  const CpuKernel &kernel = *findCpuKernel("pattern-tile");
  // Even rows have the even columns, odd rows the odd ones.
  format::DenseMatrix matrix;
  matrix.shape = {8, 64};
  matrix.data.resize(8 * 64 * sizeof(float));
  for (int64_t row = 0; row < 8; ++row)
    for (int64_t col = row % 2; col < 64; col += 2) {
      float one = 1;
      std::memcpy(matrix.element(row, col), &one, sizeof(float));
    }
  KernelProblem problem = makeProblem(matrix, "csr");
  for (auto [shared, columns] : {std::pair<int64_t, size_t>{4, 64}, {3, 128}, {2, 136}, {1, 256}}) {
    PackedWeights packed = kernel.pack(
        problem, makeParameters(&context, {{"chunks", 1}, {"k_block", 64}, {"shared_rows", shared}, {"tile_rows", 4}}));
    EXPECT_EQ(packed.storedValues, 8 * 32);
    EXPECT_EQ(integersOf(packed.buffers[4]).size(), columns) << shared;
  }
  // Three columns of all four rows are each of the six pairs once: 32 make 10 steps, and two are left for each row
  // alone.
  PackedWeights pairs = kernel.pack(
      problem, makeParameters(&context, {{"chunks", 1}, {"k_block", 64}, {"shared_rows", 2}, {"tile_rows", 4}}));
  EXPECT_EQ(integersOf(pairs.buffers[2]), std::vector<uint64_t>(2, 2 | 10 << 16));
}

// Full rows fill windows, rows with hardly a nonzero are better off without; only AVX-512 has windows.
TEST_F(Pack, CsrMatvecWindow) {
  const CpuKernel &kernel = *findCpuKernel("csr-matvec");
  auto windowOf = [&](int64_t every, int64_t vectorElements) {
    format::DenseMatrix matrix;
    matrix.shape = {64, 4096};
    matrix.data.resize(matrix.shape.rows * matrix.shape.cols * sizeof(float));
    float one = 1;
    for (int64_t i = 0; i < matrix.shape.rows * matrix.shape.cols; i += 1 + generator() % (2 * every - 1))
      std::memcpy(matrix.element(0, i), &one, sizeof(float));
    KernelProblem problem = makeProblem(matrix, "csr", 1);
    problem.vectorElements = vectorElements;
    return getParameter(kernel.getParameters(problem), "window", 0);
  };
  EXPECT_EQ(windowOf(5, 16), 32);
  EXPECT_EQ(windowOf(500, 16), 1);
  EXPECT_EQ(windowOf(5, 8), 1);
  EXPECT_EQ(windowOf(5, 4), 1);
}

TEST_F(Pack, CscMatvec) {
  const CpuKernel &kernel = *findCpuKernel("csc-matvec");
  for (int round = 0; round < 100; ++round) {
    format::DenseMatrix matrix = makeMatrix({extent(1), extent(1)});
    KernelProblem problem = makeProblem(matrix, "csc", 1);
    auto [parameters, packed] = pack(kernel, problem);
    int64_t cols = matrix.shape.cols, chunks = getParameter(parameters, "chunks", 0);
    ASSERT_EQ(packed.buffers.size(), 4u);
    std::vector<uint64_t> bounds = integersOf(packed.buffers[0]), positions = integersOf(packed.buffers[1]),
                          indices = integersOf(packed.buffers[2]);
    std::vector<float> values = floatsOf(packed.buffers[3]);
    ASSERT_EQ(bounds.size(), static_cast<size_t>(chunks + 1));
    ASSERT_EQ(bounds.front(), 0u);
    ASSERT_EQ(bounds.back(), static_cast<uint64_t>(matrix.shape.rows));
    ASSERT_EQ(positions.size(), static_cast<size_t>(chunks * cols + 1));
    ASSERT_TRUE(std::is_sorted(positions.begin(), positions.end()));
    ASSERT_EQ(positions.back(), values.size());
    ASSERT_EQ(indices.size(), values.size());
    Rebuilt rebuilt(matrix.shape);
    for (int64_t chunk = 0; chunk < chunks; ++chunk)
      for (int64_t col = 0; col < cols; ++col)
        for (uint64_t j = positions[chunk * cols + col]; j < positions[chunk * cols + col + 1]; ++j) {
          ASSERT_TRUE(indices[j] >= bounds[chunk] && indices[j] < bounds[chunk + 1]) << "another chunk's row";
          rebuilt.set(indices[j], col, values[j]);
        }
    rebuilt.expectEqual(matrix);
  }
}

// The emptier the activations, the fewer values and bytes a call is expected to touch; full ones cost no wrong guesses.
TEST_F(Pack, CscMatvecWork) {
  const CpuKernel &kernel = *findCpuKernel("csc-matvec");
  format::DenseMatrix matrix;
  matrix.shape = {128, 256};
  matrix.data.resize(matrix.shape.rows * matrix.shape.cols * sizeof(float), 1);
  KernelProblem problem = makeProblem(matrix, "csc", 1);
  DictionaryAttr parameters = makeParameters(&context, {{"chunks", 1}});
  EXPECT_EQ(kernel.countStoredValues(problem, parameters, 0), 128 * 256);
  EXPECT_EQ(kernel.countBytes(problem, parameters, 1000), 1000u);
  problem.activationDensity = 0.25;
  EXPECT_EQ(kernel.countStoredValues(problem, parameters, 0), 128 * 256 / 4 + 256 * 4);
  EXPECT_EQ(kernel.countBytes(problem, parameters, 1000), 250u);
  problem.activationDensity = 0;
  EXPECT_EQ(kernel.countStoredValues(problem, parameters, 0), 256);
}

TEST_F(Pack, Block) {
  const CpuKernel &kernel = *findCpuKernel("block");
  const std::pair<int64_t, int64_t> shapes[] = {{4, 1}, {8, 1}, {16, 1}, {2, 2}, {1, 4}, {1, 1}, {3, 5}};
  for (int round = 0; round < 200; ++round) {
    auto [r, c] = shapes[round % std::size(shapes)];
    format::DenseMatrix matrix = makeMatrix({extent(r), extent(c)});
    KernelProblem problem = makeProblem(matrix, "bsr" + std::to_string(r) + "x" + std::to_string(c));
    auto [parameters, packed] = pack(kernel, problem);
    int64_t chunks = getParameter(parameters, "chunks", 1), blockRows = matrix.shape.rows / r;
    ASSERT_EQ(packed.buffers.size(), 4u);
    std::vector<uint64_t> bounds = integersOf(packed.buffers[0]), positions = integersOf(packed.buffers[1]),
                          indices = integersOf(packed.buffers[2]);
    std::vector<float> values = floatsOf(packed.buffers[3]);
    ASSERT_EQ(bounds.size(), static_cast<size_t>(chunks + 1));
    ASSERT_TRUE(std::is_sorted(bounds.begin(), bounds.end()));
    ASSERT_EQ(bounds.front(), 0u);
    ASSERT_EQ(bounds.back(), static_cast<uint64_t>(blockRows));
    ASSERT_EQ(positions.size(), static_cast<size_t>(blockRows + 1));
    ASSERT_EQ(positions.back(), indices.size());
    ASSERT_EQ(values.size(), indices.size() * r * c);
    EXPECT_EQ(packed.storedValues, static_cast<int64_t>(values.size()));
    Rebuilt rebuilt(matrix.shape);
    for (int64_t row = 0; row < blockRows; ++row)
      for (uint64_t block = positions[row]; block < positions[row + 1]; ++block) {
        bool any = false;
        for (int64_t j = 0; j < c; ++j)
          for (int64_t i = 0; i < r; ++i) {
            float value = values[(block * c + j) * r + i];
            any |= value != 0;
            rebuilt.set(row * r + i, indices[block] * c + j, value);
          }
        EXPECT_TRUE(any) << "a block of zeros is stored";
      }
    rebuilt.expectEqual(matrix);
  }
}

TEST_F(Pack, BlockMatvec) {
  const CpuKernel &kernel = *findCpuKernel("block-matvec");
  const std::pair<int64_t, int64_t> shapes[] = {{4, 1}, {8, 1}, {16, 1}, {4, 4}, {8, 3}};
  for (int round = 0; round < 200; ++round) {
    auto [r, c] = shapes[round % std::size(shapes)];
    format::DenseMatrix matrix = makeMatrix({extent(r), extent(c)});
    KernelProblem problem = makeProblem(matrix, "bsr" + std::to_string(r) + "x" + std::to_string(c), 1 + round % 4);
    auto [parameters, packed] = pack(kernel, problem);
    int64_t chunks = getParameter(parameters, "chunks", 0), lanes = getParameter(parameters, "rows_tile", 0);
    ASSERT_EQ(packed.buffers.size(), 5u);
    std::vector<uint64_t> indices = integersOf(packed.buffers[3]);
    std::vector<float> values = floatsOf(packed.buffers[4]);
    ASSERT_EQ(values.size(), indices.size() * r * c);
    EXPECT_EQ(packed.storedValues, static_cast<int64_t>(values.size()));
    EXPECT_EQ(kernel.countStoredValues(problem, parameters, 0), packed.storedValues);
    uint64_t bytes = 0;
    for (DenseElementsAttr buffer : packed.buffers)
      bytes += readRawElements(buffer)->size();
    EXPECT_EQ(kernel.countBytes(problem, parameters, 0), bytes);
    Rebuilt rebuilt(matrix.shape);
    forEachLane(integersOf(packed.buffers[0]), integersOf(packed.buffers[1]), integersOf(packed.buffers[2]), lanes,
                chunks, matrix.shape.rows / r, [&, r = r, c = c](int64_t row, int64_t lane, int64_t step) {
                  int64_t block = step * lanes + lane, col = indices[block];
                  ASSERT_LT(col, matrix.shape.cols / c);
                  bool any = false;
                  for (int64_t i = 0; i < r * c; ++i)
                    any |= values[block * r * c + i] != 0;
                  for (int64_t j = 0; j < c; ++j)
                    for (int64_t i = 0; i < r; ++i) {
                      float value = values[(block * c + j) * r + i];
                      if (any)
                        rebuilt.set(row * r + i, col * c + j, value);
                      else // an idle lane reads where its block row has no block
                        ASSERT_TRUE(matrix.isZero(row * r + i, col * c + j));
                    }
                });
    rebuilt.expectEqual(matrix);
  }
}

// Block rows of unequal length are not walked side by side.
TEST_F(Pack, BlockMatvecTile) {
  const CpuKernel &kernel = *findCpuKernel("block-matvec");
  auto tileOf = [&](bool isUnequal, int64_t columns, int64_t vectorElements) {
    format::DenseMatrix matrix;
    matrix.shape = {64, 256};
    matrix.data.resize(matrix.shape.rows * matrix.shape.cols * sizeof(float));
    float one = 1;
    for (int64_t row = 0; row < matrix.shape.rows; row += isUnequal ? 64 : 1)
      for (int64_t col = 0; col < matrix.shape.cols; col += 2)
        std::memcpy(matrix.element(row, col), &one, sizeof(float));
    KernelProblem problem = makeProblem(matrix, "bsr16x1", columns);
    problem.vectorElements = vectorElements;
    return getParameter(kernel.getParameters(problem), "rows_tile", 0);
  };
  EXPECT_EQ(tileOf(false, 1, 16), 4);
  EXPECT_EQ(tileOf(false, 4, 16), 4);
  EXPECT_EQ(tileOf(false, 1, 8), 4);
  EXPECT_EQ(tileOf(false, 2, 8), 2); // 16 registers hold no more sums
  EXPECT_EQ(tileOf(false, 4, 4), 1);
  EXPECT_EQ(tileOf(true, 1, 16), 1);
}

TEST_F(Pack, Nm) {
  const CpuKernel &kernel = *findCpuKernel("nm");
  const std::pair<int64_t, int64_t> ratios[] = {{1, 4}, {2, 4}, {4, 8}, {1, 1}, {3, 5}, {4, 4}};
  for (int round = 0; round < 200; ++round) {
    auto [n, m] = ratios[round % std::size(ratios)];
    format::DenseMatrix matrix = makeMatrix({extent(1), extent(m)}, m, n);
    KernelProblem problem = makeProblem(matrix, "nm" + std::to_string(n) + ":" + std::to_string(m));
    auto [parameters, packed] = pack(kernel, problem);
    int64_t rows = matrix.shape.rows, groups = matrix.shape.cols / m, tile = getParameter(parameters, "rows_tile", 1);
    ASSERT_EQ(packed.buffers.size(), 2u);
    std::vector<uint64_t> indices = integersOf(packed.buffers[0]);
    std::vector<float> values = floatsOf(packed.buffers[1]);
    ASSERT_EQ(indices.size(), static_cast<size_t>(rows * groups * n));
    ASSERT_EQ(values.size(), indices.size());
    Rebuilt rebuilt(matrix.shape);
    size_t at = 0;
    for (int64_t first = 0; first < rows; first += tile)
      for (int64_t group = 0; group < groups; ++group)
        for (int64_t row = first; row < std::min(rows, first + tile); ++row)
          for (int64_t i = 0; i < n; ++i, ++at) {
            ASSERT_LT(indices[at], static_cast<uint64_t>(m));
            rebuilt.set(row, group * m + indices[at], values[at]);
          }
    rebuilt.expectEqual(matrix);
  }
}

TEST_F(Pack, Nmg) {
  const CpuKernel &kernel = *findCpuKernel("nmg");
  for (format::Nmg nmg : {format::Nmg{2, 4, 3}, format::Nmg{1, 2, 1}, format::Nmg{3, 6, 2}, format::Nmg{4, 4, 5}})
    for (int64_t groups : {0, 1, 5, 70}) {
      // All values are different, so the place of each is checked.
      format::DenseMatrix matrix;
      matrix.shape = {3 * nmg.m, groups * nmg.groupCols()};
      matrix.data.resize(matrix.shape.rows * matrix.shape.cols * sizeof(float));
      std::vector<uint32_t> order;
      for (uint32_t pattern : nmg.listPatterns())
        order.insert(order.end(), nmg.g, pattern);
      float next = 1;
      for (int64_t strip = 0; strip < matrix.shape.rows; strip += nmg.m)
        for (int64_t col = 0; col < matrix.shape.cols; ++col) {
          if (col % nmg.groupCols() == 0)
            std::shuffle(order.begin(), order.end(), generator);
          for (int64_t r = 0; r < nmg.m; ++r, ++next)
            if (order[col % nmg.groupCols()] >> r & 1)
              std::memcpy(matrix.element(strip + r, col), &next, sizeof(float));
        }
      KernelProblem problem = makeProblem(matrix, "nmg" + nmg.str());
      auto [parameters, packed] = pack(kernel, problem);
      ASSERT_EQ(packed.buffers.size(), 3u);
      std::vector<uint64_t> bounds = integersOf(packed.buffers[0]);
      EXPECT_EQ(bounds.back(), 3u);
      std::vector<uint64_t> indices = integersOf(packed.buffers[1]);
      std::vector<float> values = floatsOf(packed.buffers[2]);
      ASSERT_EQ(indices.size(), static_cast<size_t>(3 * matrix.shape.cols));
      ASSERT_EQ(values.size(), indices.size() * nmg.n);
      EXPECT_EQ(packed.storedValues, static_cast<int64_t>(values.size()));
      Rebuilt rebuilt(matrix.shape);
      size_t at = 0, value = 0;
      int64_t block = cast<IntegerAttr>(parameters.get("groups_block")).getInt();
      for (size_t chunk = 0; chunk + 1 < bounds.size(); ++chunk)
        for (int64_t first = 0; first < groups; first += block)
          for (uint64_t strip = bounds[chunk]; strip < bounds[chunk + 1]; ++strip)
            for (int64_t step = first * nmg.g; step < std::min(first + block, groups) * nmg.g; ++step)
              for (uint32_t pattern : nmg.listPatterns()) {
                int64_t col = indices[at++];
                EXPECT_EQ(col / nmg.groupCols(), step / nmg.g) << "outside of its group";
                for (int64_t r = 0; r < nmg.m; ++r)
                  if (pattern >> r & 1)
                    rebuilt.set(strip * nmg.m + r, col, values[value++]);
              }
      rebuilt.expectEqual(matrix);
    }
}

// Kernel "dot": groups of columns hold every weight; a pair of bf16 that lacks its second column is halves of the
// first.
TEST_F(Pack, Dot) {
  const CpuKernel &kernel = *findCpuKernel("dot");
  for (int round = 0; round < 200; ++round) {
    int64_t blockRows = std::array<int64_t, 6>{1, 2, 3, 4, 8, 16}[round % 6];
    int64_t tileRows = std::array<int64_t, 6>{1, 2, 3, 4, 4, 4}[round % 6];
    bool isFloat = generator() % 2;
    int64_t lanes = isFloat ? 2 : 4;
    format::DenseMatrix matrix;
    matrix.shape = {extent(blockRows), extent(1)};
    matrix.elementBytes = isFloat ? 2 : 1;
    matrix.isFloat = isFloat;
    matrix.data.resize(matrix.shape.rows * matrix.shape.cols * matrix.elementBytes);
    int64_t sparsity = 1 + generator() % 9;
    for (int64_t row = 0; row < matrix.shape.rows; ++row)
      for (int64_t col = 0; col < matrix.shape.cols; ++col) {
        if (generator() % sparsity)
          continue;
        matrix.element(row, col)[0] = generator();
        if (isFloat) // small, and not special
          matrix.element(row, col)[1] = 0x3e + generator() % 4;
      }
    KernelProblem problem = makeProblem(matrix, blockRows == 1 ? "csr" : "bsr" + std::to_string(blockRows) + "x1");
    problem.weightType = problem.rhsType = isFloat ? Type(BFloat16Type::get(&context)) : IntegerType::get(&context, 8);
    problem.hasDot = generator() % 2;
    auto [parameters, packed] = pack(kernel, problem);
    EXPECT_EQ(getParameter(parameters, "dot", -1), problem.hasDot);
    EXPECT_EQ(packed.storedValues, kernel.countStoredValues(problem, parameters, 0));
    ASSERT_EQ(packed.buffers.size(), 5u);
    std::vector<uint64_t> bounds = integersOf(packed.buffers[0]), positions = integersOf(packed.buffers[1]);
    std::vector<uint64_t> indices = integersOf(packed.buffers[2]);
    std::vector<uint8_t> raw = *readRawElements(packed.buffers[4]);
    size_t tiles = matrix.shape.rows / tileRows;
    ASSERT_EQ(positions.size(), tiles + 1);
    EXPECT_EQ(bounds.back(), tiles);
    std::vector<double> sums(matrix.shape.rows * matrix.shape.cols, 0.0);
    auto valueOf = [&](const uint8_t *data) {
      return isFloat ? format::loadFloat(format::FloatType::BF16, data) : static_cast<int8_t>(*data);
    };
    for (size_t tile = 0; tile < tiles; ++tile)
      for (uint64_t group = positions[tile]; group < positions[tile + 1]; ++group)
        for (int64_t row = 0; row < tileRows; ++row)
          for (int64_t lane = 0; lane < lanes; ++lane) {
            size_t at = (group * tileRows + row) * lanes + lane;
            uint64_t col = indices[group * lanes + lane];
            ASSERT_LT(col, static_cast<uint64_t>(matrix.shape.cols));
            sums[(tile * tileRows + row) * matrix.shape.cols + col] += valueOf(raw.data() + at * matrix.elementBytes);
          }
    for (int64_t row = 0; row < matrix.shape.rows; ++row) {
      double total = 0;
      for (int64_t col = 0; col < matrix.shape.cols; ++col) {
        ASSERT_EQ(sums[row * matrix.shape.cols + col], valueOf(matrix.element(row, col))) << row << ", " << col;
        total += valueOf(matrix.element(row, col));
      }
      if (!isFloat)
        EXPECT_EQ(static_cast<int32_t>(integersOf(packed.buffers[3])[row]), -128 * total);
    }
  }
}

TEST_F(Pack, NmMatvec) {
  const CpuKernel *kernel = findCpuKernel("nm-matvec");
  ASSERT_NE(kernel, nullptr);
  const std::pair<int64_t, int64_t> ratios[] = {{2, 4}, {4, 8}, {1, 2}};
  for (int round = 0; round < 100; ++round) {
    auto [n, m] = ratios[round % std::size(ratios)];
    format::DenseMatrix matrix = makeMatrix({extent(1), extent(m)}, m, n);
    KernelProblem problem = makeProblem(matrix, "nm" + std::to_string(n) + ":" + std::to_string(m), 1);
    ASSERT_EQ(kernel->checkProblem(problem), std::nullopt);
    DictionaryAttr parameters = parametersOf(*kernel, problem);
    PackedWeights packed = kernel->pack(problem, parameters);
    int64_t rows = matrix.shape.rows, windows = (matrix.shape.cols + 31) / 32;
    int64_t tile = getParameter(parameters, "rows_tile", 1);
    std::vector<uint64_t> indices = integersOf(packed.buffers[0]);
    std::vector<float> values = floatsOf(packed.buffers[1]);
    ASSERT_EQ(indices.size(), static_cast<size_t>(rows * windows * 16));
    ASSERT_EQ(values.size(), indices.size());
    Rebuilt rebuilt(matrix.shape);
    size_t at = 0;
    for (int64_t first = 0; first < rows; first += tile)
      for (int64_t window = 0; window < windows; ++window)
        for (int64_t row = first; row < std::min(rows, first + tile); ++row)
          for (int64_t i = 0; i < 16; ++i, ++at) {
            ASSERT_LT(window * 32 + static_cast<int64_t>(indices[at]), matrix.shape.cols) << "beyond the last column";
            if (values[at] != 0)
              rebuilt.set(row, window * 32 + indices[at], values[at]);
          }
    rebuilt.expectEqual(matrix);
  }
}

// Words of 16 positions, and of 32 and 64 for weights of 16 and 8 bits on targets that expand them.
TEST_F(Pack, Bitmap) {
  const CpuKernel &kernel = *findCpuKernel("bitmap-matvec");
  for (int round = 0; round < 100; ++round) {
    format::DenseMatrix matrix = makeMatrix({extent(1), extent(1)});
    KernelProblem problem = makeProblem(matrix, "bitmap", 1);
    int64_t word = 16;
    if (round % 4 == 1) {
      // Numbers of i8 in place of those of f32, wherever there are any.
      for (int64_t at = 0, count = matrix.shape.rows * matrix.shape.cols; at < count; ++at) {
        float value;
        std::memcpy(&value, matrix.data.data() + at * sizeof(float), sizeof(float));
        matrix.data[at] = value == 0 ? 0 : static_cast<uint8_t>(1 + at % 255);
      }
      matrix.data.resize(matrix.shape.rows * matrix.shape.cols);
      matrix.elementBytes = 1;
      matrix.isFloat = false;
      problem.weightType = IntegerType::get(&context, 8);
      problem.canExpand = true;
      word = 64;
    }
    auto [parameters, packed] = pack(kernel, problem);
    EXPECT_EQ(getParameter(parameters, "word", 0), word);
    EXPECT_EQ(kernel.getCostName(parameters), word == 16 ? "bitmap-matvec" : "bitmap-matvec-wide");
    int64_t rows = matrix.shape.rows, words = (matrix.shape.cols + word - 1) / word;
    ASSERT_EQ(packed.buffers.size(), 4u);
    std::vector<uint64_t> bits = integersOf(packed.buffers[1]), positions = integersOf(packed.buffers[2]);
    std::vector<uint8_t> values = *readRawElements(packed.buffers[3]);
    unsigned bytes = matrix.elementBytes;
    EXPECT_EQ(integersOf(packed.buffers[0]).back(), static_cast<uint64_t>(rows));
    ASSERT_EQ(bits.size(), static_cast<size_t>(rows * words));
    for (int64_t row = 0; row < rows; ++row) {
      size_t at = positions[row];
      for (int64_t col = 0; col < words * word; ++col) {
        bool isStored = bits[row * words + col / word] >> (col % word) & 1;
        ASSERT_EQ(isStored, col < matrix.shape.cols && !matrix.isZero(row, col)) << row << ", " << col;
        if (isStored)
          ASSERT_EQ(std::memcmp(&values[bytes * at++], matrix.element(row, col), bytes), 0) << row << ", " << col;
      }
      EXPECT_EQ(at, positions[row + 1]);
    }
    // A full vector can be read at any value, so a word's follow.
    EXPECT_GE(values.size() / bytes, positions.back() + word);
  }
}

// Kernels say why they do not take a problem.
TEST_F(Pack, Refusals) {
  format::DenseMatrix matrix = makeMatrix({16, 16});
  EXPECT_EQ(findCpuKernel("csr")->checkProblem(makeProblem(matrix, "bitmap")), "the weights are not in CSR");
  EXPECT_EQ(findCpuKernel("pattern-tile")->checkProblem(makeProblem(matrix, "bitmap")),
            "the weights are neither in CSR nor n:m:g");
  EXPECT_EQ(findCpuKernel("block")->checkProblem(makeProblem(matrix, "csr")), "the weights are not in BSR");
  EXPECT_EQ(findCpuKernel("block")->checkProblem(makeProblem(matrix, "bsr32x1")),
            "blocks of more than 16 rows or columns spill the accumulators");
  EXPECT_EQ(findCpuKernel("nm")->checkProblem(makeProblem(matrix, "csr")), "the weights are not N:M");
  EXPECT_EQ(findCpuKernel("bitmap-matvec")->checkProblem(makeProblem(matrix, "bitmap", 2)),
            "the kernel multiplies one column only");
  EXPECT_EQ(findCpuKernel("csr-matvec")->checkProblem(makeProblem(matrix, "bitmap", 1)), "the weights are not in CSR");
  for (int64_t columns : {int64_t(0), int64_t(5), ShapedType::kDynamic})
    EXPECT_EQ(findCpuKernel("csr-matvec")->checkProblem(makeProblem(matrix, "csr", columns)),
              "the kernel multiplies 1 to 4 columns only");
  EXPECT_EQ(findCpuKernel("block-matvec")->checkProblem(makeProblem(matrix, "csr", 1)), "the weights are not in BSR");
  EXPECT_EQ(findCpuKernel("block-matvec")->checkProblem(makeProblem(matrix, "bsr4x1", 5)),
            "the kernel multiplies 1 to 4 columns only");
  for (const char *format : {"bsr1x4", "bsr2x2", "bsr32x1", "bsr4x32"})
    EXPECT_EQ(findCpuKernel("block-matvec")->checkProblem(makeProblem(matrix, format, 1)),
              "a column of a block must fill a vector: 4, 8 or 16 rows, and at most 16 columns");
  EXPECT_EQ(findCpuKernel("csc-matvec")->checkProblem(makeProblem(matrix, "csr", 1)), "the weights are not in CSC");
  EXPECT_EQ(findCpuKernel("csc-matvec")->checkProblem(makeProblem(matrix, "csc", 2)),
            "the kernel multiplies one column only");
  format::DenseMatrix infinite = matrix;
  const float infinity = std::numeric_limits<float>::infinity();
  std::memcpy(infinite.element(3, 5), &infinity, sizeof(float));
  EXPECT_EQ(findCpuKernel("csc-matvec")->checkProblem(makeProblem(infinite, "csc", 1)),
            "the weights hold infinities or NaN, which skipped columns would hide");
  EXPECT_EQ(findCpuKernel("csc-matvec")->checkProblem(makeProblem(matrix, "csc", 1)), std::nullopt);
  EXPECT_EQ(findCpuKernel("dot")->check(makeProblem(matrix, "csr")), "the kernel multiplies bf16 by bf16 or i8 by i8");
  KernelProblem stored = makeProblem(matrix, "csr");
  stored.weightType = IntegerType::get(&context, 8);
  EXPECT_EQ(findCpuKernel("csr")->check(stored), std::nullopt);
  EXPECT_EQ(findCpuKernel("hardcoded")->check(stored), "its code is for f32");
  stored.weightType = IntegerType::get(&context, 16);
  EXPECT_EQ(findCpuKernel("csr")->check(stored), "the kernel has no weights of i16");
  stored.rhsType = BFloat16Type::get(&context);
  EXPECT_EQ(findCpuKernel("csr")->check(stored), "the right-hand side is bf16, and the kernel reads f32");
  EXPECT_EQ(findCpuKernel("nmg")->checkProblem(makeProblem(matrix, "nm2:4")), "the weights are not n:m:g");
  EXPECT_EQ(findCpuKernel("nmg")->checkProblem(makeProblem(matrix, "nmg4:8:1")),
            "a step of 4:8:1 has 280 values in 8 rows, which is too many to unroll (64 in 12)");
  EXPECT_FALSE(findCpuKernel("nm")->takesFormat("nmg2:4:1"));
  EXPECT_FALSE(findCpuKernel("nm-matvec")->takesFormat("nmg2:4:1"));
  EXPECT_EQ(findCpuKernel("magic"), nullptr);
}

} // namespace
