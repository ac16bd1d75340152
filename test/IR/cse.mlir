// RUN: %spnn_opt --pass-pipeline='builtin.module(cse)' %s | FileCheck %s

// What several ops ask of a graph is computed once.

// CHECK-LABEL: func @transposes
func.func @transposes(%a: tensor<3x2xi1, #spnn.adjacency>) -> (tensor<2x3xi1, #spnn.adjacency>, tensor<2x3xi1, #spnn.adjacency>, tensor<?xi32>) {
  // CHECK-NEXT: %[[T:.*]], %[[ORDER:.*]] = spnn.transpose
  // CHECK-NEXT: return %[[T]], %[[T]], %[[ORDER]]
  %t, %order = spnn.transpose %a : tensor<3x2xi1, #spnn.adjacency> -> tensor<2x3xi1, #spnn.adjacency>, tensor<?xi32>
  %t2, %order2 = spnn.transpose %a : tensor<3x2xi1, #spnn.adjacency> -> tensor<2x3xi1, #spnn.adjacency>, tensor<?xi32>
  return %t, %t2, %order2 : tensor<2x3xi1, #spnn.adjacency>, tensor<2x3xi1, #spnn.adjacency>, tensor<?xi32>
}

// Two graphs may have other edges, and two streams drop other elements.
// CHECK-LABEL: func @different
func.func @different(%a: tensor<3x2xi1, #spnn.adjacency>, %b: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<4xf32>, %s: i64) -> (tensor<2x3xi1, #spnn.adjacency>, tensor<2x3xi1, #spnn.adjacency>, tensor<4xf32>, tensor<4xf32>) {
  // CHECK-COUNT-2: spnn.transpose
  // CHECK-COUNT-2: spnn.dropout
  %t, %order = spnn.transpose %a : tensor<3x2xi1, #spnn.adjacency> -> tensor<2x3xi1, #spnn.adjacency>, tensor<?xi32>
  %t2, %order2 = spnn.transpose %b : tensor<3x2xi1, #spnn.adjacency> -> tensor<2x3xi1, #spnn.adjacency>, tensor<?xi32>
  %y = spnn.dropout %x seed(%s) rate(0.5) stream(1) : tensor<4xf32>
  %y2 = spnn.dropout %x seed(%s) rate(0.5) stream(2) : tensor<4xf32>
  return %t, %t2, %y, %y2 : tensor<2x3xi1, #spnn.adjacency>, tensor<2x3xi1, #spnn.adjacency>, tensor<4xf32>, tensor<4xf32>
}
