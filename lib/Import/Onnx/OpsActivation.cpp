//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Activation functions: one linalg.generic a node, in the form that fusion into a product looks for.
//
//===----------------------------------------------------------------------===//
#include "Builders.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace spnn::onnximport;

/// Applies fn(scalars, node, x) to each element.
template <Value (*fn)(Scalars &, Node &, Value)> static LogicalResult activation(Node &n) {
  return n.set(
      0, elementwise(
             n, n.in(0), n.elementType(0), [&](Scalars &s, ValueRange x) { return fn(s, n, x[0]); }, n.isUnsigned(0)));
}

/// select(x < 0, negative, x), which keeps NaN.
static Value belowZero(Scalars &s, Value x, Value negative) {
  return s.select(s.less(x, s.constantLike(x, 0)), negative, x);
}

static Value relu(Scalars &s, Node &, Value x) { return s.max(x, s.constantLike(x, 0)); }

/// 1 / (1 + exp(-x))
static Value logistic(Scalars &s, Value x) {
  Value one = s.constantLike(x, 1);
  return s.div(one, s.add(one, s.exp(s.neg(x))));
}
static Value sigmoid(Scalars &s, Node &, Value x) { return logistic(s, x); }

static Value leakyRelu(Scalars &s, Node &n, Value x) {
  return belowZero(s, x, s.mul(x, s.constantLike(x, n.real("alpha", 0.01f))));
}

/// alpha (exp x - 1)
static Value exponential(Scalars &s, Value x, double alpha) {
  return s.mul(s.constantLike(x, alpha), Value(math::ExpM1Op::create(s.b, x)));
}

static Value elu(Scalars &s, Node &n, Value x) { return belowZero(s, x, exponential(s, x, n.real("alpha", 1))); }

static Value celu(Scalars &s, Node &n, Value x) {
  double alpha = n.real("alpha", 1);
  return belowZero(s, x, exponential(s, s.div(x, s.constantLike(x, alpha)), alpha));
}

static Value selu(Scalars &s, Node &n, Value x) {
  // The defaults of opset 6 (Klambauer et al., arXiv:1706.02515).
  double alpha = n.real("alpha", 1.67326319217681884765625), gamma = n.real("gamma", 1.05070102214813232421875);
  return s.mul(s.constantLike(x, gamma), belowZero(s, x, exponential(s, x, alpha)));
}

static Value clampUnit(Scalars &s, Value x) { return s.min(s.max(x, s.constantLike(x, 0)), s.constantLike(x, 1)); }

static Value hardSigmoid(Scalars &s, Node &n, Value x) {
  Value line = s.add(s.mul(x, s.constantLike(x, n.real("alpha", 0.2f))), s.constantLike(x, n.real("beta", 0.5f)));
  return clampUnit(s, line);
}

static Value hardSwish(Scalars &s, Node &, Value x) {
  Value line = s.add(s.mul(x, s.constantLike(x, 1.0 / 6)), s.constantLike(x, 0.5));
  return s.mul(x, clampUnit(s, line));
}

/// log(1 + exp x) = max(x, 0) + log1p(exp(-|x|)), which does not overflow.
static Value softplusOf(Scalars &s, Value x) {
  Value tail = math::Log1pOp::create(s.b, s.exp(s.neg(s.abs(x))));
  return s.add(s.max(x, s.constantLike(x, 0)), tail);
}
static Value softplus(Scalars &s, Node &, Value x) { return softplusOf(s, x); }
static Value mish(Scalars &s, Node &, Value x) { return s.mul(x, Value(math::TanhOp::create(s.b, softplusOf(s, x)))); }
/// x / 2 (1 + erf(x / sqrt 2)), or its approximation by tanh (Hendrycks and Gimpel, arXiv:1606.08415).
static Value gelu(Scalars &s, Node &n, Value x) {
  Value half = s.constantLike(x, 0.5), one = s.constantLike(x, 1), inner;
  if (n.string("approximate", "none") == "tanh") {
    Value cube = s.mul(s.mul(x, x), x);
    Value sum = s.add(x, s.mul(s.constantLike(x, 0.044715), cube));
    inner = math::TanhOp::create(s.b, s.mul(s.constantLike(x, 0.7978845608028654), sum));
  } else {
    inner = math::ErfOp::create(s.b, s.mul(x, s.constantLike(x, 0.7071067811865476)));
  }
  return s.mul(s.mul(half, x), s.add(one, inner));
}

/// Ops that the schemas at hand do not hold to floats.
template <Value (*fn)(Scalars &, Node &, Value)> static LogicalResult floatActivation(Node &n) {
  if (!n.isFloat(0))
    return n.refuse("only floats are supported");
  StringRef approximate = n.string("approximate", "none");
  if (approximate != "none" && approximate != "tanh")
    return n.refuse("approximate '" + approximate + "' is not supported");
  return activation<fn>(n);
}

static Value softsign(Scalars &s, Node &, Value x) { return s.div(x, s.add(s.constantLike(x, 1), s.abs(x))); }

static Value thresholdedRelu(Scalars &s, Node &n, Value x) {
  return s.select(s.less(s.constantLike(x, n.real("alpha", 1)), x), x, s.constantLike(x, 0));
}

static Value shrink(Scalars &s, Node &n, Value x) {
  double lambda = n.real("lambd", 0.5);
  Value bias = s.constantLike(x, n.real("bias", 0)), zero = s.constantLike(x, 0);
  Value isBelow = s.isUnsigned ? s.constant(s.b.getI1Type(), 0) : s.less(x, s.constantLike(x, -lambda));
  return s.select(isBelow, s.add(x, bias), s.select(s.less(s.constantLike(x, lambda), x), s.sub(x, bias), zero));
}

static LogicalResult importPRelu(Node &n) {
  Value slope = n.in(1);
  // Until opset 7 the slope runs along the channels, axis 1; since then it broadcasts as any operand.
  if (n.opset < 7 && n.rank(1) == 1 && n.rank(0) > 2) {
    SmallVector<OpFoldResult> sizes(n.rank(0) - 1, number(n, 1));
    sizes[0] = sizeOf(n, slope, 0);
    slope = reshape(n, slope, sizes);
  }
  return n.set(0, elementwise(n, {n.in(0), slope}, n.elementType(0),
                              [](Scalars &s, ValueRange x) { return belowZero(s, x[0], s.mul(x[0], x[1])); }));
}

ArrayRef<OpEntry> spnn::onnximport::activationOps() {
  static const OpEntry entries[] = {
      {"Celu", activation<celu>, ""},
      {"Elu", activation<elu>, ""},
      {"Gelu", floatActivation<gelu>, ""},
      {"HardSigmoid", activation<hardSigmoid>, ""},
      {"HardSwish", activation<hardSwish>, ""},
      {"LeakyRelu", activation<leakyRelu>, ""},
      {"Mish", floatActivation<mish>, ""},
      {"PRelu", importPRelu, ""},
      {"Relu", activation<relu>, ""},
      {"Selu", activation<selu>, ""},
      {"Shrink", activation<shrink>, ""},
      {"Sigmoid", activation<sigmoid>, ""},
      {"Softplus", activation<softplus>, ""},
      {"Softsign", activation<softsign>, ""},
      {"ThresholdedRelu", activation<thresholdedRelu>, ""},
  };
  return entries;
}
