//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The counter-based generator of spnn.dropout as code: scalars or vectors of i32.
//
//===----------------------------------------------------------------------===//
#include "Dropout.h"

#include "Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <cmath>

using namespace mlir;
using namespace spnn;

namespace {
/// Arithmetic modulo 2^32 on an i32 or a vector of them.
class Words {
public:
  Words(OpBuilder &b, Location loc) : b(b), loc(loc) {}

  Value constant(Type type, uint32_t value) { return createConstant(b, loc, type, APInt(32, value)); }
  Value shiftXor(Value x, uint32_t bits) {
    Value shifted = arith::ShRUIOp::create(b, loc, x, constant(x.getType(), bits));
    return arith::XOrIOp::create(b, loc, x, shifted);
  }
  Value times(Value x, uint32_t factor) { return arith::MulIOp::create(b, loc, x, constant(x.getType(), factor)); }
  Value mix(Value x) {
    x = times(shiftXor(x, 16), 0x21f0aaadu);
    x = times(shiftXor(x, 15), 0x735a2d97u);
    return shiftXor(x, 15);
  }
  /// `x`, an i32, in the type of `like`.
  Value spread(Value x, Value like) {
    auto type = dyn_cast<VectorType>(like.getType());
    return type ? vector::BroadcastOp::create(b, loc, type.clone(b.getI32Type()), x).getResult() : x;
  }
  Value low(Value x) {
    auto type = dyn_cast<VectorType>(x.getType());
    Type word = b.getI32Type();
    return arith::TruncIOp::create(b, loc, type ? Type(type.clone(word)) : word, x);
  }
  Value high(Value x) {
    return low(arith::ShRUIOp::create(b, loc, x, createConstant(b, loc, x.getType(), APInt(64, 32))));
  }
  Value isKept(Value hash, double rate) {
    double threshold = std::round(rate * 4294967296.0);
    auto type = dyn_cast<VectorType>(hash.getType());
    Type flag = b.getI1Type();
    if (threshold > 4294967295.0) // no word is as large
      return createConstant(b, loc, type ? Type(type.clone(flag)) : flag, APInt(1, 0));
    Value limit = constant(hash.getType(), static_cast<uint32_t>(threshold));
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, hash, limit);
  }

private:
  OpBuilder &b;
  Location loc;
};
} // namespace

Value spnn::emitDropoutKey(OpBuilder &builder, Location loc, Value seed, int64_t stream) {
  Words words(builder, loc);
  Value low = words.low(seed);
  Value key = words.mix(arith::AddIOp::create(builder, loc, low, words.constant(low.getType(), 0x9e3779b9u)));
  key = arith::XOrIOp::create(builder, loc, key, words.high(seed));
  uint32_t own = static_cast<uint32_t>(stream) * 0x85ebca6bu;
  return words.mix(arith::XOrIOp::create(builder, loc, key, words.constant(key.getType(), own)));
}

Value spnn::emitDropoutKeep(OpBuilder &builder, Location loc, Value key, Value i, double rate) {
  Words words(builder, loc);
  Value round = arith::AddIOp::create(builder, loc, words.spread(key, i), words.times(words.high(i), 0xc2b2ae35u));
  Value hash = words.mix(arith::XOrIOp::create(builder, loc, words.low(i), words.mix(round)));
  return words.isKept(hash, rate);
}

Value spnn::emitDropoutKeepLow(OpBuilder &builder, Location loc, Value key, Value i, double rate) {
  Words words(builder, loc);
  Value round = words.spread(words.mix(key), i);
  return words.isKept(words.mix(arith::XOrIOp::create(builder, loc, i, round)), rate);
}

Value spnn::emitDropoutMask(OpBuilder &builder, Location loc, Value key, Value first, int64_t lanes, bool isLow,
                            double rate) {
  Type element = isLow ? builder.getI32Type() : builder.getI64Type();
  auto type = VectorType::get({lanes}, element);
  SmallVector<APInt> numbers;
  for (int64_t lane = 0; lane < lanes; ++lane)
    numbers.emplace_back(element.getIntOrFloatBitWidth(), lane);
  Value lane = arith::ConstantOp::create(builder, loc, type, DenseElementsAttr::get(type, numbers));
  Value base = arith::IndexCastOp::create(builder, loc, element, first);
  Value i = arith::AddIOp::create(builder, loc, vector::BroadcastOp::create(builder, loc, type, base), lane);
  return isLow ? emitDropoutKeepLow(builder, loc, key, i, rate) : emitDropoutKeep(builder, loc, key, i, rate);
}
