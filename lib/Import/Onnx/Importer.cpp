//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The frame of an import: checks of the model, the function's arguments and results.
//
//===----------------------------------------------------------------------===//
#include "Importer.h"

#include "OnnxProto.h"

#include "spnn/IR/SPNN.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Verifier.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace spnn;
using namespace spnn::onnximport;

void spnn::registerOnnxDialects(DialectRegistry &registry) {
  registry.insert<arith::ArithDialect, func::FuncDialect, linalg::LinalgDialect, math::MathDialect, scf::SCFDialect,
                  tensor::TensorDialect, SPNNDialect>();
}

static onnximport::Syntax syntaxOf(OnnxImportOptions::Syntax syntax) {
  switch (syntax) {
  case OnnxImportOptions::Syntax::Binary:
    return onnximport::Syntax::Binary;
  case OnnxImportOptions::Syntax::Text:
    return onnximport::Syntax::Text;
  case OnnxImportOptions::Syntax::ProtobufText:
    return onnximport::Syntax::ProtobufText;
  }
  llvm_unreachable("no such syntax");
}

llvm::Expected<OwningOpRef<ModuleOp>> spnn::importOnnx(MLIRContext &context, StringRef bytes, StringRef name,
                                                       const OnnxImportOptions &options) {
  auto model = parseModel(bytes, syntaxOf(options.syntax));
  if (!model)
    return llvm::createStringError(llvm::inconvertibleErrorCode(), name + ": " + llvm::toString(model.takeError()));
  return Importer(context, name, options).run(**model);
}

llvm::Expected<std::string> spnn::assembleOnnx(StringRef text, OnnxImportOptions::Syntax syntax) {
  auto model = parseModel(text, syntaxOf(syntax));
  if (!model)
    return model.takeError();
  return serialize(**model);
}

Importer::Importer(MLIRContext &context, StringRef name, const OnnxImportOptions &options)
    : b(NameLoc::get(StringAttr::get(&context, name)), &context), options(options), fileName(name) {
  DialectRegistry registry;
  registerOnnxDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
}

llvm::Error Importer::error(const Twine &sentence) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), fileName + ": " + sentence);
}

/// The rules of a model that need no look at its nodes.
llvm::Error Importer::checkModel(const onnx::ModelProto &model) {
  if (model.ir_version() < 1 || model.ir_version() > 10)
    return error("IR version " + Twine(model.ir_version()) + " is not supported; versions 1 to 10 are");
  llvm::StringSet<> domains;
  for (const auto &import : model.opset_import()) {
    if (!domains.insert(import.domain()).second)
      return error("domain '" + Twine(import.domain()) + "' is imported twice");
    bool isDefault = import.domain().empty() || import.domain() == "ai.onnx";
    if (import.version() < 1 || (isDefault && import.version() > kNewestOpset))
      return error("opset " + Twine(import.version()) + " is not supported; opsets 1 to " + Twine(kNewestOpset) +
                   " are");
  }
  llvm::StringSet<> names;
  for (const auto &function : model.functions()) {
    std::string key = function.domain() + "." + function.name();
    if (!names.insert(key).second)
      return error("function '" + Twine(function.name()) + "' is defined twice");
    localFunctions[key] = &function;
  }
  numNodes = model.graph().node_size();
  return llvm::Error::success();
}

llvm::Expected<RankedTensorType> Importer::inputType(const onnx::ValueInfoProto &info) {
  if (!info.type().has_tensor_type())
    return error("input '" + Twine(info.name()) + "' is no dense tensor");
  const auto &tensor = info.type().tensor_type();
  Type element = elementType(tensor.elem_type());
  if (!element)
    return error("input '" + Twine(info.name()) + "' has the unsupported type " + typeName(tensor.elem_type()));
  if (!tensor.has_shape())
    return error("input '" + Twine(info.name()) + "' has no shape");
  if (tensor.shape().dim_size() > 64)
    return error("input '" + Twine(info.name()) + "' has more than 64 dimensions");
  SmallVector<int64_t> shape;
  for (const auto &dim : tensor.shape().dim()) {
    int64_t extent = ShapedType::kDynamic;
    if (dim.has_dim_value() && dim.dim_value() < 0)
      return error("input '" + Twine(info.name()) + "' has the negative extent " + Twine(dim.dim_value()));
    if (dim.has_dim_value())
      extent = dim.dim_value();
    else if (auto fixed = options.dims.find(dim.dim_param()); fixed != options.dims.end())
      extent = fixed->second;
    shape.push_back(extent);
  }
  SmallVector<int64_t> fixed;
  llvm::copy_if(shape, std::back_inserter(fixed), [](int64_t extent) { return extent != ShapedType::kDynamic; });
  if (llvm::Expected<int64_t> count = countElements(fixed, elementBytes(tensor.elem_type())); !count)
    return error("input '" + Twine(info.name()) + "': " + llvm::toString(count.takeError()));
  return RankedTensorType::get(shape, element);
}

llvm::Error Importer::importInputs(const onnx::GraphProto &graph, func::FuncOp function) {
  llvm::StringSet<> seen;
  llvm::StringSet<> symbols;
  SmallVector<Type> types;
  SmallVector<const onnx::ValueInfoProto *> arguments;
  for (const auto &input : graph.input()) {
    if (!seen.insert(input.name()).second)
      return error("input '" + Twine(input.name()) + "' is declared twice");
    for (const auto &dim : input.type().tensor_type().shape().dim())
      symbols.insert(dim.dim_param());
    if (auto fixed = options.constants.find(input.name()); fixed != options.constants.end()) {
      onnx::TensorProto proto;
      if (!parseTensor(fixed->second, proto))
        return error("the constant for input '" + Twine(input.name()) + "' is no serialised TensorProto");
      auto data = readTensor(proto, "");
      if (!data)
        return error("the constant for input '" + Twine(input.name()) + "': " + llvm::toString(data.takeError()));
      top.values[input.name()] = wrap(std::move(*data), input.name());
      continue;
    }
    // An input with an initializer has that as its default (IR version 3 wrote all weights so): a constant.
    if (top.values.count(input.name()))
      continue;
    llvm::Expected<RankedTensorType> type = inputType(input);
    if (!type)
      return type.takeError();
    types.push_back(*type);
    arguments.push_back(&input);
  }
  for (const auto &entry : options.constants)
    if (!seen.contains(entry.getKey()))
      return error("there is no input '" + Twine(entry.getKey()) + "' to make a constant");
  for (const auto &entry : options.dims)
    if (!symbols.contains(entry.getKey()))
      return error("no input has a dimension named '" + Twine(entry.getKey()) + "'");

  function.setType(b.getFunctionType(types, {}));
  entry = function.addEntryBlock();
  for (auto [i, input] : llvm::enumerate(arguments)) {
    Imported &imported = top.values[input->name()];
    imported.value = entry->getArgument(i);
    imported.type = input->type().tensor_type().elem_type();
    function.setArgAttr(i, kNameAttrName, b.getStringAttr(input->name()));
    if (isUnsignedType(imported.type) && imported.type != onnx::TensorProto::BOOL)
      function.setArgAttr(i, kUnsignedAttrName, b.getUnitAttr());
  }
  return llvm::Error::success();
}

/// Whether two extents can be the same number.
static bool agree(int64_t x, int64_t y) { return x == y || ShapedType::isDynamic(x) || ShapedType::isDynamic(y); }

llvm::Error Importer::importOutputs(const onnx::GraphProto &graph, func::FuncOp function) {
  if (graph.output_size() == 0)
    return error("the graph has no outputs");
  SmallVector<Value> results;
  SmallVector<Type> types;
  llvm::StringSet<> seen;
  for (const auto &output : graph.output()) {
    if (!seen.insert(output.name()).second)
      return error("output '" + Twine(output.name()) + "' is declared twice");
    Imported *imported = lookup(top, output.name());
    if (!imported)
      return error("output '" + Twine(output.name()) + "' is computed by no node");
    Value value = materialize(*imported);
    auto type = cast<RankedTensorType>(value.getType());
    const auto &declared = output.type().tensor_type();
    if (declared.elem_type() != 0 && declared.elem_type() != imported->type)
      return error("output '" + Twine(output.name()) + "' is declared as " + typeName(declared.elem_type()) +
                   " but computed as " + typeName(imported->type));
    if (declared.has_shape() && options.warn) {
      bool same = declared.shape().dim_size() == type.getRank();
      for (int64_t d = 0; same && d < type.getRank(); ++d)
        if (declared.shape().dim(d).has_dim_value())
          same = agree(declared.shape().dim(d).dim_value(), type.getDimSize(d));
      if (!same)
        options.warn(fileName + ": the declared shape of output '" + output.name() + "' is not the computed one");
    }
    results.push_back(value);
    types.push_back(type);
  }
  func::ReturnOp::create(b, results);
  function.setType(b.getFunctionType(function.getArgumentTypes(), types));
  for (auto [i, output] : llvm::enumerate(graph.output())) {
    function.setResultAttr(i, kNameAttrName, b.getStringAttr(output.name()));
    int32_t type = lookup(top, output.name())->type;
    if (isUnsignedType(type) && type != onnx::TensorProto::BOOL)
      function.setResultAttr(i, kUnsignedAttrName, b.getUnitAttr());
  }
  return llvm::Error::success();
}

llvm::Expected<OwningOpRef<ModuleOp>> Importer::run(const onnx::ModelProto &model) {
  if (llvm::Error failure = checkModel(model))
    return std::move(failure);
  module = ModuleOp::create(b.getLoc());
  b.setInsertionPointToStart(module->getBody());
  auto function = func::FuncOp::create(b, "main", b.getFunctionType({}, {}));
  // Initializers come first: an input that has one is no argument.
  const onnx::GraphProto &graph = model.graph();
  if (llvm::Error failure = bindInitializers(graph, top))
    return std::move(failure);
  if (llvm::Error failure = importInputs(graph, function))
    return std::move(failure);
  b.setInsertionPointToEnd(entry);

  llvm::StringMap<int64_t> opsets;
  for (const auto &import : model.opset_import())
    opsets[import.domain() == "ai.onnx" ? "" : import.domain()] = import.version();
  // Before IR version 3 models named no opsets: they meant the first.
  opsets.try_emplace("", 1);
  if (failed(importNodes(graph.node(), top, opsets, nullptr, nullptr)))
    return error(Twine(numRefused) + " unsupported node" + (numRefused == 1 ? "" : "s") + ": " +
                 llvm::join(refused, ", "));
  if (llvm::Error failure = importOutputs(graph, function))
    return std::move(failure);

  std::string broken;
  ScopedDiagnosticHandler handler(b.getContext(), [&](Diagnostic &diagnostic) {
    if (broken.empty() && diagnostic.getSeverity() == DiagnosticSeverity::Error)
      broken = diagnostic.str();
    return success();
  });
  if (failed(verify(*module)))
    return error("the imported module is not valid, which is a defect of the importer: " + broken);
  return std::move(module);
}
