// RUN: %spnn_opt --pass-pipeline='builtin.module(func.func(spnn-plan-memory))' %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: %spnn_opt --pass-pipeline='builtin.module(func.func(spnn-plan-memory),canonicalize,cse)' %s --split-input-file --verify-diagnostics | FileCheck %s --check-prefix=CLEAN

// The example of the documentation: one buffer of dynamic size. test/unit/Lowering/PlanMemoryTest.cpp checks plans of
// random functions by running them.
// CLEAN-LABEL: func @dynamic
// CLEAN-SAME: %[[N:.*]]: index
func.func @dynamic(%n: index, %out: memref<?xf32>) {
  // CLEAN-DAG: %[[B:.*]] = arith.muli %[[N]], %c4
  // CLEAN: %[[ARENA:.*]] = spnn.arena %{{.*}} : memref<?xi8>
  // CLEAN: memref.view %[[ARENA]][%c0][%[[N]]] : memref<?xi8> to memref<?xf32>
  // CHECK-LABEL: func @dynamic
  // CHECK-NOT: memref.alloc
  // CHECK: return
  %0 = memref.alloc(%n) : memref<?xf32>
  memref.copy %0, %out : memref<?xf32> to memref<?xf32>
  return
}

// -----

// A function without buffers has no arena.
// CHECK-LABEL: func @nothing
// CHECK-NOT: spnn.arena
// CHECK: return
func.func @nothing(%out: memref<4xf32>) {
  return
}

// -----

// Lifetimes that touch in one op do not share: it may read the one while it writes the other.
// CLEAN-LABEL: func @overlapping
func.func @overlapping(%in: memref<16xf32>, %out: memref<16xf32>) {
  // CLEAN: spnn.arena %c128
  // CLEAN: %[[A:.*]] = memref.view %{{.*}}[%c0][] : memref<?xi8> to memref<16xf32>
  // CLEAN: %[[B:.*]] = memref.view %{{.*}}[%c64][] : memref<?xi8> to memref<16xf32>
  %a = memref.alloc() : memref<16xf32>
  %b = memref.alloc() : memref<16xf32>
  memref.copy %in, %a : memref<16xf32> to memref<16xf32>
  memref.copy %a, %b : memref<16xf32> to memref<16xf32>
  memref.copy %b, %out : memref<16xf32> to memref<16xf32>
  return
}

// -----

// Disjoint lifetimes share a slot, which takes the larger of the two, rounded up to 64 bytes.
// CLEAN-LABEL: func @disjoint
func.func @disjoint(%in: memref<16xf32>, %out: memref<16xf32>, %small: memref<3xi8>) {
  // CLEAN: spnn.arena %c64
  // CLEAN: memref.view %{{.*}}[%c0][] : memref<?xi8> to memref<16xf32>
  // CLEAN: memref.view %{{.*}}[%c0][] : memref<?xi8> to memref<3xi8>
  %a = memref.alloc() : memref<16xf32>
  memref.copy %in, %a : memref<16xf32> to memref<16xf32>
  memref.copy %a, %out : memref<16xf32> to memref<16xf32>
  %b = memref.alloc() : memref<3xi8>
  memref.copy %small, %b : memref<3xi8> to memref<3xi8>
  memref.copy %b, %small : memref<3xi8> to memref<3xi8>
  return
}

// -----

// A buffer lives as long as its views and casts.
// CLEAN-LABEL: func @views
func.func @views(%in: memref<4x4xf32>, %out: memref<2x2xf32>) {
  // CLEAN: spnn.arena %c128
  // CLEAN: memref.view %{{.*}}[%c0][]
  // CLEAN: memref.view %{{.*}}[%c64][]
  %a = memref.alloc() : memref<4x4xf32>
  memref.copy %in, %a : memref<4x4xf32> to memref<4x4xf32>
  %s = memref.subview %a[1, 1] [2, 2] [1, 1] : memref<4x4xf32> to memref<2x2xf32, strided<[4, 1], offset: 5>>
  %c = memref.cast %s : memref<2x2xf32, strided<[4, 1], offset: 5>> to memref<2x2xf32, strided<[?, ?], offset: ?>>
  %b = memref.alloc() : memref<4x4xf32>
  memref.copy %in, %b : memref<4x4xf32> to memref<4x4xf32>
  memref.copy %b, %in : memref<4x4xf32> to memref<4x4xf32>
  memref.copy %c, %out : memref<2x2xf32, strided<[?, ?], offset: ?>> to memref<2x2xf32>
  return
}

// -----

// So does one that another op may pass on: a select, the result of a branch.
// CLEAN-LABEL: func @passed_on
func.func @passed_on(%in: memref<16xf32>, %out: memref<16xf32>, %flag: i1) {
  // CLEAN: spnn.arena %c192
  %a = memref.alloc() : memref<16xf32>
  memref.copy %in, %a : memref<16xf32> to memref<16xf32>
  %s = arith.select %flag, %a, %in : memref<16xf32>
  %i = scf.if %flag -> memref<16xf32> {
    %inner = memref.alloc() : memref<16xf32>
    memref.copy %in, %inner : memref<16xf32> to memref<16xf32>
    scf.yield %inner : memref<16xf32>
  } else {
    scf.yield %in : memref<16xf32>
  }
  %b = memref.alloc() : memref<16xf32>
  memref.copy %in, %b : memref<16xf32> to memref<16xf32>
  memref.copy %b, %out : memref<16xf32> to memref<16xf32>
  memref.copy %s, %out : memref<16xf32> to memref<16xf32>
  memref.copy %i, %out : memref<16xf32> to memref<16xf32>
  return
}

// -----

// A buffer that a loop uses, or holds, lives through the whole loop.
// CLEAN-LABEL: func @loop
func.func @loop(%in: memref<16xf32>, %out: memref<16xf32>, %n: index) {
  // CLEAN: spnn.arena %c192
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc() : memref<16xf32>
  memref.copy %in, %a : memref<16xf32> to memref<16xf32>
  scf.for %i = %c0 to %n step %c1 {
    memref.copy %a, %out : memref<16xf32> to memref<16xf32>
    %b = memref.alloc() : memref<16xf32>
    memref.copy %in, %b : memref<16xf32> to memref<16xf32>
    %c = memref.alloc() : memref<16xf32>
    memref.copy %b, %out : memref<16xf32> to memref<16xf32>
    memref.copy %c, %out : memref<16xf32> to memref<16xf32>
  }
  return
}

// -----

// Deallocations go, also those of a view.
// CHECK-LABEL: func @deallocs
// CHECK-NOT: memref.dealloc
// CHECK: return
func.func @deallocs(%in: memref<16xf32>) {
  %a = memref.alloc() : memref<16xf32>
  memref.copy %in, %a : memref<16xf32> to memref<16xf32>
  memref.dealloc %a : memref<16xf32>
  %b = memref.alloc() : memref<16xf32>
  %c = memref.cast %b : memref<16xf32> to memref<?xf32>
  memref.dealloc %c : memref<?xf32>
  return
}

// -----

// Empty buffers have a place too, and a size that only memory tells is an extent of an argument.
// CLEAN-LABEL: func @sizes
// CLEAN-SAME: %[[IN:.*]]: memref<?x4xf32>
func.func @sizes(%in: memref<?x4xf32>) {
  // CLEAN-DAG: %[[N:.*]] = memref.dim %[[IN]], %c0
  // CLEAN: spnn.arena
  // CHECK-LABEL: func @sizes
  // CHECK: memref.view %{{.*}}[%{{.*}}][] : memref<?xi8> to memref<0x4xf32>
  // CLEAN: memref.view %{{.*}}[%{{.*}}][%[[N]]] : memref<?xi8> to memref<?x4xf32>
  %empty = memref.alloc() : memref<0x4xf32>
  %c0 = arith.constant 0 : index
  %n = memref.dim %in, %c0 : memref<?x4xf32>
  %a = memref.alloc(%n) : memref<?x4xf32>
  memref.copy %in, %a : memref<?x4xf32> to memref<?x4xf32>
  %e = memref.subview %in[0, 0] [0, 4] [1, 1] : memref<?x4xf32> to memref<0x4xf32, strided<[4, 1]>>
  memref.copy %e, %empty : memref<0x4xf32, strided<[4, 1]>> to memref<0x4xf32>
  return
}

// -----

func.func @size_from_memory(%in: memref<index>) {
  %n = memref.load %in[] : memref<index>
  // expected-error @below {{'memref.alloc' op its size is not computed from extents of arguments, but from 'memref.load'}}
  %a = memref.alloc(%n) : memref<?xf32>
  memref.store %n, %in[] : memref<index>
  %c0 = arith.constant 0 : index
  %v = arith.constant 0.0 : f32
  memref.store %v, %a[%c0] : memref<?xf32>
  return
}

// -----

func.func @size_from_loop(%n: index, %v: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    // expected-error @below {{'memref.alloc' op its size is not computed from extents of arguments, but from a block argument}}
    %a = memref.alloc(%i) : memref<?xf32>
    memref.store %v, %a[%c0] : memref<?xf32>
  }
  return
}

// -----

func.func @size_from_loop_computed(%n: index, %v: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %j = arith.addi %i, %c1 : index
    // expected-error @below {{'memref.alloc' op its size is not computed from extents of arguments, but from 'arith.addi'}}
    %a = memref.alloc(%j) : memref<?xf32>
    memref.store %v, %a[%c0] : memref<?xf32>
  }
  return
}

// -----

func.func @carried(%in: memref<16xf32>, %out: memref<16xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %in) -> (memref<16xf32>) {
    // expected-error @below {{'memref.alloc' op is carried to the next iteration of a loop, which then needs a buffer of its own}}
    %a = memref.alloc() : memref<16xf32>
    memref.copy %x, %a : memref<16xf32> to memref<16xf32>
    scf.yield %a : memref<16xf32>
  }
  memref.copy %r, %out : memref<16xf32> to memref<16xf32>
  return
}

// -----

func.func @parallel(%in: memref<16xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    // expected-error @below {{'memref.alloc' op stands in a parallel 'scf.parallel', whose iterations cannot share a buffer}}
    %a = memref.alloc() : memref<16xf32>
    memref.copy %in, %a : memref<16xf32> to memref<16xf32>
  }
  return
}

// -----

func.func @returned() -> memref<16xf32> {
  // expected-error @below {{'memref.alloc' op is returned, but the arena belongs to the call}}
  %a = memref.alloc() : memref<16xf32>
  return %a : memref<16xf32>
}

// -----

func.func @layout() {
  // expected-error @below {{'memref.alloc' op has a type that the arena cannot hold: 'memref<4x4xf32, strided<[8, 1]>>'}}
  %a = memref.alloc() : memref<4x4xf32, strided<[8, 1]>>
  return
}

// -----

func.func @alignment() {
  // expected-error @below {{'memref.alloc' op asks for an alignment of 128, the arena is aligned to 64}}
  %a = memref.alloc() {alignment = 128 : i64} : memref<16xf32>
  return
}

// -----

func.func @huge() {
  // expected-error @below {{'memref.alloc' op asks for more memory than can be addressed: 'memref<4611686018427387904x8xf32>'}}
  %a = memref.alloc() : memref<4611686018427387904x8xf32>
  return
}

// -----

// expected-error @below {{'func.func' op memory is planned while control flow is structured: one block expected}}
func.func @blocks(%in: memref<16xf32>) {
  %a = memref.alloc() : memref<16xf32>
  cf.br ^end
^end:
  memref.copy %in, %a : memref<16xf32> to memref<16xf32>
  return
}
