// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-select-graph-kernels)' %s --split-input-file --verify-diagnostics | FileCheck %s

// A copy of the features with heads innermost, and what each task works in: nothing has a row for an edge. A symmetric graph is its
// own transpose, and without dropout or coefficients nobody asks for the order of edges.
module attributes {spnn.target = #spnn.target<"generic-avx512", cpu = "x86-64-v4", vector_bytes = 64, threads = 1>} {
  // CHECK-LABEL: func @gat
  // CHECK-DAG: %[[POS:.*]] = arith.constant dense<[0, 2, 4]> : tensor<3xi32>
  // CHECK-DAG: %[[IDX:.*]] = arith.constant dense<[0, 1, 0, 1]> : tensor<4xi32>
  // CHECK: %[[F:.*]]:4 = spnn.kernel_graph "attention" graph(2 x 2) storage(%[[POS]], %[[IDX]]
  // CHECK-SAME: names(["features", "row_scores", "column_scores"])
  // CHECK-SAME: tensor<2x64xf32>, tensor<2x8xf32>, tensor<2x64xf32>, tensor<64x576xf32>)
  // CHECK-SAME: parameters({heads = 8 : i64, prefetch = 0 : i64, slope = 2.000000e-01 : f64, vector = 16 : i64})
  // CHECK: spnn.kernel_graph "attention-backward" {{.*}} ins({{.*}}%[[F]]#0, %[[F]]#1, %{{.*}}, %[[POS]], %[[IDX]] :
  // CHECK-SAME: names(["features", "row_scores", "column_scores", "output", "logsumexp", "gradient", "transposed_positions", "transposed_indices"])
  func.func @gat(%x: tensor<2x64xf32>, %r: tensor<2x8xf32>, %l: tensor<2x8xf32>, %dy: tensor<2x64xf32>)
      -> (tensor<2x64xf32>, tensor<2x64xf32>, tensor<2x8xf32>, tensor<2x8xf32>) {
    %g = spnn.constant {positions = dense<[0, 2, 4]> : tensor<3xi32>, indices = dense<[0, 1, 0, 1]> : tensor<4xi32>}
        : tensor<2x2xi1, #spnn.adjacency>
    %t, %order = spnn.transpose %g : tensor<2x2xi1, #spnn.adjacency> -> tensor<2x2xi1, #spnn.adjacency>, tensor<4xi32>
    %o, %lse = spnn.graph_attention gat %g, %x, %r, %l heads(8)
        : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x64xf32>, tensor<2x8xf32>, tensor<2x8xf32>) -> (tensor<2x64xf32>, tensor<2x8xf32>)
    %dx, %dr, %dl = spnn.graph_attention_backward gat %g, %t, %order, %x, %r, %l output(%o) logsumexp(%lse) gradient(%dy) heads(8)
        : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x2xi1, #spnn.adjacency>, tensor<4xi32>, tensor<2x64xf32>, tensor<2x8xf32>,
           tensor<2x8xf32>, tensor<2x64xf32>, tensor<2x8xf32>, tensor<2x64xf32>)
        -> (tensor<2x64xf32>, tensor<2x8xf32>, tensor<2x8xf32>)
    return %o, %dx, %dr, %dl : tensor<2x64xf32>, tensor<2x64xf32>, tensor<2x8xf32>, tensor<2x8xf32>
  }
}

// -----

// gatv2 on the features themselves has one copy of them.
// CHECK-LABEL: func @shared
// CHECK: spnn.kernel_graph "attention"
// CHECK-SAME: names(["features", "row_scores", "attention", "seed"])
// CHECK-SAME: outs(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x6xf32>, tensor<?x2xf32>, tensor<?x8xf32>, tensor<64x160xf32>)
// CHECK-SAME: prefetch = 12 : i64, rate = 5.000000e-01 : f64, slope = 1.000000e-01 : f64, stream = 3 : i64, vector = 4 : i64
func.func @shared(%pos: tensor<?xi32>, %idx: tensor<?xi32>, %x: tensor<?x6xf32>, %r: tensor<?x6xf32>, %a: tensor<6xf32>,
                  %seed: i64) -> tensor<?x6xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x6xf32>
  %g = spnn.assemble %pos, %idx columns %n : (tensor<?xi32>, tensor<?xi32>) -> tensor<?x?xi1, #spnn.adjacency>
  %o, %lse = spnn.graph_attention gatv2 %g, %x, %r, %x attention(%a : tensor<6xf32>) seed(%seed) heads(2) slope(0.1)
      rate(0.5) stream(3)
      : (tensor<?x?xi1, #spnn.adjacency>, tensor<?x6xf32>, tensor<?x6xf32>, tensor<?x6xf32>) -> (tensor<?x6xf32>, tensor<?x2xf32>)
  return %o : tensor<?x6xf32>
}

// -----

func.func @unknown_features(%x: tensor<2x?xf32>, %r: tensor<2x2xf32>) -> tensor<2x?xf32> {
  %g = spnn.constant {positions = dense<[0, 2, 4]> : tensor<3xi32>, indices = dense<[0, 1, 0, 1]> : tensor<4xi32>}
      : tensor<2x2xi1, #spnn.adjacency>
  // expected-error @+1 {{needs a number of features that is known when compiling, got 'tensor<2x?xf32>'}}
  %o, %lse = spnn.graph_attention gat %g, %x, %r, %r heads(2)
      : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x?xf32>, tensor<2x2xf32>, tensor<2x2xf32>) -> (tensor<2x?xf32>, tensor<2x2xf32>)
  return %o : tensor<2x?xf32>
}
