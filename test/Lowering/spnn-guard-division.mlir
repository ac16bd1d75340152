// RUN: %spnn_opt --pass-pipeline='builtin.module(func.func(spnn-guard-division))' %s | FileCheck %s

// The last map of @maps.
// CHECK: #[[MAP:.*]] = affine_map<(d0)[s0, s1, s2] -> (d0 floordiv s1 + d0 mod s1 + d0 ceildiv s2)>

// The example of the documentation.
// CHECK-LABEL: func @f
// CHECK-SAME: %[[A:.*]]: i32, %[[B:.*]]: i32
func.func @f(%a: i32, %b: i32) -> i32 {
  // CHECK: %[[ZERO:.*]] = arith.constant 0 : i32
  // CHECK: %[[BAD:.*]] = arith.cmpi eq, %[[B]], %[[ZERO]] : i32
  // CHECK: spnn.fault "'arith.divui' op division by zero (spnn-guard-division.mlir:[[@LINE+4]])" if %[[BAD]]
  // CHECK: %[[ONE:.*]] = arith.constant 1 : i32
  // CHECK: %[[SAFE:.*]] = arith.select %[[BAD]], %[[ONE]], %[[B]] : i32
  // CHECK: arith.divui %[[A]], %[[SAFE]] : i32
  %0 = arith.divui %a, %b : i32
  return %0 : i32
}

// Signed: of the smallest integer by -1, too.
// CHECK-LABEL: func @signed
// CHECK-SAME: %[[A:.*]]: i8, %[[B:.*]]: i8
func.func @signed(%a: i8, %b: i8) -> i8 {
  // CHECK: %[[IS_ZERO:.*]] = arith.cmpi eq, %[[B]], %c0
  // CHECK: spnn.fault "'arith.remsi' op division by zero
  // CHECK-DAG: %[[SMALLEST:.*]] = arith.constant -128 : i8
  // CHECK-DAG: %[[IS_SMALLEST:.*]] = arith.cmpi eq, %[[A]], %[[SMALLEST]]
  // CHECK-DAG: %[[MINUS:.*]] = arith.constant -1 : i8
  // CHECK-DAG: %[[IS_MINUS:.*]] = arith.cmpi eq, %[[B]], %[[MINUS]]
  // CHECK: %[[OVERFLOWS:.*]] = arith.andi %[[IS_SMALLEST]], %[[IS_MINUS]]
  // CHECK: spnn.fault "'arith.remsi' op signed overflow in a division of the smallest integer by -1 ({{.*}})" if %[[OVERFLOWS]]
  // CHECK: %[[BAD:.*]] = arith.ori %[[IS_ZERO]], %[[OVERFLOWS]]
  // CHECK: arith.select %[[BAD]]
  %0 = arith.remsi %a, %b : i8
  return %0 : i8
}

// Every op of the kind.
// CHECK-LABEL: func @all
func.func @all(%a: index, %b: index) {
  // CHECK: "'arith.divsi' op division by zero
  // CHECK: "'arith.divsi' op signed overflow
  %0 = arith.divsi %a, %b : index
  // CHECK: "'arith.remui' op division by zero
  // CHECK-NOT: overflow
  %1 = arith.remui %a, %b : index
  // CHECK: "'arith.ceildivsi' op division by zero
  // CHECK: "'arith.ceildivsi' op signed overflow
  %2 = arith.ceildivsi %a, %b : index
  // CHECK: "'arith.ceildivui' op division by zero
  // CHECK-NOT: overflow
  %3 = arith.ceildivui %a, %b : index
  // CHECK: "'arith.floordivsi' op division by zero
  // CHECK: "'arith.floordivsi' op signed overflow
  %4 = arith.floordivsi %a, %b : index
  // CHECK: "'index.divs' op division by zero
  // CHECK: "'index.divs' op signed overflow
  %5 = index.divs %a, %b
  // CHECK: "'index.divu' op division by zero
  // CHECK-NOT: overflow
  %6 = index.divu %a, %b
  // CHECK: "'index.rems' op division by zero
  // CHECK: "'index.rems' op signed overflow
  %7 = index.rems %a, %b
  // CHECK: "'index.remu' op division by zero
  // CHECK-NOT: overflow
  %8 = index.remu %a, %b
  // CHECK: "'index.ceildivs' op division by zero
  // CHECK: "'index.ceildivs' op signed overflow
  %9 = index.ceildivs %a, %b
  // CHECK: "'index.ceildivu' op division by zero
  // CHECK-NOT: overflow
  %10 = index.ceildivu %a, %b
  // CHECK: "'index.floordivs' op division by zero
  // CHECK: "'index.floordivs' op signed overflow
  %11 = index.floordivs %a, %b
  return
}

// Known divisors: nothing to guard, one half of it, or a division that always fails.
// CHECK-LABEL: func @known
func.func @known(%a: i32) {
  %two = arith.constant 2 : i32
  %minus = arith.constant -1 : i32
  %zero = arith.constant 0 : i32
  // CHECK-NOT: spnn.fault
  // CHECK: arith.divsi %{{.*}}, %c2_i32
  %0 = arith.divsi %a, %two : i32
  // -1 is the largest number without sign.
  // CHECK-NEXT: arith.divui %{{.*}}, %c-1_i32
  %1 = arith.divui %a, %minus : i32
  // CHECK-NOT: division by zero
  // CHECK: spnn.fault "'arith.divsi' op signed overflow
  %2 = arith.divsi %a, %minus : i32
  // CHECK-NOT: overflow
  // CHECK: spnn.fault "'arith.divsi' op division by zero
  // CHECK-NOT: overflow
  %3 = arith.divsi %a, %zero : i32
  return
}

// Vectors fail as a whole, and divide by 1 only where they must.
// CHECK-LABEL: func @vectors
func.func @vectors(%a: vector<2x4xi32>, %b: vector<2x4xi32>) -> vector<2x4xi32> {
  // CHECK: %[[BAD:.*]] = arith.cmpi eq, %{{.*}}, %{{.*}} : vector<2x4xi32>
  // CHECK: %[[FLAT:.*]] = vector.shape_cast %[[BAD]] : vector<2x4xi1> to vector<8xi1>
  // CHECK: %[[ANY:.*]] = vector.reduction <or>, %[[FLAT]] : vector<8xi1> into i1
  // CHECK: spnn.fault {{.*}} if %[[ANY]]
  // CHECK: arith.select %[[BAD]], %{{.*}}, %{{.*}} : vector<2x4xi1>, vector<2x4xi32>
  %0 = arith.divui %a, %b : vector<2x4xi32>
  return %0 : vector<2x4xi32>
}

// Divisors of maps are positive; each is guarded once, inner ones first.
// CHECK-LABEL: func @maps
// CHECK-SAME: %[[I:.*]]: index, %[[S:.*]]: index
func.func @maps(%i: index, %s: index) -> index {
  // CHECK: %[[S1:.*]] = affine.apply #{{.*}}(%[[I]])[%[[S]]]
  // CHECK: %[[ONE:.*]] = arith.constant 1 : index
  // CHECK: %[[BAD:.*]] = arith.cmpi slt, %[[S1]], %[[ONE]] : index
  // CHECK: spnn.fault "'affine.apply' op divides by zero or a negative number ({{.*}})" if %[[BAD]]
  // CHECK: %[[SAFE1:.*]] = arith.select %[[BAD]], %[[ONE]], %[[S1]] : index
  // CHECK: %[[S2:.*]] = affine.apply #{{.*}}(%[[I]])[%[[S]], %[[SAFE1]]]
  // CHECK: spnn.fault "'affine.apply'
  // CHECK: %[[SAFE2:.*]] = arith.select
  // CHECK-NOT: spnn.fault
  // CHECK: affine.apply #[[MAP]](%[[I]])[%[[S]], %[[SAFE1]], %[[SAFE2]]]
  %0 = affine.apply affine_map<(i)[s] -> (i floordiv s + i mod s + i ceildiv (s floordiv s))>(%i)[%s]
  return %0 : index
}

// CHECK-LABEL: func @map_ops
func.func @map_ops(%i: index, %s: index) -> (index, index, index) {
  // CHECK: spnn.fault "'affine.min' op divides
  // CHECK: affine.min
  %0 = affine.min affine_map<(i)[s] -> (i floordiv s, 8)>(%i)[%s]
  // CHECK: spnn.fault "'affine.max' op divides
  // CHECK: affine.max
  %1 = affine.max affine_map<(i)[s] -> (i ceildiv s, 8)>(%i)[%s]
  // CHECK-NOT: spnn.fault
  // CHECK: affine.apply
  %2 = affine.apply affine_map<(i)[s] -> (i floordiv 4 + i mod 8 + s)>(%i)[%s]
  return %0, %1, %2 : index, index, index
}

// What is known of the place: a name, the first part that says something, the callee's; one line, whatever a name holds.
// CHECK-LABEL: func @places
func.func @places(%a: i32, %b: i32) {
  // CHECK: zero (Div_3)"
  %0 = arith.divui %a, %b : i32 loc("Div_3")
  // CHECK: zero (layer.mlir:7)"
  %1 = arith.divui %a, %b : i32 loc(fused[unknown, "folder/layer.mlir":7:3, "last"])
  // CHECK: zero (inner)"
  %2 = arith.divui %a, %b : i32 loc(callsite("inner" at "outer"))
  // CHECK: zero"
  %3 = arith.divui %a, %b : i32 loc(unknown)
  // CHECK: zero (two lines)"
  %4 = arith.divui %a, %b : i32 loc("two\nlines")
  return
}

// The number of rounds is divided by the step.
// CHECK-LABEL: func @steps
// CHECK-SAME: %[[S:.*]]: index
func.func @steps(%n: index, %s: index) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  // CHECK-NOT: spnn.fault
  // CHECK: scf.for
  scf.for %i = %c0 to %n step %c2 {
  }
  // CHECK: %[[ONE:.*]] = arith.constant 1 : index
  // CHECK: %[[BAD:.*]] = arith.cmpi slt, %[[STEP:.*]], %[[ONE]] : index
  // CHECK: spnn.fault "'scf.for' op has a step that is not positive ({{.*}})" if %[[BAD]]
  // CHECK: %[[SAFE:.*]] = arith.select %[[BAD]], %[[ONE]], %[[STEP]] : index
  // CHECK: scf.for {{.*}} step %[[SAFE]]
  scf.for %i = %c0 to %n step %s {
  }
  // CHECK: spnn.fault "'scf.parallel' op has a step that is not positive
  // CHECK-NOT: spnn.fault
  // CHECK: scf.parallel
  scf.parallel (%i, %j) = (%c0, %c0) to (%n, %n) step (%s, %c2) {
    scf.reduce
  }
  return
}
