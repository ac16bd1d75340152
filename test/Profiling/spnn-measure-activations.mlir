// What spnn-measure-activations counts and writes, and which sample inputs it refuses.
// RUN: rm -rf %t && split-file %s %t && cd %t
// RUN: %python write.py
// RUN: sparse-opt products.mlir --spnn-measure-activations=inputs=x.npy 2>remarks.txt | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK --input-file=remarks.txt

// A product in either orientation, one of linalg with weights that are transposed first, and behind a ReLU.
// CHECK-LABEL: func @main
// CHECK: spnn.matmul {{.*}}spnn.activation_density = 5.000000e-01 : f64
// CHECK: linalg.matmul {spnn.activation_density = 2.500000e-01 : f64}
// A product in a region, run twice.
// CHECK: spnn.matmul {{.*}}spnn.activation_density = 2.500000e-01 : f64
// In a function that is called.
// CHECK-LABEL: func private @callee
// CHECK: spnn.matmul {{.*}}spnn.activation_density = 2.500000e-01 : f64
// Never run, and without constant weights.
// CHECK-LABEL: func private @idle
// CHECK: spnn.matmul {{.*}}, {{.*}}{transpose_rhs} :
// CHECK-LABEL: func private @square
// CHECK: spnn.matmul %{{[^{]*$}}

// REMARK: products.mlir:{{.*}}: remark: 50 % of the activations are not zero, over 1 sample
// REMARK: remark: 25 % of the activations are not zero, over 1 sample
// REMARK: remark: 25 % of the activations are not zero, over 1 sample
// REMARK: remark: 25 % of the activations are not zero, over 1 sample
// REMARK: remark: no activations were seen

// Samples along a leading axis, as several batches, and only so many of them; NaN is no zero.
// RUN: sparse-opt one.mlir --spnn-measure-activations=inputs=samples.npy 2>&1 | FileCheck %s --check-prefix=THREE
// THREE: remark: 33.3 % of the activations are not zero, over 3 samples
// THREE: spnn.activation_density = 3.330000e-01 : f64
// RUN: sparse-opt one.mlir --spnn-measure-activations=inputs=batches.npy 2>&1 | FileCheck %s --check-prefix=THREE
// RUN: sparse-opt one.mlir "--spnn-measure-activations=inputs=batches.npy samples=1" 2>&1 | FileCheck %s --check-prefix=FIRST
// FIRST: remark: 100 % of the activations are not zero, over 1 sample
// RUN: sparse-opt one.mlir --spnn-measure-activations=inputs=nan.npy 2>&1 | FileCheck %s --check-prefix=FIRST

// An archive's arrays have the names of the arguments; one sample serves all of the other input.
// RUN: sparse-opt two.mlir --spnn-measure-activations=inputs=named.npz 2>&1 | FileCheck %s --check-prefix=NAMED
// RUN: sparse-opt two.mlir --spnn-measure-activations=inputs=a.npy,batches.npy 2>&1 | FileCheck %s --check-prefix=NAMED
// NAMED: remark: 50 % of the activations are not zero, over 3 samples
// NAMED: remark: 33.3 % of the activations are not zero, over 3 samples

// No product, nothing to measure.
// RUN: echo 'module {}' | sparse-opt --spnn-measure-activations | FileCheck %s --check-prefix=NONE
// NONE: module {

// DEFINE: %{fails} = %python %S/../Tools/check_error.py %t
// RUN: %{fails} "option 'inputs' is missing: name the files of sample inputs" -- sparse-opt one.mlir --spnn-measure-activations
// RUN: %{fails} "missing.npy" -- sparse-opt one.mlir --spnn-measure-activations=inputs=missing.npy
// RUN: %{fails} "write.py" -- sparse-opt one.mlir --spnn-measure-activations=inputs=write.py
// RUN: %{fails} "option 'samples' must not be negative, got -1" -- sparse-opt one.mlir "--spnn-measure-activations=inputs=x.npy samples=-1"
// RUN: %{fails} "function 'main' has 2 inputs, and 1 files of samples were named" -- sparse-opt two.mlir --spnn-measure-activations=inputs=x.npy
// RUN: %{fails} "'other.npz' holds an array 'c', and function 'main' has no input of that name" -- sparse-opt two.mlir --spnn-measure-activations=inputs=other.npz
// RUN: %{fails} "'half.npz' holds no array for input 'b'" -- sparse-opt two.mlir --spnn-measure-activations=inputs=half.npz
// RUN: %{fails} "input 'in0' has type tensor<1x2xf32>, and the array in 'x.npy' has shape 1x4" -- sparse-opt one.mlir --spnn-measure-activations=inputs=x.npy
// RUN: %{fails} "input 'in0' has type tensor<1x2xf32>, and the array in 'double.npy' holds float64 instead of float32" -- sparse-opt one.mlir --spnn-measure-activations=inputs=double.npy
// RUN: %{fails} "the array for input 'in0' in 'empty.npy' holds no samples" -- sparse-opt one.mlir --spnn-measure-activations=inputs=empty.npy
// RUN: %{fails} "the array for input 'b' in 'batches.npy' holds 3 samples, another input has 2" -- sparse-opt two.mlir --spnn-measure-activations=inputs=twice.npy,batches.npy
// RUN: %{fails} "there is no public function 'other' with a body to run" -- sparse-opt one.mlir "--spnn-measure-activations=inputs=x.npy function=other"
// RUN: %{fails} "there is no public function 'main' with a body to run" -- sparse-opt several.mlir --spnn-measure-activations=inputs=x.npy
// RUN: %{fails} "which no NumPy array has" -- sparse-opt bf16.mlir --spnn-measure-activations=inputs=x.npy
// RUN: %{fails} "is not an op that the reference evaluator knows" -- sparse-opt unknown.mlir --allow-unregistered-dialect --spnn-measure-activations=inputs=batches.npy

//--- products.mlir
func.func @main(%x: tensor<1x4xf32>) -> (tensor<1x2xf32>, tensor<1x2xf32>) {
  %w = arith.constant dense<1.0> : tensor<2x4xf32>
  %zero = arith.constant 0.0 : f32
  %0 = spnn.matmul %x, %w activation(none) {transpose_rhs} : (tensor<1x4xf32>, tensor<2x4xf32>) -> tensor<1x2xf32>
  %e = tensor.empty() : tensor<4x2xf32>
  %t = linalg.transpose ins(%w : tensor<2x4xf32>) outs(%e : tensor<4x2xf32>) permutation = [1, 0]
  %i = tensor.empty() : tensor<1x4xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<1x4xf32>) outs(%i : tensor<1x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %m = arith.maximumf %in, %zero : f32
    linalg.yield %m : f32
  } -> tensor<1x4xf32>
  %o = tensor.empty() : tensor<1x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%o : tensor<1x2xf32>) -> tensor<1x2xf32>
  %1 = linalg.matmul ins(%r, %t : tensor<1x4xf32>, tensor<4x2xf32>) outs(%f : tensor<1x2xf32>) -> tensor<1x2xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %2 = scf.for %k = %c0 to %c2 step %c1 iter_args(%s = %1) -> (tensor<1x2xf32>) {
    %3 = spnn.matmul %r, %w {transpose_rhs} : (tensor<1x4xf32>, tensor<2x4xf32>) -> tensor<1x2xf32>
    scf.yield %3 : tensor<1x2xf32>
  }
  %4 = func.call @callee(%r) : (tensor<1x4xf32>) -> tensor<1x2xf32>
  return %0, %4 : tensor<1x2xf32>, tensor<1x2xf32>
}
func.func private @callee(%x: tensor<1x4xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<1.0> : tensor<2x4xf32>
  %0 = spnn.matmul %x, %w {spnn.activation_density = 1.0 : f64, transpose_rhs} : (tensor<1x4xf32>, tensor<2x4xf32>) -> tensor<1x2xf32>
  return %0 : tensor<1x2xf32>
}
func.func private @idle(%x: tensor<1x4xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<1.0> : tensor<2x4xf32>
  %0 = spnn.matmul %x, %w {transpose_rhs} : (tensor<1x4xf32>, tensor<2x4xf32>) -> tensor<1x2xf32>
  return %0 : tensor<1x2xf32>
}
func.func private @square(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %0 = spnn.matmul %x, %x : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

//--- one.mlir
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<1.0> : tensor<2x2xf32>
  %0 = spnn.matmul %x, %w : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  return %0 : tensor<1x2xf32>
}

//--- two.mlir
func.func @main(%a: tensor<1x4xf32> {spnn.name = "a"}, %b: tensor<1x2xf32> {spnn.name = "b"}) -> (tensor<1x2xf32>, tensor<1x2xf32>) {
  %v = arith.constant dense<1.0> : tensor<4x2xf32>
  %w = arith.constant dense<1.0> : tensor<2x2xf32>
  %0 = spnn.matmul %a, %v : (tensor<1x4xf32>, tensor<4x2xf32>) -> tensor<1x2xf32>
  %1 = spnn.matmul %b, %w : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  return %0, %1 : tensor<1x2xf32>, tensor<1x2xf32>
}

//--- several.mlir
func.func @f(%x: tensor<1x4xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<1.0> : tensor<4x2xf32>
  %0 = spnn.matmul %x, %w : (tensor<1x4xf32>, tensor<4x2xf32>) -> tensor<1x2xf32>
  return %0 : tensor<1x2xf32>
}
func.func @g(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  return %x : tensor<1x4xf32>
}

//--- bf16.mlir
func.func @main(%x: tensor<1x4xbf16>) -> tensor<1x2xbf16> {
  %w = arith.constant dense<1.0> : tensor<4x2xbf16>
  %0 = spnn.matmul %x, %w : (tensor<1x4xbf16>, tensor<4x2xbf16>) -> tensor<1x2xbf16>
  return %0 : tensor<1x2xbf16>
}

//--- unknown.mlir
func.func @main(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %w = arith.constant dense<1.0> : tensor<2x2xf32>
  %y = "other.op"(%x) : (tensor<1x2xf32>) -> tensor<1x2xf32>
  %0 = spnn.matmul %y, %w : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  return %0 : tensor<1x2xf32>
}

//--- write.py
import io
import math
import struct
import zipfile


def npy(shape, values, code="f"):
    header = "{'descr': '<f%d', 'fortran_order': False, 'shape': %r, }" % (struct.calcsize(code), tuple(shape))
    header += " " * (63 - (len(header) + 10) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack("<%d%s" % (len(values), code), *values)


def write(name, *arguments):
    with open(name, "wb") as stream:
        stream.write(npy(*arguments))


def archive(name, **arrays):
    with zipfile.ZipFile(name, "w") as stream:
        for member, arguments in arrays.items():
            stream.writestr(member + ".npy", npy(*arguments))


# One of two nonzeros is negative, which a ReLU makes zero.
x = [1, 4], [0, 3, -2, 0]
three = [1, 2, 0, 0, 0, 0]
write("x.npy", *x)
write("samples.npy", [3, 1, 2], three)
write("batches.npy", [3, 2], three)
write("nan.npy", [1, 2], [math.nan, 1])
write("double.npy", [1, 2], [1, 2], "d")
write("empty.npy", [0, 2], [])
write("a.npy", *x)
write("twice.npy", [2, 4], [0] * 8)
archive("named.npz", b=([3, 2], three), a=x)
archive("other.npz", c=x, a=x)
archive("half.npz", a=x)
