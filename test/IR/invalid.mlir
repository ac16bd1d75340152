// RUN: %spnn_opt %s --split-input-file --verify-diagnostics

// One case for each numbered constraint in include/spnn/IR/*.td, named <op>_<constraint>; a letter where it has parts.

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

// expected-error @below {{sparsity must be in [0, 1], got 1.5}}
func.func private @pattern_p1() attributes {a = #spnn.pattern<unstructured, 1.5>}

// -----

// expected-error @below {{sparsity must be in [0, 1], got -1.000000e-01}}
func.func private @pattern_p1_negative() attributes {a = #spnn.pattern<block 4x1, -0.1>}

// -----

// expected-error @below {{block extents must be positive, got 0x4}}
func.func private @pattern_p2() attributes {a = #spnn.pattern<block 0x4, 0.5>}

// -----

// expected-error @below {{n:m needs 1 <= n <= m, got 5:4}}
func.func private @pattern_p3() attributes {a = #spnn.pattern<5:4>}

// -----

// expected-error @below {{n:m needs 1 <= n <= m, got 0:4}}
func.func private @pattern_p3_zero() attributes {a = #spnn.pattern<0:4>}

// -----

// expected-error @below {{n:m:g needs g >= 1 and groups of at most 65536 columns, got 2:4:0}}
func.func private @pattern_p4() attributes {a = #spnn.pattern<2:4:0>}

// -----

// expected-error @below {{expected a block shape such as 4x1}}
func.func private @pattern_block_rank() attributes {a = #spnn.pattern<block 4x1x2, 0.5>}

// -----

// expected-error @below {{vector must be 1, 2, 4, 8 or 16, got 3}}
func.func private @panels_l1() attributes {a = #spnn.panels<width = 6, vector = 3>}

// -----

// expected-error @below {{vector must be 1, 2, 4, 8 or 16, got 32}}
func.func private @panels_l1_wide() attributes {a = #spnn.panels<width = 64, vector = 32>}

// -----

// expected-error @below {{width must be a positive multiple of vector = 8, got 12}}
func.func private @panels_l2() attributes {a = #spnn.panels<width = 12, vector = 8>}

// -----

// expected-error @below {{width must be a positive multiple of vector = 8, got 0}}
func.func private @panels_l2_zero() attributes {a = #spnn.panels<width = 0, vector = 8>}

// -----

// expected-error @below {{n:m:g must satisfy 1 <= n <= m <= 16, got 3:2:1}}
func.func private @nmg_g1_ratio(tensor<4x4xf32, #spnn.nmg<3, 2, 1>>)

// -----

// expected-error @below {{n:m:g needs g >= 1 and groups of at most 65536 columns, got 2:4:0}}
func.func private @nmg_g1_group(tensor<4x4xf32, #spnn.nmg<2, 4, 0>>)

// -----

// expected-error @below {{#spnn.nmg needs a static type of rank 2}}
func.func private @nmg_g2_dynamic(tensor<4x?xf32, #spnn.nmg<1, 2, 1>>)

// -----

func.func @nmg_shape(%w: tensor<4x6xf32>) {
  // expected-error @below {{columns must be a multiple of 8, a group of 1:4:2, got 6}}
  %0 = spnn.convert %w : tensor<4x6xf32> to tensor<4x6xf32, #spnn.nmg<1, 4, 2>>
  return
}

// -----

func.func @nmg_constant() {
  // expected-error @below {{'spnn.constant' op is not valid nmg1:2:1 storage: indices[1]: expected a column that its group does not have yet, found 0}}
  %0 = spnn.constant {indices = dense<[0, 0]> : tensor<2xi16>, values = dense<[1.0, 2.0]> : tensor<2xf32>}
      : tensor<2x2xf32, #spnn.nmg<1, 2, 1>>
  return
}

// -----

// expected-error @below {{#spnn.bitmap needs a static type of rank 2}}
func.func private @bitmap_b1_rank(tensor<4xf32, #spnn.bitmap>)

// -----

// expected-error @below {{#spnn.bitmap needs a static type of rank 2}}
func.func private @bitmap_b1_dynamic(tensor<4x?xf32, #spnn.bitmap>)

// -----

// expected-error @below {{expected ::spnn::Activation to be one of: none, relu, gelu_erf, gelu_tanh, sigmoid, tanh, silu}}
// expected-error @below {{failed to parse SPNN_ActivationAttr parameter 'value' which is to be a `::spnn::Activation`}}
func.func private @activation_unknown() attributes {a = #spnn.activation<selu>}

// -----

//===----------------------------------------------------------------------===//
// spnn.constant
//===----------------------------------------------------------------------===//

func.func @constant_c1_dynamic() {
  // expected-error @below {{'spnn.constant' op result must have static extents, got 'tensor<?x4xf32, #sparse_tensor.encoding<}}
  %w = spnn.constant {} : tensor<?x4xf32, #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed)}>>
  return
}

// -----

func.func @constant_c1_dense() {
  // expected-error @below {{'spnn.constant' op type 'tensor<2x4xf32>' has no sparse encoding}}
  %w = spnn.constant {} : tensor<2x4xf32>
  return
}

// -----

#DCSR = #sparse_tensor.encoding<{map = (i, j) -> (i : compressed, j : compressed)}>
func.func @constant_c1_format() {
  // expected-error @below {{no sparse format holds type}}
  %w = spnn.constant {} : tensor<2x4xf32, #DCSR>
  return
}

// -----

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed)}>
func.func @constant_c1_element() {
  // expected-error @below {{'spnn.constant' op element type 'i7' is not supported}}
  %w = spnn.constant {} : tensor<2x4xi7, #CSR>
  return
}

// -----

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @constant_c2_missing() {
  // expected-error @below {{'spnn.constant' op format csr needs a buffer 'indices'}}
  %w = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>,
                      values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #CSR>
  return
}

// -----

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @constant_c2_extra() {
  // expected-error @below {{'spnn.constant' op format csr has no buffer 'bits'}}
  %w = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 3, 2]> : tensor<3xi32>,
                      bits = dense<0> : tensor<2xi16>, values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>}
      : tensor<2x4xf32, #CSR>
  return
}

// -----

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @constant_c2_no_elements() {
  // expected-error @below {{'spnn.constant' op format csr needs a buffer 'values'}}
  %w = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 3, 2]> : tensor<3xi32>,
                      values = 3 : i32} : tensor<2x4xf32, #CSR>
  return
}

// -----

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @constant_c3_rank() {
  // expected-error @below {{'spnn.constant' op buffer 'indices' must have rank 1, got type 'tensor<1x3xi32>'}}
  %w = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[[0, 3, 2]]> : tensor<1x3xi32>,
                      values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #CSR>
  return
}

// -----

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @constant_c3_width() {
  // expected-error @below {{'spnn.constant' op buffer 'positions' must have element type i32, got 'i64'}}
  %w = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi64>, indices = dense<[0, 3, 2]> : tensor<3xi32>,
                      values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #CSR>
  return
}

// -----

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @constant_c3_integers() {
  // expected-error @below {{'spnn.constant' op buffer 'indices' must have element type i32, got 'f32'}}
  %w = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0.0, 3.0, 2.0]> : tensor<3xf32>,
                      values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #CSR>
  return
}

// -----

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @constant_c3_values() {
  // expected-error @below {{'spnn.constant' op buffer 'values' must have element type 'f32', got 'f64'}}
  %w = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 3, 2]> : tensor<3xi32>,
                      values = dense<[1.0, 2.0, 3.0]> : tensor<3xf64>} : tensor<2x4xf32, #CSR>
  return
}

// -----

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @constant_c3_elided() {
  // expected-error @below {{'spnn.constant' op the contents of buffer 'values' are not at hand (an elided resource?)}}
  %w = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 3, 2]> : tensor<3xi32>,
                      values = dense_resource<__elided__> : tensor<3xf32>} : tensor<2x4xf32, #CSR>
  return
}

// -----

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @constant_c4_start() {
  // expected-error-re @below {{'spnn.constant' op is not valid csr storage: {{.*}}positions}}
  %w = spnn.constant {positions = dense<[1, 2, 3]> : tensor<3xi32>, indices = dense<[0, 3, 2]> : tensor<3xi32>,
                      values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #CSR>
  return
}

// -----

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @constant_c4_not_monotone() {
  // expected-error-re @below {{'spnn.constant' op is not valid csr storage: {{.*}}positions}}
  %w = spnn.constant {positions = dense<[0, 4, 3]> : tensor<3xi32>, indices = dense<[0, 3, 2]> : tensor<3xi32>,
                      values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #CSR>
  return
}

// -----

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @constant_c4_end() {
  // expected-error-re @below {{'spnn.constant' op is not valid csr storage: {{.*}}positions}}
  %w = spnn.constant {positions = dense<[0, 2, 2]> : tensor<3xi32>, indices = dense<[0, 3, 2]> : tensor<3xi32>,
                      values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #CSR>
  return
}

// -----

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @constant_c4_out_of_range() {
  // expected-error-re @below {{'spnn.constant' op is not valid csr storage: {{.*}}indices[1]{{.*}}found 4}}
  %w = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 4, 2]> : tensor<3xi32>,
                      values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #CSR>
  return
}

// -----

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @constant_c4_negative_index() {
  // expected-error-re @below {{'spnn.constant' op is not valid csr storage: {{.*}}indices[0]}}
  %w = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[-1, 3, 2]> : tensor<3xi32>,
                      values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #CSR>
  return
}

// -----

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @constant_c4_duplicate() {
  // expected-error-re @below {{'spnn.constant' op is not valid csr storage: {{.*}}indices[1]}}
  %w = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[3, 3, 2]> : tensor<3xi32>,
                      values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #CSR>
  return
}

// -----

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @constant_c4_unsorted() {
  // expected-error-re @below {{'spnn.constant' op is not valid csr storage: {{.*}}indices[1]}}
  %w = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[3, 0, 2]> : tensor<3xi32>,
                      values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #CSR>
  return
}

// -----

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @constant_c4_positions_length() {
  // expected-error-re @below {{'spnn.constant' op is not valid csr storage: {{.*}}positions}}
  %w = spnn.constant {positions = dense<[0, 3]> : tensor<2xi32>, indices = dense<[0, 2, 3]> : tensor<3xi32>,
                      values = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : tensor<2x4xf32, #CSR>
  return
}

// -----

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @constant_c4_values_length() {
  // expected-error-re @below {{'spnn.constant' op is not valid csr storage: {{.*}}values}}
  %w = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 3, 2]> : tensor<3xi32>,
                      values = dense<[1.0, 2.0]> : tensor<2xf32>} : tensor<2x4xf32, #CSR>
  return
}

// -----

// The group [4, 8) names position 4 of 4.
#NM = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j floordiv 4 : dense, j mod 4 : structured[2, 4]), crdWidth = 8}>
func.func @constant_c4_nm_position() {
  // expected-error-re @below {{'spnn.constant' op is not valid nm2:4 storage: {{.*}}indices[3]{{.*}}found 4}}
  %w = spnn.constant {indices = dense<[0, 1, 2, 4]> : tensor<4xi8>, values = dense<1.0> : tensor<4xf32>}
      : tensor<1x8xf32, #NM>
  return
}

// -----

#NM = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j floordiv 4 : dense, j mod 4 : structured[2, 4]), crdWidth = 8}>
func.func @constant_c4_nm_length() {
  // expected-error-re @below {{'spnn.constant' op is not valid nm2:4 storage: {{.*}}indices}}
  %w = spnn.constant {indices = dense<[0, 1, 2]> : tensor<3xi8>, values = dense<1.0> : tensor<3xf32>}
      : tensor<1x8xf32, #NM>
  return
}

// -----

// Bit 4 of a row of 4 columns.
func.func @constant_c4_bitmap_columns() {
  // expected-error-re @below {{'spnn.constant' op is not valid bitmap storage: {{.*}}bits[0]}}
  %w = spnn.constant {bits = dense<[16, 0]> : tensor<2xi16>, positions = dense<[0, 1, 1]> : tensor<3xi32>,
                      values = dense<[1.0]> : tensor<1xf32>} : tensor<2x4xf32, #spnn.bitmap>
  return
}

// -----

func.func @constant_c4_bitmap_count() {
  // expected-error-re @below {{'spnn.constant' op is not valid bitmap storage: {{.*}}positions}}
  %w = spnn.constant {bits = dense<[3, 0]> : tensor<2xi16>, positions = dense<[0, 1, 2]> : tensor<3xi32>,
                      values = dense<[1.0, 2.0]> : tensor<2xf32>} : tensor<2x4xf32, #spnn.bitmap>
  return
}

// -----

//===----------------------------------------------------------------------===//
// spnn.convert
//===----------------------------------------------------------------------===//

func.func @convert_c1_shape(%w: tensor<8x16xf32>) {
  // expected-error @below {{'spnn.convert' op must keep shape and element type, got 'tensor<8x16xf32>' to 'tensor<16x8xf32, #spnn.bitmap>'}}
  %0 = spnn.convert %w : tensor<8x16xf32> to tensor<16x8xf32, #spnn.bitmap>
  return
}

// -----

func.func @convert_c1_element(%w: tensor<8x16xf32>) {
  // expected-error @below {{'spnn.convert' op must keep shape and element type, got 'tensor<8x16xf32>' to 'tensor<8x16xf64, #spnn.bitmap>'}}
  %0 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf64, #spnn.bitmap>
  return
}

// -----

#DCSR = #sparse_tensor.encoding<{map = (i, j) -> (i : compressed, j : compressed)}>
func.func @convert_c2_result(%w: tensor<8x16xf32>) {
  // expected-error-re @below {{'spnn.convert' op no sparse format holds type {{.*}}: its levels are none of CSR, CSC, COO, BSR or N:M}}
  %0 = spnn.convert %w : tensor<8x16xf32> to tensor<8x16xf32, #DCSR>
  return
}

// -----

#DCSR = #sparse_tensor.encoding<{map = (i, j) -> (i : compressed, j : compressed)}>
func.func @convert_c2_source(%w: tensor<8x16xf32, #DCSR>) {
  // expected-error-re @below {{'spnn.convert' op no sparse format holds type {{.*}}: its levels are none of CSR, CSC, COO, BSR or N:M}}
  %0 = spnn.convert %w : tensor<8x16xf32, #DCSR> to tensor<8x16xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// spnn.prune
//===----------------------------------------------------------------------===//

func.func @prune_c1_rank(%w: tensor<8xf32>) {
  // expected-error @below {{'spnn.prune' op operand must be a dense tensor of floats of rank 2, got 'tensor<8xf32>'}}
  %0 = spnn.prune %w method(magnitude) pattern(<unstructured, 0.5>) : tensor<8xf32>
  return
}

// -----

func.func @prune_c1_element(%w: tensor<8x8xi32>) {
  // expected-error @below {{'spnn.prune' op operand must be a dense tensor of floats of rank 2, got 'tensor<8x8xi32>'}}
  %0 = spnn.prune %w method(magnitude) pattern(<unstructured, 0.5>) : tensor<8x8xi32>
  return
}

// -----

func.func @prune_c1_encoding(%w: tensor<8x8xf32, #spnn.bitmap>) {
  // expected-error @below {{'spnn.prune' op operand must be a dense tensor of floats of rank 2, got 'tensor<8x8xf32, #spnn.bitmap>'}}
  %0 = spnn.prune %w method(magnitude) pattern(<unstructured, 0.5>) : tensor<8x8xf32, #spnn.bitmap>
  return
}

// -----

func.func @prune_unknown_method(%w: tensor<8x8xf32>) {
  // expected-error @below {{unknown pruning method 'random', expected magnitude}}
  %0 = spnn.prune %w method(random) pattern(<unstructured, 0.5>) : tensor<8x8xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// spnn.matmul
//===----------------------------------------------------------------------===//

func.func @matmul_c1_rank(%a: tensor<2x3x4xf32>, %b: tensor<4x5xf32>) {
  // expected-error @below {{'spnn.matmul' op lhs must have rank 2, got 'tensor<2x3x4xf32>'}}
  %0 = spnn.matmul %a, %b : (tensor<2x3x4xf32>, tensor<4x5xf32>) -> tensor<3x5xf32>
  return
}

// -----

func.func @matmul_c1_result_rank(%a: tensor<3x4xf32>, %b: tensor<4x5xf32>) {
  // expected-error @below {{'spnn.matmul' op result must have rank 2, got 'tensor<15xf32>'}}
  %0 = spnn.matmul %a, %b : (tensor<3x4xf32>, tensor<4x5xf32>) -> tensor<15xf32>
  return
}

// -----

func.func @matmul_c1_element(%a: tensor<3x4xi32>, %b: tensor<4x5xi32>) {
  // expected-error @below {{'spnn.matmul' op element type must be a float, got 'i32'}}
  %0 = spnn.matmul %a, %b : (tensor<3x4xi32>, tensor<4x5xi32>) -> tensor<3x5xi32>
  return
}

// -----

func.func @matmul_c6(%a: tensor<3x4xf32>, %b: tensor<4x5xf64>) {
  // expected-error @below {{'spnn.matmul' op element types must be (T, T) -> T, (f16|bf16|i8, f32) -> f32 in either order, (bf16, bf16) -> f32 or (i8, i8) -> f32, got ('f32', 'f64') -> 'f32'}}
  %0 = spnn.matmul %a, %b : (tensor<3x4xf32>, tensor<4x5xf64>) -> tensor<3x5xf32>
  return
}

// -----

func.func @matmul_c6_f16(%a: tensor<3x4xf16>, %b: tensor<4x5xf16>) {
  // expected-error @below {{got ('f16', 'f16') -> 'f32'}}
  %0 = spnn.matmul %a, %b : (tensor<3x4xf16>, tensor<4x5xf16>) -> tensor<3x5xf32>
  return
}

// -----

func.func @matmul_c6_mixed(%a: tensor<3x4xi8>, %b: tensor<4x5xbf16>) {
  // expected-error @below {{got ('i8', 'bf16') -> 'f32'}}
  %0 = spnn.matmul %a, %b : (tensor<3x4xi8>, tensor<4x5xbf16>) -> tensor<3x5xf32>
  return
}

// -----

func.func @matmul_c6_result(%a: tensor<3x4xi8>, %b: tensor<4x5xi8>) {
  // expected-error @below {{got ('i8', 'i8') -> 'f64'}}
  %0 = spnn.matmul %a, %b : (tensor<3x4xi8>, tensor<4x5xi8>) -> tensor<3x5xf64>
  return
}

// -----

func.func @matmul_c7_length(%a: tensor<3x4xi8>, %b: tensor<3x5xi8>, %s: tensor<3xf32>) {
  // expected-error @below {{'spnn.matmul' op lhs_scales must be a dense vector of 4 f32 beside a result of f32, got 'tensor<3xf32>' beside 'tensor<4x5xf32>'}}
  %0 = spnn.matmul %a, %b lhs_scales(%s : tensor<3xf32>) {transpose_lhs} : (tensor<3x4xi8>, tensor<3x5xi8>) -> tensor<4x5xf32>
  return
}

// -----

func.func @matmul_c7_result(%a: tensor<3x4xf64>, %b: tensor<4x5xf64>, %s: tensor<3xf32>) {
  // expected-error @below {{lhs_scales must be a dense vector of 3 f32 beside a result of f32, got 'tensor<3xf32>' beside 'tensor<3x5xf64>'}}
  %0 = spnn.matmul %a, %b lhs_scales(%s : tensor<3xf32>) : (tensor<3x4xf64>, tensor<4x5xf64>) -> tensor<3x5xf64>
  return
}

// -----

func.func @matmul_c8_element(%a: tensor<3x4xi8>, %b: tensor<4x5xi8>, %s: tensor<5xf16>) {
  // expected-error @below {{'spnn.matmul' op rhs_scales must be a dense vector of 5 f32 beside a result of f32, got 'tensor<5xf16>'}}
  %0 = spnn.matmul %a, %b rhs_scales(%s : tensor<5xf16>) : (tensor<3x4xi8>, tensor<4x5xi8>) -> tensor<3x5xf32>
  return
}

// -----

func.func @matmul_c8_rank(%a: tensor<3x4xi8>, %b: tensor<4x?xi8>, %s: tensor<1x5xf32>) {
  // expected-error @below {{'spnn.matmul' op rhs_scales must be a dense vector of ? f32}}
  %0 = spnn.matmul %a, %b rhs_scales(%s : tensor<1x5xf32>) : (tensor<3x4xi8>, tensor<4x?xi8>) -> tensor<3x?xf32>
  return
}

// -----

func.func @matmul_c2(%a: tensor<3x4xf32>, %b: tensor<4x5xf32>) {
  // expected-error @below {{'spnn.matmul' op inner extents must agree, got 3 of lhs and 4 of rhs}}
  %0 = spnn.matmul %a, %b {transpose_lhs} : (tensor<3x4xf32>, tensor<4x5xf32>) -> tensor<4x5xf32>
  return
}

// -----

func.func @matmul_c3_extents(%a: tensor<3x4xf32>, %b: tensor<4x?xf32>) {
  // expected-error @below {{'spnn.matmul' op result must be 3 x ?, got 'tensor<4x?xf32>'}}
  %0 = spnn.matmul %a, %b : (tensor<3x4xf32>, tensor<4x?xf32>) -> tensor<4x?xf32>
  return
}

// -----

func.func @matmul_c3_dense(%a: tensor<3x4xf32>, %b: tensor<4x5xf32>) {
  // expected-error @below {{'spnn.matmul' op result must be dense, got 'tensor<3x5xf32, #spnn.bitmap>'}}
  %0 = spnn.matmul %a, %b : (tensor<3x4xf32>, tensor<4x5xf32>) -> tensor<3x5xf32, #spnn.bitmap>
  return
}

// -----

func.func @matmul_c4_axis(%a: tensor<3x4xf32>, %b: tensor<4x5xf32>, %c: tensor<5xf32>) {
  // expected-error @below {{'spnn.matmul' op bias_axis must be 0 or 1, got 2}}
  %0 = spnn.matmul %a, %b bias(%c : tensor<5xf32>) {bias_axis = 2 : i64}
      : (tensor<3x4xf32>, tensor<4x5xf32>) -> tensor<3x5xf32>
  return
}

// -----

func.func @matmul_c4_length(%a: tensor<3x4xf32>, %b: tensor<4x5xf32>, %c: tensor<5xf32>) {
  // expected-error @below {{'spnn.matmul' op bias must be a dense vector of the result's extent along axis 0 and of element type 'f32', got 'tensor<5xf32>'}}
  %0 = spnn.matmul %a, %b bias(%c : tensor<5xf32>) : (tensor<3x4xf32>, tensor<4x5xf32>) -> tensor<3x5xf32>
  return
}

// -----

func.func @matmul_c1_bias_rank(%a: tensor<3x4xf32>, %b: tensor<4x5xf32>, %c: tensor<3x1xf32>) {
  // expected-error @below {{'spnn.matmul' op bias must be a dense vector of the result's extent along axis 0 and of element type 'f32', got 'tensor<3x1xf32>'}}
  %0 = spnn.matmul %a, %b bias(%c : tensor<3x1xf32>) : (tensor<3x4xf32>, tensor<4x5xf32>) -> tensor<3x5xf32>
  return
}

// -----

func.func @matmul_c5(%a: tensor<3x4xf32, #sparse_tensor.encoding<{map = (i, j) -> (j : compressed, i : compressed)}>>,
                     %b: tensor<4x5xf32>) {
  // expected-error-re @below {{'spnn.matmul' op no sparse format holds type {{.*}}: its levels are none of CSR, CSC, COO, BSR or N:M}}
  %0 = spnn.matmul %a, %b
      : (tensor<3x4xf32, #sparse_tensor.encoding<{map = (i, j) -> (j : compressed, i : compressed)}>>, tensor<4x5xf32>)
      -> tensor<3x5xf32>
  return
}

// -----

// 10 rows are no multiple of the block's 4.
func.func @matmul_c5_shape(%a: tensor<10x4xf32, #sparse_tensor.encoding<{map = (i, j) -> (i floordiv 4 : dense, j : compressed, i mod 4 : dense)}>>,
                           %b: tensor<4x5xf32>) {
  // expected-error-re @below {{'spnn.matmul' op no sparse format holds type {{.*}}: rows must be a multiple of 4, got 10}}
  %0 = spnn.matmul %a, %b
      : (tensor<10x4xf32, #sparse_tensor.encoding<{map = (i, j) -> (i floordiv 4 : dense, j : compressed, i mod 4 : dense)}>>, tensor<4x5xf32>)
      -> tensor<10x5xf32>
  return
}

// -----

func.func @matmul_unknown_activation(%a: tensor<3x4xf32>, %b: tensor<4x5xf32>) {
  // expected-error-re @below {{unknown activation 'selu'{{.*}}}}
  %0 = spnn.matmul %a, %b activation(selu) : (tensor<3x4xf32>, tensor<4x5xf32>) -> tensor<3x5xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// spnn.pack_panels, spnn.unpack_panels
//===----------------------------------------------------------------------===//

func.func @pack_panels_c1_source(%x: tensor<8xf32>, %e: tensor<?xf32>) {
  // expected-error @below {{'spnn.pack_panels' op source must have rank 2 and element type 'f32', got 'tensor<8xf32>'}}
  %0 = spnn.pack_panels ins(%x : tensor<8xf32>) outs(%e : tensor<?xf32>) panels(<width = 4, vector = 4>) -> tensor<?xf32>
  return
}

// -----

func.func @pack_panels_c1_init(%x: tensor<8x8xf32>, %e: tensor<8x8xf32>) {
  // expected-error @below {{'spnn.pack_panels' op init must have rank 1, got 'tensor<8x8xf32>'}}
  %0 = spnn.pack_panels ins(%x : tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) panels(<width = 4, vector = 4>) -> tensor<8x8xf32>
  return
}

// -----

func.func @pack_panels_c1_element(%x: tensor<8x8xf64>, %e: tensor<?xf32>) {
  // expected-error @below {{'spnn.pack_panels' op source must have rank 2 and element type 'f32', got 'tensor<8x8xf64>'}}
  %0 = spnn.pack_panels ins(%x : tensor<8x8xf64>) outs(%e : tensor<?xf32>) panels(<width = 4, vector = 4>) -> tensor<?xf32>
  return
}

// -----

func.func @pack_panels_c2_mixed(%x: memref<8x8xf32>, %e: tensor<?xf32>) {
  // expected-error @below {{'spnn.pack_panels' op operands must be all tensors or all memrefs, got 'memref<8x8xf32>' beside init 'tensor<?xf32>'}}
  %0 = spnn.pack_panels ins(%x : memref<8x8xf32>) outs(%e : tensor<?xf32>) panels(<width = 4, vector = 4>) -> tensor<?xf32>
  return
}

// -----

func.func @pack_panels_c2_no_result(%x: tensor<8x8xf32>, %e: tensor<?xf32>) {
  // expected-error @below {{'spnn.pack_panels' op must have one result, got 0}}
  spnn.pack_panels ins(%x : tensor<8x8xf32>) outs(%e : tensor<?xf32>) panels(<width = 4, vector = 4>)
  return
}

// -----

func.func @pack_panels_c2_result_of_memrefs(%x: memref<8x8xf32>, %e: memref<?xf32>) {
  // expected-error @below {{'spnn.pack_panels' op must have no result, got 1}}
  %0 = spnn.pack_panels ins(%x : memref<8x8xf32>) outs(%e : memref<?xf32>) panels(<width = 4, vector = 4>) -> tensor<?xf32>
  return
}

// -----

func.func @pack_panels_c2_type(%x: tensor<8x8xf32>, %e: tensor<?xf32>) {
  // expected-error @below {{'spnn.pack_panels' op result must have init's type 'tensor<?xf32>', got 'tensor<64xf32>'}}
  %0 = spnn.pack_panels ins(%x : tensor<8x8xf32>) outs(%e : tensor<?xf32>) panels(<width = 4, vector = 4>) -> tensor<64xf32>
  return
}

// -----

func.func @unpack_panels_c1_source(%p: tensor<8x8xf32>, %e: tensor<8x8xf32>) {
  // expected-error @below {{'spnn.unpack_panels' op source must have rank 1 and element type 'f32', got 'tensor<8x8xf32>'}}
  %0 = spnn.unpack_panels ins(%p : tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) panels(<width = 4, vector = 4>) -> tensor<8x8xf32>
  return
}

// -----

func.func @unpack_panels_c1_init(%p: tensor<64xf32>, %e: tensor<64xf32>) {
  // expected-error @below {{'spnn.unpack_panels' op init must have rank 2, got 'tensor<64xf32>'}}
  %0 = spnn.unpack_panels ins(%p : tensor<64xf32>) outs(%e : tensor<64xf32>) panels(<width = 4, vector = 4>) -> tensor<64xf32>
  return
}

// -----

func.func @unpack_panels_c2(%p: memref<64xf32>, %e: tensor<8x8xf32>) {
  // expected-error @below {{'spnn.unpack_panels' op operands must be all tensors or all memrefs, got 'memref<64xf32>' beside init 'tensor<8x8xf32>'}}
  %0 = spnn.unpack_panels ins(%p : memref<64xf32>) outs(%e : tensor<8x8xf32>) panels(<width = 4, vector = 4>) -> tensor<8x8xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// spnn.kernel_matmul
//===----------------------------------------------------------------------===//

func.func @kernel_matmul_c1_rhs(%s: tensor<4xi32>, %x: tensor<4x4xf32>, %n: index, %e: tensor<16xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op rhs must have rank 1 and element type 'f32', got 'tensor<4x4xf32>'}}
  %y = spnn.kernel_matmul "csr" weights(4 x 4 as unit) storage(%s : tensor<4xi32>) ins(%x, %n : tensor<4x4xf32>)
      outs(%e : tensor<16xf32>) panels(<width = 4, vector = 4>) parameters({}) -> tensor<16xf32>
  return
}

// -----

func.func @kernel_matmul_c1_storage(%s: tensor<4x1xi32>, %x: tensor<16xf32>, %n: index, %e: tensor<16xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op storage buffer must have rank 1, got 'tensor<4x1xi32>'}}
  %y = spnn.kernel_matmul "csr" weights(4 x 4 as unit) storage(%s : tensor<4x1xi32>) ins(%x, %n : tensor<16xf32>)
      outs(%e : tensor<16xf32>) panels(<width = 4, vector = 4>) parameters({}) -> tensor<16xf32>
  return
}

// -----

func.func @kernel_matmul_c1_bias(%s: tensor<4xi32>, %x: tensor<16xf32>, %n: index, %e: tensor<16xf32>, %b: tensor<4xf64>) {
  // expected-error @below {{'spnn.kernel_matmul' op bias must have rank 1 and element type 'f32', got 'tensor<4xf64>'}}
  %y = spnn.kernel_matmul "csr" weights(4 x 4 as unit) storage(%s : tensor<4xi32>) ins(%x, %n : tensor<16xf32>)
      bias(%b : tensor<4xf64>) outs(%e : tensor<16xf32>) panels(<width = 4, vector = 4>) parameters({}) -> tensor<16xf32>
  return
}

// -----

func.func @kernel_matmul_c1_narrow(%x: tensor<16xf16>, %n: index, %e: tensor<16xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op rhs must have rank 1 and element type 'f32', got 'tensor<16xf16>'}}
  %y = spnn.kernel_matmul "csr" weights(4 x 4 as unit) ins(%x, %n : tensor<16xf16>)
      outs(%e : tensor<16xf32>) panels(<width = 16, vector = 4>) parameters({}) -> tensor<16xf32>
  return
}

// -----

func.func @kernel_matmul_c5_rows(%x: tensor<16xi8>, %n: index, %e: tensor<16xf32>, %s: tensor<5xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op row_scales must have 4 elements, got 5}}
  %y = spnn.kernel_matmul "csr" weights(4 x 4 as unit) ins(%x, %n : tensor<16xi8>) row_scales(%s : tensor<5xf32>)
      outs(%e : tensor<16xf32>) panels(<width = 16, vector = 4>) parameters({}) -> tensor<16xf32>
  return
}

// -----

func.func @kernel_matmul_c5_columns(%x: tensor<16xi8>, %n: index, %e: tensor<16xf32>, %s: tensor<4xf64>) {
  // expected-error @below {{'spnn.kernel_matmul' op column_scales must have rank 1 and element type 'f32', got 'tensor<4xf64>'}}
  %y = spnn.kernel_matmul "csr" weights(4 x 4 as unit) ins(%x, %n : tensor<16xi8>) column_scales(%s : tensor<4xf64>)
      outs(%e : tensor<16xf32>) panels(<width = 16, vector = 4>) parameters({}) -> tensor<16xf32>
  return
}

// -----

func.func @kernel_matmul_c2(%s: tensor<4xi32>, %x: tensor<16xf32>, %n: index, %e: tensor<16xf32>, %b: tensor<5xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op bias must have 4 elements, got 5}}
  %y = spnn.kernel_matmul "csr" weights(4 x 4 as unit) storage(%s : tensor<4xi32>) ins(%x, %n : tensor<16xf32>)
      bias(%b : tensor<5xf32>) outs(%e : tensor<16xf32>) panels(<width = 4, vector = 4>) parameters({}) -> tensor<16xf32>
  return
}

// -----

func.func @kernel_matmul_c3_mixed(%s: memref<4xi32>, %x: tensor<16xf32>, %n: index, %e: tensor<16xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op operands must be all tensors or all memrefs, got 'memref<4xi32>' beside init 'tensor<16xf32>'}}
  %y = spnn.kernel_matmul "csr" weights(4 x 4 as unit) storage(%s : memref<4xi32>) ins(%x, %n : tensor<16xf32>)
      outs(%e : tensor<16xf32>) panels(<width = 4, vector = 4>) parameters({}) -> tensor<16xf32>
  return
}

// -----

func.func @kernel_matmul_c3_results(%s: tensor<4xi32>, %x: tensor<16xf32>, %n: index, %e: tensor<16xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op must have one result, got 0}}
  spnn.kernel_matmul "csr" weights(4 x 4 as unit) storage(%s : tensor<4xi32>) ins(%x, %n : tensor<16xf32>)
      outs(%e : tensor<16xf32>) panels(<width = 4, vector = 4>) parameters({})
  return
}

// -----

func.func @kernel_matmul_c4(%s: tensor<4xi32>, %x: tensor<16xf32>, %n: index, %e: tensor<16xf32>) {
  // expected-error @below {{'spnn.kernel_matmul' op weights must have non-negative extents, got -4 x 4}}
  %y = spnn.kernel_matmul "csr" weights(-4 x 4 as unit) storage(%s : tensor<4xi32>) ins(%x, %n : tensor<16xf32>)
      outs(%e : tensor<16xf32>) panels(<width = 4, vector = 4>) parameters({}) -> tensor<16xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// spnn.kernel_columns, spnn.reduce_rows
//===----------------------------------------------------------------------===//

func.func @kernel_columns_c1_rank(%x: tensor<4x?xf32>, %n: index, %e: tensor<?xf32>) {
  // expected-error @below {{'spnn.kernel_columns' op panels must have rank 1, got 'tensor<4x?xf32>'}}
  %0 = spnn.kernel_columns 4 x %n layout(<width = 4, vector = 4>) panels(%x : tensor<4x?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32> {
  ^bb0(%a: f32):
    spnn.yield_columns panels(%a : f32)
  }
  return
}

// -----

func.func @kernel_columns_c1_element(%x: tensor<?xi1>, %n: index, %e: tensor<?xi1>) {
  // expected-error @below {{'spnn.kernel_columns' op panels must have elements of an integer or floating-point type of 8 to 64 bits, got 'tensor<?xi1>'}}
  %0 = spnn.kernel_columns 4 x %n layout(<width = 4, vector = 4>) panels(%x : tensor<?xi1>) outs(%e : tensor<?xi1>) -> tensor<?xi1> {
  ^bb0(%a: i1):
    spnn.yield_columns panels(%a : i1)
  }
  return
}

// -----

func.func @kernel_columns_c1_scalar(%x: tensor<?xf32>, %n: index, %e: tensor<?xf32>, %i: index) {
  // expected-error @below {{'spnn.kernel_columns' op scalar must be of an integer or floating-point type, got 'index'}}
  %0 = spnn.kernel_columns 4 x %n layout(<width = 4, vector = 4>) panels(%x : tensor<?xf32>) scalars(%i : index) outs(%e : tensor<?xf32>) -> tensor<?xf32> {
  ^bb0(%a: f32, %b: index):
    spnn.yield_columns panels(%a : f32)
  }
  return
}

// -----

func.func @kernel_columns_c2_row_vector(%x: tensor<?xf32>, %n: index, %e: tensor<?xf32>, %g: tensor<5xf32>) {
  // expected-error @below {{'spnn.kernel_columns' op row vector must have 4 elements, got 5}}
  %0 = spnn.kernel_columns 4 x %n layout(<width = 4, vector = 4>) panels(%x : tensor<?xf32>) row_vectors(%g : tensor<5xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32> {
  ^bb0(%a: f32, %b: f32):
    spnn.yield_columns panels(%a : f32)
  }
  return
}

// -----

func.func @kernel_columns_c2_rows(%x: tensor<?xf32>, %n: index, %e: tensor<?xf32>) {
  // expected-error @below {{'spnn.kernel_columns' op must have a non-negative number of rows, got -1}}
  %0 = spnn.kernel_columns -1 x %n layout(<width = 4, vector = 4>) panels(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32> {
  ^bb0(%a: f32):
    spnn.yield_columns panels(%a : f32)
  }
  return
}

// -----

func.func @kernel_columns_c3_number(%x: tensor<?xf32>, %n: index, %e: tensor<?xf32>) {
  // expected-error @below {{'spnn.kernel_columns' op body must have an argument for each of 1 inputs, got 2}}
  %0 = spnn.kernel_columns 4 x %n layout(<width = 4, vector = 4>) panels(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32> {
  ^bb0(%a: f32, %b: f32):
    spnn.yield_columns panels(%a : f32)
  }
  return
}

// -----

func.func @kernel_columns_c3_type(%x: tensor<?xf32>, %n: index, %e: tensor<?xf32>) {
  // expected-error @below {{'spnn.kernel_columns' op argument 0 of the body must be of type 'f32', got 'f64'}}
  %0 = spnn.kernel_columns 4 x %n layout(<width = 4, vector = 4>) panels(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32> {
  ^bb0(%a: f64):
    %b = arith.truncf %a : f64 to f32
    spnn.yield_columns panels(%b : f32)
  }
  return
}

// -----

func.func @kernel_columns_c4_division(%x: tensor<?xi32>, %n: index, %e: tensor<?xi32>) {
  %0 = spnn.kernel_columns 4 x %n layout(<width = 4, vector = 4>) panels(%x : tensor<?xi32>) outs(%e : tensor<?xi32>) -> tensor<?xi32> {
  ^bb0(%a: i32):
    // expected-error @below {{'arith.divsi' op cannot stand in a column-wise kernel: elementwise ops on integers and floats, but integer division, and spnn.reduce_rows expected}}
    %b = arith.divsi %a, %a : i32
    spnn.yield_columns panels(%b : i32)
  }
  return
}

// -----

func.func @kernel_columns_c4_index(%x: tensor<?xf32>, %n: index, %e: tensor<?xf32>) {
  %0 = spnn.kernel_columns 4 x %n layout(<width = 4, vector = 4>) panels(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32> {
  ^bb0(%a: f32):
    // expected-error @below {{'arith.constant' op cannot stand in a column-wise kernel: elementwise ops on integers and floats, but integer division, and spnn.reduce_rows expected}}
    %b = arith.constant 1 : index
    spnn.yield_columns panels(%a : f32)
  }
  return
}

// -----

func.func @kernel_columns_c5_number(%x: tensor<?xf32>, %n: index, %e: tensor<?xf32>) {
  %0 = spnn.kernel_columns 4 x %n layout(<width = 4, vector = 4>) panels(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32> {
  ^bb0(%a: f32):
    // expected-error @below {{'spnn.yield_columns' op must give a value for each of 1 inits, got 2}}
    spnn.yield_columns panels(%a, %a : f32, f32)
  }
  return
}

// -----

func.func @kernel_columns_c5_type(%x: tensor<?xf32>, %n: index, %e: tensor<?xf32>) {
  %0 = spnn.kernel_columns 4 x %n layout(<width = 4, vector = 4>) panels(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32> {
  ^bb0(%a: f32):
    %b = arith.extf %a : f32 to f64
    // expected-error @below {{'spnn.yield_columns' op value 0 must be of type 'f32', got 'f64'}}
    spnn.yield_columns panels(%b : f64)
  }
  return
}

// -----

func.func @kernel_columns_c5_varying(%x: tensor<?xf32>, %n: index, %e: tensor<?xf32>) {
  %0 = spnn.kernel_columns 4 x %n layout(<width = 4, vector = 4>) panels(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32> {
  ^bb0(%a: f32):
    %b = math.exp %a : f32
    // expected-error @below {{'spnn.yield_columns' op a value for a column vector must be the same at all rows}}
    spnn.yield_columns columns(%b : f32)
  }
  return
}

// -----

func.func @kernel_columns_c6_mixed(%x: memref<?xf32>, %n: index, %e: tensor<?xf32>) {
  // expected-error @below {{'spnn.kernel_columns' op operands must be all tensors or all memrefs, got 'memref<?xf32>' beside init 'tensor<?xf32>'}}
  %0 = spnn.kernel_columns 4 x %n layout(<width = 4, vector = 4>) panels(%x : memref<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32> {
  ^bb0(%a: f32):
    spnn.yield_columns panels(%a : f32)
  }
  return
}

// -----

func.func @kernel_columns_c6_number(%x: tensor<?xf32>, %n: index, %e: tensor<?xf32>) {
  // expected-error @below {{'spnn.kernel_columns' op must have 2 results, got 1}}
  %0 = spnn.kernel_columns 4 x %n layout(<width = 4, vector = 4>) panels(%x : tensor<?xf32>) outs(%e, %e : tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32> {
  ^bb0(%a: f32):
    spnn.yield_columns panels(%a, %a : f32, f32)
  }
  return
}

// -----

func.func @kernel_columns_c6_type(%x: tensor<?xf32>, %n: index, %e: tensor<?xf32>) {
  // expected-error @below {{'spnn.kernel_columns' op result must have init's type 'tensor<?xf32>', got 'tensor<8xf32>'}}
  %0 = spnn.kernel_columns 4 x %n layout(<width = 4, vector = 4>) panels(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<8xf32> {
  ^bb0(%a: f32):
    spnn.yield_columns panels(%a : f32)
  }
  return
}

// -----

func.func @kernel_columns_c6_none(%n: index) {
  // expected-error @below {{'spnn.kernel_columns' op must have an init}}
  spnn.kernel_columns 4 x %n layout(<width = 4, vector = 4>) {
  ^bb0:
    spnn.yield_columns
  }
  return
}

// -----

func.func @reduce_rows_c1(%x: tensor<?xf32>, %n: index, %e: tensor<?xf32>) {
  %0 = spnn.kernel_columns 4 x %n layout(<width = 4, vector = 4>) panels(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32> {
  ^bb0(%a: f32):
    // expected-error @below {{'spnn.reduce_rows' op kind must be add, mul, maximumf, minimumf, maxnumf, minnumf of floats or add, mul, maxsi, minsi, maxui, minui of integers, got maxsi of 'f32'}}
    %b = spnn.reduce_rows <maxsi> %a : f32
    spnn.yield_columns panels(%b : f32)
  }
  return
}

// -----

//===----------------------------------------------------------------------===//
// spnn.kernel_gemm
//===----------------------------------------------------------------------===//

func.func @kernel_gemm_c1_rank(%a: tensor<12xf32>, %b: tensor<4x5xf32>, %e: tensor<3x5xf32>) {
  // expected-error @below {{'spnn.kernel_gemm' op lhs must have rank 2 and element type 'f32', got 'tensor<12xf32>'}}
  %0 = spnn.kernel_gemm ins(%a, %b : tensor<12xf32>, tensor<4x5xf32>) outs(%e : tensor<3x5xf32>) -> tensor<3x5xf32>
  return
}

// -----

func.func @kernel_gemm_c1_element(%a: tensor<3x4xf64>, %b: tensor<4x5xf64>, %e: tensor<3x5xf64>) {
  // expected-error @below {{'spnn.kernel_gemm' op lhs must have rank 2 and element type 'f32', got 'tensor<3x4xf64>'}}
  %0 = spnn.kernel_gemm ins(%a, %b : tensor<3x4xf64>, tensor<4x5xf64>) outs(%e : tensor<3x5xf64>) -> tensor<3x5xf64>
  return
}

// -----

func.func @kernel_gemm_c1_bias(%a: tensor<3x4xf32>, %b: tensor<4x5xf32>, %c: tensor<1x5xf32>, %e: tensor<3x5xf32>) {
  // expected-error @below {{'spnn.kernel_gemm' op bias must have rank 1 and element type 'f32', got 'tensor<1x5xf32>'}}
  %0 = spnn.kernel_gemm ins(%a, %b : tensor<3x4xf32>, tensor<4x5xf32>) bias(%c : tensor<1x5xf32>)
      outs(%e : tensor<3x5xf32>) -> tensor<3x5xf32>
  return
}

// -----

func.func @kernel_gemm_c2_inner(%a: tensor<3x4xf32>, %b: tensor<4x5xf32>, %e: tensor<3x4xf32>) {
  // expected-error @below {{'spnn.kernel_gemm' op inner extents must agree, got 4 of lhs and 5 of rhs}}
  %0 = spnn.kernel_gemm ins(%a, %b : tensor<3x4xf32>, tensor<4x5xf32>) outs(%e : tensor<3x4xf32>) {transpose_rhs}
      -> tensor<3x4xf32>
  return
}

// -----

func.func @kernel_gemm_c2_init(%a: tensor<3x4xf32>, %b: tensor<4x5xf32>, %e: tensor<5x3xf32>) {
  // expected-error @below {{'spnn.kernel_gemm' op init must be 3 x 5, got 'tensor<5x3xf32>'}}
  %0 = spnn.kernel_gemm ins(%a, %b : tensor<3x4xf32>, tensor<4x5xf32>) outs(%e : tensor<5x3xf32>) -> tensor<5x3xf32>
  return
}

// -----

func.func @kernel_gemm_c3(%a: tensor<3x4xf32>, %b: tensor<4x5xf32>, %c: tensor<3xf32>, %e: tensor<3x5xf32>) {
  // expected-error @below {{'spnn.kernel_gemm' op bias must have 5 elements, got 3}}
  %0 = spnn.kernel_gemm ins(%a, %b : tensor<3x4xf32>, tensor<4x5xf32>) bias(%c : tensor<3xf32>)
      outs(%e : tensor<3x5xf32>) -> tensor<3x5xf32>
  return
}

// -----

func.func @kernel_gemm_c4(%a: tensor<3x4xf32>, %b: memref<4x5xf32>, %e: tensor<3x5xf32>) {
  // expected-error @below {{'spnn.kernel_gemm' op operands must be all tensors or all memrefs, got 'memref<4x5xf32>' beside init 'tensor<3x5xf32>'}}
  %0 = spnn.kernel_gemm ins(%a, %b : tensor<3x4xf32>, memref<4x5xf32>) outs(%e : tensor<3x5xf32>) -> tensor<3x5xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// spnn.arena
//===----------------------------------------------------------------------===//

func.func @arena_type(%n: index) {
  // expected-error-re @below {{'spnn.arena' op result #0 must be 1D memref of 8-bit signless integer values, but got 'memref<?xf32>'}}
  %a = spnn.arena %n : memref<?xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// spnn.fault
//===----------------------------------------------------------------------===//

func.func @fault_c1_empty(%c: i1) {
  // expected-error @below {{'spnn.fault' op message must be one line of text, got ""}}
  spnn.fault "" if %c
  return
}

// -----

func.func @fault_c1_lines(%c: i1) {
  // expected-error @below {{'spnn.fault' op message must be one line of text, got "one\0Atwo"}}
  spnn.fault "one\ntwo" if %c
  return
}

// -----

func.func @fault_c1_zero(%c: i1) {
  // expected-error @below {{'spnn.fault' op message must be one line of text, got "one\00two"}}
  spnn.fault "one\00two" if %c
  return
}

// -----

// expected-error @below {{'builtin.module' op has 'spnn.code', which only an llvm.func can have}}
module attributes {spnn.code = dense<[1, 2]> : tensor<2xi8>} {}

// -----

// expected-error @below {{'llvm.func' op 'spnn.code' must be a dense constant of i8, all elements spelled out}}
llvm.func @code() attributes {spnn.code = dense<[1, 2]> : tensor<2xi32>}
