#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @main(%x: tensor<?x4xf32> {spnn.name = "x"}) -> tensor<?x2xf32> {
  %w = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 3, 2]> : tensor<3xi32>,
                      values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #CSR>
  %y = spnn.matmul %x, %w activation(relu) {transpose_rhs} : (tensor<?x4xf32>, tensor<2x4xf32, #CSR>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
