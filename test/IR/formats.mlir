// RUN: %spnn_opt %s --split-input-file --verify-diagnostics | FileCheck %s

// Which encodings stand for a storage format, and why the others do not.

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed)}>
#CSR16 = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 16}>
#CSC = #sparse_tensor.encoding<{map = (i, j) -> (j : dense, i : compressed)}>
#COO = #sparse_tensor.encoding<{map = (i, j) -> (i : compressed(nonunique), j : singleton)}>
#COOSoA = #sparse_tensor.encoding<{map = (i, j) -> (i : compressed(nonunique), j : singleton(soa))}>
#BSR = #sparse_tensor.encoding<{map = (i, j) -> (i floordiv 2 : dense, j floordiv 4 : compressed, i mod 2 : dense, j mod 4 : dense)}>
#BSRColumn = #sparse_tensor.encoding<{map = (i, j) -> (i floordiv 4 : dense, j : compressed, i mod 4 : dense)}>
#BSRRow = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j floordiv 4 : compressed, j mod 4 : dense)}>
#NM = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j floordiv 4 : dense, j mod 4 : structured[2, 4])}>

// Each format takes a matrix whose extents suit it; the names come from empty storage.
// CHECK-LABEL: func @accepted
func.func @accepted(%w: tensor<8x16xf32>) {
  // CHECK-COUNT-10: spnn.convert
  %0 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #CSR>
  %1 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #CSR16>
  %2 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #CSC>
  %3 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #COO>
  %4 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #COOSoA>
  %5 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #BSR>
  %6 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #BSRColumn>
  %7 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #BSRRow>
  %8 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #NM>
  %9 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #spnn.bitmap>
  %10 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #spnn.nmg<1, 4, 2>>
  return
}

// -----

// Upstream's formats may have dynamic extents in types.
#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed)}>
// CHECK-LABEL: func @dynamic
func.func @dynamic(%w: tensor<?x16xf32>) -> tensor<?x16xf32, #CSR> {
  %0 = spnn.convert %w : tensor<?x16xf32> to tensor<?x16xf32, #CSR>
  return %0 : tensor<?x16xf32, #CSR>
}

// -----

// The storage of each format, all for the matrix
//   1 0 0 2
//   0 0 3 0
#CSC = #sparse_tensor.encoding<{map = (i, j) -> (j : dense, i : compressed), posWidth = 32, crdWidth = 32}>
#COO = #sparse_tensor.encoding<{map = (i, j) -> (i : compressed(nonunique), j : singleton), posWidth = 32, crdWidth = 32}>
#COOSoA = #sparse_tensor.encoding<{map = (i, j) -> (i : compressed(nonunique), j : singleton(soa)), posWidth = 32, crdWidth = 32}>
#BSR = #sparse_tensor.encoding<{map = (i, j) -> (i floordiv 2 : dense, j floordiv 2 : compressed, i mod 2 : dense, j mod 2 : dense), posWidth = 32, crdWidth = 32}>
#BSRColumn = #sparse_tensor.encoding<{map = (i, j) -> (i floordiv 2 : dense, j : compressed, i mod 2 : dense), posWidth = 32, crdWidth = 32}>
#BSRRow = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j floordiv 2 : compressed, j mod 2 : dense), posWidth = 32, crdWidth = 32}>
#NM = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j floordiv 4 : dense, j mod 4 : structured[2, 4]), crdWidth = 8}>
// CHECK-LABEL: func @storage
func.func @storage() {
  // CHECK-COUNT-8: spnn.constant
  %csc = spnn.constant {positions = dense<[0, 1, 1, 2, 3]> : tensor<5xi32>, indices = dense<[0, 1, 0]> : tensor<3xi32>,
                        values = dense<[1.0, 3.0, 2.0]> : tensor<3xf32>} : tensor<2x4xf32, #CSC>
  %coo = spnn.constant {positions = dense<[0, 3]> : tensor<2xi32>, indices = dense<[0, 0, 0, 3, 1, 2]> : tensor<6xi32>,
                        values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #COO>
  %soa = spnn.constant {positions = dense<[0, 3]> : tensor<2xi32>, row_indices = dense<[0, 0, 1]> : tensor<3xi32>,
                        column_indices = dense<[0, 3, 2]> : tensor<3xi32>,
                        values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #COOSoA>
  %bsr = spnn.constant {positions = dense<[0, 2]> : tensor<2xi32>, indices = dense<[0, 1]> : tensor<2xi32>,
                        values = dense<[1.0, 0.0, 0.0, 0.0, 0.0, 2.0, 3.0, 0.0]> : tensor<8xf32>} : tensor<2x4xf32, #BSR>
  %bsrc = spnn.constant {positions = dense<[0, 3]> : tensor<2xi32>, indices = dense<[0, 2, 3]> : tensor<3xi32>,
                         values = dense<[1.0, 0.0, 0.0, 3.0, 2.0, 0.0]> : tensor<6xf32>} : tensor<2x4xf32, #BSRColumn>
  %bsrr = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 1, 1]> : tensor<3xi32>,
                         values = dense<[1.0, 0.0, 0.0, 2.0, 3.0, 0.0]> : tensor<6xf32>} : tensor<2x4xf32, #BSRRow>
  %nm = spnn.constant {indices = dense<[0, 3, 0, 2]> : tensor<4xi8>, values = dense<[1.0, 2.0, 0.0, 3.0]> : tensor<4xf32>}
      : tensor<2x4xf32, #NM>
  %bitmap = spnn.constant {bits = dense<[9, 4]> : tensor<2xi16>, positions = dense<[0, 2, 3]> : tensor<3xi32>,
                           values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #spnn.bitmap>
  %nmg = spnn.constant {indices = dense<[0, 3, 1, 2]> : tensor<4xi16>, values = dense<[1.0, 2.0, 0.0, 3.0]> : tensor<4xf32>}
      : tensor<2x4xf32, #spnn.nmg<1, 2, 2>>
  return
}

// -----

// Empty matrices have storage too.
#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
// CHECK-LABEL: func @empty
func.func @empty() {
  %rows = spnn.constant {positions = dense<[0]> : tensor<1xi32>, indices = dense<> : tensor<0xi32>,
                         values = dense<> : tensor<0xf32>} : tensor<0x4xf32, #CSR>
  %cols = spnn.constant {positions = dense<0> : tensor<3xi32>, indices = dense<> : tensor<0xi32>,
                         values = dense<> : tensor<0xf32>} : tensor<2x0xf32, #CSR>
  return
}

// -----

#DCSR = #sparse_tensor.encoding<{map = (i, j) -> (i : compressed, j : compressed)}>
func.func @dcsr(%w: tensor<8x16xf32>) {
  // expected-error-re @below {{'spnn.convert' op no sparse format holds type {{.*}}: its levels are none of CSR, CSC, COO, BSR or N:M}}
  %0 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #DCSR>
  return
}

// -----

#Batch = #sparse_tensor.encoding<{map = (i, j) -> (i : batch, j : compressed)}>
func.func @batch(%w: tensor<8x16xf32>) {
  // expected-error-re @below {{no sparse format holds type {{.*}}: its levels are none of CSR, CSC, COO, BSR or N:M}}
  %0 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #Batch>
  return
}

// -----

#Unordered = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed(nonordered))}>
func.func @nonordered(%w: tensor<8x16xf32>) {
  // expected-error-re @below {{no sparse format holds type {{.*}}: its levels are none of CSR, CSC, COO, BSR or N:M}}
  %0 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #Unordered>
  return
}

// -----

#Loose = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : loose_compressed)}>
func.func @loose(%w: tensor<8x16xf32>) {
  // expected-error-re @below {{no sparse format holds type {{.*}}: its levels are none of CSR, CSC, COO, BSR or N:M}}
  %0 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #Loose>
  return
}

// -----

#Dense = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : dense)}>
func.func @all_dense(%w: tensor<8x16xf32>) {
  // expected-error-re @below {{no sparse format holds type {{.*}}: its levels are none of CSR, CSC, COO, BSR or N:M}}
  %0 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #Dense>
  return
}

// -----

#CSF = #sparse_tensor.encoding<{map = (i, j, k) -> (i : compressed, j : compressed, k : compressed)}>
func.func @rank_3(%w: tensor<8x16x4xf32>) {
  // expected-error-re @below {{no sparse format holds type {{.*}}: the type must have rank 2}}
  %0 = spnn.convert %w : tensor<8x16x4xf32> to tensor<8x16x4xf32, #CSF>
  return
}

// -----

#Vector = #sparse_tensor.encoding<{map = (i) -> (i : compressed)}>
func.func @rank_1(%w: tensor<8xf32>) {
  // expected-error-re @below {{no sparse format holds type {{.*}}: the type must have rank 2}}
  %0 = spnn.convert %w : tensor<8xf32> to tensor<8xf32, #Vector>
  return
}

// -----

// Two column-major blocks: the inner levels are swapped.
#Swapped = #sparse_tensor.encoding<{map = (i, j) -> (i floordiv 2 : dense, j floordiv 2 : compressed, j mod 2 : dense, i mod 2 : dense)}>
func.func @bsr_swapped(%w: tensor<8x16xf32>) {
  // expected-error-re @below {{no sparse format holds type {{.*}}: its levels are none of CSR, CSC, COO, BSR or N:M}}
  %0 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #Swapped>
  return
}

// -----

#BSR = #sparse_tensor.encoding<{map = (i, j) -> (i floordiv 2 : dense, j floordiv 4 : compressed, i mod 2 : dense, j mod 4 : dense)}>
func.func @bsr_columns(%w: tensor<8x14xf32>) {
  // expected-error-re @below {{no sparse format holds type {{.*}}: columns must be a multiple of 4, got 14}}
  %0 = spnn.convert %w : tensor<8x14xf32> to tensor<8x14xf32, #BSR>
  return
}

// -----

#NM = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j floordiv 4 : dense, j mod 4 : structured[2, 4])}>
func.func @nm_columns(%w: tensor<8x14xf32>) {
  // expected-error-re @below {{no sparse format holds type {{.*}}: columns must be a multiple of 4, got 14}}
  %0 = spnn.convert %w : tensor<8x14xf32> to tensor<8x14xf32, #NM>
  return
}

// -----

// 300 columns do not fit indices of 8 bits.
#CSR8 = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 8}>
func.func @narrow(%w: tensor<8x300xf32>) {
  // expected-error-re @below {{no sparse format holds type {{.*}}: {{.*}}}}
  %0 = spnn.convert %w : tensor<8x300xf32> to tensor<8x300xf32, #CSR8>
  return
}

// -----

#Implicit = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), explicitVal = 1.0 : f32}>
func.func @explicit_value(%w: tensor<8x16xf32>) {
  // expected-error-re @below {{no sparse format holds type {{.*}}: explicit values, implicit values and slices are not supported}}
  %0 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #Implicit>
  return
}
