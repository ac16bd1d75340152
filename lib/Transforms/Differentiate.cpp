//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// spnn-differentiate: adds the backward pass of a function, and steps of training, to a module.
//
//===----------------------------------------------------------------------===//
#include "Gradients/BackwardPass.h"
#include "Gradients/Gradients.h"
#include "GraphUtils.h"
#include "spnn/IR/SparseFormats.h"
#include "spnn/Transforms/Gradients.h"
#include "spnn/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <set>

namespace spnn {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "spnn/Transforms/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

static constexpr llvm::StringLiteral kNameAttr = "spnn.name";
static constexpr llvm::StringLiteral kParameterAttr = "spnn.parameter";
static constexpr llvm::StringLiteral kWeightDecayAttr = "spnn.weight_decay";

/// The names by which drivers know arguments and results, as everywhere: spnn.name, or the number.
static std::string nameArgument(func::FuncOp function, unsigned number) {
  if (auto name = function.getArgAttrOfType<StringAttr>(number, kNameAttr))
    return name.str();
  return "in" + std::to_string(number);
}

static std::string nameResult(func::FuncOp function, unsigned number) {
  if (auto name = function.getResultAttrOfType<StringAttr>(number, kNameAttr))
    return name.str();
  return "out" + std::to_string(number);
}

namespace {
/// An argument or a result to be: its type, name and further attributes.
struct Slot {
  Type type;
  std::string name;
  DictionaryAttr attributes;
};

struct Differentiate : public spnn::impl::DifferentiateBase<Differentiate> {
  using DifferentiateBase::DifferentiateBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    DifferentiateBase::getDependentDialects(registry);
    registerGradients(registry);
  }

  void runOnOperation() override {
    auto original = dyn_cast_or_null<func::FuncOp>(SymbolTable::lookupSymbolIn(getOperation(), function));
    if (!original) {
      getOperation().emitError() << "has no function '@" << function << "' that spnn-differentiate could differentiate";
      return signalPassFailure();
    }
    if (!original.getBody().hasOneBlock()) {
      original.emitError("cannot be differentiated: its body must be one block");
      return signalPassFailure();
    }
    FailureOr<SmallVector<unsigned>> wanted = findWanted(original);
    if (failed(wanted) || failed(addFunctions(original, *wanted)))
      return signalPassFailure();
  }

private:
  LogicalResult addFunctions(func::FuncOp original, ArrayRef<unsigned> wanted) {
    if (mode == "gradients")
      return addGradients(original, wanted);
    if (mode == "split")
      return addSplit(original, wanted);
    if (mode == "train-step")
      return addTrainStep(original, wanted);
    return getOperation().emitError() << "spnn-differentiate has the modes gradients, split and train-step, not '"
                                      << mode << "'";
  }

  FailureOr<SmallVector<unsigned>> findWanted(func::FuncOp original);

  /// An error where the module has a symbol of that name.
  LogicalResult checkFree(const std::string &name) {
    if (Operation *other = SymbolTable::lookupSymbolIn(getOperation(), name))
      return other->emitError() << "has the name that spnn-differentiate needs for its result: '@" << name << "'";
    return success();
  }

  func::FuncOp createFunction(func::FuncOp after, const std::string &name, ArrayRef<Slot> arguments);
  void setResults(func::FuncOp built, ArrayRef<Slot> slots, ValueRange values);
  Slot makeSlot(func::FuncOp original, unsigned number) {
    return {original.getArgumentTypes()[number], nameArgument(original, number), original.getArgAttrDict(number)};
  }
  void appendResults(func::FuncOp original, func::FuncOp built, SmallVector<Slot> &slots, SmallVector<Value> &values);
  FailureOr<func::FuncOp> buildGradients(func::FuncOp original, ArrayRef<unsigned> wanted, const std::string &name,
                                         unsigned &numSeeds);

  LogicalResult addGradients(func::FuncOp original, ArrayRef<unsigned> wanted);
  LogicalResult addSplit(func::FuncOp original, ArrayRef<unsigned> wanted);
  LogicalResult addTrainStep(func::FuncOp original, ArrayRef<unsigned> wanted);
};
} // namespace

FailureOr<SmallVector<unsigned>> Differentiate::findWanted(func::FuncOp original) {
  SmallVector<unsigned> wanted;
  auto isTrainable = [&](unsigned number) {
    auto type = dyn_cast<RankedTensorType>(original.getArgumentTypes()[number]);
    return type && isa<FloatType>(type.getElementType()) && !isSparse(type);
  };
  if (!wrt.empty()) {
    for (const std::string &name : wrt) {
      std::optional<unsigned> found;
      for (unsigned number = 0; number < original.getNumArguments(); ++number)
        if (nameArgument(original, number) == name)
          found = number;
      if (!found)
        return original.emitError() << "has no argument '" << name << "', which the option wrt asks for";
      if (!isTrainable(*found))
        return original.emitError() << "argument '" << name
                                    << "' has no gradient: it must be a dense tensor of floats, "
                                    << "got " << original.getArgumentTypes()[*found];
      wanted.push_back(*found);
    }
    llvm::sort(wanted);
    wanted.erase(llvm::unique(wanted), wanted.end());
    return wanted;
  }
  for (unsigned number = 0; number < original.getNumArguments(); ++number) {
    if (!original.getArgAttr(number, kParameterAttr))
      continue;
    if (!isTrainable(number))
      return original.emitError() << "argument '" << nameArgument(original, number)
                                  << "' is no parameter that can be trained: it must be a dense tensor of floats, got "
                                  << original.getArgumentTypes()[number];
    wanted.push_back(number);
  }
  if (wanted.empty() && mode != "train-step")
    for (unsigned number = 0; number < original.getNumArguments(); ++number)
      if (isTrainable(number))
        wanted.push_back(number);
  if (wanted.empty())
    return original.emitError() << "has no argument with '" << kParameterAttr << "'"
                                << (mode == "train-step" ? "" : ", and none that is a dense tensor of floats");
  return wanted;
}

func::FuncOp Differentiate::createFunction(func::FuncOp after, const std::string &name, ArrayRef<Slot> arguments) {
  OpBuilder builder(&getContext());
  builder.setInsertionPointAfter(after);
  auto type = builder.getFunctionType(llvm::map_to_vector(arguments, [](const Slot &slot) { return slot.type; }), {});
  auto built = func::FuncOp::create(builder, after.getLoc(), name, type);
  built.addEntryBlock();
  for (auto [number, slot] : llvm::enumerate(arguments)) {
    if (slot.attributes)
      built.setArgAttrs(number, slot.attributes);
    built.setArgAttr(number, kNameAttr, builder.getStringAttr(slot.name));
  }
  return built;
}

/// Returns `values` from `built`, whose terminator is there or not.
void Differentiate::setResults(func::FuncOp built, ArrayRef<Slot> slots, ValueRange values) {
  Block &block = built.front();
  if (!block.empty() && block.back().hasTrait<OpTrait::IsTerminator>())
    block.back().erase();
  OpBuilder builder = OpBuilder::atBlockEnd(&block);
  func::ReturnOp::create(builder, built.getLoc(), values);
  SmallVector<DictionaryAttr> attributes;
  for (const Slot &slot : slots) {
    NamedAttrList list(slot.attributes ? slot.attributes : builder.getDictionaryAttr({}));
    list.set(kNameAttr, builder.getStringAttr(slot.name));
    attributes.push_back(list.getDictionary(&getContext()));
  }
  // The attributes that are there are as many as the results were.
  built->removeAttr(built.getResAttrsAttrName());
  built.setFunctionType(builder.getFunctionType(built.getArgumentTypes(), values.getTypes()));
  built.setAllResultAttrs(attributes);
}

/// The results of `original`, which the terminator of `built` returns first.
void Differentiate::appendResults(func::FuncOp original, func::FuncOp built, SmallVector<Slot> &slots,
                                  SmallVector<Value> &values) {
  for (unsigned number = 0; number < original.getNumResults(); ++number) {
    slots.push_back(
        {original.getResultTypes()[number], nameResult(original, number), original.getResultAttrDict(number)});
    values.push_back(built.front().getTerminator()->getOperand(number));
  }
}

/// @name with the arguments of `original` and the gradients of its results; returns its results, then `grad:` those
/// wanted.
FailureOr<func::FuncOp> Differentiate::buildGradients(func::FuncOp original, ArrayRef<unsigned> wanted,
                                                      const std::string &name, unsigned &numSeeds) {
  auto built = cast<func::FuncOp>(original->clone());
  built.setName(name);
  built.setPublic();
  getOperation().insert(std::next(Block::iterator(original)), built);
  for (unsigned number = 0; number < built.getNumArguments(); ++number)
    built.setArgAttr(number, kNameAttr, StringAttr::get(&getContext(), nameArgument(original, number)));
  FailureOr<BackwardPass> pass = buildBackwardPass(built, wanted);
  if (failed(pass)) {
    built.erase();
    return failure();
  }
  numSeeds = llvm::count_if(pass->seeds, [](BlockArgument seed) { return seed != nullptr; });
  for (auto [number, seed] : llvm::enumerate(pass->seeds))
    if (seed) {
      built.setArgAttr(seed.getArgNumber(), kNameAttr,
                       StringAttr::get(&getContext(), "grad:" + nameResult(original, number)));
      built.setArgAttr(seed.getArgNumber(), kSeedAttrName, UnitAttr::get(&getContext()));
    }
  SmallVector<Slot> slots;
  SmallVector<Value> values;
  appendResults(original, built, slots, values);
  OpBuilder builder(built.front().getTerminator());
  for (auto [number, gradient] : llvm::zip(wanted, pass->gradients)) {
    Value argument = built.getArgument(number);
    slots.push_back({argument.getType(), "grad:" + nameArgument(original, number), {}});
    if (!gradient)
      gradient =
          castTo(builder, built.getLoc(), createFilledLike(builder, built.getLoc(), argument, 0), argument.getType());
    values.push_back(gradient);
  }
  setResults(built, slots, values);
  return built;
}

LogicalResult Differentiate::addGradients(func::FuncOp original, ArrayRef<unsigned> wanted) {
  std::string name = function + "_gradients";
  unsigned numSeeds;
  return success(succeeded(checkFree(name)) && succeeded(buildGradients(original, wanted, name, numSeeds)));
}

static void eraseDead(Block &block) {
  for (Operation *op = block.getTerminator()->getPrevNode(); op;) {
    Operation *previous = op->getPrevNode();
    if (isOpTriviallyDead(op))
      op->erase();
    op = previous;
  }
}

LogicalResult Differentiate::addSplit(func::FuncOp original, ArrayRef<unsigned> wanted) {
  std::string forwardName = function + "_forward", backwardName = function + "_backward";
  if (failed(checkFree(forwardName)) || failed(checkFree(backwardName)))
    return failure();
  // The whole is taken apart: each half is a copy of it without the other half.
  unsigned numSeeds, numResults = original.getNumResults();
  FailureOr<func::FuncOp> whole = buildGradients(original, wanted, forwardName, numSeeds);
  if (failed(whole))
    return failure();
  func::FuncOp forward = *whole;
  auto backward = cast<func::FuncOp>(forward->clone());
  backward.setName(backwardName);
  getOperation().insert(std::next(Block::iterator(forward)), backward);

  SmallVector<Slot> slots;
  SmallVector<Value> values;
  appendResults(original, forward, slots, values);
  SmallVector<SaveOp> saves = llvm::to_vector(forward.getOps<SaveOp>());
  for (auto [number, save] : llvm::enumerate(saves)) {
    slots.push_back({save.getType(), "saved:" + std::to_string(number), {}});
    values.push_back(save.getSource());
  }
  setResults(forward, slots, values);
  eraseDead(forward.front());
  llvm::BitVector seeds(forward.getNumArguments());
  seeds.set(forward.getNumArguments() - numSeeds, forward.getNumArguments());
  (void)forward.eraseArguments(seeds);

  SmallVector<SaveOp> read = llvm::to_vector(backward.getOps<SaveOp>());
  unsigned first = backward.getNumArguments() - numSeeds;
  for (auto [number, save] : llvm::enumerate(read)) {
    (void)backward.insertArgument(first + number, save.getType(), {}, save.getLoc());
    backward.setArgAttr(first + number, kNameAttr, StringAttr::get(&getContext(), "saved:" + std::to_string(number)));
    save.replaceAllUsesWith(backward.getArgument(first + number));
    save.erase();
  }
  slots.clear();
  values.clear();
  Operation *terminator = backward.front().getTerminator();
  for (auto [number, argument] : llvm::enumerate(wanted)) {
    values.push_back(terminator->getOperand(numResults + number));
    slots.push_back({values.back().getType(), "grad:" + nameArgument(original, argument), {}});
  }
  setResults(backward, slots, values);
  eraseDead(backward.front());
  llvm::BitVector unread(backward.getNumArguments());
  for (unsigned number = 0; number < first; ++number)
    if (backward.getArgument(number).use_empty())
      unread.set(number);
  (void)backward.eraseArguments(unread);
  return success();
}

LogicalResult Differentiate::addTrainStep(func::FuncOp original, ArrayRef<unsigned> wanted) {
  std::string name = "train_step";
  bool isAdam = optimizer == "adam";
  if (!isAdam && optimizer != "sgd")
    return getOperation().emitError() << "spnn-differentiate has the optimizers adam and sgd, not '" << optimizer
                                      << "'";
  if (findLoss(original) != 0u)
    return original.emitError("cannot be trained: its first result must be the loss, a tensor of rank 0");
  if (failed(checkFree(name)))
    return failure();
  SmallVector<StringRef> states =
      isAdam ? SmallVector<StringRef>{".mean", ".variance"} : SmallVector<StringRef>{".velocity"};

  // Parameters, states of the optimizer, the number of the step, and what else the loss reads.
  SmallVector<Slot> arguments;
  for (unsigned number : wanted)
    arguments.push_back(makeSlot(original, number));
  for (unsigned number : wanted)
    for (StringRef state : states)
      arguments.push_back({original.getArgumentTypes()[number], nameArgument(original, number) + state.str(), {}});
  unsigned step = arguments.size();
  if (isAdam)
    arguments.push_back({IntegerType::get(&getContext(), 64), "step", {}});
  unsigned others = arguments.size();
  for (unsigned number = 0; number < original.getNumArguments(); ++number)
    if (!llvm::is_contained(wanted, number))
      arguments.push_back(makeSlot(original, number));
  std::set<std::string> names;
  for (const Slot &slot : arguments)
    if (!names.insert(slot.name).second)
      return original.emitError() << "cannot be trained: a train step would have two inputs with the name '"
                                  << slot.name << "'";

  func::FuncOp built = createFunction(original, name, arguments);
  IRMapping mapping;
  SmallVector<unsigned> parameters;
  for (unsigned number = 0; number < original.getNumArguments(); ++number) {
    bool isParameter = llvm::is_contained(wanted, number);
    unsigned position = isParameter ? parameters.size() : others++;
    if (isParameter)
      parameters.push_back(position);
    mapping.map(original.getArgument(number), built.getArgument(position));
  }
  OpBuilder builder = OpBuilder::atBlockEnd(&built.front());
  for (Operation &op : original.front())
    builder.clone(op, mapping);
  built.setFunctionType(builder.getFunctionType(built.getArgumentTypes(), original.getResultTypes()));
  FailureOr<BackwardPass> pass = buildBackwardPass(built, parameters);
  if (failed(pass)) {
    built.erase();
    return failure();
  }

  SmallVector<Slot> slots;
  SmallVector<Value> values, newStates;
  appendResults(original, built, slots, values);
  builder.setInsertionPoint(built.front().getTerminator());
  auto number = [&](double value) { return builder.getF64FloatAttr(value); };
  for (auto [position, gradient] : llvm::enumerate(pass->gradients)) {
    Value parameter = built.getArgument(position);
    Location loc = parameter.getLoc();
    Type type = parameter.getType();
    if (!gradient)
      gradient = castTo(builder, loc, createFilledLike(builder, loc, parameter, 0), type);
    double decay = weightDecay;
    if (auto own = built.getArgAttrOfType<FloatAttr>(position, kWeightDecayAttr))
      decay = own.getValueAsDouble();
    unsigned state = wanted.size() + position * states.size();
    slots.push_back({type, "next:" + arguments[position].name, {}});
    if (isAdam) {
      auto adam =
          AdamOp::create(builder, loc, type, type, type, parameter, gradient, built.getArgument(state),
                         built.getArgument(state + 1), built.getArgument(step), number(rate), number(beta1),
                         number(beta2), number(epsilon), number(decay), decoupled ? builder.getUnitAttr() : UnitAttr());
      values.push_back(adam.getNewParameter());
      newStates.append({adam.getNewMean(), adam.getNewVariance()});
    } else {
      auto sgd = SGDOp::create(builder, loc, type, type, parameter, gradient, built.getArgument(state), number(rate),
                               number(momentum), number(decay));
      values.push_back(sgd.getNewParameter());
      newStates.push_back(sgd.getNewVelocity());
    }
  }
  for (auto [offset, value] : llvm::enumerate(newStates)) {
    slots.push_back({value.getType(), "next:" + arguments[wanted.size() + offset].name, {}});
    values.push_back(value);
  }
  setResults(built, slots, values);
  original.setPrivate();
  return success();
}
