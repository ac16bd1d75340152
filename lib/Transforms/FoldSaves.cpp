//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// spnn-fold-saves: spnn.save becomes its operand, unless it is opaque.
//
//===----------------------------------------------------------------------===//
#include "spnn/IR/SPNN.h"
#include "spnn/Transforms/Passes.h"

namespace spnn {
#define GEN_PASS_DEF_FOLDSAVES
#include "spnn/Transforms/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

namespace {
struct FoldSaves : public spnn::impl::FoldSavesBase<FoldSaves> {
  void runOnOperation() override {
    getOperation()->walk([&](SaveOp op) {
      if (op.getOpaque())
        return;
      op.replaceAllUsesWith(op.getSource());
      op.erase();
      ++numFolded;
    });
  }
};
} // namespace
