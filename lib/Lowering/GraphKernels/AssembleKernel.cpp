//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel "assemble": checks the arrays of a graph that comes at run time.
//
// Storage: positions (i32, rows + 1) and indices (i32, edges), as the caller gave them.
// Inputs:  columns (index) if their number is dynamic.
// Inits:   the positions that other kernels read: those given, or zeros if the arrays break a rule, so that no kernel
//          follows an edge. The call then fails with a sentence that says which rule.
// Parameters: symmetric (0 or 1): the graph must equal its transpose.
//
//===----------------------------------------------------------------------===//
#include "GraphKernels.h"
#include "RuntimeCall.h"

#include "../Kernels/KernelEmitter.h"

using namespace mlir;
using namespace spnn;

namespace {
class AssembleKernel : public GraphKernel {
public:
  StringRef name() const override { return "assemble"; }

  LogicalResult emit(KernelGraphOp op, OpBuilder &builder, int64_t) const override {
    if (failed(checkGraphOperands(op, {}, {"columns"}, 1)))
      return failure();
    Location loc = op.getLoc();
    KernelEmitter e(builder, loc);
    Value columns = op.getInput("columns");
    if (!columns && ShapedType::isDynamic(op.getCols()))
      return op.emitOpError() << "kernel 'assemble' needs input 'columns' where their number is dynamic";
    if (!columns)
      columns = e.index(op.getCols());
    Value positions = op.getStorage()[0], indices = op.getStorage()[1];
    Value given = builder.createOrFold<memref::DimOp>(loc, positions, 0);
    Value edges = builder.createOrFold<memref::DimOp>(loc, indices, 0);
    Value rows = ShapedType::isDynamic(op.getRows()) ? e.sub(given, e.index(1)) : e.index(op.getRows());
    Value symmetric = arith::ConstantOp::create(
        builder, loc, builder.getI32IntegerAttr(getParameter(op.getParameters(), "symmetric", 0) != 0));
    // void spnn_rt_assemble(rows, columns, number of positions, edges, symmetric, positions, indices, checked)
    return emitRuntimeCall(builder, op, "spnn_rt_assemble",
                           {rows, columns, given, edges, symmetric, positions, indices, op.getInit()[0]});
  }
};
} // namespace

const GraphKernel *spnn::getAssembleKernel() {
  static const AssembleKernel kernel;
  return &kernel;
}
