// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-select-formats)' %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-select-formats{format=csr})' %s --split-input-file | FileCheck %s --check-prefix=CSR
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-select-formats{format=dense})' %s --split-input-file | FileCheck %s --check-prefix=DENSE
// RUN: echo 'module attributes {spnn.target = #spnn.target<"/nonexistent/target.json", cpu = "x86-64", vector_bytes = 16, threads = 1>} {}' \
// RUN:   | not %spnn_opt --pass-pipeline='builtin.module(spnn-select-formats)' 2>&1 | FileCheck %s --check-prefix=FILE

// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-select-formats{kernel=hardcoded})' %s --split-input-file | FileCheck %s --check-prefix=KERNEL
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-select-formats{kernel=pattern-tile})' %s --split-input-file | FileCheck %s --check-prefix=TILE

// A target description that is gone.
// FILE: error: /nonexistent/target.json

// The example of the documentation: weights of zeros only become sparse, and the decision says why.
// CHECK-LABEL: func @sparse
// CHECK: %[[S:.*]] = spnn.convert %{{.*}} : tensor<64x128xf32> to tensor<64x128xf32, #{{.*}}>
// CHECK: spnn.matmul %[[S]], %{{.*}} {spnn.decision = {candidates = [{format = "dense", predicted_us = {{.*}}}, {format = "csr", kernel = "csr", predicted_us = {{.*}}}, {{.*}}], density = 0.000000e+00 : f64, format = "{{.*}}", kernel = "{{.*}}", layout_us = {{.*}}, parameters = {{{.*}}}, predicted_us = {{.*}} : f64, reason = "100.0 % zeros: {{.*}} us, dense {{.*}} us", weights_in = "L2"}}
// CSR-LABEL: func @sparse
// CSR: spnn.convert
// CSR: format = "csr", kernel = "csr", {{.*}}reason = "forced by format=csr"
// DENSE-LABEL: func @sparse
// DENSE-NOT: spnn.convert
// DENSE: format = "dense", kernel = "onednn", {{.*}}reason = "forced by format=dense"
func.func @sparse(%x: tensor<128x?xf32>) -> tensor<64x?xf32> {
  %w = arith.constant dense<0.0> : tensor<64x128xf32>
  // expected-remark-re @below {{format {{.*}}: 100.0 % zeros: {{.*}} us, dense {{.*}} us}}
  %y = spnn.matmul %w, %x : (tensor<64x128xf32>, tensor<128x?xf32>) -> tensor<64x?xf32>
  return %y : tensor<64x?xf32>
}

// -----

// A kernel can be forced; where the target lacks it, dense is what remains, and the reason says so.
// CHECK-LABEL: func @kernel
// KERNEL-LABEL: func @kernel
// KERNEL: format = "csr", kernel = "hardcoded", layout_us = {{.*}}, parameters = {{{.*}}}, {{.*}}reason = "forced by kernel=hardcoded"
module attributes {spnn.target = #spnn.target<"generic-avx512", cpu = "x86-64-v4", vector_bytes = 64, threads = 1>} {
  func.func @kernel(%x: tensor<128x64xf32>) -> tensor<64x64xf32> {
    %w = arith.constant dense<0.0> : tensor<64x128xf32>
    // expected-remark @below {{100.0 % zeros}}
    %y = spnn.matmul %w, %x : (tensor<64x128xf32>, tensor<128x64xf32>) -> tensor<64x64xf32>
    return %y : tensor<64x64xf32>
  }
}

// -----

// CHECK-LABEL: func @narrow
// CHECK: {excluded = "its code is AVX-512 on f32", format = "csr", kernel = "hardcoded"}
// KERNEL-LABEL: func @narrow
// KERNEL: format = "dense", {{.*}}reason = "hardcoded is not possible here: its code is AVX-512 on f32"
// TILE-LABEL: func @narrow
// TILE: format = "csr", kernel = "pattern-tile", layout_us = {{.*}}, parameters = {chunks = 1 : i64, k_block = 128 : i64, shared_rows = 4 : i64, tile_rows = 4 : i64}
module attributes {spnn.target = #spnn.target<"generic-avx2", cpu = "x86-64-v3", vector_bytes = 32, threads = 1>} {
  func.func @narrow(%x: tensor<128x64xf32>) -> tensor<64x64xf32> {
    %w = arith.constant dense<0.0> : tensor<64x128xf32>
    // expected-remark @below {{100.0 % zeros}}
    %y = spnn.matmul %w, %x : (tensor<64x128xf32>, tensor<128x64xf32>) -> tensor<64x64xf32>
    return %y : tensor<64x64xf32>
  }
}

// -----

// Dense weights times few columns stay dense; without the option no format is forced on them.
// CHECK-LABEL: func @dense
// CHECK-NOT: spnn.convert
// CHECK: format = "dense", kernel = "onednn", {{.*}} reason = "0.0 % zeros do not pay: dense {{.*}} us, best sparse format {{.*}} by kernel {{.*}} us"
// CSR-LABEL: func @dense
// CSR: spnn.convert
module attributes {spnn.target = #spnn.target<"generic-avx512", cpu = "x86-64-v4", vector_bytes = 64, threads = 1>} {
  func.func @dense(%x: tensor<128x7xf32>) -> tensor<64x7xf32> {
    %w = arith.constant dense<1.0> : tensor<64x128xf32>
    // expected-remark-re @below {{kept dense: 0.0 % zeros do not pay: dense {{.*}} us, best sparse format {{.*}} by kernel {{.*}} us}}
    %y = spnn.matmul %w, %x : (tensor<64x128xf32>, tensor<128x7xf32>) -> tensor<64x7xf32>
    return %y : tensor<64x7xf32>
  }
}

// -----

// Weights with an encoding keep it, whatever is forced.
// CHECK-LABEL: func @encoded
// CHECK: spnn.matmul %{{.*}}, %{{.*}} : (tensor<4x4xf32, #spnn.bitmap>, tensor<4x1xf32>)
// CSR-LABEL: func @encoded
// CSR: spnn.matmul %{{.*}}, %{{.*}} : (tensor<4x4xf32, #spnn.bitmap>, tensor<4x1xf32>)
func.func @encoded(%x: tensor<4x1xf32>) -> tensor<4x1xf32> {
  %w = arith.constant dense<1.0> : tensor<4x4xf32>
  %s = spnn.convert %w : tensor<4x4xf32> to tensor<4x4xf32, #spnn.bitmap>
  // expected-remark @below {{keeps the encoding of its weights, #spnn.bitmap}}
  %y = spnn.matmul %s, %x : (tensor<4x4xf32, #spnn.bitmap>, tensor<4x1xf32>) -> tensor<4x1xf32>
  return %y : tensor<4x1xf32>
}

// -----

// CSC is considered where somebody says how sparse the activations are, and not elsewhere.
// CHECK-LABEL: func @sparse_activations
// CHECK: format = "csc", kernel = "csc-matvec"
// CHECK-LABEL: func @unknown_activations
// CHECK-NOT: csc
// CHECK: return
func.func @sparse_activations(%x: tensor<128x1xf32>) -> tensor<64x1xf32> {
  %w = arith.constant dense<0.0> : tensor<64x128xf32>
  // expected-remark @below {{100.0 % zeros}}
  %y = spnn.matmul %w, %x {spnn.activation_density = 0.1 : f64} : (tensor<64x128xf32>, tensor<128x1xf32>) -> tensor<64x1xf32>
  return %y : tensor<64x1xf32>
}
func.func @unknown_activations(%x: tensor<128x1xf32>) -> tensor<64x1xf32> {
  %w = arith.constant dense<0.0> : tensor<64x128xf32>
  // expected-remark @below {{100.0 % zeros}}
  %y = spnn.matmul %w, %x : (tensor<64x128xf32>, tensor<128x1xf32>) -> tensor<64x1xf32>
  return %y : tensor<64x1xf32>
}

// -----

// A kernel that somebody chose for encoded weights stays chosen.
// CHECK-LABEL: func @decided
// CHECK: spnn.matmul %{{.*}}, %{{.*}} {spnn.decision = {kernel = "csr-matvec"}}
#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @decided(%x: tensor<4x1xf32>) -> tensor<4x1xf32> {
  %w = arith.constant dense<1.0> : tensor<4x4xf32>
  %s = spnn.convert %w : tensor<4x4xf32> to tensor<4x4xf32, #CSR>
  // expected-remark-re @below {{keeps the encoding of its weights, {{.*}}}}
  %y = spnn.matmul %s, %x {spnn.decision = {kernel = "csr-matvec"}} : (tensor<4x4xf32, #CSR>, tensor<4x1xf32>) -> tensor<4x1xf32>
  return %y : tensor<4x1xf32>
}

// -----

// Weights that are no constant, or that stand transposed, are not measured.
// CHECK-LABEL: func @not_kernel_form
// CHECK-NOT: spnn.decision
func.func @not_kernel_form(%w: tensor<4x4xf32>, %x: tensor<4x2xf32>) -> (tensor<4x2xf32>, tensor<4x2xf32>) {
  // expected-remark @below {{kept dense: its lhs is not a constant in kernel form}}
  %0 = spnn.matmul %w, %x : (tensor<4x4xf32>, tensor<4x2xf32>) -> tensor<4x2xf32>
  %c = arith.constant dense<1.0> : tensor<4x4xf32>
  // expected-remark @below {{kept dense: its lhs is not a constant in kernel form}}
  %1 = spnn.matmul %c, %x {transpose_lhs} : (tensor<4x4xf32>, tensor<4x2xf32>) -> tensor<4x2xf32>
  return %0, %1 : tensor<4x2xf32>, tensor<4x2xf32>
}

// -----

// Kernels are in f32.
// CHECK-LABEL: func @f64
// CHECK-NOT: spnn.decision
func.func @f64(%x: tensor<4x2xf64>) -> tensor<4x2xf64> {
  %c = arith.constant dense<0.0> : tensor<4x4xf64>
  // expected-remark @below {{kept dense: CPU kernels compute in f32, the weights are 'f64'}}
  %0 = spnn.matmul %c, %x : (tensor<4x4xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
  return %0 : tensor<4x2xf64>
}

// -----

// NaN is a value that counts, and a warning. The bitmap kernel is ruled out for two columns, with its reason.
// CHECK-LABEL: func @nan
// CHECK: {excluded = "the kernel multiplies one column only", format = "bitmap", kernel = "bitmap-matvec"}
func.func @nan(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %c = arith.constant dense<[[0x7FC00000, 0.0], [0.0, 0.0]]> : tensor<2x2xf32>
  // expected-warning @below {{the weights hold 1 NaN values; they are stored as nonzeros}}
  // expected-remark @below {{75.0 % zeros}}
  %0 = spnn.matmul %c, %x : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// -----

// 10 rows rule out the blocks of 4, 8 and 16.
// CHECK-LABEL: func @no_blocks
// CHECK: {excluded = "rows must be a multiple of 4, got 10", format = "bsr4x1"}
// CHECK-SAME: {excluded = "rows must be a multiple of 8, got 10", format = "bsr8x1"}
func.func @no_blocks(%x: tensor<2x2xf32>) -> tensor<10x2xf32> {
  %c = arith.constant dense<1.0> : tensor<10x2xf32>
  // expected-remark @below {{0.0 % zeros}}
  %0 = spnn.matmul %c, %x : (tensor<10x2xf32>, tensor<2x2xf32>) -> tensor<10x2xf32>
  return %0 : tensor<10x2xf32>
}

// -----

// Between products of one kernel nothing is packed or unpacked: only the first and the last pay for their layout.
// CHECK-LABEL: func @chain
// CSR-LABEL: func @chain
// CSR: spnn.decision = {{{.*}}kernel = "csr", layout_us = {{[1-9][0-9.]*e[-+0-9]+|0\.[0-9]+}} : f64
// CSR: spnn.decision = {{{.*}}kernel = "csr", layout_us = 0.000000e+00 : f64
// CSR: spnn.decision = {{{.*}}kernel = "csr", layout_us = {{[1-9][0-9.]*e[-+0-9]+|0\.[0-9]+}} : f64
func.func @chain(%x: tensor<64x128xf32>) -> tensor<64x128xf32> {
  %w = arith.constant dense<0.0> : tensor<64x64xf32>
  // expected-remark @below {{100.0 % zeros}}
  %0 = spnn.matmul %w, %x : (tensor<64x64xf32>, tensor<64x128xf32>) -> tensor<64x128xf32>
  // expected-remark @below {{100.0 % zeros}}
  %1 = spnn.matmul %w, %0 : (tensor<64x64xf32>, tensor<64x128xf32>) -> tensor<64x128xf32>
  // expected-remark @below {{100.0 % zeros}}
  %2 = spnn.matmul %w, %1 : (tensor<64x64xf32>, tensor<64x128xf32>) -> tensor<64x128xf32>
  return %2 : tensor<64x128xf32>
}

// -----

// What stands between products without mixing columns does not change that: a residual around the second product, an
// activation with the batch first.
// CHECK-LABEL: func @packed_between
// CSR-LABEL: func @packed_between
// CSR: spnn.decision = {{{.*}}kernel = "csr", layout_us = {{[1-9][0-9.]*e[-+0-9]+|0\.[0-9]+}} : f64
// CSR: spnn.decision = {{{.*}}kernel = "csr", layout_us = 0.000000e+00 : f64
// CSR: spnn.decision = {{{.*}}kernel = "csr", layout_us = {{[1-9][0-9.]*e[-+0-9]+|0\.[0-9]+}} : f64
func.func @packed_between(%x: tensor<64x128xf32>) -> tensor<64x128xf32> {
  %w = arith.constant dense<0.0> : tensor<64x64xf32>
  %e = tensor.empty() : tensor<128x64xf32>
  // expected-remark @below {{100.0 % zeros}}
  %0 = spnn.matmul %w, %x : (tensor<64x64xf32>, tensor<64x128xf32>) -> tensor<64x128xf32>
  // expected-remark @below {{100.0 % zeros}}
  %1 = spnn.matmul %w, %0 : (tensor<64x64xf32>, tensor<64x128xf32>) -> tensor<64x128xf32>
  %2 = arith.addf %0, %1 : tensor<64x128xf32>
  %3 = linalg.transpose ins(%2 : tensor<64x128xf32>) outs(%e : tensor<128x64xf32>) permutation = [1, 0]
  %4 = math.exp %3 : tensor<128x64xf32>
  // expected-remark @below {{100.0 % zeros}}
  %5 = spnn.matmul %w, %4 {transpose_rhs} : (tensor<64x64xf32>, tensor<128x64xf32>) -> tensor<64x128xf32>
  return %5 : tensor<64x128xf32>
}

// -----

// A product with the transposed result takes columns for rows: its operand is unpacked and packed again.
// CHECK-LABEL: func @turned
// CSR-LABEL: func @turned
// CSR: spnn.decision = {{{.*}}kernel = "csr", layout_us = {{[1-9][0-9.]*e[-+0-9]+|0\.[0-9]+}} : f64
// CSR: spnn.decision = {{{.*}}kernel = "csr", layout_us = {{[1-9][0-9.]*e[-+0-9]+|0\.[0-9]+}} : f64
func.func @turned(%x: tensor<64x64xf32>) -> tensor<64x64xf32> {
  %w = arith.constant dense<0.0> : tensor<64x64xf32>
  // expected-remark @below {{100.0 % zeros}}
  %0 = spnn.matmul %w, %x : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  // expected-remark @below {{100.0 % zeros}}
  %1 = spnn.matmul %w, %0 {transpose_rhs} : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
  return %1 : tensor<64x64xf32>
}
