//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads ONNX models into graph-level IR.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_IMPORT_ONNX_H
#define SPNN_IMPORT_ONNX_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"

#include <functional>
#include <string>

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace spnn {

/// Name of the argument and result attribute that holds the value's name in the file it came from.
inline constexpr llvm::StringLiteral kNameAttrName = "spnn.name";
/// Name of the unit attribute on arguments and results whose integers the file declares unsigned.
inline constexpr llvm::StringLiteral kUnsignedAttrName = "spnn.unsigned";

struct OnnxImportOptions {
  enum class Syntax {
    Binary,      ///< a serialised ModelProto, or a GraphProto read as opset 17
    Text,        ///< ONNX's textual syntax (onnx/defs/parser.h)
    ProtobufText ///< protobuf's text format of a ModelProto
  };
  Syntax syntax = Syntax::Binary;
  /// Extents for symbolic dimensions, by name; the others become `?`.
  llvm::StringMap<int64_t> dims;
  /// Graph inputs that become constants: the input's name to a serialised TensorProto.
  llvm::StringMap<std::string> constants;
  /// The folder that external data files are named relative to; empty: models with external data are refused.
  std::string directory;
  /// Called with each sentence that the user should read though the import succeeds.
  std::function<void(const std::string &)> warn;
  /// Called with the number of nodes imported so far and their total.
  std::function<void(int64_t, int64_t)> progress;
};

/// The module for the ONNX model in `bytes`: one `func.func @main` whose arguments and results carry their names.
/// `context` needs the dialects that registerOnnxDialects registers. The error is one sentence that begins with `name`;
/// unsupported nodes are all listed in it. Nothing in `bytes` is trusted.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> importOnnx(mlir::MLIRContext &context, llvm::StringRef bytes,
                                                             llvm::StringRef name,
                                                             const OnnxImportOptions &options = {});

/// Registers the dialects of the modules that importOnnx builds.
void registerOnnxDialects(mlir::DialectRegistry &registry);

/// Prints the supported ops as a Markdown table, one row an op type.
void printOnnxOps(llvm::raw_ostream &os);

/// The binary form of a model in one of the textual syntaxes.
llvm::Expected<std::string> assembleOnnx(llvm::StringRef text, OnnxImportOptions::Syntax syntax);

} // namespace spnn

#endif // SPNN_IMPORT_ONNX_H
