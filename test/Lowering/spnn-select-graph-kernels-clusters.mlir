// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-select-graph-kernels,canonicalize)' %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-select-graph-kernels{cluster-rows=on},canonicalize)' %s --split-input-file | FileCheck %s --check-prefix=ON
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-select-graph-kernels{cluster-rows=off},canonicalize)' %s --split-input-file | FileCheck %s --check-prefix=OFF
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-select-graph-kernels{cluster-rows=sometimes})' %s --split-input-file 2>&1 | FileCheck %s --check-prefix=OTHER

// OTHER: cluster-rows is auto, on or off, got 'sometimes'

// Even rows read even columns, odd ones odd columns, and a cache of 1 MB holds four rows of features. The graph is
// symmetric: both sums read one storage, that of clusters.
// CHECK-LABEL: func @clusters
// CHECK-DAG: %[[POS:.*]] = arith.constant dense<[0, 4, 8, 12, 16, 20, 24, 28, 32]> : tensor<9xi32>
// CHECK-DAG: %[[IDX:.*]] = arith.constant dense<[0, 2, 4, 6, 0, 2, 4, 6, 0, 2, 4, 6, 0, 2, 4, 6, 1, 3, 5, 7, 1, 3, 5, 7, 1, 3, 5, 7, 1, 3, 5, 7]> : tensor<32xi32>
// CHECK-DAG: %[[ROWS:.*]] = arith.constant dense<[0, 2, 4, 6, 1, 3, 5, 7]> : tensor<8xi32>
// CHECK: spnn.kernel_graph "spmm" graph(8 x 8) storage(%[[POS]], %[[IDX]], %[[ROWS]] : tensor<9xi32>, tensor<32xi32>, tensor<8xi32>)
// CHECK: spnn.kernel_graph "spmm" graph(8 x 8) storage(%[[POS]], %[[IDX]], %[[ROWS]] : tensor<9xi32>, tensor<32xi32>, tensor<8xi32>)
// OFF-LABEL: func @clusters
// OFF: spnn.kernel_graph "spmm" graph(8 x 8) storage(%{{.*}}, %{{.*}} : tensor<9xi32>, tensor<32xi32>)
// OFF: spnn.kernel_graph "spmm" graph(8 x 8) storage(%{{.*}}, %{{.*}} : tensor<9xi32>, tensor<32xi32>)
func.func @clusters(%x: tensor<8x65536xf32>) -> (tensor<8x65536xf32>, tensor<8x65536xf32>) {
  %a = spnn.constant {positions = dense<[0, 4, 8, 12, 16, 20, 24, 28, 32]> : tensor<9xi32>,
      indices = dense<[0, 2, 4, 6, 1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7]> : tensor<32xi32>}
      : tensor<8x8xi1, #spnn.adjacency>
  %t, %order = spnn.transpose %a : tensor<8x8xi1, #spnn.adjacency> -> tensor<8x8xi1, #spnn.adjacency>, tensor<32xi32>
  // expected-remark @+1 {{rows in clusters: of 32 reads of features, 32 miss the second-level cache in the rows' own order, 8 in clusters}}
  %y = spnn.aggregate sum %a, %x : (tensor<8x8xi1, #spnn.adjacency>, tensor<8x65536xf32>) -> tensor<8x65536xf32>
  // expected-remark @+1 {{rows in clusters}}
  %z = spnn.aggregate mean %t, %x : (tensor<8x8xi1, #spnn.adjacency>, tensor<8x65536xf32>) -> tensor<8x65536xf32>
  return %y, %z : tensor<8x65536xf32>, tensor<8x65536xf32>
}

// -----

// The cache holds all rows of features.
// CHECK-LABEL: func @small_features
// CHECK: spnn.kernel_graph "spmm" graph(4 x 4) storage(%{{.*}}, %{{.*}} : tensor<5xi32>, tensor<8xi32>)
// ON-LABEL: func @small_features
// ON-DAG: %[[POS:.*]] = arith.constant dense<[0, 2, 4, 6, 8]> : tensor<5xi32>
// ON-DAG: %[[IDX:.*]] = arith.constant dense<[0, 2, 0, 2, 1, 3, 1, 3]> : tensor<8xi32>
// ON-DAG: %[[ROWS:.*]] = arith.constant dense<[0, 2, 1, 3]> : tensor<4xi32>
// ON: spnn.kernel_graph "spmm" graph(4 x 4) storage(%[[POS]], %[[IDX]], %[[ROWS]] : tensor<5xi32>, tensor<8xi32>, tensor<4xi32>)
func.func @small_features(%x: tensor<4x16xf32>) -> tensor<4x16xf32> {
  %a = spnn.constant {positions = dense<[0, 2, 4, 6, 8]> : tensor<5xi32>, indices = dense<[0, 2, 1, 3, 0, 2, 1, 3]> : tensor<8xi32>}
      : tensor<4x4xi1, #spnn.adjacency>
  %y = spnn.aggregate sum %a, %x : (tensor<4x4xi1, #spnn.adjacency>, tensor<4x16xf32>) -> tensor<4x16xf32>
  return %y : tensor<4x16xf32>
}

// -----

// Rows that are in a good order already.
// CHECK-LABEL: func @good_order
// CHECK: spnn.kernel_graph "spmm" graph(4 x 8) storage(%{{.*}}, %{{.*}} : tensor<5xi32>, tensor<16xi32>)
func.func @good_order(%x: tensor<8x65536xf32>) -> tensor<4x65536xf32> {
  %a = spnn.constant {positions = dense<[0, 4, 8, 12, 16]> : tensor<5xi32>,
      indices = dense<[0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7]> : tensor<16xi32>} : tensor<4x8xi1, #spnn.adjacency>
  // expected-remark @+1 {{rows in their own order: of 16 reads of features, 8 miss the second-level cache in the rows' own order, 8 in clusters}}
  %y = spnn.aggregate sum %a, %x : (tensor<4x8xi1, #spnn.adjacency>, tensor<8x65536xf32>) -> tensor<4x65536xf32>
  return %y : tensor<4x65536xf32>
}

// -----

// Edge values lie in the order of the rows, whatever is asked for; so do winners' edges.
// CHECK-LABEL: func @edge_values
// CHECK: spnn.kernel_graph "spmm" graph(4 x 4) storage(%{{.*}}, %{{.*}} : tensor<5xi32>, tensor<8xi32>)
// CHECK: spnn.kernel_graph "spmm-max" graph(4 x 4) storage(%{{.*}}, %{{.*}} : tensor<5xi32>, tensor<8xi32>)
// ON-LABEL: func @edge_values
// ON: spnn.kernel_graph "spmm" graph(4 x 4) storage(%{{.*}}, %{{.*}} : tensor<5xi32>, tensor<8xi32>)
// ON: spnn.kernel_graph "spmm-max" graph(4 x 4) storage(%{{.*}}, %{{.*}} : tensor<5xi32>, tensor<8xi32>)
func.func @edge_values(%x: tensor<4x131072xf32>, %v: tensor<8xf32>) -> (tensor<4x131072xf32>, tensor<4x131072xf32>) {
  %a = spnn.constant {positions = dense<[0, 2, 4, 6, 8]> : tensor<5xi32>, indices = dense<[0, 2, 1, 3, 0, 2, 1, 3]> : tensor<8xi32>}
      : tensor<4x4xi1, #spnn.adjacency>
  %y = spnn.aggregate sum %a, %x edge_values(%v : tensor<8xf32>)
      : (tensor<4x4xi1, #spnn.adjacency>, tensor<4x131072xf32>) -> tensor<4x131072xf32>
  %z = spnn.aggregate max %a, %x : (tensor<4x4xi1, #spnn.adjacency>, tensor<4x131072xf32>) -> tensor<4x131072xf32>
  return %y, %z : tensor<4x131072xf32>, tensor<4x131072xf32>
}

// -----

// A graph that comes at run time is as it comes.
// CHECK-LABEL: func @run_time
// CHECK: spnn.kernel_graph "spmm" graph(4 x 4) storage(%{{.*}}, %{{.*}} : tensor<5xi32>, tensor<8xi32>)
// ON-LABEL: func @run_time
// ON: spnn.kernel_graph "spmm" graph(4 x 4) storage(%{{.*}}, %{{.*}} : tensor<5xi32>, tensor<8xi32>)
func.func @run_time(%pos: tensor<5xi32>, %idx: tensor<8xi32>, %x: tensor<4x131072xf32>) -> tensor<4x131072xf32> {
  %a = spnn.assemble %pos, %idx : (tensor<5xi32>, tensor<8xi32>) -> tensor<4x4xi1, #spnn.adjacency>
  %y = spnn.aggregate sum %a, %x : (tensor<4x4xi1, #spnn.adjacency>, tensor<4x131072xf32>) -> tensor<4x131072xf32>
  return %y : tensor<4x131072xf32>
}

// -----

// A transposed graph that is not symmetric has clusters of its own.
// ON-LABEL: func @transposed
// ON-DAG: %[[POS:.*]] = arith.constant dense<[0, 1, 2, 3]> : tensor<4xi32>
// ON-DAG: %[[IDX:.*]] = arith.constant dense<[0, 0, 1]> : tensor<3xi32>
// ON-DAG: %[[ROWS:.*]] = arith.constant dense<[0, 2, 1]> : tensor<3xi32>
// ON: spnn.kernel_graph "spmm" graph(3 x 2) storage(%[[POS]], %[[IDX]], %[[ROWS]] :
func.func @transposed(%x: tensor<2x16xf32>) -> tensor<3x16xf32> {
  %a = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 2, 1]> : tensor<3xi32>}
      : tensor<2x3xi1, #spnn.adjacency>
  %t, %order = spnn.transpose %a : tensor<2x3xi1, #spnn.adjacency> -> tensor<3x2xi1, #spnn.adjacency>, tensor<3xi32>
  %y = spnn.aggregate sum %t, %x : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x16xf32>) -> tensor<3x16xf32>
  return %y : tensor<3x16xf32>
}
