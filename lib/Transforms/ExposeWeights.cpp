//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// spnn-expose-weights: constant weights of products become parameters, those of pruned ones on their pattern.
//
//===----------------------------------------------------------------------===//
#include "GraphUtils.h"

#include "spnn/IR/SPNN.h"
#include "spnn/IR/SparseFormats.h"
#include "spnn/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace spnn {
#define GEN_PASS_DEF_EXPOSEWEIGHTS
#include "spnn/Transforms/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

static Value transpose(OpBuilder &b, Location loc, Value matrix) {
  auto type = cast<RankedTensorType>(matrix.getType());
  SmallVector<Value> sizes;
  for (int64_t dim : {1, 0})
    if (type.isDynamicDim(dim))
      sizes.push_back(tensor::DimOp::create(b, loc, matrix, dim));
  Value init = tensor::EmptyOp::create(
      b, loc, RankedTensorType::get({type.getDimSize(1), type.getDimSize(0)}, type.getElementType()), sizes);
  return linalg::TransposeOp::create(b, loc, matrix, init, ArrayRef<int64_t>{1, 0})->getResult(0);
}

namespace {
/// Nonzeros of a matrix by rows.
struct Pattern {
  SmallVector<int32_t> positions{0}, indices;
  SmallVector<APFloat> values;
};

struct ExposeWeights : public spnn::impl::ExposeWeightsBase<ExposeWeights> {
  using ExposeWeightsBase::ExposeWeightsBase;

  void runOnOperation() override {
    if (!(maxDensity >= 0 && maxDensity <= 1)) {
      getOperation().emitError() << "max-density must be from 0 to 1, got " << maxDensity.getValue();
      return signalPassFailure();
    }
    SmallVector<func::FuncOp> functions;
    for (auto candidate : getOperation().getOps<func::FuncOp>())
      if (!candidate.isExternal() && (function.empty() || candidate.getName() == function))
        functions.push_back(candidate);
    if (functions.empty() && !function.empty()) {
      getOperation().emitError() << "there is no function '" << function << "' to take weights from";
      return signalPassFailure();
    }
    for (func::FuncOp candidate : functions)
      if (failed(expose(candidate)))
        return signalPassFailure();
  }

private:
  /// A parameter and the value that the program had for it.
  struct Parameter {
    std::string name;
    TypedAttr value;
  };

  LogicalResult expose(func::FuncOp op) {
    SmallVector<MatmulOp> products;
    op.walk([&](MatmulOp product) { products.push_back(product); });
    SmallVector<Parameter> parameters;
    for (MatmulOp product : products)
      exposeOne(op, product, parameters);
    if (parameters.empty())
      return success();
    numParameters += parameters.size();
    return addInitialValues(op, parameters);
  }

  Value addParameter(func::FuncOp op, StringRef name, TypedAttr value, SmallVectorImpl<Parameter> &parameters) {
    Builder b(&getContext());
    DictionaryAttr attributes = b.getDictionaryAttr(
        {b.getNamedAttr("spnn.name", b.getStringAttr(name)), b.getNamedAttr("spnn.parameter", b.getUnitAttr())});
    unsigned number = op.getNumArguments();
    (void)op.insertArgument(number, value.getType(), attributes, op.getLoc());
    parameters.push_back({name.str(), value});
    return op.getArgument(number);
  }

  void exposeOne(func::FuncOp op, MatmulOp product, SmallVectorImpl<Parameter> &parameters) {
    std::optional<format::DenseMatrix> lhs = getConstantMatrix(product.getLhs());
    std::optional<format::DenseMatrix> rhs = lhs ? std::nullopt : getConstantMatrix(product.getRhs());
    if (!lhs && !rhs)
      return;
    auto element = cast<RankedTensorType>(product.getType()).getElementType();
    if (isQuantized(product) || !(element.isF32() || element.isF64()) ||
        getElementTypeOrSelf((lhs ? product.getLhs() : product.getRhs()).getType()) != element) {
      product.emitRemark("keeps its weights: only floats of 32 and 64 bits are trained");
      return;
    }
    if (product.getBias() || product.getActivation() != Activation::None) {
      product.emitRemark("keeps its weights: it has an epilogue; expose weights before epilogues are fused");
      return;
    }
    std::string name = "weight" + std::to_string(parameters.size());
    const format::DenseMatrix &matrix = lhs ? *lhs : *rhs;
    auto denseType = RankedTensorType::get({matrix.shape.rows, matrix.shape.cols}, element);
    DenseElementsAttr dense = writeDenseMatrix(matrix, denseType);
    // G X with the weights as G, or its transpose X' G' where they stand on the right.
    bool isTransposed = lhs ? product.getTransposeLhs() : !product.getTransposeRhs();
    Pattern pattern = findPattern(dense, isTransposed);
    double elements = static_cast<double>(denseType.getNumElements());
    if (pattern.values.size() > maxDensity * elements) {
      Value parameter = addParameter(op, name, dense, parameters);
      product.setOperand(lhs ? 0 : 1, parameter);
      product.emitRemark() << "trains all " << denseType.getNumElements() << " weights as '" << name << "'";
      return;
    }
    product.emitRemark() << "trains " << pattern.values.size() << " of " << denseType.getNumElements()
                         << " weights as '" << name << "', the others stay 0";
    OpBuilder b(product);
    Location loc = product.getLoc();
    int64_t rows = isTransposed ? matrix.shape.cols : matrix.shape.rows;
    int64_t columns = isTransposed ? matrix.shape.rows : matrix.shape.cols;
    int64_t edges = pattern.indices.size();
    auto valuesType = RankedTensorType::get({edges}, element);
    Value values = addParameter(op, name, DenseElementsAttr::get(valuesType, pattern.values), parameters);
    auto integers = [&](ArrayRef<int32_t> list) {
      return DenseElementsAttr::get(RankedTensorType::get({static_cast<int64_t>(list.size())}, b.getI32Type()), list);
    };
    auto graphType = RankedTensorType::get({rows, columns}, b.getI1Type(), AdjacencyAttr::get(&getContext()));
    Value graph = ConstantOp::create(b, loc, graphType,
                                     b.getDictionaryAttr({b.getNamedAttr("indices", integers(pattern.indices)),
                                                          b.getNamedAttr("positions", integers(pattern.positions))}));
    Value features = lhs ? product.getRhs() : product.getLhs();
    // W X needs X, X W needs X' and gives the transpose.
    if (lhs ? product.getTransposeRhs() : !product.getTransposeLhs())
      features = transpose(b, loc, features);
    auto featuresType = cast<RankedTensorType>(features.getType());
    auto resultType = RankedTensorType::get({rows, featuresType.getDimSize(1)}, element);
    Value result = AggregateOp::create(b, loc, resultType, /*winners=*/Type(), AggregateKind::Sum, graph, features, values,
                                       /*order=*/Value(), /*row_scales=*/Value(), /*column_scales=*/Value())
                       .getResult();
    if (!lhs)
      result = transpose(b, loc, result);
    product.replaceAllUsesWith(result);
    product.erase();
  }

  static Pattern findPattern(DenseElementsAttr matrix, bool isTransposed) {
    auto type = cast<RankedTensorType>(matrix.getType());
    int64_t rows = type.getDimSize(0), columns = type.getDimSize(1);
    auto all = matrix.getValues<APFloat>();
    Pattern pattern;
    for (int64_t i = 0; i < (isTransposed ? columns : rows); ++i) {
      for (int64_t j = 0; j < (isTransposed ? rows : columns); ++j) {
        APFloat value = all[isTransposed ? j * columns + i : i * columns + j];
        if (value.isZero())
          continue;
        pattern.indices.push_back(j);
        pattern.values.push_back(value);
      }
      pattern.positions.push_back(pattern.indices.size());
    }
    return pattern;
  }

  /// A function that returns what the weights were.
  LogicalResult addInitialValues(func::FuncOp op, ArrayRef<Parameter> parameters) {
    std::string name = (op.getName() + "_weights").str();
    if (SymbolTable::lookupSymbolIn(getOperation(), name))
      return op.emitError() << "there is a symbol '" << name << "' already, which is to return the weights";
    OpBuilder b(&getContext());
    b.setInsertionPointAfter(op);
    SmallVector<Type> types;
    for (const Parameter &parameter : parameters)
      types.push_back(parameter.value.getType());
    auto built = func::FuncOp::create(b, op.getLoc(), name, b.getFunctionType({}, types));
    b.setInsertionPointToStart(built.addEntryBlock());
    SmallVector<Value> values;
    for (auto [number, parameter] : llvm::enumerate(parameters)) {
      built.setResultAttr(number, "spnn.name", b.getStringAttr(parameter.name));
      values.push_back(arith::ConstantOp::create(b, op.getLoc(), parameter.value));
    }
    func::ReturnOp::create(b, op.getLoc(), values);
    return success();
  }
};
} // namespace
