//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The state of one import and of the node being imported; what every op family's file is written against.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_LIB_IMPORT_ONNX_IMPORTER_H
#define SPNN_LIB_IMPORT_ONNX_IMPORTER_H

#include "OnnxTensor.h"

#include "spnn/Import/Onnx.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <onnx/onnx_pb.h>

#include <map>
#include <memory>
#include <optional>
#include <tuple>

namespace spnn::onnximport {

using mlir::LogicalResult;
using mlir::OpFoldResult;
using mlir::RankedTensorType;
using mlir::Type;
using mlir::Value;
using mlir::ValueRange;

/// An integer tensor whose elements are known at import: each a number or an extent of a dynamic dimension.
struct Known {
  llvm::SmallVector<int64_t> shape;
  llvm::SmallVector<OpFoldResult> elements;

  /// All elements, if every one is a number.
  std::optional<llvm::SmallVector<int64_t>> numbers() const;
};

/// What a name of the graph stands for.
struct Imported {
  Value value;                            // null: made on demand from `known` or `data`
  int32_t type = 0;                       // an onnx::TensorProto::DataType
  std::shared_ptr<const Known> known;     // small integer tensors that are known at import
  std::shared_ptr<const TensorData> data; // constants
  std::shared_ptr<const SparseData> sparse;
  std::string name;    // of a constant, for its resource
  bool absent = false; // an optional operand that a function's caller leaves out
  bool failed = false; // the node that computes it was refused
};

/// The names that a graph or a function body sees.
struct Scope {
  Scope *parent = nullptr; // subgraphs see the names around them, function bodies do not
  llvm::StringMap<Imported> values;
};

class Node;

/// An order of extents by identity.
struct ExtentOrder {
  using Key = std::tuple<llvm::StringRef, OpFoldResult, OpFoldResult>;
  bool operator()(const Key &x, const Key &y) const {
    auto plain = [](const Key &key) {
      return std::make_tuple(std::get<0>(key), std::get<1>(key).getOpaqueValue(), std::get<2>(key).getOpaqueValue());
    };
    return plain(x) < plain(y);
  }
};

/// One import: the module being built and the limits that hostile files must not pass.
class Importer {
public:
  Importer(mlir::MLIRContext &context, llvm::StringRef name, const OnnxImportOptions &options);

  llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> run(const onnx::ModelProto &model);

  mlir::ImplicitLocOpBuilder b;
  const OnnxImportOptions &options;

  /// Dynamic extents by value and dimension, and the index ops made of them (Builders.cpp).
  llvm::DenseMap<std::pair<Value, int64_t>, OpFoldResult> extents;
  std::map<std::tuple<llvm::StringRef, OpFoldResult, OpFoldResult>, OpFoldResult, ExtentOrder> combined;

  /// The MLIR type of an ONNX element type; null for strings and other types without one.
  Type elementType(int32_t type);
  /// The value of a name, constants materialised at the head of the function.
  Value materialize(Imported &imported);
  /// A constant with those contents, as a resource if it is large.
  Value constant(const TensorData &data, llvm::StringRef name);
  /// What a sparse initializer becomes.
  Value sparseConstant(const SparseData &data, llvm::StringRef name);
  /// Wraps a constant; its elements become known if they are integers.
  Imported wrap(TensorData data, llvm::StringRef name);
  /// Imports the nodes of a body into `scope`; `attributes` resolves references to a function's attributes. The
  /// reason of the first refused node comes back instead of going to the list if `reason` is given.
  LogicalResult importNodes(const google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes, Scope &scope,
                            llvm::StringMap<int64_t> opsets, const onnx::NodeProto *caller, std::string *reason);
  llvm::Error bindInitializers(const onnx::GraphProto &graph, Scope &scope);
  Imported *lookup(Scope &scope, llvm::StringRef name);

private:
  llvm::Error error(const llvm::Twine &sentence);
  llvm::Error checkModel(const onnx::ModelProto &model);
  llvm::Error importInputs(const onnx::GraphProto &graph, mlir::func::FuncOp function);
  llvm::Error importOutputs(const onnx::GraphProto &graph, mlir::func::FuncOp function);
  llvm::Expected<RankedTensorType> inputType(const onnx::ValueInfoProto &info);
  LogicalResult importNode(const onnx::NodeProto &proto, Scope &scope, const llvm::StringMap<int64_t> &opsets,
                           std::string &reason);
  LogicalResult dispatch(Node &node, const llvm::StringMap<int64_t> &opsets);
  LogicalResult expandFunction(Node &node, const onnx::NodeProto &caller, const onnx::FunctionProto &body,
                               llvm::StringMap<int64_t> opsets);
  mlir::Attribute denseAttr(int32_t type, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<uint8_t> bytes,
                            llvm::StringRef name);
  void setConstantInsertionPoint();
  void warnOfNaN(int32_t type, llvm::ArrayRef<uint8_t> bytes, llvm::StringRef name);

  std::string fileName;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::Operation *lastConstant = nullptr;
  mlir::Block *entry = nullptr;
  Scope top;
  llvm::StringMap<const onnx::FunctionProto *> localFunctions; // by domain + "." + name
  llvm::SmallVector<std::string> refused;                      // "'name' (Op: reason)"
  int64_t numRefused = 0;
  int64_t numImported = 0;
  int64_t numNodes = 0;
  unsigned depth = 0;
};

/// One node while it is imported. Accessors that meet what they cannot use record the reason and return null.
class Node {
public:
  Node(Importer &importer, const onnx::NodeProto &proto, Scope &scope, int64_t opset);

  Importer &importer;
  mlir::ImplicitLocOpBuilder &b;
  const onnx::NodeProto &proto;
  Scope &scope;
  int64_t opset;
  std::string reason;

  // Operands.
  int64_t numInputs() const { return inputs.size(); }
  bool has(int64_t i) const { return i < numInputs() && inputs[i]; }
  Imported *imported(int64_t i) { return has(i) ? inputs[i] : nullptr; }
  Value in(int64_t i);
  llvm::SmallVector<Value> all();
  int32_t type(int64_t i) const { return has(i) ? inputs[i]->type : 0; }
  Type elementType(int64_t i) { return importer.elementType(type(i)); }
  bool isUnsigned(int64_t i) const { return isUnsignedType(type(i)); }
  bool isFloat(int64_t i) const { return isFloatType(type(i)); }
  llvm::ArrayRef<int64_t> shape(int64_t i);
  int64_t rank(int64_t i) { return shape(i).size(); }
  int64_t numOutputs() const { return proto.output_size(); }
  bool wants(int64_t i) const { return i < numOutputs() && !proto.output(i).empty(); }

  // Attributes.
  const onnx::AttributeProto *attr(llvm::StringRef name) const;
  int64_t integer(llvm::StringRef name, int64_t otherwise) const;
  double real(llvm::StringRef name, double otherwise) const;
  llvm::StringRef string(llvm::StringRef name, llvm::StringRef otherwise) const;
  std::optional<llvm::SmallVector<int64_t>> integers(llvm::StringRef name) const;

  // Operands that must be known at import.
  std::optional<llvm::SmallVector<int64_t>> numbers(int64_t i, llvm::StringRef what);
  std::optional<double> scalar(int64_t i, llvm::StringRef what);
  const Known *known(int64_t i) { return has(i) ? inputs[i]->known.get() : nullptr; }
  /// An axis in [0, rank), counted from the end if negative.
  std::optional<int64_t> axis(int64_t axis, int64_t rank);
  std::optional<llvm::SmallVector<int64_t>> axes(llvm::ArrayRef<int64_t> axes, int64_t rank);

  // Results.
  LogicalResult set(int64_t i, Value value, int32_t type);
  LogicalResult set(int64_t i, Value value) { return set(i, value, type(0)); }
  LogicalResult set(int64_t i, Imported imported);
  LogicalResult refuse(const llvm::Twine &why) {
    if (reason.empty())
      reason = why.str();
    return mlir::failure();
  }
  Value fail(const llvm::Twine &why) { return (void)refuse(why), Value(); }

private:
  friend class Importer;
  llvm::SmallVector<Imported *> inputs; // null: an optional operand that is absent
};

using Handler = LogicalResult (*)(Node &);

/// One row of the table of ops.
struct OpEntry {
  llvm::StringLiteral name;
  Handler handler;
  llvm::StringLiteral note; // restrictions, for the table of docs/onnx.md
};

/// The entry of an op of the default domain, or null.
const OpEntry *findOp(llvm::StringRef name);

/// Computes the node at import if it works on known integers: true if it did.
bool foldNode(Node &node);

// One table an op family.
llvm::ArrayRef<OpEntry> activationOps();
llvm::ArrayRef<OpEntry> convolutionOps();
llvm::ArrayRef<OpEntry> depthSpaceOps();
llvm::ArrayRef<OpEntry> einsumOps();
llvm::ArrayRef<OpEntry> elementwiseOps();
llvm::ArrayRef<OpEntry> indexOps();
llvm::ArrayRef<OpEntry> linearOps();
llvm::ArrayRef<OpEntry> normalizationOps();
llvm::ArrayRef<OpEntry> poolingOps();
llvm::ArrayRef<OpEntry> quantizationOps();
llvm::ArrayRef<OpEntry> reduceOps();
llvm::ArrayRef<OpEntry> resizeOps();
llvm::ArrayRef<OpEntry> shapeOps();
llvm::ArrayRef<OpEntry> tensorOps();

} // namespace spnn::onnximport

#endif // SPNN_LIB_IMPORT_ONNX_IMPORTER_H
