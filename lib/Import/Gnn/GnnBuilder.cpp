//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What layers of graph neural networks are built from.
//
//===----------------------------------------------------------------------===//
#include "GnnBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace spnn;
using namespace spnn::gnn;

void GnnBuilder::name(const Twine &text) {
  prefix = text.str();
  setLoc(NameLoc::get(getStringAttr(prefix)));
}

void GnnBuilder::part(const Twine &text) { setLoc(NameLoc::get(getStringAttr(prefix + "_" + text))); }

Value GnnBuilder::zeros(ArrayRef<int64_t> shape) {
  // What every product begins with gets no name.
  ImplicitLocOpBuilder b(getUnknownLoc(), *this);
  Value zero = arith::ConstantOp::create(b, getF32FloatAttr(0));
  Value empty = tensor::EmptyOp::create(b, shape, getF32Type());
  return linalg::FillOp::create(b, ValueRange{zero}, ValueRange{empty}).getResult(0);
}

Value GnnBuilder::matmul(Value lhs, Value rhs) {
  Value init = zeros({typeOf(lhs).getDimSize(0), typeOf(rhs).getDimSize(1)});
  return linalg::MatmulOp::create(*this, ValueRange{lhs, rhs}, ValueRange{init}).getResult(0);
}

Value GnnBuilder::product(const Features &features, Value weights) {
  if (features.dense)
    return matmul(features.dense, weights);
  return AggregateOp::create(*this, TypeRange{tensor({features.nodes(), typeOf(weights).getDimSize(1)})},
                             AggregateKind::Sum, features.graph, weights, features.values, /*order=*/Value(),
                             /*row_scales=*/Value(), /*column_scales=*/Value())
      .getResult();
}

Value GnnBuilder::aggregate(AggregateKind kind, Value graph, Value features, Value rowScales, Value columnScales) {
  auto type = tensor({typeOf(graph).getDimSize(0), typeOf(features).getDimSize(1)});
  return AggregateOp::create(*this, TypeRange{type}, kind, graph, features, /*edge_values=*/Value(), /*order=*/Value(),
                             rowScales, columnScales)
      .getResult();
}

Value GnnBuilder::dropout(Value source, double rate) {
  if (!seed || rate == 0)
    return source;
  return DropoutOp::create(*this, source.getType(), source, seed, getF64FloatAttr(rate), getI64IntegerAttr(streams++));
}

Features GnnBuilder::dropout(const Features &features, double rate) {
  if (features.dense)
    return {dropout(features.dense, rate), {}, {}};
  return {{}, features.graph, dropout(features.values, rate)};
}

/// Arguments of a body are called after linalg's fashion, not after the operands.
static void forgetNames(linalg::GenericOp op) {
  op.getBody()->walk([](Operation *inner) { inner->setLoc(UnknownLoc::get(inner->getContext())); });
  for (BlockArgument argument : op.getBody()->getArguments())
    argument.setLoc(UnknownLoc::get(op.getContext()));
}

Value GnnBuilder::elementwise(ValueRange operands, Body body) {
  auto type = typeOf(operands[0]);
  int64_t rank = type.getRank();
  SmallVector<AffineMap> maps;
  for (Value operand : operands)
    maps.push_back(AffineMap::getMinorIdentityMap(rank, typeOf(operand).getRank(), getContext()));
  maps.push_back(getMultiDimIdentityMap(rank));
  Value empty =
      tensor::EmptyOp::create(static_cast<OpBuilder &>(*this), getUnknownLoc(), type.getShape(), type.getElementType());
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(*this, TypeRange{type}, operands, ValueRange{empty}, maps, loops,
                                           [&](OpBuilder &nested, Location loc, ValueRange arguments) {
                                             ImplicitLocOpBuilder s(nested.getUnknownLoc(), nested);
                                             Value result = body(s, arguments.drop_back());
                                             linalg::YieldOp::create(s, result);
                                           });
  forgetNames(generic);
  return generic.getResult(0);
}

Value GnnBuilder::add(Value x, Value y) {
  return elementwise(
      {x, y}, [](ImplicitLocOpBuilder &s, ValueRange v) -> Value { return arith::AddFOp::create(s, v[0], v[1]); });
}

Value GnnBuilder::relu(Value x) {
  return elementwise({x}, [](ImplicitLocOpBuilder &s, ValueRange v) -> Value {
    return arith::MaximumFOp::create(s, v[0], arith::ConstantOp::create(s, s.getF32FloatAttr(0)));
  });
}

Value GnnBuilder::elu(Value x) {
  return elementwise({x}, [](ImplicitLocOpBuilder &s, ValueRange v) -> Value {
    Value zero = arith::ConstantOp::create(s, s.getF32FloatAttr(0));
    Value below = arith::CmpFOp::create(s, arith::CmpFPredicate::OLT, v[0], zero);
    return arith::SelectOp::create(s, below, math::ExpM1Op::create(s, v[0]), v[0]);
  });
}

Value GnnBuilder::expand(Value source, ArrayRef<int64_t> shape, ArrayRef<ReassociationIndices> groups) {
  return tensor::ExpandShapeOp::create(*this, tensor(shape), source, groups);
}

Value GnnBuilder::collapse(Value source, ArrayRef<ReassociationIndices> groups) {
  return tensor::CollapseShapeOp::create(*this, source, groups);
}

static SmallVector<AffineMap> mapsOf(ArrayRef<SmallVector<AffineExpr, 4>> expressions, MLIRContext *context) {
  return AffineMap::inferFromExprList(expressions, context);
}

Value GnnBuilder::headProducts(Value features, Value vectors) {
  int64_t nodes = typeOf(features).getDimSize(0);
  ArrayRef<int64_t> shape = typeOf(vectors).getShape();
  Value byHead = expand(features, {nodes, shape[0], shape[1]}, {{0}, {1, 2}});
  AffineExpr n, h, c;
  bindDims(getContext(), n, h, c);
  SmallVector<AffineMap> maps = mapsOf({{n, h, c}, {h, c}, {n, h}}, getContext());
  auto parallel = utils::IteratorType::parallel, reduction = utils::IteratorType::reduction;
  auto generic = linalg::GenericOp::create(*this, TypeRange{tensor({nodes, shape[0]})}, ValueRange{byHead, vectors},
                                           ValueRange{zeros({nodes, shape[0]})}, maps,
                                           ArrayRef<utils::IteratorType>{parallel, parallel, reduction},
                                           [](OpBuilder &nested, Location loc, ValueRange v) {
                                             Value term = arith::MulFOp::create(nested, loc, v[0], v[1]);
                                             Value sum = arith::AddFOp::create(nested, loc, v[2], term);
                                             linalg::YieldOp::create(nested, loc, sum);
                                           });
  forgetNames(generic);
  return generic.getResult(0);
}

Value GnnBuilder::meanOfHeads(Value features, int64_t heads) {
  int64_t nodes = typeOf(features).getDimSize(0), width = typeOf(features).getDimSize(1) / heads;
  Value byHead = expand(features, {nodes, heads, width}, {{0}, {1, 2}});
  AffineExpr n, h, c;
  bindDims(getContext(), n, h, c);
  SmallVector<AffineMap> maps = mapsOf({{n, h, c}, {n, c}}, getContext());
  auto parallel = utils::IteratorType::parallel, reduction = utils::IteratorType::reduction;
  auto generic = linalg::GenericOp::create(
      *this, TypeRange{tensor({nodes, width})}, ValueRange{byHead}, ValueRange{zeros({nodes, width})}, maps,
      ArrayRef<utils::IteratorType>{parallel, reduction, parallel}, [](OpBuilder &nested, Location loc, ValueRange v) {
        linalg::YieldOp::create(nested, loc, ValueRange{arith::AddFOp::create(nested, loc, v[1], v[0])});
      });
  forgetNames(generic);
  float share = 1.0f / static_cast<float>(heads);
  return elementwise({generic.getResult(0)}, [&](ImplicitLocOpBuilder &s, ValueRange v) -> Value {
    return arith::MulFOp::create(s, v[0], arith::ConstantOp::create(s, s.getF32FloatAttr(share)));
  });
}
