// Two products, one of them with sparse weights.
#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>

func.func @two_layers(%w: tensor<64x128xf32, #CSR>, %v: tensor<10x64xf32>, %x: tensor<128x?xf32>) -> tensor<10x?xf32> {
  %0 = spnn.matmul %w, %x activation(relu) : (tensor<64x128xf32, #CSR>, tensor<128x?xf32>) -> tensor<64x?xf32>
  %1 = spnn.matmul %v, %0 : (tensor<10x64xf32>, tensor<64x?xf32>) -> tensor<10x?xf32>
  return %1 : tensor<10x?xf32>
}
