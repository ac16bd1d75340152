// RUN: %spnn_opt %s | %spnn_opt | FileCheck %s

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>

// A constant prints its buffers and reads back.
// CHECK-LABEL: func @constant
func.func @constant() -> tensor<2x4xf32, #CSR> {
  // CHECK: spnn.constant {indices = dense<[0, 3, 2]> : tensor<3xi32>, positions = dense<[0, 2, 3]> : tensor<3xi32>, values = dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32>} : tensor<2x4xf32, #{{.*}}>
  %w = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 3, 2]> : tensor<3xi32>,
                      values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #CSR>
  return %w : tensor<2x4xf32, #CSR>
}

// A product carries its epilogue in the open.
// CHECK-LABEL: func @matmul
func.func @matmul(%w: tensor<64x128xf32, #spnn.bitmap>, %x: tensor<128x?xf32>, %b: tensor<64xf32>) -> tensor<64x?xf32> {
  // CHECK: spnn.matmul %{{.*}}, %{{.*}} bias(%{{.*}} : tensor<64xf32>) activation(gelu_tanh) : (tensor<64x128xf32, #spnn.bitmap>, tensor<128x?xf32>) -> tensor<64x?xf32>
  %y = spnn.matmul %w, %x bias(%b : tensor<64xf32>) activation(gelu_tanh)
      : (tensor<64x128xf32, #spnn.bitmap>, tensor<128x?xf32>) -> tensor<64x?xf32>
  return %y : tensor<64x?xf32>
}

// The three patterns of pruning read back to the same values.
// CHECK-LABEL: func @prune
func.func @prune(%x: tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>) {
  // CHECK: spnn.prune %{{.*}} method(magnitude) pattern(<unstructured, 5.000000e-01>)
  %0 = spnn.prune %x method(magnitude) pattern(<unstructured, 0.5>) : tensor<8x8xf32>
  // CHECK: spnn.prune %{{.*}} method(magnitude) pattern(<block 4x1, 7.500000e-01>)
  %1 = spnn.prune %x method(magnitude) pattern(<block 4x1, 0.75>) : tensor<8x8xf32>
  // CHECK: spnn.prune %{{.*}} method(magnitude) pattern(<2:4>)
  %2 = spnn.prune %x method(magnitude) pattern(<2:4>) : tensor<8x8xf32>
  return %0, %1, %2 : tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>
}
