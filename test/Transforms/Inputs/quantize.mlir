// Products for the combinations of types in spnn-quantize.mlir.
func.func @layer(%x: tensor<2x?xf32>) -> tensor<2x?xf32> {
  // Ties of bf16: 1 + 2^-8 goes down, 1 + 3 * 2^-8 up.
  %w = arith.constant dense<[[1.0, 1.00390625], [1.01171875, -0.0]]> : tensor<2x2xf32>
  %y = spnn.matmul %w, %x : (tensor<2x2xf32>, tensor<2x?xf32>) -> tensor<2x?xf32>
  return %y : tensor<2x?xf32>
}
func.func @right(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0], [100000.0, 4.0]]> : tensor<2x2xf32>
  %y = spnn.matmul %x, %w : (tensor<?x2xf32>, tensor<2x2xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
