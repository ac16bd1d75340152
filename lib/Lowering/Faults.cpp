//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The messages of faults and stops: the op, the rule that its operands break, and where the op comes from.
//
//===----------------------------------------------------------------------===//
#include "Faults.h"

#include "spnn/IR/SPNN.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace spnn;

/// "layer.mlir:12" or the name of an ONNX node; empty if nothing is known. Without folders, so that the same model
/// gives the same code wherever it lies.
static std::string describe(Location loc) {
  if (auto file = dyn_cast<FileLineColLoc>(loc))
    return (llvm::sys::path::filename(file.getFilename().strref()) + ":" + Twine(file.getLine())).str();
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName().str();
  if (auto call = dyn_cast<CallSiteLoc>(loc))
    return describe(call.getCallee());
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      if (std::string text = describe(part); !text.empty())
        return text;
  return "";
}

/// As one line: names from outside may hold anything.
static std::string makeLine(const Twine &message) {
  std::string line = message.str();
  for (char &c : line)
    if (c == '\n' || c == '\0')
      c = ' ';
  return line;
}

static std::string makeMessage(Operation *op, const Twine &rule) {
  std::string place = describe(op->getLoc());
  std::string suffix = place.empty() ? "" : " (" + place + ")";
  return makeLine("'" + op->getName().getStringRef() + "' op " + rule + suffix);
}

void spnn::addFault(OpBuilder &builder, Location loc, Value condition, const Twine &message) {
  FaultOp::create(builder, loc, condition, makeLine(message));
}

void spnn::addFault(OpBuilder &builder, Operation *op, Value condition, const Twine &rule) {
  Location loc = op->getLoc();
  if (auto type = dyn_cast<VectorType>(condition.getType())) {
    // One i1 for all elements; reductions are of rank 1.
    auto flat = VectorType::get({type.getNumElements()}, type.getElementType());
    condition = vector::ShapeCastOp::create(builder, loc, flat, condition);
    condition = vector::ReductionOp::create(builder, loc, vector::CombiningKind::OR, condition);
  }
  FaultOp::create(builder, loc, condition, makeMessage(op, rule));
}

void spnn::addStop(OpBuilder &builder, Operation *op, Value condition, ValueRange numbers, const Twine &rule) {
  StopOp::create(builder, op->getLoc(), condition, numbers, makeMessage(op, rule));
}

LLVM::GlobalOp FaultMessages::get(StringRef text) {
  LLVM::GlobalOp &global = messages[text];
  if (!global) {
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    std::string ended = text.str();
    ended.push_back('\0');
    auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), ended.size());
    global = LLVM::GlobalOp::create(builder, module.getLoc(), type, /*isConstant=*/true, LLVM::Linkage::Private,
                                    "spnn_fault", builder.getStringAttr(ended));
    global.setUnnamedAddr(LLVM::UnnamedAddr::Global);
    symbols.insert(global, module.getBody()->begin());
  }
  return global;
}
