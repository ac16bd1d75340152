//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pass spnn-lower-kernels: emits the loops of kernel ops on memrefs.
//
//===----------------------------------------------------------------------===//
#include "Kernels/ColumnsKernel.h"
#include "Kernels/GemmCall.h"
#include "Kernels/PanelCopies.h"
#include "spnn/IR/SPNN.h"
#include "spnn/Lowering/CpuKernel.h"
#include "spnn/Lowering/GraphKernel.h"
#include "spnn/Lowering/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace spnn {
#define GEN_PASS_DEF_LOWERKERNELS
#include "spnn/Lowering/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

namespace {
struct LowerKernels : public spnn::impl::LowerKernelsBase<LowerKernels> {
  using LowerKernelsBase::LowerKernelsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto target = module->getAttrOfType<TargetAttr>(kTargetAttrName);
    bool parallel = !target || target.getThreads() != 1;
    int64_t vectorBytes = target ? target.getVectorBytes() : 16;
    SmallVector<DestinationStyleOpInterface> kernels;
    module.walk([&](DestinationStyleOpInterface op) {
      if (isa<KernelMatmulOp, KernelColumnsOp, KernelGemmOp, KernelGraphOp, PackPanelsOp, UnpackPanelsOp>(op.getOperation()))
        kernels.push_back(op);
    });
    SmallVector<memref::ExpandShapeOp> splits;
    module.walk([&](memref::ExpandShapeOp op) { splits.push_back(op); });
    for (memref::ExpandShapeOp op : splits)
      expandAsCast(op);
    // A copy between strided buffers would call memrefCopy, of a library that models do not link; loops do as well.
    SmallVector<memref::CopyOp> copies;
    module.walk([&](memref::CopyOp copy) {
      auto isContiguous = [](Value value) {
        auto type = dyn_cast<MemRefType>(value.getType());
        return type && type.getLayout().isIdentity();
      };
      if (!isContiguous(copy.getSource()) || !isContiguous(copy.getTarget()))
        copies.push_back(copy);
    });
    for (memref::CopyOp copy : copies) {
      OpBuilder builder(copy);
      linalg::makeMemRefCopyOp(builder, copy.getLoc(), copy.getSource(), copy.getTarget());
      copy.erase();
    }
    for (DestinationStyleOpInterface op : kernels) {
      if (failed(lower(op, parallel, vectorBytes)))
        return signalPassFailure();
      op->erase();
    }
  }

  /// A contiguous buffer of which one extent is split into several dynamic ones: upstream's lowering of
  /// memref.expand_shape derives extents from the source, ends in a null pointer with more than one, and does not look
  /// at those that are given.
  static void expandAsCast(memref::ExpandShapeOp op) {
    MemRefType type = op.getResultType();
    bool isSplit = llvm::any_of(op.getReassociationIndices(), [&](ArrayRef<int64_t> group) {
      return llvm::count_if(group, [&](int64_t dim) { return type.isDynamicDim(dim); }) > 1;
    });
    if (!isSplit || !type.getLayout().isIdentity() || !op.getSrcType().getLayout().isIdentity())
      return;
    // A copy of the whole is a copy of what was split.
    for (Operation *user : llvm::make_early_inc_range(op->getUsers())) {
      auto copy = dyn_cast<memref::CopyOp>(user);
      if (!copy || copy.getSource() != op.getResult() ||
          !cast<MemRefType>(copy.getTarget().getType()).getLayout().isIdentity())
        continue;
      OpBuilder builder(copy);
      Value flat =
          memref::CollapseShapeOp::create(builder, copy.getLoc(), copy.getTarget(), op.getReassociationIndices());
      memref::CopyOp::create(builder, copy.getLoc(), op.getSrc(), flat);
      copy.erase();
    }
    OpBuilder builder(op);
    SmallVector<OpFoldResult> sizes = op.getMixedOutputShape(), strides(sizes.size(), builder.getIndexAttr(1));
    Value stride = arith::ConstantIndexOp::create(builder, op.getLoc(), 1);
    for (int64_t dim = sizes.size() - 1; dim > 0; --dim) {
      Value extent = getValueOrCreateConstantIndexOp(builder, op.getLoc(), sizes[dim]);
      stride = builder.createOrFold<arith::MulIOp>(op.getLoc(), stride, extent);
      strides[dim - 1] = getAsOpFoldResult(stride);
    }
    auto [unused, offset] = type.getStridesAndOffset();
    SmallVector<int64_t> known;
    SmallVector<Value> dynamic;
    dispatchIndexOpFoldResults(strides, dynamic, known);
    auto layout = StridedLayoutAttr::get(builder.getContext(), offset, known);
    auto cast = memref::ReinterpretCastOp::create(
        builder, op.getLoc(), MemRefType::get(type.getShape(), type.getElementType(), layout, type.getMemorySpace()),
        op.getSrc(), builder.getIndexAttr(0), sizes, strides);
    op.replaceAllUsesWith(memref::CastOp::create(builder, op.getLoc(), type, cast).getResult());
    op.erase();
  }

  static LogicalResult lower(DestinationStyleOpInterface op, bool parallel, int64_t vectorBytes) {
    if (op->getNumResults() != 0)
      return op->emitOpError() << "works on tensors; kernels are lowered after bufferization";
    for (Value operand : op->getOperands()) {
      SmallVector<int64_t> strides;
      int64_t offset;
      auto type = dyn_cast<MemRefType>(operand.getType());
      if (type && type.getRank() == 1 && (failed(type.getStridesAndOffset(strides, offset)) || strides[0] != 1))
        return op->emitOpError() << "needs vectors whose elements follow each other, got " << type;
    }
    OpBuilder builder(op);
    // A single panel has nothing to share, and a region of threads takes as long as copying some 65 thousand elements.
    auto paysForThreads = [](Value matrix, bool transpose, PanelsAttr panels) {
      constexpr int64_t kMinElements = 1 << 16;
      auto type = cast<ShapedType>(matrix.getType());
      int64_t columns = type.getDimSize(transpose ? 0 : 1);
      return ShapedType::isDynamic(columns) ||
             (columns > panels.getWidth() && (!type.hasStaticShape() || type.getNumElements() >= kMinElements));
    };
    if (auto pack = dyn_cast<PackPanelsOp>(op.getOperation()))
      return emitPackPanels(pack, builder,
                            parallel && paysForThreads(pack.getSource(), pack.getTranspose(), pack.getPanels()));
    if (auto unpack = dyn_cast<UnpackPanelsOp>(op.getOperation()))
      return emitUnpackPanels(unpack, builder,
                              parallel && paysForThreads(unpack.getInit(), unpack.getTranspose(), unpack.getPanels()));
    if (auto gemm = dyn_cast<KernelGemmOp>(op.getOperation()))
      return emitGemmCall(gemm, builder, vectorBytes);
    if (auto columns = dyn_cast<KernelColumnsOp>(op.getOperation()))
      return emitKernelColumns(columns, builder);
    if (auto graph = dyn_cast<KernelGraphOp>(op.getOperation())) {
      const GraphKernel *kernel = findGraphKernel(graph.getKernel());
      return kernel ? kernel->emit(graph, builder, vectorBytes) : reportUnknown(graph, getGraphKernels());
    }
    auto matmul = cast<KernelMatmulOp>(op.getOperation());
    const CpuKernel *kernel = findCpuKernel(matmul.getKernel());
    return kernel ? kernel->emit(matmul, builder) : reportUnknown(matmul, getCpuKernels());
  }

  /// Names the kernels that there are.
  template <typename Op, typename Kernel> static LogicalResult reportUnknown(Op op, ArrayRef<const Kernel *> kernels) {
    InFlightDiagnostic diag = op.emitOpError() << "there is no kernel '" << op.getKernel() << "'; kernels are";
    for (const Kernel *known : kernels)
      diag << " " << known->name();
    return diag;
  }
};
} // namespace
