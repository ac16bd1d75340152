// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-prune{pattern=unstructured sparsity=0.5})' %s | FileCheck %s --check-prefix=LAYER
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-prune{pattern=unstructured sparsity=0.5 scope=global})' %s | FileCheck %s --check-prefix=GLOBAL
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-prune{pattern=block:1x2 sparsity=0.5 only=1})' %s | FileCheck %s --check-prefix=ONLY
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-prune{pattern=1:2 min-rows=2})' %s 2>&1 | FileCheck %s --check-prefix=ROWS
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-prune)' %s | FileCheck %s --check-prefix=NOTHING
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-prune{pattern=4x1})' %s 2>&1 | FileCheck %s --check-prefix=PATTERN
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-prune{pattern=4:2})' %s 2>&1 | FileCheck %s --check-prefix=NM
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-prune{pattern=2:4:x})' %s 2>&1 | FileCheck %s --check-prefix=NMGTEXT
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-prune{pattern=1:2:1})' %s 2>&1 | FileCheck %s --check-prefix=NMG
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-prune{pattern=unstructured sparsity=1.5})' %s 2>&1 | FileCheck %s --check-prefix=SPARSITY
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-prune{method=random})' %s 2>&1 | FileCheck %s --check-prefix=METHOD
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-prune{scope=model})' %s 2>&1 | FileCheck %s --check-prefix=SCOPE

// Each constant has half of its values.
// LAYER-DAG: dense<{{\[}}[0.000000e+00, 0.000000e+00, 7.000000e+00, 8.000000e+00]]>
// LAYER-DAG: dense<{{\[}}[0.000000e+00], [2.000000e+00]]>

// One threshold over both: six values, the three largest stay.
// GLOBAL-DAG: dense<{{\[}}[0.000000e+00, 6.000000e+00, 7.000000e+00, 8.000000e+00]]>
// GLOBAL-DAG: dense<0.000000e+00> : tensor<2x1xf32>

// The second product only; its blocks are cut to one column.
// ONLY-DAG: dense<{{\[}}[5.000000e+00, 6.000000e+00, 7.000000e+00, 8.000000e+00]]>
// ONLY-DAG: dense<{{\[}}[0.000000e+00], [2.000000e+00]]>

// The first constant has one row only.
// ROWS: remark: not pruned: 1 rows, option 'min-rows' asks for 2
// ROWS: dense<{{\[}}[5.000000e+00, 6.000000e+00, 7.000000e+00, 8.000000e+00]]>

// NOTHING-DAG: dense<{{\[}}[5.000000e+00, 6.000000e+00, 7.000000e+00, 8.000000e+00]]>
// NOTHING-DAG: dense<{{\[}}[1.000000e+00], [2.000000e+00]]>

// PATTERN: error: unknown pattern '4x1', expected unstructured, block:<rows>x<columns>, <n>:<m> or <n>:<m>:<g>
// NM: error: n:m needs 1 <= n <= m, got 4:2
// NMGTEXT: error: unknown pattern '2:4:x'
// NMG: error: cannot prune: rows must be a multiple of 2, got 1
// SPARSITY: error: sparsity
// METHOD: error: unknown pruning method 'random', expected magnitude
// SCOPE: error: unknown scope 'model', expected layer or global
func.func @two(%x: tensor<4x8xf32>) -> tensor<2x8xf32> {
  %w = arith.constant dense<[[5.0, 6.0, 7.0, 8.0]]> : tensor<1x4xf32>
  %v = arith.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %y = spnn.matmul %w, %x : (tensor<1x4xf32>, tensor<4x8xf32>) -> tensor<1x8xf32>
  %z = spnn.matmul %v, %y : (tensor<2x1xf32>, tensor<1x8xf32>) -> tensor<2x8xf32>
  return %z : tensor<2x8xf32>
}
