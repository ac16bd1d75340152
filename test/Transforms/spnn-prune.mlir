// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-prune{pattern=2:4})' %s --split-input-file --verify-diagnostics | FileCheck %s

// The example of the documentation.
// CHECK-LABEL: func @layer
func.func @layer(%x: tensor<4x8xf32>) -> tensor<2x8xf32> {
  // CHECK: %[[W:.*]] = arith.constant dense<{{\[}}[0.000000e+00, -4.000000e+00, 0.000000e+00, 3.000000e+00], [0.000000e+00, 0.000000e+00, -7.000000e+00, 6.000000e+00]]> : tensor<2x4xf32>
  // CHECK-NOT: arith.constant
  // CHECK: spnn.matmul %[[W]]
  %w = arith.constant dense<[[1.0, -4.0, 2.0, 3.0], [5.0, 0.0, -7.0, 6.0]]> : tensor<2x4xf32>
  // expected-remark @below {{pruned 12.5 % -> 50.0 % zeros}}
  %y = spnn.matmul %w, %x : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

// Groups run along the rows that kernels see: the columns of a transposed constant.
// CHECK-LABEL: func @transposed
func.func @transposed(%x: tensor<4x8xf32>) -> tensor<2x8xf32> {
  // CHECK: arith.constant dense<{{\[}}[0.000000e+00, 0.000000e+00], [-4.000000e+00, 0.000000e+00], [0.000000e+00, -7.000000e+00], [3.000000e+00, 6.000000e+00]]> : tensor<4x2xf32>
  %w = arith.constant dense<[[1.0, 5.0], [-4.0, 0.0], [2.0, -7.0], [3.0, 6.0]]> : tensor<4x2xf32>
  // expected-remark @below {{pruned 12.5 % -> 50.0 % zeros}}
  %y = spnn.matmul %w, %x {transpose_lhs} : (tensor<4x2xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

// So it is for a constant on the right, which spnn-decompose brings to the left transposed.
// CHECK-LABEL: func @right
func.func @right(%x: tensor<8x4xf32>) -> tensor<8x2xf32> {
  // CHECK: arith.constant dense<{{\[}}[0.000000e+00, 0.000000e+00], [-4.000000e+00, 0.000000e+00], [0.000000e+00, -7.000000e+00], [3.000000e+00, 6.000000e+00]]> : tensor<4x2xf32>
  %w = arith.constant dense<[[1.0, 5.0], [-4.0, 0.0], [2.0, -7.0], [3.0, 6.0]]> : tensor<4x2xf32>
  // expected-remark @below {{pruned 12.5 % -> 50.0 % zeros}}
  %y = spnn.matmul %x, %w : (tensor<8x4xf32>, tensor<4x2xf32>) -> tensor<8x2xf32>
  return %y : tensor<8x2xf32>
}

// -----

// spnn.prune of a constant is evaluated by its own pattern (and then pruned by the option's, which changes nothing).
// CHECK-LABEL: func @evaluate
func.func @evaluate(%x: tensor<4x8xf32>) -> tensor<2x8xf32> {
  // CHECK: arith.constant dense<{{\[}}[0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00], [0.000000e+00, 0.000000e+00, -7.000000e+00, 6.000000e+00]]> : tensor<2x4xf32>
  // CHECK-NOT: spnn.prune
  %w = arith.constant dense<[[1.0, -4.0, 2.0, 3.0], [5.0, 0.0, -7.0, 6.0]]> : tensor<2x4xf32>
  // expected-remark @below {{pruned 12.5 % -> 75.0 % zeros}}
  %p = spnn.prune %w method(magnitude) pattern(<unstructured, 0.75>) : tensor<2x4xf32>
  // expected-remark @below {{pruned 75.0 % -> 75.0 % zeros}}
  %y = spnn.matmul %p, %x : (tensor<2x4xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

// A constant that two products use is pruned once and stays one.
// CHECK-LABEL: func @shared
func.func @shared(%x: tensor<4x8xf32>) -> (tensor<1x8xf32>, tensor<1x8xf32>) {
  // CHECK: %[[W:.*]] = arith.constant dense<{{\[}}[0.000000e+00, -4.000000e+00, 0.000000e+00, 3.000000e+00]]>
  // CHECK: spnn.matmul %[[W]], {{.*}} activation(relu)
  // CHECK: spnn.matmul %[[W]], {{.*}} activation(tanh)
  %w = arith.constant dense<[[1.0, -4.0, 2.0, 3.0]]> : tensor<1x4xf32>
  // expected-remark @below {{pruned 0.0 % -> 50.0 % zeros}}
  %y = spnn.matmul %w, %x activation(relu) : (tensor<1x4xf32>, tensor<4x8xf32>) -> tensor<1x8xf32>
  %z = spnn.matmul %w, %x activation(tanh) : (tensor<1x4xf32>, tensor<4x8xf32>) -> tensor<1x8xf32>
  return %y, %z : tensor<1x8xf32>, tensor<1x8xf32>
}

// -----

// A sparse constant stays in its format.
// CHECK-LABEL: func @sparse
func.func @sparse(%x: tensor<4x8xf32>) -> tensor<1x8xf32> {
  // CHECK: %[[C:.*]] = spnn.convert %{{.*}} : tensor<1x4xf32> to tensor<1x4xf32, #spnn.bitmap>
  // CHECK: spnn.matmul %[[C]]
  %w = arith.constant dense<[[1.0, -4.0, 2.0, 3.0]]> : tensor<1x4xf32>
  %c = spnn.convert %w : tensor<1x4xf32> to tensor<1x4xf32, #spnn.bitmap>
  // expected-remark @below {{pruned 0.0 % -> 50.0 % zeros}}
  %y = spnn.matmul %c, %x : (tensor<1x4xf32, #spnn.bitmap>, tensor<4x8xf32>) -> tensor<1x8xf32>
  return %y : tensor<1x8xf32>
}

// -----

// What is no constant is not pruned.
func.func @no_constant(%w: tensor<1x4xf32>, %x: tensor<4x8xf32>) -> tensor<1x8xf32> {
  // expected-remark @below {{not evaluated: the operand is no constant}}
  %p = spnn.prune %w method(magnitude) pattern(<unstructured, 0.75>) : tensor<1x4xf32>
  // expected-remark @below {{not pruned: no operand is constant}}
  %y = spnn.matmul %p, %x : (tensor<1x4xf32>, tensor<4x8xf32>) -> tensor<1x8xf32>
  return %y : tensor<1x8xf32>
}

// -----

// NaN has no magnitude.
func.func @nan(%x: tensor<4x8xf32>) -> tensor<1x8xf32> {
  // expected-note @below {{of this constant}}
  %w = arith.constant dense<[[1.0, -4.0, 0x7FC00000, 3.0]]> : tensor<1x4xf32>
  // expected-error @below {{cannot prune: the weight at row 0, column 2 is NaN}}
  %y = spnn.matmul %w, %x : (tensor<1x4xf32>, tensor<4x8xf32>) -> tensor<1x8xf32>
  return %y : tensor<1x8xf32>
}
