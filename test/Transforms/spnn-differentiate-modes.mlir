// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-differentiate{mode=split})' %s | FileCheck %s --check-prefix=SPLIT
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-differentiate{mode=train-step rate=0.5 weight-decay=0.25})' %s | FileCheck %s --check-prefix=ADAM
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-differentiate{mode=train-step optimizer=sgd rate=0.5 momentum=0.75})' %s | FileCheck %s --check-prefix=SGD
// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-differentiate{wrt=x,b})' %s | FileCheck %s --check-prefix=WRT

// The forward half returns what is kept, the backward half takes it, beside the arguments that it reads.
// SPLIT-LABEL: func.func @loss_forward
// SPLIT-SAME: -> (tensor<f32> {spnn.name = "loss"}, tensor<3x2xf32> {spnn.name = "logits"}, tensor<3x2xf32> {spnn.name = "saved:0"})
// SPLIT-NOT: spnn.save
// SPLIT: %[[Y:.*]] = math.tanh
// SPLIT: %[[L:.*]] = spnn.loss cross_entropy %[[Y]]
// SPLIT-NOT: backward
// SPLIT: return %[[L]], %[[Y]], %[[Y]]
// SPLIT-LABEL: func.func @loss_backward
// SPLIT-SAME: (%{{.*}}: tensor<3x4xf32> {spnn.name = "x"}, %[[T:.*]]: tensor<3xi32> {spnn.name = "t"}, %[[S:.*]]: tensor<3x2xf32> {spnn.name = "saved:0"})
// SPLIT-SAME: -> (tensor<4x2xf32> {spnn.name = "grad:w"}, tensor<2xf32> {spnn.name = "grad:b"})
// SPLIT-NOT: math.tanh
// SPLIT: spnn.loss_backward cross_entropy %[[S]], %[[T]]

// The loss stays, for who wants it; a train step takes parameters and their states, and says what they become.
// ADAM: func.func private @loss
// ADAM-LABEL: func.func @train_step
// ADAM-SAME: (%[[W:.*]]: tensor<4x2xf32> {spnn.name = "w", spnn.parameter, spnn.weight_decay = 1.250000e-01 : f64}, %[[B:.*]]: tensor<2xf32> {spnn.name = "b", spnn.parameter},
// ADAM-SAME: %[[WM:.*]]: tensor<4x2xf32> {spnn.name = "w.mean"}, %[[WV:.*]]: tensor<4x2xf32> {spnn.name = "w.variance"}, %[[BM:.*]]: tensor<2xf32> {spnn.name = "b.mean"}, %[[BV:.*]]: tensor<2xf32> {spnn.name = "b.variance"},
// ADAM-SAME: %[[STEP:.*]]: i64 {spnn.name = "step"}, %{{.*}}: tensor<3x4xf32> {spnn.name = "x"}, %{{.*}}: tensor<3xi32> {spnn.name = "t"})
// ADAM-SAME: -> (tensor<f32> {spnn.name = "loss"}, tensor<3x2xf32> {spnn.name = "logits"}, tensor<4x2xf32> {spnn.name = "next:w"}, tensor<2xf32> {spnn.name = "next:b"},
// ADAM-SAME: tensor<4x2xf32> {spnn.name = "next:w.mean"}, tensor<4x2xf32> {spnn.name = "next:w.variance"}, tensor<2xf32> {spnn.name = "next:b.mean"}, tensor<2xf32> {spnn.name = "next:b.variance"})
// The parameter's own weight decay goes before that of the option.
// ADAM: %[[NW:.*]], %[[NWM:.*]], %[[NWV:.*]] = spnn.adam %[[W]], %{{.*}}, %[[WM]], %[[WV]] step(%[[STEP]]) rate(5.000000e-01) {weight_decay = 1.250000e-01 : f64}
// ADAM: %[[NB:.*]], %[[NBM:.*]], %[[NBV:.*]] = spnn.adam %[[B]], %{{.*}}, %[[BM]], %[[BV]] step(%[[STEP]]) rate(5.000000e-01) {weight_decay = 2.500000e-01 : f64}
// ADAM: return %{{.*}}, %{{.*}}, %[[NW]], %[[NB]], %[[NWM]], %[[NWV]], %[[NBM]], %[[NBV]]

// SGD-LABEL: func.func @train_step
// SGD-SAME: {spnn.name = "w.velocity"}
// SGD-NOT: "step"
// SGD: spnn.sgd %{{.*}}, %{{.*}}, %{{.*}} rate(5.000000e-01) {momentum = 7.500000e-01 : f64, weight_decay = 1.250000e-01 : f64}

// The option asks for arguments by name, parameters or not, and returns them in the order of the function.
// WRT-LABEL: func.func @loss_gradients
// WRT-SAME: tensor<3x2xf32> {spnn.name = "logits"}, tensor<2xf32> {spnn.name = "grad:b"}, tensor<3x4xf32> {spnn.name = "grad:x"})
func.func @loss(%w: tensor<4x2xf32> {spnn.parameter, spnn.name = "w", spnn.weight_decay = 0.125 : f64},
                %b: tensor<2xf32> {spnn.parameter, spnn.name = "b"}, %x: tensor<3x4xf32> {spnn.name = "x"},
                %t: tensor<3xi32> {spnn.name = "t"})
    -> (tensor<f32> {spnn.name = "loss"}, tensor<3x2xf32> {spnn.name = "logits"}) {
  %p = spnn.matmul %x, %w bias(%b : tensor<2xf32>) {bias_axis = 1 : i64}
      : (tensor<3x4xf32>, tensor<4x2xf32>) -> tensor<3x2xf32>
  %y = math.tanh %p : tensor<3x2xf32>
  %l = spnn.loss cross_entropy %y, %t : tensor<3x2xf32>, tensor<3xi32> -> tensor<f32>
  return %l, %y : tensor<f32>, tensor<3x2xf32>
}
