//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pass spnn-measure-activations: the share of nonzero activations of each product, on sample inputs.
//
//===----------------------------------------------------------------------===//
#include "SampleInputs.h"

#include "spnn/IR/SPNN.h"
#include "spnn/Profiling/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/Format.h"

#include <cmath>

namespace spnn {
#define GEN_PASS_DEF_MEASUREACTIVATIONS
#include "spnn/Profiling/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

namespace {
/// The activations of a product, and what was seen of them.
struct Activations {
  Value value;
  int64_t elements = 0, nonzeros = 0;
};

struct MeasureActivations : public spnn::impl::MeasureActivationsBase<MeasureActivations> {
  using MeasureActivationsBase::MeasureActivationsBase;

  void runOnOperation() override;

private:
  /// The function to run; null after an error.
  func::FuncOp findFunction();
};
} // namespace

namespace {
/// Tells what depends on no argument, as transposed weights do.
class Constants {
public:
  bool contains(Value value) {
    Operation *op = value.getDefiningOp();
    if (!op)
      return false;
    auto [known, isNew] = constant.try_emplace(op, false);
    if (!isNew)
      return known->second;
    // A body may use anything of its surroundings.
    bool result = isPure(op) && llvm::all_of(op->getOperands(), [&](Value operand) { return contains(operand); });
    op->walk([&](Operation *nested) {
      for (Value operand : nested->getOperands())
        if (nested != op && !op->isAncestor(operand.getParentBlock()->getParentOp()))
          result &= contains(operand);
    });
    return constant[op] = result;
  }

private:
  llvm::DenseMap<Operation *, bool> constant;
};
} // namespace

/// The operand of a product with constant weights that is not its weights; null for any other op.
static Value findActivations(Operation *op, Constants &constants) {
  Value a, b;
  if (auto product = dyn_cast<MatmulOp>(op)) {
    a = product.getLhs();
    b = product.getRhs();
  } else if (auto contraction = dyn_cast<linalg::LinalgOp>(op);
             contraction && contraction.hasPureTensorSemantics() && linalg::isaContractionOpInterface(contraction)) {
    a = contraction.getDpsInputs()[0];
    b = contraction.getDpsInputs()[1];
  }
  if (!a || constants.contains(a) == constants.contains(b))
    return {};
  return constants.contains(a) ? b : a;
}

/// Three digits say all that the choice of a format can make use of.
static double rounded(double share) {
  if (share <= 0 || share >= 1)
    return share;
  double scale = std::pow(10.0, 2 - std::floor(std::log10(share)));
  return std::min(std::round(share * scale) / scale, 1.0);
}

func::FuncOp MeasureActivations::findFunction() {
  SmallVector<func::FuncOp> all;
  for (func::FuncOp candidate : getOperation().getOps<func::FuncOp>())
    if (candidate.isPublic() && !candidate.isExternal())
      all.push_back(candidate);
  std::string wanted = !function.empty() || all.size() == 1 ? function : std::string("main");
  for (func::FuncOp candidate : all)
    if (wanted.empty() || candidate.getName() == wanted)
      return candidate;
  getOperation().emitError() << "there is no public function" << (wanted.empty() ? "" : " '" + wanted + "'")
                             << " with a body to run";
  return {};
}

void MeasureActivations::runOnOperation() {
  ModuleOp module = getOperation();
  auto fail = [&](const Twine &message) {
    module.emitError() << message;
    signalPassFailure();
  };
  llvm::MapVector<Operation *, Activations> products;
  Constants constants;
  module.walk([&](Operation *op) {
    if (Value value = findActivations(op, constants))
      products[op].value = value;
  });
  if (inputs.empty()) {
    // Without products there is nothing that inputs could tell.
    if (!products.empty())
      fail("option 'inputs' is missing: name the files of sample inputs");
    return;
  }
  if (samples < 0)
    return fail("option 'samples' must not be negative, got " + Twine(samples));
  func::FuncOp entry = findFunction();
  if (!entry)
    return signalPassFailure();
  profiling::SampleInputs data;
  if (profiling::Error error = data.read(entry, llvm::to_vector(inputs)))
    return fail(*error);

  reference::EvaluatorOptions options;
  options.observe = [&](Operation *op, llvm::function_ref<const reference::Tensor *(Value)> get) {
    auto found = products.find(op);
    if (found == products.end())
      return;
    const reference::Tensor *tensor = get(found->second.value);
    if (!tensor)
      return;
    found->second.elements += tensor->size();
    // A NaN is no zero.
    found->second.nonzeros += tensor->isFloat()
                                  ? llvm::count_if(tensor->floats, [](double value) { return value != 0; })
                                  : llvm::count_if(tensor->ints, [](int64_t value) { return value != 0; });
  };
  int64_t count = samples == 0 ? data.countSamples() : std::min<int64_t>(samples, data.countSamples());
  for (int64_t sample = 0; sample < count; ++sample)
    if (failed(reference::evaluate(entry, data.get(sample), options)))
      return signalPassFailure();
  numSamples += count;

  Builder builder(&getContext());
  for (auto &[op, seen] : products) {
    if (seen.elements == 0) {
      op->emitRemark() << "no activations were seen";
      continue;
    }
    double share = rounded(static_cast<double>(seen.nonzeros) / static_cast<double>(seen.elements));
    op->setDiscardableAttr(kActivationDensityAttrName, builder.getF64FloatAttr(share));
    std::string percent;
    llvm::raw_string_ostream(percent) << llvm::format("%.3g", 100 * share);
    op->emitRemark() << percent << " % of the activations are not zero, over " << count
                     << (count == 1 ? " sample" : " samples");
    ++numProducts;
  }
}
