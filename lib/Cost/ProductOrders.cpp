//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every order in which products of several matrices, forward and backward together, can be computed, and what each
// costs.
//
//===----------------------------------------------------------------------===//
#include "spnn/Cost/ProductOrders.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <tuple>

using namespace spnn::cost;

namespace {
using BracketRef = std::shared_ptr<const Bracket>;

/// How a part is stored: as its key has it, or transposed.
enum class Orientation { Any, AsKey, Transposed };

ProductKey getTerms(const WantedProduct &product, const Bracket &part) {
  return ProductKey(product.terms.begin() + part.begin, product.terms.begin() + part.end);
}

ProductKey transposeTerms(const ProductProblem &problem, const ProductKey &terms) {
  ProductKey result(terms.rbegin(), terms.rend());
  for (ProductTerm &term : result)
    term.transposed = !term.transposed && !problem.factors[term.factor].isSymmetric;
  return result;
}

/// Evaluates one choice of brackets and of what is saved.
class PlanEvaluator {
public:
  PlanEvaluator(const ProductProblem &problem, const std::vector<BracketRef> &brackets)
      : problem(problem), brackets(brackets) {}

  /// Parts, not leaves, that forward brackets compute and backward brackets contain.
  std::set<ProductKey> findShared() const {
    std::set<ProductKey> forward, shared;
    forEachPart(false, [&](const WantedProduct &product, const Bracket &part) {
      forward.insert(makeKey(problem, product, part));
    });
    forEachPart(true, [&](const WantedProduct &product, const Bracket &part) {
      ProductKey key = makeKey(problem, product, part);
      if (forward.count(key) && !isFolded(key))
        shared.insert(key);
    });
    return shared;
  }

  /// The plan that keeps `saved`; std::nullopt if it cannot be computed, or keeps what nobody reads.
  std::optional<ProductPlan> evaluate(const std::set<ProductKey> &saved) {
    plan = ProductPlan();
    plan.brackets = brackets;
    for (bool isBackward : {false, true})
      for (size_t i = 0; i < brackets.size(); ++i)
        if (problem.products[i].isBackward == isBackward &&
            !compute(problem.products[i], *brackets[i], isBackward, saved, Orientation::Any, /*isRoot=*/true))
          return std::nullopt;
    if (used != saved)
      return std::nullopt;
    plan.saved.assign(saved.begin(), saved.end());
    for (const ProductKey &key : saved)
      plan.savedBytes += getBytes(key);
    for (const auto &[key, orientation] : orientations)
      if (orientation == Orientation::Transposed)
        plan.turned.insert(key);
    for (unsigned factor : readLater)
      plan.savedBytes +=
          static_cast<uint64_t>(problem.factors[factor].rows) * problem.factors[factor].columns * problem.elementBytes;
    return plan;
  }

private:
  template <typename Visitor> void forEachPart(bool isBackward, Visitor visit) const {
    for (size_t i = 0; i < brackets.size(); ++i)
      if (problem.products[i].isBackward == isBackward)
        visitParts(problem.products[i], *brackets[i], visit);
  }

  template <typename Visitor>
  static void visitParts(const WantedProduct &product, const Bracket &part, Visitor &visit) {
    if (part.isLeaf())
      return;
    visit(product, part);
    visitParts(product, *part.left, visit);
    visitParts(product, *part.right, visit);
  }

  const ProductFactor &factorOf(const WantedProduct &product, const Bracket &leaf) const {
    return problem.factors[product.terms[leaf.begin].factor];
  }
  bool isGraphLeaf(const WantedProduct &product, const Bracket &part) const {
    return part.isLeaf() && factorOf(product, part).isGraph;
  }

  int64_t rowsOf(const ProductTerm &term) const {
    const ProductFactor &factor = problem.factors[term.factor];
    return term.transposed ? factor.columns : factor.rows;
  }
  int64_t columnsOf(const ProductTerm &term) const {
    const ProductFactor &factor = problem.factors[term.factor];
    return term.transposed ? factor.rows : factor.columns;
  }
  uint64_t getBytes(const ProductKey &key) const {
    return static_cast<uint64_t>(rowsOf(key.front())) * columnsOf(key.back()) * problem.elementBytes;
  }

  bool isFolded(const ProductKey &key) const {
    return problem.foldConstants && std::all_of(key.begin(), key.end(), [&](const ProductTerm &term) {
             return problem.factors[term.factor].isConstant;
           });
  }

  /// Asks for a part in an orientation, relative to its key; false if it is stored in the other one.
  bool demand(const ProductKey &key, Orientation wanted) {
    Orientation &stored = orientations[key];
    if (stored == Orientation::Any)
      stored = wanted;
    return wanted == Orientation::Any || stored == wanted;
  }

  /// Adds the steps of a part that are not there yet. `wanted` is relative to the product's terms: AsKey means as they
  /// stand.
  bool compute(const WantedProduct &product, const Bracket &part, bool isBackward, const std::set<ProductKey> &saved,
               Orientation wanted, bool isRoot) {
    if (part.isLeaf()) {
      const ProductFactor &factor = factorOf(product, part);
      if (factor.isGraph)
        return true;
      bool transposed = product.terms[part.begin].transposed;
      if (wanted == Orientation::AsKey && transposed)
        return false;
      if (wanted == Orientation::Transposed && !transposed)
        return false;
      if (isBackward && !factor.isKept)
        readLater.insert(product.terms[part.begin].factor);
      return true;
    }
    ProductKey terms = getTerms(product, part), key = makeKey(problem, product, part);
    bool turned = key != terms;
    bool graphLeft = isGraphLeaf(product, *part.left), graphRight = isGraphLeaf(product, *part.right);
    if (graphLeft && graphRight)
      return false;
    auto relative = [&](Orientation orientation) {
      if (orientation == Orientation::Any || !turned)
        return orientation;
      return orientation == Orientation::AsKey ? Orientation::Transposed : Orientation::AsKey;
    };
    // A product with a graph comes out in the orientation that has the graph on the left. A wanted product has its own.
    Orientation made = graphLeft    ? Orientation::AsKey
                       : graphRight ? Orientation::Transposed
                       : isRoot     ? Orientation::AsKey
                                    : Orientation::Any;
    if (isRoot && made == Orientation::Transposed)
      return false;
    if (!demand(key, relative(made)) || !demand(key, relative(wanted)))
      return false;
    if (isFolded(key)) {
      if (std::find(plan.folded.begin(), plan.folded.end(), key) == plan.folded.end())
        plan.folded.push_back(key);
      return true;
    }
    if (isBackward && saved.count(key)) {
      used.insert(key);
      return true;
    }
    if (!done[isBackward].insert(key).second)
      return true;
    Orientation left = Orientation::Any, right = Orientation::Any;
    if (graphLeft)
      right = Orientation::AsKey;
    if (graphRight)
      left = Orientation::Transposed;
    if (!compute(product, *part.left, isBackward, saved, left, false) ||
        !compute(product, *part.right, isBackward, saved, right, false))
      return false;
    ProductStep step;
    step.m = rowsOf(product.terms[part.begin]);
    step.n = columnsOf(product.terms[part.end - 1]);
    step.k = columnsOf(product.terms[part.left->end - 1]);
    if (graphRight)
      std::swap(step.m, step.n);
    if (graphLeft || graphRight) {
      step.isGraph = true;
      step.edges = factorOf(product, graphLeft ? *part.left : *part.right).edges;
    }
    plan.steps.push_back(step);
    plan.microseconds += problem.predict(step);
    return true;
  }

  const ProductProblem &problem;
  const std::vector<BracketRef> &brackets;
  ProductPlan plan;
  std::map<ProductKey, Orientation> orientations;
  std::set<ProductKey> done[2], used;
  std::set<unsigned> readLater;
};

/// All brackets of the terms begin .. end - 1 in which no graph meets a graph.
std::vector<BracketRef> enumerateBrackets(const ProductProblem &problem, const WantedProduct &product, unsigned begin,
                                          unsigned end, size_t limit) {
  auto makeBracket = [&](BracketRef left, BracketRef right) {
    auto bracket = std::make_shared<Bracket>();
    bracket->begin = begin;
    bracket->end = end;
    bracket->left = std::move(left);
    bracket->right = std::move(right);
    return bracket;
  };
  if (end - begin == 1)
    return {makeBracket(nullptr, nullptr)};
  auto isGraph = [&](const Bracket &part) {
    return part.isLeaf() && problem.factors[product.terms[part.begin].factor].isGraph;
  };
  std::vector<BracketRef> result;
  for (unsigned middle = begin + 1; middle < end; ++middle)
    for (const BracketRef &left : enumerateBrackets(problem, product, begin, middle, limit))
      for (const BracketRef &right : enumerateBrackets(problem, product, middle, end, limit)) {
        if (isGraph(*left) && isGraph(*right))
          continue;
        result.push_back(makeBracket(left, right));
        if (result.size() > limit)
          return result;
      }
  return result;
}

/// The paper's name for a plan of the products of one layer: forward S X W, backward (S X)' G and S' G W'. std::nullopt
/// for products of another kind.
std::optional<std::string> namePlan(const ProductProblem &problem, const ProductPlan &plan) {
  auto isGraph = [&](const ProductTerm &term) { return problem.factors[term.factor].isGraph; };
  std::optional<size_t> forward;
  for (size_t i = 0; i < problem.products.size(); ++i)
    if (!problem.products[i].isBackward) {
      if (forward)
        return std::nullopt;
      forward = i;
    }
  if (!forward)
    return std::nullopt;
  const WantedProduct &product = problem.products[*forward];
  if (product.terms.size() != 3 || !isGraph(product.terms[0]) || isGraph(product.terms[1]) || isGraph(product.terms[2]))
    return std::nullopt;
  ProductTerm graph = product.terms[0], features = product.terms[1], weights = product.terms[2];
  // S X W is S (X W) or (S X) W.
  std::string name = plan.brackets[*forward]->left->isLeaf() ? "tf" : "pf";
  ProductTerm back = {graph.factor, !graph.transposed && !problem.factors[graph.factor].isSymmetric},
              featuresBack = {features.factor, !features.transposed},
              weightsBack = {weights.factor, !weights.transposed};
  std::string ofWeights, ofFeatures;
  for (size_t i = 0; i < problem.products.size(); ++i) {
    const WantedProduct &gradient = problem.products[i];
    if (!gradient.isBackward)
      continue;
    if (gradient.terms.size() != 3)
      return std::nullopt;
    bool leftFirst = !plan.brackets[i]->left->isLeaf();
    auto isBack = [&](const ProductTerm &term) { return term == back; };
    if (gradient.terms[0] == featuresBack && isBack(gradient.terms[1]))
      ofWeights = leftFirst ? "sp" : "fp"; // (X' S') G or X' (S' G)
    else if (isBack(gradient.terms[0]) && gradient.terms[2] == weightsBack)
      ofFeatures = leftFirst ? "fp" : "sp"; // (S' G) W' or S' (G W')
    else
      return std::nullopt;
  }
  if (!ofWeights.empty() || !ofFeatures.empty()) {
    name += "+" + (ofWeights.empty() ? ofFeatures : ofWeights);
    if (!ofFeatures.empty() && !ofWeights.empty() && ofFeatures != ofWeights)
      name += "/" + ofFeatures;
  }
  if (!plan.saved.empty())
    name += "-cached";
  if (!plan.folded.empty())
    name += "-constant";
  return name;
}
} // namespace

ProductKey spnn::cost::makeKey(const ProductProblem &problem, const WantedProduct &product, const Bracket &part) {
  ProductKey terms = getTerms(product, part);
  return std::min(terms, transposeTerms(problem, terms));
}

std::string spnn::cost::formatBracket(const ProductProblem &problem, const WantedProduct &product,
                                      const Bracket &bracket) {
  if (bracket.isLeaf()) {
    const ProductTerm &term = product.terms[bracket.begin];
    return problem.factors[term.factor].name + (term.transposed ? "'" : "");
  }
  auto format = [&](const Bracket &part) {
    std::string text = formatBracket(problem, product, part);
    return part.isLeaf() ? text : "(" + text + ")";
  };
  return format(*bracket.left) + " " + format(*bracket.right);
}

std::vector<ProductPlan> spnn::cost::enumerateOrders(const ProductProblem &problem, size_t limit) {
  std::vector<std::vector<BracketRef>> choices;
  size_t combinations = 1;
  for (const WantedProduct &product : problem.products) {
    choices.push_back(enumerateBrackets(problem, product, 0, product.terms.size(), limit));
    combinations *= choices.back().size();
    if (combinations == 0 || combinations > limit)
      return {};
  }
  std::vector<ProductPlan> plans;
  for (size_t number = 0; number < combinations; ++number) {
    std::vector<BracketRef> brackets;
    size_t rest = number;
    for (const std::vector<BracketRef> &choice : choices) {
      brackets.push_back(choice[rest % choice.size()]);
      rest /= choice.size();
    }
    std::set<ProductKey> shared = PlanEvaluator(problem, brackets).findShared();
    std::vector<ProductKey> keys(shared.begin(), shared.end());
    // Each part that both passes need is kept or computed twice.
    for (size_t subset = 0; keys.size() < 8 && subset < (size_t(1) << keys.size()); ++subset) {
      std::set<ProductKey> saved;
      for (size_t i = 0; i < keys.size(); ++i)
        if (subset >> i & 1)
          saved.insert(keys[i]);
      std::optional<ProductPlan> plan = PlanEvaluator(problem, brackets).evaluate(saved);
      if (!plan || !(plan->microseconds < std::numeric_limits<double>::infinity()))
        continue;
      if (std::optional<std::string> name = namePlan(problem, *plan)) {
        plan->name = *name;
      } else {
        for (size_t i = 0; i < brackets.size(); ++i)
          plan->name += (i ? "; " : "") + formatBracket(problem, problem.products[i], *brackets[i]);
        if (!plan->saved.empty())
          plan->name += " -cached";
      }
      plans.push_back(std::move(*plan));
    }
  }
  // Of equally fast plans, the one that keeps less comes first; then one whose backward pass reads a product that the
  // forward pass read last (S X), and not what that is made of (X), which has been out of the caches for longer: 5 to 7 %
  // (docs/performance.md, "Orders").
  auto isBefore = [](const ProductPlan &a, const ProductPlan &b) {
    size_t keptByA = a.saved.size(), keptByB = b.saved.size();
    return std::tie(a.microseconds, a.savedBytes, keptByB, a.name) <
           std::tie(b.microseconds, b.savedBytes, keptByA, b.name);
  };
  std::sort(plans.begin(), plans.end(), isBefore);
  return plans;
}
