//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The spnn dialect: registration and constant materialisation.
//
//===----------------------------------------------------------------------===//
#include "spnn/IR/SPNN.h"
#include "spnn/IR/SparseFormats.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace spnn;

#include "spnn/IR/SPNNDialect.cpp.inc"

#include "spnn/IR/SPNNAttrInterfaces.cpp.inc"

#include "spnn/IR/SPNNOpInterfaces.cpp.inc"

void SPNNDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "spnn/IR/SPNNOps.cpp.inc"
      >();
  registerBufferization();
  registerUpstreamFormats(getContext());
}

Operation *SPNNDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type, Location loc) {
  if (auto buffers = dyn_cast<DictionaryAttr>(value))
    return isSparse(type) ? ConstantOp::create(builder, loc, type, buffers).getOperation() : nullptr;
  return arith::ConstantOp::materialize(builder, value, type, loc);
}

/// Other attributes of ours are for people or are checked by the pass that reads them; this one becomes code.
LogicalResult SPNNDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  if (attribute.getName() != kCodeAttrName)
    return success();
  auto code = dyn_cast<DenseElementsAttr>(attribute.getValue());
  if (op->getName().getStringRef() != "llvm.func")
    return op->emitOpError() << "has '" << kCodeAttrName << "', which only an llvm.func can have";
  if (!code || !code.getElementType().isInteger(8) || code.isSplat() != (code.getNumElements() == 1))
    return op->emitOpError() << "'" << kCodeAttrName << "' must be a dense constant of i8, all elements spelled out";
  return success();
}
