// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-split-columns{columns=16+1})' %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-split-columns{columns=off})' %s --split-input-file | FileCheck %s --check-prefix=OFF
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-split-columns{columns=16+1},spnn-split-columns{columns=4})' %s --split-input-file | FileCheck %s --check-prefix=TWICE
// RUN: echo 'module {}' | not %spnn_opt --pass-pipeline='builtin.module(spnn-split-columns{columns=16+none})' 2>&1 | FileCheck %s --check-prefix=OPTION

// OPTION: error: option 'columns' must be auto, off or sizes like 128 or 16+1, got '16+none'

// The example of the documentation.
// CHECK-LABEL: func @product
// CHECK: %[[E:.*]] = tensor.empty() : tensor<64x17xf32>
// CHECK: %[[A:.*]] = tensor.extract_slice %{{.*}}[0, 0] [128, 16] [1, 1] : tensor<128x17xf32> to tensor<128x16xf32>
// CHECK: %[[P:.*]] = spnn.matmul %{{.*}}, %[[A]] {spnn.columns = {reason = "columns 16 + 1: as asked for", slices = array<i64: 16, 1>}}
// CHECK: %[[F:.*]] = tensor.insert_slice %[[P]] into %[[E]][0, 0] [64, 16] [1, 1]
// CHECK: %[[B:.*]] = tensor.extract_slice %{{.*}}[0, 16] [128, 1] [1, 1]
// CHECK: %[[Q:.*]] = spnn.matmul %{{.*}}, %[[B]] {{.*}} -> tensor<64x1xf32>
// CHECK: %[[R:.*]] = tensor.insert_slice %[[Q]] into %[[F]][0, 16] [64, 1] [1, 1]
// CHECK: return %[[R]]
// OFF-LABEL: func @product
// OFF-NOT: tensor.extract_slice
// Slices are not cut again.
// TWICE-LABEL: func @product
// TWICE-COUNT-2: spnn.matmul
// TWICE-NOT: spnn.matmul
func.func @product(%x: tensor<128x17xf32>) -> tensor<64x17xf32> {
  %w = arith.constant dense<0.5> : tensor<64x128xf32>
  // expected-remark @below {{columns 16 + 1: as asked for}}
  %y = spnn.matmul %w, %x : (tensor<64x128xf32>, tensor<128x17xf32>) -> tensor<64x17xf32>
  return %y : tensor<64x17xf32>
}

// -----

// A chain is cut as a whole, what stands between its products too; several slices of one size are a loop. The attribute
// of one product speaks for all of them, and wins over the option.
// CHECK-LABEL: func @chain
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %{{.*}} step %{{.*}} iter_args(%[[OUT:.*]] = %{{.*}}) -> (tensor<48x8xf32>)
// CHECK: %[[AT:.*]] = arith.muli %[[I]], %{{.*}}
// CHECK: %[[X:.*]] = tensor.extract_slice %{{.*}}[%[[AT]], 0] [12, 8] [1, 1] : tensor<48x8xf32> to tensor<12x8xf32>
// CHECK: %[[H:.*]] = spnn.matmul %{{.*}}, %[[X]] bias(%{{.*}} : tensor<8xf32>) activation(relu) {{.*}} -> tensor<8x12xf32>
// CHECK: %[[S:.*]] = arith.addf %[[H]], %{{.*}} : tensor<8x12xf32>
// CHECK: %[[Y:.*]] = spnn.matmul %{{.*}}, %[[S]] {{.*}} -> tensor<8x12xf32>
// CHECK: %[[T:.*]] = linalg.transpose ins(%[[Y]] : tensor<8x12xf32>) outs(%{{.*}} : tensor<12x8xf32>)
// CHECK: tensor.insert_slice %[[T]] into %[[OUT]][%[[AT]], 0] [12, 8] [1, 1]
// OFF-LABEL: func @chain
// OFF: scf.for
// TWICE-LABEL: func @chain
func.func @chain(%x: tensor<48x8xf32>) -> tensor<48x8xf32> {
  %w = arith.constant dense<0.5> : tensor<8x8xf32>
  %b = arith.constant dense<1.0> : tensor<8xf32>
  %c = arith.constant dense<2.0> : tensor<8x48xf32>
  %h = spnn.matmul %w, %x bias(%b : tensor<8xf32>) activation(relu) {transpose_rhs}
      : (tensor<8x8xf32>, tensor<48x8xf32>) -> tensor<8x48xf32>
  %s = arith.addf %h, %c : tensor<8x48xf32>
  // expected-remark @below {{columns 4 x 12: as asked for}}
  %y = spnn.matmul %w, %s {spnn.columns = {slices = array<i64: 12, 12, 12, 12>}}
      : (tensor<8x8xf32>, tensor<8x48xf32>) -> tensor<8x48xf32>
  %e = tensor.empty() : tensor<48x8xf32>
  %t = linalg.transpose ins(%y : tensor<8x48xf32>) outs(%e : tensor<48x8xf32>) permutation = [1, 0]
  return %t : tensor<48x8xf32>
}

// -----

// A product can ask for one slice.
// CHECK-LABEL: func @whole
// CHECK-NOT: tensor.extract_slice
func.func @whole(%x: tensor<8x17xf32>) -> tensor<8x17xf32> {
  %w = arith.constant dense<0.5> : tensor<8x8xf32>
  %y = spnn.matmul %w, %x {spnn.columns = {slices = array<i64: 17>}} : (tensor<8x8xf32>, tensor<8x17xf32>) -> tensor<8x17xf32>
  return %y : tensor<8x17xf32>
}

// -----

// CHECK-LABEL: func @dynamic
// CHECK-NOT: tensor.extract_slice
func.func @dynamic(%x: tensor<8x?xf32>) -> tensor<8x?xf32> {
  %w = arith.constant dense<0.5> : tensor<8x8xf32>
  // expected-remark @below {{columns not split: their number is dynamic}}
  %y = spnn.matmul %w, %x : (tensor<8x8xf32>, tensor<8x?xf32>) -> tensor<8x?xf32>
  return %y : tensor<8x?xf32>
}

// -----

// Between the first product and the second one columns meet, and a residual goes around that.
// CHECK-LABEL: func @mixed
// CHECK-NOT: tensor.extract_slice
func.func @mixed(%x: tensor<8x17xf32>, %m: tensor<17x17xf32>) -> tensor<8x17xf32> {
  %w = arith.constant dense<0.5> : tensor<8x8xf32>
  %zero = arith.constant 0.0 : f32
  // expected-remark @below {{columns not split: between its products columns meet each other}}
  %h = spnn.matmul %w, %x : (tensor<8x8xf32>, tensor<8x17xf32>) -> tensor<8x17xf32>
  %e = tensor.empty() : tensor<8x17xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x17xf32>) -> tensor<8x17xf32>
  %g = linalg.matmul ins(%h, %m : tensor<8x17xf32>, tensor<17x17xf32>) outs(%f : tensor<8x17xf32>) -> tensor<8x17xf32>
  %s = arith.addf %h, %g : tensor<8x17xf32>
  // expected-remark @below {{columns not split: between its products columns meet each other}}
  %y = spnn.matmul %w, %s : (tensor<8x8xf32>, tensor<8x17xf32>) -> tensor<8x17xf32>
  return %y : tensor<8x17xf32>
}

// -----

// A square matrix is used with its columns as rows.
// CHECK-LABEL: func @square
// CHECK-NOT: tensor.extract_slice
func.func @square(%x: tensor<17x17xf32>) -> tensor<17x17xf32> {
  %w = arith.constant dense<0.5> : tensor<17x17xf32>
  // expected-remark @below {{columns not split: an op takes the columns of a matrix for its rows}}
  %y = spnn.matmul %w, %x : (tensor<17x17xf32>, tensor<17x17xf32>) -> tensor<17x17xf32>
  %e = tensor.empty() : tensor<17x17xf32>
  %t = linalg.transpose ins(%y : tensor<17x17xf32>) outs(%e : tensor<17x17xf32>) permutation = [1, 0]
  %s = arith.addf %y, %t : tensor<17x17xf32>
  return %s : tensor<17x17xf32>
}

// -----

// A user of a result that stands between the ops of a region moves behind the loops.
// CHECK-LABEL: func @order
// CHECK-COUNT-4: spnn.matmul
// CHECK: linalg.reduce
// CHECK: return
func.func @order(%x: tensor<8x17xf32>) -> (tensor<8xf32>, tensor<8x17xf32>) {
  %w = arith.constant dense<0.5> : tensor<8x8xf32>
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  // expected-remark @below {{columns 16 + 1: as asked for}}
  %h = spnn.matmul %w, %x : (tensor<8x8xf32>, tensor<8x17xf32>) -> tensor<8x17xf32>
  %sum = linalg.reduce {arith.addf} ins(%h : tensor<8x17xf32>) outs(%zero : tensor<8xf32>) dimensions = [1]
  %y = spnn.matmul %w, %h : (tensor<8x8xf32>, tensor<8x17xf32>) -> tensor<8x17xf32>
  return %sum, %y : tensor<8xf32>, tensor<8x17xf32>
}
