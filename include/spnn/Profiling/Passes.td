//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Defines the passes that run a model on data to learn something about it. They belong to no pipeline, and the plugin does not
// have them: they read files. Rule of this file: as in Transforms/Passes.td.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_PROFILING_PASSES_TD
#define SPNN_PROFILING_PASSES_TD

include "mlir/Pass/PassBase.td"

def MeasureActivations : Pass<"spnn-measure-activations", "::mlir::ModuleOp"> {
  let summary = "Measure on sample inputs which share of the activations of each product is not zero";
  let description = [{
    Evaluates one public function with the reference evaluator on sample inputs, and writes on every product with a
    constant operand (`spnn.matmul`, or a contraction of `linalg` that `spnn-raise` makes one of) the share of elements of its
    other operand that were not zero, over all samples: the attribute `spnn.activation_density`, from which
    `spnn-select-formats` knows what it would gain by skipping zeros. Products in nested regions and in functions that are
    called are measured too. A share that stands there already is replaced. Runs on graph-level models, best as `sparse-import` writes them.

    `inputs` names one .npz file whose arrays are called like the arguments (`spnn.name`, or in0, in1, ...), or .npy files in
    the order of the arguments. An array has the argument's shape, or one leading axis more, along which samples
    lie; where the argument's leading extent is constant, as for one batch size, an array may also hold several
    batches one after the other. An input with a single sample serves all samples of the others.

    ```mlir
    func.func @f(%x: tensor<1x3xf32>) -> tensor<1x2xf32> {
      %w = arith.constant dense<[[1.0, 2.0, 0.0], [0.0, 3.0, 0.0]]> : tensor<2x3xf32>
      %y = spnn.matmul %x, %w {transpose_rhs} : (tensor<1x3xf32>, tensor<2x3xf32>) -> tensor<1x2xf32>
      return %y : tensor<1x2xf32>
    }
    ```

    becomes, by `inputs=x.npy` that holds `[[0, 5, 0], [0, 1, 2]]`,

    ```mlir
    func.func @f(%x: tensor<1x3xf32>) -> tensor<1x2xf32> {
      %w = arith.constant dense<[[1.0, 2.0, 0.0], [0.0, 3.0, 0.0]]> : tensor<2x3xf32>
      %y = spnn.matmul %x, %w {spnn.activation_density = 5.0e-01 : f64, transpose_rhs}
          : (tensor<1x3xf32>, tensor<2x3xf32>) -> tensor<1x2xf32>
      return %y : tensor<1x2xf32>
    }
    ```

    Remarks: one for each product, with the share, or that it was never run.
  }];
  let options = [
    ListOption<"inputs", "inputs", "std::string", "sample inputs: one .npz file, or .npy files in the order of the arguments">,
    Option<"function", "function", "std::string", /*default=*/"\"\"", "the function to run (default: the only public one, or main)">,
    Option<"samples", "samples", "int64_t", /*default=*/"100", "the most samples to run; 0: all">,
  ];
  let statistics = [
    Statistic<"numSamples", "samples", "samples that were run">,
    Statistic<"numProducts", "products", "products whose activations were measured">,
  ];
}

#endif // SPNN_PROFILING_PASSES_TD
