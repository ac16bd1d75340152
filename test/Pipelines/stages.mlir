// The stages of spnn-cpu can be stopped at and resumed from text, and give what the whole pipeline gives.
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-cpu{target-cpu=x86-64-v3 threads=2})' %s -o %t.whole
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-cpu-graph{target-cpu=x86-64-v3 threads=2})' %s -o %t.graph
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-cpu-kernels{target-cpu=x86-64-v3 threads=2})' %t.graph -o %t.kernels
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-cpu-loops{target-cpu=x86-64-v3 threads=2})' %t.kernels -o %t.loops
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-cpu-llvm{target-cpu=x86-64-v3 threads=2})' %t.loops -o %t.llvm
// RUN: cmp %t.whole %t.llvm
// RUN: FileCheck %s --check-prefix=GRAPH --input-file=%t.graph
// RUN: FileCheck %s --check-prefix=KERNELS --input-file=%t.kernels
// RUN: FileCheck %s --check-prefix=LOOPS --input-file=%t.loops
// RUN: FileCheck %s --check-prefix=LLVM --input-file=%t.llvm

// Compiling twice gives the same text.
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-cpu{target-cpu=x86-64-v3 threads=2})' %s -o %t.again
// RUN: cmp %t.whole %t.again

// One thread: no OpenMP anywhere.
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-cpu{target-cpu=x86-64-v3 threads=1})' %s | FileCheck %s --check-prefix=SEQUENTIAL
// SEQUENTIAL-NOT: omp.

// GRAPH: spnn.target = #spnn.target<"generic-avx2", cpu = "x86-64-v3", vector_bytes = 32, threads = 2>
// GRAPH-COUNT-2: spnn.matmul
// GRAPH-NOT: memref

// KERNELS-NOT: tensor<
// KERNELS: spnn.arena
// KERNELS: spnn.kernel_matmul "{{.*}}" weights(2 x 4 as
// KERNELS-NOT: memref.alloc

// LOOPS-NOT: spnn.kernel
// LOOPS: omp.parallel
// LOOPS-NOT: spnn.kernel

// LLVM-NOT: memref
// LLVM: llvm.mlir.global external constant @spnn_model_description
// LLVM: llvm.func @spnn_entry_main

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @main(%x: tensor<?x4xf32>, %b: tensor<2xf32>) -> tensor<?x3xf32> {
  %w = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 3, 2]> : tensor<3xi32>,
                      values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #CSR>
  %y = spnn.matmul %x, %w bias(%b : tensor<2xf32>) activation(relu) {bias_axis = 1 : i64, transpose_rhs}
      : (tensor<?x4xf32>, tensor<2x4xf32, #CSR>) -> tensor<?x2xf32>
  %v = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %z = spnn.matmul %y, %v activation(gelu_erf) : (tensor<?x2xf32>, tensor<2x3xf32>) -> tensor<?x3xf32>
  return %z : tensor<?x3xf32>
}
