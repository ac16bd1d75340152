// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-differentiate{function=f mode=gradients})' %s --split-input-file | FileCheck %s

// The example of the documentation: the forward pass, what is kept of it, and the backward pass. The result of relu is kept,
// which the loss reads anyway, and not what relu was applied to.
// CHECK-LABEL: func @f_gradients
// CHECK-SAME: %[[W:[^:]+]]: tensor<4x2xf32> {spnn.name = "w", spnn.parameter}, %[[X:[^:]+]]: tensor<3x4xf32> {spnn.name = "x"}, %[[T:[^:]+]]: tensor<3xi32>
// CHECK-SAME: -> (tensor<f32> {spnn.name = "out0"}, tensor<4x2xf32> {spnn.name = "grad:w"})
func.func @f(%w: tensor<4x2xf32> {spnn.parameter, spnn.name = "w"}, %x: tensor<3x4xf32> {spnn.name = "x"},
             %t: tensor<3xi32> {spnn.name = "t"}) -> tensor<f32> {
  // CHECK: %[[P:.*]] = spnn.matmul %[[X]], %[[W]]
  // CHECK-NOT: activation
  // CHECK: %[[Y:.*]] = linalg.generic {{.*}} ins(%[[P]] :
  // CHECK: arith.maximumf
  // CHECK: %[[L:.*]] = spnn.loss cross_entropy %[[Y]], %[[T]]
  // CHECK-NEXT: %[[S:.*]] = spnn.save %[[Y]]
  // CHECK-NOT: spnn.save
  // CHECK: %[[ONE:.*]] = arith.constant dense<1.000000e+00> : tensor<f32>
  // CHECK: %[[DY:.*]] = spnn.loss_backward cross_entropy %[[S]], %[[T]], %[[ONE]]
  // CHECK: %[[DP:.*]] = linalg.generic {{.*}} ins(%[[DY]], %[[S]] :
  // CHECK: arith.cmpf ogt
  // CHECK: %[[DW:.*]] = spnn.matmul %[[X]], %[[DP]] {transpose_lhs}
  // CHECK-NOT: spnn.matmul
  // CHECK: return %[[L]], %[[DW]]
  %y = spnn.matmul %x, %w activation(relu) : (tensor<3x4xf32>, tensor<4x2xf32>) -> tensor<3x2xf32>
  %l = spnn.loss cross_entropy %y, %t : tensor<3x2xf32>, tensor<3xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

// Without a loss each result of floats brings its gradient, and without parameters all floats are differentiated.
// CHECK-LABEL: func @f_gradients
// CHECK-SAME: %[[X:[^:]+]]: tensor<4xf32> {spnn.name = "in0"}, %{{.*}}: tensor<4xi32> {spnn.name = "in1"}, %[[G:[^:]+]]: tensor<4xf32> {spnn.name = "grad:out0", spnn.seed})
// CHECK-SAME: -> (tensor<4xf32> {spnn.name = "out0"}, tensor<4xi32> {spnn.name = "out1"}, tensor<4xf32> {spnn.name = "grad:in0"})
func.func @f(%x: tensor<4xf32>, %i: tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi32>) {
  // CHECK: %[[Y:.*]] = math.exp %[[X]]
  // CHECK: %[[S:.*]] = spnn.save %[[Y]]
  // CHECK: %[[DX:.*]] = linalg.generic {{.*}} ins(%[[G]], %[[S]] :
  // CHECK: arith.mulf
  // CHECK: return %[[Y]], %{{.*}}, %[[DX]]
  %y = math.exp %x : tensor<4xf32>
  return %y, %i : tensor<4xf32>, tensor<4xi32>
}

// -----

// An aggregation goes back along the transposed graph, with its scales exchanged; the graph is not saved.
// CHECK-LABEL: func @f_gradients
func.func @f(%x: tensor<2x8xf32> {spnn.parameter}, %s: tensor<3xf32>, %r: tensor<2xf32>) -> tensor<3x8xf32> {
  // CHECK-SAME: %[[X:[^:]+]]: tensor<2x8xf32> {{.*}}, %[[S:[^:]+]]: tensor<3xf32> {{.*}}, %[[R:[^:]+]]: tensor<2xf32> {{.*}}, %[[G:[^:]+]]: tensor<3x8xf32>
  // CHECK: %[[A:.*]] = spnn.constant
  // CHECK-NOT: spnn.save
  // CHECK: %[[AT:.*]], %{{.*}} = spnn.transpose %[[A]]
  // CHECK: spnn.aggregate sum %[[AT]], %[[G]] row_scales(%[[R]] : tensor<2xf32>) column_scales(%[[S]] : tensor<3xf32>)
  %a = spnn.constant {positions = dense<[0, 2, 2, 4]> : tensor<4xi32>, indices = dense<[0, 1, 0, 1]> : tensor<4xi32>}
      : tensor<3x2xi1, #spnn.adjacency>
  %y = spnn.aggregate sum %a, %x row_scales(%s : tensor<3xf32>) column_scales(%r : tensor<2xf32>)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>) -> tensor<3x8xf32>
  return %y : tensor<3x8xf32>
}

// -----

// The gradient of edge values lives on the edges, and that of features reads them through the order of the transpose.
// CHECK-LABEL: func @f_gradients
func.func @f(%p: tensor<4xi32>, %i: tensor<4xi32>, %x: tensor<2x8xf32> {spnn.parameter},
             %v: tensor<4xf32> {spnn.parameter}) -> tensor<3x8xf32> {
  // CHECK: %[[A:.*]] = spnn.assemble
  // CHECK: %[[AT:.*]], %[[ORDER:.*]] = spnn.transpose %[[A]]
  // CHECK: %[[DX:.*]] = spnn.aggregate sum %[[AT]], %[[G:.*]] edge_values(%[[V:.*]] : tensor<4xf32>) order(%[[ORDER]] : tensor<4xi32>)
  // CHECK: %[[DV:.*]] = spnn.sddmm dot %[[A]], %[[G]], %{{.*}} -> tensor<4xf32>
  // CHECK: return %{{.*}}, %[[DX]], %[[DV]]
  %a = spnn.assemble %p, %i : (tensor<4xi32>, tensor<4xi32>) -> tensor<3x2xi1, #spnn.adjacency>
  %y = spnn.aggregate sum %a, %x edge_values(%v : tensor<4xf32>)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>) -> tensor<3x8xf32>
  return %y : tensor<3x8xf32>
}

// -----

// X^T (X w): what was aggregated through a transposed graph goes back along the graph itself.
// CHECK-LABEL: func @f_gradients
func.func @f(%x: tensor<3x8xf32> {spnn.parameter}, %v: tensor<4xf32>) -> tensor<2x8xf32> {
  // CHECK: %[[A:.*]] = spnn.constant
  // CHECK: spnn.transpose %[[A]]
  // CHECK-NOT: spnn.transpose
  // CHECK: spnn.aggregate sum %[[A]], %{{.*}} edge_values(%{{.*}} : tensor<4xf32>) : (tensor<3x2xi1
  %a = spnn.constant {positions = dense<[0, 2, 2, 4]> : tensor<4xi32>, indices = dense<[0, 1, 0, 1]> : tensor<4xi32>}
      : tensor<3x2xi1, #spnn.adjacency>
  %t, %order = spnn.transpose %a : tensor<3x2xi1, #spnn.adjacency> -> tensor<2x3xi1, #spnn.adjacency>, tensor<4xi32>
  %y = spnn.aggregate sum %t, %x edge_values(%v : tensor<4xf32>) order(%order : tensor<4xi32>)
      : (tensor<2x3xi1, #spnn.adjacency>, tensor<3x8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

// A maximum over neighbours returns its winners, which are kept.
// CHECK-LABEL: func @f_gradients
func.func @f(%x: tensor<2x8xf32> {spnn.parameter}) -> tensor<3x8xf32> {
  // CHECK: %[[Y:.*]], %[[W:.*]] = spnn.aggregate max {{.*}} -> tensor<3x8xf32>, tensor<3x8xi32>
  // CHECK: %[[S:.*]] = spnn.save %[[W]] : tensor<3x8xi32>
  // CHECK: spnn.scatter_winners %{{.*}}, %[[S]], %{{.*}}
  %a = spnn.constant {positions = dense<[0, 2, 2, 4]> : tensor<4xi32>, indices = dense<[0, 1, 0, 1]> : tensor<4xi32>}
      : tensor<3x2xi1, #spnn.adjacency>
  %y = spnn.aggregate max %a, %x : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>) -> tensor<3x8xf32>
  return %y : tensor<3x8xf32>
}

// -----

// Attention keeps its output and a logarithm of a sum a row, and nothing of the edges.
// CHECK-LABEL: func @f_gradients
func.func @f(%x: tensor<2x8xf32> {spnn.parameter}, %r: tensor<2x2xf32> {spnn.parameter},
             %c: tensor<2x2xf32> {spnn.parameter}, %seed: i64) -> tensor<2x8xf32> {
  // CHECK: %[[O:.*]], %[[LSE:.*]] = spnn.graph_attention gat
  // CHECK-DAG: %[[SO:.*]] = spnn.save %[[O]] : tensor<2x8xf32>
  // CHECK-DAG: %[[SL:.*]] = spnn.save %[[LSE]] : tensor<2x2xf32>
  // CHECK-NOT: spnn.save
  // CHECK: spnn.graph_attention_backward gat {{.*}} output(%[[SO]]) logsumexp(%[[SL]]) gradient(%{{.*}}) seed(%{{.*}}) heads(2) slope(0.000000e+00) rate(5.000000e-01) stream(7)
  %a = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 1, 1]> : tensor<3xi32>}
      : tensor<2x2xi1, #spnn.adjacency>
  %o, %lse = spnn.graph_attention gat %a, %x, %r, %c seed(%seed) heads(2) slope(0.0) rate(0.5) stream(7)
      : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x8xf32>, tensor<2x2xf32>, tensor<2x2xf32>)
      -> (tensor<2x8xf32>, tensor<2x2xf32>)
  return %o : tensor<2x8xf32>
}

// -----

// The mask of dropout is made again: nothing is kept.
// CHECK-LABEL: func @f_gradients
func.func @f(%x: tensor<4xf32> {spnn.parameter}, %seed: i64) -> tensor<4xf32> {
  // CHECK-SAME: %[[SEED:[^:]+]]: i64 {{.*}}, %[[G:[^:]+]]: tensor<4xf32>
  // CHECK-NOT: spnn.save
  // CHECK: spnn.dropout %[[G]] seed(%[[SEED]]) rate(5.000000e-01) stream(3)
  %y = spnn.dropout %x seed(%seed) rate(0.5) stream(3) : tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// Products of linalg stay products, which read their operands transposed.
// CHECK-LABEL: func @f_gradients
func.func @f(%x: tensor<3x4xf32> {spnn.parameter}, %w: tensor<4x5xf32> {spnn.parameter}) -> tensor<3x5xf32> {
  // CHECK-SAME: %[[X:[^:]+]]: tensor<3x4xf32> {{.*}}, %[[W:[^:]+]]: tensor<4x5xf32> {{.*}}, %[[G:[^:]+]]: tensor<3x5xf32>
  // CHECK: linalg.matmul indexing_maps = [#[[$LEFT:.*]], #[[$TURNED:.*]], #[[$OUT:.*]]] ins(%[[G]], %[[W]] :
  // CHECK: linalg.matmul indexing_maps = [{{.*}}] ins(%[[X]], %[[G]] :
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x5xf32>
  %i = linalg.fill ins(%z : f32) outs(%e : tensor<3x5xf32>) -> tensor<3x5xf32>
  %y = linalg.matmul ins(%x, %w : tensor<3x4xf32>, tensor<4x5xf32>) outs(%i : tensor<3x5xf32>) -> tensor<3x5xf32>
  return %y : tensor<3x5xf32>
}

// -----

// Gradients that meet are added, a gradient that passes unchanged is no op, and one that nobody asked for is not computed.
// CHECK-LABEL: func @f_gradients
func.func @f(%x: tensor<4xf32> {spnn.parameter}, %y: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-SAME: %[[G:[^:]+]]: tensor<4xf32> {spnn.name = "grad:out0", spnn.seed}
  // CHECK: %[[DX:.*]] = linalg.generic
  // CHECK: arith.mulf
  // CHECK-NOT: linalg.generic
  // CHECK: arith.addf %[[G]], %[[DX]] : tensor<4xf32>
  %p = arith.mulf %x, %y : tensor<4xf32>
  %s = arith.addf %p, %x : tensor<4xf32>
  return %s : tensor<4xf32>
}

// -----

// The extents of a value are taken in the forward pass, so the value itself is not kept.
// CHECK-LABEL: func @f_gradients
func.func @f(%x: tensor<?x4xf32> {spnn.parameter}) -> tensor<?xf32> {
  // CHECK: %[[E:.*]] = math.exp
  // CHECK: tensor.collapse_shape
  // CHECK: tensor.dim %[[E]]
  // CHECK: spnn.save %[[E]]
  // CHECK: tensor.expand_shape
  %e = math.exp %x : tensor<?x4xf32>
  %y = tensor.collapse_shape %e [[0, 1]] : tensor<?x4xf32> into tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

// A gradient that is zero is made only where it is returned.
// CHECK-LABEL: func @f_gradients
func.func @f(%x: tensor<4xf32> {spnn.parameter}, %y: tensor<4xf32> {spnn.parameter}) -> tensor<4xf32> {
  // CHECK: %[[ZERO:.*]] = linalg.fill
  // CHECK: return %{{.*}}, %{{.*}}, %[[ZERO]]
  %e = math.exp %x : tensor<4xf32>
  return %e : tensor<4xf32>
}
