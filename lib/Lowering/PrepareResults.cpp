//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pass spnn-prepare-results: results of public functions become memory that the caller gives.
//
//===----------------------------------------------------------------------===//
#include "spnn/IR/SPNN.h"
#include "spnn/Lowering/ElementTypes.h"
#include "spnn/Lowering/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

namespace spnn {
#define GEN_PASS_DEF_PREPARERESULTS
#include "spnn/Lowering/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

namespace {
/// The extent of `argument` that `result`'s extent is, if need be with a constant added, as [input, dim] or
/// [input, dim, offset]; empty if none.
SmallVector<int64_t> traceExtent(func::FuncOp function, Value result, int64_t dim, bool mayAdd) {
  using Variable = ValueBoundsConstraintSet::Variable;
  for (BlockArgument argument : function.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    for (int64_t d = 0; type && d < type.getRank(); ++d) {
      if (!type.isDynamicDim(d))
        continue;
      if (!mayAdd) {
        FailureOr<bool> equal = ValueBoundsConstraintSet::areEqual(Variable(result, dim), Variable(argument, d));
        if (succeeded(equal) && *equal)
          return {argument.getArgNumber(), d};
        continue;
      }
      FailureOr<int64_t> delta = ValueBoundsConstraintSet::computeConstantDelta(result, argument, dim, d);
      if (succeeded(delta) && llvm::isInt<32>(*delta))
        return {argument.getArgNumber(), d, *delta};
    }
  }
  return {};
}

/// Names the input extents that dynamic result extents follow from, as traceExtent does; static ones as [-1, extent].
FailureOr<ArrayAttr> traceExtents(func::FuncOp function, Value result, unsigned number) {
  Builder builder(function.getContext());
  auto type = cast<RankedTensorType>(result.getType());
  SmallVector<Attribute> extents;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    if (!type.isDynamicDim(dim)) {
      extents.push_back(builder.getDenseI64ArrayAttr({-1, type.getDimSize(dim)}));
      continue;
    }
    // The rows of a graph are its positions less one.
    SmallVector<int64_t> source = traceExtent(function, result, dim, /*mayAdd=*/false);
    if (source.empty())
      source = traceExtent(function, result, dim, /*mayAdd=*/true);
    if (source.empty())
      return function.emitOpError() << "extent " << dim << " of result " << number
                                    << " is not an extent of an input; such results cannot be compiled yet";
    extents.push_back(builder.getDenseI64ArrayAttr(source));
  }
  return builder.getArrayAttr(extents);
}

/// Arguments that are scalars, such as a seed, come as rank-0 tensors, since every argument of the interface is a
/// pointer.
void takeScalarsAsTensors(func::FuncOp function) {
  Block &block = function.getBody().front();
  OpBuilder builder = OpBuilder::atBlockBegin(&block);
  SmallVector<Type> types(function.getArgumentTypes());
  for (auto [argument, type] : llvm::zip_equal(block.getArguments(), types)) {
    RankedTensorType tensor = getArgumentTensor(type);
    if (!tensor || tensor == type)
      continue;
    type = tensor;
    argument.setType(tensor);
    auto element = tensor::ExtractOp::create(builder, argument.getLoc(), argument, ValueRange());
    argument.replaceAllUsesExcept(element, element);
  }
  function.setFunctionType(builder.getFunctionType(types, function.getResultTypes()));
}

/// A result that slices are inserted into, one after the other, begins as the caller's memory. Upstream's elimination
/// of empty tensors comes to the first slice before it knows where the last one goes, and leaves a copy.
void putTogetherIn(Value memory, Value result) {
  OpOperand *start = nullptr;
  while (true) {
    if (auto insert = result.getDefiningOp<tensor::InsertSliceOp>())
      start = &insert.getDestMutable();
    else if (auto loop = result.getDefiningOp<scf::ForOp>())
      start = loop.getTiedLoopInit(cast<OpResult>(result));
    else
      break;
    result = start->get();
  }
  auto empty = result.getDefiningOp<tensor::EmptyOp>();
  if (!start || !empty)
    return;
  OpBuilder builder(empty);
  start->set(bufferization::ToTensorOp::create(builder, empty.getLoc(), empty.getType(), memory, /*restrict=*/true,
                                               /*writable=*/true));
}

LogicalResult prepare(func::FuncOp function) {
  Builder attrs(function.getContext());
  if (!llvm::hasSingleElement(function.getBody()))
    return function.emitOpError() << "must have one block";
  takeScalarsAsTensors(function);
  auto isStatically = [](Type type) { return isa<RankedTensorType>(type); };
  for (Type type : function.getArgumentTypes())
    if (!isStatically(type) || cast<RankedTensorType>(type).getEncoding())
      return function.emitOpError() << "arguments of a compiled function are dense ranked tensors, got " << type;
  for (Type type : function.getResultTypes())
    if (!isStatically(type) || cast<RankedTensorType>(type).getEncoding())
      return function.emitOpError() << "results of a compiled function are dense ranked tensors, got " << type;

  unsigned inputs = function.getNumArguments();
  auto terminator = dyn_cast<func::ReturnOp>(function.getBody().front().getTerminator());
  if (!terminator)
    return function.emitOpError() << "must end with func.return";
  SmallVector<Attribute> extents;
  for (auto [number, result] : llvm::enumerate(terminator.getOperands())) {
    FailureOr<ArrayAttr> traced = traceExtents(function, result, number);
    if (failed(traced))
      return failure();
    extents.push_back(*traced);
  }
  for (unsigned i = 0; i < inputs; ++i) {
    function.setArgAttr(i, bufferization::BufferizationDialect::kWritableAttrName, attrs.getBoolAttr(false));
    function.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(), attrs.getUnitAttr());
  }
  OpBuilder builder(terminator);
  SmallVector<Value> results(terminator.getOperands());
  for (auto [number, result] : llvm::enumerate(results)) {
    auto type = cast<RankedTensorType>(result.getType());
    SmallVector<NamedAttribute> argAttrs;
    if (DictionaryAttr named = function.getResultAttrDict(number))
      argAttrs.append(named.begin(), named.end());
    argAttrs.emplace_back(attrs.getStringAttr(LLVM::LLVMDialect::getNoAliasAttrName()), attrs.getUnitAttr());
    auto memrefType = MemRefType::get(type.getShape(), type.getElementType());
    unsigned at = function.getNumArguments();
    if (failed(function.insertArgument(at, memrefType, attrs.getDictionaryAttr(argAttrs), result.getLoc())))
      return function.emitOpError() << "cannot take result " << number << " as an argument";
    auto write = bufferization::MaterializeInDestinationOp::create(builder, terminator.getLoc(), Type(), result,
                                                                   function.getArgument(at));
    write.setRestrict(true);
    write.setWritable(true);
    putTogetherIn(function.getArgument(at), result);
  }
  while (function.getNumResults() != 0)
    if (failed(function.eraseResult(0)))
      return function.emitOpError() << "cannot drop its results";
  func::ReturnOp::create(builder, terminator.getLoc());
  terminator.erase();
  function->setAttr("spnn.inputs", attrs.getI64IntegerAttr(inputs));
  function->setAttr("spnn.result_extents", attrs.getArrayAttr(extents));
  return success();
}

struct PrepareResults : public spnn::impl::PrepareResultsBase<PrepareResults> {
  using PrepareResultsBase::PrepareResultsBase;

  void runOnOperation() override {
    // A function owns the arena while it runs, so nothing that uses one may be called from it.
    WalkResult calls = getOperation().walk([](func::CallOp call) {
      call.emitOpError() << "is left after inlining: recursive functions, functions marked no_inline and functions "
                            "without a body cannot be compiled";
      return WalkResult::interrupt();
    });
    if (calls.wasInterrupted())
      return signalPassFailure();
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>()) {
      if (function.isPrivate() || function.isExternal() || function->hasAttr("spnn.inputs"))
        continue;
      if (failed(prepare(function)))
        return signalPassFailure();
    }
  }
};
} // namespace
