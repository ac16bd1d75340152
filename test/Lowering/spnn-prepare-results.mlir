// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-prepare-results)' %s --split-input-file --verify-diagnostics | FileCheck %s

// The example of the documentation: the result becomes an argument, and its extent is traced to the input.
// CHECK-LABEL: func @f
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32> {bufferization.writable = false, llvm.noalias}, %[[OUT:.*]]: memref<?x4xf32> {llvm.noalias}) attributes {spnn.inputs = 1 : i64, spnn.result_extents = {{\[\[}}array<i64: 0, 0>, array<i64: -1, 4>]]}
func.func @f(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: %[[Y:.*]] = linalg.exp
  // CHECK: bufferization.materialize_in_destination %[[Y]] in restrict writable %[[OUT]]
  // CHECK-NEXT: return{{$}}
  %y = linalg.exp ins(%x : tensor<?x4xf32>) outs(%x : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// Several results, one of them an input as it is; attributes of results move to the arguments.
// CHECK-LABEL: func @several
// CHECK-SAME: (%[[X:.*]]: tensor<2xf32> {{{.*}}}, %[[A:.*]]: memref<2xf32> {llvm.noalias, spnn.name = "copy"}, %[[B:.*]]: memref<i64> {llvm.noalias})
func.func @several(%x: tensor<2xf32>) -> (tensor<2xf32> {spnn.name = "copy"}, tensor<i64>) {
  // CHECK: materialize_in_destination %[[X]] in restrict writable %[[A]]
  // CHECK: materialize_in_destination %{{.*}} in restrict writable %[[B]]
  %c = arith.constant dense<7> : tensor<i64>
  return %x, %c : tensor<2xf32>, tensor<i64>
}

// -----

// Extents are traced through products and transpositions.
// CHECK-LABEL: func @traced
// CHECK-SAME: spnn.result_extents = {{\[\[}}array<i64: 1, 0>, array<i64: -1, 3>]]
func.func @traced(%w: tensor<3x4xf32>, %x: tensor<?x4xf32>) -> tensor<?x3xf32> {
  %y = spnn.matmul %w, %x {transpose_rhs} : (tensor<3x4xf32>, tensor<?x4xf32>) -> tensor<3x?xf32>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x3xf32>
  %t = linalg.transpose ins(%y : tensor<3x?xf32>) outs(%e : tensor<?x3xf32>) permutation = [1, 0]
  return %t : tensor<?x3xf32>
}

// -----

// A private function stays, and so does one that was prepared before.
// CHECK-LABEL: func private @private
// CHECK-SAME: (%{{.*}}: tensor<2xf32>) -> tensor<2xf32>
func.func private @private(%x: tensor<2xf32>) -> tensor<2xf32> {
  return %x : tensor<2xf32>
}
// CHECK-LABEL: func @prepared
// CHECK-SAME: (%{{.*}}: memref<2xf32>) attributes {spnn.inputs = 1 : i64}
func.func @prepared(%x: memref<2xf32>) attributes {spnn.inputs = 1 : i64} {
  return
}

// -----

// A graph has one row less than positions.
// CHECK-LABEL: func @less_one
// CHECK-SAME: memref<?x4xf32>
// CHECK-SAME: spnn.result_extents = {{\[\[}}array<i64: 1, 0, -1>, array<i64: -1, 4>]]
func.func @less_one(%x: tensor<4xf32>, %pos: tensor<?xi32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tensor.dim %pos, %c0 : tensor<?xi32>
  %m = arith.subi %n, %c1 : index
  %e = tensor.empty(%m) : tensor<?x4xf32>
  return %e : tensor<?x4xf32>
}

// -----

// expected-error @below {{'func.func' op extent 0 of result 0 is not an extent of an input; such results cannot be compiled yet}}
func.func @untraced(%x: tensor<?xf32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %m = arith.addi %n, %n : index
  %e = tensor.empty(%m) : tensor<?xf32>
  return %e : tensor<?xf32>
}

// -----

// Scalars come as tensors of rank 0.
// CHECK-LABEL: func @scalars
// CHECK-SAME: (%[[S:.*]]: tensor<i64> {{{.*}}spnn.name = "seed"}, %[[X:.*]]: tensor<4xf32>
func.func @scalars(%s: i64 {spnn.name = "seed"}, %x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: %[[E:.*]] = tensor.extract %[[S]][] : tensor<i64>
  // CHECK: spnn.dropout %[[X]] seed(%[[E]])
  %0 = spnn.dropout %x seed(%s) rate(0.5) : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// expected-error @below {{'func.func' op arguments of a compiled function are dense ranked tensors, got 'index'}}
func.func @index(%x: index) {
  return
}

// -----

// expected-error @below {{'func.func' op arguments of a compiled function are dense ranked tensors, got 'tensor<*xf32>'}}
func.func @unranked(%x: tensor<*xf32>) {
  return
}

// -----

// expected-error @below {{'func.func' op arguments of a compiled function are dense ranked tensors, got 'tensor<2x2xf32, #spnn.bitmap>'}}
func.func @sparse_argument(%x: tensor<2x2xf32, #spnn.bitmap>) {
  return
}

// -----

// expected-error @below {{'func.func' op results of a compiled function are dense ranked tensors, got 'index'}}
func.func @scalar_result(%x: tensor<?xf32>) -> index {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  return %n : index
}

// -----

// expected-error @below {{'func.func' op must have one block}}
func.func @blocks(%x: tensor<2xf32>) -> tensor<2xf32> {
  cf.br ^end
^end:
  return %x : tensor<2xf32>
}

// -----

// expected-error @below {{'func.func' op must end with func.return}}
func.func @unreachable(%x: tensor<2xf32>) -> tensor<2xf32> {
  ub.unreachable
}

// -----

func.func private @callee(%x: tensor<2xf32>) -> tensor<2xf32> attributes {no_inline} {
  return %x : tensor<2xf32>
}
func.func @call(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @below {{'func.call' op is left after inlining: recursive functions, functions marked no_inline and functions without a body cannot be compiled}}
  %0 = func.call @callee(%x) : (tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
