// RUN: %spnn_opt %s --pass-pipeline='builtin.module(spnn-densify)' --split-input-file --verify-diagnostics | FileCheck %s

// The example of the documentation.
#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>

// CHECK-LABEL: func @layer(
// CHECK-SAME:    %[[X:.*]]: tensor<3x?xf32>, %[[B:.*]]: tensor<2xf32>) -> tensor<2x?xf32>
// CHECK-DAG:     %[[W:.*]] = arith.constant dense<{{\[\[}}0.000000e+00, 0.000000e+00, 3.000000e+00], [4.000000e+00, 0.000000e+00, 0.000000e+00]]> : tensor<2x3xf32>
// CHECK-DAG:     %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG:     %[[N:.*]] = tensor.dim %[[X]]
// CHECK:         %[[E:.*]] = tensor.empty(%[[N]]) : tensor<2x?xf32>
// CHECK:         %[[ZEROS:.*]] = linalg.fill ins(%[[ZERO]] : f32) outs(%[[E]] : tensor<2x?xf32>)
// CHECK:         %[[P:.*]] = linalg.matmul ins(%[[W]], %[[X]] : tensor<2x3xf32>, tensor<3x?xf32>) outs(%[[ZEROS]] : tensor<2x?xf32>)
// CHECK:         %[[Y:.*]] = linalg.generic
// CHECK-SAME:      ins(%[[P]], %[[B]] : tensor<2x?xf32>, tensor<2xf32>)
// CHECK:           %[[SUM:.*]] = arith.addf
// CHECK:           arith.maximumf %[[SUM]],
// CHECK:         return %[[Y]]
func.func @layer(%x: tensor<3x?xf32>, %b: tensor<2xf32>) -> tensor<2x?xf32> {
  // expected-remark @below {{stored as 24 bytes of dense values}}
  %w = spnn.constant {positions = dense<[0, 1, 2]> : tensor<3xi32>, indices = dense<[2, 0]> : tensor<2xi32>,
                      values = dense<[3.0, 4.0]> : tensor<2xf32>} : tensor<2x3xf32, #CSR>
  %y = spnn.matmul %w, %x bias(%b : tensor<2xf32>) activation(relu)
      : (tensor<2x3xf32, #CSR>, tensor<3x?xf32>) -> tensor<2x?xf32>
  return %y : tensor<2x?xf32>
}

// -----

// Transpositions become indexing maps, a bias along the columns reads the other index.
// CHECK-DAG: #[[A:.*]] = affine_map<(d0, d1, d2) -> (d2, d0)>
// CHECK-DAG: #[[B:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK-DAG: #[[C:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-DAG: #[[BIAS:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-LABEL: func @transposed
// CHECK:         linalg.matmul indexing_maps = [#[[A]], #[[B]], #[[C]]]
// CHECK:         linalg.generic {indexing_maps = [#{{.*}}, #[[BIAS]], #{{.*}}]
func.func @transposed(%a: tensor<3x2xf32>, %b: tensor<4x3xf32>, %bias: tensor<4xf32>) -> tensor<2x4xf32> {
  %y = spnn.matmul %a, %b bias(%bias : tensor<4xf32>) {transpose_lhs, transpose_rhs, bias_axis = 1 : i64}
      : (tensor<3x2xf32>, tensor<4x3xf32>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// -----

// Every activation is written out in arith and math.
// CHECK-LABEL: func @activations
func.func @activations(%a: tensor<2x2xf64>) -> tensor<2x2xf64> {
  // CHECK: linalg.matmul
  // CHECK-NOT: linalg.generic
  // CHECK: linalg.matmul
  %0 = spnn.matmul %a, %a : (tensor<2x2xf64>, tensor<2x2xf64>) -> tensor<2x2xf64>
  // CHECK: math.erf
  %1 = spnn.matmul %0, %a activation(gelu_erf) : (tensor<2x2xf64>, tensor<2x2xf64>) -> tensor<2x2xf64>
  // CHECK: math.tanh
  %2 = spnn.matmul %1, %a activation(gelu_tanh) : (tensor<2x2xf64>, tensor<2x2xf64>) -> tensor<2x2xf64>
  // CHECK: math.exp
  // CHECK: arith.divf
  %3 = spnn.matmul %2, %a activation(sigmoid) : (tensor<2x2xf64>, tensor<2x2xf64>) -> tensor<2x2xf64>
  // CHECK: math.tanh
  %4 = spnn.matmul %3, %a activation(tanh) : (tensor<2x2xf64>, tensor<2x2xf64>) -> tensor<2x2xf64>
  // CHECK: math.exp
  // CHECK: arith.divf
  %5 = spnn.matmul %4, %a activation(silu) : (tensor<2x2xf64>, tensor<2x2xf64>) -> tensor<2x2xf64>
  return %5 : tensor<2x2xf64>
}

// -----

// Encodings go from signatures, calls and control flow too; a conversion between formats leaves nothing behind.
#CSC = #sparse_tensor.encoding<{map = (i, j) -> (j : dense, i : compressed)}>
// CHECK-LABEL: func private @choose(
// CHECK-SAME:    %{{.*}}: i1, %{{.*}}: tensor<4x16xf32>) -> tensor<4x16xf32>
// CHECK:         scf.if %{{.*}} -> (tensor<4x16xf32>)
// CHECK-NOT:     spnn
func.func private @choose(%c: i1, %w: tensor<4x16xf32, #spnn.bitmap>) -> tensor<4x16xf32, #CSC> {
  %0 = spnn.convert %w : tensor<4x16xf32, #spnn.bitmap> to tensor<4x16xf32, #CSC>
  %1 = scf.if %c -> tensor<4x16xf32, #CSC> {
    scf.yield %0 : tensor<4x16xf32, #CSC>
  } else {
    %k = arith.constant dense<1.0> : tensor<4x16xf32, #CSC>
    scf.yield %k : tensor<4x16xf32, #CSC>
  }
  return %1 : tensor<4x16xf32, #CSC>
}

// CHECK-LABEL: func @caller(
// CHECK:         call @choose(%{{.*}}, %{{.*}}) : (i1, tensor<4x16xf32>) -> tensor<4x16xf32>
func.func @caller(%c: i1, %w: tensor<4x16xf32, #spnn.bitmap>) -> tensor<4x16xf32, #CSC> {
  %0 = call @choose(%c, %w) : (i1, tensor<4x16xf32, #spnn.bitmap>) -> tensor<4x16xf32, #CSC>
  return %0 : tensor<4x16xf32, #CSC>
}

// -----

// Pruning of constants is evaluated, through what was pruned before.
// CHECK-LABEL: func @prune
// CHECK:         arith.constant dense<{{\[\[}}0.000000e+00, -4.000000e+00, 0.000000e+00, 3.000000e+00], [0.000000e+00, 0.000000e+00, -7.000000e+00, 0.000000e+00]]> : tensor<2x4xf32>
// CHECK-NOT:     spnn
func.func @prune() -> tensor<2x4xf32> {
  %w = arith.constant dense<[[1.0, -4.0, 2.0, 3.0], [0.5, 0.0, -7.0, 0.25]]> : tensor<2x4xf32>
  // expected-remark @below {{pruned at compile time}}
  %0 = spnn.prune %w method(magnitude) pattern(<2:4>) : tensor<2x4xf32>
  // expected-remark @below {{pruned at compile time}}
  %1 = spnn.prune %0 method(magnitude) pattern(<unstructured, 0.625>) : tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}

// -----

// n:m:g: each column keeps one of two rows, and each row two of the four columns, so of the three columns that are larger in
// the first row the one goes that loses least by it. The encoding of that name holds the result.
// CHECK-LABEL: func @prune_nmg
// CHECK:         arith.constant dense<{{\[\[}}5.000000e+00, 4.000000e+00, 0.000000e+00, 0.000000e+00], [0.000000e+00, 0.000000e+00, 2.000000e+00, 9.000000e+00]]>
func.func @prune_nmg() -> tensor<2x4xf32, #spnn.nmg<1, 2, 2>> {
  %w = arith.constant dense<[[5.0, 4.0, 3.0, 1.0], [1.0, 1.0, 2.0, 9.0]]> : tensor<2x4xf32>
  // expected-remark @below {{pruned at compile time}}
  %0 = spnn.prune %w method(magnitude) pattern(<1:2:2>) : tensor<2x4xf32>
  %1 = spnn.convert %0 : tensor<2x4xf32> to tensor<2x4xf32, #spnn.nmg<1, 2, 2>>
  return %1 : tensor<2x4xf32, #spnn.nmg<1, 2, 2>>
}

// -----

// What upstream has no lowering for becomes reductions and elementwise ops.
// CHECK-LABEL: func @softmax
// CHECK-NOT:     linalg.softmax
// CHECK:         arith.maxnumf
// CHECK:         math.exp
// CHECK:         arith.divf
// CHECK-NOT:     linalg.softmax
func.func @softmax(%x: tensor<?x4xf32>, %out: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = linalg.softmax dimension(1) ins(%x : tensor<?x4xf32>) outs(%out : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

func.func @prune_argument(%w: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // expected-error @below {{'spnn.prune' op prunes what is no constant, which spnn-densify cannot evaluate at compile time}}
  %0 = spnn.prune %w method(magnitude) pattern(<2:4>) : tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

func.func @prune_nan() -> tensor<1x2xf32> {
  %w = arith.constant dense<[[1.0, 0x7FC00000]]> : tensor<1x2xf32>
  // expected-error @below {{'spnn.prune' op cannot prune its operand: row 0, column 1: the weight is NaN}}
  %0 = spnn.prune %w method(magnitude) pattern(<1:2>) : tensor<1x2xf32>
  return %0 : tensor<1x2xf32>
}

// -----

#NM = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j floordiv 4 : dense, j mod 4 : structured[2, 4]), crdWidth = 8}>
func.func @does_not_fit() -> tensor<1x4xf32, #NM> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 0.0]]> : tensor<1x4xf32>
  // expected-error @below {{'spnn.convert' op cannot store its operand as nm2:4}}
  %0 = spnn.convert %w : tensor<1x4xf32> to tensor<1x4xf32, #NM>
  return %0 : tensor<1x4xf32, #NM>
}

// -----

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed)}>
func.func @storage(%w: tensor<2x3xf32, #CSR>) -> memref<?xf32> {
  // expected-error @below {{'sparse_tensor.values' op works on storage, which spnn-densify takes away}}
  %0 = sparse_tensor.values %w : tensor<2x3xf32, #CSR> to memref<?xf32>
  return %0 : memref<?xf32>
}

// -----

func.func @kernel(%x: tensor<4x8xf32>, %e: tensor<32xf32>) -> tensor<32xf32> {
  // expected-error @below {{'spnn.pack_panels' op is a kernel-level op; spnn-densify runs on graph-level IR}}
  %0 = spnn.pack_panels ins(%x : tensor<4x8xf32>) outs(%e : tensor<32xf32>) panels(<width = 8, vector = 8>) -> tensor<32xf32>
  return %0 : tensor<32xf32>
}

// -----

// Products of i8 are summed in i32, scales multiply before the bias is added.
// CHECK-LABEL: func @quantized
// CHECK:         %[[P:.*]] = linalg.matmul ins(%{{.*}}, %{{.*}} : tensor<2x3xi8>, tensor<3x4xi8>) outs(%{{.*}} : tensor<2x4xi32>)
// CHECK:         %[[S:.*]] = linalg.generic {{.*}} ins(%[[P]], %{{.*}}, %{{.*}} : tensor<2x4xi32>, tensor<2xf32>, tensor<4xf32>)
// CHECK:           arith.sitofp
// CHECK-COUNT-2:   arith.mulf
// CHECK:         linalg.generic {{.*}} ins(%[[S]], %{{.*}} : tensor<2x4xf32>, tensor<2xf32>)
func.func @quantized(%w: tensor<2x3xi8>, %x: tensor<3x4xi8>, %s: tensor<2xf32>, %t: tensor<4xf32>, %b: tensor<2xf32>) -> tensor<2x4xf32> {
  %y = spnn.matmul %w, %x lhs_scales(%s : tensor<2xf32>) rhs_scales(%t : tensor<4xf32>) bias(%b : tensor<2xf32>)
      : (tensor<2x3xi8>, tensor<3x4xi8>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}
