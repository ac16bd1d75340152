//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A relational graph convolutional network (Schlichtkrull et al., arXiv:1703.06103) of 2 relations, whose weights are sums of
// 2 shared matrices: each layer is X W0 + sum over relations r of mean(A_r) X W_r + b.
//
// 34 nodes with 16 features, two layers, 4 classes. The graph is given when the model runs: by its rows in compressed form,
// each listing from whom a node hears.
//
//===----------------------------------------------------------------------===//

#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> (d1)>

// What is used: no dropout.
func.func @predict(
    %layer1_weight_root: tensor<16x8xf32> {spnn.name = "layer1.weight_root", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_basis: tensor<2x16x8xf32> {spnn.name = "layer1.basis", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_coefficients: tensor<2x2xf32> {spnn.name = "layer1.coefficients", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_bias: tensor<8xf32> {spnn.name = "layer1.bias", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_weight_root: tensor<8x4xf32> {spnn.name = "layer2.weight_root", spnn.parameter},
    %layer2_basis: tensor<2x8x4xf32> {spnn.name = "layer2.basis", spnn.parameter},
    %layer2_coefficients: tensor<2x2xf32> {spnn.name = "layer2.coefficients", spnn.parameter},
    %layer2_bias: tensor<4xf32> {spnn.name = "layer2.bias", spnn.parameter},
    %adj_indptr: tensor<35xi32> {spnn.name = "adj_indptr"},
    %adj_indices: tensor<?xi32> {spnn.name = "adj_indices"},
    %adj1_indptr: tensor<35xi32> {spnn.name = "adj1_indptr"},
    %adj1_indices: tensor<?xi32> {spnn.name = "adj1_indices"},
    %x: tensor<34x16xf32> {spnn.name = "x"}) -> (tensor<34x4xf32> {spnn.name = "logits"}) {
  %adj = spnn.assemble %adj_indptr, %adj_indices : (tensor<35xi32>, tensor<?xi32>) -> tensor<34x34xi1, #spnn.adjacency>
  %adj1 = spnn.assemble %adj1_indptr, %adj1_indices : (tensor<35xi32>, tensor<?xi32>) -> tensor<34x34xi1, #spnn.adjacency>
  // What a node says of itself.
  %cst = arith.constant 0.000000e+00 : f32
  %0 = tensor.empty() : tensor<34x8xf32>
  %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %layer1_root = linalg.matmul ins(%x, %layer1_weight_root : tensor<34x16xf32>, tensor<16x8xf32>) outs(%1 : tensor<34x8xf32>) -> tensor<34x8xf32>
  // W_r = sum over b of coefficients[r, b] * basis[b], as one product.
  %layer1_weights = tensor.collapse_shape %layer1_basis [[0], [1, 2]] : tensor<2x16x8xf32> into tensor<2x128xf32>
  %cst_0 = arith.constant 0.000000e+00 : f32
  %2 = tensor.empty() : tensor<2x128xf32>
  %3 = linalg.fill ins(%cst_0 : f32) outs(%2 : tensor<2x128xf32>) -> tensor<2x128xf32>
  %layer1_weights_1 = linalg.matmul ins(%layer1_coefficients, %layer1_weights : tensor<2x2xf32>, tensor<2x128xf32>) outs(%3 : tensor<2x128xf32>) -> tensor<2x128xf32>
  %layer1_weights_2 = tensor.expand_shape %layer1_weights_1 [[0], [1, 2]] output_shape [2, 16, 8] : tensor<2x128xf32> into tensor<2x16x8xf32>
  // Relation 0.
  %layer1_weight0 = tensor.extract_slice %layer1_weights_2[0, 0, 0] [1, 16, 8] [1, 1, 1] : tensor<2x16x8xf32> to tensor<16x8xf32>
  %cst_3 = arith.constant 0.000000e+00 : f32
  %4 = tensor.empty() : tensor<34x8xf32>
  %5 = linalg.fill ins(%cst_3 : f32) outs(%4 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %layer1_transformed0 = linalg.matmul ins(%x, %layer1_weight0 : tensor<34x16xf32>, tensor<16x8xf32>) outs(%5 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %layer1_mean0 = spnn.aggregate mean %adj, %layer1_transformed0 : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x8xf32>) -> tensor<34x8xf32>
  %6 = tensor.empty() : tensor<34x8xf32>
  %layer1_sum0 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_root, %layer1_mean0 : tensor<34x8xf32>, tensor<34x8xf32>) outs(%6 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %23 = arith.addf %in, %in_11 : f32
    linalg.yield %23 : f32
  } -> tensor<34x8xf32>
  // Relation 1.
  %layer1_weight1 = tensor.extract_slice %layer1_weights_2[1, 0, 0] [1, 16, 8] [1, 1, 1] : tensor<2x16x8xf32> to tensor<16x8xf32>
  %cst_4 = arith.constant 0.000000e+00 : f32
  %7 = tensor.empty() : tensor<34x8xf32>
  %8 = linalg.fill ins(%cst_4 : f32) outs(%7 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %layer1_transformed1 = linalg.matmul ins(%x, %layer1_weight1 : tensor<34x16xf32>, tensor<16x8xf32>) outs(%8 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %layer1_mean1 = spnn.aggregate mean %adj1, %layer1_transformed1 : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x8xf32>) -> tensor<34x8xf32>
  %9 = tensor.empty() : tensor<34x8xf32>
  %layer1_sum1 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_sum0, %layer1_mean1 : tensor<34x8xf32>, tensor<34x8xf32>) outs(%9 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %23 = arith.addf %in, %in_11 : f32
    linalg.yield %23 : f32
  } -> tensor<34x8xf32>
  %10 = tensor.empty() : tensor<34x8xf32>
  %layer1_output = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_sum1, %layer1_bias : tensor<34x8xf32>, tensor<8xf32>) outs(%10 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %23 = arith.addf %in, %in_11 : f32
    linalg.yield %23 : f32
  } -> tensor<34x8xf32>
  %11 = tensor.empty() : tensor<34x8xf32>
  %layer1_hidden = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_output : tensor<34x8xf32>) outs(%11 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %cst_11 = arith.constant 0.000000e+00 : f32
    %23 = arith.maximumf %in, %cst_11 : f32
    linalg.yield %23 : f32
  } -> tensor<34x8xf32>

  // The second layer, in the same way, without an activation.
  %cst_5 = arith.constant 0.000000e+00 : f32
  %12 = tensor.empty() : tensor<34x4xf32>
  %13 = linalg.fill ins(%cst_5 : f32) outs(%12 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_root = linalg.matmul ins(%layer1_hidden, %layer2_weight_root : tensor<34x8xf32>, tensor<8x4xf32>) outs(%13 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_weights = tensor.collapse_shape %layer2_basis [[0], [1, 2]] : tensor<2x8x4xf32> into tensor<2x32xf32>
  %cst_6 = arith.constant 0.000000e+00 : f32
  %14 = tensor.empty() : tensor<2x32xf32>
  %15 = linalg.fill ins(%cst_6 : f32) outs(%14 : tensor<2x32xf32>) -> tensor<2x32xf32>
  %layer2_weights_7 = linalg.matmul ins(%layer2_coefficients, %layer2_weights : tensor<2x2xf32>, tensor<2x32xf32>) outs(%15 : tensor<2x32xf32>) -> tensor<2x32xf32>
  %layer2_weights_8 = tensor.expand_shape %layer2_weights_7 [[0], [1, 2]] output_shape [2, 8, 4] : tensor<2x32xf32> into tensor<2x8x4xf32>
  %layer2_weight0 = tensor.extract_slice %layer2_weights_8[0, 0, 0] [1, 8, 4] [1, 1, 1] : tensor<2x8x4xf32> to tensor<8x4xf32>
  %cst_9 = arith.constant 0.000000e+00 : f32
  %16 = tensor.empty() : tensor<34x4xf32>
  %17 = linalg.fill ins(%cst_9 : f32) outs(%16 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_transformed0 = linalg.matmul ins(%layer1_hidden, %layer2_weight0 : tensor<34x8xf32>, tensor<8x4xf32>) outs(%17 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_mean0 = spnn.aggregate mean %adj, %layer2_transformed0 : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x4xf32>) -> tensor<34x4xf32>
  %18 = tensor.empty() : tensor<34x4xf32>
  %layer2_sum0 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer2_root, %layer2_mean0 : tensor<34x4xf32>, tensor<34x4xf32>) outs(%18 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %23 = arith.addf %in, %in_11 : f32
    linalg.yield %23 : f32
  } -> tensor<34x4xf32>
  %layer2_weight1 = tensor.extract_slice %layer2_weights_8[1, 0, 0] [1, 8, 4] [1, 1, 1] : tensor<2x8x4xf32> to tensor<8x4xf32>
  %cst_10 = arith.constant 0.000000e+00 : f32
  %19 = tensor.empty() : tensor<34x4xf32>
  %20 = linalg.fill ins(%cst_10 : f32) outs(%19 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_transformed1 = linalg.matmul ins(%layer1_hidden, %layer2_weight1 : tensor<34x8xf32>, tensor<8x4xf32>) outs(%20 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_mean1 = spnn.aggregate mean %adj1, %layer2_transformed1 : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x4xf32>) -> tensor<34x4xf32>
  %21 = tensor.empty() : tensor<34x4xf32>
  %layer2_sum1 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer2_sum0, %layer2_mean1 : tensor<34x4xf32>, tensor<34x4xf32>) outs(%21 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %23 = arith.addf %in, %in_11 : f32
    linalg.yield %23 : f32
  } -> tensor<34x4xf32>
  %22 = tensor.empty() : tensor<34x4xf32>
  %layer2_output = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%layer2_sum1, %layer2_bias : tensor<34x4xf32>, tensor<4xf32>) outs(%22 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %23 = arith.addf %in, %in_11 : f32
    linalg.yield %23 : f32
  } -> tensor<34x4xf32>
  return %layer2_output : tensor<34x4xf32>
}

// What is trained: dropout by a seed, and the mean cross-entropy over the nodes of a mask.
func.func @loss(
    %layer1_weight_root: tensor<16x8xf32> {spnn.name = "layer1.weight_root", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_basis: tensor<2x16x8xf32> {spnn.name = "layer1.basis", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_coefficients: tensor<2x2xf32> {spnn.name = "layer1.coefficients", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_bias: tensor<8xf32> {spnn.name = "layer1.bias", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_weight_root: tensor<8x4xf32> {spnn.name = "layer2.weight_root", spnn.parameter},
    %layer2_basis: tensor<2x8x4xf32> {spnn.name = "layer2.basis", spnn.parameter},
    %layer2_coefficients: tensor<2x2xf32> {spnn.name = "layer2.coefficients", spnn.parameter},
    %layer2_bias: tensor<4xf32> {spnn.name = "layer2.bias", spnn.parameter},
    %adj_indptr: tensor<35xi32> {spnn.name = "adj_indptr"},
    %adj_indices: tensor<?xi32> {spnn.name = "adj_indices"},
    %adj1_indptr: tensor<35xi32> {spnn.name = "adj1_indptr"},
    %adj1_indices: tensor<?xi32> {spnn.name = "adj1_indices"},
    %x: tensor<34x16xf32> {spnn.name = "x"},
    %y: tensor<34xi32> {spnn.name = "y"},
    %train_mask: tensor<34xi1> {spnn.name = "train_mask"},
    %seed: i64 {spnn.name = "seed"}) -> (tensor<f32> {spnn.name = "loss"}, tensor<34x4xf32> {spnn.name = "logits"}) {
  %adj = spnn.assemble %adj_indptr, %adj_indices : (tensor<35xi32>, tensor<?xi32>) -> tensor<34x34xi1, #spnn.adjacency>
  %adj1 = spnn.assemble %adj1_indptr, %adj1_indices : (tensor<35xi32>, tensor<?xi32>) -> tensor<34x34xi1, #spnn.adjacency>
  %layer1_input = spnn.dropout %x seed(%seed) rate(5.000000e-01) : tensor<34x16xf32>
  // What a node says of itself.
  %cst = arith.constant 0.000000e+00 : f32
  %0 = tensor.empty() : tensor<34x8xf32>
  %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %layer1_root = linalg.matmul ins(%layer1_input, %layer1_weight_root : tensor<34x16xf32>, tensor<16x8xf32>) outs(%1 : tensor<34x8xf32>) -> tensor<34x8xf32>
  // W_r = sum over b of coefficients[r, b] * basis[b], as one product.
  %layer1_weights = tensor.collapse_shape %layer1_basis [[0], [1, 2]] : tensor<2x16x8xf32> into tensor<2x128xf32>
  %cst_0 = arith.constant 0.000000e+00 : f32
  %2 = tensor.empty() : tensor<2x128xf32>
  %3 = linalg.fill ins(%cst_0 : f32) outs(%2 : tensor<2x128xf32>) -> tensor<2x128xf32>
  %layer1_weights_1 = linalg.matmul ins(%layer1_coefficients, %layer1_weights : tensor<2x2xf32>, tensor<2x128xf32>) outs(%3 : tensor<2x128xf32>) -> tensor<2x128xf32>
  %layer1_weights_2 = tensor.expand_shape %layer1_weights_1 [[0], [1, 2]] output_shape [2, 16, 8] : tensor<2x128xf32> into tensor<2x16x8xf32>
  // Relation 0.
  %layer1_weight0 = tensor.extract_slice %layer1_weights_2[0, 0, 0] [1, 16, 8] [1, 1, 1] : tensor<2x16x8xf32> to tensor<16x8xf32>
  %cst_3 = arith.constant 0.000000e+00 : f32
  %4 = tensor.empty() : tensor<34x8xf32>
  %5 = linalg.fill ins(%cst_3 : f32) outs(%4 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %layer1_transformed0 = linalg.matmul ins(%layer1_input, %layer1_weight0 : tensor<34x16xf32>, tensor<16x8xf32>) outs(%5 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %layer1_mean0 = spnn.aggregate mean %adj, %layer1_transformed0 : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x8xf32>) -> tensor<34x8xf32>
  %6 = tensor.empty() : tensor<34x8xf32>
  %layer1_sum0 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_root, %layer1_mean0 : tensor<34x8xf32>, tensor<34x8xf32>) outs(%6 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %23 = arith.addf %in, %in_11 : f32
    linalg.yield %23 : f32
  } -> tensor<34x8xf32>
  // Relation 1.
  %layer1_weight1 = tensor.extract_slice %layer1_weights_2[1, 0, 0] [1, 16, 8] [1, 1, 1] : tensor<2x16x8xf32> to tensor<16x8xf32>
  %cst_4 = arith.constant 0.000000e+00 : f32
  %7 = tensor.empty() : tensor<34x8xf32>
  %8 = linalg.fill ins(%cst_4 : f32) outs(%7 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %layer1_transformed1 = linalg.matmul ins(%layer1_input, %layer1_weight1 : tensor<34x16xf32>, tensor<16x8xf32>) outs(%8 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %layer1_mean1 = spnn.aggregate mean %adj1, %layer1_transformed1 : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x8xf32>) -> tensor<34x8xf32>
  %9 = tensor.empty() : tensor<34x8xf32>
  %layer1_sum1 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_sum0, %layer1_mean1 : tensor<34x8xf32>, tensor<34x8xf32>) outs(%9 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %23 = arith.addf %in, %in_11 : f32
    linalg.yield %23 : f32
  } -> tensor<34x8xf32>
  %10 = tensor.empty() : tensor<34x8xf32>
  %layer1_output = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_sum1, %layer1_bias : tensor<34x8xf32>, tensor<8xf32>) outs(%10 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %23 = arith.addf %in, %in_11 : f32
    linalg.yield %23 : f32
  } -> tensor<34x8xf32>
  %11 = tensor.empty() : tensor<34x8xf32>
  %layer1_hidden = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_output : tensor<34x8xf32>) outs(%11 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %cst_11 = arith.constant 0.000000e+00 : f32
    %23 = arith.maximumf %in, %cst_11 : f32
    linalg.yield %23 : f32
  } -> tensor<34x8xf32>

  // The second layer, in the same way, without an activation.
  %layer2_input = spnn.dropout %layer1_hidden seed(%seed) rate(5.000000e-01) stream(1) : tensor<34x8xf32>
  %cst_5 = arith.constant 0.000000e+00 : f32
  %12 = tensor.empty() : tensor<34x4xf32>
  %13 = linalg.fill ins(%cst_5 : f32) outs(%12 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_root = linalg.matmul ins(%layer2_input, %layer2_weight_root : tensor<34x8xf32>, tensor<8x4xf32>) outs(%13 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_weights = tensor.collapse_shape %layer2_basis [[0], [1, 2]] : tensor<2x8x4xf32> into tensor<2x32xf32>
  %cst_6 = arith.constant 0.000000e+00 : f32
  %14 = tensor.empty() : tensor<2x32xf32>
  %15 = linalg.fill ins(%cst_6 : f32) outs(%14 : tensor<2x32xf32>) -> tensor<2x32xf32>
  %layer2_weights_7 = linalg.matmul ins(%layer2_coefficients, %layer2_weights : tensor<2x2xf32>, tensor<2x32xf32>) outs(%15 : tensor<2x32xf32>) -> tensor<2x32xf32>
  %layer2_weights_8 = tensor.expand_shape %layer2_weights_7 [[0], [1, 2]] output_shape [2, 8, 4] : tensor<2x32xf32> into tensor<2x8x4xf32>
  %layer2_weight0 = tensor.extract_slice %layer2_weights_8[0, 0, 0] [1, 8, 4] [1, 1, 1] : tensor<2x8x4xf32> to tensor<8x4xf32>
  %cst_9 = arith.constant 0.000000e+00 : f32
  %16 = tensor.empty() : tensor<34x4xf32>
  %17 = linalg.fill ins(%cst_9 : f32) outs(%16 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_transformed0 = linalg.matmul ins(%layer2_input, %layer2_weight0 : tensor<34x8xf32>, tensor<8x4xf32>) outs(%17 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_mean0 = spnn.aggregate mean %adj, %layer2_transformed0 : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x4xf32>) -> tensor<34x4xf32>
  %18 = tensor.empty() : tensor<34x4xf32>
  %layer2_sum0 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer2_root, %layer2_mean0 : tensor<34x4xf32>, tensor<34x4xf32>) outs(%18 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %23 = arith.addf %in, %in_11 : f32
    linalg.yield %23 : f32
  } -> tensor<34x4xf32>
  %layer2_weight1 = tensor.extract_slice %layer2_weights_8[1, 0, 0] [1, 8, 4] [1, 1, 1] : tensor<2x8x4xf32> to tensor<8x4xf32>
  %cst_10 = arith.constant 0.000000e+00 : f32
  %19 = tensor.empty() : tensor<34x4xf32>
  %20 = linalg.fill ins(%cst_10 : f32) outs(%19 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_transformed1 = linalg.matmul ins(%layer2_input, %layer2_weight1 : tensor<34x8xf32>, tensor<8x4xf32>) outs(%20 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_mean1 = spnn.aggregate mean %adj1, %layer2_transformed1 : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x4xf32>) -> tensor<34x4xf32>
  %21 = tensor.empty() : tensor<34x4xf32>
  %layer2_sum1 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer2_sum0, %layer2_mean1 : tensor<34x4xf32>, tensor<34x4xf32>) outs(%21 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %23 = arith.addf %in, %in_11 : f32
    linalg.yield %23 : f32
  } -> tensor<34x4xf32>
  %22 = tensor.empty() : tensor<34x4xf32>
  %layer2_output = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%layer2_sum1, %layer2_bias : tensor<34x4xf32>, tensor<4xf32>) outs(%22 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %23 = arith.addf %in, %in_11 : f32
    linalg.yield %23 : f32
  } -> tensor<34x4xf32>
  %loss = spnn.loss cross_entropy %layer2_output, %y mask(%train_mask : tensor<34xi1>) : tensor<34x4xf32>, tensor<34xi32> -> tensor<f32>
  return %loss, %layer2_output : tensor<f32>, tensor<34x4xf32>
}
