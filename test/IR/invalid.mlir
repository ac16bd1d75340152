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

// expected-error @below {{#spnn.adjacency needs a type of rank 2 with elements of i1}}
func.func private @adjacency_a1_rank(tensor<4xi1, #spnn.adjacency>)

// -----

// expected-error @below {{#spnn.adjacency needs a type of rank 2 with elements of i1}}
func.func private @adjacency_a1_element(tensor<4x4xf32, #spnn.adjacency>)

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

func.func @constant_c4_graph_length() {
  // expected-error @below {{'spnn.constant' op is not valid adjacency storage: positions: expected 3 elements, found 2}}
  %a = spnn.constant {positions = dense<[0, 2]> : tensor<2xi32>, indices = dense<[0, 1]> : tensor<2xi32>}
      : tensor<2x3xi1, #spnn.adjacency>
  return
}

// -----

func.func @constant_c4_graph_start() {
  // expected-error @below {{'spnn.constant' op is not valid adjacency storage: positions[0]: expected 0, found 1}}
  %a = spnn.constant {positions = dense<[1, 2, 2]> : tensor<3xi32>, indices = dense<[0, 1]> : tensor<2xi32>}
      : tensor<2x3xi1, #spnn.adjacency>
  return
}

// -----

func.func @constant_c4_graph_falling() {
  // expected-error @below {{'spnn.constant' op is not valid adjacency storage: positions[2]: expected at least the position before it, 2, found 1}}
  %a = spnn.constant {positions = dense<[0, 2, 1]> : tensor<3xi32>, indices = dense<[0]> : tensor<1xi32>}
      : tensor<2x3xi1, #spnn.adjacency>
  return
}

// -----

func.func @constant_c4_graph_end() {
  // expected-error @below {{'spnn.constant' op is not valid adjacency storage: positions[2]: expected the number of indices, 2, found 3}}
  %a = spnn.constant {positions = dense<[0, 1, 3]> : tensor<3xi32>, indices = dense<[0, 1]> : tensor<2xi32>}
      : tensor<2x3xi1, #spnn.adjacency>
  return
}

// -----

func.func @constant_c4_graph_range() {
  // expected-error @below {{'spnn.constant' op is not valid adjacency storage: indices[1]: expected less than 3, found 3}}
  %a = spnn.constant {positions = dense<[0, 1, 2]> : tensor<3xi32>, indices = dense<[0, 3]> : tensor<2xi32>}
      : tensor<2x3xi1, #spnn.adjacency>
  return
}

// -----

func.func @constant_c4_graph_unsorted() {
  // expected-error @below {{'spnn.constant' op is not valid adjacency storage: indices[1]: expected more than the index before it, 2, found 0}}
  %a = spnn.constant {positions = dense<[0, 2, 2]> : tensor<3xi32>, indices = dense<[2, 0]> : tensor<2xi32>}
      : tensor<2x3xi1, #spnn.adjacency>
  return
}

// -----

func.func @constant_c4_graph_duplicate() {
  // expected-error @below {{'spnn.constant' op is not valid adjacency storage: indices[1]: expected more than the index before it, 1, found 1}}
  %a = spnn.constant {positions = dense<[0, 2, 2]> : tensor<3xi32>, indices = dense<[1, 1]> : tensor<2xi32>}
      : tensor<2x3xi1, #spnn.adjacency>
  return
}

// -----

func.func @constant_c2_graph_values() {
  // expected-error @below {{'spnn.constant' op format adjacency has no buffer 'values'}}
  %a = spnn.constant {positions = dense<[0, 1]> : tensor<2xi32>, indices = dense<[0]> : tensor<1xi32>,
                      values = dense<[true]> : tensor<1xi1>} : tensor<1x1xi1, #spnn.adjacency>
  return
}

// -----

func.func @constant_c3_graph_width() {
  // expected-error @below {{'spnn.constant' op buffer 'positions' must have element type i32, got 'i64'}}
  %a = spnn.constant {positions = dense<[0, 1]> : tensor<2xi64>, indices = dense<[0]> : tensor<1xi32>}
      : tensor<1x1xi1, #spnn.adjacency>
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
// spnn.assemble
//===----------------------------------------------------------------------===//

func.func @assemble_c1_element(%p: tensor<4xi64>, %i: tensor<?xi32>) {
  // expected-error @below {{'spnn.assemble' op positions must be a dense tensor<4xi32>, got 'tensor<4xi64>'}}
  %0 = spnn.assemble %p, %i : (tensor<4xi64>, tensor<?xi32>) -> tensor<3x2xi1, #spnn.adjacency>
  return
}

// -----

func.func @assemble_c1_indices(%p: tensor<4xi32>, %i: tensor<2x2xi32>) {
  // expected-error @below {{'spnn.assemble' op indices must be a dense tensor<?xi32>, got 'tensor<2x2xi32>'}}
  %0 = spnn.assemble %p, %i : (tensor<4xi32>, tensor<2x2xi32>) -> tensor<3x2xi1, #spnn.adjacency>
  return
}

// -----

func.func @assemble_c1_length(%p: tensor<3xi32>, %i: tensor<?xi32>) {
  // expected-error @below {{'spnn.assemble' op positions must be a dense tensor<4xi32>, got 'tensor<3xi32>'}}
  %0 = spnn.assemble %p, %i : (tensor<3xi32>, tensor<?xi32>) -> tensor<3x2xi1, #spnn.adjacency>
  return
}

// -----

func.func @assemble_c2_missing(%p: tensor<4xi32>, %i: tensor<?xi32>) {
  // expected-error @below {{'spnn.assemble' op must have the operand 'columns' if and only if the graph's number of columns is dynamic, got 'tensor<3x?xi1, #spnn.adjacency>'}}
  %0 = spnn.assemble %p, %i : (tensor<4xi32>, tensor<?xi32>) -> tensor<3x?xi1, #spnn.adjacency>
  return
}

// -----

func.func @assemble_c2_needless(%p: tensor<4xi32>, %i: tensor<?xi32>, %n: index) {
  // expected-error @below {{'spnn.assemble' op must have the operand 'columns' if and only if the graph's number of columns is dynamic, got 'tensor<3x2xi1, #spnn.adjacency>'}}
  %0 = spnn.assemble %p, %i columns %n : (tensor<4xi32>, tensor<?xi32>) -> tensor<3x2xi1, #spnn.adjacency>
  return
}

// -----

func.func @assemble_c3(%p: tensor<4xi32>, %i: tensor<?xi32>) {
  // expected-error @below {{'spnn.assemble' op a symmetric graph must have as many rows as columns, got 'tensor<3x2xi1, #spnn.adjacency>'}}
  %0 = spnn.assemble %p, %i {symmetric} : (tensor<4xi32>, tensor<?xi32>) -> tensor<3x2xi1, #spnn.adjacency>
  return
}

// -----

//===----------------------------------------------------------------------===//
// spnn.transpose
//===----------------------------------------------------------------------===//

func.func @transpose_c1_extents(%a: tensor<3x2xi1, #spnn.adjacency>) {
  // expected-error @below {{'spnn.transpose' op transposed graph of 'tensor<3x2xi1, #spnn.adjacency>' must have its extents, exchanged, and its encoding, got 'tensor<3x2xi1, #spnn.adjacency>'}}
  %0, %1 = spnn.transpose %a : tensor<3x2xi1, #spnn.adjacency> -> tensor<3x2xi1, #spnn.adjacency>, tensor<4xi32>
  return
}

// -----

#CSR = #sparse_tensor.encoding<{map = (i, j) -> (i : dense, j : compressed), posWidth = 32, crdWidth = 32}>
func.func @transpose_c1_encoding(%a: tensor<3x2xi1, #spnn.adjacency>) {
  // expected-error @below {{'spnn.transpose' op transposed graph of 'tensor<3x2xi1, #spnn.adjacency>' must have its extents, exchanged, and its encoding, got 'tensor<2x3xi1, #sparse_tensor.encoding<}}
  %0, %1 = spnn.transpose %a : tensor<3x2xi1, #spnn.adjacency> -> tensor<2x3xi1, #CSR>, tensor<4xi32>
  return
}

// -----

func.func @transpose_c2_element(%a: tensor<3x2xi1, #spnn.adjacency>) {
  // expected-error @below {{'spnn.transpose' op order must be a dense tensor<?xi32>, got 'tensor<4xindex>'}}
  %0, %1 = spnn.transpose %a : tensor<3x2xi1, #spnn.adjacency> -> tensor<2x3xi1, #spnn.adjacency>, tensor<4xindex>
  return
}

// -----

func.func @transpose_c2_length(%p: tensor<4xi32>, %i: tensor<5xi32>) {
  %a = spnn.assemble %p, %i : (tensor<4xi32>, tensor<5xi32>) -> tensor<3x2xi1, #spnn.adjacency>
  // expected-error @below {{'spnn.transpose' op order must be a dense tensor<5xi32>, got 'tensor<4xi32>'}}
  %0, %1 = spnn.transpose %a : tensor<3x2xi1, #spnn.adjacency> -> tensor<2x3xi1, #spnn.adjacency>, tensor<4xi32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// spnn.degree
//===----------------------------------------------------------------------===//

func.func @degree_c1(%a: tensor<3x2xi1, #spnn.adjacency>) {
  // expected-error @below {{'spnn.degree' op result must be a dense tensor of shape 3, got 'tensor<2xf32>'}}
  %0 = spnn.degree %a : tensor<3x2xi1, #spnn.adjacency> -> tensor<2xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// spnn.aggregate
//===----------------------------------------------------------------------===//

func.func @aggregate_c1_rank(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2xf32>) {
  // expected-error @below {{'spnn.aggregate' op features must be a dense tensor<2x?xf32>, got 'tensor<2xf32>'}}
  %0 = spnn.aggregate sum %a, %x : (tensor<3x2xi1, #spnn.adjacency>, tensor<2xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @aggregate_c1_features(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<3x8xf32>) {
  // expected-error @below {{'spnn.aggregate' op features must be a dense tensor<2x?xf32>, got 'tensor<3x8xf32>'}}
  %0 = spnn.aggregate sum %a, %x : (tensor<3x2xi1, #spnn.adjacency>, tensor<3x8xf32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @aggregate_c1_result(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>) {
  // expected-error @below {{'spnn.aggregate' op result must be a dense tensor<3x8xf32>, got 'tensor<3x4xf32>'}}
  %0 = spnn.aggregate sum %a, %x : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @aggregate_c1_rows(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>) {
  // expected-error @below {{'spnn.aggregate' op result must be a dense tensor<3x8xf32>, got 'tensor<2x8xf32>'}}
  %0 = spnn.aggregate sum %a, %x : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>) -> tensor<2x8xf32>
  return
}

// -----

func.func @aggregate_c2_result(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>) {
  // expected-error @below {{'spnn.aggregate' op result must be a dense tensor<3x8xf32>, got 'tensor<3x8xf64>'}}
  %0 = spnn.aggregate sum %a, %x : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>) -> tensor<3x8xf64>
  return
}

// -----

func.func @aggregate_c2_values(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %v: tensor<4xf64>) {
  // expected-error @below {{'spnn.aggregate' op edge_values must be a dense tensor<?xf32>, got 'tensor<4xf64>'}}
  %0 = spnn.aggregate sum %a, %x edge_values(%v : tensor<4xf64>) : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @aggregate_c3_rows(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %s: tensor<2xf32>) {
  // expected-error @below {{'spnn.aggregate' op row_scales must be a dense tensor<3xf32>, got 'tensor<2xf32>'}}
  %0 = spnn.aggregate sum %a, %x row_scales(%s : tensor<2xf32>) : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @aggregate_c3_columns(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %s: tensor<3xf32>) {
  // expected-error @below {{'spnn.aggregate' op column_scales must be a dense tensor<2xf32>, got 'tensor<3xf32>'}}
  %0 = spnn.aggregate sum %a, %x column_scales(%s : tensor<3xf32>) : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @aggregate_c4_rank(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %v: tensor<4x2x1xf32>) {
  // expected-error @below {{'spnn.aggregate' op edge_values must be a dense tensor<?x?xf32>, got 'tensor<4x2x1xf32>'}}
  %0 = spnn.aggregate sum %a, %x edge_values(%v : tensor<4x2x1xf32>) : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @aggregate_c4_heads(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %v: tensor<4x3xf32>) {
  // expected-error @below {{'spnn.aggregate' op number of columns of edge_values must divide that of features, got 3 and 8}}
  %0 = spnn.aggregate sum %a, %x edge_values(%v : tensor<4x3xf32>) : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @aggregate_c4_no_heads(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %v: tensor<4x0xf32>) {
  // expected-error @below {{'spnn.aggregate' op number of columns of edge_values must divide that of features, got 0 and 8}}
  %0 = spnn.aggregate sum %a, %x edge_values(%v : tensor<4x0xf32>) : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @aggregate_c4_edges(%p: tensor<4xi32>, %i: tensor<5xi32>, %x: tensor<2x8xf32>, %v: tensor<4xf32>) {
  %a = spnn.assemble %p, %i : (tensor<4xi32>, tensor<5xi32>) -> tensor<3x2xi1, #spnn.adjacency>
  // expected-error @below {{'spnn.aggregate' op edge_values must be a dense tensor<5xf32>, got 'tensor<4xf32>'}}
  %0 = spnn.aggregate sum %a, %x edge_values(%v : tensor<4xf32>) : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @aggregate_c5_alone(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %o: tensor<4xi32>) {
  // expected-error @below {{'spnn.aggregate' op has an order but no edge_values that it could be the order of}}
  %0 = spnn.aggregate sum %a, %x order(%o : tensor<4xi32>) : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @aggregate_c5_element(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %v: tensor<4xf32>, %o: tensor<4xi64>) {
  // expected-error @below {{'spnn.aggregate' op order must be a dense tensor<?xi32>, got 'tensor<4xi64>'}}
  %0 = spnn.aggregate sum %a, %x edge_values(%v : tensor<4xf32>) order(%o : tensor<4xi64>) : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @aggregate_c6_sum(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>) {
  // expected-error @below {{'spnn.aggregate' op has winners, which only max and min have, not mean}}
  %0, %1 = spnn.aggregate mean %a, %x : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>) -> tensor<3x8xf32>, tensor<3x8xi32>
  return
}

// -----

func.func @aggregate_c6_shape(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>) {
  // expected-error @below {{'spnn.aggregate' op winners must be a dense tensor<3x8xi32>, got 'tensor<3x4xi32>'}}
  %0, %1 = spnn.aggregate max %a, %x : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>) -> tensor<3x8xf32>, tensor<3x4xi32>
  return
}

// -----

func.func @aggregate_c6_values(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %v: tensor<4xf32>) {
  // expected-error @below {{'spnn.aggregate' op min takes neither edge values nor scales}}
  %0 = spnn.aggregate min %a, %x edge_values(%v : tensor<4xf32>) : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @aggregate_c6_scales(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %s: tensor<3xf32>) {
  // expected-error @below {{'spnn.aggregate' op max takes neither edge values nor scales}}
  %0 = spnn.aggregate max %a, %x row_scales(%s : tensor<3xf32>) : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @aggregate_kind(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>) {
  // expected-error @below {{custom op 'spnn.aggregate' unknown kind of aggregation 'product', expected sum, mean, max or min}}
  %0 = spnn.aggregate product %a, %x : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @aggregate_graph(%a: tensor<3x2xi1>, %x: tensor<2x8xf32>) {
  // expected-error @below {{'spnn.aggregate' op operand #0 must be a graph: a sparse matrix of i1, but got 'tensor<3x2xi1>'}}
  %0 = spnn.aggregate sum %a, %x : (tensor<3x2xi1>, tensor<2x8xf32>) -> tensor<3x8xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// spnn.scatter_winners
//===----------------------------------------------------------------------===//

func.func @scatter_winners_c1_gradient(%t: tensor<2x3xi1, #spnn.adjacency>, %w: tensor<2x8xi32>, %g: tensor<2x8xf32>) {
  // expected-error @below {{'spnn.scatter_winners' op gradient must be a dense tensor of shape 3x?, got 'tensor<2x8xf32>'}}
  %0 = spnn.scatter_winners %t, %w, %g : (tensor<2x3xi1, #spnn.adjacency>, tensor<2x8xi32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  return
}

// -----

func.func @scatter_winners_c1_shape(%t: tensor<2x3xi1, #spnn.adjacency>, %w: tensor<3x4xi32>, %g: tensor<3x8xf32>) {
  // expected-error @below {{'spnn.scatter_winners' op winners must be a dense tensor<3x8xi32>, got 'tensor<3x4xi32>'}}
  %0 = spnn.scatter_winners %t, %w, %g : (tensor<2x3xi1, #spnn.adjacency>, tensor<3x4xi32>, tensor<3x8xf32>) -> tensor<2x8xf32>
  return
}

// -----

func.func @scatter_winners_c1_element(%t: tensor<2x3xi1, #spnn.adjacency>, %w: tensor<3x8xi64>, %g: tensor<3x8xf32>) {
  // expected-error @below {{'spnn.scatter_winners' op winners must be a dense tensor<3x8xi32>, got 'tensor<3x8xi64>'}}
  %0 = spnn.scatter_winners %t, %w, %g : (tensor<2x3xi1, #spnn.adjacency>, tensor<3x8xi64>, tensor<3x8xf32>) -> tensor<2x8xf32>
  return
}

// -----

func.func @scatter_winners_c2_rows(%t: tensor<2x3xi1, #spnn.adjacency>, %w: tensor<3x8xi32>, %g: tensor<3x8xf32>) {
  // expected-error @below {{'spnn.scatter_winners' op result must be a dense tensor<2x8xf32>, got 'tensor<3x8xf32>'}}
  %0 = spnn.scatter_winners %t, %w, %g : (tensor<2x3xi1, #spnn.adjacency>, tensor<3x8xi32>, tensor<3x8xf32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @scatter_winners_c2_element(%t: tensor<2x3xi1, #spnn.adjacency>, %w: tensor<3x8xi32>, %g: tensor<3x8xf32>) {
  // expected-error @below {{'spnn.scatter_winners' op result must be a dense tensor<2x8xf32>, got 'tensor<2x8xf64>'}}
  %0 = spnn.scatter_winners %t, %w, %g : (tensor<2x3xi1, #spnn.adjacency>, tensor<3x8xi32>, tensor<3x8xf32>) -> tensor<2x8xf64>
  return
}

// -----

//===----------------------------------------------------------------------===//
// spnn.sddmm
//===----------------------------------------------------------------------===//

func.func @sddmm_c1_rows(%a: tensor<3x2xi1, #spnn.adjacency>, %r: tensor<2x8xf32>, %c: tensor<2x8xf32>) {
  // expected-error @below {{'spnn.sddmm' op rows must be a dense tensor<3x?xf32>, got 'tensor<2x8xf32>'}}
  %0 = spnn.sddmm dot %a, %r, %c : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @sddmm_c1_columns(%a: tensor<3x2xi1, #spnn.adjacency>, %r: tensor<3x8xf32>, %c: tensor<2x4xf32>) {
  // expected-error @below {{'spnn.sddmm' op columns must be a dense tensor<2x8xf32>, got 'tensor<2x4xf32>'}}
  %0 = spnn.sddmm dot %a, %r, %c : (tensor<3x2xi1, #spnn.adjacency>, tensor<3x8xf32>, tensor<2x4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @sddmm_c2(%a: tensor<3x2xi1, #spnn.adjacency>, %r: tensor<3x8xf32>, %c: tensor<2x8xf32>) {
  // expected-error @below {{'spnn.sddmm' op result must be a dense tensor<?xf32>, got 'tensor<4xf64>'}}
  %0 = spnn.sddmm dot %a, %r, %c : (tensor<3x2xi1, #spnn.adjacency>, tensor<3x8xf32>, tensor<2x8xf32>) -> tensor<4xf64>
  return
}

// -----

func.func @sddmm_c3_rank(%a: tensor<3x2xi1, #spnn.adjacency>, %r: tensor<3x8xf32>, %c: tensor<2x8xf32>) {
  // expected-error @below {{'spnn.sddmm' op result must be a dense tensor<?x?xf32>, got 'tensor<4x2x4xf32>'}}
  %0 = spnn.sddmm dot %a, %r, %c : (tensor<3x2xi1, #spnn.adjacency>, tensor<3x8xf32>, tensor<2x8xf32>) -> tensor<4x2x4xf32>
  return
}

// -----

func.func @sddmm_c3_dot(%a: tensor<3x2xi1, #spnn.adjacency>, %r: tensor<3x8xf32>, %c: tensor<2x8xf32>) {
  // expected-error @below {{'spnn.sddmm' op number of columns of the result must divide that of rows, got 3 and 8}}
  %0 = spnn.sddmm dot %a, %r, %c : (tensor<3x2xi1, #spnn.adjacency>, tensor<3x8xf32>, tensor<2x8xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @sddmm_c3_add(%a: tensor<3x2xi1, #spnn.adjacency>, %r: tensor<3x8xf32>, %c: tensor<2x8xf32>) {
  // expected-error @below {{'spnn.sddmm' op result of add must have the columns of rows, got 4 and 8}}
  %0 = spnn.sddmm add %a, %r, %c : (tensor<3x2xi1, #spnn.adjacency>, tensor<3x8xf32>, tensor<2x8xf32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @sddmm_c3_edges(%p: tensor<4xi32>, %i: tensor<5xi32>, %r: tensor<3x8xf32>, %c: tensor<2x8xf32>) {
  %a = spnn.assemble %p, %i : (tensor<4xi32>, tensor<5xi32>) -> tensor<3x2xi1, #spnn.adjacency>
  // expected-error @below {{'spnn.sddmm' op result must be a dense tensor<5xf32>, got 'tensor<4xf32>'}}
  %0 = spnn.sddmm dot %a, %r, %c : (tensor<3x2xi1, #spnn.adjacency>, tensor<3x8xf32>, tensor<2x8xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @sddmm_c4_add(%a: tensor<3x2xi1, #spnn.adjacency>, %r: tensor<3x8xf32>, %c: tensor<2x8xf32>, %s: tensor<3xf32>) {
  // expected-error @below {{'spnn.sddmm' op add takes no scales}}
  %0 = spnn.sddmm add %a, %r, %c row_scales(%s : tensor<3xf32>) : (tensor<3x2xi1, #spnn.adjacency>, tensor<3x8xf32>, tensor<2x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @sddmm_c4_rows(%a: tensor<3x2xi1, #spnn.adjacency>, %r: tensor<3x8xf32>, %c: tensor<2x8xf32>, %s: tensor<2xf32>) {
  // expected-error @below {{'spnn.sddmm' op row_scales must be a dense tensor<3xf32>, got 'tensor<2xf32>'}}
  %0 = spnn.sddmm dot %a, %r, %c row_scales(%s : tensor<2xf32>) : (tensor<3x2xi1, #spnn.adjacency>, tensor<3x8xf32>, tensor<2x8xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @sddmm_c4_columns(%a: tensor<3x2xi1, #spnn.adjacency>, %r: tensor<3x8xf32>, %c: tensor<2x8xf32>, %s: tensor<3xf32>) {
  // expected-error @below {{'spnn.sddmm' op column_scales must be a dense tensor<2xf32>, got 'tensor<3xf32>'}}
  %0 = spnn.sddmm dot %a, %r, %c column_scales(%s : tensor<3xf32>) : (tensor<3x2xi1, #spnn.adjacency>, tensor<3x8xf32>, tensor<2x8xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @sddmm_c5(%a: tensor<3x2xi1, #spnn.adjacency>, %r: tensor<3x8xf32>, %c: tensor<2x8xf32>, %o: tensor<4xf32>) {
  // expected-error @below {{'spnn.sddmm' op order must be a dense tensor<?xi32>, got 'tensor<4xf32>'}}
  %0 = spnn.sddmm dot %a, %r, %c order(%o : tensor<4xf32>) : (tensor<3x2xi1, #spnn.adjacency>, tensor<3x8xf32>, tensor<2x8xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @sddmm_kind(%a: tensor<3x2xi1, #spnn.adjacency>, %r: tensor<3x8xf32>, %c: tensor<2x8xf32>) {
  // expected-error @below {{custom op 'spnn.sddmm' unknown kind of sddmm 'multiply', expected dot or add}}
  %0 = spnn.sddmm multiply %a, %r, %c : (tensor<3x2xi1, #spnn.adjacency>, tensor<3x8xf32>, tensor<2x8xf32>) -> tensor<4xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// spnn.edge_softmax
//===----------------------------------------------------------------------===//

func.func @edge_softmax_c1_rank(%a: tensor<3x2xi1, #spnn.adjacency>, %v: tensor<4x2x1xf32>) {
  // expected-error @below {{'spnn.edge_softmax' op values must be a dense tensor of shape ?x?, got 'tensor<4x2x1xf32>'}}
  %0 = spnn.edge_softmax %a, %v : tensor<3x2xi1, #spnn.adjacency>, tensor<4x2x1xf32>
  return
}

// -----

func.func @edge_softmax_c1_edges(%p: tensor<4xi32>, %i: tensor<5xi32>, %v: tensor<4x2xf32>) {
  %a = spnn.assemble %p, %i : (tensor<4xi32>, tensor<5xi32>) -> tensor<3x2xi1, #spnn.adjacency>
  // expected-error @below {{'spnn.edge_softmax' op values must be a dense tensor of shape 5x?, got 'tensor<4x2xf32>'}}
  %0 = spnn.edge_softmax %a, %v : tensor<3x2xi1, #spnn.adjacency>, tensor<4x2xf32>
  return
}

// -----

func.func @edge_softmax_backward_c1(%a: tensor<3x2xi1, #spnn.adjacency>, %v: tensor<f32>) {
  // expected-error @below {{'spnn.edge_softmax_backward' op probabilities must be a dense tensor of shape ?x?, got 'tensor<f32>'}}
  %0 = spnn.edge_softmax_backward %a, %v, %v : tensor<3x2xi1, #spnn.adjacency>, tensor<f32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// spnn.graph_attention
//===----------------------------------------------------------------------===//

func.func @graph_attention_c1_features(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<3x8xf32>, %r: tensor<3x2xf32>, %l: tensor<2x2xf32>) {
  // expected-error @below {{'spnn.graph_attention' op features must be a dense tensor<2x?xf32>, got 'tensor<3x8xf32>'}}
  %0, %1 = spnn.graph_attention gat %a, %x, %r, %l heads(2)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<3x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>) -> (tensor<3x8xf32>, tensor<3x2xf32>)
  return
}

// -----

func.func @graph_attention_c1_heads(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %r: tensor<3x2xf32>, %l: tensor<2x2xf32>) {
  // expected-error @below {{'spnn.graph_attention' op heads must be positive and divide the columns of features, got 3 and 8}}
  %0, %1 = spnn.graph_attention gat %a, %x, %r, %l heads(3)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>) -> (tensor<3x8xf32>, tensor<3x2xf32>)
  return
}

// -----

func.func @graph_attention_c1_no_heads(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %r: tensor<3x2xf32>, %l: tensor<2x2xf32>) {
  // expected-error @below {{'spnn.graph_attention' op heads must be positive and divide the columns of features, got 0 and 8}}
  %0, %1 = spnn.graph_attention gat %a, %x, %r, %l heads(0)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>) -> (tensor<3x8xf32>, tensor<3x2xf32>)
  return
}

// -----

func.func @graph_attention_c2_gat(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %r: tensor<3x8xf32>, %l: tensor<2x2xf32>) {
  // expected-error @below {{'spnn.graph_attention' op row_scores must be a dense tensor<3x2xf32>, got 'tensor<3x8xf32>'}}
  %0, %1 = spnn.graph_attention gat %a, %x, %r, %l heads(2)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>, tensor<3x8xf32>, tensor<2x2xf32>) -> (tensor<3x8xf32>, tensor<3x2xf32>)
  return
}

// -----

func.func @graph_attention_c2_gatv2(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %r: tensor<3x8xf32>, %l: tensor<2x2xf32>, %v: tensor<8xf32>) {
  // expected-error @below {{'spnn.graph_attention' op column_scores must be a dense tensor<2x8xf32>, got 'tensor<2x2xf32>'}}
  %0, %1 = spnn.graph_attention gatv2 %a, %x, %r, %l attention(%v : tensor<8xf32>) heads(2)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>, tensor<3x8xf32>, tensor<2x2xf32>) -> (tensor<3x8xf32>, tensor<3x2xf32>)
  return
}

// -----

func.func @graph_attention_c3_gat(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %r: tensor<3x2xf32>, %l: tensor<2x2xf32>, %v: tensor<8xf32>) {
  // expected-error @below {{'spnn.graph_attention' op gat takes no attention vector}}
  %0, %1 = spnn.graph_attention gat %a, %x, %r, %l attention(%v : tensor<8xf32>) heads(2)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>) -> (tensor<3x8xf32>, tensor<3x2xf32>)
  return
}

// -----

func.func @graph_attention_c3_gatv2(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %r: tensor<3x8xf32>, %l: tensor<2x8xf32>) {
  // expected-error @below {{'spnn.graph_attention' op gatv2 must have an attention vector}}
  %0, %1 = spnn.graph_attention gatv2 %a, %x, %r, %l heads(2)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>, tensor<3x8xf32>, tensor<2x8xf32>) -> (tensor<3x8xf32>, tensor<3x2xf32>)
  return
}

// -----

func.func @graph_attention_c3_length(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %r: tensor<3x8xf32>, %l: tensor<2x8xf32>, %v: tensor<2xf32>) {
  // expected-error @below {{'spnn.graph_attention' op attention must be a dense tensor<8xf32>, got 'tensor<2xf32>'}}
  %0, %1 = spnn.graph_attention gatv2 %a, %x, %r, %l attention(%v : tensor<2xf32>) heads(2)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>, tensor<3x8xf32>, tensor<2x8xf32>) -> (tensor<3x8xf32>, tensor<3x2xf32>)
  return
}

// -----

func.func @graph_attention_c4_rate(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %r: tensor<3x2xf32>, %l: tensor<2x2xf32>, %n: i64) {
  // expected-error @below {{'spnn.graph_attention' op rate must be in [0, 1), and 0 without a seed, got 1.000000e+00}}
  %0, %1 = spnn.graph_attention gat %a, %x, %r, %l seed(%n) heads(2) rate(1.0)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>) -> (tensor<3x8xf32>, tensor<3x2xf32>)
  return
}

// -----

func.func @graph_attention_c4_seed(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %r: tensor<3x2xf32>, %l: tensor<2x2xf32>) {
  // expected-error @below {{'spnn.graph_attention' op rate must be in [0, 1), and 0 without a seed, got 5.000000e-01}}
  %0, %1 = spnn.graph_attention gat %a, %x, %r, %l heads(2) rate(0.5)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>) -> (tensor<3x8xf32>, tensor<3x2xf32>)
  return
}

// -----

func.func @graph_attention_c5_result(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %r: tensor<3x2xf32>, %l: tensor<2x2xf32>) {
  // expected-error @below {{'spnn.graph_attention' op result must be a dense tensor<3x8xf32>, got 'tensor<2x8xf32>'}}
  %0, %1 = spnn.graph_attention gat %a, %x, %r, %l heads(2)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>) -> (tensor<2x8xf32>, tensor<3x2xf32>)
  return
}

// -----

func.func @graph_attention_c5_logsumexp(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %r: tensor<3x2xf32>, %l: tensor<2x2xf32>) {
  // expected-error @below {{'spnn.graph_attention' op logsumexp must be a dense tensor<3x2xf32>, got 'tensor<3x8xf32>'}}
  %0, %1 = spnn.graph_attention gat %a, %x, %r, %l heads(2)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>) -> (tensor<3x8xf32>, tensor<3x8xf32>)
  return
}

// -----

func.func @graph_attention_c5_coefficients(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %r: tensor<3x2xf32>, %l: tensor<2x2xf32>) {
  // expected-error @below {{'spnn.graph_attention' op coefficients must be a dense tensor<?x2xf32>, got 'tensor<4x8xf32>'}}
  %0, %1, %2 = spnn.graph_attention gat %a, %x, %r, %l heads(2)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>) -> (tensor<3x8xf32>, tensor<3x2xf32>, tensor<4x8xf32>)
  return
}

// -----

func.func @graph_attention_c5_edges(%p: tensor<4xi32>, %i: tensor<5xi32>, %x: tensor<2x8xf32>, %r: tensor<3x2xf32>, %l: tensor<2x2xf32>) {
  %a = spnn.assemble %p, %i : (tensor<4xi32>, tensor<5xi32>) -> tensor<3x2xi1, #spnn.adjacency>
  // expected-error @below {{'spnn.graph_attention' op coefficients must be a dense tensor<5x2xf32>, got 'tensor<4x2xf32>'}}
  %0, %1, %2 = spnn.graph_attention gat %a, %x, %r, %l heads(2)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>) -> (tensor<3x8xf32>, tensor<3x2xf32>, tensor<4x2xf32>)
  return
}

// -----

func.func @graph_attention_c6(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %r: tensor<3x2xf32>, %l: tensor<2x2xf64>) {
  // expected-error @below {{'spnn.graph_attention' op column_scores must be a dense tensor<2x2xf32>, got 'tensor<2x2xf64>'}}
  %0, %1 = spnn.graph_attention gat %a, %x, %r, %l heads(2)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf64>) -> (tensor<3x8xf32>, tensor<3x2xf32>)
  return
}

// -----

func.func @graph_attention_kind(%a: tensor<3x2xi1, #spnn.adjacency>, %x: tensor<2x8xf32>, %r: tensor<3x2xf32>, %l: tensor<2x2xf32>) {
  // expected-error @below {{custom op 'spnn.graph_attention' unknown kind of score 'transformer', expected gat or gatv2}}
  %0, %1 = spnn.graph_attention transformer %a, %x, %r, %l heads(2)
      : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>) -> (tensor<3x8xf32>, tensor<3x2xf32>)
  return
}

// -----

//===----------------------------------------------------------------------===//
// spnn.graph_attention_backward
//===----------------------------------------------------------------------===//

func.func @graph_attention_backward_c1_forward(%a: tensor<3x2xi1, #spnn.adjacency>, %t: tensor<2x3xi1, #spnn.adjacency>, %o: tensor<4xi32>, %x: tensor<2x8xf32>, %r: tensor<3x2xf32>, %l: tensor<2x2xf32>,
    %y: tensor<3x8xf32>, %s: tensor<3x2xf32>, %g: tensor<3x8xf32>) {
  // expected-error @below {{'spnn.graph_attention_backward' op heads must be positive and divide the columns of features, got 3 and 8}}
  %0, %1, %2 = spnn.graph_attention_backward gat %a, %t, %o, %x, %r, %l output(%y) logsumexp(%s) gradient(%g)
      heads(3) : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x3xi1, #spnn.adjacency>, tensor<4xi32>,
      tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>, tensor<3x8xf32>, tensor<3x2xf32>, tensor<3x8xf32>) -> (tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>)
  return
}

// -----

func.func @graph_attention_backward_c1_output(%a: tensor<3x2xi1, #spnn.adjacency>, %t: tensor<2x3xi1, #spnn.adjacency>, %o: tensor<4xi32>, %x: tensor<2x8xf32>, %r: tensor<3x2xf32>, %l: tensor<2x2xf32>,
    %y: tensor<2x8xf32>, %s: tensor<3x2xf32>, %g: tensor<3x8xf32>) {
  // expected-error @below {{'spnn.graph_attention_backward' op output must be a dense tensor<3x8xf32>, got 'tensor<2x8xf32>'}}
  %0, %1, %2 = spnn.graph_attention_backward gat %a, %t, %o, %x, %r, %l output(%y) logsumexp(%s) gradient(%g)
      heads(2) : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x3xi1, #spnn.adjacency>, tensor<4xi32>,
      tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>, tensor<2x8xf32>, tensor<3x2xf32>, tensor<3x8xf32>) -> (tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>)
  return
}

// -----

func.func @graph_attention_backward_c1_gradient(%a: tensor<3x2xi1, #spnn.adjacency>, %t: tensor<2x3xi1, #spnn.adjacency>, %o: tensor<4xi32>, %x: tensor<2x8xf32>, %r: tensor<3x2xf32>, %l: tensor<2x2xf32>,
    %y: tensor<3x8xf32>, %s: tensor<3x2xf32>, %g: tensor<3x4xf32>) {
  // expected-error @below {{'spnn.graph_attention_backward' op gradient must have the output's type 'tensor<3x8xf32>', got 'tensor<3x4xf32>'}}
  %0, %1, %2 = spnn.graph_attention_backward gat %a, %t, %o, %x, %r, %l output(%y) logsumexp(%s) gradient(%g)
      heads(2) : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x3xi1, #spnn.adjacency>, tensor<4xi32>,
      tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>, tensor<3x8xf32>, tensor<3x2xf32>, tensor<3x4xf32>) -> (tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>)
  return
}

// -----

func.func @graph_attention_backward_c2_extents(%a: tensor<3x2xi1, #spnn.adjacency>, %t: tensor<3x2xi1, #spnn.adjacency>, %o: tensor<4xi32>, %x: tensor<2x8xf32>, %r: tensor<3x2xf32>, %l: tensor<2x2xf32>,
    %y: tensor<3x8xf32>, %s: tensor<3x2xf32>, %g: tensor<3x8xf32>) {
  // expected-error @below {{'spnn.graph_attention_backward' op transposed graph of 'tensor<3x2xi1, #spnn.adjacency>' must have its extents, exchanged, and its encoding, got 'tensor<3x2xi1, #spnn.adjacency>'}}
  %0, %1, %2 = spnn.graph_attention_backward gat %a, %t, %o, %x, %r, %l output(%y) logsumexp(%s) gradient(%g)
      heads(2) : (tensor<3x2xi1, #spnn.adjacency>, tensor<3x2xi1, #spnn.adjacency>, tensor<4xi32>,
      tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>, tensor<3x8xf32>, tensor<3x2xf32>, tensor<3x8xf32>) -> (tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>)
  return
}

// -----

func.func @graph_attention_backward_c2_order(%a: tensor<3x2xi1, #spnn.adjacency>, %t: tensor<2x3xi1, #spnn.adjacency>, %o: tensor<4xi64>, %x: tensor<2x8xf32>, %r: tensor<3x2xf32>, %l: tensor<2x2xf32>,
    %y: tensor<3x8xf32>, %s: tensor<3x2xf32>, %g: tensor<3x8xf32>) {
  // expected-error @below {{'spnn.graph_attention_backward' op order must be a dense tensor<?xi32>, got 'tensor<4xi64>'}}
  %0, %1, %2 = spnn.graph_attention_backward gat %a, %t, %o, %x, %r, %l output(%y) logsumexp(%s) gradient(%g)
      heads(2) : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x3xi1, #spnn.adjacency>, tensor<4xi64>,
      tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>, tensor<3x8xf32>, tensor<3x2xf32>, tensor<3x8xf32>) -> (tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>)
  return
}

// -----

func.func @graph_attention_backward_c3_features(%a: tensor<3x2xi1, #spnn.adjacency>, %t: tensor<2x3xi1, #spnn.adjacency>, %o: tensor<4xi32>, %x: tensor<2x8xf32>, %r: tensor<3x2xf32>, %l: tensor<2x2xf32>,
    %y: tensor<3x8xf32>, %s: tensor<3x2xf32>, %g: tensor<3x8xf32>) {
  // expected-error @below {{'spnn.graph_attention_backward' op gradient of features must have type 'tensor<2x8xf32>', got 'tensor<2x4xf32>'}}
  %0, %1, %2 = spnn.graph_attention_backward gat %a, %t, %o, %x, %r, %l output(%y) logsumexp(%s) gradient(%g)
      heads(2) : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x3xi1, #spnn.adjacency>, tensor<4xi32>,
      tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>, tensor<3x8xf32>, tensor<3x2xf32>, tensor<3x8xf32>) -> (tensor<2x4xf32>, tensor<3x2xf32>, tensor<2x2xf32>)
  return
}

// -----

func.func @graph_attention_backward_c3_rows(%a: tensor<3x2xi1, #spnn.adjacency>, %t: tensor<2x3xi1, #spnn.adjacency>, %o: tensor<4xi32>, %x: tensor<2x8xf32>, %r: tensor<3x2xf32>, %l: tensor<2x2xf32>,
    %y: tensor<3x8xf32>, %s: tensor<3x2xf32>, %g: tensor<3x8xf32>) {
  // expected-error @below {{'spnn.graph_attention_backward' op gradient of row_scores must have type 'tensor<3x2xf32>', got 'tensor<3x8xf32>'}}
  %0, %1, %2 = spnn.graph_attention_backward gat %a, %t, %o, %x, %r, %l output(%y) logsumexp(%s) gradient(%g)
      heads(2) : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x3xi1, #spnn.adjacency>, tensor<4xi32>,
      tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>, tensor<3x8xf32>, tensor<3x2xf32>, tensor<3x8xf32>) -> (tensor<2x8xf32>, tensor<3x8xf32>, tensor<2x2xf32>)
  return
}

// -----

func.func @graph_attention_backward_c3_needless(%a: tensor<3x2xi1, #spnn.adjacency>, %t: tensor<2x3xi1, #spnn.adjacency>, %o: tensor<4xi32>, %x: tensor<2x8xf32>, %r: tensor<3x2xf32>, %l: tensor<2x2xf32>,
    %y: tensor<3x8xf32>, %s: tensor<3x2xf32>, %g: tensor<3x8xf32>) {
  // expected-error @below {{'spnn.graph_attention_backward' op must return a gradient of the attention vector, of its type, if and only if it has one}}
  %0, %1, %2, %3 = spnn.graph_attention_backward gat %a, %t, %o, %x, %r, %l output(%y) logsumexp(%s) gradient(%g)
      heads(2) : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x3xi1, #spnn.adjacency>, tensor<4xi32>,
      tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>, tensor<3x8xf32>, tensor<3x2xf32>, tensor<3x8xf32>) -> (tensor<2x8xf32>, tensor<3x2xf32>, tensor<2x2xf32>, tensor<8xf32>)
  return
}

// -----

func.func @graph_attention_backward_c3_missing(%a: tensor<3x2xi1, #spnn.adjacency>, %t: tensor<2x3xi1, #spnn.adjacency>, %o: tensor<4xi32>, %x: tensor<2x8xf32>, %r: tensor<3x8xf32>, %l: tensor<2x8xf32>,
    %y: tensor<3x8xf32>, %s: tensor<3x2xf32>, %g: tensor<3x8xf32>, %v: tensor<8xf32>) {
  // expected-error @below {{'spnn.graph_attention_backward' op must return a gradient of the attention vector, of its type, if and only if it has one}}
  %0, %1, %2 = spnn.graph_attention_backward gatv2 %a, %t, %o, %x, %r, %l output(%y) logsumexp(%s) gradient(%g)
      attention(%v : tensor<8xf32>) heads(2) : (tensor<3x2xi1, #spnn.adjacency>, tensor<2x3xi1, #spnn.adjacency>, tensor<4xi32>,
      tensor<2x8xf32>, tensor<3x8xf32>, tensor<2x8xf32>, tensor<3x8xf32>, tensor<3x2xf32>, tensor<3x8xf32>) -> (tensor<2x8xf32>, tensor<3x8xf32>, tensor<2x8xf32>)
  return
}

// -----

//===----------------------------------------------------------------------===//
// spnn.dropout
//===----------------------------------------------------------------------===//

func.func @dropout_c1(%x: tensor<4xf32>, %s: i64) {
  // expected-error @below {{'spnn.dropout' op rate must be in [0, 1), got 1.000000e+00}}
  %0 = spnn.dropout %x seed(%s) rate(1.0) : tensor<4xf32>
  return
}

// -----

func.func @dropout_c1_negative(%x: tensor<4xf32>, %s: i64) {
  // expected-error @below {{'spnn.dropout' op rate must be in [0, 1), got -5.000000e-01}}
  %0 = spnn.dropout %x seed(%s) rate(-0.5) : tensor<4xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// spnn.loss
//===----------------------------------------------------------------------===//

func.func @loss_c1_rank(%p: tensor<5xf32>, %t: tensor<5xi32>) {
  // expected-error @below {{'spnn.loss' op predictions must be a dense tensor of shape ?x?, got 'tensor<5xf32>'}}
  %0 = spnn.loss cross_entropy %p, %t : tensor<5xf32>, tensor<5xi32> -> tensor<f32>
  return
}

// -----

func.func @loss_c1_classes(%p: tensor<5x3xf32>, %t: tensor<5x3xf32>) {
  // expected-error @below {{'spnn.loss' op targets must be a dense tensor<5xi32>, got 'tensor<5x3xf32>'}}
  %0 = spnn.loss cross_entropy %p, %t : tensor<5x3xf32>, tensor<5x3xf32> -> tensor<f32>
  return
}

// -----

func.func @loss_c1_targets(%p: tensor<5x3xf32>, %t: tensor<5x2xf32>) {
  // expected-error @below {{'spnn.loss' op targets must be a dense tensor<5x3xf32>, got 'tensor<5x2xf32>'}}
  %0 = spnn.loss mean_squared %p, %t : tensor<5x3xf32>, tensor<5x2xf32> -> tensor<f32>
  return
}

// -----

func.func @loss_c1_binary(%p: tensor<5x3xf32>, %t: tensor<5xi32>) {
  // expected-error @below {{'spnn.loss' op targets must be a dense tensor<5x3xf32>, got 'tensor<5xi32>'}}
  %0 = spnn.loss binary_cross_entropy %p, %t : tensor<5x3xf32>, tensor<5xi32> -> tensor<f32>
  return
}

// -----

func.func @loss_c2(%p: tensor<5x3xf32>, %t: tensor<5xi32>, %m: tensor<4xi1>) {
  // expected-error @below {{'spnn.loss' op mask must be a dense tensor<5xi1>, got 'tensor<4xi1>'}}
  %0 = spnn.loss cross_entropy %p, %t mask(%m : tensor<4xi1>) : tensor<5x3xf32>, tensor<5xi32> -> tensor<f32>
  return
}

// -----

func.func @loss_c3(%p: tensor<5x3xf32>, %t: tensor<5xi32>) {
  // expected-error @below {{'spnn.loss' op result must be a dense tensor<f32>, got 'tensor<f64>'}}
  %0 = spnn.loss cross_entropy %p, %t : tensor<5x3xf32>, tensor<5xi32> -> tensor<f64>
  return
}

// -----

func.func @loss_kind(%p: tensor<5x3xf32>, %t: tensor<5xi32>) {
  // expected-error @below {{custom op 'spnn.loss' unknown loss 'hinge', expected cross_entropy, binary_cross_entropy or mean_squared}}
  %0 = spnn.loss hinge %p, %t : tensor<5x3xf32>, tensor<5xi32> -> tensor<f32>
  return
}

// -----

func.func @loss_backward_c1(%p: tensor<5x3xf32>, %t: tensor<4xi32>, %g: tensor<f32>) {
  // expected-error @below {{'spnn.loss_backward' op targets must be a dense tensor<5xi32>, got 'tensor<4xi32>'}}
  %0 = spnn.loss_backward cross_entropy %p, %t, %g : tensor<5x3xf32>, tensor<4xi32>, tensor<f32>
  return
}

// -----

func.func @loss_backward_c2(%p: tensor<5x3xf32>, %t: tensor<5xi32>, %g: tensor<f32>, %m: tensor<5xi8>) {
  // expected-error @below {{'spnn.loss_backward' op mask must be a dense tensor<5xi1>, got 'tensor<5xi8>'}}
  %0 = spnn.loss_backward cross_entropy %p, %t, %g mask(%m : tensor<5xi8>) : tensor<5x3xf32>, tensor<5xi32>, tensor<f32>
  return
}

// -----

func.func @loss_backward_c3(%p: tensor<5x3xf32>, %t: tensor<5xi32>, %g: tensor<1xf32>) {
  // expected-error @below {{'spnn.loss_backward' op gradient must be a dense tensor<f32>, got 'tensor<1xf32>'}}
  %0 = spnn.loss_backward cross_entropy %p, %t, %g : tensor<5x3xf32>, tensor<5xi32>, tensor<1xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// spnn.adam, spnn.sgd
//===----------------------------------------------------------------------===//

func.func @adam_c1_rate(%w: tensor<4xf32>, %s: i64) {
  // expected-error @below {{'spnn.adam' op rate must not be negative, got -1.000000e-01}}
  %0, %1, %2 = spnn.adam %w, %w, %w, %w step(%s) rate(-0.1) : tensor<4xf32>
  return
}

// -----

func.func @adam_c1_epsilon(%w: tensor<4xf32>, %s: i64) {
  // expected-error @below {{'spnn.adam' op epsilon must not be negative, got -1.000000e+00}}
  %0, %1, %2 = spnn.adam %w, %w, %w, %w step(%s) rate(0.1) {epsilon = -1.0 : f64} : tensor<4xf32>
  return
}

// -----

func.func @adam_c1_weight_decay(%w: tensor<4xf32>, %s: i64) {
  // expected-error @below {{'spnn.adam' op weight_decay must not be negative, got -1.000000e+00}}
  %0, %1, %2 = spnn.adam %w, %w, %w, %w step(%s) rate(0.1) {weight_decay = -1.0 : f64} : tensor<4xf32>
  return
}

// -----

func.func @adam_c1_beta1(%w: tensor<4xf32>, %s: i64) {
  // expected-error @below {{'spnn.adam' op beta1 must be in [0, 1), got 1.000000e+00}}
  %0, %1, %2 = spnn.adam %w, %w, %w, %w step(%s) rate(0.1) {beta1 = 1.0 : f64} : tensor<4xf32>
  return
}

// -----

func.func @adam_c1_beta2(%w: tensor<4xf32>, %s: i64) {
  // expected-error @below {{'spnn.adam' op beta2 must be in [0, 1), got -5.000000e-01}}
  %0, %1, %2 = spnn.adam %w, %w, %w, %w step(%s) rate(0.1) {beta2 = -0.5 : f64} : tensor<4xf32>
  return
}

// -----

func.func @sgd_c1_rate(%w: tensor<4xf32>) {
  // expected-error @below {{'spnn.sgd' op rate must not be negative, got -1.000000e-01}}
  %0, %1 = spnn.sgd %w, %w, %w rate(-0.1) : tensor<4xf32>
  return
}

// -----

func.func @sgd_c1_weight_decay(%w: tensor<4xf32>) {
  // expected-error @below {{'spnn.sgd' op weight_decay must not be negative, got -1.000000e+00}}
  %0, %1 = spnn.sgd %w, %w, %w rate(0.1) {weight_decay = -1.0 : f64} : tensor<4xf32>
  return
}

// -----

func.func @sgd_c1_momentum(%w: tensor<4xf32>) {
  // expected-error @below {{'spnn.sgd' op momentum must be in [0, 1), got 1.000000e+00}}
  %0, %1 = spnn.sgd %w, %w, %w rate(0.1) {momentum = 1.0 : f64} : tensor<4xf32>
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
// spnn.kernel_graph
//===----------------------------------------------------------------------===//

func.func @kernel_graph_c1(%s: tensor<3x1xi32>, %e: tensor<2x4xf32>) {
  // expected-error @below {{'spnn.kernel_graph' op storage buffer must have rank 1, got 'tensor<3x1xi32>'}}
  %0 = spnn.kernel_graph "spmm" graph(2 x 2) storage(%s : tensor<3x1xi32>) names([]) outs(%e : tensor<2x4xf32>) parameters({}) -> tensor<2x4xf32>
  return
}

// -----

func.func @kernel_graph_c2_count(%x: tensor<2x4xf32>, %e: tensor<2x4xf32>) {
  // expected-error @below {{'spnn.kernel_graph' op must have a name for each of 1 inputs, got 0}}
  %0 = spnn.kernel_graph "spmm" graph(2 x 2) ins(%x : tensor<2x4xf32>) names([]) outs(%e : tensor<2x4xf32>) parameters({}) -> tensor<2x4xf32>
  return
}

// -----

func.func @kernel_graph_c2_twice(%x: tensor<2x4xf32>, %e: tensor<2x4xf32>) {
  // expected-error @below {{'spnn.kernel_graph' op has two inputs named "features"}}
  %0 = spnn.kernel_graph "spmm" graph(2 x 2) ins(%x, %x : tensor<2x4xf32>, tensor<2x4xf32>) names(["features", "features"]) outs(%e : tensor<2x4xf32>) parameters({}) -> tensor<2x4xf32>
  return
}

// -----

func.func @kernel_graph_c3(%x: memref<2x4xf32>, %e: tensor<2x4xf32>) {
  // expected-error @below {{'spnn.kernel_graph' op operands must be all tensors or all memrefs, got 'memref<2x4xf32>' beside init 'tensor<2x4xf32>'}}
  %0 = spnn.kernel_graph "spmm" graph(2 x 2) ins(%x : memref<2x4xf32>) names(["features"]) outs(%e : tensor<2x4xf32>) parameters({}) -> tensor<2x4xf32>
  return
}

// -----

func.func @kernel_graph_c4(%e: tensor<2x4xf32>) {
  // expected-error @below {{'spnn.kernel_graph' op rows must not be negative, got -1}}
  %0 = spnn.kernel_graph "spmm" graph(-1 x 2) names([]) outs(%e : tensor<2x4xf32>) parameters({}) -> tensor<2x4xf32>
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

//===----------------------------------------------------------------------===//
// spnn.stop
//===----------------------------------------------------------------------===//

func.func @stop_c1(%c: i1) {
  // expected-error @below {{'spnn.stop' op message must be one line of text, got "one\0Atwo"}}
  spnn.stop "one\ntwo" if %c
  return
}

// -----

func.func @stop_c2_place(%c: i1, %n: index) {
  // expected-error @below {{'spnn.stop' op takes at most two numbers, and a {} in its message for each, got 2 and 1}}
  spnn.stop "got {}" if %c numbers(%n, %n)
  return
}

// -----

func.func @stop_c2_many(%c: i1, %n: index) {
  // expected-error @below {{'spnn.stop' op takes at most two numbers, and a {} in its message for each, got 3 and 3}}
  spnn.stop "{} {} {}" if %c numbers(%n, %n, %n)
  return
}

// -----

// expected-error @below {{'builtin.module' op has 'spnn.code', which only an llvm.func can have}}
module attributes {spnn.code = dense<[1, 2]> : tensor<2xi8>} {}

// -----

// expected-error @below {{'llvm.func' op 'spnn.code' must be a dense constant of i8, all elements spelled out}}
llvm.func @code() attributes {spnn.code = dense<[1, 2]> : tensor<2xi32>}
