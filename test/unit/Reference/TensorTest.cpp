//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tests of the evaluator's arrays: constants and raw bytes of every element type.
//
//===----------------------------------------------------------------------===//
#include "Evaluate.h"

#include "mlir/AsmParser/AsmParser.h"

#include <cmath>
#include <cstring>

using namespace spnn::reference;
using mlir::parseType;

namespace {

TEST(ReferenceTensor, CountsElements) {
  EXPECT_EQ(Tensor::countElements({}), 1);
  EXPECT_EQ(Tensor::countElements({3, 5}), 15);
  EXPECT_EQ(Tensor::countElements({int64_t(1) << 62, int64_t(1) << 62, 0}), 0);
  EXPECT_EQ(Tensor::countElements({int64_t(1) << 31, int64_t(1) << 31}), std::nullopt);
  EXPECT_EQ(Tensor::countElements({INT64_MAX}), std::nullopt);
  EXPECT_EQ(Tensor::countElements({-1, 0}), std::nullopt);
}

TEST(ReferenceTensor, KnowsElementTypes) {
  for (const char *type : {"f16", "bf16", "f32", "f64", "f80", "f8E4M3FN", "i1", "i4", "si8", "ui8", "i64", "index"})
    EXPECT_TRUE(Tensor::isSupported(parseType(type, &getContext()))) << type;
  for (const char *type : {"i65", "i128", "complex<f32>", "vector<4xf32>", "none", "f8E8M0FNU"})
    EXPECT_FALSE(Tensor::isSupported(parseType(type, &getContext()))) << type;
}

/// Values that the type holds exactly survive.
TEST(ReferenceTensor, BytesRoundTrip) {
  for (const char *name : {"f16", "bf16", "f32", "f64", "f80", "f128", "f8E4M3FN", "f8E5M2"}) {
    Tensor tensor = Tensor::zeros(parseType(name, &getContext()), {5});
    tensor.floats = {0, 1, -1.5, 224, 0.25};
    Tensor back = Tensor::fromBytes(tensor.elementType, tensor.shape, tensor.toBytes().data());
    EXPECT_EQ(back.floats, tensor.floats) << name;
  }
  for (const char *name : {"i8", "si8", "i12", "i16", "i32", "i64", "index"}) {
    Tensor tensor = makeInts(name, {3}, {-1, 100, -128});
    Tensor back = Tensor::fromBytes(tensor.elementType, tensor.shape, tensor.toBytes().data());
    EXPECT_EQ(back.ints, tensor.ints) << name;
  }
  Tensor bits = makeInts("i1", {2}, {1, 0}), bytes = makeInts("ui8", {2}, {255, 1});
  EXPECT_EQ(bits.toBytes(), (std::vector<uint8_t>{1, 0}));
  EXPECT_EQ(bytes.toBytes(), (std::vector<uint8_t>{255, 1}));
  EXPECT_EQ(Tensor::fromBytes(bytes.elementType, {2}, bytes.toBytes().data()).ints, bytes.ints);
}

TEST(ReferenceTensor, RoundsToNearestEven) {
  Tensor half = Tensor::zeros(parseType("f16", &getContext()), {5});
  // 2049 lies between 2048 and 2050, 2051 between 2050 and 2052; 1e9 is too large.
  half.floats = {2049, 2051, 1e9, -1e9, NAN};
  Tensor back = Tensor::fromBytes(half.elementType, half.shape, half.toBytes().data());
  expectNear(back.floats, {2048, 2052, INFINITY, -INFINITY, NAN});
  Tensor single = makeFloats({2}, {0.1, 1e300});
  back = Tensor::fromBytes(single.elementType, single.shape, single.toBytes().data());
  expectNear(back.floats, {double(0.1f), INFINITY});
  // A type without infinities and NaN.
  Tensor four = Tensor::zeros(parseType("f4E2M1FN", &getContext()), {3});
  four.floats = {INFINITY, -INFINITY, NAN};
  back = Tensor::fromBytes(four.elementType, four.shape, four.toBytes().data());
  expectNear(back.floats, {6, -6, 0});
}

} // namespace
