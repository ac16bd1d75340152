// Sparse training with a fixed mask: the weights of a pruned network become parameters on their pattern, and are trained.
// RUN: rm -rf %t && mkdir -p %t
// RUN: sparse-opt %s --spnn-expose-weights=function=loss -o %t/exposed.mlir 2>/dev/null
// RUN: sparse-opt %t/exposed.mlir --spnn-differentiate="function=loss mode=gradients" -o %t/gradients.mlir
// RUN: sparse-run %t/gradients.mlir --function loss_gradients --reference=%t/gradients.mlir | FileCheck %s --check-prefix=GRADIENTS
// RUN: sparse-opt %t/exposed.mlir --spnn-differentiate="function=loss mode=train-step optimizer=sgd rate=0.5" --spnn-cpu --emit=so -o %t/model.so 2>/dev/null
// RUN: sparse-run %t/model.so --function loss_weights --output %t/weights.npz --quiet
// RUN: sparse-run %t/model.so --function data --output %t/data.npz --quiet
// RUN: sparse-run %t/model.so --train --data %t/data.npz --init %t/weights.npz --epochs 1 | FileCheck %s --check-prefix=BEFORE
// RUN: sparse-run %t/model.so --train --data %t/data.npz --init %t/weights.npz --epochs 60 | FileCheck %s --check-prefix=AFTER
// RUN: not sparse-run %t/model.so --train --data %t/data.npz --init %t/data.npz 2>&1 | FileCheck %s --check-prefix=OTHER

// A gradient has a number for each nonzero.
// GRADIENTS: output {{ *}}grad:weight0  f32[5]
// GRADIENTS: output {{ *}}grad:weight1  f32[4]
// GRADIENTS: grad:weight0  good
// GRADIENTS: grad:weight1  good

// It begins with the weights of the network.
// BEFORE: 9 parameters in 2 tensors
// BEFORE: 0 {{ *}}1 {{ *}}1  0.7953
// AFTER: 0 {{ *}}60 {{ *}}60  0.3915

// OTHER: data.npz: 'x' is no parameter of function 'train_step'
func.func @loss(%x: tensor<4x4xf32> {spnn.name = "x"}, %t: tensor<4xi32> {spnn.name = "t"}) -> tensor<f32> {
  %w = arith.constant dense<[[0.0, 0.5, 0.0, 0.0], [0.3, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.4], [0.0, 0.7, 0.2, 0.0], [0.0, 0.0, 0.0, 0.0]]> : tensor<5x4xf32>
  %u = arith.constant dense<[[0.0, 0.5, 0.0, 0.0, 1.0], [0.3, 0.0, -0.6, 0.0, 0.0]]> : tensor<2x5xf32>
  %zero = arith.constant dense<0.0> : tensor<4x5xf32>
  %a = spnn.matmul %x, %w {transpose_rhs} : (tensor<4x4xf32>, tensor<5x4xf32>) -> tensor<4x5xf32>
  %h = arith.maximumf %a, %zero : tensor<4x5xf32>
  %y = spnn.matmul %h, %u {transpose_rhs} : (tensor<4x5xf32>, tensor<2x5xf32>) -> tensor<4x2xf32>
  %l = spnn.loss cross_entropy %y, %t : tensor<4x2xf32>, tensor<4xi32> -> tensor<f32>
  return %l : tensor<f32>
}
func.func @data() -> (tensor<4x4xf32> {spnn.name = "x"}, tensor<4xi32> {spnn.name = "t"}) {
  %x = arith.constant dense<[[1.0, 0.0, 2.0, 0.5], [0.0, 1.0, 0.0, 3.0], [2.0, 0.5, 1.0, 0.0], [0.5, 0.0, 0.0, 2.0]]> : tensor<4x4xf32>
  %t = arith.constant dense<[0, 1, 0, 1]> : tensor<4xi32>
  return %x, %t : tensor<4x4xf32>, tensor<4xi32>
}
