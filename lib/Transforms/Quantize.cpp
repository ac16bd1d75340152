//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pass spnn-quantize: weights of products in f16, bf16 or i8, activations in bf16 or i8.
//
//===----------------------------------------------------------------------===//
#include "GraphUtils.h"
#include "spnn/IR/SparseFormats.h"
#include "spnn/Transforms/Passes.h"
#include "spnn/Transforms/Quantization.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace spnn {
#define GEN_PASS_DEF_QUANTIZE
#include "spnn/Transforms/Passes.h.inc"
} // namespace spnn

using namespace mlir;
using namespace spnn;

namespace {
struct Quantize : public spnn::impl::QuantizeBase<Quantize> {
  using QuantizeBase::QuantizeBase;

  void runOnOperation() override {
    Builder b(&getContext());
    // An error about an option; not on the op, whose whole module would be printed with it.
    auto fail = [&](const Twine &message) {
      emitError(getOperation()->getLoc()) << message;
      signalPassFailure();
    };
    weightType = llvm::StringSwitch<Type>(weights)
                     .Case("f16", b.getF16Type())
                     .Case("bf16", b.getBF16Type())
                     .Case("i8", b.getI8Type())
                     .Default({});
    activationType = llvm::StringSwitch<Type>(activations)
                         .Case("f32", b.getF32Type())
                         .Case("bf16", b.getBF16Type())
                         .Case("i8", b.getI8Type())
                         .Default({});
    if (weights.empty())
      return fail("activations of " + activations + " need option 'weights', one of f16, bf16 and i8");
    if (!weightType)
      return fail("unknown type of weights '" + weights + "', expected f16, bf16 or i8");
    if (!activationType)
      return fail("unknown type of activations '" + activations + "', expected f32, bf16 or i8");
    if (!activationType.isF32() && activationType != weightType)
      return fail("activations of " + activations + " need weights of the same type, got " + weights);
    SmallVector<MatmulOp> products;
    getOperation()->walk([&](MatmulOp op) { products.push_back(op); });
    for (MatmulOp op : products) {
      std::string reason;
      if (quantize(op, reason)) {
        ++numQuantized;
        continue;
      }
      op.emitRemark() << "not quantised: " << reason;
      ++numKept;
    }
  }

private:
  bool quantize(MatmulOp op, std::string &reason);
  /// The other operand in the type of activations; of i8 with `scales`, one for each index of dimension `axis`.
  Value convert(OpBuilder &builder, Location loc, Value x, unsigned axis, Value &scales);

  Type weightType, activationType;
};
} // namespace

bool Quantize::quantize(MatmulOp op, std::string &reason) {
  if (isQuantized(op)) {
    reason = "its operands are quantised already";
    return false;
  }
  if (!getElementTypeOrSelf(op.getType()).isF32()) {
    reason = "only products of f32 are";
    return false;
  }
  bool isLhs = isConstantMatrix(op.getLhs());
  OpOperand &operand = isLhs ? op.getLhsMutable() : op.getRhsMutable();
  Value other = isLhs ? op.getRhs() : op.getLhs();
  if (!isConstantMatrix(operand.get())) {
    reason = "no operand is constant";
    return false;
  }
  if (isSparse(other.getType()) && !activationType.isF32()) {
    reason = "both operands are sparse";
    return false;
  }
  std::optional<format::DenseMatrix> matrix = getConstantMatrix(operand.get());
  if (!matrix) {
    reason = "the contents of its constant are not at hand";
    return false;
  }
  // Scales belong to rows of op(lhs) or columns of op(rhs).
  bool byColumns = isLhs ? op.getTransposeLhs() : !op.getTransposeRhs();
  std::optional<QuantizedMatrix> narrow = weightType.isInteger()
                                              ? quantizeMatrix(*matrix, byColumns, reason)
                                              : roundMatrix(*matrix, *getFloatType(weightType), reason);
  if (!narrow)
    return false;
  OpBuilder builder(op);
  Value constant = rebuildConstant(builder, op.getLoc(), operand.get(), narrow->matrix, reason, weightType);
  if (!constant)
    return false;
  operand.set(constant);
  auto setScales = [&](bool ofLhs, Value scales) {
    (ofLhs ? op.getLhsScalesMutable() : op.getRhsScalesMutable()).assign(scales);
  };
  if (weightType.isInteger()) {
    auto type = RankedTensorType::get({static_cast<int64_t>(narrow->scales.size())}, builder.getF32Type());
    setScales(isLhs, arith::ConstantOp::create(builder, op.getLoc(),
                                               DenseElementsAttr::get(type, ArrayRef<float>(narrow->scales))));
  }
  if (!activationType.isF32()) {
    unsigned axis = isLhs ? (op.getTransposeRhs() ? 0 : 1) : (op.getTransposeLhs() ? 1 : 0);
    Value scales;
    Value converted = convert(builder, op.getLoc(), other, axis, scales);
    (isLhs ? op.getRhsMutable() : op.getLhsMutable()).set(converted);
    if (scales)
      setScales(!isLhs, scales);
  }
  InFlightDiagnostic remark = op.emitRemark() << "quantised: weights " << weightType;
  if (weightType.isInteger())
    remark << " with " << narrow->scales.size() << " scales";
  remark << ", activations " << activationType;
  if (activationType.isInteger())
    remark << " with a scale for each column";
  return true;
}

/// Applies `body` to each element of tensors of one shape; `maps` say how the inputs are read.
static SmallVector<Value> createElementwise(OpBuilder &builder, Location loc, ValueRange inputs,
                                            ArrayRef<AffineMap> maps, ArrayRef<OpFoldResult> extents,
                                            ArrayRef<Type> elements,
                                            function_ref<SmallVector<Value>(OpBuilder &, ValueRange)> body) {
  SmallVector<Value> inits;
  SmallVector<AffineMap> all(maps);
  SmallVector<Type> types;
  for (Type element : elements) {
    inits.push_back(createEmpty(builder, loc, extents, element));
    all.push_back(builder.getMultiDimIdentityMap(extents.size()));
    types.push_back(inits.back().getType());
  }
  SmallVector<utils::IteratorType> parallel(extents.size(), utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(builder, loc, types, inputs, inits, all, parallel,
                                           [&](OpBuilder &b, Location loc, ValueRange args) {
                                             linalg::YieldOp::create(b, loc, body(b, args.take_front(inputs.size())));
                                           });
  return SmallVector<Value>(generic.getResults());
}

Value Quantize::convert(OpBuilder &builder, Location loc, Value x, unsigned axis, Value &scales) {
  SmallVector<OpFoldResult> extents = getExtents(builder, loc, x);
  AffineMap identity = builder.getMultiDimIdentityMap(2);
  AffineMap along = AffineMap::get(2, 0, builder.getAffineDimExpr(axis));
  Type f32 = builder.getF32Type();
  if (activationType.isBF16())
    return createElementwise(builder, loc, x, identity, extents, activationType,
                             [&](OpBuilder &b, ValueRange args) -> SmallVector<Value> {
                               return {arith::TruncFOp::create(b, loc, activationType, args[0])};
                             })
        .front();
  auto constant = [&](OpBuilder &b, double value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(static_cast<float>(value)));
  };
  // The largest magnitude of each column. Those of floats are ordered as their bits are, NaN last, and LLVM vectorises
  // a maximum of integers, 40 times faster than one of floats (docs/rationale.md, "Element types").
  Type i32 = builder.getI32Type();
  auto integer = [&](OpBuilder &b, int64_t value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(value));
  };
  Value init =
      linalg::FillOp::create(builder, loc, integer(builder, 0), createEmpty(builder, loc, extents[axis], i32)).result();
  SmallVector<utils::IteratorType> iterators(2, utils::IteratorType::reduction);
  iterators[axis] = utils::IteratorType::parallel;
  Value largest = linalg::GenericOp::create(builder, loc, init.getType(), x, init, {identity, along}, iterators,
                                            [&](OpBuilder &b, Location loc, ValueRange args) {
                                              Value bits = arith::BitcastOp::create(b, loc, i32, args[0]);
                                              bits = arith::AndIOp::create(b, loc, bits, integer(b, 0x7fffffff));
                                              linalg::YieldOp::create(
                                                  b, loc, arith::MaxSIOp::create(b, loc, args[1], bits).getResult());
                                            })
                      .getResult(0);
  // A scale and its reciprocal, since multiplying is cheaper than dividing.
  SmallVector<Value> both = createElementwise(builder, loc, largest, builder.getMultiDimIdentityMap(1), extents[axis],
                                              {f32, f32}, [&](OpBuilder &b, ValueRange args) -> SmallVector<Value> {
                                                Value largest = arith::BitcastOp::create(b, loc, f32, args[0]);
                                                Value scale = arith::DivFOp::create(b, loc, largest, constant(b, 127));
                                                Value isZero = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ,
                                                                                     scale, constant(b, 0));
                                                scale = arith::SelectOp::create(b, loc, isZero, constant(b, 1), scale);
                                                return {scale, arith::DivFOp::create(b, loc, constant(b, 1), scale)};
                                              });
  scales = both[0];
  return createElementwise(builder, loc, {x, both[1]}, {identity, along}, extents, activationType,
                           [&](OpBuilder &b, ValueRange args) -> SmallVector<Value> {
                             // Around 1.5 * 2^23 an f32 is an integer, the nearest with ties to even, and its lowest
                             // bits are that of the sum: three instructions, where a conversion that saturates takes a
                             // dozen.
                             Value scaled = arith::MulFOp::create(b, loc, args[0], args[1]);
                             Value shifted = arith::AddFOp::create(b, loc, scaled, constant(b, 0x1.8p23));
                             Value bits = arith::BitcastOp::create(b, loc, i32, shifted);
                             return {arith::TruncIOp::create(b, loc, activationType, bits)};
                           })
      .front();
}
