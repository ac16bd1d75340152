// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-raise)' %s --split-input-file --verify-diagnostics | FileCheck %s

// The example of the documentation: a linear layer is the transposed product with the weights on the left.
// CHECK-LABEL: func @linear
// CHECK-SAME: %[[X:.*]]: tensor<8x4xf32>
func.func @linear(%x: tensor<8x4xf32>, %init: tensor<8x2xf32>) -> tensor<8x2xf32> {
  // CHECK: %[[W:.*]] = arith.constant dense<{{.*}}> : tensor<2x4xf32>
  // CHECK: %[[T:.*]] = spnn.matmul %[[W]], %[[X]] {transpose_rhs} : (tensor<2x4xf32>, tensor<8x4xf32>) -> tensor<2x8xf32>
  // CHECK: %[[Y:.*]] = linalg.transpose ins(%[[T]] : tensor<2x8xf32>) outs({{.*}}) permutation = [1, 0]
  // CHECK: return %[[Y]]
  %w = arith.constant dense<[[1.0, 0.0, 2.0, 0.0], [0.0, 3.0, 0.0, 0.0]]> : tensor<2x4xf32>
  %zero = arith.constant 0.0 : f32
  %out = linalg.fill ins(%zero : f32) outs(%init : tensor<8x2xf32>) -> tensor<8x2xf32>
  %y = linalg.matmul
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %w : tensor<8x4xf32>, tensor<2x4xf32>) outs(%out : tensor<8x2xf32>) -> tensor<8x2xf32>
  return %y : tensor<8x2xf32>
}

// -----

// What somebody said of the activations stays with the product.
// CHECK-LABEL: func @activation_density
// CHECK: spnn.matmul {{.*}} {spnn.activation_density = 1.000000e-01 : f64}
func.func @activation_density(%x: tensor<4x1xf32>, %init: tensor<2x1xf32>) -> tensor<2x1xf32> {
  %w = arith.constant dense<1.0> : tensor<2x4xf32>
  %zero = arith.constant 0.0 : f32
  %out = linalg.fill ins(%zero : f32) outs(%init : tensor<2x1xf32>) -> tensor<2x1xf32>
  %y = linalg.matmul {spnn.activation_density = 0.1 : f64} ins(%w, %x : tensor<2x4xf32>, tensor<4x1xf32>)
      outs(%out : tensor<2x1xf32>) -> tensor<2x1xf32>
  return %y : tensor<2x1xf32>
}

// -----

// A constant right operand that is not transposed, and an unknown number of rows.
// CHECK-LABEL: func @right
func.func @right(%x: tensor<?x4xf32>, %n: index) -> tensor<?x2xf32> {
  // CHECK: %[[T:.*]] = spnn.matmul %{{.*}}, %{{.*}} {transpose_lhs, transpose_rhs} : (tensor<4x2xf32>, tensor<?x4xf32>) -> tensor<2x?xf32>
  // CHECK: linalg.transpose ins(%[[T]] : tensor<2x?xf32>) outs(%{{.*}} : tensor<?x2xf32>)
  %w = arith.constant dense<[[1.0, 0.0], [0.0, 3.0], [0.0, 0.0], [5.0, 0.0]]> : tensor<4x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%n) : tensor<?x2xf32>
  %out = linalg.fill ins(%zero : f32) outs(%e : tensor<?x2xf32>) -> tensor<?x2xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x4xf32>, tensor<4x2xf32>) outs(%out : tensor<?x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// A constant left operand needs no transposition.
// CHECK-LABEL: func @left
func.func @left(%x: tensor<2x3xf32>) -> tensor<4x3xf32> {
  // CHECK: %[[Y:.*]] = spnn.matmul %{{.*}}, %{{.*}} : (tensor<4x2xf32>, tensor<2x3xf32>) -> tensor<4x3xf32>
  // CHECK-NEXT: return %[[Y]]
  %w = arith.constant dense<[[1.0, 0.0], [0.0, 3.0], [0.0, 0.0], [5.0, 0.0]]> : tensor<4x2xf32>
  %out = arith.constant dense<0.0> : tensor<4x3xf32>
  %y = linalg.matmul ins(%w, %x : tensor<4x2xf32>, tensor<2x3xf32>) outs(%out : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

// The constant may be sparse; a transposition in front of it becomes an attribute.
#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
// CHECK-LABEL: func @sparse
func.func @sparse(%x: tensor<8x4xf32>) -> tensor<8x2xf32> {
  // CHECK: spnn.matmul %{{.*}}, %{{.*}} {transpose_rhs} : (tensor<2x4xf32, #{{.*}}>, tensor<8x4xf32>) -> tensor<2x8xf32>
  %s = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 3, 2]> : tensor<3xi32>,
                      values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #CSR>
  %w = spnn.convert %s : tensor<2x4xf32, #CSR> to tensor<2x4xf32>
  %e = tensor.empty() : tensor<4x2xf32>
  %wt = linalg.transpose ins(%w : tensor<2x4xf32>) outs(%e : tensor<4x2xf32>) permutation = [1, 0]
  %out = arith.constant dense<0.0> : tensor<8x2xf32>
  %y = linalg.matmul ins(%x, %wt : tensor<8x4xf32>, tensor<4x2xf32>) outs(%out : tensor<8x2xf32>) -> tensor<8x2xf32>
  return %y : tensor<8x2xf32>
}

// -----

// A generic contraction with a resource as weights.
// CHECK-LABEL: func @generic
func.func @generic(%x: tensor<8x4xf32>) -> tensor<8x2xf32> {
  // CHECK: spnn.matmul %{{.*}}, %{{.*}} {transpose_rhs} : (tensor<2x4xf32>, tensor<8x4xf32>) -> tensor<2x8xf32>
  %w = arith.constant dense_resource<w> : tensor<2x4xf32>
  %out = arith.constant dense<0.0> : tensor<8x2xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(a, b, c) -> (b, c)>, affine_map<(a, b, c) -> (a, c)>,
                                        affine_map<(a, b, c) -> (a, b)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%w, %x : tensor<2x4xf32>, tensor<8x4xf32>) outs(%out : tensor<8x2xf32>) {
  ^bb0(%p: f32, %q: f32, %acc: f32):
    %0 = arith.mulf %q, %p : f32
    %1 = arith.addf %acc, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8x2xf32>
  return %y : tensor<8x2xf32>
}

{-# dialect_resources: { builtin: { w: "0x040000000000803F000000000000004000000000000000000000404000000000000080BF" } } #-}

// -----

// The same weights for every batch: batch and rows collapse into one dimension.
// CHECK-LABEL: func @batch
func.func @batch(%x: tensor<3x8x4xf32>) -> tensor<3x8x2xf32> {
  // CHECK: %[[C:.*]] = tensor.collapse_shape %{{.*}} {{\[}}[0, 1], [2]] : tensor<3x8x4xf32> into tensor<24x4xf32>
  // CHECK: %[[T:.*]] = spnn.matmul %{{.*}}, %[[C]] {transpose_lhs, transpose_rhs} : (tensor<4x2xf32>, tensor<24x4xf32>) -> tensor<2x24xf32>
  // CHECK: %[[N:.*]] = linalg.transpose ins(%[[T]]
  // CHECK: tensor.expand_shape %[[N]] {{\[}}[0, 1], [2]] output_shape [3, 8, 2] : tensor<24x2xf32> into tensor<3x8x2xf32>
  %w = arith.constant dense<[[1.0, 0.0], [0.0, 3.0], [0.0, 0.0], [5.0, 0.0]]> : tensor<4x2xf32>
  %e = tensor.empty() : tensor<3x4x2xf32>
  %b = linalg.broadcast ins(%w : tensor<4x2xf32>) outs(%e : tensor<3x4x2xf32>) dimensions = [0]
  %out = arith.constant dense<0.0> : tensor<3x8x2xf32>
  %y = linalg.batch_matmul ins(%x, %b : tensor<3x8x4xf32>, tensor<3x4x2xf32>) outs(%out : tensor<3x8x2xf32>)
      -> tensor<3x8x2xf32>
  return %y : tensor<3x8x2xf32>
}

// -----

// Batches of a constant of rank 3 that are all the same, of unknown extents on the other side.
// CHECK-LABEL: func @batch_constant
func.func @batch_constant(%x: tensor<2x?x2xf32>, %init: tensor<2x?x2xf32>) -> tensor<2x?x2xf32> {
  // CHECK-DAG: arith.constant dense<{{\[}}[1.000000e+00, 0.000000e+00], [0.000000e+00, 3.000000e+00]]> : tensor<2x2xf32>
  // CHECK: spnn.matmul %{{.*}}, %{{.*}} {transpose_lhs, transpose_rhs} : (tensor<2x2xf32>, tensor<?x2xf32>) -> tensor<2x?xf32>
  %w = arith.constant dense<[[[1.0, 0.0], [0.0, 3.0]], [[1.0, 0.0], [0.0, 3.0]]]> : tensor<2x2x2xf32>
  %zero = arith.constant 0.0 : f32
  %out = linalg.fill ins(%zero : f32) outs(%init : tensor<2x?x2xf32>) -> tensor<2x?x2xf32>
  %y = linalg.batch_matmul ins(%x, %w : tensor<2x?x2xf32>, tensor<2x2x2xf32>) outs(%out : tensor<2x?x2xf32>)
      -> tensor<2x?x2xf32>
  return %y : tensor<2x?x2xf32>
}

// -----

// A contraction of a vector runs as a product with one column.
// CHECK-LABEL: func @vector
func.func @vector(%x: tensor<2xf32>) -> tensor<4xf32> {
  // CHECK: tensor.expand_shape %{{.*}} {{\[}}[0, 1]] output_shape [2, 1] : tensor<2xf32> into tensor<2x1xf32>
  // CHECK: spnn.matmul %{{.*}}, %{{.*}} : (tensor<4x2xf32>, tensor<2x1xf32>) -> tensor<4x1xf32>
  // CHECK: tensor.collapse_shape
  %w = arith.constant dense<[[1.0, 0.0], [0.0, 3.0], [0.0, 0.0], [5.0, 0.0]]> : tensor<4x2xf32>
  %out = arith.constant dense<0.0> : tensor<4xf32>
  %y = linalg.matvec ins(%w, %x : tensor<4x2xf32>, tensor<2xf32>) outs(%out : tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// What the product accumulates into is added behind it.
// CHECK-LABEL: func @accumulate
// CHECK-SAME: %{{.*}}, %[[INIT:.*]]: tensor<4x3xf32>
func.func @accumulate(%x: tensor<2x3xf32>, %init: tensor<4x3xf32>) -> tensor<4x3xf32> {
  // CHECK: %[[P:.*]] = spnn.matmul
  // CHECK: linalg.add ins(%[[P]], %[[INIT]]
  %w = arith.constant dense<[[1.0, 0.0], [0.0, 3.0], [0.0, 0.0], [5.0, 0.0]]> : tensor<4x2xf32>
  %y = linalg.matmul ins(%w, %x : tensor<4x2xf32>, tensor<2x3xf32>) outs(%init : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

// Two layers: the transposition between them is gone.
// CHECK-LABEL: func @chain
func.func @chain(%x: tensor<8x4xf32>) -> tensor<8x2xf32> {
  // CHECK: %[[A:.*]] = spnn.matmul %{{.*}}, %{{.*}} {transpose_lhs, transpose_rhs}
  // CHECK-NEXT: %[[B:.*]] = spnn.matmul %{{.*}}, %[[A]] {transpose_lhs} :
  // CHECK: linalg.transpose ins(%[[B]]
  %w = arith.constant dense<[[1.0, 0.0], [0.0, 3.0], [0.0, 0.0], [5.0, 0.0]]> : tensor<4x2xf32>
  %v = arith.constant dense<[[1.0, 2.0], [0.0, 3.0]]> : tensor<2x2xf32>
  %out = arith.constant dense<0.0> : tensor<8x2xf32>
  %y = linalg.matmul ins(%x, %w : tensor<8x4xf32>, tensor<4x2xf32>) outs(%out : tensor<8x2xf32>) -> tensor<8x2xf32>
  %z = linalg.matmul ins(%y, %v : tensor<8x2xf32>, tensor<2x2xf32>) outs(%out : tensor<8x2xf32>) -> tensor<8x2xf32>
  return %z : tensor<8x2xf32>
}

// -----

// CHECK-LABEL: func @no_constant
func.func @no_constant(%a: tensor<4x2xf32>, %x: tensor<2x3xf32>) -> tensor<4x3xf32> {
  %out = arith.constant dense<0.0> : tensor<4x3xf32>
  // CHECK: linalg.matmul
  // expected-remark @below {{kept as linalg: no operand is constant}}
  %y = linalg.matmul ins(%a, %x : tensor<4x2xf32>, tensor<2x3xf32>) outs(%out : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

// CHECK-LABEL: func @integers
func.func @integers(%x: tensor<2x3xi32>) -> tensor<4x3xi32> {
  %w = arith.constant dense<1> : tensor<4x2xi32>
  %out = arith.constant dense<0> : tensor<4x3xi32>
  // expected-remark @below {{kept as linalg: operands and result are not of one floating-point type}}
  %y = linalg.matmul ins(%w, %x : tensor<4x2xi32>, tensor<2x3xi32>) outs(%out : tensor<4x3xi32>) -> tensor<4x3xi32>
  return %y : tensor<4x3xi32>
}

// -----

// Different weights in each batch are no matrix.
// CHECK-LABEL: func @batches_differ
func.func @batches_differ(%x: tensor<2x8x2xf32>) -> tensor<2x8x2xf32> {
  %w = arith.constant dense<[[[1.0, 0.0], [0.0, 3.0]], [[1.0, 0.0], [0.0, 4.0]]]> : tensor<2x2x2xf32>
  %out = arith.constant dense<0.0> : tensor<2x8x2xf32>
  // expected-remark @below {{kept as linalg: the constant operand differs from batch to batch}}
  %y = linalg.batch_matmul ins(%x, %w : tensor<2x8x2xf32>, tensor<2x2x2xf32>) outs(%out : tensor<2x8x2xf32>)
      -> tensor<2x8x2xf32>
  return %y : tensor<2x8x2xf32>
}
