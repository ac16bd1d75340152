//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which ops beside packed activations treat all columns alike, and which of them can become one kernel.
//
//===----------------------------------------------------------------------===//
#include "ColumnGroups.h"

#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace spnn;

//===----------------------------------------------------------------------===//
// Tags
//===----------------------------------------------------------------------===//

std::optional<ColumnRole> spnn::classify(ArrayRef<AxisTag> tags, bool &columnsFirst) {
  int64_t rows = 0, parts = 0;
  columnsFirst = true;
  for (const AxisTag &tag : tags) {
    if (tag.kind == AxisTag::Row) {
      columnsFirst = parts > 0;
      if (++rows > 1)
        return std::nullopt;
    }
    if (tag.kind == AxisTag::Column && tag.part != parts++)
      return std::nullopt;
  }
  if (rows && parts) {
    // The columns stand together.
    SmallVector<AxisTag> flat;
    for (const AxisTag &tag : tags)
      if (tag.kind != AxisTag::One)
        flat.push_back(tag);
    if (flat.front().kind != AxisTag::Row && flat.back().kind != AxisTag::Row)
      return std::nullopt;
    return ColumnRole::Panels;
  }
  return rows ? ColumnRole::RowVector : parts ? ColumnRole::ColumnVector : ColumnRole::Scalar;
}

static int64_t countColumns(ArrayRef<AxisTag> tags) {
  return llvm::count_if(tags, [](const AxisTag &tag) { return tag.kind == AxisTag::Column; });
}

/// The tags of a tensor that is read or written with `map`; std::nullopt for maps that are no projected permutation
/// with zeros.
static std::optional<AxisTags> applyMap(AffineMap map, ArrayRef<AxisTag> loops) {
  AxisTags tags;
  for (AffineExpr expr : map.getResults()) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      tags.push_back(loops[dim.getPosition()]);
    else if (auto constant = dyn_cast<AffineConstantExpr>(expr); constant && constant.getValue() == 0)
      tags.push_back({});
    else
      return std::nullopt;
  }
  return tags;
}

OpFoldResult spnn::getFillValue(Value value) {
  while (auto cast = value.getDefiningOp<tensor::CastOp>())
    value = cast.getSource();
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    return fill.getInputs().front();
  SplatElementsAttr splat;
  if (matchPattern(value, m_Constant(&splat)))
    return splat.getSplatValue<Attribute>();
  return {};
}

AxisTags ColumnGroups::getTags(const ColumnMember &member, OpOperand &operand) const {
  if (auto linalg = dyn_cast<linalg::LinalgOp>(member.op))
    return *applyMap(linalg.getMatchingIndexingMap(&operand), member.loops);
  return tags.find(operand.get())->second;
}

SmallVector<OpOperand *> ColumnGroups::getReadOperands(const ColumnMember &member) {
  SmallVector<OpOperand *> read;
  auto linalg = dyn_cast<linalg::LinalgOp>(member.op);
  if (!linalg)
    return {&member.op->getOpOperand(0)};
  for (OpOperand &operand : member.op->getOpOperands()) {
    if (linalg.isDpsInit(&operand) && linalg.getNumReductionLoops() != 0)
      continue;
    if (linalg.payloadUsesValueFromOperand(&operand))
      read.push_back(&operand);
  }
  return read;
}

SmallVector<Value> ColumnGroups::getReadValues(const ColumnMember &member) {
  llvm::SetVector<Value> read;
  auto add = [&](Value value) {
    OpFoldResult fill = getFillValue(value);
    if (!fill)
      read.insert(value);
    else if (auto scalar = dyn_cast<Value>(fill))
      read.insert(scalar);
  };
  for (OpOperand *operand : getReadOperands(member))
    add(operand->get());
  auto linalg = dyn_cast<linalg::LinalgOp>(member.op);
  if (linalg && linalg.getNumReductionLoops() != 0)
    for (Value init : linalg.getDpsInits())
      add(init);
  getUsedValuesDefinedAbove(member.op->getRegions(), read);
  return read.takeVector();
}

bool ColumnGroups::setTags(Value value, ArrayRef<AxisTag> found, std::string &reason) {
  auto [known, isNew] = tags.try_emplace(value, AxisTags(found));
  if (isNew || ArrayRef<AxisTag>(known->second) == found)
    return true;
  reason = "what it takes for rows are columns elsewhere";
  return false;
}

//===----------------------------------------------------------------------===//
// Members
//===----------------------------------------------------------------------===//

/// What a body op folds by, if it is a fold.
static std::optional<vector::CombiningKind> getKind(Operation *op) {
  using vector::CombiningKind;
  return llvm::TypeSwitch<Operation *, std::optional<CombiningKind>>(op)
      .Case<arith::AddFOp, arith::AddIOp>([](auto) { return CombiningKind::ADD; })
      .Case<arith::MulFOp, arith::MulIOp>([](auto) { return CombiningKind::MUL; })
      .Case([](arith::MaximumFOp) { return CombiningKind::MAXIMUMF; })
      .Case([](arith::MinimumFOp) { return CombiningKind::MINIMUMF; })
      .Case([](arith::MaxNumFOp) { return CombiningKind::MAXNUMF; })
      .Case([](arith::MinNumFOp) { return CombiningKind::MINNUMF; })
      .Case([](arith::MaxSIOp) { return CombiningKind::MAXSI; })
      .Case([](arith::MinSIOp) { return CombiningKind::MINSI; })
      .Case([](arith::MaxUIOp) { return CombiningKind::MAXUI; })
      .Case([](arith::MinUIOp) { return CombiningKind::MINUI; })
      .Default([](Operation *) { return std::nullopt; });
}

bool ColumnGroups::matchBody(linalg::LinalgOp op, ColumnMember &member, std::string &reason) const {
  Block &body = *op.getBlock();
  for (Operation &inner : body.without_terminator())
    if (!isColumnBodyOp(inner)) {
      reason = "its body has '" + inner.getName().getStringRef().str() + "', which is no elementwise arithmetic";
      return false;
    }
  bool reduces = op.getNumReductionLoops() != 0, overRows = false;
  for (auto [loop, kind] : llvm::zip(member.loops, op.getIteratorTypesArray()))
    overRows |= kind == utils::IteratorType::reduction && loop.kind == AxisTag::Row;
  for (auto [number, value] : llvm::enumerate(body.getTerminator()->getOperands())) {
    ColumnResult result{value, std::nullopt, overRows};
    if (reduces) {
      BlockArgument sum = op.getRegionOutputArgs()[number];
      Operation *fold = value.getDefiningOp();
      bool isFold = fold && fold->getBlock() == &body && fold->getNumOperands() == 2 && sum.hasOneUse() &&
                    value.hasOneUse() && llvm::is_contained(fold->getOperands(), sum);
      result.kind = isFold ? getKind(fold) : std::nullopt;
      if (!result.kind || !getReductionIdentity(*result.kind, value.getType())) {
        reason = "its reduction is no sum, product, maximum or minimum";
        return false;
      }
      result.scalar = fold->getOperand(fold->getOperand(0) == sum ? 1 : 0);
      if (!getFillValue(op.getDpsInits()[number])) {
        reason = "its reduction does not begin at a constant";
        return false;
      }
    }
    member.results.push_back(result);
  }
  return true;
}

bool ColumnGroups::inferLinalg(linalg::LinalgOp op, ColumnMember &member, std::string &reason, bool &isUndecided) {
  if (!op.hasPureTensorSemantics() || op.hasIndexSemantics()) {
    reason = "its body asks for its position";
    return false;
  }
  SmallVector<std::optional<AxisTag>> loops(op.getNumLoops());
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  isUndecided = true;
  for (OpOperand &operand : op->getOpOperands()) {
    Value value = op.isDpsInit(&operand) ? Value(op.getTiedOpResult(&operand)) : operand.get();
    auto known = tags.find(value);
    if (known == tags.end())
      continue;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [expr, tag] : llvm::zip(map.getResults(), known->second)) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (!dim && tag == AxisTag())
        continue;
      if (!dim || (loops[dim.getPosition()] && *loops[dim.getPosition()] != tag)) {
        isUndecided = false;
        reason = dim ? "its operands have rows and columns in different places"
                     : "it accesses a tensor other than element by element";
        return false;
      }
      loops[dim.getPosition()] = tag;
      isUndecided = false;
    }
  }
  if (isUndecided)
    return false;
  for (auto [loop, extent] : llvm::zip(loops, extents))
    if (!loop && extent == 1)
      loop = AxisTag();
  // Repeated along a further dimension, a value of each column gets rows.
  bool hasRows = llvm::any_of(loops, [](auto &loop) { return loop && loop->kind == AxisTag::Row; });
  if (!hasRows && llvm::count(loops, std::nullopt) == 1)
    *llvm::find(loops, std::nullopt) = AxisTag{AxisTag::Row, 0};
  for (auto [loop, extent] : llvm::zip(loops, extents)) {
    if (!loop) {
      isUndecided = true;
      reason = "which of its dimensions are columns is not known";
      return false;
    }
    member.loops.push_back(*loop);
    if (loop->kind != AxisTag::Row)
      continue;
    if (member.rows >= 0 || ShapedType::isDynamic(extent)) {
      reason = member.rows >= 0 ? "two of its dimensions are rows" : "its number of rows is not known";
      return false;
    }
    member.rows = extent;
  }
  for (auto [loop, kind] : llvm::zip(member.loops, op.getIteratorTypesArray()))
    if (kind != utils::IteratorType::parallel && loop.kind == AxisTag::Column) {
      reason = "it reduces over columns";
      return false;
    }
  int64_t parts = countColumns(member.loops);
  SmallVector<std::pair<Value, AxisTags>> found;
  for (OpOperand &operand : op->getOpOperands()) {
    std::optional<AxisTags> here = applyMap(op.getMatchingIndexingMap(&operand), member.loops);
    bool columnsFirst;
    std::optional<ColumnRole> role = here ? classify(*here, columnsFirst) : std::nullopt;
    int64_t columns = here ? countColumns(*here) : 0;
    Type element = getElementTypeOrSelf(operand.get().getType());
    if (!role || (columns != 0 && columns != parts) || !element.isSignlessIntOrFloat()) {
      reason = "an operand of type " + llvm::formatv("{0}", operand.get().getType()).str() +
               " is neither a matrix with these rows and columns nor one of their vectors";
      return false;
    }
    bool isResult = op.isDpsInit(&operand);
    if (isResult && *role != ColumnRole::Panels && *role != ColumnRole::ColumnVector) {
      reason = "a result is the same for all columns";
      return false;
    }
    if (*role != ColumnRole::Panels && *role != ColumnRole::ColumnVector)
      continue;
    if (isResult)
      found.emplace_back(op.getTiedOpResult(&operand), *here);
    if (isa<RankedTensorType>(operand.get().getType()) && op.payloadUsesValueFromOperand(&operand) &&
        !getFillValue(operand.get()))
      found.emplace_back(operand.get(), *here);
  }
  if (!matchBody(op, member, reason))
    return false;
  for (auto &[value, tags] : found)
    if (!setTags(value, tags, reason))
      return false;
  return true;
}

/// tensor.cast, tensor.expand_shape and tensor.collapse_shape, which add and remove extents of 1 and split columns.
bool ColumnGroups::inferReshape(Operation *op, std::string &reason, bool &isUndecided) {
  Value source = op->getOperand(0), result = op->getResult(0);
  if (isa<tensor::CastOp>(op)) {
    if (!isa<RankedTensorType>(source.getType()) || !isa<RankedTensorType>(result.getType())) {
      reason = "its rank is not known";
      return false;
    }
    isUndecided = !tags.contains(source) && !tags.contains(result);
    if (isUndecided)
      return false;
    AxisTags known = tags.contains(source) ? tags[source] : tags[result];
    return setTags(source, known, reason) && setTags(result, known, reason);
  }
  auto expand = dyn_cast<tensor::ExpandShapeOp>(op);
  auto collapse = dyn_cast<tensor::CollapseShapeOp>(op);
  SmallVector<ReassociationIndices> groups =
      expand ? expand.getReassociationIndices() : collapse.getReassociationIndices();
  Value flat = expand ? source : result, split = expand ? result : source;
  auto splitType = cast<RankedTensorType>(split.getType());
  AxisTags flatTags, splitTags;
  if (auto known = tags.find(split); known != tags.end()) {
    splitTags = known->second;
    for (const ReassociationIndices &group : groups) {
      AxisTags here;
      for (int64_t dim : group)
        if (splitTags[dim].kind != AxisTag::One)
          here.push_back(splitTags[dim]);
      bool isColumns = !here.empty() && countColumns(here) == static_cast<int64_t>(here.size());
      if (here.size() > 1 && (!isColumns || static_cast<int64_t>(here.size()) != countColumns(splitTags))) {
        reason = "it merges rows with columns, or some of the columns";
        return false;
      }
      flatTags.push_back(here.empty() ? AxisTag() : here.size() > 1 ? AxisTag{AxisTag::Column, 0} : here.front());
    }
  } else if (auto known = tags.find(flat); known != tags.end()) {
    flatTags = known->second;
    splitTags.resize(splitType.getRank());
    for (auto [tag, group] : llvm::zip(flatTags, groups)) {
      SmallVector<int64_t> large;
      for (int64_t dim : group)
        if (splitType.getDimSize(dim) != 1)
          large.push_back(dim);
      if (large.empty())
        large.push_back(group.front());
      if (large.size() > 1 && (tag.kind != AxisTag::Column || countColumns(flatTags) != 1)) {
        reason = "it splits rows";
        return false;
      }
      for (auto [part, dim] : llvm::enumerate(large))
        splitTags[dim] = large.size() > 1 ? AxisTag{AxisTag::Column, static_cast<int64_t>(part)} : tag;
    }
  } else {
    isUndecided = true;
    return false;
  }
  return setTags(flat, flatTags, reason) && setTags(split, splitTags, reason);
}

void ColumnGroups::refuse(Operation *op, const std::string &reason) {
  refused.insert(op);
  op->emitRemark() << "stays row-major beside packed activations: " << reason;
}

bool ColumnGroups::infer(Operation *op) {
  if (members.contains(op) || refused.contains(op) || isa<linalg::FillOp>(op))
    return false;
  auto linalg = dyn_cast<linalg::LinalgOp>(op);
  bool isReshape = isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op);
  if (!linalg && !isReshape)
    return false;
  ColumnMember member{op};
  std::string reason;
  bool isUndecided = false;
  bool isMember = linalg ? inferLinalg(linalg, member, reason, isUndecided) : inferReshape(op, reason, isUndecided);
  if (!isMember) {
    if (!isUndecided)
      refuse(op, reason);
    else if (!reason.empty())
      undecided[op] = reason;
    return false;
  }
  if (isReshape)
    member.results.push_back({});
  members.insert({op, member});
  return true;
}

void ColumnGroups::spread() {
  auto seed = [&](Value matrix, PanelsAttr panels, bool columnsFirst) {
    // Panels of single columns are batch-major as they are, and no vectors.
    if (panels.getVector() == 1)
      return;
    AxisTags found{{AxisTag::Row}, {AxisTag::Column}};
    if (columnsFirst)
      std::swap(found[0], found[1]);
    tags.try_emplace(matrix, found);
  };
  for (auto unpack : block.getOps<UnpackPanelsOp>())
    if (unpack->getNumResults() == 1)
      seed(unpack.getResult(0), unpack.getPanels(), unpack.getTranspose());
  for (auto pack : block.getOps<PackPanelsOp>())
    if (pack->getNumResults() == 1)
      seed(pack.getSource(), pack.getPanels(), pack.getTranspose());
  for (bool changed = true; changed;) {
    changed = false;
    for (Operation &op : block)
      changed |= infer(&op);
    for (Operation &op : llvm::reverse(block))
      changed |= infer(&op);
  }
  for (auto &[op, reason] : undecided)
    if (!members.contains(op) && !refused.contains(op))
      refuse(op, reason);
}

ColumnGroups::ColumnGroups(Block &block) : block(block) {
  spread();
  findLevels();
  formGroups();
  chooseGroups();
}
