// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-reorder-operators)' --split-input-file %s 2>/dev/null | FileCheck %s
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-reorder-operators{order=coefficients})' --split-input-file %s 2>/dev/null | FileCheck %s --check-prefix=COEFFICIENTS
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-reorder-operators{order=nothing,logsumexp+features-again})' --split-input-file %s 2>/dev/null | FileCheck %s --check-prefix=AGAIN
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-reorder-operators{max-saved-bytes=100})' --split-input-file %s 2>/dev/null | FileCheck %s --check-prefix=BUDGET
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-reorder-operators{order=logsumexp+features-again},cse,spnn-fold-saves,cse)' --split-input-file %s 2>/dev/null | FileCheck %s --check-prefix=TWICE
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-reorder-operators{order=scores-of-weights})' --split-input-file %s 2>/dev/null | FileCheck %s --check-prefix=SCORES
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-reorder-operators{order=scores-of-features})' --split-input-file %s 2>/dev/null | FileCheck %s --check-prefix=FEATURES

// Coefficients are made again from one number for each row and head; all schemes are listed.
// CHECK-LABEL: func.func @gat
// CHECK-SAME: candidates = [{order = "logsumexp", {{[^}]*}} products = ["gat of 4 nodes, 2 heads of 2"], saved_bytes = 96
// CHECK-SAME: order = "logsumexp+features-again", {{[^}]*}} saved_bytes = 32
// CHECK-SAME: order = "coefficients", {{[^}]*}} saved_bytes = 160
// CHECK-SAME: order = "coefficients+features-again", {{[^}]*}} saved_bytes = 96
// CHECK-SAME: }], order = "logsumexp"
// CHECK-NOT: coefficients(

// Kept coefficients are a result of the forward op, saved where the backward pass begins.
// COEFFICIENTS-LABEL: func.func @gat
// COEFFICIENTS: %{{.*}}, %{{.*}}, %[[P:.*]] = spnn.graph_attention gat
// COEFFICIENTS: %[[KEPT:.*]] = spnn.save %[[P]] : tensor<8x2xf32>
// COEFFICIENTS: spnn.graph_attention_backward {{.*}} coefficients(%[[KEPT]] : tensor<8x2xf32>)

// Features that are a product need not be kept: the backward pass has its operands. `order` is a list, of which each group
// takes what it knows.
// AGAIN-LABEL: func.func @gat
// AGAIN: %[[H:.*]] = spnn.matmul %arg0, %arg1
// AGAIN-NOT: spnn.save %[[H]]
// AGAIN: %[[X:.*]] = spnn.save %arg0 opaque
// AGAIN: %[[W:.*]] = spnn.save %arg1 opaque
// AGAIN: %[[HAGAIN:.*]] = spnn.matmul %[[X]], %[[W]]
// AGAIN: spnn.graph_attention_backward gat %{{.*}}, %{{.*}}, %{{.*}}, %[[HAGAIN]],

// What lies between them and the budget: 96 bytes, and 64 of the output.
// BUDGET-LABEL: func.func @gat
// BUDGET-SAME: }], order = "logsumexp+features-again", {{[^}]*}} saved_bytes = 32 : i64}]

// What is computed again stays so: CSE does not find the first computation in it.
// TWICE-LABEL: func.func @gat
// TWICE-COUNT-2: tensor<6x4xf32>) -> tensor<4x4xf32>
// TWICE: spnn.graph_attention_backward
func.func @gat(%x: tensor<4x6xf32>, %w: tensor<6x4xf32>, %r: tensor<4x2xf32>, %c: tensor<4x2xf32>,
               %g: tensor<4x4xf32> {spnn.seed}) -> (tensor<4x4xf32>, tensor<6x4xf32>, tensor<4x2xf32>, tensor<4x2xf32>) {
  %s = spnn.constant {positions = dense<[0, 2, 4, 6, 8]> : tensor<5xi32>, indices = dense<[0, 2, 1, 2, 0, 2, 2, 3]> : tensor<8xi32>}
      : tensor<4x4xi1, #spnn.adjacency>
  %h = spnn.matmul %x, %w : (tensor<4x6xf32>, tensor<6x4xf32>) -> tensor<4x4xf32>
  %o, %lse = spnn.graph_attention gat %s, %h, %r, %c heads(2)
      : (tensor<4x4xi1, #spnn.adjacency>, tensor<4x4xf32>, tensor<4x2xf32>, tensor<4x2xf32>) -> (tensor<4x4xf32>, tensor<4x2xf32>)
  %h2 = spnn.save %h : tensor<4x4xf32>
  %o2 = spnn.save %o : tensor<4x4xf32>
  %lse2 = spnn.save %lse : tensor<4x2xf32>
  %t, %order = spnn.transpose %s : tensor<4x4xi1, #spnn.adjacency> -> tensor<4x4xi1, #spnn.adjacency>, tensor<8xi32>
  %dh, %dr, %dc = spnn.graph_attention_backward gat %s, %t, %order, %h2, %r, %c output(%o2) logsumexp(%lse2) gradient(%g)
      heads(2) : (tensor<4x4xi1, #spnn.adjacency>, tensor<4x4xi1, #spnn.adjacency>, tensor<8xi32>, tensor<4x4xf32>,
      tensor<4x2xf32>, tensor<4x2xf32>, tensor<4x4xf32>, tensor<4x2xf32>, tensor<4x4xf32>)
      -> (tensor<4x4xf32>, tensor<4x2xf32>, tensor<4x2xf32>)
  %dw = spnn.matmul %x, %dh {transpose_lhs} : (tensor<4x6xf32>, tensor<4x4xf32>) -> tensor<6x4xf32>
  return %o, %dw, %dr, %dc : tensor<4x4xf32>, tensor<6x4xf32>, tensor<4x2xf32>, tensor<4x2xf32>
}

// -----

// Features that the program is given cost nothing to keep, so nothing is gained by computing them again.
// CHECK-LABEL: func.func @given
// CHECK-SAME: spnn.orders = [{candidates = [{order = "logsumexp", {{[^}]*}}}, {order = "coefficients", {{[^}]*}}}], order = "logsumexp"
func.func @given(%h: tensor<4x4xf32>, %r: tensor<4x2xf32>, %c: tensor<4x2xf32>, %g: tensor<4x4xf32> {spnn.seed})
    -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  %s = spnn.constant {positions = dense<[0, 2, 4, 6, 8]> : tensor<5xi32>, indices = dense<[0, 2, 1, 2, 0, 2, 2, 3]> : tensor<8xi32>}
      : tensor<4x4xi1, #spnn.adjacency>
  %o, %lse = spnn.graph_attention gat %s, %h, %r, %c heads(2)
      : (tensor<4x4xi1, #spnn.adjacency>, tensor<4x4xf32>, tensor<4x2xf32>, tensor<4x2xf32>) -> (tensor<4x4xf32>, tensor<4x2xf32>)
  %o2 = spnn.save %o : tensor<4x4xf32>
  %lse2 = spnn.save %lse : tensor<4x2xf32>
  %t, %order = spnn.transpose %s : tensor<4x4xi1, #spnn.adjacency> -> tensor<4x4xi1, #spnn.adjacency>, tensor<8xi32>
  %dh, %dr, %dc = spnn.graph_attention_backward gat %s, %t, %order, %h, %r, %c output(%o2) logsumexp(%lse2) gradient(%g)
      heads(2) : (tensor<4x4xi1, #spnn.adjacency>, tensor<4x4xi1, #spnn.adjacency>, tensor<8xi32>, tensor<4x4xf32>,
      tensor<4x2xf32>, tensor<4x2xf32>, tensor<4x4xf32>, tensor<4x2xf32>, tensor<4x4xf32>)
      -> (tensor<4x4xf32>, tensor<4x2xf32>, tensor<4x2xf32>)
  return %o, %dh : tensor<4x4xf32>, tensor<4x4xf32>
}

// -----

#nhc = affine_map<(n, h, c) -> (n, h, c)>
#hc = affine_map<(n, h, c) -> (h, c)>
#nh = affine_map<(n, h, c) -> (n, h)>

// Scores are sums over the features of a head, or the features' own factor times sums over weights: the rest of the features
// takes no part then.
// SCORES-LABEL: func.func @scores
// SCORES-SAME: products = ["scores of 4 nodes, 2 heads of 3"]
// SCORES: %[[H:.*]] = spnn.matmul %arg0, %arg1
// SCORES: %[[W:.*]] = tensor.expand_shape %arg1 {{\[\[}}0], [1, 2]] output_shape [5, 2, 3]
// SCORES: %[[SUMS:.*]] = linalg.generic {{.*}} ins(%[[W]], %arg2 : tensor<5x2x3xf32>, tensor<2x3xf32>) outs(%{{.*}} : tensor<5x2xf32>)
// SCORES: %[[S:.*]] = spnn.matmul %arg0, %[[SUMS]]
// SCORES: spnn.graph_attention gat %{{.*}}, %[[H]], %[[S]], %arg3

// FEATURES-LABEL: func.func @scores
// FEATURES: %[[H:.*]] = spnn.matmul %arg0, %arg1
// FEATURES: %[[HEADS:.*]] = tensor.expand_shape %[[H]]
// FEATURES: %[[S:.*]] = linalg.generic {{.*}} ins(%[[HEADS]], %arg2
// FEATURES: spnn.graph_attention gat %{{.*}}, %[[H]], %[[S]], %arg3
func.func @scores(%x: tensor<4x5xf32>, %w: tensor<5x6xf32>, %a: tensor<2x3xf32>, %c: tensor<4x2xf32>) -> tensor<4x6xf32> {
  %s = spnn.constant {positions = dense<[0, 2, 4, 6, 8]> : tensor<5xi32>, indices = dense<[0, 2, 1, 2, 0, 2, 2, 3]> : tensor<8xi32>}
      : tensor<4x4xi1, #spnn.adjacency>
  %h = spnn.matmul %x, %w : (tensor<4x5xf32>, tensor<5x6xf32>) -> tensor<4x6xf32>
  %heads = tensor.expand_shape %h [[0], [1, 2]] output_shape [4, 2, 3] : tensor<4x6xf32> into tensor<4x2x3xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4x2xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r = linalg.generic {indexing_maps = [#nhc, #hc, #nh], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%heads, %a : tensor<4x2x3xf32>, tensor<2x3xf32>) outs(%init : tensor<4x2xf32>) {
  ^bb0(%in: f32, %vector: f32, %out: f32):
    %p = arith.mulf %in, %vector : f32
    %q = arith.addf %out, %p : f32
    linalg.yield %q : f32
  } -> tensor<4x2xf32>
  %o, %lse = spnn.graph_attention gat %s, %h, %r, %c heads(2)
      : (tensor<4x4xi1, #spnn.adjacency>, tensor<4x6xf32>, tensor<4x2xf32>, tensor<4x2xf32>) -> (tensor<4x6xf32>, tensor<4x2xf32>)
  return %o : tensor<4x6xf32>
}

// -----

#nhc = affine_map<(n, h, c) -> (n, h, c)>
#hc = affine_map<(n, h, c) -> (h, c)>
#nh = affine_map<(n, h, c) -> (n, h)>

// Sparse features have W behind the graph of their entries; features that went through something else are no product.
// SCORES-LABEL: func.func @sparse
// SCORES: %[[SUMS:.*]] = linalg.generic
// SCORES: spnn.aggregate sum %{{.*}}, %[[SUMS]] edge_values(%arg2 : tensor<3xf32>) : (tensor<4x5xi1, #spnn.adjacency>, tensor<5x2xf32>) -> tensor<4x2xf32>
// SCORES: linalg.generic {{.*}} ins(%{{.*}}, %arg1 : tensor<4x2x3xf32>
func.func @sparse(%w: tensor<5x6xf32>, %a: tensor<2x3xf32>, %v: tensor<3xf32>) -> tensor<4x6xf32> {
  %s = spnn.constant {positions = dense<[0, 2, 4, 6, 8]> : tensor<5xi32>, indices = dense<[0, 2, 1, 2, 0, 2, 2, 3]> : tensor<8xi32>}
      : tensor<4x4xi1, #spnn.adjacency>
  %x = spnn.constant {positions = dense<[0, 1, 1, 2, 3]> : tensor<5xi32>, indices = dense<[4, 0, 2]> : tensor<3xi32>}
      : tensor<4x5xi1, #spnn.adjacency>
  %h = spnn.aggregate sum %x, %w edge_values(%v : tensor<3xf32>) : (tensor<4x5xi1, #spnn.adjacency>, tensor<5x6xf32>) -> tensor<4x6xf32>
  %heads = tensor.expand_shape %h [[0], [1, 2]] output_shape [4, 2, 3] : tensor<4x6xf32> into tensor<4x2x3xf32>
  %other = math.exp %heads : tensor<4x2x3xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4x2xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r = linalg.generic {indexing_maps = [#nhc, #hc, #nh], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%heads, %a : tensor<4x2x3xf32>, tensor<2x3xf32>) outs(%init : tensor<4x2xf32>) {
  ^bb0(%in: f32, %vector: f32, %out: f32):
    %p = arith.mulf %in, %vector : f32
    %q = arith.addf %out, %p : f32
    linalg.yield %q : f32
  } -> tensor<4x2xf32>
  %c = linalg.generic {indexing_maps = [#nhc, #hc, #nh], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%other, %a : tensor<4x2x3xf32>, tensor<2x3xf32>) outs(%init : tensor<4x2xf32>) {
  ^bb0(%in: f32, %vector: f32, %out: f32):
    %p = arith.mulf %in, %vector : f32
    %q = arith.addf %out, %p : f32
    linalg.yield %q : f32
  } -> tensor<4x2xf32>
  %o, %lse = spnn.graph_attention gat %s, %h, %r, %c heads(2)
      : (tensor<4x4xi1, #spnn.adjacency>, tensor<4x6xf32>, tensor<4x2xf32>, tensor<4x2xf32>) -> (tensor<4x6xf32>, tensor<4x2xf32>)
  return %o : tensor<4x6xf32>
}
