//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The dropout mask of spnn.dropout, for vectors of elements.
//
//===----------------------------------------------------------------------===//
#include "DropoutMask.h"

#include "VectorMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <cmath>

using namespace mlir;
using namespace spnn;

/// The finaliser that spnn.dropout names, of i32 or a vector of them.
static Value emitMix(OpBuilder &b, Location loc, Value x) {
  Type type = x.getType();
  auto shift = [&](int64_t bits) {
    Value shifted = arith::ShRUIOp::create(b, loc, x, emitSplat(b, loc, type, bits));
    x = arith::XOrIOp::create(b, loc, x, shifted);
  };
  auto multiply = [&](int64_t factor) { x = arith::MulIOp::create(b, loc, x, emitSplat(b, loc, type, factor)); };
  shift(16);
  multiply(0x21f0aaad);
  shift(15);
  multiply(0x735a2d97);
  shift(15);
  return x;
}

DropoutMask::DropoutMask(OpBuilder &b, Location loc, Value seed, double rate, int64_t stream) : rate(rate) {
  Type word = b.getI32Type();
  auto constant = [&](int64_t value) { return emitSplat(b, loc, word, value); };
  Value low = arith::TruncIOp::create(b, loc, word, seed);
  Value high = arith::ShRUIOp::create(b, loc, seed, emitSplat(b, loc, seed.getType(), int64_t(32)));
  high = arith::TruncIOp::create(b, loc, word, high);
  key = emitMix(b, loc, arith::AddIOp::create(b, loc, low, constant(0x9e3779b9)));
  key = arith::XOrIOp::create(b, loc, key, high);
  Value streams = arith::MulIOp::create(b, loc, constant(stream), constant(0x85ebca6b));
  key = emitMix(b, loc, arith::XOrIOp::create(b, loc, key, streams));
  hashedKey = emitMix(b, loc, key);
}

Value DropoutMask::emitScales(OpBuilder &b, Location loc, Value low, Value high, Type element) const {
  auto words = cast<VectorType>(low.getType());
  Value inner;
  if (high) {
    Value steps = arith::MulIOp::create(b, loc, high, emitSplat(b, loc, words, int64_t(0xc2b2ae35)));
    Value keys = vector::BroadcastOp::create(b, loc, words, key);
    inner = emitMix(b, loc, arith::AddIOp::create(b, loc, keys, steps));
  } else {
    inner = vector::BroadcastOp::create(b, loc, words, hashedKey);
  }
  Value hash = emitMix(b, loc, arith::XOrIOp::create(b, loc, low, inner));
  // 2^32, which no hash reaches, stands for rates next to 1.
  double threshold = std::round(rate * 4294967296.0);
  Type floats = words.clone(element);
  if (threshold > 4294967295.0)
    return emitSplat(b, loc, floats, 0.0);
  Value limit = emitSplat(b, loc, words, static_cast<int64_t>(threshold));
  Value isKept = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, hash, limit);
  return arith::SelectOp::create(b, loc, isKept, emitSplat(b, loc, floats, 1 / (1 - rate)),
                                 emitSplat(b, loc, floats, 0.0));
}
