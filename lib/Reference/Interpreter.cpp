//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The interpreter behind the evaluator: values of SSA names, their lifetime, and the walk over blocks.
//
//===----------------------------------------------------------------------===//
#include "Interpreter.h"

#include "spnn/IR/Graphs.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/ScopeExit.h"

#include <cstdlib>

using namespace mlir;
using namespace spnn::reference;

/// Deeper nesting than any sensible model has, and far less than the stack holds.
static constexpr unsigned kMaxDepth = 256;
static constexpr unsigned kMaxCallDepth = 64;

SmallVector<int64_t> spnn::reference::getStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> result(shape.size());
  // Not signed: strides of a shape with an extent of 0 may wrap around, and are not used then.
  uint64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    result[i] = static_cast<int64_t>(stride);
    stride *= static_cast<uint64_t>(shape[i]);
  }
  return result;
}

bool spnn::reference::nextIndex(MutableArrayRef<int64_t> index, ArrayRef<int64_t> shape) {
  for (size_t i = shape.size(); i-- > 0;) {
    if (++index[i] < shape[i])
      return true;
    index[i] = 0;
  }
  return false;
}

std::string spnn::reference::formatShape(ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "scalar";
  std::string result;
  for (int64_t extent : shape)
    result += (result.empty() ? "" : "x") + std::to_string(extent);
  return result;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

TensorRef Interpreter::get(Value value) {
  auto found = values.find(value);
  if (found != values.end())
    return found->second;
  Operation *op = value.getDefiningOp();
  if (!op) {
    emitError(value.getLoc(), "the evaluator has no value for a block argument");
    return nullptr;
  }
  if (!op->hasTrait<OpTrait::ConstantLike>()) {
    op->emitOpError("has a result that the evaluator has no value for");
    return nullptr;
  }
  if (failed(runOp(op)))
    return nullptr;
  return values.lookup(value);
}

FailureOr<Tensor> Interpreter::take(OpOperand &operand) {
  Value value = operand.get();
  Operation *user = operand.getOwner();
  TensorRef ref = get(value);
  if (!ref)
    return failure();
  bool usedTwice = llvm::count(user->getOperands(), value) > 1;
  if (!usedTwice && value.getParentBlock() == user->getBlock()) {
    const LastUses &last = getLastUses(*user->getBlock());
    auto found = last.find(user);
    if (found != last.end() && llvm::is_contained(found->second, value)) {
      values.erase(value);
      // The tensor itself is never const; TensorRef only keeps handlers from writing to what is shared.
      if (ref.use_count() == 1)
        return std::move(const_cast<Tensor &>(*ref));
    }
  }
  // A copy of a graph shares its arrays.
  if (ref->graph)
    return *ref;
  FailureOr<Tensor> copy = allocate(user, ref->elementType, ref->shape);
  if (failed(copy))
    return failure();
  *copy = *ref;
  return copy;
}

FailureOr<int64_t> Interpreter::getInteger(Value value) {
  TensorRef ref = get(value);
  if (!ref)
    return failure();
  if (ref->isFloat() || ref->size() != 1)
    return emitError(value.getLoc(), "the evaluator expected an integer here");
  return ref->ints[0];
}

FailureOr<SmallVector<int64_t>> Interpreter::getIntegers(ValueRange names) {
  SmallVector<int64_t> result;
  for (Value name : names) {
    FailureOr<int64_t> value = getInteger(name);
    if (failed(value))
      return failure();
    result.push_back(*value);
  }
  return result;
}

FailureOr<SmallVector<int64_t>> Interpreter::getMixed(ArrayRef<int64_t> staticValues, ValueRange dynamicValues) {
  SmallVector<int64_t> result(staticValues);
  for (int64_t &entry : result) {
    if (!ShapedType::isDynamic(entry))
      continue;
    FailureOr<int64_t> value = getInteger(dynamicValues.front());
    if (failed(value))
      return failure();
    dynamicValues = dynamicValues.drop_front();
    entry = *value;
  }
  return result;
}

LogicalResult Interpreter::set(Operation *op, Value name, TensorRef value) {
  Type type = name.getType();
  auto shaped = dyn_cast<ShapedType>(type);
  if (shaped && !isa<RankedTensorType>(type))
    return op->emitOpError("has type ") << type << ", and the evaluator only knows ranked tensors and scalars";
  if (getElementTypeOrSelf(type) != value->elementType)
    return op->emitOpError("gives elements of type ") << value->elementType << " to a value of type " << type;
  if (spnn::isGraph(type) != (value->graph != nullptr))
    return op->emitOpError("gives ") << (value->graph ? "a graph" : "a dense tensor") << " to a value of type " << type;
  ArrayRef<int64_t> declared = shaped ? shaped.getShape() : ArrayRef<int64_t>();
  bool fits = declared.size() == value->shape.size() && llvm::all_of(llvm::zip(declared, value->shape), [](auto pair) {
                return ShapedType::isDynamic(std::get<0>(pair)) || std::get<0>(pair) == std::get<1>(pair);
              });
  if (!fits)
    return op->emitOpError("gives shape ") << formatShape(value->shape) << " to a value of type " << type;
  values[name] = std::move(value);
  return success();
}

LogicalResult Interpreter::set(Operation *op, Value name, Tensor &&value) {
  FailureOr<TensorRef> ref = share(op, std::move(value));
  if (failed(ref))
    return failure();
  return set(op, name, std::move(*ref));
}

LogicalResult Interpreter::set(Operation *op, Value name, Type elementType, spnn::Adjacency &&graph) {
  Tensor value;
  value.elementType = elementType;
  value.shape = {graph.rows, graph.columns};
  value.graph = std::make_shared<const spnn::Adjacency>(std::move(graph));
  if (uint64_t bytes = value.countBytes(); bytes > options.maxTensorBytes)
    return op->emitOpError("makes a graph of ")
           << bytes << " bytes, more than the " << options.maxTensorBytes << " that a tensor may take";
  return set(op, name, std::move(value));
}

LogicalResult Interpreter::setInteger(Operation *op, Value name, int64_t value) {
  Tensor scalar = Tensor::zeros(name.getType(), {});
  scalar.ints[0] = IntegerKind(name.getType()).wrap(value);
  return set(op, name, std::move(scalar));
}

FailureOr<Tensor> Interpreter::allocate(Operation *op, Type elementType, ArrayRef<int64_t> shape) {
  if (failed(checkAllocation(op, elementType, shape)))
    return failure();
  return Tensor::zeros(elementType, shape);
}

LogicalResult Interpreter::checkAllocation(Operation *op, Type elementType, ArrayRef<int64_t> shape) {
  if (!Tensor::isSupported(elementType))
    return op->emitOpError("has element type ") << elementType << ", which the evaluator does not know";
  for (int64_t extent : shape)
    if (extent < 0)
      return op->emitOpError("asks for a tensor with the negative extent ") << extent;
  std::optional<int64_t> count = Tensor::countElements(shape);
  if (!count || uint64_t(*count) * sizeof(Lane) > options.maxTensorBytes)
    return op->emitOpError("asks for a tensor of shape ")
           << formatShape(shape) << ", more than the " << options.maxTensorBytes << " bytes that one may take";
  if (*heldBytes + uint64_t(*count) * sizeof(Lane) > options.maxTotalBytes)
    return op->emitOpError("asks for a tensor of shape ")
           << formatShape(shape) << " while others hold " << *heldBytes << " bytes, together more than the "
           << options.maxTotalBytes << " that an evaluation may take";
  // Containers end the process if the system refuses memory, so a large request is tried out first.
  if (uint64_t(*count) * sizeof(Lane) > (uint64_t(1) << 24)) {
    // Volatile, because compilers drop an allocation that is only freed.
    void *volatile probe = std::malloc(uint64_t(*count) * sizeof(Lane));
    if (!probe)
      return op->emitOpError("asks for a tensor of shape ") << formatShape(shape) << ", which the system refuses";
    std::free(probe);
  }
  return success();
}

FailureOr<TensorRef> Interpreter::share(Operation *op, Tensor &&value) {
  uint64_t bytes = value.countBytes();
  if (*heldBytes + bytes > options.maxTotalBytes)
    return op->emitOpError("needs ") << bytes << " bytes while others hold " << *heldBytes << ", more than the "
                                     << options.maxTotalBytes << " that an evaluation may take";
  *heldBytes += bytes;
  return TensorRef(new Tensor(std::move(value)), [held = heldBytes, bytes](Tensor *tensor) {
    *held -= bytes;
    delete tensor;
  });
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

const Interpreter::LastUses &Interpreter::getLastUses(Block &block) {
  std::unique_ptr<LastUses> &entry = lastUses[&block];
  if (entry)
    return *entry;
  entry = std::make_unique<LastUses>();
  llvm::DenseSet<Value> seen;
  for (Operation &op : llvm::reverse(block)) {
    SmallVector<Value> &last = (*entry)[&op];
    for (Value result : op.getResults())
      if (!seen.contains(result))
        last.push_back(result);
    op.walk([&](Operation *nested) {
      for (Value operand : nested->getOperands())
        if (operand.getParentBlock() == &block && seen.insert(operand).second)
          last.push_back(operand);
    });
  }
  return *entry;
}

LogicalResult Interpreter::runOp(Operation *op) {
  Handler &known = handlers[op];
  if (known)
    return known(*this, op);
  // A graph has no elements for other ops to read.
  for (Value operand : op->getOperands())
    if (spnn::isGraph(operand.getType()) && op->getName().getDialectNamespace() != "spnn" &&
        !isa<tensor::DimOp, tensor::CastOp>(op) && !getControlHandler(op))
      return op->emitOpError("has a graph as operand, which the reference evaluator does not read as a matrix: ")
             << operand.getType();
  for (auto family : {getElementwiseHandler, getTensorElementHandler, getTensorShapeHandler, getLinalgHandler,
                      getControlHandler, getSPNNHandler, getMessageHandler, getAttentionHandler, getTrainingHandler})
    if (Handler handler = family(op)) {
      known = handler;
      return handler(*this, op);
    }
  return op->emitOpError("is not an op that the reference evaluator knows");
}

FailureOr<SmallVector<TensorRef>> Interpreter::runBlock(Operation *op, Block &block, SmallVector<TensorRef> arguments) {
  if (arguments.size() != block.getNumArguments())
    return op->emitOpError("has a block of ")
           << block.getNumArguments() << " arguments that gets " << arguments.size() << " values";
  if (depth >= kMaxDepth)
    return op->emitOpError("is nested deeper than the ") << kMaxDepth << " levels that the evaluator follows";
  ++depth;
  llvm::scope_exit leave([&] { --depth; });
  for (auto [name, value] : llvm::zip(block.getArguments(), arguments))
    if (failed(set(op, name, std::move(value))))
      return failure();
  const LastUses &last = getLastUses(block);
  bool isTop = isa<func::FuncOp>(op) && callDepth == 1;
  for (Operation &current : block.without_terminator()) {
    if (isTop && options.progress)
      options.progress(&current);
    if (options.observe && !current.hasTrait<OpTrait::ConstantLike>())
      options.observe(&current, [&](Value operand) { return get(operand).get(); });
    if (!current.hasTrait<OpTrait::ConstantLike>() && failed(runOp(&current)))
      return failure();
    for (Value dead : last.lookup(&current))
      values.erase(dead);
  }
  SmallVector<TensorRef> results;
  Operation *terminator = block.empty() ? nullptr : &block.back();
  if (!terminator || !terminator->hasTrait<OpTrait::IsTerminator>())
    return op->emitOpError("has a block without a terminator");
  for (Value operand : terminator->getOperands()) {
    TensorRef value = get(operand);
    if (!value)
      return failure();
    results.push_back(std::move(value));
  }
  for (Value dead : last.lookup(terminator))
    values.erase(dead);
  return results;
}

FailureOr<SmallVector<TensorRef>> Interpreter::runRegion(Operation *op, Region &region,
                                                         SmallVector<TensorRef> arguments) {
  if (!region.hasOneBlock())
    return op->emitOpError("has a region of several blocks; the evaluator follows structured control flow only");
  return runBlock(op, region.front(), std::move(arguments));
}

FailureOr<SmallVector<TensorRef>> Interpreter::call(Operation *op, func::FuncOp function,
                                                    SmallVector<TensorRef> arguments) {
  if (function.isExternal())
    return op->emitOpError("calls function '") << function.getName() << "', which has no body";
  if (callDepth >= kMaxCallDepth)
    return op->emitOpError("calls function '")
           << function.getName() << "' deeper than the " << kMaxCallDepth << " calls that the evaluator follows";
  ++callDepth;
  llvm::DenseMap<Value, TensorRef> names;
  std::swap(names, values);
  FailureOr<SmallVector<TensorRef>> results = runRegion(function, function.getBody(), std::move(arguments));
  std::swap(names, values);
  --callDepth;
  return results;
}

FailureOr<SmallVector<Tensor>> spnn::reference::evaluate(func::FuncOp function, ArrayRef<Tensor> arguments,
                                                         const EvaluatorOptions &options) {
  if (arguments.size() != function.getNumArguments())
    return function.emitOpError("takes ") << function.getNumArguments() << " arguments, got " << arguments.size();
  Interpreter interpreter(options);
  SmallVector<TensorRef> values;
  for (auto [i, argument] : llvm::enumerate(arguments)) {
    std::optional<int64_t> count = Tensor::countElements(argument.shape);
    if (!argument.elementType || !Tensor::isSupported(argument.elementType) || !count ||
        (!argument.graph && *count != argument.size()) ||
        (argument.graph && argument.shape != SmallVector<int64_t>{argument.graph->rows, argument.graph->columns}))
      return function.emitOpError("gets a malformed tensor as argument ") << i;
    if (argument.elementType != getElementTypeOrSelf(function.getArgumentTypes()[i]))
      return function.emitOpError("takes ") << function.getArgumentTypes()[i] << " as argument " << i
                                            << ", got elements of type " << argument.elementType;
    FailureOr<TensorRef> value = interpreter.share(function, Tensor(argument));
    if (failed(value))
      return failure();
    values.push_back(std::move(*value));
  }
  FailureOr<SmallVector<TensorRef>> results = interpreter.call(function, function, std::move(values));
  if (failed(results))
    return failure();
  SmallVector<Tensor> copies;
  for (const TensorRef &result : *results)
    copies.push_back(*result);
  return copies;
}
