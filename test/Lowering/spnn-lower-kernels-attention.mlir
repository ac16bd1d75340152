// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-lower-kernels)' %s --split-input-file --verify-diagnostics | FileCheck %s

// Heads innermost: with 8 heads a vector of 16 holds two edges' scores, so one exponential serves both, and two channels, so
// coefficients are multiplied with features after one shuffle and without a reduction.
// CHECK-LABEL: func @forward
func.func @forward(%pos: memref<36xi32>, %idx: memref<?xi32>, %x: memref<35x64xf32>, %r: memref<35x8xf32>,
                   %l: memref<35x8xf32>, %y: memref<35x64xf32>, %lse: memref<35x8xf32>, %xs: memref<35x64xf32>,
                   %scratch: memref<64x576xf32>) {
  // Features are laid out first.
  // CHECK: scf.parallel
  // CHECK-COUNT-3: vector.shuffle
  // CHECK: vector.store %{{.*}}, %{{.*}} : memref<35x64xf32>, vector<16xf32>
  // Then scores of two edges, and their maximum,
  // CHECK: scf.parallel
  // CHECK: vector.load %{{.*}} : memref<35x8xf32>, vector<8xf32>
  // CHECK: vector.load %{{.*}} : memref<35x8xf32>, vector<8xf32>
  // CHECK: vector.shuffle {{.*}} : vector<8xf32>, vector<8xf32>
  // CHECK: arith.cmpf ogt
  // their exponentials, whose polynomial has six multiplications,
  // CHECK: arith.bitcast {{.*}} : vector<16xf32> to vector<16xi32>
  // CHECK: arith.shli {{.*}} : vector<16xi32>
  // and sums of four vectors of features.
  // CHECK: iter_args(%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
  // CHECK-NOT: vector.reduction
  spnn.kernel_graph "attention" graph(35 x 35) storage(%pos, %idx : memref<36xi32>, memref<?xi32>)
      ins(%x, %r, %l : memref<35x64xf32>, memref<35x8xf32>, memref<35x8xf32>)
      names(["features", "row_scores", "column_scores"])
      outs(%y, %lse, %xs, %scratch : memref<35x64xf32>, memref<35x8xf32>, memref<35x64xf32>, memref<64x576xf32>)
      parameters({heads = 8 : i64, vector = 16 : i64}) parallel
  return
}

// -----

// One head and whole vectors of features: rows are as kernels want them, nothing is copied.
// CHECK-LABEL: func @one_head
func.func @one_head(%pos: memref<36xi32>, %idx: memref<?xi32>, %x: memref<35x16xf32>, %r: memref<35x1xf32>,
                    %l: memref<35x1xf32>, %y: memref<35x16xf32>, %lse: memref<35x1xf32>, %scratch: memref<64x80xf32>) {
  // CHECK-NOT: scf.parallel
  // CHECK-NOT: memref.store
  // CHECK: return
  spnn.kernel_graph "attention" graph(35 x 35) storage(%pos, %idx : memref<36xi32>, memref<?xi32>)
      ins(%x, %r, %l : memref<35x16xf32>, memref<35x1xf32>, memref<35x1xf32>)
      names(["features", "row_scores", "column_scores"])
      outs(%y, %lse, %scratch : memref<35x16xf32>, memref<35x1xf32>, memref<64x80xf32>)
      parameters({heads = 1 : i64, vector = 16 : i64})
  return
}

// -----

func.func @no_heads(%pos: memref<4xi32>, %idx: memref<?xi32>, %x: memref<3x4xf32>) {
  // expected-error @+1 {{kernel 'attention' needs the parameters 'heads', at least 1, and 'vector', a power of two up to 64}}
  spnn.kernel_graph "attention" graph(3 x 3) storage(%pos, %idx : memref<4xi32>, memref<?xi32>)
      ins(%x : memref<3x4xf32>) names(["features"]) outs(%x : memref<3x4xf32>) parameters({vector = 16 : i64})
  return
}

// -----

func.func @no_scores(%pos: memref<4xi32>, %idx: memref<?xi32>, %x: memref<3x4xf32>) {
  // expected-error @+1 {{kernel 'attention' needs the input 'row_scores'}}
  spnn.kernel_graph "attention" graph(3 x 3) storage(%pos, %idx : memref<4xi32>, memref<?xi32>)
      ins(%x : memref<3x4xf32>) names(["features"]) outs(%x : memref<3x4xf32>)
      parameters({heads = 2 : i64, vector = 16 : i64})
  return
}

// -----

func.func @unknown_features(%pos: memref<4xi32>, %idx: memref<?xi32>, %x: memref<3x?xf32>, %r: memref<3x2xf32>) {
  // expected-error @+1 {{needs features with a known number of columns that the heads divide, got 'memref<3x?xf32>'}}
  spnn.kernel_graph "attention" graph(3 x 3) storage(%pos, %idx : memref<4xi32>, memref<?xi32>)
      ins(%x, %r, %r : memref<3x?xf32>, memref<3x2xf32>, memref<3x2xf32>)
      names(["features", "row_scores", "column_scores"]) outs(%x : memref<3x?xf32>)
      parameters({heads = 2 : i64, vector = 16 : i64})
  return
}

// -----

func.func @too_few_inits(%pos: memref<4xi32>, %idx: memref<?xi32>, %x: memref<3x4xf32>, %r: memref<3x2xf32>) {
  // expected-error @+1 {{kernel 'attention' has 2 or 3 results and 2 workspaces, got 1 inits}}
  spnn.kernel_graph "attention" graph(3 x 3) storage(%pos, %idx : memref<4xi32>, memref<?xi32>)
      ins(%x, %r, %r : memref<3x4xf32>, memref<3x2xf32>, memref<3x2xf32>)
      names(["features", "row_scores", "column_scores"]) outs(%x : memref<3x4xf32>)
      parameters({heads = 2 : i64, vector = 16 : i64})
  return
}

// -----

func.func @wrong_workspace(%pos: memref<4xi32>, %idx: memref<?xi32>, %x: memref<3x4xf32>, %r: memref<3x2xf32>) {
  // expected-error @+1 {{kernel 'attention' needs workspace 'features' with rows of 16 'f32', got 'memref<3x4xf32>'}}
  spnn.kernel_graph "attention" graph(3 x 3) storage(%pos, %idx : memref<4xi32>, memref<?xi32>)
      ins(%x, %r, %r : memref<3x4xf32>, memref<3x2xf32>, memref<3x2xf32>)
      names(["features", "row_scores", "column_scores"])
      outs(%x, %r, %x, %x : memref<3x4xf32>, memref<3x2xf32>, memref<3x4xf32>, memref<3x4xf32>)
      parameters({heads = 2 : i64, vector = 16 : i64})
  return
}

// -----

// With dropout the numbers of edges are needed in the transposed graph too.
func.func @no_order(%pos: memref<4xi32>, %idx: memref<?xi32>, %x: memref<3x4xf32>, %r: memref<3x2xf32>, %seed: i64) {
  // expected-error @+1 {{kernel 'attention-backward' needs the input 'order'}}
  spnn.kernel_graph "attention-backward" graph(3 x 3) storage(%pos, %idx : memref<4xi32>, memref<?xi32>)
      ins(%x, %r, %r, %seed, %x, %r, %x, %pos, %idx : memref<3x4xf32>, memref<3x2xf32>, memref<3x2xf32>, i64,
          memref<3x4xf32>, memref<3x2xf32>, memref<3x4xf32>, memref<4xi32>, memref<?xi32>)
      names(["features", "row_scores", "column_scores", "seed", "output", "logsumexp", "gradient", "transposed_positions",
             "transposed_indices"])
      outs(%x : memref<3x4xf32>) parameters({heads = 2 : i64, vector = 16 : i64, rate = 0.5 : f64})
  return
}
