// One pruned layer.
func.func @main(%x: tensor<?x8xf32>) -> tensor<?x4xf32> {
  %w = arith.constant dense<[[1.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0],
                             [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 4.0], [0.0, 5.0, 0.0, 0.0, 0.0, 0.0, 6.0, 0.0]]> : tensor<4x8xf32>
  %b = arith.constant dense<[0.5, -0.5, 0.25, 0.0]> : tensor<4xf32>
  %t = spnn.matmul %w, %x bias(%b : tensor<4xf32>) activation(relu) {transpose_rhs}
      : (tensor<4x8xf32>, tensor<?x8xf32>) -> tensor<4x?xf32>
  %zero = arith.constant 0 : index
  %batch = tensor.dim %x, %zero : tensor<?x8xf32>
  %init = tensor.empty(%batch) : tensor<?x4xf32>
  %y = linalg.transpose ins(%t : tensor<4x?xf32>) outs(%init : tensor<?x4xf32>) permutation = [1, 0]
  return %y : tensor<?x4xf32>
}
