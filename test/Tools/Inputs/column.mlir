// Products of one column with bitmaps of 8- and 16-bit weights.
func.func @main(%x: tensor<8x1xf32>) -> (tensor<2x1xf32>, tensor<2x1xf32>) {
  %b = arith.constant dense<[[1, 0, 0, -2, 0, 0, 3, 0], [0, 0, 4, 0, 0, 5, 0, 6]]> : tensor<2x8xi8>
  %bytes = spnn.convert %b : tensor<2x8xi8> to tensor<2x8xi8, #spnn.bitmap>
  %0 = spnn.matmul %bytes, %x : (tensor<2x8xi8, #spnn.bitmap>, tensor<8x1xf32>) -> tensor<2x1xf32>
  %h = arith.constant dense<[[1.0, 0.0, 0.0, -2.0, 0.0, 0.0, 3.0, 0.0], [0.0, 0.0, 4.0, 0.0, 0.0, 5.0, 0.0, 6.0]]> : tensor<2x8xbf16>
  %halves = spnn.convert %h : tensor<2x8xbf16> to tensor<2x8xbf16, #spnn.bitmap>
  %1 = spnn.matmul %halves, %x : (tensor<2x8xbf16, #spnn.bitmap>, tensor<8x1xf32>) -> tensor<2x1xf32>
  return %0, %1 : tensor<2x1xf32>, tensor<2x1xf32>
}
