//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bufferization of kernel ops (inputs are read, inits are overwritten) and of spnn.save.
//
//===----------------------------------------------------------------------===//
#include "spnn/IR/SPNN.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace spnn;

/// True for a vector whose elements do not follow each other: a column of a row-major matrix.
static bool isStrided(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  if (type.getRank() != 1)
    return false;
  SmallVector<int64_t> strides;
  int64_t offset;
  return failed(type.getStridesAndOffset(strides, offset)) || strides[0] != 1;
}

/// A copy of a vector for kernels, which load many elements at once.
static Value makeContiguous(OpBuilder &builder, Value buffer) {
  Location loc = buffer.getLoc();
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<Value> extents;
  if (type.isDynamicDim(0))
    extents.push_back(memref::DimOp::create(builder, loc, buffer, 0));
  Value copy = memref::AllocOp::create(builder, loc, MemRefType::get(type.getShape(), type.getElementType()), extents);
  memref::CopyOp::create(builder, loc, buffer, copy);
  return copy;
}

namespace {
template <typename Op>
struct KernelBufferization : public DstBufferizableOpInterfaceExternalModel<KernelBufferization<Op>, Op> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand, const AnalysisState &) const {
    // Every kernel writes all of its inits and reads none of them.
    return !cast<DestinationStyleOpInterface>(op).isDpsInit(&operand);
  }

  bool bufferizesToElementwiseAccess(Operation *op, const AnalysisState &, ArrayRef<OpOperand *> operands) const {
    // A column-wise kernel may overwrite panels that it reads; its emitter looks after the order.
    auto columns = dyn_cast<KernelColumnsOp>(op);
    return columns && llvm::all_of(operands, [&](OpOperand *operand) {
             return columns.isDpsInit(operand) || llvm::is_contained(columns.getPanels(), operand->get());
           });
  }

  /// CSE makes one tensor.empty of two that have the same type, and the analysis takes inits for places that may be
  /// written at will. Each init needs a buffer of its own.
  LogicalResult resolveConflicts(Operation *op, RewriterBase &rewriter, const AnalysisState &analysis,
                                 const BufferizationState &state) const {
    llvm::SmallPtrSet<Value, 4> taken;
    for (OpOperand &init : cast<DestinationStyleOpInterface>(op).getDpsInitsMutable()) {
      auto type = dyn_cast<RankedTensorType>(init.get().getType());
      if (!type || taken.insert(init.get()).second)
        continue;
      OpBuilder::InsertionGuard guard(rewriter);
      rewriter.setInsertionPoint(op);
      SmallVector<Value> sizes;
      for (int64_t dim = 0; dim < type.getRank(); ++dim)
        if (type.isDynamicDim(dim))
          sizes.push_back(tensor::DimOp::create(rewriter, op->getLoc(), init.get(), dim));
      Value fresh = AllocTensorOp::create(rewriter, op->getLoc(), type, sizes);
      rewriter.modifyOpInPlace(op, [&] { init.set(fresh); });
    }
    return cast<BufferizableOpInterface>(op).resolveTensorOpOperandConflicts(rewriter, analysis, state);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter, const BufferizationOptions &options,
                          BufferizationState &state) const {
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPoint(op);
    SmallVector<Value> operands;
    auto inits = cast<DestinationStyleOpInterface>(op).getDpsInits();
    for (Value operand : op->getOperands()) {
      if (!isa<TensorType>(operand.getType())) {
        operands.push_back(operand);
        continue;
      }
      FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
      if (failed(buffer))
        return failure();
      // An init that is strided is none that bufferization makes; spnn-lower-kernels refuses it.
      bool isRead = !llvm::is_contained(inits, operand);
      operands.push_back(isRead && isStrided(*buffer) ? makeContiguous(rewriter, *buffer) : *buffer);
    }
    auto dps = cast<DestinationStyleOpInterface>(op);
    SmallVector<Value> results;
    for (OpOperand &init : dps.getDpsInitsMutable())
      results.push_back(operands[init.getOperandNumber()]);
    OperationState created(op->getLoc(), op->getName(), operands, TypeRange(), op->getAttrs());
    created.propertiesAttr = op->getPropertiesAsAttribute();
    for (Region &region : op->getRegions())
      created.addRegion()->takeBody(region);
    rewriter.create(created);
    replaceOpWithBufferizedValues(rewriter, op, results);
    return success();
  }
};

/// The operand's buffer: spnn.save is there for passes on tensors.
struct SaveBufferization : public BufferizableOpInterface::ExternalModel<SaveBufferization, SaveOp> {
  bool bufferizesToMemoryRead(Operation *, OpOperand &, const AnalysisState &) const { return false; }
  bool bufferizesToMemoryWrite(Operation *, OpOperand &, const AnalysisState &) const { return false; }
  AliasingValueList getAliasingValues(Operation *op, OpOperand &, const AnalysisState &) const {
    return {{op->getResult(0), BufferRelation::Equivalent}};
  }
  FailureOr<BufferLikeType> getBufferType(Operation *op, Value, const BufferizationOptions &options,
                                          const BufferizationState &state, SmallVector<Value> &invocationStack) const {
    return bufferization::getBufferType(cast<SaveOp>(op).getSource(), options, state, invocationStack);
  }
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter, const BufferizationOptions &options,
                          BufferizationState &state) const {
    FailureOr<Value> buffer = getBuffer(rewriter, cast<SaveOp>(op).getSource(), options, state);
    if (failed(buffer))
      return failure();
    replaceOpWithBufferizedValues(rewriter, op, *buffer);
    return success();
  }
};
} // namespace

void SPNNDialect::registerBufferization() {
  SaveOp::attachInterface<SaveBufferization>(*getContext());
  PackPanelsOp::attachInterface<KernelBufferization<PackPanelsOp>>(*getContext());
  UnpackPanelsOp::attachInterface<KernelBufferization<UnpackPanelsOp>>(*getContext());
  KernelMatmulOp::attachInterface<KernelBufferization<KernelMatmulOp>>(*getContext());
  KernelColumnsOp::attachInterface<KernelBufferization<KernelColumnsOp>>(*getContext());
  KernelGraphOp::attachInterface<KernelBufferization<KernelGraphOp>>(*getContext());
  KernelGemmOp::attachInterface<KernelBufferization<KernelGemmOp>>(*getContext());
}
