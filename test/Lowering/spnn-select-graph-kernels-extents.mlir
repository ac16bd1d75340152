// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-select-graph-kernels)' %s --split-input-file | FileCheck %s

// Where types prove all extents nothing is checked.
// CHECK-LABEL: func @static
// CHECK-NOT: spnn.stop
// CHECK-NOT: arith.cmpi
// CHECK: return
func.func @static(%pos: tensor<4xi32>, %idx: tensor<4xi32>, %x: tensor<2x4xf32>, %s: tensor<3xf32>, %v: tensor<4x2xf32>,
                  %r: tensor<3x2xf32>, %l: tensor<2x2xf32>, %t: tensor<3xi32>)
    -> (tensor<2x4xf32>, tensor<4xf32>, tensor<3x4xf32>, tensor<f32>) {
  %a = spnn.assemble %pos, %idx : (tensor<4xi32>, tensor<4xi32>) -> tensor<3x2xi1, #spnn.adjacency>
  %u, %order = spnn.transpose %a : tensor<3x2xi1, #spnn.adjacency> -> tensor<2x3xi1, #spnn.adjacency>, tensor<4xi32>
  %y = spnn.aggregate sum %a, %x edge_values(%v : tensor<4x2xf32>) row_scales(%s : tensor<3xf32>)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x4xf32>) -> tensor<3x4xf32>
  %z = spnn.aggregate sum %u, %y edge_values(%v : tensor<4x2xf32>) order(%order : tensor<4xi32>)
      : (tensor<2x3xi1, #spnn.adjacency>, tensor<3x4xf32>) -> tensor<2x4xf32>
  %e = spnn.sddmm dot %a, %y, %x : (tensor<3x2xi1, #spnn.adjacency>, tensor<3x4xf32>, tensor<2x4xf32>) -> tensor<4xf32>
  %p = spnn.edge_softmax %a, %e : tensor<3x2xi1, #spnn.adjacency>, tensor<4xf32>
  %o, %lse = spnn.graph_attention gat %a, %x, %r, %l heads(2)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x4xf32>, tensor<3x2xf32>, tensor<2x2xf32>)
      -> (tensor<3x4xf32>, tensor<3x2xf32>)
  %loss = spnn.loss cross_entropy %o, %t : tensor<3x4xf32>, tensor<3xi32> -> tensor<f32>
  return %z, %p, %o, %loss : tensor<2x4xf32>, tensor<4xf32>, tensor<3x4xf32>, tensor<f32>
}

// -----

// One comparison an extent, in front of the kernel, against the storage that the kernel follows.
// CHECK-LABEL: func @dynamic
// CHECK-SAME: %[[POS:[a-z0-9]+]]: tensor<?xi32>, %[[IDX:[a-z0-9]+]]: tensor<?xi32>, %[[N:[a-z0-9]+]]: index, %[[X:[a-z0-9]+]]: tensor<?x4xf32>, %[[V:[a-z0-9]+]]: tensor<?xf32>
// CHECK: %[[CHECKED:.*]] = spnn.kernel_graph "assemble"
// CHECK-DAG: %[[GIVEN:.*]] = tensor.dim %[[POS]], %{{.*}} : tensor<?xi32>
// CHECK: arith.cmpi slt, %{{.*}}, %c1
// CHECK: spnn.stop "'spnn.assemble' op must have positions, got {} (
// CHECK: arith.cmpi slt, %[[N]], %c0
// CHECK: spnn.stop "'spnn.assemble' op columns must not be negative, got {} (
// CHECK: %[[COUNT:.*]] = tensor.dim %[[X]], %{{.*}} : tensor<?x4xf32>
// CHECK: %[[DIFFER:.*]] = arith.cmpi ne, %[[COUNT]], %[[N]] : index
// CHECK: spnn.stop "'spnn.aggregate' op features must have a row for each column of the graph, got {} and {} ({{.*}}.mlir:{{[0-9]+}})" if %[[DIFFER]] numbers(%[[COUNT]], %[[N]])
// CHECK: spnn.stop "'spnn.aggregate' op edge_values must have a row for each edge of the graph, got {} and {} (
// CHECK: spnn.kernel_graph "spmm"
func.func @dynamic(%pos: tensor<?xi32>, %idx: tensor<?xi32>, %n: index, %x: tensor<?x4xf32>, %v: tensor<?xf32>) -> tensor<?x4xf32> {
  %a = spnn.assemble %pos, %idx columns %n : (tensor<?xi32>, tensor<?xi32>) -> tensor<?x?xi1, #spnn.adjacency>
  %y = spnn.aggregate sum %a, %x edge_values(%v : tensor<?xf32>)
      : (tensor<?x?xi1, #spnn.adjacency>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// What the same value proves is not checked: the graph's number of columns is the features' of rows.
// CHECK-LABEL: func @same_value
// CHECK: spnn.kernel_graph "assemble"
// CHECK-NOT: op features must
// CHECK: spnn.kernel_graph "spmm"
func.func @same_value(%pos: tensor<4xi32>, %idx: tensor<?xi32>, %x: tensor<?x4xf32>) -> tensor<3x4xf32> {
  %zero = arith.constant 0 : index
  %n = tensor.dim %x, %zero : tensor<?x4xf32>
  %a = spnn.assemble %pos, %idx columns %n : (tensor<4xi32>, tensor<?xi32>) -> tensor<3x?xi1, #spnn.adjacency>
  %y = spnn.aggregate sum %a, %x : (tensor<3x?xi1, #spnn.adjacency>, tensor<?x4xf32>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// -----

// An order of a transposition or a constant in range is one; another's entries are looked at when the model runs.
// CHECK-LABEL: func @orders
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<2x4xf32>, %[[V:[a-z0-9]+]]: tensor<2xf32>, %[[GIVEN:[a-z0-9]+]]: tensor<2xi32>
// CHECK-NOT: "check-order"
// CHECK: spnn.kernel_graph "spmm"
// CHECK: %[[CHECKED:.*]] = spnn.kernel_graph "check-order" graph(0 x 0) ins(%[[GIVEN]] : tensor<2xi32>) names(["order"])
// CHECK: spnn.kernel_graph "spmm" {{.*}} ins(%{{.*}}, %[[V]], %[[CHECKED]] :
// CHECK: spnn.kernel_graph "check-order" graph(0 x 0) ins(%{{.*}} : tensor<2xi32>)
// CHECK: spnn.kernel_graph "sddmm"
func.func @orders(%x: tensor<2x4xf32>, %v: tensor<2xf32>, %given: tensor<2xi32>) -> (tensor<2x4xf32>, tensor<2xf32>) {
  %a = spnn.constant {positions = dense<[0, 1, 2]> : tensor<3xi32>, indices = dense<[1, 0]> : tensor<2xi32>}
      : tensor<2x2xi1, #spnn.adjacency>
  %right = arith.constant dense<[1, 0]> : tensor<2xi32>
  %wrong = arith.constant dense<[2, 0]> : tensor<2xi32>
  %y = spnn.aggregate sum %a, %x edge_values(%v : tensor<2xf32>) order(%right : tensor<2xi32>)
      : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %z = spnn.aggregate sum %a, %y edge_values(%v : tensor<2xf32>) order(%given : tensor<2xi32>)
      : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %e = spnn.sddmm dot %a, %x, %z order(%wrong : tensor<2xi32>)
      : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2xf32>
  return %z, %e : tensor<2x4xf32>, tensor<2xf32>
}

// -----

// A transposed graph that comes from elsewhere must be one by its extents.
// CHECK-LABEL: func @other_transposed
// CHECK: spnn.stop "'spnn.graph_attention_backward' op transposed must have a row for each column of the graph, got {} and {}
// CHECK: spnn.stop "'spnn.graph_attention_backward' op transposed must have an edge for each edge of the graph, got {} and {}
// CHECK: spnn.kernel_graph "attention-backward"
func.func @other_transposed(%x: tensor<2x4xf32>, %r: tensor<3x1xf32>, %l: tensor<2x1xf32>, %y: tensor<3x4xf32>, %z: tensor<3x1xf32>,
                            %o: tensor<?xi32>, %pos: tensor<?xi32>, %idx: tensor<?xi32>)
    -> (tensor<2x4xf32>, tensor<3x1xf32>, tensor<2x1xf32>) {
  %a = spnn.constant {positions = dense<[0, 2, 2, 4]> : tensor<4xi32>, indices = dense<[0, 1, 0, 1]> : tensor<4xi32>}
      : tensor<3x2xi1, #spnn.adjacency>
  %t = spnn.assemble %pos, %idx : (tensor<?xi32>, tensor<?xi32>) -> tensor<?x3xi1, #spnn.adjacency>
  %dx, %dr, %dl = spnn.graph_attention_backward gat %a, %t, %o, %x, %r, %l output(%y) logsumexp(%z) gradient(%y) heads(1)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<?x3xi1, #spnn.adjacency>, tensor<?xi32>, tensor<2x4xf32>, tensor<3x1xf32>, tensor<2x1xf32>,
      tensor<3x4xf32>, tensor<3x1xf32>, tensor<3x4xf32>) -> (tensor<2x4xf32>, tensor<3x1xf32>, tensor<2x1xf32>)
  return %dx, %dr, %dl : tensor<2x4xf32>, tensor<3x1xf32>, tensor<2x1xf32>
}

// -----

// A bias that the kernel absorbs is read by it too.
// CHECK-LABEL: func @bias
// CHECK: spnn.stop "'spnn.aggregate' op bias must have an element for each column of features, got {} and {}
// CHECK: spnn.kernel_graph "spmm" {{.*}} names(["features", "bias"])
#id = affine_map<(i, j) -> (i, j)>
func.func @bias(%x: tensor<2x?xf32>, %b: tensor<?xf32>, %e: tensor<2x?xf32>) -> tensor<2x?xf32> {
  %a = spnn.constant {positions = dense<[0, 1, 2]> : tensor<3xi32>, indices = dense<[1, 0]> : tensor<2xi32>}
      : tensor<2x2xi1, #spnn.adjacency>
  %y = spnn.aggregate sum %a, %x : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x?xf32>) -> tensor<2x?xf32>
  %z = linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (j)>, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y, %b : tensor<2x?xf32>, tensor<?xf32>) outs(%e : tensor<2x?xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %0 = arith.addf %p, %q : f32
    linalg.yield %0 : f32
  } -> tensor<2x?xf32>
  return %z : tensor<2x?xf32>
}
