// RUN: %spnn_opt --pass-pipeline='builtin.module(func.func(spnn-guard-indices))' --split-input-file --verify-diagnostics %s \
// RUN:   | FileCheck %s

// The example of the documentation: one comparison without sign holds for both ends.
// CHECK-LABEL: func @f
// CHECK-SAME: %[[X:.*]]: tensor<5xf32>, %[[I:.*]]: index
func.func @f(%x: tensor<5xf32>, %i: index) -> f32 {
  // CHECK: %[[EXTENT:.*]] = arith.constant 5 : index
  // CHECK: %[[OUTSIDE:.*]] = arith.cmpi uge, %[[I]], %[[EXTENT]] : index
  // CHECK: %[[ZERO:.*]] = arith.constant 0.0
  // CHECK: %[[RESULT:.*]] = scf.if %[[OUTSIDE]] -> (f32) {
  // CHECK: spnn.fault "'tensor.extract' op has an index out of range in dimension 0, which has extent 5 (spnn-guard-indices.mlir:[[@LINE+6]])" if %[[OUTSIDE]]
  // CHECK: scf.yield %[[ZERO]]
  // CHECK: } else {
  // CHECK: %[[READ:.*]] = tensor.extract %[[X]][%[[I]]]
  // CHECK: scf.yield %[[READ]]
  // CHECK: return %[[RESULT]]
  %0 = tensor.extract %x[%i] : tensor<5xf32>
  return %0 : f32
}

// Each dimension has a message of its own; a dynamic extent has no number.
// CHECK-LABEL: func @insert
// CHECK-SAME: %[[X:.*]]: tensor<?x4xi8>, %[[V:.*]]: i8, %[[I:.*]]: index, %[[J:.*]]: index
func.func @insert(%x: tensor<?x4xi8>, %v: i8, %i: index, %j: index) -> tensor<?x4xi8> {
  // CHECK: %[[EXTENT:.*]] = tensor.dim %[[X]]
  // CHECK: %[[BAD0:.*]] = arith.cmpi uge, %[[I]], %[[EXTENT]]
  // CHECK: %[[BAD1:.*]] = arith.cmpi uge, %[[J]], %c4
  // CHECK: %[[BAD:.*]] = arith.ori %[[BAD0]], %[[BAD1]]
  // CHECK: scf.if %[[BAD]] -> (tensor<?x4xi8>) {
  // CHECK: spnn.fault "'tensor.insert' op has an index out of range in dimension 0 ({{.*}})" if %[[BAD0]]
  // CHECK: spnn.fault "'tensor.insert' op has an index out of range in dimension 1, which has extent 4 ({{.*}})" if %[[BAD1]]
  // CHECK: scf.yield %[[X]]
  // CHECK: } else {
  // CHECK: tensor.insert %[[V]] into %[[X]][%[[I]], %[[J]]]
  %0 = tensor.insert %v into %x[%i, %j] : tensor<?x4xi8>
  return %0 : tensor<?x4xi8>
}

// CHECK-LABEL: func @memory
func.func @memory(%x: memref<?xi1>, %i: index) {
  // CHECK: memref.dim
  // CHECK: scf.if {{.*}} -> (i1) {
  // CHECK: spnn.fault "'memref.load' op has an index out of range in dimension 0
  // CHECK: } else {
  // CHECK: memref.load
  %0 = memref.load %x[%i] : memref<?xi1>
  // CHECK: scf.if %{{[^ ]*}} {
  // CHECK: spnn.fault "'memref.store' op has an index out of range in dimension 0
  // CHECK: } else {
  // CHECK: memref.store
  memref.store %0, %x[%i] : memref<?xi1>
  return
}

// What arithmetic keeps in range is not checked: the last remainder may be 4, the one before only if it has no sign.
// CHECK-LABEL: func @arithmetic
func.func @arithmetic(%x: tensor<4xf32>, %i: index) -> (f32, f32, f32, f32) {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %low = arith.maxsi %i, %c0 : index
  %clamped = arith.minsi %low, %c3 : index
  // CHECK-NOT: spnn.fault
  %0 = tensor.extract %x[%clamped] : tensor<4xf32>
  %unsigned = arith.remui %i, %c4 : index
  %1 = tensor.extract %x[%unsigned] : tensor<4xf32>
  // CHECK: arith.remsi
  // CHECK: spnn.fault
  %signed = arith.remsi %i, %c4 : index
  %2 = tensor.extract %x[%signed] : tensor<4xf32>
  // CHECK: arith.remui
  // CHECK: spnn.fault
  %larger = arith.remui %i, %c5 : index
  %3 = tensor.extract %x[%larger] : tensor<4xf32>
  return %0, %1, %2, %3 : f32, f32, f32, f32
}

// Data may wrap around: that i + 1 is not below 1 says nothing of it.
// CHECK-LABEL: func @wraps
func.func @wraps(%x: tensor<?xf32>, %i: index) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %last = arith.subi %n, %c1 : index
  %low = arith.maxsi %i, %c0 : index
  %next = arith.addi %low, %c1 : index
  %j = arith.minsi %next, %last : index
  // CHECK: spnn.fault
  %0 = tensor.extract %x[%j] : tensor<?xf32>
  return %0 : f32
}

// CHECK-LABEL: func @constants
func.func @constants(%x: tensor<4xf32>, %empty: tensor<0xf32>) -> (f32, f32, f32) {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  // CHECK-NOT: spnn.fault
  %0 = tensor.extract %x[%c3] : tensor<4xf32>
  // CHECK: spnn.fault {{.*}} which has extent 4
  %1 = tensor.extract %x[%c4] : tensor<4xf32>
  // CHECK: spnn.fault {{.*}} which has extent 0
  %2 = tensor.extract %empty[%c0] : tensor<0xf32>
  return %0, %1, %2 : f32, f32, f32
}

// Counters of loops over the same extent, static and dynamic, are in range; those of longer loops are not.
// CHECK-LABEL: func @loops
func.func @loops(%x: tensor<?x6xf32>, %n: index) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  %zero = arith.constant 0.0 : f32
  %rows = tensor.dim %x, %c0 : tensor<?x6xf32>
  // CHECK-NOT: spnn.fault
  // CHECK: tensor.extract
  %sum = scf.for %i = %c0 to %rows step %c1 iter_args(%a = %zero) -> f32 {
    %inner = scf.for %j = %c1 to %c6 step %c1 iter_args(%b = %a) -> f32 {
      %v = tensor.extract %x[%i, %j] : tensor<?x6xf32>
      %next = arith.addf %b, %v : f32
      scf.yield %next : f32
    }
    scf.yield %inner : f32
  }
  // CHECK: spnn.fault "'tensor.extract' op has an index out of range in dimension 0 (
  // CHECK-NOT: spnn.fault
  %all = scf.for %i = %c0 to %n step %c1 iter_args(%a = %sum) -> f32 {
    %v = tensor.extract %x[%i, %c0] : tensor<?x6xf32>
    %next = arith.addf %a, %v : f32
    scf.yield %next : f32
  }
  return %all : f32
}

// The gather of a model: only the dimension that the data decides is checked.
// CHECK-LABEL: func @gather
func.func @gather(%x: tensor<?x?xf32>, %indices: tensor<?xi64>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tensor.dim %indices, %c0 : tensor<?xi64>
  %d = tensor.dim %x, %c1 : tensor<?x?xf32>
  %e = tensor.empty(%n, %d) : tensor<?x?xf32>
  // CHECK: linalg.generic
  // CHECK: scf.if
  // CHECK: spnn.fault "'tensor.extract' op has an index out of range in dimension 0 (
  // CHECK-NOT: spnn.fault
  %0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%indices : tensor<?xi64>) outs(%e : tensor<?x?xf32>) {
  ^bb0(%a: i64, %o: f32):
    %i = arith.index_cast %a : i64 to index
    %j = linalg.index 1 : index
    %v = tensor.extract %x[%i, %j] : tensor<?x?xf32>
    linalg.yield %v : f32
  } -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// A slice out of range begins at 0 and has no elements; what is computed with its size meets the same number.
// CHECK-LABEL: func @slice
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf32>, %[[O:.*]]: index, %[[N:.*]]: index
func.func @slice(%x: tensor<?x8xf32>, %o: index, %n: index) -> (tensor<?x8xf32>, tensor<?xf32>) {
  // CHECK: spnn.fault "'tensor.extract_slice' op slices dimension 0 out of range ({{.*}})" if %[[BAD:.*]]
  // CHECK: %[[O1:.*]] = arith.select %[[BAD]], %c0{{.*}}, %[[O]]
  // CHECK: %[[N1:.*]] = arith.select %[[BAD]], %c0{{.*}}, %[[N]]
  // CHECK: tensor.extract_slice %[[X]][%[[O1]], 0] [%[[N1]], 8] [2, 1]
  %0 = tensor.extract_slice %x[%o, 0] [%n, 8] [2, 1] : tensor<?x8xf32> to tensor<?x8xf32>
  // CHECK: tensor.empty(%[[N1]])
  %1 = tensor.empty(%n) : tensor<?xf32>
  return %0, %1 : tensor<?x8xf32>, tensor<?xf32>
}

// A source that may be shorter than the slice: nothing of it is read.
// CHECK-LABEL: func @short
func.func @short(%x: tensor<?x8xf32>, %o: index) -> tensor<8xf32> {
  // CHECK: %[[OTHER:.*]] = tensor.empty() : tensor<8xf32>
  // CHECK: scf.if {{.*}} -> (tensor<8xf32>) {
  // CHECK: spnn.fault "'tensor.extract_slice' op slices dimension 0 out of range
  // CHECK: scf.yield %[[OTHER]]
  // CHECK: } else {
  // CHECK: tensor.extract_slice
  %0 = tensor.extract_slice %x[%o, 0] [1, 8] [1, 1] : tensor<?x8xf32> to tensor<8xf32>
  return %0 : tensor<8xf32>
}

// CHECK-LABEL: func @view
func.func @view(%x: memref<6x8xf32>, %o: index) -> memref<4xf32, strided<[8], offset: ?>> {
  // CHECK: spnn.fault "'memref.subview' op slices dimension 1 of extent 8 out of range
  // CHECK: arith.select
  // CHECK: memref.subview
  %0 = memref.subview %x[2, %o] [4, 1] [1, 1] : memref<6x8xf32> to memref<4xf32, strided<[8], offset: ?>>
  return %0 : memref<4xf32, strided<[8], offset: ?>>
}

// Nothing is inserted out of range, nor from a source that has other extents than the slice.
// CHECK-LABEL: func @insert_slice
// CHECK-SAME: %[[S:.*]]: tensor<?xf32>, %[[X:.*]]: tensor<7x8xf32>
func.func @insert_slice(%s: tensor<?xf32>, %x: tensor<7x8xf32>, %o: index, %n: index) -> tensor<7x8xf32> {
  // CHECK: %[[LENGTH:.*]] = tensor.dim %[[S]]
  // CHECK: %[[DIFFERS:.*]] = arith.cmpi ne, %{{.*}}, %[[LENGTH]]
  // CHECK: scf.if {{.*}} -> (tensor<7x8xf32>) {
  // CHECK: spnn.fault "'tensor.insert_slice' op slices dimension 0 of extent 7 out of range
  // CHECK: spnn.fault "'tensor.insert_slice' op slices dimension 1 of extent 8 out of range
  // CHECK: spnn.fault "'tensor.insert_slice' op inserts another extent than its size in dimension 1 says ({{.*}})" if %[[DIFFERS]]
  // CHECK: scf.yield %[[X]]
  // CHECK: } else {
  // CHECK: tensor.insert_slice
  %0 = tensor.insert_slice %s into %x[%o, 2] [1, %n] [1, 1] : tensor<?xf32> into tensor<7x8xf32>
  return %0 : tensor<7x8xf32>
}

// Extents are as good as those who call say.
// CHECK-LABEL: func @by_extents
func.func @by_extents(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %y, %c0 : tensor<?xf32>
  // CHECK-NOT: spnn.fault
  %0 = tensor.extract_slice %x[%n] [%n] [%n] : tensor<?xf32> to tensor<?xf32>
  %1 = tensor.insert_slice %0 into %y[0] [%n] [1] : tensor<?xf32> into tensor<?xf32>
  return %1 : tensor<?xf32>
}

// An extent from the data, which a slice got: the op runs if all agree. Without data nothing is checked.
// CHECK-LABEL: func @extents
func.func @extents(%x: tensor<?xf32>, %y: tensor<?xf32>, %sum: tensor<f32>, %n: index) -> tensor<f32> {
  // CHECK: %[[SLICE:.*]] = tensor.extract_slice
  %0 = tensor.extract_slice %x[0] [%n] [1] : tensor<?xf32> to tensor<?xf32>
  // CHECK: %[[LEFT:.*]] = tensor.dim %[[SLICE]]
  // CHECK: %[[RIGHT:.*]] = tensor.dim %{{.*}}
  // CHECK: %[[DIFFERS:.*]] = arith.cmpi ne, %[[LEFT]], %[[RIGHT]]
  // CHECK: scf.if %[[DIFFERS]] -> (tensor<f32>) {
  // CHECK: spnn.fault "'linalg.dot' op has operands whose extents disagree in loop d0 ({{.*}})" if %[[DIFFERS]]
  // CHECK: } else {
  // CHECK: linalg.dot
  %1 = linalg.dot ins(%0, %y : tensor<?xf32>, tensor<?xf32>) outs(%sum : tensor<f32>) -> tensor<f32>
  // CHECK-NOT: spnn.fault
  // CHECK: linalg.dot
  %2 = linalg.dot ins(%x, %y : tensor<?xf32>, tensor<?xf32>) outs(%1 : tensor<f32>) -> tensor<f32>
  return %2 : tensor<f32>
}

// A step that leads past the largest integer begins a loop again: its counter may be anything.
// CHECK-LABEL: func @step
func.func @step(%x: tensor<8xf32>, %s: index) -> f32 {
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  %zero = arith.constant 0.0 : f32
  // CHECK: spnn.fault
  %sum = scf.for %i = %c1 to %c7 step %s iter_args(%a = %zero) -> f32 {
    %v = tensor.extract %x[%i] : tensor<8xf32>
    %next = arith.addf %a, %v : f32
    scf.yield %next : f32
  }
  return %sum : f32
}

// -----

func.func @stride(%x: tensor<?xf32>, %s: index) -> tensor<2xf32> {
  // expected-error @+1 {{slices dimension 0 as the data says, which is supported with constant positive strides only}}
  %0 = tensor.extract_slice %x[1] [2] [%s] : tensor<?xf32> to tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @element(%x: memref<3xmemref<f32>>, %i: index) -> memref<f32> {
  // expected-error @+1 {{reads by an index that may be out of range, and no 'memref<f32>' could stand for what is not there}}
  %0 = memref.load %x[%i] : memref<3xmemref<f32>>
  return %0 : memref<f32>
}

// -----

func.func @reshape(%x: tensor<?xf32>, %shape: tensor<2xi64>) -> tensor<?x?xf32> {
  // expected-error @+1 {{'tensor.reshape' op takes an extent from data, which is not supported}}
  %0 = tensor.reshape %x(%shape) : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

func.func @expand(%x: tensor<?xf32>, %n: index) -> tensor<?x4xf32> {
  // expected-error @+1 {{'tensor.expand_shape' op takes an extent from data, which is not supported}}
  %0 = tensor.expand_shape %x [[0, 1]] output_shape [%n, 4] : tensor<?xf32> into tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

func.func @dim(%x: tensor<?x4xf32>, %i: index) -> index {
  // expected-error @+1 {{'tensor.dim' op asks for a dimension that is not known to be one of the tensor's}}
  %0 = tensor.dim %x, %i : tensor<?x4xf32>
  return %0 : index
}

// -----

func.func @window(%x: tensor<?xf32>, %w: tensor<3xf32>, %y: tensor<?xf32>, %n: index) -> tensor<?xf32> {
  %0 = tensor.extract_slice %x[0] [%n] [1] : tensor<?xf32> to tensor<?xf32>
  // expected-error @+1 {{takes an extent of operand 0 from data and accesses it by more than one loop, which is not supported}}
  %1 = linalg.conv_1d ins(%0, %w : tensor<?xf32>, tensor<3xf32>) outs(%y : tensor<?xf32>) -> tensor<?xf32>
  return %1 : tensor<?xf32>
}

// -----

func.func @product(%x: tensor<?x4xf32>, %w: tensor<4x4xf32>, %y: tensor<?x4xf32>, %n: index) -> tensor<?x4xf32> {
  %0 = tensor.extract_slice %x[0, 0] [%n, 4] [1, 1] : tensor<?x4xf32> to tensor<?x4xf32>
  // expected-error @+1 {{'spnn.kernel_gemm' op takes an extent from data, which is not supported}}
  %1 = spnn.kernel_gemm ins(%0, %w : tensor<?x4xf32>, tensor<4x4xf32>) outs(%y : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %1 : tensor<?x4xf32>
}
