//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The list of kernels that pass messages along edges.
//
//===----------------------------------------------------------------------===//
#include "GraphKernels.h"

#include "AttentionKernels.h"

using namespace mlir;
using namespace spnn;

GraphKernel::~GraphKernel() = default;

ArrayRef<const GraphKernel *> spnn::getGraphKernels() {
  static const GraphKernel *const kernels[] = {
      getAssembleKernel(),
      getAttentionBackwardKernel(),
      getAttentionKernel(),
      getDegreeKernel(),
      getEdgeSoftmaxBackwardKernel(),
      getEdgeSoftmaxKernel(),
      getLossBackwardKernel(),
      getLossKernel(),
      getOrderKernel(),
      getScatterWinnersKernel(),
      getSddmmAddKernel(),
      getSddmmKernel(),
      getSpmmKernel(),
      getSpmmMaxKernel(),
      getTransposeKernel(),
  };
  return kernels;
}

const GraphKernel *spnn::findGraphKernel(StringRef name) {
  for (const GraphKernel *kernel : getGraphKernels())
    if (kernel->name() == name)
      return kernel;
  return nullptr;
}

LogicalResult spnn::checkGraphOperands(KernelGraphOp op, ArrayRef<StringRef> required, ArrayRef<StringRef> optional,
                                       size_t inits, bool mayNumberRows) {
  if (op.getStorage().size() != 2 && !(mayNumberRows && op.getStorage().size() == 3))
    return op.emitOpError() << "kernel '" << op.getKernel() << "' takes " << (mayNumberRows ? "2 or 3" : "2")
                            << " storage buffers, got " << op.getStorage().size();
  for (auto [number, buffer] : llvm::enumerate(op.getStorage()))
    if (Type element = cast<ShapedType>(buffer.getType()).getElementType(); !element.isInteger(32))
      return op.emitOpError() << "storage buffer " << number << " of kernel '" << op.getKernel() << "' holds i32, got "
                              << element;
  return checkGraphInputs(op, required, optional, inits);
}

LogicalResult spnn::checkGraphInputs(KernelGraphOp op, ArrayRef<StringRef> required, ArrayRef<StringRef> optional,
                                     size_t inits) {
  for (StringRef name : required)
    if (!op.getInput(name))
      return op.emitOpError() << "kernel '" << op.getKernel() << "' needs input '" << name << "'";
  for (Attribute attr : op.getNames()) {
    StringRef name = cast<StringAttr>(attr).getValue();
    if (!llvm::is_contained(required, name) && !llvm::is_contained(optional, name))
      return op.emitOpError() << "kernel '" << op.getKernel() << "' has no input '" << name << "'";
  }
  if (op.getInit().size() != inits)
    return op.emitOpError() << "kernel '" << op.getKernel() << "' computes " << inits << " inits, got "
                            << op.getInit().size();
  return success();
}
