// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-select-graph-kernels)' %s --split-input-file --verify-diagnostics | FileCheck %s

// The example of the documentation: the storage of a constant graph are constants.
// CHECK-LABEL: func @constant
// CHECK-SAME: %[[X:.*]]: tensor<3x16xf32>, %[[S:.*]]: tensor<3xf32>
// CHECK-DAG: %[[POS:.*]] = arith.constant dense<[0, 2, 3, 5]> : tensor<4xi32>
// CHECK-DAG: %[[IDX:.*]] = arith.constant dense<[0, 2, 1, 0, 1]> : tensor<5xi32>
// CHECK: spnn.kernel_graph "spmm" graph(3 x 3) storage(%[[POS]], %[[IDX]] : tensor<4xi32>, tensor<5xi32>) ins(%[[X]], %[[S]] : tensor<3x16xf32>, tensor<3xf32>) names(["features", "row_scales"]) outs(%{{.*}} : tensor<3x16xf32>) parameters({mean = 0 : i64, prefetch = 0 : i64}) -> tensor<3x16xf32>
// CHECK-NOT: spnn.constant
func.func @constant(%x: tensor<3x16xf32>, %s: tensor<3xf32>) -> tensor<3x16xf32> {
  %a = spnn.constant {positions = dense<[0, 2, 3, 5]> : tensor<4xi32>, indices = dense<[0, 2, 1, 0, 1]> : tensor<5xi32>}
      : tensor<3x3xi1, #spnn.adjacency>
  %y = spnn.aggregate sum %a, %x row_scales(%s : tensor<3xf32>)
      : (tensor<3x3xi1, #spnn.adjacency>, tensor<3x16xf32>) -> tensor<3x16xf32>
  return %y : tensor<3x16xf32>
}

// -----

// A transposed constant is a constant, and so is its order.
// CHECK-LABEL: func @transposed
// CHECK-DAG: %[[POS:.*]] = arith.constant dense<[0, 1, 3]> : tensor<3xi32>
// CHECK-DAG: %[[IDX:.*]] = arith.constant dense<[0, 0, 2]> : tensor<3xi32>
// CHECK-DAG: %[[ORDER:.*]] = arith.constant dense<[0, 1, 2]> : tensor<3xi32>
// CHECK: spnn.kernel_graph "spmm" graph(2 x 3) storage(%[[POS]], %[[IDX]] : {{.*}} names(["features", "edge_values", "order"])
func.func @transposed(%x: tensor<3x16xf32>, %v: tensor<3xf32>) -> tensor<2x16xf32> {
  %a = spnn.constant {positions = dense<[0, 2, 2, 3]> : tensor<4xi32>, indices = dense<[0, 1, 1]> : tensor<3xi32>}
      : tensor<3x2xi1, #spnn.adjacency>
  %t, %order = spnn.transpose %a : tensor<3x2xi1, #spnn.adjacency> -> tensor<2x3xi1, #spnn.adjacency>, tensor<3xi32>
  %y = spnn.aggregate sum %t, %x edge_values(%v : tensor<3xf32>) order(%order : tensor<3xi32>)
      : (tensor<2x3xi1, #spnn.adjacency>, tensor<3x16xf32>) -> tensor<2x16xf32>
  return %y : tensor<2x16xf32>
}

// -----

// A symmetric graph is its own transpose: no storage is made twice.
// CHECK-LABEL: func @symmetric
// CHECK-COUNT-2: arith.constant dense
// CHECK-NOT: arith.constant dense
// CHECK: spnn.kernel_graph "spmm"
func.func @symmetric(%x: tensor<2x16xf32>) -> tensor<2x16xf32> {
  %a = spnn.constant {positions = dense<[0, 1, 2]> : tensor<3xi32>, indices = dense<[1, 0]> : tensor<2xi32>}
      : tensor<2x2xi1, #spnn.adjacency>
  %t, %order = spnn.transpose %a : tensor<2x2xi1, #spnn.adjacency> -> tensor<2x2xi1, #spnn.adjacency>, tensor<2xi32>
  %y = spnn.aggregate sum %t, %x : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x16xf32>) -> tensor<2x16xf32>
  return %y : tensor<2x16xf32>
}

// -----

// Arrays that come at run time are checked once, and transposed once; sizes that nobody knows are taken for large.
// CHECK-LABEL: func @run_time
// CHECK-SAME: %[[POS:.*]]: tensor<4xi32>, %[[IDX:.*]]: tensor<?xi32>
// CHECK: %[[CHECKED:.*]] = spnn.kernel_graph "assemble" graph(3 x 2) storage(%[[POS]], %[[IDX]] : {{.*}} names([]) outs({{.*}} : tensor<4xi32>) parameters({symmetric = 0 : i64}) -> tensor<4xi32>
// CHECK-NOT: "assemble"
// CHECK: %[[T:.*]]:3 = spnn.kernel_graph "transpose" graph(3 x 2) storage(%[[CHECKED]], %[[IDX]] : {{.*}} outs({{.*}} : tensor<3xi32>, tensor<?xi32>, tensor<?xi32>)
// CHECK: spnn.kernel_graph "spmm" graph(3 x 2) storage(%[[CHECKED]], %[[IDX]] : {{.*}} parameters({mean = 1 : i64, prefetch = 0 : i64}) parallel ->
// CHECK: spnn.kernel_graph "spmm" graph(2 x 3) storage(%[[T]]#0, %[[T]]#1 : {{.*}} %[[T]]#2 : {{.*}} names(["features", "edge_values", "order"])
func.func @run_time(%pos: tensor<4xi32>, %idx: tensor<?xi32>, %x: tensor<2x16xf32>, %v: tensor<?xf32>)
    -> (tensor<3x16xf32>, tensor<2x16xf32>) {
  %a = spnn.assemble %pos, %idx : (tensor<4xi32>, tensor<?xi32>) -> tensor<3x2xi1, #spnn.adjacency>
  %t, %order = spnn.transpose %a : tensor<3x2xi1, #spnn.adjacency> -> tensor<2x3xi1, #spnn.adjacency>, tensor<?xi32>
  %y = spnn.aggregate mean %a, %x : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x16xf32>) -> tensor<3x16xf32>
  %z = spnn.aggregate sum %t, %y edge_values(%v : tensor<?xf32>) order(%order : tensor<?xi32>)
      : (tensor<2x3xi1, #spnn.adjacency>, tensor<3x16xf32>) -> tensor<2x16xf32>
  return %y, %z : tensor<3x16xf32>, tensor<2x16xf32>
}

// -----

// Bias, ReLU and dropout are the kernel's; what another op reads too is not.
// CHECK-LABEL: func @epilogue
// CHECK-SAME: %[[X:.*]]: tensor<2x16xf32>, %[[B:.*]]: tensor<16xf32>, %[[SEED:.*]]: i64
// CHECK: spnn.kernel_graph "spmm" {{.*}} ins(%[[X]], %[[B]], %[[SEED]] : {{.*}} names(["features", "bias", "seed"]) {{.*}} activation(relu) parameters({mean = 0 : i64, prefetch = 0 : i64, rate = 5.000000e-01 : f64, stream = 2 : i64})
// CHECK-NOT: linalg.generic
// CHECK-NOT: spnn.dropout
// CHECK: spnn.kernel_graph "spmm" {{.*}} names(["features"]) {{.*}} parameters({mean = 0 : i64, prefetch = 0 : i64})
// CHECK: arith.maximumf
#id = affine_map<(i, j) -> (i, j)>
func.func @epilogue(%x: tensor<2x16xf32>, %b: tensor<16xf32>, %seed: i64)
    -> (tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>) {
  %a = spnn.constant {positions = dense<[0, 1, 2]> : tensor<3xi32>, indices = dense<[1, 0]> : tensor<2xi32>}
      : tensor<2x2xi1, #spnn.adjacency>
  %y = spnn.aggregate sum %a, %x : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x16xf32>) -> tensor<2x16xf32>
  %e = tensor.empty() : tensor<2x16xf32>
  %z = linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (j)>, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y, %b : tensor<2x16xf32>, tensor<16xf32>) outs(%e : tensor<2x16xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %0 = arith.addf %p, %q : f32
    linalg.yield %0 : f32
  } -> tensor<2x16xf32>
  %zero = arith.constant dense<0.0> : tensor<2x16xf32>
  %r = arith.maximumf %z, %zero : tensor<2x16xf32>
  %d = spnn.dropout %r seed(%seed) rate(0.5) stream(2) : tensor<2x16xf32>
  %u = spnn.aggregate sum %a, %d : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x16xf32>) -> tensor<2x16xf32>
  %v = arith.maximumf %u, %zero : tensor<2x16xf32>
  return %d, %u, %v : tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>
}

// -----

// A matrix that is no broadcast row is no bias, and a maximum that drops NaN is no ReLU of kernels.
// CHECK-LABEL: func @no_epilogue
// CHECK: spnn.kernel_graph "spmm" {{.*}} names(["features"]) {{.*}} outs(%{{.*}} : tensor<2x16xf32>) parameters
// CHECK: arith.addf
// CHECK: spnn.kernel_graph "spmm" {{.*}} names(["features"]) {{.*}} outs(%{{.*}} : tensor<2x16xf32>) parameters
// CHECK: arith.maxnumf
func.func @no_epilogue(%x: tensor<2x16xf32>, %m: tensor<2x16xf32>) -> tensor<2x16xf32> {
  %a = spnn.constant {positions = dense<[0, 1, 2]> : tensor<3xi32>, indices = dense<[1, 0]> : tensor<2xi32>}
      : tensor<2x2xi1, #spnn.adjacency>
  %y = spnn.aggregate sum %a, %x : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x16xf32>) -> tensor<2x16xf32>
  %z = arith.addf %y, %m : tensor<2x16xf32>
  %u = spnn.aggregate sum %a, %z : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x16xf32>) -> tensor<2x16xf32>
  %zero = arith.constant dense<0.0> : tensor<2x16xf32>
  %v = arith.maxnumf %u, %zero : tensor<2x16xf32>
  return %v : tensor<2x16xf32>
}

// -----

// Each op has its kernel.
// CHECK-LABEL: func @all
// CHECK: spnn.kernel_graph "spmm-max" {{.*}} parameters({minimum = 1 : i64, prefetch = 0 : i64})
// CHECK: spnn.kernel_graph "scatter-winners" {{.*}} names(["winners", "gradient"])
// CHECK: spnn.kernel_graph "sddmm" {{.*}} names(["rows", "columns"]) outs(%{{.*}} : tensor<2x4xf32>)
// CHECK: spnn.kernel_graph "sddmm-add"
// CHECK: spnn.kernel_graph "edge-softmax" {{.*}} names(["values"])
// CHECK: spnn.kernel_graph "edge-softmax-backward" {{.*}} names(["probabilities", "gradient"])
// CHECK: spnn.kernel_graph "degree"
func.func @all(%x: tensor<2x16xf32>) -> (tensor<2x16xf32>, tensor<2x4xf32>, tensor<2x16xf32>, tensor<2xf32>) {
  %a = spnn.constant {positions = dense<[0, 1, 2]> : tensor<3xi32>, indices = dense<[1, 0]> : tensor<2xi32>}
      : tensor<2x2xi1, #spnn.adjacency>
  %y, %w = spnn.aggregate min %a, %x
      : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x16xf32>) -> tensor<2x16xf32>, tensor<2x16xi32>
  %s = spnn.scatter_winners %a, %w, %x
      : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x16xi32>, tensor<2x16xf32>) -> tensor<2x16xf32>
  %v = spnn.sddmm dot %a, %x, %x : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x16xf32>, tensor<2x16xf32>) -> tensor<2x4xf32>
  %u = spnn.sddmm add %a, %x, %s : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x16xf32>, tensor<2x16xf32>) -> tensor<2x16xf32>
  %p = spnn.edge_softmax %a, %u : tensor<2x2xi1, #spnn.adjacency>, tensor<2x16xf32>
  %g = spnn.edge_softmax_backward %a, %p, %u : tensor<2x2xi1, #spnn.adjacency>, tensor<2x16xf32>
  %d = spnn.degree %a : tensor<2x2xi1, #spnn.adjacency> -> tensor<2xf32>
  return %s, %v, %g, %d : tensor<2x16xf32>, tensor<2x4xf32>, tensor<2x16xf32>, tensor<2xf32>
}

// -----

// Losses have no graph.
// CHECK-LABEL: func @losses
// CHECK: spnn.kernel_graph "loss" graph(5 x 7) ins({{.*}}) names(["predictions", "targets", "mask"]) outs(%{{.*}}, %{{.*}} : tensor<f32>, tensor<128xf64>) parameters({kind = 0 : i64})
// CHECK: spnn.kernel_graph "loss-backward" graph(5 x 7) ins({{.*}}) names(["predictions", "targets", "gradient"]) outs(%{{.*}} : tensor<5x7xf32>) parameters({kind = 2 : i64})
func.func @losses(%p: tensor<5x7xf32>, %t: tensor<5xi32>, %m: tensor<5xi1>, %g: tensor<f32>) -> (tensor<f32>, tensor<5x7xf32>) {
  %l = spnn.loss cross_entropy %p, %t mask(%m : tensor<5xi1>) : tensor<5x7xf32>, tensor<5xi32> -> tensor<f32>
  %d = spnn.loss_backward mean_squared %p, %p, %g : tensor<5x7xf32>, tensor<5x7xf32>, tensor<f32>
  return %l, %d : tensor<f32>, tensor<5x7xf32>
}

// -----

func.func @argument(%a: tensor<2x2xi1, #spnn.adjacency>, %x: tensor<2x16xf32>) -> tensor<2x16xf32> {
  // expected-error @+1 {{works on a graph that no spnn.constant, spnn.assemble or spnn.transpose in its function made: storage cannot be found}}
  %y = spnn.aggregate sum %a, %x : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x16xf32>) -> tensor<2x16xf32>
  return %y : tensor<2x16xf32>
}

// -----

func.func @heads(%x: tensor<2x16xf32>) -> tensor<2x?xf32> {
  %a = spnn.constant {positions = dense<[0, 1, 2]> : tensor<3xi32>, indices = dense<[1, 0]> : tensor<2xi32>}
      : tensor<2x2xi1, #spnn.adjacency>
  // expected-error @+1 {{needs a number of heads that is known when compiling, got 'tensor<2x?xf32>'}}
  %v = spnn.sddmm dot %a, %x, %x : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x16xf32>, tensor<2x16xf32>) -> tensor<2x?xf32>
  return %v : tensor<2x?xf32>
}
