// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-vectorize-elementwise,canonicalize)' %s --split-input-file | FileCheck %s

#id = affine_map<(i) -> (i)>
module attributes {spnn.target = #spnn.target<"generic-avx512", cpu = "x86-64-v4", vector_bytes = 64, threads = 1>} {
  // The example of the documentation.
  // CHECK-LABEL: func @square
  // CHECK-SAME: %[[X:.*]]: memref<32xf32>, %[[Y:.*]]: memref<32xf32>
  // CHECK: scf.for %[[I:.*]] = %c0 to %c32 step %c16
  // CHECK: %[[A:.*]] = vector.load %[[X]][%[[I]]] : memref<32xf32>, vector<16xf32>
  // CHECK: %[[B:.*]] = arith.mulf %[[A]], %[[A]] : vector<16xf32>
  // CHECK: vector.store %[[B]], %[[Y]][%[[I]]] : memref<32xf32>, vector<16xf32>
  // CHECK-NOT: masked
  func.func @square(%x: memref<32xf32>, %y: memref<32xf32>) {
    linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : memref<32xf32>) outs(%y : memref<32xf32>) {
    ^bb0(%a: f32, %b: f32):
      %0 = arith.mulf %a, %a : f32
      linalg.yield %0 : f32
    }
    return
  }
}

// -----

// Contiguous operands of one shape are one loop, with a mask for the rest.
#id = affine_map<(i, j) -> (i, j)>
module attributes {spnn.target = #spnn.target<"generic-avx512", cpu = "x86-64-v4", vector_bytes = 64, threads = 1>} {
  // CHECK-LABEL: func @flat
  // CHECK-DAG: memref.collapse_shape %{{.*}} {{\[\[}}0, 1]] : memref<5x7xf32> into memref<35xf32>
  // CHECK: scf.for %{{.*}} = %c0 to %c32 step %c16
  // CHECK: vector.constant_mask [3] : vector<16xi1>
  // CHECK: vector.maskedload %{{.*}}[%c32]
  // CHECK: vector.maskedstore %{{.*}}[%c32]
  func.func @flat(%x: memref<5x7xf32>, %y: memref<5x7xf32>) {
    linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%x : memref<5x7xf32>) outs(%y : memref<5x7xf32>) {
    ^bb0(%a: f32, %b: f32):
      %0 = arith.negf %a : f32
      linalg.yield %0 : f32
    }
    return
  }
}

// -----

// What is the same in a row is loaded once and computed as a scalar; a row's numbers are counted in 32 bits.
#id = affine_map<(i, j) -> (i, j)>
module attributes {spnn.target = #spnn.target<"generic-avx512", cpu = "x86-64-v4", vector_bytes = 64, threads = 1>} {
  // CHECK-LABEL: func @broadcast
  // CHECK-DAG: %[[LANES:.*]] = arith.constant dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]> : vector<16xi32>
  // CHECK: scf.for %[[I:.*]] =
  // CHECK: %[[COLUMN:.*]] = memref.load %{{.*}}[%[[I]]] : memref<5xf32>
  // CHECK: %[[TWICE:.*]] = arith.addf %[[COLUMN]], %[[COLUMN]] : f32
  // CHECK: vector.broadcast %[[TWICE]] : f32 to vector<16xf32>
  // CHECK: arith.addi %{{.*}}, %[[LANES]] : vector<16xi32>
  // CHECK: arith.sitofp {{.*}} : vector<16xi32> to vector<16xf32>
  // CHECK-NOT: vector<16xindex>
  func.func @broadcast(%x: memref<5x32xf32>, %c: memref<5xf32>, %r: memref<32xf32>, %y: memref<5x32xf32>) {
    linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (j)>, #id], iterator_types = ["parallel", "parallel"]}
        ins(%x, %c, %r : memref<5x32xf32>, memref<5xf32>, memref<32xf32>) outs(%y : memref<5x32xf32>) {
    ^bb0(%p: f32, %q: f32, %s: f32, %o: f32):
      %0 = arith.addf %q, %q : f32
      %1 = arith.mulf %p, %0 : f32
      %2 = arith.addf %1, %s : f32
      %j = linalg.index 1 : index
      %3 = arith.index_cast %j : index to i32
      %4 = arith.sitofp %3 : i32 to f32
      %5 = arith.addf %2, %4 : f32
      linalg.yield %5 : f32
    }
    return
  }
}

// -----

// Large ones are shared by threads; where nobody knows, the extents decide when the model runs.
#id = affine_map<(i) -> (i)>
module attributes {spnn.target = #spnn.target<"generic-avx512", cpu = "x86-64-v4", vector_bytes = 64, threads = 0>} {
  // CHECK-LABEL: func @parallel
  // CHECK: scf.parallel (%{{.*}}) = (%c0) to (%c7)
  // CHECK: scf.for
  // CHECK: scf.if
  // CHECK: scf.parallel
  // CHECK: } else {
  // CHECK-NOT: scf.parallel
  // CHECK: scf.for
  func.func @parallel(%x: memref<100000xf32>, %y: memref<?xf32>) {
    linalg.generic {indexing_maps = [#id], iterator_types = ["parallel"]} outs(%x : memref<100000xf32>) {
    ^bb0(%a: f32):
      %0 = arith.negf %a : f32
      linalg.yield %0 : f32
    }
    linalg.generic {indexing_maps = [#id], iterator_types = ["parallel"]} outs(%y : memref<?xf32>) {
    ^bb0(%a: f32):
      %0 = arith.negf %a : f32
      linalg.yield %0 : f32
    }
    return
  }
}

// -----

// Left to upstream: reductions, transposed operands, bits, integer divisions.
#id = affine_map<(i, j) -> (i, j)>
// CHECK-LABEL: func @left
// CHECK-COUNT-4: linalg.generic
// CHECK-NOT: vector.
func.func @left(%x: memref<5x7xf32>, %t: memref<7x5xf32>, %s: memref<5xf32>, %y: memref<5x7xf32>, %b: memref<5x7xi1>,
                %i: memref<5x7xi32>) {
  linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<5x7xf32>) outs(%s : memref<5xf32>) {
  ^bb0(%p: f32, %q: f32):
    %0 = arith.addf %p, %q : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, #id], iterator_types = ["parallel", "parallel"]}
      ins(%t : memref<7x5xf32>) outs(%y : memref<5x7xf32>) {
  ^bb0(%p: f32, %q: f32):
    linalg.yield %p : f32
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<5x7xf32>) outs(%b : memref<5x7xi1>) {
  ^bb0(%p: f32, %q: i1):
    %0 = arith.cmpf ogt, %p, %p : f32
    linalg.yield %0 : i1
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%i : memref<5x7xi32>) outs(%i : memref<5x7xi32>) {
  ^bb0(%p: i32, %q: i32):
    %0 = arith.divsi %q, %p : i32
    linalg.yield %0 : i32
  }
  return
}
