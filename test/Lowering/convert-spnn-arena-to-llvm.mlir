// RUN: %spnn_opt --pass-pipeline='builtin.module(convert-spnn-arena-to-llvm)' %s --split-input-file --verify-diagnostics | FileCheck %s

// The arena is a call; without memory the function ends at once, before anything is written.
// CHECK: llvm.func @spnn_rt_arena(i64) -> !llvm.ptr
// CHECK-LABEL: func.func @arena
// CHECK-SAME: %[[N:.*]]: index, %[[OUT:.*]]: memref<4xf32>
func.func @arena(%n: index, %out: memref<4xf32>) {
  // CHECK: %[[BYTES:.*]] = arith.index_cast %[[N]] : index to i64
  // CHECK: %[[P:.*]] = llvm.call @spnn_rt_arena(%[[BYTES]]) : (i64) -> !llvm.ptr
  // CHECK: %[[NULL:.*]] = llvm.mlir.zero : !llvm.ptr
  // CHECK: %[[MISSING:.*]] = llvm.icmp "eq" %[[P]], %[[NULL]] : !llvm.ptr
  // CHECK: cf.cond_br %[[MISSING]], ^[[STOP:.*]], ^[[REST:bb[0-9]+]]
  // CHECK: ^[[REST]]:
  // CHECK: unrealized_conversion_cast %{{.*}} to memref<?xi8>
  // CHECK: memref.copy
  // CHECK: ^[[STOP]]:
  // CHECK-NEXT: return
  %a = spnn.arena %n : memref<?xi8>
  %c0 = arith.constant 0 : index
  %v = memref.view %a[%c0][] : memref<?xi8> to memref<4xf32>
  memref.copy %v, %out : memref<4xf32> to memref<4xf32>
  return
}

// -----

// Two functions declare the service once.
// CHECK-COUNT-1: llvm.func @spnn_rt_arena
// CHECK-NOT: llvm.func @spnn_rt_arena
func.func @first(%n: index) {
  %a = spnn.arena %n : memref<?xi8>
  return
}
func.func @second(%n: index) {
  %a = spnn.arena %n : memref<?xi8>
  return
}

// -----

func.func @results(%n: index) -> index {
  // expected-error @below {{'spnn.arena' op must stand in the body of a function without results}}
  %a = spnn.arena %n : memref<?xi8>
  return %n : index
}

// -----

func.func @nested(%n: index, %c: i1) {
  scf.if %c {
    // expected-error @below {{'spnn.arena' op must stand in the body of a function without results}}
    %a = spnn.arena %n : memref<?xi8>
  }
  return
}
