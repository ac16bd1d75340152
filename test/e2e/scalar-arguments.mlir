// Scalar arguments of a function are tensors of rank 0 in the interface, for the evaluator and for compiled code alike.
// RUN: mkdir -p %t
// RUN: sparse-run %s --describe | FileCheck %s --check-prefix=DESCRIBE
// RUN: sparse-opt %s --spnn-cpu --emit=so -o %t/m.so
// RUN: sparse-run %t/m.so --describe | FileCheck %s --check-prefix=DESCRIBE
// RUN: sparse-run %t/m.so --integers-below 9 --seed 3 --dim x.0=11 --reference=%s | FileCheck %s --check-prefix=SAME

// DESCRIBE: input   factor  f32[]
// DESCRIBE: input   count   i64[]
// DESCRIBE: input   x       f32[?]
// DESCRIBE: output  out0    f32[i2.0]
// SAME: out0 good
func.func @main(%factor: f32 {spnn.name = "factor"}, %count: i64 {spnn.name = "count"},
                %x: tensor<?xf32> {spnn.name = "x"}) -> tensor<?xf32> {
  %n = arith.sitofp %count : i64 to f32
  %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
                       iterator_types = ["parallel"]} ins(%x : tensor<?xf32>) outs(%x : tensor<?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %1 = arith.mulf %in, %factor : f32
    %2 = arith.addf %1, %n : f32
    linalg.yield %2 : f32
  } -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
