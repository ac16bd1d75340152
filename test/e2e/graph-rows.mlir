// A graph that comes at run time has one row less than positions: so do results with a row for each of its rows, in the
// description, in the header and in memory.
// RUN: mkdir -p %t
// RUN: sparse-opt %s --spnn-cpu --emit=so -o %t/m.so
// RUN: sparse-run %t/m.so --describe | FileCheck %s --check-prefix=DESCRIBE
// RUN: FileCheck %s --check-prefix=HEADER < %t/m.h
// RUN: sparse-run %t/m.so --integers-below 1 --dim pos.0=6 --dim idx.0=0 | FileCheck %s --check-prefix=NUMBERS
// RUN: not sparse-run %t/m.so --integers-below 1 --dim pos.0=0 --dim idx.0=0 2>&1 | FileCheck %s --check-prefix=NONE

// DESCRIBE: output  degrees   f32[i0.0-1]
// DESCRIBE: output  received  f32[i0.0-1, 3]
// HEADER: degrees f32[pos_d0 - 1], received f32[pos_d0 - 1, 3] = main(pos i32[pos_d0], idx i32[idx_d0], x f32[2, 3])
// NUMBERS: output  degrees   f32[5] {{ *}}0 {{ *}}0 {{ *}}0
// NUMBERS: output  received  f32[5, 3] {{ *}}0 {{ *}}0 {{ *}}0
// NONE: error: output 'degrees' of function 'main' would have the shape [-1], whose size cannot be addressed
func.func @main(%pos: tensor<?xi32> {spnn.name = "pos"}, %idx: tensor<?xi32> {spnn.name = "idx"},
                %x: tensor<2x3xf32> {spnn.name = "x"})
    -> (tensor<?xf32> {spnn.name = "degrees"}, tensor<?x3xf32> {spnn.name = "received"}) {
  %a = spnn.assemble %pos, %idx : (tensor<?xi32>, tensor<?xi32>) -> tensor<?x2xi1, #spnn.adjacency>
  %d = spnn.degree %a : tensor<?x2xi1, #spnn.adjacency> -> tensor<?xf32>
  %y = spnn.aggregate sum %a, %x : (tensor<?x2xi1, #spnn.adjacency>, tensor<2x3xf32>) -> tensor<?x3xf32>
  return %d, %y : tensor<?xf32>, tensor<?x3xf32>
}
