// What the cost model cuts. Zeros cost kernels next to nothing, so packing decides.
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-split-columns)' %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-split-columns{kernel=csr})' %s --split-input-file | FileCheck %s --check-prefix=CSR

// One column by itself is faster than one column of a vector; with one kernel for all it is not.
// CHECK-LABEL: func @few
// CHECK-COUNT-2: spnn.matmul
// CHECK: return
// CSR-LABEL: func @few
// CSR-COUNT-1: spnn.matmul
// CSR-NOT: spnn.matmul
module attributes {spnn.target = #spnn.target<"generic-avx512", cpu = "x86-64-v4", vector_bytes = 64, threads = 1>} {
  func.func @few(%x: tensor<256x17xf32>) -> tensor<256x17xf32> {
    %w = arith.constant dense<0.0> : tensor<256x256xf32>
    // expected-remark-re @below {{columns 16 {{.}} 1: {{.*}} us, {{.*}} us as a whole}}
    %y = spnn.matmul %w, %x : (tensor<256x256xf32>, tensor<256x17xf32>) -> tensor<256x17xf32>
    return %y : tensor<256x17xf32>
  }
}

// -----

// What fits one vector, and what fills all of them in L2, stays whole, without a word.
// CHECK-LABEL: func @full
// CSR-LABEL: func @full
// CHECK-NOT: tensor.extract_slice
module attributes {spnn.target = #spnn.target<"generic-avx512", cpu = "x86-64-v4", vector_bytes = 64, threads = 1>} {
  func.func @full(%x: tensor<64x15xf32>, %z: tensor<64x128xf32>) -> (tensor<64x15xf32>, tensor<64x128xf32>) {
    %w = arith.constant dense<0.0> : tensor<64x64xf32>
    %y = spnn.matmul %w, %x : (tensor<64x64xf32>, tensor<64x15xf32>) -> tensor<64x15xf32>
    %v = spnn.matmul %w, %z : (tensor<64x64xf32>, tensor<64x128xf32>) -> tensor<64x128xf32>
    return %y, %v : tensor<64x15xf32>, tensor<64x128xf32>
  }
}

// -----

// Where panels leave L2, blocks of columns keep them there.
// CHECK-LABEL: func @many
// CHECK: scf.for
// CHECK: spnn.matmul
module attributes {spnn.target = #spnn.target<"generic-avx512", cpu = "x86-64-v4", vector_bytes = 64, threads = 1>} {
  func.func @many(%x: tensor<256x2048xf32>) -> tensor<256x2048xf32> {
    %w = arith.constant dense<0.0> : tensor<256x256xf32>
    // expected-remark-re @below {{columns {{.*}} us as a whole}}
    %y = spnn.matmul %w, %x : (tensor<256x256xf32>, tensor<256x2048xf32>) -> tensor<256x2048xf32>
    return %y : tensor<256x2048xf32>
  }
}
