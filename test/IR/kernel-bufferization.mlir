// RUN: %spnn_opt --pass-pipeline='builtin.module(cse,one-shot-bufferize{bufferize-function-boundaries})' %s | FileCheck %s

// CSE makes one tensor.empty of two that have one type, but each init of a kernel op is written: it gets a buffer of its own.
// CHECK-LABEL: func @two_inits
// CHECK: %[[A:[a-z0-9_]+]] = memref.alloc
// CHECK: %[[B:[a-z0-9_]+]] = memref.alloc
// CHECK: %[[C:[a-z0-9_]+]] = memref.alloc
// CHECK: outs(%[[A]], %[[B]], %[[C]] :
// CHECK-NOT: memref.copy
// CHECK: return %[[A]], %[[B]], %[[C]] :
func.func @two_inits(%pos: tensor<4xi32>, %idx: tensor<4xi32>) -> (tensor<4xi32>, tensor<4xi32>, tensor<4xi32>) {
  %0 = tensor.empty() : tensor<4xi32>
  %1 = tensor.empty() : tensor<4xi32>
  %2 = tensor.empty() : tensor<4xi32>
  %t:3 = spnn.kernel_graph "transpose" graph(3 x 3) storage(%pos, %idx : tensor<4xi32>, tensor<4xi32>) names([])
      outs(%0, %1, %2 : tensor<4xi32>, tensor<4xi32>, tensor<4xi32>) parameters({})
      -> tensor<4xi32>, tensor<4xi32>, tensor<4xi32>
  return %t#0, %t#1, %t#2 : tensor<4xi32>, tensor<4xi32>, tensor<4xi32>
}

// The same where extents are dynamic.
// CHECK-LABEL: func @dynamic
// CHECK: %[[A:[a-z0-9_]+]] = memref.alloc(%{{.*}})
// CHECK: %[[B:[a-z0-9_]+]] = memref.alloc(%{{.*}})
// CHECK: outs(%[[A]], %[[B]] :
func.func @dynamic(%pos: tensor<?xi32>, %idx: tensor<4xi32>, %x: tensor<?xf32>) -> (tensor<?xf32>, tensor<?xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %0 = tensor.empty(%n) : tensor<?xf32>
  %t:2 = spnn.kernel_graph "degree" graph(? x 3) storage(%pos, %idx : tensor<?xi32>, tensor<4xi32>) names([])
      outs(%0, %0 : tensor<?xf32>, tensor<?xf32>) parameters({}) -> tensor<?xf32>, tensor<?xf32>
  return %t#0, %t#1 : tensor<?xf32>, tensor<?xf32>
}
