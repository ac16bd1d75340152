//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A graph attention network of the second kind (Brody et al., arXiv:2105.14491), which scores after the nonlinearity.
//
// 34 nodes with 16 features, two layers, 4 classes. The graph is given when the model runs: by its rows in compressed form,
// each listing from whom a node hears, itself among them.
//
//===----------------------------------------------------------------------===//

#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> (d1)>

// What is used: no dropout.
func.func @predict(
    %layer1_weight_target: tensor<16x16xf32> {spnn.name = "layer1.weight_target", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_weight_source: tensor<16x16xf32> {spnn.name = "layer1.weight_source", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_attention: tensor<2x8xf32> {spnn.name = "layer1.attention", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_bias: tensor<16xf32> {spnn.name = "layer1.bias", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_weight_target: tensor<16x4xf32> {spnn.name = "layer2.weight_target", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_weight_source: tensor<16x4xf32> {spnn.name = "layer2.weight_source", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_attention: tensor<1x4xf32> {spnn.name = "layer2.attention", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_bias: tensor<4xf32> {spnn.name = "layer2.bias", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %adj_self_indptr: tensor<35xi32> {spnn.name = "adj_self_indptr"},
    %adj_self_indices: tensor<?xi32> {spnn.name = "adj_self_indices"},
    %x: tensor<34x16xf32> {spnn.name = "x"}) -> (tensor<34x4xf32> {spnn.name = "logits"}) {
  %adj_self = spnn.assemble %adj_self_indptr, %adj_self_indices : (tensor<35xi32>, tensor<?xi32>) -> tensor<34x34xi1, #spnn.adjacency>
  // Features of who hears.
  %cst = arith.constant 0.000000e+00 : f32
  %0 = tensor.empty() : tensor<34x16xf32>
  %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<34x16xf32>) -> tensor<34x16xf32>
  %layer1_target = linalg.matmul ins(%x, %layer1_weight_target : tensor<34x16xf32>, tensor<16x16xf32>) outs(%1 : tensor<34x16xf32>) -> tensor<34x16xf32>
  // Features of who speaks; they are also what is summed.
  %cst_0 = arith.constant 0.000000e+00 : f32
  %2 = tensor.empty() : tensor<34x16xf32>
  %3 = linalg.fill ins(%cst_0 : f32) outs(%2 : tensor<34x16xf32>) -> tensor<34x16xf32>
  %layer1_source = linalg.matmul ins(%x, %layer1_weight_source : tensor<34x16xf32>, tensor<16x16xf32>) outs(%3 : tensor<34x16xf32>) -> tensor<34x16xf32>
  // The attention vectors of all heads, one behind the other.
  %layer1_attention_1 = tensor.collapse_shape %layer1_attention [[0, 1]] : tensor<2x8xf32> into tensor<16xf32>
  // softmax over the neighbours of a . leakyrelu(target + source).
  %layer1_messages, %layer1_messages_2 = spnn.graph_attention gatv2 %adj_self, %layer1_source, %layer1_target, %layer1_source attention(%layer1_attention_1 : tensor<16xf32>) heads(2) : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x16xf32>, tensor<34x16xf32>, tensor<34x16xf32>) -> (tensor<34x16xf32>, tensor<34x2xf32>)
  %4 = tensor.empty() : tensor<34x16xf32>
  %layer1_output = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_messages, %layer1_bias : tensor<34x16xf32>, tensor<16xf32>) outs(%4 : tensor<34x16xf32>) {
  ^bb0(%in: f32, %in_7: f32, %out: f32):
    %11 = arith.addf %in, %in_7 : f32
    linalg.yield %11 : f32
  } -> tensor<34x16xf32>
  %5 = tensor.empty() : tensor<34x16xf32>
  %layer1_hidden = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_output : tensor<34x16xf32>) outs(%5 : tensor<34x16xf32>) {
  ^bb0(%in: f32, %out: f32):
    %cst_7 = arith.constant 0.000000e+00 : f32
    %11 = arith.cmpf olt, %in, %cst_7 : f32
    %12 = math.expm1 %in : f32
    %13 = arith.select %11, %12, %in : f32
    linalg.yield %13 : f32
  } -> tensor<34x16xf32>

  // The second layer, in the same way, without an activation.
  %cst_3 = arith.constant 0.000000e+00 : f32
  %6 = tensor.empty() : tensor<34x4xf32>
  %7 = linalg.fill ins(%cst_3 : f32) outs(%6 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_target = linalg.matmul ins(%layer1_hidden, %layer2_weight_target : tensor<34x16xf32>, tensor<16x4xf32>) outs(%7 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %cst_4 = arith.constant 0.000000e+00 : f32
  %8 = tensor.empty() : tensor<34x4xf32>
  %9 = linalg.fill ins(%cst_4 : f32) outs(%8 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_source = linalg.matmul ins(%layer1_hidden, %layer2_weight_source : tensor<34x16xf32>, tensor<16x4xf32>) outs(%9 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_attention_5 = tensor.collapse_shape %layer2_attention [[0, 1]] : tensor<1x4xf32> into tensor<4xf32>
  %layer2_messages, %layer2_messages_6 = spnn.graph_attention gatv2 %adj_self, %layer2_source, %layer2_target, %layer2_source attention(%layer2_attention_5 : tensor<4xf32>) heads(1) : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x4xf32>, tensor<34x4xf32>, tensor<34x4xf32>) -> (tensor<34x4xf32>, tensor<34x1xf32>)
  %10 = tensor.empty() : tensor<34x4xf32>
  %layer2_output = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%layer2_messages, %layer2_bias : tensor<34x4xf32>, tensor<4xf32>) outs(%10 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %in_7: f32, %out: f32):
    %11 = arith.addf %in, %in_7 : f32
    linalg.yield %11 : f32
  } -> tensor<34x4xf32>
  return %layer2_output : tensor<34x4xf32>
}

// What is trained: dropout by a seed, and the mean cross-entropy over the nodes of a mask.
func.func @loss(
    %layer1_weight_target: tensor<16x16xf32> {spnn.name = "layer1.weight_target", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_weight_source: tensor<16x16xf32> {spnn.name = "layer1.weight_source", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_attention: tensor<2x8xf32> {spnn.name = "layer1.attention", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer1_bias: tensor<16xf32> {spnn.name = "layer1.bias", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_weight_target: tensor<16x4xf32> {spnn.name = "layer2.weight_target", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_weight_source: tensor<16x4xf32> {spnn.name = "layer2.weight_source", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_attention: tensor<1x4xf32> {spnn.name = "layer2.attention", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %layer2_bias: tensor<4xf32> {spnn.name = "layer2.bias", spnn.parameter, spnn.weight_decay = 5.000000e-04 : f64},
    %adj_self_indptr: tensor<35xi32> {spnn.name = "adj_self_indptr"},
    %adj_self_indices: tensor<?xi32> {spnn.name = "adj_self_indices"},
    %x: tensor<34x16xf32> {spnn.name = "x"},
    %y: tensor<34xi32> {spnn.name = "y"},
    %train_mask: tensor<34xi1> {spnn.name = "train_mask"},
    %seed: i64 {spnn.name = "seed"}) -> (tensor<f32> {spnn.name = "loss"}, tensor<34x4xf32> {spnn.name = "logits"}) {
  %adj_self = spnn.assemble %adj_self_indptr, %adj_self_indices : (tensor<35xi32>, tensor<?xi32>) -> tensor<34x34xi1, #spnn.adjacency>
  %layer1_input = spnn.dropout %x seed(%seed) rate(5.000000e-01) : tensor<34x16xf32>
  // Features of who hears.
  %cst = arith.constant 0.000000e+00 : f32
  %0 = tensor.empty() : tensor<34x16xf32>
  %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<34x16xf32>) -> tensor<34x16xf32>
  %layer1_target = linalg.matmul ins(%layer1_input, %layer1_weight_target : tensor<34x16xf32>, tensor<16x16xf32>) outs(%1 : tensor<34x16xf32>) -> tensor<34x16xf32>
  // Features of who speaks; they are also what is summed.
  %cst_0 = arith.constant 0.000000e+00 : f32
  %2 = tensor.empty() : tensor<34x16xf32>
  %3 = linalg.fill ins(%cst_0 : f32) outs(%2 : tensor<34x16xf32>) -> tensor<34x16xf32>
  %layer1_source = linalg.matmul ins(%layer1_input, %layer1_weight_source : tensor<34x16xf32>, tensor<16x16xf32>) outs(%3 : tensor<34x16xf32>) -> tensor<34x16xf32>
  // The attention vectors of all heads, one behind the other.
  %layer1_attention_1 = tensor.collapse_shape %layer1_attention [[0, 1]] : tensor<2x8xf32> into tensor<16xf32>
  // softmax over the neighbours of a . leakyrelu(target + source).
  %layer1_messages, %layer1_messages_2 = spnn.graph_attention gatv2 %adj_self, %layer1_source, %layer1_target, %layer1_source attention(%layer1_attention_1 : tensor<16xf32>) seed(%seed) heads(2) rate(6.000000e-01) stream(1) : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x16xf32>, tensor<34x16xf32>, tensor<34x16xf32>) -> (tensor<34x16xf32>, tensor<34x2xf32>)
  %4 = tensor.empty() : tensor<34x16xf32>
  %layer1_output = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_messages, %layer1_bias : tensor<34x16xf32>, tensor<16xf32>) outs(%4 : tensor<34x16xf32>) {
  ^bb0(%in: f32, %in_7: f32, %out: f32):
    %11 = arith.addf %in, %in_7 : f32
    linalg.yield %11 : f32
  } -> tensor<34x16xf32>
  %5 = tensor.empty() : tensor<34x16xf32>
  %layer1_hidden = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%layer1_output : tensor<34x16xf32>) outs(%5 : tensor<34x16xf32>) {
  ^bb0(%in: f32, %out: f32):
    %cst_7 = arith.constant 0.000000e+00 : f32
    %11 = arith.cmpf olt, %in, %cst_7 : f32
    %12 = math.expm1 %in : f32
    %13 = arith.select %11, %12, %in : f32
    linalg.yield %13 : f32
  } -> tensor<34x16xf32>

  // The second layer, in the same way, without an activation.
  %layer2_input = spnn.dropout %layer1_hidden seed(%seed) rate(5.000000e-01) stream(2) : tensor<34x16xf32>
  %cst_3 = arith.constant 0.000000e+00 : f32
  %6 = tensor.empty() : tensor<34x4xf32>
  %7 = linalg.fill ins(%cst_3 : f32) outs(%6 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_target = linalg.matmul ins(%layer2_input, %layer2_weight_target : tensor<34x16xf32>, tensor<16x4xf32>) outs(%7 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %cst_4 = arith.constant 0.000000e+00 : f32
  %8 = tensor.empty() : tensor<34x4xf32>
  %9 = linalg.fill ins(%cst_4 : f32) outs(%8 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_source = linalg.matmul ins(%layer2_input, %layer2_weight_source : tensor<34x16xf32>, tensor<16x4xf32>) outs(%9 : tensor<34x4xf32>) -> tensor<34x4xf32>
  %layer2_attention_5 = tensor.collapse_shape %layer2_attention [[0, 1]] : tensor<1x4xf32> into tensor<4xf32>
  %layer2_messages, %layer2_messages_6 = spnn.graph_attention gatv2 %adj_self, %layer2_source, %layer2_target, %layer2_source attention(%layer2_attention_5 : tensor<4xf32>) seed(%seed) heads(1) rate(6.000000e-01) stream(3) : (tensor<34x34xi1, #spnn.adjacency>, tensor<34x4xf32>, tensor<34x4xf32>, tensor<34x4xf32>) -> (tensor<34x4xf32>, tensor<34x1xf32>)
  %10 = tensor.empty() : tensor<34x4xf32>
  %layer2_output = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%layer2_messages, %layer2_bias : tensor<34x4xf32>, tensor<4xf32>) outs(%10 : tensor<34x4xf32>) {
  ^bb0(%in: f32, %in_7: f32, %out: f32):
    %11 = arith.addf %in, %in_7 : f32
    linalg.yield %11 : f32
  } -> tensor<34x4xf32>
  %loss = spnn.loss cross_entropy %layer2_output, %y mask(%train_mask : tensor<34xi1>) : tensor<34x4xf32>, tensor<34xi32> -> tensor<f32>
  return %loss, %layer2_output : tensor<f32>, tensor<34x4xf32>
}
