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
#ifndef SPNN_TRANSFORMS_ACTIVATIONMATCHER_H
#define SPNN_TRANSFORMS_ACTIVATIONMATCHER_H

#include "spnn/IR/SPNN.h"

#include <memory>
#include <string>
#include <vector>

namespace spnn {

/// A node of an expression in one variable.
struct ScalarExpr {
  enum class Kind {
    Variable,
    Constant,
    Add,
    Sub,
    Mul,
    Div,
    Neg,
    Exp,
    Erf,
    Erfc,
    Tanh,
    Power,     ///< operand to the power `value`
    Relu,      ///< max(operand, 0), NaN stays NaN
    ReluNoNaN, ///< max(operand, 0), NaN becomes 0
    Unknown,   ///< anything else
  };
  Kind kind;
  double value = 0; ///< of Constant and Power
  std::vector<std::shared_ptr<const ScalarExpr>> operands;
};
using ScalarExprRef = std::shared_ptr<const ScalarExpr>;

ScalarExprRef makeVariable();
ScalarExprRef makeConstant(double value);
ScalarExprRef makeExpr(ScalarExpr::Kind kind, std::vector<ScalarExprRef> operands, double value = 0);

/// The activation a that `expr` computes of its variable: both are brought into the normal form of a polynomial whose
/// indeterminates are the variable and exp, erf, tanh, max or reciprocal of such polynomials, so that it does not
/// matter how products and sums are arranged. Coefficients are compared with the relative tolerance `tolerance` (what
/// printing constants in the element type has cost). Activation::None for the variable itself; std::nullopt with the
/// reason (a clause) if nothing matches.
std::optional<Activation> matchActivation(const ScalarExprRef &expr, std::string &reason, double tolerance = 1e-6);

} // namespace spnn

#endif // SPNN_TRANSFORMS_ACTIVATIONMATCHER_H
