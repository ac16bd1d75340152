//===- SPNNTrainingOps.td - Training ops of the spnn dialect -*- tablegen -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Defines dropout, losses, optimisers, and the mark of what the forward pass keeps for the backward pass.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_IR_SPNNTRAININGOPS_TD
#define SPNN_IR_SPNNTRAININGOPS_TD

include "spnn/IR/SPNNMessageOps.td"

def SPNN_SaveOp : SPNN_GraphOp<"save", [SameOperandsAndResultType]> {
  let summary = "a value of the forward pass that the backward pass reads";
  let description = [{
    The operand itself. `spnn-differentiate` puts it between the forward pass, where the value is made, and the backward
    pass, which reads it: the operands of all `spnn.save` are what training keeps in memory, arguments and constants aside.
    `spnn-reorder-operators` counts and changes them; before bufferization they fold into their operands.

    From an `opaque` one the backward pass computes again what the forward pass had and did not keep. It stays until
    bufferization, where it becomes its operand's buffer: folded earlier, both computations would be the same op twice, and CSE
    would keep the first one's result after all.

    ```mlir
    %s = spnn.save %x : tensor<2708x16xf32>
    %again = spnn.save %x opaque : tensor<2708x16xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$source, UnitAttr:$opaque);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$source (`opaque` $opaque^)? attr-dict `:` type($result)";
}

def SPNN_DropoutOp : SPNN_GraphOp<"dropout", [AllTypesMatch<["source", "result"]>]> {
  let summary = "set random elements to zero, by a counter-based generator";
  let description = [{
    result[i] = keep(i) ? source[i] / (1 - rate) : 0, i the row-major number of the element. Nothing is stored: the mask is a
    function of `seed`, `stream` and i, so the gradient is the same op applied to the gradient, whatever the threads. With unsigned
    arithmetic modulo 2^32 and key = mix(mix(seed mod 2^32 + 0x9e3779b9) xor (seed div 2^32) xor stream * 0x85ebca6b):

    keep(i) = mix((i mod 2^32) xor mix(key + (i div 2^32) * 0xc2b2ae35)) >= round(rate * 2^32), where
    mix(x): x ^= x >> 16; x *= 0x21f0aaad; x ^= x >> 15; x *= 0x735a2d97; x ^= x >> 15 (the 32-bit finaliser of
    Wellons' hash prospector, in the public domain).

    ```mlir
    %y = spnn.dropout %x seed(%s) rate(0.5) stream(1) : tensor<2708x16xf32>
    ```

    Constraints:

    - (C1) `rate` is in [0, 1).

    With rate 0 it folds to its operand.
  }];
  let arguments = (ins SPNN_Floats:$source, I64:$seed, F64Attr:$rate, DefaultValuedAttr<I64Attr, "0">:$stream);
  let results = (outs SPNN_Floats:$result);
  let assemblyFormat = [{
    $source `seed` `(` $seed `)` `rate` `(` $rate `)` (`stream` `(` $stream^ `)`)? attr-dict `:` type($result)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def SPNN_LossKind : I32EnumAttr<"LossKind", "what predictions are measured by", [
    I32EnumAttrCase<"CrossEntropy", 0, "cross_entropy">,
    I32EnumAttrCase<"BinaryCrossEntropy", 1, "binary_cross_entropy">,
    I32EnumAttrCase<"MeanSquared", 2, "mean_squared">,
  ]> {
  let cppNamespace = "::spnn";
  let genSpecializedAttr = 0;
}
def SPNN_LossKindAttr : EnumAttr<SPNN_Dialect, SPNN_LossKind, "loss_kind"> {
  let description = [{
    | name | loss of row n with predictions p and target t |
    | --- | --- |
    | `cross_entropy` | log(sum over k of exp p[n, k]) - p[n, t[n]], t[n] a class |
    | `binary_cross_entropy` | mean over k of max(p, 0) - p t + log(1 + exp(-abs(p))), p a logit, t in [0, 1] |
    | `mean_squared` | mean over k of (p - t)^2 |

    ```mlir
    #spnn.loss_kind<cross_entropy>
    ```
  }];
  let assemblyFormat = "`<` $value `>`";
}

def SPNN_LossOp : SPNN_GraphOp<"loss"> {
  let summary = "mean loss over the rows that a mask selects";
  let description = [{
    The mean of the loss `kind` over the rows n of `predictions` with mask[n] = 1 (all rows without `mask`), 0 if there are
    none. A class out of range in a selected row is an error of the call.

    ```mlir
    %l = spnn.loss cross_entropy %y, %t mask(%m : tensor<2708xi1>) : tensor<2708x7xf32>, tensor<2708xi32> -> tensor<f32>
    ```

    Constraints:

    - (C1) `predictions` has rank 2; `targets` is a vector of i32 with an element for each row (`cross_entropy`), or has the
      type of `predictions` (otherwise);
    - (C2) `mask` is a vector of i1 with an element for each row;
    - (C3) the result has rank 0 and the element type of `predictions`.
  }];
  let arguments = (ins SPNN_LossKindAttr:$kind, SPNN_Floats:$predictions, AnyRankedTensor:$targets,
                       Optional<AnyRankedTensor>:$mask);
  let results = (outs SPNN_Floats:$result);
  let assemblyFormat = [{
    custom<LossKind>($kind) $predictions `,` $targets (`mask` `(` $mask^ `:` type($mask) `)`)? attr-dict
    `:` type($predictions) `,` type($targets) `->` type($result)
  }];
  let hasVerifier = 1;
}

def SPNN_LossBackwardOp : SPNN_GraphOp<"loss_backward", [AllTypesMatch<["predictions", "result"]>]> {
  let summary = "gradient of a mean loss with respect to the predictions";
  let description = [{
    `gradient` (of the loss, rank 0) times the derivative of `spnn.loss` with the same operands; rows that the mask leaves out
    are 0.

    ```mlir
    %d = spnn.loss_backward cross_entropy %y, %t, %g mask(%m : tensor<2708xi1>)
        : tensor<2708x7xf32>, tensor<2708xi32>, tensor<f32>
    ```

    Constraints:

    - (C1) as (C1) of `spnn.loss`; (C2) as its (C2);
    - (C3) `gradient` has rank 0 and the element type of `predictions`, whose type the result has.
  }];
  let arguments = (ins SPNN_LossKindAttr:$kind, SPNN_Floats:$predictions, AnyRankedTensor:$targets, SPNN_Floats:$gradient,
                       Optional<AnyRankedTensor>:$mask);
  let results = (outs SPNN_Floats:$result);
  let assemblyFormat = [{
    custom<LossKind>($kind) $predictions `,` $targets `,` $gradient (`mask` `(` $mask^ `:` type($mask) `)`)? attr-dict
    `:` type($predictions) `,` type($targets) `,` type($gradient)
  }];
  let hasVerifier = 1;
}

def SPNN_AdamOp : SPNN_GraphOp<"adam", [
    AllTypesMatch<["parameter", "gradient", "mean", "variance", "new_parameter", "new_mean", "new_variance"]>]> {
  let summary = "a step of Adam";
  let description = [{
    With g = gradient + weight_decay * parameter and the number of the step t = 1, 2, ... (Kingma and Ba, arXiv:1412.6980):

    new_mean = beta1 mean + (1 - beta1) g, new_variance = beta2 variance + (1 - beta2) g^2,
    new_parameter = parameter - rate * (new_mean / (1 - beta1^t)) / (sqrt(new_variance / (1 - beta2^t)) + epsilon).

    With `decoupled`, g = gradient, and rate * weight_decay * parameter is taken off besides (AdamW, arXiv:1711.05101).

    ```mlir
    %p, %m, %v = spnn.adam %w, %g, %m0, %v0 step(%t) rate(0.01) {weight_decay = 5.0e-04 : f64} : tensor<1433x16xf32>
    ```

    Constraints:

    - (C1) `rate`, `epsilon` and `weight_decay` are not negative; `beta1` and `beta2` are in [0, 1).
  }];
  let arguments = (ins SPNN_Floats:$parameter, SPNN_Floats:$gradient, SPNN_Floats:$mean, SPNN_Floats:$variance, I64:$step,
                       F64Attr:$rate, DefaultValuedAttr<F64Attr, "0.9">:$beta1, DefaultValuedAttr<F64Attr, "0.999">:$beta2,
                       DefaultValuedAttr<F64Attr, "1.0e-8">:$epsilon, DefaultValuedAttr<F64Attr, "0.0">:$weight_decay,
                       UnitAttr:$decoupled);
  let results = (outs SPNN_Floats:$new_parameter, SPNN_Floats:$new_mean, SPNN_Floats:$new_variance);
  let assemblyFormat = [{
    $parameter `,` $gradient `,` $mean `,` $variance `step` `(` $step `)` `rate` `(` $rate `)` attr-dict
    `:` type($new_parameter)
  }];
  let hasVerifier = 1;
}

def SPNN_SGDOp : SPNN_GraphOp<"sgd", [
    AllTypesMatch<["parameter", "gradient", "velocity", "new_parameter", "new_velocity"]>]> {
  let summary = "a step of stochastic gradient descent with momentum";
  let description = [{
    new_velocity = momentum * velocity + gradient + weight_decay * parameter, new_parameter = parameter - rate * new_velocity.

    ```mlir
    %p, %v = spnn.sgd %w, %g, %v0 rate(0.1) {momentum = 0.9 : f64} : tensor<1433x16xf32>
    ```

    Constraints:

    - (C1) `rate` and `weight_decay` are not negative; `momentum` is in [0, 1).
  }];
  let arguments = (ins SPNN_Floats:$parameter, SPNN_Floats:$gradient, SPNN_Floats:$velocity, F64Attr:$rate,
                       DefaultValuedAttr<F64Attr, "0.0">:$momentum, DefaultValuedAttr<F64Attr, "0.0">:$weight_decay);
  let results = (outs SPNN_Floats:$new_parameter, SPNN_Floats:$new_velocity);
  let assemblyFormat = [{
    $parameter `,` $gradient `,` $velocity `rate` `(` $rate `)` attr-dict `:` type($new_parameter)
  }];
  let hasVerifier = 1;
}

#endif // SPNN_IR_SPNNTRAININGOPS_TD
