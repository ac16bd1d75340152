// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-fuse-epilogues)' %s --split-input-file --verify-diagnostics | FileCheck %s

// The example of the documentation: bias and relu in one body behind a transposition.
// CHECK-LABEL: func @layer
// CHECK-SAME: %[[W:.*]]: tensor<2x4xf32>, %[[X:.*]]: tensor<8x4xf32>, %[[B:.*]]: tensor<2xf32>
func.func @layer(%w: tensor<2x4xf32>, %x: tensor<8x4xf32>, %b: tensor<2xf32>) -> tensor<8x2xf32> {
  // CHECK: %[[T:.*]] = spnn.matmul %[[W]], %[[X]] bias(%[[B]] : tensor<2xf32>) activation(relu) {transpose_rhs} : (tensor<2x4xf32>, tensor<8x4xf32>) -> tensor<2x8xf32>
  // CHECK: %[[Y:.*]] = linalg.transpose ins(%[[T]] : tensor<2x8xf32>)
  // CHECK: return %[[Y]]
  %t = spnn.matmul %w, %x {transpose_rhs} : (tensor<2x4xf32>, tensor<8x4xf32>) -> tensor<2x8xf32>
  %e = tensor.empty() : tensor<8x2xf32>
  %p = linalg.transpose ins(%t : tensor<2x8xf32>) outs(%e : tensor<8x2xf32>) permutation = [1, 0]
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>,
                                        affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%p, %b : tensor<8x2xf32>, tensor<2xf32>) outs(%e : tensor<8x2xf32>) {
  ^bb0(%in: f32, %bias: f32, %out: f32):
    %zero = arith.constant 0.0 : f32
    %0 = arith.addf %in, %bias : f32
    %1 = arith.maximumf %0, %zero : f32
    linalg.yield %1 : f32
  } -> tensor<8x2xf32>
  return %y : tensor<8x2xf32>
}

// -----

// What torch-mlir exports: the bias first, then cmpf ugt and select in a body of their own, over unknown extents.
// CHECK-LABEL: func @torch_relu
func.func @torch_relu(%w: tensor<2x4xf32>, %x: tensor<?x4xf32>, %b: tensor<2xf32>) -> tensor<?x2xf32> {
  // CHECK: spnn.matmul %{{.*}}, %{{.*}} bias(%{{.*}} : tensor<2xf32>) activation(relu) {transpose_rhs}
  // CHECK-NOT: linalg.generic
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %t = spnn.matmul %w, %x {transpose_rhs} : (tensor<2x4xf32>, tensor<?x4xf32>) -> tensor<2x?xf32>
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x2xf32>
  %p = linalg.transpose ins(%t : tensor<2x?xf32>) outs(%e : tensor<?x2xf32>) permutation = [1, 0]
  %s = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>,
                                        affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%p, %b : tensor<?x2xf32>, tensor<2xf32>) outs(%e : tensor<?x2xf32>) {
  ^bb0(%in: f32, %bias: f32, %out: f32):
    %0 = arith.addf %bias, %in : f32
    linalg.yield %0 : f32
  } -> tensor<?x2xf32>
  %m = tensor.dim %s, %c0 : tensor<?x2xf32>
  %f = tensor.empty(%m) : tensor<?x2xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%s : tensor<?x2xf32>) outs(%f : tensor<?x2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.cmpf ugt, %in, %zero : f32
    %1 = arith.select %0, %in, %zero : f32
    linalg.yield %1 : f32
  } -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// The bias as a broadcast and a named op; the second product reads the first one without a transposition.
// CHECK-LABEL: func @named
func.func @named(%w: tensor<2x4xf32>, %v: tensor<3x2xf32>, %x: tensor<8x4xf32>, %b: tensor<2xf32>) -> tensor<3x8xf32> {
  // CHECK: %[[T:.*]] = spnn.matmul %{{.*}}, %{{.*}} bias(%{{.*}} : tensor<2xf32>) {transpose_rhs}
  // CHECK-NEXT: %[[Y:.*]] = spnn.matmul %{{.*}}, %[[T]] : (tensor<3x2xf32>, tensor<2x8xf32>) -> tensor<3x8xf32>
  // CHECK-NEXT: return %[[Y]]
  %t = spnn.matmul %w, %x {transpose_rhs} : (tensor<2x4xf32>, tensor<8x4xf32>) -> tensor<2x8xf32>
  %e = tensor.empty() : tensor<8x2xf32>
  %p = linalg.transpose ins(%t : tensor<2x8xf32>) outs(%e : tensor<8x2xf32>) permutation = [1, 0]
  %bb = linalg.broadcast ins(%b : tensor<2xf32>) outs(%e : tensor<8x2xf32>) dimensions = [0]
  %s = linalg.add ins(%bb, %p : tensor<8x2xf32>, tensor<8x2xf32>) outs(%e : tensor<8x2xf32>) -> tensor<8x2xf32>
  %y = spnn.matmul %v, %s {transpose_rhs} : (tensor<3x2xf32>, tensor<8x2xf32>) -> tensor<3x8xf32>
  return %y : tensor<3x8xf32>
}

// -----

// Ops on whole tensors, and a constant matrix of equal rows as bias.
// CHECK-LABEL: func @tensor_ops
func.func @tensor_ops(%w: tensor<2x4xf32>, %x: tensor<3x4xf32>) -> tensor<3x2xf32> {
  // CHECK: %[[B:.*]] = arith.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
  // CHECK: spnn.matmul %{{.*}}, %{{.*}} bias(%[[B]] : tensor<2xf32>) activation(silu) {transpose_rhs}
  %t = spnn.matmul %w, %x {transpose_rhs} : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x3xf32>
  %e = tensor.empty() : tensor<3x2xf32>
  %p = linalg.transpose ins(%t : tensor<2x3xf32>) outs(%e : tensor<3x2xf32>) permutation = [1, 0]
  %b = arith.constant dense<[[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]> : tensor<3x2xf32>
  %one = arith.constant dense<1.0> : tensor<3x2xf32>
  %s = arith.addf %p, %b : tensor<3x2xf32>
  %n = arith.negf %s : tensor<3x2xf32>
  %x0 = math.exp %n : tensor<3x2xf32>
  %d = arith.addf %x0, %one : tensor<3x2xf32>
  %r = arith.divf %one, %d : tensor<3x2xf32>
  %y = arith.mulf %s, %r : tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

// gelu as ONNX exports it: x / sqrt(2), erf, + 1, * x, * 0.5, without a transposition; a bias of equal values.
// CHECK-LABEL: func @gelu_erf
func.func @gelu_erf(%w: tensor<2x4xf32>, %x: tensor<4x3xf32>) -> tensor<2x3xf32> {
  // CHECK: %[[B:.*]] = arith.constant dense<2.500000e-01> : tensor<2xf32>
  // CHECK: %[[Y:.*]] = spnn.matmul %{{.*}}, %{{.*}} bias(%[[B]] : tensor<2xf32>) activation(gelu_erf) :
  // CHECK-NEXT: return %[[Y]]
  %t = spnn.matmul %w, %x : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  %b = arith.constant dense<0.25> : tensor<2x3xf32>
  %root = arith.constant dense<1.41421354> : tensor<2x3xf32>
  %one = arith.constant dense<1.0> : tensor<2x3xf32>
  %half = arith.constant dense<0.5> : tensor<2x3xf32>
  %s = arith.addf %t, %b : tensor<2x3xf32>
  %0 = arith.divf %s, %root : tensor<2x3xf32>
  %1 = math.erf %0 : tensor<2x3xf32>
  %2 = arith.addf %1, %one : tensor<2x3xf32>
  %3 = arith.mulf %s, %2 : tensor<2x3xf32>
  %4 = arith.mulf %3, %half : tensor<2x3xf32>
  return %4 : tensor<2x3xf32>
}

// -----

// gelu_tanh with powf in the body of a generic that goes on with a residual: the rest of the body stays.
// CHECK-LABEL: func @prefix
// CHECK-SAME: %[[R:[a-z0-9]*]]: tensor<2x3xf32>)
func.func @prefix(%w: tensor<2x4xf32>, %x: tensor<4x3xf32>, %b: tensor<2xf32>, %r: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // CHECK: %[[T:.*]] = spnn.matmul %{{.*}}, %{{.*}} bias(%{{.*}} : tensor<2xf32>) activation(gelu_tanh) :
  // CHECK: linalg.generic {{.*}} ins(%[[T]], %[[R]] : tensor<2x3xf32>, tensor<2x3xf32>)
  // CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[C:.*]]: f32, %{{.*}}: f32):
  // CHECK-NEXT: %[[S:.*]] = arith.addf %[[A]], %[[C]]
  // CHECK-NEXT: linalg.yield %[[S]]
  %t = spnn.matmul %w, %x : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  %e = tensor.empty() : tensor<2x3xf32>
  %c = arith.constant 0.797884583 : f32
  %k = arith.constant 4.471500e-02 : f32
  %one = arith.constant 1.0 : f32
  %half = arith.constant 0.5 : f32
  %three = arith.constant 3.0 : f32
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>,
                                        affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%t, %b, %r : tensor<2x3xf32>, tensor<2xf32>, tensor<2x3xf32>) outs(%e : tensor<2x3xf32>) {
  ^bb0(%in: f32, %bias: f32, %res: f32, %out: f32):
    %s = arith.addf %in, %bias : f32
    %0 = math.powf %s, %three : f32
    %1 = arith.mulf %0, %k : f32
    %2 = arith.addf %s, %1 : f32
    %3 = arith.mulf %2, %c : f32
    %4 = math.tanh %3 : f32
    %5 = arith.addf %4, %one : f32
    %6 = arith.mulf %s, %half : f32
    %7 = arith.mulf %6, %5 : f32
    %8 = arith.addf %7, %res : f32
    linalg.yield %8 : f32
  } -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

// A residual of two transposed products is added in their layout; one transposition is left.
// CHECK-LABEL: func @residual
func.func @residual(%w: tensor<2x4xf32>, %v: tensor<2x4xf32>, %x: tensor<8x4xf32>) -> tensor<8x2xf32> {
  // CHECK: %[[A:.*]] = spnn.matmul
  // CHECK: %[[B:.*]] = spnn.matmul
  // CHECK: %[[S:.*]] = arith.addf %[[A]], %[[B]] : tensor<2x8xf32>
  // CHECK: %[[Y:.*]] = linalg.transpose ins(%[[S]]
  // CHECK: return %[[Y]]
  %s = spnn.matmul %w, %x {transpose_rhs} : (tensor<2x4xf32>, tensor<8x4xf32>) -> tensor<2x8xf32>
  %t = spnn.matmul %v, %x {transpose_rhs} : (tensor<2x4xf32>, tensor<8x4xf32>) -> tensor<2x8xf32>
  %e = tensor.empty() : tensor<8x2xf32>
  %p = linalg.transpose ins(%s : tensor<2x8xf32>) outs(%e : tensor<8x2xf32>) permutation = [1, 0]
  %q = linalg.transpose ins(%t : tensor<2x8xf32>) outs(%e : tensor<8x2xf32>) permutation = [1, 0]
  %y = arith.addf %p, %q : tensor<8x2xf32>
  return %y : tensor<8x2xf32>
}

// -----

// An elementwise op that is no epilogue hands the transposition on to the next product; its vector turns to the rows.
// CHECK-LABEL: func @sink
func.func @sink(%w: tensor<2x4xf32>, %v: tensor<3x2xf32>, %x: tensor<?x4xf32>, %c: tensor<2xf32>) -> tensor<3x?xf32> {
  // CHECK: %[[A:.*]] = spnn.matmul
  // CHECK: %[[G:.*]] = linalg.generic {indexing_maps = [#[[ID:.*]], #[[ROW:.*]], #[[ID]]], {{.*}} ins(%[[A]], %{{.*}} : tensor<2x?xf32>, tensor<2xf32>)
  // CHECK: spnn.matmul %{{.*}}, %[[G]] : (tensor<3x2xf32>, tensor<2x?xf32>)
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %s = spnn.matmul %w, %x {transpose_rhs} : (tensor<2x4xf32>, tensor<?x4xf32>) -> tensor<2x?xf32>
  %e = tensor.empty(%n) : tensor<?x2xf32>
  %p = linalg.transpose ins(%s : tensor<2x?xf32>) outs(%e : tensor<?x2xf32>) permutation = [1, 0]
  %g = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>,
                                        affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%p, %c : tensor<?x2xf32>, tensor<2xf32>) outs(%e : tensor<?x2xf32>) {
  ^bb0(%in: f32, %f: f32, %out: f32):
    %0 = arith.mulf %in, %f : f32
    linalg.yield %0 : f32
  } -> tensor<?x2xf32>
  %y = spnn.matmul %v, %g {transpose_rhs} : (tensor<3x2xf32>, tensor<?x2xf32>) -> tensor<3x?xf32>
  return %y : tensor<3x?xf32>
}

// -----

// Batch x rows: the split into batches moves behind the epilogue.
// CHECK-LABEL: func @batch
func.func @batch(%w: tensor<2x4xf32>, %x: tensor<24x4xf32>, %b: tensor<2xf32>) -> tensor<3x8x2xf32> {
  // CHECK: %[[T:.*]] = spnn.matmul %{{.*}}, %{{.*}} bias(%{{.*}} : tensor<2xf32>) activation(relu) {transpose_rhs}
  // CHECK: %[[P:.*]] = linalg.transpose ins(%[[T]]
  // CHECK: %[[Y:.*]] = tensor.expand_shape %[[P]]
  // CHECK: return %[[Y]]
  %t = spnn.matmul %w, %x {transpose_rhs} : (tensor<2x4xf32>, tensor<24x4xf32>) -> tensor<2x24xf32>
  %e = tensor.empty() : tensor<24x2xf32>
  %p = linalg.transpose ins(%t : tensor<2x24xf32>) outs(%e : tensor<24x2xf32>) permutation = [1, 0]
  %s = tensor.expand_shape %p [[0, 1], [2]] output_shape [3, 8, 2] : tensor<24x2xf32> into tensor<3x8x2xf32>
  %f = tensor.empty() : tensor<3x8x2xf32>
  %g = linalg.generic {indexing_maps = [affine_map<(b, i, j) -> (b, i, j)>, affine_map<(b, i, j) -> (j)>,
                                        affine_map<(b, i, j) -> (b, i, j)>],
                       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%s, %b : tensor<3x8x2xf32>, tensor<2xf32>) outs(%f : tensor<3x8x2xf32>) {
  ^bb0(%in: f32, %bias: f32, %out: f32):
    %0 = arith.addf %in, %bias : f32
    linalg.yield %0 : f32
  } -> tensor<3x8x2xf32>
  %zero = arith.constant dense<0.0> : tensor<3x8x2xf32>
  %y = arith.maximumf %g, %zero : tensor<3x8x2xf32>
  return %y : tensor<3x8x2xf32>
}

// -----

// A broadcast bias in front of a split collapses with it.
// CHECK-LABEL: func @batch_broadcast
func.func @batch_broadcast(%w: tensor<2x4xf32>, %x: tensor<24x4xf32>, %b: tensor<2xf32>) -> tensor<3x8x2xf32> {
  // CHECK: spnn.matmul %{{.*}}, %{{.*}} bias(%{{.*}} : tensor<2xf32>) {transpose_rhs}
  // CHECK-NOT: linalg.add
  // CHECK-NOT: linalg.generic
  %t = spnn.matmul %w, %x {transpose_rhs} : (tensor<2x4xf32>, tensor<24x4xf32>) -> tensor<2x24xf32>
  %e = tensor.empty() : tensor<24x2xf32>
  %p = linalg.transpose ins(%t : tensor<2x24xf32>) outs(%e : tensor<24x2xf32>) permutation = [1, 0]
  %s = tensor.expand_shape %p [[0, 1], [2]] output_shape [3, 8, 2] : tensor<24x2xf32> into tensor<3x8x2xf32>
  %f = tensor.empty() : tensor<3x8x2xf32>
  %r = linalg.broadcast ins(%b : tensor<2xf32>) outs(%f : tensor<3x8x2xf32>) dimensions = [0, 1]
  %y = linalg.add ins(%s, %r : tensor<3x8x2xf32>, tensor<3x8x2xf32>) outs(%f : tensor<3x8x2xf32>) -> tensor<3x8x2xf32>
  return %y : tensor<3x8x2xf32>
}

// -----

// A bias of one row is a vector.
// CHECK-LABEL: func @row_bias
func.func @row_bias(%w: tensor<2x4xf32>, %x: tensor<8x4xf32>, %b: tensor<1x2xf32>) -> tensor<8x2xf32> {
  // CHECK: %[[B:.*]] = tensor.collapse_shape %{{.*}} {{\[}}[0, 1]] : tensor<1x2xf32> into tensor<2xf32>
  // CHECK: spnn.matmul %{{.*}}, %{{.*}} bias(%[[B]] : tensor<2xf32>) activation(tanh) {transpose_rhs}
  %t = spnn.matmul %w, %x {transpose_rhs} : (tensor<2x4xf32>, tensor<8x4xf32>) -> tensor<2x8xf32>
  %e = tensor.empty() : tensor<8x2xf32>
  %p = linalg.transpose ins(%t : tensor<2x8xf32>) outs(%e : tensor<8x2xf32>) permutation = [1, 0]
  %s = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (0, j)>,
                                        affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%p, %b : tensor<8x2xf32>, tensor<1x2xf32>) outs(%e : tensor<8x2xf32>) {
  ^bb0(%in: f32, %bias: f32, %out: f32):
    %0 = arith.addf %in, %bias : f32
    linalg.yield %0 : f32
  } -> tensor<8x2xf32>
  %y = linalg.tanh ins(%s : tensor<8x2xf32>) outs(%e : tensor<8x2xf32>) -> tensor<8x2xf32>
  return %y : tensor<8x2xf32>
}

// -----

// maxnumf turns NaN into 0.
// CHECK-LABEL: func @maxnum
func.func @maxnum(%w: tensor<2x4xf32>, %x: tensor<4x3xf32>) -> tensor<2x3xf32> {
  %zero = arith.constant dense<0.0> : tensor<2x3xf32>
  // expected-remark @below {{epilogue not fused: the maximum with 0 turns NaN into 0, activation(relu) keeps NaN}}
  %t = spnn.matmul %w, %x : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  // CHECK: arith.maxnumf
  %y = arith.maxnumf %t, %zero : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

// So do ogt and select, unless there are no NaNs.
// CHECK-LABEL: func @ogt
func.func @ogt(%w: tensor<2x4xf32>, %x: tensor<4x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %zero = arith.constant dense<0.0> : tensor<2x3xf32>
  // expected-remark @below {{epilogue not fused: the maximum with 0 turns NaN into 0}}
  %t = spnn.matmul %w, %x : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  %c = arith.cmpf ogt, %t, %zero : tensor<2x3xf32>
  // CHECK: arith.select
  %y = arith.select %c, %t, %zero : tensor<2x3xi1>, tensor<2x3xf32>
  // CHECK: spnn.matmul %{{.*}} activation(relu)
  %u = spnn.matmul %w, %x : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  %d = arith.cmpf olt, %zero, %u fastmath<nnan> : tensor<2x3xf32>
  %z = arith.select %d, %u, %zero : tensor<2x3xi1>, tensor<2x3xf32>
  return %y, %z : tensor<2x3xf32>, tensor<2x3xf32>
}

// -----

// The product has another use.
// CHECK-LABEL: func @two_uses
func.func @two_uses(%w: tensor<2x4xf32>, %x: tensor<4x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  // expected-remark @below {{epilogue not fused: the product or a step of its epilogue has other uses}}
  %t = spnn.matmul %w, %x : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  // CHECK: math.tanh
  %y = math.tanh %t : tensor<2x3xf32>
  return %y, %t : tensor<2x3xf32>, tensor<2x3xf32>
}

// -----

// The sum with the bias is used again: the bias is fused, the activation is not.
// CHECK-LABEL: func @sum_used_again
func.func @sum_used_again(%w: tensor<2x4xf32>, %x: tensor<4x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %b = arith.constant dense<[[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]> : tensor<2x3xf32>
  // CHECK: %[[T:.*]] = spnn.matmul %{{.*}}, %{{.*}} bias(%{{.*}} : tensor<2xf32>) :
  // CHECK: %[[Y:.*]] = math.tanh %[[T]]
  // CHECK: return %[[Y]], %[[T]]
  // expected-remark @below {{epilogue not fused: the product or a step of its epilogue has other uses}}
  %t = spnn.matmul %w, %x : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  %s = arith.addf %t, %b : tensor<2x3xf32>
  %y = math.tanh %s : tensor<2x3xf32>
  return %y, %s : tensor<2x3xf32>, tensor<2x3xf32>
}

// -----

// What is close to an activation is none: x + b times the sigmoid of x; a constant that is off; a full matrix added.
// CHECK-LABEL: func @close
func.func @close(%w: tensor<2x4xf32>, %x: tensor<4x3xf32>, %b: tensor<2xf32>, %r: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>) {
  // CHECK-NOT: activation
  // CHECK-NOT: bias
  %one = arith.constant dense<1.0> : tensor<2x3xf32>
  %off = arith.constant dense<1.001> : tensor<2x3xf32>
  %bb = arith.constant dense<[[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]> : tensor<2x3xf32>
  // expected-remark @below {{epilogue not fused: the product or a step of its epilogue has other uses}}
  %t = spnn.matmul %w, %x : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  %s = arith.addf %t, %bb : tensor<2x3xf32>
  %n = arith.negf %t : tensor<2x3xf32>
  %0 = math.exp %n : tensor<2x3xf32>
  %1 = arith.addf %0, %one : tensor<2x3xf32>
  %2 = arith.divf %s, %1 : tensor<2x3xf32>
  %u = spnn.matmul %w, %x : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  %m = arith.negf %u : tensor<2x3xf32>
  %3 = math.exp %m : tensor<2x3xf32>
  %4 = arith.addf %3, %off : tensor<2x3xf32>
  %5 = arith.divf %one, %4 : tensor<2x3xf32>
  %v = spnn.matmul %w, %x : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  %6 = arith.addf %v, %r : tensor<2x3xf32>
  return %2, %5, %6 : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>
}

// -----

// Scales stay with a product whose epilogue is fused.
// CHECK-LABEL: func @quantized
// CHECK: spnn.matmul %{{.*}}, %{{.*}} lhs_scales(%{{.*}} : tensor<2xf32>) activation(relu) : (tensor<2x4xi8>, tensor<4x8xf32>) -> tensor<2x8xf32>
// CHECK-NEXT: return
func.func @quantized(%w: tensor<2x4xi8>, %x: tensor<4x8xf32>, %s: tensor<2xf32>) -> tensor<2x8xf32> {
  %p = spnn.matmul %w, %x lhs_scales(%s : tensor<2xf32>) : (tensor<2x4xi8>, tensor<4x8xf32>) -> tensor<2x8xf32>
  %zero = arith.constant dense<0.0> : tensor<2x8xf32>
  %y = arith.maximumf %p, %zero : tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}
