//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel "check-order": an order of edges that comes at run time from elsewhere than a transposition.
//
// Inputs: order (i32, edges), as the caller gave it.
// Inits:  the order that other kernels follow: the one given, or 0, 1, 2, ... if an entry is no edge's number. The call
//         then fails with a sentence that says which.
//
//===----------------------------------------------------------------------===//
#include "GraphKernels.h"
#include "RuntimeCall.h"

using namespace mlir;
using namespace spnn;

namespace {
class OrderKernel : public GraphKernel {
public:
  StringRef name() const override { return "check-order"; }

  LogicalResult emit(KernelGraphOp op, OpBuilder &builder, int64_t) const override {
    if (failed(checkGraphInputs(op, {"order"}, {}, 1)))
      return failure();
    Value order = op.getInput("order");
    Value edges = builder.createOrFold<memref::DimOp>(op.getLoc(), order, 0);
    // void spnn_rt_check_order(edges, order, checked)
    return emitRuntimeCall(builder, op, "spnn_rt_check_order", {edges, order, op.getInit()[0]});
  }
};
} // namespace

const GraphKernel *spnn::getOrderKernel() {
  static const OrderKernel kernel;
  return &kernel;
}
