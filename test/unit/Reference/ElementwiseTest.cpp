//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tests of elementwise ops: arith and math on tensors and scalars, casts, comparisons, constants.
//
//===----------------------------------------------------------------------===//
#include "Evaluate.h"

#include <cmath>
#include <limits>

using namespace spnn::reference;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

/// @f(operands) = op, elementwise on tensors of n elements.
std::string elementwise(const std::string &op, unsigned operands, size_t n, const std::string &type,
                        const std::string &resultType = "", const std::string &signature = "") {
  std::string tensor = "tensor<" + std::to_string(n) + "x" + type + ">";
  std::string result = resultType.empty() ? tensor : "tensor<" + std::to_string(n) + "x" + resultType + ">";
  std::string arguments, names;
  for (unsigned i = 0; i < operands; ++i) {
    arguments += (i ? ", %" : "%") + std::to_string(i) + ": " + tensor;
    names += (i ? ", %" : "%") + std::to_string(i);
  }
  return "func.func @f(" + arguments + ") -> " + result + " {\n%r = " + op + " " + names + " : " +
         (signature.empty() ? tensor : signature) + "\nreturn %r : " + result + "}";
}

std::vector<double> unary(const std::string &op, llvm::ArrayRef<double> x) {
  int64_t n = x.size();
  return floatsOf(run(elementwise(op, 1, n, "f32"), {makeFloats({n}, x)}));
}
std::vector<double> binary(const std::string &op, llvm::ArrayRef<double> x, llvm::ArrayRef<double> y) {
  int64_t n = x.size();
  return floatsOf(run(elementwise(op, 2, n, "f32"), {makeFloats({n}, x), makeFloats({n}, y)}));
}
std::vector<int64_t> integers(const std::string &op, const std::string &type, llvm::ArrayRef<int64_t> x,
                              llvm::ArrayRef<int64_t> y) {
  int64_t n = x.size();
  return intsOf(run(elementwise(op, 2, n, type), {makeInts(type, {n}, x), makeInts(type, {n}, y)}));
}
using Ints = std::vector<int64_t>;

TEST(ReferenceArith, FloatsComputeInDoublePrecision) {
  expectNear(binary("arith.addf", {1, 1e17, -2}, {2, 1, 2}), {3, 1e17 + 1, 0});
  expectNear(binary("arith.subf", {1}, {2e-9}), {1 - 2e-9});
  expectNear(binary("arith.mulf", {3, kInf}, {0.1, 0}), {3 * 0.1, kNan});
  expectNear(binary("arith.divf", {1, 1, -1, 0}, {3, 0, 0, 0}), {1.0 / 3, kInf, -kInf, kNan});
  expectNear(binary("arith.remf", {7.5, -7.5}, {2, 2}), {1.5, -1.5});
  expectNear(unary("arith.negf", {1, -2, 0}), {-1, 2, 0});
}

TEST(ReferenceArith, ExtremaDifferInNan) {
  expectNear(binary("arith.maximumf", {1, kNan, 1, kNan}, {2, 1, kNan, kNan}), {2, kNan, kNan, kNan});
  expectNear(binary("arith.minimumf", {1, kNan, 1, kNan}, {2, 1, kNan, kNan}), {1, kNan, kNan, kNan});
  expectNear(binary("arith.maxnumf", {1, kNan, 1, kNan}, {2, 1, kNan, kNan}), {2, 1, 1, kNan});
  expectNear(binary("arith.minnumf", {1, kNan, 1, kNan}, {2, 1, kNan, kNan}), {1, 1, 1, kNan});
  // -0 is below +0 for the IEEE 754-2019 functions.
  EXPECT_FALSE(std::signbit(binary("arith.maximumf", {-0.0}, {0.0})[0]));
  EXPECT_FALSE(std::signbit(binary("arith.maximumf", {0.0}, {-0.0})[0]));
  EXPECT_TRUE(std::signbit(binary("arith.minimumf", {0.0}, {-0.0})[0]));
  EXPECT_TRUE(std::signbit(binary("arith.minimumf", {-0.0}, {0.0})[0]));
}

TEST(ReferenceArith, FloatPredicates) {
  // For the pairs (1, 2), (2, 1), (1, 1), (NaN, 1).
  const std::pair<const char *, Ints> cases[] = {
      {"false", {0, 0, 0, 0}}, {"oeq", {0, 0, 1, 0}}, {"ogt", {0, 1, 0, 0}}, {"oge", {0, 1, 1, 0}},
      {"olt", {1, 0, 0, 0}},   {"ole", {1, 0, 1, 0}}, {"one", {1, 1, 0, 0}}, {"ord", {1, 1, 1, 0}},
      {"ueq", {0, 0, 1, 1}},   {"ugt", {0, 1, 0, 1}}, {"uge", {0, 1, 1, 1}}, {"ult", {1, 0, 0, 1}},
      {"ule", {1, 0, 1, 1}},   {"une", {1, 1, 0, 1}}, {"uno", {0, 0, 0, 1}}, {"true", {1, 1, 1, 1}}};
  for (const auto &[predicate, expected] : cases)
    EXPECT_EQ(intsOf(run(elementwise(std::string("arith.cmpf ") + predicate + ",", 2, 4, "f32", "i1"),
                         {makeFloats({4}, {1, 2, 1, kNan}), makeFloats({4}, {2, 1, 1, 1})})),
              expected)
        << predicate;
}

TEST(ReferenceArith, IntegerPredicates) {
  // For the pairs (1, 2), (-1, 1), (3, 3): -1 is the largest unsigned number.
  const std::pair<const char *, Ints> cases[] = {
      {"eq", {0, 0, 1}},  {"ne", {1, 1, 0}},  {"slt", {1, 1, 0}}, {"sle", {1, 1, 1}}, {"sgt", {0, 0, 0}},
      {"sge", {0, 0, 1}}, {"ult", {1, 0, 0}}, {"ule", {1, 0, 1}}, {"ugt", {0, 1, 0}}, {"uge", {0, 1, 1}}};
  for (const auto &[predicate, expected] : cases)
    EXPECT_EQ(intsOf(run(elementwise(std::string("arith.cmpi ") + predicate + ",", 2, 3, "i32", "i1"),
                         {makeInts("i32", {3}, {1, -1, 3}), makeInts("i32", {3}, {2, 1, 3})})),
              expected)
        << predicate;
  // The one of i1 is -1 where signs count.
  EXPECT_EQ(integers("arith.maxsi", "i1", {1, 0}, {0, 0}), Ints({0, 0}));
  EXPECT_EQ(integers("arith.maxui", "i1", {1, 0}, {0, 0}), Ints({1, 0}));
}

TEST(ReferenceArith, IntegersWrap) {
  EXPECT_EQ(integers("arith.addi", "i8", {127, -128, 5}, {1, -1, 6}), Ints({-128, 127, 11}));
  EXPECT_EQ(integers("arith.subi", "i8", {-128}, {1}), Ints({127}));
  EXPECT_EQ(integers("arith.muli", "i64", {INT64_MAX}, {2}), Ints({-2}));
  EXPECT_EQ(integers("arith.addi", "index", {INT64_MAX}, {1}), Ints({INT64_MIN}));
  EXPECT_EQ(integers("arith.addi", "i1", {1}, {1}), Ints({0}));
  EXPECT_EQ(integers("arith.andi", "i32", {12}, {10}), Ints({8}));
  EXPECT_EQ(integers("arith.ori", "i32", {12}, {10}), Ints({14}));
  EXPECT_EQ(integers("arith.xori", "i32", {-1}, {10}), Ints({-11}));
}

TEST(ReferenceArith, Shifts) {
  EXPECT_EQ(integers("arith.shli", "i8", {1, 1, 3, 1}, {3, 7, 7, 8}), Ints({8, -128, -128, 0}));
  EXPECT_EQ(integers("arith.shrui", "i8", {-1, 64, -1}, {1, 6, 9}), Ints({127, 1, 0}));
  EXPECT_EQ(integers("arith.shrsi", "i8", {-128, 64, -1}, {1, 6, 9}), Ints({-64, 1, -1}));
}

TEST(ReferenceArith, Divisions) {
  EXPECT_EQ(integers("arith.divsi", "i32", {7, -7, 7}, {2, 2, -2}), Ints({3, -3, -3}));
  EXPECT_EQ(integers("arith.remsi", "i32", {7, -7, 7}, {2, 2, -2}), Ints({1, -1, 1}));
  EXPECT_EQ(integers("arith.ceildivsi", "i32", {7, -7, 7, 6}, {2, 2, -2, 3}), Ints({4, -3, -3, 2}));
  EXPECT_EQ(integers("arith.floordivsi", "i32", {7, -7, 7, 6}, {2, 2, -2, 3}), Ints({3, -4, -4, 2}));
  EXPECT_EQ(integers("arith.divui", "i8", {-1}, {2}), Ints({127}));
  EXPECT_EQ(integers("arith.remui", "i8", {-1}, {16}), Ints({15}));
  EXPECT_EQ(integers("arith.ceildivui", "i8", {7, 8}, {2, 2}), Ints({4, 4}));
  EXPECT_EQ(integers("arith.minsi", "i8", {-1}, {2}), Ints({-1}));
  EXPECT_EQ(integers("arith.minui", "i8", {-1}, {2}), Ints({2}));
}

TEST(ReferenceArith, ExtendedResults) {
  auto source = [](const std::string &op, const std::string &second) {
    return "func.func @f(%a: tensor<2xi8>, %b: tensor<2xi8>) -> (tensor<2xi8>, tensor<2x" + second +
           ">) {\n%0, %1 = " + op + " %a, %b : tensor<2xi8>" + (second == "i1" ? ", tensor<2xi1>" : "") +
           "\nreturn %0, %1 : tensor<2xi8>, tensor<2x" + second + ">}";
  };
  auto sum = run(source("arith.addui_extended", "i1"), {makeInts("i8", {2}, {-1, 1}), makeInts("i8", {2}, {2, 1})});
  EXPECT_EQ(sum[0].ints, Ints({1, 2}));
  EXPECT_EQ(sum[1].ints, Ints({1, 0}));
  auto product =
      run(source("arith.mulsi_extended", "i8"), {makeInts("i8", {2}, {-128, 3}), makeInts("i8", {2}, {2, -5})});
  EXPECT_EQ(product[0].ints, Ints({0, -15}));
  EXPECT_EQ(product[1].ints, Ints({-1, -1}));
  product = run(source("arith.mului_extended", "i8"), {makeInts("i8", {2}, {-1, 3}), makeInts("i8", {2}, {-1, 5})});
  EXPECT_EQ(product[0].ints, Ints({1, 15}));
  EXPECT_EQ(product[1].ints, Ints({-2, 0}));
}

Tensor cast(const std::string &op, const std::string &from, const std::string &to, const Tensor &value) {
  std::string n = std::to_string(value.size());
  auto result =
      run(elementwise(op, 1, value.size(), from, to, "tensor<" + n + "x" + from + "> to tensor<" + n + "x" + to + ">"),
          {value});
  return result.empty() ? Tensor() : result[0];
}

TEST(ReferenceArith, Casts) {
  EXPECT_EQ(cast("arith.extsi", "i8", "i32", makeInts("i8", {2}, {-1, 5})).ints, Ints({-1, 5}));
  EXPECT_EQ(cast("arith.extui", "i8", "i32", makeInts("i8", {2}, {-1, 5})).ints, Ints({255, 5}));
  EXPECT_EQ(cast("arith.extsi", "i1", "i32", makeInts("i1", {2}, {1, 0})).ints, Ints({-1, 0}));
  EXPECT_EQ(cast("arith.trunci", "i32", "i8", makeInts("i32", {2}, {128, 511})).ints, Ints({-128, -1}));
  EXPECT_EQ(cast("arith.index_cast", "i32", "index", makeInts("i32", {1}, {-3})).ints, Ints({-3}));
  EXPECT_EQ(cast("arith.index_castui", "i32", "index", makeInts("i32", {1}, {-1})).ints, Ints({0xffffffff}));
  EXPECT_EQ(cast("arith.sitofp", "i8", "f32", makeInts("i8", {1}, {-1})).floats, std::vector<double>({-1}));
  EXPECT_EQ(cast("arith.uitofp", "i8", "f32", makeInts("i8", {1}, {-1})).floats, std::vector<double>({255}));
  EXPECT_EQ(cast("arith.uitofp", "i1", "f32", makeInts("i1", {1}, {1})).floats, std::vector<double>({1}));
  // A truncation does not round.
  EXPECT_EQ(cast("arith.truncf", "f32", "f16", makeFloats({1}, {0.1})).floats, std::vector<double>({0.1}));
  EXPECT_EQ(cast("arith.extf", "f32", "f64", makeFloats({1}, {0.1})).floats, std::vector<double>({0.1}));
  // Out of range saturates.
  EXPECT_EQ(cast("arith.fptosi", "f32", "i8", makeFloats({6}, {1.9, -1.9, 300, -300, kNan, -128.5})).ints,
            Ints({1, -1, 127, -128, 0, -128}));
  EXPECT_EQ(cast("arith.fptosi", "f32", "i64", makeFloats({3}, {1e30, -1e30, kInf})).ints,
            Ints({INT64_MAX, INT64_MIN, INT64_MAX}));
  EXPECT_EQ(cast("arith.fptoui", "f32", "i8", makeFloats({4}, {200.5, -0.5, 300, kNan})).ints, Ints({-56, 0, -1, 0}));
  EXPECT_EQ(cast("arith.bitcast", "f32", "i32", makeFloats({2}, {1, -0.0})).ints,
            Ints({0x3f800000, -int64_t(0x80000000)}));
  EXPECT_EQ(cast("arith.bitcast", "i32", "f32", makeInts("i32", {1}, {0x40490fdb})).floats[0], 3.14159274101257324);
}

TEST(ReferenceArith, Select) {
  auto perElement = "func.func @f(%c: tensor<3xi1>, %a: tensor<3xf32>, %b: tensor<3xf32>) -> tensor<3xf32> {\n"
                    "%0 = arith.select %c, %a, %b : tensor<3xi1>, tensor<3xf32>\nreturn %0 : tensor<3xf32>}";
  Tensor a = makeFloats({3}, {1, 2, 3}), b = makeFloats({3}, {4, 5, 6});
  expectNear(floatsOf(run(perElement, {makeInts("i1", {3}, {1, 0, 1}), a, b})), {1, 5, 3});
  auto whole = "func.func @f(%c: i1, %a: tensor<3xf32>, %b: tensor<3xf32>) -> tensor<3xf32> {\n"
               "%0 = arith.select %c, %a, %b : tensor<3xf32>\nreturn %0 : tensor<3xf32>}";
  expectNear(floatsOf(run(whole, {makeInts("i1", {}, {0}), a, b})), {4, 5, 6});
  expectNear(floatsOf(run(whole, {makeInts("i1", {}, {1}), a, b})), {1, 2, 3});
}

TEST(ReferenceArith, Constants) {
  auto constant = [](const std::string &value, const std::string &type) {
    std::string suffix = value == "true" ? "" : " : " + type;
    auto results =
        run("func.func @f() -> " + type + " {\n%0 = arith.constant " + value + suffix + "\nreturn %0 : " + type +
            "}\n{-# dialect_resources: { builtin: { three: \"0x040000000000803F0000004000004040\", "
            "short: \"0x040000000000803F\" } } #-}");
    return results.empty() ? Tensor() : results[0];
  };
  EXPECT_EQ(constant("1.5", "f32").floats, std::vector<double>({1.5}));
  EXPECT_EQ(constant("-3", "i8").ints, Ints({-3}));
  EXPECT_EQ(constant("true", "i1").ints, Ints({1}));
  EXPECT_EQ(constant("dense<[[1.0, 2.0], [3.0, 4.0]]>", "tensor<2x2xf32>").floats, std::vector<double>({1, 2, 3, 4}));
  EXPECT_EQ(constant("dense<2.5>", "tensor<2xf16>").floats, std::vector<double>({2.5, 2.5}));
  EXPECT_EQ(constant("dense<[1.5, -2.0]>", "tensor<2xbf16>").floats, std::vector<double>({1.5, -2}));
  EXPECT_EQ(constant("dense<[true, false, true]>", "tensor<3xi1>").ints, Ints({1, 0, 1}));
  EXPECT_EQ(constant("dense<true>", "tensor<2xi1>").ints, Ints({1, 1}));
  EXPECT_EQ(constant("dense<[-3, 3]>", "tensor<2xi4>").ints, Ints({-3, 3}));
  EXPECT_EQ(constant("dense<[-3, 3]>", "tensor<2xi64>").ints, Ints({-3, 3}));
  EXPECT_EQ(constant("dense<7>", "tensor<2xindex>").ints, Ints({7, 7}));
  EXPECT_EQ(constant("dense<> ", "tensor<0xf32>").floats, std::vector<double>());
  EXPECT_EQ(constant("dense_resource<three>", "tensor<3xf32>").floats, std::vector<double>({1, 2, 3}));
  EXPECT_EQ(constant("sparse<[[0, 1]], 5.0>", "tensor<1x2xf32>").floats, std::vector<double>({0, 5}));
}

TEST(ReferenceMath, Functions) {
  const std::pair<const char *, double (*)(double)> cases[] = {
      {"absf", std::fabs},   {"acos", std::acos},   {"asin", std::asin},   {"asinh", std::asinh}, {"atan", std::atan},
      {"atanh", std::atanh}, {"cbrt", std::cbrt},   {"ceil", std::ceil},   {"cos", std::cos},     {"cosh", std::cosh},
      {"erf", std::erf},     {"erfc", std::erfc},   {"exp", std::exp},     {"exp2", std::exp2},   {"expm1", std::expm1},
      {"floor", std::floor}, {"log", std::log},     {"log10", std::log10}, {"log1p", std::log1p}, {"log2", std::log2},
      {"round", std::round}, {"sin", std::sin},     {"sinh", std::sinh},   {"sqrt", std::sqrt},   {"tan", std::tan},
      {"tanh", std::tanh},   {"trunc", std::trunc}, {"acosh", std::acosh}};
  const std::vector<double> inputs = {-1.5, -0.5, -0.0, 0.25, 0.75, 2, kInf, -kInf, kNan};
  for (const auto &[name, function] : cases) {
    std::vector<double> expected;
    for (double x : inputs)
      expected.push_back(function(x));
    SCOPED_TRACE(name);
    expectNear(unary(std::string("math.") + name, inputs), expected, 1e-14);
  }
  expectNear(unary("math.rsqrt", {4, 0}), {0.5, kInf});
  expectNear(unary("math.round", {0.5, 1.5, -2.5}), {1, 2, -3});
  expectNear(unary("math.roundeven", {0.5, 1.5, 2.5, -2.5, 2.4, 1e300, kInf, kNan}),
             {0, 2, 2, -2, 2, 1e300, kInf, kNan});
  expectNear(binary("math.atan2", {1, -1}, {-1, -1}), {std::atan2(1, -1), std::atan2(-1, -1)});
  expectNear(binary("math.powf", {2, 9, -8, 0}, {10, 0.5, 1.0 / 3, 0}), {1024, 3, kNan, 1});
  expectNear(binary("math.copysign", {3, -3}, {-1, 1}), {-3, 3});
  expectNear(floatsOf(run(elementwise("math.fma", 3, 1, "f32"),
                          {makeFloats({1}, {2}), makeFloats({1}, {3}), makeFloats({1}, {0.5})})),
             {6.5});
}

TEST(ReferenceMath, PowersOfIntegers) {
  auto power = "func.func @f(%a: tensor<4xf32>, %n: tensor<4xi32>) -> tensor<4xf32> {\n"
               "%0 = math.fpowi %a, %n : tensor<4xf32>, tensor<4xi32>\nreturn %0 : tensor<4xf32>}";
  expectNear(floatsOf(run(power, {makeFloats({4}, {2, 2, -3, 0}), makeInts("i32", {4}, {10, -1, 3, 0})})),
             {1024, 0.5, -27, 1});
  EXPECT_EQ(integers("math.ipowi", "i32", {2, -3, 1, -1, 5, 2}, {10, 3, -4, -3, -1, 40}),
            Ints({1024, -27, 1, -1, 0, 0}));
}

TEST(ReferenceMath, TestsAndBits) {
  auto test = [](const std::string &op) {
    return intsOf(run(elementwise(op, 1, 4, "f32", "i1", "tensor<4xf32>"), {makeFloats({4}, {1, kInf, kNan, 0})}));
  };
  EXPECT_EQ(test("math.isfinite"), Ints({1, 0, 0, 1}));
  EXPECT_EQ(test("math.isinf"), Ints({0, 1, 0, 0}));
  EXPECT_EQ(test("math.isnan"), Ints({0, 0, 1, 0}));
  EXPECT_EQ(test("math.isnormal"), Ints({1, 0, 0, 0}));
  auto bits = [](const std::string &op) {
    return intsOf(run(elementwise(op, 1, 3, "i8"), {makeInts("i8", {3}, {0, 6, -128})}));
  };
  EXPECT_EQ(bits("math.ctlz"), Ints({8, 5, 0}));
  EXPECT_EQ(bits("math.cttz"), Ints({8, 1, 7}));
  EXPECT_EQ(bits("math.ctpop"), Ints({0, 2, 1}));
  EXPECT_EQ(bits("math.absi"), Ints({0, 6, -128}));
}

TEST(ReferenceAffine, IndexArithmetic) {
  auto source = "func.func @f(%i: index, %j: index) -> (index, index, index) {\n"
                "%0 = affine.apply affine_map<(a)[s] -> (a * 3 + s floordiv 2)>(%i)[%j]\n"
                "%1 = affine.min affine_map<(a)[s] -> (a, s, 9)>(%i)[%j]\n"
                "%2 = affine.max affine_map<(a)[s] -> (a, s, 9)>(%i)[%j]\n"
                "return %0, %1, %2 : index, index, index}";
  auto result = run(source, {makeInts("index", {}, {4}), makeInts("index", {}, {11})});
  EXPECT_EQ(result[0].ints, Ints({17}));
  EXPECT_EQ(result[1].ints, Ints({4}));
  EXPECT_EQ(result[2].ints, Ints({11}));
}

} // namespace
