// RUN: %spnn_opt %s | %spnn_opt | FileCheck %s
// RUN: %spnn_opt --mlir-print-op-generic %s | %spnn_opt | FileCheck %s
// RUN: %spnn_opt --emit-bytecode %s | %spnn_opt | FileCheck %s

// Every op and attribute prints, as text, in the generic form and as bytecode, and reads back to the same. The example
// of each description in include/spnn/IR/*.td stands here.

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func @activations
func.func @activations() attributes {
  // CHECK-SAME: a0 = #spnn.activation<none>, a1 = #spnn.activation<relu>, a2 = #spnn.activation<gelu_erf>
  a0 = #spnn.activation<none>, a1 = #spnn.activation<relu>, a2 = #spnn.activation<gelu_erf>,
  // CHECK-SAME: a3 = #spnn.activation<gelu_tanh>, a4 = #spnn.activation<sigmoid>, a5 = #spnn.activation<tanh>
  a3 = #spnn.activation<gelu_tanh>, a4 = #spnn.activation<sigmoid>, a5 = #spnn.activation<tanh>,
  // CHECK-SAME: a6 = #spnn.activation<silu>
  a6 = #spnn.activation<silu>} {
  return
}

// CHECK-LABEL: func @attributes
func.func @attributes() attributes {
  // CHECK-SAME: m = #spnn.prune_method<magnitude>
  m = #spnn.prune_method<magnitude>,
  // CHECK-SAME: p0 = #spnn.pattern<unstructured, {{0\.9[0-9e+-]*}}>, p1 = #spnn.pattern<block 4x1, 9.000000e-01>
  // CHECK-SAME: p2 = #spnn.pattern<2:4>
  p0 = #spnn.pattern<unstructured, 0.95>, p1 = #spnn.pattern<block 4x1, 0.9>, p2 = #spnn.pattern<2:4>,
  // A fraction that a short form would round.
  // CHECK-SAME: p3 = #spnn.pattern<unstructured, 0.12345678901234568>
  p3 = #spnn.pattern<unstructured, 0.12345678901234568>,
  // CHECK-SAME: p4 = #spnn.pattern<unstructured, 0.000000e+00>, p5 = #spnn.pattern<unstructured, 1.000000e+00>
  p4 = #spnn.pattern<unstructured, 0.0>, p5 = #spnn.pattern<unstructured, 1.0>,
  // CHECK-SAME: p6 = #spnn.pattern<2:4:16>
  p6 = #spnn.pattern<2:4:16>,
  // CHECK-SAME: q0 = #spnn.panels<width = 64, vector = 16>, q1 = #spnn.panels<width = 1, vector = 1>
  q0 = #spnn.panels<width = 64, vector = 16>, q1 = #spnn.panels<width = 1, vector = 1>,
  // CHECK-SAME: t = #spnn.target<"generic-avx512", cpu = "x86-64-v4", vector_bytes = 64, threads = 0>
  t = #spnn.target<"generic-avx512", cpu = "x86-64-v4", vector_bytes = 64, threads = 0>,
  // CHECK-SAME: t2 = #spnn.target<"generic-avx512", cpu = "znver4", vector_bytes = 64, threads = 0, dot = [bf16, i8]>
  t2 = #spnn.target<"generic-avx512", cpu = "znver4", vector_bytes = 64, threads = 0, dot = [bf16, i8]>,
  // CHECK-SAME: t3 = #spnn.target<"generic-avx512", cpu = "znver4", vector_bytes = 64, threads = 0, dot = [bf16, i8], expand = [i8, i16]>
  t3 = #spnn.target<"generic-avx512", cpu = "znver4", vector_bytes = 64, threads = 0, expand = [i8, i16], dot = [bf16, i8]>,
  // CHECK-SAME: t4 = #spnn.target<"generic-avx512", cpu = "znver4", vector_bytes = 64, threads = 0, expand = [i8]>
  t4 = #spnn.target<"generic-avx512", cpu = "znver4", vector_bytes = 64, threads = 0, expand = [i8]>,
  // CHECK-SAME: u = tensor<64x128xf32, #spnn.bitmap>
  u = tensor<64x128xf32, #spnn.bitmap>,
  // CHECK-SAME: v = tensor<64x192xf32, #spnn.nmg<2, 4, 16>>
  v = tensor<64x192xf32, #spnn.nmg<2, 4, 16>>,
  // CHECK-SAME: w = tensor<2708x2708xi1, #spnn.adjacency>
  w = tensor<2708x2708xi1, #spnn.adjacency>} {
  return
}

// CHECK-LABEL: func @kinds
func.func @kinds() attributes {
  // CHECK-SAME: a0 = #spnn.aggregate_kind<sum>, a1 = #spnn.aggregate_kind<mean>, a2 = #spnn.aggregate_kind<max>
  a0 = #spnn.aggregate_kind<sum>, a1 = #spnn.aggregate_kind<mean>, a2 = #spnn.aggregate_kind<max>,
  // CHECK-SAME: a3 = #spnn.aggregate_kind<min>
  a3 = #spnn.aggregate_kind<min>,
  // CHECK-SAME: l0 = #spnn.loss_kind<cross_entropy>, l1 = #spnn.loss_kind<binary_cross_entropy>
  l0 = #spnn.loss_kind<cross_entropy>, l1 = #spnn.loss_kind<binary_cross_entropy>,
  // CHECK-SAME: l2 = #spnn.loss_kind<mean_squared>
  l2 = #spnn.loss_kind<mean_squared>,
  // CHECK-SAME: s0 = #spnn.score_kind<gat>, s1 = #spnn.score_kind<gatv2>
  s0 = #spnn.score_kind<gat>, s1 = #spnn.score_kind<gatv2>,
  // CHECK-SAME: t0 = #spnn.sddmm_kind<dot>, t1 = #spnn.sddmm_kind<add>
  t0 = #spnn.sddmm_kind<dot>, t1 = #spnn.sddmm_kind<add>} {
  return
}

//===----------------------------------------------------------------------===//
// Graph-level ops
//===----------------------------------------------------------------------===//

// A constant prints its buffers and reads back.
// CHECK-LABEL: func @constant
func.func @constant() -> tensor<2x4xf32, #CSR> {
  // CHECK: spnn.constant {indices = dense<[0, 3, 2]> : tensor<3xi32>, positions = dense<[0, 2, 3]> : tensor<3xi32>, values = dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32>} : tensor<2x4xf32, #{{.*}}>
  // 1 0 0 2
  // 0 0 3 0
  %w = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 3, 2]> : tensor<3xi32>,
                      values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #CSR>
  return %w : tensor<2x4xf32, #CSR>
}

// Buffers may be resources.
// CHECK-LABEL: func @constant_resource
func.func @constant_resource() -> tensor<2x4xf32, #CSR> {
  // CHECK: values = dense_resource<values> : tensor<3xf32>
  %w = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 3, 2]> : tensor<3xi32>,
                      values = dense_resource<values> : tensor<3xf32>} : tensor<2x4xf32, #CSR>
  return %w : tensor<2x4xf32, #CSR>
}

// The bitmap: two words a row for 17 columns.
// CHECK-LABEL: func @constant_bitmap
func.func @constant_bitmap() -> tensor<2x17xf32, #spnn.bitmap> {
  // CHECK: spnn.constant {bits = dense<[1, 1, 0, 0]> : tensor<4xi16>, positions = dense<[0, 2, 2]> : tensor<3xi32>, values = dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>} : tensor<2x17xf32, #spnn.bitmap>
  %w = spnn.constant {bits = dense<[1, 1, 0, 0]> : tensor<4xi16>, positions = dense<[0, 2, 2]> : tensor<3xi32>,
                      values = dense<[1.0, 2.0]> : tensor<2xf32>} : tensor<2x17xf32, #spnn.bitmap>
  return %w : tensor<2x17xf32, #spnn.bitmap>
}

// CHECK-LABEL: func @convert
func.func @convert(%w: tensor<8x16xf32>) -> tensor<8x16xf32> {
  // CHECK: spnn.convert %{{.*}} : tensor<8x16xf32> to tensor<8x16xf32, #spnn.bitmap>
  %0 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #spnn.bitmap>
  // CHECK: spnn.convert %{{.*}} {note = "kept"} : tensor<8x16xf32, #spnn.bitmap> to tensor<8x16xf32>
  %1 = spnn.convert %0 {note = "kept"} : tensor<8x16xf32, #spnn.bitmap> to tensor<8x16xf32>
  return %1 : tensor<8x16xf32>
}

// The three patterns of pruning read back to the same values.
// CHECK-LABEL: func @prune
func.func @prune(%x: tensor<8x8xf32>, %w: tensor<64x128xf32>)
    -> (tensor<8x8xf32>, tensor<64x128xf32>, tensor<8x8xf32>) {
  // CHECK: spnn.prune %{{.*}} method(magnitude) pattern(<block 4x1, 9.000000e-01>) : tensor<64x128xf32>
  %p = spnn.prune %w method(magnitude) pattern(<block 4x1, 0.9>) : tensor<64x128xf32>
  // CHECK: spnn.prune %{{.*}} method(magnitude) pattern(<unstructured, 5.000000e-01>) : tensor<8x8xf32>
  %0 = spnn.prune %x method(magnitude) pattern(<unstructured, 0.5>) : tensor<8x8xf32>
  // CHECK: spnn.prune %{{.*}} method(magnitude) pattern(<2:4>) : tensor<8x8xf32>
  %1 = spnn.prune %x method(magnitude) pattern(<2:4>) : tensor<8x8xf32>
  return %0, %p, %1 : tensor<8x8xf32>, tensor<64x128xf32>, tensor<8x8xf32>
}

// A product carries its epilogue in the open.
// CHECK-LABEL: func @matmul
func.func @matmul(%w: tensor<64x128xf32, #spnn.bitmap>, %x: tensor<128x?xf32>, %b: tensor<64xf32>) -> tensor<64x?xf32> {
  // CHECK: spnn.matmul %{{.*}}, %{{.*}} bias(%{{.*}} : tensor<64xf32>) activation(relu) : (tensor<64x128xf32, #spnn.bitmap>, tensor<128x?xf32>) -> tensor<64x?xf32>
  %y = spnn.matmul %w, %x bias(%b : tensor<64xf32>) activation(relu)
      : (tensor<64x128xf32, #spnn.bitmap>, tensor<128x?xf32>) -> tensor<64x?xf32>
  return %y : tensor<64x?xf32>
}

// What is not said is not printed: no activation, axis 0; transpositions and axis 1 stay in the attributes.
// Quantised operands bring their scales, between the operands and the bias.
// CHECK-LABEL: func @matmul_quantized
func.func @matmul_quantized(%w: tensor<64x128xi8, #spnn.bitmap>, %x: tensor<128x?xi8>, %s: tensor<64xf32>,
                            %t: tensor<?xf32>, %b: tensor<64xf32>) -> tensor<64x?xf32> {
  // CHECK: spnn.matmul %{{.*}}, %{{.*}} lhs_scales(%{{.*}} : tensor<64xf32>) rhs_scales(%{{.*}} : tensor<?xf32>) bias(%{{.*}} : tensor<64xf32>) : (tensor<64x128xi8, #spnn.bitmap>, tensor<128x?xi8>) -> tensor<64x?xf32>
  %z = spnn.matmul %w, %x lhs_scales(%s : tensor<64xf32>) rhs_scales(%t : tensor<?xf32>) bias(%b : tensor<64xf32>)
      : (tensor<64x128xi8, #spnn.bitmap>, tensor<128x?xi8>) -> tensor<64x?xf32>
  return %z : tensor<64x?xf32>
}

// Every pair of element types that C6 lists; scales may stand alone.
// CHECK-LABEL: func @matmul_types
func.func @matmul_types(%f: tensor<2x2xf32>, %h: tensor<2x2xf16>, %b: tensor<2x2xbf16>, %q: tensor<2x2xi8>,
                        %s: tensor<2xf32>) {
  // CHECK: (tensor<2x2xf16>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %0 = spnn.matmul %h, %f : (tensor<2x2xf16>, tensor<2x2xf32>) -> tensor<2x2xf32>
  // CHECK: (tensor<2x2xf32>, tensor<2x2xbf16>) -> tensor<2x2xf32>
  %1 = spnn.matmul %f, %b : (tensor<2x2xf32>, tensor<2x2xbf16>) -> tensor<2x2xf32>
  // CHECK: rhs_scales(%{{.*}} : tensor<2xf32>) : (tensor<2x2xf32>, tensor<2x2xi8>) -> tensor<2x2xf32>
  %2 = spnn.matmul %f, %q rhs_scales(%s : tensor<2xf32>) : (tensor<2x2xf32>, tensor<2x2xi8>) -> tensor<2x2xf32>
  // CHECK: (tensor<2x2xbf16>, tensor<2x2xbf16>) -> tensor<2x2xf32>
  %3 = spnn.matmul %b, %b : (tensor<2x2xbf16>, tensor<2x2xbf16>) -> tensor<2x2xf32>
  // CHECK: (tensor<2x2xbf16>, tensor<2x2xbf16>) -> tensor<2x2xbf16>
  %4 = spnn.matmul %b, %b : (tensor<2x2xbf16>, tensor<2x2xbf16>) -> tensor<2x2xbf16>
  return
}

// CHECK-LABEL: func @matmul_plain
func.func @matmul_plain(%a: tensor<4x3xf64>, %b: tensor<5x4xf64>) -> (tensor<3x5xf64>, tensor<3x5xf64>) {
  // CHECK: spnn.matmul %{{.*}}, %{{.*}} {transpose_lhs, transpose_rhs} : (tensor<4x3xf64>, tensor<5x4xf64>) -> tensor<3x5xf64>
  %0 = spnn.matmul %a, %b activation(none) {transpose_lhs, transpose_rhs, bias_axis = 0 : i64}
      : (tensor<4x3xf64>, tensor<5x4xf64>) -> tensor<3x5xf64>
  %c = arith.constant dense<1.0> : tensor<5xf64>
  // CHECK: spnn.matmul %{{.*}}, %{{.*}} bias(%{{.*}} : tensor<5xf64>) {bias_axis = 1 : i64, transpose_lhs, transpose_rhs} :
  %1 = spnn.matmul %a, %b bias(%c : tensor<5xf64>) {transpose_lhs, transpose_rhs, bias_axis = 1 : i64}
      : (tensor<4x3xf64>, tensor<5x4xf64>) -> tensor<3x5xf64>
  return %0, %1 : tensor<3x5xf64>, tensor<3x5xf64>
}

// CHECK-LABEL: func @matmul_activations
func.func @matmul_activations(%a: tensor<2x2xf32>) -> tensor<2x2xf32> {
  // CHECK: activation(gelu_erf)
  %0 = spnn.matmul %a, %a activation(gelu_erf) : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  // CHECK: activation(gelu_tanh)
  %1 = spnn.matmul %0, %a activation(gelu_tanh) : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  // CHECK: activation(sigmoid)
  %2 = spnn.matmul %1, %a activation(sigmoid) : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  // CHECK: activation(tanh)
  %3 = spnn.matmul %2, %a activation(tanh) : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  // CHECK: activation(silu)
  %4 = spnn.matmul %3, %a activation(silu) : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %4 : tensor<2x2xf32>
}

//===----------------------------------------------------------------------===//
// Messages along the edges of a graph
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func @constant_graph
func.func @constant_graph() -> tensor<3x2xi1, #spnn.adjacency> {
  // CHECK: spnn.constant {indices = dense<[0, 1, 0, 1]> : tensor<4xi32>, positions = dense<[0, 2, 3, 4]> : tensor<4xi32>} : tensor<3x2xi1, #spnn.adjacency>
  %a = spnn.constant {positions = dense<[0, 2, 3, 4]> : tensor<4xi32>, indices = dense<[0, 1, 0, 1]> : tensor<4xi32>}
      : tensor<3x2xi1, #spnn.adjacency>
  return %a : tensor<3x2xi1, #spnn.adjacency>
}

// CHECK-LABEL: func @assemble
func.func @assemble(%positions: tensor<2709xi32>, %indices: tensor<?xi32>) -> tensor<2708x2708xi1, #spnn.adjacency> {
  // CHECK: spnn.assemble %{{.*}}, %{{.*}} : (tensor<2709xi32>, tensor<?xi32>) -> tensor<2708x2708xi1, #spnn.adjacency>
  %a = spnn.assemble %positions, %indices : (tensor<2709xi32>, tensor<?xi32>) -> tensor<2708x2708xi1, #spnn.adjacency>
  return %a : tensor<2708x2708xi1, #spnn.adjacency>
}

// CHECK-LABEL: func @assemble_dynamic
func.func @assemble_dynamic(%positions: tensor<?xi32>, %indices: tensor<?xi32>, %n: index)
    -> tensor<?x?xi1, #spnn.adjacency> {
  // CHECK: spnn.assemble %{{.*}}, %{{.*}} columns %{{.*}} {symmetric} : (tensor<?xi32>, tensor<?xi32>) -> tensor<?x?xi1, #spnn.adjacency>
  %a = spnn.assemble %positions, %indices columns %n {symmetric} : (tensor<?xi32>, tensor<?xi32>)
      -> tensor<?x?xi1, #spnn.adjacency>
  return %a : tensor<?x?xi1, #spnn.adjacency>
}

// CHECK-LABEL: func @transpose
func.func @transpose(%a: tensor<3x2xi1, #spnn.adjacency>) -> (tensor<2x3xi1, #spnn.adjacency>, tensor<4xi32>) {
  // CHECK: %{{.*}}, %{{.*}} = spnn.transpose %{{.*}} : tensor<3x2xi1, #spnn.adjacency> -> tensor<2x3xi1, #spnn.adjacency>, tensor<4xi32>
  %t, %order = spnn.transpose %a : tensor<3x2xi1, #spnn.adjacency> -> tensor<2x3xi1, #spnn.adjacency>, tensor<4xi32>
  return %t, %order : tensor<2x3xi1, #spnn.adjacency>, tensor<4xi32>
}

// CHECK-LABEL: func @degree
func.func @degree(%a: tensor<2708x2708xi1, #spnn.adjacency>) -> tensor<2708xf32> {
  // CHECK: spnn.degree %{{.*}} : tensor<2708x2708xi1, #spnn.adjacency> -> tensor<2708xf32>
  %d = spnn.degree %a : tensor<2708x2708xi1, #spnn.adjacency> -> tensor<2708xf32>
  return %d : tensor<2708xf32>
}

// CHECK-LABEL: func @aggregate
func.func @aggregate(%a: tensor<2708x2708xi1, #spnn.adjacency>, %x: tensor<2708x16xf32>, %s: tensor<2708xf32>)
    -> tensor<2708x16xf32> {
  // CHECK: spnn.aggregate sum %{{.*}}, %{{.*}} row_scales(%{{.*}} : tensor<2708xf32>) column_scales(%{{.*}} : tensor<2708xf32>) : (tensor<2708x2708xi1, #spnn.adjacency>, tensor<2708x16xf32>) -> tensor<2708x16xf32>
  %y = spnn.aggregate sum %a, %x row_scales(%s : tensor<2708xf32>) column_scales(%s : tensor<2708xf32>)
      : (tensor<2708x2708xi1, #spnn.adjacency>, tensor<2708x16xf32>) -> tensor<2708x16xf32>
  return %y : tensor<2708x16xf32>
}

// Values of edges with an order, the other kinds, and winners.
// CHECK-LABEL: func @aggregate_kinds
func.func @aggregate_kinds(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf64>, %v: tensor<4x2xf64>,
                           %order: tensor<4xi32>) -> tensor<3x8xi32> {
  // CHECK: spnn.aggregate mean %{{.*}}, %{{.*}} edge_values(%{{.*}} : tensor<4x2xf64>) order(%{{.*}} : tensor<4xi32>) : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf64>) -> tensor<3x8xf64>
  %0 = spnn.aggregate mean %a, %x edge_values(%v : tensor<4x2xf64>) order(%order : tensor<4xi32>)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf64>) -> tensor<3x8xf64>
  // CHECK: spnn.aggregate min %{{.*}}, %{{.*}} : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf64>) -> tensor<3x8xf64>{{$}}
  %1 = spnn.aggregate min %a, %x : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf64>) -> tensor<3x8xf64>
  // CHECK: %{{.*}}, %{{.*}} = spnn.aggregate max %{{.*}}, %{{.*}} : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf64>) -> tensor<3x8xf64>, tensor<3x8xi32>
  %2, %winners = spnn.aggregate max %a, %x
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf64>) -> tensor<3x8xf64>, tensor<3x8xi32>
  return %winners : tensor<3x8xi32>
}

// CHECK-LABEL: func @scatter_winners
func.func @scatter_winners(%t: tensor<2x3xi1, #spnn.adjacency>, %winners: tensor<3x8xi32>, %g: tensor<3x8xf32>)
    -> tensor<2x8xf32> {
  // CHECK: spnn.scatter_winners %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x3xi1, #spnn.adjacency>, tensor<3x8xi32>, tensor<3x8xf32>) -> tensor<2x8xf32>
  %dx = spnn.scatter_winners %t, %winners, %g
      : (tensor<2x3xi1, #spnn.adjacency>, tensor<3x8xi32>, tensor<3x8xf32>) -> tensor<2x8xf32>
  return %dx : tensor<2x8xf32>
}

// CHECK-LABEL: func @sddmm
func.func @sddmm(%a: tensor<3x2xi1, #spnn.adjacency>, %g: tensor<3x8xf32>, %x: tensor<2x8xf32>, %order: tensor<4xi32>,
                 %r: tensor<3xf32>, %c: tensor<2xf32>) -> tensor<4x2xf32> {
  // CHECK: spnn.sddmm dot %{{.*}}, %{{.*}}, %{{.*}} : (tensor<3x2xi1, #spnn.adjacency>, tensor<3x8xf32>, tensor<2x8xf32>) -> tensor<4x2xf32>
  %v = spnn.sddmm dot %a, %g, %x
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<3x8xf32>, tensor<2x8xf32>) -> tensor<4x2xf32>
  // CHECK: spnn.sddmm add %{{.*}}, %{{.*}}, %{{.*}} order(%{{.*}} : tensor<4xi32>) : (tensor<3x2xi1, #spnn.adjacency>, tensor<3x8xf32>, tensor<2x8xf32>) -> tensor<4x8xf32>
  %0 = spnn.sddmm add %a, %g, %x order(%order : tensor<4xi32>)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<3x8xf32>, tensor<2x8xf32>) -> tensor<4x8xf32>
  // CHECK: spnn.sddmm dot %{{.*}}, %{{.*}}, %{{.*}} row_scales(%{{.*}} : tensor<3xf32>) column_scales(%{{.*}} : tensor<2xf32>) : (tensor<3x2xi1, #spnn.adjacency>, tensor<3x8xf32>, tensor<2x8xf32>) -> tensor<4xf32>
  %1 = spnn.sddmm dot %a, %g, %x row_scales(%r : tensor<3xf32>) column_scales(%c : tensor<2xf32>)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<3x8xf32>, tensor<2x8xf32>) -> tensor<4xf32>
  return %v : tensor<4x2xf32>
}

// CHECK-LABEL: func @edge_softmax
func.func @edge_softmax(%a: tensor<3x2xi1, #spnn.adjacency>, %v: tensor<4x2xf32>, %g: tensor<4x2xf32>) -> tensor<4x2xf32> {
  // CHECK: spnn.edge_softmax %{{.*}}, %{{.*}} : tensor<3x2xi1, #spnn.adjacency>, tensor<4x2xf32>
  %p = spnn.edge_softmax %a, %v : tensor<3x2xi1, #spnn.adjacency>, tensor<4x2xf32>
  // CHECK: spnn.edge_softmax_backward %{{.*}}, %{{.*}}, %{{.*}} : tensor<3x2xi1, #spnn.adjacency>, tensor<4x2xf32>
  %d = spnn.edge_softmax_backward %a, %p, %g : tensor<3x2xi1, #spnn.adjacency>, tensor<4x2xf32>
  return %d : tensor<4x2xf32>
}

// CHECK-LABEL: func @graph_attention
func.func @graph_attention(%a: tensor<34x34xi1, #spnn.adjacency>, %h: tensor<34x64xf32>, %r: tensor<34x8xf32>,
                           %l: tensor<34x8xf32>, %t: tensor<34x34xi1, #spnn.adjacency>, %order: tensor<156xi32>,
                           %g: tensor<34x64xf32>) -> tensor<34x64xf32> {
  // CHECK: %{{.*}}, %{{.*}} = spnn.graph_attention gat %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} heads(8) : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x64xf32>, tensor<34x8xf32>, tensor<34x8xf32>) -> (tensor<34x64xf32>, tensor<34x8xf32>)
  %o, %lse = spnn.graph_attention gat %a, %h, %r, %l heads(8) slope(0.2)
      : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x64xf32>, tensor<34x8xf32>, tensor<34x8xf32>)
      -> (tensor<34x64xf32>, tensor<34x8xf32>)
  // CHECK: spnn.graph_attention_backward gat %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} output(%{{.*}}) logsumexp(%{{.*}}) gradient(%{{.*}}) heads(8) :
  %dh, %dr, %dl = spnn.graph_attention_backward gat %a, %t, %order, %h, %r, %l output(%o) logsumexp(%lse) gradient(%g)
      heads(8) slope(0.2) : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x34xi1, #spnn.adjacency>, tensor<156xi32>,
      tensor<34x64xf32>, tensor<34x8xf32>, tensor<34x8xf32>, tensor<34x64xf32>, tensor<34x8xf32>, tensor<34x64xf32>)
      -> (tensor<34x64xf32>, tensor<34x8xf32>, tensor<34x8xf32>)
  return %dh : tensor<34x64xf32>
}

// An attention vector, dropout and coefficients.
// CHECK-LABEL: func @graph_attention_v2
func.func @graph_attention_v2(%a: tensor<3x2xi1, #spnn.adjacency>, %h: tensor<2x8xf32>, %r: tensor<3x8xf32>,
                              %l: tensor<2x8xf32>, %v: tensor<8xf32>, %s: i64, %t: tensor<2x3xi1, #spnn.adjacency>,
                              %order: tensor<4xi32>, %g: tensor<3x8xf32>) -> tensor<8xf32> {
  // CHECK: %{{.*}}, %{{.*}}, %{{.*}} = spnn.graph_attention gatv2 %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} attention(%{{.*}} : tensor<8xf32>) seed(%{{.*}}) heads(2) slope(1.000000e-01) rate(6.000000e-01) stream(3) : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>, tensor<3x8xf32>, tensor<2x8xf32>) -> (tensor<3x8xf32>, tensor<3x2xf32>, tensor<4x2xf32>)
  %o, %lse, %p = spnn.graph_attention gatv2 %a, %h, %r, %l attention(%v : tensor<8xf32>) seed(%s) heads(2) slope(0.1)
      rate(0.6) stream(3) : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>, tensor<3x8xf32>, tensor<2x8xf32>)
      -> (tensor<3x8xf32>, tensor<3x2xf32>, tensor<4x2xf32>)
  // CHECK: spnn.graph_attention_backward gatv2 {{.*}} attention(%{{.*}} : tensor<8xf32>) coefficients(%{{.*}} : tensor<4x2xf32>) seed(%{{.*}}) heads(2) slope(1.000000e-01) rate(6.000000e-01) stream(3) : {{.*}} -> (tensor<2x8xf32>, tensor<3x8xf32>, tensor<2x8xf32>, tensor<8xf32>)
  %dh, %dr, %dl, %dv = spnn.graph_attention_backward gatv2 %a, %t, %order, %h, %r, %l output(%o) logsumexp(%lse)
      gradient(%g) attention(%v : tensor<8xf32>) coefficients(%p : tensor<4x2xf32>) seed(%s) heads(2) slope(0.1)
      rate(0.6) stream(3) : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x3xi1, #spnn.adjacency>, tensor<4xi32>,
      tensor<2x8xf32>, tensor<3x8xf32>, tensor<2x8xf32>, tensor<3x8xf32>, tensor<3x2xf32>, tensor<3x8xf32>)
      -> (tensor<2x8xf32>, tensor<3x8xf32>, tensor<2x8xf32>, tensor<8xf32>)
  return %dv : tensor<8xf32>
}

//===----------------------------------------------------------------------===//
// Training
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func @save
func.func @save(%x: tensor<2708x16xf32>) -> tensor<2708x16xf32> {
  // CHECK: spnn.save %{{.*}} : tensor<2708x16xf32>
  // CHECK: spnn.save %{{.*}} opaque : tensor<2708x16xf32>
  %s = spnn.save %x : tensor<2708x16xf32>
  %again = spnn.save %x opaque : tensor<2708x16xf32>
  return %again : tensor<2708x16xf32>
}

// CHECK-LABEL: func @dropout
func.func @dropout(%x: tensor<2708x16xf32>, %s: i64) -> tensor<2708x16xf32> {
  // CHECK: spnn.dropout %{{.*}} seed(%{{.*}}) rate(5.000000e-01) stream(1) : tensor<2708x16xf32>
  %y = spnn.dropout %x seed(%s) rate(0.5) stream(1) : tensor<2708x16xf32>
  return %y : tensor<2708x16xf32>
}

// CHECK-LABEL: func @loss
func.func @loss(%y: tensor<2708x7xf32>, %t: tensor<2708xi32>, %m: tensor<2708xi1>, %g: tensor<f32>) -> tensor<f32> {
  // CHECK: spnn.loss cross_entropy %{{.*}}, %{{.*}} mask(%{{.*}} : tensor<2708xi1>) : tensor<2708x7xf32>, tensor<2708xi32> -> tensor<f32>
  %l = spnn.loss cross_entropy %y, %t mask(%m : tensor<2708xi1>) : tensor<2708x7xf32>, tensor<2708xi32> -> tensor<f32>
  // CHECK: spnn.loss_backward cross_entropy %{{.*}}, %{{.*}}, %{{.*}} mask(%{{.*}} : tensor<2708xi1>) : tensor<2708x7xf32>, tensor<2708xi32>, tensor<f32>
  %d = spnn.loss_backward cross_entropy %y, %t, %g mask(%m : tensor<2708xi1>)
      : tensor<2708x7xf32>, tensor<2708xi32>, tensor<f32>
  return %l : tensor<f32>
}

// Without a mask, and with targets of the type of the predictions.
// CHECK-LABEL: func @loss_kinds
func.func @loss_kinds(%y: tensor<?x7xf64>, %t: tensor<?x7xf64>, %g: tensor<f64>) -> tensor<?x7xf64> {
  // CHECK: spnn.loss binary_cross_entropy %{{.*}}, %{{.*}} : tensor<?x7xf64>, tensor<?x7xf64> -> tensor<f64>
  %l = spnn.loss binary_cross_entropy %y, %t : tensor<?x7xf64>, tensor<?x7xf64> -> tensor<f64>
  // CHECK: spnn.loss_backward mean_squared %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x7xf64>, tensor<?x7xf64>, tensor<f64>
  %d = spnn.loss_backward mean_squared %y, %t, %g : tensor<?x7xf64>, tensor<?x7xf64>, tensor<f64>
  return %d : tensor<?x7xf64>
}

// CHECK-LABEL: func @adam
func.func @adam(%w: tensor<1433x16xf32>, %g: tensor<1433x16xf32>, %m0: tensor<1433x16xf32>, %v0: tensor<1433x16xf32>,
                %t: i64) -> (tensor<1433x16xf32>, tensor<1433x16xf32>) {
  // CHECK: spnn.adam %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} step(%{{.*}}) rate(1.000000e-02) {weight_decay = 5.000000e-04 : f64} : tensor<1433x16xf32>
  %p, %m, %v = spnn.adam %w, %g, %m0, %v0 step(%t) rate(0.01) {weight_decay = 5.0e-04 : f64} : tensor<1433x16xf32>
  // CHECK: spnn.adam %{{.*}} step(%{{.*}}) rate(1.000000e-02) {beta1 = 8.000000e-01 : f64, decoupled} : tensor<1433x16xf32>
  %p2, %m2, %v2 = spnn.adam %p, %g, %m, %v step(%t) rate(0.01) {beta1 = 0.8 : f64, decoupled} : tensor<1433x16xf32>
  return %p, %p2 : tensor<1433x16xf32>, tensor<1433x16xf32>
}

// CHECK-LABEL: func @sgd
func.func @sgd(%w: tensor<1433x16xf32>, %g: tensor<1433x16xf32>, %v0: tensor<1433x16xf32>) -> tensor<1433x16xf32> {
  // CHECK: spnn.sgd %{{.*}}, %{{.*}}, %{{.*}} rate(1.000000e-01) {momentum = 9.000000e-01 : f64} : tensor<1433x16xf32>
  %p, %v = spnn.sgd %w, %g, %v0 rate(0.1) {momentum = 0.9 : f64} : tensor<1433x16xf32>
  return %p : tensor<1433x16xf32>
}

//===----------------------------------------------------------------------===//
// Kernel-level ops on tensors
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func @pack_panels
func.func @pack_panels(%x: tensor<?x784xf32>, %e: tensor<?xf32>, %t: tensor<784x?xf32>)
    -> (tensor<?xf32>, tensor<?xf32>) {
  // CHECK: spnn.pack_panels ins(%{{.*}} : tensor<?x784xf32>) outs(%{{.*}} : tensor<?xf32>) panels(<width = 64, vector = 16>) {transpose} -> tensor<?xf32>
  %p = spnn.pack_panels ins(%x : tensor<?x784xf32>) outs(%e : tensor<?xf32>)
      panels(<width = 64, vector = 16>) {transpose} -> tensor<?xf32>
  // CHECK: spnn.pack_panels ins(%{{.*}} : tensor<784x?xf32>) outs(%{{.*}} : tensor<?xf32>) panels(<width = 32, vector = 8>) -> tensor<?xf32>
  %q = spnn.pack_panels ins(%t : tensor<784x?xf32>) outs(%e : tensor<?xf32>)
      panels(<width = 32, vector = 8>) -> tensor<?xf32>
  return %p, %q : tensor<?xf32>, tensor<?xf32>
}

// CHECK-LABEL: func @unpack_panels
func.func @unpack_panels(%p: tensor<?xf32>, %e: tensor<?x10xf32>) -> tensor<?x10xf32> {
  // CHECK: spnn.unpack_panels ins(%{{.*}} : tensor<?xf32>) outs(%{{.*}} : tensor<?x10xf32>) panels(<width = 64, vector = 16>) {transpose} -> tensor<?x10xf32>
  %y = spnn.unpack_panels ins(%p : tensor<?xf32>) outs(%e : tensor<?x10xf32>)
      panels(<width = 64, vector = 16>) {transpose} -> tensor<?x10xf32>
  return %y : tensor<?x10xf32>
}

// CHECK-LABEL: func @kernel_matmul
func.func @kernel_matmul(%rows: tensor<64xi32>, %pos: tensor<65xi32>, %idx: tensor<819xi16>, %val: tensor<819xf32>,
                         %x: tensor<?xf32>, %n: index, %b: tensor<64xf32>, %e: tensor<?xf32>) -> tensor<?xf32> {
  // CHECK: spnn.kernel_matmul "csr" weights(64 x 128 as #{{.*}}) storage(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : tensor<64xi32>, tensor<65xi32>, tensor<819xi16>, tensor<819xf32>) ins(%{{.*}}, %{{.*}} : tensor<?xf32>) bias(%{{.*}} : tensor<64xf32>) outs(%{{.*}} : tensor<?xf32>) activation(relu) panels(<width = 64, vector = 16>) parameters({k_block = 128 : i64}) -> tensor<?xf32>
  %y = spnn.kernel_matmul "csr" weights(64 x 128 as #CSR)
      storage(%rows, %pos, %idx, %val : tensor<64xi32>, tensor<65xi32>, tensor<819xi16>, tensor<819xf32>)
      ins(%x, %n : tensor<?xf32>) bias(%b : tensor<64xf32>) outs(%e : tensor<?xf32>) activation(relu)
      panels(<width = 64, vector = 16>) parameters({k_block = 128 : i64}) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// Storage may be empty; there may be no bias and no activation; `parallel` is an attribute.
// A right-hand side of i8, and scales of rows and columns.
// CHECK-LABEL: func @kernel_matmul_quantized
func.func @kernel_matmul_quantized(%x: tensor<?xi8>, %n: index, %r: tensor<4xf32>, %c: tensor<?xf32>, %e: tensor<?xf32>)
    -> tensor<?xf32> {
  // CHECK: spnn.kernel_matmul "other" weights(4 x 8 as #spnn.bitmap) ins(%{{.*}}, %{{.*}} : tensor<?xi8>) row_scales(%{{.*}} : tensor<4xf32>) column_scales(%{{.*}} : tensor<?xf32>) outs(%{{.*}} : tensor<?xf32>) panels
  %y = spnn.kernel_matmul "other" weights(4 x 8 as #spnn.bitmap) ins(%x, %n : tensor<?xi8>)
      row_scales(%r : tensor<4xf32>) column_scales(%c : tensor<?xf32>) outs(%e : tensor<?xf32>)
      panels(<width = 64, vector = 16>) parameters({}) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// CHECK-LABEL: func @kernel_matmul_least
func.func @kernel_matmul_least(%x: tensor<?xf32>, %n: index, %e: tensor<?xf32>) -> tensor<?xf32> {
  // CHECK: spnn.kernel_matmul "other" weights(0 x 0 as #spnn.bitmap) ins(%{{.*}}, %{{.*}} : tensor<?xf32>) outs(%{{.*}} : tensor<?xf32>) panels(<width = 1, vector = 1>) parameters({}) {parallel} -> tensor<?xf32>
  %y = spnn.kernel_matmul "other" weights(0 x 0 as #spnn.bitmap)
      ins(%x, %n : tensor<?xf32>) outs(%e : tensor<?xf32>)
      panels(<width = 1, vector = 1>) parameters({}) {parallel} -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// The softmax of each column.
// CHECK-LABEL: func @kernel_columns
func.func @kernel_columns(%x: tensor<?xf32>, %n: index, %e: tensor<?xf32>) -> tensor<?xf32> {
  // CHECK: spnn.kernel_columns 10 x %{{.*}} layout(<width = 64, vector = 16>) panels(%{{.*}} : tensor<?xf32>) outs(%{{.*}} : tensor<?xf32>) -> tensor<?xf32> {
  // CHECK-NEXT: ^bb0(%{{.*}}: f32):
  // CHECK-NEXT: spnn.reduce_rows <maximumf> %{{.*}} : f32
  // CHECK: spnn.yield_columns panels(%{{.*}} : f32)
  %y = spnn.kernel_columns 10 x %n layout(<width = 64, vector = 16>) panels(%x : tensor<?xf32>)
      outs(%e : tensor<?xf32>) -> tensor<?xf32> {
  ^bb0(%a: f32):
    %m = spnn.reduce_rows <maximumf> %a : f32
    %d = arith.subf %a, %m : f32
    %p = math.exp %d : f32
    %s = spnn.reduce_rows <add> %p : f32
    %q = arith.divf %p, %s : f32
    spnn.yield_columns panels(%q : f32)
  }
  return %y : tensor<?xf32>
}

// Inputs of all kinds, results of both kinds and of another element type, in parallel.
// CHECK-LABEL: func @kernel_columns_most
func.func @kernel_columns_most(%x: tensor<?xf32>, %g: tensor<10xf32>, %c: tensor<?xf32>, %k: f32, %n: index,
                               %e: tensor<?xi8>, %f: tensor<?xf32>) -> (tensor<?xi8>, tensor<?xf32>) {
  // CHECK: spnn.kernel_columns 10 x %{{.*}} layout(<width = 4, vector = 4>) panels(%{{.*}} : tensor<?xf32>) row_vectors(%{{.*}} : tensor<10xf32>) column_vectors(%{{.*}} : tensor<?xf32>) scalars(%{{.*}} : f32) outs(%{{.*}}, %{{.*}} : tensor<?xi8>, tensor<?xf32>) parallel -> tensor<?xi8>, tensor<?xf32> {
  // CHECK: spnn.yield_columns panels(%{{.*}} : i8) columns(%{{.*}} : f32)
  %y:2 = spnn.kernel_columns 10 x %n layout(<width = 4, vector = 4>) panels(%x : tensor<?xf32>)
      row_vectors(%g : tensor<10xf32>) column_vectors(%c : tensor<?xf32>) scalars(%k : f32)
      outs(%e, %f : tensor<?xi8>, tensor<?xf32>) parallel -> tensor<?xi8>, tensor<?xf32> {
  ^bb0(%a: f32, %b: f32, %s: f32, %t: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.mulf %0, %s : f32
    %2 = arith.fptosi %1 : f32 to i8
    %3 = spnn.reduce_rows <add> %1 : f32
    %4 = arith.addf %3, %t : f32
    spnn.yield_columns panels(%2 : i8) columns(%4 : f32)
  }
  return %y#0, %y#1 : tensor<?xi8>, tensor<?xf32>
}

// In place, on memrefs.
// CHECK-LABEL: func @kernel_columns_memrefs
func.func @kernel_columns_memrefs(%x: memref<?xf32>, %n: index) {
  // CHECK: spnn.kernel_columns 3 x %{{.*}} layout(<width = 4, vector = 4>) panels(%[[X:.*]] : memref<?xf32>) outs(%[[X]] : memref<?xf32>) {
  spnn.kernel_columns 3 x %n layout(<width = 4, vector = 4>) panels(%x : memref<?xf32>) outs(%x : memref<?xf32>) {
  ^bb0(%a: f32):
    %0 = math.absf %a : f32
    spnn.yield_columns panels(%0 : f32)
  }
  return
}

// CHECK-LABEL: func @kernel_gemm
func.func @kernel_gemm(%x: tensor<?x128xf32>, %w: tensor<64x128xf32>, %b: tensor<64xf32>, %e: tensor<?x64xf32>)
    -> tensor<?x64xf32> {
  // CHECK: spnn.kernel_gemm ins(%{{.*}}, %{{.*}} : tensor<?x128xf32>, tensor<64x128xf32>) bias(%{{.*}} : tensor<64xf32>) outs(%{{.*}} : tensor<?x64xf32>) activation(relu) {transpose_rhs} -> tensor<?x64xf32>
  %y = spnn.kernel_gemm ins(%x, %w : tensor<?x128xf32>, tensor<64x128xf32>) bias(%b : tensor<64xf32>)
      outs(%e : tensor<?x64xf32>) activation(relu) {transpose_rhs} -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// CHECK-LABEL: func @kernel_graph
func.func @kernel_graph(%pos: tensor<2709xi32>, %idx: tensor<13264xi32>, %x: tensor<2708x16xf32>, %s: tensor<2708xf32>,
                        %e: tensor<2708x16xf32>) -> tensor<2708x16xf32> {
  // CHECK: spnn.kernel_graph "spmm" graph(2708 x 2708) storage(%{{.*}}, %{{.*}} : tensor<2709xi32>, tensor<13264xi32>) ins(%{{.*}}, %{{.*}} : tensor<2708x16xf32>, tensor<2708xf32>) names(["features", "row_scales"]) outs(%{{.*}} : tensor<2708x16xf32>) parameters({}) -> tensor<2708x16xf32>
  %y = spnn.kernel_graph "spmm" graph(2708 x 2708) storage(%pos, %idx : tensor<2709xi32>, tensor<13264xi32>)
      ins(%x, %s : tensor<2708x16xf32>, tensor<2708xf32>) names(["features", "row_scales"])
      outs(%e : tensor<2708x16xf32>) parameters({}) -> tensor<2708x16xf32>
  return %y : tensor<2708x16xf32>
}

//===----------------------------------------------------------------------===//
// Kernel-level ops on memrefs
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func @on_memrefs
func.func @on_memrefs(%m: memref<8x?xf32, strided<[?, 1], offset: ?>>, %p: memref<?xf32>, %q: memref<?xf32>,
                      %s: memref<9xi32>, %n: index, %b: memref<4xf32>) {
  // CHECK: spnn.pack_panels ins(%{{.*}} : memref<8x?xf32, strided<[?, 1], offset: ?>>) outs(%{{.*}} : memref<?xf32>) panels(<width = 64, vector = 16>){{$}}
  spnn.pack_panels ins(%m : memref<8x?xf32, strided<[?, 1], offset: ?>>) outs(%p : memref<?xf32>)
      panels(<width = 64, vector = 16>)
  // CHECK: spnn.kernel_matmul "csr" weights(4 x 8 as #{{.*}}) storage(%{{.*}} : memref<9xi32>) ins(%{{.*}}, %{{.*}} : memref<?xf32>) bias(%{{.*}} : memref<4xf32>) outs(%{{.*}} : memref<?xf32>) activation(silu) panels(<width = 64, vector = 16>) parameters({}){{$}}
  spnn.kernel_matmul "csr" weights(4 x 8 as #CSR) storage(%s : memref<9xi32>) ins(%p, %n : memref<?xf32>)
      bias(%b : memref<4xf32>) outs(%q : memref<?xf32>) activation(silu) panels(<width = 64, vector = 16>)
      parameters({})
  // CHECK: spnn.unpack_panels ins(%{{.*}} : memref<?xf32>) outs(%{{.*}} : memref<8x?xf32, strided<[?, 1], offset: ?>>) panels(<width = 64, vector = 16>){{$}}
  spnn.unpack_panels ins(%q : memref<?xf32>) outs(%m : memref<8x?xf32, strided<[?, 1], offset: ?>>)
      panels(<width = 64, vector = 16>)
  // CHECK: spnn.kernel_gemm ins(%{{.*}}, %{{.*}} : memref<8x?xf32, strided<[?, 1], offset: ?>>, memref<8x?xf32, strided<[?, 1], offset: ?>>) outs(%{{.*}} : memref<8x?xf32, strided<[?, 1], offset: ?>>) {transpose_rhs}{{$}}
  spnn.kernel_gemm ins(%m, %m : memref<8x?xf32, strided<[?, 1], offset: ?>>, memref<8x?xf32, strided<[?, 1], offset: ?>>)
      outs(%m : memref<8x?xf32, strided<[?, 1], offset: ?>>) {transpose_rhs}
  return
}

// CHECK-LABEL: func @arena
func.func @arena(%bytes: index) {
  // CHECK: spnn.arena %{{.*}} : memref<?xi8>
  %a = spnn.arena %bytes : memref<?xi8>
  return
}

// CHECK-LABEL: func @fault
func.func @fault(%isZero: i1) {
  // CHECK: spnn.fault "'arith.divsi' op division by zero" if %{{.*}}
  spnn.fault "'arith.divsi' op division by zero" if %isZero
  return
}

// CHECK-LABEL: func @stop
func.func @stop(%differ: i1, %rows: index, %columns: index) {
  // CHECK: spnn.stop "'spnn.aggregate' op features must {{.*}}, got {} and {}" if %{{.*}} numbers(%{{.*}}, %{{.*}})
  spnn.stop "'spnn.aggregate' op features must have a row for each column of the graph, got {} and {}" if %differ
      numbers(%rows, %columns)
  // CHECK: spnn.stop "no {} at all" if %{{[a-z0-9]+$}}
  spnn.stop "no {} at all" if %differ
  return
}

{-#
  dialect_resources: {
    builtin: {
      values: "0x040000000000803F0000004000004040"
    }
  }
#-}
