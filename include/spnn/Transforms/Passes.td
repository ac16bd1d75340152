//===- Passes.td - Graph-level passes ----------------------*- tablegen -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Defines the passes on graph-level IR. Rule of this file: passes stand in the order in which the CPU pipeline
// runs them, passes outside the pipeline follow in alphabetical order; each has a summary, a description with an
// example that a test executes (test/Transforms/<flag>.mlir), and says which remarks it leaves.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_TRANSFORMS_PASSES_TD
#define SPNN_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def Raise : Pass<"spnn-raise"> {
  let summary = "raise linalg products with a constant operand to spnn.matmul";
  let description = [{
    Turns contractions of `linalg` (`matmul`, `batch_matmul`, `matvec`, `vecmat`, `contract`, and generics of that
    kind) that have a constant operand into `spnn.matmul` with the constant as its left operand. The constant may be
    dense or sparse and stand behind `spnn.convert`, `linalg.transpose` or `linalg.broadcast`. Several free
    dimensions (batch x rows) collapse into one. What the contraction accumulates into is added behind the product
    unless it is zero.

    A linear layer `x W^T` becomes `(W x^T)^T`: both transpositions of a chain of layers then meet and fold away, and
    activations stay transposed.

    ```mlir
    func.func @linear(%x: tensor<8x4xf32>, %init: tensor<8x2xf32>) -> tensor<8x2xf32> {
      %w = arith.constant dense<[[1.0, 0.0, 2.0, 0.0], [0.0, 3.0, 0.0, 0.0]]> : tensor<2x4xf32>
      %zero = arith.constant 0.0 : f32
      %out = linalg.fill ins(%zero : f32) outs(%init : tensor<8x2xf32>) -> tensor<8x2xf32>
      %y = linalg.matmul
          indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                           affine_map<(m, n, k) -> (m, n)>]
          ins(%x, %w : tensor<8x4xf32>, tensor<2x4xf32>) outs(%out : tensor<8x2xf32>) -> tensor<8x2xf32>
      return %y : tensor<8x2xf32>
    }
    ```

    holds afterwards

    ```mlir
    %t = spnn.matmul %w, %x {transpose_rhs} : (tensor<2x4xf32>, tensor<8x4xf32>) -> tensor<2x8xf32>
    %e = tensor.empty() : tensor<8x2xf32>
    %y = linalg.transpose ins(%t : tensor<2x8xf32>) outs(%e : tensor<8x2xf32>) permutation = [1, 0]
    ```

    Remark: `kept as linalg: <reason>` on every other contraction.
  }];
  let dependentDialects = ["::spnn::SPNNDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect"];
  let statistics = [
    Statistic<"numRaised", "raised", "Contractions raised to spnn.matmul">,
    Statistic<"numKept", "kept", "Contractions kept as linalg">,
  ];
}

def FuseEpilogues : Pass<"spnn-fuse-epilogues"> {
  let summary = "fuse bias and activation into spnn.matmul";
  let description = [{
    Takes `activation(product + bias)` into the `spnn.matmul` that computes the product, also where a transposition
    stands between them: the bias then runs along the other axis, and the fused product is transposed. The epilogue
    may be spread over any number of elementwise ops of `linalg`, `arith` and `math`, or be the first part of the body
    of one `linalg.generic`; how an exporter arranges its sums and products does not matter
    (`include/spnn/Transforms/ActivationMatcher.h`), and constants are compared with a relative tolerance of 1e-6.

    Transpositions (and reshapes that split the rows) that no epilogue takes up move behind elementwise ops, where they
    may meet the next product or another transposition and fold away.

    A maximum with 0 is a relu if NaN stays NaN: `arith.maximumf`, or `arith.cmpf` and `arith.select` with `ugt` or
    `uge` (what PyTorch exports). `arith.maxnumf` and `ogt` turn NaN into 0 and stay as they are unless they carry
    `fastmath<nnan>`.

    ```mlir
    func.func @layer(%w: tensor<2x4xf32>, %x: tensor<8x4xf32>, %b: tensor<2xf32>) -> tensor<8x2xf32> {
      %t = spnn.matmul %w, %x {transpose_rhs} : (tensor<2x4xf32>, tensor<8x4xf32>) -> tensor<2x8xf32>
      %e = tensor.empty() : tensor<8x2xf32>
      %p = linalg.transpose ins(%t : tensor<2x8xf32>) outs(%e : tensor<8x2xf32>) permutation = [1, 0]
      %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>,
                                            affine_map<(i, j) -> (i, j)>],
                           iterator_types = ["parallel", "parallel"]}
          ins(%p, %b : tensor<8x2xf32>, tensor<2xf32>) outs(%e : tensor<8x2xf32>) {
      ^bb0(%in: f32, %bias: f32, %out: f32):
        %zero = arith.constant 0.0 : f32
        %0 = arith.addf %in, %bias : f32
        %1 = arith.maximumf %0, %zero : f32
        linalg.yield %1 : f32
      } -> tensor<8x2xf32>
      return %y : tensor<8x2xf32>
    }
    ```

    holds afterwards

    ```mlir
    %t = spnn.matmul %w, %x bias(%b : tensor<2xf32>) activation(relu) {transpose_rhs}
        : (tensor<2x4xf32>, tensor<8x4xf32>) -> tensor<2x8xf32>
    %y = linalg.transpose ins(%t : tensor<2x8xf32>) outs(%e : tensor<8x2xf32>) permutation = [1, 0]
    ```

    Remark: `epilogue not fused: <reason>` where an activation was recognised and could not be taken.
  }];
  let dependentDialects = ["::spnn::SPNNDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect"];
  let statistics = [
    Statistic<"numFused", "fused", "Epilogues fused">,
  ];
}

def Decompose : Pass<"spnn-decompose"> {
  let summary = "bring every spnn.matmul into the form that kernels take";
  let description = [{
    Kernels compute `activation(W op(X) + bias)` with a constant W that is not transposed, a dense X, and a bias along
    the rows of the result. Afterwards every `spnn.matmul` has this form. The rules, in this order:

    1. a sparse operand that is no constant is an error;
    2. without any constant operand the product becomes `linalg.matmul`, its epilogue a `linalg.generic`;
    3. a constant right operand (the sparse one, if both are constant) comes to the left by A B = (B^T A^T)^T, which
       also turns the axis of the bias;
    4. a transposed constant is transposed at compile time in its own format, or becomes dense if the format cannot
       hold the transposed values;
    5. a bias that still runs along the columns (the constant stood on the left) is added, and the activation applied,
       by a `linalg.generic` behind the product.

    ```mlir
    func.func @layer(%x: tensor<8x2xf32>, %b: tensor<3xf32>) -> tensor<8x3xf32> {
      %w = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
      %y = spnn.matmul %x, %w bias(%b : tensor<3xf32>) activation(relu) {bias_axis = 1 : i64}
          : (tensor<8x2xf32>, tensor<2x3xf32>) -> tensor<8x3xf32>
      return %y : tensor<8x3xf32>
    }
    ```

    holds afterwards

    ```mlir
    %w = arith.constant dense<[[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]> : tensor<3x2xf32>
    %t = spnn.matmul %w, %x bias(%b : tensor<3xf32>) activation(relu) {transpose_rhs}
        : (tensor<3x2xf32>, tensor<8x2xf32>) -> tensor<3x8xf32>
    %y = linalg.transpose ins(%t : tensor<3x8xf32>) outs(%e : tensor<8x3xf32>) permutation = [1, 0]
    ```

    Remarks: `lowered to linalg.matmul: no operand is constant`; `lhs is stored dense: <reason>`;
    `rhs is stored dense: lhs is sparse already`.
  }];
  let dependentDialects = ["::spnn::SPNNDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
  let statistics = [
    Statistic<"numExchanged", "exchanged", "Products whose operands were exchanged">,
    Statistic<"numDetached", "detached", "Epilogues taken off a product">,
    Statistic<"numLowered", "lowered", "Products lowered to linalg.matmul">,
  ];
}

#endif // SPNN_TRANSFORMS_PASSES_TD
