// RUN: %spnn_opt --pass-pipeline='builtin.module(spnn-differentiate{function=f})' %s --split-input-file --verify-diagnostics
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-differentiate{function=f mode=train-step})' %S/Inputs/no-loss.mlir 2>&1 | FileCheck %s --check-prefix=LOSS
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-differentiate{function=f mode=backwards})' %S/Inputs/no-loss.mlir 2>&1 | FileCheck %s --check-prefix=MODE
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-differentiate{function=f wrt=nobody})' %S/Inputs/no-loss.mlir 2>&1 | FileCheck %s --check-prefix=WRT
// RUN: not %spnn_opt --pass-pipeline='builtin.module(spnn-differentiate{function=f wrt=n})' %S/Inputs/no-loss.mlir 2>&1 | FileCheck %s --check-prefix=INTEGERS

// LOSS: error: cannot be trained: its first result must be the loss, a tensor of rank 0
// MODE: error: spnn-differentiate has the modes gradients, split and train-step, not 'backwards'
// WRT: error: has no argument 'nobody', which the option wrt asks for
// INTEGERS: error: argument 'n' has no gradient: it must be a dense tensor of floats, got 'tensor<4xi32>'

// expected-error @below {{has no function '@f' that spnn-differentiate could differentiate}}
module {
  func.func @g() { return }
}

// -----

func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %shape = arith.constant dense<4> : tensor<1xi32>
  // expected-error @below {{cannot be differentiated, and stands between an argument whose gradient is asked for and a result of '@f_gradients'}}
  %y = tensor.reshape %x(%shape) : (tensor<4xf32>, tensor<1xi32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{calls have to be inlined first, by --inline}}
  %y = call @g(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
func.func private @g(tensor<4xf32>) -> tensor<4xf32>

// -----

func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    // expected-error @below {{cannot be differentiated: spnn-differentiate does not know its derivative}}
    %r = math.acosh %in : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @f(%x: tensor<4xf32>, %i: tensor<f32>) -> tensor<1xf32> {
  %e = tensor.empty() : tensor<1xf32>
  // expected-error @below {{it reduces by something other than a sum, a maximum or a minimum}}
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (0)>], iterator_types = ["reduction"]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<1xf32>) {
  ^bb0(%in: f32, %out: f32):
    %r = arith.mulf %in, %out : f32
    linalg.yield %r : f32
  } -> tensor<1xf32>
  return %y : tensor<1xf32>
}

// -----

func.func @f(%x: tensor<6xf32>, %w: tensor<3xf32>, %i: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{operand 0 is not accessed by a projected permutation of the loops, but by affine_map<(d0, d1) -> (d0 + d1)>}}
  %y = linalg.generic {indexing_maps = [affine_map<(i, k) -> (i + k)>, affine_map<(i, k) -> (k)>, affine_map<(i, k) -> (i)>],
                       iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : tensor<6xf32>, tensor<3xf32>) outs(%i : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %out, %p : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @f(%x: tensor<3x2xf32>, %t: tensor<3x2xf32>) -> tensor<f32> {
  // expected-error @below {{cannot be differentiated with respect to its targets}}
  %l = spnn.loss mean_squared %x, %t : tensor<3x2xf32>, tensor<3x2xf32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

func.func @f(%x: tensor<2x8xf32>, %r: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %a = spnn.constant {positions = dense<[0, 2, 3]> : tensor<3xi32>, indices = dense<[0, 1, 1]> : tensor<3xi32>}
      : tensor<2x2xi1, #spnn.adjacency>
  // expected-error @below {{cannot be differentiated through logsumexp or coefficients, only through its result}}
  %o, %lse = spnn.graph_attention gat %a, %x, %r, %r heads(2)
      : (tensor<2x2xi1, #spnn.adjacency>, tensor<2x8xf32>, tensor<2x2xf32>, tensor<2x2xf32>)
      -> (tensor<2x8xf32>, tensor<2x2xf32>)
  return %lse : tensor<2x2xf32>
}

// -----

func.func @f(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @below {{cannot be differentiated, and stands between}}
  %y = spnn.prune %x method(magnitude) pattern(<unstructured, 0.5>) : tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// expected-error @below {{has no argument with 'spnn.parameter', and none that is a dense tensor of floats}}
func.func @f(%n: tensor<4xi32>) -> tensor<4xi32> {
  return %n : tensor<4xi32>
}

// -----

// expected-error @below {{argument 'in0' is no parameter that can be trained: it must be a dense tensor of floats, got 'tensor<4xi32>'}}
func.func @f(%n: tensor<4xi32> {spnn.parameter}) -> tensor<4xi32> {
  return %n : tensor<4xi32>
}

// -----

func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
// expected-error @below {{has the name that spnn-differentiate needs for its result: '@f_gradients'}}
func.func private @f_gradients()
