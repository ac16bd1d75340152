//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Chooses the order of products with graphs, and what is kept between forward and backward pass.
//
//===----------------------------------------------------------------------===//
#include "ProductGroups.h"

#include "spnn/Cost/ProductCost.h"
#include "spnn/Cost/TargetDescription.h"
#include "spnn/Transforms/Passes.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/Support/FormatVariadic.h"

namespace spnn {
#define GEN_PASS_DEF_REORDEROPERATORS
#include "spnn/Transforms/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;
using cost::ProductPlan;

namespace {
/// One plan a group: their numbers, and what they take together.
struct Selection {
  SmallVector<size_t> plans;
  double microseconds = 0;
  uint64_t savedBytes = 0;
};

/// Drops what is neither faster nor smaller than another.
void keepPareto(std::vector<Selection> &selections) {
  llvm::sort(selections, [](const Selection &a, const Selection &b) {
    return std::tie(a.microseconds, a.savedBytes, a.plans) < std::tie(b.microseconds, b.savedBytes, b.plans);
  });
  std::vector<Selection> kept;
  for (Selection &selection : selections)
    if (kept.empty() || selection.savedBytes < kept.back().savedBytes)
      kept.push_back(std::move(selection));
  selections = std::move(kept);
}

struct ReorderOperators : public spnn::impl::ReorderOperatorsBase<ReorderOperators> {
  using ReorderOperatorsBase::ReorderOperatorsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto attr = module->getAttrOfType<TargetAttr>(kTargetAttrName);
    llvm::Expected<cost::TargetDescription> target =
        cost::resolveTarget(attr ? attr.getDescription() : StringRef("generic-128"));
    if (!target) {
      module.emitError() << llvm::toString(target.takeError());
      return signalPassFailure();
    }
    if (maxSavedBytes < 0) {
      module.emitError() << "max-saved-bytes must not be negative, got " << maxSavedBytes.getValue();
      return signalPassFailure();
    }
    int threads = attr && attr.getThreads() > 0 ? attr.getThreads() : 1;
    bool orderIsKnown = false;
    for (auto function : module.getOps<func::FuncOp>())
      if (!function.isExternal() && function.getBody().hasOneBlock() &&
          failed(reorder(function, *target, threads, orderIsKnown)))
        return signalPassFailure();
    if (!order.empty() && !orderIsKnown)
      module.emitWarning() << "no products have an order named '" << order << "'";
  }

private:
  LogicalResult reorder(func::FuncOp function, const cost::TargetDescription &target, int threads, bool &orderIsKnown) {
    ProductGroups found = findProductGroups(function);
    for (auto &[op, reason] : found.skipped)
      op->emitRemark() << "keeps its order: " << reason;
    std::vector<std::vector<ProductPlan>> plans;
    std::vector<ProductGroup> groups;
    for (ProductGroup &group : found.groups) {
      group.problem.foldConstants = foldConstants;
      unsigned bytes = group.problem.elementBytes;
      group.problem.predict = [&, bytes](const cost::ProductStep &step) {
        return cost::predictStep(target, step, bytes, threads);
      };
      std::vector<ProductPlan> all = cost::enumerateOrders(group.problem);
      if (all.empty()) {
        group.roots.front()->emitRemark() << "keeps its order: there are too many others";
        continue;
      }
      groups.push_back(std::move(group));
      plans.push_back(std::move(all));
    }
    if (groups.empty())
      return success();
    Selection chosen = choose(function, plans, found.otherSavedBytes, orderIsKnown);
    SmallVector<Attribute> decisions;
    for (size_t i = 0; i < groups.size(); ++i) {
      const ProductPlan &plan = plans[i][chosen.plans[i]];
      decisions.push_back(describe(groups[i], plans[i], chosen.plans[i]));
      groups[i].roots.front()->emitRemark() << "order " << plan.name << ": " << explain(plans[i], chosen.plans[i]);
      if (failed(emitProducts(groups[i], plan, found.boundary)))
        return failure();
      ++numGroups;
    }
    function->setAttr(kOrdersAttrName, ArrayAttr::get(&getContext(), decisions));
    eraseDead(function.front());
    return success();
  }

  /// The fastest selection within the budget, or the smallest if none is. Plans are sorted by time.
  Selection choose(func::FuncOp function, const std::vector<std::vector<ProductPlan>> &plans, uint64_t otherBytes,
                   bool &orderIsKnown) {
    std::vector<Selection> selections = {{{}, 0, otherBytes}};
    for (const std::vector<ProductPlan> &group : plans) {
      auto forced = llvm::find_if(group, [&](const ProductPlan &plan) { return plan.name == order; });
      bool isForced = !order.empty() && forced != group.end();
      orderIsKnown |= isForced;
      std::vector<Selection> next;
      for (const Selection &selection : selections)
        for (size_t i = 0; i < group.size(); ++i) {
          if (isForced && i != static_cast<size_t>(forced - group.begin()))
            continue;
          Selection extended = selection;
          extended.plans.push_back(i);
          extended.microseconds += group[i].microseconds;
          extended.savedBytes += group[i].savedBytes;
          next.push_back(std::move(extended));
        }
      keepPareto(next);
      selections = std::move(next);
    }
    if (maxSavedBytes == 0)
      return selections.front();
    for (const Selection &selection : selections)
      if (selection.savedBytes <= static_cast<uint64_t>(maxSavedBytes))
        return selection;
    function.emitWarning() << "keeps " << selections.back().savedBytes
                           << " bytes for the backward pass, more than max-saved-bytes = " << maxSavedBytes.getValue()
                           << ": no order of its products keeps less";
    return selections.back();
  }

  /// One sentence: against the slowest, which is what a fixed order can cost.
  static std::string explain(const std::vector<ProductPlan> &plans, size_t chosen) {
    const ProductPlan &plan = plans[chosen];
    std::string text;
    llvm::raw_string_ostream os(text);
    os << llvm::format("%.1f us and %.0f kB kept", plan.microseconds, plan.savedBytes / 1e3) << ", of " << plans.size()
       << (plans.size() == 1 ? " order" : " orders");
    if (plans.size() > 1)
      os << llvm::format(" that take %.1f to %.1f us", plans.front().microseconds, plans.back().microseconds);
    return text;
  }

  /// The entry of `spnn.orders`: products, chosen order, candidates.
  DictionaryAttr describe(const ProductGroup &group, const std::vector<ProductPlan> &plans, size_t chosen) {
    Builder b(&getContext());
    auto number = [&](double value) {
      // Three digits, so that the text is the same wherever the target description is.
      return b.getF64FloatAttr(std::strtod(llvm::formatv("{0:e2}", value).str().c_str(), nullptr));
    };
    auto products = [&](const ProductPlan &plan) {
      SmallVector<Attribute> texts;
      for (auto [product, bracket] : llvm::zip_equal(group.problem.products, plan.brackets))
        texts.push_back(b.getStringAttr(cost::formatBracket(group.problem, product, *bracket)));
      return b.getArrayAttr(texts);
    };
    SmallVector<Attribute> candidates;
    for (const ProductPlan &plan : plans)
      candidates.push_back(b.getDictionaryAttr({b.getNamedAttr("order", b.getStringAttr(plan.name)),
                                                b.getNamedAttr("predicted_us", number(plan.microseconds)),
                                                b.getNamedAttr("products", products(plan)),
                                                b.getNamedAttr("saved_bytes", b.getI64IntegerAttr(plan.savedBytes))}));
    return b.getDictionaryAttr({b.getNamedAttr("order", b.getStringAttr(plans[chosen].name)),
                                b.getNamedAttr("products", products(plans[chosen])),
                                b.getNamedAttr("predicted_us", number(plans[chosen].microseconds)),
                                b.getNamedAttr("saved_bytes", b.getI64IntegerAttr(plans[chosen].savedBytes)),
                                b.getNamedAttr("candidates", b.getArrayAttr(candidates))});
  }

  /// Products of the old order that nobody reads any more, and what was saved for them.
  static void eraseDead(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isOpTriviallyDead(&op))
        op.erase();
  }
};
} // namespace
