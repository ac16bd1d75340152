// RUN: %spnn_opt --pass-pipeline='builtin.module(func.func(spnn-define-arithmetic))' %s | FileCheck %s

// The example of the documentation.
// CHECK-LABEL: func @f
// CHECK-SAME: %[[A:.*]]: i32, %[[N:.*]]: i32, %[[X:.*]]: f32
func.func @f(%a: i32, %n: i32, %x: f32) -> (i32, i32) {
  // CHECK: %[[LIMIT:.*]] = arith.constant 31 : i32
  // CHECK: %[[IS_LARGE:.*]] = arith.cmpi ugt, %[[N]], %[[LIMIT]] : i32
  // CHECK: %[[AMOUNT:.*]] = arith.select %[[IS_LARGE]], %[[LIMIT]], %[[N]] : i32
  // CHECK: %[[SHIFTED:.*]] = arith.shli %[[A]], %[[AMOUNT]] : i32
  // CHECK: %[[ZERO:.*]] = arith.constant 0 : i32
  // CHECK: %[[RESULT:.*]] = arith.select %[[IS_LARGE]], %[[ZERO]], %[[SHIFTED]] : i32
  %0 = arith.shli %a, %n : i32
  // CHECK: %[[CONVERTED:.*]] = llvm.call_intrinsic "llvm.fptosi.sat"(%[[X]]) : (f32) -> i32
  %1 = arith.fptosi %x : f32 to i32
  // CHECK: return %[[RESULT]], %[[CONVERTED]]
  return %0, %1 : i32, i32
}

// A shift of the sign leaves the sign; i1 has no room for its own width.
// CHECK-LABEL: func @kinds
func.func @kinds(%a: index, %n: index, %b: i1, %m: i1, %v: vector<2x2xi8>) {
  // CHECK: arith.constant 63 : index
  // CHECK: %[[AMOUNT:.*]] = arith.select
  // CHECK-NEXT: arith.shrsi %{{.*}}, %[[AMOUNT]]
  // CHECK-NOT: arith.select
  %0 = arith.shrsi %a, %n : index
  // CHECK: arith.constant false
  // CHECK: arith.cmpi ugt, {{.*}} : i1
  // CHECK: arith.shrui {{.*}} : i1
  // CHECK: arith.select
  %1 = arith.shrui %b, %m : i1
  // CHECK: arith.constant dense<7> : vector<2x2xi8>
  // CHECK: arith.shli {{.*}} : vector<2x2xi8>
  %2 = arith.shli %v, %v : vector<2x2xi8>
  return
}

// Amounts that are known to be small.
// CHECK-LABEL: func @known
func.func @known(%a: i32, %n: i32) {
  // CHECK-NOT: arith.cmpi
  %c31 = arith.constant 31 : i32
  %0 = arith.shli %a, %c31 : i32
  %masked = arith.andi %n, %c31 : i32
  %1 = arith.shrui %a, %masked : i32
  // CHECK: arith.shrui
  // CHECK: arith.cmpi
  %c32 = arith.constant 32 : i32
  %2 = arith.shrui %a, %c32 : i32
  return
}

// LLVM's vectors have one dimension.
// CHECK-LABEL: func @vectors
func.func @vectors(%x: vector<2x4xf32>, %y: vector<4xf64>) -> (vector<2x4xi8>, vector<4xi64>) {
  // CHECK: %[[FLAT:.*]] = vector.shape_cast %{{.*}} : vector<2x4xf32> to vector<8xf32>
  // CHECK: %[[CONVERTED:.*]] = llvm.call_intrinsic "llvm.fptoui.sat"(%[[FLAT]]) : (vector<8xf32>) -> vector<8xi8>
  // CHECK: vector.shape_cast %[[CONVERTED]] : vector<8xi8> to vector<2x4xi8>
  %0 = arith.fptoui %x : vector<2x4xf32> to vector<2x4xi8>
  // CHECK: llvm.call_intrinsic "llvm.fptosi.sat"(%{{.*}}) : (vector<4xf64>) -> vector<4xi64>
  %1 = arith.fptosi %y : vector<4xf64> to vector<4xi64>
  return %0, %1 : vector<2x4xi8>, vector<4xi64>
}
