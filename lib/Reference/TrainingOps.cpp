//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Dropout, losses and optimisers.
//
//===----------------------------------------------------------------------===//
#include "Messages.h"

#include "spnn/Reference/Dropout.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace spnn;
using namespace spnn::reference;

static LogicalResult evaluateSave(Interpreter &interpreter, Operation *op) {
  TensorRef value = interpreter.get(op->getOperand(0));
  return value ? interpreter.set(op, op->getResult(0), value) : failure();
}

static LogicalResult evaluateDropout(Interpreter &interpreter, Operation *op) {
  auto dropout = cast<DropoutOp>(op);
  FailureOr<int64_t> seed = interpreter.getInteger(dropout.getSeed());
  if (failed(seed))
    return failure();
  FailureOr<Tensor> value = interpreter.take(dropout.getSourceMutable());
  if (failed(value))
    return failure();
  DropoutMask mask(*seed, dropout.getStream(), dropout.getRate().convertToDouble());
  // What is dropped is 0, be it NaN or infinite before.
  for (int64_t i = 0; i < value->size(); ++i)
    value->floats[i] = mask.keeps(i) ? value->floats[i] * mask(i) : 0;
  return interpreter.set(op, dropout.getResult(), std::move(*value));
}

//===----------------------------------------------------------------------===//
// LossOp, LossBackwardOp
//===----------------------------------------------------------------------===//

namespace {
/// The loss of one row of n predictions, and its derivative, divided by the number of rows.
class Loss {
public:
  /// Reads the operands; an error at the op if a shape does not fit or a class is out of range.
  template <typename Op> static FailureOr<Loss> get(Interpreter &interpreter, Op op);

  double getMean() const;
  /// Puts `gradient` times the derivative of the mean into `result`, of the shape of the predictions.
  void derive(double gradient, std::vector<double> &result) const;
  const Tensor &getPredictions() const { return *predictions; }

private:
  double getRow(int64_t row) const;
  /// The logarithm of the sum of exp over a row.
  double getLogSum(int64_t row) const;

  LossKind kind;
  TensorRef predictions, targets;
  std::vector<int64_t> rows; ///< those that the mask selects
  int64_t width = 0;
};
} // namespace

template <typename Op> FailureOr<Loss> Loss::get(Interpreter &interpreter, Op op) {
  Loss loss;
  loss.kind = op.getKind();
  loss.predictions = interpreter.get(op.getPredictions());
  if (!loss.predictions)
    return failure();
  int64_t count = loss.predictions->shape[0];
  loss.width = loss.predictions->shape[1];
  bool hasClasses = loss.kind == LossKind::CrossEntropy;
  SmallVector<int64_t> shape = {count};
  if (!hasClasses)
    shape.push_back(loss.width);
  FailureOr<TensorRef> targets = getShaped(interpreter, op, "targets", op.getTargets(), shape);
  FailureOr<TensorRef> mask = getShaped(interpreter, op, "mask", op.getMask(), {count});
  if (failed(targets) || failed(mask))
    return failure();
  loss.targets = *targets;
  for (int64_t row = 0; row < count; ++row) {
    if (*mask && !(*mask)->ints[row])
      continue;
    loss.rows.push_back(row);
    if (!hasClasses)
      continue;
    if (int64_t target = loss.targets->ints[row]; target < 0 || target >= loss.width)
      return op.emitOpError("targets[") << row << "] must be one of " << loss.width << " classes, got " << target;
  }
  return loss;
}

double Loss::getLogSum(int64_t row) const {
  const double *p = predictions->floats.data() + row * width;
  double greatest = *std::max_element(p, p + width), sum = 0;
  for (int64_t k = 0; k < width; ++k)
    sum += std::exp(p[k] - greatest);
  return greatest + std::log(sum);
}

double Loss::getRow(int64_t row) const {
  const double *p = predictions->floats.data() + row * width;
  if (kind == LossKind::CrossEntropy)
    return getLogSum(row) - p[targets->ints[row]];
  const double *t = targets->floats.data() + row * width;
  double sum = 0;
  for (int64_t k = 0; k < width; ++k)
    sum += kind == LossKind::MeanSquared ? (p[k] - t[k]) * (p[k] - t[k])
                                         : (p[k] < 0 ? 0 : p[k]) - p[k] * t[k] + std::log1p(std::exp(-std::fabs(p[k])));
  return width == 0 ? 0 : sum / width;
}

double Loss::getMean() const {
  double sum = 0;
  for (int64_t row : rows)
    sum += getRow(row);
  return rows.empty() ? 0 : sum / rows.size();
}

void Loss::derive(double gradient, std::vector<double> &result) const {
  gradient /= rows.size();
  for (int64_t row : rows) {
    bool hasClasses = kind == LossKind::CrossEntropy;
    double logSum = hasClasses ? getLogSum(row) : 0;
    for (int64_t k = 0; k < width; ++k) {
      double p = predictions->floats[row * width + k];
      double derivative;
      if (hasClasses)
        derivative = std::exp(p - logSum) - (k == targets->ints[row]);
      else if (kind == LossKind::MeanSquared)
        derivative = 2 * (p - targets->floats[row * width + k]) / width;
      else
        derivative = (1 / (1 + std::exp(-p)) - targets->floats[row * width + k]) / width;
      result[row * width + k] = gradient * derivative;
    }
  }
}

static LogicalResult evaluateLoss(Interpreter &interpreter, Operation *op) {
  auto lossOp = cast<LossOp>(op);
  FailureOr<Loss> loss = Loss::get(interpreter, lossOp);
  if (failed(loss))
    return failure();
  Tensor result = Tensor::zeros(loss->getPredictions().elementType, {});
  result.floats[0] = loss->getMean();
  return interpreter.set(op, lossOp.getResult(), std::move(result));
}

static LogicalResult evaluateLossBackward(Interpreter &interpreter, Operation *op) {
  auto backward = cast<LossBackwardOp>(op);
  FailureOr<Loss> loss = Loss::get(interpreter, backward);
  FailureOr<TensorRef> gradient = getShaped(interpreter, op, "gradient", backward.getGradient(), {});
  if (failed(loss) || failed(gradient))
    return failure();
  const Tensor &predictions = loss->getPredictions();
  FailureOr<Tensor> result = interpreter.allocate(op, predictions.elementType, predictions.shape);
  if (failed(result))
    return failure();
  loss->derive((*gradient)->floats[0], result->floats);
  return interpreter.set(op, backward.getResult(), std::move(*result));
}

//===----------------------------------------------------------------------===//
// AdamOp, SGDOp
//===----------------------------------------------------------------------===//

static LogicalResult evaluateAdam(Interpreter &interpreter, Operation *op) {
  auto adam = cast<AdamOp>(op);
  FailureOr<int64_t> step = interpreter.getInteger(adam.getStep());
  TensorRef parameter = interpreter.get(adam.getParameter());
  if (failed(step) || !parameter)
    return failure();
  FailureOr<TensorRef> gradient = getShaped(interpreter, op, "gradient", adam.getGradient(), parameter->shape);
  FailureOr<TensorRef> mean = getShaped(interpreter, op, "mean", adam.getMean(), parameter->shape);
  FailureOr<TensorRef> variance = getShaped(interpreter, op, "variance", adam.getVariance(), parameter->shape);
  if (failed(gradient) || failed(mean) || failed(variance))
    return failure();
  if (*step < 1)
    return op->emitOpError("step must be 1 or more, got ") << *step;
  FailureOr<Tensor> newParameter = interpreter.allocate(op, parameter->elementType, parameter->shape);
  FailureOr<Tensor> newMean = interpreter.allocate(op, parameter->elementType, parameter->shape);
  FailureOr<Tensor> newVariance = interpreter.allocate(op, parameter->elementType, parameter->shape);
  if (failed(newParameter) || failed(newMean) || failed(newVariance))
    return failure();
  double rate = adam.getRate().convertToDouble(), decay = adam.getWeightDecay().convertToDouble();
  double beta1 = adam.getBeta1().convertToDouble(), beta2 = adam.getBeta2().convertToDouble();
  double epsilon = adam.getEpsilon().convertToDouble(), t = static_cast<double>(*step);
  for (int64_t i = 0; i < parameter->size(); ++i) {
    double p = parameter->floats[i], g = (*gradient)->floats[i] + (adam.getDecoupled() ? 0 : decay * p);
    double m = beta1 * (*mean)->floats[i] + (1 - beta1) * g;
    double v = beta2 * (*variance)->floats[i] + (1 - beta2) * g * g;
    newMean->floats[i] = m;
    newVariance->floats[i] = v;
    newParameter->floats[i] =
        p - (adam.getDecoupled() ? rate * decay * p : 0) -
        rate * (m / (1 - std::pow(beta1, t))) / (std::sqrt(v / (1 - std::pow(beta2, t))) + epsilon);
  }
  return success(succeeded(interpreter.set(op, adam.getNewParameter(), std::move(*newParameter))) &&
                 succeeded(interpreter.set(op, adam.getNewMean(), std::move(*newMean))) &&
                 succeeded(interpreter.set(op, adam.getNewVariance(), std::move(*newVariance))));
}

static LogicalResult evaluateSGD(Interpreter &interpreter, Operation *op) {
  auto sgd = cast<SGDOp>(op);
  TensorRef parameter = interpreter.get(sgd.getParameter());
  if (!parameter)
    return failure();
  FailureOr<TensorRef> gradient = getShaped(interpreter, op, "gradient", sgd.getGradient(), parameter->shape);
  FailureOr<TensorRef> velocity = getShaped(interpreter, op, "velocity", sgd.getVelocity(), parameter->shape);
  if (failed(gradient) || failed(velocity))
    return failure();
  FailureOr<Tensor> newParameter = interpreter.allocate(op, parameter->elementType, parameter->shape);
  FailureOr<Tensor> newVelocity = interpreter.allocate(op, parameter->elementType, parameter->shape);
  if (failed(newParameter) || failed(newVelocity))
    return failure();
  double rate = sgd.getRate().convertToDouble(), decay = sgd.getWeightDecay().convertToDouble();
  double momentum = sgd.getMomentum().convertToDouble();
  for (int64_t i = 0; i < parameter->size(); ++i) {
    double p = parameter->floats[i];
    double v = momentum * (*velocity)->floats[i] + (*gradient)->floats[i] + decay * p;
    newVelocity->floats[i] = v;
    newParameter->floats[i] = p - rate * v;
  }
  return success(succeeded(interpreter.set(op, sgd.getNewParameter(), std::move(*newParameter))) &&
                 succeeded(interpreter.set(op, sgd.getNewVelocity(), std::move(*newVelocity))));
}

Handler reference::getTrainingHandler(Operation *op) {
  if (isa<SaveOp>(op))
    return evaluateSave;
  if (isa<DropoutOp>(op))
    return evaluateDropout;
  if (isa<LossOp>(op))
    return evaluateLoss;
  if (isa<LossBackwardOp>(op))
    return evaluateLossBackward;
  if (isa<AdamOp>(op))
    return evaluateAdam;
  if (isa<SGDOp>(op))
    return evaluateSGD;
  return nullptr;
}
