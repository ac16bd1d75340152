//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products of several matrices as the IR has them: which matrices, in which order, who wants the result.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_TRANSFORMS_PRODUCTGROUPS_H
#define SPNN_LIB_TRANSFORMS_PRODUCTGROUPS_H

#include "spnn/Cost/ProductOrders.h"
#include "spnn/IR/Graphs.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <string>
#include <vector>

namespace spnn {

/// A factor in the IR. A dense one is `value`. A graph is diag(row_scales) A diag(column_scales), or A with edge
/// values.
struct FactorValues {
  mlir::Value value;      ///< dense: the matrix; graph: the graph
  mlir::Value transposed; ///< graph: its transpose where the IR has one already
  mlir::Value order;      ///< of `transposed`
  mlir::Value edgeValues; ///< as numbered by `value`, null if there are none
  mlir::Value rowScales, columnScales;
};

/// Products that share parts, whose orders are therefore decided together.
struct ProductGroup {
  cost::ProductProblem problem;
  std::vector<FactorValues> factors;    ///< of the problem's factors
  std::vector<mlir::Operation *> roots; ///< the op of each wanted product
};

/// A function whose products are ordered.
struct ProductGroups {
  std::vector<ProductGroup> groups; ///< with more than one order each
  /// The first op of the backward pass, null in a function without one.
  mlir::Operation *boundary = nullptr;
  /// What is saved whatever the orders are.
  uint64_t otherSavedBytes = 0;
  /// Products that were left alone, with the reason.
  std::vector<std::pair<mlir::Operation *, std::string>> skipped;
};

/// Finds the groups of a function with one block. The backward pass begins behind the last spnn.save or, where nothing is
/// saved, at the first op that reads an argument with `spnn.seed` or is a spnn.loss_backward.
ProductGroups findProductGroups(mlir::func::FuncOp function);

/// Replaces the group's products by those of `plan`; `boundary` is where the backward pass begins. Emits an error and
/// fails where a constant cannot be made.
mlir::LogicalResult emitProducts(const ProductGroup &group, const cost::ProductPlan &plan, mlir::Operation *boundary);

/// The contents of a constant product of constants as `plan` folds them; null with the reason if they are not at hand.
mlir::DenseElementsAttr evaluateConstant(const ProductGroup &group, llvm::ArrayRef<cost::ProductTerm> terms,
                                         std::string &reason);

} // namespace spnn

#endif // SPNN_LIB_TRANSFORMS_PRODUCTGROUPS_H
