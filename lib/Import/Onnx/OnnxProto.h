//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What touches libonnx and protobuf in ways that may throw: parsing, and the schemas of the ops.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_IMPORT_ONNX_ONNXPROTO_H
#define SPNN_LIB_IMPORT_ONNX_ONNXPROTO_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <onnx/onnx_pb.h>

#include <memory>
#include <string>
#include <vector>

namespace onnx {
class OpSchema;
} // namespace onnx

namespace spnn::onnximport {

/// The newest opset of the default domain whose schemas libonnx 1.12 has, and the newest that models may use: nodes of
/// opsets in between are held to the older schemas, except the forms that `isNewerForm` lists.
inline constexpr int64_t kSchemaOpset = 17;
inline constexpr int64_t kNewestOpset = 21;

/// Whether the node, of an opset above kSchemaOpset, has a form that no schema at hand knows but its handler does.
bool isNewerForm(const onnx::NodeProto &node, int64_t opset);

enum class Syntax { Binary, Text, ProtobufText };

/// A model from its bytes. Never throws, whatever the bytes are.
llvm::Expected<std::unique_ptr<onnx::ModelProto>> parseModel(llvm::StringRef bytes, Syntax syntax);
llvm::Expected<std::string> serialize(const onnx::ModelProto &model);
bool parseTensor(llvm::StringRef bytes, onnx::TensorProto &tensor);

/// The schema of an op at an opset version; null if the op does not exist there.
const onnx::OpSchema *findSchema(const std::string &op, const std::string &domain, int64_t opset);

/// The rule that the node breaks: its numbers of operands, or the names and types of its attributes. Empty: none.
std::string checkNode(const onnx::OpSchema &schema, const onnx::NodeProto &node);

/// The rule that the element types of the operands (0: absent) break. Empty: none.
std::string checkOperandTypes(const onnx::OpSchema &schema, const onnx::NodeProto &node, llvm::ArrayRef<int32_t> types);

/// Whether ONNX defines the op by a function.
bool isFunction(const onnx::OpSchema &schema);

/// True and the body in `body` if ONNX defines the op by a function of simpler ops.
bool functionBody(const onnx::OpSchema &schema, const onnx::NodeProto &node,
                  const std::vector<onnx::TypeProto> &inputTypes, onnx::FunctionProto &body);

/// The node with the attributes that it leaves to their defaults.
onnx::NodeProto withDefaults(const onnx::OpSchema &schema, const onnx::NodeProto &node);

/// The names of the default domain's ops at the newest opset that ONNX defines by a function.
std::vector<std::string> functionOps();

/// "tensor(float)" and so on.
std::string typeName(int32_t dataType);

} // namespace spnn::onnximport

#endif // SPNN_LIB_IMPORT_ONNX_ONNXPROTO_H
