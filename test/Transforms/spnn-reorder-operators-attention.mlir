// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-reorder-operators)' --split-input-file %s 2>/dev/null | FileCheck %s
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-reorder-operators{order=coefficients})' --split-input-file %s 2>/dev/null | FileCheck %s --check-prefix=COEFFICIENTS
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-reorder-operators{order=nothing,logsumexp+features-again})' --split-input-file %s 2>/dev/null | FileCheck %s --check-prefix=AGAIN
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-reorder-operators{max-saved-bytes=100})' --split-input-file %s 2>/dev/null | FileCheck %s --check-prefix=BUDGET
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-reorder-operators{order=logsumexp+features-again},cse,spnn-fold-saves,cse)' --split-input-file %s 2>/dev/null | FileCheck %s --check-prefix=TWICE

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
