//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a kernel op for graph attention says: its shape, options and buffers.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_LOWERING_GRAPHKERNELS_ATTENTIONPROBLEM_H
#define SPNN_LIB_LOWERING_GRAPHKERNELS_ATTENTIONPROBLEM_H

#include "AttentionShape.h"

#include "spnn/IR/SPNN.h"

#include "llvm/ADT/SmallVector.h"

namespace spnn {

/// Whose rows a buffer has: of the graph's rows, of its columns, of the tasks of a loop over them.
enum class AttentionRows { Rows, Columns, Tasks };

/// A buffer that a kernel works in; an init behind the results.
struct AttentionWorkspace {
  llvm::StringRef name; ///< of the input whose laid out copy it holds, or of what it collects
  AttentionRows rows;
  int64_t elements; ///< of a row
};

/// The workspaces of the two kernels, in the order of their inits. `sharesFeatures`: with gatv2, the column scores are
/// the features.
llvm::SmallVector<AttentionWorkspace> getForwardWorkspaces(const AttentionShape &shape, bool isV2, bool sharesFeatures);
llvm::SmallVector<AttentionWorkspace> getBackwardWorkspaces(const AttentionShape &shape, bool isV2,
                                                            bool sharesFeatures);

/// A kernel op whose parameters and operands were checked.
class AttentionProblem {
public:
  /// Fails with an error at the op where something is missing or wrong.
  static llvm::FailureOr<AttentionProblem> read(KernelGraphOp op, bool isBackward);

  AttentionShape shape;
  mlir::Type element;
  double slope = 0.2, rate = 0;
  int64_t stream = 0, prefetch = 0;
  bool isV2 = false;
  KernelGraphOp op;

  /// The input of that name; the features for column scores that are left out.
  mlir::Value input(llvm::StringRef name) const;
  /// The workspace of that name; null if there is none.
  mlir::Value workspace(llvm::StringRef name) const;
  /// The workspace if there is one, otherwise the input.
  mlir::Value rows(llvm::StringRef name) const;
  mlir::Value result(unsigned number) const { return inits()[number]; }
  unsigned countResults() const { return inits().size() - workspaces.size(); }
  mlir::Value positions() const { return storage()[0]; }
  mlir::Value indices() const { return storage()[1]; }
  /// True if the edges times the heads are known to be fewer than 2^32.
  bool hasFewCoefficients() const;

  llvm::SmallVector<AttentionWorkspace> workspaces;

private:
  // Getters of ops are not const.
  mlir::ValueRange inits() const { return KernelGraphOp(op).getInit(); }
  mlir::ValueRange storage() const { return KernelGraphOp(op).getStorage(); }
};

} // namespace spnn

#endif // SPNN_LIB_LOWERING_GRAPHKERNELS_ATTENTIONPROBLEM_H
