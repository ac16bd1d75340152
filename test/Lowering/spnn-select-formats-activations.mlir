// What spnn-select-formats makes of spnn.activation_density, and what it refuses there.
// RUN: split-file %s %t
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-select-formats{kernel=csc-matvec})' %t/choice.mlir | FileCheck %s
// RUN: sed 's:TARGET:%/t/target.json:' %t/predicted.mlir | %spnn_opt --pass-pipeline='builtin.module(spnn-select-formats)' | FileCheck %s --check-prefix=PREDICTED
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-select-formats)' %t/range.mlir 2>&1 | FileCheck %s --check-prefix=RANGE
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-select-formats)' %t/type.mlir 2>&1 | FileCheck %s --check-prefix=TYPE

// Who asks for the kernel gets it, told or not.
// CHECK: format = "csc", kernel = "csc-matvec", {{.*}}reason = "forced by kernel=csc-matvec"

// At 0.1 columns are cheaper than rows, at 0.9 they are not.
// PREDICTED-LABEL: func @empty
// PREDICTED: format = "csc", kernel = "csc-matvec", layout_us = {{.*}}, parameters
// PREDICTED-LABEL: func @full
// PREDICTED: format = "csr", kernel = "csr-matvec", layout_us = {{.*}}, parameters

// RANGE: error: 'spnn.matmul' op attribute 'spnn.activation_density' must be an f64 in [0, 1], got 1.500000e+00 : f64
// TYPE: error: 'spnn.matmul' op attribute 'spnn.activation_density' must be an f64 in [0, 1], got "few"

//--- choice.mlir
func.func @f(%x: tensor<128x1xf32>) -> tensor<64x1xf32> {
  %w = arith.constant dense<1.0> : tensor<64x128xf32>
  %y = spnn.matmul %w, %x : (tensor<64x128xf32>, tensor<128x1xf32>) -> tensor<64x1xf32>
  return %y : tensor<64x1xf32>
}

//--- predicted.mlir
module attributes {spnn.target = #spnn.target<"TARGET", cpu = "x86-64", vector_bytes = 16, threads = 1>} {
  func.func @empty(%x: tensor<128x1xf32>) -> tensor<640x1xf32> {
    %w = arith.constant dense<1.0> : tensor<640x128xf32>
    %y = spnn.matmul %w, %x {spnn.activation_density = 0.1 : f64} : (tensor<640x128xf32>, tensor<128x1xf32>) -> tensor<640x1xf32>
    return %y : tensor<640x1xf32>
  }
  func.func @full(%x: tensor<128x1xf32>) -> tensor<640x1xf32> {
    %w = arith.constant dense<1.0> : tensor<640x128xf32>
    %y = spnn.matmul %w, %x {spnn.activation_density = 0.9 : f64} : (tensor<640x128xf32>, tensor<128x1xf32>) -> tensor<640x1xf32>
    return %y : tensor<640x1xf32>
  }
}

//--- range.mlir
func.func @f(%x: tensor<4x1xf32>) -> tensor<4x1xf32> {
  %w = arith.constant dense<1.0> : tensor<4x4xf32>
  %y = spnn.matmul %w, %x {spnn.activation_density = 1.5 : f64} : (tensor<4x4xf32>, tensor<4x1xf32>) -> tensor<4x1xf32>
  return %y : tensor<4x1xf32>
}

//--- type.mlir
func.func @f(%x: tensor<4x1xf32>) -> tensor<4x1xf32> {
  %w = arith.constant dense<1.0> : tensor<4x4xf32>
  %y = spnn.matmul %w, %x {spnn.activation_density = "few"} : (tensor<4x4xf32>, tensor<4x1xf32>) -> tensor<4x1xf32>
  return %y : tensor<4x1xf32>
}

//--- target.json
{
  "version": 1,
  "name": "columns",
  "source": "made up: one value costs csc-matvec twice what it costs csr-matvec",
  "llvmCpu": "x86-64",
  "vectorBytes": 16,
  "hasFma": false,
  "frequencyGHz": 1,
  "fmaPerCycle": 1,
  "cacheBytes": {"l1d": 32768, "l2": 1048576, "l3": 33554432},
  "bandwidthGBs": {"l1": 1000, "l2": 1000, "l3": 1000, "dram": 1000},
  "cores": 0,
  "parallelRegionMicroseconds": 3,
  "kernels": {
    "dense": {"panelVectors": 8, "kappa": [{"density": 1, "cycles": 100}], "perNonzeroMatvecNs": 9},
    "csr-matvec": {"perNonzeroMatvecNs": 0.3},
    "csc-matvec": {"perNonzeroMatvecNs": 2}
  }
}
