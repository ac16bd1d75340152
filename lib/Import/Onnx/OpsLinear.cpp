//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Matrix products: Gemm and MatMul of all ranks, in the form that the compiler raises to spnn.matmul.
//
//===----------------------------------------------------------------------===//
#include "Builders.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace spnn::onnximport;

/// value * factor, or the value if the factor is 1.
static Value scaled(Node &n, Value value, double factor) {
  if (!value || factor == 1.0)
    return value;
  return elementwise(n, value, typeOf(value).getElementType(),
                     [&](Scalars &s, ValueRange x) { return s.mul(x[0], s.constantLike(x[0], factor)); });
}

static Value plus(Node &n, Value x, Value y) {
  if (!x || !y)
    return Value();
  return elementwise(n, {x, y}, typeOf(x).getElementType(), [](Scalars &s, ValueRange v) { return s.add(v[0], v[1]); });
}

/// Whether two inner extents of a product can be one; the reason otherwise.
static bool innerAgree(Node &n, int64_t x, int64_t y) {
  if (x == y || ShapedType::isDynamic(x) || ShapedType::isDynamic(y))
    return true;
  return (void)n.refuse("inner extents " + Twine(x) + " and " + Twine(y) + " differ"), false;
}

static LogicalResult importGemm(Node &n) {
  if (n.rank(0) != 2 || n.rank(1) != 2)
    return n.refuse("its factors have ranks " + Twine(n.rank(0)) + " and " + Twine(n.rank(1)) + ", expected 2 and 2");
  bool transA = n.integer("transA", 0) != 0, transB = n.integer("transB", 0) != 0;
  if (!innerAgree(n, n.shape(0)[transA ? 0 : 1], n.shape(1)[transB ? 1 : 0]))
    return failure();
  Value lhs = n.in(0), rhs = n.in(1);
  if (transA)
    lhs = transpose(n, lhs, {1, 0});
  if (transB)
    rhs = transpose(n, rhs, {1, 0});
  Value result = scaled(n, matmul(n, lhs, rhs, n.elementType(0)), n.real("alpha", 1));
  double beta = n.real("beta", 1);
  if (!n.has(2) || beta == 0)
    return n.set(0, result);
  Value bias = n.in(2);
  if (n.rank(2) > 2)
    return n.refuse("its C has rank " + Twine(n.rank(2)) + ", expected at most 2");
  // A row is a bias along the columns, the form that epilogues know.
  if (n.rank(2) == 2 && n.shape(2)[0] == 1)
    bias = reshape(n, bias, {sizeOf(n, bias, 1)});
  for (auto [c, y] : llvm::zip(llvm::reverse(typeOf(bias).getShape()), llvm::reverse(typeOf(result).getShape())))
    if (c != 1 && c != y && !ShapedType::isDynamic(c) && !ShapedType::isDynamic(y))
      return n.refuse("its C of extent " + Twine(c) + " does not broadcast to extent " + Twine(y));
  return n.set(0, plus(n, result, scaled(n, bias, beta)));
}

/// linalg.generic for products whose batch dimensions broadcast.
static Value broadcastMatmul(Node &n, Value lhs, Value rhs, ArrayRef<OpFoldResult> batch, Type result) {
  int64_t lead = batch.size(), rank = lead + 3;
  auto mapFor = [&](Value value, int64_t row, int64_t col) {
    SmallVector<AffineExpr> exprs;
    auto type = typeOf(value);
    int64_t own = type.getRank() - 2;
    for (int64_t d = 0; d < own; ++d) {
      int64_t at = lead - own + d;
      bool stretched = type.getDimSize(d) == 1 && getConstantIntValue(batch[at]) != 1;
      exprs.push_back(stretched ? n.b.getAffineConstantExpr(0) : n.b.getAffineDimExpr(at));
    }
    exprs.push_back(n.b.getAffineDimExpr(row));
    exprs.push_back(n.b.getAffineDimExpr(col));
    return AffineMap::get(rank, 0, exprs, n.b.getContext());
  };
  SmallVector<OpFoldResult> sizes(batch);
  sizes.push_back(sizeOf(n, lhs, typeOf(lhs).getRank() - 2));
  sizes.push_back(sizeOf(n, rhs, typeOf(rhs).getRank() - 1));
  SmallVector<AffineExpr> outExprs;
  for (int64_t d = 0; d < lead + 2; ++d)
    outExprs.push_back(n.b.getAffineDimExpr(d));
  SmallVector<AffineMap> maps = {mapFor(lhs, lead, lead + 2), mapFor(rhs, lead + 2, lead + 1),
                                 AffineMap::get(rank, 0, outExprs, n.b.getContext())};
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  iterators.back() = utils::IteratorType::reduction;
  Value init = filled(n, sizes, numberAttr(result, 0));
  return linalg::GenericOp::create(n.b, init.getType(), ValueRange{lhs, rhs}, init, maps, iterators,
                                   [](OpBuilder &builder, Location loc, ValueRange x) {
                                     Scalars s{ImplicitLocOpBuilder(loc, builder), false};
                                     linalg::YieldOp::create(s.b, s.add(x[2], s.mul(x[0], x[1])));
                                   })
      .getResult(0);
}

Value spnn::onnximport::matmulAnyRank(Node &n, Value lhs, Value rhs, Type element) {
  if (!lhs || !rhs)
    return Value();
  int64_t lhsRank = typeOf(lhs).getRank(), rhsRank = typeOf(rhs).getRank();
  if (lhsRank == 0 || rhsRank == 0)
    return n.fail("a factor is a scalar");
  // Vectors are matrices of one row or column, which the result then lacks.
  bool dropRow = lhsRank == 1, dropColumn = rhsRank == 1;
  if (dropRow)
    lhs = reshape(n, lhs, {number(n, 1), sizeOf(n, lhs, 0)});
  if (dropColumn)
    rhs = reshape(n, rhs, {sizeOf(n, rhs, 0), number(n, 1)});
  lhsRank = typeOf(lhs).getRank();
  rhsRank = typeOf(rhs).getRank();
  if (!innerAgree(n, typeOf(lhs).getDimSize(lhsRank - 1), typeOf(rhs).getDimSize(rhsRank - 2)))
    return Value();

  Value result;
  if (rhsRank == 2) {
    // All rows of all batches are rows of one product: the form of a Linear layer.
    SmallVector<OpFoldResult> sizes = sizesOf(n, lhs);
    OpFoldResult rows = number(n, 1);
    for (OpFoldResult size : ArrayRef(sizes).drop_back())
      rows = mulSize(n, rows, size);
    Value flat = lhsRank == 2 ? lhs : reshape(n, lhs, {rows, sizes.back()});
    if (!flat)
      return Value();
    result = matmul(n, flat, rhs, element);
    sizes.back() = sizeOf(n, rhs, 1);
    if (lhsRank != 2)
      result = reshape(n, result, sizes);
  } else {
    auto leading = [&](Value value) { return typeOf(value).getShape().drop_back(2); };
    // Only their types matter to the broadcast; slices of ones stand for the batch dimensions.
    SmallVector<OpFoldResult> batch;
    int64_t lead = std::max(lhsRank, rhsRank) - 2;
    for (int64_t d = 0; d < lead; ++d) {
      auto extent = [&](Value value) -> int64_t {
        int64_t at = d - (lead - static_cast<int64_t>(leading(value).size()));
        return at < 0 ? 1 : leading(value)[at];
      };
      int64_t x = extent(lhs), y = extent(rhs);
      bool fromLhs = x != 1 && (y == 1 || !ShapedType::isDynamic(x));
      if (x != 1 && y != 1 && x != y && !ShapedType::isDynamic(x) && !ShapedType::isDynamic(y))
        return n.fail("batch extents " + Twine(x) + " and " + Twine(y) + " do not broadcast");
      Value from = fromLhs ? lhs : rhs;
      int64_t at = d - (lead - static_cast<int64_t>(leading(from).size()));
      batch.push_back(at < 0 ? number(n, 1) : sizeOf(n, from, at));
    }
    if (lhsRank == rhsRank && leading(lhs) == leading(rhs)) {
      // Equal batch dimensions become one.
      OpFoldResult count = number(n, 1);
      for (OpFoldResult size : batch)
        count = mulSize(n, count, size);
      SmallVector<OpFoldResult> sizes = batch;
      sizes.push_back(sizeOf(n, lhs, lhsRank - 2));
      sizes.push_back(sizeOf(n, rhs, rhsRank - 1));
      Value x = reshape(n, lhs, {count, sizes[lead], sizeOf(n, lhs, lhsRank - 1)});
      Value y = reshape(n, rhs, {count, sizeOf(n, rhs, rhsRank - 2), sizes[lead + 1]});
      if (!x || !y)
        return Value();
      Value init = filled(n, {count, sizes[lead], sizes[lead + 1]}, numberAttr(element, 0));
      result = linalg::BatchMatmulOp::create(n.b, init.getType(), ValueRange{x, y}, init).getResult(0);
      result = reshape(n, result, sizes);
    } else {
      result = broadcastMatmul(n, lhs, rhs, batch, element);
    }
  }
  if (!dropRow && !dropColumn)
    return result;
  SmallVector<OpFoldResult> sizes = sizesOf(n, result);
  if (dropColumn)
    sizes.pop_back();
  if (dropRow)
    sizes.erase(sizes.end() - (dropColumn ? 1 : 2));
  return reshape(n, result, sizes);
}

static LogicalResult importMatMul(Node &n) { return n.set(0, matmulAnyRank(n, n.in(0), n.in(1), n.elementType(0))); }

ArrayRef<OpEntry> spnn::onnximport::linearOps() {
  static const OpEntry entries[] = {
      {"Gemm", importGemm, ""},
      {"MatMul", importMatMul, ""},
  };
  return entries;
}
