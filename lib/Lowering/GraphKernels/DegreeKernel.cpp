//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernel "degree": the number of edges of each row.
//
// Storage: positions (i32, rows + 1) and indices (i32, edges) of compressed rows.
// Inits:   result [rows].
//
//===----------------------------------------------------------------------===//
#include "GraphKernels.h"

#include "../Kernels/KernelEmitter.h"

using namespace mlir;
using namespace spnn;

namespace {
class DegreeKernel : public GraphKernel {
public:
  StringRef name() const override { return "degree"; }

  LogicalResult emit(KernelGraphOp op, OpBuilder &builder, int64_t) const override {
    if (failed(checkGraphOperands(op, {}, {}, 1)))
      return failure();
    Location loc = op.getLoc();
    KernelEmitter e(builder, loc);
    Value positions = op.getStorage()[0], result = op.getInit()[0];
    Type element = cast<MemRefType>(result.getType()).getElementType();
    Value rows = e.sub(builder.createOrFold<memref::DimOp>(loc, positions, 0), e.index(1));
    emitFor(builder, loc, e.index(0), rows, 1, [&](OpBuilder &b, Value row) {
      KernelEmitter e(b, loc);
      Value begin = memref::LoadOp::create(b, loc, positions, row);
      Value end = memref::LoadOp::create(b, loc, positions, e.add(row, 1));
      Value degree = arith::SIToFPOp::create(b, loc, element, arith::SubIOp::create(b, loc, end, begin));
      memref::StoreOp::create(b, loc, degree, result, row);
    });
    return success();
  }
};
} // namespace

const GraphKernel *spnn::getDegreeKernel() {
  static const DegreeKernel kernel;
  return &kernel;
}
