// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-decompose-training)' %s --split-input-file | FileCheck %s

// The example of the documentation: both results from one pass over memory.
// CHECK-LABEL: func @sgd
// CHECK-SAME: %[[W:[a-z0-9]+]]: tensor<16x8xf32>, %[[G:[a-z0-9]+]]: tensor<16x8xf32>, %[[V:[a-z0-9]+]]: tensor<16x8xf32>
// CHECK: %[[R:.*]]:2 = linalg.generic {{.*}} ins(%[[W]], %[[G]], %[[V]] :
// CHECK: ^bb0(%[[P:[a-z0-9_]+]]: f32, %[[D:[a-z0-9_]+]]: f32, %[[OLD:[a-z0-9_]+]]: f32,
// CHECK: %[[MOMENTUM:.*]] = arith.constant 0.899999976 : f32
// CHECK: %[[KEPT:.*]] = arith.mulf %[[MOMENTUM]], %[[OLD]] fastmath<contract> : f32
// CHECK: %[[NEW:.*]] = arith.addf %[[KEPT]], %[[D]] fastmath<contract> : f32
// CHECK: %[[STEP:.*]] = arith.mulf %{{.*}}, %[[NEW]] fastmath<contract> : f32
// CHECK: %[[Q:.*]] = arith.subf %[[P]], %[[STEP]] fastmath<contract> : f32
// CHECK: linalg.yield %[[Q]], %[[NEW]] : f32, f32
// CHECK: return %[[R]]#0, %[[R]]#1
func.func @sgd(%w: tensor<16x8xf32>, %g: tensor<16x8xf32>, %v0: tensor<16x8xf32>) -> (tensor<16x8xf32>, tensor<16x8xf32>) {
  %y, %v = spnn.sgd %w, %g, %v0 rate(0.1) {momentum = 0.9 : f64} : tensor<16x8xf32>
  return %y, %v : tensor<16x8xf32>, tensor<16x8xf32>
}

// -----

// What depends on the step alone is computed once, in double precision.
// CHECK-LABEL: func @adam
// CHECK-COUNT-2: math.powf {{.*}} : f64
// CHECK: %{{.*}}:3 = linalg.generic
// CHECK-NOT: powf
// CHECK: math.sqrt {{.*}} : f32
// CHECK: linalg.yield %{{.*}}, %{{.*}}, %{{.*}} : f32, f32, f32
func.func @adam(%w: tensor<9xf32>, %g: tensor<9xf32>, %m: tensor<9xf32>, %v: tensor<9xf32>, %t: i64)
    -> (tensor<9xf32>, tensor<9xf32>, tensor<9xf32>) {
  %p, %n, %u = spnn.adam %w, %g, %m, %v step(%t) rate(0.01) {weight_decay = 5.0e-04 : f64} : tensor<9xf32>
  return %p, %n, %u : tensor<9xf32>, tensor<9xf32>, tensor<9xf32>
}

// -----

// The number of an element fits 32 bits where extents are known; the key is made once.
// CHECK-LABEL: func @dropout
// CHECK: linalg.generic
// CHECK: linalg.index 1
// CHECK: arith.cmpi uge, {{.*}} : i32
// CHECK: arith.select
func.func @dropout(%x: tensor<9x4xf32>, %s: i64) -> tensor<9x4xf32> {
  %y = spnn.dropout %x seed(%s) rate(0.5) stream(1) : tensor<9x4xf32>
  return %y : tensor<9x4xf32>
}

// -----

// CHECK-LABEL: func @dynamic_dropout
// CHECK: linalg.generic
// CHECK: %[[NUMBER:.*]] = arith.addi {{.*}} : i64
// CHECK: arith.shrui %[[NUMBER]], {{.*}} : i64
func.func @dynamic_dropout(%x: tensor<?x4xf32>, %s: i64) -> tensor<?x4xf32> {
  %y = spnn.dropout %x seed(%s) rate(0.5) : tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// Extents that types leave open are checked; static ones, above, are not.
// CHECK-LABEL: func @dynamic
// CHECK-SAME: %[[W:[a-z0-9]+]]: tensor<?x8xf32>, %[[G:[a-z0-9]+]]: tensor<?x8xf32>
// CHECK-DAG: %[[DW:.*]] = tensor.dim %[[W]], %c0
// CHECK-DAG: %[[DG:.*]] = tensor.dim %[[G]], %c0
// CHECK: %[[DIFFER:.*]] = arith.cmpi ne, %[[DG]], %[[DW]] : index
// CHECK: spnn.stop "'spnn.sgd' op gradient must have extent 0 of parameter, got {} and {} ({{.*}})" if %[[DIFFER]] numbers(%[[DG]], %[[DW]])
// CHECK: spnn.stop "'spnn.sgd' op velocity must have extent 0 of parameter
// CHECK-NOT: spnn.stop
// CHECK: linalg.generic
func.func @dynamic(%w: tensor<?x8xf32>, %g: tensor<?x8xf32>, %v0: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %y, %v = spnn.sgd %w, %g, %v0 rate(0.1) : tensor<?x8xf32>
  return %y, %v : tensor<?x8xf32>, tensor<?x8xf32>
}
