//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Activations in their many arrangements, and what must not pass for one.
//
//===----------------------------------------------------------------------===//
#include "spnn/Transforms/ActivationMatcher.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace spnn;
using Kind = ScalarExpr::Kind;

static ScalarExprRef x() {
  static ScalarExprRef variable = makeVariable();
  return variable;
}
static ScalarExprRef c(double value) { return makeConstant(value); }
static ScalarExprRef operator+(ScalarExprRef a, ScalarExprRef b) { return makeExpr(Kind::Add, {a, b}); }
static ScalarExprRef operator-(ScalarExprRef a, ScalarExprRef b) { return makeExpr(Kind::Sub, {a, b}); }
static ScalarExprRef operator*(ScalarExprRef a, ScalarExprRef b) { return makeExpr(Kind::Mul, {a, b}); }
static ScalarExprRef operator/(ScalarExprRef a, ScalarExprRef b) { return makeExpr(Kind::Div, {a, b}); }
static ScalarExprRef operator-(ScalarExprRef a) { return makeExpr(Kind::Neg, {a}); }
static ScalarExprRef exp(ScalarExprRef a) { return makeExpr(Kind::Exp, {a}); }
static ScalarExprRef erf(ScalarExprRef a) { return makeExpr(Kind::Erf, {a}); }
static ScalarExprRef erfc(ScalarExprRef a) { return makeExpr(Kind::Erfc, {a}); }
static ScalarExprRef tanh(ScalarExprRef a) { return makeExpr(Kind::Tanh, {a}); }
static ScalarExprRef power(ScalarExprRef a, double exponent) { return makeExpr(Kind::Power, {a}, exponent); }

static void expectMatch(ScalarExprRef expr, Activation activation) {
  std::string reason;
  std::optional<Activation> found = matchActivation(expr, reason);
  ASSERT_TRUE(found) << reason;
  EXPECT_EQ(*found, activation);
}

static std::string expectNone(ScalarExprRef expr) {
  std::string reason;
  std::optional<Activation> found = matchActivation(expr, reason);
  EXPECT_FALSE(found);
  return reason;
}

TEST(ActivationMatcher, Identity) {
  expectMatch(x(), Activation::None);
  expectMatch(x() + c(0), Activation::None);
  expectMatch((x() + c(1)) - c(1), Activation::None);
}

TEST(ActivationMatcher, Relu) {
  expectMatch(makeExpr(Kind::Relu, {x()}), Activation::Relu);
  expectNone(makeExpr(Kind::Relu, {-x()}));
  expectNone(makeExpr(Kind::Relu, {x() + c(1)}));
  EXPECT_NE(expectNone(makeExpr(Kind::ReluNoNaN, {x()})).find("NaN"), std::string::npos);
}

TEST(ActivationMatcher, SigmoidAndSilu) {
  expectMatch(c(1) / (c(1) + exp(-x())), Activation::Sigmoid);
  expectMatch(c(2) / (c(2) * exp(c(0) - x()) + c(2)), Activation::Sigmoid);
  expectMatch(power(c(1) + exp(x() * c(-1)), -1), Activation::Sigmoid);
  expectMatch(c(0.5) + tanh(x() / c(2)) * c(0.5), Activation::Sigmoid);
  expectMatch(x() / (exp(-x()) + c(1)), Activation::Silu);
  expectMatch((c(1) / (exp(-x()) + c(1))) * x(), Activation::Silu);
  // Equal to the sigmoid on paper, but inf / inf for large x.
  expectNone(exp(x()) / (c(1) + exp(x())));
  expectNone(c(1) / (c(1) + exp(x())));
  expectNone(c(1) / (c(1.00001) + exp(-x())));
}

TEST(ActivationMatcher, Tanh) {
  expectMatch(tanh(x()), Activation::Tanh);
  expectMatch(-tanh(-x()), Activation::Tanh);
  expectNone(tanh(-x()));
  expectNone(tanh(c(2) * x()));
}

TEST(ActivationMatcher, GeluErf) {
  double r = std::sqrt(0.5);
  expectMatch(c(0.5) * x() * (c(1) + erf(x() * c(r))), Activation::GeluErf);
  expectMatch(x() * ((erf(x() / c(1.41421354)) + c(1)) * c(0.5)), Activation::GeluErf);
  expectMatch(c(0.5) * x() + (x() / c(2)) * erf(c(r) * x()), Activation::GeluErf);
  expectMatch(c(0.5) * x() * erfc(-(x() * c(r))), Activation::GeluErf);
  expectMatch(c(0.5) * x() * (c(1) - erf(c(-r) * x())), Activation::GeluErf);
  expectNone(c(0.5) * x() * (c(1) + erf(x())));
  expectNone(c(0.5) * x() * (c(1) - erf(x() * c(r))));
}

TEST(ActivationMatcher, GeluTanh) {
  double s = 0.797884583; // as f32 prints it
  ScalarExprRef k = c(0.0447149985);
  expectMatch(c(0.5) * x() * (c(1) + tanh(c(s) * (x() + k * power(x(), 3)))), Activation::GeluTanh);
  expectMatch(x() * c(0.5) * (tanh(x() * c(s) * (k * x() * x() + c(1))) + c(1)), Activation::GeluTanh);
  expectMatch(x() / (c(1) + exp(c(-2 * s) * (x() + k * x() * x() * x()))), Activation::GeluTanh);
  expectNone(c(0.5) * x() * (c(1) + tanh(c(s) * (x() + c(0.0448) * power(x(), 3)))));
  expectNone(c(0.5) * x() * (c(1) + tanh(c(s) * (x() + k * power(x(), 2)))));
}

TEST(ActivationMatcher, Others) {
  expectNone(c(1));
  expectNone(x() * x());
  expectNone(power(x(), 0.5));
  expectNone(power(x(), 1e9));
  expectNone(x() / c(0));
  expectNone(x() * c(INFINITY));
  expectNone(makeExpr(Kind::Unknown, {}));
}
