//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Parsing of ONNX files and look-ups in libonnx's schemas; the only file of the importer where exceptions exist.
//
//===----------------------------------------------------------------------===//
#include "OnnxProto.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/Twine.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>
#include <onnx/defs/data_type_utils.h>
#include <onnx/defs/parser.h>
#include <onnx/defs/schema.h>

#include <algorithm>
#include <exception>

using namespace spnn::onnximport;

static llvm::Error refuse(const llvm::Twine &reason) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), reason);
}

/// The first line of a message, so that one refusal stays one sentence.
static std::string firstLine(llvm::StringRef text) { return text.split('\n').first.trim().str(); }

namespace {
/// Keeps the first error of protobuf's text parser.
class FirstError : public google::protobuf::io::ErrorCollector {
public:
  void AddError(int line, int column, const std::string &message) override {
    if (text.empty())
      text = "line " + std::to_string(line + 1) + ": " + message;
  }
  std::string text;
};
} // namespace

/// Parses a message without protobuf's own complaints on the error stream.
template <typename Message> static bool parseBinary(llvm::StringRef bytes, Message &message) {
  google::protobuf::LogSilencer silence;
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
  stream.SetRecursionLimit(64);
  return message.ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage();
}

static llvm::Error parseText(llvm::StringRef bytes, Syntax syntax, onnx::ModelProto &model) {
  std::string text = bytes.str(); // Both parsers want a terminating zero or a std::string.
  if (syntax == Syntax::ProtobufText) {
    FirstError errors;
    google::protobuf::TextFormat::Parser parser;
    parser.RecordErrorsTo(&errors);
    parser.SetRecursionLimit(64);
    if (!parser.ParseFromString(text, &model))
      return refuse("the text is no ModelProto in protobuf's text format: " + errors.text);
    return llvm::Error::success();
  }
  try {
    auto status = onnx::OnnxParser::Parse(model, text.c_str());
    if (!status.IsOK())
      return refuse("the text is no model in ONNX's textual syntax: " + firstLine(status.ErrorMessage()));
  } catch (const std::exception &e) {
    return refuse("the text is no model in ONNX's textual syntax: " + firstLine(e.what()));
  }
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<onnx::ModelProto>> spnn::onnximport::parseModel(llvm::StringRef bytes, Syntax syntax) {
  if (bytes.size() > static_cast<size_t>(INT32_MAX))
    return refuse("the file is larger than protobuf's limit of 2 GiB; keep large tensors in external data files");
  auto model = std::make_unique<onnx::ModelProto>();
  if (syntax != Syntax::Binary) {
    if (llvm::Error error = parseText(bytes, syntax, *model))
      return std::move(error);
    return std::move(model);
  }
  bool parsed = parseBinary(bytes, *model);
  if (parsed && model->has_graph())
    return std::move(model);
  // A bare GraphProto: its fields are unknown or of another kind in a ModelProto.
  onnx::GraphProto graph;
  if (parseBinary(bytes, graph) && graph.output_size() > 0) {
    model = std::make_unique<onnx::ModelProto>();
    model->set_ir_version(8);
    model->add_opset_import()->set_version(kSchemaOpset);
    *model->mutable_graph() = std::move(graph);
    return std::move(model);
  }
  if (parsed)
    return refuse("the file holds no ONNX graph");
  return refuse("the file is no ONNX model: it is truncated, damaged or of another format");
}

llvm::Expected<std::string> spnn::onnximport::serialize(const onnx::ModelProto &model) {
  std::string bytes;
  if (!model.SerializePartialToString(&bytes))
    return refuse("the model is too large for protobuf");
  return bytes;
}

bool spnn::onnximport::parseTensor(llvm::StringRef bytes, onnx::TensorProto &tensor) {
  return parseBinary(bytes, tensor);
}

const onnx::OpSchema *spnn::onnximport::findSchema(const std::string &op, const std::string &domain, int64_t opset) {
  try {
    return onnx::OpSchemaRegistry::Schema(op, static_cast<int>(opset), domain == "ai.onnx" ? "" : domain);
  } catch (const std::exception &) {
    return nullptr;
  }
}

bool spnn::onnximport::isNewerForm(const onnx::NodeProto &node, int64_t opset) {
  if (opset <= kSchemaOpset || node.input_size() < 1 || node.input(0).empty())
    return false;
  llvm::StringRef op = node.op_type();
  if (op == "Gelu" || op == "Mish")
    return node.input_size() == 1;
  // The axes of reductions became an operand in opset 18; those of ReduceSum had in 13.
  if (op.starts_with("Reduce"))
    return node.input_size() == 2 && op != "ReduceSum";
  // Split got the number of its parts as an attribute.
  return op == "Split" && node.input_size() == 1 &&
         std::any_of(node.attribute().begin(), node.attribute().end(),
                     [](const auto &attribute) { return attribute.name() == "num_outputs"; });
}

std::string spnn::onnximport::checkNode(const onnx::OpSchema &schema, const onnx::NodeProto &node) {
  try {
    // Verify expects references to a function's attributes to be resolved, which the importer has done.
    schema.Verify(node);
  } catch (const std::exception &e) {
    return firstLine(e.what());
  }
  return "";
}

std::string spnn::onnximport::typeName(int32_t dataType) {
  if (!onnx::TensorProto::DataType_IsValid(dataType) || dataType == onnx::TensorProto::UNDEFINED)
    return "undefined";
  return "tensor(" + onnx::Utils::DataTypeUtils::ToDataTypeString(dataType) + ")";
}

std::string spnn::onnximport::checkOperandTypes(const onnx::OpSchema &schema, const onnx::NodeProto &node,
                                                llvm::ArrayRef<int32_t> types) {
  const auto &formals = schema.inputs();
  llvm::StringMap<int32_t> bound;
  try {
    for (size_t i = 0; i < types.size(); ++i) {
      if (formals.empty())
        continue;
      const auto &formal = formals[std::min(i, formals.size() - 1)];
      if (types[i] == 0 && formal.GetOption() != onnx::OpSchema::Optional)
        return "input '" + formal.GetName() + "' is missing";
      if (types[i] == 0)
        continue;
      std::string name = typeName(types[i]);
      const auto &allowed = formal.GetTypes();
      if (!allowed.count(onnx::Utils::DataTypeUtils::ToType(name)))
        return "input '" + formal.GetName() + "' may not be a " + name;
      if (!formal.GetIsHomogeneous())
        continue;
      auto [it, fresh] = bound.try_emplace(formal.GetTypeStr(), types[i]);
      if (!fresh && it->second != types[i])
        return "input '" + formal.GetName() + "' is a " + name + ", where its type '" + formal.GetTypeStr() +
               "' is already " + typeName(it->second);
    }
  } catch (const std::exception &e) {
    return firstLine(e.what());
  }
  return "";
}

bool spnn::onnximport::isFunction(const onnx::OpSchema &schema) {
  return schema.HasFunction() || schema.HasContextDependentFunction();
}

bool spnn::onnximport::functionBody(const onnx::OpSchema &schema, const onnx::NodeProto &node,
                                    const std::vector<onnx::TypeProto> &inputTypes, onnx::FunctionProto &body) {
  try {
    if (schema.HasFunction()) {
      body = *schema.GetFunction();
      return true;
    }
    if (!schema.HasContextDependentFunction())
      return false;
    onnx::FunctionBodyBuildContextImpl context(node, inputTypes);
    return schema.BuildContextDependentFunction(context, body);
  } catch (const std::exception &) {
    return false;
  }
}

onnx::NodeProto spnn::onnximport::withDefaults(const onnx::OpSchema &schema, const onnx::NodeProto &node) {
  onnx::NodeProto result = node;
  for (const auto &[name, attribute] : schema.attributes()) {
    bool given = std::any_of(node.attribute().begin(), node.attribute().end(),
                             [&, &key = name](const auto &each) { return each.name() == key; });
    if (!given && attribute.default_value.has_name())
      *result.add_attribute() = attribute.default_value;
  }
  return result;
}

std::vector<std::string> spnn::onnximport::functionOps() {
  std::vector<std::string> names;
  for (const onnx::OpSchema &schema : onnx::OpSchemaRegistry::get_all_schemas())
    if (schema.domain().empty() && isFunction(schema))
      names.push_back(schema.Name());
  std::sort(names.begin(), names.end());
  return names;
}
