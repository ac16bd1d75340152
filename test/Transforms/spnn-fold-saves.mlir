// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-fold-saves)' %s | FileCheck %s

// The mark goes, and what it marked stays.
// CHECK-LABEL: func @f
func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: %[[Y:.*]] = math.exp
  // CHECK-NEXT: return %[[Y]]
  %y = math.exp %x : tensor<4xf32>
  %s = spnn.save %y : tensor<4xf32>
  return %s : tensor<4xf32>
}

// What is computed again stays apart from what was computed before.
// CHECK-LABEL: func @again
func.func @again(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: %[[S:.*]] = spnn.save %{{.*}} opaque : tensor<4xf32>
  // CHECK-NEXT: return %[[S]]
  %s = spnn.save %x opaque : tensor<4xf32>
  return %s : tensor<4xf32>
}
