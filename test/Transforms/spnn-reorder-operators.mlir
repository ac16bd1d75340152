// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-reorder-operators)' --split-input-file %s 2>/dev/null | FileCheck %s
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-reorder-operators{order=pf+sp-cached})' --split-input-file %s 2>/dev/null | FileCheck %s --check-prefix=CACHED
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-reorder-operators{order=pf+sp})' --split-input-file %s 2>/dev/null | FileCheck %s --check-prefix=TWICE
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-reorder-operators{order=nonsense})' --split-input-file %s 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-reorder-operators{fold-constants=false})' --split-input-file %s 2>/dev/null | FileCheck %s --check-prefix=NOFOLD

// UNKNOWN: warning: no products have an order named 'nonsense'

// A forward-only layer multiplies first by the matrix that makes it narrow.
// CHECK-LABEL: func.func @narrow
// CHECK-SAME: spnn.orders = [{{.*}}order = "tf"
// CHECK: %[[XW:.*]] = spnn.matmul %arg0, %arg1
// CHECK: spnn.aggregate sum %{{.*}}, %[[XW]]
func.func @narrow(%x: tensor<3x64xf32>, %w: tensor<64x2xf32>) -> tensor<3x2xf32> {
  %s = spnn.constant {positions = dense<[0, 2, 4, 6]> : tensor<4xi32>, indices = dense<[0, 2, 1, 2, 0, 1]> : tensor<6xi32>}
      : tensor<3x3xi1, #spnn.adjacency>
  %a = spnn.aggregate sum %s, %x : (tensor<3x3xi1, #spnn.adjacency>, tensor<3x64xf32>) -> tensor<3x64xf32>
  %y = spnn.matmul %a, %w : (tensor<3x64xf32>, tensor<64x2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

// A layer that makes features wide aggregates first.
// CHECK-LABEL: func.func @wide
// CHECK: %[[SX:.*]] = spnn.aggregate sum %{{.*}}, %arg0
// CHECK: spnn.matmul %[[SX]], %arg1
func.func @wide(%x: tensor<3x2xf32>, %w: tensor<2x64xf32>) -> tensor<3x64xf32> {
  %s = spnn.constant {positions = dense<[0, 2, 4, 6]> : tensor<4xi32>, indices = dense<[0, 2, 1, 2, 0, 1]> : tensor<6xi32>}
      : tensor<3x3xi1, #spnn.adjacency>
  %empty = tensor.empty() : tensor<3x64xf32>
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<3x64xf32>) -> tensor<3x64xf32>
  // linalg's products count as ours do.
  %a = linalg.matmul ins(%x, %w : tensor<3x2xf32>, tensor<2x64xf32>) outs(%init : tensor<3x64xf32>) -> tensor<3x64xf32>
  %y = spnn.aggregate sum %s, %a : (tensor<3x3xi1, #spnn.adjacency>, tensor<3x64xf32>) -> tensor<3x64xf32>
  return %y : tensor<3x64xf32>
}

// -----

// Where nothing is saved, because the backward pass reads arguments alone, it begins with the gradient that is given.
// CACHED-LABEL: func.func @arguments
// CACHED-SAME: spnn.orders = [{{.*}}order = "pf+sp-cached"
// CACHED: %[[SX:.*]] = spnn.aggregate sum %{{.*}}, %arg0
// CACHED: spnn.matmul %[[SX]], %arg1
// CACHED: %[[KEPT:.*]] = spnn.save %[[SX]]
// CACHED: spnn.matmul %[[KEPT]], %arg2 {transpose_lhs}

// TWICE-LABEL: func.func @arguments
// TWICE: %[[SX:.*]] = spnn.aggregate sum %{{.*}}, %arg0
// TWICE: spnn.matmul %[[SX]], %arg1
// TWICE: %[[X:.*]] = spnn.save %arg0 opaque
// TWICE: %[[AGAIN:.*]] = spnn.aggregate sum %{{.*}}, %[[X]]
// TWICE: spnn.matmul %[[AGAIN]], %arg2 {transpose_lhs}
func.func @arguments(%x: tensor<3x8xf32>, %w: tensor<8x2xf32>, %g: tensor<3x2xf32> {spnn.seed})
    -> (tensor<3x2xf32>, tensor<8x2xf32>) {
  %s = spnn.constant {positions = dense<[0, 2, 3, 4]> : tensor<4xi32>, indices = dense<[0, 2, 1, 2]> : tensor<4xi32>}
      : tensor<3x3xi1, #spnn.adjacency>
  %a = spnn.matmul %x, %w : (tensor<3x8xf32>, tensor<8x2xf32>) -> tensor<3x2xf32>
  %y = spnn.aggregate sum %s, %a : (tensor<3x3xi1, #spnn.adjacency>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %t, %o = spnn.transpose %s : tensor<3x3xi1, #spnn.adjacency> -> tensor<3x3xi1, #spnn.adjacency>, tensor<4xi32>
  %b = spnn.aggregate sum %t, %g : (tensor<3x3xi1, #spnn.adjacency>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %dw = spnn.matmul %x, %b {transpose_lhs} : (tensor<3x8xf32>, tensor<3x2xf32>) -> tensor<8x2xf32>
  return %y, %dw : tensor<3x2xf32>, tensor<8x2xf32>
}

// -----

// Forward and backward pass of a hidden layer with a graph that is not symmetric. With S X kept, X is not.
// CACHED-LABEL: func.func @hidden
// CACHED: %[[X:.*]] = math.exp %arg0
// CACHED: %[[SX:.*]] = spnn.aggregate sum %[[S:.*]], %[[X]] row_scales(%arg2
// CACHED: %[[Y:.*]] = spnn.matmul %[[SX]], %arg1
// CACHED-NOT: spnn.save %[[X]]
// CACHED: %[[KEPT:.*]] = spnn.save %[[SX]]
// CACHED: %[[G:.*]] = math.tanh
// CACHED-DAG: spnn.matmul %[[KEPT]], %[[G]] {transpose_lhs}
// CACHED-DAG: %[[GW:.*]] = spnn.matmul %[[G]], %arg1 {transpose_rhs}
// CACHED: spnn.aggregate sum %{{.*}}, %[[GW]] column_scales(%arg2

// Without the cache, S X is computed again from the X that is kept, in a way that CSE does not undo.
// TWICE-LABEL: func.func @hidden
// TWICE: %[[X:.*]] = math.exp %arg0
// TWICE: spnn.aggregate sum %[[S:.*]], %[[X]] row_scales(%arg2
// TWICE: %[[KEPT:.*]] = spnn.save %[[X]] opaque
// TWICE: %[[SX:.*]] = spnn.aggregate sum %[[S]], %[[KEPT]] row_scales(%arg2
// TWICE: spnn.matmul %[[SX]], %{{.*}} {transpose_lhs}
func.func @hidden(%x: tensor<3x8xf32>, %w: tensor<8x2xf32>, %r: tensor<3xf32>)
    -> (tensor<3x2xf32>, tensor<8x2xf32>, tensor<3x8xf32>) {
  %s = spnn.constant {positions = dense<[0, 2, 3, 4]> : tensor<4xi32>, indices = dense<[0, 2, 1, 2]> : tensor<4xi32>}
      : tensor<3x3xi1, #spnn.adjacency>
  %e = math.exp %x : tensor<3x8xf32>
  %a = spnn.matmul %e, %w : (tensor<3x8xf32>, tensor<8x2xf32>) -> tensor<3x2xf32>
  %y = spnn.aggregate sum %s, %a row_scales(%r : tensor<3xf32>)
      : (tensor<3x3xi1, #spnn.adjacency>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %e2 = spnn.save %e : tensor<3x8xf32>
  %y2 = spnn.save %y : tensor<3x2xf32>
  %g = math.tanh %y2 : tensor<3x2xf32>
  %t, %o = spnn.transpose %s : tensor<3x3xi1, #spnn.adjacency> -> tensor<3x3xi1, #spnn.adjacency>, tensor<4xi32>
  %b = spnn.aggregate sum %t, %g column_scales(%r : tensor<3xf32>)
      : (tensor<3x3xi1, #spnn.adjacency>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %dw = spnn.matmul %e2, %b {transpose_lhs} : (tensor<3x8xf32>, tensor<3x2xf32>) -> tensor<8x2xf32>
  %dx = spnn.matmul %b, %w {transpose_rhs} : (tensor<3x2xf32>, tensor<8x2xf32>) -> tensor<3x8xf32>
  return %y, %dw, %dx : tensor<3x2xf32>, tensor<8x2xf32>, tensor<3x8xf32>
}

// -----

// S X of constants is made when the model is compiled, if that is faster, and may be.
// CHECK-LABEL: func.func @constant
// CHECK-SAME: order = "pf-constant"
// CHECK: %[[SX:.*]] = arith.constant dense<{{\[}}[3.000000e+00, 7.000000e+00], [2.000000e+00, 3.000000e+00]]>
// CHECK-NOT: spnn.aggregate
// CHECK: spnn.matmul %[[SX]], %arg0
// NOFOLD-LABEL: func.func @constant
// NOFOLD: spnn.aggregate
func.func @constant(%w: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %s = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 1, 1]> : tensor<3xi32>}
      : tensor<2x2xi1, #spnn.adjacency>
  %x = arith.constant dense<[[1.0, 4.0], [2.0, 3.0]]> : tensor<2x2xf32>
  %a = spnn.matmul %x, %w : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %y = spnn.aggregate sum %s, %a : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

// What is read between the two products is computed, whatever the order; a maximum is no product.
// CHECK-LABEL: func.func @read_between
// CHECK-NOT: spnn.orders
// CHECK: spnn.aggregate max
func.func @read_between(%x: tensor<2x2xf32>, %w: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %s = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 1, 1]> : tensor<3xi32>}
      : tensor<2x2xi1, #spnn.adjacency>
  %a = spnn.matmul %x, %w : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %y = spnn.aggregate max %s, %a : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

// Scales that the forward pass computes are the same matrix's where the backward pass reads them, through spnn.save, which
// stays: both passes are one group, as above.
// CACHED-LABEL: func.func @computed_scales
// CACHED: %[[R:.*]] = math.exp %arg2
// CACHED: %[[SX:.*]] = spnn.aggregate sum %{{.*}}, %{{.*}} row_scales(%[[R]] :
// CACHED-DAG: %[[SAVED:.*]] = spnn.save %[[R]]
// CACHED-DAG: %[[KEPT:.*]] = spnn.save %[[SX]]
// CACHED: spnn.matmul %[[KEPT]], %{{.*}} {transpose_lhs}
// CACHED: spnn.aggregate sum %{{.*}}, %{{.*}} column_scales(%[[SAVED]] :
func.func @computed_scales(%x: tensor<3x8xf32>, %w: tensor<8x2xf32>, %r: tensor<3xf32>)
    -> (tensor<3x2xf32>, tensor<8x2xf32>, tensor<3x8xf32>) {
  %s = spnn.constant {positions = dense<[0, 2, 3, 4]> : tensor<4xi32>, indices = dense<[0, 2, 1, 2]> : tensor<4xi32>}
      : tensor<3x3xi1, #spnn.adjacency>
  %r1 = math.exp %r : tensor<3xf32>
  %e = math.exp %x : tensor<3x8xf32>
  %a = spnn.matmul %e, %w : (tensor<3x8xf32>, tensor<8x2xf32>) -> tensor<3x2xf32>
  %y = spnn.aggregate sum %s, %a row_scales(%r1 : tensor<3xf32>)
      : (tensor<3x3xi1, #spnn.adjacency>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %e2 = spnn.save %e : tensor<3x8xf32>
  %y2 = spnn.save %y : tensor<3x2xf32>
  %r2 = spnn.save %r1 : tensor<3xf32>
  %g = math.tanh %y2 : tensor<3x2xf32>
  %t, %o = spnn.transpose %s : tensor<3x3xi1, #spnn.adjacency> -> tensor<3x3xi1, #spnn.adjacency>, tensor<4xi32>
  %b = spnn.aggregate sum %t, %g column_scales(%r2 : tensor<3xf32>)
      : (tensor<3x3xi1, #spnn.adjacency>, tensor<3x2xf32>) -> tensor<3x2xf32>
  %dw = spnn.matmul %e2, %b {transpose_lhs} : (tensor<3x8xf32>, tensor<3x2xf32>) -> tensor<8x2xf32>
  %dx = spnn.matmul %b, %w {transpose_rhs} : (tensor<3x2xf32>, tensor<8x2xf32>) -> tensor<3x8xf32>
  return %y, %dw, %dx : tensor<3x2xf32>, tensor<8x2xf32>, tensor<3x8xf32>
}
