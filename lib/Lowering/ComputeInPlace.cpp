//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// spnn-compute-in-place: elementwise ops write over an operand that nobody else reads.
//
//===----------------------------------------------------------------------===//
#include "spnn/Lowering/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace spnn {
#define GEN_PASS_DEF_COMPUTEINPLACE
#include "spnn/Lowering/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

/// Nothing but the op at hand reads the value, and memory was made for it: bufferization would copy an argument or a
/// constant, and what an op with regions returns may be somebody else's.
static bool isFresh(Value value) {
  auto op = value.getDefiningOp<DestinationStyleOpInterface>();
  if (!op || !value.hasOneUse())
    return false;
  Value init = op.getTiedOpOperand(cast<OpResult>(value))->get();
  return isa_and_nonnull<tensor::EmptyOp, linalg::FillOp>(init.getDefiningOp()) || isFresh(init);
}

namespace {
struct ComputeInPlace : public spnn::impl::ComputeInPlaceBase<ComputeInPlace> {
  void runOnOperation() override { getOperation()->walk([&](linalg::GenericOp op) { numInPlace += overwrite(op); }); }

  static bool overwrite(linalg::GenericOp op) {
    if (op.getNumResults() != 1 || op.getNumParallelLoops() != op.getNumLoops() || !op.hasPureTensorSemantics())
      return false;
    OpOperand &init = op.getDpsInitsMutable()[0];
    if (!init.get().getDefiningOp<tensor::EmptyOp>() || op.payloadUsesValueFromOperand(&init) ||
        !op.getMatchingIndexingMap(&init).isIdentity())
      return false;
    for (OpOperand *input : op.getDpsInputOperands())
      if (input->get().getType() == init.get().getType() && op.getMatchingIndexingMap(input).isIdentity() &&
          isFresh(input->get())) {
        init.set(input->get());
        return true;
      }
    return false;
  }
};
} // namespace
