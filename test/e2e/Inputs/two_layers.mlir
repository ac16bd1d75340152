#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @classify(%x: tensor<?x4xf32> {spnn.name = "x"}) -> (tensor<?x2xf32> {spnn.name = "y"}) {
  // 1 0 0 2
  // 0 0 3 0
  // 0 -1 0 0
  %w = spnn.constant {positions = dense<[0, 2, 3, 4]> : tensor<4xi32>, indices = dense<[0, 3, 2, 1]> : tensor<4xi32>,
                      values = dense<[1.0, 2.0, 3.0, -1.0]> : tensor<4xf32>} : tensor<3x4xf32, #CSR>
  %b = arith.constant dense<[0.5, -1.0, 0.0]> : tensor<3xf32>
  %h = spnn.matmul %x, %w bias(%b : tensor<3xf32>) activation(relu) {bias_axis = 1 : i64, transpose_rhs}
      : (tensor<?x4xf32>, tensor<3x4xf32, #CSR>) -> tensor<?x3xf32>
  %v = arith.constant dense<[[1.0, 2.0, 3.0], [-1.0, 0.0, 0.5]]> : tensor<2x3xf32>
  %y = spnn.matmul %h, %v {transpose_rhs} : (tensor<?x3xf32>, tensor<2x3xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
