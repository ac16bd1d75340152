// RUN: %spnn_opt --pass-pipeline='builtin.module(convert-spnn-fault-to-llvm)' %s --split-input-file --verify-diagnostics | FileCheck %s

// The example of the documentation: the address of the slot is had at the entry, the exchange is atomic.
// CHECK: llvm.mlir.global private unnamed_addr constant @[[TEXT:.*]]("a reason\00")
// CHECK: llvm.func @spnn_rt_fault_slot() -> !llvm.ptr
// CHECK-LABEL: func.func @f
// CHECK-SAME: %[[C:.*]]: i1
func.func @f(%c: i1) {
  // CHECK-NEXT: %[[SLOT:.*]] = llvm.call @spnn_rt_fault_slot() : () -> !llvm.ptr
  // CHECK-NEXT: scf.if %[[C]] {
  // CHECK-NEXT: %[[M:.*]] = llvm.mlir.addressof @[[TEXT]] : !llvm.ptr
  // CHECK-NEXT: %[[NONE:.*]] = llvm.mlir.zero : !llvm.ptr
  // CHECK-NEXT: llvm.cmpxchg %[[SLOT]], %[[NONE]], %[[M]] monotonic monotonic : !llvm.ptr, !llvm.ptr
  spnn.fault "a reason" if %c
  return
}

// -----

// A parallel region uses the slot of the thread that entered, and is given it from outside.
// CHECK-LABEL: func.func @parallel
// CHECK-NEXT: %[[SLOT:.*]] = llvm.call @spnn_rt_fault_slot
// CHECK: omp.parallel
// CHECK-NOT: spnn_rt_fault_slot
// CHECK: llvm.cmpxchg %[[SLOT]]
func.func @parallel(%c: i1) {
  omp.parallel {
    spnn.fault "in parallel" if %c
    omp.terminator
  }
  return
}

// -----

// One message, one constant, one slot a function; a name that is taken is no obstacle.
// CHECK-DAG: @[[B:spnn_fault_[0-9]+]]("b\00")
// CHECK-DAG: @[[A:spnn_fault_[0-9]+]]("a\00")
// CHECK-NOT: llvm.mlir.global
// CHECK-COUNT-1: llvm.func @spnn_rt_fault_slot
// CHECK-NOT: llvm.func
func.func private @spnn_fault()
// CHECK-LABEL: func.func @twice
// CHECK-COUNT-1: llvm.call @spnn_rt_fault_slot
// CHECK-NOT: llvm.call
// CHECK: addressof @[[A]]
// CHECK: addressof @[[B]]
// CHECK: addressof @[[A]]
func.func @twice(%c: i1) {
  spnn.fault "a" if %c
  spnn.fault "b" if %c
  spnn.fault "a" if %c
  return
}
// CHECK-LABEL: func.func @another
// CHECK: llvm.call @spnn_rt_fault_slot
// CHECK: addressof @[[A]]
func.func @another(%c: i1) {
  spnn.fault "a" if %c
  return
}

// -----

llvm.func @outside(%c: i1) {
  // expected-error @below {{'spnn.fault' op must stand in a function of the dialect func}}
  spnn.fault "a" if %c
  llvm.return
}

// -----

// An assertion fails the call, not the process; its text becomes one line.
// CHECK: @{{.*}}("'cf.assert' op does not hold: two lines\00")
// CHECK-LABEL: func.func @assert
// CHECK-SAME: %[[OK:.*]]: i1
func.func @assert(%ok: i1) {
  // CHECK: %[[TRUE:.*]] = arith.constant true
  // CHECK: %[[FAILS:.*]] = arith.xori %[[OK]], %[[TRUE]]
  // CHECK: scf.if %[[FAILS]]
  // CHECK: llvm.cmpxchg
  // CHECK-NOT: cf.assert
  cf.assert %ok, "two\nlines"
  return
}
