// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-expose-weights)' --split-input-file %s 2>/dev/null | FileCheck %s
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-expose-weights{max-density=0.2})' --split-input-file %s 2>/dev/null | FileCheck %s --check-prefix=DENSE
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-expose-weights)' --split-input-file %s 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

// Of pruned weights the nonzeros are trained, and a function has their values.
// CHECK-LABEL: func.func @left
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<3x8xf32>, %[[V:[a-z0-9]+]]: tensor<2xf32> {spnn.name = "weight0", spnn.parameter})
// CHECK: %[[S:.*]] = spnn.constant {indices = dense<[2, 0]> : tensor<2xi32>, positions = dense<[0, 1, 2]> : tensor<3xi32>}
// CHECK: %[[Y:.*]] = spnn.aggregate sum %[[S]], %[[X]] edge_values(%[[V]] : tensor<2xf32>)
// CHECK: return %[[Y]]
// CHECK: func.func @left_weights() -> (tensor<2xf32> {spnn.name = "weight0"})
// CHECK: arith.constant dense<[3.000000e+00, 4.000000e+00]> : tensor<2xf32>

// Weights with more nonzeros than that are trained as a whole.
// DENSE-LABEL: func.func @left
// DENSE-SAME: %[[X:[a-z0-9]+]]: tensor<3x8xf32>, %[[W:[a-z0-9]+]]: tensor<2x3xf32> {spnn.name = "weight0", spnn.parameter})
// DENSE: spnn.matmul %[[W]], %[[X]]
// DENSE: func.func @left_weights() -> (tensor<2x3xf32> {spnn.name = "weight0"})

// REMARK: trains 2 of 6 weights as 'weight0', the others stay 0
func.func @left(%x: tensor<3x8xf32>) -> tensor<2x8xf32> {
  %w = arith.constant dense<[[0.0, 0.0, 3.0], [4.0, 0.0, 0.0]]> : tensor<2x3xf32>
  %y = spnn.matmul %w, %x : (tensor<2x3xf32>, tensor<3x8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>

// Weights on the right, as frameworks store them: X W' is (W X')'.
// CHECK-LABEL: func.func @right
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x3xf32>, %[[V:[a-z0-9]+]]: tensor<2xf32>
// CHECK: %[[S:.*]] = spnn.constant {indices = dense<[2, 0]> : tensor<2xi32>, positions = dense<[0, 1, 2]> : tensor<3xi32>} : tensor<2x3xi1, #spnn.adjacency>
// CHECK: %[[TURNED:.*]] = linalg.transpose ins(%[[X]] : tensor<?x3xf32>)
// CHECK: %[[P:.*]] = spnn.aggregate sum %[[S]], %[[TURNED]] edge_values(%[[V]] : tensor<2xf32>)
// CHECK: %[[Y:.*]] = linalg.transpose ins(%[[P]] : tensor<2x?xf32>)
// CHECK: return %[[Y]]
func.func @right(%x: tensor<?x3xf32>) -> tensor<?x2xf32> {
  %w = spnn.constant {positions = dense<[0, 1, 2]> : tensor<3xi32>, indices = dense<[2, 0]> : tensor<2xi32>,
                      values = dense<[3.0, 4.0]> : tensor<2xf32>} : tensor<2x3xf32, #CSR>
  %y = spnn.matmul %x, %w {transpose_rhs} : (tensor<?x3xf32>, tensor<2x3xf32, #CSR>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// X W has the nonzeros of W by columns, which are rows of its transpose.
// CHECK-LABEL: func.func @columns
// CHECK: spnn.constant {indices = dense<[1, 0]> : tensor<2xi32>, positions = dense<[0, 1, 1, 2]> : tensor<4xi32>} : tensor<3x2xi1, #spnn.adjacency>
// CHECK: func.func @columns_weights
// CHECK: dense<[4.000000e+00, 3.000000e+00]>
func.func @columns(%x: tensor<5x2xf32>) -> tensor<5x3xf32> {
  %w = arith.constant dense<[[0.0, 0.0, 3.0], [4.0, 0.0, 0.0]]> : tensor<2x3xf32>
  %y = spnn.matmul %x, %w : (tensor<5x2xf32>, tensor<2x3xf32>) -> tensor<5x3xf32>
  return %y : tensor<5x3xf32>
}

// -----

// What an epilogue is part of keeps its weights, which is said.
// CHECK-LABEL: func.func @epilogue
// CHECK-NOT: spnn.parameter
// REMARK: keeps its weights: it has an epilogue; expose weights before epilogues are fused
func.func @epilogue(%x: tensor<3x8xf32>) -> tensor<2x8xf32> {
  %w = arith.constant dense<[[0.0, 0.0, 3.0], [4.0, 0.0, 0.0]]> : tensor<2x3xf32>
  %y = spnn.matmul %w, %x activation(relu) : (tensor<2x3xf32>, tensor<3x8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}
