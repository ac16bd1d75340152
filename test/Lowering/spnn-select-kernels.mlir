// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-select-kernels)' %s --split-input-file --verify-diagnostics | FileCheck %s

// The example of the documentation: CSR weights become storage, the activations are packed and unpacked.
#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
module attributes {spnn.target = #spnn.target<"generic-avx512", cpu = "x86-64-v4", vector_bytes = 64, threads = 1>} {
  // CHECK-LABEL: func @csr
  // CHECK-SAME: %[[X:.*]]: tensor<4x?xf32>
  func.func @csr(%x: tensor<4x?xf32>) -> tensor<2x?xf32> {
    // 1 0 0 2
    // 0 0 3 0: entries are sorted by length, so row 1 comes first.
    // CHECK-DAG: %[[STARTS:.*]] = arith.constant dense<[0, 2]> : tensor<2xi32>
    // CHECK-DAG: %[[ROWS:.*]] = arith.constant dense<[1, 0]> : tensor<2xi32>
    // CHECK-DAG: %[[POSITIONS:.*]] = arith.constant dense<[0, 1, 3]> : tensor<3xi32>
    // CHECK-DAG: %[[INDICES:.*]] = arith.constant dense<[2, 0, 3]> : tensor<3xi16>
    // CHECK-DAG: %[[VALUES:.*]] = arith.constant dense<[3.000000e+00, 1.000000e+00, 2.000000e+00]> : tensor<3xf32>
    // CHECK-DAG: %[[N:.*]] = tensor.dim %[[X]], %{{.*}} : tensor<4x?xf32>
    // CHECK: %[[P:.*]] = spnn.pack_panels ins(%[[X]] : tensor<4x?xf32>) outs(%{{.*}} : tensor<?xf32>) panels(<width = 64, vector = 16>)
    // CHECK: %[[Q:.*]] = spnn.kernel_matmul "csr" weights(2 x 4 as #{{.*}}) storage(%[[STARTS]], %[[ROWS]], %[[POSITIONS]], %[[INDICES]], %[[VALUES]] : {{.*}}) ins(%[[P]], %[[N]] : tensor<?xf32>) outs(%{{.*}} : tensor<?xf32>) panels(<width = 64, vector = 16>) parameters({chunks = 1 : i64, k_block = 4 : i64}) -> tensor<?xf32>
    // The transposition that follows the kernel folds into the unpacking.
    // CHECK: spnn.unpack_panels ins(%[[Q]] : tensor<?xf32>) outs(%{{.*}} : tensor<2x?xf32>) panels(<width = 64, vector = 16>) -> tensor<2x?xf32>
    // CHECK-NOT: linalg.transpose
    // CHECK: return
    %w = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 3, 2]> : tensor<3xi32>,
                        values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #CSR>
    // expected-remark @below {{kernel csr on 2x4 csr weights, 3 stored values, parameters {chunks = 1 : i64, k_block = 4 : i64}}}
    %y = spnn.matmul %w, %x : (tensor<2x4xf32, #CSR>, tensor<4x?xf32>) -> tensor<2x?xf32>
    return %y : tensor<2x?xf32>
  }
}

// -----

// Between two kernels the activations stay packed; one pack and one unpack remain.
#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
// CHECK-LABEL: func @chain
func.func @chain(%x: tensor<4x?xf32>) -> tensor<4x?xf32> {
  // CHECK-COUNT-1: spnn.pack_panels
  // CHECK: %[[A:.*]] = spnn.kernel_matmul {{.*}} activation(relu)
  // CHECK-NOT: pack_panels
  // CHECK: spnn.kernel_matmul "csr" {{.*}} ins(%[[A]],
  // CHECK-COUNT-1: spnn.unpack_panels
  %c = arith.constant dense<1.0> : tensor<4x4xf32>
  %w = spnn.convert %c : tensor<4x4xf32> to tensor<4x4xf32, #CSR>
  // expected-remark @below {{kernel csr}}
  %y = spnn.matmul %w, %x activation(relu) : (tensor<4x4xf32, #CSR>, tensor<4x?xf32>) -> tensor<4x?xf32>
  // expected-remark @below {{kernel csr}}
  %z = spnn.matmul %w, %y : (tensor<4x4xf32, #CSR>, tensor<4x?xf32>) -> tensor<4x?xf32>
  return %z : tensor<4x?xf32>
}

// -----

// Blocks, N:M and the bitmap find their kernels; a single column needs no packing.
#BSR = #sparse_tensor.encoding<{map = (i, j) -> (i floordiv 4 : dense, j : compressed, i mod 4 : dense), posWidth = 32, crdWidth = 32}>
#NM = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j floordiv 4 : dense, j mod 4 : structured[4, 4]), crdWidth = 8}>
// CHECK-LABEL: func @kernels
func.func @kernels(%x: tensor<4x8xf32>, %v: tensor<4x1xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x1xf32>) {
  %c = arith.constant dense<1.0> : tensor<4x4xf32>
  %b = spnn.convert %c : tensor<4x4xf32> to tensor<4x4xf32, #BSR>
  // CHECK: spnn.kernel_matmul "block" {{.*}} parameters({block_cols = 1 : i64, block_rows = 4 : i64, chunks = 1 : i64, vectors = 2 : i64})
  // expected-remark @below {{kernel block on 4x4 bsr4x1 weights, 16 stored values}}
  %0 = spnn.matmul %b, %x : (tensor<4x4xf32, #BSR>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %n = spnn.convert %c : tensor<4x4xf32> to tensor<4x4xf32, #NM>
  // CHECK: spnn.kernel_matmul "nm" {{.*}} parameters({chunks = 1 : i64, groups_block = 1 : i64, m = 4 : i64, n = 4 : i64, rows_tile = 2 : i64})
  // expected-remark @below {{kernel nm on 4x4 nm4:4 weights, 16 stored values}}
  %1 = spnn.matmul %n, %x : (tensor<4x4xf32, #NM>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %m = spnn.convert %c : tensor<4x4xf32> to tensor<4x4xf32, #spnn.bitmap>
  // CHECK: %[[V:.*]] = tensor.collapse_shape %{{.*}} {{.*}} : tensor<4x1xf32> into tensor<4xf32>
  // CHECK: spnn.kernel_matmul "bitmap-matvec" {{.*}} ins(%[[V]],
  // expected-remark @below {{kernel bitmap-matvec on 4x4 bitmap weights, 16 stored values}}
  %2 = spnn.matmul %m, %v : (tensor<4x4xf32, #spnn.bitmap>, tensor<4x1xf32>) -> tensor<4x1xf32>
  return %0, %1, %2 : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x1xf32>
}

// -----

// Dense weights, linalg.matmul and linalg.batch_matmul go to oneDNN; batches go one by one.
// CHECK-LABEL: func @dense
func.func @dense(%x: tensor<4x8xf32>, %p: tensor<3x2x4xf32>, %q: tensor<3x4x5xf32>)
    -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<3x2x5xf32>) {
  %c = arith.constant dense<1.0> : tensor<4x4xf32>
  // CHECK: spnn.kernel_gemm ins(%{{.*}}, %{{.*}} : tensor<4x8xf32>, tensor<4x4xf32>) {{.*}} {transpose_lhs, transpose_rhs} -> tensor<8x4xf32>
  // expected-remark @below {{dense product through oneDNN}}
  %0 = spnn.matmul %c, %x : (tensor<4x4xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: spnn.kernel_gemm ins(%{{.*}}, %{{.*}} : tensor<4x4xf32>, tensor<4x8xf32>) outs(%{{.*}} : tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = linalg.matmul ins(%c, %x : tensor<4x4xf32>, tensor<4x8xf32>) outs(%f : tensor<4x8xf32>) -> tensor<4x8xf32>
  %eb = tensor.empty() : tensor<3x2x5xf32>
  %fb = linalg.fill ins(%z : f32) outs(%eb : tensor<3x2x5xf32>) -> tensor<3x2x5xf32>
  // CHECK: scf.for
  // CHECK: spnn.kernel_gemm ins(%{{.*}}, %{{.*}} : tensor<2x4xf32>, tensor<4x5xf32>) outs(%{{.*}} : tensor<2x5xf32>) -> tensor<2x5xf32>
  %2 = linalg.batch_matmul ins(%p, %q : tensor<3x2x4xf32>, tensor<3x4x5xf32>) outs(%fb : tensor<3x2x5xf32>) -> tensor<3x2x5xf32>
  return %0, %1, %2 : tensor<4x8xf32>, tensor<4x8xf32>, tensor<3x2x5xf32>
}

// -----

// Products that read an operand transposed, as gradients do, are oneDNN's too.
// CHECK-LABEL: func @transposed
func.func @transposed(%a: tensor<3x4xf32>, %b: tensor<4x5xf32>, %c: tensor<5x4xf32>, %d: tensor<3x5xf32>)
    -> (tensor<3x5xf32>, tensor<4x5xf32>) {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x5xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<3x5xf32>) -> tensor<3x5xf32>
  // CHECK: spnn.kernel_gemm ins(%{{.*}}, %{{.*}} : tensor<3x4xf32>, tensor<5x4xf32>) {{.*}} {transpose_rhs} -> tensor<3x5xf32>
  %0 = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%a, %c : tensor<3x4xf32>, tensor<5x4xf32>) outs(%f : tensor<3x5xf32>) -> tensor<3x5xf32>
  %g = tensor.empty() : tensor<4x5xf32>
  %h = linalg.fill ins(%z : f32) outs(%g : tensor<4x5xf32>) -> tensor<4x5xf32>
  // CHECK: spnn.kernel_gemm ins(%{{.*}}, %{{.*}} : tensor<3x4xf32>, tensor<3x5xf32>) {{.*}} {transpose_lhs} -> tensor<4x5xf32>
  %1 = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%a, %d : tensor<3x4xf32>, tensor<3x5xf32>) outs(%h : tensor<4x5xf32>) -> tensor<4x5xf32>
  return %0, %1 : tensor<3x5xf32>, tensor<4x5xf32>
}

// -----

// A product that accumulates, one that broadcasts an operand and one in f64 stay loop nests.
#V = affine_map<(m, n, k) -> (k)>
// CHECK-LABEL: func @stays
func.func @stays(%a: tensor<4x4xf32>, %v: tensor<4xf32>, %init: tensor<4x4xf32>, %d: tensor<4x4xf64>) -> (tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf64>) {
  // CHECK-NOT: kernel_gemm
  // CHECK-COUNT-3: linalg.matmul
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x4xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %0 = linalg.matmul ins(%a, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%init : tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, #V, affine_map<(m, n, k) -> (m, n)>]
      ins(%a, %v : tensor<4x4xf32>, tensor<4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
  %z64 = arith.constant 0.0 : f64
  %e64 = tensor.empty() : tensor<4x4xf64>
  %f64 = linalg.fill ins(%z64 : f64) outs(%e64 : tensor<4x4xf64>) -> tensor<4x4xf64>
  %2 = linalg.matmul ins(%d, %d : tensor<4x4xf64>, tensor<4x4xf64>) outs(%f64 : tensor<4x4xf64>) -> tensor<4x4xf64>
  return %0, %1, %2 : tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf64>
}

// -----

// An edited decision is followed: the chunks are the ones it asks for.
#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
// CHECK-LABEL: func @edited
func.func @edited(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %c = arith.constant dense<1.0> : tensor<4x4xf32>
  %w = spnn.convert %c : tensor<4x4xf32> to tensor<4x4xf32, #CSR>
  // CHECK: spnn.kernel_matmul "csr" {{.*}} parameters({chunks = 2 : i64, k_block = 2 : i64})
  // expected-remark @below {{parameters {chunks = 2 : i64, k_block = 2 : i64}}}
  %y = spnn.matmul %w, %x {spnn.decision = {kernel = "csr", parameters = {chunks = 2 : i64, k_block = 2 : i64}}}
      : (tensor<4x4xf32, #CSR>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @edited_kernel(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %c = arith.constant dense<1.0> : tensor<4x4xf32>
  %w = spnn.convert %c : tensor<4x4xf32> to tensor<4x4xf32, #CSR>
  // expected-error @below {{'spnn.matmul' op no kernel multiplies csr weights with this operand (block: the weights are not in BSR)}}
  %y = spnn.matmul %w, %x {spnn.decision = {kernel = "block"}}
      : (tensor<4x4xf32, #CSR>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

#NM = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j floordiv 4 : dense, j mod 4 : structured[2, 4]), crdWidth = 8}>
func.func @edited_parameters_zero(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %c = arith.constant dense<0.0> : tensor<4x4xf32>
  %w = spnn.convert %c : tensor<4x4xf32> to tensor<4x4xf32, #NM>
  // expected-error @below {{'spnn.matmul' op parameter 'rows_tile' of kernel 'nm' must be in [1, 16], got 0}}
  %y = spnn.matmul %w, %x {spnn.decision = {kernel = "nm", parameters = {n = 2 : i64, m = 4 : i64, rows_tile = 0 : i64, groups_block = 1 : i64, chunks = 1 : i64}}}
      : (tensor<4x4xf32, #NM>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

#NM = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j floordiv 4 : dense, j mod 4 : structured[2, 4]), crdWidth = 8}>
func.func @edited_parameters_format(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %c = arith.constant dense<0.0> : tensor<4x4xf32>
  %w = spnn.convert %c : tensor<4x4xf32> to tensor<4x4xf32, #NM>
  // expected-error @below {{'spnn.matmul' op parameter 'n' of kernel 'nm' follows from the format and must be 2, got 1}}
  %y = spnn.matmul %w, %x {spnn.decision = {kernel = "nm", parameters = {n = 1 : i64, m = 4 : i64, rows_tile = 4 : i64, groups_block = 1 : i64, chunks = 1 : i64}}}
      : (tensor<4x4xf32, #NM>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @edited_parameters_missing(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %c = arith.constant dense<0.0> : tensor<4x4xf32>
  %w = spnn.convert %c : tensor<4x4xf32> to tensor<4x4xf32, #CSR>
  // expected-error @below {{'spnn.matmul' op parameter 'chunks' of kernel 'csr' is missing}}
  %y = spnn.matmul %w, %x {spnn.decision = {kernel = "csr", parameters = {k_block = 4 : i64}}}
      : (tensor<4x4xf32, #CSR>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// Three values in a group of 2:4.
#NM = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j floordiv 4 : dense, j mod 4 : structured[2, 4]), crdWidth = 8}>
func.func @does_not_fit(%x: tensor<4x8xf32>) -> tensor<1x8xf32> {
  %c = arith.constant dense<[[1.0, 2.0, 0.0, 3.0]]> : tensor<1x4xf32>
  %w = spnn.convert %c : tensor<1x4xf32> to tensor<1x4xf32, #NM>
  // expected-error-re @below {{'spnn.matmul' op weights do not fit format nm2:4: row 0, columns {{.*}}3 nonzeros}}
  %y = spnn.matmul %w, %x : (tensor<1x4xf32, #NM>, tensor<4x8xf32>) -> tensor<1x8xf32>
  return %y : tensor<1x8xf32>
}

// -----

func.func @not_constant(%w: tensor<4x4xf32, #spnn.bitmap>, %x: tensor<4x1xf32>) -> tensor<4x1xf32> {
  // expected-error @below {{'spnn.matmul' op sparse weights must be constant: kernels are packed at compile time}}
  %y = spnn.matmul %w, %x : (tensor<4x4xf32, #spnn.bitmap>, tensor<4x1xf32>) -> tensor<4x1xf32>
  return %y : tensor<4x1xf32>
}

// -----

func.func @transposed(%x: tensor<4x1xf32>) -> tensor<4x1xf32> {
  %c = arith.constant dense<1.0> : tensor<4x4xf32>
  %w = spnn.convert %c : tensor<4x4xf32> to tensor<4x4xf32, #spnn.bitmap>
  // expected-error @below {{'spnn.matmul' op a sparse lhs must not be transposed here (run spnn-decompose first)}}
  %y = spnn.matmul %w, %x {transpose_lhs} : (tensor<4x4xf32, #spnn.bitmap>, tensor<4x1xf32>) -> tensor<4x1xf32>
  return %y : tensor<4x1xf32>
}

// -----

func.func @bias_axis(%x: tensor<4x1xf32>, %b: tensor<1xf32>) -> tensor<4x1xf32> {
  %c = arith.constant dense<1.0> : tensor<4x4xf32>
  %w = spnn.convert %c : tensor<4x4xf32> to tensor<4x4xf32, #spnn.bitmap>
  // expected-error @below {{'spnn.matmul' op the bias of a kernel runs along axis 0 (run spnn-decompose first)}}
  %y = spnn.matmul %w, %x bias(%b : tensor<1xf32>) {bias_axis = 1 : i64}
      : (tensor<4x4xf32, #spnn.bitmap>, tensor<4x1xf32>) -> tensor<4x1xf32>
  return %y : tensor<4x1xf32>
}

// -----

func.func @columns(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %c = arith.constant dense<1.0> : tensor<4x4xf32>
  %w = spnn.convert %c : tensor<4x4xf32> to tensor<4x4xf32, #spnn.bitmap>
  // expected-error-re @below {{'spnn.matmul' op no kernel multiplies bitmap weights with this operand {{.*}}bitmap-matvec: the kernel multiplies one column only}}
  %y = spnn.matmul %w, %x : (tensor<4x4xf32, #spnn.bitmap>, tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

func.func @element(%x: tensor<4x1xf64>) -> tensor<4x1xf64> {
  %c = arith.constant dense<1.0> : tensor<4x4xf64>
  %w = spnn.convert %c : tensor<4x4xf64> to tensor<4x4xf64, #spnn.bitmap>
  // expected-error @below {{'spnn.matmul' op CPU kernels compute in f32, got 'f64'}}
  %y = spnn.matmul %w, %x : (tensor<4x4xf64, #spnn.bitmap>, tensor<4x1xf64>) -> tensor<4x1xf64>
  return %y : tensor<4x1xf64>
}

// -----

func.func @dense_element(%w: tensor<4x4xf64>, %x: tensor<4x1xf64>) -> tensor<4x1xf64> {
  // expected-error @below {{'spnn.matmul' op oneDNN multiplies f32 here, got 'f64'}}
  %y = spnn.matmul %w, %x : (tensor<4x4xf64>, tensor<4x1xf64>) -> tensor<4x1xf64>
  return %y : tensor<4x1xf64>
}

// -----

// Products of i8 go to kernel "dot": a group of four columns, their last one repeated with zeros; scales of columns are a
// row in panels. The target has the instructions, so the parameter says so.
#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
module attributes {spnn.target = #spnn.target<"generic-avx512", cpu = "znver4", vector_bytes = 64, threads = 1, dot = [bf16, i8]>} {
  // CHECK-LABEL: func @dot
  // CHECK-SAME: %[[X:.*]]: tensor<4x?xi8>, %[[S:.*]]: tensor<2xf32>, %[[T:.*]]: tensor<?xf32>
  func.func @dot(%x: tensor<4x?xi8>, %s: tensor<2xf32>, %t: tensor<?xf32>) -> tensor<2x?xf32> {
    // CHECK-DAG: %[[VALUES:.*]] = arith.constant dense<[1, 2, 0, 0, -3, 0, 0, 0]> : tensor<8xi8>
    // CHECK-DAG: %[[INDICES:.*]] = arith.constant dense<[0, 3, 3, 3, 2, 2, 2, 2]> : tensor<8xi16>
    // CHECK-DAG: %[[CORRECTIONS:.*]] = arith.constant dense<[-384, 384]> : tensor<2xi32>
    // CHECK: %[[P:.*]] = spnn.pack_panels ins(%[[X]] : tensor<4x?xi8>) outs(%{{.*}} : tensor<?xi8>) panels(<width = 64, vector = 16>)
    // CHECK: %[[ROW:.*]] = tensor.expand_shape %[[T]] {{.*}} : tensor<?xf32> into tensor<1x?xf32>
    // CHECK: %[[C:.*]] = spnn.pack_panels ins(%[[ROW]] : tensor<1x?xf32>) outs(%{{.*}} : tensor<?xf32>) panels(<width = 64, vector = 16>)
    // CHECK: spnn.kernel_matmul "dot" weights(2 x 4 as #{{.*}}) storage(%{{.*}}, %{{.*}}, %[[INDICES]], %[[CORRECTIONS]], %[[VALUES]] : {{.*}}) ins(%[[P]], %{{.*}} : tensor<?xi8>) row_scales(%[[S]] : tensor<2xf32>) column_scales(%[[C]] : tensor<?xf32>) outs(%{{.*}} : tensor<?xf32>) panels(<width = 64, vector = 16>) parameters({block_rows = 1 : i64, chunks = 1 : i64, dot = 1 : i64})
    %c = arith.constant dense<[[1, 0, 0, 2], [0, 0, -3, 0]]> : tensor<2x4xi8>
    %w = spnn.convert %c : tensor<2x4xi8> to tensor<2x4xi8, #CSR>
    // expected-remark @below {{kernel dot on 2x4 csr weights, 8 stored values}}
    %y = spnn.matmul %w, %x lhs_scales(%s : tensor<2xf32>) rhs_scales(%t : tensor<?xf32>)
        : (tensor<2x4xi8, #CSR>, tensor<4x?xi8>) -> tensor<2x?xf32>
    return %y : tensor<2x?xf32>
  }
}

// -----

// A bitmap of narrow weights has words as wide as the vector that the target expands; behind the values so many more.
module attributes {spnn.target = #spnn.target<"generic-avx512", cpu = "znver4", vector_bytes = 64, threads = 1, expand = [i8, i16]>} {
  // CHECK-LABEL: func @bitmap_wide
  func.func @bitmap_wide(%x: tensor<4x1xf32>) -> (tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>) {
    // CHECK-DAG: %[[BITS:.*]] = arith.constant dense<[9, 4]> : tensor<2xi64>
    // CHECK-DAG: %[[BITS16:.*]] = arith.constant dense<[9, 4]> : tensor<2xi32>
    // CHECK: spnn.kernel_matmul "bitmap-matvec" {{.*}} storage(%{{.*}}, %[[BITS]], %{{.*}}, %{{.*}} : tensor<2xi32>, tensor<2xi64>, tensor<3xi32>, tensor<67xi8>) {{.*}} parameters({chunks = 1 : i64, expand_in_register = 1 : i64, word = 64 : i64})
    %c = arith.constant dense<[[1, 0, 0, 2], [0, 0, -3, 0]]> : tensor<2x4xi8>
    %w = spnn.convert %c : tensor<2x4xi8> to tensor<2x4xi8, #spnn.bitmap>
    // expected-remark @below {{kernel bitmap-matvec on 2x4 bitmap weights, 3 stored values}}
    %0 = spnn.matmul %w, %x : (tensor<2x4xi8, #spnn.bitmap>, tensor<4x1xf32>) -> tensor<2x1xf32>
    // CHECK: spnn.kernel_matmul "bitmap-matvec" {{.*}} storage(%{{.*}}, %[[BITS16]], %{{.*}}, %{{.*}} : tensor<2xi32>, tensor<2xi32>, tensor<3xi32>, tensor<35xbf16>) {{.*}} word = 32 : i64})
    %d = arith.constant dense<[[1.0, 0.0, 0.0, 2.0], [0.0, 0.0, -3.0, 0.0]]> : tensor<2x4xbf16>
    %v = spnn.convert %d : tensor<2x4xbf16> to tensor<2x4xbf16, #spnn.bitmap>
    // expected-remark @below {{kernel bitmap-matvec}}
    %1 = spnn.matmul %v, %x : (tensor<2x4xbf16, #spnn.bitmap>, tensor<4x1xf32>) -> tensor<2x1xf32>
    // CHECK: spnn.kernel_matmul "bitmap-matvec" {{.*}} word = 16 : i64})
    %e = arith.constant dense<[[1.0, 0.0, 0.0, 2.0], [0.0, 0.0, -3.0, 0.0]]> : tensor<2x4xf32>
    %u = spnn.convert %e : tensor<2x4xf32> to tensor<2x4xf32, #spnn.bitmap>
    // expected-remark @below {{kernel bitmap-matvec}}
    %2 = spnn.matmul %u, %x : (tensor<2x4xf32, #spnn.bitmap>, tensor<4x1xf32>) -> tensor<2x1xf32>
    return %0, %1, %2 : tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x1xf32>
  }
}

// -----

// Without the instructions the kernel is the same, its parameter is not; a pair of bf16 that lacks its second column takes
// the first twice, with half the weight.
#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
// CHECK-LABEL: func @emulated
func.func @emulated(%x: tensor<4x?xbf16>) -> tensor<2x?xf32> {
  // CHECK-DAG: arith.constant dense<[1.000000e+00, 2.000000e+00, -1.500000e+00, -1.500000e+00]> : tensor<4xbf16>
  // CHECK: spnn.kernel_matmul "dot" {{.*}} parameters({block_rows = 1 : i64, chunks = 1 : i64, dot = 0 : i64})
  %c = arith.constant dense<[[1.0, 0.0, 0.0, 2.0], [0.0, 0.0, -3.0, 0.0]]> : tensor<2x4xbf16>
  %w = spnn.convert %c : tensor<2x4xbf16> to tensor<2x4xbf16, #CSR>
  // expected-remark @below {{kernel dot}}
  %y = spnn.matmul %w, %x : (tensor<2x4xbf16, #CSR>, tensor<4x?xbf16>) -> tensor<2x?xf32>
  return %y : tensor<2x?xf32>
}

// -----

// Weights of a storage type stay in it.
#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
// CHECK-LABEL: func @stored
func.func @stored(%x: tensor<4x8xf32>, %s: tensor<2xf32>) -> tensor<2x8xf32> {
  // CHECK: spnn.kernel_matmul "csr" {{.*}}xi8>) ins(%{{.*}} : tensor<32xf32>) row_scales(%{{.*}} : tensor<2xf32>) outs
  %c = arith.constant dense<[[1, 0, 0, 2], [0, 0, -3, 0]]> : tensor<2x4xi8>
  %w = spnn.convert %c : tensor<2x4xi8> to tensor<2x4xi8, #CSR>
  // expected-remark @below {{kernel csr}}
  %y = spnn.matmul %w, %x lhs_scales(%s : tensor<2xf32>) : (tensor<2x4xi8, #CSR>, tensor<4x8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

// What stays dense is converted to f32, with its scales.
// CHECK-LABEL: func @dense
func.func @dense(%x: tensor<4x8xi8>, %s: tensor<2xf32>) -> tensor<2x8xf32> {
  // CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<4x8xf32>)
  // CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<2x4xi8>, tensor<2xf32>) outs(%{{.*}} : tensor<2x4xf32>)
  // CHECK: spnn.kernel_gemm
  %w = arith.constant dense<[[1, 0, 0, 2], [0, 0, -3, 0]]> : tensor<2x4xi8>
  // expected-remark @below {{dense product through oneDNN, its operands converted to f32}}
  %y = spnn.matmul %w, %x lhs_scales(%s : tensor<2xf32>) : (tensor<2x4xi8>, tensor<4x8xi8>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

// No kernel for weights of f32 beside activations of i8.
#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @refused(%x: tensor<4x8xi8>) -> tensor<2x8xf32> {
  %c = arith.constant dense<1.0> : tensor<2x4xf32>
  %w = spnn.convert %c : tensor<2x4xf32> to tensor<2x4xf32, #CSR>
  // expected-error @below {{no kernel multiplies csr weights with this operand (csr: the right-hand side is i8, and the kernel reads f32; csr-matvec: the right-hand side is i8, and the kernel reads f32; hardcoded: its code is for f32;}}
  %y = spnn.matmul %w, %x : (tensor<2x4xf32, #CSR>, tensor<4x8xi8>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}
