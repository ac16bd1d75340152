//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A graph convolutional network (Kipf and Welling, arXiv:1609.02907): each layer is D^-1/2 (A + I) D^-1/2 X W + b.
//
// 34 nodes with 16 features, two layers, 4 classes. The graph is given when the model runs: by its rows in compressed form,
// each listing from whom a node hears, itself among them.
//
//===----------------------------------------------------------------------===//

#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0, d1) -> (d0, d1)>
#map2 = affine_map<(d0, d1) -> (d1)>

// What is used: no dropout.
func.func @predict(
    %layer1_weight: tensor<16x8xf32> {spnn.name = "layer1.weight", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_bias: tensor<8xf32> {spnn.name = "layer1.bias", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_weight: tensor<8x4xf32> {spnn.name = "layer2.weight", spnn.parameter},
    %layer2_bias: tensor<4xf32> {spnn.name = "layer2.bias", spnn.parameter},
    %adj_self_indptr: tensor<35xi32> {spnn.name = "adj_self_indptr"},
    %adj_self_indices: tensor<?xi32> {spnn.name = "adj_self_indices"},
    %x: tensor<34x16xf32> {spnn.name = "x"}) -> (tensor<34x4xf32> {spnn.name = "logits"}) {
  %adj_self = spnn.assemble %adj_self_indptr, %adj_self_indices : (tensor<35xi32>, tensor<?xi32>) -> tensor<34x34xi1, #spnn.adjacency>
  // D^-1/2: one number a node. The normalised matrix itself is never stored; spnn.aggregate scales rows and columns.
  %scales = spnn.degree %adj_self : tensor<34x34xi1, #spnn.adjacency> -> tensor<34xf32>
  %0 = tensor.empty() : tensor<34xf32>
  %scales_0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%scales : tensor<34xf32>) outs(%0 : tensor<34xf32>) {
  ^bb0(%in: f32, %out: f32):
    %cst_2 = arith.constant 1.000000e+00 : f32
    %8 = arith.maximumf %in, %cst_2 : f32
    %9 = math.rsqrt %8 : f32
    linalg.yield %9 : f32
  } -> tensor<34xf32>
  // X W. Narrower than X, so it goes before the sum over neighbours; spnn-reorder-operators decides for training.
  %cst = arith.constant 0.000000e+00 : f32
  %1 = tensor.empty() : tensor<34x8xf32>
  %2 = linalg.fill ins(%cst : f32) outs(%1 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %layer1_transformed = linalg.matmul ins(%x, %layer1_weight : tensor<34x16xf32>, tensor<16x8xf32>) outs(%2 : tensor<34x8xf32>) -> tensor<34x8xf32>
  // D^-1/2 (A + I) D^-1/2 (X W)
  %layer1_messages = spnn.aggregate sum %adj_self, %layer1_transformed row_scales(%scales_0 : tensor<34xf32>) column_scales(%scales_0 : tensor<34xf32>) : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x8xf32>) -> tensor<34x8xf32>
  %3 = tensor.empty() : tensor<34x8xf32>
  %layer1_output = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%layer1_messages, %layer1_bias : tensor<34x8xf32>, tensor<8xf32>) outs(%3 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %in_2: f32, %out: f32):
    %8 = arith.addf %in, %in_2 : f32
    linalg.yield %8 : f32
  } -> tensor<34x8xf32>
  %4 = tensor.empty() : tensor<34x8xf32>
  %layer1_hidden = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%layer1_output : tensor<34x8xf32>) outs(%4 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %cst_2 = arith.constant 0.000000e+00 : f32
    %8 = arith.maximumf %in, %cst_2 : f32
    linalg.yield %8 : f32
  } -> tensor<34x8xf32>

  // The second layer, in the same way, without an activation.
  %cst_1 = arith.constant 0.000000e+00 : f32
  %5 = tensor.empty() : tensor<34x4xf32>
  %6 = linalg.fill ins(%cst_1 : f32) outs(%5 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_transformed = linalg.matmul ins(%layer1_hidden, %layer2_weight : tensor<34x8xf32>, tensor<8x4xf32>) outs(%6 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_messages = spnn.aggregate sum %adj_self, %layer2_transformed row_scales(%scales_0 : tensor<34xf32>) column_scales(%scales_0 : tensor<34xf32>) : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x4xf32>) -> tensor<34x4xf32>
  %7 = tensor.empty() : tensor<34x4xf32>
  %layer2_output = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%layer2_messages, %layer2_bias : tensor<34x4xf32>, tensor<4xf32>) outs(%7 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %in_2: f32, %out: f32):
    %8 = arith.addf %in, %in_2 : f32
    linalg.yield %8 : f32
  } -> tensor<34x4xf32>
  return %layer2_output : tensor<34x4xf32>
}

// What is trained: dropout by a seed, and the mean cross-entropy over the nodes of a mask.
func.func @loss(
    %layer1_weight: tensor<16x8xf32> {spnn.name = "layer1.weight", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_bias: tensor<8xf32> {spnn.name = "layer1.bias", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_weight: tensor<8x4xf32> {spnn.name = "layer2.weight", spnn.parameter},
    %layer2_bias: tensor<4xf32> {spnn.name = "layer2.bias", spnn.parameter},
    %adj_self_indptr: tensor<35xi32> {spnn.name = "adj_self_indptr"},
    %adj_self_indices: tensor<?xi32> {spnn.name = "adj_self_indices"},
    %x: tensor<34x16xf32> {spnn.name = "x"},
    %y: tensor<34xi32> {spnn.name = "y"},
    %train_mask: tensor<34xi1> {spnn.name = "train_mask"},
    %seed: i64 {spnn.name = "seed"}) -> (tensor<f32> {spnn.name = "loss"}, tensor<34x4xf32> {spnn.name = "logits"}) {
  %adj_self = spnn.assemble %adj_self_indptr, %adj_self_indices : (tensor<35xi32>, tensor<?xi32>) -> tensor<34x34xi1, #spnn.adjacency>
  // D^-1/2: one number a node. The normalised matrix itself is never stored; spnn.aggregate scales rows and columns.
  %scales = spnn.degree %adj_self : tensor<34x34xi1, #spnn.adjacency> -> tensor<34xf32>
  %0 = tensor.empty() : tensor<34xf32>
  %scales_0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%scales : tensor<34xf32>) outs(%0 : tensor<34xf32>) {
  ^bb0(%in: f32, %out: f32):
    %cst_2 = arith.constant 1.000000e+00 : f32
    %8 = arith.maximumf %in, %cst_2 : f32
    %9 = math.rsqrt %8 : f32
    linalg.yield %9 : f32
  } -> tensor<34xf32>
  %layer1_input = spnn.dropout %x seed(%seed) rate(5.000000e-01) : tensor<34x16xf32>
  // X W. Narrower than X, so it goes before the sum over neighbours; spnn-reorder-operators decides for training.
  %cst = arith.constant 0.000000e+00 : f32
  %1 = tensor.empty() : tensor<34x8xf32>
  %2 = linalg.fill ins(%cst : f32) outs(%1 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %layer1_transformed = linalg.matmul ins(%layer1_input, %layer1_weight : tensor<34x16xf32>, tensor<16x8xf32>) outs(%2 : tensor<34x8xf32>) -> tensor<34x8xf32>
  // D^-1/2 (A + I) D^-1/2 (X W)
  %layer1_messages = spnn.aggregate sum %adj_self, %layer1_transformed row_scales(%scales_0 : tensor<34xf32>) column_scales(%scales_0 : tensor<34xf32>) : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x8xf32>) -> tensor<34x8xf32>
  %3 = tensor.empty() : tensor<34x8xf32>
  %layer1_output = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%layer1_messages, %layer1_bias : tensor<34x8xf32>, tensor<8xf32>) outs(%3 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %in_2: f32, %out: f32):
    %8 = arith.addf %in, %in_2 : f32
    linalg.yield %8 : f32
  } -> tensor<34x8xf32>
  %4 = tensor.empty() : tensor<34x8xf32>
  %layer1_hidden = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%layer1_output : tensor<34x8xf32>) outs(%4 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %cst_2 = arith.constant 0.000000e+00 : f32
    %8 = arith.maximumf %in, %cst_2 : f32
    linalg.yield %8 : f32
  } -> tensor<34x8xf32>

  // The second layer, in the same way, without an activation.
  %layer2_input = spnn.dropout %layer1_hidden seed(%seed) rate(5.000000e-01) stream(1) : tensor<34x8xf32>
  %cst_1 = arith.constant 0.000000e+00 : f32
  %5 = tensor.empty() : tensor<34x4xf32>
  %6 = linalg.fill ins(%cst_1 : f32) outs(%5 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_transformed = linalg.matmul ins(%layer2_input, %layer2_weight : tensor<34x8xf32>, tensor<8x4xf32>) outs(%6 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_messages = spnn.aggregate sum %adj_self, %layer2_transformed row_scales(%scales_0 : tensor<34xf32>) column_scales(%scales_0 : tensor<34xf32>) : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x4xf32>) -> tensor<34x4xf32>
  %7 = tensor.empty() : tensor<34x4xf32>
  %layer2_output = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%layer2_messages, %layer2_bias : tensor<34x4xf32>, tensor<4xf32>) outs(%7 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %in_2: f32, %out: f32):
    %8 = arith.addf %in, %in_2 : f32
    linalg.yield %8 : f32
  } -> tensor<34x4xf32>
  %loss = spnn.loss cross_entropy %layer2_output, %y mask(%train_mask : tensor<34xi1>) : tensor<34x4xf32>, tensor<34xi32> -> tensor<f32>
  return %loss, %layer2_output : tensor<f32>, tensor<34x4xf32>
}
