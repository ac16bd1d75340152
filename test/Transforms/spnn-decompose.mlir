// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-decompose)' %s --split-input-file --verify-diagnostics | FileCheck %s

// The example of the documentation: the constant comes to the left, and the bias turns to the rows.
// CHECK-LABEL: func @layer
// CHECK-SAME: %[[X:.*]]: tensor<8x2xf32>, %[[B:.*]]: tensor<3xf32>
func.func @layer(%x: tensor<8x2xf32>, %b: tensor<3xf32>) -> tensor<8x3xf32> {
  // CHECK: %[[W:.*]] = arith.constant dense<{{\[}}[1.000000e+00, 4.000000e+00], [2.000000e+00, 5.000000e+00], [3.000000e+00, 6.000000e+00]]> : tensor<3x2xf32>
  // CHECK: %[[T:.*]] = spnn.matmul %[[W]], %[[X]] bias(%[[B]] : tensor<3xf32>) activation(relu) {transpose_rhs} : (tensor<3x2xf32>, tensor<8x2xf32>) -> tensor<3x8xf32>
  // CHECK: linalg.transpose ins(%[[T]] : tensor<3x8xf32>)
  %w = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %y = spnn.matmul %x, %w bias(%b : tensor<3xf32>) activation(relu) {bias_axis = 1 : i64}
      : (tensor<8x2xf32>, tensor<2x3xf32>) -> tensor<8x3xf32>
  return %y : tensor<8x3xf32>
}

// -----

// The form that kernels take stays as it is, with or without a transposed right operand, dense or converted.
// CHECK-LABEL: func @stays
func.func @stays(%x: tensor<?x2xf32>, %b: tensor<3xf32>) -> tensor<3x?xf32> {
  // CHECK: %[[W:.*]] = spnn.convert %{{.*}} : tensor<3x2xf32> to tensor<3x2xf32, #spnn.bitmap>
  // CHECK: %[[Y:.*]] = spnn.matmul %[[W]], %{{.*}} bias(%{{.*}} : tensor<3xf32>) activation(silu) {transpose_rhs} :
  // CHECK-NEXT: return %[[Y]]
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %c = spnn.convert %w : tensor<3x2xf32> to tensor<3x2xf32, #spnn.bitmap>
  %y = spnn.matmul %c, %x bias(%b : tensor<3xf32>) activation(silu) {transpose_rhs}
      : (tensor<3x2xf32, #spnn.bitmap>, tensor<?x2xf32>) -> tensor<3x?xf32>
  return %y : tensor<3x?xf32>
}

// -----

// A sparse constant is transposed in its own format: [[1, 0, 0, 2], [0, 0, 3, 0]].
#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
// CHECK-LABEL: func @sparse_transposed
func.func @sparse_transposed(%x: tensor<2x5xf32>) -> tensor<4x5xf32> {
  // CHECK: %[[W:.*]] = spnn.constant {indices = dense<[0, 1, 0]> : tensor<3xi32>, positions = dense<[0, 1, 1, 2, 3]> : tensor<5xi32>, values = dense<[1.000000e+00, 3.000000e+00, 2.000000e+00]> : tensor<3xf32>} : tensor<4x2xf32, #{{.*}}>
  // CHECK: spnn.matmul %[[W]], %{{.*}} : (tensor<4x2xf32, #{{.*}}>, tensor<2x5xf32>) -> tensor<4x5xf32>
  %w = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 3, 2]> : tensor<3xi32>,
                      values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #CSR>
  %y = spnn.matmul %w, %x {transpose_lhs} : (tensor<2x4xf32, #CSR>, tensor<2x5xf32>) -> tensor<4x5xf32>
  return %y : tensor<4x5xf32>
}

// -----

// A conversion keeps its format over the transposition.
// CHECK-LABEL: func @convert_transposed
func.func @convert_transposed(%x: tensor<2x5xf32>) -> tensor<3x5xf32> {
  // CHECK: %[[W:.*]] = arith.constant dense<{{.*}}> : tensor<3x2xf32>
  // CHECK: %[[C:.*]] = spnn.convert %[[W]] : tensor<3x2xf32> to tensor<3x2xf32, #spnn.bitmap>
  // CHECK: spnn.matmul %[[C]], %{{.*}} : (tensor<3x2xf32, #spnn.bitmap>, tensor<2x5xf32>)
  %w = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %c = spnn.convert %w : tensor<2x3xf32> to tensor<2x3xf32, #spnn.bitmap>
  %y = spnn.matmul %c, %x {transpose_lhs} : (tensor<2x3xf32, #spnn.bitmap>, tensor<2x5xf32>) -> tensor<3x5xf32>
  return %y : tensor<3x5xf32>
}

// -----

// The transposed matrix breaks 2:4, so it becomes dense, with a remark.
#NM = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j floordiv 4 : dense, j mod 4 : structured[2, 4]), crdWidth = 8}>
// CHECK-LABEL: func @nm_transposed
func.func @nm_transposed(%x: tensor<4x5xf32>) -> tensor<4x5xf32> {
  // CHECK: spnn.matmul %{{.*}}, %{{.*}} : (tensor<4x4xf32>, tensor<4x5xf32>)
  %w = arith.constant dense<[[1.0, 2.0, 0.0, 0.0], [1.0, 2.0, 0.0, 0.0], [1.0, 2.0, 0.0, 0.0], [1.0, 2.0, 0.0, 0.0]]> : tensor<4x4xf32>
  %c = spnn.convert %w : tensor<4x4xf32> to tensor<4x4xf32, #NM>
  // expected-remark-re @below {{lhs is stored dense: its transposition does not fit the format, {{.*}}2:4{{.*}}}}
  %y = spnn.matmul %c, %x {transpose_lhs} : (tensor<4x4xf32, #NM>, tensor<4x5xf32>) -> tensor<4x5xf32>
  return %y : tensor<4x5xf32>
}

// -----

// A bias along the columns of a product with the constant on the left is taken off.
// CHECK-LABEL: func @column_bias
func.func @column_bias(%x: tensor<2x5xf32>, %b: tensor<5xf32>) -> tensor<3x5xf32> {
  // CHECK: %[[P:.*]] = spnn.matmul %{{.*}}, %{{.*}} : (tensor<3x2xf32>, tensor<2x5xf32>) -> tensor<3x5xf32>
  // CHECK: %[[Y:.*]] = linalg.generic {{.*}} ins(%[[P]], %{{.*}} : tensor<3x5xf32>, tensor<5xf32>)
  // CHECK: arith.addf
  // CHECK: math.tanh
  // CHECK: return %[[Y]]
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %y = spnn.matmul %w, %x bias(%b : tensor<5xf32>) activation(tanh) {bias_axis = 1 : i64}
      : (tensor<3x2xf32>, tensor<2x5xf32>) -> tensor<3x5xf32>
  return %y : tensor<3x5xf32>
}

// -----

// Of two constants the sparse one goes left.
// CHECK-LABEL: func @both
func.func @both() -> tensor<3x2xf32> {
  // CHECK: %[[T:.*]] = spnn.matmul %{{.*}}, %{{.*}} {transpose_rhs} : (tensor<2x2xf32, #spnn.bitmap>, tensor<3x2xf32>) -> tensor<2x3xf32>
  // CHECK: linalg.transpose ins(%[[T]]
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %v = arith.constant dense<[[1.0, 0.0], [3.0, 0.0]]> : tensor<2x2xf32>
  %c = spnn.convert %v : tensor<2x2xf32> to tensor<2x2xf32, #spnn.bitmap>
  %y = spnn.matmul %w, %c : (tensor<3x2xf32>, tensor<2x2xf32, #spnn.bitmap>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

// Without a constant operand a product goes back to linalg.
// CHECK-LABEL: func @no_constant
func.func @no_constant(%a: tensor<?x2xf32>, %x: tensor<5x2xf32>, %b: tensor<5xf32>) -> tensor<?x5xf32> {
  // CHECK: %[[F:.*]] = linalg.fill
  // CHECK: %[[P:.*]] = linalg.matmul indexing_maps = [#[[A:.*]], #[[B:.*]], #{{.*}}] ins(%{{.*}}, %{{.*}} : tensor<?x2xf32>, tensor<5x2xf32>) outs(%[[F]]
  // CHECK: linalg.generic {{.*}} ins(%[[P]], %{{.*}} : tensor<?x5xf32>, tensor<5xf32>)
  // CHECK: arith.maximumf
  // expected-remark @below {{lowered to linalg.matmul: no operand is constant}}
  %y = spnn.matmul %a, %x bias(%b : tensor<5xf32>) activation(relu) {bias_axis = 1 : i64, transpose_rhs}
      : (tensor<?x2xf32>, tensor<5x2xf32>) -> tensor<?x5xf32>
  return %y : tensor<?x5xf32>
}

// -----

func.func @sparse_argument(%a: tensor<3x2xf32, #spnn.bitmap>, %x: tensor<2x5xf32>) -> tensor<3x5xf32> {
  // expected-error @below {{operand of type 'tensor<3x2xf32, #spnn.bitmap>' is no constant: sparse function arguments are not supported on the CPU pipeline yet}}
  %y = spnn.matmul %a, %x : (tensor<3x2xf32, #spnn.bitmap>, tensor<2x5xf32>) -> tensor<3x5xf32>
  return %y : tensor<3x5xf32>
}

// -----

// Kernels cannot take a pruning that has not happened.
func.func @unevaluated(%x: tensor<2x5xf32>) -> tensor<2x5xf32> {
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %p = spnn.prune %w method(magnitude) pattern(<unstructured, 0.5>) : tensor<2x2xf32>
  // expected-error @below {{lhs is a spnn.prune that was not evaluated: run spnn-prune first}}
  %y = spnn.matmul %p, %x : (tensor<2x2xf32>, tensor<2x5xf32>) -> tensor<2x5xf32>
  return %y : tensor<2x5xf32>
}

// -----

// Nothing later lowers linalg.softmax, so it is taken apart here.
// CHECK-LABEL: func @softmax
func.func @softmax(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // CHECK-NOT: linalg.softmax
  // CHECK: math.exp
  %e = tensor.empty() : tensor<2x3xf32>
  %y = linalg.softmax dimension(1) ins(%x : tensor<2x3xf32>) outs(%e : tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

// Scales change sides with their operands.
// CHECK-LABEL: func @quantized
// CHECK-SAME: %[[X:.*]]: tensor<3x2xi8>, %[[T:.*]]: tensor<3xf32>
// CHECK: spnn.matmul %{{.*}}, %[[X]] lhs_scales(%[[S:.*]] : tensor<4xf32>) rhs_scales(%[[T]] : tensor<3xf32>) {transpose_rhs} : (tensor<4x2xi8>, tensor<3x2xi8>) -> tensor<4x3xf32>
func.func @quantized(%x: tensor<3x2xi8>, %t: tensor<3xf32>, %s: tensor<4xf32>) -> tensor<3x4xf32> {
  %w = arith.constant dense<[[1, 2, 3, 4], [5, 6, 7, 8]]> : tensor<2x4xi8>
  %y = spnn.matmul %x, %w lhs_scales(%t : tensor<3xf32>) rhs_scales(%s : tensor<4xf32>)
      : (tensor<3x2xi8>, tensor<2x4xi8>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}
