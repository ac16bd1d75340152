//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writes the products of a group in the order that a plan says.
//
//===----------------------------------------------------------------------===//
#include "ProductGroups.h"

#include "spnn/IR/SparseFormats.h"

#include "mlir/IR/Matchers.h"

#include <cstring>
#include <map>

using namespace mlir;
using namespace spnn;
using namespace spnn::cost;

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

namespace {
/// A row-major matrix in double precision.
struct Matrix {
  int64_t rows = 0, columns = 0;
  std::vector<double> data;

  Matrix() = default;
  Matrix(int64_t rows, int64_t columns) : rows(rows), columns(columns), data(rows * columns) {}
  double *row(int64_t i) { return data.data() + i * columns; }
  const double *row(int64_t i) const { return data.data() + i * columns; }
};

Matrix transpose(const Matrix &matrix) {
  Matrix result(matrix.columns, matrix.rows);
  for (int64_t i = 0; i < matrix.rows; ++i)
    for (int64_t j = 0; j < matrix.columns; ++j)
      result.row(j)[i] = matrix.row(i)[j];
  return result;
}

/// The floats of a constant; std::nullopt if its contents are not at hand.
std::optional<std::vector<double>> readFloats(Value value) {
  ElementsAttr attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return std::nullopt;
  std::optional<std::vector<uint8_t>> raw = readRawElements(attr);
  if (!raw)
    return std::nullopt;
  bool isDouble = attr.getElementType().isF64();
  std::vector<double> result(attr.getNumElements());
  for (size_t i = 0; i < result.size(); ++i) {
    if (isDouble) {
      std::memcpy(&result[i], raw->data() + i * 8, 8);
    } else {
      float number;
      std::memcpy(&number, raw->data() + i * 4, 4);
      result[i] = number;
    }
  }
  return result;
}

/// diag(rowScales) A diag(columnScales) or A with edge values, times `matrix`.
std::optional<Matrix> multiplyGraph(const FactorValues &factor, bool transposed, const Matrix &matrix) {
  std::optional<Adjacency> graph = getConstantAdjacency(factor.value);
  if (!graph)
    return std::nullopt;
  std::vector<int32_t> order;
  if (transposed)
    graph = transposeAdjacency(*graph, order);
  std::optional<std::vector<double>> rows, columns, edges;
  for (auto [value, floats] : {std::pair(factor.rowScales, &rows), std::pair(factor.columnScales, &columns),
                               std::pair(factor.edgeValues, &edges)})
    if (value && !(*floats = readFloats(value)))
      return std::nullopt;
  if (transposed)
    std::swap(rows, columns);
  Matrix result(graph->rows, matrix.columns);
  for (int64_t i = 0; i < graph->rows; ++i)
    for (int32_t edge = graph->positions[i]; edge < graph->positions[i + 1]; ++edge) {
      int32_t j = graph->indices[edge];
      double weight = edges ? (*edges)[transposed ? order[edge] : edge] : 1;
      weight *= (rows ? (*rows)[i] : 1) * (columns ? (*columns)[j] : 1);
      for (int64_t f = 0; f < matrix.columns; ++f)
        result.row(i)[f] += weight * matrix.row(j)[f];
    }
  return result;
}

Matrix multiplyDense(const Matrix &lhs, const Matrix &rhs) {
  Matrix result(lhs.rows, rhs.columns);
  for (int64_t i = 0; i < lhs.rows; ++i)
    for (int64_t k = 0; k < lhs.columns; ++k)
      for (int64_t j = 0; j < rhs.columns; ++j)
        result.row(i)[j] += lhs.row(i)[k] * rhs.row(k)[j];
  return result;
}
} // namespace

/// The product of constant terms, from the right, which is where dense matrices stand beside graphs.
static std::optional<Matrix> evaluate(const ProductGroup &group, ArrayRef<ProductTerm> terms) {
  auto isGraph = [&](const ProductTerm &term) { return group.problem.factors[term.factor].isGraph; };
  if (isGraph(terms.back())) {
    SmallVector<ProductTerm> turned(terms.rbegin(), terms.rend());
    if (isGraph(turned.back()))
      return std::nullopt;
    for (ProductTerm &term : turned)
      term.transposed = !term.transposed;
    std::optional<Matrix> result = evaluate(group, turned);
    return result ? std::optional(transpose(*result)) : std::nullopt;
  }
  auto readTerm = [&](const ProductTerm &term) -> std::optional<Matrix> {
    const ProductFactor &factor = group.problem.factors[term.factor];
    std::optional<std::vector<double>> floats = readFloats(group.factors[term.factor].value);
    if (!floats)
      return std::nullopt;
    Matrix matrix(factor.rows, factor.columns);
    matrix.data = std::move(*floats);
    return term.transposed ? transpose(matrix) : std::move(matrix);
  };
  std::optional<Matrix> result = readTerm(terms.back());
  for (const ProductTerm &term : llvm::reverse(terms.drop_back())) {
    if (!result)
      return std::nullopt;
    if (isGraph(term)) {
      result = multiplyGraph(group.factors[term.factor], term.transposed, *result);
      continue;
    }
    std::optional<Matrix> left = readTerm(term);
    result = left ? std::optional(multiplyDense(*left, *result)) : std::nullopt;
  }
  return result;
}

DenseElementsAttr spnn::evaluateConstant(const ProductGroup &group, ArrayRef<ProductTerm> terms, std::string &reason) {
  std::optional<Matrix> matrix = evaluate(group, terms);
  if (!matrix) {
    reason = "the contents of a constant are not at hand (an elided resource?)";
    return nullptr;
  }
  Type element = getElementTypeOrSelf(group.roots.front()->getResult(0).getType());
  auto type = RankedTensorType::get({matrix->rows, matrix->columns}, element);
  if (element.isF64())
    return DenseElementsAttr::get(type, ArrayRef<double>(matrix->data));
  SmallVector<float> floats(matrix->data.begin(), matrix->data.end());
  return DenseElementsAttr::get(type, ArrayRef<float>(floats));
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

namespace {
/// A matrix in the IR; `turned` if it is the transpose of what the product's terms say.
struct Stored {
  Value value;
  bool turned = false;
};

class ProductEmitter {
public:
  ProductEmitter(const ProductGroup &group, const ProductPlan &plan, Operation *boundary)
      : group(group), plan(plan), boundary(boundary) {}

  LogicalResult emit() {
    for (size_t i = 0; i < group.roots.size(); ++i) {
      Operation *root = group.roots[i];
      OpBuilder builder(root);
      FailureOr<Stored> stored = build(builder, root->getLoc(), group.problem.products[i], *plan.brackets[i]);
      if (failed(stored))
        return failure();
      assert(!stored->turned && "plans give wanted products as they are wanted");
      replacements.emplace_back(root, stored->value);
    }
    for (auto [root, value] : replacements)
      root->getResult(0).replaceAllUsesWith(value);
    return success();
  }

private:
  /// What the backward pass reads of the forward pass goes through spnn.save.
  Value readLater(Value value) {
    Operation *op = value.getDefiningOp();
    if (!op || matchPattern(value, m_Constant()) || !boundary || !op->isBeforeInBlock(boundary))
      return value;
    for (Operation *user : value.getUsers())
      if (auto save = dyn_cast<SaveOp>(user))
        return save.getResult();
    OpBuilder builder(boundary);
    return SaveOp::create(builder, value.getLoc(), value.getType(), value);
  }

  /// The value as an operand of what is computed again, which CSE must not take for what was computed before.
  Value readAgain(Value value) {
    Value &result = readAgains[value];
    if (!result) {
      OpBuilder builder(boundary);
      result = SaveOp::create(builder, value.getLoc(), value.getType(), value, builder.getUnitAttr());
    }
    return result;
  }

  /// `again`: as a part of what the forward pass has computed and not kept.
  FailureOr<Stored> build(OpBuilder &builder, Location loc, const WantedProduct &product, const Bracket &part,
                          bool again = false) {
    if (part.isLeaf()) {
      const ProductTerm &term = product.terms[part.begin];
      Value value = group.factors[term.factor].value;
      if (again)
        return Stored{readAgain(value), term.transposed};
      return Stored{product.isBackward ? readLater(value) : value, term.transposed};
    }
    ProductKey key = makeKey(group.problem, product, part);
    ProductKey terms(product.terms.begin() + part.begin, product.terms.begin() + part.end);
    bool turned = plan.turned.count(key) != (key != terms);
    if (llvm::is_contained(plan.folded, key))
      return foldConstant(builder, loc, key, turned);
    if (product.isBackward && llvm::is_contained(plan.saved, key))
      return Stored{readLater(made[false].at(key)), turned};
    auto known = made[product.isBackward].find(key);
    if (known != made[product.isBackward].end())
      return Stored{known->second, turned};
    again = product.isBackward && made[false].count(key);
    Value value;
    auto isGraph = [&](const Bracket &leaf) {
      return leaf.isLeaf() && group.problem.factors[product.terms[leaf.begin].factor].isGraph;
    };
    if (isGraph(*part.left) || isGraph(*part.right)) {
      bool graphLeft = isGraph(*part.left);
      const ProductTerm &term = product.terms[(graphLeft ? part.left : part.right)->begin];
      FailureOr<Stored> dense = build(builder, loc, product, graphLeft ? *part.right : *part.left, again);
      if (failed(dense))
        return failure();
      // L S is the transpose of S' L'.
      bool transposed = term.transposed != !graphLeft && !group.problem.factors[term.factor].isSymmetric;
      value = createAggregate(builder, loc, group.factors[term.factor], transposed, dense->value, product.isBackward);
    } else {
      FailureOr<Stored> left = build(builder, loc, product, *part.left, again);
      FailureOr<Stored> right = build(builder, loc, product, *part.right, again);
      if (failed(left) || failed(right))
        return failure();
      value = turned ? createMatmul(builder, loc, right->value, !right->turned, left->value, !left->turned)
                     : createMatmul(builder, loc, left->value, left->turned, right->value, right->turned);
    }
    made[product.isBackward][key] = value;
    return Stored{value, turned};
  }

  FailureOr<Stored> foldConstant(OpBuilder &builder, Location loc, const ProductKey &key, bool turned) {
    Value &value = constants[key];
    if (!value) {
      ProductKey terms = key;
      if (plan.turned.count(key)) {
        std::reverse(terms.begin(), terms.end());
        for (ProductTerm &term : terms)
          term.transposed = !term.transposed && !group.problem.factors[term.factor].isSymmetric;
      }
      std::string reason;
      DenseElementsAttr contents = evaluateConstant(group, terms, reason);
      if (!contents)
        return emitError(loc) << "cannot multiply constants: " << reason;
      OpBuilder start = OpBuilder::atBlockBegin(builder.getInsertionBlock());
      value = arith::ConstantOp::create(start, loc, contents);
    }
    return Stored{value, turned};
  }

  static Value createMatmul(OpBuilder &builder, Location loc, Value lhs, bool transposeLhs, Value rhs,
                            bool transposeRhs) {
    auto lhsType = cast<RankedTensorType>(lhs.getType()), rhsType = cast<RankedTensorType>(rhs.getType());
    auto type = RankedTensorType::get(
        {lhsType.getDimSize(transposeLhs ? 1 : 0), rhsType.getDimSize(transposeRhs ? 0 : 1)}, lhsType.getElementType());
    return MatmulOp::create(builder, loc, type, lhs, rhs, /*lhs_scales=*/Value(), /*rhs_scales=*/Value(),
                            /*bias=*/Value(), transposeLhs, transposeRhs);
  }

  Value createAggregate(OpBuilder &builder, Location loc, const FactorValues &factor, bool transposed, Value features,
                        bool isBackward) {
    auto read = [&](Value value) { return value && isBackward ? readLater(value) : value; };
    Value rowScales = read(factor.rowScales), columnScales = read(factor.columnScales);
    Value graph = factor.value, order = transposed ? Value() : factor.order;
    if (transposed)
      std::tie(graph, order) = getTransposed(loc, factor);
    // Only edge values have an order.
    if (!factor.edgeValues || (!transposed && factor.transposed))
      order = nullptr;
    auto type = cast<RankedTensorType>(features.getType());
    auto graphType = cast<RankedTensorType>(graph.getType());
    auto resultType = RankedTensorType::get({graphType.getDimSize(0), type.getDimSize(1)}, type.getElementType());
    return AggregateOp::create(builder, loc, resultType, /*winners=*/Type(), AggregateKind::Sum, graph, features,
                               read(factor.edgeValues), order, transposed ? columnScales : rowScales,
                               transposed ? rowScales : columnScales)
        .getResult();
  }

  /// The transposed graph and its order: what the IR has already, if that is in reach, else made behind the graph.
  std::pair<Value, Value> getTransposed(Location loc, const FactorValues &factor) {
    auto reaches = [&](Value value) {
      Operation *op = value ? value.getDefiningOp() : nullptr;
      return !op || op->isBeforeInBlock(group.roots.front());
    };
    if (factor.transposed && reaches(factor.transposed) && reaches(factor.order) &&
        (!factor.edgeValues || factor.order))
      return {factor.transposed, factor.order};
    std::pair<Value, Value> &made = transposes[factor.value];
    if (!made.first) {
      if (!factor.edgeValues && isKnownSymmetric(factor.value))
        return made = {factor.value, Value()};
      OpBuilder builder(factor.value.getContext());
      builder.setInsertionPointAfterValue(factor.value);
      auto type = cast<RankedTensorType>(factor.value.getType());
      auto turned =
          RankedTensorType::get({type.getDimSize(1), type.getDimSize(0)}, type.getElementType(), type.getEncoding());
      auto orderType = RankedTensorType::get({countEdges(factor.value)}, builder.getI32Type());
      auto op = TransposeOp::create(builder, loc, turned, orderType, factor.value);
      made = {op.getTransposed(), op.getOrder()};
    }
    return made;
  }

  const ProductGroup &group;
  const ProductPlan &plan;
  Operation *boundary;
  std::map<ProductKey, Value> made[2]; // by the forward and by the backward pass
  std::map<ProductKey, Value> constants;
  DenseMap<Value, std::pair<Value, Value>> transposes;
  DenseMap<Value, Value> readAgains;
  SmallVector<std::pair<Operation *, Value>> replacements;
};
} // namespace

LogicalResult spnn::emitProducts(const ProductGroup &group, const ProductPlan &plan, Operation *boundary) {
  return ProductEmitter(group, plan, boundary).emit();
}
