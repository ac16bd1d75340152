//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Builds the backward pass behind the forward pass of a function in tensor SSA form.
//
//===----------------------------------------------------------------------===//
#include "BackwardPass.h"

#include "../GraphUtils.h"
#include "Gradients.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace spnn;

/// True for what can have a gradient: dense tensors of floats, sparse ones (which an op then refuses), and floats.
static bool isDifferentiable(Type type) {
  return isa<FloatType>(getElementTypeOrSelf(type)) && (isa<RankedTensorType>(type) || isa<FloatType>(type));
}

std::optional<unsigned> spnn::findLoss(func::FuncOp function) {
  for (auto [number, type] : llvm::enumerate(function.getResultTypes())) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (tensor && tensor.getRank() == 0 && isa<FloatType>(tensor.getElementType()))
      return number;
  }
  return std::nullopt;
}

namespace {
class BackwardBuilder {
public:
  explicit BackwardBuilder(func::FuncOp function)
      : function(function), block(function.front()), builder(block.getTerminator()) {}

  FailureOr<BackwardPass> build(ArrayRef<unsigned> wanted);

private:
  void findVaried(ArrayRef<unsigned> wanted);
  void addGradient(Value value, Value gradient);
  LogicalResult buildOp(Operation *op);
  void eraseDead();
  void hoistExtents();
  void saveValues();
  Value keep(Value value);
  bool isForward(Operation *op) { return op == lastForward || op->isBeforeInBlock(lastForward); }

  func::FuncOp function;
  Block &block;
  OpBuilder builder;
  Operation *lastForward = nullptr;
  DenseSet<Value> varied; ///< what depends on a wanted argument, and can have a gradient
  DenseMap<Value, Value> gradients;
  DenseMap<Value, Value> kept; ///< values of the forward pass as the backward pass reads them
};
} // namespace

void BackwardBuilder::findVaried(ArrayRef<unsigned> wanted) {
  varied.clear();
  for (unsigned number : wanted)
    varied.insert(function.getArgument(number));
  for (Operation &op : block.without_terminator()) {
    bool depends = llvm::any_of(op.getOperands(), [&](Value operand) { return varied.contains(operand); });
    // Regions may read values from around them.
    if (!depends && op.getNumRegions() != 0)
      op.walk([&](Operation *inner) {
        depends |= llvm::any_of(inner->getOperands(), [&](Value operand) { return varied.contains(operand); });
      });
    if (!depends)
      continue;
    for (Value result : op.getResults())
      if (isDifferentiable(result.getType()))
        varied.insert(result);
  }
}

void BackwardBuilder::addGradient(Value value, Value gradient) {
  gradient = castTo(builder, value.getLoc(), gradient, value.getType());
  Value &sum = gradients[value];
  sum = sum ? arith::AddFOp::create(builder, value.getLoc(), sum, gradient).getResult() : gradient;
}

LogicalResult BackwardBuilder::buildOp(Operation *op) {
  SmallVector<Value> results = llvm::map_to_vector(op->getResults(), [&](Value v) { return gradients.lookup(v); });
  if (llvm::none_of(results, [](Value gradient) { return gradient != nullptr; }))
    return success();
  if (llvm::none_of(op->getResults(), [&](Value result) { return varied.contains(result); }))
    return success();
  if (isa<CallOpInterface>(op))
    return op->emitOpError("cannot be differentiated: calls have to be inlined first, by --inline");
  auto differentiable = dyn_cast<DifferentiableOpInterface>(op);
  if (!differentiable)
    return op->emitOpError("cannot be differentiated, and stands between an argument whose gradient is asked for and a "
                           "result of '@")
           << function.getName() << "'";
  SmallVector<bool> needed = llvm::map_to_vector(op->getOperands(), [&](Value v) { return varied.contains(v); });
  if (op->getNumRegions() != 0) {
    bool captures = false;
    op->walk([&](Operation *inner) {
      captures |= inner != op && llvm::any_of(inner->getOperands(), [&](Value v) { return varied.contains(v); });
    });
    if (captures)
      return op->emitOpError("cannot be differentiated: its body reads a value from outside that depends on what "
                             "gradients are asked for");
  }
  SmallVector<Value> operands(op->getNumOperands());
  if (failed(differentiable.buildGradients(builder, results, needed, operands)))
    return failure();
  for (auto [operand, gradient, isNeeded] : llvm::zip(op->getOperands(), operands, needed))
    if (gradient && isNeeded)
      addGradient(operand, gradient);
  return success();
}

void BackwardBuilder::eraseDead() {
  for (Operation *op = block.getTerminator()->getPrevNode(); op != lastForward;) {
    Operation *previous = op->getPrevNode();
    bool isGradient = llvm::any_of(op->getResults(), [&](Value result) { return kept.contains(result); });
    if (!isGradient && isOpTriviallyDead(op))
      op->erase();
    op = previous;
  }
}

/// Extents of values of the forward pass are taken there, so that nothing is kept for them.
void BackwardBuilder::hoistExtents() {
  Operation *last = lastForward;
  for (Operation &op : llvm::make_early_inc_range(block.without_terminator())) {
    auto extent = dyn_cast<tensor::DimOp>(op);
    Operation *source = extent ? extent.getSource().getDefiningOp() : nullptr;
    if (!source || isForward(&op) || !isForward(source))
      continue;
    for (Operation *moved : {extent.getIndex().getDefiningOp(), &op})
      if (moved && !isForward(moved)) {
        moved->moveAfter(last);
        last = moved;
      }
  }
  lastForward = last;
}

/// True for what costs no memory, or none beside that of arguments: it is made where it is read.
static bool isFree(Operation *op) {
  if (op->hasTrait<OpTrait::ConstantLike>() || isa<tensor::EmptyOp, AssembleOp, TransposeOp>(op))
    return true;
  return isa<linalg::FillOp, tensor::SplatOp>(op) && op->getOperand(0).getDefiningOp() &&
         op->getOperand(0).getDefiningOp()->hasTrait<OpTrait::ConstantLike>();
}

/// `value` as the backward pass reads it. Views are made again of what they are views of.
Value BackwardBuilder::keep(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || !isa<RankedTensorType>(value.getType()) || isFree(op))
    return value;
  Value &result = kept[value];
  if (result)
    return result;
  if (isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op)) {
    Value source = keep(op->getOperand(0));
    IRMapping mapping;
    mapping.map(op->getOperand(0), source);
    return kept[value] = builder.clone(*op, mapping)->getResult(0);
  }
  return result = SaveOp::create(builder, value.getLoc(), value.getType(), value);
}

void BackwardBuilder::saveValues() {
  // The forward values that the backward pass reads, in the order of the forward pass.
  DenseSet<Value> read;
  SmallVector<OpOperand *> uses;
  for (Operation &op : block.without_terminator()) {
    if (isForward(&op))
      continue;
    op.walk([&](Operation *inner) {
      for (OpOperand &use : inner->getOpOperands()) {
        Operation *source = use.get().getDefiningOp();
        if (!source || source->getBlock() != &block || !isForward(source))
          continue;
        read.insert(use.get());
        uses.push_back(&use);
      }
    });
  }
  builder.setInsertionPointAfter(lastForward);
  for (Operation &op : llvm::make_early_inc_range(block.without_terminator())) {
    for (Value result : op.getResults())
      if (read.contains(result))
        keep(result);
    if (&op == lastForward)
      break;
  }
  for (OpOperand *use : uses)
    use->set(keep(use->get()));
}

FailureOr<BackwardPass> BackwardBuilder::build(ArrayRef<unsigned> wanted) {
  if (failed(decomposeAggregates(function)))
    return failure();
  findVaried(wanted);
  prepareForGradients(block, varied);
  findVaried(wanted);

  BackwardPass pass;
  Operation *terminator = block.getTerminator();
  SmallVector<Operation *> forward = llvm::map_to_vector(block.without_terminator(), [](Operation &op) { return &op; });
  // A mark, so that the forward pass ends somewhere even if it is empty.
  Operation *mark = nullptr;
  if (forward.empty()) {
    mark = tensor::EmptyOp::create(builder, function.getLoc(), ArrayRef<int64_t>{}, builder.getF32Type());
    forward.push_back(mark);
  }
  lastForward = forward.back();
  builder.setInsertionPoint(terminator);
  if (std::optional<unsigned> loss = findLoss(function)) {
    auto type = cast<RankedTensorType>(function.getResultTypes()[*loss]);
    gradients[terminator->getOperand(*loss)] = arith::ConstantOp::create(
        builder, function.getLoc(), DenseElementsAttr::get(type, builder.getFloatAttr(type.getElementType(), 1.0)));
  } else {
    for (Value result : terminator->getOperands()) {
      pass.seeds.emplace_back();
      if (!isDifferentiable(result.getType()))
        continue;
      unsigned number = function.getNumArguments();
      if (failed(function.insertArgument(number, result.getType(), {}, function.getLoc())))
        return failure();
      pass.seeds.back() = function.getArgument(number);
      addGradient(result, pass.seeds.back());
    }
  }
  for (Operation *op : llvm::reverse(forward))
    if (failed(buildOp(op)))
      return failure();
  for (unsigned number : wanted)
    pass.gradients.push_back(gradients.lookup(function.getArgument(number)));
  // The gradients have no users yet.
  for (Value gradient : pass.gradients)
    if (gradient)
      kept[gradient] = gradient;
  eraseDead();
  kept.clear();
  hoistExtents();
  saveValues();
  if (mark)
    mark->erase();
  return pass;
}

FailureOr<BackwardPass> spnn::buildBackwardPass(func::FuncOp function, ArrayRef<unsigned> wanted) {
  return BackwardBuilder(function).build(wanted);
}
