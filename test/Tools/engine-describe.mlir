// RUN: sparse-run %s --describe | FileCheck %s --check-prefix=DESCRIBE
// RUN: sparse-run %s --reference --function numbers | FileCheck %s
// RUN: sparse-run %s --reference --function calls --dim in0.0=3 | FileCheck %s --check-prefix=CALLS
// RUN: sparse-run %s --reference --function main --dim batch=3 | FileCheck %s --check-prefix=BATCH

// What the engine says of a graph-level model: names, named extents, and extents of results traced back to inputs
// through products, structured ops and reshapes.

// DESCRIBE:      function main
// DESCRIBE-NEXT:   input   x       f32[?batch, 4]
// DESCRIBE-NEXT:   output  scores  f32[i0.0, 2]
// DESCRIBE-NEXT:   output  out1    f32[1, i0.0, 2]
// DESCRIBE:      function other
// DESCRIBE-NEXT:   input   in0   i64[3]
// DESCRIBE-NEXT:   output  out0  i64[3]
// DESCRIBE:      function calls
// DESCRIBE-NEXT:   input   in0   f32[?, 4]
// DESCRIBE-NEXT:   output  out0  f32[i0.0, 4]
// DESCRIBE-NOT:  function helper

// CALLS: output {{ *}}out0 {{ *}}f32[3, 4]
// BATCH: output {{ *}}scores {{ *}}f32[3, 2]
// BATCH: output {{ *}}out1 {{ *}}f32[1, 3, 2]

func.func @main(%x: tensor<?x4xf32> {spnn.name = "x", spnn.dims = ["batch", ""]})
    -> (tensor<?x2xf32> {spnn.name = "scores"}, tensor<1x?x2xf32>) {
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [0.0, -1.0, 0.0, 0.5]]> : tensor<2x4xf32>
  %y = spnn.matmul %x, %w activation(relu) {transpose_rhs} : (tensor<?x4xf32>, tensor<2x4xf32>) -> tensor<?x2xf32>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %y, %c0 : tensor<?x2xf32>
  %e = tensor.empty(%n) : tensor<?x2xf32>
  %s = linalg.exp ins(%y : tensor<?x2xf32>) outs(%e : tensor<?x2xf32>) -> tensor<?x2xf32>
  %m = tensor.dim %s, %c0 : tensor<?x2xf32>
  %r = tensor.expand_shape %s [[0, 1], [2]] output_shape [1, %m, 2] : tensor<?x2xf32> into tensor<1x?x2xf32>
  return %y, %r : tensor<?x2xf32>, tensor<1x?x2xf32>
}

func.func @other(%i: tensor<3xi64>) -> tensor<3xi64> {
  %0 = func.call @helper(%i) : (tensor<3xi64>) -> tensor<3xi64>
  return %0 : tensor<3xi64>
}

// The extent is that of a callee's result, and traced as the compiler does, in the inlined function.
func.func @calls(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = func.call @batch(%x) : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

func.func private @batch(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = linalg.exp ins(%x : tensor<?x4xf32>) outs(%x : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

func.func private @helper(%i: tensor<3xi64>) -> tensor<3xi64> {
  %0 = arith.addi %i, %i : tensor<3xi64>
  return %0 : tensor<3xi64>
}

// CHECK: output  out0  f32[1, 2]   2.5     5   7.5
func.func @numbers() -> tensor<1x2xf32> {
  %x = arith.constant dense<[[1.0, -2.0, 0.5, 2.0]]> : tensor<1x4xf32>
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.5], [0.0, -1.0, 0.0, 0.25]]> : tensor<2x4xf32>
  %y = spnn.matmul %x, %w activation(relu) {transpose_rhs} : (tensor<1x4xf32>, tensor<2x4xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}
