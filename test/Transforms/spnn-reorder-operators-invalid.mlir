// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-reorder-operators{max-saved-bytes=40})' %s -verify-diagnostics | FileCheck %s
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-reorder-operators{max-saved-bytes=-1})' %s 2>&1 | FileCheck %s --check-prefix=NEGATIVE

// NEGATIVE: error: max-saved-bytes must not be negative, got -1

// A budget that no order meets is said, and the order that keeps least is taken: y (8 bytes) has to stay, and X or S X (48).
// CHECK-LABEL: func.func @too_much
// expected-warning @+1 {{keeps 56 bytes for the backward pass, more than max-saved-bytes = 40: no order of its products keeps less}}
func.func @too_much(%x: tensor<2x6xf32>, %w: tensor<6x1xf32>) -> (tensor<2x1xf32>, tensor<6x1xf32>) {
  %s = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 1, 1]> : tensor<3xi32>}
      : tensor<2x2xi1, #spnn.adjacency>
  %e = math.exp %x : tensor<2x6xf32>
  %a = spnn.matmul %e, %w : (tensor<2x6xf32>, tensor<6x1xf32>) -> tensor<2x1xf32>
  // expected-remark @+1 {{order}}
  %y = spnn.aggregate sum %s, %a : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x1xf32>) -> tensor<2x1xf32>
  %e2 = spnn.save %e : tensor<2x6xf32>
  %y2 = spnn.save %y : tensor<2x1xf32>
  %g = math.tanh %y2 : tensor<2x1xf32>
  %t, %o = spnn.transpose %s : tensor<2x2xi1, #spnn.adjacency> -> tensor<2x2xi1, #spnn.adjacency>, tensor<3xi32>
  %b = spnn.aggregate sum %t, %g : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x1xf32>) -> tensor<2x1xf32>
  %dw = spnn.matmul %e2, %b {transpose_lhs} : (tensor<2x6xf32>, tensor<2x1xf32>) -> tensor<6x1xf32>
  return %y, %dw : tensor<2x1xf32>, tensor<6x1xf32>
}
