// A function without a loss, and with an argument of integers.
func.func @f(%x: tensor<4xf32> {spnn.parameter, spnn.name = "x"}, %n: tensor<4xi32> {spnn.name = "n"}) -> tensor<4xf32> {
  %y = math.exp %x : tensor<4xf32>
  return %y : tensor<4xf32>
}
