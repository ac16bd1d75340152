// RUN: %spnn_opt --pass-pipeline='builtin.module(convert-spnn-stop-to-llvm)' %s --split-input-file --verify-diagnostics | FileCheck %s

// A branch to a block that says why and returns; the same text is one constant, and the service is declared once.
// CHECK-DAG: llvm.mlir.global private unnamed_addr constant @[[TEXT:.*]]("got {} and {}\00")
// CHECK-DAG: llvm.mlir.global private unnamed_addr constant @[[OTHER:.*]]("no numbers\00")
// CHECK-COUNT-1: llvm.func @spnn_rt_stop(!llvm.ptr, i64, i64)
// CHECK-NOT: llvm.func @spnn_rt_stop
// CHECK-LABEL: func.func @stop
// CHECK-SAME: %[[C:[a-z0-9]+]]: i1, %[[A:[a-z0-9]+]]: index, %[[B:[a-z0-9]+]]: index, %[[OUT:[a-z0-9]+]]: memref<i1>
// CHECK-NEXT: cf.cond_br %[[C]], ^[[STOP1:bb[0-9]+]], ^[[REST1:bb[0-9]+]]
// CHECK: ^[[REST1]]:
// CHECK-NEXT: cf.cond_br %[[C]], ^[[STOP2:bb[0-9]+]], ^[[REST2:bb[0-9]+]]
// CHECK: ^[[REST2]]:
// CHECK-NEXT: cf.cond_br %[[C]], ^{{.*}}, ^[[REST3:bb[0-9]+]]
// CHECK: ^[[REST3]]:
// CHECK-NEXT: memref.store %[[C]], %[[OUT]][]
// CHECK-NEXT: return
// CHECK: ^[[STOP1]]:
// CHECK-DAG: %[[P:.*]] = llvm.mlir.addressof @[[TEXT]]
// CHECK-DAG: %[[X:.*]] = arith.index_cast %[[A]] : index to i64
// CHECK-DAG: %[[Y:.*]] = arith.index_cast %[[B]] : index to i64
// CHECK: llvm.call @spnn_rt_stop(%[[P]], %[[X]], %[[Y]])
// CHECK-NEXT: return
// CHECK: ^[[STOP2]]:
// CHECK: llvm.mlir.addressof @[[OTHER]]
// CHECK: llvm.call @spnn_rt_stop
// CHECK-NEXT: return
func.func @stop(%c: i1, %a: index, %b: index, %out: memref<i1>) {
  spnn.stop "got {} and {}" if %c numbers(%a, %b)
  spnn.stop "no numbers" if %c
  spnn.stop "got {} and {}" if %c numbers(%b, %a)
  memref.store %c, %out[] : memref<i1>
  return
}

// -----

func.func @results(%c: i1) -> i1 {
  // expected-error @below {{'spnn.stop' op must stand in the body of a function without results, outside of parallel regions}}
  spnn.stop "never" if %c
  return %c : i1
}

// -----

func.func @nested(%c: i1) {
  scf.if %c {
    // expected-error @below {{'spnn.stop' op must stand in the body of a function without results, outside of parallel regions}}
    spnn.stop "never" if %c
  }
  return
}
