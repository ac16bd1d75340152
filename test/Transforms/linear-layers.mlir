// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-raise,spnn-fuse-epilogues,spnn-analyze-sparsity,spnn-decompose)' %s | FileCheck %s

// All graph passes on a perceptron as PyTorch exports it: one product a layer, activations transposed from layer to
// layer, and one transposition at the end.
// CHECK-LABEL: func @perceptron
// CHECK-SAME: %[[X:.*]]: tensor<?x4xf32>
// CHECK: %[[H:.*]] = spnn.matmul %[[W:.*]], %[[X]] bias(%{{.*}} : tensor<3xf32>) activation(relu) {spnn.statistics = {{.*}}, transpose_rhs} : (tensor<3x4xf32>, tensor<?x4xf32>) -> tensor<3x?xf32>
// CHECK-NEXT: %[[T:.*]] = spnn.matmul %{{.*}}, %[[H]] bias(%{{.*}} : tensor<2xf32>) {spnn.statistics = {{.*}}} : (tensor<2x3xf32>, tensor<3x?xf32>) -> tensor<2x?xf32>
// CHECK: %[[Y:.*]] = linalg.transpose ins(%[[T]] : tensor<2x?xf32>)
// CHECK-NEXT: return %[[Y]]
func.func @perceptron(%x: tensor<?x4xf32>) -> tensor<?x2xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %w1 = arith.constant dense<[[1.0, 0.0, 2.0, 0.0], [0.0, 3.0, 0.0, 0.0], [0.0, 0.0, 0.0, 4.0]]> : tensor<3x4xf32>
  %b1 = arith.constant dense<[0.1, 0.2, 0.3]> : tensor<3xf32>
  %w2 = arith.constant dense<[[1.0, 0.0, 5.0], [0.0, 6.0, 0.0]]> : tensor<2x3xf32>
  %b2 = arith.constant dense<[0.4, 0.5]> : tensor<2xf32>
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %t1 = tensor.empty() : tensor<4x3xf32>
  %wt1 = linalg.transpose ins(%w1 : tensor<3x4xf32>) outs(%t1 : tensor<4x3xf32>) permutation = [1, 0]
  %e1 = tensor.empty(%n) : tensor<?x3xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<?x3xf32>) -> tensor<?x3xf32>
  %p1 = linalg.matmul ins(%x, %wt1 : tensor<?x4xf32>, tensor<4x3xf32>) outs(%f1 : tensor<?x3xf32>) -> tensor<?x3xf32>
  %h = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>,
                                        affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%p1, %b1 : tensor<?x3xf32>, tensor<3xf32>) outs(%e1 : tensor<?x3xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<?x3xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%h : tensor<?x3xf32>) outs(%e1 : tensor<?x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %c = arith.cmpf ugt, %a, %zero : f32
    %s = arith.select %c, %a, %zero : f32
    linalg.yield %s : f32
  } -> tensor<?x3xf32>
  %t2 = tensor.empty() : tensor<3x2xf32>
  %wt2 = linalg.transpose ins(%w2 : tensor<2x3xf32>) outs(%t2 : tensor<3x2xf32>) permutation = [1, 0]
  %e2 = tensor.empty(%n) : tensor<?x2xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<?x2xf32>) -> tensor<?x2xf32>
  %p2 = linalg.matmul ins(%r, %wt2 : tensor<?x3xf32>, tensor<3x2xf32>) outs(%f2 : tensor<?x2xf32>) -> tensor<?x2xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>,
                                        affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%p2, %b2 : tensor<?x2xf32>, tensor<2xf32>) outs(%e2 : tensor<?x2xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
