//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Chooses the order of products with graphs, and what they and graph attention keep between forward and backward pass.
//
//===----------------------------------------------------------------------===//
#include "AttentionSchemes.h"
#include "AttentionScores.h"
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
/// What is chosen among.
struct Candidate {
  std::string name;
  SmallVector<std::string> products; ///< what it does, for people
  double microseconds = 0;
  uint64_t savedBytes = 0;
};

/// Something that can be done in several ways.
struct Choice {
  Operation *root = nullptr; ///< where remarks point to
  std::vector<Candidate> candidates; ///< by predicted time
  std::function<LogicalResult(size_t)> apply; ///< does what the candidate of that number says
};

/// The orders of a group of products.
Choice chooseOrder(ProductGroup &group, std::vector<ProductPlan> plans, Operation *boundary) {
  Choice choice;
  choice.root = group.roots.front();
  for (const ProductPlan &plan : plans) {
    Candidate candidate{plan.name, {}, plan.microseconds, plan.savedBytes};
    for (auto [product, bracket] : llvm::zip_equal(group.problem.products, plan.brackets))
      candidate.products.push_back(cost::formatBracket(group.problem, product, *bracket));
    choice.candidates.push_back(std::move(candidate));
  }
  choice.apply = [&group, plans = std::move(plans), boundary](size_t number) {
    return emitProducts(group, plans[number], boundary);
  };
  return choice;
}

/// "gat of 34 nodes, 8 heads of 8".
std::string formatAttention(GraphAttentionOp op) {
  auto features = cast<RankedTensorType>(op.getFeatures().getType());
  int64_t heads = op.getHeads();
  return stringifyScoreKind(op.getKind()).str() + " of " + std::to_string(features.getDimSize(0)) + " nodes, " +
         std::to_string(heads) + " heads of " + std::to_string(features.getDimSize(1) / heads);
}

/// What the scores of attention are made of.
Choice chooseScores(AttentionScores scores) {
  auto type = cast<RankedTensorType>(scores.sums.getDpsInputs()[0].getType());
  std::string text = "scores of " + std::to_string(type.getDimSize(0)) + " nodes, " +
                     std::to_string(type.getDimSize(1)) + " heads of " + std::to_string(type.getDimSize(2));
  Candidate ofFeatures{"scores-of-features", {text}, scores.ofFeatures, 0},
      ofWeights{"scores-of-weights", {text}, scores.ofWeights, 0};
  bool areFeaturesFirst = scores.ofFeatures <= scores.ofWeights;
  Choice choice;
  choice.root = scores.sums;
  choice.candidates = areFeaturesFirst ? std::vector{ofFeatures, ofWeights} : std::vector{ofWeights, ofFeatures};
  choice.apply = [=](size_t number) {
    if ((number == 0) != areFeaturesFirst)
      computeScoresOfWeights(scores);
    return success();
  };
  return choice;
}

/// What attention keeps for its gradient.
Choice chooseScheme(const AttentionPair &pair, Operation *boundary) {
  Choice choice;
  choice.root = pair.backward;
  std::string text = formatAttention(pair.forward);
  for (const AttentionScheme &scheme : pair.schemes)
    choice.candidates.push_back({scheme.name, {text}, scheme.microseconds, scheme.savedBytes});
  choice.apply = [&pair, boundary](size_t number) {
    applyAttentionScheme(pair, pair.schemes[number], boundary);
    return success();
  };
  return choice;
}

/// One candidate of each choice: their numbers, and what they take together.
struct Selection {
  SmallVector<size_t> numbers;
  double microseconds = 0;
  uint64_t savedBytes = 0;
};

/// Drops what is neither faster nor smaller than another.
void keepPareto(std::vector<Selection> &selections) {
  llvm::sort(selections, [](const Selection &a, const Selection &b) {
    return std::tie(a.microseconds, a.savedBytes, a.numbers) < std::tie(b.microseconds, b.savedBytes, b.numbers);
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
    std::vector<Choice> choices;
    for (ProductGroup &group : found.groups) {
      group.problem.foldConstants = foldConstants;
      unsigned bytes = group.problem.elementBytes;
      group.problem.predict = [&, bytes](const cost::ProductStep &step) {
        return cost::predictStep(target, step, bytes, threads);
      };
      std::vector<ProductPlan> plans = cost::enumerateOrders(group.problem);
      if (plans.empty())
        group.roots.front()->emitRemark() << "keeps its order: there are too many others";
      else
        choices.push_back(chooseOrder(group, std::move(plans), found.boundary));
    }
    for (const AttentionScores &scores : findAttentionScores(function, target, threads))
      choices.push_back(chooseScores(scores));
    uint64_t otherBytes = found.otherSavedBytes;
    std::vector<AttentionPair> pairs = findAttentionPairs(function, found.boundary, target, threads);
    for (const AttentionPair &pair : pairs) {
      choices.push_back(chooseScheme(pair, found.boundary));
      otherBytes -= std::min(otherBytes, pair.savedBytes);
    }
    if (choices.empty())
      return success();
    Selection chosen = choose(function, choices, otherBytes, orderIsKnown);
    SmallVector<Attribute> decisions;
    for (auto [choice, number] : llvm::zip_equal(choices, chosen.numbers)) {
      decisions.push_back(describe(choice.candidates, number));
      choice.root->emitRemark() << "order " << choice.candidates[number].name << ": "
                                << explain(choice.candidates, number);
    }
    for (auto [choice, number] : llvm::zip_equal(choices, chosen.numbers))
      if (failed(choice.apply(number)))
        return failure();
    numGroups += choices.size();
    function->setAttr(kOrdersAttrName, ArrayAttr::get(&getContext(), decisions));
    eraseDead(function.front());
    return success();
  }

  /// The fastest selection within the budget, or the smallest if none is. Candidates are sorted by time.
  Selection choose(func::FuncOp function, ArrayRef<Choice> choices, uint64_t otherBytes, bool &orderIsKnown) {
    SmallVector<StringRef> names;
    StringRef(order).split(names, ',', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
    std::vector<Selection> selections = {{{}, 0, otherBytes}};
    for (const Choice &choice : choices) {
      ArrayRef<Candidate> candidates = choice.candidates;
      auto forced = llvm::find_if(
          candidates, [&](const Candidate &candidate) { return llvm::is_contained(names, candidate.name); });
      bool isForced = forced != candidates.end();
      orderIsKnown |= isForced;
      std::vector<Selection> next;
      for (const Selection &selection : selections)
        for (size_t i = 0; i < candidates.size(); ++i) {
          if (isForced && &candidates[i] != forced)
            continue;
          Selection extended = selection;
          extended.numbers.push_back(i);
          extended.microseconds += candidates[i].microseconds;
          extended.savedBytes += candidates[i].savedBytes;
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
  static std::string explain(ArrayRef<Candidate> candidates, size_t chosen) {
    const Candidate &candidate = candidates[chosen];
    std::string text;
    llvm::raw_string_ostream os(text);
    os << llvm::format("%.1f us and %.0f kB kept", candidate.microseconds, candidate.savedBytes / 1e3) << ", of "
       << candidates.size() << (candidates.size() == 1 ? " order" : " orders");
    if (candidates.size() > 1)
      os << llvm::format(" that take %.1f to %.1f us", candidates.front().microseconds, candidates.back().microseconds);
    return text;
  }

  /// The entry of `spnn.orders`: products, chosen order, candidates.
  DictionaryAttr describe(ArrayRef<Candidate> candidates, size_t chosen) {
    Builder b(&getContext());
    SmallVector<Attribute> all;
    auto describeOne = [&](const Candidate &candidate) {
      NamedAttrList entry;
      entry.set("order", b.getStringAttr(candidate.name));
      // Three digits, so that the text is the same wherever the target description is.
      double rounded = std::strtod(llvm::formatv("{0:e2}", candidate.microseconds).str().c_str(), nullptr);
      entry.set("predicted_us", b.getF64FloatAttr(rounded));
      SmallVector<StringRef> products(candidate.products.begin(), candidate.products.end());
      entry.set("products", b.getStrArrayAttr(products));
      entry.set("saved_bytes", b.getI64IntegerAttr(candidate.savedBytes));
      return entry;
    };
    for (const Candidate &candidate : candidates)
      all.push_back(describeOne(candidate).getDictionary(&getContext()));
    NamedAttrList entry = describeOne(candidates[chosen]);
    entry.set("candidates", b.getArrayAttr(all));
    return entry.getDictionary(&getContext());
  }

  /// Products of the old order that nobody reads any more, and what was saved for them.
  static void eraseDead(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isOpTriviallyDead(&op))
        op.erase();
  }
};
} // namespace
