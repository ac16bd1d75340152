//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A graph attention network (Velickovic et al., arXiv:1710.10903): 2 heads of 8 features, then 1 head of a feature a class.
//
// 34 nodes with 16 features, two layers, 4 classes. The graph is given when the model runs: by its rows in compressed form,
// each listing from whom a node hears, itself among them.
//
//===----------------------------------------------------------------------===//

#map = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map1 = affine_map<(d0, d1, d2) -> (d1, d2)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map3 = affine_map<(d0, d1) -> (d0, d1)>
#map4 = affine_map<(d0, d1) -> (d1)>

// What is used: no dropout.
func.func @predict(
    %layer1_weight: tensor<16x16xf32> {spnn.name = "layer1.weight", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_attention_target: tensor<2x8xf32> {spnn.name = "layer1.attention_target", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_attention_source: tensor<2x8xf32> {spnn.name = "layer1.attention_source", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_bias: tensor<16xf32> {spnn.name = "layer1.bias", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_weight: tensor<16x4xf32> {spnn.name = "layer2.weight", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_attention_target: tensor<1x4xf32> {spnn.name = "layer2.attention_target", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_attention_source: tensor<1x4xf32> {spnn.name = "layer2.attention_source", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_bias: tensor<4xf32> {spnn.name = "layer2.bias", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %adj_self_indptr: tensor<35xi32> {spnn.name = "adj_self_indptr"},
    %adj_self_indices: tensor<?xi32> {spnn.name = "adj_self_indices"},
    %x: tensor<34x16xf32> {spnn.name = "x"}) -> (tensor<34x4xf32> {spnn.name = "logits"}) {
  %adj_self = spnn.assemble %adj_self_indptr, %adj_self_indices : (tensor<35xi32>, tensor<?xi32>) -> tensor<34x34xi1, #spnn.adjacency>
  // All heads at once: head h owns the columns h * 8 to h * 8 + 7.
  %cst = arith.constant 0.000000e+00 : f32
  %0 = tensor.empty() : tensor<34x16xf32>
  %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<34x16xf32>) -> tensor<34x16xf32>
  %layer1_transformed = linalg.matmul ins(%x, %layer1_weight : tensor<34x16xf32>, tensor<16x16xf32>) outs(%1 : tensor<34x16xf32>) -> tensor<34x16xf32>
  // A score for who hears: the dot product of each head with its half of the attention vector.
  %layer1_target = tensor.expand_shape %layer1_transformed [[0], [1, 2]] output_shape [34, 2, 8] : tensor<34x16xf32> into tensor<34x2x8xf32>
  %cst_0 = arith.constant 0.000000e+00 : f32
  %2 = tensor.empty() : tensor<34x2xf32>
  %3 = linalg.fill ins(%cst_0 : f32) outs(%2 : tensor<34x2xf32>) -> tensor<34x2xf32>
  %layer1_target_1 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%layer1_target, %layer1_attention_target : tensor<34x2x8xf32>, tensor<2x8xf32>) outs(%3 : tensor<34x2xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %15 = arith.mulf %in, %in_11 : f32
    %16 = arith.addf %out, %15 : f32
    linalg.yield %16 : f32
  } -> tensor<34x2xf32>
  // A score for who speaks.
  %layer1_source = tensor.expand_shape %layer1_transformed [[0], [1, 2]] output_shape [34, 2, 8] : tensor<34x16xf32> into tensor<34x2x8xf32>
  %cst_2 = arith.constant 0.000000e+00 : f32
  %4 = tensor.empty() : tensor<34x2xf32>
  %5 = linalg.fill ins(%cst_2 : f32) outs(%4 : tensor<34x2xf32>) -> tensor<34x2xf32>
  %layer1_source_3 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%layer1_source, %layer1_attention_source : tensor<34x2x8xf32>, tensor<2x8xf32>) outs(%5 : tensor<34x2xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %15 = arith.mulf %in, %in_11 : f32
    %16 = arith.addf %out, %15 : f32
    linalg.yield %16 : f32
  } -> tensor<34x2xf32>
  // softmax over the neighbours of leakyrelu(target + source), and the sum weighted by it: nothing is stored for an edge.
  %layer1_messages, %layer1_messages_4 = spnn.graph_attention gat %adj_self, %layer1_transformed, %layer1_target_1, %layer1_source_3 heads(2) : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x16xf32>, tensor<34x2xf32>, tensor<34x2xf32>) -> (tensor<34x16xf32>, tensor<34x2xf32>)
  %6 = tensor.empty() : tensor<34x16xf32>
  %layer1_output = linalg.generic {indexing_maps = [#map3, #map4, #map3], iterator_types = ["parallel", "parallel"]} ins(%layer1_messages, %layer1_bias : tensor<34x16xf32>, tensor<16xf32>) outs(%6 : tensor<34x16xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %15 = arith.addf %in, %in_11 : f32
    linalg.yield %15 : f32
  } -> tensor<34x16xf32>
  %7 = tensor.empty() : tensor<34x16xf32>
  %layer1_hidden = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%layer1_output : tensor<34x16xf32>) outs(%7 : tensor<34x16xf32>) {
  ^bb0(%in: f32, %out: f32):
    %cst_11 = arith.constant 0.000000e+00 : f32
    %15 = arith.cmpf olt, %in, %cst_11 : f32
    %16 = math.expm1 %in : f32
    %17 = arith.select %15, %16, %in : f32
    linalg.yield %17 : f32
  } -> tensor<34x16xf32>

  // The second layer, in the same way, without an activation.
  %cst_5 = arith.constant 0.000000e+00 : f32
  %8 = tensor.empty() : tensor<34x4xf32>
  %9 = linalg.fill ins(%cst_5 : f32) outs(%8 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_transformed = linalg.matmul ins(%layer1_hidden, %layer2_weight : tensor<34x16xf32>, tensor<16x4xf32>) outs(%9 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_target = tensor.expand_shape %layer2_transformed [[0], [1, 2]] output_shape [34, 1, 4] : tensor<34x4xf32> into tensor<34x1x4xf32>
  %cst_6 = arith.constant 0.000000e+00 : f32
  %10 = tensor.empty() : tensor<34x1xf32>
  %11 = linalg.fill ins(%cst_6 : f32) outs(%10 : tensor<34x1xf32>) -> tensor<34x1xf32>
  %layer2_target_7 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%layer2_target, %layer2_attention_target : tensor<34x1x4xf32>, tensor<1x4xf32>) outs(%11 : tensor<34x1xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %15 = arith.mulf %in, %in_11 : f32
    %16 = arith.addf %out, %15 : f32
    linalg.yield %16 : f32
  } -> tensor<34x1xf32>
  %layer2_source = tensor.expand_shape %layer2_transformed [[0], [1, 2]] output_shape [34, 1, 4] : tensor<34x4xf32> into tensor<34x1x4xf32>
  %cst_8 = arith.constant 0.000000e+00 : f32
  %12 = tensor.empty() : tensor<34x1xf32>
  %13 = linalg.fill ins(%cst_8 : f32) outs(%12 : tensor<34x1xf32>) -> tensor<34x1xf32>
  %layer2_source_9 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%layer2_source, %layer2_attention_source : tensor<34x1x4xf32>, tensor<1x4xf32>) outs(%13 : tensor<34x1xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %15 = arith.mulf %in, %in_11 : f32
    %16 = arith.addf %out, %15 : f32
    linalg.yield %16 : f32
  } -> tensor<34x1xf32>
  %layer2_messages, %layer2_messages_10 = spnn.graph_attention gat %adj_self, %layer2_transformed, %layer2_target_7, %layer2_source_9 heads(1) : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x4xf32>, tensor<34x1xf32>, tensor<34x1xf32>) -> (tensor<34x4xf32>, tensor<34x1xf32>)
  %14 = tensor.empty() : tensor<34x4xf32>
  %layer2_output = linalg.generic {indexing_maps = [#map3, #map4, #map3], iterator_types = ["parallel", "parallel"]} ins(%layer2_messages, %layer2_bias : tensor<34x4xf32>, tensor<4xf32>) outs(%14 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %15 = arith.addf %in, %in_11 : f32
    linalg.yield %15 : f32
  } -> tensor<34x4xf32>
  return %layer2_output : tensor<34x4xf32>
}

// What is trained: dropout by a seed, and the mean cross-entropy over the nodes of a mask.
func.func @loss(
    %layer1_weight: tensor<16x16xf32> {spnn.name = "layer1.weight", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_attention_target: tensor<2x8xf32> {spnn.name = "layer1.attention_target", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_attention_source: tensor<2x8xf32> {spnn.name = "layer1.attention_source", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_bias: tensor<16xf32> {spnn.name = "layer1.bias", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_weight: tensor<16x4xf32> {spnn.name = "layer2.weight", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_attention_target: tensor<1x4xf32> {spnn.name = "layer2.attention_target", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_attention_source: tensor<1x4xf32> {spnn.name = "layer2.attention_source", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_bias: tensor<4xf32> {spnn.name = "layer2.bias", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %adj_self_indptr: tensor<35xi32> {spnn.name = "adj_self_indptr"},
    %adj_self_indices: tensor<?xi32> {spnn.name = "adj_self_indices"},
    %x: tensor<34x16xf32> {spnn.name = "x"},
    %y: tensor<34xi32> {spnn.name = "y"},
    %train_mask: tensor<34xi1> {spnn.name = "train_mask"},
    %seed: i64 {spnn.name = "seed"}) -> (tensor<f32> {spnn.name = "loss"}, tensor<34x4xf32> {spnn.name = "logits"}) {
  %adj_self = spnn.assemble %adj_self_indptr, %adj_self_indices : (tensor<35xi32>, tensor<?xi32>) -> tensor<34x34xi1, #spnn.adjacency>
  %layer1_input = spnn.dropout %x seed(%seed) rate(5.000000e-01) : tensor<34x16xf32>
  // All heads at once: head h owns the columns h * 8 to h * 8 + 7.
  %cst = arith.constant 0.000000e+00 : f32
  %0 = tensor.empty() : tensor<34x16xf32>
  %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<34x16xf32>) -> tensor<34x16xf32>
  %layer1_transformed = linalg.matmul ins(%layer1_input, %layer1_weight : tensor<34x16xf32>, tensor<16x16xf32>) outs(%1 : tensor<34x16xf32>) -> tensor<34x16xf32>
  // A score for who hears: the dot product of each head with its half of the attention vector.
  %layer1_target = tensor.expand_shape %layer1_transformed [[0], [1, 2]] output_shape [34, 2, 8] : tensor<34x16xf32> into tensor<34x2x8xf32>
  %cst_0 = arith.constant 0.000000e+00 : f32
  %2 = tensor.empty() : tensor<34x2xf32>
  %3 = linalg.fill ins(%cst_0 : f32) outs(%2 : tensor<34x2xf32>) -> tensor<34x2xf32>
  %layer1_target_1 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%layer1_target, %layer1_attention_target : tensor<34x2x8xf32>, tensor<2x8xf32>) outs(%3 : tensor<34x2xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %15 = arith.mulf %in, %in_11 : f32
    %16 = arith.addf %out, %15 : f32
    linalg.yield %16 : f32
  } -> tensor<34x2xf32>
  // A score for who speaks.
  %layer1_source = tensor.expand_shape %layer1_transformed [[0], [1, 2]] output_shape [34, 2, 8] : tensor<34x16xf32> into tensor<34x2x8xf32>
  %cst_2 = arith.constant 0.000000e+00 : f32
  %4 = tensor.empty() : tensor<34x2xf32>
  %5 = linalg.fill ins(%cst_2 : f32) outs(%4 : tensor<34x2xf32>) -> tensor<34x2xf32>
  %layer1_source_3 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%layer1_source, %layer1_attention_source : tensor<34x2x8xf32>, tensor<2x8xf32>) outs(%5 : tensor<34x2xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %15 = arith.mulf %in, %in_11 : f32
    %16 = arith.addf %out, %15 : f32
    linalg.yield %16 : f32
  } -> tensor<34x2xf32>
  // softmax over the neighbours of leakyrelu(target + source), and the sum weighted by it: nothing is stored for an edge.
  %layer1_messages, %layer1_messages_4 = spnn.graph_attention gat %adj_self, %layer1_transformed, %layer1_target_1, %layer1_source_3 seed(%seed) heads(2) rate(6.000000e-01) stream(1) : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x16xf32>, tensor<34x2xf32>, tensor<34x2xf32>) -> (tensor<34x16xf32>, tensor<34x2xf32>)
  %6 = tensor.empty() : tensor<34x16xf32>
  %layer1_output = linalg.generic {indexing_maps = [#map3, #map4, #map3], iterator_types = ["parallel", "parallel"]} ins(%layer1_messages, %layer1_bias : tensor<34x16xf32>, tensor<16xf32>) outs(%6 : tensor<34x16xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %15 = arith.addf %in, %in_11 : f32
    linalg.yield %15 : f32
  } -> tensor<34x16xf32>
  %7 = tensor.empty() : tensor<34x16xf32>
  %layer1_hidden = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel"]} ins(%layer1_output : tensor<34x16xf32>) outs(%7 : tensor<34x16xf32>) {
  ^bb0(%in: f32, %out: f32):
    %cst_11 = arith.constant 0.000000e+00 : f32
    %15 = arith.cmpf olt, %in, %cst_11 : f32
    %16 = math.expm1 %in : f32
    %17 = arith.select %15, %16, %in : f32
    linalg.yield %17 : f32
  } -> tensor<34x16xf32>

  // The second layer, in the same way, without an activation.
  %layer2_input = spnn.dropout %layer1_hidden seed(%seed) rate(5.000000e-01) stream(2) : tensor<34x16xf32>
  %cst_5 = arith.constant 0.000000e+00 : f32
  %8 = tensor.empty() : tensor<34x4xf32>
  %9 = linalg.fill ins(%cst_5 : f32) outs(%8 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_transformed = linalg.matmul ins(%layer2_input, %layer2_weight : tensor<34x16xf32>, tensor<16x4xf32>) outs(%9 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_target = tensor.expand_shape %layer2_transformed [[0], [1, 2]] output_shape [34, 1, 4] : tensor<34x4xf32> into tensor<34x1x4xf32>
  %cst_6 = arith.constant 0.000000e+00 : f32
  %10 = tensor.empty() : tensor<34x1xf32>
  %11 = linalg.fill ins(%cst_6 : f32) outs(%10 : tensor<34x1xf32>) -> tensor<34x1xf32>
  %layer2_target_7 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%layer2_target, %layer2_attention_target : tensor<34x1x4xf32>, tensor<1x4xf32>) outs(%11 : tensor<34x1xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %15 = arith.mulf %in, %in_11 : f32
    %16 = arith.addf %out, %15 : f32
    linalg.yield %16 : f32
  } -> tensor<34x1xf32>
  %layer2_source = tensor.expand_shape %layer2_transformed [[0], [1, 2]] output_shape [34, 1, 4] : tensor<34x4xf32> into tensor<34x1x4xf32>
  %cst_8 = arith.constant 0.000000e+00 : f32
  %12 = tensor.empty() : tensor<34x1xf32>
  %13 = linalg.fill ins(%cst_8 : f32) outs(%12 : tensor<34x1xf32>) -> tensor<34x1xf32>
  %layer2_source_9 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%layer2_source, %layer2_attention_source : tensor<34x1x4xf32>, tensor<1x4xf32>) outs(%13 : tensor<34x1xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %15 = arith.mulf %in, %in_11 : f32
    %16 = arith.addf %out, %15 : f32
    linalg.yield %16 : f32
  } -> tensor<34x1xf32>
  %layer2_messages, %layer2_messages_10 = spnn.graph_attention gat %adj_self, %layer2_transformed, %layer2_target_7, %layer2_source_9 seed(%seed) heads(1) rate(6.000000e-01) stream(3) : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x4xf32>, tensor<34x1xf32>, tensor<34x1xf32>) -> (tensor<34x4xf32>, tensor<34x1xf32>)
  %14 = tensor.empty() : tensor<34x4xf32>
  %layer2_output = linalg.generic {indexing_maps = [#map3, #map4, #map3], iterator_types = ["parallel", "parallel"]} ins(%layer2_messages, %layer2_bias : tensor<34x4xf32>, tensor<4xf32>) outs(%14 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %in_11: f32, %out: f32):
    %15 = arith.addf %in, %in_11 : f32
    linalg.yield %15 : f32
  } -> tensor<34x4xf32>
  %loss = spnn.loss cross_entropy %layer2_output, %y mask(%train_mask : tensor<34xi1>) : tensor<34x4xf32>, tensor<34xi32> -> tensor<f32>
  return %loss, %layer2_output : tensor<f32>, tensor<34x4xf32>
}
