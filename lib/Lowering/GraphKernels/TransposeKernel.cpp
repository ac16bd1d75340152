//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel "transpose": the graph with all edges turned round, of a graph that comes at run time.
//
// Storage: positions (i32, rows + 1) and indices (i32, edges), checked.
// Inits:   positions (i32, cols + 1), indices (i32, edges) and order (i32, edges) of the transposed graph.
//
//===----------------------------------------------------------------------===//
#include "GraphKernels.h"
#include "RuntimeCall.h"

#include "../Kernels/KernelEmitter.h"

using namespace mlir;
using namespace spnn;

namespace {
class TransposeKernel : public GraphKernel {
public:
  StringRef name() const override { return "transpose"; }

  LogicalResult emit(KernelGraphOp op, OpBuilder &builder, int64_t) const override {
    if (failed(checkGraphOperands(op, {}, {}, 3)))
      return failure();
    Location loc = op.getLoc();
    KernelEmitter e(builder, loc);
    Value positions = op.getStorage()[0], indices = op.getStorage()[1];
    auto count = [&](Value buffer) { return builder.createOrFold<memref::DimOp>(loc, buffer, 0); };
    Value rows = e.sub(count(positions), e.index(1)), columns = e.sub(count(op.getInit()[0]), e.index(1));
    // void spnn_rt_transpose(rows, columns, positions, indices, transposed positions, transposed indices, order)
    return emitRuntimeCall(builder, op, "spnn_rt_transpose",
                           {rows, columns, positions, indices, op.getInit()[0], op.getInit()[1], op.getInit()[2]});
  }
};
} // namespace

const GraphKernel *spnn::getTransposeKernel() {
  static const TransposeKernel kernel;
  return &kernel;
}
