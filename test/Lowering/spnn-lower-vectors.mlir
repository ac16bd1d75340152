// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-lower-vectors)' %s --split-input-file | FileCheck %s

// exp, tanh and erf on vectors become polynomials: no call is left for libm.
// CHECK-LABEL: func @polynomials
func.func @polynomials(%x: vector<8xf32>) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>) {
  // CHECK-NOT: math.exp
  // CHECK-NOT: math.tanh
  // CHECK-NOT: math.erf
  // CHECK: math.fma
  %0 = math.exp %x : vector<8xf32>
  %1 = math.tanh %x : vector<8xf32>
  %2 = math.erf %x : vector<8xf32>
  return %0, %1, %2 : vector<8xf32>, vector<8xf32>, vector<8xf32>
}

// -----

// Other functions stay for the conversion to libm.
// CHECK-LABEL: func @libm
func.func @libm(%x: vector<8xf32>) -> vector<8xf32> {
  // CHECK: math.sin
  %0 = math.sin %x : vector<8xf32>
  return %0 : vector<8xf32>
}

// -----

// A tile of 16 x 16 is transposed by shuffles.
// CHECK-LABEL: func @transpose
func.func @transpose(%x: vector<16x16xf32>) -> vector<16x16xf32> {
  // CHECK-NOT: vector.transpose
  // CHECK: vector.shuffle
  %0 = vector.transpose %x, [1, 0] : vector<16x16xf32> to vector<16x16xf32>
  return %0 : vector<16x16xf32>
}

// -----

// A transfer of rank 2 becomes rank-1 loads, one a row, that stay within the bounds.
// CHECK-LABEL: func @transfer
func.func @transfer(%m: memref<?x?xf32>, %i: index) -> vector<2x4xf32> {
  // CHECK-NOT: vector.transfer_read
  // CHECK-COUNT-2: vector.load
  %c0 = arith.constant 0 : index
  %z = arith.constant 0.0 : f32
  %0 = vector.transfer_read %m[%c0, %i], %z {in_bounds = [true, true]} : memref<?x?xf32>, vector<2x4xf32>
  return %0 : vector<2x4xf32>
}
