// RUN: sparse-opt %s --spnn-reference \
// RUN:   | mlir-runner -e main --entry-point-result=void \
// RUN:       --shared-libs=%mlir_lib/libmlir_runner_utils.so,%mlir_lib/libmlir_c_runner_utils.so \
// RUN:   | FileCheck %s

// A two-layer model compiled by upstream's passes alone; the expected numbers come from the formulas by hand.

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>

func.func private @printMemrefF32(tensor<*xf32>)

func.func @model(%x: tensor<2x?xf32>) -> tensor<?x2xf32> {
  // 0 2
  // 1 0
  // 0 -1
  %w1 = spnn.constant {positions = dense<[0, 1, 2, 3]> : tensor<4xi32>, indices = dense<[1, 0, 1]> : tensor<3xi32>,
                       values = dense<[2.0, 1.0, -1.0]> : tensor<3xf32>} : tensor<3x2xf32, #CSR>
  %b1 = arith.constant dense<[0.5, -1.0, 3.0]> : tensor<3xf32>
  %h = spnn.matmul %w1, %x bias(%b1 : tensor<3xf32>) activation(relu)
      : (tensor<3x2xf32, #CSR>, tensor<2x?xf32>) -> tensor<3x?xf32>
  // Of [1 -3 2; 4 0.5 -1] the largest of every row stays.
  %dense = arith.constant dense<[[1.0, -3.0, 2.0], [4.0, 0.5, -1.0]]> : tensor<2x3xf32>
  %w2 = spnn.prune %dense method(magnitude) pattern(<1:3>) : tensor<2x3xf32>
  %b2 = arith.constant dense<[1.0, 0.0]> : tensor<2xf32>
  %y = spnn.matmul %h, %w2 bias(%b2 : tensor<2xf32>) activation(gelu_erf)
      {transpose_lhs, transpose_rhs, bias_axis = 1 : i64} : (tensor<3x?xf32>, tensor<2x3xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

func.func @main() {
  // x = [1 2 -1; 3 0 1], so h = relu([6.5 0.5 2.5; 0 1 -2; 0 3 2]) and y^T = gelu([1 - 3 h1; 4 h0]).
  %x = arith.constant dense<[[1.0, 2.0, -1.0], [3.0, 0.0, 1.0]]> : tensor<2x3xf32>
  %cast = tensor.cast %x : tensor<2x3xf32> to tensor<2x?xf32>
  %y = call @model(%cast) : (tensor<2x?xf32>) -> tensor<?x2xf32>
  %unranked = tensor.cast %y : tensor<?x2xf32> to tensor<*xf32>
  // CHECK:      rank = 2 {{.*}} sizes = [3, 2]
  // CHECK-NEXT: {{\[\[}}0.841345, 26],
  // CHECK-NEXT: [-0.0455003, 1.9545],
  // CHECK-NEXT: [0.841345, 10]]
  call @printMemrefF32(%unranked) : (tensor<*xf32>) -> ()
  return
}
