//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// GraphSAGE with means (Hamilton et al., arXiv:1706.02216): each layer is X Wr + mean over neighbours of (X Wn) + b.
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
    %layer1_weight_neighbours: tensor<16x8xf32> {spnn.name = "layer1.weight_neighbours", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_bias: tensor<8xf32> {spnn.name = "layer1.bias", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_weight_root: tensor<8x4xf32> {spnn.name = "layer2.weight_root", spnn.parameter},
    %layer2_weight_neighbours: tensor<8x4xf32> {spnn.name = "layer2.weight_neighbours", spnn.parameter},
    %layer2_bias: tensor<4xf32> {spnn.name = "layer2.bias", spnn.parameter},
    %adj_indptr: tensor<35xi32> {spnn.name = "adj_indptr"},
    %adj_indices: tensor<?xi32> {spnn.name = "adj_indices"},
    %x: tensor<34x16xf32> {spnn.name = "x"}) -> (tensor<34x4xf32> {spnn.name = "logits"}) {
  %adj = spnn.assemble %adj_indptr, %adj_indices : (tensor<35xi32>, tensor<?xi32>) -> tensor<34x34xi1, #spnn.adjacency>
  // What a node says of itself.
  %cst = arith.constant 0.000000e+00 : f32
  %0 = tensor.empty() : tensor<34x8xf32>
  %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %layer1_root = linalg.matmul ins(%x, %layer1_weight_root : tensor<34x16xf32>, tensor<16x8xf32>) outs(%1 : tensor<34x8xf32>) -> tensor<34x8xf32>
  // What it says to others; the mean commutes with the product.
  %cst_0 = arith.constant 0.000000e+00 : f32
  %2 = tensor.empty() : tensor<34x8xf32>
  %3 = linalg.fill ins(%cst_0 : f32) outs(%2 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %layer1_transformed = linalg.matmul ins(%x, %layer1_weight_neighbours : tensor<34x16xf32>, tensor<16x8xf32>) outs(%3 : tensor<34x8xf32>) -> tensor<34x8xf32>
  // A node that hears from nobody gets 0.
  %layer1_mean = spnn.aggregate mean %adj, %layer1_transformed : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x8xf32>) -> tensor<34x8xf32>
  %4 = tensor.empty() : tensor<34x8xf32>
  %layer1_output = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_root, %layer1_mean : tensor<34x8xf32>, tensor<34x8xf32>) outs(%4 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %in_5: f32, %out: f32):
    %13 = arith.addf %in, %in_5 : f32
    linalg.yield %13 : f32
  } -> tensor<34x8xf32>
  %5 = tensor.empty() : tensor<34x8xf32>
  %layer1_output_1 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_output, %layer1_bias : tensor<34x8xf32>, tensor<8xf32>) outs(%5 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %in_5: f32, %out: f32):
    %13 = arith.addf %in, %in_5 : f32
    linalg.yield %13 : f32
  } -> tensor<34x8xf32>
  %6 = tensor.empty() : tensor<34x8xf32>
  %layer1_hidden = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_output_1 : tensor<34x8xf32>) outs(%6 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %cst_5 = arith.constant 0.000000e+00 : f32
    %13 = arith.maximumf %in, %cst_5 : f32
    linalg.yield %13 : f32
  } -> tensor<34x8xf32>

  // The second layer, in the same way, without an activation.
  %cst_2 = arith.constant 0.000000e+00 : f32
  %7 = tensor.empty() : tensor<34x4xf32>
  %8 = linalg.fill ins(%cst_2 : f32) outs(%7 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_root = linalg.matmul ins(%layer1_hidden, %layer2_weight_root : tensor<34x8xf32>, tensor<8x4xf32>) outs(%8 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %cst_3 = arith.constant 0.000000e+00 : f32
  %9 = tensor.empty() : tensor<34x4xf32>
  %10 = linalg.fill ins(%cst_3 : f32) outs(%9 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_transformed = linalg.matmul ins(%layer1_hidden, %layer2_weight_neighbours : tensor<34x8xf32>, tensor<8x4xf32>) outs(%10 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_mean = spnn.aggregate mean %adj, %layer2_transformed : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x4xf32>) -> tensor<34x4xf32>
  %11 = tensor.empty() : tensor<34x4xf32>
  %layer2_output = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer2_root, %layer2_mean : tensor<34x4xf32>, tensor<34x4xf32>) outs(%11 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %in_5: f32, %out: f32):
    %13 = arith.addf %in, %in_5 : f32
    linalg.yield %13 : f32
  } -> tensor<34x4xf32>
  %12 = tensor.empty() : tensor<34x4xf32>
  %layer2_output_4 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%layer2_output, %layer2_bias : tensor<34x4xf32>, tensor<4xf32>) outs(%12 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %in_5: f32, %out: f32):
    %13 = arith.addf %in, %in_5 : f32
    linalg.yield %13 : f32
  } -> tensor<34x4xf32>
  return %layer2_output_4 : tensor<34x4xf32>
}

// What is trained: dropout by a seed, and the mean cross-entropy over the nodes of a mask.
func.func @loss(
    %layer1_weight_root: tensor<16x8xf32> {spnn.name = "layer1.weight_root", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_weight_neighbours: tensor<16x8xf32> {spnn.name = "layer1.weight_neighbours", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_bias: tensor<8xf32> {spnn.name = "layer1.bias", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_weight_root: tensor<8x4xf32> {spnn.name = "layer2.weight_root", spnn.parameter},
    %layer2_weight_neighbours: tensor<8x4xf32> {spnn.name = "layer2.weight_neighbours", spnn.parameter},
    %layer2_bias: tensor<4xf32> {spnn.name = "layer2.bias", spnn.parameter},
    %adj_indptr: tensor<35xi32> {spnn.name = "adj_indptr"},
    %adj_indices: tensor<?xi32> {spnn.name = "adj_indices"},
    %x: tensor<34x16xf32> {spnn.name = "x"},
    %y: tensor<34xi32> {spnn.name = "y"},
    %train_mask: tensor<34xi1> {spnn.name = "train_mask"},
    %seed: i64 {spnn.name = "seed"}) -> (tensor<f32> {spnn.name = "loss"}, tensor<34x4xf32> {spnn.name = "logits"}) {
  %adj = spnn.assemble %adj_indptr, %adj_indices : (tensor<35xi32>, tensor<?xi32>) -> tensor<34x34xi1, #spnn.adjacency>
  %layer1_input = spnn.dropout %x seed(%seed) rate(5.000000e-01) : tensor<34x16xf32>
  // What a node says of itself.
  %cst = arith.constant 0.000000e+00 : f32
  %0 = tensor.empty() : tensor<34x8xf32>
  %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %layer1_root = linalg.matmul ins(%layer1_input, %layer1_weight_root : tensor<34x16xf32>, tensor<16x8xf32>) outs(%1 : tensor<34x8xf32>) -> tensor<34x8xf32>
  // What it says to others; the mean commutes with the product.
  %cst_0 = arith.constant 0.000000e+00 : f32
  %2 = tensor.empty() : tensor<34x8xf32>
  %3 = linalg.fill ins(%cst_0 : f32) outs(%2 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %layer1_transformed = linalg.matmul ins(%layer1_input, %layer1_weight_neighbours : tensor<34x16xf32>, tensor<16x8xf32>) outs(%3 : tensor<34x8xf32>) -> tensor<34x8xf32>
  // A node that hears from nobody gets 0.
  %layer1_mean = spnn.aggregate mean %adj, %layer1_transformed : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x8xf32>) -> tensor<34x8xf32>
  %4 = tensor.empty() : tensor<34x8xf32>
  %layer1_output = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_root, %layer1_mean : tensor<34x8xf32>, tensor<34x8xf32>) outs(%4 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %in_5: f32, %out: f32):
    %13 = arith.addf %in, %in_5 : f32
    linalg.yield %13 : f32
  } -> tensor<34x8xf32>
  %5 = tensor.empty() : tensor<34x8xf32>
  %layer1_output_1 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_output, %layer1_bias : tensor<34x8xf32>, tensor<8xf32>) outs(%5 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %in_5: f32, %out: f32):
    %13 = arith.addf %in, %in_5 : f32
    linalg.yield %13 : f32
  } -> tensor<34x8xf32>
  %6 = tensor.empty() : tensor<34x8xf32>
  %layer1_hidden = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_output_1 : tensor<34x8xf32>) outs(%6 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %cst_5 = arith.constant 0.000000e+00 : f32
    %13 = arith.maximumf %in, %cst_5 : f32
    linalg.yield %13 : f32
  } -> tensor<34x8xf32>

  // The second layer, in the same way, without an activation.
  %layer2_input = spnn.dropout %layer1_hidden seed(%seed) rate(5.000000e-01) stream(1) : tensor<34x8xf32>
  %cst_2 = arith.constant 0.000000e+00 : f32
  %7 = tensor.empty() : tensor<34x4xf32>
  %8 = linalg.fill ins(%cst_2 : f32) outs(%7 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_root = linalg.matmul ins(%layer2_input, %layer2_weight_root : tensor<34x8xf32>, tensor<8x4xf32>) outs(%8 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %cst_3 = arith.constant 0.000000e+00 : f32
  %9 = tensor.empty() : tensor<34x4xf32>
  %10 = linalg.fill ins(%cst_3 : f32) outs(%9 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_transformed = linalg.matmul ins(%layer2_input, %layer2_weight_neighbours : tensor<34x8xf32>, tensor<8x4xf32>) outs(%10 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_mean = spnn.aggregate mean %adj, %layer2_transformed : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x4xf32>) -> tensor<34x4xf32>
  %11 = tensor.empty() : tensor<34x4xf32>
  %layer2_output = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer2_root, %layer2_mean : tensor<34x4xf32>, tensor<34x4xf32>) outs(%11 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %in_5: f32, %out: f32):
    %13 = arith.addf %in, %in_5 : f32
    linalg.yield %13 : f32
  } -> tensor<34x4xf32>
  %12 = tensor.empty() : tensor<34x4xf32>
  %layer2_output_4 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%layer2_output, %layer2_bias : tensor<34x4xf32>, tensor<4xf32>) outs(%12 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %in_5: f32, %out: f32):
    %13 = arith.addf %in, %in_5 : f32
    linalg.yield %13 : f32
  } -> tensor<34x4xf32>
  %loss = spnn.loss cross_entropy %layer2_output_4, %y mask(%train_mask : tensor<34xi1>) : tensor<34x4xf32>, tensor<34xi32> -> tensor<f32>
  return %loss, %layer2_output_4 : tensor<f32>, tensor<34x4xf32>
}
