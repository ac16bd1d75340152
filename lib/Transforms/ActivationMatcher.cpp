//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Recognises activation functions in scalar expressions, however they are arranged.
//
//===----------------------------------------------------------------------===//
#include "spnn/Transforms/ActivationMatcher.h"

#include <algorithm>
#include <cmath>
#include <map>

using namespace spnn;

using Kind = ScalarExpr::Kind;

ScalarExprRef spnn::makeVariable() { return makeExpr(Kind::Variable, {}); }
ScalarExprRef spnn::makeConstant(double value) { return makeExpr(Kind::Constant, {}, value); }
ScalarExprRef spnn::makeExpr(Kind kind, std::vector<ScalarExprRef> operands, double value) {
  return std::make_shared<ScalarExpr>(ScalarExpr{kind, value, std::move(operands)});
}

namespace {
/// A product of powers of indeterminates, sorted; without entries the constant term. Indeterminate 0 is the variable.
using Monomial = std::map<int, int>;
/// A sum of monomials with their coefficients.
using Polynomial = std::map<Monomial, double>;

/// A function applied to a polynomial, which the polynomials treat as an indeterminate.
struct Atom {
  enum Function { Variable, Exp, Erf, Tanh, Relu, ReluNoNaN, Reciprocal };
  Function function;
  Polynomial argument;
};

/// Activations are small; anything larger than this is no activation.
constexpr size_t kMaxTerms = 64;
constexpr int kMaxPower = 8;

class NormalForm {
public:
  explicit NormalForm(double tolerance) : tolerance(tolerance), atoms{{Atom::Variable, {}}} {}

  /// The polynomial of `expr`; std::nullopt if the expression is not of that kind.
  std::optional<Polynomial> normalise(const ScalarExpr &expr);

  bool equal(const Polynomial &a, const Polynomial &b) const {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [&](const auto &x, const auto &y) {
             return x.first == y.first && std::abs(x.second - y.second) <= tolerance * std::abs(y.second);
           });
  }

  bool has(Atom::Function function) const {
    return std::any_of(atoms.begin(), atoms.end(), [&](const Atom &atom) { return atom.function == function; });
  }

private:
  Polynomial apply(Atom::Function function, Polynomial argument);
  std::optional<Polynomial> multiply(const Polynomial &a, const Polynomial &b) const;
  Polynomial add(Polynomial a, const Polynomial &b, double scale) const;

  double tolerance;
  std::vector<Atom> atoms;
};
} // namespace

static Polynomial scaled(Polynomial polynomial, double factor) {
  for (auto &[monomial, coefficient] : polynomial)
    coefficient *= factor;
  return polynomial;
}

static std::optional<double> asConstant(const Polynomial &polynomial) {
  if (polynomial.empty())
    return 0.0;
  if (polynomial.size() == 1 && polynomial.begin()->first.empty())
    return polynomial.begin()->second;
  return std::nullopt;
}

Polynomial NormalForm::apply(Atom::Function function, Polynomial argument) {
  for (size_t i = 0; i < atoms.size(); ++i)
    if (atoms[i].function == function && equal(argument, atoms[i].argument))
      return {{{{static_cast<int>(i), 1}}, 1.0}};
  atoms.push_back({function, std::move(argument)});
  return {{{{static_cast<int>(atoms.size() - 1), 1}}, 1.0}};
}

Polynomial NormalForm::add(Polynomial a, const Polynomial &b, double scale) const {
  for (const auto &[monomial, coefficient] : b) {
    double before = a[monomial], after = before + scale * coefficient;
    // What cancels up to the tolerance is gone.
    if (std::abs(after) <= tolerance * std::max(std::abs(before), std::abs(coefficient)))
      a.erase(monomial);
    else
      a[monomial] = after;
  }
  return a;
}

std::optional<Polynomial> NormalForm::multiply(const Polynomial &a, const Polynomial &b) const {
  Polynomial result;
  for (const auto &[left, x] : a) {
    for (const auto &[right, y] : b) {
      Monomial product = left;
      for (auto [atom, power] : right)
        if ((product[atom] += power) > kMaxPower)
          return std::nullopt;
      result = add(std::move(result), {{product, x * y}}, 1.0);
    }
    if (result.size() > kMaxTerms)
      return std::nullopt;
  }
  return result;
}

std::optional<Polynomial> NormalForm::normalise(const ScalarExpr &expr) {
  std::vector<Polynomial> operands;
  for (const ScalarExprRef &operand : expr.operands) {
    std::optional<Polynomial> polynomial = normalise(*operand);
    if (!polynomial)
      return std::nullopt;
    operands.push_back(std::move(*polynomial));
  }
  // erf and tanh are odd: the first coefficient of their argument is made positive.
  auto applyOdd = [&](Atom::Function function) {
    if (operands[0].empty())
      return Polynomial();
    double sign = operands[0].begin()->second < 0 ? -1.0 : 1.0;
    return scaled(apply(function, scaled(operands[0], sign)), sign);
  };
  // The first coefficient of a denominator is made 1.
  auto reciprocal = [&](const Polynomial &of) -> std::optional<Polynomial> {
    if (of.empty())
      return std::nullopt;
    double first = of.begin()->second;
    if (asConstant(of))
      return Polynomial{{{}, 1.0 / first}};
    return scaled(apply(Atom::Reciprocal, scaled(of, 1.0 / first)), 1.0 / first);
  };
  switch (expr.kind) {
  case Kind::Variable:
    return Polynomial{{{{0, 1}}, 1.0}};
  case Kind::Constant:
    if (!std::isfinite(expr.value))
      return std::nullopt;
    return expr.value == 0 ? Polynomial() : Polynomial{{{}, expr.value}};
  case Kind::Add:
    return add(operands[0], operands[1], 1.0);
  case Kind::Sub:
    return add(operands[0], operands[1], -1.0);
  case Kind::Mul:
    return multiply(operands[0], operands[1]);
  case Kind::Div: {
    std::optional<Polynomial> inverse = reciprocal(operands[1]);
    return inverse ? multiply(operands[0], *inverse) : std::nullopt;
  }
  case Kind::Neg:
    return scaled(operands[0], -1.0);
  case Kind::Exp:
    return apply(Atom::Exp, operands[0]);
  case Kind::Erf:
    return applyOdd(Atom::Erf);
  case Kind::Erfc:
    return add({{{}, 1.0}}, applyOdd(Atom::Erf), -1.0);
  case Kind::Tanh:
    return applyOdd(Atom::Tanh);
  case Kind::Relu:
    return apply(Atom::Relu, operands[0]);
  case Kind::ReluNoNaN:
    return apply(Atom::ReluNoNaN, operands[0]);
  case Kind::Power: {
    double power = std::abs(expr.value);
    if (power != std::floor(power) || power > kMaxPower)
      return std::nullopt;
    std::optional<Polynomial> result = Polynomial{{{}, 1.0}};
    for (int i = 0; i < power && result; ++i)
      result = multiply(*result, operands[0]);
    return result && expr.value < 0 ? reciprocal(*result) : result;
  }
  case Kind::Unknown:
    return std::nullopt;
  }
  return std::nullopt;
}

namespace {
struct Definition {
  Activation activation;
  ScalarExprRef expr;
};
} // namespace

/// The definitions in SPNNAttrs.td, and equivalent ones that no rearrangement of sums and products connects.
static std::vector<Definition> getDefinitions() {
  auto x = makeVariable();
  auto c = makeConstant;
  auto add = [](auto a, auto b) { return makeExpr(Kind::Add, {a, b}); };
  auto mul = [](auto a, auto b) { return makeExpr(Kind::Mul, {a, b}); };
  auto logistic = [&](ScalarExprRef of) {
    return makeExpr(Kind::Div, {c(1), add(c(1), makeExpr(Kind::Exp, {makeExpr(Kind::Neg, {of})}))});
  };
  const double pi = 3.14159265358979323846;
  auto erf = makeExpr(Kind::Erf, {mul(c(std::sqrt(0.5)), x)});
  auto inner = mul(c(std::sqrt(2 / pi)), add(x, mul(c(0.044715), makeExpr(Kind::Power, {x}, 3))));
  return {
      {Activation::None, x},
      {Activation::Relu, makeExpr(Kind::Relu, {x})},
      {Activation::GeluErf, mul(mul(c(0.5), x), add(c(1), erf))},
      {Activation::GeluTanh, mul(mul(c(0.5), x), add(c(1), makeExpr(Kind::Tanh, {inner})))},
      // 1 + tanh y = 2 / (1 + exp(-2 y))
      {Activation::GeluTanh, mul(x, logistic(mul(c(2), inner)))},
      {Activation::Sigmoid, logistic(x)},
      {Activation::Sigmoid, mul(c(0.5), add(c(1), makeExpr(Kind::Tanh, {mul(c(0.5), x)})))},
      {Activation::Tanh, makeExpr(Kind::Tanh, {x})},
      {Activation::Silu, mul(x, logistic(x))},
      {Activation::Silu, mul(mul(c(0.5), x), add(c(1), makeExpr(Kind::Tanh, {mul(c(0.5), x)})))},
  };
}

std::optional<Activation> spnn::matchActivation(const ScalarExprRef &expr, std::string &reason, double tolerance) {
  static const std::vector<Definition> definitions = getDefinitions();
  NormalForm form(tolerance);
  std::optional<Polynomial> found = form.normalise(*expr);
  if (!found) {
    reason = "the expression holds an operation that no activation has";
    return std::nullopt;
  }
  if (form.has(Atom::ReluNoNaN)) {
    reason = "the maximum with 0 turns NaN into 0, activation(relu) keeps NaN";
    return std::nullopt;
  }
  for (const Definition &definition : definitions)
    if (std::optional<Polynomial> wanted = form.normalise(*definition.expr); wanted && form.equal(*found, *wanted))
      return definition.activation;
  reason = "the expression is none of the activations";
  return std::nullopt;
}
