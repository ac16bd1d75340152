// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-quantize{weights=i8})' %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-quantize{weights=bf16 activations=bf16})' %S/Inputs/quantize.mlir 2>/dev/null | FileCheck %s --check-prefix=BF16
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-quantize{weights=i8 activations=i8})' %S/Inputs/quantize.mlir 2>/dev/null | FileCheck %s --check-prefix=I8
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-quantize{weights=f16})' %S/Inputs/quantize.mlir 2>&1 | FileCheck %s --check-prefix=F16
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-quantize{weights=i4})' %s 2>&1 | FileCheck %s --check-prefix=WEIGHTS
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-quantize{activations=f16})' %s 2>&1 | FileCheck %s --check-prefix=ACTIVATIONS
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-quantize{weights=i8 activations=bf16})' %s 2>&1 | FileCheck %s --check-prefix=PAIR
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-cpu-graph{activations=i8})' %s 2>&1 | FileCheck %s --check-prefix=NEEDS

// NEEDS: error: activations of i8 need option 'weights', one of f16, bf16 and i8
// WEIGHTS: error: unknown type of weights 'i4', expected f16, bf16 or i8
// ACTIVATIONS: error: unknown type of activations 'f16', expected f32, bf16 or i8
// PAIR: error: activations of bf16 need weights of the same type, got i8

// Activations of bf16 are truncated, weights rounded to nearest even.
// BF16-LABEL: func @layer
// BF16: arith.constant dense<{{\[}}[1.000000e+00, 1.000000e+00], [1.015630e+00, -0.000000e+00]]> : tensor<2x2xbf16>
// BF16: linalg.generic {{.*}} ins(%{{.*}} : tensor<2x?xf32>) outs(%{{.*}} : tensor<2x?xbf16>)
// BF16: arith.truncf %{{.*}} : f32 to bf16
// BF16: spnn.matmul %{{.*}}, %{{.*}} : (tensor<2x2xbf16>, tensor<2x?xbf16>) -> tensor<2x?xf32>

// Activations of i8 are scaled column by column while the model runs.
// I8-LABEL: func @layer
// I8: %[[MAX:.*]] = linalg.generic {{.*}} iterator_types = ["reduction", "parallel"]} ins(%[[X:.*]] : tensor<2x?xf32>) outs(%{{.*}} : tensor<?xi32>)
// I8: arith.maxsi
// I8: %[[SCALES:.*]]:2 = linalg.generic {{.*}} ins(%[[MAX]] : tensor<?xi32>) outs(%{{.*}}, %{{.*}} : tensor<?xf32>, tensor<?xf32>)
// I8: %[[Q:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[SCALES]]#1 : tensor<2x?xf32>, tensor<?xf32>) outs(%{{.*}} : tensor<2x?xi8>)
// I8: spnn.matmul %{{.*}}, %[[Q]] lhs_scales(%{{.*}} : tensor<2xf32>) rhs_scales(%[[SCALES]]#0 : tensor<?xf32>) : (tensor<2x2xi8>, tensor<2x?xi8>) -> tensor<2x?xf32>

// Of a product on the right the activations' scales are the lhs's, one for each row.
// I8-LABEL: func @right
// I8: iterator_types = ["parallel", "reduction"]
// I8: spnn.matmul %{{.*}}, %{{.*}} lhs_scales(%{{.*}}#0 : tensor<?xf32>) rhs_scales(%{{.*}} : tensor<2xf32>)

// What f16 cannot hold stays as it is.
// F16: remark: quantised: weights 'f16', activations 'f32'
// F16: remark: not quantised: weight 100000.000000 in row 1, column 0 is too large for the type

// The example of the documentation: a channel of zeros has scale 1, ties go to the even number.
// CHECK-LABEL: func @layer
func.func @layer(%x: tensor<4x3xf32>) -> tensor<2x3xf32> {
  // CHECK-DAG: %[[W:.*]] = arith.constant dense<{{\[}}[127, 0, -2, 2], [0, 0, 0, 0]]> : tensor<2x4xi8>
  // CHECK-DAG: %[[S:.*]] = arith.constant dense<1.000000e+00> : tensor<2xf32>
  // CHECK: spnn.matmul %[[W]], %{{.*}} lhs_scales(%[[S]] : tensor<2xf32>) : (tensor<2x4xi8>, tensor<4x3xf32>) -> tensor<2x3xf32>
  %w = arith.constant dense<[[127.0, 0.0, -2.5, 1.5], [0.0, 0.0, 0.0, 0.0]]> : tensor<2x4xf32>
  // expected-remark @below {{quantised: weights 'i8' with 2 scales, activations 'f32'}}
  %y = spnn.matmul %w, %x : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

// Channels of a transposed constant are its columns.
// CHECK-LABEL: func @transposed
func.func @transposed(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // CHECK-DAG: arith.constant dense<{{\[}}[127, 64], [64, 127]]> : tensor<2x2xi8>
  // CHECK-DAG: arith.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
  %w = arith.constant dense<[[127.0, 128.0], [64.0, 254.0]]> : tensor<2x2xf32>
  // expected-remark @below {{quantised}}
  %y = spnn.matmul %w, %x {transpose_lhs} : (tensor<2x2xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

// Formats stay.
// CHECK-LABEL: func @format
func.func @format(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // CHECK: spnn.convert %{{.*}} : tensor<2x2xi8> to tensor<2x2xi8, #spnn.bitmap>
  // CHECK: (tensor<2x2xi8, #spnn.bitmap>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %c = arith.constant dense<[[1.0, 0.0], [0.0, 2.0]]> : tensor<2x2xf32>
  %w = spnn.convert %c : tensor<2x2xf32> to tensor<2x2xf32, #spnn.bitmap>
  // expected-remark @below {{quantised}}
  %y = spnn.matmul %w, %x : (tensor<2x2xf32, #spnn.bitmap>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

// What is not quantised says why.
// CHECK-LABEL: func @kept
func.func @kept(%a: tensor<2x2xf32>, %d: tensor<2x2xf64>, %x: tensor<2x3xf32>) -> (tensor<2x2xf32>, tensor<2x2xf64>, tensor<2x3xf32>, tensor<2x3xf32>) {
  // CHECK-NOT: i8
  // expected-remark @below {{not quantised: no operand is constant}}
  %0 = spnn.matmul %a, %a : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  // expected-remark @below {{not quantised: only products of f32 are}}
  %1 = spnn.matmul %d, %d : (tensor<2x2xf64>, tensor<2x2xf64>) -> tensor<2x2xf64>
  %w = arith.constant dense<[[1.0, 0.0], [0.0, 0x7F800000]]> : tensor<2x2xf32>
  // expected-remark @below {{not quantised: weight inf in row 1, column 1 is not finite}}
  %2 = spnn.matmul %w, %x : (tensor<2x2xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %h = arith.constant dense<1.0> : tensor<2x2xf16>
  // expected-remark @below {{not quantised: its operands are quantised already}}
  %3 = spnn.matmul %h, %x : (tensor<2x2xf16>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0, %1, %2, %3 : tensor<2x2xf32>, tensor<2x2xf64>, tensor<2x3xf32>, tensor<2x3xf32>
}
