// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-expose-weights{function=other})' %s 2>&1 | FileCheck %s --check-prefix=OTHER
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-expose-weights{max-density=2})' %s 2>&1 | FileCheck %s --check-prefix=DENSITY
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-expose-weights)' %s 2>&1 | FileCheck %s --check-prefix=TAKEN

// OTHER: error: there is no function 'other' to take weights from
// DENSITY: error: max-density must be from 0 to 1, got 2
// TAKEN: error: there is a symbol 'f_weights' already, which is to return the weights
func.func @f(%x: tensor<3x8xf32>) -> tensor<2x8xf32> {
  %w = arith.constant dense<[[0.0, 0.0, 3.0], [4.0, 0.0, 0.0]]> : tensor<2x3xf32>
  %y = spnn.matmul %w, %x : (tensor<2x3xf32>, tensor<3x8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}
func.func @f_weights() {
  return
}
