// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-set-target{cpu=x86-64-v4 threads=1})' %s | FileCheck %s
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-set-target{cpu=haswell})' %s | FileCheck %s --check-prefix=AVX2
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-set-target{cpu=x86-64 threads=4})' %s | FileCheck %s --check-prefix=SSE
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-set-target{cpu=x86-64-v4 description=generic-128})' %s | FileCheck %s --check-prefix=NAMED
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-set-target)' %s | FileCheck %s --check-prefix=NATIVE
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-set-target{cpu=znver4})' %s | FileCheck %s --check-prefix=ZEN
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-set-target{cpu=cascadelake})' %s | FileCheck %s --check-prefix=CASCADE
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-set-target{cpu=pdp11})' %s 2>&1 | FileCheck %s --check-prefix=CPU
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-set-target{threads=-1})' %s 2>&1 | FileCheck %s --check-prefix=THREADS
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-set-target{description=/nonexistent/target.json})' %s 2>&1 | FileCheck %s --check-prefix=FILE

// The example of the documentation.
// CHECK: module attributes {spnn.target = #spnn.target<"generic-avx512", cpu = "x86-64-v4", vector_bytes = 64, threads = 1>}

// The description follows the vectors of the CPU, unless it is named.
// AVX2: #spnn.target<"generic-avx2", cpu = "haswell", vector_bytes = 32, threads = 0>
// SSE: #spnn.target<"generic-128", cpu = "x86-64", vector_bytes = 16, threads = 4>
// NAMED: #spnn.target<"generic-128", cpu = "x86-64-v4", vector_bytes = 64, threads = 0>
// The name `native` stays, so that code generation sees the features of the host.
// Instructions that add several products at a time, or expand narrow elements, are features of the CPU.
// ZEN: #spnn.target<"generic-avx512", cpu = "znver4", vector_bytes = 64, threads = 0, dot = [bf16, i8], expand = [i8, i16]>
// CASCADE: #spnn.target<"generic-avx512", cpu = "cascadelake", vector_bytes = 64, threads = 0, dot = [i8]>
// NATIVE: #spnn.target<"generic-{{.*}}", cpu = "native", vector_bytes = {{[0-9]+}}, threads = 0{{.*}}>

// CPU: error: LLVM knows no CPU 'pdp11' for x86_64
// THREADS: error: threads must not be negative, got -1
// FILE: error: {{.*}}/nonexistent/target.json
module {}
