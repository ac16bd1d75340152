//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pass spnn-pack-elementwise: elementwise ops and reductions between kernels work on packed panels.
//
//===----------------------------------------------------------------------===//
#include "ColumnGroups.h"
#include "PanelBuffers.h"
#include "spnn/Lowering/Passes.h"

#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/RegionUtils.h"

namespace spnn {
#define GEN_PASS_DEF_PACKELEMENTWISE
#include "spnn/Lowering/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

namespace {
/// Makes one kernel of a group.
class GroupEmitter {
public:
  GroupEmitter(const ColumnGroups &analysis, const ColumnGroup &group, bool isParallel)
      : analysis(analysis), group(group), isParallel(isParallel), last(group.members.back()->op), builder(last) {}

  /// False, with a reason, if the kernel has no place in the block.
  bool emit(std::string &reason);

private:
  using Input = std::pair<Value, ColumnRole>;

  bool findPlace(std::string &reason);
  void findInputs();
  void findOutputs();
  void findColumns();
  bool checkElements(std::string &reason) const;
  Value flatten(Value value, ArrayRef<AxisTag> tags, bool isMatrix);
  Value restore(Value flat, Value like, ArrayRef<AxisTag> tags);
  Value packed(Value value);
  void emitBody(KernelColumnsOp kernel);
  Value readOperand(OpBuilder &b, ColumnMember &member, OpOperand &operand);
  Value readFill(OpBuilder &b, OpFoldResult fill);
  Value capture(OpBuilder &b, Value scalar);

  const ColumnGroups &analysis;
  const ColumnGroup &group;
  bool isParallel;
  Operation *last;
  OpBuilder builder;
  Location loc = last->getLoc();
  SmallVector<Operation *> dependents; ///< other ops in front of `last` that read a member
  llvm::MapVector<Input, AxisTags> inputs;
  llvm::SetVector<Value> scalars; ///< that bodies use from outside
  SmallVector<Value> matrices, vectors;
  Value columns;
  IRMapping values; ///< tensors and scalars of the members to scalars of the kernel's body
  DenseMap<Input, Value> arguments;
};
} // namespace

/// The kernel stands behind the last member, so what reads a member's result moves behind that; what a member reads is
/// in front.
bool GroupEmitter::findPlace(std::string &reason) {
  DenseSet<Value> moved;
  for (Operation *op = group.members.front()->op; op != last; op = op->getNextNode()) {
    bool isMember = group.ops.contains(op);
    if (isMember)
      moved.insert(op->result_begin(), op->result_end());
    llvm::SetVector<Value> operands(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), operands);
    bool isBehind = llvm::any_of(operands, [&](Value value) { return moved.contains(value); });
    if (isMember || !isBehind)
      continue;
    if (!isMemoryEffectFree(op)) {
      reason = "'" + op->getName().getStringRef().str() + "' stands among its ops and cannot be moved";
      return false;
    }
    moved.insert(op->result_begin(), op->result_end());
    dependents.push_back(op);
  }
  DenseSet<Operation *> behind(dependents.begin(), dependents.end());
  // Where a result of theirs goes is no longer asked.
  for (ColumnMember *member : group.members)
    for (Value value : ColumnGroups::getReadValues(*member))
      if (behind.contains(value.getDefiningOp())) {
        reason = "another op stands between two of its ops";
        return false;
      }
  return true;
}

void GroupEmitter::findInputs() {
  auto addScalar = [&](OpFoldResult fill) {
    if (auto value = dyn_cast_if_present<Value>(fill); value && !matchPattern(value, m_Constant()))
      scalars.insert(value);
  };
  for (ColumnMember *member : group.members) {
    auto linalg = dyn_cast<linalg::LinalgOp>(member->op);
    if (linalg) {
      llvm::SetVector<Value> captured;
      getUsedValuesDefinedAbove(linalg->getRegions(), captured);
      for (Value value : captured)
        addScalar(value);
      if (linalg.getNumReductionLoops() != 0)
        for (Value init : linalg.getDpsInits())
          addScalar(getFillValue(init));
    }
    for (OpOperand *operand : ColumnGroups::getReadOperands(*member)) {
      Value value = operand->get();
      if (group.ops.contains(value.getDefiningOp()))
        continue;
      if (OpFoldResult fill = getFillValue(value)) {
        addScalar(fill);
        continue;
      }
      if (!isa<ShapedType>(value.getType())) {
        addScalar(value);
        continue;
      }
      AxisTags tags = analysis.getTags(*member, *operand);
      bool columnsFirst;
      inputs.insert({{value, *classify(tags, columnsFirst)}, tags});
    }
  }
}

void GroupEmitter::findOutputs() {
  for (ColumnMember *member : group.members)
    for (Value result : member->op->getResults()) {
      auto isOutside = [&](Operation *user) { return !group.ops.contains(user) && !isa<tensor::DimOp>(user); };
      if (llvm::none_of(result.getUsers(), isOutside))
        continue;
      bool columnsFirst;
      if (classify(analysis.getTags(result), columnsFirst) == ColumnRole::Panels)
        matrices.push_back(result);
      else
        vectors.push_back(result);
    }
}

bool GroupEmitter::checkElements(std::string &reason) const {
  auto isElement = [](Value value) {
    Type type = getElementTypeOrSelf(value.getType());
    return type.isSignlessIntOrFloat() && type.getIntOrFloatBitWidth() % 8 == 0 && type.getIntOrFloatBitWidth() <= 64;
  };
  for (auto &[input, tags] : inputs)
    if (input.second != ColumnRole::Scalar && !isElement(input.first)) {
      reason = "an operand does not have elements of whole bytes";
      return false;
    }
  if (!llvm::all_of(matrices, isElement) || !llvm::all_of(vectors, isElement)) {
    reason = "a result does not have elements of whole bytes";
    return false;
  }
  return true;
}

/// The number of columns, from a product beside the group or from the extents of a matrix.
void GroupEmitter::findColumns() {
  Value like;
  ArrayRef<AxisTag> tags;
  for (auto &[input, inputTags] : inputs) {
    if (input.second != ColumnRole::Panels)
      continue;
    auto unpack = input.first.getDefiningOp<UnpackPanelsOp>();
    if (Operation *source = unpack ? unpack.getSource().getDefiningOp() : nullptr) {
      if (auto matmul = dyn_cast<KernelMatmulOp>(source))
        columns = matmul.getColumns();
      else if (auto kernel = dyn_cast<KernelColumnsOp>(source))
        columns = kernel.getColumns();
      if (columns)
        return;
    }
    if (!like) {
      like = input.first;
      tags = inputTags;
    }
  }
  if (!like) {
    // All matrices are made of vectors here.
    auto isMatrix = [&](Value value) {
      bool columnsFirst;
      return classify(analysis.getTags(value), columnsFirst) == ColumnRole::Panels;
    };
    for (ColumnMember *member : group.members)
      for (Value result : member->op->getResults())
        if (!like && isMatrix(result))
          like = result;
    tags = analysis.getTags(like);
  }
  for (auto [dim, tag] : llvm::enumerate(tags)) {
    if (tag.kind != AxisTag::Column)
      continue;
    Value extent = builder.createOrFold<tensor::DimOp>(loc, like, dim);
    columns = columns ? builder.createOrFold<arith::MulIOp>(loc, columns, extent) : extent;
  }
}

/// The groups of dimensions of a tensor that are one dimension of its flat form: rows and columns, or all of a vector.
static SmallVector<ReassociationIndices> getFlatGroups(ArrayRef<AxisTag> tags, bool isMatrix) {
  SmallVector<ReassociationIndices> groups(1);
  std::optional<AxisTag::Kind> current;
  for (auto [dim, tag] : llvm::enumerate(tags)) {
    if (isMatrix && tag.kind != AxisTag::One && current && *current != tag.kind)
      groups.emplace_back();
    if (tag.kind != AxisTag::One)
      current = tag.kind;
    groups.back().push_back(dim);
  }
  return groups;
}

Value GroupEmitter::flatten(Value value, ArrayRef<AxisTag> tags, bool isMatrix) {
  SmallVector<ReassociationIndices> groups = getFlatGroups(tags, isMatrix);
  if (groups.size() == tags.size())
    return value;
  return tensor::CollapseShapeOp::create(builder, loc, value, groups);
}

Value GroupEmitter::restore(Value flat, Value like, ArrayRef<AxisTag> tags) {
  auto type = cast<RankedTensorType>(like.getType());
  auto flatType = cast<RankedTensorType>(flat.getType());
  if (flatType.getRank() != type.getRank()) {
    SmallVector<ReassociationIndices> groups = getFlatGroups(tags, flatType.getRank() == 2);
    SmallVector<int64_t> extents;
    for (const ReassociationIndices &group : groups) {
      int64_t extent = 1;
      for (int64_t dim : group)
        extent = ShapedType::isDynamic(type.getDimSize(dim)) || ShapedType::isDynamic(extent)
                     ? ShapedType::kDynamic
                     : extent * type.getDimSize(dim);
      extents.push_back(extent);
    }
    auto wanted = flatType.clone(extents);
    if (wanted != flatType)
      flat = tensor::CastOp::create(builder, loc, wanted, flat);
    SmallVector<OpFoldResult> sizes;
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      sizes.push_back(type.isDynamicDim(dim) ? OpFoldResult(builder.createOrFold<tensor::DimOp>(loc, like, dim))
                                             : OpFoldResult(builder.getIndexAttr(type.getDimSize(dim))));
    return tensor::ExpandShapeOp::create(builder, loc, type, flat, groups, sizes);
  }
  return flatType == type ? flat : tensor::CastOp::create(builder, loc, type, flat).getResult();
}

Value GroupEmitter::packed(Value value) {
  ArrayRef<AxisTag> tags = inputs.find({value, ColumnRole::Panels})->second;
  bool columnsFirst;
  (void)classify(tags, columnsFirst);
  Value matrix = flatten(value, tags, /*isMatrix=*/true);
  Value init =
      createEmptyPanels(builder, loc, columns, group.rows, group.panels, getElementTypeOrSelf(value.getType()));
  return PackPanelsOp::create(builder, loc, TypeRange{init.getType()}, matrix, init, group.panels, columnsFirst)
      .getResult(0);
}

Value GroupEmitter::capture(OpBuilder &b, Value scalar) {
  if (Value known = values.lookupOrNull(scalar))
    return known;
  Value copy = b.clone(*scalar.getDefiningOp())->getResult(0); // a constant
  values.map(scalar, copy);
  return copy;
}

Value GroupEmitter::readFill(OpBuilder &b, OpFoldResult fill) {
  if (auto attr = dyn_cast<Attribute>(fill))
    return arith::ConstantOp::create(b, loc, cast<TypedAttr>(attr));
  return capture(b, cast<Value>(fill));
}

Value GroupEmitter::readOperand(OpBuilder &b, ColumnMember &member, OpOperand &operand) {
  Value value = operand.get();
  if (group.ops.contains(value.getDefiningOp()))
    return values.lookup(value);
  if (OpFoldResult fill = getFillValue(value))
    return readFill(b, fill);
  if (!isa<ShapedType>(value.getType()))
    return capture(b, value);
  bool columnsFirst;
  return arguments.lookup({value, *classify(analysis.getTags(member, operand), columnsFirst)});
}

void GroupEmitter::emitBody(KernelColumnsOp kernel) {
  OpBuilder b = OpBuilder::atBlockEnd(&kernel.getBody().front());
  for (ColumnMember *member : group.members) {
    auto linalg = dyn_cast<linalg::LinalgOp>(member->op);
    if (!linalg) {
      values.map(member->op->getResult(0), readOperand(b, *member, member->op->getOpOperand(0)));
      continue;
    }
    for (OpOperand *operand : ColumnGroups::getReadOperands(*member))
      values.map(linalg.getMatchingBlockArgument(operand), readOperand(b, *member, *operand));
    Block &body = *linalg.getBlock();
    Operation *yield = body.getTerminator();
    for (Operation &inner : body.without_terminator()) {
      bool isFold = linalg.getNumReductionLoops() != 0 && llvm::is_contained(inner.getUsers(), yield);
      if (isFold)
        continue;
      for (Value operand : inner.getOperands())
        if (operand.getParentBlock() != &body)
          capture(b, operand);
      b.clone(inner, values);
    }
    for (auto [number, result] : llvm::enumerate(member->results)) {
      if (result.scalar.getParentBlock() != &body)
        capture(b, result.scalar);
      Value scalar = values.lookup(result.scalar);
      if (result.kind) {
        if (result.overRows)
          scalar = ReduceRowsOp::create(b, loc, scalar.getType(),
                                        vector::CombiningKindAttr::get(b.getContext(), *result.kind), scalar);
        OpFoldResult fill = getFillValue(linalg.getDpsInits()[number]);
        Attribute identity = getReductionIdentity(*result.kind, scalar.getType());
        Attribute constant;
        if (auto value = dyn_cast<Value>(fill))
          matchPattern(value, m_Constant(&constant));
        else
          constant = cast<Attribute>(fill);
        bool isZero = *result.kind == vector::CombiningKind::ADD && constant && isa<FloatAttr>(constant) &&
                      cast<FloatAttr>(constant).getValue().isZero();
        if (constant != identity && !isZero)
          scalar = vector::makeArithReduction(b, loc, *result.kind, scalar, readFill(b, fill));
      }
      values.map(member->op->getResult(number), scalar);
    }
  }
  SmallVector<Value> results[2];
  for (auto [wanted, found] : llvm::zip(std::array<ArrayRef<Value>, 2>{matrices, vectors}, results))
    for (Value value : wanted)
      found.push_back(values.lookup(value));
  YieldColumnsOp::create(b, loc, results[0], results[1]);
}

bool GroupEmitter::emit(std::string &reason) {
  if (!findPlace(reason))
    return false;
  findInputs();
  findOutputs();
  if (matrices.empty() && vectors.empty())
    reason = "nothing uses its result";
  if (!reason.empty() || !checkElements(reason))
    return false;
  for (Operation *op : llvm::reverse(dependents))
    op->moveAfter(last);
  builder.setInsertionPointAfter(last);
  findColumns();

  SmallVector<Value> operands[4];
  SmallVector<SmallVector<Input>, 4> keys(4);
  for (auto &[input, tags] : inputs) {
    auto [value, role] = input;
    keys[static_cast<int>(role)].push_back(input);
    if (role == ColumnRole::Panels) {
      operands[0].push_back(packed(value));
    } else if (role == ColumnRole::Scalar) {
      SmallVector<Value> zeros(tags.size());
      for (Value &zero : zeros)
        zero = arith::ConstantIndexOp::create(builder, loc, 0);
      operands[3].push_back(tensor::ExtractOp::create(builder, loc, value, zeros));
    } else {
      operands[static_cast<int>(role)].push_back(flatten(value, tags, /*isMatrix=*/false));
    }
  }
  llvm::append_range(operands[3], scalars);

  SmallVector<Value> inits;
  for (Value matrix : matrices)
    inits.push_back(
        createEmptyPanels(builder, loc, columns, group.rows, group.panels, getElementTypeOrSelf(matrix.getType())));
  for (Value vector : vectors)
    inits.push_back(tensor::EmptyOp::create(builder, loc, ArrayRef<OpFoldResult>{getAsOpFoldResult(columns)},
                                            getElementTypeOrSelf(vector.getType())));
  // A parallel region costs some microseconds, as long as one core takes for about so many elements.
  constexpr int64_t kMinElements = 1 << 14;
  std::optional<int64_t> known = getConstantIntValue(columns);
  bool isLarge = !known || (*known > group.panels.getWidth() && *known * group.rows >= kMinElements);
  auto kernel =
      KernelColumnsOp::create(builder, loc, TypeRange(ValueRange(inits)), group.rows, columns, group.panels,
                              operands[0], operands[1], operands[2], operands[3], inits, isParallel && isLarge);
  Block &body = kernel.getBody().emplaceBlock();
  for (int role = 0; role < 4; ++role)
    for (auto [number, operand] : llvm::enumerate(operands[role])) {
      BlockArgument argument = body.addArgument(getElementTypeOrSelf(operand.getType()), loc);
      if (number < keys[role].size())
        arguments[keys[role][number]] = argument;
      else
        values.map(operand, argument);
    }
  emitBody(kernel);

  auto replace = [&](Value before, Value after) {
    before.replaceUsesWithIf(after, [&](OpOperand &use) {
      return !group.ops.contains(use.getOwner()) && !isa<tensor::DimOp>(use.getOwner());
    });
  };
  for (auto [number, matrix] : llvm::enumerate(matrices)) {
    ArrayRef<AxisTag> tags = analysis.getTags(matrix);
    bool columnsFirst;
    (void)classify(tags, columnsFirst);
    SmallVector<OpFoldResult> sizes{getAsOpFoldResult(columns), builder.getIndexAttr(group.rows)};
    if (!columnsFirst)
      std::swap(sizes[0], sizes[1]);
    Value out = tensor::EmptyOp::create(builder, loc, sizes, getElementTypeOrSelf(matrix.getType()));
    Value unpacked = UnpackPanelsOp::create(builder, loc, TypeRange{out.getType()}, kernel.getResult(number), out,
                                            group.panels, columnsFirst)
                         .getResult(0);
    replace(matrix, restore(unpacked, matrix, tags));
  }
  for (auto [number, vector] : llvm::enumerate(vectors))
    replace(vector, restore(kernel.getResult(matrices.size() + number), vector, analysis.getTags(vector)));
  return true;
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// A kernel whose input nothing else reads overwrites it: half the memory to bring into the caches.
static void computeInPlace(KernelColumnsOp op) {
  int64_t panelInits = op.getNumPanelInits();
  for (OpOperand &panels : op.getPanelsMutable()) {
    Operation *source = panels.get().getDefiningOp();
    if (!source || !isa<KernelMatmulOp, KernelColumnsOp, PackPanelsOp>(source) || !panels.get().hasOneUse())
      continue;
    for (OpOperand &init : op.getInitMutable().slice(0, panelInits))
      if (init.get().getType() == panels.get().getType() && init.get().getDefiningOp<tensor::EmptyOp>()) {
        init.set(panels.get());
        break;
      }
  }
}

namespace {
struct PackElementwise : public spnn::impl::PackElementwiseBase<PackElementwise> {
  using PackElementwiseBase::PackElementwiseBase;

  LogicalResult cleanUp() {
    RewritePatternSet patterns(&getContext());
    PackPanelsOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::DimOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::CastOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns, &getContext());
    memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
    if (succeeded(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return success();
    return getOperation().emitError() << "folding of layout changes did not converge";
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    llvm::SetVector<Block *> blocks;
    module.walk([&](Operation *op) {
      if (isa<PackPanelsOp, UnpackPanelsOp>(op))
        blocks.insert(op->getBlock());
    });
    if (blocks.empty())
      return;
    if (failed(cleanUp()))
      return signalPassFailure();
    auto target = module->getAttrOfType<TargetAttr>(kTargetAttrName);
    bool isParallel = !target || target.getThreads() != 1;
    for (Block *block : blocks) {
      ColumnGroups analysis(*block);
      for (ColumnGroup &group : analysis.getGroups()) {
        if (!group.isAccepted)
          continue;
        std::string reason;
        Operation *first = group.members.front()->op;
        if (!GroupEmitter(analysis, group, isParallel).emit(reason)) {
          first->emitRemark() << "stays row-major beside packed activations: " << reason;
          continue;
        }
        size_t ops = group.members.size();
        first->emitRemark() << ops << (ops == 1 ? " op on " : " ops on ") << group.rows
                            << (ops == 1 ? " rows becomes" : " rows become") << " one kernel on packed activations";
        ++numKernels;
        numOps += group.members.size();
      }
    }
    // Blocks that no kernel holds may be gone.
    if (failed(cleanUp()))
      return signalPassFailure();
    module.walk(computeInPlace);
  }
};
} // namespace
