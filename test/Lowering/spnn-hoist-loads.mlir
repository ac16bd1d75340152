// RUN: %spnn_opt --pass-pipeline='builtin.module(func.func(spnn-hoist-loads))' %s | FileCheck %s

// The example of the documentation.
// CHECK-LABEL: func @scale
// CHECK-SAME: %[[X:.*]]: memref<8x4xf32>, %[[S:.*]]: memref<8xf32>,
// CHECK: memref.load %[[S]]
// CHECK-NEXT: scf.for
// CHECK-NEXT: memref.load %[[X]]
// CHECK-NEXT: arith.mulf
func.func @scale(%x: memref<8x4xf32>, %s: memref<8xf32>, %y: memref<8x4xf32>, %i: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %j = %c0 to %c4 step %c1 {
    %a = memref.load %x[%i, %j] : memref<8x4xf32>
    %b = memref.load %s[%i] : memref<8xf32>
    %p = arith.mulf %a, %b : f32
    memref.store %p, %y[%i, %j] : memref<8x4xf32>
  }
  return
}

// Buffers of the arena that one loop accesses are disjoint; a loop that may not run loads nothing.
// CHECK-LABEL: func @arena
// CHECK: %[[S:.*]] = memref.view {{.*}} to memref<8xf32>
// CHECK: %[[RUNS:.*]] = arith.cmpi slt
// CHECK: %[[B:.*]] = scf.if %[[RUNS]] -> (f32)
// CHECK-NEXT: memref.load %[[S]]
// CHECK: scf.for
// CHECK-NEXT: memref.store %[[B]]
func.func @arena(%n: index, %i: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %arena = spnn.arena %c64 : memref<?xi8>
  %s = memref.view %arena[%c0][] : memref<?xi8> to memref<8xf32>
  %y = memref.view %arena[%c64][%n] : memref<?xi8> to memref<?xf32>
  scf.for %j = %c0 to %n step %c1 {
    %b = memref.load %s[%i] : memref<8xf32>
    memref.store %b, %y[%j] : memref<?xf32>
  }
  return
}

// What the loop stores to stays, under whatever view, and so does everything beside a call, and what has no known buffer.
// CHECK-LABEL: func @kept
// CHECK-NOT: scf.if
// CHECK: scf.for
// CHECK-NEXT: memref.load
// CHECK: scf.for
// CHECK-NEXT: memref.load
// CHECK-NEXT: func.call
// CHECK: arith.select
// CHECK-NEXT: scf.for
// CHECK-NEXT: memref.load
func.func private @effect()
func.func @kept(%x: memref<8xf32>, %y: memref<8xf32>, %which: i1, %i: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %view = memref.cast %x : memref<8xf32> to memref<?xf32>
  scf.for %j = %c0 to %c4 step %c1 {
    %a = memref.load %x[%i] : memref<8xf32>
    memref.store %a, %view[%j] : memref<?xf32>
  }
  scf.for %j = %c0 to %c4 step %c1 {
    %a = memref.load %x[%i] : memref<8xf32>
    func.call @effect() : () -> ()
    memref.store %a, %y[%j] : memref<8xf32>
  }
  %some = arith.select %which, %x, %y : memref<8xf32>
  scf.for %j = %c0 to %c4 step %c1 {
    %a = memref.load %some[%i] : memref<8xf32>
    memref.store %a, %y[%j] : memref<8xf32>
  }
  return
}
