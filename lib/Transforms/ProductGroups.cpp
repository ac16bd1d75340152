//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds products of several matrices in a function, and groups those that share parts.
//
//===----------------------------------------------------------------------===//
#include "ProductGroups.h"

#include "GraphUtils.h"

#include "spnn/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"

#include <numeric>

using namespace mlir;
using namespace spnn;
using namespace spnn::cost;

/// Longer chains are cut: the number of brackets grows as 4^n.
constexpr size_t kMaxTerms = 6;

namespace {
/// One multiplication of two matrices, the operands transposed as said; `graph` is null for a dense product.
struct Product {
  Value lhs, rhs;
  bool transposeLhs = false, transposeRhs = false;
  AggregateOp graph;
};

/// What was saved; null stays null.
Value stripSaves(Value value) {
  while (auto save = value ? value.getDefiningOp<SaveOp>() : SaveOp())
    value = save.getSource();
  return value;
}

bool isStaticMatrix(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 2 && type.hasStaticShape() && !type.getEncoding() &&
         isa<FloatType>(type.getElementType());
}

/// The transpositions of a contraction of two matrices into one, by its indexing maps; std::nullopt for any other op.
std::optional<std::pair<bool, bool>> matchTransposes(linalg::LinalgOp op) {
  if (!op.hasPureTensorSemantics() || !linalg::isaContractionOpInterface(op) || op.getNumLoops() != 3)
    return std::nullopt;
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  auto dims = [](AffineMap map) -> std::optional<std::pair<unsigned, unsigned>> {
    if (map.getNumResults() != 2 || !map.isProjectedPermutation())
      return std::nullopt;
    return std::pair(map.getDimPosition(0), map.getDimPosition(1));
  };
  auto lhs = dims(maps[0]), rhs = dims(maps[1]), out = dims(maps[2]);
  if (!lhs || !rhs || !out)
    return std::nullopt;
  // Rows of the result come from the lhs, columns from the rhs.
  auto [m, n] = *out;
  bool transposeLhs = lhs->second == m, transposeRhs = rhs->first == n;
  unsigned k = transposeLhs ? lhs->first : lhs->second;
  bool fits = (transposeLhs ? lhs->second : lhs->first) == m && (transposeRhs ? rhs->first : rhs->second) == n &&
              (transposeRhs ? rhs->second : rhs->first) == k && k != m && k != n;
  if (!fits)
    return std::nullopt;
  return std::pair(transposeLhs, transposeRhs);
}

/// The multiplication that `op` is, if it is nothing besides.
std::optional<Product> matchProduct(Operation *op) {
  if (auto matmul = dyn_cast<MatmulOp>(op)) {
    if (matmul.getBias() || matmul.getActivation() != Activation::None || isQuantized(matmul) ||
        !isStaticMatrix(matmul.getLhs()) || !isStaticMatrix(matmul.getRhs()))
      return std::nullopt;
    return Product{matmul.getLhs(), matmul.getRhs(), matmul.getTransposeLhs(), matmul.getTransposeRhs(), nullptr};
  }
  if (auto aggregate = dyn_cast<AggregateOp>(op)) {
    Value values = aggregate.getEdgeValues();
    if (aggregate.getKind() != AggregateKind::Sum || !isStaticMatrix(aggregate.getFeatures()) ||
        (values && cast<RankedTensorType>(values.getType()).getRank() != 1))
      return std::nullopt;
    return Product{Value(), aggregate.getFeatures(), false, false, aggregate};
  }
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp)
    return std::nullopt;
  std::optional<std::pair<bool, bool>> transposes = matchTransposes(linalgOp);
  if (!transposes || !isZeroTensor(linalgOp.getDpsInits()[0]))
    return std::nullopt;
  Value lhs = op->getOperand(0), rhs = op->getOperand(1);
  if (!isStaticMatrix(lhs) || !isStaticMatrix(rhs) || lhs.getType() == nullptr ||
      getElementTypeOrSelf(lhs) != getElementTypeOrSelf(op->getResult(0)) ||
      getElementTypeOrSelf(rhs) != getElementTypeOrSelf(op->getResult(0)))
    return std::nullopt;
  return Product{lhs, rhs, transposes->first, transposes->second, nullptr};
}

class GroupFinder {
public:
  explicit GroupFinder(func::FuncOp function) : block(function.front()) {}

  ProductGroups find() {
    for (Operation &op : block)
      if (std::optional<Product> product = matchProduct(&op))
        products[op.getResult(0)] = *product;
    result.boundary = findBoundary();
    for (Operation &op : block)
      if (op.getNumResults() != 0 && products.count(op.getResult(0)) && isWanted(op.getResult(0)))
        addRoot(op);
    makeGroups();
    countOtherSaves();
    return std::move(result);
  }

private:
  /// The first op of the backward pass: behind what is saved for it or, if nothing is, the first that depends on a
  /// gradient which the function is given or a loss begins with. Null if there is none.
  Operation *findBoundary() {
    Operation *boundary = nullptr;
    for (Operation &op : block)
      if (isa<SaveOp>(op))
        boundary = op.getNextNode();
    if (boundary)
      return boundary;
    auto function = cast<func::FuncOp>(block.getParentOp());
    auto isSeed = [&](Value value) {
      auto argument = dyn_cast<BlockArgument>(value);
      return argument && argument.getOwner() == &block &&
             function.getArgAttr(argument.getArgNumber(), kSeedAttrName) != nullptr;
    };
    // Ops of the backward pass that read no gradient, like the transpose of a graph, cost the forward pass nothing.
    for (Operation &op : block.without_terminator())
      if (isa<LossBackwardOp>(op) || llvm::any_of(op.getOperands(), isSeed))
        return &op;
    return nullptr;
  }

  bool isProductOf(Operation *user, Value value) {
    auto it = user->getNumResults() == 0 ? products.end() : products.find(user->getResult(0));
    if (it == products.end())
      return false;
    // As a matrix, that is, and not as a scale or edge values.
    const Product &product = it->second;
    return llvm::count(user->getOperands(), value) == (product.lhs == value) + (product.rhs == value);
  }

  /// Somebody reads the value who does not multiply it on.
  bool isWanted(Value value) {
    return llvm::any_of(value.getUsers(), [&](Operation *user) {
      if (auto save = dyn_cast<SaveOp>(user))
        return isWanted(save.getResult());
      return !isProductOf(user, value);
    });
  }

  bool isBackward(Operation *op) const { return result.boundary && !op->isBeforeInBlock(result.boundary); }

  /// What stands for the value in a product: the same number for the same matrix.
  unsigned addDense(Value value) {
    auto [it, isNew] = denseFactors.try_emplace(value, factors.size());
    if (!isNew)
      return it->second;
    auto type = cast<RankedTensorType>(value.getType());
    ProductFactor factor;
    factor.rows = type.getDimSize(0);
    factor.columns = type.getDimSize(1);
    factor.isConstant = matchPattern(value, m_Constant());
    factor.name = nameOf(value);
    Operation *op = value.getDefiningOp();
    factor.isKept = !op || factor.isConstant || isBackward(op);
    // Saved for somebody else too: then reading it costs nothing more.
    for (Operation *user : value.getUsers())
      if (auto save = dyn_cast<SaveOp>(user))
        for (Operation *reader : save->getUsers())
          factor.isKept |= !isProductOf(reader, save.getResult());
    factors.push_back(factor);
    values.push_back({value, {}, {}, {}, {}, {}});
    return factors.size() - 1;
  }

  std::string nameOf(Value value) {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      auto function = cast<func::FuncOp>(block.getParentOp());
      if (auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "spnn.name"))
        return name.str();
      return "arg" + std::to_string(argument.getArgNumber());
    }
    return (isBackward(value.getDefiningOp()) ? "G" : "X") + std::to_string(denseFactors.size());
  }

  struct GraphFactor {
    Value graph;
    std::optional<Adjacency> adjacency; ///< of a constant
  };

  static bool areEqual(const Adjacency &a, const Adjacency &b) {
    return a.rows == b.rows && a.columns == b.columns && a.positions == b.positions && a.indices == b.indices;
  }

  /// The same vector: one SSA value, or constants with equal contents.
  static bool isSame(Value a, Value b) {
    if (a == b)
      return true;
    Attribute left, right;
    return a && b && matchPattern(a, m_Constant(&left)) && matchPattern(b, m_Constant(&right)) && left == right;
  }

  const std::optional<Adjacency> &getAdjacency(Value graph) {
    auto [it, isNew] = adjacencies.try_emplace(graph);
    if (isNew)
      it->second = getConstantAdjacency(graph);
    return it->second;
  }

  /// How the graph of `op` relates to that of a factor: equal, the transpose, both, or neither.
  std::pair<bool, bool> compare(Value graph, Value other) {
    bool equal = graph == other, turned = false;
    auto isTransposeOf = [](Value a, Value b) {
      auto transpose = a.getDefiningOp<TransposeOp>();
      return transpose && transpose.getTransposed() == a && transpose.getGraph() == b;
    };
    turned = isTransposeOf(graph, other) || isTransposeOf(other, graph);
    const std::optional<Adjacency> &a = getAdjacency(graph), &b = getAdjacency(other);
    if (a && b && a->edges() == b->edges()) {
      equal |= areEqual(*a, *b);
      if (!turned) {
        std::vector<int32_t> order;
        turned = areEqual(transposeAdjacency(*a, order), *b);
      }
    }
    if (equal && isKnownSymmetric(graph))
      turned = true;
    return {equal, turned};
  }

  /// True if `order` is the one that turns edges of `graph` into those of its transpose.
  bool isOrderOf(Value order, Value graph) {
    if (auto transpose = order.getDefiningOp<TransposeOp>())
      return transpose.getOrder() == order && transpose.getGraph() == graph;
    DenseIntElementsAttr contents;
    const std::optional<Adjacency> &adjacency = getAdjacency(graph);
    if (!adjacency || !matchPattern(order, m_Constant(&contents)) || contents.getNumElements() != adjacency->edges())
      return false;
    std::vector<int32_t> expected;
    transposeAdjacency(*adjacency, expected);
    auto values = contents.getValues<int32_t>();
    return std::equal(expected.begin(), expected.end(), values.begin());
  }

  ProductTerm addGraph(AggregateOp op) {
    // The backward pass reads scales and edge values that the forward pass computed through spnn.save.
    Value rows = stripSaves(op.getRowScales()), columns = stripSaves(op.getColumnScales()),
          edges = stripSaves(op.getEdgeValues()), order = op.getOrder();
    for (unsigned i = 0; i < factors.size(); ++i) {
      if (!factors[i].isGraph)
        continue;
      FactorValues &known = values[i];
      if (known.edgeValues != edges)
        continue;
      auto [equal, turned] = compare(op.getGraph(), known.value);
      if (equal && !order && isSame(rows, known.rowScales) && isSame(columns, known.columnScales))
        return {i, false};
      if (turned && isSame(rows, known.columnScales) && isSame(columns, known.rowScales) &&
          (!edges || (order && isOrderOf(order, known.value)))) {
        if (!known.transposed) {
          known.transposed = op.getGraph();
          known.order = order;
        }
        return {i, true};
      }
    }
    auto type = cast<RankedTensorType>(op.getGraph().getType());
    ProductFactor factor;
    factor.isGraph = factor.isKept = true;
    factor.rows = type.getDimSize(0);
    factor.columns = type.getDimSize(1);
    factor.edges = countEdges(op.getGraph());
    factor.isSymmetric = !edges && isSame(rows, columns) && isKnownSymmetric(op.getGraph());
    auto isConstant = [](Value value) { return !value || matchPattern(value, m_Constant()); };
    factor.isConstant =
        getAdjacency(op.getGraph()) && !order && isConstant(rows) && isConstant(columns) && isConstant(edges);
    unsigned graphs = llvm::count_if(factors, [](const ProductFactor &known) { return known.isGraph; });
    factor.name = "S" + (graphs ? std::to_string(graphs) : std::string());
    FactorValues known{op.getGraph(), {}, {}, edges, rows, columns};
    bool isTurned = false;
    if (auto transpose = op.getGraph().getDefiningOp<TransposeOp>(); transpose && !order == !edges) {
      // Named after the graph that the program has: this is its transpose.
      known = {transpose.getGraph(), op.getGraph(), order, edges, columns, rows};
      std::swap(factor.rows, factor.columns);
      isTurned = true;
    }
    // Edge values in an order of somebody's own belong to a matrix that no other op has.
    if (order && !isTurned)
      known.order = order;
    factors.push_back(factor);
    values.push_back(known);
    return {static_cast<unsigned>(factors.size() - 1), isTurned && !factor.isSymmetric};
  }

  /// The terms of `value`, transposed or not. False if there are too many, or extents are unknown.
  bool flatten(Value value, bool transposed, SmallVectorImpl<ProductTerm> &terms, bool isRoot) {
    Value source = stripSaves(value);
    auto it = products.find(source);
    if (it == products.end() || (!isRoot && terms.size() + 2 > kMaxTerms)) {
      terms.push_back({addDense(source), transposed});
      return terms.size() <= kMaxTerms;
    }
    Product product = it->second;
    SmallVector<ProductTerm> left, right;
    if (product.graph) {
      if (countEdges(product.graph.getGraph()) == ShapedType::kDynamic)
        return false;
      ProductTerm graph = addGraph(product.graph);
      left.push_back(graph);
    } else if (!flatten(product.lhs, product.transposeLhs, left, false)) {
      return false;
    }
    if (!flatten(product.rhs, product.transposeRhs, right, false))
      return false;
    SmallVector<ProductTerm> all = left;
    all.append(right);
    if (transposed) {
      std::reverse(all.begin(), all.end());
      for (ProductTerm &term : all)
        term.transposed = !term.transposed && !factors[term.factor].isSymmetric;
    }
    terms.append(all);
    return terms.size() <= kMaxTerms;
  }

  void addRoot(Operation &op) {
    SmallVector<ProductTerm> terms;
    if (!flatten(op.getResult(0), false, terms, true)) {
      result.skipped.emplace_back(&op, "extents or numbers of edges are not known, or it has more than " +
                                           std::to_string(kMaxTerms) + " matrices");
      return;
    }
    roots.push_back(&op);
    wanted.push_back({std::vector<ProductTerm>(terms.begin(), terms.end()), isBackward(&op)});
  }

  void makeGroups() {
    ProductProblem all;
    all.factors = factors;
    // Products that have a part of two or more terms in common belong together.
    std::vector<unsigned> leader(wanted.size());
    std::iota(leader.begin(), leader.end(), 0);
    std::map<ProductKey, unsigned> firstWith;
    auto find = [&](unsigned i) {
      while (leader[i] != i)
        i = leader[i];
      return i;
    };
    for (unsigned i = 0; i < wanted.size(); ++i) {
      unsigned count = wanted[i].terms.size();
      for (unsigned begin = 0; begin < count; ++begin)
        for (unsigned end = begin + 2; end <= count; ++end) {
          Bracket part;
          part.begin = begin;
          part.end = end;
          auto [it, isNew] = firstWith.try_emplace(makeKey(all, wanted[i], part), i);
          leader[find(i)] = find(it->second);
        }
    }
    llvm::MapVector<unsigned, SmallVector<unsigned>> members;
    for (unsigned i = 0; i < wanted.size(); ++i)
      members[find(i)].push_back(i);
    for (auto &[unused, products] : members) {
      // Nothing to choose where every product is one multiplication.
      if (llvm::all_of(products, [&](unsigned i) { return wanted[i].terms.size() < 3; }))
        continue;
      ProductGroup group;
      std::map<unsigned, unsigned> renamed;
      for (unsigned i : products) {
        WantedProduct product = wanted[i];
        for (ProductTerm &term : product.terms) {
          auto [it, isNew] = renamed.try_emplace(term.factor, group.factors.size());
          if (isNew) {
            group.problem.factors.push_back(factors[term.factor]);
            group.factors.push_back(values[term.factor]);
          }
          term.factor = it->second;
        }
        group.problem.products.push_back(product);
        group.roots.push_back(roots[i]);
      }
      group.problem.elementBytes = std::max(
          1u, cast<RankedTensorType>(group.roots.front()->getResult(0).getType()).getElementTypeBitWidth() / 8);
      result.groups.push_back(std::move(group));
    }
  }

  /// Bytes of what is saved for others than the products of groups.
  void countOtherSaves() {
    DenseSet<Operation *> inGroups;
    for (const ProductGroup &group : result.groups)
      for (Operation *root : group.roots)
        collect(root->getResult(0), inGroups);
    DenseSet<Value> seen;
    for (Operation &op : block)
      if (auto save = dyn_cast<SaveOp>(op)) {
        // Scales and edge values are kept in every order.
        bool other = llvm::any_of(save->getUsers(), [&](Operation *user) {
          return !inGroups.contains(user) || !isProductOf(user, save.getResult());
        });
        auto type = cast<RankedTensorType>(save.getType());
        if (other && type.hasStaticShape() && seen.insert(save.getSource()).second)
          result.otherSavedBytes += type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 8);
      }
  }

  void collect(Value value, DenseSet<Operation *> &ops) {
    value = stripSaves(value);
    auto it = products.find(value);
    if (it == products.end() || !ops.insert(value.getDefiningOp()).second)
      return;
    if (it->second.lhs)
      collect(it->second.lhs, ops);
    collect(it->second.rhs, ops);
  }

  Block &block;
  ProductGroups result;
  DenseMap<Value, Product> products;
  std::vector<ProductFactor> factors;
  std::vector<FactorValues> values;
  DenseMap<Value, unsigned> denseFactors;
  DenseMap<Value, std::optional<Adjacency>> adjacencies;
  std::vector<Operation *> roots;
  std::vector<WantedProduct> wanted;
};
} // namespace

ProductGroups spnn::findProductGroups(func::FuncOp function) { return GroupFinder(function).find(); }
