//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Stops in front of an op for the extents that the types of its operands leave open.
//
//===----------------------------------------------------------------------===//
#include "ExtentChecks.h"
#include "Faults.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace spnn;

OpFoldResult ExtentChecks::extent(Value value, int64_t dim) {
  auto type = cast<RankedTensorType>(value.getType());
  if (!type.isDynamicDim(dim))
    return builder.getIndexAttr(type.getDimSize(dim));
  return getAsOpFoldResult(builder.createOrFold<tensor::DimOp>(op->getLoc(), value, dim));
}

/// The same constant, the same value, or the same extent of one tensor.
static bool areEqual(OpFoldResult a, OpFoldResult b) {
  if (isEqualConstantIntOrValue(a, b))
    return true;
  auto getDim = [](OpFoldResult x) {
    auto value = dyn_cast<Value>(x);
    return value ? value.getDefiningOp<tensor::DimOp>() : tensor::DimOp();
  };
  tensor::DimOp first = getDim(a), second = getDim(b);
  return first && second && first.getSource() == second.getSource() && first.getConstantIndex() &&
         first.getConstantIndex() == second.getConstantIndex();
}

void ExtentChecks::requireEqual(OpFoldResult found, OpFoldResult expected, const Twine &rule) {
  if (areEqual(found, expected))
    return;
  Location loc = op->getLoc();
  Value numbers[] = {getValueOrCreateConstantIndexOp(builder, loc, found),
                     getValueOrCreateConstantIndexOp(builder, loc, expected)};
  Value differ = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, numbers[0], numbers[1]);
  addStop(builder, op, differ, numbers, rule + ", got {} and {}");
}

void ExtentChecks::require(StringRef name, Value value, int64_t dim, OpFoldResult expected, const Twine &meaning) {
  if (!value || (value.getDefiningOp() == op && cast<RankedTensorType>(value.getType()).isDynamicDim(dim)))
    return;
  requireEqual(extent(value, dim), expected, name + " must have " + meaning);
}

void ExtentChecks::requireShape(StringRef name, Value value, StringRef likeName, Value like) {
  if (!value)
    return;
  for (int64_t dim = 0; dim < cast<RankedTensorType>(value.getType()).getRank(); ++dim)
    require(name, value, dim, extent(like, dim), "extent " + Twine(dim) + " of " + likeName);
}

void ExtentChecks::requireMultiple(Value value, int64_t dim, int64_t divisor, const Twine &rule) {
  OpFoldResult found = extent(value, dim);
  if (divisor == 1 || getConstantIntValue(found))
    return;
  Location loc = op->getLoc();
  Value number = cast<Value>(found), unit = arith::ConstantIndexOp::create(builder, loc, divisor);
  Value rest = arith::RemUIOp::create(builder, loc, number, unit);
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value isLeft = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, rest, zero);
  addStop(builder, op, isLeft, {number, unit}, rule + ", got {} and {}");
}

void ExtentChecks::requireAtLeast(OpFoldResult found, int64_t limit, const Twine &rule) {
  if (std::optional<int64_t> known = getConstantIntValue(found); known && *known >= limit)
    return;
  Location loc = op->getLoc();
  Value number = getValueOrCreateConstantIndexOp(builder, loc, found);
  Value bound = arith::ConstantIndexOp::create(builder, loc, limit);
  Value isLess = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, number, bound);
  addStop(builder, op, isLess, number, rule + ", got {}");
}
