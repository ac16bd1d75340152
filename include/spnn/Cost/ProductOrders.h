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
#ifndef SPNN_COST_PRODUCTORDERS_H
#define SPNN_COST_PRODUCTORDERS_H

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace spnn::cost {

/// A matrix that products are made of, as it is stored.
struct ProductFactor {
  std::string name; ///< for people
  bool isGraph = false;
  int64_t rows = 0, columns = 0;
  int64_t edges = 0;        ///< of a graph
  bool isSymmetric = false; ///< equals its transpose: terms of it are never `transposed`
  bool isConstant = false;  ///< its values are known when the model is compiled
  /// The backward pass may read it at no cost: an argument or a constant, or saved for another reason anyway.
  bool isKept = false;
};

/// A factor as it stands in a product.
struct ProductTerm {
  unsigned factor = 0;
  bool transposed = false;

  bool operator==(const ProductTerm &other) const { return factor == other.factor && transposed == other.transposed; }
  bool operator<(const ProductTerm &other) const {
    return factor != other.factor ? factor < other.factor : transposed < other.transposed;
  }
};

/// A product that somebody reads, of two or more terms.
struct WantedProduct {
  std::vector<ProductTerm> terms;
  bool isBackward = false;
};
struct ProductProblem;

/// How a product or a part of it is bracketed: the terms begin .. end - 1 of its product, as left times right. Leaves
/// have one term and no children.
struct Bracket {
  unsigned begin = 0, end = 0;
  std::shared_ptr<const Bracket> left, right;

  bool isLeaf() const { return end - begin == 1; }
};

/// Terms of a part of a product, or of its transpose, whichever comes first: equal for what is the same matrix.
using ProductKey = std::vector<ProductTerm>;
ProductKey makeKey(const ProductProblem &problem, const WantedProduct &product, const Bracket &part);

/// One multiplication: a dense one of m x k by k x n, or a graph with `edges` edges, m rows and k columns by a dense k
/// x n.
struct ProductStep {
  bool isGraph = false;
  int64_t m = 0, n = 0, k = 0, edges = 0;
};

/// One way to compute all wanted products.
struct ProductPlan {
  /// "tf", "pf" with "+fp", "+sp", "-cached" as the paper on cached operator reordering (arXiv:2308.12093) names the
  /// orders of S X W, else the brackets themselves.
  std::string name;
  std::vector<std::shared_ptr<const Bracket>> brackets; ///< one for each wanted product
  /// Parts that the forward pass computes and the backward pass reads again; parts that it has but does not keep are
  /// computed twice.
  std::vector<ProductKey> saved;
  /// Parts made of constants alone, which are computed when the model is compiled.
  std::vector<ProductKey> folded;
  /// Parts that are stored transposed, relative to their keys.
  std::set<ProductKey> turned;
  std::vector<ProductStep> steps; ///< what a step of training, or a call, computes
  double microseconds = 0;        ///< of all steps
  uint64_t savedBytes = 0;        ///< kept between forward and backward, kept factors aside
};

struct ProductProblem {
  std::vector<ProductFactor> factors;
  std::vector<WantedProduct> products;
  unsigned elementBytes = 4;
  /// Predicted microseconds of a step; infinite for one that cannot be done.
  std::function<double(const ProductStep &)> predict;
  /// Parts of constants may be computed when the model is compiled.
  bool foldConstants = true;
};

/// All plans that can be computed, by predicted time, the least first; of those that differ in nothing one. A graph
/// cannot be multiplied by a graph, and is multiplied from the left, by a matrix that is stored in the orientation that
/// the product has it in. Empty if there are none, or if brackets would have more than `limit` combinations.
std::vector<ProductPlan> enumerateOrders(const ProductProblem &problem, size_t limit = 4096);

/// "S (X W)", with ' behind what is transposed.
std::string formatBracket(const ProductProblem &problem, const WantedProduct &product, const Bracket &bracket);

} // namespace spnn::cost

#endif // SPNN_COST_PRODUCTORDERS_H
