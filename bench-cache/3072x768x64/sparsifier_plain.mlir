
#rows = #sparse_tensor.encoding<{ map = (i, k) -> (i : dense, k : compressed), posWidth = 32, crdWidth = 32 }>
func.func @sparsifier_plain(%positions: tensor<?xi32>, %indices: tensor<?xi32>, %values: tensor<?xf32>, %x: tensor<768x64xf32>,
                %y: tensor<3072x64xf32> {bufferization.writable = true}) -> tensor<3072x64xf32>
    attributes {llvm.emit_c_interface} {
  %w = sparse_tensor.assemble (%positions, %indices), %values
      : (tensor<?xi32>, tensor<?xi32>), tensor<?xf32> to tensor<3072x768xf32, #rows>
  %sum = linalg.matmul ins(%w, %x : tensor<3072x768xf32, #rows>, tensor<768x64xf32>) outs(%y : tensor<3072x64xf32>)
      -> tensor<3072x64xf32>
  return %sum : tensor<3072x64xf32>
}
