//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Describes the interface of a graph-level function as the model compiled from it would.
//
//===----------------------------------------------------------------------===//
#include "ModuleFile.h"

#include "spnn/IR/SPNN.h"
#include "spnn/Lowering/ElementTypes.h"

#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace spnn;
using namespace spnn::engine;
using runtime::Extent;

/// Sets `extent` to the dynamic input extent that `size`, computed in `function`, always equals.
static bool traceExtent(func::FuncOp function, Value size, Extent &extent) {
  extent.kind = Extent::Kind::OfInput;
  if (auto dim = size.getDefiningOp<tensor::DimOp>()) {
    auto argument = dyn_cast<BlockArgument>(dim.getSource());
    std::optional<int64_t> index = dim.getConstantIndex();
    if (argument && argument.getOwner() == &function.getBody().front() && index) {
      extent.input = argument.getArgNumber();
      extent.dim = *index;
      return true;
    }
  }
  for (BlockArgument argument : function.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    for (int64_t dim = 0; type && dim < type.getRank(); ++dim) {
      if (!type.isDynamicDim(dim))
        continue;
      FailureOr<bool> equal = ValueBoundsConstraintSet::areEqual(ValueBoundsConstraintSet::Variable(size),
                                                                 ValueBoundsConstraintSet::Variable(argument, dim));
      if (succeeded(equal) && *equal) {
        extent.input = argument.getArgNumber();
        extent.dim = dim;
        return true;
      }
    }
  }
  return false;
}

/// The extents of all results. Works on a copy of the function, in which the sizes of the results are asked for and
/// resolved through its ops.
static Error describeResults(func::FuncOp original, runtime::FunctionSpec &spec) {
  OwningOpRef<func::FuncOp> function = original.clone();
  auto terminator = cast<func::ReturnOp>(function->getBody().front().getTerminator());
  OpBuilder builder(terminator);
  SmallVector<Value> results(terminator.getOperands()), sizes;
  for (Value result : results) {
    auto type = cast<RankedTensorType>(result.getType());
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      if (type.isDynamicDim(dim))
        sizes.push_back(tensor::DimOp::create(builder, result.getLoc(), result, dim));
  }
  // Returned, so that they live through the rewriting; the signature does not matter in the copy.
  terminator->setOperands(sizes);
  RewritePatternSet patterns(function->getContext());
  memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
  memref::populateResolveShapedTypeResultDimsPatterns(patterns);
  tensor::DimOp::getCanonicalizationPatterns(patterns, function->getContext());
  (void)applyPatternsGreedily(*function, std::move(patterns));

  size_t next = 0;
  for (auto [number, typeValue] : llvm::enumerate(original.getResultTypes())) {
    auto type = cast<RankedTensorType>(typeValue);
    runtime::TensorSpec tensor;
    auto name = original.getResultAttrOfType<StringAttr>(number, "spnn.name");
    tensor.name = name ? name.str() : "out" + std::to_string(number);
    tensor.dtype = *getDType(type.getElementType());
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      Extent extent;
      extent.value = type.getDimSize(dim);
      if (type.isDynamicDim(dim)) {
        Value size = terminator.getOperand(next++);
        llvm::APInt constant;
        if (matchPattern(size, m_ConstantInt(&constant)))
          extent.value = constant.getSExtValue();
        else if (!traceExtent(*function, size, extent))
          return "function '" + original.getName().str() + "': extent " + std::to_string(dim) + " of result " +
                 std::to_string(number) + " is not an extent of an input";
      }
      tensor.shape.push_back(extent);
    }
    spec.outputs.push_back(tensor);
  }
  return std::nullopt;
}

Error engine::describe(func::FuncOp function, runtime::FunctionSpec &spec) {
  spec.name = function.getName().str();
  auto fail = [&](const std::string &message) { return "function '" + spec.name + "': " + message; };
  if (!function.getBody().hasOneBlock())
    return fail("the body must have one block");
  for (Type type : function.getResultTypes())
    if (std::optional<std::string> broken = checkInterfaceType(type))
      return fail(*broken);
  for (auto [number, argumentType] : llvm::enumerate(function.getArgumentTypes())) {
    RankedTensorType type = getArgumentTensor(argumentType);
    if (std::optional<std::string> broken = checkInterfaceType(type ? Type(type) : argumentType))
      return fail(*broken);
    runtime::TensorSpec tensor;
    auto name = function.getArgAttrOfType<StringAttr>(number, "spnn.name");
    tensor.name = name ? name.str() : "in" + std::to_string(number);
    tensor.dtype = *getDType(type.getElementType());
    auto names = function.getArgAttrOfType<ArrayAttr>(number, "spnn.dims");
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      Extent extent;
      extent.value = type.getDimSize(dim);
      if (type.isDynamicDim(dim)) {
        extent = {};
        extent.kind = Extent::Kind::Dynamic;
        if (names && dim < static_cast<int64_t>(names.size()))
          if (auto dimName = dyn_cast<StringAttr>(names[dim]))
            extent.name = dimName.str();
      }
      tensor.shape.push_back(extent);
    }
    spec.inputs.push_back(tensor);
  }
  return describeResults(function, spec);
}

static Error describeFunctions(ModuleOp module, std::vector<runtime::FunctionSpec> &functions) {
  functions.clear();
  for (func::FuncOp function : module.getOps<func::FuncOp>()) {
    if (!function.isPublic() || function.isExternal())
      continue;
    runtime::FunctionSpec spec;
    if (Error error = describe(function, spec))
      return error;
    functions.push_back(std::move(spec));
  }
  if (functions.empty())
    return "there is no public function with a body";
  return std::nullopt;
}

Error engine::describe(ModuleFile &file, runtime::ModelDescription &result) {
  result.producer = "spnn " SPNN_VERSION;
  auto target = file.getModule()->getAttrOfType<TargetAttr>(kTargetAttrName);
  result.target = target ? target.getCpu().str() : "generic";
  Error error = describeFunctions(file.getModule(), result.functions);
  if (!error)
    return std::nullopt;
  // The compiler traces extents when calls are inlined and sizes folded: so does this, on a copy.
  OwningOpRef<ModuleOp> copy = file.getModule().clone();
  PassManager passes(copy->getContext());
  passes.addPass(createInlinerPass());
  passes.addPass(createSymbolDCEPass());
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  if (failed(passes.run(*copy)))
    return error;
  return describeFunctions(*copy, result.functions);
}
