// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-pack-elementwise)' %s --split-input-file --verify-diagnostics | FileCheck %s

// The example of the documentation: a residual that comes row-major is packed, nothing is unpacked.
// CHECK-LABEL: func @residual
func.func @residual(%x: tensor<?xf32>, %r: tensor<?x6xf32>, %e2: tensor<?x6xf32>, %p: tensor<?xf32>, %c: tensor<?xf32>, %g: tensor<6xf32>) -> tensor<?xf32> {
  // CHECK-NOT: unpack_panels
  // CHECK: %[[R:.*]] = spnn.pack_panels ins(%arg1 : tensor<?x6xf32>)
  // CHECK: %[[Q:.*]] = spnn.kernel_columns 6 x %{{.*}} layout(<width = 8, vector = 4>) panels(%arg0, %[[R]] : tensor<?xf32>, tensor<?xf32>) outs(%[[R]] : tensor<?xf32>) parallel -> tensor<?xf32> {
  // CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32):
  // CHECK-NEXT: %[[S:.*]] = arith.addf %[[A]], %[[B]] : f32
  // CHECK-NEXT: spnn.yield_columns panels(%[[S]] : f32)
  // CHECK: return %[[Q]]
  %y = spnn.unpack_panels ins(%x : tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?x6xf32>
  // expected-remark @below {{1 op on 6 rows becomes one kernel on packed activations}}
  %s = linalg.add ins(%y, %r : tensor<?x6xf32>, tensor<?x6xf32>) outs(%e2 : tensor<?x6xf32>) -> tensor<?x6xf32>
  %q = spnn.pack_panels ins(%s : tensor<?x6xf32>) outs(%p : tensor<?xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?xf32>
  return %q : tensor<?xf32>
}

// -----

// Softmax: reductions over the features of a column, whose results are the same for all of them.
#id = affine_map<(i, j) -> (i, j)>
#col = affine_map<(i, j) -> (i)>
#row = affine_map<(i, j) -> (j)>
// CHECK-LABEL: func @softmax
func.func @softmax(%x: tensor<?xf32>, %r: tensor<?x6xf32>, %e2: tensor<?x6xf32>, %p: tensor<?xf32>, %c: tensor<?xf32>, %g: tensor<6xf32>) -> tensor<?xf32> {
  // CHECK-NOT: pack_panels
  // CHECK: spnn.kernel_columns
  // CHECK-NEXT: ^bb0(%[[A:.*]]: f32):
  // CHECK-NEXT: %[[M:.*]] = spnn.reduce_rows <maximumf> %[[A]] : f32
  // CHECK-NEXT: %[[D:.*]] = arith.subf %[[A]], %[[M]] : f32
  // CHECK-NEXT: %[[E:.*]] = math.exp %[[D]] : f32
  // CHECK-NEXT: %[[S:.*]] = spnn.reduce_rows <add> %[[E]] : f32
  // CHECK-NEXT: %[[Q:.*]] = arith.divf %[[E]], %[[S]] : f32
  // CHECK-NEXT: spnn.yield_columns panels(%[[Q]] : f32)
  // CHECK-NOT: pack_panels
  %inf = arith.constant 0xFF800000 : f32
  %l = linalg.fill ins(%inf : f32) outs(%c : tensor<?xf32>) -> tensor<?xf32>
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%c : tensor<?xf32>) -> tensor<?xf32>
  %y = spnn.unpack_panels ins(%x : tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?x6xf32>
  // expected-remark @below {{5 ops on 6 rows become one kernel on packed activations}}
  %m = linalg.generic {indexing_maps = [#id, #col], iterator_types = ["parallel", "reduction"]}
      ins(%y : tensor<?x6xf32>) outs(%l : tensor<?xf32>) {
  ^bb0(%a: f32, %s: f32):
    %t = arith.maximumf %s, %a : f32
    linalg.yield %t : f32
  } -> tensor<?xf32>
  %d = linalg.generic {indexing_maps = [#id, #col, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y, %m : tensor<?x6xf32>, tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %t = arith.subf %a, %b : f32
    linalg.yield %t : f32
  } -> tensor<?x6xf32>
  %w = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%d : tensor<?x6xf32>) outs(%e2 : tensor<?x6xf32>) {
  ^bb0(%a: f32, %o: f32):
    %t = math.exp %a : f32
    linalg.yield %t : f32
  } -> tensor<?x6xf32>
  %s = linalg.generic {indexing_maps = [#id, #col], iterator_types = ["parallel", "reduction"]}
      ins(%w : tensor<?x6xf32>) outs(%z : tensor<?xf32>) {
  ^bb0(%a: f32, %s: f32):
    %t = arith.addf %s, %a : f32
    linalg.yield %t : f32
  } -> tensor<?xf32>
  %v = linalg.generic {indexing_maps = [#id, #col, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w, %s : tensor<?x6xf32>, tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %t = arith.divf %a, %b : f32
    linalg.yield %t : f32
  } -> tensor<?x6xf32>
  %q = spnn.pack_panels ins(%v : tensor<?x6xf32>) outs(%p : tensor<?xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?xf32>
  return %q : tensor<?xf32>
}

// -----

// A reduction that begins at another value than the identity takes it along.
#id = affine_map<(i, j) -> (i, j)>
#col = affine_map<(i, j) -> (i)>
#row = affine_map<(i, j) -> (j)>
// CHECK-LABEL: func @start
func.func @start(%x: tensor<?xf32>, %r: tensor<?x6xf32>, %e2: tensor<?x6xf32>, %p: tensor<?xf32>, %c: tensor<?xf32>, %g: tensor<6xf32>) -> tensor<?xf32> {
  // CHECK: spnn.kernel_columns
  // CHECK-DAG: %[[S:.*]] = spnn.reduce_rows <add> %{{.*}} : f32
  // CHECK-DAG: %[[TWO:.*]] = arith.constant 2.0
  // CHECK: arith.addf %[[S]], %[[TWO]] : f32
  %two = arith.constant 2.0 : f32
  %z = linalg.fill ins(%two : f32) outs(%c : tensor<?xf32>) -> tensor<?xf32>
  %y = spnn.unpack_panels ins(%x : tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?x6xf32>
  // expected-remark @below {{2 ops on 6 rows become one kernel on packed activations}}
  %s = linalg.generic {indexing_maps = [#id, #col], iterator_types = ["parallel", "reduction"]}
      ins(%y : tensor<?x6xf32>) outs(%z : tensor<?xf32>) {
  ^bb0(%a: f32, %s: f32):
    %t = arith.addf %s, %a : f32
    linalg.yield %t : f32
  } -> tensor<?xf32>
  %v = linalg.generic {indexing_maps = [#id, #col, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y, %s : tensor<?x6xf32>, tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %t = arith.divf %a, %b : f32
    linalg.yield %t : f32
  } -> tensor<?x6xf32>
  %q = spnn.pack_panels ins(%v : tensor<?x6xf32>) outs(%p : tensor<?xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?xf32>
  return %q : tensor<?xf32>
}

// -----

// Vectors along features and along columns, a scalar tensor, and a constant of equal elements.
#id = affine_map<(i, j) -> (i, j)>
#col = affine_map<(i, j) -> (i)>
#row = affine_map<(i, j) -> (j)>
// CHECK-LABEL: func @vectors
func.func @vectors(%x: tensor<?xf32>, %r: tensor<?x6xf32>, %e2: tensor<?x6xf32>, %p: tensor<?xf32>, %c: tensor<?xf32>, %g: tensor<6xf32>, %k: tensor<f32>) -> tensor<?xf32> {
  // CHECK: %[[K:.*]] = tensor.extract %{{.*}}[] : tensor<f32>
  // CHECK: spnn.kernel_columns 6 x %{{.*}} panels(%{{.*}} : tensor<?xf32>) row_vectors(%{{.*}} : tensor<6xf32>) column_vectors(%{{.*}} : tensor<?xf32>) scalars(%[[K]] : f32) outs
  // CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[G:.*]]: f32, %[[C:.*]]: f32, %[[I:.*]]: f32):
  // CHECK: arith.constant 5.0{{.*}}e-01 : f32
  %half = arith.constant dense<0.5> : tensor<6xf32>
  %y = spnn.unpack_panels ins(%x : tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?x6xf32>
  // expected-remark @below {{1 op on 6 rows becomes one kernel on packed activations}}
  %v = linalg.generic {indexing_maps = [#id, #row, #col, affine_map<(i, j) -> ()>, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y, %g, %c, %k, %half : tensor<?x6xf32>, tensor<6xf32>, tensor<?xf32>, tensor<f32>, tensor<6xf32>) outs(%e2 : tensor<?x6xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32, %i: f32, %h: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %0, %s : f32
    %2 = arith.mulf %1, %h : f32
    %3 = arith.addf %2, %i : f32
    linalg.yield %3 : f32
  } -> tensor<?x6xf32>
  %q = spnn.pack_panels ins(%v : tensor<?x6xf32>) outs(%p : tensor<?xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?xf32>
  return %q : tensor<?xf32>
}

// -----

// A result that is packed and also used row-major is unpacked for that; a reduction that is used is a result too.
#id = affine_map<(i, j) -> (i, j)>
#col = affine_map<(i, j) -> (i)>
#row = affine_map<(i, j) -> (j)>
// CHECK-LABEL: func @two_results
func.func @two_results(%x: tensor<?xf32>, %r: tensor<?x6xf32>, %e2: tensor<?x6xf32>, %p: tensor<?xf32>, %c: tensor<?xf32>, %g: tensor<6xf32>) -> (tensor<?xf32>, tensor<?x6xf32>, tensor<?xf32>) {
  // CHECK: %[[Q:.*]]:2 = spnn.kernel_columns
  // CHECK: spnn.yield_columns panels(%{{.*}} : f32) columns(%{{.*}} : f32)
  // CHECK: %[[U:.*]] = spnn.unpack_panels ins(%[[Q]]#0
  // CHECK: return %[[Q]]#0, %[[U]], %[[Q]]#1
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%c : tensor<?xf32>) -> tensor<?xf32>
  %y = spnn.unpack_panels ins(%x : tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?x6xf32>
  // expected-remark @below {{2 ops on 6 rows become one kernel on packed activations}}
  %w = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x6xf32>) outs(%e2 : tensor<?x6xf32>) {
  ^bb0(%a: f32, %o: f32):
    %t = math.exp %a : f32
    linalg.yield %t : f32
  } -> tensor<?x6xf32>
  %s = linalg.generic {indexing_maps = [#id, #col], iterator_types = ["parallel", "reduction"]}
      ins(%w : tensor<?x6xf32>) outs(%z : tensor<?xf32>) {
  ^bb0(%a: f32, %s: f32):
    %t = arith.addf %s, %a : f32
    linalg.yield %t : f32
  } -> tensor<?xf32>
  %q = spnn.pack_panels ins(%w : tensor<?x6xf32>) outs(%p : tensor<?xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?xf32>
  return %q, %w, %s : tensor<?xf32>, tensor<?x6xf32>, tensor<?xf32>
}

// -----

// Two that read the same activations are one kernel with two results.
#id = affine_map<(i, j) -> (i, j)>
#col = affine_map<(i, j) -> (i)>
#row = affine_map<(i, j) -> (j)>
// CHECK-LABEL: func @siblings
func.func @siblings(%x: tensor<?xf32>, %r: tensor<?x6xf32>, %e2: tensor<?x6xf32>, %p: tensor<?xf32>, %c: tensor<?xf32>, %g: tensor<6xf32>) -> (tensor<?xf32>, tensor<?xf32>) {
  // CHECK: spnn.kernel_columns
  // CHECK: spnn.yield_columns panels(%{{.*}}, %{{.*}} : f32, f32)
  // CHECK-NOT: spnn.kernel_columns
  %y = spnn.unpack_panels ins(%x : tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?x6xf32>
  // expected-remark @below {{2 ops on 6 rows become one kernel on packed activations}}
  %w = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x6xf32>) outs(%e2 : tensor<?x6xf32>) {
  ^bb0(%a: f32, %o: f32):
    %t = math.exp %a : f32
    linalg.yield %t : f32
  } -> tensor<?x6xf32>
  %v = linalg.negf ins(%y : tensor<?x6xf32>) outs(%e2 : tensor<?x6xf32>) -> tensor<?x6xf32>
  %q = spnn.pack_panels ins(%w : tensor<?x6xf32>) outs(%p : tensor<?xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?xf32>
  %u = spnn.pack_panels ins(%v : tensor<?x6xf32>) outs(%p : tensor<?xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?xf32>
  return %q, %u : tensor<?xf32>, tensor<?xf32>
}

// -----

// Another element type comes out: quantised activations.
#id = affine_map<(i, j) -> (i, j)>
#col = affine_map<(i, j) -> (i)>
#row = affine_map<(i, j) -> (j)>
// CHECK-LABEL: func @quantised
func.func @quantised(%x: tensor<?xf32>, %r: tensor<?x6xf32>, %e2: tensor<?x6xf32>, %p: tensor<?xf32>, %c: tensor<?xf32>, %g: tensor<6xf32>, %i8: tensor<?x6xi8>, %p8: tensor<?xi8>) -> tensor<?xi8> {
  // CHECK-NOT: pack_panels
  // CHECK: spnn.kernel_columns {{.*}} outs(%{{.*}} : tensor<?xi8>)
  // CHECK: spnn.yield_columns panels(%{{.*}} : i8)
  %y = spnn.unpack_panels ins(%x : tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?x6xf32>
  // expected-remark @below {{1 op on 6 rows becomes one kernel on packed activations}}
  %v = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x6xf32>) outs(%i8 : tensor<?x6xi8>) {
  ^bb0(%a: f32, %o: i8):
    %t = arith.fptosi %a : f32 to i8
    linalg.yield %t : i8
  } -> tensor<?x6xi8>
  %q = spnn.pack_panels ins(%v : tensor<?x6xi8>) outs(%p8 : tensor<?xi8>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?xi8>
  return %q : tensor<?xi8>
}

// -----

// In front of a product too: the operand is packed before, the result is not.
#id = affine_map<(i, j) -> (i, j)>
#col = affine_map<(i, j) -> (i)>
#row = affine_map<(i, j) -> (j)>
// CHECK-LABEL: func @in_front
func.func @in_front(%x: tensor<?xf32>, %r: tensor<?x6xf32>, %e2: tensor<?x6xf32>, %p: tensor<?xf32>, %c: tensor<?xf32>, %g: tensor<6xf32>) -> tensor<?xf32> {
  // CHECK: %[[R:.*]] = spnn.pack_panels ins(%arg1
  // CHECK: spnn.kernel_columns 6 x %{{.*}} panels(%[[R]] : tensor<?xf32>)
  // CHECK-NOT: pack_panels
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%c : tensor<?xf32>) -> tensor<?xf32>
  // expected-remark @below {{2 ops on 6 rows become one kernel on packed activations}}
  %s = linalg.generic {indexing_maps = [#id, #col], iterator_types = ["parallel", "reduction"]}
      ins(%r : tensor<?x6xf32>) outs(%z : tensor<?xf32>) {
  ^bb0(%a: f32, %s: f32):
    %t = arith.addf %s, %a : f32
    linalg.yield %t : f32
  } -> tensor<?xf32>
  %v = linalg.generic {indexing_maps = [#id, #col, #id], iterator_types = ["parallel", "parallel"]}
      ins(%r, %s : tensor<?x6xf32>, tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %t = arith.divf %a, %b : f32
    linalg.yield %t : f32
  } -> tensor<?x6xf32>
  %q = spnn.pack_panels ins(%v : tensor<?x6xf32>) outs(%p : tensor<?xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?xf32>
  return %q : tensor<?xf32>
}

// -----

// Features first and columns first in one group: transpositions disappear.
#id = affine_map<(i, j) -> (i, j)>
#col = affine_map<(i, j) -> (i)>
#row = affine_map<(i, j) -> (j)>
// CHECK-LABEL: func @transposed
func.func @transposed(%x: tensor<?xf32>, %r: tensor<?x6xf32>, %e2: tensor<?x6xf32>, %p: tensor<?xf32>, %c: tensor<?xf32>, %g: tensor<6xf32>, %e1: tensor<6x?xf32>) -> tensor<?xf32> {
  // CHECK-NOT: transpose
  // CHECK: spnn.kernel_columns
  // CHECK: return
  %y = spnn.unpack_panels ins(%x : tensor<?xf32>) outs(%e1 : tensor<6x?xf32>) panels(<width = 8, vector = 4>) -> tensor<6x?xf32>
  // expected-remark @below {{2 ops on 6 rows become one kernel on packed activations}}
  %tr = linalg.transpose ins(%y : tensor<6x?xf32>) outs(%e2 : tensor<?x6xf32>) permutation = [1, 0]
  %v = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%tr : tensor<?x6xf32>) outs(%e2 : tensor<?x6xf32>) {
  ^bb0(%a: f32, %o: f32):
    %t = math.exp %a : f32
    linalg.yield %t : f32
  } -> tensor<?x6xf32>
  %q = spnn.pack_panels ins(%v : tensor<?x6xf32>) outs(%p : tensor<?xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?xf32>
  return %q : tensor<?xf32>
}

// -----

// Columns that are split over two dimensions, as of a batch of sequences.
// CHECK-LABEL: func @split
func.func @split(%x: tensor<?xf32>, %r: tensor<?x6xf32>, %e2: tensor<?x6xf32>, %p: tensor<?xf32>, %c: tensor<?xf32>, %g: tensor<6xf32>, %x72: tensor<72xf32>, %p72: tensor<72xf32>, %e12: tensor<12x6xf32>, %e3: tensor<3x4x6xf32>) -> tensor<72xf32> {
  // CHECK: spnn.kernel_columns 6 x %c12
  // CHECK: math.exp
  // CHECK-NOT: unpack
  %y = spnn.unpack_panels ins(%x72 : tensor<72xf32>) outs(%e12 : tensor<12x6xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<12x6xf32>
  // expected-remark @below {{3 ops on 6 rows become one kernel on packed activations}}
  %u = tensor.expand_shape %y [[0, 1], [2]] output_shape [3, 4, 6] : tensor<12x6xf32> into tensor<3x4x6xf32>
  %v = linalg.exp ins(%u : tensor<3x4x6xf32>) outs(%e3 : tensor<3x4x6xf32>) -> tensor<3x4x6xf32>
  %w = tensor.collapse_shape %v [[0, 1], [2]] : tensor<3x4x6xf32> into tensor<12x6xf32>
  %q = spnn.pack_panels ins(%w : tensor<12x6xf32>) outs(%p72 : tensor<72xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<72xf32>
  return %q : tensor<72xf32>
}

// -----

// A residual around a product: what is in front of the product and what is behind it are two kernels, and the residual
// goes from one to the other in panels.
#id = affine_map<(i, j) -> (i, j)>
#col = affine_map<(i, j) -> (i)>
#row = affine_map<(i, j) -> (j)>
// CHECK-LABEL: func @around_product
func.func @around_product(%x: tensor<?xf32>, %r: tensor<?x6xf32>, %e2: tensor<?x6xf32>, %p: tensor<?xf32>, %c: tensor<?xf32>, %g: tensor<6xf32>, %n: index) -> tensor<?xf32> {
  // CHECK-NOT: pack_panels
  // CHECK: %[[Q:.*]] = spnn.kernel_columns
  // CHECK-NOT: pack_panels
  // CHECK: %[[K:.*]] = spnn.kernel_matmul {{.*}} ins(%[[Q]],
  // CHECK-NOT: pack_panels
  // CHECK: spnn.kernel_columns {{.*}} panels(%[[K]], %[[Q]] : tensor<?xf32>, tensor<?xf32>)
  // CHECK-NOT: pack_panels
  %y = spnn.unpack_panels ins(%x : tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?x6xf32>
  // expected-remark @below {{1 op on 6 rows becomes one kernel on packed activations}}
  %w = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x6xf32>) outs(%e2 : tensor<?x6xf32>) {
  ^bb0(%a: f32, %o: f32):
    %t = math.exp %a : f32
    linalg.yield %t : f32
  } -> tensor<?x6xf32>
  %q = spnn.pack_panels ins(%w : tensor<?x6xf32>) outs(%p : tensor<?xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?xf32>
  %k = spnn.kernel_matmul "csr" weights(6 x 6 as #spnn.bitmap) ins(%q, %n : tensor<?xf32>) outs(%p : tensor<?xf32>)
      panels(<width = 8, vector = 4>) parameters({}) -> tensor<?xf32>
  %y2 = spnn.unpack_panels ins(%k : tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?x6xf32>
  // expected-remark @below {{1 op on 6 rows becomes one kernel on packed activations}}
  %s = linalg.add ins(%y2, %w : tensor<?x6xf32>, tensor<?x6xf32>) outs(%e2 : tensor<?x6xf32>) -> tensor<?x6xf32>
  %q2 = spnn.pack_panels ins(%s : tensor<?x6xf32>) outs(%p : tensor<?xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?xf32>
  return %q2 : tensor<?xf32>
}

// -----

// A matrix that is constant, like embeddings of positions, is packed here and not in each call, so it costs nothing that the
// group would have to save.
#id = affine_map<(i, j) -> (i, j)>
// CHECK-LABEL: func @constant_operand
func.func @constant_operand(%x: tensor<24xf32>, %e2: tensor<4x6xf32>, %p: tensor<24xf32>) -> tensor<24xf32> {
  // CHECK: %[[C:.*]] = arith.constant dense<{{.*}}> : tensor<24xf32>
  // CHECK-NOT: pack_panels
  // CHECK: spnn.kernel_columns {{.*}} panels(%{{.*}}, %[[C]] : tensor<24xf32>, tensor<24xf32>)
  // CHECK-NOT: pack_panels
  %c = arith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2.0, 2.0, 3.0, 4.0, 5.0, 6.0], [3.0, 2.0, 3.0, 4.0, 5.0, 6.0], [4.0, 2.0, 3.0, 4.0, 5.0, 6.0]]> : tensor<4x6xf32>
  %y = spnn.unpack_panels ins(%x : tensor<24xf32>) outs(%e2 : tensor<4x6xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<4x6xf32>
  // expected-remark @below {{1 op on 6 rows becomes one kernel on packed activations}}
  %w = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y, %c : tensor<4x6xf32>, tensor<4x6xf32>) outs(%e2 : tensor<4x6xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %t = arith.addf %a, %b : f32
    linalg.yield %t : f32
  } -> tensor<4x6xf32>
  %q = spnn.pack_panels ins(%w : tensor<4x6xf32>) outs(%p : tensor<24xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<24xf32>
  return %q : tensor<24xf32>
}

// -----

// What reads a result in the middle of a group moves behind its kernel.
#id = affine_map<(i, j) -> (i, j)>
#col = affine_map<(i, j) -> (i)>
#row = affine_map<(i, j) -> (j)>
// CHECK-LABEL: func @in_the_middle
func.func @in_the_middle(%x: tensor<?xf32>, %r: tensor<?x6xf32>, %e2: tensor<?x6xf32>, %p: tensor<?xf32>, %c: tensor<?xf32>, %g: tensor<6xf32>, %n: index) -> (tensor<?xf32>, tensor<?xf32>) {
  // CHECK: %[[Q:.*]]:2 = spnn.kernel_columns
  // CHECK: spnn.kernel_matmul {{.*}} ins(%[[Q]]#0,
  %y = spnn.unpack_panels ins(%x : tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?x6xf32>
  // expected-remark @below {{2 ops on 6 rows become one kernel on packed activations}}
  %w = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x6xf32>) outs(%e2 : tensor<?x6xf32>) {
  ^bb0(%a: f32, %o: f32):
    %t = math.exp %a : f32
    linalg.yield %t : f32
  } -> tensor<?x6xf32>
  %q = spnn.pack_panels ins(%w : tensor<?x6xf32>) outs(%p : tensor<?xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?xf32>
  %k = spnn.kernel_matmul "csr" weights(6 x 6 as #spnn.bitmap) ins(%q, %n : tensor<?xf32>) outs(%p : tensor<?xf32>)
      panels(<width = 8, vector = 4>) parameters({}) -> tensor<?xf32>
  %s = linalg.add ins(%y, %w : tensor<?x6xf32>, tensor<?x6xf32>) outs(%e2 : tensor<?x6xf32>) -> tensor<?x6xf32>
  %q2 = spnn.pack_panels ins(%s : tensor<?x6xf32>) outs(%p : tensor<?xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?xf32>
  return %k, %q2 : tensor<?xf32>, tensor<?xf32>
}

// -----

// Another layout on the other side stays a change of layout.
#id = affine_map<(i, j) -> (i, j)>
#col = affine_map<(i, j) -> (i)>
#row = affine_map<(i, j) -> (j)>
// CHECK-LABEL: func @layouts
func.func @layouts(%x: tensor<?xf32>, %r: tensor<?x6xf32>, %e2: tensor<?x6xf32>, %p: tensor<?xf32>, %c: tensor<?xf32>, %g: tensor<6xf32>) -> tensor<?xf32> {
  // CHECK: %[[Q:.*]] = spnn.kernel_columns 6 x %{{.*}} layout(<width = 8, vector = 4>)
  // CHECK: %[[U:.*]] = spnn.unpack_panels ins(%[[Q]] : tensor<?xf32>) {{.*}} panels(<width = 8, vector = 4>)
  // CHECK: spnn.pack_panels ins(%[[U]] : {{.*}} panels(<width = 4, vector = 4>)
  %y = spnn.unpack_panels ins(%x : tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?x6xf32>
  // expected-remark @below {{1 op on 6 rows becomes one kernel on packed activations}}
  %w = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x6xf32>) outs(%e2 : tensor<?x6xf32>) {
  ^bb0(%a: f32, %o: f32):
    %t = math.exp %a : f32
    linalg.yield %t : f32
  } -> tensor<?x6xf32>
  %q = spnn.pack_panels ins(%w : tensor<?x6xf32>) outs(%p : tensor<?xf32>) panels(<width = 4, vector = 4>) {transpose} -> tensor<?xf32>
  return %q : tensor<?xf32>
}

// -----

// A function that is cheap and whose operand and result are both row-major elsewhere stays.
// CHECK-LABEL: func @does_not_pay
func.func @does_not_pay(%x: tensor<?xf32>, %r: tensor<?x6xf32>, %e2: tensor<?x6xf32>, %p: tensor<?xf32>, %c: tensor<?xf32>, %g: tensor<6xf32>) -> tensor<?x6xf32> {
  // CHECK-NOT: spnn.kernel_columns
  %y = spnn.unpack_panels ins(%x : tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?x6xf32>
  // expected-remark @below {{stays row-major beside packed activations: packing its operands would cost more than it saves}}
  %s = linalg.add ins(%y, %r : tensor<?x6xf32>, tensor<?x6xf32>) outs(%e2 : tensor<?x6xf32>) -> tensor<?x6xf32>
  return %s : tensor<?x6xf32>
}

// -----

// With reductions it is worth one more change of layout.
#id = affine_map<(i, j) -> (i, j)>
#col = affine_map<(i, j) -> (i)>
#row = affine_map<(i, j) -> (j)>
// CHECK-LABEL: func @heavy_pays
func.func @heavy_pays(%x: tensor<?xf32>, %r: tensor<?x6xf32>, %e2: tensor<?x6xf32>, %p: tensor<?xf32>, %c: tensor<?xf32>, %g: tensor<6xf32>) -> tensor<?x6xf32> {
  // CHECK: spnn.pack_panels
  // CHECK: spnn.kernel_columns
  // CHECK: spnn.unpack_panels
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%c : tensor<?xf32>) -> tensor<?xf32>
  %y = spnn.unpack_panels ins(%x : tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?x6xf32>
  // expected-remark @below {{3 ops on 6 rows become one kernel on packed activations}}
  %sum = linalg.add ins(%y, %r : tensor<?x6xf32>, tensor<?x6xf32>) outs(%e2 : tensor<?x6xf32>) -> tensor<?x6xf32>
  %fold = linalg.generic {indexing_maps = [#id, #col], iterator_types = ["parallel", "reduction"]}
      ins(%sum : tensor<?x6xf32>) outs(%z : tensor<?xf32>) {
  ^bb0(%a: f32, %s: f32):
    %t = arith.addf %s, %a : f32
    linalg.yield %t : f32
  } -> tensor<?xf32>
  %v = linalg.generic {indexing_maps = [#id, #col, #id], iterator_types = ["parallel", "parallel"]}
      ins(%sum, %fold : tensor<?x6xf32>, tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %t = arith.divf %a, %b : f32
    linalg.yield %t : f32
  } -> tensor<?x6xf32>
  return %v : tensor<?x6xf32>
}

// -----

// What asks for its position is left out.
#id = affine_map<(i, j) -> (i, j)>
#col = affine_map<(i, j) -> (i)>
#row = affine_map<(i, j) -> (j)>
// CHECK-LABEL: func @position
func.func @position(%x: tensor<?xf32>, %r: tensor<?x6xf32>, %e2: tensor<?x6xf32>, %p: tensor<?xf32>, %c: tensor<?xf32>, %g: tensor<6xf32>) -> tensor<?xf32> {
  // CHECK-NOT: spnn.kernel_columns
  %y = spnn.unpack_panels ins(%x : tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?x6xf32>
  // expected-remark @below {{stays row-major beside packed activations: its body asks for its position}}
  %v = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x6xf32>) outs(%e2 : tensor<?x6xf32>) {
  ^bb0(%a: f32, %o: f32):
    %i = linalg.index 0 : index
    %j = arith.index_cast %i : index to i32
    %f = arith.sitofp %j : i32 to f32
    %t = arith.addf %a, %f : f32
    linalg.yield %t : f32
  } -> tensor<?x6xf32>
  %q = spnn.pack_panels ins(%v : tensor<?x6xf32>) outs(%p : tensor<?xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?xf32>
  return %q : tensor<?xf32>
}

// -----

// A reduction over columns is left out; what is in front of it is not.
#id = affine_map<(i, j) -> (i, j)>
#col = affine_map<(i, j) -> (i)>
#row = affine_map<(i, j) -> (j)>
// CHECK-LABEL: func @over_columns
func.func @over_columns(%x: tensor<?xf32>, %r: tensor<?x6xf32>, %e2: tensor<?x6xf32>, %p: tensor<?xf32>, %c: tensor<?xf32>, %g: tensor<6xf32>) -> tensor<6xf32> {
  // CHECK: spnn.kernel_columns
  // CHECK: spnn.unpack_panels
  // CHECK: linalg.generic
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%g : tensor<6xf32>) -> tensor<6xf32>
  %y = spnn.unpack_panels ins(%x : tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?x6xf32>
  // expected-remark @below {{1 op on 6 rows becomes one kernel on packed activations}}
  %w = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x6xf32>) outs(%e2 : tensor<?x6xf32>) {
  ^bb0(%a: f32, %o: f32):
    %t = math.exp %a : f32
    linalg.yield %t : f32
  } -> tensor<?x6xf32>
  // expected-remark @below {{stays row-major beside packed activations: it reduces over columns}}
  %s = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["reduction", "parallel"]}
      ins(%w : tensor<?x6xf32>) outs(%z : tensor<6xf32>) {
  ^bb0(%a: f32, %s: f32):
    %t = arith.addf %s, %a : f32
    linalg.yield %t : f32
  } -> tensor<6xf32>
  return %s : tensor<6xf32>
}

// -----

// Integer division could fault on columns that only fill up a vector.
#id = affine_map<(i, j) -> (i, j)>
#col = affine_map<(i, j) -> (i)>
#row = affine_map<(i, j) -> (j)>
// CHECK-LABEL: func @division
func.func @division(%x: tensor<?xf32>, %r: tensor<?x6xf32>, %e2: tensor<?x6xf32>, %p: tensor<?xf32>, %c: tensor<?xf32>, %g: tensor<6xf32>) -> tensor<?xf32> {
  // CHECK-NOT: spnn.kernel_columns
  %y = spnn.unpack_panels ins(%x : tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?x6xf32>
  // expected-remark @below {{stays row-major beside packed activations: its body has 'arith.divsi', which is no elementwise arithmetic}}
  %v = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x6xf32>) outs(%e2 : tensor<?x6xf32>) {
  ^bb0(%a: f32, %o: f32):
    %i = arith.fptosi %a : f32 to i32
    %j = arith.divsi %i, %i : i32
    %t = arith.sitofp %j : i32 to f32
    linalg.yield %t : f32
  } -> tensor<?x6xf32>
  %q = spnn.pack_panels ins(%v : tensor<?x6xf32>) outs(%p : tensor<?xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?xf32>
  return %q : tensor<?xf32>
}

// -----

// A reduction that is no fold of a known kind is left out.
#id = affine_map<(i, j) -> (i, j)>
#col = affine_map<(i, j) -> (i)>
#row = affine_map<(i, j) -> (j)>
// CHECK-LABEL: func @no_fold
func.func @no_fold(%x: tensor<?xf32>, %r: tensor<?x6xf32>, %e2: tensor<?x6xf32>, %p: tensor<?xf32>, %c: tensor<?xf32>, %g: tensor<6xf32>) -> tensor<?xf32> {
  // CHECK-NOT: spnn.kernel_columns
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%c : tensor<?xf32>) -> tensor<?xf32>
  %y = spnn.unpack_panels ins(%x : tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?x6xf32>
  // expected-remark @below {{stays row-major beside packed activations: its reduction is no sum, product, maximum or minimum}}
  %s = linalg.generic {indexing_maps = [#id, #col], iterator_types = ["parallel", "reduction"]}
      ins(%y : tensor<?x6xf32>) outs(%z : tensor<?xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %s, %s : f32
    %t = arith.addf %0, %a : f32
    linalg.yield %t : f32
  } -> tensor<?xf32>
  return %s : tensor<?xf32>
}

// -----

// A reduction that goes on from a value that differs by column is left out.
#id = affine_map<(i, j) -> (i, j)>
#col = affine_map<(i, j) -> (i)>
#row = affine_map<(i, j) -> (j)>
// CHECK-LABEL: func @start_differs
func.func @start_differs(%x: tensor<?xf32>, %r: tensor<?x6xf32>, %e2: tensor<?x6xf32>, %p: tensor<?xf32>, %c: tensor<?xf32>, %g: tensor<6xf32>) -> tensor<?xf32> {
  // CHECK-NOT: spnn.kernel_columns
  %y = spnn.unpack_panels ins(%x : tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?x6xf32>
  // expected-remark @below {{stays row-major beside packed activations: its reduction does not begin at a constant}}
  %s = linalg.generic {indexing_maps = [#id, #col], iterator_types = ["parallel", "reduction"]}
      ins(%y : tensor<?x6xf32>) outs(%c : tensor<?xf32>) {
  ^bb0(%a: f32, %s: f32):
    %t = arith.addf %s, %a : f32
    linalg.yield %t : f32
  } -> tensor<?xf32>
  return %s : tensor<?xf32>
}

// -----

// Rows that are split are left out: heads of attention.
// CHECK-LABEL: func @split_rows
func.func @split_rows(%x: tensor<?xf32>, %r: tensor<?x6xf32>, %e2: tensor<?x6xf32>, %p: tensor<?xf32>, %c: tensor<?xf32>, %g: tensor<6xf32>, %n: index) -> tensor<?x2x3xf32> {
  // CHECK: tensor.expand_shape
  %y = spnn.unpack_panels ins(%x : tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?x6xf32>
  // expected-remark @below {{stays row-major beside packed activations: it splits rows}}
  %s = tensor.expand_shape %y [[0], [1, 2]] output_shape [%n, 2, 3] : tensor<?x6xf32> into tensor<?x2x3xf32>
  return %s : tensor<?x2x3xf32>
}

// -----

// A product of two activations is no elementwise op.
// CHECK-LABEL: func @contraction
func.func @contraction(%x: tensor<?xf32>, %r: tensor<?x6xf32>, %e2: tensor<?x6xf32>, %p: tensor<?xf32>, %c: tensor<?xf32>, %g: tensor<6xf32>, %nn: tensor<?x?xf32>, %r2: tensor<6x?xf32>) -> tensor<?x?xf32> {
  // CHECK: linalg.matmul
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%nn : tensor<?x?xf32>) -> tensor<?x?xf32>
  %y = spnn.unpack_panels ins(%x : tensor<?xf32>) outs(%e2 : tensor<?x6xf32>) panels(<width = 8, vector = 4>) {transpose} -> tensor<?x6xf32>
  // expected-remark @below {{stays row-major beside packed activations: which of its dimensions are columns is not known}}
  %s = linalg.matmul ins(%y, %r2 : tensor<?x6xf32>, tensor<6x?xf32>) outs(%z : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %s : tensor<?x?xf32>
}
