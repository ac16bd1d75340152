// A program that cannot run what it compiles, such as the distribution's mlir-opt with our plugin, refuses to tune.
// REQUIRES: plugin
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-select-formats{tune})' %s 2>&1 | FileCheck %s
// CHECK: error: option 'tune' needs a program that compiles and runs code, such as sparse-opt
// CHECK-NOT: error:
func.func @f(%x: tensor<4x?xf32>) -> tensor<4x?xf32> {
  %w = arith.constant dense<[[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 2.0], [0.0, 0.0, 0.0, 0.0]]> : tensor<4x4xf32>
  %y = spnn.matmul %w, %x : (tensor<4x4xf32>, tensor<4x?xf32>) -> tensor<4x?xf32>
  return %y : tensor<4x?xf32>
}
