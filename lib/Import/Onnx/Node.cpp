//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Nodes: look-up of operands, attributes and handlers, expansion of functions.
//
//===----------------------------------------------------------------------===//
#include "Importer.h"
#include "OnnxProto.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace spnn;
using namespace spnn::onnximport;
using onnx::AttributeProto;
using onnx::NodeProto;

/// Functions and branches inside each other; deeper models are hostile.
static constexpr unsigned kMaxDepth = 32;
/// Nodes after the expansion of functions.
static constexpr int64_t kMaxNodes = 1000000;
/// Refused nodes that are listed one by one.
static constexpr int64_t kMaxListed = 100;

std::optional<SmallVector<int64_t>> Known::numbers() const {
  SmallVector<int64_t> result;
  for (OpFoldResult element : elements) {
    auto attr = dyn_cast<Attribute>(element);
    if (!attr)
      return std::nullopt;
    result.push_back(cast<IntegerAttr>(attr).getInt());
  }
  return result;
}

Imported *Importer::lookup(Scope &scope, StringRef name) {
  for (Scope *at = &scope; at; at = at->parent)
    if (auto found = at->values.find(name); found != at->values.end())
      return &found->second;
  return nullptr;
}

Node::Node(Importer &importer, const NodeProto &proto, Scope &scope, int64_t opset)
    : importer(importer), b(importer.b), proto(proto), scope(scope), opset(opset) {}

Value Node::in(int64_t i) {
  if (!has(i))
    return fail("input " + Twine(i) + " is missing");
  return importer.materialize(*inputs[i]);
}

SmallVector<Value> Node::all() {
  SmallVector<Value> values;
  for (int64_t i = 0; i < numInputs(); ++i)
    values.push_back(in(i));
  return values;
}

ArrayRef<int64_t> Node::shape(int64_t i) {
  if (!has(i))
    return {};
  if (inputs[i]->value)
    return cast<RankedTensorType>(inputs[i]->value.getType()).getShape();
  if (inputs[i]->known)
    return inputs[i]->known->shape;
  return inputs[i]->data ? inputs[i]->data->shape : inputs[i]->sparse->shape;
}

const AttributeProto *Node::attr(StringRef name) const {
  for (const AttributeProto &attribute : proto.attribute())
    if (attribute.name() == name)
      return &attribute;
  return nullptr;
}

int64_t Node::integer(StringRef name, int64_t otherwise) const {
  const AttributeProto *found = attr(name);
  return found ? found->i() : otherwise;
}

double Node::real(StringRef name, double otherwise) const {
  const AttributeProto *found = attr(name);
  return found ? found->f() : otherwise;
}

StringRef Node::string(StringRef name, StringRef otherwise) const {
  const AttributeProto *found = attr(name);
  return found ? StringRef(found->s()) : otherwise;
}

std::optional<SmallVector<int64_t>> Node::integers(StringRef name) const {
  const AttributeProto *found = attr(name);
  if (!found)
    return std::nullopt;
  return SmallVector<int64_t>(found->ints().begin(), found->ints().end());
}

std::optional<SmallVector<int64_t>> Node::numbers(int64_t i, StringRef what) {
  std::optional<SmallVector<int64_t>> result;
  if (has(i) && inputs[i]->known)
    result = inputs[i]->known->numbers();
  if (!result)
    (void)refuse(has(i) ? what + " is not known at import" : "input " + Twine(i) + " (" + what + ") is missing");
  return result;
}

std::optional<double> Node::scalar(int64_t i, StringRef what) {
  const TensorData *data = has(i) ? inputs[i]->data.get() : nullptr;
  if (data && data->size() == 1)
    return data->isFloat() ? data->floatAt(0) : static_cast<double>(data->intAt(0));
  (void)refuse(what + " is no scalar that is known at import");
  return std::nullopt;
}

std::optional<int64_t> Node::axis(int64_t axis, int64_t rank) {
  if (axis >= -rank && axis < rank)
    return axis < 0 ? axis + rank : axis;
  (void)refuse("axis " + Twine(axis) + " is out of range for rank " + Twine(rank));
  return std::nullopt;
}

std::optional<SmallVector<int64_t>> Node::axes(ArrayRef<int64_t> axes, int64_t rank) {
  SmallVector<int64_t> result;
  for (int64_t each : axes) {
    std::optional<int64_t> found = axis(each, rank);
    if (!found)
      return std::nullopt;
    if (llvm::is_contained(result, *found))
      return (void)refuse("axis " + Twine(each) + " is named twice"), std::nullopt;
    result.push_back(*found);
  }
  return result;
}

LogicalResult Node::set(int64_t i, Imported result) {
  if (!wants(i))
    return success();
  auto [slot, fresh] = scope.values.try_emplace(proto.output(i));
  if (!fresh)
    return refuse("its output '" + Twine(proto.output(i)) + "' is already defined");
  slot->second = std::move(result);
  return success();
}

LogicalResult Node::set(int64_t i, Value value, int32_t type) {
  if (!value)
    return refuse("its operands cannot be used together");
  auto tensor = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> fixed;
  llvm::copy_if(tensor.getShape(), std::back_inserter(fixed), [](int64_t d) { return !ShapedType::isDynamic(d); });
  if (llvm::Expected<int64_t> count = countElements(fixed, elementBytes(type)); !count)
    return refuse("its result: " + llvm::toString(count.takeError()));
  Imported imported;
  imported.value = value;
  imported.type = type;
  return set(i, std::move(imported));
}

/// Replaces references to a function's attributes by what its caller gives; drops those it does not give.
static NodeProto resolveReferences(const NodeProto &node, const NodeProto &caller) {
  NodeProto result = node;
  result.clear_attribute();
  for (const AttributeProto &attribute : node.attribute()) {
    if (attribute.ref_attr_name().empty()) {
      *result.add_attribute() = attribute;
      continue;
    }
    for (const AttributeProto &given : caller.attribute())
      if (given.name() == attribute.ref_attr_name()) {
        *result.add_attribute() = given;
        result.mutable_attribute(result.attribute_size() - 1)->set_name(attribute.name());
      }
  }
  return result;
}

static std::string displayName(const NodeProto &node) {
  if (!node.name().empty())
    return node.name();
  for (const std::string &output : node.output())
    if (!output.empty())
      return output;
  return "unnamed";
}

LogicalResult Importer::importNodes(const google::protobuf::RepeatedPtrField<NodeProto> &nodes, Scope &scope,
                                    llvm::StringMap<int64_t> opsets, const NodeProto *caller, std::string *reason) {
  bool failed = false;
  for (const NodeProto &original : nodes) {
    NodeProto resolved;
    if (caller)
      resolved = resolveReferences(original, *caller);
    const NodeProto &node = caller ? resolved : original;
    std::string why;
    OpBuilder::InsertionGuard guard(b);
    Location outer = b.getLoc();
    if (!caller)
      b.setLoc(NameLoc::get(b.getStringAttr(displayName(node))));
    LogicalResult imported = importNode(node, scope, opsets, why);
    b.setLoc(outer);
    if (!caller && options.progress && !reason)
      options.progress(++numImported, numNodes);
    if (succeeded(imported))
      continue;
    failed = true;
    // What depends on a refused node is not refused for it: one reason a node.
    for (const std::string &output : node.output())
      if (!output.empty())
        scope.values[output].failed = true;
    if (reason) {
      *reason = "its '" + node.op_type() + "': " + why;
      return failure();
    }
    if (why.empty())
      continue;
    if (++numRefused <= kMaxListed)
      refused.push_back("'" + displayName(node) + "' (" + node.op_type() + ": " + why + ")");
    else if (numRefused == kMaxListed + 1)
      refused.push_back("...");
  }
  return failure(failed);
}

/// Why an op without a handler and without a function body is refused.
static StringRef whyUnsupported(StringRef op) {
  if (op == "If" || op == "Loop" || op == "Scan")
    return "control flow is not supported";
  if (op.contains("Sequence") || op.starts_with("Optional"))
    return "sequences and optional values are not supported";
  if (op.starts_with("Random") || op == "Bernoulli" || op == "Multinomial")
    return "random numbers are not supported";
  return "not supported";
}

LogicalResult Importer::importNode(const NodeProto &proto, Scope &scope, const llvm::StringMap<int64_t> &opsets,
                                   std::string &reason) {
  std::string domain = proto.domain() == "ai.onnx" ? "" : proto.domain();
  auto version = opsets.find(domain);
  Node node(*this, proto, scope, version == opsets.end() ? 0 : version->second);
  llvm::StringSet<> names;
  for (const AttributeProto &attribute : proto.attribute())
    if (!names.insert(attribute.name()).second)
      return reason = "attribute '" + attribute.name() + "' is given twice", failure();

  bool poisoned = false;
  for (const std::string &name : proto.input()) {
    Imported *imported = name.empty() ? nullptr : lookup(scope, name);
    if (!name.empty() && !imported)
      return reason = "no input, initializer or earlier node defines its input '" + name + "'", failure();
    if (imported && imported->absent)
      imported = nullptr;
    poisoned |= imported && imported->failed;
    node.inputs.push_back(imported);
  }
  if (poisoned) {
    // Its operands are unknown; only what is refused whatever they are can be told.
    if (domain.empty() && !findOp(proto.op_type()) && !localFunctions.count(domain + "." + proto.op_type())) {
      const onnx::OpSchema *schema = findSchema(proto.op_type(), domain, node.opset);
      if (!schema || !isFunction(*schema))
        reason = whyUnsupported(proto.op_type()).str();
    }
    return failure();
  }
  LogicalResult result = dispatch(node, opsets);
  if (failed(result))
    reason = node.reason.empty() ? "not supported" : node.reason;
  return result;
}

LogicalResult Importer::dispatch(Node &node, const llvm::StringMap<int64_t> &opsets) {
  const NodeProto &proto = node.proto;
  std::string domain = proto.domain() == "ai.onnx" ? "" : proto.domain();
  if (auto local = localFunctions.find(domain + "." + proto.op_type()); local != localFunctions.end())
    return expandFunction(node, proto, *local->second, {});
  if (!domain.empty())
    return node.refuse("domain '" + Twine(domain) + "' is not supported");
  if (isNewerForm(proto, node.opset)) {
    if (node.type(0) == onnx::TensorProto::BOOL && proto.op_type() != "Split")
      return node.refuse("booleans are not supported");
    return findOp(proto.op_type())->handler(node);
  }
  const onnx::OpSchema *schema = findSchema(proto.op_type(), domain, node.opset);
  if (!schema)
    return node.refuse("no such op in opset " + Twine(node.opset));
  if (!findOp(proto.op_type()) && !isFunction(*schema))
    return node.refuse(whyUnsupported(proto.op_type()));
  if (std::string rule = checkNode(*schema, proto); !rule.empty())
    return node.refuse(rule);
  SmallVector<int32_t> types;
  for (int64_t i = 0; i < node.numInputs(); ++i)
    types.push_back(node.type(i));
  if (std::string rule = checkOperandTypes(*schema, proto, types); !rule.empty())
    return node.refuse(rule);

  if (foldNode(node))
    return success();
  if (const OpEntry *entry = findOp(proto.op_type()))
    return entry->handler(node);

  std::vector<onnx::TypeProto> inputTypes;
  for (int64_t i = 0; i < node.numInputs(); ++i) {
    auto *tensor = inputTypes.emplace_back().mutable_tensor_type();
    if (!node.has(i)) {
      inputTypes.back().Clear();
      continue;
    }
    tensor->set_elem_type(node.type(i));
    for (int64_t extent : node.shape(i)) {
      auto *dim = tensor->mutable_shape()->add_dim();
      if (!ShapedType::isDynamic(extent))
        dim->set_dim_value(extent);
    }
  }
  onnx::FunctionProto body;
  if (!functionBody(*schema, proto, inputTypes, body))
    return node.refuse(whyUnsupported(proto.op_type()));
  NodeProto complete = withDefaults(*schema, proto);
  return expandFunction(node, complete, body, opsets);
}

LogicalResult Importer::expandFunction(Node &node, const NodeProto &caller, const onnx::FunctionProto &body,
                                       llvm::StringMap<int64_t> opsets) {
  if (depth >= kMaxDepth)
    return node.refuse("functions call each other more than " + Twine(kMaxDepth) + " deep");
  if ((numNodes += body.node_size()) > kMaxNodes)
    return node.refuse("the model has more than " + Twine(kMaxNodes) + " nodes after its functions are expanded");
  if (node.numInputs() > body.input_size() || node.numOutputs() > body.output_size())
    return node.refuse("it has more operands or results than the function that defines it");
  for (const auto &import : body.opset_import())
    opsets[import.domain() == "ai.onnx" ? "" : import.domain()] = import.version();

  Scope scope;
  for (int64_t i = 0; i < body.input_size(); ++i) {
    Imported &formal = scope.values[body.input(i)];
    if (node.has(i))
      formal = *node.inputs[i];
    else
      formal.absent = true;
  }
  ++depth;
  std::string why;
  LogicalResult imported = importNodes(body.node(), scope, opsets, &caller, &why);
  --depth;
  if (failed(imported))
    return node.refuse(why.empty() ? Twine("not supported") : "in the function that defines it, " + why);
  for (int64_t i = 0; i < node.numOutputs(); ++i) {
    if (!node.wants(i))
      continue;
    Imported *result = lookup(scope, body.output(i));
    if (!result)
      return node.refuse("the function that defines it leaves output " + Twine(i) + " out");
    if (failed(node.set(i, *result)))
      return failure();
  }
  return success();
}
