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
#ifndef SPNN_LIB_LOWERING_COLUMNGROUPS_H
#define SPNN_LIB_LOWERING_COLUMNGROUPS_H

#include "spnn/IR/SPNN.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/MapVector.h"

#include <optional>
#include <string>

namespace spnn {

/// What a dimension of a tensor is to the activations: one of extent 1, their rows (features), or their columns. The
/// columns may be split over several dimensions, parts 0, 1, ..., the first of which varies slowest.
struct AxisTag {
  enum Kind { One, Row, Column } kind = One;
  int64_t part = 0;
  bool operator==(const AxisTag &other) const { return kind == other.kind && part == other.part; }
  bool operator!=(const AxisTag &other) const { return !(*this == other); }
};
using AxisTags = llvm::SmallVector<AxisTag>;

/// How a tensor takes part in a column-wise kernel.
enum class ColumnRole { Panels, RowVector, ColumnVector, Scalar };

/// The role that the tags give; std::nullopt if they stand in an order that no flat matrix has. `columnsFirst` is
/// set for panels.
std::optional<ColumnRole> classify(llvm::ArrayRef<AxisTag> tags, bool &columnsFirst);

/// The source of one output of a reduction or elementwise op.
struct ColumnResult {
  mlir::Value scalar; ///< in the body of the op, or null if the result is the op's only operand
  std::optional<mlir::vector::CombiningKind> kind; ///< of a reduction: `scalar` is what is reduced
  bool overRows = false;                           ///< the reduction runs over the rows, not over extents of 1 only
};

/// An op that can be part of a column-wise kernel.
struct ColumnMember {
  mlir::Operation *op;
  AxisTags loops = {}; ///< of a linalg op
  llvm::SmallVector<ColumnResult> results = {};
  int64_t rows = -1; ///< -1 if it works on column vectors only
  int64_t level = 0; ///< members of one kernel have the same; what lies behind other ops is higher
};

/// Members that become one kernel.
struct ColumnGroup {
  llvm::SmallVector<ColumnMember *> members; ///< in the order of the block
  llvm::DenseSet<mlir::Operation *> ops;
  int64_t rows = -1;
  PanelsAttr panels;
  bool isAccepted = true;
};

/// The members and groups of one block. Tags spread from spnn.unpack_panels and spnn.pack_panels.
class ColumnGroups {
public:
  explicit ColumnGroups(mlir::Block &block);

  llvm::MutableArrayRef<ColumnGroup> getGroups() { return groups; }
  /// The tags of a value of `use`: of what `member` reads through operand `operand`.
  AxisTags getTags(const ColumnMember &member, mlir::OpOperand &operand) const;
  llvm::ArrayRef<AxisTag> getTags(mlir::Value value) const { return tags.find(value)->second; }
  /// The operands that the member reads: all but destinations that it overwrites.
  static llvm::SmallVector<mlir::OpOperand *> getReadOperands(const ColumnMember &member);
  /// The values behind them, scalars that fill an operand or that the body uses from outside included.
  static llvm::SmallVector<mlir::Value> getReadValues(const ColumnMember &member);

private:
  void spread();
  bool infer(mlir::Operation *op);
  void refuse(mlir::Operation *op, const std::string &reason);
  bool inferLinalg(mlir::linalg::LinalgOp op, ColumnMember &member, std::string &reason, bool &isUndecided);
  bool inferReshape(mlir::Operation *op, std::string &reason, bool &isUndecided);
  bool matchBody(mlir::linalg::LinalgOp op, ColumnMember &member, std::string &reason) const;
  bool setTags(mlir::Value value, llvm::ArrayRef<AxisTag> found, std::string &reason);
  void findLevels();
  void formGroups();
  void choosePanels(ColumnGroup &group) const;
  void chooseGroups();
  bool pays(const ColumnGroup &group) const;

  mlir::Block &block;
  llvm::DenseMap<mlir::Value, AxisTags> tags;
  llvm::MapVector<mlir::Operation *, ColumnMember> members;
  llvm::DenseSet<mlir::Operation *> refused;
  llvm::MapVector<mlir::Operation *, std::string> undecided; ///< with what is not known
  llvm::SmallVector<ColumnGroup> groups;
  llvm::DenseMap<mlir::Operation *, int64_t> groupOf;
};

/// The scalar that fills `value`: of linalg.fill, or a constant whose elements are all the same.
mlir::OpFoldResult getFillValue(mlir::Value value);

} // namespace spnn

#endif // SPNN_LIB_LOWERING_COLUMNGROUPS_H
