// Another model with a function of another name, whose name is a keyword of C.
func.func @double(%in: tensor<3xf32>) -> tensor<3xf32> {
  %y = arith.addf %in, %in : tensor<3xf32>
  return %y : tensor<3xf32>
}
