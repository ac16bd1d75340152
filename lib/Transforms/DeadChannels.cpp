//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Removes channels between two products that carry nothing or a constant.
//
//===----------------------------------------------------------------------===//
#include "DeadChannels.h"

#include "GraphUtils.h"
#include "spnn/Cost/MatrixStatistics.h"
#include "spnn/IR/SparseFormats.h"

#include "mlir/IR/Matchers.h"

#include <cmath>
#include <cstring>
#include <numeric>

using namespace mlir;
using namespace spnn;

namespace {
/// The left operand of a product as a matrix of rows x inner.
struct Weights {
  format::DenseMatrix matrix;
  format::FloatType type;
};
using Numbers = std::vector<double>;
} // namespace

static std::optional<Weights> readWeights(MatmulOp op) {
  std::optional<format::FloatType> type = getFloatType(getElementTypeOrSelf(op.getType()));
  if (!type || isQuantized(op) || !isConstantMatrix(op.getLhs()))
    return std::nullopt;
  std::optional<format::DenseMatrix> matrix = getConstantMatrix(op.getLhs());
  if (!matrix)
    return std::nullopt;
  if (op.getTransposeLhs())
    *matrix = transposeMatrix(*matrix);
  return Weights{std::move(*matrix), *type};
}

/// The constant bias of a product along axis 0, zeros without one; std::nullopt if it is not known.
static std::optional<Numbers> readBias(MatmulOp op, format::FloatType type) {
  if (!op.getBias())
    return Numbers(op.getRows());
  ElementsAttr attr;
  if (op.getBiasAxis() != 0 || !matchPattern(op.getBias(), m_Constant(&attr)))
    return std::nullopt;
  std::optional<std::vector<uint8_t>> raw = readRawElements(attr);
  if (!raw)
    return std::nullopt;
  Numbers result;
  for (size_t at = 0; at < raw->size(); at += format::getFloatBytes(type))
    result.push_back(format::loadFloat(type, raw->data() + at));
  return result;
}

static double evaluate(Activation activation, double x) {
  switch (activation) {
  case Activation::None:
    return x;
  case Activation::Relu:
    return x < 0 ? 0 : x;
  case Activation::GeluErf:
    return 0.5 * x * (1 + std::erf(x * std::sqrt(0.5)));
  case Activation::GeluTanh:
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
  case Activation::Sigmoid:
    return 1 / (1 + std::exp(-x));
  case Activation::Tanh:
    return std::tanh(x);
  case Activation::Silu:
    return x / (1 + std::exp(-x));
  }
  llvm_unreachable("unknown activation");
}

/// The rows, or the columns, of `matrix` where `keep` is set.
static format::DenseMatrix selectRows(const format::DenseMatrix &matrix, const std::vector<bool> &keep) {
  format::DenseMatrix result = matrix;
  result.shape.rows = llvm::count(keep, true);
  size_t row = matrix.shape.cols * matrix.elementBytes;
  result.data.resize(result.shape.rows * row);
  for (int64_t from = 0, to = 0; from < matrix.shape.rows; ++from)
    if (keep[from])
      std::copy_n(matrix.element(from, 0), row, result.data.data() + row * to++);
  return result;
}

static format::DenseMatrix selectColumns(const format::DenseMatrix &matrix, const std::vector<bool> &keep) {
  return transposeMatrix(selectRows(transposeMatrix(matrix), keep));
}

static Value createVector(RewriterBase &rewriter, Location loc, ArrayRef<double> numbers, Type elementType) {
  SmallVector<APFloat> values;
  for (double number : numbers) {
    APFloat value(number);
    bool inexact;
    value.convert(cast<FloatType>(elementType).getFloatSemantics(), APFloat::rmNearestTiesToEven, &inexact);
    values.push_back(value);
  }
  auto type = RankedTensorType::get({static_cast<int64_t>(numbers.size())}, elementType);
  return arith::ConstantOp::create(rewriter, loc, DenseElementsAttr::get(type, values));
}

/// The constant for `op`'s left operand with the rows x inner contents of `matrix`.
static Value rebuildWeights(RewriterBase &rewriter, MatmulOp op, const format::DenseMatrix &matrix) {
  std::string reason;
  return rebuildConstant(rewriter, op.getLoc(), op.getLhs(), op.getTransposeLhs() ? transposeMatrix(matrix) : matrix,
                         reason);
}

/// Channels that must go together so that the patterns of both matrices stay aligned: blocks of rows of the producer's,
/// groups of N:M and blocks of columns of the consumer's.
static int64_t getChannelGranule(const format::DenseMatrix &from, const format::DenseMatrix &to) {
  // Blocks count as a pattern if hardly anything in them is padding.
  constexpr double kFullBlocks = 0.9, kSparse = 0.75;
  // Fewer blocks or groups than this look full by chance.
  constexpr int64_t kEvidence = 4;
  cost::MatrixStatistics producer = cost::measure(from), consumer = cost::measure(to);
  int64_t granule = 1;
  for (const cost::BlockStatistics &blocks : producer.blocks)
    if (producer.density < kSparse && blocks.shape.cols == 1 && blocks.nonzeroBlocks >= kEvidence &&
        blocks.fill >= kFullBlocks)
      granule = std::lcm(granule, blocks.shape.rows);
  for (const cost::BlockStatistics &blocks : consumer.blocks)
    if (consumer.density < kSparse && blocks.shape.rows == 1 && blocks.nonzeroBlocks >= kEvidence &&
        blocks.fill >= kFullBlocks)
      granule = std::lcm(granule, blocks.shape.cols);
  // A pattern that the matrix has by mere sparsity is not worth keeping, one that its groups fill is.
  if (consumer.tightestNm) {
    auto [n, m] = *consumer.tightestNm;
    cost::MeasureOptions options;
    options.blockShapes = {{1, m}};
    cost::BlockStatistics groups = cost::measure(to, options).blocks.front();
    if (groups.nonzeroBlocks >= kEvidence && groups.fill >= kFullBlocks * n / m)
      granule = std::lcm(granule, m);
  }
  return granule;
}

/// Handles the channels between `producer` and `consumer`: the op that takes the producer's place, null if no channel
/// was removed.
static MatmulOp removeBetween(RewriterBase &rewriter, MatmulOp producer, MatmulOp consumer, DeadChannelCounts &counts) {
  std::optional<Weights> from = readWeights(producer), to = readWeights(consumer);
  if (!from || !to)
    return {};
  int64_t channels = from->matrix.shape.rows, outputs = to->matrix.shape.rows;
  Type element = getElementTypeOrSelf(producer.getType());
  std::optional<Numbers> fromBias = readBias(producer, from->type), toBias = readBias(consumer, to->type);
  bool biasAlongChannels = producer.getBias() && producer.getBiasAxis() == 0;
  if (biasAlongChannels && !fromBias)
    return {}; // a bias that is computed would have to be gathered

  enum class Channel { Live, DeadColumn, DeadRow };
  std::vector<Channel> kinds(channels, Channel::Live);
  for (int64_t channel = 0; channel < channels; ++channel) {
    auto isZeroColumn = [&]() {
      for (int64_t i = 0; i < outputs; ++i)
        if (!to->matrix.isZero(i, channel))
          return false;
      return true;
    };
    auto isZeroRow = [&]() {
      for (int64_t i = 0; i < from->matrix.shape.cols; ++i)
        if (!from->matrix.isZero(channel, i))
          return false;
      return true;
    };
    if (isZeroColumn())
      kinds[channel] = Channel::DeadColumn;
    else if (fromBias && toBias && isZeroRow())
      kinds[channel] = Channel::DeadRow;
  }
  if (llvm::all_of(kinds, [](Channel kind) { return kind == Channel::Live; }))
    return {};

  // Whole granules only, and one channel must stay.
  int64_t granule = getChannelGranule(from->matrix, to->matrix);
  std::vector<bool> keep(channels, true);
  int64_t columns = 0, rows = 0;
  for (int64_t first = 0; first < channels; first += granule) {
    int64_t end = std::min(channels, first + granule);
    if (std::any_of(kinds.begin() + first, kinds.begin() + end, [](Channel kind) { return kind == Channel::Live; }))
      continue;
    for (int64_t channel = first; channel < end && columns + rows < channels - 1; ++channel) {
      keep[channel] = false;
      if (kinds[channel] == Channel::DeadColumn) {
        ++columns;
        continue;
      }
      ++rows;
      double constant = evaluate(producer.getActivation(), (*fromBias)[channel]);
      for (int64_t i = 0; i < outputs; ++i)
        if (!to->matrix.isZero(i, channel))
          (*toBias)[i] += format::loadFloat(to->type, to->matrix.element(i, channel)) * constant;
    }
  }
  if (columns + rows == 0)
    return {};

  rewriter.setInsertionPoint(producer);
  Value producerLhs = rebuildWeights(rewriter, producer, selectRows(from->matrix, keep));
  Value consumerLhs = rebuildWeights(rewriter, consumer, selectColumns(to->matrix, keep));
  if (!producerLhs || !consumerLhs)
    return {}; // the format of one of them does not hold the smaller shape
  Value bias = producer.getBias();
  if (biasAlongChannels) {
    Numbers kept;
    for (auto [number, stays] : llvm::zip_equal(*fromBias, keep))
      if (stays)
        kept.push_back(number);
    bias = createVector(rewriter, producer.getLoc(), kept, element);
  }
  auto type = cast<RankedTensorType>(producer.getType());
  auto smaller = MatmulOp::create(
      rewriter, producer.getLoc(), RankedTensorType::get({channels - columns - rows, type.getDimSize(1)}, element),
      producerLhs, producer.getRhs(), /*lhs_scales=*/Value(), /*rhs_scales=*/Value(), bias, producer.getTransposeLhs(),
      producer.getTransposeRhs(), producer.getBiasAxis(), producer.getActivation());
  smaller->setDiscardableAttrs(producer->getDiscardableAttrDictionary());
  rewriter.setInsertionPoint(consumer);
  Value consumerBias = rows ? createVector(rewriter, consumer.getLoc(), *toBias, element) : Value();
  rewriter.modifyOpInPlace(consumer, [&]() {
    consumer.getLhsMutable().assign(consumerLhs);
    consumer.getRhsMutable().assign(smaller);
    if (rows) {
      consumer.getBiasMutable().assign(consumerBias);
      consumer.setBiasAxis(0);
    }
  });
  rewriter.eraseOp(producer);
  if (columns)
    consumer.emitRemark() << "removed " << columns << " dead columns and the rows of the product that feeds them";
  if (rows)
    smaller.emitRemark() << "removed " << rows << " dead rows, their constants are in the next product's bias";
  counts.columns += columns;
  counts.rows += rows;
  return smaller;
}

DeadChannelCounts spnn::removeDeadChannels(RewriterBase &rewriter, Operation *root) {
  DeadChannelCounts counts;
  for (bool changed = true; changed;) {
    changed = false;
    // Consumers first: a column that dies there may empty columns of the product before.
    SmallVector<MatmulOp> consumers;
    root->walk([&](MatmulOp op) { consumers.push_back(op); });
    for (size_t i = consumers.size(); i-- > 0;) {
      MatmulOp consumer = consumers[i];
      auto producer = consumer.getRhs().getDefiningOp<MatmulOp>();
      if (!producer || consumer.getTransposeRhs() || !producer->hasOneUse())
        continue;
      if (MatmulOp smaller = removeBetween(rewriter, producer, consumer, counts)) {
        llvm::replace(consumers, producer, smaller);
        changed = true;
      }
    }
  }
  return counts;
}
