// RUN: %spnn_opt --pass-pipeline='builtin.module(canonicalize)' %s --split-input-file | FileCheck %s

// Folders and patterns of the ops in include/spnn/IR, and what they leave alone.

//===----------------------------------------------------------------------===//
// spnn.convert
//===----------------------------------------------------------------------===//

// A conversion to its own type is its operand.
// CHECK-LABEL: func @convert_identity
// CHECK-SAME: %[[W:.*]]: tensor<8x16xf32>
func.func @convert_identity(%w: tensor<8x16xf32>) -> tensor<8x16xf32> {
  // CHECK-NEXT: return %[[W]]
  %0 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32>
  return %0 : tensor<8x16xf32>
}

// -----

// There and back again.
// CHECK-LABEL: func @convert_round_trip
// CHECK-SAME: %[[W:.*]]: tensor<8x16xf32>
func.func @convert_round_trip(%w: tensor<8x16xf32>) -> tensor<8x16xf32> {
  // CHECK-NEXT: return %[[W]]
  %0 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #spnn.bitmap>
  %1 = spnn.convert %0 : tensor<8x16xf32, #spnn.bitmap> to tensor<8x16xf32>
  return %1 : tensor<8x16xf32>
}

// -----

// Of a chain the last one remains.
#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed)}>
// CHECK-LABEL: func @convert_chain
// CHECK-SAME: %[[W:.*]]: tensor<8x16xf32>
func.func @convert_chain(%w: tensor<8x16xf32>) -> tensor<8x16xf32, #spnn.bitmap> {
  // CHECK-NEXT: %[[C:.*]] = spnn.convert %[[W]] : tensor<8x16xf32> to tensor<8x16xf32, #spnn.bitmap>
  // CHECK-NEXT: return %[[C]]
  %0 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #CSR>
  %1 = spnn.convert %0 : tensor<8x16xf32, #CSR> to tensor<8x16xf32, #spnn.bitmap>
  return %1 : tensor<8x16xf32, #spnn.bitmap>
}

// -----

// A single conversion stays.
// CHECK-LABEL: func @convert_stays
func.func @convert_stays(%w: tensor<8x16xf32>) -> tensor<8x16xf32, #spnn.bitmap> {
  // CHECK: spnn.convert
  %0 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #spnn.bitmap>
  return %0 : tensor<8x16xf32, #spnn.bitmap>
}

// -----

// The extents of a converted tensor are those of its source.
#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed)}>
// CHECK-LABEL: func @convert_unused
func.func @convert_unused(%w: tensor<?x16xf32>) {
  // CHECK-NEXT: return
  %0 = spnn.convert %w : tensor<?x16xf32> to tensor<?x16xf32, #CSR>
  return
}

// -----

//===----------------------------------------------------------------------===//
// spnn.constant
//===----------------------------------------------------------------------===//

// Equal constants become one, at the top of the function.
#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
// CHECK-LABEL: func @constant_unique
func.func @constant_unique() -> (tensor<2x4xf32, #CSR>, tensor<2x4xf32, #CSR>) {
  // CHECK-NEXT: %[[W:.*]] = spnn.constant
  // CHECK-NEXT: return %[[W]], %[[W]]
  %0 = spnn.constant {positions = dense<[0, 1, 1]> : tensor<3xi32>, indices = dense<[2]> : tensor<1xi32>,
                      values = dense<[1.0]> : tensor<1xf32>} : tensor<2x4xf32, #CSR>
  %1 = spnn.constant {positions = dense<[0, 1, 1]> : tensor<3xi32>, indices = dense<[2]> : tensor<1xi32>,
                      values = dense<[1.0]> : tensor<1xf32>} : tensor<2x4xf32, #CSR>
  return %0, %1 : tensor<2x4xf32, #CSR>, tensor<2x4xf32, #CSR>
}

// -----

//===----------------------------------------------------------------------===//
// spnn.prune
//===----------------------------------------------------------------------===//

// Pruning nothing away, or n of n.
// CHECK-LABEL: func @prune_nothing
// CHECK-SAME: %[[W:.*]]: tensor<8x8xf32>
func.func @prune_nothing(%w: tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>) {
  // CHECK-NEXT: return %[[W]], %[[W]], %[[W]]
  %0 = spnn.prune %w method(magnitude) pattern(<unstructured, 0.0>) : tensor<8x8xf32>
  %1 = spnn.prune %w method(magnitude) pattern(<block 2x2, 0.0>) : tensor<8x8xf32>
  %2 = spnn.prune %w method(magnitude) pattern(<4:4>) : tensor<8x8xf32>
  return %0, %1, %2 : tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>
}

// -----

// Pruning to the same pattern twice.
// CHECK-LABEL: func @prune_twice
func.func @prune_twice(%w: tensor<8x8xf32>) -> tensor<8x8xf32> {
  // CHECK-NEXT: %[[P:.*]] = spnn.prune
  // CHECK-NEXT: return %[[P]]
  %0 = spnn.prune %w method(magnitude) pattern(<2:4>) : tensor<8x8xf32>
  %1 = spnn.prune %0 method(magnitude) pattern(<2:4>) : tensor<8x8xf32>
  return %1 : tensor<8x8xf32>
}

// -----

// Two patterns are two prunings; one that keeps nothing stays as well.
// CHECK-LABEL: func @prune_stays
func.func @prune_stays(%w: tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  // CHECK-COUNT-3: spnn.prune
  %0 = spnn.prune %w method(magnitude) pattern(<unstructured, 0.5>) : tensor<8x8xf32>
  %1 = spnn.prune %0 method(magnitude) pattern(<unstructured, 0.75>) : tensor<8x8xf32>
  %2 = spnn.prune %w method(magnitude) pattern(<unstructured, 1.0>) : tensor<8x8xf32>
  return %1, %2 : tensor<8x8xf32>, tensor<8x8xf32>
}

// -----

//===----------------------------------------------------------------------===//
// spnn.matmul
//===----------------------------------------------------------------------===//

// Transpositions fold into the attributes, and two of them cancel.
// CHECK-LABEL: func @matmul_transposed
// CHECK-SAME: %[[A:.*]]: tensor<4x3xf32>, %[[B:.*]]: tensor<4x5xf32>
func.func @matmul_transposed(%a: tensor<4x3xf32>, %b: tensor<4x5xf32>) -> tensor<3x5xf32> {
  // CHECK-NOT: linalg.transpose
  // CHECK: spnn.matmul %[[A]], %[[B]] {transpose_lhs} : (tensor<4x3xf32>, tensor<4x5xf32>) -> tensor<3x5xf32>
  %ea = tensor.empty() : tensor<3x4xf32>
  %ta = linalg.transpose ins(%a : tensor<4x3xf32>) outs(%ea : tensor<3x4xf32>) permutation = [1, 0]
  %eb = tensor.empty() : tensor<5x4xf32>
  %tb = linalg.transpose ins(%b : tensor<4x5xf32>) outs(%eb : tensor<5x4xf32>) permutation = [1, 0]
  %0 = spnn.matmul %ta, %tb {transpose_rhs} : (tensor<3x4xf32>, tensor<5x4xf32>) -> tensor<3x5xf32>
  return %0 : tensor<3x5xf32>
}

// -----

// A transposition that swaps nothing is another fold's business, and square operands are told apart by it.
// CHECK-LABEL: func @matmul_not_transposed
func.func @matmul_not_transposed(%a: tensor<4x4xf32>, %b: tensor<4x4xf32>) -> tensor<4x4xf32> {
  // CHECK: spnn.matmul %{{.*}}, %{{.*}} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %e = tensor.empty() : tensor<4x4xf32>
  %t = linalg.transpose ins(%a : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) permutation = [0, 1]
  %0 = spnn.matmul %t, %b : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}

// -----

// A conversion to dense folds into the product, one from dense does not.
// CHECK-LABEL: func @matmul_convert
// CHECK-SAME: %[[W:.*]]: tensor<3x4xf32, #spnn.bitmap>, %[[X:.*]]: tensor<4x5xf32>
func.func @matmul_convert(%w: tensor<3x4xf32, #spnn.bitmap>, %x: tensor<4x5xf32>) -> tensor<3x5xf32> {
  // CHECK-NEXT: %[[C:.*]] = spnn.convert %[[X]]
  // CHECK-NEXT: spnn.matmul %[[W]], %[[C]] : (tensor<3x4xf32, #spnn.bitmap>, tensor<4x5xf32, #spnn.bitmap>)
  %d = spnn.convert %w : tensor<3x4xf32, #spnn.bitmap> to tensor<3x4xf32>
  %s = spnn.convert %x : tensor<4x5xf32> to tensor<4x5xf32, #spnn.bitmap>
  %0 = spnn.matmul %d, %s : (tensor<3x4xf32>, tensor<4x5xf32, #spnn.bitmap>) -> tensor<3x5xf32>
  return %0 : tensor<3x5xf32>
}

// -----

// An unused product is dead.
// CHECK-LABEL: func @matmul_unused
func.func @matmul_unused(%a: tensor<3x4xf32>, %b: tensor<4x5xf32>) {
  // CHECK-NEXT: return
  %0 = spnn.matmul %a, %b : (tensor<3x4xf32>, tensor<4x5xf32>) -> tensor<3x5xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// spnn.pack_panels
//===----------------------------------------------------------------------===//

// Packing what was just unpacked with the same layout.
// CHECK-LABEL: func @pack_of_unpack
// CHECK-SAME: %[[P:[^:]*]]: tensor<?xf32>
func.func @pack_of_unpack(%p: tensor<?xf32>, %e: tensor<?x8xf32>, %f: tensor<?xf32>) -> tensor<?xf32> {
  // CHECK-NEXT: return %[[P]]
  %0 = spnn.unpack_panels ins(%p : tensor<?xf32>) outs(%e : tensor<?x8xf32>) panels(<width = 64, vector = 16>) {transpose}
      -> tensor<?x8xf32>
  %1 = spnn.pack_panels ins(%0 : tensor<?x8xf32>) outs(%f : tensor<?xf32>) panels(<width = 64, vector = 16>) {transpose}
      -> tensor<?xf32>
  return %1 : tensor<?xf32>
}

// -----

// Panels of a constant are a constant: a panel of four columns, then one of a single vector that is padded with zeros.
// CHECK-LABEL: func @pack_constant
func.func @pack_constant() -> (tensor<12xf32>, tensor<12xf32>, tensor<8xi8>) {
  // CHECK-DAG: %[[A:.*]] = arith.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00, 6.000000e+00, 7.000000e+00, 8.000000e+00, 9.000000e+00, 5.000000e+00, 0.000000e+00, 1.000000e+01, 0.000000e+00]> : tensor<12xf32>
  // CHECK-DAG: %[[B:.*]] = arith.constant dense<[7, 7, 7, 7, 7, 0, 7, 0]> : tensor<8xi8>
  // CHECK-NOT: pack_panels
  // CHECK: return %[[A]], %[[A]], %[[B]]
  %a = arith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0]]> : tensor<2x5xf32>
  %t = arith.constant dense<[[1.0, 6.0], [2.0, 7.0], [3.0, 8.0], [4.0, 9.0], [5.0, 10.0]]> : tensor<5x2xf32>
  %s = arith.constant dense<7> : tensor<3x2xi8>
  %e = tensor.empty() : tensor<12xf32>
  %f = tensor.empty() : tensor<8xi8>
  %0 = spnn.pack_panels ins(%a : tensor<2x5xf32>) outs(%e : tensor<12xf32>) panels(<width = 4, vector = 2>) -> tensor<12xf32>
  %1 = spnn.pack_panels ins(%t : tensor<5x2xf32>) outs(%e : tensor<12xf32>) panels(<width = 4, vector = 2>) {transpose} -> tensor<12xf32>
  %2 = spnn.pack_panels ins(%s : tensor<3x2xi8>) outs(%f : tensor<8xi8>) panels(<width = 2, vector = 2>) {transpose} -> tensor<8xi8>
  return %0, %1, %2 : tensor<12xf32>, tensor<12xf32>, tensor<8xi8>
}

// -----

// Another layout, another orientation, another static size: nothing folds.
// CHECK-LABEL: func @pack_stays
func.func @pack_stays(%p: tensor<?xf32>, %e: tensor<8x8xf32>, %f: tensor<?xf32>, %g: tensor<64xf32>)
    -> (tensor<?xf32>, tensor<?xf32>, tensor<64xf32>) {
  // CHECK-COUNT-3: spnn.pack_panels
  %0 = spnn.unpack_panels ins(%p : tensor<?xf32>) outs(%e : tensor<8x8xf32>) panels(<width = 8, vector = 8>)
      -> tensor<8x8xf32>
  %1 = spnn.pack_panels ins(%0 : tensor<8x8xf32>) outs(%f : tensor<?xf32>) panels(<width = 4, vector = 4>)
      -> tensor<?xf32>
  %2 = spnn.pack_panels ins(%0 : tensor<8x8xf32>) outs(%f : tensor<?xf32>) panels(<width = 8, vector = 8>) {transpose}
      -> tensor<?xf32>
  %3 = spnn.pack_panels ins(%0 : tensor<8x8xf32>) outs(%g : tensor<64xf32>) panels(<width = 8, vector = 8>)
      -> tensor<64xf32>
  return %1, %2, %3 : tensor<?xf32>, tensor<?xf32>, tensor<64xf32>
}

// -----

// On memrefs the order of writes matters, so nothing moves.
// CHECK-LABEL: func @pack_on_memrefs
func.func @pack_on_memrefs(%p: memref<?xf32>, %m: memref<?x8xf32>) {
  // CHECK-NEXT: spnn.unpack_panels
  // CHECK-NEXT: spnn.pack_panels
  spnn.unpack_panels ins(%p : memref<?xf32>) outs(%m : memref<?x8xf32>) panels(<width = 64, vector = 16>)
  spnn.pack_panels ins(%m : memref<?x8xf32>) outs(%p : memref<?xf32>) panels(<width = 64, vector = 16>)
  return
}

// -----

//===----------------------------------------------------------------------===//
// spnn.transpose, spnn.degree, spnn.dropout
//===----------------------------------------------------------------------===//

// A constant graph is transposed when the model is compiled; a type that says less keeps its place by a cast.
// CHECK-LABEL: func @transpose_constant
func.func @transpose_constant() -> (tensor<2x3xi1, #spnn.adjacency>, tensor<4xi32>, tensor<?xi32>) {
  // 1 1
  // 1 0
  // 0 1
  // CHECK-DAG: %[[T:.*]] = spnn.constant {indices = dense<[0, 1, 0, 2]> : tensor<4xi32>, positions = dense<[0, 2, 4]> : tensor<3xi32>} : tensor<2x3xi1, #spnn.adjacency>
  // CHECK-DAG: %[[ORDER:.*]] = arith.constant dense<[0, 2, 1, 3]> : tensor<4xi32>
  // CHECK-NOT: spnn.transpose
  // CHECK: %[[CAST:.*]] = tensor.cast %[[ORDER]] : tensor<4xi32> to tensor<?xi32>
  // CHECK: return %[[T]], %[[ORDER]], %[[CAST]]
  %a = spnn.constant {positions = dense<[0, 2, 3, 4]> : tensor<4xi32>, indices = dense<[0, 1, 0, 1]> : tensor<4xi32>}
      : tensor<3x2xi1, #spnn.adjacency>
  %t, %order = spnn.transpose %a : tensor<3x2xi1, #spnn.adjacency> -> tensor<2x3xi1, #spnn.adjacency>, tensor<4xi32>
  %t2, %order2 = spnn.transpose %a : tensor<3x2xi1, #spnn.adjacency> -> tensor<2x3xi1, #spnn.adjacency>, tensor<?xi32>
  return %t, %order, %order2 : tensor<2x3xi1, #spnn.adjacency>, tensor<4xi32>, tensor<?xi32>
}

// -----

// Only what is used is made.
// CHECK-LABEL: func @transpose_constant_order
func.func @transpose_constant_order() -> tensor<4xi32> {
  // CHECK-NEXT: arith.constant dense<[0, 2, 1, 3]> : tensor<4xi32>
  // CHECK-NEXT: return
  %a = spnn.constant {positions = dense<[0, 2, 3, 4]> : tensor<4xi32>, indices = dense<[0, 1, 0, 1]> : tensor<4xi32>}
      : tensor<3x2xi1, #spnn.adjacency>
  %t, %order = spnn.transpose %a : tensor<3x2xi1, #spnn.adjacency> -> tensor<2x3xi1, #spnn.adjacency>, tensor<4xi32>
  return %order : tensor<4xi32>
}

// -----

// A symmetric constant serves as its own transpose.
// CHECK-LABEL: func @transpose_symmetric_constant
func.func @transpose_symmetric_constant() -> (tensor<2x2xi1, #spnn.adjacency>, tensor<2x2xi1, #spnn.adjacency>, tensor<3xi32>) {
  // CHECK-DAG: %[[A:.*]] = spnn.constant {indices = dense<[0, 1, 0]> : tensor<3xi32>, positions = dense<[0, 2, 3]>
  // CHECK-DAG: %[[ORDER:.*]] = arith.constant dense<[0, 2, 1]> : tensor<3xi32>
  // CHECK-NOT: spnn.constant
  // CHECK: return %[[A]], %[[A]], %[[ORDER]]
  %a = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 1, 0]> : tensor<3xi32>}
      : tensor<2x2xi1, #spnn.adjacency>
  %t, %order = spnn.transpose %a : tensor<2x2xi1, #spnn.adjacency> -> tensor<2x2xi1, #spnn.adjacency>, tensor<3xi32>
  return %a, %t, %order : tensor<2x2xi1, #spnn.adjacency>, tensor<2x2xi1, #spnn.adjacency>, tensor<3xi32>
}

// -----

// Without edges, and without nodes.
// CHECK-LABEL: func @transpose_empty
func.func @transpose_empty() -> (tensor<0x2xi1, #spnn.adjacency>, tensor<0xi32>, tensor<2xf32>) {
  // CHECK-DAG: %[[T:.*]] = spnn.constant {indices = dense<> : tensor<0xi32>, positions = dense<0> : tensor<1xi32>} : tensor<0x2xi1, #spnn.adjacency>
  // CHECK-DAG: %[[ORDER:.*]] = arith.constant dense<> : tensor<0xi32>
  // CHECK-DAG: %[[D:.*]] = arith.constant dense<0.000000e+00> : tensor<2xf32>
  // CHECK: return %[[T]], %[[ORDER]], %[[D]]
  %a = spnn.constant {positions = dense<0> : tensor<3xi32>, indices = dense<> : tensor<0xi32>} : tensor<2x0xi1, #spnn.adjacency>
  %t, %order = spnn.transpose %a : tensor<2x0xi1, #spnn.adjacency> -> tensor<0x2xi1, #spnn.adjacency>, tensor<0xi32>
  %d = spnn.degree %a : tensor<2x0xi1, #spnn.adjacency> -> tensor<2xf32>
  return %t, %order, %d : tensor<0x2xi1, #spnn.adjacency>, tensor<0xi32>, tensor<2xf32>
}

// -----

// Assembled as symmetric, a graph is its own transpose; which edge is which is computed where it is asked for.
// CHECK-LABEL: func @transpose_symmetric
// CHECK-SAME: %[[P:.*]]: tensor<4xi32>, %[[I:.*]]: tensor<?xi32>
func.func @transpose_symmetric(%p: tensor<4xi32>, %i: tensor<?xi32>)
    -> (tensor<3x3xi1, #spnn.adjacency>, tensor<3x3xi1, #spnn.adjacency>, tensor<?xi32>) {
  // CHECK-NEXT: %[[A:.*]] = spnn.assemble %[[P]], %[[I]] {symmetric}
  // CHECK-NEXT: %{{.*}}, %[[ORDER:.*]] = spnn.transpose %[[A]]
  // CHECK-NEXT: return %[[A]], %[[A]], %[[ORDER]]
  %a = spnn.assemble %p, %i {symmetric} : (tensor<4xi32>, tensor<?xi32>) -> tensor<3x3xi1, #spnn.adjacency>
  %t, %order = spnn.transpose %a : tensor<3x3xi1, #spnn.adjacency> -> tensor<3x3xi1, #spnn.adjacency>, tensor<?xi32>
  return %a, %t, %order : tensor<3x3xi1, #spnn.adjacency>, tensor<3x3xi1, #spnn.adjacency>, tensor<?xi32>
}

// -----

// CHECK-LABEL: func @transpose_symmetric_unused_order
func.func @transpose_symmetric_unused_order(%p: tensor<4xi32>, %i: tensor<?xi32>) -> tensor<3x3xi1, #spnn.adjacency> {
  // CHECK-NEXT: %[[A:.*]] = spnn.assemble
  // CHECK-NEXT: return %[[A]]
  %a = spnn.assemble %p, %i {symmetric} : (tensor<4xi32>, tensor<?xi32>) -> tensor<3x3xi1, #spnn.adjacency>
  %t, %order = spnn.transpose %a : tensor<3x3xi1, #spnn.adjacency> -> tensor<3x3xi1, #spnn.adjacency>, tensor<?xi32>
  return %t : tensor<3x3xi1, #spnn.adjacency>
}

// -----

// The transpose of the transpose is the graph.
// CHECK-LABEL: func @transpose_twice
// CHECK-SAME: %[[A:.*]]: tensor<3x2xi1, #spnn.adjacency>
func.func @transpose_twice(%a: tensor<3x2xi1, #spnn.adjacency>) -> tensor<3x2xi1, #spnn.adjacency> {
  // CHECK-NEXT: return %[[A]]
  %t, %order = spnn.transpose %a : tensor<3x2xi1, #spnn.adjacency> -> tensor<2x3xi1, #spnn.adjacency>, tensor<?xi32>
  %b, %order2 = spnn.transpose %t : tensor<2x3xi1, #spnn.adjacency> -> tensor<3x2xi1, #spnn.adjacency>, tensor<?xi32>
  return %b : tensor<3x2xi1, #spnn.adjacency>
}

// -----

// Of a graph of which nothing is known, nothing folds; what a graph is may only be known when the model runs.
// CHECK-LABEL: func @transpose_stays
func.func @transpose_stays(%p: tensor<4xi32>, %i: tensor<?xi32>) -> (tensor<3x3xi1, #spnn.adjacency>, tensor<3xf32>) {
  // CHECK: spnn.assemble
  // CHECK-DAG: %[[T:.*]], %{{.*}} = spnn.transpose
  // CHECK-DAG: %[[D:.*]] = spnn.degree
  // CHECK: return %[[T]], %[[D]]
  %a = spnn.assemble %p, %i : (tensor<4xi32>, tensor<?xi32>) -> tensor<3x3xi1, #spnn.adjacency>
  %t, %order = spnn.transpose %a : tensor<3x3xi1, #spnn.adjacency> -> tensor<3x3xi1, #spnn.adjacency>, tensor<?xi32>
  %d = spnn.degree %a : tensor<3x3xi1, #spnn.adjacency> -> tensor<3xf32>
  return %t, %d : tensor<3x3xi1, #spnn.adjacency>, tensor<3xf32>
}

// -----

// CHECK-LABEL: func @degree_constant
func.func @degree_constant() -> (tensor<3xf64>, tensor<?xf32>) {
  // CHECK-DAG: %[[D:.*]] = arith.constant dense<[2.000000e+00, 0.000000e+00, 1.000000e+00]> : tensor<3xf64>
  // CHECK-DAG: %[[F:.*]] = arith.constant dense<[2.000000e+00, 0.000000e+00, 1.000000e+00]> : tensor<3xf32>
  // CHECK: %[[CAST:.*]] = tensor.cast %[[F]] : tensor<3xf32> to tensor<?xf32>
  // CHECK: return %[[D]], %[[CAST]]
  %a = spnn.constant {positions = dense<[0, 2, 2, 3]> : tensor<4xi32>, indices = dense<[0, 1, 1]> : tensor<3xi32>}
      : tensor<3x2xi1, #spnn.adjacency>
  %d = spnn.degree %a : tensor<3x2xi1, #spnn.adjacency> -> tensor<3xf64>
  %e = spnn.degree %a : tensor<3x2xi1, #spnn.adjacency> -> tensor<?xf32>
  return %d, %e : tensor<3xf64>, tensor<?xf32>
}

// -----

// Dropout of nothing is its operand; of something it stays.
// CHECK-LABEL: func @dropout
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>
func.func @dropout(%x: tensor<4xf32>, %s: i64) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK-NEXT: %[[Y:.*]] = spnn.dropout
  // CHECK-NEXT: return %[[X]], %[[Y]]
  %0 = spnn.dropout %x seed(%s) rate(0.0) : tensor<4xf32>
  %1 = spnn.dropout %x seed(%s) rate(0.5) : tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// -----

//===----------------------------------------------------------------------===//
// spnn.fault, spnn.stop
//===----------------------------------------------------------------------===//

// What never happens goes; what may happen, or always does, stays.
// CHECK-LABEL: func @fault
// CHECK-SAME: %[[C:.*]]: i1
func.func @fault(%c: i1) {
  // CHECK-NOT: "never"
  // CHECK-DAG: spnn.fault "perhaps" if %[[C]]
  // CHECK-DAG: spnn.fault "always" if %true
  // CHECK-NOT: "never"
  %false = arith.constant false
  %true = arith.constant true
  spnn.fault "never" if %false
  spnn.fault "perhaps" if %c
  spnn.fault "always" if %true
  return
}

// CHECK-LABEL: func @stop
// CHECK-SAME: %[[C:.*]]: i1
func.func @stop(%c: i1) {
  // CHECK-NOT: "never"
  // CHECK: spnn.stop "perhaps" if %[[C]]
  // CHECK: spnn.stop "always" if %true
  %false = arith.constant false
  %true = arith.constant true
  spnn.stop "never" if %false
  spnn.stop "perhaps" if %c
  spnn.stop "always" if %true
  return
}
