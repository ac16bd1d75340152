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

#endif // SPNN_TRANSFORMS_PASSES_TD
