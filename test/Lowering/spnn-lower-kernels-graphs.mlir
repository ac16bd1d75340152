// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-lower-kernels)' %s --split-input-file --verify-diagnostics | FileCheck %s

module attributes {spnn.target = #spnn.target<"generic-avx512", cpu = "x86-64-v4", vector_bytes = 64, threads = 0>} {
  // Four vectors of a row in registers, added edge by edge; rows in tasks of equal work.
  // CHECK-LABEL: func @sum
  // CHECK: scf.parallel
  // CHECK: scf.while
  // CHECK: scf.for
  // CHECK-COUNT-4: memref.prefetch {{.*}}, write, locality<3>, data : memref<35x64xf32>
  // CHECK: %[[SUMS:.*]]:4 = scf.for %{{.*}} iter_args({{.*}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
  // CHECK-COUNT-4: memref.prefetch {{.*}}, read, locality<3>, data : memref<35x64xf32>
  // CHECK-COUNT-4: vector.load {{.*}} : memref<35x64xf32>, vector<16xf32>
  // CHECK-NOT: arith.mulf
  // CHECK-COUNT-4: vector.store {{.*}} : memref<35x64xf32>, vector<16xf32>
  func.func @sum(%pos: memref<36xi32>, %idx: memref<?xi32>, %x: memref<35x64xf32>, %y: memref<35x64xf32>) {
    spnn.kernel_graph "spmm" graph(35 x 35) storage(%pos, %idx : memref<36xi32>, memref<?xi32>)
        ins(%x : memref<35x64xf32>) names(["features"]) outs(%y : memref<35x64xf32>) parameters({prefetch = 8 : i64}) parallel
    return
  }
}

// -----

module attributes {spnn.target = #spnn.target<"generic-avx512", cpu = "x86-64-v4", vector_bytes = 64, threads = 1>} {
  // One vector with a mask for seven columns, four edges at a time; a scale is loaded for each edge.
  // CHECK-LABEL: func @tail
  // CHECK-NOT: scf.parallel
  // CHECK: vector.constant_mask [7] : vector<16xi1>
  // CHECK: %{{.*}}:4 = scf.for
  // CHECK-COUNT-4: vector.maskedload
  // CHECK: scf.for
  // CHECK: vector.maskedload
  // CHECK: vector.maskedstore
  func.func @tail(%pos: memref<36xi32>, %idx: memref<?xi32>, %x: memref<35x7xf32>, %s: memref<35xf32>, %y: memref<35x7xf32>) {
    spnn.kernel_graph "spmm" graph(35 x 35) storage(%pos, %idx : memref<36xi32>, memref<?xi32>)
        ins(%x, %s : memref<35x7xf32>, memref<35xf32>) names(["features", "column_scales"]) outs(%y : memref<35x7xf32>) parameters({})
    return
  }
}

// -----

// Rows with numbers: edges are those of the place, scale and result those of the row.
// CHECK-LABEL: func @numbered_rows
// CHECK-SAME: %[[ROWS:[^:]*]]: memref<35xi32>, %{{[^:]*}}: memref<35x16xf32>, %[[S:[^:]*]]: memref<35xf32>, %[[Y:[^:]*]]: memref<35x16xf32>
// CHECK: scf.for %[[PLACE:.*]] = %{{.*}} to
// CHECK: memref.load %{{.*}}[%[[PLACE]]] : memref<36xi32>
// CHECK: %[[NUMBER:.*]] = memref.load %[[ROWS]][%[[PLACE]]] : memref<35xi32>
// CHECK: %[[ROW:.*]] = arith.index_castui %[[NUMBER]]
// CHECK: memref.load %[[S]][%[[ROW]]]
// CHECK: vector.store %{{.*}}, %[[Y]][%[[ROW]],
module attributes {spnn.target = #spnn.target<"generic-avx512", cpu = "x86-64-v4", vector_bytes = 64, threads = 1>} {
  func.func @numbered_rows(%pos: memref<36xi32>, %idx: memref<?xi32>, %rows: memref<35xi32>, %x: memref<35x16xf32>, %s: memref<35xf32>,
                           %y: memref<35x16xf32>) {
    spnn.kernel_graph "spmm" graph(35 x 35) storage(%pos, %idx, %rows : memref<36xi32>, memref<?xi32>, memref<35xi32>)
        ins(%x, %s : memref<35x16xf32>, memref<35xf32>) names(["features", "row_scales"]) outs(%y : memref<35x16xf32>) parameters({})
    return
  }
}

// -----

// Narrow vectors have halves for tails: 4 + 2 + 1.
// CHECK-LABEL: func @halves
// CHECK: vector.load {{.*}} vector<4xf32>
// CHECK: vector.load {{.*}} vector<2xf32>
// CHECK: vector.load {{.*}} vector<1xf32>
// CHECK-NOT: masked
module attributes {spnn.target = #spnn.target<"generic-sse", cpu = "x86-64", vector_bytes = 16, threads = 1>} {
  func.func @halves(%pos: memref<36xi32>, %idx: memref<?xi32>, %x: memref<35x7xf32>, %y: memref<35x7xf32>) {
    spnn.kernel_graph "spmm" graph(35 x 35) storage(%pos, %idx : memref<36xi32>, memref<?xi32>)
        ins(%x : memref<35x7xf32>) names(["features"]) outs(%y : memref<35x7xf32>) parameters({})
    return
  }
}

// -----

// The run-time library checks and transposes graphs.
// CHECK-LABEL: func @run_time
// CHECK: llvm.call @spnn_rt_assemble
// CHECK: llvm.call @spnn_rt_transpose
func.func @run_time(%pos: memref<36xi32>, %idx: memref<?xi32>, %checked: memref<36xi32>, %tpos: memref<36xi32>,
                    %tidx: memref<?xi32>, %order: memref<?xi32>) {
  spnn.kernel_graph "assemble" graph(35 x 35) storage(%pos, %idx : memref<36xi32>, memref<?xi32>) names([])
      outs(%checked : memref<36xi32>) parameters({symmetric = 1 : i64})
  spnn.kernel_graph "transpose" graph(35 x 35) storage(%checked, %idx : memref<36xi32>, memref<?xi32>) names([])
      outs(%tpos, %tidx, %order : memref<36xi32>, memref<?xi32>, memref<?xi32>) parameters({})
  return
}

// -----

func.func @storage(%pos: memref<36xi32>, %x: memref<35x7xf32>, %y: memref<35x7xf32>) {
  // expected-error @+1 {{kernel 'spmm' takes 2 or 3 storage buffers, got 1}}
  spnn.kernel_graph "spmm" graph(35 x 35) storage(%pos : memref<36xi32>) ins(%x : memref<35x7xf32>) names(["features"])
      outs(%y : memref<35x7xf32>) parameters({})
  return
}

// -----

func.func @integers(%pos: memref<36xi64>, %idx: memref<?xi32>, %x: memref<35x7xf32>, %y: memref<35x7xf32>) {
  // expected-error @+1 {{storage buffer 0 of kernel 'spmm' holds i32, got 'i64'}}
  spnn.kernel_graph "spmm" graph(35 x 35) storage(%pos, %idx : memref<36xi64>, memref<?xi32>) ins(%x : memref<35x7xf32>)
      names(["features"]) outs(%y : memref<35x7xf32>) parameters({})
  return
}

// -----

func.func @missing(%pos: memref<36xi32>, %idx: memref<?xi32>, %x: memref<35x7xf32>, %y: memref<35x7xf32>) {
  // expected-error @+1 {{kernel 'scatter-winners' needs input 'winners'}}
  spnn.kernel_graph "scatter-winners" graph(35 x 35) storage(%pos, %idx : memref<36xi32>, memref<?xi32>) ins(%x : memref<35x7xf32>)
      names(["gradient"]) outs(%y : memref<35x7xf32>) parameters({})
  return
}

// -----

func.func @surplus(%pos: memref<36xi32>, %idx: memref<?xi32>, %x: memref<35x7xf32>, %y: memref<35x7xf32>) {
  // expected-error @+1 {{kernel 'spmm-max' has no input 'bias'}}
  spnn.kernel_graph "spmm-max" graph(35 x 35) storage(%pos, %idx : memref<36xi32>, memref<?xi32>) ins(%x, %x : memref<35x7xf32>, memref<35x7xf32>)
      names(["features", "bias"]) outs(%y : memref<35x7xf32>) parameters({})
  return
}

// -----

func.func @rate(%pos: memref<36xi32>, %idx: memref<?xi32>, %x: memref<35x7xf32>, %seed: i64, %y: memref<35x7xf32>) {
  // expected-error @+1 {{kernel 'spmm' needs parameter 'rate' beside a seed}}
  spnn.kernel_graph "spmm" graph(35 x 35) storage(%pos, %idx : memref<36xi32>, memref<?xi32>) ins(%x, %seed : memref<35x7xf32>, i64)
      names(["features", "seed"]) outs(%y : memref<35x7xf32>) parameters({})
  return
}
