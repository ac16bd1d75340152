//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads elementwise ops behind a product as one scalar expression act(product + bias).
//
//===----------------------------------------------------------------------===//
#include "EpilogueMatcher.h"

#include "GraphUtils.h"
#include "spnn/IR/SparseFormats.h"
#include "spnn/Transforms/ActivationMatcher.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

#include <map>

using namespace mlir;
using namespace spnn;

using Kind = ScalarExpr::Kind;

/// Bodies and chains larger than this are not searched.
static constexpr size_t kMaxOps = 64;

bool spnn::isElementwiseTensorOp(Operation *op) {
  return op->hasTrait<OpTrait::Elementwise>() && op->getNumResults() == 1 && op->getNumRegions() == 0 &&
         isa<RankedTensorType>(op->getResult(0).getType()) &&
         isa_and_nonnull<arith::ArithDialect, math::MathDialect>(op->getDialect());
}

/// An elementwise or copying structured op with one result, which it writes by a permutation of the loops.
static linalg::LinalgOp getElementwiseLinalgOp(Operation *op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp || !linalgOp.hasPureTensorSemantics() || linalgOp->getNumResults() != 1 ||
      linalgOp.getNumReductionLoops() != 0 || isa<linalg::FillOp>(op) ||
      !linalgOp.getIndexingMapsArray().back().isPermutation())
    return {};
  return linalgOp;
}

SmallVector<EpilogueRoot> spnn::collectEpilogueRoots(MatmulOp product) {
  SetVector<Operation *> reached;
  reached.insert(product);
  for (size_t i = 0; i < reached.size() && reached.size() < kMaxOps; ++i)
    for (Operation *user : reached[i]->getUsers())
      if (user->getBlock() == product->getBlock() && (isElementwiseTensorOp(user) || getElementwiseLinalgOp(user)))
        reached.insert(user);
  SmallVector<Operation *> ordered(reached.begin() + 1, reached.end());
  llvm::sort(ordered, [](Operation *a, Operation *b) { return b->isBeforeInBlock(a); });
  SmallVector<EpilogueRoot> roots;
  for (Operation *op : ordered) {
    roots.push_back({op->getResult(0), {}});
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (!generic)
      continue;
    for (Operation &inner : llvm::reverse(generic.getBody()->without_terminator()))
      if (inner.getNumResults() == 1)
        roots.push_back({inner.getResult(0), generic});
  }
  return roots;
}

namespace {
/// Builds the expression of a value. Positions are tracked as `dims`: for each dimension of a value, the dimension of
/// the root that it runs along, or -1 where only index 0 is read.
class Extractor {
public:
  Extractor(MatmulOp product) : product(product) {}

  /// The expression of the element of `value` at the root's position.
  ScalarExprRef getTensor(Value value, ArrayRef<int> dims);
  /// The expression of a scalar in the body of `op`, whose loops run along `loopDims`.
  ScalarExprRef getScalar(Value value, linalg::LinalgOp op, ArrayRef<int> loopDims);

  /// For each dimension of the product, the root's dimension; empty until the product was met.
  SmallVector<int> productDims;
  std::optional<BiasOperand> bias;
  /// Whether `expr` reads the product without and with the bias.
  bool readsProduct(const ScalarExprRef &expr) const { return reads(expr, variable); }
  bool readsBiased(const ScalarExprRef &expr) const { return reads(expr, biased); }
  SetVector<Operation *> absorbed;
  /// The scalars inside of bodies that depend on the product.
  DenseSet<Operation *> absorbedScalars;
  std::string reason;

private:
  /// Leaves beside the variable that only an addition to the product may use.
  ScalarExprRef makeBias(BiasOperand operand);
  ScalarExprRef getOperation(Operation *op, ArrayRef<ScalarExprRef> operands);
  ScalarExprRef getSelect(arith::SelectOp op, ArrayRef<ScalarExprRef> operands, arith::CmpFOp compare,
                          ArrayRef<ScalarExprRef> compared);
  ScalarExprRef getAddition(ScalarExprRef a, ScalarExprRef b);
  static bool reads(const ScalarExprRef &expr, const ScalarExprRef &leaf) {
    return expr == leaf || llvm::any_of(expr->operands, [&](const ScalarExprRef &e) { return reads(e, leaf); });
  }
  ScalarExprRef unknown(const Twine &why) {
    if (reason.empty())
      reason = why.str();
    return makeExpr(Kind::Unknown, {});
  }
  template <typename GetOperand> ScalarExprRef getOpWithOperands(Operation *op, GetOperand getOperand);

  MatmulOp product;
  ScalarExprRef variable = makeVariable(); ///< the product
  ScalarExprRef biased = makeVariable();   ///< the product + the bias
  ScalarExprRef biasLeaf;
  std::map<std::pair<const void *, std::vector<int>>, ScalarExprRef> known;
};
} // namespace

ScalarExprRef Extractor::makeBias(BiasOperand operand) {
  if (bias && (bias->value != operand.value || bias->rows != operand.rows || bias->axis != operand.axis))
    return unknown("a second vector is used");
  if (!bias) {
    bias = operand;
    biasLeaf = makeExpr(Kind::Unknown, {});
  }
  return biasLeaf;
}

ScalarExprRef Extractor::getAddition(ScalarExprRef a, ScalarExprRef b) {
  if (b == variable)
    std::swap(a, b);
  if (a != variable)
    return makeExpr(Kind::Add, {a, b});
  // One number added to the product is a vector along its rows.
  int64_t rows = product.getRows();
  if (b->kind == Kind::Constant && !ShapedType::isDynamic(rows)) {
    Type element = getElementTypeOrSelf(product.getType());
    auto splat = SplatElementsAttr::get(RankedTensorType::get({rows}, element), FloatAttr::get(element, b->value));
    b = makeBias({{}, splat, static_cast<unsigned>(productDims[0])});
  }
  return biasLeaf && b == biasLeaf ? biased : makeExpr(Kind::Add, {a, b});
}

/// relu as a comparison of x with 0 that selects between the two.
ScalarExprRef Extractor::getSelect(arith::SelectOp op, ArrayRef<ScalarExprRef> operands, arith::CmpFOp compare,
                                   ArrayRef<ScalarExprRef> compared) {
  auto isZero = [](const ScalarExprRef &e) { return e->kind == Kind::Constant && e->value == 0; };
  arith::CmpFPredicate predicate = compare.getPredicate();
  ScalarExprRef x = compared[0];
  bool swapped = isZero(x);
  if (swapped)
    x = compared[1];
  if (!isZero(compared[swapped ? 0 : 1]) || isZero(x))
    return unknown("a selection that is no maximum with 0");
  // What is selected where x is greater than 0, less than 0 or NaN.
  auto picks = [&](bool greater, bool less, bool unordered) {
    if (swapped)
      std::swap(greater, less);
    bool holds = false;
    switch (predicate) {
    case arith::CmpFPredicate::OGT:
    case arith::CmpFPredicate::OGE:
      holds = greater;
      break;
    case arith::CmpFPredicate::OLT:
    case arith::CmpFPredicate::OLE:
      holds = less;
      break;
    case arith::CmpFPredicate::UGT:
    case arith::CmpFPredicate::UGE:
      holds = greater || unordered;
      break;
    case arith::CmpFPredicate::ULT:
    case arith::CmpFPredicate::ULE:
      holds = less || unordered;
      break;
    default:
      return ScalarExprRef();
    }
    return operands[holds ? 0 : 1];
  };
  ScalarExprRef above = picks(true, false, false), below = picks(false, true, false), nan = picks(false, false, true);
  if (above != x || !below || !isZero(below))
    return unknown("a selection that is no maximum with 0");
  bool noNaNs = arith::bitEnumContainsAll(compare.getFastmath(), arith::FastMathFlags::nnan);
  return makeExpr(nan == x || noNaNs ? Kind::Relu : Kind::ReluNoNaN, {x});
}

ScalarExprRef Extractor::getOperation(Operation *op, ArrayRef<ScalarExprRef> operands) {
  auto unary = [&](Kind kind) { return makeExpr(kind, {operands[0]}); };
  auto binary = [&](Kind kind) { return makeExpr(kind, {operands[0], operands[1]}); };
  auto maximum = [&](Kind kind) {
    for (unsigned i : {0, 1})
      if (operands[i]->kind == Kind::Constant && operands[i]->value == 0)
        return makeExpr(kind, {operands[1 - i]});
    return unknown("a maximum with something else than 0");
  };
  if (isa<arith::AddFOp>(op))
    return getAddition(operands[0], operands[1]);
  if (isa<arith::SubFOp>(op))
    return binary(Kind::Sub);
  if (isa<arith::MulFOp>(op))
    return binary(Kind::Mul);
  if (isa<arith::DivFOp>(op))
    return binary(Kind::Div);
  if (isa<arith::NegFOp>(op))
    return unary(Kind::Neg);
  if (isa<arith::MaximumFOp>(op))
    return maximum(Kind::Relu);
  if (auto max = dyn_cast<arith::MaxNumFOp>(op))
    return maximum(arith::bitEnumContainsAll(max.getFastmath(), arith::FastMathFlags::nnan) ? Kind::Relu
                                                                                            : Kind::ReluNoNaN);
  if (isa<math::ExpOp>(op))
    return unary(Kind::Exp);
  if (isa<math::ErfOp>(op))
    return unary(Kind::Erf);
  if (isa<math::ErfcOp>(op))
    return unary(Kind::Erfc);
  if (isa<math::TanhOp>(op))
    return unary(Kind::Tanh);
  if (isa<math::PowFOp>(op) && operands[1]->kind == Kind::Constant)
    return makeExpr(Kind::Power, {operands[0]}, operands[1]->value);
  if (isa<math::FPowIOp>(op)) {
    IntegerAttr power;
    if (matchPattern(op->getOperand(1), m_Constant(&power)))
      return makeExpr(Kind::Power, {operands[0]}, static_cast<double>(power.getInt()));
    SplatElementsAttr powers;
    if (matchPattern(op->getOperand(1), m_Constant(&powers)))
      return makeExpr(Kind::Power, {operands[0]}, static_cast<double>(powers.getSplatValue<APInt>().getSExtValue()));
  }
  return unknown("an operation that no activation has, " + op->getName().getStringRef());
}

/// The expression of `op`, given one for each operand; comparisons are read together with their selection.
template <typename GetOperand> ScalarExprRef Extractor::getOpWithOperands(Operation *op, GetOperand getOperand) {
  auto getAll = [&](ValueRange values) {
    SmallVector<ScalarExprRef> result;
    for (Value value : values)
      result.push_back(isa<FloatType>(getElementTypeOrSelf(value)) ? getOperand(value) : nullptr);
    return result;
  };
  if (isa<arith::CmpFOp>(op))
    return unknown("a comparison that selects nothing");
  auto select = dyn_cast<arith::SelectOp>(op);
  if (!select) {
    SmallVector<ScalarExprRef> operands = getAll(op->getOperands());
    if (operands.empty() || !operands[0])
      return unknown("an operation that no activation has, " + op->getName().getStringRef());
    return getOperation(op, operands);
  }
  auto compare = select.getCondition().template getDefiningOp<arith::CmpFOp>();
  if (!compare)
    return unknown("a selection that is no maximum with 0");
  if (isa<RankedTensorType>(compare.getType()))
    absorbed.insert(compare);
  else
    absorbedScalars.insert(compare);
  return getSelect(select, getAll({select.getTrueValue(), select.getFalseValue()}), compare,
                   getAll({compare.getLhs(), compare.getRhs()}));
}

ScalarExprRef Extractor::getScalar(Value value, linalg::LinalgOp op, ArrayRef<int> loopDims) {
  if (std::optional<double> constant = getSplatValue(value))
    return makeConstant(*constant);
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (argument.getOwner() != op.getBlock())
      return unknown("a scalar that is no constant");
    OpOperand *operand = op.getMatchingOpOperand(argument);
    SmallVector<int> dims;
    for (AffineExpr result : op.getMatchingIndexingMap(operand).getResults()) {
      if (auto dim = dyn_cast<AffineDimExpr>(result))
        dims.push_back(loopDims[dim.getPosition()]);
      else if (auto index = dyn_cast<AffineConstantExpr>(result); index && index.getValue() == 0)
        dims.push_back(-1);
      else
        return unknown("an access that is no projected permutation");
    }
    return getTensor(operand->get(), dims);
  }
  Operation *inner = value.getDefiningOp();
  if (inner->getBlock() != op.getBlock())
    return unknown("a scalar that is no constant");
  absorbedScalars.insert(inner);
  auto &result = known[{value.getAsOpaquePointer(), {}}];
  if (!result)
    result = getOpWithOperands(inner, [&](Value operand) { return getScalar(operand, op, loopDims); });
  return result;
}

/// The rows of a constant matrix, or its columns with `axis` 0, if they are all the same.
static DenseElementsAttr getEqualRows(Value value, unsigned axis) {
  DenseElementsAttr attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return {};
  std::optional<format::DenseMatrix> matrix = readDenseMatrix(attr);
  if (!matrix || matrix->shape.rows == 0 || matrix->shape.cols == 0)
    return {};
  if (axis == 0)
    *matrix = transposeMatrix(*matrix);
  size_t row = matrix->shape.cols * matrix->elementBytes;
  for (int64_t i = 1; i < matrix->shape.rows; ++i)
    if (!std::equal(matrix->element(0, 0), matrix->element(0, 0) + row, matrix->element(i, 0)))
      return {};
  matrix->data.resize(row);
  auto type = RankedTensorType::get({matrix->shape.cols}, attr.getElementType());
  return DenseElementsAttr::getFromRawBuffer(type,
                                             ArrayRef<char>(reinterpret_cast<const char *>(matrix->data.data()), row));
}

ScalarExprRef Extractor::getTensor(Value value, ArrayRef<int> dims) {
  if (value == product.getResult()) {
    if (dims.size() != 2 || llvm::is_contained(dims, -1) || dims[0] == dims[1])
      return unknown("the product is not read as a whole");
    if (!productDims.empty() && ArrayRef<int>(productDims) != dims)
      return unknown("the product is read both as it is and transposed");
    productDims = llvm::to_vector(dims);
    return variable;
  }
  if (std::optional<double> constant = getSplatValue(value))
    return makeConstant(*constant);
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type)
    return unknown("a scalar that is no constant");
  if (type.getRank() == 1 && dims[0] >= 0)
    return makeBias({value, {}, static_cast<unsigned>(dims[0])});
  // A matrix of one row or one column is a vector along the other axis.
  if (type.getRank() == 2 && !type.getEncoding()) {
    for (unsigned axis : {0, 1})
      if (dims[axis] >= 0 && (dims[1 - axis] < 0 || type.getDimSize(1 - axis) == 1) && type.getDimSize(axis) != 1)
        if (!value.getDefiningOp() || matchPattern(value, m_Constant()) ||
            !(isElementwiseTensorOp(value.getDefiningOp()) || getElementwiseLinalgOp(value.getDefiningOp())))
          return makeBias({value, {}, static_cast<unsigned>(dims[axis])});
    for (unsigned axis : {0, 1})
      if (dims[axis] >= 0)
        if (DenseElementsAttr rows = getEqualRows(value, axis))
          return makeBias({{}, rows, static_cast<unsigned>(dims[axis])});
  }
  Operation *op = value.getDefiningOp();
  if (!op)
    return unknown("an operand that is neither a constant nor a vector");
  auto &result = known[{value.getAsOpaquePointer(), std::vector<int>(dims.begin(), dims.end())}];
  if (result)
    return result;
  // Extents of 1 that were put around a vector.
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    SmallVector<int> sourceDims;
    for (const ReassociationIndices &group : expand.getReassociationIndices()) {
      SmallVector<int64_t> kept;
      for (int64_t dim : group)
        if (type.getDimSize(dim) != 1)
          kept.push_back(dim);
      if (kept.size() > 1)
        return result = unknown("a reshaped operand");
      sourceDims.push_back(kept.empty() ? -1 : dims[kept.front()]);
    }
    return result = getTensor(expand.getSrc(), sourceDims);
  }
  if (isElementwiseTensorOp(op)) {
    absorbed.insert(op);
    return result = getOpWithOperands(op, [&](Value operand) { return getTensor(operand, dims); });
  }
  if (linalg::LinalgOp linalgOp = getElementwiseLinalgOp(op)) {
    absorbed.insert(op);
    SmallVector<int> loopDims(linalgOp.getNumLoops());
    for (auto [position, loop] : llvm::enumerate(linalgOp.getIndexingMapsArray().back().getResults()))
      loopDims[cast<AffineDimExpr>(loop).getPosition()] = dims[position];
    return result = getScalar(linalgOp.getBlock()->getTerminator()->getOperand(0), linalgOp, loopDims);
  }
  return result = unknown("an operand that is neither a constant nor a vector, " + op->getName().getStringRef());
}

/// Ops among `ops` that the product does not reach may stay alive for other users.
static void keepReached(SetVector<Operation *> &ops, MatmulOp product) {
  DenseSet<Value> reached{product.getResult()};
  SmallVector<Operation *> ordered;
  for (Operation *op : ops.takeVector())
    if (op->getBlock() == product->getBlock())
      ordered.push_back(op);
  llvm::sort(ordered, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  for (Operation *op : ordered) {
    if (llvm::none_of(op->getOperands(), [&](Value operand) { return reached.contains(operand); }))
      continue;
    reached.insert(op->getResult(0));
    ops.insert(op);
  }
}

/// Reads the root, a value or a scalar in a body.
static ScalarExprRef readRoot(Extractor &extractor, EpilogueRoot root) {
  if (!root.body)
    return extractor.getTensor(root.value, {0, 1});
  return extractor.getScalar(root.value, cast<linalg::LinalgOp>(root.body.getOperation()), {0, 1});
}

std::optional<Epilogue> spnn::matchEpilogue(MatmulOp product, EpilogueRoot root, std::string &reason,
                                            bool &isNearMiss) {
  isNearMiss = false;
  Type type = root.body ? root.body->getResult(0).getType() : root.value.getType();
  Type element = getElementTypeOrSelf(product.getType());
  if (cast<RankedTensorType>(type).getRank() != 2 || getElementTypeOrSelf(root.value) != element) {
    reason = "the result has another rank or element type";
    return std::nullopt;
  }
  if (root.body && (root.body.getNumLoops() != 2 || !root.body.getIndexingMapsArray().back().isIdentity())) {
    reason = "the result is not written in the order of the loops";
    return std::nullopt;
  }
  Extractor extractor(product);
  ScalarExprRef expr = readRoot(extractor, root);
  if (extractor.productDims.empty()) {
    reason = extractor.reason.empty() ? "the product is not read" : extractor.reason;
    return std::nullopt;
  }
  // Constants were rounded to the element type at least once.
  double tolerance =
      std::max(1e-6, 4 * std::ldexp(1.0, -static_cast<int>(cast<FloatType>(element).getFPMantissaWidth())));
  std::optional<Activation> activation = matchActivation(expr, reason, tolerance);
  if (!activation) {
    isNearMiss = reason.find("NaN") != std::string::npos;
    if (!extractor.reason.empty())
      reason = extractor.reason;
    return std::nullopt;
  }
  Epilogue result;
  result.activation = *activation;
  if (extractor.readsBiased(expr)) {
    if (extractor.readsProduct(expr)) {
      reason = "the product is used both with and without the bias";
      return std::nullopt;
    }
    result.bias = extractor.bias;
  }
  result.transposed = extractor.productDims[0] == 1;
  if (*activation == Activation::None && !result.bias) {
    reason = "nothing is computed";
    return std::nullopt;
  }
  // From here on a person would expect the fusion.
  isNearMiss = true;
  if (product.getActivation() != Activation::None || (result.bias && product.getBias())) {
    reason = "the product already has an epilogue";
    isNearMiss = false;
    return std::nullopt;
  }
  keepReached(extractor.absorbed, product);
  result.absorbed = extractor.absorbed;
  Operation *last = root.body ? root.body.getOperation() : root.value.getDefiningOp();
  auto usedElsewhere = [&](Operation *op) {
    return op != last && llvm::any_of(op->getUsers(),
                                      [&](Operation *user) { return user != last && !result.absorbed.contains(user); });
  };
  if (usedElsewhere(product) || llvm::any_of(result.absorbed, usedElsewhere)) {
    reason = "the product or a step of its epilogue has other uses";
    return std::nullopt;
  }
  if (!root.body)
    return result;
  // In a body, the rest of it must read nothing that the root was computed from.
  DenseSet<Value> inner;
  for (OpOperand &operand : root.body->getOpOperands())
    if (Operation *source = operand.get().getDefiningOp(); source == product || result.absorbed.contains(source))
      inner.insert(root.body.getMatchingBlockArgument(&operand));
  for (Operation &op : *root.body.getBody()) {
    if (llvm::none_of(op.getOperands(), [&](Value operand) { return inner.contains(operand); }))
      continue;
    if (!extractor.absorbedScalars.contains(&op)) {
      reason = "the product is also used behind its epilogue";
      return std::nullopt;
    }
    if (&op != root.value.getDefiningOp())
      inner.insert(op.getResult(0));
  }
  return result;
}
