// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-analyze-sparsity)' %s --split-input-file --verify-diagnostics | FileCheck %s

// The example of the documentation: channel 2 is not read, channel 1 is the constant relu(0.25) = 0.25.
// CHECK-LABEL: func @chain
func.func @chain(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // CHECK-DAG: %[[B:.*]] = arith.constant dense<5.000000e-01> : tensor<1xf32>
  // CHECK-DAG: %[[W:.*]] = arith.constant dense<{{\[}}[1.000000e+00, 2.000000e+00]]> : tensor<1x2xf32>
  // CHECK-DAG: %[[C:.*]] = arith.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
  // CHECK-DAG: %[[V:.*]] = arith.constant dense<{{\[}}[1.000000e+00], [2.000000e+00]]> : tensor<2x1xf32>
  // CHECK: %[[H:.*]] = spnn.matmul %[[W]], %{{.*}} bias(%[[B]] : tensor<1xf32>) activation(relu) {{.*}} : (tensor<1x2xf32>, tensor<2x8xf32>) -> tensor<1x8xf32>
  // CHECK: spnn.matmul %[[V]], %[[H]] bias(%[[C]] : tensor<2xf32>) {{.*}} : (tensor<2x1xf32>, tensor<1x8xf32>) -> tensor<2x8xf32>
  %b = arith.constant dense<[0.5, 0.25, 1.0]> : tensor<3xf32>
  %w = arith.constant dense<[[1.0, 2.0], [0.0, 0.0], [3.0, 4.0]]> : tensor<3x2xf32>
  %v = arith.constant dense<[[1.0, 4.0, 0.0], [2.0, 8.0, 0.0]]> : tensor<2x3xf32>
  // expected-remark @below {{removed 1 dead rows, their constants are in the next product's bias}}
  // expected-remark @below {{weights 1 x 2: 0.0 % zeros, 2 to 2 nonzeros a row (mean 2.0), 0 dead rows, 0 dead columns}}
  %h = spnn.matmul %w, %x bias(%b : tensor<3xf32>) activation(relu)
      : (tensor<3x2xf32>, tensor<2x8xf32>) -> tensor<3x8xf32>
  // expected-remark @below {{removed 1 dead columns and the rows of the product that feeds them}}
  // expected-remark @below {{weights 2 x 1: 0.0 % zeros, 1 to 1 nonzeros a row (mean 1.0), 0 dead rows, 0 dead columns}}
  %y = spnn.matmul %v, %h : (tensor<2x3xf32>, tensor<3x8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

// The dictionary, in the orientation of op(lhs): 2 x 4 with rows 1 0 0 2 and 0 0 3 0.
// CHECK-LABEL: func @statistics
func.func @statistics(%x: tensor<4x8xf32>) -> tensor<2x8xf32> {
  // CHECK: spnn.statistics = {block_fill = {"16x1" = {{[^,]*}}, "16x16" = {{[^,]*}}, "1x16" = 9.375000e-02 : f64, "1x4" = 3.750000e-01 : f64, {{.*}}}, columns = 4 : i64, dead_columns = 1 : i64, dead_rows = 0 : i64, density = 3.750000e-01 : f64, infinities = 0 : i64, max_row_length = 2 : i64, mean_row_length = 1.500000e+00 : f64, min_row_length = 1 : i64, nans = 0 : i64, nm = "1:2", nonzeros = 3 : i64, row_length_deviation = 5.000000e-01 : f64, rows = 2 : i64}
  %w = arith.constant dense<[[1.0, 0.0], [0.0, 0.0], [0.0, 3.0], [2.0, 0.0]]> : tensor<4x2xf32>
  // expected-remark @below {{weights 2 x 4: 62.5 % zeros, 1 to 2 nonzeros a row (mean 1.5), 0 dead rows, 1 dead columns, fits 1:2}}
  %y = spnn.matmul %w, %x {transpose_lhs} : (tensor<4x2xf32>, tensor<4x8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

// NaNs are counted; sparse constants are measured through their format.
// CHECK-LABEL: func @nan
func.func @nan(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // CHECK: nans = 1 : i64
  %w = arith.constant dense<[[0x7FC00000, 0.0], [0.0, 1.0]]> : tensor<2x2xf32>
  %c = spnn.convert %w : tensor<2x2xf32> to tensor<2x2xf32, #spnn.bitmap>
  // expected-remark-re @below {{weights 2 x 2: 50.0 % zeros, {{.*}}, fits 1:2, 1 NaNs}}
  %y = spnn.matmul %c, %x : (tensor<2x2xf32, #spnn.bitmap>, tensor<2x8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

// Removal goes on: without channel 1 of the second product, nothing reads channel 0 of the first.
// CHECK-LABEL: func @fixed_point
func.func @fixed_point(%x: tensor<2x8xf32>) -> tensor<1x8xf32> {
  // CHECK: spnn.matmul {{.*}} : (tensor<1x2xf32>, tensor<2x8xf32>) -> tensor<1x8xf32>
  // CHECK: spnn.matmul {{.*}} : (tensor<1x1xf32>, tensor<1x8xf32>) -> tensor<1x8xf32>
  // CHECK: spnn.matmul {{.*}} : (tensor<1x1xf32>, tensor<1x8xf32>) -> tensor<1x8xf32>
  %a = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %b = arith.constant dense<[[0.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %c = arith.constant dense<[[5.0, 0.0]]> : tensor<1x2xf32>
  // expected-remark @below {{weights 1 x 2}}
  %0 = spnn.matmul %a, %x activation(relu) : (tensor<2x2xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  // expected-remark @below {{removed 1 dead columns}}
  // expected-remark @below {{weights 1 x 1}}
  %1 = spnn.matmul %b, %0 activation(relu) : (tensor<2x2xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  // expected-remark @below {{removed 1 dead columns}}
  // expected-remark @below {{weights 1 x 1}}
  %2 = spnn.matmul %c, %1 : (tensor<1x2xf32>, tensor<2x8xf32>) -> tensor<1x8xf32>
  return %2 : tensor<1x8xf32>
}

// -----

// Between layers as spnn-raise leaves them a transposition folds first.
// CHECK-LABEL: func @through_transpose
func.func @through_transpose(%x: tensor<8x2xf32>) -> tensor<1x8xf32> {
  // CHECK: spnn.matmul {{.*}} transpose_rhs} : (tensor<1x2xf32>, tensor<8x2xf32>) -> tensor<1x8xf32>
  %a = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %c = arith.constant dense<[[5.0, 0.0]]> : tensor<1x2xf32>
  // expected-remark @below {{weights 1 x 2}}
  %0 = spnn.matmul %a, %x {transpose_rhs} : (tensor<2x2xf32>, tensor<8x2xf32>) -> tensor<2x8xf32>
  %e = tensor.empty() : tensor<8x2xf32>
  %t = linalg.transpose ins(%0 : tensor<2x8xf32>) outs(%e : tensor<8x2xf32>) permutation = [1, 0]
  // expected-remark @below {{removed 1 dead columns}}
  // expected-remark @below {{weights 1 x 1}}
  %1 = spnn.matmul %c, %t {transpose_rhs} : (tensor<1x2xf32>, tensor<8x2xf32>) -> tensor<1x8xf32>
  return %1 : tensor<1x8xf32>
}

// -----

// A result with another use keeps its rows; so does one with a bias that is no constant.
// CHECK-LABEL: func @stays
func.func @stays(%x: tensor<2x8xf32>, %bias: tensor<2xf32>) -> (tensor<2x8xf32>, tensor<1x8xf32>, tensor<1x8xf32>) {
  // CHECK-NOT: tensor<1x2xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  %a = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %c = arith.constant dense<[[5.0, 0.0]]> : tensor<1x2xf32>
  // expected-remark @below {{weights 2 x 2}}
  %0 = spnn.matmul %a, %x : (tensor<2x2xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  // expected-remark @below {{weights 1 x 2: 50.0 % zeros, 1 to 1 nonzeros a row (mean 1.0), 0 dead rows, 1 dead columns}}
  %1 = spnn.matmul %c, %0 : (tensor<1x2xf32>, tensor<2x8xf32>) -> tensor<1x8xf32>
  // expected-remark @below {{weights 2 x 2}}
  %2 = spnn.matmul %a, %x bias(%bias : tensor<2xf32>) : (tensor<2x2xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  // expected-remark @below {{weights 1 x 2}}
  %3 = spnn.matmul %c, %2 : (tensor<1x2xf32>, tensor<2x8xf32>) -> tensor<1x8xf32>
  return %0, %1, %3 : tensor<2x8xf32>, tensor<1x8xf32>, tensor<1x8xf32>
}

// -----

// One channel is left even if all are dead.
// CHECK-LABEL: func @all_dead
func.func @all_dead(%x: tensor<2x8xf32>) -> tensor<1x8xf32> {
  // CHECK: spnn.matmul {{.*}} : (tensor<1x1xf32>, tensor<1x8xf32>) -> tensor<1x8xf32>
  %a = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %c = arith.constant dense<0.0> : tensor<1x2xf32>
  // expected-remark @below {{weights 1 x 2}}
  %0 = spnn.matmul %a, %x : (tensor<2x2xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  // expected-remark @below {{removed 1 dead columns}}
  // expected-remark @below {{weights 1 x 1: 100.0 % zeros}}
  %1 = spnn.matmul %c, %0 : (tensor<1x2xf32>, tensor<2x8xf32>) -> tensor<1x8xf32>
  return %1 : tensor<1x8xf32>
}

// -----

func.func @no_constant(%a: tensor<2x2xf32>, %x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // expected-remark @below {{not measured: no operand is constant}}
  %0 = spnn.matmul %a, %x : (tensor<2x2xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

// Channels between products go in groups of four where the consumer's constant is 2:4: channels 1 and 2 are dead in it,
// but 0 and 3 are not, so all stay; 4 to 7 are dead together and go.
// CHECK-LABEL: func @keeps_nm_pattern
func.func @keeps_nm_pattern(%x: tensor<1x3xf32>) -> tensor<2x3xf32> {
  %w = arith.constant dense<[[1.0], [2.0], [3.0], [4.0], [5.0], [6.0], [7.0], [8.0], [9.0], [1.0], [2.0], [3.0]]> : tensor<12x1xf32>
  %v = arith.constant dense<[[1.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0],
                             [3.0, 0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]]> : tensor<2x12xf32>
  // CHECK: spnn.matmul {{.*}} : (tensor<8x1xf32>, tensor<1x3xf32>) -> tensor<8x3xf32>
  // CHECK: spnn.matmul {{.*}} : (tensor<2x8xf32>, tensor<8x3xf32>) -> tensor<2x3xf32>
  // expected-remark @below {{weights 8 x 1: 0.0 % zeros, 1 to 1 nonzeros a row (mean 1.0), 0 dead rows, 0 dead columns}}
  %h = spnn.matmul %w, %x : (tensor<12x1xf32>, tensor<1x3xf32>) -> tensor<12x3xf32>
  // expected-remark @below {{removed 4 dead columns and the rows of the product that feeds them}}
  // expected-remark @below {{weights 2 x 8: 50.0 % zeros, 4 to 4 nonzeros a row (mean 4.0), 0 dead rows, 2 dead columns, fits 2:4}}
  %y = spnn.matmul %v, %h : (tensor<2x12xf32>, tensor<12x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

// Dead channels of quantised products stay.
// CHECK-LABEL: func @quantized
func.func @quantized(%x: tensor<2x8xf32>, %s: tensor<2xf32>) -> tensor<1x8xf32> {
  // CHECK: tensor<2x2xi8>, tensor<2x8xf32>
  %w = arith.constant dense<[[1, 2], [0, 0]]> : tensor<2x2xi8>
  %v = arith.constant dense<[[1.0, 4.0]]> : tensor<1x2xf32>
  // expected-remark @below {{dead channels stay: the product is quantised}}
  // expected-remark @below {{2 x 2}}
  %h = spnn.matmul %w, %x lhs_scales(%s : tensor<2xf32>) : (tensor<2x2xi8>, tensor<2x8xf32>) -> tensor<2x8xf32>
  // expected-remark @below {{1 x 2}}
  %y = spnn.matmul %v, %h : (tensor<1x2xf32>, tensor<2x8xf32>) -> tensor<1x8xf32>
  return %y : tensor<1x8xf32>
}
