//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds the ops around a product that compute every column of the activations by itself, and runs them slice by slice.
//
//===----------------------------------------------------------------------===//
#include "ColumnRegions.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace spnn;

bool spnn::isInKernelForm(MatmulOp op) {
  if (op.getTransposeLhs())
    return false;
  Value weights = op.getLhs();
  while (auto convert = weights.getDefiningOp<ConvertOp>())
    weights = convert.getSource();
  Operation *source = weights.getDefiningOp();
  return source && source->hasTrait<OpTrait::ConstantLike>();
}

//===----------------------------------------------------------------------===//
// Which dimension of each operand and result the columns are
//===----------------------------------------------------------------------===//

namespace {
constexpr int64_t kNone = -1;

/// Of an op: the dimension of each operand and result that the columns lie along, kNone where it has none.
struct OpColumns {
  SmallVector<int64_t> operands, results;
};

/// A dimension of an operand or a result of an op, known to be its columns.
struct Known {
  bool isResult;
  unsigned number;
  int64_t dim;
};

std::optional<OpColumns> findColumns(MatmulOp op, Known known) {
  if (!isInKernelForm(op))
    return std::nullopt;
  OpColumns columns{SmallVector<int64_t>(op->getNumOperands(), kNone), {1}};
  columns.operands[op.getRhsMutable().getOperandNumber()] = op.getTransposeRhs() ? 0 : 1;
  for (OpOperand &scales : op.getRhsScalesMutable())
    columns.operands[scales.getOperandNumber()] = 0;
  for (OpOperand &bias : op.getBiasMutable())
    if (op.getBiasAxis() == 1)
      columns.operands[bias.getOperandNumber()] = 0;
  return columns;
}

std::optional<OpColumns> findColumns(linalg::LinalgOp op, Known known) {
  if (!op.hasPureTensorSemantics() || op.hasIndexSemantics() || linalg::isaContractionOpInterface(op) ||
      !llvm::all_of(op.getIndexingMapsArray(),
                    [](AffineMap map) { return map.isProjectedPermutation(/*allowZeroInResults=*/true); }))
    return std::nullopt;
  AffineMap map = known.isResult ? op.getIndexingMapMatchingResult(op->getResult(known.number))
                                 : op.getMatchingIndexingMap(&op->getOpOperand(known.number));
  auto loop = dyn_cast<AffineDimExpr>(map.getResult(known.dim));
  if (!loop || op.getIteratorTypesArray()[loop.getPosition()] != utils::IteratorType::parallel)
    return std::nullopt;
  auto dimOf = [&](AffineMap map) -> int64_t {
    for (auto [i, expr] : llvm::enumerate(map.getResults()))
      if (expr == loop)
        return i;
    return kNone;
  };
  OpColumns columns;
  for (OpOperand &operand : op->getOpOperands())
    columns.operands.push_back(dimOf(op.getMatchingIndexingMap(&operand)));
  for (OpResult result : op->getResults())
    columns.results.push_back(dimOf(op.getIndexingMapMatchingResult(result)));
  if (llvm::is_contained(columns.results, kNone))
    return std::nullopt;
  return columns;
}

/// Reshapes that leave the columns alone: what they share a group with has one element.
template <typename Op> std::optional<OpColumns> findReshapedColumns(Op op, Known known) {
  bool isExpanding = std::is_same_v<Op, tensor::ExpandShapeOp>;
  auto source = cast<RankedTensorType>(op.getSrc().getType()), result = cast<RankedTensorType>(op.getType());
  if (!source.hasStaticShape() || !result.hasStaticShape())
    return std::nullopt;
  RankedTensorType wide = isExpanding ? result : source, narrow = isExpanding ? source : result;
  for (auto [group, dims] : llvm::enumerate(op.getReassociationIndices()))
    for (int64_t dim : dims)
      if (wide.getDimSize(dim) == narrow.getDimSize(group) && wide.getDimSize(dim) > 1) {
        int64_t from = isExpanding ? group : dim, to = isExpanding ? dim : group;
        if (known.dim == (known.isResult ? to : from))
          return OpColumns{{from}, {to}};
      }
  return std::nullopt;
}

/// Makes a value from nothing, as well for some columns as for all: what shares it with others keeps the whole one.
bool isSource(Operation *op) {
  return isa<tensor::EmptyOp>(op) || matchPattern(op, m_Constant<SplatElementsAttr>(nullptr));
}

/// Where `op` has its columns if `known` holds; std::nullopt where it does not treat each of them alike.
std::optional<OpColumns> findColumns(Operation *op, Known known) {
  if (auto product = dyn_cast<MatmulOp>(op))
    return findColumns(product, known);
  if (op->getNumResults() == 0 || !isMemoryEffectFree(op))
    return std::nullopt;
  for (Type type : op->getResultTypes())
    if (auto tensor = dyn_cast<RankedTensorType>(type); !tensor || !tensor.hasStaticShape() || tensor.getEncoding())
      return std::nullopt;
  // A body that looks into a tensor may look at any column.
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  if (llvm::any_of(captured, [](Value value) { return isa<ShapedType>(value.getType()); }))
    return std::nullopt;
  if (auto linalg = dyn_cast<linalg::LinalgOp>(op))
    return findColumns(linalg, known);
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return findReshapedColumns(expand, known);
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
    return findReshapedColumns(collapse, known);
  if (isSource(op))
    return OpColumns{{}, {known.dim}};
  if (!OpTrait::hasElementwiseMappableTraits(op))
    return std::nullopt;
  OpColumns columns;
  for (Value operand : op->getOperands())
    columns.operands.push_back(isa<RankedTensorType>(operand.getType()) ? known.dim : kNone);
  columns.results.assign(op->getNumResults(), known.dim);
  return columns;
}

//===----------------------------------------------------------------------===//
// Finding the region
//===----------------------------------------------------------------------===//

class RegionFinder {
public:
  explicit RegionFinder(MatmulOp product) {
    region.block = product->getBlock();
    region.columns = product.getColumns();
    take(product, *::findColumns(product.getOperation(), {true, 0, 1}));
  }

  std::optional<ColumnRegion> find(std::string &reason);

private:
  using Tagged = std::pair<Value, int64_t>;

  /// Takes `op` in, with the values that it reads and makes.
  void take(Operation *op, OpColumns columns);
  /// Looks at the op that makes a value with columns, and at those that use it.
  void spread(Tagged value);
  bool isOutside(Operation *op) const { return !found.contains(op); }
  /// True if an op of the region waits for one that is outside and that waits for the region.
  bool goesOutAndBack() const;

  ColumnRegion region;
  DenseMap<Operation *, OpColumns> found;
  SmallVector<Tagged> worklist;
};
} // namespace

void RegionFinder::take(Operation *op, OpColumns columns) {
  for (auto [value, dim] : llvm::zip_equal(op->getOperands(), columns.operands))
    if (dim != kNone)
      worklist.push_back({value, dim});
  for (auto [value, dim] : llvm::zip_equal(op->getResults(), columns.results))
    worklist.push_back({value, dim});
  found[op] = std::move(columns);
}

void RegionFinder::spread(Tagged tagged) {
  auto [value, dim] = tagged;
  auto visit = [&](Operation *op, Known known) {
    if (op->getBlock() == region.block && isOutside(op))
      if (std::optional<OpColumns> columns = findColumns(op, known))
        take(op, *columns);
  };
  if (auto result = dyn_cast<OpResult>(value))
    visit(result.getOwner(), {true, result.getResultNumber(), dim});
  for (OpOperand &use : value.getUses())
    visit(use.getOwner(), {false, use.getOperandNumber(), dim});
}

/// The values that `op` and what is nested in it read.
static SmallVector<Value> getReadValues(Operation *op) {
  SmallVector<Value> values;
  op->walk([&](Operation *nested) { llvm::append_range(values, nested->getOperands()); });
  return values;
}

bool RegionFinder::goesOutAndBack() const {
  llvm::SmallPtrSet<Operation *, 16> waiting; // outside, for the region
  for (Operation &op : *region.block)
    for (Value value : getReadValues(&op)) {
      Operation *source = value.getDefiningOp();
      if (!source || isSource(source))
        continue;
      if (isOutside(&op) ? waiting.contains(source) || !isOutside(source) : waiting.contains(source)) {
        if (!isOutside(&op))
          return true;
        waiting.insert(&op);
      }
    }
  return false;
}

std::optional<ColumnRegion> RegionFinder::find(std::string &reason) {
  while (!worklist.empty()) {
    Tagged next = worklist.pop_back_val();
    auto [known, isNew] = region.columnDims.insert(next);
    if (known->second != next.second) {
      reason = "an op takes the columns of a matrix for its rows";
      return std::nullopt;
    }
    if (isNew)
      spread(next);
  }
  for (Operation &op : *region.block)
    if (!isOutside(&op))
      region.ops.push_back(&op);
  for (Operation *op : region.ops) {
    for (auto [value, dim] : llvm::zip_equal(op->getOperands(), found[op].operands))
      if (dim == kNone && region.columnDims.contains(value)) {
        reason = "an op reads all columns at once";
        return std::nullopt;
      }
    if (auto product = dyn_cast<MatmulOp>(op))
      region.products.push_back(product);
  }
  if (goesOutAndBack()) {
    reason = "between its products columns meet each other";
    return std::nullopt;
  }
  for (auto [value, dim] : region.columnDims) {
    Operation *source = value.getDefiningOp();
    if (!source || isOutside(source))
      region.inputs.push_back(value);
    else if (!isSource(source) && llvm::any_of(value.getUsers(), [&](Operation *user) { return isOutside(user); }))
      region.outputs.push_back(value);
  }
  return std::move(region);
}

std::optional<ColumnRegion> spnn::findColumnRegion(MatmulOp product, std::string &reason) {
  return RegionFinder(product).find(reason);
}

//===----------------------------------------------------------------------===//
// Cutting it
//===----------------------------------------------------------------------===//

namespace {
class RegionSlicer {
public:
  explicit RegionSlicer(const ColumnRegion &region)
      : region(region), last(region.ops.back()), builder(last->getContext()) {
    builder.setInsertionPointAfter(last);
  }

  void slice(ArrayRef<SliceRun> runs, function_ref<void(MatmulOp)> annotate);

private:
  RankedTensorType getSliceType(Value value, int64_t size) const {
    auto type = cast<RankedTensorType>(value.getType());
    SmallVector<int64_t> shape(type.getShape());
    shape[region.columnDims.lookup(value)] = size;
    return type.clone(shape);
  }
  /// Offsets, sizes and strides of `size` columns of `value` from `offset` on.
  void describe(Value value, OpFoldResult offset, int64_t size, SmallVector<OpFoldResult> &offsets,
                SmallVector<OpFoldResult> &sizes, SmallVector<OpFoldResult> &strides) const;
  /// The region for `size` columns from `offset` on; `results` are the whole outputs so far, and become those after it.
  void emit(OpBuilder &b, OpFoldResult offset, int64_t size, SmallVector<Value> &results,
            function_ref<void(MatmulOp)> annotate) const;
  Operation *copy(OpBuilder &b, Operation *op, int64_t size, IRMapping &mapping) const;
  /// Users of the outputs that stand before the last op move behind it.
  void moveUsers();

  const ColumnRegion &region;
  Operation *last;
  OpBuilder builder;
};
} // namespace

void RegionSlicer::describe(Value value, OpFoldResult offset, int64_t size, SmallVector<OpFoldResult> &offsets,
                            SmallVector<OpFoldResult> &sizes, SmallVector<OpFoldResult> &strides) const {
  RankedTensorType type = getSliceType(value, size);
  Builder b(type.getContext());
  offsets.assign(type.getRank(), b.getIndexAttr(0));
  offsets[region.columnDims.lookup(value)] = offset;
  sizes = getAsIndexOpFoldResult(type.getContext(), type.getShape());
  strides.assign(type.getRank(), b.getIndexAttr(1));
}

Operation *RegionSlicer::copy(OpBuilder &b, Operation *op, int64_t size, IRMapping &mapping) const {
  Location loc = op->getLoc();
  RankedTensorType type = getSliceType(op->getResult(0), size);
  // Ops that say their shape elsewhere than in their type.
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return tensor::ExpandShapeOp::create(b, loc, type, mapping.lookup(expand.getSrc()),
                                         expand.getReassociationIndices());
  if (isa<tensor::EmptyOp>(op))
    return tensor::EmptyOp::create(b, loc, type.getShape(), type.getElementType(), type.getEncoding());
  SplatElementsAttr splat;
  if (matchPattern(op, m_Constant(&splat)))
    return arith::ConstantOp::create(b, loc, cast<TypedAttr>(Attribute(splat.resizeSplat(type))));
  Operation *clone = b.clone(*op, mapping);
  for (auto [result, original] : llvm::zip_equal(clone->getResults(), op->getResults()))
    result.setType(getSliceType(original, size));
  return clone;
}

void RegionSlicer::emit(OpBuilder &b, OpFoldResult offset, int64_t size, SmallVector<Value> &results,
                        function_ref<void(MatmulOp)> annotate) const {
  IRMapping mapping;
  SmallVector<OpFoldResult> offsets, sizes, strides;
  for (Value input : region.inputs) {
    describe(input, offset, size, offsets, sizes, strides);
    mapping.map(input, tensor::ExtractSliceOp::create(b, last->getLoc(), getSliceType(input, size), input, offsets,
                                                      sizes, strides)
                           .getResult());
  }
  for (Operation *op : region.ops) {
    Operation *copied = copy(b, op, size, mapping);
    mapping.map(op->getResults(), copied->getResults());
    if (auto product = dyn_cast<MatmulOp>(copied))
      annotate(product);
  }
  for (auto [output, result] : llvm::zip_equal(region.outputs, results)) {
    describe(output, offset, size, offsets, sizes, strides);
    result = tensor::InsertSliceOp::create(b, output.getLoc(), mapping.lookup(output), result, offsets, sizes, strides);
  }
}

void RegionSlicer::moveUsers() {
  llvm::SmallPtrSet<Operation *, 16> ours(region.ops.begin(), region.ops.end()), waiting;
  SmallVector<Operation *> moved;
  for (Operation &op : llvm::make_range(region.ops.front()->getIterator(), last->getIterator()))
    if (!ours.contains(&op) && llvm::any_of(getReadValues(&op), [&](Value value) {
          Operation *source = value.getDefiningOp();
          return source && !isSource(source) && (ours.contains(source) || waiting.contains(source));
        })) {
      waiting.insert(&op);
      moved.push_back(&op);
    }
  for (Operation *op : moved) {
    op->moveBefore(region.block, builder.getInsertionPoint());
    // What is built next stands in front of all that moved.
    if (op == moved.front())
      builder.setInsertionPoint(op);
  }
}

void RegionSlicer::slice(ArrayRef<SliceRun> runs, function_ref<void(MatmulOp)> annotate) {
  moveUsers();
  Location loc = last->getLoc();
  SmallVector<Value> results;
  for (Value output : region.outputs) {
    auto type = cast<RankedTensorType>(output.getType());
    results.push_back(tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType()));
  }
  int64_t first = 0;
  for (auto [count, size] : runs) {
    if (count == 1) {
      emit(builder, builder.getIndexAttr(first), size, results, annotate);
    } else {
      auto index = [&](OpBuilder &b, int64_t value) -> Value { return arith::ConstantIndexOp::create(b, loc, value); };
      auto loop = scf::ForOp::create(builder, loc, index(builder, 0), index(builder, count), index(builder, 1), results,
                                     [&, size = size](OpBuilder &b, Location, Value number, ValueRange state) {
                                       Value offset = arith::MulIOp::create(b, loc, number, index(b, size));
                                       if (first > 0)
                                         offset = arith::AddIOp::create(b, loc, offset, index(b, first));
                                       SmallVector<Value> next(state);
                                       emit(b, offset, size, next, annotate);
                                       scf::YieldOp::create(b, loc, next);
                                     });
      results.assign(loop.result_begin(), loop.result_end());
    }
    first += count * size;
  }
  llvm::SmallPtrSet<Operation *, 16> ours(region.ops.begin(), region.ops.end());
  for (auto [output, result] : llvm::zip_equal(region.outputs, results))
    Value(output).replaceUsesWithIf(result, [&](OpOperand &use) { return !ours.contains(use.getOwner()); });
  for (Operation *op : llvm::reverse(region.ops))
    if (op->use_empty())
      op->erase();
}

void spnn::sliceRegion(const ColumnRegion &region, ArrayRef<SliceRun> runs, function_ref<void(MatmulOp)> annotate) {
  RegionSlicer(region).slice(runs, annotate);
}
