//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A graph isomorphism network (Xu et al., arXiv:1810.00826): each layer is relu(((1 + eps) X + A X) W1 + b1) W2 + b2.
//
// 34 nodes with 16 features, two layers, 4 classes. The graph is given when the model runs: by its rows in compressed form,
// each listing from whom a node hears.
//
//===----------------------------------------------------------------------===//

#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> ()>
#map2 = affine_map<(d0, d1) -> (d1)>

// What is used: no dropout.
func.func @predict(
    %layer1_epsilon: tensor<f32> {spnn.name = "layer1.epsilon", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_weight1: tensor<16x8xf32> {spnn.name = "layer1.weight1", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_bias1: tensor<8xf32> {spnn.name = "layer1.bias1", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_weight2: tensor<8x8xf32> {spnn.name = "layer1.weight2", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_bias2: tensor<8xf32> {spnn.name = "layer1.bias2", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_epsilon: tensor<f32> {spnn.name = "layer2.epsilon", spnn.parameter},
    %layer2_weight1: tensor<8x4xf32> {spnn.name = "layer2.weight1", spnn.parameter},
    %layer2_bias1: tensor<4xf32> {spnn.name = "layer2.bias1", spnn.parameter},
    %layer2_weight2: tensor<4x4xf32> {spnn.name = "layer2.weight2", spnn.parameter},
    %layer2_bias2: tensor<4xf32> {spnn.name = "layer2.bias2", spnn.parameter},
    %adj_indptr: tensor<35xi32> {spnn.name = "adj_indptr"},
    %adj_indices: tensor<?xi32> {spnn.name = "adj_indices"},
    %x: tensor<34x16xf32> {spnn.name = "x"}) -> (tensor<34x4xf32> {spnn.name = "logits"}) {
  %adj = spnn.assemble %adj_indptr, %adj_indices : (tensor<35xi32>, tensor<?xi32>) -> tensor<34x34xi1, #spnn.adjacency>
  // The first product commutes with the sum over neighbours: X W1 first.
  %cst = arith.constant 0.000000e+00 : f32
  %0 = tensor.empty() : tensor<34x8xf32>
  %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %layer1_transformed = linalg.matmul ins(%x, %layer1_weight1 : tensor<34x16xf32>, tensor<16x8xf32>) outs(%1 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %layer1_messages = spnn.aggregate sum %adj, %layer1_transformed : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x8xf32>) -> tensor<34x8xf32>
  // (1 + eps) X W1 + A X W1, eps a parameter that begins at 0.
  %2 = tensor.empty() : tensor<34x8xf32>
  %layer1_sum = linalg.generic {indexing_maps = [#map, #map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_transformed, %layer1_messages, %layer1_epsilon : tensor<34x8xf32>, tensor<34x8xf32>, tensor<f32>) outs(%2 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %in_7: f32, %in_8: f32, %out: f32):
    %cst_9 = arith.constant 1.000000e+00 : f32
    %17 = arith.addf %cst_9, %in_8 : f32
    %18 = arith.mulf %17, %in : f32
    %19 = arith.addf %18, %in_7 : f32
    linalg.yield %19 : f32
  } -> tensor<34x8xf32>
  // The rest of the perceptron.
  %3 = tensor.empty() : tensor<34x8xf32>
  %layer1_inner = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_sum, %layer1_bias1 : tensor<34x8xf32>, tensor<8xf32>) outs(%3 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %in_7: f32, %out: f32):
    %17 = arith.addf %in, %in_7 : f32
    linalg.yield %17 : f32
  } -> tensor<34x8xf32>
  %4 = tensor.empty() : tensor<34x8xf32>
  %layer1_inner_0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_inner : tensor<34x8xf32>) outs(%4 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %cst_7 = arith.constant 0.000000e+00 : f32
    %17 = arith.maximumf %in, %cst_7 : f32
    linalg.yield %17 : f32
  } -> tensor<34x8xf32>
  %cst_1 = arith.constant 0.000000e+00 : f32
  %5 = tensor.empty() : tensor<34x8xf32>
  %6 = linalg.fill ins(%cst_1 : f32) outs(%5 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %layer1_output = linalg.matmul ins(%layer1_inner_0, %layer1_weight2 : tensor<34x8xf32>, tensor<8x8xf32>) outs(%6 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %7 = tensor.empty() : tensor<34x8xf32>
  %layer1_output_2 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_output, %layer1_bias2 : tensor<34x8xf32>, tensor<8xf32>) outs(%7 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %in_7: f32, %out: f32):
    %17 = arith.addf %in, %in_7 : f32
    linalg.yield %17 : f32
  } -> tensor<34x8xf32>
  %8 = tensor.empty() : tensor<34x8xf32>
  %layer1_hidden = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_output_2 : tensor<34x8xf32>) outs(%8 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %cst_7 = arith.constant 0.000000e+00 : f32
    %17 = arith.maximumf %in, %cst_7 : f32
    linalg.yield %17 : f32
  } -> tensor<34x8xf32>

  // The second layer, in the same way, without an activation.
  %cst_3 = arith.constant 0.000000e+00 : f32
  %9 = tensor.empty() : tensor<34x4xf32>
  %10 = linalg.fill ins(%cst_3 : f32) outs(%9 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_transformed = linalg.matmul ins(%layer1_hidden, %layer2_weight1 : tensor<34x8xf32>, tensor<8x4xf32>) outs(%10 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_messages = spnn.aggregate sum %adj, %layer2_transformed : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x4xf32>) -> tensor<34x4xf32>
  %11 = tensor.empty() : tensor<34x4xf32>
  %layer2_sum = linalg.generic {indexing_maps = [#map, #map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%layer2_transformed, %layer2_messages, %layer2_epsilon : tensor<34x4xf32>, tensor<34x4xf32>, tensor<f32>) outs(%11 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %in_7: f32, %in_8: f32, %out: f32):
    %cst_9 = arith.constant 1.000000e+00 : f32
    %17 = arith.addf %cst_9, %in_8 : f32
    %18 = arith.mulf %17, %in : f32
    %19 = arith.addf %18, %in_7 : f32
    linalg.yield %19 : f32
  } -> tensor<34x4xf32>
  %12 = tensor.empty() : tensor<34x4xf32>
  %layer2_inner = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel"]} ins(%layer2_sum, %layer2_bias1 : tensor<34x4xf32>, tensor<4xf32>) outs(%12 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %in_7: f32, %out: f32):
    %17 = arith.addf %in, %in_7 : f32
    linalg.yield %17 : f32
  } -> tensor<34x4xf32>
  %13 = tensor.empty() : tensor<34x4xf32>
  %layer2_inner_4 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer2_inner : tensor<34x4xf32>) outs(%13 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %cst_7 = arith.constant 0.000000e+00 : f32
    %17 = arith.maximumf %in, %cst_7 : f32
    linalg.yield %17 : f32
  } -> tensor<34x4xf32>
  %cst_5 = arith.constant 0.000000e+00 : f32
  %14 = tensor.empty() : tensor<34x4xf32>
  %15 = linalg.fill ins(%cst_5 : f32) outs(%14 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_output = linalg.matmul ins(%layer2_inner_4, %layer2_weight2 : tensor<34x4xf32>, tensor<4x4xf32>) outs(%15 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %16 = tensor.empty() : tensor<34x4xf32>
  %layer2_output_6 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel"]} ins(%layer2_output, %layer2_bias2 : tensor<34x4xf32>, tensor<4xf32>) outs(%16 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %in_7: f32, %out: f32):
    %17 = arith.addf %in, %in_7 : f32
    linalg.yield %17 : f32
  } -> tensor<34x4xf32>
  return %layer2_output_6 : tensor<34x4xf32>
}

// What is trained: dropout by a seed, and the mean cross-entropy over the nodes of a mask.
func.func @loss(
    %layer1_epsilon: tensor<f32> {spnn.name = "layer1.epsilon", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_weight1: tensor<16x8xf32> {spnn.name = "layer1.weight1", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_bias1: tensor<8xf32> {spnn.name = "layer1.bias1", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_weight2: tensor<8x8xf32> {spnn.name = "layer1.weight2", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_bias2: tensor<8xf32> {spnn.name = "layer1.bias2", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_epsilon: tensor<f32> {spnn.name = "layer2.epsilon", spnn.parameter},
    %layer2_weight1: tensor<8x4xf32> {spnn.name = "layer2.weight1", spnn.parameter},
    %layer2_bias1: tensor<4xf32> {spnn.name = "layer2.bias1", spnn.parameter},
    %layer2_weight2: tensor<4x4xf32> {spnn.name = "layer2.weight2", spnn.parameter},
    %layer2_bias2: tensor<4xf32> {spnn.name = "layer2.bias2", spnn.parameter},
    %adj_indptr: tensor<35xi32> {spnn.name = "adj_indptr"},
    %adj_indices: tensor<?xi32> {spnn.name = "adj_indices"},
    %x: tensor<34x16xf32> {spnn.name = "x"},
    %y: tensor<34xi32> {spnn.name = "y"},
    %train_mask: tensor<34xi1> {spnn.name = "train_mask"},
    %seed: i64 {spnn.name = "seed"}) -> (tensor<f32> {spnn.name = "loss"}, tensor<34x4xf32> {spnn.name = "logits"}) {
  %adj = spnn.assemble %adj_indptr, %adj_indices : (tensor<35xi32>, tensor<?xi32>) -> tensor<34x34xi1, #spnn.adjacency>
  %layer1_input = spnn.dropout %x seed(%seed) rate(5.000000e-01) : tensor<34x16xf32>
  // The first product commutes with the sum over neighbours: X W1 first.
  %cst = arith.constant 0.000000e+00 : f32
  %0 = tensor.empty() : tensor<34x8xf32>
  %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %layer1_transformed = linalg.matmul ins(%layer1_input, %layer1_weight1 : tensor<34x16xf32>, tensor<16x8xf32>) outs(%1 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %layer1_messages = spnn.aggregate sum %adj, %layer1_transformed : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x8xf32>) -> tensor<34x8xf32>
  // (1 + eps) X W1 + A X W1, eps a parameter that begins at 0.
  %2 = tensor.empty() : tensor<34x8xf32>
  %layer1_sum = linalg.generic {indexing_maps = [#map, #map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_transformed, %layer1_messages, %layer1_epsilon : tensor<34x8xf32>, tensor<34x8xf32>, tensor<f32>) outs(%2 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %in_7: f32, %in_8: f32, %out: f32):
    %cst_9 = arith.constant 1.000000e+00 : f32
    %17 = arith.addf %cst_9, %in_8 : f32
    %18 = arith.mulf %17, %in : f32
    %19 = arith.addf %18, %in_7 : f32
    linalg.yield %19 : f32
  } -> tensor<34x8xf32>
  // The rest of the perceptron.
  %3 = tensor.empty() : tensor<34x8xf32>
  %layer1_inner = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_sum, %layer1_bias1 : tensor<34x8xf32>, tensor<8xf32>) outs(%3 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %in_7: f32, %out: f32):
    %17 = arith.addf %in, %in_7 : f32
    linalg.yield %17 : f32
  } -> tensor<34x8xf32>
  %4 = tensor.empty() : tensor<34x8xf32>
  %layer1_inner_0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_inner : tensor<34x8xf32>) outs(%4 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %cst_7 = arith.constant 0.000000e+00 : f32
    %17 = arith.maximumf %in, %cst_7 : f32
    linalg.yield %17 : f32
  } -> tensor<34x8xf32>
  %cst_1 = arith.constant 0.000000e+00 : f32
  %5 = tensor.empty() : tensor<34x8xf32>
  %6 = linalg.fill ins(%cst_1 : f32) outs(%5 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %layer1_output = linalg.matmul ins(%layer1_inner_0, %layer1_weight2 : tensor<34x8xf32>, tensor<8x8xf32>) outs(%6 : tensor<34x8xf32>) -> tensor<34x8xf32>
  %7 = tensor.empty() : tensor<34x8xf32>
  %layer1_output_2 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_output, %layer1_bias2 : tensor<34x8xf32>, tensor<8xf32>) outs(%7 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %in_7: f32, %out: f32):
    %17 = arith.addf %in, %in_7 : f32
    linalg.yield %17 : f32
  } -> tensor<34x8xf32>
  %8 = tensor.empty() : tensor<34x8xf32>
  %layer1_hidden = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_output_2 : tensor<34x8xf32>) outs(%8 : tensor<34x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %cst_7 = arith.constant 0.000000e+00 : f32
    %17 = arith.maximumf %in, %cst_7 : f32
    linalg.yield %17 : f32
  } -> tensor<34x8xf32>

  // The second layer, in the same way, without an activation.
  %layer2_input = spnn.dropout %layer1_hidden seed(%seed) rate(5.000000e-01) stream(1) : tensor<34x8xf32>
  %cst_3 = arith.constant 0.000000e+00 : f32
  %9 = tensor.empty() : tensor<34x4xf32>
  %10 = linalg.fill ins(%cst_3 : f32) outs(%9 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_transformed = linalg.matmul ins(%layer2_input, %layer2_weight1 : tensor<34x8xf32>, tensor<8x4xf32>) outs(%10 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_messages = spnn.aggregate sum %adj, %layer2_transformed : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x4xf32>) -> tensor<34x4xf32>
  %11 = tensor.empty() : tensor<34x4xf32>
  %layer2_sum = linalg.generic {indexing_maps = [#map, #map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%layer2_transformed, %layer2_messages, %layer2_epsilon : tensor<34x4xf32>, tensor<34x4xf32>, tensor<f32>) outs(%11 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %in_7: f32, %in_8: f32, %out: f32):
    %cst_9 = arith.constant 1.000000e+00 : f32
    %17 = arith.addf %cst_9, %in_8 : f32
    %18 = arith.mulf %17, %in : f32
    %19 = arith.addf %18, %in_7 : f32
    linalg.yield %19 : f32
  } -> tensor<34x4xf32>
  %12 = tensor.empty() : tensor<34x4xf32>
  %layer2_inner = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel"]} ins(%layer2_sum, %layer2_bias1 : tensor<34x4xf32>, tensor<4xf32>) outs(%12 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %in_7: f32, %out: f32):
    %17 = arith.addf %in, %in_7 : f32
    linalg.yield %17 : f32
  } -> tensor<34x4xf32>
  %13 = tensor.empty() : tensor<34x4xf32>
  %layer2_inner_4 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer2_inner : tensor<34x4xf32>) outs(%13 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %cst_7 = arith.constant 0.000000e+00 : f32
    %17 = arith.maximumf %in, %cst_7 : f32
    linalg.yield %17 : f32
  } -> tensor<34x4xf32>
  %cst_5 = arith.constant 0.000000e+00 : f32
  %14 = tensor.empty() : tensor<34x4xf32>
  %15 = linalg.fill ins(%cst_5 : f32) outs(%14 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_output = linalg.matmul ins(%layer2_inner_4, %layer2_weight2 : tensor<34x4xf32>, tensor<4x4xf32>) outs(%15 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %16 = tensor.empty() : tensor<34x4xf32>
  %layer2_output_6 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel"]} ins(%layer2_output, %layer2_bias2 : tensor<34x4xf32>, tensor<4xf32>) outs(%16 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %in_7: f32, %out: f32):
    %17 = arith.addf %in, %in_7 : f32
    linalg.yield %17 : f32
  } -> tensor<34x4xf32>
  %loss = spnn.loss cross_entropy %layer2_output_6, %y mask(%train_mask : tensor<34xi1>) : tensor<34x4xf32>, tensor<34xi32> -> tensor<f32>
  return %loss, %layer2_output_6 : tensor<f32>, tensor<34x4xf32>
}
