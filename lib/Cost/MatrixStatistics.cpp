//===- MatrixStatistics.cpp - What a matrix offers a compiler -------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0
// with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One pass turns the matrix into a bitmap; all other counts read the bitmap,
// which is 8 to 64 times smaller.
//
//===----------------------------------------------------------------------===//

#include "spnn/Cost/MatrixStatistics.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace spnn;
using namespace spnn::cost;
using format::DenseMatrix;

namespace {

constexpr int64_t wordBits = 64;

/// One bit a position, set where the matrix is not zero. Rows start at a word;
/// the bits after the last column are 0.
struct Bitmap {
  int64_t rows, cols, wordsPerRow;
  std::vector<uint64_t> words;

  explicit Bitmap(format::Shape shape)
      : rows(shape.rows), cols(shape.cols),
        wordsPerRow((shape.cols + wordBits - 1) / wordBits),
        words(rows * wordsPerRow) {}
  uint64_t *row(int64_t i) { return words.data() + i * wordsPerRow; }
  const uint64_t *row(int64_t i) const {
    return words.data() + i * wordsPerRow;
  }
};

/// Bits of an element that decide what it is. An element is special if all bits
/// of `exponent` are set, which none is where `exponent` is 0.
struct ElementMasks {
  uint64_t magnitude;
  uint64_t exponent;
  uint64_t fraction;
};

} // namespace

static int64_t countBits(uint64_t word) { return __builtin_popcountll(word); }

static ElementMasks makeMasks(const DenseMatrix &matrix,
                              const MeasureOptions &options) {
  uint64_t all = ~uint64_t(0) >> (64 - 8 * matrix.elementBytes);
  if (!matrix.isFloat)
    return {all, 0, 0};
  auto type = options.floatType;
  if (!type || format::getFloatBytes(*type) != matrix.elementBytes)
    type = format::getIeeeType(matrix.elementBytes);
  if (!type)
    return {all >> 1, 0, 0};
  return {all >> 1, format::getExponentMask(*type),
          format::getFractionMask(*type)};
}

/// Fills the bitmap and counts NaNs and infinities. `Word` has the size of an
/// element.
template <typename Word>
static void scan(const DenseMatrix &matrix, ElementMasks masks, Bitmap &bitmap,
                 MatrixStatistics &statistics) {
  auto magnitude = static_cast<Word>(masks.magnitude);
  auto exponent = static_cast<Word>(masks.exponent);
  auto fraction = static_cast<Word>(masks.fraction);
  for (int64_t row = 0; row < bitmap.rows; ++row) {
    const uint8_t *data = matrix.element(row, 0);
    for (int64_t w = 0; w < bitmap.wordsPerRow; ++w) {
      int64_t count = std::min(wordBits, bitmap.cols - w * wordBits);
      Word elements[wordBits] = {};
      std::memcpy(elements, data, count * sizeof(Word));
      data += count * sizeof(Word);
      uint64_t mask = 0;
      bool special = false;
      for (int64_t j = 0; j < wordBits; ++j) {
        mask |= uint64_t((elements[j] & magnitude) != 0) << j;
        special |= (elements[j] & exponent) == exponent;
      }
      bitmap.row(row)[w] = mask;
      if (!special || exponent == 0)
        continue;
      for (Word element : elements)
        if ((element & exponent) == exponent)
          ++((element & fraction) != 0 ? statistics.nans
                                       : statistics.infinities);
    }
  }
}

/// Ors into bit 0 of every aligned group of `size` bits (2, 4, 8 or 16) all the
/// bits of the group, and clears the others.
static uint64_t collapseGroups(uint64_t word, int64_t size) {
  for (int64_t shift = size / 2; shift > 0; shift /= 2)
    word |= word >> shift;
  uint64_t firstBits = ~uint64_t(0) / ((uint64_t(1) << size) - 1);
  return word & firstBits;
}

/// Number of groups of `size` bits among the first `cols` that hold a set bit.
static int64_t countNonzeroGroups(const std::vector<uint64_t> &words,
                                  int64_t cols, int64_t size) {
  int64_t count = 0;
  if (size == 1 || size == 2 || size == 4 || size == 8 || size == 16) {
    for (uint64_t word : words)
      count += countBits(size == 1 ? word : collapseGroups(word, size));
    return count;
  }
  int64_t lastGroup = -1;
  for (size_t w = 0; w < words.size(); ++w)
    for (uint64_t word = words[w]; word != 0; word &= word - 1) {
      int64_t col = static_cast<int64_t>(w) * wordBits + __builtin_ctzll(word);
      count += col / size != lastGroup;
      lastGroup = col / size;
    }
  return count;
}

static int64_t countBlocks(int64_t extent, int64_t block) {
  return extent / block + (extent % block != 0);
}

static BlockStatistics measureBlocks(const Bitmap &bitmap, BlockShape shape,
                                     int64_t nonzeros) {
  BlockStatistics result;
  result.shape = shape;
  result.blocks = countBlocks(bitmap.rows, shape.rows) *
                  countBlocks(bitmap.cols, shape.cols);
  std::vector<uint64_t> merged(bitmap.wordsPerRow);
  for (int64_t row = 0; row < bitmap.rows;) {
    std::fill(merged.begin(), merged.end(), 0);
    for (int64_t e = row + std::min(shape.rows, bitmap.rows - row); row < e;
         ++row)
      for (int64_t w = 0; w < bitmap.wordsPerRow; ++w)
        merged[w] |= bitmap.row(row)[w];
    result.nonzeroBlocks += countNonzeroGroups(merged, bitmap.cols, shape.cols);
  }
  if (result.nonzeroBlocks != 0)
    result.fill =
        static_cast<double>(nonzeros) /
        (static_cast<double>(result.nonzeroBlocks) *
         static_cast<double>(shape.rows) * static_cast<double>(shape.cols));
  return result;
}

/// The number of set bits in every pair of bits.
static uint64_t countPairs(uint64_t word) {
  return word - ((word >> 1) & 0x5555555555555555);
}

/// For m = 2, 4, 8, 16: adds neighbouring counts level by level, keeping the
/// largest of each level.
static std::vector<GroupStatistics> measureGroups(const Bitmap &bitmap) {
  uint64_t largest[4] = {};
  auto keepLargest = [&](int level, uint64_t counts) {
    int64_t size = int64_t(2) << level;
    for (int64_t shift = 0; shift < wordBits; shift += size)
      largest[level] = std::max(largest[level],
                                counts >> shift & ((uint64_t(1) << size) - 1));
  };
  for (uint64_t word : bitmap.words) {
    if (word == 0)
      continue;
    uint64_t pairs = countPairs(word);
    uint64_t fours =
        (pairs & 0x3333333333333333) + (pairs >> 2 & 0x3333333333333333);
    uint64_t eights =
        (fours & 0x0f0f0f0f0f0f0f0f) + (fours >> 4 & 0x0f0f0f0f0f0f0f0f);
    uint64_t sixteens =
        (eights & 0x00ff00ff00ff00ff) + (eights >> 8 & 0x00ff00ff00ff00ff);
    // Once a level is full it cannot grow.
    if (largest[0] < 2)
      keepLargest(0, pairs);
    if (largest[1] < 4)
      keepLargest(1, fours);
    if (largest[2] < 8)
      keepLargest(2, eights);
    if (largest[3] < 16)
      keepLargest(3, sixteens);
  }
  std::vector<GroupStatistics> groups;
  for (int level = 0; level < 4; ++level)
    groups.push_back(
        {int64_t(2) << level, static_cast<int64_t>(largest[level])});
  return groups;
}

static std::optional<NmPattern>
findTightestNm(format::Shape shape,
               const std::vector<GroupStatistics> &groups) {
  if (shape.rows == 0 || shape.cols == 0)
    return std::nullopt;
  std::optional<NmPattern> best;
  for (const GroupStatistics &group : groups) {
    if (shape.cols % group.m != 0)
      continue;
    int64_t n = 1;
    while (n < group.maxNonzeros)
      n *= 2;
    // Strictly better only, so that the smallest m wins a tie.
    if (n < group.m && (!best || n * best->m < best->n * group.m))
      best = NmPattern{n, group.m};
  }
  return best;
}

static void measureRowsAndColumns(const Bitmap &bitmap,
                                  MatrixStatistics &statistics) {
  std::vector<uint64_t> columns(bitmap.wordsPerRow);
  std::vector<int64_t> lengths;
  for (int64_t row = 0; row < bitmap.rows; ++row) {
    int64_t length = 0;
    for (int64_t w = 0; w < bitmap.wordsPerRow; ++w) {
      length += countBits(bitmap.row(row)[w]);
      columns[w] |= bitmap.row(row)[w];
    }
    if (length == 0)
      statistics.deadRows.push_back(row);
    statistics.nonzeros += length;
    statistics.minRowLength =
        row == 0 ? length : std::min(statistics.minRowLength, length);
    statistics.maxRowLength = std::max(statistics.maxRowLength, length);
    lengths.push_back(length);
  }
  for (int64_t col = 0; col < bitmap.cols; ++col)
    if ((columns[col / wordBits] >> (col % wordBits) & 1) == 0)
      statistics.deadColumns.push_back(col);
  if (bitmap.rows == 0)
    return;
  auto rows = static_cast<double>(bitmap.rows);
  double mean = static_cast<double>(statistics.nonzeros) / rows;
  statistics.meanRowLength = mean;
  double squares = 0;
  for (int64_t length : lengths) {
    double difference = static_cast<double>(length) - mean;
    squares += difference * difference;
  }
  statistics.rowLengthDeviation = std::sqrt(squares / rows);
  if (bitmap.cols != 0)
    statistics.density = mean / static_cast<double>(bitmap.cols);
}

MatrixStatistics cost::measure(const DenseMatrix &matrix,
                               const MeasureOptions &options) {
  MatrixStatistics statistics;
  statistics.shape = matrix.shape;
  Bitmap bitmap(matrix.shape);
  ElementMasks masks = makeMasks(matrix, options);
  switch (matrix.elementBytes) {
  case 1:
    scan<uint8_t>(matrix, masks, bitmap, statistics);
    break;
  case 2:
    scan<uint16_t>(matrix, masks, bitmap, statistics);
    break;
  case 4:
    scan<uint32_t>(matrix, masks, bitmap, statistics);
    break;
  default:
    scan<uint64_t>(matrix, masks, bitmap, statistics);
    break;
  }
  measureRowsAndColumns(bitmap, statistics);
  for (BlockShape shape : options.blockShapes)
    if (shape.rows >= 1 && shape.cols >= 1)
      statistics.blocks.push_back(
          measureBlocks(bitmap, shape, statistics.nonzeros));
  statistics.groups = measureGroups(bitmap);
  statistics.tightestNm = findTightestNm(matrix.shape, statistics.groups);
  return statistics;
}

const BlockStatistics *MatrixStatistics::findBlocks(BlockShape wanted) const {
  for (const BlockStatistics &candidate : blocks)
    if (candidate.shape.rows == wanted.rows &&
        candidate.shape.cols == wanted.cols)
      return &candidate;
  return nullptr;
}
