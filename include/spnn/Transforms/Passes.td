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

def Prune : Pass<"spnn-prune"> {
  let summary = "prune constant operands of products, evaluate spnn.prune";
  let description = [{
    Evaluates every `spnn.prune` of a constant, and, given a pattern, prunes the constant operand of every
    `spnn.matmul` by magnitude. Patterns run along the rows of the constant as kernels see it: of op(lhs), or of the
    transposed op(rhs). A constant that several products use is pruned once. NaN weights are an error.

    ```mlir
    func.func @layer(%x: tensor<4x8xf32>) -> tensor<2x8xf32> {
      %w = arith.constant dense<[[1.0, -4.0, 2.0, 3.0], [5.0, 0.0, -7.0, 6.0]]> : tensor<2x4xf32>
      %y = spnn.matmul %w, %x : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
      return %y : tensor<2x8xf32>
    }
    ```

    multiplies after `spnn-prune{pattern=2:4}` by

    ```mlir
    %w = arith.constant dense<[[0.0, -4.0, 0.0, 3.0], [0.0, 0.0, -7.0, 6.0]]> : tensor<2x4xf32>
    ```

    Remarks: `pruned 12.5 % -> 50.0 % zeros`, `not pruned: <reason>`, `not evaluated: <reason>`.
  }];
  let options = [
    Option<"pattern", "pattern", "std::string", "\"\"",
           "unstructured, block:<rows>x<columns>, <n>:<m> or <n>:<m>:<g>; empty: only evaluate spnn.prune">,
    Option<"sparsity", "sparsity", "double", "0.9", "fraction of zeros of unstructured and block patterns">,
    Option<"method", "method", "std::string", "\"magnitude\"", "how weights are chosen: magnitude">,
    Option<"scope", "scope", "std::string", "\"layer\"",
           "layer: each constant has the sparsity; global: all together have it (no meaning for n:m and n:m:g)">,
    Option<"minRows", "min-rows", "int64_t", "0", "leave constants with fewer rows alone">,
    ListOption<"only", "only", "int64_t", "prune only these products, counted from 0 among those with a constant operand">,
  ];
  let dependentDialects = ["::spnn::SPNNDialect", "::mlir::arith::ArithDialect"];
  let statistics = [
    Statistic<"numPruned", "pruned", "Constants pruned">,
  ];
}

def AnalyzeSparsity : Pass<"spnn-analyze-sparsity"> {
  let summary = "measure constant operands of products, remove dead channels";
  let description = [{
    Leaves on every `spnn.matmul` with a constant operand the dictionary `spnn.statistics` about it, in the orientation
    that kernels see (op(lhs), or the transposed op(rhs)): `rows`, `columns`, `nonzeros`, `density`; `min_row_length`,
    `max_row_length`, `mean_row_length`, `row_length_deviation`; `dead_rows` and `dead_columns` (how many have no
    nonzero); `nans`, `infinities`; `block_fill` (for each block shape, nonzeros over values in blocks that hold one);
    and `nm`, the tightest n:m pattern that holds, if one does.

    With `remove-dead`, channels between two products that carry nothing go first: where a product is used by one
    other product only and not transposed, a column of zeros in the second constant is removed with the row of the
    first that feeds it, and a row of zeros in the first, whose output is activation(bias) everywhere, with the column
    of the second, whose bias takes the constant up. This needs constant biases and goes on until nothing changes. As
    in every sparse product, a zero weight times infinity or NaN counts as zero. Where the first constant has full
    blocks of rows, or the second full blocks of columns or an n:m pattern, channels go in whole aligned groups only, so
    that the pattern survives. Dead columns of the first product of
    a chain and dead rows of the last stay: removing them would change the model's interface.

    ```mlir
    func.func @chain(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
      %b = arith.constant dense<[0.5, 0.25, 1.0]> : tensor<3xf32>
      %w = arith.constant dense<[[1.0, 2.0], [0.0, 0.0], [3.0, 4.0]]> : tensor<3x2xf32>
      %v = arith.constant dense<[[1.0, 4.0, 0.0], [2.0, 8.0, 0.0]]> : tensor<2x3xf32>
      %h = spnn.matmul %w, %x bias(%b : tensor<3xf32>) activation(relu)
          : (tensor<3x2xf32>, tensor<2x8xf32>) -> tensor<3x8xf32>
      %y = spnn.matmul %v, %h : (tensor<2x3xf32>, tensor<3x8xf32>) -> tensor<2x8xf32>
      return %y : tensor<2x8xf32>
    }
    ```

    holds afterwards (statistics left out)

    ```mlir
    %b = arith.constant dense<0.5> : tensor<1xf32>
    %w = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
    %c = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
    %v = arith.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
    %h = spnn.matmul %w, %x bias(%b : tensor<1xf32>) activation(relu)
        : (tensor<1x2xf32>, tensor<2x8xf32>) -> tensor<1x8xf32>
    %y = spnn.matmul %v, %h bias(%c : tensor<2xf32>) : (tensor<2x1xf32>, tensor<1x8xf32>) -> tensor<2x8xf32>
    ```

    Remarks: one sentence of statistics on every product, and what was removed.
  }];
  let options = [
    Option<"removeDead", "remove-dead", "bool", "true", "remove dead channels between products">,
  ];
  let dependentDialects = ["::spnn::SPNNDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect"];
  let statistics = [
    Statistic<"numMeasured", "measured", "Products measured">,
    Statistic<"numDeadColumns", "dead-columns", "Dead columns removed">,
    Statistic<"numDeadRows", "dead-rows", "Dead rows removed">,
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

    `linalg.softmax` and other ops without a body are taken apart into structured ops, as nothing later lowers them.

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

def Quantize : Pass<"spnn-quantize"> {
  let summary = "store weights of products in f16, bf16 or i8, compute with activations in bf16 or i8";
  let description = [{
    Rewrites every `spnn.matmul` of f32 with constant weights, on either side and in any format. Weights are rounded to
    the nearest value, ties to even; zeros stay zeros, so patterns hold. Those of i8 are symmetric: each output channel
    (row of op(lhs), column of op(rhs)) has the scale max|w| / 127, which the product takes as `lhs_scales` or
    `rhs_scales`; a channel of zeros has scale 1.

    With `activations=bf16` (weights of bf16) the other operand is truncated by an elementwise op. With `activations=i8`
    (weights of i8) it is quantised while the model runs, symmetrically for each column of op(rhs) (row of op(lhs)), which
    is one token: s = max|x| / 127, 1 where that is zero, q = x (1 / s) to the nearest integer, ties to even; s becomes the other
    operand of scales. A column that holds an infinity or NaN comes out without a finite number.

    ```mlir
    func.func @layer(%x: tensor<4x3xf32>) -> tensor<2x3xf32> {
      %w = arith.constant dense<[[127.0, 0.0, -2.5, 1.5], [0.0, 0.0, 0.0, 0.0]]> : tensor<2x4xf32>
      %y = spnn.matmul %w, %x : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
      return %y : tensor<2x3xf32>
    }
    ```

    holds after `spnn-quantize{weights=i8}`

    ```mlir
    %w = arith.constant dense<[[127, 0, -2, 2], [0, 0, 0, 0]]> : tensor<2x4xi8>
    %s = arith.constant dense<1.000000e+00> : tensor<2xf32>
    %y = spnn.matmul %w, %x lhs_scales(%s : tensor<2xf32>) : (tensor<2x4xi8>, tensor<4x3xf32>) -> tensor<2x3xf32>
    ```

    Remarks: `quantised: <what>`, `not quantised: <reason>`.
  }];
  let options = [
    Option<"weights", "weights", "std::string", "\"i8\"", "element type of weights: f16, bf16 or i8">,
    Option<"activations", "activations", "std::string", "\"f32\"",
           "element type of activations: f32, or bf16 or i8 if the weights are that too">,
  ];
  let dependentDialects = ["::spnn::SPNNDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect"];
  let statistics = [
    Statistic<"numQuantized", "quantized", "Products quantised">,
    Statistic<"numKept", "kept", "Products kept as they are">,
  ];
}

def ExposeWeights : Pass<"spnn-expose-weights", "::mlir::ModuleOp"> {
  let summary = "Turn constant weights of products into parameters, those of pruned networks on their pattern";
  let description = [{
    Makes a network trainable whose weights are constants, such as an imported one: each constant operand of an `spnn.matmul`
    becomes an argument with `spnn.parameter`, named `weight0`, `weight1` and so on. Of weights of which at most `max-density`
    are not zero only those are trained, with a fixed mask: the pattern is a constant graph, the parameter its edge values, one
    number for each nonzero, and the product an `spnn.aggregate`. `spnn-differentiate` then gives gradients on the pattern
    (`spnn.sddmm`), never dense, and the backward pass reads the transposed pattern, made once. What the weights were is
    returned by a new function `@<function>_weights`. Products with epilogues and weights of other types keep them, with a
    remark; run `spnn-raise` before, and `spnn-fuse-epilogues` only behind.

    ```mlir
    func.func @layer(%x: tensor<3x8xf32>) -> tensor<2x8xf32> {
      %w = arith.constant dense<[[0.0, 0.0, 3.0], [4.0, 0.0, 0.0]]> : tensor<2x3xf32>
      %y = spnn.matmul %w, %x : (tensor<2x3xf32>, tensor<3x8xf32>) -> tensor<2x8xf32>
      return %y : tensor<2x8xf32>
    }
    ```

    becomes

    ```mlir
    func.func @layer(%x: tensor<3x8xf32>, %v: tensor<2xf32> {spnn.name = "weight0", spnn.parameter}) -> tensor<2x8xf32> {
      %s = spnn.constant {indices = dense<[2, 0]> : tensor<2xi32>, positions = dense<[0, 1, 2]> : tensor<3xi32>}
          : tensor<2x3xi1, #spnn.adjacency>
      %y = spnn.aggregate sum %s, %x edge_values(%v : tensor<2xf32>)
          : (tensor<2x3xi1, #spnn.adjacency>, tensor<3x8xf32>) -> tensor<2x8xf32>
      return %y : tensor<2x8xf32>
    }
    func.func @layer_weights() -> (tensor<2xf32> {spnn.name = "weight0"}) {
      %v = arith.constant dense<[3.0, 4.0]> : tensor<2xf32>
      return %v : tensor<2xf32>
    }
    ```
  }];
  let options = [
    Option<"function", "function", "std::string", /*default=*/"\"\"", "the function whose weights are trained; default: all">,
    Option<"maxDensity", "max-density", "double", /*default=*/"0.5",
           "weights of which more are not zero are trained all, zeros too">,
  ];
  let dependentDialects = ["::spnn::SPNNDialect", "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
  let statistics = [
    Statistic<"numParameters", "parameters", "Weights that became parameters">,
  ];
}

def FoldSaves : Pass<"spnn-fold-saves"> {
  let summary = "replace spnn.save by its operand";
  let description = [{
    Takes the marks of what training keeps out of a program: no pass behind reads them, and buffers need none. Those that are
    `opaque` stay until bufferization, since they keep CSE from merging what is computed again with what was not kept.

    ```mlir
    func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
      %y = math.exp %x : tensor<4xf32>
      %s = spnn.save %y : tensor<4xf32>
      return %s : tensor<4xf32>
    }
    ```

    returns `%y` afterwards.
  }];
  let dependentDialects = ["::spnn::SPNNDialect"];
  let statistics = [
    Statistic<"numFolded", "folded", "Marks taken out">,
  ];
}

//===----------------------------------------------------------------------===//
// Outside the CPU pipeline
//===----------------------------------------------------------------------===//

def Densify : Pass<"spnn-densify"> {
  let summary = "turn graph-level spnn ops into dense upstream ops";
  let description = [{
    Takes sparsity out of a program, which any upstream lowering can then compile: the plain baseline that sparse code
    is compared with. `spnn.constant` becomes `arith.constant`, `spnn.convert` disappears, `spnn.prune` of a constant is
    evaluated, and `spnn.matmul` becomes `linalg.fill`, `linalg.matmul` and a `linalg.generic` for the epilogue.
    All sparse encodings are dropped from types, those of function arguments and results included. `linalg.softmax`,
    which no pass of upstream's lowers, is taken apart into reductions and elementwise ops.

    Zeros then are values like any other: times infinity they give NaN.

    ```mlir
    #CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
    func.func @layer(%x: tensor<3x?xf32>, %b: tensor<2xf32>) -> tensor<2x?xf32> {
      %w = spnn.constant {positions = dense<[0, 1, 2]> : tensor<3xi32>, indices = dense<[2, 0]> : tensor<2xi32>,
                          values = dense<[3.0, 4.0]> : tensor<2xf32>} : tensor<2x3xf32, #CSR>
      %y = spnn.matmul %w, %x bias(%b : tensor<2xf32>) activation(relu)
          : (tensor<2x3xf32, #CSR>, tensor<3x?xf32>) -> tensor<2x?xf32>
      return %y : tensor<2x?xf32>
    }
    ```

    holds afterwards

    ```mlir
    %w = arith.constant dense<[[0.0, 0.0, 3.0], [4.0, 0.0, 0.0]]> : tensor<2x3xf32>
    %p = linalg.matmul ins(%w, %x : tensor<2x3xf32>, tensor<3x?xf32>) outs(%zeros : tensor<2x?xf32>) -> tensor<2x?xf32>
    %y = linalg.generic ... ins(%p, %b : tensor<2x?xf32>, tensor<2xf32>) ... { arith.addf, arith.maximumf }
    ```

    Errors: `spnn.prune` of what is no constant, a conversion of a constant to a format that cannot hold it, and ops
    that work on storage (`sparse_tensor`, kernel-level ops of `spnn`).

    Remarks: on each constant the bytes it now takes, on each `spnn.prune` that it was evaluated.
  }];
  let dependentDialects = ["::spnn::SPNNDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
  let statistics = [
    Statistic<"numConstants", "constants", "Sparse constants made dense">,
    Statistic<"numConversions", "conversions", "Conversions removed">,
    Statistic<"numPruned", "pruned", "Prunings evaluated">,
    Statistic<"numProducts", "products", "Products lowered to linalg.matmul">,
  ];
}

def Differentiate : Pass<"spnn-differentiate", "::mlir::ModuleOp"> {
  let summary = "add the gradients of a function, or steps of training, to a module";
  let description = [{
    Reverse-mode differentiation of a function in tensor SSA form (one block, no calls: run `--inline` first). The result is
    graph-level IR again: the forward pass, `spnn.save` of each value of it that the backward pass reads, and the backward
    pass. Arguments and constants are not saved, what costs nothing (masks of dropout, views, transposed graphs) is made
    again, gradients that are zero are never made, and neither are those that nobody asked for. Sums of gradients are
    `arith.addf`, in a fixed order. The gradient of edge values lives on the edges (`spnn.sddmm`), that of what a graph
    aggregates goes along `spnn.transpose`.

    Gradients are with respect to the arguments that `wrt` names (by `spnn.name`, or `in<number>`); without it, to those
    with `spnn.parameter`, and if there are none, to all dense tensors of floats. If a result is a float of rank 0, the first
    one is the loss, whose gradient is 1, and the other results have none. Modes:

    - `gradients` adds `@<function>_gradients`. Inputs: those of the function, and, where there is no loss, the gradient
      `grad:<result>` of each result of floats, marked `spnn.seed`. Results: those of the function, then `grad:<argument>`.
    - `split` adds `@<function>_forward`, which returns the results and the saved values (`saved:<number>`), and
      `@<function>_backward`, which takes the arguments of the function that it reads, the saved values, and the gradients of
      results, and returns `grad:<argument>`.
    - `train-step` adds `@train_step` for a function whose first result is the loss, and makes that function private.
      Inputs: the parameters, `<parameter>.mean` and `<parameter>.variance` (`sgd`: `<parameter>.velocity`) of each, for
      Adam `step`, an i64 that counts 1, 2, ..., and all other inputs. Results: those of the function, then `next:<input>` for
      each parameter and each state: what that input becomes at the next call. An argument's `spnn.weight_decay` (f64) goes
      before the option `weight-decay`.

    ```mlir
    func.func @loss(%w: tensor<4x2xf32> {spnn.parameter, spnn.name = "w"}, %x: tensor<3x4xf32> {spnn.name = "x"},
                    %t: tensor<3xi32> {spnn.name = "t"}) -> tensor<f32> {
      %y = spnn.matmul %x, %w activation(relu) : (tensor<3x4xf32>, tensor<4x2xf32>) -> tensor<3x2xf32>
      %l = spnn.loss cross_entropy %y, %t : tensor<3x2xf32>, tensor<3xi32> -> tensor<f32>
      return %l : tensor<f32>
    }
    ```

    gets beside it

    ```mlir
    func.func @loss_gradients(%w: tensor<4x2xf32> ..., %x: tensor<3x4xf32> ..., %t: tensor<3xi32> ...)
        -> (tensor<f32> {spnn.name = "out0"}, tensor<4x2xf32> {spnn.name = "grad:w"}) {
      %p = spnn.matmul %x, %w : (tensor<3x4xf32>, tensor<4x2xf32>) -> tensor<3x2xf32>
      %y = linalg.generic ... ins(%p) { arith.maximumf }
      %l = spnn.loss cross_entropy %y, %t : tensor<3x2xf32>, tensor<3xi32> -> tensor<f32>
      %s = spnn.save %y : tensor<3x2xf32>
      %one = arith.constant dense<1.0> : tensor<f32>
      %dy = spnn.loss_backward cross_entropy %s, %t, %one : tensor<3x2xf32>, tensor<3xi32>, tensor<f32>
      %dp = linalg.generic ... ins(%dy, %s) { arith.cmpf ogt, arith.select }
      %dw = spnn.matmul %x, %dp {transpose_lhs} : (tensor<3x4xf32>, tensor<3x2xf32>) -> tensor<4x2xf32>
      return %l, %dw : tensor<f32>, tensor<4x2xf32>
    }
    ```

    Where a function has no derivative: relu and other maxima with a constant have 0 at the kink; a maximum of two variables
    gives all to the first of equal ones; a maximum over a dimension gives its whole gradient to each element that is
    equal to it; `spnn.aggregate max` gives it to its winner; abs has 0 at 0. Integers and comparisons have no gradient.

    Errors: an op that is not differentiable between an argument that is asked for and a result, named with the reason; the
    module then is as it was.
  }];
  let options = [
    Option<"function", "function", "std::string", "\"loss\"", "the function to differentiate">,
    Option<"mode", "mode", "std::string", "\"gradients\"", "gradients, split or train-step">,
    ListOption<"wrt", "wrt", "std::string", "names of the arguments whose gradients are asked for">,
    Option<"optimizer", "optimizer", "std::string", "\"adam\"", "train-step: adam or sgd">,
    Option<"rate", "rate", "double", "0.01", "train-step: learning rate">,
    Option<"beta1", "beta1", "double", "0.9", "adam: decay of means">,
    Option<"beta2", "beta2", "double", "0.999", "adam: decay of variances">,
    Option<"epsilon", "epsilon", "double", "1.0e-8", "adam: added to the root of the variance">,
    Option<"momentum", "momentum", "double", "0.0", "sgd: momentum">,
    Option<"weightDecay", "weight-decay", "double", "0.0", "train-step: of parameters without spnn.weight_decay">,
    Option<"decoupled", "decoupled", "bool", "false", "adam: weight decay beside the gradient (AdamW)">,
  ];
  let dependentDialects = ["::spnn::SPNNDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

def ReorderOperators : Pass<"spnn-reorder-operators", "::mlir::ModuleOp"> {
  let summary = "Choose the order of products with graphs, forward and backward together, and what is kept between them";
  let description = [{
    Finds products of several matrices (dense products and `spnn.aggregate sum`), looking through intermediate results: a layer
    S X W of a graph neural network, the gradient X' S' G of its weights, the gradient S' G W' of its features. Products that
    share a part are one group. For each group every order of multiplications is enumerated, with every choice of keeping
    or computing again what both the forward and the backward pass need (cached operator reordering, Bazinska et al.,
    arXiv:2308.12093), predicted with the target's measurements of products, and the fastest is written down, under the
    budget `max-saved-bytes` if there is one. What may be done is read off the IR: a graph is never multiplied by a graph (a
    sparse feature matrix is one too), what lies between two products and is not linear separates them, and the gradient of a
    function's data, which nobody asked for, takes no part. Products of constants, such as S X of a first layer without dropout, may
    be computed when the model is compiled.

    ```mlir
    func.func @layer(%x: tensor<3x8xf32>, %w: tensor<8x2xf32>) -> tensor<3x2xf32> {
      %s = spnn.constant {positions = dense<[0, 2, 3, 4]> : tensor<4xi32>, indices = dense<[0, 2, 1, 0]> : tensor<4xi32>}
          : tensor<3x3xi1, #spnn.adjacency>
      %a = spnn.aggregate sum %s, %x : (tensor<3x3xi1, #spnn.adjacency>, tensor<3x8xf32>) -> tensor<3x8xf32>
      %y = spnn.matmul %a, %w : (tensor<3x8xf32>, tensor<8x2xf32>) -> tensor<3x2xf32>
      return %y : tensor<3x2xf32>
    }
    ```

    becomes S (X W), which sends 2 numbers along each edge instead of 8. The function's attribute `spnn.orders` lists for each
    group the chosen order and all others with their predicted times and bytes kept; `--explain` prints it. Orders of the
    layer above are named as in the paper: `tf` S (X W) or `pf` (S X) W, then `fp` (S' G is shared by both gradients) or `sp`
    (gradients (S X)' G and S' (G W'); `sp/fp` if they differ), `-cached` if the forward pass keeps S X, `-constant` if S X is
    made when the model is compiled. Other groups are named by their brackets. `order` forces the orders of the names that it
    lists on each group that has one.

    An `spnn.graph_attention` and its gradient are a group too, with caching schemes in place of orders: `logsumexp` makes the
    coefficients again, `coefficients` keeps them (E x H), and `+features-again` does not keep the features either where they
    are a product of what is kept anyway. What is computed again reads `spnn.save ... opaque`, which CSE does not look through.

    Backward ops are those behind the last `spnn.save`; where nothing is saved, those from the first that reads an argument with
    `spnn.seed`, or from an `spnn.loss_backward` on. Products with dynamic extents are left alone, with a remark.
  }];
  let options = [
    Option<"order", "order", "std::string", /*default=*/"\"\"", "names of orders, separated by commas, to take wherever there is one of that name">,
    Option<"maxSavedBytes", "max-saved-bytes", "int64_t", /*default=*/"0",
           "bytes that a function may keep between its forward and its backward pass; 0: any number">,
    Option<"foldConstants", "fold-constants", "bool", /*default=*/"true",
           "compute products of constants when the model is compiled, where that is faster">,
  ];
  let dependentDialects = ["::spnn::SPNNDialect", "::mlir::arith::ArithDialect"];
  let statistics = [
    Statistic<"numGroups", "groups", "Groups of products that were ordered">,
    Statistic<"numChanged", "changed", "Groups whose order was changed">,
  ];
}

#endif // SPNN_TRANSFORMS_PASSES_TD
