//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which members of a block become one column-wise kernel, and whether that pays.
//
//===----------------------------------------------------------------------===//
#include "ColumnGroups.h"
#include "Kernels/ColumnSchedule.h"

#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace spnn;

static bool isDim(Operation *op) { return isa<tensor::DimOp>(op); }

/// Members between which another op computes something must not become one kernel. So the level of a value counts the
/// other ops on the longest way to it; a member that only members use is computed as late as they are.
void ColumnGroups::findLevels() {
  DenseMap<Value, int64_t> level;
  for (Operation &op : block) {
    int64_t highest = 0;
    auto found = members.find(&op);
    if (found != members.end()) {
      for (Value value : getReadValues(found->second))
        highest = std::max(highest, level.lookup(value));
      found->second.level = highest;
    } else {
      SetVector<Value> operands(op.operand_begin(), op.operand_end());
      getUsedValuesDefinedAbove(op.getRegions(), operands);
      for (Value operand : operands)
        highest = std::max(highest, level.lookup(operand) + 1);
    }
    for (Value result : op.getResults())
      level[result] = highest;
  }
  for (Operation &op : llvm::reverse(block)) {
    auto found = members.find(&op);
    if (found == members.end())
      continue;
    std::optional<int64_t> earliest;
    bool areMembers = true;
    for (Operation *user : op.getUsers()) {
      if (isDim(user))
        continue;
      auto member = members.find(user);
      areMembers &= member != members.end();
      if (areMembers)
        earliest = std::min(earliest.value_or(member->second.level), member->second.level);
    }
    if (areMembers && earliest)
      found->second.level = *earliest;
  }
}

void ColumnGroups::formGroups() {
  llvm::EquivalenceClasses<Operation *> classes;
  DenseMap<Operation *, int64_t> rows; // of the leader
  for (auto &[op, member] : members) {
    classes.insert(op);
    rows[op] = member.rows;
  }
  auto join = [&](Operation *a, Operation *b) {
    Operation *left = classes.getLeaderValue(a), *right = classes.getLeaderValue(b);
    int64_t leftRows = rows[left], rightRows = rows[right];
    if (left == right || (leftRows >= 0 && rightRows >= 0 && leftRows != rightRows))
      return;
    classes.unionSets(left, right);
    rows[classes.getLeaderValue(left)] = std::max(leftRows, rightRows);
  };
  DenseMap<std::pair<Value, int64_t>, Operation *> readers;
  for (Operation &op : block) {
    auto found = members.find(&op);
    if (found == members.end())
      continue;
    for (OpOperand *operand : getReadOperands(found->second)) {
      auto producer = members.find(operand->get().getDefiningOp());
      if (producer != members.end()) {
        if (producer->second.level == found->second.level)
          join(producer->first, &op);
        continue;
      }
      // Two that read the same matrix read it once.
      if (!tags.contains(operand->get()) || getFillValue(operand->get()))
        continue;
      auto [reader, isFirst] = readers.try_emplace({operand->get(), found->second.level}, &op);
      if (!isFirst)
        join(reader->second, &op);
    }
  }
  DenseMap<Operation *, int64_t> numbers;
  for (Operation &op : block) {
    auto found = members.find(&op);
    if (found == members.end())
      continue;
    Operation *leader = classes.getLeaderValue(&op);
    if (rows[leader] < 0)
      continue;
    auto [number, isNew] = numbers.try_emplace(leader, groups.size());
    if (isNew) {
      groups.emplace_back();
      groups.back().rows = rows[leader];
    }
    groups[number->second].members.push_back(&found->second);
    groups[number->second].ops.insert(&op);
    groupOf[&op] = number->second;
  }
}

/// The layout that most products beside the group use; of equal numbers the first.
void ColumnGroups::choosePanels(ColumnGroup &group) const {
  llvm::MapVector<PanelsAttr, int64_t> votes;
  llvm::SmallSetVector<Operation *, 8> anchors;
  for (ColumnMember *member : group.members) {
    for (OpOperand *operand : getReadOperands(*member))
      if (auto unpack = operand->get().getDefiningOp<UnpackPanelsOp>())
        anchors.insert(unpack);
    for (Operation *user : member->op->getUsers())
      if (isa<PackPanelsOp>(user))
        anchors.insert(user);
  }
  for (Operation *anchor : anchors)
    ++votes[cast<PanelsAttr>(anchor->getAttr("panels"))];
  int64_t most = 0;
  for (auto [panels, count] : votes)
    if (count > most) {
      most = count;
      group.panels = panels;
    }
}

bool ColumnGroups::pays(const ColumnGroup &group) const {
  if (!group.panels)
    return false;
  auto isPacked = [&](Operation *op) {
    auto other = groupOf.find(op);
    return other != groupOf.end() && groups[other->second].isAccepted && groups[other->second].panels == group.panels;
  };
  auto takesPanels = [&](Operation *user) {
    if (auto pack = dyn_cast<PackPanelsOp>(user))
      return pack.getPanels() == group.panels;
    return isDim(user) || isPacked(user);
  };
  auto isMatrix = [&](Value value) {
    bool columnsFirst;
    auto found = tags.find(value);
    return found != tags.end() && classify(found->second, columnsFirst) == ColumnRole::Panels;
  };
  int64_t saved = 0, added = 0;
  bool isHeavy = false, hasPanels = false;
  llvm::SmallSetVector<Value, 8> inputs;
  for (ColumnMember *member : group.members) {
    for (OpOperand *operand : getReadOperands(*member))
      if (!group.ops.contains(operand->get().getDefiningOp()) && isMatrix(operand->get()) &&
          !getFillValue(operand->get()))
        inputs.insert(operand->get());
    if (auto linalg = dyn_cast<linalg::LinalgOp>(member->op)) {
      isHeavy |= linalg.getNumReductionLoops() != 0;
      for (Operation &inner : *linalg.getBlock())
        isHeavy |= isExpensiveColumnOp(inner);
    }
    for (Value result : member->op->getResults()) {
      if (!isMatrix(result))
        continue;
      bool isUsedRowMajor = false;
      for (Operation *user : result.getUsers()) {
        if (group.ops.contains(user))
          continue;
        saved += isa<PackPanelsOp>(user) && takesPanels(user);
        isUsedRowMajor |= !takesPanels(user);
        hasPanels |= !isDim(user) && takesPanels(user);
      }
      added += isUsedRowMajor;
    }
  }
  for (Value input : inputs) {
    Operation *source = input.getDefiningOp();
    auto unpack = dyn_cast_or_null<UnpackPanelsOp>(source);
    if (unpack && unpack.getPanels() == group.panels) {
      hasPanels = true;
      saved += llvm::all_of(input.getUsers(),
                            [&](Operation *user) { return group.ops.contains(user) || takesPanels(user); });
    } else if (source && isPacked(source)) {
      hasPanels = true;
    } else if (!matchPattern(input, m_Constant())) {
      // A constant is packed by the compiler.
      ++added;
    }
  }
  return hasPanels && added <= saved + (isHeavy ? 1 : 0);
}

void ColumnGroups::chooseGroups() {
  for (ColumnGroup &group : groups)
    choosePanels(group);
  // Changes of shape alone need no kernel.
  auto hasWork = [](const ColumnGroup &group) {
    return llvm::any_of(group.members, [](ColumnMember *member) { return isa<linalg::LinalgOp>(member->op); });
  };
  for (ColumnGroup &group : groups)
    group.isAccepted = hasWork(group);
  // Whether one pays depends on its neighbours: begin with all, and drop until all that are left pay.
  for (bool changed = true; changed;) {
    changed = false;
    for (ColumnGroup &group : groups) {
      // A group between others has no anchor of its own.
      if (!group.panels)
        for (ColumnMember *member : group.members)
          for (OpOperand *operand : getReadOperands(*member))
            if (auto other = groupOf.find(operand->get().getDefiningOp());
                other != groupOf.end() && !group.panels && groups[other->second].panels) {
              group.panels = groups[other->second].panels;
              changed = true;
            }
    }
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (ColumnGroup &group : groups)
      if (group.isAccepted && !pays(group)) {
        group.isAccepted = false;
        changed = true;
      }
  }
  for (ColumnGroup &group : groups)
    if (!group.isAccepted && hasWork(group))
      group.members.front()->op->emitRemark()
          << "stays row-major beside packed activations: packing its operands would cost more than it saves";
}
