// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-lower-kernels)' %s --split-input-file --verify-diagnostics | FileCheck %s

// The example of the documentation: a parallel kernel becomes a parallel loop over panels and chunks, whose body is
// loads, multiply-adds and stores of vectors.
#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
// CHECK-LABEL: func @csr
func.func @csr(%starts: memref<3xi32>, %rows: memref<2xi32>, %pos: memref<3xi32>, %idx: memref<3xi16>,
               %val: memref<3xf32>, %x: memref<?xf32>, %n: index, %b: memref<2xf32>, %y: memref<?xf32>) {
  // CHECK-NOT: spnn.
  // CHECK: scf.parallel (%{{.*}}, %{{.*}}) = (%{{.*}}, %{{.*}}) to (%{{.*}}, %{{.*}})
  // CHECK: vector.load
  // CHECK: arith.mulf {{.*}} fastmath<contract>
  // CHECK: arith.addf {{.*}} fastmath<contract>
  // CHECK: arith.cmpf ugt
  // CHECK: vector.store
  spnn.kernel_matmul "csr" weights(2 x 4 as #CSR)
      storage(%starts, %rows, %pos, %idx, %val : memref<3xi32>, memref<2xi32>, memref<3xi32>, memref<3xi16>, memref<3xf32>)
      ins(%x, %n : memref<?xf32>) bias(%b : memref<2xf32>) outs(%y : memref<?xf32>) activation(relu)
      panels(<width = 8, vector = 4>) parameters({chunks = 2 : i64, k_block = 4 : i64}) {parallel}
  return
}

// -----

// Without `parallel` the loops are sequential; a static number of columns that fills the panels has one variant.
// CHECK-LABEL: func @sequential
func.func @sequential(%bounds: memref<2xi32>, %pos: memref<2xi32>, %idx: memref<3xi16>, %val: memref<12xf32>,
                      %x: memref<32xf32>, %y: memref<32xf32>) {
  // CHECK-NOT: scf.parallel
  // CHECK-NOT: scf.index_switch
  // CHECK: scf.for
  %n = arith.constant 8 : index
  spnn.kernel_matmul "block" weights(4 x 4 as unit)
      storage(%bounds, %pos, %idx, %val : memref<2xi32>, memref<2xi32>, memref<3xi16>, memref<12xf32>)
      ins(%x, %n : memref<32xf32>) outs(%y : memref<32xf32>)
      panels(<width = 8, vector = 4>) parameters({block_rows = 4 : i64, block_cols = 1 : i64, chunks = 1 : i64, vectors = 2 : i64})
  return
}

// -----

// A product through oneDNN is a call, and its epilogue one pass over the result with a masked tail.
// CHECK-LABEL: func @gemm
func.func @gemm(%a: memref<?x8xf32>, %b: memref<5x8xf32>, %c: memref<5xf32>, %y: memref<?x5xf32>) {
  // CHECK: llvm.call @spnn_rt_sgemm(%c0_i32{{.*}}, %c1_i32{{.*}},
  // CHECK: scf.for
  // CHECK: vector.maskedload
  // CHECK: vector.maskedstore
  spnn.kernel_gemm ins(%a, %b : memref<?x8xf32>, memref<5x8xf32>) bias(%c : memref<5xf32>) outs(%y : memref<?x5xf32>)
      activation(tanh) {transpose_rhs}
  return
}

// -----

// Constant weights are handed over with a place for what oneDNN makes of them, one a product.
// CHECK: llvm.mlir.global internal @spnn_dense_state_1() {{.*}} : !llvm.ptr
// CHECK: llvm.mlir.global internal @spnn_dense_state_0() {{.*}} : !llvm.ptr
// CHECK-LABEL: func @gemm_constant
memref.global "private" constant @weights : memref<5x8xf32> = dense<1.0>
func.func @gemm_constant(%a: memref<?x8xf32>, %y: memref<?x5xf32>, %z: memref<?x5xf32>) {
  %b = memref.get_global @weights : memref<5x8xf32>
  // CHECK: %[[S0:.*]] = llvm.mlir.addressof @spnn_dense_state_0
  // CHECK: llvm.call @spnn_rt_dense(%[[S0]], %c0_i32{{.*}}, %c1_i32{{.*}},
  spnn.kernel_gemm ins(%a, %b : memref<?x8xf32>, memref<5x8xf32>) outs(%y : memref<?x5xf32>) {transpose_rhs}
  // CHECK: %[[S1:.*]] = llvm.mlir.addressof @spnn_dense_state_1
  // CHECK: llvm.call @spnn_rt_dense(%[[S1]],
  spnn.kernel_gemm ins(%a, %b : memref<?x8xf32>, memref<5x8xf32>) outs(%z : memref<?x5xf32>) {transpose_rhs}
  return
}

// -----

// Without bias and activation the call is all.
// CHECK-LABEL: func @gemm_only
func.func @gemm_only(%a: memref<?x8xf32>, %b: memref<8x5xf32>, %y: memref<?x5xf32>) {
  // CHECK: llvm.call @spnn_rt_sgemm
  // CHECK-NOT: scf.for
  spnn.kernel_gemm ins(%a, %b : memref<?x8xf32>, memref<8x5xf32>) outs(%y : memref<?x5xf32>)
  return
}

// -----

func.func @on_tensors(%x: tensor<8x8xf32>, %e: tensor<?xf32>) {
  // expected-error @below {{'spnn.pack_panels' op works on tensors; kernels are lowered after bufferization}}
  %0 = spnn.pack_panels ins(%x : tensor<8x8xf32>) outs(%e : tensor<?xf32>) panels(<width = 4, vector = 4>) -> tensor<?xf32>
  return
}

// -----

func.func @unknown(%x: memref<32xf32>, %n: index, %y: memref<32xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op there is no kernel 'magic'; kernels are csr csr-matvec hardcoded nmg pattern-tile csc-matvec block block-matvec nm nm-matvec bitmap-matvec}}
  spnn.kernel_matmul "magic" weights(4 x 4 as unit) ins(%x, %n : memref<32xf32>) outs(%y : memref<32xf32>)
      panels(<width = 8, vector = 4>) parameters({})
  return
}

// -----

func.func @storage_count(%x: memref<32xf32>, %n: index, %y: memref<32xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op kernel 'csr' takes 5 storage buffers, got 0}}
  spnn.kernel_matmul "csr" weights(4 x 4 as unit) ins(%x, %n : memref<32xf32>) outs(%y : memref<32xf32>)
      panels(<width = 8, vector = 4>) parameters({})
  return
}

// -----

func.func @storage_integers(%i: memref<4xf32>, %v: memref<4xf32>, %x: memref<32xf32>, %n: index, %y: memref<32xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op storage buffer 0 of kernel 'nm' holds integers, got 'f32'}}
  spnn.kernel_matmul "nm" weights(4 x 4 as unit) storage(%i, %v : memref<4xf32>, memref<4xf32>)
      ins(%x, %n : memref<32xf32>) outs(%y : memref<32xf32>) panels(<width = 8, vector = 4>) parameters({})
  return
}

// -----

func.func @storage_values(%i: memref<4xi8>, %v: memref<4xf64>, %x: memref<32xf32>, %n: index, %y: memref<32xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op storage buffer 1 of kernel 'nm' holds 'f32', got 'f64'}}
  spnn.kernel_matmul "nm" weights(4 x 4 as unit) storage(%i, %v : memref<4xi8>, memref<4xf64>)
      ins(%x, %n : memref<32xf32>) outs(%y : memref<32xf32>) panels(<width = 8, vector = 4>) parameters({})
  return
}

// -----

func.func @parameter_range(%i: memref<4xi8>, %v: memref<4xf32>, %x: memref<32xf32>, %n: index, %y: memref<32xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op parameter 'chunks' of kernel 'nm' must be in [1, 65536], got 0}}
  spnn.kernel_matmul "nm" weights(4 x 4 as unit) storage(%i, %v : memref<4xi8>, memref<4xf32>)
      ins(%x, %n : memref<32xf32>) outs(%y : memref<32xf32>) panels(<width = 8, vector = 4>) parameters({chunks = 0 : i64})
  return
}

// -----

func.func @parameter_type(%i: memref<4xi8>, %v: memref<4xf32>, %x: memref<32xf32>, %n: index, %y: memref<32xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op parameter 'n' of kernel 'nm' must be an integer of type i64}}
  spnn.kernel_matmul "nm" weights(4 x 4 as unit) storage(%i, %v : memref<4xi8>, memref<4xf32>)
      ins(%x, %n : memref<32xf32>) outs(%y : memref<32xf32>) panels(<width = 8, vector = 4>) parameters({n = "2"})
  return
}

// -----

func.func @nm_extents(%i: memref<4xi8>, %v: memref<4xf32>, %x: memref<32xf32>, %n: index, %y: memref<32xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op kernel 'nm' needs 1 <= n <= m <= 256, a row tile, and columns that are a multiple of m, got 2:3, 1 and 4}}
  spnn.kernel_matmul "nm" weights(4 x 4 as unit) storage(%i, %v : memref<4xi8>, memref<4xf32>)
      ins(%x, %n : memref<32xf32>) outs(%y : memref<32xf32>) panels(<width = 8, vector = 4>)
      parameters({n = 2 : i64, m = 3 : i64})
  return
}

// -----

func.func @block_extents(%i: memref<4xi32>, %v: memref<4xf32>, %x: memref<32xf32>, %n: index, %y: memref<32xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op kernel 'block' needs weights that are a multiple of its block 3x1 and at least one vector, got 4x4}}
  spnn.kernel_matmul "block" weights(4 x 4 as unit) storage(%i, %i, %i, %v : memref<4xi32>, memref<4xi32>, memref<4xi32>, memref<4xf32>)
      ins(%x, %n : memref<32xf32>) outs(%y : memref<32xf32>) panels(<width = 8, vector = 4>)
      parameters({block_rows = 3 : i64})
  return
}

// -----

func.func @bitmap_panels(%i: memref<4xi32>, %w: memref<4xi16>, %v: memref<4xf32>, %x: memref<32xf32>, %n: index, %y: memref<32xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op kernel 'bitmap-matvec' needs panels of width 1, got 8}}
  spnn.kernel_matmul "bitmap-matvec" weights(4 x 4 as unit) storage(%i, %w, %i, %v : memref<4xi32>, memref<4xi16>, memref<4xi32>, memref<4xf32>)
      ins(%x, %n : memref<32xf32>) outs(%y : memref<32xf32>) panels(<width = 8, vector = 4>) parameters({})
  return
}

// -----

func.func @csr_matvec_panels(%i: memref<4xi32>, %b: memref<4xi16>, %j: memref<16xi8>, %v: memref<16xf32>, %x: memref<32xf32>, %n: index, %y: memref<32xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op kernel 'csr-matvec' needs panels of width 1 and 1 to 4 columns that are known, got width 1}}
  spnn.kernel_matmul "csr-matvec" weights(4 x 4 as unit)
      storage(%i, %i, %i, %b, %j, %v : memref<4xi32>, memref<4xi32>, memref<4xi32>, memref<4xi16>, memref<16xi8>, memref<16xf32>)
      ins(%x, %n : memref<32xf32>) outs(%y : memref<32xf32>) panels(<width = 1, vector = 1>) parameters({window = 32 : i64})
  return
}

// -----

func.func @csr_matvec_window(%i: memref<4xi32>, %b: memref<4xi16>, %j: memref<16xi8>, %v: memref<16xf32>, %x: memref<4xf32>, %y: memref<4xf32>) {
  %n = arith.constant 1 : index
  // expected-error @below {{'spnn.kernel_matmul' op kernel 'csr-matvec' has windows of 1, 32 or 64 columns, got 48}}
  spnn.kernel_matmul "csr-matvec" weights(4 x 4 as unit)
      storage(%i, %i, %i, %b, %j, %v : memref<4xi32>, memref<4xi32>, memref<4xi32>, memref<4xi16>, memref<16xi8>, memref<16xf32>)
      ins(%x, %n : memref<4xf32>) outs(%y : memref<4xf32>) panels(<width = 1, vector = 1>) parameters({window = 48 : i64})
  return
}

// -----

module attributes {spnn.target = #spnn.target<"generic-avx2", cpu = "x86-64-v3", vector_bytes = 32, threads = 1>} {
  func.func @csr_matvec_target(%i: memref<4xi32>, %b: memref<4xi16>, %j: memref<16xi8>, %v: memref<16xf32>, %x: memref<4xf32>, %y: memref<4xf32>) {
    %n = arith.constant 1 : index
    // expected-error @below {{'spnn.kernel_matmul' op kernel 'csr-matvec' permutes vectors of 16 f32, which the target does not have; its window must be 1}}
    spnn.kernel_matmul "csr-matvec" weights(4 x 4 as unit)
        storage(%i, %i, %i, %b, %j, %v : memref<4xi32>, memref<4xi32>, memref<4xi32>, memref<4xi16>, memref<16xi8>, memref<16xf32>)
        ins(%x, %n : memref<4xf32>) outs(%y : memref<4xf32>) panels(<width = 1, vector = 1>) parameters({window = 32 : i64})
    return
  }
}

// -----

func.func @csr_matvec_indices(%i: memref<4xi32>, %b: memref<4xi16>, %v: memref<16xf32>, %x: memref<4xf32>, %y: memref<4xf32>) {
  %n = arith.constant 1 : index
  // expected-error @below {{'spnn.kernel_matmul' op kernel 'csr-matvec' with windows needs indices, storage buffer 4, of i8}}
  spnn.kernel_matmul "csr-matvec" weights(4 x 4 as unit)
      storage(%i, %i, %i, %b, %b, %v : memref<4xi32>, memref<4xi32>, memref<4xi32>, memref<4xi16>, memref<4xi16>, memref<16xf32>)
      ins(%x, %n : memref<4xf32>) outs(%y : memref<4xf32>) panels(<width = 1, vector = 1>) parameters({window = 32 : i64})
  return
}

// -----

// Each window is permuted by the indices, lanes that idle are set to zero, rows are written where they belong.
// CHECK-LABEL: func @csr_matvec
// CHECK: scf.for
// CHECK: scf.for
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<16xf32>, vector<16xf32>)
// CHECK: %[[ACTIVE:.*]] = arith.cmpi slt
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpermi2var.ps.512"
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpermi2var.ps.512"
// CHECK: arith.select %[[ACTIVE]]
// CHECK: vector.scatter
func.func @csr_matvec(%i: memref<4xi32>, %b: memref<4xi16>, %j: memref<32xi8>, %v: memref<32xf32>, %x: memref<96xf32>, %y: memref<16xf32>) {
  %n = arith.constant 1 : index
  spnn.kernel_matmul "csr-matvec" weights(16 x 96 as unit)
      storage(%i, %i, %i, %b, %j, %v : memref<4xi32>, memref<4xi32>, memref<4xi32>, memref<4xi16>, memref<32xi8>, memref<32xf32>)
      ins(%x, %n : memref<96xf32>) outs(%y : memref<16xf32>) panels(<width = 1, vector = 1>) parameters({window = 64 : i64})
  return
}

// -----

func.func @csc_matvec_panels(%i: memref<4xi32>, %j: memref<4xi16>, %v: memref<4xf32>, %x: memref<8xf32>, %y: memref<8xf32>) {
  %n = arith.constant 2 : index
  // expected-error @below {{'spnn.kernel_matmul' op kernel 'csc-matvec' needs one column in panels of width 1, got width 1}}
  spnn.kernel_matmul "csc-matvec" weights(4 x 4 as unit)
      storage(%i, %i, %j, %v : memref<4xi32>, memref<4xi32>, memref<4xi16>, memref<4xf32>)
      ins(%x, %n : memref<8xf32>) outs(%y : memref<8xf32>) panels(<width = 1, vector = 1>) parameters({})
  return
}

// -----

// A column is read where its element of x is not zero; the activation comes last, when all columns are in.
// CHECK-LABEL: func @csc_matvec
// CHECK: vector.maskedstore
// CHECK: %[[X:.*]] = memref.load %arg3[
// CHECK: %[[NONZERO:.*]] = arith.cmpf une, %[[X]]
// CHECK: scf.if %[[NONZERO]] {
// CHECK: scf.for
// CHECK: memref.store {{.*}}, %arg4[
// CHECK: vector.maskedload %arg4
// CHECK: arith.cmpf ugt
// CHECK: vector.maskedstore %arg4
func.func @csc_matvec(%i: memref<5xi32>, %j: memref<4xi16>, %v: memref<4xf32>, %x: memref<4xf32>, %y: memref<4xf32>) {
  %n = arith.constant 1 : index
  spnn.kernel_matmul "csc-matvec" weights(4 x 4 as unit)
      storage(%i, %i, %j, %v : memref<5xi32>, memref<5xi32>, memref<4xi16>, memref<4xf32>)
      ins(%x, %n : memref<4xf32>) outs(%y : memref<4xf32>) activation(relu) panels(<width = 1, vector = 1>) parameters({})
  return
}

// -----

func.func @block_matvec_panels(%i: memref<4xi32>, %j: memref<4xi16>, %v: memref<16xf32>, %x: memref<32xf32>, %y: memref<32xf32>) {
  %n = arith.constant 8 : index
  // expected-error @below {{'spnn.kernel_matmul' op kernel 'block-matvec' needs panels of width 1 and 1 to 4 columns that are known, got width 8}}
  spnn.kernel_matmul "block-matvec" weights(4 x 4 as unit)
      storage(%i, %i, %i, %j, %v : memref<4xi32>, memref<4xi32>, memref<4xi32>, memref<4xi16>, memref<16xf32>)
      ins(%x, %n : memref<32xf32>) outs(%y : memref<32xf32>) panels(<width = 8, vector = 4>) parameters({block_rows = 4 : i64})
  return
}

// -----

func.func @block_matvec_extents(%i: memref<4xi32>, %j: memref<4xi16>, %v: memref<16xf32>, %x: memref<4xf32>, %y: memref<4xf32>) {
  %n = arith.constant 1 : index
  // expected-error @below {{'spnn.kernel_matmul' op kernel 'block-matvec' needs weights that are a multiple of its block 4x3, got 4x4}}
  spnn.kernel_matmul "block-matvec" weights(4 x 4 as unit)
      storage(%i, %i, %i, %j, %v : memref<4xi32>, memref<4xi32>, memref<4xi32>, memref<4xi16>, memref<16xf32>)
      ins(%x, %n : memref<4xf32>) outs(%y : memref<4xf32>) panels(<width = 1, vector = 1>)
      parameters({block_rows = 4 : i64, block_cols = 3 : i64})
  return
}

// -----

// A block's column is a vector, a slice has a sum for each of its block rows.
// CHECK-LABEL: func @block_matvec
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<8xf32>, vector<8xf32>)
// CHECK-COUNT-2: vector.broadcast {{.*}} : f32 to vector<8xf32>
// CHECK: scf.yield
// CHECK-COUNT-2: vector.store {{.*}} vector<8xf32>
func.func @block_matvec(%i: memref<4xi32>, %j: memref<4xi16>, %v: memref<32xf32>, %x: memref<4xf32>, %y: memref<16xf32>) {
  %n = arith.constant 1 : index
  spnn.kernel_matmul "block-matvec" weights(16 x 4 as unit)
      storage(%i, %i, %i, %j, %v : memref<4xi32>, memref<4xi32>, memref<4xi32>, memref<4xi16>, memref<32xf32>)
      ins(%x, %n : memref<4xf32>) outs(%y : memref<16xf32>) panels(<width = 1, vector = 1>)
      parameters({block_rows = 8 : i64, block_cols = 1 : i64, rows_tile = 2 : i64})
  return
}

// -----

func.func @gemm_strides(%a: memref<4x8xf32, strided<[1, 4]>>, %b: memref<8x5xf32>, %y: memref<4x5xf32>) {
  // expected-error @below {{'spnn.kernel_gemm' op operands must be row-major with unit stride, got 'memref<4x8xf32, strided<[1, 4]>>'}}
  spnn.kernel_gemm ins(%a, %b : memref<4x8xf32, strided<[1, 4]>>, memref<8x5xf32>) outs(%y : memref<4x5xf32>)
  return
}

// -----

// Hard-coded weights become a function whose machine code is an attribute; the calls go to where a chunk begins in it.
// CHECK-LABEL: func @hardcoded
// CHECK: %[[CODE:.*]] = llvm.mlir.addressof @[[F:spnn_code_[0-9a-f]+]]
// CHECK: scf.for
// CHECK: %[[AT:.*]] = llvm.add
// CHECK: %[[CALLEE:.*]] = llvm.inttoptr %[[AT]]
// CHECK: llvm.call %[[CALLEE]]({{.*}}) : !llvm.ptr, (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64) -> ()
// CHECK: llvm.func weak hidden @[[F]]({{.*}}) attributes {spnn.code = dense<-61> : tensor<1xi8>
memref.global "private" constant @code : memref<1xi8> = dense<0xC3>
func.func @hardcoded(%offsets: memref<2xi32>, %values: memref<0xf32>, %x: memref<?xf32>, %n: index, %y: memref<?xf32>) {
  %code = memref.get_global @code : memref<1xi8>
  spnn.kernel_matmul "hardcoded" weights(1 x 1 as unit)
      storage(%code, %offsets, %offsets, %values : memref<1xi8>, memref<2xi32>, memref<2xi32>, memref<0xf32>)
      ins(%x, %n : memref<?xf32>) outs(%y : memref<?xf32>) panels(<width = 16, vector = 16>)
      parameters({accumulators = 28 : i64, groups = 1 : i64, k_block = 1 : i64, panel_block = 8 : i64, prefetch = 0 : i64})
  return
}

// -----

func.func @code_not_constant(%code: memref<1xi8>, %offsets: memref<2xi32>, %values: memref<0xf32>, %x: memref<?xf32>, %n: index, %y: memref<?xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op kernel 'hardcoded' needs its code, storage buffer 0, as a constant of i8}}
  spnn.kernel_matmul "hardcoded" weights(1 x 1 as unit)
      storage(%code, %offsets, %offsets, %values : memref<1xi8>, memref<2xi32>, memref<2xi32>, memref<0xf32>)
      ins(%x, %n : memref<?xf32>) outs(%y : memref<?xf32>) panels(<width = 16, vector = 16>)
      parameters({groups = 1 : i64, k_block = 1 : i64})
  return
}

// -----

func.func @chunk_offsets(%code: memref<1xi8>, %offsets: memref<2xi32>, %values: memref<0xf32>, %x: memref<?xf32>, %n: index, %y: memref<?xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op kernel 'hardcoded' needs an offset for each of 3 groups x 1 k blocks and the end, got 'memref<2xi32>'}}
  spnn.kernel_matmul "hardcoded" weights(1 x 1 as unit)
      storage(%code, %offsets, %offsets, %values : memref<1xi8>, memref<2xi32>, memref<2xi32>, memref<0xf32>)
      ins(%x, %n : memref<?xf32>) outs(%y : memref<?xf32>) panels(<width = 16, vector = 16>)
      parameters({groups = 3 : i64, k_block = 1 : i64})
  return
}

// -----

func.func @hardcoded_panels(%code: memref<1xi8>, %offsets: memref<2xi32>, %values: memref<0xf32>, %x: memref<?xf32>, %n: index, %y: memref<?xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op kernel 'hardcoded' works on panels of 16 columns}}
  spnn.kernel_matmul "hardcoded" weights(1 x 1 as unit)
      storage(%code, %offsets, %offsets, %values : memref<1xi8>, memref<2xi32>, memref<2xi32>, memref<0xf32>)
      ins(%x, %n : memref<?xf32>) outs(%y : memref<?xf32>) panels(<width = 64, vector = 16>)
      parameters({groups = 1 : i64, k_block = 1 : i64})
  return
}

// -----

// A tile of rows loads the activations of a column once for the rows of its pattern: one loop for each number of rows that
// share, here three columns of two rows, then one column for each of three rows. Rows that fill no tile have a loop of
// their own.
// CHECK-LABEL: func @pattern_tile
// CHECK: %[[STEPS:.*]] = memref.load %{{.*}} : memref<2xi64>
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-3: vector.load %{{.*}} : memref<16xf32>, vector<4xf32>
// CHECK-NOT: vector.load
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-3: vector.load %{{.*}} : memref<16xf32>, vector<4xf32>
// CHECK-NOT: vector.load
// CHECK-COUNT-3: vector.store
// CHECK: scf.for {{.*}} iter_args
// CHECK-COUNT-1: vector.load %{{.*}} : memref<16xf32>, vector<4xf32>
// CHECK-NOT: vector.load
// CHECK-COUNT-1: vector.store
func.func @pattern_tile(%tasks: memref<3xi32>, %rows: memref<6xi32>, %steps: memref<2xi64>, %pos: memref<4xi32>,
                        %idx: memref<7xi16>, %val: memref<10xf32>, %x: memref<16xf32>, %y: memref<16xf32>) {
  %n = arith.constant 4 : index
  spnn.kernel_matmul "pattern-tile" weights(4 x 4 as unit)
      storage(%tasks, %rows, %steps, %pos, %idx, %val : memref<3xi32>, memref<6xi32>, memref<2xi64>, memref<4xi32>, memref<7xi16>, memref<10xf32>)
      ins(%x, %n : memref<16xf32>) outs(%y : memref<16xf32>) panels(<width = 4, vector = 4>)
      parameters({chunks = 1 : i64, k_block = 4 : i64, shared_rows = 2 : i64, tile_rows = 3 : i64})
  return
}

// -----

// Four indices of 16 bits are one load.
// CHECK-LABEL: func @pattern_indices
// CHECK: vector.load %{{.*}} : memref<4xi16>, vector<4xi16>
// CHECK: vector.bitcast
// CHECK-NOT: memref.load %{{.*}} : memref<4xi16>
func.func @pattern_indices(%tasks: memref<3xi32>, %rows: memref<4xi32>, %steps: memref<1xi64>, %pos: memref<2xi32>,
                           %idx: memref<4xi16>, %val: memref<4xf32>, %x: memref<16xf32>, %y: memref<16xf32>) {
  %n = arith.constant 4 : index
  spnn.kernel_matmul "pattern-tile" weights(4 x 4 as unit)
      storage(%tasks, %rows, %steps, %pos, %idx, %val : memref<3xi32>, memref<4xi32>, memref<1xi64>, memref<2xi32>, memref<4xi16>, memref<4xf32>)
      ins(%x, %n : memref<16xf32>) outs(%y : memref<16xf32>) panels(<width = 4, vector = 4>)
      parameters({chunks = 1 : i64, k_block = 4 : i64, shared_rows = 1 : i64, tile_rows = 4 : i64})
  return
}

// -----

func.func @pattern_steps(%tasks: memref<3xi32>, %idx: memref<4xi16>, %val: memref<4xf32>, %x: memref<16xf32>, %n: index, %y: memref<16xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op kernel 'pattern-tile' needs its steps, storage buffer 2, as i64, got 'memref<3xi32>'}}
  spnn.kernel_matmul "pattern-tile" weights(4 x 4 as unit)
      storage(%tasks, %tasks, %tasks, %tasks, %idx, %val : memref<3xi32>, memref<3xi32>, memref<3xi32>, memref<3xi32>, memref<4xi16>, memref<4xf32>)
      ins(%x, %n : memref<16xf32>) outs(%y : memref<16xf32>) panels(<width = 4, vector = 4>) parameters({k_block = 4 : i64})
  return
}

// -----

func.func @pattern_tasks(%tasks: memref<3xi32>, %steps: memref<1xi64>, %idx: memref<4xi16>, %val: memref<4xf32>, %x: memref<16xf32>, %n: index, %y: memref<16xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op kernel 'pattern-tile' needs two numbers of tiles for each of 3 chunks x 2 k blocks and the end, got 'memref<3xi32>'}}
  spnn.kernel_matmul "pattern-tile" weights(4 x 4 as unit)
      storage(%tasks, %tasks, %steps, %tasks, %idx, %val : memref<3xi32>, memref<3xi32>, memref<1xi64>, memref<3xi32>, memref<4xi16>, memref<4xf32>)
      ins(%x, %n : memref<16xf32>) outs(%y : memref<16xf32>) panels(<width = 4, vector = 4>)
      parameters({chunks = 3 : i64, k_block = 2 : i64})
  return
}

// -----

func.func @pattern_rows(%tasks: memref<3xi32>, %steps: memref<1xi64>, %idx: memref<4xi16>, %val: memref<4xf32>, %x: memref<16xf32>, %n: index, %y: memref<16xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op parameter 'tile_rows' of kernel 'pattern-tile' must be in [1, 4], got 8}}
  spnn.kernel_matmul "pattern-tile" weights(4 x 4 as unit)
      storage(%tasks, %tasks, %steps, %tasks, %idx, %val : memref<3xi32>, memref<3xi32>, memref<1xi64>, memref<3xi32>, memref<4xi16>, memref<4xf32>)
      ins(%x, %n : memref<16xf32>) outs(%y : memref<16xf32>) panels(<width = 4, vector = 4>)
      parameters({tile_rows = 8 : i64})
  return
}

// -----

// n:m:g: one loop with a constant trip count, four steps of the two patterns of 1:2.
// CHECK-LABEL: func @nmg
// CHECK: scf.for %{{.*}} = %{{.*}} to %c4{{[_0-9]*}} step %{{.*}} iter_args
// CHECK-COUNT-2: vector.load %{{.*}} : memref<32xf32>, vector<4xf32>
// CHECK-NOT: vector.load
func.func @nmg(%bounds: memref<2xi32>, %idx: memref<8xi16>, %val: memref<8xf32>, %x: memref<32xf32>, %y: memref<8xf32>) {
  %n = arith.constant 4 : index
  spnn.kernel_matmul "nmg" weights(2 x 8 as unit)
      storage(%bounds, %idx, %val : memref<2xi32>, memref<8xi16>, memref<8xf32>)
      ins(%x, %n : memref<32xf32>) outs(%y : memref<8xf32>) panels(<width = 4, vector = 4>)
      parameters({chunks = 1 : i64, g = 2 : i64, groups_block = 2 : i64, m = 2 : i64, n = 1 : i64})
  return
}

// -----

func.func @nmg_extents(%bounds: memref<2xi32>, %idx: memref<8xi16>, %val: memref<8xf32>, %x: memref<32xf32>, %n: index, %y: memref<8xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op kernel 'nmg' needs rows that are a multiple of 2 and columns that are one of 6, got 2x8}}
  spnn.kernel_matmul "nmg" weights(2 x 8 as unit)
      storage(%bounds, %idx, %val : memref<2xi32>, memref<8xi16>, memref<8xf32>)
      ins(%x, %n : memref<32xf32>) outs(%y : memref<8xf32>) panels(<width = 4, vector = 4>)
      parameters({g = 3 : i64, m = 2 : i64, n = 1 : i64})
  return
}

// -----

func.func @nmg_unrolled(%bounds: memref<2xi32>, %idx: memref<8xi16>, %val: memref<8xf32>, %x: memref<32xf32>, %n: index, %y: memref<8xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op kernel 'nmg': a step of 1:16:1 has 16 values in 16 rows, which is too many to unroll (64 in 12)}}
  spnn.kernel_matmul "nmg" weights(16 x 16 as unit)
      storage(%bounds, %idx, %val : memref<2xi32>, memref<8xi16>, memref<8xf32>)
      ins(%x, %n : memref<32xf32>) outs(%y : memref<8xf32>) panels(<width = 4, vector = 4>)
      parameters({g = 1 : i64, m = 16 : i64, n = 1 : i64})
  return
}

// -----

// Kernel "dot" extends and multiplies where its parameter does not ask for instructions, and sums i8 in i32.
// CHECK-LABEL: func @dot_emulated
func.func @dot_emulated(%bounds: memref<2xi32>, %pos: memref<3xi32>, %idx: memref<8xi16>, %cor: memref<2xi32>,
                        %val: memref<8xi8>, %x: memref<64xi8>, %r: memref<2xf32>, %y: memref<32xf32>) {
  // CHECK-NOT: call_intrinsic
  // CHECK: arith.extsi %{{.*}} : vector<4xi8> to vector<4xi32>
  // CHECK: arith.muli
  // CHECK: arith.addi %{{.*}} : vector<4xi32>
  // CHECK: arith.sitofp %{{.*}} : vector<4xi32> to vector<4xf32>
  %n = arith.constant 16 : index
  spnn.kernel_matmul "dot" weights(2 x 4 as unit)
      storage(%bounds, %pos, %idx, %cor, %val : memref<2xi32>, memref<3xi32>, memref<8xi16>, memref<2xi32>, memref<8xi8>)
      ins(%x, %n : memref<64xi8>) row_scales(%r : memref<2xf32>) outs(%y : memref<32xf32>)
      panels(<width = 16, vector = 4>) parameters({block_rows = 1 : i64, chunks = 1 : i64, dot = 0 : i64})
  return
}

// -----

// With instructions four rows of X are interleaved and corrected for their sign.
module attributes {spnn.target = #spnn.target<"generic-avx512", cpu = "znver4", vector_bytes = 64, threads = 1, dot = [bf16, i8]>} {
  // CHECK-LABEL: func @dot
  func.func @dot(%bounds: memref<2xi32>, %pos: memref<3xi32>, %idx: memref<8xi16>, %cor: memref<2xi32>,
                 %val: memref<8xi8>, %x: memref<256xi8>, %r: memref<2xf32>, %y: memref<128xf32>) {
    // CHECK: vector.load %{{.*}} : memref<256xi8>, vector<64xi8>
    // CHECK: vector.shuffle {{.*}} : vector<64xi8>, vector<64xi8>
    // CHECK: arith.xori
    // CHECK-COUNT-4: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
    // CHECK: scf.yield
    // CHECK: vector.shuffle {{.*}} : vector<16xi32>, vector<16xi32>
    %n = arith.constant 64 : index
    spnn.kernel_matmul "dot" weights(2 x 4 as unit)
        storage(%bounds, %pos, %idx, %cor, %val : memref<2xi32>, memref<3xi32>, memref<8xi16>, memref<2xi32>, memref<8xi8>)
        ins(%x, %n : memref<256xi8>) row_scales(%r : memref<2xf32>) outs(%y : memref<128xf32>)
        panels(<width = 64, vector = 16>) parameters({block_rows = 1 : i64, chunks = 1 : i64, dot = 1 : i64})
    return
  }
}

// -----

// An edited parameter asks for what the target lacks.
func.func @dot_illegal(%bounds: memref<2xi32>, %pos: memref<3xi32>, %idx: memref<8xi16>, %cor: memref<2xi32>,
                       %val: memref<8xi8>, %x: memref<256xi8>, %y: memref<128xf32>) {
  %n = arith.constant 64 : index
  // expected-error @below {{kernel 'dot' needs panels of 64 columns and a target with instructions for 'i8'; without, its parameter 'dot' must be 0}}
  spnn.kernel_matmul "dot" weights(2 x 4 as unit)
      storage(%bounds, %pos, %idx, %cor, %val : memref<2xi32>, memref<3xi32>, memref<8xi16>, memref<2xi32>, memref<8xi8>)
      ins(%x, %n : memref<256xi8>) outs(%y : memref<128xf32>)
      panels(<width = 64, vector = 16>) parameters({block_rows = 1 : i64, chunks = 1 : i64, dot = 1 : i64})
  return
}

// -----

// 64 weights of i8 are loaded whole and expanded at a time, then extended and multiplied in four vectors; the words at the
// end of a row guard what they load of x.
module attributes {spnn.target = #spnn.target<"generic-avx512", cpu = "znver4", vector_bytes = 64, threads = 1, expand = [i8, i16]>} {
  // CHECK-LABEL: func @bitmap_wide
  func.func @bitmap_wide(%bounds: memref<2xi32>, %bits: memref<4xi64>, %pos: memref<3xi32>, %val: memref<80xi8>,
                         %x: memref<100xf32>, %y: memref<2xf32>) {
    // CHECK: scf.for {{.*}} iter_args(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, index)
    // CHECK: vector.bitcast %{{.*}} : vector<1xi64> to vector<64xi1>
    // CHECK: %[[VALUES:.*]] = vector.load %{{.*}} : memref<80xi8>, vector<64xi8>
    // CHECK: %[[OPAQUE:.*]] = llvm.inline_asm "", "=v,0" %[[VALUES]] : (vector<64xi8>) -> vector<64xi8>
    // CHECK: llvm.call_intrinsic "llvm.x86.avx512.mask.expand.v64i8"(%[[OPAQUE]],
    // CHECK-COUNT-4: arith.sitofp %{{.*}} : vector<16xi8> to vector<16xf32>
    // CHECK: math.ctpop %{{.*}} : i64
    // CHECK: scf.yield
    // CHECK-COUNT-4: vector.maskedload
    %n = arith.constant 1 : index
    spnn.kernel_matmul "bitmap-matvec" weights(2 x 100 as #spnn.bitmap)
        storage(%bounds, %bits, %pos, %val : memref<2xi32>, memref<4xi64>, memref<3xi32>, memref<80xi8>)
        ins(%x, %n : memref<100xf32>) outs(%y : memref<2xf32>) panels(<width = 1, vector = 1>)
        parameters({chunks = 1 : i64, expand_in_register = 1 : i64, word = 64 : i64})
    return
  }
  // CHECK-LABEL: func @bitmap_wide_16
  func.func @bitmap_wide_16(%bounds: memref<2xi32>, %bits: memref<2xi32>, %pos: memref<3xi32>, %val: memref<80xbf16>,
                            %x: memref<32xf32>, %y: memref<2xf32>) {
    // CHECK: vector.bitcast %{{.*}} : vector<32xbf16> to vector<32xi16>
    // CHECK: llvm.call_intrinsic "llvm.x86.avx512.mask.expand.v32i16"
    // CHECK-COUNT-2: arith.extf %{{.*}} : vector<16xbf16> to vector<16xf32>
    %n = arith.constant 1 : index
    spnn.kernel_matmul "bitmap-matvec" weights(2 x 32 as #spnn.bitmap)
        storage(%bounds, %bits, %pos, %val : memref<2xi32>, memref<2xi32>, memref<3xi32>, memref<80xbf16>)
        ins(%x, %n : memref<32xf32>) outs(%y : memref<2xf32>) panels(<width = 1, vector = 1>)
        parameters({chunks = 1 : i64, expand_in_register = 1 : i64, word = 32 : i64})
    return
  }
}

// -----

// Edited words: the bitmap has others, the type of the weights fills no vector of them, the target cannot.
func.func @bitmap_word(%bounds: memref<2xi32>, %bits: memref<2xi32>, %pos: memref<3xi32>, %val: memref<80xi8>,
                       %x: memref<32xf32>, %y: memref<2xf32>) {
  %n = arith.constant 1 : index
  // expected-error @below {{kernel 'bitmap-matvec' with words of 64 positions needs a bitmap, storage buffer 1, of i64}}
  spnn.kernel_matmul "bitmap-matvec" weights(2 x 32 as #spnn.bitmap)
      storage(%bounds, %bits, %pos, %val : memref<2xi32>, memref<2xi32>, memref<3xi32>, memref<80xi8>)
      ins(%x, %n : memref<32xf32>) outs(%y : memref<2xf32>) panels(<width = 1, vector = 1>)
      parameters({chunks = 1 : i64, expand_in_register = 1 : i64, word = 64 : i64})
  return
}

// -----

func.func @bitmap_type(%bounds: memref<2xi32>, %bits: memref<2xi32>, %pos: memref<3xi32>, %val: memref<80xi8>,
                       %x: memref<32xf32>, %y: memref<2xf32>) {
  %n = arith.constant 1 : index
  // expected-error @below {{kernel 'bitmap-matvec' expands words of 16 positions, or a whole vector of 64 bytes in a register where the target can, got 32 of 'i8'}}
  spnn.kernel_matmul "bitmap-matvec" weights(2 x 32 as #spnn.bitmap)
      storage(%bounds, %bits, %pos, %val : memref<2xi32>, memref<2xi32>, memref<3xi32>, memref<80xi8>)
      ins(%x, %n : memref<32xf32>) outs(%y : memref<2xf32>) panels(<width = 1, vector = 1>)
      parameters({chunks = 1 : i64, expand_in_register = 1 : i64, word = 32 : i64})
  return
}

// -----

module attributes {spnn.target = #spnn.target<"generic-avx512", cpu = "x86-64-v4", vector_bytes = 64, threads = 1>} {
  func.func @bitmap_target(%bounds: memref<2xi32>, %bits: memref<2xi64>, %pos: memref<3xi32>, %val: memref<80xi8>,
                           %x: memref<32xf32>, %y: memref<2xf32>) {
    %n = arith.constant 1 : index
    // expected-error @below {{where the target can, got 64 of 'i8'}}
    spnn.kernel_matmul "bitmap-matvec" weights(2 x 32 as #spnn.bitmap)
        storage(%bounds, %bits, %pos, %val : memref<2xi32>, memref<2xi64>, memref<3xi32>, memref<80xi8>)
        ins(%x, %n : memref<32xf32>) outs(%y : memref<2xf32>) panels(<width = 1, vector = 1>)
        parameters({chunks = 1 : i64, expand_in_register = 1 : i64, word = 64 : i64})
    return
  }
}

// -----

// Other kernels read a right-hand side of the result's type.
func.func @narrow_rhs(%s: memref<2xi32>, %v: memref<4xi8>, %x: memref<64xi8>, %y: memref<64xf32>) {
  %n = arith.constant 16 : index
  // expected-error @below {{kernel 'block' reads a right-hand side of 'f32', got 'i8'}}
  spnn.kernel_matmul "block" weights(4 x 4 as unit) storage(%s, %s, %s, %v : memref<2xi32>, memref<2xi32>, memref<2xi32>, memref<4xi8>)
      ins(%x, %n : memref<64xi8>) outs(%y : memref<64xf32>) panels(<width = 16, vector = 4>)
      parameters({block_rows = 4 : i64, block_cols = 1 : i64, chunks = 1 : i64, vectors = 2 : i64})
  return
}
